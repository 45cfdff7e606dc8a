// How many more agents for a job the limits and the cluster allow, according to the models: the law of progress
// requires nothing if there is no room.

import type { AgentProfile } from "../../src/core/settings.ts";
import type { SimJob } from "../../src/sim/gocd/state.ts";
import { isServable } from "./scenario_jobs.ts";
import type { World } from "./world_state.ts";

/** The minimum over the profiles that serve the job: the program decides which one is used. */
export function slotsFor(world: World, job: SimJob): number {
  const environment = world.gocd.environmentOf(job.pipeline);
  const request = { ...job, job: job.name, ...(environment === undefined ? {} : { environment }) };
  const serving = world.settings.profiles.filter((profile) =>
    isServable({ ...world.settings, profiles: [profile] }, world.gocd.version, request)
  );
  return Math.min(...serving.map((profile) => Math.min(limitSlots(world, profile), hostSlots(world, profile))));
}

function limitSlots({ program, settings }: World, profile: AgentProfile): number {
  const living = [...program?.state.instances.values() ?? []].filter(({ state }) =>
    state !== "gone" && state !== "unreachable"
  );
  const own = living.filter((instance) => instance.profile === profile.name).length;
  const { cpuHoursPerDay, maxCpuShare } = settings.scaling;
  const isUsedUp = (program?.state.cpuUse?.record.cpuMs ?? 0) / 3_600_000 >= (cpuHoursPerDay ?? Infinity);
  // It depends on Mesos how much of the cluster it has shown.
  if (isUsedUp || maxCpuShare !== undefined) return 0;
  return Math.min(settings.scaling.maxAgents - living.length, (profile.maxAgents ?? Infinity) - own);
}

interface Use {
  cpusMilli: number;
  memMbMilli: number;
  diskMbMilli: number;
  own: number;
}

/** On healthy hosts, by unreserved resources; a host avoided because of failing launches does not count. */
function hostSlots(world: World, profile: AgentProfile): number {
  const { mesosAgents, tasks } = world.mesos.view();
  const needs = profile.mesosResources;
  let slots = 0;
  for (const host of mesosAgents) {
    const spec = world.scenario.hosts.find((each) => each.hostname === host.hostname);
    const isWell = host.standing === "registered" && host.link === "connected";
    if (spec === undefined || !isWell || isAvoided(world, host.hostname)) continue;
    const use = tasks.filter((task) => task.mesosAgentId === host.id).reduce<Use>((sum, { taskId }) => {
      const name = profileNameOf(world, taskId);
      const used = world.settings.profiles.find((each) => each.name === name)?.mesosResources;
      return {
        cpusMilli: sum.cpusMilli + (used?.cpusMilli ?? 0),
        memMbMilli: sum.memMbMilli + (used?.memMbMilli ?? 0),
        diskMbMilli: sum.diskMbMilli + (used?.diskMbMilli ?? 0),
        own: sum.own + (name === profile.name ? 1 : 0),
      };
    }, { cpusMilli: 0, memMbMilli: 0, diskMbMilli: 0, own: 0 });
    const left = [
      ((spec.resources.cpus ?? 0) * 1_000 - use.cpusMilli) / needs.cpusMilli,
      ((spec.resources.mem ?? 0) * 1_000 - use.memMbMilli) / needs.memMbMilli,
      needs.diskMbMilli === 0 ? Infinity : ((spec.resources.disk ?? 0) * 1_000 - use.diskMbMilli) / needs.diskMbMilli,
      (profile.maxPerHost ?? Infinity) - use.own,
    ];
    slots += Math.max(0, Math.floor(Math.min(...left)));
  }
  return slots;
}

function isAvoided(world: World, hostname: string): boolean {
  const avoid = world.program?.state.breakers.hosts.get(hostname)?.avoid;
  return avoid !== undefined && avoid.untilMs > world.nowMs + world.clockAheadMs;
}

function profileNameOf({ program }: World, taskId: string): string | undefined {
  return program?.state.instances.get(taskId)?.profile;
}

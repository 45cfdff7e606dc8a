// The laws of demand: no two launches for one job, no useless idle agent while a limit holds others back, no job
// reported as a zombie without reason. Checked against the observed feed and the GoCD model.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import type { SimJob } from "../../src/sim/gocd/state.ts";
import { gocdVersionNumber } from "../../src/sim/gocd/versions.ts";
import { isMakingRoom } from "./invariants_pace.ts";
import { fits } from "./invariants_launch.ts";
import { fitsNowhere } from "./invariants_shares.ts";
import { demand } from "./violation.ts";
import type { Program, World } from "./world_state.ts";

/** After each step: each launch for a job must have a job that no starting agent will take. */
export function checkDoubles(world: World, { state, effects }: Frame): void {
  const launched = new Set(
    effects.flatMap((effect) => effect.kind === "accept-offers" ? effect.launches.map(({ taskId }) => taskId) : []),
  );
  const isForJobs = ({ taskId, bucketKey }: AgentInstance): boolean =>
    launched.has(taskId) && bucketKey !== undefined && !/^(warm|hung|canary) /.test(bucketKey);
  const instances = [...state.instances.values()];
  const fresh = instances.filter(isForJobs);
  if (fresh.length === 0) return;
  const coming = instances.filter((each) => !launched.has(each.taskId) && willTake(each));
  const jobs = world.watch.feed?.jobs ?? [];
  const edges = (agent: AgentInstance): number[] =>
    jobs.flatMap((job, index) => fits(state.demand.backlog.resourceCase, agent, job) ? [index] : []);
  const before = matched(coming.map(edges));
  const after = matched([...coming, ...fresh].map(edges));
  demand(
    after - before === fresh.length,
    "double-launch",
    () =>
      `${fresh.map(({ taskId }) => taskId).join(" ")} launched for ${
        after - before
      } jobs: the others of ${jobs.length} ` +
      `have ${coming.map((each) => `${each.taskId} (${each.retire ?? each.state})`).join(" ")} on the way`,
  );
}

/**
 * Whether a starting instance will take a job. Not if it is held because it did not register in time; if it is removed
 * before it takes a job, because of Mesos, the operator, or a wrong registration; or if it was taken back and its
 * registration is unknown.
 */
function willTake(instance: AgentInstance): boolean {
  if (instance.state !== "launching" && instance.state !== "starting") return false;
  if (instance.held === true || instance.profileHash === "") return false;
  return instance.retire === undefined || instance.retire === "profile-changed";
}

/** The maximum matching of agents to jobs (Kuhn); by agent: the jobs that it can take. */
function matched(agents: readonly (readonly number[])[]): number {
  const holder = new Map<number, number>();
  const find = (agent: number, seen: Set<number>): boolean => {
    for (const job of agents[agent] ?? []) {
      if (seen.has(job)) continue;
      seen.add(job);
      const other = holder.get(job);
      if (other !== undefined && !find(other, seen)) continue;
      holder.set(job, agent);
      return true;
    }
    return false;
  };
  return agents.filter((_, agent) => find(agent, new Set())).length;
}

/**
 * After a step that has polled: an idle agent that no waiting job can use is removed immediately if others want its
 * slot.
 */
export function checkStarving(world: World, before: State, { state }: Frame): void {
  const idle = isHindered(world, state) || !isAnyHeld(before, state) ? undefined : idleOfNoUse(world, state);
  demand(
    idle === undefined,
    "starving",
    () => `${idle?.taskId} is idle and of no use, and is left so while scaling.max-agents holds others back`,
  );
}

/** Nothing is removed in maintenance mode, without a session, or while most agents are missing. */
function isHindered(world: World, state: State): boolean {
  const { failure } = world.disk;
  return failure !== undefined || state.session.kind !== "subscribed" || state.server.info?.maintenance === "on" ||
    state.controls.mode !== "run" || state.controls.frozen || holdsTakingDown(state);
}

/** Whether the limit on all agents holds back jobs that would fit on some host. */
function isAnyHeld(before: State, state: State): boolean {
  return state.demand.buckets.some(({ gate, needsAgent, wanted, profile }) =>
    gate.kind === "held-limit" && gate.profile === undefined && needsAgent > wanted &&
    !fitsNowhere(before, state, profile)
  );
}

/** An idle agent that no waiting job can use, while no agent is being removed. */
function idleOfNoUse(
  world: World,
  { instances, demand: { jobs, backlog: { resourceCase: rule } } }: State,
): AgentInstance | undefined {
  const all = [...instances.values()];
  // Agents being removed make room; and while a build of a dead agent may be hung, some agent must stay in contact
  // (hung_build.ts).
  if (all.some((each) => isMakingRoom(world, each) || each.mayHoldBuild === true)) return undefined;
  return all.find((each) =>
    each.state === "registered" && each.activity.kind === "idle" && each.retire === undefined &&
    // Its capability is still being determined (misregistered.ts).
    each.gap === undefined &&
    !jobs.some((job) => job.verdict !== "not-ours" && fits(rule, each, job))
  );
}

/** A zombie was passed over by at least this many newer jobs. */
const passedMin = 2;

/** At each tick: a zombie is a job that keeps waiting while agents take newer ones of its kind. */
export function checkZombies(world: World, { state }: Program): void {
  const zombies = new Set(
    state.demand.jobs.flatMap(({ reason, locator }) => reason.kind === "zombie" ? [locator] : []),
  );
  // Up to 16.9 the server does not report what an agent builds, and guesses are allowed.
  if (zombies.size === 0 || !tellsBuilds(world)) return;
  for (const job of world.gocd.jobs().filter(({ locator }) => zombies.has(locator))) {
    // A build whose assignment the server has dropped is assigned again: it overtakes the older ones each time. One
    // that was rescheduled between two polls gets a new id; the feed still shows its locator, as if nothing had
    // happened.
    const kind = kindOf(world, job);
    let count = 0;
    for (const other of world.gocd.tally.assigned.toReversed()) {
      if (other.id <= job.firstId || other.locator === job.locator || kindOf(world, other) !== kind) continue;
      if (++count === passedMin) break;
    }
    demand(
      count === passedMin,
      "zombie",
      () => `${job.locator} is called a zombie, but newer jobs of its kind were given to an agent ${count} times only`,
    );
  }
}

/** The needs of a job as shown by the feed: an elastic job looks like one without resources. */
function kindOf({ gocd }: World, { pipeline, gocdResources }: Pick<SimJob, "pipeline" | "gocdResources">): string {
  const environment = gocd.environmentOf(pipeline)?.toLowerCase() ?? "";
  return [environment, ...gocdResources.map((name) => name.toLowerCase()).sort()].join(",");
}

function tellsBuilds({ scenario }: World): boolean {
  const isHidden = scenario.faults.events.some(({ fault }) => fault.kind === "gocd-rights");
  return gocdVersionNumber(scenario.gocdVersion) >= gocdVersionNumber("16.10.0") && !isHidden;
}

// The laws of demand: no two launches for one job, no useless idle agent while a limit holds others back, no job called
// a zombie without reason. Judged by the feed as shown and by the GoCD model.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import type { SimJob } from "../../src/sim/gocd/state.ts";
import { gocdVersionNumber } from "../../src/sim/gocd/versions.ts";
import { fits } from "./invariants_launch.ts";
import { demand } from "./violation.ts";
import type { Program, World } from "./world_state.ts";

/** After each step: each launch for a job must find a job that no agent on its way will take. */
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
 * Whether an instance that is on its way takes a job when it comes. Not: one held back because it did not come in time;
 * one that goes before it takes anything, since Mesos or the operator want it gone, or since it registered amiss; one that
 * was taken back and of which nobody knows what it registers with.
 */
function willTake(instance: AgentInstance): boolean {
  if (instance.state !== "launching" && instance.state !== "starting") return false;
  if (instance.held === true || instance.profileHash === "") return false;
  return instance.retire === undefined || instance.retire === "profile-changed";
}

/** The most agents that find a job of their own (Kuhn); by agent: the jobs that it can take. */
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

/** After a step that has polled: an idle agent that no waiting job can use gives its place up at once, if others want it. */
export function checkStarving(world: World, { state }: Frame): void {
  const idle = isHindered(world, state) ? undefined : idleOfNoUse(state);
  demand(
    idle === undefined,
    "starving",
    () => `${idle?.taskId} is idle and of no use, and is left so while scaling.max-agents holds others back`,
  );
}

/** Nothing is taken down in maintenance mode, without a session, or while most agents are out of sight. */
function isHindered(world: World, state: State): boolean {
  const { failure } = world.disk;
  return failure !== undefined || state.session.kind !== "subscribed" || state.server.info?.maintenance === "on" ||
    state.controls.mode !== "run" || state.controls.frozen || holdsTakingDown(state);
}

/** An idle agent that no waiting job can use, where nobody gives a place up and the limit holds jobs back. */
function idleOfNoUse(
  { instances, demand: { jobs, backlog: { resourceCase: rule } } }: State,
): AgentInstance | undefined {
  const isHeld = jobs.some(({ reason }) => reason.kind === "held-limit" && reason.profile === undefined);
  if (!isHeld) return undefined;
  const all = [...instances.values()];
  // Those that go make room; and while a build of the dead may hang, some agent must stay in contact (hung_build.ts).
  if (all.some((each) => each.state === "draining" || each.state === "killing" || each.mayHoldBuild === true)) {
    return undefined;
  }
  return all.find((each) =>
    each.state === "registered" && each.activity.kind === "idle" && each.retire === undefined &&
    // What it can do is still being found out (misregistered.ts).
    each.gap === undefined &&
    !jobs.some((job) => job.verdict !== "not-ours" && fits(rule, each, job))
  );
}

/** At each tick: a zombie is a job that agents leave waiting while they take newer ones of its kind. */
export function checkZombies(world: World, { state }: Program): void {
  // Up to 16.9 the server does not tell what an agent builds, and guesses are allowed.
  if (!tellsBuilds(world)) return;
  const zombies = new Set(
    state.demand.jobs.flatMap(({ reason, locator }) => reason.kind === "zombie" ? [locator] : []),
  );
  if (zombies.size === 0) return;
  for (const job of world.gocd.jobs().filter(({ locator }) => zombies.has(locator))) {
    // A build whose assignment the server has dropped is given again: it passes the older ones over each time. One that it
    // has put back between two polls gets a new number; the feed goes on showing its locator, as if nothing had been.
    const count = world.gocd.tally.assigned.filter((other) =>
      other.id > job.firstId && other.locator !== job.locator && kindOf(world, other) === kindOf(world, job)
    ).length;
    demand(
      count >= 2,
      "zombie",
      () =>
        `${job.locator} is called a zombie, but newer jobs of its kind were given to an agent ${count} times only`,
    );
  }
}

/** What a job asks for, as the feed shows it: an elastic job like one without resources. */
function kindOf({ gocd }: World, { pipeline, gocdResources }: Pick<SimJob, "pipeline" | "gocdResources">): string {
  const environment = gocd.environmentOf(pipeline)?.toLowerCase() ?? "";
  return [environment, ...gocdResources.map((name) => name.toLowerCase()).sort()].join(",");
}

function tellsBuilds({ scenario }: World): boolean {
  const isHidden = scenario.faults.events.some(({ fault }) => fault.kind === "gocd-rights");
  return gocdVersionNumber(scenario.gocdVersion) >= gocdVersionNumber("16.10.0") && !isHidden;
}

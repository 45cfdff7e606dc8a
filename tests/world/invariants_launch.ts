// The laws of launches: only for demand that was seen often enough, at the rate that the server and failing profiles
// allow, and never based on unknown data.

import { keyWithoutGroup } from "../../src/core/demand/pipeline_groups.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { ResourceCase } from "../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

/** The memory of these laws. */
export interface LaunchWatch {
  /** Times of launches known to the program: of this run, and of earlier ones with the same clock. */
  readonly launchedMs: Map<string, number>;
  /**
   * By key of a bucket, without its group: when an agent that was launched for it was last lost, failed or removed, so
   * that its jobs do not have to wait again, whichever profile serves them now.
   */
  readonly lostMs: Map<string, number>;
  /** By task id: foreign agents that no list had shown in the run that launched it. */
  readonly unseen: Map<string, ReadonlySet<string>>;
}

/**
 * At the start of a run of the program; durable memory is kept from the previous run. `stored`: the stored instances.
 */
export function newLaunchWatch(before?: LaunchWatch, stored: ReadonlySet<string> = new Set()): LaunchWatch {
  const launchedMs = new Map([...before?.launchedMs ?? []].filter(([taskId]) => stored.has(taskId)));
  return { launchedMs, lostMs: before?.lostMs ?? new Map(), unseen: before?.unseen ?? new Map() };
}

/** After this many consecutive failures, agents of a profile are launched one at a time. */
const probeFailures = 3;
/** How long agents have to reconnect to a restarted server. */
const restartMs = 120_000;
/** After the loss of an agent, launches for its jobs do not wait for polls, as long as the bucket has demand. */
const lossMs = 30 * 60_000;
/** Maximum number of remembered failures of one profile. */
const windowMax = 200;
/** Expiry is detected at the next tick. */
const tickMs = 3_000;
/** The launch rate for a server with slow registrations is counted per minute. */
const minuteMs = 60_000;

/** Before ACCEPT is sent. */
export function checkLaunches(
  world: World,
  { state }: Frame,
  effect: Effect & { readonly kind: "accept-offers" },
): void {
  const { nowMs, watch: { shown, launches } } = world;
  const { poller, scaling } = state.settings;
  const last = shown.polls.at(-1);
  const silentMs = nowMs - (last?.atMs ?? -Infinity);
  demand(silentMs <= poller.staleAfterMs + tickMs, "launch", () => `a launch ${silentMs} ms after the last good poll`);
  demand(last?.isMaintenance !== true, "launch", () => "a launch although GoCD is in maintenance mode");
  const missingMs = nowMs - (shown.restartedMs ?? nowMs - restartMs);
  demand(missingMs >= restartMs, "launch", () => `a launch ${missingMs} ms after the GoCD server was seen restarted`);
  const { ourUuids, servers } = world.watch;
  const others = world.gocd.agents().filter(({ uuid }) => !ourUuids.has(uuid)).map(({ uuid }) => uuid);
  const unseen = new Set(others.filter((uuid) => !servers.everShown.has(uuid)));
  for (const { taskId, profile } of effect.launches) {
    launches.launchedMs.set(taskId, nowMs);
    launches.unseen.set(taskId, unseen);
    const recent = [...launches.launchedMs.values()].filter((launchedMs) => nowMs - launchedMs < minuteMs).length;
    demand(
      state.server.info?.slowRegistration !== true || recent <= scaling.slowServerLaunchesPerMinute,
      "launch",
      () => `${recent} launches in a minute on a server that is slow to register agents`,
    );
    const instance = state.instances.get(taskId);
    if (!isCanary(instance)) checkProbe(state, profile.name);
    if (instance !== undefined) checkSeenOften(world, state, instance);
  }
}

/** After a poll, which recomputes the plan: only its own failures hold a profile back, and counts are bounded. */
export function checkBreakers({ breakers, demand: { buckets }, failureWindow, lastStepMs }: Frame["state"]): void {
  for (const { profile = "", gate } of buckets) {
    if (gate.kind !== "held-breaker" && gate.kind !== "held-probe") continue;
    const failures = breakers.profiles.get(profile)?.failures ?? 0;
    demand(failures > 0, "breaker", () => `${profile} is held by ${gate.kind}, but has not failed`);
  }
  for (const [profile, failures] of failureWindow) {
    demand(failures.length <= windowMax, "breaker", () => `${failures.length} failures of ${profile} are remembered`);
    const late = failures.find(({ atMs }) => atMs > lastStepMs);
    demand(late === undefined, "breaker", () => `a failure of ${profile} is counted in the future`);
  }
}

/** Launched because the operator asked for one. */
function isCanary(instance: AgentInstance | undefined): boolean {
  return instance?.bucketKey?.startsWith("canary ") === true;
}

/** While a profile is failing, its agents are launched one at a time, in addition to canaries of the operator. */
function checkProbe({ breakers, instances }: Frame["state"], profile: string): void {
  if ((breakers.profiles.get(profile)?.failures ?? 0) < probeFailures) return;
  const trying = [...instances.values()].filter((each) =>
    each.profile === profile && (each.state === "launching" || each.state === "starting") && each.held !== true &&
    !isCanary(each)
  );
  demand(
    trying.length <= 1,
    "launch",
    () => `${trying.length} agents of the failing profile ${profile} are tried at once`,
  );
}

/** `poller.attempts`: a job that it can take has waited in more consecutive successful polls than that. */
function checkSeenOften(world: World, state: Frame["state"], instance: AgentInstance): void {
  const { attempts } = state.settings.poller;
  const { polls } = world.watch.shown;
  const { bucketKey, taskId } = instance;
  if (bucketKey === undefined || /^(warm|hung|canary) /.test(bucketKey)) return;
  const recent = polls.slice(-(attempts + 1));
  const firstMs = recent[0]?.atMs ?? world.nowMs;
  const lostMs = world.watch.launches.lostMs.get(keyWithoutGroup(bucketKey)) ?? -Infinity;
  if (lostMs >= Math.min(firstMs, world.nowMs - lossMs)) return;
  const waited = recent.filter(({ jobs, rule }) => jobs.some((job) => fits(rule, instance, job))).length;
  demand(
    waited > attempts,
    "launch",
    () => `${taskId} is launched for jobs that waited in ${waited} polls in a row, poller.attempts is ${attempts}`,
  );
}

/** GoCD's own rule, reimplemented; `rule` is how its resources are compared. */
export function fits(
  rule: ResourceCase,
  agent: { readonly gocdResources: readonly string[]; readonly environment?: string },
  job: { readonly gocdResources: readonly string[]; readonly environment?: string },
): boolean {
  const spell = (word: string): string => rule === "sensitive" ? word : word.toLowerCase();
  const has = new Set(agent.gocdResources.map(spell));
  const environment = (agent.environment ?? "").toLowerCase();
  return environment === (job.environment ?? "").toLowerCase() &&
    job.gocdResources.every((name) => has.has(spell(name)));
}

/** After each step: tracks lost agents, and checks that a wave of failures counts once. */
export function trackLaunches(world: World, before: Frame["state"], { state, records }: Frame): void {
  const { launchedMs } = world.watch.launches;
  for (const taskId of [...launchedMs.keys()]) {
    const instance = state.instances.get(taskId);
    // A task that Mesos has dropped before it ran never registers, and is soon removed.
    const isForgotten = instance === undefined && before.instances.get(taskId)?.state === "launching";
    if (isForgotten || instance?.state === "gone" && instance.cause === "dropped") launchedMs.delete(taskId);
  }
  const failed: AgentInstance[] = [];
  for (const record of records) {
    if (record.kind !== "instance") continue;
    const { instance } = record;
    if (instance.state === "launching" || instance.state === "starting" || instance.state === "registered") continue;
    if (before.instances.get(instance.taskId)?.state === instance.state) continue;
    const { bucketKey } = instance;
    if (bucketKey !== undefined) world.watch.launches.lostMs.set(keyWithoutGroup(bucketKey), world.nowMs);
    failed.push(instance);
  }
  for (const [profile, { failures }] of state.breakers.profiles) {
    const old = before.breakers.profiles.get(profile);
    if (old === undefined || old.failures === 0 || failures <= old.failures) continue;
    const isNewWave = failed.some((each) => each.profile === profile && each.createdMs > old.lastFailureMs);
    demand(isNewWave, "launch", () => `a second agent of one wave counts as failure ${failures} of ${profile}`);
  }
}

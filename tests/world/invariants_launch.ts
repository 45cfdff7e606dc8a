// The laws of launches: only for demand that was seen often enough, at the pace that the server and failing profiles
// allow, and never based on what cannot be known.

import type { Effect } from "../../src/core/effect.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { ResourceCase } from "../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import { demand } from "./violation.ts";
import type { World } from "./world_state.ts";

/** What the laws of launches remember. */
export interface LaunchWatch {
  /** Times of launches, as far as the program can know of them: of this run, and of those before with the same clock. */
  readonly launchedMs: Map<string, number>;
  /** By profile: when an agent of it was last lost, failed or taken away, so that its jobs need not wait again. */
  readonly lostMs: Map<string, number>;
  /** By task id: agents of others that no list had shown in the run that launched it. */
  readonly unseen: Map<string, ReadonlySet<string>>;
}

/** At the start of a run of the program; what is remembered longer is that of the run before. `stored`: still on record. */
export function newLaunchWatch(before?: LaunchWatch, stored: ReadonlySet<string> = new Set()): LaunchWatch {
  const launchedMs = new Map([...before?.launchedMs ?? []].filter(([taskId]) => stored.has(taskId)));
  return { launchedMs, lostMs: before?.lostMs ?? new Map(), unseen: before?.unseen ?? new Map() };
}

/** So many failures in a row, and one agent of a profile is tried at a time. */
const probeFailures = 3;
/** A server that has restarted is given so long to hear from its agents. */
const restartMs = 120_000;
/** After the loss of an agent its jobs are launched for without waiting for polls, as long as the bucket is in need. */
const lossMs = 30 * 60_000;
/** Failures of one profile that are remembered at most. */
const windowMax = 200;
/** What time alone takes away is noticed at the next tick. */
const tickMs = 3_000;
/** The rate of a server that is slow to register agents is counted by the minute. */
const minuteMs = 60_000;

/** Before ACCEPT leaves. */
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

/** After a poll, which makes the plan anew: only its own failures hold a profile back, and what is counted is bounded. */
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

/** While a profile fails, one agent of it is tried at a time, beside what the operator tries. */
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

/** `poller.attempts`: a job that it can take has waited in more good polls in a row than that. */
function checkSeenOften(world: World, state: Frame["state"], instance: AgentInstance): void {
  const { attempts } = state.settings.poller;
  const { polls } = world.watch.shown;
  const { bucketKey, taskId, profile } = instance;
  if (bucketKey === undefined || /^(warm|hung|canary) /.test(bucketKey)) return;
  const recent = polls.slice(-(attempts + 1));
  const firstMs = recent[0]?.atMs ?? world.nowMs;
  if ((world.watch.launches.lostMs.get(profile) ?? -Infinity) >= Math.min(firstMs, world.nowMs - lossMs)) return;
  const waited = recent.filter(({ jobs, rule }) => jobs.some((job) => fits(rule, instance, job))).length;
  demand(
    waited > attempts,
    "launch",
    () => `${taskId} is launched for jobs that waited in ${waited} polls in a row, poller.attempts is ${attempts}`,
  );
}

/** GoCD's own rule, said once more; `rule` is how its resources compare. */
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

/** After each step: whose agents were lost, and that a wave of failures counts once. */
export function trackLaunches(world: World, before: Frame["state"], { state, records }: Frame): void {
  const { launchedMs } = world.watch.launches;
  for (const taskId of [...launchedMs.keys()]) {
    const instance = state.instances.get(taskId);
    // What Mesos has dropped before it ran registers nowhere, and is forgotten soon.
    const isForgotten = instance === undefined && before.instances.get(taskId)?.state === "launching";
    if (isForgotten || instance?.state === "gone" && instance.cause === "dropped") launchedMs.delete(taskId);
  }
  const failed: AgentInstance[] = [];
  for (const record of records) {
    if (record.kind !== "instance") continue;
    const { instance } = record;
    if (instance.state === "launching" || instance.state === "starting" || instance.state === "registered") continue;
    if (before.instances.get(instance.taskId)?.state === instance.state) continue;
    world.watch.launches.lostMs.set(instance.profile, world.nowMs);
    failed.push(instance);
  }
  for (const [profile, { failures }] of state.breakers.profiles) {
    const old = before.breakers.profiles.get(profile);
    if (old === undefined || failures <= old.failures) continue;
    const isNewWave = failed.some((each) => each.profile === profile && each.createdMs > old.lastFailureMs);
    demand(isNewWave, "launch", () => `a second agent of one wave counts as failure ${failures} of ${profile}`);
  }
}

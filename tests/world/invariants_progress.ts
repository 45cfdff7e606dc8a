// The law of progress in mild weather: each waiting job with a profile and enough resources gets an agent within a
// bound, and each unneeded agent is removed within another. The bounds follow from the settings and the cost of faults.

import { holdsTakingDown } from "../../src/core/life/brake.ts";
import { gocdRules } from "../../src/sim/gocd/versions.ts";
import { costOfFault, costOfStrikes } from "./invariants_costs.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import { isPeak, keptOf } from "./invariants_fleet.ts";
import { fits } from "./invariants_launch.ts";
import { isServable } from "./scenario_jobs.ts";
import type { SimJob } from "../../src/sim/gocd/state.ts";
import { isNamelessName } from "./scenario_names.ts";
import { slotsFor } from "./progress_room.ts";
import type { WorldFault } from "./faults.ts";
import { demand } from "./violation.ts";
import { trace, type World } from "./world_state.ts";

/** A deadline that faults extend. */
export interface Clock {
  readonly sinceMs: number;
  /** The cost of faults at that time. */
  readonly costMs: number;
}

/** The deadline of a waiting job. */
interface JobClock extends Clock {
  /** The maximum number of jobs before it: launches for them come first, one by one on a slow server. */
  readonly rank?: number;
}

/** The memory of the law during a run. */
export interface Progress {
  /** The possible cost of all faults so far. */
  costMs: number;
  /** Faults whose effects may last: a new job may be affected. */
  lasting: readonly { readonly untilMs: number; readonly costMs: number }[];
  /** By kind: number of random Mesos faults that are accounted for. */
  readonly strikes: Map<string, number>;
  /** By id of the job. */
  readonly waiting: Map<number, JobClock>;
  /** By task id: unneeded agents. */
  readonly surplus: Map<string, Clock>;
  /** When it was last checked. */
  lookedMs: number;
}

/** The initial memory. */
export function newProgress(): Progress {
  return { costMs: 0, lasting: [], strikes: new Map(), waiting: new Map(), surplus: new Map(), lookedMs: -Infinity };
}

/** Interval of checks of the law. */
const lookMs = 5_000;
/** Time of an agent in the model from its launch to its first work request: pull, start, boot (world_containers.ts). */
const startMs = 3_300 + 40_000;
/**
 * Time from its first work request to a job: it asks every 10 s, the server reads its list every 5 s
 * (sim/gocd/processes.ts).
 */
const assignMs = 16_000;
/** REVIVE interval, an allocation, the filter of a declined offer, a tick. */
const offerMs = 5_000 + 1_000 + 5_000 + 2_000;
/** Interval at which the core reads the agents while they change, plus a tick. */
const readMs = 12_000;
/** The pause for a fast server, a multiple of its response time: two requests, both ways. */
const restFactor = 9;
/** For rounding, and for turns of the loop. */
const marginMs = 20_000;

/** A fault occurs: the deadlines are extended by its possible cost. */
export function chargeFault(world: World, fault: WorldFault): void {
  charge(world, costOfFault(world, fault));
}

/** Extends all deadlines. */
export function charge({ watch: { progress }, nowMs }: World, costMs: number): void {
  if (costMs <= 0) return;
  progress.costMs += costMs;
  progress.lasting = [...progress.lasting.filter(({ untilMs }) => untilMs > nowMs), {
    untilMs: nowMs + costMs,
    costMs,
  }];
}

/** A deadline that starts now. */
function startClock({ watch: { progress }, nowMs }: World): Clock {
  const lastingMs = progress.lasting.reduce((sum, { untilMs, costMs }) => sum + (untilMs > nowMs ? costMs : 0), 0);
  return { sinceMs: nowMs, costMs: progress.costMs - lastingMs };
}

/** After this long without faults a stormy day is a calm one. */
const settledMs = 20 * 60_000;

/** At each tick of a calm or mild run, and of a stormy one when its faults have been over for long. */
export function checkProgress(world: World): void {
  const { watch: { progress }, scenario: { weather, names }, nowMs } = world;
  const isStormy = weather === "stormy" && nowMs < world.watch.healedMs + settledMs;
  if (isStormy || isNamelessName(names)) return;
  charge(world, costOfStrikes(world, progress.strikes));
  // While nothing can be done, deadlines are suspended.
  const isHindered = world.program === undefined || world.watch.pace.sessionMs === undefined ||
    world.weather.outage !== undefined || nowMs < world.weather.gocdStartsUntilMs ||
    holdsTakingDown(world.program.state);
  if (isHindered) charge(world, Math.max(0, nowMs - Math.max(progress.lookedMs, world.watch.startedMs)));
  if (isHindered || nowMs - progress.lookedMs >= lookMs) {
    progress.lookedMs = nowMs;
    if (!isHindered) look(world);
  }
}

function look(world: World): void {
  world.gocd.advance(world.nowMs);
  const jobs = world.gocd.jobs();
  const waiting = jobs.filter((job) => job.state === "Scheduled");
  // A build with stale materials is repeatedly assigned and dropped: matching agents get no other job in the meantime.
  if (!world.scenario.jobs.some(({ request }) => request.obstacle === "stale-materials")) checkJobs(world, waiting);
  checkSurplus(world, waiting);
}

function over(world: World, clock: Clock): number {
  return world.nowMs - clock.sinceMs - (world.watch.progress.costMs - clock.costMs);
}

function checkJobs(world: World, waiting: readonly SimJob[]): void {
  const { progress } = world.watch;
  const now = startClock(world);
  const servable = waiting.filter((job) => isOurs(world, job));
  const ids = new Set(servable.map(({ id }) => id));
  for (const id of [...progress.waiting.keys()]) {
    if (!ids.has(id)) overtaken(world, id);
  }
  // A job that the server never assigns, or assigns to foreign agents, is still tried occasionally, and takes its turn.
  const unservableCount = waiting.length - servable.length;
  servable.forEach((job, index) => {
    const rank = index + unservableCount;
    const known: JobClock = progress.waiting.get(job.id) ?? now;
    const clock = { ...known, rank: Math.max(known.rank ?? 0, rank) };
    progress.waiting.set(job.id, clock);
    const boundMs = jobBoundMs(world, clock.rank);
    // Free resources are not checked for a job that has not waited long.
    if (over(world, clock) <= boundMs / 2) return;
    if (slotsFor(world, job) <= rank) return void progress.waiting.set(job.id, now);
    demand(
      over(world, clock) <= boundMs,
      "progress",
      () =>
        `${job.locator} waits for ${world.nowMs - clock.sinceMs} ms although there is room, bound ${boundMs} ms and ` +
        `${world.watch.progress.costMs - clock.costMs} ms for faults; ${verdictOf(world, job)}`,
    );
  });
}

function verdictOf({ program }: World, { locator }: SimJob): string {
  const judged = program?.state.demand.jobs.find((each) => each.locator === decodeURIComponent(locator));
  return `verdict: ${judged?.verdict ?? "none"} (${JSON.stringify(judged?.reason)})`;
}

/** A job has left the queue: if an agent took it that could have taken others, these wait for the next one. */
function overtaken(world: World, id: number): void {
  const { progress } = world.watch;
  progress.waiting.delete(id);
  const uuid = world.gocd.jobs().find((job) => job.id === id)?.gocdAgentUuid;
  const taker = world.gocd.agents().find((record) => record.uuid === uuid);
  if (taker === undefined) return;
  for (const job of world.gocd.jobs()) {
    if (!progress.waiting.has(job.id)) continue;
    const environment = world.gocd.environmentOf(job.pipeline);
    const isForIt = environment === undefined
      ? taker.environments.length === 0
      : taker.environments.some((name) => name.toLowerCase() === environment.toLowerCase());
    if (
      isForIt &&
      fits(gocdRules(world.gocd.version).resourceCase, { gocdResources: taker.gocdResources }, {
        gocdResources: job.gocdResources,
      })
    ) {
      progress.waiting.set(job.id, startClock(world));
    }
  }
}

/** A job that our kind of agents may take, and that a current profile serves. */
export function isOurs(world: World, job: SimJob): boolean {
  if (job.obstacle !== undefined || job.elasticProfile !== undefined || job.pinnedUuid !== undefined) return false;
  if (job.pipeline === "ignored" || /-runOnAll-\d+$/.test(job.name)) return false;
  const environment = world.gocd.environmentOf(job.pipeline);
  const request = { ...job, job: job.name, ...(environment === undefined ? {} : { environment }) };
  return isServable(world.settings, world.gocd.version, request);
}

/**
 * Time from its scheduling to an agent that has it: first seen by a poll at the longest interval; seen in `attempts`
 * more polls; an offer; the container and its agent; if the key is wrong, a list that shows it as Pending; the agent's
 * work request. Launches per minute are limited on slow servers, and requests to GoCD are sent one by one.
 */
export function jobBoundMs(world: World, rank: number): number {
  const { poller, scaling } = world.settings;
  const { networkDelayMsMax } = world.scenario.faults;
  const restMs = restFactor * 4 * networkDelayMsMax;
  const firstMs = Math.max(poller.intervalMs, poller.maxIntervalMs) + restMs;
  const streakMs = poller.attempts * (poller.intervalMs + restMs);
  const enableMs = 2 * (readMs + restMs) + 2 * networkDelayMsMax;
  const isSlow = world.program?.state.server.info?.slowRegistration === true;
  const perMinute = Math.min(
    isSlow ? scaling.slowServerLaunchesPerMinute : Infinity,
    scaling.launchesPerMinute ?? Infinity,
  );
  // A launch is possible again at the first tick after a minute.
  const rateMs = perMinute === Infinity ? 0 : Math.ceil((rank + 1) / perMinute) * (60_000 + world.scenario.tickMs);
  return firstMs + streakMs + offerMs + startMs + enableMs + assignMs + queueingMs(world) + marginMs + rateMs;
}

/** Requests to GoCD are sequential: enabling, disabling, deleting each of our agents. */
function queueingMs({ watch, scenario }: World): number {
  return (watch.containers.size + 2) * 4 * scenario.faults.networkDelayMsMax;
}

/** Time from the last use to the end of the container: idle-timeout, a poll, the reads of the drain, KILL. */
export function surplusBoundMs(world: World, profileName: string): number {
  const { poller, profiles, scaling } = world.settings;
  const { networkDelayMsMax } = world.scenario.faults;
  const profile = profiles.find(({ name }) => name === profileName);
  const restMs = restFactor * 4 * networkDelayMsMax;
  const looksMs = scaling.drainConfirmMs + 4 * (readMs + restMs);
  const idleMs = Math.max(
    profile?.idleTimeoutMs ?? 0,
    ...(profile?.schedules ?? []).map((each) => each.idleTimeoutMs ?? 0),
  );
  return idleMs + 2 * (poller.intervalMs + restMs) + looksMs +
    (profile?.container.killGraceMs ?? 0) + queueingMs(world) + marginMs;
}

function checkSurplus(world: World, waiting: readonly SimJob[]): void {
  const { watch, program, gocd } = world;
  if (program === undefined) return;
  const { progress } = watch;
  const now = startClock(world);
  const working = new Set(gocd.processes().flatMap((process) => process.building === undefined ? [] : [process.uuid]));
  const needed = new Set<string>();
  const idleOf = new Map<string, string[]>();
  const records = new Map(gocd.agents().map((record) => [watch.ourUuids.get(record.uuid) ?? "", record]));
  for (const taskId of watch.containers.keys()) {
    const record = records.get(taskId);
    const instance = program.state.instances.get(taskId);
    if (record === undefined || instance === undefined) continue;
    // As long as its machine is away, nobody can stop it.
    if (instance.state === "unreachable" && isAway(world, instance)) {
      needed.add(taskId);
      continue;
    }
    if (
      working.has(record.uuid) || record.configState === "Pending" || waiting.some((job) => mayTake(world, record, job))
    ) {
      needed.add(taskId);
    } else {
      idleOf.set(instance.profile, [...idleOf.get(instance.profile) ?? [], taskId]);
    }
  }
  const isHung = [...program.state.instances.values()].some((each) => each.mayHoldBuild === true);
  for (const taskIds of idleOf.values()) {
    for (const taskId of taskIds) {
      if (isHung || isKept(world, program.state, taskId, taskIds)) needed.add(taskId);
    }
  }
  for (const taskId of [...progress.surplus.keys()]) {
    if (needed.has(taskId) || !watch.containers.has(taskId)) progress.surplus.delete(taskId);
  }
  for (const [name, taskIds] of idleOf) {
    for (const taskId of taskIds) {
      if (needed.has(taskId)) continue;
      const phase = watch.pace.phases.get(taskId);
      const known = progress.surplus.get(taskId);
      // If it was enabled again for a job that another agent took, it starts being idle again. Idleness observed by an
      // earlier run of the program does not count (decision 42).
      const isAnew = known === undefined || watch.shown.startedMs > known.sinceMs ||
        phase?.state === "registered" && phase.sinceMs > known.sinceMs;
      const clock = isAnew ? now : known;
      progress.surplus.set(taskId, clock);
      const boundMs = surplusBoundMs(world, name);
      demand(
        over(world, clock) <= boundMs,
        "surplus",
        () =>
          `${taskId} is needed by nothing for ${
            world.nowMs - clock.sinceMs
          } ms and still there, bound ${boundMs} ms and ` +
          `${progress.costMs - clock.costMs} ms for faults; it is ${program.state.instances.get(taskId)?.state}`,
      );
    }
  }
}

/** Whether the machine of an instance is unreachable for Mesos. */
function isAway({ mesos }: World, { mesosAgentId }: AgentInstance): boolean {
  return mesos.view().mesosAgents.some(({ id, standing }) => id === mesosAgentId && standing === "unreachable");
}

/** Whether `min-idle`, `headroom` or `keep-peak-for` may keep an idle agent; `idle`: all of its profile. */
function isKept(
  world: World,
  { instances, settings, windows }: State,
  taskId: string,
  idle: readonly string[],
): boolean {
  const instance = instances.get(taskId);
  if (instance === undefined) return false;
  const folded = ({ environment }: AgentInstance): string => (environment ?? "").toLowerCase();
  const here = idle.filter((id) => {
    const other = instances.get(id);
    return other !== undefined && folded(other) === folded(instance);
  });
  const { inAll, inEnvironment } = keptOf({ instances, settings, windows }, instance);
  return idle.length <= inAll || here.length <= inEnvironment ||
    isPeak(world, { settings, instances }, instance.profile);
}

function mayTake(world: World, record: ReturnType<World["gocd"]["agents"]>[number], job: SimJob): boolean {
  const environment = world.gocd.environmentOf(job.pipeline)?.toLowerCase();
  const own = record.environments.map((name) => name.toLowerCase());
  const isForIt = environment === undefined ? own.length === 0 : own.includes(environment);
  return isForIt && fits(gocdRules(world.gocd.version).resourceCase, { gocdResources: record.gocdResources }, {
    gocdResources: job.gocdResources,
  });
}

/** The settings have changed: plans are recomputed. */
export function startClocksAnew(world: World): void {
  trace(world, () => "law     all clocks of progress start anew");
  world.watch.progress.waiting.clear();
  world.watch.progress.surplus.clear();
}

// Derives durations and amounts of a step of the core for the metrics: a pure comparison of the states before and
// after, so that the core is independent of metrics.

import type { Effect } from "../core/effect.ts";
import type { Event } from "../core/event.ts";
import type { AgentInstance } from "../core/instance.ts";
import type { State } from "../core/state.ts";
import { type LifeKind, lifeKindOf } from "../core/view/history.ts";
import type { DurationName, MeasureLabels, TotalName } from "../core/view/picture.ts";

/** One step of the core. */
export interface Step {
  readonly before: State;
  readonly after: State;
  readonly event: Event;
  readonly effects: readonly Effect[];
  /** When the event was handled, ms. */
  readonly atMs: number;
}

/** One measurement. */
export type Measure =
  | { readonly kind: "duration"; readonly name: DurationName; readonly labels: MeasureLabels; readonly ms: number }
  | { readonly kind: "total"; readonly name: TotalName; readonly labels: MeasureLabels; readonly by: number };

/** What is remembered between steps. */
export interface Remembered {
  /** Since when agents are wanted without interruption, by bucket and profile. */
  readonly wantedSinceMs: ReadonlyMap<string, number>;
  /** Since when each agent is idle without interruption, by task id. */
  readonly idleSinceMs: ReadonlyMap<string, number>;
  /** The last tick; absent: none. */
  readonly tickMs?: number;
}

/** The initial memory. */
export const nothingRemembered: Remembered = { wantedSinceMs: new Map(), idleSinceMs: new Map() };

/** The measurements of a step, and the memory for the next one. */
export function measureStep(
  remembered: Remembered,
  step: Step,
): { readonly remembered: Remembered; readonly measures: readonly Measure[] } {
  const changes = changesOf(step);
  return {
    remembered: remember(remembered, step, changes),
    measures: [
      ...changes.flatMap((change) => changeMeasures(change, remembered, step.atMs)),
      ...jobWaits(step),
      ...offerMeasures(step),
      ...agentSeconds(remembered, step),
    ],
  };
}

/** An instance that this step has changed; `before` absent: it is new, `after` absent: it was removed. */
interface Change {
  readonly before?: AgentInstance;
  readonly after?: AgentInstance;
}

function changesOf({ before, after }: Step): readonly Change[] {
  if (before.instances === after.instances) return [];
  const changes: Change[] = [];
  for (const [taskId, now] of after.instances) {
    const then = before.instances.get(taskId);
    if (then !== now) changes.push({ ...(then === undefined ? {} : { before: then }), after: now });
  }
  for (const [taskId, then] of before.instances) {
    if (!after.instances.has(taskId)) changes.push({ before: then });
  }
  return changes;
}

function remember(
  remembered: Remembered,
  { before, after, event, atMs }: Step,
  changes: readonly Change[],
): Remembered {
  const { wanted } = after.demand;
  const isSame = wanted === before.demand.wanted;
  const wantedSinceMs = isSame ? remembered.wantedSinceMs : new Map(
    wanted.filter(({ count }) => count > 0).map((each) => {
      const key = wantedKey(each.bucketKey, each.profile);
      return [key, remembered.wantedSinceMs.get(key) ?? atMs];
    }),
  );
  return {
    wantedSinceMs,
    idleSinceMs: changes.length === 0 ? remembered.idleSinceMs : idleAfter(remembered.idleSinceMs, changes),
    ...(event.kind === "tick"
      ? { tickMs: atMs }
      : remembered.tickMs === undefined
      ? {}
      : { tickMs: remembered.tickMs }),
  };
}

function wantedKey(bucketKey: string, profile: string): string {
  return `${profile} ${bucketKey}`;
}

function idleAfter(before: ReadonlyMap<string, number>, changes: readonly Change[]): ReadonlyMap<string, number> {
  const idleSinceMs = new Map(before);
  for (const { before: then, after: now } of changes) {
    const idle = now === undefined ? undefined : idleStart(now);
    if (now !== undefined && idle !== undefined) idleSinceMs.set(now.taskId, before.get(now.taskId) ?? idle);
    else idleSinceMs.delete((now ?? then)?.taskId ?? "");
  }
  return idleSinceMs;
}

/** Since when it is idle; `undefined`: it is not. A drain that waits for a second read is also idle. */
function idleStart(instance: AgentInstance): number | undefined {
  return instance.state === "registered" && instance.activity.kind === "idle" ? instance.activity.sinceMs : undefined;
}

function changeMeasures({ before, after }: Change, remembered: Remembered, atMs: number): readonly Measure[] {
  if (after === undefined) return [];
  const { profile, taskId, bucketKey } = after;
  const labels = { profile };
  const duration = (name: DurationName, sinceMs: number): Measure => ({
    kind: "duration",
    name,
    labels,
    ms: Math.max(0, atMs - sinceMs),
  });
  const measures: Measure[] = [];
  // One that was adopted or restored was not launched by this step.
  if (before === undefined && after.state === "launching" && bucketKey !== undefined) {
    measures.push(duration("accept-delay", remembered.wantedSinceMs.get(wantedKey(bucketKey, profile)) ?? atMs));
  }
  const runsSinceMs = runningSince(after);
  // The launch time of an instance that was found running is not known.
  const isLaunched = after.adopted !== true;
  if (isLaunched && before !== undefined && runsSinceMs !== undefined && isBeforeRunning(before)) {
    measures.push(duration("container-start", after.createdMs));
  }
  if (isLaunched && before !== undefined && after.state === "registered" && isWaiting(before)) {
    measures.push(duration("registration", runningSince(before) ?? before.sinceMs));
  }
  const idleSinceMs = remembered.idleSinceMs.get(taskId);
  if (idleSinceMs !== undefined && idleStart(after) === undefined) measures.push(duration("agent-idle", idleSinceMs));
  return [...measures, ...lostBuild(before, after)];
}

function isWaiting({ state }: AgentInstance): boolean {
  return state === "launching" || state === "starting";
}

function runningSince(instance: AgentInstance): number | undefined {
  return instance.state === "starting" ? instance.runningSinceMs : undefined;
}

function isBeforeRunning(instance: AgentInstance): boolean {
  return isWaiting(instance) && runningSince(instance) === undefined;
}

/** A build that ends with its agent; GoCD builds the job again. */
function lostBuild(before: AgentInstance | undefined, after: AgentInstance): readonly Measure[] {
  const held = before === undefined ? undefined : buildHolder(before);
  if (held === undefined || after.state !== "gone") return [];
  const cause = held === "drain-timeout" ? held : after.cause;
  if (cause !== "drain-timeout" && cause !== "lost" && cause !== "exited") return [];
  return [{ kind: "total", name: "builds-lost", labels: { profile: after.profile, cause }, by: 1 }];
}

/** Whether it is building, or is killed although it may be; `undefined`: neither. */
function buildHolder(instance: AgentInstance): "building" | "drain-timeout" | undefined {
  switch (instance.state) {
    case "registered":
      return instance.activity.kind === "building" ? "building" : undefined;
    case "draining":
      return instance.step.kind === "finishing" ? "building" : undefined;
    case "killing":
      return instance.cause === "drain-timeout" ? "drain-timeout" : undefined;
    case "unreachable":
      return instance.mayHoldBuild === true ? "building" : undefined;
    default:
      return undefined;
  }
}

/**
 * Waits of jobs that have left the feed and that some agent could have taken, counted from when they were first seen.
 */
function jobWaits({ before, after, event, atMs }: Step): readonly Measure[] {
  if (event.kind !== "gocd-polled") return [];
  const { seen, jobs } = before.demand;
  const profiles = new Map(jobs.map(({ locator, profile }) => [locator, profile]));
  const measures: Measure[] = [];
  for (const [locator, { firstSeenMs, bucketKey }] of seen) {
    if (bucketKey === "" || after.demand.seen.has(locator)) continue;
    const isUntaken = after.demand.untaken.byBucket.get(bucketKey)?.locators.includes(locator) === true;
    if (isUntaken) continue;
    const labels = { profile: profiles.get(locator) ?? "none" };
    measures.push({ kind: "duration", name: "job-wait", labels, ms: atMs - firstSeenMs });
  }
  return measures;
}

function offerMeasures({ before, after, event, effects }: Step): readonly Measure[] {
  if (event.kind !== "offers-received") return [];
  const total = (name: TotalName, labels: MeasureLabels, by: number): readonly Measure[] =>
    by === 0 ? [] : [{ kind: "total", name, labels, by }];
  const accepted = effects.reduce((sum, each) => sum + (each.kind === "accept-offers" ? each.offerIds.length : 0), 0);
  const declined = effects.reduce((sum, each) => sum + (each.kind === "decline-offers" ? each.offerIds.length : 0), 0);
  return [
    ...total("offers", { answer: "accepted", reason: "fits" }, accepted),
    ...total("offers", { answer: "declined", reason: declineReason(before, after, accepted) }, declined),
  ];
}

/**
 * Why offers were declined: based on what was wanted, and for the remaining demand on the nearest miss of the first
 * profile.
 */
function declineReason(before: State, after: State, accepted: number): string {
  const left = after.demand.wanted.find(({ count }) => count > 0);
  if (left === undefined) {
    return accepted > 0 || before.demand.wanted.some(({ count }) => count > 0) ? "enough" : "unwanted";
  }
  const found = after.offers.nearestMiss.get(left.profile);
  if (found === undefined) return "held";
  const { nearest, refused } = found.miss;
  if (nearest !== undefined) return "too-small";
  return refused?.refusal.kind ?? "other";
}

/** Longer gaps between ticks are not counted: the program did not run, or its machine did not. */
const gapMsMax = 60_000;

function agentSeconds({ tickMs }: Remembered, { before, event, atMs }: Step): readonly Measure[] {
  if (event.kind !== "tick" || tickMs === undefined || before.instances.size === 0) return [];
  const seconds = Math.min(Math.max(0, atMs - tickMs), gapMsMax) / 1_000;
  const counts = new Map<string, Map<string, number>>();
  for (const instance of before.instances.values()) {
    const kind = lifeKindOf(instance);
    if (kind === undefined) continue;
    const word = spentLabels[kind];
    const states = counts.get(instance.profile) ?? new Map<string, number>();
    states.set(word, (states.get(word) ?? 0) + 1);
    counts.set(instance.profile, states);
  }
  return [...counts].flatMap(([profile, states]) =>
    [...states].map(([state, count]): Measure => ({
      kind: "total",
      name: "agent-seconds",
      labels: { profile, state },
      by: count * seconds,
    }))
  );
}

/** The label of what agent time is spent on: the names that existed before the history counted it as well. */
const spentLabels: Readonly<Record<LifeKind, string>> = {
  busy: "building",
  idle: "idle",
  starting: "starting",
  draining: "draining",
  other: "unreachable",
};

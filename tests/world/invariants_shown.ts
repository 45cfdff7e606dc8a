// The program's requests and observations, in true time, so that laws about pace are independent of the core's memory.

import type { Event } from "../../src/core/event.ts";
import type { GocdAgent, ResourceCase, ScheduledJob } from "../../src/core/gocd_records.ts";

/** The aspects of a record in lists that determine what may be done with it. */
export type Picture =
  | `${"Enabled" | "Disabled"} ${"idle" | "busy" | "LostContact" | "Missing" | "other"}`
  | "Pending";

/** A record that has been the same in every list since some time. */
export interface Run {
  readonly picture: Picture;
  /** When the first such list arrived, with no different list since. */
  readonly sinceMs: number;
  /** The same, but restarted after each failed read; Infinity if no list has arrived since. */
  readonly settledMs: number;
  /** Since when its agent has been out of contact, LostContact or Missing; Infinity: it is not. */
  readonly awayMs: number;
  /** Since when it has been disabled and idle, without a failed read in between; Infinity: it is not. */
  readonly freeMs: number;
  /** Consecutive successful lists since a change of it was last requested. */
  lists: number;
}

/** A successful poll. */
export interface ShownPoll {
  readonly atMs: number;
  readonly jobs: readonly ScheduledJob[];
  /** How that server compares resources: an upgrade may change it. */
  readonly rule: ResourceCase;
  readonly isMaintenance: boolean;
}

/** All observations. Times are true times; kept across a restart of the program unless stated otherwise. */
export interface Shown {
  /** The last successful polls, newest last. */
  readonly polls: ShownPoll[];
  /** By uuid. */
  runs: Map<string, Run>;
  /** Uuids of records that a list has shown as Enabled in this run of the program. */
  readonly inService: Set<string>;
  /** By task id: when a change of one of its records was last requested. */
  readonly calledMs: Map<string, number>;
  /** When the program was last unable to act: known maintenance mode, or a failed commit. */
  hinderedMs: number;
  /** When the request of the last response was sent. */
  askedMs: number;
  /** Whether a request is in progress. */
  isAsking: boolean;
  /** Time of the last response, successful or not; of the start of the program if there was none since. */
  answeredMs: number;
  /** Duration of the last successful response; undefined if the last one failed or the program has just started. */
  tookMs: number | undefined;
  /** Consecutive failed reads. */
  failures: number;
  /** Since when every read was successful; otherwise the start of the program or the last failure. */
  healthySinceMs: number;
  /**
   * When a list first showed all known agents as Missing after a restart of the server; until most of them are back.
   */
  restartedMs: number | undefined;
  /** Uuids of the agents that were Missing when a list of this run last showed them: a dead one may stay so. */
  missing: ReadonlySet<string>;
  /** When this run of the program started. */
  startedMs: number;
  /** When the settings last changed. */
  settingsMs: number;
}

/** Maximum number of stored polls. */
const pollsMax = 4;

/** The initial memory. */
export function nothingShown(nowMs: number): Shown {
  return {
    polls: [],
    runs: new Map(),
    inService: new Set(),
    calledMs: new Map(),
    hinderedMs: -Infinity,
    askedMs: nowMs,
    isAsking: false,
    answeredMs: nowMs,
    tookMs: undefined,
    failures: 0,
    healthySinceMs: nowMs,
    restartedMs: undefined,
    missing: new Set(),
    startedMs: nowMs,
    settingsMs: nowMs,
  };
}

/** The program starts: requests of the previous run get no response. */
export function noteStart(shown: Shown, nowMs: number): void {
  shown.startedMs = nowMs;
  shown.answeredMs = nowMs;
  shown.healthySinceMs = nowMs;
  shown.isAsking = false;
  shown.tookMs = undefined;
  shown.failures = 0;
  shown.restartedMs = undefined;
  shown.missing = new Set();
  shown.inService.clear();
  settleAnew(shown);
}

/** The program requests lists. */
export function noteAsked(shown: Shown, nowMs: number): void {
  shown.isAsking = true;
  shown.askedMs = nowMs;
}

/** The program cannot act on lists: their count is reset. */
export function noteHindered(shown: Shown, nowMs: number): void {
  shown.hinderedMs = nowMs;
  for (const run of shown.runs.values()) run.lists = 0;
}

/** An event is passed to the program. */
export function noteShown(shown: Shown, event: Event, nowMs: number): void {
  switch (event.kind) {
    case "gocd-polled":
      shown.polls.push({
        atMs: nowMs,
        jobs: event.jobs,
        rule: event.server.resourceCase,
        isMaintenance: event.server.maintenance === "on",
      });
      if (shown.polls.length > pollsMax) shown.polls.shift();
      return noteList(shown, event.agents, { nowMs, tookMs: event.tookMs ?? 0 });
    case "gocd-agents-read":
      return noteList(shown, event.agents, { nowMs, tookMs: event.tookMs ?? 0 });
    case "gocd-poll-failed":
      shown.isAsking = false;
      shown.answeredMs = nowMs;
      shown.tookMs = undefined;
      shown.failures++;
      shown.healthySinceMs = nowMs;
      return settleAnew(shown);
    case "settings-changed":
      shown.settingsMs = nowMs;
      return noteHindered(shown, nowMs);
    default:
      return;
  }
}

/** The activity of an agent according to its record. */
export function pictureOf({ configState, agentState, buildState }: GocdAgent): Picture {
  if (configState === "Pending") return "Pending";
  const enabled = configState === "Enabled" ? "Enabled" as const : "Disabled" as const;
  if ([agentState, buildState].includes("Building") || buildState === "Cancelled") return `${enabled} busy`;
  if (agentState === "Idle" && buildState === "Idle") return `${enabled} idle`;
  if (agentState === "LostContact") return `${enabled} LostContact`;
  if (agentState === "Missing") return `${enabled} Missing`;
  return `${enabled} other`;
}

function noteList(
  shown: Shown,
  agents: readonly GocdAgent[],
  { nowMs, tookMs }: { readonly nowMs: number; readonly tookMs: number },
): void {
  shown.isAsking = false;
  shown.answeredMs = nowMs;
  shown.tookMs = tookMs;
  shown.failures = 0;
  const runs = new Map<string, Run>();
  for (const gocdAgent of agents) {
    const picture = pictureOf(gocdAgent);
    if (gocdAgent.configState === "Enabled") shown.inService.add(gocdAgent.uuid);
    const before = shown.runs.get(gocdAgent.uuid);
    const isSame = before?.picture === picture;
    const isAway = /LostContact|Missing/.test(picture);
    const isFree = picture.startsWith("Disabled ") && !/busy|other/.test(picture);
    runs.set(gocdAgent.uuid, {
      picture,
      sinceMs: isSame ? before.sinceMs : nowMs,
      settledMs: isSame ? Math.min(before.settledMs, nowMs) : nowMs,
      awayMs: isAway ? Math.min(before?.awayMs ?? Infinity, nowMs) : Infinity,
      freeMs: isFree ? Math.min(before?.freeMs ?? Infinity, nowMs) : Infinity,
      lists: isSame ? before.lists + 1 : 1,
    });
  }
  shown.runs = runs;
  const known = agents.filter(({ elastic, configState }) => !elastic && configState === "Enabled");
  const missing = known.filter(({ agentState }) => agentState === "Missing");
  const { restartedMs, missing: missingBefore } = shown;
  const isSo = restartedMs === undefined
    ? missing.length === known.length && !missing.every(({ uuid }) => missingBefore.has(uuid))
    : missing.length * 2 > known.length;
  const listed = new Set(agents.map(({ uuid }) => uuid));
  shown.missing = new Set([
    ...[...missingBefore].filter((uuid) => !listed.has(uuid)),
    ...agents.filter(({ agentState }) => agentState === "Missing").map(({ uuid }) => uuid),
  ]);
  shown.restartedMs = known.length > 0 && isSo ? restartedMs ?? nowMs : undefined;
}

function settleAnew(shown: Shown): void {
  shown.runs = new Map(
    [...shown.runs].map(([uuid, run]) => [uuid, { ...run, settledMs: Infinity, freeMs: Infinity, lists: 0 }]),
  );
}

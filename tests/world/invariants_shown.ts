// What the program has asked and been shown, in true time, so that laws about pace need not trust the core's memory.

import type { Event } from "../../src/core/event.ts";
import type { GocdAgent, ResourceCase, ScheduledJob } from "../../src/core/gocd_records.ts";

/** How a record looks in lists, as far as it decides what may be done with it. */
export type Picture =
  | `${"Enabled" | "Disabled"} ${"idle" | "busy" | "LostContact" | "Missing" | "other"}`
  | "Pending";

/** A record that has looked the same in every list since some moment. */
export interface Run {
  readonly picture: Picture;
  /** When the first such list came, with no other list since. */
  readonly sinceMs: number;
  /** The same, but counted anew after each failed read; Infinity where no list has come since. */
  readonly settledMs: number;
  /** Since when lists show its agent out of contact, LostContact or Missing; Infinity: they do not. */
  readonly awayMs: number;
  /** Since when it is shown disabled and not at work, without a failed read between; Infinity: it is not. */
  readonly freeMs: number;
  /** Good lists in a row, since a change of it was last asked for. */
  lists: number;
}

/** A good poll. */
export interface ShownPoll {
  readonly atMs: number;
  readonly jobs: readonly ScheduledJob[];
  /** How that server compares resources: an upgrade may change it. */
  readonly rule: ResourceCase;
  readonly isMaintenance: boolean;
}

/** All that was shown. Times are true; a restart of the program forgets nothing unless said so. */
export interface Shown {
  /** The last good polls, newest last. */
  readonly polls: ShownPoll[];
  /** By uuid. */
  runs: Map<string, Run>;
  /** Uuids of records that a list has shown Enabled since this run of the program began. */
  readonly inService: Set<string>;
  /** By task id: when a change of a record of its was last asked for. */
  readonly calledMs: Map<string, number>;
  /** When the program last could do nothing: it knew the server to be in maintenance mode, or a commit failed. */
  hinderedMs: number;
  /** When the question was asked whose answer came last. */
  askedMs: number;
  /** Whether a question is out. */
  isAsking: boolean;
  /** Of the last answer, good or not; of the start of the program where there was none since. */
  answeredMs: number;
  /** How long the last good answer took; undefined where the last one failed or the program has just started. */
  tookMs: number | undefined;
  /** Failed reads in a row. */
  failures: number;
  /** Since when each read was good; the start of the program or the last failure otherwise. */
  healthySinceMs: number;
  /** When a list first showed all known agents Missing: the server has restarted. Until most of them are back. */
  restartedMs: number | undefined;
  /** When this run of the program began. */
  startedMs: number;
  /** When other settings last came into force. */
  settingsMs: number;
}

/** Polls that are kept. */
const pollsMax = 4;

/** Nothing was shown yet. */
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
    startedMs: nowMs,
    settingsMs: nowMs,
  };
}

/** The program starts: questions of the run before are no longer answered. */
export function noteStart(shown: Shown, nowMs: number): void {
  shown.startedMs = nowMs;
  shown.answeredMs = nowMs;
  shown.healthySinceMs = nowMs;
  shown.isAsking = false;
  shown.tookMs = undefined;
  shown.failures = 0;
  shown.restartedMs = undefined;
  shown.inService.clear();
  settleAnew(shown);
}

/** The program asks for lists. */
export function noteAsked(shown: Shown, nowMs: number): void {
  shown.isAsking = true;
  shown.askedMs = nowMs;
}

/** The program can do nothing about what lists show: their count begins anew. */
export function noteHindered(shown: Shown, nowMs: number): void {
  shown.hinderedMs = nowMs;
  for (const run of shown.runs.values()) run.lists = 0;
}

/** An event is handed to the program. */
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

/** What a record shows its agent to do. */
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
  const missing = known.filter(({ agentState }) => agentState === "Missing").length;
  const { restartedMs } = shown;
  const isSo = restartedMs === undefined ? missing === known.length : missing * 2 > known.length;
  shown.restartedMs = known.length > 0 && isSo ? restartedMs ?? nowMs : undefined;
}

function settleAnew(shown: Shown): void {
  shown.runs = new Map(
    [...shown.runs].map(([uuid, run]) => [uuid, { ...run, settledMs: Infinity, freeMs: Infinity, lists: 0 }]),
  );
}

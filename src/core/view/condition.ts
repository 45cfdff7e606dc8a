// Conditions that are reported to webhooks: they begin and end, and are derived from the picture. When and to whom they
// are reported is decided in notify/.

import { verdictTraits } from "../demand/verdict.ts";
import type { Finding } from "../event.ts";
import { leaderText, longWait } from "../words/conditions.ts";
import { leaderlessText } from "../words/health.ts";
import { describeNeed } from "../words/phrases.ts";
import { writesRefusedCode } from "../words/problems.ts";
import { isLeaderless } from "./health.ts";
import { type ConditionEvent, severities, type Severity } from "./condition_event.ts";
import type { JobView, LeadershipView, ServerHealth, StatusView } from "./view.ts";

/** A current condition, which will end. */
export interface Condition {
  /** Stable while it lasts, and the same when it recurs: `breaker/linux`. */
  readonly key: string;
  readonly event: ConditionEvent;
  readonly severity: Severity;
  /** The stable code of the problem, e.g. `gocd-unreachable`. */
  readonly code: string;
  /** One sentence without a full stop. */
  readonly text: string;
  /** The next step; empty: none. */
  readonly hint: string;
  /** The full error, or the output of a failed container; absent: the text is complete. */
  readonly detail?: string;
  /** When it began, if known. */
  readonly sinceMs?: number;
  /** It and its end are reported immediately: waiting would not help. */
  readonly isSudden?: true;
}

/** The input of a condition. */
export type ConditionFacts = Omit<Condition, "severity" | "key"> & {
  /** What distinguishes it from others of its event; absent: there is at most one. */
  readonly subject?: string;
};

/** A condition with its key and severity. */
export function conditionOf(facts: ConditionFacts): Condition {
  const { subject: _, ...rest } = facts;
  return { ...rest, key: keyOf(facts), severity: severities[facts.event] };
}

/** Stable while a condition lasts, and the same when it recurs. */
export function keyOf({ event, subject }: Pick<ConditionFacts, "event" | "subject">): string {
  return subject === undefined ? event : `${event}/${subject}`;
}

/** The conditions in a picture. */
export interface Conditions {
  readonly now: readonly Condition[];
  /** On standby only the leader is known: earlier conditions have not ended. */
  readonly isBlind: boolean;
}

/** All current conditions. `longMs`: jobs that wait for longer are reported. */
export function conditionsOf(view: StatusView, longMs: number): Conditions {
  const { leadership, gocd, mesos } = view;
  if (leadership?.role === "standby") return { now: leaderlessCondition(leadership, view.atMs), isBlind: true };
  const leader = leadership === undefined ? [] : [leaderCondition(view, leadership.sinceMs)];
  const now = [
    ...serverCondition("gocd", gocd.health),
    ...serverCondition("mesos", mesos.health),
    ...staleCondition(view),
    ...problemConditions(view),
    ...longWaits(view, longMs),
    ...leader,
  ];
  return { now: [...new Map(now.map((each) => [each.key, each])).values()], isBlind: false };
}

function leaderCondition({ mesos }: StatusView, sinceMs: number): Condition {
  const text = leaderText(mesos.frameworkName);
  return conditionOf({ event: "leader", code: "leading", text, hint: "", sinceMs, isSudden: true });
}

function leaderlessCondition(leadership: LeadershipView, atMs: number): readonly Condition[] {
  if (!isLeaderless(leadership, atMs)) return [];
  const told = { code: "no-leader", text: leaderlessText, hint: "", sinceMs: leadership.sinceMs } as const;
  return [conditionOf({ event: "leader", subject: "none", ...told, isSudden: true })];
}

/** Codes of a GoCD server that does not accept our credentials. */
const refusalCodes: ReadonlySet<string> = new Set([
  "gocd-bad-credentials",
  "gocd-bad-secret",
  "gocd-bad-token",
  "gocd-credentials-lost",
  "gocd-credentials-not-wanted",
  "gocd-forbidden",
  "gocd-missing-or-forbidden",
  "gocd-not-authenticated",
  "gocd-secret-unreadable",
  "gocd-too-few-rights",
]);

/** An outage of a server is one condition, regardless of its code. */
function serverCondition(server: "gocd" | "mesos", health: ServerHealth): readonly Condition[] {
  if (!("problem" in health)) return [];
  const { problem: { code, message: text, hint }, sinceMs } = health;
  if (code === writesRefusedCode) return [conditionOf({ event: "writes-refused", code, text, hint, sinceMs })];
  const event = refusalCodes.has(code) ? "credentials-refused" : "server-failing";
  return [conditionOf({ event, subject: server, code, text, hint, sinceMs })];
}

function staleCondition({ gocd, problems }: StatusView): readonly Condition[] {
  const told = problems.find(({ code }) => code === staleCode);
  if (told === undefined || !gocd.stale) return [];
  const { message: text, hint } = told;
  const since = gocd.lastPollMs === undefined ? {} : { sinceMs: gocd.lastPollMs };
  return [conditionOf({ event: "stale-data", code: staleCode, text, hint, ...since })];
}

const staleCode = "held-stale";

const eventsByCode: ReadonlyMap<string, ConditionEvent> = new Map([
  [writesRefusedCode, "writes-refused"],
  ["profile-failing", "breaker"],
  ["brake-on", "brake"],
  ["jobs-unserved", "jobs-unserved"],
  ["held-limit", "limit-reached"],
  ["held-share", "limit-reached"],
  ["held-cpu-hours", "limit-reached"],
  ["gocd-too-few-rights", "credentials-refused"],
]);

/** Covered by those of the servers, or by another problem. */
const toldElsewhere: ReadonlySet<string> = new Set([
  staleCode,
  "held-no-session",
  "held-brake",
  "held-restarted",
  "gocd-job-unassigned",
  // Reported once, but nothing is wrong.
  "gocd-feed-gone",
]);

function problemConditions({ problems, gocd, mesos }: StatusView): readonly Condition[] {
  const ofServers = [gocd.health, mesos.health].map((health) => "problem" in health ? health.problem.code : undefined);
  return problems.filter(({ code }) => !toldElsewhere.has(code) && !ofServers.includes(code)).map(problemCondition);
}

function problemCondition(
  { code, message: text, hint, detail, profile, subject = profile, sinceMs }: Finding,
): Condition {
  const event = eventsByCode.get(code) ?? "other";
  const apart = event === "other" ? [code, ...subject === undefined ? [] : [subject]].join("/") : subject;
  return conditionOf({
    event,
    code,
    text,
    hint,
    ...(detail === undefined ? {} : { detail }),
    ...(apart === undefined ? {} : { subject: apart }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  });
}

/** Maximum number of kinds of jobs that are reported individually, longest wait first. */
const kindsMax = 20;

/** One for each kind of jobs: their reason may change while they wait. */
function longWaits({ jobs, atMs }: StatusView, longMs: number): readonly Condition[] {
  const kinds = new Map<string, { readonly subject: string; readonly count: number; readonly first: JobView }>();
  for (const job of jobs) {
    if (!verdictTraits[job.verdict].reportsLongWait || atMs - job.firstSeenMs <= longMs) continue;
    const subject = describeNeed(job.gocdResources.map((each) => each.toLowerCase()).toSorted(), job.environment);
    const { count = 0, first = job } = kinds.get(subject) ?? {};
    kinds.set(subject, { subject, count: count + 1, first: job.firstSeenMs < first.firstSeenMs ? job : first });
  }
  const oldest = [...kinds.values()].toSorted((one, other) => one.first.firstSeenMs - other.first.firstSeenMs);
  return oldest.slice(0, kindsMax).map(({ subject, count, first }) => {
    const { reasonCode: code, firstSeenMs: sinceMs } = first;
    return conditionOf({ event: "jobs-waiting", subject, code, sinceMs, ...longWait(first, count, atMs) });
  });
}

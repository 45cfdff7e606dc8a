// What people outside are told of: conditions that begin and end, derived from the picture. Not here: when each is told
// (notify/), and whom.

import type { Finding } from "../event.ts";
import { leaderText, longWait } from "../words/conditions.ts";
import { leaderlessText } from "../words/health.ts";
import { describeNeed } from "../words/phrases.ts";
import { writesRefusedCode } from "../words/problems.ts";
import { isLeaderless } from "./health.ts";
import { type ConditionEvent, severities, type Severity } from "./condition_event.ts";
import type { JobView, LeadershipView, ServerHealth, StatusView } from "./view.ts";

/** Something that is so now, and will end. */
export interface Condition {
  /** Stable while it lasts, and the same when it comes back: `breaker/linux`. */
  readonly key: string;
  readonly event: ConditionEvent;
  readonly severity: Severity;
  /** The stable code of the problem, e.g. `gocd-unreachable`. */
  readonly code: string;
  /** One sentence without a full stop. */
  readonly text: string;
  /** The next act; empty: there is none. */
  readonly hint: string;
  /** The whole of an error, or what a failed container has written; absent: the text has it all. */
  readonly detail?: string;
  /** Since when it is so, where that is known. */
  readonly sinceMs?: number;
  /** It is told at once, and its end, too: waiting would show nothing. */
  readonly isSudden?: true;
  /** It is not over, but there is nothing to say of it at the moment. */
  readonly isPaused?: true;
}

/** What a condition is made from. */
export type ConditionFacts = Omit<Condition, "severity" | "key"> & {
  /** What tells it apart from others of its event; absent: there is one at most. */
  readonly subject?: string;
};

/** A condition with its key and severity. */
export function conditionOf({ subject, ...facts }: ConditionFacts): Condition {
  const { event } = facts;
  return { ...facts, key: subject === undefined ? event : `${event}/${subject}`, severity: severities[event] };
}

/** What a picture shows of conditions. */
export interface Conditions {
  readonly now: readonly Condition[];
  /** On standby nothing is known but who leads: what was so before has not ended. */
  readonly isBlind: boolean;
}

/** All that is to be told of now. `longMs`: a job that waits for longer is told of. */
export function conditionsOf(view: StatusView, longMs: number): Conditions {
  const { leadership, gocd, mesos } = view;
  if (leadership?.role === "standby") return { now: leaderlessCondition(leadership, view.atMs), isBlind: true };
  const leader = leadership === undefined ? [] : [leaderCondition(view, leadership.sinceMs)];
  const now = [
    ...serverCondition("gocd", gocd.health),
    ...serverCondition("mesos", mesos.health),
    ...staleCondition(view),
    ...problemConditions(view),
    ...pausedBreakers(view),
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

/** Codes of a GoCD server that does not accept who we are. */
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

/** Whatever its code, one outage of a server is one condition. */
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

const failingCode = "profile-failing";

const eventsByCode: ReadonlyMap<string, ConditionEvent> = new Map([
  [writesRefusedCode, "writes-refused"],
  [failingCode, "breaker"],
  ["brake-on", "brake"],
  ["jobs-unserved", "jobs-unserved"],
  ["held-limit", "limit-reached"],
  ["held-share", "limit-reached"],
  ["held-cpu-hours", "limit-reached"],
  ["gocd-too-few-rights", "credentials-refused"],
]);

/** Told by those of the servers, or by another problem. */
const toldElsewhere: ReadonlySet<string> = new Set([
  staleCode,
  "held-no-session",
  "held-brake",
  "held-restarted",
  "gocd-job-unassigned",
  // Told once, and nothing is wrong.
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

/** A profile that may launch again has not recovered before an agent of it has registered. */
function pausedBreakers({ profiles, problems }: StatusView): readonly Condition[] {
  const failing = profiles.filter(({ name, failures }) =>
    failures > 0 && !problems.some(({ code, profile }) => code === failingCode && profile === name)
  );
  return failing.map(({ name: subject }) =>
    conditionOf({ event: "breaker", subject, code: failingCode, text: "", hint: "", isPaused: true })
  );
}

/** Kinds of jobs that are told of one by one, those that wait longest first. */
const kindsMax = 20;

/** One for each kind of jobs: which reason they wait for may change while they wait. */
function longWaits({ jobs, atMs }: StatusView, longMs: number): readonly Condition[] {
  const kinds = new Map<string, { readonly subject: string; readonly count: number; readonly first: JobView }>();
  for (const job of jobs) {
    // The unserved are told of as such, and of the others' jobs nothing is.
    if (job.verdict === "unserved" || job.verdict === "not-ours" || atMs - job.firstSeenMs <= longMs) continue;
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

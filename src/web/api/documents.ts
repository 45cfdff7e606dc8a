// The responses of /api/v1, created from the picture. Routes are in routes.ts, schemas in schemas.ts.

import { healthOf } from "../../core/view/health.ts";
import type { Picture } from "../../core/view/picture.ts";
import type { LimitUsage } from "../../core/demand/limit.ts";
import type { Finding } from "../../core/event.ts";
import type { FailureCounts } from "../../core/life/failure_window.ts";
import type {
  AvoidedHostView,
  GocdView,
  Health,
  InstanceView,
  JobView,
  LeadershipView,
  MesosView,
  NoteView,
  StatusView,
} from "../../core/view/view.ts";
import { countBy } from "../../core/view/why.ts";
import { verdictKinds } from "../../core/words/verdicts.ts";
import { gocdAgentStates, instanceStates } from "./schemas.ts";

/** Data that is not part of the picture. */
export interface ProgramFacts {
  /** Version of the program. */
  readonly version: string;
  /** How far its permissions are restricted. */
  readonly sandbox: "on" | "partial" | "off";
}

/** The program at a glance; times in ms since the epoch. */
export interface StatusSummary extends ProgramFacts {
  readonly atMs: number;
  readonly startedMs: number;
  readonly mode: StatusView["mode"];
  readonly frozen: boolean;
  readonly tornDown: boolean;
  readonly leadership?: LeadershipView;
  readonly health: Health;
  readonly gocd: GocdView;
  readonly mesos: MesosView;
  readonly jobs: { readonly waiting: number; readonly verdicts: readonly VerdictSummary[] };
  /** Instances by state; every state is present. */
  readonly agents: Readonly<Record<string, number>>;
  /** All agents of the server by category; every category is present. */
  readonly gocdAgents: Readonly<Record<string, number>>;
  readonly limits: readonly LimitView[];
  readonly usedLimits: readonly LimitUsage[];
  readonly avoidedHosts: StatusView["avoidedHosts"];
  readonly problems: readonly Finding[];
}

/** The waiting jobs of one verdict. */
export interface VerdictSummary {
  readonly verdict: JobView["verdict"];
  readonly jobs: number;
  /** The one that has waited longest. */
  readonly oldest?: Pick<JobView, "locator" | "firstSeenMs" | "reason">;
}

/** A limit and its usage. */
export interface LimitView {
  /** Absent: all profiles together. */
  readonly profile?: string;
  readonly agents: number;
  readonly maxAgents: number;
}

/** The summary of a picture. */
export function statusSummary({ view }: Pick<Picture, "view">, { version, sandbox }: ProgramFacts): StatusSummary {
  return {
    atMs: view.atMs,
    startedMs: view.startedMs,
    version,
    sandbox,
    mode: view.mode,
    frozen: view.frozen,
    tornDown: view.tornDown === true,
    ...(view.leadership === undefined ? {} : { leadership: view.leadership }),
    health: healthOf(view),
    gocd: view.gocd,
    mesos: view.mesos,
    jobs: { waiting: view.jobs.length, verdicts: verdictsOf(view.jobs) },
    agents: countAll(instanceStates, view.instances.map(({ state }) => state)),
    gocdAgents: countAll(gocdAgentStates, view.gocdAgents.map(({ state }) => state)),
    limits: limitsOf(view),
    usedLimits: view.usedLimits ?? [],
    avoidedHosts: view.avoidedHosts,
    problems: view.problems,
  };
}

function verdictsOf(jobs: readonly JobView[]): readonly VerdictSummary[] {
  const byVerdict = Map.groupBy(jobs, ({ verdict }) => verdict);
  return verdictKinds.map((verdict) => {
    const own = byVerdict.get(verdict) ?? [];
    const [first, ...rest] = own;
    if (first === undefined) return { verdict, jobs: 0 };
    const { locator, firstSeenMs, reason, brief } = rest.reduce((a, b) => b.firstSeenMs < a.firstSeenMs ? b : a, first);
    return { verdict, jobs: own.length, oldest: { locator, firstSeenMs, reason: brief ?? reason } };
  });
}

function countAll(words: readonly string[], given: readonly string[]): Readonly<Record<string, number>> {
  return { ...Object.fromEntries(words.map((each) => [each, 0])), ...countBy(given) };
}

function limitsOf({ instances, maxAgents, profiles }: StatusView): readonly LimitView[] {
  const agents = instances.filter(({ state }) => state !== "gone" && state !== "unreachable").length;
  return [
    { agents, maxAgents },
    ...profiles.flatMap(({ name, alive, maxAgents: own }) =>
      own === undefined ? [] : [{ profile: name, agents: alive, maxAgents: own }]
    ),
  ];
}

/** A Mesos agent that runs instances, is avoided, or has recent failures. */
export interface HostView {
  readonly host: string;
  readonly agents: number;
  readonly byState: Readonly<Record<string, number>>;
  readonly avoided?: Omit<AvoidedHostView, "host">;
  /** Failures there in the last hour, by kind. */
  readonly recentFailures: FailureCounts;
}

/** All hosts, avoided ones first, then those with the most agents. */
export function hostViews({ instances, avoidedHosts, failingHosts }: StatusView): readonly HostView[] {
  const failing = new Map(failingHosts.map(({ host, recentFailures }) => [host, recentFailures]));
  const byHost = Map.groupBy(instances.filter(({ state }) => state !== "gone"), ({ host }) => host);
  const avoided = new Map(avoidedHosts.map(({ host, ...why }) => [host, why]));
  const hosts = [...new Set([...avoided.keys(), ...byHost.keys(), ...failing.keys()])].map((host): HostView => {
    const own: readonly InstanceView[] = byHost.get(host) ?? [];
    const why = avoided.get(host);
    return {
      host,
      agents: own.length,
      byState: countBy(own.map(({ state }) => state)),
      ...(why === undefined ? {} : { avoided: why }),
      recentFailures: failing.get(host) ?? {},
    };
  });
  const rank = ({ avoided: why, agents }: HostView): number => why === undefined ? -agents : -Infinity;
  return hosts.toSorted((a, b) => compare(rank(a), rank(b)) || compare(a.host, b.host));
}

function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A decision with its number in this run. */
export interface EventView extends NoteView {
  readonly id: number;
}

/** The stored decisions, oldest first. */
export function eventViews({ notes, notesBefore }: Picture): readonly EventView[] {
  return notes.map((note, index) => ({ id: notesBefore + index + 1, ...note }));
}

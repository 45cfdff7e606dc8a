// Recent failures by kind, profile and host, counted in a window of watched time, for display. The consequences of
// failures are decided in failures.ts and placement/failing_hosts.ts.

import type { Draft } from "../draft.ts";
import { type AgentInstance, isWaiting } from "../instance.ts";
import { countedMs, type Watched } from "../session/watched.ts";
import type { Failure } from "./causes.ts";

/** The stage at which an agent has failed. */
export type FailureKind =
  /** Its image could not be pulled. */
  | "pull"
  /** Its container did not start for another reason. */
  | "launch"
  /** Its container exited before it had registered. */
  | "early-exit"
  /** It did not register in time, or registered wrongly. */
  | "register"
  /** Its container exited after it had registered. */
  | "exit"
  /** The GoCD server has lost contact with it. */
  | "lost-contact"
  /** Mesos has lost it, with or without its host. */
  | "lost-host";

/** All kinds, in the order of an agent's life cycle. */
export const failureKinds: readonly FailureKind[] = Object.keys(
  {
    "pull": 0,
    "launch": 0,
    "early-exit": 0,
    "register": 0,
    "exit": 0,
    "lost-contact": 0,
    "lost-host": 0,
  } satisfies Record<FailureKind, 0>,
) as FailureKind[];

/** A failure is remembered for this long, in watched time. */
export const failureWindowMs = 3_600_000;
/** Maximum number of remembered failures of a profile; the oldest are dropped first, never those of another profile. */
export const failuresPerProfileMax = 200;

/** One failure. */
export interface CountedFailure {
  readonly atMs: number;
  readonly kind: FailureKind;
  readonly host: string;
  /** Whether the host alone caused it: it counts against the host, but not against the profile. */
  readonly of: "profile" | "host";
}

/** Recent failures by profile, oldest first. */
export type FailureWindow = ReadonlyMap<string, readonly CountedFailure[]>;

/** How often each kind has occurred; absent if it has not. */
export type FailureCounts = Readonly<Partial<Record<FailureKind, number>>>;

/** Counts a failure of an instance; `instance` is its previous state. */
export function countInWindow(
  draft: Draft,
  { profile, host }: Pick<AgentInstance, "profile" | "host">,
  counted: Pick<CountedFailure, "kind" | "of">,
): void {
  const { atMs, state } = draft;
  const recent = new Map<string, readonly CountedFailure[]>();
  for (const [name, failures] of state.failureWindow) {
    const left = failures.filter((each) => isRecent(state.watched, each, atMs));
    if (left.length > 0) recent.set(name, left);
  }
  const own = [...recent.get(profile) ?? [], { atMs, host, ...counted }];
  recent.set(profile, own.slice(-failuresPerProfileMax));
  draft.set({ failureWindow: recent });
}

/** Failures of a profile in the window. */
export function failuresOfProfile(
  { failureWindow, watched }: { readonly failureWindow: FailureWindow; readonly watched: Watched },
  profile: string,
  atMs: number,
): FailureCounts {
  const own = failureWindow.get(profile) ?? [];
  return countKinds(own.filter((each) => each.of === "profile" && isRecent(watched, each, atMs)));
}

/** The failures on a host: of all profiles, and of each. */
export interface FailuresOnHost {
  readonly recentFailures: FailureCounts;
  readonly byProfile: Readonly<Record<string, FailureCounts>>;
}

/** Failures on each host in the window. */
export function failuresByHost(
  { failureWindow, watched }: { readonly failureWindow: FailureWindow; readonly watched: Watched },
  atMs: number,
): ReadonlyMap<string, FailuresOnHost> {
  const recent = [...failureWindow].flatMap(([profile, failures]) =>
    failures.filter((each) => isRecent(watched, each, atMs)).map((each) => ({ ...each, profile }))
  );
  return new Map([...Map.groupBy(recent, ({ host }) => host)].map(([host, failures]) => {
    const byProfile = [...Map.groupBy(failures, ({ profile }) => profile)].map(([profile, own]) =>
      [profile, countKinds(own)] as const
    );
    return [host, { recentFailures: countKinds(failures), byProfile: Object.fromEntries(byProfile) }];
  }));
}

/** On how many of the hosts that a profile was tried on its launches have failed. */
export interface LaunchHosts {
  readonly failed: number;
  readonly tried: number;
  /** The only one on which they have failed; absent: there are several. */
  readonly only?: string;
}

/** Failures that show whether an agent can start at all. */
const launchKinds: ReadonlySet<FailureKind> = new Set(["pull", "launch", "early-exit", "register"]);

/**
 * Where launches of a profile have failed in the window; those that have succeeded are known as long as their agents
 * exist. `undefined`: none has failed.
 */
export function launchHosts(
  state: Parameters<typeof failuresOfProfile>[0] & { readonly instances: ReadonlyMap<string, AgentInstance> },
  profile: string,
  atMs: number,
): LaunchHosts | undefined {
  const failures = (state.failureWindow.get(profile) ?? []).filter((each) =>
    launchKinds.has(each.kind) && isRecent(state.watched, each, atMs)
  );
  const failed = new Set(failures.map(({ host }) => host));
  const [only] = failed;
  if (only === undefined) return undefined;
  const works = [...state.instances.values()].filter((each) =>
    each.profile === profile && (each.state === "registered" || each.state === "draining")
  );
  const tried = new Set([...failed, ...works.map(({ host }) => host)]).size;
  return { failed: failed.size, tried, ...(failed.size === 1 ? { only } : {}) };
}

function countKinds(failures: readonly CountedFailure[]): FailureCounts {
  const counts: Partial<Record<FailureKind, number>> = {};
  for (const kind of failureKinds) {
    const count = failures.filter((each) => each.kind === kind).length;
    if (count > 0) counts[kind] = count;
  }
  return counts;
}

function isRecent(watched: Watched, { atMs }: CountedFailure, nowMs: number): boolean {
  return countedMs(watched, atMs, nowMs) < failureWindowMs;
}

/** The stage at which an instance has failed; `instance` is its previous state. */
export function failureKind(failure: Failure, instance: AgentInstance): FailureKind {
  switch (failure.kind) {
    case "not-running":
      return "launch";
    case "not-registered":
    case "pending":
    case "misregistered":
      return "register";
    case "lost-contact":
      return "lost-contact";
    case "mesos":
      if (!isWaiting(instance)) return "exit";
      if (instance.state === "starting" && instance.runningSinceMs !== undefined) return "early-exit";
      return isPullError(failure.message) ? "pull" : "launch";
  }
}

/**
 * Whether Mesos reports an image that could not be pulled. The Docker containerizer quotes the command (apache/mesos
 * src/docker/docker.cpp, `docker pull`), the Mesos containerizer names what it requested from the registry
 * (src/uri/fetchers/docker.cpp, src/slave/containerizer/mesos/provisioner/docker).
 */
function isPullError(message: string): boolean {
  return /\bpull(?:ing)?\b|\bmanifest\b|\b(?:image|registry)\b.*\b(?:not found|unauthorized|denied)\b|\bblob\b/i.test(
    message,
  );
}

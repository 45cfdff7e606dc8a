// What has failed of late, by kind, profile and host: counted in a window of watched time, for people. What follows from
// failures is decided elsewhere (failures.ts, placement/failing_hosts.ts).

import type { Draft } from "../draft.ts";
import type { AgentInstance } from "../instance.ts";
import { countedMs, type Watched } from "../session/watched.ts";
import type { Failure } from "./causes.ts";

/** At which point of its way an agent has failed. */
export type FailureKind =
  /** Its image could not be pulled. */
  | "pull"
  /** Its container did not start, for another reason. */
  | "launch"
  /** Its container ended by itself before it had registered. */
  | "early-exit"
  /** It did not register in time, or not as it was to. */
  | "register"
  /** Its container ended by itself after it had registered. */
  | "exit"
  /** The GoCD server has lost contact with it. */
  | "lost-contact"
  /** Mesos has lost it, with its host or without. */
  | "lost-host";

/** All kinds, in the order of an agent's life. */
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
/** Failures of a profile that are remembered at most; the oldest go first, and never those of another profile. */
export const failuresPerProfileMax = 200;

/** One failure. */
export interface CountedFailure {
  readonly atMs: number;
  readonly kind: FailureKind;
  readonly host: string;
  /** Whether the host alone was at fault: it counts there, and not against the profile. */
  readonly of: "profile" | "host";
}

/** Recent failures by profile, oldest first. */
export type FailureWindow = ReadonlyMap<string, readonly CountedFailure[]>;

/** How often each kind has occurred; one that has not is absent. */
export type FailureCounts = Readonly<Partial<Record<FailureKind, number>>>;

/** Counts a failure of an instance, as it was before. */
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

/** What has failed of a profile in the window. */
export function failuresOfProfile(
  { failureWindow, watched }: { readonly failureWindow: FailureWindow; readonly watched: Watched },
  profile: string,
  atMs: number,
): FailureCounts {
  const own = failureWindow.get(profile) ?? [];
  return countKinds(own.filter((each) => each.of === "profile" && isRecent(watched, each, atMs)));
}

/** What has failed on each host in the window. */
export function failuresByHost(
  { failureWindow, watched }: { readonly failureWindow: FailureWindow; readonly watched: Watched },
  atMs: number,
): ReadonlyMap<string, FailureCounts> {
  const recent = [...failureWindow.values()].flat().filter((each) => isRecent(watched, each, atMs));
  const byHost = Map.groupBy(recent, ({ host }) => host);
  return new Map([...byHost].map(([host, failures]) => [host, countKinds(failures)]));
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

/** At which point an instance has failed; `instance`: as it was before. */
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
      if (instance.state !== "launching" && instance.state !== "starting") return "exit";
      if (instance.state === "starting" && instance.runningSinceMs !== undefined) return "early-exit";
      return isPullError(failure.message) ? "pull" : "launch";
    default:
      return failure satisfies never;
  }
}

/**
 * Whether Mesos tells of an image that it could not get. The Docker containerizer quotes the command (apache/mesos
 * src/docker/docker.cpp, `docker pull`), Mesos' own one names what it wanted of the registry (src/uri/fetchers/docker.cpp,
 * src/slave/containerizer/mesos/provisioner/docker).
 */
function isPullError(message: string): boolean {
  return /\bpull(?:ing)?\b|\bmanifest\b|\b(?:image|registry)\b.*\b(?:not found|unauthorized|denied)\b|\bblob\b/i.test(
    message,
  );
}

// Hosts where launches failed are avoided for a while: by one profile if only that one failed there, by all if several
// did or the host itself was the cause.

import type { Draft } from "../draft.ts";
import type { Failure } from "../life/causes.ts";
import type { BreakersState, HostBreaker } from "../state.ts";

/** Failures of one host within this window count together. */
const hostWindowMs = 30 * 60_000;
/** Number of failures after which the host is avoided. */
const hostFailuresMax = 3;
/** Initial duration; doubled with each further failure, because a small cluster may have no other host. */
const hostAvoidFirstMs = 2 * 60_000;
/** Maximum duration. */
const hostAvoidMaxMs = 15 * 60_000;
/** Maximum number of remembered hosts; the oldest are dropped first. */
const hostsMax = 2_000;

/** A host that is avoided. */
export interface AvoidedHost {
  /** For how much longer, ms. */
  readonly forMs: number;
  /** The last failure there. */
  readonly failure: Failure;
  /** The only profile that avoids it; absent: all do. */
  readonly profile?: string;
}

/** Currently avoided hosts, by name. */
export function avoidedHosts(hosts: BreakersState["hosts"], atMs: number): Map<string, AvoidedHost> {
  const avoided = new Map<string, AvoidedHost>();
  for (const [host, { avoid, failures, lastFailure }] of hosts) {
    if (avoid === undefined || avoid.untilMs <= atMs) continue;
    const profile = onlyProfileOf(failures);
    avoided.set(host, {
      forMs: avoid.untilMs - atMs,
      failure: lastFailure,
      ...(profile === undefined ? {} : { profile }),
    });
  }
  return avoided;
}

/** A launch that has failed on a host. */
export interface FailedLaunch {
  readonly host: string;
  readonly createdMs: number;
  /** Absent if the host alone was the cause. */
  readonly profile?: string;
  readonly failure: Failure;
}

/** The hosts after one more failure; reported if its host is avoided from now on. */
export function rememberFailure(draft: Draft, launch: FailedLaunch): BreakersState["hosts"] {
  const { atMs } = draft;
  const { host, profile, failure } = launch;
  const hosts = new Map(draft.state.breakers.hosts);
  const before = hosts.get(host);
  // Instances launched together count once: several failures on one host prove no more than one.
  const last = before?.failures.at(-1);
  if (last !== undefined && launch.createdMs <= last.atMs) return hosts;
  const recent = before?.failures.filter((each) => atMs - each.atMs < hostWindowMs) ?? [];
  const failures = [...recent, { atMs, ...(profile === undefined ? {} : { profile }) }];
  const avoid = avoidAfter(failures, before, atMs);
  hosts.delete(host);
  hosts.set(host, {
    failures: failures.slice(-2 * hostFailuresMax),
    lastFailure: failure,
    ...(avoid ? { avoid } : {}),
  });
  if (avoid !== undefined && avoid !== before?.avoid) {
    const only = onlyProfileOf(failures);
    draft.note({
      kind: "host-avoided",
      host,
      ...(only === undefined ? {} : { profile: only }),
      forMs: avoid.forMs,
      failures: failures.length,
      failure,
      onceKey: `${host} ${avoid.forMs}`,
    });
  }
  for (const oldest of hosts.keys()) {
    if (hosts.size <= hostsMax) break;
    hosts.delete(oldest);
  }
  return hosts;
}

/** The hosts without the failures of these profiles; one with too few remaining failures is no longer avoided. */
export function withoutFailuresOf(
  hosts: BreakersState["hosts"],
  profileNames: ReadonlySet<string>,
): BreakersState["hosts"] {
  const left = new Map<string, HostBreaker>();
  for (const [host, breaker] of hosts) {
    const rest = without(breaker, ({ profile }) => profile !== undefined && profileNames.has(profile));
    if (rest !== undefined) left.set(host, rest);
  }
  return left;
}

/** The hosts after an agent of this profile has registered from this one: host and profile work there. */
export function afterSuccess(
  hosts: BreakersState["hosts"],
  { host, profile }: { readonly host: string; readonly profile: string },
): BreakersState["hosts"] {
  const breaker = hosts.get(host);
  if (breaker === undefined) return hosts;
  const left = new Map(hosts);
  const rest = without(breaker, (each) => each.profile === undefined || each.profile === profile);
  if (rest === undefined) left.delete(host);
  else left.set(host, rest);
  return left;
}

function without(
  breaker: HostBreaker,
  isOver: (failure: HostBreaker["failures"][number]) => boolean,
): HostBreaker | undefined {
  const failures = breaker.failures.filter((each) => !isOver(each));
  if (failures.length === 0) return undefined;
  const { avoid, ...rest } = breaker;
  const isStillBad = failures.length === breaker.failures.length || failures.length >= hostFailuresMax;
  return { ...rest, failures, ...(isStillBad && avoid !== undefined ? { avoid } : {}) };
}

function avoidAfter(
  failures: HostBreaker["failures"],
  before: HostBreaker | undefined,
  atMs: number,
): HostBreaker["avoid"] {
  const avoid = before?.avoid;
  // An agent launched before the host was avoided proves nothing new.
  if (avoid !== undefined && atMs < avoid.untilMs) return avoid;
  const forMs = avoid !== undefined && atMs - avoid.untilMs < hostWindowMs
    ? Math.min(2 * avoid.forMs, hostAvoidMaxMs)
    : failures.length >= hostFailuresMax
    ? hostAvoidFirstMs
    : undefined;
  return forMs === undefined ? undefined : { untilMs: atMs + forMs, forMs };
}

function onlyProfileOf(failures: HostBreaker["failures"]): string | undefined {
  const profiles = new Set(failures.map(({ profile }) => profile));
  const [only] = profiles;
  return profiles.size === 1 ? only : undefined;
}

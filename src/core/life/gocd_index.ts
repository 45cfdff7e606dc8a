// Looks up GocdAgents, and remembers what was requested for each.

import { countedSince } from "./brake.ts";
import type { Draft } from "../draft.ts";
import {
  absentMs,
  answerMaxMs,
  askAgainMs,
  connectionTimeoutMs,
  rescheduleMs,
  slowRescheduleMs,
} from "./gocd_clocks.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "../identity/hostnames.ts";
import { isIdleConfirmed, shownForMs } from "../session/reading.ts";
import type { ServerState, State } from "../state.ts";

/** The list with its indexes. */
export interface GocdAgentIndex {
  /** `undefined`, the uuid of an instance without a record, is never found. */
  readonly byUuid: ReadonlyMap<string | undefined, GocdAgent>;
  /**
   * By the first label of the hostname: for our agents the task id. Excludes records whose name anyone could have
   * chosen.
   */
  readonly byName: ReadonlyMap<string, readonly GocdAgent[]>;
  /** By IP address, whatever its name. */
  readonly byAddress: ReadonlyMap<string, readonly GocdAgent[]>;
}

/** Indexes a list; elastic records belong to a plugin and are excluded. */
export function indexGocdAgents(agents: readonly GocdAgent[]): GocdAgentIndex {
  const byUuid = new Map<string, GocdAgent>();
  const byName = new Map<string, GocdAgent[]>();
  const byAddress = new Map<string, GocdAgent[]>();
  for (const gocdAgent of agents) {
    if (gocdAgent.elastic) continue;
    byUuid.set(gocdAgent.uuid, gocdAgent);
    if (gocdAgent.ipAddress !== undefined) addUnder(byAddress, gocdAgent.ipAddress, gocdAgent);
    if (gocdAgent.proof !== "missing") addUnder(byName, nameOf(gocdAgent), gocdAgent);
  }
  return { byUuid, byName, byAddress };
}

function addUnder(map: Map<string, GocdAgent[]>, key: string, gocdAgent: GocdAgent): void {
  const others = map.get(key);
  if (others === undefined) map.set(key, [gocdAgent]);
  else others.push(gocdAgent);
}

/** Records that are missing from recent lists, as last listed. */
export function unlistedRecords({ unlisted }: Pick<ServerState, "unlisted">): readonly GocdAgent[] {
  return [...unlisted.values()].map(({ gocdAgent }) => gocdAgent);
}

/** A record as last listed: a list may lack some temporarily. */
export function lastListed(
  { agents, unlisted }: Pick<ServerState, "agents" | "unlisted">,
  uuid: string | undefined,
): GocdAgent | undefined {
  if (uuid === undefined) return undefined;
  return agents.find((each) => each.uuid === uuid) ?? unlisted.get(uuid)?.gocdAgent;
}

/**
 * Whether a record has not been missing from the lists of this run for long enough to conclude that it does not exist.
 * Lists that were read while the brake was on prove nothing.
 */
export function isJustUnlisted(state: State, uuid: string | undefined): boolean {
  if (uuid === undefined) return false;
  return shownForMs(state, countedSince(state, state.server.unlisted.get(uuid)?.sinceMs ?? 0)) < absentMs;
}

/**
 * Whether a list without an agent proves that it has not registered since then: lists have been read all the time, or,
 * after a restart of the program or an outage, for so long that one would have shown it. A single list may lack some
 * records.
 */
export function isWatchedSince(state: State, sinceMs: number): boolean {
  const { serving } = state.server;
  return serving !== undefined && (serving.sinceMs <= sinceMs || shownForMs(state, countedSince(state, 0)) >= absentMs);
}

/** Remembers when a change of a record was requested, to space repetitions. */
export function markRequested(draft: Draft, uuid: string): void {
  const lastRequestMs = new Map(draft.state.server.lastRequestMs);
  lastRequestMs.set(uuid, draft.atMs);
  draft.patch("server", { lastRequestMs });
}

/** Requests a Pending record to be enabled; a request that is still queued is not repeated. */
export function askToEnable(draft: Draft, uuid: string): void {
  markRequested(draft, uuid);
  const enableRequestedMs = new Map(draft.state.server.enableRequestedMs);
  enableRequestedMs.set(uuid, draft.atMs);
  draft.patch("server", { enableRequestedMs });
}

/** The server has responded, or will not; the result shows in the list a moment later. */
export function enablingAnswered(draft: Draft, uuid: string): void {
  if (!draft.state.server.enableRequestedMs.has(uuid)) return;
  markRequested(draft, uuid);
  const enableRequestedMs = new Map(draft.state.server.enableRequestedMs);
  enableRequestedMs.delete(uuid);
  draft.patch("server", { enableRequestedMs });
}

/**
 * Whether a change of a record was requested so recently that the response must be awaited, or the request is still to
 * be sent.
 */
export function isRequested({ state: { server }, atMs }: Draft, uuid: string): boolean {
  return atMs - (server.lastRequestMs.get(uuid) ?? -Infinity) < askAgainMs ||
    atMs - (server.enableRequestedMs.get(uuid) ?? -Infinity) < answerMaxMs;
}

/**
 * Whether a record has been in LostContact for so long that the server has rescheduled its job, if any, or Missing for
 * so long that its agent, which pings every few seconds, no longer exists.
 */
export function isLostLongEnough(draft: Draft, { uuid, agentState }: GocdAgent): boolean {
  const lostSinceMs = draft.state.server.lostSinceMs.get(uuid) ?? Infinity;
  const enoughMs = agentState === "Missing" ? connectionTimeoutMs : rescheduleLimitMs(draft.state.server);
  return shownForMs(draft.state, lostSinceMs) >= enoughMs;
}

/**
 * How long a server needs to reschedule a build once it has marked the agent as lost. A record that is disabled sooner
 * counts as in contact, and its build is not rescheduled (GoCD ScheduleService.rescheduleHungJobs).
 */
export function rescheduleLimitMs({ info }: Pick<ServerState, "info">): number {
  return info?.slowRegistration === true ? slowRescheduleMs : rescheduleMs;
}

/** Whether a Disabled record has been Idle on two lists far enough apart. */
export function isIdleTwice(draft: Draft, { uuid }: GocdAgent): boolean {
  return isIdleConfirmed(draft, draft.state.server.disabledIdleSinceMs.get(uuid) ?? Infinity);
}

// Looks up GocdAgents, and remembers what was requested for each.

import type { Draft } from "../draft.ts";
import { answerMaxMs, askAgainMs, connectionTimeoutMs, rescheduleMs, slowRescheduleMs } from "./gocd_clocks.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "../identity/hostnames.ts";
import { isIdleConfirmed, shownForMs } from "../session/reading.ts";
import type { ServerState } from "../state.ts";

/** The list in the two ways it is looked up. */
export interface GocdAgentIndex {
  /** Under `undefined`, the uuid of whoever has no record, there is none. */
  readonly byUuid: ReadonlyMap<string | undefined, GocdAgent>;
  /** By the first label of the hostname: the task id of an agent of ours. Without those that anybody could have named so. */
  readonly byName: ReadonlyMap<string, readonly GocdAgent[]>;
}

/** Indexes a list; elastic records belong to a plugin and are left out. */
export function indexGocdAgents(agents: readonly GocdAgent[]): GocdAgentIndex {
  const byUuid = new Map<string, GocdAgent>();
  const byName = new Map<string, GocdAgent[]>();
  for (const gocdAgent of agents) {
    if (gocdAgent.elastic) continue;
    byUuid.set(gocdAgent.uuid, gocdAgent);
    if (gocdAgent.proof === "missing") continue;
    const name = nameOf(gocdAgent);
    const others = byName.get(name);
    if (others === undefined) byName.set(name, [gocdAgent]);
    else others.push(gocdAgent);
  }
  return { byUuid, byName };
}

/** Remembers when something was asked of the server for a record, so that repeats keep their distance. */
export function ask(draft: Draft, uuid: string): void {
  const lastRequestMs = new Map(draft.state.server.lastRequestMs);
  lastRequestMs.set(uuid, draft.atMs);
  draft.set({ server: { ...draft.state.server, lastRequestMs } });
}

/** Asks the server to enable a Pending record; one that waits its turn among others is not asked for again. */
export function askToEnable(draft: Draft, uuid: string): void {
  ask(draft, uuid);
  const enableRequestedMs = new Map(draft.state.server.enableRequestedMs);
  enableRequestedMs.set(uuid, draft.atMs);
  draft.set({ server: { ...draft.state.server, enableRequestedMs } });
}

/** The server has answered, or will not; what it did shows in the list, a moment later. */
export function enablingAnswered(draft: Draft, uuid: string): void {
  if (!draft.state.server.enableRequestedMs.has(uuid)) return;
  ask(draft, uuid);
  const enableRequestedMs = new Map(draft.state.server.enableRequestedMs);
  enableRequestedMs.delete(uuid);
  draft.set({ server: { ...draft.state.server, enableRequestedMs } });
}

/** Whether something was asked for a record so recently that the answer must be waited for, or is still to be sent. */
export function isAsked({ state: { server }, atMs }: Draft, uuid: string): boolean {
  return atMs - (server.lastRequestMs.get(uuid) ?? -Infinity) < askAgainMs ||
    atMs - (server.enableRequestedMs.get(uuid) ?? -Infinity) < answerMaxMs;
}

/**
 * Whether a record has shown LostContact for so long that the server has rescheduled its job, if there was one, or
 * Missing for so long that its agent, which pings every few seconds, is none any more.
 */
export function isLostLongEnough(draft: Draft, { uuid, agentState }: GocdAgent): boolean {
  const lostSinceMs = draft.state.server.lostSinceMs.get(uuid) ?? Infinity;
  const enoughMs = agentState === "Missing" ? connectionTimeoutMs : rescheduleLimitMs(draft.state.server);
  return shownForMs(draft.state, lostSinceMs) >= enoughMs;
}

/**
 * How long a server needs to give a build to another agent once it knows that the first is lost. A record that is disabled
 * sooner counts as one in contact, and its build is given to nobody (GoCD ScheduleService.rescheduleHungJobs).
 */
export function rescheduleLimitMs({ info }: Pick<ServerState, "info">): number {
  return info?.slowRegistration === true ? slowRescheduleMs : rescheduleMs;
}

/** Whether a Disabled record has shown Idle on two lists far enough apart. */
export function isIdleTwice(draft: Draft, { uuid }: GocdAgent): boolean {
  return isIdleConfirmed(draft, draft.state.server.disabledIdleSinceMs.get(uuid) ?? Infinity);
}

// Look-up in the list of GocdAgents, and the memory of what was asked of the server for each. Not here: decisions.
// Called by lifecycle_gocd.ts and cleanup.ts.

import { missingGraceMs } from "./capacity.ts";
import type { Draft } from "./draft.ts";
import type { GocdAgent } from "./gocd_records.ts";

/** An act that shows no effect is asked for again after this long. */
const askAgainMs = 30_000;
/** An enabling of which nothing was heard for so long, in whatever queue, is none any more. */
const enablingMaxMs = 600_000;
/** A lost agent's job must be rescheduled by the server before its record goes (30 s, up to 16.7 300 s; facts: gocd 4.6). */
const rescheduleMs = 60_000;

/** The list in the two ways it is looked up. */
export interface GocdAgentIndex {
  readonly byUuid: ReadonlyMap<string, GocdAgent>;
  readonly byHostname: ReadonlyMap<string, readonly GocdAgent[]>;
}

/** Indexes a list; elastic records belong to a plugin and are left out. */
export function indexGocdAgents(agents: readonly GocdAgent[]): GocdAgentIndex {
  const byUuid = new Map<string, GocdAgent>();
  const byHostname = new Map<string, GocdAgent[]>();
  for (const gocdAgent of agents) {
    if (gocdAgent.elastic) continue;
    byUuid.set(gocdAgent.uuid, gocdAgent);
    const hostname = gocdAgent.hostname.toLowerCase();
    const others = byHostname.get(hostname);
    if (others === undefined) byHostname.set(hostname, [gocdAgent]);
    else others.push(gocdAgent);
  }
  return { byUuid, byHostname };
}

/** Remembers when something was asked of the server for a record, so that repeats keep their distance. */
export function ask(draft: Draft, uuid: string): void {
  const asksMs = new Map(draft.state.server.asksMs);
  asksMs.set(uuid, draft.atMs);
  draft.set({ server: { ...draft.state.server, asksMs } });
}

/** Asks the server to enable a Pending record; one that waits its turn among others is not asked for again. */
export function askToEnable(draft: Draft, uuid: string): void {
  ask(draft, uuid);
  const enablingMs = new Map(draft.state.server.enablingMs);
  enablingMs.set(uuid, draft.atMs);
  draft.set({ server: { ...draft.state.server, enablingMs } });
}

/** The server has answered, or will not; what it did shows in the list, a moment later. */
export function enablingAnswered(draft: Draft, uuid: string): void {
  if (!draft.state.server.enablingMs.has(uuid)) return;
  ask(draft, uuid);
  const enablingMs = new Map(draft.state.server.enablingMs);
  enablingMs.delete(uuid);
  draft.set({ server: { ...draft.state.server, enablingMs } });
}

/** Whether something was asked for a record so recently that the answer must be waited for, or is still to be sent. */
export function isAsked({ state: { server }, atMs }: Draft, uuid: string): boolean {
  const askedMs = server.asksMs.get(uuid);
  const enablingMs = server.enablingMs.get(uuid);
  return askedMs !== undefined && atMs - askedMs < askAgainMs ||
    enablingMs !== undefined && atMs - enablingMs < enablingMaxMs;
}

/**
 * Whether a record has shown LostContact for so long that the server has rescheduled its job, if there was one, or
 * Missing for so long that its agent, which pings every few seconds, is none any more.
 */
export function isLostLongEnough(draft: Draft, { uuid, agentState }: GocdAgent): boolean {
  const lostSinceMs = draft.state.server.lostSinceMs.get(uuid);
  const enoughMs = agentState === "Missing" ? missingGraceMs : rescheduleMs;
  return lostSinceMs !== undefined && draft.atMs - lostSinceMs >= enoughMs;
}

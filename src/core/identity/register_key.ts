// Whether the server accepts the auto-register key: an agent of ours that appears as Pending although it had the key
// shows that it does not (GoCD AgentRegistrationController).

import type { Draft } from "../draft.ts";
import type { Finding } from "../event.ts";
import type { State } from "../state.ts";
import { unproven } from "./admission.ts";
import { notProvenFinding, wrongKeyFinding } from "../words/findings.ts";

/** An agent of ours has come as Pending: told once, with what it means under these settings. */
export function cameAsPending(draft: Draft, taskId: string, uuid: string): void {
  const { server, settings } = draft.state;
  const isRefused = settings.registersWithKey === true;
  const isNews = isRefused && server.keyRefusedMs === undefined;
  if (isNews) draft.set({ server: { ...server, keyRefusedMs: draft.atMs } });
  const key = settings.registersWithKey === undefined ? "unclear" : isRefused ? "refused" : "unset";
  draft.note({ kind: "agent-enabling", taskId, uuid, key, isNews });
}

/** An agent of ours has registered with its key. */
export function keyWorked(draft: Draft): void {
  const { keyRefusedMs, ...server } = draft.state.server;
  if (keyRefusedMs !== undefined) draft.set({ server });
}

/** What an operator should know of the key now, if anything. */
export function keyFindings(state: State): readonly Finding[] {
  const taskIds = [...unproven(state).keys()];
  return [
    ...(state.server.keyRefusedMs === undefined ? [] : [wrongKeyFinding]),
    ...(taskIds.length === 0 ? [] : [notProvenFinding(taskIds)]),
  ];
}

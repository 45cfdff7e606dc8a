// Whether the server accepts the auto-register key: an agent of ours that appears as Pending although it had the key
// shows that it does not (GoCD AgentRegistrationController).

import type { Draft } from "../draft.ts";
import type { Finding } from "../event.ts";
import type { State } from "../state.ts";

const hint =
  "set go-agent.auto-register-key to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>)";

/** An agent of ours has come as Pending: told once, with what it means under these settings. */
export function cameAsPending(draft: Draft, taskId: string, uuid: string): void {
  const { server, settings } = draft.state;
  const isRefused = settings.registersWithKey === true;
  const isNews = isRefused && server.keyRefusedMs === undefined;
  if (isNews) draft.set({ server: { ...server, keyRefusedMs: draft.atMs } });
  const why = settings.registersWithKey === undefined
    ? "the server did not accept its auto-register key, or has none"
    : isRefused
    ? "the server does not know its auto-register key"
    : "go-agent.auto-register-key is not set";
  draft.note({
    level: isNews ? "warning" : "info",
    code: "agent-enabling",
    text: `${taskId} has registered as Pending (${why}); enabling it`,
    hint,
    fields: { taskId, uuid },
  });
}

/** An agent of ours has registered with its key. */
export function keyWorked(draft: Draft): void {
  const { keyRefusedMs, ...server } = draft.state.server;
  if (keyRefusedMs !== undefined) draft.set({ server });
}

/** What an operator should know of the key now, if anything. */
export function keyFindings({ server }: State): readonly Finding[] {
  if (server.keyRefusedMs === undefined) return [];
  return [{
    code: "wrong-auto-register-key",
    message:
      "the GoCD server does not know go-agent.auto-register-key, or the image does not pass it on: agents come as " +
      "Pending and are enabled one by one",
    hint,
  }];
}

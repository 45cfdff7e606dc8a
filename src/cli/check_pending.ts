// What `check` makes of agents of ours that wait to be enabled. Not here: enabling them (core/lifecycle_gocd.ts).
// Called by check.ts.

import type { GocdAgent } from "../core/gocd_records.ts";

/** A warning of `check`. */
export interface PendingWarning {
  /** What is so. */
  readonly text: string;
  /** What to do. */
  readonly hint: string;
}

/** The warning that Pending records of ours call for; `taskIds` are the hostnames of our agents. */
export function pendingWarning(
  agents: readonly GocdAgent[],
  taskIds: ReadonlySet<string>,
  hasKey: boolean,
): PendingWarning | undefined {
  const pending = agents.filter(({ configState, hostname }) => configState === "Pending" && taskIds.has(hostname));
  const [first] = pending;
  if (first === undefined) return undefined;
  const who = pending.length === 1
    ? `${first.hostname} is Pending`
    : `${pending.length} agents of ours are Pending, the first of them ${first.hostname}`;
  return hasKey
    ? {
      text: `${who}: the server does not know go-agent.auto-register-key, or the image does not pass it on`,
      hint:
        "set go-agent.auto-register-key to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>)",
    }
    : { text: `${who}: the running program enables it`, hint: "nothing to do, unless it stays so" };
}

// What `check` reports about the server's agents: those of ours that are waiting to be enabled, and a server without
// any agent in contact.

import type { GocdAgent } from "../core/gocd_records.ts";
import { underOwnNames } from "../core/identity/hostnames.ts";
import type { AgentInstance } from "../core/instance.ts";
import type { AgentProfile } from "../core/settings.ts";
import { notProvenFinding, setKeyHint } from "../core/words/findings.ts";

/** A warning of `check`. */
export interface AgentsWarning {
  /** The finding. */
  readonly text: string;
  /** What to do. */
  readonly hint: string;
}

/** The warning about Pending records with the names of our instances; `profiles`: those of the configuration. */
export function pendingWarning(
  listed: readonly GocdAgent[],
  instances: ReadonlyMap<string, AgentInstance>,
  profiles: readonly Pick<AgentProfile, "name" | "registerKey">[],
): AgentsWarning | undefined {
  const pending = underOwnNames({ instances }, listed).filter(({ configState, hostname }) =>
    configState === "Pending" && instances.has(hostname)
  );
  const doubtful = pending.find(({ proof }) => proof === "missing");
  if (doubtful !== undefined) {
    const { message, hint } = notProvenFinding([doubtful.hostname], []);
    return { text: message, hint };
  }
  const [first] = pending;
  if (first === undefined) return undefined;
  const who = pending.length === 1
    ? `${first.hostname} is Pending`
    : `${pending.length} agents of ours are Pending, the first of them ${first.hostname}`;
  const profile = instances.get(first.hostname)?.profile;
  const registerKey = profiles.find(({ name }) => name === profile)?.registerKey;
  return registerKey === undefined
    ? { text: `${who}: the running program will enable it`, hint: "nothing to do, unless it persists" }
    : {
      text: `${who}: the server does not know the key at ${registerKey}, or the image does not pass it on`,
      hint: setKeyHint(registerKey),
    };
}

/** The warning about a server none of whose enabled agents is in contact. */
export function silenceWarning(agents: readonly GocdAgent[]): AgentsWarning | undefined {
  const enabled = agents.filter(({ configState, elastic }) => configState === "Enabled" && !elastic);
  const count = (state: string): number => enabled.filter(({ agentState }) => agentState === state).length;
  const [missing, lost] = [count("Missing"), count("LostContact")];
  if (enabled.length === 0 || missing + lost < enabled.length) return undefined;
  const who = enabled.length === 1 ? "the only enabled agent is" : `all ${enabled.length} enabled agents are`;
  const states = [[missing, "missing"], [lost, "lost"]].flatMap(([some, word]) =>
    some === 0 ? [] : [`${some} ${word}`]
  );
  return {
    text: `${who} out of contact (${states.join(", ")})`,
    hint: missing > 0
      ? "a server that has just restarted shows this for a minute or two; if it persists, check their machines"
      : "check their machines",
  };
}

// What a GocdAgent is doing, in our terms (GoCD AgentRuntimeStatus and AgentStatus).

import type { GocdAgent } from "../gocd_records.ts";
import type { AgentActivity } from "../instance.ts";

/** What a record shows its agent to do. Anything but plain words is `unsure`: not capacity, not safe to kill. */
export function activityOf(gocdAgent: GocdAgent, before: AgentActivity | undefined, atMs: number): AgentActivity {
  const word = activityWord(gocdAgent);
  const kind = word === "idle" || word === "building" ? word : "unsure";
  const isSame = before?.kind === kind && (before.kind !== "unsure" || before.word === word);
  const sinceMs = isSame ? before.sinceMs : atMs;
  return kind === "unsure" ? { kind, sinceMs, word } : { kind, sinceMs };
}

/** The server has given it a job. */
export function isBuilding({ agentState }: GocdAgent): boolean {
  return agentState === "Building";
}

/** The server takes it for one that talks: the record of a dead agent shows so for up to 300 s. */
export function isHeard(gocdAgent: GocdAgent): boolean {
  const word = activityWord(gocdAgent);
  return gocdAgent.configState !== "Pending" && (word === "idle" || word === "building");
}

/** `idle`, `building`, or the word that makes it neither. */
export function activityWord(gocdAgent: GocdAgent): string {
  const { agentState, buildState } = gocdAgent;
  if (agentState === "Building" || buildState === "Building" || buildState === "Cancelled") return "building";
  if (agentState === "Idle" && buildState === "Idle") return "idle";
  return agentState === "Idle" ? buildState : agentState;
}

// What a GocdAgent is doing, in our terms (GoCD AgentRuntimeStatus and AgentStatus).

import type { GocdAgent } from "../gocd_records.ts";
import type { AgentActivity } from "../instance.ts";

/** The activity of an agent according to its record. Anything unknown is `unsure`: not capacity, not safe to kill. */
export function activityOf(gocdAgent: GocdAgent, before: AgentActivity | undefined, atMs: number): AgentActivity {
  const word = activityWord(gocdAgent);
  const kind = word === "idle" || word === "building" ? word : "unsure";
  const isSame = before?.kind === kind && (before.kind !== "unsure" || before.word === word);
  const sinceMs = isSame ? before.sinceMs : atMs;
  return kind === "unsure" ? { kind, sinceMs, word } : { kind, sinceMs };
}

/** The server has assigned a job to it. */
export function isBuilding({ agentState }: GocdAgent): boolean {
  return agentState === "Building";
}

/** The server treats it as in contact: this is true for up to 300 s after an agent died. */
export function isHeard(gocdAgent: GocdAgent): boolean {
  const word = activityWord(gocdAgent);
  return gocdAgent.configState !== "Pending" && (word === "idle" || word === "building");
}

/** `idle`, `building`, or the state because of which it is neither. */
export function activityWord(gocdAgent: GocdAgent): string {
  const { agentState, buildState } = gocdAgent;
  if (agentState === "Building" || buildState === "Building" || buildState === "Cancelled") return "building";
  if (agentState === "Idle" && buildState === "Idle") return "idle";
  return agentState === "Idle" ? buildState : agentState;
}

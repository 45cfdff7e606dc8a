// Texts for the results of operator commands. They are executed in session/operator.ts.

import type { OperatorEvent } from "../event.ts";
import type { CommandResult } from "../note.ts";
import type { ControlsRecord } from "../record.ts";

/** There is nothing to tear down. */
export const alreadyTornDownText = "there is no framework to tear down: it was torn down before";

/** What a command overrides, or what still holds launching back; empty if there is nothing to report. */
export function sideEffectText(
  { mode, frozen, tornDown }: Pick<ControlsRecord, "mode" | "frozen" | "tornDown">,
  command: OperatorEvent,
): string {
  if (command.kind === "drain-requested") return mode === "teardown" ? "; the teardown is cancelled" : "";
  if (command.kind !== "launching-resumed") return "";
  if (command.profile === undefined) {
    if (tornDown === true) return "; a new framework is registered, as the last one was torn down";
    return mode === "run" ? "" : `; the ${mode} is cancelled`;
  }
  if (mode === "run" && !frozen) return "";
  const why = mode === "run" ? "all launching is frozen" : `the ${mode} continues`;
  return `, but nothing is launched: ${why} until a resume without a profile`;
}

/** The result of a command. */
export function commandText(result: CommandResult): string {
  if (result.kind === "already-torn-down") return alreadyTornDownText;
  if (result.kind === "agent-drained") return agentDrainText(result.taskId);
  if (result.kind === "canary") return canaryAskedText(result.profile);
  const { command, before, isRetried } = result;
  const beside = sideEffectText(before, command);
  switch (command.kind) {
    case "launching-frozen":
      return `launching is frozen${forProfile(command.profile)}`;
    case "launching-resumed":
      return `launching resumes${forProfile(command.profile)}${beside}${
        isRetried ? "; what has failed is retried at once" : ""
      }`;
    case "drain-requested":
      return `draining: nothing is launched, each agent is removed once idle${beside}`;
    case "profile-drain-requested":
      return `draining profile ${command.profile}: its agents are removed once idle, and no others are launched`;
    case "agent-drain-requested":
      return agentDrainText(command.taskId);
    case "canary-requested":
      return canaryAskedText(command.profile);
    case "teardown-requested":
      return command.mode === "now"
        ? "tearing down now: every agent is stopped"
        : "tearing down: the framework is removed once every agent is drained";
    case "settings-changed":
    case "loss-accepted":
    case "shutdown-started":
      return "";
  }
}

function canaryAskedText(profile: string): string {
  return `one agent of profile ${profile} is launched to see whether it works, and removed once it has registered`;
}

function agentDrainText(taskId: string): string {
  return `draining ${taskId}: it is removed once idle; another is launched if jobs need one`;
}

/** The response to a command. */
export function acceptedText(
  command: OperatorEvent,
  before: Pick<ControlsRecord, "mode" | "frozen" | "tornDown">,
): string {
  if (command.kind === "loss-accepted") return "vanished agents are treated as lost: launching and draining resume";
  return commandText({ kind: "switched", command, before, isRetried: false });
}

/** The switches that are set, as clauses. */
export function switchesText({ mode, frozen, frozenProfiles }: ControlsRecord): string {
  return [
    ...(mode === "drain" ? ["draining, nothing is launched"] : []),
    ...(mode === "teardown" ? ["tearing down, the framework is removed once every agent is drained"] : []),
    ...(frozen ? ["all launching is frozen"] : []),
    ...(frozenProfiles.length === 0 ? [] : [`launching of ${frozenProfiles.join(", ")} is frozen`]),
  ].join("; ");
}

function forProfile(profile: string | undefined): string {
  return profile === undefined ? "" : ` for profile ${profile}`;
}

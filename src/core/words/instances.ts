// Texts for what an instance waits for. Its phases are in instance.ts.

import type { AgentInstance, DrainStep, RetireReason } from "../instance.ts";
import { codedEndText } from "./history.ts";
import { timeText } from "./phrases.ts";

const stepTexts: Readonly<Record<DrainStep["kind"], string>> = {
  disabling: "being disabled",
  finishing: "disabled, finishing its job",
  confirming: "disabled and idle, to be removed",
  deleting: "being deleted from the GoCD server",
  enabling: "being enabled again",
  absent: "no longer listed by the GoCD server",
};

function retireText(reason: RetireReason): string {
  return reason === "operator" ? "removed once idle, as requested by an operator" : `to be replaced (${reason})`;
}

/** What is known of the end of an instance, ms since the epoch. */
export interface InstanceOutlook {
  /** An idle one is drained then; absent: that is not known. */
  readonly idleUntilMs?: number;
  /** It is idle, and may be among those that `min-idle` or `headroom` keep. */
  readonly isKept?: true;
  /** A disabled and idle one is removed then. */
  readonly confirmedMs?: number;
  /** A disabled one is stopped then, even if it is still building. */
  readonly stoppedMs?: number;
}

/** A time that the status page counts down to: `at 2026-11-27T12:00:00Z`. */
function atText(atMs: number): string {
  return `at ${timeText(atMs)}`;
}

function idleText({ idleUntilMs, isKept }: InstanceOutlook): readonly string[] {
  if (idleUntilMs === undefined) return [];
  const kept = isKept === true ? ", unless it is kept ready (min-idle, headroom)" : "";
  return [`drained ${atText(idleUntilMs)} if still idle${kept}`];
}

function drainText(step: DrainStep["kind"], { confirmedMs, stoppedMs }: InstanceOutlook): string {
  if (step === "confirming" && confirmedMs !== undefined) {
    return `disabled, removed ${atText(confirmedMs)} if still idle`;
  }
  return step === "finishing" && stoppedMs !== undefined
    ? `${stepTexts[step]}; stopped ${atText(stoppedMs)} at the latest (drain-timeout)`
    : stepTexts[step];
}

/** The text shown next to the state of an instance; empty if there is nothing to say. */
export function instanceText(instance: AgentInstance, outlook: InstanceOutlook = {}): string {
  switch (instance.state) {
    case "launching":
      return `accepted an offer, waiting for Mesos (${instance.launchReason})`;
    case "starting":
      if (instance.pendingUuid !== undefined) return "Pending on the GoCD server, being enabled";
      if (instance.held === true) return "not registered in time, but may be an agent under another name: left running";
      return instance.runningSinceMs === undefined
        ? "pulling the image, starting the container"
        : "container running, not yet registered";
    case "registered": {
      const retire = instance.retire === undefined ? idleText(outlook) : [retireText(instance.retire)];
      if (instance.activity.kind === "unsure") return [`${instance.activity.word}: left alone`, ...retire].join("; ");
      return instance.gap === undefined ? retire.join("; ") : "its record does not show yet what it was launched with";
    }
    case "draining":
      return `${instance.reason === "idle" ? "not needed" : instance.reason}: ${
        drainText(instance.step.kind, outlook)
      }`;
    case "killing":
      return instance.cause;
    case "unreachable":
      return instance.lost === undefined
        ? "Mesos has lost contact with its host"
        : `Mesos has lost it (${instance.lost.message}), but the GoCD server still has contact with it`;
    case "gone":
      return codedEndText({ end: instance.cause, message: instance.message });
  }
}

// Texts for what an instance waits for. Its phases are in instance.ts.

import type { AgentInstance, DrainStep, RetireReason } from "../instance.ts";
import { codedEndText } from "./history.ts";

const stepTexts: Readonly<Record<DrainStep["kind"], string>> = {
  disabling: "being disabled",
  finishing: "disabled, finishing its job",
  confirming: "disabled, removed once it has been idle for scaling.drain-confirm",
  deleting: "being deleted from the GoCD server",
  enabling: "being enabled again",
  absent: "no longer listed by the GoCD server",
};

function retireText(reason: RetireReason): string {
  return reason === "operator" ? "removed once idle, as requested by an operator" : `to be replaced (${reason})`;
}

/** The text shown next to the state of an instance; empty if there is nothing to say. */
export function instanceText(instance: AgentInstance): string {
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
      const retire = instance.retire === undefined ? [] : [retireText(instance.retire)];
      if (instance.activity.kind === "unsure") return [`${instance.activity.word}: left alone`, ...retire].join("; ");
      return instance.gap === undefined ? retire.join("; ") : "its record does not show yet what it was launched with";
    }
    case "draining":
      return `${instance.reason}: ${stepTexts[instance.step.kind]}`;
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

// What is wrong now, in words. Not here: finding it (view/status_view.ts).

import type { Held } from "../demand/reason.ts";
import type { JobVerdict } from "../demand/verdict.ts";
import type { Finding } from "../event.ts";
import type { SessionState, Suspicion } from "../state.ts";
import { suspicionText } from "./causes.ts";
import { gateText } from "./gates.ts";
import { formatDuration } from "./phrases.ts";
import { verdictText } from "./reasons.ts";

/** There is no subscription. */
export function unsubscribed({ kind, reason }: SessionState): Finding {
  return {
    code: `mesos-${kind}`,
    message: gateText({ kind: "held-no-session", ...(reason === undefined ? {} : { why: reason }) }, 0),
    hint: kind === "connecting" ? "retried automatically" : "see the log",
  };
}

/** Nothing is taken down. */
export function brakeOn(suspicion: Suspicion, atMs: number): Finding {
  const { text, hint } = suspicionText(suspicion);
  const forText = formatDuration(atMs - suspicion.sinceMs);
  return { code: "brake-on", message: `${text}; nothing has been taken down for ${forText}`, hint };
}

/** All launches are held back. */
export function launchesHeld(gate: Held, atMs: number): Finding {
  return { code: gate.kind, message: gateText(gate, atMs), hint: "" };
}

/** Launches of a profile fail; `blocked`: why it may not launch now. */
export function profileFailing(profile: string, blocked: string): Finding {
  return {
    code: "profile-failing",
    message: `profile ${profile}: ${blocked}`,
    hint: `check the image and the settings of profile ${profile}`,
    profile,
  };
}

/** Jobs that no profile serves; `first` is one of them. */
export function jobsUnserved(count: number, first: JobVerdict, atMs: number): Finding {
  return {
    code: "jobs-unserved",
    message: `${count} job${count === 1 ? " is" : "s are"} not served by any profile: ${verdictText(first, atMs)}`,
    hint: "add a profile, resources or an environment to the configuration",
  };
}

/** Verdicts of before, while the server cannot be read. */
export function asOfText(reason: string, forMs: number, problem: string): string {
  return `${reason} (as of ${formatDuration(forMs)} ago: ${problem})`;
}

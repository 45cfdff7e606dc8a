// The names of the verdicts. The reasons are in reasons.ts.

import type { VerdictKind } from "../demand/verdict.ts";

/** How a verdict is told. */
export interface VerdictWords {
  /** Its name on the page. */
  readonly label: string;
  /** In a few words. */
  readonly meaning: string;
  /** In a sentence, for `gocd-mesos help verdicts` and the README. */
  readonly help: string;
  /** How it looks. */
  readonly tone: "good" | "busy" | "waiting" | "warning" | "bad" | "quiet";
}

/** Most urgent first, in the order of the page. */
export const verdictWords: Readonly<Record<VerdictKind, VerdictWords>> = {
  "needs-agent": {
    label: "needs agent",
    meaning: "one must be launched",
    help: "a new agent must be launched; the reason says what the launch waits for (polls, limits, offers, a failing " +
      "image)",
    tone: "busy",
  },
  "unserved": {
    label: "unserved",
    meaning: "by any profile",
    help: "no profile has its resources, environment or pipeline group; the reason names the key to change",
    tone: "bad",
  },
  "other-cause": {
    label: "other cause",
    meaning: "another agent would not help",
    help:
      "a matching agent is idle but does not get it, or the server is in maintenance mode: launching would not help",
    tone: "warning",
  },
  "coming": {
    label: "coming",
    meaning: "an agent is starting",
    help: "an agent of ours that is starting will take it",
    tone: "waiting",
  },
  "will-be-taken": {
    label: "will be taken",
    meaning: "by an idle agent",
    help: "an idle agent will take it",
    tone: "good",
  },
  "not-ours": {
    label: "not ours",
    meaning: "pinned to one agent, elastic, or ignored",
    help: "pinned to one agent (run on all agents), of an elastic profile, or excluded by `poller.ignore`",
    tone: "quiet",
  },
};

/** All verdicts, most urgent first. */
export const verdictKinds: readonly VerdictKind[] = Object.keys(verdictWords) as VerdictKind[];

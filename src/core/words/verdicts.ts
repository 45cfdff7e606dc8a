// The names of the verdicts. The reasons are in reasons.ts.

import type { VerdictKind } from "../demand/verdict.ts";

/** What each verdict means, most urgent first, in the order of the page. */
export const verdictWords: Readonly<Record<VerdictKind, { readonly label: string; readonly meaning: string }>> = {
  "needs-agent": { label: "needs agent", meaning: "an agent must be launched for it" },
  "unserved": { label: "unserved", meaning: "no profile has its resources, its environment or its pipeline group" },
  "other-cause": { label: "other cause", meaning: "an agent would not help: it waits for something else" },
  "coming": { label: "coming", meaning: "an agent that is starting will take it" },
  "will-be-taken": { label: "will be taken", meaning: "an idle agent can take it" },
  "not-ours": { label: "not ours", meaning: "pinned to one agent, elastic, or ignored by the configuration" },
};

/** All verdicts, most urgent first. */
export const verdictKinds: readonly VerdictKind[] = Object.keys(verdictWords) as VerdictKind[];

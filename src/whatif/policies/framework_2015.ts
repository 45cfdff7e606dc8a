// The framework of 2015 that gocd-mesos replaces: one agent after more than five polls in a row with any waiting job.

import { nothing, type Policy } from "./policy.ts";

/** The default; an agent is launched only after more polls than this. */
const attempts = 5;

/** The policy. */
export const framework2015: Policy = {
  name: "framework of 2015",
  source: "github.com/ind9/gocd-mesos, src/main/scala/com/indix/mesos: poll delay 120 s, GOCDPoller",
  leavesOut:
    "its agents register only with a key in the configuration, and live until someone stops them; a limit is added",
  everyMs: 120_000,
  isSingleUse: false,
  start: () => {
    let polls = 0;
    return ({ waiting }) => {
      // A server that does not answer counts as one without jobs.
      polls = waiting === undefined || waiting.length === 0 ? 0 : polls + 1;
      if (polls <= attempts) return nothing;
      polls = 0;
      return { launch: 1, end: [] };
    };
  },
};

// Why a profile serves a job, in words.

import { assertEquals } from "@std/assert";
import type { ChosenBy } from "../../../src/core/demand/profile_choice.ts";
import { chosenByText } from "../../../src/core/words/profile_choice.ts";

const cases: readonly (readonly [ChosenBy, string])[] = [
  [
    { kind: "surplus", surplus: 0, over: "large", others: 2 },
    "it has the fewest additional resources (no resource); large has 2",
  ],
  [
    { kind: "surplus", surplus: 1, over: "any" },
    "it has the fewest additional resources (1 resource); any is for any resources",
  ],
  [
    { kind: "priority", priority: 5, over: "slow", others: -1 },
    "its priority is higher (5) than that of slow (-1), which could serve it as well",
  ],
  [
    { kind: "pipeline-group", over: "plain" },
    "it is for the pipeline group of this job, and plain for all groups",
  ],
  [{ kind: "order", over: "twin" }, "it comes first in the configuration; twin could serve it as well"],
];

for (const [by, text] of cases) {
  Deno.test(`why a profile was chosen, by ${by.kind}: ${text}`, () => assertEquals(chosenByText(by), text));
}

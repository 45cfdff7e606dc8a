// What becomes of the waiting jobs, counted in a few words.

import { assertEquals } from "@std/assert";
import type { ReasonCode } from "../../../src/core/demand/reason.ts";
import type { VerdictKind } from "../../../src/core/demand/verdict.ts";
import { fateText } from "../../../src/core/words/acts.ts";
import { fatesOf } from "../../../src/core/words/fates.ts";

const told = (...jobs: (readonly [VerdictKind, ReasonCode])[]): readonly string[] =>
  fatesOf(jobs.map(([verdict, reasonCode]) => ({ verdict, reasonCode })))
    .map(({ verdict, count, text }) => `${verdict}: ${count} ${text}`);

Deno.test("no job has no fate", () => assertEquals(told(), []));

Deno.test("the fate of a single job is looked up by the code of its reason", () => {
  assertEquals([fateText("held-breaker"), fateText("constructor")], ["held by failing launches", undefined]);
});

Deno.test("jobs with the same fate are counted together, whatever the code of their reason", () => {
  assertEquals(told(["needs-agent", "held-breaker"], ["needs-agent", "held-probe"], ["needs-agent", "held-breaker"]), [
    "needs-agent: 3 held by failing launches",
  ]);
});

Deno.test("one text under two verdicts is two fates", () => {
  assertEquals(told(["other-cause", "maintenance"], ["needs-agent", "held-maintenance"]), [
    "needs-agent: 1 held by maintenance of GoCD",
    "other-cause: 1 held by maintenance of GoCD",
  ]);
});

Deno.test("the most urgent verdict comes first, and in it the fate of most jobs", () => {
  assertEquals(
    told(
      ["not-ours", "elastic"],
      ["will-be-taken", "idle-agent"],
      ["coming", "agent-coming"],
      ["other-cause", "zombie"],
      ["unserved", "no-profile"],
      ["needs-agent", "launching"],
      ["needs-agent", "held-limit"],
      ["needs-agent", "held-limit"],
      ["not-ours", "ignored"],
      ["not-ours", "run-on-all"],
    ),
    [
      "needs-agent: 2 held by a limit",
      "needs-agent: 1 to be launched with the next offer",
      "unserved: 1 not served by any profile",
      "other-cause: 1 forgotten by GoCD",
      "coming: 1 for agents that are starting",
      "will-be-taken: 1 for idle agents",
      "not-ours: 3 not ours",
    ],
  );
});

Deno.test("a reason that an older program stored is counted under its code", () => {
  assertEquals(told(["needs-agent", "held-by-an-older-program" as ReasonCode]), [
    "needs-agent: 1 held-by-an-older-program",
  ]);
});

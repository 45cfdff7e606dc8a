// The summary at the end of `demo`.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type DemoOutcome, median, outcomeCode, shortcomings, summaryLines } from "../../src/cli/demo/summary.ts";
import { wrapText } from "../../src/cli/text.ts";

const good: DemoOutcome = {
  end: { kind: "drained" },
  mustDrain: true,
  tookMs: 58_400,
  facts: {
    jobs: [
      { locator: "shop/1/b/1/a", fate: "built", scheduledMs: 0, assignedMs: 2_000, builtMs: 5_000, builder: "x" },
      { locator: "shop/1/b/1/b", fate: "built", scheduledMs: 0, assignedMs: 8_000, builtMs: 9_000, builder: "x" },
      { locator: "desktop/1/b/1/c", fate: "unserved", scheduledMs: 0 },
    ],
    launched: 3,
    started: 2,
    stopped: 2,
    failedLaunches: 1,
    buildsKilled: 0,
    doubleLaunches: 0,
    pendingEnabled: 1,
    strangersTouched: 0,
    tasksLeft: [],
    gocdAgentsLeft: [],
    building: new Map(),
  },
  verdicts: [{
    locator: "desktop/1/b/1/c",
    name: "c",
    gocdResources: ["windows"],
    verdict: "unserved",
    reason: "no profile has resource windows",
    reasonCode: "no-profile-resources",
    firstSeenMs: 0,
  }],
  failures: ["profile arm: pull access denied"],
  reused: 1,
  stored: { alive: 0, tombstones: 3 },
};

Deno.test("the summary of a successful demo shows the counts and PASS", () => {
  assertEquals(summaryLines(good, 100), [
    "summary after 58 s, counted by the simulated servers",
    "  jobs             2 of 2 built; 3 scheduled, 1 of them not served",
    "  waited           median 5.0 s, longest 8.0 s, from scheduled to assigned",
    "  agents           3 launched, 2 ran, 2 stopped; 1 enabled again instead of launching another",
    "  Pending          1 of ours enabled; agents of others changed: 0",
    "  builds killed    0",
    "  failed launches  1",
    "                   profile arm: pull access denied",
    "  left waiting     desktop/1/b/1/c, unserved: no profile has resource windows",
    "  what remains     nothing on Mesos, nothing of ours on the GoCD server; the store remembers 3",
    "                   agents that are gone",
    "",
    "PASS: every job that a profile serves was built, no build was killed, and every agent is gone",
  ]);
  assertEquals(outcomeCode(good), 0);
});

const bad: readonly (readonly [string, Partial<DemoOutcome>, Partial<DemoOutcome["facts"]>])[] = [
  ["not drained within 88 s", { end: { kind: "timeout", limitMs: 88_000 } }, {}],
  ["interrupted before all was drained", { end: { kind: "interrupted" } }, {}],
  ["another instance", { end: { kind: "failed", message: "another instance has taken over" } }, {}],
  ["1 build lost the agent", {}, { buildsKilled: 1 }],
  ["1 task id launched more than once", {}, { doubleLaunches: 1 }],
  ["2 changes of agents that are not ours", {}, { strangersTouched: 2 }],
  ["still on Mesos: gocd-a-1", {}, { tasksLeft: ["gocd-a-1"] }],
  ["still on the GoCD server: gocd-a-1", {}, { gocdAgentsLeft: ["gocd-a-1"] }],
  ["1 living agent in the store", { stored: { alive: 1, tombstones: 0 } }, {}],
  ["not built: shop/1/b/1/z", {}, { jobs: [{ locator: "shop/1/b/1/z", fate: "built", scheduledMs: 0 }] }],
  [
    "built although nothing serves it: d",
    {},
    { jobs: [{ locator: "d", fate: "unserved", scheduledMs: 0, assignedMs: 1, builtMs: 2 }] },
  ],
];

for (const [reason, outcome, facts] of bad) {
  Deno.test(`a demo fails and reports: ${reason}`, () => {
    const failed = { ...good, ...outcome, facts: { ...good.facts, ...facts } };
    assertEquals(outcomeCode(failed), 1);
    assertStringIncludes(shortcomings(failed).join("\n"), reason);
    assertStringIncludes(summaryLines(failed, 300).join("\n"), "FAIL: ");
  });
}

Deno.test("a demo without --exit passes if it is stopped before all agents are gone", () => {
  const stopped: DemoOutcome = {
    ...good,
    end: { kind: "interrupted" },
    mustDrain: false,
    facts: { ...good.facts, tasksLeft: ["gocd-a-1"] },
    stored: { alive: 1, tombstones: 2 },
  };
  assertEquals(outcomeCode(stopped), 0);
  assertStringIncludes(summaryLines(stopped, 200).at(-1) ?? "", "PASS so far");
});

Deno.test("no line of the summary is wider than the terminal or contains control sequences", () => {
  const evil = `\x1b[2J${"word ".repeat(100)}${"x".repeat(300)}\u202e`;
  const outcome = { ...good, failures: [evil] };
  for (const line of summaryLines(outcome, 80)) {
    assert([...line].length <= 80, line);
    assert(!line.includes("\x1b"), line);
  }
});

Deno.test("the median is the middle value, or the mean of the two middle values", () => {
  assertEquals([median([]), median([3]), median([1, 3]), median([1, 2, 9])], [0, 3, 2, 2]);
});

Deno.test("wrapped lines keep their indent", () => {
  assertEquals(wrapText("   one two three", 10), ["   one two", "   three"]);
});

// The words that operators act on: durations, gates, causes. Not here: when each of them is said, and the picture
// (picture_texts_test.ts).

import { mesosSays, mesosSuspicion } from "../instance_fixtures.ts";
import { assertEquals } from "@std/assert";
import { oneLine } from "../../../src/core/text.ts";
import { type LaunchGate, maintenanceMode, type OtherCause } from "../../../src/core/demand/reason.ts";
import { gateText } from "../../../src/core/words/gates.ts";
import { describeNeed, formatDuration } from "../../../src/core/words/phrases.ts";
import { otherCauseText, serverProblemText } from "../../../src/core/words/reasons.ts";
import { minute, problem, second } from "../../support/core.ts";

const hour = 60 * minute;

for (
  const [ms, text] of [
    [-5_000, "0 s"],
    [0, "0 s"],
    [499, "0 s"],
    [500, "1 s"],
    [119_000, "119 s"],
    [120_000, "2 min"],
    [179_000, "2 min"],
    [119 * minute + 59_000, "119 min"],
    [2 * hour, "2 h"],
    [2 * hour + minute, "2 h 1 min"],
    [47 * hour + 59 * minute, "47 h 59 min"],
    [48 * hour, "2 d"],
    [71 * hour, "2 d"],
    [72 * hour, "3 d"],
  ] as const
) {
  Deno.test(`${ms} ms read "${text}"`, () => assertEquals(formatDuration(ms), text));
}

const gates: readonly (readonly [LaunchGate, string])[] = [
  [{ kind: "go" }, ""],
  [
    { kind: "held-attempts", polls: 1, attempts: 2 },
    "seen in 1 poll in a row, launched after more than 2 (poller.attempts)",
  ],
  [
    { kind: "held-attempts", polls: 2, attempts: 2 },
    "seen in 2 polls in a row, launched after more than 2 (poller.attempts)",
  ],
  [{ kind: "held-limit", limit: 5, allowed: 0 }, "limit reached: scaling.max-agents = 5"],
  [
    { kind: "held-limit", limit: 5, allowed: 1 },
    "limit reached: scaling.max-agents = 5, so only 1 now",
  ],
  [
    { kind: "held-breaker", failure: mesosSays("no image"), retryMs: 30 * second, failures: 1 },
    "the last launch failed (no image); retried in 30 s",
  ],
  [
    { kind: "held-breaker", failure: mesosSays("no image"), retryMs: 30 * second, failures: 2 },
    "the last 2 launches failed (no image); retried in 30 s",
  ],
  [
    { kind: "held-probe", failure: mesosSays("no image"), failures: 3 },
    "3 launches failed in a row (no image); one is tried first",
  ],
  [{ kind: "held-frozen" }, "launching is frozen by the operator"],
  [{ kind: "held-frozen", profile: "gpu" }, "launching of profile gpu is frozen by the operator"],
  [{ kind: "held-mode", mode: "drain" }, "draining: nothing is launched"],
  [{ kind: "held-mode", mode: "teardown" }, "tearing down: nothing is launched"],
  [
    { kind: "held-stale", forMs: 11 * minute },
    "no successful poll of the GoCD server for 11 min: launching and draining are paused",
  ],
  [{ kind: "held-maintenance", mode: "drain mode" }, "the GoCD server is in drain mode: no agent could register"],
  [{ kind: "held-restarted" }, "the GoCD server has just restarted and its agents are not back yet"],
  [
    { kind: "held-rate", perMinute: 10 },
    "this GoCD server saves its configuration at each registration: at most 10 launches a minute",
  ],
  [
    { kind: "held-invalid", problem: { what: "resource", name: "a,b", flaw: "characters" } },
    'the GoCD server would refuse an agent with the resource "a,b": only letters, digits, spaces, and - _ . | are allowed',
  ],
  [
    { kind: "held-limit", profile: "default", limit: 5, allowed: 0 },
    "limit reached: go-agent.max-agents = 5",
  ],
  [{ kind: "held-limit", profile: "gpu", limit: 5, allowed: 0 }, "limit reached: profiles.gpu.max-agents = 5"],
  [
    { kind: "held-brake", suspicion: mesosSuspicion },
    "Mesos has lost 1 of our 1 agent, but the GoCD server still has contact with them: it may be another cluster, or its master has lost " +
    "its registry; nothing is launched until they are back",
  ],
  [{ kind: "held-no-session" }, "not subscribed to Mesos: connecting"],
  [{ kind: "held-no-session", why: "no route" }, "not subscribed to Mesos: no route"],
];

for (const [gate, text] of gates) {
  Deno.test(`the gate ${gate.kind} reads "${text}"`, () => assertEquals(gateText(gate, 0), text));
}

const causes: readonly (readonly [OtherCause, string])[] = [
  [
    { kind: "maintenance", mode: "maintenance mode" },
    "the GoCD server is in maintenance mode and assigns no jobs",
  ],
  [
    { kind: "idle-unused", host: "h", idleMs: 3 * minute },
    "agent h matches and has been idle for 3 min, but the server does not give it the job, so another agent would not " +
    "help: look for an elastic profile, a removed pipeline, or messages from GoCD",
  ],
  [
    { kind: "left-before", untilMs: 10 * minute },
    "an idle matching agent did not take it before, so another agent would not help; retried in 9 min",
  ],
  [
    { kind: "zombie", waitedMs: 90 * minute, limitMs: 60 * minute, passedOver: 2, untilMs: 11 * minute },
    "has waited for 90 min (poller.zombie-after = 60 min) while newer jobs of the same kind were taken 2 times; cancel " +
    "its stage if the pipeline or job no longer exists; retried in 10 min",
  ],
];

for (const [cause, text] of causes) {
  Deno.test(`the cause ${cause.kind} says what to do and when it is tried again`, () => {
    assertEquals(otherCauseText(cause, minute), text);
  });
}

for (
  const [kind, code, text] of [
    ["starting", "x", "the GoCD server is starting"],
    ["maintenance", "x", "the GoCD server is in maintenance mode"],
    ["unreachable", "x", "the GoCD server does not answer"],
    ["unreachable", "gocd-backup", "the GoCD server makes a backup"],
    ["refused", "x", "the GoCD server refuses us"],
    ["conflict", "x", "the GoCD server cannot be read"],
    ["missing", "x", "the GoCD server cannot be read"],
    ["unreadable", "x", "the GoCD server cannot be read"],
  ] as const
) {
  Deno.test(`a problem of the kind ${kind} with the code ${code} reads "${text}"`, () => {
    assertEquals(serverProblemText(problem({ kind, code })), text);
  });
}

Deno.test("what a job asks for is told with all resources and the environment", () => {
  assertEquals(describeNeed([], undefined), "no resources");
  assertEquals(describeNeed(["linux", "docker"], undefined), "linux, docker");
  assertEquals(describeNeed(["linux"], "prod"), "linux in environment prod");
});

Deno.test("only GoCD 18.12 calls it drain mode", () => {
  assertEquals(["18.12.0", "19.1.0", "18.1.2", undefined].map(maintenanceMode), [
    "drain mode",
    "maintenance mode",
    "maintenance mode",
    "maintenance mode",
  ]);
});

Deno.test("words of others are one line of three hundred characters at most", () => {
  assertEquals(oneLine("  a\n\tb\u0000c \u007f d "), "a b c d");
  assertEquals(oneLine("status 1; stderr='access is denied\n'"), "status 1; stderr='access is denied'");
  assertEquals(oneLine("stderr='a 'b' is denied\r\n'; gone"), "stderr='a 'b' is denied'; gone");
  assertEquals(oneLine("x".repeat(300)), "x".repeat(300));
  assertEquals(oneLine("x".repeat(301)), `${"x".repeat(300)}…`);
});

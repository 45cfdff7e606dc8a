// The texts that operators act on: durations, gates, causes. Not here: when each of them is used, and the picture
// (picture_texts_test.ts).

import { mesosSays, mesosSuspicion } from "../instance_fixtures.ts";
import { assertEquals, assertMatch } from "@std/assert";
import { oneLine } from "../../../src/core/text.ts";
import { type LaunchGate, maintenanceMode, type Reason } from "../../../src/core/demand/reason.ts";
import type { Failure } from "../../../src/core/life/causes.ts";
import { failureHint, failureText, wholeError } from "../../../src/core/words/causes.ts";
import { briefGateText, gateText, retriedText } from "../../../src/core/words/gates.ts";
import { describeNeed, formatDuration } from "../../../src/core/words/phrases.ts";
import { serverProblemText, verdictText } from "../../../src/core/words/reasons.ts";
import { minute, problem, second } from "../../support/core.ts";

const hour = 60 * minute;

for (
  const [ms, text] of [
    [-5_000, "0 s"],
    [0, "0 s"],
    [499, "0 s"],
    [999, "0 s"],
    [10_999, "10 s"],
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

Deno.test("a failing profile is also reported without its error; of other gates there is not a brief form", () => {
  const failing = { failure: mesosSays("no image"), failures: 4 };
  const brief = (gate: LaunchGate): string => briefGateText(gate) ?? "none";
  assertMatch(brief({ kind: "held-probe", ...failing }), /^4 launches failed in a row; (?!.*no image)/);
  assertMatch(brief({ kind: "held-breaker", retryMs: 0, ...failing }), /^the last 4 launches failed; (?!.*no image)/);
  assertEquals(brief({ kind: "held-frozen" }), "none");
});

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
    "the last launch failed (no image); next try at 1970-01-01T00:00:30Z",
  ],
  [
    { kind: "held-breaker", failure: mesosSays("no image"), retryMs: 30 * second, failures: 2 },
    "the last 2 launches failed (no image); next try at 1970-01-01T00:00:30Z",
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
  Deno.test(`the gate ${gate.kind} reads "${text}"`, () => assertEquals(gateText(gate), text));
}

/** Of a job that profile `gpu` serves, at one minute. */
const reasons: readonly (readonly [Reason, string])[] = [
  [
    { kind: "run-on-all" },
    "runs on all agents: it is pinned to one agent that exists, and no other can take it; cancel it if that agent " +
    "is gone",
  ],
  [{ kind: "elastic", elasticProfile: "k8s" }, "has the elastic profile k8s: an elastic agent plugin serves it"],
  [
    { kind: "needs-unknown", why: "unread", cause: "403" },
    "its resources are unknown, and no agent is launched on a guess: 403",
  ],
  [{ kind: "ignored", pattern: "p/*" }, 'excluded by poller.ignore "p/*"'],
  [{ kind: "resourceless-ignored" }, 'has no resources, and poller.resourceless-jobs is "ignore"'],
  [{ kind: "no-profile" }, "no profile is configured"],
  [{ kind: "idle-agent", names: ["a", "b", "c", "d"] }, "an idle agent can take it: a, b, c and 1 more"],
  [{ kind: "agent-coming", names: ["a"] }, "an agent is on its way: a"],
  [{ kind: "enabling-again" }, "profile gpu: a drained agent is enabled again"],
  [{ kind: "no-fitting-offer", miss: {} }, "profile gpu: no Mesos offer fits: no offers available"],
  [{ kind: "no-offer", role: "ci" }, "profile gpu: Mesos has made no offer to role ci for over a minute"],
  [{ kind: "launching" }, "profile gpu: waiting for a Mesos offer"],
  [{ kind: "held-frozen" }, "profile gpu: launching is frozen by the operator"],
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
    "an idle matching agent did not take it before, so another agent would not help; next try at 1970-01-01T00:10:00Z",
  ],
  [
    { kind: "zombie", waitedMs: 90 * minute, limitMs: 60 * minute, passedOver: 2, untilMs: 11 * minute },
    "has waited for 90 min (poller.zombie-after = 60 min) while newer jobs of the same kind were taken 2 times; cancel " +
    "its stage if the pipeline or job no longer exists; next try at 1970-01-01T00:11:00Z",
  ],
];

for (const [reason, text] of reasons) {
  Deno.test(`the reason ${reason.kind} reads "${text}"`, () => {
    const job = {
      locator: "l",
      name: "j",
      gocdResources: [],
      verdict: "needs-agent",
      profile: "gpu",
      firstSeenMs: 0,
    } as const;
    assertEquals(verdictText({ ...job, reason }), text);
  });
}

const image = "check docker-image and the other settings of profile gpu";
const failures: readonly (readonly [Failure, text: string, hint: string])[] = [
  [mesosSays("no image"), "no image", image],
  [mesosSays("x".repeat(200)), "x".repeat(200), image],
  [mesosSays(`stderr='${"x".repeat(191)}'`), `stderr='${"x".repeat(191)}'`, image],
  [mesosSays("x".repeat(201)), `${"x".repeat(200)}…`, image],
  [mesosSays(`${"x".repeat(200)} stderr='it's gone '`), "it's gone", image],
  [
    mesosSays("Container exited with status 137"),
    "Container exited with status 137",
    `${image}, and its mem (137 is SIGKILL, often because it ran out of memory)`,
  ],
  [
    mesosSays("Container exited with status 143"),
    "Container exited with status 143",
    "its container was stopped by something else (143 is SIGTERM): docker stop, or a shutdown of the host",
  ],
  [
    { kind: "not-running", afterMs: minute },
    "its container was not running 60 s after the launch (scaling.launch-timeout)",
    image,
  ],
  [
    { kind: "not-registered", afterMs: minute },
    "it did not register with the GoCD server within 60 s (register-timeout)",
    image,
  ],
  [
    { kind: "pending", afterMs: minute },
    "it stayed Pending on the GoCD server for 60 s and could not be enabled",
    image,
  ],
  [{ kind: "lost-contact" }, "the GoCD server has lost contact with it", image],
  [
    { kind: "misregistered", got: { gocdResources: ["a"] }, wanted: { gocdResources: ["b"] } },
    "it registered as a, not as b",
    image,
  ],
];

for (const [failure, text, hint] of failures) {
  Deno.test(`a failure ${failure.kind} reads "${text.slice(-60)}", with a hint, and in full only if that is longer`, () => {
    assertEquals([failureText(failure), failureHint(failure, "profile gpu")], [text, hint]);
    const isCut = failure.kind === "mesos" && failure.message !== text;
    assertEquals(wholeError(failure), isCut ? failure.message : undefined);
  });
}

for (
  const [kind, code, text] of [
    ["starting", "x", "the GoCD server is starting"],
    ["maintenance", "x", "the GoCD server is in maintenance mode"],
    ["unreachable", "x", "the GoCD server does not answer"],
    ["unreachable", "gocd-backup", "the GoCD server makes a backup"],
    ["refused", "x", "the GoCD server refuses our requests"],
    ["conflict", "x", "the GoCD server cannot be read"],
    ["missing", "x", "the GoCD server cannot be read"],
    ["unreadable", "x", "the GoCD server cannot be read"],
  ] as const
) {
  Deno.test(`a problem of the kind ${kind} with the code ${code} reads "${text}"`, () => {
    assertEquals(serverProblemText(problem({ kind, code })), text);
  });
}

Deno.test("the needs of a job are reported with all resources and the environment", () => {
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

Deno.test("external text is one line of three hundred characters at most", () => {
  assertEquals(oneLine("  a\n\tb\u0000c \u007f d "), "a b c d");
  assertEquals(oneLine("status 1; stderr='access is denied\n'"), "status 1; stderr='access is denied'");
  assertEquals(oneLine("stderr='a 'b' is denied\r\n'; gone"), "stderr='a 'b' is denied'; gone");
  assertEquals(oneLine("x".repeat(300)), "x".repeat(300));
  assertEquals(oneLine("x".repeat(301)), `${"x".repeat(300)}…`);
});

Deno.test("the reason of a job in a group that no profile serves names its resources only if it has some", () => {
  const reason = { kind: "no-profile-group", nearest: "mobile", pipelineGroup: "web" } as const;
  const told = (...gocdResources: readonly string[]): string =>
    verdictText({ locator: "p", name: "j", gocdResources, verdict: "unserved", reason, firstSeenMs: 0 });
  const rest = "serves pipeline group web: add it to profiles.mobile.pipeline-groups (nearest is profile mobile)";
  assertEquals([told(), told("linux")], [`no profile ${rest}`, `no profile with linux ${rest}`]);
});

Deno.test("a profile that has not recovered is shown with its error and the last output of its container", () => {
  const answer = { kind: "read", text: "disk full" } as const;
  const breaker = { failures: 2, lastFailure: mesosSays("exit 1"), stderr: { taskId: "t", host: "h", answer } };
  assertEquals(
    retriedText(breaker, "due"),
    'the last 2 launches failed (exit 1; its stderr ends with "disk full"); no agent has registered since',
  );
});

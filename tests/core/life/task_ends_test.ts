// What each task state of Mesos means for an instance in each phase: how it ends, what is to blame, what is reported.
// Not here: stories (lifecycle_test.ts, failures_test.ts), agents that the GoCD server is still in contact with
// (doubt_test.ts).

import { assertEquals } from "@std/assert";
import { makeTaskId, parseTaskId, slug } from "../../../src/core/identity/task_id.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { taskStatusUpdated } from "../../../src/core/life/lifecycle_mesos.ts";
import {
  isOver,
  reasonMeaning,
  reasonWords,
  taskMeaning,
  type TaskStatus,
} from "../../../src/core/session/task_status.ts";
import { finished, second, type Told, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

for (
  const [meaning, states] of [
    ["starting", ["TASK_STAGING", "TASK_STARTING"]],
    ["running", ["TASK_RUNNING"]],
    ["killing", ["TASK_KILLING"]],
    ["terminal", ["TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_DROPPED"]],
    ["lost", ["TASK_LOST", "TASK_GONE", "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN"]],
    ["unreachable", ["TASK_UNREACHABLE"]],
    ["unclear", ["TASK_NEW", "", "toString"]],
  ] as const
) {
  Deno.test(`the states ${states.join(", ")} are ${meaning}`, () => {
    for (const state of states) assertEquals(taskMeaning(state), meaning);
    assertEquals(isOver(meaning), meaning === "terminal" || meaning === "lost");
  });
}

Deno.test("reasons of masters before 1.0 say SLAVE for AGENT; unknown reasons decide nothing", () => {
  assertEquals(reasonMeaning("REASON_SLAVE_REMOVED"), "cluster");
  assertEquals([undefined, "", "REASON_NEW", "toString"].map(reasonMeaning), Array(4).fill("unclear"));
  const known = reasonWords.map(reasonMeaning);
  assertEquals([known.length, known.includes("unclear")], [reasonWords.length, false]);
});

/** What an update makes of an instance. */
function after(instance: AgentInstance, changes: Partial<TaskStatus>, atMs = zeroMs + 60 * second): Told {
  const draft = new Draft(stateOf([instance]), atMs, 0.5);
  const status = { taskId: "t", state: "TASK_FAILED", message: "m", mesosAgentId: "s-t", ...changes };
  taskStatusUpdated(draft, status);
  return finished(draft);
}

const launching = anInstance("t", { state: "launching" });
const starting = anInstance("t", { state: "starting", runningSinceMs: zeroMs });
const idle = aRegistered("t", "idle");
const draining = anInstance("t", { state: "draining", uuid: "u", reason: "idle", step: { kind: "finishing" } });
const killing = (cause: "drained" | "register-timeout" | "pending-stuck"): AgentInstance =>
  anInstance("t", { state: "killing", cause });
const unreachable = anInstance("t", { state: "unreachable", uuid: "u" });

const ends: readonly (readonly [string, AgentInstance, Partial<TaskStatus>, string, string])[] = [
  ["launching", launching, {}, "launch-failed", "error launch-failed: t failed to start on h-t: m"],
  ["starting", starting, {}, "launch-failed", "error launch-failed: t failed to start on h-t: m"],
  ["idle", idle, {}, "exited", "error agent-exited: t exited unexpectedly on h-t: m"],
  ["idle", idle, { state: "TASK_FINISHED" }, "exited", "error agent-exited: t exited unexpectedly on h-t: m"],
  ["idle", idle, { state: "TASK_KILLED" }, "lost", "warning agent-lost: t is lost: m"],
  ["starting", starting, { state: "TASK_GONE_BY_OPERATOR" }, "lost", "warning agent-lost: t is lost: m"],
  ["idle", idle, { reason: "REASON_SLAVE_REMOVED" }, "lost", "warning agent-lost: t is lost: m"],
  ["starting", starting, { state: "TASK_LOST" }, "lost", "warning agent-lost: t is lost: m"],
  ["starting", starting, { state: "TASK_KILLED" }, "lost", "warning agent-lost: t is lost: m"],
  ["draining", draining, {}, "stopped", "info agent-stopped: t has stopped"],
  ["draining", draining, { state: "TASK_KILLED" }, "stopped", "info agent-stopped: t has stopped"],
  [
    "killing after a drain",
    killing("drained"),
    { state: "TASK_KILLED" },
    "stopped",
    "info agent-stopped: t has stopped",
  ],
  ["killing after a drain", killing("drained"), { state: "TASK_LOST" }, "stopped", "info agent-stopped: t has stopped"],
  [
    "killing after register-timeout",
    killing("register-timeout"),
    { state: "TASK_KILLED" },
    "never-registered",
    "info agent-stopped: t has stopped; it had never registered with the GoCD server",
  ],
  [
    "killing as it stayed Pending",
    killing("pending-stuck"),
    { state: "TASK_KILLED" },
    "never-registered",
    "info agent-stopped: t has stopped; it had never registered with the GoCD server",
  ],
  ["unreachable", unreachable, {}, "lost", "warning agent-lost: t is lost: m"],
  [
    "launching",
    launching,
    { state: "TASK_DROPPED" },
    "dropped",
    "info launch-dropped: t was not launched on h-t: m; retried automatically",
  ],
  [
    "launching",
    launching,
    { state: "TASK_LOST", reason: "REASON_INVALID_OFFERS" },
    "dropped",
    "info launch-dropped: t was not launched: the offer was gone (m); retried automatically",
  ],
  [
    "launching",
    launching,
    { message: "", reason: "REASON_NEW" },
    "launch-failed",
    "error launch-failed: t failed to start on h-t: REASON_NEW",
  ],
  [
    "launching",
    launching,
    { message: " " },
    "launch-failed",
    "error launch-failed: t failed to start on h-t: TASK_FAILED",
  ],
];

for (const [phase, instance, status, cause, text] of ends) {
  Deno.test(`an instance that is ${phase} and gets ${JSON.stringify(status)} ends as ${cause}`, () => {
    const { state, notes } = after(instance, status);
    const now = state.instances.get("t");
    assertEquals([now?.state, now?.state === "gone" ? now.cause : ""], ["gone", cause]);
    assertEquals(notes.map((note) => `${note.level} ${note.code}: ${note.text}`), [text]);
    assertEquals(notes[0]?.fields, {
      taskId: "t",
      profile: "default",
      host: "h-t",
      state: status.state ?? "TASK_FAILED",
      ...(status.reason === undefined ? {} : { reason: status.reason }),
    });
    const isFault = cause === "launch-failed" || cause === "exited";
    assertEquals([state.breakers.profiles.size, state.breakers.hosts.size], isFault ? [1, 1] : [0, 0]);
  });
}

const unknownToItsHost = {
  state: "TASK_GONE",
  reason: "REASON_RECONCILIATION",
  message: "Task is unknown to the agent",
};

for (
  const [what, createdMs, words] of [
    [
      "before this run",
      zeroMs - 1,
      "the launch was stored, but not sent before the last run ended, or lost in transit",
    ],
    ["in this run", zeroMs, "the launch was lost in transit"],
  ] as const
) {
  Deno.test(`a launch that was stored ${what} and that its host does not know was never launched, and no loss`, () => {
    const instance = { ...launching, createdMs };
    const { state, notes } = after(instance, unknownToItsHost);
    assertEquals(notes.map(({ level, code, text }) => `${level} ${code}: ${text}`), [
      `warning agent-lost: t was never launched on h-t: ${words} (Task is unknown to the agent); retried automatically`,
    ]);
    assertEquals(state.failureWindow, stateOf([instance]).failureWindow);
  });
}

Deno.test("a task that was reported, or whose host is missing, is not known to have never started", () => {
  const text = (instance: AgentInstance, changes: Partial<TaskStatus>): string | undefined =>
    after(instance, { ...unknownToItsHost, ...changes }).notes[0]?.text;
  const lost = "t is lost: Task is unknown to the agent";
  assertEquals(text(starting, {}), lost);
  assertEquals(text(launching, { state: "TASK_UNKNOWN" }), lost);
  assertEquals(text(launching, { reason: "REASON_SLAVE_REMOVED" }), lost);
});

Deno.test("a host that drops or loses launches is remembered, without blaming the profile", () => {
  for (const state of ["TASK_DROPPED", "TASK_LOST"]) {
    const { breakers } = after(launching, { state, reason: "REASON_GC_ERROR" }).state;
    assertEquals([breakers.profiles.size, [...breakers.hosts.keys()]], [0, ["h-t"]]);
  }
  const { breakers } = after(draining, { reason: "REASON_GC_ERROR" }).state;
  assertEquals([breakers.profiles.size, breakers.hosts.size], [0, 0]);
});

Deno.test("a failed start names the image, or the ACL if Mesos may not run it", () => {
  const hint = (reason?: string): string | undefined =>
    after(launching, reason === undefined ? {} : { reason }).notes[0]?.hint;
  assertEquals(hint(), "check docker-image and the other settings of profile default");
  const acl = "let mesos.principal run tasks as mesos.user (ACL run_tasks of the Mesos master)";
  assertEquals([hint("REASON_TASK_UNAUTHORIZED"), hint("REASON_TASK_GROUP_UNAUTHORIZED")], [acl, acl]);
  assertEquals(after(idle, {}).notes[0]?.hint, undefined);
  const ended = (status: number): string | undefined =>
    after(starting, { message: `Container exited with status ${status}` }).notes[0]?.hint;
  assertEquals(
    ended(143),
    "its container was stopped by something else (143 is SIGTERM): docker stop, or a shutdown of the host",
  );
  assertEquals(
    ended(137),
    "check docker-image and the other settings of profile default, and its mem (137 is SIGKILL, often because it " +
      "ran out of memory)",
  );
  assertEquals(ended(3), "check docker-image and the other settings of profile default");
});

Deno.test("a second copy of an ACCEPT that found its offer gone ends nothing that has started: Mesos is asked", () => {
  const { state, notes } = after(starting, { state: "TASK_LOST", reason: "REASON_INVALID_OFFERS" });
  assertEquals([state.instances.get("t"), notes, [...state.reconciliation.pending]], [starting, [], ["t"]]);
});

Deno.test("an end of what has ended changes nothing; an update with a uuid is acknowledged anyway", () => {
  const gone = anInstance("t", { state: "gone", cause: "stopped", message: "x" });
  const { state, effects, notes } = after(gone, { uuid: "q" });
  assertEquals([state.instances.get("t"), notes], [gone, []]);
  assertEquals(effects, [{ kind: "acknowledge-status", taskId: "t", mesosAgentId: "s-t", uuid: "q" }]);
  assertEquals(after(gone, { uuid: "" }).effects, []);
  assertEquals(after(gone, {}).effects, []);
});

const atMs = zeroMs + 60 * second;

for (
  const [name, before, status, want] of [
    ["launching and is staged", launching, "TASK_STAGING", { state: "starting", sinceMs: atMs }],
    ["launching and runs", launching, "TASK_RUNNING", { state: "starting", sinceMs: atMs, runningSinceMs: atMs }],
    [
      "starting and runs",
      anInstance("t", { state: "starting" }),
      "TASK_RUNNING",
      { state: "starting", sinceMs: zeroMs, runningSinceMs: atMs },
    ],
    ["starting and is staged again", starting, "TASK_STAGING", {
      state: "starting",
      sinceMs: zeroMs,
      runningSinceMs: zeroMs,
    }],
    ["starting and runs on", starting, "TASK_RUNNING", { state: "starting", sinceMs: zeroMs, runningSinceMs: zeroMs }],
    [
      "unreachable without a uuid and runs",
      anInstance("t", { state: "unreachable" }),
      "TASK_RUNNING",
      { state: "starting", sinceMs: atMs, runningSinceMs: atMs },
    ],
  ] as const
) {
  Deno.test(`an instance that is ${name} keeps the right clocks`, () => {
    const now = after(before, { state: status }).state.instances.get("t");
    const { state, sinceMs } = now ?? {};
    const running = now?.state === "starting" && now.runningSinceMs !== undefined
      ? { runningSinceMs: now.runningSinceMs }
      : {};
    assertEquals({ state, sinceMs, ...running } as unknown, want);
  });
}

Deno.test("a container that runs is reported once; a host that is reached again, too", () => {
  const texts = (before: AgentInstance, state: string): string[] =>
    after(before, { state }).notes.map(({ text }) => text);
  const runs = ["t runs on h-t; waiting for it to register with the GoCD server"];
  assertEquals([texts(launching, "TASK_RUNNING"), texts(anInstance("t", { state: "starting" }), "TASK_RUNNING")], [
    runs,
    runs,
  ]);
  assertEquals([texts(launching, "TASK_STARTING"), texts(starting, "TASK_RUNNING"), texts(idle, "TASK_RUNNING")], [
    [],
    [],
    [],
  ]);
  assertEquals(texts(unreachable, "TASK_RUNNING"), ["t is back: Mesos reaches host h-t again"]);
});

Deno.test("an unreachable agent is reported once, keeps its uuid, and its clock runs from then", () => {
  const { state, notes } = after(idle, { state: "TASK_UNREACHABLE" });
  assertEquals(notes.map(({ level, text }) => `${level}: ${text}`), [
    "warning: t is unreachable: Mesos has lost contact with host h-t; it is replaced if needed",
  ]);
  const now = state.instances.get("t");
  assertEquals([now?.state, now?.sinceMs, now !== undefined && "uuid" in now && now.uuid], [
    "unreachable",
    atMs,
    "uuid-t",
  ]);
  assertEquals(after(unreachable, { state: "TASK_UNREACHABLE" }).notes, []);
});

for (
  const [name, before, isKilled] of [
    ["idle", idle, true],
    ["launching", launching, true],
    ["killing already", killing("drained"), false],
  ] as const
) {
  Deno.test(`an instance that is ${name} and that Mesos kills ${isKilled ? "is reported as such" : "continues as it was"}`, () => {
    const { state, notes, effects } = after(before, { state: "TASK_KILLING", message: "" });
    const now = state.instances.get("t");
    assertEquals(now?.state === "killing" ? now.cause : "", isKilled ? "by-mesos" : "drained");
    assertEquals(
      notes.map(({ text }) => text),
      isKilled ? ["Mesos stops t: requested by an operator, or its Mesos agent is drained"] : [],
    );
    assertEquals(effects, []);
    if (!isKilled) return;
    assertEquals(after(before, { state: "TASK_KILLING", message: "drained" }).notes[0]?.text, "Mesos stops t: drained");
  });
}

Deno.test("an unknown state is reported and changes nothing", () => {
  const { state, notes } = after(idle, { state: "TASK_NEW" });
  assertEquals(state.instances.get("t"), idle);
  assertEquals(notes.map(({ text, onceKey }) => [text, onceKey]), [
    ["Mesos reports TASK_NEW for t, a state unknown to this program; it is ignored", "TASK_NEW"],
  ]);
});

for (
  const [cause, reason, becomes] of [
    ["lost", "REASON_RECONCILIATION", "starting"],
    ["lost", "REASON_AGENT_REREGISTERED", "starting"],
    ["lost", "REASON_SLAVE_REREGISTERED", "starting"],
    ["lost", undefined, "asked"],
    ["stopped", "REASON_RECONCILIATION", "starting"],
    ["stopped", undefined, "gone"],
    ["dropped", undefined, "starting"],
  ] as const
) {
  Deno.test(`one that was called ${cause} and lives (${reason ?? "an update"}) is ${becomes}`, () => {
    const gone = anInstance("t", { state: "gone", cause, message: "x" });
    const { state, effects, notes } = after(gone, {
      state: "TASK_RUNNING",
      ...(reason === undefined ? {} : { reason }),
    });
    const now = state.instances.get("t");
    assertEquals(now?.state, becomes === "starting" ? "starting" : "gone");
    assertEquals(
      effects,
      becomes === "asked" ? [{ kind: "reconcile-tasks", tasks: [{ taskId: "t", mesosAgentId: "s-t" }] }] : [],
    );
    assertEquals(
      notes.map(({ text }) => text),
      becomes === "starting" ? [`t is alive although Mesos had reported it as ${cause}; it is managed again`] : [],
    );
    assertEquals(state.reconciliation.pending.has("t"), becomes === "starting");
    if (now?.state === "starting") assertEquals(now.runningSinceMs, atMs);
  });
}

for (
  const [profile, text] of [
    ["default", "default"],
    ["GPU_big", "gpu-big"],
    ["--a__b--", "a-b"],
    ["äöü", "p"],
    ["x".repeat(40), "x".repeat(32)],
  ] as const
) {
  Deno.test(`the profile ${profile} is in task ids as ${text}, and is read back`, () => {
    const taskId = makeTaskId({ lineage: "abc123", nextTaskNumber: 7 }, profile);
    assertEquals([slug(profile), taskId], [text, `gocd-abc123-${text}-7`]);
    assertEquals(parseTaskId(taskId), { lineage: "abc123", profileSlug: text, number: 7 });
  });
}

Deno.test("only ids that we could have made are ours", () => {
  const ours = ["gocd-abc123-p-1", `gocd-abc123-${"x".repeat(32)}-${"9".repeat(16)}`, "gocd-abc123-a-b-12"];
  const others = [
    "gocd-abc12-p-1",
    "gocd-abc1234-p-1",
    "gocd-ABC123-p-1",
    "xgocd-abc123-p-1",
    "gocd-abc123-p-1x",
    "gocd-abc123-p-",
    "gocd-abc123--",
    `gocd-abc123-${"x".repeat(33)}-1`,
    `gocd-abc123-p-${"9".repeat(17)}`,
    "other-abc123-p-1",
  ];
  assertEquals([ours.map(parseTaskId).includes(undefined), others.map(parseTaskId)], [
    false,
    others.map(() => undefined),
  ]);
});

// What each word of Mesos means. That the words are all that masters use is held against recordings (tests/mesos).

import { assertEquals } from "@std/assert";
import {
  isOver,
  type ReasonMeaning,
  reasonMeaning,
  reasonWords,
  type TaskMeaning,
  taskMeaning,
} from "../../../src/core/session/task_status.ts";

const states: Readonly<Record<TaskMeaning, readonly string[]>> = {
  starting: ["STAGING", "STARTING"],
  running: ["RUNNING"],
  killing: ["KILLING"],
  terminal: ["FINISHED", "FAILED", "KILLED", "ERROR", "DROPPED"],
  lost: ["LOST", "GONE", "GONE_BY_OPERATOR", "UNKNOWN"],
  unreachable: ["UNREACHABLE"],
  unclear: ["SLEEPING", ""],
};

for (const [meaning, words] of Object.entries(states)) {
  const isEnd = meaning === "terminal" || meaning === "lost";
  Deno.test(`a task is ${meaning}${isEnd ? ", which is permanent," : ""} by these words: ${words}`, () => {
    assertEquals(words.map((word) => taskMeaning(`TASK_${word}`)), words.map(() => meaning));
    assertEquals(isOver(meaning as TaskMeaning), isEnd);
  });
}

const reasons: Readonly<Record<Exclude<ReasonMeaning, "unclear">, readonly string[]>> = {
  offer: ["INVALID_OFFERS"],
  cluster: [
    "AGENT_DISCONNECTED",
    "AGENT_DRAINING",
    "AGENT_REMOVED",
    "AGENT_REMOVED_BY_OPERATOR",
    "AGENT_REREGISTERED",
    "AGENT_RESTARTED",
    "AGENT_UNKNOWN",
    "MASTER_DISCONNECTED",
    "EXECUTOR_REREGISTRATION_TIMEOUT",
    "CONTAINER_PREEMPTED",
    "FRAMEWORK_REMOVED",
  ],
  host: ["CONTAINER_UPDATE_FAILED", "GC_ERROR", "RESOURCES_UNKNOWN"],
  unauthorized: ["TASK_UNAUTHORIZED", "TASK_GROUP_UNAUTHORIZED"],
  task: [
    "COMMAND_EXECUTOR_FAILED",
    "CONTAINER_LAUNCH_FAILED",
    "CONTAINER_LIMITATION",
    "CONTAINER_LIMITATION_DISK",
    "CONTAINER_LIMITATION_MEMORY",
    "EXECUTOR_REGISTRATION_TIMEOUT",
    "EXECUTOR_TERMINATED",
    "EXECUTOR_UNREGISTERED",
    "INVALID_FRAMEWORKID",
    "IO_SWITCHBOARD_EXITED",
    "MAX_COMPLETION_TIME_REACHED",
    "TASK_GROUP_INVALID",
    "TASK_INVALID",
    "TASK_KILLED_DURING_LAUNCH",
    "TASK_UNKNOWN",
  ],
  report: ["RECONCILIATION", "TASK_CHECK_STATUS_UPDATED", "TASK_HEALTH_CHECK_STATUS_UPDATED"],
};

for (const [meaning, words] of Object.entries(reasons)) {
  Deno.test(`reasons that mean ${meaning} do so whether masters say agent or slave`, () => {
    assertEquals(words.map((word) => reasonMeaning(`REASON_${word}`)), words.map(() => meaning));
    assertEquals(
      words.map((word) => reasonMeaning(`REASON_${word.replace("AGENT_", "SLAVE_")}`)),
      words.map(() => meaning),
    );
  });
}

Deno.test("a missing or unknown reason means nothing", () => {
  assertEquals([undefined, "", "REASON_NEW", "constructor"].map(reasonMeaning), Array(4).fill("unclear"));
  assertEquals(reasonWords.toSorted(), Object.values(reasons).flat().map((word) => `REASON_${word}`).sort());
});

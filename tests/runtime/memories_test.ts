// Memories of a run in addition to its state: start times of problems, and lives of instances.

import { assertEquals } from "@std/assert";
import type { Finding } from "../../src/core/event.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import { createLifeLines } from "../../src/runtime/life_lines.ts";
import { createProblemMemory } from "../../src/runtime/problem_memory.ts";

function problem(message: string, more: Partial<Finding> = {}): Finding {
  return { code: "c", message, hint: "h", ...more };
}

Deno.test("a problem starts with the first check that found it, even if its count changes", () => {
  const memory = createProblemMemory();
  const sinceOf = (found: readonly Finding[], atMs: number): (number | undefined)[] =>
    memory.dated(found, atMs).map(({ sinceMs }) => sinceMs);
  assertEquals(sinceOf([problem("3 jobs wait")], 1_000), [1_000]);
  assertEquals(sinceOf([problem("4 jobs wait"), problem("a host is bad")], 2_000), [1_000, 2_000]);
  assertEquals(sinceOf([problem("a host is bad")], 3_000), [2_000]);
  assertEquals(sinceOf([problem("5 jobs wait")], 4_000), [4_000], "it was over, and is there again");
});

Deno.test("an existing start time of a problem is kept, and problems of one profile share their start time", () => {
  const memory = createProblemMemory();
  assertEquals(memory.dated([problem("x", { sinceMs: 7 })], 1_000)[0]?.sinceMs, 7);
  memory.dated([problem("profile linux: no image", { profile: "linux" })], 2_000);
  const [later] = memory.dated([problem("profile linux: no volume", { profile: "linux" })], 3_000);
  assertEquals(later?.sinceMs, 2_000);
});

const identity = {
  taskId: "gocd-1",
  profile: "linux",
  profileHash: "",
  gocdResources: [],
  createdMs: 0,
  launchReason: "",
  mesosAgentId: "S1",
  host: "h1",
} as const;

function seen(...steps: readonly (readonly [number, AgentInstance | undefined])[]): ReturnType<typeof createLifeLines> {
  const lives = createLifeLines();
  for (const [atMs, instance] of steps) {
    lives.seen(new Map(instance === undefined ? [] : [[instance.taskId, instance]]), atMs);
  }
  return lives;
}

const starting: AgentInstance = { ...identity, state: "starting", sinceMs: 1 };
const running: AgentInstance = { ...starting, runningSinceMs: 2 };
const idle: AgentInstance = {
  ...identity,
  state: "registered",
  sinceMs: 3,
  uuid: "u",
  activity: { kind: "idle", sinceMs: 3 },
};
const gone: AgentInstance = { ...identity, state: "gone", sinceMs: 9, cause: "exited", message: "status 1" };

Deno.test("the life of an instance lists each state with its start time", () => {
  const lives = seen([1, starting], [2, running], [3, idle], [4, { ...idle }]);
  const view = { taskId: "gocd-1" } as Parameters<typeof lives.withLives>[0][number];
  assertEquals(lives.withLives([view])[0]?.life, [
    { state: "starting", sinceMs: 1 },
    { state: "registering", sinceMs: 2 },
    { state: "idle", sinceMs: 3 },
  ]);
  assertEquals(lives.finished(), []);
});

Deno.test("an ended instance is listed once with its end, and not listed if Mesos reports it alive", () => {
  const { taskId, profile, host, mesosAgentId, createdMs } = identity;
  const ended = { taskId, profile, host, mesosAgentId, createdMs, endedMs: 9, end: "exited: status 1" };
  const life = [{ state: "starting" as const, sinceMs: 1 }];
  assertEquals(seen([1, starting], [10, gone], [20, undefined]).finished(), [{ ...ended, life }]);
  assertEquals(seen([1, starting], [10, gone], [20, idle]).finished(), []);
});

Deno.test("at most fifty ended instances are listed, latest first", () => {
  const lives = createLifeLines();
  for (let index = 0; index < 120; index++) {
    const instance = { ...gone, taskId: `gocd-${index}`, sinceMs: index };
    lives.seen(new Map([[instance.taskId, instance]]), index);
  }
  assertEquals([lives.finished().length, lives.finished()[0]?.taskId, lives.finished()[49]?.taskId], [
    50,
    "gocd-119",
    "gocd-70",
  ]);
});

Deno.test("the end of a stopped instance is the reason of the stop and not the status of its container", () => {
  const killing: AgentInstance = { ...identity, state: "killing", sinceMs: 8, uuid: "u", cause: "drained" };
  const stopped: AgentInstance = { ...gone, cause: "stopped", message: "Container exited with status 143" };
  assertEquals(seen([3, idle], [8, killing], [9, stopped]).finished()[0]?.end, "stopped: no longer needed");
  const draining: AgentInstance = {
    ...identity,
    ...{ state: "draining", sinceMs: 7, uuid: "u", reason: "idle", step: { kind: "finishing" } },
  };
  assertEquals(seen([7, draining], [9, stopped]).finished()[0]?.end, "stopped: no longer needed", "a short KILL");
  assertEquals(seen([3, idle], [9, stopped]).finished()[0]?.end, "stopped: removed by gocd-mesos");
});

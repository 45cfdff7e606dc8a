// How instances spend their time, as the history counts it.

import { assertEquals } from "@std/assert";
import type { AgentInstance } from "../../src/core/instance.ts";
import { type AgentHours, badHosts, type InstanceLife, sumOfSpent } from "../../src/core/view/history.ts";
import { type LifeBook, type LifeChanges, openLifeBook } from "../../src/history/lives.ts";
import { anInstance } from "../core/instance_fixtures.ts";
import { aLife, beginMs, hour, minute, second } from "./samples.ts";

const at = (ms: number): number => beginMs + ms;
const task = (phase: Parameters<typeof anInstance>[1]): AgentInstance =>
  anInstance("t-1", phase, { createdMs: beginMs, host: "h1" });

const launching = task({ state: "launching", sinceMs: at(0) });
const starting = task({ state: "starting", sinceMs: at(5 * second), runningSinceMs: at(5 * second) });
const registered = (kind: "idle" | "building", sinceMs: number): AgentInstance =>
  task({ state: "registered", sinceMs: at(20 * second), uuid: "u", activity: { kind, sinceMs } });
const idle = registered("idle", at(20 * second));
const building = registered("building", at(40 * second));
const draining = (kind: "disabling" | "finishing", sinceMs: number): AgentInstance =>
  task({
    state: "draining",
    sinceMs,
    uuid: "u",
    reason: "operator",
    step: kind === "disabling" ? { kind, askedMs: sinceMs } : { kind },
  });
const gone = (sinceMs: number): AgentInstance =>
  task({ state: "gone", sinceMs, uuid: "u", cause: "stopped", message: "killed" });

/** Looks at each moment at what there is; everything seconds after the beginning. */
function watched(
  looks: readonly (readonly [ms: number, ...AgentInstance[]])[],
  restored: readonly InstanceLife[] = [],
): LifeChanges {
  const book = openLifeBook(restored);
  for (const [ms, ...instances] of looks) look(book, ms, instances);
  return book.changes();
}

function look(book: LifeBook, ms: number, instances: readonly AgentInstance[]): void {
  book.look(new Map(instances.map((each) => [each.taskId, each])), at(ms));
}

function spent(hours: readonly AgentHours[]): readonly number[] {
  const { starting, idle, busy, draining, other } = sumOfSpent(hours.map(({ spentMs }) => spentMs));
  return [starting, idle, busy, draining, other].map((ms) => ms / second);
}

Deno.test("the time of a life is counted by state, from the moment at which each state started", () => {
  const { lives, hours } = watched([
    [0],
    [second, launching],
    [10 * second, starting],
    [30 * second, idle],
    [50 * second, building],
    [60 * second, draining("disabling", at(55 * second))],
    [70 * second, draining("finishing", at(55 * second))],
    [80 * second, gone(at(75 * second))],
    [90 * second],
  ]);
  assertEquals(spent(hours), [20, 20, 35, 0, 0]);
  assertEquals(lives, [{
    taskId: "t-1",
    profile: "default",
    host: "h1",
    createdMs: beginMs,
    runningMs: at(5 * second),
    registeredMs: at(20 * second),
    endedMs: at(75 * second),
    end: "stopped",
    kill: "drained",
    message: "killed",
    spentMs: { starting: 20 * second, idle: 20 * second, busy: 35 * second, draining: 0, other: 0 },
    builds: 1,
  }]);
});

Deno.test("a draining agent is not counted as idle, and an unreachable one as neither", () => {
  const killing = task({ state: "killing", sinceMs: at(40 * second), cause: "drained" });
  const unreachable = task({ state: "unreachable", sinceMs: at(60 * second), uuid: "u" });
  const { hours } = watched([
    [0, idle],
    [20 * second, idle],
    [30 * second, draining("disabling", at(25 * second))],
    [40 * second, killing],
    [60 * second, unreachable],
    [70 * second, unreachable],
  ]);
  assertEquals(spent(hours), [0, 25, 0, 35, 10]);
});

Deno.test("time is counted for the hour in which it was spent", () => {
  const late = anInstance("t-1", { state: "registered", uuid: "u", activity: { kind: "idle", sinceMs: at(0) } });
  const looks = Array.from({ length: 5 }, (_, index) => [hour - 2 * minute + index * minute, late] as const);
  const { hours } = watched(looks);
  assertEquals(hours.map(({ hourMs, spentMs }) => [hourMs - beginMs, spentMs.idle]), [[0, 2 * minute], [
    hour,
    2 * minute,
  ]]);
});

Deno.test("time without observation is not counted", () => {
  const { hours } = watched([[0, idle], [30 * second, idle], [hour, idle], [hour + second, idle]]);
  assertEquals(spent(hours), [0, 31, 0, 0, 0]);
});

Deno.test("an instance of an earlier run continues with its recorded time", () => {
  const { endedMs: _, end: __, kill: ___, ...before } = aLife("t-1", { builds: 2 });
  const [life] = watched([[0, idle], [10 * second, building]], [before]).lives;
  assertEquals([life?.builds, life?.registeredMs, life?.endedMs], [3, before.registeredMs, undefined]);
  assertEquals((life?.spentMs.idle ?? 0) - before.spentMs.idle, 10 * second);
});

Deno.test("an instance of an earlier run that is missing has ended unobserved", () => {
  const { endedMs: _, end: __, ...before } = aLife("t-9");
  assertEquals(watched([[0, idle]], [before]).lives.find(({ taskId }) => taskId === "t-9"), {
    ...before,
    endedMs: at(0),
    end: "unseen",
  });
});

Deno.test("an instance that disappears has the end of its last seen state", () => {
  const killing = task({ state: "killing", sinceMs: at(0), cause: "register-timeout" });
  const [life] = watched([[0, killing], [second]]).lives;
  assertEquals([life?.endedMs, life?.end, life?.kill], [at(second), "stopped", "register-timeout"]);
  assertEquals(watched([[0, starting], [second]]).lives[0]?.end, "unseen");
});

Deno.test("an instance that is seen again after its end has not ended", () => {
  const [life] = watched([[0, idle], [second, gone(at(second))], [2 * second, idle]]).lives;
  assertEquals([life?.endedMs, life?.end, life?.message], [undefined, undefined, undefined]);
});

Deno.test("a life that only lasts longer is stored at the end, and stored time is not reported again", () => {
  const book = openLifeBook([]);
  look(book, 0, [idle]);
  assertEquals(book.changes().lives.length, 1);
  book.kept();
  look(book, 10 * second, [idle]);
  assertEquals([book.changes().lives.length, spent(book.changes().hours)], [0, [0, 10, 0, 0, 0]]);
  book.kept();
  look(book, 12 * second, [idle]);
  const { lives, hours } = book.everything();
  assertEquals([lives[0]?.spentMs.idle, spent(hours)], [12 * second, [0, 2, 0, 0, 0]]);
});

Deno.test("failures by host count instances that failed, never registered, exited or were lost", () => {
  const lives = (["launch-failed", "never-registered", "exited", "lost", "stopped", "dropped", "unseen"] as const)
    .map((end) => aLife(end, { end, host: "h1" }));
  const other = [aLife("a", { end: "lost", host: "h2" }), aLife("b", { end: "lost", host: "" })];
  const good = aLife("c", { end: "stopped", host: "h3" });
  const bad = [{ host: "h1", failed: 4, ended: 7 }, { host: "h2", failed: 1, ended: 1 }];
  assertEquals(badHosts([...other, good, ...lives], 5), bad);
  assertEquals(badHosts([...other, good, ...lives], 1), bad.slice(0, 1));
});

Deno.test("a job is counted once even if its agent loses contact, and the next job is counted even without a pause", () => {
  const book = openLifeBook([]);
  const seen = (ms: number, kind: "idle" | "building" | "unsure", job?: string): void => {
    const activity = kind === "unsure" ? { kind, sinceMs: at(ms), word: "LostContact" } : { kind, sinceMs: at(ms) };
    const instance = task({ state: "registered", sinceMs: at(0), uuid: "u", activity });
    book.look(new Map([["t-1", instance]]), at(ms), new Map(job === undefined ? [] : [["u", job]]));
  };
  const buildsNow = (): number | undefined => book.changes().lives[0]?.builds;
  book.look(new Map(), at(0));
  seen(second, "idle");
  seen(2 * second, "building", "a");
  seen(3 * second, "unsure");
  seen(4 * second, "building", "a");
  assertEquals(buildsNow(), 1);
  seen(5 * second, "building", "b");
  assertEquals(buildsNow(), 2);
  seen(6 * second, "idle");
  seen(7 * second, "building");
  seen(8 * second, "building", "c");
  assertEquals(buildsNow(), 3, "its name was reported later");
});

// The effect of schedules on a profile, passed in with ticks: launches, drains, notes.

import { assertEquals } from "@std/assert";
import { type OpenWindow, profileNow } from "../../../src/core/demand/windows.ts";
import type { Schedule } from "../../../src/core/settings.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { drive, type Driver, gocdAgent, jobs, linux, minute, offer, only, second, zeroMs } from "../../support/core.ts";

const office: Schedule = { from: "0 7 * * *", to: "0 19 * * *", timeZone: "Europe/Berlin", minIdle: 2 };
const window = (schedule: Schedule, changes: Partial<OpenWindow> = {}): OpenWindow => ({
  profile: "default",
  schedule,
  sinceMs: zeroMs,
  untilMs: zeroMs + 60 * minute,
  ...changes,
});

function tick(world: Driver, ...windows: readonly OpenWindow[]): readonly string[] {
  return world.send({ kind: "tick", windows }).notes.map(({ text }) => text);
}

function scheduled(): Driver {
  const world = drive({ profiles: [{ ...linux, schedules: [office], idleTimeoutMs: minute }] });
  world.subscribe();
  world.poll();
  world.taken();
  return world;
}

Deno.test("the same window reported again changes nothing; one that has started again is reported again", () => {
  const world = scheduled();
  const open = window(office);
  tick(world, open);
  const { demand } = world.state;
  tick(world, open);
  tick(world, window({ ...office }));
  assertEquals([world.state.demand === demand, world.state.windows.size], [true, 1]);
  assertEquals(tick(world, window(office, { sinceMs: zeroMs + 1 })).length, 1);
  assertEquals(tick(world, window({ ...office, minIdle: 3 }, { sinceMs: zeroMs + 1 })).length, 1);
});

Deno.test("when a schedule starts, its idle agents are launched immediately, and the log reports it once", () => {
  const world = scheduled();
  assertEquals(tick(world), []);
  assertEquals(tick(world, window(office)), [
    "profile default keeps min-idle = 2 for 60 min, by the schedule from 0 7 * * * to 0 19 * * * (Europe/Berlin)",
  ]);
  assertEquals(tick(world, window({ ...office })), []);
  world.wait(6 * second, 6 * second);
  assertEquals(world.state.windows.size, 0);
  tick(world, window(office));
  world.offers(offer("h1"));
  const [launch] = only(world.taken(), "accept-offers").flatMap(({ launches }) => launches);
  assertEquals(world.state.instances.size, 2);
  assertEquals(
    world.instance(launch?.taskId ?? "").launchReason,
    "min-idle = 2 by the schedule from 0 7 * * * to 0 19 * * * (Europe/Berlin), 0 ready",
  );
  assertEquals(statusView(world.state, world.atMs).profiles[0]?.kept, [
    "2 idle (min-idle by the schedule from 0 7 * * * to 0 19 * * * (Europe/Berlin))",
  ]);
});

Deno.test("when a schedule is over, its idle agents are removed after idle-timeout, and the log reports it", () => {
  const world = scheduled();
  tick(world, window(office));
  world.offers(offer("h1"));
  const taskIds = [...world.state.instances.keys()];
  for (const taskId of taskIds) world.status(taskId, "TASK_RUNNING");
  const idle = taskIds.map((taskId) => gocdAgent(taskId));
  world.read(...idle);
  const drainingAfter = (...windows: readonly OpenWindow[]): number => {
    world.skip(80 * second);
    tick(world, ...windows);
    world.poll({ agents: idle });
    return [...world.state.instances.values()].filter((each) => each.state === "draining").length;
  };
  assertEquals(drainingAfter(window(office)), 0);
  assertEquals(drainingAfter(window({ ...office, minIdle: 1 }, { sinceMs: zeroMs + 1 })), 1);
  assertEquals(tick(world), [
    "the schedule of profile default from 0 7 * * * to 0 19 * * * (Europe/Berlin) is over",
  ]);
  assertEquals(drainingAfter(), 2);
});

Deno.test("a schedule overrides only the keys that it sets", () => {
  const one = { kind: "count", agents: 1 } as const;
  const profile = { ...linux, minIdle: 3, headroom: one, idleTimeoutMs: minute };
  const now = (values: Partial<Schedule>, own = {}): unknown => {
    const { minIdle: _, ...times } = office;
    const windows = new Map([["default", window({ ...times, ...values })]]);
    const { minIdle, minIdleOf, headroom, idleTimeoutMs } = profileNow({ windows }, { ...profile, ...own });
    return [minIdle, minIdleOf, headroom, idleTimeoutMs];
  };
  assertEquals(now({}), [3, undefined, one, minute]);
  assertEquals(now({ minIdle: 0 }), [0, undefined, one, minute]);
  assertEquals(now({ minIdleOf: { a: 1 }, minIdle: 0 }), [0, { a: 1 }, one, minute]);
  assertEquals(now({ minIdle: 2 }, { minIdle: 0, minIdleOf: { a: 1 } }), [2, undefined, one, minute]);
  assertEquals(now({ idleTimeoutMs: 5 }, { minIdle: 0, minIdleOf: { a: 1 } }), [0, { a: 1 }, one, 5]);
  assertEquals(now({ headroom: { kind: "share", percent: 50 } }), [
    3,
    undefined,
    { kind: "share", percent: 50 },
    minute,
  ]);
});

Deno.test("a schedule stays within the limits, and jobs that wait come first", () => {
  const world = drive({ profiles: [{ ...linux, schedules: [office], maxAgents: 2 }] });
  world.subscribe();
  tick(world, window({ ...office, minIdle: 2 }));
  world.poll({ jobs: jobs(2) });
  world.offers(offer("h1"), offer("h2"));
  const reasons = [...world.state.instances.values()].map(({ bucketKey }) => bucketKey?.startsWith("warm"));
  assertEquals(reasons, [false, false]);
});

Deno.test("a schedule that directly follows another, or whose text has changed, is reported, and the end of the other is not", () => {
  const world = scheduled();
  const told = (...windows: readonly OpenWindow[]): readonly string[] =>
    world.send({ kind: "tick", windows }).notes.map(({ code }) => code);
  const other = { ...office, minIdle: 3 };
  assertEquals([told(), told(window(office)), told(window(other)), told(window(other)), told(), told()], [
    [],
    ["schedule-in-force"],
    ["schedule-in-force"],
    [],
    ["schedule-over"],
    [],
  ]);
  assertEquals(told(window(office), window(office, { profile: "b" })), ["schedule-in-force", "schedule-in-force"]);
  assertEquals([told(window(office, { profile: "b" })), [...world.state.windows.keys()]], [["schedule-over"], ["b"]]);
});

Deno.test("a tick without schedules changes nothing", () => {
  const world = drive();
  const { state } = world;
  assertEquals(world.send({ kind: "tick", windows: [] }).state.windows, state.windows);
});

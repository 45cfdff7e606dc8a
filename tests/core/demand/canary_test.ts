// One agent to see whether a profile works: launched whatever else holds its profile back, removed once it has
// registered, and no supply for any job.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { statusView } from "../../../src/core/view/status_view.ts";
import { canaryAgents } from "../../../src/core/demand/canary.ts";
import { launchBudget } from "../../../src/core/demand/gates.ts";
import type { ScalingSettings } from "../../../src/core/settings.ts";
import {
  drive,
  type Driver,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  second,
  serverInfo,
  zeroMs,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { stateOf } from "../instance_fixtures.ts";

const profiles = [aProfile({ gocdResources: ["linux"], environments: ["prod"] })];

function running(scaling = {}): Driver {
  const world = drive({ profiles, poller: { attempts: 0 }, scaling });
  world.subscribe();
  world.poll();
  return world;
}

function asked(world: Driver): Driver {
  world.send({ kind: "canary-requested", profile: "default" });
  world.wait(second);
  world.taken();
  return world;
}

function launches(world: Driver, host = "h1"): readonly string[] {
  world.offers(offer(host, { cpus: 16, mem: 16_384 }));
  return only(world.taken(), "accept-offers").flatMap(({ launches: all }) => all.map(({ taskId }) => taskId));
}

Deno.test("one agent is launched, once, with the registration of its profile", () => {
  const world = asked(running());
  assertEquals(world.state.demand.wanted, [{
    bucketKey: "canary default",
    profile: "default",
    environment: "prod",
    gocdResources: ["linux"],
    count: 1,
    reason: { kind: "canary" },
  }]);
  assertEquals(launches(world).length, 1);
  world.wait(minute);
  world.poll();
  assertEquals(launches(world, "h2"), []);
  assertEquals(statusView(world.state, world.atMs).instances.map(({ canary }) => canary), [true]);
});

Deno.test("it is removed as soon as it has registered, and counts for no job", () => {
  const world = asked(running());
  const [taskId = ""] = launches(world);
  world.poll({ jobs: jobs(1, { environment: "prod", gocdResources: ["linux"] }) });
  assertEquals(world.verdict("j0").verdict, "needs-agent");
  world.status(taskId, "TASK_RUNNING");
  world.read(gocdAgent(taskId, { gocdResources: ["linux"], environments: [{ name: "prod", origin: "gocd" }] }));
  assertEquals(world.instance(taskId).state, "draining");
  assertEquals(only(world.taken(), "disable-gocd-agents").flatMap(({ agents }) => agents.map((each) => each.taskId)), [
    taskId,
  ]);
});

Deno.test("neither a freeze nor failures of its profile hold it back", () => {
  const world = running();
  world.send({ kind: "launching-frozen" });
  world.send({ kind: "launching-frozen", profile: "default" });
  asked(world);
  const [taskId = ""] = launches(world);
  world.status(taskId, "TASK_FAILED", { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "Failed to pull" });
  assertEquals(world.state.breakers.profiles.get("default")?.failures, 1);
  asked(world);
  assertEquals(launches(world, "h2").length, 1);
});

const holds: readonly (readonly [name: string, hold: (world: Driver) => void])[] = [
  ["a drain", (world) => void world.send({ kind: "drain-requested" })],
  ["maintenance mode", (world) => void world.poll({ server: { ...serverInfo, maintenance: "on" } })],
];
for (const [name, hold] of holds) {
  Deno.test(`${name} holds it back, during a freeze, too`, () => {
    for (const isFrozen of [false, true]) {
      const world = running();
      if (isFrozen) world.send({ kind: "launching-frozen" });
      hold(world);
      asked(world);
      assertEquals(world.state.demand.wanted, []);
    }
  });
}

Deno.test("limits hold it back, and if no offer fits, it is forgotten after ten minutes", () => {
  const full = asked(running({ maxAgents: 0 }));
  assertEquals(full.state.demand.wanted, []);
  const world = asked(running());
  for (let waitedMs = 0; waitedMs < 10 * minute; waitedMs += 30 * second) {
    world.wait(30 * second);
    world.poll();
  }
  assertEquals([world.state.demand.wanted, launches(world)], [[], []]);
});

Deno.test("the request is reported, and an unknown profile is refused", () => {
  const world = running();
  const { notes } = world.send({ kind: "canary-requested", profile: "default" });
  assertStringIncludes(notes[0]?.text ?? "", "one agent of profile default is launched to see whether it works");
  const other = running();
  other.send({ kind: "canary-requested", profile: "nobody" });
  other.wait(second);
  assertEquals(other.state.demand.wanted, []);
});

/** The profiles for which one is launched, of those asked for a while ago. */
function launchedOf(
  names: readonly string[],
  { scaling = {} as Partial<ScalingSettings>, agoMs = 0, launchTimesMs = [] as number[] } = {},
): readonly string[] {
  const all = [
    aProfile({ name: "one" }),
    aProfile({ name: "two" }),
    aProfile({ name: "odd", gocdResources: ["no,name"] }),
    aProfile({ name: "none", maxAgents: 0 }),
  ];
  const state = stateOf([], { canaries: new Map(names.map((name) => [name, zeroMs - agoMs])) }, {
    profiles: all,
    scaling,
  });
  const now = { ...state, offers: { ...state.offers, launchTimesMs } };
  return canaryAgents(now, { budget: launchBudget(now, zeroMs) }, zeroMs).map(({ profile }) => profile);
}

Deno.test("each counts towards the limits, down to the last slot", () => {
  const both = ["one", "two"];
  assertEquals([launchedOf(both), launchedOf(both, { scaling: { maxAgents: 1 } })], [both, ["one"]]);
  assertEquals(launchedOf(["none", "two"]), ["two"]);
  const pace = { scaling: { launchesPerMinute: 1 } };
  assertEquals([launchedOf(both, pace), launchedOf(both, { ...pace, launchTimesMs: [zeroMs] })], [["one"], []]);
});

Deno.test("one that could not register is not launched, nor one that was requested ten minutes ago", () => {
  assertEquals(launchedOf(["odd", "one"]), ["one"]);
  assertEquals([launchedOf(["one"], { agoMs: 10 * minute - 1 }), launchedOf(["one"], { agoMs: 10 * minute })], [
    ["one"],
    [],
  ]);
});

// A KILL that has not worked of an agent that had not registered: each repeat asks again whether it may have one by
// now.

import { assertEquals } from "@std/assert";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  ownPending,
  second,
  watch,
} from "../../support/core.ts";
import { aProfile, plainContainer } from "../../support/placement.ts";

/** One instance that was just launched. */
function launched(mode: "BRIDGE" | "USER" = "BRIDGE"): { readonly world: Driver; readonly taskId: string } {
  const network = mode === "USER" ? { mode, name: "build-net" } : { mode };
  const world = drive({
    profiles: [aProfile({ gocdResources: ["linux"], container: { ...plainContainer, network } })],
  });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const taskId = [...world.state.instances.keys()][0] ?? "";
  world.taken();
  return { world, taskId };
}

const kills = (world: Driver): number => only(world.taken(), "kill-task").length;

const timeouts: readonly (readonly [string, (world: Driver, taskId: string) => void])[] = [
  ["register-timeout", (world, taskId) => void world.status(taskId, "TASK_RUNNING")],
  ["launch-timeout while Mesos is silent", () => {}],
  ["launch-timeout while the image is pulled", (world, taskId) => void world.status(taskId, "TASK_STARTING")],
];
for (const [name, prepare] of timeouts) {
  Deno.test(`an agent of another name that appears once a KILL at ${name} has not worked may be it: no other is sent`, () => {
    const { world, taskId } = launched();
    prepare(world, taskId);
    watch(world, 11 * minute);
    assertEquals([world.instance(taskId).state, kills(world) > 0], ["killing", true]);
    const nameless = gocdAgent("unknown-host-417", building);
    watch(world, 60 * minute, nameless);
    assertEquals([world.instance(taskId).state, kills(world)], ["starting", 0]);
    assertEquals(world.noted().filter(({ code }) => code === "agent-not-told-apart").length, 1);
    watch(world, 15 * minute);
    assertEquals([world.instance(taskId).state, kills(world) > 0], ["killing", true]);
  });
}

Deno.test("a KILL at register-timeout that has not worked is not sent again once the address identifies its agent", () => {
  const { world, taskId } = launched("USER");
  world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.99.0.2"] });
  watch(world, 11 * minute);
  assertEquals([world.instance(taskId).state, kills(world) > 0], ["killing", true]);
  watch(world, 2 * minute, gocdAgent("unknown-host-417", { ...building, ipAddress: "10.99.0.2" }));
  assertEquals([world.instance(taskId).state, kills(world)], ["draining", 0]);
});

Deno.test("a KILL that has not worked is not sent again once its agent has registered, and been disabled by someone", () => {
  const { world, taskId } = launched();
  world.status(taskId, "TASK_RUNNING");
  watch(world, 11 * minute);
  assertEquals([world.instance(taskId).state, kills(world) > 0], ["killing", true]);
  watch(world, 2 * minute, gocdAgent(taskId, { ...building, configState: "Disabled" }));
  assertEquals([world.instance(taskId).state, kills(world)], ["draining", 0]);
});

for (const [what, ...listed] of [["whose record lists lack"], ["that was enabled under another name", "other"]]) {
  Deno.test(`a KILL that has not worked of a Pending agent ${what} is not sent again`, () => {
    const { world, taskId } = launched();
    world.status(taskId, "TASK_RUNNING");
    watch(world, 11 * minute, ownPending(taskId));
    assertEquals([world.instance(taskId).state, kills(world) > 0], ["killing", true]);
    const uuid = `uuid-${taskId}`;
    watch(world, 2 * minute, ...listed.map((name) => gocdAgent(name, { ...building, configState: "Disabled", uuid })));
    assertEquals([world.instance(taskId).state === "killing", kills(world)], [false, 0]);
  });
}

// An agent for a lost build: what else is wanted, and which profiles may be launched.

import { assertEquals } from "@std/assert";
import {
  building,
  type Driver,
  gocdAgent,
  job,
  linux,
  lostContact,
  minute,
  offer,
  only,
  second,
  withIdleAgent,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

function launches(world: Driver): string[] {
  world.offers(offer("h2"));
  return only(world.taken(), "accept-offers").flatMap(({ launches }) => launches.map(({ profile }) => profile.name));
}

Deno.test("a lost build gets its agent although a job waits that no offer fits", () => {
  const big = aProfile({
    name: "big",
    gocdResources: ["gpu"],
    mesosResources: { ...linux.mesosResources, cpusMilli: 999_000 },
  });
  const { world, taskId } = withIdleAgent({ profiles: [linux, big] });
  const waits = [job("g", { gocdResources: ["gpu"] })];
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.status(taskId, "TASK_GONE");
  for (let minutes = 0; minutes < 5; minutes++) {
    world.skip(minute);
    world.poll({ jobs: waits, agents: [gocdAgent(taskId, building)] });
  }
  const got: string[] = [];
  for (let minutes = 0; minutes < 60; minutes++) {
    for (let i = 0; i < 6; i++) {
      world.wait(10 * second);
      got.push(...launches(world));
    }
    world.poll({ jobs: waits, agents: [gocdAgent(taskId, lostContact)] });
  }
  assertEquals(got[0], "default");
});
Deno.test("a lost build gets an agent although its profile is no longer configured", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.status(taskId, "TASK_GONE");
  const other = aProfile({ name: "other", gocdResources: ["linux"] });
  world.send({ kind: "settings-changed", settings: { ...world.state.settings, profiles: [other] } });
  for (let minutes = 0; minutes < 5; minutes++) {
    world.skip(minute);
    world.poll({ agents: [gocdAgent(taskId, building)] });
  }
  world.skip(second);
  world.poll({ agents: [gocdAgent(taskId, lostContact)] });
  world.wait(6 * second);
  assertEquals(launches(world), ["other"]);
});

Deno.test("a lost build gets an agent of another profile while its own is frozen", () => {
  const other = aProfile({ name: "other", gocdResources: ["java"] });
  const { world, taskId } = withIdleAgent({ profiles: [linux, other] });
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.send({ kind: "profile-drain-requested", profile: "default" });
  world.status(taskId, "TASK_GONE");
  for (let minutes = 0; minutes < 5; minutes++) {
    world.skip(minute);
    world.poll({ agents: [gocdAgent(taskId, building)] });
  }
  world.skip(second);
  world.poll({ agents: [gocdAgent(taskId, lostContact)] });
  world.wait(6 * second);
  assertEquals(launches(world), ["other"]);
});

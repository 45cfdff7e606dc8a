// What Mesos keeps under a framework id is remembered, and said once where the configuration now differs.

import { assertEquals, assertMatch } from "@std/assert";
import type { FrameworkRecord, RegisteredAs } from "../../../src/core/record.ts";
import { drive, type Driver, emptyStore, subscribedEvent } from "../../support/core.ts";

const framework: FrameworkRecord = { frameworkId: "f-1", lineage: "abc123", nextTaskNumber: 1 };

function start(stored: FrameworkRecord, registersAs: RegisteredAs): Driver {
  const world = drive({ stored: { ...emptyStore, framework: stored } });
  world.send({ kind: "settings-changed", settings: { ...world.state.settings, registersAs } });
  world.noted();
  world.subscribe();
  return world;
}

const kept = (world: Driver) => world.noted().filter(({ code }) => code === "identity-kept");

Deno.test("a new framework id is stored with the user and principal with which it was registered", () => {
  const world = start({ lineage: "abc123", nextTaskNumber: 1 }, { user: "go", principal: "p" });
  assertEquals(world.state.framework, { ...framework, registeredAs: { user: "go", principal: "p" } });
  assertEquals(kept(world), []);
});

Deno.test("a record without them takes what is configured now", () => {
  const world = start(framework, { user: "go" });
  assertEquals(world.state.framework, { ...framework, registeredAs: { user: "go" } });
  assertEquals(kept(world), []);
});

Deno.test("another user and principal under the same id are a warning with the next act; the record stays", () => {
  const stored = { ...framework, registeredAs: { user: "go", principal: "p" } };
  const world = start(stored, { user: "root" });
  assertEquals(world.state.framework, stored);
  const [note, ...more] = kept(world);
  assertEquals(more, []);
  assertMatch(note?.text ?? "", /f-1 .*mesos\.user is 'go', not 'root', mesos\.principal is 'p', not none$/);
  assertMatch(note?.hint ?? "", /restore the keys, or .*teardown FILE/);
});

Deno.test("another framework id is registered as what is configured now", () => {
  const stored = { ...framework, registeredAs: { user: "go" } };
  const world = start(stored, { user: "root" });
  assertEquals(kept(world).length, 1);
  world.send({ ...subscribedEvent, frameworkId: "f-2" } as typeof subscribedEvent);
  assertEquals(world.state.framework.registeredAs, { user: "root" });
  assertEquals(kept(world), []);
});

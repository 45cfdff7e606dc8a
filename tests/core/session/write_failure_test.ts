// Changes of records that fail although the server is read: a problem as long as they do.

import { assertEquals } from "@std/assert";
import type { GocdEffect } from "../../../src/core/effect.ts";
import type { GocdProblem } from "../../../src/core/event.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { drive, type Driver, minute, problem, second } from "../../support/core.ts";

const agents = [{ taskId: "gocd-abc123-default-1", uuid: "u1" }];
const disable: GocdEffect = { kind: "disable-gocd-agents", agents };
const deletion: GocdEffect = { kind: "delete-gocd-agents", agents };

function failed(world: Driver, kind: GocdProblem["kind"], call = disable): void {
  world.send({
    kind: "gocd-call-failed",
    call,
    problem: problem({ kind, message: "answered 405", hint: "let it pass" }),
  });
}

function shown({ state, atMs }: Driver): readonly string[] {
  return statusView(state, atMs).problems.filter(({ code }) => code === "gocd-writes-refused").map((
    { message, hint },
  ) => `${message} | ${hint}`);
}

Deno.test("a refused change of records is a problem immediately, with its time, until one succeeds", () => {
  const world = drive();
  failed(world, "refused");
  assertEquals(shown(world), ["no GoCD agent could be enabled or disabled for 0 s: answered 405 | let it pass"]);
  world.wait(5 * minute);
  failed(world, "refused");
  assertEquals(shown(world), ["no GoCD agent could be enabled or disabled for 5 min: answered 405 | let it pass"]);
  world.send({ kind: "gocd-call-done", call: { kind: "enable-gocd-agent", taskId: "t", uuid: "u2" } });
  assertEquals(shown(world), []);
});

Deno.test("that an agent can be disabled does not prove that it can be deleted", () => {
  const world = drive();
  failed(world, "refused", deletion);
  world.send({ kind: "gocd-call-done", call: disable });
  assertEquals(shown(world), ["no GoCD agent could be deleted for 0 s: answered 405 | let it pass"]);
  world.send({ kind: "gocd-call-done", call: deletion });
  assertEquals(shown(world), []);
});

Deno.test("an outage that also hits a change is reported by the reads; one of changes alone is reported after a minute", () => {
  const world = drive();
  failed(world, "unreachable");
  world.wait(minute);
  failed(world, "unreachable");
  assertEquals(shown(world), []);
  world.wait(second);
  failed(world, "unreachable");
  assertEquals(shown(world).length, 1);
});

Deno.test("building agents, and a server in maintenance, do not count as refused changes", () => {
  const world = drive();
  for (const kind of ["conflict", "maintenance", "starting"] as const) failed(world, kind, deletion);
  assertEquals(shown(world), []);
});

Deno.test("a failure without an attempt for a quarter of an hour is no longer reported, and starts again", () => {
  const world = drive();
  failed(world, "refused");
  world.wait(15 * minute, minute);
  assertEquals(shown(world).length, 1);
  world.wait(minute);
  assertEquals(shown(world), []);
  failed(world, "refused");
  assertEquals(shown(world), ["no GoCD agent could be enabled or disabled for 0 s: answered 405 | let it pass"]);
});

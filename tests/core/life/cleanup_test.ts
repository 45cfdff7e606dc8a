// The record of a dead instance: disabled and deleted, but never before its job could be given to another.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  confirmDeletes,
  type Driver,
  gocdAgent,
  lostContact,
  minute,
  missing,
  only,
  pending,
  problem,
  second,
  serverInfo,
  withIdleAgent,
} from "../../support/core.ts";

const disabled: Partial<GocdAgent> = { configState: "Disabled" };

function dead(): { readonly world: Driver; readonly taskId: string } {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_FAILED");
  world.taken();
  return { world, taskId };
}

/** The writing calls of a read. */
function acts(world: Driver, ...agents: readonly GocdAgent[]): string[] {
  world.read(...agents);
  return world.taken().flatMap((effect) =>
    effect.kind === "disable-gocd-agents" || effect.kind === "delete-gocd-agents"
      ? [`${effect.kind.split("-")[0]} ${effect.agents.map(({ uuid }) => uuid).join(" ")}`]
      : effect.kind === "enable-gocd-agent"
      ? ["enable"]
      : []
  );
}

Deno.test("the idle record of a dead instance is disabled, then deleted; each request is repeated after 30 s", () => {
  const { world, taskId } = dead();
  assertEquals(acts(world, gocdAgent(taskId)), [`disable uuid-${taskId}`]);
  world.skip(10 * second);
  assertEquals(acts(world, gocdAgent(taskId)), []);
  world.skip(20 * second);
  assertEquals(acts(world, gocdAgent(taskId)), [`disable uuid-${taskId}`]);
  world.skip(30 * second);
  assertEquals(acts(world, gocdAgent(taskId, disabled)), [`delete uuid-${taskId}`]);
  world.skip(30 * second);
  assertEquals(acts(world, gocdAgent(taskId, disabled)), [`delete uuid-${taskId}`]);
  assertEquals(acts(world), []);
});

Deno.test("an instance that died while it built stays enabled until it is LostContact for a minute", () => {
  const { world, taskId } = dead();
  for (let minutes = 0; minutes < 5; minutes++) {
    assertEquals(acts(world, gocdAgent(taskId, building)), []);
    world.skip(minute);
  }
  assertEquals(acts(world, gocdAgent(taskId, lostContact)), []);
  world.skip(59 * second);
  assertEquals(acts(world, gocdAgent(taskId, lostContact)), []);
  world.skip(second);
  assertEquals(acts(world, gocdAgent(taskId, lostContact)), [`disable uuid-${taskId}`]);
  world.skip(30 * second);
  assertEquals(acts(world, gocdAgent(taskId, { ...disabled, ...lostContact })), [`delete uuid-${taskId}`]);
});

Deno.test("if lost builds are checked every 300 s, a lost record is not disabled earlier: it would count as live", () => {
  const { world, taskId } = dead();
  world.poll({ server: { ...serverInfo, slowRegistration: true }, agents: [gocdAgent(taskId, building)] });
  for (let waitedMs = 0; waitedMs < 330 * second; waitedMs += 55 * second) {
    assertEquals(acts(world, gocdAgent(taskId, lostContact)), []);
    world.skip(55 * second);
  }
  assertEquals(acts(world, gocdAgent(taskId, lostContact)), [`disable uuid-${taskId}`]);
});

Deno.test("a disabled record that seems to build is left until it does not", () => {
  const { world, taskId } = dead();
  assertEquals(acts(world, gocdAgent(taskId, { ...disabled, ...building })), []);
  assertEquals(acts(world, gocdAgent(taskId, { ...disabled, ...lostContact })), [`delete uuid-${taskId}`]);
});

Deno.test("a record that appears only after the death is found by its hostname; a Pending one is never enabled", () => {
  const { world, taskId } = dead();
  assertEquals(acts(world, gocdAgent(taskId, { ...pending, uuid: "ghost" })), []);
  assertEquals(acts(world, gocdAgent(taskId, { uuid: "late" })), ["disable late"]);
  world.skip(30 * second);
  assertEquals(acts(world, gocdAgent(taskId, { uuid: "late", ...disabled })), ["delete late"]);
});

Deno.test("all records of one hostname are cleaned up, one after the other", () => {
  const { world, taskId } = dead();
  const second = gocdAgent(taskId, { uuid: "second", ...disabled });
  assertEquals(acts(world, gocdAgent(taskId, disabled), second), [`delete uuid-${taskId}`]);
  assertEquals(acts(world, second), ["delete second"]);
});

Deno.test("an instance is forgotten once lists have lacked its record for ten minutes, not by the clock or by one list", () => {
  const { world, taskId } = dead();
  world.skip(9 * minute);
  assertEquals(acts(world, gocdAgent(taskId, disabled)), [`delete uuid-${taskId}`]);
  world.wait(11 * minute, minute);
  assertEquals(world.state.instances.has(taskId), true);
  const removed = (...agents: readonly GocdAgent[]): boolean =>
    world.read(gocdAgent("stranger"), ...agents).records.some(({ kind }) => kind === "instance-removed");
  assertEquals(removed(), false);
  world.wait(5 * minute, minute);
  assertEquals(removed(), false);
  assertEquals(removed(gocdAgent(taskId, { ...disabled, ...lostContact })), false);
  confirmDeletes(world);
  assertEquals(removed(), false);
  world.wait(10 * minute - second, minute);
  assertEquals(removed(), false);
  world.wait(second);
  assertEquals([removed(), world.state.instances.size], [true, 0]);
});

Deno.test("a disabled record that seems to build long after the death is deleted, or enabled so that its silence is seen", () => {
  const { world, taskId } = dead();
  world.skip(10 * minute);
  assertEquals(acts(world, gocdAgent(taskId, { ...disabled, ...building })), [`delete uuid-${taskId}`]);
  const agents = [{ taskId, uuid: `uuid-${taskId}` }];
  const { effects } = world.send({
    kind: "gocd-call-failed",
    call: { kind: "delete-gocd-agents", agents },
    problem: problem({ kind: "conflict" }),
  });
  assertEquals(effects, [{ kind: "enable-gocd-agent", taskId, uuid: `uuid-${taskId}` }]);
  world.taken();
  assertEquals(acts(world, gocdAgent(taskId, building)), []);
});

Deno.test("records of others are never touched, whatever their state", () => {
  const { world } = dead();
  world.skip(20 * minute);
  const others = [disabled, lostContact, pending, building].map((changes, index) =>
    gocdAgent(`other-${index}`, changes)
  );
  assertEquals(acts(world, ...others), []);
  world.skip(20 * minute);
  assertEquals(acts(world, ...others), []);
});

Deno.test("an idle record of a dead instance is no capacity", () => {
  const { world, taskId } = dead();
  world.poll({ jobs: [{ locator: "p/1/s/1/a", name: "a", gocdResources: ["linux"] }], agents: [gocdAgent(taskId)] });
  assertEquals(world.verdict("a").verdict, "needs-agent");
});

Deno.test("while the record of a dead agent is left, it is read every 10 s, but not forever", () => {
  const { world, taskId } = dead();
  const stuck = gocdAgent(taskId, { ...disabled, ...building });
  let reads = 0;
  for (let at = 0; at < 120; at++) {
    world.wait(minute);
    reads += only(world.taken(), "read-gocd-agents").length;
    world.poll({ agents: [stuck] });
  }
  assertEquals([reads >= 55, reads <= 65], [true, true], `${reads}`);
});

Deno.test("the Missing record of a dead instance is not deleted before its agent has had five minutes to ping", () => {
  const { world, taskId } = dead();
  const record = gocdAgent(taskId, { ...disabled, ...missing });
  for (let at = 0; at < 300; at += 30) {
    assertEquals(acts(world, record), []);
    world.wait(30 * second);
  }
  assertEquals(acts(world, record), [`delete uuid-${taskId}`]);
});

Deno.test("the silence of a lost agent starts again if it is Missing after a restart of the server", () => {
  const { world, taskId } = dead();
  assertEquals(acts(world, gocdAgent(taskId, { ...disabled, ...building })), []);
  for (let at = 0; at < 50; at += 10) {
    acts(world, gocdAgent(taskId, { ...building }));
    world.wait(10 * second);
  }
  assertEquals(acts(world, gocdAgent(taskId, lostContact)), []);
  world.wait(50 * second);
  const record = gocdAgent(taskId, { ...disabled, ...missing });
  assertEquals(acts(world, record), []);
  world.wait(280 * second);
  assertEquals(acts(world, record), [], "its five minutes began with the restart");
});

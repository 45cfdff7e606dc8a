// Maintenance over the wire: windows, inverse offers, and agents that finish first. Through the real client and engine,
// against the strict master, which sends inverse offers like the recorded one did.

import { assert, assertEquals } from "@std/assert";
import { assertNothingRefused, type Scene, withScene } from "../support/mesos_scene.ts";

const minuteMs = 60_000;
const more = "scaling { idle-timeout = 50 minutes, maintenance-lead = 30 minutes }";

function seconds(calls: readonly unknown[], part: string): unknown[] {
  return calls.map((call) => Object(call)[part].filters?.["refuse_seconds"]);
}

async function withBusyAgent(scene: Scene, durationMs: number): Promise<{ taskId: string; mesosAgentId: string }> {
  scene.job("long", durationMs);
  await scene.until(() => scene.cluster.gocd.jobs().some((job) => job.state === "Building"));
  const [{ taskId, mesosAgentId } = { taskId: "", mesosAgentId: "" }] = scene.living();
  return { taskId, mesosAgentId };
}

Deno.test("a host that goes into maintenance is drained, and its inverse offers are declined while a job runs there", async () => {
  await withScene({ more }, async (scene) => {
    const { cluster, wire, scheduler } = scene;
    const { taskId, mesosAgentId } = await withBusyAgent(scene, 4 * minuteMs);
    const nowMs = cluster.clock.nowMs();
    const window = { startMs: nowMs + 20 * minuteMs, durationMs: 60 * minuteMs };
    cluster.mesos.setMaintenance([mesosAgentId], window, nowMs);
    await scene.until(() => wire.of("DECLINE_INVERSE_OFFERS").length > 0);
    assertEquals(seconds(wire.of("DECLINE_INVERSE_OFFERS"), "decline_inverse_offers"), [60]);
    await scene.until(() => cluster.gocd.agents().some((each) => each.configState === "Disabled"));
    // The next job gets an agent on another host, although one is here.
    scene.job("next", 30_000);
    await scene.until(() => scene.living().some((each) => each.mesosAgentId !== mesosAgentId));
    assertEquals(wire.of("KILL").length, 0, "it may finish");
    await scene.until(() => !cluster.running.has(taskId));
    assertEquals(cluster.gocd.tally.completedLocators.has("p/1/s/1/long"), true, "the job was built to its end");
    // Other hosts' inverse offers need no answer of ours; this one's is accepted when the master asks again, if it
    // does.
    await scene.until(() => cluster.clock.nowMs() > nowMs + 10 * minuteMs);
    const declined = wire.of("DECLINE_INVERSE_OFFERS").length;
    assert(declined >= 3 && declined <= 7, `asked and answered about once a minute: ${declined}`);
    const asked = wire.events.filter(({ type }) => type === "INVERSE_OFFERS").length;
    assertEquals(wire.of("ACCEPT_INVERSE_OFFERS").length + declined, asked, "each is answered");
    const told = scheduler.notes.filter(({ code }) => code === "maintenance-requested");
    assert(told[0]?.text.includes("finish their jobs first"), told[0]?.text);
    assertEquals(told.length, 1, "one line in the log");
    assertNothingRefused(scene);
  });
});

Deno.test("an inverse offer for a host without our agents is accepted with a filter of 60 s", async () => {
  await withScene({
    more,
    mesos: { mesosAgents: [{ hostname: "h1", resources: { cpus: 1.5, mem: 800, disk: 9_000 } }] },
  }, async (scene) => {
    const { cluster, wire } = scene;
    // One agent fills the host; a second is wanted, so that what it leaves is offered to us within the window.
    const { mesosAgentId } = await withBusyAgent(scene, 2 * minuteMs);
    scene.job("second", 30_000);
    const nowMs = cluster.clock.nowMs();
    cluster.mesos.setMaintenance([mesosAgentId], { startMs: nowMs + 5 * minuteMs }, nowMs);
    await scene.until(() => scene.living().length === 0);
    // The master asks for what is used or offered: our DECLINE arrives late, so that an offer is out in the next round.
    cluster.mesos.setFaults({ callDelayed: 1, callDelayMsMax: 4_000 });
    await scene.until(() => wire.of("ACCEPT_INVERSE_OFFERS").length > 0);
    cluster.mesos.setFaults({ callDelayed: 0 });
    assertEquals(seconds(wire.of("ACCEPT_INVERSE_OFFERS"), "accept_inverse_offers")[0], 60);
    assertEquals(scene.living(), []);
    assertEquals(cluster.launches.size, 1, "nothing is put on a host that goes away");
    const miss = scene.scheduler.framework.engine.state.offers.nearestMiss.get("default")?.miss;
    assertEquals(miss?.refused?.refusal.kind, "maintenance");
    cluster.mesos.setMaintenance([mesosAgentId], undefined, cluster.clock.nowMs());
    await scene.until(() => cluster.gocd.tally.completedLocators.size === 2);
    assertNothingRefused(scene, { rescinded: true });
  });
});

Deno.test("a maintenance window that is far off drains no agent before maintenance-lead", async () => {
  await withScene({
    more,
    mesos: { mesosAgents: [{ hostname: "h1", resources: { cpus: 4, mem: 8_000, disk: 9_000 } }] },
  }, async (scene) => {
    const { cluster, wire, scheduler } = scene;
    const { taskId, mesosAgentId } = await withBusyAgent(scene, 2 * minuteMs);
    const nowMs = cluster.clock.nowMs();
    cluster.mesos.setMaintenance([mesosAgentId], { startMs: nowMs + 60 * minuteMs }, nowMs);
    await scene.until(() => wire.of("DECLINE_INVERSE_OFFERS").length > 0);
    assert(scheduler.notes.some(({ code }) => code === "maintenance-announced"));
    await scene.until(() => cluster.gocd.agents().some((each) => each.runtime === "Idle"));
    scene.job("second", minuteMs);
    await scene.until(() => cluster.gocd.tally.completedLocators.size === 2);
    assertEquals([...cluster.launches.keys()], [taskId], "the agent there goes on to serve");
    assertEquals(wire.of("DECLINE_INVERSE_OFFERS").length, 1);
    // From the lead on it is drained.
    await scene.until(() => cluster.running.size === 0);
    const drainedMs = cluster.clock.nowMs() - nowMs;
    assert(drainedMs >= 29 * minuteMs && drainedMs <= 40 * minuteMs, `${drainedMs / minuteMs} minutes`);
    assertNothingRefused(scene);
  });
});

Deno.test("an agent that was disabled for a withdrawn maintenance window finishes its job and builds the next one", async () => {
  await withScene({
    more,
    mesos: { mesosAgents: [{ hostname: "h1", resources: { cpus: 4, mem: 8_000, disk: 9_000 } }] },
  }, async (scene) => {
    const { cluster, wire, scheduler } = scene;
    const { taskId, mesosAgentId } = await withBusyAgent(scene, 8 * minuteMs);
    const nowMs = cluster.clock.nowMs();
    cluster.mesos.setMaintenance([mesosAgentId], { startMs: nowMs + 10 * minuteMs, durationMs: 60 * minuteMs }, nowMs);
    await scene.until(() => cluster.gocd.agents().some((each) => each.configState === "Disabled"));
    cluster.mesos.setMaintenance([mesosAgentId], undefined, cluster.clock.nowMs());
    await scene.until(() => scheduler.notes.some(({ code }) => code === "maintenance-taken-back"));
    const asked = wire.of("DECLINE_INVERSE_OFFERS").length;
    // The next job comes when the first is over, while the drain looks a second time: it gets the agent that is there.
    await scene.until(() => cluster.gocd.agents().every((each) => each.runtime === "Idle"));
    scene.job("second", 30_000);
    await scene.until(() => cluster.gocd.tally.completedLocators.size === 2);
    assertEquals([...cluster.launches.keys()], [taskId], "no other agent was launched for it");
    assertEquals(wire.of("DECLINE_INVERSE_OFFERS").length, asked, "Mesos has stopped to ask");
    assertNothingRefused(scene, { rescinded: true });
  });
});

for (const fate of ["lost", "answer-lost"] as const) {
  Deno.test(`a response to an inverse offer that is ${fate} is repeated when Mesos sends the inverse offer again`, async () => {
    await withScene({ more }, async (scene) => {
      const { cluster, wire } = scene;
      const { taskId, mesosAgentId } = await withBusyAgent(scene, 12 * minuteMs);
      await scene.until(() => wire.of("DECLINE").length > 0);
      const nowMs = cluster.clock.nowMs();
      // Nothing else is sent at that time: the next call is the response.
      cluster.mesos.fateOfNextCalls([fate]);
      cluster.mesos.setMaintenance([mesosAgentId], { startMs: nowMs + 10 * minuteMs }, nowMs);
      await scene.until(() => cluster.clock.nowMs() > nowMs + 8 * minuteMs);
      assertEquals(wire.calls.find(({ atMs }) => atMs > nowMs)?.type, "DECLINE_INVERSE_OFFERS");
      const asked = wire.events.filter(({ type }) => type === "INVERSE_OFFERS").length;
      assert(asked >= 5, `asked ${asked} times in eight minutes`);
      assertEquals(scene.scheduler.framework.engine.state.instances.get(taskId)?.retire, "maintenance");
      assertNothingRefused(scene, { rescinded: true, cut: true });
    });
  });
}

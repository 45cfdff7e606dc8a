// All ways in which the event stream breaks: through the real client and engine, against the strict master.

import { assert, assertEquals } from "@std/assert";
import { assertNothingRefused, type Scene, withScene } from "../support/mesos_scene.ts";

const oneHost = [{
  hostname: "zürich-1",
  resources: { cpus: 2, mem: 2_048, disk: 10_000 },
  attributes: [{ name: "café", type: "TEXT", text: { value: "任務 ✓ 🚀" } }],
}];

/** One agent at work, so that each new subscription asks for it and gets a response. */
async function withOneAgent(scene: Scene): Promise<string> {
  scene.job("first", 3_600_000);
  await scene.until(() => scene.cluster.gocd.jobs().some((job) => job.state === "Building"));
  return scene.living()[0]?.taskId ?? "";
}

function assertUntouched({ cluster, living, scheduler }: Scene, taskId: string): void {
  assertEquals(living().map((each) => each.taskId), [taskId]);
  assertEquals([...cluster.running], [taskId], "its container was not touched");
  assertEquals(cluster.mesos.counters.kills, 0);
  assertEquals(cluster.mesos.view().frameworks.length, 1, "it stays the same framework");
  assertEquals(scheduler.framework.engine.state.breakers.hosts.size, 0);
}

Deno.test("a silent stream is closed after five missed heartbeats, and renewed", async () => {
  await withScene({}, async (scene) => {
    const { cluster, scheduler, wire } = scene;
    const taskId = await withOneAgent(scene);
    const before = cluster.mesos.counters.subscriptions;
    const stalledMs = cluster.clock.nowMs();
    cluster.mesos.stallStreams(600_000, stalledMs);
    await scene.until(() => cluster.mesos.counters.subscriptions > before);
    const tookMs = (wire.calls.findLast(({ type }) => type === "SUBSCRIBE")?.atMs ?? 0) - stalledMs;
    assert(tookMs >= 60_000 && tookMs <= 95_000, `five heartbeats of 15 s are 75 s, it took ${tookMs} ms`);
    await scene.until(() => scheduler.framework.engine.state.session.kind === "subscribed");
    await scene.until(() => scheduler.framework.engine.state.reconciliation.pending.size === 0);
    assertUntouched(scene, taskId);
    const told = scheduler.notes.filter(({ code }) => code === "mesos-silent");
    assertEquals(told.length, 1);
    assert(told[0]?.text.includes("has sent nothing for 75 s (5 heartbeats)"), told[0]?.text);
    assertNothingRefused(scene);
  });
});

Deno.test("a silence of four heartbeats does not close the stream", async () => {
  await withScene({}, async (scene) => {
    const { cluster } = scene;
    const taskId = await withOneAgent(scene);
    const before = cluster.mesos.counters.subscriptions;
    const nowMs = cluster.clock.nowMs();
    cluster.mesos.stallStreams(58_000, nowMs);
    await scene.until(() => cluster.clock.nowMs() > nowMs + 110_000);
    assertEquals(cluster.mesos.counters.subscriptions, before);
    assertUntouched(scene, taskId);
  });
});

Deno.test("a connection that drops all packets is closed, and late data does not end the new session", async () => {
  await withScene({}, async (scene) => {
    const { cluster, scheduler } = scene;
    const taskId = await withOneAgent(scene);
    const { engine } = scheduler.framework;
    cluster.network.hold();
    await scene.until(() => engine.state.session.kind === "connecting");
    assert(scheduler.notes.some(({ code }) => code === "mesos-silent"));
    // Tries into the hole end by themselves, too.
    await scene.until(() => scheduler.notes.some(({ text }) => text.includes("no answer within 15 s")));
    cluster.network.release();
    await scene.until(() => engine.state.session.kind === "subscribed");
    const releasedMs = cluster.clock.nowMs();
    await scene.until(() => cluster.clock.nowMs() > releasedMs + 20_000);
    assertEquals(engine.state.session.kind, "subscribed", "answers that come late do not end the new session");
    assertUntouched(scene, taskId);
    assertEquals(cluster.mesos.counters.doubleLaunches, 0);
  });
});

/** Every byte where it matters most, then a stride that meets every kind of place. */
const cuts = [...Array.from({ length: 48 }, (_, index) => index + 1), ...range(49, 1_000, 7)];

function range(from: number, to: number, step: number): number[] {
  return Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);
}

Deno.test("streams cut at any byte neither lose nor change an agent", async () => {
  const more = `profiles { small { resources = [] }, big { resources = [big], cpus = 64 } }`;
  await withScene({ mesos: { mesosAgents: oneHost }, more, bootDelayMs: 2_000 }, async (scene) => {
    const { cluster, wire, scheduler } = scene;
    const taskId = await withOneAgent(scene);
    // Wanted, and nowhere to be placed: so that offers stand in each stream.
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "big", gocdResources: ["big"], durationMs: 1_000 });
    await scene.until(() => scheduler.framework.engine.state.demand.wanted.length > 0);
    const { counters } = cluster.mesos;
    const linesBefore = scheduler.lines.length;
    for (const [index, cutAtByte] of cuts.entries()) {
      const before = counters.subscriptions;
      cluster.mesosHttp.setFaults({ cutAtByte, chunking: index % 2 === 0 ? "joined" : "record" });
      if (index === 0) cluster.mesos.cutStreams(cluster.clock.nowMs());
      cluster.mesosHttp.poke();
      await scene.until(() => counters.subscriptions > before + (index === 0 ? 1 : 0));
    }
    const types = new Set(wire.events.filter(({ subscriptionId }) => subscriptionId > 2).map(({ type }) => type));
    for (const type of ["SUBSCRIBED", "OFFERS", "UPDATE"]) assert(types.has(type), `${type} stood in the streams`);
    cluster.mesosHttp.setFaults({});
    await scene.until(() => scheduler.notes.some(({ code }) => code === "mesos-steady"));
    assertUntouched(scene, taskId);
    assertEquals(counters.offersAccepted, 1);
    const lines = scheduler.lines.slice(linesBefore);
    assert(lines.length < 30, `a broken line of ${cuts.length} sessions is no flood:\n${lines.join("\n")}`);
    cluster.mesos.addMesosAgent(
      { hostname: "h-big", resources: { cpus: 64, mem: 8_192, disk: 10_000 } },
      cluster.clock.nowMs(),
    );
    await scene.until(() => cluster.gocd.tally.completedLocators.size > 0);
    assertNothingRefused(scene, { cut: true });
  });
});

for (const chunking of ["byte", "joined"] as const) {
  Deno.test(`an agent is launched, builds and is removed over a stream in chunks by ${chunking}`, async () => {
    await withScene({ wire: { chunking }, more: "scaling.idle-timeout = 5 seconds" }, async (scene) => {
      const { cluster } = scene;
      scene.job("j");
      await scene.until(() => cluster.gocd.tally.completedLocators.size === 1);
      await scene.until(() => cluster.running.size === 0 && cluster.gocd.agents().length === 0);
      assertEquals(cluster.mesos.counters.subscriptions, 1);
      assertEquals(cluster.launches.size, 1);
      assertNothingRefused(scene);
    });
  });
}

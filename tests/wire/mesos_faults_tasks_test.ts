// Tasks whose updates come late, twice, out of order or not at all: through the real client and engine, against the
// strict master with scripted and with random faults.

import { assert, assertEquals } from "@std/assert";
import { assertNothingRefused, type Scene, withScene } from "../support/mesos_scene.ts";
import type { Plain } from "../../src/sim/mesos/sim_mesos.ts";

const quickDown = "scaling.idle-timeout = 10 seconds";

function part(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => Object(inner)[key], value);
}

/** `task uuid` of each update delivered with a uuid, and of each acknowledgement. */
function booksOf({ wire }: Scene): { readonly delivered: string[]; readonly acknowledged: string[] } {
  const key = (of: unknown): string => `${part(of, "task_id", "value")} ${part(of, "uuid")}`;
  return {
    delivered: wire.events.filter(({ type }) => type === "UPDATE")
      .map(({ event }) => part(event, "update", "status"))
      .filter((status) => String(part(status, "uuid") ?? "") !== "").map(key).sort(),
    acknowledged: wire.of("ACKNOWLEDGE").map((call: Plain) => key(call["acknowledge"])).sort(),
  };
}

/** The order in which an instance may pass its states; `unreachable` may come and go before the end. */
const order = ["launching", "starting", "registered", "draining", "killing", "gone"];

function assertNoWayBack({ states }: Scene): void {
  for (const [taskId, seen] of states) {
    const ranks = seen.map((state) => order.indexOf(state));
    const isForward = ranks.every((rank, index) => rank > (ranks[index - 1] ?? -1));
    assert(isForward, `${taskId} went ${seen.join(" → ")}`);
  }
}

async function builtAndGone(scene: Scene, jobs: number): Promise<void> {
  const { cluster } = scene;
  await scene.until(() => cluster.gocd.tally.completedLocators.size === jobs);
  await scene.until(() => scene.living().length === 0 && cluster.gocd.agents().length === 0);
  await allAcknowledged(scene);
}

async function allAcknowledged({ cluster, until }: Scene): Promise<void> {
  await until(() => cluster.mesos.view().tasks.every(({ unacknowledged }) => unacknowledged === 0));
}

Deno.test("updates that arrive twice, late and out of order are each acknowledged, and no agent returns to an earlier state", async () => {
  const faults = { updateDuplicated: 0.6, updateDelayed: 0.6, eventDelayMsMax: 90_000, updateLost: 0.2 };
  await withScene({ mesos: { faults }, more: quickDown }, async (scene) => {
    const { cluster } = scene;
    for (let number = 0; number < 8; number++) scene.job(`j${number}`, 30_000);
    await builtAndGone(scene, 8);
    // The last duplicates.
    const endMs = cluster.clock.nowMs() + 91_000;
    await scene.until(() => cluster.clock.nowMs() > endMs);
    const { delivered, acknowledged } = booksOf(scene);
    assertEquals(acknowledged, delivered);
    assert(delivered.length > new Set(delivered).size, "some did come twice");
    assertNoWayBack(scene);
    assertEquals(cluster.launches.size, 8, "one agent for each job, none for a second copy of an update");
    assertEquals(cluster.mesos.counters.doubleLaunches, 0);
    assertEquals(cluster.gocd.tally.buildsKilled, []);
    assertEquals([...scene.scheduler.framework.engine.state.breakers.profiles.keys()], []);
  });
});

Deno.test("a launch whose RESCIND overtakes the ACCEPT is dropped and retried at once, without blame", async () => {
  let cluster: Scene["cluster"] | undefined;
  let dropsLeft = 3;
  const onRequest = (what: string): void => {
    if (what !== "ACCEPT" || cluster === undefined || dropsLeft === 0) return;
    dropsLeft--;
    // The ACCEPT was answered, but is carried out only after this.
    cluster.mesos.rescindOffers(cluster.clock.nowMs());
    if (dropsLeft === 0) cluster.mesos.setFaults({ callDelayed: 0 });
  };
  const mesos = { faults: { callDelayed: 1, callDelayMsMax: 400 } };
  await withScene({ mesos, onRequest, more: quickDown }, async (scene) => {
    cluster = scene.cluster;
    scene.job("j");
    await builtAndGone(scene, 1);
    assertEquals(dropsLeft, 0);
    assertEquals(scene.wire.of("ACCEPT").length, 4);
    const dropped = scene.scheduler.notes.filter(({ code }) => code === "launch-dropped");
    assertEquals(dropped.map(({ level }) => level), ["info", "info", "info"]);
    assertEquals(cluster.launches.size, 1);
    const { breakers } = scene.scheduler.framework.engine.state;
    assertEquals([breakers.profiles.size, breakers.hosts.size], [0, 0]);
    assertEquals(scene.scheduler.notes.filter(({ level }) => level === "error"), []);
    assertEquals(cluster.mesos.view().offers.length, 0, "no offer is left lying");
    assertNothingRefused(scene, { rescinded: true });
  });
});

Deno.test("offers rescinded at random and late calls lose no job and no offer", async () => {
  const mesos = { faults: { rescind: 0.5, callDelayed: 0.5, callDelayMsMax: 1_500 } };
  await withScene({ mesos, more: quickDown }, async (scene) => {
    for (let number = 0; number < 6; number++) scene.job(`j${number}`, 10_000);
    await builtAndGone(scene, 6);
    assertNoWayBack(scene);
    assertNothingRefused(scene, { rescinded: true });
  });
});

Deno.test("the agent of an unreachable Mesos agent is replaced at once, and is not killed when it returns", async () => {
  await withScene({ more: quickDown, mesos: { timing: { mesosAgentLostMs: 20_000 } } }, async (scene) => {
    const { cluster, scheduler } = scene;
    const { engine } = scheduler.framework;
    scene.job("long", 200_000);
    await scene.until(() => cluster.gocd.jobs().some((job) => job.state === "Building"));
    const lost = scene.living()[0];
    const hostId = lost?.mesosAgentId ?? "";
    cluster.mesos.silenceMesosAgent(hostId, cluster.clock.nowMs());
    await scene.until(() => engine.state.instances.get(lost?.taskId ?? "")?.state === "unreachable");
    assert(scene.wire.events.some(({ type }) => type === "FAILURE"));
    // Demand meanwhile is served by another host, although one agent is on record.
    scene.job("next", 20_000);
    await scene.until(() => scene.living().some((each) => each.mesosAgentId !== hostId));
    assertEquals(scene.living().filter((each) => each.mesosAgentId === hostId).length, 1, "its identity is held");
    cluster.mesos.returnMesosAgent(hostId, "alive", cluster.clock.nowMs());
    await scene.until(() => scheduler.notes.some(({ code }) => code === "agent-returned"));
    assertEquals(cluster.mesos.counters.kills, 0, "what may be building is not killed");
    await builtAndGone(scene, 2);
    assertEquals(cluster.gocd.tally.buildsKilled, []);
    assertEquals(engine.state.breakers.hosts.size, 0);
  });
});

const endings: readonly (readonly [
  name: string,
  act: (mesos: Scene["cluster"]["mesos"], id: string, nowMs: number) => void,
  state: string,
])[] = [
  [
    "is marked as gone by an operator",
    (mesos, id, nowMs) => mesos.markMesosAgentGone(id, nowMs),
    "TASK_GONE_BY_OPERATOR",
  ],
  ["unregisters", (mesos, id, nowMs) => mesos.unregisterMesosAgent(id, nowMs), "TASK_LOST"],
  ["starts again with an empty disk", (mesos, id, nowMs) => void mesos.wipeMesosAgent(id, nowMs), "TASK_LOST"],
];

for (const [name, act, state] of endings) {
  Deno.test(`the tasks of a Mesos agent that ${name} are replaced (${state}), and neither host nor image is blamed`, async () => {
    await withScene({ more: quickDown }, async (scene) => {
      const { cluster, scheduler, wire } = scene;
      // No other agent is there: the server puts no build back before one is in contact (rescheduleHungJobs).
      scene.job("j");
      await scene.until(() => cluster.gocd.jobs().some((job) => job.state === "Building"));
      const lost = scene.living()[0];
      act(cluster.mesos, lost?.mesosAgentId ?? "", cluster.clock.nowMs());
      await scene.until(() => scheduler.notes.some(({ code }) => code === "agent-lost"));
      const told = wire.events.filter(({ type }) => type === "UPDATE")
        .map(({ event }) => part(event, "update", "status", "state"));
      assert(told.includes(state), told.join());
      await scene.until(() => cluster.gocd.tally.completedLocators.size === 1);
      assertEquals(cluster.launches.size, 2);
      const { breakers } = scheduler.framework.engine.state;
      assertEquals([breakers.profiles.size, breakers.hosts.size], [0, 0]);
      await scene.until(() => scene.living().length === 0);
      await allAcknowledged(scene);
      const { delivered, acknowledged } = booksOf(scene);
      assertEquals(acknowledged, delivered);
    });
  });
}

Deno.test("a launch that never reaches its Mesos agent is reconciled and replaced", async () => {
  await withScene({ more: `${quickDown}, scaling.launch-timeout = 2 minutes` }, async (scene) => {
    const { cluster } = scene;
    cluster.mesos.setFaults({ launchLost: 1 });
    scene.job("j");
    await scene.until(() => scene.wire.of("ACCEPT").length === 1);
    const [first] = scene.living();
    await scene.until(() =>
      scene.wire.of("RECONCILE").some((call) => JSON.stringify(call).includes(first?.taskId ?? "?"))
    );
    cluster.mesos.setFaults({ launchLost: 0 });
    await scene.until(() => cluster.gocd.tally.completedLocators.size === 1);
    assertEquals([...cluster.launches.keys()].includes(first?.taskId ?? ""), false);
    assertEquals(cluster.launches.size, 1);
  });
});

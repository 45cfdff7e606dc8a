// The leading master changes: redirects to a dead master, without a scheme and in circles; recovering masters; the time
// that it takes. Through the real client and engine, against three strict masters with listeners that really close and
// open.

import { assert, assertEquals } from "@std/assert";
import {
  accepted,
  type AskedRequest,
  openStream,
  refusal,
  type ScriptedMaster,
  startMasterOn,
  subscribed,
} from "../support/scripted_master.ts";
import type { VirtualServers } from "../support/cluster.ts";
import { canSwallow, startSwallowingHost } from "../support/swallowing_host.ts";
import {
  assertNothingRefused,
  type Scene,
  type SceneOptions,
  type SocketSceneOptions,
  withScene,
  withSocketScene,
} from "../support/mesos_scene.ts";

const three: Omit<SceneOptions, "masters"> & Pick<SocketSceneOptions, "masters"> = {
  mesos: {
    masters: Array.from({ length: 3 }, () => ({ hostname: "127.0.0.1", port: 0 })),
    timing: { mesosAgentReregisterMs: 500 },
  },
  masters: ({ mesosHttp }) => mesosHttp.ports.map((port) => `127.0.0.1:${port}`).join(","),
  bootDelayMs: 2_000,
};

/**
 * How long after the new leader's first possible answer the framework is subscribed with it, ms of the cluster's time.
 */
async function failover(
  scene: Scene,
  how: Parameters<Scene["cluster"]["mesos"]["failMaster"]>[0],
): Promise<{ readonly tookMs: number; readonly tries: number }> {
  const { cluster, wire, scheduler } = scene;
  const { engine } = scheduler.framework;
  const before = cluster.mesos.counters.subscriptions;
  const diedMs = cluster.clock.nowMs();
  const first = wire.calls.length;
  cluster.mesos.failMaster(how, diedMs);
  cluster.mesosHttp.poke();
  await scene.until(() => cluster.mesos.counters.subscriptions > before);
  await scene.until(() => engine.state.session.kind === "subscribed" && engine.state.session.sinceMs > diedMs);
  const answersMs = diedMs + (how.electionMs ?? 9_700) + (how.recoveryMs ?? 500);
  const tries = wire.calls.slice(first).filter(({ type }) => type === "SUBSCRIBE");
  return { tookMs: engine.state.session.sinceMs - answersMs, tries: tries.length };
}

async function withBusyAgent(scene: Scene): Promise<string> {
  scene.job("long", 3_600_000);
  await scene.until(() => scene.cluster.gocd.jobs().some((job) => job.state === "Building"));
  return scene.living()[0]?.taskId ?? "";
}

const failovers: readonly (readonly [string, Parameters<Scene["cluster"]["mesos"]["failMaster"]>[0]])[] = [
  ["the followers still redirect to the dead leader", { next: 1 }],
  ["the followers redirect to the dead leader for two seconds after the election", {
    next: 2,
    electionMs: 3_000,
    staleRedirectMs: 5_000,
  }],
  ["the new leader recovers and responds 503", { next: 1, electionMs: 1_000, recoveryMs: 6_000 }],
  ["the dead leader returns as a follower", { next: 1, electionMs: 2_000, backMs: 3_000 }],
  ["the same master leads again after a restart", { next: 0, electionMs: 4_000 }],
];

for (const [name, how] of failovers) {
  Deno.test(`the program subscribes within 2 s of the new leader's first response if ${name}`, async () => {
    await withScene(three, async (scene) => {
      const { cluster, scheduler } = scene;
      const taskId = await withBusyAgent(scene);
      const frameworkId = scheduler.framework.engine.state.framework.frameworkId;
      const { tookMs, tries } = await failover(scene, how);
      assert(tookMs >= 0 && tookMs <= 2_000, `it took ${tookMs} ms after ${tries} tries`);
      assert(tries <= 60, `no storm of SUBSCRIBE: ${tries}`);
      await scene.until(() => scheduler.framework.engine.state.reconciliation.pending.size === 0);
      assertEquals(scene.living().map((each) => [each.taskId, each.state]), [[taskId, "registered"]]);
      assertEquals(scheduler.framework.engine.state.framework.frameworkId, frameworkId);
      assertEquals(cluster.mesos.counters.kills, 0);
      const told = scheduler.notes.filter(({ code, level }) => level === "error" && code.startsWith("mesos-"));
      assert(told.length >= 1, "the outage was reported");
      scene.job("next");
      await scene.until(() => cluster.gocd.tally.completedLocators.size === 1);
      assertNothingRefused(scene, { cut: true });
    });
  });
}

/** The first leader is switched off, packets to it are swallowed, and the second is elected after four seconds. */
const switchedOff = { next: 1, electionMs: 4_000, staleRedirectMs: 4_000 };

const oneFollower: Pick<SceneOptions, "masters" | "more"> = {
  masters: ({ mesosHttp }) => `127.0.0.1:${mesosHttp.ports[2]}`,
  more: `mesos.allowed-hosts = ["127.0.0.1"]`,
};

for (const [masters, named] of [["all masters", {}], ["one follower", oneFollower]] as const) {
  Deno.test(
    `with ${masters} in mesos-master, the program subscribes within 2 s of the new leader's first response if packets ` +
      "to the old one are dropped",
    async () => {
      await withScene({ ...three, ...named }, async (scene) => {
        const { cluster, scheduler } = scene;
        await scene.until(() => scheduler.framework.engine.state.session.kind === "subscribed");
        cluster.network.swallow(cluster.mesosHttp.ports[0] ?? 0);
        const { tookMs, tries } = await failover(scene, switchedOff);
        assert(tookMs >= 0 && tookMs <= 2_000, `it took ${tookMs} ms after ${tries} tries`);
        assert(scheduler.notes.some(({ text }) => text.includes("no connection was accepted")));
      });
    },
  );
}

Deno.test({
  name: "a leader whose port drops all packets is skipped",
  ignore: !canSwallow,
  fn: async () => {
    await withSocketScene({ ...three, speed: 2, looks: "before-subscribe" }, async (scene) => {
      const { cluster, scheduler } = scene;
      await scene.until(() => scheduler.framework.engine.state.session.kind === "subscribed");
      const failing = failover(scene, switchedOff);
      using _ = await startSwallowingHost(cluster.mesosHttp.ports[0] ?? 0);
      await failing;
      assert(scheduler.notes.some(({ text }) => text.includes("no connection was accepted")));
    });
  },
});

Deno.test("leaders are found through the redirects of the only follower in mesos-master", async () => {
  await withScene({ ...three, ...oneFollower }, async (scene) => {
    const { cluster, scheduler } = scene;
    await withBusyAgent(scene);
    const { tookMs } = await failover(scene, { next: 1, electionMs: 2_000, staleRedirectMs: 3_000 });
    assert(tookMs <= 2_000 + 1_000, `it took ${tookMs} ms, of which 1,000 are the stale redirect`);
    assertEquals(scheduler.framework.engine.state.session.master, `127.0.0.1:${cluster.mesosHttp.ports[1]}`);
    assert(scheduler.notes.some(({ code }) => code === "mesos-no-leader"), "the dead leader was named as such");
  });
});

/** Follows `//host:port`, as masters write it, to a host that leads. */
Deno.test("redirects in a circle or to a host that does not respond are reported briefly, and the leader is found once elected", async () => {
  let mode: "circle" | "self" | "nowhere" | "leader" = "circle";
  const asked: { leader?: ScriptedMaster; follower?: ScriptedMaster } = {};
  const masters = ({ network }: VirtualServers): string => {
    const leader = startMasterOn(network, (asked) => answerAs(asked));
    const follower: ScriptedMaster = startMasterOn(network, ({ path }) => {
      const target =
        { circle: other.address, self: follower.address, nowhere: "127.0.0.1:9", leader: leader.address }[mode];
      return refusal(307, "", { location: `//${target}/master${path}` });
    });
    const other = startMasterOn(network, ({ path }) => refusal(307, "", { location: `//${follower.address}${path}` }));
    Object.assign(asked, { leader, follower });
    return follower.address;
  };
  await withScene({ masters, more: `mesos.allowed-hosts = ["127.0.0.1"]` }, async ({ scheduler, until }) => {
    const { engine } = scheduler.framework;
    const saidOf = (word: RegExp): number => scheduler.notes.filter(({ text }) => word.test(text)).length;
    await until(() => saidOf(/redirect in a circle/) >= 3);
    const perTry = (asked.follower?.asked.length ?? Infinity) / saidOf(/redirect in a circle/);
    assert(perTry < 4, `a try asks each host once or twice, not ${perTry} times`);
    mode = "self";
    const before = saidOf(/redirect in a circle/);
    await until(() => saidOf(/redirect in a circle/) > before);
    mode = "nowhere";
    await until(() => saidOf(/names 127\.0\.0\.1:9 as the leader, but/) > 0);
    assertEquals(engine.state.session.kind, "connecting");
    assert(scheduler.lines.length < 12, `one line for each kind, not for each try:\n${scheduler.lines.join("\n")}`);
    mode = "leader";
    await until(() => engine.state.session.kind === "subscribed");
    assertEquals(asked.leader?.asked.filter(({ call }) => call["type"] === "SUBSCRIBE").length, 1);
  });
});

function answerAs({ call }: AskedRequest): Response {
  if (call["type"] === "GET_FRAMEWORKS") return Response.json({ type: "GET_FRAMEWORKS", "get_frameworks": {} });
  if (call["type"] !== "SUBSCRIBE") return accepted();
  const stream = openStream();
  stream.send(subscribed);
  return stream.response;
}

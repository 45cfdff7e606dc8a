// The health of both servers is true through connect, freeze, outage and recovery: the whole program with its real
// clients against the strict servers, queried like a monitor, a process supervisor and a load balancer do.

import { assertEquals, assertMatch } from "@std/assert";
import { createHandler, type Handler } from "../../src/web/handler.ts";
import { sampleOptions } from "../support/web_options.ts";
import { type VirtualScene, withScene } from "../support/mesos_scene.ts";

const second = 1_000;
const minute = 60_000;

/** What page, JSON, metrics and /health say at one moment. */
interface Said {
  readonly gocd: string;
  readonly mesos: string;
  /** Statuses of /health, /health/live and /health/ready. */
  readonly statuses: readonly number[];
  /** Of the problems. */
  readonly codes: readonly string[];
  readonly metrics: string;
}

async function said(scene: VirtualScene): Promise<Said> {
  const handler = createHandler(sampleOptions({ picture: () => scene.scheduler.framework.picture() }));
  const { gocd, mesos, problems } = JSON.parse(await text(handler, "/api/status"));
  const statuses = [];
  for (const path of ["/health", "/health/live", "/health/ready"]) {
    statuses.push((await handler(new Request(`http://127.0.0.1${path}`))).status);
  }
  return {
    gocd: gocd.health.state,
    mesos: mesos.health.state,
    statuses,
    codes: problems.map(({ code }: { readonly code: string }) => code),
    metrics: await text(handler, "/metrics"),
  };
}

async function text(handler: Handler, path: string): Promise<string> {
  return await (await handler(new Request(`http://127.0.0.1${path}`))).text();
}

/** Asserts both states, and the resulting responses. */
async function assertSaid(
  scene: VirtualScene,
  gocd: string,
  mesos: string,
  statuses: readonly number[],
): Promise<void> {
  const { codes: _, metrics, ...rest } = await said(scene);
  assertEquals(rest, { gocd, mesos, statuses });
  for (const [server, state] of [["gocd", gocd], ["mesos", mesos]]) {
    assertMatch(metrics, new RegExp(`^gocd_mesos_server_state\\{server="${server}",state="${state}"\\} 1$`, "m"));
  }
}

const fine = [200, 200, 200];
const degraded = [200, 200, 503];
const unhealthy = [503, 200, 503];

async function connected(scene: VirtualScene): Promise<void> {
  await scene.cluster.pass(10 * second);
  await assertSaid(scene, "fine", "fine", fine);
}

Deno.test("before the first responses the program reports no problem, and is not ready", async () => {
  await withScene({}, async (scene) => {
    await assertSaid(scene, "unknown", "unknown", degraded);
    assertEquals((await said(scene)).codes, []);
    await connected(scene);
    assertEquals((await said(scene)).codes, []);
  });
});

Deno.test("two frozen servers are failing within a minute, down six minutes later, and fine when they respond again", async () => {
  await withScene({}, async (scene) => {
    await connected(scene);
    scene.cluster.network.hold();
    // The next poll is 5 s away, and overdue after 10 s; the third heartbeat is due within 45 s.
    await scene.cluster.pass(16 * second);
    assertEquals((await said(scene)).gocd, "failing");
    assertEquals((await said(scene)).codes, ["gocd-overdue"]);
    await scene.cluster.pass(30 * second);
    await assertSaid(scene, "failing", "failing", degraded);
    assertEquals((await said(scene)).codes, ["gocd-timeout", "mesos-heartbeats-missing"]);
    await scene.cluster.pass(6 * minute);
    await assertSaid(scene, "down", "down", unhealthy);
    scene.cluster.network.release();
    await scene.cluster.pass(30 * second);
    await assertSaid(scene, "fine", "fine", fine);
  });
});

Deno.test("a GoCD server that refuses connections is failing after the first call, and its problem is listed first", async () => {
  await withScene({}, async (scene) => {
    await connected(scene);
    await scene.cluster.gocdHttp.pause();
    await scene.cluster.pass(5 * second);
    // Decisions rest on the last good poll.
    await assertSaid(scene, "failing", "fine", fine);
    assertMatch(scene.scheduler.framework.picture().view.problems[0]?.message ?? "", /connection was refused/);
    await scene.cluster.pass(6 * minute);
    await assertSaid(scene, "down", "fine", unhealthy);
    scene.cluster.gocdHttp.resume();
    await scene.cluster.pass(10 * second);
    await assertSaid(scene, "fine", "fine", fine);
  });
});

Deno.test("the program is not healthy after 307 s without a Mesos master", async () => {
  await withScene({}, async (scene) => {
    await connected(scene);
    const { mesos, clock } = scene.cluster;
    mesos.failMaster({ electionMs: 308 * second }, clock.nowMs());
    await scene.cluster.pass(second);
    await assertSaid(scene, "fine", "failing", degraded);
    await scene.cluster.pass(306 * second);
    await assertSaid(scene, "fine", "down", unhealthy);
    await scene.cluster.pass(30 * second);
    await assertSaid(scene, "fine", "fine", fine);
  });
});

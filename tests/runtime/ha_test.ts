// Two instances of the real program that share a state in a real ZooKeeper: the leader is killed, stopped, cut off or
// terminated, and the standby continues with its agents. The election itself: tests/store.

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { runCli } from "../../src/cli/cli.ts";
import { loadConfig } from "../../src/config/load.ts";
import { OperatorError } from "../../src/errors.ts";
import { stateOf } from "../../src/runtime/ports.ts";
import { fakeTerminal, type Written } from "../cli/support.ts";
import { type SocketCluster, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { type HeldProxy, startProxy } from "../support/held_proxy.ts";
import { endProgram, type Program, type ProgramFolder, programFolder } from "../support/program.ts";
import { until } from "../support/scaled_clock.ts";
import {
  hasZookeeper,
  longSessionMs,
  sharedZookeeper,
  shortSessionMs,
  zookeeperMissing,
  type ZookeeperServer,
} from "../support/zookeeper.ts";

/** An instance that does not end properly is replaced soon. */
const shortSessions = sharedZookeeper({ atMostMs: shortSessionMs });
/** An instance that does not end properly is never replaced, and no loss of a connection lasts too long. */
const longSessions = sharedZookeeper({ atLeastMs: longSessionMs });
let states = 0;

/** ZooKeeper lives on real time, and the programs with it; so the server is quick instead. */
const fastGocd = {
  registerEveryMs: 200,
  pingEveryMs: 300,
  askEveryMs: 300,
  reloadEveryMs: 300,
  refreshEveryMs: 300,
  prepareMs: 100,
  assignMs: 50,
};

interface Instance {
  readonly program: Program;
  /** Its configuration, in a separate folder. */
  readonly conf: string;
  readonly page: string;
  /** Its way to ZooKeeper. */
  readonly proxy: HeldProxy;
}

interface Scene {
  readonly cluster: SocketCluster;
  readonly zookeeper: ZookeeperServer;
  /** Of the state in ZooKeeper. */
  readonly statePath: string;
  /** Leads at the beginning. */
  readonly first: Instance;
  readonly second: Instance;
}

function configText(
  { cluster, statePath }: Pick<Scene, "cluster" | "statePath">,
  zookeeper: string,
  listen: string,
): string {
  return cluster.configText(`
    state = "zk://${zookeeper}${statePath}"
    poller { interval = 1 second, max-interval = 1 second, attempts = 0 }
    http.listen = "${listen}"
    log.format = text
  `);
}

const test = (sentence: string, act: (scene: Scene) => Promise<void>): void => testOn(shortSessions, sentence, act);
const testInOrder = (sentence: string, act: (scene: Scene) => Promise<void>): void =>
  testOn(longSessions, sentence, act);

function testOn(
  zookeeperOf: () => ZookeeperServer,
  sentence: string,
  act: (scene: Scene) => Promise<void>,
): void {
  Deno.test({
    name: `${sentence}${hasZookeeper ? "" : ` (${zookeeperMissing})`}`,
    ignore: !hasZookeeper,
    fn: async () => {
      const zookeeper = zookeeperOf();
      const statePath = `/gocd-mesos-${states++}`;
      const cluster = startCluster({
        speed: 1,
        bootDelayMs: 200,
        mesos: { timing: { pullMs: 100 } },
        gocd: { clocks: fastGocd },
      });
      const folders: ProgramFolder[] = [];
      const instances: Instance[] = [];
      const start = (): Instance => {
        const folder = programFolder(cluster);
        folders.push(folder);
        const proxy = startProxy(zookeeper.port);
        const listen = `127.0.0.1:${freePort()}`;
        const program = folder.start(configText({ cluster, statePath }, proxy.address, listen));
        const instance = { program, conf: `${folder.path}/framework.conf`, page: `http://${listen}`, proxy };
        instances.push(instance);
        return instance;
      };
      try {
        const first = start();
        await first.program.line(" leading: ");
        const second = start();
        await second.program.line("standing-by");
        await act({ cluster, zookeeper, statePath, first, second });
      } finally {
        for (const { program, proxy } of instances) {
          await endProgram(program);
          await proxy[Symbol.asyncDispose]();
        }
        for (const folder of folders) folder.remove();
        await cluster.close();
      }
    },
  });
}

function schedule({ cluster }: Scene, count: number): void {
  cluster.advance();
  for (let index = 0; index < count; index++) {
    cluster.gocd.schedule({ pipeline: "p", stage: "s", job: `j${index}`, gocdResources: [], durationMs: 120_000 });
  }
}

async function building({ cluster, first, second }: Scene, count: number): Promise<void> {
  await until(
    () => {
      cluster.advance();
      return cluster.gocd.jobs().filter((job) => job.state === "Building").length === count;
    },
    () => [...first.program.lines, "---", ...second.program.lines].join("\n"),
  );
}

function assertNothingLost({ cluster }: Scene, agents: number): void {
  assertEquals([...cluster.launches.values()].filter((count) => count !== 1), [], "each task id is launched once");
  assertEquals(cluster.launches.size, agents, "no agent was launched beside a living one");
  assertEquals(cluster.running.size, agents);
  assertEquals(cluster.mesos.view().frameworks.length, 1, "there was one framework");
  assertEquals(cluster.gocd.tally.buildsKilled, []);
}

async function statusOf({ page }: Instance): Promise<Record<string, unknown>> {
  return await (await fetch(`${page}/api/status`)).json();
}

testInOrder("a standby neither subscribes nor polls, is healthy, and shows the leader on its page", async (scene) => {
  const { first, second, zookeeper } = scene;
  schedule(scene, 1);
  await building(scene, 1);
  const standby = await statusOf(second);
  const { role, leader } = standby["leadership"] as { role: string; leader: string };
  assertEquals(role, "standby");
  assertStringIncludes(leader, `process ${first.program.pid}`);
  assertEquals((standby["gocd"] as { lastPollMs?: number }).lastPollMs, undefined);
  assertEquals(((await statusOf(first))["leadership"] as { role: string }).role, "leader");
  const health = await fetch(`${second.page}/health`);
  assertEquals([health.status, await health.text().then((text) => text.length > 0)], [200, true]);
  const page = await (await fetch(`${second.page}/`)).text();
  assertStringIncludes(page, "This instance is on standby");
  assertStringIncludes(page, `process ${first.program.pid}`);
  assertStringIncludes(await (await fetch(`${second.page}/metrics`)).text(), "gocd_mesos_leader 0");
  assert(!second.program.lines.some((line) => line.includes("subscribed")), second.program.lines.join("\n"));

  const text = configText(scene, zookeeper.address, "off");
  const config = loadConfig("framework.conf", {}, () => text);
  assertEquals((await stateOf(config).read())?.instances.map((each) => each.state), ["registered"]);
  const locked = await assertRejects(() => stateOf(config).open(), OperatorError);
  assertEquals(locked.code, "state-locked");
  assertStringIncludes(locked.message, `process ${first.program.pid}`);
});

test("after the leader was killed, the standby takes over its agents and launches new ones", async (scene) => {
  const { first, second } = scene;
  schedule(scene, 2);
  await building(scene, 2);
  first.program.signal("SIGKILL");
  await first.program.ended();
  schedule(scene, 2);
  await second.program.line("asking for our 2 agents");
  await building(scene, 4);
  assertNothingLost(scene, 4);
});

testInOrder(
  "after SIGTERM to the leader, the standby leads without waiting for a session to expire",
  async (scene) => {
    const { first, second } = scene;
    schedule(scene, 2);
    await building(scene, 2);
    first.program.signal("SIGTERM");
    await second.program.line("asking for our 2 agents");
    assertEquals(await first.program.ended(), 0);
    schedule(scene, 1);
    await building(scene, 3);
    assertNothingLost(scene, 3);
  },
);

test("a leader resumed after SIGSTOP while another one leads becomes a standby", async (scene) => {
  const { first, second } = scene;
  schedule(scene, 2);
  await building(scene, 2);
  first.program.signal("SIGSTOP");
  await second.program.line("asking for our 2 agents");
  schedule(scene, 1);
  await building(scene, 3);
  const before = first.program.lines.length;
  first.program.signal("SIGCONT");
  await first.program.line("standing-by", before);
  assert(!first.program.lines.slice(before).some((line) => line.includes("subscribed to")), "it did not subscribe");
  schedule(scene, 1);
  await building(scene, 4);
  assertNothingLost(scene, 4);

  const woken = first.program.lines.length;
  second.program.signal("SIGTERM");
  await first.program.line("asking for our 4 agents", woken);
  assertEquals(await second.program.ended(), 0);
  assert(!second.program.lines.some((line) => line.includes("taken over our framework")), "nobody took it away");
});

test("a leader cut off from ZooKeeper is replaced, and becomes a standby once it is reconnected", async (scene) => {
  const { first, second } = scene;
  schedule(scene, 2);
  await building(scene, 2);
  first.proxy.hold();
  schedule(scene, 1);
  await second.program.line("asking for our");
  const before = first.program.lines.length;
  first.proxy.release();
  await first.program.line("standing-by", before);
  await building(scene, 3);
  assertNothingLost(scene, 3);
});

testInOrder("a short loss of the connection to ZooKeeper does not change the leader", async (scene) => {
  const { first, second } = scene;
  schedule(scene, 1);
  await building(scene, 1);
  first.proxy.drop();
  second.proxy.drop();
  schedule(scene, 2);
  await building(scene, 3);
  const leads = first.program.lines.filter((line) => line.includes(" leading: "));
  assertEquals(leads.length, 1, first.program.lines.join("\n"));
  assert(!second.program.lines.some((line) => line.includes(" leading: ")));
  assertNothingLost(scene, 3);
});

async function command(instance: Pick<Instance, "conf">, ...words: readonly string[]): Promise<Written> {
  const [name = "", ...more] = words;
  const terminal = fakeTerminal();
  return terminal.written(await runCli([name, instance.conf, ...more], terminal.io));
}

testInOrder("a command to the leader is executed; elsewhere its error names the leader", async (scene) => {
  const { zookeeper, first, second } = scene;
  const leads = `process ${first.program.pid}\\) leads`;
  const refused = await command(second, "freeze");
  assertEquals(refused.code, 4, refused.all);
  assertMatch(
    refused.err,
    new RegExp(`refused "freeze": this instance is on standby; .*${leads}\\n.*run the command on the`),
  );
  const why = await command(second, "why", "x");
  assertEquals(why.code, 4, why.all);
  assertMatch(
    why.err,
    new RegExp(`is on standby; .*${leads}\\n.*run this command on the machine of the leader`),
  );
  assertMatch((await command(first, "freeze")).out, /^launching is frozen$/m);
  await first.program.line("operator: launching is frozen");

  const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-wire-" });
  try {
    const conf = `${folder}/framework.conf`;
    Deno.writeTextFileSync(conf, configText(scene, zookeeper.address, "off"));
    const elsewhere = await command({ conf }, "freeze");
    assertEquals(elsewhere.code, 6, elsewhere.all);
    assertMatch(
      elsewhere.err,
      new RegExp(`in use by .*process ${first.program.pid}.*\\n.*on the machine of that instance`),
    );
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  first.program.signal("SIGTERM");
  await first.program.ended();
  assertEquals([...Deno.readDirSync(first.conf.replace("/framework.conf", ""))].map(({ name }) => name), [
    "framework.conf",
  ]);
});

testInOrder("after a teardown no instance registers a framework until `resume`", async (scene) => {
  const { cluster, statePath, zookeeper, first, second } = scene;
  schedule(scene, 1);
  await building(scene, 1);
  const before = cluster.mesos.view().frameworks.map(({ id }) => id);
  assertEquals((await command(first, "teardown", "--now", "--yes")).code, 0);
  assertEquals(await first.program.ended(), 0, first.program.lines.join("\n"));
  await second.program.line(" leading: ");
  await second.program.line("no new one is registered");

  // A start next to it is on standby, as usual.
  const folder = programFolder(cluster);
  const third = folder.start(configText({ cluster, statePath }, zookeeper.address, "off"));
  try {
    await third.line("standing-by");
  } finally {
    await endProgram(third);
    folder.remove();
  }
  const status = await statusOf(second);
  assertEquals([status["tornDown"], (status["problems"] as { code: string }[])[0]?.code], [true, "torn-down-before"]);
  assertEquals((await fetch(`${second.page}/health`).then(async (each) => [each.status, await each.text()]))[0], 200);
  assert(!second.program.lines.some((line) => line.includes("subscribed to")), second.program.lines.join("\n"));
  assertEquals(cluster.launches.size, 1);

  assertMatch((await command(second, "resume")).out, /a new framework is registered, as the last one was torn down/);
  await second.program.line("subscribed to the Mesos master");
  await building(scene, 1);
  const now = cluster.mesos.view().frameworks.map(({ id }) => id);
  assertEquals(now.filter((id) => !before.includes(id)).length, 1);
  assertEquals((await statusOf(second))["tornDown"], undefined);
});

testInOrder("after a teardown of the only instance the next start registers a new framework", async (scene) => {
  const { cluster, statePath, zookeeper, first, second } = scene;
  second.program.signal("SIGTERM");
  await second.program.ended();
  assertEquals((await command(first, "teardown", "--now", "--yes")).code, 0);
  assertEquals(await first.program.ended(), 0, first.program.lines.join("\n"));
  const folder = programFolder(cluster);
  const again = folder.start(configText({ cluster, statePath }, zookeeper.address, "off"));
  try {
    await again.line("subscribed to the Mesos master");
  } finally {
    await endProgram(again);
    folder.remove();
  }
});

testInOrder("the leader ends if another scheduler takes over the framework", async (scene) => {
  const { cluster, first, second } = scene;
  schedule(scene, 1);
  await building(scene, 1);
  second.program.signal("SIGTERM");
  await second.program.ended();
  const [framework] = cluster.mesos.view().frameworks;
  const subscribe = { "framework_info": framework?.info };
  const call = { type: "SUBSCRIBE", "framework_id": { value: framework?.id }, subscribe };
  const subscriptions = (): number => first.program.lines.filter((line) => line.includes("subscribed to")).length;
  // The first one soon after a start may be by a late SUBSCRIBE of our own; with the next one it does not compete.
  for (const takeover of [1, 2]) {
    await until(() => subscriptions() >= takeover, () => first.program.lines.join("\n"));
    cluster.mesos.connect(call, {}, cluster.clock.nowMs());
    cluster.mesosHttp.poke();
  }
  assertEquals(await first.program.ended(), 5, first.program.lines.join("\n"));
  assert(first.program.lines.some((line) => line.includes("taken over our framework")), first.program.lines.join("\n"));
  assertNothingLost(scene, 1);
});

testInOrder(
  "after the state in ZooKeeper was lost, no new framework is registered while its agents are alive",
  async (scene) => {
    const { cluster, zookeeper, first, second } = scene;
    schedule(scene, 2);
    await building(scene, 2);
    for (const { program } of [first, second]) {
      program.signal("SIGKILL");
      await program.ended();
    }
    const elsewhere = { cluster, statePath: `${scene.statePath}-lost` };
    const folder = programFolder(cluster);
    const again = folder.start(configText(elsewhere, zookeeper.address, "off"));
    try {
      assertEquals(await again.ended(), 4, again.lines.join("\n"));
      const line = again.lines.find((each) => each.includes("so no new framework is registered")) ?? "";
      assertMatch(line, /the state zk:\/\/\S+ is new, .* with 2 tasks like ours/);
      const terminal = fakeTerminal();
      const code = await runCli(["state", "adopt", `${folder.path}/framework.conf`], terminal.io);
      assertEquals(code, 0, terminal.written(code).all);
      const adopted = folder.start(configText(elsewhere, zookeeper.address, "off"));
      await adopted.line("is adopted: Mesos runs it");
      await endProgram(adopted);
      assertNothingLost(scene, 2);
    } finally {
      await endProgram(again);
      folder.remove();
    }
  },
);

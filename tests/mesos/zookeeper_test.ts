// The leading master in a real ZooKeeper: changes, expired sessions, restarts.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hostCheck, parseAllowedHost } from "../../src/net/allowed_hosts.ts";
import type { MesosErrorReason } from "../../src/mesos/api.ts";
import type { LeaderFinderOptions } from "../../src/mesos/leader.ts";
import { realTimer, type SetTimer } from "../../src/net/timer.ts";
import { leadingZnode } from "../../src/mesos/master_znode.ts";
import { leaderWaitMs, rereadIntervalMs } from "../../src/mesos/zookeeper_leader.ts";
import {
  drain,
  identity,
  mesosError,
  openStream,
  startMaster,
  subscribed,
  testScheduler,
} from "../support/scripted_master.ts";
import { startProxy } from "../support/held_proxy.ts";
import {
  hasZookeeper,
  openWriter,
  sharedZookeeper,
  shortSessionMs,
  startZookeeper,
  zookeeperMissing,
  type ZookeeperServer,
  type ZookeeperWriter,
} from "../support/zookeeper.ts";
import { fastTimer, finderAt } from "../support/leader_finder.ts";

const recorded: Readonly<Record<string, string>> = JSON.parse(
  Deno.readTextFileSync(new URL("../fixtures/mesos/zookeeper-znodes.json", import.meta.url)),
);

function masterInfo(port: number, hostname = "127.0.0.1"): string {
  return JSON.stringify({ address: { hostname, ip: "127.0.0.1", port }, hostname, ip: 16777343, port });
}

async function register(writer: ZookeeperWriter, port: number, path: string): Promise<string> {
  return await writer.create(`${path}/json.info_`, masterInfo(port), "EPHEMERAL_SEQUENTIAL");
}

/** For tests that neither stop nor freeze it, each with its own path. */
const shared = sharedZookeeper({ atMostMs: shortSessionMs });
let paths = 0;

/** What is done with a server and an unused path. */
type ZookeeperTest = (server: ZookeeperServer, path: string) => Promise<void>;

function zookeeperTest(name: string, body: ZookeeperTest): void {
  Deno.test({
    // The writing client of the test leaves its own timers behind.
    sanitizeOps: false,
    sanitizeResources: false,
    name: hasZookeeper ? name : `${name} (ignored: ${zookeeperMissing})`,
    ignore: !hasZookeeper,
    fn: () => body(shared(), `/mesos-${paths++}`),
  });
}

/** With a separate server, which may be stopped and whose sessions may be counted. */
function testAlone(name: string, body: ZookeeperTest): void {
  zookeeperTest(name, async (_, path) => {
    await using server = await startZookeeper({ atMostMs: shortSessionMs });
    await body(server, path);
  });
}

Deno.test("the znode with the lowest json.info_ number is the leader", () => {
  const names = Object.keys(recorded).map((path) => path.replace("/mesos/", ""));
  assertEquals(leadingZnode(names), "json.info_0000000001");
  assertEquals(leadingZnode([...names].reverse()), "json.info_0000000001");
  assertEquals(leadingZnode(["json.info_0000000010", "json.info_0000000009"]), "json.info_0000000009");
  assertEquals(leadingZnode(["log_replicas", "info_0000000001", "json.info_x", "json.info_1.bak"]), undefined);
});

Deno.test("in src/mesos only zookeeper_leader.ts imports the ZooKeeper client", () => {
  const folder = new URL("../../src/mesos/", import.meta.url);
  const loaders = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).filter(({ name }) => {
    const text = Deno.readTextFileSync(new URL(name, folder));
    return /from "(node-zookeeper-client|\.\.\/zookeeper\/\w+\.ts|\.\/zookeeper_leader\.ts)"/.test(
      text.replaceAll(/import type .*/g, ""),
    );
  });
  assertEquals(loaders.map(({ name }) => name), ["zookeeper_leader.ts"]);
});

zookeeperTest("the leader is found in the znodes of a real cluster", async (server, path) => {
  await using writer = await openWriter(server.address);
  for (const [recordedPath, value] of Object.entries(recorded)) {
    await writer.create(recordedPath.replace("/mesos", path), value);
  }
  using plain = finderAt(`zk://${server.address}${path}`);
  assertEquals(await plain.leader(), "http://127.0.0.1:5050");
  using secure = finderAt(`zk://${server.address}${path}`, { hasTls: true });
  assertEquals(await secure.leader(), "https://127.0.0.1:5050");
});

zookeeperTest("after the leader leaves, the next one is reported to listeners and queries", async (server, path) => {
  await using first = await openWriter(server.address);
  await using second = await openWriter(server.address);
  await register(first, 5050, path);
  await register(second, 5150, path);
  using test = finderAt(`zk://${server.address}${path}`);
  assertEquals(await test.leader(), "http://127.0.0.1:5050");
  const other = test.otherLeader();
  await first.leave();
  assertEquals(await other, "127.0.0.1:5150");
  assertEquals(await test.leader(), "http://127.0.0.1:5150");
});

zookeeperTest("a query waits for the election if the path does not exist yet", async (server, path) => {
  using test = finderAt(`zk://${server.address}/clusters${path}`);
  const leader = test.leader();
  await using writer = await openWriter(server.address);
  await register(writer, 5050, `/clusters${path}`);
  assertEquals(await leader, "http://127.0.0.1:5050");
  await writer.leave();
  const next = test.leader();
  await using another = await openWriter(server.address);
  await register(another, 5250, `/clusters${path}`);
  assertEquals(await next, "http://127.0.0.1:5250");
});

/** The limit ends as soon as ZooKeeper has been read and nothing has changed since. */
function limitAfterRead(): SetTimer {
  let end = (): void => {};
  return (callback, ms) => {
    if (ms === rereadIntervalMs) return realTimer(() => end(), 0);
    if (ms !== leaderWaitMs) return realTimer(callback, ms);
    end = callback;
    return () => {
      end = () => {};
    };
  };
}

zookeeperTest("the error for no leader within the limit describes the znodes at the path", async (server, path) => {
  await using writer = await openWriter(server.address);
  using test = finderAt(`zk://${server.address}${path}`, { setTimer: limitAfterRead() });
  const absent = await test.fails("no-leader");
  assertStringIncludes(absent.message, `there is no znode ${path}`);
  await writer.create(`${path}/log_replicas`);
  assertStringIncludes((await test.fails("no-leader")).message, `no master is registered below ${path}`);
  await writer.create(`${path}/info_0000000003`, "\n\u0010protobuf");
  const old = await test.fails("no-leader");
  assertStringIncludes(old.message, "only info_ znodes");
  assertStringIncludes(old.hint, "1.0");
});

testAlone("after an expired session, a leader elected meanwhile is found", async (server, path) => {
  await using proxy = startProxy(server.port);
  await using first = await openWriter(server.address);
  await using second = await openWriter(server.address);
  await register(first, 5050, path);
  await register(second, 5150, path);
  using test = finderAt(`zk://${proxy.address}${path}`);
  assertEquals(await test.leader(), "http://127.0.0.1:5050");
  const sessions = await server.sessions();
  const other = test.otherLeader();
  proxy.hold();
  await first.leave();
  while (await server.sessions() > sessions - 2) await new Promise((resolve) => setTimeout(resolve, 50));
  proxy.release();
  assertEquals(await other, "127.0.0.1:5150");
  assertEquals(await test.leader(), "http://127.0.0.1:5150");
});

testAlone(
  "a frozen ZooKeeper is reported at the next query, and used again when it responds",
  async (server, path) => {
    await using writer = await openWriter(server.address);
    await writer.create(`${path}/json.info_0000000001`, masterInfo(5050));
    using test = finderAt(`zk://${server.address}${path}`);
    assertEquals(await test.leader(), "http://127.0.0.1:5050");
    {
      // A frozen server lets no session of the test end: it must go on whatever is found.
      using thawed = new DisposableStack();
      thawed.defer(() => server.thaw());
      server.freeze();
      assertStringIncludes((await test.fails("unreachable")).message, "no answer within 4 s");
    }
    assertEquals(await test.leader(), "http://127.0.0.1:5050");
  },
);

testAlone("the leader is found after a restart of ZooKeeper with its data or without", async (server, path) => {
  const writer = await openWriter(server.address);
  await writer.create(`${path}/json.info_0000000001`, masterInfo(5050));
  await writer.leave();
  using test = finderAt(`zk://${server.address}${path}`);
  assertEquals(await test.leader(), "http://127.0.0.1:5050");
  await server.stop();
  const gone = await test.fails("unreachable");
  assertStringIncludes(gone.message, server.address);
  assertStringIncludes(gone.message, "connection was refused");
  await server.start("kept");
  assertEquals(await test.leader(), "http://127.0.0.1:5050");
  const other = test.otherLeader();
  await server.stop();
  await server.start("new");
  await using anew = await openWriter(server.address);
  await anew.create(`${path}/json.info_0000000000`, masterInfo(5350));
  assertEquals(await other, "127.0.0.1:5350");
});

zookeeperTest("one responding server of several is enough, and IPv6 addresses are accepted", async (server, path) => {
  await using writer = await openWriter(server.address);
  await writer.create(`${path}/json.info_0000000001`, masterInfo(5050));
  using test = finderAt(`zk://127.0.0.1:1,[::1]:1,${server.address}${path}`);
  assertEquals(await test.leader(), "http://127.0.0.1:5050");
  using none = finderAt(`zk://127.0.0.1:1,[::1]:1${path}`);
  const { message } = await none.fails("unreachable");
  assertStringIncludes(message, "ZooKeeper 127.0.0.1:1: ");
  assertStringIncludes(message, "ZooKeeper [::1]:1: ");
});

zookeeperTest(
  "a protected path is read with the user and password of the address",
  async (server, path) => {
    await using writer = await openWriter(server.address);
    await writer.create(`${path}/json.info_0000000001`, masterInfo(5050));
    await writer.protect(path, "mesos", "hunter2");
    using nobody = finderAt(`zk://${server.address}${path}`);
    const { message, hint } = await nobody.fails("unauthorized");
    assertStringIncludes(message, `refused reading ${path}`);
    assertStringIncludes(hint, "zk://user:password@");
    using wrong = finderAt(`zk://mesos:hunter3@${server.address}${path}`);
    assert(!(await wrong.fails("unauthorized")).message.includes("hunter"));
    using written = finderAt(`zk://mesos:hunter2@${server.address}${path}`);
    assertEquals(await written.leader(), "http://127.0.0.1:5050");
  },
);

const values: readonly (readonly [string, string, string | MesosErrorReason])[] = [
  ["a host name", masterInfo(5050, "Master1.example"), "http://master1.example:5050"],
  ["an address without a name", JSON.stringify({ address: { ip: "10.0.0.1", port: 5050 } }), "http://10.0.0.1:5050"],
  ["the format of old masters", JSON.stringify({ hostname: "m1", ip: 1, port: 5051 }), "http://m1:5051"],
  ["text that is not JSON", "\n\u0010protobuf", "not-a-master"],
  ["other JSON", "[1]", "not-a-master"],
  ["null", "null", "not-a-master"],
  ["a port out of range", masterInfo(65_536), "not-a-master"],
];

zookeeperTest(
  "the address of the leader is read from each format of its znode, and invalid ones are errors",
  async (server) => {
    await using writer = await openWriter(server.address);
    for (const [index, [name, value, want]] of values.entries()) {
      const path = await writer.create(`/case${index}/json.info_0000000001`, value);
      using test = finderAt(`zk://${server.address}/case${index}`);
      if (want === "not-a-master") {
        assertStringIncludes((await test.fails(want)).message, path, name);
      } else {
        assertEquals(await test.leader(), want, name);
      }
    }
  },
);

zookeeperTest(
  "a leader that is not allowed is reported with the key, and may be allowed by its IP address",
  async (server, path) => {
    await using writer = await openWriter(server.address);
    await writer.create(`${path}/json.info_0000000001`, masterInfo(5050, "m1"));
    const allow = (entries: string[]): Partial<LeaderFinderOptions> => ({
      isAllowed: hostCheck({
        entries: entries.flatMap((entry) => parseAllowedHost(entry) ?? []),
        configured: [],
        whenEmpty: "any",
      }),
    });
    using refused = finderAt(`zk://${server.address}${path}`, allow(["m2"]));
    const { message, hint } = await refused.fails("redirect-refused");
    assertStringIncludes(message, "m1:5050 (127.0.0.1:5050) leads");
    assertStringIncludes(hint, 'add "m1:5050" to mesos.allowed-hosts');
    using byAddress = finderAt(`zk://${server.address}${path}`, allow(["127.0.0.0/8"]));
    assertEquals(await byAddress.leader(), "http://127.0.0.1:5050");
  },
);

zookeeperTest(
  "a redirect is followed only to masters that ZooKeeper names or the configuration allows",
  async (server, path) => {
    await using stranger = startMaster(() => {
      const stream = openStream();
      stream.send(subscribed);
      return stream.response;
    });
    let target = "";
    await using named = startMaster(() => {
      const location = `//${target}/master/api/v1/scheduler`;
      return new Response(null, { status: 307, headers: { location } });
    });
    await using writer = await openWriter(server.address);
    await writer.create(`${path}/json.info_0000000001`, masterInfo(named.port, "LocalHost"));
    const subscribe = async (target_: string, allowedHosts: string[] = []): Promise<string> => {
      target = target_;
      using test = testScheduler(
        `zk://${server.address}${path}`,
        { allowedHosts: allowedHosts.flatMap((entry) => parseAllowedHost(entry) ?? []) },
        { setTimer: fastTimer },
      );
      return (await test.scheduler.subscribe(identity, undefined, test.signal)).master;
    };
    const { message, hint } = await mesosError(subscribe(stranger.address), "redirect-refused");
    assertStringIncludes(message, `mesos.allowed-hosts lacks ${stranger.address}, which master `);
    assertStringIncludes(hint, `if ${stranger.address} is one of your masters, add it to mesos.allowed-hosts`);
    assertEquals(stranger.asked.length, 0);
    // Its other name: it is followed, and leads to itself again.
    await mesosError(subscribe(`127.0.0.1:${named.port}`), "no-leader");
    assertEquals(await subscribe(stranger.address, ["localhost", "127.0.0.1"]), stranger.address);
  },
);

zookeeperTest(
  "a session ends when ZooKeeper reports another leader, and the next subscription is to that leader",
  async (server, path) => {
    const startLeader = (): ReturnType<typeof startMaster> =>
      startMaster(() => {
        const stream = openStream();
        stream.send(subscribed);
        return stream.response;
      });
    await using one = startLeader();
    await using two = startLeader();
    await using first = await openWriter(server.address);
    await using second = await openWriter(server.address);
    await register(first, one.port, path);
    await register(second, two.port, path);
    using test = testScheduler(`zk://${server.address}${path}`, {}, { setTimer: fastTimer });
    const session = await test.scheduler.subscribe(identity, undefined, test.signal);
    assertEquals(session.master, one.address);
    await first.leave();
    const { events, error } = await drain(session.events);
    assertEquals(events.length, 1);
    assertStringIncludes(error?.message ?? "", `names another leading Mesos master, ${two.address}`);
    const next = await test.scheduler.subscribe(identity, undefined, test.signal);
    assertEquals(next.master, two.address);
  },
);

zookeeperTest(
  "an idle finder switches from a silent server to another one, which reports the new leader",
  async (server, path) => {
    await using first = await openWriter(server.address);
    await using second = await openWriter(server.address);
    await register(first, 5050, path);
    await register(second, 5150, path);
    const port = Number(server.address.split(":")[1]);
    await using held = startProxy(port);
    using test = finderAt(`zk://${held.address},${server.address}${path}`);
    assertEquals(await test.leader(), "http://127.0.0.1:5050");
    const told = test.otherLeader();
    held.hold();
    await first.leave();
    assertEquals(await told, "127.0.0.1:5150");
  },
);

Deno.test("a query waits between 10 and 15 seconds for an election", () => {
  assert(leaderWaitMs >= 10_000 && leaderWaitMs <= 15_000);
});

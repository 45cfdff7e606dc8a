// The store in ZooKeeper, against a real server: the suite of all stores, and failures of the network, the server and
// the instances.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { realClock } from "../../src/runtime/clock.ts";
import { elapsedCounter } from "../../src/runtime/elapsed.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store_error.ts";
import {
  type Candidate,
  type ElectionOptions,
  type Leadership,
  openCandidate,
} from "../../src/store/zookeeper_election.ts";
import { openStateSession, type ZookeeperClock } from "../../src/store/zookeeper_state.ts";
import { openLeaderStore, openZookeeperStore, readZookeeperState } from "../../src/store/zookeeper_store.ts";
import { startHalvingProxy, startProxy } from "../support/held_proxy.ts";
import { until } from "../support/scaled_clock.ts";
import {
  hasZookeeper,
  longSessionMs,
  openWriter,
  sharedZookeeper,
  shortSessionMs,
  startZookeeper,
  zookeeperMissing,
  type ZookeeperServer,
} from "../support/zookeeper.ts";
import { type StorePlace, testStore } from "./conformance.ts";
import { serversText } from "../../src/net/addresses.ts";
import { Secret } from "../../src/secret.ts";
import { serversAt } from "../support/addresses.ts";
import { launching, many } from "./samples.ts";

const never = new AbortController().signal;
const clock: ZookeeperClock = { elapsedMs: elapsedCounter(), sleep: realClock.sleep };
/** For tests that neither stop nor freeze it. */
const shared = sharedZookeeper();
let places = 0;

function options(connect: string, more: Partial<ElectionOptions> = {}): ElectionOptions {
  places++;
  return {
    servers: serversAt(connect),
    path: `/test/place-${places}`,
    name: `instance ${places}`,
    id: `id${places}`,
    sessionTimeoutMs: longSessionMs,
    clock,
    ...more,
  };
}

/** Another instance at the same place. */
function other(one: ElectionOptions, more: Partial<ElectionOptions> = {}): ElectionOptions {
  return { ...options(serversText(one.servers)), path: one.path, ...more };
}

function test(sentence: string, body: (server: ZookeeperServer) => Promise<void>): void {
  const name = `zookeeper store: ${sentence}${hasZookeeper ? "" : ` (${zookeeperMissing})`}`;
  Deno.test({ name, ignore: !hasZookeeper, fn: () => body(shared()) });
}

/** With a server of its own, which may be stopped. */
function testAlone(sentence: string, body: (server: ZookeeperServer) => Promise<void>): void {
  test(sentence, async () => {
    await using server = await startZookeeper();
    await body(server);
  });
}

if (hasZookeeper) {
  testStore("zookeeper store", (): StorePlace => {
    const here = options(shared().address);
    return {
      open: async (lineage) => await openZookeeperStore({ ...other(here), newLineage: () => lineage }, never),
      read: (key) => withSession(here, async (session) => (await session.data(znode(here, key)))?.text),
      write: (key, json) =>
        withSession(here, async (session) => {
          const path = znode(here, key);
          const kind = await session.data(path) === undefined ? "create" : "set";
          await session.transaction([{ kind, path, text: json }]);
        }),
      dispose: () => {},
    };
  });
}

test("the second instance is on standby, knows the leader, and leads immediately after the first one ends", async (server) => {
  const one = options(server.address, { name: "one" });
  const first = await openCandidate(one, never);
  const second = await openCandidate(other(one), never);
  const leading = await first.lead(never);
  const store = storeOf(leading, first);
  await store.load();
  await store.commit([launching("t-1")]);
  const told: (string | undefined)[] = [];
  const waiting = second.lead(never, (name) => told.push(name));
  await until(() => told.includes("one"), () => `told ${told}`);
  assert(leading.isHeld());
  await store.close();
  // Nobody waits for the session to expire: it would live for an hour.
  const next = storeOf(await soon(waiting), second);
  assertEquals((await next.load()).instances.map(({ taskId }) => taskId), ["t-1"]);
  assert(!leading.isHeld());
  assertEquals((await assertRejects(() => store.commit([launching("t-2")]), StoreError)).code, "state-closed");
  await next.close();
});

test("exactly one of several instances leads, also after each one ends", async (server) => {
  const one = options(server.address);
  let running = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const candidate = await openCandidate(other(one), never);
      return { candidate, leadership: candidate.lead(never) };
    }),
  );
  running.forEach(({ leadership }) => leadership.catch(() => {}));
  while (running.length > 0) {
    const leader = await soon(Promise.race(running.map(async (each) => (await each.leadership, each))));
    const led = await Promise.all(running.map((each) => Promise.race([each.leadership, Promise.resolve(undefined)])));
    assertEquals(led.filter((each) => each?.isHeld()).length, 1);
    await leader.candidate.close();
    running = running.filter((each) => each !== leader);
  }
});

test("an instance that is cut off stops acting before another one leads, and its late commits are refused", async (server) => {
  await using proxy = startProxy(server.port);
  const one = options(proxy.address, { sessionTimeoutMs: shortSessionMs });
  const first = await openCandidate(one, never);
  const leading = await first.lead(never);
  const store = storeOf(leading, first);
  await store.load();
  const second = await openCandidate(other(one, { servers: serversAt(server.address) }), never);
  const waiting = second.lead(never);
  let heldUntilMs = 0;
  const watching = until(() => {
    if (leading.isHeld()) heldUntilMs = performance.now();
    return !leading.isHeld();
  }, () => "still held");
  proxy.hold();
  const late = store.commit([launching("stale-1")]);
  late.catch(() => {});
  const next = await waiting;
  const ledMs = performance.now();
  await watching;
  assert(heldUntilMs < ledMs, "the first one stopped acting before the second one led");
  proxy.release();
  await assertRejects(() => late, StoreError);
  await until(() => leading.lost.aborted, () => "the loss is not noticed");
  const error = await assertRejects(() => store.commit([launching("stale-2")]), StoreError);
  assertEquals(error.code, "state-lock-lost");
  const nextStore = storeOf(next, second);
  assertEquals((await nextStore.load()).instances, []);
  await store.close();
  await nextStore.close();
});

test("ZooKeeper refuses a commit of a former leader", async (server) => {
  const one = options(server.address);
  const first = await openCandidate(one, never);
  const leading = await first.lead(never);
  const store = storeOf(leading, first);
  await store.load();
  await withSession(one, (session) => session.transaction([{ kind: "set", path: `${one.path}/leader`, text: "x" }]));
  const error = await assertRejects(() => store.commit([launching("t-1")]), StoreError);
  assertEquals(error.code, "state-lock-lost");
  assert(!leading.isHeld() && leading.lost.aborted);
  const state = await readZookeeperState(one, never);
  assertEquals(state?.instances, []);
  await store.close();
});

test("a commit of an instance whose candidate was removed is refused", async (server) => {
  const one = options(server.address);
  const first = await openCandidate(one, never);
  const store = storeOf(await first.lead(never), first);
  await store.load();
  await withSession(one, async (session) => {
    for (const name of await session.children(`${one.path}/election`) ?? []) {
      await session.transaction([{ kind: "remove", path: `${one.path}/election/${name}` }]);
    }
  });
  assertEquals((await assertRejects(() => store.commit([launching("t-1")]), StoreError)).code, "state-lock-lost");
  await store.close();
});

test("a leader stops acting when its connection is lost, and continues if it is restored in time", async (server) => {
  await using proxy = startProxy(server.port);
  const one = options(proxy.address);
  const first = await openCandidate(one, never);
  const leading = await first.lead(never);
  const store = storeOf(leading, first);
  await store.load();
  proxy.drop();
  await until(() => !leading.isHeld(), () => "still held");
  await until(() => leading.isHeld(), () => "not held again");
  assert(!leading.lost.aborted);
  await store.commit([launching("t-1")]);
  assertEquals((await store.load()).instances.length, 1);
  await store.close();
});

testAlone("a leader stops acting within two thirds of the session timeout if the server is silent", async (server) => {
  const one = options(server.address, { sessionTimeoutMs: shortSessionMs });
  const first = await openCandidate(one, never);
  const leading = await first.lead(never);
  const store = storeOf(leading, first);
  await store.load();
  server.freeze();
  let heldForMs = leading.heldForMs();
  assert(heldForMs <= shortSessionMs * 2 / 3, `held for ${heldForMs} ms more`);
  await until(() => {
    const nowForMs = leading.heldForMs();
    // What was on its way when it froze may have come since.
    if (nowForMs > heldForMs) assert(nowForMs <= shortSessionMs * 2 / 3, `held for ${nowForMs} ms more`);
    heldForMs = nowForMs;
    return !leading.isHeld();
  }, () => "still held");
  await until(() => leading.lost.aborted, () => "not given up");
  server.thaw();
  await store.close();
});

test("a resumed process does not act before its session is confirmed", async (server) => {
  let stoppedMs = 0;
  const stopped: ZookeeperClock = { ...clock, elapsedMs: () => clock.elapsedMs() + stoppedMs };
  const sessionTimeoutMs = shortSessionMs;
  const first = await openCandidate(options(server.address, { clock: stopped, sessionTimeoutMs }), never);
  const leading = await first.lead(never);
  assert(leading.isHeld());
  stoppedMs += sessionTimeoutMs * 0.67;
  assert(!leading.isHeld(), "at once, by the clock alone");
  await until(() => leading.isHeld(), () => "not confirmed again");
  stoppedMs += sessionTimeoutMs * 3;
  assert(!leading.isHeld());
  await until(() => leading.lost.aborted || leading.isHeld(), () => "neither lost nor confirmed");
  await first.close();
});

test("a truncated response does not corrupt the responses of the next connection", async (server) => {
  await using proxy = startHalvingProxy(server.port);
  const one = options(proxy.address);
  const first = await openCandidate(one, never);
  const leading = await first.lead(never);
  const store = storeOf(leading, first);
  await store.load();
  proxy.halveNext();
  await assertRejects(() => store.commit(many(3, "half")), StoreError);
  await until(() => leading.isHeld(), () => "not held again");
  await store.commit([launching("t-9")]);
  assert((await store.load()).instances.some(({ taskId }) => taskId === "t-9"));
  assert(!leading.lost.aborted);
  await store.close();
});

testAlone("after a restart of the server the state is unchanged, and an instance leads again", async (server) => {
  const one = options(server.address, { sessionTimeoutMs: shortSessionMs });
  const first = await openCandidate(one, never);
  const store = storeOf(await first.lead(never), first);
  await store.load();
  await store.commit([launching("t-1")]);
  await server.stop();
  const error = await assertRejects(() => store.commit([launching("t-2")]), StoreError);
  assert(["state-unreachable", "state-lock-lost"].includes(error.code), error.code);
  await server.start("kept");
  await store.close();
  const second = await openCandidate(other(one), never);
  const next = storeOf(await second.lead(never), second);
  assertEquals((await next.load()).instances.map(({ taskId }) => taskId), ["t-1"]);
  await next.close();
});

test("a commit above the request limit of ZooKeeper is stored completely", async (server) => {
  const one = options(server.address);
  const first = await openCandidate(one, never);
  const store = storeOf(await first.lead(never), first);
  await store.load();
  await store.commit(many(4_000, "first"));
  await store.commit([...many(3_000, "second"), { kind: "instance-removed", taskId: "t-3999" }]);
  const { instances } = await store.load();
  assertEquals(instances.length, 3_999);
  assertEquals(instances.filter(({ launchReason }) => launchReason.startsWith("second")).length, 3_000);
  assertEquals((await readZookeeperState(one, never))?.instances.length, 3_999);
  await store.close();
});

test("a large commit that is interrupted at any transaction is stored completely or not at all", async (server) => {
  const one = options(server.address);
  let wholes = 0;
  for (let cutAt = 0;; cutAt++) {
    const here = other(one, { path: `${one.path}-${cutAt}` });
    const first = await openCandidate(here, never);
    const leading = await first.lead(never);
    await storeOf(leading, first).load();
    let transactions = 0;
    const cut: Leadership = {
      ...leading,
      transaction: (operations) => {
        if (transactions++ === cutAt) throw new StoreError("state-unreachable", { message: "cut", hint: "" });
        return leading.transaction(operations);
      },
    };
    const isCut = await storeOf(cut, first, 5_000).commit(many(12, "large")).then(() => false, () => true);
    await first.close();
    const second = await openCandidate(other(here), never);
    const next = storeOf(await second.lead(never), second, 5_000);
    const { instances } = await next.load();
    assert([0, 12].includes(instances.length), `cut at ${cutAt}: ${instances.length}`);
    await next.commit([launching("after")]);
    assertEquals((await next.load()).instances.length, instances.length + 1);
    await next.close();
    if (instances.length > 0) wholes++;
    if (!isCut) break;
  }
  assert(wholes > 2, "some cuts lie behind the point where it counts");
});

test("with a password, the data is accessible only to this user", async (server) => {
  const one = options(server.address, { auth: new Secret("state.path", () => "user:geheim-7") });
  const first = await openCandidate(one, never);
  const store = storeOf(await first.lead(never), first);
  await store.load();
  assertEquals((await readZookeeperState(one, never))?.instances, []);
  const { auth: _, ...without } = one;
  const error = await assertRejects(() => readZookeeperState(without, never), StoreError);
  assertEquals(error.code, "state-unwritable");
  const wrong = await assertRejects(
    () => openCandidate(other(one, { auth: new Secret("state.path", () => "user:wrong-pw") }), never),
    StoreError,
  );
  assertEquals(wrong.code, "state-unwritable");
  assert(!`${error.message}${error.hint}${wrong.message}${wrong.hint}`.match(/geheim|wrong-pw/));
  await store.close();
});

test("a server that is down is skipped", async (server) => {
  const one = options(`127.0.0.1:1,${server.address}`);
  const store = await openZookeeperStore({ ...one, newLineage: () => "abc123" }, never);
  await store.load();
  await store.close();
});

Deno.test("zookeeper store: the error names the servers if none responds", async () => {
  const error = await assertRejects(
    () => openCandidate(options("127.0.0.1:1", { sessionTimeoutMs: 500 }), never),
    StoreError,
  );
  assertEquals([error.code, error.kind], ["state-unreachable", "state"]);
  assert(error.message.includes("127.0.0.1:1"));
  const stop = new AbortController();
  const waiting = openCandidate(options("127.0.0.1:1"), stop.signal);
  stop.abort();
  await assertRejects(() => waiting, StoreError);
});

test("foreign znodes below the path are ignored", async (server) => {
  const one = options(server.address);
  const store = await openZookeeperStore({ ...one, newLineage: () => "abc123" }, never);
  await store.load();
  await using writer = await openWriter(server.address);
  await writer.create(`${one.path}/state/100%`, "x");
  assertEquals((await store.load()).instances, []);
  await store.close();
});

/** What a promise gives, or an error where it never comes. */
async function soon<Value>(promise: Promise<Value>): Promise<Value> {
  let isSettled = false;
  promise.then(() => isSettled = true, () => isSettled = true);
  await until(() => isSettled, () => "what is waited for does not come");
  return await promise;
}

function storeOf(leadership: Leadership, candidate: Candidate, requestBytesMax = 256_000): Store {
  return openLeaderStore(leadership, {
    newLineage: () => "abc123",
    close: () => candidate.close(),
    requestBytesMax,
  });
}

function znode({ path }: ElectionOptions, key: string): string {
  return `${path}/state/${encodeURIComponent(key)}`;
}

async function withSession<Result>(
  at: ElectionOptions,
  act: (session: Awaited<ReturnType<typeof openStateSession>>) => Promise<Result>,
): Promise<Result> {
  const session = await openStateSession(at, never);
  try {
    return await act(session);
  } finally {
    await session.close();
  }
}

// Hosts that drop packets are detected before a request, and hosts that would respond are never excluded.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { MesosError } from "../../src/mesos/api.ts";
import type { HttpAddress } from "../../src/net/addresses.ts";
import {
  type AttemptEvents,
  type BeginConnect,
  beginConnect,
  connectionMs,
  createPortProbe,
  silentHostMs,
} from "../../src/mesos/port_probe.ts";
import { isDirect } from "../../src/net/proxies.ts";
import { realTimer } from "../../src/net/timer.ts";
import { createManualTimer, type ManualTimer } from "../support/manual_timer.ts";
import { freePort } from "../support/free_port.ts";
import {
  identity,
  mesosError,
  openStream,
  refusal,
  type ScriptedMaster,
  startMaster,
  subscribed,
  testScheduler,
} from "../support/scripted_master.ts";
import { canSwallow, startSwallowingHost } from "../support/swallowing_host.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };
const linux = { ...strict, ignore: !canSwallow };

function startLeader(): ScriptedMaster {
  return startMaster(() => {
    const stream = openStream();
    stream.send(subscribed);
    return stream.response;
  });
}

/** Lets the time of a look run out: it passes in two halves. */
async function runOut(timer: ManualTimer, ms: number): Promise<void> {
  await timer.started(ms / 2);
  timer.fire(ms / 2);
  assertEquals(timer.fire(ms / 2), 1);
}

Deno.test({
  name: "the next master is tried as soon as the probe of an unresponsive host fails",
  ...linux,
  fn: async () => {
    using off = await startSwallowingHost();
    await using leader = startLeader();
    using test = testScheduler(`${off.address},${leader.address}`);
    const subscribing = test.scheduler.subscribe(identity, undefined, test.signal);
    await runOut(test.timer, connectionMs);
    assertEquals((await subscribing).master, leader.address);
  },
});

Deno.test({
  name: "a dead leader that drops packets is probed once, even if several masters name it",
  ...linux,
  fn: async () => {
    using off = await startSwallowingHost();
    const toIt = (): Response => refusal(307, "", { location: `//${off.address}/master/api/v1/scheduler` });
    await using one = startMaster(toIt);
    await using two = startMaster(toIt);
    const { setTimer, ...timer } = createManualTimer();
    const lookAt = createPortProbe({ setTimer, nowMs: Date.now, isDirect: () => true });
    let looks = 0;
    using test = testScheduler(`${one.address},${two.address},${off.address}`, {}, {
      portProbe: async (address, signals) => {
        if (address.port !== off.port) return undefined;
        looks++;
        return await lookAt(address, signals);
      },
    });
    const failing = mesosError(test.scheduler.subscribe(identity, undefined, test.signal), "no-leader");
    await runOut({ setTimer, ...timer }, connectionMs);
    assertEquals(looks, 1);
    const { message, hint } = await failing;
    assertStringIncludes(
      message,
      `${one.address} names ${off.address} as the leader, but: Mesos master http://${off.address}`,
    );
    assertStringIncludes(message, "no connection was accepted within 1.8 s");
    assertStringIncludes(message, `${two.address} names ${off.address} as the leader, which gave no answer`);
    assertStringIncludes(hint, "see the masters' logs");
    assertEquals([one.asked.length, two.asked.length], [1, 1]);
  },
});

Deno.test({
  name: "an aborted probe ends immediately and leaves no resources behind",
  ...linux,
  fn: async () => {
    using off = await startSwallowingHost();
    using test = testScheduler(off.address, {}, { setTimer: realTimer });
    const failing = mesosError(test.scheduler.subscribe(identity, undefined, test.signal), "unreachable");
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    test.abort();
    assertStringIncludes((await failing).message, "aborted");
  },
});

Deno.test("hosts are not probed if a custom fetch is given", async () => {
  let asked = 0;
  const answer = (): Promise<Response> => {
    asked++;
    return Promise.resolve(refusal(503, "recovering"));
  };
  using test = testScheduler("192.0.2.1:5050", {}, { fetch: answer });
  await mesosError(test.scheduler.subscribe(identity, undefined, test.signal), "no-leader");
  assertEquals(asked, 1);
});

interface ProbeAt {
  readonly timer: ManualTimer;
  readonly attempts: { readonly events: AttemptEvents; readonly perAddressMs: number; isClosed: boolean }[];
  nowMs: number;
  portProbe(address?: HttpAddress): Promise<MesosError | undefined>;
}

function lookWith(direct = true): ProbeAt {
  const timer = createManualTimer();
  const attempts: ProbeAt["attempts"] = [];
  const begin: BeginConnect = (_address, perAddressMs, events) => {
    const attempt = { events, perAddressMs, isClosed: false };
    attempts.push(attempt);
    return { close: () => void (attempt.isClosed = true) };
  };
  const test: Pick<ProbeAt, "nowMs"> = { nowMs: 0 };
  const portProbe = createPortProbe({
    setTimer: timer.setTimer,
    nowMs: () => test.nowMs,
    begin,
    isDirect: () => direct,
  });
  return Object.assign(test, { timer, attempts, portProbe: (address = ip) => portProbe(address, []) });
}

const ip: HttpAddress = { scheme: "http", host: "192.0.2.1", port: 5050 };
const name: HttpAddress = { scheme: "https", host: "m1.example", port: 5050 };

Deno.test("an unresponsive host gets a shorter timeout at the next probe, and the full one every 30 s and after a response", async () => {
  const test = lookWith();
  const silentFor = async (ms: number): Promise<void> => {
    const looking = test.portProbe();
    assertEquals(test.timer.running(ms / 2), 1, `${ms} ms`);
    await runOut(test.timer, ms);
    const error = await looking;
    assertEquals(error?.reason, "unreachable");
    assertStringIncludes(error?.message ?? "", `within ${ms / 1000} s`);
    assert(test.attempts.at(-1)?.isClosed);
  };
  await silentFor(connectionMs);
  test.nowMs += 2_000;
  await silentFor(silentHostMs);
  test.nowMs += 27_999;
  await silentFor(silentHostMs);
  test.nowMs++;
  await silentFor(connectionMs);
  test.nowMs -= 3_600_000;
  await silentFor(connectionMs);
  const answered = test.portProbe();
  test.attempts.at(-1)?.events.onEnd();
  assertEquals(await answered, undefined);
  assertEquals(test.timer.running(silentHostMs / 2), 0);
  await silentFor(connectionMs);
});

Deno.test("the timeout of a host starts after the name resolution", async () => {
  const test = lookWith();
  const slow = test.portProbe(name);
  await runOut(test.timer, 1_000);
  assertEquals(await slow, undefined);
  assert(test.attempts[0]?.isClosed);
  const found = test.portProbe(name);
  test.timer.fire(500);
  test.attempts[1]?.events.onAddress();
  assertEquals(test.timer.running(500), 0);
  await runOut(test.timer, connectionMs);
  assertStringIncludes((await found)?.message ?? "", "https://m1.example:5050");
});

Deno.test("the timeout grows with each further address of a name", async () => {
  const test = lookWith();
  const looking = test.portProbe(name);
  for (let address = 0; address < 3; address++) test.attempts[0]?.events.onAddress();
  const perAddressMs = test.attempts[0]?.perAddressMs ?? 0;
  await runOut(test.timer, connectionMs + 2 * perAddressMs);
  assertEquals((await looking)?.reason, "unreachable");
});

Deno.test("a host behind a proxy is not probed", async () => {
  const test = lookWith(false);
  assertEquals(await test.portProbe(), undefined);
  assertEquals(test.attempts.length, 0);
});

const proxies: readonly (readonly [Readonly<Record<string, string>>, host: string, direct: boolean])[] = [
  [{}, "m1", true],
  [{ NO_PROXY: "other" }, "m1", true],
  ...["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].map((each) =>
    [{ [each]: "http://proxy:3128" }, "m1", false] as const
  ),
  [{ HTTP_PROXY: "" }, "m1", true],
  [{ HTTP_PROXY: "p", NO_PROXY: "a.b, m1.example" }, "m1.example", true],
  [{ HTTP_PROXY: "p", NO_PROXY: ".example" }, "m1.example", true],
  [{ HTTP_PROXY: "p", NO_PROXY: "example" }, "m1.example", true],
  [{ HTTP_PROXY: "p", NO_PROXY: "ample" }, "m1.example", false],
  [{ HTTP_PROXY: "p", no_proxy: "*" }, "m1.example", true],
  [{ HTTP_PROXY: "p", NO_PROXY: "", no_proxy: "*" }, "m1.example", false],
  [{ HTTP_PROXY: "p", NO_PROXY: "*" }, "10.0.0.1", false],
  [{ HTTP_PROXY: "p", NO_PROXY: "10.0.0.0/8" }, "10.0.0.1", true],
  [{ HTTP_PROXY: "p", NO_PROXY: "10.0.0.1" }, "10.0.0.1", true],
  [{ HTTP_PROXY: "p", NO_PROXY: "10.0.0.1:5050" }, "10.0.0.1", false],
  [{ HTTP_PROXY: "p", NO_PROXY: "m1:5050" }, "m1", false],
  [{ HTTP_PROXY: "p", NO_PROXY: "fd00::/8" }, "fd00::1", true],
  [{ HTTP_PROXY: "p", NO_PROXY: "," }, "m1", false],
];

for (const [env, host, direct] of proxies) {
  Deno.test(`with ${JSON.stringify(env)} ${host} is considered ${direct ? "direct" : "behind a proxy"}`, () => {
    assertEquals(isDirect({ host, port: 5050 }, (each) => env[each]), direct);
  });
}

Deno.test("a host is considered behind a proxy if the variables cannot be read", () => {
  assertEquals(
    isDirect(ip, () => {
      throw new Deno.errors.NotCapable("no");
    }),
    false,
  );
});

const real: readonly (readonly [string, () => HttpAddress])[] = [
  ["refuses the connection", () => ({ scheme: "http", host: "127.0.0.1", port: freePort() })],
  ["is unknown", () => ({ scheme: "http", host: "no-such-host.invalid", port: 5050 })],
  ["refuses the connection at its IPv6 address", () => ({ scheme: "http", host: "::1", port: freePort() })],
];

for (const [how, address] of real) {
  Deno.test({
    name: `the probe of a host that ${how} reports no problem`,
    ...strict,
    fn: async () => {
      const portProbe = createPortProbe({
        setTimer: realTimer,
        nowMs: Date.now,
        begin: beginConnect,
        isDirect: () => true,
      });
      assertEquals(await portProbe(address(), [new AbortController().signal]), undefined);
      await new Promise((resolve) => setTimeout(resolve, 0));
    },
  });
}

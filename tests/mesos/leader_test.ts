// Finding the leader: the order of masters, redirects, dead leaders, and responses of everything that does not lead.
// Logins: leader_login_test.ts.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { MesosConnection, MesosErrorReason } from "../../src/mesos/api.ts";
import { createStaticFinder } from "../../src/mesos/leader.ts";
import type { HttpAddress } from "../../src/net/addresses.ts";
import { parseAllowedHost } from "../../src/net/allowed_hosts.ts";
import { redirectsMax } from "../../src/mesos/reach_leader.ts";
import { Secret } from "../../src/secret.ts";
import {
  drain,
  failAt,
  heartbeat,
  identity,
  mesosError,
  openStream,
  redirectTo,
  refusal,
  type ScriptedMaster,
  startLeader,
  startMaster,
  subscribed,
  testScheduler,
} from "../support/scripted_master.ts";
import { freePort } from "../support/free_port.ts";
import { readCalls } from "../support/mesos_recordings.ts";

const strict = { sanitizeOps: true, sanitizeResources: true };

async function subscribeAt(masters: string, changes: Partial<MesosConnection> = {}): Promise<string> {
  using test = testScheduler(masters, changes);
  const session = await test.scheduler.subscribe(identity, undefined, test.signal);
  session.close();
  await drain(session.events);
  return session.master;
}

function allowed(text: string): MesosConnection["allowedHosts"] {
  const host = parseAllowedHost(text);
  return host === undefined ? [] : [host];
}

const addresses: readonly HttpAddress[] = ["m1", "m2", "m3"].map((host) => ({ scheme: "http", host, port: 5050 }));

Deno.test("the master that answered comes first the next time, and the one that failed comes last", async () => {
  const finder = createStaticFinder(addresses);
  const order = async (): Promise<string> => (await finder.candidates([])).map(({ host }) => host).join();
  const [m1, , m3] = addresses;
  if (m1 === undefined || m3 === undefined) throw new Error("no masters");
  assertEquals(await order(), "m1,m2,m3");
  finder.answered(m3);
  assertEquals(await order(), "m3,m1,m2");
  finder.failed(m3);
  assertEquals(await order(), "m1,m2,m3");
  finder.answered({ scheme: "http", host: "elsewhere", port: 5050 });
  assertEquals(await order(), "m1,m2,m3");
});

Deno.test({
  name: "a scheme-relative 307 is followed to its path with the login",
  ...strict,
  fn: async () => {
    await using leader = startLeader();
    const [recorded] = readCalls("redirect");
    const location = recorded?.headers["Location"]?.replace("127.0.0.1:5050", leader.address) ?? "";
    assert(location.startsWith("//"));
    await using other = startMaster(() => redirectTo(location));
    const credentials = {
      kind: "basic",
      userName: "marathon",
      password: new Secret("mesos.secret", () => "s"),
    } as const;
    assertEquals(await subscribeAt(other.address, { credentials }), leader.address);
    assertEquals(leader.asked.map(({ method, path }) => `${method} ${path}`), ["POST /master/api/v1/scheduler"]);
    assertEquals(leader.asked[0]?.headers.get("authorization"), `Basic ${btoa("marathon:s")}`);
    assertEquals(leader.asked[0]?.call["type"], "SUBSCRIBE");
  },
});

Deno.test("a 307 with only a host is followed to the same path", async () => {
  await using leader = startLeader();
  await using other = startMaster(() => redirectTo(`//${leader.address}`));
  await subscribeAt(other.address);
  assertEquals(leader.asked[0]?.path, "/api/v1/scheduler");
});

Deno.test("two redirects in a row are followed", async () => {
  await using leader = startLeader();
  await using second = startMaster(() => redirectTo(`//${leader.address}/master/api/v1/scheduler`));
  await using first = startMaster(() => redirectTo(`http://${second.address}/master/api/v1/scheduler`));
  assertEquals(await subscribeAt(first.address), leader.address);
});

Deno.test("a redirect to a host that is not allowed is refused with the key, and nothing is sent there", async () => {
  await using leader = startLeader();
  const elsewhere = `localhost:${leader.port}`;
  await using other = startMaster(() => redirectTo(`//${elsewhere}/master/api/v1/scheduler`));
  const { message, hint } = await failAt(other.address, "redirect-refused");
  assertStringIncludes(message, elsewhere);
  assertStringIncludes(`${message} ${hint}`, "mesos.allowed-hosts");
  assertEquals(leader.asked.length, 0);
  assertEquals(await subscribeAt(other.address, { allowedHosts: allowed(elsewhere) }), elsewhere);
  assertEquals(await subscribeAt(other.address, { allowedHosts: allowed("localhost") }), elsewhere);
});

Deno.test("masters that redirect in a circle are reported as having no leader", async () => {
  const peers: string[] = [];
  await using one = startMaster(() => redirectTo(`//${peers[1]}`));
  await using two = startMaster(() => redirectTo(`//${peers[0]}`));
  peers.push(one.address, two.address);
  const { message } = await failAt(one.address, "no-leader");
  assertStringIncludes(message, `${one.address} → ${two.address} → ${one.address}`);
  assertEquals(one.asked.length + two.asked.length, 2);
});

Deno.test("redirects are followed up to the limit", async () => {
  const masters: ScriptedMaster[] = [];
  try {
    for (let index = 0; index <= redirectsMax + 1; index++) {
      const here = index;
      masters.push(startMaster(() => redirectTo(`//${masters[here + 1]?.address}`)));
    }
    const { message } = await failAt(masters[0]?.address ?? "", "no-leader");
    assertStringIncludes(message, `more than ${redirectsMax} times`);
    assertEquals(masters.map(({ asked }) => asked.length), [1, 1, 1, 1, 1, 1, 0]);
  } finally {
    await Promise.all(masters.map((master) => master[Symbol.asyncDispose]()));
  }
});

Deno.test("a dead leader that other masters name is reported after all masters were tried", async () => {
  const dead = `127.0.0.1:${freePort()}`;
  await using one = startMaster(() => redirectTo(`//${dead}/master/api/v1/scheduler`));
  await using two = startMaster(() => redirectTo(`//${dead}/master/api/v1/scheduler`));
  const { message, hint } = await failAt(`${dead},${one.address},${two.address}`, "no-leader");
  assertStringIncludes(message, `${one.address} names ${dead} as the leader, which gave no answer`);
  assertStringIncludes(message, "connection was refused");
  assertStringIncludes(hint, "see the masters' logs");
  assertEquals([one.asked.length, two.asked.length], [1, 1]);
});

Deno.test("the error for a dead leader behind a redirect names the redirecting master", async () => {
  const dead = `127.0.0.1:${freePort()}`;
  await using one = startMaster(() => redirectTo(`//${dead}/x`));
  const { message } = await failAt(one.address, "no-leader");
  assertStringIncludes(message, `${one.address} names ${dead} as the leader, but: `);
});

Deno.test("the leading master is found after a dead, a recovering and a foreign server", async () => {
  await using leader = startLeader();
  await using recovering = startMaster(() => refusal(503, "Master has not finished recovery"));
  await using strange = startMaster(() => new Response("<html>", { headers: { "content-type": "text/html" } }));
  const masters = `127.0.0.1:${freePort()},${recovering.address},${strange.address},${leader.address}`;
  using test = testScheduler(masters);
  for (let round = 0; round < 2; round++) {
    const session = await test.scheduler.subscribe(identity, undefined, test.signal);
    assertEquals(session.master, leader.address);
    session.close();
  }
  assertEquals([recovering.asked.length, strange.asked.length, leader.asked.length], [1, 1, 2]);
});

Deno.test("the leader found through a redirect is tried first the next time", async () => {
  await using leader = startLeader();
  await using other = startMaster(() => redirectTo(`//${leader.address}`));
  using test = testScheduler(`${other.address},${leader.address}`);
  for (let round = 0; round < 2; round++) {
    const session = await test.scheduler.subscribe(identity, undefined, test.signal);
    session.close();
  }
  assertEquals([other.asked.length, leader.asked.length], [1, 2]);
});

Deno.test("a master whose stream broke or became silent is tried last the next time", async () => {
  const [broken, quiet] = [openStream(), openStream()];
  broken.end();
  quiet.send(subscribed);
  await using one = startMaster(() => broken.response);
  await using two = startMaster(() => quiet.response);
  await using three = startLeader();
  using test = testScheduler(`${one.address},${two.address},${three.address}`);
  await mesosError(test.scheduler.subscribe(identity, undefined, test.signal), "stream-broken");
  const session = await test.scheduler.subscribe(identity, undefined, test.signal);
  assertEquals(session.master, two.address);
  for (let missed = 0; missed <= 5; missed++) test.timer.fire(15_000);
  assertEquals((await drain(session.events)).error?.reason, "silent");
  await quiet.left;
  const next = await test.scheduler.subscribe(identity, undefined, test.signal);
  assertEquals(next.master, three.address);
  assertEquals([one, two, three].map(({ asked }) => asked.length), [1, 1, 1]);
});

const html = "<!DOCTYPE html><html><body>Welcome</body></html>";
const answers: readonly (readonly [
  name: string,
  answer: () => Response,
  reason: MesosErrorReason,
  said: readonly string[],
])[] = [
  ["a recovering master", () => refusal(503, "Master has not finished recovery"), "no-leader", ["recovery", "503"]],
  ["a refusal", () => refusal(400, "Failed to validate scheduler::Call:\n no user"), "refused", [
    "400: Failed to validate scheduler::Call: no user",
  ]],
  ["a master without the scheduler API", () => refusal(404), "not-a-master", ["404", "mesos-master"]],
  ["a server that refuses POST", () => refusal(405), "not-a-master", ["405"]],
  ["an old master", () => refusal(415, "Unsupported"), "not-a-master", ["1.0"]],
  ["a web page with 200", () => new Response(html, { headers: { "content-type": "text/html" } }), "not-a-master", [
    "not a master, but something else, with an HTML page",
  ]],
  [
    "a page of XHTML served as XML",
    () =>
      new Response(`<?xml version="1.0"?>\n<html xmlns="x"><head><title>Sign-On</title></head></html>`, {
        headers: { "content-type": "application/xml" },
      }),
    "not-a-master",
    ['not a master, but something else, with the page "Sign-On"'],
  ],
  [
    "a web page with 400",
    () => new Response(html, { status: 400, headers: { "content-type": "text/html" } }),
    "not-a-master",
    [
      "HTML page",
    ],
  ],
  ["a login page", () => refusal(302, "", { location: "https://sso.example/login" }), "not-a-master", [
    "sso.example",
    "proxy",
  ]],
  ["JSON", () => openStream({ "content-type": "application/json" }).response, "not-a-master", ["application/json"]],
  ["a missing stream id", () => openStream({ "mesos-stream-id": "" }).response, "not-a-master", [
    "without Mesos-Stream-Id",
  ]],
  ["a long stream id", () => openStream({ "mesos-stream-id": "x".repeat(129) }).response, "not-a-master", [
    "unusable Mesos-Stream-Id",
  ]],
  ["a proxy whose master is unavailable", () => refusal(502, "Bad Gateway"), "unreachable", [
    'not a master, but something else, saying "Bad Gateway"',
  ]],
  [
    "a 307 to single sign-on",
    () => redirectTo("https://sso.example/authorize?state=secret"),
    "not-a-master",
    ["not a master, but something else, which points to https://sso.example/authorize"],
  ],
  ["a 307 without a target", () => refusal(307), "not-a-master", ["names no target"]],
  ["a 307 to another protocol", () => redirectTo("ftp://127.0.0.1/x"), "redirect-refused", ["ftp://127.0.0.1"]],
  ["missing rights", () => refusal(403, "not allowed"), "unauthorized", ["--acls"]],
];

for (const [name, answer, reason, said] of answers) {
  Deno.test({
    name: `SUBSCRIBE answered with ${name} fails with ${reason}`,
    ...strict,
    fn: async () => {
      await using master = startMaster(answer);
      const { message, hint } = await failAt(master.address, reason);
      assertStringIncludes(message, master.address);
      said.forEach((text) => assertStringIncludes(`${message} | ${hint}`, text));
      assert(!message.includes("\n"));
    },
  });
}

Deno.test({
  name: "a refused connection, an unknown name and a port without HTTP are reported differently",
  ...strict,
  fn: async () => {
    assertStringIncludes((await failAt(`127.0.0.1:${freePort()}`, "unreachable")).message, "connection was refused");
    assertStringIncludes((await failAt("nobody.invalid:5050", "unreachable")).message, "host name cannot be resolved");
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const port = (listener.addr as Deno.NetAddr).port;
    const serving = (async () => {
      for await (const connection of listener) {
        await connection.read(new Uint8Array(4096));
        await connection.write(new TextEncoder().encode("220 mail.example ESMTP\r\n"));
        connection.close();
      }
    })();
    assertStringIncludes((await failAt(`127.0.0.1:${port}`, "unreachable")).message, "does not use HTTP");
    assertStringIncludes((await failAt(`https://127.0.0.1:${port}`, "unreachable")).message, "does not use TLS");
    listener.close();
    await serving.catch(() => {});
  },
});

Deno.test("a host without permission is reported with the key to change", async () => {
  const refuse = (url: string): Promise<Response> =>
    Promise.reject(
      new Deno.errors.NotCapable(`Requires net access to "${new URL(url).host}", run again with --allow-net`),
    );
  const fetching =
    ((input: string) =>
      input.includes("m1") ? Promise.resolve(redirectTo("//m2:5050/x")) : refuse(input)) as typeof fetch;
  using redirected = testScheduler("m1", { allowedHosts: allowed("m2") }, { fetch: fetching });
  const first = await mesosError(
    redirected.scheduler.subscribe(identity, undefined, redirected.signal),
    "redirect-refused",
  );
  assertStringIncludes(first.message, "mesos.allowed-hosts lacks m2:5050, which master m1:5050 named");
  assertStringIncludes(first.hint, 'add "m2:5050" to mesos.allowed-hosts');
  using direct = testScheduler("m3", {}, { fetch: fetching });
  const second = await mesosError(direct.scheduler.subscribe(identity, undefined, direct.signal), "redirect-refused");
  assertStringIncludes(second.message, "without permission to connect to m3:5050");
  assertStringIncludes(second.hint, "mesos-master");
});

const tlsFolder = new URL("../fixtures/gocd/", import.meta.url);
const tls = {
  cert: Deno.readTextFileSync(new URL("server.pem", tlsFolder)),
  key: Deno.readTextFileSync(new URL("server-key.pem", tlsFolder)),
};
const caCert = Deno.readTextFileSync(new URL("ca.pem", tlsFolder));

Deno.test({
  name: "TLS with a private CA works with its certificate, and the error without it names mesos.ca-file",
  ...strict,
  fn: async () => {
    await using leader = startMaster(() => {
      const stream = openStream();
      stream.send(subscribed, heartbeat);
      return stream.response;
    }, tls);
    await using other = startMaster(() => redirectTo(`//localhost:${leader.port}`), tls);
    const url = `https://localhost:${other.port}`;
    assertEquals(await subscribeAt(url, { caCerts: [caCert] }), `localhost:${leader.port}`);
    const { message, hint } = await failAt(url, "unreachable");
    assertStringIncludes(message, "not signed by a known authority");
    assertStringIncludes(hint, "mesos.ca-file");
    const bad = await failAt(url, "refused", {
      caCerts: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    });
    assertStringIncludes(bad.message, "mesos.ca-file");
  },
});

Deno.test({
  name: "a request to a master that does not respond is cancelled after 15 seconds, and the next master is tried",
  ...strict,
  fn: async () => {
    const never = Promise.withResolvers<Response>();
    await using silent = startMaster(() => never.promise);
    await using leader = startLeader();
    using test = testScheduler(`${silent.address},${leader.address}`);
    const subscribing = test.scheduler.subscribe(identity, undefined, test.signal);
    await test.timer.started(15_000);
    assertEquals(test.timer.fire(15_000), 1);
    assertEquals((await subscribing).master, leader.address);
    using alone = testScheduler(silent.address);
    const failing = mesosError(alone.scheduler.subscribe(identity, undefined, alone.signal), "unreachable");
    await alone.timer.started(15_000);
    alone.timer.fire(15_000);
    assertStringIncludes((await failing).message, `${silent.address}: no answer within 15 s`);
    never.resolve(refusal(503));
  },
});

Deno.test("an aborted subscribe() fails immediately", async () => {
  const never = Promise.withResolvers<Response>();
  await using silent = startMaster(() => never.promise);
  using test = testScheduler(silent.address);
  const subscribing = mesosError(test.scheduler.subscribe(identity, undefined, test.signal), "unreachable");
  await test.timer.started(15_000);
  test.abort();
  assertStringIncludes((await subscribing).message, "aborted");
  assertEquals(test.timer.running(15_000), 0);
  never.resolve(refusal(503));
});

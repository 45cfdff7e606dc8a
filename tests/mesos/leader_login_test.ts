// Logins at leading and redirecting masters, and `probe()`, which `check` uses.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { MesosConnection, MesosErrorReason } from "../../src/mesos/api.ts";
import { Secret } from "../../src/secret.ts";
import {
  failAt,
  mesosError,
  redirectTo,
  refusal,
  startLeader,
  startMaster,
  testScheduler,
} from "../support/scripted_master.ts";
import { readCalls } from "../support/mesos_recordings.ts";

const html = "<!DOCTYPE html><html><body>Welcome</body></html>";
const secret = new Secret("mesos.secret-file", () => "correct horse");
const logins: readonly (readonly [string, MesosConnection["credentials"], header: string | null, hint: string])[] = [
  ["no login", { kind: "none" }, null, "set mesos.principal and mesos.secret"],
  [
    "a wrong secret",
    { kind: "basic", userName: "märathon", password: secret },
    `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode("märathon:correct horse")))}`,
    "mesos.principal ('märathon') and mesos.secret-file",
  ],
  [
    "a wrong token",
    { kind: "bearer", token: new Secret("mesos.token", () => "tok.en\n") },
    "Bearer tok.en",
    "mesos.token",
  ],
];

for (const [name, credentials, header, wanted] of logins) {
  Deno.test(`the error for a 401 with ${name} names the keys to check and not the secret`, async () => {
    const [recorded] = readCalls("auth");
    const echoed = credentials.kind === "basic" ? "correct horse" : "tok.en";
    await using master = startMaster((asked) =>
      refusal(401, `${recorded?.body} ${asked.headers.get("authorization")} ${echoed}`, {
        "www-authenticate": recorded?.headers["WWW-Authenticate"] ?? "",
      })
    );
    const { message, hint } = await failAt(master.address, "unauthorized", { credentials });
    assertEquals(master.asked.map(({ headers }) => headers.get("authorization")), [header]);
    assertStringIncludes(hint, wanted);
    assertStringIncludes(message, "with 401: Unauthorized");
    const said = credentials.kind === "none" ? "" : `${message} ${hint}`;
    [echoed, header?.split(" ")[1] ?? echoed].forEach((text) => assert(!said.includes(text), message));
  });
}

Deno.test("an unreadable secret and an empty token are refused without a request", async () => {
  await using master = startLeader();
  const gone = new Secret("mesos.secret-file", () => {
    throw new Error("No such file");
  });
  const first = await failAt(master.address, "unauthorized", {
    credentials: { kind: "basic", userName: "p", password: gone },
  });
  assertStringIncludes(first.message, "mesos.secret-file cannot be read");
  const second = await failAt(master.address, "unauthorized", {
    credentials: { kind: "bearer", token: new Secret("mesos.token", () => " \n") },
  });
  assertStringIncludes(second.message, "mesos.token is empty");
  assertEquals(master.asked.length, 0);
});

const tlsFolder = new URL("../fixtures/gocd/", import.meta.url);
const tls = {
  cert: Deno.readTextFileSync(new URL("server.pem", tlsFolder)),
  key: Deno.readTextFileSync(new URL("server-key.pem", tlsFolder)),
};
const caCert = Deno.readTextFileSync(new URL("ca.pem", tlsFolder));

Deno.test("a redirect from https to http is refused", async () => {
  await using plain = startLeader();
  await using secure = startMaster(() => redirectTo(`http://localhost:${plain.port}`), tls);
  const { message } = await failAt(`https://localhost:${secure.port}`, "redirect-refused", { caCerts: [caCert] });
  assertStringIncludes(message, "away from TLS");
  assertEquals(plain.asked.length, 0);
});

Deno.test("probe() finds the leader behind a redirect and its version without subscribing", async () => {
  await using leader = startMaster(({ method, path }) =>
    path === "/version"
      ? Response.json({ version: "1.11.0", git_sha: "x" })
      : method === "GET"
      ? refusal(405, "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.")
      : refusal(500)
  );
  await using other = startMaster(() => redirectTo(`//${leader.address}/master/api/v1/scheduler`));
  using test = testScheduler(other.address);
  assertEquals(await test.scheduler.probe(test.signal), { leader: leader.address, version: "1.11.0" });
  assertEquals(leader.asked.map(({ method, path }) => `${method} ${path}`), [
    "GET /master/api/v1/scheduler",
    "GET /version",
  ]);
});

const probes: readonly (readonly [string, (path: string) => Response, MesosErrorReason])[] = [
  ["requires a login", () => refusal(401), "unauthorized"],
  ["is recovering", () => refusal(503), "no-leader"],
  ["is a web server", () => new Response(html, { headers: { "content-type": "text/html" } }), "not-a-master"],
  ["does not have the path", () => refusal(404), "not-a-master"],
  ["has no version", (path) => path === "/version" ? refusal(404) : refusal(405), "not-a-master"],
  ["has an invalid version", (path) => path === "/version" ? new Response("{") : refusal(405), "not-a-master"],
];

for (const [name, answer, reason] of probes) {
  Deno.test(`probe() reports a server that ${name} as ${reason}`, async () => {
    await using master = startMaster(({ path }) => answer(path));
    using test = testScheduler(master.address);
    await mesosError(test.scheduler.probe(test.signal), reason);
  });
}

Deno.test("probe() reports the title of a page served as XHTML", async () => {
  const body = `<?xml version="1.0"?>\n<!DOCTYPE html><html xmlns="x"><title>Sign-On</title></html>`;
  await using master = startMaster(() => new Response(body, { headers: { "content-type": "application/xhtml+xml" } }));
  using test = testScheduler(master.address);
  const { message } = await mesosError(test.scheduler.probe(test.signal), "not-a-master");
  assertStringIncludes(message, 'with 200: not a master, but something else, with the page "Sign-On"');
});

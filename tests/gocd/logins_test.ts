// Logins: changing secrets, their encoding, and sessions.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import type { Credentials } from "../../src/net/credentials.ts";
import { Secret } from "../../src/secret.ts";
import type { SimSecurity } from "../../src/sim/gocd/state.ts";
import { minute, server } from "../sim/gocd_support.ts";
import { serverAt } from "../support/addresses.ts";
import { simFetch, simUrl } from "../support/sim_fetch.ts";
import { connection, fakeGocd } from "./fake_gocd.ts";

const signal = new AbortController().signal;
const basic: Credentials = {
  kind: "basic",
  userName: "ci",
  password: new Secret("go-server.password", () => "hunter2!"),
};

Deno.test("a missing secret file is named, and is used again once it exists", async () => {
  let text: string | undefined = "first";
  const password = new Secret("go-server.password-file", () => {
    if (text === undefined) throw new Error("ENOENT /etc/secret");
    return text;
  });
  const fake = fakeGocd("26.1.0");
  const credentials: Credentials = { kind: "basic", userName: "ci", password };
  const api = createHttpGocdApi({ ...connection, credentials }, { fetch: fake.fetch, nowMs: () => 0 });
  await api.poll(signal);
  text = undefined;
  const error = await assertRejects(() => api.poll(signal), GocdError);
  assertEquals(error.problem.code, "gocd-secret-unreadable");
  assertStringIncludes(error.message, "go-server.password-file");
  text = "second";
  await api.poll(signal);
  assertEquals(fake.seen.at(-1)?.headers.get("authorization"), `Basic ${btoa("ci:second")}`);
});

Deno.test("a token with a line break is refused without a request, and not shown", async () => {
  const token = new Secret("go-server.access-token", () => "abc\ndef");
  const fake = fakeGocd("26.1.0");
  const api = createHttpGocdApi({ ...connection, credentials: { kind: "bearer", token } }, {
    fetch: fake.fetch,
    nowMs: () => 0,
  });
  const error = await assertRejects(() => api.poll(signal), GocdError);
  assertEquals([error.problem.code, fake.seen.length], ["gocd-bad-secret", 0]);
  assert(!error.message.includes("abc"));
});

Deno.test("user names and passwords are encoded as UTF-8", async () => {
  const credentials: Credentials = { kind: "basic", userName: "jörg", password: new Secret("p", () => "pä:ss€") };
  const fake = fakeGocd("26.1.0");
  await createHttpGocdApi({ ...connection, credentials }, { fetch: fake.fetch, nowMs: () => 0 }).poll(signal);
  const sent = fake.seen[0]?.headers.get("authorization")?.slice("Basic ".length) ?? "";
  const bytes = Uint8Array.from(atob(sent), (letter) => letter.charCodeAt(0));
  assertEquals(new TextDecoder().decode(bytes), "jörg:pä:ss€");
});

Deno.test("invalid CA certificates are reported with their key", async () => {
  const caCerts = ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"];
  const api = createHttpGocdApi({ ...connection, caCerts }, { fetch: fakeGocd("26.1.0").fetch, nowMs: () => 0 });
  const { hint } = await assertRejects(() => api.poll(signal), GocdError);
  assertStringIncludes(hint, "go-server.ca-file");
  api.close();
});

Deno.test("only the session cookie is kept, until a 401 or a changed password", async () => {
  let password = "one";
  const credentials: Credentials = { kind: "basic", userName: "ci", password: new Secret("p", () => password) };
  const fake = fakeGocd("26.1.0");
  const api = createHttpGocdApi({ ...connection, credentials }, { fetch: fake.fetch, nowMs: () => 0 });
  const cookies = (): readonly (string | null)[] => fake.seen.splice(0).map((request) => request.headers.get("cookie"));
  fake.override = (request) =>
    request.path === "/api/version"
      ? new Response(JSON.stringify({ version: "26.1.0" }), {
        headers: [["set-cookie", "JSESSIONID=abc123;Path=/go;HttpOnly"], ["set-cookie", "tracker=1"], [
          "content-type",
          "application/json",
        ]],
      })
      : undefined;
  await api.readAgents(signal);
  assertEquals(cookies(), [null, "JSESSIONID=abc123"]);
  password = "two";
  await api.readAgents(signal);
  assertEquals(cookies(), [null]);
  fake.override = () => new Response("", { status: 401, headers: { "set-cookie": "JSESSIONID=zzz" } });
  await assertRejects(() => api.readAgents(signal), GocdError);
  fake.override = () => undefined;
  await api.readAgents(signal);
  assertEquals(cookies(), [null, null]);
});

Deno.test("a session is dropped after five minutes, and a password that GoCD no longer accepts is noticed", async () => {
  const withPassword = (password: string): SimSecurity => ({
    kind: "on",
    users: [{ name: "ci", password, admin: true }],
  });
  const model = server("26.1.0", { security: withPassword("hunter2!") });
  const here = { ...connection, url: serverAt(simUrl), credentials: basic };
  const api = createHttpGocdApi(here, { fetch: simFetch(model), nowMs: () => model.nowMs });
  await api.readAgents(signal);
  model.setSecurity(withPassword("another"));
  // Until then the cookie hides it: GoCD serves a valid session whatever password comes with it.
  model.advance(5 * minute - 1);
  await api.readAgents(signal);
  model.advance(5 * minute);
  const { problem } = await assertRejects(() => api.readAgents(signal), GocdError);
  assertEquals(problem.code, "gocd-bad-credentials");
  model.setSecurity(withPassword("hunter2!"));
  await api.readAgents(signal);
  assertEquals(model.tally.sessionsCreated, 3);
});

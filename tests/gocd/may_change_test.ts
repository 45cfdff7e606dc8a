// Whether the account may change agents, determined by a change of no agent, and the server's clock.

import { assertEquals, assertRejects } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../../src/gocd/http_api.ts";
import { serverAt } from "../support/addresses.ts";
import { simFetch, simUrl } from "../support/sim_fetch.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { basic, server, users } from "../sim/gocd_support.ts";
import { connection, fakeGocd, json } from "./fake_gocd.ts";

const signal = new AbortController().signal;

function apiOf(model: SimGocd, name: "root" | "guest"): HttpGocdApi {
  const login = basic(name, name === "root" ? "sesame" : "guest");
  const plain = simFetch(model);
  const fetch: typeof globalThis.fetch = (input, init) =>
    plain(input, { ...init, headers: { ...init?.headers as Record<string, string>, ...login } });
  return createHttpGocdApi({ ...connection, url: serverAt(simUrl) }, { fetch, nowMs: () => model.nowMs });
}

for (const version of ["16.7.0", "17.12.0", "18.5.0", "18.10.0", "19.2.0", "19.9.0", "21.3.0", "26.1.0"]) {
  Deno.test(`on GoCD ${version} the right to change agents is determined without changing one`, async () => {
    const model = server(version, { security: users });
    model.addAgent({ uuid: "11111111-0000-4000-8000-000000000001", hostname: "box" });
    const before = JSON.stringify(model.agents());
    assertEquals((await apiOf(model, "root").mayChange(signal)).admin, "yes");
    assertEquals((await apiOf(model, "guest").mayChange(signal)).admin, "no");
    assertEquals(JSON.stringify(model.agents()), before);
  });
}

Deno.test("before GoCD 16.7 the right to change agents is unknown", async () => {
  const model = server("16.1.0", { security: users });
  assertEquals((await apiOf(model, "root").mayChange(signal)).admin, "unknown");
});

Deno.test("in maintenance mode the right to change agents is unknown, and a failed request is an error", async () => {
  const model = server("26.1.0", { security: users });
  model.setMaintenance(true);
  assertEquals((await apiOf(model, "root").mayChange(signal)).admin, "unknown");
  const fake = fakeGocd("26.1.0");
  fake.override = ({ method }) => method === "PATCH" ? new Response("", { status: 502 }) : undefined;
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  await assertRejects(() => api.mayChange(signal), GocdError);
  api.close();
});

for (
  const [status, text, admin] of [
    // As recorded of a real GoCD 26.2.
    [422, '{\n  "message" : "Must specify agent \'uuids\' for bulk update."\n}', "yes"],
    [403, '{\n  "message" : "You are not authorized to perform this action."\n}', "no"],
    // Up to 18.10 a list may be empty.
    [200, '{"message": "Updated agent(s) with uuid(s): []."}', "yes"],
  ] as const
) {
  Deno.test(`the response ${status} to a change of no agent means administrator: ${admin}`, async () => {
    const fake = fakeGocd("26.1.0");
    const type = { "content-type": "application/vnd.go.cd.v7+json;charset=utf-8" };
    fake.override = ({ method }) => method === "PATCH" ? new Response(text, { status, headers: type }) : undefined;
    const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
    assertEquals((await api.mayChange(signal)).admin, admin);
    const [sent] = fake.seen.filter(({ method }) => method === "PATCH");
    assertEquals([sent?.path, (sent?.body as { uuids: unknown }).uuids], ["/api/agents", []]);
    api.close();
  });
}

Deno.test("the clock of the server is read from its Date header, and is unknown without a valid one", async () => {
  for (
    const [date, clockMs] of [
      ["Fri, 27 Nov 2026 22:00:05 GMT", Date.UTC(2026, 10, 27, 22, 0, 5)],
      ["soon"],
      [],
    ] as const
  ) {
    const fake = fakeGocd("26.1.0");
    fake.override = () => json(200, { version: "26.1.0" }, date === undefined ? {} : { date });
    const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
    assertEquals(await api.clockMs(signal), clockMs);
    api.close();
  }
});

// Changes of agents: bulk and single requests, conflicts, refusals by servers and intermediaries.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../../src/gocd/http_api.ts";
import { connection, type FakeGocd, fakeGocd, json } from "./fake_gocd.ts";

const signal = new AbortController().signal;

function apiOf(fake: FakeGocd): HttpGocdApi {
  return createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
}

function changes(fake: FakeGocd): readonly string[] {
  return fake.seen.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`);
}

Deno.test("a building agent is reported as a conflict, and the other agents are deleted", async () => {
  for (const [version, status] of [["17.1.0", 406], ["26.1.0", 422]] as const) {
    const fake = fakeGocd(version, [
      { uuid: "a", config: "Disabled", state: "Idle" },
      { uuid: "b", config: "Disabled", state: "Building" },
      { uuid: "c", config: "Disabled", state: "LostContact" },
    ]);
    const error = await assertRejects(() => apiOf(fake).deleteAgents(["a", "b", "c"], signal), GocdError);
    assertEquals(error.problem.kind, "conflict");
    assertEquals(error.problem.code, "gocd-agent-busy");
    assertStringIncludes(error.message, `/api/agents/b answered ${status}`);
    assertEquals(fake.agents.map((agent) => agent.uuid), ["b"]);
  }
});

Deno.test("several refused deletions become one error with their number", async () => {
  const fake = fakeGocd("26.1.0", ["a", "b", "c"].map((uuid) => ({ uuid, config: "Enabled", state: "Idle" })));
  const error = await assertRejects(() => apiOf(fake).deleteAgents(["a", "b", "c"], signal), GocdError);
  assertStringIncludes(error.message, "(and 2 more of 3 agents were refused)");
});

Deno.test("empty lists cause no request", async () => {
  const fake = fakeGocd("26.1.0");
  await apiOf(fake).disableAgents([], signal);
  await apiOf(fake).deleteAgents([], signal);
  assertEquals(changes(fake), []);
});

Deno.test("agents are changed in lists of at most a hundred, and a single agent is deleted by its own path", async () => {
  const uuids = Array.from({ length: 250 }, (_, n) => `u${n}`);
  const fake = fakeGocd("26.1.0", uuids.map((uuid) => ({ uuid, config: "Enabled", state: "Idle" })));
  const api = apiOf(fake);
  await api.disableAgents(["u0", "u0"], signal);
  await api.deleteAgents(["u0", "u0"], signal);
  assertEquals(changes(fake), ["PATCH /api/agents", "DELETE /api/agents/u0"]);
  await api.disableAgents(uuids.slice(1), signal);
  assertEquals(changes(fake).slice(2), ["PATCH /api/agents", "PATCH /api/agents", "PATCH /api/agents"]);
  assertEquals(fake.agents.every((agent) => agent.config === "Disabled"), true);
});

Deno.test("in maintenance mode a change fails after one request", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Enabled", state: "Idle" }]);
  fake.override = ({ method }) =>
    method === "GET" ? undefined : json(503, { message: "Server is in maintenance mode, please try later." });
  for (
    const act of [
      (api: HttpGocdApi) => api.enableAgent("a", undefined, signal),
      (api: HttpGocdApi) => api.disableAgents(["a", "b"], signal),
      (api: HttpGocdApi) => api.deleteAgents(["a", "b"], signal),
    ]
  ) {
    const error = await assertRejects(() => act(apiOf(fake)), GocdError);
    assertEquals(error.problem.kind, "maintenance");
  }
  assertEquals(changes(fake).length, 3);
});

Deno.test("enabling a deleted agent is reported as `missing`, without another check of the version", async () => {
  const fake = fakeGocd("26.1.0");
  const api = apiOf(fake);
  await api.poll(signal);
  const error = await assertRejects(() => api.enableAgent("x", undefined, signal), GocdError);
  assertEquals([error.problem.code, error.problem.kind], ["gocd-agent-missing", "missing"]);
  assertEquals(fake.seen.filter(({ path }) => path === "/api/version").length, 1, "no reason to doubt the version");
});

Deno.test("enabling without a registration does not send resources and environments", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Disabled", state: "Idle" }]);
  await apiOf(fake).enableAgent("a", undefined, signal);
  assertEquals(fake.seen.at(-1)?.body, { agent_config_state: "Enabled" });
});

Deno.test("enabling without an environment removes the agent from its environments", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Pending", state: "Unknown" }]);
  await apiOf(fake).enableAgent("a", { gocdResources: [] }, signal);
  assertEquals(fake.seen.at(-1)?.body, { agent_config_state: "Enabled", resources: [], environments: [] });
});

Deno.test("invalid resources and environments are refused without a request", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Pending", state: "Unknown" }]);
  const api = apiOf(fake);
  for (const registration of [{ gocdResources: ["a,b"] }, { gocdResources: [], environment: "no space" }]) {
    const error = await assertRejects(() => api.enableAgent("a", registration, signal), GocdError);
    assertEquals(error.problem.code, "gocd-invalid");
  }
  assertEquals(changes(fake), []);
});

Deno.test("a uuid is encoded as one path segment", async () => {
  const fake = fakeGocd("26.1.0");
  await apiOf(fake).deleteAgents(["../../api/x?y#z"], signal);
  assertEquals(changes(fake), ["DELETE /api/agents/..%2F..%2Fapi%2Fx%3Fy%23z"]);
});

Deno.test("a change after an upgrade is repeated with the request of the new release", async () => {
  const fake = fakeGocd("16.5.0", [{ uuid: "a", config: "Enabled", state: "Idle" }]);
  const api = apiOf(fake);
  await api.poll(signal);
  fake.version = "26.1.0";
  await api.disableAgents(["a"], signal);
  assertEquals(fake.agents[0]?.config, "Disabled");
});

Deno.test("a login page in response to a change is an error", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Enabled", state: "Idle" }]);
  fake.override = ({ method }) =>
    method === "GET" ? undefined : new Response("<html></html>", { headers: { "content-type": "text/html" } });
  const error = await assertRejects(() => apiOf(fake).disableAgents(["a"], signal), GocdError);
  assertEquals(error.problem.code, "gocd-login-page");
});

Deno.test("disabling a Pending agent fails up to GoCD 16.6 with one line after one request", async () => {
  for (const version of ["15.2.0", "16.6.0"]) {
    const fake = fakeGocd(version, [{ uuid: "a", config: "Pending", state: "Unknown" }]);
    const error = await assertRejects(() => apiOf(fake).disableAgents(["a"], signal), GocdError);
    assertStringIncludes(error.message, "/api/agents/a answered 400: Failed to disable");
    assertEquals(changes(fake), ["PATCH /api/agents/a"]);
  }
});

Deno.test("a Pending agent is disabled by the bulk API from GoCD 16.7 on", async () => {
  for (const version of ["16.7.0", "19.8.0", "19.9.0", "26.1.0"]) {
    const fake = fakeGocd(version, [{ uuid: "a", config: "Pending", state: "Unknown" }]);
    await apiOf(fake).disableAgents(["a"], signal);
    assertEquals(fake.agents[0]?.config, "Disabled");
  }
});

Deno.test("an HTML page with status 404 is not treated as the deletion of an agent", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Disabled", state: "Idle" }]);
  // As recorded (post agents, put agent): the route's type on the page for an unknown path.
  fake.override = ({ method }) =>
    method === "GET" ? undefined : new Response("<html><body><h2>404 Not found</h2></body></html>", {
      status: 404,
      headers: { "content-type": "application/vnd.go.cd.v7+json;charset=utf-8" },
    });
  const error = await assertRejects(() => apiOf(fake).deleteAgents(["a"], signal), GocdError);
  assertEquals([error.problem.code, error.problem.kind], ["gocd-unknown-path", "missing"]);
});

for (
  const [name, status, body, headers] of [
    ["405 of nginx", 405, "<html><head><title>405 Not Allowed</title></head></html>", { server: "nginx" }],
    ["405 without a body", 405, "", {}],
    ["403 of a firewall", 403, "<html><head><title>Attention Required!</title></head></html>", {}],
    ["403 of an API gateway", 403, '{"message":"Forbidden"}', {}],
    ["404 of a proxy", 404, "<html><head><title>404 Not Found</title></head></html>", { server: "nginx" }],
    ["501 of a proxy", 501, "<html><head><title>501 Not Implemented</title></head></html>", {}],
  ] as const
) {
  Deno.test(`a change refused by an intermediary is not reported as missing rights: ${name}`, async () => {
    const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Enabled", state: "Idle" }]);
    fake.override = ({ method }) => method === "GET" ? undefined : new Response(body, { status, headers });
    const { problem } = await assertRejects(() => apiOf(fake).disableAgents(["a"], signal), GocdError);
    assertEquals(problem.code, status === 501 ? "gocd-server-error" : "gocd-blocked");
    assertStringIncludes(problem.message, `answered ${status}: not GoCD, but `);
    assertEquals(problem.hint.includes("administrator"), false);
  });
}

Deno.test("agents are deleted one by one if a load balancer refuses DELETE with a body", async () => {
  const fake = fakeGocd("26.1.0", ["a", "b"].map((uuid) => ({ uuid, config: "Disabled", state: "Idle" })));
  // As Google's load balancer answers.
  const page = "<!DOCTYPE html><html lang=en><title>Error 400 (Bad Request)!!1</title>";
  fake.override = ({ method, body }) =>
    method === "DELETE" && body !== undefined
      ? new Response(page, { status: 400, headers: { "content-type": "text/html" } })
      : undefined;
  await apiOf(fake).deleteAgents(["a", "b"], signal);
  assertEquals(changes(fake), ["DELETE /api/agents", "DELETE /api/agents/a", "DELETE /api/agents/b"]);
  assertEquals(fake.agents, []);
});

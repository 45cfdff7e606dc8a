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

Deno.test("one agent that still builds does not keep the others from being deleted, and is named as a conflict", async () => {
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

Deno.test("several refusals become one error that counts them", async () => {
  const fake = fakeGocd("26.1.0", ["a", "b", "c"].map((uuid) => ({ uuid, config: "Enabled", state: "Idle" })));
  const error = await assertRejects(() => apiOf(fake).deleteAgents(["a", "b", "c"], signal), GocdError);
  assertStringIncludes(error.message, "(and 2 more of 3 agents were refused)");
});

Deno.test("nothing to change asks nothing of the agents API", async () => {
  const fake = fakeGocd("26.1.0");
  await apiOf(fake).disableAgents([], signal);
  await apiOf(fake).deleteAgents([], signal);
  assertEquals(changes(fake), []);
});

Deno.test("many agents are changed in lists of at most a hundred, each once, and one is deleted by its own path", async () => {
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

Deno.test("a server that goes into maintenance stops the writing at once", async () => {
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

Deno.test("enabling an agent that is gone is `missing`, and no sign of another version", async () => {
  const fake = fakeGocd("26.1.0");
  const api = apiOf(fake);
  await api.poll(signal);
  const error = await assertRejects(() => api.enableAgent("x", undefined, signal), GocdError);
  assertEquals([error.problem.code, error.problem.kind], ["gocd-agent-missing", "missing"]);
  assertEquals(fake.seen.filter(({ path }) => path === "/api/version").length, 1, "no reason to doubt the version");
});

Deno.test("enabling without registration leaves resources and environments as they are", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Disabled", state: "Idle" }]);
  await apiOf(fake).enableAgent("a", undefined, signal);
  assertEquals(fake.seen.at(-1)?.body, { agent_config_state: "Enabled" });
});

Deno.test("enabling into no environment takes the agent out of those that it has", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Pending", state: "Unknown" }]);
  await apiOf(fake).enableAgent("a", { gocdResources: [] }, signal);
  assertEquals(fake.seen.at(-1)?.body, { agent_config_state: "Enabled", resources: [], environments: [] });
});

Deno.test("names that the server would refuse are not sent", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Pending", state: "Unknown" }]);
  const api = apiOf(fake);
  for (const registration of [{ gocdResources: ["a,b"] }, { gocdResources: [], environment: "no space" }]) {
    const error = await assertRejects(() => api.enableAgent("a", registration, signal), GocdError);
    assertEquals(error.problem.code, "gocd-invalid");
  }
  assertEquals(changes(fake), []);
});

Deno.test("a uuid is a path segment, whatever it holds", async () => {
  const fake = fakeGocd("26.1.0");
  await apiOf(fake).deleteAgents(["../../api/x?y#z"], signal);
  assertEquals(changes(fake), ["DELETE /api/agents/..%2F..%2Fapi%2Fx%3Fy%23z"]);
});

Deno.test("an upgrade between reading and writing is noticed, and the write done as the new release wants it", async () => {
  const fake = fakeGocd("16.5.0", [{ uuid: "a", config: "Enabled", state: "Idle" }]);
  const api = apiOf(fake);
  await api.poll(signal);
  fake.version = "26.1.0";
  await api.disableAgents(["a"], signal);
  assertEquals(fake.agents[0]?.config, "Disabled");
});

Deno.test("a login page in answer to a write is not a success", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Enabled", state: "Idle" }]);
  fake.override = ({ method }) =>
    method === "GET" ? undefined : new Response("<html></html>", { headers: { "content-type": "text/html" } });
  const error = await assertRejects(() => apiOf(fake).disableAgents(["a"], signal), GocdError);
  assertEquals(error.problem.code, "gocd-login-page");
});

Deno.test("up to 16.6 the API does not disable a Pending agent: said in one line, nothing else is tried", async () => {
  for (const version of ["15.2.0", "16.6.0"]) {
    const fake = fakeGocd(version, [{ uuid: "a", config: "Pending", state: "Unknown" }]);
    const error = await assertRejects(() => apiOf(fake).disableAgents(["a"], signal), GocdError);
    assertStringIncludes(error.message, "/api/agents/a answered 400: Failed to disable");
    assertEquals(changes(fake), ["PATCH /api/agents/a"]);
  }
});

Deno.test("a Pending agent is disabled on every server that has lists, although its own path refuses that up to 19.8", async () => {
  for (const version of ["16.7.0", "19.8.0", "19.9.0", "26.1.0"]) {
    const fake = fakeGocd(version, [{ uuid: "a", config: "Pending", state: "Unknown" }]);
    await apiOf(fake).disableAgents(["a"], signal);
    assertEquals(fake.agents[0]?.config, "Disabled");
  }
});

Deno.test("a page of GoCD that is called JSON says nothing of an agent: it counts as none that is gone", async () => {
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
    ["405 without a word", 405, "", {}],
    ["403 of a firewall", 403, "<html><head><title>Attention Required!</title></head></html>", {}],
    ["403 of an API gateway", 403, '{"message":"Forbidden"}', {}],
    ["404 of a proxy", 404, "<html><head><title>404 Not Found</title></head></html>", { server: "nginx" }],
    ["501 of a proxy", 501, "<html><head><title>501 Not Implemented</title></head></html>", {}],
  ] as const
) {
  Deno.test(`a change that something in between refuses is not GoCD's word on rights or agents: ${name}`, async () => {
    const fake = fakeGocd("26.1.0", [{ uuid: "a", config: "Enabled", state: "Idle" }]);
    fake.override = ({ method }) => method === "GET" ? undefined : new Response(body, { status, headers });
    const { problem } = await assertRejects(() => apiOf(fake).disableAgents(["a"], signal), GocdError);
    assertEquals(problem.code, status === 501 ? "gocd-server-error" : "gocd-blocked");
    assertStringIncludes(problem.message, `answered ${status}: not GoCD, but `);
    assertEquals(problem.hint.includes("administrator"), false);
  });
}

Deno.test("where a balancer lets no DELETE with a body pass, agents are deleted one by one", async () => {
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

// The lists of agents of all API versions, and bodies that are not such lists.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import { GocdError } from "../../src/gocd/api.ts";
import { readGocdAgents, withLegacyBuilds } from "../../src/gocd/agents.ts";
import type { AgentsShape } from "../../src/gocd/versions.ts";

const shapes: readonly AgentsShape[] = ["legacy", "v1", "v2-v3", "v4", "v5-v7"];

function listOf(shape: AgentsShape, entries: readonly unknown[]): string {
  return JSON.stringify(shape === "legacy" ? entries : { _embedded: { agents: entries } });
}

function statesOf(shape: AgentsShape, entry: Record<string, unknown>): readonly unknown[] {
  const [agent] = readGocdAgents(listOf(shape, [{ uuid: "u", ...entry }]), shape).agents;
  return [agent?.configState, agent?.agentState, agent?.buildState];
}

for (
  const [word, want] of [
    ["Pending", ["Pending", "Unknown", "Unknown"]],
    ["LostContact", ["Enabled", "LostContact", "Unknown"]],
    ["Missing", ["Enabled", "Missing", "Unknown"]],
    ["Building", ["Enabled", "Building", "Building"]],
    ["Cancelled", ["Enabled", "Building", "Cancelled"]],
    ["Building (Cancelled)", ["Enabled", "Building", "Cancelled"]],
    ["Idle", ["Enabled", "Idle", "Idle"]],
    ["Sleeping", ["Enabled", "Sleeping", "Unknown"]],
    ["", ["Unknown", "Unknown", "Unknown"]],
    [null, ["Unknown", "Unknown", "Unknown"]],
  ] as const
) {
  Deno.test(`the status ${JSON.stringify(word)} of old releases is parsed as ${want.join("/")}`, () => {
    assertEquals(statesOf("legacy", { status: word, build_locator: "" }), want);
    if (word) assertEquals(statesOf("v1", { status: word, enabled: word !== "Pending" }), want);
  });
}

Deno.test("a disabled agent of the legacy list is building if it has a build locator", () => {
  assertEquals(statesOf("legacy", { status: "Disabled", build_locator: "/p/1/s/1/j" }), [
    "Disabled",
    "Building",
    "Building",
  ]);
  assertEquals(statesOf("legacy", { status: "Disabled", build_locator: "" }), ["Disabled", "Idle", "Idle"]);
  assertEquals(statesOf("legacy", { status: "Disabled" }), ["Disabled", "Unknown", "Unknown"]);
});

Deno.test("in v1 the activity of a disabled agent is unknown, and `enabled` precedes the status", () => {
  assertEquals(statesOf("v1", { status: "Disabled", enabled: false }), ["Disabled", "Unknown", "Unknown"]);
  assertEquals(statesOf("v1", { status: "Building", enabled: false }), ["Disabled", "Building", "Building"]);
  assertEquals(statesOf("v1", { status: "Disabled", enabled: true }), ["Disabled", "Unknown", "Unknown"]);
});

Deno.test("the legacy list adds only the activity of disabled agents and the build locators to v1", () => {
  const v1 = readGocdAgents(
    listOf("v1", [
      { uuid: "a", status: "Disabled", enabled: false },
      { uuid: "b", status: "Disabled", enabled: false },
      { uuid: "c", status: "Idle", enabled: true },
      { uuid: "d", status: "Disabled", enabled: false },
      { uuid: "e", status: "Disabled", enabled: false },
    ]),
    "v1",
  ).agents;
  const legacy = readGocdAgents(
    listOf("legacy", [
      { uuid: "a", status: "Disabled", build_locator: "/p/1/s/1/j" },
      { uuid: "b", status: "Disabled", build_locator: "" },
      { uuid: "c", status: "Building", build_locator: "/p/1/s/1/j" },
      { uuid: "e", status: "Idle", build_locator: "" },
    ]),
    "legacy",
  ).agents;
  assertEquals(withLegacyBuilds(v1, legacy).map((agent) => agent.agentState), [
    "Building",
    "Idle",
    "Idle",
    "Unknown",
    "Unknown",
  ]);
  assertEquals(withLegacyBuilds(v1, legacy).map((agent) => agent.buildLocator), [
    "p/1/s/1/j",
    undefined,
    "p/1/s/1/j",
    undefined,
    undefined,
  ]);
});

for (const shape of ["v2-v3", "v4", "v5-v7"] as const) {
  Deno.test(`${shape} keeps unknown states as they are, and missing states are Unknown`, () => {
    const told = { "agent_config_state": "Quarantined", "agent_state": "Napping", "build_state": "Pondering" };
    assertEquals(statesOf(shape, told), ["Quarantined", "Napping", "Pondering"]);
    assertEquals(statesOf(shape, { "agent_config_state": null, "agent_state": "" }), ["Unknown", "Unknown", "Unknown"]);
  });

  Deno.test(`${shape} does not derive the activity of an agent from build_details`, () => {
    const lost = {
      "agent_config_state": "Enabled",
      "agent_state": "LostContact",
      "build_state": "Unknown",
      "build_details": { "job_name": "j" },
    };
    assertEquals(statesOf(shape, lost), ["Enabled", "LostContact", "Unknown"]);
  });
}

function buildOf(shape: AgentsShape, entry: Record<string, unknown>): string | undefined {
  return readGocdAgents(listOf(shape, [{ uuid: "u", ...entry }]), shape).agents[0]?.buildLocator;
}

function linked(href: unknown): Record<string, unknown> {
  return { "build_details": { _links: { job: { href } }, "job_name": "j" } };
}

Deno.test("the build of an agent comes from the legacy list, and from v4 on from the link to the job", () => {
  assertEquals(buildOf("legacy", { build_locator: "/pipeline/1/stage/2/job" }), "pipeline/1/stage/2/job");
  assertEquals(buildOf("legacy", { build_locator: "" }), undefined);
  for (const shape of ["v4", "v5-v7"] as const) {
    for (const base of ["https://ci.example.com/go", "http://ci:8153/behind/a/proxy/go", "/go"]) {
      assertEquals(
        buildOf(shape, linked(`${base}/tab/build/detail/p/12/s/3/j-runInstance-4`)),
        "p/12/s/3/j-runInstance-4",
      );
    }
    assertEquals(buildOf(shape, linked("/go/tab/build/detail/p%20q/1/s/1/100%25")), "p q/1/s/1/100%");
  }
});

Deno.test("an agent with an unreadable link to its job has no build locator", () => {
  for (
    const details of [linked("j"), linked(7), linked("/go//1/s/1/j"), { "build_details": [] }, { "build_details": 1 }]
  ) {
    assertEquals(buildOf("v5-v7", details), undefined);
  }
  assertEquals(buildOf("v5-v7", linked("/tab/build/detail/p/1/s/1/%zz")), "p/1/s/1/%zz");
});

Deno.test("environments are names, with their origin where it is reported", () => {
  const environments = [
    { name: "a", origin: { type: "gocd" } },
    { name: "b", origin: { type: "config-repo" } },
    { name: "c", origin: { type: "unknown" } },
    { name: "d", origin: { type: "from-the-future" } },
    { name: "e" },
    "f",
    "",
    null,
    7,
  ];
  const [agent] = readGocdAgents(listOf("v5-v7", [{ uuid: "u", environments }]), "v5-v7").agents;
  assertEquals(agent?.environments.map(({ name, origin }) => `${name}:${origin}`), [
    "a:gocd",
    "b:config-repo",
    "c:unknown",
    "d:unstated",
    "e:unstated",
    "f:unstated",
  ]);
});

Deno.test("an agent with empty fields is read", () => {
  for (const shape of shapes) {
    const entry = {
      uuid: "u",
      hostname: null,
      "agent_name": null,
      "ip_address": "",
      resources: null,
      environments: "",
    };
    const [agent] = readGocdAgents(listOf(shape, [entry]), shape).agents;
    assertEquals([agent?.hostname, agent?.gocdResources, agent?.environments, agent?.ipAddress, agent?.elastic], [
      "",
      [],
      [],
      undefined,
      false,
    ]);
  }
});

Deno.test("an agent with an elastic id is elastic", () => {
  const agents = readGocdAgents(
    listOf("v4", [{ uuid: "a", elastic_agent_id: "x" }, { uuid: "b", elastic_plugin_id: "p" }, {
      uuid: "c",
      elastic_agent_id: null,
    }]),
    "v4",
  ).agents;
  assertEquals(agents.map((agent) => agent.elastic), [true, true, false]);
});

Deno.test("records without a uuid and duplicates are left out and reported as findings", () => {
  for (const shape of shapes) {
    const reading = readGocdAgents(listOf(shape, [{ uuid: "a" }, { uuid: "" }, null, "x", { uuid: "a" }]), shape);
    assertEquals(reading.agents.map((agent) => agent.uuid), ["a"]);
    assertEquals(reading.findings.map((finding) => finding.code), ["gocd-agent-unreadable", "gocd-agent-duplicate"]);
  }
});

for (
  const [what, text, code] of [
    ["an empty body", "", "gocd-truncated"],
    ["a truncated list", '{"_embedded":{"agents":[{"uuid":"a"}', "gocd-not-json"],
    ["HTML", "<html></html>", "gocd-not-json"],
    ["null", "null", "gocd-unexpected-shape"],
    ["an empty object", "{}", "gocd-unexpected-shape"],
    ["an object without a list", '{"_embedded":{}}', "gocd-unexpected-shape"],
    ["null instead of a list", '{"_embedded":{"agents":null}}', "gocd-unexpected-shape"],
    ["an object instead of a list", '{"_embedded":{"agents":{}}}', "gocd-unexpected-shape"],
    ["a list without any uuid", '{"_embedded":{"agents":[{}]}}', "gocd-unexpected-shape"],
    ["a message", '{"message":"no"}', "gocd-unexpected-shape"],
  ] as const
) {
  Deno.test(`${what} is not a list of agents`, () => {
    for (const shape of shapes) {
      const error = assertThrows(() => readGocdAgents(text, shape, "GET /agents"), GocdError);
      assertEquals([error.problem.code, error.problem.kind], [code, "unreadable"]);
    }
  });
}

Deno.test("the error for truncated JSON does not quote it", () => {
  const error = assertThrows(() => readGocdAgents('{"password":"hunter2', "v4"), GocdError);
  assertEquals(`${error.message}${error.hint}${String(error.cause)}`.includes("hunter2"), false);
});

Deno.test("an empty list is accepted only in the shape of its API version", () => {
  assertEquals(readGocdAgents("[]", "legacy").agents, []);
  assertEquals(readGocdAgents('{"_embedded":{"agents":[]}}', "v5-v7").agents, []);
  assertThrows(() => readGocdAgents("[]", "v5-v7"), GocdError);
  assertThrows(() => readGocdAgents('{"_embedded":{"agents":[]}}', "legacy"), GocdError);
});

/** Anything the reader gives without an error must be a list, and be empty only where the text holds an empty one. */
function assertHonest(text: string, shape: AgentsShape): void {
  try {
    const { agents } = readGocdAgents(text, shape);
    const body = JSON.parse(text);
    const list: unknown = shape === "legacy" ? body : body._embedded.agents;
    assert(Array.isArray(list) && (agents.length > 0 || list.length === 0));
    assert(agents.every((agent) => agent.uuid !== "" && agent.configState !== "" && agent.agentState !== ""));
  } catch (error) {
    assert(error instanceof GocdError, String(error));
  }
}

Deno.test("any JSON gives a GocdError or its agents, and an empty list only for an empty list", () => {
  const entry = fc.oneof(
    fc.jsonValue(),
    fc.record({
      uuid: fc.oneof(fc.constant("u"), fc.jsonValue()),
      status: fc.jsonValue(),
      enabled: fc.jsonValue(),
      "agent_state": fc.jsonValue(),
      resources: fc.jsonValue(),
      environments: fc.oneof(fc.jsonValue(), fc.array(fc.record({ name: fc.jsonValue(), origin: fc.jsonValue() }))),
    }, { requiredKeys: [] }),
  );
  const body = fc.oneof(
    fc.jsonValue(),
    fc.array(entry),
    fc.record({ _embedded: fc.record({ agents: fc.array(entry) }) }),
  );
  fc.assert(
    fc.property(body, fc.constantFrom(...shapes), (value, shape) => assertHonest(JSON.stringify(value), shape)),
    { numRuns: 1000 },
  );
});

Deno.test("a truncated or modified list gives a GocdError or its agents, and never an empty list", () => {
  const valid = listOf("v5-v7", [
    {
      uuid: "a",
      hostname: "h",
      "agent_config_state": "Enabled",
      "agent_state": "Idle",
      "build_state": "Idle",
      resources: ["x"],
    },
    { uuid: "b", environments: [{ name: "e", origin: { type: "gocd" } }] },
  ]);
  for (let length = 0; length < valid.length; length++) {
    assertThrows(() => readGocdAgents(valid.slice(0, length), "v5-v7"), GocdError);
  }
  fc.assert(
    fc.property(
      fc.nat(valid.length),
      fc.nat(60),
      fc.string({ maxLength: 4 }),
      (at, length, put) => assertHonest(valid.slice(0, at) + put + valid.slice(at + length), "v5-v7"),
    ),
    { numRuns: 1000 },
  );
});

// Changes of agents by the API of the simulated GoCD server, by release.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { ask, job, json, launch, minute, run, runUntil, server } from "./gocd_support.ts";

const newest = { accept: "application/vnd.go.cd+json" };
const v1 = { accept: "application/vnd.go.cd.v1+json" };
const v2 = { accept: "application/vnd.go.cd.v2+json" };
const v4 = { accept: "application/vnd.go.cd.v4+json" };

function filled(version: string): SimGocd {
  const model = server(version, { environments: [{ name: "prod", origin: "gocd" }] });
  model.addAgent({ uuid: "idle", hostname: "idle", gocdResources: ["a"] });
  model.addAgent({ uuid: "off", hostname: "off", configState: "Disabled" });
  launch(model, "p1", { key: "guess", uuid: "pending" });
  run(model, minute);
  return model;
}

const disable = { "agent_config_state": "Disabled" };

Deno.test("the response of PATCH has the agent state Missing from 18.11, and the real one before", () => {
  const body = {
    "agent_config_state": "disabled",
    resources: "x, y",
    environments: ["prod", "nowhere"],
    hostname: "new",
  };
  const model = filled("26.1.0");
  const answer = json(ask(model, "PATCH /go/api/agents/idle", newest, body));
  assertEquals([answer.agent_config_state, answer.agent_state, answer.build_state, answer.free_space], [
    "Disabled",
    "Missing",
    "Unknown",
    "unknown",
  ]);
  const read = json(ask(model, "GET /go/api/agents/idle", newest));
  assertEquals([read.agent_config_state, read.agent_state, read.hostname, read.resources], ["Disabled", "Idle", "new", [
    "x",
    "y",
  ]]);
  assertEquals(
    read.environments.map((one: { name: string; origin: { type: string } }) => `${one.name} ${one.origin.type}`),
    [
      "nowhere unknown",
      "prod gocd",
    ],
  );
  const old = json(ask(filled("18.10.0"), "PATCH /go/api/agents/idle", v4, body));
  assertEquals([old.agent_config_state, old.agent_state, old.environments], ["Disabled", "Idle", ["prod"]]);
});

Deno.test("v1 of the agents API supports `enabled`, and v2 ignores it", () => {
  const model = filled("16.6.0");
  assertEquals(json(ask(model, "PATCH /go/api/agents/idle", v1, { enabled: false })).enabled, false);
  assertEquals(json(ask(model, "PATCH /go/api/agents/off", v2, { enabled: true })).agent_config_state, "Disabled");
  assertEquals(ask(model, "PATCH /go/api/agents/off", v1, { enabled: "maybe" }).status, 400);
});

Deno.test("a change without application/json is refused with 415 up to 18.10, and accepted later", () => {
  for (const [version, headers] of [["16.6.0", v2], ["18.10.0", v4], ["18.11.0", v4], ["26.1.0", newest]] as const) {
    for (const type of ["text/plain", "application/vnd.go.cd.v7+json", ""]) {
      const model = filled(version);
      const typed = { ...headers, "content-type": type };
      const response = ask(model, "PATCH /go/api/agents/idle", typed, JSON.stringify(disable));
      const isRails = version < "18.11.0";
      assertEquals([response.status, model.tally.changes.length], isRails ? [415, 0] : [200, 1]);
      if (isRails) assertEquals(json(response).message, "You must specify a 'Content-Type' of 'application/json'");
    }
  }
});

Deno.test("resources are sorted in every release", () => {
  for (const [version, headers] of [["15.2.0", v1], ["18.10.0", v4], ["26.1.0", newest]] as const) {
    const model = filled(version);
    model.addAgent({ uuid: "u", hostname: "u", gocdResources: ["b", "a", "C"] });
    assertEquals(json(ask(model, "GET /go/api/agents/u", headers)).resources, ["C", "a", "b"]);
  }
});

Deno.test("a bulk deletion fails for an unknown agent, and from 19.9 for the first agent that cannot be deleted", () => {
  const cases = [
    ["19.8.0", ["idle", "nobody"], 404],
    ["19.9.0", ["idle", "nobody"], 422],
    ["19.9.0", ["nobody", "idle"], 404],
    ["25.2.0", [], 200],
    ["25.3.0", [], 400],
  ] as const;
  for (const [version, uuids, want] of cases) {
    assertEquals(ask(filled(version), "DELETE /go/api/agents", newest, { uuids }).status, want);
  }
});

const refusals: readonly (readonly [string, string, unknown, number, string])[] = [
  [
    "no operation",
    "PATCH /go/api/agents/idle",
    {},
    400,
    "Bad Request. No operation is specified in the request to be performed on agent.",
  ],
  [
    "a Pending agent without state",
    "PATCH /go/api/agents/pending",
    { resources: ["a"] },
    400,
    "Pending agent [pending] must be explicitly enabled or disabled when performing any operation on it.",
  ],
  ["an unknown uuid", "PATCH /go/api/agents/nobody", disable, 404, "Agent with uuid 'nobody' was not found!"],
  [
    "a bad state",
    "PATCH /go/api/agents/idle",
    { "agent_config_state": "Off" },
    422,
    "can be one of `Enabled`, `Disabled` or null",
  ],
  ["a bad resource", "PATCH /go/api/agents/idle", { resources: ["c++"] }, 422, "Updating agent failed."],
  ["a bulk change without operation", "PATCH /go/api/agents", { uuids: ["idle"] }, 400, "No operation is specified"],
  [
    "a bulk change with an unknown uuid",
    "PATCH /go/api/agents",
    { uuids: ["idle", "nobody"], ...disable },
    404,
    "[nobody]",
  ],
  [
    "a bulk change of a Pending agent without state",
    "PATCH /go/api/agents",
    { uuids: ["idle", "pending"], operations: { resources: { add: ["x"] } } },
    400,
    "Pending agents [pending] must be",
  ],
  [
    "a bulk change with a bad resource",
    "PATCH /go/api/agents",
    { uuids: ["idle"], operations: { resources: { add: ["c++"] } } },
    422,
    "Validations failed",
  ],
  [
    "the deletion of an enabled agent",
    "DELETE /go/api/agents/idle",
    undefined,
    422,
    "Your request could not be processed. Failed to delete an agent, as it is not in a disabled state or is still building.",
  ],
  ["the deletion of a Pending agent", "DELETE /go/api/agents/pending", undefined, 422, "Failed to delete an agent"],
  [
    "the deletion of an unknown agent",
    "DELETE /go/api/agents/nobody",
    undefined,
    404,
    "Agent with uuid 'nobody' was not found!",
  ],
  [
    "a bulk deletion with an enabled agent",
    "DELETE /go/api/agents",
    { uuids: ["off", "idle"] },
    422,
    "Could not delete any agents",
  ],
  ["a bulk deletion of no agent", "DELETE /go/api/agents", { uuids: [] }, 400, "No agent UUIDs were supplied"],
];
for (const [what, line, body, status, text] of refusals) {
  Deno.test(`26.1 refuses ${what} with ${status} and without a change`, () => {
    const model = filled("26.1.0");
    const response = ask(model, line, newest, body);
    assertEquals(response.status, status);
    assertStringIncludes(json(response).message, text);
    assertEquals(model.tally.changes, []);
    assertEquals(model.agents().length, 3);
  });
}

Deno.test("the response to a body that is not JSON has the key `error`", () => {
  const response = ask(filled("26.1.0"), "PATCH /go/api/agents/idle", newest, "{oops");
  assertEquals([response.status, Object.keys(json(response))], [400, ["error"]]);
});

Deno.test("a 422 has the agent with its errors under data", () => {
  const body = json(ask(filled("26.1.0"), "PATCH /go/api/agents/idle", newest, { resources: ["c++"] }));
  assertEquals([body.data.uuid, body.data.errors.resources.length], ["idle", 1]);
});

Deno.test("a Pending agent can be disabled by PATCH from 19.9, and enabled in every release", () => {
  for (
    const [version, headers, want] of [["19.8.0", newest, 400], ["19.9.0", newest, 200], ["18.10.0", v4, 400]] as const
  ) {
    assertEquals(ask(filled(version), "PATCH /go/api/agents/pending", headers, disable).status, want);
    const enable = { "agent_config_state": "Enabled" };
    assertEquals(ask(filled(version), "PATCH /go/api/agents/pending", headers, enable).status, 200);
  }
});

Deno.test("bulk PATCH and DELETE exist from 16.7", () => {
  assertEquals(ask(filled("16.6.0"), "PATCH /go/api/agents", v2, { uuids: ["idle"], ...disable }).status, 404);
  for (const [version, headers] of [["16.7.0", v2], ["19.8.0", newest], ["26.1.0", newest]] as const) {
    const model = filled(version);
    const patched = ask(model, "PATCH /go/api/agents", headers, { uuids: ["idle", "pending"], ...disable });
    assertEquals([patched.status, json(patched).message], [200, "Updated agent(s) with uuid(s): [idle, pending]."]);
    const deleted = ask(model, "DELETE /go/api/agents", headers, { uuids: ["idle", "off"] });
    assertEquals([deleted.status, json(deleted).message], [200, "Deleted 2 agent(s)."]);
    assertEquals(model.agents().map(({ uuid }) => uuid), ["pending"]);
  }
});

Deno.test("a bulk deletion with an enabled agent is 406, and deletes the other one only in 16.7", () => {
  for (const [version, left] of [["16.7.0", 2], ["16.8.0", 3], ["19.8.0", 3]] as const) {
    const model = filled(version);
    const headers = version === "19.8.0" ? newest : v2;
    const response = ask(model, "DELETE /go/api/agents", headers, { uuids: ["off", "idle"] });
    assertEquals([response.status, model.agents().length], [406, left]);
  }
});

Deno.test("elastic agents have no resources, and a change of their resources is refused", () => {
  const model = filled("26.1.0");
  model.addAgent({ uuid: "el", hostname: "el", elastic: { agentId: "pod-1", pluginId: "k8s" } });
  const refused = ask(model, "PATCH /go/api/agents/el", newest, { resources: ["a"] });
  assertEquals([refused.status, json(refused).data.errors.resources], [422, ["Elastic agents cannot have resources."]]);
  const bulk = { uuids: ["el"], operations: { resources: { add: ["a"] } } };
  assertEquals(ask(model, "PATCH /go/api/agents", newest, bulk).status, 400);
  const shown = json(ask(model, "GET /go/api/agents/el", newest));
  assertEquals([shown.elastic_agent_id, shown.elastic_plugin_id, "resources" in shown], ["pod-1", "k8s", false]);
});

Deno.test("the deletion of a disabled agent that is Building is refused (406 up to 19.8, then 422)", () => {
  for (const [version, want] of [["19.8.0", 406], ["19.9.0", 422]] as const) {
    const model = filled(version);
    job(model, "p", { durationMs: 10 * minute });
    runUntil(model, () => model.jobs()[0]?.state === "Building");
    run(model, 6000);
    assertEquals(ask(model, "PATCH /go/api/agents/idle", newest, disable).status, 200);
    assertEquals(ask(model, "DELETE /go/api/agents/idle", newest).status, want);
  }
});

Deno.test("the legacy POST paths exist up to 16.6, need Confirm in 16.6, and respond with text", () => {
  for (
    const [version, confirm, want] of [["15.2.0", false, 200], ["16.2.0", false, 200], ["16.6.0", false, 404], [
      "16.6.0",
      true,
      200,
    ]] as const
  ) {
    const headers: Record<string, string> = confirm ? { confirm: "true" } : {};
    const response = ask(filled(version), "POST /go/api/agents/pending/enable", headers);
    assertEquals(response.status, want);
    if (want === 200) assertEquals(response.body, "Enabled 1 agent(s)");
  }
  assertEquals(ask(filled("16.7.0"), "POST /go/api/agents/pending/enable", { confirm: "true" }).status, 404);
  const model = filled("15.2.0");
  assertEquals(ask(model, "POST /go/api/agents/pending/disable").body, "Disabled 1 agent(s)");
  assertEquals(ask(model, "POST /go/api/agents/off/delete").status, 200);
  assertEquals(ask(model, "POST /go/api/agents/idle/delete").status, 406);
});

Deno.test("every change is counted with its user", () => {
  const model = filled("26.1.0");
  ask(model, "PATCH /go/api/agents/idle", newest, { ...disable, resources: ["z"] });
  ask(model, "DELETE /go/api/agents/idle", newest);
  assertEquals(model.tally.changes.map(({ kind, uuid, user }) => `${kind} ${uuid} ${user}`), [
    "update idle anonymous",
    "disable idle anonymous",
    "delete idle anonymous",
  ]);
});

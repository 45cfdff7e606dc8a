// Encoding of calls, as a master decodes them, and compared with the recorded calls.

import { assertEquals, assertThrows } from "@std/assert";
import type { MesosEffect, TaskLaunch } from "../../src/core/effect.ts";
import type { FrameworkIdentity } from "../../src/mesos/api.ts";
import { offeredResource } from "../../src/mesos/resources.ts";
import { decodeCall, encodeCallRecord, type WireRecord } from "../../src/mesos/proto/wire.ts";
import type { ResourceShape } from "../../src/mesos/proto/shapes.ts";
import { encodeCall, encodeSubscribe } from "../../src/mesos/to_proto.ts";
import { plainLaunch } from "../support/mesos_launch.ts";
import { callsNames, readCalls } from "../support/mesos_recordings.ts";

const identity: FrameworkIdentity = {
  name: "gocd-mesos",
  user: "root",
  roles: ["gocd"],
  webuiUrl: "http://127.0.0.1:8090/",
  failoverTimeoutMs: 604_800_000,
  capabilities: ["MULTI_ROLE", "PARTITION_AWARE", "TASK_KILLING_STATE", "RESERVATION_REFINEMENT", "REGION_AWARE"],
  labels: { "ünïcode": "任务" },
  minAllocatable: [],
};

const noVariables = (): Readonly<Record<string, string>> => ({});

function sent(
  call: MesosEffect,
  environmentOf: (launch: TaskLaunch) => Record<string, string> = noVariables,
): WireRecord {
  return decodeCall(encodeCall(call, "f1", environmentOf));
}

const id = (value: string): WireRecord => ({ value });

const calls: readonly (readonly [string, MesosEffect, WireRecord])[] = [
  [
    "DECLINE has explicit refuse_seconds",
    { kind: "decline-offers", offerIds: ["o1", "o2"], refuseSeconds: 3600 },
    { type: "DECLINE", decline: { offer_ids: [id("o1"), id("o2")], filters: { refuse_seconds: 3600 } } },
  ],
  [
    "SUPPRESS contains the roles",
    { kind: "suppress-offers", roles: ["a", "b/c"] },
    { type: "SUPPRESS", suppress: { roles: ["a", "b/c"] } },
  ],
  ["REVIVE contains the roles", { kind: "revive-offers", roles: ["a"] }, { type: "REVIVE", revive: { roles: ["a"] } }],
  [
    "ACKNOWLEDGE contains the exact uuid",
    { kind: "acknowledge-status", taskId: "t1", mesosAgentId: "a1", uuid: "RQ5AvjiyREynJ6HO05juaQ==" },
    {
      type: "ACKNOWLEDGE",
      acknowledge: { agent_id: id("a1"), task_id: id("t1"), uuid: "RQ5AvjiyREynJ6HO05juaQ==" },
    },
  ],
  [
    "an explicit RECONCILE contains the agents if they are known",
    { kind: "reconcile-tasks", tasks: [{ taskId: "t1", mesosAgentId: "a1" }, { taskId: "t2" }] },
    { type: "RECONCILE", reconcile: { tasks: [{ task_id: id("t1"), agent_id: id("a1") }, { task_id: id("t2") }] } },
  ],
  ["an implicit RECONCILE is empty", { kind: "reconcile-tasks", tasks: [] }, { type: "RECONCILE", reconcile: {} }],
  [
    "KILL contains its grace period in nanoseconds beyond 32 bits",
    { kind: "kill-task", taskId: "t1", mesosAgentId: "a1", graceMs: 30_000 },
    {
      type: "KILL",
      kill: {
        task_id: id("t1"),
        agent_id: id("a1"),
        kill_policy: { grace_period: { nanoseconds: 30_000_000_000 } },
      },
    },
  ],
  [
    "KILL is encoded without an agent",
    { kind: "kill-task", taskId: "t1", graceMs: 0 },
    { type: "KILL", kill: { task_id: id("t1"), kill_policy: { grace_period: { nanoseconds: 0 } } } },
  ],
  [
    "ACCEPT_INVERSE_OFFERS contains the offers",
    { kind: "accept-inverse-offers", offerIds: ["i1"] },
    { type: "ACCEPT_INVERSE_OFFERS", accept_inverse_offers: { inverse_offer_ids: [id("i1")] } },
  ],
  [
    "DECLINE_INVERSE_OFFERS contains the offers and refuse_seconds",
    { kind: "decline-inverse-offers", offerIds: ["i1"], refuseSeconds: 60 },
    {
      type: "DECLINE_INVERSE_OFFERS",
      decline_inverse_offers: { inverse_offer_ids: [id("i1")], filters: { refuse_seconds: 60 } },
    },
  ],
  ["TEARDOWN has no body", { kind: "teardown-framework" }, { type: "TEARDOWN" }],
];

for (const [name, call, want] of calls) {
  Deno.test(name, () => {
    assertEquals(sent(call), { framework_id: id("f1"), ...want });
  });
}

Deno.test("ACCEPT launches all tasks in one operation on all offers, each with its own variables", () => {
  const call: MesosEffect = {
    kind: "accept-offers",
    offerIds: ["o1", "o2"],
    mesosAgentId: "a1",
    launches: [plainLaunch({}, { taskId: "t1" }), plainLaunch({}, { taskId: "t2" })],
    refuseSeconds: 5,
  };
  const { accept } = sent(call, ({ taskId }) => ({ WHO: taskId })) as { accept: AcceptShape };
  assertEquals(accept.offer_ids, [id("o1"), id("o2")]);
  assertEquals(accept.filters, { refuse_seconds: 5 });
  assertEquals(accept.operations.map(({ type }) => type), ["LAUNCH"]);
  const tasks = accept.operations[0]?.launch.task_infos ?? [];
  assertEquals(
    tasks.map((task) => [task.task_id, task.agent_id, task.command.environment.variables]),
    ["t1", "t2"].map((taskId) => [id(taskId), id("a1"), [{ name: "WHO", value: taskId, type: "VALUE" }]]),
  );
});

interface AcceptShape {
  readonly "offer_ids": unknown;
  readonly filters: unknown;
  readonly operations: readonly {
    readonly type: string;
    readonly launch: { readonly "task_infos": readonly TaskShape[] };
  }[];
}

interface TaskShape {
  readonly name: string;
  readonly "task_id": { readonly value: string };
  readonly "agent_id": { readonly value: string };
  readonly resources: readonly ResourceShape[];
  readonly command: { readonly environment: { readonly variables: readonly { name: string; value: string }[] } };
  readonly container: { readonly docker: { readonly image: string } };
  readonly labels: { readonly labels: readonly { key: string; value: string }[] };
  readonly "kill_policy": { readonly "grace_period": { readonly nanoseconds: number } };
}

function subscribed(changes: Partial<FrameworkIdentity>, frameworkId?: string): WireRecord {
  return decodeCall(encodeSubscribe({ ...identity, ...changes }, frameworkId));
}

function infoOf(call: WireRecord): WireRecord {
  return (call["subscribe"] as WireRecord)["framework_info"] as WireRecord;
}

Deno.test("SUBSCRIBE of a known framework contains its id in both places", () => {
  const call = subscribed({}, "f1");
  assertEquals(call["framework_id"], id("f1"));
  assertEquals(infoOf(call)["id"], id("f1"));
});

Deno.test("an empty user is encoded, because Mesos refuses a FrameworkInfo without one", () => {
  assertEquals(infoOf(subscribed({ user: "" }))["user"], "");
});

Deno.test("principal and hostname are encoded if known, and left out otherwise", () => {
  const info = infoOf(subscribed({ principal: "p", hostname: "h" }));
  assertEquals([info["principal"], info["hostname"]], ["p", "h"]);
  const bare = infoOf(subscribed({}));
  assertEquals(["principal", "hostname", "offer_filters", "role", "id"].filter((key) => key in bare), []);
});

Deno.test("without MULTI_ROLE the role is encoded in the old field", () => {
  const info = infoOf(subscribed({ capabilities: ["PARTITION_AWARE"] }));
  assertEquals([info["role"], info["roles"]], ["gocd", undefined]);
});

Deno.test("the smallest useful offers are encoded by role", () => {
  const info = infoOf(subscribed({
    minAllocatable: [
      { role: "gocd", quantities: { cpus: 0.5, mem: 512 } },
      { role: "gpu", quantities: { gpus: 1 } },
      { role: "gocd", quantities: { cpus: 4 } },
    ],
  }));
  const filter = (...sets: Record<string, number>[]): WireRecord => ({
    min_allocatable_resources: {
      quantities: sets.map((set) => ({
        quantities: Object.fromEntries(Object.entries(set).map(([name, value]) => [name, { value }])),
      })),
    },
  });
  assertEquals(info["offer_filters"], {
    gocd: filter({ cpus: 0.5, mem: 512 }, { cpus: 4 }),
    gpu: filter({ gpus: 1 }),
  });
});

Deno.test("an unknown capability is refused", () => {
  assertThrows(
    () => subscribed({ capabilities: ["MULTI_ROLES"] }),
    Error,
    "'MULTI_ROLES' is not a framework capability",
  );
});

for (const name of callsNames) {
  for (const [index, { call, request }] of readCalls(name).entries()) {
    Deno.test(`call ${index + 1} (${call}) of the recording ${name} is encoded without loss`, () => {
      assertEquals(decodeCall(encodeCallRecord(request)), withoutEmptyLists(request));
    });
    Deno.test(`call ${index + 1} (${call}) of the recording ${name} is contained in ours`, () => {
      assertHolds(ourCall(request), withoutEmptyLists(request), call);
    });
  }
}

// Protobuf has no empty lists.
function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([, child]) => !(Array.isArray(child) && child.length === 0));
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutEmptyLists(child)]));
}

// Everything recorded must be in ours, at the same place; ours may say more. Labels may stand anywhere in their list.
// The filter of an accepted inverse offer is 5 seconds, the default of Mesos.
function assertHolds(ours: unknown, recorded: unknown, path: string): void {
  if (path === "ACCEPT_INVERSE_OFFERS.accept_inverse_offers.filters") {
    assertEquals(recorded, { refuse_seconds: 5 });
    return;
  }
  if (Array.isArray(recorded) && path.endsWith(".labels.labels")) {
    const list = (ours as unknown[]).map((label) => JSON.stringify(label));
    assertEquals(recorded.filter((label) => !list.includes(JSON.stringify(label))), [], path);
  } else if (typeof recorded === "object" && recorded !== null) {
    if (Array.isArray(recorded)) assertEquals((ours as unknown[]).length, recorded.length, path);
    for (const [key, value] of Object.entries(recorded)) {
      assertHolds((ours as Record<string, unknown> | undefined)?.[key], value, `${path}.${key}`);
    }
  } else {
    assertEquals(ours, recorded, path);
  }
}

// The recorded request, made again from what the core would have asked for.
function ourCall(request: WireRecord): WireRecord {
  const frameworkId = (request["framework_id"] as { value: string } | undefined)?.value;
  if (request["type"] === "SUBSCRIBE") {
    const info = (request["subscribe"] as { "framework_info": WireRecord })["framework_info"];
    const capabilities = (info["capabilities"] as { type: string }[]).map(({ type }) => type);
    const principal = info["principal"] === undefined ? {} : { principal: String(info["principal"]) };
    const call = decodeCall(encodeSubscribe({ ...identity, capabilities, ...principal }, frameworkId));
    // The recording takeover sets `role` beside MULTI_ROLE to see it refused: we never would.
    return info["role"] === undefined ? call : request;
  }
  const environment = { GO_SERVER_URL: "http://127.0.0.1:8153/go" };
  return decodeCall(encodeCall(effectOf(request), frameworkId ?? "", () => environment));
}

function effectOf(request: WireRecord): MesosEffect {
  const type = String(request["type"]);
  const body = (request[type.toLowerCase()] ?? {}) as Record<string, unknown>;
  const ids = (key: string): string[] => ((body[key] ?? []) as { value: string }[]).map(({ value }) => value);
  const one = (key: string): string => (body[key] as { value: string } | undefined)?.value ?? "";
  const refuseSeconds = (body["filters"] as { "refuse_seconds": number } | undefined)?.["refuse_seconds"] ?? 5;
  const mesosAgentId = one("agent_id");
  switch (type) {
    case "ACCEPT":
      return acceptOf(body as unknown as AcceptShape, ids("offer_ids"), refuseSeconds);
    case "DECLINE":
      return { kind: "decline-offers", offerIds: ids("offer_ids"), refuseSeconds };
    case "SUPPRESS":
      return { kind: "suppress-offers", roles: (body["roles"] ?? []) as string[] };
    case "REVIVE":
      return { kind: "revive-offers", roles: (body["roles"] ?? []) as string[] };
    case "ACKNOWLEDGE":
      return { kind: "acknowledge-status", taskId: one("task_id"), mesosAgentId, uuid: String(body["uuid"]) };
    case "RECONCILE":
      return {
        kind: "reconcile-tasks",
        tasks: (body["tasks"] as Record<string, { value: string }>[]).map((task) => ({
          taskId: task["task_id"]?.value ?? "",
          ...(task["agent_id"] === undefined ? {} : { mesosAgentId: task["agent_id"].value }),
        })),
      };
    case "KILL": {
      const policy = body["kill_policy"] as TaskShape["kill_policy"] | undefined;
      return {
        kind: "kill-task",
        taskId: one("task_id"),
        ...(mesosAgentId === "" ? {} : { mesosAgentId }),
        graceMs: (policy?.["grace_period"].nanoseconds ?? 0) / 1e6,
      };
    }
    case "ACCEPT_INVERSE_OFFERS":
      return { kind: "accept-inverse-offers", offerIds: ids("inverse_offer_ids"), refuseSeconds };
    case "DECLINE_INVERSE_OFFERS":
      return { kind: "decline-inverse-offers", offerIds: ids("inverse_offer_ids"), refuseSeconds };
    case "TEARDOWN":
      return { kind: "teardown-framework" };
    default:
      throw new Error(`no effect for ${type}`);
  }
}

function acceptOf(accept: AcceptShape, offerIds: string[], refuseSeconds: number): MesosEffect {
  const tasks = accept.operations[0]?.launch["task_infos"] ?? [];
  const launches = tasks.map((task) =>
    plainLaunch({
      image: task.container.docker.image,
      network: { mode: "HOST" },
      labels: Object.fromEntries(task.labels.labels.map(({ key, value }) => [key, value])),
      killGraceMs: task["kill_policy"]["grace_period"].nanoseconds / 1e6,
    }, {
      taskId: task["task_id"].value,
      resources: task.resources.map((resource) => offeredResource(resource, "gocd")),
    })
  );
  return { kind: "accept-offers", offerIds, mesosAgentId: tasks[0]?.["agent_id"].value ?? "", launches, refuseSeconds };
}

Deno.test("SUBSCRIBE contains offer_constraints in groups, or none if all agents are usable", () => {
  const plain = decodeCall(encodeSubscribe(identity, undefined)) as { subscribe: Record<string, unknown> };
  assertEquals("offer_constraints" in plain.subscribe, false);
  const constrained = decodeCall(encodeSubscribe({
    ...identity,
    offerConstraints: [{
      role: "gocd",
      groups: [[
        { selector: { kind: "attribute", name: "rack" }, predicate: { kind: "text-equals", value: "r1" } },
        { selector: { kind: "pseudo", type: "HOSTNAME" }, predicate: { kind: "text-not-matches", regex: "build-.*" } },
      ], [{ selector: { kind: "attribute", name: "gpu" }, predicate: { kind: "not-exists" } }]],
    }],
  }, undefined)) as { subscribe: Record<string, unknown> };
  assertEquals(constrained.subscribe["offer_constraints"], {
    role_constraints: {
      gocd: {
        groups: [{
          attribute_constraints: [
            { selector: { attribute_name: "rack" }, predicate: { text_equals: { value: "r1" } } },
            {
              selector: { pseudoattribute_type: "HOSTNAME" },
              predicate: { text_not_matches: { regex: "build-.*" } },
            },
          ],
        }, { attribute_constraints: [{ selector: { attribute_name: "gpu" }, predicate: { not_exists: {} } }] }],
      },
    },
  });
});

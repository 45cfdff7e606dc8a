// Offers of the simulated master: filters, roles, reservations, quota, capabilities.

import { assert, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { at, listAt, numberAt, type Plain, textAt } from "../../src/sim/mesos/json.ts";
import { seededRandom } from "../../src/sim/mesos/sim_mesos.ts";
import {
  acceptOffer,
  ack,
  dockerTask,
  idOf,
  offersIn,
  pass,
  passAcknowledging,
  recordedAgents,
  recordedInfo,
  send,
  statusesIn,
  subscribe,
  subscribeCall,
  subscribed,
  take,
  type TestClient,
  testClient,
} from "./mesos_client.ts";

const oneAgent = { mesosAgents: [{ hostname: "h1", resources: { cpus: 4, mem: 4096, disk: 1000 } }] };

function decline(client: TestClient, offers: readonly Plain[], filters?: Plain): void {
  const ids = offers.map((offer) => ({ value: idOf(offer) }));
  send(client, "DECLINE", { decline: { "offer_ids": ids, ...(filters === undefined ? {} : { filters }) } });
}

/** How long after a decline the next offer comes, in ms. */
function reofferMs(filters: Plain | undefined): number {
  const [client, offers] = subscribed(oneAgent);
  decline(client, offers, filters);
  const fromMs = client.nowMs;
  for (let step = 0; step < 200; step++) {
    pass(client, 100);
    if (offersIn(take(client)).length > 0) return client.nowMs - fromMs;
  }
  return Infinity;
}

for (
  const [name, filters, fromMs, toMs] of [
    ["after 5 s without a filter", undefined, 5000, 6100],
    ["in the next round with refuse_seconds 0", { "refuse_seconds": 0 }, 0, 1100],
    ["after the allocation interval with a tenth of a second", { "refuse_seconds": 0.1 }, 1000, 2100],
    ["after 8 s with refuse_seconds 8", { "refuse_seconds": 8 }, 8000, 9100],
    ["after 5 s with a negative number", { "refuse_seconds": -3 }, 5000, 6100],
  ] as const
) {
  Deno.test(`a declined offer is sent again ${name}`, () => {
    const ms = reofferMs(filters);
    assert(ms >= fromMs && ms <= toMs, `after ${ms} ms`);
  });
}

Deno.test("resources in an outstanding offer are not offered again", () => {
  const [client] = subscribed(oneAgent);
  pass(client, 600_000);
  assertEquals(offersIn(take(client)), []);
  assertEquals(client.model.counters.offersSent, 1);
});

Deno.test("REVIVE removes the filters, SUPPRESS stops the offers, and both accept roles", () => {
  const [client, offers] = subscribed(oneAgent);
  decline(client, offers, { "refuse_seconds": 3600 });
  pass(client, 10_000);
  assertEquals(offersIn(take(client)), []);
  send(client, "REVIVE", { revive: { roles: ["gocd"] } });
  pass(client, 10);
  const again = offersIn(take(client));
  assertEquals(again.length, 1);
  send(client, "SUPPRESS", { suppress: { roles: ["gocd"] } });
  decline(client, again, { "refuse_seconds": 0 });
  pass(client, 60_000);
  assertEquals(offersIn(take(client)), []);
  send(client, "REVIVE", { revive: { roles: ["other"] } });
  pass(client, 60_000);
  assertEquals(offersIn(take(client)), [], "a foreign role makes the master drop the call");
});

Deno.test("a suppressed framework receives no offer for a day", () => {
  const [client, offers] = subscribed();
  send(client, "SUPPRESS");
  decline(client, offers, { "refuse_seconds": 1 });
  const before = client.model.counters.offersSent;
  pass(client, 24 * 3600_000);
  assertEquals(client.model.counters.offersSent, before);
});

Deno.test("a filter applies only to resources that do not exceed the declined ones", () => {
  const [client, offers] = subscribed(oneAgent);
  const first = offers.slice(0, 1);
  acceptOffer(client, first, [dockerTask("t", idOf(first[0], "agent_id"))], 3600);
  passAcknowledging(client, 10_000);
  assertEquals(client.model.counters.offersSent, 1, "the rest stays filtered");
  client.model.exitContainer("t", 0, client.nowMs);
  const events = passAcknowledging(client, 3000);
  assertEquals(offersIn(events).length, 1, "with the task's share back it is more than was declined");
});

Deno.test("Mesos agents with GPUs are offered only with GPU_RESOURCES", () => {
  const mesosAgents = [{ hostname: "g", resources: { cpus: 4, mem: 4096, gpus: 2 } }];
  assertEquals(subscribed({ mesosAgents })[1], []);
  const capabilities = [...listAt(recordedInfo, "capabilities"), { type: "GPU_RESOURCES" }];
  const [, offers] = subscribed({ mesosAgents }, subscribeCall({ capabilities }));
  assertEquals(listAt(offers[0], "resources").at(-1)?.["name"], "gpus");
});

Deno.test("reserved resources are offered to the role and its subroles, with refined reservations", () => {
  const mesosAgents = [{
    hostname: "h",
    resources: { cpus: 1, mem: 100, ports: [] },
    reserved: [{ role: "eng", resources: { cpus: 2 } }, {
      role: "web",
      type: "DYNAMIC" as const,
      resources: { cpus: 3 },
    }],
  }];
  const [, offers] = subscribed({ mesosAgents }, subscribeCall({ roles: ["eng/ci"] }));
  assertEquals(listAt(offers[0], "resources"), [
    {
      name: "cpus",
      type: "SCALAR",
      scalar: { value: 2 },
      "allocation_info": { role: "eng/ci" },
      reservations: [{ type: "STATIC", role: "eng" }],
    },
    { name: "cpus", type: "SCALAR", scalar: { value: 1 }, "allocation_info": { role: "eng/ci" } },
    { name: "mem", type: "SCALAR", scalar: { value: 100 }, "allocation_info": { role: "eng/ci" } },
  ]);
});

Deno.test("without RESERVATION_REFINEMENT resources have the old role field", () => {
  const [, offers] = subscribed(oneAgent, subscribeCall({ capabilities: [{ type: "MULTI_ROLE" }] }));
  assertEquals(listAt(offers[0], "resources").map((each) => each["role"]), ["*", "*", "*", "*"]);
});

Deno.test("min_allocatable_resources of a role stops smaller offers, and a quota limit reduces offers", () => {
  const quantities = { cpus: { value: 6 }, mem: { value: 100 } };
  const filters = { gocd: { "min_allocatable_resources": { quantities: [{ quantities }] } } };
  assertEquals(subscribed(oneAgent, subscribeCall({ "offer_filters": filters }))[1], []);
  assertEquals(subscribed({}, subscribeCall({ "offer_filters": filters }))[1].length, 2);
  const [client, offers] = subscribed({ quotaLimits: { gocd: { cpus: 3 } } });
  const cpus = offers.flatMap((offer) => listAt(offer, "resources").filter((each) => each["name"] === "cpus"));
  assertEquals(cpus.map((each) => numberAt(each, "scalar", "value")), [3], "two agents of 8, but a limit of 3");
  assertEquals(client.model.view().mesosAgents.every((agent) => agent.isConserved), true);
});

/** Sums of what these offers hold, by name. */
function sums(offers: readonly Plain[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of offers.flatMap((offer) => listAt(offer, "resources"))) {
    const value = numberAt(each, "scalar", "value");
    if (value !== undefined) total[String(each["name"])] = (total[String(each["name"])] ?? 0) + value;
  }
  return total;
}

Deno.test("a quota counts reservations as used, and does not limit other resources", () => {
  const mesosAgents = [1, 2].map((number) => ({
    hostname: `h${number}`,
    resources: { cpus: 4, mem: 1000 },
    reserved: [{ role: "gocd", resources: { cpus: 1 } }],
  }));
  const [, offers] = subscribed({ mesosAgents, quotaLimits: { gocd: { cpus: 3 } } });
  assertEquals(sums(offers), { cpus: 3, mem: 2000 }, "two reserved, one of the eight others");
  const [, all] = subscribed({ mesosAgents, quotaLimits: { other: { cpus: 3 } } });
  assertEquals(sums(all), { cpus: 10, mem: 2000 });
});

Deno.test("the offers under a quota grow when a task ends and when the quota is raised", () => {
  const [client, offers] = subscribed({ ...oneAgent, quotaLimits: { gocd: { cpus: 1, mem: 512 } } });
  assertEquals(sums(offers), { cpus: 1, mem: 512, disk: 1000 });
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"))], 0);
  const during = offersIn(passAcknowledging(client, 5000));
  assertEquals(sums(during), {}, "disk alone is too little to be offered");
  client.model.setQuota("gocd", { cpus: 3 }, client.nowMs);
  pass(client, 100);
  const raised = offersIn(take(client));
  assertEquals(sums(raised), { cpus: 2, mem: 4096 - 512, disk: 1000 });
  decline(client, raised, { "refuse_seconds": 0 });
  client.model.exitContainer("t", 0, client.nowMs);
  client.model.setQuota("gocd", undefined, client.nowMs);
  assertEquals(sums(offersIn(passAcknowledging(client, 3000))), { cpus: 4, mem: 4096, disk: 1000 });
  assertEquals(client.model.view().mesosAgents.every((agent) => agent.isConserved), true);
});

/** A host with one of each kind that not everybody may be offered. */
const special = [
  { name: "cpus", type: "SCALAR", scalar: { value: 2 }, revocable: {} },
  {
    name: "disk",
    type: "SCALAR",
    scalar: { value: 50 },
    reservations: [{ type: "STATIC", role: "gocd" }],
    disk: { persistence: { id: "v" }, volume: { "container_path": "v", mode: "RW" } },
    shared: {},
  },
  {
    name: "mem",
    type: "SCALAR",
    scalar: { value: 10 },
    reservations: [{ type: "STATIC", role: "eng" }, { type: "DYNAMIC", role: "eng/ci" }],
  },
];

for (
  const [announced, role, options, want] of [
    [["MULTI_ROLE", "RESERVATION_REFINEMENT"], "gocd", {}, { cpus: 1, mem: 100 }],
    [["MULTI_ROLE", "RESERVATION_REFINEMENT", "REVOCABLE_RESOURCES"], "gocd", {}, { cpus: 3, mem: 100 }],
    [["MULTI_ROLE", "RESERVATION_REFINEMENT", "SHARED_RESOURCES"], "gocd", {}, { cpus: 1, mem: 100, disk: 50 }],
    [["MULTI_ROLE", "RESERVATION_REFINEMENT"], "gocd", { offersSpecialToAll: true }, { cpus: 3, mem: 100, disk: 50 }],
    [["MULTI_ROLE", "RESERVATION_REFINEMENT"], "eng/ci", {}, { cpus: 1, mem: 110 }],
    [["MULTI_ROLE"], "eng/ci", {}, { cpus: 1, mem: 100 }],
  ] as const
) {
  Deno.test(`${JSON.stringify(want)} is offered to ${role} with ${announced.join(", ")} ${JSON.stringify(options)}`, () => {
    const mesosAgents = [{ hostname: "h", resources: { cpus: 1, mem: 100 }, special }];
    const capabilities = announced.map((type) => ({ type }));
    const [client, offers] = subscribed({ mesosAgents, ...options }, subscribeCall({ capabilities, roles: [role] }));
    assertEquals(sums(offers), want);
    assertEquals(client.model.view().mesosAgents.every((agent) => agent.isConserved), true);
  });
}

Deno.test("a task that uses revocable cpus without marking them is TASK_ERROR", () => {
  const mesosAgents = [{ hostname: "h", resources: { cpus: 0.5, mem: 1000 }, special }];
  const [client, offers] = subscribed({ mesosAgents, offersSpecialToAll: true });
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"))]);
  const [status] = statusesIn(passAcknowledging(client, 100));
  assertEquals(status?.["state"], "TASK_ERROR");
  assert(textAt(status, "message")?.includes("is more than available"), textAt(status, "message"));
});

Deno.test("an offer is rescinded after the offer timeout, and a later ACCEPT is invalid", () => {
  const [client, offers] = subscribed({ ...oneAgent, timing: { offerTimeoutMs: 5000 } });
  pass(client, 5000);
  const rescinded = take(client).find((event) => event["type"] === "RESCIND");
  assertEquals(idOf(at(rescinded, "rescind"), "offer_id"), idOf(offers[0]));
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"))]);
  pass(client, 10);
  assertEquals(statusesIn(take(client)).map((status) => status["reason"]), ["REASON_INVALID_OFFERS"]);
});

Deno.test("two frameworks are not offered the same resources", () => {
  const [client, offers] = subscribed(oneAgent);
  const second: TestClient = { ...testClient(oneAgent), model: client.model, nowMs: client.nowMs };
  subscribe(second, subscribeCall({ name: "second" }), 5000);
  assertEquals([offers.length, offersIn(take(second)).length], [1, 0]);
});

Deno.test("offers have the domain and the attributes of the Mesos agent", () => {
  const attributes = [{ name: "zone", type: "SET", set: { item: ["a", "b"] } }];
  const mesosAgents = [{
    hostname: "h",
    resources: { cpus: 1, mem: 64 },
    attributes,
    domain: { region: "r", zone: "z" },
  }];
  const [, offers] = subscribed({ mesosAgents });
  assertEquals(offers[0]?.["attributes"], attributes);
  assertEquals(at(offers[0], "domain"), { "fault_domain": { region: { name: "r" }, zone: { name: "z" } } });
});

/** What a random client does at each step. */
const acts = fc.array(
  fc.record({
    kind: fc.constantFrom("accept", "decline", "kill", "exit", "lose", "back", "cut", "suppress", "revive", "failover"),
    pick: fc.nat(5),
    waitMs: fc.nat(30_000),
  }),
  { minLength: 10, maxLength: 40, size: "max" },
);

function actAtRandom(client: TestClient, act: { kind: string; pick: number }): void {
  const view = client.model.view();
  const out = view.offers[act.pick % Math.max(1, view.offers.length)];
  const offer = out === undefined ? undefined : { id: { value: out.id }, "agent_id": { value: out.mesosAgentId } };
  const agent = view.mesosAgents[act.pick % view.mesosAgents.length]?.id ?? "";
  const task = view.tasks[act.pick % Math.max(1, view.tasks.length)]?.taskId ?? "none";
  switch (act.kind) {
    case "accept":
      if (offer !== undefined) {
        acceptOffer(client, [offer], [dockerTask(`t-${client.nowMs}-${act.pick}`, idOf(offer, "agent_id"))]);
      }
      return;
    case "decline":
      return decline(client, offer === undefined ? [] : [offer], { "refuse_seconds": act.pick });
    case "kill":
      return void send(client, "KILL", { kill: { "task_id": { value: task } } });
    case "exit":
      return void client.model.exitContainer(task, act.pick, client.nowMs);
    case "lose":
      return client.model.silenceMesosAgent(agent, client.nowMs);
    case "back":
      return client.model.returnMesosAgent(agent, act.pick % 2 === 0 ? "alive" : "gone", client.nowMs);
    case "cut":
      client.model.cutStreams(client.nowMs);
      return void subscribe(client, subscribeCall({}, client.frameworkId));
    case "failover":
      client.model.failMaster({ electionMs: 100, recoveryMs: 10 }, client.nowMs);
      pass(client, 200);
      return void subscribe(client, subscribeCall({}, client.frameworkId));
    default:
      return void send(client, act.kind.toUpperCase());
  }
}

Deno.test("at any time each resource is free, in one offer or in one task", () => {
  let launches = 0;
  let stops = 0;
  fc.assert(
    fc.property(fc.nat(), acts, (seed, steps) => {
      const faults = { updateLost: 0.2, updateDuplicated: 0.2, killLost: 0.2, launchLost: 0.1, rescind: 0.2 };
      const client = testClient({ random: seededRandom(seed), mesosAgents: recordedAgents, faults });
      subscribe(client);
      for (const act of steps) {
        actAtRandom(client, act);
        for (let part = 0; part < 4; part++) {
          pass(client, act.waitMs / 4);
          for (const agent of client.model.view().mesosAgents) {
            assert(agent.isConserved, `${agent.id} at ${client.nowMs}`);
          }
          if (part !== act.pick) { for (const status of statusesIn(take(client))) ack(client, status); }
        }
      }
      launches += client.containers.filter((each) => each.kind === "started").length;
      stops += client.containers.filter((each) => each.kind === "stopped").length;
    }),
    { numRuns: 60 },
  );
  assert(launches > 50 && stops > 20, `the law was hardly tried: ${launches} launches, ${stops} stops`);
});

Deno.test("an OFFERS event has each Mesos agent and role once", () => {
  const [, offers] = subscribed({}, subscribeCall({ roles: ["a", "b"] }));
  const keys = offers.map((offer) => `${idOf(offer, "agent_id")} ${textAt(offer, "allocation_info", "role")}`);
  assertEquals(new Set(keys).size, keys.length);
});

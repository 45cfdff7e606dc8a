// The view of a cluster from the responses of a master, in the formats of master.proto and quota.proto. Real servers:
// tests/cli.

import { assertEquals, assertRejects } from "@std/assert";
import type { Offer } from "../../src/core/placement/offer.ts";
import { MesosError } from "../../src/mesos/api.ts";
import { type ClusterView, offerFor } from "../../src/mesos/cluster_view.ts";
import { createHttpScheduler } from "../../src/mesos/http_scheduler.ts";
import { mastersAt } from "../support/addresses.ts";

const signal = new AbortController().signal;

type Answers = Readonly<Record<string, unknown>>;

/** Asks a master that answers each call with this body, or with this status. */
async function clusterOf(answers: Answers, date?: string): Promise<ClusterView> {
  const scheduler = createHttpScheduler({
    connection: { masters: mastersAt("m:5050"), allowedHosts: [], credentials: { kind: "none" }, caCerts: [] },
    environmentOf: () => ({}),
    nowMs: () => 0,
    fetch: (_, init) => {
      const { type } = JSON.parse(new TextDecoder().decode(init?.body as Uint8Array<ArrayBuffer>));
      const answer = answers[type] ?? 403;
      if (typeof answer === "number") return Promise.resolve(new Response("", { status: answer }));
      const body = typeof answer === "string" ? answer : JSON.stringify({ type, ...answer });
      const headers = { "content-type": "application/json", ...date === undefined ? {} : { date } };
      return Promise.resolve(new Response(body, { headers }));
    },
  });
  try {
    return await scheduler.cluster(signal);
  } finally {
    scheduler.close();
  }
}

const scalar = (name: string, value: number, more: Answers = {}): Answers => ({
  name,
  type: "SCALAR",
  scalar: { value },
  role: "*",
  ...more,
});
const ports = (begin: number, end: number, more: Answers = {}): Answers => ({
  name: "ports",
  type: "RANGES",
  ranges: { range: [{ begin, end }] },
  role: "*",
  ...more,
});
const reserved = (role: string): Answers => ({ role, reservations: [{ role, type: "STATIC" }] });
const used = { "allocation_info": { role: "other" } };

function agent(more: Answers = {}): Answers {
  const id = { value: "S1" };
  return { "agent_info": { hostname: "h1", port: 5051, id }, active: true, version: "1.12.0", ...more };
}

async function offersOf(role: string, what: "all" | "free", ...agents: readonly Answers[]): Promise<readonly Offer[]> {
  const { agents: seen = [] } = await clusterOf({ GET_AGENTS: { "get_agents": { agents } } });
  return seen.map((each) => offerFor(each, role, what));
}

function amounts({ resources }: Offer): readonly string[] {
  return resources.map(({ name, value, reservations }) => {
    const amount = value.kind === "scalar"
      ? value.milli / 1000
      : value.kind === "ranges"
      ? value.ranges.map(({ begin, end }) => `${begin}-${end}`).join()
      : value.items.join();
    return `${name} ${amount}${reservations === "[]" ? "" : " reserved"}`;
  });
}

Deno.test("used resources are not free, and reserved ones are available to their role and its subroles", async () => {
  const busy = agent({
    "total_resources": [
      scalar("cpus", 4),
      scalar("mem", 8_192),
      ports(31_000, 31_999),
      scalar("cpus", 2, reserved("ci")),
    ],
    "allocated_resources": [scalar("cpus", 1.5, used), ports(31_000, 31_009, used), scalar("cpus", 0.5, used)],
    "offered_resources": [scalar("mem", 8_192)],
  });
  const [all] = await offersOf("ci", "all", busy);
  assertEquals(all === undefined ? [] : amounts(all), ["cpus 4", "mem 8192", "ports 31000-31999", "cpus 2 reserved"]);
  const free = async (role: string): Promise<readonly string[]> =>
    (await offersOf(role, "free", busy)).flatMap(amounts);
  assertEquals(await free("ci"), ["cpus 2", "mem 8192", "ports 31010-31999", "cpus 2 reserved"]);
  assertEquals(await free("ci/linux"), await free("ci"));
  assertEquals(await free("other"), ["cpus 2", "mem 8192", "ports 31010-31999"]);
  assertEquals((await offersOf("ci", "free", busy))[0]?.resources.every(({ role }) => role === "ci"), true);
});

Deno.test("offers contain attributes and fault domain, and a deactivated, draining or disconnected agent is inactive", async () => {
  const info = {
    hostname: "h1",
    id: { value: "S1" },
    attributes: [{ name: "rack", type: "TEXT", text: { value: "r1" } }],
    domain: { "fault_domain": { region: { name: "eu" }, zone: { name: "a" } } },
  };
  const { agents } = await clusterOf({
    GET_AGENTS: {
      "get_agents": {
        agents: [
          agent({ "agent_info": info }),
          agent({ active: false }),
          agent({ deactivated: true }),
          agent({ "drain_info": { state: "DRAINING" } }),
        ],
      },
    },
  });
  assertEquals(agents?.map(({ isActive }) => isActive), [true, false, false, false]);
  const [first] = agents ?? [];
  const offer = first === undefined ? undefined : offerFor(first, "*", "all");
  assertEquals([offer?.hostname, offer?.region, offer?.zone], ["h1", "eu", "a"]);
  assertEquals(offer?.attributes, [{ name: "rack", kind: "text", text: "r1" }]);
});

Deno.test("roles are read with their weights, and quotas as guarantees and limits", async () => {
  const cluster = await clusterOf({
    GET_AGENTS: { "get_agents": {} },
    GET_ROLES: {
      "get_roles": {
        roles: [{ name: "ci", weight: 1.0, frameworks: [{ value: "F1" }, { value: "F2" }] }, { name: "x" }],
      },
    },
    GET_WEIGHTS: { "get_weights": { "weight_infos": [{ weight: 2.5, role: "ci" }] } },
    GET_QUOTA: {
      "get_quota": {
        status: {
          infos: [{ role: "old", principal: "p", guarantee: [scalar("cpus", 3)] }, { role: "ci", guarantee: [] }],
          configs: [{
            role: "ci",
            guarantees: { cpus: { value: 1 } },
            limits: { cpus: { value: 8 }, mem: { value: 512 } },
          }],
        },
      },
    },
  }, "Fri, 27 Nov 2026 22:00:05 GMT");
  assertEquals(cluster, {
    leader: "m:5050",
    dateMs: Date.UTC(2026, 10, 27, 22, 0, 5),
    agents: [],
    roles: [{ name: "ci", weight: 2.5, frameworks: 2 }, { name: "x", weight: 1, frameworks: 0 }],
    quotas: [
      { role: "ci", guarantees: { cpus: 1 }, limits: { cpus: 8, mem: 512 } },
      { role: "old", guarantees: { cpus: 3 }, limits: { cpus: 3 } },
    ],
  });
});

for (
  const [what, answer] of [
    ["forbidden", 403],
    ["missing (404)", 404],
    ["not offered by this master (501)", 501],
    ["a login page", "<html></html>"],
    ["of another shape", { "get_agents": { agents: [{ active: true }] }, "get_roles": 1, "get_quota": {} }],
  ] as const
) {
  Deno.test(`cluster data that is ${what} is left out of the view and not treated as empty`, async () => {
    const all = { GET_AGENTS: answer, GET_ROLES: answer, GET_WEIGHTS: answer, GET_QUOTA: answer };
    assertEquals(await clusterOf(all), { leader: "m:5050" });
  });
}

Deno.test("a recovering master is an error and not an empty cluster", async () => {
  await assertRejects(() => clusterOf({ GET_AGENTS: 503 }), MesosError);
});

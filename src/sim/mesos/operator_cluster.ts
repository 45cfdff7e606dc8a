// The operator API of the simulated master about the cluster: GET_AGENTS, GET_ROLES, GET_WEIGHTS, GET_QUOTA (Mesos
// include/mesos/v1/master/master.proto, src/master/readonly_handler.cpp). An empty list is omitted, as in all of its
// JSON.

import { type Bag, bagJson, plus } from "./amounts.ts";
import { compact, type Plain } from "./json.ts";
import type { SimHost, SimWorld } from "./state.ts";

/** The response to one of these calls; `undefined` for any other. */
export function clusterAnswer(world: SimWorld, call: string): Plain | undefined {
  switch (call) {
    case "GET_AGENTS":
      return { type: call, "get_agents": listed("agents", agentsOf(world)) };
    case "GET_ROLES":
      return { type: call, "get_roles": listed("roles", rolesOf(world)) };
    case "GET_WEIGHTS":
      return { type: call, "get_weights": listed("weight_infos", weightsOf(world)) };
    case "GET_QUOTA":
      return { type: call, "get_quota": { status: quotaOf(world) } };
    default:
      return undefined;
  }
}

function listed(name: string, items: readonly Plain[]): Plain {
  return items.length === 0 ? {} : { [name]: items };
}

function agentsOf(world: SimWorld): readonly Plain[] {
  return [...world.hosts.values()].filter(({ standing }) => standing === "registered").map((host) => {
    const { domain, hostname, attributes } = host.spec;
    return {
      "agent_info": compact({
        hostname,
        port: host.port,
        attributes: attributes === undefined || attributes.length === 0 ? undefined : attributes,
        id: { value: host.id },
        domain: domain === undefined
          ? undefined
          : { "fault_domain": { region: { name: domain.region }, zone: { name: domain.zone } } },
      }),
      active: !host.isDeactivated,
      version: world.options.version ?? "1.12.0",
      ...bags("total_resources", [host.total]),
      ...bags("allocated_resources", allocatedOn(world, host)),
      ...bags("offered_resources", offeredOf(world, host)),
    };
  });
}

/** The old fields are present in addition to the new ones. */
function bags(name: string, parts: readonly Bag[]): Plain {
  const sum = parts.reduce((all, each) => plus(all, each), [] as Bag);
  const [old, refined] = [bagJson(sum, false), bagJson(sum, true)];
  return listed(name, refined.map((each, index) => ({ ...old[index], ...each })));
}

function allocatedOn(world: SimWorld, host: SimHost): readonly Bag[] {
  const tasks = new Set([...host.runs.values()].map(({ task }) => task));
  for (const framework of world.frameworks.values()) {
    for (const task of framework.tasks.values()) {
      if (task.mesosAgentId === host.id) tasks.add(task);
    }
  }
  return [...tasks].filter((task) => !task.isReleased).map((task) => task.bag);
}

function offeredOf(world: SimWorld, host: SimHost): readonly Bag[] {
  return [...world.offers.values()].filter((offer) => offer.mesosAgentId === host.id).map((offer) => offer.bag);
}

/** Roles with a framework, a quota or a weight, and all of `--roles`. */
function rolesOf(world: SimWorld): readonly Plain[] {
  const names = new Set([
    ...world.options.roles ?? [],
    ...Object.keys(world.options.weights ?? {}),
    ...world.quotaLimits.keys(),
    ...[...world.frameworks.values()].flatMap(({ roles }) => [...roles]),
  ]);
  return [...names].sort().map((name) => ({
    name,
    weight: world.options.weights?.[name] ?? 1,
    ...listed(
      "frameworks",
      [...world.frameworks.values()].filter(({ roles }) => roles.has(name)).map(({ id }) => ({ value: id })),
    ),
  }));
}

function weightsOf(world: SimWorld): readonly Plain[] {
  return Object.entries(world.options.weights ?? {}).map(([role, weight]) => ({ weight, role }));
}

function quotaOf(world: SimWorld): Plain {
  return listed(
    "configs",
    [...world.quotaLimits].map(([role, limits]) => ({
      role,
      limits: Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, { value }])),
    })),
  );
}

// The cluster as shown by the operator API of the leading master: agents with their free resources, roles, quotas.
// Sources: mesos/v1/master/master.proto (GetAgents, GetRoles, GetWeights, GetQuota), mesos/v1/quota/quota.proto.
// Whether a profile fits is decided in core/placement/fit.ts.

import * as v from "valibot";
import type { MesosAttribute, Offer, OfferedResource } from "../core/placement/offer.ts";
import { subtractRanges } from "../core/placement/offer_resources.ts";
import { addressOfUrl, hostPortText } from "../net/addresses.ts";
import type { MasterClient } from "./master_request.ts";
import { askAgain, askLeader, type OperatorPlace, readJson } from "./operator_call.ts";
import type { ResourceShape, ValueShape } from "./proto/shapes.ts";
import { mesosAttribute, offeredResource } from "./resources.ts";

/** A Mesos agent that the master offers resources of. */
export interface ClusterAgent {
  readonly id: string;
  readonly hostname: string;
  /** Not deactivated, nor being drained. */
  readonly isActive: boolean;
  readonly attributes: readonly MesosAttribute[];
  readonly region?: string;
  readonly zone?: string;
  readonly total: readonly OfferedResource[];
  /** What tasks of all frameworks use. */
  readonly allocated: readonly OfferedResource[];
}

/** A role on the master. */
export interface ClusterRole {
  readonly name: string;
  readonly weight: number;
  /** The number of its frameworks. */
  readonly frameworks: number;
}

/** The guarantee and the limit of a role, by the name of the resource. */
export interface RoleQuota {
  readonly role: string;
  readonly guarantees: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number>>;
}

/** The data of a master; a list is absent if access is denied, or in versions without it. */
export interface ClusterView {
  /** `host:port`. */
  readonly leader: string;
  /** The time of its clock, ms, by the header `Date`, which has whole seconds; absent: it sends none. */
  readonly dateMs?: number;
  readonly agents?: readonly ClusterAgent[];
  readonly roles?: readonly ClusterRole[];
  readonly quotas?: readonly RoleQuota[];
}

const text = v.string();
const number = v.number();
const id = v.looseObject({ value: text });
const named = v.looseObject({ name: text });
const value = v.looseObject({ name: text });
const resources = v.exactOptional(v.array(value), []);

const agentsAnswer = v.looseObject({
  "get_agents": v.looseObject({
    agents: v.exactOptional(
      v.array(v.looseObject({
        "agent_info": v.looseObject({
          id,
          hostname: text,
          attributes: v.exactOptional(v.array(value), []),
          domain: v.exactOptional(
            v.looseObject({ "fault_domain": v.exactOptional(v.looseObject({ region: named, zone: named })) }),
          ),
        }),
        active: v.exactOptional(v.boolean(), true),
        deactivated: v.exactOptional(v.boolean(), false),
        "drain_info": v.exactOptional(v.looseObject({})),
        "total_resources": resources,
        "allocated_resources": resources,
      })),
      [],
    ),
  }),
});

const rolesAnswer = v.looseObject({
  "get_roles": v.looseObject({
    roles: v.exactOptional(
      v.array(v.looseObject({
        name: text,
        weight: v.exactOptional(number, 1),
        frameworks: v.exactOptional(v.array(id), []),
      })),
      [],
    ),
  }),
});

const weightsAnswer = v.looseObject({
  "get_weights": v.looseObject({
    "weight_infos": v.exactOptional(v.array(v.looseObject({ role: text, weight: number })), []),
  }),
});

const scalars = v.exactOptional(v.record(text, v.looseObject({ value: number })), {});
const quotaAnswer = v.looseObject({
  "get_quota": v.looseObject({
    status: v.looseObject({
      // Up to 1.8 the guarantee of a quota is also its limit.
      infos: v.exactOptional(v.array(v.looseObject({ role: text, guarantee: resources })), []),
      configs: v.exactOptional(v.array(v.looseObject({ role: text, guarantees: scalars, limits: scalars })), []),
    }),
  }),
});

/** Queries the leader; throws `MesosError` if there is none. */
export async function readCluster(client: MasterClient, place: OperatorPlace): Promise<ClusterView> {
  const { answer, url } = await askLeader(client, place, "GET_AGENTS");
  const dateMs = Date.parse(answer.response.headers.get("date") ?? "");
  const agents = shaped(agentsAnswer, await readJson(answer));
  const again = { url, signals: place.signals };
  const roles = shaped(rolesAnswer, await readJson(await askAgain(client, again, "GET_ROLES")));
  const weights = shaped(weightsAnswer, await readJson(await askAgain(client, again, "GET_WEIGHTS")));
  const quota = shaped(quotaAnswer, await readJson(await askAgain(client, again, "GET_QUOTA")));
  return {
    leader: hostPortText(addressOfUrl(url)),
    ...(Number.isNaN(dateMs) ? {} : { dateMs }),
    ...(agents === undefined ? {} : { agents: agents.get_agents.agents.map(agentOf) }),
    ...(roles === undefined ? {} : { roles: rolesOf(roles, weights) }),
    ...(quota === undefined ? {} : { quotas: quotasOf(quota) }),
  };
}

function shaped<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, value);
  return result.success ? result.output : undefined;
}

type AgentAnswer = v.InferOutput<typeof agentsAnswer>["get_agents"]["agents"][number];

function agentOf(agent: AgentAnswer): ClusterAgent {
  const { agent_info: info, active, deactivated, drain_info: drain } = agent;
  const domain = info.domain?.fault_domain;
  return {
    id: info.id.value,
    hostname: info.hostname,
    isActive: active && !deactivated && drain === undefined,
    attributes: info.attributes.map((each) => mesosAttribute(each as ValueShape & { readonly name: string })),
    ...(domain === undefined ? {} : { region: domain.region.name, zone: domain.zone.name }),
    total: agent.total_resources.map((each) => offeredResource(each as ResourceShape, "*")),
    allocated: agent.allocated_resources.map((each) => offeredResource(each as ResourceShape, "*")),
  };
}

function rolesOf(
  { get_roles: { roles } }: v.InferOutput<typeof rolesAnswer>,
  weights: v.InferOutput<typeof weightsAnswer> | undefined,
): readonly ClusterRole[] {
  const byRole = new Map(weights?.get_weights.weight_infos.map(({ role, weight }) => [role, weight]));
  return roles.map(({ name, weight, frameworks }) => ({
    name,
    weight: byRole.get(name) ?? weight,
    frameworks: frameworks.length,
  }));
}

function quotasOf({ get_quota: { status } }: v.InferOutput<typeof quotaAnswer>): readonly RoleQuota[] {
  const { infos, configs } = status;
  const told = new Set(configs.map(({ role }) => role));
  const old = infos.filter(({ role }) => !told.has(role)).map(({ role, guarantee }) => {
    const amounts = Object.fromEntries(guarantee.flatMap((each) => {
      const { name, value } = offeredResource(each as ResourceShape, "*");
      return value.kind === "scalar" ? [[name, value.milli / 1000]] : [];
    }));
    return { role, guarantees: amounts, limits: amounts };
  });
  return [
    ...configs.map(({ role, guarantees, limits }) => ({
      role,
      guarantees: amountsOf(guarantees),
      limits: amountsOf(limits),
    })),
    ...old,
  ];
}

function amountsOf(scalars: Readonly<Record<string, { readonly value: number }>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(scalars).map(([name, { value }]) => [name, value]));
}

/**
 * What an agent could offer to a role: all its resources, or the free ones; reserved resources only to the role itself.
 */
export function offerFor(agent: ClusterAgent, role: string, what: "all" | "free"): Offer {
  const { id, hostname, attributes, region, zone, total, allocated } = agent;
  const left = what === "all" ? total : total.map((each) => without(each, allocated));
  return {
    id,
    mesosAgentId: id,
    hostname,
    role,
    resources: left.filter((each) => isFor(each, role)).map((each) => ({ ...each, role })),
    attributes,
    ...(region === undefined ? {} : { region }),
    ...(zone === undefined ? {} : { zone }),
  };
}

/** One resource minus its used part. */
function without(resource: OfferedResource, used: readonly OfferedResource[]): OfferedResource {
  const { name, reservations, use } = resource;
  return used.filter((each) => each.name === name && each.reservations === reservations && each.use === use)
    .reduce((left, { value }): OfferedResource => {
      if (left.value.kind === "scalar" && value.kind === "scalar") {
        return { ...left, value: { kind: "scalar", milli: Math.max(0, left.value.milli - value.milli) } };
      }
      if (left.value.kind === "ranges" && value.kind === "ranges") {
        return { ...left, value: { kind: "ranges", ranges: subtractRanges(left.value.ranges, value.ranges) } };
      }
      return left;
    }, resource);
}

/** Unreserved, or reserved for the role or one above it. */
function isFor({ reservations }: OfferedResource, role: string): boolean {
  const stack: unknown = JSON.parse(reservations);
  const last: unknown = Array.isArray(stack) ? stack.at(-1) : stack;
  if (typeof last !== "object" || last === null || !("role" in last)) return true;
  return last.role === role || role.startsWith(`${last.role}/`);
}

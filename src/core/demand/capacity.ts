// Capacity that can take jobs without a launch: idle GocdAgents, instances that are starting, and agents that took a
// job since the poll. Busy, draining, failed and elastic agents do not count.

import { connectionTimeoutMs, reenableMaxMs, unknownGraceMs } from "../life/gocd_clocks.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import { nameOf } from "../identity/hostnames.ts";
import { type AgentInstance, isWaiting, type Registered } from "../instance.ts";
import { type Capability, capabilityFor, capabilityKey, capabilityOf } from "./matching.ts";
import { isSick } from "./sick_agents.ts";
import type { State } from "../state.ts";
import type { SupplyNode } from "./supply.ts";

/** The first pause before a job is tried again that idle agents did not get. */
export const staleIdleMs = 30 * 60_000;

/** How long a registered agent in these states counts as coming. */
const graceMs: Readonly<Record<string, number>> = { Missing: connectionTimeoutMs, Unknown: unknownGraceMs };

/** Equal units of capacity. */
export interface CapacityClass extends SupplyNode {
  readonly capability: Capability;
  /** Hostnames (idle) or task ids (coming). */
  readonly names: readonly [string, ...string[]];
  /** Uuids of the idle ones, in the order of `names`, which are not unique. */
  readonly uuids: readonly string[];
  /** The earliest time since which one of them has been idle without interruption. */
  readonly idleSinceMs?: number;
  /** They have been idle for so long that a job which they did not get is tried again without them. */
  readonly isStale?: true;
}

/** All capacity, idle classes first. */
export function capacityOf(
  state: Pick<State, "instances" | "server">,
  rule: ResourceCase,
  atMs: number,
): CapacityClass[] {
  const reserved = reservedRecords(state.instances.values());
  const idle = new Map<string, Group>();
  for (const gocdAgent of state.server.agents) {
    if (!isFree(gocdAgent) && !state.server.begun.has(gocdAgent.uuid)) continue;
    if (reserved.has(gocdAgent.uuid) || reserved.has(nameOf(gocdAgent))) continue;
    if (isSick(state, gocdAgent.uuid)) continue;
    const since = state.server.idleSinceMs.get(gocdAgent.uuid);
    const isStale = atMs - (since ?? atMs) >= staleIdleMs;
    add(idle, capabilityOf(gocdAgent, rule), {
      name: gocdAgent.hostname,
      uuid: gocdAgent.uuid,
      isStale,
      ...since === undefined ? {} : { since },
    });
  }
  const coming = new Map<string, Group>();
  for (const instance of state.instances.values()) {
    if (isComing(instance, atMs)) add(coming, capabilityFor(instance, rule), { name: instance.taskId, isStale: false });
  }
  return [
    ...[...idle.values()].map((group) => toClass(group, "idle")),
    ...[...coming.values()].map((group) => toClass(group, "coming")),
  ];
}

/** Enabled, idle in both states, and not elastic. */
export function isFree(gocdAgent: GocdAgent): boolean {
  return !gocdAgent.elastic && gocdAgent.configState === "Enabled" && gocdAgent.agentState === "Idle" &&
    gocdAgent.buildState === "Idle";
}

/** Whether an instance will soon take jobs that match its registration. */
export function isComing(instance: AgentInstance, atMs: number): boolean {
  // An instance that was launched with former settings still takes the job that it was launched for (life/scale_in.ts).
  const isOutdated = instance.retire === "profile-changed" && instance.profileHash !== "";
  if (instance.retire !== undefined && !isOutdated) return false;
  switch (instance.state) {
    case "launching":
    case "starting":
      // The time of a held instance is over: its agent, if it has one, is listed.
      return instance.held !== true;
    case "registered": {
      const { activity, gap } = instance;
      if (activity.kind !== "unsure") return activity.kind === "idle" && gap !== undefined;
      return (!isOutdated || isNewcomer(instance)) && atMs - activity.sinceMs < (graceMs[activity.word] ?? 0);
    }
    case "draining":
      // A building instance does not count, whether it will be removed or not.
      return instance.step.kind === "enabling" && instance.mayHoldBuild === undefined &&
        atMs - instance.step.askedMs < reenableMaxMs;
    default:
      return false;
  }
}

/** Whether it has not built since it registered, as far as lists show: at most it was Unknown at first. */
export function isNewcomer({ sinceMs, activity }: Registered): boolean {
  return activity.kind !== "building" && activity.sinceMs - sinceMs < unknownGraceMs;
}

/**
 * Uuids and names of records that still look idle but are being disabled by us, or are on a host that Mesos has lost
 * (the server treats those as alive for another 300 s; GoCD AgentInstance.refresh). An agent marked for retirement
 * takes jobs until it is disabled.
 */
function reservedRecords(instances: Iterable<AgentInstance>): Set<string> {
  const reserved = new Set<string>();
  for (const instance of instances) {
    if (isWaiting(instance)) continue;
    // While its record is still to be corrected, it counts as coming.
    if (instance.state === "registered" && instance.gap === undefined) continue;
    reserved.add(instance.taskId).add(instance.uuid ?? instance.taskId);
  }
  return reserved;
}

interface Group {
  readonly capability: Capability;
  readonly names: [string, ...string[]];
  readonly uuids: string[];
  readonly isStale: boolean;
  idleSinceMs: number | undefined;
}

interface Unit {
  readonly name: string;
  readonly uuid?: string;
  readonly isStale: boolean;
  readonly since?: number;
}

function add(groups: Map<string, Group>, capability: Capability, { name, uuid, isStale, since }: Unit): void {
  const key = `${capabilityKey(capability)};${isStale}`;
  const uuids = uuid === undefined ? [] : [uuid];
  const group = groups.get(key);
  if (group === undefined) {
    groups.set(key, { capability, names: [name], uuids, isStale, idleSinceMs: since });
    return;
  }
  group.names.push(name);
  group.uuids.push(...uuids);
  if (since !== undefined) group.idleSinceMs = Math.min(group.idleSinceMs ?? since, since);
}

function toClass(group: Group, kind: SupplyNode["kind"]): CapacityClass {
  return {
    kind,
    count: group.names.length,
    capability: group.capability,
    names: group.names,
    uuids: group.uuids,
    ...(group.idleSinceMs === undefined ? {} : { idleSinceMs: group.idleSinceMs }),
    ...(group.isStale ? { isStale: true } : {}),
  };
}

// What may take jobs without a launch: idle GocdAgents, instances that are starting, and agents that took a job since
// the poll. Busy, draining, failed and elastic agents do not count.

import { connectionTimeoutMs, reenableMaxMs, unknownGraceMs } from "../life/gocd_clocks.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import { nameOf } from "../identity/hostnames.ts";
import type { AgentInstance, Registered } from "../instance.ts";
import { type Capability, capabilityFor, capabilityKey, capabilityOf } from "./matching.ts";
import { isSick } from "./sick_agents.ts";
import type { State } from "../state.ts";
import type { SupplyNode } from "./supply.ts";

/** The first pause in which a job is not tried again that idle agents have left waiting. */
export const staleIdleMs = 30 * 60_000;

/** How long a registered agent in these states counts as coming. */
const graceMs: Readonly<Record<string, number>> = { Missing: connectionTimeoutMs, Unknown: unknownGraceMs };

/** Equal units of capacity. */
export interface CapacityClass extends SupplyNode {
  readonly capability: Capability;
  /** Hostnames (idle) or task ids (coming). */
  readonly names: readonly string[];
  /** Of the idle ones, in the order of `names`, which several may share. */
  readonly uuids: readonly string[];
  /** The earliest time since which one of them has been idle without a break. */
  readonly idleSinceMs?: number;
  /** They have been idle for so long that a job which they left waiting is tried again without them. */
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

/** Enabled, idle in both words, and not a plugin's. */
export function isFree(gocdAgent: GocdAgent): boolean {
  return !gocdAgent.elastic && gocdAgent.configState === "Enabled" && gocdAgent.agentState === "Idle" &&
    gocdAgent.buildState === "Idle";
}

/** Whether an instance will soon take jobs of what it registers with. */
export function isComing(instance: AgentInstance, atMs: number): boolean {
  // Launched from the settings of before, it still takes the job that it was launched for (life/scale_in.ts).
  const isOutdated = instance.retire === "profile-changed" && instance.profileHash !== "";
  if (instance.retire !== undefined && !isOutdated) return false;
  switch (instance.state) {
    case "launching":
    case "starting":
      // What is held back has had its time: its agent, if it has one, is on the list.
      return instance.held !== true;
    case "registered": {
      const { activity, gap } = instance;
      if (activity.kind !== "unsure") return activity.kind === "idle" && gap !== undefined;
      return (!isOutdated || isNewcomer(instance)) && atMs - activity.sinceMs < (graceMs[activity.word] ?? 0);
    }
    case "draining":
      // One that builds offsets nothing, whether it is to stay or not.
      return instance.step.kind === "enabling" && instance.mayHoldBuild === undefined &&
        atMs - instance.step.askedMs < reenableMaxMs;
    default:
      return false;
  }
}

/** Whether it has not worked since it registered, as far as lists can tell: it was Unknown at first, at most. */
export function isNewcomer({ sinceMs, activity }: Registered): boolean {
  return activity.kind !== "building" && activity.sinceMs - sinceMs < unknownGraceMs;
}

/**
 * Uuids and names of records that still look idle but are disabled by us, or on a host that Mesos has lost (the server
 * believes in those for another 300 s; GoCD AgentInstance.refresh). One that is only to be retired takes jobs until then.
 */
function reservedRecords(instances: Iterable<AgentInstance>): Set<string> {
  const reserved = new Set<string>();
  for (const instance of instances) {
    if (instance.state === "launching" || instance.state === "starting") continue;
    // Not what it was launched as, yet, it counts as coming.
    if (instance.state === "registered" && instance.gap === undefined) continue;
    reserved.add(instance.taskId).add(instance.uuid ?? instance.taskId);
  }
  return reserved;
}

interface Group {
  readonly capability: Capability;
  readonly names: string[];
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
  const group = groups.get(key) ?? { capability, names: [], uuids: [], isStale, idleSinceMs: undefined };
  group.names.push(name);
  if (uuid !== undefined) group.uuids.push(uuid);
  if (since !== undefined) group.idleSinceMs = Math.min(group.idleSinceMs ?? since, since);
  groups.set(key, group);
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

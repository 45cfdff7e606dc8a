// Failover of masters: a new leader knows only the agents of the registry.

import { markUnreachable, reregister } from "./hosts.ts";
import { endSubscription } from "./stream.ts";
import { newUuid, type SimWorld } from "./state.ts";

/** The options of a failover. */
export interface SimFailover {
  /** The next leader; default: the next one of the list. With the same index, the master restarts. */
  readonly next?: number;
  /** Time until the new one is elected; 9.7 s were measured on Mesos 1.12 with three masters. */
  readonly electionMs?: number;
  /** How long the others still redirect to the dead one; default: until the election. */
  readonly staleRedirectMs?: number;
  /** How long the new leader returns 503 while it recovers; default 500. */
  readonly recoveryMs?: number;
  /** `lost`: the new leader has an empty registry, and knows no Mesos agent before it reregisters. Default: kept. */
  readonly registry?: "kept" | "lost";
  /** Maximum time for Mesos agents to reregister with the new leader; default: as in the options. */
  readonly reregisterMs?: number;
  /** When the dead one is running again, as a follower; default: never, unless it is the next leader. */
  readonly backMs?: number;
}

/** The leader dies: streams are cut, its memory is lost; the agents and their containers continue. */
export function failMaster(world: SimWorld, how: SimFailover): void {
  const dead = world.leader;
  if (dead === undefined) return;
  const next = how.next ?? (dead + 1) % world.masters.length;
  const electionMs = how.electionMs ?? 9700;
  const dying = world.masters[dead];
  if (dying !== undefined) dying.isUp = false;
  world.leader = undefined;
  for (const subscription of world.subscriptions.values()) endSubscription(subscription, "cut");
  for (const framework of world.frameworks.values()) framework.failoverTimer?.cancel();
  world.frameworks.clear();
  world.completed.clear();
  world.offers.clear();
  world.inverseOffers.clear();
  for (const host of world.hosts.values()) {
    host.lostTimer?.cancel();
    host.lostTimer = undefined;
    host.isDeactivated = host.isDraining;
    if (how.registry === "lost" && host.standing !== "removed" && host.standing !== "gone") host.standing = "unknown";
    else if (host.standing === "registered") host.standing = "recovered";
  }
  const staleMs = how.staleRedirectMs ?? electionMs;
  world.timers.plan(world.nowMs + staleMs, () => {
    for (const master of world.masters) {
      if (master.believedLeader === dead) master.believedLeader = world.leader;
    }
  });
  world.timers.plan(world.nowMs + electionMs, () => lead(world, { next, dead, how }));
  if (how.backMs !== undefined) world.timers.plan(world.nowMs + how.backMs, () => revive(world, dead));
}

function revive(world: SimWorld, index: number): void {
  const master = world.masters[index];
  if (master === undefined || master.isUp) return;
  master.isUp = true;
  master.id = newUuid(world);
  master.believedLeader = world.leader;
}

function lead(
  world: SimWorld,
  { next: index, dead, how }: { readonly next: number; readonly dead: number; readonly how: SimFailover },
): void {
  const { recoveryMs = 500, reregisterMs = world.timing.mesosAgentReregisterMs } = how;
  revive(world, index);
  world.leader = index;
  world.recoveringUntilMs = world.nowMs + recoveryMs;
  world.sequence = { ...world.sequence, framework: 0, offer: 0 };
  world.masters.forEach((master) => {
    if (master.believedLeader !== dead || index === dead) master.believedLeader = index;
  });
  const own = world.masters[index];
  if (own !== undefined) own.believedLeader = index;
  for (const host of world.hosts.values()) {
    const delayMs = recoveryMs + Math.ceil(world.random() * reregisterMs);
    world.timers.plan(world.nowMs + delayMs, () => {
      if (world.leader === index && host.link === "connected" && host.standing !== "registered") {
        if (host.standing !== "removed" && host.standing !== "gone") reregister(world, host);
      }
    });
  }
  world.timers.plan(world.nowMs + world.timing.mesosAgentReregisterTimeoutMs, () => {
    if (world.leader !== index) return;
    for (const host of world.hosts.values()) {
      if (host.standing === "recovered") markUnreachable(world, host);
    }
  });
}

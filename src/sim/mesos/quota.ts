// Quota limits: how much of a host may be offered to a role with a limit. Because of it a master offers less, but it
// refuses no calls (Mesos src/master/allocator/mesos/hierarchical.cpp).

import { type Bag, type Portion, reservedRole, scalarOf, traitsOf } from "./amounts.ts";
import type { SimWorld } from "./state.ts";

/** Names of resources that have quantities. */
const scalarNames = ["cpus", "mem", "disk", "gpus"] as const;

/**
 * The part of `open` that may be offered. Reserved, revocable and non-scalar resources always; unreserved scalars up to
 * the rest of the limit, for each resource separately: a role whose cpus are used up is still offered memory.
 */
export function withinQuota(world: SimWorld, role: string, open: Bag): Bag {
  const limits = world.quotaLimits.get(role);
  if (limits === undefined) return open;
  const left = new Map<string, number>();
  for (const name of scalarNames) {
    const limit = limits[name];
    if (limit !== undefined) left.set(name, Math.round(limit * 1000) - consumedMilli(world, role, name));
  }
  return open.flatMap((portion): Bag => {
    const most = left.get(portion.name);
    if (most === undefined || portion.amount.kind !== "scalar" || !isCounted(portion)) return [portion];
    const milli = Math.min(portion.amount.milli, most);
    left.set(portion.name, most - Math.max(0, milli));
    return milli > 0 ? [{ ...portion, amount: { kind: "scalar", milli } }] : [];
  });
}

/** Reservations for the role and those below it, used or not, plus offered or used unreserved resources. */
function consumedMilli(world: SimWorld, role: string, name: string): number {
  const isOurs = (other: string | undefined): boolean => other === role || other?.startsWith(`${role}/`) === true;
  let milli = 0;
  for (const host of world.hosts.values()) {
    if (host.standing !== "registered") continue;
    milli += scalarOf(host.total.filter((portion) => isOurs(reservedRole(portion))), name);
  }
  const count = (bag: Bag): void => {
    milli += scalarOf(bag.filter((portion) => isOurs(portion.role) && isCounted(portion)), name);
  };
  for (const offer of world.offers.values()) count(offer.bag);
  for (const framework of world.frameworks.values()) {
    for (const task of framework.tasks.values()) {
      if (!task.isReleased) count(task.bag);
    }
  }
  return milli;
}

function isCounted(portion: Portion): boolean {
  return reservedRole(portion) === undefined && traitsOf(portion)["revocable"] === undefined;
}

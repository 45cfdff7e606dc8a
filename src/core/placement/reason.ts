// Why instances could not be placed: the nearest miss in words and a count of refusals by reason. Not here: the
// refusals themselves (hosts.ts).

import { fromMilli } from "./mesos_resources.ts";
import type { Shortfall } from "./offer_resources.ts";
import { describeUnmet } from "./constraints.ts";
import { type HostDemand, type HostOffers, type HostRefusal, refusalOf, type RoundRules } from "./hosts.ts";

/** Why a profile found no (further) place. */
export interface PlacementReason {
  /** One line for people, e.g. `largest offer short by 256 MB of mem on host h; 3 offers refused: rack is r2, not r1`. */
  readonly nearestMiss: string;
  /** Offers refused, by reason code: `other-role`, `avoided-host`, `maintenance`, `constraint`, `max-per-host`, `accept-full`, `short-mem`, … */
  readonly funnel: ReadonlyMap<string, number>;
}

/** Looks at every host as it is now. */
export function explainUnplaced(hosts: readonly HostOffers[], demand: HostDemand, rules: RoundRules): PlacementReason {
  const funnel = new Map<string, number>();
  const others = new Map<string, number>();
  let nearest: { host: HostOffers; shortfalls: readonly Shortfall[]; size: number } | undefined;
  for (const host of hosts) {
    const refusal = refusalOf(host, demand, rules);
    if (refusal === undefined) continue;
    increase(funnel, codeOf(refusal), host.offerIds.length);
    if (refusal.kind !== "short") {
      increase(others, describeRefusal(host, demand, refusal), host.offerIds.length);
      continue;
    }
    const size = shortfallSize(refusal.shortfalls);
    if (nearest === undefined || size < nearest.size) nearest = { host, shortfalls: refusal.shortfalls, size };
  }
  const parts = nearest === undefined ? [] : [describeNearest(nearest.host, nearest.shortfalls)];
  if (others.size > 0) parts.push(describeOthers(others));
  return { nearestMiss: parts.length === 0 ? "no offers at hand" : parts.join("; "), funnel };
}

/** What is missing, e.g. `0.5 cpus and 256 MB of mem`. */
export function describeShortfalls(missing: readonly Shortfall[]): string {
  const texts = missing.map(describeShortfall);
  const last = texts.at(-1) ?? "nothing";
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(", ")} and ${last}`;
}

/** How far off: the missing shares of what is needed, added up. */
export function shortfallSize(missing: readonly Shortfall[]): number {
  return missing.reduce((sum, one) => sum + shareMissing(one), 0);
}

/** Why a host was refused, in a few words without the host's name, so that equal reasons can be counted. */
export function describeRefusal(host: HostOffers, demand: HostDemand, refusal: HostRefusal): string {
  switch (refusal.kind) {
    case "other-role":
      return `role is ${host.role}, not ${demand.role}`;
    case "avoided-host":
      return `host is avoided: ${refusal.reason}`;
    case "maintenance":
      return refusal.startsInMs <= 0
        ? "host is in maintenance"
        : `maintenance starts in ${Math.ceil(refusal.startsInMs / 60_000)} min`;
    case "constraint":
      return describeUnmet(host, refusal.constraint);
    case "max-per-host":
      return `host has ${refusal.limit} of profile ${demand.profileName} already (max-per-host)`;
    case "accept-full":
      return `${refusal.limit} tasks are launched there in this round already`;
    case "short":
      return `short by ${describeShortfalls(refusal.shortfalls)}`;
    default:
      return refusal satisfies never;
  }
}

/** The reason code of a refusal; a shortage goes by the resource that is missing most. */
function codeOf(refusal: HostRefusal): string {
  if (refusal.kind !== "short") return refusal.kind;
  const [first, ...more] = refusal.shortfalls;
  if (first === undefined) return refusal.kind;
  return `short-${more.reduce((most, one) => shareMissing(one) > shareMissing(most) ? one : most, first).name}`;
}

function describeNearest(host: HostOffers, missing: readonly Shortfall[]): string {
  const after = host.tasksCount === 0
    ? ""
    : ` after ${host.tasksCount} ${host.tasksCount === 1 ? "task" : "tasks"} placed there`;
  const labelled = host.holdsLabelled ? " (not counted: what is reserved there with labels, by another framework)" : "";
  return `largest offer short by ${describeShortfalls(missing)} on host ${host.hostname}${after}${labelled}`;
}

/** The most frequent reason with its count, and how many offers were refused for others. */
function describeOthers(others: ReadonlyMap<string, number>): string {
  const [first, ...more] = [...others].sort(([text, count], [otherText, otherCount]) =>
    otherCount - count || (text < otherText ? -1 : 1)
  );
  if (first === undefined) return "";
  const rest = more.reduce((sum, [, count]) => sum + count, 0);
  const tail = rest === 0 ? "" : `, ${rest} more for other reasons`;
  return `${first[1]} ${first[1] === 1 ? "offer" : "offers"} refused: ${first[0]}${tail}`;
}

function describeShortfall({ name, needed, offered }: Shortfall): string {
  const missing = needed - offered;
  switch (name) {
    case "cpus":
    case "gpus":
      return `${fromMilli(missing)} ${name}`;
    case "mem":
    case "disk":
      return `${fromMilli(missing)} MB of ${name}`;
    case "ports":
      return `${missing} ${missing === 1 ? "port" : "ports"}`;
    default:
      return name satisfies never;
  }
}

function shareMissing(one: Shortfall): number {
  return (one.needed - one.offered) / one.needed;
}

function increase(counts: Map<string, number>, key: string, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

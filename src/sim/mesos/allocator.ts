// The allocator: allocation rounds, filters, suppression, quota, returned and rescinded offers, inverse offers.

import {
  allocatedTo,
  type Bag,
  bagJson,
  contains,
  isRefined,
  minus,
  plus,
  type Portion,
  reservedRole,
  scalarOf,
  traitsOf,
} from "./amounts.ts";
import { compact, listAt, numberAt, type Plain, plainOf } from "./json.ts";
import { isHostExcluded } from "./offer_constraints.ts";
import { withinQuota } from "./quota.ts";
import { sendTo } from "./stream.ts";
import { happens, leaderId, type SimFramework, type SimHost, type SimOffer, type SimWorld } from "./state.ts";

/** Schedules a round `soonMs` from now, and then at each allocation interval while any framework wants offers. */
export function armAllocation(world: SimWorld, soonMs: number): void {
  const atMs = world.nowMs + soonMs;
  if (world.allocation !== undefined && world.allocation.atMs <= atMs && world.allocation.atMs >= world.nowMs) return;
  world.allocation?.cancel();
  world.allocation = world.timers.plan(atMs, () => {
    world.allocation = undefined;
    allocate(world);
    if (isAnybodyWaiting(world)) armAllocation(world, world.timing.allocationMs);
  });
}

function isAnybodyWaiting(world: SimWorld): boolean {
  if ([...world.hosts.values()].some((host) => host.unavailability !== undefined)) return world.frameworks.size > 0;
  return [...world.frameworks.values()].some((framework) =>
    framework.subscription !== undefined && [...framework.roles].some((role) => !framework.suppressed.has(role))
  );
}

function shuffled<Item>(world: SimWorld, items: readonly Item[]): readonly Item[] {
  return items.map((item) => ({ item, rank: world.random() })).sort((a, b) => a.rank - b.rank).map(({ item }) => item);
}

function allocate(world: SimWorld): void {
  if (world.leader === undefined) return;
  const hosts = shuffled(world, [...world.hosts.values()].filter(isOfferable));
  const seekers = [...world.frameworks.values()].filter((framework) => framework.subscription !== undefined);
  for (const framework of shuffled(world, seekers)) {
    const offers: Plain[] = [];
    for (const host of hosts) {
      sendInverseOffer(world, framework, host);
      for (const role of shuffled(world, [...framework.roles])) {
        const offer = offerOf(world, framework, host, role);
        if (offer !== undefined) offers.push(offer);
      }
    }
    if (offers.length > 0) sendTo(world, framework, { type: "OFFERS", offers: { offers } });
  }
}

function isOfferable(host: SimHost): boolean {
  return host.standing === "registered" && host.link !== "down" && !host.isDeactivated;
}

function offerOf(world: SimWorld, framework: SimFramework, host: SimHost, role: string): Plain | undefined {
  if (framework.suppressed.has(role) || isHostExcluded(framework.offerConstraints, role, host)) return undefined;
  const isGpuHost = host.total.some((portion) => portion.name === "gpus");
  if (isGpuHost && !framework.capabilities.has("GPU_RESOURCES")) return undefined;
  const open = host.available.filter((portion) => isOpenTo(portion, role) && isFor(world, framework, portion));
  const bag = withinQuota(world, role, open);
  if (!isAllocatable(framework, role, bag) || isFiltered(world, framework, { host, role, bag })) return undefined;
  const offer: SimOffer = {
    id: `${leaderId(world)}-O${world.sequence.offer++}`,
    frameworkId: framework.id,
    mesosAgentId: host.id,
    role,
    bag: allocatedTo(bag, role),
    sentMs: world.nowMs,
  };
  host.available = minus(host.available, bag);
  world.offers.set(offer.id, offer);
  world.counters.offersSent++;
  world.counters.lastOfferMs = world.nowMs;
  world.counters.offersOutstandingMax = Math.max(world.counters.offersOutstandingMax, world.offers.size);
  planRescind(world, offer.id);
  return offerJson(framework, host, offer);
}

function planRescind(world: SimWorld, offerId: string): void {
  const { offerTimeoutMs } = world.timing;
  if (offerTimeoutMs > 0) world.timers.plan(world.nowMs + offerTimeoutMs, () => rescindOffer(world, offerId));
  if (happens(world, "rescind")) {
    world.timers.plan(world.nowMs + Math.ceil(world.random() * 2000), () => rescindOffer(world, offerId));
  }
}

/** Resources reserved for a role are offered to it and to roles below it. */
function isOpenTo(portion: Portion, role: string): boolean {
  const reserved = reservedRole(portion);
  return reserved === undefined || reserved === role || role.startsWith(`${reserved}/`);
}

/**
 * Shared and revocable resources, and reservations below reservations, are only offered to frameworks with the
 * capabilities.
 */
function isFor(world: SimWorld, { capabilities }: SimFramework, portion: Portion): boolean {
  if (world.options.offersSpecialToAll !== true) {
    const { shared, revocable } = traitsOf(portion);
    if (shared !== undefined && !capabilities.has("SHARED_RESOURCES")) return false;
    if (revocable !== undefined && !capabilities.has("REVOCABLE_RESOURCES")) return false;
  }
  return capabilities.has("RESERVATION_REFINEMENT") || !isRefined(portion);
}

/**
 * Whether resources are large enough to be offered: by the framework's offer_filters, otherwise 0.01 cpus or 32 MB (the
 * defaults of Mesos).
 */
function isAllocatable(framework: SimFramework, role: string, bag: Bag): boolean {
  const filters = plainOf(plainOf(framework.info["offer_filters"])[role]);
  const wanted = listAt(filters, "min_allocatable_resources", "quantities");
  if (wanted.length === 0) return scalarOf(bag, "cpus") >= 10 || scalarOf(bag, "mem") >= 32_000;
  return wanted.some((each) =>
    Object.entries(plainOf(each["quantities"])).every(([name, scalar]) =>
      scalarOf(bag, name) >= Math.round((numberAt(scalar, "value") ?? 0) * 1000)
    )
  );
}

function isFiltered(
  world: SimWorld,
  framework: SimFramework,
  { host, role, bag }: { readonly host: SimHost; readonly role: string; readonly bag: Bag },
): boolean {
  const filters = framework.filters.get(role)?.get(host.id);
  if (filters === undefined) return false;
  const live = filters.filter((filter) => filter.untilMs > world.nowMs);
  framework.filters.get(role)?.set(host.id, live);
  return live.some((filter) => contains(filter.bag, bag));
}

function mesosAgentUrl(host: SimHost): Plain {
  return { scheme: "http", address: { hostname: host.spec.hostname, ip: host.ip, port: host.port }, path: "/slave(1)" };
}

function offerJson(framework: SimFramework, host: SimHost, offer: SimOffer): Plain {
  const domain = host.spec.domain;
  return compact({
    id: { value: offer.id },
    "framework_id": { value: framework.id },
    "agent_id": { value: host.id },
    hostname: host.spec.hostname,
    url: mesosAgentUrl(host),
    domain: domain === undefined || !framework.capabilities.has("REGION_AWARE")
      ? undefined
      : { "fault_domain": { region: { name: domain.region }, zone: { name: domain.zone } } },
    resources: bagJson(offer.bag, framework.capabilities.has("RESERVATION_REFINEMENT")),
    attributes: host.spec.attributes ?? undefined,
    unavailability: host.unavailability,
    "allocation_info": { role: offer.role },
  });
}

function sendInverseOffer(world: SimWorld, framework: SimFramework, host: SimHost): void {
  if (host.unavailability === undefined || (framework.inverseFilters.get(host.id) ?? 0) > world.nowMs) return;
  const isOut = [...world.inverseOffers.values()].some((each) =>
    each.frameworkId === framework.id && each.mesosAgentId === host.id
  );
  const usesIt = [...framework.tasks.values()].some((task) => task.mesosAgentId === host.id && !task.isReleased) ||
    [...world.offers.values()].some((each) => each.frameworkId === framework.id && each.mesosAgentId === host.id);
  if (isOut || !usesIt) return;
  const id = `${leaderId(world)}-O${world.sequence.offer++}`;
  world.inverseOffers.set(id, { id, frameworkId: framework.id, mesosAgentId: host.id });
  const inverse = {
    id: { value: id },
    url: mesosAgentUrl(host),
    "framework_id": { value: framework.id },
    "agent_id": { value: host.id },
    unavailability: host.unavailability,
  };
  sendTo(world, framework, { type: "INVERSE_OFFERS", "inverse_offers": { "inverse_offers": [inverse] } });
}

/** The duration of a filter in ms: default 5 s, at most 365 days, at least the allocation interval; 0 for none. */
export function filterMs(world: SimWorld, filters: Plain): number {
  const seconds = numberAt(filters, "refuse_seconds") ?? 5;
  if (seconds === 0) return 0;
  const held = seconds < 0 ? 5 : Math.min(seconds, 365 * 24 * 3600);
  return Math.max(held * 1000, world.timing.allocationMs);
}

/** Returns the resources of an answered offer, filtered for the same framework and role. */
export function giveBack(world: SimWorld, offer: SimOffer, bag: Bag, holdMs: number): void {
  const host = world.hosts.get(offer.mesosAgentId);
  if (host === undefined || bag.length === 0) return;
  const free = allocatedTo(bag, "");
  host.available = plus(host.available, free);
  const framework = world.frameworks.get(offer.frameworkId);
  if (framework === undefined || holdMs === 0) return;
  const byHost = framework.filters.get(offer.role) ?? new Map();
  framework.filters.set(offer.role, byHost);
  byHost.set(host.id, [...(byHost.get(host.id) ?? []), { bag: free, untilMs: world.nowMs + holdMs }]);
}

/** Removes an offer without returning its resources. */
export function takeOffer(world: SimWorld, offerId: string): SimOffer | undefined {
  const offer = world.offers.get(offerId);
  world.offers.delete(offerId);
  return offer;
}

/** Removes an offer silently. */
export function discardOffer(world: SimWorld, offerId: string): void {
  const offer = takeOffer(world, offerId);
  if (offer !== undefined) giveBack(world, offer, offer.bag, 0);
}

/** Rescinds an offer with a RESCIND event; false if it is not outstanding. */
export function rescindOffer(world: SimWorld, offerId: string): boolean {
  const offer = world.offers.get(offerId);
  if (offer === undefined) return false;
  discardOffer(world, offerId);
  world.counters.offersRescinded++;
  const framework = world.frameworks.get(offer.frameworkId);
  if (framework !== undefined) {
    sendTo(world, framework, { type: "RESCIND", rescind: { "offer_id": { value: offerId } } });
  }
  return true;
}

/** Rescinds all offers of a Mesos agent, including inverse offers. */
export function rescindOffersOf(world: SimWorld, host: SimHost): void {
  for (const offer of [...world.offers.values()]) {
    if (offer.mesosAgentId === host.id) rescindOffer(world, offer.id);
  }
  for (const inverse of [...world.inverseOffers.values()]) {
    if (inverse.mesosAgentId !== host.id) continue;
    world.inverseOffers.delete(inverse.id);
    const framework = world.frameworks.get(inverse.frameworkId);
    const rescind = { "inverse_offer_id": { value: inverse.id } };
    if (framework !== undefined) {
      sendTo(world, framework, { type: "RESCIND_INVERSE_OFFER", "rescind_inverse_offer": rescind });
    }
  }
}

/** Removes all offers of a framework that is gone, disconnected or taken over. */
export function discardOffersTo(world: SimWorld, frameworkId: string): void {
  for (const offer of [...world.offers.values()]) {
    if (offer.frameworkId === frameworkId) discardOffer(world, offer.id);
  }
  for (const inverse of [...world.inverseOffers.values()]) {
    if (inverse.frameworkId === frameworkId) world.inverseOffers.delete(inverse.id);
  }
}

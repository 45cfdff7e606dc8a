// Builds the state of the cluster from the options.

import { type Bag, plus, type Portion, readBag } from "./amounts.ts";
import { defaultTiming, noFaults, type SimAmounts, type SimMesosAgentSpec, type SimMesosOptions } from "./options.ts";
import { compact, type Plain } from "./json.ts";
import { virtualTimers } from "../timers.ts";
import { leaderId, newUuid, type SimHost, type SimMesosCounters, type SimWorld } from "./state.ts";

function portions(amounts: SimAmounts, reservations: string): Bag {
  const scalar = (name: "cpus" | "mem" | "disk" | "gpus"): Bag => {
    const value = amounts[name] ?? 0;
    return value <= 0
      ? []
      : [{ name, role: "", reservations, amount: { kind: "scalar", milli: Math.round(value * 1000) } }];
  };
  const ports: readonly Portion[] = amounts.ports === undefined || amounts.ports.length === 0
    ? []
    : [{ name: "ports", role: "", reservations, amount: { kind: "ranges", ranges: amounts.ports } }];
  return [...ports, ...scalar("cpus"), ...scalar("mem"), ...scalar("disk"), ...scalar("gpus")];
}

function reservationOf({ type, role, principal, labels }: NonNullable<SimMesosAgentSpec["reserved"]>[number]): Plain {
  return compact({
    type: type ?? "STATIC",
    role,
    principal,
    labels: labels && { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) },
  });
}

function totalOf(spec: SimMesosAgentSpec): Bag {
  const reserved = (spec.reserved ?? []).flatMap((each) =>
    portions(each.resources, JSON.stringify([reservationOf(each)]))
  );
  const special = readBag(spec.special ?? []);
  if (typeof special === "string") throw new RangeError(`Resources of ${spec.hostname}: ${special}`);
  return plus([], [...reserved, ...portions({ ports: [[31000, 32000]], ...spec.resources }, "[]"), ...special]);
}

/** Adds a registered Mesos agent with a new id. */
export function addHost(world: SimWorld, spec: SimMesosAgentSpec): SimHost {
  const number = world.sequence.mesosAgent++;
  const total = totalOf(spec);
  const host: SimHost = {
    id: `${leaderId(world)}-S${number}`,
    spec,
    ip: spec.ip ?? "127.0.0.1",
    port: spec.port ?? 5051 + number,
    total,
    available: total,
    link: "connected",
    standing: "registered",
    isWiped: false,
    unreachableNs: 0,
    runs: new Map(),
    images: new Set(),
    sandboxes: new Map(),
    unavailability: undefined,
    isDraining: false,
    isDeactivated: false,
    dockerHungUntilMs: -Infinity,
    lostTimer: undefined,
  };
  world.hosts.set(host.id, host);
  return host;
}

function zeroCounters(): SimMesosCounters {
  return {
    calls: {},
    refused: {},
    offersSent: 0,
    offersRescinded: 0,
    offersAccepted: 0,
    offersDeclined: 0,
    offersAnsweredInvalid: 0,
    offersOutstandingMax: 0,
    offerHeldMsMax: 0,
    updatesSent: 0,
    updatesRepeated: 0,
    updatesAcknowledged: 0,
    acknowledgementsUnexpected: 0,
    kills: 0,
    launches: {},
    doubleLaunches: 0,
    subscriptions: 0,
    tasksErred: 0,
    tasksDropped: 0,
  };
}

/** The state of a fresh cluster: the first master leads, all agents are registered, no framework is known. */
export function buildWorld(options: SimMesosOptions): SimWorld {
  const addresses = options.masters ?? [{ hostname: "127.0.0.1", port: 5050 }];
  const world: SimWorld = {
    nowMs: options.startMs ?? 0,
    random: options.random,
    options,
    timing: { ...defaultTiming, ...options.timing },
    faults: { ...noFaults, ...options.faults },
    timers: virtualTimers(),
    masters: [],
    leader: 0,
    recoveringUntilMs: 0,
    hosts: new Map(),
    frameworks: new Map(),
    frameworkInfos: new Map(),
    completed: new Set(),
    offers: new Map(),
    inverseOffers: new Map(),
    subscriptions: new Map(),
    containerEvents: [],
    quotaLimits: new Map(Object.entries(options.quotaLimits ?? {})),
    missingImages: new Map((options.missingImages ?? []).map((image) => [image, "everywhere"])),
    counters: zeroCounters(),
    strikes: new Map(),
    allocation: undefined,
    callFates: [],
    sequence: { framework: 0, offer: 0, mesosAgent: 0, subscription: 0, event: 0 },
  };
  for (const address of addresses) world.masters.push({ id: newUuid(world), address, isUp: true, believedLeader: 0 });
  for (const spec of options.mesosAgents) addHost(world, spec);
  return world;
}

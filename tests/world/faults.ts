// The faults of a scenario, drawn from its seed: constant probabilities, and events at certain times. Most kinds are
// disabled for a whole seed (swarm testing).

import { type ListTimes, noRequestFaults, promptLists, type RequestFaults } from "./faults_calls.ts";
import type { SimMesosFaults } from "../../src/sim/mesos/options.ts";
import type { Dice } from "./scenario_dice.ts";

/** An event that happens once, at its time. */
export type WorldFault =
  /** The event stream breaks. */
  | { readonly kind: "cut-streams" }
  /** Nothing arrives on the stream for this long. */
  | { readonly kind: "stall-streams"; readonly forMs: number }
  /** The leading master dies; another is elected. */
  | { readonly kind: "fail-master"; readonly electionMs: number; readonly recoveryMs: number }
  /** An operator tears our framework down. */
  | { readonly kind: "remove-framework" }
  | { readonly kind: "rescind-offers" }
  /** A Mesos agent loses contact, or its process dies; containers keep running, or not. */
  | {
    readonly kind: "lose-host";
    readonly host: number;
    readonly how: "silent" | "down";
    readonly forMs: number;
    readonly containers: "alive" | "gone";
  }
  /** A machine restarts with an empty disk. */
  | { readonly kind: "wipe-host"; readonly host: number }
  /** A machine is removed permanently, cleanly or marked gone; a similar one is added later. */
  | {
    readonly kind: "remove-host";
    readonly host: number;
    readonly how: "unregistered" | "gone";
    readonly forMs: number;
  }
  /** DRAIN_AGENT: Mesos kills what runs there. */
  | { readonly kind: "drain-host"; readonly host: number; readonly forMs: number }
  /** A maintenance window is scheduled. */
  | { readonly kind: "announce-maintenance"; readonly host: number; readonly inMs: number; readonly forMs: number }
  /** Docker hangs on a machine: containers neither start nor stop, and what runs keeps running. */
  | { readonly kind: "hang-docker"; readonly host: number; readonly forMs: number }
  /** An image cannot be pulled on one host, or anywhere. */
  | { readonly kind: "lose-images"; readonly host: number | "everywhere"; readonly forMs: number }
  /** The process of some container exits. */
  | { readonly kind: "exit-container" }
  /** The agent in some container restarts with another uuid. */
  | { readonly kind: "restart-agent-process" }
  /** The network between the GoCD server and the agents in some, or all, containers breaks. */
  | { readonly kind: "cut-agents"; readonly share: number; readonly forMs: number }
  /** The same for a foreign agent. */
  | { readonly kind: "cut-foreigner"; readonly forMs: number }
  /** For a while an attacker who reads the master's state registers an agent with the name of each task that starts. */
  | { readonly kind: "claim-names"; readonly forMs: number }
  | { readonly kind: "restart-gocd"; readonly startupMs: number }
  | { readonly kind: "upgrade-gocd"; readonly startupMs: number }
  /** The agents of an older cruise-config.xml are restored (up to 19.8). */
  | { readonly kind: "restore-gocd"; readonly agoMs: number; readonly startupMs: number }
  | { readonly kind: "gocd-maintenance"; readonly forMs: number }
  | { readonly kind: "gocd-backup"; readonly forMs: number }
  /** Every request fails in this way for a while. */
  | { readonly kind: "gocd-outage"; readonly how: GocdOutage; readonly forMs: number }
  /** Lists show an old state for a while. */
  | { readonly kind: "gocd-stale"; readonly forMs: number }
  /** Our account is not an administrator for a while, and only sees some pipelines. */
  | { readonly kind: "gocd-rights"; readonly forMs: number }
  /** Somebody disables or enables one of our agents manually. */
  | { readonly kind: "meddle"; readonly how: "disable" | "enable" }
  | { readonly kind: "cancel-job"; readonly hangs: boolean }
  /** Commits fail for a while. */
  | { readonly kind: "break-store"; readonly how: "nothing-stored" | "all-stored"; readonly forMs: number }
  /** Single commits fail: this many in a row, after this many successful ones. */
  | {
    readonly kind: "fail-commits";
    readonly how: "nothing-stored" | "all-stored";
    readonly after: number;
    readonly count: number;
  }
  /** The program dies at the n-th point from here, and is restarted. */
  | { readonly kind: "crash"; readonly points: number; readonly downMs: number; readonly byNewer: boolean }
  /**
   * At the n-th point from here the lease of the leader ends, and a standby on another machine takes over. The old
   * leader no longer acts (world_election.ts), but its calls are in flight, and its stream stays open for a while.
   */
  | {
    readonly kind: "fail-over";
    readonly points: number;
    readonly afterMs: number;
    readonly skewMs: number;
    readonly streamMs: number;
  }
  /** The program is stopped cleanly and restarted. */
  | { readonly kind: "stop"; readonly downMs: number }
  /** The program's machine is suspended for a while: the program does not run, everything else continues. */
  | { readonly kind: "suspend"; readonly forMs: number }
  /** The clock of the program's machine is set. */
  | { readonly kind: "jump-clock"; readonly byMs: number }
  /** The configuration is changed: profiles change. */
  | { readonly kind: "change-settings" }
  /** Its limits are changed. */
  | { readonly kind: "change-limits"; readonly maxAgents: number; readonly minIdle: number }
  /** The operator's switches. */
  | { readonly kind: "freeze"; readonly forMs: number }
  | { readonly kind: "drain"; readonly forMs: number }
  | { readonly kind: "tear-down"; readonly mode: "drain" | "now" }
  /** The program's state is replaced with an older copy. */
  | { readonly kind: "restore-state"; readonly agoMs: number; readonly downMs: number }
  /** Lists omit some existing records. */
  | { readonly kind: "gocd-partial"; readonly share: number; readonly forMs: number }
  /** Another GoCD server responds instead of ours. */
  | { readonly kind: "gocd-other"; readonly forMs: number }
  /** Another Mesos cluster responds instead of ours. */
  | { readonly kind: "mesos-other"; readonly forMs: number }
  /** The master restarts with an empty registry. */
  | { readonly kind: "empty-registry"; readonly electionMs: number; readonly reregisterMs: number };

/** How requests to the GoCD server fail. */
export type GocdOutage = "refused" | "no-answer" | "login-page" | "error-500" | "truncated";

/** A fault with its time after the start. */
export interface PlannedFault {
  /** After the start. */
  readonly afterMs: number;
  /** The event. */
  readonly fault: WorldFault;
}

/** Fault probabilities of requests to the GoCD server. */
export interface GocdOdds {
  /** It fails before it reaches the server. */
  readonly failed: number;
  /** It takes effect, but the response is lost. */
  readonly answerLost: number;
  /** It is slow. */
  readonly slow: number;
  /** The maximum duration of such a request, ms. */
  readonly slowMsMax: number;
}

/** Fault probabilities of containers. */
export interface ContainerOdds {
  /** Its agent never calls the server. */
  readonly neverRegisters: number;
  /** It exits some time after its start. */
  readonly exits: number;
  /** Its agent restarts with another uuid some time after its start. */
  readonly registersTwice: number;
  /** It takes minutes to boot. */
  readonly slowBoot: number;
}

/** All faults of a scenario. */
export interface FaultPlan {
  /** Fault probabilities of Mesos messages, while faults are on. */
  readonly mesos: Partial<SimMesosFaults>;
  /** Fault probabilities of requests to GoCD, while faults are on. */
  readonly gocd: GocdOdds;
  /** Fault probabilities of containers, while faults are on. */
  readonly containers: ContainerOdds;
  /** The maximum latency of any message, ms; always applies. */
  readonly networkDelayMsMax: number;
  /** Fault probabilities by kind of request to either server, while faults are on. */
  readonly requests: RequestFaults;
  /** How long the GoCD server takes for its list of agents. */
  readonly lists: ListTimes;
  /** Ordered by time. */
  readonly events: readonly PlannedFault[];
}

/** No faults. */
export const calmPlan: FaultPlan = {
  mesos: {},
  gocd: { failed: 0, answerLost: 0, slow: 0, slowMsMax: 0 },
  containers: { neverRegisters: 0, exits: 0, registersTwice: 0, slowBoot: 0 },
  networkDelayMsMax: 20,
  requests: noRequestFaults,
  lists: promptLists,
  events: [],
};

/** The input for drawing a plan. */
export interface FaultsFor {
  /** Faults happen within this time. */
  readonly activeMs: number;
  /** The number of Mesos agents. */
  readonly hostsCount: number;
  /** `calm`: no faults. */
  readonly weather: "calm" | "mild" | "stormy";
  /** Drawn elsewhere (faults_calls.ts). */
  readonly requests: RequestFaults;
}

const second = 1_000;
const minute = 60_000;

/** The same plan, with one kind of event repeated many times, so that it occurs in every phase. */
export function repeatOneKind(draw: Dice, plan: FaultPlan, { activeMs, hostsCount }: FaultsFor): FaultPlan {
  const make = draw.pick(makers);
  const more = Array.from({ length: draw.between(8, 24) }, (): PlannedFault => ({
    afterMs: Math.floor(draw.random() * activeMs),
    fault: make(draw, hostsCount - 1),
  }));
  return { ...plan, events: [...plan.events, ...more].sort((a, b) => a.afterMs - b.afterMs) };
}

/** The same plan with its events clustered within a second or two: a defence against one may fail against both. */
export function gatherFaults(draw: Dice, plan: FaultPlan): FaultPlan {
  if (plan.events.length === 0) return plan;
  const moments = Array.from({ length: draw.between(1, 3) }, () => draw.pick(plan.events)?.afterMs ?? 0);
  const events = plan.events.map((event): PlannedFault => ({
    ...event,
    afterMs: draw.pick(moments) + draw.between(0, 2) * second,
  }));
  return { ...plan, events: events.sort((a, b) => a.afterMs - b.afterMs) };
}

/** Draws a plan. */
export function planFaults(draw: Dice, { activeMs, hostsCount, weather, requests }: FaultsFor): FaultPlan {
  const networkDelayMsMax = draw.pick([5, 50, 500]);
  if (weather === "calm" || draw.chance(0.05)) return { ...calmPlan, networkDelayMsMax };
  const isOn = draw.pick([0.1, 0.3, 0.6]);
  const odds = (most: number): number => draw.chance(isOn) ? draw.random() * most : 0;
  const mesos: SimMesosFaults = {
    updateLost: odds(0.4),
    updateDuplicated: odds(0.4),
    updateDelayed: odds(0.4),
    eventDelayMsMax: draw.pick([1_000, 20_000]),
    callLost: odds(0.2),
    answerLost: odds(0.1),
    callDelayed: odds(0.3),
    callDelayMsMax: draw.pick([500, 5_000, 30_000]),
    killLost: odds(0.5),
    launchLost: odds(0.3),
    rescind: odds(0.3),
  };
  const gocd = {
    failed: odds(0.3),
    answerLost: odds(0.2),
    slow: odds(0.3),
    slowMsMax: draw.pick([2_000, 10_000, 29_000]),
  };
  const containers = {
    neverRegisters: odds(0.4),
    exits: odds(0.4),
    registersTwice: odds(0.3),
    slowBoot: odds(0.3),
  };
  const events: PlannedFault[] = [];
  for (const make of makers) {
    if (!draw.chance(isOn)) continue;
    const count = draw.pick([1, 1, 2, 4]);
    for (let index = 0; index < count; index++) {
      events.push({ afterMs: Math.floor(draw.random() * activeMs), fault: make(draw, hostsCount - 1) });
    }
  }
  return {
    mesos,
    gocd,
    containers,
    networkDelayMsMax,
    requests,
    lists: promptLists,
    events: events.sort((a, b) => a.afterMs - b.afterMs),
  };
}

const shortWhile = (draw: Dice): number => draw.between(1, 90) * second;
const longWhile = (draw: Dice): number => draw.pick([draw.between(10, 90) * second, draw.between(2, 20) * minute]);

/** One kind each; drawn in this order, so that a new kind at the end does not change the others. */
const makers: readonly ((draw: Dice, hostMax: number) => WorldFault)[] = [
  () => ({ kind: "cut-streams" }),
  (draw) => ({ kind: "stall-streams", forMs: draw.between(5, 120) * second }),
  (draw) => ({
    kind: "fail-master",
    electionMs: draw.pick([1_000, 9_700, 60_000]),
    recoveryMs: draw.pick([500, 5_000]),
  }),
  () => ({ kind: "remove-framework" }),
  () => ({ kind: "rescind-offers" }),
  (draw, hostMax) => ({
    kind: "lose-host",
    host: draw.between(0, hostMax),
    how: draw.pick(["silent", "down"]),
    forMs: longWhile(draw),
    containers: draw.pick(["alive", "alive", "gone"]),
  }),
  (draw, hostMax) => ({ kind: "wipe-host", host: draw.between(0, hostMax) }),
  (draw, hostMax) => ({
    kind: "remove-host",
    host: draw.between(0, hostMax),
    how: draw.pick(["unregistered", "gone"]),
    forMs: longWhile(draw),
  }),
  (draw, hostMax) => ({ kind: "drain-host", host: draw.between(0, hostMax), forMs: longWhile(draw) }),
  (draw, hostMax) => ({
    kind: "announce-maintenance",
    host: draw.between(0, hostMax),
    inMs: longWhile(draw),
    forMs: longWhile(draw),
  }),
  (draw, hostMax) => ({
    kind: "lose-images",
    host: draw.chance(0.5) ? "everywhere" : draw.between(0, hostMax),
    forMs: longWhile(draw),
  }),
  () => ({ kind: "exit-container" }),
  () => ({ kind: "restart-agent-process" }),
  (draw) => ({ kind: "restart-gocd", startupMs: longWhile(draw) }),
  (draw) => ({ kind: "upgrade-gocd", startupMs: shortWhile(draw) }),
  (draw) => ({ kind: "gocd-maintenance", forMs: longWhile(draw) }),
  (draw) => ({ kind: "gocd-backup", forMs: shortWhile(draw) }),
  (draw) => ({
    kind: "gocd-outage",
    how: draw.pick(["refused", "no-answer", "login-page", "error-500", "truncated"]),
    forMs: longWhile(draw),
  }),
  (draw) => ({ kind: "gocd-stale", forMs: draw.between(1, 20) * second }),
  (draw) => ({ kind: "gocd-rights", forMs: longWhile(draw) }),
  (draw) => ({ kind: "meddle", how: draw.pick(["disable", "enable"]) }),
  (draw) => ({ kind: "cancel-job", hangs: draw.chance(0.3) }),
  (draw) => ({ kind: "break-store", how: draw.pick(["nothing-stored", "all-stored"]), forMs: shortWhile(draw) }),
  (draw) => ({
    kind: "crash",
    points: draw.between(1, 40),
    downMs: draw.pick([500, 5_000, shortWhile(draw), longWhile(draw)]),
    byNewer: draw.chance(0.3),
  }),
  (draw) => ({
    kind: "jump-clock",
    byMs: draw.pick([-1, 1]) * draw.pick([second, minute, 30 * minute, 24 * 60 * minute]),
  }),
  () => ({ kind: "change-settings" }),
  (draw) => ({ kind: "freeze", forMs: longWhile(draw) }),
  (draw) => ({ kind: "drain", forMs: longWhile(draw) }),
  (draw) => ({
    kind: "cut-agents",
    share: draw.pick([0.3, 0.3, 1]),
    forMs: draw.pick([shortWhile(draw), draw.between(5, 15) * minute]),
  }),
  (draw) => ({ kind: "stop", downMs: draw.pick([500, shortWhile(draw)]) }),
  (draw) => ({ kind: "change-limits", maxAgents: draw.between(1, 10), minIdle: draw.between(0, 2) }),
  (draw) => ({ kind: "suspend", forMs: draw.pick([draw.between(1, 90) * second, draw.between(2, 60) * minute]) }),
  (draw) => ({ kind: "tear-down", mode: draw.pick(["drain", "now"]) }),
  (draw) => ({
    kind: "fail-commits",
    how: draw.pick(["nothing-stored", "nothing-stored", "all-stored"]),
    after: draw.between(0, 20),
    count: draw.between(1, 3),
  }),
  (draw) => ({
    kind: "fail-over",
    points: draw.between(1, 40),
    afterMs: draw.pick([1, second, 10 * second, 30 * second]),
    skewMs: draw.pick([-1, 1]) * draw.pick([200, 5 * second, minute, 10 * minute]),
    streamMs: draw.pick([1, 30 * second, 2 * minute]),
  }),
  (draw) => ({ kind: "cut-foreigner", forMs: draw.pick([shortWhile(draw), draw.between(5, 15) * minute]) }),
  (draw) => ({
    kind: "restore-state",
    agoMs: draw.pick([draw.between(1, 10) * minute, draw.between(10, 120) * minute]),
    downMs: draw.pick([500, shortWhile(draw)]),
  }),
  (draw) => ({ kind: "gocd-partial", share: draw.pick([0.3, 0.6, 1]), forMs: draw.between(1, 480) * second }),
  (draw) => ({ kind: "gocd-other", forMs: draw.pick([shortWhile(draw), draw.between(5, 40) * minute]) }),
  (draw) => ({ kind: "mesos-other", forMs: draw.pick([shortWhile(draw), draw.between(5, 40) * minute]) }),
  (draw) => ({
    kind: "empty-registry",
    electionMs: draw.pick([1_000, 9_700]),
    reregisterMs: draw.pick([5_000, 70_000]),
  }),
  (draw) => ({ kind: "claim-names", forMs: draw.between(2, 40) * minute }),
];

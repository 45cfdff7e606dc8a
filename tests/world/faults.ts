// What goes wrong in a scenario, drawn from its seed: odds that hold throughout, and acts at certain times. Most kinds
// are off for a whole seed (swarm testing).

import { type ListTimes, noRequestFaults, promptLists, type RequestFaults } from "./faults_calls.ts";
import type { SimMesosFaults } from "../../src/sim/mesos/options.ts";
import type { Dice } from "./scenario_dice.ts";

/** Something that happens once, at its time. */
export type WorldFault =
  /** The event stream breaks. */
  | { readonly kind: "cut-streams" }
  /** Nothing comes on the stream for so long. */
  | { readonly kind: "stall-streams"; readonly forMs: number }
  /** The leading master dies; another is elected. */
  | { readonly kind: "fail-master"; readonly electionMs: number; readonly recoveryMs: number }
  /** An operator tears our framework down. */
  | { readonly kind: "remove-framework" }
  | { readonly kind: "rescind-offers" }
  /** A Mesos agent falls silent, or its process dies; containers live on, or not. */
  | {
    readonly kind: "lose-host";
    readonly host: number;
    readonly how: "silent" | "down";
    readonly forMs: number;
    readonly containers: "alive" | "gone";
  }
  /** A machine starts again with an empty disk. */
  | { readonly kind: "wipe-host"; readonly host: number }
  /** A machine leaves for good, in order or marked gone; another like it comes later. */
  | {
    readonly kind: "remove-host";
    readonly host: number;
    readonly how: "unregistered" | "gone";
    readonly forMs: number;
  }
  /** DRAIN_AGENT: Mesos kills what runs there. */
  | { readonly kind: "drain-host"; readonly host: number; readonly forMs: number }
  /** A maintenance window is announced. */
  | { readonly kind: "announce-maintenance"; readonly host: number; readonly inMs: number; readonly forMs: number }
  /** An image cannot be pulled on one host, or anywhere. */
  | { readonly kind: "lose-images"; readonly host: number | "everywhere"; readonly forMs: number }
  /** The process of some container ends by itself. */
  | { readonly kind: "exit-container" }
  /** The agent in some container starts anew under another uuid. */
  | { readonly kind: "restart-agent-process" }
  /** The network between the GoCD server and the agents in some, or all, containers breaks. */
  | { readonly kind: "cut-agents"; readonly share: number; readonly forMs: number }
  /** The same for an agent of somebody else. */
  | { readonly kind: "cut-foreigner"; readonly forMs: number }
  /** For a while somebody who reads the master's state registers an agent under the name of each task that starts. */
  | { readonly kind: "claim-names"; readonly forMs: number }
  | { readonly kind: "restart-gocd"; readonly startupMs: number }
  | { readonly kind: "upgrade-gocd"; readonly startupMs: number }
  | { readonly kind: "gocd-maintenance"; readonly forMs: number }
  | { readonly kind: "gocd-backup"; readonly forMs: number }
  /** Every request fails in this way for a while. */
  | { readonly kind: "gocd-outage"; readonly how: GocdOutage; readonly forMs: number }
  /** Lists show an old state for a while. */
  | { readonly kind: "gocd-stale"; readonly forMs: number }
  /** Our account is no administrator for a while, and sees some pipelines only. */
  | { readonly kind: "gocd-rights"; readonly forMs: number }
  /** Somebody disables, or enables, one of our agents by hand. */
  | { readonly kind: "meddle"; readonly how: "disable" | "enable" }
  | { readonly kind: "cancel-job"; readonly hangs: boolean }
  /** Commits fail for a while. */
  | { readonly kind: "break-store"; readonly how: "nothing-stored" | "all-stored"; readonly forMs: number }
  /** Single commits fail: so many in a row, after so many that do not. */
  | {
    readonly kind: "fail-commits";
    readonly how: "nothing-stored" | "all-stored";
    readonly after: number;
    readonly count: number;
  }
  /** The program dies at the so-manieth point from here, and is started again. */
  | { readonly kind: "crash"; readonly points: number; readonly downMs: number; readonly byNewer: boolean }
  /**
   * At the so-manieth point from here the lease of the instance that leads ends, and a standby on another machine leads. The
   * old one acts no more (world_election.ts), but its calls are on their way, and its stream stays open for a while.
   */
  | {
    readonly kind: "fail-over";
    readonly points: number;
    readonly afterMs: number;
    readonly skewMs: number;
    readonly streamMs: number;
  }
  /** The program is stopped in order, and started again. */
  | { readonly kind: "stop"; readonly downMs: number }
  /** The program's machine is suspended for a while: the program stands still, everything else goes on. */
  | { readonly kind: "suspend"; readonly forMs: number }
  /** The clock of the program's machine is set. */
  | { readonly kind: "jump-clock"; readonly byMs: number }
  /** The configuration is changed: profiles become others. */
  | { readonly kind: "change-settings" }
  /** Its limits are changed. */
  | { readonly kind: "change-limits"; readonly maxAgents: number; readonly minIdle: number }
  /** The operator's switches. */
  | { readonly kind: "freeze"; readonly forMs: number }
  | { readonly kind: "drain"; readonly forMs: number }
  | { readonly kind: "tear-down"; readonly mode: "drain" | "now" }
  /** A copy of the program's state from some time ago is put in the place of what it has. */
  | { readonly kind: "restore-state"; readonly agoMs: number; readonly downMs: number }
  /** Lists leave some of the records out that are there now. */
  | { readonly kind: "gocd-partial"; readonly share: number; readonly forMs: number }
  /** Another GoCD server answers in the place of ours. */
  | { readonly kind: "gocd-other"; readonly forMs: number }
  /** Another Mesos cluster answers in the place of ours. */
  | { readonly kind: "mesos-other"; readonly forMs: number }
  /** The master starts anew and knows no Mesos agent until it comes back. */
  | { readonly kind: "empty-registry"; readonly electionMs: number; readonly reregisterMs: number };

/** How requests to the GoCD server fail. */
export type GocdOutage = "refused" | "no-answer" | "login-page" | "error-500" | "truncated";

/** A fault with its time after the start. */
export interface PlannedFault {
  /** After the start. */
  readonly afterMs: number;
  /** What happens. */
  readonly fault: WorldFault;
}

/** Odds of single requests to the GoCD server. */
export interface GocdOdds {
  /** It fails in some way before it reaches the server. */
  readonly failed: number;
  /** It has its effect, but the answer is lost. */
  readonly answerLost: number;
  /** It takes long. */
  readonly slow: number;
  /** The longest that such a request takes, ms. */
  readonly slowMsMax: number;
}

/** Odds of single containers. */
export interface ContainerOdds {
  /** Its agent never calls the server. */
  readonly neverRegisters: number;
  /** It ends by itself some time after its start. */
  readonly exits: number;
  /** Its agent starts anew under another uuid some time after its start. */
  readonly registersTwice: number;
  /** It takes minutes to boot. */
  readonly slowBoot: number;
}

/** Everything that goes wrong. */
export interface FaultPlan {
  /** Odds of the messages of Mesos, while faults are on. */
  readonly mesos: Partial<SimMesosFaults>;
  /** Odds of the requests to GoCD, while faults are on. */
  readonly gocd: GocdOdds;
  /** Odds of containers, while faults are on. */
  readonly containers: ContainerOdds;
  /** The longest way of any message, ms; holds for ever. */
  readonly networkDelayMsMax: number;
  /** Odds of single kinds of requests to either server, while faults are on. */
  readonly requests: RequestFaults;
  /** How long the GoCD server takes for its list of agents. */
  readonly lists: ListTimes;
  /** In order of time. */
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

/** What a plan is drawn for. */
export interface FaultsFor {
  /** Faults happen within this time. */
  readonly activeMs: number;
  /** How many Mesos agents there are. */
  readonly hostsCount: number;
  /** `calm`: nothing goes wrong. */
  readonly weather: "calm" | "mild" | "stormy";
  /** Drawn elsewhere (faults_calls.ts). */
  readonly requests: RequestFaults;
}

const second = 1_000;
const minute = 60_000;

/** The same plan, with one kind of event that comes again and again: what happens once in a run is met in every phase. */
export function repeatOneKind(draw: Dice, plan: FaultPlan, { activeMs, hostsCount }: FaultsFor): FaultPlan {
  const make = draw.pick(makers);
  const more = Array.from({ length: draw.between(8, 24) }, (): PlannedFault => ({
    afterMs: Math.floor(draw.random() * activeMs),
    fault: make(draw, hostsCount - 1),
  }));
  return { ...plan, events: [...plan.events, ...more].sort((a, b) => a.afterMs - b.afterMs) };
}

/** The same plan with its events gathered at a few moments, within a second or two: what helps against one may lose to both. */
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

/** One kind each; drawn in this order, so that a new kind at the end changes no other. */
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

// The whole simulated world in one record: models, disk, program, scheduled actions, observations.

import type { Event } from "../../src/core/event.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import type { State } from "../../src/core/state.ts";
import type { InDoubt } from "../../src/core/unstored.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { Outage } from "../../src/runtime/outage.ts";
import type { VirtualTimers } from "../../src/sim/timers.ts";
import type { GocdOutage } from "./faults.ts";
import type { Scenario } from "./scenario.ts";
import type { Dice } from "./scenario_dice.ts";
import type { SimDisk } from "./sim_disk.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import type { SimMesos } from "../../src/sim/mesos/sim_mesos.ts";
import type { PlantedBug } from "./world_bugs.ts";
import type { ClockWatch } from "./invariants_clocks.ts";
import type { Watch } from "./invariants_watch.ts";

/** One run. */
export interface World {
  /** The scenario. */
  readonly scenario: Scenario;
  /** Randomness of everything except the models and the scenario. */
  readonly dice: Dice;
  /** Randomness of single requests by kind. */
  readonly requestDice: Dice;
  /** Randomness of agent names. */
  readonly nameDice: Dice;
  /** True time, unaffected by clock jumps; ms since the epoch. */
  nowMs: number;
  /** Offset of the program's clock: a running process ignores jumps. */
  clockAheadMs: number;
  /** The offset from the next start on. */
  nextClockAheadMs: number;
  /** The scheduled actions. */
  readonly agenda: VirtualTimers;
  /** The program's machine is suspended until this true time. */
  suspendedUntilMs: number;
  /** The GoCD server with its agent processes. */
  readonly gocd: SimGocd;
  /** The cluster. */
  readonly mesos: SimMesos;
  /** An empty cluster, once it was used instead. */
  otherMesos: SimMesos | undefined;
  /** The addresses of our masters now lead to it. */
  isElsewhere: boolean;
  /** Survives the program. */
  readonly disk: SimDisk;
  /** The program; undefined while it is down. */
  program: Program | undefined;
  /** Active from the next start on. */
  settings: Settings;
  /** Faults are over. */
  isHealed: boolean;
  /** The current state of the network and the proxy in front of the GoCD server. */
  readonly weather: {
    /** How every request fails, if any. */
    outage: GocdOutage | undefined;
    /** Lists of this moment are shown instead of the current ones. */
    stale: GocdLists | undefined;
    /** Uuids of records that lists omit. */
    hidden: ReadonlySet<string> | undefined;
    /** Another server responds, with these agents and no jobs. */
    otherGocd: readonly GocdAgent[] | undefined;
    /** Until then an attacker claims the name of each task that starts. */
    namesClaimedUntilMs: number;
    /** As set by its administrator. */
    isGocdInMaintenance: boolean;
    /** Nearly everything returns 503. */
    isGocdInBackup: boolean;
    /** True time; until then the server is starting. */
    gocdStartsUntilMs: number;
    /** Our account is an administrator. */
    hasRights: boolean;
  };
  /** Number of points so far at which the program could have crashed. */
  points: number;
  /** Where it crashes, and how it restarts. */
  crash: PlannedCrash | undefined;
  /** The planted bug. */
  readonly bug: PlantedBug | undefined;
  /** The memory of the laws of time. */
  readonly clocks: ClockWatch;
  /** The memory of the laws. */
  readonly watch: Watch;
  /** Gets one line per event. */
  readonly trace: ((line: string) => void) | undefined;
}

/** A point at which the program dies. */
export interface PlannedCrash {
  /** Counted from the start of the run, from 1. */
  readonly atPoint: number;
  /** Until it is started again. */
  readonly downMs: number;
  /** A newer version ran in between. */
  readonly byNewer: boolean;
  /**
   * Another instance takes over: its clock is ahead by this much, and the stream of the old one stays open for this
   * long.
   */
  readonly standby?: { readonly skewMs: number; readonly streamMs: number };
  /** Whether it is one of the faults, which end; otherwise it occurs whenever its point is reached. */
  readonly isFault: boolean;
}

/** The content of the feed and the list of agents. */
export interface GocdLists {
  /** All builds that have not ended. */
  readonly jobs: ReturnType<SimGocd["jobs"]>;
  /** All records. */
  readonly agents: ReturnType<SimGocd["agents"]>;
}

/** The process state, which a crash destroys. */
export interface Program {
  /** Of the core. */
  state: State;
  /** What failed commits may have stored, and when it may be undone although nothing else is to be stored. */
  inDoubt: InDoubt;
  undoMs: number;
  /** Requests to GoCD that wait for the one in flight. */
  readonly gocdQueue: (() => void)[];
  /** A request is in flight. */
  isGocdBusy: boolean;
  /** Calls to Mesos that wait for the one in flight. */
  readonly mesosQueue: (() => void)[];
  /** A call is in flight. */
  isMesosBusy: boolean;
  /** The subscription, from the answer to SUBSCRIBE on. */
  link: MesosLink | undefined;
  /** Consecutive failed or ended subscriptions. */
  outage: Outage;
  /** The next pause requested by `end-session`. */
  pauseMs: number | undefined;
  /** Passes events to the core. */
  readonly handle: (event: Event) => void;
}

/** One subscription. */
export interface MesosLink {
  /** Its target. */
  readonly mesos: SimMesos;
  /** In the model. */
  readonly subscriptionId: number;
  /** Sent with every call. */
  readonly streamId: string;
  /** When the response to SUBSCRIBE arrived. */
  readonly sinceMs: number;
  /** Known once SUBSCRIBED has arrived. */
  frameworkId: string | undefined;
  /** When data last arrived. */
  heardMs: number;
}

/** The program's clock. */
export function programMs(world: World): number {
  return world.nowMs + world.clockAheadMs;
}

/**
 * The framework is given up in a cluster other than that of its containers: only people can find the remaining ones.
 */
export function forgetElsewhere({ isElsewhere, watch }: World): void {
  if (!isElsewhere) return;
  for (const taskId of watch.containers.keys()) watch.forgotten.add(taskId);
}

/** How long the program's machine stays suspended; 0: it is running. */
export function suspendedMs({ suspendedUntilMs, nowMs }: World): number {
  return Math.max(0, suspendedUntilMs - nowMs);
}

/** Plans an action after this long. */
export function after(world: World, delayMs: number, act: () => void): void {
  world.agenda.plan(world.nowMs + delayMs, act);
}

/** Plans an action of a program, ignored once that program is dead. */
export function afterIn(world: World, program: Program, delayMs: number, act: () => void): void {
  after(world, delayMs, () => {
    if (world.program !== program) return;
    const leftMs = suspendedMs(world);
    if (leftMs > 0) afterIn(world, program, leftMs, act);
    else act();
  });
}

/** The latency of a message. */
export function networkDelayMs(world: World): number {
  return world.dice.between(1, world.scenario.faults.networkDelayMsMax);
}

/** Writes to the trace, if any. */
export function trace(world: World, line: () => string): void {
  if (world.trace === undefined) return;
  const at = (world.nowMs - world.watch.startedMs) / 1000;
  world.trace(`${at.toFixed(3).padStart(10)}  ${line()}`);
}

// The whole simulated world in one record: models, disk, program, what is due, what has been seen.

import type { Event } from "../../src/core/event.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import type { State } from "../../src/core/state.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { Outage } from "../../src/runtime/outage.ts";
import type { TimerQueue } from "../../src/sim/gocd/timers.ts";
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
  /** What is played. */
  readonly scenario: Scenario;
  /** Chance of everything but the models and the scenario. */
  readonly dice: Dice;
  /** Chance of single requests by their kind. */
  readonly requestDice: Dice;
  /** Chance of what agents call themselves. */
  readonly nameDice: Dice;
  /** True time, which no clock jump touches; ms since the epoch. */
  nowMs: number;
  /** What the program's clock shows beyond it: a running process takes no jumps. */
  clockAheadMs: number;
  /** What it will show beyond it from the next start on. */
  nextClockAheadMs: number;
  /** What is due when. */
  readonly agenda: TimerQueue;
  /** The program's machine is suspended until then, true time. */
  suspendedUntilMs: number;
  /** The GoCD server with its agent processes. */
  readonly gocd: SimGocd;
  /** The cluster. */
  readonly mesos: SimMesos;
  /** An empty one, once it has been reached in its place. */
  otherMesos: SimMesos | undefined;
  /** Our masters' addresses lead there now. */
  isElsewhere: boolean;
  /** Outlives the program. */
  readonly disk: SimDisk;
  /** Undefined while it is down. */
  program: Program | undefined;
  /** In force at the next start. */
  settings: Settings;
  /** Faults are over. */
  isHealed: boolean;
  /** What the network and the proxy in front of the GoCD server do just now. */
  readonly weather: {
    /** How every request fails, if so. */
    outage: GocdOutage | undefined;
    /** Lists of this moment are shown instead of those of now. */
    stale: GocdLists | undefined;
    /** Uuids of records that lists leave out. */
    hidden: ReadonlySet<string> | undefined;
    /** Another server answers, with these agents and no jobs. */
    otherGocd: readonly GocdAgent[] | undefined;
    /** Until then somebody claims the name of each task that starts. */
    namesClaimedUntilMs: number;
    /** As its administrator set it. */
    isGocdInMaintenance: boolean;
    /** Nearly everything is answered 503. */
    isGocdInBackup: boolean;
    /** True time; before it the server is starting. */
    gocdStartsUntilMs: number;
    /** Our account is an administrator. */
    hasRights: boolean;
  };
  /** Points at which the program could have crashed so far. */
  points: number;
  /** Where it does, and how it comes back. */
  crash: PlannedCrash | undefined;
  /** To be caught. */
  readonly bug: PlantedBug | undefined;
  /** What the laws of time remember. */
  readonly clocks: ClockWatch;
  /** What the laws remember. */
  readonly watch: Watch;
  /** Gets one line for each thing that happens. */
  readonly trace: ((line: string) => void) | undefined;
}

/** A point at which the program dies. */
export interface PlannedCrash {
  /** Counted from the start of the run, from 1. */
  readonly atPoint: number;
  /** Until it is started again. */
  readonly downMs: number;
  /** A newer version ran meanwhile. */
  readonly byNewer: boolean;
  /** Another instance takes its place: its clock is ahead by so much, and the stream of the old one stays for so long. */
  readonly standby?: { readonly skewMs: number; readonly streamMs: number };
  /** One of the faults, which end; otherwise it comes whenever its point does. */
  readonly isFault: boolean;
}

/** What the feed and the list of agents show. */
export interface GocdLists {
  /** All builds that have not ended. */
  readonly jobs: ReturnType<SimGocd["jobs"]>;
  /** All records. */
  readonly agents: ReturnType<SimGocd["agents"]>;
}

/** The process: what a crash destroys. */
export interface Program {
  /** Of the core. */
  state: State;
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
  /** Failed or ended subscriptions in a row. */
  outage: Outage;
  /** What `end-session` asked for as the next pause. */
  pauseMs: number | undefined;
  /** Hands events to the core. */
  readonly handle: (event: Event) => void;
}

/** One subscription. */
export interface MesosLink {
  /** Where it leads. */
  readonly mesos: SimMesos;
  /** In the model. */
  readonly subscriptionId: number;
  /** Goes with every call. */
  readonly streamId: string;
  /** When SUBSCRIBE was answered. */
  readonly sinceMs: number;
  /** Known once SUBSCRIBED has come. */
  frameworkId: string | undefined;
  /** When anything last came. */
  heardMs: number;
}

/** What the program's clock shows. */
export function programMs(world: World): number {
  return world.nowMs + world.clockAheadMs;
}

/** The framework is given up in another cluster than its containers run in: only people can find what is left of it. */
export function forgetElsewhere({ isElsewhere, watch }: World): void {
  if (!isElsewhere) return;
  for (const taskId of watch.containers.keys()) watch.forgotten.add(taskId);
}

/** How long the program's machine stays suspended; 0: it runs. */
export function suspendedMs({ suspendedUntilMs, nowMs }: World): number {
  return Math.max(0, suspendedUntilMs - nowMs);
}

/** Plans an act after so long. */
export function after(world: World, delayMs: number, act: () => void): void {
  world.agenda.plan(world.nowMs + delayMs, act);
}

/** Plans an act of a program: void once that program is dead. */
export function afterIn(world: World, program: Program, delayMs: number, act: () => void): void {
  after(world, delayMs, () => {
    if (world.program !== program) return;
    const leftMs = suspendedMs(world);
    if (leftMs > 0) afterIn(world, program, leftMs, act);
    else act();
  });
}

/** How long a message is on its way. */
export function networkDelayMs(world: World): number {
  return world.dice.between(1, world.scenario.faults.networkDelayMsMax);
}

/** Tells the trace, where there is one. */
export function trace(world: World, line: () => string): void {
  if (world.trace === undefined) return;
  const at = (world.nowMs - world.watch.startedMs) / 1000;
  world.trace(`${at.toFixed(3).padStart(10)}  ${line()}`);
}

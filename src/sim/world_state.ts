// The whole simulated world in one record: models, disk, program, what is due, what has been seen. Not here: behaviour.
// Made by world.ts; changed by the parts named world_*.ts, gocd_port.ts, mesos_port.ts, faults_act.ts, invariants.ts.

import type { Event } from "../core/event.ts";
import type { State } from "../core/state.ts";
import type { Settings } from "../core/settings.ts";
import type { TimerQueue } from "./gocd_timers.ts";
import type { GocdOutage } from "./faults.ts";
import type { Scenario } from "./scenario.ts";
import type { Dice } from "./scenario_dice.ts";
import type { SimDisk } from "./sim_disk.ts";
import type { SimGocd } from "./sim_gocd.ts";
import type { SimMesos } from "./sim_mesos.ts";
import type { PlantedBug } from "./world_bugs.ts";
import type { Watch } from "./invariants.ts";

/** One run. */
export interface World {
  readonly scenario: Scenario;
  /** Chance of everything but the models and the scenario. */
  readonly dice: Dice;
  /** True time, which no clock jump touches; ms since the epoch. */
  nowMs: number;
  /** What the program's clock shows beyond it, and what it will from the next start on: a process takes no jumps. */
  clockAheadMs: number;
  nextClockAheadMs: number;
  /** What is due when. */
  readonly agenda: TimerQueue;
  readonly gocd: SimGocd;
  readonly mesos: SimMesos;
  readonly disk: SimDisk;
  /** Undefined while it is down. */
  program: Program | undefined;
  /** In force at the next start. */
  settings: Settings;
  /** Faults are over. */
  isHealed: boolean;
  /** What the network and the proxy in front of the GoCD server do just now. */
  readonly weather: {
    outage: GocdOutage | undefined;
    /** Lists of this moment are shown instead of those of now. */
    stale: GocdLists | undefined;
    isGocdInMaintenance: boolean;
    isGocdInBackup: boolean;
    gocdStartsUntilMs: number;
    hasRights: boolean;
  };
  /** Points at which the program could have crashed so far. */
  points: number;
  /** Where it does, and how it comes back. */
  crash: PlannedCrash | undefined;
  readonly bug: PlantedBug | undefined;
  readonly watch: Watch;
  /** Gets one line for each thing that happens. */
  readonly trace: ((line: string) => void) | undefined;
}

/** A point at which the program dies. */
export interface PlannedCrash {
  readonly atPoint: number;
  readonly downMs: number;
  /** A newer version ran meanwhile. */
  readonly byNewer: boolean;
  /** One of the faults, which end; otherwise it comes whenever its point does. */
  readonly isFault: boolean;
}

/** What the feed and the list of agents show. */
export interface GocdLists {
  readonly jobs: ReturnType<SimGocd["jobs"]>;
  readonly agents: ReturnType<SimGocd["agents"]>;
}

/** The process: what a crash destroys. */
export interface Program {
  state: State;
  /** Requests to GoCD that wait for the one in flight. */
  readonly gocdQueue: (() => void)[];
  isGocdBusy: boolean;
  /** Calls to Mesos that wait for the one in flight. */
  readonly mesosQueue: (() => void)[];
  isMesosBusy: boolean;
  /** The subscription, from the answer to SUBSCRIBE on. */
  link: MesosLink | undefined;
  /** Failed or ended subscriptions in a row, and since when. */
  tries: number;
  outageSinceMs: number | undefined;
  /** What `end-session` asked for as the next pause. */
  pauseMs: number | undefined;
  /** Hands events to the core. */
  readonly handle: (event: Event) => void;
}

/** One subscription. */
export interface MesosLink {
  readonly subscriptionId: number;
  readonly streamId: string;
  readonly sinceMs: number;
  /** Known once SUBSCRIBED has come. */
  frameworkId: string | undefined;
  heardMs: number;
}

/** Plans an act after so long. */
export function after(world: World, delayMs: number, act: () => void): void {
  world.agenda.plan(world.nowMs + delayMs, act);
}

/** Plans an act of a program: void once that program is dead. */
export function afterIn(world: World, program: Program, delayMs: number, act: () => void): void {
  after(world, delayMs, () => {
    if (world.program === program) act();
  });
}

/** How long a message is on its way. */
export function hop(world: World): number {
  return world.dice.between(1, world.scenario.faults.hopMsMax);
}

/** Tells the trace, where there is one. */
export function say(world: World, line: () => string): void {
  if (world.trace === undefined) return;
  const at = (world.nowMs - world.watch.startedMs) / 1000;
  world.trace(`${at.toFixed(3).padStart(10)}  ${line()}`);
}

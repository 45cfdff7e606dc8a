// What the laws of the simulation remember of a run.

import { newServersWatch, type ServersWatch } from "./invariants_servers.ts";
import type { LookAtKill } from "./invariants_builds.ts";
import type { ShownFeed } from "./invariants_verdicts.ts";
import { type FleetWatch, newFleetWatch } from "./invariants_fleet.ts";
import type { GroupWatch } from "./invariants_groups.ts";
import { type LaunchWatch, newLaunchWatch } from "./invariants_launch.ts";
import { type LimitWatch, newLimitWatch } from "./invariants_limits.ts";
import { newPace, type Pace } from "./invariants_pace.ts";
import { newProgress, type Progress } from "./invariants_progress.ts";
import { nothingShown, type Shown } from "./invariants_shown.ts";

/** What the invariants remember of a run, beyond any crash. */
export interface Watch {
  /** When the run began. */
  readonly startedMs: number;
  /** Task ids of all launches that ever left, or may have left by what a run found on record. */
  readonly launched: Set<string>;
  /** Containers by task id, while they run. */
  readonly containers: Map<string, RunningContainer>;
  /** Uuids of all agent processes that ran in containers of ours, with the task id. */
  readonly ourUuids: Map<string, string>;
  /** Uuids that the program has ever known as its own, since when. */
  readonly learnt: Map<string, number>;
  /** Task ids that the operator has ended, or somebody with the whole framework. */
  readonly excused: Set<string>;
  /**
   * A process has started anew under its old uuid, and may have left a build that its record no longer shows; or the
   * framework was torn down, and what was remembered of builds that hang was forgotten with it.
   */
  hasHiddenBuild: boolean;
  /** By task id: what the program had seen when it first sent KILL, for each time that it set about killing. */
  readonly looksAtKill: Map<string, LookAtKill[]>;
  /** Containers whose agents do not, or did not, reach the GoCD server; `untilMs` is Infinity while a cut lasts. */
  readonly cuts: Map<string, { readonly fromMs: number; readonly untilMs: number }>;
  /** What the program remembered as the time of an enabling when it sent it, by uuid. */
  readonly enablingSentMs: Map<string, number>;
  /** When a person last enabled a record, by uuid. */
  readonly enabledByHand: Map<string, number>;
  /** Task ids whose end, and the end of their builds, the operator has asked for: a teardown at once. */
  readonly tornDown: Set<string>;
  /** Uuids of agents whose records were deleted while nobody could know that they built. */
  readonly givenUp: Set<string>;
  /** A person said that they are gone. */
  readonly forgotten: Set<string>;
  /** Locators of jobs that somebody has cancelled. */
  readonly cancelled: Set<string>;
  /** What the program has asked and been shown. */
  readonly shown: Shown;
  /** Where it asks for pipeline groups. */
  readonly groups: GroupWatch;
  /** Of this run of the program: what the laws of pace remember. */
  pace: Pace;
  /** Of this run of the program: what the laws of launches remember. */
  launches: LaunchWatch;
  /** Of this run of the program: what the laws of the fleet remember. */
  fleet: FleetWatch;
  /** What the laws of limits remember. */
  readonly limits: LimitWatch;
  /** What the law of progress remembers. */
  readonly progress: Progress;
  /** When a maintenance mode of the GoCD server last ended. */
  maintenanceEndMs: number;
  /** The feed as the last good poll really showed it. */
  feed: ShownFeed | undefined;
  /** Builds that the server counts as killed, seen so far. */
  killsSeen: number;
  /** The same for records deleted with work. */
  deletionsSeen: number;
  /** The same for changes of records. */
  changesSeen: number;
  /** When an instance was last unreachable, after the faults. */
  lastLostMs: number;
  /** What the laws of strange servers remember. */
  readonly servers: ServersWatch;
  /** So often the program died. */
  crashes: number;
  /** So often the disk failed. */
  failedCommits: number;
  /** Steps of the core. */
  steps: number;
}

/** A container of ours that runs. */
export interface RunningContainer {
  /** Where it runs. */
  readonly mesosAgentId: string;
  /** Its variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Its address. */
  readonly ipAddress: string;
  /** As Docker calls it. */
  readonly hostname: string;
  /** Its agent never calls the server. */
  readonly isMute: boolean;
}

/** Nothing seen yet. */
export function newWatch(startedMs: number): Watch {
  return {
    startedMs,
    launched: new Set(),
    containers: new Map(),
    ourUuids: new Map(),
    learnt: new Map(),
    excused: new Set(),
    hasHiddenBuild: false,
    looksAtKill: new Map(),
    cuts: new Map(),
    enablingSentMs: new Map(),
    enabledByHand: new Map(),
    tornDown: new Set(),
    givenUp: new Set(),
    forgotten: new Set(),
    cancelled: new Set(),
    shown: nothingShown(startedMs),
    groups: { shown: new Map(), builds: new Map() },
    pace: newPace([], startedMs),
    launches: newLaunchWatch(),
    limits: newLimitWatch(),
    fleet: newFleetWatch(),
    progress: newProgress(),
    maintenanceEndMs: startedMs,
    feed: undefined,
    killsSeen: 0,
    deletionsSeen: 0,
    changesSeen: 0,
    lastLostMs: 0,
    servers: newServersWatch(),
    crashes: 0,
    failedCommits: 0,
    steps: 0,
  };
}

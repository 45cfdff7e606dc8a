// The memory of the laws of the simulation during a run.

import { newServersWatch, type ServersWatch } from "./invariants_servers.ts";
import type { LookAtKill } from "./invariants_builds.ts";
import type { ShownFeed } from "./invariants_verdicts.ts";
import { type FoundWatch, newFoundWatch } from "./invariants_found.ts";
import { type FleetWatch, newFleetWatch } from "./invariants_fleet.ts";
import type { GroupWatch } from "./invariants_groups.ts";
import { type LaunchWatch, newLaunchWatch } from "./invariants_launch.ts";
import { type LimitWatch, newLimitWatch } from "./invariants_limits.ts";
import { newPace, type Pace } from "./invariants_pace.ts";
import { newProgress, type Progress } from "./invariants_progress.ts";
import { nothingShown, type Shown } from "./invariants_shown.ts";

/** The memory of the invariants during a run, kept across crashes. */
export interface Watch {
  /** When the run started. */
  readonly startedMs: number;
  /** Task ids of all launches that were sent, or may have been sent according to stored records. */
  readonly launched: Set<string>;
  /** Running containers by task id. */
  readonly containers: Map<string, RunningContainer>;
  /** Uuids of all agent processes that ran in containers of ours, with the task id. */
  readonly ourUuids: Map<string, string>;
  /** Uuids that the program has identified as its own, with the time. */
  readonly learnt: Map<string, number>;
  /** Task ids that the operator has ended, or that ended with the whole framework. */
  readonly excused: Set<string>;
  /**
   * A process has restarted with its old uuid, and may have left a build that its record no longer shows; or the
   * framework was torn down, and hung builds were forgotten with it.
   */
  hasHiddenBuild: boolean;
  /** By task id: what the program had observed when it first sent KILL, for each time that it entered killing. */
  readonly looksAtKill: Map<string, LookAtKill[]>;
  /**
   * Containers whose agents are, or were, disconnected from the GoCD server; `untilMs` is Infinity while a cut lasts.
   */
  readonly cuts: Map<string, { readonly fromMs: number; readonly untilMs: number }>;
  /** The time of an enable request as remembered by the program when it sent it, by uuid. */
  readonly enablingSentMs: Map<string, number>;
  /** When a person last enabled a record, by uuid. */
  readonly enabledByHand: Map<string, number>;
  /** Task ids whose end, including their builds, the operator has requested: an immediate teardown. */
  readonly tornDown: Set<string>;
  /** Uuids of agents whose records were deleted while their builds were unobservable. */
  readonly givenUp: Set<string>;
  /** A person confirmed that they are gone. */
  readonly forgotten: Set<string>;
  /** Locators of cancelled jobs. */
  readonly cancelled: Set<string>;
  /** By id of a Mesos agent: when Docker last hung there. */
  readonly hungMs: Map<string, { readonly fromMs: number; readonly untilMs: number }>;
  /** The program's requests and observations. */
  readonly shown: Shown;
  /** If it uses pipeline groups. */
  readonly groups: GroupWatch;
  /** Per run of the program: the memory of the laws of pace. */
  pace: Pace;
  /** Per run of the program: the memory of the laws of launches. */
  launches: LaunchWatch;
  /** Per run of the program: the memory of the laws of the fleet. */
  fleet: FleetWatch;
  /** The memory of the law that nothing is forgotten. */
  readonly found: FoundWatch;
  /** The memory of the laws of limits. */
  readonly limits: LimitWatch;
  /** The memory of the law of progress. */
  readonly progress: Progress;
  /** When a maintenance mode of the GoCD server last ended. */
  maintenanceEndMs: number;
  /** The actual feed of the last successful poll. */
  feed: ShownFeed | undefined;
  /** Number of builds that the server counts as killed, processed so far. */
  killsSeen: number;
  /** The same for records deleted with work. */
  deletionsSeen: number;
  /** The same for changes of records. */
  changesSeen: number;
  /** When an instance was last seen unreachable, or a job was completed, after the faults. */
  lastMovedMs: number;
  /** Jobs completed by then. */
  completed: number;
  /** When the faults were over; Infinity: they are not. */
  healedMs: number;
  /** The memory of the laws of changed servers. */
  readonly servers: ServersWatch;
  /** How often the program died. */
  crashes: number;
  /** How often the disk failed. */
  failedCommits: number;
  /** Steps of the core. */
  steps: number;
}

/** A running container of ours. */
export interface RunningContainer {
  /** Its host. */
  readonly mesosAgentId: string;
  /** Its environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Its address. */
  readonly ipAddress: string;
  /** Docker's name for it. */
  readonly hostname: string;
  /** Its agent never calls the server. */
  readonly isMute: boolean;
}

/** The initial memory. */
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
    hungMs: new Map(),
    shown: nothingShown(startedMs),
    groups: { shown: new Map(), builds: new Map() },
    pace: newPace([], startedMs),
    launches: newLaunchWatch(),
    found: newFoundWatch(),
    limits: newLimitWatch(),
    fleet: newFleetWatch(),
    progress: newProgress(),
    maintenanceEndMs: startedMs,
    feed: undefined,
    killsSeen: 0,
    deletionsSeen: 0,
    changesSeen: 0,
    lastMovedMs: 0,
    completed: 0,
    healedMs: Infinity,
    servers: newServersWatch(),
    crashes: 0,
    failedCommits: 0,
    steps: 0,
  };
}

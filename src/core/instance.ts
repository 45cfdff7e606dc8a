// One container that we launched, through its whole life.

import type { ContainerNetwork } from "./settings.ts";

/**
 * `launching → starting → registered → draining → killing → gone`, plus `unreachable`.
 * What is only wanted has no ids yet and is a count in core/demand/plan.ts.
 */
export type AgentInstance = InstanceIdentity & InstanceMarks & InstancePhase;

/** One in a certain state, or in one of several. */
export type InstanceIn<S extends AgentInstance["state"]> = AgentInstance & { readonly state: S };
/** One that has not registered yet. */
export type Waiting = InstanceIn<"launching" | "starting">;
/** One whose agent is enabled on the GoCD server. */
export type Registered = InstanceIn<"registered">;
/** One that is taken out of service. */
export type Draining = InstanceIn<"draining">;
/** One that is to end. */
export type Killing = InstanceIn<"killing">;
/** One that Mesos does not reach, or has lost while the GoCD server hears it. */
export type Unreachable = InstanceIn<"unreachable">;
/** One whose task is over. */
export type Gone = InstanceIn<"gone">;

/** What is fixed when the launch is stored, before ACCEPT goes out; an adopted one learns it from its first record. */
export interface InstanceIdentity {
  /** Unique for ever, at most 63 characters of `[a-z0-9-]`: task id, and hostname on the GoCD server. */
  readonly taskId: string;
  readonly profile: string;
  readonly profileHash: string;
  /** Environment it registers with. */
  readonly environment?: string;
  /** GoCD resources it registers with. */
  readonly gocdResources: readonly string[];
  readonly createdMs: number;
  /** Why it was launched, for people. */
  readonly launchReason: string;
  /** Not launched by this state as far as it knows: its record tells what it registered with. */
  readonly adopted?: true;
  /** Key of the bucket it was launched for; absent for a warm or an adopted one. */
  readonly bucketKey?: string;
  /** The network that its container was launched in; absent: not known. */
  readonly network?: ContainerNetwork["mode"];
  /** Its Pending record is enabled only where it is proven to be its own; absent: launched by a version that had no proof. */
  readonly needsProof?: true;
}

/** What is learnt about it, or wanted of it, on the way: kept from phase to phase until somebody takes it away. */
export interface InstanceMarks {
  /** Where it runs, by the last status update that told; empty: not known. */
  readonly mesosAgentId: string;
  /** Hostname of the Mesos agent; its id where no offer has told the name. */
  readonly host: string;
  /** Last KILL or RECONCILE sent for it, so that repeats keep their distance. */
  readonly lastKillMs?: number;
  readonly lastReconcileMs?: number;
  /**
   * Uuids of agents that were on the list when it was launched and that could else be taken for its own; kept until it
   * has registered. Absent: too many, or not known.
   */
  readonly strangers?: readonly string[];
  /** IP addresses of its container, as Mesos tells them once it runs; absent: not told. */
  readonly addresses?: readonly string[];
  /** `TaskStatus.dockerName` of its container: only we, its host and the agent itself know it. */
  readonly dockerName?: string;
  /** The operator or a maintenance window wants it gone when it is free. */
  readonly retire?: RetireReason;
  /** It was building when it was last heard of, or nobody has seen; dead, its build may not have been given to another yet. */
  readonly mayHoldBuild?: true;
  /** We have asked the GoCD server to delete its record: a list without it is our own doing, whatever Mesos says of it since. */
  readonly isDeleteAsked?: true;
  /** The operator says that it is lost, although it vanished together with most others. */
  readonly lossAccepted?: true;
  /** What it has built so far; absent: nothing, or nobody counts. */
  readonly built?: Built;
}

/** Why an instance is to be drained although it might still be useful; the last two: it has done enough (life/worn.ts). */
export type RetireReason =
  | "maintenance"
  | "operator"
  | "profile-changed"
  | "surplus"
  | "max-jobs"
  | "max-lifetime"
  /** Others with less than their share are held back by a limit (demand/yielding.ts). */
  | "fair-share"
  /** It has registered after KILL was sent, which may still come to its container. */
  | "stop-sent";

/** What an agent was seen to build. */
export interface Built {
  /** How many jobs. */
  readonly jobs: number;
  /** The last one, where the server tells. */
  readonly locator?: string;
}

/** Where it stands; each phase has only the ids that it really has. Times in ms since the epoch. */
export type InstancePhase =
  /** ACCEPT is stored and on its way; Mesos has said nothing yet. `held` as of a starting one. */
  | { readonly state: "launching"; readonly sinceMs: number; readonly offerId: string; readonly held?: true }
  /** Mesos knows the task; GoCD has not seen the agent as usable. `runningSinceMs` once the container runs. */
  | {
    readonly state: "starting";
    readonly sinceMs: number;
    readonly runningSinceMs?: number;
    /** Its record is Pending on the server and is being enabled. */
    readonly pendingUuid?: string;
    /** Its time to register is over, but it may be an agent that goes by another name: it is not killed. */
    readonly held?: true;
  }
  /** Enabled on the GoCD server. */
  | {
    readonly state: "registered";
    readonly sinceMs: number;
    readonly uuid: string;
    readonly activity: AgentActivity;
    /** Its record does not show all that it was launched with, and that is not judged yet. */
    readonly gap?: RegistrationGap;
  }
  /** Taken out of service: disable → seen Disabled → idle twice → delete. */
  | {
    readonly state: "draining";
    readonly sinceMs: number;
    readonly uuid: string;
    readonly reason: DrainReason;
    readonly step: DrainStep;
  }
  /** Nothing can be building there any more (or the drain timeout has passed): KILL until Mesos says terminal. */
  | {
    readonly state: "killing";
    readonly sinceMs: number;
    readonly uuid?: string;
    readonly cause: KillCause;
  }
  /** The Mesos agent is partitioned away, or Mesos has `lost` the task while the GoCD server hears its agent. */
  | {
    readonly state: "unreachable";
    readonly sinceMs: number;
    readonly uuid?: string;
    readonly lost?: { readonly sinceMs: number; readonly message: string };
  }
  /** The task is over; the GocdAgent record is disabled and deleted, then the instance is forgotten. */
  | {
    readonly state: "gone";
    readonly sinceMs: number;
    readonly uuid?: string;
    readonly cause: EndCause;
    readonly message: string;
    /** Nobody has seen its container end: if the GoCD server hears its agent after all, it is in doubt again. */
    readonly isUnproven?: true;
  };

/** Names of the fields of each member of a union. */
export type FieldOf<Each> = Each extends unknown ? keyof Each : never;

/** The fields that belong to a phase. Every other field is kept by {@linkcode inPhase}. */
export const phaseFields: Readonly<Record<FieldOf<InstancePhase>, 0>> = {
  state: 0,
  sinceMs: 0,
  offerId: 0,
  held: 0,
  runningSinceMs: 0,
  pendingUuid: 0,
  uuid: 0,
  activity: 0,
  gap: 0,
  reason: 0,
  step: 0,
  cause: 0,
  lost: 0,
  message: 0,
  isUnproven: 0,
};

/** The instance in this phase: what only its former phase knew is dropped, all else is kept. */
export function inPhase<Phase extends InstancePhase>(
  instance: AgentInstance,
  phase: Phase,
): InstanceIdentity & InstanceMarks & Phase {
  const kept = Object.entries(instance).filter(([field]) => !Object.hasOwn(phaseFields, field));
  return { ...Object.fromEntries(kept) as InstanceIdentity & InstanceMarks, ...phase };
}

/** What a registered agent does, as last read. `unsure` covers states we must not act on (Missing, LostContact, new words). */
export type AgentActivity =
  | { readonly kind: "idle"; readonly sinceMs: number }
  | { readonly kind: "building"; readonly sinceMs: number }
  | { readonly kind: "unsure"; readonly sinceMs: number; readonly word: string };

/** A record that lacks something: seen so first, and corrected at our request, if that was tried. */
export interface RegistrationGap {
  readonly sinceMs: number;
  readonly repairMs?: number;
}

/** Where a drain stands. */
export type DrainStep =
  /** Disable asked for, not yet seen by GET. */
  | { readonly kind: "disabling"; readonly askedMs: number }
  /** Seen Disabled, still building. */
  | { readonly kind: "finishing" }
  /** Seen Disabled and idle first at `firstIdleMs`. */
  | { readonly kind: "confirming"; readonly firstIdleMs: number }
  /** Idle on two reads far enough apart: DELETE asked for, first at `sinceMs` (absent in records of older versions). */
  | { readonly kind: "deleting"; readonly askedMs: number; readonly sinceMs?: number }
  /** Its record is not in the list, although nobody asked for a DELETE yet. */
  | { readonly kind: "absent"; readonly sinceMs: number }
  /** New demand: enable asked for. */
  | { readonly kind: "enabling"; readonly askedMs: number };

/** Why an instance is drained. */
export type DrainReason = "idle" | RetireReason;

/** Why a KILL is sent. */
export type KillCause =
  | "drained"
  | "drain-timeout"
  | "register-timeout"
  | "launch-timeout"
  | "pending-stuck"
  | "record-deleted"
  /** Mesos kills it: the Mesos agent is drained, or an operator did. No KILL of ours is sent. */
  | "by-mesos"
  | "teardown";

/** How a task ended. */
export type EndCause =
  /** We killed it on purpose. */
  | "stopped"
  /** The offer was stale: no penalty. */
  | "dropped"
  /** It ended by itself before it registered. */
  | "launch-failed"
  /** It ended by itself after it registered. */
  | "exited"
  /** It never showed up on the GoCD server. */
  | "never-registered"
  /** Mesos lost or removed it. */
  | "lost";

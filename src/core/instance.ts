// A container that we launched, during its whole life cycle.

import type { ContainerNetwork } from "./settings.ts";

/**
 * `launching → starting → registered → draining → killing → gone`, plus `unreachable`. Agents that are only wanted have
 * no ids yet and are a count in core/demand/plan.ts.
 */
export type AgentInstance = InstanceIdentity & InstanceMarks & InstancePhase;

/** An instance in one of these states. */
export type InstanceIn<S extends AgentInstance["state"]> = AgentInstance & { readonly state: S };
/** An instance that has not registered yet. */
export type Waiting = InstanceIn<"launching" | "starting">;
/** An instance whose agent is enabled on the GoCD server. */
export type Registered = InstanceIn<"registered">;
/** An instance that is being drained. */
export type Draining = InstanceIn<"draining">;
/** An instance that is being killed. */
export type Killing = InstanceIn<"killing">;
/** An instance that Mesos cannot reach, or has lost while the GoCD server is in contact with it. */
export type Unreachable = InstanceIn<"unreachable">;
/** An instance whose task has ended. */
export type Gone = InstanceIn<"gone">;

/**
 * Fixed when the launch is stored, before ACCEPT is sent; for an adopted instance it is taken from its first record.
 */
export interface InstanceIdentity {
  /** Never reused, at most 63 characters of `[a-z0-9-]`: task id, and hostname on the GoCD server. */
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
  /** Not known to be launched by this state: its resources and environment are taken from its record. */
  readonly adopted?: true;
  /** Key of the bucket it was launched for; absent for one that was launched to be kept idle, or that was adopted. */
  readonly bucketKey?: string;
  /** The network of its container; absent: not known. */
  readonly network?: ContainerNetwork["mode"];
  /**
   * Its Pending record is enabled only with proof that it belongs to it; absent: launched by a version without such
   * proof.
   */
  readonly needsProof?: true;
}

/** What is learned or requested later: kept across phases until it is removed explicitly. */
export interface InstanceMarks {
  /** Its Mesos agent according to the last status update that contained it; empty: not known. */
  readonly mesosAgentId: string;
  /** Hostname of the Mesos agent; its id if no offer has shown the name. */
  readonly host: string;
  /** When the last KILL or RECONCILE was sent for it, to space repetitions. */
  readonly lastKillMs?: number;
  readonly lastReconcileMs?: number;
  /**
   * Uuids of agents that were listed when it was launched, or when it was stopped after its record was deleted, and
   * could otherwise be mistaken for its own; kept until it has registered. Absent: none, too many, or not known.
   */
  readonly strangers?: readonly string[];
  /** IP addresses of its container, which Mesos reports once it is running; absent: not reported. */
  readonly addresses?: readonly string[];
  /** `TaskStatus.dockerName` of its container: known only to us, its host and the agent itself. */
  readonly dockerName?: string;
  /**
   * Uuid of another agent's record under which its agent may be building (identity/shared_guid.ts), as long as it has
   * none of its own.
   */
  readonly sharedUuid?: string;
  /** It is removed once idle, because of the operator or a maintenance window. */
  readonly retire?: RetireReason;
  /**
   * Its executor has told Docker to run the container: it may be running, even if that is not reported because Docker
   * hangs (MESOS-8574).
   */
  readonly mayRun?: true;
  /** We have tried to enable its Pending record, and it has not registered since. */
  readonly wasPending?: true;
  /**
   * It was building, or may have been, when it was last in contact; if it is dead, its build may not have been
   * rescheduled yet.
   */
  readonly mayHoldBuild?: true;
  /**
   * We have asked the GoCD server to delete its record: if it is missing from a list, that is expected, whatever Mesos
   * reports afterwards.
   */
  readonly isDeleteAsked?: true;
  /** It has confirmed the last of these DELETEs. */
  readonly isDeleted?: true;
  /**
   * Uuids of its earlier records, the last ones: its process has registered anew. They are removed like its own,
   * whatever hostname they show.
   */
  readonly formerUuids?: readonly string[];
  /** The operator has declared it lost, although it vanished together with most others. */
  readonly lossAccepted?: true;
  /** What it has built so far; absent: nothing, or not counted. */
  readonly built?: Built;
}

/** Why an instance is drained although it might still be useful; the last two: it is worn (life/worn.ts). */
export type RetireReason =
  | "maintenance"
  | "operator"
  | "profile-changed"
  | "surplus"
  | "max-jobs"
  | "max-lifetime"
  /** Others with less than their share are held back by a limit (demand/yielding.ts). */
  | "fair-share"
  /** It has registered after KILL was sent, which may still reach its container. */
  | "stop-sent";

/** The jobs that an agent was seen to build. */
export interface Built {
  readonly jobs: number;
  /** The last one, if the server reports it. */
  readonly locator?: string;
}

/** Its phase; each phase only has the ids that exist in it. Times in ms since the epoch. */
export type InstancePhase =
  /** ACCEPT is stored and being sent; nothing was received from Mesos yet. `held` as for a starting one. */
  | { readonly state: "launching"; readonly sinceMs: number; readonly held?: true }
  /** Mesos knows the task; GoCD has not seen the agent as usable. `runningSinceMs` once the container is running. */
  | {
    readonly state: "starting";
    readonly sinceMs: number;
    readonly runningSinceMs?: number;
    /** Its record is Pending on the server and is being enabled. */
    readonly pendingUuid?: string;
    /** Its time to register is over, but an agent with another name may belong to it: it is not killed. */
    readonly held?: true;
  }
  /** Enabled on the GoCD server. */
  | {
    readonly state: "registered";
    readonly sinceMs: number;
    readonly uuid: string;
    readonly activity: AgentActivity;
    /** Its record lacks something it was launched with, and this has not been handled yet. */
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
  /**
   * No build can be running any more (or the drain timeout has passed): KILL is repeated until Mesos reports a terminal
   * state.
   */
  | {
    readonly state: "killing";
    readonly sinceMs: number;
    readonly uuid?: string;
    readonly cause: KillCause;
  }
  /**
   * The Mesos agent is partitioned, or Mesos has `lost` the task while the GoCD server is in contact with its agent.
   */
  | {
    readonly state: "unreachable";
    readonly sinceMs: number;
    readonly uuid?: string;
    readonly lost?: { readonly sinceMs: number; readonly message: string };
  }
  /** The task has ended; the GocdAgent record is disabled and deleted, then the instance is removed. */
  | {
    readonly state: "gone";
    readonly sinceMs: number;
    readonly uuid?: string;
    readonly cause: EndCause;
    readonly message: string;
    /**
     * The end of its container was not observed: if the GoCD server is still in contact with its agent, it is in doubt
     * again.
     */
    readonly isUnproven?: true;
  };

/** Whether an instance has not registered yet. */
export function isWaiting(instance: AgentInstance): instance is Waiting {
  return instance.state === "launching" || instance.state === "starting";
}

/** Names of the fields of each member of a union. */
export type FieldOf<Each> = Each extends unknown ? keyof Each : never;

/** The fields that belong to a phase. Every other field is kept by {@linkcode inPhase}. */
export const phaseFields: Readonly<Record<FieldOf<InstancePhase>, 0>> = {
  state: 0,
  sinceMs: 0,
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

/** The instance in this phase: fields of the former phase are dropped, all others are kept. */
export function inPhase<Phase extends InstancePhase>(
  instance: AgentInstance,
  phase: Phase,
): InstanceIdentity & InstanceMarks & Phase {
  const kept = Object.entries(instance).filter(([field]) => !Object.hasOwn(phaseFields, field));
  return { ...Object.fromEntries(kept) as InstanceIdentity & InstanceMarks, ...phase };
}

/**
 * The activity of a registered agent, as last read. `unsure` covers states we must not act on (Missing, LostContact,
 * unknown values).
 */
export type AgentActivity =
  | { readonly kind: "idle"; readonly sinceMs: number }
  | { readonly kind: "building"; readonly sinceMs: number }
  | { readonly kind: "unsure"; readonly sinceMs: number; readonly word: string };

/** A record that lacks something: when this was first seen, and when a correction was requested, if it was. */
export interface RegistrationGap {
  readonly sinceMs: number;
  readonly repairMs?: number;
}

/** The progress of a drain. */
export type DrainStep =
  /** Disable was requested, but is not shown by a list yet. */
  | { readonly kind: "disabling"; readonly askedMs: number }
  /** Seen Disabled, still building. */
  | { readonly kind: "finishing" }
  /** First seen Disabled and idle at `firstIdleMs`. */
  | { readonly kind: "confirming"; readonly firstIdleMs: number }
  /**
   * Idle in two reads far enough apart: DELETE was requested, first at `sinceMs` (absent in records of older versions).
   */
  | { readonly kind: "deleting"; readonly askedMs: number; readonly sinceMs?: number }
  /** Its record is not listed, although we have not requested a DELETE yet. */
  | { readonly kind: "absent"; readonly sinceMs: number }
  /** New demand: enable was requested. */
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
  /** Mesos or an operator kills it, e.g. because the Mesos agent is drained. We send no KILL. */
  | "by-mesos"
  | "teardown";

/** How a task ended. */
export type EndCause =
  /** We killed it on purpose. */
  | "stopped"
  /** The offer was stale: no penalty. */
  | "dropped"
  /** It exited before it registered. */
  | "launch-failed"
  /** It exited after it registered. */
  | "exited"
  /** It never showed up on the GoCD server. */
  | "never-registered"
  /** Mesos lost or removed it. */
  | "lost";

// Decisions and observations of the core and of the program around it, as data, so that log, page and metrics cannot
// disagree. Their texts are in words/notes.ts, log/ writes them. Never contains a secret or a feed body.

import type { LaunchGate, LaunchReason, MaintenanceMode } from "./demand/reason.ts";
import type { BucketDemand, DemandTotals, JobVerdict } from "./demand/verdict.ts";
import type { GocdEffect, MesosEffect } from "./effect.ts";
import type { Finding, FrameworkErrorKind, GocdProblem, OperatorEvent } from "./event.ts";
import type { DrainReason, EndCause, KillCause } from "./instance.ts";
import type { Failure, IdleReason, KillReason, Misregistered, Registration } from "./life/causes.ts";
import type { SandboxAnswer } from "./life/sandbox.ts";
import type { PlacementMiss } from "./placement/reason.ts";
import type { ControlsRecord } from "./record.ts";
import type { Schedule } from "./settings.ts";
import type { ReasonMeaning } from "./session/task_status.ts";
import type { Suspicion } from "./state.ts";

/** How much a note matters. `debug` notes are for troubleshooting. */
export type NoteLevel = "debug" | "info" | "warning" | "error";

/** The facts of each kind of note. */
export interface NoteFacts extends DemandNotes, PlacementNotes, LifeNotes, IdentityNotes, SessionNotes, ProgramNotes {}

/** The kind of a note. With few exceptions it is also its code in log, page and metrics. */
export type NoteKind = keyof NoteFacts;

/** Notes of these kinds. */
export type NoteOf<K extends NoteKind> = {
  readonly [Each in K]: NoteFacts[Each] & {
    readonly kind: Each;
    /**
     * If given, a note with the same code and key is logged again only after a long pause, so that an ongoing condition
     * does not flood the log: the key contains what makes the note new, but not values that only grow.
     */
    readonly onceKey?: string;
  };
}[K];

/** One decision or observation. */
export type Note = NoteOf<NoteKind>;

/** An instance, by its task, with its profile. */
export interface OfProfile {
  readonly taskId: string;
  readonly profile: string;
}

/** An instance, by its task, with its host. */
export interface OnHost {
  readonly taskId: string;
  readonly host: string;
}

/** An instance, by its task, with its record on the GoCD server. */
export interface WithRecord {
  readonly taskId: string;
  readonly uuid: string;
}

/** An instance that has ended, with the last status from Mesos. */
export interface EndedTask extends OfProfile, OnHost {
  /** `TASK_…`. */
  readonly state: string;
  /** `REASON_…`, if Mesos gives one. */
  readonly reason?: string;
}

/** Notes about waiting jobs. */
export interface DemandNotes {
  /** The summary of waiting jobs has changed: the sums over all kinds of jobs, and the kind if there is only one. */
  "demand-changed": {
    readonly totals: DemandTotals;
    readonly kinds: number;
    readonly only?: BucketDemand;
    /** What holds launches back, each once; at most three. */
    readonly gates: readonly LaunchGate[];
  };
  /** The demand of one kind of jobs has changed. */
  "bucket-changed": { readonly bucket: BucketDemand };
  /** No jobs are waiting any more. */
  "demand-none": Record<never, never>;
  /** The number of idle agents to keep has changed; `forMs` absent: permanently. */
  "schedule-in-force": { readonly profile: string; readonly schedule: Schedule; readonly forMs?: number };
  "schedule-over": { readonly profile: string; readonly schedule: Schedule };
  /** No profile serves a job. */
  "job-unserved": { readonly job: JobVerdict };
  /** A job waits, but not for an agent. */
  "job-other-cause": { readonly job: JobVerdict };
  /** Jobs were cancelled before an agent could take them. */
  "jobs-left-untaken": {
    readonly jobs: number;
    readonly polls: number;
    readonly need: Registration;
    /** The minimum time that they had waited. */
    readonly waitedMs: number;
    /** The verdict on the last of them. */
    readonly last: JobVerdict;
    readonly attempts: number;
    readonly intervalMs: number;
  };
  /** An idle agent takes no jobs although others do. */
  "agent-sick": {
    readonly uuid: string;
    readonly hostname: string;
    /** Jobs that other agents have taken in the meantime. */
    readonly jobs: number;
    readonly isOurs: boolean;
  };
}

/** Notes about offers and hosts. */
export interface PlacementNotes {
  "agent-launched": OfProfile & OnHost & Registration & { readonly why: LaunchReason };
  "no-fitting-offer": { readonly profile: string; readonly miss: PlacementMiss };
  /** `profile` absent: all profiles avoid it. */
  "host-avoided": {
    readonly host: string;
    readonly profile?: string;
    readonly forMs: number;
    readonly failures: number;
    readonly failure: Failure;
  };
  "no-offer": { readonly role: string; readonly profile: string };
  /** The master knows one role per framework; the first of `roles` gets the offers. */
  "roles-ignored": { readonly masterVersion: string; readonly roles: readonly string[] };
}

/** Cpu-hours of a day. */
export interface CpuHoursUse {
  readonly usedHours: number;
  readonly limitHours: number;
  readonly timeZone: string;
}

/** Notes about the life cycle of instances. */
export interface LifeNotes {
  "agent-running": OfProfile & OnHost;
  /** `afterMs`: since its launch; absent for an adopted agent, whose launch was not observed. */
  "agent-registered": OfProfile & WithRecord & { readonly afterMs?: number; readonly isDisabled: boolean };
  /** The number of Pending records with its name, none of which is admitted (identity/admission.ts). */
  "pending-not-proven": { readonly taskId: string; readonly count: number };
  /** Several records have its name. */
  "duplicate-hostname": { readonly taskId: string; readonly count: number };
  "agent-idle": OfProfile;
  "agent-building": OfProfile;
  /** Its record has a state that must not be changed. */
  "agent-unsure": OfProfile & { readonly word: string };
  "agent-draining": OfProfile & WithRecord & {
    readonly reason: DrainReason;
    readonly idleMs: number;
    readonly why: IdleReason;
  };
  "drain-undone": OfProfile;
  "agent-reused": OfProfile;
  /** It is stopped although its record could not be deleted for some time. `problem`: the last error, if known. */
  "gocd-record-left": WithRecord & { readonly forMs: number; readonly problem?: GocdProblem };
  "agent-killing": OfProfile & OnHost & { readonly cause: KillCause; readonly why: KillReason };
  "agent-not-told-apart": OfProfile & OnHost & {
    /** The agents that may belong to it. */
    readonly agents: readonly { readonly hostname: string; readonly ipAddress?: string }[];
    readonly isAdopted: boolean;
  };
  /** As reported. */
  "agent-stopped": EndedTask;
  /** It had never registered. */
  "agent-stopped-unregistered": EndedTask;
  /** `isOffer`: the offer was gone. */
  "launch-dropped": EndedTask & { readonly message: string; readonly isOffer: boolean };
  "launch-failed": EndedTask & { readonly message: string; readonly meaning: ReasonMeaning };
  "agent-exited": EndedTask & { readonly message: string };
  /**
   * `neverBegan`: its Mesos agent does not know it, and no update of it was ever received; since when this is possible.
   */
  "agent-lost": OnHost & Partial<EndedTask> & {
    readonly message: string;
    readonly neverBegan?: "before-this-run" | "on-its-way";
  };
  "agent-unreachable": OnHost;
  /** Mesos has lost it, but the GoCD server is in contact with it. */
  "agent-doubted": OnHost & { readonly message: string };
  /** Its host is reachable again. */
  "agent-returned": OnHost;
  /** Mesos had reported it as ended. */
  "agent-lives": OnHost & { readonly cause: EndCause };
  "task-state-unknown": { readonly taskId: string; readonly state: string };
  "profile-failing": {
    readonly profile: string;
    readonly failures: number;
    readonly failure: Failure;
    readonly retryInMs: number;
  };
  /** The last output of the container of a failed agent, or why it is not known. */
  "stderr-read": OfProfile & OnHost & { readonly answer: SandboxAnswer };
  "profile-recovered": OfProfile;
  /** Most cpu-hours of the day are used. */
  "cpu-hours-low": CpuHoursUse;
  /** All are used: nothing is launched until the next day. */
  "cpu-hours-used-up": CpuHoursUse;
  /** `holdsLaunching`: launching is stopped as well. */
  "brake-on": { readonly suspicion: Suspicion; readonly holdsLaunching: boolean };
  "brake-off": { readonly server: "gocd" | "mesos" };
  "loss-accepted": { readonly instances: number };
}

/** Why no change of a record can give an agent its environment. */
export type EnvironmentObstacle =
  /** A config repository puts it into this one. */
  | { readonly kind: "put-there"; readonly environment: string }
  /** There is none of this name. */
  | { readonly kind: "unknown"; readonly environment: string }
  /** It comes from a config repository. */
  | { readonly kind: "config-repo"; readonly environment: string };

/** What a Pending agent shows of its auto-register key. */
export type KeyDoubt =
  /** It has none. */
  | { readonly kind: "unset" }
  /** It has the configured one, and the server did not accept it. */
  | { readonly kind: "refused"; readonly registerKey: string }
  /** Its profile is no longer configured. */
  | { readonly kind: "unclear" };

/** Notes about identity. */
export interface IdentityNotes {
  /** It has registered as Pending; `key`: what this says about its auto-register key. */
  "agent-enabling": WithRecord & { readonly key: KeyDoubt; readonly isNews: boolean };
  "agent-registered-anew": WithRecord;
  "agent-misregistered": OfProfile & { readonly gap: Misregistered; readonly obstacle?: EnvironmentObstacle };
  "agent-corrected": OfProfile & WithRecord & { readonly gap: Misregistered };
  "agent-guid-shared": OfProfile & WithRecord & { readonly owner: string };
  "other-program": { readonly hostname: string; readonly lineage: string; readonly need: Registration };
  "task-foreign": { readonly taskId: string; readonly state: string };
  "agent-adopted": OfProfile;
  "record-adopted": WithRecord;
  "task-id-lives": OfProfile;
}

/** Notes about operator commands. */
export type CommandResult =
  | {
    readonly kind: "switched";
    readonly command: OperatorEvent;
    /** The switches before. */
    readonly before: Pick<ControlsRecord, "mode" | "frozen" | "tornDown">;
    /** Failed launches are retried immediately. */
    readonly isRetried: boolean;
  }
  /** One agent is drained. */
  | { readonly kind: "agent-drained"; readonly taskId: string }
  /** A canary of a profile is launched and removed again. */
  | { readonly kind: "canary"; readonly profile: string }
  /** There was no framework to tear down. */
  | { readonly kind: "already-torn-down" };

/** A field of FrameworkInfo that Mesos keeps. */
export interface KeptField {
  readonly key: string;
  readonly kept?: string;
  readonly configured?: string;
}

/** Notes about both servers and about operators. */
export interface SessionNotes {
  /** `isUnsteady`: sessions keep ending. */
  "subscribed": {
    readonly master: string;
    readonly masterVersion?: string;
    readonly frameworkId: string;
    readonly instances: number;
    readonly isUnsteady?: true;
  };
  "framework-failed-over": Record<never, never>;
  "framework-refused": {
    readonly error: Exclude<FrameworkErrorKind, "failed-over" | "removed">;
    readonly message: string;
  };
  /** A new one is created. */
  "framework-replaced": { readonly frameworkId?: string; readonly message: string };
  /** There are stored agents, so none is created. */
  "framework-removed": { readonly frameworkId?: string; readonly instances: number };
  "mesos-call-failed": {
    readonly call: MesosEffect["kind"];
    readonly outcome: "refused" | "unknown" | "void";
    readonly message: string;
  };
  "identity-kept": { readonly frameworkId: string; readonly fields: readonly KeptField[] };
  "program-stood-still": { readonly stoodStillMs: number };
  "maintenance-announced": HostMaintenance & { readonly leadMs: number };
  "maintenance-requested": HostMaintenance;
  "maintenance-taken-back": { readonly host: string; readonly instances: number };
  "gocd-version": { readonly version: string; readonly jobs: number; readonly agents: number };
  "gocd-maintenance": { readonly mode: MaintenanceMode };
  "gocd-maintenance-over": { readonly mode: MaintenanceMode };
  "gocd-answers": { readonly failures: number };
  "gocd-call-failed": { readonly call: GocdEffect["kind"]; readonly problem: GocdProblem };
  /** Its code is that of the problem. */
  "gocd-problem": { readonly problem: GocdProblem };
  /** Its code is that of the finding. */
  "gocd-finding": { readonly finding: Finding };
  "operator": { readonly result: CommandResult; readonly mode: ControlsRecord["mode"] };
  "settings-changed": { readonly replaced: number };
  "switches-in-force": { readonly controls: ControlsRecord };
  "torn-down": { readonly frameworkId: string };
}

/** A host with a maintenance window. Times in ms from now; negative: past. */
export interface HostMaintenance {
  readonly host: string;
  readonly instances: number;
  readonly startsInMs: number;
  /** Absent: it has no end. */
  readonly endsInMs?: number;
}

/** Notes of the program around the core. */
export interface ProgramNotes {
  /** An attempt to subscribe has failed; its code is that of the error, if it has one. */
  "mesos-failed": { readonly message: string; readonly code?: string; readonly hint?: string };
  "mesos-steady": { readonly master: string };
  "store-failed": { readonly problem: string; readonly hint?: string };
  "store-works": Record<never, never>;
  "page-failed": { readonly message: string };
  "no-control-file": { readonly why: string; readonly hint: string };
  /** The history ends with the program. */
  "history-in-memory": { readonly why: string; readonly hint: string };
  "history-failed": { readonly problem: string; readonly hint: string };
  "history-works": Record<never, never>;
  "leading": Record<never, never>;
  "standing-by": { readonly leader: string };
  "election-interrupted": { readonly message: string; readonly hint: string };
  "torn-down-before": Record<never, never>;
  /** Messages to a webhook cannot be delivered; they are kept and retried. */
  "webhook-failed": { readonly webhook: string; readonly what: string; readonly hint: string };
  "webhook-works": { readonly webhook: string; readonly failedForMs: number };
  /** Sent webhook messages cannot be recorded: they are sent again after a restart. */
  "told-not-kept": { readonly problem: string };
  /** A message to a webhook is lost. */
  "webhook-message-lost": { readonly webhook: string; readonly why: MessageLoss };
}

/** Why a message is dropped. */
export type MessageLoss =
  /** Too many are queued. */
  | "too-many"
  | "too-old"
  /** The receiver has rejected it. */
  | "unwanted";

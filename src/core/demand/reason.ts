// Why a job waits and why nothing is launched for it, as data. Each kind is a stable code, used as a metric label and
// in JSON.

import type { UnknownNeeds } from "../gocd_records.ts";
import type { PlacementMiss } from "../placement/reason.ts";
import type { RegistrationProblem } from "../names.ts";
import type { Failure } from "../life/causes.ts";
import type { FairShare, Schedule } from "../settings.ts";
import type { StderrTail } from "../life/sandbox.ts";
import type { Suspicion } from "../state.ts";

/** The reason of a verdict. */
export type Reason = NotOurs | Unserved | Supplied | OtherCause | Held | OnItsWay;

/** Stable code of a reason; a few dozen, suitable as a metric label. */
export type ReasonCode = Reason["kind"];

/** An agent of ours can never take the job. */
export type NotOurs =
  /** Pinned to one existing agent. */
  | { readonly kind: "run-on-all" }
  | { readonly kind: "elastic"; readonly elasticProfile: string }
  /** Its needs cannot be read. */
  | ({ readonly kind: "needs-unknown" } & UnknownNeeds)
  /** By `poller.ignore`. */
  | { readonly kind: "ignored"; readonly pattern: string }
  /** By `poller.resourceless-jobs`. */
  | { readonly kind: "resourceless-ignored" };

/** No profile has everything that the job requires. */
export type Unserved =
  | { readonly kind: "no-profile" }
  | {
    readonly kind: "no-profile-resources";
    /** The profile that lacks the least. */
    readonly nearest: string;
    /** GoCD resources that it lacks; at least one. */
    readonly missing: readonly string[];
    readonly lacksEnvironment: boolean;
    /** Some profile has those resources, in another environment or for another group. */
    readonly isElsewhere: boolean;
    readonly pipelineGroup?: string;
  }
  /** The profile has the resources, but does not serve the environment. `pipelineGroup`: nor this group. */
  | { readonly kind: "no-profile-environment"; readonly nearest: string; readonly pipelineGroup?: string }
  /** The profile has everything except this pipeline group. */
  | { readonly kind: "no-profile-group"; readonly nearest: string; readonly pipelineGroup: string };

/** An agent exists or is starting; `names` are hostnames or task ids. */
export type Supplied =
  | { readonly kind: "idle-agent"; readonly names: readonly string[] }
  | { readonly kind: "agent-coming"; readonly names: readonly string[] };

/** Launching would not help. */
export type OtherCause =
  | { readonly kind: "maintenance"; readonly mode: MaintenanceMode }
  /** An idle agent matches, but the server does not give it the job. */
  | { readonly kind: "idle-unused"; readonly host: string; readonly idleMs: number }
  /** This was the case before; it is tried again at `untilMs`. */
  | { readonly kind: "left-before"; readonly untilMs: number }
  /** The server has forgotten it. */
  | {
    readonly kind: "zombie";
    readonly waitedMs: number;
    readonly limitMs: number;
    readonly passedOver: number;
    readonly untilMs: number;
  };

/** An agent is needed but not launched now. */
export type Held =
  | { readonly kind: "held-attempts"; readonly polls: number; readonly attempts: number }
  /** `profile` absent: by the global limit. */
  | {
    readonly kind: "held-limit";
    readonly profile?: string;
    readonly limit: number;
    readonly allowed: number;
    /** By `scaling.fair-share`: the sharer. */
    readonly sharedBy?: FairShare["by"];
  }
  | {
    readonly kind: "held-breaker";
    readonly failure: Failure;
    readonly retryMs: number;
    readonly failures: number;
    readonly stderr?: StderrTail;
  }
  /** A single instance is launched before the others. */
  | {
    readonly kind: "held-probe";
    readonly failure: Failure;
    readonly failures: number;
    readonly stderr?: StderrTail;
  }
  /** `profile` absent: all launching is frozen. */
  | { readonly kind: "held-frozen"; readonly profile?: string }
  | { readonly kind: "held-mode"; readonly mode: "drain" | "teardown" }
  | { readonly kind: "held-stale"; readonly forMs: number }
  | { readonly kind: "held-maintenance"; readonly mode: MaintenanceMode }
  | { readonly kind: "held-restarted" }
  | { readonly kind: "held-brake"; readonly suspicion: Suspicion }
  | { readonly kind: "held-rate"; readonly perMinute: number }
  /** By a limit on launches whose room returns by itself, `scaling.launches-per-minute`. */
  | { readonly kind: "held-pace"; readonly key: string; readonly limit: number }
  /** By `scaling.cpu-hours-per-day`: until the next day. */
  | {
    readonly kind: "held-cpu-hours";
    readonly usedHours: number;
    readonly limitHours: number;
    readonly timeZone: string;
  }
  /** By `scaling.max-cpu-share`. */
  | {
    readonly kind: "held-share";
    readonly share: number;
    readonly usedCpus: number;
    readonly clusterCpus: number;
  }
  | { readonly kind: "held-invalid"; readonly problem: RegistrationProblem }
  /** `why` and `hint` from the session; `why` absent: the first subscription is in progress. */
  | { readonly kind: "held-no-session"; readonly why?: string; readonly hint?: string };

/** Why an agent that is needed is not launched right now, or `go`. */
export type LaunchGate = { readonly kind: "go" } | Held;

/** Nothing on our side holds an agent back. */
export type OnItsWay =
  /** A draining one is enabled again. */
  | { readonly kind: "enabling-again" }
  | { readonly kind: "no-fitting-offer"; readonly miss: PlacementMiss }
  /** Mesos offers nothing to the role. */
  | { readonly kind: "no-offer"; readonly role: string }
  /** Waiting for the next offer. */
  | { readonly kind: "launching" };

/** GoCD's name of the mode in which it assigns no jobs: drain mode in 18.12, maintenance mode since. */
export type MaintenanceMode = "maintenance mode" | "drain mode";

/** The name in a server's version. */
export function maintenanceMode(version: string | undefined): MaintenanceMode {
  return version?.startsWith("18.12") === true ? "drain mode" : "maintenance mode";
}

/** Something that operators should know in addition to the verdict. Each kind is a stable code. */
export type Remark =
  /** All matching agents are unavailable, most of them in this state. */
  | { readonly kind: UnavailableKind; readonly counts: readonly UnavailableAgents[] }
  /** An idle agent with the resources only takes jobs of its environments. */
  | { readonly kind: "agent-in-environment"; readonly host: string; readonly environments: readonly string[] }
  /** An idle agent with the resources is in no environment. */
  | { readonly kind: "agent-in-no-environment"; readonly host: string }
  /** The same, and it names some that do not exist on the server. */
  | { readonly kind: "agent-environment-unknown"; readonly host: string; readonly environments: readonly string[] }
  /** GoCD has reported the job; `forMin`: for how long, in minutes, if reported. */
  | { readonly kind: "gocd-job-unassigned"; readonly forMin?: number };

/** Why agents that are not ours take no jobs. */
export type UnavailableKind = "agents-disabled" | "agents-lost" | "agents-missing" | "agents-pending";

/** How many agents are in this state. */
export interface UnavailableAgents {
  readonly kind: UnavailableKind;
  readonly count: number;
}

/** What agents are launched for. */
export type LaunchReason =
  | {
    readonly kind: "jobs";
    readonly jobs: number;
    readonly gocdResources: readonly string[];
    readonly environment?: string;
    /** If groups are used; `""` if unknown. */
    readonly pipelineGroup?: string;
    readonly polls: number;
    readonly coming: number;
  }
  /** Agents that are kept ready. */
  | { readonly kind: "min-idle"; readonly minIdle: number; readonly ready: number; readonly schedule?: Schedule }
  /** Agents that are kept ready for `busy` ones, with how many already are. */
  | {
    readonly kind: "headroom";
    readonly headroom: number;
    readonly busy: number;
    readonly ready: number;
    readonly schedule?: Schedule;
  }
  /** A canary requested by the operator. */
  | { readonly kind: "canary" }
  /** The build of a lost agent, which GoCD reschedules only while some agent is in contact. */
  | { readonly kind: "hung-build"; readonly taskId: string };

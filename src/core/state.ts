// The state of the core between two events; immutable.

import type { Finding, GocdProblem } from "./event.ts";
import type { GocdAgent, GocdServerInfo } from "./gocd_records.ts";
import type { AgentInstance } from "./instance.ts";
import type { Failure } from "./life/causes.ts";
import type { FailureWindow } from "./life/failure_window.ts";
import type { StderrTail } from "./life/sandbox.ts";
import type { Offer } from "./placement/offer.ts";
import type { PlacementMiss } from "./placement/reason.ts";
import type { LaunchReason } from "./demand/reason.ts";
import type { ControlsRecord, CpuUse, FrameworkRecord, GocdSuspicion } from "./record.ts";
import type { Settings } from "./settings.ts";
import type { Backlog } from "./demand/backlog.ts";
import type { Unpinned } from "./demand/run_on_all.ts";
import type { Untaken } from "./demand/untaken.ts";
import type { AgentsReading } from "./session/reading.ts";
import type { BucketDemand, JobVerdict } from "./demand/verdict.ts";
import type { PipelineGroups } from "./demand/pipeline_groups.ts";
import type { Peak } from "./demand/peaks.ts";
import type { OpenWindow } from "./demand/windows.ts";
import type { Watched } from "./session/watched.ts";

/** The complete state of the core. */
export interface State {
  readonly settings: Settings;
  readonly startedMs: number;
  /** Since when these settings are active. */
  readonly settingsSinceMs: number;
  /** When the last step ran. */
  readonly lastStepMs: number;
  /** The watched time of this run of the program. */
  readonly watched: Watched;
  readonly framework: FrameworkRecord;
  readonly controls: ControlsRecord;
  /** Today's cpu usage of agents; absent: not counted. */
  readonly cpuUse?: CpuUseState;
  readonly instances: ReadonlyMap<string, AgentInstance>;
  readonly session: SessionState;
  readonly server: ServerState;
  readonly demand: DemandState;
  /** Open windows of schedules, by profile. */
  readonly windows: ReadonlyMap<string, OpenWindow>;
  readonly offers: OffersState;
  /** When Mesos last requested maintenance of a host whose agents are being drained for it, by Mesos agent id. */
  readonly maintenanceRequestedMs: ReadonlyMap<string, number>;
  readonly breakers: BreakersState;
  /** Profiles for which the operator has requested a canary, with the time of the request. */
  readonly canaries: ReadonlyMap<string, number>;
  /** Recent failures, for display. */
  readonly failureWindow: FailureWindow;
  readonly reconciliation: ReconciliationState;
  /** Tasks left by earlier runs: not reported by Mesos yet, reported, or irrelevant for launches. */
  readonly inherited: "unknown" | "known" | "none";
  readonly brake: BrakeState;
  readonly shuttingDown: boolean;
  /** When TEARDOWN was last sent; the framework id is removed only once the master has accepted it. */
  readonly tearDownRequestedMs?: number;
}

/** The usage counted so far. */
export interface CpuUseState {
  readonly record: CpuUse;
  /** The time up to which it is counted, and when it was last stored; ms since the epoch. */
  readonly countedMs: number;
  readonly storedMs: number;
}

/** The parts of the subscription that decisions need. */
export interface SessionState {
  readonly kind: "connecting" | "subscribed" | "superseded" | "ended";
  readonly sinceMs: number;
  readonly master?: string;
  /** `master_info.id`: identifies one run of one master. */
  readonly masterId?: string;
  /** Since when that run has led, as far as subscriptions of this run show; absent: its id is not known. */
  readonly leaderSinceMs?: number;
  readonly masterVersion?: string;
  readonly reason?: string;
  /** The operator's next step, if there is one. */
  readonly hint?: string;
  /** Heartbeat interval of the master; absent: not given. */
  readonly heartbeatMs?: number;
  /** When the last heartbeat arrived. */
  readonly heardMs?: number;
  /** What has gone wrong since the last stable session; kept until the next session is stable. */
  readonly failing?: SessionFailing;
}

/** Subscriptions fail. */
export interface SessionFailing {
  readonly sinceMs: number;
  /** Subscriptions succeed, but end soon afterwards. */
  readonly isUnsteady: boolean;
}

/** The GoCD server, as last read. */
export interface ServerState {
  readonly info?: GocdServerInfo;
  /** The newest version that this run has seen. */
  readonly newestVersion?: string;
  readonly lastPollMs?: number;
  /** The last successful list of agents (of a full poll or between polls); absent: none in this run. */
  readonly reading?: AgentsReading;
  /**
   * The time during which the server was operational; absent: it is in maintenance mode, or was not read in this run.
   */
  readonly serving?: Watched;
  readonly nextPollMs: number;
  readonly nextAgentsMs: number;
  /** Since when a request is in progress; absent: none. */
  readonly requestedMs?: number;
  /** Since when all reads were successful and the program was not suspended; absent while the last read failed. */
  readonly healthySinceMs?: number;
  /** When the first failed read since the last successful one was sent; absent: none. */
  readonly failingSinceMs?: number;
  readonly quietPolls: number;
  /** Why reads fail, until a full poll succeeds. */
  readonly readFailure?: ReadFailure;
  /** Duration of the last successful poll, ms. */
  readonly pollTookMs?: number;
  /** Why changes of records fail although the server can be read; absent: the last one succeeded. */
  readonly writeFailure?: WriteFailure;
  /**
   * What the last agent of a profile with an auto-register key showed about that key, by profile; absent: no agent in
   * this run.
   */
  readonly keyOutcomes: ReadonlyMap<string, KeyOutcome>;
  readonly findings: readonly Finding[];
  /** Environments of our configuration that the server does not have; absent: unknown. */
  readonly missingEnvironments?: readonly string[];
  /** As last read, if the configuration uses groups; absent: never in this run. */
  readonly pipelineGroups?: PipelineGroups;
  readonly agents: readonly GocdAgent[];
  /** The last list that the brake was decided with: the next one is compared with it. */
  readonly judged: readonly GocdAgent[];
  /** Locators that agents were seen to build since the last poll. */
  readonly built: ReadonlySet<string>;
  /** Uuids of agents that have started building since the last poll, if the server does not report the job. */
  readonly begun: ReadonlySet<string>;
  /** Since when each Enabled, Idle GocdAgent has been idle without interruption, by uuid. */
  readonly idleSinceMs: ReadonlyMap<string, number>;
  /** When each GocdAgent was first listed in this run, by uuid. */
  readonly appearedMs: ReadonlyMap<string, number>;
  /** Records that are missing from recent lists, as last listed, by uuid: a list may lack some temporarily. */
  readonly unlisted: ReadonlyMap<string, UnlistedAgent>;
  /** Since when each Disabled GocdAgent has been Idle in every list, by uuid. */
  readonly disabledIdleSinceMs: ReadonlyMap<string, number>;
  /**
   * Jobs that other agents took although a GocdAgent was idle, by its uuid, as long as it is idle without interruption.
   */
  readonly overtaken: ReadonlyMap<string, { readonly idleSinceMs: number; readonly jobs: number }>;
  /** Since when each GocdAgent has been in LostContact or Missing, by uuid. */
  readonly lostSinceMs: ReadonlyMap<string, number>;
  /** Since when the GocdAgent of an instance has been unlisted or out of contact, by uuid (demand/hung_build.ts). */
  readonly silentSinceMs: ReadonlyMap<string, number>;
  /** Since when a GocdAgent has been Disabled in every list, by uuid; removed when we request it to be enabled. */
  readonly disabledSinceMs: ReadonlyMap<string, number>;
  /** Since when every list has shown at least one agent (of any owner) that counts as in contact. */
  readonly inContactSinceMs?: number;
  /** When the enabling of a Pending record was requested that has not been answered yet, by uuid. */
  readonly enableRequestedMs: ReadonlyMap<string, number>;
  /** When a change of a record was last requested from the server, by uuid. */
  readonly lastRequestMs: ReadonlyMap<string, number>;
  /** First poll that showed (nearly) all agents Missing after a restart of the server. */
  readonly restartedMs?: number;
}

/** What an agent that registered shows about its auto-register key. */
export type KeyOutcome =
  | { readonly kind: "accepted" }
  /** Agents have registered as Pending since then. */
  | { readonly kind: "refused"; readonly sinceMs: number };

/** Reads have failed. */
export interface ReadFailure {
  /** That of the last one. */
  readonly problem: GocdProblem;
  /** When the first of them was requested. */
  readonly sinceMs: number;
  readonly count: number;
}

/** Changes of records have failed since then, for reasons that no single record causes. */
export interface WriteFailure {
  readonly kind: "delete" | "update";
  readonly problem: GocdProblem;
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** Whether a server seems to be a different one, or to have lost its data. */
export interface BrakeState {
  /** The GoCD server no longer lists most of our agents. Stored. */
  readonly gocd?: GocdSuspicion;
  /** Mesos has lost most of our agents. */
  readonly mesos?: MesosSuspicion;
  /** When the last suspicion ended. */
  readonly releasedMs?: number;
  /** A known Mesos agent has appeared since the subscription to this master. */
  readonly isSameCluster: boolean;
}

/** Evidence that a server does not show what it should. */
export type Suspicion = GocdSuspicion | MesosSuspicion;

/** Mesos has lost agents of ours with which the GoCD server is in contact. */
export interface MesosSuspicion {
  readonly kind: "mesos-lost";
  readonly sinceMs: number;
  readonly lost: number;
  readonly of: number;
}

/** A record that is missing from the last lists. */
export interface UnlistedAgent {
  readonly gocdAgent: GocdAgent;
  /** When it was first missing, ms since the epoch. */
  readonly sinceMs: number;
}

/** The backlog, as last assessed. */
export interface DemandState {
  /** The last poll's jobs in buckets, kept so that the plan can be recomputed between polls. */
  readonly backlog: Backlog;
  /** When the plan was made; absent: not yet. */
  readonly madeMs?: number;
  /** Instances changed since the plan was made. */
  readonly isStale: boolean;
  /** Memory of each waiting job by locator. */
  readonly seen: ReadonlyMap<string, SeenJob>;
  /** Recent numbers of agents in use, by profile, highest first; absent: not needed. */
  readonly peaks?: ReadonlyMap<string, readonly Peak[]>;
  /** Run-on-all jobs that have lost their pin, or may have. */
  readonly unpinned: Unpinned;
  /** Jobs that have left the feed although no agent could have taken them. */
  readonly untaken: Untaken;
  /** Consecutive polls with unmet demand, by bucket key. */
  readonly streaks: ReadonlyMap<string, number>;
  readonly jobs: readonly JobVerdict[];
  readonly buckets: readonly BucketDemand[];
  /** What should be launched now, oldest job's bucket first. */
  readonly wanted: readonly WantedAgents[];
}

/** What we remember about a waiting job. */
export interface SeenJob {
  readonly firstSeenMs: number;
  readonly bucketKey: string;
  /** Position in the feed in the last poll; the feed is oldest first. */
  readonly order: number;
  /** Number of polls in which an agent had taken a newer job of its bucket. */
  readonly passedOver: number;
  /** Since when and until when it counts as waiting for another cause, although no agent is idle at the moment. */
  readonly otherCause?: {
    readonly sinceMs: number;
    readonly untilMs: number;
    /** It counts as a zombie; how many times newer jobs had been taken before it. */
    readonly passedOver?: number;
  };
  /** How many times this has happened. */
  readonly otherCauseCount: number;
}

/** Instances to be launched for one bucket with one profile. */
export interface WantedAgents {
  readonly bucketKey: string;
  readonly profile: string;
  readonly environment?: string;
  readonly gocdResources: readonly string[];
  /** At least one. */
  readonly count: number;
  readonly reason: LaunchReason;
}

/** Suppress and revive, per role. */
export interface OffersState {
  readonly roles: ReadonlyMap<string, RoleOffers>;
  /** Nearest miss of the last placement by profile, for the verdicts. */
  readonly nearestMiss: ReadonlyMap<string, NearestMiss>;
  /** What the hosts of running instances last offered and had left, by Mesos agent id. */
  readonly hosts: ReadonlyMap<string, Offer>;
  readonly launchTimesMs: readonly number[];
  /** By Mesos agent id: the cpus of hosts; kept if `scaling.max-cpu-share` is set. */
  readonly capacity?: ReadonlyMap<string, HostCapacity>;
  /** Launches that were last held back by that share, and when; absent: none. */
  readonly shareHeld?: ShareHeld;
  /** Offers whose DECLINE may not have arrived: declined again at the next tick. */
  readonly undeclined: readonly string[];
  /**
   * Inverse offers whose answer may not have arrived: declined at the next tick, because Mesos has only one outstanding
   * at a time.
   */
  readonly inverseUnanswered: readonly string[];
}

/** The cpus that a host offered us, in addition to those of our agents there at that time. */
export interface HostCapacity {
  readonly atMs: number;
  readonly hostname: string;
  readonly offeredMilli: number;
}

/** The share of the cluster is used up. */
export interface ShareHeld {
  readonly atMs: number;
  readonly profiles: readonly string[];
  readonly usedMilli: number;
  readonly clusterMilli: number;
}

/** Why a profile could not be placed, continuously since `sinceMs`. */
export interface NearestMiss {
  readonly sinceMs: number;
  readonly atMs: number;
  readonly miss: PlacementMiss;
}

/** The allocation state of one role. */
export interface RoleOffers {
  readonly suppressed: boolean;
  readonly lastReviveMs?: number;
  /** Since when offers are wanted: the REVIVE that ended the last SUPPRESS. Repetitions do not change it. */
  readonly revivedMs?: number;
  readonly lastOfferMs?: number;
  /** The single repetition after a REVIVE without an offer has been sent. */
  readonly repeated: boolean;
  /** A DECLINE or ACCEPT with a long filter was sent after the last REVIVE. */
  readonly longDeclineMs?: number;
  /** The last SUPPRESS or REVIVE failed: the next one is not sent before this time. */
  readonly retryMs?: number;
  /** When the last SUPPRESS without a response was given up: it may still arrive. */
  readonly suppressLostMs?: number;
}

/** Failures, by profile and by host. */
export interface BreakersState {
  readonly profiles: ReadonlyMap<string, ProfileBreaker>;
  readonly hosts: ReadonlyMap<string, HostBreaker>;
}

/** Consecutive failures of a profile. */
export interface ProfileBreaker {
  /** 0: the operator has resumed since, and no agent has registered yet. */
  readonly failures: number;
  /** When the first of them was counted, whether or not the operator has resumed since. */
  readonly sinceMs: number;
  readonly lastFailureMs: number;
  readonly retryMs: number;
  readonly lastFailure: Failure;
  /** The output of a container of the last wave of failures; absent: not requested, or no response yet. */
  readonly stderr?: StderrTail;
}

/** Recent failures on a host, and until when it is avoided. */
export interface HostBreaker {
  /** Oldest first; without a profile: the failure was caused by the host alone. */
  readonly failures: readonly { readonly atMs: number; readonly profile?: string }[];
  readonly avoid?: { readonly untilMs: number; readonly forMs: number };
  readonly lastFailure: Failure;
}

/** Explicit and implicit reconciliation. */
export interface ReconciliationState {
  /** Tasks without a response since the last SUBSCRIBED. */
  readonly pending: ReadonlySet<string>;
  readonly nextExplicitMs?: number;
  readonly explicitDelayMs: number;
  readonly implicitRequestedMs?: number;
  /** Which fence is valid (`fenceId`): the answer about one of an earlier round proves nothing. Absent: 0. */
  readonly fenceRound?: number;
}

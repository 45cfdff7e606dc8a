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
import type { ControlsRecord, CpuUse, FrameworkRecord } from "./record.ts";
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

/** Everything the core knows. */
export interface State {
  readonly settings: Settings;
  readonly startedMs: number;
  /** Since when these settings are in force. */
  readonly settingsSinceMs: number;
  /** When the last step was made. */
  readonly lastStepMs: number;
  /** The time that this run of the program has watched. */
  readonly watched: Watched;
  readonly framework: FrameworkRecord;
  readonly controls: ControlsRecord;
  /** The cpus that agents have used today; absent: nobody counts. */
  readonly cpuUse?: CpuUseState;
  readonly instances: ReadonlyMap<string, AgentInstance>;
  readonly session: SessionState;
  readonly server: ServerState;
  readonly demand: DemandState;
  /** Windows of schedules that are open, by profile. */
  readonly windows: ReadonlyMap<string, OpenWindow>;
  readonly offers: OffersState;
  /** When Mesos last asked for a host back where agents are to go for it, by Mesos agent id. */
  readonly maintenanceRequestedMs: ReadonlyMap<string, number>;
  readonly breakers: BreakersState;
  /** Profiles of which the operator wants one agent launched to see whether it works, with when that was asked. */
  readonly canaries: ReadonlyMap<string, number>;
  /** What has failed of late, for people. */
  readonly failureWindow: FailureWindow;
  readonly reconciliation: ReconciliationState;
  /** What earlier runs have left with Mesos: not told yet, told, or nothing that a launch would have to know. */
  readonly inherited: "unknown" | "known" | "none";
  readonly brake: BrakeState;
  readonly shuttingDown: boolean;
  /** The operator wants TEARDOWN without a drain, as soon as there is a session. */
  readonly tearDownNow: boolean;
  /** When TEARDOWN was last sent; the id is forgotten only once the master has accepted it. */
  readonly tearDownAskedMs?: number;
}

/** What is used, as counted so far. */
export interface CpuUseState {
  readonly record: CpuUse;
  /** Up to when it is counted, and when it was last stored; ms since the epoch. */
  readonly countedMs: number;
  readonly storedMs: number;
}

/** The subscription, as far as decisions need it. */
export interface SessionState {
  readonly kind: "connecting" | "subscribed" | "superseded" | "ended";
  readonly sinceMs: number;
  readonly master?: string;
  /** `master_info.id`: of one run of one master. */
  readonly masterId?: string;
  readonly masterVersion?: string;
  readonly reason?: string;
  /** The operator's next act, where there is one. */
  readonly hint?: string;
  /** How often the master says that it is there; absent: not told. */
  readonly heartbeatMs?: number;
  /** When it last did. */
  readonly heardMs?: number;
  /** What has gone wrong since a session that held: kept by the session that follows, until that one holds. */
  readonly failing?: SessionFailing;
}

/** Subscriptions fail. */
export interface SessionFailing {
  readonly sinceMs: number;
  /** Subscriptions succeed, but end again at once. */
  readonly isUnsteady: boolean;
}

/** The GoCD server, as last read. */
export interface ServerState {
  readonly info?: GocdServerInfo;
  /** The newest version that this run has seen. */
  readonly newestVersion?: string;
  readonly lastPollMs?: number;
  /** The last good list of agents (of a full poll or between polls); absent: none in this run. */
  readonly reading?: AgentsReading;
  /** The time in which the server was seen at work; absent: it is in maintenance mode, or was not read in this run. */
  readonly serving?: Watched;
  readonly nextPollMs: number;
  readonly nextAgentsMs: number;
  /** A request is in progress since then; absent: none. */
  readonly askedMs?: number;
  /** Since when every answer was good and the program never stood still; absent while the last one failed. */
  readonly healthySinceMs?: number;
  /** When the first read was sent of those that have failed since the last good one; absent: none has. */
  readonly failingSinceMs?: number;
  readonly quietPolls: number;
  readonly failuresInARow: number;
  /** Why the last read failed, until a whole poll is good. */
  readonly problem?: GocdProblem;
  /** When the first read was asked for that failed since then. */
  readonly problemSinceMs?: number;
  /** How long the last good poll took, ms. */
  readonly pollTookMs?: number;
  /** Why changes of records fail although the server is read; absent: the last one was carried out. */
  readonly writeFailure?: WriteFailure;
  /** What the last agent of a profile with an auto-register key showed of that key, by profile; none of this run: absent. */
  readonly keyOutcomes: ReadonlyMap<string, KeyOutcome>;
  readonly findings: readonly Finding[];
  /** Environments of our configuration that the server does not have; absent: it could not be told. */
  readonly missingEnvironments?: readonly string[];
  /** As last read, where the configuration asks for groups; absent: never in this run. */
  readonly pipelineGroups?: PipelineGroups;
  readonly agents: readonly GocdAgent[];
  /** Locators that agents were seen to build since the last poll. */
  readonly built: ReadonlySet<string>;
  /** Uuids of agents that have begun to build since the last poll, where the server does not tell which job. */
  readonly begun: ReadonlySet<string>;
  /** When each Enabled, Idle GocdAgent was first seen idle without a break, by uuid. */
  readonly idleSinceMs: ReadonlyMap<string, number>;
  /** Uuids of records of other instances that instances without one live under, by task id (identity/shared_guid.ts). */
  readonly sharedUuids: ReadonlyMap<string, string>;
  /** When a list of this run first showed each GocdAgent, by uuid. */
  readonly appearedMs: ReadonlyMap<string, number>;
  /** Records that lists have come to lack, as last shown, by uuid: a list may lack some for a while. */
  readonly unlisted: ReadonlyMap<string, UnlistedAgent>;
  /** Since when each Disabled GocdAgent has shown Idle at each look, by uuid. */
  readonly disabledIdleSinceMs: ReadonlyMap<string, number>;
  /** Jobs that idle GocdAgents have left to others, by uuid, as long as they are idle without a break. */
  readonly overtaken: ReadonlyMap<string, { readonly idleSinceMs: number; readonly jobs: number }>;
  /** Since when each GocdAgent has shown LostContact, or Missing, by uuid. */
  readonly lostSinceMs: ReadonlyMap<string, number>;
  /** Since when lists have shown the GocdAgent of an instance absent or out of contact, by uuid (demand/hung_build.ts). */
  readonly silentSinceMs: ReadonlyMap<string, number>;
  /** Since when each list has shown a GocdAgent as Disabled, by uuid; forgotten when we ask for it to be enabled. */
  readonly disabledSinceMs: ReadonlyMap<string, number>;
  /** Since when each list has shown an agent, whose ever, that the server takes to be in contact. */
  readonly inContactSinceMs?: number;
  /** When the enabling of a Pending record was asked for that is not answered yet, by uuid. */
  readonly enableRequestedMs: ReadonlyMap<string, number>;
  /** When something was last asked of the server for a record, by uuid. */
  readonly lastRequestMs: ReadonlyMap<string, number>;
  /** First poll that showed (nearly) all agents Missing after a restart of the server. */
  readonly restartedMs?: number;
}

/** What an agent that registered shows of its auto-register key. */
export type KeyOutcome =
  | { readonly kind: "accepted" }
  /** Agents have registered as Pending since then. */
  | { readonly kind: "refused"; readonly sinceMs: number };

/** Changes of records have failed since then, for reasons that lie in no record. */
export interface WriteFailure {
  readonly kind: "delete" | "update";
  readonly problem: GocdProblem;
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** Whether a server seems to be another one, or to have lost what it knew. */
export interface BrakeState {
  /** The GoCD server lists most of our agents no more. */
  readonly gocd?: GocdSuspicion;
  /** Mesos has lost most of our agents. */
  readonly mesos?: MesosSuspicion;
  /** When the last suspicion was over. */
  readonly releasedMs?: number;
  /** A Mesos agent that we know has been heard of since the subscription to this master. */
  readonly isSameCluster: boolean;
}

/** That a server does not show what it must. */
export type Suspicion = GocdSuspicion | MesosSuspicion;

/** The GoCD server lists too few of our agents. */
export interface GocdSuspicion {
  readonly kind: "gocd-unlisted";
  readonly sinceMs: number;
  /** Agents of ours that it does not list; 0: it lists nobody of its last list, whosever. */
  readonly missing: number;
  /** Agents of ours that it must list. */
  readonly of: number;
  /** Its version has gone back. */
  readonly isOlder: boolean;
  /** Uuids of the last list, where all of it has vanished. */
  readonly vanished?: readonly string[];
}

/** Mesos has lost agents of ours that the GoCD server hears. */
export interface MesosSuspicion {
  readonly kind: "mesos-lost";
  readonly sinceMs: number;
  readonly lost: number;
  readonly of: number;
}

/** A record that the last lists lack. */
export interface UnlistedAgent {
  readonly gocdAgent: GocdAgent;
  /** When a list lacked it first, ms since the epoch. */
  readonly sinceMs: number;
}

/** The backlog, as last judged. */
export interface DemandState {
  /** The last poll's jobs in buckets, kept so that the plan can be recomputed between polls. */
  readonly backlog: Backlog;
  /** When the plan was made; absent: not yet. */
  readonly madeMs?: number;
  /** Instances changed since the plan was made. */
  readonly isStale: boolean;
  /** Memory of each waiting job by locator. */
  readonly seen: ReadonlyMap<string, SeenJob>;
  /** How many agents were in use of late, by profile, the highest first; absent: nobody asks. */
  readonly peaks?: ReadonlyMap<string, readonly Peak[]>;
  /** Run-on-all jobs that have lost their pin, or may have. */
  readonly unpinned: Unpinned;
  /** Jobs that have left the feed although no agent could have taken them. */
  readonly untaken: Untaken;
  /** Polls in a row with unmet need, by bucket key. */
  readonly streaks: ReadonlyMap<string, number>;
  readonly jobs: readonly JobVerdict[];
  readonly buckets: readonly BucketDemand[];
  /** What is to be launched now, oldest job's bucket first. */
  readonly wanted: readonly WantedAgents[];
}

/** What we remember of a waiting job. */
export interface SeenJob {
  readonly firstSeenMs: number;
  readonly bucketKey: string;
  /** Place in the feed at the last poll; the feed is oldest first. */
  readonly order: number;
  /** In how many polls an agent had taken a newer job of its bucket. */
  readonly passedOver: number;
  /** Judged to wait for another cause since and until then, although no idle agent is there at the moment. */
  readonly otherCause?: {
    readonly sinceMs: number;
    readonly untilMs: number;
    /** Judged a zombie: so often newer jobs had been taken before it. */
    readonly passedOver?: number;
  };
  /** How often it has been so judged. */
  readonly otherCauseCount: number;
}

/** Instances to be launched for one bucket with one profile. */
export interface WantedAgents {
  readonly bucketKey: string;
  readonly profile: string;
  readonly environment?: string;
  readonly gocdResources: readonly string[];
  readonly count: number;
  readonly reason: LaunchReason;
}

/** Suppress and revive, per role. */
export interface OffersState {
  readonly roles: ReadonlyMap<string, RoleOffers>;
  /** Nearest miss of the last placement by profile, for the verdicts. */
  readonly nearestMiss: ReadonlyMap<string, NearestMiss>;
  /** What the hosts of living instances last offered and had left, by Mesos agent id. */
  readonly hosts: ReadonlyMap<string, Offer>;
  readonly launchTimesMs: readonly number[];
  /** By Mesos agent id: what hosts have to give; kept where `scaling.max-cpu-share` is set. */
  readonly capacity?: ReadonlyMap<string, HostCapacity>;
  /** Who was not launched for that share, when last; absent: nobody. */
  readonly shareHeld?: ShareHeld;
  /** Offers whose decline may not have arrived: declined again at the next tick. */
  readonly undeclined: readonly string[];
  /** Inverse offers whose answer may not have arrived: declined at the next tick, since Mesos asks only once at a time. */
  readonly inverseUnanswered: readonly string[];
}

/** The cpus that a host had for us beside what our agents there had then. */
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

/** Why a profile found no place, without a break since `sinceMs`. */
export interface NearestMiss {
  readonly sinceMs: number;
  readonly atMs: number;
  readonly miss: PlacementMiss;
}

/** The standing of one role with the allocator. */
export interface RoleOffers {
  readonly suppressed: boolean;
  readonly lastReviveMs?: number;
  /** When offers began to be wanted: the REVIVE that ended the last SUPPRESS. Repeats do not change it. */
  readonly revivedMs?: number;
  readonly lastOfferMs?: number;
  /** The one repeat after a revive without an offer has been sent. */
  readonly repeated: boolean;
  /** A decline with a long filter went out after the last revive. */
  readonly longDeclineMs?: number;
  /** The last SUPPRESS or REVIVE failed: the next one leaves no sooner. */
  readonly retryMs?: number;
}

/** Failures, by profile and by host. */
export interface BreakersState {
  readonly profiles: ReadonlyMap<string, ProfileBreaker>;
  readonly hosts: ReadonlyMap<string, HostBreaker>;
}

/** Failures of a profile in a row. */
export interface ProfileBreaker {
  readonly failures: number;
  /** When the first of them was counted. */
  readonly sinceMs: number;
  readonly lastFailureMs: number;
  readonly retryMs: number;
  readonly lastFailure: Failure;
  /** What a container of the last wave of failures has written; absent: not asked, or not answered yet. */
  readonly stderr?: StderrTail;
}

/** Recent failures on a host, and until when it is avoided. */
export interface HostBreaker {
  /** Oldest first; without a profile: the host alone was at fault. */
  readonly failures: readonly { readonly atMs: number; readonly profile?: string }[];
  readonly avoid?: { readonly untilMs: number; readonly forMs: number };
  readonly lastFailure: Failure;
}

/** Explicit and implicit reconciliation. */
export interface ReconciliationState {
  /** Tasks not yet answered since the last SUBSCRIBED. */
  readonly pending: ReadonlySet<string>;
  readonly nextExplicitMs?: number;
  readonly explicitDelayMs: number;
  readonly nextImplicitMs?: number;
}

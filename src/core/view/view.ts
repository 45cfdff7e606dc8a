// The picture for people: what the page, `plan` and the metrics are made from.

import type { Finding } from "../event.ts";
import type { NoteLevel } from "../note.ts";
import type { ReasonCode, Remark } from "../demand/reason.ts";
import type { BucketDemand, JobVerdict } from "../demand/verdict.ts";
import type { FailureCounts } from "../life/failure_window.ts";

/** One consistent picture of everything, plain JSON. Times in ms since the epoch. */
export interface StatusView {
  readonly atMs: number;
  readonly startedMs: number;
  /** When the last event was handled; absent: at `atMs`. */
  readonly movedMs?: number;
  readonly mesos: MesosView;
  readonly gocd: GocdView;
  readonly mode: "run" | "drain" | "teardown";
  /** This instance leads, but the framework was torn down: none is registered until the operator resumes. */
  readonly tornDown?: true;
  /** Launching is frozen as a whole. */
  readonly frozen: boolean;
  readonly jobs: readonly JobView[];
  readonly demand: readonly BucketView[];
  /** Jobs that have left the feed untaken since the start of the program, by the reason for which they last waited. */
  readonly leftUntaken?: Readonly<Record<string, number>>;
  readonly instances: readonly InstanceView[];
  /** The instances that have ended last, the latest first; absent: nobody has watched. */
  readonly finished?: readonly FinishedView[];
  readonly gocdAgents: readonly GocdAgentView[];
  readonly profiles: readonly ProfileView[];
  /** `scaling.max-agents`. */
  readonly maxAgents: number;
  /** The limits of `scaling` beside `max-agents` that are set; absent: none. */
  readonly usedLimits?: readonly UsedLimitView[];
  /** Mesos agents that are avoided for a while, with the reason. */
  readonly avoidedHosts: readonly { readonly host: string; readonly untilMs: number; readonly reason: string }[];
  /** Mesos agents on which something has failed in the last hour, by kind. */
  readonly failingHosts: readonly { readonly host: string; readonly recentFailures: FailureCounts }[];
  /** Profiles that found no place in what Mesos has offered in the last minutes, and why. */
  readonly unplaced?: readonly UnplacedView[];
  /** What Mesos has offered in the last minutes, the latest first; absent: nobody has watched. */
  readonly offers?: readonly OfferView[];
  /** What is wrong now, worst first; each with since when, where that is known. */
  readonly problems: readonly Finding[];
  /** Where several instances share one state: which of them leads. Absent where there is only one. */
  readonly leadership?: LeadershipView;
}

/** A waiting job with its verdict, in words. */
export interface JobView extends Omit<JobVerdict, "reason" | "remarks" | "chosenBy"> {
  /** Why its profile serves it and not another one that could; absent: no other one could. */
  readonly profileReason?: string;
  /** One sentence: what is missing, what is coming, which key to change; with the remarks. */
  readonly reason: string;
  /** The reason without the error of a failing profile, which that profile tells; absent: it tells none. */
  readonly brief?: string;
  /** Stable code of the reason; a few dozen exist, so that it can label a metric. */
  readonly reasonCode: ReasonCode;
  /** What the operator can do; absent: the reason says it, or nothing is to be done. */
  readonly nextAct?: string;
  /** What `reason` says beside the verdict's own reason; absent: nothing. */
  readonly remarks?: readonly RemarkView[];
}

/** A remark in words; its code is stable. */
export interface RemarkView {
  readonly code: Remark["kind"];
  readonly text: string;
}

/** A bucket of jobs (environment, set of GoCD resources), in words. */
export interface BucketView extends Omit<BucketDemand, "unserved" | "gate" | "remarks"> {
  /** What its jobs get, and what holds back the agents that they lack. */
  readonly reason: string;
  /** The reason without the error of a failing profile, which that profile tells; absent: it tells none. */
  readonly brief?: string;
  /** When the job of it that waits longest was first seen waiting; absent: none waits any more. */
  readonly oldestMs?: number;
}

/** A limit of `scaling` and how much of it is used. */
export interface UsedLimitView {
  /** Its key in the configuration. */
  readonly key: "scaling.launches-per-minute" | "scaling.max-cpu-share" | "scaling.cpu-hours-per-day";
  readonly used: number;
  /** Of `max-cpu-share`: so many cpus of those that Mesos has shown. */
  readonly limit: number;
  /** What both count; launches are those of the last minute, cpu-hours those of today. */
  readonly unit: "launches" | "cpus" | "cpu-hours";
}

/** This instance's part among several that share one state. */
export interface LeadershipView {
  /** A standby does nothing but wait. */
  readonly role: "leader" | "standby";
  /** The instance that leads, as a standby sees it; absent where none is known, or it is this one. */
  readonly leader?: string;
  /** Since when this is so. */
  readonly sinceMs: number;
}

/** What is known of a server; times in ms since the epoch. */
export type ServerHealth =
  /** Not asked yet, or its first answer is awaited. */
  | { readonly state: "unknown"; readonly sinceMs: number }
  | { readonly state: "fine"; readonly sinceMs: number }
  /** Its last answer was none, or is overdue; `down`: for so long that somebody should look. */
  | { readonly state: "failing" | "down"; readonly sinceMs: number; readonly problem: Finding };

/** Whether something is so. */
export interface Check {
  readonly isSo: boolean;
  /** Why not, as sentences for people; empty where it is so. */
  readonly reasons: readonly string[];
}

/** What the program is fit for. */
export interface Health {
  /** For monitors: the loop moves, and no server is down. */
  readonly isHealthy: boolean;
  /** All that is wrong, also with servers that have only begun to fail. */
  readonly reasons: readonly string[];
  /** For whoever restarts it: the loop moves. No outage of a server changes that. */
  readonly live: Check;
  /** For whoever waits until it works: it leads, is subscribed, and polls succeed. */
  readonly ready: Check;
  /** For a load balancer in front of several instances: it leads, or is the only one, whatever else is wrong. */
  readonly leader: Check;
}

/** The latest offer of a host to a role, and what became of it. */
export interface OfferView {
  readonly host: string;
  readonly mesosAgentId: string;
  readonly role: string;
  readonly atMs: number;
  readonly cpus: number;
  /** In MB, as `disk`. */
  readonly mem: number;
  readonly disk: number;
  readonly isAccepted: boolean;
  /** How it was answered, and why, in words. */
  readonly answer: string;
}

/** Why a profile found no place in the offers. */
export interface UnplacedView {
  readonly profile: string;
  /** Since when without a break, and when last. */
  readonly sinceMs: number;
  readonly lastMs: number;
  /** The host that lacks least, and the most frequent other refusal, in words. */
  readonly reason: string;
}

/** The session with the master. */
export interface MesosView {
  readonly health: ServerHealth;
  readonly frameworkId?: string;
  readonly frameworkName: string;
  readonly session: "subscribed" | "connecting" | "superseded" | "ended";
  /** `host:port` of the leader. */
  readonly master?: string;
  readonly masterVersion?: string;
  /** Since when the session is as it is. */
  readonly sinceMs: number;
  readonly offers: "suppressed" | "wanted";
  readonly reason?: string;
  /** When the master was last heard; absent: not yet in this session. */
  readonly lastHeardMs?: number;
}

/** The GoCD server. */
export interface GocdView {
  readonly health: ServerHealth;
  readonly version?: string;
  readonly maintenance: "on" | "off" | "unknown";
  readonly lastPollMs?: number;
  readonly nextPollMs: number;
  /** No good poll for longer than `poller.stale-after`: nothing is launched or taken down. */
  readonly stale: boolean;
}

/** One AgentInstance. */
export interface InstanceView {
  readonly taskId: string;
  readonly profile: string;
  readonly environment?: string;
  readonly gocdResources: readonly string[];
  readonly state:
    | "launching"
    | "starting"
    | "idle"
    | "building"
    | "draining"
    | "killing"
    | "unreachable"
    | "unsure"
    | "gone";
  /** What it waits for, in words. */
  readonly detail: string;
  readonly host: string;
  /** Id of the Mesos agent that it runs on; empty: not known. */
  readonly mesosAgentId: string;
  readonly uuid?: string;
  /** It was launched to see whether its profile works, and goes once it has registered. */
  readonly canary?: true;
  /** The job that it builds, as a locator; absent: none, or the GoCD server does not tell. */
  readonly buildLocator?: string;
  readonly createdMs: number;
  readonly sinceMs: number;
  /** Its states so far, oldest first; absent: nobody has watched. */
  readonly life?: readonly LifeSpan[];
}

/** A state and when it began, ms since the epoch. It lasted until the next one. */
export interface LifeSpan {
  /** `registering`: its container runs, its agent is not registered yet. */
  readonly state: InstanceView["state"] | "registering";
  readonly sinceMs: number;
}

/** An instance that has ended. */
export interface FinishedView {
  readonly taskId: string;
  readonly profile: string;
  readonly host: string;
  /** Id of the Mesos agent that it ran on; empty: not known. */
  readonly mesosAgentId: string;
  readonly createdMs: number;
  readonly endedMs: number;
  /** How it ended, in words. */
  readonly end: string;
  /** Its states, oldest first. */
  readonly life: readonly LifeSpan[];
}

/** One GocdAgent of the server, ours or not. */
export interface GocdAgentView {
  readonly uuid: string;
  readonly hostname: string;
  readonly configState: string;
  readonly agentState: string;
  readonly buildState: string;
  readonly gocdResources: readonly string[];
  /** Those that take part in matching. */
  readonly environments: readonly string[];
  readonly elastic: boolean;
  /** `idle`, `building`, `pending`, `disabled`, `lost`, `missing`, `elastic`, `unknown`: what it counts as. */
  readonly state: string;
  /** The task id, where it is ours. */
  readonly taskId?: string;
}

/** One profile with its numbers. */
export interface ProfileView {
  readonly name: string;
  readonly image: string;
  /** Instances alive (not gone, not unreachable). */
  readonly alive: number;
  readonly starting: number;
  readonly idle: number;
  readonly building: number;
  readonly draining: number;
  readonly maxAgents?: number;
  readonly frozen: boolean;
  /** Launches that have failed in a row; 0 once an agent has registered. */
  readonly failures: number;
  /** Idle agents that are kept ready, each with the policy that says so; absent: none. */
  readonly kept?: readonly string[];
  /** Why it may not launch now, e.g. an open breaker with its last error and when it tries again. */
  readonly blocked?: string;
  /** The same without that error, which `problems` tells. */
  readonly brief?: string;
  /** What slows its launches down after failures; absent: nothing does. */
  readonly breaker?: BreakerView;
  /** What has failed in the last hour, by kind; a kind that has not occurred is absent. */
  readonly recentFailures: FailureCounts;
}

/** How the breaker of a profile stands; times in ms since the epoch. */
export type BreakerView =
  /** Nothing is launched before `retryMs`. */
  | { readonly state: "open"; readonly sinceMs: number; readonly retryMs: number }
  /**
   * One agent is tried before others are launched; `canary`: its task, absent until it is launched; `failure`: what the last
   * launch failed with.
   */
  | { readonly state: "half-open"; readonly sinceMs: number; readonly canary?: string; readonly failure: string };

/** One line of the event history on the page. */
export interface NoteView {
  readonly atMs: number;
  readonly level: NoteLevel;
  readonly code: string;
  readonly text: string;
}

// The status view for people: the source of the page, `plan` and the metrics.

import type { Finding } from "../event.ts";
import type { NoteLevel } from "../note.ts";
import type { ReasonCode, Remark } from "../demand/reason.ts";
import type { LimitUsage } from "../demand/limit.ts";
import type { BucketDemand, JobVerdict } from "../demand/verdict.ts";
import type { FailureCounts, LaunchHosts } from "../life/failure_window.ts";

/** A consistent view of everything, plain JSON. Times in ms since the epoch. */
export interface StatusView {
  readonly atMs: number;
  readonly startedMs: number;
  /** When the last event was handled; absent: at `atMs`. */
  readonly movedMs?: number;
  readonly mesos: MesosView;
  readonly gocd: GocdView;
  readonly mode: "run" | "drain" | "teardown";
  /** This instance is the leader, but the framework was torn down: it does not register until the operator resumes. */
  readonly tornDown?: true;
  /** Launching is frozen as a whole. */
  readonly frozen: boolean;
  readonly jobs: readonly JobView[];
  readonly demand: readonly BucketView[];
  /** Jobs that have left the feed untaken since the start of the program, by their last reason for waiting. */
  readonly leftUntaken?: Readonly<Record<string, number>>;
  readonly instances: readonly InstanceView[];
  /** The instances that ended most recently, latest first; absent: not recorded. */
  readonly finished?: readonly FinishedView[];
  readonly gocdAgents: readonly GocdAgentView[];
  readonly profiles: readonly ProfileView[];
  /** `scaling.max-agents`. */
  readonly maxAgents: number;
  /** The configured limits of `scaling` other than `max-agents`; absent: none. */
  readonly usedLimits?: readonly LimitUsage[];
  /** `max-agents` of a profile, or without one of `scaling`, that holds back so many jobs; absent: not recorded. */
  readonly heldByLimits?: readonly { readonly profile?: string; readonly jobs: number }[];
  /** Mesos agents that are avoided for a while, with the reason. */
  readonly avoidedHosts: readonly AvoidedHostView[];
  /** Mesos agents with failures in the last hour, by kind. */
  readonly failingHosts: readonly FailingHostView[];
  /** Profiles that could not be placed on the offers of the last minutes, and why. */
  readonly unplaced?: readonly UnplacedView[];
  /** Offers of the last minutes, latest first; absent: not recorded. */
  readonly offers?: readonly OfferView[];
  /** Current problems, worst first; each with its start, if known. */
  readonly problems: readonly Finding[];
  /** If several instances share one state: which of them leads. Absent if there is only one. */
  readonly leadership?: LeadershipView;
}

/** The failures of the last hour on a Mesos agent. */
export interface FailingHostView {
  readonly host: string;
  readonly recentFailures: FailureCounts;
  /** Those of each profile; absent: not recorded. */
  readonly byProfile?: Readonly<Record<string, FailureCounts>>;
}

/** A Mesos agent that is avoided for a while. */
export interface AvoidedHostView {
  readonly host: string;
  readonly untilMs: number;
  /** The only profile that avoids it; absent: all do. */
  readonly profile?: string;
  readonly reason: string;
}

/** A waiting job with its verdict, in words. */
export interface JobView extends Omit<JobVerdict, "reason" | "remarks" | "chosenBy"> {
  /** Why its profile was selected instead of another one; absent: no other one serves it. */
  readonly profileReason?: string;
  /** One sentence: what is missing, which agent will take it, which key to change; with the remarks. */
  readonly reason: string;
  /**
   * The reason without the error of a failing profile, which is shown with that profile; absent: the reason has no such
   * error.
   */
  readonly brief?: string;
  /** Stable code of the reason; a few dozen exist, suitable as a metric label. */
  readonly reasonCode: ReasonCode;
  /** What the operator can do; absent: the reason says it, or there is nothing to do. */
  readonly nextAct?: string;
  /** The remarks in `reason` in addition to the reason of the verdict; absent: none. */
  readonly remarks?: readonly RemarkView[];
}

/** A remark in words; its code is stable. */
export interface RemarkView {
  readonly code: Remark["kind"];
  readonly text: string;
}

/** A bucket of jobs (environment, set of GoCD resources), in words. */
export interface BucketView extends Omit<BucketDemand, "unserved" | "gate" | "remarks"> {
  /** What its jobs get, and what holds back the missing agents. */
  readonly reason: string;
  /**
   * The reason without the error of a failing profile, which is shown with that profile; absent: the reason has no such
   * error.
   */
  readonly brief?: string;
  /** When its longest waiting job was first seen waiting; absent: none waits any more. */
  readonly oldestMs?: number;
}

/** The role of this instance among several that share one state. */
export interface LeadershipView {
  /** A standby only waits. */
  readonly role: "leader" | "standby";
  /** The leader as seen by a standby; absent if none is known, or if it is this instance. */
  readonly leader?: string;
  readonly sinceMs: number;
}

/** The state of a server; times in ms since the epoch. */
export type ServerHealth =
  /** No request was sent yet, or the first response is pending. */
  | { readonly state: "unknown"; readonly sinceMs: number }
  | { readonly state: "fine"; readonly sinceMs: number }
  /** Its last request failed, or is overdue; `down`: for so long that somebody should investigate. */
  | { readonly state: "failing" | "down"; readonly sinceMs: number; readonly problem: Finding };

/** The result of a check. */
export interface Check {
  readonly isSo: boolean;
  /** The reasons if it is not met, as sentences for people; otherwise empty. */
  readonly reasons: readonly string[];
}

/** The health of the program. */
export interface Health {
  /** For monitoring: the loop is running, and no server is down. */
  readonly isHealthy: boolean;
  /** All problems, including those of servers that have only started to fail. */
  readonly reasons: readonly string[];
  /** For process supervisors: the loop is running. Outages of servers do not affect it. */
  readonly live: Check;
  /** For deployments that wait until it is operational: it leads, is subscribed, and polls succeed. */
  readonly ready: Check;
  /** For a load balancer in front of several instances: it leads, or is the only one, regardless of other problems. */
  readonly leader: Check;
}

/** The latest offer of a host to a role, and how it was answered. */
export interface OfferView {
  readonly host: string;
  readonly mesosAgentId: string;
  readonly role: string;
  readonly atMs: number;
  readonly cpus: number;
  /** In MB, like `disk`. */
  readonly mem: number;
  readonly disk: number;
  readonly isAccepted: boolean;
  /** How it was answered, and why, in words. */
  readonly answer: string;
}

/** Why a profile could not be placed on the offers. */
export interface UnplacedView {
  readonly profile: string;
  /** Since when without interruption, and when last. */
  readonly sinceMs: number;
  readonly lastMs: number;
  /** The host that lacks the least, and the most frequent other refusal, in words. */
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
  /** Since when the session is in this state. */
  readonly sinceMs: number;
  readonly offers: "suppressed" | "wanted";
  readonly reason?: string;
  /** When the last message of the master arrived; absent: none yet in this session. */
  readonly lastHeardMs?: number;
}

/** The GoCD server. */
export interface GocdView {
  readonly health: ServerHealth;
  readonly version?: string;
  readonly maintenance: "on" | "off" | "unknown";
  readonly lastPollMs?: number;
  readonly nextPollMs: number;
  /** No successful poll for longer than `poller.stale-after`: nothing is launched or removed. */
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
  /** It is a canary, and is removed once it has registered. */
  readonly canary?: true;
  /** It is drained as soon as it is idle, as the operator has asked, or as it is a canary. */
  readonly drainRequested?: true;
  /** The job that it is building, as a locator; absent: none, or not reported by the GoCD server. */
  readonly buildLocator?: string;
  readonly createdMs: number;
  readonly sinceMs: number;
  /** Its states so far, oldest first; absent: not recorded. */
  readonly life?: readonly LifeSpan[];
}

/** A state and when it began, ms since the epoch. It lasted until the next one. */
export interface LifeSpan {
  /** `registering`: its container is running, its agent is not registered yet. */
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
  /** `idle`, `building`, `pending`, `disabled`, `lost`, `missing`, `elastic`, `unknown`: its category. */
  readonly state: string;
  /** The task id, if it is ours. */
  readonly taskId?: string;
}

/** One profile with its numbers. */
export interface ProfileView {
  readonly name: string;
  readonly image: string;
  /** Running instances (not gone, not unreachable). */
  readonly alive: number;
  readonly starting: number;
  readonly idle: number;
  readonly building: number;
  readonly draining: number;
  readonly maxAgents?: number;
  readonly frozen: boolean;
  /** Consecutive failed launches; 0 once an agent has registered. */
  readonly failures: number;
  /** Idle agents that are kept ready, each with its policy; absent: none. */
  readonly kept?: readonly string[];
  /** Why it may not launch now, e.g. an open breaker with its last error and the time of the next attempt. */
  readonly blocked?: string;
  /** The same without that error, which is part of `problems`. */
  readonly brief?: string;
  /** What slows down its launches after failures; absent: nothing. */
  readonly breaker?: BreakerView;
  /** Failures of the last hour, by kind; a kind that has not occurred is absent. */
  readonly recentFailures: FailureCounts;
  /** On how many of the hosts that it was tried on its launches have failed in the last hour; absent: on none. */
  readonly launchHosts?: LaunchHosts;
}

/** The state of the breaker of a profile; times in ms since the epoch. */
export type BreakerView =
  /** Nothing is launched before `retryMs`. */
  | { readonly state: "open"; readonly sinceMs: number; readonly retryMs: number }
  /**
   * One agent is launched before others; `canary`: its task, absent until it is launched; `failure`: the error of the
   * last launch.
   */
  | { readonly state: "half-open"; readonly sinceMs: number; readonly canary?: string; readonly failure: string };

/** One line of the event history on the page. */
export interface NoteView {
  readonly atMs: number;
  readonly level: NoteLevel;
  readonly code: string;
  readonly text: string;
}

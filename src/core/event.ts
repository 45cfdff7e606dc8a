// All events of the core; each has the time at which it is handled.

import type { InverseOffer, Offer } from "./placement/offer.ts";
import type { TaskStatus } from "./session/task_status.ts";
import type { GocdAgent, GocdServerInfo, ScheduledJob } from "./gocd_records.ts";
import type { PipelineGroups } from "./demand/pipeline_groups.ts";
import type { OpenWindow } from "./demand/windows.ts";
import type { GocdEffect, MesosEffect, SandboxEffect } from "./effect.ts";
import type { SandboxAnswer } from "./life/sandbox.ts";
import type { Settings } from "./settings.ts";

/** One event with the time it is handled at (ms since the epoch) and a random number in [0, 1) for jitter. */
export interface TimedEvent {
  readonly atMs: number;
  readonly random: number;
  readonly event: Event;
}

/** What has happened. */
export type Event = MesosEvent | GocdEvent | SandboxEvent | ClockEvent | OperatorEvent;

/** The event of one kind. */
export type EventOf<K extends Event["kind"]> = Extract<Event, { readonly kind: K }>;

/** Events of the scheduler API stream, and of its connection. */
export type MesosEvent =
  | {
    readonly kind: "subscribed";
    readonly frameworkId: string;
    /** `master_info.version`, if given. */
    readonly masterVersion?: string;
    readonly masterId?: string;
    /** `host:port` of the leader, for people. */
    readonly master: string;
    /** Heartbeat interval of the master; absent: not given. */
    readonly heartbeatMs?: number;
  }
  | { readonly kind: "heartbeat" }
  /** `hint`: the operator's next step, if there is one. */
  | { readonly kind: "disconnected"; readonly reason: string; readonly hint?: string }
  | { readonly kind: "offers-received"; readonly offers: readonly Offer[] }
  | { readonly kind: "offer-rescinded"; readonly offerId: string }
  | { readonly kind: "inverse-offers-received"; readonly offers: readonly InverseOffer[] }
  | { readonly kind: "inverse-offer-rescinded"; readonly offerId: string }
  | { readonly kind: "task-status-updated"; readonly status: TaskStatus }
  /** FAILURE with only `agent_id`: the Mesos agent is gone. */
  | { readonly kind: "mesos-agent-failed"; readonly mesosAgentId: string }
  | {
    readonly kind: "executor-failed";
    readonly mesosAgentId: string;
    readonly executorId: string;
    readonly status?: number;
  }
  | { readonly kind: "framework-error"; readonly error: FrameworkErrorKind; readonly message: string }
  /** TEARDOWN was accepted; for other calls the result shows in later events. */
  | { readonly kind: "framework-torn-down" }
  /**
   * A call was answered with an error or not at all; whether it arrived is unknown unless `refused`, or `void`: it had no
   * effect, because there is no such subscription (any more), or we do not lead.
   */
  | {
    readonly kind: "mesos-call-failed";
    readonly call: MesosEffect;
    readonly outcome: "refused" | "unknown" | "void";
    readonly message: string;
  };

/** The kinds of an ERROR event, distinguished by its text (Mesos src/master/master.cpp). */
export type FrameworkErrorKind = "failed-over" | "removed" | "unauthorized" | "bad-framework-info" | "other";

/** Answers of the GoCD server. */
export type GocdEvent =
  | {
    readonly kind: "gocd-polled";
    readonly server: GocdServerInfo;
    readonly jobs: readonly ScheduledJob[];
    readonly agents: readonly GocdAgent[];
    /** Findings of the poll that are not demand but matter to people (permissions, health messages). */
    readonly findings: readonly Finding[];
    /** Of the requested environments, those that the server does not have. Absent: unknown. */
    readonly missingEnvironments?: readonly string[];
    /** If requested, the last known groups. Absent: none known. */
    readonly pipelineGroups?: PipelineGroups;
    /** How long the server took to answer, in ms; absent: not measured. */
    readonly tookMs?: number;
    /** When the list of agents was requested; absent: together with the poll. */
    readonly agentsRequestedMs?: number;
  }
  | {
    readonly kind: "gocd-agents-read";
    readonly agents: readonly GocdAgent[];
    readonly tookMs?: number;
    /** When it was requested; absent: when the core requested it. */
    readonly agentsRequestedMs?: number;
  }
  | {
    readonly kind: "gocd-poll-failed";
    readonly problem: GocdProblem;
  }
  | { readonly kind: "gocd-call-done"; readonly call: GocdEffect }
  | { readonly kind: "gocd-call-failed"; readonly call: GocdEffect; readonly problem: GocdProblem };

/** The response of a Mesos agent, or why there is none. */
export type SandboxEvent = {
  readonly kind: "sandbox-read";
  readonly request: SandboxEffect;
  readonly answer: SandboxAnswer;
};

/** Why a request to the GoCD server failed. */
export interface GocdProblem {
  /** Stable code, e.g. `gocd-login-page`; consecutive equal codes are logged once. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /**
   * `maintenance` and `starting` resolve themselves; `conflict` is a 406/422 (still building, or invalid); `missing` a
   * 404.
   */
  readonly kind: "unreachable" | "refused" | "maintenance" | "starting" | "conflict" | "missing" | "unreadable";
  /** `Retry-After` of the response. */
  readonly retryAfterMs?: number;
}

/** Something that operators should know but that is not a failure. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** The full text of an error of which the message has the relevant part; absent: the message is complete. */
  readonly detail?: string;
  /** Locators that it is about, if any. */
  readonly locators?: readonly string[];
  /** The profile that it is about, if any. */
  readonly profile?: string;
  /** The profiles that it is about, if there can be several. */
  readonly profiles?: readonly string[];
  /** What distinguishes it from others with the same code while it lasts, unless profile or time do. */
  readonly subject?: string;
  /** Hostnames of agents that it is about, if any. */
  readonly hostnames?: readonly string[];
  /** For how long, in minutes, if known. */
  readonly forMin?: number;
  /** Since when, ms since the epoch; absent: not known. */
  readonly sinceMs?: number;
}

/** Sent about once a second, with the open windows of schedules; absent: none. */
export type ClockEvent = { readonly kind: "tick"; readonly windows?: readonly OpenWindow[] };

/** Commands of operators at run time. */
export type OperatorEvent =
  | { readonly kind: "settings-changed"; readonly settings: Settings }
  | { readonly kind: "launching-frozen"; readonly profile?: string }
  | { readonly kind: "launching-resumed"; readonly profile?: string }
  /** Stop launching, drain everything, keep running. */
  | { readonly kind: "drain-requested" }
  /** Drain the agents of a profile, and launch none of it until it is resumed. */
  | { readonly kind: "profile-drain-requested"; readonly profile: string }
  /** Drain one agent; it may be replaced. */
  | { readonly kind: "agent-drain-requested"; readonly taskId: string }
  /** Launch one agent of a profile, and remove it once it has registered. */
  | { readonly kind: "canary-requested"; readonly profile: string }
  /** Drain (or not), then TEARDOWN. */
  | { readonly kind: "teardown-requested"; readonly mode: "drain" | "now" }
  /** Agents that have vanished from a server are lost, although most of them vanished at once. */
  | { readonly kind: "loss-accepted" }
  | { readonly kind: "shutdown-started" };

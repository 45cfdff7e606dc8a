// What a GoCD server reports, independent of its version.

/** A job in state Scheduled, as the feed lists it; oldest first (GoCD JobInstance.xml, scheduledPlanIds). */
export interface ScheduledJob {
  /** `buildLocator`: pipeline/pipelineCounter/stage/stageCounter/job, percent-decoded. The only stable key. */
  readonly locator: string;
  /** The job's name. */
  readonly name: string;
  /** The environment of its pipeline; absent if it is in none. */
  readonly environment?: string;
  /** The GoCD resources that an agent must have, in the job's own spelling. */
  readonly gocdResources: readonly string[];
  /** Its elastic profile, if known (the feed does not contain it): never ours. */
  readonly elasticProfile?: string;
  /** Why its resources are unknown (without the feed); then `gocdResources` is meaningless. */
  readonly unknownNeeds?: UnknownNeeds;
}

/** Why the needs of a job are unknown. */
export interface UnknownNeeds {
  /** Its configuration can no longer be read, or no longer contains the job. */
  readonly why: "unread" | "unconfigured";
  /** In words. */
  readonly cause: string;
}

/** An environment that a GoCD agent is in. */
export interface GocdAgentEnvironment {
  readonly name: string;
  /** `unknown`: the name is stored, but no such environment exists, and it does not take part in matching. */
  readonly origin: "gocd" | "config-repo" | "unknown" | "unstated";
}

/** The configured state of a GocdAgent; unknown values are kept as received. */
export type AgentConfigState = "Pending" | "Enabled" | "Disabled" | (string & Record<never, never>);
/** The runtime state of a GocdAgent; unknown values are kept as received. */
export type AgentState = "Idle" | "Building" | "LostContact" | "Missing" | "Unknown" | (string & Record<never, never>);
/** The build state of a GocdAgent; unknown values are kept as received. */
export type BuildState = "Idle" | "Building" | "Cancelled" | "Unknown" | (string & Record<never, never>);

/** A record on the GoCD server, in one format for all versions. */
export interface GocdAgent {
  readonly uuid: string;
  readonly hostname: string;
  readonly configState: AgentConfigState;
  readonly agentState: AgentState;
  readonly buildState: BuildState;
  readonly gocdResources: readonly string[];
  readonly environments: readonly GocdAgentEnvironment[];
  /** An elastic agent belongs to a plugin: never counted, never changed. */
  readonly elastic: boolean;
  readonly ipAddress?: string;
  /**
   * For a record with the name of one of our instances. `given`: its host name is Docker's name for the container,
   * which nobody else knows; `missing`: it is Pending, and anyone could have given it that name
   * (identity/hostnames.ts).
   */
  readonly proof?: "given" | "missing";
  /**
   * The job that was assigned last, in the form of {@linkcode ScheduledJob.locator}; absent if there is none, if the
   * GoCD version does not report it, or if our account may not see the pipeline. It does not show whether the agent is
   * busy: a lost agent keeps it.
   */
  readonly buildLocator?: string;
}

/** How a server of this version compares resource names (GoCD Agent.hasAllResources; #8774, #8778). */
export type ResourceCase = "insensitive" | "sensitive";

/** What one poll shows about the server. */
export interface GocdServerInfo {
  /** `26.1.0`; `unknown` if it cannot be determined (before 16.6: `<16.6`). */
  readonly version: string;
  readonly resourceCase: ResourceCase;
  /**
   * Whether each registration rewrites the configuration, so that launches must be staggered (up to 19.8; GoCD #1498).
   */
  readonly slowRegistration: boolean;
  /** Maintenance (or drain) mode is on; `unknown` if we may not query it. */
  readonly maintenance: "on" | "off" | "unknown";
}

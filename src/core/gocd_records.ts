// What a GoCD server reports, independent of its release.

/** A job in state Scheduled, as the feed lists it; oldest first (GoCD JobInstance.xml, scheduledPlanIds). */
export interface ScheduledJob {
  /** `buildLocator`: pipeline/pipelineCounter/stage/stageCounter/job, percent-decoded. The only stable key. */
  readonly locator: string;
  /** The job's name. */
  readonly name: string;
  /** The environment of its pipeline; absent where it is in none. */
  readonly environment?: string;
  /** The GoCD resources that an agent must have, in the job's own spelling. */
  readonly gocdResources: readonly string[];
  /** Its elastic profile, where the server could be asked (the feed does not tell): never ours. */
  readonly elasticProfile?: string;
  /** Why it is not known which resources it asks for (without the feed); then `gocdResources` says nothing. */
  readonly unknownNeeds?: UnknownNeeds;
}

/** Why nobody knows what a job asks for. */
export interface UnknownNeeds {
  /** Its configuration cannot be read, or does not say it, any more. */
  readonly why: "unread" | "unconfigured";
  /** In words. */
  readonly cause: string;
}

/** An environment that a GoCD agent is in. */
export interface GocdAgentEnvironment {
  readonly name: string;
  /** `unknown`: the name is stored, no such environment exists, it does not take part in matching. */
  readonly origin: "gocd" | "config-repo" | "unknown" | "unstated";
}

/** The configured state of a GocdAgent; words we do not know stay as they came. */
export type AgentConfigState = "Pending" | "Enabled" | "Disabled" | (string & Record<never, never>);
/** The runtime state of a GocdAgent; words we do not know stay as they came. */
export type AgentState = "Idle" | "Building" | "LostContact" | "Missing" | "Unknown" | (string & Record<never, never>);
/** The build state of a GocdAgent; words we do not know stay as they came. */
export type BuildState = "Idle" | "Building" | "Cancelled" | "Unknown" | (string & Record<never, never>);

/** A record on the GoCD server, in one shape for all versions. */
export interface GocdAgent {
  readonly uuid: string;
  readonly hostname: string;
  readonly configState: AgentConfigState;
  readonly agentState: AgentState;
  readonly buildState: BuildState;
  readonly gocdResources: readonly string[];
  readonly environments: readonly GocdAgentEnvironment[];
  /** An elastic agent belongs to a plugin: never counted, never touched. */
  readonly elastic: boolean;
  readonly ipAddress?: string;
  /**
   * Of a record with the name of an instance of ours. `given`: it goes by Docker's name for the container, which nobody
   * else knows; `missing`: it is Pending, and anybody could have given it that name (identity/hostnames.ts).
   */
  readonly proof?: "given" | "missing";
  /**
   * The job it was given last, in the form of {@linkcode ScheduledJob.locator}; absent where it has none, where the
   * release does not tell, and where our account may not see the pipeline. Says nothing about busy or
   * idle: a lost agent keeps it.
   */
  readonly buildLocator?: string;
}

/** How a server of this version compares resource names (GoCD Agent.hasAllResources; #8774, #8778). */
export type ResourceCase = "insensitive" | "sensitive";

/** What is known of the server in one poll. */
export interface GocdServerInfo {
  /** `26.1.0`; `unknown` where it cannot be told (before 16.6: `<16.6`). */
  readonly version: string;
  readonly resourceCase: ResourceCase;
  /** Whether each registration rewrites the configuration, so launches must be staggered (up to 19.8; GoCD #1498). */
  readonly slowRegistration: boolean;
  /** Maintenance (or drain) mode is on; `unknown` where it may not be asked. */
  readonly maintenance: "on" | "off" | "unknown";
}

// The validated settings that decisions are based on.

import type { MesosResources } from "./placement/mesos_resources.ts";
import type { RegisteredAs } from "./record.ts";

/** The part of framework.conf that the core needs. Times in ms. */
export interface Settings {
  readonly frameworkName: string;
  readonly profiles: readonly AgentProfile[];
  readonly poller: PollerSettings;
  readonly scaling: ScalingSettings;
  /** The configuration allows reading the output of failed containers from some Mesos agents. */
  readonly readsSandboxes?: true;
  /** The user and principal that SUBSCRIBE names; absent: not known. */
  readonly registersAs?: RegisteredAs;
}

/** When the GoCD server is polled and how its data is used. */
export interface PollerSettings {
  readonly intervalMs: number;
  /** Demand must be seen in MORE than this many consecutive polls. */
  readonly attempts: number;
  /** The longest interval while nothing is scheduled. */
  readonly maxIntervalMs: number;
  /** Without a successful poll for this long nothing is launched or removed. */
  readonly staleAfterMs: number;
  /** How long a job may wait although a matching GocdAgent is idle before another cause is assumed. */
  readonly assignGraceMs: number;
  /** How long a job must have waited before it counts as a zombie when newer jobs of its bucket are taken. */
  readonly zombieAfterMs: number;
  /**
   * Glob patterns (`*` any text without `/`, `**` any text) on `pipeline/stage/job`; a pattern with one part matches
   * the pipeline.
   */
  readonly ignore: readonly string[];
  /** Whether jobs without any resource count as demand (in the feed, elastic-profile jobs look just like them). */
  readonly resourcelessJobs: "serve" | "ignore";
}

/** Global limits and timeouts. */
export interface ScalingSettings {
  /** Maximum number of running instances of all profiles (unreachable ones are not counted). */
  readonly maxAgents: number;
  /** After ACCEPT without a status from Mesos: reconcile, then give up. */
  readonly launchTimeoutMs: number;
  /** Between the two idle reads of a disabled agent. */
  readonly drainConfirmMs: number;
  /** New instances per minute on servers where a registration rewrites the configuration (GoCD up to 19.8). */
  readonly slowServerLaunchesPerMinute: number;
  /** A host is used until this long before its maintenance window (the longest job). */
  readonly maintenanceLeadMs: number;
  /** Launches in any minute, at most 1,000; absent: no limit. */
  readonly launchesPerMinute?: number;
  /** Cpu-hours of all agents per day in `timeZone` (absent: UTC); absent: no limit. */
  readonly cpuHoursPerDay?: number;
  readonly timeZone?: string;
  /** How a limit is shared when it is reached; absent: the oldest jobs come first. */
  readonly fairShare?: FairShare;
  /** The share of the cluster's cpus that agents may use, above 0 and at most 1; absent: no limit. */
  readonly maxCpuShare?: number;
}

/** How agents are shared when a limit is reached. */
export interface FairShare {
  /** Between whom. */
  readonly by: "profile" | "environment" | "pipeline-group";
  /**
   * By environment or pipeline group in lower case, `-` for none or an unknown one; others have 1. Those of profiles are with
   * the profiles.
   */
  readonly weights: Readonly<Record<string, number>>;
}

/** A kind of GocdAgent that can be launched. */
export interface AgentProfile {
  /** `default`, or the key under `profiles`. `[a-zA-Z0-9_-]+`. */
  readonly name: string;
  /** Hash of everything that a container is started with, 8 hex digits; changes with the profile. */
  readonly hash: string;
  /**
   * GoCD resources that it registers with, or `*` for those that the job requires. A name that contains `*` is a
   * pattern for resources that the job requires.
   */
  readonly gocdResources: readonly string[] | "*";
  /**
   * Environments it serves: empty for pipelines in no environment, `*` for every environment and none. A name that
   * contains `*` is a pattern.
   */
  readonly environments: readonly string[] | "*";
  /** Pipeline groups whose jobs it serves; a name that contains `*` is a pattern. Absent: all. */
  readonly pipelineGroups?: readonly string[];
  /** Of profiles that serve a job equally well, the one with the highest priority is used; absent: 0. */
  readonly priority?: number;
  /** With `scaling.fair-share` between profiles, above 0; absent: 1. */
  readonly weight?: number;
  readonly mesosResources: MesosResources;
  /** The Mesos role whose offers it uses. */
  readonly role: string;
  readonly constraints: readonly PlacementConstraint[];
  readonly placement: "pack" | "spread";
  /** Instances of this profile on one Mesos agent; absent: no limit. */
  readonly maxPerHost?: number;
  /** Instances of this profile alive at once; absent: only the framework's limit. */
  readonly maxAgents?: number;
  /** Idle instances kept ready although nothing waits. */
  readonly minIdle: number;
  /** The same by environment, instead of `minIdle`; "" stands for agents in none. */
  readonly minIdleOf?: Readonly<Record<string, number>>;
  /** Idle instances kept in proportion to those that are building; absent: none. */
  readonly headroom?: Headroom;
  /** Periods with different numbers of idle agents; if several are open, the last one applies. */
  readonly schedules?: readonly Schedule[];
  /** Number of jobs after which an agent is replaced; absent: unlimited. */
  readonly maxJobs?: number;
  /** Maximum age at which an agent is replaced; absent: unlimited. */
  readonly maxLifetimeMs?: number;
  /**
   * Which agents are removed first: those on the host with the fewest agents, or with the most; absent: the agent that
   * has been idle longest.
   */
  readonly scaleIn?: "pack" | "spread";
  /** The only agent whose last job was of a certain pipeline is removed after others. */
  readonly keepsWorkspaces?: true;
  /** As many agents as were in use at any time of this period are kept; absent: none. */
  readonly keepPeakForMs?: number;
  readonly idleTimeoutMs: number;
  /** From the start of the container until it is first listed by the GoCD server. */
  readonly registerTimeoutMs: number;
  /** How long a draining agent may continue to build; absent: unlimited. */
  readonly drainTimeoutMs?: number;
  readonly container: ContainerSettings;
  /** Where in framework.conf the auto-register key of its agents is set; absent: they have none. */
  readonly registerKey?: string;
}

/** What is kept from each match of `from` to the next match of `to`. */
export interface Schedule {
  /** Cron, five fields: minute, hour, day of the month, month, day of the week. */
  readonly from: string;
  /** See `from`. */
  readonly to: string;
  /** IANA name, e.g. `Europe/Berlin`. */
  readonly timeZone: string;
  /** Overrides that of the profile, together with `minIdleOf`. */
  readonly minIdle?: number;
  /** See `minIdle`. */
  readonly minIdleOf?: Readonly<Record<string, number>>;
  /** Overrides that of the profile. */
  readonly headroom?: Headroom;
  /** Overrides that of the profile. */
  readonly idleTimeoutMs?: number;
}

/** Idle agents kept while others in their environment are busy: a number, or a share of the busy ones, rounded up. */
export type Headroom =
  | { readonly kind: "count"; readonly agents: number }
  | { readonly kind: "share"; readonly percent: number };

/** A condition on the Mesos agent (attribute, or the field `hostname`, `region`, `zone`). */
export type PlacementConstraint =
  | { readonly field: string; readonly operator: "equals" | "not-equals"; readonly value: string }
  | { readonly field: string; readonly operator: "in" | "not-in"; readonly values: readonly string[] }
  | { readonly field: string; readonly operator: "matches" | "not-matches"; readonly pattern: string }
  | { readonly field: string; readonly operator: "exists" | "not-exists" };

/** Settings of the container; converted to a TaskInfo in mesos/task_info.ts. */
export interface ContainerSettings {
  readonly type: "DOCKER" | "MESOS";
  readonly image: string;
  readonly forcePull: boolean;
  /** `BRIDGE`, `HOST`, `NONE`, `USER` needs a name; any other text is the name of a CNI or user network. */
  readonly network: ContainerNetwork;
  readonly portMappings: readonly PortMapping[];
  readonly volumes: readonly VolumeSettings[];
  readonly privileged: boolean;
  /** Docker parameters, each `--key=value`. */
  readonly parameters: readonly { readonly key: string; readonly value: string }[];
  /**
   * Environment variables set by the operator; they override ours, except those that name the agent
   * (identity/agent_naming.ts).
   */
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values are read from files at each launch: name to path. */
  readonly envFiles: Readonly<Record<string, string>>;
  /** User in the container's command; empty: the framework's. */
  readonly user: string;
  readonly uris: readonly UriSettings[];
  /** If given, overrides the image's entry point; with `shell` it is a shell command line. */
  readonly command?: string;
  readonly shell: boolean;
  readonly arguments: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Time between SIGTERM and SIGKILL. */
  readonly killGraceMs: number;
  /** Size of /dev/shm in megabytes; absent: the default. */
  readonly shmSizeMb?: number;
  readonly healthCheck: "none" | "agent-api";
}

/** The network that a container joins. */
export type ContainerNetwork =
  | { readonly mode: "BRIDGE" | "HOST" | "NONE" }
  | { readonly mode: "USER"; readonly name: string };

/** A port of the container that is mapped to a host port from the offer. */
export interface PortMapping {
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

/** A volume: a host path, or a named volume of a Docker volume driver. */
export type VolumeSettings =
  | { readonly kind: "host"; readonly hostPath: string; readonly containerPath: string; readonly mode: "RW" | "RO" }
  | {
    readonly kind: "named";
    readonly name: string;
    readonly driver?: string;
    readonly containerPath: string;
    readonly mode: "RW" | "RO";
  };

/** A file that the Mesos fetcher downloads into the sandbox. */
export interface UriSettings {
  readonly value: string;
  readonly extract: boolean;
  readonly executable: boolean;
  readonly cache: boolean;
  readonly outputFile?: string;
}

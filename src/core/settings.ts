// The validated settings that decisions are based on.

import type { MesosResources } from "./placement/mesos_resources.ts";
import type { RegisteredAs } from "./record.ts";

/** Everything that the core needs to know of framework.conf. Times in ms. */
export interface Settings {
  readonly frameworkName: string;
  readonly profiles: readonly AgentProfile[];
  readonly poller: PollerSettings;
  readonly scaling: ScalingSettings;
  /** The configuration names hosts whose Mesos agents may be asked what failed containers have written. */
  readonly readsSandboxes?: true;
  /** The user and principal that SUBSCRIBE names; absent: not known. */
  readonly registersAs?: RegisteredAs;
}

/** When the GoCD server is asked and what its answers count for. */
export interface PollerSettings {
  readonly intervalMs: number;
  /** Demand must be seen in MORE than this many polls in a row. */
  readonly attempts: number;
  /** The slowest rhythm while nothing is scheduled. */
  readonly maxIntervalMs: number;
  /** Without a successful poll for this long everything holds. */
  readonly staleAfterMs: number;
  /** How long an idle matching GocdAgent may leave a job waiting before another cause is assumed. */
  readonly assignGraceMs: number;
  /** How long a job must have waited before being passed over by newer ones of its bucket makes it a zombie. */
  readonly zombieAfterMs: number;
  /** Glob patterns (`*` any text without `/`, `**` any text) on `pipeline/stage/job`; a pattern of one part means the pipeline. */
  readonly ignore: readonly string[];
  /** Whether jobs without any resource count as demand (in the feed, elastic-profile jobs look just like them). */
  readonly resourcelessJobs: "serve" | "ignore";
}

/** Limits and clocks of the whole framework. */
export interface ScalingSettings {
  /** Instances of all profiles together that may be alive at once (unreachable ones not counted). */
  readonly maxAgents: number;
  /** ACCEPT sent, nothing heard from Mesos: reconcile, then give up. */
  readonly launchTimeoutMs: number;
  /** Between the two idle reads of a disabled agent. */
  readonly drainConfirmMs: number;
  /** New instances per minute on servers where a registration rewrites the configuration (GoCD up to 19.8). */
  readonly slowServerLaunchesPerMinute: number;
  /** Longest job that a host in a coming maintenance window must still have time for. */
  readonly maintenanceLeadMs: number;
  /** Launches in any minute, at most 1,000; absent: no limit. */
  readonly launchesPerMinute?: number;
  /** Cpus of all agents times hours in a day of `timeZone` (absent: UTC); absent: no limit. */
  readonly cpuHoursPerDay?: number;
  readonly timeZone?: string;
  /** How a limit is shared where it binds; absent: the oldest jobs come first. */
  readonly fairShare?: FairShare;
  /** The part of the cluster's cpus that agents may have, above 0 and at most 1; absent: no limit. */
  readonly maxCpuShare?: number;
}

/** How agents are shared where a limit binds. */
export interface FairShare {
  /** Between whom. */
  readonly by: "profile" | "environment" | "pipeline-group";
  /**
   * By environment or pipeline group in lower case, `-` for none or an unknown one; others have 1. Those of profiles are with
   * the profiles.
   */
  readonly weights: Readonly<Record<string, number>>;
}

/** What kind of GocdAgent may be launched, and how. */
export interface AgentProfile {
  /** `default`, or the key under `profiles`. `[a-zA-Z0-9_-]+`. */
  readonly name: string;
  /** Identity of everything that a running container was started from, 8 hex digits; changes when the profile does. */
  readonly hash: string;
  /**
   * GoCD resources that it registers with, or `*`: whatever the job asks for. A name with `*` in it is a pattern: what the
   * job asks for of that kind.
   */
  readonly gocdResources: readonly string[] | "*";
  /**
   * Environments it serves: empty for pipelines in no environment, `*` for every environment and none. A name with `*` in it
   * is a pattern.
   */
  readonly environments: readonly string[] | "*";
  /** Pipeline groups whose jobs it serves; a name with `*` in it is a pattern. Absent: all. */
  readonly pipelineGroups?: readonly string[];
  /** Of profiles that serve a job as well, the one with the highest takes it; absent: 0. */
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
  /** Idle instances kept beside those that build; absent: none. */
  readonly headroom?: Headroom;
  /** Times at which other idle agents are kept; of those that are open the last one counts. */
  readonly schedules?: readonly Schedule[];
  /** Jobs that one agent may build before it is replaced; absent: any number. */
  readonly maxJobs?: number;
  /** Age at which an agent is replaced, at the latest; absent: any. */
  readonly maxLifetimeMs?: number;
  /** Whose agents go first: of the host with the fewest, or with the most; absent: whoever is idle longest. */
  readonly scaleIn?: "pack" | "spread";
  /** The agent that alone has built a pipeline last goes after others. */
  readonly keepsWorkspaces?: true;
  /** As many agents as were in use at any time of this period stay; absent: no memory. */
  readonly keepPeakForMs?: number;
  readonly idleTimeoutMs: number;
  /** From the container's start to its first sight on the GoCD server. */
  readonly registerTimeoutMs: number;
  /** How long a draining agent may continue to build; absent: for ever. */
  readonly drainTimeoutMs?: number;
  readonly container: ContainerSettings;
  /** Where in framework.conf the auto-register key of its agents is set; absent: they get none. */
  readonly registerKey?: string;
}

/** Each week, day or whatever the two say: what is kept from each match of `from` to the next match of `to`. */
export interface Schedule {
  /** Cron, five fields: minute, hour, day of the month, month, day of the week. */
  readonly from: string;
  /** See `from`. */
  readonly to: string;
  /** IANA name, e.g. `Europe/Berlin`. */
  readonly timeZone: string;
  /** Instead of that of the profile, together with `minIdleOf`. */
  readonly minIdle?: number;
  /** See `minIdle`. */
  readonly minIdleOf?: Readonly<Record<string, number>>;
  /** Instead of that of the profile. */
  readonly headroom?: Headroom;
  /** Instead of that of the profile. */
  readonly idleTimeoutMs?: number;
}

/** Idle agents beside busy ones of their environment: so many, or a share of the busy ones, rounded up. */
export type Headroom =
  | { readonly kind: "count"; readonly agents: number }
  | { readonly kind: "share"; readonly percent: number };

/** A condition on the Mesos agent (attribute, or the field `hostname`, `region`, `zone`). */
export type PlacementConstraint =
  | { readonly field: string; readonly operator: "equals" | "not-equals"; readonly value: string }
  | { readonly field: string; readonly operator: "in" | "not-in"; readonly values: readonly string[] }
  | { readonly field: string; readonly operator: "matches" | "not-matches"; readonly pattern: string }
  | { readonly field: string; readonly operator: "exists" | "not-exists" };

/** How the container is made; becomes a TaskInfo in mesos/task_info.ts. */
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
  /** Variables of the operator; they win over ours, except what names the agent (identity/agent_naming.ts). */
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose values are read from files at each launch: name to path. */
  readonly envFiles: Readonly<Record<string, string>>;
  /** User in the container's command; empty: the framework's. */
  readonly user: string;
  readonly uris: readonly UriSettings[];
  /** Overrides the image's entry point where given; with `shell` it is a shell line. */
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

/** A port of the container made reachable on a host port out of the offer. */
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

/** A file that the Mesos fetcher brings into the sandbox. */
export interface UriSettings {
  readonly value: string;
  readonly extract: boolean;
  readonly executable: boolean;
  readonly cache: boolean;
  readonly outputFile?: string;
}

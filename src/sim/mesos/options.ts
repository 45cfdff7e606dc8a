// The options of a simulated cluster: masters, Mesos agents, delays, fault probabilities.

import type { Plain } from "./json.ts";

/** Amounts of a Mesos agent; mem and disk in megabytes, ports inclusive. */
export interface SimAmounts {
  /** Processors. */
  readonly cpus?: number;
  /** Memory in MB. */
  readonly mem?: number;
  /** Disk in MB. */
  readonly disk?: number;
  /** Graphics processors, whole. */
  readonly gpus?: number;
  /** Inclusive ranges. */
  readonly ports?: readonly (readonly [number, number])[];
}

/** One machine that runs a Mesos agent. */
export interface SimMesosAgentSpec {
  readonly hostname: string;
  /** Default 127.0.0.1. */
  readonly ip?: string;
  /** Default 5051 and up. */
  readonly port?: number;
  /** Unreserved resources; ports default to 31000-32000. */
  readonly resources: SimAmounts;
  /** Resources reserved for a role (also hierarchical, `eng/ci`), in addition to the unreserved ones. */
  readonly reserved?: readonly {
    readonly role: string;
    readonly type?: "STATIC" | "DYNAMIC";
    /** For a dynamic one: its principal. */
    readonly principal?: string;
    /** For a dynamic one: the labels by which a framework recognizes its own. */
    readonly labels?: Readonly<Record<string, string>>;
    readonly resources: SimAmounts;
  }[];
  /** Further resources in Mesos JSON: volumes, separate disks, shared and revocable resources. */
  readonly special?: readonly Plain[];
  /** In Mesos JSON: `{name, type: "TEXT"|"SCALAR"|"RANGES"|"SET", text|scalar|ranges|set}`. */
  readonly attributes?: readonly Plain[];
  /** Its fault domain. */
  readonly domain?: { readonly region: string; readonly zone: string };
}

/** Delays of the cluster, in ms; the defaults are those of Mesos and of a fast Docker host. */
export interface SimMesosTiming {
  /** `--allocation_interval`, 1000. */
  readonly allocationMs: number;
  /** Heartbeats on the stream, 15000. */
  readonly heartbeatMs: number;
  /** From a lost agent to TASK_UNREACHABLE: 5 pings of 15 s, 75000. */
  readonly mesosAgentLostMs: number;
  /** `--agent_reregister_timeout` after a master failover, 600000. */
  readonly mesosAgentReregisterTimeoutMs: number;
  /** Maximum time for agents to reregister with a new master, 5000. */
  readonly mesosAgentReregisterMs: number;
  /** First retry of an unacknowledged update, 10000; then doubled. */
  readonly updateRetryMs: number;
  /** Maximum interval between retries, 600000. */
  readonly updateRetryMaxMs: number;
  /** `docker pull` of an image that is missing on the host, 3000; an existing one takes no time. */
  readonly pullMs: number;
  /** From TASK_STARTING to a running container, 300. */
  readonly startMs: number;
  /** How long a container needs to stop after SIGTERM, 500; after the grace period it is killed with status 137. */
  readonly stopMs: number;
  /** One-way latency between master and agent, 2. */
  readonly hopMs: number;
  /** `--offer_timeout`; 0: offers stay outstanding forever, as with the real defaults. */
  readonly offerTimeoutMs: number;
}

/** The default delays. */
export const defaultTiming: SimMesosTiming = {
  allocationMs: 1000,
  heartbeatMs: 15_000,
  mesosAgentLostMs: 75_000,
  mesosAgentReregisterTimeoutMs: 600_000,
  mesosAgentReregisterMs: 5000,
  updateRetryMs: 10_000,
  updateRetryMaxMs: 600_000,
  pullMs: 3000,
  startMs: 300,
  stopMs: 500,
  hopMs: 2,
  offerTimeoutMs: 0,
};

/** Probabilities (0 to 1) and sizes of random faults, drawn from the injected generator. */
export interface SimMesosFaults {
  /** An update is lost between agent and master (it is retried). */
  readonly updateLost: number;
  /** An update arrives twice. */
  readonly updateDuplicated: number;
  /** An UPDATE event is delayed by up to `eventDelayMsMax`, so that others overtake it. */
  readonly updateDelayed: number;
  /** Maximum delay of an UPDATE, ms. */
  readonly eventDelayMsMax: number;
  /** A call is lost: no response, not applied. */
  readonly callLost: number;
  /** A call is applied, but its response is lost. */
  readonly answerLost: number;
  /** A call gets 202 and is applied up to `callDelayMsMax` later. */
  readonly callDelayed: number;
  /** Maximum delay of a call, ms. */
  readonly callDelayMsMax: number;
  /** The master's KILL does not reach the agent. */
  readonly killLost: number;
  /** The master's launch does not reach the agent: the task stays TASK_STAGING. */
  readonly launchLost: number;
  /** An offer is rescinded within 2 s of being sent. */
  readonly rescind: number;
}

/** No faults at all. */
export const noFaults: SimMesosFaults = {
  updateLost: 0,
  updateDuplicated: 0,
  updateDelayed: 0,
  eventDelayMsMax: 0,
  callLost: 0,
  answerLost: 0,
  callDelayed: 0,
  callDelayMsMax: 0,
  killLost: 0,
  launchLost: 0,
  rescind: 0,
};

/** Where a master listens. */
export interface SimMasterAddress {
  readonly hostname: string;
  /** The TCP port. */
  readonly port: number;
}

/** The options of a cluster. */
export interface SimMesosOptions {
  /** The only source of randomness, e.g. `seededRandom(7)`. */
  readonly random: () => number;
  /** The Mesos agents, registered from the start. */
  readonly mesosAgents: readonly SimMesosAgentSpec[];
  /** The virtual time at the start, ms since the epoch; default 0. */
  readonly startMs?: number;
  /** The masters; the first leads. Default: one at 127.0.0.1:5050. */
  readonly masters?: readonly SimMasterAddress[];
  /** Default 1.12.0, the version of the recordings. */
  readonly version?: string;
  /** Delays that differ from the defaults. */
  readonly timing?: Partial<SimMesosTiming>;
  /** Fault probabilities; default none. */
  readonly faults?: Partial<SimMesosFaults>;
  /** What the operator API permits; default: everything. */
  readonly operatorApi?: "open" | "forbidden" | "absent";
  /** Whether the ACL `access_sandboxes` of Mesos agents permits reading; default: yes. */
  readonly mesosAgentFiles?: "open" | "forbidden";
  /** If set, basic authentication is required. */
  readonly credentials?: readonly { readonly principal: string; readonly secret: string }[];
  /** `--roles`: others are refused. Default: every role. */
  readonly roles?: readonly string[];
  /** Shared and revocable resources are also offered to frameworks without the capabilities. */
  readonly offersSpecialToAll?: boolean;
  /** Initial quota limits per role. */
  readonly quotaLimits?: Readonly<Record<string, SimAmounts>>;
  /** `--weights`: those that differ from 1. */
  readonly weights?: Readonly<Record<string, number>>;
  /** Images that cannot be pulled. */
  readonly missingImages?: readonly string[];
}

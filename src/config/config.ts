// The whole configuration as one value.

import type { Settings } from "../core/settings.ts";
import type { ConditionEvent } from "../core/view/condition_event.ts";
import type { HostPort, HttpAddress, Masters, ServerUrl } from "../net/addresses.ts";
import type { AllowedHost } from "../net/allowed_hosts.ts";
import type { Credentials } from "../net/credentials.ts";
import type { Secret } from "../secret.ts";
import type { ConfigEntry } from "./entries.ts";
import type { StateConfig } from "./state.ts";

/** The validated contents of framework.conf, with defaults. */
export interface Config {
  /** The path of the file, as given. */
  readonly path: string;
  /** The settings for decisions. */
  readonly settings: Settings;
  /** The Mesos connection. */
  readonly mesos: MesosConfig;
  /** The GoCD connection. */
  readonly gocd: GocdConfig;
  /** The durable state. */
  readonly state: StateConfig;
  readonly history: HistoryConfig;
  /** The status page. */
  readonly http: HttpConfig;
  readonly log: LogConfig;
  /** Webhooks for problems. */
  readonly notify: NotifyConfig;
  /** Warnings, e.g. about a deprecated key: logged once at the start and shown by `check`. */
  readonly warnings: readonly string[];
  /** Silent corrections, logged at debug level only; never contains a secret. */
  readonly details: readonly string[];
  /** Every active key with its value, unless secret, and its place, for people. */
  readonly entries?: readonly ConfigEntry[];
  /**
   * Files that were read, or are read while it runs: includes, CAs, secrets, `env-files`. For the permissions of a
   * scoped start.
   */
  readonly readFiles?: readonly string[];
  /** Names of environment variables that the file uses, set or not. For the permissions of a scoped start. */
  readonly envNames?: readonly string[];
}

/** Connection and identity towards Mesos; the first four have the shape of `MesosConnection` in mesos/api.ts. */
export interface MesosConfig {
  /** `mesos-master`. */
  readonly masters: Masters;
  /** `mesos.allowed-hosts`: what a redirect or ZooKeeper may name. */
  readonly allowedHosts: readonly AllowedHost[];
  /** How to authenticate. */
  readonly credentials: Credentials;
  /** PEM text of additional certificate authorities. */
  readonly caCerts: readonly string[];
  /** Name of the framework. */
  readonly name: string;
  /** User of the tasks; may be empty. */
  readonly user: string;
  /** Never empty; `*` by default. */
  readonly roles: readonly string[];
  /** Principal of the framework, with or without credentials. */
  readonly principal?: string;
  /** Name of this machine to show in Mesos; absent: that of the system. */
  readonly hostname?: string;
  /** The URL of the status page for others. */
  readonly webuiUrl?: string;
  /** How long Mesos keeps the tasks while we are disconnected. */
  readonly failoverTimeoutMs: number;
}

/** Connection to GoCD; the shape of `GocdConnection` in gocd/api.ts, plus what agents register with. */
export interface GocdConfig {
  /** With the context path. */
  readonly url: ServerUrl;
  /** The URL for agents; `url` by default. */
  readonly agentUrl: ServerUrl;
  /** How to authenticate. */
  readonly credentials: Credentials;
  /** PEM text of additional certificate authorities. */
  readonly caCerts: readonly string[];
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** Time limit for one response. */
  readonly timeoutMs: number;
  /** Where the waiting jobs are read from. */
  readonly jobSource: "auto" | "feed" | "api";
  /** The key that agents register with; absent: they stay Pending until we enable them. */
  readonly autoRegisterKey?: Secret;
}

/** The history. */
export interface HistoryConfig {
  /** For how long; 0: nothing is recorded. */
  readonly keepMs: number;
  /** Maximum file size. */
  readonly bytesMax: number;
  /** The file; absent: next to that of the state, or in memory if there is none. */
  readonly path?: string;
}

/** The status page. */
export interface HttpConfig {
  /** Absent: no listener (`listen = off`). */
  readonly listen?: HostPort;
  /** URL of the page for others, without a trailing slash. */
  readonly advertise?: string;
  /** Allows changes through the page; absent: the page is read-only. */
  readonly adminToken?: Secret;
}

/** Webhooks for problems. */
export interface NotifyConfig {
  /** How long a problem must last before it is reported. */
  readonly afterMs: number;
  /** Jobs that wait for longer are reported. */
  readonly waitingLongerThanMs: number;
  readonly webhooks: readonly WebhookConfig[];
}

/** One webhook; the shape of `WebhookTarget` in notify/send.ts, plus its events. */
export interface WebhookConfig {
  /** Its key below `notify.webhooks`. */
  readonly name: string;
  /** May be a secret as a whole. */
  readonly url: Secret;
  /** The host of the URL as it was when the file was read. */
  readonly address: HttpAddress;
  readonly format: "json" | "slack";
  readonly events: readonly ConditionEvent[];
  /** Signs the body; absent: not signed. */
  readonly secret?: Secret;
  /** PEM text of additional certificate authorities. */
  readonly caCerts: readonly string[];
}

/** The log. `auto`: text on a terminal, JSON lines otherwise. */
export interface LogConfig {
  /** The minimum level of the lines that are written. */
  readonly level: "debug" | "info" | "warning" | "error";
  /** See {@linkcode LogConfig}. */
  readonly format: "auto" | "text" | "json";
}

// The whole configuration as one value.

import type { Settings } from "../core/settings.ts";
import type { HostPort, Masters, ServerUrl } from "../net/addresses.ts";
import type { AllowedHost } from "../net/allowed_hosts.ts";
import type { Credentials } from "../net/credentials.ts";
import type { Secret } from "../secret.ts";
import type { StateConfig } from "./state.ts";

/** What framework.conf says, checked, with defaults filled in. */
export interface Config {
  /** The file it came from, as given. */
  readonly path: string;
  /** What decisions rest on. */
  readonly settings: Settings;
  /** Towards Mesos. */
  readonly mesos: MesosConfig;
  /** Towards GoCD. */
  readonly gocd: GocdConfig;
  /** What survives a restart. */
  readonly state: StateConfig;
  /** The status page. */
  readonly http: HttpConfig;
  /** The log. */
  readonly log: LogConfig;
  /** Things that work but deserve a word, e.g. a deprecated key: logged once at the start and shown by `check`. */
  readonly warnings: readonly string[];
  /** What was done silently and is told at debug level only; never holds a secret. */
  readonly details: readonly string[];
  /** Files that were read, or are read while it runs: includes, CAs, secrets, `env-files`. For the permissions of a scoped start. */
  readonly readFiles?: readonly string[];
  /** Names that the file looks for in the environment, found or not. For the permissions of a scoped start. */
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
  /** Name of this machine as Mesos shows it; absent: what the system says. */
  readonly hostname?: string;
  /** The status page as others reach it. */
  readonly webuiUrl?: string;
  /** How long Mesos keeps the tasks without us. */
  readonly failoverTimeoutMs: number;
}

/** Connection to GoCD; the shape of `GocdConnection` in gocd/api.ts, plus what agents register with. */
export interface GocdConfig {
  /** With the context path. */
  readonly url: ServerUrl;
  /** What agents are told; the same as `url` by default. */
  readonly agentUrl: ServerUrl;
  /** How to authenticate. */
  readonly credentials: Credentials;
  /** PEM text of additional certificate authorities. */
  readonly caCerts: readonly string[];
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** For one answer. */
  readonly timeoutMs: number;
  /** The key that agents register with; absent: they stay Pending until they are enabled by us. */
  readonly autoRegisterKey?: Secret;
}

/** The status page. */
export interface HttpConfig {
  /** Absent: no listener (`listen = off`). */
  readonly listen?: HostPort;
  /** URL of the page as others reach it, without a trailing slash. */
  readonly advertise?: string;
  /** Allows changes through the page; absent: it only shows. */
  readonly adminToken?: Secret;
}

/** The log. `auto`: text on a terminal, JSON lines otherwise. */
export interface LogConfig {
  /** The minimum level of the lines that are written. */
  readonly level: "debug" | "info" | "warning" | "error";
  /** See {@linkcode LogConfig}. */
  readonly format: "auto" | "text" | "json";
}

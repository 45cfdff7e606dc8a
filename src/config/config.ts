// The whole configuration as one value. Not here: reading it (load.ts), the table of keys (keys.ts).
// Made by load.ts; taken apart by runtime/ and cli/, which hand each edge its own part.

import type { Settings } from "../core/settings.ts";
import type { Secret } from "../secret.ts";

/** What framework.conf says, checked, with defaults filled in. */
export interface Config {
  /** The file it came from, as given. */
  readonly path: string;
  /** What decisions rest on. */
  readonly settings: Settings;
  readonly mesos: MesosConfig;
  readonly gocd: GocdConfig;
  readonly state: StateConfig;
  readonly http: HttpConfig;
  readonly log: LogConfig;
  /** Things that work but deserve a word, e.g. a deprecated key: logged once at the start and shown by `check`. */
  readonly warnings: readonly string[];
  /** Files that were read, or are read while it runs: includes, CAs, secrets, `env-files`. For the permissions of a scoped start. */
  readonly readFiles?: readonly string[];
  /** Names that the file looks for in the environment, found or not. For the permissions of a scoped start. */
  readonly envNames?: readonly string[];
}

/** Connection and identity towards Mesos; credentials and CAs have the shape of `MesosConnection` in mesos/api.ts. */
export interface MesosConfig {
  /** `mesos-master` as written, but without the credentials of a `zk://user:password@…`: `mastersAsWritten` puts them back. */
  readonly masters: string;
  /** `user:password` of a `zk://user:password@…`. */
  readonly mastersAuth?: Secret;
  readonly allowedHosts: readonly string[];
  readonly credentials:
    | { readonly kind: "none" }
    | { readonly kind: "basic"; readonly principal: string; readonly secret: Secret }
    | { readonly kind: "bearer"; readonly token: Secret };
  readonly caCerts: readonly string[];
  readonly name: string;
  readonly user: string;
  readonly roles: readonly string[];
  readonly principal?: string;
  readonly hostname?: string;
  readonly webuiUrl?: string;
  readonly failoverTimeoutMs: number;
}

/** Connection to GoCD; the shape of `GocdConnection` in gocd/api.ts, plus what agents register with. */
export interface GocdConfig {
  readonly url: string;
  readonly agentUrl: string;
  readonly credentials:
    | { readonly kind: "none" }
    | { readonly kind: "basic"; readonly userName: string; readonly password: Secret }
    | { readonly kind: "bearer"; readonly token: Secret };
  readonly caCerts: readonly string[];
  readonly insecure: boolean;
  readonly timeoutMs: number;
  /** The key that agents register with; absent: they stay Pending until they are enabled by us. */
  readonly autoRegisterKey?: Secret;
}

/** Where the durable state lies. */
export type StateConfig =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "zookeeper"; readonly connect: string; readonly path: string; readonly auth?: Secret };

/** The status page. */
export interface HttpConfig {
  /** Absent: no listener (`listen = off`). */
  readonly listen?: { readonly host: string; readonly port: number };
  readonly advertise?: string;
  readonly adminToken?: Secret;
}

/** The log. `auto`: text on a terminal, JSON lines otherwise. */
export interface LogConfig {
  readonly level: "debug" | "info" | "warning" | "error";
  readonly format: "auto" | "text" | "json";
}

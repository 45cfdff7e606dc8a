// What this process may reach, held against what the configuration needs. Not here: granting it (scripts/).
// Called by cli/start.ts before anything is connected.

import type { Config } from "../config/config.ts";
import { hostsOf } from "../config/hosts.ts";
import { OperatorError } from "../errors.ts";

/** A configuration that names hosts which this process may not reach. */
export class PermissionError extends OperatorError {
  /** `host` is the first one, `key` the key that names it. */
  constructor(host: string, key: string) {
    super(`${key} names ${host}, which this program was not allowed to reach when it was compiled or started`, {
      code: "host-not-allowed",
      kind: "usage",
      hint: `change ${key}, or compile (or start) again with this configuration file`,
    });
    this.name = "PermissionError";
  }
}

/** Whether this process may reach every host. */
export function mayReachAll(): boolean {
  return Deno.permissions.querySync({ name: "net" }).state === "granted";
}

/** Throws {@linkcode PermissionError} where the configuration needs a host that may not be reached. */
export function requireHosts(config: Config): void {
  for (const host of hostsOf(config).net) {
    if (Deno.permissions.querySync({ name: "net", host }).state !== "granted") {
      throw new PermissionError(host, keyOf(config, host));
    }
  }
}

function keyOf(config: Config, host: string): string {
  const hostname = host.replace(/:\d+$/, "");
  const gocd = new URL(config.gocd.url);
  const listen = config.http.listen;
  if (listen !== undefined && host === `${listen.host}:${listen.port}`) return "http.listen";
  if (gocd.hostname === hostname && config.mesos.masters.includes(host) === false) {
    return "go-server.url (or host, port)";
  }
  return config.mesos.masters.includes(hostname) ? "mesos-master" : "mesos.allowed-hosts";
}

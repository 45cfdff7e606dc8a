// Compares the permissions of this process with what the configuration needs.

import type { Config } from "../config/config.ts";
import { hostsOf } from "../config/hosts.ts";
import { OperatorError } from "../errors.ts";

/** A configuration that names hosts that this process may not connect to. */
class PermissionError extends OperatorError {
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

/** Whether this process may connect to any host. */
export function mayReachAll(): boolean {
  return Deno.permissions.querySync({ name: "net" }).state === "granted";
}

/** Throws {@linkcode PermissionError} if the configuration needs a host that this process may not connect to. */
export function requireHosts(config: Config): void {
  for (const host of hostsOf(config).net) {
    if (Deno.permissions.querySync({ name: "net", host }).state !== "granted") {
      throw new PermissionError(host, keyOf(config, host));
    }
  }
}

/** The key that names a host: the one without which the configuration would not need it. */
function keyOf(config: Config, host: string): string {
  const { listen: _, ...http } = config.http;
  const without: readonly (readonly [key: string, config: Config])[] = [
    ["go-server (host and port, or url)", {
      ...config,
      gocd: { ...config.gocd, url: { ...config.gocd.url, host: "" } },
    }],
    ["mesos-master", { ...config, mesos: { ...config.mesos, masters: { kind: "static", addresses: [] } } }],
    ["http.listen", { ...config, http }],
    ["mesos.allowed-hosts", { ...config, mesos: { ...config.mesos, allowedHosts: [] } }],
    ["state.path", { ...config, state: { kind: "sqlite", path: "" } }],
  ];
  return without.find(([, rest]) => !hostsOf(rest).net.includes(host))?.[0] ?? "the configuration";
}

// Compares the permissions of this process, or of this Worker, with what the configuration needs.

import type { Config } from "../config/config.ts";
import { hostsOf } from "../config/hosts.ts";
import { stateFile } from "../config/state.ts";
import { OperatorError } from "../errors.ts";

/** A configuration that needs a right that this process does not have. */
class PermissionError extends OperatorError {
  /** `message` says which key needs what; `key` is the one to change. */
  constructor(message: string, key: string, code: string) {
    super(message, {
      code,
      kind: "usage",
      hint: `change ${key}, or compile (or start) again with this configuration file`,
    });
    this.name = "PermissionError";
  }
}

/** Kinds of Deno's permissions that a sandbox limits. */
const kinds = ["net", "read", "write", "env", "run", "ffi"] as const;

/** How far the permissions of this process are limited. */
export interface Sandbox {
  /** `on`: every kind is limited to a list, or refused; `off`: not even the hosts are limited, nor the files. */
  readonly mode: "on" | "partial" | "off";
  /** The kinds of permissions that are not limited. */
  readonly wide: readonly string[];
}

/** What Deno permits at this moment: of this Worker inside a sandbox, of the process otherwise. */
export function sandboxOf(): Sandbox {
  const wide = kinds.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
  const isOff = wide.includes("net") && wide.includes("read");
  return { mode: wide.length === 0 ? "on" : isOff ? "off" : "partial", wide };
}

/** How to restrict permissions further; a configuration reports if not all its hosts are known. */
export function sandboxHint(config: Config): string {
  const [gap] = hostsOf(config).gaps;
  return gap?.hint ?? "run the executable of `deno task compile`, or `deno task start`";
}

/** A text about an incomplete sandbox. */
export function sandboxText({ mode, wide }: Sandbox): string {
  return mode === "off"
    ? "off: this process may reach any host, and any file of its user"
    : `${mode}: ${wide.join(", ")} not limited`;
}

/** Throws {@linkcode PermissionError} if the configuration needs a host, a variable or a state that is not permitted. */
export function requireRights(config: Config): void {
  for (const host of hostsOf(config).net) {
    // Deno can be queried for each address of a block, but not for the block.
    if (isGranted({ name: "net", host: host.replace(/\/\d+$/, "") })) continue;
    const key = keyOf(config, host);
    const what = "which this program was not allowed to reach when it was compiled or started";
    throw new PermissionError(`${key} names ${host}, ${what}`, key, "host-not-allowed");
  }
  for (const variable of config.envNames ?? []) {
    if (isGranted({ name: "env", variable })) continue;
    const what = "which this program was not allowed to read when it was compiled or started";
    throw new PermissionError(
      `${config.path} uses the variable ${variable}, ${what}`,
      `\${?${variable}}`,
      "env-not-allowed",
    );
  }
  const path = stateFile(config.state);
  if (path === undefined || isGranted({ name: "write", path })) return;
  const what = "which this program was not allowed to write when it was compiled or started";
  throw new PermissionError(`state.path names ${path}, ${what}`, "state.path", "state-not-allowed");
}

function isGranted(right: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(right).state === "granted";
}

/** The key that names a host: the one without which the configuration would not need it. */
export function keyOf(config: Config, host: string): string {
  const { listen: _, ...http } = config.http;
  const without: readonly (readonly [key: string, config: Config])[] = [
    ["go-server (host and port, or url)", {
      ...config,
      gocd: { ...config.gocd, url: { ...config.gocd.url, host: "" } },
    }],
    ["mesos-master", { ...config, mesos: { ...config.mesos, masters: { kind: "static", addresses: [] } } }],
    ["http.listen", { ...config, http }],
    ["mesos.allowed-hosts", { ...config, mesos: { ...config.mesos, allowedHosts: [] } }],
    ["notify.webhooks", { ...config, notify: { ...config.notify, webhooks: [] } }],
    ["state.path", { ...config, state: { kind: "sqlite", path: "" } }],
  ];
  return without.find(([, rest]) => !hostsOf(rest).net.includes(host))?.[0] ?? "the configuration";
}

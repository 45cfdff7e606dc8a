// The Deno permission flags that a configuration needs, no more and no less.

import { dirname } from "node:path";
import type { Config } from "../src/config/config.ts";
import { type Hosts, hostsOf } from "../src/config/hosts.ts";
import { type PartialConfig, requireKeys } from "../src/config/load.ts";
import { stateFile } from "../src/config/state.ts";
import { hostText } from "../src/net/addresses.ts";
import { OperatorError } from "../src/errors.ts";
import { realStatePath } from "../src/store/state_path.ts";

/** The flags of `deno run` for one configuration. Throws an OperatorError where its state cannot lie where it says. */
export function runFlags(config: Config): string[] {
  const hosts = hostsOf(config);
  const state = realStateFolders(config);
  return [
    "--no-prompt",
    netFlag(hosts, config.http.listen === undefined ? ["127.0.0.1:0"] : []),
    ...flag("read", [...new Set([...hosts.read, ...state])].map(escaped)),
    ...flag("write", [...new Set([...hosts.write, ...state])].map(escaped)),
    ...flag("env", hosts.env),
    // The name that Mesos shows (src/runtime/identity.ts).
    "--allow-sys=hostname",
    ...insecureFlags(config),
  ];
}

/** What names the hosts of a configuration. */
const hostKeys =
  /^(mesos-master|mesos\.allowed-hosts|go-server\.(host|port|url|insecure)|http\.listen|state(\.path)?)$/;

/**
 * The flags of `deno compile` for one configuration, whose secrets are not needed. Throws an OperatorError where its hosts
 * are not all known.
 */
export function compileFlags(part: PartialConfig): string[] {
  requireKeys(part, hostKeys);
  const { config } = part;
  const hosts = hostsOf(config);
  for (const gap of hosts.gaps) {
    throw new OperatorError(`${config.path}: ${gap.key}: ${gap.message}`, {
      code: "hosts-unknown",
      kind: "usage",
      hint: gap.hint,
    });
  }
  // The binary is both sides: `drain` must reach the port that `start` was given.
  return [netFlag(hosts, commandHosts(config)), ...insecureFlags(config)];
}

/** Deno compares paths as they are written, and the state is opened where it lies behind links. */
function realStateFolders({ state }: Config): readonly string[] {
  const file = stateFile(state);
  return file === undefined ? [] : [dirname(realStatePath(file))];
}

/** Where a command finds the page: one that listens everywhere is reached by its loopback address (src/web/server.ts). */
function commandHosts({ http: { listen } }: Config): readonly string[] {
  if (listen === undefined) return ["127.0.0.1"];
  if (listen.host === "0.0.0.0") return [`127.0.0.1:${listen.port}`];
  return listen.host === "::" ? [`[::1]:${listen.port}`] : [];
}

/** `commands`: where commands on this machine find an instance without a page. */
function netFlag({ net }: Hosts, commands: readonly string[]): string {
  return `--allow-net=${[...net, ...commands].join(",")}`;
}

/** Deno has no such option for one client: `go-server.insecure` needs the switch of the process, for this host only. */
function insecureFlags({ gocd }: Config): string[] {
  return gocd.insecure ? [`--unsafely-ignore-certificate-errors=${hostText(gocd.url.host)}`] : [];
}

function flag(name: string, values: readonly string[]): string[] {
  return values.length === 0 ? [] : [`--allow-${name}=${values.join(",")}`];
}

/** A comma in a path is written twice. */
function escaped(path: string): string {
  return path.replaceAll(",", ",,");
}

// The Deno permission flags that a configuration needs, no more and no less.

import type { Config } from "../src/config/config.ts";
import { type PartialConfig, requireKeys } from "../src/config/load.ts";
import { hostText } from "../src/net/addresses.ts";
import { OperatorError } from "../src/errors.ts";
import { pageHosts, type Rights, rightsOf } from "../src/runtime/rights.ts";

/** V8's heap kept small rather than fast (docs/decisions/0100-a-small-heap.md); of the whole process, Workers included. */
export const heapFlag = "--v8-flags=--optimize-for-size";

/** The flags of `deno run` for one configuration. Throws an OperatorError where its state cannot lie where it says. */
export function runFlags(config: Config): string[] {
  // No code but what is here: without --cached-only an import fetches packages whatever --allow-net lists. The name of the
  // machine is what Mesos shows (src/runtime/identity.ts).
  return [
    "--no-prompt",
    "--cached-only",
    heapFlag,
    ...rightsFlags(rightsOf(config)),
    "--allow-sys=hostname",
    ...insecureFlags(config),
  ];
}

/** What names the hosts of a configuration. */
const hostKeys = new RegExp(
  "^(mesos-master|mesos\\.allowed-hosts|go-server\\.(host|port|url|insecure)|http\\.listen|state(\\.path)?|" +
    "notify\\.webhooks\\.[^.]+\\.url(-file)?)$",
);

/** The secrets that hosts are in: of a webhook the URL. */
export function namesHost(key: string): boolean {
  return /^notify\.webhooks\.[^.]+\.url$/.test(key);
}

/** What `deno compile` bakes in for one configuration. */
export interface Baked {
  readonly rights: Rights;
  readonly flags: readonly string[];
}

/**
 * What is baked in for one configuration, whose secrets are not needed. Throws an OperatorError where its hosts are not
 * all known.
 */
export function compileFlags(part: PartialConfig): Baked {
  requireKeys(part, hostKeys);
  const { config } = part;
  // The state is on the machine that the binary is for.
  const rights = rightsOf(config, (path) => path);
  for (const gap of rights.gaps) {
    throw new OperatorError(`${config.path}: ${gap.key}: ${gap.message}`, {
      code: "hosts-unknown",
      kind: "usage",
      hint: gap.hint,
    });
  }
  // The binary is both sides: `drain` must reach the port that `start` was given.
  const both = { ...rights, net: [...rights.net.filter((host) => host !== "127.0.0.1:0"), ...pageHosts(config)] };
  return { rights: both, flags: [...rightsFlags(both), ...insecureFlags(config)] };
}

function rightsFlags({ net, read, write, env }: Rights): string[] {
  return [
    ...flag("net", net),
    ...flag("read", read.map(escaped)),
    ...flag("write", write.map(escaped)),
    ...flag("env", env),
  ];
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

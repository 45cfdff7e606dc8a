// Which hosts, files and variables a configuration needs: the permissions of a scoped start.

import { dirname } from "node:path";
import { hostPortText, hostText } from "../net/addresses.ts";
import type { Config } from "./config.ts";
import { stateFile, stateServers } from "./state.ts";

/** Exactly the permissions that the program needs. */
export interface Hosts {
  /**
   * Values of `--allow-net`: `host:port`, IPv6 in brackets; a name of `mesos.allowed-hosts` without a port is every
   * port, an IPv4 block every port of every address in it.
   */
  readonly net: readonly string[];
  /**
   * Values of `--allow-read`: the configuration and its includes, the folder of the state, CAs, secrets, `env-files`.
   */
  readonly read: readonly string[];
  /** Values of `--allow-write`: the state file, if there is one; runtime/rights.ts adds those next to it. */
  readonly write: readonly string[];
  /** Values of `--allow-env`. */
  readonly env: readonly string[];
  /** What the configuration needs and a list of hosts cannot express. */
  readonly gaps: readonly HostsGap[];
}

/** A host that may be needed and is not in the list. */
export interface HostsGap {
  /** Key to change. */
  readonly key: string;
  /** What is missing. */
  readonly message: string;
  /** What to write. */
  readonly hint: string;
}

/** Also read by fetch itself, which needs no permission for that (net/proxies.ts). */
export const proxyVariables: readonly string[] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((
  name,
) => [name, name.toLowerCase()]);

/** The permissions that a configuration needs. */
export function hostsOf(config: Config): Hosts {
  const net = new Set<string>();
  const gaps: HostsGap[] = [];
  addMasters(config, net, gaps);
  const listen = config.http.listen === undefined ? [] : [config.http.listen];
  const webhooks = config.notify.webhooks.map(({ address }) => address);
  for (const server of [config.gocd.url, ...stateServers(config.state), ...webhooks, ...listen]) {
    // If the file is invalid, a server may be unknown.
    if (server.host !== "") net.add(hostPortText(server));
  }
  const file = stateFile(config.state);
  const write = file === undefined ? [] : [file];
  const read = [config.path, ...write.map((each) => dirname(each)), ...(config.readFiles ?? [])];
  const env = ["LIBPROCESS_IP", ...proxyVariables, ...(config.envNames ?? [])];
  return { net: [...net], read: unique(read), write, env: unique(env), gaps };
}

function addMasters({ mesos }: Config, net: Set<string>, gaps: HostsGap[]): void {
  const { masters, allowedHosts } = mesos;
  for (const server of masters.kind === "static" ? masters.addresses : masters.servers) net.add(hostPortText(server));
  for (const allowed of allowedHosts) {
    if (allowed.kind === "host") {
      const { host, port } = allowed;
      net.add(port === undefined ? hostText(host) : hostPortText({ host, port }));
      continue;
    }
    // Deno 2.4 to 2.9 accept blocks of IPv4 addresses as hosts, but not of IPv6.
    if (!allowed.text.includes(":")) {
      net.add(allowed.text);
      continue;
    }
    gaps.push({
      key: "mesos.allowed-hosts",
      message: `the block ${allowed.text} cannot be written as a list of hosts`,
      hint: "list each master as host:port, or start with --allow-net for all hosts",
    });
  }
  if (masters.kind === "zookeeper" && allowedHosts.length === 0) {
    gaps.push({
      key: "mesos.allowed-hosts",
      message: "with zk:// the leading master is not known in advance",
      hint: 'name every master: mesos.allowed-hosts = ["master1:5050", "master2:5050"]',
    });
  }
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

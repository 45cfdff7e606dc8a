// Which hosts, files and variables a configuration needs: the permissions of a scoped start.

import { dirname } from "node:path";
import { hostPortText, parseHostPort, parseMasters, parseUrlServer, parseZookeeperServers } from "../net/addresses.ts";
import type { Config } from "./config.ts";

/** Exactly what the program must be allowed. */
export interface Hosts {
  /** Values of `--allow-net`: `host:port`, IPv6 in brackets; a name of `mesos.allowed-hosts` without a port is every port. */
  readonly net: readonly string[];
  /** Values of `--allow-read`: the folder of the configuration, the folder of the state, CAs, secrets, `env-files`. */
  readonly read: readonly string[];
  /** Values of `--allow-write`: the folder of the state, or the control file where that lies in ZooKeeper. */
  readonly write: readonly string[];
  /** Values of `--allow-env`. */
  readonly env: readonly string[];
  /** What the configuration needs and a list of hosts cannot say. */
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

/** Seen as well by fetch itself, which needs no permission for that (net/proxies.ts). */
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((
  name,
) => [name, name.toLowerCase()]);

/** The permissions that a configuration needs. */
export function hostsOf(config: Config): Hosts {
  const net = new Set<string>();
  const gaps: HostsGap[] = [];
  addMasters(config, net, gaps);
  const gocd = parseUrlServer(config.gocd.url);
  if (gocd.ok) net.add(hostPortText(gocd.value));
  if (config.state.kind === "zookeeper") addZookeeper(config.state.connect, net);
  if (config.http.listen !== undefined) net.add(hostPortText(config.http.listen));
  // With the state elsewhere, the control file lies beside the configuration (runtime/control_file.ts).
  const write = [config.state.kind === "sqlite" ? dirname(config.state.path) : `${config.path}.control`];
  const read = [dirname(config.path), ...write, ...(config.readFiles ?? [])];
  const env = ["LIBPROCESS_IP", ...proxyVariables, ...(config.envNames ?? [])];
  return { net: [...net], read: unique(read), write, env: unique(env), gaps };
}

function addMasters(config: Config, net: Set<string>, gaps: HostsGap[]): void {
  const masters = parseMasters(config.mesos.masters);
  if (masters.ok) {
    const { value } = masters;
    for (const server of value.kind === "static" ? value.addresses : value.servers) net.add(hostPortText(server));
  }
  for (const host of config.mesos.allowedHosts) {
    if (host.includes("/")) {
      gaps.push({
        key: "mesos.allowed-hosts",
        message: `the block ${host} cannot be said as a list of hosts`,
        hint: "name each master as host:port, or start with --allow-net for all hosts",
      });
      continue;
    }
    const address = parseHostPort(host, 0);
    if (address.ok) {
      net.add(address.value.port === 0 ? hostPortText(address.value).replace(/:0$/, "") : hostPortText(address.value));
    }
  }
  if (masters.ok && masters.value.kind === "zookeeper" && config.mesos.allowedHosts.length === 0) {
    gaps.push({
      key: "mesos.allowed-hosts",
      message: "with zk:// the leading master is only known when ZooKeeper names it",
      hint: 'name every master: allowed-hosts = ["master1:5050", "master2:5050"]',
    });
  }
}

function addZookeeper(connect: string, net: Set<string>): void {
  const servers = parseZookeeperServers(connect);
  for (const server of servers.ok ? servers.value : []) net.add(hostPortText(server));
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

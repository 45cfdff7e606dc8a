// Which hosts, files and variables a configuration needs: the permissions of a scoped start.

import { dirname } from "node:path";
import { hostPortText, hostText } from "../net/addresses.ts";
import type { Config } from "./config.ts";
import { stateFile, stateServers } from "./state.ts";

/** Exactly the permissions that the program needs. */
export interface Hosts {
  /** Values of `--allow-net`: `host:port`, IPv6 in brackets; a name of `mesos.allowed-hosts` without a port is every port. */
  readonly net: readonly string[];
  /** Values of `--allow-read`: the folder of the configuration, the folder of the state, CAs, secrets, `env-files`. */
  readonly read: readonly string[];
  /** Values of `--allow-write`: the folder of the state, or the control file where that lies in ZooKeeper. */
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

/** Seen as well by fetch itself, which needs no permission for that (net/proxies.ts). */
const proxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((
  name,
) => [name, name.toLowerCase()]);

/** The permissions that a configuration needs. */
export function hostsOf(config: Config): Hosts {
  const net = new Set<string>();
  const gaps: HostsGap[] = [];
  addMasters(config, net, gaps);
  const listen = config.http.listen === undefined ? [] : [config.http.listen];
  for (const server of [config.gocd.url, ...stateServers(config.state), ...listen]) net.add(hostPortText(server));
  // If the state is elsewhere, the control file is beside the configuration (runtime/control_file.ts).
  const file = stateFile(config.state);
  const write = [file === undefined ? `${config.path}.control` : dirname(file)];
  const read = [dirname(config.path), ...write, ...(config.readFiles ?? [])];
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
      hint: 'name every master: allowed-hosts = ["master1:5050", "master2:5050"]',
    });
  }
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

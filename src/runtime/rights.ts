// The permissions that a configuration needs, as Deno names them: the hosts, files and variables of config/hosts.ts,
// and the files next to the state.

import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import { type HostsGap, hostsOf } from "../config/hosts.ts";
import { stateFile } from "../config/state.ts";
import { realStatePath, stateFiles } from "../store/state_path.ts";
import { controlPath } from "./control_file.ts";
import { toldPaths } from "./told_file.ts";

/** Values of Deno's permissions, one list per kind. */
export interface Rights {
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly env: readonly string[];
  /**
   * Needs of the configuration that no list of hosts can express: if there are any, Deno's `net` list is too narrow.
   */
  readonly gaps: readonly HostsGap[];
}

/**
 * The rights of a start. `realPath` follows the links of a state file on this machine; throws a StoreError if the state
 * cannot be at the configured place.
 */
export function rightsOf(config: Config, realPath: (path: string) => string = realStatePath): Rights {
  const { net, read, write, env, gaps } = hostsOf(config);
  const file = stateFile(config.state);
  // Deno compares literal paths, and the state is opened at the target of links.
  const states = file === undefined ? [] : [file, realPath(file)];
  const history = historyPath(config, realPath);
  const histories = history === undefined ? [] : [history];
  return {
    // Without a page, commands on this machine use a free port.
    net: unique([...net, ...config.http.listen === undefined ? ["127.0.0.1:0"] : []]),
    read: unique([...read, ...[...states, ...histories].map((each) => dirname(each)), controlPath(config)]),
    write: unique([
      ...write,
      ...toldPaths(config, realPath) ?? [],
      ...states.flatMap(stateFiles),
      ...histories.flatMap(databaseFiles),
      controlPath(config),
    ]),
    env,
    gaps,
  };
}

/**
 * The file of the history: `history.path`, or next to the target of the state's links; nothing if none is recorded, or
 * not in a file. Throws a StoreError as {@linkcode rightsOf} does.
 */
export function historyPath(
  { history, state }: Pick<Config, "history" | "state">,
  realPath: (path: string) => string = realStatePath,
): string | undefined {
  if (history.keepMs === 0 || history.path !== undefined) return history.keepMs === 0 ? undefined : history.path;
  const file = stateFile(state);
  return file === undefined ? undefined : `${realPath(file)}-history`;
}

/** Every file that SQLite may write for a database. */
function databaseFiles(path: string): readonly string[] {
  return ["", "-wal", "-shm", "-journal"].map((end) => `${path}${end}`);
}

/**
 * Where commands find the page of a running instance: one that listens on all addresses is accessed by its loopback
 * address.
 */
export function pageHosts({ http: { listen } }: Config): readonly string[] {
  if (listen === undefined) return ["127.0.0.1"];
  if (listen.host === "0.0.0.0") return [`127.0.0.1:${listen.port}`];
  return listen.host === "::" ? [`[::1]:${listen.port}`] : [];
}

/** The address that Mesos links to, because others may use another name. */
export function linkHosts({ mesos: { webuiUrl } }: Pick<Config, "mesos">): readonly string[] {
  if (webuiUrl === undefined || !URL.canParse(webuiUrl)) return [];
  const { hostname, port, protocol } = new URL(webuiUrl);
  return [`${hostname}:${port === "" ? (protocol === "https:" ? 443 : 80) : port}`];
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

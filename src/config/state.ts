// Reads the settings of the state and of the history, and what each place of the state needs.

import { type HostPort, parseZookeeper, type ZookeeperAddress } from "../net/addresses.ts";
import { pathBeside } from "./hocon.ts";
import type { HistoryConfig } from "./config.ts";
import { addProblem, confAt, durationMsAt, find, memoryMbMilliAt, type Reader, specOf } from "./reader.ts";
import { textAt, unquoted } from "./reader.ts";

/** Where the durable state is. */
export type StateConfig =
  | { readonly kind: "sqlite"; readonly path: string }
  | ZookeeperAddress & { readonly kind: "zookeeper" };

/** The file of a state on this machine. */
export function stateFile(state: StateConfig): string | undefined {
  return state.kind === "sqlite" ? state.path : undefined;
}

/** The servers of a state elsewhere. */
export function stateServers(state: StateConfig): readonly HostPort[] {
  return state.kind === "sqlite" ? [] : state.servers;
}

/** Where the state is: `state = "…"` is short for `state.path`. */
export function readState(reader: Reader): StateConfig {
  const short = confAt(reader.root, "state");
  const found = short !== undefined && short.kind !== "object"
    ? { key: "state", conf: short }
    : find(reader, "state.path");
  const written = short?.kind === "text" ? short.text.trim() : textAt(reader, "state.path");
  // Its password is missing, but not where the control file is (runtime/control_file.ts).
  if (found?.conf.kind === "unset" && isZookeeper(found.conf.text)) return unknownZookeeper;
  const text = written === undefined || written === "" ? unquoted(specOf("state.path").default ?? "") : written;
  if (!isZookeeper(text)) return { kind: "sqlite", path: pathBeside(reader.file, text) };
  const address = parseZookeeper(text, "state.path");
  if (!address.ok) {
    const at = found ?? { key: "state.path" };
    addProblem(reader, at, { code: "config-bad-value", message: address.message, hint: address.hint });
    return unknownZookeeper;
  }
  return { kind: "zookeeper", ...address.value };
}

const bytesPerMb = 1024 * 1024;

/** How much history is kept, and where. */
export function readHistory(reader: Reader): HistoryConfig {
  const path = textAt(reader, "history.path");
  const mb = (memoryMbMilliAt(reader, "history.max-size") ?? 0) / 1000;
  return {
    keepMs: durationMsAt(reader, "history.keep") ?? 0,
    bytesMax: Math.round(mb * bytesPerMb),
    ...(path === undefined ? {} : { path: pathBeside(reader.file, path) }),
  };
}

/** Placeholder for an unknown address: the state cannot be opened, but its instance can be found. */
export const unknownZookeeper: StateConfig = { kind: "zookeeper", servers: [], path: "/" };

function isZookeeper(text: string): boolean {
  return /^zk:/i.test(text.trim());
}

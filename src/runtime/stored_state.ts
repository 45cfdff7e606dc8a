// Reads the stored state while its writer runs.

import type { Config } from "../config/config.ts";
import type { StoredState } from "../core/record.ts";
import { openStoreForReading } from "../store/sqlite_reader.ts";
import { electionOptions } from "./ports.ts";

/**
 * What the last or the current run has stored; nothing if there is no state yet. Throws an OperatorError of kind
 * `state`.
 */
export async function readStoredState(config: Config): Promise<StoredState | undefined> {
  if (config.state.kind === "zookeeper") {
    const { readZookeeperState } = await import("../store/zookeeper_store.ts");
    const options = electionOptions(config, config.state);
    return await readZookeeperState(options, AbortSignal.timeout(options.sessionTimeoutMs));
  }
  try {
    Deno.statSync(config.state.path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const reader = openStoreForReading(config.state.path);
  try {
    return reader.load();
  } finally {
    reader.close();
  }
}

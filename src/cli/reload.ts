// Reloads the configuration while the program runs: validated first, logged as a difference, applied completely or not
// at all.

import type { Config } from "../config/config.ts";
import type { Log } from "../log/log.ts";
import { requireHosts } from "../runtime/permissions.ts";
import { configChanges } from "./config_diff.ts";

/** Why the file is reloaded. */
export type ReloadCause = "signal" | "file-changed";

/** What a reload needs. */
export interface ReloadOptions {
  readonly cause: ReloadCause;
  readonly current: Config;
  /** Reads and checks the file; throws an OperatorError. */
  readonly read: () => Config;
  /** Applies a configuration; if it throws, the old one still applies. */
  readonly use: (next: Config) => void;
  readonly log: Log;
}

/** Reloads the file and logs the result. Returns the configuration that applies from then on. */
export function reloadConfig({ cause, current, read, use, log }: ReloadOptions): Config {
  try {
    const written = read();
    const changes = configChanges(current, written);
    if (changes.length === 0) {
      if (cause === "signal") log.info("the configuration was reloaded: nothing has changed");
      return current;
    }
    requireHosts(written);
    // The state has one writer with one lock, so only a restart can change it.
    const next = { ...written, state: current.state };
    use(next);
    const what = cause === "signal" ? "the configuration was reloaded" : `${current.path} has changed and was reloaded`;
    log.info(`${what}: ${changes.join(", ")}`);
    if (changes.includes("state.path")) log.warning("state.path does not change until the program is restarted");
    return next;
  } catch (error) {
    log.error(
      `the new configuration is bad and the old one stays in force: ${
        error instanceof Error ? error.message : String(error)
      }`,
      {},
      error instanceof Error && "hint" in error ? String(error.hint) : undefined,
    );
    return current;
  }
}

// Reloads the configuration while the program runs: it is validated first, its changes are logged, and it is applied
// completely or not at all.

import { messageOf } from "../errors.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config_error.ts";
import { hostsOf } from "../config/hosts.ts";
import type { Log } from "../log/log.ts";
import { requireRights } from "../runtime/permissions.ts";
import { configChanges } from "./config_diff.ts";
import type { ReloadAnswer } from "./io.ts";

/** Why the file is reloaded. */
export type ReloadCause = "signal" | "file-changed";

/** The options of a reload. */
export interface ReloadOptions {
  readonly cause: ReloadCause;
  readonly current: Config;
  /** Reads and checks the file; throws an OperatorError. */
  readonly read: () => Config;
  /** Applies a configuration; if it throws, the old one still applies. */
  readonly use: (next: Config) => void;
  /** The current log: another one once a configuration is active. */
  readonly log: () => Log;
}

/** Logs the warnings of a file, both at a start and at a reload. */
export function tellRemarks(log: Log, config: Config): void {
  for (const warning of config.warnings) log.warning(warning);
  for (const detail of config.details) log.debug(detail);
  for (const gap of hostsOf(config).gaps) log.debug(gap.message, { key: gap.key }, gap.hint);
}

/** Reloads the file and logs the result. Returns the configuration that applies from then on. */
export function reloadConfig({ cause, current, read, use, log }: ReloadOptions): Config {
  try {
    const written = read();
    const changes = configChanges(current, written);
    if (changes.length === 0) {
      if (cause === "signal") log().info("the configuration was reloaded: nothing has changed");
      // An editor may save a file again and again.
      const isNews = written.warnings.some((warning) => !current.warnings.includes(warning));
      if (cause === "signal" || isNews) tellRemarks(log(), written);
      return current;
    }
    requireRights(written);
    // The state has one writer with one lock, so only a restart can change it.
    const isMoved = needsRestart(current.history, written.history);
    const next = { ...written, state: current.state, history: isMoved ? current.history : written.history };
    use(next);
    const what = cause === "signal" ? "the configuration was reloaded" : `${current.path} has changed and was reloaded`;
    log().info(`${what}: ${changes.join(", ")}`);
    tellRemarks(log(), written);
    if (changes.includes("state.path")) log().warning("state.path does not change until the program is restarted");
    if (isMoved) log().warning("whether and where the history is kept does not change until the program is restarted");
    return next;
  } catch (error) {
    tellRefusal(log(), {
      message: messageOf(error),
      ...(error instanceof Error && "hint" in error ? { hint: String(error.hint) } : {}),
      warnings: error instanceof ConfigError ? error.warnings : [],
    });
    return current;
  }
}

function needsRestart(from: Config["history"], to: Config["history"]): boolean {
  return from.path !== to.path || (from.keepMs === 0) !== (to.keepMs === 0);
}

/** Logs why a changed file is not used. */
export function tellRefusal(log: Log, { message, hint, warnings }: Omit<RefusedReload, "kind">): void {
  log.error(`the new configuration is invalid, so the old one stays in effect: ${message}`, {}, hint);
  for (const warning of warnings) log.warning(warning);
}

/** That of a file which is not used. */
export type RefusedReload = ReloadAnswer & { readonly kind: "refused" };

// Loads the configuration file of a command.

import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config_error.ts";
import { flawOf, loadConfig, loadPartially, type PartialConfig, requireKeys } from "../config/load.ts";
import { stateFile, unknownZookeeper } from "../config/state.ts";
import { rootKey } from "../config/keys.ts";
import { runningStateOf } from "../runtime/control_client.ts";
import type { CliIo } from "./io.ts";
import { printable } from "./table.ts";
import { UsageError } from "./usage.ts";

/** Loads and checks a file. Throws ConfigError. */
export function loadConfigFile(path: string, io: CliIo): Config {
  return loadConfig(path, io.env, io.readFile);
}

/** Whether a path exists, readable or not. */
export function isFile(path: string, io: CliIo): boolean {
  try {
    io.readFile(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/**
 * Throws {@linkcode UsageError} if the file of a command comes after its other argument; `act`: the words before both.
 */
export function refuseSwapped(act: string, [first, second]: readonly (string | undefined)[], io: CliIo): void {
  if (first === undefined || second === undefined || isFile(first, io) || !isFile(second, io)) return;
  throw new UsageError("the configuration file comes first", `write \`gocd-mesos ${act} ${second} ${first}\``);
}

/** The parts that a command needs of a file that may otherwise be invalid. */
export interface Needs {
  readonly keys: RegExp;
  readonly wantsSecret?: (key: string) => boolean;
}

/** Where the state is, which also locates the running instance. */
const stateKeys = /^state(\.path)?$/;

/**
 * Loads what a command needs, by default only what locates the running instance; the rest of the file may be invalid,
 * and secrets may be missing. Throws ConfigError if something needed is invalid; a file that cannot be parsed can still
 * locate the instance that runs with it.
 */
export function loadNeeded(path: string, io: CliIo, needs?: Needs): PartialConfig {
  const part = loadReadable(path, io, needs);
  // Without a state file an instance is located by the configuration itself, and the password may be missing here.
  if (stateFile(part.config.state) !== undefined) requireState(part);
  if (needs !== undefined) requireKeys(part, needs.keys);
  return part;
}

function loadReadable(path: string, io: CliIo, needs: Needs | undefined): PartialConfig {
  try {
    return loadPartially(path, io.env, needs?.wantsSecret, io.readFile);
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code.startsWith("config-file")) throw error;
    const { config } = loadPartially(path, {}, undefined, () => `${rootKey} {}`);
    const state = runningStateOf(path, io.readFile(path), config.state);
    if (state === undefined) throw error;
    return { config: { ...config, state }, problems: error.problems };
  }
}

/**
 * Prints what is wrong with a file that is sufficient for a command; variables that are not set here are not reported.
 */
export function warnOfFlaws(part: PartialConfig, io: CliIo): void {
  const flaw = flawOf(part);
  if (flaw !== undefined) io.err(printable(`gocd-mesos: warning: start and reload would refuse this file: ${flaw}`));
}

/** Throws ConfigError if the file does not allow the state to be opened. */
export function requireState(part: PartialConfig): void {
  // In a file that cannot be parsed, the state is known if its instance was found beside it.
  requireKeys(part, part.config.state === unknownZookeeper ? /^(state(\.path)?)?$/ : stateKeys);
}

// Loads the configuration file of a command.

import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import type { CliIo } from "./io.ts";

/** Loads and checks a file. Throws ConfigError. */
export function loadConfigFile(path: string, io: CliIo): Config {
  return loadConfig(path, io.env, io.readFile);
}

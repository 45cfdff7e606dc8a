// `gocd-mesos version`.

import { version } from "../version.ts";
import type { Command } from "./command.ts";

/** Prints versions. */
export const versionCommand: Command = {
  name: "version",
  summary: "print the version",
  help: `Usage: gocd-mesos version

Prints the version of gocd-mesos and of the Deno runtime inside it.

Examples:
  gocd-mesos version
  gocd-mesos --version`,
  booleans: [],
  strings: [],
  operandsMin: 0,
  operandsMax: 0,
  operandsText: "",
  run: (_args, io) => {
    io.out(`gocd-mesos ${version} (Deno ${Deno.version.deno}, ${Deno.build.target})`);
    return Promise.resolve(0);
  },
};

// `gocd-mesos version`.

import { sandboxOf } from "../runtime/permissions.ts";
import { version } from "../version.ts";
import { type Command, noOperands } from "./command.ts";
import { printableJson } from "./table.ts";

/** Prints versions. */
export const versionCommand: Command = {
  name: "version",
  summary: "print the version and the embedded permissions",
  help: `Usage: gocd-mesos version [--json]

Prints the version of gocd-mesos and of the Deno runtime inside it. For an executable it also prints the commit it was
built from and, if it was compiled for one configuration, the hosts, files and variables that it is limited to.

Options:
  --json           the same as JSON: version, commit, deno, target, sandbox (on, partial or off), rights

Examples:
  gocd-mesos version
  gocd-mesos version --json
  gocd-mesos --version`,
  booleans: ["json"],
  strings: [],
  operands: noOperands,
  run: ({ flags }, io) => {
    const { commit, rights } = io.build ?? {};
    const { deno } = Deno.version;
    const { target } = Deno.build;
    if (flags["json"] === true) {
      const { mode } = sandboxOf();
      const told = { version, commit: commit ?? null, deno, target, sandbox: mode, rights: rights ?? null };
      io.out(printableJson(JSON.stringify(told)));
      return Promise.resolve(0);
    }
    io.out(`gocd-mesos ${version} (Deno ${deno}, ${target})`);
    if (commit !== undefined) io.out(`commit ${commit}`);
    for (const [kind, values] of Object.entries(rights ?? {})) io.out(`${kind.padEnd(6)} ${values.join(" ")}`);
    return Promise.resolve(0);
  },
};

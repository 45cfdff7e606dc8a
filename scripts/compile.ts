// deno-lint-ignore-file no-console -- scripts talk to the person who runs them
// `deno task compile [--output PATH] [--config framework.conf]`: makes the executable. With a configuration exactly its
// hosts are baked in; without, every host may be reached, and the program says so at its start.

import { parseArgs } from "@std/cli/parse-args";
import { processEnv } from "../src/config/env.ts";
import { hostsOf } from "../src/config/hosts.ts";
import { loadConfig } from "../src/config/load.ts";
import { exitCodes, OperatorError } from "../src/errors.ts";

function netFlag(path: string | undefined): string {
  if (path === undefined) return "--allow-net";
  const hosts = hostsOf(loadConfig(path, processEnv()));
  for (const gap of hosts.gaps) {
    throw new OperatorError(`${path}: ${gap.key}: ${gap.message}`, {
      code: "hosts-unknown",
      kind: "usage",
      hint: gap.hint,
    });
  }
  return `--allow-net=${hosts.net.join(",")}`;
}

async function main(): Promise<number> {
  const flags = parseArgs(Deno.args, { string: ["output", "config"], default: { output: "dist/gocd-mesos" } });
  const root = new URL("..", import.meta.url).pathname;
  try {
    const args = [
      "compile",
      "--quiet",
      `--config=${root}deno.json`,
      "--output",
      String(flags.output),
      // The types are checked by `deno task check`; here that would only fetch type packages.
      "--no-check",
      "--no-prompt",
      netFlag(flags.config === undefined ? undefined : String(flags.config)),
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys=homedir",
      `${root}main.ts`,
    ];
    // DENO_COMPILE: a deno of the version of DENORT_BIN, on machines that cannot fetch the runtime to embed.
    const deno = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
    const { code } = await new Deno.Command(deno, { args, stdout: "inherit", stderr: "inherit" }).output();
    if (code === 0) console.log(`made ${flags.output} with ${args.find((each) => each.startsWith("--allow-net"))}`);
    return code === 0 ? 0 : exitCodes.internal;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    console.error(`compile: ${error.message}`);
    console.error(`  to do: ${error.hint}`);
    return exitCodes[error.kind];
  }
}

if (import.meta.main) Deno.exit(await main());

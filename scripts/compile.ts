// deno-lint-ignore-file no-console -- scripts talk to the person who runs them
// `deno task compile [--output PATH] [--config framework.conf]`: builds the executable. With a configuration, exactly
// its hosts are compiled in; without one, every host is allowed, and the program says so when it starts.

import { parseArgs } from "@std/cli/parse-args";
import { processEnv } from "../src/config/env.ts";
import { flawOf, loadPartially } from "../src/config/load.ts";
import { exitCodes, OperatorError } from "../src/errors.ts";
import { compileFlags } from "./flags.ts";

const usage = `Usage: deno task compile [--output PATH] [--config framework.conf] [--target TRIPLE]

Makes the executable, dist/gocd-mesos by default. With --config it may reach exactly the hosts of that file, and refuses a
file with others. The secrets of the file are not read, and variables that have nothing to do with hosts may be unset.

Examples:
  deno task compile --output /tmp/gocd-mesos
  deno task compile --config framework.conf`;

async function main(): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs(Deno.args, {
    string: ["output", "config", "target"],
    boolean: ["help"],
    unknown: (arg: string) => (unknown.push(arg), false),
  });
  if (flags.help) {
    console.log(usage);
    return 0;
  }
  if (unknown.length > 0) return told(`compile has no option ${unknown.join(" ")}`, "run `deno task compile --help`");
  const root = decodeURIComponent(new URL("..", import.meta.url).pathname);
  // `deno task` runs in the project's folder; paths are meant from where it was called.
  const caller = Deno.env.get("INIT_CWD") ?? Deno.cwd();
  const output = flags.output === undefined || flags.output === "" ? `${root}dist/gocd-mesos` : flags.output;
  Deno.chdir(caller);
  try {
    const hosts = flags.config === undefined ? ["--allow-net"] : hostFlags(flags.config);
    const args = [
      "compile",
      "--quiet",
      `--config=${root}deno.json`,
      "--output",
      output,
      ...(flags.target === undefined ? [] : ["--target", flags.target]),
      // The types are checked by `deno task check`; here that would only fetch type packages.
      "--no-check",
      "--no-prompt",
      ...hosts,
      "--allow-read",
      "--allow-write",
      "--allow-env",
      // Whose a control file or a state may be (src/store/state_path.ts), and the name that Mesos shows
      // (src/runtime/identity.ts).
      "--allow-sys=uid,hostname",
      `${root}main.ts`,
    ];
    // DENO_COMPILE: a deno of the version of DENORT_BIN, on machines that cannot fetch the runtime to embed.
    const deno = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
    const { code } = await new Deno.Command(deno, { args, stdout: "inherit", stderr: "inherit" }).output();
    if (code !== 0) return exitCodes.internal;
    console.log(`made ${output} with ${hosts.join(" ")}`);
    return 0;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return told(error.message, error.hint, exitCodes[error.kind]);
  }
}

function hostFlags(path: string): string[] {
  const part = loadPartially(path, processEnv());
  const hosts = compileFlags(part);
  const flaw = flawOf(part);
  if (flaw !== undefined) console.error(`compile: warning: start would refuse this file: ${flaw}`);
  return hosts;
}

function told(message: string, hint: string, code = exitCodes.usage): number {
  console.error(`compile: ${message}`);
  console.error(`  to do: ${hint}`);
  return code;
}

if (import.meta.main) Deno.exit(await main());

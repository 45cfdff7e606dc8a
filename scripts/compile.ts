// deno-lint-ignore-file no-console -- scripts talk to the person who runs them
// `deno task compile [--output PATH] [--config framework.conf]`: builds the executable. With a configuration, exactly
// its permissions are compiled in; without one, the executable is the sandbox, which gives each run those of its file
// (src/sandbox/main.ts).

import { parseArgs } from "@std/cli/parse-args";
import { type Build, buildArgument } from "../src/cli/build.ts";
import { processEnv } from "../src/config/env.ts";
import { flawOf, loadPartially } from "../src/config/load.ts";
import { exitCodes, OperatorError } from "../src/errors.ts";
import { shippedPackages } from "./compile_packages.ts";
import { compileFlags, heapFlag, namesHost } from "./flags.ts";

const usage = `Usage: deno task compile [--output PATH] [--config framework.conf] [--target TRIPLE]

Makes the executable, dist/gocd-mesos by default. Whatever file it is started with, it can reach only the hosts of that
file. With --config the hosts, files and variables of that file are baked in, and a file that names others is refused;
write the path as it will be where the executable runs: a relative one is meant from the folder that it is started in.
The secrets of the file are not read, but for the hosts of webhooks, and variables that have nothing to do with hosts
may be unset.

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
  const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-compile-" });
  try {
    const { entry, rights, flags: rightsFlags } = flags.config === undefined ? sandbox : baked(flags.config);
    const { importMap, lock } = shippedPackages(root);
    Deno.writeTextFileSync(`${folder}/deno.lock`, lock);
    const commit = await commitOf(root);
    const build = { ...commit === undefined ? {} : { commit }, ...rights === undefined ? {} : { rights } };
    const args = [
      "compile",
      "--quiet",
      "--no-config",
      `--import-map=${importMap}`,
      `--lock=${folder}/deno.lock`,
      "--frozen",
      "--output",
      output,
      ...(flags.target === undefined ? [] : ["--target", flags.target]),
      // The types are checked by `deno task check`; here that would only fetch type packages.
      "--no-check",
      "--no-prompt",
      // It would be in the folder for temporary files, where any user may have put one.
      "--no-code-cache",
      heapFlag,
      ...rightsFlags,
      // Whose a control file or a state may be (src/store/state_path.ts), and the name that Mesos shows
      // (src/runtime/identity.ts).
      "--allow-sys=uid,hostname",
      ...entry.map((file, index) => `${index === 0 ? "" : "--include="}${root}${file}`).reverse(),
      buildArgument(build),
    ];
    // DENO_COMPILE: a deno of the version of DENORT_BIN, on machines that cannot fetch the runtime to embed.
    const deno = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
    const { code } = await new Deno.Command(deno, { args, stdout: "inherit", stderr: "inherit" }).output();
    if (code !== 0) return exitCodes.internal;
    console.log(`made ${output} with ${rightsFlags.join(" ")}`);
    return 0;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return told(error.message, error.hint, exitCodes[error.kind]);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** What is compiled, the first file as the main module. */
interface Compiled {
  readonly entry: readonly string[];
  readonly rights?: Build["rights"];
  readonly flags: readonly string[];
}

/** It can give a Worker no more than it has itself. */
const sandbox: Compiled = {
  entry: ["src/sandbox/main.ts", "src/sandbox/reader.ts", "src/sandbox/program.ts"],
  flags: ["--unstable-worker-options", "--allow-net", "--allow-read", "--allow-write", "--allow-env"],
};

function baked(path: string): Compiled {
  const part = loadPartially(path, processEnv(), namesHost);
  const { rights: { gaps: _, ...rights }, flags } = compileFlags(part);
  const flaw = flawOf(part);
  if (flaw !== undefined) console.error(`compile: warning: start would refuse this file: ${flaw}`);
  return { entry: ["main.ts"], rights: { ...rights }, flags };
}

/** Nothing if this is not a checkout, or there is no git. */
async function commitOf(root: string): Promise<string | undefined> {
  try {
    const git = new Deno.Command("git", { args: ["describe", "--always", "--abbrev=12", "--dirty=+"], cwd: root });
    const { code, stdout } = await git.output();
    return code === 0 ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

function told(message: string, hint: string, code = exitCodes.usage): number {
  console.error(`compile: ${message}`);
  console.error(`  to do: ${hint}`);
  return code;
}

if (import.meta.main) Deno.exit(await main());

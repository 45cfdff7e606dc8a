// deno-lint-ignore-file no-console -- scripts talk to the person who runs them
// `deno task start [framework.conf]`: runs the program with exactly the permissions that the configuration needs.

import { processEnv } from "../src/config/env.ts";
import { loadConfig } from "../src/config/load.ts";
import { exitCodes, OperatorError } from "../src/errors.ts";
import { runFlags } from "./flags.ts";

const usage = `Usage: deno task start [framework.conf]

Runs gocd-mesos with --allow-net for exactly the hosts of the configuration (framework.conf in this folder by default), and
reading and writing only where the configuration and the state lie. A host that the configuration names later, by a reload
or a redirect, is refused: start again then.

Examples:
  deno task start
  deno task start /etc/gocd-mesos/framework.conf`;

async function main(): Promise<number> {
  const [path = "framework.conf", ...more] = Deno.args;
  if (path === "--help" || path === "-h") {
    console.log(usage);
    return 0;
  }
  if (more.length > 0 || path.startsWith("-")) {
    return told(`start takes one configuration file, not ${[path, ...more].join(" ")}`, "run `deno task start --help`");
  }
  // `deno task` runs in the project's folder; paths are meant from where it was called.
  Deno.chdir(Deno.env.get("INIT_CWD") ?? ".");
  try {
    const flags = runFlags(loadConfig(path, processEnv()));
    const config = `--config=${fileOf("../deno.json")}`;
    const code = await fetchPackages(config);
    return code === 0 ? await runChild(["run", "--quiet", config, ...flags], path) : code;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return told(error.message, error.hint, exitCodes[error.kind]);
  }
}

/** The program itself may fetch none (flags.ts). */
async function fetchPackages(config: string): Promise<number> {
  const args = ["cache", "--quiet", config, fileOf("../main.ts")];
  return (await new Deno.Command(Deno.execPath(), { args, stdout: "inherit", stderr: "inherit" }).output()).code;
}

async function runChild(flags: readonly string[], path: string): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...flags, fileOf("../main.ts"), "start", path],
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const pass = (signal: Deno.Signal): void => {
    try {
      child.kill(signal);
    } catch {
      // It has just ended.
    }
  };
  Deno.addSignalListener("SIGTERM", () => pass("SIGTERM"));
  Deno.addSignalListener("SIGHUP", () => pass("SIGHUP"));
  // A terminal sends SIGINT to the child as well, and a second one would end it at once.
  Deno.addSignalListener("SIGINT", () => Deno.stdin.isTerminal() ? undefined : pass("SIGINT"));
  return (await child.status).code;
}

function fileOf(relative: string): string {
  return decodeURIComponent(new URL(relative, import.meta.url).pathname);
}

function told(message: string, hint: string, code = exitCodes.usage): number {
  console.error(`gocd-mesos: ${message}`);
  console.error(`  to do: ${hint}`);
  return code;
}

if (import.meta.main) Deno.exit(await main());

// deno-lint-ignore-file no-console -- scripts talk to the person who runs them
// `deno task start [framework.conf]`: runs the program with no more rights than the configuration needs.
// Not here: which rights those are (src/config/hosts.ts).

import { processEnv } from "../src/config/env.ts";
import { hostsOf } from "../src/config/hosts.ts";
import { loadConfig } from "../src/config/load.ts";
import { exitCodes, OperatorError } from "../src/errors.ts";

/** The flags of `deno run` for one configuration file. Throws ConfigError. */
export function permissionFlags(path: string): string[] {
  const hosts = hostsOf(loadConfig(path, processEnv()));
  const flag = (name: string, values: readonly string[]): string[] =>
    values.length === 0 ? [] : [`--allow-${name}=${values.join(",")}`];
  return [
    "--no-prompt",
    ...flag("net", hosts.net),
    ...flag("read", hosts.read),
    ...flag("write", hosts.write),
    ...flag("env", hosts.env),
    "--allow-sys=homedir",
  ];
}

async function main(): Promise<number> {
  const path = Deno.args[0] ?? "framework.conf";
  try {
    const flags = permissionFlags(path);
    const main = new URL("../main.ts", import.meta.url).pathname;
    const config = new URL("../deno.json", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", `--config=${config}`, ...flags, main, "start", path, ...Deno.args.slice(1)],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    const pass = (signal: Deno.Signal): void => Deno.addSignalListener(signal, () => child.kill(signal));
    pass("SIGTERM");
    pass("SIGHUP");
    // A terminal sends SIGINT to the child as well; this one only has to outlive it.
    Deno.addSignalListener("SIGINT", () => {});
    return (await child.status).code;
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    console.error(`gocd-mesos: ${error.message}`);
    console.error(`  to do: ${error.hint}`);
    return exitCodes[error.kind];
  }
}

if (import.meta.main) Deno.exit(await main());

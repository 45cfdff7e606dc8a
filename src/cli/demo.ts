// `gocd-mesos demo`: the program without any server. The rest is loaded only when the demo runs, so that no other
// command has the simulated servers in memory.

import { OperatorError } from "../errors.ts";
import { type Command, type CommandArguments, noOperands } from "./command.ts";
import type { DemoOptions } from "./demo/run.ts";
import { UsageError } from "./usage.ts";

/** The release that is simulated by default. */
const defaultGocdVersion = "26.1.0";

/** The command. */
export const demoCommand: Command = {
  name: "demo",
  summary: "try it on an embedded cluster, without any server",
  help: `Usage: gocd-mesos demo [options]

Starts a simulated GoCD server and a simulated Mesos master on 127.0.0.1, inside this program, and runs the real
scheduler against them over HTTP. Three waves of jobs arrive; agents are launched, register, build, become idle and
are drained. Among them are a job that no profile serves, an image that cannot be pulled, agents that register as
Pending, a limit, an agent that is not ours, and a run-on-all job. On a terminal it shows a live table, elsewhere one
line per decision; both end with a summary counted by the simulated servers.

Without --exit it keeps running, with a small wave every minute, until Ctrl-C. Meanwhile all other commands can be
tried from another terminal, with the framework.conf that the demo prints when it starts.

Options:
  --exit               end once all agents are drained (about a minute); exit code 1 if not within 90 seconds
  --gocd-version V     the GoCD release to simulate, from 15.2.0 on (${defaultGocdVersion})
  --seed N             vary the course of events (1)
  --listen HOST:PORT   where to serve the status page (127.0.0.1:8090, or a free port if that is taken)
  --plain              lines instead of the table, even on a terminal (as with TERM=dumb)
  --print-config       only print the framework.conf of the demo

Exit codes:
  0  everything went as expected   1  it did not, or not in time   2  invalid options, or no permission to listen

Examples:
  gocd-mesos demo
  gocd-mesos demo --exit --gocd-version 16.1.0
  gocd-mesos demo --print-config > framework.conf`,
  booleans: ["exit", "plain", "print-config"],
  strings: ["gocd-version", "seed", "listen"],
  operands: noOperands,
  run: async ({ flags }, io) => {
    if (flags["print-config"] === true) {
      const { demoConfigText, exampleAddresses } = await import("./demo/config.ts");
      io.out(demoConfigText(exampleAddresses).trimEnd());
      return 0;
    }
    const options = readOptions(flags);
    await checkVersion(options.gocdVersion);
    requireLoopback(options);
    const { runDemo } = await import("./demo/run.ts");
    return await runDemo(options, io);
  },
};

function readOptions(flags: CommandArguments["flags"]): DemoOptions {
  const listen = textFlag(flags, "listen");
  return {
    gocdVersion: textFlag(flags, "gocd-version") ?? defaultGocdVersion,
    seed: checkedSeed(textFlag(flags, "seed") ?? "1"),
    mustDrain: flags["exit"] === true,
    isPlain: flags["plain"] === true,
    ...(listen === undefined ? {} : { listen }),
  };
}

function textFlag(flags: CommandArguments["flags"], name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value.trim() : undefined;
}

async function checkVersion(text: string): Promise<void> {
  const { gocdRules } = await import("../sim/gocd/versions.ts");
  try {
    gocdRules(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(
      `--gocd-version ${text} cannot be simulated`,
      `take a release from 15.2.0 on, such as ${defaultGocdVersion} or 19.8.0`,
    );
  }
}

function checkedSeed(text: string): number {
  const seed = Number(text);
  if (/^\d{1,9}$/.test(text)) return seed;
  throw new UsageError(`--seed ${text} is not a whole number`, "use a number from 0 to 999999999");
}

/** Throws if this process may not listen on loopback, as a binary compiled for the hosts of one file. */
function requireLoopback({ listen }: DemoOptions): void {
  const wanted = ["127.0.0.1", ...(listen === undefined || !listen.includes(":") ? [] : [listen])];
  const denied = wanted.find((host) => !mayListen(host));
  if (denied === undefined) return;
  throw new OperatorError(
    `the demo needs ${denied}, which this program was not allowed to reach when it was compiled or started`,
    {
      code: "host-not-allowed",
      kind: "usage",
      hint: denied === "127.0.0.1"
        ? "run the demo with `deno task demo`, or with a binary compiled without --config"
        : `leave --listen out, or start with --allow-net=127.0.0.1,${denied}`,
    },
  );
}

function mayListen(host: string): boolean {
  try {
    return Deno.permissions.querySync({ name: "net", host }).state === "granted";
  } catch {
    // Not a host at all: the configuration reports it.
    return true;
  }
}

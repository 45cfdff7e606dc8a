// `gocd-mesos simulate`: what a configuration would have done with a trace of demand. The rest is loaded only when it
// runs, so that no other command has the replay in memory.

import { type Parsed, parseDuration, parseInteger, parseMemoryMilli } from "../config/values.ts";
import type { Command, CommandArguments } from "./command.ts";
import type { SimulateOptions } from "./simulate_run.ts";
import { UsageError } from "./usage.ts";

/** The command. */
export const simulateCommand: Command = {
  name: "simulate",
  summary: "replay recorded or typical demand with a configuration: waits and agent-hours, before it is applied",
  help: `Usage: gocd-mesos simulate TRACE [--config a.conf] [--config b.conf] [options]

Replays a trace of demand on virtual time: the real decisions of gocd-mesos, against simple models of the GoCD server
and of Mesos. Prints for each configuration how long jobs waited, what the agents cost, and how often a limit held
agents back. No server is contacted. Without --config it uses the recommended configuration of \`gocd-mesos
example-config\`.

TRACE is a file of \`gocd-mesos record\`, or one of steady, burst, day, flapping, never-register and unserved, or all of
them (all). docs/what-if.md describes traces and what the models leave out.

Options:
  --config FILE    a configuration to try; may be given several times
  --peers          compare with the published policies of other autoscalers, with the limits of the first configuration
  --suggest        search interval, attempts, idle-timeout, min-idle and headroom for the cheapest that keep --p95
  --p95 TIME       the longest acceptable wait of 95 % of the jobs (2 minutes)
  --svg FILE       draw agents, waiting jobs and waits of each configuration
  --json           one JSON object for each trace, times in seconds
  --boot TIME      the time from a launch until the agent has registered (45 seconds)
  --hosts N        Mesos agents of the cluster (40)
  --host-cpus N    processors of each (16)
  --host-mem SIZE  memory of each (64 GB)
  --seed N         the seed of the random choices (1)

Examples:
  gocd-mesos simulate burst
  gocd-mesos simulate monday.jsonl --config framework.conf --config new.conf --svg monday.svg
  gocd-mesos simulate monday.jsonl --config framework.conf --suggest --p95 1m
  gocd-mesos simulate all --peers`,
  booleans: ["peers", "suggest", "json"],
  strings: ["config", "p95", "svg", "boot", "hosts", "host-cpus", "host-mem", "seed"],
  repeatable: ["config"],
  operands: { min: 1, max: 1, text: "one trace" },
  run: async ({ operands: [trace = ""], flags }, io) => {
    const options = optionsOf(trace, flags);
    const { runSimulate } = await import("./simulate_run.ts");
    return runSimulate(options, io);
  },
};

type Flags = CommandArguments["flags"];

function optionsOf(trace: string, flags: Flags): SimulateOptions {
  const svg = flags["svg"];
  const configs = flags["config"];
  const options: SimulateOptions = {
    trace,
    configs: Array.isArray(configs) ? configs.map(String) : [],
    hasPeers: flags["peers"] === true,
    isJson: flags["json"] === true,
    ...(typeof svg === "string" ? { svg } : {}),
    ...(flags["suggest"] === true ? { suggestP95Ms: valueOf(flags, "p95", "2 minutes", parseDuration) } : {}),
    surroundings: {
      bootMs: valueOf(flags, "boot", "45 seconds", parseDuration),
      hosts: valueOf(flags, "hosts", "40", countBetween(1, 10_000)),
      cpus: valueOf(flags, "host-cpus", "16", countBetween(1, 10_000)),
      memMb: valueOf(flags, "host-mem", "64 GB", parseMemoryMilli) / 1_000,
      seed: valueOf(flags, "seed", "1", countBetween(0, 999_999_999)),
    },
  };
  if (flags["p95"] !== undefined && flags["suggest"] !== true) {
    throw new UsageError("--p95 is the limit of --suggest", "add --suggest, or omit --p95");
  }
  if (trace === "all" && svg !== undefined) {
    throw new UsageError("--svg draws one trace, but all are several", "name one of them");
  }
  return options;
}

function valueOf(flags: Flags, name: string, otherwise: string, parse: (text: string) => Parsed<number>): number {
  const given = flags[name];
  const parsed = parse(typeof given === "string" ? given : otherwise);
  if (parsed.ok) return parsed.value;
  throw new UsageError(`--${name}: ${parsed.message}`, parsed.hint);
}

function countBetween(min: number, max: number): (text: string) => Parsed<number> {
  return (text) => {
    const parsed = parseInteger(text);
    if (!parsed.ok || parsed.value >= min && parsed.value <= max) return parsed;
    return { ok: false, message: `${parsed.value} is not between ${min} and ${max}`, hint: "choose another number" };
  };
}

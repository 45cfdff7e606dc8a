// The deterministic simulation on all cores: `deno task sim --seeds N [--from S]`, or `--seed S [--trace]` to replay
// one.

import { parseArgs } from "@std/cli/parse-args";
import { makeScenario, type Weather } from "../tests/world/scenario.ts";
import { type Outcome, play } from "../tests/world/world.ts";
import { openSeeds } from "../tests/world/open_seeds.ts";
import type { SimOrder, SimReport } from "./sim_worker.ts";
import { say, wholeNumber } from "./terminal.ts";

/** Failing seeds shown at most. */
const shownMax = 20;
/** Seeds that a worker plays between two reports. */
const batch = 25;

const args = parseArgs(Deno.args, {
  boolean: ["trace", "calm", "until-broken", "but-open", "help"],
  string: ["seeds", "from", "seed", "workers", "weather"],
});

/** The weather asked for; undefined: that of each seed. */
function weather(): Weather | undefined {
  const word = args["calm"] === true ? "calm" : args["weather"];
  if (word === undefined || word === "calm" || word === "mild" || word === "stormy") return word;
  say(`--weather is calm, mild or stormy, not ${JSON.stringify(word)}`);
  Deno.exit(2);
}

function replayCommand(seed: number): string {
  return `deno task sim --seed ${seed} --trace${weather() === undefined ? "" : ` --weather ${weather()}`}`;
}

function tellFailure({ seed, violation }: Outcome): void {
  if (violation === undefined) return;
  say(`seed ${seed} broke a law after ${(violation.afterMs / 1000).toFixed(0)} s: ${violation.message.slice(0, 600)}`);
  say(`  replay it with: ${replayCommand(seed)}`);
}

function playOne(seed: number): number {
  const trace = args["trace"] === true ? { trace: say } : {};
  const outcome = play(makeScenario(seed, weather()), trace);
  tellFailure(outcome);
  const { lastedMs, steps, launches, builds, crashes } = outcome;
  say(
    `seed ${seed}: ${(lastedMs / 3_600_000).toFixed(2)} simulated hours, ${steps} steps, ${launches} launches, ` +
      `${builds} builds, ${crashes} crashes, ${outcome.violation === undefined ? "all laws held" : "BROKEN"}`,
  );
  return outcome.violation === undefined ? 0 : 1;
}

/** All workers together. */
interface Sum {
  played: number;
  simulatedMs: number;
  launches: number;
  builds: number;
  crashes: number;
  readonly failed: Outcome[];
}

function add(sum: Sum, report: SimReport): void {
  sum.played += report.played;
  sum.simulatedMs += report.simulatedMs;
  sum.launches += report.launches;
  sum.builds += report.builds;
  sum.crashes += report.crashes;
  for (const outcome of report.failed) {
    if (args["but-open"] === true && openSeeds.has(outcome.seed)) {
      say(`seed ${outcome.seed} is open: ${openSeeds.get(outcome.seed)}`);
      continue;
    }
    sum.failed.push(outcome);
    if (sum.failed.length <= shownMax) tellFailure(outcome);
  }
}

async function playMany(from: number, count: number): Promise<number> {
  const workers = Math.max(1, Math.min(wholeNumber("workers", args["workers"], navigator.hardwareConcurrency), count));
  const sum: Sum = { played: 0, simulatedMs: 0, launches: 0, builds: 0, crashes: 0, failed: [] };
  const startedMs = performance.now();
  let next = from;
  let isStopped = false;
  Deno.addSignalListener("SIGINT", () => isStopped = true);
  const takeOrder = (): SimOrder | undefined => {
    if (next >= from + count || isStopped) return undefined;
    if (args["until-broken"] === true && sum.failed.length > 0) return undefined;
    const order: SimOrder = {
      from: next,
      count: Math.min(batch, from + count - next),
      ...(weather() === undefined ? {} : { weather: weather() }),
      untilBroken: args["until-broken"] === true,
    };
    next += order.count;
    return order;
  };
  await Promise.all(Array.from({ length: workers }, () => runWorker(takeOrder, (report) => add(sum, report))));
  const seconds = (performance.now() - startedMs) / 1000;
  const hours = sum.simulatedMs / 3_600_000;
  say(
    `${sum.played} seeds (${from} to ${next - 1}) on ${workers} cores in ${seconds.toFixed(0)} s: ` +
      `${(sum.played / seconds).toFixed(0)} seeds per second, ${hours.toFixed(0)} simulated hours, ` +
      `${(hours / seconds).toFixed(0)} simulated hours per second`,
  );
  say(`${sum.launches} launches, ${sum.builds} builds, ${sum.crashes} crashes, ${sum.failed.length} seeds failed`);
  if (sum.failed.length > shownMax) say(`all failed: ${sum.failed.map((each) => each.seed).join(" ")}`);
  return sum.failed.length === 0 ? 0 : 1;
}

function runWorker(takeOrder: () => SimOrder | undefined, report: (report: SimReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./sim_worker.ts", import.meta.url).href, { type: "module" });
    const give = (): void => {
      const order = takeOrder();
      if (order !== undefined) return worker.postMessage(order);
      worker.terminate();
      resolve();
    };
    worker.onmessage = ({ data }: MessageEvent<SimReport>) => {
      report(data);
      give();
    };
    worker.onerror = (event) => reject(new Error(`a worker has failed: ${event.message}`));
    give();
  });
}

const usage = `Usage: deno task sim --seeds N [--from S] [--workers W] [--weather W] [--until-broken] [--but-open]
       deno task sim --seed S [--trace] [--weather W]

Plays seeded scenarios of the whole program against a modelled Mesos and GoCD on virtual time, and checks every law.
Without --from, fresh seeds are taken. --weather is stormy (all faults), mild (few, and work must go on meanwhile) or
calm (none; --calm for short); without it every third seed is mild, the others are stormy.
--until-broken ends with the first seed that breaks a law. --but-open lets the seeds of tests/world/open_seeds.ts fail.
Control-C ends it after the seeds that are being played, with the figures so far.`;

if (args["help"] === true) {
  say(usage);
} else if (args["seed"] !== undefined) {
  Deno.exit(playOne(wholeNumber("seed", args["seed"], 0)));
} else {
  const fresh = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  Deno.exit(await playMany(wholeNumber("from", args["from"], fresh), wholeNumber("seeds", args["seeds"], 1_000)));
}

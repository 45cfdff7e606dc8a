// `deno task bench:binary`: size, start time, and memory of the executable when idle and under load. A measurement, not
// a test: the goals are shown next to the numbers, and nothing fails because of them.

import { parseArgs } from "@std/cli/parse-args";
import { type Cluster, startCluster } from "./soak.ts";
import type { ClusterOrder } from "./soak_cluster.ts";
import { cpuSecondsOf, peakOf, type Program, residentOf, startProgram } from "./soak_program.ts";
import { say, wholeNumber } from "./terminal.ts";

const usage = `Usage: deno task bench:binary [options]

Compiles the executable (or takes PATH), and an empty program with the same runtime for comparison. Then measures size,
start, and resident memory, on loopback, against a simulated Mesos master and GoCD server.

Options:
  --runs N           starts of which the median counts (7)
  --rest-seconds N   how long it rests before its memory is read (30)
  --load-seconds N   how long it runs under load (90)
  --instances N      agents of the load (1,000)
  --jobs N           waiting jobs of the load (10,000)
  --executable PATH  measures this executable instead of compiling one`;

const megabyte = 1024 * 1024;
const startMsMax = 60_000;

/** One measurement and its goal. */
interface Row {
  readonly what: string;
  readonly figure: string;
  readonly goal: string;
}

async function main(): Promise<number> {
  const given = parseArgs(Deno.args, {
    boolean: ["help"],
    string: ["runs", "rest-seconds", "load-seconds", "instances", "jobs", "executable"],
  });
  if (given.help) {
    say(usage);
    return 0;
  }
  const runs = wholeNumber("runs", given.runs, 7);
  const restMs = wholeNumber("rest-seconds", given["rest-seconds"], 30) * 1000;
  const loadMs = wholeNumber("load-seconds", given["load-seconds"], 90) * 1000;
  const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-bench-" });
  try {
    const ours = given.executable ?? await compiled(folder);
    const empty = await emptyProgram(folder);
    const rows = [
      ...sizes(ours, empty),
      ...await starts({ ours, empty, runs, folder }),
      ...await rest(ours, folder, restMs),
      ...await load(ours, folder, {
        ms: loadMs,
        instances: wholeNumber("instances", given.instances, 1_000),
        jobs: wholeNumber("jobs", given.jobs, 10_000),
      }),
    ];
    say("");
    const width = Math.max(...rows.map(({ what }) => what.length));
    for (const { what, figure, goal } of rows) say(`${what.padEnd(width)}  ${figure.padStart(9)}  ${goal}`.trimEnd());
    return 0;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function compiled(folder: string): Promise<string> {
  const path = `${folder}/gocd-mesos`;
  const script = decodeURIComponent(new URL("./compile.ts", import.meta.url).pathname);
  const config = decodeURIComponent(new URL("../deno.json", import.meta.url).pathname);
  await run(Deno.execPath(), ["run", "-A", "--quiet", `--config=${config}`, script, "--output", path]);
  return path;
}

/** A program that writes one line: what it weighs and takes is the runtime's. */
async function emptyProgram(folder: string): Promise<string> {
  const source = `${folder}/empty.ts`;
  Deno.writeTextFileSync(source, 'console.error("begun");\n');
  const path = `${folder}/empty`;
  const deno = Deno.env.get("DENO_COMPILE") ?? Deno.execPath();
  await run(deno, ["compile", "--quiet", "--no-config", "--no-check", "--output", path, source]);
  return path;
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(command, { args: [...args], stdout: "null" }).output();
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${new TextDecoder().decode(stderr)}`);
}

function sizes(ours: string, empty: string): readonly Row[] {
  const whole = Deno.statSync(ours).size;
  const runtime = Deno.statSync(empty).size;
  return [
    { what: "executable", figure: megabytes(whole), goal: "" },
    { what: "of that ours, beside the runtime", figure: megabytes(whole - runtime), goal: "" },
  ];
}

interface Starts {
  readonly ours: string;
  readonly empty: string;
  readonly runs: number;
  readonly folder: string;
}

/** Runs of both alternate, so that the load of the machine affects both. */
async function starts({ ours, empty, runs, folder }: Starts): Promise<readonly Row[]> {
  const cluster = await startCluster(orderOf(0));
  const runtime: number[] = [];
  const firstLine: number[] = [];
  const subscribed: number[] = [];
  try {
    for (let index = 0; index < runs; index++) {
      const beganMs = performance.now();
      await run(empty, []);
      runtime.push(performance.now() - beganMs);
      const times = await oneStart(ours, cluster, folder);
      firstLine.push(times.firstLineMs);
      subscribed.push(times.subscribedMs);
    }
  } finally {
    await cluster.end();
  }
  const own = medianOf(runtime);
  return [
    { what: "the runtime's own start (an empty program)", figure: milliseconds(own), goal: "" },
    { what: "first log line after that", figure: milliseconds(medianOf(firstLine) - own), goal: "goal: 150 ms" },
    { what: "subscribed, from the start", figure: milliseconds(medianOf(subscribed)), goal: "goal: 1,000 ms" },
  ];
}

async function oneStart(
  executable: string,
  cluster: Cluster,
  folder: string,
): Promise<{ readonly firstLineMs: number; readonly subscribedMs: number }> {
  const beganMs = performance.now();
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error("it did not subscribe in time")), startMsMax);
  const seen = Promise.withResolvers<number>();
  let firstLineMs: number | undefined;
  const onLine = (line: string): void => {
    firstLineMs ??= performance.now() - beganMs;
    if (line.includes("subscribed to the Mesos master")) seen.resolve(performance.now() - beganMs);
  };
  const program = started({ executable, cluster, folder: Deno.makeTempDirSync({ dir: folder }), onLine });
  try {
    const subscribedMs = await Promise.race([seen.promise, limit.promise]);
    return { firstLineMs: firstLineMs ?? subscribedMs, subscribedMs };
  } finally {
    clearTimeout(timer);
    await program.stop();
  }
}

async function rest(executable: string, folder: string, restMs: number): Promise<readonly Row[]> {
  const cluster = await startCluster(orderOf(0));
  const program = started({ executable, cluster, folder: Deno.makeTempDirSync({ dir: folder }) });
  try {
    await sleep(restMs);
    const figure = megabytes(residentOf(program.pid) ?? 0);
    return [{ what: "resident at rest", figure, goal: "goal: 130 MB" }];
  } finally {
    await program.stop();
    await cluster.end();
  }
}

interface Load {
  readonly ms: number;
  readonly instances: number;
  readonly jobs: number;
}

/** With as many agents as the limit allows, and a backlog that never ends; the page is read once a second. */
async function load(executable: string, folder: string, { ms, instances, jobs }: Load): Promise<readonly Row[]> {
  const cluster = await startCluster(orderOf(jobs));
  const program = started({ executable, cluster, instances, folder: Deno.makeTempDirSync({ dir: folder }) });
  const looks: number[] = [];
  try {
    const beganMs = performance.now();
    while (performance.now() - beganMs < ms && !program.isOver()) {
      looks.push(residentOf(program.pid) ?? 0);
      await Promise.all([read(`${program.url}/`), sleep(1_000)]);
    }
    const { running, gocd } = await cluster.figures();
    const cpu = cpuSecondsOf(program.pid) ?? 0;
    const tookMs = performance.now() - beganMs;
    const peak = peakOf(program.pid) ?? Math.max(...looks);
    const under = `under ${running} agents and ${gocd.waiting} waiting jobs`;
    return [
      { what: `resident ${under}, median`, figure: megabytes(medianOf(looks)), goal: "" },
      { what: `resident ${under}, peak`, figure: megabytes(peak), goal: "goal: 220 MB" },
      { what: "processor time for that, of one core", figure: `${(cpu * 100_000 / tookMs).toFixed(1)} %`, goal: "" },
    ];
  } finally {
    await program.stop();
    await cluster.end();
  }
}

async function read(url: string): Promise<void> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await answer.body?.cancel();
  } catch {
    // Not yet there.
  }
}

interface StartOrder {
  readonly executable: string;
  readonly cluster: Cluster;
  readonly folder: string;
  readonly instances?: number;
  readonly onLine?: (line: string) => void;
}

function started({ cluster, folder, ...more }: StartOrder): Program {
  const { mesosPort, gocdUrl } = cluster;
  const fixed = { instances: 1_000, pollSeconds: 10, logPath: undefined, inspect: undefined };
  return startProgram(folder, { ...fixed, ...more, mesosPort, gocdUrl });
}

/** A cluster without losses, with this many waiting jobs. */
function orderOf(jobs: number): ClusterOrder {
  return { jobs, buildMs: 60_000, offers: 500, updatesPerSecond: 0, lossesPerSecond: 0, burstEveryMs: 15_000 };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function megabytes(bytes: number): string {
  return `${(bytes / megabyte).toFixed(1)} MB`;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(0)} ms`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) Deno.exit(await main());

// `deno task soak`: the production program as a separate process against a cluster under load, its figures, and whether
// they keep the promises. Exit codes: 0 all claims hold, 1 some do not, 2 usage.

import { parseArgs } from "@std/cli/parse-args";
import type { ClusterFigures, ClusterOrder, ClusterRequest, ClusterWord } from "./soak_cluster.ts";
import { type Look, type PageAnswers, pages, type SoakFigures, tableOf, verdictsOf } from "./soak_figures.ts";

import { cpuSecondsOf, type Program, queuedSecondsOf, residentOf, startProgram } from "./soak_program.ts";
import { say } from "./terminal.ts";

const usage = `Usage: deno task soak [options]

Runs gocd-mesos on loopback against a Mesos master and a GoCD server under load, and prints what it measured.

Options:
  --minutes N              how long the load lasts (10)
  --instances N            agents that run (1000)
  --jobs N                 jobs that wait at any time (10000)
  --offers N               offers in a burst (5000)
  --updates-per-second N   status updates of tasks (1000)
  --losses-per-second N    agents that are lost and replaced (0.5)
  --poll-seconds N         how often the GoCD server is read (10)
  --correctness-only       what rests on clock and memory is shown, but does not decide
  --json FILE              writes all figures to a file
  --log FILE               keeps the log of the program
  --executable PATH        runs this compiled program instead of main.ts
  --inspect HOST:PORT      lets a profiler look into the program`;

/** The instances must run within this time before the load begins, ms. */
const startMsMax = 180_000;
/** After the load the last updates are acknowledged and offers answered within this, ms. */
const settleMsMax = 30_000;
/** A page that takes longer counts as not answered, ms. */
const answerLimitMs = 10_000;
const buildMs = 60_000;
const burstEveryMs = 15_000;

const numbers = {
  minutes: 10,
  instances: 1_000,
  jobs: 10_000,
  offers: 5_000,
  "updates-per-second": 1_000,
  "losses-per-second": 0.5,
  "poll-seconds": 10,
};

interface Order extends ClusterOrder {
  readonly minutes: number;
  readonly instances: number;
  readonly pollSeconds: number;
  readonly isCorrectnessOnly: boolean;
  readonly jsonPath: string | undefined;
  readonly logPath: string | undefined;
  /** `host:port` of V8's inspector. */
  readonly inspect: string | undefined;
  /** A compiled program instead of main.ts. */
  readonly executable: string | undefined;
}

function orderOf(args: readonly string[]): Order | string {
  const given = parseArgs([...args], {
    boolean: ["correctness-only", "help"],
    string: [...Object.keys(numbers), "json", "log", "inspect", "executable"],
    unknown: () => false,
  });
  if (given["help"] === true) return usage;
  const read: Record<string, number> = { ...numbers };
  for (const name of Object.keys(numbers)) {
    if (given[name] === undefined) continue;
    const number = Number(given[name]);
    if (given[name] === "" || !Number.isFinite(number) || number <= 0) return `--${name} must be a number above 0`;
    read[name] = number;
  }
  const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined;
  return {
    minutes: read["minutes"] ?? 0,
    instances: read["instances"] ?? 0,
    jobs: read["jobs"] ?? 0,
    offers: read["offers"] ?? 0,
    updatesPerSecond: read["updates-per-second"] ?? 0,
    lossesPerSecond: read["losses-per-second"] ?? 0,
    pollSeconds: read["poll-seconds"] ?? 0,
    buildMs,
    burstEveryMs,
    isCorrectnessOnly: given["correctness-only"] === true,
    jsonPath: text(given["json"]),
    logPath: text(given["log"]),
    inspect: text(given["inspect"]),
    executable: text(given["executable"]),
  };
}

/** The worker with both servers, as questions and answers. */
export interface Cluster {
  readonly mesosPort: number;
  readonly gocdUrl: string;
  tell(wish: ClusterRequest): void;
  figures(): Promise<ClusterFigures>;
  end(): Promise<void>;
}

/** Starts the worker. */
export async function startCluster(order: ClusterOrder): Promise<Cluster> {
  const worker = new Worker(new URL("./soak_cluster.ts", import.meta.url).href, { type: "module" });
  const waiting: ((word: ClusterWord) => void)[] = [];
  worker.onmessage = ({ data }: MessageEvent<ClusterWord>) => waiting.shift()?.(data);
  const ask = (what: ClusterRequest | ClusterOrder): Promise<ClusterWord> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      worker.postMessage(what);
    });
  const ready = await ask(order);
  if (ready.kind !== "ready") throw new Error(`the cluster says ${ready.kind} first`);
  return {
    mesosPort: ready.mesosPort,
    gocdUrl: ready.gocdUrl,
    tell: (wish) => worker.postMessage(wish),
    figures: async () => {
      const word = await ask("figures");
      if (word.kind !== "figures") throw new Error(`the cluster says ${word.kind}`);
      return word.figures;
    },
    end: async () => {
      await ask("end");
      worker.terminate();
    },
  };
}

/** Asks for a page again and again until the signal is aborted. */
async function probe(url: string, everyMs: number, answers: PageAnswers, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const startedMs = performance.now();
    const answer = await ask(url + answers.path);
    if (answer === undefined) answers.missing++;
    else answers.tookMs.push(performance.now() - startedMs);
    await sleep(everyMs * (0.5 + Math.random()));
  }
}

async function ask(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerLimitMs) });
    const text = await answer.text();
    return answer.status === 200 ? text : undefined;
  } catch {
    return undefined;
  }
}

async function look(program: Program, atMs: number): Promise<Look> {
  const metrics = await ask(`${program.url}/metrics`) ?? "";
  const depth = (name: string, queue: string): number =>
    Number(metrics.match(new RegExp(`^gocd_mesos_${name}\\{queue="${queue}"\\} (\\d+)$`, "m"))?.[1] ?? 0);
  const residentBytes = residentOf(program.pid) ?? fromMetrics(metrics);
  return {
    atMs,
    ...(residentBytes === undefined ? {} : { residentBytes }),
    inbox: depth("queue_depth", "events"),
    inboxMax: depth("queue_depth_max", "events"),
    calls: depth("queue_depth", "calls"),
    callsMax: depth("queue_depth_max", "calls"),
  };
}

function fromMetrics(metrics: string): number | undefined {
  const bytes = metrics.match(/^process_resident_memory_bytes (\d+)$/m)?.[1];
  return bytes === undefined ? undefined : Number(bytes);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until all instances run and are registered. */
async function untilRunning(program: Program, cluster: Cluster, order: Order): Promise<void> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < startMsMax && !program.isOver()) {
    await sleep(1_000);
    const { running, gocd } = await cluster.figures();
    if (running >= order.instances && gocd.agents >= order.instances) return;
  }
  const { running, gocd } = await cluster.figures();
  throw new Error(
    `only ${running} of ${order.instances} tasks and ${gocd.agents} agents run after ` +
      `${((performance.now() - startedMs) / 1000).toFixed(0)} s; the log ends with\n${program.lastLines.join("\n")}`,
  );
}

/** Lets the load go on, looking once a second; the looks. */
async function underLoad(
  program: Program,
  order: Order,
): Promise<Pick<SoakFigures, "looks" | "answers" | "loadMs">> {
  const looks: Look[] = [];
  const ending = new AbortController();
  const answers = pages.map(({ path }): PageAnswers => ({ path, tookMs: [], missing: 0 }));
  const probing = answers.map((each, index) => probe(program.url, pages[index]?.everyMs ?? 1_000, each, ending.signal));
  const startedMs = performance.now();
  const endMs = order.minutes * 60_000;
  let toldMs = 0;
  for (let atMs = 0; atMs < endMs && !program.isOver(); atMs = performance.now() - startedMs) {
    const seen = await look(program, atMs);
    looks.push(seen);
    if (atMs - toldMs >= 60_000) {
      toldMs = atMs;
      const mb = ((seen.residentBytes ?? 0) / 1024 / 1024).toFixed(0);
      say(`  ${(atMs / 60_000).toFixed(0)} min: ${mb} MB, ${seen.inbox} events and ${seen.calls} calls wait`);
    }
    await sleep(Math.max(0, Math.min(atMs + 1_000, endMs) - (performance.now() - startedMs)));
  }
  const loadMs = performance.now() - startedMs;
  ending.abort();
  await Promise.all(probing);
  return { looks, answers, loadMs };
}

/** Waits until nothing is open any more and all that were lost are replaced. */
async function untilSettled(cluster: Cluster, instances: number): Promise<ClusterFigures> {
  const startedMs = performance.now();
  for (;;) {
    const figures = await cluster.figures();
    const isSettled = figures.unacknowledged === 0 && figures.openOffers === 0 && figures.running >= instances;
    if (isSettled || performance.now() - startedMs > settleMsMax) return figures;
    await sleep(200);
  }
}

async function soak(order: Order, folder: string): Promise<SoakFigures> {
  const cluster = await startCluster(order);
  const program = startProgram(folder, { ...order, mesosPort: cluster.mesosPort, gocdUrl: cluster.gocdUrl });
  try {
    say(`the program is process ${program.pid}, its page ${program.url}`);
    await untilRunning(program, cluster, order);
    say(`${order.instances} instances run; the load begins`);
    const loadBefore = Deno.loadavg()[0] ?? 0;
    const cpuBefore = cpuSecondsOf(program.pid);
    const queuedBefore = queuedSecondsOf(program.pid);
    const logBefore = { ...program.log };
    cluster.tell("forget");
    cluster.tell("busy");
    const seen = await underLoad(program, order);
    cluster.tell("calm");
    const cpuAfter = cpuSecondsOf(program.pid);
    const queuedAfter = queuedSecondsOf(program.pid);
    const log = { lines: program.log.lines - logBefore.lines, bytes: program.log.bytes - logBefore.bytes };
    const figures = await untilSettled(cluster, order.instances);
    const exitCode = await program.stop();
    if (exitCode !== 0) say(`the log ends with\n${program.lastLines.join("\n")}`);
    return {
      minutes: order.minutes,
      order,
      ...seen,
      cluster: figures,
      ...(cpuBefore === undefined || cpuAfter === undefined ? {} : { cpuSeconds: cpuAfter - cpuBefore }),
      ...(queuedBefore === undefined || queuedAfter === undefined ? {} : { queuedSeconds: queuedAfter - queuedBefore }),
      log,
      exitCode,
      loadAverage: [loadBefore, Deno.loadavg()[0] ?? 0],
      cores: navigator.hardwareConcurrency,
    };
  } finally {
    await program.stop();
    await cluster.end();
  }
}

async function main(): Promise<number> {
  const order = orderOf(Deno.args);
  if (typeof order === "string") {
    say(order);
    return order === usage ? 0 : 2;
  }
  const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-soak-" });
  try {
    const figures = await soak(order, folder);
    const verdicts = verdictsOf(figures);
    say("");
    for (const line of tableOf(figures, verdicts)) say(line);
    if (order.jsonPath !== undefined) Deno.writeTextFileSync(order.jsonPath, JSON.stringify({ ...figures, verdicts }));
    const counting = verdicts.filter(({ isOfMachine }) => !(order.isCorrectnessOnly && isOfMachine));
    return counting.every(({ isKept }) => isKept) ? 0 : 1;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());

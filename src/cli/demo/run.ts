// Runs the demo: cluster, configuration, scheduler, page and display, started and stopped in order.

import { exitCodes, messageOf, OperatorError } from "../../errors.ts";
import { type Clock, realClock } from "../../runtime/clock.ts";
import { createFramework, type Framework } from "../../runtime/framework.ts";
import type { Machine } from "../../runtime/machine.ts";
import { openGocd, openMesos, randomNumber, stateOf } from "../../runtime/ports.ts";
import { openRecorder } from "../../runtime/recorder.ts";
import { startStatusServer } from "../../runtime/status_server.ts";
import { type DemoCluster, startDemoCluster } from "../../sim/demo/cluster.ts";
import { gocdRules } from "../../sim/gocd/versions.ts";
import type { Store } from "../../store/store.ts";
import { writeDemoConfig } from "./config.ts";
import { type DemoEnd, Director } from "./director.ts";
import { createDemoDisplay, type DemoDisplay } from "./display.ts";
import { type DemoOutcome, outcomeCode, summaryLines } from "./summary.ts";
import type { CliIo } from "../io.ts";

/** The options of a demo. */
export interface DemoOptions {
  /** A release that the simulated server can be. */
  readonly gocdVersion: string;
  /** Varies the course of events. */
  readonly seed: number;
  /** End once all is drained; otherwise run until a signal. */
  readonly mustDrain: boolean;
  /** Lines instead of the table, even on a terminal. */
  readonly isPlain: boolean;
  /** `host:port` of the status page; absent: 8090 or a free port of 127.0.0.1. */
  readonly listen?: string;
}

/** With --exit, a demo fails after this long: it is documented to take less than 90 seconds. */
const limitMs = 88_000;
/** Between two observations, and two frames. */
const lookMs = 200;

/** The parts of a demo; tests use a faster clock and observe the cluster from outside. */
export interface DemoParts {
  /** Time of the scheduler and of the cluster, and the network between them. */
  readonly clock: Machine;
  /** Creates the cluster. */
  readonly startCluster: typeof startDemoCluster;
}

const realParts: DemoParts = { clock: realClock, startCluster: startDemoCluster };

/** Runs a demo and returns its exit code. Throws OperatorError if it cannot start. */
export async function runDemo(options: DemoOptions, io: CliIo, parts: DemoParts = realParts): Promise<number> {
  const { clock } = parts;
  const nowMs = (): number => clock.nowMs();
  const startedMs = nowMs();
  // A dumb terminal cannot move its cursor.
  const isTable = io.isTerminal && !options.isPlain && io.env["TERM"] !== "dumb";
  const display = createDemoDisplay(io, { startedMs, isTable, nowMs });
  const cluster = parts.startCluster({
    gocdVersion: options.gocdVersion,
    seed: options.seed,
    nowMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    onJob: display.job,
  });
  try {
    const outcome = await withFolder((folder) => runOn(cluster, { options, folder, display, clock, startedMs }, io));
    display.close();
    for (const line of summaryLines(outcome, io.size().columns)) io.out(line);
    return outcomeCode(outcome);
  } finally {
    display.close();
    await cluster.close();
  }
}

interface Setting {
  readonly options: DemoOptions;
  readonly folder: string;
  readonly display: DemoDisplay;
  readonly clock: Machine;
  readonly startedMs: number;
}

/** Runs the real scheduler against the cluster until the demo is over, and collects the outcome. */
async function runOn(cluster: DemoCluster, setting: Setting, io: CliIo): Promise<DemoOutcome> {
  const { options, folder, display, clock, startedMs } = setting;
  const listen = options.listen ?? freeAddress();
  const config = writeDemoConfig(folder, {
    mesosMaster: cluster.mesosMaster,
    gocdUrl: cluster.gocdUrl,
    listen,
    stagingKey: canSetEnvironments(cluster.gocdVersion) ? "outdated" : "right",
  });
  const store = await stateOf(config).open();
  const gocd = openGocd(config, clock);
  const mesos = openMesos(() => config, clock);
  const recorder = openRecorder(config, clock);
  try {
    const framework = await createFramework(config, {
      store,
      gocd,
      mesos,
      clock,
      random: randomNumber,
      ...(recorder === undefined ? {} : { recorder }),
      tell: display.note,
    });
    const status = startStatusServer(config, framework);
    try {
      display.begin({
        gocd: { url: cluster.gocdUrl, version: cluster.gocdVersion },
        mesos: { master: cluster.mesosMaster, version: cluster.mesosVersion },
        // In the trend of an hour a demo is a thin line.
        ...(status.url === undefined ? {} : { pageUrl: `${status.url}?range=15min` }),
        confPath: config.path,
      });
      const director = new Director({
        cluster,
        framework,
        display,
        seed: options.seed,
        mustDrain: options.mustDrain,
        limitMs,
        startedMs,
      });
      const end = await play({ framework, director, display, cluster, clock }, io);
      return await takeStock(end, { cluster, store, director, display, setting });
    } finally {
      await status.close();
    }
  } finally {
    recorder?.close();
    mesos.close();
    gocd.close();
    await store.close();
  }
}

interface Players {
  readonly framework: Framework;
  readonly director: Director;
  readonly display: DemoDisplay;
  readonly cluster: DemoCluster;
  readonly clock: Clock;
}

/** Advances the demo until it is over, a signal arrives, or the scheduler ends. */
async function play({ framework, director, display, cluster, clock }: Players, io: CliIo): Promise<DemoEnd> {
  const stop = new AbortController();
  const interrupted = new AbortController();
  const release = watchSignals(io, display, interrupted);
  let failed: DemoEnd | undefined;
  const running = framework.run(stop.signal).then((how) => {
    if (how.kind !== "stopped") failed = { kind: "failed", message: how.message };
  }, (error) => {
    failed = { kind: "failed", message: messageOf(error) };
  });
  try {
    while (true) {
      const atMs = clock.nowMs();
      const facts = cluster.facts();
      const view = framework.picture().view;
      const end = failed ?? (interrupted.signal.aborted ? { kind: "interrupted" as const } : undefined) ??
        director.look({ atMs, facts, view });
      display.show({ atMs, facts, view, phase: director.phase(atMs) });
      if (end !== undefined) return end;
      await clock.sleep(lookMs, interrupted.signal);
    }
  } finally {
    stop.abort();
    await running;
    release();
  }
}

function watchSignals(io: CliIo, display: DemoDisplay, interrupted: AbortController): () => void {
  const onStop = (): void => {
    if (interrupted.signal.aborted) {
      display.close();
      return io.exitNow(exitCodes.internal);
    }
    interrupted.abort();
  };
  const releases = [io.onSignal("SIGINT", onStop), io.onSignal("SIGTERM", onStop)];
  if (display.isTable()) {
    // Suspending itself would need the permission to run programs: the next Ctrl-Z suspends it, with the terminal
    // restored.
    const release = io.onSignal("SIGTSTP", () => {
      release();
      display.close();
      io.out("the table is closed, and log lines follow; Ctrl-Z again suspends the demo, Ctrl-C ends it");
    });
    releases.push(release);
  }
  return () => releases.forEach((release) => release());
}

/** The data of the summary, read after the scheduler has stopped. */
async function takeStock(
  end: DemoEnd,
  { cluster, store, director, display, setting }: {
    readonly cluster: DemoCluster;
    readonly store: Store;
    readonly director: Director;
    readonly display: DemoDisplay;
    readonly setting: Setting;
  },
): Promise<DemoOutcome> {
  const stored = await store.load();
  const alive = stored.instances.filter((instance) => instance.state !== "gone").length;
  return {
    end,
    mustDrain: setting.options.mustDrain,
    tookMs: setting.clock.nowMs() - setting.startedMs,
    facts: cluster.facts(),
    verdicts: director.verdicts,
    failures: display.failures(),
    reused: display.count("agent-reused"),
    stored: { alive, tombstones: stored.instances.length - alive },
  };
}

/** Agents of version 1 of the API, the only one of 15.2, cannot be put into an environment. */
function canSetEnvironments(gocdVersion: string): boolean {
  return gocdRules(gocdVersion).agentsShapes.some((shape) => shape !== "legacy" && shape !== "v1");
}

/** Runs something with a temporary folder, which is deleted afterwards. */
async function withFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  let folder: string;
  try {
    folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-demo-" });
  } catch (error) {
    throw new OperatorError(
      `the demo cannot make a temporary folder: ${messageOf(error)}`,
      {
        code: "demo-folder",
        kind: "state",
        hint: "set TMPDIR to a writable folder, or run it with `deno task demo`",
        cause: error,
      },
    );
  }
  try {
    return await act(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** The default address of the page, or a free port if that is taken. */
function freeAddress(): string {
  for (const port of [8090, 0]) {
    try {
      using listener = Deno.listen({ hostname: "127.0.0.1", port });
      return `127.0.0.1:${listener.addr.port}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return "127.0.0.1:8090";
}

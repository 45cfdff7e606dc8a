// The cluster inside `gocd-mesos demo`: a simulated GoCD server and a simulated Mesos master on loopback, and the
// agents in the containers.

import { type DemoFacts, type DemoJobFact, factsOf } from "./facts.ts";
import { demoHosts, type DemoJob, demoNames } from "./scenario.ts";
import { type GocdHttp, startGocdHttp } from "../http/gocd.ts";
import { type Listen, socketListen } from "../http/listen.ts";
import { startMesosHttp } from "../http/mesos.ts";
import { gocdPages, mesosPage, withPages } from "./pages.ts";
import { seededRandom } from "../random.ts";
import { createSimGocd, type SimGocd } from "../gocd/sim_gocd.ts";
import { createSimMesos, type SimContainerEvent, type SimMesos } from "../mesos/sim_mesos.ts";

/** The options of a cluster. */
export interface DemoClusterOptions {
  /** A version such as `26.1.0`. Throws RangeError for one that is not modelled. */
  readonly gocdVersion: string;
  /** The same seed gives the same machines, jobs and boot times. */
  readonly seed: number;
  /** Ms since the epoch. */
  readonly nowMs: () => number;
  /** Waits this long, or until the signal is aborted; must not reject. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Loopback sockets by default. */
  readonly listen?: Listen;
  /** Called when a job gets its agent, and when it is built. */
  readonly onJob?: (job: Readonly<DemoJobFact>, what: "assigned" | "built") => void;
}

/** A running cluster. */
export interface DemoCluster {
  /** With the context path. */
  readonly gocdUrl: string;
  /** The simulated version. */
  readonly gocdVersion: string;
  /** `host:port` of the master. */
  readonly mesosMaster: string;
  /** The version that the master reports. */
  readonly mesosVersion: string;
  /** Schedules jobs now. */
  schedule(jobs: readonly DemoJob[]): void;
  /** The counters of the servers up to now. */
  facts(): DemoFacts;
  /** The models behind the servers, for checks. */
  readonly models: { readonly gocd: SimGocd; readonly mesos: SimMesos };
  /** Stops servers and containers; resolves when everything has ended. */
  close(): Promise<void>;
}

/** Sampling interval of the cluster, ms; the precision of the facts. */
const lookMs = 100;
/** How long to wait for clients that do not disconnect, ms. */
const closeMsMax = 5_000;
/** Shortest and longest time from a container's start to its agent's first contact, ms. */
const bootMs: readonly [number, number] = [1_000, 2_000];

/** Starts both servers on free ports of 127.0.0.1. */
export function startDemoCluster(options: DemoClusterOptions): DemoCluster {
  const { nowMs, sleep } = options;
  const open = options.listen ?? socketListen(undefined);
  const random = seededRandom(options.seed);
  const gocd = newGocd(options, random);
  const mesos = createSimMesos({
    random,
    mesosAgents: demoHosts,
    startMs: nowMs(),
    timing: { allocationMs: 500, pullMs: 700, startMs: 300, stopMs: 300 },
    missingImages: [demoNames.missingImage],
  });
  const watch = newWatch(gocd, options);
  const containers = containerLife(gocd, random);
  const mesosListen = withPages(open, mesosPage(mesos));
  const gocdListen = withPages(open, gocdPages(gocd, () => watch.jobs));
  const mesosHttp = startMesosHttp(mesos, { nowMs, sleep, onContainers: containers.follow, listen: mesosListen });
  const gocdHttp = startGocdHttp(gocd, { port: 0, nowMs, listen: gocdListen });
  addStrangers(gocd, { url: gocdHttp.url, nowMs: nowMs() });
  const closing = new AbortController();
  const running = (async (): Promise<void> => {
    while (!closing.signal.aborted) {
      watch.look();
      await sleep(lookMs, closing.signal);
    }
  })();
  return {
    gocdUrl: gocdHttp.url,
    gocdVersion: gocd.version,
    mesosMaster: `127.0.0.1:${mesosHttp.port}`,
    mesosVersion: mesos.version,
    schedule: watch.schedule,
    models: { gocd, mesos },
    facts: (): DemoFacts => {
      watch.look();
      return factsOf({ gocd, mesos }, { jobs: watch.jobs, started: containers.started, stopped: containers.stopped });
    },
    close: async (): Promise<void> => {
      closing.abort();
      await running;
      const limit = new AbortController();
      await Promise.race([closeAll(gocdHttp, mesosHttp), sleep(closeMsMax, limit.signal)]);
      limit.abort();
    },
  };
}

async function closeAll(gocdHttp: GocdHttp, mesosHttp: { close(): Promise<void> }): Promise<void> {
  await Promise.all([gocdHttp.close(), mesosHttp.close()]);
}

function newGocd({ gocdVersion, nowMs }: DemoClusterOptions, random: () => number): SimGocd {
  const { autoRegisterKey, userName, password } = demoNames;
  return createSimGocd({
    version: gocdVersion,
    nowMs: nowMs(),
    random,
    autoRegisterKey,
    security: { kind: "on", users: [{ name: userName, password, admin: true }] },
    environments: [{ name: "staging", origin: "gocd" }],
    // Everything is a little faster than in reality, so that the scenario fits into a minute.
    clocks: {
      registerEveryMs: 1_000,
      pingEveryMs: 1_000,
      askEveryMs: 1_000,
      reloadEveryMs: 500,
      refreshEveryMs: 1_000,
      silenceMs: 10_000,
      prepareMs: 300,
      completeMs: 300,
      assignMs: 100,
    },
  });
}

/** An agent that a person has set up, and a Pending one of unknown origin. */
function addStrangers(gocd: SimGocd, server: { readonly url: string; readonly nowMs: number }): void {
  const { personsAgent, personsUuid, strangersAgent } = demoNames;
  gocd.addAgent({ uuid: personsUuid, hostname: personsAgent, gocdResources: ["mac", "signing"] });
  gocd.agentStarted({
    hostname: strangersAgent,
    env: { "GO_SERVER_URL": server.url, "AGENT_AUTO_REGISTER_KEY": "guessed" },
    uuid: "99999999-8888-4777-8666-555555555555",
    bootDelayMs: 500,
    nowMs: server.nowMs,
  });
}

interface ContainerLife {
  readonly started: ReadonlySet<string>;
  readonly stopped: ReadonlySet<string>;
  follow(events: readonly SimContainerEvent[]): void;
}

/** Starts an agent in each container, and stops it with its container. */
function containerLife(gocd: SimGocd, random: () => number): ContainerLife {
  const started = new Set<string>();
  const stopped = new Set<string>();
  const follow = (event: SimContainerEvent): void => {
    switch (event.kind) {
      case "started": {
        const { hostname: containerName, ipAddress, env, taskId, atMs } = event;
        started.add(taskId);
        const bootDelayMs = Math.round(bootMs[0] + random() * (bootMs[1] - bootMs[0]));
        const uuid = uuidFrom(random);
        gocd.agentStarted({ hostname: taskId, containerName, ipAddress, env, uuid, bootDelayMs, nowMs: atMs });
        return;
      }
      case "stopped":
        stopped.add(event.taskId);
        gocd.agentStopped(event.taskId, event.atMs);
        return;
      default:
        event satisfies never;
    }
  };
  return { started, stopped, follow: (events) => events.forEach(follow) };
}

function uuidFrom(random: () => number): string {
  const digit = (): string => Math.floor(random() * 16).toString(16);
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replaceAll("x", digit);
}

interface Watch {
  readonly jobs: readonly Readonly<DemoJobFact>[];
  schedule(jobs: readonly DemoJob[]): void;
  look(): void;
}

/** Tracks every job from its scheduling to its end. */
function newWatch(gocd: SimGocd, { nowMs, onJob }: DemoClusterOptions): Watch {
  const jobs: DemoJobFact[] = [];
  const open = new Map<string, DemoJobFact>();
  const look = (): void => {
    const atMs = nowMs();
    gocd.advance(atMs);
    const hostnames = new Map(gocd.agents().map((each) => [each.uuid, each.hostname]));
    const active = new Map(gocd.jobs().map((job) => [job.locator, job]));
    for (const [locator, fact] of open) {
      const job = active.get(locator);
      const isBuilt = gocd.tally.completedLocators.has(locator);
      if (fact.assignedMs === undefined && (isBuilt || (job !== undefined && job.state !== "Scheduled"))) {
        fact.assignedMs = atMs;
        const builder = hostnames.get(job?.gocdAgentUuid ?? "");
        if (builder !== undefined) fact.builder = builder;
        onJob?.(fact, "assigned");
      }
      if (!isBuilt) continue;
      fact.builtMs = atMs;
      open.delete(locator);
      onJob?.(fact, "built");
    }
  };
  return {
    jobs,
    schedule: (wave) => {
      look();
      for (const job of wave) {
        const fact: DemoJobFact = { locator: gocd.schedule(job), fate: job.fate, scheduledMs: nowMs() };
        jobs.push(fact);
        open.set(fact.locator, fact);
      }
    },
    look,
  };
}

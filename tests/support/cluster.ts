// Both strict servers with an agent process in each container, and the launches by task id. On free loopback ports and
// scaled real time, or within this process on virtual time.

import { type GocdHttp, startGocdHttp } from "../../src/sim/http/gocd.ts";
import type { Listen } from "../../src/sim/http/listen.ts";
import { type MesosHttp, type MesosWireFaults, startMesosHttp } from "../../src/sim/http/mesos.ts";
import { createSimGocd, type SimGocd, type SimGocdOptions } from "../../src/sim/gocd/sim_gocd.ts";
import {
  createSimMesos,
  seededRandom,
  type SimContainerEvent,
  type SimMesos,
  type SimMesosOptions,
} from "../../src/sim/mesos/sim_mesos.ts";
import { createPortProbe, type PortProbe } from "../../src/mesos/port_probe.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import type { TimeScale } from "./scaled_clock.ts";
import { scaledTime, type TestTime, virtualTime } from "./test_time.ts";
import { type VirtualNetwork, virtualNetwork } from "./virtual_network.ts";

/** The options of a cluster. */
export interface ClusterOptions {
  /** Of the GoCD server; default 26.1.0. */
  readonly version?: string;
  /** Default 1. */
  readonly seed?: number;
  readonly gocd?: Partial<SimGocdOptions>;
  readonly mesos?: Partial<SimMesosOptions>;
  readonly wire?: MesosWireFaults;
  /** Mesos agents also listen. */
  readonly withMesosAgents?: boolean;
  /** From a container's start to its agent's first contact, ms; default 8,000. */
  readonly bootDelayMs?: number;
  /** Called for each request when its response is sent: `GET /go/api/agents`, `ACCEPT`. */
  readonly onRequest?: (what: string) => void;
}

/** The options of a cluster on sockets. */
export interface SocketClusterOptions extends ClusterOptions {
  /** How much faster than real time; default 60. */
  readonly speed?: number;
}

/** The options of an in-process cluster. */
export interface VirtualServersOptions extends ClusterOptions {
  /** One-way latency between the program and a server, ms; default 5. */
  readonly hopMs?: number;
}

/** Login, key and image in the cluster's configuration. */
export const clusterNames = { userName: "scaler", password: "s3cret-pw", key: "right-key", image: "agent:1" } as const;

/** A running cluster. */
export interface Cluster {
  readonly clock: Clock;
  /** Its connections. */
  readonly edges: ClusterEdges;
  readonly gocd: SimGocd;
  readonly mesos: SimMesos;
  readonly gocdHttp: GocdHttp;
  readonly mesosHttp: MesosHttp;
  /** How often a container of a task id has started. */
  readonly launches: ReadonlyMap<string, number>;
  /** Task ids of running containers. */
  readonly running: ReadonlySet<string>;
  /** Advances both models to the current time. */
  advance(): void;
  /** Advances the cluster's time by this much. */
  pass(ms: number): Promise<void>;
  /**
   * Advances time until `isSo` returns true for the advanced models; throws with the text of `describe` if it never
   * does.
   */
  until(isSo: () => boolean, describe: () => string): Promise<void>;
  /** Advances time until a promise is settled, and returns its result. */
  during<T>(promise: Promise<T>): Promise<T>;
  /** The connections of a framework.conf, plus what the test adds. */
  configText(more?: string): string;
  close(): Promise<void>;
}

/** The clock and network for the clients of a cluster. */
export interface ClusterEdges extends Pick<TestTime, "clock" | "setTimer" | "deadline"> {
  /** That of the virtual network; absent: that of the machine. */
  readonly fetch?: typeof fetch;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** A cluster on sockets, accessible from other processes. */
export interface SocketCluster extends Cluster {
  readonly scale: TimeScale;
}

interface Surroundings {
  readonly time: TestTime;
  readonly listen?: Listen;
  readonly fetch?: typeof fetch;
  /** Maximum interval between two updates of the Mesos model, ms. */
  readonly tickMs: number;
  readonly random: () => number;
}

/** Starts both servers on free ports of loopback, on scaled real time. */
export function startCluster(options: SocketClusterOptions = {}): SocketCluster {
  const scale: TimeScale = { speed: options.speed ?? 60, startMs: Date.now() };
  return { ...start(options, { time: scaledTime(scale), tickMs: 100, random: Math.random }), scale };
}

/** An in-process cluster. */
export interface VirtualServers extends Cluster {
  readonly network: VirtualNetwork;
  /** Probes ports of the network. */
  portProbe(): PortProbe;
}

/** Starts both servers in this process: time only passes in `pass`, `until` and `during`. */
export function startVirtualServers(options: VirtualServersOptions = {}): VirtualServers {
  const time = virtualTime();
  const network = virtualNetwork(time, options.hopMs ?? 5);
  const random = seededRandom((options.seed ?? 1) + 1);
  const { listen, fetch } = network;
  const cluster = start(options, { time, listen, fetch, tickMs: 60_000, random });
  return {
    ...cluster,
    network,
    portProbe: () =>
      createPortProbe({
        setTimer: time.setTimer,
        nowMs: time.clock.nowMs,
        begin: network.begin,
        isDirect: () => true,
      }),
    close: () => time.during(cluster.close()),
  };
}

function start(options: ClusterOptions, { time, listen, fetch, tickMs, random: chance }: Surroundings): Cluster {
  const { clock } = time;
  const { nowMs } = clock;
  const random = seededRandom(options.seed ?? 1);
  const mesos = createSimMesos({
    random,
    startMs: nowMs(),
    mesosAgents: ["h1", "h2", "h3"].map((hostname) => ({
      hostname,
      resources: { cpus: 16, mem: 32_768, disk: 100_000 },
    })),
    ...options.mesos,
  });
  const gocd = createSimGocd({
    version: options.version ?? "26.1.0",
    nowMs: nowMs(),
    random,
    autoRegisterKey: clusterNames.key,
    security: { kind: "on", users: [{ name: clusterNames.userName, password: clusterNames.password, admin: true }] },
    ...options.gocd,
  });
  const books = keepBooks(gocd, options.bootDelayMs ?? 8_000);
  const tell = options.onRequest ?? ((): void => {});
  const listening = listen === undefined ? {} : { listen };
  const mesosHttp = startMesosHttp(toldOfMesos(mesos, tell), {
    nowMs,
    sleep: clock.sleep,
    onContainers: books.follow,
    tickMs,
    ...listening,
    ...(options.wire === undefined ? {} : { faults: options.wire }),
    ...(options.withMesosAgents === undefined ? {} : { withMesosAgents: options.withMesosAgents }),
  });
  const closing = new AbortController();
  const gocdHttp = startGocdHttp(toldOfGocd(gocd, tell), {
    port: 0,
    nowMs,
    sleep: (ms) => clock.sleep(ms, closing.signal),
    ...listening,
  });
  const advance = (): void => gocd.advance(nowMs());
  return {
    clock,
    edges: {
      clock,
      setTimer: time.setTimer,
      deadline: time.deadline,
      random: chance,
      ...(fetch === undefined ? {} : { fetch }),
    },
    gocd,
    mesos,
    gocdHttp,
    mesosHttp,
    launches: books.launches,
    running: books.running,
    advance,
    // Actions of a test on the model may be due immediately.
    pass: async (ms) => {
      mesosHttp.poke();
      await time.pass(ms);
      advance();
    },
    until: async (isSo, describe) => {
      mesosHttp.poke();
      await time.until(() => {
        advance();
        return isSo();
      }, describe);
    },
    during: (promise) => time.during(promise),
    configText: (more = "") => configText({ mesosPort: mesosHttp.port, gocdUrl: gocdHttp.url }, more),
    close: async () => {
      closing.abort();
      await Promise.all([gocdHttp.close(), mesosHttp.close()]);
    },
  };
}

function toldOfMesos(model: SimMesos, tell: (what: string) => void): SimMesos {
  const request: SimMesos["request"] = (asked, nowMs) => {
    const answer = model.request(asked, nowMs);
    const { call } = asked;
    tell(typeof call === "object" && call !== null && "type" in call ? String(call.type) : asked.method);
    return answer;
  };
  return new Proxy(model, { get: (target, key) => key === "request" ? request : Reflect.get(target, key) });
}

function toldOfGocd(model: SimGocd, tell: (what: string) => void): SimGocd {
  const handle: SimGocd["handle"] = (asked, nowMs) => {
    const answer = model.handle(asked, nowMs);
    tell(`${asked.method} ${asked.path}`);
    return answer;
  };
  return new Proxy(model, { get: (target, key) => key === "handle" ? handle : Reflect.get(target, key) });
}

interface Books {
  readonly launches: Map<string, number>;
  readonly running: Set<string>;
  follow(events: readonly SimContainerEvent[]): void;
}

function keepBooks(gocd: SimGocd, bootDelayMs: number): Books {
  const launches = new Map<string, number>();
  const running = new Set<string>();
  const hostnames = new Map<string, string>();
  const follow = (event: SimContainerEvent): void => {
    if (event.kind === "started") {
      launches.set(event.taskId, (launches.get(event.taskId) ?? 0) + 1);
      running.add(event.taskId);
      hostnames.set(event.taskId, event.hostname);
      const { hostname, ipAddress, env, atMs } = event;
      const uuid = crypto.randomUUID();
      gocd.agentStarted({ hostname, ipAddress, env, uuid, bootDelayMs, nowMs: Math.max(atMs, gocd.nowMs) });
      return;
    }
    running.delete(event.taskId);
    gocd.agentStopped(hostnames.get(event.taskId) ?? event.taskId, Math.max(event.atMs, gocd.nowMs));
  };
  return { launches, running, follow: (events) => events.forEach(follow) };
}

function configText(at: { readonly mesosPort: number; readonly gocdUrl: string }, more: string): string {
  return `gocd-mesos {
  mesos-master: "127.0.0.1:${at.mesosPort}"
  go-server {
    url: "${at.gocdUrl}", agent-url: "${at.gocdUrl}"
    user-name: "${clusterNames.userName}", password: "${clusterNames.password}"
  }
  go-agent { auto-register-key: "${clusterNames.key}", docker-image: "${clusterNames.image}", mem = 512 MB }
  poller { interval = 5 seconds, attempts = 1, max-interval = 5 seconds }
  scaling { idle-timeout = 30 seconds }
  http.listen = off
  ${more}
}
`;
}

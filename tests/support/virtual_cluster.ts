// The whole program with its real clients of both servers, and both simulated servers, in this process on one virtual
// clock: no socket, no waiting, a day in seconds. Every message to or from Mesos is on its way for `hopMs`; those to and
// from GoCD take no time. Used by tests that need hours to pass.

import { setImmediate } from "node:timers";
import { loadConfig } from "../../src/config/load.ts";
import type { Note } from "../../src/core/note.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { createHttpScheduler } from "../../src/mesos/http_scheduler.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { createFramework, type Framework } from "../../src/runtime/framework.ts";
import { taskEnvironment } from "../../src/runtime/ports.ts";
import { eventRecord, readCall } from "../../src/sim/mesos_wire_text.ts";
import { type VirtualTimers, virtualTimers } from "../../src/sim/mesos_timers.ts";
import { createSimGocd, type SimGocd } from "../../src/sim/sim_gocd.ts";
import {
  createSimMesos,
  seededRandom,
  type SimContainerEvent,
  type SimMesos,
  type SimMesosAgentSpec,
} from "../../src/sim/sim_mesos.ts";
import { createMemoryDisk, openMemoryStore } from "../../src/store/memory_store.ts";
import { simFetch, simUrl } from "./sim_fetch.ts";

/** What a test says about it. */
export interface VirtualClusterOptions {
  readonly mesosAgents: readonly SimMesosAgentSpec[];
  /** Lines of framework.conf within `gocd-mesos`, beside the addresses and names. */
  readonly more?: string;
  /** One way between the program and the master, ms. */
  readonly hopMs: number;
}

/** A running program and its servers. */
export interface VirtualCluster {
  readonly framework: Framework;
  readonly mesos: SimMesos;
  readonly gocd: SimGocd;
  readonly notes: readonly Note[];
  /** Requests that the GoCD server has answered. */
  readonly gocdRequests: () => number;
  nowMs(): number;
  /** Lets time pass; everything that is due happens in its order. */
  pass(ms: number): Promise<void>;
  stop(): Promise<void>;
}

const startMs = 1_700_000_000_000;
const bootDelayMs = 8_000;

interface Scene {
  readonly timers: VirtualTimers;
  readonly mesos: SimMesos;
  readonly gocd: SimGocd;
  readonly streams: Map<number, ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>>;
  readonly hopMs: number;
  nowMs: number;
  agents: number;
  gocdRequests: number;
}

/** Starts it; nothing happens before time passes. */
export async function startVirtualCluster(options: VirtualClusterOptions): Promise<VirtualCluster> {
  const random = seededRandom(11);
  const scene: Scene = {
    timers: virtualTimers(),
    mesos: createSimMesos({ random, startMs, mesosAgents: options.mesosAgents }),
    gocd: createSimGocd({ version: "26.1.0", nowMs: startMs, random, autoRegisterKey: "right-key" }),
    streams: new Map(),
    hopMs: options.hopMs,
    nowMs: startMs,
    agents: 0,
    gocdRequests: 0,
  };
  const clock = clockOf(scene);
  const config = loadConfig("framework.conf", {}, () => configText(options.more ?? ""));
  const mesos = createHttpScheduler({
    connection: { ...config.mesos, masters: "master.test:5050" },
    environmentOf: (launch) => taskEnvironment(config, launch),
    nowMs: clock.nowMs,
    fetch: mesosFetch(scene),
    setTimer: (callback, ms) => {
      const planned = scene.timers.plan(scene.nowMs + ms, callback);
      return () => planned.cancel();
    },
  });
  const gocd = createHttpGocdApi(config.gocd, { nowMs: clock.nowMs, fetch: gocdFetch(scene) });
  const notes: Note[] = [];
  const framework = await createFramework(config, {
    store: openMemoryStore(createMemoryDisk(), { newLineage: () => "abc123" }),
    gocd,
    mesos,
    clock,
    random,
    tell: (note) => void notes.push(note),
  });
  const ending = new AbortController();
  const running = framework.run(ending.signal);
  await quiet();
  return {
    framework,
    mesos: scene.mesos,
    gocd: scene.gocd,
    notes,
    gocdRequests: () => scene.gocdRequests,
    nowMs: clock.nowMs,
    pass: (ms) => pass(scene, ms),
    stop: async () => {
      ending.abort();
      await running;
      mesos.close();
      gocd.close();
    },
  };
}

function configText(more: string): string {
  return `gocd-mesos {
  mesos-master: "master.test:5050"
  go-server { url: "${simUrl}", agent-url: "${simUrl}" }
  go-agent { auto-register-key: "right-key", docker-image: "agent:1", mem = 512 MB }
  http.listen = off
  ${more}
}`;
}

function clockOf(scene: Scene): Clock {
  return {
    nowMs: () => scene.nowMs,
    sleep: (ms, signal) => {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          planned.cancel();
          signal.removeEventListener("abort", wake);
          resolve();
        };
        const planned = scene.timers.plan(scene.nowMs + ms, wake);
        signal.addEventListener("abort", wake, { once: true });
      });
    },
  };
}

/** Resolves when nothing is left to do at this moment: a turn of the event loop comes after all promises. */
function quiet(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

async function pass(scene: Scene, ms: number): Promise<void> {
  const endMs = scene.nowMs + ms;
  while (true) {
    const dueMs = Math.min(scene.timers.nextMs() ?? Infinity, scene.mesos.nextDueMs() ?? Infinity);
    if (dueMs > endMs) break;
    scene.nowMs = Math.max(scene.nowMs, dueMs);
    deliver(scene);
    for (let due = scene.timers.take(scene.nowMs); due !== undefined; due = scene.timers.take(scene.nowMs)) due.run();
    await quiet();
  }
  scene.nowMs = endMs;
}

function deliver(scene: Scene): void {
  const { deliveries, containers } = scene.mesos.advance(scene.nowMs);
  for (const event of containers) containerChanged(scene, event);
  for (const { subscriptionId, events, ended } of deliveries) {
    scene.timers.plan(scene.nowMs + scene.hopMs, () => {
      const stream = scene.streams.get(subscriptionId);
      for (const event of events) stream?.enqueue(new Uint8Array(eventRecord(event, "application/x-protobuf")));
      if (!ended) return;
      scene.streams.delete(subscriptionId);
      stream?.close();
    });
  }
}

function containerChanged(scene: Scene, event: SimContainerEvent): void {
  const nowMs = Math.max(event.atMs, scene.gocd.nowMs);
  if (event.kind === "stopped") return void scene.gocd.agentStopped(event.taskId, nowMs);
  const { hostname, env } = event;
  scene.gocd.agentStarted({ hostname, env, uuid: `agent-${scene.agents++}`, bootDelayMs, nowMs });
}

function gocdFetch(scene: Scene): typeof fetch {
  const ask = simFetch(scene.gocd);
  return (input, init) => {
    scene.gocd.advance(Math.max(scene.nowMs, scene.gocd.nowMs));
    scene.gocdRequests++;
    return ask(input, init);
  };
}

/** The master behind a wire that takes `hopMs` each way. */
function mesosFetch(scene: Scene): typeof fetch {
  const hop = (): Promise<void> => clockOf(scene).sleep(scene.hopMs, new AbortController().signal);
  return async (input, init): Promise<Response> => {
    const request = new Request(input as string, { ...init, signal: null });
    const body = new Uint8Array(await request.arrayBuffer());
    const headers: Record<string, string> = { host: "master.test:5050", ...Object.fromEntries(request.headers) };
    await hop();
    const { pathname } = new URL(request.url);
    // As the HTTP face: the model knows the scheduler's API only.
    if (pathname !== "/api/v1/scheduler") return new Response(null, { status: 404 });
    const call = readCall(body, headers["content-type"] ?? "application/json");
    const asked = { method: request.method, path: pathname, headers, call };
    const answer = scene.mesos.request(asked, scene.nowMs);
    const { status, subscriptionId } = answer;
    const stream = subscriptionId === undefined ? undefined : openStream(scene, subscriptionId, init?.signal);
    await hop();
    init?.signal?.throwIfAborted();
    return new Response(stream ?? (answer.body || null), { status, headers: answer.headers });
  };
}

/** From the answer on, for what comes at once must lie in it; closed when either side hangs up. */
function openStream(
  scene: Scene,
  subscriptionId: number,
  signal: AbortSignal | null | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const hangUp = (): void => {
    if (scene.streams.delete(subscriptionId)) scene.mesos.disconnect(subscriptionId, scene.nowMs);
  };
  signal?.addEventListener("abort", hangUp);
  return new ReadableStream({
    start: (controller): void => void scene.streams.set(subscriptionId, controller),
    cancel: hangUp,
  });
}

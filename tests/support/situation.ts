// A situation of the running program: the core on virtual time, with the program's own client and a simulated GoCD
// server. Mesos events are written by the test.

import { serverAt } from "./addresses.ts";
import type { GocdEffect } from "../../src/core/effect.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { NoteLine } from "../../src/core/words/note_line.ts";
import { GocdError } from "../../src/gocd/api.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../../src/gocd/http_api.ts";
import { createSimGocd, type SimGocd, type SimGocdOptions } from "../../src/sim/gocd/sim_gocd.ts";
import { drive, type Driver, type DriverOptions, second, zeroMs } from "./core.ts";
import { simFetch, simUrl } from "./sim_fetch.ts";
import { connection } from "../gocd/fake_gocd.ts";

/** The options of a situation. */
export interface SituationOptions extends DriverOptions {
  /** Default 26.1.0. */
  readonly version?: string;
  readonly gocd?: Partial<SimGocdOptions>;
  /** Name and password; default: no login. */
  readonly login?: readonly [name: string, password: string];
  /** An intermediary between the program and the server: its own response, or none to pass a request on. */
  readonly between?: (request: Request) => Response | undefined;
}

/** The program and its server, on one clock. */
export interface Situation {
  readonly world: Driver;
  readonly gocd: SimGocd;
  /** All notes so far. */
  readonly notes: readonly NoteLine[];
  /** All effects so far that are not for the GoCD server. */
  readonly effects: readonly Effect[];
  /** Advances time; the server gets the requests of the program. */
  pass(ms: number): Promise<void>;
  /** A person disables an agent. */
  disable(uuid: string): void;
  /** Schedules the job shop/N/build/1/unit, or as specified. */
  schedule(changes?: Partial<Parameters<SimGocd["schedule"]>[0]>): string;
}

/** Starts a situation: subscribed, not polled yet; polls are sent every 10 s. */
export function situation(options: SituationOptions = {}): Situation {
  const { version = "26.1.0", gocd = {}, login, poller, between = () => undefined, ...others } = options;
  const model = createSimGocd({ version, nowMs: zeroMs, autoRegisterKey: "key", ...gocd });
  const world = drive({ ...others, poller: { intervalMs: 10 * second, maxIntervalMs: 10 * second, ...poller } });
  const plain = simFetch(model);
  const fetch: typeof globalThis.fetch = async (input, init) =>
    between(new Request(input, { ...init, signal: null })) ?? await plain(input, {
      ...init,
      headers: {
        ...init?.headers as Record<string, string>,
        ...(login === undefined ? {} : { authorization: `Basic ${btoa(login.join(":"))}` }),
      },
    });
  const api = createHttpGocdApi({ ...connection, url: serverAt(simUrl) }, { fetch, nowMs: () => world.atMs });
  const notes: NoteLine[] = [];
  const effects: Effect[] = [];
  world.subscribe();
  return {
    world,
    gocd: model,
    notes,
    effects,
    async pass(ms): Promise<void> {
      for (const endMs = world.atMs + ms; world.atMs < endMs;) {
        world.wait(second);
        model.advance(world.atMs);
        await carryOut({ world, api, effects });
        notes.push(...world.noted());
      }
    },
    disable: (uuid) =>
      void model.handle({
        method: "PATCH",
        path: `/go/api/agents/${uuid}`,
        headers: { host: "gocd.test", accept: "application/vnd.go.cd+json", "content-type": "application/json" },
        body: JSON.stringify({ "agent_config_state": "Disabled" }),
      }, model.nowMs),
    schedule: (changes = {}) =>
      model.schedule({
        pipeline: "shop",
        stage: "build",
        job: "unit",
        gocdResources: ["linux"],
        durationMs: 3_600_000,
        ...changes,
      }),
  };
}

interface Carrying {
  readonly world: Driver;
  readonly api: HttpGocdApi;
  readonly effects: Effect[];
}

async function carryOut({ world, api, effects }: Carrying): Promise<void> {
  for (const effect of world.taken()) {
    switch (effect.kind) {
      case "poll-gocd":
      case "read-gocd-agents":
      case "enable-gocd-agent":
      case "correct-gocd-agent":
      case "disable-gocd-agents":
      case "delete-gocd-agents":
        world.send(await eventOf(api, effect));
        break;
      default:
        effects.push(effect);
    }
  }
}

async function eventOf(api: HttpGocdApi, effect: GocdEffect): Promise<Event> {
  const { signal } = new AbortController();
  try {
    switch (effect.kind) {
      case "poll-gocd":
        return { kind: "gocd-polled", ...await api.poll(signal, effect), tookMs: 100 };
      case "read-gocd-agents":
        return { kind: "gocd-agents-read", agents: await api.readAgents(signal), tookMs: 100 };
      case "enable-gocd-agent":
      case "correct-gocd-agent":
        await api.enableAgent(effect.uuid, effect.registration, signal);
        break;
      case "disable-gocd-agents":
        await api.disableAgents(effect.agents.map(({ uuid }) => uuid), signal);
        break;
      case "delete-gocd-agents":
        await api.deleteAgents(effect.agents.map(({ uuid }) => uuid), signal);
        break;
      default:
        effect satisfies never;
    }
    return { kind: "gocd-call-done", call: effect };
  } catch (error) {
    if (!(error instanceof GocdError)) throw error;
    const { problem } = error;
    return effect.kind === "poll-gocd" || effect.kind === "read-gocd-agents"
      ? { kind: "gocd-poll-failed", problem }
      : { kind: "gocd-call-failed", call: effect, problem };
  }
}

// Short forms for settings, jobs, agents, offers and statuses, and a driver that runs the core on virtual time and
// checks every frame against the laws of core_laws.ts.

import type { Draft } from "../../src/core/draft.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event, GocdProblem } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { GocdAgent, GocdServerInfo, ScheduledJob } from "../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { NoteLine } from "../../src/core/words/note_line.ts";
import { noteLine } from "../../src/core/words/notes.ts";
import type { Offer } from "../../src/core/placement/offer.ts";
import type { StoredState } from "../../src/core/record.ts";
import type { AgentProfile, PollerSettings, ScalingSettings, Settings } from "../../src/core/settings.ts";
import type { State } from "../../src/core/state.ts";
import { initialState, step } from "../../src/core/step.ts";
import type { TaskStatus } from "../../src/core/session/task_status.ts";
import { jobView } from "../../src/core/view/status_view.ts";
import type { JobView } from "../../src/core/view/view.ts";
import { aProfile, hostOffer, type HostOfferChanges } from "./placement.ts";
import { Laws } from "./core_laws.ts";

/** The start time of all tests. */
export const zeroMs = 1_700_000_000_000;
/** A second and a minute in ms. */
export const second = 1_000;
export const minute = 60_000;

/** Settings given by a test; the rest is as in a configuration without keys, except that attempts are 0. */
export interface SettingsChanges {
  readonly profiles?: readonly AgentProfile[];
  readonly poller?: Partial<PollerSettings>;
  readonly scaling?: Partial<ScalingSettings>;
}

/** One profile `default` with the resource `linux`, role `ci`. */
export const linux: AgentProfile = aProfile({ gocdResources: ["linux"] });

/** Settings with the defaults, except that agents are launched when demand is first seen. */
export function someSettings(changes: SettingsChanges = {}): Settings {
  return {
    frameworkName: "GoCD-Mesos",
    profiles: changes.profiles ?? [linux],
    poller: {
      intervalMs: 2 * minute,
      attempts: 0,
      maxIntervalMs: 2 * minute,
      staleAfterMs: 10 * minute,
      assignGraceMs: 90 * second,
      zombieAfterMs: 60 * minute,
      ignore: [],
      resourcelessJobs: "serve",
      ...changes.poller,
    },
    scaling: {
      maxAgents: 50,
      launchTimeoutMs: 10 * minute,
      drainConfirmMs: 20 * second,
      slowServerLaunchesPerMinute: 10,
      maintenanceLeadMs: 60 * minute,
      ...changes.scaling,
    },
  };
}

/** The job `p/1/s/1/NAME` that requires `linux`. */
export function job(name: string, changes: Partial<ScheduledJob> = {}): ScheduledJob {
  return { locator: `p/1/s/1/${name}`, name, gocdResources: ["linux"], ...changes };
}

/** A number of jobs that require `linux`. */
export function jobs(count: number, changes: Partial<ScheduledJob> = {}): ScheduledJob[] {
  return Array.from({ length: count }, (_, index) => job(`j${index}`, changes));
}

/** An enabled, idle GocdAgent with the resource `linux` in no environment; its uuid is `uuid-HOSTNAME`. */
export function gocdAgent(hostname: string, changes: Partial<GocdAgent> = {}): GocdAgent {
  return {
    uuid: `uuid-${hostname}`,
    hostname,
    configState: "Enabled",
    agentState: "Idle",
    buildState: "Idle",
    gocdResources: ["linux"],
    environments: [],
    elastic: false,
    ...changes,
  };
}

/** The fields of a building GocdAgent. */
export const building: Partial<GocdAgent> = { agentState: "Building", buildState: "Building" };
/** The fields of a GocdAgent in LostContact. */
export const lostContact: Partial<GocdAgent> = { agentState: "LostContact", buildState: "Unknown" };
/** The fields of a GocdAgent that has not pinged since the server's start. */
export const missing: Partial<GocdAgent> = { agentState: "Missing", buildState: "Unknown" };
/** The fields of a Pending GocdAgent. */
export const pending: Partial<GocdAgent> = {
  configState: "Pending",
  agentState: "Unknown",
  buildState: "Unknown",
  gocdResources: [],
};

/** Docker's name for the container of a task, with the right number of digits. */
export function dockerNameOf(taskId: string): string {
  const digits = [...taskId].map((char) => char.charCodeAt(0).toString(16)).join("");
  return digits.slice(-12).padStart(12, "0");
}

/** The Pending record of a task's own agent: it has the name of its container. */
export function ownPending(taskId: string, changes: Partial<GocdAgent> = {}): GocdAgent {
  return gocdAgent(dockerNameOf(taskId), { ...pending, uuid: `uuid-${taskId}`, ...changes });
}

/** A current server. */
export const serverInfo: GocdServerInfo = {
  version: "26.1.0",
  resourceCase: "insensitive",
  slowRegistration: false,
  maintenance: "off",
};

/** A problem of the server. */
export function problem(changes: Partial<GocdProblem> = {}): GocdProblem {
  return { code: "gocd-unreachable", message: "no answer", hint: "look", kind: "unreachable", ...changes };
}

/** An empty store. */
export const emptyStore: StoredState = {
  framework: { lineage: "abc123", nextTaskNumber: 1 },
  instances: [],
  controls: { frozen: false, frozenProfiles: [], mode: "run" },
};

/** The data of a poll; the rest is a normal server. */
export interface Poll {
  readonly jobs?: readonly ScheduledJob[];
  readonly agents?: readonly GocdAgent[];
  readonly server?: Partial<GocdServerInfo>;
  /** Group by pipeline in lower case; absent: none is known. */
  readonly groups?: Readonly<Record<string, string>>;
}

/** A frame with its notes in words. */
export interface Told extends Omit<Frame, "notes"> {
  readonly notes: readonly NoteLine[];
}

/** Drives the core by hand, on virtual time. */
export interface Driver {
  readonly state: State;
  readonly atMs: number;
  /** Returns all effects since the last call of `taken`. */
  taken(): Effect[];
  /** Returns all notes since the last call of `noted`, in words. */
  noted(): NoteLine[];
  /** Sends one event now. */
  send(event: Event): Told;
  /** Advances time with a tick every second, or as specified. */
  wait(ms: number, everyMs?: number): void;
  /** Advances time without a tick, so that the server gets no requests. */
  skip(ms: number): void;
  subscribe(): Told;
  poll(poll?: Poll): Told;
  read(...agents: readonly GocdAgent[]): Told;
  offers(...offers: readonly Offer[]): Told;
  status(taskId: string, state: string, changes?: Partial<TaskStatus>): Told;
  /** The instance of a task id; throws if there is none. */
  instance(taskId: string): AgentInstance;
  /** The verdict on the job `p/1/s/1/NAME`, in words; throws if there is none. */
  verdict(name: string): JobView;
}

/** The options of a driver. */
export interface DriverOptions extends SettingsChanges {
  readonly stored?: StoredState;
  readonly random?: () => number;
  /** Called for each step. */
  readonly onStep?: (step: DriverStep) => void;
}

/** One step of a driver. */
export interface DriverStep {
  readonly before: State;
  readonly after: State;
  readonly event: Event;
  readonly effects: readonly Effect[];
  readonly atMs: number;
}

/** Longer than any response takes. */
const answerWithinMs = 45 * second;

/** A core at the start of the program, not subscribed yet. */
export function drive(options: DriverOptions = {}): Driver {
  const settings = someSettings(options);
  const stored = options.stored ?? emptyStore;
  let state = initialState(stored, settings, zeroMs);
  let atMs = zeroMs;
  let effects: Effect[] = [];
  let notes: NoteLine[] = [];
  let statuses = 0;
  const laws = new Laws(stored, state);
  const send = (event: Event): Told => {
    const timed = { atMs, random: options.random?.() ?? 0.5, event };
    laws.before(state, event);
    const frame = step(state, timed);
    laws.after(frame, timed);
    options.onStep?.({ before: state, after: frame.state, event, effects: frame.effects, atMs });
    state = frame.state;
    effects.push(...frame.effects);
    const lines = frame.notes.map((note) => noteLine(note, atMs));
    notes.push(...lines);
    return { ...frame, notes: lines };
  };
  /** A response arrives within the timeout of the request (30 s by default), otherwise it belongs to another one. */
  const askedMs = (): number => {
    const requestMs = state.server.requestedMs ?? atMs;
    return atMs - requestMs <= answerWithinMs ? requestMs : atMs;
  };
  return {
    get state(): State {
      return state;
    },
    get atMs(): number {
      return atMs;
    },
    taken(): Effect[] {
      const all = effects;
      effects = [];
      return all;
    },
    noted(): NoteLine[] {
      const all = notes;
      notes = [];
      return all;
    },
    send,
    wait(ms, everyMs = second): void {
      const endMs = atMs + ms;
      while (atMs < endMs) {
        atMs = Math.min(endMs, atMs + everyMs);
        send({ kind: "tick" });
      }
    },
    skip(ms): void {
      atMs += ms;
    },
    subscribe: () => send(subscribedEvent),
    poll: ({ jobs = [], agents = [], server = {}, groups } = {}) =>
      send({
        kind: "gocd-polled",
        server: { ...serverInfo, ...server },
        jobs,
        agents,
        findings: [],
        ...(groups === undefined ? {} : { pipelineGroups: new Map(Object.entries(groups)) }),
        agentsRequestedMs: askedMs(),
      }),
    read: (...agents) => send({ kind: "gocd-agents-read", agents, agentsRequestedMs: askedMs() }),
    offers: (...offers) => send({ kind: "offers-received", offers }),
    status(taskId, word, changes = {}): Told {
      statuses++;
      const isRunning = word === "TASK_RUNNING" && changes.uuid === undefined;
      const status = {
        taskId,
        state: word,
        message: "",
        mesosAgentId: "a-h1",
        uuid: `status-${statuses}`,
        ...(isRunning ? { dockerName: dockerNameOf(taskId) } : {}),
        ...changes,
      };
      return send({ kind: "task-status-updated", status });
    },
    instance(taskId): AgentInstance {
      const instance = state.instances.get(taskId);
      if (instance === undefined) throw new Error(`no instance ${taskId}; there are ${[...state.instances.keys()]}`);
      return instance;
    },
    verdict(name): JobView {
      const found = state.demand.jobs.find((each) => each.locator === `p/1/s/1/${name}`);
      if (found === undefined) throw new Error(`no verdict on ${name}`);
      return jobView(found);
    },
  };
}

/** SUBSCRIBED by a normal master. */
export const subscribedEvent: Event = {
  kind: "subscribed",
  frameworkId: "f-1",
  master: "mesos:5050",
  masterVersion: "1.11.0",
};

let offerNumber = 0;

/** An offer of a host with a unique id; it fits four agents of the profile `linux`. */
export function offer(hostname: string, changes: HostOfferChanges = {}): Offer {
  offerNumber++;
  return hostOffer(hostname, { id: `o-${offerNumber}`, ...changes });
}

/** Status fields of a reconciliation by the master. */
export const reconciled: Partial<TaskStatus> = { uuid: "", reason: "REASON_RECONCILIATION" };

/** A driver with one registered idle agent of ours, and its task id. */
export function withIdleAgent(options: DriverOptions = {}): { readonly world: Driver; readonly taskId: string } {
  const world = drive(options);
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const taskId = [...world.state.instances.keys()][0] ?? "";
  world.status(taskId, "TASK_RUNNING");
  world.wait(30 * second);
  world.read(gocdAgent(taskId));
  world.taken();
  world.noted();
  return { world, taskId };
}

/** A driver with one running instance that has not registered. */
export function withRunning(): { readonly world: Driver; readonly taskId: string } {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const taskId = theOne(world.taken(), "accept-offers").launches[0]?.taskId ?? "";
  world.status(taskId, "TASK_RUNNING");
  world.taken();
  return { world, taskId };
}

/** Advances time while the server shows the same agents in every list. */
export function waitWith(world: Driver, ms: number, agents: readonly ReturnType<typeof gocdAgent>[]): void {
  const endMs = world.atMs + ms;
  while (world.atMs < endMs) {
    world.wait(second);
    const { requestedMs, nextPollMs } = world.state.server;
    if (requestedMs === undefined) continue;
    if (nextPollMs <= world.atMs) world.poll({ agents });
    else world.read(...agents);
  }
}

/** Advances time and reads the list every 10 s. */
export function watch(world: Driver, ms: number, ...agents: readonly GocdAgent[]): void {
  for (let passedMs = 0; passedMs < ms; passedMs += 10 * second) {
    world.wait(10 * second);
    world.read(...agents);
    world.wait(second);
  }
}

/** A finished draft with its notes in words. */
export function finished(draft: Draft): Told {
  const frame = draft.finish();
  return { ...frame, notes: frame.notes.map((note) => noteLine(note, draft.atMs)) };
}

/** The notes of a finished draft, in words. */
export function linesOf(draft: Draft): readonly NoteLine[] {
  return finished(draft).notes;
}

/** The server confirms each DELETE since the last call of `taken`; returns all effects since then. */
export function confirmDeletes(world: Driver): readonly Effect[] {
  const taken = world.taken();
  for (const call of only(taken, "delete-gocd-agents")) world.send({ kind: "gocd-call-done", call });
  return taken;
}

/** The kinds of effects, in order. */
export function kinds(effects: readonly Effect[]): string[] {
  return effects.map((effect) => effect.kind);
}

/** Effects of one kind. */
export function only<K extends Effect["kind"]>(
  effects: readonly Effect[],
  kind: K,
): Extract<Effect, { readonly kind: K }>[] {
  return effects.filter((effect): effect is Extract<Effect, { readonly kind: K }> => effect.kind === kind);
}

/** The only effect of a kind; throws if there is none or more than one. */
export function theOne<K extends Effect["kind"]>(
  effects: readonly Effect[],
  kind: K,
): Extract<Effect, { readonly kind: K }> {
  const [first, ...others] = only(effects, kind);
  if (first === undefined || others.length > 0) throw new Error(`not one ${kind} in ${kinds(effects).join(", ")}`);
  return first;
}

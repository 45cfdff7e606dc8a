// The whole program around given ports: engine, supervisor, ticks.

import type { Config } from "../config/config.ts";
import { windowReader } from "../config/cron.ts";
import type { Event, Finding, OperatorEvent } from "../core/event.ts";
import type { Note } from "../core/note.ts";
import { mayRetire } from "../core/life/retire.ts";
import { profileOf } from "../core/profile_of.ts";
import type { HistoryReader } from "../core/view/history.ts";
import type { Picture } from "../core/view/picture.ts";
import { problemsNow } from "../core/view/problems_now.ts";
import type { StatusView } from "../core/view/view.ts";
import type { GocdApi } from "../gocd/api.ts";
import { type FrameworkIdentity, type MesosApi, MesosError } from "../mesos/api.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import { Engine, type NoteSink } from "./engine.ts";
import { frameworkIdentity } from "./identity.ts";
import { connectionFailed, withoutNews } from "./connection_notes.ts";
import { watchFirstRegistration } from "./first_registration.ts";
import { Observations } from "./observations.ts";
import { tornDownBefore } from "../core/words/ends.ts";
import type { Recorder } from "./recorder.ts";
import { createPerformer, type Performer, type PerformOptions } from "./perform.ts";
import { Supervisor } from "./supervisor.ts";

/** The interval of the core's ticks. */
const tickMs = 500;
/** Interval of samples of the recorder. */
const lookMs = 1_000;
/** How often the problems are updated. */
const problemsMs = 5_000;
/** A command gets its response within this, whatever the engine and the store are doing. */
const askMs = 8_000;
/** How long calls in flight may take to finish when the program stops. */
const settleMs = 2_000;

/** The parties that the program connects. */
export interface FrameworkPorts {
  readonly store: Store;
  readonly gocd: GocdApi;
  readonly mesos: MesosApi;
  readonly clock: Clock;
  /** Other instances share the state: after a teardown none registers a framework until the operator resumes. */
  readonly isShared?: true;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Passes a note to the log and other consumers. */
  readonly tell: NoteSink;
  /** Records the history; the caller closes it. Absent: nothing is recorded. */
  readonly recorder?: Recorder;
}

/** Why a command is not accepted. */
export interface Refusal {
  /** Stable: `profile-unknown`, `agent-unknown`, `standby` if another instance leads, or `not-done` if it failed. */
  readonly code: "profile-unknown" | "agent-unknown" | "standby" | "not-done";
  readonly message: string;
  /** The operator's next step. */
  readonly hint: string;
}

/** How a run ended. */
export type FrameworkEnd =
  /** As requested: agents keep running and are taken over at the next start. */
  | { readonly kind: "stopped" }
  | { readonly kind: "superseded"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string; readonly hint?: string }
  | { readonly kind: "torn-down"; readonly message: string };

/** The interface of the running program for the page, signals and the command line. */
export interface Framework {
  /** The history; absent: none. */
  readonly history?: HistoryReader;
  /** The current picture. */
  picture(): Picture;
  /** Executes an operator's command; returns nothing once it is stored and active, otherwise why it failed. */
  command(event: OperatorEvent): Promise<Refusal | undefined>;
  /** Applies another configuration; identity changes reach Mesos at the next subscription. */
  reload(config: Config): void;
  /** Passes a note to all consumers. */
  tell(note: Note): void;
  /**
   * Runs until the signal is aborted or the program must end; `commands` are handled before anything else.
   * The store is left open. Throws what a part of it throws (a bug), after the other parts have ended. Call it once.
   */
  run(signal: AbortSignal, commands?: readonly OperatorEvent[]): Promise<FrameworkEnd>;
}

/** A framework with its core, for tests. */
export type OpenFramework = Framework & { readonly engine: Engine };

/**
 * Loads the state and connects everything. Throws what the store throws. `observations`: those of the run so far, if
 * this framework is not the first one.
 */
export async function createFramework(
  config: Config,
  ports: FrameworkPorts,
  observations: Observations = new Observations(ports.recorder),
): Promise<OpenFramework> {
  const configured = keepConfig(config);
  const ending = createEnding();
  const post = (event: Event): void => engine.post(event);
  const mesos = watchFirstRegistration({
    ...ports,
    config: configured.config,
    state: () => engine.state,
    refuse: (message, hint) => ending.finish({ kind: "refused", message, hint }),
  });
  const supervisor = new Supervisor({
    ...ports,
    mesos,
    identity: configured.identity,
    frameworkId: () => engine.state.framework.frameworkId,
    post,
    room: (event, signal) => {
      observeBacklog();
      return engine.room(event, signal);
    },
    onFailed: (error, outage) => subscriptionFailed(engine, observations, { error, outage }),
    onSteady: (master) => engine.tell({ kind: "mesos-steady", master }),
  });
  const performer = createPerformer({
    gocd: ports.gocd,
    session: () => supervisor.session(),
    readStderr: ports.mesos.readStderr,
    post,
    signal: ending.signal,
    observations,
    nowMs: ports.clock.nowMs,
    ...endingsOf(ending, supervisor),
  });
  const engine = await Engine.create({
    ...ports,
    settings: config.settings,
    perform: (effect) => performer.perform(effect),
    stepped: observations.steps((state) => ports.recorder?.stepped(state)),
    tell: (note, atMs) => {
      observations.told(note, atMs);
      ports.tell(supervisor.isUnsteady() ? withoutNews(note) : note, atMs);
    },
  });
  const observeBacklog = (): void => observations.waiting("events", engine.backlog + supervisor.waiting());
  const reload = (next: Config): void => {
    // Mesos applies a changed name, role, filter or capability at the next SUBSCRIBE with the same id.
    if (configured.replace(next)) supervisor.endSession("the configuration has changed", 0);
    post({ kind: "settings-changed", settings: next.settings });
  };
  const picture = (): Picture => {
    observeBacklog();
    return observations.picture(viewOf(engine, ports));
  };
  return { reload, picture, ...actsOf({ engine, ports, supervisor, performer, ending, observations, picture }) };
}

/** The parts of a framework. */
interface Parts {
  readonly engine: Engine;
  readonly ports: FrameworkPorts;
  readonly supervisor: Supervisor;
  readonly performer: Performer;
  readonly ending: Ending;
  readonly observations: Observations;
  readonly picture: () => Picture;
}

function actsOf(parts: Parts): Pick<OpenFramework, "history" | "engine" | "command" | "tell" | "run"> {
  const { engine, ports } = parts;
  return {
    ...(ports.recorder === undefined ? {} : { history: ports.recorder.reader }),
    engine,
    command: async (event) =>
      unknownProfile(engine, event) ?? unknownAgent(engine, event) ?? await askEngine(engine, event, ports.clock),
    tell: (note) => engine.tell(note),
    run: (signal, commands = []) => {
      for (const command of commands) engine.post(command);
      return runAll(parts, signal);
    },
  };
}

async function runAll(parts: Parts, signal: AbortSignal): Promise<FrameworkEnd> {
  const { engine, ports, supervisor, performer, ending, observations } = parts;
  const { clock } = ports;
  if (signal.aborted) ending.stop();
  signal.addEventListener("abort", ending.stop, { once: true });
  const registering = untilResumed(engine, ports, ending.signal).then(() => supervisor.run(ending.signal));
  const ticking = pulse((event) => engine.post(event), { engine, clock, observations }, ending.signal);
  const looking = look(parts, ending.signal);
  const watching = watchLives(parts, ending.signal);
  const recording = record(parts, ending.signal);
  const all = [engine.run(ending.signal), registering, ticking, looking, watching, recording];
  // A failing part ends the others: half a program would lose track of its agents.
  await Promise.all(all.map((part) => part.catch(ending.fail)));
  signal.removeEventListener("abort", ending.stop);
  await settle(performer, clock);
  return ending.outcome();
}

/** The active configuration, and our identity from it. */
interface KeptConfig {
  readonly config: () => Config;
  readonly identity: () => FrameworkIdentity;
  /** Replaces it; returns whether the identity has changed. */
  replace(next: Config): boolean;
}

function keepConfig(first: Config): KeptConfig {
  let config = first;
  const identity = (): FrameworkIdentity => frameworkIdentity(config);
  return {
    config: () => config,
    identity,
    replace: (next) => {
      const before = JSON.stringify(identity());
      config = next;
      return JSON.stringify(identity()) !== before;
    },
  };
}

/** Effects of the core that end the program or the session. */
function endingsOf(
  ending: Ending,
  supervisor: Supervisor,
): Pick<PerformOptions, "stepDown" | "endSession" | "leave" | "exit" | "fail"> {
  return {
    stepDown: (message) => ending.finish({ kind: "superseded", message }),
    endSession: (message, retryMs) => {
      supervisor.endSession(message, retryMs);
      if (retryMs === undefined) ending.finish({ kind: "refused", message });
    },
    leave: () => supervisor.leave(),
    exit: (message) => ending.finish({ kind: "torn-down", message }),
    fail: ending.fail,
  };
}

function subscriptionFailed(
  engine: Engine,
  observations: Observations,
  { error, outage }: { readonly error: Error; readonly outage: number },
): void {
  observations.failed("mesos", "subscribe", error instanceof MesosError ? error.code : "mesos-error");
  if (!isEndOfTeardown(engine.state, error)) engine.tell(connectionFailed(error, outage));
}

/** The master ends the stream of a framework that it removes, often before it answers TEARDOWN. */
function isEndOfTeardown({ controls, tearDownRequestedMs }: Engine["state"], error: Error): boolean {
  return controls.mode === "teardown" && tearDownRequestedMs !== undefined && error instanceof MesosError &&
    (error.reason === "stream-broken" || error.reason === "stream-unreadable");
}

function unknownProfile({ state: { settings } }: Engine, event: OperatorEvent): Refusal | undefined {
  const name = "profile" in event ? event.profile : undefined;
  if (name === undefined || profileOf(settings, name) !== undefined) return undefined;
  const names = settings.profiles.map((each) => each.name).join(", ");
  return { code: "profile-unknown", message: `there is no profile ${name}`, hint: `name one of: ${names}` };
}

function unknownAgent({ state: { instances } }: Engine, event: OperatorEvent): Refusal | undefined {
  if (event.kind !== "agent-drain-requested") return undefined;
  const instance = instances.get(event.taskId);
  if (instance !== undefined && mayRetire(instance)) return undefined;
  const hint = "name an agent by its task id, as `gocd-mesos agents` and the page list them";
  const message = instance === undefined
    ? `there is no agent ${event.taskId}`
    : `${event.taskId} has ended, or is about to`;
  return { code: "agent-unknown", message, hint };
}

async function askEngine(engine: Engine, event: Event, clock: Clock): Promise<Refusal | undefined> {
  const limit = new AbortController();
  const late = `it was not handled within ${askMs / 1000} s, and may still be`;
  const problem = await Promise.race([engine.ask(event), clock.sleep(askMs, limit.signal).then(() => late)]);
  limit.abort();
  if (problem === undefined) return undefined;
  return {
    code: "not-done",
    message: `not done: ${problem}`,
    hint: "see the log; repeat the command once that is fixed",
  };
}

/** Waits for calls in flight, up to their limit. */
async function settle(performer: Performer, clock: Clock): Promise<void> {
  const limit = new AbortController();
  await Promise.race([performer.settled(), clock.sleep(settleMs, limit.signal)]);
  limit.abort();
}

interface Ending {
  /** Aborted when the program ends, for whatever reason. */
  readonly signal: AbortSignal;
  stop(): void;
  finish(how: FrameworkEnd): void;
  fail(error: unknown): void;
  /** How it ended; throws what a part threw. The first reason counts. */
  outcome(): FrameworkEnd;
}

function createEnding(): Ending {
  const ending = new AbortController();
  let outcome = (): FrameworkEnd => ({ kind: "stopped" });
  const end = (how: () => FrameworkEnd): void => {
    if (ending.signal.aborted) return;
    outcome = how;
    ending.abort();
  };
  return {
    signal: ending.signal,
    stop: () => end(outcome),
    finish: (how) => end(() => how),
    fail: (error) =>
      end(() => {
        throw error;
      }),
    outcome: () => outcome(),
  };
}

/** The view of the core; for a leader that waits for the operator, marked as such. */
function viewOf(engine: Engine, ports: Pick<FrameworkPorts, "isShared">): StatusView {
  const view = engine.view();
  const waiting = waitingForOperator(engine, ports);
  return waiting.length === 0 ? view : { ...view, tornDown: true, problems: [...waiting, ...view.problems] };
}

function waitingForOperator(engine: Engine, { isShared }: Pick<FrameworkPorts, "isShared">): readonly Finding[] {
  if (isShared !== true || engine.state.controls.tornDown !== true) return [];
  const { text: message, hint } = tornDownBefore;
  return [{ code: "torn-down-before", message, hint }];
}

/** Waits if another instance has torn down the framework: only the operator knows whether there should be a new one. */
async function untilResumed(
  engine: Engine,
  { clock, isShared }: Pick<FrameworkPorts, "clock" | "isShared">,
  signal: AbortSignal,
): Promise<void> {
  if (isShared !== true || engine.state.controls.tornDown !== true) return;
  engine.tell({ kind: "torn-down-before" });
  while (engine.state.controls.tornDown === true && !signal.aborted) await clock.sleep(tickMs, signal);
}

/** Periodically passes the state to the recorder. */
async function record(
  { engine, ports: { clock, recorder }, picture }: Pick<Parts, "engine" | "ports" | "picture">,
  signal: AbortSignal,
): Promise<void> {
  while (recorder !== undefined && !signal.aborted) {
    recorder.look({ state: engine.state, view: () => picture().view, tell: (note) => engine.tell(note) });
    await clock.sleep(lookMs, signal);
  }
}

/** Periodically derives the problems, so that their start is known even if the page is not open. */
async function look({ engine, ports, observations }: Parts, signal: AbortSignal): Promise<void> {
  const { clock } = ports;
  while (!signal.aborted) {
    const nowMs = clock.nowMs();
    observations.found([...waitingForOperator(engine, ports), ...problemsNow(engine.state, nowMs)], nowMs);
    await clock.sleep(problemsMs, signal);
  }
}

/** Samples our instances at each tick of the core. */
async function watchLives(
  { engine, ports: { clock }, observations }: Parts,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    observations.lived(engine.state.instances, clock.nowMs());
    await clock.sleep(tickMs, signal);
  }
}

async function pulse(
  post: (event: Event) => void,
  { engine, clock, observations }: {
    readonly engine: Engine;
    readonly clock: Clock;
    readonly observations: Observations;
  },
  signal: AbortSignal,
): Promise<void> {
  const windowsNow = windowReader();
  while (!signal.aborted) {
    const windows = windowsNow(engine.state.settings, clock.nowMs());
    post({ kind: "tick", ...(windows === undefined ? {} : { windows }) });
    const dueMs = clock.nowMs() + tickMs;
    await clock.sleep(tickMs, signal);
    if (!signal.aborted) observations.lagged(Math.max(0, clock.nowMs() - dueMs));
  }
}

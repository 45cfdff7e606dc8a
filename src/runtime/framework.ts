// The whole program around given ports: engine, supervisor, ticks. Not here: making the ports (ports.ts), the process (cli/).
// Called by cli/start.ts with real servers, by cli/demo.ts and by tests with simulated ones.

import type { Config } from "../config/config.ts";
import type { Event } from "../core/event.ts";
import type { Note } from "../core/note.ts";
import type { GocdApi } from "../gocd/api.ts";
import type { FrameworkIdentity, MesosApi } from "../mesos/api.ts";
import type { Store } from "../store/store.ts";
import { CallCounts } from "./call_counts.ts";
import type { Clock } from "./clock.ts";
import { Engine } from "./engine.ts";
import { frameworkIdentity } from "./identity.ts";
import { createPerformer } from "./perform.ts";
import { createSupervisor } from "./supervisor.ts";

/** The pulse of the core's clocks. */
const tickMs = 500;
/** Calls under way get this long to end when the program stops. */
const settleMs = 2_000;

/** The parties that the program connects. */
export interface FrameworkPorts {
  readonly store: Store;
  readonly gocd: GocdApi;
  readonly mesos: MesosApi;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Tells a note to the log. */
  readonly tell: (note: Note, atMs: number) => void;
}

/** How a run has ended. */
export type FrameworkEnd =
  /** Asked to: agents go on running and are taken over at the next start. */
  | { readonly kind: "stopped" }
  | { readonly kind: "superseded"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "torn-down"; readonly message: string };

/** A running program. */
export interface Framework {
  readonly engine: Engine;
  readonly calls: CallCounts;
  /** Puts another configuration in force; identity changes reach Mesos at the next subscription. */
  reload(config: Config): void;
  post(event: Event): void;
  /** Tells something to the log. */
  tell(note: Note): void;
  /**
   * Runs until the signal is aborted or the program must end by itself. The store is left open. Throws what a part of it
   * throws, a fault of ours, after the other parts have ended. To be called once.
   */
  run(signal: AbortSignal): Promise<FrameworkEnd>;
}

/** Loads the state and connects everything. Throws what the store throws. */
export async function createFramework(config: Config, ports: FrameworkPorts): Promise<Framework> {
  let current = config;
  const { clock, random } = ports;
  const calls = new CallCounts();
  const ending = new AbortController();
  let end: FrameworkEnd = { kind: "stopped" };
  const finish = (how: FrameworkEnd): void => {
    if (end.kind === "stopped") end = how;
    ending.abort();
  };
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    ending.abort();
  };
  const post = (event: Event): void => engine.post(event);
  const identity = (): FrameworkIdentity => frameworkIdentity(current);
  const supervisor = createSupervisor({
    mesos: ports.mesos,
    identity,
    frameworkId: () => engine.state.framework.frameworkId,
    post,
    clock,
    random,
    tell: (error, retryMs, tries) => ports.tell(connectionNote(error, retryMs, tries), clock.nowMs()),
  });
  const performer = createPerformer({
    gocd: ports.gocd,
    session: supervisor.session,
    post,
    signal: ending.signal,
    count: (call, outcome, ms) => calls.count(call, outcome, ms),
    nowMs: () => clock.nowMs(),
    stepDown: (message) => finish({ kind: "superseded", message }),
    endSession: (message, retryMs) => {
      supervisor.endSession(message, retryMs);
      if (retryMs === undefined) finish({ kind: "refused", message });
    },
    exit: (message) => finish({ kind: "torn-down", message }),
    fail,
  });
  const engine = await Engine.create({
    store: ports.store,
    settings: config.settings,
    clock,
    random,
    perform: (effect) => performer.perform(effect),
    tell: ports.tell,
  });
  return {
    engine,
    calls,
    post,
    tell: (note) => ports.tell(note, clock.nowMs()),
    reload: (config) => {
      const before = JSON.stringify(identity());
      current = config;
      // Mesos applies a changed name, role, filter or capability at the next SUBSCRIBE with the same id.
      if (JSON.stringify(identity()) !== before) supervisor.endSession("the configuration of the framework has changed", 0);
      post({ kind: "settings-changed", settings: config.settings });
    },
    run: async (signal) => {
      const stop = (): void => ending.abort();
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop, { once: true });
      const parts = [engine.run(ending.signal), supervisor.run(ending.signal), pulse(post, clock, ending.signal)];
      // One part that fails ends the others: half a program would watch its agents go astray.
      await Promise.all(parts.map((part) => part.catch(fail)));
      signal.removeEventListener("abort", stop);
      const limit = new AbortController();
      await Promise.race([performer.settled(), clock.sleep(settleMs, limit.signal)]);
      limit.abort();
      if (failure !== undefined) throw failure.error;
      return end;
    },
  };
}

async function pulse(post: (event: Event) => void, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    post({ kind: "tick" });
    await clock.sleep(tickMs, signal);
  }
}

function connectionNote(error: Error, retryMs: number, tries: number): Note {
  const hint = "hint" in error && typeof error.hint === "string" ? error.hint : undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : "mesos-error";
  return {
    level: "error",
    code,
    text: `${error.message}${tries <= 1 ? `; connecting again in ${Math.max(1, Math.round(retryMs / 1000))} s` : ""}`,
    ...(hint === undefined ? {} : { hint }),
    fields: { tries },
    onceKey: `mesos ${code} ${tries <= 1 ? "first" : "repeated"}`,
  };
}

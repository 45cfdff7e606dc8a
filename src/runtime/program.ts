// What runs: one framework on a state file, or one of several instances that share a state in ZooKeeper. The page and
// the signals know only this.

import type { Config } from "../config/config.ts";
import type { Event, OperatorEvent } from "../core/event.ts";
import type { Note } from "../core/note.ts";
import type { NoteView, StatusView } from "../core/view/view.ts";
import type { QueueDepths } from "../web/metrics.ts";
import type { CallCounts } from "./call_counts.ts";
import { createFramework, type Framework, type FrameworkEnd, type FrameworkPorts, type Refusal } from "./framework.ts";
import { openStore } from "./ports.ts";

/** The parties of a program; its store is part of its configuration. */
export type ProgramPorts = Omit<FrameworkPorts, "store">;

/** A program that can be run. */
export interface Program {
  /** The picture for people. */
  view(): StatusView;
  /** What it told, newest last. */
  notes(): readonly NoteView[];
  /** How often each note has occurred, by code. */
  noteCounts(): ReadonlyMap<string, number>;
  /** Calls to both servers. */
  calls(): CallCounts;
  /** What waits inside. */
  queues(): QueueDepths;
  /** Why it takes no commands now; nothing where it does. */
  refusal(): Refusal | undefined;
  /** Carries an operator's command out; gives nothing once it is stored and in force, otherwise why it is not. */
  command(event: OperatorEvent): Promise<Refusal | undefined>;
  /** Puts another configuration in force. */
  reload(config: Config): void;
  /** Hands an event to the core, now or as soon as there is one. */
  post(event: Event): void;
  /** Tells something to the log. */
  tell(note: Note): void;
  /** Runs until the signal is aborted or the program must end by itself. To be called once. */
  run(signal: AbortSignal): Promise<FrameworkEnd>;
  /** Releases the state. */
  close(): Promise<void>;
}

/** Opens the state of a configuration and what runs on it. Throws an OperatorError, of kind `state` as a rule. */
export async function openProgram(config: Config, ports: ProgramPorts): Promise<Program> {
  if (config.state.kind === "zookeeper") {
    const { createElected } = await import("./elected.ts");
    return createElected({ ...config, state: config.state }, ports);
  }
  const store = await openStore(config);
  try {
    const framework = await createFramework(config, { ...ports, store });
    return programOf(framework, () => store.close());
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A framework as a program; `close` releases its store. */
export function programOf(framework: Framework, close: () => Promise<void>): Program {
  const { engine, calls } = framework;
  return {
    view: () => engine.view(),
    notes: () => engine.history,
    noteCounts: () => engine.noteCounts,
    calls: () => calls,
    queues: framework.queues,
    refusal: () => undefined,
    command: framework.ask,
    reload: framework.reload,
    post: framework.post,
    tell: framework.tell,
    run: framework.run,
    close,
  };
}

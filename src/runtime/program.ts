// What runs: one framework on a state file, or one of several instances that share a state in ZooKeeper. Not here: the
// process around it (cli/start.ts). The page and the signals know a program only by this.

import type { Config } from "../config/config.ts";
import type { Event } from "../core/event.ts";
import type { Note } from "../core/note.ts";
import type { NoteView, StatusView } from "../core/view.ts";
import type { CallCounts } from "./call_counts.ts";
import { createFramework, type Framework, type FrameworkEnd, type FrameworkPorts } from "./framework.ts";
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
  /** Why it takes no commands now; nothing where it does. */
  refusal(): Refusal | undefined;
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

/** Why a command is not taken. */
export interface Refusal {
  readonly message: string;
  /** The operator's next act. */
  readonly hint: string;
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
    refusal: () => undefined,
    reload: framework.reload,
    post: framework.post,
    tell: framework.tell,
    run: framework.run,
    close,
  };
}

// What runs: one framework on a state file, or one of several instances that share a state in ZooKeeper.

import type { Config } from "../config/config.ts";
import { createFramework, type Framework, type FrameworkPorts } from "./framework.ts";
import { stateOf } from "./ports.ts";

/** The parties of a program; its store is part of its configuration. */
export type ProgramPorts = Omit<FrameworkPorts, "store">;

/** A program that can be run. */
export interface Program extends Framework {
  /** Releases the state. */
  close(): Promise<void>;
}

/** Opens the state of a configuration and what runs on it. Throws an OperatorError, usually of kind `state`. */
export async function openProgram(config: Config, ports: ProgramPorts): Promise<Program> {
  if (config.state.kind === "zookeeper") {
    const { createElected } = await import("./elected.ts");
    return createElected({ ...config, state: config.state }, ports);
  }
  const store = await stateOf(config).open();
  try {
    return { ...await createFramework(config, { ...ports, store }), close: () => store.close() };
  } catch (error) {
    await store.close();
    throw error;
  }
}

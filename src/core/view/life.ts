// The states of an instance one after the other, as people see them. Not here: remembering them (runtime/life_lines.ts).

import type { AgentInstance } from "../instance.ts";
import type { InstanceView, LifeSpan } from "./view.ts";

/** The state of an instance in one word: of a registered one, what its agent does. */
export function stateOf(instance: AgentInstance): InstanceView["state"] {
  return instance.state === "registered" ? instance.activity.kind : instance.state;
}

/** Where the life of an instance stands: once its container runs, it has only to register. */
export function lifeSpan(instance: AgentInstance): LifeSpan {
  if (instance.state === "starting" && instance.runningSinceMs !== undefined) {
    return { state: "registering", sinceMs: instance.runningSinceMs };
  }
  return { state: stateOf(instance), sinceMs: sinceOf(instance) };
}

/** Since when it does what it does. */
export function sinceOf(instance: AgentInstance): number {
  return instance.state === "registered" ? instance.activity.sinceMs : instance.sinceMs;
}

// The states of an instance as shown to people. They are recorded in runtime/life_lines.ts.

import type { AgentInstance } from "../instance.ts";
import type { InstanceView, LifeSpan } from "./view.ts";

/** The state of an instance in one word: for a registered one, the activity of its agent. */
export function stateOf(instance: AgentInstance): InstanceView["state"] {
  return instance.state === "registered" ? instance.activity.kind : instance.state;
}

/** The stage of an instance: once its container is running, it only has to register. */
export function lifeSpan(instance: AgentInstance): LifeSpan {
  if (instance.state === "starting" && instance.runningSinceMs !== undefined) {
    return { state: "registering", sinceMs: instance.runningSinceMs };
  }
  return { state: stateOf(instance), sinceMs: sinceOf(instance) };
}

/** Since when it is in its current state. */
export function sinceOf(instance: AgentInstance): number {
  return instance.state === "registered" ? instance.activity.sinceMs : instance.sinceMs;
}

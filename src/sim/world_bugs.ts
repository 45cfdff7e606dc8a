// Bugs planted between the world and the core, to prove that the invariants would catch them. Not here: the invariants.
// Production code has no such switch: the world bends what goes into a step or comes out of it. Called by world_program.ts.

import type { Event } from "../core/event.ts";
import type { Frame } from "../core/frame.ts";
import type { AgentInstance } from "../core/instance.ts";
import type { State } from "../core/state.ts";

/** A bug that people have really made (facts: autoscalers E3). */
export type PlantedBug =
  | "acknowledge-before-store"
  | "kill-on-first-idle-read"
  | "count-draining-as-coming"
  | "reuse-task-id"
  | "error-as-zero";

/** All of them. */
export const plantedBugs: readonly PlantedBug[] = [
  "acknowledge-before-store",
  "kill-on-first-idle-read",
  "count-draining-as-coming",
  "reuse-task-id",
  "error-as-zero",
];

/** The event as a program with this bug would see it. */
export function bentEvent(bug: PlantedBug | undefined, event: Event, state: State): Event {
  if (bug !== "error-as-zero" || event.kind !== "gocd-poll-failed" || state.server.info === undefined) return event;
  return { kind: "gocd-polled", server: state.server.info, jobs: [], agents: [], findings: [] };
}

/** The state as a program with this bug would judge it. */
export function bentState(bug: PlantedBug | undefined, state: State, atMs: number): State {
  switch (bug) {
    case "reuse-task-id":
      return state.framework.nextTaskNumber % 4 !== 0 ? state : {
        ...state,
        framework: { ...state.framework, nextTaskNumber: state.framework.nextTaskNumber - 1 },
      };
    case "count-draining-as-coming":
      return { ...state, instances: new Map([...state.instances].map(([id, each]) => [id, asComing(each, atMs)])) };
    default:
      return state;
  }
}

function asComing(instance: AgentInstance, atMs: number): AgentInstance {
  if (instance.state !== "draining" || instance.step.kind === "enabling") return instance;
  return { ...instance, step: { kind: "enabling", askedMs: atMs } };
}

/** The frame as a program with this bug would make it; `before` is the true state, `bent` what it judged. */
export function bentFrame(bug: PlantedBug | undefined, frame: Frame, states: { before: State; bent: State }): Frame {
  switch (bug) {
    case "count-draining-as-coming": {
      const instances = new Map(
        [...frame.state.instances].map(([id, each]) => {
          const isUntouched = states.bent.instances.get(id) === each;
          return [id, isUntouched ? states.before.instances.get(id) ?? each : each];
        }),
      );
      return { ...frame, state: { ...frame.state, instances } };
    }
    case "kill-on-first-idle-read":
      return { ...frame, effects: [...frame.effects, ...frame.records.flatMap(hastyKill)] };
    default:
      return frame;
  }
}

function hastyKill(record: Frame["records"][number]): Frame["effects"][number][] {
  if (record.kind !== "instance" || record.instance.state !== "draining") return [];
  const { taskId, mesosAgentId, uuid, step } = record.instance;
  if (step.kind !== "confirming") return [];
  return [
    { kind: "delete-gocd-agents", agents: [{ taskId, uuid }] },
    { kind: "kill-task", taskId, mesosAgentId, graceMs: 0 },
  ];
}

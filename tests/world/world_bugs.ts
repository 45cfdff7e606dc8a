// Bugs planted between the world and the core, to prove that the invariants catch them. Production code has no such
// switch: the world changes what goes into a step or comes out of it.

import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance, Draining, Registered } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";

/** A bug that occurred in practice. */
export type PlantedBug =
  | "acknowledge-before-store"
  | "kill-on-first-idle-read"
  | "count-draining-as-coming"
  | "reuse-task-id"
  | "error-as-zero"
  /** The first launch of a run does not wait for tasks of earlier runs, and no number is skipped. */
  | "launch-without-learning"
  /** Most agents that vanish at once are treated as lost, like a single one. */
  | "believe-every-list"
  /** A task that the master does not know is treated as ended. */
  | "believe-the-master"
  /** After a failed commit: unsent effects are treated as sent. */
  | "remember-unsent"
  /** After a failed commit: the former configuration is active. */
  | "forget-settings"
  /** An instance that has not registered under its name in time is killed, even if an agent may belong to it. */
  | "kill-the-nameless"
  /** The age of a list is counted from its response. */
  | "age-by-handling"
  /** Timeouts also count the time before this run, outages and maintenance. */
  | "count-unwatched-time"
  /** Starting agents stop counting when their profile changes. */
  | "forget-outdated"
  /** Every job that leaves the feed counts as taken by an agent. */
  | "departures-as-takings"
  /** An unneeded idle agent keeps its slot. */
  | "idle-keeps-place"
  /** Run-on-all jobs always count as pinned. */
  | "pinned-for-ever"
  /** Every agent with the name of one of our tasks counts as its agent. */
  | "admit-by-name"
  /** All pipelines are in the group of the first one. */
  | "one-group"
  /** An agent always counts for the group that it was launched for, whatever it builds. */
  | "group-for-ever"
  /** The window of a schedule that is open stays open. */
  | "window-for-ever"
  /** No agent that builds is removed for a fair share. */
  | "builders-keep-places";

/** All bugs. */
export const plantedBugs: readonly PlantedBug[] = [
  "acknowledge-before-store",
  "kill-on-first-idle-read",
  "count-draining-as-coming",
  "reuse-task-id",
  "error-as-zero",
  "launch-without-learning",
  "believe-every-list",
  "believe-the-master",
  "remember-unsent",
  "forget-settings",
  "kill-the-nameless",
  "age-by-handling",
  "count-unwatched-time",
  "forget-outdated",
  "departures-as-takings",
  "idle-keeps-place",
  "pinned-for-ever",
  "admit-by-name",
  "one-group",
  "group-for-ever",
  "window-for-ever",
  "builders-keep-places",
];

/** The event as a program with this bug would see it. */
export function mutateEvent(bug: PlantedBug | undefined, event: Event, state: State): Event {
  const isList = event.kind === "gocd-polled" || event.kind === "gocd-agents-read";
  if (bug === "group-for-ever" && isList && state.settings.scaling.fairShare?.by === "pipeline-group") {
    return { ...event, agents: event.agents.map(({ buildLocator: _, ...each }) => each) };
  }
  if (bug === "window-for-ever" && event.kind === "tick" && state.windows.size > 0) return { kind: "tick" };
  if (bug === "one-group" && event.kind === "gocd-polled" && event.pipelineGroups !== undefined) {
    const [group = ""] = event.pipelineGroups.values();
    return { ...event, pipelineGroups: new Map([...event.pipelineGroups.keys()].map((each) => [each, group])) };
  }
  if (bug === "age-by-handling" && isList) return { ...event, agentsRequestedMs: Infinity };
  if (bug === "believe-the-master" && event.kind === "task-status-updated" && (event.status.uuid ?? "") === "") {
    return { ...event, status: { ...event.status, uuid: plantedUuid } };
  }
  if (bug !== "error-as-zero" || event.kind !== "gocd-poll-failed" || state.server.info === undefined) return event;
  return { kind: "gocd-polled", server: state.server.info, jobs: [], agents: [], findings: [] };
}

/** The state as seen by a program with this bug. */
export function mutateState(bug: PlantedBug | undefined, state: State, { atMs, event }: Moment): State {
  switch (bug) {
    case "admit-by-name": {
      const byName = [...state.instances].map(([taskId, { needsProof: _, ...instance }]) =>
        [taskId, instance] as const
      );
      return { ...state, instances: new Map(byName) };
    }
    case "launch-without-learning":
      return { ...state, inherited: "none" };
    case "believe-every-list":
      return { ...state, instances: withLoss(state.instances, true) };
    case "reuse-task-id":
      return state.framework.nextTaskNumber % 4 !== 0 ? state : {
        ...state,
        framework: { ...state.framework, nextTaskNumber: state.framework.nextTaskNumber - 1 },
      };
    case "count-draining-as-coming": {
      if (event.kind !== "gocd-polled" && event.kind !== "tick") return state;
      const phantoms = [...state.instances.values()].flatMap((instance) => phantomOf(instance, atMs));
      return {
        ...state,
        instances: new Map([...state.instances, ...phantoms.map((each) => [each.taskId, each] as const)]),
      };
    }
    case "count-unwatched-time":
      return { ...state, server: { ...state.server, serving: { sinceMs: 0, gaps: [] } } };
    case "forget-outdated": {
      if (!isPlanned(event)) return state;
      const instances = new Map([...state.instances].map(([taskId, each]) => [taskId, asUnwanted(each)]));
      return { ...state, instances, demand: { ...state.demand, isStale: true } };
    }
    case "departures-as-takings":
      return { ...state, server: { ...state.server, built: new Set(state.demand.seen.keys()) } };
    case "pinned-for-ever": {
      const seen = [...state.demand.seen].map(([locator, each]) =>
        /-runOnAll-\d+$/.test(locator) ? [locator, { ...each, firstSeenMs: atMs }] as const : [locator, each] as const
      );
      return { ...state, demand: { ...state.demand, seen: new Map(seen), unpinned: new Map() } };
    }
    default:
      return state;
  }
}

/** Whether a plan may be computed in the step of this event. */
function isPlanned({ kind }: Event): boolean {
  return kind === "gocd-polled" || kind === "offers-received";
}

function asUnwanted(instance: AgentInstance): AgentInstance {
  return isOutdated(instance) ? { ...instance, retire: "operator" } : instance;
}

function isOutdated({ state, retire }: AgentInstance): boolean {
  return retire === "profile-changed" && (state === "launching" || state === "starting");
}

/** Marks an update that needs no acknowledgement. */
const plantedUuid = "planted";

/** As if the operator had declared all of them lost, or not. */
function withLoss(instances: State["instances"], isAccepted: boolean): State["instances"] {
  return new Map([...instances].map(([taskId, instance]) => [taskId, lossOf(instance, isAccepted)]));
}

function lossOf({ lossAccepted: _, ...instance }: AgentInstance, isAccepted: boolean): AgentInstance {
  return isAccepted ? { ...instance, lossAccepted: true } : instance;
}

/** The time and event of a step. */
export interface Moment {
  /** The program's time. */
  readonly atMs: number;
  /** The event. */
  readonly event: Event;
}

const phantomPrefix = "phantom-";

/** Makes a draining instance count as coming. */
function phantomOf(instance: AgentInstance, atMs: number): AgentInstance[] {
  if (instance.state !== "draining") return [];
  const { step: _step, reason: _reason, uuid: _uuid, ...identity } = instance;
  return [{ ...identity, taskId: phantomPrefix + instance.taskId, state: "starting", sinceMs: atMs }];
}

/** The frame as a program with this bug would produce it. */
export function mutateFrame(bug: PlantedBug | undefined, frame: Frame, { before, event }: MutatedStep): Frame {
  switch (bug) {
    case "forget-outdated": {
      if (!isPlanned(event)) return frame;
      const restored = (each: AgentInstance): AgentInstance => {
        const old = before.instances.get(each.taskId);
        return old !== undefined && isOutdated(old) && each.retire === "operator"
          ? { ...each, retire: "profile-changed" }
          : each;
      };
      const instances = new Map([...frame.state.instances].map(([taskId, each]) => [taskId, restored(each)]));
      const records = frame.records.map((each) =>
        each.kind === "instance" ? { ...each, instance: restored(each.instance) } : each
      );
      return { ...frame, records, state: { ...frame.state, instances } };
    }
    case "idle-keeps-place":
      return event.kind === "gocd-polled" ? withoutDrains(frame, before, isHasty) : frame;
    case "builders-keep-places":
      return withoutDrains(frame, before, ({ now }) => now.reason === "fair-share");
    case "count-draining-as-coming": {
      const isTrue = (taskId: string): boolean => !taskId.startsWith(phantomPrefix);
      const instances = new Map([...frame.state.instances].filter(([taskId]) => isTrue(taskId)));
      const records = frame.records.filter((record) => record.kind !== "instance" || isTrue(record.instance.taskId));
      return { ...frame, records, state: { ...frame.state, instances } };
    }
    case "believe-every-list":
      return {
        ...frame,
        records: frame.records.map((record) =>
          record.kind === "instance" ? { ...record, instance: lossOf(record.instance, false) } : record
        ),
        state: { ...frame.state, instances: withLoss(frame.state.instances, false) },
      };
    case "believe-the-master":
      return {
        ...frame,
        effects: frame.effects.filter((each) => each.kind !== "acknowledge-status" || each.uuid !== plantedUuid),
      };
    case "kill-on-first-idle-read":
      return { ...frame, effects: [...frame.effects, ...frame.records.flatMap(hastyKill)] };
    case "kill-the-nameless":
      return { ...frame, effects: [...frame.effects, ...frame.records.flatMap(heldKill)] };
    default:
      return frame;
  }
}

function heldKill(record: Frame["records"][number]): Frame["effects"][number][] {
  if (record.kind !== "instance" || record.instance.state !== "starting" || record.instance.held !== true) return [];
  const { taskId, mesosAgentId } = record.instance;
  return [{ kind: "kill-task", taskId, mesosAgentId, graceMs: 0 }];
}

/** The input of a frame. */
export interface MutatedStep {
  readonly before: State;
  readonly event: Event;
}

/** A drain that has started in a step. */
interface StartedDrain {
  readonly now: Draining;
  readonly old: Registered;
  readonly before: State;
}

/** Of an agent that has not been idle for the whole timeout. */
function isHasty({ now, old, before }: StartedDrain): boolean {
  const limitMs = before.settings.profiles.find(({ name }) => name === now.profile)?.idleTimeoutMs ?? 0;
  return now.reason === "idle" && now.sinceMs - old.activity.sinceMs < limitMs;
}

/** Without some of the drains that have started. */
function withoutDrains(frame: Frame, before: State, isLeftOut: (started: StartedDrain) => boolean): Frame {
  const kept = new Map<string, AgentInstance>();
  for (const now of frame.state.instances.values()) {
    const old = before.instances.get(now.taskId);
    if (now.state !== "draining" || old?.state !== "registered") continue;
    if (isLeftOut({ now, old, before })) kept.set(now.taskId, old);
  }
  if (kept.size === 0) return frame;
  return {
    ...frame,
    state: { ...frame.state, instances: new Map([...frame.state.instances, ...kept]) },
    records: frame.records.filter((record) => record.kind !== "instance" || !kept.has(record.instance.taskId)),
    effects: frame.effects.flatMap((effect): readonly Effect[] => {
      if (effect.kind !== "disable-gocd-agents") return [effect];
      const agents = effect.agents.filter(({ taskId }) => !kept.has(taskId));
      return agents.length === 0 ? [] : [{ ...effect, agents }];
    }),
  };
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

/** The state from which a program with this bug would continue after a failed commit. */
export function mutateRest(bug: PlantedBug | undefined, left: State, { before, frame }: FailedStep): State {
  switch (bug) {
    case "remember-unsent":
      return { ...left, server: frame.state.server, reconciliation: frame.state.reconciliation };
    case "forget-settings":
      return { ...left, settings: before.settings };
    default:
      return left;
  }
}

/** A step whose records could not be stored. */
export interface FailedStep {
  /** The state before. */
  readonly before: State;
  /** The resulting frame. */
  readonly frame: Frame;
}

// A frame under construction: the only place where state is changed, records are collected and effects are ordered.

import type { Effect } from "./effect.ts";
import type { Frame } from "./frame.ts";
import type { AgentInstance } from "./instance.ts";
import type { Note } from "./note.ts";
import type { ControlsRecord, FrameworkRecord, StateRecord } from "./record.ts";
import type { BrakeState, CpuUseState, State } from "./state.ts";

/** Parts of the state whose fields change one by one. */
export type PatchedPart = "server" | "demand" | "offers" | "breakers" | "reconciliation" | "session";

/** The frame of one event under construction. The initial state is never modified. */
export class Draft {
  /** When the event is handled, ms since the epoch. */
  readonly atMs: number;
  /** A random number in [0, 1) for jitter. */
  readonly random: number;
  #state: State;
  #instances: Map<string, AgentInstance> | undefined;
  readonly #records = new Map<string, StateRecord>();
  readonly #effects: Effect[] = [];
  readonly #notes: Note[] = [];

  /** Starts from the state before the event. */
  constructor(state: State, atMs: number, random: number) {
    this.#state = state;
    this.atMs = atMs;
    this.random = random;
  }

  /** The state with the changes so far. */
  get state(): State {
    return this.#state;
  }

  /** Replaces parts of the state that are not durable. */
  set(part: Partial<Omit<State, "instances" | "framework" | "controls" | "brake">>): void {
    this.#state = { ...this.#state, ...part };
  }

  /** Replaces fields of such a part; its others stay. */
  patch<Part extends PatchedPart>(part: Part, fields: Partial<State[Part]>): void {
    this.#state = { ...this.#state, [part]: { ...this.#state[part], ...fields } };
  }

  /** Stores our identity in Mesos. */
  setFramework(framework: FrameworkRecord): void {
    this.#state = { ...this.#state, framework };
    this.#records.set("framework", { kind: "framework", framework });
  }

  /** Stores the operator's switches. */
  setControls(controls: ControlsRecord): void {
    this.#state = { ...this.#state, controls };
    this.#records.set("controls", { kind: "controls", controls });
  }

  /** Stores the cpu-hours of agents. */
  setCpuUse(cpuUse: CpuUseState): void {
    this.#state = { ...this.#state, cpuUse };
    this.#records.set("cpu-use", { kind: "cpu-use", cpuUse: cpuUse.record });
  }

  /** Replaces the brake; the suspicion of the GoCD server is stored. */
  setBrake(brake: BrakeState): void {
    const { gocd } = brake;
    if (gocd !== this.#state.brake.gocd) {
      this.#records.set("suspicion", { kind: "suspicion", ...(gocd === undefined ? {} : { suspicion: gocd }) });
    }
    this.#state = { ...this.#state, brake };
  }

  /** An instance with the changes so far. */
  instance(taskId: string): AgentInstance | undefined {
    return this.#state.instances.get(taskId);
  }

  /** Stores an instance, new or changed. */
  put(instance: AgentInstance): void {
    this.#own().set(instance.taskId, instance);
    this.#records.set(`instance ${instance.taskId}`, { kind: "instance", instance });
    this.markPlanStale();
  }

  /** Changes an instance in memory only: for timers of repeated calls, which a restart may lose. */
  touch(instance: AgentInstance): void {
    this.#own().set(instance.taskId, instance);
    const key = `instance ${instance.taskId}`;
    if (this.#records.has(key)) this.#records.set(key, { kind: "instance", instance });
  }

  /** Removes an instance permanently. */
  remove(taskId: string): void {
    this.#own().delete(taskId);
    this.#records.set(`instance ${taskId}`, { kind: "instance-removed", taskId });
    this.markPlanStale();
  }

  /** Marks the plan as stale. */
  markPlanStale(): void {
    if (!this.#state.demand.isStale) this.patch("demand", { isStale: true });
  }

  /** Adds an effect; effects are performed in this order, after the records are stored. */
  effect(effect: Effect): void {
    this.#effects.push(effect);
  }

  /** Adds a decision or observation. */
  note(note: Note): void {
    this.#notes.push(note);
  }

  /** The finished frame. */
  finish(): Frame {
    return { state: this.#state, records: [...this.#records.values()], effects: this.#effects, notes: this.#notes };
  }

  #own(): Map<string, AgentInstance> {
    if (this.#instances === undefined) {
      this.#instances = new Map(this.#state.instances);
      this.#state = { ...this.#state, instances: this.#instances };
    }
    return this.#instances;
  }
}

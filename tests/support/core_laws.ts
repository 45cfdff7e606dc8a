// The laws that every step of the core must satisfy.

import { verdictText } from "../../src/core/words/reasons.ts";
import { assert, assertEquals } from "@std/assert";
import type { Event, TimedEvent } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import { countsToLimit } from "../../src/core/demand/gates.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { ControlsRecord, FrameworkRecord, StateRecord, StoredState } from "../../src/core/record.ts";
import type { DemandState, State } from "../../src/core/state.ts";
import { assertWords } from "./core_words.ts";
import { withoutRecords } from "../../src/core/unstored.ts";

/** Checks one run of the core. */
export class Laws {
  readonly #stored = new Map<string, AgentInstance>();
  #framework: FrameworkRecord;
  #controls: ControlsRecord;
  readonly #launched = new Set<string>();
  #aliveBefore = new Map<string, number>();
  #isSuspected: boolean;
  #before: State;
  #demand: DemandState | undefined;

  /** Starts with the content of the store and the state created from it. */
  constructor(stored: StoredState, state: State) {
    for (const instance of state.instances.values()) this.#stored.set(instance.taskId, instance);
    this.#framework = stored.framework;
    this.#controls = stored.controls;
    this.#isSuspected = stored.suspicion !== undefined;
    this.#before = state;
  }

  /** Before a step: its input must not be modified. */
  before(state: State, event: Event): void {
    deepFreeze(state);
    deepFreeze(event);
    this.#aliveBefore = aliveByProfile(state);
    this.#before = state;
  }

  /** After a step: every law. */
  after(frame: Frame, { event }: TimedEvent): void {
    for (const record of frame.records) this.#store(record);
    this.#assertStored(frame.state);
    this.#assertLimits(frame);
    this.#assertLaunches(frame);
    assertAnswers(frame, event);
    assertAcknowledged(frame, event);
    if (frame.state.demand !== this.#demand) assertVerdicts(frame.state);
    this.#demand = frame.state.demand;
    assertUnstored(this.#before, event, frame);
    assertWords(frame);
  }

  #store(record: StateRecord): void {
    switch (record.kind) {
      case "framework":
        this.#framework = record.framework;
        return;
      case "cpu-use":
        return;
      case "suspicion":
        this.#isSuspected = record.suspicion !== undefined;
        return;
      case "controls":
        this.#controls = record.controls;
        return;
      case "instance":
        this.#stored.set(record.instance.taskId, record.instance);
        return;
      case "instance-removed":
        this.#stored.delete(record.taskId);
        return;
      default:
        record satisfies never;
        throw new Error(`a record of no kind: ${JSON.stringify(record)}`);
    }
  }

  /** The records alone must produce the same instances; only the timers of repeated calls may be behind. */
  #assertStored(state: State): void {
    const { framework, controls, instances } = state;
    if (framework !== this.#framework) {
      assertEquals(framework, this.#framework, "the framework record is behind the state");
    }
    if (controls !== this.#controls) assertEquals(controls, this.#controls, "the controls record is behind the state");
    assertEquals(this.#isSuspected, state.brake.gocd !== undefined, "the suspicion on record is behind the brake");
    const isComplete = this.#stored.size === instances.size &&
      [...this.#stored.keys()].every((id) => instances.has(id));
    if (!isComplete) {
      assertEquals([...this.#stored.keys()].sort(), [...instances.keys()].sort(), "instances are not stored");
    }
    for (const [taskId, instance] of instances) {
      const stored = this.#stored.get(taskId);
      if (stored !== instance) assertEquals(withoutClocks(stored), withoutClocks(instance));
    }
  }

  /** A launch never exceeds a limit. Tasks that Mesos reports as running again may. */
  #assertLimits({ state, effects }: Frame): void {
    const launched = new Map<string, number>();
    for (const effect of effects) {
      if (effect.kind !== "accept-offers") continue;
      for (const { profile } of effect.launches) launched.set(profile.name, (launched.get(profile.name) ?? 0) + 1);
    }
    if (launched.size === 0) return;
    const alive = aliveByProfile(state);
    const total = [...alive.values()].reduce((sum, count) => sum + count, 0);
    assert(total <= state.settings.scaling.maxAgents, `${total} instances live, above scaling.max-agents`);
    for (const [name, count] of launched) {
      const limit = state.settings.profiles.find((profile) => profile.name === name)?.maxAgents ?? Infinity;
      assert((alive.get(name) ?? 0) <= limit, `${count} launched of ${name}, above its limit ${limit}`);
      assert((alive.get(name) ?? 0) >= count + Math.min(0, this.#aliveBefore.get(name) ?? 0));
    }
  }

  #assertLaunches({ effects, records, state }: Frame): void {
    const stored = new Set(records.flatMap((record) => record.kind === "instance" ? [record.instance.taskId] : []));
    for (const effect of effects) {
      if (effect.kind !== "accept-offers") continue;
      assert(effect.launches.length > 0, "an ACCEPT without a launch");
      for (const { taskId } of effect.launches) {
        assert(!this.#launched.has(taskId), `${taskId} is launched twice`);
        assert(stored.has(taskId), `${taskId} is launched but not stored`);
        assert(/^[a-z0-9-]{1,63}$/.test(taskId), `${taskId} is no host name`);
        this.#launched.add(taskId);
        assertEquals(state.controls.mode, "run");
      }
    }
  }
}

function aliveByProfile(state: State): Map<string, number> {
  const alive = new Map<string, number>();
  for (const instance of state.instances.values()) {
    if (countsToLimit(instance.state)) alive.set(instance.profile, (alive.get(instance.profile) ?? 0) + 1);
  }
  return alive;
}

function withoutClocks(instance: AgentInstance | undefined): unknown {
  if (instance === undefined) return undefined;
  const { lastKillMs: _, lastReconcileMs: __, ...rest } = instance;
  return rest;
}

/** Every offer of an event is in exactly one answer; no other offer is answered, except one whose answer failed. */
function assertAnswers(frame: Frame, event: Event): void {
  const answered = frame.effects.flatMap((effect) =>
    effect.kind === "accept-offers" || effect.kind === "decline-offers" ? effect.offerIds : []
  );
  const inverse = frame.effects.flatMap((effect) =>
    effect.kind === "accept-inverse-offers" || effect.kind === "decline-inverse-offers" ? effect.offerIds : []
  );
  if (event.kind === "offers-received") {
    assertEquals([...answered].sort(), [...new Set(event.offers.map((offer) => offer.id))].sort());
  }
  if (event.kind === "inverse-offers-received") {
    assertEquals([...inverse].sort(), event.offers.map((offer) => offer.id).sort());
  }
}

/** An update with a uuid is acknowledged in its step, once; nothing else is. */
function assertAcknowledged(frame: Frame, event: Event): void {
  const acknowledged = frame.effects.flatMap((effect) => effect.kind === "acknowledge-status" ? [effect.uuid] : []);
  const wanted = event.kind === "task-status-updated" && (event.status.uuid ?? "") !== "" &&
      event.status.mesosAgentId !== undefined
    ? [event.status.uuid]
    : [];
  if (acknowledged.length + wanted.length > 0) assertEquals(acknowledged, wanted);
}

/** Each waiting job has exactly one verdict, and the numbers of its bucket add up. */
function assertVerdicts({ demand }: State): void {
  const waiting = [...new Set(demand.backlog.order)].sort();
  if (demand.jobs.length === 0 && waiting.length > 0) return;
  assertEquals(demand.jobs.map((job) => job.locator).sort(), waiting);
  for (const job of demand.jobs) assert(verdictText(job).length > 0, job.locator);
  for (const row of demand.buckets) {
    const unserved = row.profile === undefined ? row.waiting - row.willBeTaken - row.coming - row.otherCause : 0;
    assertEquals(row.willBeTaken + row.coming + row.otherCause + row.needsAgent + unserved, row.waiting, row.key);
    assert(row.wanted <= row.needsAgent, row.key);
  }
}

/**
 * Freezes values of plain data; a changed Map or Set throws. What is frozen is so with all that it contains: states share
 * most of their parts with the previous state.
 */
export function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Map) {
    if (Object.hasOwn(value, "clear")) return;
    Object.defineProperties(value, refusals);
    for (const [key, each] of value) {
      deepFreeze(key);
      deepFreeze(each);
    }
  } else if (value instanceof Set) {
    if (Object.hasOwn(value, "clear")) return;
    Object.defineProperties(value, refusals);
    for (const each of value) deepFreeze(each);
  } else if (!Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
}

const refusal: PropertyDescriptor = {
  value: () => {
    throw new Error("the core has changed its input");
  },
};
const refusals: PropertyDescriptorMap = { set: refusal, add: refusal, delete: refusal, clear: refusal };

/** Without its records no effect of a frame that acts on an agent is performed, and the stored state is unchanged. */
function assertUnstored(before: State, event: Event, frame: Frame): void {
  if (frame.records.length === 0) return;
  const { state, effects } = withoutRecords(before, event, frame);
  assert(
    state.instances === before.instances && state.framework === before.framework && state.controls === before.controls,
    "what could not be stored is believed",
  );
  const harmless = [
    "poll-gocd",
    "read-gocd-agents",
    "step-down",
    "end-session",
    "decline-offers",
    "decline-inverse-offers",
  ];
  assertEquals(effects.map(({ kind }) => kind).filter((kind) => !harmless.includes(kind)), []);
}

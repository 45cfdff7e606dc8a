// Tracks the lives of instances from state to state: when each started, registered and ended, and how its time was
// spent. Unwatched time does not count.

import type { AgentInstance } from "../core/instance.ts";
import type { AgentHours, InstanceLife, LifeKind } from "../core/view/history.ts";

/** A longer gap between samples is unwatched: the program was suspended, or did not lead. */
const lookGapMsMax = 60_000;
const hourMs = 3_600_000;
/**
 * Maximum number of changed lives waiting to be stored, if storing fails; a running instance is added again with its
 * next change.
 */
const changedMax = 20_000;

/** What has changed since the last time. */
export interface LifeChanges {
  readonly lives: readonly InstanceLife[];
  readonly hours: readonly AgentHours[];
}

/** The lives of the current instances. */
export interface LifeBook {
  /** Called often: events between two samples are observed as far as the second one shows them. */
  look(instances: ReadonlyMap<string, AgentInstance>, atMs: number): void;
  /** What has changed since it was last kept: agent time, and lives in which more has happened than that time passed. */
  changes(): LifeChanges;
  /** The same with all lives, so that another run can continue them. */
  everything(): LifeChanges;
  /** The changes are stored, and cleared. */
  kept(): void;
}

type Spent = Record<LifeKind, number>;

/** An ongoing life. */
interface Entry {
  life: InstanceLife;
  instance: AgentInstance;
  /** What it does; nothing once its task is over. */
  kind: LifeKind | undefined;
  /** Up to when its time is counted. */
  countedMs: number;
  readonly spentMs: Spent;
}

/** Creates the tracker; `restored`: the lives that an earlier run has left open. */
export function openLifeBook(restored: readonly InstanceLife[]): LifeBook {
  return new Book(restored);
}

/** A class, because it has state. */
class Book implements LifeBook {
  readonly #restored: Map<string, InstanceLife>;
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new Map<string, InstanceLife>();
  readonly #hours = new Map<string, { readonly hourMs: number; readonly profile: string; readonly spentMs: Spent }>();
  #seen: ReadonlyMap<string, AgentInstance> | undefined;
  #lookedMs = -Infinity;

  constructor(restored: readonly InstanceLife[]) {
    this.#restored = new Map(restored.map((life) => [life.taskId, life]));
  }

  look(instances: ReadonlyMap<string, AgentInstance>, atMs: number): void {
    const isWatched = atMs - this.#lookedMs <= lookGapMsMax;
    if (!isWatched) this.#skip(atMs);
    if (instances !== this.#seen) this.#follow(instances, atMs, isWatched);
    this.#seen = instances;
    this.#lookedMs = atMs;
  }

  changes(): LifeChanges {
    for (const entry of this.#entries.values()) this.#count(entry, this.#lookedMs);
    return { lives: [...this.#changed.values()], hours: [...this.#hours.values()] };
  }

  everything(): LifeChanges {
    for (const entry of this.#entries.values()) {
      this.#count(entry, this.#lookedMs);
      this.#note(entry, entry.life);
    }
    return this.changes();
  }

  kept(): void {
    this.#changed.clear();
    this.#hours.clear();
  }

  /** Nothing is known about the time since the last sample. */
  #skip(atMs: number): void {
    for (const entry of this.#entries.values()) {
      this.#count(entry, this.#lookedMs);
      entry.countedMs = atMs;
    }
  }

  #follow(instances: ReadonlyMap<string, AgentInstance>, atMs: number, isWatched: boolean): void {
    for (const [taskId, instance] of instances) {
      const entry = this.#entries.get(taskId);
      if (entry === undefined) this.#begin(instance, atMs, isWatched);
      else if (entry.instance !== instance) this.#change(entry, instance, atMs);
    }
    for (const [taskId, entry] of this.#entries) {
      if (instances.has(taskId)) continue;
      this.#count(entry, atMs);
      this.#end(entry, atMs);
      this.#entries.delete(taskId);
    }
    // Those that an earlier run has left open, and that are not there any more.
    for (const life of this.#restored.values()) {
      this.#changed.set(life.taskId, { ...life, endedMs: atMs, end: "unseen" });
    }
    this.#restored.clear();
  }

  #begin(instance: AgentInstance, atMs: number, isWatched: boolean): void {
    const { taskId, createdMs } = instance;
    const life = this.#restored.get(taskId) ?? newLife(instance);
    this.#restored.delete(taskId);
    const countedMs = isWatched && createdMs >= this.#lookedMs ? Math.min(createdMs, atMs) : atMs;
    const kind = kindOf(instance, undefined);
    const entry: Entry = { life, instance, kind, countedMs, spentMs: { ...life.spentMs } };
    this.#entries.set(taskId, entry);
    this.#note(entry, withState(life, instance));
  }

  #change(entry: Entry, instance: AgentInstance, atMs: number): void {
    const kind = kindOf(instance, entry.kind);
    const isBuild = kind === "busy" && entry.kind !== "busy";
    if (kind !== entry.kind) this.#count(entry, Math.min(atMs, Math.max(entry.countedMs, sinceOf(instance))));
    // A KILL is often complete before the next sample.
    const isDrained = entry.instance.state === "draining" && instance.state === "gone" && instance.cause === "stopped";
    entry.instance = instance;
    entry.kind = kind;
    const life = withState(isDrained ? { ...entry.life, kill: "drained" } : entry.life, instance);
    this.#note(entry, isBuild ? { ...life, builds: life.builds + 1 } : life);
  }

  /** Removed; its last observed state shows how it ended. */
  #end(entry: Entry, atMs: number): void {
    if (entry.life.endedMs !== undefined) return;
    const kill = entry.instance.state === "killing" ? entry.instance.cause : undefined;
    this.#note(entry, {
      ...entry.life,
      endedMs: atMs,
      end: kill === undefined ? "unseen" : "stopped",
      ...(kill === undefined ? {} : { kill }),
    });
  }

  /** Counts its time up to a moment for its known activity. */
  #count(entry: Entry, untilMs: number): void {
    const { kind, countedMs: fromMs } = entry;
    if (untilMs <= fromMs) return;
    entry.countedMs = untilMs;
    if (kind === undefined) return;
    entry.spentMs[kind] += untilMs - fromMs;
    for (let ms = fromMs; ms < untilMs;) {
      const endMs = Math.min(untilMs, (Math.floor(ms / hourMs) + 1) * hourMs);
      this.#hour(ms, entry.instance.profile)[kind] += endMs - ms;
      ms = endMs;
    }
  }

  #hour(atMs: number, profile: string): Spent {
    const beginMs = Math.floor(atMs / hourMs) * hourMs;
    const key = `${beginMs} ${profile}`;
    const found = this.#hours.get(key) ?? { hourMs: beginMs, profile, spentMs: nothing() };
    this.#hours.set(key, found);
    return found.spentMs;
  }

  #note(entry: Entry, life: InstanceLife): void {
    entry.life = { ...life, spentMs: { ...entry.spentMs } };
    this.#changed.set(life.taskId, entry.life);
    const [oldest] = this.#changed.size > changedMax ? this.#changed.keys() : [];
    if (oldest !== undefined) this.#changed.delete(oldest);
  }
}

function nothing(): Spent {
  return { starting: 0, idle: 0, busy: 0, other: 0 };
}

function newLife({ taskId, profile, environment, host, createdMs, adopted }: AgentInstance): InstanceLife {
  return {
    taskId,
    profile,
    ...(environment === undefined ? {} : { environment }),
    host,
    createdMs,
    ...(adopted === undefined ? {} : { adopted }),
    spentMs: nothing(),
    builds: 0,
  };
}

/** The life with what this state of its instance adds. */
function withState(life: InstanceLife, instance: AgentInstance): InstanceLife {
  const { endedMs: _, end: __, message: ___, ...rest } = life;
  const kept = { ...rest, ...(instance.host === "" ? {} : { host: instance.host }) };
  switch (instance.state) {
    case "starting":
      return instance.runningSinceMs === undefined || life.runningMs !== undefined
        ? kept
        : { ...kept, runningMs: instance.runningSinceMs };
    case "registered":
      return { ...kept, registeredMs: life.registeredMs ?? instance.sinceMs };
    case "killing":
      return { ...kept, kill: instance.cause };
    case "gone":
      return { ...kept, endedMs: instance.sinceMs, end: instance.cause, message: instance.message };
    default:
      return kept;
  }
}

/** What it does; while it is on its way from one to the other, what it did `before`. */
function kindOf(instance: AgentInstance, before: LifeKind | undefined): LifeKind | undefined {
  switch (instance.state) {
    case "launching":
    case "starting":
      return "starting";
    case "registered":
      return ({ idle: "idle", building: "busy", unsure: "other" } as const)[instance.activity.kind];
    case "draining": {
      const { kind } = instance.step;
      if (kind === "finishing") return "busy";
      return kind === "disabling" || kind === "enabling" ? before ?? "idle" : "idle";
    }
    case "killing":
    case "unreachable":
      return "other";
    case "gone":
      return undefined;
    default:
      return instance satisfies never;
  }
}

/** Since when it does what it does. */
function sinceOf(instance: AgentInstance): number {
  if (instance.state === "registered") return instance.activity.sinceMs;
  if (instance.state === "draining" && instance.step.kind === "confirming") return instance.step.firstIdleMs;
  return instance.sinceMs;
}

// Tracks the lives of instances from state to state: when each started, registered and ended, and how its time was
// spent. Unwatched time does not count.

import type { AgentInstance } from "../core/instance.ts";
import { uuidOf } from "../core/life/phase.ts";
import {
  type AgentHours,
  type InstanceLife,
  isDrainedUnseen,
  type LifeKind,
  lifeKindOf,
  sumOfSpent,
} from "../core/view/history.ts";

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
  /**
   * Called often: events between two samples are observed as far as the second one shows them. `builds`: the locators
   * of what agents build, by uuid; the same map as long as they are.
   */
  look(instances: ReadonlyMap<string, AgentInstance>, atMs: number, builds?: ReadonlyMap<string, string>): void;
  /**
   * What has changed since it was last kept: agent time, and lives in which more has happened than that time passed.
   */
  changes(): LifeChanges;
  /** The same with all lives, so that another run can continue them. */
  everything(): LifeChanges;
  /** The changes are stored, and cleared. */
  kept(): void;
}

const noBuilds: ReadonlyMap<string, string> = new Map();

type Counted = Record<LifeKind, number>;

/** An ongoing life. */
interface Entry {
  life: InstanceLife;
  instance: AgentInstance;
  /** What it does; nothing once its task is over. */
  kind: LifeKind | undefined;
  /** Whether it has a build, so that none is counted twice. */
  isBuilding: boolean;
  /** Its build was counted before its job was known. */
  isUnnamed: boolean;
  /** The jobs that were counted. */
  readonly jobs: Set<string>;
  /** Up to when its time is counted. */
  countedMs: number;
  readonly spentMs: Counted;
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
  readonly #hours = new Map<string, { readonly hourMs: number; readonly profile: string; readonly spentMs: Counted }>();
  #seen: ReadonlyMap<string, AgentInstance> | undefined;
  #lookedMs = -Infinity;
  #builds = noBuilds;

  constructor(restored: readonly InstanceLife[]) {
    this.#restored = new Map(restored.map((life) => [life.taskId, life]));
  }

  look(
    instances: ReadonlyMap<string, AgentInstance>,
    atMs: number,
    builds: ReadonlyMap<string, string> = noBuilds,
  ): void {
    const isWatched = atMs - this.#lookedMs <= lookGapMsMax;
    if (!isWatched) this.#skip(atMs);
    const areBuildsNew = builds !== this.#builds;
    this.#builds = builds;
    if (instances !== this.#seen) this.#follow(instances, atMs, isWatched);
    if (areBuildsNew) {
      for (const entry of this.#entries.values()) {
        if (entry.kind === "busy" && this.#isOtherBuild(entry)) this.#addBuild(entry, entry.life);
      }
    }
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
    const kind = lifeKindOf(instance);
    const isBuilding = kind === "busy";
    const entry: Entry = {
      life,
      instance,
      kind,
      isBuilding,
      isUnnamed: isBuilding,
      jobs: new Set(),
      countedMs,
      spentMs: { ...life.spentMs },
    };
    if (isBuilding) this.#isOtherBuild(entry);
    this.#entries.set(taskId, entry);
    this.#note(entry, withState(life, instance));
  }

  #change(entry: Entry, instance: AgentInstance, atMs: number): void {
    const kind = lifeKindOf(instance);
    const hasBegun = kind === "busy" && !entry.isBuilding;
    if (kind !== entry.kind) this.#count(entry, Math.min(atMs, Math.max(entry.countedMs, sinceOf(instance))));
    const isDrained = isDrainedUnseen(entry.instance, instance);
    entry.instance = instance;
    entry.kind = kind;
    if (!isOnItsWay(instance)) entry.isBuilding = kind === "busy";
    const life = withState(isDrained ? { ...entry.life, kill: "drained" } : entry.life, instance);
    if (!hasBegun) return this.#note(entry, life);
    const isNamed = this.#locatorOf(entry) !== undefined;
    const isBuild = isNamed ? this.#isOtherBuild(entry) : true;
    if (!isNamed) entry.isUnnamed = true;
    if (isBuild) this.#addBuild(entry, life);
    else this.#note(entry, life);
  }

  #addBuild(entry: Entry, life: InstanceLife): void {
    this.#note(entry, { ...life, builds: life.builds + 1 });
  }

  #locatorOf({ instance }: Entry): string | undefined {
    return this.#builds.get(uuidOf(instance) ?? "");
  }

  /** Whether its job, now known, was not counted yet: a job that an agent has again counts once. */
  #isOtherBuild(entry: Entry): boolean {
    const locator = this.#locatorOf(entry);
    if (locator === undefined || entry.jobs.has(locator)) return false;
    entry.jobs.add(locator);
    const wasCounted = entry.isUnnamed;
    entry.isUnnamed = false;
    return !wasCounted;
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

  #hour(atMs: number, profile: string): Counted {
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

function nothing(): Counted {
  return { ...sumOfSpent([]) };
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

/** Whether it is about to be disabled or enabled: until then its build is unknown. */
function isOnItsWay(instance: AgentInstance): boolean {
  return instance.state === "draining" && (instance.step.kind === "disabling" || instance.step.kind === "enabling");
}

/** Since when it has been in this state. */
function sinceOf(instance: AgentInstance): number {
  if (instance.state === "registered") return instance.activity.sinceMs;
  if (instance.state === "draining" && instance.step.kind === "confirming") return instance.step.firstIdleMs;
  return instance.sinceMs;
}

// A disk for the simulated program: texts of records as the real stores keep them, with failures on demand. It outlives
// crashes.

import type { AgentInstance } from "../../src/core/instance.ts";
import type { StateRecord, StoredState } from "../../src/core/record.ts";
import {
  completeState,
  decodeRecords,
  frameworkKey,
  freshState,
  instanceKeyPrefix,
  recordsOf,
  textChanges,
} from "../../src/store/record_codec.ts";

/** How commits fail: before anything is stored, or after all is stored but the answer is lost. */
export type SimDiskFailure = "nothing-stored" | "all-stored";

/** The disk of one simulated program. */
export interface SimDisk {
  /** Set while all commits fail. */
  failure: SimDiskFailure | undefined;
  /** Commits so far, those that failed included. */
  readonly commits: number;
  /** Single commits that fail, by their number from 1 on. */
  readonly failing: Map<number, SimDiskFailure>;
  /** What the last run left; a fresh state where there was none. Throws what the real codec throws. */
  load(): StoredState;
  /** Stores records in one transaction; false where that failed. */
  commit(records: readonly StateRecord[]): boolean;
  /** Whether all these records are stored just as they are. */
  holds(records: readonly StateRecord[]): boolean;
  /** The instance stored under a task id, decoded; undefined if there is none. Throws what the real codec throws. */
  instance(taskId: string): AgentInstance | undefined;
  /** Task ids of all stored instances. */
  taskIds(): string[];
  /** Adds a field that this version does not know to every record, as a newer program would have. */
  writeFromTheFuture(): void;
  /** Records that once had such a field and lost it; empty is right. */
  forgottenFuture(): string[];
  /** Keeps a copy of what it holds, at most one a minute; call it as time passes. */
  keepCopy(nowMs: number): void;
  /** Puts the newest copy that is as old as that in its place; false: there is none. */
  restore(beforeMs: number): boolean;
  /** Whether a commit that was said to have failed was stored after all, and no load has followed. */
  readonly isAhead: boolean;
}

/** Between two copies. */
const copyEveryMs = 60_000;
/** Two hours of them. */
const copiesMax = 120;

const futureField = "fieldOfANewerVersion";

/** An empty disk; `lineage` is given to its first state. */
export function createSimDisk(lineage: string): SimDisk {
  const texts = new Map<string, string>();
  const withFuture = new Set<string>();
  const failing = new Map<number, SimDiskFailure>();
  const copies: { readonly atMs: number; readonly texts: ReadonlyMap<string, string> }[] = [];
  let isAhead = false;
  let commits = 0;
  const put = (records: readonly StateRecord[]): void => {
    for (const change of textChanges(records, (key) => texts.get(key))) {
      if (change.kind === "put") {
        texts.set(change.key, change.json);
      } else {
        texts.delete(change.key);
        withFuture.delete(change.key);
      }
    }
  };
  return {
    failure: undefined,
    get commits(): number {
      return commits;
    },
    failing,
    load(): StoredState {
      isAhead = false;
      const stored = completeState(
        decodeRecords([...texts].map(([key, json]) => ({ key, json }))),
        "of the simulation",
      );
      if (stored !== undefined) return stored;
      const fresh = freshState(lineage);
      put(recordsOf(fresh));
      return fresh;
    },
    commit(records): boolean {
      const failure = this.failure ?? failing.get(++commits);
      if (failure === "nothing-stored") return false;
      put(records);
      if (failure === undefined) return true;
      isAhead = true;
      return false;
    },
    holds: (records) =>
      textChanges(records, (key) => texts.get(key)).every((change) =>
        change.kind === "put" ? texts.get(change.key) === change.json : !texts.has(change.key)
      ),
    instance(taskId): AgentInstance | undefined {
      const json = texts.get(instanceKeyPrefix + taskId);
      if (json === undefined) return undefined;
      const { instances, unreadable } = decodeRecords([{ key: instanceKeyPrefix + taskId, json }]);
      const [problem] = unreadable;
      if (problem !== undefined) throw new Error(`the record ${problem.key} cannot be read back: ${problem.reason}`);
      return instances[0];
    },
    taskIds: () =>
      [...texts.keys()].filter((key) => key.startsWith(instanceKeyPrefix)).map((key) =>
        key.slice(instanceKeyPrefix.length)
      ),
    writeFromTheFuture(): void {
      for (const [key, json] of texts) {
        const value: unknown = JSON.parse(json);
        if (typeof value !== "object" || value === null) continue;
        texts.set(key, JSON.stringify({ [futureField]: { words: ["of", "tomorrow"] }, ...value }));
        withFuture.add(key);
      }
    },
    keepCopy(nowMs): void {
      if (nowMs - (copies.at(-1)?.atMs ?? -Infinity) < copyEveryMs) return;
      copies.push({ atMs: nowMs, texts: new Map(texts) });
      if (copies.length > copiesMax) copies.shift();
    },
    restore(beforeMs): boolean {
      // Nobody keeps a copy of a state that has never registered.
      const copy = copies.findLast(({ atMs, texts: kept }) =>
        atMs <= beforeMs && kept.get(frameworkKey)?.includes("frameworkId") === true
      );
      if (copy === undefined) return false;
      texts.clear();
      for (const [key, json] of copy.texts) texts.set(key, json);
      for (const key of withFuture) {
        if (copy.texts.get(key)?.includes(futureField) !== true) withFuture.delete(key);
      }
      isAhead = false;
      return true;
    },
    forgottenFuture: () => [...withFuture].filter((key) => texts.get(key)?.includes(futureField) !== true),
    get isAhead(): boolean {
      return isAhead;
    },
  };
}

// A disk for the simulated program: texts of records as in the real stores, with failures on demand. It survives
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
import { isSame } from "./same.ts";

/** How commits fail: before anything is stored, or after everything is stored but the response is lost. */
export type SimDiskFailure = "nothing-stored" | "all-stored";

/** The disk of one simulated program. */
export interface SimDisk {
  /** Set while all commits fail. */
  failure: SimDiskFailure | undefined;
  /** Commits so far, including failed ones. */
  readonly commits: number;
  /** Commits that fail, by their number from 1 on. */
  readonly failing: Map<number, SimDiskFailure>;
  /** The content left by the last run; a fresh state if there was none. Throws what the real codec throws. */
  load(): StoredState;
  /** Stores records in one transaction; false if that failed. */
  commit(records: readonly StateRecord[]): boolean;
  /** Whether all these records are stored unchanged. */
  holds(records: readonly StateRecord[]): boolean;
  /** The instance stored under a task id, decoded; undefined if there is none. Throws what the real codec throws. */
  instance(taskId: string): AgentInstance | undefined;
  /** Task ids of all stored instances. */
  taskIds(): string[];
  /** Adds an unknown field to every record, as a newer version would. */
  writeFromTheFuture(): void;
  /** Records that lost such a field; must be empty. */
  forgottenFuture(): string[];
  /** Stores a copy of its content, at most one a minute; called as time advances. */
  keepCopy(nowMs: number): void;
  /** Restores the newest copy of at least that age; false: there is none. */
  restore(beforeMs: number): boolean;
  /** Whether a commit that was reported as failed was stored, and neither a load nor another commit has followed. */
  readonly isAhead: boolean;
}

/** Interval of copies. */
const copyEveryMs = 60_000;
/** Maximum number of copies: two hours. */
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
  let held: readonly StateRecord[] | undefined;
  const put = (records: readonly StateRecord[]): void => {
    held = undefined;
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
      isAhead = failure !== undefined;
      return !isAhead;
    },
    holds(records): boolean {
      // Asked for each effect of a frame; the content changes rarely in between.
      if (records === held) return true;
      const isSo = textChanges(records, (key) => texts.get(key)).every((change) =>
        change.kind === "put" ? isSameText(texts.get(change.key), change.json) : !texts.has(change.key)
      );
      if (isSo) held = records;
      return isSo;
    },
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
      held = undefined;
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
      // A state that has never registered is not copied.
      const copy = copies.findLast(({ atMs, texts: kept }) =>
        atMs <= beforeMs && kept.get(frameworkKey)?.includes("frameworkId") === true
      );
      if (copy === undefined) return false;
      held = undefined;
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

/** Whether two texts have the same content: fields of a newer version may be in another place. */
function isSameText(one: string | undefined, other: string): boolean {
  return one === other || one !== undefined && isSame(JSON.parse(one), JSON.parse(other));
}

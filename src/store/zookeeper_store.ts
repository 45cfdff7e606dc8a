// Durable state in ZooKeeper, written by the leader only.
//
//   PATH/state/KEY   the text of one record, KEY of record_codec.ts percent-encoded

import type { StateRecord, StoredState } from "../core/record.ts";
import {
  completeState,
  decodeRecords,
  freshState,
  recordsOf,
  type StoredText,
  type TextChange,
  textChanges,
} from "./record_codec.ts";
import type { Store } from "./store.ts";
import { zookeeperText } from "../net/addresses.ts";
import { StoreError } from "./store_error.ts";
import { type ElectionOptions, type Leadership, openCandidate } from "./zookeeper_election.ts";
import { pendingChanges, requestBytesMaxDefault, writeChanges } from "./zookeeper_journal.ts";
import type { ZookeeperSession } from "../zookeeper/session.ts";
import { openStateSession, type StateZookeeperOptions } from "./zookeeper_state.ts";

/** Maximum number of concurrent requests while everything is read. */
const readsMax = 200;

/** The options of a leader's store. */
export interface LeaderStoreOptions {
  /** Six random characters `[a-z0-9]` for a state that has never been used. */
  readonly newLineage: () => string;
  /** Releases the lock. */
  readonly close: () => Promise<void>;
  /** The largest request, in bytes; a larger commit goes through the journal. 256,000 by default. */
  readonly requestBytesMax?: number;
}

/**
 * Opens the state for writing without waiting for another's lock. Throws {@linkcode StoreError}: `state-locked` if an
 * instance leads, `state-unreachable`, `state-unwritable`.
 */
export async function openZookeeperStore(
  options: ElectionOptions & { readonly newLineage: () => string },
  signal: AbortSignal,
): Promise<Store> {
  const candidate = await openCandidate(options, signal);
  try {
    const leadership = await candidate.tryToLead();
    if (!("leader" in leadership)) {
      return openLeaderStore(leadership, { newLineage: options.newLineage, close: candidate.close });
    }
    throw new StoreError("state-locked", {
      message: `the state ${zookeeperText(options)} is in use by ${leadership.leader}`,
      hint: "stop every instance that uses it, or use the status page of the leader",
    });
  } catch (error) {
    await candidate.close();
    throw error;
  }
}

/** The store of a leader. */
export function openLeaderStore(leadership: Leadership, options: LeaderStoreOptions): Store {
  return new LeaderStore(leadership, options);
}

/**
 * Reads the state while its writer is running, whose latest changes it may see partially; `undefined` if it has never
 * been used. Throws {@linkcode StoreError}.
 */
export async function readZookeeperState(
  options: StateZookeeperOptions,
  signal: AbortSignal,
): Promise<StoredState | undefined> {
  const session = await openStateSession(options, signal);
  try {
    const base = options.path === "/" ? "" : options.path;
    const texts = await readTexts(session, base);
    for (const change of await pendingChanges(session, base) ?? []) {
      if (change.kind === "put") texts.set(change.key, change.json);
      else texts.delete(change.key);
    }
    return completeState(decodeRecords(listOf(texts)), zookeeperText(options));
  } finally {
    await session.close();
  }
}

/** A class, because it owns a lock. */
class LeaderStore implements Store {
  readonly #leadership: Leadership;
  readonly #options: LeaderStoreOptions;
  /** The stored texts, by key; unknown until they are read, and after a write with unknown result. */
  #texts: Map<string, string> | undefined;
  #isOpen = true;

  constructor(leadership: Leadership, options: LeaderStoreOptions) {
    this.#leadership = leadership;
    this.#options = options;
  }

  async load(): Promise<StoredState> {
    this.#demandOpen();
    this.#texts = undefined;
    const texts = await this.#known();
    const { base, session } = this.#leadership;
    const stored = completeState(decodeRecords(listOf(texts)), `zk://${session.place}${base}`);
    if (stored !== undefined) return stored;
    const fresh = freshState(this.#options.newLineage());
    await this.#write(recordsOf(fresh));
    return fresh;
  }

  async commit(records: readonly StateRecord[]): Promise<void> {
    this.#demandOpen();
    if (records.length > 0) await this.#write(records);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#options.close();
  }

  async #write(records: readonly StateRecord[]): Promise<void> {
    const texts = await this.#known();
    // Only what is certainly stored is cached: after a failure everything is read again.
    this.#texts = undefined;
    const changes = textChanges(records, (key) => texts.get(key));
    await this.#writeChanges(changes, texts, "new");
    for (const change of changes) {
      if (change.kind === "put") texts.set(change.key, change.json);
      else texts.delete(change.key);
    }
    this.#texts = texts;
  }

  async #known(): Promise<Map<string, string>> {
    if (this.#texts !== undefined) return this.#texts;
    const { session, base } = this.#leadership;
    // A write with unknown result may not be shown yet by the server that is asked now: it answers this one only after
    // everything before it.
    await this.#leadership.transaction([]);
    let texts = await readTexts(session, base);
    const pending = await pendingChanges(session, base);
    if (pending !== undefined) {
      await this.#writeChanges(pending, texts, "journal");
      texts = await readTexts(session, base);
    }
    this.#texts = texts;
    return texts;
  }

  #writeChanges(
    changes: readonly TextChange[],
    texts: ReadonlyMap<string, string>,
    from: "new" | "journal",
  ): Promise<void> {
    const { requestBytesMax = requestBytesMaxDefault } = this.#options;
    return writeChanges(this.#leadership, changes, { isStored: (key) => texts.has(key), from, requestBytesMax });
  }

  #demandOpen(): void {
    if (this.#isOpen) return;
    throw new StoreError("state-closed", {
      message: "the state in ZooKeeper was used after it was closed",
      hint: "this is a bug in gocd-mesos: please report it",
    });
  }
}

async function readTexts(session: ZookeeperSession, base: string): Promise<Map<string, string>> {
  const names = await session.children(`${base}/state`) ?? [];
  const texts = new Map<string, string>();
  for (let at = 0; at < names.length; at += readsMax) {
    await Promise.all(
      names.slice(at, at + readsMax).map(async (name) => {
        const found = await session.data(`${base}/state/${name}`);
        // Gone since the list was read: its writer has removed it.
        if (found !== undefined) texts.set(keyOf(name), found.text);
      }),
    );
  }
  return texts;
}

function keyOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // Not one of our names; ignored.
    return name;
  }
}

function listOf(texts: ReadonlyMap<string, string>): readonly StoredText[] {
  return [...texts].map(([key, json]) => ({ key, json }));
}

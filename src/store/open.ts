// The kinds of durable state, and the only place that distinguishes them. A new kind needs a new file, a case here, and
// one in config/state.ts.

import type { StoredState } from "../core/record.ts";
import { type ZookeeperAddress, zookeeperText } from "../net/addresses.ts";
import { openStoreForReading, type StateInspection, type StateReader } from "./sqlite_reader.ts";
import { openSqliteStore, probeSqliteStore } from "./sqlite_store.ts";
import { isStateFile, refuseForeignState } from "./state_path.ts";
import type { Store } from "./store.ts";
// Only its types: it is only loaded for zk://.
import type { ElectionOptions } from "./zookeeper_election.ts";

/** The place of a state. */
export type StatePlace =
  | { readonly kind: "sqlite"; readonly path: string }
  | ZookeeperAddress & { readonly kind: "zookeeper" };

/** Who uses it. */
export interface StateUser {
  /** Six random characters `[a-z0-9]` for a state that has never been used. */
  readonly newLineage: () => string;
  /** How this instance takes part if several share the state. */
  readonly instance: () => Omit<ElectionOptions, keyof ZookeeperAddress>;
}

/** A state that can be opened. */
export interface DurableState {
  /** Its place, for people. */
  readonly place: string;
  /** Several instances may share it; one of them leads. */
  readonly isShared: boolean;
  /** For its one writer. Throws {@linkcode StoreError}. */
  open(): Promise<Store>;
  /**
   * For a command that changes the state instead of its writer; creates none that the writer could not open. Throws
   * {@linkcode StoreError}.
   */
  openForCommand(): Promise<Store>;
  /**
   * Throws what `open` would, without creating anything; absent if opening means waiting for a turn. Throws {@linkcode
   * StoreError}.
   */
  probe?(): void;
  /** Reads while its writer is running; nothing if there is no state yet. Throws {@linkcode StoreError}. */
  read(): Promise<StoredState | undefined>;
  /** The content, valid or not; absent if only a complete state can be read. Throws {@linkcode StoreError}. */
  inspect?(): StateInspection;
}

/** The state at a place. Nothing is opened until requested. */
export function durableState(place: StatePlace, user: StateUser): DurableState {
  switch (place.kind) {
    case "sqlite":
      return {
        place: place.path,
        isShared: false,
        // deno-lint-ignore require-await
        open: async () => openSqliteStore(place.path, user),
        // deno-lint-ignore require-await
        openForCommand: async () => {
          refuseForeignState(place.path);
          return openSqliteStore(place.path, user);
        },
        probe: () => probeSqliteStore(place.path),
        // deno-lint-ignore require-await
        read: async () => isStateFile(place.path) ? inFile(place.path, (reader) => reader.load()) : undefined,
        inspect: () => inFile(place.path, (reader) => reader.inspect()),
      };
    case "zookeeper": {
      const options = (): ElectionOptions => ({ ...place, ...user.instance() });
      const limit = ({ sessionTimeoutMs }: ElectionOptions): AbortSignal => AbortSignal.timeout(sessionTimeoutMs);
      const open = async (): Promise<Store> => {
        const { openZookeeperStore } = await import("./zookeeper_store.ts");
        const given = options();
        return await openZookeeperStore({ ...given, newLineage: user.newLineage }, limit(given));
      };
      return {
        place: zookeeperText(place),
        isShared: true,
        open,
        openForCommand: open,
        read: async () => {
          const { readZookeeperState } = await import("./zookeeper_store.ts");
          const given = options();
          return await readZookeeperState(given, limit(given));
        },
      };
    }
    default:
      return place satisfies never;
  }
}

function inFile<Result>(path: string, act: (reader: StateReader) => Result): Result {
  const reader = openStoreForReading(path);
  try {
    return act(reader);
  } finally {
    reader.close();
  }
}

// Stores any number of changes completely or not at all. ZooKeeper rejects requests above 1 MB (jute.maxbuffer), so
// larger ones go through a journal:
//
//   PATH/journal/0…n   the changes in parts, of no meaning yet
//   PATH/journal       "n" commits them: from here on, a leader that finds them completes the work; "" when it is done

import type { TextChange } from "./record_codec.ts";
import { StoreError } from "./store_error.ts";
import type { Leadership } from "./zookeeper_election.ts";
import type { ZookeeperOperation, ZookeeperSession } from "../zookeeper/session.ts";

/**
 * The size of one request, in UTF-8 bytes with the overhead of each change. ZooKeeper's limit is 1,048,575; it also
 * keeps the last 500 requests in memory, so larger ones would hurt it.
 */
export const requestBytesMaxDefault = 256_000;
/** Path, version, access list and lengths of one operation take less. */
const operationBytes = 300;

/** How changes are written. */
export interface WriteOptions {
  /** Whether a text is currently stored under a key. */
  readonly isStored: (key: string) => boolean;
  /** Whether the changes are new, or the unfinished journal of an earlier leader. */
  readonly from: "new" | "journal";
  /** Of one request, UTF-8 bytes. */
  readonly requestBytesMax: number;
}

/** Stores all changes or none. Throws {@linkcode StoreError}; with `state-unreachable` they may be stored or not. */
export async function writeChanges(
  leadership: Leadership,
  changes: readonly TextChange[],
  { isStored, from, requestBytesMax }: WriteOptions,
): Promise<void> {
  const { base } = leadership;
  const journal = `${base}/journal`;
  const parts = inParts(changes, requestBytesMax);
  if (parts.length <= 1 && from === "new") return await applyPart(leadership, changes, isStored);
  if (from === "new") {
    await clearParts(leadership);
    for (const [index, part] of parts.entries()) {
      await done(leadership, [{ kind: "create", path: `${journal}/${index}`, text: JSON.stringify(part) }]);
    }
    await done(leadership, [{ kind: "set", path: journal, text: String(parts.length) }]);
  }
  for (const part of parts) await applyPart(leadership, part, isStored);
  await done(leadership, [{ kind: "set", path: journal, text: "" }]);
  await clearParts(leadership);
}

/** The changes of a journal whose work is not finished; `undefined` if there is none. */
export async function pendingChanges(
  session: ZookeeperSession,
  base: string,
): Promise<readonly TextChange[] | undefined> {
  const count = partsIn(session, base, (await session.data(`${base}/journal`))?.text ?? "");
  if (count === 0) return undefined;
  const changes: TextChange[] = [];
  for (let index = 0; index < count; index++) {
    const part = await session.data(`${base}/journal/${index}`);
    // A concurrent reader may be too late: then everything is in place.
    if (part === undefined) return undefined;
    for (const change of changesIn(session, `${base}/journal/${index}`, part.text)) changes.push(change);
  }
  return changes;
}

/** Maximum number of parts of one journal, of 256 kB each: a state of 25 GB. */
const partsMax = 100_000;

// An undecodable journal must not count as finished: it may be the only copy of a change.
function partsIn(session: ZookeeperSession, base: string, text: string): number {
  if (text === "") return 0;
  const count = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (count <= partsMax) return count;
  throw unreadable(session, `${base}/journal`);
}

function changesIn(session: ZookeeperSession, path: string, text: string): readonly TextChange[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unreadable(session, path);
  }
  if (!Array.isArray(value) || !value.every(isChange)) throw unreadable(session, path);
  return value;
}

function isChange(value: unknown): value is TextChange {
  if (typeof value !== "object" || value === null || !("kind" in value && "key" in value)) return false;
  if (typeof value.key !== "string" || value.key === "" || !value.key.isWellFormed()) return false;
  return value.kind === "remove" || (value.kind === "put" && "json" in value && typeof value.json === "string");
}

function unreadable(session: ZookeeperSession, path: string): StoreError {
  return new StoreError("state-record-unreadable", {
    message: `ZooKeeper ${session.place}${path} cannot be decoded: another program has written there`,
    hint:
      "let nothing but gocd-mesos write under the path of state.path; restore it from a backup, or set the journal's " +
      "value to nothing to discard the pending change",
  });
}

async function applyPart(
  leadership: Leadership,
  changes: readonly TextChange[],
  isStored: (key: string) => boolean,
): Promise<void> {
  await done(leadership, changes.flatMap((change) => operationOf(leadership.base, change, isStored(change.key))));
}

function operationOf(base: string, change: TextChange, isStored: boolean): readonly ZookeeperOperation[] {
  const path = `${base}/state/${encodeURIComponent(change.key)}`;
  if (change.kind === "remove") return isStored ? [{ kind: "remove", path }] : [];
  return [{ kind: isStored ? "set" : "create", path, text: change.json }];
}

/** Performs operations that can only be refused if another program has written under our path. */
async function done(leadership: Leadership, operations: readonly ZookeeperOperation[]): Promise<void> {
  if (operations.length === 0) return;
  const end = await leadership.transaction(operations);
  if (end.kind === "done") return;
  throw new StoreError("state-failed", {
    message: `ZooKeeper ${leadership.session.place}: ${operations[end.at]?.path ?? leadership.base} was changed ` +
      `by another program (${end.reason})`,
    hint: "let nothing but gocd-mesos write under the path of state.path",
  });
}

async function clearParts(leadership: Leadership): Promise<void> {
  const { session, base } = leadership;
  for (const name of await session.children(`${base}/journal`) ?? []) {
    await done(leadership, [{ kind: "remove", path: `${base}/journal/${name}` }]);
  }
}

function inParts(
  changes: readonly TextChange[],
  requestBytesMax: number,
): readonly (readonly TextChange[])[] {
  const parts: TextChange[][] = [];
  let bytes = Infinity;
  for (const change of changes) {
    const size = bytesOf(change);
    if (size > requestBytesMaxDefault) throw tooLarge(change, size);
    if (bytes + size > requestBytesMax) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(change);
    bytes += size;
  }
  return parts;
}

/** Of a change as an operation or as a piece of the journal's JSON, whichever is more. */
function bytesOf(change: TextChange): number {
  return new TextEncoder().encode(JSON.stringify(change)).length + encodeURIComponent(change.key).length +
    operationBytes;
}

function tooLarge(change: TextChange, size: number): StoreError {
  return new StoreError("state-full", {
    message: `the record ${change.key} takes ${size} bytes, more than ZooKeeper keeps in one znode`,
    hint: "please report it: no record of gocd-mesos should be that large",
  });
}

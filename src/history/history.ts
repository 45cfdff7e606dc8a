// The history of a running program: samples, decisions, lives of instances, agent-hours and pictures, in a SQLite file
// or in memory. No decision depends on it. It is filled by runtime/recorder.ts.

import type { DatabaseSync } from "node:sqlite";
import {
  type AgentHours,
  type HistoryFigure,
  type HistoryPlace,
  type HistoryReader,
  type HistorySample,
  type HistorySnapshot,
  type InstanceLife,
  lifeKinds,
  type NamedJobLife,
} from "../core/view/history.ts";
import type { NoteView } from "../core/view/view.ts";
import { guarded } from "./error.ts";
import { inTransaction } from "../sqlite/database.ts";
import { bytesUsed, memoryName, openDatabase, setLimit } from "./file.ts";
import { figureNames, isMean, lifeOf, readerOf } from "./reader.ts";

/** The data to store. */
export interface HistoryBatch {
  readonly samples: readonly HistorySample[];
  readonly notes: readonly NoteView[];
  /** Lives that have started, changed or ended. */
  readonly lives: readonly InstanceLife[];
  /** Finished jobs. */
  readonly jobs: readonly NamedJobLife[];
  /** Agent time since the last batch. */
  readonly hours: readonly AgentHours[];
  readonly snapshots: readonly PackedSnapshot[];
}

/** A picture, compressed. */
export interface PackedSnapshot extends Omit<HistorySnapshot, "view"> {
  readonly gzip: Uint8Array;
}

/** The limits. */
export interface HistoryLimits {
  readonly keepMs: number;
  readonly bytesMax: number;
}

/** A history opened by its writer. Each operation throws {@linkcode HistoryError} if it fails. */
export interface History extends HistoryReader {
  /** Stores a batch in one transaction. */
  write(batch: HistoryBatch): void;
  /** Deletes a few rows that are too old, or exceed the size; called repeatedly. */
  prune(atMs: number): void;
  /** Lives that have not ended as far as known. */
  livesNow(): readonly InstanceLife[];
  /** Other limits from now on. */
  limit(limits: HistoryLimits): void;
  /** Closes the file. */
  close(): void;
}

/** A history in memory is smaller, whatever the limit of the file: it is for the last hours. */
const memoryBytesMax = 32 * 1024 * 1024;

/** Opens the history in a file, or one in memory that ends with the program. Throws {@linkcode HistoryError}. */
export function openHistory(path: string | undefined, limits: HistoryLimits): History {
  const bytesMax = (given: number): number => path === undefined ? Math.min(given, memoryBytesMax) : given;
  const database = openDatabase(path, bytesMax(limits.bytesMax));
  const place: HistoryPlace = path === undefined ? { kind: "memory" } : { kind: "file", path };
  const name = path ?? memoryName;
  let { keepMs } = limits;
  let size = bytesMax(limits.bytesMax);
  return {
    ...readerOf(database, place),
    write: (batch) => guarded("write", name, () => inTransaction(database, () => put(database, batch))),
    prune: (atMs) =>
      guarded("prune", name, () =>
        inTransaction(database, () => {
          dropOld(database, atMs - keepMs);
          if (bytesUsed(database) > size * fullShare) thinOut(database, atMs);
        })),
    livesNow: () =>
      guarded("read", name, () => database.prepare("SELECT json FROM lives WHERE ended IS NULL").all().map(lifeOf)),
    limit: (next) =>
      guarded("limit", name, () => {
        keepMs = next.keepMs;
        size = bytesMax(next.bytesMax);
        setLimit(database, size);
      }),
    close: () => database.close(),
  };
}

/** Beyond this share of its size a history is thinned out; the rest is a reserve for new data. */
const fullShare = 0.8;
/** Number of rows of a table that are deleted at once. */
const rowsMax = 500;
const snapshotsMax = 20;
/** The pictures of so recent a time are kept whole, as long as there are others. */
const recentMs = 3_600_000;

const sampleSql = `INSERT OR REPLACE INTO samples (at, ${figureNames.join(", ")}) VALUES (?, ${
  figureNames.map(() => "?").join(", ")
})`;

const hoursSql = `INSERT INTO hours (hour, profile, ${lifeKinds.join(", ")}) VALUES (?, ?, ${
  lifeKinds.map(() => "?").join(", ")
}) ON CONFLICT (hour, profile) DO UPDATE SET ${
  lifeKinds.map((kind) => `${kind} = ${kind} + excluded.${kind}`).join(", ")
}`;

function put(database: DatabaseSync, { samples, notes, lives, jobs, hours, snapshots }: HistoryBatch): void {
  const sample = database.prepare(sampleSql);
  for (const each of samples) sample.run(each.atMs, ...figureNames.map((name) => stored(name, each[name])));
  const note = database.prepare("INSERT INTO notes (at, level, code, text) VALUES (?, ?, ?, ?)");
  for (const { atMs, level, code, text } of notes) note.run(atMs, level, code, text);
  const life = database.prepare("INSERT OR REPLACE INTO lives VALUES (?, ?, ?)");
  for (const each of lives) life.run(each.taskId, each.endedMs ?? null, JSON.stringify(each));
  const job = database.prepare("INSERT INTO jobs (at, json) VALUES (?, ?)");
  for (const each of jobs) job.run(Math.round(each.atMs), JSON.stringify(each));
  const hour = database.prepare(hoursSql);
  for (const { hourMs, profile, spentMs } of hours) {
    hour.run(hourMs, profile, ...lifeKinds.map((kind) => spentMs[kind]));
  }
  const snapshot = database.prepare("INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?)");
  for (const { atMs, version, gzip } of snapshots) {
    const rank = hasSnapshot(database, atMs) ? extraRank : rankOf(atMs);
    snapshot.run(atMs, rank, version, gzip);
  }
}

/** A mean has a fraction; what is not known is no number. */
function stored(name: HistoryFigure, value: number | undefined): number | null {
  if (value === undefined) return null;
  return isMean(name) ? value : Math.round(value);
}

/** The rank of further pictures of one minute, which are removed first. */
const extraRank = -1;

/** Whether the minute of a moment has an earlier picture. */
function hasSnapshot(database: DatabaseSync, atMs: number): boolean {
  const sql = "SELECT at FROM snapshots WHERE at >= ? AND at < ? LIMIT 1";
  return database.prepare(sql).get(Math.floor(atMs / 60_000) * 60_000, atMs) !== undefined;
}

/**
 * The lowest rank is removed first when there are too many pictures: every second minute, then every second of the
 * rest, and so on, so that the remaining ones are evenly spaced.
 */
function rankOf(atMs: number): number {
  const minute = Math.floor(atMs / 60_000);
  return 31 - Math.clz32(minute & -minute);
}

function dropOld(database: DatabaseSync, beforeMs: number): void {
  for (const [table, key, at] of timed) drop(database, { table, key }, `WHERE ${at} < ${Math.floor(beforeMs)}`);
  database.prepare("DELETE FROM hours WHERE hour < ?").run(Math.floor(beforeMs));
}

/** The tables with their keys and times. */
const timed = [
  ["samples", "at", "at"],
  ["notes", "id", "at"],
  ["lives", "taskId", "ended"],
  ["jobs", "id", "at"],
  ["snapshots", "at", "at"],
] as const;

function thinOut(database: DatabaseSync, atMs: number): void {
  const older = `WHERE at < ${Math.floor(atMs - recentMs)} ORDER BY rank, at`;
  if (drop(database, { table: "snapshots", key: "at", max: snapshotsMax }, older) > 0) return;
  if (drop(database, { table: "snapshots", key: "at", max: 1 }, "ORDER BY rank >= 0, at") === 0) {
    for (const [table, key, at] of timed) drop(database, { table, key }, `WHERE ${at} IS NOT NULL ORDER BY ${at}`);
  }
}

function drop(
  database: DatabaseSync,
  { table, key, max = rowsMax }: { readonly table: string; readonly key: string; readonly max?: number },
  which: string,
): number {
  const sql = `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} ${which} LIMIT ${max})`;
  return Number(database.prepare(sql).run().changes);
}

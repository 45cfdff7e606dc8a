// Queries an open history.

import { Buffer } from "node:buffer";
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import {
  type AgentHours,
  type HistoryFigure,
  type HistoryPlace,
  type HistoryReader,
  type HistorySample,
  type InstanceLife,
  type JobLife,
  type LifeKind,
  lifeKinds,
  type NamedJobLife,
  sumOfSpent,
  type TimeSpan,
  type ToldCount,
} from "../core/view/history.ts";
import type { NoteLevel } from "../core/note.ts";
import type { StatusView } from "../core/view/view.ts";
import { guarded } from "./error.ts";
import { memoryName, openDatabaseForReading } from "./file.ts";

/** For several moments, jobs are those of the one with the most waiting jobs, so that they add up. */
const jobFigures = ["needsAgent", "coming", "willBeTaken", "otherCause", "unserved", "notOurs"] as const;
/** How another figure of several moments becomes one: of agents it is the mean. */
const otherFigures: Readonly<Record<Exclude<HistoryFigure, typeof jobFigures[number]>, "MAX" | "AVG">> = {
  wanted: "MAX",
  starting: "AVG",
  idle: "AVG",
  building: "AVG",
  draining: "AVG",
  away: "AVG",
  oldestWaitMs: "MAX",
};

/** Whether a figure is a mean of the agents in a span. */
export function isMean(name: HistoryFigure): boolean {
  return new Map<string, string>(Object.entries(otherFigures)).get(name) === "AVG";
}

/** The names of all figures; also those of their columns. */
export const figureNames = [...jobFigures, ...Object.keys(otherFigures)] as readonly HistoryFigure[];

/** SQLite takes the columns next to a single MAX from the row with the maximum. */
const jobColumns = `${jobFigures.join(", ")}, MAX(needsAgent + coming + willBeTaken + otherCause + unserved)`;
const otherColumns = Object.entries(otherFigures).map(([name, by]) => `ROUND(${by}(${name}), 2) AS ${name}`).join(", ");

/** Maximum size of a picture. */
const viewBytesMax = 512 * 1024 * 1024;

/** The reader of an open database. */
export function readerOf(database: DatabaseSync, place: HistoryPlace): HistoryReader {
  const name = place.kind === "file" ? place.path : memoryName;
  const all: Ask = (sql, ...values) => guarded("read", name, () => database.prepare(sql).all(...values));
  const one = (sql: string, ...values: readonly number[]): Row => all(sql, ...values)[0] ?? {};
  return {
    place,
    span: () => {
      const { first, last } = one("SELECT MIN(at) AS first, MAX(at) AS last FROM samples");
      return typeof first === "number" && typeof last === "number" ? { fromMs: first, toMs: last } : undefined;
    },
    samples: (span, stepMs) => samplesIn(all, span, stepMs),
    notes: ({ fromMs, toMs }, { max, levels, codes }) => {
      const among = (column: string, values: readonly string[] | undefined): string =>
        values === undefined ? "" : `AND ${column} IN (${values.map(() => "?").join(", ")})`;
      const some = `${among("level", levels)} ${among("code", codes)}`;
      const sql =
        `SELECT at, level, code, text FROM notes WHERE at >= ? AND at < ? ${some} ORDER BY at DESC, id DESC LIMIT ?`;
      return all(sql, fromMs, toMs, ...levels ?? [], ...codes ?? [], max).map(({ at, level, code, text }) => ({
        atMs: Number(at),
        level: String(level) as NoteLevel,
        code: String(code),
        text: String(text),
      }));
    },
    told: (span, stepMs, codes) => toldIn(all, span, { stepMs, codes }),
    ended: ({ fromMs, toMs }, max) =>
      all(
        "SELECT json FROM lives WHERE ended >= ? AND ended < ? ORDER BY ended DESC, taskId LIMIT ?",
        fromMs,
        toMs,
        max,
      )
        .map(lifeOf),
    endedCount: ({ fromMs, toMs }) =>
      Number(one("SELECT COUNT(*) AS count FROM lives WHERE ended >= ? AND ended < ?", fromMs, toMs).count),
    jobs: ({ fromMs, toMs }, max) =>
      jobsIn(all, unnamedJobsSql, [fromMs, toMs, max]).map((json) => JSON.parse(json) as JobLife),
    namedJobs: (part, { fromMs, toMs }, max) =>
      jobsIn(all, namedJobsSql, [fromMs, toMs, JSON.stringify(part).slice(1, -1), part, max]).map((json) =>
        JSON.parse(json) as NamedJobLife
      ),
    hours: ({ fromMs, toMs }) =>
      all("SELECT * FROM hours WHERE hour >= ? AND hour < ? ORDER BY hour, profile", fromMs, toMs).map(hoursOf),
    nextSnapshotMs: (atMs) => {
      const { next } = one("SELECT MIN(at) AS next FROM snapshots WHERE at >= ?", atMs);
      return typeof next === "number" ? next : undefined;
    },
    snapshotAt: (atMs) => {
      const { at, version, gzip } = one("SELECT * FROM snapshots WHERE at <= ? ORDER BY at DESC LIMIT 1", atMs);
      if (!(gzip instanceof Uint8Array)) return undefined;
      return guarded("read", name, () => {
        const text = gunzipSync(gzip, { maxOutputLength: viewBytesMax });
        const view = JSON.parse(Buffer.from(text).toString()) as StatusView;
        return { atMs: Number(at), version: String(version), view };
      });
    },
  };
}

/** The history in a file, read while its writer is running. Throws {@linkcode HistoryError}. */
export function openHistoryForReading(path: string): HistoryReader & { close(): void } {
  const database = openDatabaseForReading(path);
  return { ...readerOf(database, { kind: "file", path }), close: () => database.close() };
}

/** One row of an answer. */
type Row = Readonly<Record<string, SQLOutputValue>>;
/** Asks the database. */
type Ask = (sql: string, ...values: readonly (string | number)[]) => readonly Row[];

/** When the span of a row begins; a bound number may be taken for one with a fraction. */
function spanColumn(stepMs: number): string {
  const step = Math.max(1, Math.round(stepMs));
  return `at / ${step} * ${step} AS atMs`;
}

/** Without jobs whose needs are not known. */
const unnamedJobsSql = `SELECT json_remove(json, '$.locator', '$.agent', '$.buildLeastMs', '$.buildMostMs') AS json
  FROM jobs WHERE at >= ? AND at < ? AND instr(json, '"isDirect":true') = 0 ORDER BY at, id LIMIT ?`;
/** A search in the text comes first: it takes less than half the time of parsing each job. */
const namedJobsSql = `SELECT json FROM jobs WHERE at >= ? AND at < ? AND instr(lower(json), lower(?)) > 0
  AND instr(lower(json_extract(json, '$.locator')), lower(?)) > 0 ORDER BY COALESCE(json_extract(json, '$.beganMs'), at) DESC, id DESC LIMIT ?`;

/** A file that only an older version has written has no such table. */
function jobsIn(all: Ask, sql: string, values: readonly (string | number)[]): readonly string[] {
  if (all("SELECT name FROM sqlite_master WHERE name = 'jobs'").length === 0) return [];
  return all(sql, ...values).map(({ json }) => String(json));
}

function samplesIn(all: Ask, { fromMs, toMs }: TimeSpan, stepMs: number): readonly HistorySample[] {
  const rows = (columns: string): readonly Row[] => {
    const sql = `SELECT ${spanColumn(stepMs)}, ${columns} FROM samples WHERE at >= ? AND at < ? GROUP BY 1 ORDER BY 1`;
    return all(sql, fromMs, toMs);
  };
  const jobs = rows(jobColumns);
  return rows(otherColumns).map((row, index) => sampleOf({ ...row, ...jobs[index] }));
}

function toldIn(
  all: Ask,
  { fromMs, toMs }: TimeSpan,
  { stepMs, codes }: { readonly stepMs: number; readonly codes: readonly string[] },
): readonly ToldCount[] {
  const sql = `SELECT ${spanColumn(stepMs)}, code, COUNT(*) AS count FROM notes
    WHERE at >= ? AND at < ? AND code IN (${codes.map(() => "?").join(", ")}) GROUP BY 1, 2 ORDER BY 1, 2`;
  return all(sql, fromMs, toMs, ...codes)
    .map(({ atMs, code, count }) => ({ atMs: Number(atMs), code: String(code), count: Number(count) }));
}

/** Figures of jobs are all known, or none. */
function sampleOf(row: Row): HistorySample {
  const known = figureNames.filter((name) => row[name] !== null);
  const counts = Object.fromEntries(known.map((name) => [name, Number(row[name])]));
  return { atMs: Number(row.atMs), ...counts as Record<HistoryFigure, number> };
}

/** A file that only an older version has written has no `draining`. */
function hoursOf(row: Row): AgentHours {
  const spentMs = Object.fromEntries(lifeKinds.map((kind) => [kind, Number(row[kind] ?? 0)]));
  return { hourMs: Number(row.hour), profile: String(row.profile), spentMs: spentMs as Record<LifeKind, number> };
}

/** A life as it was written. */
export function lifeOf({ json }: Readonly<Record<string, SQLOutputValue>>): InstanceLife {
  const life = JSON.parse(String(json)) as InstanceLife;
  // Older versions counted draining as idle.
  return { ...life, spentMs: { ...sumOfSpent([]), ...life.spentMs } };
}

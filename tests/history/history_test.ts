// The history in its file: queries, deletion of old data, and all errors of the file.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { HistoryError, type HistoryErrorCode } from "../../src/history/error.ts";
import { type History, openHistory } from "../../src/history/history.ts";
import { openHistoryForReading } from "../../src/history/reader.ts";
import { packView } from "../../src/history/snapshot.ts";
import { sampleView } from "../support/sample_view.ts";
import { aBatch, aLife, aNote, aSample, beginMs, hour, limits, minute, second, unreadSample } from "./samples.ts";

const always = { fromMs: 0, toMs: Infinity };
const megabyte = 1024 * 1024;

function inFolder(name: string, body: (folder: string) => void | Promise<void>): void {
  Deno.test(name, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-history-" });
    try {
      await body(folder);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

function inMemory(body: (history: History) => void): void {
  const history = openHistory(undefined, limits);
  try {
    body(history);
  } finally {
    history.close();
  }
}

Deno.test("a step over several samples has the jobs of the sample with most waiting jobs, and the mean of the agents", () =>
  inMemory((history) => {
    const samples = [
      aSample(beginMs, { needsAgent: 4, notOurs: 1, idle: 2, building: 1, oldestWaitMs: 5 * second }),
      aSample(beginMs + 15 * second, {
        ...{ needsAgent: 1, coming: 2, notOurs: 9, wanted: 2 },
        ...{ idle: 1, building: 4, oldestWaitMs: 20 * second },
      }),
      aSample(beginMs + minute, { idle: 3 }),
    ];
    history.write(aBatch({ samples }));
    assertEquals(history.samples(always, minute), [
      aSample(beginMs, {
        ...{ needsAgent: 4, notOurs: 1, wanted: 2 },
        ...{ idle: 1.5, building: 2.5, oldestWaitMs: 20 * second },
      }),
      aSample(beginMs + minute, { idle: 3 }),
    ]);
    assertEquals(history.samples({ fromMs: beginMs + second, toMs: beginMs + minute }, second).map((s) => s.atMs), [
      beginMs + 15 * second,
    ]);
    assertEquals(history.span(), { fromMs: beginMs, toMs: beginMs + minute });
  }));

Deno.test("jobs are unknown in a step without reads of the GoCD server, and known in a step with at least one", () =>
  inMemory((history) => {
    const known = aSample(beginMs + 15 * second, { coming: 2, idle: 3, oldestWaitMs: second });
    const unread = unreadSample(beginMs + minute, { idle: 3 });
    const looks = [unreadSample(beginMs, { idle: 1 }), known, unreadSample(beginMs + 30 * second, { idle: 2 })];
    history.write(aBatch({ samples: [...looks, unread] }));
    assertEquals(history.samples(always, minute), [{ ...known, idle: 2, atMs: beginMs }, unread]);
  }));

Deno.test("an empty history returns no data", () =>
  inMemory((history) => {
    assertEquals(history.span(), undefined);
    assertEquals(history.snapshotAt(beginMs), undefined);
    assertEquals([history.samples(always, minute), history.ended(always, 9), history.hours(always)], [[], [], []]);
    assertEquals([history.endedCount(always), history.livesNow()], [0, []]);
  }));

Deno.test("notes are returned newest first, filtered by level and code", () =>
  inMemory((history) => {
    const notes = [aNote(beginMs, "a"), aNote(beginMs + 1, "b", "error"), aNote(beginMs + 1, "c", "warning")];
    history.write(aBatch({ notes }));
    assertEquals(history.notes(always, { max: 2 }), notes.slice(1).toReversed());
    assertEquals(history.notes(always, { max: 9, levels: ["error", "info"] }).map(({ text }) => text), ["b", "a"]);
    const codes = notes.map(({ code }) => code);
    assertEquals(history.notes(always, { max: 9, levels: ["error"], codes }).map(({ text }) => text), ["b"]);
    assertEquals(history.notes(always, { max: 9, codes: ["of-no-note"] }), []);
    assertEquals(history.notes({ fromMs: beginMs, toMs: beginMs + 1 }, { max: 9 }).map(({ text }) => text), ["a"]);
  }));

Deno.test("notes are counted by span and code", () =>
  inMemory((history) => {
    const notes = [0, 1, 61].map((seconds) => aNote(beginMs + seconds * second, "a"));
    history.write(aBatch({ notes: [...notes, { ...aNote(beginMs, "b"), code: "other" }] }));
    assertEquals(history.told(always, minute, ["agent-launched", "none"]), [
      { atMs: beginMs, code: "agent-launched", count: 2 },
      { atMs: beginMs + minute, code: "agent-launched", count: 1 },
    ]);
    assertEquals(history.told({ fromMs: beginMs, toMs: beginMs + second }, minute, ["agent-launched"]), [
      { atMs: beginMs, code: "agent-launched", count: 1 },
    ]);
  }));

Deno.test("agent time of one hour and profile is added up", () =>
  inMemory((history) => {
    const spentMs = { starting: 1, idle: 2, busy: 3, draining: 5, other: 4 };
    const one = { hourMs: beginMs, profile: "linux", spentMs };
    history.write(aBatch({ hours: [one, { ...one, profile: "mac" }] }));
    history.write(aBatch({ hours: [one] }));
    const double = { starting: 2, idle: 4, busy: 6, draining: 10, other: 8 };
    assertEquals(history.hours(always), [{ ...one, spentMs: double }, { ...one, profile: "mac" }]);
  }));

inFolder("all data is kept after a restart, and lives that had not ended continue", async (folder) => {
  const path = `${folder}/gocd-mesos.db-history`;
  const { endedMs: _, end: __, ...alive } = aLife("t-2");
  const view = sampleView;
  const snapshots = [await packView(view, () => Promise.resolve())];
  const first = openHistory(path, limits);
  const batch = aBatch({ samples: [aSample(beginMs)], notes: [aNote(beginMs, "a")], lives: [aLife("t-1"), alive] });
  first.write({ ...batch, snapshots });
  first.close();
  assertEquals((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);

  const next = openHistory(path, limits);
  assertEquals(next.livesNow(), [alive]);
  next.write(aBatch({ lives: [aLife("t-2", { endedMs: beginMs + 2 * hour })] }));
  assertEquals(next.livesNow(), []);
  assertEquals(next.ended(always, 9).map(({ taskId }) => taskId), ["t-2", "t-1"]);
  assertEquals(next.ended(always, 1).length, 1);
  assertEquals(next.endedCount(always), 2);
  assertEquals(next.samples(always, second).length, 1);
  assertEquals(next.notes(always, { max: 9 }).length, 1);
  assertEquals(next.snapshotAt(view.atMs - 1), undefined);
  assertEquals([view.atMs, view.atMs + 1].map((ms) => next.nextSnapshotMs(ms)), [view.atMs, undefined]);
  const found = next.snapshotAt(view.atMs + hour);
  assertEquals([found?.atMs, found?.view], [view.atMs, JSON.parse(JSON.stringify(view))]);
  next.close();
});

inFolder("a reader reads while the history is written, and creates no file", (folder) => {
  const path = `${folder}/history.db`;
  const missing = assertThrows(() => openHistoryForReading(path), HistoryError);
  assertEquals([missing.code, [...Deno.readDirSync(folder)]], ["history-missing", []]);
  const history = openHistory(path, limits);
  const reader = openHistoryForReading(path);
  history.write(aBatch({ samples: [aSample(beginMs)] }));
  assertEquals(reader.samples(always, second).length, 1);
  assertEquals(reader.place, { kind: "file", path });
  reader.close();
  history.close();
});

Deno.test("data older than the configured time is deleted, a few rows at a time", () =>
  inMemory((history) => {
    const times = Array.from({ length: 1_200 }, (_, index) => beginMs + index * second);
    history.write(aBatch({
      samples: times.map((atMs) => aSample(atMs)),
      notes: times.map((atMs) => aNote(atMs, "x")),
      lives: times.map((endedMs, index) => aLife(`t-${index}`, { endedMs })),
      hours: [{ hourMs: beginMs, profile: "linux", spentMs: { starting: 1, idle: 1, busy: 1, draining: 1, other: 1 } }],
    }));
    const left = (): readonly number[] => [
      history.samples(always, second).length,
      history.notes(always, { max: 9_999 }).length,
      history.endedCount(always),
    ];
    history.limit({ ...limits, keepMs: hour });
    const atMs = beginMs + hour + 1_000 * second;
    history.prune(atMs);
    assertEquals(left(), [700, 700, 700]);
    for (let round = 0; round < 5; round++) history.prune(atMs);
    assertEquals(left(), [200, 200, 200]);
    assertEquals(history.hours(always), []);
  }));

function picture(atMs: number, bytes: number): { atMs: number; version: string; gzip: Uint8Array } {
  return { atMs, version: "1", gzip: new Uint8Array(bytes).fill(7) };
}

inFolder(
  "a history stays below its size limit: old snapshots are thinned out evenly, and those of the last hour are kept",
  (folder) => {
    const path = `${folder}/history.db`;
    const history = openHistory(path, { ...limits, bytesMax: 16 * megabyte });
    const pictures = 1_200;
    for (let index = 0; index < pictures; index++) {
      const atMs = beginMs + index * minute;
      history.write(aBatch({ samples: [aSample(atMs)], snapshots: [picture(atMs, 60_000)] }));
      history.prune(atMs);
    }
    history.close();
    assert(Deno.statSync(path).size <= 16 * megabyte);
    const database = new DatabaseSync(path);
    const kept = database.prepare("SELECT at FROM snapshots ORDER BY at").all().map(({ at }) => Number(at));
    database.close();
    const endMs = beginMs + pictures * minute;
    assertEquals(kept.filter((atMs) => atMs >= endMs - hour).length, 60);
    const gaps = kept.map((atMs, index) => (atMs - (kept[index - 1] ?? atMs)) / minute);
    assertEquals([kept[0], Math.max(...gaps) <= 16, kept.length > 150], [beginMs, true, true]);
  },
);

inFolder("the first snapshot of each minute is kept, and the others are deleted first", (folder) => {
  const path = `${folder}/history.db`;
  const history = openHistory(path, { ...limits, bytesMax: 4 * megabyte });
  for (let index = 0; index < 160; index++) {
    const atMs = beginMs + index * 15 * second;
    history.write(aBatch({ snapshots: [picture(atMs, 60_000)] }));
    history.prune(atMs);
  }
  history.close();
  const database = new DatabaseSync(path);
  const kept = database.prepare("SELECT at FROM snapshots ORDER BY at").all().map(({ at }) => Number(at));
  database.close();
  assertEquals(kept.filter((atMs) => atMs % minute === 0).length, 40);
  assert(kept.length < 60, `${kept.length}`);
});

Deno.test("without snapshots the oldest other data is deleted", () => {
  const history = openHistory(undefined, { ...limits, bytesMax: megabyte });
  for (let index = 0; index < 2_000; index++) {
    const atMs = beginMs + index * second;
    history.write(aBatch({ notes: Array.from({ length: 5 }, () => aNote(atMs, "x".repeat(200))) }));
    history.prune(atMs);
  }
  const notes = history.notes(always, { max: 99_999 });
  assertEquals(notes[0]?.atMs, beginMs + 1_999 * second);
  assert(notes.length > 1_000 && notes.length < 5_000, `${notes.length}`);
  history.close();
});

inFolder("a batch that exceeds the size is not stored, and is stored after the limit was raised", (folder) => {
  const history = openHistory(`${folder}/history.db`, { ...limits, bytesMax: megabyte });
  const huge = aBatch({ notes: [aNote(beginMs, "a")], snapshots: [picture(beginMs, 2 * megabyte)] });
  assertEquals(assertThrows(() => history.write(huge), HistoryError).code, "history-full");
  assertEquals(history.notes(always, { max: 9 }), []);
  history.limit({ ...limits, bytesMax: 8 * megabyte });
  history.write(huge);
  assertEquals(history.notes(always, { max: 9 }).length, 1);
  history.close();
});

type Spoiler = (path: string) => void;
const spoiled: readonly (readonly [string, HistoryErrorCode, Spoiler])[] = [
  ["text", "history-foreign", (path) => Deno.writeTextFileSync(path, "framework { }\n".repeat(200))],
  ["a database of another program", "history-foreign", (path) => alter(path, "CREATE TABLE jobs (name TEXT)")],
  ["a file of a newer program", "history-newer", (path) => {
    openHistory(path, limits).close();
    alter(path, "PRAGMA user_version = 99");
  }],
  ["a folder", "history-unwritable", (path) => Deno.mkdirSync(path)],
  ["a file cut short", "history-damaged", (path) => {
    const history = openHistory(path, limits);
    history.write(aBatch({ notes: Array.from({ length: 2_000 }, () => aNote(beginMs, "x".repeat(100))) }));
    history.close();
    Deno.truncateSync(path, 8_192);
  }],
];

for (const [what, code, spoil] of spoiled) {
  inFolder(`${what} in place of the history is an error with its path, and is not changed`, (folder) => {
    const path = `${folder}/history.db`;
    spoil(path);
    const before = Deno.statSync(path).isFile ? Deno.readFileSync(path) : undefined;
    const error = assertThrows(() => useOnce(path), HistoryError);
    assertEquals([error.code, error.kind, error.message.includes(path)], [code, "state", true]);
    assert(error.hint.length > 20);
    if (before !== undefined) assertEquals(Deno.readFileSync(path), before);
  });
}

function useOnce(path: string): void {
  const history = openHistory(path, limits);
  try {
    history.livesNow();
    history.notes(always, { max: 9_999 });
  } finally {
    history.close();
  }
}

function alter(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

inFolder("a file that another program is writing is reported as locked, and written once it is unlocked", (folder) => {
  const path = `${folder}/history.db`;
  const history = openHistory(path, limits);
  const other = new DatabaseSync(path);
  other.exec("BEGIN IMMEDIATE");
  assertEquals(assertThrows(() => history.write(aBatch({})), HistoryError).code, "history-locked");
  other.exec("ROLLBACK");
  history.write(aBatch({ notes: [aNote(beginMs, "a")] }));
  other.close();
  history.close();
});

inFolder(
  "a file of an older version is read without jobs and draining time, and has both once a writer has opened it",
  (folder) => {
    const path = `${folder}/history.db`;
    openHistory(path, limits).close();
    alter(
      path,
      `DROP TABLE jobs; ALTER TABLE hours DROP COLUMN draining; PRAGMA user_version = 1;
      INSERT INTO hours VALUES (${beginMs}, 'linux', 1, 2, 3, 4);
      INSERT INTO lives VALUES ('t-1', ${beginMs}, '{"spentMs":{"starting":1,"idle":2,"busy":3,"other":4}}')`,
    );
    const spentMs = { starting: 1, idle: 2, busy: 3, draining: 0, other: 4 };
    const reader = openHistoryForReading(path);
    assertEquals(reader.jobs(always, 10), []);
    assertEquals(reader.hours(always), [{ hourMs: beginMs, profile: "linux", spentMs }]);
    assertEquals(reader.ended(always, 1)[0]?.spentMs, spentMs);
    reader.close();
    const history = openHistory(path, limits);
    assertEquals(history.hours(always), [{ hourMs: beginMs, profile: "linux", spentMs }]);
    const job = { atMs: beginMs, resources: ["linux"], buildMs: minute, by: "ours" as const };
    const locator = "p/1/s/1/j";
    history.write(aBatch({ jobs: [{ ...job, atMs: beginMs + hour, locator }, { ...job, locator }] }));
    assertEquals(history.jobs({ fromMs: beginMs, toMs: beginMs + hour }, 10), [job]);
    assertEquals(history.jobs(always, 1), [job]);
    history.close();
  },
);

inFolder(
  "a file of a version without unknown jobs is read, and keeps its samples when unknown ones are added",
  (folder) => {
    const path = `${folder}/history.db`;
    openHistory(path, limits).close();
    const figures = ["needsAgent", "coming", "willBeTaken", "otherCause", "unserved", "notOurs", "wanted"];
    const agents = ["starting", "idle", "building", "draining", "away"].map((name) => `${name} REAL NOT NULL`);
    const jobs = [...figures, "oldestWaitMs"].map((name) => `${name} INTEGER NOT NULL`);
    alter(
      path,
      `DROP TABLE samples; CREATE TABLE samples (at INTEGER PRIMARY KEY, ${[...jobs, ...agents].join(", ")}) STRICT;
    INSERT INTO samples VALUES (${beginMs}, 1, 2, 3, 4, 5, 6, 7, 8, 0.5, 1, 2, 3, 4); PRAGMA user_version = 4`,
    );
    const before = aSample(beginMs, {
      ...{
        needsAgent: 1,
        coming: 2,
        willBeTaken: 3,
        otherCause: 4,
        unserved: 5,
        notOurs: 6,
        wanted: 7,
        oldestWaitMs: 8,
      },
      ...{ starting: 0.5, idle: 1, building: 2, draining: 3, away: 4 },
    });
    const reader = openHistoryForReading(path);
    assertEquals(reader.samples(always, second), [before]);
    reader.close();
    const history = openHistory(path, limits);
    history.write(aBatch({ samples: [unreadSample(beginMs + minute)] }));
    assertEquals(history.samples(always, second), [before, unreadSample(beginMs + minute)]);
    history.close();
  },
);

Deno.test("a job is found by a part of its name, and the list of all jobs has neither names nor agents", () =>
  inMemory((history) => {
    const life = { atMs: beginMs, resources: ["linux"], by: "ours" as const };
    const one = { ...life, locator: "Shop/7/build/1/unit", agent: "t-1" };
    const other = { ...life, atMs: beginMs + hour, locator: "shop/8/build/1/unit", agent: "t-2" };
    history.write(aBatch({ jobs: [one, other, { ...life, locator: 'web/1/build/1/"unit%' }] }));
    assertEquals(history.namedJobs('"Unit', always, 9).length, 1);
    assertEquals(history.namedJobs("linux", always, 9), []);
    assertEquals(history.namedJobs("shop", always, 9), [other, one]);
    assertEquals(history.namedJobs("SHOP/7", always, 9), [one]);
    assertEquals(history.namedJobs("%", always, 9).length, 1);
    assertEquals(history.namedJobs("shop", { fromMs: beginMs, toMs: beginMs + hour }, 9), [one]);
    assertEquals(history.namedJobs("shop", always, 1), [other]);
    assertEquals(history.jobs(always, 9), [life, life, { ...life, atMs: beginMs + hour }]);
  }));

Deno.test("named jobs are sorted by the start of their build, or by the time at which they waited", () =>
  inMemory((history) => {
    const life = { resources: [], by: "unseen" as const };
    const jobs = [["slow", 0, 9], ["quick", 2, 3], ["unbuilt", 4, undefined]] as const;
    history.write(aBatch({
      jobs: jobs.map(([name, waited, began]) => ({
        ...life,
        locator: `p/1/s/1/${name}`,
        atMs: beginMs + waited * minute,
        ...(began === undefined ? {} : { beganMs: beginMs + began * minute }),
      })),
    }));
    const names = history.namedJobs("p/1", always, 9).map(({ locator }) => locator.slice("p/1/s/1/".length));
    assertEquals(names, ["slow", "unbuilt", "quick"]);
  }));

Deno.test("jobs older than the configured time are deleted", () =>
  inMemory((history) => {
    const job = { atMs: beginMs, resources: [], by: "unseen" as const, locator: "p/1/s/1/j" };
    history.write(aBatch({ jobs: [job, { ...job, atMs: beginMs + hour }] }));
    history.prune(beginMs + limits.keepMs + minute);
    assertEquals(history.jobs(always, 10).map(({ atMs }) => atMs), [beginMs + hour]);
  }));

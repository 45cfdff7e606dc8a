// The SQLite store: the suite of all stores, and problems of files.

import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { StateRecord } from "../../src/core/record.ts";
import { migrations, openStateFile, ourSchema, schemaVersion } from "../../src/store/sqlite_file.ts";
import { openStoreForReading } from "../../src/store/sqlite_reader.ts";
import { openSqliteStore, probeSqliteStore } from "../../src/store/sqlite_store.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError, type StoreErrorCode } from "../../src/store/store_error.ts";
import { type StorePlace, testStore } from "./conformance.ts";
import { identity } from "./samples.ts";

const newLineage = (): string => "abc123";
const open = (path: string): Store => openSqliteStore(path, { newLineage });

testStore("sqlite store", (): StorePlace => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/state.db`;
  return {
    open: (lineage) => openSqliteStore(path, { newLineage: () => lineage }),
    read: (key) =>
      withDatabase(path, (db) => db.prepare("SELECT json FROM records WHERE key = ?").get(key)?.json as string),
    write: (key, json) =>
      withDatabase(path, (db) => void db.prepare("REPLACE INTO records VALUES (?, ?)").run(key, json)),
    dispose: () => Deno.removeSync(folder, { recursive: true }),
  };
});

inFolder("commits are written with WAL and full synchronisation", async (folder) => {
  const store = open(`${folder}/state.db`);
  await store.load();
  const database = openStateFile(`${folder}/state.db`);
  assertEquals(database.prepare("PRAGMA synchronous").get()?.synchronous, 2);
  assertEquals(database.prepare("PRAGMA journal_mode").get()?.journal_mode, "wal");
  database.close();
  await store.close();
});

inFolder("a reader sees the last commit while a writer has the file open", async (folder) => {
  const path = `${folder}/state.db`;
  const store = open(path);
  await store.load();
  const reader = openStoreForReading(path);
  await store.commit([launching("t-1")]);
  assertEquals(reader.load()?.instances.map(({ taskId }) => taskId), ["t-1"]);
  const seen = reader.inspect();
  assertEquals([seen.lastWriter, seen.schemaVersion, seen.damage], [`process ${Deno.pid}`, migrations.length, []]);
  await store.commit([launching("t-2")]);
  assertEquals(reader.load()?.instances.length, 2);
  reader.close();
  await store.close();
});

inFolder("a probe refuses a full disk and leaves no files", (folder) => {
  const path = `${folder}/state.db`;
  Deno.symlinkSync("/dev/null", `${path}-check`);
  probeSqliteStore(path);
  assertEquals([...Deno.readDirSync(folder)], []);
  const { writeSync } = Deno.FsFile.prototype;
  let room = 32 * 1024;
  Deno.FsFile.prototype.writeSync = (bytes): number => {
    if (room === 0) throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
    const taken = Math.min(room, bytes.length);
    room -= taken;
    return taken;
  };
  try {
    assertEquals(assertThrows(() => probeSqliteStore(path), StoreError).code, "state-full");
  } finally {
    Deno.FsFile.prototype.writeSync = writeSync;
  }
  assertEquals([...Deno.readDirSync(folder)], []);
});

inFolder("an inspection lists readable and unreadable records separately", async (folder) => {
  const path = `${folder}/state.db`;
  const store = open(path);
  await store.load();
  await store.commit([launching("t-1")]);
  await store.close();
  withDatabase(path, (db) => db.exec("INSERT INTO records VALUES ('instance/t-2', '{}')"));
  const reader = openStoreForReading(path);
  const seen = reader.inspect();
  assertEquals(seen.instances.map(({ taskId }) => taskId), ["t-1"]);
  assertEquals(seen.unreadable.map(({ key }) => key), ["instance/t-2"]);
  assertEquals(assertThrows(() => reader.load(), StoreError).code, "state-record-unreadable");
  reader.close();
});

inFolder("a symbolic link to an open file is locked as well", async (folder) => {
  const store = open(`${folder}/state.db`);
  Deno.symlinkSync(`${folder}/state.db`, `${folder}/alias.db`);
  assertEquals(assertThrows(() => open(`${folder}/alias.db`), StoreError).code, "state-locked");
  await store.close();
});

inFolder("a commit that does not fit is not stored in part, and the next one is stored", async (folder) => {
  const path = `${folder}/state.db`;
  await usedFile(path);
  const fileBytesMax = 1024 * 1024;
  const store = openSqliteStore(path, { newLineage, fileBytesMax });
  await store.load();
  const huge = Array.from({ length: 4 }, (_, index): StateRecord => {
    const record = launching(`big-${index}`);
    return record.kind === "instance"
      ? { kind: "instance", instance: { ...record.instance, launchReason: "x".repeat(fileBytesMax / 3) } }
      : record;
  });
  const error = await assertRejects(() => store.commit([launching("t-9"), ...huge]), StoreError);
  assertEquals([error.code, error.kind], ["state-full", "state"]);
  assertEquals((await store.load()).instances, []);
  await store.commit([launching("t-1")]);
  assertEquals((await store.load()).instances.length, 1);
  await store.close();
});

type Spoiler = (path: string) => void | Promise<void>;
const spoiled: readonly (readonly [string, StoreErrorCode, Spoiler])[] = [
  ["text", "state-foreign", (path) => Deno.writeTextFile(path, "framework { }\n".repeat(200))],
  ["no content", "state-damaged", (path) => Deno.writeTextFile(path, "")],
  [
    "another program's database",
    "state-foreign",
    (path) => withDatabase(path, (db) => db.exec("CREATE TABLE x (y); PRAGMA application_id = 7")),
  ],
  [
    "a database without an application id",
    "state-foreign",
    (path) => withDatabase(path, (db) => db.exec("CREATE TABLE x (y)")),
  ],
  ["a newer schema", "state-newer", async (path) => {
    await usedFile(path);
    withDatabase(path, (db) => db.exec("PRAGMA user_version = 99"));
  }],
  ["overwritten pages", "state-damaged", async (path) => {
    await usedFile(path);
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, bytes.fill(0xaa, 4096));
  }],
  ["only its first page", "state-damaged", async (path) => {
    await usedFile(path);
    Deno.truncateSync(path, 4096);
  }],
  ["only its log left", "state-damaged", (path) => Deno.writeTextFile(`${path}-wal`, "left over")],
];
for (const [what, code, spoil] of spoiled) {
  inFolder(`a file with ${what} is refused as ${code} and not modified`, async (folder) => {
    const path = `${folder}/state.db`;
    await spoil(path);
    const before = bytesOf(path);
    const error = await assertRejects(async () => {
      const store = open(path);
      try {
        await store.load();
      } finally {
        await store.close();
      }
    }, StoreError);
    assertEquals([error.code, error.kind], [code, "state"], error.message);
    assertMatch(error.message, /state\.db/);
    assertEquals(bytesOf(path), before);
  });
}

inFolder("a missing folder is an error and is not created", (folder) => {
  const error = assertThrows(() => open(`${folder}/nowhere/state.db`), StoreError);
  assertEquals(error.code, "state-folder-missing");
  assertMatch(error.message, /nowhere/);
  assertEquals([...Deno.readDirSync(folder)], []);
});

inFolder("a reader does not create a missing file", (folder) => {
  assertEquals(assertThrows(() => openStoreForReading(`${folder}/state.db`), StoreError).code, "state-missing");
  assertEquals([...Deno.readDirSync(folder)], []);
});

inFolder("the error without write permission has a hint", async (folder) => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", `--allow-read=${folder}`, childPath, "refusal", `${folder}/state.db`],
    stdout: "piped",
    stderr: "inherit",
  });
  const said = JSON.parse(new TextDecoder().decode((await child.output()).stdout));
  assertEquals(said.code, "state-unwritable");
  assertMatch(said.hint, /state\.path/);
});

inFolder("a file left by an interrupted first start is replaced", async (folder) => {
  const path = `${folder}/state.db`;
  Deno.writeTextFileSync(`${path}.new`, "half a file");
  const store = open(path);
  assertEquals((await store.load()).framework.lineage, "abc123");
  await store.close();
});

inFolder("an older schema is migrated in steps, and a failing step is rolled back", async (folder) => {
  const path = `${folder}/state.db`;
  await usedFile(path);
  const added = [...migrations, "CREATE TABLE second (a)", "CREATE TABLE third (a)"];
  const database = openStateFile(path, { ...ourSchema, steps: added });
  assertEquals(schemaVersion(database), added.length);
  database.close();
  const broken = [...added, "CREATE TABLE fourth (a); CREATE TABLE second (a)"];
  assertThrows(() => openStateFile(path, { ...ourSchema, steps: broken }), StoreError);
  withDatabase(path, (db) => {
    assertEquals(schemaVersion(db), added.length);
    assertEquals(db.prepare("SELECT name FROM sqlite_schema WHERE name = 'fourth'").all(), []);
  });
});

inFolder("the lock of a process prevents a second one from opening the file until it is killed", async (folder) => {
  const path = `${folder}/state.db`;
  const child = startChild("hold", path);
  const lines = linesOf(child.stdout);
  await lines.next();
  const error = assertThrows(() => open(path), StoreError);
  assertEquals(error.code, "state-locked");
  assertMatch(error.message, new RegExp(`process ${child.pid}\\b`));
  child.kill("SIGKILL");
  await child.status;
  await lines.return(undefined);
  await open(path).close();
});

inFolder("after a kill every reported commit is stored, and the last one completely", async (folder) => {
  const path = `${folder}/state.db`;
  let expectedMin = 0;
  for (const linesBeforeKill of [1, 2, 7, 23]) {
    const child = startChild("commit", path);
    const lines = linesOf(child.stdout);
    for (let count = 0; count < linesBeforeKill; count++) expectedMin = Number((await lines.next()).value);
    child.kill("SIGKILL");
    await child.status;
    for await (const line of lines) expectedMin = Number(line);
    const store = open(path);
    const { framework, instances } = await store.load();
    await store.close();
    assertEquals(framework.nextTaskNumber >= expectedMin, true, `${framework.nextTaskNumber} after ${expectedMin}`);
    const sizes = new Set(instances.map(({ sinceMs }) => sinceMs));
    assertEquals([...sizes], [framework.nextTaskNumber], "all instances are of the last commit");
    assertEquals(instances.length, 3);
  }
});

const childPath = new URL("./store_child.ts", import.meta.url).pathname;

function startChild(act: string, path: string): Deno.ChildProcess {
  const args = ["run", "--no-prompt", "--quiet", "-A", childPath, act, path];
  return new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit", stdin: "null" }).spawn();
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  return undefined;
}

function launching(taskId: string): StateRecord {
  return { kind: "instance", instance: { ...identity(taskId), state: "launching", sinceMs: 1 } };
}

async function usedFile(path: string): Promise<void> {
  const store = open(path);
  await store.load();
  await store.close();
}

function bytesOf(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch {
    return undefined;
  }
}

function withDatabase<Result>(path: string, body: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(path);
  try {
    return body(database);
  } finally {
    database.close();
  }
}

function inFolder(sentence: string, body: (folder: string) => Promise<void> | void): void {
  Deno.test(`sqlite store: ${sentence}`, async () => {
    const folder = Deno.realPathSync(Deno.makeTempDirSync());
    try {
      await body(folder);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

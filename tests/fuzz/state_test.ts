// Fuzz targets of stored data: state documents, rows of a state file, our own znodes, the control file. Valid data:
// tests/store.

import { assert, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import type { StoredState } from "../../src/core/record.ts";
import { initialState, step } from "../../src/core/step.ts";
import { OperatorError } from "../../src/errors.ts";
import { readControlFile } from "../../src/runtime/control_file.ts";
import { createMemoryDisk, openMemoryStore } from "../support/memory_store.ts";
import { controlsKey, frameworkKey, instanceKeyPrefix } from "../../src/store/record_codec.ts";
import { inTransaction } from "../../src/sqlite/database.ts";
import { openStateFile } from "../../src/store/sqlite_file.ts";
import { openSqliteStore } from "../../src/store/sqlite_store.ts";
import { exportState, parseStateDocument } from "../../src/store/state_document.ts";
import { StoreError } from "../../src/store/store_error.ts";
import type { Leadership } from "../../src/store/zookeeper_election.ts";
import type { TransactionEnd, ZookeeperOperation, ZookeeperSession } from "../../src/zookeeper/session.ts";
import { openLeaderStore } from "../../src/store/zookeeper_store.ts";
import { identity, phases } from "../store/samples.ts";
import { someSettings, zeroMs } from "../support/core.ts";
import { anyJson, anyWord, damagedJson, damagedText, fuzz } from "./support.ts";

const sound: StoredState = {
  framework: { frameworkId: "f00", lineage: "abc123", nextTaskNumber: 20, registeredAs: { user: "go" } },
  controls: { frozen: false, frozenProfiles: ["linux"], mode: "run" },
  instances: phases.map((phase, index) => ({ ...identity(`a-${index}`), ...phase })),
};
const soundText = exportState(sound);

/** Holds a state that was read out of garbage against what everything else relies on. */
function checkState(state: StoredState): void {
  const taskIds = state.instances.map(({ taskId }) => taskId);
  assertEquals(new Set(taskIds).size, taskIds.length);
  for (const { taskId, createdMs, sinceMs } of state.instances) {
    assert(/^[a-z0-9-]{1,63}$/.test(taskId), taskId);
    assert([createdMs, sinceMs].every((atMs) => new Date(atMs).toISOString() !== ""));
  }
  assert(Number.isSafeInteger(state.framework.nextTaskNumber + 1_000_000));
  assert(/^[a-z0-9]{6}$/.test(state.framework.lineage));
  assertEquals(parseStateDocument(exportState(state), "again"), state, "it is written as it was read");
  const event = { kind: "subscribed", frameworkId: "f00", master: "m:1" } as const;
  step(initialState(state, someSettings(), zeroMs), { atMs: zeroMs, random: 0.5, event });
}

/** Whether it read; what does not must say so as a StoreError of a readable length. */
async function readsAsState(read: () => StoredState | Promise<StoredState>): Promise<boolean> {
  try {
    checkState(await read());
    return true;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    assert(error.message.length < 3_000, `${error.message.length} characters`);
    assert(error.hint !== "" && ["state-document-invalid", "state-record-unreadable"].includes(error.code), error.code);
    return false;
  }
}

Deno.test("a garbage state document is refused or a valid state", async () => {
  const text = fc.oneof(
    fc.oneof(anyJson, damagedJson([JSON.parse(soundText)])).map((value) => JSON.stringify(value) ?? ""),
    damagedText([soundText]),
    anyWord,
    fc.constantFrom(
      "[".repeat(200_000),
      `{"format":"gocd-mesos-state","version":1,"instances":[],"framework":${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      text,
      async (document) => void await readsAsState(() => parseStateDocument(document, "backup.json")),
    ),
    fuzz(600),
  );
});

const rows: readonly (readonly [string, unknown])[] = [
  [frameworkKey, sound.framework],
  [controlsKey, sound.controls],
  ...sound.instances.map((instance) => [instanceKeyPrefix + instance.taskId, instance] as const),
];

/** Rows of which some are garbage, under right and under wrong keys. */
const anyRows: fc.Arbitrary<ReadonlyMap<string, string>> = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom(...rows.map(([key]) => key)), anyWord, anyWord.map((word) => instanceKeyPrefix + word)),
    fc.oneof(
      damagedJson(rows.map(([, value]) => value)).map((value) => JSON.stringify(value) ?? ""),
      damagedText(rows.map(([, value]) => JSON.stringify(value))),
      anyWord,
    ),
  ),
  { minLength: 1, maxLength: 4 },
).map((garbage) => new Map([...rows.map(([key, value]) => [key, JSON.stringify(value)] as const), ...garbage]));

/** No record that was there and is ours may vanish in silence. */
async function checkRows(texts: ReadonlyMap<string, string>, load: () => Promise<StoredState>): Promise<void> {
  const hasRead = await readsAsState(async () => {
    const state = await load();
    const wanted = [...texts.keys()].filter((key) => key.startsWith(instanceKeyPrefix)).length;
    assertEquals(state.instances.length, wanted, "each record of an agent is read, or the whole is refused");
    return state;
  });
  if (!hasRead) assert([...texts.values()].some((text) => text !== ""), "an empty text is refused as well");
}

Deno.test("garbage records are refused as a whole, or none of them is lost", async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, async (texts) => {
      const disk = createMemoryDisk();
      for (const [key, json] of texts) disk.texts.set(key, json);
      const store = openMemoryStore(disk, { newLineage: () => "zzz999" });
      await checkRows(texts, () => store.load());
      assertEquals(new Map(disk.texts), texts, "what does not read is left as it is");
    }),
    fuzz(600),
  );
});

Deno.test("a state file with garbage rows is refused or a valid state", async () => {
  const folder = await Deno.makeTempDir({ prefix: "gocd-mesos-fuzz-" });
  try {
    const path = `${folder}/state.db`;
    openStateFile(path).close();
    await fc.assert(
      fc.asyncProperty(anyRows, async (texts) => {
        // SQLite keeps texts as UTF-8, so that lone surrogates come back as another character.
        const kept = new Map([...texts].map(([key, json]) => [key.toWellFormed(), json.toWellFormed()]));
        const file = openStateFile(path);
        inTransaction(file, () => {
          file.exec("DELETE FROM records");
          const put = file.prepare("INSERT INTO records VALUES (?, ?)");
          for (const [key, json] of kept) put.run(key.replaceAll("\u0000", "?"), json.replaceAll("\u0000", "?"));
        });
        file.close();
        const store = openSqliteStore(path, { newLineage: () => "zzz999" });
        try {
          await readsAsState(() => store.load());
        } finally {
          await store.close();
        }
      }),
      fuzz(60),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A session on znodes in memory; every transaction of it is carried out. */
function sessionOn(znodes: Map<string, string>): ZookeeperSession {
  return {
    place: "z:2181",
    timeoutMs: () => 10_000,
    isConnected: () => true,
    lost: new AbortController().signal,
    children: (path) =>
      Promise.resolve(
        [...znodes.keys()].filter((key) => key.startsWith(`${path}/`)).map((key) => key.slice(path.length + 1))
          .filter((name) => !name.includes("/")),
      ),
    data: (path) => {
      const text = znodes.get(path);
      return Promise.resolve(text === undefined ? undefined : { text, version: 1 });
    },
    transaction: (operations) => Promise.resolve(carriedOut(znodes, operations)),
    abandon: () => {},
    close: () => Promise.resolve(),
  };
}

function carriedOut(znodes: Map<string, string>, operations: readonly ZookeeperOperation[]): TransactionEnd {
  for (const operation of operations) {
    if (operation.kind === "remove") znodes.delete(operation.path);
    else if (operation.kind !== "check") znodes.set(operation.path, operation.text);
  }
  return { kind: "done", results: operations.map(() => ({})) };
}

const base = "/gocd-mesos";
const change = { kind: "put", key: "instance/a-0", json: JSON.stringify(sound.instances[0]) };
const anyJournal = fc.oneof(
  fc.constant([] as const),
  fc.tuple(fc.oneof(fc.constantFrom("1", "2", "NaN", "Infinity", "-1", "1e9", "999999", "0x1", " ", "00"), anyWord)),
  fc.tuple(
    fc.constantFrom("1", "2"),
    fc.oneof(
      damagedJson([[change], [{ kind: "remove", key: "instance/a-1" }]]).map((value) => JSON.stringify(value) ?? ""),
      anyWord,
    ),
  ),
);

Deno.test("garbage znodes are refused or a valid state, and an unreadable journal is never empty", async () => {
  await fc.assert(
    fc.asyncProperty(anyRows, anyJournal, async (texts, [count, part]) => {
      const znodes = new Map(
        [...texts].map(([key, json]) => [`${base}/state/${encodeURIComponent(key.toWellFormed())}`, json]),
      );
      if (count !== undefined) znodes.set(`${base}/journal`, count);
      if (part !== undefined) znodes.set(`${base}/journal/0`, part);
      const session = sessionOn(znodes);
      const leadership: Leadership = {
        base,
        session,
        isHeld: () => true,
        isAlone: () => Promise.resolve(true),
        heldForMs: () => 1_000,
        lost: session.lost,
        transaction: session.transaction,
      };
      const store = openLeaderStore(leadership, { newLineage: () => "zzz999", close: () => Promise.resolve() });
      const hasRead = await readsAsState(() => store.load());
      const isUnreadable = count !== undefined && !/^\d*$/.test(count);
      if (isUnreadable) {
        assert(!hasRead && znodes.get(`${base}/journal`) === count, "what does not read is left as it is");
      }
    }),
    fuzz(600),
  );
});

Deno.test("a garbage control file is refused or has a page address, a header token and a process id", async () => {
  const path = await Deno.makeTempFile();
  const valid = { url: "http://127.0.0.1:8090/", token: "0".repeat(64), pid: 42 };
  const hosts = [
    "http://evil.example/",
    "https://127.0.0.1/",
    "file:///etc",
    "http://127.0.0.1@evil.example/",
    "//evil",
    "http://127.0.0.1:1/x?",
  ];
  const text = fc.oneof(
    damagedJson([valid, ...hosts.map((url) => ({ ...valid, url }))]).map((value) => JSON.stringify(value) ?? ""),
    damagedText([JSON.stringify(valid)], ["{", "}"]),
    anyWord,
  );
  try {
    fc.assert(
      fc.property(text, (content) => {
        Deno.writeTextFileSync(path, content);
        try {
          const file = readControlFile(path);
          if (file === undefined) return;
          const { protocol, username, pathname } = new URL(file.url);
          assertEquals([protocol, username, pathname], ["http:", "", "/"], file.url);
          assert(Number.isInteger(file.pid) && file.pid > 0, `${file.pid}`);
          assert(/^[\x21-\x7e]{1,1000}$/.test(file.token));
        } catch (error) {
          if (!(error instanceof OperatorError)) throw error;
        }
      }),
      fuzz(400),
    );
  } finally {
    await Deno.remove(path);
  }
});

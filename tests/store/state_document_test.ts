// Export and import of the state as JSON.

import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import type { StoredState } from "../../src/core/record.ts";
import { createMemoryDisk, openMemoryStore } from "../support/memory_store.ts";
import { exportState, importState, parseStateDocument } from "../../src/store/state_document.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store_error.ts";
import { anyControls, anyFramework, anyInstance, identity } from "./samples.ts";

const anyState: fc.Arbitrary<StoredState> = fc.record({
  framework: anyFramework,
  controls: anyControls,
  instances: fc.uniqueArray(anyInstance, { selector: ({ taskId }) => taskId }),
});

function newStore(lineage = "abc123"): Store {
  return openMemoryStore(createMemoryDisk(), { newLineage: () => lineage });
}

function byTaskId(state: StoredState): StoredState {
  return { ...state, instances: state.instances.toSorted((a, b) => a.taskId < b.taskId ? -1 : 1) };
}

Deno.test("any state is unchanged after export and import", async () => {
  await fc.assert(fc.asyncProperty(anyState, async (state) => {
    const store = newStore("zzz999");
    await importState(store, parseStateDocument(exportState(state), "backup.json"), "only-into-empty");
    assertEquals(byTaskId(await store.load()), byTaskId(state));
  }));
});

Deno.test("an import replaces a non-empty state only with `replace`", async () => {
  const store = newStore();
  const held = await store.load();
  await store.commit([
    { kind: "framework", framework: { ...held.framework, frameworkId: "f00", nextTaskNumber: 40 } },
    { kind: "instance", instance: { ...identity("old"), state: "unreachable", sinceMs: 1 } },
    { kind: "suspicion", suspicion: { kind: "gocd-unlisted", sinceMs: 1, missing: 3, of: 3, isOlder: false } },
  ]);
  const wanted: StoredState = {
    framework: { lineage: "abc123", nextTaskNumber: 12, frameworkId: "f00" },
    controls: { frozen: true, frozenProfiles: [], mode: "drain" },
    instances: [{ ...identity("kept"), state: "unreachable", sinceMs: 2 }],
  };
  const error = await assertRejects(() => importState(store, wanted, "only-into-empty"), StoreError);
  assertEquals(error.code, "state-not-empty");
  assertMatch(error.message, /f00.*1 instance/);
  await importState(store, wanted, "replace");
  const loaded = await store.load();
  assertEquals(loaded.instances, wanted.instances);
  assertEquals(loaded.controls, wanted.controls);
  assertEquals(loaded.suspicion, undefined, "the brake of the replaced state is released");
  assertEquals(loaded.framework.nextTaskNumber, 40, "task numbers of one lineage never go back");
});

const sound = JSON.parse(exportState({
  framework: { lineage: "abc123", nextTaskNumber: 1 },
  controls: { frozen: false, frozenProfiles: [], mode: "run" },
  instances: [{ ...identity("t-1"), state: "unreachable", sinceMs: 2 }],
}));
const invalid: readonly (readonly [string, string, RegExp])[] = [
  ["text that is not JSON", "{", /JSON/],
  ["a list", "[]", /not an object/],
  ["another format", "{}", /format/],
  ["a newer version", JSON.stringify({ ...sound, version: 2 }), /version 2/],
  ["no framework", JSON.stringify({ ...sound, framework: undefined }), /framework/],
  ["instances that are not a list", JSON.stringify({ ...sound, instances: {} }), /instances/],
  ["an instance without a state", JSON.stringify({ ...sound, instances: [identity("t-1")] }), /t-1.*state/],
  ["an instance that is not an object", JSON.stringify({ ...sound, instances: [7] }), /instance/],
  [
    "a duplicate instance",
    JSON.stringify({ ...sound, instances: [sound.instances[0], sound.instances[0]] }),
    /t-1.*twice/,
  ],
];
for (const [what, text, named] of invalid) {
  Deno.test(`a document with ${what} is refused with its reason`, () => {
    const error = assertThrows(() => parseStateDocument(text, "backup.json"), StoreError);
    assertEquals(error.code, "state-document-invalid");
    assertMatch(error.message, /backup\.json/);
    assertMatch(error.message, named);
  });
}

Deno.test("any text that is not an export is refused with a StoreError", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    assertThrows(() => parseStateDocument(text, "backup.json"), StoreError);
  }));
});

Deno.test("invalid task ids, impossible times, long values and deep nesting are refused with a short message", () => {
  const [instance] = sound.instances;
  const cases: readonly (readonly [string, RegExp])[] = [
    [JSON.stringify({ ...sound, instances: [{ ...instance, taskId: { toString: 1 } }] }), /instance\/\?: taskId/],
    [JSON.stringify({ ...sound, instances: [{ ...instance, createdMs: 1e300 }] }), /createdMs/],
    [JSON.stringify({ ...sound, instances: [{ ...instance, host: { x: "y".repeat(100_000) } }] }), /host/],
    [JSON.stringify({ ...sound, format: "x".repeat(100_000) }), /format is "x+…/],
    [
      `{"format":"gocd-mesos-state","version":1,"instances":[],"framework":${"[".repeat(50_000)}${"]".repeat(50_000)}}`,
      /./,
    ],
  ];
  for (const [text, message] of cases) {
    const error = assertThrows(() => parseStateDocument(text, "backup.json"), StoreError);
    assertMatch(error.message, message);
    assertEquals(error.message.length < 500, true);
  }
});

const fixtures = new URL("../fixtures/states/", import.meta.url);
for (const { name } of Deno.readDirSync(fixtures)) {
  const { program, documents } = JSON.parse(Deno.readTextFileSync(new URL(name, fixtures)));
  Deno.test(`an export of version ${program} is imported without loss`, async () => {
    for (const document of documents) {
      const store = newStore();
      await importState(store, parseStateDocument(JSON.stringify(document), name), "replace");
      const { format: _, version: __, ...state } = document;
      assertEquals(byTaskId(await store.load()), byTaskId(state));
    }
  });
}

// The memory store: the suite of all stores, and failures on demand.

import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryDisk, openMemoryStore, type StoreFailure } from "../support/memory_store.ts";
import { StoreError } from "../../src/store/store_error.ts";
import { type StorePlace, testStore } from "./conformance.ts";

testStore("memory store", (): StorePlace => {
  const disk = createMemoryDisk();
  return {
    open: (lineage) => openMemoryStore(disk, { newLineage: () => lineage }),
    read: (key) => disk.texts.get(key),
    write: (key, json) => void disk.texts.set(key, json),
    dispose: () => {},
  };
});

const error = new StoreError("state-full", { message: "the disk in memory is full", hint: "make room" });
for (
  const [outcome, stored] of [["nothing-stored", false], ["all-stored", true]] as const
) {
  Deno.test(`memory store: a commit fails with ${outcome}, and the store works afterwards`, async () => {
    const disk = createMemoryDisk();
    let failure: StoreFailure | undefined;
    const store = openMemoryStore(disk, {
      newLineage: () => "abc123",
      failure: (act) => act === "commit" ? failure : undefined,
    });
    await store.load();
    failure = { error, outcome };
    const controls = { frozen: true, frozenProfiles: [], mode: "run" } as const;
    await assertRejects(() => store.commit([{ kind: "controls", controls }]), StoreError, "full");
    failure = undefined;
    assertEquals((await store.load()).controls.frozen, stored);
  });
}

Deno.test("memory store: the disk of a crashed program can be opened with its data", async () => {
  const disk = createMemoryDisk();
  const crashed = openMemoryStore(disk, { newLineage: () => "abc123" });
  await crashed.load();
  disk.isLocked = false;
  assertEquals((await openMemoryStore(disk, { newLineage: () => "new000" }).load()).framework.lineage, "abc123");
});

// The suite for every implementation of a store.

import { assertEquals, assertRejects } from "@std/assert";
import fc from "../support/properties.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { StateRecord, StoredState } from "../../src/core/record.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store_error.ts";
import { anyControls, anyFramework, anyInstance, identity, phases } from "./samples.ts";

/** One place where a store keeps its state, fresh for each test. */
export interface StorePlace {
  /** Opens it; `lineage` is used where nothing is stored yet. */
  open(lineage: string): Store | Promise<Store>;
  /** The stored text under a key of record_codec.ts, and changing it behind the store's back while it is closed. */
  read(key: string): Promise<string | undefined> | string | undefined;
  write(key: string, json: string): Promise<void> | void;
  dispose(): Promise<void> | void;
}

/** Registers the whole suite for one implementation. */
export function testStore(name: string, makePlace: () => StorePlace): void {
  const test = (sentence: string, body: (place: StorePlace) => Promise<void>): void => {
    Deno.test(`${name}: ${sentence}`, async () => {
      const place = makePlace();
      try {
        await body(place);
      } finally {
        await place.dispose();
      }
    });
  };
  testLoading(test);
  testRefusals(test);
  testOtherVersions(test);
  testModel(test);
}

type Register = (sentence: string, body: (place: StorePlace) => Promise<void>) => void;

function testLoading(test: Register): void {
  test("an unused place has a new state, whose lineage is kept", async (place) => {
    const fresh: StoredState = {
      framework: { lineage: "first1", nextTaskNumber: 1 },
      instances: [],
      controls: { frozen: false, frozenProfiles: [], mode: "run" },
    };
    assertEquals(await withStore(place, "first1", (store) => store.load()), fresh);
    assertEquals(await withStore(place, "other2", (store) => store.load()), fresh);
  });

  test("an instance in each phase is loaded as it was stored, oldest first", async (place) => {
    const instances = phases.map((phase, index): AgentInstance => ({
      ...identity(`t-${99 - index}`),
      ...phase,
      createdMs: index,
      environment: "prod",
      bucketKey: "k",
      lastKillMs: 1,
      lastReconcileMs: 2,
      retire: "surplus",
    }));
    await withStore(place, "first1", async (store) => {
      await store.load();
      await store.commit(instances.toReversed().map((instance) => ({ kind: "instance", instance })));
    });
    assertEquals((await withStore(place, "x", (store) => store.load())).instances, instances);
  });

  test("a removed instance is not loaded, and removing it again is allowed", async (place) => {
    const instance: AgentInstance = { ...identity("t-1"), state: "unreachable", sinceMs: 1 };
    const loaded = await withStore(place, "first1", async (store) => {
      await store.load();
      await store.commit([{ kind: "instance", instance }]);
      await store.commit([{ kind: "instance-removed", taskId: "t-1" }, { kind: "instance-removed", taskId: "t-1" }]);
      await store.commit([]);
      return await store.load();
    });
    assertEquals(loaded.instances, []);
  });

  test("the last record of an instance in a commit applies", async (place) => {
    const first: AgentInstance = { ...identity("t-1"), state: "launching", sinceMs: 1 };
    const second: AgentInstance = { ...identity("t-1"), state: "starting", sinceMs: 2 };
    const loaded = await withStore(place, "first1", async (store) => {
      await store.load();
      await store.commit([
        { kind: "instance", instance: first },
        { kind: "instance-removed", taskId: "t-1" },
        { kind: "instance", instance: second },
      ]);
      return await store.load();
    });
    assertEquals(loaded.instances, [second]);
  });
}

function testRefusals(test: Register): void {
  test("a second writer is refused until the first one closes", async (place) => {
    const first = await place.open("first1");
    const refused = await assertRejects(async () => await place.open("other2"), StoreError);
    assertEquals([refused.code, refused.kind], ["state-locked", "state"]);
    await first.close();
    await (await place.open("other2")).close();
  });

  test("a closed store refuses all operations, and closing it twice is allowed", async (place) => {
    const store = await place.open("first1");
    await store.close();
    await store.close();
    for (const act of [() => store.load(), () => store.commit([]), () => store.commit([frozen])]) {
      assertEquals((await assertRejects(act, StoreError)).code, "state-closed");
    }
  });

  const unreadable: readonly (readonly [string, string, string])[] = [
    ["instance/t-1", "{", "instance/t-1"],
    ["instance/t-1", "null", "instance/t-1"],
    ["instance/t-1", JSON.stringify({ ...identity("t-1"), state: "paused", sinceMs: 1 }), "state"],
    ["instance/t-1", JSON.stringify({ ...identity("t-1"), state: "registered", sinceMs: 1, uuid: "u" }), "activity"],
    ["instance/t-1", JSON.stringify({ ...identity("t-2"), state: "unreachable", sinceMs: 1 }), "t-2"],
    ["instance/t-1", JSON.stringify({ ...identity("t-1"), state: "unreachable" }), "sinceMs"],
    ["framework", JSON.stringify({ lineage: "UPPER!", nextTaskNumber: 1 }), "lineage"],
    ["framework", JSON.stringify({ lineage: "abc123", nextTaskNumber: 1.5 }), "nextTaskNumber"],
    ["controls", JSON.stringify({ frozen: "no", frozenProfiles: [], mode: "run" }), "frozen"],
  ];
  for (const [key, json, named] of unreadable) {
    test(`an unreadable record is an error with its key and is not changed: ${key} with ${json.slice(0, 4)}… (${named})`, async (place) => {
      await withStore(place, "first1", (store) => store.load());
      await place.write(key, json);
      const error = await withStore(place, "x", (store) => loadError(store));
      assertEquals(error.code, "state-record-unreadable");
      assertContains(error.message, key);
      assertContains(error.message, named);
      assertEquals(await place.read(key), json, "the record is left as it was");
    });
  }

  test("an unreadable instance can be removed without loading it", async (place) => {
    await withStore(place, "first1", (store) => store.load());
    await place.write("instance/t-1", "{");
    await withStore(place, "x", (store) => store.commit([{ kind: "instance-removed", taskId: "t-1" }]));
    assertEquals((await withStore(place, "x", (store) => store.load())).instances, []);
  });

  test("a state without a valid framework record is an error and gets no new lineage", async (place) => {
    await withStore(place, "first1", (store) => store.load());
    await place.write("framework", "");
    const error = await withStore(place, "x", (store) => loadError(store));
    assertContains(error.message, "framework");
  });
}

function testOtherVersions(test: Register): void {
  test("fields of a newer version are kept when records are loaded and stored", async (place) => {
    const newer = {
      framework: { lineage: "abc123", nextTaskNumber: 7, region: "eu" },
      controls: { frozen: false, frozenProfiles: [], mode: "run", pausedUntilMs: 5 },
      "instance/t-1": {
        ...identity("t-1"),
        ...{ state: "registered", sinceMs: 1, uuid: "u", activity: { kind: "idle", sinceMs: 1, warm: true } },
        costPerHour: { eur: 0.12 },
      },
    };
    await withStore(place, "first1", (store) => store.load());
    for (const [key, value] of Object.entries(newer)) await place.write(key, JSON.stringify(value));
    await withStore(place, "x", async (store) => {
      const { framework, controls, instances } = await store.load();
      await store.commit([
        { kind: "framework", framework },
        { kind: "controls", controls },
        ...instances.map((instance): StateRecord => ({ kind: "instance", instance })),
      ]);
    });
    for (const [key, value] of Object.entries(newer)) assertEquals(JSON.parse(await place.read(key) ?? ""), value, key);
  });

  test("a newer version's field is kept in a replaced record, and our own fields can be dropped", async (place) => {
    await withStore(place, "first1", (store) => store.load());
    const stored = {
      ...identity("t-1"),
      state: "starting",
      sinceMs: 1,
      pendingUuid: "u",
      lastKillMs: 4,
      costPerHour: 2,
    };
    await place.write("instance/t-1", JSON.stringify(stored));
    const instance: AgentInstance = { ...identity("t-1"), state: "unreachable", sinceMs: 2 };
    await withStore(place, "x", async (store) => {
      await store.load();
      await store.commit([{ kind: "instance", instance }]);
    });
    assertEquals(JSON.parse(await place.read("instance/t-1") ?? ""), { ...instance, costPerHour: 2 });
  });

  test("records of an unknown kind are not changed", async (place) => {
    await withStore(place, "first1", (store) => store.load());
    await place.write("budget/eu", '{"eur":3}');
    await withStore(place, "x", async (store) => {
      await store.load();
      await store.commit([frozen]);
    });
    assertEquals(await place.read("budget/eu"), '{"eur":3}');
  });
}

/** Commits in any order, with reopening in between, give what a plain map gives. */
function testModel(test: Register): void {
  test("any sequence of commits and restarts loads the committed records", async (place) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(anyCommit, fc.constant("restart" as const)), { maxLength: 8 }),
        async (acts) => {
          let store = await place.open("first1");
          const model = modelOf(await store.load());
          for (const act of acts) {
            if (act === "restart") {
              await store.close();
              store = await place.open("other2");
            } else {
              await store.commit(act);
              act.forEach((record) => applyToModel(model, record));
            }
            assertEquals(modelOf(await store.load()), model);
          }
          await store.close();
        },
      ),
      { numRuns: 30 },
    );
  });
}

const frozen: StateRecord = { kind: "controls", controls: { frozen: true, frozenProfiles: [], mode: "run" } };

const anyRecord: fc.Arbitrary<StateRecord> = fc.oneof(
  anyInstance.map((instance): StateRecord => ({ kind: "instance", instance })),
  fc.constantFrom("a-1", "a-2", "a-3").map((taskId): StateRecord => ({ kind: "instance-removed", taskId })),
  anyFramework.map((framework): StateRecord => ({ kind: "framework", framework })),
  anyControls.map((controls): StateRecord => ({ kind: "controls", controls })),
  fc.double({ min: 0, max: 1e12, noNaN: true }).map((cpuMs): StateRecord => ({
    kind: "cpu-use",
    cpuUse: { day: "2026-11-28", cpuMs: Math.abs(cpuMs) },
  })),
  fc.option(fc.uuid(), { nil: undefined }).map((uuid): StateRecord => ({
    kind: "suspicion",
    ...(uuid === undefined
      ? {}
      : { suspicion: { kind: "gocd-unlisted", sinceMs: 1, missing: 0, of: 0, isOlder: false, vanished: [uuid] } }),
  })),
);

const anyCommit = fc.array(anyRecord, { maxLength: 5 });

interface Model {
  framework: unknown;
  controls: unknown;
  cpuUse: unknown;
  suspicion: unknown;
  readonly instances: Record<string, unknown>;
}

function modelOf(state: StoredState): Model {
  return {
    framework: state.framework,
    controls: state.controls,
    cpuUse: state.cpuUse,
    suspicion: state.suspicion,
    instances: Object.fromEntries(state.instances.map((instance) => [instance.taskId, instance])),
  };
}

function applyToModel(model: Model, record: StateRecord): void {
  if (record.kind === "framework") model.framework = record.framework;
  else if (record.kind === "controls") model.controls = record.controls;
  else if (record.kind === "cpu-use") model.cpuUse = record.cpuUse;
  else if (record.kind === "suspicion") model.suspicion = record.suspicion;
  else if (record.kind === "instance") model.instances[record.instance.taskId] = record.instance;
  else delete model.instances[record.taskId];
}

async function withStore<Result>(
  place: StorePlace,
  lineage: string,
  body: (store: Store) => Promise<Result>,
): Promise<Result> {
  const store = await place.open(lineage);
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

function assertContains(text: string, part: string): void {
  assertEquals(text.includes(part), true, `${JSON.stringify(text)} names ${part}`);
}

async function loadError(store: Store): Promise<StoreError> {
  return await assertRejects(() => store.load(), StoreError);
}

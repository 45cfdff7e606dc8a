// A commit whose response is lost and that ZooKeeper orders before everything later, although the server that is read
// next does not show it yet.

import { assertEquals, assertRejects } from "@std/assert";
import type { StateRecord } from "../../src/core/record.ts";
import { StoreError } from "../../src/store/store_error.ts";
import type { Leadership } from "../../src/store/zookeeper_election.ts";
import { openLeaderStore } from "../../src/store/zookeeper_store.ts";
import type { ZookeeperOperation } from "../../src/zookeeper/session.ts";

interface Bench {
  readonly leadership: Leadership;
  readonly znodes: Map<string, string>;
  /** The response to the next transaction that this is true of is lost. */
  loses: (operations: readonly ZookeeperOperation[]) => boolean;
}

function bench(): Bench {
  const znodes = new Map<string, string>();
  let late: readonly ZookeeperOperation[] = [];
  const apply = (operations: readonly ZookeeperOperation[]): void => {
    for (const each of operations) {
      if (each.kind === "remove") znodes.delete(each.path);
      else if (each.kind !== "check") znodes.set(each.path, each.text);
    }
  };
  const made = {
    znodes,
    loses: (_: readonly ZookeeperOperation[]): boolean => false,
    leadership: {
      base: "",
      session: {
        place: "zk",
        children: (path: string) =>
          Promise.resolve(
            [...znodes.keys()].filter((key) => key.startsWith(`${path}/`)).map((key) => key.slice(path.length + 1)),
          ),
        data: (path: string) => {
          const text = znodes.get(path);
          return Promise.resolve(text === undefined ? undefined : { text, version: 0 });
        },
      },
      transaction: (operations: readonly ZookeeperOperation[]) => {
        // Its server answers once it has applied all earlier ones.
        apply(late);
        late = [];
        if (made.loses(operations)) {
          made.loses = () => false;
          late = operations;
          return Promise.reject(new StoreError("state-unreachable", { message: "no answer", hint: "look" }));
        }
        apply(operations);
        return Promise.resolve({ kind: "done", results: [] });
      },
    } as unknown as Leadership,
  };
  return made;
}

Deno.test("a record that a lost commit created is removed by the one that undoes it, even if reads do not show it yet", async () => {
  const world = bench();
  const store = openLeaderStore(world.leadership, { newLineage: () => "abc123", close: () => Promise.resolve() });
  const { controls } = await store.load();
  const suspicion = { kind: "gocd-unlisted", sinceMs: 1, missing: 3, of: 3, isOlder: false } as const;
  const created: StateRecord = { kind: "suspicion", suspicion };
  world.loses = (operations) => operations.length > 0;
  await assertRejects(() => store.commit([created]), StoreError);
  await store.commit([{ kind: "suspicion" }]);
  await store.commit([{ kind: "controls", controls }]);
  assertEquals([...world.znodes.keys()].sort(), ["/state/controls", "/state/framework"]);
});

Deno.test("a large commit that is lost at the end of its journal is not carried out over later ones", async () => {
  const world = bench();
  const options = { newLineage: () => "abc123", close: () => Promise.resolve(), requestBytesMax: 800 };
  const store = openLeaderStore(world.leadership, options);
  const { controls, framework } = await store.load();
  const frozen: readonly StateRecord[] = [
    { kind: "controls", controls: { ...controls, frozen: true } },
    { kind: "framework", framework: { ...framework, nextTaskNumber: 7 } },
  ];
  world.loses = (operations) => operations.some((each) => each.kind === "set" && each.path === "/journal");
  await assertRejects(() => store.commit(frozen), StoreError);
  await store.commit([{ kind: "controls", controls }]);
  await store.commit([{ kind: "framework", framework }]);
  const next = await openLeaderStore(world.leadership, options).load();
  assertEquals([next.controls, next.framework], [controls, framework]);
});

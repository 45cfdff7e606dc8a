// Paths of the state file: links, files instead of folders and vice versa, and owners.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { durableState } from "../../src/store/open.ts";
import { openSqliteStore } from "../../src/store/sqlite_store.ts";
import { realStatePath, refuseForeignState } from "../../src/store/state_path.ts";
import type { Store } from "../../src/store/store.ts";
import { StoreError } from "../../src/store/store_error.ts";

const newLineage = (): string => "abc123";
const open = (path: string): Store => openSqliteStore(path, { newLineage });

inFolder("the state is created and found at its real path through symbolic links", async (folder) => {
  Deno.mkdirSync(`${folder}/disk`);
  Deno.symlinkSync("disk", `${folder}/data`);
  const store = open(`${folder}/data/state.db`);
  await store.load();
  await store.close();
  Deno.symlinkSync("data/state.db", `${folder}/link.db`);
  for (const path of [`${folder}/data/state.db`, `${folder}/link.db`]) {
    assertEquals(realStatePath(path), `${folder}/disk/state.db`);
    assertEquals((await readState(path))?.framework.lineage, "abc123");
  }
  const again = open(`${folder}/link.db`);
  assertEquals((await again.load()).framework.lineage, "abc123");
  await again.close();
  assertEquals(Deno.lstatSync(`${folder}/link.db`).isSymlink, true);
});

interface Obstacle {
  readonly path: string;
  readonly arrange: (folder: string) => void;
  readonly says: string;
}

const obstacles: Readonly<Record<string, Obstacle>> = {
  "a link to a missing file": {
    path: "state.db",
    arrange: (folder) => Deno.symlinkSync("/nowhere/state.db", `${folder}/state.db`),
    says: "/state.db is a link to /nowhere/state.db, which cannot be resolved",
  },
  "a link to a missing folder": {
    path: "data/state.db",
    arrange: (folder) => Deno.symlinkSync("/nowhere", `${folder}/data`),
    says: "/data is a link to /nowhere, which cannot be resolved",
  },
  "a link to itself": {
    path: "state.db",
    arrange: (folder) => Deno.symlinkSync("state.db", `${folder}/state.db`),
    says: "/state.db is a link to state.db, which cannot be resolved",
  },
  "a folder instead of the file": {
    path: "data",
    arrange: (folder) => Deno.mkdirSync(`${folder}/data`),
    says: "/data is a folder",
  },
  "a file instead of a folder": {
    path: "file/deep/state.db",
    arrange: (folder) => Deno.writeTextFileSync(`${folder}/file`, "x"),
    says: "/file, which is not a folder",
  },
  "a link to a file instead of a folder": {
    path: "link/state.db",
    arrange: (folder) => {
      Deno.writeTextFileSync(`${folder}/file`, "x");
      Deno.symlinkSync("file", `${folder}/link`);
    },
    says: "/link, which is not a folder",
  },
};

for (const [what, { path, arrange, says }] of Object.entries(obstacles)) {
  inFolder(
    `${what} is an error with key and hint for writers and readers, and nothing is created`,
    async (folder) => {
      arrange(folder);
      const before = namesIn(folder);
      const read = await readState(`${folder}/${path}`).catch((error: unknown) => error);
      for (const error of [assertThrows(() => open(`${folder}/${path}`), StoreError), read as StoreError]) {
        assertEquals([error.code, error.message.split(":")[0]], ["state-path-unusable", "state.path"]);
        assertStringIncludes(error.message, folder);
        assertStringIncludes(error.message, says);
        assertStringIncludes(error.hint, "state.path");
      }
      assertEquals(namesIn(folder), before);
    },
  );
}

inFolder("a missing folder is an error for a writer, and an absent state for a reader", async (folder) => {
  const error = assertThrows(() => open(`${folder}/a/b/state.db`), StoreError);
  assertEquals(error.code, "state-folder-missing");
  assertStringIncludes(error.message, `${folder}/a/b `);
  assertEquals(await readState(`${folder}/a/b/state.db`), undefined);
});

inFolder(
  "state, log and lock have mode 600, including those created by an earlier version",
  async (folder) => {
    const path = `${folder}/state.db`;
    for (let start = 0; start < 2; start++) {
      const store = open(path);
      await store.load();
      const others = namesIn(folder).filter((name) => modeOf(`${folder}/${name}`) !== "600");
      assertEquals([namesIn(folder).length >= 4, others], [true, []]);
      await store.close();
      for (const name of namesIn(folder)) Deno.chmodSync(`${folder}/${name}`, 0o664);
    }
  },
);

inFolder("the mode of another program's file is not changed", (folder) => {
  const path = `${folder}/other.db`;
  Deno.writeTextFileSync(path, "no database at all, but long enough to be one".repeat(100));
  Deno.chmodSync(path, 0o644);
  assertEquals(assertThrows(() => open(path), StoreError).code, "state-foreign");
  assertEquals(modeOf(path), "644");
});

// deno-lint-ignore require-await
async function readState(path: string): ReturnType<ReturnType<typeof durableState>["read"]> {
  const instance = (): never => {
    throw new Error("a file has no instances");
  };
  return durableState({ kind: "sqlite", path }, { newLineage, instance }).read();
}

function namesIn(folder: string): readonly string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

function modeOf(path: string): string {
  return ((Deno.statSync(path).mode ?? 0) & 0o777).toString(8);
}

function inFolder(sentence: string, body: (folder: string) => Promise<void> | void): void {
  Deno.test(`state path: ${sentence}`, async () => {
    const folder = Deno.realPathSync(Deno.makeTempDirSync());
    try {
      await body(folder);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

const foreign = 4711;

/** A folder of another user; only root may give one away. */
function withForeignFolder(act: (path: string) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const folder = Deno.makeTempDirSync();
    try {
      Deno.chownSync(folder, foreign, foreign);
      await act(`${folder}/state.db`);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  };
}

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

Deno.test({
  name: "all files of a state created by root belong to the owner of the folder",
  ignore: !isRoot,
  fn: withForeignFolder(async (path) => {
    const store = open(path);
    await store.load();
    const ownerOf = (suffix: string): readonly unknown[] => {
      const { uid, gid, mode } = Deno.statSync(`${path}${suffix}`);
      return [suffix, uid, gid, (mode ?? 0) & 0o777];
    };
    const files = ["", "-wal", "-shm", "-lock"];
    assertEquals(files.map(ownerOf), files.map((suffix) => [suffix, foreign, foreign, 0o600]));
    await store.close();
  }),
});

Deno.test({
  name: "a command does not create a state in a folder of another user, and may open an existing one",
  ignore: !isRoot,
  fn: withForeignFolder((path) => {
    const refused = assertThrows(() => refuseForeignState(path, 1000), StoreError);
    assertEquals([refused.code, refused.kind], ["state-of-another-user", "state"]);
    assertStringIncludes(refused.message, `there is no state file ${path} yet`);
    refuseForeignState(path, foreign);
    refuseForeignState(path, 0);
    Deno.writeTextFileSync(path, "");
    refuseForeignState(path, 1000);
  }),
});

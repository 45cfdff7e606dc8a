// `gocd-mesos state …` on SQLite files: sound, missing, damaged, locked.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { AgentInstance } from "../../src/core/instance.ts";
import { openSqliteStore } from "../../src/store/sqlite_store.ts";
import { assertRefused, confFolder, runLine, type Written } from "./support.ts";

const frameworkId = "0b6a2c4e-0000-4000-8000-000000000001-0000";

function instance(number: number): AgentInstance {
  return {
    taskId: `gm-abc123-default-${number}`,
    profile: "default",
    profileHash: "00000000",
    gocdResources: [],
    createdMs: Date.now() - 3 * 60_000,
    mesosAgentId: "s1",
    host: `host-${number}`,
    launchReason: "a test",
    bucketKey: "k",
    state: "launching",
    sinceMs: Date.now(),
  };
}

interface Setup {
  readonly folder: string;
  readonly path: string;
  run(...words: readonly string[]): Promise<Written>;
}

async function withSetup(act: (setup: Setup) => Promise<void>, fill = true): Promise<void> {
  const { path: folder, conf, remove } = confFolder(`gocd-mesos {
  mesos-master = "127.0.0.1:1", go-server { host = "127.0.0.1", port = 1 }, go-agent.docker-image = "agent:1"
  http.listen = off
}`);
  const path = `${folder}/gocd-mesos.db`;
  try {
    if (fill) {
      const store = openSqliteStore(path, { newLineage: () => "abc123" });
      const { framework } = await store.load();
      await store.commit([
        { kind: "framework", framework: { ...framework, frameworkId, nextTaskNumber: 3 } },
        { kind: "instance", instance: instance(1) },
        { kind: "instance", instance: instance(2) },
      ]);
      await store.close();
    }
    const run = ([action = "", ...more]: readonly string[]): Promise<Written> =>
      runLine(["state", action, conf, ...more]);
    await act({ folder, path, run: (...words) => run(words) });
  } finally {
    remove();
  }
}

Deno.test("state show shows the framework and the agents on record", () =>
  withSetup(async ({ run }) => {
    const { code, out } = await run("show");
    assertEquals(code, 0);
    assertEquals(
      out,
      `framework  ${frameworkId}
lineage    abc123, next task number 3
mode       run
agents     2 on record
  TASK                 STATE      PROFILE  HOST    AGE
  gm-abc123-default-1  launching  default  host-1  3 min
  gm-abc123-default-2  launching  default  host-2  3 min
`,
    );
  }));

Deno.test("state check reports a sound file as sound", () =>
  withSetup(async ({ run }) => {
    const { code, out } = await run("check");
    assertEquals(code, 0);
    assertMatch(out, /^ok {4}.*gocd-mesos\.db is sound: 2 agents on record$/m);
  }));

Deno.test("state actions report a missing state and do not create it", () =>
  withSetup(async ({ run, folder }) => {
    for (const words of [["show"], ["export"], ["check"], ["forget", "gm-1"], ["forget-framework", "--yes"]]) {
      assertRefused(await run(...words), 6, /there is no state/);
    }
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["framework.conf"]);
  }, false));

Deno.test("state import restores an export, and replaces a non-empty state only with --replace", () =>
  withSetup(async ({ run, folder, path }) => {
    const { out: exported, code } = await run("export");
    assertEquals(code, 0);
    const file = `${folder}/backup.json`;
    Deno.writeTextFileSync(file, exported);
    assertRefused(await run("import", file), 6, /the state already contains framework/);
    assertEquals((await run("import", file, "--replace")).code, 0);
    for (const suffix of ["", "-wal", "-shm"]) removeIfThere(path + suffix);
    const imported = await run("import", file);
    assertEquals([imported.code, imported.out.includes("2 agents on record")], [0, true], imported.all);
    assertEquals((await run("export")).out, exported);
  }));

Deno.test("state import refuses missing files and files that are not exports", () =>
  withSetup(async ({ run, folder }) => {
    assertRefused(await run("import"), 2, /"state import" needs a file/);
    assertRefused(await run("import", `${folder}/nowhere.json`), 2, /cannot read .*nowhere\.json/);
    for (const text of ["", "{}", "[]", '{"format":"gocd-mesos-state","version":99}']) {
      Deno.writeTextFileSync(`${folder}/bad.json`, text);
      assertRefused(await run("import", `${folder}/bad.json`, "--replace"), 6, /is not a state that can be imported/);
    }
    assertMatch((await run("show")).out, /2 on record/);
  }));

Deno.test("state forget removes one agent, and refuses an unknown one", () =>
  withSetup(async ({ run }) => {
    assertRefused(await run("forget"), 2, /"state forget" needs a task id/);
    assertRefused(await run("forget", "gm-abc123-default-9"), 2, /no agent gm-abc123-default-9 is on record/);
    const { code, out } = await run("forget", "gm-abc123-default-1");
    assertEquals(code, 0);
    assertStringIncludes(out, "gm-abc123-default-1 is forgotten");
    const left = (await run("show")).out;
    assert(!left.includes("default-1") && left.includes("default-2"), left);
  }));

Deno.test("state forget-framework requires a confirmation, removes the id and the agents, and keeps the lineage", () =>
  withSetup(async ({ path, run }) => {
    const store = openSqliteStore(path, { newLineage: () => "unused" });
    const suspicion = { kind: "gocd-unlisted", sinceMs: 1, missing: 3, of: 4, isOlder: false } as const;
    await store.commit([{ kind: "suspicion", suspicion }]);
    await store.close();
    assertMatch((await run("show")).out, /^brake {6}on: the GoCD server no longer lists 3 of our 4 agents: it may be/m);
    assertRefused(await run("forget-framework"), 2, /not confirmed; nothing was done/);
    const { code, out } = await run("forget-framework", "--yes");
    assertEquals(code, 0);
    assertStringIncludes(out, `framework ${frameworkId} and 2 agents`);
    const left = (await run("show")).out;
    assertMatch(left, /^framework {2}not registered yet$/m);
    assertMatch(left, /^lineage {4}abc123, next task number 3$/m);
    assertMatch(left, /^agents {5}0 on record$/m);
    assertEquals(left.includes("brake"), false, "the agents that were missing are forgotten");
  }));

Deno.test("state reports arguments in the wrong order with the right order, and changes nothing", () =>
  withSetup(async ({ folder, run }) => {
    const backup = `${folder}/backup.json`;
    Deno.writeTextFileSync(backup, (await run("export")).out);
    const conf = `${folder}/framework.conf`;
    for (
      const [words, message, order] of [
        [["import", backup, conf], /the configuration file comes first/, `import ${conf} ${backup}`],
        [
          ["forget", "gm-abc123-default-1", conf],
          /the configuration file comes first/,
          `forget ${conf} gm-abc123-default-1`,
        ],
        [["adopt", frameworkId, conf], /the configuration file comes first/, `adopt ${conf} ${frameworkId}`],
        [[conf, "show"], /the action comes before the file/, `show ${conf}`],
      ] as const
    ) {
      const written = await runLine(["state", ...words]);
      assertRefused(written, 2, message);
      assertStringIncludes(written.err, `write \`gocd-mesos state ${order}\``);
    }
    assertMatch((await run("show")).out, /2 on record/);
  }));

Deno.test("state can read but not change a state that is in use", () =>
  withSetup(async ({ run, path, folder }) => {
    Deno.writeTextFileSync(`${folder}/backup.json`, (await run("export")).out);
    const store = openSqliteStore(path, { newLineage: () => "abc123" });
    try {
      for (const words of [["show"], ["check"], ["export"]]) assertEquals((await run(...words)).code, 0);
      for (
        const words of [
          ["forget", "gm-abc123-default-1"],
          ["forget-framework", "--yes"],
          ["import", `${folder}/backup.json`, "--replace"],
          ["adopt"],
          ["register-anew"],
        ]
      ) {
        assertRefused(await run(...words), 6, /is in use by process \d+/);
      }
    } finally {
      await store.close();
    }
  }));

const damages: readonly (readonly [name: string, spoil: (path: string) => void])[] = [
  [
    "a text file",
    (path) => Deno.writeTextFileSync(path, "this is no database, whatever its name may say\n".repeat(100)),
  ],
  ["an empty file", (path) => Deno.writeTextFileSync(path, "")],
  ["a truncated file", (path) => Deno.truncateSync(path, 4096)],
  ["a page of noise in the middle", (path) => {
    using file = Deno.openSync(path, { read: true, write: true });
    file.seekSync(4096, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(4096).fill(0xa5));
  }],
];

for (const [name, spoil] of damages) {
  Deno.test(`every state action refuses a damaged file and does not modify it: ${name}`, () =>
    withSetup(async ({ run, path }) => {
      for (const suffix of ["-wal", "-shm"]) removeIfThere(path + suffix);
      spoil(path);
      const before = Deno.readFileSync(path);
      for (const words of [["show"], ["check"], ["export"], ["forget", "gm-abc123-default-1"]]) {
        const written = await run(...words);
        assertEquals(written.code, 6, `${words.join(" ")}: ${written.all}`);
        assertMatch(written.err, /^gocd-mesos: .*\n {2}to do: .*\n$/);
      }
      assertEquals(Deno.readFileSync(path), before);
    }));
}

Deno.test("a backup can be imported after a damaged file was moved away", () =>
  withSetup(async ({ run, path, folder }) => {
    const backup = `${folder}/backup.json`;
    Deno.writeTextFileSync(backup, (await run("export")).out);
    for (const suffix of ["-wal", "-shm"]) removeIfThere(path + suffix);
    Deno.truncateSync(path, 4096);
    const refused = await run("import", backup, "--replace");
    assertEquals(refused.code, 6, refused.all);
    assertStringIncludes(refused.err, "move the file aside with its -wal and -shm, and restore a backup");
    for (const suffix of ["", "-wal", "-shm"]) removeIfThere(path + suffix);
    assertEquals((await run("import", backup)).code, 0);
    assertStringIncludes((await run("check")).out, "is sound: 2 agents on record");
  }));

Deno.test("state actions name an unreadable record, and state forget removes it", () =>
  withSetup(async ({ run, path }) => {
    const write = (sql: string): void => {
      const database = new DatabaseSync(path);
      database.exec(sql);
      database.close();
    };
    write(`UPDATE records SET json = '{"taskId":7}' WHERE key = 'instance/gm-abc123-default-1'`);
    for (const action of ["show", "export"]) {
      const refused = await run(action);
      assertRefused(refused, 6, /contains 1 unreadable record\(s\): instance\/gm-abc123-default-1 /);
      assertStringIncludes(refused.err, "gocd-mesos state forget");
    }
    const checked = await run("check");
    assertEquals(checked.code, 6);
    assertMatch(checked.out, /^FAIL {2}instance\/gm-abc123-default-1: /m);
    assertStringIncludes(checked.err, "state forget FILE ID");
    assertRefused(await run("forget", "gm-abc123-default-9"), 6, /instance\/gm-abc123-default-1 /);
    assertEquals((await run("forget", "gm-abc123-default-1")).code, 0);
    assertStringIncludes((await run("check")).out, "is sound: 1 agent on record");
  }));

Deno.test("every state action refuses a file of a newer schema and does not modify it", () =>
  withSetup(async ({ run, path, folder }) => {
    Deno.writeTextFileSync(`${folder}/backup.json`, (await run("export")).out);
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    const before = Deno.readFileSync(path);
    const actions = ["show", "check", "export", "forget-framework --yes", "adopt", "register-anew"];
    for (const words of [...actions, "forget gm-abc123-default-1", `import ${folder}/backup.json --replace`]) {
      assertRefused(await run(...words.split(" ")), 6, /has schema version 99, this program supports up to \d+/);
    }
    assertEquals(Deno.readFileSync(path), before);
  }));

Deno.test("state adopt and register-anew refuse a registered state", () =>
  withSetup(async ({ run }) => {
    assertRefused(await run("adopt", "f-1"), 6, /the state already contains framework .* and 2 agents/);
    assertRefused(await run("register-anew"), 6, /the state is registered already, as framework/);
  }));

Deno.test("if the master is unreachable, state adopt fails without an id, and adopts a given id with a warning", () =>
  withSetup(async ({ run }) => {
    const unreachable = await run("adopt");
    assertEquals(unreachable.code, 3, unreachable.all);
    const adopted = await run("adopt", "f-1");
    assertEquals(adopted.code, 0, adopted.all);
    assertMatch(adopted.err, /^gocd-mesos: not checked with the Mesos master: /m);
    assertMatch((await run("show")).out, /^framework {2}f-1$/m);
  }, false));

Deno.test("state show reports a stored register-anew, and state adopt cancels it", () =>
  withSetup(async ({ run }) => {
    assertEquals((await run("register-anew")).code, 0);
    assertMatch((await run("show")).out, /^framework {2}not registered yet, to be registered anew$/m);
    assertEquals((await run("adopt", "f-1")).code, 0);
    assertMatch((await run("show")).out, /^framework {2}f-1$/m);
  }, false));

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

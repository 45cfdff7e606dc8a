// `gocd-mesos check` finds everything that makes `start` or every launch fail.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openSqliteStore } from "../../src/store/sqlite_store.ts";
import { type SocketCluster, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { startRunning } from "./running.ts";
import { assertTranscript, confFolder, runLine, type Written } from "./support.ts";

interface Place {
  readonly cluster: SocketCluster;
  readonly folder: string;
}

interface Refusal {
  readonly name: string;
  readonly code: number;
  /** Of the row of the FAIL. */
  readonly says: RegExp;
  /** What is around, and more keys for the file; what it returns is ended at last. */
  readonly arrange: (place: Place) => { readonly more?: string; readonly end?: () => unknown };
}

const lineage = { newLineage: () => "abc123" };

const refusals: readonly Refusal[] = [
  {
    name: "the folder of the state is missing",
    code: 6,
    says: /^FAIL {2}state +the folder .*nowhere of the state file .* does not exist$/m,
    arrange: ({ folder }) => ({ more: `state.path = "${folder}/nowhere/state.db"` }),
  },
  {
    name: "no file can be created in the folder of the state",
    code: 6,
    says: /^FAIL {2}state +cannot write .*\/proc\/self\/gocd-mesos.db/m,
    arrange: () => ({ more: 'state.path = "/proc/self/gocd-mesos.db"' }),
  },
  {
    name: "the file of a variable is missing, so that each launch would fail",
    code: 2,
    says: /^FAIL {2}config +.*framework\.conf: env-files\.TOKEN: cannot read .*token: it does not exist$/m,
    arrange: () => ({ more: 'go-agent.env-files { TOKEN = "token" }' }),
  },
  {
    name: "another process uses the state, but is not an instance that responds",
    code: 6,
    says: /^FAIL {2}start +the state file .* is in use by process \d+$/m,
    arrange: ({ folder }) => {
      const store = openSqliteStore(`${folder}/gocd-mesos.db`, lineage);
      return { end: () => store.close() };
    },
  },
  {
    name: "the port of the page is in use",
    code: 2,
    says: /^FAIL {2}start +cannot listen on http\.listen = "127\.0\.0\.1:\d+"/m,
    arrange: () => {
      const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      return { more: `http.listen = "127.0.0.1:${other.addr.port}"`, end: () => other.close() };
    },
  },
  {
    name: "the state was lost, and its agents are alive",
    code: 4,
    says: /^FAIL {2}start +the state .* is new, but agents like ours already exist: .* 1 living agent like ours/m,
    arrange: ({ cluster }) => {
      cluster.gocd.addAgent({ uuid: "7a4e", hostname: "gocd-zzz999-default-7" });
      return {};
    },
  },
];

async function inPlace(act: (place: Place, line: (more: string) => Promise<Written>) => Promise<void>): Promise<void> {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder("");
  try {
    await act({ cluster, folder: folder.path }, (more) => {
      Deno.writeTextFileSync(folder.conf, cluster.configText(more));
      return runLine(["check", folder.conf]);
    });
  } finally {
    folder.remove();
    await cluster.close();
  }
}

for (const { name, code, says, arrange } of refusals) {
  Deno.test(`check fails where start or every launch would fail: ${name}`, () =>
    inPlace(async (place, check) => {
      const { more, end } = arrange(place);
      try {
        const before = [...Deno.readDirSync(place.folder)].map((each) => each.name).sort();
        const written = await check(more ?? "");
        assertMatch(written.out, says);
        assertEquals(written.out.match(/^FAIL/gm)?.length, 1, written.out);
        assertMatch(written.out, /^FAIL.*\n +to do: \S/m);
        assertEquals(written.code, code);
        assertEquals([...Deno.readDirSync(place.folder)].map((each) => each.name).sort(), before, "check makes a file");
      } finally {
        await end?.();
      }
    }));
}

Deno.test("check accepts the state of the previous run and does not modify its files", () =>
  inPlace(async ({ folder }, check) => {
    const store = openSqliteStore(`${folder}/gocd-mesos.db`, lineage);
    await store.load();
    await store.close();
    const before = Deno.statSync(`${folder}/gocd-mesos.db`).mtime;
    const written = await check("");
    assertEquals(written.code, 0, written.out);
    assertStringIncludes(written.out, "not registered yet, 0 agents on record");
    assertEquals(Deno.statSync(`${folder}/gocd-mesos.db`).mtime, before);
    // The lock was taken for a moment only.
    await openSqliteStore(`${folder}/gocd-mesos.db`, lineage).close();
  }));

Deno.test("check reports a running instance, checks everything else, and accepts a file that the instance can reload", () =>
  inPlace(async ({ folder, cluster }, check) => {
    const port = freePort();
    const more = `http.listen = "127.0.0.1:${port}"`;
    Deno.writeTextFileSync(`${folder}/framework.conf`, cluster.configText(more));
    const running = await startRunning(`${folder}/framework.conf`);
    const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      await running.logged("subscribed");
      const fine = await check(more);
      assertEquals(fine.code, 0, fine.all);
      assertTranscript("check-beside-instance", fine.all, [
        [folder, "FOLDER"],
        [/127\.0\.0\.1:\d+/g, "HOST"],
        [/process \d+/g, "process N"],
        [/framework [0-9a-f-]{36}/g, "framework ID"],
        [/since [0-9-]{10},/g, "since DAY,"],
      ]);
      const moved = await check(`http.listen = "127.0.0.1:${freePort()}"`);
      assertEquals(moved.code, 0, moved.all);
      const taken = await check(`http.listen = "127.0.0.1:${other.addr.port}"`);
      assertEquals(taken.code, 2);
      assertMatch(taken.out, /^FAIL {2}start +cannot listen on http\.listen/m);
      const wrong = await check(`${more}, scaling.max-agentz = 1`);
      assertEquals(wrong.code, 2);
    } finally {
      other.close();
      await running.stop();
    }
  }));

Deno.test("if the state is in use and a server is unreachable, the exit code is that of the unreachable server", () =>
  inPlace(async ({ folder, cluster }, check) => {
    const store = openSqliteStore(`${folder}/gocd-mesos.db`, lineage);
    try {
      await cluster.close();
      const written = await check("");
      assertEquals(written.code, 3);
      assert(/^FAIL {2}start +the state file/m.test(written.out), written.out);
    } finally {
      await store.close();
    }
  }));

Deno.test("start --require-sandbox fails if the process has all permissions of the user", async () => {
  const { conf, remove } = confFolder(`gocd-mesos {
    mesos-master = "m:5050", go-server { host = g, port = 1 }, go-agent.docker-image = "a:1", log.format = text
  }`);
  try {
    const { code, err } = await runLine(["start", conf, "--require-sandbox"]);
    assertEquals(code, 2, err);
    assertMatch(err, /--require-sandbox: the sandbox is off: this process may reach any host/);
  } finally {
    remove();
  }
});

// Commands to the real program as a process: stored commands are confirmed, others are refused, and an instance without
// a page and with restricted permissions is found.

import { assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { runCli } from "../../src/cli/cli.ts";
import { runFlags } from "../../scripts/flags.ts";
import { loadConfig } from "../../src/config/load.ts";
import { fakeTerminal, type Written } from "../cli/support.ts";
import { startCluster } from "../support/cluster.ts";
import { endProgram, type Program, type ProgramFolder, programFolder, programOf } from "../support/program.ts";

const more = 'state.path = "state.db", log.format = text';

async function withProgram(act: (program: Program, folder: ProgramFolder) => Promise<void>): Promise<void> {
  const cluster = startCluster({ speed: 1 });
  const folder = programFolder(cluster);
  const program = folder.start(cluster.configText(more));
  try {
    await program.line("subscribed to the Mesos master");
    await act(program, folder);
  } finally {
    await endProgram(program);
    folder.remove();
    await cluster.close();
  }
}

async function command({ path }: { readonly path: string }, ...words: readonly string[]): Promise<Written> {
  const terminal = fakeTerminal();
  return terminal.written(await runCli([...words, `${path}/framework.conf`], terminal.io));
}

Deno.test("a command that cannot be stored is refused and has no effect, and is accepted once it can be stored", async () => {
  await withProgram(async (program, folder) => {
    const other = new DatabaseSync(`${folder.path}/state.db`);
    try {
      other.exec("BEGIN IMMEDIATE");
      const refused = await command(folder, "freeze");
      assertEquals(refused.code, 4, refused.all);
      assertMatch(refused.err, /the running instance refused "freeze": not done: the state cannot be stored/);
      await program.line("store-failed");
      other.exec("ROLLBACK");
    } finally {
      other.close();
    }
    assertMatch((await command(folder, "state", "show")).out, /^mode {7}run$/m);
    assertEquals(program.lines.filter((line) => line.includes("launching is frozen")), []);
    assertMatch((await command(folder, "freeze")).out, /^launching is frozen$/m);
    // What is answered is stored: nothing is waited for.
    assertMatch((await command(folder, "state", "show")).out, /^mode {7}run, launching frozen$/m);
  });
});

Deno.test("an instance with restricted permissions and without a page receives commands on a separate port", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = programFolder(cluster);
  const conf = `${folder.path}/framework.conf`;
  Deno.writeTextFileSync(conf, cluster.configText(`state.path = "${folder.path}/state.db"`));
  const root = new URL("../../", import.meta.url).pathname;
  const flags = runFlags(loadConfig(conf, {}));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", `--config=${root}deno.json`, ...flags, `${root}main.ts`, conf],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const program = programOf(child);
  try {
    await program.line("subscribed");
    assertMatch((await command(folder, "freeze")).out, /^launching is frozen$/m);
    await program.line("launching is frozen");
    program.signal("SIGTERM");
    assertEquals(await program.ended(), 0);
    assertEquals([...Deno.readDirSync(folder.path)].filter((entry) => entry.name.endsWith(".control")), []);
    await program.line("stopped");
  } finally {
    await endProgram(program);
    folder.remove();
    await cluster.close();
  }
});

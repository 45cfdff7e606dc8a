// Rows of `check` about the history, which never fail, because nothing depends on it.

import { assertEquals, assertMatch } from "@std/assert";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { checkHistory } from "../../src/cli/check_history.ts";
import { openHistory } from "../../src/history/history.ts";
import { aBatch, aSample, beginMs, limits } from "../history/samples.ts";

/** The row that `check` writes of the history of this configuration. */
function rowOf(config: Config): string {
  const rows: string[] = [];
  checkHistory(config, {
    ok: (_, text) => void rows.push(`ok ${text}`),
    warn: (_, text, hint) => void rows.push(`warn ${text} | ${hint}`),
    fail: () => void rows.push("FAIL"),
    exitCode: () => 0,
  });
  return rows.join("\n");
}

const cases: readonly (readonly [what: string, more: string, prepare: (path: string) => void, wanted: RegExp])[] = [
  ["no file yet", "", () => {}, /^ok .*db-history: none yet, it is created at the first start; kept for 7 d$/],
  ["a file", "history.keep = 2 days", write, /^ok .*db-history: since 2026-11-27, 1 MB; kept for 2 d$/],
  [
    "a file that is not a database",
    "",
    spoil,
    /^warn cannot read the history in .*: file is not a database \| set history\.path/,
  ],
  ["a history that is disabled", "history.keep = 0", () => {}, /^ok none is kept \(history\.keep = 0\)$/],
  [
    "a folder that is missing",
    "history.path = nowhere/h.db",
    () => {},
    /^warn .*nowhere\/h\.db: its folder does not exist/,
  ],
  [
    "a state in ZooKeeper",
    'state = "zk://z:2181/x"',
    () => {},
    /^warn in memory only.* \| set history\.path to a file/,
  ],
];

function write(path: string): void {
  const history = openHistory(path, limits);
  history.write(aBatch({ samples: [aSample(beginMs)] }));
  history.close();
}

function spoil(path: string): void {
  Deno.writeTextFileSync(path, "no database".repeat(100));
}

for (const [what, more, prepare, wanted] of cases) {
  Deno.test(`check shows the history: ${what}`, () => {
    const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-check-" });
    try {
      prepare(`${folder}/gocd-mesos.db-history`);
      const text = `gocd-mesos { mesos-master = "m:5050", go-server.host = g, go-agent.docker-image = a\n${more} }`;
      const row = rowOf(loadConfig(`${folder}/framework.conf`, {}, () => text));
      assertMatch(row, wanted);
      assertEquals(row.split("\n").length, 1);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}

// No command prints control sequences from the names in servers, files and arguments.

import { assert, assertEquals } from "@std/assert";
import { commands } from "../../src/cli/commands.ts";
import { unprintable } from "../../src/core/text.ts";
import { openSqliteStore } from "../../src/store/sqlite_store.ts";
import { clusterNames, startCluster } from "../support/cluster.ts";
import { confFolder, runLine, type Written } from "./support.ts";

const hostile = "evil\u001b[2J\u009b31m\u202e\r\nFAKE: all is well";

/** The arguments of each command in addition to the configuration. */
const operandsOf: Readonly<Record<string, readonly (readonly string[])[]>> = {
  check: [[]],
  doctor: [[], ["--json"]],
  plan: [[], ["--jobs"]],
  why: [["evil"], [hostile], ["evil", "--json"]],
  freeze: [["--profile", hostile], []],
  resume: [["--profile", hostile], []],
  drain: [[]],
  teardown: [["--yes"]],
  "accept-loss": [[]],
  version: [[]],
  "example-config": [[]],
  init: [["--force", "--gocd", hostile, "--mesos", hostile, "--image", hostile]],
  dashboards: [[]],
  status: [[], ["--json"]],
  agents: [["--all"], ["--profile", hostile], ["--state", hostile]],
  events: [[], ["--code", hostile], ["--level", hostile], ["--lines", hostile]],
  history: [[], ["--json"], ["--at", hostile], ["--since", hostile]],
  record: [[], ["--since", hostile], ["--for", hostile], ["--for", "1ms"]],
  simulate: [["--boot", hostile], ["--config", hostile], []],
  openapi: [[]],
  health: [[]],
  "notify-test": [[], ["--webhook", hostile]],
  completions: [[]],
  manual: [[]],
  state: [],
};
/** In an order in which each finds what it needs. */
const stateActions: readonly (readonly string[])[] = [
  ["show"],
  ["check"],
  ["export"],
  ["import", hostile],
  ["forget", `${hostile}-none`],
  ["forget", hostile],
  ["adopt", hostile],
  ["register-anew"],
  ["forget-framework"],
  ["forget-framework", "--yes"],
  ["adopt", hostile, "--yes"],
  ["show"],
];

Deno.test("no command prints control sequences or injected lines from external names", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText("http.listen = off"));
  try {
    cluster.gocd.schedule({ pipeline: "evil", stage: "s", job: hostile, gocdResources: [hostile], durationMs: 1_000 });
    await fill(`${folder.path}/gocd-mesos.db`);
    Deno.writeTextFileSync(`${folder.path}/password`, clusterNames.password);
    Deno.mkdirSync(`${folder.path}/fresh`);
    const fresh = `${folder.path}/fresh/framework.conf`;
    const servers = ["--gocd", cluster.gocdHttp.url, "--mesos", `127.0.0.1:${cluster.mesosHttp.port}`];
    const login = ["--user", clusterNames.userName, "--password-file", `${folder.path}/password`];
    const lines = [
      ["init", fresh, ...servers, ...login, "--image", "agent:1"],
      ...Object.entries(operandsOf).flatMap(([name, all]) => all.map((more) => [name, folder.conf, ...more])),
      ...stateActions.map(([action = "", ...more]) => ["state", action, folder.conf, ...more]),
      [hostile],
      ["help", hostile],
      ["check", hostile],
      ["state", hostile, folder.conf],
    ];
    let shown = 0;
    for (const line of lines) {
      // A separate teardown ends the framework that the rest is about.
      if (line[0] === "teardown") continue;
      const written = await runLine(line);
      assertHarmless(line, written);
      if (written.all.includes("evil")) shown++;
    }
    assertHarmless(["init"], { all: Deno.readTextFileSync(fresh) });
    assert(shown >= 8, `only ${shown} commands print the name`);
    const known = commands.map(({ name }) => name).filter((name) => name !== "start" && name !== "demo");
    assertEquals(known.filter((name) => operandsOf[name] === undefined), [], "a command is missing");
  } finally {
    folder.remove();
    await cluster.close();
  }
});

async function fill(path: string): Promise<void> {
  const store = openSqliteStore(path, { newLineage: () => "abc123" });
  const { framework } = await store.load();
  await store.commit([
    { kind: "framework", framework: { ...framework, frameworkId: hostile, ended: hostile } },
    {
      kind: "instance",
      instance: {
        taskId: hostile,
        profile: hostile,
        profileHash: "00000000",
        gocdResources: [],
        createdMs: 1,
        mesosAgentId: hostile,
        host: hostile,
        launchReason: hostile,
        bucketKey: "k",
        state: "launching",
        sinceMs: 1,
      },
    },
  ]);
  await store.close();
}

function assertHarmless(line: readonly string[], { all }: Pick<Written, "all">): void {
  for (const each of all.split("\n")) {
    assertEquals(each.match(unprintable), null, `${JSON.stringify(line)}: ${JSON.stringify(each)}`);
    assert(!each.startsWith("FAKE"), `${JSON.stringify(line)}: ${JSON.stringify(all)}`);
  }
}

// The state is lost while agents are running: a start does not register, `state adopt` continues with them, and `state
// register-anew` does not change them. The whole program, on virtual time.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCli } from "../../src/cli/cli.ts";
import type { Written } from "../cli/support.ts";
import { type ClusterOptions, startVirtualServers, type VirtualServers } from "../support/cluster.ts";
import { endProgram, type Program, type ProgramFolder, terminalOn, virtualProgramFolder } from "../support/program.ts";

const refusedCode = 4;
const more = `
  state.path = "state.db"
  log.format = text
  poller { interval = 2 seconds, max-interval = 2 seconds, attempts = 0 }
  scaling.idle-timeout = 20 seconds
`;

interface Scene {
  readonly cluster: VirtualServers;
  readonly folder: ProgramFolder;
  readonly started: Program[];
}

async function withScene(act: (scene: Scene) => Promise<void>, options: ClusterOptions = {}): Promise<void> {
  const cluster = startVirtualServers({ bootDelayMs: 2_000, ...options });
  const folder = virtualProgramFolder(cluster);
  const started: Program[] = [];
  try {
    await act({ cluster, folder, started });
  } finally {
    for (const program of started) await endProgram(program);
    folder.remove();
    await cluster.close();
  }
}

function start({ cluster, folder, started }: Scene, extra = ""): Program {
  const program = folder.start(cluster.configText(more + extra));
  started.push(program);
  return program;
}

function schedule({ cluster }: Scene, count: number, durationMs = 200_000): readonly string[] {
  cluster.advance();
  return Array.from(
    { length: count },
    (_, index) => cluster.gocd.schedule({ pipeline: "p", stage: "s", job: `j${index}`, gocdResources: [], durationMs }),
  );
}

async function building(scene: Scene, count: number): Promise<void> {
  await seen(scene, () => scene.cluster.gocd.jobs().filter((job) => job.state === "Building").length === count);
}

async function seen({ cluster, started }: Scene, isTrue: () => boolean): Promise<void> {
  await cluster.until(isTrue, () =>
    [
      ...cluster.gocd.agents().map((each) => `${each.hostname} ${each.configState} ${each.runtime}`),
      ...cluster.mesos.view().tasks.map((task) => `${task.taskId} ${task.state}`),
      ...(started.at(-1)?.lines ?? []),
    ].join("\n"));
}

function loseState({ folder }: Scene): void {
  for (const { name } of [...Deno.readDirSync(folder.path)]) {
    if (name.startsWith("state.db")) Deno.removeSync(`${folder.path}/${name}`);
  }
}

/** Two agents that build; the program has ended and its state is deleted. Gives their framework. */
async function lost(scene: Scene): Promise<string> {
  const program = start(scene);
  schedule(scene, 2);
  await building(scene, 2);
  program.signal("SIGTERM");
  await program.ended();
  loseState(scene);
  await seen(scene, () => scene.cluster.mesos.view().frameworks[0]?.isConnected === false);
  return scene.cluster.mesos.view().frameworks[0]?.id ?? "";
}

async function command({ cluster, folder }: Scene, action: string, ...args: readonly string[]): Promise<Written> {
  const terminal = terminalOn(cluster);
  const code = await cluster.during(runCli(["state", action, `${folder.path}/framework.conf`, ...args], terminal.io));
  return terminal.written(code);
}

async function refused(scene: Scene, extra = ""): Promise<string> {
  const program = start(scene, extra);
  await program.line("so no new framework is registered");
  assertEquals(await program.ended(), refusedCode, program.lines.join("\n"));
  const lines = program.lines.filter((line) => line.includes("so no new framework is registered"));
  assertEquals(lines.length, 1, program.lines.join("\n"));
  return (lines[0] ?? "").replace(/^\S+ \S+ /, "");
}

Deno.test("a new state is not registered at any start while agents of another state are alive", async () => {
  await withScene(async (scene) => {
    const { cluster } = scene;
    const frameworkId = await lost(scene);
    const before = [cluster.mesos.counters.subscriptions, cluster.launches.size];
    const line = await refused(scene);
    assertMatch(line, /state\.db is new, but agents like ours already exist/);
    assertStringIncludes(line, `Mesos has framework ${frameworkId} of our name (disconnected) with 2 tasks like ours`);
    assertStringIncludes(line, "the GoCD server has 2 living agents like ours");
    assertMatch(
      line,
      /gocd-mesos state adopt \S+framework\.conf`; .*gocd-mesos state register-anew \S+framework\.conf/,
    );
    assertEquals(await refused(scene), line);
    assertEquals([cluster.mesos.counters.subscriptions, cluster.launches.size], before);
    assertEquals(cluster.running.size, 2);
  });
});

Deno.test("the agents of an adopted framework are known, build, and are drained at the end", async () => {
  await withScene(async (scene) => {
    const { cluster } = scene;
    const frameworkId = await lost(scene);
    await refused(scene);
    const adopted = await command(scene, "adopt");
    assertEquals(adopted.code, 0, adopted.all);
    assertStringIncludes(adopted.out, `framework ${frameworkId} is adopted`);
    for (const again of [await command(scene, "adopt"), await command(scene, "adopt", frameworkId)]) {
      assertEquals([again.code, again.err], [0, ""]);
      assertStringIncludes(again.out, `framework ${frameworkId} is adopted already: the next start continues with it`);
    }
    const other = await command(scene, "adopt", "another");
    assertEquals(other.code, 6);
    assertStringIncludes(other.err, "already contains framework");
    const program = start(scene, "scaling.max-agents = 2");
    await program.line(`as framework ${frameworkId}`);
    await program.line("is adopted: Mesos runs it");
    // The limit is full with the two that were adopted.
    const [third] = schedule(scene, 1, 10_000);
    await program.line("limit reached: scaling.max-agents = 2");
    await seen(scene, () => cluster.gocd.tally.completedLocators.has(third ?? ""));
    await seen(scene, () => cluster.running.size === 0 && cluster.gocd.agents().length === 0);
    assertEquals(cluster.launches.size, 2, "no agent was launched beside the adopted ones");
    assertEquals(cluster.gocd.tally.buildsKilled, []);
    assertEquals(cluster.mesos.view().frameworks.length, 1);
  });
});

Deno.test("register-anew registers a new framework, and does not change the agents of the old state", async () => {
  await withScene(async (scene) => {
    const { cluster } = scene;
    const frameworkId = await lost(scene);
    await refused(scene);
    const told = await command(scene, "register-anew");
    assertEquals(told.code, 0, told.all);
    const old = [...cluster.running];
    const program = start(scene);
    await program.line("subscribed to the Mesos master");
    schedule(scene, 1);
    await building(scene, 3);
    assertEquals(cluster.mesos.view().frameworks.length, 2);
    assert(cluster.mesos.view().frameworks.some((each) => each.id === frameworkId && !each.isConnected));
    assertEquals(old.filter((taskId) => !cluster.running.has(taskId)), []);
    assertEquals(cluster.gocd.agents().filter((each) => each.configState === "Disabled"), []);
    assertMatch((await command(scene, "register-anew")).err, /in use|registered already/);
  });
});

for (const operatorApi of ["forbidden", "absent"] as const) {
  Deno.test(`if the master does not list its frameworks (${operatorApi}), the agents of the GoCD server reveal an earlier state`, async () => {
    await withScene(async (scene) => {
      await lost(scene);
      const line = await refused(scene);
      assert(!line.includes("Mesos has framework"), line);
      assertStringIncludes(line, "the GoCD server has 2 living agents like ours");
    }, { mesos: { operatorApi } });
  });
}

Deno.test("a framework that a new leader knows only from its Mesos agents is found and adopted", async () => {
  await withScene(async (scene) => {
    const { cluster } = scene;
    const frameworkId = await lost(scene);
    cluster.mesos.failMaster({ next: 0, electionMs: 100 }, cluster.clock.nowMs());
    await seen(scene, () => cluster.mesos.view().mesosAgents.every((each) => each.standing === "registered"));
    assertStringIncludes(await refused(scene), `Mesos has framework ${frameworkId} of our name (disconnected)`);
    assertEquals((await command(scene, "adopt")).code, 0);
    const program = start(scene);
    await program.line(`as framework ${frameworkId}`);
    await seen(scene, () => program.lines.filter((line) => line.includes("is adopted: Mesos runs it")).length === 2);
  });
});

Deno.test("a second program of the same name is refused, and cannot adopt the framework of the running one", async () => {
  await withScene(async (scene) => {
    const { cluster } = scene;
    start(scene);
    schedule(scene, 1);
    await building(scene, 1);
    const line = await refused(scene, 'state.path = "other.db"');
    assertStringIncludes(line, "(connected) with 1 task like ours");
    assertStringIncludes(line, "another gocd-mesos of this name is running");
    const adopted = await command(scene, "adopt");
    assertEquals(adopted.code, 6, adopted.all);
    assertStringIncludes(adopted.err, "is connected to the Mesos master: another gocd-mesos uses it");
    assertEquals(cluster.mesos.view().frameworks.length, 1);
  });
});

Deno.test("adopt refuses an unknown framework id, and accepts the id of the lost framework", async () => {
  await withScene(async (scene) => {
    const frameworkId = await lost(scene);
    await refused(scene);
    const wrong = await command(scene, "adopt", "no-such-framework");
    assertEquals(wrong.code, 6, wrong.all);
    assertStringIncludes(wrong.err, 'shows no framework no-such-framework of the name "GoCD-Mesos"');
    assertEquals((await command(scene, "adopt", frameworkId)).code, 0);
    assertStringIncludes((await command(scene, "show")).out, `framework  ${frameworkId}\n`);
  });
});

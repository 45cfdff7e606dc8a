// The program is killed, stopped and started again, against servers that survive in this test: as a process where that
// matters, otherwise on virtual time.

import { assert, assertEquals } from "@std/assert";
import { openStoreForReading } from "../../src/store/sqlite_reader.ts";
import type { StoredState } from "../../src/core/record.ts";
import { type Cluster, type ClusterOptions, startCluster, startVirtualServers } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import {
  endProgram,
  type Program,
  type ProgramFolder,
  programFolder,
  virtualProgramFolder,
} from "../support/program.ts";

const more = `
  state.path = "state.db"
  log { format = "text" }
  scaling.idle-timeout = 5 seconds
`;

const options: ClusterOptions = { bootDelayMs: 5_000, mesos: { timing: { pullMs: 3_000 } } };

interface Scene {
  readonly cluster: Cluster;
  readonly folder: ProgramFolder;
  /** The last program started. */
  program: Program;
}

/** The program as a process. */
async function withProcess(act: (scene: Scene) => Promise<void>, speed = 10, extra = ""): Promise<void> {
  const cluster = startCluster({ speed, ...options });
  await play(cluster, programFolder(cluster), { act, extra });
}

/** The program on virtual time. */
async function withVirtual(act: (scene: Scene) => Promise<void>): Promise<void> {
  const cluster = startVirtualServers(options);
  await play(cluster, virtualProgramFolder(cluster), { act, extra: "" });
}

async function play(
  cluster: Cluster,
  folder: ProgramFolder,
  { act, extra }: { readonly act: (scene: Scene) => Promise<void>; readonly extra: string },
): Promise<void> {
  try {
    const scene: Scene = { cluster, folder, program: folder.start(cluster.configText(more + extra)) };
    try {
      await act(scene);
    } finally {
      await endProgram(scene.program);
    }
  } finally {
    folder.remove();
    await cluster.close();
  }
}

function schedule(cluster: Cluster, count: number, stage: string): readonly string[] {
  cluster.advance();
  return Array.from(
    { length: count },
    (_, index) =>
      cluster.gocd.schedule({ pipeline: "p", stage, job: `j${index}`, gocdResources: [], durationMs: 10_000 }),
  );
}

async function kill9(scene: Scene): Promise<void> {
  scene.program.signal("SIGKILL");
  assertEquals(await scene.program.ended(), "SIGKILL");
}

function startAgain(scene: Scene): void {
  scene.program = scene.folder.start(scene.cluster.configText(more));
}

/** The content of the disk while it is not open. */
function stored({ folder }: Scene): StoredState {
  const reader = openStoreForReading(`${folder.path}/state.db`);
  try {
    const state = reader.load();
    if (state === undefined) throw new Error("there is no state");
    return state;
  } finally {
    reader.close();
  }
}

function describe({ cluster, program }: Scene): string {
  const gocdAgents = cluster.gocd.agents().map((each) => `${each.hostname} ${each.configState} ${each.runtime}`);
  const tasks = cluster.mesos.view().tasks.map((task) => `${task.taskId} ${task.state}`);
  return [...gocdAgents, ...tasks, ...program.lines.slice(-20)].join("\n");
}

function living(state: StoredState): readonly string[] {
  return state.instances.filter((each) => each.state !== "gone").map((each) => each.taskId).sort();
}

function assertNothingLost({ cluster }: Scene, agents: number): void {
  assertEquals([...cluster.launches.values()].filter((count) => count !== 1), [], "each task id is launched once");
  assertEquals(cluster.launches.size, agents, "no agent was launched beside a living one");
  assertEquals(cluster.mesos.view().frameworks.length, 1, "there was one framework");
  assertEquals(cluster.mesos.view().removedFrameworks, []);
  assertEquals(cluster.gocd.tally.buildsKilled, []);
}

Deno.test("after SIGKILL during launches and during a drain no agent is lost or launched twice", async () => {
  await withProcess(async (scene) => {
    const { cluster } = scene;
    const locators = schedule(cluster, 4, "one");
    await cluster.until(() => cluster.mesos.view().tasks.length === 4, () => describe(scene));
    await kill9(scene);
    const atFirst = stored(scene);
    assertEquals(living(atFirst), cluster.mesos.view().tasks.map((task) => task.taskId).sort());

    startAgain(scene);
    await scene.program.line(`as framework ${atFirst.framework.frameworkId}; asking for our 4 agents`);
    await cluster.until(
      () => locators.every((locator) => cluster.gocd.tally.completedLocators.has(locator)),
      () => describe(scene),
    );

    await cluster.until(
      () => cluster.gocd.agents().some((each) => each.configState === "Disabled"),
      () => describe(scene),
    );
    await kill9(scene);
    assertEquals(stored(scene).framework.frameworkId, atFirst.framework.frameworkId);
    assert(stored(scene).instances.some((each) => each.state === "draining"), describe(scene));
    const unbuilt = cluster.mesos.view().tasks.length;
    assertEquals(unbuilt, 4, "a drain that was cut off has killed nothing yet");

    startAgain(scene);
    await cluster.until(() => {
      // A status of Mesos is stored before it is acknowledged.
      const isHeard = cluster.mesos.view().tasks.every((task) => task.unacknowledged === 0);
      return cluster.gocd.agents().length === 0 && cluster.running.size === 0 && isHeard;
    }, () => describe(scene));
    assertNothingLost(scene, 4);
    scene.program.signal("SIGTERM");
    assertEquals(await scene.program.ended(), 0);
    assertEquals(living(stored(scene)), []);
  });
});

/** Sends SIGTERM; gives how long it took to end, virtual ms. */
async function stopped({ cluster, program }: Scene): Promise<number> {
  const { clock } = cluster;
  const stopMs = clock.nowMs();
  program.signal("SIGTERM");
  assertEquals(await program.ended(), 0);
  return clock.nowMs() - stopMs;
}

Deno.test("SIGTERM ends the program within two seconds, and its agents continue building and are taken over", async () => {
  await withVirtual(async (scene) => {
    const { cluster } = scene;
    const locators = schedule(cluster, 3, "one");
    await cluster.until(
      () => cluster.gocd.jobs().filter((job) => job.state === "Building").length === 3,
      () => describe(scene),
    );
    const tookMs = await stopped(scene);
    assert(tookMs < 2_000, `it took ${tookMs} ms`);
    assert(scene.program.lines.some((line) => line.includes("agents keep running")));
    assertEquals(cluster.running.size, 3);

    startAgain(scene);
    await scene.program.line("asking for our 3 agents");
    await cluster.until(
      () => cluster.gocd.agents().length === 0 && cluster.running.size === 0,
      () => describe(scene),
    );
    assertEquals(locators.filter((locator) => !cluster.gocd.tally.completedLocators.has(locator)), []);
    assertNothingLost(scene, 3);
  });
});

const untilAsked = async ({ cluster, program }: Scene): Promise<void> => {
  cluster.gocd.inject({ kind: "slow", delayMs: 600_000 }, 100);
  await program.line("subscribed to the Mesos master");
  await cluster.until(() => cluster.gocd.tally.concurrentRequests > 0, () => program.lines.join("\n"));
};

Deno.test("SIGTERM ends the program within two seconds even if GoCD does not respond", async () => {
  await withVirtual(async (scene) => {
    await untilAsked(scene);
    const tookMs = await stopped(scene);
    assert(tookMs <= 2_000, `it took ${tookMs} ms`);
  });
});

Deno.test("SIGTERM ends the process even if GoCD does not respond and connections to the page are open", async () => {
  const port = freePort();
  await withProcess(
    async (scene) => {
      await scene.program.line("status page on");
      const page = await fetch(`http://127.0.0.1:${port}/`);
      await page.body?.cancel();
      using idle = await Deno.connect({ hostname: "127.0.0.1", port });
      using half = await Deno.connect({ hostname: "127.0.0.1", port });
      await half.write(new TextEncoder().encode("POST /api/commands/drain HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le"));
      await untilAsked(scene);
      await stopped(scene);
      assertEquals(await idle.read(new Uint8Array(1)).catch(() => null), null);
    },
    1,
    `http.listen = "127.0.0.1:${port}"`,
  );
});

// The stderr of a failed container through the whole program: read from the simulated Mesos agent at the address of its
// offers, without the secrets that the container received, and shown to the operator.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { clusterNames, startVirtualServers, type VirtualServers } from "../support/cluster.ts";
import { endProgram, type Program, virtualProgramFolder } from "../support/program.ts";

interface Scene {
  readonly cluster: VirtualServers;
  readonly program: Program;
}

const agent = { hostname: "127.0.0.1", port: 5061, resources: { cpus: 4, mem: 8_192, disk: 10_000 } };

async function withProgram(more: string, act: (scene: Scene) => Promise<void>): Promise<void> {
  const cluster = startVirtualServers({ withMesosAgents: true, bootDelayMs: 60_000, mesos: { mesosAgents: [agent] } });
  const folder = virtualProgramFolder(cluster);
  const program = folder.start(cluster.configText(`state.path = "s.db", log.format = "json"\n${more}`));
  try {
    await program.line("subscribed to");
    await act({ cluster, program });
    assert(!program.lines.join("\n").includes(clusterNames.key), "the log has the auto-register key");
  } finally {
    await endProgram(program);
    folder.remove();
    await cluster.close();
  }
}

/** Lets one container run, write and end before its agent registers. */
async function fail({ cluster }: Scene, stderr: string): Promise<string> {
  cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 1_000 });
  await cluster.until(() => cluster.running.size > 0, () => "no container runs");
  const [taskId = ""] = cluster.running;
  assert(cluster.mesos.writeStderr(taskId, stderr));
  assert(cluster.mesos.exitContainer(taskId, 1, cluster.clock.nowMs()));
  return taskId;
}

Deno.test("the last lines of a failed agent are in the log, without the auto-register key", async () => {
  await withProgram('mesos.allowed-hosts = ["127.0.0.1"]', async (scene) => {
    const taskId = await fail(scene, `key=${clusterNames.key}\nError: Unable to find a JVM\n`);
    const at = await scene.program.line("stderr of");
    const line = scene.program.lines[at - 1] ?? "";
    assertStringIncludes(line, `stderr of ${taskId} on 127.0.0.1: `);
    assertStringIncludes(line, "key=*** Error: Unable to find a JVM");
  });
});

Deno.test("no Mesos agent is queried if no host is allowed", async () => {
  await withProgram("", async (scene) => {
    await fail(scene, "secret\n");
    await scene.program.line("launch-failed");
    await scene.cluster.pass(60_000);
    assertEquals(scene.program.lines.filter((line) => line.includes("stderr-read")), []);
  });
});

// Reports of switches and teardowns: which earlier switches they cancel, which still prevent launches, and an
// interrupted teardown. Their effects: operate_test.ts.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCli } from "../../src/cli/cli.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { until } from "../support/scaled_clock.ts";
import { startRunning } from "./running.ts";
import { confFolder, fakeTerminal, runLine } from "./support.ts";

async function onStage(act: (conf: string, cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  try {
    await act(folder.conf, cluster);
  } finally {
    folder.remove();
    await cluster.close();
  }
}

Deno.test("a switch reports which earlier switches it cancels and which still prevent launches", () =>
  onStage(async (conf) => {
    const said = async (...words: readonly string[]): Promise<string> => (await runLine([...words, conf])).out.trim();
    const stored = `is stored in ${conf.replace("framework.conf", "gocd-mesos.db")} and takes effect at the next start`;
    await said("freeze");
    assertEquals(
      await said("resume", "--profile", "default"),
      `no instance runs here: "resume" of profile default ${stored}, but nothing is launched: all launching is frozen ` +
        "until a resume without a profile",
    );
    await said("drain");
    const running = await startRunning(conf);
    try {
      await running.logged(
        "still in effect from earlier commands: draining, nothing is launched; all launching is frozen",
      );
      assertStringIncludes(
        await said("resume", "--profile", "default"),
        "but nothing is launched: the drain continues",
      );
      assertEquals(await said("resume"), "launching resumes; the drain is cancelled");
      assertEquals(await said("resume"), "launching resumes");
    } finally {
      await running.stop();
    }
  }));

Deno.test("a teardown through the instance logs no error", () =>
  onStage(async (conf) => {
    const running = await startRunning(conf);
    await running.logged("subscribed");
    assertEquals((await runLine(["teardown", "--yes", conf])).code, 0);
    assertEquals(await running.ended, 0);
    assertStringIncludes(running.log(), "is torn down and forgotten");
    assert(!/ERROR|stream-broken/.test(running.log()), running.log());
  }));

Deno.test("a teardown interrupted by a signal exits with 130, and can be resumed or cancelled", () =>
  onStage(async (conf) => {
    const running = await startRunning(conf);
    await running.logged("subscribed");
    assertEquals(await running.stop(), 0);
    const text = Deno.readTextFileSync(conf);
    Deno.writeTextFileSync(conf, text.replace(/mesos-master: ".*"/, 'mesos-master: "127.0.0.1:1"'));
    const terminal = fakeTerminal();
    const ended = runCli(["teardown", "--now", "--yes", conf], terminal.io);
    await until(() => terminal.written(0).err.includes("mesos-unreachable"), () => terminal.written(0).all);
    terminal.signal("SIGTERM");
    const { code, err } = terminal.written(await ended);
    assertEquals(code, 130, err);
    assertMatch(err, /^gocd-mesos: not torn down: framework [0-9a-f-]+ and 0 agents are still on record$/m);
    assertMatch(err, /^ {2}to do: run `gocd-mesos teardown` again; .* unless `gocd-mesos resume` cancels it$/m);
    Deno.writeTextFileSync(conf, text);
    assertStringIncludes((await runLine(["resume", conf])).out, "at the next start; the teardown is cancelled");
    assertEquals((await runLine(["teardown", "--yes", conf])).code, 0);
    assertStringIncludes((await runLine(["state", "show", conf])).out, "not registered yet");
  }));

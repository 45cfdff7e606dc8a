// Drains of one profile or one agent on the command line, sent to the running instance or stored in the state.

import { assertEquals, assertMatch } from "@std/assert";
import { startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { startRunning } from "./running.ts";
import { assertRefused, confFolder, runLine } from "./support.ts";

async function withConf(act: (conf: string) => Promise<void>): Promise<void> {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText(`http.listen = "127.0.0.1:${freePort()}"`));
  try {
    await act(folder.conf);
  } finally {
    folder.remove();
    await cluster.close();
  }
}

Deno.test("a running instance drains one profile, and refuses agents that it does not have", () =>
  withConf(async (conf) => {
    const running = await startRunning(conf);
    try {
      await running.logged("subscribed");
      assertRefused(await runLine(["drain", "--agent", "nobody", conf]), 2, /there is no agent nobody$/m);
      assertRefused(await runLine(["drain", "--profile", "nope", conf]), 2, /there is no profile nope$/m);
      assertRefused(await runLine(["drain", "--agent", "a", "--profile", "default", conf]), 2, /exclude each other/);
      const from = running.log().length;
      assertMatch((await runLine(["drain", "--profile", "default", conf])).out, /^draining profile default: /m);
      await running.logged("operator: draining profile default", from);
      assertMatch((await runLine(["resume", "--profile", "default", conf])).out, /^launching resumes for profile/m);
    } finally {
      await running.stop();
    }
  }));

Deno.test("without a running instance, a drain of a profile is stored and an unknown agent is refused", () =>
  withConf(async (conf) => {
    const stored = await runLine(["drain", "--profile", "default", conf]);
    assertEquals(stored.code, 0, stored.all);
    assertMatch(stored.out, /"drain" of profile default is stored in /);
    assertMatch((await runLine(["state", "show", conf])).out, /default frozen|frozen.*default/);
    assertRefused(await runLine(["drain", "--agent", "nobody", conf]), 2, /there is no agent nobody in the state/);
  }));

// `doctor --canary` with a running instance and the simulated servers: each step is a row, the canary is removed, and
// failures are reported with the reason.

import { assertEquals, assertMatch } from "@std/assert";
import { type Cluster, type ClusterOptions, startCluster } from "../support/cluster.ts";
import { runCli } from "../../src/cli/cli.ts";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/scaled_clock.ts";
import { startRunning } from "./running.ts";
import { confFolder, type FakeTerminal, fakeTerminal, runLine } from "./support.ts";

interface Setup {
  readonly cluster: Cluster;
  readonly conf: string;
}

async function withInstance(
  { options = {}, more = "", isRunning = true }: {
    readonly options?: ClusterOptions;
    readonly more?: string;
    readonly isRunning?: boolean;
  },
  act: (setup: Setup) => Promise<void>,
): Promise<void> {
  const cluster = startCluster({ speed: 1, bootDelayMs: 500, ...options });
  const listen = `http.listen = "127.0.0.1:${freePort()}"`;
  const folder = confFolder(cluster.configText(`${listen}, poller.interval = 1 s, poller.max-interval = 1 s\n${more}`));
  const running = isRunning ? await startRunning(folder.conf) : undefined;
  try {
    await running?.logged("subscribed");
    await act({ cluster, conf: folder.conf });
  } finally {
    await running?.stop();
    folder.remove();
    await cluster.close();
  }
}

/** A program and a command on the cluster's time, sixty times as fast as that here. */
async function fast(
  act: (
    begin: () => { readonly terminal: FakeTerminal; readonly ended: Promise<number> },
    cluster: Cluster,
  ) => Promise<void>,
): Promise<void> {
  const cluster = startCluster({ speed: 60 });
  const folder = confFolder(cluster.configText("log.format = text"));
  const { clock, setTimer, deadline } = cluster.edges;
  const machine = { ...clock, setTimer, deadline };
  const running = await startRunning(folder.conf, { machine });
  try {
    await running.logged("subscribed to the Mesos master");
    await act(() => {
      const terminal = fakeTerminal({ machine });
      return { terminal, ended: runCli(["doctor", "--canary", folder.conf], terminal.io) };
    }, cluster);
  } finally {
    await running.stop();
    folder.remove();
    await cluster.close();
  }
}

Deno.test("a canary is launched, registers and is removed, and neither server retains it", () =>
  fast(async (begin, cluster) => {
    const { terminal, ended } = begin();
    await ended;
    const { out } = terminal.written(0);
    const rows = [...out.matchAll(/^ok {4}(launch|pull|key|removed)\b/gm)].map(([, what]) => what);
    assertEquals(rows.slice(-4), ["launch", "pull", "key", "removed"], out);
    assertEquals(cluster.launches.size, 1);
    assertEquals([cluster.running.size, cluster.gocd.agents()], [0, []]);
  }));

Deno.test("Ctrl-C ends the wait for a canary, and the running instance removes the canary later", () =>
  fast(async (begin, cluster) => {
    const { terminal, ended } = begin();
    await until(() => terminal.written(0).out.includes("is launched on"), () => terminal.written(0).all);
    terminal.signal("SIGINT");
    assertEquals(await ended, 130);
    assertMatch(terminal.written(0).out, /no longer waiting; gocd-\S+ still exists, and is removed once it is idle/);
    await until(() => cluster.launches.size === 1 && cluster.gocd.agents().length > 0, () => "it never registered");
    await until(() => cluster.running.size === 0 && cluster.gocd.agents().length === 0, () => "it is still there");
  }));

const missing = { mesos: { missingImages: ["agent:1"] } };

Deno.test("if the image cannot be pulled, the canary fails with Docker's message and a hint", () =>
  withInstance({ options: missing }, async ({ conf, cluster }) => {
    const { code, out } = await runLine(["doctor", "--canary", conf]);
    assertMatch(out, /^ok {4}launch {2}gocd-\S+ is launched on \S+ after /m);
    assertMatch(out, /^FAIL {2}canary {2}gocd-\S+ ended before it registered: .*pull access denied/m);
    assertMatch(out, /to do: check docker-image/);
    assertEquals(code, 4);
    assertEquals(cluster.gocd.agents(), []);
  }));

Deno.test("without a running instance, no canary is launched, and the row suggests a start with launching frozen", () =>
  withInstance({ isRunning: false }, async ({ conf, cluster }) => {
    const { code, out } = await runLine(["doctor", "--canary", conf]);
    assertMatch(out, /^FAIL {2}canary {2}no instance runs here/m);
    assertMatch(out, /gocd-mesos freeze FILE/);
    assertEquals([code, cluster.launches.size], [4, 0]);
  }));

Deno.test("with several profiles, --canary requires the name of an existing one", () =>
  withInstance({ isRunning: false, more: "profiles { a {}, b {} }" }, async ({ conf }) => {
    assertMatch((await runLine(["doctor", "--canary", conf])).err, /--canary needs --profile[^]*name one of: a, b/);
    assertMatch((await runLine(["doctor", "--canary", "--profile", "c", conf])).err, /there is no profile c/);
    assertMatch((await runLine(["doctor", "--profile", "a", conf])).err, /--profile is for --canary/);
  }));

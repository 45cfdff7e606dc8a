// `drain --wait` and `teardown --wait`: their output, and how they end.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCli } from "../../src/cli/cli.ts";
import { type SocketCluster, startCluster } from "../support/cluster.ts";
import { until } from "../support/scaled_clock.ts";
import { type Running, startRunning } from "./running.ts";
import { assertRefused, assertTranscript, confFolder, type FakeTerminal, fakeTerminal, runLine } from "./support.ts";

const minute = 60_000;

interface Setup {
  readonly cluster: SocketCluster;
  readonly conf: string;
  /** Ends the build. */
  endBuild(): void;
  /** Runs a command on the cluster's time. */
  begin(...args: readonly string[]): { readonly terminal: FakeTerminal; readonly ended: Promise<number> };
  start(): Promise<Running>;
}

/**
 * A program with an agent that builds until the test ends the build. It lives on the cluster's time, but for its page,
 * whose limits for connections are those of a client in real time.
 */
async function whileBuilding(act: (setup: Setup, program: Running) => Promise<void>): Promise<void> {
  let lists = 0;
  const onRequest = (what: string): void => void (lists += what.startsWith("GET /go/api/agents") ? 1 : 0);
  const cluster = startCluster({ speed: 60, onRequest });
  const folder = confFolder(cluster.configText("log.format = text"));
  const { conf } = folder;
  const { clock, setTimer, deadline } = cluster.edges;
  const machine = { ...clock, setTimer, deadline };
  const programs: Running[] = [];
  const setup: Setup = {
    cluster,
    conf,
    endBuild: () => cluster.gocd.jobs().forEach(({ locator }) => cluster.gocd.cancelJob(locator)),
    begin: (...args) => {
      const terminal = fakeTerminal({ machine });
      return { terminal, ended: runCli([...args, conf], terminal.io) };
    },
    start: async () => {
      const program = await startRunning(conf, { machine });
      programs.push(program);
      await program.logged("subscribed to the Mesos master");
      return program;
    },
  };
  try {
    const program = await setup.start();
    cluster.gocd.schedule({ pipeline: "shop", stage: "s", job: "long", gocdResources: [], durationMs: 600 * minute });
    const describe = program.log;
    await until(() => cluster.gocd.jobs().some(({ state }) => state === "Building"), describe);
    // The program has seen it, too.
    const before = lists;
    await until(() => lists >= before + 2, describe);
    await act(setup, program);
  } finally {
    for (const each of programs) await each.stop();
    folder.remove();
    await cluster.close();
  }
}

/** Lets the build end once the waiting command has reported it; returns its output at the end. */
async function followed({ endBuild }: Setup, { terminal, ended }: ReturnType<Setup["begin"]>): Promise<string> {
  await until(() => terminal.written(0).out.includes("1 agent is left: 1 building"), () => terminal.written(0).all);
  endBuild();
  assertEquals(await ended, 0);
  return terminal.written(0).all;
}

Deno.test("drain --wait shows how many agents are left, and ends when none is left", () =>
  whileBuilding(async (setup) => {
    const all = await followed(setup, setup.begin("drain", "--wait"));
    assertTranscript("drain-wait", `$ gocd-mesos drain --wait framework.conf\n${all}`, [
      [/after \d+ (s|min)/g, "after N min"],
      // A busy machine may be too slow to see these.
      [/1 agent is left: 1 (idle|stopping)\n/g, ""],
    ]);
    assertMatch(
      (await runLine(["state", "show", setup.conf])).out,
      /^agents {5}0 on record|^agents {5}1 on record[^]* gone /m,
    );
  }));

for (const whom of ["--profile", "--agent"]) {
  Deno.test(`drain ${whom} --wait ends when the build is finished and the agent is gone`, () =>
    whileBuilding(async (setup) => {
      const [{ taskId = "" } = {}] = setup.cluster.mesos.view().tasks;
      const named = whom === "--profile" ? "default" : taskId;
      const all = await followed(setup, setup.begin("drain", whom, named, "--wait"));
      assertMatch(
        all,
        whom === "--profile"
          ? /drained: no agent of profile default is left \(after /
          : new RegExp(`drained: ${taskId} is gone \\(after `),
      );
    }));
}

Deno.test("teardown --wait ends when the framework is removed", () =>
  whileBuilding(async (setup, program) => {
    assertMatch(
      await followed(setup, setup.begin("teardown", "--yes", "--wait")),
      /^tearing down: .*\n1 agent is left: 1 building\n[^]*torn down: the framework is removed \(after .*\)\n$/,
    );
    assertEquals(await program.ended, 0);
    assertEquals(setup.cluster.mesos.view().frameworks, []);
    assertMatch((await runLine(["state", "show", setup.conf])).out, /^framework {2}not registered yet/m);
  }));

Deno.test("drain --wait ends on a signal, after its timeout, on resume and when the instance ends", () =>
  whileBuilding(async ({ conf, begin, start }, program) => {
    const waiting = async (...args: readonly string[]): Promise<ReturnType<Setup["begin"]>> => {
      const begun = begin("drain", "--wait", ...args);
      await until(
        () => begun.terminal.written(0).out.includes("1 agent is left: 1 building"),
        () => begun.terminal.written(0).all,
      );
      return begun;
    };
    const goesOn = "; the drain goes on, and `gocd-mesos resume` cancels it\n";

    const signalled = await waiting();
    signalled.terminal.signal("SIGINT");
    assertEquals(await signalled.ended, 130);
    assertEquals(signalled.terminal.written(130).err, `gocd-mesos: no longer waiting${goesOn}`);
    assertEquals([...signalled.terminal.listening], []);

    const limited = await waiting("--timeout", "3m");
    assertEquals(await limited.ended, 124);
    assertEquals(limited.terminal.written(124).err, `gocd-mesos: not done within 3 min${goesOn}`);
    assertMatch((await runLine(["state", "show", conf])).out, /^mode {7}drain$/m);

    const cancelled = await waiting();
    assertEquals((await runLine(["resume", conf])).code, 0);
    assertRefused(
      cancelled.terminal.written(await cancelled.ended),
      4,
      /the drain was cancelled: the instance is in mode run/,
    );

    const left = await waiting();
    program.terminal.signal("SIGTERM");
    assertRefused(left.terminal.written(await left.ended), 3, /no instance runs here, and the drain is not done/);
    await program.ended;

    // Nothing is draining now, and a state with an agent shows that.
    const stored = begin("drain", "--wait");
    const written = stored.terminal.written(await stored.ended);
    assertStringIncludes(written.out, 'no instance runs here: "drain" is stored');
    assertRefused(written, 3, /no instance runs here, and the drain is not done/);
    await start();
    assertEquals(await begin("drain", "--wait", "--timeout", "1 second").ended, 124);
  }));

Deno.test("drain --wait reports an instance that does not respond, and ends on a signal while a request hangs", async () => {
  const folder = confFolder("gocd-mesos {}");
  const hanging = Promise.withResolvers<void>();
  const page = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async ({ method, url }) => {
    if (method === "POST" || url.endsWith("/health")) return Response.json({ message: "draining" });
    await hanging.promise;
    return new Response(null, { status: 503 });
  });
  const control = { url: `http://127.0.0.1:${page.addr.port}/`, token: "t", pid: Deno.pid };
  Deno.writeTextFileSync(`${folder.path}/gocd-mesos.db.control`, JSON.stringify(control), { mode: 0o600 });
  try {
    const terminal = fakeTerminal();
    const ended = runCli(["drain", "--wait", folder.conf], terminal.io);
    await until(() => terminal.listening.has("SIGINT"), () => terminal.written(0).all);
    terminal.signal("SIGINT");
    assertEquals(await ended, 130);
    hanging.resolve();
    const again = fakeTerminal();
    const waiting = runCli(["drain", "--wait", folder.conf], again.io);
    await until(() => /answered 503 on/.test(again.written(0).out), () => again.written(0).all);
    again.signal("SIGTERM");
    assertEquals(await waiting, 130);
  } finally {
    await page.shutdown();
    folder.remove();
  }
});

Deno.test("without a running instance, teardown --wait respects --timeout", () =>
  whileBuilding(async ({ begin, conf }, program) => {
    program.terminal.signal("SIGTERM");
    await program.ended;
    const { terminal, ended } = begin("teardown", "--yes", "--wait", "--timeout", "2m");
    assertEquals(await ended, 124);
    assertStringIncludes(terminal.written(124).err, "gocd-mesos: not torn down: framework ");
    assertMatch((await runLine(["state", "show", conf])).out, /^mode {7}teardown$/m);
  }));

for (
  const [args, message] of [
    [["drain", "--timeout", "5m"], /--timeout is for --wait/],
    [["drain", "--wait", "--timeout", "5"], /--timeout: "5" has no unit of time/],
    [["teardown", "--wait", "--timeout", "0"], /--timeout must be longer than 0/],
    [["freeze", "--wait"], /"freeze" has no option --wait/],
  ] as const
) {
  Deno.test(`${args.join(" ")} is refused before anything is done`, async () => {
    const folder = confFolder("gocd-mesos {}");
    try {
      assertRefused(await runLine([...args, folder.conf]), 2, message);
      assertEquals([...Deno.readDirSync(folder.path)].length, 1);
    } finally {
      folder.remove();
    }
  });
}

// freeze, resume, drain and teardown, sent to the running instance or stored in the state.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readControlFile, writeControlFile } from "../../src/runtime/control_file.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { type Running, startRunning } from "./running.ts";
import { assertRefused, confFolder, runLine } from "./support.ts";

interface Setup {
  readonly cluster: Cluster;
  readonly conf: string;
  readonly controlFile: string;
}

/** Both servers and a configuration, with a status page where `port` is given. */
async function withSetup(
  act: (setup: Setup) => Promise<void>,
  more = `http.listen = "127.0.0.1:${freePort()}"`,
): Promise<void> {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText(more));
  try {
    await act({ cluster, conf: folder.conf, controlFile: `${folder.path}/gocd-mesos.db.control` });
  } finally {
    folder.remove();
    await cluster.close();
  }
}

async function whileRunning(setup: Setup, act: (running: Running) => Promise<void>): Promise<void> {
  const running = await startRunning(setup.conf);
  try {
    await running.logged("subscribed");
    await act(running);
  } finally {
    await running.stop();
  }
}

const frameworksOf = ({ cluster }: Setup): number => cluster.mesos.view().frameworks.length;

Deno.test("a running instance executes freeze, resume, drain and teardown, and its token is never shown", () =>
  withSetup((setup) =>
    whileRunning(setup, async (running) => {
      const { mode } = Deno.statSync(setup.controlFile);
      assertEquals((mode ?? 0) & 0o777, 0o600);
      const { token } = JSON.parse(Deno.readTextFileSync(setup.controlFile)) as { token: string };
      assertMatch(token, /^[0-9a-f]{64}$/);
      const said: string[] = [];
      const give = async (args: readonly string[], answer: RegExp, log: string): Promise<void> => {
        const from = running.log().length;
        const written = await runLine([...args, setup.conf]);
        said.push(written.all);
        assertEquals(written.code, 0, written.all);
        assertMatch(written.out, answer);
        await running.logged(log, from);
      };
      await give(["freeze"], /^launching is frozen$/m, "operator: launching is frozen");
      await give(
        ["freeze", "--profile", "default"],
        /^launching is frozen for profile default$/m,
        "frozen for profile default",
      );
      const unknown = await runLine(["freeze", "--profile", "nope", setup.conf]);
      assertRefused(unknown, 2, /there is no profile nope$/m);
      assertStringIncludes(unknown.err, "name one of: default");
      await give(["resume"], /^launching resumes$/m, "operator: launching resumes");
      await give(["drain"], /^draining: /m, "operator: draining");
      await give(["teardown", "--yes"], /^tearing down: /m, "is torn down and forgotten");
      assertEquals(await running.ended, 0);
      assertEquals(await exists(setup.controlFile), false);
      assert(![...said, running.log()].join().includes(token), "the token is shown");
    })
  ));

Deno.test("why answers from the running instance", () =>
  withSetup(async (setup) => {
    setup.cluster.gocd.schedule({ pipeline: "shop", stage: "s", job: "j", gocdResources: ["mac"], durationMs: 1_000 });
    await whileRunning(setup, async (running) => {
      await running.logged("no profile has resource mac");
      const { code, out } = await runLine(["why", setup.conf, "shop"]);
      assertEquals(code, 0);
      assertStringIncludes(out, "from the running instance");
      assertStringIncludes(out, "verdict    unserved");
    });
  }));

Deno.test("without a running instance, a switch is stored for the next start", () =>
  withSetup(async (setup) => {
    const frozen = await runLine(["freeze", setup.conf]);
    assertEquals([frozen.code, frozen.err], [0, ""]);
    assertMatch(
      frozen.out,
      /^no instance runs here: "freeze" is stored in \S+gocd-mesos\.db and takes effect at the next start$/m,
    );
    assertMatch((await runLine(["state", "show", setup.conf])).out, /^mode {7}run, launching frozen$/m);
    setup.cluster.gocd.schedule({ pipeline: "shop", stage: "s", job: "j", gocdResources: [], durationMs: 1_000 });
    assertStringIncludes((await runLine(["why", setup.conf, "shop"])).out, "launching is frozen by the operator");
    await runLine(["drain", setup.conf]);
    assertMatch((await runLine(["state", "show", setup.conf])).out, /^mode {7}drain/m);
    await runLine(["resume", setup.conf]);
    assertMatch((await runLine(["state", "show", setup.conf])).out, /^mode {7}run$/m);
  }));

Deno.test("a control file left by a killed run is recognized as stale", () =>
  withSetup(async (setup) => {
    const child = new Deno.Command("true").spawn();
    await child.status;
    const left = { url: `http://127.0.0.1:${freePort()}/`, token: "t".repeat(64) };
    // A process that is gone; one that lives and has nothing to do with us; no sense at all.
    for (const text of [JSON.stringify({ ...left, pid: child.pid }), JSON.stringify({ ...left, pid: Deno.pid }), "{"]) {
      Deno.writeTextFileSync(setup.controlFile, text);
      const written = await runLine(["freeze", setup.conf]);
      assertEquals(written.code, 0, written.all);
      assertStringIncludes(written.out, "is stored");
    }
    await whileRunning(setup, async () => {
      assertMatch((await runLine(["resume", setup.conf])).out, /^launching resumes$/m);
    });
    assertEquals(await exists(setup.controlFile), false);
  }));

Deno.test("another program on the port of a killed run gets no request and no token", () =>
  withSetup(async (setup) => {
    const child = new Deno.Command("true").spawn();
    await child.status;
    let requests = 0;
    const stranger = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
      requests++;
      return new Response("{}");
    });
    const url = `http://127.0.0.1:${stranger.addr.port}/`;
    Deno.writeTextFileSync(setup.controlFile, JSON.stringify({ url, token: "t".repeat(64), pid: child.pid }));
    const written = await runLine(["freeze", setup.conf]);
    await stranger.shutdown();
    assertEquals([written.code, requests], [0, Deno.build.os === "linux" ? 0 : requests], written.all);
    assertStringIncludes(written.out, "is stored");
  }));

for (
  const [what, arrange, why] of [
    [
      "that belongs to another user",
      (path: string): void => Deno.chownSync(path, 4711, null),
      "it belongs to another user (uid 4711)",
    ],
    [
      "that its group can write",
      (path: string): void => Deno.chmodSync(path, 0o620),
      "others than its owner may write it",
    ],
    [
      "that everyone can write",
      (path: string): void => Deno.chmodSync(path, 0o602),
      "others than its owner may write it",
    ],
  ] as const
) {
  Deno.test({
    name: `a control file ${what} is not trusted, and its target gets no token`,
    // Only root may give a file away.
    ignore: Deno.build.os === "windows" || (what === "that belongs to another user" && Deno.uid() !== 0),
    fn: () =>
      withSetup(async (setup) => {
        let requests = 0;
        const stranger = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
          requests++;
          return new Response("{}");
        });
        const url = `http://127.0.0.1:${stranger.addr.port}/`;
        Deno.writeTextFileSync(setup.controlFile, JSON.stringify({ url, token: "t".repeat(64), pid: Deno.pid }));
        arrange(setup.controlFile);
        const refused = await runLine(["freeze", setup.conf]);
        await stranger.shutdown();
        assertRefused(refused, 6, /gocd-mesos\.db\.control, .* is not believed: /);
        assertStringIncludes(refused.err, why);
        assertEquals(requests, 0);
      }),
  });
}

Deno.test({
  name: "root accepts a control file that belongs to the owner of its folder",
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  fn: () => {
    const folder = Deno.makeTempDirSync();
    try {
      const path = `${folder}/gocd-mesos.db.control`;
      writeControlFile(path, { url: "http://127.0.0.1:1/", token: "t", pid: 1 });
      for (const each of [folder, path]) Deno.chownSync(each, 4711, 4711);
      assertEquals(readControlFile(path)?.pid, 1);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test("an instance without a status page accepts commands, and responds only to requests with its token", () =>
  withSetup(async (setup) => {
    Deno.writeTextFileSync(setup.controlFile, JSON.stringify({ url: "http://127.0.0.1:9/", token: "t", pid: 1 }));
    await whileRunning(setup, async (running) => {
      assert(!running.log().includes("status page on"), running.log());
      const { url, token } = JSON.parse(Deno.readTextFileSync(setup.controlFile)) as Record<string, string>;
      assertMatch(url ?? "", /^http:\/\/127\.0\.0\.1:\d+\/$/);
      for (const path of ["", "fragment", "api/status", "metrics", "assets/page.js", "api/commands/drain"]) {
        assertEquals((await fetchText(`${url}${path}`))[0], 404, path);
        assertEquals((await fetchText(`${url}${path}`, "x"))[0], 404, path);
      }
      assertEquals((await fetchText(`${url}api/status`, token))[0], 200);
      assertMatch((await runLine(["freeze", setup.conf])).out, /^launching is frozen$/m);
      await running.logged("operator: launching is frozen");
      assertStringIncludes((await runLine(["why", setup.conf, "x"])).out, "from the running instance");
      Deno.removeSync(setup.controlFile);
      const lost = await runLine(["freeze", setup.conf]);
      assertRefused(lost, 6, /"freeze" cannot reach the running instance: .*in use by process/);
      assertRefused(await runLine(["teardown", "--yes", setup.conf]), 6, /"teardown" cannot reach the running/);
    });
    assertEquals(await exists(setup.controlFile), false);
  }, ""));

async function fetchText(url: string, token?: string): Promise<readonly [number, string]> {
  const response = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
  return [response.status, await response.text()];
}

Deno.test("a command uses the token of the control file even after http.admin-token has changed", () =>
  withSetup(async (setup) => {
    const port = freePort();
    const text = Deno.readTextFileSync(setup.conf);
    const withToken = (token: string): void =>
      Deno.writeTextFileSync(
        setup.conf,
        `${text}gocd-mesos.http { listen = "127.0.0.1:${port}", admin-token = "${token}" }`,
      );
    withToken("first-long-token-of-the-admin");
    await whileRunning(setup, async (running) => {
      const url = `http://127.0.0.1:${port}/api/commands/freeze`;
      const post = async (token: string): Promise<number> => {
        const headers = { authorization: `Bearer ${token}` };
        const response = await fetch(url, { method: "POST", body: "{}", headers });
        await response.body?.cancel();
        return response.status;
      };
      assertEquals((await runLine(["freeze", setup.conf])).code, 0);
      assertEquals([await post("first-long-token-of-the-admin"), await post("wrong")], [202, 401]);
      withToken("second-long-token-of-the-admin");
      assertEquals((await runLine(["resume", setup.conf])).code, 0);
      assert(!running.log().includes("token-of-the-admin"), "a token is shown");
    });
  }, ""));

Deno.test("teardown asks for confirmation on a terminal, and does nothing unless the answer is yes", () =>
  withSetup(async (setup) => {
    assertRefused(await runLine(["teardown", setup.conf]), 2, /teardown needs a confirmation/);
    for (const answer of ["", "no", "y"]) {
      assertRefused(await runLine(["teardown", setup.conf], { answer }), 2, /not confirmed; nothing was done/);
    }
    assertEquals(await exists(setup.controlFile.replace(".control", "")), false);
  }));

Deno.test("teardown of a framework that was never registered does nothing", () =>
  withSetup(async (setup) => {
    const { code, out } = await runLine(["teardown", "--yes", setup.conf]);
    assertEquals(code, 0);
    assertStringIncludes(out, "nothing to tear down");
    assertEquals(frameworksOf(setup), 0);
  }));

Deno.test("without a running instance, teardown removes the framework from Mesos and its id from the state", () =>
  withSetup(async (setup) => {
    await whileRunning(setup, async () => {});
    assertMatch((await runLine(["state", "show", setup.conf])).out, /^framework {2}[0-9a-f-]{36}/m);
    const { code, out, err } = await runLine(["teardown", setup.conf], { answer: "yes" });
    assertEquals(code, 0, err);
    assertStringIncludes(out, "this command tears down the framework itself");
    assertMatch((await runLine(["state", "show", setup.conf])).out, /^framework {2}not registered yet/m);
  }));

Deno.test("start retries unreachable servers until a signal ends it", async () => {
  const folder = confFolder(`gocd-mesos {
  mesos-master = "127.0.0.1:${freePort()}"
  go-server { host = "127.0.0.1", port = ${freePort()} }
  go-agent.docker-image = "agent:1"
  poller { interval = 1 second, max-interval = 1 second }
  http.listen = off
}`);
  try {
    const running = await startRunning(folder.conf);
    const mesos = await running.logged("Mesos master");
    const gocd = await running.logged("the connection was refused");
    await running.logged("the connection was refused", Math.max(mesos, gocd));
    assertEquals(await running.stop(), 0);
    assertEquals([...running.terminal.listening], []);
    assert(!/^\s+at /m.test(running.log()), running.log());
  } finally {
    folder.remove();
  }
});

Deno.test("a second signal ends the program immediately and removes the control file", () =>
  withSetup((setup) =>
    whileRunning(setup, async (running) => {
      running.terminal.signal("SIGTERM");
      running.terminal.signal("SIGTERM");
      assertEquals(running.terminal.exited(), 130);
      assertEquals(await exists(setup.controlFile), false);
      assertEquals(await running.ended, 0);
    })
  ));

Deno.test("start fails with one line that names http.listen if its port is in use", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    await withSetup(async (setup) => {
      const running = await startRunning(setup.conf);
      assertEquals(await running.ended, 2);
      assertStringIncludes(
        running.log(),
        `gocd-mesos: cannot listen on http.listen = "127.0.0.1:${listener.addr.port}"`,
      );
    }, `http.listen = "127.0.0.1:${listener.addr.port}"`);
  } finally {
    listener.close();
  }
});

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

Deno.test("health shows the health of the running instance in its output and exit code", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  try {
    assertEquals(await runLine(["health", folder.conf]).then(({ code, out }) => [code, out]), [
      3,
      "no instance runs\n",
    ]);
    const running = await startRunning(folder.conf);
    await running.logged("subscribed");
    await running.logged("gocd-version");
    assertEquals((await runLine(["health", "--ready", folder.conf])).code, 0);
    const { code, out } = await runLine(["health", "--live", folder.conf]);
    assertEquals([code, JSON.parse(out).status], [0, "live"]);
    assertEquals((await runLine(["health", "--live", "--ready", folder.conf])).code, 2);
    assertEquals(await running.stop(), 0);
    assertEquals((await runLine(["health", folder.conf])).code, 3);
  } finally {
    folder.remove();
    await cluster.close();
  }
});

/** A page of this process that breaks every second connection off, the first one too. */
function breakingPage(): { readonly url: string; close(): Promise<void> } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nwell";
  let count = 0;
  const serving = (async () => {
    for await (const conn of listener) {
      count++;
      await conn.read(new Uint8Array(4_096));
      if (count % 2 === 0) await conn.write(new TextEncoder().encode(answer));
      conn.close();
    }
  })();
  const { port } = listener.addr as Deno.NetAddr;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      listener.close();
      await serving;
    },
  };
}

Deno.test("after a broken connection a query is repeated, and a command fails without being stored", async () => {
  const folder = confFolder('gocd-mesos { mesos-master = "m:1", go-server.host = gocd, go-agent.docker-image = i }');
  const page = breakingPage();
  writeControlFile(`${folder.path}/gocd-mesos.db.control`, { url: page.url, token: "t", pid: Deno.pid });
  try {
    assertEquals((await runLine(["health", folder.conf])).out, "well\n");
    const written = await runLine(["freeze", folder.conf]);
    assertRefused(written, 3, /closed the connection to http:\S+ without a response/);
    assertStringIncludes(written.err, "it may have obeyed");
    assertEquals(await exists(`${folder.path}/gocd-mesos.db`), false);
  } finally {
    await page.close();
    folder.remove();
  }
});

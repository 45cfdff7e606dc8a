// The program in its sandbox, compiled and by `deno run`: its permissions, refused access, and changed permissions.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startGocdHttp } from "../../src/sim/http/gocd.ts";
import { needsOf } from "../../src/sandbox/needs.ts";
import { confFolder } from "../cli/support.ts";
import { openTargets } from "../support/breakout.ts";
import { clusterNames, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { hasZookeeper, startZookeeper, zookeeperMissing } from "../support/zookeeper.ts";
import { run, start, type Way, ways } from "./ways.ts";

/** Registers a test for both ways. */
function sandboxTest(name: string, act: (way: Way) => Promise<void>): void {
  for (const way of ways) {
    const reason = way.isHere ? "" : " (left out: DENO_COMPILE is not set)";
    Deno.test({ name: `${way.name}: ${name}${reason}`, ignore: !way.isHere, fn: () => act(way) });
  }
}

sandboxTest(
  "the program in the sandbox has no access to other hosts, files, programs, libraries, variables or Workers",
  async (way) => {
    await using targets = openTargets();
    const { conf, path, remove } = confFolder(`gocd-mesos {
    mesos-master = "127.0.0.1:${targets.port}", go-server { host = "127.0.0.1", port = ${targets.port} }
    go-agent.docker-image = "agent:1", http.listen = off
  }`);
    try {
      const given = JSON.stringify(targets.of(conf));
      const { code, out, err } = await run([...await way.hostile(), "start", conf, `--targets=${given}`]);
      assertEquals(code, 7, err);
      const [attempts = "", held] = out.trim().split("\n");
      // A reload may need any of these, and only who holds a right can give it; of `sys` only two names are ever held.
      assertEquals(held, "held: net read write env");
      const { permitted, ...others } = JSON.parse(attempts) as Record<string, string>;
      assertEquals(permitted, "done");
      const got = Object.entries(others).flatMap(([name, outcome]) => outcome === "done" ? [name] : []);
      // A fault of the Deno that compiles here, 2.4.2: the executable does not ask for a right to import a file.
      assertEquals(got, way.name === "compiled" ? ["importing another file"] : []);
      assert(Object.keys(others).length >= 38, out);
      assertEquals(targets.files(), ["secret.json"]);
      assertEquals([...Deno.readDirSync(path)].map(({ name }) => name), ["framework.conf"]);
    } finally {
      remove();
    }
  },
);

sandboxTest(
  "the main thread of a short command has given up its permissions before the program starts",
  async (way) => {
    await using targets = openTargets();
    const { conf, remove } = confFolder("gocd-mesos {}");
    try {
      const given = JSON.stringify(targets.of(conf));
      const { out, err } = await run([...await way.hostile(), "check", conf, `--targets=${given}`]);
      assertEquals(out.trim().split("\n").at(-1), "held:", err);
    } finally {
      remove();
    }
  },
);

sandboxTest(
  "a start with a missing state folder ends with a line of the log, in JSON without a terminal",
  async (way) => {
    const { conf, remove } = confFolder(`gocd-mesos {
    mesos-master = "m:5050", go-server { host = g, port = 1 }, go-agent.docker-image = "a:1", state.path = "none/s.db"
  }`);
    try {
      const { code, out, err } = await run([...await way.program(), "start", conf]);
      assertEquals([code, out], [6, ""], err);
      const { level, code: word, hint } = JSON.parse(err);
      assertEquals([level, word, hint], ["error", "state-folder-missing", "create the folder, or change state.path"]);
      const check = await run([...await way.program(), "state", "show", conf]);
      assertEquals([check.code, check.err.split("\n").length], [6, 3], check.err);
    } finally {
      remove();
    }
  },
);

sandboxTest(
  "--require-sandbox refuses a start with permission for any host",
  async (way) => {
    const { conf, remove } = confFolder(`gocd-mesos {
    mesos-master = "zk://z:2181/mesos", go-server { host = g, port = 1 }, go-agent.docker-image = "a:1", log.format = text
  }`);
    try {
      const { code, err } = await run([...await way.program(), "start", conf, "--require-sandbox"]);
      assertEquals(code, 2, err);
      assertMatch(err, /--require-sandbox: the sandbox is partial: .*\n.*to do: .*mesos\.allowed-hosts/);
    } finally {
      remove();
    }
  },
);

sandboxTest(
  "a start shows its sandbox in log and status, reloads, refuses a second start, and stops with code 0",
  async (way) => {
    const program = await way.program();
    const cluster = startCluster({ speed: 1 });
    const listen = `http.listen = "127.0.0.1:${freePort()}"`;
    const { conf, remove } = confFolder(cluster.configText(listen));
    const running = start([...program, conf, "--require-sandbox"]);
    try {
      await running.logged("subscribed");
      assertMatch(
        running.log(),
        /sandbox: on: only 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+, 127\.0\.0\.1:\d+ can be reached/,
      );
      const status = await fetch(`http://${listen.split('"')[1]}/api/status`);
      assertEquals((await status.json()).sandbox, "on");
      for (const command of ["status", "agents", "events", "doctor"]) {
        const asked = await run([...program, command, conf]);
        assertEquals(asked.code, 0, `${command}: ${asked.out}${asked.err}`);
      }
      const second = await run([...program, conf]);
      assertEquals(second.code, 6, second.err);
      assertStringIncludes(second.err, "is in use by process");
      // Without a signal: the file is watched.
      Deno.writeTextFileSync(conf, cluster.configText(`${listen}, poller.attempts = 4`));
      await running.logged("poller.attempts 1 → 4");
      Deno.writeTextFileSync(conf, "gocd-mesos { poller.attempts = many }");
      running.signal("SIGHUP");
      await running.logged("the new configuration is invalid, so the old one stays in effect");
      const frozen = await run([...program, "freeze", conf]);
      assertEquals(frozen.code, 0, frozen.err);
      running.signal("SIGTERM");
      assertEquals(await running.ended(), 0, running.log());
      assertStringIncludes(running.log(), "stopped");
    } finally {
      running.signal("SIGKILL");
      await running.ended();
      remove();
      await cluster.close();
    }
  },
);

sandboxTest("a reload with another master restarts the program, which keeps its framework", async (way) => {
  const program = await way.program();
  const cluster = startCluster({ speed: 1 });
  const master = `127.0.0.1:${cluster.mesosHttp.port}`;
  const front = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response(null, { status: 307, headers: { location: `//${master}/api/v1/scheduler` } }),
  );
  const other = `127.0.0.1:${front.addr.port}`;
  const { conf, remove } = confFolder(cluster.configText());
  const running = start([...program, "start", conf]);
  try {
    const first = await running.logged("subscribed");
    Deno.writeTextFileSync(conf, cluster.configText(`mesos-master = "${other}", mesos.allowed-hosts = ["${master}"]`));
    running.signal("SIGHUP");
    const asked = await running.logged(`needs other permissions (net +${other}): the program restarts`, first);
    await running.logged("subscribed", await running.logged(`sandbox: on: only ${other}`, asked));
    const ids = [...running.log().matchAll(/subscribed[^\n]*?([0-9a-f-]{36}-\d{4})/g)].map(([, id]) => id);
    assertEquals([ids.length, new Set(ids).size], [2, 1], running.log());
    // The main thread logs each start, before the Worker does anything.
    const told = running.log().match(/gocd-mesos \S+ starts: GoCD server|sandbox: on/g)?.map(([first]) => first);
    assertEquals(told, ["g", "s", "g", "s"], running.log());
    running.signal("SIGINT");
    assertEquals(await running.ended(), 0, running.log());
  } finally {
    running.signal("SIGKILL");
    await running.ended();
    remove();
    await front.shutdown();
    await cluster.close();
  }
});

sandboxTest(
  "notify-test reaches the host of each webhook of its file, and follows no redirect to another",
  async (way) => {
    const asked: string[] = [];
    const receiver = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      asked.push(JSON.parse(await request.text()).event);
      const elsewhere = { status: 302, headers: { location: "http://127.0.0.2:1/" } };
      return new URL(request.url).pathname === "/moved" ? new Response(null, elsewhere) : new Response("ok");
    });
    const base = `http://127.0.0.1:${receiver.addr.port}`;
    const { conf, path, remove } = confFolder(`gocd-mesos {
    mesos-master = "127.0.0.1:1", go-server { host = "127.0.0.1", port = 2 }, go-agent.docker-image = "agent:1"
    notify.webhooks { team { url-file = url }, moved { url = "${base}/moved" } }
  }`);
    try {
      Deno.writeTextFileSync(`${path}/url`, `${base}/team`);
      const { code, out, err } = await run([...await way.program(), "notify-test", conf]);
      assertEquals(code, 3, err);
      assertMatch(out, /^ok {4}team {4}json to 127\.0\.0\.1: 200 /m);
      assertMatch(
        out,
        /^FAIL {2}moved {3}json to 127\.0\.0\.1: 302: a redirect to 127\.0\.0\.2:1, which is not followed$/m,
      );
      assertEquals(asked, ["test", "test"]);
    } finally {
      remove();
      await receiver.shutdown();
    }
  },
);

sandboxTest("init connects to the given servers, and writes only next to its file", async (way) => {
  const cluster = startCluster({ speed: 1 });
  const { conf, path, remove } = confFolder("");
  const elsewhere = Deno.makeTempDirSync({ prefix: "gocd-mesos-elsewhere-" });
  try {
    Deno.removeSync(conf);
    Deno.writeTextFileSync(`${path}/password`, clusterNames.password);
    const servers = ["--gocd", cluster.gocdHttp.url, "--mesos", `127.0.0.1:${cluster.mesosHttp.port}`];
    const login = [
      "--user",
      clusterNames.userName,
      "--password-file",
      `${path}/password`,
      "--agent-url",
      "http://g/go",
    ];
    const args = [...await way.program(), "init", "--yes", ...servers, ...login, "--image", "agent:1"];
    const { code, out, err } = await run([...args, conf]);
    assertEquals(code, 0, out + err);
    assertMatch(out, /^ok {4}mesos {3}role \*: /m);
    assertStringIncludes(Deno.readTextFileSync(conf), cluster.gocdHttp.url);
    // On this machine the proposed port may be in use.
    Deno.writeTextFileSync(conf, "\ngocd-mesos.http.listen = off\n", { append: true });
    const checked = await run([...await way.program(), "check", conf]);
    assertEquals(checked.code, 0, checked.out + checked.err);
    // An existing file is kept, and a missing folder is reported.
    assertEquals((await run([...args, conf])).code, 2);
    assertEquals((await run([...args, `${elsewhere}/none/framework.conf`])).code, 2);
    assertEquals([...Deno.readDirSync(elsewhere)], []);
  } finally {
    remove();
    Deno.removeSync(elsewhere, { recursive: true });
    await cluster.close();
  }
});

sandboxTest(
  "a leader outside of the file is reported with the key to change, and check lists the permissions",
  async (way) => {
    const leader = `127.0.0.3:${freePort()}`;
    const master = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => new Response(null, { status: 307, headers: { location: `//${leader}/api/v1/scheduler` } }),
    );
    const named = `127.0.0.1:${master.addr.port}`;
    const cluster = startCluster({ speed: 1 });
    const { conf, remove } = confFolder(cluster.configText(`mesos-master = "${named}"`));
    try {
      const { code, out, err } = await run([...await way.program(), "check", conf]);
      assertEquals(code, 2, out + err);
      assertMatch(
        out,
        new RegExp(`^FAIL {2}mesos .*mesos\\.allowed-hosts lacks ${leader}, which master http://${named} named`, "m"),
      );
      assertStringIncludes(out, "ok    sandbox on: ");
      assertStringIncludes(out, `ok    sandbox net   ${named} (mesos-master)`);
      assertStringIncludes(out, `ok    sandbox read  ${conf}`);
      assertMatch(out, /^ok {4}sandbox write .*gocd-mesos\.db-wal$/m);
      assertStringIncludes(out, "ok    sandbox env   NO_PROXY");
      assert(!/NotCapable|--allow-/.test(out + err), out);
    } finally {
      remove();
      await master.shutdown();
      await cluster.close();
    }
  },
);

for (const way of ways) {
  const reason = !hasZookeeper ? ` (${zookeeperMissing})` : way.isHere ? "" : " (left out: DENO_COMPILE is not set)";
  Deno.test({
    name: `${way.name}: a state in ZooKeeper and TLS with a CA file work in the sandbox${reason}`,
    ignore: !hasZookeeper || !way.isHere,
    fn: async () => {
      await using zookeeper = await startZookeeper();
      const cluster = startCluster({ speed: 1 });
      const fixture = (file: string): string => new URL(`../fixtures/gocd/${file}`, import.meta.url).pathname;
      const [cert, key] = ["server.pem", "server-key.pem"].map((file) => Deno.readTextFileSync(fixture(file)));
      const tls = startGocdHttp(cluster.gocd, {
        port: 0,
        nowMs: cluster.clock.nowMs,
        tls: { cert: cert ?? "", key: key ?? "" },
      });
      const more = `state = "zk://${zookeeper.address}/gocd-mesos", go-server.ca-file = "${fixture("ca.pem")}"`;
      const { conf, remove } = confFolder(cluster.configText(more).replaceAll(cluster.gocdHttp.url, tls.url));
      const running = start([...await way.program(), conf]);
      try {
        await running.logged("subscribed");
        await running.logged("gocd-version");
        running.signal("SIGTERM");
        assertEquals(await running.ended(), 0, running.log());
        assertStringIncludes(running.log(), `, ${zookeeper.address} can be reached`);
      } finally {
        running.signal("SIGKILL");
        await running.ended();
        remove();
        await tls.close();
        await cluster.close();
      }
    },
  });
}

/** What Deno was asked for, without the code of the program and without questions about all of a kind. */
function askedFor(audit: string): readonly (readonly [kind: string, value: string])[] {
  return Deno.readTextFileSync(audit).trim().split("\n").flatMap((line) => {
    const { permission, value } = JSON.parse(line) as { permission: string; value: string | null };
    return value === null || /^(file|https?|npm|data):/.test(value) ? [] : [[permission, value] as const];
  });
}

// Deno writes audits since 2.5, so the executable that 2.4.2 compiles has none.
Deno.test("an audited run asks Deno only for listed permissions", async () => {
  const way = ways.find(({ name }) => name === "by deno run");
  const cluster = startCluster({ speed: 1 });
  const { conf, path, remove } = confFolder(cluster.configText(`http.listen = "127.0.0.1:${freePort()}"`));
  const audit = `${path}/audit.jsonl`;
  const args = [...await way?.program() ?? [], "start", conf];
  const running = start(args, { DENO_AUDIT_PERMISSIONS: audit });
  try {
    await running.logged("subscribed");
    await running.logged("gocd-version");
    Deno.writeTextFileSync(conf, `${Deno.readTextFileSync(conf)}\n# changed`);
    running.signal("SIGHUP");
    await running.logged("the configuration was reloaded");
    running.signal("SIGTERM");
    assertEquals(await running.ended(), 0, running.log());
    const { rights } = needsOf(["start", conf]);
    const isUnder = (value: string, files: readonly string[]): boolean =>
      files.some((file) => value === file || value.startsWith(`${file}/`));
    const others = askedFor(audit).filter(([kind, value]) => {
      if (kind === "net") return !rights.net.includes(value);
      if (kind === "env") return !rights.env.includes(value);
      // Whoever reads a file is asked for the right to write it, too, and goes on without.
      return kind !== "sys" && !isUnder(value, kind === "write" ? [...rights.write, ...rights.read] : rights.read);
    });
    assertEquals(others, []);
    assert(askedFor(audit).some(([kind, value]) => kind === "write" && value === `${path}/gocd-mesos.db-lock`));
  } finally {
    running.signal("SIGKILL");
    await running.ended();
    remove();
    await cluster.close();
  }
});

// `deno task start`: the child has only the permissions that the configuration needs, and behaves like a program that
// was started by hand in the folder of the call.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runFlags } from "../../scripts/flags.ts";
import { loadConfig } from "../../src/config/load.ts";
import { startGocdHttp } from "../../src/sim/http/gocd.ts";
import { confFolder } from "../cli/support.ts";
import { openTargets } from "../support/breakout.ts";
import { startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/scaled_clock.ts";

const root = new URL("../../", import.meta.url).pathname;
const deno = Deno.execPath();

/** Runs a module of the project with the flags of a scoped start. */
async function runScoped(
  conf: string,
  module: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(deno, {
    args: ["run", "--quiet", `--config=${root}deno.json`, ...runFlags(loadConfig(conf, {})), root + module, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

function confText(at: { readonly mesos: string; readonly gocdPort: number }, more = ""): string {
  return `gocd-mesos {
  mesos-master = "${at.mesos}", go-server { host = "127.0.0.1", port = ${at.gocdPort}, agent-url = "http://gocd:8153/go" }
  go-agent { docker-image = "agent:1", auto-register-key = k }, http.listen = off
  ${more}
}`;
}

Deno.test("a scoped start has permissions for exactly the hosts, folders and variables of the file", () => {
  const folder = confFolder(confText({ mesos: "m1:5050,m2:5050", gocdPort: 8153 }, 'http.listen = "127.0.0.1:8090"'));
  try {
    const flags = runFlags(loadConfig(folder.conf, {}));
    assert(flags.includes("--allow-net=m1:5050,m2:5050,127.0.0.1:8153,127.0.0.1:8090"), flags.join(" "));
    const listed = (kind: string): string[] =>
      flags.find((flag) => flag.startsWith(`--allow-${kind}=`))?.replace(/^.*=/, "").split(",") ?? [];
    const state = `${folder.path}/gocd-mesos.db`;
    assertEquals(listed("read"), [folder.conf, folder.path, `${state}.control`]);
    assertEquals(listed("write").filter((file) => !file.startsWith(state)), []);
    assert(listed("write").includes(`${state}-wal`));
    const proxies = "HTTP_PROXY,http_proxy,HTTPS_PROXY,https_proxy,ALL_PROXY,all_proxy,NO_PROXY,no_proxy";
    assert(flags.includes(`--allow-env=LIBPROCESS_IP,${proxies}`), flags.join(" "));
    assertEquals(flags.filter((flag) => flag.startsWith("--allow-sys")), ["--allow-sys=hostname"]);
    assertEquals(flags.filter((flag) => /^--(allow-(all|run|ffi|import)|unsafely)|^-A$|^--allow-net$/.test(flag)), []);
  } finally {
    folder.remove();
  }
});

Deno.test("certificates are unchecked only with go-server.insecure, and only for that host", () => {
  const flagsOf = (more: string): string[] => {
    const text = confText({ mesos: "m:5050", gocdPort: 1 }, `go-server.url = "https://gocd.example:8154/go"\n${more}`)
      .replace('host = "127.0.0.1", port = 1, ', "");
    return runFlags(loadConfig("f.conf", {}, () => text)).filter((flag) => flag.startsWith("--unsafely"));
  };
  assertEquals(flagsOf(""), []);
  assertEquals(flagsOf("go-server.insecure = true"), ["--unsafely-ignore-certificate-errors=gocd.example"]);
});

Deno.test("a scoped program has no access to other hosts, ports, files, programs, libraries or variables", async () => {
  await using targets = openTargets();
  const folder = confFolder(confText({ mesos: `127.0.0.1:${targets.port}`, gocdPort: targets.port }));
  try {
    const given = JSON.stringify(targets.of(folder.conf));
    const { out, err } = await runScoped(folder.conf, "tests/scripts/probe.ts", [given]);
    const { permitted: reached, ...others } = JSON.parse(out || JSON.stringify({ err })) as Record<string, string>;
    assertEquals(reached, "done", err);
    assertEquals(Object.entries(others).filter(([, outcome]) => outcome === "done"), []);
    assert(Object.keys(others).length >= 37);
    assertEquals(targets.files(), ["secret.json"]);
  } finally {
    folder.remove();
  }
});

for (
  const [name, allowed, text] of [
    ["without allowed-hosts", "", /mesos\.allowed-hosts/],
    ["outside of allowed-hosts", 'mesos.allowed-hosts = ["10.0.0.0/8"]', /mesos\.allowed-hosts/],
  ] as const
) {
  Deno.test(`a redirect to a master ${name} is reported with the key to change`, async () => {
    const elsewhere = freePort();
    const master = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => new Response(null, { status: 307, headers: { location: `//127.0.0.3:${elsewhere}/api/v1/scheduler` } }),
    );
    const cluster = startCluster({ speed: 1 });
    const folder = confFolder(
      cluster.configText(allowed).replace(
        `127.0.0.1:${cluster.mesosHttp.port}`,
        `127.0.0.1:${master.addr.port}`,
      ),
    );
    try {
      const { code, out } = await runScoped(folder.conf, "main.ts", ["check", folder.conf]);
      const row = out.slice(out.indexOf("FAIL  mesos"));
      assertEquals(code, 2, out);
      assertStringIncludes(row, `127.0.0.3:${elsewhere}`);
      assert(text.test(row) && !row.includes("--allow-net"), out);
      assertStringIncludes(out, "ok    gocd");
    } finally {
      folder.remove();
      await master.shutdown();
      await cluster.close();
    }
  });
}

Deno.test("check works with scoped permissions and with an unchecked certificate", async () => {
  const cluster = startCluster({ speed: 1 });
  const fixture = (file: string): string => Deno.readTextFileSync(new URL(`../fixtures/gocd/${file}`, import.meta.url));
  const tls = startGocdHttp(cluster.gocd, {
    port: 0,
    nowMs: cluster.clock.nowMs,
    tls: { cert: fixture("server.pem"), key: fixture("server-key.pem") },
  });
  const folder = confFolder(
    cluster.configText("go-server.insecure = true").replaceAll(cluster.gocdHttp.url, tls.url),
  );
  try {
    const { code, out, err } = await runScoped(folder.conf, "main.ts", ["check", folder.conf]);
    assertEquals(code, 0, out + err);
    assertStringIncludes(out, "ok    gocd    https://");
    assertStringIncludes(out, "ok    mesos");
  } finally {
    folder.remove();
    await tls.close();
    await cluster.close();
  }
});

interface Started {
  readonly child: Deno.ChildProcess;
  log(): string;
  logged(text: string): Promise<void>;
  ended(): Promise<number>;
}

/** scripts/start.ts as `deno task start ARGS` runs it, called from `caller`. */
function startScript(caller: string, args: readonly string[]): Started {
  const child = new Deno.Command(deno, {
    args: ["run", "--allow-read", "--allow-env", "--allow-run", "scripts/start.ts", ...args],
    cwd: root,
    env: { INIT_CWD: caller, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  let text = "";
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) text += chunk;
  })();
  return {
    child,
    log: () => text,
    logged: (wanted) => until(() => text.includes(wanted), () => `no '${wanted}' in:\n${text}`),
    ended: async () => {
      const { code } = await child.status;
      await reading;
      return code;
    },
  };
}

Deno.test("deno task start reads the file of the caller's folder, forwards SIGHUP and SIGTERM, and exits like the program", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  const started = startScript(folder.path, ["framework.conf"]);
  try {
    await started.logged("subscribed");
    assert(!started.log().includes("may connect to every host"), started.log());
    Deno.writeTextFileSync(folder.conf, cluster.configText("poller.attempts = 4"));
    started.child.kill("SIGHUP");
    await started.logged("poller.attempts 1 → 4");
    Deno.writeTextFileSync(folder.conf, cluster.configText('mesos-master = "127.0.0.1:1"'));
    started.child.kill("SIGHUP");
    await started.logged("mesos-master names 127.0.0.1:1, which this program was not allowed to reach");
    started.child.kill("SIGTERM");
    assertEquals(await started.ended(), 0);
    assertStringIncludes(started.log(), "stopped");
    assert([...Deno.readDirSync(folder.path)].some((entry) => entry.name === "gocd-mesos.db"));
  } finally {
    await endForGood(started);
    folder.remove();
    await cluster.close();
  }
});

Deno.test("a start has permissions for both ends of links to the configuration, the state folder and the state file", async () => {
  const cluster = startCluster({ speed: 1 });
  const top = Deno.realPathSync(Deno.makeTempDirSync());
  try {
    for (const folder of ["releases", "releases/7", "disk", "etc"]) Deno.mkdirSync(`${top}/${folder}`);
    Deno.symlinkSync("releases/7", `${top}/current`);
    Deno.symlinkSync("../disk", `${top}/etc/data`);
    Deno.writeTextFileSync(`${top}/releases/7/framework.conf`, cluster.configText());
    Deno.writeTextFileSync(`${top}/etc/framework.conf`, cluster.configText('state.path = "data/gocd-mesos.db"'));
    Deno.writeTextFileSync(`${top}/etc/linked.conf`, cluster.configText("state.path = link.db"));
    for (const conf of ["current/framework.conf", "etc/framework.conf", "etc/linked.conf"]) {
      const started = startScript(top, [conf]);
      try {
        await started.logged("subscribed");
        started.child.kill("SIGTERM");
        assertEquals(await started.ended(), 0, started.log());
      } finally {
        await endForGood(started);
      }
      if (conf === "etc/framework.conf") Deno.symlinkSync("../disk/gocd-mesos.db", `${top}/etc/link.db`);
    }
  } finally {
    Deno.removeSync(top, { recursive: true });
    await cluster.close();
  }
});

Deno.test("a start with a dangling link as state folder ends with one line with key, path and hint", async () => {
  const folder = confFolder(confText({ mesos: "m:5050", gocdPort: 1 }, 'state.path = "data/state.db"'));
  Deno.symlinkSync("/nowhere", `${folder.path}/data`);
  const started = startScript(folder.path, []);
  try {
    assertEquals(await started.ended(), 6);
    assertStringIncludes(
      started.log(),
      `gocd-mesos: state.path: data is a link to /nowhere, which cannot be resolved\n  to do: mount or create`,
    );
  } finally {
    await endForGood(started);
    folder.remove();
  }
});

Deno.test("deno task start forwards SIGINT without a terminal", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  const started = startScript(folder.path, []);
  try {
    await started.logged("subscribed");
    started.child.kill("SIGINT");
    await started.logged("stopping");
    assertEquals(await started.ended(), 0);
  } finally {
    await endForGood(started);
    folder.remove();
    await cluster.close();
  }
});

for (
  const [args, text] of [
    [["nowhere.conf"], "gocd-mesos: nowhere.conf: cannot read the configuration: it does not exist"],
    [["a.conf", "b.conf"], "gocd-mesos: start takes one configuration file, not a.conf b.conf"],
    [["--frob"], "gocd-mesos: start takes one configuration file, not --frob"],
  ] as const
) {
  Deno.test(`deno task start ${args.join(" ")} is refused in one line`, async () => {
    const folder = Deno.makeTempDirSync();
    const started = startScript(folder, args);
    assertEquals(await started.ended(), 2);
    assertEquals(started.log().trimEnd().split("\n").length, 2, started.log());
    assertStringIncludes(started.log(), text);
    Deno.removeSync(folder);
  });
}

async function endForGood(started: Started): Promise<void> {
  try {
    started.child.kill("SIGTERM");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  await started.ended();
}

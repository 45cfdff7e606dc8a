// The compiled program. It is compiled once per configuration for all tests of this file; that takes a few seconds.
// DENO_COMPILE is the Deno to compile with: where it is not set (`deno task ok` sets it), these tests are left out, as not
// every machine has the runtime to embed or can fetch it.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { version } from "../../src/version.ts";
import { confFolder } from "../cli/support.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";

const root = new URL("../../", import.meta.url).pathname;
const canCompile = Deno.env.get("DENO_COMPILE") !== undefined;
const decoder = new TextDecoder();
const endMs = 30_000;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Registers a test; without a runtime to embed its name says why it is left out. */
function binaryTest(name: string, act: () => Promise<void>): void {
  const reason = canCompile ? "" : " (left out: DENO_COMPILE is not set)";
  Deno.test({ name: `${name}${reason}`, ignore: !canCompile, fn: act });
}

const folder = canCompile ? Deno.makeTempDirSync({ prefix: "gocd-mesos-binary-" }) : "";
if (canCompile) globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

async function compile(output: string, more: readonly string[] = []): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "compile", "--output", output, ...more],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

let compiled: Promise<string> | undefined;

/** The path of the binary without baked hosts. */
function binary(): Promise<string> {
  compiled ??= compile(`${folder}/gocd-mesos`).then(({ code, out, err }) => {
    assertEquals(code, 0, out + err);
    assertStringIncludes(out, "with --allow-net");
    return `${folder}/gocd-mesos`;
  });
  return compiled;
}

async function run(path: string, args: readonly string[], cwd?: string): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(path, {
    args: [...args],
    clearEnv: true,
    stdin: "null",
    // One that runs although it should have refused is ended.
    signal: AbortSignal.timeout(endMs),
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

binaryTest("the binary tells version and help in an empty environment", async () => {
  const path = await binary();
  const told = await run(path, ["version"]);
  assertEquals([told.code, told.err], [0, ""]);
  assertMatch(told.out, new RegExp(`^gocd-mesos ${version.replaceAll(".", "\\.")} \\(Deno 2\\.`));
  const help = await run(path, ["--help"]);
  assertEquals(help.code, 0);
  assertStringIncludes(help.out, "gocd-mesos check framework.conf");
});

binaryTest("the binary refuses a bad file and a bad command with code 2 and one act", async () => {
  const path = await binary();
  const { conf, remove } = confFolder("gocd-mesos { poller.attempts = many }");
  try {
    const { code, out } = await run(path, ["check", conf]);
    assertEquals(code, 2);
    assertMatch(out, /^FAIL {2}config .*framework\.conf/m);
    const typo = await run(path, ["chekc", conf]);
    assertEquals([typo.code, typo.err.split("\n").length], [2, 3], typo.err);
  } finally {
    remove();
  }
});

binaryTest("the binary reaches both servers, by the file of the folder that it is called in", async () => {
  const path = await binary();
  const cluster = startCluster({ speed: 1 });
  const { path: cwd, remove } = confFolder(cluster.configText());
  try {
    const { code, out, err } = await run(path, ["check", "framework.conf"], cwd);
    assertEquals([code, err], [0, ""], out);
    assertMatch(out, /^ok {4}gocd .*26\.1\.0/m);
    assertMatch(out, /^ok {4}mesos .*1\.12\.0/m);
  } finally {
    remove();
    await cluster.close();
  }
});

/** Starts a program, waits for a text in its log, sends SIGTERM and gives what it has written. */
async function startUntil(path: string, conf: string, text: string): Promise<Ended> {
  const child = new Deno.Command(path, {
    args: [conf],
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(endMs),
  }).spawn();
  let err = "";
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    if (!err.includes(text) && (err + chunk).includes(text)) child.kill("SIGTERM");
    err += chunk;
  }
  return { code: (await child.status).code, out: "", err };
}

const everyHost = "this process may connect to any host";

binaryTest("the binary without baked hosts says at its start that it may reach all", async () => {
  const path = await binary();
  const cluster = startCluster({ speed: 1 });
  const { conf, remove } = confFolder(cluster.configText());
  try {
    const { code, err } = await startUntil(path, conf, "subscribed");
    assertEquals(code, 0, err);
    assertStringIncludes(err, everyHost);
  } finally {
    remove();
    await cluster.close();
  }
});

interface Other {
  readonly key: RegExp;
  readonly text: (cluster: Cluster) => string;
}

const others: Readonly<Record<string, Other>> = {
  "another master": {
    key: /mesos-master names 127\.0\.0\.1:1,/,
    text: (c) => c.configText('mesos-master = "127.0.0.1:1"'),
  },
  "another GoCD server": {
    key: /go-server \(host and port, or url\) names 127\.0\.0\.1:2,/,
    text: (c) => c.configText('go-server.url = "http://127.0.0.1:2/go"'),
  },
  "another listener": {
    key: /http\.listen names 127\.0\.0\.1:3,/,
    text: (c) => c.configText('http.listen = "127.0.0.1:3"'),
  },
  "another allowed host": {
    key: /mesos\.allowed-hosts names other\.example:5050,/,
    text: (c) => c.configText('mesos.allowed-hosts = ["other.example:5050"]'),
  },
};

binaryTest("the binary with the hosts of a file works with it, and refuses a file with others by its key", async () => {
  const cluster = startCluster({ speed: 1 });
  const { path: cwd, conf, remove } = confFolder(cluster.configText(`http.listen = "127.0.0.1:${freePort()}"`));
  try {
    const path = `${folder}/baked`;
    const made = await compile(path, ["--config", conf]);
    assertEquals(made.code, 0, made.err);
    assertMatch(made.out, /with --allow-net=127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+$/m);
    const { code, err } = await startUntil(path, conf, "subscribed");
    assertEquals(code, 0, err);
    assert(!err.includes(everyHost), err);
    for (const [name, { key, text }] of Object.entries(others)) {
      const file = `${cwd}/other.conf`;
      Deno.writeTextFileSync(file, text(cluster));
      for (const args of [[file], ["check", file]]) {
        const ended = await run(path, args);
        assertEquals(ended.code, 2, `${name}: ${ended.out}${ended.err}`);
        assertMatch(ended.out + ended.err, key);
        assertStringIncludes(ended.out + ended.err, "compile (or start) again with this configuration file");
      }
    }
  } finally {
    remove();
    await cluster.close();
  }
});

Deno.test("compile refuses a file whose hosts cannot be listed, and options that it does not have", async () => {
  const { conf, remove } = confFolder(`gocd-mesos {
  mesos-master = "zk://z:2181/mesos", go-server { host = g, port = 1 }, go-agent.docker-image = "i:1"
}`);
  try {
    for (
      const [more, text] of [
        [["--config", conf], "mesos.allowed-hosts"],
        [["--config", `${conf}.not`], "does not exist"],
        [["--frob"], "compile has no option --frob"],
      ] as const
    ) {
      const { code, err } = await compile("/nowhere/gocd-mesos", more);
      assertEquals(code, 2, err);
      assertStringIncludes(err, text);
    }
  } finally {
    remove();
  }
});

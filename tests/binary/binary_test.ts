// The compiled program. It is compiled once per configuration for all tests of this folder, which takes a few seconds.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { version } from "../../src/version.ts";
import { confFolder } from "../cli/support.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { binary, binaryTest, compile, type Ended, folder, run, start } from "./ways.ts";
// Registers its tests here, so that they share the executable.
import "./sandbox_cases.ts";

binaryTest("the binary prints version and help in an empty environment", async () => {
  const path = await binary();
  const told = await run([path, "version"]);
  assertEquals([told.code, told.err], [0, ""]);
  assertMatch(told.out, new RegExp(`^gocd-mesos ${version.replaceAll(".", "\\.")} \\(Deno 2\\.`));
  const help = await run([path, "--help"]);
  assertEquals(help.code, 0);
  assertStringIncludes(help.out, "gocd-mesos check framework.conf");
});

binaryTest("the binary creates no file in the folder for temporary files", async () => {
  const path = await binary();
  const { path: folder, remove } = confFolder("gocd-mesos {}");
  try {
    const names = (): readonly string[] => [...Deno.readDirSync(folder)].map(({ name }) => name);
    const before = names();
    // Deno writes its cache at the end of the second run.
    for (let times = 1; times <= 3; times++) {
      assertEquals((await run([path, "version"], { env: { TMPDIR: folder } })).code, 0);
    }
    assertEquals(names(), before);
  } finally {
    remove();
  }
});

Deno.test("without deno.json the sandbox reports the missing configuration and a hint", async () => {
  const main = new URL("../../src/sandbox/main.ts", import.meta.url).pathname;
  const { code, out, err } = await run([Deno.execPath(), "run", "-A", "--no-config", "--no-lock", main, "version"]);
  assertEquals([code, out], [2, ""]);
  assertMatch(err, /^gocd-mesos: Deno runs it without deno\.json, .*\n {2}to do: omit --no-config .*\n$/);
});

binaryTest("two builds have the same bytes", async () => {
  const again = `${folder}/again`;
  const { code, out, err } = await compile(again);
  assertEquals(code, 0, out + err);
  const digest = async (path: string): Promise<ArrayBuffer> =>
    await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  assertEquals(await digest(again), await digest(await binary()));
});

binaryTest("the binary refuses an invalid file and an unknown command with code 2 and one hint", async () => {
  const path = await binary();
  const { conf, remove } = confFolder("gocd-mesos { poller.attempts = many }");
  try {
    const { code, out } = await run([path, "check", conf]);
    assertEquals(code, 2);
    assertMatch(out, /^FAIL {2}config .*framework\.conf/m);
    const typo = await run([path, "chekc", conf]);
    assertEquals([typo.code, typo.err.split("\n").length], [2, 3], typo.err);
  } finally {
    remove();
  }
});

binaryTest("the binary reaches both servers with a file of the current folder", async () => {
  const path = await binary();
  const cluster = startCluster({ speed: 1 });
  const { path: cwd, remove } = confFolder(cluster.configText());
  try {
    const { code, out, err } = await run([path, "check", "framework.conf"], { cwd });
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
  const running = start([path, conf]);
  try {
    await running.logged(text);
  } finally {
    running.signal("SIGTERM");
  }
  return { code: await running.ended(), out: "", err: running.log() };
}

interface Other {
  readonly key: RegExp;
  readonly text: (cluster: Cluster) => string;
}

const others: Readonly<Record<string, Other>> = {
  "a changed master": {
    key: /mesos-master names 127\.0\.0\.1:1,/,
    text: (c) => c.configText('mesos-master = "127.0.0.1:1"'),
  },
  "a changed GoCD server": {
    key: /go-server \(host and port, or url\) names 127\.0\.0\.1:2,/,
    text: (c) => c.configText('go-server.url = "http://127.0.0.1:2/go"'),
  },
  "a changed listener": {
    key: /http\.listen names 127\.0\.0\.1:3,/,
    text: (c) => c.configText('http.listen = "127.0.0.1:3"'),
  },
  "a changed variable": {
    key: /other\.conf uses the variable OTHER_NAME,/,
    text: (c) => c.configText("mesos.name = ${?OTHER_NAME}"),
  },
  "a changed state": {
    key: /state\.path names .*other\.db,/,
    text: (c) => c.configText("state.path = other.db"),
  },
  "an added webhook": {
    key: /notify\.webhooks names hooks\.example:443,/,
    text: (c) => c.configText('notify.webhooks.team.url = "https://hooks.example/x"'),
  },
  "an added allowed host": {
    key: /mesos\.allowed-hosts names other\.example:5050,/,
    text: (c) => c.configText('mesos.allowed-hosts = ["other.example:5050"]'),
  },
};

binaryTest(
  "a binary with the hosts of a file works with it, and the error for a file with other hosts names the key",
  async () => {
    const cluster = startCluster({ speed: 1 });
    const { path: cwd, conf, remove } = confFolder(cluster.configText(`http.listen = "127.0.0.1:${freePort()}"`));
    try {
      const path = `${folder}/baked`;
      const made = await compile(path, ["--config", conf]);
      assertEquals(made.code, 0, made.err);
      assertMatch(made.out, /with --allow-net=127\.0\.0\.1:\d+,127\.0\.0\.1:\d+,127\.0\.0\.1:\d+ --allow-read=/);
      const { code, err } = await startUntil(path, conf, "subscribed");
      assertEquals(code, 0, err);
      assertStringIncludes(err, "sandbox: on: only 127.0.0.1:");
      const told = JSON.parse((await run([path, "version", "--json"])).out);
      assertEquals([told.version, told.sandbox, told.rights.net.length], [version, "on", 3]);
      assertEquals(told.rights.write.filter((file: string) => !file.startsWith(`${cwd}/gocd-mesos.db`)), []);
      for (const [name, { key, text }] of Object.entries(others)) {
        const file = `${cwd}/other.conf`;
        Deno.writeTextFileSync(file, text(cluster));
        for (const args of [[file], ["check", file]]) {
          const ended = await run([path, ...args]);
          assertEquals(ended.code, 2, `${name}: ${ended.out}${ended.err}`);
          assertMatch(ended.out + ended.err, key);
          assertStringIncludes(ended.out + ended.err, "compile (or start) again with this configuration file");
        }
      }
    } finally {
      remove();
      await cluster.close();
    }
  },
);

Deno.test("compile refuses a file without a list of hosts, a missing file and unknown options", async () => {
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

// The parts of a configuration that each command needs: no secrets and no keys unrelated to the command.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Cluster, clusterNames, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { startRunning } from "./running.ts";
import { assertRefused, assertTranscript, confFolder, runLine, type Written } from "./support.ts";

const secrets = {
  GOCD_PASSWORD: clusterNames.password,
  ADMIN_TOKEN: "token-of-the-admin",
  BUILD_TOKEN: "t",
  SCALE: "50",
};

/** All that the shell of an operator lacks: variables, and files that only the service reads. */
const secretConf = `gocd-mesos {
  go-server.password = \${GOCD_PASSWORD}
  go-agent { auto-register-key = "", auto-register-key-file = key, env { BUILD_TOKEN = \${BUILD_TOKEN} } }
  http.admin-token = \${ADMIN_TOKEN}
  scaling.max-agents = \${SCALE}
}
`;

interface Setup {
  readonly cluster: Cluster;
  readonly conf: string;
  readonly path: string;
  run(...args: readonly string[]): Promise<Written>;
}

/** A cluster, and a configuration that can be used only with `secrets` and with the file `key`. */
async function withSecrets(act: (setup: Setup) => Promise<void>): Promise<void> {
  const cluster = startCluster({ speed: 1 });
  const listen = `http.listen = "127.0.0.1:${freePort()}"`;
  const folder = confFolder(cluster.configText(listen) + secretConf);
  try {
    Deno.writeTextFileSync(`${folder.path}/key`, clusterNames.key);
    const run = (...args: readonly string[]): Promise<Written> => runLine(args);
    await act({ cluster, conf: folder.conf, path: folder.path, run });
  } finally {
    folder.remove();
    await cluster.close();
  }
}

async function whileRunning(setup: Setup, act: () => Promise<void>): Promise<void> {
  const running = await startRunning(setup.conf, { env: secrets });
  try {
    await running.logged("no profile has resource mac");
    Deno.removeSync(`${setup.path}/key`);
    await act();
  } finally {
    await running.stop();
  }
}

/** Each command that speaks with the instance or reads the state, and what it says. */
const commands: readonly (readonly [args: readonly string[], answer: RegExp])[] = [
  [["freeze", "FILE"], /^launching is frozen$/m],
  [["freeze", "--profile", "default", "FILE"], /^launching is frozen for profile default$/m],
  [["resume", "FILE"], /^launching resumes$/m],
  [["why", "FILE", "shop"], /^from the running instance$/m],
  [["accept-loss", "FILE"], /^vanished agents are treated as lost/m],
  [["state", "show", "FILE"], /^framework {2}[0-9a-f-]{36}/m],
  [["state", "check", "FILE"], /is sound/],
  [["state", "export", "FILE"], /"framework"/],
  [["drain", "--wait", "FILE"], /^draining: .*\ndrained: no agent is left \(after \d+ s\)$/m],
  [
    ["teardown", "--yes", "--wait", "FILE"],
    /^tearing down: [^]*^torn down: the framework is removed \(after \d+ s\)$/m,
  ],
];

for (
  const [what, spoil, warning] of [
    ["whose secrets are not available", (text: string) => text, /^$/],
    [
      "that has a typo and no secrets",
      (text: string) => `${text}gocd-mesos.scaling.max-agentz = 5\n`,
      /^gocd-mesos: warning: start and reload would refuse this file: \S+:\d+: scaling\.max-agentz: there is no such key\n$/,
    ],
    [
      "that has many invalid values and no secrets",
      (text: string) =>
        `${text}gocd-mesos { mesos-master = "a b", go-server.url = "ftp://x", poller.interval = 5, profiles = 3\n` +
        'go-server.ca-file = "none.pem" }\n',
      /^gocd-mesos: warning: .*\(and 3 more: `gocd-mesos check` lists all\)\n$/,
    ],
    [
      "that cannot be parsed",
      (text: string) => text.replace("go-server {", "go-server {{").replace("poller {", "poller = = {"),
      /^gocd-mesos: warning: start and reload would refuse this file: \S+framework\.conf:\d+: .*\n$/,
    ],
    [
      "whose section is misnamed",
      (text: string) => text.replaceAll("gocd-mesos {", "gocd-mesoz {"),
      /there is no gocd-mesos/,
    ],
  ] as const
) {
  Deno.test(`a running instance accepts every command given with a file ${what}`, () =>
    withSecrets(async (setup) => {
      const { cluster, conf, run } = setup;
      cluster.gocd.schedule({ pipeline: "shop", stage: "s", job: "j", gocdResources: ["mac"], durationMs: 1_000 });
      await whileRunning(setup, async () => {
        Deno.writeTextFileSync(conf, spoil(Deno.readTextFileSync(conf)));
        for (const [args, answer] of commands) {
          const written = await run(...args.map((arg) => arg === "FILE" ? conf : arg));
          assertEquals(written.code, 0, written.all);
          assertMatch(written.out, answer);
          assertMatch(written.err, warning);
        }
      });
      assertEquals(cluster.mesos.view().frameworks.filter(({ isConnected }) => isConnected), []);
    }));
}

Deno.test("without a running instance, switches and state need no secrets, and other commands report the missing variable", () =>
  withSecrets(async ({ conf, run }) => {
    for (const args of [["freeze", "--profile", "default"], ["drain"], ["resume"]]) {
      const written = await run(...args, conf);
      assertEquals([written.code, written.err], [0, ""], written.all);
      assertStringIncludes(written.out, "no instance runs here");
    }
    assertMatch((await run("state", "show", conf)).out, /^mode {7}run, frozen profiles: default$|^mode {7}run$/m);
    assertEquals((await run("state", "register-anew", conf)).code, 0);
    for (const args of [["start", conf], ["check", conf], ["plan", conf], ["why", conf, "shop"]]) {
      const written = await run(...args);
      assertEquals(written.code, 2);
      assertStringIncludes(written.all, "${GOCD_PASSWORD} is not set");
    }
  }));

for (
  const [what, line, said] of [
    [
      "a state that depends on an unset variable",
      'state.path = ${STATE}"/s.db"',
      /state\.path: \$\{STATE\} is not set$/m,
    ],
    ["a state that is not text", "state.path = [a]", /state\.path: it is a list/],
    ["no section", "} x {", /there is no gocd-mesos/],
    ["invalid HOCON", "a = = b", /needs double quotes/],
  ] as const
) {
  Deno.test(`commands refuse a file with ${what} and do not use a default state`, async () => {
    const folder = confFolder(what === "no section" ? "gocd-mesoz {}" : `gocd-mesos {\n${line}\n}`);
    try {
      for (const args of [["freeze"], ["state", "show"], ["teardown", "--yes"]]) {
        assertRefused(await runLine([...args, folder.conf]), 2, said);
      }
      assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["framework.conf"]);
    } finally {
      folder.remove();
    }
  });
}

Deno.test("commands with a file that cannot be parsed find only the instance that runs with this file", async () => {
  const folder = confFolder('gocd-mesos { state.path = "data/s.db", poller = = {');
  const other = `${folder.path}/other.conf`;
  Deno.copyFileSync(folder.conf, other);
  Deno.mkdirSync(`${folder.path}/data`);
  const page = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => Response.json({ message: "frozen" }),
  );
  const control = { url: `http://127.0.0.1:${page.addr.port}/`, token: "t", pid: Deno.pid };
  const place = (file: string, config: string): void =>
    Deno.writeTextFileSync(`${folder.path}/${file}.control`, JSON.stringify({ ...control, config }), { mode: 0o600 });
  try {
    place("data/s.db", folder.conf);
    assertEquals((await runLine(["freeze", folder.conf])).out, "frozen\n");
    // The text names its state, too, but it runs with another file.
    assertRefused(await runLine(["freeze", other]), 2, /needs double quotes/);
    place("gocd-mesos.db", other);
    place("other.conf", other);
    assertEquals((await runLine(["freeze", other])).out, "frozen\n");
    Deno.removeSync(`${folder.path}/gocd-mesos.db.control`);
    assertEquals((await runLine(["freeze", other])).out, "frozen\n");
    assertRefused(await runLine(["teardown", other], { answer: "yes" }), 2, /needs double quotes/);
  } finally {
    await page.shutdown();
    folder.remove();
  }
});

Deno.test("commands find an instance whose state is in ZooKeeper without knowing the password of the state", async () => {
  const folder = confFolder(`gocd-mesos {
    mesos-master = "m:5050", go-server.host = g, go-agent.docker-image = "agent:1"
    state = "zk://u:"\${ZK_PASSWORD}"@127.0.0.1:1/gocd-mesos"
  }`);
  const asked: string[] = [];
  const page = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked.push(new URL(request.url).pathname);
    return Response.json({ message: "launching is frozen" });
  });
  try {
    const url = `http://127.0.0.1:${page.addr.port}/`;
    const control = JSON.stringify({ url, token: "t", pid: Deno.pid });
    Deno.writeTextFileSync(`${folder.conf}.control`, control, { mode: 0o600 });
    const written = await runLine(["freeze", folder.conf]);
    assertEquals([written.code, written.out], [0, "launching is frozen\n"], written.all);
    assertEquals(asked, ["/health", "/api/commands/freeze"]);
    Deno.removeSync(`${folder.conf}.control`);
    assertRefused(await runLine(["freeze", folder.conf]), 2, /state: \$\{ZK_PASSWORD\} is not set/);
    assert(!written.all.includes("zk://"), written.all);
  } finally {
    await page.shutdown();
    folder.remove();
  }
});

Deno.test("state adopt needs the Mesos login and no other secret", async () => {
  const cluster = startCluster({ speed: 1 });
  const login =
    "gocd-mesos { go-server.password = ${GOCD_PASSWORD}, mesos { principal = p, secret = ${MESOS_SECRET} } }";
  const folder = confFolder(`${cluster.configText()}${login}`);
  try {
    assertRefused(await runLine(["state", "adopt", folder.conf]), 2, /mesos\.secret: \$\{MESOS_SECRET\} is not set/);
    const adopted = await runLine(["state", "adopt", folder.conf], { env: { MESOS_SECRET: "s" } });
    assertRefused(adopted, 6, /shows no framework "GoCD-Mesos" with agents of ours/);
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test({
  name: "freeze by root before the first start creates files that belong to the owner of the folder",
  // Only root may give a folder away.
  ignore: Deno.build.os === "windows" || Deno.uid() !== 0,
  fn: async () => {
    const folder = confFolder("gocd-mesos {}");
    try {
      Deno.chownSync(folder.path, 4711, 4711);
      const torn = await runLine(["teardown", "--yes", folder.conf]);
      assertStringIncludes(torn.out, "nothing to tear down");
      assertEquals([...Deno.readDirSync(folder.path)].length, 1, "a teardown of nothing makes a state");
      assertEquals((await runLine(["freeze", folder.conf])).code, 0);
      const files = [...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) =>
        name !== "framework.conf"
      );
      assertEquals(files.sort(), ["gocd-mesos.db", "gocd-mesos.db-lock"]);
      for (const file of files) assertEquals(Deno.statSync(`${folder.path}/${file}`).uid, 4711, file);
    } finally {
      folder.remove();
    }
  },
});

Deno.test("freeze warns about an invalid file with a running instance, and refuses it without one", async () => {
  const folder = confFolder("");
  const page = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => Response.json({ message: "frozen" }),
  );
  const control = { url: `http://127.0.0.1:${page.addr.port}/`, token: "t", pid: Deno.pid, config: folder.conf };
  const place = `${folder.path}/gocd-mesos.db.control`;
  const servers = 'mesos-master = "m:5050", go-server.host = g, go-agent.docker-image = "agent:1"';
  const texts = [
    "go-server { user-name = u, password = ${?GOCD_PASSWORD} }, http.admin-token-file = none",
    "scaling.max-agentz = 5, poller.interval = 5",
    'state.path = "/var/lib/"${STATE}"/state.db"',
    "poller { interval = 5 s",
  ];
  const parts: string[] = [];
  try {
    for (const text of texts) {
      Deno.writeTextFileSync(folder.conf, `gocd-mesos {\n  ${servers}\n  ${text}\n}\n`);
      for (const isThere of [true, false]) {
        if (isThere) Deno.writeTextFileSync(place, JSON.stringify(control), { mode: 0o600 });
        else Deno.removeSync(place);
        const { all, code } = await runLine(["freeze", folder.conf]);
        parts.push(
          `# ${text}${isThere ? "" : ", no instance"}`,
          "$ gocd-mesos freeze framework.conf",
          `${all}# exit code ${code}`,
          "",
        );
      }
    }
    assertTranscript("commands-wrong-file", parts.join("\n"), [[folder.path, "FOLDER"]]);
  } finally {
    await page.shutdown();
    folder.remove();
  }
});

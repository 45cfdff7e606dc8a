// `gocd-mesos init` against the simulated servers: dialogues as transcripts, and the files that it writes.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { loadConfig } from "../../src/config/load.ts";
import { type Cluster, clusterNames, type ClusterOptions, startCluster } from "../support/cluster.ts";
import { hasZookeeper, openWriter, startZookeeper } from "../support/zookeeper.ts";
import { type Around, assertRefused, assertTranscript, runLine, type Written } from "./support.ts";

const { userName, password, key } = clusterNames;
const image = "gocd/gocd-agent-debian-12:v25.4.0";
const agentUrl = "http://gocd.internal:8153/go";
const environments = [{ name: "prod", origin: "gocd" }, { name: "QA", origin: "gocd" }] as const;
/** Of a server and a machine on which nothing listens. */
const nobody = "http://127.0.0.1:2/go";

interface Scene {
  readonly cluster: Cluster;
  readonly folder: string;
  readonly conf: string;
  /** Options that name both servers. */
  readonly servers: readonly string[];
  init(args: readonly string[], around?: Around): Promise<Written>;
  /** What has been written; each key is a name of a file. */
  files(): Readonly<Record<string, string>>;
}

async function inScene(options: ClusterOptions, act: (scene: Scene) => Promise<void>): Promise<void> {
  const cluster = startCluster({ speed: 1, gocd: { environments }, ...options });
  const folder = Deno.makeTempDirSync({ prefix: "gocd-mesos-init-" });
  const conf = `${folder}/framework.conf`;
  try {
    await act({
      cluster,
      folder,
      conf,
      servers: ["--gocd", cluster.gocdHttp.url, "--agent-url", agentUrl, "--mesos", masterOf(cluster)],
      init: (args, around) => runLine(["init", ...args, conf], around),
      files: () =>
        Object.fromEntries(
          [...Deno.readDirSync(folder)].map(({ name }) => [name, Deno.readTextFileSync(`${folder}/${name}`)]),
        ),
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
    await cluster.close();
  }
}

function masterOf({ mesosHttp }: Cluster): string {
  return `127.0.0.1:${mesosHttp.port}`;
}

function schedule({ gocd }: Cluster, pipeline: string, gocdResources: readonly string[], environment?: string): void {
  const given = environment === undefined ? {} : { environment };
  gocd.schedule({ pipeline, stage: "build", job: "unit", gocdResources, durationMs: 600_000, ...given });
}

function assertDialogue(name: string, { cluster, folder, files }: Scene, written: Written): void {
  const parts = Object.entries(files()).toSorted().map(([file, text]) => `\n--- ${file}\n${text}`);
  assertTranscript(
    `init-${name}`,
    `$ gocd-mesos init framework.conf\n${written.all}exit code ${written.code}\n${parts.join("")}`,
    [
      [`${folder}/`, ""],
      [String(cluster.gocdHttp.port), "8153"],
      [String(cluster.mesosHttp.port), "5050"],
    ],
  );
}

/** The written file is one that the program would run with. */
async function assertUsable({ conf }: Scene, env: Readonly<Record<string, string>> = {}): Promise<void> {
  assertEquals(loadConfig(conf, env).warnings, []);
  // On this machine the proposed port may be in use.
  Deno.writeTextFileSync(conf, "\ngocd-mesos.http.listen = off\n", { append: true });
  const checked = await runLine(["check", conf], { env });
  assertEquals([checked.code, /^(warn|FAIL) {2}(?!sandbox)/m.test(checked.all)], [0, false], checked.all);
}

Deno.test("init tests each answer immediately, asks again after a wrong one, and writes a file that check accepts", async () => {
  await inScene({}, async (scene) => {
    schedule(scene.cluster, "shop", ["docker"]);
    schedule(scene.cluster, "api", ["docker", "java"], "prod");
    scene.cluster.gocd.addAgent({ uuid: "0000-1", hostname: "old-box", gocdResources: ["linux"] });
    const url = scene.cluster.gocdHttp.url;
    const written = await scene.init([], {
      answers: [
        ...["gocd.example.com:8153", nobody, url],
        ...[userName, "guess", userName, password],
        ...[key, agentUrl],
        ...["127.0.0.1:2", masterOf(scene.cluster)],
        ...["https://hub/agent", image],
        ...["", ""],
      ],
    });
    assertDialogue("dialogue", scene, written);
    assertEquals(written.code, 0);
    assert(!written.all.includes(password) && !written.all.includes(key), "a secret is shown");
    for (const name of ["gocd-password", "auto-register-key"]) {
      if (Deno.build.os !== "windows") {
        assertEquals((Deno.statSync(`${scene.folder}/${name}`).mode ?? 0) & 0o777, 0o600);
      }
    }
    await assertUsable(scene);
  });
});

Deno.test("init with resources and environments writes a profile for each environment", async () => {
  await inScene({}, async (scene) => {
    schedule(scene.cluster, "shop", ["docker"]);
    schedule(scene.cluster, "legacy", ["windows"]);
    schedule(scene.cluster, "api", ["docker"], "prod");
    const written = await scene.init([...scene.servers, "--user", userName, "--image", image], {
      env: { GOCD_PASSWORD: password, GOCD_AUTO_REGISTER_KEY: key },
      answers: ["docker, java", "none, prod"],
    });
    assertDialogue("profiles", scene, written);
    await assertUsable(scene, { GOCD_PASSWORD: password, GOCD_AUTO_REGISTER_KEY: key });
  });
});

Deno.test("init with options only writes a file that takes its secrets from environment variables", async () => {
  await inScene({}, async (scene) => {
    const env = { GOCD_PASSWORD: password, GOCD_AUTO_REGISTER_KEY: key };
    const written = await scene.init([...scene.servers, "--user", userName, "--image", image], { env });
    assertDialogue("options", scene, written);
    await assertUsable(scene, env);
    assertMatch(scene.files()["framework.conf"] ?? "", /password = \$\{\?GOCD_PASSWORD\}/);
  });
});

Deno.test("init writes the paths of secret files, the principal and the role into the file", async () => {
  await inScene({ mesos: { credentials: [{ principal: "scaler", secret: "right" }] } }, async (scene) => {
    const place = Deno.makeTempDirSync();
    try {
      for (const [name, text] of Object.entries({ password, key, secret: "right" })) {
        Deno.writeTextFileSync(`${place}/${name}`, `${text}\n`);
      }
      const options = ["--user", userName, "--password-file", `${place}/password`, "--key-file", `${place}/key`];
      const mesos = ["--principal", "scaler", "--secret-file", `${place}/secret`, "--role", "ci"];
      const written = await scene.init([...scene.servers, ...options, ...mesos, "--image", image]);
      assertEquals(written.code, 0, written.all);
      const { mesos: read } = loadConfig(scene.conf, {});
      assertEquals([read.roles, read.principal], [["ci"], "scaler"]);
      await assertUsable(scene);
    } finally {
      Deno.removeSync(place, { recursive: true });
    }
  });
});

Deno.test("init asks for a login for a Mesos master that requires one, and for none for a GoCD server without security", async () => {
  const mesos = { credentials: [{ principal: "scaler", secret: "right" }] };
  await inScene({ mesos, gocd: { security: { kind: "off" } } }, async (scene) => {
    const written = await scene.init([...scene.servers, "--image", image], {
      answers: [key, "scaler", "wrong", "scaler", "right"],
    });
    assertDialogue("logins", scene, written);
    await assertUsable(scene);
  });
});

Deno.test("init accepts an access token instead of an account", async () => {
  const users = [{ name: userName, password, admin: true, token: "token-1" }];
  await inScene({ gocd: { security: { kind: "on", users } } }, async (scene) => {
    const written = await scene.init([...scene.servers, "--image", image], {
      env: { GOCD_TOKEN: "token-1", GOCD_AUTO_REGISTER_KEY: key },
    });
    assertEquals(written.code, 0, written.all);
    assertStringIncludes(scene.files()["framework.conf"] ?? "", "access-token = ${?GOCD_TOKEN}");
  });
});

const usable = ["--user", userName, "--image", image];
const env = { GOCD_PASSWORD: password };

interface Refusal {
  readonly name: string;
  readonly args: (scene: Scene) => readonly string[];
  readonly around?: Around;
  readonly code: number;
  readonly message: RegExp;
  readonly options?: ClusterOptions;
}

const refusals: readonly Refusal[] = [
  {
    name: "missing options, and names all of them",
    args: () => ["--mesos", "m1:5050"],
    code: 2,
    message: /"init" needs --gocd, --image$/,
  },
  {
    name: "missing options with --yes, on a terminal too",
    args: () => ["--yes"],
    around: { answers: [] },
    code: 2,
    message: /"init" needs --gocd, --mesos, --image$/,
  },
  {
    name: "a GoCD server that cannot be reached",
    args: ({ servers }) => ["--gocd", nobody, ...servers.slice(2), ...usable],
    code: 3,
    message: /GET http:\/\/127\.0\.0\.1:2\/go\/api\/version: the connection was refused$/,
  },
  {
    name: "an invalid URL",
    args: ({ servers }) => ["--gocd", "ftp://gocd", ...servers.slice(2), ...usable],
    code: 2,
    message: /go-server\.url: /,
  },
  {
    name: "a wrong password",
    args: ({ servers }) => [...servers, ...usable],
    around: { env: { GOCD_PASSWORD: "guess" } },
    code: 4,
    message: /answered 401: Invalid credentials/,
  },
  {
    name: "a missing login",
    args: ({ servers }) => [...servers, "--image", image],
    around: { env: {} },
    code: 4,
    message: /^gocd-mesos: http:\S+ requires a login$/,
  },
  {
    name: "an account without its password",
    args: ({ servers }) => [...servers, ...usable],
    around: { env: {} },
    code: 2,
    message: /the password is not given$/,
  },
  {
    name: "a missing password file",
    args: ({ servers }) => [...servers, ...usable, "--password-file", "/nowhere/password"],
    code: 2,
    message: /go-server\.password-file: cannot read the secret in \/nowhere\/password: it does not exist$/,
  },
  {
    name: "an account that is not an administrator",
    args: ({ servers }) => [...servers, ...usable],
    options: { gocd: { security: { kind: "on", users: [{ name: userName, password, admin: false }] } } },
    code: 4,
    message: /the GoCD account is not an administrator/,
  },
  {
    name: "a Mesos master that cannot be reached",
    args: ({ servers }) => [...servers.slice(0, 4), "--mesos", "127.0.0.1:2", ...usable],
    code: 3,
    message: /Mesos master http:\/\/127\.0\.0\.1:2: the connection was refused$/,
  },
  {
    name: "a missing Mesos login",
    args: ({ servers }) => [...servers, ...usable],
    options: { mesos: { credentials: [{ principal: "scaler", secret: "right" }] } },
    code: 4,
    message: /127\.0\.0\.1:\d+ requires a login$/,
  },
  {
    name: "an invalid image reference",
    args: ({ servers }) => [...servers, "--user", userName, "--image", "https://hub/agent"],
    code: 2,
    message: /go-agent\.docker-image: .*: it is a URL$/,
  },
  {
    name: "a missing folder",
    args: ({ servers, folder }) => [...servers, ...usable, `${folder}/etc/framework.conf`],
    code: 2,
    message: /cannot write \S+\/etc\/framework\.conf: its folder does not exist$/,
  },
  {
    name: "unanswered questions",
    args: () => [],
    around: { answers: [] },
    code: 2,
    message: /the questions were not answered; nothing was written$/,
  },
];

for (const { name, args, around, code, message, options } of refusals) {
  Deno.test(`init refuses ${name}, and writes nothing`, async () => {
    await inScene(options ?? {}, async (scene) => {
      const given = args(scene);
      const line = /framework\.conf$/.test(given.at(-1) ?? "") ? given : [...given, scene.conf];
      assertRefused(await runLine(["init", ...line], { env, ...around }), code, message);
      assertEquals(scene.files(), {});
    });
  });
}

Deno.test("init shows the roles of the cluster with weight and quota, so that --role can name one", async () => {
  await inScene({ mesos: { weights: { ci: 2 }, quotaLimits: { ci: { cpus: 40 } } } }, async ({ init, servers }) => {
    const { all } = await init(["--yes", ...servers, ...usable, "--role", "ci"], { env });
    assertStringIncludes(all, "ok    mesos   role *: weight 1, 0 frameworks, no quota\n");
    assertStringIncludes(all, "ok    mesos   role ci: weight 2, 0 frameworks, quota: at most 40 cpus\n");
    assertStringIncludes(all, "ok    mesos   offers of the role ci are used");
  });
});

Deno.test("init replaces an existing file only with --force, and otherwise refuses before its first question", async () => {
  await inScene({}, async (scene) => {
    Deno.writeTextFileSync(scene.conf, "mine");
    assertRefused(await scene.init([], { answers: [] }), 2, /framework\.conf exists already$/);
    assertEquals(scene.files(), { "framework.conf": "mine" });
    const options = [...scene.servers, ...usable, "--force"];
    assertEquals((await scene.init(options, { env: { ...env, GOCD_AUTO_REGISTER_KEY: key } })).code, 0);
    await assertUsable(scene, { ...env, GOCD_AUTO_REGISTER_KEY: key });
    assertEquals(Object.keys(scene.files()), ["framework.conf"]);
  });
});

Deno.test("init prints the configuration if it cannot write the file", async () => {
  await inScene({}, async ({ servers, folder }) => {
    const { out } = await runLine(["init", ...servers, ...usable, `${folder}/etc/framework.conf`], { env });
    const text = out.slice(out.indexOf("gocd-mesos {"));
    Deno.writeTextFileSync(`${folder}/framework.conf`, text);
    assertEquals(loadConfig(`${folder}/framework.conf`, env).warnings, []);
  });
});

Deno.test({
  name: "init writes a file with a ZooKeeper password that only its owner can read",
  ignore: !hasZookeeper,
  // The writing client of the test leaves its own timers behind.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await using server = await startZookeeper();
    await using writer = await openWriter(server.address);
    await inScene({}, async (scene) => {
      const { port } = scene.cluster.mesosHttp;
      const master = { address: { hostname: "127.0.0.1", ip: "127.0.0.1", port } };
      await writer.create("/mesos/json.info_", JSON.stringify(master), "EPHEMERAL_SEQUENTIAL");
      const masters = `zk://reader:pass-1@${server.address}/mesos`;
      const written = await scene.init([...scene.servers.slice(0, 4), "--mesos", masters, ...usable], { env });
      assertEquals(written.code, 0, written.all);
      assert(!written.all.includes("pass-1"), written.all);
      assertEquals((Deno.statSync(scene.conf).mode ?? 0) & 0o777, 0o600);
    });
  },
});

Deno.test("init does not overwrite an existing secret file without --force", async () => {
  await inScene({}, async (scene) => {
    Deno.writeTextFileSync(`${scene.folder}/auto-register-key`, "mine");
    const written = await scene.init([...scene.servers, ...usable], { env, answers: [] });
    assertEquals(written.code, 2);
    assertStringIncludes(written.err, "auto-register-key exists already");
    assertStringIncludes(written.err, "give it as --key-file, or add --force to replace it");
  });
});

Deno.test("init gives environments with similar names profiles with different names", async () => {
  const names = [
    "none",
    "plain",
    "prod.eu",
    "prod-eu",
    "a-very-long-name-of-an-environment-1",
    "a-very-long-name-of-an-environment-2",
  ];
  await inScene({}, async (scene) => {
    const options = [...scene.servers, ...usable, "--environments", names.join(",")];
    const written = await scene.init(options, { env });
    assertEquals(written.code, 0, written.all);
    const { profiles } = loadConfig(scene.conf, env).settings;
    assertEquals(
      profiles.flatMap((profile) => profile.environments),
      names.toSorted().filter((name) => name !== "none"),
    );
    assertEquals(new Set(profiles.map(({ name }) => name)).size, names.length);
  });
});

Deno.test("init takes environments from the waiting jobs of GoCD 15.2, which has no list of environments", async () => {
  await inScene({ version: "15.2.0" }, async (scene) => {
    schedule(scene.cluster, "api", ["docker"], "prod");
    const written = await scene.init([...scene.servers, ...usable], { env });
    assertEquals(written.code, 0, written.all);
    assertMatch(written.out, /^ok {4}serve {3}environments: prod$/m);
  });
});

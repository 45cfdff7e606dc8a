// The real program with a secret of every kind, against servers that send back everything they receive: no output
// contains any of them, in any form. How they are removed: tests/secret_test.ts.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { runCli } from "../../src/cli/cli.ts";
import { fakeTerminal } from "../cli/support.ts";
import { clusterNames, startCluster } from "../support/cluster.ts";
import { until } from "../support/scaled_clock.ts";

const root = new URL("../../", import.meta.url).pathname;

const secrets = {
  password: `pw-"qu\\o<t>e&d%/ + x'ä`,
  mesosSecret: `mesos-"s\\ecret<&>/+`,
  gocdToken: "gocd-token-0123456789",
  mesosToken: "mesos-token-0123456789",
  key: "auto-register-key-4711",
  adminToken: "admin-token-4711",
  env: "env-secret-of-go-agent",
  profileEnv: "env-secret-of-profile",
  envFile: "env-secret-in-a-file",
  zookeeper: "zoo-keeper-pw",
  stateZookeeper: "state-zoo-keeper-pw",
  proxy: "proxy-pw-4711",
  uri: "uri-pw-4711",
  webhookPath: "webhook-path-4711",
  webhookSecret: "webhook-secret-4711",
} as const;

/** All that a secret may look like. */
function formsOf(secret: string): readonly string[] {
  const base64 = (text: string): string =>
    btoa(String.fromCharCode(...new TextEncoder().encode(text))).replace(/=+$/, "");
  return [
    secret,
    base64(secret),
    base64(`scaler:${secret}`),
    base64(`gocd:${secret}`),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  ];
}

function assertSilent(output: string, where: string): void {
  for (const [name, secret] of Object.entries(secrets)) {
    for (const form of formsOf(secret)) {
      const at = output.indexOf(form);
      assert(at < 0, `${where} has ${name}: ${output.slice(Math.max(0, at - 200), at + 100)}`);
    }
  }
}

/** A server that refuses everything in turns and sends back what it received, in every form. */
function startEcho(): { readonly port: number; readonly asked: () => number; close(): Promise<void> } {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    await request.body?.cancel();
    const header = request.headers.get("authorization") ?? "none";
    const [, coded = ""] = header.split(" ");
    const bytes = header.startsWith("Basic") ? Uint8Array.from(atob(coded), (char) => char.charCodeAt(0)) : undefined;
    const plain = bytes === undefined ? coded : new TextDecoder().decode(bytes).replace(/^[^:]*:/, "");
    const asWrapped = coded.replace(/(.{8})/g, "$1\r\n");
    const { pathname } = new URL(request.url);
    const text = `you sent ${header} that is ${plain}\nor ${asWrapped} of it, to ${pathname}`;
    asked++;
    const kinds: readonly (() => Response)[] = [
      () =>
        new Response(JSON.stringify({ message: text }), {
          status: 500,
          headers: { "content-type": "application/json" },
        }),
      () => new Response(text, { status: 400, headers: { "content-type": "text/plain" } }),
      () =>
        new Response(`<a><message>${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</message></a>`, {
          status: 403,
        }),
      () =>
        new Response(text, {
          status: 302,
          headers: { location: `http://127.0.0.1:1/${encodeURIComponent(plain)}?t=${encodeURIComponent(header)}` },
        }),
      () =>
        new Response(text, {
          status: 307,
          headers: { location: `http://u:${encodeURIComponent(plain)}@127.0.0.1:1/x` },
        }),
      () => new Response(encodeURIComponent(text), { status: 401, headers: { "www-authenticate": coded } }),
      () => new Response(text, { status: 503, headers: { "retry-after": "0" } }),
      () => new Response(text, { status: 200, headers: { "content-type": "application/json" } }),
    ];
    return kinds[asked % kinds.length]?.() ?? new Response(text, { status: 500 });
  });
  return { port: server.addr.port, asked: () => asked, close: () => server.shutdown() };
}

interface Started {
  /** Standard output and error so far. */
  readonly output: () => string;
  signal(name: Deno.Signal): void;
  readonly ended: Promise<number>;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--quiet", `--config=${root}deno.json`, `${root}main.ts`, ...args],
    env: { NO_COLOR: "1", HTTP_PROXY: "", NO_PROXY: "127.0.0.1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  let hasEnded = false;
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) output += text;
  };
  const readings = Promise.all([read(child.stdout), read(child.stderr)]);
  return {
    output: () => output,
    signal: (name) => {
      if (!hasEnded) child.kill(name);
    },
    ended: (async () => {
      const { code } = await child.status;
      hasEnded = true;
      await readings;
      return code;
    })(),
  };
}

/** Runs a command to its end within this process; gives all that it writes. */
async function run(args: readonly string[]): Promise<string> {
  const terminal = fakeTerminal();
  return terminal.written(await runCli(args, terminal.io)).all;
}

/** As a separate process with its own variables. */
async function runApart(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const started = start(args, env);
  await started.ended;
  return started.output();
}

interface ConfigChoice {
  readonly gocd: string;
  readonly mesos: string;
  readonly login: "basic" | "bearer";
  readonly format: "text" | "json";
  readonly more?: string;
}

function configText(folder: string, { gocd, mesos, login, format, more = "" }: ConfigChoice): string {
  const text = JSON.stringify;
  const logins = login === "basic"
    ? `go-server { user-name = scaler, password = ${text(secrets.password)} }
       mesos { principal = gocd, secret = ${text(secrets.mesosSecret)} }`
    : `go-server.access-token = ${text(secrets.gocdToken)}
       mesos.token = ${text(secrets.mesosToken)}`;
  return `gocd-mesos {
    mesos-master = ${text(mesos)}
    go-server.url = ${text(gocd)}
    ${logins}
    go-agent {
      auto-register-key = ${text(secrets.key)}, docker-image = "agent:1"
      env { SECRET = ${text(secrets.env)} }
      uris = ["https://user:${secrets.uri}@files.example/x.tar.gz"]
    }
    profiles { linux { env { MORE = ${text(secrets.profileEnv)} }, env-files { FILE = "${folder}/env-secret" } } }
    poller { interval = 1 second, max-interval = 1 second, attempts = 0 }
    notify {
      after = 0
      webhooks.t { url = "${new URL(gocd).origin}/${secrets.webhookPath}", secret = ${text(secrets.webhookSecret)} }
    }
    http { listen = "127.0.0.1:0", admin-token = ${text(secrets.adminToken)} }
    log { level = debug, format = ${format} }
    state.path = state.db
    ${more}
  }\n`;
}

const pagePaths = [
  ...["", "fragment", "api/status", "metrics", "health", "nothing", "api/commands/drain"],
  ...["status", "jobs", "demand", "agents", "gocd-agents", "profiles", "hosts", "problems", "events", "openapi.json"]
    .map((last) => `api/v1/${last}`),
];

async function pagesOf(url: string, token: string): Promise<string> {
  const texts = await Promise.all(pagePaths.map(async (path) => {
    const isCommand = path.startsWith("api/commands");
    const answer = await fetch(url + path, {
      method: isCommand ? "POST" : "GET",
      headers: { authorization: `Bearer ${token}` },
    });
    return `${JSON.stringify([...answer.headers])}\n${await answer.text()}`;
  }));
  return texts.join("\n");
}

async function withFolder(act: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "gocd-mesos-secrets-" });
  try {
    await Deno.writeTextFile(`${folder}/env-secret`, `${secrets.envFile}\n`);
    await act(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [login, format] of [["basic", "text"], ["bearer", "json"]] as const) {
  Deno.test(`no output contains a secret that the servers send back (${login}, ${format})`, () =>
    withFolder(async (folder) => {
      const echo = startEcho();
      const conf = `${folder}/framework.conf`;
      const choice = { gocd: `http://127.0.0.1:${echo.port}/go`, mesos: `127.0.0.1:${echo.port}`, login, format };
      await Deno.writeTextFile(conf, configText(folder, choice));
      const program = start(["start", conf]);
      try {
        const atUrl = /status page on (http:\/\/[^\s"]+)/;
        await until(() => atUrl.test(program.output()) && echo.asked() > 12, program.output);
        const url = atUrl.exec(program.output())?.[1] ?? "";
        const control = JSON.parse(await Deno.readTextFile(`${folder}/state.db.control`));
        assertEquals(((await Deno.stat(`${folder}/state.db.control`)).mode ?? 0) & 0o777, 0o600);
        assertSilent(JSON.stringify(control), "the control file");
        const pages = await pagesOf(url, "wrong") + await pagesOf(url, secrets.adminToken);
        assertSilent(pages, "the page");
        assert(!pages.includes(control.token), "the page has the token of the control file");
        await Deno.writeTextFile(conf, configText(folder, { ...choice, more: 'go-agent.env.SECRET = "another"' }));
        program.signal("SIGHUP");
        await until(() => /configuration/.test(program.output()), program.output);
        const commands = [
          ["notify-test", conf],
          ["plan", conf],
          ["plan", "--json", conf],
          ["why", conf, "x"],
          ["check", conf],
          ["doctor", conf],
          ["status", conf],
          ["agents", conf],
          ["events", conf],
          [
            "state",
            "show",
            conf,
          ],
          ["state", "export", conf],
        ];
        for (const args of commands) assertSilent(await run(args), args.join(" "));
        program.signal("SIGTERM");
        assertEquals(await program.ended, 0);
        assertMatch(program.output(), /\*\*\*/, "the servers did tell secrets back");
        assertSilent(program.output(), "the log");
        assert(!program.output().includes(control.token), "the log has the token of the control file");
        for (const args of commands.slice(0, 5)) assertSilent(await run(args), `${args.join(" ")} while nothing runs`);
        for (const entry of Deno.readDirSync(folder)) {
          if (/^(framework.conf|env-secret)$/.test(entry.name)) continue;
          assertSilent(new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${entry.name}`)), entry.name);
        }
      } finally {
        program.signal("SIGKILL");
        await program.ended;
        await echo.close();
      }
    }));
}

Deno.test("no output contains a password of ZooKeeper, of a proxy or of an invalid file", () =>
  withFolder(async (folder) => {
    const gocd = "http://127.0.0.1:1/go";
    const mesos = `zk://zoo:${secrets.zookeeper}@127.0.0.1:1,127.0.0.1:2/mesos`;
    const choice: ConfigChoice = { gocd, mesos, login: "basic", format: "text" };
    const write = async (name: string, text: string): Promise<string> => {
      await Deno.writeTextFile(`${folder}/${name}`, text);
      return `${folder}/${name}`;
    };
    const plain = await write("zk.conf", configText(folder, choice));
    const inState = await write(
      "state.conf",
      configText(folder, { ...choice, more: `state.path = "zk://zoo:${secrets.stateZookeeper}@127.0.0.1:1/x"` }),
    );
    const wrong = await write(
      "wrong.conf",
      configText(folder, { ...choice, more: "frobnicate = 1, go-server.password { x = 1 }" }),
    );
    const cut = await write("cut.conf", configText(folder, choice).slice(0, -4).replace(/"\s*\}/, " }"));
    const proxy = { HTTP_PROXY: `http://user:${secrets.proxy}@127.0.0.1:1`, NO_PROXY: "" };
    const far = await write(
      "far.conf",
      configText(folder, { ...choice, gocd: "http://gocd.invalid/go", mesos: "master.invalid:5050" }),
    );
    const outputs = await Promise.all([
      run(["check", plain]),
      run(["state", "show", inState]),
      run(["check", wrong]),
      run(["start", wrong]),
      run(["plan", "--json", cut]),
      runApart(["check", far], proxy),
      runApart(["plan", far], proxy),
    ]);
    for (const output of outputs) {
      assert(output.length > 20, output);
      assertSilent(output, output);
    }
  }));

Deno.test("log, page, state file and export of an ordinary run contain no secret", () =>
  withFolder(async (folder) => {
    const cluster = startCluster({ speed: 1, bootDelayMs: 500 });
    const conf = `${folder}/framework.conf`;
    const more = `state.path = "state.db", log { level = debug, format = text }, http.listen = "127.0.0.1:0"
      poller { interval = 1 second, attempts = 0, max-interval = 1 second }
      go-agent.env { SECRET = "${secrets.env}" }
      go-agent.uris = ["https://user:${secrets.uri}@files.example/x.tar.gz"]
      go-agent.env-files { FILE = "${folder}/env-secret" }`;
    await Deno.writeTextFile(conf, cluster.configText(more));
    const program = start(["start", conf]);
    const check = (output: string, where: string): void => {
      assertSilent(output, where);
      for (const secret of [clusterNames.password, clusterNames.key]) {
        assert(!output.includes(secret), `${where} has ${secret}`);
      }
    };
    try {
      cluster.advance();
      cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources: [], durationMs: 60_000 });
      await until(() => {
        cluster.advance();
        return cluster.running.size > 0 && cluster.gocd.agents().length > 0;
      }, program.output);
      const url = /status page on (http:\/\/\S+)/.exec(program.output())?.[1] ?? "";
      check(await pagesOf(url, "wrong"), "the page");
      check(await run(["state", "export", conf]), "the export");
      check(await run(["why", conf, "j"]), "why");
      for (const name of ["", "-wal", "-history", "-history-wal"].map((end) => `state.db${end}`)) {
        check(new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/${name}`)), name);
      }
      check(program.output(), "the log");
    } finally {
      program.signal("SIGKILL");
      await program.ended;
      await cluster.close();
    }
  }));

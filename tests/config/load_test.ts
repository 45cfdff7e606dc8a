// The configuration read from framework.conf. Its errors: problems_test.ts. HOCON: hocon_test.ts.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { mastersText, serverUrlText } from "../../src/net/addresses.ts";
import { loadConfig } from "../../src/config/load.ts";
import { load, loadKeys, oldFile, problemsOf, revealed, withKeys } from "./support.ts";

Deno.test("the file of the 2015 framework works unchanged", () => {
  const config = load(oldFile);
  assertEquals(mastersText(config.mesos.masters), "mesos-master:5050");
  assertEquals(serverUrlText(config.gocd.url), "http://localhost:8080/go");
  assertEquals(revealed(config.gocd.credentials), {
    kind: "basic",
    userName: "random-guy",
    password: "random-insecure-string",
  });
  assertEquals(config.gocd.autoRegisterKey?.reveal(), "random_UUID_key");
  const [profile, ...more] = config.settings.profiles;
  assertEquals(more, []);
  assertEquals(profile?.name, "default");
  assertEquals(profile?.container.image, "travix/gocd-agent:latest");
  assertEquals(profile?.gocdResources, []);
  assertEquals(profile?.role, "*");
  assertEquals(profile?.mesosResources.cpusMilli, 1000);
  assertEquals(profile?.mesosResources.memMbMilli, 1_024_000);
  assertEquals(config.settings.poller.intervalMs, 120_000);
  assertEquals(config.settings.poller.attempts, 5);
  assertEquals(config.settings.poller.maxIntervalMs, 120_000);
  assertEquals(config.settings.scaling.maxAgents, 50);
  assertEquals(config.settings.scaling.drainConfirmMs, 20_000);
  assertEquals(config.mesos.failoverTimeoutMs, 604_800_000);
  assertEquals(config.mesos.roles, ["*"]);
  assertEquals(config.mesos.credentials, { kind: "none" });
  assertEquals(config.state, { kind: "sqlite", path: "/conf/gocd-mesos.db" });
  assertEquals(config.http, { listen: { host: "127.0.0.1", port: 8090 } });
  assertEquals(config.log, { level: "info", format: "auto" });
});

Deno.test("a server that agents cannot reach from a container is a warning, not an error", () => {
  assertStringIncludes(load(oldFile).warnings.join(), "go-server.agent-url");
  assertEquals(loadKeys("").warnings, []);
});

Deno.test("${?ENV} is taken from the environment, and an unset one leaves the key out", () => {
  const text = withKeys(`go-server { user-name = u, password = "x", password = \${?GOCD_PASSWORD} }
    scaling.max-agents = \${?AGENTS}`);
  const set = load(text, { env: { GOCD_PASSWORD: "p:{}#'\"", AGENTS: "7" } });
  assertEquals(revealed(set.gocd.credentials)["password"], "p:{}#'\"");
  assertEquals(set.settings.scaling.maxAgents, 7);
  assertEquals(set.envNames, ["GOCD_PASSWORD", "AGENTS"]);
  const unset = load(text);
  assertEquals(revealed(unset.gocd.credentials)["password"], "x");
  assertEquals(unset.settings.scaling.maxAgents, 50);
});

for (
  const [keys, key, message, name] of [
    ["go-server { user-name = u, password = ${?X_PW} }", "go-server.password", "user name, but no password", "X_PW"],
    ["go-server { user-name = u, password-file = ${?X_FILE} }", "go-server.password", "no password", "X_FILE"],
    ["go-server { user-name = ${?X_USER}, password = p }", "go-server.user-name", "no user name", "X_USER"],
    ["go-server { user-name = u }\ngo-server.password = ${?X_PW}", "go-server.password", "no password", "X_PW"],
    ["go-server { user-name = u }\ngo-server.password = ${?X_EMPTY}", "go-server.password", "no password", "X_EMPTY"],
    ["go-server = null, go-server.host = ${?X_HOST}", "go-server.host", "it is missing", "X_HOST"],
    ["go-server = null, go-server.url = ${?X_URL}", "go-server.host", "it is missing", "X_URL"],
    ["mesos-master = null, mesos-master = ${?X_M}", "mesos-master", "it is missing", "X_M"],
    ['mesos-master = null, mesos-master = ${?X_M}":5050"', "mesos-master", "", undefined],
    ["mesos { principal = ${?X_WHO}, secret = s }", "mesos.secret", "no mesos.principal", "X_WHO"],
    ["go-agent = null, go-agent.docker-image = ${?X_I}", "go-agent.docker-image", "it is missing", "X_I"],
    ["go-agent = { docker-image = ${?X_I} }, profiles.a {}", "profiles.a.docker-image", "", "X_I"],
    ["go-server { user-name = u }", "go-server.password", "no password", undefined],
  ] as const
) {
  Deno.test(`the error for a missing value names its unset environment variable: ${keys}`, () => {
    const text = withKeys(keys);
    const problem = problemsOf(
      keys.includes("profiles") ? text.replace('go-agent.docker-image = "agent:1"', "") : text,
      {
        env: { X_EMPTY: "" },
      },
    ).problems.find((each) => each.key === key);
    assertStringIncludes(problem?.message ?? "", message);
    const named = /: the environment variable (\w+) is not set, or empty$/.exec(problem?.message ?? "")?.[1];
    assertEquals([named, /^set (\w+) where gocd-mesos is started, or /.exec(problem?.hint ?? "")?.[1]], [name, name]);
  });
}

Deno.test("a warning reports a login whose environment variable is not set, unless another login remains", () => {
  const login = "go-server { user-name = ${?U}, password = ${?P}, access-token = ${?T} }";
  const more = "mesos { principal = p, secret = ${?S} }\ngo-agent.auto-register-key = ${?K}";
  const text = withKeys(`${login}\n${more}`);
  const told = (env: Readonly<Record<string, string>>): readonly string[] =>
    load(text, { env }).warnings.flatMap((line) =>
      /^(\S+) is not given: .* (\w+) is not set/.exec(line)?.slice(1) ?? []
    );
  assertEquals(told({}), [
    ...["mesos.secret", "S", "go-agent.auto-register-key", "K"],
    ...["go-server.access-token", "T", "go-server.user-name", "U", "go-server.password", "P"],
  ]);
  assertEquals(told({ S: "s", K: "k", T: "t" }), []);
  assertEquals(told({ S: "s", K: "k", U: "u", P: "p" }), []);
  assertEquals(load(withKeys("")).warnings, []);
});

Deno.test("a missing configuration file and a folder are reported differently", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const missing = assertThrows(() => loadConfig(`${folder}/none.conf`, {}), ConfigError);
    assertEquals(missing.code, "config-file-missing");
    assertStringIncludes(missing.message, "it does not exist");
    const asFolder = assertThrows(() => loadConfig(folder, {}), ConfigError);
    assertEquals(asFolder.code, "config-file-unreadable");
    assertStringIncludes(asFolder.message, "it is a folder");
    await Deno.writeTextFile(`${folder}/framework.conf`, oldFile);
    assertEquals(loadConfig(`${folder}/framework.conf`, {}).state, { kind: "sqlite", path: `${folder}/gocd-mesos.db` });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the URL of the GoCD server is completed from host, port or URL", () => {
  for (
    const [keys, url] of [
      ["", "http://gocd:8153/go"],
      ['go-server.port = "8080"', "http://gocd:8080/go"],
      ['go-server.host = "::1"', "http://[::1]:8153/go"],
      ['go-server.url = "https://ci.example.com/"', "https://ci.example.com/go"],
      ['go-server.url = "https://ci.example.com/x/go/"', "https://ci.example.com/x/go"],
    ] as const
  ) {
    assertEquals(serverUrlText(loadKeys(keys).gocd.url), url);
  }
  const config = loadKeys('go-server.agent-url = "http://internal:8153"');
  assertEquals([config.gocd.url, config.gocd.agentUrl].map(serverUrlText), [
    "http://gocd:8153/go",
    "http://internal:8153/go",
  ]);
});

Deno.test("a long poller.interval raises the defaults of max-interval and stale-after", () => {
  const { poller } = loadKeys("poller.interval = 20 minutes").settings;
  assertEquals([poller.maxIntervalMs, poller.staleAfterMs], [1_200_000, 3_600_000]);
});

Deno.test("the web UI URL in Mesos comes from http.advertise or LIBPROCESS_IP, and is absent otherwise", () => {
  const env = { LIBPROCESS_IP: "10.0.0.7" };
  assertEquals(loadKeys("").mesos.webuiUrl, undefined);
  assertEquals(loadKeys("", { env }).mesos.webuiUrl, "http://10.0.0.7:8090");
  assertEquals(
    loadKeys('http.advertise = "https://page.example.com"', { env }).mesos.webuiUrl,
    "https://page.example.com",
  );
  assertEquals(loadKeys('http.advertise = "page:80"', { env }).mesos.webuiUrl, "http://page:80");
  assertEquals(loadKeys("http.listen = off", { env }).http, {});
  assertStringIncludes(loadKeys("", { env: { LIBPROCESS_IP: "?!" } }).warnings.join(), "LIBPROCESS_IP");
});

Deno.test("the state is a file relative to the configuration or a path in ZooKeeper, set by state or state.path", () => {
  assertEquals(loadKeys('state = "x.db"').state, { kind: "sqlite", path: "/conf/x.db" });
  assertEquals(loadKeys('state.path = "/var/x.db"').state, { kind: "sqlite", path: "/var/x.db" });
  const { state } = loadKeys('state { path = "zk://u:hunter2@h1,h2:2182/gocd-mesos/" }');
  assertEquals(revealed(state), {
    kind: "zookeeper",
    servers: [{ host: "h1", port: 2181 }, { host: "h2", port: 2182 }],
    path: "/gocd-mesos",
    auth: "u:hunter2",
  });
});

Deno.test("the credentials of a ZooKeeper address are separated", () => {
  const { mesos } = loadKeys('mesos-master = "zk://u:$&@h1,h2:2182/mesos"');
  assertEquals(mastersText(mesos.masters), "zk://h1:2181,h2:2182/mesos");
  assertEquals(mesos.masters.kind === "zookeeper" && mesos.masters.auth?.reveal(), "u:$&");
});

Deno.test("Mesos credentials are basic with a principal, bearer with a token", () => {
  const basic = loadKeys("mesos { principal = p, secret = s }").mesos;
  assertEquals(basic.principal, "p");
  assertEquals(revealed(basic.credentials), { kind: "basic", userName: "p", password: "s" });
  const bearer = loadKeys("mesos { principal = p, token = t }").mesos;
  assertEquals([bearer.principal, bearer.credentials.kind], ["p", "bearer"]);
  assertEquals(loadKeys("mesos.roles = [a, b/c, a]").mesos.roles, ["a", "b/c"]);
});

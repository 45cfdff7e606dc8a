// The flags of a binary with an embedded configuration.

import { assertEquals, assertThrows } from "@std/assert";
import { compileFlags, namesHost } from "../../scripts/flags.ts";
import { loadPartially } from "../../src/config/load.ts";
import type { Rights } from "../../src/runtime/rights.ts";

const servers = ["mesos.example:5050", "gocd.example:8153"];

for (
  const [listen, net] of [
    ['"127.0.0.1:8090"', ["127.0.0.1:8090"]],
    ['"0.0.0.0:8090"', ["0.0.0.0:8090", "127.0.0.1:8090"]],
    ['"[::]:8090"', ["[::]:8090", "[::1]:8090"]],
    ["off", ["127.0.0.1"]],
  ] as const
) {
  Deno.test(`a compiled binary has permission to connect to its own page with http.listen = ${listen}`, () => {
    const conf = Deno.makeTempFileSync({ suffix: ".conf" });
    try {
      Deno.writeTextFileSync(
        conf,
        `gocd-mesos {
  mesos-master = "mesos.example:5050", mesos.allowed-hosts = [], go-server { host = "gocd.example", port = 8153 }
  go-agent.docker-image = "agent:1", http.listen = ${listen}
}`,
      );
      const { rights, flags } = compileFlags(loadPartially(conf, {}));
      assertEquals(rights.net.toSorted(), [...servers, ...net].toSorted());
      assertEquals(flags[0], `--allow-net=${rights.net.join(",")}`);
    } finally {
      Deno.removeSync(conf);
    }
  });
}

/** What `deno task compile --config` grants for a file beside which no variable is set. */
function granted(text: string): Rights {
  return compileFlags(loadPartially("f.conf", {}, undefined, () => `gocd-mesos {\n${text}\n}`)).rights;
}

Deno.test("a binary is compiled even if secrets of its configuration are missing and other keys are wrong", () => {
  const { net, read, write, env } = granted(`
    mesos-master = "mesos.example:5050", mesos { principal = p, secret-file = "/nowhere/secret" }
    go-server { host = gocd.example, user-name = admin, password = \${GOCD_PASSWORD}, ca-file = "/nowhere/ca.pem" }
    http { listen = off, admin-token = \${ADMIN_TOKEN} }, state.path = "/var/lib/gm/state.db"
    scaling.max-agentz = 5`);
  assertEquals(net, ["mesos.example:5050", "gocd.example:8153", "127.0.0.1"]);
  assertEquals(read, ["f.conf", "/var/lib/gm", "/nowhere/secret", "/nowhere/ca.pem", "/var/lib/gm/state.db.control"]);
  assertEquals(write.filter((file) => !file.startsWith("/var/lib/gm/state.db")), []);
  assertEquals(env.slice(-2), ["GOCD_PASSWORD", "ADMIN_TOKEN"]);
});

Deno.test("a binary is compiled with the hosts of webhooks, and not compiled if they are unknown", () => {
  const read = (url: string) => () =>
    `gocd-mesos { mesos-master = "m:5050", go-server.host = g, http.listen = off
      notify.webhooks.team { ${url}, secret = \${WEBHOOK_SECRET}, ca-file = "/nowhere/ca.pem" } }`;
  const { rights } = compileFlags(loadPartially("f.conf", {}, namesHost, read('url = "https://hooks.example/x"')));
  assertEquals(rights.net, ["m:5050", "g:8153", "hooks.example:443", "127.0.0.1"]);
  const none = loadPartially("f.conf", {}, namesHost, read("url = ${?NOT_SET}"));
  assertThrows(() => compileFlags(none), Error, "notify.webhooks.team.url");
});

for (
  const [key, text] of [
    ["mesos-master", "mesos-master = ${MASTERS}, go-server.host = g"],
    ["mesos-master", "go-server.host = g"],
    ["go-server.url", 'mesos-master = "m:5050", go-server.url = "ftp://g"'],
    ["go-server.host", 'mesos-master = "m:5050", go-server.host = ${GOCD}'],
    ["http.listen", 'mesos-master = "m:5050", go-server.host = g, http.listen = 8090x'],
    ["state.path", 'mesos-master = "m:5050", go-server.host = g, state.path = "zk://u:"${PW}"@z:2181/s"'],
  ] as const
) {
  Deno.test(`a binary is not compiled for the unknown hosts of ${text}`, () => {
    assertThrows(() => granted(text), Error, `: ${key}: `);
  });
}

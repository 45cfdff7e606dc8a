// The permissions that a configuration needs. Granting them: scripts/.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Hosts, hostsOf } from "../../src/config/hosts.ts";
import { parseHostPort, parseMasters } from "../../src/net/addresses.ts";
import { load, loadKeys, oldFile, problemsOf, withKeys } from "./support.ts";

function hosts(keys: string): Hosts {
  return hostsOf(loadKeys(keys));
}

/** Whether a proxy stands between is asked of the same variables that fetch obeys. */
const envOfAll = [
  "LIBPROCESS_IP",
  ...["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"],
];

Deno.test("the file of 2015 needs only its master, its GoCD server, its status page, its files and the proxy variables", () => {
  assertEquals(hostsOf(load(oldFile)), {
    net: ["mesos-master:5050", "localhost:8080", "127.0.0.1:8090"],
    read: ["/conf/framework.conf", "/conf"],
    write: ["/conf/gocd-mesos.db"],
    env: [...envOfAll],
    gaps: [],
  });
});

const masters: readonly (readonly [written: string, net: readonly string[]])[] = [
  ["m", ["m:5050"]],
  ["M1:5051, m2 ,10.0.0.1:5050", ["m1:5051", "m2:5050", "10.0.0.1:5050"]],
  ["http://m", ["m:80"]],
  ["https://m/", ["m:443"]],
  ["https://m:5051,http://n:5050", ["m:5051", "n:5050"]],
  ["[::1]:5051", ["[::1]:5051"]],
  ["fd00::1", ["[fd00::1]:5050"]],
  ["http://[fd00::1]:5050", ["[fd00::1]:5050"]],
  ["zk://u:p@h1,h2:2182,[::1]:2183/mesos", ["h1:2181", "h2:2182", "[::1]:2183"]],
];

for (const [written, net] of masters) {
  Deno.test(`mesos-master = "${written}" needs network access to ${net.join(" ")}`, () => {
    const more = ["gocd:8153", "127.0.0.1:8090"];
    assertEquals(hosts(`mesos-master = "${written}"`).net, [...net, ...more]);
  });
}

Deno.test("the GoCD server is listed with its port or the default port of its scheme", () => {
  assertEquals(hosts('go-server.url = "https://ci.example.com/go", http.listen = off').net, [
    "m:5050",
    "ci.example.com:443",
  ]);
  assertEquals(hosts('go-server.url = "http://[::1]/go", http.listen = off').net, ["m:5050", "[::1]:80"]);
  assertEquals(hosts('go-server.agent-url = "http://elsewhere/go", http.listen = off').net, ["m:5050", "gocd:8153"]);
});

Deno.test("the address of the status page is listed unless the page is off", () => {
  assertEquals(hosts('http.listen = "[::]:80"').net, ["m:5050", "gocd:8153", "[::]:80"]);
  assertEquals(hosts("http.listen = off").net, ["m:5050", "gocd:8153"]);
});

Deno.test("allowed hosts are listed, and an IPv6 block is reported as a gap with its key", () => {
  const { net, gaps } = hosts(
    'mesos.allowed-hosts = ["m2:5050", m3, "10.0.0.0/8", "fd00::/8"], http.listen = off',
  );
  assertEquals(net, ["m:5050", "m2:5050", "m3", "10.0.0.0/8", "gocd:8153"]);
  assertEquals(gaps.map((gap) => gap.key), ["mesos.allowed-hosts"]);
  assertStringIncludes(gaps[0]?.message ?? "", "fd00::/8");
});

Deno.test("zk:// is reported as a gap unless mesos.allowed-hosts is set", () => {
  assertStringIncludes(hosts('mesos-master = "zk://z/mesos"').gaps[0]?.hint ?? "", "allowed-hosts =");
  assertEquals(hosts('mesos-master = "zk://z/mesos", mesos.allowed-hosts = ["m:5050"]').gaps, []);
});

Deno.test("a state in ZooKeeper needs network access to its servers and no file", () => {
  const { net, write } = hosts('state = "zk://z1,z2:2182/x", http.listen = off');
  assertEquals(net, ["m:5050", "gocd:8153", "z1:2181", "z2:2182"]);
  assertEquals(write, []);
});

Deno.test("each used file and variable is listed once", () => {
  const files = { "/run/p": "p", "/conf/ca.pem": "-----BEGIN CERTIFICATE-----" };
  const config = loadKeys(
    `state = "/var/lib/x/state.db"
     go-server { user-name = \${?USER_NAME}, user-name = u, password-file = "/run/p", ca-file = ca.pem }
     go-agent.env-files { T = "/run/t" }
     go-agent.env { A = \${?USER_NAME} }`,
    { files },
  );
  const { read, write, env } = hostsOf(config);
  assertEquals(read, ["/conf/framework.conf", "/var/lib/x", "/run/p", "/conf/ca.pem", "/run/t"]);
  assertEquals(write, ["/var/lib/x/state.db"]);
  assertEquals(env, [...envOfAll, "USER_NAME"]);
});

Deno.test("invalid hosts and ports are refused", () => {
  for (const text of ["", "a b", "h:99999", "h:-1", "[::1", "h:1:x", "http://h", "u@h"]) {
    assertEquals(parseHostPort(text, 1).ok, false, text);
  }
});

for (
  const address of [
    "http://mesos:5050/master",
    "https://mesos:0",
    "m:0",
    "m1,m2:0",
    "zk://h1:2181/a/../b",
    "zk://h1:2181/a/.",
    "zk://h1:0/mesos",
    "zk://h1,h2:0/mesos",
    "zk:///mesos",
  ]
) {
  Deno.test(`mesos-master = "${address}" is refused with its key and line`, () => {
    const problem = problemsOf(withKeys(`mesos-master = "${address}"`));
    assertEquals([problem.code, problem.problems[0]?.key], ["config-bad-value", "mesos-master"]);
    assertEquals(parseMasters(address).ok, false);
    if (!address.startsWith("zk://")) return;
    const state = problemsOf(withKeys(`state = "${address}"`));
    assertEquals([state.code, state.problems[0]?.key], ["config-bad-value", "state"]);
  });
}

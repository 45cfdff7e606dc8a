// The effective configuration as shown to people: the source of each value, and no secrets.

import { assertEquals } from "@std/assert";
import { loadConfig } from "../../src/config/load.ts";

const secrets = ["pa55word-1", "k3y-2", "t0ken-3", "pa55word-4", "va1ue-5", "h00k-6", "va1ue-7", "va1ue-8"];
const files: Readonly<Record<string, string>> = {
  "/etc/framework.conf": `include "more.conf"
gocd-mesos {
  mesos-master: "zk://user:${secrets[3]}@zk1:2181,zk2:2181/mesos"
  mesos.allowed-hosts = ["10.0.0.0/8"]
  go-server { host: "gocd", port: "8080", user-name: "u", password: "${secrets[0]}" }
  go-agent {
    auto-register-key: "${secrets[1]}"
    docker-image: "gocd/gocd-agent:v1"
    env { TOKEN = "${secrets[4]}" }
    arguments = ["--secret=${secrets[6]}"]
    docker-parameters = [{ key = "label", value = "${secrets[7]}" }]
  }
  profiles { linux { cpus = 2, resources = [linux, docker] } }
  http.admin-token = \${TOKEN}
}`,
  "/etc/more.conf": `gocd-mesos.scaling.max-agents = 7
gocd-mesos.notify.webhooks.ops.url = "https://hooks.example.org/${secrets[5]}"`,
};

function entries(): ReadonlyMap<string, readonly [string, string | undefined]> {
  const config = loadConfig("/etc/framework.conf", { TOKEN: secrets[2] ?? "" }, (path) => {
    const text = files[path];
    if (text === undefined) throw new Deno.errors.NotFound(path);
    return text;
  });
  return new Map((config.entries ?? []).map(({ key, value, from }) => [key, [value, from]]));
}

const wanted: readonly (readonly [string, string, string | undefined])[] = [
  ["scaling.max-agents", "7", "/etc/more.conf:1"],
  ["mesos-master", "zk://…@zk1:2181,zk2:2181/mesos", "/etc/framework.conf:3"],
  ["mesos.allowed-hosts", "10.0.0.0/8", "/etc/framework.conf:4"],
  ["go-server.password", "set (not shown)", "/etc/framework.conf:5"],
  ["go-agent.docker-image", "gocd/gocd-agent:v1", "/etc/framework.conf:8"],
  ["go-agent.env", "names: TOKEN", "/etc/framework.conf:9"],
  ["go-agent.arguments", "set (not shown)", "/etc/framework.conf:10"],
  ["profiles.linux.resources", "linux, docker", "/etc/framework.conf:13"],
  ["profiles.linux.cpus", "2", "/etc/framework.conf:13"],
  ["http.admin-token", "set (not shown)", "/etc/framework.conf:14"],
  ["poller.interval", "2 minutes", undefined],
  ["go-agent.containerizer", "docker", undefined],
];
for (const [key, value, from] of wanted) {
  Deno.test(`${key} is listed as ${value}, from ${from ?? "the table of keys"}`, () => {
    assertEquals(entries().get(key), [value, from]);
  });
}

Deno.test("the listed configuration contains no secrets, and no values that may contain one", () => {
  const text = JSON.stringify([...entries()]);
  for (const secret of secrets) assertEquals(text.includes(secret), false, secret);
});

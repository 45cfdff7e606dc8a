// SIGHUP: a valid new file becomes active and its changes are logged without secrets; otherwise the old one stays
// active.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { configChanges } from "../../src/cli/config_diff.ts";
import { type ReloadCause, reloadConfig } from "../../src/cli/reload.ts";
import { loadConfig } from "../../src/config/load.ts";
import { keys } from "../../src/config/keys.ts";
import { createLog } from "../../src/log/log.ts";
import { clusterNames, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { until } from "../support/scaled_clock.ts";
import { startRunning } from "./running.ts";
import { confFolder, runLine } from "./support.ts";

const plain = `mesos-master = "m:5050", go-server { host = h, port = 1, user-name = u, password = old-secret }
go-agent { docker-image = "i:1", auto-register-key = old-key }`;

const differences: readonly (readonly [behind: string, changes: readonly string[]])[] = [
  ["", []],
  ["poller.interval = 5 seconds", ["poller.interval 2 min → 5 s"]],
  ["poller { interval = 119 seconds, assign-grace = 1500 ms }", [
    "poller.assign-grace 90 s → 1500 ms",
    "poller.interval 2 min → 119 s",
  ]],
  ["poller.attempts = 2, scaling.max-agents = 7", ["poller.attempts 5 → 2", "scaling.max-agents 50 → 7"]],
  ["go-server.password = new-secret", ["go-server.password"]],
  ["go-server.access-token = new-secret, go-server.user-name = null, go-server.password = null", [
    "go-server.password removed",
    "go-server.token added",
    "go-server.user-name removed",
  ]],
  ["go-agent.auto-register-key = new-secret", ["go-agent.auto-register-key"]],
  ["go-agent.env { A = new-secret }", ["profile default: env"]],
  ["go-agent { cpus = 2, privileged = true, kill-grace = 5 seconds }", [
    "profile default: cpus 1 → 2",
    "profile default: kill-grace 30 s → 5 s",
    "profile default: privileged off → on",
  ]],
  ["http.admin-token = a-new-secret-of-some-length", ["http.admin-token added"]],
  ['mesos-master = "zk://u:new-secret@z:2181/mesos"', ["mesos-master"]],
  ["log.level = debug", ["log.level"]],
  ["history { keep = 2 days, max-size = 64 MB, path = h.db }", [
    "history.keep 7 d → 2 d",
    "history.max-size",
    "history.path added",
  ]],
  ['notify { after = 5 minutes, webhooks.t.url = "https://h/new-secret" }', [
    "notify.after 2 min → 5 min",
    "notify.webhooks.t.events added",
    "notify.webhooks.t.format added",
    "notify.webhooks.t.url added",
  ]],
];

for (const [behind, changes] of differences) {
  Deno.test(`a changed setting is reported by its key and without secrets: ${behind || "none"}`, () => {
    const load = (text: string) => loadConfig("f.conf", {}, () => `gocd-mesos {\n${text}\n}`);
    assertEquals(configChanges(load(plain), load(`${plain}\n${behind}`)), changes);
  });
}

Deno.test("a long list of changes is truncated and contains no secrets", () => {
  const load = (text: string) => loadConfig("f.conf", {}, () => `gocd-mesos {\n${text}\n}`);
  const many = Array.from({ length: 40 }, (_, index) => `p${index} { env.TOKEN = new-secret }`).join("\n");
  const changes = configChanges(load(plain), load(`${plain}\nprofiles {\n${many}\n}`));
  assertEquals(changes.length, 21);
  assertMatch(changes.at(-1) ?? "", /^and \d+ more$/);
  assert(!changes.join().includes("secret"));
});

Deno.test("reported changes use the keys of the file", () => {
  const load = (text: string) => loadConfig("f.conf", {}, () => `gocd-mesos {\n${text}\n}`);
  const known = new Set(keys.map((spec) => spec.path));
  const told = configChanges(
    load(plain),
    load(`${plain}
poller { interval = 5 s, max-interval = 6 s, attempts = 1, stale-after = 1 h, assign-grace = 9 s, ignore = [a] }
scaling { max-agents = 1, launch-timeout = 9 min, drain-confirm = 30 s }
http.listen = "127.0.0.1:1", log { level = debug, format = json }`),
  ).map((change) => change.split(" ")[0] ?? "");
  assertEquals(told.filter((key) => !known.has(key)), []);
  assert(told.length >= 10, told.join());
});

Deno.test("SIGHUP applies a valid file, and keeps the old configuration if the file is invalid", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  const write = (more: string): void => Deno.writeTextFileSync(folder.conf, cluster.configText(more));
  try {
    const running = await startRunning(folder.conf);
    const hup = async (log: string): Promise<void> => {
      const from = running.log().length;
      running.terminal.signal("SIGHUP");
      await running.logged(log, from);
    };
    await running.logged("subscribed");
    await hup("the configuration was reloaded: nothing has changed");
    write("poller.attempts = 3, poler.interval = 1 second");
    await hup("the new configuration is invalid, so the old one stays in effect");
    assertStringIncludes(running.log(), "there is no such key");
    assertStringIncludes(running.log(), "did you mean poller");
    write("poller.attempts = 3");
    await hup("poller.attempts 1 → 3");
    Deno.removeSync(folder.conf);
    await hup("the new configuration is invalid, so the old one stays in effect");
    write('state.path = "other.db"');
    // Said each time, because what runs is still the old one.
    await hup("state.path does not change");
    await hup("state.path does not change");
    write("history.path = other-history.db");
    await hup("whether and where the history is kept does not change");
    write("history.keep = 1 day");
    await hup("history.keep 7 d → 1 d");
    assert(!running.log().includes(clusterNames.password) && !running.log().includes(clusterNames.key));
    assertEquals(await running.stop(), 0);
    assertEquals([...Deno.readDirSync(folder.path)].some((entry) => entry.name.startsWith("other.db")), false);
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("a reload logs the same warnings and details as a start, and check reports the same warnings", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  const remarks = (log: string): readonly string[] =>
    log.split("\n").flatMap((line) =>
      / ((?:WARN|DEBUG).*framework\.conf:\d+: .*|DEBUG .*allowed-hosts.*)$/.exec(line)?.[1] ?? []
    );
  try {
    const running = await startRunning(folder.conf);
    await running.logged("subscribed");
    const from = running.log().length;
    const key = "go-agent.auto-register-key-file";
    Deno.writeTextFileSync(`${folder.path}/key`, `\uFEFF${clusterNames.key}\n`);
    Deno.writeTextFileSync(
      folder.conf,
      `${cluster.configText("log.level = debug, poller.attempts = 2")}
include "nowhere.conf"
gocd-mesos { go-agent.auto-register-key = null, ${key} = key, mesos.allowed-hosts = ["fd00::/8"] }`,
    );
    running.terminal.signal("SIGHUP");
    await running.logged("poller.attempts 1 → 2", from);
    const reloaded = remarks(running.log().slice(from));
    assertEquals(await running.stop(), 0);
    const started = await startRunning(folder.conf);
    await started.logged("subscribed");
    assertEquals(await started.stop(), 0);
    assertEquals(reloaded, remarks(started.log()));
    assertEquals(reloaded.length, 3, reloaded.join("\n"));
    const checked = (await runLine(["check", folder.conf])).out;
    for (const each of reloaded.filter((line) => line.startsWith("WARN"))) {
      assertStringIncludes(checked, each.replace(/^WARN\S* +/, ""));
    }
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("a reload logs new warnings if no setting has changed, and warnings about an invalid file", () => {
  const lines: string[] = [];
  const log = createLog({
    level: "info",
    format: "text",
    write: (line) => void lines.push(line.replace(/^\S+ /, "")),
    isTerminal: false,
    nowMs: () => 0,
  });
  const load = (more: string) =>
    loadConfig("f.conf", {}, (path) => {
      if (path === "f.conf") return `gocd-mesos {\n${plain}\n${more}\n}`;
      throw new Deno.errors.NotFound();
    });
  const current = load("");
  const reload = (cause: ReloadCause, more: string): readonly string[] => {
    lines.length = 0;
    reloadConfig({ cause, current, read: () => load(more), use: () => {}, log: () => log });
    return lines.map((line) => line.trim());
  };
  const missing = "the included file x.conf does not exist";
  assertEquals(reload("file-changed", ""), []);
  assertEquals(reload("file-changed", 'include "x.conf"').length, 1);
  assertStringIncludes(reload("file-changed", 'include "x.conf"')[0] ?? "", missing);
  assertStringIncludes(reload("signal", 'include "x.conf"').at(-1) ?? "", missing);
  assertStringIncludes(reload("signal", 'include "x.conf"\npoller.attempts = no').at(-1) ?? "", missing);
});

Deno.test("SIGHUP stops the program if its terminal was closed", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  try {
    const running = await startRunning(folder.conf, { hasHungUp: true });
    await running.logged("subscribed");
    running.terminal.signal("SIGHUP");
    assertEquals(await running.ended, 0);
    assertStringIncludes(running.log(), "stopping; agents keep running");
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("SIGHUP applies a new password, master, status page address and log level", async () => {
  const cluster = startCluster({ speed: 1 });
  const [nobody, first, second] = [freePort(), freePort(), freePort()];
  const wrong = cluster.configText(`poller { interval = 1 second, max-interval = 1 second }
    http.listen = "127.0.0.1:${first}", log.level = error`)
    .replace(`127.0.0.1:${cluster.mesosHttp.port}`, `127.0.0.1:${nobody}`).replace(clusterNames.password, "not-it");
  const folder = confFolder(wrong);
  try {
    const running = await startRunning(folder.conf);
    await running.logged("401");
    await running.logged("the connection was refused");
    Deno.writeTextFileSync(
      folder.conf,
      cluster.configText(
        `poller { interval = 1 second, max-interval = 1 second }, http.listen = "127.0.0.1:${second}"`,
      ),
    );
    const from = running.log().length;
    running.terminal.signal("SIGHUP");
    for (const text of [`status page on http://127.0.0.1:${second}/`, "subscribed", "gocd-version"]) {
      await running.logged(text, from);
    }
    const view = await (await fetch(`http://127.0.0.1:${second}/api/status`)).json();
    assertEquals([view.mesos.session, view.gocd.version], ["subscribed", "26.1.0"]);
    await until(() => isClosed(first), () => "the old listener is still open");
    assertEquals(await running.stop(), 0);
  } finally {
    folder.remove();
    await cluster.close();
  }
});

function isClosed(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch {
    return false;
  }
}

// The table of keys, and the texts generated from it. Values: load_test.ts.

import { assert, assertEquals } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { isSection, keys, keySpec } from "../../src/config/keys.ts";
import { load, loadKeys, withKeys } from "./support.ts";

const example = Deno.readTextFileSync(new URL("../../framework.conf.example", import.meta.url));

/** Dotted keys of the example, those behind a `#` too. */
function keysOfExample(): readonly string[] {
  const path: string[] = [];
  const found: string[] = [];
  for (const line of example.split("\n")) {
    const match = /^\s*(# )?([a-z][a-z-]*) (=|\{)/.exec(line);
    const name = match?.[2];
    if (name !== undefined) found.push([...path, name].join("."));
    const opens = name !== undefined && match?.[1] === undefined && /\{\s*$/.test(line);
    if (opens && name !== undefined) path.push(name);
    if (/^\s*\}\s*$/.test(line)) path.pop();
  }
  assertEquals(path, [], "braces of the example");
  return found.filter((key) => key !== "gocd-mesos").map((key) => key.replace(/^gocd-mesos\./, ""));
}

Deno.test("framework.conf.example shows every key of the table, and no other", () => {
  const shown = keysOfExample();
  const known = keys.map((spec) => spec.path).filter((key) => !key.startsWith("notify.webhooks."));
  assertEquals(known.filter((key) => !shown.includes(key)), []);
  assertEquals(shown.filter((key) => keySpec(key) === undefined && !isSection(key)), []);
  assert(shown.length > 90);
});

Deno.test("framework.conf.example loads, and differs from the defaults only where it recommends faster polling", () => {
  const { settings, mesos, gocd, state, http, log } = load(example);
  const plain = load(`gocd-mesos { mesos-master = "mesos-master:5050", go-server.host = localhost
    go-agent.docker-image = "${settings.profiles[0]?.container.image}" }`);
  const poller = { ...plain.settings.poller, intervalMs: 15_000, maxIntervalMs: 60_000, attempts: 1 };
  assertEquals(settings, { ...plain.settings, poller });
  assertEquals({ mesos, gocd, state, http, log }, {
    mesos: plain.mesos,
    gocd: plain.gocd,
    state: plain.state,
    http: plain.http,
    log: plain.log,
  });
});

Deno.test("the profiles commented out in framework.conf.example are valid", () => {
  const lines = example.split("\n").map((line) => /^ {2}# ( {2}[a-z]+ \{.*| *profiles \{|\})$/.exec(line)?.[1] ?? line);
  assertEquals(load(lines.join("\n")).settings.profiles.map((profile) => profile.name), ["linux", "browser"]);
});

Deno.test("the webhooks commented out in framework.conf.example are valid and show every key", () => {
  const shown = example.split("\n").map((line) =>
    /^ {4}# ( {2}[a-z]+ \{ .* \}| *webhooks \{|\})$/.exec(line)?.[1] ?? line
  );
  const text = shown.join("\n");
  const { notify } = load(text, {
    env: { SLACK_URL: "https://hooks.slack.com/services/a", WEBHOOK_SECRET: "s" },
    files: {
      "/run/secrets/webhook": "https://pager.example.com/",
      "/run/secrets/webhook-secret": "secret",
      "/etc/ssl/ca.pem": "-----BEGIN CERTIFICATE-----",
    },
  });
  assertEquals(notify.webhooks.map(({ name }) => name), ["team", "pager", "internal"]);
  const section = text.slice(text.indexOf("webhooks {"));
  const missing = keys.filter(({ path }) =>
    path.startsWith("notify.webhooks.") && !section.includes(`${path.split(".")[3]} =`)
  );
  assertEquals(missing.map(({ path }) => path), []);
});

/** Other keys that a key requires. */
function partnerOf(key: string): string {
  return /^notify\.webhooks\..*\.(format|events)$/.test(key) ? 'notify.webhooks.NAME.url = "http://h/"\n' : "";
}

Deno.test("each default of the table of keys can be written explicitly and changes nothing", () => {
  const bare = loadKeys("");
  for (const spec of keys) {
    if (spec.default === undefined) continue;
    const { settings, mesos } = loadKeys(`${partnerOf(spec.path)}${spec.path} = ${spec.default}`);
    assertEquals({ settings, mesos }, { settings: bare.settings, mesos: bare.mesos }, spec.path);
  }
});

Deno.test("each example of the table of keys is a valid value of its key", () => {
  const secret = "x".repeat(8);
  const pem = "-----BEGIN CERTIFICATE-----\n";
  const files = Object.fromEntries(
    keys.filter((spec) => spec.type === "path")
      .map(({ path, example }) => [example.replaceAll('"', ""), path.endsWith(".url-file") ? "http://h/" : pem]),
  );
  const env = Object.fromEntries(
    keys.flatMap((spec) => [...spec.example.matchAll(/\$\{\?(\w+)\}/g)].map((match) => [match[1] ?? "", secret])),
  );
  for (const spec of keys) {
    try {
      load(withKeys(`${spec.path} = ${spec.example}`), { env, files });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      // An example by itself may need its partner, e.g. a password its user.
      const codes = error.problems.map((problem) => problem.code);
      assert(codes.every((code) => code === "config-missing-key" || code === "config-conflict"), error.message);
    }
  }
});

Deno.test("keys are distinguished from sections, and profiles have all keys of go-agent except the auto-register keys", () => {
  assertEquals(new Set(keys.map((spec) => spec.path)).size, keys.length);
  assert(isSection("poller") && isSection("profiles") && isSection("profiles.x") && !isSection("poller.interval"));
  assertEquals(keySpec("profiles.x.cpus")?.path, "go-agent.cpus");
  assertEquals(keySpec("profiles.x.auto-register-key"), undefined);
  assertEquals(keySpec("profiles.x.nothing"), undefined);
  assert(isSection("notify") && isSection("notify.webhooks") && isSection("notify.webhooks.x"));
  assertEquals(keySpec("notify.webhooks.x.url")?.path, "notify.webhooks.NAME.url");
  assertEquals(keySpec("notify.webhooks.x.nothing"), undefined);
});

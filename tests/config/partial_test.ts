// A configuration of which a command needs only some keys.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { flawOf, loadPartially, type PartialConfig, requireKeys } from "../../src/config/load.ts";
import { load } from "./support.ts";

const connections = 'mesos-master = "m:5050", go-server.host = g, go-agent.docker-image = "agent:1"';

function partially(text: string, files: string[] = []): PartialConfig {
  return loadPartially("/conf/framework.conf", {}, undefined, (path) => {
    files.push(path);
    return `gocd-mesos { ${connections}\n${text}\n}`;
  });
}

Deno.test("a partial configuration does not read secrets and certificates", () => {
  const files: string[] = [];
  const part = partially(
    `go-server { user-name = u, password-file = pw, ca-file = ca }
     mesos { secret-file = s, token-file = t, ca-file = ca }
     http.admin-token-file = a, go-agent.auto-register-key-file = k`,
    files,
  );
  assertEquals([files, part.problems], [["/conf/framework.conf"], []]);
});

for (
  const [what, text, key] of [
    ["a value", "mesos.name = ${X}", "mesos.name"],
    ["a part of a text", 'mesos.name = "a"${X}"b"', "mesos.name"],
    ["a reference to another key", "a = ${X}\nmesos.name = ${gocd-mesos.a}", "mesos.name"],
    ["a reference below an unset key", "mesos.name = ${X.y}", "mesos.name"],
    ["a required reference to an optional one", "b = ${?X}\nmesos.name = ${gocd-mesos.b}", "mesos.name"],
    ["an item of a list", "go-agent.resources = [a, ${X}]", "go-agent.resources"],
    ["a list that is added to", "go-agent.resources = ${X}\ngo-agent.resources += b", "go-agent.resources"],
    ["lists next to each other", "go-agent.resources = ${X} [a]", "go-agent.resources"],
    ["an object", "profiles = ${X}", "profiles"],
    ["an object that is extended", "profiles.a = ${X} { cpus = 2 }", "profiles.a"],
    ["a number", "scaling.max-agents = ${X}", "scaling.max-agents"],
    ["a list by index", "go-agent.resources.0 = ${X}", "go-agent.resources"],
    ["a variable of the container", "go-agent.env.A = ${X}", "go-agent.env.A"],
    [
      "an option of Docker",
      "go-agent.docker-parameters = [{ key = label, value = ${X} }]",
      "go-agent.docker-parameters",
    ],
  ] as const
) {
  Deno.test(`an unset variable is reported only when its key is required: ${what}`, () => {
    const part = partially(text);
    // Helper keys of the cases are no keys of ours.
    const flaw = flawOf(part)?.replace(/^\S+ gocd-mesos\.[ab]: .*/, "");
    assertEquals(/there is no such key$/.test(flaw ?? "there is no such key"), true, flaw);
    const error = assertThrows(() => requireKeys(part, new RegExp(`^${key}`)), ConfigError);
    assertStringIncludes(error.message, "} is not set");
    assertThrows(() => load(`gocd-mesos { ${connections}\n${text}\n}`), ConfigError, "} is not set");
  });
}

Deno.test("an invalid key is an error when it is required, and a warning otherwise", () => {
  const part = partially("poller.interval = 5\nscaling.max-agentz = 1");
  requireKeys(part, /^(state|http)/);
  assertThrows(() => requireKeys(part, /^poller\./), ConfigError, "poller.interval: ");
  assertEquals(
    flawOf(part),
    "/conf/framework.conf:3: scaling.max-agentz: there is no such key (and 1 more: `gocd-mesos check` lists all)",
  );
});

Deno.test("an unset variable and one that is too long are reported differently", () => {
  const text = (value: string): string => `gocd-mesos { ${connections}\nmesos.name = ${value} }`;
  const long = { X: "x".repeat(65_537) };
  const want = "/conf/framework.conf:2: the environment variable X has 65537 characters, more than 65536";
  for (const value of ["${X}", "${?X}", 'a${?X}"b"']) {
    const error = assertThrows(() => load(text(value), { env: long }), ConfigError, want);
    assertEquals(error.hint, "set it to a shorter value");
  }
  assertThrows(() => load(text("${X}")), ConfigError, "/conf/framework.conf:2: ${X} is not set");
  assertEquals(load(text("${?X}")).mesos.name, "GoCD-Mesos");
  assertEquals(load(text("${X}"), { env: { X: "x".repeat(1_000) } }).mesos.name.length, 1_000);
});

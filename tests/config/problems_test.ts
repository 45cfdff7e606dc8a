// The problems reported for an invalid framework.conf. Invalid HOCON: hocon_test.ts. Invalid profiles:
// profiles_test.ts.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { problemsOf, withKeys } from "./support.ts";

interface Bad {
  readonly name: string;
  /** Inside `gocd-mesos`, from line 5. */
  readonly keys: string;
  readonly code: string;
  readonly key: string;
  readonly line?: number;
  readonly hint?: string;
  readonly message?: string;
}

const bads: readonly Bad[] = [
  {
    name: "a typo",
    keys: "go-server.username = x",
    code: "config-unknown-key",
    key: "go-server.username",
    line: 5,
    hint: "did you mean go-server.user-name?",
  },
  {
    name: "a typo in a section",
    keys: "\npoler { interval = 1 minute }",
    code: "config-unknown-key",
    key: "poler",
    line: 6,
    hint: "did you mean poller?",
  },
  {
    name: "a key outside of its section",
    keys: "user-name = x",
    code: "config-unknown-key",
    key: "user-name",
    hint: "did you mean go-server.user-name?",
  },
  {
    name: "an unknown key without a similar one",
    keys: "frobnicate = 1",
    code: "config-unknown-key",
    key: "frobnicate",
    hint: "`gocd-mesos example-config` shows all keys",
  },
  {
    name: "a quoted key with a dot",
    keys: '"poller.interval" = 1 minute',
    code: "config-unknown-key",
    key: "poller.interval",
  },
  {
    name: "an unknown key of a profile",
    keys: "profiles.a { cpu = 1 }",
    code: "config-unknown-key",
    key: "profiles.a.cpu",
    hint: "did you mean profiles.a.cpus?",
  },
  {
    name: "an auto-register key in a profile",
    keys: "profiles.a { auto-register-key = k }",
    code: "config-unknown-key",
    key: "profiles.a.auto-register-key",
    hint: "go-agent",
  },
  { name: "__proto__ as a key", keys: "__proto__ { x = 1 }", code: "config-unknown-key", key: "__proto__" },
  {
    name: "__proto__ as a name",
    keys: "go-agent.env { __proto__ = 1 }",
    code: "config-bad-value",
    key: "go-agent.env.__proto__",
  },
  {
    name: "constructor as a key",
    keys: "go-server.constructor = 1",
    code: "config-unknown-key",
    key: "go-server.constructor",
  },
  {
    name: "a list instead of a value",
    keys: "poller { attempts = [1] }",
    code: "config-wrong-type",
    key: "poller.attempts",
    hint: "attempts = 1",
  },
  { name: "a value instead of a section", keys: "poller = 1", code: "config-wrong-type", key: "poller" },
  {
    name: "a word instead of a number",
    keys: "go-agent.cpus = two",
    code: "config-wrong-type",
    key: "go-agent.cpus",
  },
  {
    name: "a fraction instead of an integer",
    keys: "poller.attempts = 1.5",
    code: "config-wrong-type",
    key: "poller.attempts",
  },
  {
    name: "a number instead of a boolean",
    keys: "go-agent.privileged = 7",
    code: "config-wrong-type",
    key: "go-agent.privileged",
  },
  {
    name: "a duration without a unit",
    keys: "poller.interval = 120",
    code: "config-bad-duration",
    key: "poller.interval",
    line: 5,
    hint: "write the unit, e.g. 120 seconds or 120 minutes",
  },
  {
    name: "a duration with a wrong unit",
    keys: "poller.interval = 2 minuts",
    code: "config-bad-duration",
    key: "poller.interval",
    hint: "2 minutes",
  },
  {
    name: "a duration that is a word",
    keys: "poller.interval = often",
    code: "config-bad-duration",
    key: "poller.interval",
  },
  {
    name: "a duration that is too short",
    keys: "scaling.drain-confirm = 5 seconds",
    code: "config-bad-value",
    key: "scaling.drain-confirm",
    hint: "at least 20 seconds",
  },
  {
    name: "a time limit that is too short",
    keys: "go-server.timeout = 10 ms",
    code: "config-bad-value",
    key: "go-server.timeout",
    hint: "at least 1 second",
  },
  {
    name: "an invalid amount of memory",
    keys: "go-agent.mem = 1 potato",
    code: "config-bad-memory",
    key: "go-agent.mem",
  },
  { name: "too little memory", keys: "go-agent.mem = 1", code: "config-bad-value", key: "go-agent.mem", hint: "32 MB" },
  {
    name: "an unknown word",
    keys: "log.level = loud",
    code: "config-bad-value",
    key: "log.level",
    hint: "write debug or info or warning or error",
  },
  {
    name: "a key given by one of its words",
    keys: "go-agent.image = x",
    code: "config-unknown-key",
    key: "go-agent.image",
    hint: "did you mean go-agent.docker-image?",
  },
  {
    name: "an invalid interval whose default is longer than max-interval",
    keys: "poller { interval = 5, max-interval = 30 seconds }",
    code: "config-bad-duration",
    key: "poller.interval",
  },
  { name: "a port out of range", keys: "go-server.port = 99999", code: "config-bad-value", key: "go-server.port" },
  {
    name: "a host that is a URL",
    keys: 'go-server.host = "http://gocd"',
    code: "config-bad-value",
    key: "go-server.host",
    hint: "go-server.url",
  },
  {
    name: "a URL of another scheme",
    keys: 'go-server.url = "ftp://gocd/go"',
    code: "config-bad-value",
    key: "go-server.url",
  },
  {
    name: "a URL with credentials",
    keys: 'go-server.url = "http://me:hunter2@gocd/go"',
    code: "config-bad-value",
    key: "go-server.url",
    hint: "go-server.user-name",
  },
  {
    name: "a master with credentials",
    keys: 'mesos-master = "http://me:hunter2@m:5050"',
    code: "config-bad-value",
    key: "mesos-master",
    hint: "mesos.principal",
  },
  { name: "an invalid master address", keys: 'mesos-master = "m:x"', code: "config-bad-value", key: "mesos-master" },
  {
    name: "a ZooKeeper address without a path",
    keys: 'mesos-master = "zk://u:hunter2@z:2181"',
    code: "config-bad-value",
    key: "mesos-master",
    message: "path",
  },
  {
    name: "token and password",
    keys: "go-server { user-name = u, password = hunter2, access-token = t }",
    code: "config-conflict",
    key: "go-server.access-token",
  },
  {
    name: "a user without a password",
    keys: "go-server.user-name = u",
    code: "config-missing-key",
    key: "go-server.password",
  },
  {
    name: "a password without a user",
    keys: "go-server.password = hunter2",
    code: "config-missing-key",
    key: "go-server.user-name",
  },
  {
    name: "a Mesos secret without a principal",
    keys: "mesos.secret = hunter2",
    code: "config-missing-key",
    key: "mesos.secret",
    hint: "mesos.principal",
  },
  {
    name: "a Mesos secret and a token",
    keys: "mesos { principal = p, secret = hunter2, token = hunter2 }",
    code: "config-conflict",
    key: "mesos.token",
  },
  { name: "role and roles", keys: "mesos { role = a, roles = [b] }", code: "config-conflict", key: "mesos.roles" },
  { name: "an invalid role", keys: 'mesos.role = "a//b"', code: "config-bad-value", key: "mesos.role" },
  {
    name: "max-interval below interval",
    keys: "poller { interval = 1 hour, max-interval = 1 minute }",
    code: "config-conflict",
    key: "poller.max-interval",
  },
  {
    name: "stale-after below max-interval",
    keys: "poller.stale-after = 1 minute",
    code: "config-conflict",
    key: "poller.stale-after",
  },
  {
    name: "an invalid pattern",
    keys: 'poller.ignore = ["a/b/c/d"]',
    code: "config-bad-value",
    key: "poller.ignore",
  },
  {
    name: "a listen address without a port",
    keys: "http.listen = localhost",
    code: "config-bad-value",
    key: "http.listen",
    hint: "127.0.0.1:8090",
  },
  {
    name: "a min-idle above max-agents",
    keys: "scaling.max-agents = 1\ngo-agent.min-idle = 2",
    code: "config-conflict",
    key: "scaling.max-agents",
  },
  {
    name: "a negative max-agents",
    keys: "scaling.max-agents = -1",
    code: "config-bad-value",
    key: "scaling.max-agents",
    hint: "at least 0",
  },
  { name: "an invalid state address", keys: 'state = "zk://u:hunter2@/"', code: "config-bad-value", key: "state" },
];

for (const bad of bads) {
  Deno.test(`${bad.name} is one problem with its key and a hint`, () => {
    const error = problemsOf(withKeys(bad.keys));
    const [problem, ...more] = error.problems;
    assertEquals(more, []);
    assertEquals([problem?.code, problem?.key], [bad.code, bad.key]);
    assertEquals(error.kind, "usage");
    assertEquals(error.code, bad.code);
    if (bad.line !== undefined) assertEquals(problem?.line, bad.line);
    if (bad.hint !== undefined) assertStringIncludes(error.hint, bad.hint);
    if (bad.message !== undefined) assertStringIncludes(error.message, bad.message);
    assert(!JSON.stringify(error).includes("hunter2") && !Deno.inspect(error).includes("hunter2"));
  });
}

Deno.test("all problems of a file are reported together, and the message has the first one and the number of others", () => {
  const error = problemsOf("gocd-mesos {\n  poller.intervall = 1 minute\n  go-agent.cpus = x\n}");
  assertEquals(error.problems.map((problem) => `${problem.line ?? "-"} ${problem.key}`), [
    "2 poller.intervall",
    "- mesos-master",
    "- go-server.host",
    "3 go-agent.docker-image",
    "3 go-agent.cpus",
  ]);
  assertEquals(
    error.message,
    "/conf/framework.conf:2: poller.intervall: there is no such key (and 4 more: `gocd-mesos check` lists all)",
  );
});

Deno.test("an invalid value that several profiles inherit is reported once", () => {
  const error = problemsOf(withKeys("go-agent.cpus = x\nprofiles { a {}, b {} }"));
  assertEquals(error.problems.length, 1);
});

Deno.test("a file without the section gocd-mesos is refused, with a similar name in the hint", () => {
  assertEquals(problemsOf("").code, "config-root-missing");
  const error = problemsOf("\ngocd-meso { mesos-master = m }");
  assertEquals([error.problems[0]?.line, error.hint], [2, "write gocd-mesos instead of gocd-meso"]);
  assertEquals(problemsOf("gocd-mesos = 1").code, "config-root-missing");
});

Deno.test("messages omit credentials, further lines and control characters of a value", () => {
  const shown: readonly (readonly [string, RegExp])[] = [
    ['http.listen = "user:hunter2@host"', /"\*\*\*@host" is not an address/],
    ['go-agent.cpus = """x\nhunter2"""', /"x\.\.\." is not a number/],
    ['go-agent.cpus = "x\\u001b[2Jy"', /"x \[2Jy" is not a number/],
  ];
  for (const [text, message] of shown) {
    const error = problemsOf(withKeys(text));
    assertMatch(error.message, message);
    assertEquals(error.message.includes("hunter2"), false);
  }
});

Deno.test("numbers that are not IP addresses are refused as hosts", () => {
  for (const host of ["99999999999999", "1.2.3.4.5", "300.1.1.1"]) {
    assertEquals(problemsOf(withKeys(`go-server.host = "${host}"`)).problems[0]?.key, "go-server.host");
    assertEquals(problemsOf(withKeys(`mesos-master = "${host}:5050"`)).problems[0]?.key, "mesos-master");
  }
});

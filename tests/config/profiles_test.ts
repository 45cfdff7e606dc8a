// The profiles of a configuration. Their placement: tests/core.

import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { environmentNameProblem, gocdResourceProblem } from "../../src/core/words/names.ts";
import { orphanClocks } from "../../src/core/profile_of.ts";
import type { AgentProfile } from "../../src/core/settings.ts";
import { loadKeys, problemsOf, withKeys } from "./support.ts";

function profile(keys: string): AgentProfile {
  const [first] = loadKeys(keys).settings.profiles;
  if (first === undefined) throw new Error("no profile");
  return first;
}

Deno.test("a profile inherits unset keys from go-agent, and its maps extend those of go-agent", () => {
  const { profiles } = loadKeys(`
    go-agent { cpus = 2, resources = [linux], env { A = 1, B = 2 }, labels { com.example.team = x }, idle-timeout = 1 hour }
    scaling.drain-timeout = 6 hours
    profiles {
      plain {}
      big { cpus = 8, mem = 16 GB, resources = [linux, big], env { B = 3, C = 4 }, drain-timeout = 1 day, docker-image = "x" }
    }`).settings;
  assertEquals(profiles.map((each) => each.name), ["plain", "big"]);
  const [plain, big] = profiles;
  assertEquals([plain?.mesosResources.cpusMilli, big?.mesosResources.cpusMilli], [2000, 8000]);
  assertEquals([plain?.gocdResources, big?.gocdResources], [["linux"], ["linux", "big"]]);
  assertEquals([plain?.container.env, big?.container.env], [{ A: "1", B: "2" }, { A: "1", B: "3", C: "4" }]);
  assertEquals(big?.container.labels, { "com.example.team": "x" });
  assertEquals([plain?.idleTimeoutMs, big?.idleTimeoutMs], [3_600_000, 3_600_000]);
  assertEquals([plain?.drainTimeoutMs, big?.drainTimeoutMs], [21_600_000, 86_400_000]);
  assertEquals([plain?.container.image, big?.container.image], ["agent:1", "x"]);
});

Deno.test("each profile needs an image, and go-agent needs none if there are profiles", () => {
  const head = 'gocd-mesos { mesos-master = m, go-server.host = g, profiles { a { docker-image = "i" }\n';
  const error = problemsOf(`${head} b {} } }`);
  assertEquals(error.problems.map((problem) => [problem.code, problem.key, problem.line]), [
    ["config-missing-key", "profiles.b.docker-image", 2],
  ]);
});

Deno.test("invalid names of profiles are refused", () => {
  for (const name of ['"a b"', "x".repeat(33), '"a.b"', '""']) {
    assertEquals(problemsOf(withKeys(`profiles { ${name} {} }`)).code, "config-bad-value", name);
  }
  assertEquals(problemsOf(withKeys("profiles { a = 1 }")).code, "config-wrong-type");
});

Deno.test("two profiles with indistinguishable task ids are refused", () => {
  for (const other of ["a-b", "A_B", "_a_b"]) {
    const { code, problems } = problemsOf(withKeys(`profiles { a_b {}, ${other} {} }`));
    assertEquals([code, problems[0]?.key], ["config-conflict", `profiles.${other}`]);
  }
  assertEquals(loadKeys("profiles { a_b {}, ab {} }").settings.profiles.length, 2);
});

Deno.test("resources and environments are lists, texts with commas, or *", () => {
  assertEquals(profile('go-agent.resources = "*"').gocdResources, "*");
  assertEquals(profile('go-agent.resources = "java, chrome 12"').gocdResources, ["java", "chrome 12"]);
  assertEquals(profile("go-agent.resources = [java, Java, a|b]").gocdResources, ["Java", "a|b"]);
  assertEquals(profile('go-agent.environments = ["*"]').environments, "*");
  assertEquals(profile("go-agent.environments = [prod, test-1.x]").environments, ["prod", "test-1.x"]);
  for (const bad of ['resources = ["a,b"]', 'resources = ["é"]', 'resources = ["*", a]', 'environments = ["a b"]']) {
    assertEquals(problemsOf(withKeys(`go-agent.${bad}`)).code, "config-bad-value", bad);
  }
});

Deno.test("resources and environments may be patterns with the characters allowed in names", () => {
  assertEquals(profile('go-agent.resources = [linux, "jdk-*"]').gocdResources, ["linux", "jdk-*"]);
  assertEquals(profile('go-agent.environments = ["test-*", "*-eu"]').environments, ["test-*", "*-eu"]);
  for (const bad of ['resources = ["é*"]', 'environments = ["a b*"]', 'environments = ["prod", "*"]']) {
    assertEquals(problemsOf(withKeys(`go-agent.${bad}`)).code, "config-bad-value", bad);
  }
});

Deno.test("min-idle requires an environment given by name", () => {
  const { problems: [problem] } = problemsOf(withKeys('go-agent { environments = ["test-*"], min-idle = 1 }'));
  assertEquals([problem?.code, problem?.key], ["config-conflict", "go-agent.min-idle"]);
  assertStringIncludes(problem?.hint ?? "", "add a name to environments");
  assertEquals(profile('go-agent { environments = ["test-*", test-1], min-idle = 1 }').minIdle, 1);
});

Deno.test("a priority is an integer, and 0 is the default", () => {
  assertEquals([profile("go-agent.priority = -3").priority, profile("go-agent.priority = 0").priority], [
    -3,
    undefined,
  ]);
  assertEquals(problemsOf(withKeys("go-agent.priority = 0.5")).code, "config-wrong-type");
});

Deno.test("resources and environments with which no agent could register are refused in the configuration", () => {
  for (const name of ["x".repeat(255), "x".repeat(256), "x".repeat(300), "a b", ".a", "é", "a\\tb"]) {
    for (const [key, rule] of [["resources", gocdResourceProblem], ["environments", environmentNameProblem]] as const) {
      const isGood = rule(name.replace("\\t", "\t")) === undefined;
      const text = withKeys(`go-agent.${key} = ["${name}"]`);
      if (isGood) profile(`go-agent.${key} = ["${name}"]`);
      else assertEquals(problemsOf(text).code, "config-bad-value", `${key} ${name}`);
    }
  }
});

Deno.test("an agent whose profile was removed has the default timeouts of the key table", () => {
  const { registerTimeoutMs, container: { killGraceMs } } = profile("");
  assertEquals(orphanClocks, { registerTimeoutMs, killGraceMs });
});

Deno.test("amounts are parsed in thousandths, and memory with and without units", () => {
  const { mesosResources } = profile(
    'go-agent { cpus = "0.5", mem = 1.5 GiB, disk = 10g, gpus = 2, port-mappings = [1, 2] }',
  );
  assertEquals(mesosResources, {
    cpusMilli: 500,
    memMbMilli: 1_536_000,
    diskMbMilli: 10_240_000,
    gpus: 2,
    portsCount: 2,
  });
  assertEquals(profile("go-agent.mem = 512").mesosResources.memMbMilli, 512_000);
  assertEquals(profile("go-agent.shm-size = 1 GB").container.shmSizeMb, 1024);
});

Deno.test("volumes are parsed as text and as objects", () => {
  const { volumes } = profile(`go-agent.volumes = [
    "/a:/b", "/a:/b2:ro", "cache:/c:rw"
    { host-path = /h, container-path = /c2, mode = RO }
    { name = n, driver = rexray, container-path = /c3 }
  ]`).container;
  assertEquals(volumes, [
    { kind: "host", hostPath: "/a", containerPath: "/b", mode: "RW" },
    { kind: "host", hostPath: "/a", containerPath: "/b2", mode: "RO" },
    { kind: "named", name: "cache", containerPath: "/c", mode: "RW" },
    { kind: "host", hostPath: "/h", containerPath: "/c2", mode: "RO" },
    { kind: "named", name: "n", driver: "rexray", containerPath: "/c3", mode: "RW" },
  ]);
});

Deno.test("ports, URIs and Docker parameters are parsed in all notations", () => {
  const { container } = profile(`go-agent {
    port-mappings = [8080, 53/udp, { container-port = 81, protocol = TCP }]
    uris = ["file:///x.tar.gz", { value = "http://h/x", extract = false, executable = true, cache = yes, output-file = y }]
    docker-parameters = [{ key = cap-add, value = SYS_PTRACE }]
  }`);
  assertEquals(container.portMappings, [
    { containerPort: 8080, protocol: "tcp" },
    { containerPort: 53, protocol: "udp" },
    { containerPort: 81, protocol: "tcp" },
  ]);
  assertEquals(container.uris, [
    { value: "file:///x.tar.gz", extract: true, executable: false, cache: false },
    { value: "http://h/x", extract: false, executable: true, cache: true, outputFile: "y" },
  ]);
  assertEquals(container.parameters, [{ key: "cap-add", value: "SYS_PTRACE" }]);
  assertEquals(profile("go-agent.docker-parameters { dns = [a, b], ulimit = c }").container.parameters, [
    { key: "dns", value: "a" },
    { key: "dns", value: "b" },
    { key: "ulimit", value: "c" },
  ]);
});

Deno.test("a network is BRIDGE, HOST or a name, and the default of the Mesos containerizer is HOST", () => {
  assertEquals(profile("").container.network, { mode: "BRIDGE" });
  assertEquals(profile("go-agent.network = host").container.network, { mode: "HOST" });
  assertEquals(profile("go-agent.network = build-net").container.network, { mode: "USER", name: "build-net" });
  assertEquals(profile("go-agent.containerizer = mesos").container.network, { mode: "HOST" });
  assertEquals(profile("go-agent.containerizer = mesos").container.type, "MESOS");
});

Deno.test("constraints are parsed with every operator", () => {
  const { constraints } = profile(`go-agent.constraints = [
    "rack == r1", "rack != r1", "rack in [r1, 'r 2']", "zone not in [z]", "hostname =~ build-.*", "@rack !~ x|y",
    "gpu exists", "gpu not exists"
  ]`);
  assertEquals(constraints, [
    { field: "rack", operator: "equals", value: "r1" },
    { field: "rack", operator: "not-equals", value: "r1" },
    { field: "rack", operator: "in", values: ["r1", "r 2"] },
    { field: "zone", operator: "not-in", values: ["z"] },
    { field: "hostname", operator: "matches", pattern: "build-.*" },
    { field: "@rack", operator: "not-matches", pattern: "x|y" },
    { field: "gpu", operator: "exists" },
    { field: "gpu", operator: "not-exists" },
  ]);
});

const bads: readonly (readonly [keys: string, code: string, key: string])[] = [
  ['constraints = ["rack"]', "config-bad-value", "constraints"],
  ['constraints = ["rack =="]', "config-bad-value", "constraints"],
  ['constraints = ["rack in r1"]', "config-bad-value", "constraints"],
  ['constraints = ["rack =~ ("]', "config-bad-value", "constraints"],
  ['constraints = ["gpu exists now"]', "config-bad-value", "constraints"],
  ["network = USER", "config-bad-value", "network"],
  ['volumes = ["/a"]', "config-bad-value", "volumes"],
  ['volumes = ["/a:b"]', "config-bad-value", "volumes"],
  ['volumes = ["./a:/b"]', "config-bad-value", "volumes"],
  ['volumes = ["/a:/b:rx"]', "config-bad-value", "volumes"],
  ["volumes = [{ host-path = /a, name = b, container-path = /c }]", "config-bad-value", "volumes"],
  ["volumes = [{ host-path = /a, driver = d, container-path = /c }]", "config-bad-value", "volumes"],
  ["volumes = [{ host-pth = /a, container-path = /c, name = nn }]", "config-unknown-key", "volumes.host-pth"],
  ["port-mappings = [70000]", "config-bad-value", "port-mappings"],
  ["port-mappings = [80/icmp]", "config-bad-value", "port-mappings"],
  ["uris = [{ extract = true }]", "config-bad-value", "uris"],
  ["docker-parameters = [{ key = a }]", "config-bad-value", "docker-parameters"],
  ["docker-parameters = [a]", "config-wrong-type", "docker-parameters"],
  ["env = [a]", "config-wrong-type", "env"],
  ['env { "A B" = 1 }', "config-conflict", "env"],
  ["env { A = 1 }, env-files { A = /x }", "config-conflict", "env-files"],
  ["shell = true", "config-conflict", "shell"],
  ["role = other", "config-conflict", "role"],
  ["min-idle = 3, max-agents = 2", "config-conflict", "min-idle"],
  ["max-jobs = 0", "config-bad-value", "max-jobs"],
  ['min-idle { none = 2, staging = 1 }, environments = "*", max-agents = 2', "config-conflict", "min-idle"],
  ["min-idle { staging = 1 }", "config-conflict", "min-idle"],
  ["min-idle { none = 1 }, environments = [staging]", "config-conflict", "min-idle"],
  ["min-idle { none = many }", "config-bad-value", "min-idle.none"],
  ["min-idle { none = -1 }", "config-bad-value", "min-idle.none"],
  ['min-idle { "a b" = 1 }', "config-bad-value", "min-idle.a b"],
  ["min-idle { a { b = 1 } }", "config-wrong-type", "min-idle.a"],
  ["scale-in = oldest", "config-bad-value", "scale-in"],
  ["keep-workspaces = maybe", "config-wrong-type", "keep-workspaces"],
  ["keep-peak-for = 30", "config-bad-duration", "keep-peak-for"],
  ["headroom = 10 percent", "config-bad-value", "headroom"],
  ['schedules = ["0 7 * * *"]', "config-wrong-type", "schedules"],
  ['schedules = [{ to = "0 7 * * *", min-idle = 1 }]', "config-missing-key", "schedules"],
  ['schedules = [{ from = "0 7 * * *", min-idle = 1 }]', "config-missing-key", "schedules"],
  ['schedules = [{ from = "7:00", to = "0 9 * * *", min-idle = 1 }]', "config-bad-value", "schedules.from"],
  ['schedules = [{ from = "0 7 * * *", to = "0 0 31 2 *", min-idle = 1 }]', "config-bad-value", "schedules.to"],
  ['schedules = [{ from = "0 7 * * *", to = "0 9 * * *" }]', "config-conflict", "schedules"],
  [
    'schedules = [{ from = "0 7 * * *", to = "0 9 * * *", min-idle = 1, time-zone = CETT }]',
    "config-bad-value",
    "schedules.time-zone",
  ],
  [
    'schedules = [{ from = "0 7 * * *", to = "0 9 * * *", min-idle = 1, timezone = UTC }]',
    "config-unknown-key",
    "schedules.timezone",
  ],
  [
    'schedules = [{ from = "0 7 * * *", to = "0 9 * * *", min-idle = 3 }], max-agents = 2',
    "config-conflict",
    "schedules",
  ],
  ['schedules = [{ from = "0 7 * * *", to = "0 9 * * *", headroom = x }]', "config-bad-value", "schedules.headroom"],
  [
    'schedules = [{ from = "0 7 * * *", to = "0 9 * * *", idle-timeout = 5 }]',
    "config-bad-value",
    "schedules.idle-timeout",
  ],
  ["headroom = 2000%", "config-bad-value", "headroom"],
  ["headroom = -1", "config-bad-value", "headroom"],
  ["max-lifetime = 1 minute", "config-bad-value", "max-lifetime"],
  ["network = HOST, port-mappings = [80]", "config-conflict", "port-mappings"],
  ["containerizer = mesos, network = BRIDGE", "config-conflict", "network"],
  ["containerizer = mesos, network = NONE", "config-conflict", "network"],
  ['containerizer = mesos, network = HOST, volumes = ["cache:/c"]', "config-conflict", "volumes"],
  [
    "volumes = [{ name = a, container-path = /a, driver = x }, { name = b, container-path = /b, driver = y }]",
    "config-conflict",
    "volumes",
  ],
  ["containerizer = mesos, privileged = true", "config-conflict", "privileged"],
  ["containerizer = mesos, docker-parameters { a = b }", "config-conflict", "docker-parameters"],
  ['docker-image = "a b"', "config-bad-value", "docker-image"],
  ["cpus = 0", "config-bad-value", "cpus"],
];

for (const [keys, code, key] of bads) {
  Deno.test(`go-agent { ${keys} } is refused as ${code}`, () => {
    const error = problemsOf(withKeys(`go-agent { ${keys} }`));
    assertEquals(error.problems.map((problem) => [problem.code, problem.key, problem.line]), [
      [code, `go-agent.${key}`, 5],
    ]);
    assertNotEquals(error.hint, "");
  });
}

for (
  const [keys, wanted] of [
    ["", undefined],
    ["go-agent.auto-register-key = k", "go-agent.auto-register-key"],
    ['go-agent.auto-register-key = ""', undefined],
    ["go-agent.env { AGENT_AUTO_REGISTER_KEY = k }", "go-agent.env.AGENT_AUTO_REGISTER_KEY"],
    ["profiles.p.env { AGENT_KEY = k }, go-agent.auto-register-key = j", "profiles.p.env.AGENT_KEY"],
    [
      "profiles.p.env { AGENT_AUTO_REGISTER_KEY = k }, go-agent.env { AGENT_KEY = j }",
      "profiles.p.env.AGENT_AUTO_REGISTER_KEY",
    ],
    ['profiles.p.env { AGENT_AUTO_REGISTER_KEY = "" }, go-agent.auto-register-key = j', undefined],
    ["profiles.p.env-files { AGENT_AUTO_REGISTER_KEY = k }", "profiles.p.env-files.AGENT_AUTO_REGISTER_KEY"],
    ['profiles.p.docker-parameters { env = "AGENT_AUTO_REGISTER_KEY=k" }', "profiles.p.docker-parameters"],
  ] as const
) {
  Deno.test(`the auto-register key of the container precedes the common one: ${keys}`, () => {
    assertEquals(profile(`${keys}, profiles.p.cpus = 1`.replace(/^, /, "")).registerKey, wanted);
  });
}

Deno.test("files named in env-files are relative to the configuration", () => {
  const config = loadKeys("go-agent.env-files { T = secrets/t, U = /run/u }");
  assertEquals(config.settings.profiles[0]?.container.envFiles, { T: "/conf/secrets/t", U: "/run/u" });
  assertEquals(config.readFiles, ["/conf/secrets/t", "/run/u"]);
});

Deno.test("the hash of a profile changes only with settings of its containers", () => {
  const hash = (keys: string): string => profile(keys).hash;
  const plain = hash("");
  assertMatch(plain, /^[0-9a-f]{8}$/);
  for (
    const keys of [
      "go-agent.cpus = 2",
      'go-agent.docker-image = "agent:2"',
      "go-agent.env { A = 1 }",
      "go-agent.resources = [a]",
      'go-agent.volumes = ["/a:/b"]',
      "go-agent.network = HOST",
      "go-agent.labels { a = b }",
    ]
  ) {
    assertNotEquals(hash(keys), plain, keys);
  }
  for (
    const keys of [
      "go-agent.max-agents = 2",
      "go-agent.idle-timeout = 1 hour",
      "go-agent.kill-grace = 1 minute",
      "poller.attempts = 1",
      'go-agent.constraints = ["gpu exists"]',
      "go-agent.placement = spread",
      "go-agent.environments = [a]",
      "profiles.other {}",
    ]
  ) {
    assertEquals(hash(keys), plain, keys);
  }
  assertEquals(hash("go-agent.env { A = 1, B = 2 }"), hash("go-agent.env { B = 2, A = 1 }"));
  assertEquals(hash("go-agent.resources = [a, b]"), hash("go-agent.resources = [b, a]"));
});

Deno.test("the hash of a known profile is the same as in earlier versions", () => {
  assertEquals(profile("").hash, "57dcc36e");
});

Deno.test("the role of a profile must be one of the framework's", () => {
  assertEquals(profile("mesos.roles = [a, b]").role, "a");
  assertEquals(profile("mesos.roles = [a, b], go-agent.role = b").role, "b");
  assertStringIncludes(problemsOf(withKeys("mesos.roles = [a, b], go-agent.role = c")).hint, "write one of a, b");
});

Deno.test("min-idle by environment, headroom, max-jobs and max-lifetime are parsed for each profile", () => {
  const { settings: { profiles } } = loadKeys(
    'go-agent { environments = "*", min-idle { none = 1, Staging = 2 }, headroom = "12.5%", max-jobs = 3 }\n' +
      "profiles { a {}, b { min-idle = 4, headroom = 2, max-lifetime = 12 hours } }",
  );
  const upkeep = profiles.map((
    { minIdle, minIdleOf, headroom, maxJobs, maxLifetimeMs },
  ) => [minIdle, minIdleOf, headroom, maxJobs, maxLifetimeMs]);
  assertEquals(upkeep, [
    [0, { "": 1, Staging: 2 }, { kind: "share", percent: 12.5 }, 3, undefined],
    [4, undefined, { kind: "count", agents: 2 }, 3, 12 * 3_600_000],
  ]);
});

Deno.test("schedules are parsed with their values and time zones", () => {
  const { settings: { profiles: [profile] } } = loadKeys(
    'go-agent { environments = "*", schedules = [\n' +
      '{ from = "0 7 * * mon-fri", to = "0 19 * * mon-fri", time-zone = "Europe/Berlin", min-idle = 5 }\n' +
      '{ from = "0 12 * * *", to = "0 13 * * *", min-idle { none = 1 }, headroom = "50%", idle-timeout = 1 minute }] }',
  );
  assertEquals(profile?.schedules, [
    { from: "0 7 * * mon-fri", to: "0 19 * * mon-fri", timeZone: "Europe/Berlin", minIdle: 5 },
    {
      from: "0 12 * * *",
      to: "0 13 * * *",
      timeZone: "UTC",
      minIdle: 0,
      minIdleOf: { "": 1 },
      headroom: { kind: "share", percent: 50 },
      idleTimeoutMs: 60_000,
    },
  ]);
});

Deno.test("scale-in, keep-workspaces and keep-peak-for are parsed, and defaults are left out", () => {
  const upkeepOf = (text: string): unknown => {
    const [profile] = loadKeys(text).settings.profiles;
    return [profile?.scaleIn, profile?.keepsWorkspaces, profile?.keepPeakForMs];
  };
  assertEquals(upkeepOf(""), [undefined, undefined, undefined]);
  assertEquals(upkeepOf("go-agent { scale-in = longest-idle, keep-workspaces = false, keep-peak-for = 0 }"), [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals(upkeepOf("go-agent { scale-in = spread, keep-workspaces = on, keep-peak-for = 30 minutes }"), [
    "spread",
    true,
    30 * 60_000,
  ]);
});

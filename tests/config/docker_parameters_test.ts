// Docker options and variables that would change an agent's name or take its container out of our control.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { loadKeys, problemsOf, withKeys } from "./support.ts";

for (
  const [keys, key] of [
    ["go-agent.env { AGENT_AUTO_REGISTER_HOSTNAME = x }", "go-agent.env.AGENT_AUTO_REGISTER_HOSTNAME"],
    ["go-agent.env { AGENT_HOSTNAME = x }", "go-agent.env.AGENT_HOSTNAME"],
    ['go-agent.env-files { AGENT_HOSTNAME = "/etc/hostname" }', "go-agent.env-files.AGENT_HOSTNAME"],
    ["profiles.a { env { AGENT_HOSTNAME = x } }", "profiles.a.env.AGENT_HOSTNAME"],
    ["go-agent.docker-parameters { hostname = x }", "go-agent.docker-parameters: hostname"],
    ["go-agent.docker-parameters { domainname = ci.example.com }", "go-agent.docker-parameters: domainname"],
    [
      'go-agent.docker-parameters { env = ["A=1", "AGENT_HOSTNAME=x"] }',
      "go-agent.docker-parameters: env AGENT_HOSTNAME",
    ],
  ] as const
) {
  Deno.test(`a warning names the key, whose value is not used: ${keys}`, () => {
    const warnings = loadKeys(keys).warnings.filter((each) => each.includes("named by its Mesos task id"));
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0] ?? "", key);
  });
}

for (
  const [keys, hint] of [
    ['go-agent.docker-parameters { "--cap-add" = SYS_PTRACE }', "write cap-add"],
    ["go-agent.docker-parameters { e = A }", "write env"],
    ["go-agent.docker-parameters { h = a }", "write hostname"],
    ['go-agent.docker-parameters = [{ key = v, value = "/m2:/home/go/.m2" }]', "write volume"],
    ["go-agent.docker-parameters { P = true }", "write publish-all"],
    ["go-agent.docker-parameters { x = a }", "write the long name of an option, without dashes in front"],
    ["go-agent.docker-parameters { cap_add = SYS_PTRACE }", "write cap-add"],
    ["go-agent.docker-parameters { Cap-Add = SYS_PTRACE }", "write cap-add"],
    ['go-agent.docker-parameters { "cap-add=SYS_PTRACE" = "" }', "write cap-add"],
    ["go-agent.docker-parameters { help = true }", "remove it"],
    ["go-agent.docker-parameters { net = host }", "write the key network instead"],
    ["go-agent.docker-parameters { network = host }", "write the key network instead"],
    ["go-agent.docker-parameters { uts = host }", "remove it"],
    ["go-agent.docker-parameters { detach = true }", "remove it"],
    ["go-agent.docker-parameters { name = agent }", "remove it"],
    ["go-agent.docker-parameters { restart = always }", "remove it"],
    ["go-agent.env { GO_EA_SERVER_URL = x }", "remove it"],
  ] as const
) {
  Deno.test(`${keys} is refused: ${hint}`, () => {
    const { problems } = problemsOf(withKeys(keys));
    assertEquals(problems.map((each) => [each.code, each.hint]), [["config-conflict", hint]]);
  });
}

Deno.test("an option unknown to Docker 28 is a warning", () => {
  const { warnings } = loadKeys('go-agent.docker-parameters { volumes = "/a:/b", frobnicate = 1 }');
  const told = warnings.filter((each) => each.includes("docker-parameters"));
  assertEquals(told.length, 2);
  assertStringIncludes(told[0] ?? "", "docker run has no option --volumes as of Docker 28");
  assertStringIncludes(told[0] ?? "", "did you mean volume?");
  assertEquals(told[1]?.includes("did you mean"), false);
});

Deno.test("cidfile is a warning", () => {
  const { warnings } = loadKeys('go-agent.docker-parameters { cidfile = "/run/agent.cid" }');
  assertStringIncludes(warnings.join("\n"), "cidfile makes each launch fail on a host where the file already exists");
});

Deno.test("other Docker options and variables cause no warning", () => {
  const { warnings } = loadKeys(
    'go-agent { docker-parameters { cap-add = SYS_PTRACE, env = "A=AGENT_HOSTNAME", volume = "/a:/b" }, env { AGENT_MEM = 256m } }',
  );
  assertEquals(warnings.filter((each) => each.includes("go-agent")), []);
});

Deno.test("a warning recommends an auto-register key where nothing proves that an agent is ours", () => {
  const told = (keys: string): string | undefined =>
    loadKeys(keys).warnings.find((each) => each.includes("stay Pending"))?.replace(/^.*?: /, "");
  const why = "without go-agent.auto-register-key its agents stay Pending";
  assertEquals(
    told("go-agent { containerizer = mesos }"),
    `go-agent.containerizer: ${why}: with the Mesos containerizer nothing proves that they are ours; set the key`,
  );
  assertEquals(told("go-agent { containerizer = mesos, network = cni-net }")?.includes(why), true);
  assertEquals(
    told("go-agent { network = HOST }"),
    `go-agent.network: ${why}: in the host's network nothing proves that they are ours; set the key`,
  );
  assertEquals(told("go-agent { containerizer = mesos, auto-register-key = k }"), undefined);
  assertEquals(told("go-agent { network = HOST, auto-register-key = k }"), undefined);
  assertEquals([told("go-agent { network = BRIDGE }"), told("go-agent { network = build-net }")], [
    undefined,
    undefined,
  ]);
});

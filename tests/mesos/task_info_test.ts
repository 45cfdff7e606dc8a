// What a launch becomes: everything of ContainerSettings, in both containerizers, and resources without loss.

import { assertEquals, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import type { TaskLaunch } from "../../src/core/effect.ts";
import type { OfferedResource } from "../../src/core/placement/offer.ts";
import type { ContainerSettings } from "../../src/core/settings.ts";
import { decodeCall, encodeCallRecord, type WireRecord } from "../../src/mesos/proto/wire.ts";
import { offeredResource } from "../../src/mesos/resources.ts";
import { taskInfo } from "../../src/mesos/task_info.ts";
import { plainLaunch, scalarResource } from "../support/mesos_launch.ts";

const place = { mesosAgentId: "a1", environment: {} };

// A task as the master reads it; fails where a field of ours is not in the schema.
function onTheWire(launch: TaskLaunch, environment: Record<string, string> = {}): WireRecord {
  const task = taskInfo(launch, { ...place, environment });
  const call = encodeCallRecord({ accept: { operations: [{ launch: { task_infos: [task] } }] } });
  const { accept } = decodeCall(call) as unknown as {
    accept: { operations: [{ launch: { "task_infos": [WireRecord] } }] };
  };
  const [decoded] = accept.operations[0].launch["task_infos"];
  assertEquals(decoded, withoutEmptyLists(task), "every field of ours is in the schema");
  return decoded;
}

function withoutEmptyLists(value: unknown): WireRecord {
  return JSON.parse(
    JSON.stringify(value, (_key, child) => Array.isArray(child) && child.length === 0 ? undefined : child),
  );
}

function part(key: string, container: Partial<ContainerSettings>, changes: Partial<TaskLaunch> = {}): unknown {
  return onTheWire(plainLaunch(container, changes))[key];
}

Deno.test("a plain task has our labels, its resources, its grace and the image's own entry point", () => {
  assertEquals(onTheWire(plainLaunch({}), { GO_SERVER_URL: "http://gocd:8153/go" }), {
    name: "gocd-agent-linux-01",
    task_id: { value: "gocd-agent-linux-01" },
    agent_id: { value: "a1" },
    resources: [
      { name: "cpus", type: "SCALAR", scalar: { value: 1 }, allocation_info: { role: "gocd" } },
      { name: "mem", type: "SCALAR", scalar: { value: 512 }, allocation_info: { role: "gocd" } },
    ],
    command: {
      shell: false,
      environment: { variables: [{ name: "GO_SERVER_URL", type: "VALUE", value: "http://gocd:8153/go" }] },
    },
    container: {
      type: "DOCKER",
      docker: {
        image: "gocd/gocd-agent-alpine:v1",
        network: "BRIDGE",
        privileged: false,
        force_pull_image: false,
      },
    },
    labels: {
      labels: [
        { key: "gocd-mesos-profile", value: "linux" },
        { key: "gocd-mesos-environment", value: "production" },
        { key: "gocd-mesos-resources", value: "linux,docker" },
      ],
    },
    kill_policy: { grace_period: { nanoseconds: 30_000_000_000 } },
  });
});

Deno.test("nothing that the master's state shows reports what a container is called, or lets anyone try values of variables", () => {
  const told = onTheWire(plainLaunch({ env: { TOKEN: "guess" } }, { taskId: "gocd-abc123-linux-7" }));
  const { command: _, ...shown } = told;
  const { hash } = plainLaunch().profile;
  assertEquals(Object.hasOwn(shown["container"] as WireRecord, "hostname"), false);
  assertEquals(JSON.stringify(shown).includes(hash), false);
});

Deno.test("a task for no environment and no resources has no labels for them; the operator's labels stand beside ours", () => {
  const { environment: _environment, ...launch } = plainLaunch({ labels: { team: "ci", "gocd-mesos-profile": "x" } }, {
    gocdResources: [],
  });
  assertEquals(onTheWire(launch)["labels"], {
    labels: [
      { key: "team", value: "ci" },
      { key: "gocd-mesos-profile", value: "linux" },
    ],
  });
});

const commands: readonly (readonly [string, Partial<ContainerSettings>, WireRecord])[] = [
  ["nothing", {}, { shell: false }],
  ["arguments only", { arguments: ["-v", "a b"] }, { shell: false, arguments: ["-v", "a b"] }],
  ["a command, which Docker takes as its entry point", { command: "/go", arguments: ["x"] }, {
    shell: false,
    arguments: ["x"],
  }],
  ["a command behind the operator's own entry point", {
    command: "/go",
    parameters: [{ key: "entrypoint", value: "/tini" }],
  }, { shell: false, value: "/go" }],
  ["a command for the Mesos containerizer, whose first argument is its name", {
    type: "MESOS",
    command: "/go",
    arguments: ["x"],
  }, { shell: false, value: "/go", arguments: ["/go", "x"] }],
  ["a command alone for the Mesos containerizer", { type: "MESOS", command: "/go" }, {
    shell: false,
    value: "/go",
    arguments: ["/go"],
  }],
  ["a shell line", { command: "echo $HOME", shell: true }, { shell: true, value: "echo $HOME" }],
  ["a shell without a line, which Mesos would refuse", { shell: true }, { shell: false }],
  ["a user of the Mesos containerizer", { type: "MESOS", user: "go" }, { shell: false, user: "go" }],
  ["a user in a Docker container, who need not be one of the host", { user: "go" }, { shell: false }],
];

for (const [name, container, want] of commands) {
  Deno.test(`a command of ${name} becomes ${JSON.stringify(want)}`, () => {
    assertEquals(part("command", container), { ...want, environment: {} });
  });
}

Deno.test("URIs keep what the fetcher is to do with them", () => {
  const uris = [
    { value: "file:///etc/docker.tar.gz", extract: true, executable: false, cache: false },
    { value: "http://h/tool", extract: false, executable: true, cache: true, outputFile: "tool" },
  ];
  assertEquals((part("command", { uris }) as WireRecord)["uris"], [
    { value: "file:///etc/docker.tar.gz", extract: true, executable: false, cache: false },
    { value: "http://h/tool", extract: false, executable: true, cache: true, output_file: "tool" },
  ]);
});

Deno.test("the operator's variables win over ours, except those that name the agent", () => {
  const names = ["AGENT_AUTO_REGISTER_HOSTNAME", "AGENT_HOSTNAME"];
  const launch = plainLaunch({ env: Object.fromEntries(names.map((name) => [name, "fixed"])) });
  const command = onTheWire(launch, Object.fromEntries(names.map((name) => [name, "task"])))["command"] as WireRecord;
  const { variables } = command["environment"] as { variables: { name: string; value: string }[] };
  assertEquals(variables.map(({ name, value }) => `${name}=${value}`), names.map((name) => `${name}=task`));
});

Deno.test("the operator's variables win over ours, but not over what was read from a file", () => {
  const launch = plainLaunch({ env: { A: "operator", B: "operator" }, envFiles: { B: "/secret" } });
  const command = onTheWire(launch, { A: "ours", B: "from file", C: "ours" })["command"] as WireRecord;
  const { variables } = command["environment"] as { variables: { name: string; value: string }[] };
  assertEquals(variables.map(({ name, value }) => `${name}=${value}`), ["A=operator", "B=from file", "C=ours"]);
});

const docker = { image: "gocd/gocd-agent-alpine:v1", network: "BRIDGE", privileged: false, "force_pull_image": false };
const hostname = "gocd-agent-linux-01";
const dockerContainers: readonly (readonly [string, Partial<ContainerSettings>, Partial<TaskLaunch>, WireRecord])[] = [
  [
    "on the host's network it is named, by a parameter, since Mesos refuses it as a field",
    { network: { mode: "HOST" } },
    {},
    { docker: { ...docker, network: "HOST", parameters: [{ key: "hostname", value: hostname }] } },
  ],
  [
    "a user network is named",
    { network: { mode: "USER", name: "overlay" } },
    {},
    { network_infos: [{ name: "overlay" }], docker: { ...docker, network: "USER" } },
  ],
  ["no network is possible", { network: { mode: "NONE" } }, {}, { docker: { ...docker, network: "NONE" } }],
  [
    "ports are mapped in their order",
    { portMappings: [{ containerPort: 80, protocol: "tcp" }, { containerPort: 53, protocol: "udp" }] },
    { hostPorts: [31000, 31001] },
    {
      docker: {
        ...docker,
        port_mappings: [
          { host_port: 31000, container_port: 80, protocol: "tcp" },
          { host_port: 31001, container_port: 53, protocol: "udp" },
        ],
      },
    },
  ],
  [
    "ports are not mapped on the host's network, where Mesos refuses it",
    { network: { mode: "HOST" }, portMappings: [{ containerPort: 80, protocol: "tcp" }] },
    { hostPorts: [31000] },
    { docker: { ...docker, network: "HOST", parameters: [{ key: "hostname", value: hostname }] } },
  ],
  [
    "privileged and force pull are told",
    { privileged: true, forcePull: true },
    {},
    { docker: { ...docker, privileged: true, force_pull_image: true } },
  ],
  [
    "parameters come behind ours, except those that would name the agent",
    {
      shmSizeMb: 512,
      parameters: [
        { key: "hostname", value: "x" },
        { key: "domainname", value: "ci.example.com" },
        { key: "env", value: "AGENT_HOSTNAME=x" },
        { key: "cap-add", value: "SYS_PTRACE" },
      ],
    },
    {},
    {
      docker: {
        ...docker,
        parameters: [{ key: "shm-size", value: "512m" }, { key: "cap-add", value: "SYS_PTRACE" }],
      },
    },
  ],
  [
    "a command replaces the image's entry point",
    { command: "/go", arguments: ["x"] },
    {},
    { docker: { ...docker, parameters: [{ key: "entrypoint", value: "/go" }] } },
  ],
  [
    "a line for the shell is no entry point, and an entry point of the operator stands",
    { command: "echo", shell: true, parameters: [{ key: "entrypoint", value: "/tini" }] },
    {},
    { docker: { ...docker, parameters: [{ key: "entrypoint", value: "/tini" }] } },
  ],
  [
    "the user is that of docker run: what CommandInfo says changes the sandbox only",
    { user: "go" },
    {},
    { docker: { ...docker, parameters: [{ key: "user", value: "go" }] } },
  ],
  [
    "a user among the parameters of the operator stands",
    { user: "go", parameters: [{ key: "user", value: "1000:1000" }] },
    {},
    { docker: { ...docker, parameters: [{ key: "user", value: "1000:1000" }] } },
  ],
  [
    "volumes are of the host or named",
    {
      volumes: [
        { kind: "host", hostPath: "/var/run/docker.sock", containerPath: "/var/run/docker.sock", mode: "RW" },
        { kind: "named", name: "cache", driver: "rexray", containerPath: "/cache", mode: "RO" },
        { kind: "named", name: "m2", containerPath: "/m2", mode: "RW" },
      ],
    },
    {},
    {
      volumes: [
        { host_path: "/var/run/docker.sock", container_path: "/var/run/docker.sock", mode: "RW" },
        {
          container_path: "/cache",
          mode: "RO",
          source: { type: "DOCKER_VOLUME", docker_volume: { driver: "rexray", name: "cache" } },
        },
        { container_path: "/m2", mode: "RW", source: { type: "DOCKER_VOLUME", docker_volume: { name: "m2" } } },
      ],
      docker,
    },
  ],
];

for (const [name, container, changes, want] of dockerContainers) {
  Deno.test(`Docker containerizer: ${name}`, () => {
    assertEquals(part("container", container, changes), { type: "DOCKER", ...want });
  });
}

const image = (cached: boolean): WireRecord => ({
  image: { type: "DOCKER", docker: { name: "gocd/gocd-agent-alpine:v1" }, cached },
});
const mesosContainers: readonly (readonly [string, Partial<ContainerSettings>, Partial<TaskLaunch>, WireRecord])[] = [
  ["the image is a Docker image; BRIDGE means the host's network", {}, {}, { mesos: image(true) }],
  ["a forced pull is an image not cached", { forcePull: true }, {}, { mesos: image(false) }],
  [
    "a CNI network has a name, a hostname and port mappings",
    { network: { mode: "USER", name: "cni" }, portMappings: [{ containerPort: 80, protocol: "tcp" }] },
    { hostPorts: [31000] },
    {
      hostname,
      network_infos: [{ name: "cni", port_mappings: [{ host_port: 31000, container_port: 80, protocol: "tcp" }] }],
      mesos: image(true),
    },
  ],
  [
    "shared memory comes with a private IPC namespace",
    { shmSizeMb: 64 },
    {},
    { mesos: image(true), linux_info: { ipc_mode: "PRIVATE", shm_size: 64 } },
  ],
  [
    "Docker parameters do not apply, volumes do",
    {
      parameters: [{ key: "cap-add", value: "ALL" }],
      volumes: [{ kind: "host", hostPath: "/a", containerPath: "/b", mode: "RO" }],
    },
    {},
    { mesos: image(true), volumes: [{ host_path: "/a", container_path: "/b", mode: "RO" }] },
  ],
];

for (const [name, container, changes, want] of mesosContainers) {
  Deno.test(`Mesos containerizer: ${name}`, () => {
    assertEquals(part("container", { type: "MESOS", ...container }, changes), { type: "MESOS", ...want });
  });
}

Deno.test("Mesos containerizer: privileged means every capability", () => {
  const container = part("container", { type: "MESOS", privileged: true }) as WireRecord;
  const info = container["linux_info"] as { "effective_capabilities": { capabilities: string[] } };
  assertEquals(info["effective_capabilities"].capabilities.length, 38);
});

const checks: readonly (readonly [string, Partial<ContainerSettings>, boolean])[] = [
  ["none is asked for", {}, false],
  ["Docker, BRIDGE", { healthCheck: "agent-api" }, true],
  ["Docker, USER", { healthCheck: "agent-api", network: { mode: "USER", name: "n" } }, true],
  ["Docker, HOST: the port would be shared", { healthCheck: "agent-api", network: { mode: "HOST" } }, false],
  ["Mesos, BRIDGE: that is the host's network", { healthCheck: "agent-api", type: "MESOS" }, false],
  ["Mesos, CNI", { healthCheck: "agent-api", type: "MESOS", network: { mode: "USER", name: "n" } }, true],
];

for (const [name, container, want] of checks) {
  Deno.test(`health check ${want ? "is there" : "is left out"} where ${name}`, () => {
    const check = part("health_check", container) as WireRecord | undefined;
    assertEquals(check?.["type"], want ? "HTTP" : undefined);
    // Never reached, so that Mesos never kills a build because the GoCD server is away.
    assertEquals(check?.["consecutive_failures"], want ? 2 ** 31 - 1 : undefined);
  });
}

const range = fc.tuple(fc.nat(), fc.nat(2 ** 53 - 1)).map(([one, other]) => ({
  begin: Math.min(one, other),
  end: Math.max(one, other),
}));

const anyResource: fc.Arbitrary<OfferedResource> = fc.record({
  name: fc.constantFrom("cpus", "mem", "disk", "gpus", "ports", "licences"),
  value: fc.oneof(
    fc.record({ kind: fc.constant("scalar" as const), milli: fc.nat(2 ** 40) }),
    fc.record({
      kind: fc.constant("ranges" as const),
      ranges: fc.array(range, { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("set" as const), items: fc.array(fc.string(), { maxLength: 4 }) }),
  ),
  role: fc.constantFrom("gocd", "eng/ci", "*"),
  reservations: fc.constantFrom(
    "[]",
    '[{"type":"STATIC","role":"gocd"}]',
    '[{"type":"STATIC","role":"eng"},{"type":"DYNAMIC","role":"eng/ci","principal":"p"}]',
    '{"role":"gocd"}',
    '{"role":"gocd","reservation":{"principal":"p"}}',
  ),
  use: fc.constant("usable" as const),
});

Deno.test("the resources of a launch arrive as they were offered, reservations and all", () => {
  fc.assert(fc.property(fc.array(anyResource, { minLength: 1, maxLength: 6 }), (resources) => {
    const task = taskInfo(plainLaunch({}, { resources }), place);
    const call = decodeCall(
      encodeCallRecord({ accept: { operations: [{ launch: { task_infos: [task] } }] } }),
    ) as unknown as { accept: { operations: [{ launch: { "task_infos": [{ resources: ResourceShape[] }] } }] } };
    const [decoded] = call.accept.operations[0].launch["task_infos"];
    assertEquals(decoded.resources.map((resource) => offeredResource(resource, "nobody")), resources);
  }));
});

type ResourceShape = Parameters<typeof offeredResource>[0];

Deno.test("thousandths become the doubles that Mesos sends: 0.1 is 0.1", () => {
  const [resource] = onTheWire(
    plainLaunch({}, { resources: [scalarResource("cpus", 100)] }),
  )["resources"] as WireRecord[];
  assertEquals(resource?.["scalar"], { value: 0.1 });
});

for (const use of ["shared", "revocable", "disk-source"] as const) {
  Deno.test(`a ${use} resource is never given to a task`, () => {
    const resources = [{ ...scalarResource("disk", 1000), use }];
    assertThrows(() => taskInfo(plainLaunch({}, { resources }), place), Error, `a ${use} resource 'disk'`);
  });
}

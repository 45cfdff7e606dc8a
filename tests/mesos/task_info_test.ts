// The TaskInfo of a launch: every container setting in both containerizers, and resources without loss.

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

Deno.test("a plain task has our labels, its resources, its grace period and the entry point of the image", () => {
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

Deno.test("the public state of the master contains neither the name of the container nor the hash of the profile", () => {
  const told = onTheWire(plainLaunch({ env: { TOKEN: "guess" } }, { taskId: "gocd-abc123-linux-7" }));
  const { command: _, ...shown } = told;
  const { hash } = plainLaunch().profile;
  assertEquals(Object.hasOwn(shown["container"] as WireRecord, "hostname"), false);
  assertEquals(JSON.stringify(shown).includes(hash), false);
});

Deno.test("a task without environment and resources has no labels for them, and labels of the operator are added to ours", () => {
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
  ["the image", {}, { shell: false }],
  ["arguments", { arguments: ["-v", "a b"] }, { shell: false, arguments: ["-v", "a b"] }],
  ["a command, which is the entry point in Docker,", { command: "/go", arguments: ["x"] }, {
    shell: false,
    arguments: ["x"],
  }],
  ["a command with an entry point of the operator", {
    command: "/go",
    parameters: [{ key: "entrypoint", value: "/tini" }],
  }, { shell: false, value: "/go" }],
  ["a command of the Mesos containerizer with arguments", {
    type: "MESOS",
    command: "/go",
    arguments: ["x"],
  }, { shell: false, value: "/go", arguments: ["/go", "x"] }],
  ["a command of the Mesos containerizer without arguments", { type: "MESOS", command: "/go" }, {
    shell: false,
    value: "/go",
    arguments: ["/go"],
  }],
  ["a shell line", { command: "echo $HOME", shell: true }, { shell: true, value: "echo $HOME" }],
  ["a shell without a line, which Mesos refuses,", { shell: true }, { shell: false }],
  ["a user of the Mesos containerizer", { type: "MESOS", user: "go" }, { shell: false, user: "go" }],
  ["a user of a Docker container, who may not exist on the host,", { user: "go" }, { shell: false }],
];

for (const [name, container, want] of commands) {
  Deno.test(`CommandInfo for ${name} is ${JSON.stringify(want)}`, () => {
    assertEquals(part("command", container), { ...want, environment: {} });
  });
}

Deno.test("URIs are encoded with their fetcher settings", () => {
  const uris = [
    { value: "file:///etc/docker.tar.gz", extract: true, executable: false, cache: false },
    { value: "http://h/tool", extract: false, executable: true, cache: true, outputFile: "tool" },
  ];
  assertEquals((part("command", { uris }) as WireRecord)["uris"], [
    { value: "file:///etc/docker.tar.gz", extract: true, executable: false, cache: false },
    { value: "http://h/tool", extract: false, executable: true, cache: true, output_file: "tool" },
  ]);
});

Deno.test("variables of the operator do not override those that name the agent", () => {
  const names = ["AGENT_AUTO_REGISTER_HOSTNAME", "AGENT_HOSTNAME"];
  const launch = plainLaunch({ env: Object.fromEntries(names.map((name) => [name, "fixed"])) });
  const command = onTheWire(launch, Object.fromEntries(names.map((name) => [name, "task"])))["command"] as WireRecord;
  const { variables } = command["environment"] as { variables: { name: string; value: string }[] };
  assertEquals(variables.map(({ name, value }) => `${name}=${value}`), names.map((name) => `${name}=task`));
});

Deno.test("variables of the operator override ours, except those read from files", () => {
  const launch = plainLaunch({ env: { A: "operator", B: "operator" }, envFiles: { B: "/secret" } });
  const command = onTheWire(launch, { A: "ours", B: "from file", C: "ours" })["command"] as WireRecord;
  const { variables } = command["environment"] as { variables: { name: string; value: string }[] };
  assertEquals(variables.map(({ name, value }) => `${name}=${value}`), ["A=operator", "B=from file", "C=ours"]);
});

const docker = { image: "gocd/gocd-agent-alpine:v1", network: "BRIDGE", privileged: false, "force_pull_image": false };
const hostname = "gocd-agent-linux-01";
const dockerContainers: readonly (readonly [string, Partial<ContainerSettings>, Partial<TaskLaunch>, WireRecord])[] = [
  [
    "the hostname is a parameter on the host network, because Mesos refuses the field",
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
  ["the network may be NONE", { network: { mode: "NONE" } }, {}, { docker: { ...docker, network: "NONE" } }],
  [
    "ports are mapped in order",
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
    "ports are not mapped on the host network, because Mesos refuses it",
    { network: { mode: "HOST" }, portMappings: [{ containerPort: 80, protocol: "tcp" }] },
    { hostPorts: [31000] },
    { docker: { ...docker, network: "HOST", parameters: [{ key: "hostname", value: hostname }] } },
  ],
  [
    "privileged and force pull are set",
    { privileged: true, forcePull: true },
    {},
    { docker: { ...docker, privileged: true, force_pull_image: true } },
  ],
  [
    "parameters of the operator follow ours, except those that would name the agent",
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
    "a command replaces the entry point of the image",
    { command: "/go", arguments: ["x"] },
    {},
    { docker: { ...docker, parameters: [{ key: "entrypoint", value: "/go" }] } },
  ],
  [
    "a shell line is not an entry point, and an entry point of the operator is kept",
    { command: "echo", shell: true, parameters: [{ key: "entrypoint", value: "/tini" }] },
    {},
    { docker: { ...docker, parameters: [{ key: "entrypoint", value: "/tini" }] } },
  ],
  [
    "the user is a parameter, because CommandInfo.user only changes the sandbox",
    { user: "go" },
    {},
    { docker: { ...docker, parameters: [{ key: "user", value: "go" }] } },
  ],
  [
    "a user in the parameters of the operator is kept",
    { user: "go", parameters: [{ key: "user", value: "1000:1000" }] },
    {},
    { docker: { ...docker, parameters: [{ key: "user", value: "1000:1000" }] } },
  ],
  [
    "volumes are host paths or named",
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
  ["the image is a Docker image, and BRIDGE is the host network", {}, {}, { mesos: image(true) }],
  ["a forced pull disables the image cache", { forcePull: true }, {}, { mesos: image(false) }],
  [
    "a CNI network is set with name, hostname and port mappings",
    { network: { mode: "USER", name: "cni" }, portMappings: [{ containerPort: 80, protocol: "tcp" }] },
    { hostPorts: [31000] },
    {
      hostname,
      network_infos: [{ name: "cni", port_mappings: [{ host_port: 31000, container_port: 80, protocol: "tcp" }] }],
      mesos: image(true),
    },
  ],
  [
    "shared memory sets a private IPC namespace",
    { shmSizeMb: 64 },
    {},
    { mesos: image(true), linux_info: { ipc_mode: "PRIVATE", shm_size: 64 } },
  ],
  [
    "Docker parameters are left out, and volumes are set",
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

Deno.test("Mesos containerizer: privileged sets every capability", () => {
  const container = part("container", { type: "MESOS", privileged: true }) as WireRecord;
  const info = container["linux_info"] as { "effective_capabilities": { capabilities: string[] } };
  assertEquals(info["effective_capabilities"].capabilities.length, 38);
});

const checks: readonly (readonly [string, Partial<ContainerSettings>, boolean])[] = [
  ["no setting", {}, false],
  ["Docker, BRIDGE", { healthCheck: "agent-api" }, true],
  ["Docker, USER", { healthCheck: "agent-api", network: { mode: "USER", name: "n" } }, true],
  ["Docker, HOST, where the port is shared", { healthCheck: "agent-api", network: { mode: "HOST" } }, false],
  ["Mesos, BRIDGE, which is the host network", { healthCheck: "agent-api", type: "MESOS" }, false],
  ["Mesos, CNI", { healthCheck: "agent-api", type: "MESOS", network: { mode: "USER", name: "n" } }, true],
];

for (const [name, container, want] of checks) {
  Deno.test(`the health check is ${want ? "set" : "left out"} for ${name}`, () => {
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

Deno.test("the resources of a launch are encoded as they were offered, with their reservations", () => {
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

Deno.test("thousandths are encoded as doubles: 0.1 is 0.1", () => {
  const [resource] = onTheWire(
    plainLaunch({}, { resources: [scalarResource("cpus", 100)] }),
  )["resources"] as WireRecord[];
  assertEquals(resource?.["scalar"], { value: 0.1 });
});

for (const use of ["shared", "revocable", "disk-source"] as const) {
  Deno.test(`a ${use} resource is refused in a task`, () => {
    const resources = [{ ...scalarResource("disk", 1000), use }];
    assertThrows(() => taskInfo(plainLaunch({}, { resources }), place), Error, `a ${use} resource 'disk'`);
  });
}

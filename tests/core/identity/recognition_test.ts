// The owner of a record, by more evidence than its hostname; and no container is killed while this is uncertain.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Effect } from "../../../src/core/effect.ts";
import type { GocdAgent, GocdServerInfo } from "../../../src/core/gocd_records.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { nameOf } from "../../../src/core/identity/hostnames.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  building,
  dockerNameOf,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  lostContact,
  minute,
  missing,
  offer,
  only,
  ownPending,
  pending,
  second,
  watch,
} from "../../support/core.ts";
import { aProfile, plainContainer } from "../../support/placement.ts";

function networked(network: AgentProfile["container"]["network"]): AgentProfile {
  return aProfile({ gocdResources: ["linux"], container: { ...plainContainer, network } });
}

const overlay = networked({ mode: "USER", name: "build-net" });

/** Instances launched 6 s after a first poll that showed `before`. */
function launched(
  options: {
    readonly before?: readonly GocdAgent[];
    readonly profile?: AgentProfile;
    readonly count?: number;
    readonly server?: Partial<GocdServerInfo>;
  } = {},
): { readonly world: Driver; readonly taskIds: readonly string[]; readonly taskId: string } {
  const { before = [], profile = networked({ mode: "BRIDGE" }), count = 1, server = {} } = options;
  const world = drive({ profiles: [profile] });
  world.subscribe();
  world.poll({ jobs: jobs(count), agents: before.map((each) => ({ ...each, ...building })), server });
  world.wait(6 * second);
  world.offers(offer("h1"), offer("h2"));
  const taskIds = [...world.state.instances.keys()];
  world.taken();
  world.noted();
  return { world, taskIds, taskId: taskIds[0] ?? "" };
}

const kills = (world: Driver): number => only(world.taken(), "kill-task").length;

const changes = new Set<Effect["kind"]>(["enable-gocd-agent", "disable-gocd-agents", "delete-gocd-agents"]);
const changed = (world: Driver): Effect[] => world.taken().filter(({ kind }) => changes.has(kind));

for (
  const [hostname, name] of [
    ["gocd-abc123-default-1", "gocd-abc123-default-1"],
    ["gocd-abc123-default-1.ci.example.com", "gocd-abc123-default-1"],
    ["GOCD-ABC123-Default-1.CI", "gocd-abc123-default-1"],
    ["", ""],
    [".local", ""],
  ] as const
) {
  Deno.test(`the name in ${JSON.stringify(hostname)} is ${JSON.stringify(name)}`, () => {
    assertEquals(nameOf({ hostname }), name);
  });
}

Deno.test("an agent that registers under its container's full domain name is ours from the first list to its deletion", () => {
  const { world, taskId } = launched();
  const full = `${taskId}.ci.example.com`;
  world.status(taskId, "TASK_RUNNING");
  watch(world, 15 * minute, gocdAgent(full, building));
  assertEquals([world.instance(taskId).state, kills(world)], ["registered", 0]);
  world.status(taskId, "TASK_FAILED");
  world.read(gocdAgent(full));
  world.wait(minute);
  world.read(gocdAgent(full, { configState: "Disabled" }));
  assertEquals(changed(world).map(({ kind }) => kind), ["disable-gocd-agents", "delete-gocd-agents"]);
});

Deno.test("a Pending record with the full domain name of the container of a living instance is enabled", () => {
  const { world, taskId } = launched();
  world.status(taskId, "TASK_RUNNING");
  world.read(gocdAgent(`${dockerNameOf(taskId).toUpperCase()}.ci.example.com`, pending));
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
});

Deno.test("once the uuid of an agent is known, it counts, even if the hostname is changed while it is enabled", () => {
  const { world, taskId } = launched();
  world.status(taskId, "TASK_RUNNING");
  world.read(ownPending(taskId));
  world.read(gocdAgent("renamed", { uuid: `uuid-${taskId}` }));
  assertEquals(world.instance(taskId).state, "registered");
});

const timeouts: readonly (readonly [string, (world: Driver, taskId: string) => void])[] = [
  ["register-timeout", (world, taskId) => void world.status(taskId, "TASK_RUNNING")],
  ["launch-timeout while Mesos is silent", () => {}],
  ["launch-timeout while the image is pulled", (world, taskId) => void world.status(taskId, "TASK_STARTING")],
];
for (const [name, prepare] of timeouts) {
  Deno.test(`at ${name} nothing is killed while an agent of another name may be it, and that is said once`, () => {
    const { world, taskId } = launched();
    prepare(world, taskId);
    const nameless = gocdAgent("unknown-host-417", { ...building, ipAddress: "10.1.2.3" });
    watch(world, 3 * 60 * minute, nameless);
    assertEquals(world.taken().filter(({ kind }) => kind === "kill-task" || changes.has(kind)), []);
    const notes = world.noted().filter(({ code }) => code === "agent-not-told-apart");
    assertEquals(notes.length, 1);
    assertStringIncludes(notes[0]?.text ?? "", `${taskId} has not registered`);
    assertStringIncludes(notes[0]?.text ?? "", "unknown-host-417 (10.1.2.3)");
    assertStringIncludes(notes[0]?.hint ?? "", "AGENT_AUTO_REGISTER_HOSTNAME");
    // What held the KILL is gone: it is killed as it would have been.
    watch(world, 15 * minute);
    assertEquals(only(world.taken(), "kill-task").length > 0, true);
  });
}

const explained: readonly (readonly [string, GocdAgent])[] = [
  ["belongs to a plugin", gocdAgent("e", { elastic: true })],
  ["is Pending, and can have no build", gocdAgent("p", pending)],
  ["bears the task id of another program", gocdAgent("gocd-zzzzzz-default-7.other.example.com", building)],
  ["has other resources and none of ours", gocdAgent("w", { ...building, gocdResources: ["windows"] })],
  [
    "is in an environment and has none of our resources",
    gocdAgent("w", { ...building, gocdResources: [], environments: [{ name: "prod", origin: "gocd" }] }),
  ],
  ["has been lost for long", gocdAgent("l", lostContact)],
  ["has been Missing for long", gocdAgent("m", missing)],
];
for (const [name, other] of explained) {
  Deno.test(`an agent that appears after the launch but ${name} holds no KILL`, () => {
    const { world, taskId } = launched();
    world.status(taskId, "TASK_RUNNING");
    watch(world, 9 * minute, other);
    assertEquals(world.instance(taskId).state, "starting");
    watch(world, 2 * minute, other);
    assertEquals(world.instance(taskId).state, "killing");
  });
}

Deno.test("an agent that was there before the launch holds no KILL", () => {
  const { world, taskId } = launched({ before: [gocdAgent("static")] });
  world.status(taskId, "TASK_RUNNING");
  watch(world, 11 * minute, gocdAgent("static", building));
  assertEquals(world.instance(taskId).state, "killing");
});

Deno.test("an agent that one list has left out does not look new on the next", () => {
  const { world, taskId } = launched({ before: [gocdAgent("static")] });
  world.status(taskId, "TASK_RUNNING");
  world.read();
  watch(world, 11 * minute, gocdAgent("static", building));
  assertEquals(world.instance(taskId).state, "killing");
});

Deno.test("after a restart it is not known which agents were there before the launch, and nothing is killed", () => {
  const { world, taskId } = launched();
  world.status(taskId, "TASK_RUNNING");
  const { framework, controls, instances } = world.state;
  const later = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  later.subscribe();
  later.poll({ agents: [gocdAgent("static", building)] });
  later.status(taskId, "TASK_RUNNING");
  watch(later, 30 * minute, gocdAgent("static", building));
  assertEquals([later.instance(taskId).state, kills(later)], ["starting", 0]);
});

Deno.test("an agent that is found to be another instance's holds no KILL any more", () => {
  const { world, taskIds: [first = "", other = ""] } = launched({ count: 2 });
  for (const taskId of [first, other]) world.status(taskId, "TASK_RUNNING");
  world.read(ownPending(other));
  watch(world, 11 * minute, gocdAgent("renamed", { uuid: `uuid-${other}`, ...building }));
  assertEquals([world.instance(other).state, world.instance(first).state], ["registered", "killing"]);
});

Deno.test("an instance that is left running no longer counts as coming, and its profile launches for what waits", () => {
  const { world, taskId } = launched();
  world.status(taskId, "TASK_RUNNING");
  const nameless = gocdAgent("fixed", building);
  watch(world, 11 * minute, nameless);
  world.poll({ jobs: jobs(1), agents: [nameless] });
  assertEquals(world.verdict("j0").verdict, "needs-agent");
  const row = statusView(world.state, world.atMs).instances.find((each) => each.taskId === taskId);
  assertStringIncludes(row?.detail ?? "", "may be an agent under another name");
});

Deno.test("in a separate network the address of a container identifies its agent, which registers and is drained like any other", () => {
  const { world, taskId } = launched({ profile: overlay });
  world.status(taskId, "TASK_STARTING", { ipAddresses: ["10.0.0.1"] });
  assertEquals(world.instance(taskId).addresses, undefined, "before it runs that is the address of the Mesos agent");
  world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  const nameless = gocdAgent("unknown-host-3", { ipAddress: "10.9.0.7" });
  world.read(nameless);
  assertEquals(world.instance(taskId).state, "starting", "one look at an address proves nothing");
  world.wait(10 * second);
  world.read(nameless);
  const instance = world.instance(taskId);
  assertEquals(instance.state === "registered" ? instance.uuid : "", "uuid-unknown-host-3");
});

Deno.test("two instances that are launched at the same time are distinguished by their addresses", () => {
  const { world, taskIds: [first = "", other = ""] } = launched({ profile: overlay, count: 2 });
  world.status(first, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  world.status(other, "TASK_RUNNING", { ipAddresses: ["10.9.0.8"] });
  const agents = [gocdAgent("a", { ipAddress: "10.9.0.8" }), gocdAgent("b", { ipAddress: "10.9.0.7" })];
  world.read(...agents);
  world.wait(10 * second);
  world.read(...agents);
  const uuids = [first, other].map((taskId) => {
    const instance = world.instance(taskId);
    return instance.state === "registered" ? instance.uuid : "";
  });
  assertEquals(uuids, ["uuid-b", "uuid-a"]);
});

const strangers: readonly (readonly [string, AgentProfile, readonly GocdAgent[]])[] = [
  ["has the same address on another Docker bridge", networked({ mode: "BRIDGE" }), [
    gocdAgent("s", { ipAddress: "10.9.0.7" }),
  ]],
  ["runs on the same host", networked({ mode: "HOST" }), [gocdAgent("s", { ipAddress: "10.9.0.7" })]],
  ["has more resources", overlay, [gocdAgent("s", { ipAddress: "10.9.0.7", gocdResources: ["linux", "java"] })]],
  ["shares its address with another", overlay, [
    gocdAgent("s", { ipAddress: "10.9.0.7" }),
    gocdAgent("t", { ipAddress: "10.9.0.7" }),
  ]],
  ["was disabled by someone", overlay, [gocdAgent("s", { ipAddress: "10.9.0.7", configState: "Disabled" })]],
  ["is Pending", overlay, [gocdAgent("s", { ...pending, ipAddress: "10.9.0.7" })]],
];
for (const [name, profile, agents] of strangers) {
  Deno.test(`an agent with the address of a container is not touched if it ${name}`, () => {
    const { world, taskId } = launched({ profile });
    world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
    watch(world, 20 * minute, ...agents);
    world.status(taskId, "TASK_FAILED");
    watch(world, 20 * minute, ...agents);
    assertEquals(changed(world), []);
  });
}

Deno.test("an agent that was there before the launch is not assumed to be ours, even if it has the container's address", () => {
  const old = gocdAgent("static", { ipAddress: "10.9.0.7" });
  const { world, taskId } = launched({ profile: overlay, before: [old] });
  world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  watch(world, 2 * minute, old);
  assertEquals(world.instance(taskId).state, "starting");
});

for (
  const [version, configState, isTold] of [
    ["17.8.0", "Disabled", true],
    ["17.9.0", "Disabled", false],
    ["17.8.0", "Enabled", false],
  ] as const
) {
  Deno.test(`with GoCD ${version}, if one was ${configState} at its address before the launch, an agent ${isTold ? "is" : "is not"} identified by its address`, () => {
    const old = gocdAgent("unknown-host-1", { ipAddress: "10.9.0.7", configState });
    const { world, taskId } = launched({ profile: overlay, before: [old], server: { version } });
    world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
    watch(world, minute, old, gocdAgent("unknown-host-3", { ipAddress: "10.9.0.7" }));
    const instance = world.instance(taskId);
    assertEquals(instance.state === "registered" ? instance.uuid : "", isTold ? "uuid-unknown-host-3" : "");
  });
}

Deno.test("an old disabled record at its address that appears after the launch may be the agent, so nothing is reported by it", () => {
  const { world, taskId } = launched({ profile: overlay, server: { version: "17.8.0" } });
  world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  const two = ["1", "2"].map((name) => gocdAgent(`unknown-host-${name}`, { ipAddress: "10.9.0.7" }));
  watch(world, minute, ...two.map((each, index) => index === 0 ? { ...each, configState: "Disabled" } : each));
  assertEquals(world.instance(taskId).state, "starting");
});

Deno.test("an idle agent that shows another address than the container for a minute holds no KILL; one that builds does", () => {
  const disabled = { configState: "Disabled" } as const;
  for (
    const [activity, state] of [
      [{}, "killing"],
      [building, "starting"],
      [disabled, "killing"],
      [{ ...disabled, ...building }, "starting"],
    ] as const
  ) {
    const { world, taskId } = launched();
    world.status(taskId, "TASK_RUNNING", { ipAddresses: ["172.17.0.2"] });
    watch(world, 11 * minute, gocdAgent("static", { ipAddress: "10.12.20.47", ...activity }));
    assertEquals(world.instance(taskId).state, state);
  }
});

Deno.test("an address that is used again is no reason for doubt if its former agent is known, or long silent", () => {
  const { world, taskIds: [first = "", other = ""] } = launched({ profile: overlay, count: 2 });
  world.status(first, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  const former = { ipAddress: "10.9.0.7" };
  world.wait(second);
  world.read(gocdAgent(first, former));
  world.status(first, "TASK_UNREACHABLE");
  world.status(other, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  watch(world, 20 * second, gocdAgent(first, { ...former, ...lostContact }), gocdAgent("unknown-host-3", former));
  const instance = world.instance(other);
  assertEquals(instance.state === "registered" ? instance.uuid : "", "uuid-unknown-host-3");
});

Deno.test("an address that is used again is a reason for doubt while the record of an agent that died unnoticed may still look alive", () => {
  const { world, taskIds: [first = "", other = ""] } = launched({ profile: overlay, count: 2 });
  const former = gocdAgent("unknown-host-3", { ipAddress: "10.9.0.7" });
  world.status(first, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  world.read(former);
  world.status(first, "TASK_FAILED");
  world.status(other, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  watch(world, 5 * minute, former);
  assertEquals(world.instance(other).state, "starting", "it would be killed when the dead agent's silence is seen");
  const living = gocdAgent("unknown-host-4", { ...building, ipAddress: "10.9.0.7" });
  watch(world, 3 * minute, { ...former, ...lostContact }, living);
  const instance = world.instance(other);
  assertEquals(instance.state === "registered" ? instance.uuid : "", "uuid-unknown-host-4");
  assertEquals([kills(world), changed(world)], [0, []]);
});

Deno.test("an agent that its address proves is ours although someone has disabled it since", () => {
  const { world, taskId } = launched({ profile: overlay });
  const nameless = gocdAgent("unknown-host-3", { ipAddress: "10.9.0.7" });
  // The word that it runs comes late.
  watch(world, minute, nameless);
  watch(world, minute, { ...nameless, configState: "Disabled" });
  world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  world.read({ ...nameless, configState: "Disabled" });
  const instance = world.instance(taskId);
  assertEquals(instance.state === "registered" ? instance.uuid : "", "uuid-unknown-host-3");
});

for (const [name, isBefore] of [["while", true], ["after", false]] as const) {
  Deno.test(`an agent that appeared ${name} Mesos reached its host ${isBefore ? "is" : "is not"} identified by its address once unreachable`, () => {
    const { world, taskId } = launched({ profile: overlay });
    const nameless = gocdAgent("unknown-host-3", { ...building, ipAddress: "10.9.0.7" });
    world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
    if (isBefore) world.read(nameless);
    world.wait(second);
    world.status(taskId, "TASK_UNREACHABLE");
    watch(world, 30 * second, nameless);
    const instance = world.instance(taskId);
    assertEquals(
      [instance.state, instance.state === "unreachable" ? instance.uuid : ""],
      ["unreachable", isBefore ? "uuid-unknown-host-3" : undefined],
    );
    world.status(taskId, "TASK_FAILED");
    watch(world, 20 * minute, { ...nameless, ...missing });
    assertEquals(changed(world).map(({ kind }) => kind)[0], isBefore ? "disable-gocd-agents" : undefined);
  });
}

Deno.test("an adopted container is not killed while an agent that was listed before the adoption may be it", () => {
  // Whatever it has: what the container was launched with is not known.
  for (const gocdResources of [["linux"], ["windows"], []]) {
    const world = drive({ profiles: [networked({ mode: "BRIDGE" })] });
    const nameless = gocdAgent("unknown-host-281", { ...building, ipAddress: "172.17.0.2", gocdResources });
    world.subscribe();
    world.poll({ agents: [nameless] });
    world.wait(second);
    const taskId = "gocd-abc123-default-7";
    world.status(taskId, "TASK_RUNNING");
    watch(world, 30 * minute, nameless);
    assertEquals([world.instance(taskId).state, kills(world)], ["starting", 0]);
    assertStringIncludes(
      world.noted().find(({ code }) => code === "agent-not-told-apart")?.text ?? "",
      "but the GoCD agent unknown-host-281 (172.17.0.2) may be the same one",
    );
    watch(world, 15 * minute);
    assertEquals(only(world.taken(), "kill-task").length > 0, true);
  }
});

for (const [forMs, wantKills] of [[9 * minute, 0], [12 * minute, 1]] as const) {
  Deno.test(`an agent that lists have lacked for ${forMs / minute} minutes ${wantKills === 0 ? "still holds" : "no longer holds"} the KILL of the container that it may run in`, () => {
    const world = drive();
    world.subscribe();
    world.poll({ jobs: jobs(1) });
    world.wait(6 * second);
    world.offers(offer("h1"));
    const taskId = [...world.state.instances.keys()][0] ?? "";
    world.status(taskId, "TASK_RUNNING");
    const read = (agents: readonly GocdAgent[], ms: number): void => {
      for (const endMs = world.atMs + ms; world.atMs < endMs;) {
        world.wait(10 * second);
        world.read(...agents);
      }
    };
    read([gocdAgent("unknown-host-7", building)], 9.5 * minute);
    world.taken();
    // A list without some of its records.
    read([], forMs);
    assertEquals(only(world.taken(), "kill-task").length > 0 ? 1 : 0, wantKills);
  });
}

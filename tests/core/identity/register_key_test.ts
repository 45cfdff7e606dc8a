// An agent that comes as Pending although it was told a key: the server does not know the key, and that is said.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { statusView } from "../../../src/core/view/status_view.ts";
import type { AgentProfile, ContainerNetwork } from "../../../src/core/settings.ts";
import { drive, type Driver, gocdAgent, jobs, offer, only, pending, second, someSettings } from "../../support/core.ts";
import { aProfile, plainContainer } from "../../support/placement.ts";

const networked = (network: ContainerNetwork): AgentProfile =>
  aProfile({ gocdResources: ["linux"], container: { ...plainContainer, network } });

function launched(
  registersWithKey: boolean | undefined,
): { readonly world: Driver; readonly taskIds: readonly string[] } {
  const world = drive();
  const settings = someSettings();
  world.send({
    kind: "settings-changed",
    settings: registersWithKey === undefined ? settings : { ...settings, registersWithKey },
  });
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const taskIds = [...world.state.instances.keys()];
  for (const taskId of taskIds) world.status(taskId, "TASK_RUNNING");
  world.noted();
  return { world, taskIds };
}

const enabled = (world: Driver): string[] => only(world.taken(), "enable-gocd-agent").map(({ uuid }) => uuid);

Deno.test("with a key no Pending record is enabled before Mesos says that the container runs", () => {
  const world = drive({ profiles: [networked({ mode: "BRIDGE" })] });
  world.send({ kind: "settings-changed", settings: { ...world.state.settings, registersWithKey: true } });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  const stranger = gocdAgent(taskId, { ...pending, uuid: "stranger", ipAddress: "6.6.6.6" });
  world.wait(2 * second);
  world.read(stranger);
  world.status(taskId, "TASK_STARTING");
  world.read(stranger);
  assertEquals(enabled(world), []);
  // The key may be wrong, and a proxy hide the agent: then it is enabled at the second look.
  world.status(taskId, "TASK_RUNNING", { ipAddresses: ["172.17.0.2"] });
  world.read(stranger);
  assertEquals(enabled(world), []);
  world.wait(10 * second);
  world.read(stranger);
  assertEquals(enabled(world), ["stranger"]);
});

Deno.test("of two Pending records of one name the one with the container's address is enabled", () => {
  const { world, taskIds: [taskId = ""] } = launched(true);
  world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
  world.read(
    gocdAgent(taskId, { ...pending, uuid: "stranger", ipAddress: "6.6.6.6" }),
    gocdAgent(taskId, { ...pending, uuid: "ours", ipAddress: "10.9.0.7" }),
  );
  assertEquals(enabled(world), ["ours"]);
});

for (
  const [name, network, isAtOnce] of [
    ["behind the bridge of its host", { mode: "BRIDGE" }, true],
    ["in a network of its own", { mode: "USER", name: "build-net" }, false],
  ] as const
) {
  Deno.test(`without a key, a Pending record of another address than a container ${name} is enabled ${isAtOnce ? "at once" : "10 s later"}`, () => {
    const world = drive({ profiles: [networked(network)] });
    world.subscribe();
    world.poll({ jobs: jobs(1) });
    world.wait(6 * second);
    world.offers(offer("h1"));
    const [taskId = ""] = world.state.instances.keys();
    world.status(taskId, "TASK_RUNNING", { ipAddresses: ["10.9.0.7"] });
    world.wait(second);
    world.read(gocdAgent(taskId, { ...pending, ipAddress: "10.0.0.1" }));
    assertEquals(enabled(world).length, isAtOnce ? 1 : 0);
    world.wait(10 * second);
    world.read(gocdAgent(taskId, { ...pending, ipAddress: "10.0.0.1" }));
    assertEquals(enabled(world).length, isAtOnce ? 0 : 1);
  });
}

const problems = (world: Driver): string[] =>
  statusView(world.state, world.atMs).problems.map(({ code }) => code).filter((code) => code.includes("key"));

Deno.test("a Pending agent of ours shows a wrong key, once in the log, and on the page until an agent needs no enabling", () => {
  const { world, taskIds: [first = "", other = ""] } = launched(true);
  world.read(gocdAgent(first, pending), gocdAgent(other, pending));
  const notes = world.noted().filter(({ code }) => code === "agent-enabling");
  assertEquals(notes.map(({ level }) => level), ["warning", "info"]);
  assertStringIncludes(notes[0]?.text ?? "", "the server does not accept its auto-register key");
  assertStringIncludes(notes[0]?.hint ?? "", "agentAutoRegisterKey");
  assertEquals(problems(world), ["wrong-auto-register-key"]);
  // Enabled by us, it proves nothing.
  world.read(gocdAgent(first), gocdAgent(other, pending));
  assertEquals(problems(world), ["wrong-auto-register-key"]);
});

Deno.test("the key is right again when an agent registers by itself", () => {
  const { world, taskIds: [first = "", other = ""] } = launched(true);
  world.read(gocdAgent(first, pending));
  world.read(gocdAgent(first), gocdAgent(other));
  assertEquals(problems(world), []);
});

for (
  const [isSet, words] of [[false, "is not set"], [
    undefined,
    "did not accept its auto-register key, or has none",
  ]] as const
) {
  Deno.test(`without a key, or where that is not known, a Pending agent is no problem: ${isSet}`, () => {
    const { world, taskIds: [first = ""] } = launched(isSet);
    world.read(gocdAgent(first, pending));
    const [note] = world.noted().filter(({ code }) => code === "agent-enabling");
    assertEquals(note?.level, "info");
    assertStringIncludes(note?.text ?? "", words);
    assertEquals(problems(world), []);
  });
}

// The drain-timeout only ends builds of agents that are being drained on purpose; and what happens to a drain that the
// server prevents from ending.

import { assertEquals } from "@std/assert";
import type { StoredState } from "../../../src/core/record.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  minute,
  only,
  problem,
  second,
  withIdleAgent,
  zeroMs,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const disabled: Partial<GocdAgent> = { configState: "Disabled" };
const drainTimeoutMs = 60 * minute;
const profile = aProfile({ gocdResources: ["linux"], drainTimeoutMs });

interface Scene {
  readonly world: Driver;
  readonly taskId: string;
  /** Shows the agent once: disabled and building, or as given. */
  show(changes?: Partial<GocdAgent>): void;
}

/** An agent that builds, drained because the operator said so. */
function drainedWhileBuilding(): Scene {
  const { world, taskId } = withIdleAgent({ profiles: [profile] });
  world.send({ kind: "drain-requested" });
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.wait(10 * second);
  const show = (changes: Partial<GocdAgent> = {}): void =>
    void world.read(gocdAgent(taskId, { ...disabled, ...building, ...changes }));
  show();
  world.taken();
  return { world, taskId, show };
}

function kills({ world }: Scene): number {
  return only(world.taken(), "kill-task").length;
}

Deno.test("the drain-timeout runs from the first list that shows the agent Disabled", () => {
  const { world, taskId } = withIdleAgent({ profiles: [profile] });
  world.send({ kind: "drain-requested" });
  world.poll({ agents: [gocdAgent(taskId, building)] });
  // The server does not carry out the DISABLE: the agent goes on getting jobs.
  for (let at = 0; at < 90; at++) {
    world.wait(minute);
    world.read(gocdAgent(taskId, building));
  }
  assertEquals(only(world.taken(), "kill-task").length, 0);
  for (let at = 0; at <= 60; at++) {
    world.read(gocdAgent(taskId, { ...disabled, ...building }));
    assertEquals(only(world.taken(), "kill-task").length, at < 60 ? 0 : 1);
    world.wait(minute);
  }
});

Deno.test("an agent that still builds at resume is enabled again, and its build never ends by the drain-timeout", () => {
  const scene = drainedWhileBuilding();
  const { world, taskId } = scene;
  world.send({ kind: "launching-resumed" });
  assertEquals(only(world.taken(), "enable-gocd-agent").map((each) => each.taskId), [taskId]);
  scene.show({ configState: "Enabled" });
  assertEquals(world.instance(taskId).state, "registered");
  world.wait(3 * drainTimeoutMs, minute);
  scene.show({ configState: "Enabled" });
  assertEquals(kills(scene), 0);
});

Deno.test("an agent that resume has not reached for an hour is not killed either", () => {
  const scene = drainedWhileBuilding();
  scene.world.send({ kind: "launching-resumed" });
  scene.world.wait(drainTimeoutMs, 30 * second);
  scene.world.poll({ jobs: jobs(3), agents: [gocdAgent(scene.taskId, { ...disabled, ...building })] });
  assertEquals(kills(scene), 0);
});

Deno.test("resume enables no agent that leaves for another reason, but restarts the time of the drain", () => {
  const scene = drainedWhileBuilding();
  const { world, taskId } = scene;
  const { settings } = world.state;
  const changed = settings.profiles.map((each) => ({ ...each, hash: "99999999" }));
  world.send({ kind: "settings-changed", settings: { ...settings, profiles: changed } });
  world.wait(50 * minute, minute);
  world.send({ kind: "launching-resumed" });
  scene.show();
  world.wait(59 * minute, minute);
  scene.show();
  assertEquals([only(world.taken(), "enable-gocd-agent").length, world.instance(taskId).state], [0, "draining"]);
  world.wait(minute);
  scene.show();
  assertEquals(kills(scene), 1);
});

Deno.test("a resume of one profile ends no drain", () => {
  const scene = drainedWhileBuilding();
  scene.world.send({ kind: "launching-resumed", profile: "default" });
  assertEquals(only(scene.world.taken(), "enable-gocd-agent"), []);
});

Deno.test("a drained agent that is idle at resume is removed, or enabled again for a job", () => {
  const scene = drainedWhileBuilding();
  const { world, taskId } = scene;
  const idle = gocdAgent(taskId, disabled);
  world.read(idle);
  world.send({ kind: "launching-resumed" });
  assertEquals(only(world.taken(), "enable-gocd-agent"), []);
  world.poll({ jobs: jobs(1), agents: [idle] });
  assertEquals(only(world.taken(), "enable-gocd-agent").length, 1);
});

Deno.test("a build that started after the agent was enabled again has the whole drain-timeout", () => {
  const scene = drainedWhileBuilding();
  const { world, taskId } = scene;
  world.wait(55 * minute, minute);
  world.read(gocdAgent(taskId, disabled));
  world.send({ kind: "launching-resumed" });
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId, disabled)] });
  world.wait(20 * minute, minute);
  world.read(gocdAgent(taskId, building));
  assertEquals([world.instance(taskId).state, kills(scene)], ["registered", 0]);
});

Deno.test("while an agent is being enabled again no drain-timeout runs, and it starts again if that cannot be done", () => {
  const scene = drainedWhileBuilding();
  const { world, taskId } = scene;
  world.wait(59 * minute, minute);
  world.send({ kind: "launching-resumed" });
  for (let at = 0; at < 61; at++) {
    world.wait(minute);
    scene.show();
  }
  assertEquals(kills(scene), 0);
  const instance = world.instance(taskId);
  assertEquals([instance.retire, instance.state], ["surplus", "draining"]);
  world.wait(2 * minute);
  scene.show();
  assertEquals(kills(scene), 1);
});

Deno.test("if a person enables the agent, the drain-timeout stops, even if the agent is disabled again", () => {
  const scene = drainedWhileBuilding();
  scene.world.wait(50 * minute, minute);
  scene.show({ configState: "Enabled" });
  scene.world.wait(5 * second);
  scene.show();
  scene.world.wait(30 * minute, minute);
  scene.show();
  assertEquals(kills(scene), 0);
});

Deno.test("an agent is not stopped at the drain-timeout on a list that took unusually long: a person may have enabled it", () => {
  const scene = drainedWhileBuilding();
  const { world, taskId } = scene;
  for (let reads = 0; reads < 5; reads++) {
    world.wait(10 * second);
    scene.show();
  }
  world.wait(drainTimeoutMs, minute);
  const agents = [gocdAgent(taskId, { ...disabled, ...building })];
  const requestedMs = world.atMs - 16 * second;
  world.send({ kind: "gocd-agents-read", agents, tookMs: 16 * second, agentsRequestedMs: requestedMs });
  assertEquals(kills(scene), 0);
  world.wait(minute);
  scene.show();
  assertEquals(kills(scene), 1);
});

Deno.test("the drain-timeout does not count from before the drain, when a person had disabled the agent", () => {
  const { world, taskId } = withIdleAgent({ profiles: [profile] });
  const show = (): void => void world.read(gocdAgent(taskId, { ...disabled, ...building }));
  for (let at = 0; at < 90; at++) {
    world.wait(minute);
    show();
  }
  world.send({ kind: "drain-requested" });
  world.poll({ agents: [gocdAgent(taskId, { ...disabled, ...building })] });
  world.wait(59 * minute, minute);
  show();
  assertEquals([world.instance(taskId).state, only(world.taken(), "kill-task").length], ["draining", 0]);
  world.wait(minute);
  show();
  assertEquals(only(world.taken(), "kill-task").length, 1);
});

Deno.test("the drain-timeout restarts with the program: only the time that this run has watched counts", () => {
  const { world, taskId } = drainedWhileBuilding();
  const stored: StoredState = {
    framework: world.state.framework,
    controls: world.state.controls,
    instances: [...world.state.instances.values()].map((each) => ({ ...each, sinceMs: zeroMs - 10 * drainTimeoutMs })),
  };
  const again = drive({ stored, profiles: [profile] });
  again.subscribe();
  again.poll({ agents: [gocdAgent(taskId, { ...disabled, ...building })] });
  again.wait(59 * minute, minute);
  again.read(gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals(only(again.taken(), "kill-task"), []);
  again.wait(minute);
  again.read(gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals(only(again.taken(), "kill-task").length, 1);
});

Deno.test("a drain-timeout that ends without a session waits for one, and for what the operator wants by then", () => {
  const scene = drainedWhileBuilding();
  const { world, taskId } = scene;
  world.send({ kind: "disconnected", reason: "cut" });
  world.wait(2 * drainTimeoutMs, minute);
  scene.show();
  assertEquals(world.instance(taskId).state, "draining");
  world.send({ kind: "launching-resumed" });
  world.subscribe();
  scene.show();
  world.wait(minute);
  assertEquals(kills(scene), 0);
});

/** Lets the idle agent of a driver come to the DELETE, which is then refused whenever it is asked for. */
function deleteRefused(kind: "refused" | "unreachable"): Scene {
  const { world, taskId } = withIdleAgent();
  const show = (changes: Partial<GocdAgent> = {}): void => {
    world.read(gocdAgent(taskId, { ...disabled, ...changes }));
    for (const call of only(world.taken(), "delete-gocd-agents")) {
      world.send({ kind: "gocd-call-failed", call, problem: problem({ kind, code: "gocd-forbidden" }) });
    }
  };
  world.wait(10 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  show();
  world.wait(25 * second);
  show();
  world.noted();
  return { world, taskId, show };
}

for (const kind of ["refused", "unreachable"] as const) {
  Deno.test(`a drained agent whose record cannot be deleted (${kind}) is stopped after five minutes, and says why`, () => {
    const scene = deleteRefused(kind);
    const { world, taskId, show } = scene;
    while (world.instance(taskId).state === "draining" && world.atMs < zeroMs + 60 * minute) {
      assertEquals(only(world.taken(), "kill-task"), []);
      world.wait(10 * second);
      show();
    }
    assertEquals(world.instance(taskId).state, "killing");
    const told = world.noted().filter(({ code }) => code === "gocd-record-left");
    assertEquals(told.map(({ level }) => level), ["warning"]);
    world.status(taskId, "TASK_KILLED");
    world.wait(minute);
    world.read(gocdAgent(taskId, disabled));
    assertEquals(only(world.taken(), "delete-gocd-agents").length, 1, "its record is not forgotten");
  });
}

Deno.test("an agent that starts to build while its DELETE is refused finishes first, and its time starts again", () => {
  const scene = deleteRefused("refused");
  const { world, taskId, show } = scene;
  world.wait(4 * minute);
  show(building);
  world.wait(2 * minute);
  show();
  world.wait(25 * second);
  show();
  world.wait(4 * minute);
  show();
  assertEquals(world.instance(taskId).state, "draining");
});

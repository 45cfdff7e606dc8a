// Maintenance of hosts: inverse offers, agents that are drained for a window, and stay when it is managed again.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Offer, Unavailability } from "../../../src/core/placement/offer.ts";
import {
  building,
  drive,
  type Driver,
  emptyStore,
  gocdAgent,
  jobs,
  kinds,
  minute,
  offer,
  only,
  reconciled,
  second,
  theOne,
  withIdleAgent,
} from "../../support/core.ts";

/** Mesos asks for the host `h1`. */
function ask(world: Driver, unavailability: Unavailability): void {
  world.send({ kind: "inverse-offers-received", offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability }] });
}

/** An agent that builds on `h1`, and is disabled for a window there. */
function withRetired(): { readonly world: Driver; readonly taskId: string; readonly window: Unavailability } {
  const { world, taskId } = withIdleAgent();
  const window = { startMs: world.atMs + 10 * minute, durationMs: 30 * minute };
  ask(world, window);
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.read(gocdAgent(taskId, { ...building, configState: "Disabled" }));
  assertEquals(world.instance(taskId).retire, "maintenance");
  world.taken();
  world.noted();
  return { world, taskId, window };
}

/** Its build ends, and a job waits that it could take: whether it is enabled again. */
function isEnabledAgain({ world, taskId }: { readonly world: Driver; readonly taskId: string }): boolean {
  world.read(gocdAgent(taskId, { configState: "Disabled" }));
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId, { configState: "Disabled" })] });
  return only(world.taken(), "enable-gocd-agent").length === 1;
}

Deno.test("an inverse offer of a host without agents is accepted once Mesos has reported all tasks", () => {
  const world = drive();
  world.subscribe();
  world.wait(second);
  const answer = (id: string, mesosAgentId = "a-h7"): string[] => {
    world.taken();
    const unavailability = { startMs: world.atMs };
    world.send({ kind: "inverse-offers-received", offers: [{ id, mesosAgentId, unavailability }] });
    return kinds(world.taken());
  };
  assertEquals(answer("i1"), ["reconcile-tasks", "decline-inverse-offers"]);
  world.wait(minute);
  assertEquals(answer("i2"), ["reconcile-tasks", "accept-inverse-offers"]);
  assertEquals(answer("i3", "a-h8"), ["decline-inverse-offers"], "requested at this moment");
  world.wait(minute);
  assertEquals(answer("i4"), ["reconcile-tasks", "accept-inverse-offers"]);
  assertEquals(answer("i5", "a-h8"), ["accept-inverse-offers"]);
  world.subscribe();
  world.wait(second);
  assertEquals(answer("i6"), ["reconcile-tasks", "decline-inverse-offers"], "another master");
});

Deno.test("a host is not given free if Mesos reports a task there that the state lacks", () => {
  const world = drive();
  world.subscribe();
  world.wait(second);
  const event = {
    kind: "inverse-offers-received" as const,
    offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability: { startMs: world.atMs } }],
  };
  world.send(event);
  world.status("gocd-abc123-default-7", "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h1" });
  world.wait(minute);
  world.taken();
  world.send(event);
  assertEquals(only(world.taken(), "accept-inverse-offers"), []);
});

Deno.test("an inverse offer of a busy host is declined, its agents finish first, then it is accepted", () => {
  const { world, taskId } = withIdleAgent();
  const event = {
    kind: "inverse-offers-received" as const,
    offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability: { startMs: world.atMs + 59 * minute } }],
  };
  world.send(event);
  assertEquals(theOne(world.taken(), "decline-inverse-offers").refuseSeconds, 60);
  world.poll({ agents: [gocdAgent(taskId, { agentState: "Building", buildState: "Building" })] });
  const draining = world.instance(taskId);
  assertEquals(draining.state === "draining" ? draining.reason : draining.state, "maintenance");
  assertEquals(only(world.taken(), "kill-task"), []);
  world.status(taskId, "TASK_KILLED");
  world.send(event);
  world.wait(minute);
  world.send(event);
  assertEquals(only(world.taken(), "accept-inverse-offers").length, 1);
});

Deno.test("an inverse offer for a window beyond the lead time is declined until then, for an hour at most, and drains nothing", () => {
  const { world, taskId } = withIdleAgent();
  for (const [hours, want] of [[1.5, 1_800], [48, 3_600]] as const) {
    const unavailability = { startMs: world.atMs + hours * 60 * minute };
    world.send({ kind: "inverse-offers-received", offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability }] });
    assertEquals(theOne(world.taken(), "decline-inverse-offers").refuseSeconds, want);
  }
  assertEquals(world.instance(taskId).retire, undefined);
  assertEquals(world.noted().filter(({ code }) => code === "maintenance-announced").length, 2);
});

Deno.test("an agent that leaves for maintenance does not count as capacity, so its jobs get another", () => {
  const { world, taskId } = withIdleAgent();
  world.send({
    kind: "inverse-offers-received",
    offers: [{ id: "i1", unavailability: { startMs: world.atMs } }],
  });
  world.poll({ jobs: jobs(1), agents: [gocdAgent(taskId)] });
  assertEquals(world.verdict("j0").verdict, "needs-agent");
});

Deno.test("a host whose maintenance window opens too soon is not used", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  const soon: Offer = { ...offer("h1"), unavailability: { startMs: world.atMs + 10 * minute } };
  world.offers(soon);
  assertEquals(world.state.instances.size, 0);
});

Deno.test("a window that Mesos keeps asking for holds its agents back, however long their builds take", () => {
  const scene = withRetired();
  for (let at = 0; at < 20; at++) {
    scene.world.wait(61 * second);
    ask(scene.world, scene.window);
  }
  assertEquals(scene.world.instance(scene.taskId).retire, "maintenance");
  assertEquals(isEnabledAgain(scene), false);
  assertEquals(scene.world.noted().filter(({ code }) => code === "maintenance-taken-back"), []);
});

Deno.test("a window without further inverse offers was cancelled: its agent, which still builds, is enabled again", () => {
  const scene = withRetired();
  scene.world.wait(3 * minute);
  assertEquals(scene.world.instance(scene.taskId).retire, "maintenance");
  scene.world.wait(2 * minute);
  assertEquals(scene.world.instance(scene.taskId).retire, undefined);
  const told = scene.world.noted().filter(({ code }) => code === "maintenance-taken-back");
  assertEquals(told.map(({ text }) => text), ["Mesos no longer asks to free host h1; its 1 agent may stay"]);
  assertEquals(only(scene.world.taken(), "enable-gocd-agent").length, 1);
  scene.world.read(gocdAgent(scene.taskId, building));
  assertEquals(scene.world.instance(scene.taskId).state, "registered");
});

const better: readonly (readonly [string, (atMs: number) => Partial<Offer>, boolean])[] = [
  ["without a window", () => ({}), true],
  ["with a window beyond the lead", (atMs) => ({ unavailability: { startMs: atMs + 3 * 60 * minute } }), true],
  ["with the window", (atMs) => ({ unavailability: { startMs: atMs + 5 * minute } }), false],
  ["of another host", () => ({ hostname: "h2", mesosAgentId: "a-h2" }), false],
];

for (const [name, changes, isKept] of better) {
  Deno.test(`an offer ${name} ${isKept ? "ends" : "does not end"} the retirement of the host's agents at once`, () => {
    const scene = withRetired();
    scene.world.offers(offer("h1", changes(scene.world.atMs)));
    assertEquals(scene.world.instance(scene.taskId).retire, isKept ? undefined : "maintenance");
    assertEquals(isEnabledAgain(scene), isKept);
  });
}

Deno.test("if a window is moved beyond the lead time, its agents stay, which is reported once", () => {
  const scene = withRetired();
  ask(scene.world, { startMs: scene.world.atMs + 5 * 60 * minute });
  assertEquals(theOne(scene.world.taken(), "decline-inverse-offers").refuseSeconds, 3_600);
  assertEquals(scene.world.instance(scene.taskId).retire, undefined);
  assertEquals(scene.world.noted().map(({ code }) => code), ["maintenance-taken-back"]);
});

Deno.test("a window that is over but still scheduled drains no agent: its host accepts agents, which would be drained again and again", () => {
  const { world, taskId } = withIdleAgent();
  ask(world, { startMs: world.atMs - 2 * 60 * minute, durationMs: 60 * minute });
  assertEquals(theOne(world.taken(), "decline-inverse-offers").refuseSeconds, 3_600);
  assertEquals(world.instance(taskId).retire, undefined);
  assertStringIncludes(world.noted().at(-1)?.text ?? "", "(maintenance is over)");
  // One without an end is never over.
  ask(world, { startMs: world.atMs - 2 * 60 * minute });
  assertEquals(world.instance(taskId).retire, "maintenance");
});

Deno.test("a surplus agent stays surplus, whatever happens to the window", () => {
  const { world, taskId } = withIdleAgent();
  const surplus = { ...world.instance(taskId), retire: "surplus" as const };
  const again = drive({ stored: { ...emptyStore, instances: [surplus] } });
  again.subscribe();
  ask(again, { startMs: again.atMs + minute });
  again.wait(10 * minute);
  assertEquals(again.instance(taskId).retire, "surplus");
});

Deno.test("after a restart, and with a new leader, Mesos has the time to ask again before a window counts as taken back", () => {
  const { world, taskId } = withRetired();
  const again = drive({ stored: { ...emptyStore, instances: [world.instance(taskId)] } });
  again.wait(60 * minute);
  assertEquals(again.instance(taskId).retire, "maintenance", "without a session nobody can ask");
  again.subscribe();
  again.wait(14 * minute);
  assertEquals(again.instance(taskId).retire, "maintenance");
  again.wait(2 * minute);
  assertEquals(again.instance(taskId).retire, undefined);
});

Deno.test("a lost response is sent again at the next tick: Mesos waits for it, and would never repeat the inverse offer", () => {
  const { world } = withRetired();
  for (const kind of ["decline-inverse-offers", "accept-inverse-offers"] as const) {
    const call = { kind, offerIds: ["i7"], refuseSeconds: 60 };
    assertEquals(world.send({ kind: "mesos-call-failed", call, outcome: "unknown", message: "no answer" }).effects, []);
    world.wait(3 * second);
    const again = only(world.taken(), "decline-inverse-offers");
    assertEquals(again.map(({ offerIds, refuseSeconds }) => [...offerIds, refuseSeconds]), [["i7", 60]]);
    world.send({ kind: "mesos-call-failed", call, outcome: "unknown", message: "no answer" });
    world.subscribe();
    world.wait(3 * second);
    assertEquals(only(world.taken(), "decline-inverse-offers"), [], "a new master asks by itself");
  }
});

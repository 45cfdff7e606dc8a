// What is left of a frame whose records cannot be stored. Not here: storing (tests/runtime/engine_test.ts).

import { noteLine } from "../../src/core/words/notes.ts";
import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { NoteLine } from "../../src/core/words/note_line.ts";
import type { State } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { offersFates, serverFates, stateFates, withoutRecords } from "../../src/core/unstored.ts";
import {
  drive,
  type Driver,
  gocdAgent,
  jobs,
  kinds,
  minute,
  offer,
  only,
  ownPending,
  problem,
  reconciled,
  second,
  serverInfo,
  someSettings,
  withIdleAgent,
} from "../support/core.ts";

/** A core whose commits fail while `isBroken`. */
interface Unstored {
  state: State;
  atMs: number;
  isBroken: boolean;
  effects: Effect[];
  notes: NoteLine[];
  send(event: Event): void;
  /** So much time with a tick every second. */
  wait(ms: number): void;
}

function goingOn(world: Driver): Unstored {
  const core: Unstored = {
    state: world.state,
    atMs: world.atMs,
    isBroken: true,
    effects: [],
    notes: [],
    send(event): void {
      const frame = step(core.state, { atMs: core.atMs, random: 0.5, event });
      const isStored = frame.records.length === 0 || !core.isBroken;
      const { state, effects, notes } = isStored ? frame : withoutRecords(core.state, event, frame);
      core.state = state;
      core.effects.push(...effects);
      core.notes.push(...notes.map((note) => noteLine(note, core.atMs)));
    },
    wait(ms): void {
      for (const endMs = core.atMs + ms; core.atMs < endMs;) {
        core.atMs += second;
        core.send({ kind: "tick" });
      }
    },
  };
  return core;
}

function polled(changes: Partial<Extract<Event, { kind: "gocd-polled" }>> = {}): Event {
  return { kind: "gocd-polled", server: serverInfo, jobs: [], agents: [], findings: [], ...changes };
}

Deno.test("every part of the state is either learned, or remembers an act, or is stored", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ jobs: jobs(3), agents: [gocdAgent(taskId)] });
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  world.send({ kind: "teardown-requested", mode: "now" });
  const { state } = world;
  for (
    const [part, fates] of [[state, stateFates], [state.server, serverFates], [state.offers, offersFates]] as const
  ) {
    assertEquals(Object.keys(part).filter((key) => !Object.hasOwn(fates, key)), []);
  }
});

Deno.test("a configuration applies even if nothing can be stored, and agents of changed profiles are marked when they can be", () => {
  const { world, taskId } = withIdleAgent();
  const core = goingOn(world);
  const { settings } = core.state;
  const changed = {
    ...settings,
    scaling: { ...settings.scaling, maxAgents: 7 },
    profiles: settings.profiles.map((profile) => ({ ...profile, hash: "77777777" })),
  };
  core.send({ kind: "settings-changed", settings: changed });
  assertEquals(core.state.settings, changed);
  assertEquals(core.notes.map(({ code }) => code), ["settings-changed"]);
  core.wait(5 * second);
  assertEquals(core.state.instances.get(taskId)?.retire, undefined);
  core.isBroken = false;
  core.wait(second);
  assertEquals(core.state.instances.get(taskId)?.retire, "profile-changed");
});

Deno.test("the failures of a profile that is fixed while nothing can be stored are cleared", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_FAILED");
  assertEquals(world.state.breakers.profiles.size, 1);
  const core = goingOn(world);
  const { settings } = core.state;
  const profiles = settings.profiles.map((profile) => ({ ...profile, hash: "77777777" }));
  core.send({ kind: "settings-changed", settings: { ...settings, profiles } });
  assertEquals(core.state.breakers.profiles.size, 0);
});

Deno.test("what could not be sent does not count as sent: enabling is requested again with the next list", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [one = "", two = ""] = world.state.instances.keys();
  for (const taskId of [one, two]) world.status(taskId, "TASK_RUNNING");
  const core = goingOn(world);
  const agents = [ownPending(one), gocdAgent(two)];
  core.send({ kind: "gocd-agents-read", agents });
  assertEquals(kinds(core.effects), []);
  assertEquals([...core.state.server.lastRequestMs, ...core.state.server.enableRequestedMs], []);
  core.isBroken = false;
  core.send({ kind: "gocd-agents-read", agents });
  assertEquals(only(core.effects, "enable-gocd-agent").map((each) => each.taskId), [one]);
});

Deno.test("a reconciled status that could not be stored is requested again", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "disconnected", reason: "cut" });
  world.subscribe();
  const core = goingOn(world);
  const status = { taskId, state: "TASK_LOST", message: "", mesosAgentId: "a-h1", reason: "REASON_RECONCILIATION" };
  core.send({ kind: "task-status-updated", status });
  assertEquals([...core.state.reconciliation.pending], [taskId]);
  core.isBroken = false;
  core.wait(minute);
  assert(only(core.effects, "reconcile-tasks").length > 0);
});

Deno.test("all tasks are requested again if the report of one that counts as gone could not be stored", () => {
  const { world, taskId } = withIdleAgent();
  world.read();
  world.status(taskId, "TASK_UNKNOWN", reconciled);
  assertEquals(world.instance(taskId).state, "gone");
  const core = goingOn(world);
  const status = { taskId, state: "TASK_RUNNING", message: "", mesosAgentId: "a-h1", reason: "REASON_RECONCILIATION" };
  core.send({ kind: "task-status-updated", status });
  assertEquals(core.state.reconciliation.pending.has(taskId), false);
  core.isBroken = false;
  core.wait(20 * second);
  assertEquals(only(core.effects, "reconcile-tasks").filter(({ tasks }) => tasks.length === 0).length, 1);
});

Deno.test("the wait of polls is not waived for a loss that could not be stored", () => {
  const { world, taskId } = withIdleAgent();
  const core = goingOn(world);
  const { settings } = core.state;
  core.send({ kind: "settings-changed", settings: { ...settings, poller: { ...settings.poller, attempts: 3 } } });
  const before = core.state.demand.streaks;
  const status = { taskId, state: "TASK_LOST", message: "", mesosAgentId: "a-h1", uuid: "u" };
  core.send({ kind: "task-status-updated", status });
  assertEquals(core.state.demand.streaks, before);
  core.isBroken = false;
  core.send({ kind: "task-status-updated", status });
  assertNotEquals(core.state.demand.streaks, before);
});

Deno.test("an unknown task that could not be adopted is requested again, and the fence of its request proves nothing", () => {
  const status = { taskId: "gocd-abc123-default-9", state: "TASK_RUNNING", message: "", mesosAgentId: "a-h1" };
  const after = (inherited: State["inherited"], uuid?: string): State => {
    const core = goingOn(withIdleAgent().world);
    core.state = { ...core.state, inherited };
    core.send({ kind: "task-status-updated", status: { ...status, ...(uuid === undefined ? {} : { uuid }) } });
    return core.state;
  };
  for (const inherited of ["known", "unknown"] as const) {
    const core = goingOn(withIdleAgent().world);
    core.state = after(inherited);
    assertEquals(core.state.reconciliation.fenceRound, 1);
    core.atMs = core.state.lastStepMs;
    core.isBroken = false;
    const requests = (ms: number): number => {
      core.wait(ms);
      return only(core.effects, "reconcile-tasks").filter(({ tasks }) => tasks.length === 0).length;
    };
    assertEquals([requests(14 * second), requests(second)], [0, 1], inherited);
  }
  assertEquals(after("known", "of-the-update").reconciliation.fenceRound, undefined, "Mesos repeats an update");
});

Deno.test("what changes on the server while nothing can be stored is reported anyway, and acts are not", () => {
  const { world, taskId } = withIdleAgent();
  const core = goingOn(world);
  const agents = [gocdAgent(taskId, { agentState: "Building", buildState: "Building" })];
  core.send(polled({ agents, server: { ...serverInfo, maintenance: "on" } }));
  assertEquals(core.state.server.info?.maintenance, "on");
  assertEquals(core.notes.map(({ code }) => code), ["gocd-maintenance"]);
});

Deno.test("offers are declined for a moment only, and their role does not count as offerless", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.taken();
  const core = goingOn(world);
  for (let count = 0; count < 20; count++) {
    core.send({ kind: "offers-received", offers: [offer("h1"), offer("h2")] });
    core.wait(5 * second);
  }
  assertEquals(new Set(only(core.effects, "decline-offers").map((each) => each.refuseSeconds)), new Set([5]));
  assertEquals(only(core.effects, "accept-offers"), []);
  core.send(polled({ jobs: jobs(1) }));
  assertEquals(core.notes.filter(({ code }) => code === "no-offer"), []);
  core.isBroken = false;
  core.send({ kind: "offers-received", offers: [offer("h1"), offer("h2")] });
  assertEquals(only(core.effects, "accept-offers").length, 1);
});

Deno.test("a framework that Mesos has removed is not requested again and again while the removal cannot be stored", () => {
  const world = drive();
  world.subscribe();
  world.taken();
  const core = goingOn(world);
  core.send({ kind: "framework-error", error: "removed", message: "Framework has been removed" });
  assertEquals(only(core.effects, "end-session").map((each) => each.retryMs), [5_000]);
});

Deno.test("a command that could not be stored has not happened", () => {
  const world = drive();
  world.subscribe();
  const core = goingOn(world);
  for (const event of [{ kind: "teardown-requested", mode: "now" }, { kind: "launching-frozen" }] as const) {
    core.send(event);
  }
  core.wait(minute);
  assertEquals(core.state.controls, world.state.controls);
  assertEquals(only(core.effects, "teardown-framework"), []);
});

Deno.test("the plan of a frame that did not happen is made again", () => {
  const world = drive({ ...someSettings(), scaling: { maxAgents: 1 } });
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  const core = goingOn(world);
  core.send({
    kind: "task-status-updated",
    status: { taskId, state: "TASK_FAILED", message: "", mesosAgentId: "a-h1", uuid: "u" },
  });
  core.wait(minute);
  assertEquals(core.state.demand.wanted, []);
  assertStringIncludes(core.state.demand.jobs[0]?.verdict ?? "", "coming");
});

Deno.test("a list of another server is noticed although the frame of the first such list could not be stored", () => {
  const { world, taskId } = withIdleAgent();
  world.poll({ agents: [gocdAgent(taskId), gocdAgent("stranger")] });
  const core = goingOn(world);
  const others: Event = { kind: "gocd-agents-read", agents: [gocdAgent("of another server")] };
  core.send(others);
  assertEquals([core.state.brake.gocd, core.state.server.agents.length], [undefined, 1], "its frame is not stored");
  core.isBroken = false;
  core.send(others);
  assertEquals(core.state.brake.gocd?.kind, "gocd-unlisted");
});

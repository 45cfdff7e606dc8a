// The loop around the core: records before effects, failing stores, the history of notes.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Effect } from "../../src/core/effect.ts";
import type { NoteLine } from "../../src/core/words/note_line.ts";
import { noteLine } from "../../src/core/words/notes.ts";
import type { Picture } from "../../src/core/view/picture.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { Observations } from "../../src/runtime/observations.ts";
import { createMemoryDisk, openMemoryStore } from "../support/memory_store.ts";
import { StoreError } from "../../src/store/store_error.ts";
import type { Store } from "../../src/store/store.ts";
import { healthOf } from "../../src/core/view/health.ts";
import {
  dockerNameOf,
  gocdAgent,
  jobs,
  kinds,
  offer,
  only,
  ownPending,
  problem,
  second,
  serverInfo,
  someSettings,
  subscribedEvent,
} from "../support/core.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

interface Bench {
  readonly engine: Engine;
  readonly clock: VirtualClock;
  readonly notes: NoteLine[];
  readonly observations: Observations;
  /** Effects, and `commit` where records were stored, in the order in which they happened. */
  readonly acts: (Effect | "commit")[];
  readonly disk: ReturnType<typeof createMemoryDisk>;
  isBroken: boolean;
  /** Single commits that fail, counted from 1. */
  readonly failing: Set<number>;
  commits: number;
}

async function bench(): Promise<Bench> {
  const clock = virtualClock();
  const acts: (Effect | "commit")[] = [];
  const notes: NoteLine[] = [];
  const observations = new Observations();
  const disk = createMemoryDisk();
  const error = new StoreError("state-full", { message: "disk full", hint: "make room" });
  const store = openMemoryStore(disk, {
    newLineage: () => "abc123",
    failure: (act) => {
      if (act !== "commit") return undefined;
      const isFailing = made.failing.has(++made.commits);
      return made.isBroken || isFailing ? { error, outcome: "nothing-stored" } : undefined;
    },
  });
  const watched: Store = {
    ...store,
    commit: async (records) => {
      await store.commit(records);
      acts.push("commit");
    },
  };
  const made = { clock, notes, observations, acts, disk, isBroken: false, failing: new Set<number>(), commits: 0 };
  const engine = await Engine.create({
    store: watched,
    settings: someSettings(),
    clock,
    random: () => 0.5,
    perform: (effect) => void acts.push(effect),
    tell: (note, atMs) => {
      notes.push(noteLine(note, atMs));
      observations.told(note, atMs);
    },
  });
  return Object.assign(made, { engine });
}

const polled = {
  kind: "gocd-polled",
  server: serverInfo,
  jobs: jobs(2),
  agents: [],
  findings: [],
} as const;

function effects({ acts }: Bench): Effect[] {
  return acts.filter((act) => act !== "commit");
}

async function handleAll({ engine }: Bench, ...events: readonly Parameters<Engine["handle"]>[0][]): Promise<void> {
  for (const event of events) await engine.handle(event);
}

Deno.test("records are stored before the effects of their frame are performed", async () => {
  const world = await bench();
  await handleAll(world, subscribedEvent, polled);
  world.acts.length = 0;
  await world.engine.handle({ kind: "offers-received", offers: [offer("h1")] });
  const words = world.acts.map((act) => act === "commit" ? act : act.kind);
  assertEquals(words.slice(0, 2), ["commit", "accept-offers"]);
  assertEquals([...world.disk.texts.keys()].filter((key) => key.includes("gocd-abc123")).length, 2);
});

Deno.test("a launch whose record cannot be stored is not performed, and its offer is declined", async () => {
  const world = await bench();
  await handleAll(world, subscribedEvent, polled);
  world.acts.length = 0;
  world.isBroken = true;
  const given = offer("h1");
  await world.engine.handle({ kind: "offers-received", offers: [given] });
  assertEquals(kinds(effects(world)), ["decline-offers"]);
  assertEquals(only(effects(world), "decline-offers")[0]?.offerIds, [given.id]);
  assertEquals(world.engine.state.instances.size, 0);
  world.isBroken = false;
  await world.engine.handle({ kind: "offers-received", offers: [offer("h1")] });
  assertEquals(only(effects(world), "accept-offers").length, 1, "it launches as soon as it can be stored");
});

Deno.test("an update whose record cannot be stored is not acknowledged", async () => {
  const world = await bench();
  await handleAll(world, subscribedEvent, polled, { kind: "offers-received", offers: [offer("h1")] });
  const taskId = [...world.engine.state.instances.keys()][0] ?? "";
  const status = { taskId, state: "TASK_RUNNING", message: "", mesosAgentId: "a-h1", uuid: "u1" };
  world.acts.length = 0;
  world.isBroken = true;
  await world.engine.handle({ kind: "task-status-updated", status });
  assertEquals(world.acts, []);
  assertEquals(world.engine.state.instances.get(taskId)?.state, "launching");
  world.isBroken = false;
  await world.engine.handle({ kind: "task-status-updated", status });
  assertEquals(world.acts[0], "commit");
  assertEquals(only(effects(world), "acknowledge-status").length, 1);
});

/** Ten instances launched, and what Mesos says of them, twice each. */
async function manyUpdates(world: Bench): Promise<readonly Parameters<Engine["handle"]>[0][]> {
  await handleAll(world, subscribedEvent, { ...polled, jobs: jobs(10) });
  await world.engine.handle({
    kind: "offers-received",
    offers: Array.from({ length: 10 }, (_, index) => offer(`h${index}`)),
  });
  world.acts.length = 0;
  return ["TASK_STARTING", "TASK_RUNNING"].flatMap((state) =>
    [...world.engine.state.instances.values()].map(({ taskId, mesosAgentId }) => ({
      kind: "task-status-updated" as const,
      status: { taskId, state, message: "", mesosAgentId, uuid: `${state} ${taskId}` },
    }))
  );
}

async function runThrough(
  { engine }: Bench,
  events: readonly Parameters<Engine["handle"]>[0][],
): Promise<string | undefined> {
  const ending = new AbortController();
  for (const event of events) engine.post(event);
  const running = engine.run(ending.signal);
  const problem = await engine.ask({ kind: "launching-resumed" });
  ending.abort();
  await running;
  return problem;
}

Deno.test("queued updates are stored in one commit and acknowledged in order afterwards", async () => {
  const world = await bench();
  const updates = await manyUpdates(world);
  assertEquals(await runThrough(world, updates), undefined);
  assertEquals(world.acts[0], "commit");
  const acks = world.acts.slice(1, updates.length + 1).filter((act) => act !== "commit");
  assertEquals(
    only(acks, "acknowledge-status").map((ack) => ack.uuid),
    updates.map((event) => event.kind === "task-status-updated" ? event.status.uuid : undefined),
  );
  const apart = await bench();
  await manyUpdates(apart);
  await handleAll(apart, ...updates);
  assertEquals([...world.engine.state.instances], [...apart.engine.state.instances], "as if each came alone");
  assertEquals(world.disk.texts, apart.disk.texts);
});

Deno.test("if a commit fails, only updates that change no record are acknowledged", async () => {
  const world = await bench();
  const updates = await manyUpdates(world);
  world.isBroken = true;
  const foreign = { taskId: "foreign", state: "TASK_FINISHED", message: "", mesosAgentId: "a", uuid: "not ours" };
  const problem = await runThrough(world, [...updates, { kind: "task-status-updated", status: foreign }]);
  assertEquals(problem, "the state cannot be stored: disk full");
  assertEquals(only(effects(world), "acknowledge-status").map((ack) => ack.uuid), ["not ours"]);
  assertEquals(new Set([...world.engine.state.instances.values()].map(({ state }) => state)), new Set(["launching"]));
});

Deno.test("for any failing commits, exactly the stored ones of queued updates are acknowledged", async () => {
  for (const failing of [[1], [1, 2], [1, 3, 5], [1, 21], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]]) {
    const world = await bench();
    const updates = await manyUpdates(world);
    for (const number of failing) world.failing.add(world.commits + number);
    assertEquals(await runThrough(world, updates), undefined, `${failing}`);
    const acknowledged = only(effects(world), "acknowledge-status").map(({ uuid }) => uuid);
    // The first commit is of all together; each after it is of one.
    assertEquals(acknowledged.length, updates.length - failing.filter((number) => number > 1 && number <= 21).length);
    for (const uuid of acknowledged) {
      const [state, taskId = ""] = uuid.split(" ");
      const stored = [...world.disk.texts].find(([key]) => key.endsWith(taskId))?.[1] ?? "";
      assert(stored.includes('"starting"') && (state !== "TASK_RUNNING" || stored.includes("runningSinceMs")), stored);
    }
    assertEquals(
      [...world.engine.state.instances.values()].map(({ taskId, state }) => `${taskId} ${state}`),
      [...world.engine.state.instances.keys()].map((taskId) => {
        const stored = [...world.disk.texts].find(([key]) => key.endsWith(taskId))?.[1] ?? "";
        return `${taskId} ${stored.includes('"launching"') ? "launching" : "starting"}`;
      }),
    );
  }
});

Deno.test("a failing store and its recovery are reported once, and the server is still polled", async () => {
  const world = await bench();
  await handleAll(world, subscribedEvent, polled);
  world.isBroken = true;
  world.notes.length = 0;
  world.acts.length = 0;
  for (let minute = 0; minute < 4; minute++) {
    await world.engine.handle({ kind: "offers-received", offers: [offer("h1")] });
    await world.clock.pass(120 * second);
    await world.engine.handle({ kind: "tick" });
    await world.engine.handle(polled);
  }
  const failed = world.notes.filter((note) => note.code === "store-failed");
  assertEquals(new Set(failed.map((note) => `${note.onceKey} ${note.text} ${note.hint}`)).size, 1);
  assert(failed[0]?.text.includes("disk full") && failed[0].hint === "make room");
  assertEquals(
    world.observations.picture(world.engine.view()).notes.filter((note) => note.code === "store-failed").length,
    1,
  );
  assertEquals(only(effects(world), "poll-gocd").length, 4);
  assertEquals(only(effects(world), "accept-offers"), []);
  world.isBroken = false;
  await world.engine.handle({ kind: "offers-received", offers: [offer("h1")] });
  assertEquals(world.notes.filter((note) => note.code === "store-works").length, 1);
});

Deno.test("settings changed while the store fails apply immediately, and are stored later", async () => {
  const world = await bench();
  await handleAll(world, subscribedEvent, polled, { kind: "offers-received", offers: [offer("h1")] });
  const before = world.engine.state.settings;
  const profiles = before.profiles.map((profile) => ({ ...profile, hash: "77777777" }));
  const settings = { ...before, scaling: { ...before.scaling, maxAgents: 7 }, profiles };
  world.isBroken = true;
  await world.engine.handle({ kind: "settings-changed", settings });
  assertEquals(world.engine.state.settings, settings);
  assertEquals(world.notes.filter(({ code }) => code === "settings-changed").length, 1);
  world.isBroken = false;
  await world.engine.handle({ kind: "tick" });
  const retired = [...world.engine.state.instances.values()].map(({ retire }) => retire);
  assertEquals(retired, ["profile-changed", "profile-changed"]);
  assertEquals([...world.disk.texts.values()].filter((text) => text.includes("profile-changed")).length, 2);
});

Deno.test("an enable request prevented by a failing store is sent with the next list of agents", async () => {
  const world = await bench();
  await handleAll(world, subscribedEvent, polled, { kind: "offers-received", offers: [offer("h1")] });
  const [one = "", two = ""] = world.engine.state.instances.keys();
  for (const taskId of [one, two]) {
    const dockerName = dockerNameOf(taskId);
    const uuid = `running ${taskId}`;
    const status = { taskId, state: "TASK_RUNNING", message: "", mesosAgentId: "a-h1", uuid, dockerName };
    await world.engine.handle({ kind: "task-status-updated", status });
  }
  const agents = [ownPending(one), gocdAgent(two)];
  world.acts.length = 0;
  world.isBroken = true;
  await world.engine.handle({ kind: "gocd-agents-read", agents });
  assertEquals(effects(world), []);
  world.isBroken = false;
  await world.clock.pass(10 * second);
  await world.engine.handle({ kind: "gocd-agents-read", agents });
  assertEquals(only(effects(world), "enable-gocd-agent").map(({ taskId }) => taskId), [one]);
});

Deno.test("the session ends if the framework id cannot be stored", async () => {
  const world = await bench();
  world.isBroken = true;
  await world.engine.handle(subscribedEvent);
  assertEquals(kinds(effects(world)), ["end-session"]);
  assertEquals(world.engine.state.framework.frameworkId, undefined);
  assertEquals(world.engine.state.session.kind, "connecting");
});

Deno.test("an ERROR for a failover or a removed framework takes effect even while the store fails", async () => {
  const world = await bench();
  await handleAll(world, subscribedEvent, polled, { kind: "offers-received", offers: [offer("h1")] });
  world.isBroken = true;
  world.acts.length = 0;
  await world.engine.handle({ kind: "framework-error", error: "failed-over", message: "Framework failed over" });
  assertEquals(kinds(effects(world)), ["step-down"]);
  await world.engine.handle({ kind: "framework-error", error: "removed", message: "Framework has been removed" });
  assertEquals(kinds(effects(world)).at(-1), "end-session");
});

Deno.test("the picture keeps the last 200 notes, and a lasting condition once", async () => {
  const world = await bench();
  const told = (): Picture => world.observations.picture(world.engine.view());
  for (let count = 0; count < 300; count++) await world.engine.handle({ kind: "gocd-poll-failed", problem: problem() });
  assertEquals([told().notes.length, told().measured.notesByCode["gocd-unreachable"]], [1, 300]);
  for (let count = 0; count < 300; count++) world.engine.tell({ kind: "mesos-steady", master: `m${count}` });
  assertEquals([told().notes.length, told().notes.at(-1)?.text], [
    200,
    "the subscription to the Mesos master m299 is stable again",
  ]);
});

Deno.test("events are handled in order, and an internal error rejects run()", async () => {
  const world = await bench();
  const ending = new AbortController();
  const running = world.engine.run(ending.signal);
  world.engine.post(subscribedEvent);
  world.engine.post({ ...polled, jobs: undefined as never });
  await assertRejects(() => running, TypeError);
  assertEquals(world.engine.state.session.kind, "subscribed");
});

Deno.test("ask() resolves after the commit, or with the problem of a failed one", async () => {
  const world = await bench();
  const ending = new AbortController();
  const running = world.engine.run(ending.signal);
  assertEquals(await world.engine.ask({ kind: "launching-frozen" }), undefined);
  assertEquals([world.engine.state.controls.frozen, world.acts.at(-1)], [true, "commit"]);
  world.isBroken = true;
  assertEquals(await world.engine.ask({ kind: "launching-resumed" }), "the state cannot be stored: disk full");
  assertEquals(world.engine.state.controls.frozen, true);
  world.isBroken = false;
  assertEquals(await world.engine.ask({ kind: "launching-resumed" }), undefined);
  ending.abort();
  await running;
});

Deno.test("the health check fails if the core has handled no event for 90 seconds", async () => {
  const world = await bench();
  const startMs = world.clock.nowMs();
  await world.clock.pass(10_000);
  await world.engine.handle({ kind: "tick" });
  await world.clock.pass(90_000);
  const view = world.engine.view();
  assertEquals([view.movedMs, view.atMs], [startMs + 10_000, startMs + 100_000]);
  assertEquals(healthOf(view).reasons, ["the scheduler has not handled an event for 90 s"]);
  await world.engine.handle({ kind: "tick" });
  assertEquals(healthOf(world.engine.view()).isHealthy, true);
});

Deno.test("the engine yields to the event loop during a flood of events", async () => {
  const eventsCount = 1_000;
  let handled = 0;
  let turns = 0;
  let nowMs = 1_000;
  const ending = new AbortController();
  const store = openMemoryStore(createMemoryDisk(), { newLineage: () => "abc123" });
  const engine = await Engine.create({
    store,
    settings: someSettings(),
    clock: {
      // Each event takes a millisecond of this clock.
      nowMs: () => nowMs,
      sleep: () => {
        turns++;
        return Promise.resolve();
      },
    },
    random: () => {
      nowMs++;
      if (++handled === eventsCount) ending.abort();
      return 0.5;
    },
    perform: () => {},
    tell: () => {},
  });
  for (let number = 0; number < eventsCount; number++) engine.post({ kind: "offer-rescinded", offerId: `${number}` });
  await engine.run(ending.signal);
  assert(turns >= eventsCount / 40 && turns <= eventsCount / 20, `${turns} turns`);
});

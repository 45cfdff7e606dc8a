// A master that sends faster than the engine, whose store hangs. The program around it runs on a virtual clock; the
// queue of the session is the real one.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { loadConfig } from "../../src/config/load.ts";
import type { NoteLine } from "../../src/core/words/note_line.ts";
import { noteLine } from "../../src/core/words/notes.ts";
import type { GocdApi } from "../../src/gocd/api.ts";
import type { MesosEvent } from "../../src/core/event.ts";
import type { MesosApi, MesosSession } from "../../src/mesos/api.ts";
import { createEventQueue, type EventQueue, queuedEventsMax } from "../../src/mesos/event_queue.ts";
import { createFramework, type OpenFramework } from "../../src/runtime/framework.ts";
import { updatesMax } from "../../src/runtime/inbox.ts";
import { createMemoryDisk, openMemoryStore } from "../support/memory_store.ts";
import { serverInfo, subscribedEvent } from "../support/core.ts";
import { settle, type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const config = loadConfig(
  "framework.conf",
  {},
  () => `gocd-mesos { mesos-master: "m:5050", go-server { host: "g", port: "8153" }, go-agent { docker-image: "i" } }`,
);

interface Bench {
  readonly framework: OpenFramework;
  readonly clock: VirtualClock;
  readonly notes: NoteLine[];
  /** The queue of each session. */
  readonly queues: EventQueue[];
  /** Acknowledgements that left, by uuid. */
  readonly acknowledged: string[];
  polls: number;
  /** Set while commits hang; resolves them. */
  held: PromiseWithResolvers<void> | undefined;
}

async function bench(): Promise<Bench> {
  const clock = virtualClock();
  const inner = openMemoryStore(createMemoryDisk(), { newLineage: () => "abc123" });
  const world = {
    clock,
    notes: [] as NoteLine[],
    queues: [] as EventQueue[],
    acknowledged: [] as string[],
    polls: 0,
    held: undefined as PromiseWithResolvers<void> | undefined,
  };
  const gocd: GocdApi = {
    poll: () => {
      world.polls++;
      return Promise.resolve({ server: serverInfo, jobs: [], agents: [], findings: [] });
    },
    readAgents: () => Promise.resolve([]),
    enableAgent: () => Promise.resolve(),
    disableAgents: () => Promise.resolve(),
    deleteAgents: () => Promise.resolve(),
    rights: () => Promise.resolve({ admin: "yes", detail: "" }),
  };
  const mesos: MesosApi = {
    probe: () => Promise.reject(new Error("not asked")),
    frameworksNamed: () => Promise.resolve(undefined),
    subscribe: (_identity, _id, signal) => {
      const queue = createEventQueue(() => {});
      signal.addEventListener("abort", () => queue.stop(), { once: true });
      queue.push(subscribedEvent as MesosEvent, 100);
      world.queues.push(queue);
      return Promise.resolve<MesosSession>({
        master: "m:5050",
        events: queue.events,
        waiting: queue.waiting,
        send: (call) => {
          if (call.kind === "acknowledge-status") world.acknowledged.push(call.uuid);
          return Promise.resolve();
        },
        close: () => queue.stop(),
      });
    },
  };
  const framework = await createFramework(config, {
    store: {
      ...inner,
      commit: async (records) => {
        await world.held?.promise;
        await inner.commit(records);
      },
    },
    gocd,
    mesos,
    clock,
    random: () => 0.5,
    tell: (note, atMs) => void world.notes.push(noteLine(note, atMs)),
  });
  return Object.assign(world, { framework });
}

function update(number: number): MesosEvent {
  const status = {
    taskId: `other-${number}`,
    state: "TASK_FINISHED",
    message: "",
    mesosAgentId: "a",
    uuid: `u${number}`,
  };
  return { kind: "task-status-updated", status };
}

Deno.test("a full event queue ends the session with an error, and the next session delivers every update", async () => {
  const world = await bench();
  const stop = new AbortController();
  const running = world.framework.run(stop.signal);
  await world.clock.pass(1_000);
  assertEquals(world.framework.engine.state.session.kind, "subscribed");
  world.held = Promise.withResolvers<void>();
  const asked = world.framework.command({ kind: "launching-frozen" });
  await settle();
  const [queue] = world.queues;
  let pushed = 0;
  let failure: Error | undefined;
  while (pushed < 150_000 && failure === undefined) {
    failure = queue?.push(update(pushed), 200);
    if (failure === undefined) pushed++;
    if (pushed % 1_000 === 0) await settle();
  }
  // What the engine has at hand, what is on its way there, and a full queue.
  assert(pushed >= queuedEventsMax && pushed <= queuedEventsMax + updatesMax + 2, `${pushed} were taken`);
  assert(world.framework.engine.backlog <= updatesMax + 1, `${world.framework.engine.backlog} wait before the engine`);
  world.held.resolve();
  world.held = undefined;
  assertEquals(await asked, undefined);
  await world.clock.pass(5_000);
  const told = world.notes.filter(({ code }) => code === "mesos-stream-broken");
  assertEquals(told.length, 1);
  assertStringIncludes(told[0]?.text ?? "", "arrive faster than they can be handled");
  assertEquals([world.queues.length, world.framework.engine.state.session.kind], [2, "subscribed"]);
  // Those that had come over were handled; the others are not acknowledged, so Mesos sends them again.
  assert(world.acknowledged.length <= updatesMax + 2, `${world.acknowledged.length} were acknowledged`);
  assertEquals(world.acknowledged, world.acknowledged.map((_, index) => `u${index}`));
  const { acknowledged } = world;
  for (let number = acknowledged.length; number < 1_000; number++) world.queues[1]?.push(update(number), 200);
  for (let round = 0; round < 100 && acknowledged.length < 1_000; round++) await world.clock.pass(1_000);
  assertEquals(new Set(acknowledged).size, 1_000);
  stop.abort();
  await running;
  assertEquals(world.clock.sleepers, 0);
});

Deno.test("during a continuous flood of updates polls and commands continue, and every update is acknowledged", async () => {
  const world = await bench();
  const stop = new AbortController();
  const running = world.framework.run(stop.signal);
  await world.clock.pass(1_000);
  const [queue] = world.queues;
  const polls = world.polls;
  let pushed = 0;
  let answered = 0;
  for (let round = 0; round < 300; round++) {
    for (let count = 0; count < 200; count++) queue?.push(update(pushed++), 200);
    if (round % 100 === 50) void world.framework.command({ kind: "launching-resumed" }).then(() => answered++);
    await world.clock.pass(1_000);
  }
  assert(world.polls > polls + 1, `${world.polls - polls} polls in five minutes of two minutes between them`);
  assertEquals(answered, 3);
  assertEquals(world.queues.length, 1);
  assert(world.acknowledged.length < pushed, "it is a flood");
  for (let round = 0; round < 5_000 && world.acknowledged.length < pushed; round++) await world.clock.pass(1_000);
  assertEquals([world.acknowledged.length, new Set(world.acknowledged).size], [pushed, pushed]);
  assert(world.framework.picture().measured.queues.events.max >= 300);
  stop.abort();
  await running;
});

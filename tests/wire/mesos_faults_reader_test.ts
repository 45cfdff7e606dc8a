// Streams that no simulated master sends: records beyond all limits, and events while our calls hang. Through the real
// client and engine, against a master that the test scripts.

import { assert, assertEquals } from "@std/assert";
import { recordBytesMax } from "../../src/mesos/recordio.ts";
import type { WireRecord } from "../../src/mesos/proto/wire.ts";
import type { VirtualServers } from "../support/cluster.ts";
import { type Scene, withScene } from "../support/mesos_scene.ts";
import type { VirtualNetwork } from "../support/virtual_network.ts";
import {
  accepted,
  type AskedRequest,
  heartbeat,
  type OpenStream,
  openStream,
  rescind,
  type ScriptedMaster,
  startMasterOn,
  subscribed,
} from "../support/scripted_master.ts";

/** A master of one's own: every SUBSCRIBE opens a stream, other calls are answered as the test says. */
interface OwnMaster extends ScriptedMaster {
  readonly streams: readonly OpenStream[];
  /** Calls of one type. */
  of(type: string): readonly AskedRequest[];
}

type Answer = (asked: AskedRequest) => Response | Promise<Response>;

function ownMaster(network: VirtualNetwork, answer: Answer): OwnMaster {
  const streams: OpenStream[] = [];
  const master = startMasterOn(network, (asked) => {
    // A new state asks whether the master knows a framework of a lost one.
    if (asked.call["type"] === "GET_FRAMEWORKS") return Response.json({ type: "GET_FRAMEWORKS", "get_frameworks": {} });
    if (asked.call["type"] !== "SUBSCRIBE") return answer(asked);
    const stream = openStream({ "mesos-stream-id": `stream-${streams.length}` });
    streams.push(stream);
    stream.send(subscribed, heartbeat);
    return stream.response;
  });
  return Object.assign(master, {
    streams,
    of: (type: string) => master.asked.filter((asked) => asked.call["type"] === type),
  });
}

async function withMaster(
  act: (master: OwnMaster, scene: Scene) => Promise<void>,
  answer: Answer = accepted,
): Promise<void> {
  let master: OwnMaster | undefined;
  const masters = ({ network }: VirtualServers): string => (master = ownMaster(network, answer)).address;
  await withScene({ masters }, async (scene) => {
    await scene.until(() => scene.scheduler.framework.engine.state.session.kind === "subscribed");
    if (master !== undefined) await act(master, scene);
  });
}

function offer(id: string): WireRecord {
  const scalar = (name: string, value: number): WireRecord => ({
    name,
    type: "SCALAR",
    scalar: { value },
    allocation_info: { role: "*" },
  });
  return {
    id: { value: id },
    framework_id: { value: "f1" },
    agent_id: { value: "a1" },
    hostname: "h1",
    allocation_info: { role: "*" },
    resources: [scalar("cpus", 8), scalar("mem", 8_192), scalar("disk", 10_000)],
  };
}

function offersEvent(...ids: readonly string[]): WireRecord {
  return { type: "OFFERS", offers: { offers: ids.map(offer) } };
}

function update(taskId: string, state: string, more: WireRecord = {}): WireRecord {
  const status = {
    "task_id": { value: taskId },
    "agent_id": { value: "a1" },
    state,
    source: "SOURCE_EXECUTOR",
    ...more,
  };
  return { type: "UPDATE", update: { status } };
}

/** A job comes, `o1` is offered for it, and accepted. */
async function launchOne(master: OwnMaster, { job, until }: Scene): Promise<void> {
  job("j", 3_600_000);
  await until(() => master.of("REVIVE").length > 0);
  master.streams[0]?.send(offersEvent("o1"));
  await until(() => master.of("ACCEPT").length === 1);
}

/** The same, and the task runs; gives its id. */
async function runOne(master: OwnMaster, scene: Scene): Promise<string> {
  const { engine } = scene.scheduler.framework;
  await launchOne(master, scene);
  const taskId = [...engine.state.instances.keys()][0] ?? "";
  master.streams[0]?.send(update(taskId, "TASK_RUNNING", { uuid: uuid(1) }));
  await scene.until(() => engine.state.instances.get(taskId)?.state === "starting");
  return taskId;
}

const uuid = (number: number): string => btoa(String.fromCharCode(...new Uint8Array(16).fill(number)));

function field(asked: AskedRequest | undefined, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => Object(value)[key], asked?.call);
}

Deno.test("a record larger than 64 MiB is one error, is not read, and the program subscribes again", async () => {
  await withMaster(async (master, { scheduler, until }) => {
    master.streams[0]?.sendBytes(new TextEncoder().encode(`${recordBytesMax + 1}\n`));
    await until(() => master.streams.length === 2);
    await until(() => scheduler.framework.engine.state.session.kind === "subscribed");
    const told = scheduler.notes.filter(({ code }) => code === "mesos-stream-unreadable");
    assertEquals(told.length, 1);
    assert(
      told[0]?.text.includes(`a record of ${recordBytesMax + 1} bytes or more was announced`) &&
        told[0].text.includes(`the limit is ${recordBytesMax}`) && told[0].text.includes(master.address),
      told[0]?.text,
    );
    const [first, second] = master.of("SUBSCRIBE");
    assertEquals(field(first, "framework_id"), undefined);
    assertEquals(field(second, "framework_id", "value"), "f1", "it comes back as the framework that it is");
    assertEquals(field(second, "subscribe", "framework_info", "id", "value"), "f1");
  });
});

Deno.test("while an ACCEPT hangs, events are read, and updates of unknown tasks are acknowledged", async () => {
  const hanging = Promise.withResolvers<Response>();
  const answer: Answer = (asked) => asked.call["type"] === "ACCEPT" ? hanging.promise : accepted();
  await withMaster(async (master, scene) => {
    const { cluster, scheduler, until } = scene;
    const [stream] = master.streams;
    await launchOne(master, scene);
    const startMs = cluster.clock.nowMs();
    for (let number = 1; number <= 20; number++) {
      stream?.send(update(`not-ours-${number}`, "TASK_FAILED", { uuid: uuid(number) }), rescind(`o-${number}`));
    }
    await until(() => master.of("ACKNOWLEDGE").length === 20);
    assert(cluster.clock.nowMs() - startMs < 9_000, "before the ACCEPT is cancelled");
    assertEquals(
      new Set(master.of("ACKNOWLEDGE").map((asked) => field(asked, "acknowledge", "task_id", "value"))).size,
      20,
    );
    assertEquals(scheduler.framework.engine.backlog, 0);
    assertEquals(scheduler.notes.filter(({ code }) => code === "mesos-call-failed"), []);
    // Its fate is unknown: the task is asked for, the offer is declined once more, nothing is launched in its place.
    await until(() => scheduler.notes.some(({ code }) => code === "mesos-call-failed"));
    await until(() => master.of("RECONCILE").some((asked) => JSON.stringify(asked.call).includes("a1")));
    await until(() => master.of("DECLINE").some((asked) => JSON.stringify(asked.call).includes('"o1"')));
    assertEquals(master.of("ACCEPT").length, 1);
    hanging.resolve(accepted());
  }, answer);
});

Deno.test("an update with a uuid is acknowledged each time it is delivered, and one without a uuid never", async () => {
  await withMaster(async (master, scene) => {
    const { until } = scene;
    const [stream] = master.streams;
    await launchOne(master, scene);
    const [operation] = Object(field(master.of("ACCEPT")[0], "accept", "operations"));
    const taskId = String(operation.launch.task_infos[0].task_id.value);
    stream?.send(
      update(taskId, "TASK_STARTING", { reason: "REASON_RECONCILIATION", source: "SOURCE_MASTER" }),
      update(taskId, "TASK_RUNNING", { uuid: uuid(1) }),
      update(taskId, "TASK_RUNNING", { uuid: uuid(1) }),
      update(taskId, "TASK_LOST", { source: "SOURCE_MASTER", reason: "REASON_AGENT_REMOVED" }),
    );
    await until(() => master.of("ACKNOWLEDGE").length === 2);
    await until(() => master.of("ACCEPT").length === 1);
    assertEquals(master.of("ACKNOWLEDGE").map((asked) => field(asked, "acknowledge", "uuid")), [uuid(1), uuid(1)]);
  });
});

Deno.test("after TASK_LOST the agent is replaced, and neither host nor profile is blamed", async () => {
  await withMaster(async (master, scene) => {
    const { scheduler, until } = scene;
    const [stream] = master.streams;
    const { engine } = scheduler.framework;
    const taskId = await runOne(master, scene);
    stream?.send(update(taskId, "TASK_LOST", { reason: "REASON_SLAVE_REMOVED", source: "SOURCE_MASTER" }));
    await until(() => scheduler.notes.some(({ code }) => code === "agent-lost"));
    stream?.send(offersEvent("o2"));
    await until(() => master.of("ACCEPT").length === 2);
    assertEquals([engine.state.breakers.hosts.size, engine.state.breakers.profiles.size], [0, 0]);
  });
});

Deno.test("after FAILURE of a Mesos agent or an executor exactly its tasks are reconciled", async () => {
  await withMaster(async (master, scene) => {
    const { scheduler, until } = scene;
    const [stream] = master.streams;
    const { engine } = scheduler.framework;
    const taskId = await runOne(master, scene);
    const failures: readonly WireRecord[] = [
      { agent_id: { value: "a1" } },
      { agent_id: { value: "a1" }, executor_id: { value: taskId }, status: 9 },
    ];
    for (const failure of failures) {
      const before = master.of("RECONCILE").length;
      stream?.send({ type: "FAILURE", failure: { agent_id: { value: "a9" } } }, { type: "FAILURE", failure });
      await until(() => master.of("RECONCILE").length > before);
      assertEquals(field(master.of("RECONCILE").at(-1), "reconcile", "tasks"), [
        { task_id: { value: taskId }, agent_id: { value: "a1" } },
      ]);
      stream?.send(update(taskId, "TASK_RUNNING", { reason: "REASON_RECONCILIATION", source: "SOURCE_MASTER" }));
      await until(() => engine.state.reconciliation.pending.size === 0);
    }
    assertEquals(engine.state.instances.get(taskId)?.state, "starting", "a FAILURE alone ends nothing");
  });
});

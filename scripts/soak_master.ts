// A Mesos master for the soak: few rules, much load, the real wire (protobuf in RecordIO over HTTP). It counts what a
// real master would reject; the strict one is src/sim/mesos/sim_mesos.ts.

import { encodeRecord } from "../src/mesos/recordio.ts";
import { decodeCall, encodeEvent, type WireRecord } from "../src/mesos/proto/wire.ts";
import type { TaskInfo } from "./soak_cluster.ts";
import { createTasks, type Tasks, type TaskUpdate } from "./soak_tasks.ts";

const protobuf = "application/x-protobuf";
const heartbeatMs = 15_000;
/** A revived framework gets its offers with the next allocation (mesos `--allocation_interval`). */
const allocationMs = 1_000;

/** How much it does. */
export interface MasterLoad {
  /** Offers of a burst: one for each Mesos agent. */
  readonly offers: number;
  /** Status updates per second. */
  readonly updatesPerSecond: number;
  /** Tasks that are lost per second. */
  readonly lossesPerSecond: number;
  /** Between two bursts that arrive although no offers are requested (sent before SUPPRESS arrived), ms. */
  readonly burstEveryMs: number;
}

/** What it has counted. */
export interface OfferFigures {
  bursts: number;
  sent: number;
  answered: number;
  /** Offer ids in ACCEPT or DECLINE that are not open: answered before, or never made. */
  answeredTwice: number;
  /** From sending to the answer, ms, the longest. */
  heldMsMax: number;
  subscriptions: number;
  calls: Record<string, number>;
}

/** A master at work. */
export interface Master {
  readonly tasks: Tasks;
  readonly offers: OfferFigures;
  openOffers(): number;
  answer(request: Request): Promise<Response>;
  /** Makes updates and losses from now on, or no longer. */
  setBusy(isBusy: boolean): void;
  /** Does what is due. */
  tick(nowMs: number): void;
  end(): void;
}

/** The receiver of events of containers. */
export interface Containers {
  readonly started: (task: TaskInfo) => void;
  readonly stopped: (taskId: string) => void;
}

interface MasterState {
  readonly load: MasterLoad;
  readonly containers: Containers;
  readonly tasks: Tasks;
  readonly offers: OfferFigures;
  /** Open offers by id. */
  readonly open: Map<string, { readonly sentMs: number; readonly agent: number }>;
  /** Mesos agents with an open offer; they make no second one. */
  readonly holders: Set<number>;
  stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  isBusy: boolean;
  isSuppressed: boolean;
  nextOffer: number;
  nextBurstMs: number;
  nextHeartbeatMs: number;
  lastTickMs: number;
  /** Updates and losses that are due, as fractions. */
  dueUpdates: number;
  dueLosses: number;
}

/** Creates a master without a subscription. */
export function createMaster(load: MasterLoad, containers: Containers): Master {
  const state: MasterState = {
    load,
    containers,
    tasks: createTasks(),
    offers: { bursts: 0, sent: 0, answered: 0, answeredTwice: 0, heldMsMax: 0, subscriptions: 0, calls: {} },
    open: new Map(),
    holders: new Set(),
    stream: undefined,
    isBusy: false,
    isSuppressed: false,
    nextOffer: 0,
    nextBurstMs: 0,
    nextHeartbeatMs: 0,
    lastTickMs: 0,
    dueUpdates: 0,
    dueLosses: 0,
  };
  return {
    tasks: state.tasks,
    offers: state.offers,
    openOffers: () => state.open.size,
    answer: async (request) => {
      if (request.method !== "POST") return new Response(null, { status: 405 });
      // Asked once by a scheduler without a framework id: there has been no framework before.
      if (!new URL(request.url).pathname.endsWith("/scheduler")) {
        return Response.json({ type: "GET_FRAMEWORKS", "get_frameworks": {} });
      }
      return answerCall(state, decodeCall(new Uint8Array(await request.arrayBuffer())));
    },
    setBusy: (isBusy) => void (state.isBusy = isBusy),
    tick: (nowMs) => tick(state, nowMs),
    end: () => {
      state.stream?.close();
      state.stream = undefined;
    },
  };
}

function answerCall(state: MasterState, call: WireRecord): Response {
  const nowMs = Date.now();
  const type = String(call.type);
  state.offers.calls[type] = (state.offers.calls[type] ?? 0) + 1;
  switch (type) {
    case "SUBSCRIBE":
      return subscribe(state, nowMs);
    case "ACKNOWLEDGE": {
      const { "task_id": taskId, uuid } = call.acknowledge as { task_id: { value: string }; uuid: string };
      state.tasks.acknowledge(taskId.value, uuid, nowMs);
      break;
    }
    case "ACCEPT":
      accept(state, call.accept as AcceptCall, nowMs);
      break;
    case "DECLINE":
      for (const { value } of (call.decline as { offer_ids: WireId[] }).offer_ids) answerOffer(state, value, nowMs);
      break;
    case "REVIVE":
      state.isSuppressed = false;
      state.nextBurstMs = Math.min(state.nextBurstMs, nowMs + allocationMs);
      break;
    case "SUPPRESS":
      state.isSuppressed = true;
      break;
    case "KILL": {
      const taskId = (call.kill as { task_id: WireId }).task_id.value;
      if (state.tasks.kill(taskId)) state.containers.stopped(taskId);
      break;
    }
    case "RECONCILE":
      reconcile(state, call.reconcile as { tasks?: { task_id: WireId; agent_id?: WireId }[] });
      break;
    default:
  }
  return new Response(null, { status: 202 });
}

interface WireId {
  readonly value: string;
}

interface AcceptCall {
  readonly "offer_ids": readonly WireId[];
  readonly operations?: readonly { readonly launch?: { readonly task_infos?: readonly WireTask[] } }[];
}

interface WireTask {
  readonly "task_id": WireId;
  readonly "agent_id": WireId;
  readonly command?: { readonly environment?: { readonly variables?: readonly { name: string; value?: string }[] } };
}

function subscribe(state: MasterState, nowMs: number): Response {
  state.offers.subscriptions++;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      state.stream = controller;
    },
    cancel: () => {
      state.stream = undefined;
    },
  });
  send(state, [{
    type: "SUBSCRIBED",
    subscribed: {
      "framework_id": { value: "soak-0000" },
      "heartbeat_interval_seconds": heartbeatMs / 1000,
      "master_info": { id: "soak", ip: 0, port: 5050, hostname: "127.0.0.1", version: "1.11.0" },
    },
  }]);
  state.isSuppressed = false;
  state.nextBurstMs = nowMs;
  state.nextHeartbeatMs = nowMs + heartbeatMs;
  return new Response(body, { headers: { "content-type": protobuf, "mesos-stream-id": crypto.randomUUID() } });
}

function accept(state: MasterState, call: AcceptCall, nowMs: number): void {
  for (const { value } of call.offer_ids) answerOffer(state, value, nowMs);
  for (const operation of call.operations ?? []) {
    for (const task of operation.launch?.task_infos ?? []) {
      state.tasks.launch(task.task_id.value, task.agent_id.value);
      const variables = task.command?.environment?.variables ?? [];
      const env = Object.fromEntries(variables.map(({ name, value = "" }) => [name, value]));
      state.containers.started({ taskId: task.task_id.value, env });
    }
  }
}

function answerOffer(state: MasterState, id: string, nowMs: number): void {
  const sent = state.open.get(id);
  if (sent === undefined) {
    state.offers.answeredTwice++;
    return;
  }
  state.open.delete(id);
  state.holders.delete(sent.agent);
  state.offers.answered++;
  state.offers.heldMsMax = Math.max(state.offers.heldMsMax, nowMs - sent.sentMs);
}

function reconcile(state: MasterState, { tasks = [] }: { tasks?: { task_id: WireId; agent_id?: WireId }[] }): void {
  const asked = tasks.map((task) => state.tasks.latest(task.task_id.value, task.agent_id?.value ?? ""));
  const all = tasks.length > 0 ? asked : state.tasks.ids().map((id) => state.tasks.latest(id, ""));
  send(state, all.map(updateEvent));
}

function tick(state: MasterState, nowMs: number): void {
  if (state.stream === undefined) return;
  const seconds = Math.min(1, (nowMs - state.lastTickMs) / 1000);
  state.lastTickMs = nowMs;
  if (state.isBusy) {
    state.dueUpdates += seconds * state.load.updatesPerSecond;
    state.dueLosses += seconds * state.load.lossesPerSecond;
    for (; state.dueUpdates >= 1; state.dueUpdates--) state.tasks.touchNext();
    for (; state.dueLosses >= 1; state.dueLosses--) {
      const taskId = state.tasks.loseOne();
      if (taskId !== undefined) state.containers.stopped(taskId);
    }
  }
  send(state, state.tasks.due(nowMs).map(updateEvent));
  if (nowMs >= state.nextBurstMs) burst(state, nowMs);
  if (nowMs < state.nextHeartbeatMs) return;
  send(state, [{ type: "HEARTBEAT" }]);
  state.nextHeartbeatMs = nowMs + heartbeatMs;
}

/** One offer of each Mesos agent that has none open, all in one event, as the allocator sends them. */
function burst(state: MasterState, nowMs: number): void {
  state.nextBurstMs = nowMs + state.load.burstEveryMs;
  const offers: WireRecord[] = [];
  for (let agent = 0; agent < state.load.offers; agent++) {
    if (state.holders.has(agent)) continue;
    const id = `soak-O${state.nextOffer++}`;
    state.open.set(id, { sentMs: nowMs, agent });
    state.holders.add(agent);
    offers.push(offer(id, agent));
  }
  if (offers.length === 0) return;
  state.offers.bursts++;
  state.offers.sent += offers.length;
  send(state, [{ type: "OFFERS", offers: { offers } }]);
}

function offer(id: string, agent: number): WireRecord {
  const scalar = (name: string, value: number): WireRecord => ({
    name,
    type: "SCALAR",
    scalar: { value },
    "allocation_info": { role: "*" },
  });
  return {
    id: { value: id },
    "framework_id": { value: "soak-0000" },
    "agent_id": { value: `soak-S${agent}` },
    hostname: `host-${agent}.example.com`,
    "allocation_info": { role: "*" },
    resources: [
      scalar("cpus", 16),
      scalar("mem", 65_536),
      scalar("disk", 400_000),
      {
        name: "ports",
        type: "RANGES",
        ranges: { range: [{ begin: 31_000, end: 32_000 }] },
        "allocation_info": { role: "*" },
      },
    ],
    attributes: [{ name: "rack", type: "TEXT", text: { value: `r${agent % 40}` } }],
  };
}

function updateEvent(update: Omit<TaskUpdate, "uuid"> & { readonly uuid?: string }): WireRecord {
  return {
    type: "UPDATE",
    update: {
      status: {
        "task_id": { value: update.taskId },
        "agent_id": { value: update.mesosAgentId },
        state: update.state,
        timestamp: Date.now() / 1000,
        ...(update.uuid === undefined ? { source: "SOURCE_MASTER" } : { source: "SOURCE_AGENT", uuid: update.uuid }),
        ...(update.reason === undefined ? {} : { reason: update.reason }),
      },
    },
  };
}

function send(state: MasterState, events: readonly WireRecord[]): void {
  if (events.length === 0 || state.stream === undefined) return;
  const records = events.map((event) => encodeRecord(encodeEvent(event)));
  const bytes = new Uint8Array(records.reduce((sum, record) => sum + record.length, 0));
  let at = 0;
  for (const record of records) {
    bytes.set(record, at);
    at += record.length;
  }
  state.stream.enqueue(bytes);
}

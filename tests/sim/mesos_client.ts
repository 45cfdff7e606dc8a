// A bare Mesos client for tests of the simulated master: it sends what a test specifies and keeps the responses. No
// logic.

import { at, listAt, type Plain, textAt } from "../../src/sim/mesos/json.ts";
import {
  createSimMesos,
  seededRandom,
  type SimContainerEvent,
  type SimMesos,
  type SimMesosAgentSpec,
  type SimMesosAnswer,
  type SimMesosOptions,
} from "../../src/sim/mesos/sim_mesos.ts";

/** Like the two agents of the recordings. */
export const recordedAgents: readonly SimMesosAgentSpec[] = [1, 2].map((number) => ({
  hostname: "127.0.0.1",
  port: 5050 + number,
  resources: { cpus: 8, mem: 16384, disk: 50000 },
  attributes: [
    { name: "node", type: "TEXT", text: { value: `agent${number}` } },
    { name: "rack", type: "TEXT", text: { value: `r${number}` } },
  ],
}));

/** FrameworkInfo of the recordings. */
export const recordedInfo: Plain = {
  user: "root",
  name: "gocd-mesos",
  roles: ["gocd"],
  "failover_timeout": 604800,
  checkpoint: true,
  "webui_url": "http://127.0.0.1:8090/",
  capabilities: ["MULTI_ROLE", "PARTITION_AWARE", "TASK_KILLING_STATE", "RESERVATION_REFINEMENT", "REGION_AWARE"]
    .map((type) => ({ type })),
};

/** SUBSCRIBE with the recorded info, changed by `info`; with `id` as a framework that comes back. */
export function subscribeCall(info: Plain = {}, id?: string): Plain {
  const whole = { ...recordedInfo, ...info, ...(id === undefined ? {} : { id: { value: id } }) };
  return {
    type: "SUBSCRIBE",
    subscribe: { "framework_info": whole },
    ...(id === undefined ? {} : { "framework_id": { value: id } }),
  };
}

/** A Docker task like those of the recordings. */
export function dockerTask(id: string, mesosAgentId: string, change: Plain = {}): Plain {
  const scalar = (name: string, value: number): Plain => ({
    name,
    type: "SCALAR",
    scalar: { value },
    "allocation_info": { role: "gocd" },
  });
  return {
    name: id,
    "task_id": { value: id },
    "agent_id": { value: mesosAgentId },
    resources: [scalar("cpus", 1), scalar("mem", 512)],
    command: {
      shell: false,
      environment: { variables: [{ name: "GO_SERVER_URL", type: "VALUE", value: "http://go/go" }] },
    },
    container: { type: "DOCKER", docker: { image: "gocd/gocd-agent-alpine:v1", network: "HOST" } },
    "kill_policy": { "grace_period": { nanoseconds: 2000000000 } },
    ...change,
  };
}

/** A client of a simulated master. */
export interface TestClient {
  readonly model: SimMesos;
  /** All events since the last `take`, of all its subscriptions. */
  readonly events: Plain[];
  readonly containers: SimContainerEvent[];
  /** Whether the present stream has ended. */
  isEnded: boolean;
  nowMs: number;
  streamId: string;
  frameworkId: string;
  subscriptionId: number;
}

/** Builds a cluster and a client that is not subscribed yet. */
export function testClient(options: Partial<SimMesosOptions> = {}): TestClient {
  const model = createSimMesos({ random: seededRandom(1), mesosAgents: recordedAgents, ...options });
  return {
    model,
    events: [],
    containers: [],
    isEnded: false,
    nowMs: options.startMs ?? 0,
    streamId: "",
    frameworkId: "",
    subscriptionId: -1,
  };
}

/** Lets `ms` pass, event by event. */
export function pass(client: TestClient, ms: number): void {
  const untilMs = client.nowMs + ms;
  for (;;) {
    const dueMs = client.model.nextDueMs();
    client.nowMs = Math.min(untilMs, Math.max(client.nowMs, dueMs ?? untilMs));
    const { deliveries, containers } = client.model.advance(client.nowMs);
    client.containers.push(...containers);
    for (const delivery of deliveries) {
      client.events.push(...delivery.events);
      if (delivery.subscriptionId === client.subscriptionId && delivery.ended) client.isEnded = true;
    }
    if (dueMs === undefined || dueMs > untilMs) break;
    if (client.nowMs >= untilMs && (client.model.nextDueMs() ?? Infinity) > untilMs) break;
  }
  for (const event of client.events) {
    client.frameworkId = textAt(event, "subscribed", "framework_id", "value") ?? client.frameworkId;
  }
}

/** Subscribes and reads until the first offers have had time to come. */
export function subscribe(client: TestClient, call: Plain = subscribeCall(), ms = 50): SimMesosAnswer {
  const answer = client.model.connect(call, {}, client.nowMs);
  client.streamId = answer.headers["mesos-stream-id"] ?? "";
  client.subscriptionId = answer.subscriptionId ?? -1;
  client.isEnded = false;
  pass(client, ms);
  return answer;
}

/** Sends a call of the subscribed framework. */
export function send(client: TestClient, type: string, parts: Plain = {}): SimMesosAnswer {
  const call = { type, "framework_id": { value: client.frameworkId }, ...parts };
  return client.model.call(call, { streamId: client.streamId }, client.nowMs);
}

/** Takes the events so far. */
export function take(client: TestClient): readonly Plain[] {
  return client.events.splice(0);
}

/** The offers in the events, in order. */
export function offersIn(events: readonly Plain[]): readonly Plain[] {
  return events.flatMap((event) => listAt(event, "offers", "offers"));
}

/** The statuses in the events, in order. */
export function statusesIn(events: readonly Plain[]): readonly Plain[] {
  return events.flatMap((event) => textAt(event, "type") === "UPDATE" ? [at(event, "update", "status") as Plain] : []);
}

/** The id under `id` or any `…_id` key. */
export function idOf(object: unknown, key = "id"): string {
  return textAt(object, key, "value") ?? "";
}

/** Accepts an offer with tasks; `refuseSeconds` as filter. */
export function acceptOffer(
  client: TestClient,
  offers: readonly Plain[],
  tasks: readonly Plain[],
  refuseSeconds = 1,
): SimMesosAnswer {
  return send(client, "ACCEPT", {
    accept: {
      "offer_ids": offers.map((offer) => ({ value: idOf(offer) })),
      operations: [{ type: "LAUNCH", launch: { "task_infos": tasks } }],
      filters: { "refuse_seconds": refuseSeconds },
    },
  });
}

/** Acknowledges a status that has a uuid. */
export function ack(client: TestClient, status: Plain): void {
  if (status["uuid"] === undefined) return;
  const acknowledge = { "agent_id": status["agent_id"], "task_id": status["task_id"], uuid: status["uuid"] };
  send(client, "ACKNOWLEDGE", { acknowledge });
}

/** Lets time pass in steps, acknowledging everything; gives all events. */
export function passAcknowledging(client: TestClient, ms: number, stepMs = 50): readonly Plain[] {
  const events: Plain[] = [];
  for (let passed = 0; passed < ms; passed += stepMs) {
    pass(client, stepMs);
    const now = take(client);
    events.push(...now);
    for (const status of statusesIn(now)) ack(client, status);
  }
  return events;
}

/** A client whose first offers are taken, and those offers. */
export function subscribed(
  options: Partial<SimMesosOptions> = {},
  call?: Plain,
): readonly [TestClient, readonly Plain[]] {
  const client = testClient(options);
  subscribe(client, call);
  return [client, offersIn(take(client))];
}

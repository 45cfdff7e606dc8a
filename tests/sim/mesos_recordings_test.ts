// The simulated master against the recordings of a real one: the same calls cause events with the same fields, messages
// and order.

import { assert, assertEquals } from "@std/assert";
import { at, listAt, type Plain, plainOf, textAt } from "../../src/sim/mesos/json.ts";
import { mesosJson } from "../../src/sim/mesos/wire_text.ts";
import type { SimMesosAgentSpec } from "../../src/sim/mesos/sim_mesos.ts";
import {
  acceptOffer,
  dockerTask,
  idOf,
  pass,
  passAcknowledging,
  recordedAgents,
  send,
  statusesIn,
  subscribe,
  subscribeCall,
  subscribed,
  take,
  type TestClient,
  testClient,
} from "./mesos_client.ts";

const folder = new URL("../fixtures/mesos/", import.meta.url);

function recordedEvents(name: string): readonly Plain[] {
  const bytes = Deno.readFileSync(new URL(`${name}.stream`, folder));
  const events: Plain[] = [];
  for (let start = 0; start < bytes.length;) {
    const lineEnd = bytes.indexOf(10, start);
    const length = Number(new TextDecoder().decode(bytes.subarray(start, lineEnd)));
    events.push(JSON.parse(new TextDecoder().decode(bytes.subarray(lineEnd + 1, lineEnd + 1 + length))));
    start = lineEnd + 1 + length;
  }
  return events;
}

/** Which fields there are, in which order, and of which kind their values are; lists by their first item. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.entries(value).map(([key, field]) => [key, shapeOf(field)]);
}

/** What tells kinds of events apart. */
function kindOf(event: Plain): string {
  const status = at(event, "update", "status");
  const type = textAt(event, "type") ?? "";
  return status === undefined ? type : `${type} ${textAt(status, "state")} ${textAt(status, "reason") ?? "-"}`;
}

/** Every kind of event that the recording has and the model made is of the same shape; gives the kinds compared. */
function compareShapes(recorded: readonly Plain[], made: readonly Plain[]): readonly string[] {
  const first = (events: readonly Plain[]): Map<string, Plain> => {
    const kinds = new Map<string, Plain>();
    for (const event of events) {
      if (!kinds.has(kindOf(event))) kinds.set(kindOf(event), event);
    }
    return kinds;
  };
  const mine = first(made);
  const compared: string[] = [];
  for (const [kind, event] of first(recorded)) {
    const same = mine.get(kind);
    if (same === undefined) continue;
    assertEquals(JSON.stringify(shapeOf(same)), JSON.stringify(shapeOf(event)), kind);
    compared.push(kind);
  }
  return compared.toSorted();
}

/** The story of lifecycle-json told to the model. */
function lifecycle(): { readonly client: TestClient; readonly events: readonly Plain[] } {
  const client = testClient({ startMs: 1_795_343_950_000, missingImages: ["no-such/image:1"] });
  const events: Plain[] = [];
  const go = (ms: number): void => void events.push(...passAcknowledging(client, ms));
  subscribe(client);
  const first = take(client);
  events.push(...first);
  const offers = first.flatMap((event) => listAt(event, "offers", "offers"));
  const mesosAgentId = idOf(offers[0], "agent_id");
  const missing = { container: { type: "DOCKER", docker: { image: "no-such/image:1", network: "HOST" } } };
  const tasks = [dockerTask("a", mesosAgentId), dockerTask("b", mesosAgentId), dockerTask("c", mesosAgentId, missing)];
  acceptOffer(client, offers.slice(0, 1), tasks);
  go(5000);
  send(client, "RECONCILE", { reconcile: { tasks: [] } });
  send(client, "RECONCILE", { reconcile: { tasks: [{ "task_id": { value: "never-launched" } }] } });
  send(client, "KILL", { kill: { "task_id": { value: "a" }, "agent_id": { value: mesosAgentId } } });
  go(2000);
  acceptOffer(client, offers.slice(0, 1), [dockerTask("d", mesosAgentId)]);
  send(client, "KILL", { kill: { "task_id": { value: "nope" } } });
  go(15_000);
  return { client, events };
}

Deno.test({
  name: "the events of a life cycle have the recorded fields in the recorded order",
  fn: (): void => {
    const compared = compareShapes(recordedEvents("lifecycle-json"), lifecycle().events);
    assertEquals(compared, [
      "HEARTBEAT",
      "OFFERS",
      "SUBSCRIBED",
      "UPDATE TASK_DROPPED REASON_INVALID_OFFERS",
      "UPDATE TASK_FAILED REASON_CONTAINER_LAUNCH_FAILED",
      "UPDATE TASK_KILLED -",
      "UPDATE TASK_KILLING -",
      "UPDATE TASK_RUNNING -",
      "UPDATE TASK_RUNNING REASON_RECONCILIATION",
      "UPDATE TASK_STARTING -",
      "UPDATE TASK_UNKNOWN REASON_RECONCILIATION",
    ]);
  },
});

Deno.test({
  name: "each task of a life cycle has the recorded states in order, with the recorded messages",
  fn: (): void => {
    const story = (events: readonly Plain[], tasks: Readonly<Record<string, string>>): Plain => {
      const byTask: Record<string, unknown[]> = {};
      for (const status of statusesIn(events)) {
        const id = idOf(status, "task_id");
        const message = textAt(status, "message")?.replace(/Failed to run '\S+|Offer \S+ is/g, "");
        const reason = textAt(status, "reason");
        if (reason === "REASON_RECONCILIATION" && !id.startsWith("n")) continue;
        (byTask[tasks[id] ?? id] ??= []).push([
          status["state"],
          status["source"],
          reason,
          message?.replace("/fake-docker.sock", "/docker.sock"),
        ]);
      }
      return byTask;
    };
    const names = {
      "gocd-agent.linux.01": "a",
      "gocd-agent.linux.02": "b",
      "gocd-agent.linux.03": "c",
      "gocd-agent.linux.04": "d",
    };
    const recorded = story(recordedEvents("lifecycle-json"), names);
    const { client, events } = lifecycle();
    send(client, "KILL", { kill: { "task_id": { value: "b" } } });
    const made = story([...events, ...passAcknowledging(client, 2000)], {});
    for (const task of ["a", "b", "c", "d", "nope", "never-launched"]) assertEquals(made[task], recorded[task], task);
  },
});

Deno.test({
  name: "events are written like those of the real master: field order, doubles with a fraction, bare 64-bit integers",
  fn: (): void => {
    for (const name of ["lifecycle-json", "agent-loss", "maintenance", "offers-reserved", "takeover", "takeover-bad"]) {
      const text = Deno.readTextFileSync(new URL(`${name}.stream`, folder));
      for (const event of recordedEvents(name)) {
        assert(text.includes(mesosJson(event)), `${name}: ${mesosJson(event).slice(0, 300)}`);
      }
    }
  },
});

Deno.test({
  name: "the loss and the return of a Mesos agent have the recorded events in order",
  fn: (): void => {
    const [client, offers] = subscribed({ startMs: 1_795_344_000_000 });
    const mesosAgentId = idOf(offers[0], "agent_id");
    acceptOffer(client, offers.slice(0, 1), [dockerTask("t", mesosAgentId)]);
    const made = [...passAcknowledging(client, 5000)];
    client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
    made.push(...passAcknowledging(client, 76_000, 1000));
    for (
      const ask of [{ "task_id": { value: "t" } }, { "task_id": { value: "t" }, "agent_id": { value: mesosAgentId } }]
    ) {
      send(client, "RECONCILE", { reconcile: { tasks: [ask] } });
    }
    client.model.returnMesosAgent(mesosAgentId, "alive", client.nowMs);
    made.push(...passAcknowledging(client, 1000));
    const recorded = recordedEvents("agent-loss");
    const order = (events: readonly Plain[]): readonly string[] => {
      const kinds = events.map(kindOf).filter((kind) => kind !== "HEARTBEAT");
      const from = kinds.findIndex((kind) => kind.includes("TASK_UNREACHABLE"));
      return kinds.slice(from, from + 7);
    };
    assertEquals(order(made), order(recorded));
    assertEquals(compareShapes(recorded, made), [
      "FAILURE",
      "HEARTBEAT",
      "OFFERS",
      "RESCIND",
      "UPDATE TASK_RUNNING -",
      "UPDATE TASK_RUNNING REASON_AGENT_REREGISTERED",
      "UPDATE TASK_STARTING -",
      "UPDATE TASK_UNKNOWN REASON_RECONCILIATION",
      "UPDATE TASK_UNREACHABLE REASON_AGENT_REMOVED",
      "UPDATE TASK_UNREACHABLE REASON_RECONCILIATION",
    ]);
  },
});

Deno.test({
  name: "maintenance events have the recorded fields",
  fn: (): void => {
    const [client, offers] = subscribed({ startMs: 1_795_344_000_000 });
    const mesosAgents = client.model.view().mesosAgents.map((agent) => agent.id);
    acceptOffer(client, offers.slice(0, 1), [dockerTask("t", idOf(offers[0], "agent_id"))]);
    const made = [...passAcknowledging(client, 5000)];
    client.model.setMaintenance(mesosAgents, { startMs: client.nowMs + 600_000, durationMs: 3600_000 }, client.nowMs);
    made.push(...passAcknowledging(client, 3000));
    client.model.setMaintenance(mesosAgents, undefined, client.nowMs);
    made.push(...passAcknowledging(client, 3000));
    const withWindow = (events: readonly Plain[]): readonly Plain[] =>
      events.filter((event) =>
        event["type"] !== "OFFERS" || at(listAt(event, "offers", "offers")[0], "unavailability") !== undefined
      );
    assertEquals(compareShapes(withWindow(recordedEvents("maintenance")), withWindow(made)), [
      "INVERSE_OFFERS",
      "OFFERS",
      "RESCIND",
      "RESCIND_INVERSE_OFFER",
      "UPDATE TASK_RUNNING -",
      "UPDATE TASK_STARTING -",
    ]);
  },
});

Deno.test({
  name: "an offer with reservations, GPUs and attributes equals the recorded one",
  fn: (): void => {
    const [recorded] = recordedEvents("offers-reserved").flatMap((event) => listAt(event, "offers", "offers"));
    const spec: SimMesosAgentSpec = {
      hostname: "127.0.0.1",
      port: 5051,
      resources: { cpus: 4, mem: 6144, disk: 10000, gpus: 2 },
      reserved: [{ role: "gocd", resources: { cpus: 4, mem: 2048 } }],
      attributes: listAt(recorded, "attributes"),
    };
    const capabilities = [...listAt(subscribeCall(), "subscribe", "framework_info", "capabilities"), {
      type: "GPU_RESOURCES",
    }];
    const info = plainOf(at(subscribeCall(), "subscribe", "framework_info"));
    const known = { ...info, capabilities: [...listAt(info, "capabilities"), ...capabilities] };
    const [, offers] = subscribed({ mesosAgents: [spec] }, subscribeCall(known));
    const ids = {
      id: recorded?.["id"],
      "framework_id": recorded?.["framework_id"],
      "agent_id": recorded?.["agent_id"],
    };
    assertEquals(mesosJson({ ...offers[0], ...ids }), mesosJson(recorded));
  },
});

Deno.test({
  name: "takeover, removal and an invalid role have the recorded errors",
  fn: (): void => {
    const last = (name: string): string => mesosJson(recordedEvents(name).at(-1));
    const client = testClient({ mesosAgents: recordedAgents });
    subscribe(client);
    const first = client.subscriptionId;
    client.model.connect(subscribeCall({}, client.frameworkId), {}, client.nowMs);
    const { deliveries } = client.model.advance(client.nowMs + 1);
    const told = deliveries.find((delivery) => delivery.subscriptionId === first)?.events.at(-1);
    assertEquals(mesosJson(told), last("takeover"));
    client.model.removeFramework(client.frameworkId, client.nowMs + 1);
    client.nowMs++;
    subscribe(client, subscribeCall({}, client.frameworkId));
    pass(client, 1);
    assertEquals(mesosJson(client.events.at(-1)), last("takeover-removed"));
    subscribe(client, subscribeCall({ role: "x" }));
    assertEquals(mesosJson(client.events.at(-1)), last("takeover-bad"));
  },
});

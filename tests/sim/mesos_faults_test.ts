// Faults of the simulated master: lost, duplicated and delayed calls and events, cut and stalled streams.

import { assert, assertEquals } from "@std/assert";
import { mesosJson } from "../../src/sim/mesos/wire_text.ts";
import { seededRandom } from "../../src/sim/mesos/sim_mesos.ts";
import {
  acceptOffer,
  dockerTask,
  idOf,
  pass,
  passAcknowledging,
  send,
  statusesIn,
  subscribe,
  subscribeCall,
  subscribed,
  take,
  type TestClient,
  testClient,
} from "./mesos_client.ts";

function launched(faults = {}): TestClient {
  const [client, offers] = subscribed({ faults });
  acceptOffer(client, offers.slice(0, 1), [dockerTask("t", idOf(offers[0], "agent_id"))]);
  return client;
}

Deno.test("a lost update is repeated until it is delivered", () => {
  const client = launched({ updateLost: 1 });
  assertEquals(statusesIn(passAcknowledging(client, 20_000, 1000)), []);
  client.model.setFaults({ updateLost: 0 });
  const states = statusesIn(passAcknowledging(client, 60_000, 1000)).map((status) => status["state"]);
  assertEquals(states, ["TASK_STARTING", "TASK_RUNNING"]);
  assertEquals(client.model.counters.updatesRepeated, 2);
});

Deno.test("a duplicated update is delivered twice with the same uuid", () => {
  const client = launched({ updateDuplicated: 1 });
  pass(client, 6000);
  const uuids = statusesIn(take(client)).map((status) => status["uuid"]);
  assertEquals([uuids.length, new Set(uuids).size], [2, 1]);
});

Deno.test("delayed updates are overtaken by other events", () => {
  const client = launched({ updateDelayed: 1, eventDelayMsMax: 60_000 });
  pass(client, 90_000);
  const types = take(client).map((event) => event["type"]);
  assert(types.indexOf("HEARTBEAT") < types.indexOf("UPDATE"));
});

Deno.test("a lost call has no effect, a lost response has the effect of the call, and a delayed call takes effect later", () => {
  const [client, offers] = subscribed();
  const decline = { decline: { "offer_ids": offers.map((offer) => offer["id"]), filters: { "refuse_seconds": 60 } } };
  client.model.fateOfNextCalls(["lost"]);
  assertEquals(send(client, "DECLINE", decline).status, 0);
  assertEquals(client.model.view().offers.length, 2);
  client.model.setFaults({ callDelayMsMax: 500 });
  client.model.fateOfNextCalls(["delayed"]);
  assertEquals(send(client, "DECLINE", decline).status, 202);
  assertEquals(client.model.view().offers.length, 2);
  pass(client, 600);
  assertEquals(client.model.view().offers.length, 0);
  client.model.fateOfNextCalls(["answer-lost"]);
  assertEquals(send(client, "SUPPRESS").status, 0);
  assertEquals(client.model.view().frameworks[0]?.suppressed, ["gocd"]);
});

Deno.test("a SUBSCRIBE whose response is lost leaves a disconnected framework", () => {
  const client = testClient();
  client.model.fateOfNextCalls(["answer-lost"]);
  assertEquals(client.model.connect(subscribeCall(), {}, 0).status, 0);
  pass(client, 100);
  assertEquals(client.model.view().frameworks.map((framework) => framework.isConnected), [false]);
});

Deno.test("a cut stream ends, and a stalled one sends its events later", () => {
  const [client] = subscribed();
  client.model.stallStreams(40_000, client.nowMs);
  pass(client, 39_000);
  assertEquals(take(client), []);
  pass(client, 1100);
  assertEquals(take(client).map((event) => event["type"]), ["HEARTBEAT", "HEARTBEAT"]);
  client.model.cutStreams(client.nowMs);
  pass(client, 10);
  assert(client.isEnded);
  assertEquals(client.model.view().offers, [], "a disconnect takes the offers back");
});

Deno.test("an ACCEPT of a rescinded offer is TASK_DROPPED after the RESCIND", () => {
  const [client, offers] = subscribed();
  client.model.rescindOffers(client.nowMs, idOf(offers[0]));
  acceptOffer(client, offers.slice(0, 1), [dockerTask("t", idOf(offers[0], "agent_id"))]);
  pass(client, 10);
  const events = take(client);
  assertEquals(events.map((event) => event["type"]).slice(0, 2), ["RESCIND", "UPDATE"]);
  assertEquals(statusesIn(events)[0]?.["state"], "TASK_DROPPED");
  assertEquals(client.model.counters.offersAnsweredInvalid, 1);
});

Deno.test("a lost KILL has no effect, and can be sent again", () => {
  const client = launched({ killLost: 1 });
  passAcknowledging(client, 5000);
  const kill = { kill: { "task_id": { value: "t" } } };
  send(client, "KILL", kill);
  assertEquals(statusesIn(passAcknowledging(client, 60_000, 1000)), []);
  client.model.setFaults({ killLost: 0 });
  send(client, "KILL", kill);
  assertEquals(statusesIn(passAcknowledging(client, 2000)).at(-1)?.["state"], "TASK_KILLED");
});

/** A busy hour under all faults, as text. */
function busyHour(seed: number): string {
  const odds = {
    updateLost: 0.2,
    updateDuplicated: 0.2,
    updateDelayed: 0.3,
    eventDelayMsMax: 3000,
    rescind: 0.3,
    callLost: 0.1,
  };
  const client = testClient({ random: seededRandom(seed), faults: odds });
  subscribe(client);
  const lines: string[] = [];
  for (let minute = 0; minute < 60; minute++) {
    const events = passAcknowledging(client, 60_000, 5000);
    lines.push(...events.map((event) => mesosJson(event)));
    for (const offer of client.model.view().offers.slice(0, 1)) {
      acceptOffer(client, [{ id: { value: offer.id } }], [dockerTask(`t-${minute}`, offer.mesosAgentId)]);
    }
    client.model.exitContainer(`t-${minute - 5}`, minute % 2, client.nowMs);
  }
  return lines.join("\n");
}

Deno.test("the same seed gives the same events, and another seed gives others", () => {
  const first = busyHour(7);
  assertEquals(busyHour(7), first);
  assert(busyHour(8) !== first);
  assert(first.includes("TASK_FAILED") && first.includes("RESCIND"));
});

Deno.test("a new subscription receives the unacknowledged updates at once", () => {
  const client = launched();
  pass(client, 4000);
  const [starting] = statusesIn(take(client));
  client.model.cutStreams(client.nowMs);
  subscribe(client, subscribeCall({}, client.frameworkId), 10);
  assertEquals(statusesIn(take(client)).map((status) => status["uuid"]), [starting?.["uuid"]]);
});

Deno.test("one large step of time has the same events in the same order as many small ones", () => {
  const told = (stepMs: number): readonly unknown[] => {
    const client = launched({ updateDelayed: 0.7, eventDelayMsMax: 20_000, updateDuplicated: 0.5 });
    const events: unknown[] = [];
    for (let passed = 0; passed < 120_000; passed += stepMs) {
      client.nowMs += stepMs;
      for (const delivery of client.model.advance(client.nowMs).deliveries) events.push(...delivery.events);
    }
    return events;
  };
  const whole = told(120_000);
  assert(whole.length > 10);
  assertEquals(told(100), whole);
});

Deno.test("without a framework no event is due", () => {
  const client = testClient();
  client.model.advance(10_000);
  assertEquals(client.model.nextDueMs(), undefined);
});

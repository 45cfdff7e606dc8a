// Subscriptions to the simulated master: heartbeats, failover, removal, changed framework information.

import { assert, assertEquals } from "@std/assert";
import { at, textAt } from "../../src/sim/mesos/json.ts";
import {
  acceptOffer,
  dockerTask,
  idOf,
  offersIn,
  pass,
  passAcknowledging,
  recordedInfo,
  send,
  subscribe,
  subscribeCall,
  subscribed,
  take,
  testClient,
} from "./mesos_client.ts";

Deno.test("SUBSCRIBED is sent first, then a heartbeat at once and every 15 s", () => {
  const client = testClient();
  subscribe(client);
  assertEquals(take(client).map((event) => event["type"]), ["SUBSCRIBED", "HEARTBEAT", "OFFERS"]);
  pass(client, 14_900);
  assertEquals(take(client), []);
  pass(client, 100);
  assertEquals(take(client).map((event) => event["type"]), ["HEARTBEAT"]);
});

Deno.test("a second subscriber ends the first one with an ERROR, and its offers are invalid", () => {
  const [client, offers] = subscribed();
  const first = client.subscriptionId;
  const ended: number[] = [];
  const answer = client.model.connect(subscribeCall({}, client.frameworkId), {}, client.nowMs);
  const texts: unknown[] = [];
  for (const delivery of client.model.advance(client.nowMs + 10).deliveries) {
    if (delivery.ended) ended.push(delivery.subscriptionId);
    if (delivery.subscriptionId === first) texts.push(...delivery.events.map((event) => at(event, "error", "message")));
  }
  assertEquals(texts, ["Framework failed over"]);
  assertEquals(ended, [first]);
  client.nowMs += 10;
  assertEquals(send(client, "REVIVE").status, 400, "the old stream id is dead");
  client.streamId = answer.headers["mesos-stream-id"] ?? "";
  acceptOffer(client, offers.slice(0, 1), [dockerTask("t", idOf(offers[0], "agent_id"))]);
  pass(client, 10);
  assertEquals(textAt(take(client).at(-1), "update", "status", "state"), "TASK_DROPPED");
});

Deno.test("a removed framework and invalid roles receive an ERROR in a 200 stream, which then ends", () => {
  const [client] = subscribed();
  assertEquals(send(client, "TEARDOWN").status, 202);
  pass(client, 10);
  assert(client.isEnded, "teardown ends the stream");
  take(client);
  for (
    const [call, message] of [
      [subscribeCall({}, client.frameworkId), "Framework has been removed"],
      [subscribeCall({ role: "x" }), "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"],
      [
        subscribeCall({ capabilities: [] }),
        "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable",
      ],
      [subscribeCall({ roles: ["a", "a"] }), "'FrameworkInfo.roles' contains duplicate items: { a }"],
    ] as const
  ) {
    assertEquals(subscribe(client, call).status, 200);
    assertEquals(take(client), [{ type: "ERROR", error: { message } }]);
    assert(client.isEnded);
  }
});

Deno.test("an unknown framework id is accepted as a new framework", () => {
  const client = testClient();
  subscribe(client, subscribeCall({}, "made-up-framework-id"));
  assertEquals(client.frameworkId, "made-up-framework-id");
  assertEquals(offersIn(take(client)).length, 2);
});

Deno.test("with failover_timeout 0 a disconnect removes the framework at once and kills its tasks", () => {
  const [client, offers] = subscribed({}, subscribeCall({ "failover_timeout": 0 }));
  acceptOffer(client, offers.slice(0, 1), [dockerTask("t", idOf(offers[0], "agent_id"))]);
  passAcknowledging(client, 4000);
  client.model.disconnect(client.subscriptionId, client.nowMs);
  pass(client, 10);
  assertEquals(client.containers.map((each) => each.kind), ["started", "stopped"]);
  assertEquals(client.model.view().removedFrameworks, [client.frameworkId]);
  subscribe(client, subscribeCall({}, client.frameworkId));
  assertEquals(textAt(take(client)[0], "error", "message"), "Framework has been removed");
});

Deno.test("the failover timeout is in seconds from the disconnect, and a subscription before it keeps the tasks", () => {
  const [client, offers] = subscribed({}, subscribeCall({ "failover_timeout": 60 }));
  acceptOffer(client, offers.slice(0, 1), [dockerTask("t", idOf(offers[0], "agent_id"))]);
  passAcknowledging(client, 4000);
  client.model.disconnect(client.subscriptionId, client.nowMs);
  pass(client, 59_000);
  subscribe(client, subscribeCall({ "failover_timeout": 60 }, client.frameworkId));
  assertEquals(client.model.view().tasks.map((task) => task.state), ["TASK_RUNNING"]);
  client.model.disconnect(client.subscriptionId, client.nowMs);
  pass(client, 61_000);
  assertEquals(client.containers.at(-1)?.kind, "stopped");
  assertEquals(client.model.view().frameworks, []);
});

Deno.test("a new subscription applies a new name, ignores a new user, and refuses another principal", () => {
  const [client] = subscribed();
  subscribe(client, subscribeCall({ name: "other", user: "nobody" }, client.frameworkId));
  const info = client.model.view().frameworks[0]?.info;
  assertEquals([info?.["name"], info?.["user"]], ["other", "root"]);
  take(client);
  subscribe(client, subscribeCall({ principal: "p" }, client.frameworkId));
  assertEquals(textAt(take(client)[0], "error", "message"), "Changing framework's principal is not allowed.");
});

Deno.test("UPDATE_FRAMEWORK changes the roles, and refuses another user", () => {
  const [client, offers] = subscribed();
  const update = (info: Record<string, unknown>): ReturnType<typeof send> =>
    send(client, "UPDATE_FRAMEWORK", {
      "update_framework": { "framework_info": { ...recordedInfo, id: { value: client.frameworkId }, ...info } },
    });
  assertEquals(
    update({ user: "x" }).body,
    "FrameworkInfo update is not valid: Updating 'FrameworkInfo.user' is unsupported; attempted to update from 'root' to 'x'",
  );
  assertEquals(update({ roles: ["other"] }).status, 200);
  pass(client, 10);
  const events = take(client);
  assertEquals(
    events.filter((event) => event["type"] === "RESCIND").length,
    offers.length,
    "the lost role's offers go",
  );
  assertEquals(offersIn(events).map((offer) => textAt(offer, "allocation_info", "role")), ["other", "other"]);
});

Deno.test("roles suppressed in SUBSCRIBE receive no offers until revived", () => {
  const call = { type: "SUBSCRIBE", subscribe: { "framework_info": recordedInfo, "suppressed_roles": ["gocd"] } };
  const [client, offers] = subscribed({}, call);
  assertEquals(offers, []);
  send(client, "REVIVE");
  pass(client, 10);
  assertEquals(offersIn(take(client)).length, 2);
});

Deno.test("the removal of a framework by an operator ends the stream without an event", () => {
  const [client] = subscribed();
  client.model.removeFramework(client.frameworkId, client.nowMs);
  pass(client, 10);
  assertEquals(take(client), []);
  assert(client.isEnded);
  assertEquals(send(client, "REVIVE").body, "Framework cannot be found");
});

Deno.test("a role outside the master's --roles is an ERROR", () => {
  const client = testClient({ roles: ["web"] });
  subscribe(client);
  assertEquals(textAt(take(client)[0], "error", "message"), "Roles { gocd } are not present in the master's --roles");
});

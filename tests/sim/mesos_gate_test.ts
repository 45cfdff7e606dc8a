// Calls that the simulated master refuses: form, credentials, redirects.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Plain } from "../../src/sim/mesos/json.ts";
import type { SimMesosRequest } from "../../src/sim/mesos/sim_mesos.ts";
import { pass, send, subscribe, subscribeCall, subscribed, testClient } from "./mesos_client.ts";

const json = { "content-type": "application/json", accept: "application/json" };
const revive: Plain = { type: "REVIVE", "framework_id": { value: "ID" } };

interface Refused {
  readonly name: string;
  readonly request: Partial<SimMesosRequest>;
  readonly status: number;
  readonly body: string;
}

const form: readonly Refused[] = [
  {
    name: "GET",
    request: { method: "GET" },
    status: 405,
    body: "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.",
  },
  {
    name: "a content type with a charset",
    request: { headers: { ...json, "content-type": "application/json; charset=utf-8" } },
    status: 415,
    body: "Expecting 'Content-Type' of application/json or application/x-protobuf",
  },
  {
    name: "no content type",
    request: { headers: {} },
    status: 400,
    body: "Expecting 'Content-Type' to be present",
  },
  {
    name: "a body that is not JSON",
    request: { call: { unreadable: "Failed to parse body into JSON: syntax error" } },
    status: 400,
    body: "Failed to parse body into JSON: syntax error",
  },
  {
    name: "an Accept that names neither form on SUBSCRIBE",
    request: { headers: { ...json, accept: "text/html" } },
    status: 406,
    body: "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'",
  },
  {
    name: "a stream id on SUBSCRIBE",
    request: { headers: { ...json, "mesos-stream-id": "x" } },
    status: 400,
    body: "Subscribe calls should not include the 'Mesos-Stream-Id' header",
  },
  {
    name: "an unknown type",
    request: { call: { type: "NOPE" } },
    status: 400,
    body: "Failed to convert JSON into Call protobuf: Failed to find enum for 'NOPE'",
  },
  {
    name: "no type",
    request: { call: {} },
    status: 400,
    body: "Failed to validate scheduler::Call: Expecting 'type' to be present",
  },
  {
    name: "a FrameworkInfo without user",
    request: { call: { type: "SUBSCRIBE", subscribe: { "framework_info": { name: "x" } } } },
    status: 400,
    body: "Failed to convert JSON into Call protobuf: Missing required fields: subscribe.framework_info.user",
  },
  {
    name: "SUBSCRIBE without its part",
    request: { call: { type: "SUBSCRIBE" } },
    status: 400,
    body: "Failed to validate scheduler::Call: Expecting 'subscribe' to be present",
  },
  {
    name: "the framework id only at the top",
    request: { call: { ...subscribeCall(), "framework_id": { value: "a" } } },
    status: 400,
    body: "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'",
  },
  {
    name: "the framework id only in framework_info",
    request: { call: { type: "SUBSCRIBE", subscribe: subscribeCall({}, "a")["subscribe"] } },
    status: 400,
    body: "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'",
  },
  {
    name: "a call without framework id",
    request: { call: { type: "REVIVE" } },
    status: 400,
    body: "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
  },
  {
    name: "ACCEPT without its part",
    request: { call: { type: "ACCEPT", "framework_id": { value: "a" } } },
    status: 400,
    body: "Failed to validate scheduler::Call: Expecting 'accept' to be present",
  },
  {
    name: "a call for an unknown framework",
    request: { call: revive },
    status: 400,
    body: "Framework cannot be found",
  },
];

for (const { name, request, status, body } of form) {
  Deno.test(`the simulated master refuses ${name} with ${status} and the text of Mesos`, () => {
    const { model } = testClient();
    const answer = model.request({ method: "POST", headers: json, call: subscribeCall(), ...request }, 0);
    assertEquals([answer.status, answer.body], [status, body]);
    assertEquals(answer.headers["content-type"], "text/plain; charset=utf-8");
  });
}

Deno.test("a 405 has the allowed method in its header Allow", () => {
  const { model } = testClient();
  assertEquals(model.request({ method: "PUT", headers: json, call: {} }, 0).headers["allow"], "POST");
});

Deno.test("a bad Accept is ignored on calls other than SUBSCRIBE", () => {
  const [client] = subscribed();
  const headers = { ...json, accept: "text/html", "mesos-stream-id": client.streamId };
  const call = { type: "REVIVE", "framework_id": { value: client.frameworkId } };
  assertEquals(client.model.request({ method: "POST", headers, call }, client.nowMs).status, 202);
});

Deno.test("the response is JSON if both formats are accepted, and protobuf if only that is", () => {
  for (const [accept, type] of [["*/*", "application/json"], ["application/x-protobuf", "application/x-protobuf"]]) {
    const { model } = testClient();
    const headers = { "content-type": "application/x-protobuf", accept: accept ?? "" };
    const answer = model.request({ method: "POST", headers, call: subscribeCall() }, 0);
    assertEquals(answer.headers["content-type"], type);
  }
});

Deno.test("calls without a stream id, with a wrong one, and with an invalid uuid are refused with the recorded texts", () => {
  const [client] = subscribed();
  const call = { type: "REVIVE", "framework_id": { value: client.frameworkId } };
  assertEquals(
    client.model.call(call, {}, client.nowMs).body,
    "All non-subscribe calls should include the 'Mesos-Stream-Id' header",
  );
  assertEquals(
    client.model.call(call, { streamId: "f8532790" }, client.nowMs).body,
    "The stream ID 'f8532790' included in this request didn't match the stream ID currently associated with " +
      `framework ID ${client.frameworkId}`,
  );
  const acknowledge = { "agent_id": { value: "a" }, "task_id": { value: "x" }, uuid: "AAAAAAAAAAAAAAAAAAAAAA==" };
  const answer = send(client, "ACKNOWLEDGE", { acknowledge });
  assertEquals([answer.status, answer.body], [400, "Failed to validate scheduler::Call: Not a valid UUID"]);
});

Deno.test("a call of a known framework that is not subscribed is refused with 403", () => {
  const [client] = subscribed();
  client.model.disconnect(client.subscriptionId, client.nowMs);
  const answer = send(client, "REVIVE");
  assertEquals([answer.status, answer.body], [403, "Framework is not subscribed"]);
});

Deno.test("wrong credentials are refused with 401 and another principal with 400, and a missing principal is set", () => {
  const credentials = [{ principal: "marathon", secret: "s" }];
  const client = testClient({ credentials });
  const right = { authorization: `Basic ${btoa("marathon:s")}` };
  const refused = client.model.connect(subscribeCall(), { authorization: `Basic ${btoa("marathon:t")}` }, 0);
  assertEquals([refused.status, refused.body], [401, "401 Unauthorized."]);
  assertEquals(refused.headers["www-authenticate"], 'Basic realm="mesos-master-scheduler"');
  assertEquals(client.model.connect(subscribeCall(), {}, 0).status, 401);
  const foreign = client.model.connect(subscribeCall({ principal: "somebody-else" }), right, 0);
  assertEquals(
    [foreign.status, foreign.body],
    [
      400,
      "Failed to validate scheduler::Call: Authenticated principal 'marathon' does not match principal " +
      "'somebody-else' set in `FrameworkInfo`",
    ],
  );
  assertEquals(client.model.connect(subscribeCall(), right, 0).status, 200);
  assertEquals(client.model.view().frameworks[0]?.info["principal"], "marathon");
});

Deno.test("a master that does not lead redirects without a scheme, and one that recovers responds 503", () => {
  const masters = [5050, 5150, 5250].map((port) => ({ hostname: "127.0.0.1", port }));
  const client = testClient({ masters });
  const asked = client.model.connect(subscribeCall(), { master: 2 }, 0);
  assertEquals([asked.status, asked.body], [307, ""]);
  assertEquals(asked.headers["location"], "//127.0.0.1:5050/master/api/v1/scheduler");
  client.model.failMaster({ electionMs: 1000, recoveryMs: 500 }, 0);
  assertEquals(client.model.connect(subscribeCall(), { master: 0 }, 0).status, 0, "the dead one does not answer");
  assertEquals(
    client.model.connect(subscribeCall(), { master: 2 }, 10).headers["location"],
    "//127.0.0.1:5050/master/api/v1/scheduler",
    "the others still name the dead one",
  );
  const recovering = client.model.connect(subscribeCall(), { master: 1 }, 1100);
  assertEquals([recovering.status, recovering.body], [503, "Master has not finished recovery"]);
  assertEquals(client.model.connect(subscribeCall(), { master: 1 }, 1600).status, 200);
});

Deno.test("a master responds 503 if no leader is elected", () => {
  const masters = [5050, 5150].map((port) => ({ hostname: "127.0.0.1", port }));
  const { model } = testClient({ masters });
  model.failMaster({ electionMs: 5000, staleRedirectMs: 1000 }, 0);
  const answer = model.connect(subscribeCall(), { master: 1 }, 2000);
  assertEquals([answer.status, answer.body], [503, "No leader elected"]);
});

Deno.test("refused calls are counted with their reason and have no effect", () => {
  const client = testClient();
  subscribe(client);
  client.model.call({ type: "TEARDOWN", "framework_id": { value: client.frameworkId } }, {}, client.nowMs);
  pass(client, 10);
  assertStringIncludes(Object.keys(client.model.counters.refused).join(), "TEARDOWN 400 All non-subscribe calls");
  assertEquals(client.model.view().frameworks.length, 1);
});

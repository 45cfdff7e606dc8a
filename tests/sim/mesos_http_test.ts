// The HTTP server of the simulated master, on loopback: both formats, redirects, and faults of the stream.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type MesosHttp, type MesosHttpOptions, startMesosHttp } from "../../src/sim/http/mesos.ts";
import { listAt, type Plain, textAt } from "../../src/sim/mesos/json.ts";
import { createSimMesos, seededRandom, type SimMesos, type SimMesosOptions } from "../../src/sim/mesos/sim_mesos.ts";
import { decodeEventRecord, encodeCallRecord } from "../../src/mesos/proto/wire.ts";
import { dockerTask, idOf, recordedAgents, subscribeCall } from "./mesos_client.ts";

/** Waits, or returns at once when it is no longer needed. */
function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

interface Running {
  readonly model: SimMesos;
  readonly http: MesosHttp;
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

function started(options: Partial<SimMesosOptions> = {}, http: Partial<MesosHttpOptions> = {}): Running {
  const model = createSimMesos({
    random: seededRandom(1),
    mesosAgents: recordedAgents,
    startMs: Date.now(),
    timing: { pullMs: 10, startMs: 10 },
    ...options,
  });
  const face = startMesosHttp(model, { nowMs: Date.now, sleep, ...http });
  return { model, http: face, [Symbol.asyncDispose]: () => face.close() };
}

const json = { "content-type": "application/json", accept: "application/json" };

function post(url: string, body: BodyInit, headers: Record<string, string> = json): Promise<Response> {
  return fetch(`${url}/api/v1/scheduler`, { method: "POST", body, headers, redirect: "manual" });
}

/** Reads records off a body until `enough` of them are there, then hangs up. */
async function records(
  response: Response,
  enough: (payloads: readonly Uint8Array[]) => boolean,
): Promise<readonly Uint8Array[]> {
  const payloads: Uint8Array[] = [];
  let pending = new Uint8Array();
  for await (const chunk of response.body ?? []) {
    const joined = new Uint8Array(pending.length + chunk.length);
    joined.set(pending);
    joined.set(chunk, pending.length);
    pending = joined;
    for (let lineEnd = pending.indexOf(10); lineEnd >= 0; lineEnd = pending.indexOf(10)) {
      const length = Number(new TextDecoder().decode(pending.subarray(0, lineEnd)));
      assert(Number.isInteger(length), "a length in digits");
      if (pending.length < lineEnd + 1 + length) break;
      payloads.push(pending.slice(lineEnd + 1, lineEnd + 1 + length));
      pending = pending.slice(lineEnd + 1 + length);
    }
    if (enough(payloads)) break;
  }
  return payloads;
}

function events(payloads: readonly Uint8Array[]): readonly Plain[] {
  return payloads.map((payload) => JSON.parse(new TextDecoder().decode(payload)));
}

async function refused(response: Response): Promise<readonly unknown[]> {
  return [response.status, await response.text()];
}

Deno.test("the response to SUBSCRIBE is a 200 with a stream id and uncompressed RecordIO without Content-Length", async () => {
  await using running = started();
  const response = await post(running.http.url, JSON.stringify(subscribeCall()));
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(response.headers.get("mesos-stream-id")?.length, 36);
  assertEquals([response.headers.get("content-length"), response.headers.get("content-encoding")], [null, null]);
  const seen = events(await records(response, (payloads) => payloads.length >= 3));
  assertEquals(seen.map((event) => event["type"]), ["SUBSCRIBED", "HEARTBEAT", "OFFERS"]);
});

for (const form of ["application/json", "application/x-protobuf"] as const) {
  Deno.test(`a task is launched and reported as running over ${form}`, async () => {
    const containers: string[] = [];
    await using running = started({}, {
      onContainers: (list) => containers.push(...list.map((each) => `${each.kind} ${each.taskId}`)),
    });
    const headers = { "content-type": form, accept: form };
    const encode = (call: Plain): BodyInit =>
      form === "application/json" ? JSON.stringify(call) : new Uint8Array(encodeCallRecord(call));
    const decode = (payload: Uint8Array): Plain =>
      form === "application/json" ? JSON.parse(new TextDecoder().decode(payload)) : decodeEventRecord(payload);
    const response = await post(running.http.url, encode(subscribeCall()), headers);
    const streamId = response.headers.get("mesos-stream-id") ?? "";
    const states: string[] = [];
    let done = 0;
    const call = async (type: string, frameworkId: unknown, parts: Plain): Promise<void> => {
      const body = encode({ type, "framework_id": frameworkId, ...parts });
      const answer = await post(running.http.url, body, { ...headers, "mesos-stream-id": streamId });
      assertEquals(await refused(answer), [202, ""]);
      assertEquals(answer.headers.get("content-length"), "0");
    };
    let frameworkId: unknown;
    const calls: Promise<void>[] = [];
    await records(response, (payloads) => {
      for (const event of payloads.slice(done).map(decode)) {
        frameworkId ??= (event["subscribed"] as Plain | undefined)?.["framework_id"];
        const status = (event["update"] as Plain | undefined)?.["status"] as Plain | undefined;
        if (status !== undefined) {
          states.push(textAt(status, "state") ?? "");
          const acknowledge = { "agent_id": status["agent_id"], "task_id": status["task_id"], uuid: status["uuid"] };
          calls.push(call("ACKNOWLEDGE", frameworkId, { acknowledge }));
        }
        const [offer] = listAt(event, "offers", "offers");
        if (offer === undefined || states.length > 0 || calls.length > 0) continue;
        const operations = [{ type: "LAUNCH", launch: { "task_infos": [dockerTask("t", idOf(offer, "agent_id"))] } }];
        calls.push(call("ACCEPT", frameworkId, { accept: { "offer_ids": [offer["id"]], operations } }));
      }
      done = payloads.length;
      return states.includes("TASK_RUNNING");
    });
    await Promise.all(calls);
    assertEquals(states, ["TASK_STARTING", "TASK_RUNNING"]);
    assertEquals(containers, ["started t"]);
  });
}

Deno.test("the HTTP server refuses invalid requests like the model, as text/plain", async () => {
  await using running = started();
  const { url } = running.http;
  assertEquals(await refused(await fetch(`${url}/api/v1/scheduler`)), [
    405,
    "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.",
  ]);
  const charset = await post(url, "{}", { ...json, "content-type": "application/json; charset=utf-8" });
  assertEquals(charset.headers.get("content-type"), "text/plain; charset=utf-8");
  assertEquals(await refused(charset), [415, "Expecting 'Content-Type' of application/json or application/x-protobuf"]);
  const garbage = await post(url, "\xff\xfe", { ...json, "content-type": "application/x-protobuf" });
  assertEquals(garbage.status, 400);
  await garbage.body?.cancel();
  assertEquals((await refused(await post(url, "{")))[0], 400);
  assertEquals(
    (await refused(await post(url, "[]")))[1],
    "Failed to convert JSON into Call protobuf: Expecting a JSON object",
  );
  assertEquals((await refused(await fetch(`${url}/nope`)))[0], 404);
  assertEquals(await refused(await fetch(`${url}/health`)), [200, ""]);
  assertEquals((await (await fetch(`${url}/version`)).json()).version, "1.12.0");
});

Deno.test("a redirect of a call and of GET /master/redirect has the real port of the leader", async () => {
  const masters = [5050, 5150].map((port) => ({ hostname: "127.0.0.1", port }));
  await using running = started({ masters });
  const [leading, other] = running.http.ports;
  const response = await post(`http://127.0.0.1:${other}`, JSON.stringify(subscribeCall()));
  assertEquals(response.headers.get("location"), `//127.0.0.1:${leading}/master/api/v1/scheduler`);
  assertEquals(await refused(response), [307, ""]);
  const root = await fetch(`http://127.0.0.1:${other}/master/redirect`, { redirect: "manual" });
  assertEquals(root.headers.get("location"), `//127.0.0.1:${leading}`);
  await root.body?.cancel();
});

Deno.test("missing credentials are refused with 401 and the recorded header and body", async () => {
  await using running = started({ credentials: [{ principal: "p", secret: "s" }] });
  const response = await post(running.http.url, JSON.stringify(subscribeCall()));
  assertEquals(response.headers.get("www-authenticate"), 'Basic realm="mesos-master-scheduler"');
  assertEquals(await refused(response), [401, "401 Unauthorized."]);
});

for (const chunking of ["byte", "joined"] as const) {
  Deno.test(`records in chunks by ${chunking} are unchanged`, async () => {
    await using running = started({}, { faults: { chunking } });
    const response = await post(running.http.url, JSON.stringify(subscribeCall()));
    const seen = events(await records(response, (payloads) => payloads.length >= 3));
    assertEquals(seen.map((event) => event["type"]), ["SUBSCRIBED", "HEARTBEAT", "OFFERS"]);
  });
}

Deno.test("a stream cut at byte 100 breaks there, and the framework is disconnected", async () => {
  await using running = started({}, { faults: { cutAtByte: 100 } });
  const response = await post(running.http.url, JSON.stringify(subscribeCall()));
  let bytes = 0;
  await assertRejects(async () => {
    for await (const chunk of response.body ?? []) bytes += chunk.length;
  });
  assertEquals(bytes, 100);
  assertEquals(running.model.view().frameworks.map((framework) => framework.isConnected), [false]);
});

Deno.test("the fault garbageAtRecord sends an invalid length", async () => {
  await using running = started({}, { faults: { garbageAtRecord: 1 } });
  const response = await post(running.http.url, JSON.stringify(subscribeCall()));
  await assertRejects(() => records(response, () => false), "a length in digits");
});

Deno.test("the stream of a failed master breaks, it refuses connections, and the next master accepts a subscription", async () => {
  const masters = [5050, 5150].map((port) => ({ hostname: "127.0.0.1", port }));
  await using running = started({ masters });
  const response = await post(running.http.url, JSON.stringify(subscribeCall()));
  running.model.failMaster({ electionMs: 100, recoveryMs: 0 }, running.model.view().nowMs);
  running.http.poke();
  await assertRejects(async () => {
    for await (const _ of response.body ?? []) { /* until it breaks */ }
  });
  await assertRejects(() => post(running.http.url, JSON.stringify(subscribeCall())));
  let status = 0;
  for (let tries = 0; tries < 1000 && status !== 200; tries++) {
    const again = await post(`http://127.0.0.1:${running.http.ports[1]}`, JSON.stringify(subscribeCall()));
    status = again.status;
    await again.body?.cancel();
  }
  assertEquals(status, 200);
});

Deno.test("a client that closes its connection is disconnected in the model", async () => {
  await using running = started();
  const response = await post(running.http.url, JSON.stringify(subscribeCall()));
  await records(response, (payloads) => payloads.length >= 1);
  const isConnected = (): boolean => running.model.view().frameworks[0]?.isConnected === true;
  for (let tries = 0; tries < 1000 && isConnected(); tries++) {
    await (await fetch(`${running.http.url}/health`)).body?.cancel();
  }
  assertEquals(isConnected(), false);
});

Deno.test("a lost call has no response, and the server can be closed meanwhile", async () => {
  const running = started();
  running.model.fateOfNextCalls(["lost"]);
  const asked = post(running.http.url, JSON.stringify(subscribeCall()));
  const first = await Promise.race([asked, fetch(`${running.http.url}/health`)]);
  assertEquals(new URL(first.url).pathname, "/health");
  await first.body?.cancel();
  await running.http.close();
  const late = await asked.catch(() => undefined);
  await late?.body?.cancel();
});

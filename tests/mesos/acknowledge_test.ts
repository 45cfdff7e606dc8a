// Acknowledgements: their content, and how they end.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { MesosEffect } from "../../src/core/effect.ts";
import type { MesosSession } from "../../src/mesos/api.ts";
import { callAnswerMs } from "../../src/mesos/calls.ts";
import { Secret } from "../../src/secret.ts";
import {
  accepted,
  type AskedRequest,
  identity,
  mesosError,
  openStream,
  protobuf,
  refusal,
  type ScriptedMaster,
  startMaster,
  subscribed,
  type TestScheduler,
  testScheduler,
} from "../support/scripted_master.ts";

interface Bench extends AsyncDisposable {
  readonly master: ScriptedMaster;
  readonly test: TestScheduler;
  readonly session: MesosSession;
  /** All but SUBSCRIBE. */
  calls(): readonly AskedRequest[];
  acknowledge(taskId: string): Promise<void>;
}

async function benchWith(
  answer: (asked: AskedRequest) => Response | Promise<Response>,
  changes: Parameters<typeof testScheduler>[1] = {},
): Promise<Bench> {
  const stream = openStream();
  stream.send(subscribed);
  const master = startMaster((asked) => asked.call["type"] === "SUBSCRIBE" ? stream.response : answer(asked));
  const test = testScheduler(master.address, changes);
  const session = await test.scheduler.subscribe(identity, "f1", test.signal);
  return {
    master,
    test,
    session,
    calls: () => master.asked.slice(1),
    acknowledge: (taskId) => session.send(acknowledged(taskId), test.signal),
    async [Symbol.asyncDispose](): Promise<void> {
      test.scheduler.close();
      await master[Symbol.asyncDispose]();
    },
  };
}

function acknowledged(taskId: string): MesosEffect {
  return { kind: "acknowledge-status", taskId, mesosAgentId: "a1", uuid: "AAAA" };
}

function headersOf({ headers }: AskedRequest): readonly (string | null)[] {
  return ["content-type", "mesos-stream-id", "authorization", "user-agent"].map((name) => headers.get(name));
}

Deno.test("an acknowledgement has the stream id, media types and login of any call", async () => {
  const credentials = { kind: "bearer", token: new Secret("mesos.token", () => "t-o-k-e-n") } as const;
  await using bench = await benchWith(accepted, { credentials });
  await bench.acknowledge("t1");
  await bench.session.send({ kind: "suppress-offers", roles: ["gocd"] }, bench.test.signal);
  const [own, other] = bench.calls();
  if (own === undefined || other === undefined) throw new Error("two calls were expected");
  assertEquals(headersOf(own), [protobuf, "stream-1", "Bearer t-o-k-e-n", "gocd-mesos"]);
  assertEquals(headersOf(other), headersOf(own));
  assertEquals(own.call, {
    "framework_id": { value: "f1" },
    type: "ACKNOWLEDGE",
    acknowledge: { "agent_id": { value: "a1" }, "task_id": { value: "t1" }, uuid: "AAAA" },
  });
});

Deno.test("a refused acknowledgement is reported with the master's message, and a lost subscription ends the session", async () => {
  await using bench = await benchWith(() => refusal(403, "Framework is not subscribed"));
  const { message } = await mesosError(bench.acknowledge("t1"), "call-void");
  assertStringIncludes(message, "not subscribed");
  const events = bench.session.events[Symbol.asyncIterator]();
  await events.next();
  await mesosError(events.next(), "stream-broken");
});

Deno.test("an acknowledgement without a response is cancelled after the timeout and not repeated", async () => {
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Response>();
  await using bench = await benchWith(() => {
    asked.resolve();
    return held.promise;
  });
  const sending = mesosError(bench.acknowledge("t1"), "call-unknown");
  await asked.promise;
  bench.test.timer.fire(callAnswerMs);
  assertStringIncludes((await sending).message, `no answer within ${callAnswerMs / 1000} s`);
  assertEquals(bench.calls().length, 1);
  held.resolve(accepted());
});

Deno.test("a stopping program cancels an acknowledgement that waits for its response", async () => {
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Response>();
  await using bench = await benchWith(() => {
    asked.resolve();
    return held.promise;
  });
  const sending = mesosError(bench.acknowledge("t1"), "call-unknown");
  await asked.promise;
  bench.test.abort();
  assertStringIncludes((await sending).message, "the program is stopping");
  held.resolve(accepted());
});

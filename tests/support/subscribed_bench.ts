// A subscribed session with a scripted master, and short names for its calls and events.

import type { MesosEffect } from "../../src/core/effect.ts";
import type { MesosEvent } from "../../src/core/event.ts";
import {
  accepted,
  type AskedRequest,
  identity,
  type OpenStream,
  openStream,
  type ScriptedMaster,
  startMaster,
  subscribed,
  type TestScheduler,
  testScheduler,
} from "./scripted_master.ts";
import type { MesosSession } from "../../src/mesos/api.ts";

/** A master with one subscribed stream. */
export interface Bench extends AsyncDisposable {
  readonly master: ScriptedMaster;
  readonly stream: OpenStream;
  readonly test: TestScheduler;
  readonly session: MesosSession;
  /** The calls after SUBSCRIBE. */
  calls(): AskedRequest[];
}

/** Subscribes to such a master; `answerCall` handles all later calls. */
export async function subscribedBench(
  answerCall: (asked: AskedRequest) => Response | Promise<Response> = accepted,
  options: Parameters<typeof testScheduler>[2] = {},
): Promise<Bench> {
  const stream = openStream();
  stream.send(subscribed);
  const master = startMaster((asked) => asked.call["type"] === "SUBSCRIBE" ? stream.response : answerCall(asked));
  const test = testScheduler(master.address, {}, { environmentOf: (launch) => ({ ID: launch.taskId }), ...options });
  const session = await test.scheduler.subscribe(identity, "f1", test.signal);
  return {
    master,
    stream,
    test,
    session,
    calls: () => master.asked.slice(1),
    async [Symbol.asyncDispose](): Promise<void> {
      test.scheduler.close();
      await master[Symbol.asyncDispose]();
    },
  };
}

/** The events that report that offers are gone. */
export function rescinded(...ids: readonly string[]): MesosEvent[] {
  return ids.map((offerId) => ({ kind: "offer-rescinded", offerId }));
}

/** A DECLINE of one offer. */
export function decline(offerId: string): MesosEffect {
  return { kind: "decline-offers", offerIds: [offerId], refuseSeconds: 5 };
}

/** An ACKNOWLEDGE. */
export function acknowledge(taskId: string, uuid: string): MesosEffect {
  return { kind: "acknowledge-status", taskId, mesosAgentId: "a1", uuid };
}

/** A short summary of a call. */
export function named(call: AskedRequest): string {
  const { type, ...rest } = call.call;
  return `${type} ${JSON.stringify(rest).match(/"(o\d|t\d|[A-Z]{4})"/g)?.join().replaceAll('"', "") ?? ""}`
    .trim();
}

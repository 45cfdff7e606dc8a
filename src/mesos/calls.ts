// Sends the calls of one subscription, in order (Mesos docs/scheduler-http-api.md).

import type { MesosEffect } from "../core/effect.ts";
import { messageOf, OperatorError } from "../errors.ts";
import { callRefusal } from "./answers.ts";
import { MesosError } from "./api.ts";
import { createKeyedLanes, createLane } from "./lanes.ts";
import { type MasterClient, type MasterRequest, type RequestLimits, sendRequest } from "./master_request.ts";
import { encodeCall, type EnvironmentOf } from "./to_proto.ts";

/** The master answers a call as soon as it has read it: if that takes longer, the connection is dead. */
export const callAnswerMs = 10_000;
/**
 * Maximum time that a KILL may wait for earlier calls: it rests on a fresh list of agents, and a task that is still to be
 * killed gets another one.
 */
const killWaitMsMax = callAnswerMs;
/** Acknowledgements in progress at once: each lets the next update of its task arrive, so they must not queue up. */
const acknowledgeLanes = 16;

/** The media type in both directions; exact, without parameters. */
export const protobufType = "application/x-protobuf";

/** The subscription that calls belong to. */
export interface CallTarget {
  /** Sends requests to the master. */
  readonly client: MasterClient;
  /** Where SUBSCRIBE was answered. */
  readonly url: URL;
  /** `Mesos-Stream-Id` of that answer. */
  readonly streamId: string;
  /** `undefined` before SUBSCRIBED. */
  readonly frameworkId: () => string | undefined;
  /** Variables of a launch. */
  readonly environmentOf: EnvironmentOf;
  /** Wall clock. */
  readonly nowMs: () => number;
  /** Aborted with the subscription. */
  readonly ended: AbortSignal;
  /** Called when a response shows that the subscription is over. */
  readonly onLost: (error: MesosError) => void;
}

/** See `MesosSession.send`. */
export type Send = (call: MesosEffect, signal: AbortSignal) => Promise<void>;

/**
 * Creates the sender: one call at a time, in order. Acknowledgements are sent in parallel, in order for each task, as
 * their order among tasks does not matter.
 */
export function createSender(target: CallTarget): Send {
  const inOrder = createLane();
  const byTask = createKeyedLanes(acknowledgeLanes);
  return (call, signal) => {
    const lane = call.kind === "acknowledge-status" ? byTask(call.taskId) : inOrder;
    const queuedMs = target.nowMs();
    const isOutdated = (): boolean => call.kind === "kill-task" && target.nowMs() - queuedMs > killWaitMsMax;
    return lane(() => isOutdated() ? Promise.reject(outdated(target, call)) : sendNow(target, call, signal));
  };
}

function outdated({ url }: CallTarget, { kind }: MesosEffect): MesosError {
  return new MesosError(
    "call-void",
    `${kind} was not sent: it has waited for other calls to ${url.origin} for more than ${killWaitMsMax / 1000} s`,
    "nothing to do: it is decided again; see the log of the Mesos master if this repeats",
  );
}

async function sendNow(target: CallTarget, call: MesosEffect, signal: AbortSignal): Promise<void> {
  const { client, url, streamId } = target;
  const frameworkId = target.frameworkId();
  if (target.ended.aborted || signal.aborted || frameworkId === undefined) {
    throw new MesosError(
      "call-void",
      `${call.kind} was not sent: the subscription with ${url.origin} has ended or the program stops`,
      "nothing to do: it is decided again after the next subscription",
    );
  }
  const request = {
    method: "POST",
    url: url.href,
    headers: { "content-type": protobufType, "accept": protobufType, "mesos-stream-id": streamId },
    body: encoded(target, call, frameworkId),
  } satisfies MasterRequest;
  const limits: RequestLimits = {
    limitMs: callAnswerMs,
    signals: [signal, target.ended],
    unanswered: "call-unknown",
  };
  const answer = await sendRequest(client, request, limits);
  if (answer.response.status === 202) {
    await answer.response.body?.cancel().catch(() => {});
    answer.settled();
    return;
  }
  try {
    const { error, endsSession } = callRefusal({
      url,
      asked: call.kind,
      status: answer.response.status,
      headers: answer.response.headers,
      text: await answer.text(),
      credentials: client.connection.credentials,
    });
    if (endsSession) target.onLost(error);
    throw error;
  } finally {
    answer.end();
  }
}

function encoded(target: CallTarget, call: MesosEffect, frameworkId: string): Uint8Array<ArrayBuffer> {
  try {
    return ownBytes(encodeCall(call, frameworkId, target.environmentOf));
  } catch (error) {
    // Nothing was sent, so this counts as a refusal.
    throw new MesosError(
      "call-refused",
      `${call.kind} could not be made: ${messageOf(error)}`,
      error instanceof OperatorError ? error.hint : "this is a bug in gocd-mesos: please report it with this line",
      error,
    );
  }
}

/** The same bytes as a body that `fetch` takes: never a piece of a shared buffer. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

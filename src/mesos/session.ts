// One subscription: reads the stream, watches for heartbeats, passes events on.

import type { MesosEvent } from "../core/event.ts";
import { MesosError, type MesosErrorReason, type MesosSession } from "./api.ts";
import { notAMaster } from "./answers.ts";
import { createSender, type Send } from "./calls.ts";
import { createEventQueue, type EventQueue } from "./event_queue.ts";
import { decodeEvent, heartbeatIntervalDefaultMs } from "./from_proto.ts";
import type { ReachedLeader } from "./reach_leader.ts";
import type { MasterClient } from "./master_request.ts";
import { addressOfUrl, hostPortText } from "../net/addresses.ts";
import { RecordDecoder } from "./recordio.ts";
import type { EnvironmentOf } from "./to_proto.ts";

/** SUBSCRIBED or ERROR follows the response's head at once; a master that is silent for longer will stay silent. */
const firstEventMs = 15_000;
/** Heartbeats in a row that must be missing before a stream counts as dead. */
const missedHeartbeatsMax = 5;
/** Maximum size of one read. */
const readBytes = 64 * 1024;

/** What a subscription is made from. */
export interface SessionParts {
  /** Sends requests to the master. */
  readonly client: MasterClient;
  /** The response to SUBSCRIBE, status 200. */
  readonly reached: ReachedLeader;
  /** `Mesos-Stream-Id`. */
  readonly streamId: string;
  /** Role of offers that name none. */
  readonly fallbackRole: string;
  /** Variables of a launch. */
  readonly environmentOf: EnvironmentOf;
  /** Redacts secrets in messages of the master and of containerizers. */
  readonly redact: (text: string) => string;
  /** Wall clock, for messages and the age of calls. */
  readonly nowMs: () => number;
  /** Whether "failed over" may result from a late SUBSCRIBE of our own; called when the master sends it. */
  readonly isOwnTakeover: () => boolean;
  /** Each ends the subscription. */
  readonly signals: readonly AbortSignal[];
}

/** A subscription, and how others end it with a reason. */
export interface RunningSession {
  /** For the caller of `subscribe`. */
  readonly session: MesosSession;
  /** Ends it: received events are still delivered, then the error is thrown. */
  fail(error: MesosError): void;
  /** Resolves when it has completely ended, with the reason unless it was closed; never rejects. */
  readonly over: Promise<MesosErrorReason | undefined>;
}

/** Reads until SUBSCRIBED or ERROR, then continues in the background; throws `MesosError`. */
export async function startSession(parts: SessionParts): Promise<RunningSession> {
  const { reached, signals } = parts;
  const state = createState(parts);
  reached.answer.stopClock();
  const first = firstEvent(parts, state);
  const over = readStream(parts, state).then(() => {
    for (const signal of signals) signal.removeEventListener("abort", state.close);
    return state.reason;
  });
  for (const signal of signals) signal.addEventListener("abort", state.close, { once: true });
  if (signals.some(({ aborted }) => aborted)) state.close();
  try {
    await first;
  } catch (error) {
    state.close();
    await over;
    throw error;
  }
  return {
    session: {
      master: state.master,
      events: state.queue.events,
      waiting: state.queue.waiting,
      send: state.send,
      close: state.close,
    },
    fail: state.fail,
    over,
  };
}

interface State {
  readonly master: string;
  readonly queue: EventQueue;
  readonly send: Send;
  readonly ended: AbortController;
  readonly first: PromiseWithResolvers<void>;
  /** Since the last check of the heartbeat watch. */
  hasHeard: boolean;
  lastRecordMs: number;
  frameworkId: string | undefined;
  /** Why it has ended on its own. */
  reason: MesosErrorReason | undefined;
  stopWatch: () => void;
  fail(error: MesosError): void;
  close(): void;
}

function createState(parts: SessionParts): State {
  const { client, reached, streamId, environmentOf } = parts;
  const ended = new AbortController();
  const first = Promise.withResolvers<void>();
  const master = hostPortText(addressOfUrl(reached.url));
  const end = (): void => {
    ended.abort();
    state.stopWatch();
    reached.answer.end();
  };
  const state: State = {
    master,
    queue: createEventQueue(() => state.close()),
    send: createSender({
      client,
      url: reached.url,
      streamId,
      frameworkId: () => state.frameworkId,
      environmentOf,
      nowMs: parts.nowMs,
      ended: ended.signal,
      onLost: (error) => state.fail(lostError(master, error)),
    }),
    ended,
    first,
    hasHeard: false,
    lastRecordMs: parts.nowMs(),
    frameworkId: undefined,
    reason: undefined,
    stopWatch: () => {},
    fail(error): void {
      if (!ended.signal.aborted) state.reason = error.reason;
      state.queue.fail(error);
      first.reject(error);
      end();
    },
    close(): void {
      state.queue.stop();
      first.reject(
        new MesosError(
          "stream-broken",
          `Mesos master ${master}: aborted, because the program is stopping`,
          "nothing to do",
        ),
      );
      end();
    },
  };
  return state;
}

async function firstEvent({ client, reached }: SessionParts, state: State): Promise<void> {
  const stop = client.setTimer(() =>
    state.fail(
      new MesosError(
        "silent",
        `Mesos master ${reached.url.origin} accepted SUBSCRIBE, but sent no event within ${firstEventMs / 1000} s`,
        "see the log of the master, or look for a proxy that delays responses",
      ),
    ), firstEventMs);
  try {
    await state.first.promise;
  } finally {
    stop();
  }
}

async function readStream(parts: SessionParts, state: State): Promise<void> {
  const decoder = new RecordDecoder();
  const startedMs = parts.nowMs();
  try {
    for await (const chunk of chunksOf(parts.reached.answer.response.body)) {
      for (const record of decoder.push(chunk)) takeRecord(parts, state, record);
      if (state.ended.signal.aborted) return;
    }
    decoder.finish();
    state.fail(endError(parts, state, startedMs));
  } catch (failure) {
    state.fail(
      failure instanceof MesosError ? named(state.master, failure) : endError(parts, state, startedMs, failure),
    );
  }
}

// Every read uses the same buffer, because records are decoded before the next one: the default reader allocates 64 KiB
// for each chunk, however small, which is most of the cost of an event (tests/bench).
async function* chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = byteReader(body);
  if (reader === undefined) {
    yield* body;
    return;
  }
  try {
    let buffer = new ArrayBuffer(readBytes);
    while (true) {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value !== undefined) buffer = value.buffer;
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

// A body that does not come from the network need not be a byte stream.
function byteReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

function takeRecord(parts: SessionParts, state: State, record: Uint8Array): void {
  state.hasHeard = true;
  state.lastRecordMs = parts.nowMs();
  const event = state.frameworkId === undefined
    ? firstRecord(parts, state, record)
    : decodeEvent(record, parts.fallbackRole);
  if (event.kind === "framework-error" && event.error === "failed-over" && parts.isOwnTakeover()) {
    throw new MesosError(
      "stream-broken",
      "a SUBSCRIBE of our own that had timed out arrived late and replaced this subscription",
      "nothing to do",
    );
  }
  if (event.kind !== "unknown-event") {
    const full = state.queue.push(redactedEvent(event, parts.redact), record.length);
    if (full !== undefined) throw full;
  }
}

function redactedEvent(event: MesosEvent, redact: (text: string) => string): MesosEvent {
  if (event.kind === "framework-error") return { ...event, message: redact(event.message) };
  if (event.kind !== "task-status-updated" || event.status.message === "") return event;
  return { ...event, status: { ...event.status, message: redact(event.status.message) } };
}

function firstRecord(parts: SessionParts, state: State, record: Uint8Array): ReturnType<typeof decodeEvent> {
  const event = decodeEvent(record, parts.fallbackRole);
  if (event.kind === "framework-error") {
    // The master ends the stream now; if it does not, we do.
    watchHeartbeats(parts, state, firstEventMs);
    state.first.resolve();
    return event;
  }
  if (event.kind !== "subscribed") throw notAMaster(`the first event is ${event.kind} instead of SUBSCRIBED`);
  state.frameworkId = event.frameworkId;
  watchHeartbeats(parts, state, event.heartbeatMs ?? heartbeatIntervalDefaultMs);
  state.first.resolve();
  return event.master === "" ? { ...event, master: state.master } : event;
}

// Counts intervals without a record instead of measuring time: a program that was stopped for a while, or whose clock
// was set, does not mistake that for a silent master.
function watchHeartbeats(parts: SessionParts, state: State, intervalMs: number): void {
  let missed = 0;
  const look = (): void => {
    missed = state.hasHeard ? 0 : missed + 1;
    state.hasHeard = false;
    if (missed >= missedHeartbeatsMax) {
      state.fail(silentError(state, intervalMs));
      return;
    }
    state.stopWatch = parts.client.setTimer(look, intervalMs);
  };
  if (!state.ended.signal.aborted) {
    state.hasHeard = false;
    state.stopWatch = parts.client.setTimer(look, intervalMs);
  }
}

function silentError(state: State, intervalMs: number): MesosError {
  const seconds = missedHeartbeatsMax * intervalMs / 1000;
  return new MesosError(
    "silent",
    `Mesos master ${state.master} has sent nothing for ${seconds} s (${missedHeartbeatsMax} heartbeats), ` +
      `the last was received at ${new Date(state.lastRecordMs).toISOString()}`,
    "if this repeats, look for a firewall that drops idle connections",
  );
}

function endError(parts: SessionParts, state: State, startedMs: number, failure?: unknown): MesosError {
  const seconds = Math.max(0, Math.round((parts.nowMs() - startedMs) / 1000));
  const how = failure === undefined ? "has ended the event stream" : "is gone: the event stream broke";
  return new MesosError(
    "stream-broken",
    `Mesos master ${state.master} ${how} after ${seconds} s`,
    "see the log of the master if this repeats",
    failure,
  );
}

function named(master: string, error: MesosError): MesosError {
  return new MesosError(error.reason, `Mesos master ${master}: ${error.message}`, error.hint, error);
}

function lostError(master: string, error: MesosError): MesosError {
  return new MesosError(
    "stream-broken",
    `Mesos master ${master} no longer knows this subscription: ${error.message}`,
    "nothing to do",
    error,
  );
}

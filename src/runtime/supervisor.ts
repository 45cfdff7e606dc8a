// Keeps us subscribed: connect, hand events on, reconnect with backoff. Not here: the connection (mesos/), what events
// mean (core/).

import type { Event } from "../core/event.ts";
import type { FrameworkIdentity, MesosApi, MesosSession } from "../mesos/api.ts";
import { MesosError } from "../mesos/api.ts";
import type { Clock } from "./clock.ts";

/** First pause before the next try. */
const retryFirstMs = 250;
/** Longest pause at the beginning of an outage, so that a new leader is found within two seconds. */
const retrySoonMaxMs = 1_500;
/** Longest pause after ten minutes of it. */
const retryLateMaxMs = 15_000;
const lateMs = 600_000;
/** Refusals that a person must mend are not repeated faster. */
const refusedMs = 15_000;
/** After so many sessions in a row that did not hold, another one is no news. */
const unsteadySessionsMin = 3;
/** A session that lasted this long was a good one: the next outage begins anew. */
const goodSessionMs = 30_000;

/** What the supervisor needs. */
export interface SupervisorOptions {
  readonly mesos: MesosApi;
  /** Asked before each try: the identity may change with the configuration. */
  readonly identity: () => FrameworkIdentity;
  readonly frameworkId: () => string | undefined;
  readonly post: (event: Event) => void;
  /** Resolves once this event of the session may be posted, or when the signal is aborted: what comes meanwhile waits in the session. */
  readonly room: (event: Event, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
  /** A failed try. `outage` is the same number for all tries since the last session that held. */
  readonly onFailed: (error: Error, outage: number) => void;
  /** A session holds that came after one that did not. */
  readonly onSteady: (master: string) => void;
}

/** A supervisor at work. */
export interface Supervisor {
  /** The subscription of the moment. */
  session(): MesosSession | undefined;
  /** Sessions come and do not hold: what each of them tells is no news. */
  isUnsteady(): boolean;
  /** Ends the session, or the try to get one; the next try comes after `retryMs`, or never where that is absent. */
  endSession(reason: string, retryMs: number | undefined): void;
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a supervisor. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { mesos, clock, post } = options;
  let session: MesosSession | undefined;
  /** Ends the try of the moment, also one that still waits for an answer; absent between two tries. */
  let trying: AbortController | undefined;
  /** Ends the pause of the moment. */
  let pausing = new AbortController();
  let asked: { readonly retryMs: number; readonly reason: string } | undefined;
  let stopped = false;
  /** Since the last session that held. */
  let tries = 0;
  let outage = 0;
  let outageMs: number | undefined;
  /** Sessions in a row that were had and did not hold. */
  let shortSessions = 0;
  const isUnsteady = (): boolean => shortSessions >= unsteadySessionsMin;
  const holds = (master: string): void => {
    if (isUnsteady()) options.onSteady(master);
    tries = 0;
    shortSessions = 0;
    outageMs = undefined;
  };

  const attempt = async (signal: AbortSignal): Promise<Error | undefined> => {
    const own = new AbortController();
    trying = own;
    const ended = AbortSignal.any([signal, own.signal]);
    let startedMs = clock.nowMs();
    const isGood = (): boolean => clock.nowMs() - startedMs > goodSessionMs;
    try {
      session = await mesos.subscribe(
        options.identity(),
        options.frameworkId(),
        ended,
      );
      startedMs = clock.nowMs();
      for await (const event of session.events) {
        if (tries + shortSessions > 0 && isGood()) holds(session.master);
        if (event.kind === "heartbeat") continue;
        await options.room(event, ended);
        post(event);
      }
      return undefined;
    } catch (error) {
      if (own.signal.aborted) return undefined;
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      if (session !== undefined && isGood()) holds(session.master);
      else if (session !== undefined) shortSessions++;
      session?.close();
      session = undefined;
      trying = undefined;
    }
  };

  /** Waits, and anew where the core asks for another pause meanwhile: its ERROR may be handled after the stream's end. */
  const pause = async (firstMs: number, signal: AbortSignal): Promise<void> => {
    for (let waitMs: number | undefined = firstMs; waitMs !== undefined && !stopped && !signal.aborted;) {
      pausing = new AbortController();
      await clock.sleep(waitMs, AbortSignal.any([signal, pausing.signal]));
      waitMs = asked?.retryMs;
      asked = undefined;
    }
  };

  return {
    session: () => session,
    isUnsteady,
    endSession: (reason, retryMs) => {
      if (retryMs === undefined) stopped = true;
      asked = { retryMs: retryMs ?? 0, reason };
      session?.close();
      trying?.abort();
      pausing.abort();
    },
    run: async (signal) => {
      while (!signal.aborted && !stopped) {
        const error = await attempt(signal);
        if (signal.aborted) return;
        if (tries === 0) outage++;
        outageMs ??= clock.nowMs();
        tries++;
        const waitMs = asked?.retryMs ??
          pauseAfter(error, { tries, forMs: clock.nowMs() - outageMs, random: options.random() });
        post({
          kind: "disconnected",
          reason: asked?.reason ?? error?.message ?? "the master has ended the stream",
        });
        asked = undefined;
        if (error !== undefined) options.onFailed(error, outage);
        await pause(waitMs, signal);
      }
    },
  };
}

/** Truncated exponential backoff with jitter. */
function pauseAfter(
  error: Error | undefined,
  { tries, forMs, random }: { readonly tries: number; readonly forMs: number; readonly random: number },
): number {
  const isRefusal = error instanceof MesosError && (error.kind === "refused" || error.kind === "usage");
  const maxMs = isRefusal ? refusedMs : forMs > lateMs ? retryLateMaxMs : retrySoonMaxMs;
  const exponentialMs = retryFirstMs * 2 ** Math.min(tries - 1, 20);
  return Math.round(Math.min(isRefusal ? Math.max(exponentialMs, 2_000) : exponentialMs, maxMs) * (0.6 + 0.4 * random));
}

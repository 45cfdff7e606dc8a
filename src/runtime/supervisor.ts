// Keeps us subscribed: connects, passes events on, reconnects with backoff.

import type { Event } from "../core/event.ts";
import { isGoodSession } from "../core/session/session.ts";
import type { FrameworkIdentity, MesosApi, MesosSession } from "../mesos/api.ts";
import { MesosError } from "../mesos/api.ts";
import type { Clock } from "./clock.ts";
import { noOutage, pauseMs, withTry } from "./outage.ts";

/** After this many consecutive short sessions, another one is not reported. */
const unsteadySessionsMin = 3;

/** The options of the supervisor. */
interface SupervisorOptions {
  readonly mesos: Pick<MesosApi, "subscribe">;
  /** Called before each attempt: the identity may change with the configuration. */
  readonly identity: () => FrameworkIdentity;
  readonly frameworkId: () => string | undefined;
  readonly post: (event: Event) => void;
  /**
   * Resolves once this event of the session may be posted, or when the signal is aborted: events that arrive in the
   * meantime wait in the session.
   */
  readonly room: (event: Event, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly random: () => number;
  /** A failed attempt. `outage` is the same number for all attempts since the last stable session. */
  readonly onFailed: (error: Error, outage: number) => void;
  /** A session is stable after unstable ones. */
  readonly onSteady: (master: string) => void;
}

/** Maintains one session at a time, and reports why each one ended. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  #session: MesosSession | undefined;
  /** Ends the current attempt, even one that still waits for a response; absent between two attempts. */
  #trying: AbortController | undefined;
  /** Ends the current pause. */
  #pausing: AbortController = new AbortController();
  #asked: { readonly retryMs: number; readonly reason: string } | undefined;
  #isStopped = false;
  #outage = noOutage;
  #outages = 0;
  /** Short sessions in a row. */
  #shortSessions = 0;

  /** No attempt yet. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** The current subscription. */
  session(): MesosSession | undefined {
    return this.#session;
  }

  /** The number of its waiting events, as far as known. */
  waiting(): number {
    return this.#session?.waiting?.() ?? 0;
  }

  /** Sessions are short-lived, so their reports are suppressed. */
  isUnsteady(): boolean {
    return this.#shortSessions >= unsteadySessionsMin;
  }

  /**
   * Ends the session, or the attempt to get one; the next attempt follows after `retryMs`, or never if that is absent.
   */
  endSession(reason: string, retryMs: number | undefined): void {
    if (retryMs === undefined) this.#isStopped = true;
    this.#asked = { retryMs: retryMs ?? 0, reason };
    this.#session?.close();
    this.#trying?.abort();
    this.#pausing.abort();
  }

  /** Stops attempts, and aborts one without a session: a removed framework would be registered again. */
  leave(): void {
    this.#isStopped = true;
    if (this.#session === undefined) this.#trying?.abort();
    this.#pausing.abort();
  }

  /** Tries repeatedly until the signal is aborted or no session is wanted any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, post, random, onFailed } = this.#options;
    while (!signal.aborted && !this.#isStopped) {
      const error = await this.#attempt(signal);
      if (signal.aborted) return;
      if (this.#outage.tries === 0) this.#outages++;
      const nowMs = clock.nowMs();
      this.#outage = withTry(this.#outage, nowMs);
      const waitMs = this.#asked?.retryMs ??
        pauseMs(this.#outage, { nowMs, random: random(), isRefusal: isRefusal(error) });
      const hint = this.#asked === undefined && error instanceof MesosError ? error.hint : undefined;
      post({
        kind: "disconnected",
        reason: this.#asked?.reason ?? error?.message ?? "the master has ended the stream",
        ...(hint === undefined ? {} : { hint }),
      });
      this.#asked = undefined;
      if (error !== undefined) onFailed(error, this.#outages);
      await this.#pause(waitMs, signal);
    }
  }

  async #attempt(signal: AbortSignal): Promise<Error | undefined> {
    const { clock, mesos, identity, frameworkId, room, post } = this.#options;
    const own = new AbortController();
    this.#trying = own;
    const ended = AbortSignal.any([signal, own.signal]);
    let startedMs = clock.nowMs();
    let session: MesosSession | undefined;
    const isGood = (): boolean => isGoodSession(startedMs, clock.nowMs());
    try {
      session = this.#session = await mesos.subscribe(identity(), frameworkId(), ended);
      startedMs = clock.nowMs();
      for await (const event of session.events) {
        if (this.#outage.tries + this.#shortSessions > 0 && isGood()) this.#holds(session.master);
        await room(event, ended);
        post(event);
      }
      return undefined;
    } catch (error) {
      if (own.signal.aborted) return undefined;
      return error instanceof Error ? error : new Error(String(error));
    } finally {
      if (session !== undefined && isGood()) this.#holds(session.master);
      else if (session !== undefined) this.#shortSessions++;
      session?.close();
      this.#session = undefined;
      this.#trying = undefined;
    }
  }

  #holds(master: string): void {
    if (this.isUnsteady()) this.#options.onSteady(master);
    this.#outage = noOutage;
    this.#shortSessions = 0;
  }

  /**
   * Waits, and starts over if the core requests another pause in the meantime: its ERROR may be handled after the end
   * of the stream.
   */
  async #pause(firstMs: number, signal: AbortSignal): Promise<void> {
    for (let waitMs: number | undefined = firstMs; waitMs !== undefined && !this.#isStopped && !signal.aborted;) {
      this.#pausing = new AbortController();
      await this.#options.clock.sleep(waitMs, AbortSignal.any([signal, this.#pausing.signal]));
      waitMs = this.#asked?.retryMs;
      this.#asked = undefined;
    }
  }
}

function isRefusal(error: Error | undefined): boolean {
  return error instanceof MesosError && (error.kind === "refused" || error.kind === "usage");
}

// How old our data of the GoCD server is, and for how long it has shown something. Data is as old as its request,
// because the response may take long.

import type { Draft } from "../draft.ts";
import { surelyIdleMs } from "../life/gocd_clocks.ts";
import type { GocdServerInfo } from "../gocd_records.ts";
import type { ServerState, State } from "../state.ts";
import { countedMs, type Watched, watchedFrom, withGap } from "./watched.ts";

/** For this long a list proves the absence of an agent, in addition to the usual response time of the server. */
const freshMs = 3_000;
/** Number of responses used to estimate the usual response time. */
const answersKept = 5;
/** Minimum number of responses for this estimate. */
const answersMin = 3;

/**
 * A server that did not respond for this long was down: agents had to start over with it. A shorter break is only a
 * gap.
 */
const outageMs = 180_000;

/** The last successful list of agents. */
export interface AgentsReading {
  /** When it was requested: it may not show anything that has happened since. */
  readonly requestedMs: number;
  /** When it arrived. */
  readonly readMs: number;
  /** Durations of the last lists, newest last. */
  readonly tookMs: readonly number[];
}

/**
 * Records a successful list of agents, requested at `requestedMs` (absent: with the request in progress).
 */
export function goodReading(
  draft: Draft,
  requestedMs: number | undefined,
  info: Pick<GocdServerInfo, "maintenance"> | undefined,
): void {
  const { atMs, state: { server: { requestedMs: inProgressMs, failingSinceMs, serving, ...server } } } = draft;
  const asOfMs = Math.min(requestedMs ?? inProgressMs ?? atMs, atMs);
  const now = info?.maintenance === "on" ? undefined : servingNow(serving, failingSinceMs, atMs);
  draft.set({
    server: {
      ...server,
      healthySinceMs: server.healthySinceMs ?? atMs,
      reading: {
        requestedMs: asOfMs,
        readMs: atMs,
        tookMs: [...(server.reading?.tookMs ?? []), atMs - asOfMs].slice(-answersKept),
      },
      ...(now === undefined ? {} : { serving: now }),
    },
  });
}

/** A failed read: the activity of the server until the next successful one is not known. */
export function failedReading(draft: Draft): void {
  const { healthySinceMs: _, requestedMs, ...server } = draft.state.server;
  draft.set({ server: { ...server, failingSinceMs: server.failingSinceMs ?? requestedMs ?? draft.atMs } });
}

/** The server is in maintenance mode: it registers and assigns nothing until a poll shows that the mode has ended. */
export function notServing(draft: Draft): void {
  const { serving: _, ...server } = draft.state.server;
  draft.set({ server });
}

/**
 * The time from the first failed read to the next successful one does not count; after an outage everything starts
 * over.
 */
function servingNow(serving: Watched | undefined, failingSinceMs: number | undefined, atMs: number): Watched {
  if (serving === undefined) return watchedFrom(atMs);
  if (failingSinceMs === undefined) return serving;
  const isOutage = countedMs(serving, failingSinceMs, atMs) >= outageMs;
  return isOutage ? watchedFrom(atMs) : withGap(serving, { fromMs: failingSinceMs, toMs: atMs });
}

/**
 * For how long the server has shown something, up to the last successful list, if it has done so since `sinceMs`:
 * watched time during which it was operational (it responded, and was not in maintenance mode). Starts over after an
 * outage, a maintenance, or a suspension of this program, because agents possibly could neither register nor get work.
 */
export function shownForMs({ server: { serving, reading } }: Pick<State, "server">, sinceMs: number): number {
  return reading === undefined ? 0 : countedMs(serving, sinceMs, reading.readMs);
}

/**
 * Whether the last list was requested so recently that an agent missing from it does not exist. On a server that always
 * takes 15 s every list is 15 s old when it arrives, and nothing could ever be proven, so the limit grows by the
 * duration of the fastest of the last lists. This is unavoidable with such a server; one slow response, or several in a
 * busy minute, do not change it.
 */
export function isFresh({ state: { server: { reading } }, atMs }: Draft): boolean {
  if (reading === undefined) return false;
  const usualMs = reading.tookMs.length < answersMin ? 0 : Math.min(...reading.tookMs);
  return atMs - reading.requestedMs <= freshMs + usualMs;
}

/**
 * Whether a Disabled agent that every list has shown idle since `firstIdleMs` certainly has no work: a job assigned at
 * the time of the DISABLE shows within `drain-confirm`. A server that was down may still have work that the agent has
 * not fetched yet, so the first check only counts if every read since then was successful. If some reads keep failing,
 * it is enough that all reads of some minutes have shown it idle: an agent asks for its work every 10 s.
 */
export function isIdleConfirmed({ state: { server, settings }, atMs }: Draft, firstIdleMs: number): boolean {
  const { drainConfirmMs } = settings.scaling;
  const lookMs = agentsAsOfMs(server);
  return lookMs - Math.max(firstIdleMs, server.healthySinceMs ?? atMs) >= drainConfirmMs ||
    countedMs(server.serving, firstIdleMs, lookMs) >= Math.max(surelyIdleMs, drainConfirmMs);
}

/** When the last list of agents was requested; before the first one: never. */
export function agentsAsOfMs({ reading }: Pick<ServerState, "reading">): number {
  return reading?.requestedMs ?? -Infinity;
}

// How old our knowledge of the GoCD server is, and for how long it has shown something. A reading is as old as its
// request: the response may take long.

import type { Draft } from "../draft.ts";
import { surelyIdleMs } from "../life/gocd_clocks.ts";
import type { GocdServerInfo } from "../gocd_records.ts";
import type { ServerState, State } from "../state.ts";
import { countedMs, type Watched, watchedFrom, withGap } from "./watched.ts";

/** A list of agents proves that an agent is not on it for this long, beyond what the server usually takes to answer. */
const freshMs = 3_000;
/** Answers that tell how long the server usually takes. */
const answersKept = 5;
/** From so many on. */
const answersMin = 3;

/**
 * A server that failed to answer for this long was away: agents had to start over with it. A shorter break is only a
 * gap.
 */
const outageMs = 180_000;

/** The last good list of agents. */
export interface AgentsReading {
  /** When it was asked for: it may show nothing of what has happened since. */
  readonly askedMs: number;
  /** When it came. */
  readonly readMs: number;
  /** How long the last lists took, newest last. */
  readonly tookMs: readonly number[];
}

/**
 * A good list of agents, asked for at `askedMs` (absent: with the request in progress), and what it says of the server.
 */
export function goodReading(
  draft: Draft,
  askedMs: number | undefined,
  info: Pick<GocdServerInfo, "maintenance"> | undefined,
): void {
  const { atMs, state: { server: { askedMs: requestMs, failingSinceMs, serving, ...server } } } = draft;
  const asOfMs = Math.min(askedMs ?? requestMs ?? atMs, atMs);
  const now = info?.maintenance === "on" ? undefined : servingNow(serving, failingSinceMs, atMs);
  draft.set({
    server: {
      ...server,
      healthySinceMs: server.healthySinceMs ?? atMs,
      reading: {
        askedMs: asOfMs,
        readMs: atMs,
        tookMs: [...(server.reading?.tookMs ?? []), atMs - asOfMs].slice(-answersKept),
      },
      ...(now === undefined ? {} : { serving: now }),
    },
  });
}

/** A failed read: what the server does until the next good one is not known. */
export function failedReading(draft: Draft): void {
  const { healthySinceMs: _, askedMs, ...server } = draft.state.server;
  draft.set({ server: { ...server, failingSinceMs: server.failingSinceMs ?? askedMs ?? draft.atMs } });
}

/** The server is in maintenance mode: it registers and assigns nothing until a poll says that this is over. */
export function notServing(draft: Draft): void {
  const { serving: _, ...server } = draft.state.server;
  draft.set({ server });
}

/** From the first failed read to the next good one nothing counts; after an outage everything starts over. */
function servingNow(serving: Watched | undefined, failingSinceMs: number | undefined, atMs: number): Watched {
  if (serving === undefined) return watchedFrom(atMs);
  if (failingSinceMs === undefined) return serving;
  const isOutage = countedMs(serving, failingSinceMs, atMs) >= outageMs;
  return isOutage ? watchedFrom(atMs) : withGap(serving, { fromMs: failingSinceMs, toMs: atMs });
}

/**
 * For how long the server has shown something, up to the last good list, where it has done so since `sinceMs`: watched
 * time in which it was at work (it answered, and was not in maintenance mode). Starts over after an outage, a
 * maintenance, or a break of this program: agents could neither register nor be given work then, or nobody knows.
 */
export function shownForMs({ server: { serving, reading } }: Pick<State, "server">, sinceMs: number): number {
  return reading === undefined ? 0 : countedMs(serving, sinceMs, reading.readMs);
}

/**
 * Whether the last list was asked for so recently that an agent which is not on it is none. On a server that always takes
 * 15 s every list is 15 s old when it comes, and nothing would ever be proven: the limit grows by what the fastest of the
 * last lists took. That is what the server forces; one slow answer, or several of a busy minute, do not move it.
 */
export function isFresh({ state: { server: { reading } }, atMs }: Draft): boolean {
  if (reading === undefined) return false;
  const usualMs = reading.tookMs.length < answersMin ? 0 : Math.min(...reading.tookMs);
  return atMs - reading.askedMs <= freshMs + usualMs;
}

/**
 * Whether a Disabled agent that each list has shown idle since `firstIdleMs` can have no work any more: what was assigned in
 * the moment of the DISABLE shows within `drain-confirm`. A server that was away may have kept work that the agent has not
 * fetched yet, so the first look is one since when every read was good. Where some reads always fail, that all looks of
 * some minutes have shown it idle must do: an agent asks for its work every 10 s.
 */
export function isIdleConfirmed({ state: { server, settings }, atMs }: Draft, firstIdleMs: number): boolean {
  const { drainConfirmMs } = settings.scaling;
  const lookMs = agentsAsOfMs(server);
  return lookMs - Math.max(firstIdleMs, server.healthySinceMs ?? atMs) >= drainConfirmMs ||
    countedMs(server.serving, firstIdleMs, lookMs) >= Math.max(surelyIdleMs, drainConfirmMs);
}

/** When the last list of agents was asked for; before any: never. */
export function agentsAsOfMs({ reading }: Pick<ServerState, "reading">): number {
  return reading?.askedMs ?? -Infinity;
}

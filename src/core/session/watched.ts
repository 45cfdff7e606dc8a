// Watched time: timeouts count only time during which this program was running and could have observed what it waits
// for.

import type { Draft } from "../draft.ts";

/**
 * A running program has a step at least every second (a tick). After a longer gap than this it was not running: its
 * machine was suspended, its clock was set, or it hung. None of that time counts.
 */
export const standstillMs = 90_000;

/** Maximum number of remembered gaps. Beyond that the two oldest are merged, and less time counts. */
const gapsMax = 500;

/** Watched time: everything since `sinceMs`, except the gaps. Times in ms since the epoch. */
export interface Watched {
  readonly sinceMs: number;
  /** In order, not adjacent. */
  readonly gaps: readonly Gap[];
}

/** Time that does not count. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Watched from now on. */
export function watchedFrom(sinceMs: number): Watched {
  return { sinceMs, gaps: [] };
}

/** The same without this period, which ends after all existing gaps. */
export function withGap({ sinceMs, gaps }: Watched, gap: Gap): Watched {
  const apart = gaps.filter(({ toMs }) => toMs < gap.fromMs);
  const fromMs = Math.min(gap.fromMs, gaps[apart.length]?.fromMs ?? gap.fromMs);
  const all = [...apart, { fromMs, toMs: gap.toMs }];
  if (all.length <= gapsMax) return { sinceMs, gaps: all };
  const oldest = all.slice(0, 1 + all.length - gapsMax);
  const one = {
    fromMs: Math.min(...oldest.map((each) => each.fromMs)),
    toMs: Math.max(...oldest.map((each) => each.toMs)),
  };
  return { sinceMs, gaps: [one, ...all.slice(oldest.length)] };
}

/** How much of the time from `fromMs` to `toMs` counts; none if nothing is watched. */
export function countedMs(watched: Watched | undefined, fromMs: number, toMs: number): number {
  if (watched === undefined) return 0;
  const startMs = Math.max(fromMs, watched.sinceMs);
  let ms = toMs - startMs;
  for (const gap of watched.gaps) ms -= Math.max(0, Math.min(gap.toMs, toMs) - Math.max(gap.fromMs, startMs));
  return Math.max(0, ms);
}

/** The watched time of this run since then, up to now. */
export function watchedMs({ state, atMs }: Draft, sinceMs: number): number {
  return countedMs(state.watched, sinceMs, atMs);
}

/** What shows no sign for a day is given up. */
export const givenUpMs: number = 24 * 3_600_000;
/** But not before this program itself has waited this long: while it was down, the clock may have been set. */
const waitedMinMs = 3_600_000;

/** Whether something has been given up since then: a day has passed, of which this run has watched an hour. */
export function isGivenUp(draft: Draft, sinceMs: number): boolean {
  return draft.atMs - sinceMs >= givenUpMs && watchedMs(draft, sinceMs) >= waitedMinMs;
}

/** Detects that the program was suspended before this step. Called first in every step. */
export function noticeStandstill(draft: Draft): void {
  const { state, atMs } = draft;
  const gap = { fromMs: state.lastStepMs, toMs: atMs };
  draft.set({ lastStepMs: atMs });
  if (gap.toMs - gap.fromMs <= standstillMs) return;
  // As after a restart: earlier data of the server does not cover the time in between, in which it may have been down.
  const { healthySinceMs: _, serving: __, ...server } = state.server;
  draft.set({ watched: withGap(state.watched, gap), server });
  // Earlier demand may be outdated.
  draft.markPlanStale();
  draft.note({ kind: "program-stood-still", stoodStillMs: gap.toMs - gap.fromMs });
}

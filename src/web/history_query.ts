// Which part of the history a reader of the page asks for.

import { pageHref, type PageQuery } from "./page_query.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The lengths of a trend, with the time that one of its samples represents. */
export const historyRanges = {
  "15min": { label: "15 min", lengthMs: 15 * minuteMs, stepMs: 15_000 },
  "1h": { label: "1 h", lengthMs: hourMs, stepMs: 15_000 },
  "6h": { label: "6 h", lengthMs: 6 * hourMs, stepMs: 90_000 },
  "24h": { label: "24 h", lengthMs: 24 * hourMs, stepMs: 5 * minuteMs },
  "7d": { label: "7 days", lengthMs: 7 * 24 * hourMs, stepMs: 30 * minuteMs },
} as const;

/** The name of a length in the URL. */
export type HistoryRange = keyof typeof historyRanges;

/** The same however much there is to show: a length that grew with the history would change between two looks. */
export const defaultRange: HistoryRange = "1h";

/** What is asked for. */
export interface HistoryQuery {
  /** Absent: {@linkcode defaultRange}. */
  readonly range?: HistoryRange;
  /** The moment of the picture that is shown, ms since the epoch; absent: now. */
  readonly atMs?: number;
  /** A part of the locators of jobs, to learn who built them. */
  readonly built?: string;
}

/** The part requested by a query of the page, as of the moment of the picture that it shows. */
export function historyQuery({ range: asked, built }: PageQuery, atMs: number | undefined): HistoryQuery {
  const range = (Object.keys(historyRanges) as HistoryRange[]).find((name) => name === asked);
  return {
    ...(range === undefined ? {} : { range }),
    ...(atMs === undefined ? {} : { atMs }),
    ...(built === undefined ? {} : { built }),
  };
}

/** The URL of the page with another part of the history. */
export function historyHref(query: PageQuery, { range, atMs }: HistoryQuery): string {
  const { range: _, at: __, ...rest } = query;
  return pageHref({
    ...rest,
    ...(range === undefined ? {} : { range }),
    ...(atMs === undefined ? {} : { at: new Date(atMs).toISOString().replace(/(:00)?\.\d+Z$/, "Z") }),
  });
}

// Which rows of the lists a reader of the page asks for, parsed from the URL.

import type { VerdictKind } from "../core/demand/verdict.ts";
import { verdictKinds } from "../core/words/verdicts.ts";

/** The query parameters of the page. */
export interface PageQuery {
  /** Only jobs with this in pipeline, stage or job, whatever the case; absent: all. So too with the others. */
  readonly text?: string;
  /** Only jobs with this verdict. */
  readonly verdict?: VerdictKind;
  /** Only jobs with the outcome of this code of a reason (words/fates.ts). */
  readonly reason?: string;
  /** Only jobs that this profile serves. */
  readonly profile?: string;
  /** Only jobs of this environment. */
  readonly environment?: string;
  /** Only jobs that ask for this GoCD resource. */
  readonly resource?: string;
  /** Rows shown of each list. */
  readonly rowsMax: number;
  /** Which page of the list of jobs, from 1. */
  readonly page: number;
  /** The length of the trend (history_query.ts); absent: the default. */
  readonly range?: string;
  /** The moment whose picture is requested; absent: now. */
  readonly at?: string;
  /** Who built the jobs that have this in their locator; absent: that is not asked. */
  readonly built?: string;
  /** Any text: without scripts, the page does not reload itself; absent: it does. */
  readonly pause?: string;
}

/** Rows of each list that a page shows by default. */
const rowsDefault = 200;
/** At most this many rows are shown; all are in `/api/status`. */
export const rowsLimit = 2_000;
/** Pages beyond any list. */
const pagesMax = 100_000;
/** Maximum length of a search text; no name is longer. */
const textCharactersMax = 255;

/** Shows the first page of all jobs. */
export const allJobs: PageQuery = { rowsMax: rowsDefault, page: 1 };

const textNames = [
  ["text", "q"],
  ["reason", "reason"],
  ["profile", "profile"],
  ["environment", "environment"],
  ["resource", "resource"],
  ["range", "range"],
  ["at", "at"],
  ["built", "built"],
  ["pause", "pause"],
] as const;

/** Parses the query of a URL; invalid parameters are ignored, as are empty ones: a form sends all of its fields. */
export function pageQuery(search: URLSearchParams): PageQuery {
  const verdict = verdictKinds.find((kind) => kind === search.get("verdict"));
  const texts = textNames.flatMap(([field, name]) => {
    const text = (search.get(name) ?? "").trim().slice(0, textCharactersMax);
    return text === "" ? [] : [[field, text] as const];
  });
  return {
    ...Object.fromEntries(texts),
    ...(verdict === undefined ? {} : { verdict }),
    rowsMax: Math.min(countIn(search, "rows") ?? rowsDefault, rowsLimit),
    page: Math.min(countIn(search, "page") ?? 1, pagesMax),
  };
}

function countIn(search: URLSearchParams, name: string): number | undefined {
  const count = Number(search.get(name));
  return Number.isInteger(count) && count > 0 ? count : undefined;
}

/** The URL of the page for a query. */
export function pageHref(query: PageQuery): string {
  const search = new URLSearchParams();
  for (const [field, name] of textNames) {
    const text = query[field];
    if (text !== undefined) search.set(name, text.toWellFormed());
  }
  if (query.verdict !== undefined) search.set("verdict", query.verdict);
  if (query.rowsMax !== rowsDefault) search.set("rows", String(query.rowsMax));
  if (query.page !== 1) search.set("page", String(query.page));
  const text = search.toString();
  return text === "" ? "/" : `/?${text}`;
}

/** Where the rows beyond those shown can be read: the page with more, or everything as JSON. */
export function moreHref(query: PageQuery): string {
  return query.rowsMax < rowsLimit ? pageHref({ ...query, rowsMax: rowsLimit }) : "/api/status";
}

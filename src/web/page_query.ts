// Which rows of the lists a reader of the page asks for, parsed from the URL.

import type { VerdictKind } from "../core/demand/verdict.ts";
import { verdictKinds } from "../core/words/verdicts.ts";

/** The query parameters of the page. */
export interface PageQuery {
  /** Only jobs with this verdict; absent: all. */
  readonly verdict?: VerdictKind;
  /** Rows shown of each list. */
  readonly rowsMax: number;
}

/** Rows of each list that a page shows by default. */
export const rowsDefault = 200;
/** At most this many rows are shown; all are in `/api/status`. */
export const rowsLimit = 2_000;

/** Parses the query of a URL; invalid parameters are ignored. */
export function pageQuery(search: URLSearchParams): PageQuery {
  const verdict = verdictKinds.find((kind) => kind === search.get("verdict"));
  const asked = Number(search.get("rows") ?? rowsDefault);
  const rowsMax = Number.isInteger(asked) && asked > 0 ? Math.min(asked, rowsLimit) : rowsDefault;
  return { ...(verdict === undefined ? {} : { verdict }), rowsMax };
}

/** The URL of the page for a query. */
export function pageHref(query: PageQuery): string {
  const search = new URLSearchParams();
  if (query.verdict !== undefined) search.set("verdict", query.verdict);
  if (query.rowsMax !== rowsDefault) search.set("rows", String(query.rowsMax));
  const text = search.toString();
  return text === "" ? "/" : `/?${text}`;
}

/** Where the rows beyond those shown can be read: the page with more, or everything as JSON. */
export function moreHref(query: PageQuery): string {
  return query.rowsMax < rowsLimit ? pageHref({ ...query, rowsMax: rowsLimit }) : "/api/status";
}

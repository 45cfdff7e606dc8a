// Keeps open pages up to date with server-sent events: first the complete parts of the page, then their changes.
// Streams are handled in streams.ts.

import type { Picture } from "../core/view/picture.ts";
import { type Change, changed, changesOf, piecesOf } from "./changes.ts";
import { pageHref, type PageQuery } from "./page_query.ts";
import type { StreamSource } from "./streams.ts";

/** A page at one moment. */
export interface LivePage {
  /** When its picture was made, ms since the epoch. */
  readonly atMs: number;
  readonly title: string;
  /** The markup of each part by its id, without the texts of ages: those are counted by the reader. */
  readonly parts: ReadonlyMap<string, string>;
}

/** A page is checked every n-th check of the stream: every two seconds. */
const looksPerUpdate = 2;
/** Durations in sentences (`no successful poll for 12 s`) are sent again every n-th update: every twenty seconds. */
const updatesPerSpans = 10;
/** Maximum number of shared renderings. */
const sharedMax = 20;

/** The stream of one more page. */
export type LivePages = (query: PageQuery) => StreamSource;

/** Pages with the same query share what is rendered of one picture. */
export function createLivePages(
  look: () => Picture,
  render: (picture: Picture, query: PageQuery) => LivePage,
): LivePages {
  let last: Picture | undefined;
  const shared = new Map<string, LivePage>();
  const pageNow = (query: PageQuery): LivePage => {
    const picture = look();
    if (picture !== last || shared.size >= sharedMax) shared.clear();
    last = picture;
    const key = pageHref(query);
    const page = shared.get(key) ?? render(picture, query);
    shared.set(key, page);
    return page;
  };
  return (query) => {
    const reader = createReader();
    let looks = 0;
    return {
      contentType: "text/event-stream; charset=utf-8",
      heartbeat: ":\n\n",
      // A stream looks again at once after each message.
      next: () => looks++ % (looksPerUpdate + 1) === 0 ? reader(pageNow(query)) : "",
    };
  };
}

/** The message that updates one reader to this page. */
function createReader(): (page: LivePage) => string {
  const has = new Map<string, readonly string[]>();
  const marks: Record<string, string> = {};
  let title: string | undefined;
  let updates = 0;
  return (page) => {
    const start = updates === 0 ? "retry: 2000\n" : "";
    const comparison = updates++ % updatesPerSpans === 0 ? "exact" : "but-spans";
    const parts: Record<string, readonly Change[]> = {};
    for (const [id, markup] of page.parts) {
      const before = has.get(id);
      // An empty part is also sent, because the initial content of the reader is unknown.
      const changes = changesOf(before ?? [], piecesOf(markup), comparison) ?? (before === undefined ? [] : undefined);
      if (changes === undefined) continue;
      parts[id] = changes;
      if (before === undefined) marks[id] = markOf(markup);
      has.set(id, changed(before ?? [], changes));
    }
    const isTitleNew = page.title !== title;
    title = page.title;
    if (Object.keys(parts).length === 0 && !isTitleNew) return `${start}event: tick\ndata: ${page.atMs}\n\n`;
    const isFirst = start !== "";
    const update = { at: page.atMs, ...(isTitleNew ? { title } : {}), ...(isFirst ? { marks } : {}), parts };
    return `${start}event: update\ndata: ${JSON.stringify(update)}\n\n`;
  };
}

/** What two equal texts share, and others hardly: a page that has a part of this mark need not make it again (FNV-1a). */
export function markOf(markup: string): string {
  let mark = 0x811c9dc5;
  for (let index = 0; index < markup.length; index++) mark = Math.imul(mark ^ markup.charCodeAt(index), 0x01000193);
  return `${markup.length.toString(36)}-${(mark >>> 0).toString(36)}`;
}

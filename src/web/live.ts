// Keeps open pages up to date with server-sent events: only what has changed since the document that the reader has, or
// complete parts if that is not known any more. Streams are handled in streams.ts.

import type { Picture } from "../core/view/picture.ts";
import { type Change, changed, changesOf, type Comparison, piecesOf, withoutSpans } from "./changes.ts";
import { pageHref, type PageQuery } from "./page_query.ts";
import type { StreamSource } from "./streams.ts";

/** A page at one moment. */
export interface LivePage {
  /** When its picture was made, ms since the epoch. */
  readonly atMs: number;
  readonly title: string;
  /** The markup of each part by its id, without the texts of ages: those are counted by the reader. */
  readonly parts: ReadonlyMap<string, string>;
  readonly version: PageVersion;
}

/** What the parts of equal pages share, and those of others hardly. */
export interface PageVersion {
  /** As if the spans of time in sentences did not matter. */
  readonly butSpans: string;
  /** Of everything. */
  readonly exact: string;
}

/** A page is checked every n-th check of the stream: every two seconds. */
const looksPerUpdate = 2;
/** Durations in sentences (`no successful poll for 12 s`) are sent again every n-th update: every twenty seconds. */
const updatesPerSpans = 10;
/** Maximum number of shared renderings. */
const sharedMax = 20;

/**
 * Maximum length of the pages that readers may go on from: dozens of usual ones, some of a page of ten thousand jobs.
 */
const knownCharactersMax = 4_000_000;

/** The streams of all open pages. */
export interface LivePages {
  /** The stream of one more page, whose reader has the version of this text ({@linkcode versionText}). */
  readonly open: (query: PageQuery, version?: string) => StreamSource;
  /** Remembers a page that was sent as a document. */
  readonly sent: (page: LivePage) => void;
}

/** Pages with the same query share the rendering of one picture. */
export function createLivePages(
  look: () => Picture,
  render: (picture: Picture, query: PageQuery) => LivePage,
): LivePages {
  let last: Picture | undefined;
  const shared = new Map<string, LivePage>();
  const known = createKnownPages();
  const pageNow = (query: PageQuery): LivePage => {
    const picture = look();
    if (picture !== last || shared.size >= sharedMax) shared.clear();
    last = picture;
    const key = pageHref(query);
    const page = shared.get(key) ?? render(picture, query);
    shared.set(key, page);
    known.add(page);
    return page;
  };
  return {
    open: (query, version) => {
      let reader: ((page: LivePage) => string) | undefined;
      let looks = 0;
      const next = (): string => {
        const page = pageNow(query);
        reader ??= createReader(version === undefined ? undefined : known.get(version));
        return reader(page);
      };
      return {
        contentType: "text/event-stream; charset=utf-8",
        heartbeat: ":\n\n",
        // A stream checks again immediately after each message.
        next: () => looks++ % (looksPerUpdate + 1) === 0 ? next() : "",
      };
    },
    sent: known.add,
  };
}

/** A page that a reader has. */
interface Known {
  readonly page: LivePage;
  /** Otherwise the reader may have other spans of time in its sentences. */
  readonly isExact: boolean;
}

/** The latest pages by their version. */
function createKnownPages(): {
  readonly add: (page: LivePage) => void;
  readonly get: (version: string) => Known | undefined;
} {
  const pages = new Map<string, LivePage>();
  const sizeOf = (page: LivePage): number => page.parts.values().reduce((sum, { length }) => sum + length, 0);
  let characters = 0;
  const remove = (page: LivePage | undefined): void => {
    if (page !== undefined && pages.delete(page.version.butSpans)) characters -= sizeOf(page);
  };
  return {
    add: (page) => {
      remove(pages.get(page.version.butSpans));
      pages.set(page.version.butSpans, page);
      characters += sizeOf(page);
      for (const oldest of pages.values()) {
        if (characters <= knownCharactersMax) break;
        remove(oldest);
      }
    },
    get: (version) => {
      const [butSpans = "", exact] = version.split(versionSeparator);
      const page = pages.get(butSpans);
      return page === undefined ? undefined : { page, isExact: page.version.exact === exact };
    },
  };
}

/** The message that updates one reader, who has the page of `base`, to this page. */
function createReader(base: Known | undefined): (page: LivePage) => string {
  const has = new Map(base?.page.parts.entries().map(([id, markup]) => [id, piecesOf(markup)]));
  let title = base?.page.title;
  let updates = 0;
  const comparisonNow = (): Comparison => {
    if (updates === 0) return base?.isExact === true ? "exact" : "unknown-spans";
    return updates % updatesPerSpans === 0 ? "exact" : "but-spans";
  };
  return (page) => {
    const start = updates === 0 ? "retry: 2000\n" : "";
    const isWhole = updates === 0 && base === undefined;
    const comparison = comparisonNow();
    updates++;
    const parts: Record<string, readonly Change[]> = {};
    for (const [id, markup] of page.parts) {
      const before = has.get(id);
      // An empty part is also sent, if the content of the reader is unknown.
      const changes = changesOf(before ?? [], piecesOf(markup), comparison) ?? (before === undefined ? [] : undefined);
      if (changes === undefined) continue;
      parts[id] = changes;
      has.set(id, changed(before ?? [], changes));
    }
    const isTitleNew = page.title !== title;
    title = page.title;
    if (Object.keys(parts).length === 0 && !isTitleNew) return `${start}event: tick\ndata: ${page.atMs}\n\n`;
    const id = comparison === "but-spans" ? page.version.butSpans : versionText(page.version);
    const update = { at: page.atMs, ...(isTitleNew ? { title } : {}), ...(isWhole ? { whole: true } : {}), parts };
    return `${start}id: ${id}\nevent: update\ndata: ${JSON.stringify(update)}\n\n`;
  };
}

const versionSeparator = ".";

/** As readers of a page name what they have. */
export function versionText({ butSpans, exact }: PageVersion): string {
  return `${butSpans}${versionSeparator}${exact}`;
}

/** The version of a page with these parts. */
export function versionOf(parts: ReadonlyMap<string, string>): PageVersion {
  const markup = [...parts.values()].join("");
  return { butSpans: markOf(withoutSpans(markup)), exact: markOf(markup) };
}

/** FNV-1a. */
function markOf(text: string): string {
  let mark = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) mark = Math.imul(mark ^ text.charCodeAt(index), 0x01000193);
  return `${text.length.toString(36)}-${(mark >>> 0).toString(36)}`;
}

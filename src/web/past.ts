// The page at a past moment: its picture, decisions and banner.

import { timeText } from "../core/words/phrases.ts";
import { type HistoryReader, pictureOfMoment } from "../core/view/history.ts";
import { parseMoment } from "../core/view/moment.ts";
import type { NoteView, StatusView } from "../core/view/view.ts";
import { momentForms } from "../core/words/history.ts";
import { OperatorError } from "../errors.ts";
import { type Html, html } from "./html.ts";
import { pageHref, type PageQuery } from "./page_query.ts";
import { spanText } from "./wording.ts";

/** Decisions that are shown of the time before. */
const notesMax = 200;
/** The step to the next moment. */
const stepMs = 60_000;
/** A browser's clock may be ahead by this much. */
const aheadMs = 60_000;
/** Maximum age of a picture for a moment. */
const gapMs = 2 * 60_000;

/** What a page of the past shows; without `shown` it shows the present, with the reason. */
export interface Past {
  readonly banner: Html;
  readonly shown?: { readonly view: StatusView; readonly notes: readonly NoteView[] };
}

/** The history at the moment of a query; nothing if it has none. */
export function readPast(history: HistoryReader | undefined, query: PageQuery, nowMs: number): Past | undefined {
  const { at } = query;
  if (at === undefined) return undefined;
  const atMs = parseMoment(at, nowMs);
  if (atMs === undefined) return { banner: noPast(`${JSON.stringify(at)} is not a time. Write ${momentForms}.`) };
  if (history === undefined) return { banner: noPast("No history is kept (history.keep).") };
  if (atMs > nowMs + aheadMs) return { banner: noPast(`${timeText(atMs)} is in the future.`) };
  try {
    const snapshot = pictureOfMoment(history, Math.min(atMs, nowMs));
    if (snapshot === undefined) return { banner: noPast(`No picture of ${timeText(atMs)} or before is kept.`) };
    const { view } = snapshot;
    const notes = history.notes({ fromMs: 0, toMs: view.atMs + 1 }, { max: notesMax }).toReversed();
    return { banner: pastBanner(view.atMs, { atMs, nowMs }, query), shown: { view, notes } };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { banner: noPast(`The history cannot be read: ${error.message}.`) };
  }
}

/** The banner for a picture that this version cannot show. */
export function foreignPicture(query: PageQuery): Html {
  return noPast(`The picture of ${query.at ?? "then"} was made by another version, and cannot be shown.`);
}

function pastBanner(
  shownMs: number,
  { atMs, nowMs }: { readonly atMs: number; readonly nowMs: number },
  query: PageQuery,
): Html {
  const { at: _, ...present } = query;
  const asked = timeText(Math.min(atMs, nowMs));
  const step = (word: string, toMs: number): Html =>
    html`<a href="${pageHref({ ...query, at: timeText(toMs) })}">A minute ${word}</a>`;
  const gap = atMs - shownMs > gapMs
    ? `; there is none between it and ${asked}`
    : asked === timeText(shownMs)
    ? ""
    : shownMs > atMs
    ? `, the first picture that is kept from ${asked} on`
    : `, the last picture that is kept before ${asked}`;
  return html`
    <p class="banner past">
      This is the past: what the program knew at <time>${timeText(shownMs)}</time>, ${spanText(nowMs - shownMs)}
      ago${gap}. Everything on this page is as of then. <a href="${pageHref(present)}">Back to now</a> ${step(
        "earlier",
        atMs - stepMs,
      )} ${atMs + stepMs < nowMs ? step("later", atMs + stepMs) : undefined}
    </p>
  `;
}

function noPast(why: string): Html {
  return html`<p class="banner past">${why} This is the present.</p>`;
}

// Small elements that the sections of the status page share: badges, chips, ages, links.

import { timeText } from "../core/words/phrases.ts";
import { shortened } from "../core/text.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { jobHref, type PageLinks } from "./links.ts";
import { spanText } from "./wording.ts";

/** The meaning of a badge's colour; its text always means the same. */
export type Tone = "good" | "busy" | "waiting" | "warning" | "bad" | "quiet";

/** A word in a coloured pill. */
export function badge(word: string, tone: Tone): Html {
  return html`<span class="badge ${tone}">${word}</span>`;
}

/** Maximum length of a displayed name. */
const nameCharactersMax = 400;

/** An external name or short text; its writing direction cannot affect the following text. */
export function untrustedText(text: string): Html {
  return html`<bdi>${shortened(text, nameCharactersMax)}</bdi>`;
}

/** Sentences up to this length are shown as a whole. */
const sentenceCharactersMax = 320;
/** Of a folded text. */
const summaryCharacters = 140;
/** Of a folded text of the log, which has its time and its code on the same line. */
const loggedCharacters = 105;
const foldedCharactersMax = 4_000;

/**
 * An external sentence, with text between backticks as code; one that is longer than `charactersMax` is folded. Not
 * inside a paragraph.
 */
export function sentence(text: string, charactersMax = sentenceCharactersMax): Html {
  if (text.length <= charactersMax) return html`<bdi>${withCode(text)}</bdi>`;
  return folded(shortened(text, summaryCharacters), text);
}

/** A sentence of the log: what it says of the future stays as it was written. Not inside a paragraph. */
export function loggedSentence(text: string): Html {
  if (text.length > sentenceCharactersMax) return folded(shortened(text, loggedCharacters), text);
  return html`<bdi>${
    text.split(/(`[^`]+`)/).map((part) => isCode(part) ? html`<code>${part.slice(1, -1)}</code>` : part)
  }</bdi>`;
}

function isCode(part: string): boolean {
  return /^`[^`]+`$/.test(part);
}

/** Pieces of text: each one between two backticks is code. A single backtick is kept. */
function withCode(text: string): readonly HtmlValue[] {
  return text.split(/(`[^`]+`|(?<=\b(?:next try|drained|removed|stopped) )at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)/).map((
    part,
  ) => isCode(part) ? html`<code>${part.slice(1, -1)}</code>` : isTimeToCome(part) ? countdown(part) : part);
}

function isTimeToCome(part: string): boolean {
  return /^at \d{4}-\d\d-\d\dT/.test(part);
}

/** The script of the page counts down to it; without, the text has the time. */
function countdown(text: string): Html {
  const time = text.slice("at ".length);
  return html`<time datetime="${time}" title="${time}" data-until>${text}</time>`;
}

/** A long text folded under a short one. Not inside a paragraph. */
export function folded(summary: string, text: string): Html {
  return html`
    <details class="long" data-key="long">
      <summary><bdi>${summary}</bdi></summary>
      <div><bdi>${shortened(
        text,
        foldedCharactersMax,
      )}</bdi></div>
    </details>
  `;
}

/** A link to a page of another server, or the plain text if there is none. */
export function linkTo(href: string | undefined, text: HtmlValue): Html {
  return href === undefined ? html`${text}` : html`<a href="${href}" rel="noreferrer noopener">${text}</a>`;
}

/** The name of a host as a link to it; on one line as long as there is room for it. */
export function hostName(href: string | undefined, host: string): Html {
  return html`<span class="host">${linkTo(href, untrustedText(host))}</span>`;
}

/** The name of a job as a link to it; it may break after a slash. */
export function jobName(locator: string, links: PageLinks): Html {
  const parts = shortened(locator, nameCharactersMax).split("/");
  const name = parts.flatMap((part, index) => index === 0 ? [part] : ["/", html`<wbr>`, part]);
  return html`<code class="name">${linkTo(jobHref(links, locator), html`<bdi>${name}</bdi>`)}</code>`;
}

/** Links to an instance elsewhere. */
export function places(
  taskId: string,
  { gocd, sandbox }: { readonly gocd?: string | undefined; readonly sandbox: string | undefined },
): Html | undefined {
  const of = html`<span class="unseen"> of ${taskId}</span>`;
  const all = [
    ...(gocd === undefined ? [] : [
      linkTo(gocd, html`GoCD${of}`),
      html`
      `,
    ]),
    ...(sandbox === undefined ? [] : [linkTo(sandbox, html`Sandbox${of}`)]),
  ];
  return all.length === 0 ? undefined : html`<div class="places">${all}</div>`;
}

/** The environment and the GoCD resources of a job, a bucket or an agent. */
export function needs(environments: readonly string[], gocdResources: readonly string[]): Html {
  const inEnvironments = environments.map((name) => html`<li class="environment">${untrustedText(name)}</li>`);
  const resources = gocdResources.toSorted().map((name) => html`<li>${untrustedText(name)}</li>`);
  if (inEnvironments.length + resources.length === 0) return html`<span class="quiet">none</span>`;
  return html`<ul class="chips">${inEnvironments}${resources}</ul>`;
}

/** How long something has lasted; the exact time is in the title. The script of the page counts it on. */
export function age(sinceMs: number, atMs: number): Html {
  const time = timeText(sinceMs);
  return html`<time datetime="${time}" title="${time}" data-ago>${spanText(atMs - sinceMs)}</time>`;
}

/** When something will be: its time, so that the text stays true; the script of the page says `in 12 s`, or `now`. */
export function until(thenMs: number): Html {
  return countdown(`at ${timeText(thenMs)}`);
}

/** The moment of the picture. */
export function moment(atMs: number): Html {
  const time = timeText(atMs);
  return html`<time datetime="${time}" data-now>${time}</time>`;
}

/**
 * Markup without the texts of ages and future times, without the lengths of lives that continue, and without the
 * moment: the reader fills them in, and a part in which nothing else changes stays the same.
 */
export function withoutAges(markup: string): string {
  return markup.replace(/(<time [^>]* data-(?:ago|until)>)[^<]*/g, "$1")
    .replace(/(<svg class="life" role="img" data-since="[^"]*" viewBox=")[^"]*/g, "$1")
    .replace(/(<rect class="[^"]*" data-grows x="\d+" width=")\d+/g, "$1")
    .replace(/<time datetime="[^"]*" data-now>[^<]*/g, '<time datetime="" data-now>');
}

/** A section that is folded on a narrow screen until its reader asks for it, also without scripts. */
export function foldedSection(id: string, title: string, aside: HtmlValue, body: HtmlValue): Html {
  const fold = html`
    <label class="fold"
      data-key="fold"><input type="checkbox" autocomplete="off"> ${whetherOpen(
        "Show",
        "Hide",
      )}<span class="unseen"> ${title}</span></label>
  `;
  return section(id, title, html`${aside}${fold}`, body);
}

/** The word of a label while its box is not checked, and while it is; the style sheet shows one of them. */
export function whetherOpen(shut: string, open: string): Html {
  return html`<span class="when-shut">${shut}</span><span class="when-open">${open}</span>`;
}

/** A section of the page with a heading, and `aside` next to it. */
export function section(id: string, title: string, aside: HtmlValue, body: HtmlValue): Html {
  return html`<section id="${id}" data-key="${id}" aria-labelledby="${id}-title">
<header><h2 id="${id}-title">${title}</h2><div class="aside">${aside}</div></header>
${body}
</section>`;
}

const keyCharactersMax = 200;

/** Creates the keys of equal rows unique: `a`, `a~2`. */
export function distinctKeys(keys: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return keys.map((whole) => {
    const key = whole.slice(0, keyCharactersMax);
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}~${count}`;
  });
}

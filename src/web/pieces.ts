// Small elements that the sections of the status page share: badges, chips, ages.

import { type Html, html, type HtmlValue } from "./html.ts";
import { spanText, timeText } from "./wording.ts";

/** How a badge is to be taken; always told by its word as well, never by colour alone. */
export type Tone = "good" | "busy" | "waiting" | "warning" | "bad" | "quiet";

/** A word in a coloured pill. */
export function badge(word: string, tone: Tone): Html {
  return html`<span class="badge ${tone}">${word}</span>`;
}

/** A name that somebody else chose; its writing direction cannot leak into what follows. */
export function untrustedText(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** The environment and the GoCD resources of a job, a bucket or an agent. */
export function needs(environments: readonly string[], gocdResources: readonly string[]): Html {
  const inEnvironments = environments.map((name) => html`<li class="environment"><bdi>${name}</bdi></li>`);
  const resources = gocdResources.map((name) => html`<li><bdi>${name}</bdi></li>`);
  if (inEnvironments.length + resources.length === 0) return html`<span class="quiet">none</span>`;
  return html`<ul class="chips">${inEnvironments}${resources}</ul>`;
}

/** How long something has been so; the exact time stands in the title. */
export function age(sinceMs: number, atMs: number): Html {
  const time = timeText(sinceMs);
  return html`<time datetime="${time}" title="${time}">${spanText(atMs - sinceMs)}</time>`;
}

/** A part of the page under its own heading; `aside` stands beside the heading. */
export function section(id: string, title: string, aside: HtmlValue, body: HtmlValue): Html {
  return html`<section id="${id}" data-key="${id}" aria-labelledby="${id}-title">
<header><h2 id="${id}-title">${title}</h2><div class="aside">${aside}</div></header>
${body}
</section>`;
}

/** The keys of equal rows made different, so that each row keeps its own place: `a`, `a~2`. */
export function distinctKeys(keys: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return keys.map((key) => {
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}~${count}`;
  });
}

// Small elements that the sections of the status page share: badges, chips, ages.

import { type Html, html, type HtmlValue } from "./html.ts";
import { spanText, timeText } from "./wording.ts";

/** The meaning of a badge's colour; its word always says the same. */
export type Tone = "good" | "busy" | "waiting" | "warning" | "bad" | "quiet";

/** A word in a coloured pill. */
export function badge(word: string, tone: Tone): Html {
  return html`<span class="badge ${tone}">${word}</span>`;
}

/** Text from others; its writing direction cannot affect what follows. */
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

/** How long something has lasted; the exact time is in the title. */
export function age(sinceMs: number, atMs: number): Html {
  const time = timeText(sinceMs);
  return html`<time datetime="${time}" title="${time}">${spanText(atMs - sinceMs)}</time>`;
}

/** A section of the page with a heading, and `aside` beside it. */
export function section(id: string, title: string, aside: HtmlValue, body: HtmlValue): Html {
  return html`<section id="${id}" data-key="${id}" aria-labelledby="${id}-title">
<header><h2 id="${id}-title">${title}</h2><div class="aside">${aside}</div></header>
${body}
</section>`;
}

/** Creates the keys of equal rows unique: `a`, `a~2`. */
export function distinctKeys(keys: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return keys.map((key) => {
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key}~${count}`;
  });
}

// HTML with escaping by default. Not here: any page.
// Called by status_page.ts and its parts.

/** Markup that is safe to send; only {@linkcode html} makes it. */
export interface Html {
  readonly markup: string;
}

/** What may stand in a hole of a template: text is escaped, lists are joined, `undefined` is nothing. */
export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[];

const made = new WeakSet<Html>();

/**
 * A piece of a page: ``html`<td>${jobName}</td>` ``. Every hole is escaped unless it is {@linkcode Html} already. How the
 * template is laid out in the source does not count: indentation is dropped, blanks around the whole as well.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const markup = squeezed(parts).map((part, index) => index === 0 ? part : toMarkup(values[index - 1]) + part).join("");
  const piece = { markup };
  made.add(piece);
  return piece;
}

/** The texts of each template without their indentation; one entry per template in the source. */
const squeezedParts = new WeakMap<TemplateStringsArray, readonly string[]>();

function squeezed(parts: TemplateStringsArray): readonly string[] {
  const before = squeezedParts.get(parts);
  if (before !== undefined) return before;
  const last = parts.length - 1;
  const made = parts.map((part, index) => {
    const flat = part.replace(/\s*\n\s*/g, "\n");
    const fromStart = index === 0 ? flat.replace(/^\n/, "") : flat;
    return index === last ? fromStart.replace(/\n$/, "") : fromStart;
  });
  squeezedParts.set(parts, made);
  return made;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/**
 * Text for an element or a quoted attribute; control characters and marks that turn the direction of writing (a name
 * must not look like another one) become the replacement character.
 */
export function escapeHtml(text: string): string {
  return text.toWellFormed()
    .replace(/[^\P{Cc}\t\n\r]|\p{Bidi_Control}/gu, "\ufffd")
    .replace(/[&<>"'`]/g, (character) => escapes[character] ?? "");
}

function toMarkup(value: HtmlValue): string {
  if (value === undefined) return "";
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  if (isList(value)) return value.map(toMarkup).join("");
  // An object of this shape out of someone's JSON is not ours: only what `html` made passes as it is.
  return made.has(value) ? value.markup : escapeHtml(value.markup);
}

function isList(value: Html | readonly HtmlValue[]): value is readonly HtmlValue[] {
  return Array.isArray(value);
}

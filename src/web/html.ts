// HTML templates that escape by default.

/** Markup that is safe to send; only {@linkcode html} creates it. */
export interface Html {
  readonly markup: string;
}

/** What a template may interpolate: text is escaped, lists are joined, `undefined` is nothing. */
export type HtmlValue = Html | string | number | undefined | readonly HtmlValue[];

/**
 * What {@linkcode html} creates, recognized by a private symbol: a WeakSet of all pieces would cost more than the page.
 */
class Piece implements Html {
  readonly markup: string;
  readonly #isOurs = true;

  constructor(markup: string) {
    this.markup = markup;
  }

  static isOurs(value: object): boolean {
    return #isOurs in value;
  }
}

/**
 * A piece of a page: ``html`<td>${jobName}</td>` ``. Every value is escaped unless it is {@linkcode Html}. Indentation
 * in the source and surrounding whitespace are dropped.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const texts = squeezed(parts);
  let markup = texts[0] ?? "";
  for (let index = 1; index < texts.length; index++) markup += toMarkup(values[index - 1]) + texts[index];
  return new Piece(markup);
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

/** Nothing to escape: printable ASCII without the keys of `escapes`. Nearly all text is like this. */
const harmless = /^[\t\n\r !#$%(-;=?-_a-~]*$/;

/**
 * Text for an element or a quoted attribute; control and bidirectional characters (a name must not look like another)
 * become the replacement character.
 */
export function escapeHtml(text: string): string {
  if (harmless.test(text)) return text;
  return text.toWellFormed()
    .replace(/[^\P{Cc}\t\n\r]|\p{Bidi_Control}/gu, "\ufffd")
    .replace(/[&<>"'`]/g, (character) => escapes[character] ?? "");
}

function toMarkup(value: HtmlValue): string {
  if (value === undefined) return "";
  if (typeof value === "string") return escapeHtml(value);
  if (typeof value === "number") return String(value);
  if (isList(value)) {
    let markup = "";
    for (const item of value) markup += toMarkup(item);
    return markup;
  }
  // An object of this form from external JSON is not trusted: only what `html` created passes unescaped.
  return Piece.isOurs(value) ? value.markup : escapeHtml(value.markup);
}

function isList(value: Html | readonly HtmlValue[]): value is readonly HtmlValue[] {
  return Array.isArray(value);
}

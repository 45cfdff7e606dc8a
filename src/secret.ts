// A secret that cannot be printed by accident, and redaction of secrets in external texts.

/** A password, token or key. Printing it in any way gives `***`; only {@linkcode Secret.reveal} gives the value. */
export class Secret {
  readonly #read: () => string;
  /** Where the value comes from, for messages: a configuration key such as `go-server.password`. */
  readonly source: string;

  /** `read` is called at each use, so that a secret in a file may change while the program runs; it may throw. */
  constructor(source: string, read: () => string) {
    this.source = source;
    this.#read = read;
  }

  /** The value itself. Throws what the reader throws, e.g. if a secret file has vanished. */
  reveal(): string {
    return this.#read();
  }

  /** Always `***`. */
  toString(): string {
    return "***";
  }

  /** Always `***`. */
  toJSON(): string {
    return "***";
  }

  /** Always `***` in `console.log` and `Deno.inspect`. */
  [Symbol.for("Deno.customInspect")](): string {
    return "***";
  }
}

/** Shorter secrets are not redacted: they would match by chance. */
const redactedLengthMin = 4;
/** From this length on, a secret is also found across line breaks. */
const wrappedLengthMin = 8;
/** Longer secrets are only searched line by line. */
const wrappedLengthMax = 4_096;

/**
 * Returns a function that replaces secrets with `***`, in case a server or a proxy sends them back: as they are, in
 * base64, as part of a URL, of JSON, of HTML, and wrapped over lines. Call it before a text is cut.
 */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const forms = [...new Set(secrets.flatMap(formsOf))].filter((form) => form.length >= redactedLengthMin)
    .sort((a, b) => b.length - a.length);
  if (forms.length === 0) return (text) => text;
  const pattern = new RegExp(forms.map(patternOf).join("|"), "g");
  return (text) => text.replace(pattern, "***");
}

function formsOf(secret: string): readonly string[] {
  const whole = secret.trim();
  const lines = whole.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line.length >= wrappedLengthMin);
  return [...new Set([secret, whole, ...lines])].flatMap(encodingsOf);
}

function encodingsOf(text: string): readonly string[] {
  const base64 = btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
  const url = encodeURIComponent(text.toWellFormed());
  const json = JSON.stringify(text).slice(1, -1);
  const html = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const attribute = html.replaceAll('"', "&quot;");
  return [
    text,
    base64.replace(/=+$/, ""),
    base64.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_"),
    url,
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    url.replaceAll("%20", "+"),
    encodeURI(text.toWellFormed()),
    json,
    json.replaceAll("/", "\\/"),
    html,
    attribute,
    attribute.replaceAll("'", "&#39;"),
    attribute.replaceAll("'", "&#x27;"),
    attribute.replaceAll("'", "&apos;"),
  ];
}

// Between words any amount of white space; also within a long word, because lines are wrapped. The two are never
// adjacent in the pattern, so that matching stays linear in a run of blanks.
function patternOf(form: string): string {
  const isWrapped = form.length >= wrappedLengthMin && form.length <= wrappedLengthMax;
  const words = form.split(/\s+/).map((word) =>
    [...word].map((character) => character.replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&")).join(isWrapped ? "\\s*" : "")
  );
  return words.join("\\s+");
}

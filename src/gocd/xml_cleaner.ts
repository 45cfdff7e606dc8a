// Removes from XML text what XML 1.0 forbids but dom4j's XMLWriter emits: references such as `&#27;` and raw control
// characters in values of variables.

/** Removes forbidden characters from chunks of text. */
export interface XmlCleaner {
  /** The clean text so far; the start of a reference is held back until its end arrives. */
  push(text: string): string;
  /** What was held back. */
  end(): string;
}

/** The longest partial reference that is held back: `&#x10FFFF;` with many leading zeros. */
const heldLengthMax = 32;
const reference = /&#(?:x([0-9a-fA-F]+)|([0-9]+));/g;
// deno-lint-ignore no-control-regex
const forbidden = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

/** A cleaner for one document. */
export function createXmlCleaner(): XmlCleaner {
  let held = "";
  return {
    push(text: string): string {
      const whole = held + text;
      const begin = whole.lastIndexOf("&");
      const isOpen = begin >= 0 && whole.length - begin <= heldLengthMax && !whole.includes(";", begin);
      held = isOpen ? whole.slice(begin) : "";
      return clean(isOpen ? whole.slice(0, begin) : whole);
    },
    end(): string {
      const rest = held;
      held = "";
      return clean(rest);
    },
  };
}

function clean(text: string): string {
  const referenced = text.includes("&#")
    ? text.replace(
      reference,
      (whole, hex: string | undefined, decimal: string | undefined) =>
        isAllowed(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)) ? whole : "",
    )
    : text;
  return referenced.replace(forbidden, "");
}

/** Char of XML 1.0, section 2.2. */
function isAllowed(code: number): boolean {
  return code === 0x9 || code === 0xa || code === 0xd || (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

// What is wrong with the name of an image, by Docker's grammar (distribution/reference, regexp.go and normalize.go).
// Not here: whether a registry has it.

import { shortened } from "../core/text.ts";
import { quote } from "../quote.ts";

/** What is wrong, as the end of a sentence about the name, and what to do. */
export interface ImageFlaw {
  readonly message: string;
  readonly hint: string;
}

const nameCharsMax = 255;
/** Characters of a name in a hint. */
const shownMax = 100;
const upperCase = "its name has upper case letters";
const componentPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const hostPattern =
  /^(?:\[[a-fA-F0-9:]+\]|[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(?::[0-9]+)?$/;
const tagPattern = /^\w[\w.-]{0,127}$/;
/** Number of hexadecimal digits of the digests that Docker supports. */
const digestDigits: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** Why no container can be started from this image; nothing if its name is well formed. */
export function imageFlaw(image: string): ImageFlaw | undefined {
  if (/\s/.test(image)) return { message: "it contains white space", hint: "write name:version without spaces" };
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.exec(image)?.[0];
  if (scheme !== undefined) {
    const rest = image.slice(scheme.length);
    return { message: "it is a URL", hint: urlHint(rest) };
  }
  const [named = "", digest, ...more] = image.split("@");
  if (more.length > 0) return { message: "it has two digests", hint: "write name@sha256:…" };
  const { name, tag } = splitTag(named);
  return nameFlaw(name, image.slice(name.length)) ?? (tag === undefined ? undefined : tagFlaw(tag)) ??
    (digest === undefined ? undefined : digestFlaw(digest));
}

/** Without its scheme, and in lower case if nothing else is wrong; a possible password is not repeated. */
function urlHint(rest: string): string {
  const flaw = rest.includes("@") ? undefined : imageFlaw(rest);
  if (rest.includes("@") || flaw !== undefined && flaw.message !== upperCase) return "write registry/name:version";
  return flaw?.hint ?? `write ${shortened(rest, shownMax)}`;
}

/** The tag follows the last colon; a colon before a slash belongs to a port. */
function splitTag(named: string): { readonly name: string; readonly tag?: string } {
  const colon = named.lastIndexOf(":");
  if (colon <= named.lastIndexOf("/")) return { name: named };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1) };
}

/** `rest`: tag and digest after the name, for the hint. */
function nameFlaw(name: string, rest: string): ImageFlaw | undefined {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  // A first part like this is a registry, any other is the first part of the path.
  const isClearHost = /[.:[\]]/.test(first) || first === "localhost";
  const isHost = isClearHost || first !== first.toLowerCase();
  if (isHost && !hostPattern.test(first)) {
    return { message: "the registry before the first slash is not a host or host:port", hint: "write host:5000/name" };
  }
  const path = isHost ? name.slice(slash + 1) : name;
  const components = path.split("/");
  if (path.includes(":")) return { message: "it has two tags", hint: "write name:version with one colon" };
  if (components.includes("")) {
    return { message: "a part of its name is empty", hint: "write registry/name:version with single slashes" };
  }
  if (path !== path.toLowerCase()) {
    const lower = isClearHost ? `${first}/${path.toLowerCase()}` : name.toLowerCase();
    return { message: upperCase, hint: `write ${shortened(`${lower}${rest}`, shownMax)}` };
  }
  const wrong = components.find((component) => !componentPattern.test(component));
  if (wrong !== undefined) {
    return {
      message: `${quote(wrong)} cannot be a part of its name`,
      hint: "use lower case letters and digits, with single . or _, __ or - between them",
    };
  }
  if (/^[a-f0-9]{64}$/.test(name)) return { message: "it is a bare id", hint: "write name@sha256:…" };
  // Docker writes a name without any slash as library/name.
  const length = path.length + (slash < 0 ? "library/".length : 0);
  if (length <= nameCharsMax) return undefined;
  return { message: `its name has more than ${nameCharsMax} characters`, hint: "give the image a shorter name" };
}

function tagFlaw(tag: string): ImageFlaw | undefined {
  if (tagPattern.test(tag)) return undefined;
  if (tag === "") return { message: "nothing follows its colon", hint: "write name:version" };
  const hint = "use up to 128 letters, digits, _ . and -, without . or - at the start";
  return { message: `${quote(tag)} cannot be a tag`, hint };
}

function digestFlaw(digest: string): ImageFlaw | undefined {
  const hint = "write the whole digest, sha256: and 64 hexadecimal digits in lower case";
  const [algorithm = "", digits = "", ...more] = digest.split(":");
  const wanted = Object.hasOwn(digestDigits, algorithm) ? digestDigits[algorithm] : undefined;
  if (wanted === undefined || more.length > 0) {
    return { message: `${quote(digest)} is not a digest that Docker supports`, hint };
  }
  if (digits.length !== wanted) {
    return { message: `its ${algorithm} digest has ${digits.length} digits, not ${wanted}`, hint };
  }
  return /^[a-f0-9]*$/.test(digits) ? undefined : { message: "its digest has other characters than 0-9 and a-f", hint };
}

// Errors for bodies with a good status that are still useless: not XML, truncated JSON, too large, unexpected shape.

import { GocdError } from "./api.ts";

/**
 * Maximum number of bytes read of one body: several times the size of 2,000 agents and 5,000 waiting jobs (about 10
 * MB).
 */
export const bodyBytesMax = 64 * 1024 * 1024;

/** What is wrong with a body. */
export type ContentFault =
  | { readonly kind: "empty" }
  | { readonly kind: "truncated" }
  | { readonly kind: "not-xml"; readonly line: number; readonly column: number }
  | { readonly kind: "not-json" }
  | { readonly kind: "other-shape"; readonly expected: string }
  | { readonly kind: "too-large"; readonly limit: string };

const hintOther = "check that go-server.url points to GoCD itself; if it does, report this with the server's version";

/** Creates the error; `source` says what was requested: `GET http://host/go/api/agents`. */
export function contentError(source: string, fault: ContentFault): GocdError {
  const [code, what, hint] = describe(fault);
  return new GocdError({ code, kind: "unreadable", message: `${source} returned ${what}`, hint });
}

function describe(fault: ContentFault): readonly [code: string, what: string, hint: string] {
  switch (fault.kind) {
    case "empty":
      return ["gocd-truncated", "an empty body", "look for a proxy that truncates responses"];
    case "truncated":
      return ["gocd-truncated", "a truncated body", "look for a proxy that truncates responses"];
    case "not-xml":
      return ["gocd-not-xml", `invalid XML, from line ${fault.line}, column ${fault.column} on`, hintOther];
    case "not-json":
      return ["gocd-not-json", "invalid or truncated JSON", hintOther];
    case "other-shape":
      return ["gocd-unexpected-shape", `something other than ${fault.expected}`, hintOther];
    case "too-large":
      return ["gocd-too-large", `more than ${fault.limit}`, hintOther];
    default:
      return fault satisfies never;
  }
}

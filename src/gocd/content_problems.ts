// Errors for bodies with a good status that are still useless: not XML, truncated JSON, too large, unexpected shape.

import { GocdError } from "./api.ts";

/** Bytes read of one body at most: several times what 2,000 agents and 5,000 waiting jobs take (about 10 MB). */
export const bodyBytesMax = 64 * 1024 * 1024;

/** What a body was that could not be read. */
export type ContentFault =
  | { readonly kind: "empty" }
  | { readonly kind: "truncated" }
  | { readonly kind: "not-xml"; readonly line: number; readonly column: number }
  | { readonly kind: "not-json" }
  | { readonly kind: "other-shape"; readonly expected: string }
  | { readonly kind: "too-large"; readonly limit: string };

const hintOther = "check that go-server.url leads to GoCD itself; if it does, report this with the server's version";

/** Makes the error; `source` says what was asked: `GET http://host/go/api/agents`. */
export function contentError(source: string, fault: ContentFault): GocdError {
  const [code, what, hint] = describe(fault);
  return new GocdError({ code, kind: "unreadable", message: `${source} answered ${what}`, hint });
}

function describe(fault: ContentFault): readonly [code: string, what: string, hint: string] {
  switch (fault.kind) {
    case "empty":
      return ["gocd-truncated", "with an empty body", "look for a proxy between that cuts answers"];
    case "truncated":
      return ["gocd-truncated", "with a body that ends in the middle", "look for a proxy between that cuts answers"];
    case "not-xml":
      return ["gocd-not-xml", `with what is no XML, from line ${fault.line}, column ${fault.column} on`, hintOther];
    case "not-json":
      return ["gocd-not-json", "with what is no JSON, or with JSON that is cut off", hintOther];
    case "other-shape":
      return ["gocd-unexpected-shape", `with something other than ${fault.expected}`, hintOther];
    case "too-large":
      return ["gocd-too-large", `with more than ${fault.limit}`, hintOther];
    default:
      return fault satisfies never;
  }
}

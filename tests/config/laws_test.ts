// Properties of every text of a configuration. Single cases: load_test.ts, hocon_test.ts.

import { assert, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { keys } from "../../src/config/keys.ts";
import { editDistance, nearestKey } from "../../src/config/suggest.ts";
import { durationText, parseDuration, parseMemoryMilli } from "../../src/config/values.ts";
import { load, withKeys } from "./support.ts";

const piece = fc.oneof(
  fc.constantFrom(...'{}[]=:,"#$+?|\n \\.'.split(""), "${?", "${", '"""', "+=", "include ", "null", "__proto__", "//"),
  fc.constantFrom("gocd-mesos", ...keys.map((spec) => spec.path), ...keys.map((spec) => spec.example)),
  fc.string({ maxLength: 5 }),
);

function loadOrProblems(text: string): "loaded" | "problems" {
  try {
    load(text, { env: { HOME: "/home" } });
    return "loaded";
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert(error.problems.length > 0 && error.hint !== "" && error.kind === "usage");
    return "problems";
  }
}

Deno.test("any text is loaded or refused with a ConfigError", () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }).map((parts) => parts.join("")), (text) => {
      loadOrProblems(text);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("any values of any keys are loaded or refused with a ConfigError", () => {
  const field = fc.tuple(fc.constantFrom(...keys.map((spec) => spec.path)), fc.array(piece, { maxLength: 4 }));
  fc.assert(
    fc.property(fc.array(field, { maxLength: 6 }), (fields) => {
      loadOrProblems(withKeys(fields.map(([key, value]) => `${key} = ${value.join("")}`).join("\n")));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("any quoted value of any key is loaded or refused with a ConfigError", () => {
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom("0", "-1", "1e9", "*", "null", "10 minutes", "1 GB", "zk://", "[]"),
  );
  fc.assert(
    fc.property(fc.constantFrom(...keys), value, (spec, text) => {
      loadOrProblems(withKeys(`${spec.path} = ${JSON.stringify(text)}`));
      loadOrProblems(withKeys(`profiles.p.${spec.path.replace(/^go-agent\./, "")} = ${JSON.stringify(text)}`));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a duration that is formatted parses to the same duration", () => {
  fc.assert(fc.property(fc.nat(10_000_000_000), (ms) => {
    assertEquals(parseDuration(durationText(ms)), { ok: true, value: ms });
  }));
});

Deno.test("memory in MB parses exactly to a thousandth, with and without its unit", () => {
  fc.assert(fc.property(fc.nat(10_000_000), (milli) => {
    assertEquals(parseMemoryMilli(`${milli / 1000}`), { ok: true, value: milli });
    assertEquals(parseMemoryMilli(`${milli / 1000} MiB`), { ok: true, value: milli });
  }));
});

Deno.test("edit distance is symmetric, and zero only for equal words", () => {
  const word = fc.stringMatching(/^[a-c]{0,6}$/);
  fc.assert(fc.property(word, word, (a, b) => {
    assertEquals(editDistance(a, b), editDistance(b, a));
    assertEquals(editDistance(a, b) === 0, a === b);
  }));
});

Deno.test("a key with one letter missing is matched to its key or a similar one", () => {
  const known = keys.map((spec) => spec.path);
  for (const path of known) {
    const last = path.lastIndexOf(".") + 1;
    if (path.length - last < 4) continue;
    for (let index = last; index < path.length; index++) {
      const typo = path.slice(0, index) + path.slice(index + 1);
      const meant = nearestKey(typo, known);
      assert(known.includes(typo) || meant === path || editDistance(typo, meant ?? "") <= 1, `${typo} -> ${meant}`);
    }
  }
});

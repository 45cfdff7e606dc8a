// Patterns of names: what they match.

import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import { isPattern, namesOf, patternTest } from "../../../src/core/demand/patterns.ts";

for (
  const [pattern, matching, others] of [
    ["jdk-*", ["jdk-", "jdk-17", "jdk-17-x"], ["jdk", "a-jdk-17", ""]],
    ["*-linux", ["-linux", "arm-linux"], ["linux", "arm-linux-x"]],
    ["a*a", ["aa", "aba", "aaa"], ["a", "ab"]],
    ["a*b*c", ["abc", "a-b-c", "abbc", "acbc"], ["ac", "acb", "abcd"]],
    ["a*bc*c", ["abcc", "a-bc-c"], ["abc"]],
    ["a*b*b", ["abb", "abab"], ["ab", "a-b"]],
    ["**", ["", "x"], []],
    ["a.b*", ["a.b", "a.bc"], ["axb"]],
  ] as const
) {
  Deno.test(`the pattern ${pattern} matches whole names`, () => {
    const test = patternTest(pattern);
    for (const name of matching) assert(test(name), `${pattern} must match ${JSON.stringify(name)}`);
    for (const name of others) assert(!test(name), `${pattern} must not match ${JSON.stringify(name)}`);
  });
}

Deno.test("a pattern matches what a regular expression matches in its place", () => {
  const text = (chars: string): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...chars), maxLength: 8 });
  fc.assert(fc.property(text("ab*"), text("ab"), (pattern, name) => {
    const expression = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
    assertEquals(patternTest(`${pattern}*`)(name), new RegExp(`^${pattern.replaceAll("*", ".*")}.*$`).test(name));
    if (isPattern(pattern)) assertEquals(patternTest(pattern)(name), expression.test(name));
  }));
});

Deno.test("names are distinguished from patterns, and all names are not a name", () => {
  assertEquals(namesOf(["linux", "jdk-*", "*"]), ["linux"]);
  assertEquals(namesOf("*"), []);
});

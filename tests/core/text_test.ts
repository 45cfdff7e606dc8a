// Text from others, fitted into ours.

import { assertEquals } from "@std/assert";
import { errorCharactersMax, oneLine, shortened, unprintable } from "../../src/core/text.ts";

Deno.test("a longer text is shortened to the given number of characters and an ellipsis", () => {
  assertEquals([shortened("abc", 3), shortened("abcd", 3), shortened("", 0)], ["abc", "abc…", ""]);
});

Deno.test("a line has no line breaks, no control characters, and no space before a closing quote", () => {
  assertEquals(
    ["  a\n\tb\u0000c \u007f d ", "\u0085a\u009fb\u00a0c", "a 'b\n'", "a 'b\n'; c", "a 'b' c", "a 'b 'c"].map((text) =>
      oneLine(text)
    ),
    ["a b c d", "a b c", "a 'b'", "a 'b'; c", "a 'b' c", "a 'b 'c"],
  );
});

Deno.test("external text is reported up to three hundred characters, an error up to two thousand", () => {
  const x = (count: number): string => "x".repeat(count);
  assertEquals([oneLine(x(300)), oneLine(x(301))], [x(300), `${x(300)}…`]);
  assertEquals([oneLine(x(2_000), errorCharactersMax), oneLine(x(2_001), errorCharactersMax)], [
    x(2_000),
    `${x(2_000)}…`,
  ]);
});

Deno.test("characters that a terminal interprets or that reverse a line are unprintable; letters of all scripts and emoji are not", () => {
  const bad = [
    "\u001b",
    "\n",
    "\u007f",
    "\u009b",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u200f",
    "\ud800",
    "\ufeff",
  ];
  for (const each of bad) assertEquals(`a${each}${each}b`.replaceAll(unprintable, "?"), "a??b", JSON.stringify(each));
  const good = "aß字א🙂 -'\u00a0";
  assertEquals(good.replaceAll(unprintable, "?"), good);
});

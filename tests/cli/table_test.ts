// External names printed to a terminal. The tables of each command are tested with the commands.

import { assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { printable, printableJson, table } from "../../src/cli/table.ts";

// deno-lint-ignore no-control-regex
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const hostile = "a\u001b[2J\u009b31m\r\u0007b\u202ec\u2028d\u061c";

Deno.test("escape sequences, line breaks and bidirectional characters are printed as question marks", () => {
  assertEquals(printable(hostile), "a?[2J?31m??b?c?d?");
  assertEquals(unsafe.test(table(["NAME", "X"], [[hostile, hostile], ["\ud800", "b"]], 200)), false);
});

Deno.test("JSON is printed without unsafe characters and parses to the same value", () => {
  fc.assert(fc.property(fc.jsonValue({ stringUnit: "binary" }), fc.constantFrom("", hostile), (value, more) => {
    const whole = { value, more };
    const text = printableJson(JSON.stringify(whole, null, 2));
    assertEquals(unsafe.test(text), false);
    assertEquals(JSON.parse(text), JSON.parse(JSON.stringify(whole)));
  }));
});

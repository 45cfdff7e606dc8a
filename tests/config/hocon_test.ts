// The HOCON of framework.conf. Keys: load_test.ts.

import parser from "@pushcorn/hocon-parser";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { type Around, plain, readText } from "./support.ts";

function read(text: string, around: Around = {}): unknown {
  return plain(readText(text, around).root);
}

const goods: readonly (readonly [name: string, text: string, want: unknown])[] = [
  ["braces around the root object are optional", "{ a = 1 }", { a: "1" }],
  ["=, : and { assign values", "a = 1\nb : 2\nc { d = 3 }", { a: "1", b: "2", c: { d: "3" } }],
  [
    "commas and line breaks separate keys and items, and a trailing comma is allowed",
    "a = 1, b = 2,\nc = [1, 2,\n3\n]",
    {
      a: "1",
      b: "2",
      c: ["1", "2", "3"],
    },
  ],
  ["both kinds of comment end a line", "# x\na = 1 // y\nb = 2 # z", { a: "1", b: "2" }],
  ["several words on a line are one text", "a = 2 minutes \nb =  x  y ", { a: "2 minutes", b: "x  y" }],
  ["numbers keep their spelling", "a = 007\nb = 1.50\nc = 12345678901234567890", {
    a: "007",
    b: "1.50",
    c: "12345678901234567890",
  }],
  ["quotes preserve special characters and blanks, and allow escapes", 'a = " $x # {} \\u0041\\n"', {
    a: " $x # {} A\n",
  }],
  ["triple quotes preserve line breaks and backslashes", 'a = """x\\y\n"z" """\nb = 1', { a: 'x\\y\n"z" ', b: "1" }],
  ["dotted keys are nested, quoted ones are not", 'a.b = 1\n"c.d" = 2', { a: { b: "1" }, "c.d": "2" }],
  ["objects are merged, and later values override earlier ones", "a { b = 1, c = 2 }\na { b = 3 }\na.d = 4", {
    a: { b: "3", c: "2", d: "4" },
  }],
  ["a list replaces a list", "a = [1]\na = [2]", { a: ["2"] }],
  ["+= appends to a list or creates one", "a += 1\na += 2\nb = [x]\nb += y", { a: ["1", "2"], b: ["x", "y"] }],
  ["null removes a value", "a = 1\na = null\nb = null", {}],
  ["a reference resolves to the last value", "a = ${b} x\nb = 1\nb = 2", { a: "2 x", b: "2" }],
  ["an optional reference to nothing keeps the earlier value", "a = 1\na = ${?nothing}", { a: "1" }],
  ["a reference to itself is the earlier value", "p = [a]\np = ${p} [b]\np = ${p} [c]", { p: ["a", "b", "c"] }],
  ["a referenced object can be extended", "a { x = 1, y = 2 }\nb = ${a} { y = 3 }", {
    a: { x: "1", y: "2" },
    b: { x: "1", y: "3" },
  }],
  ["adjacent objects are merged", "a = { x = 1 } { y = 2 }", { a: { x: "1", y: "2" } }],
  ["a reference into a referenced object is followed", "a = ${b.c}\nb = ${d}\nd { c = 1 }", {
    a: "1",
    b: { c: "1" },
    d: { c: "1" },
  }],
  ["__proto__ is an ordinary key", "__proto__ { x = 1 }", { ["__proto__"]: { x: "1" } }],
  ["a byte order mark and CRLF line breaks are ignored", "\uFEFFa = 1\r\nb = 2\r\n", { a: "1", b: "2" }],
];

for (const [name, text, want] of goods) Deno.test(`HOCON: ${name}`, () => assertEquals(read(text), want));

Deno.test("HOCON: keys of the file precede the environment, and values of the environment are not parsed", () => {
  const env = { X: '"} evil = 1 {', Y: "from env" };
  assertEquals(read("a = ${X}\nb = ${?Y}\nY = from file\nc = ${?toString}", { env }), {
    a: '"} evil = 1 {',
    b: "from file",
    Y: "from file",
  });
});

Deno.test("HOCON: included files are found relative to the including file, and their references resolve relative to the include first", () => {
  const files = {
    "/conf/sub/a.conf": 'x = ${y}\ny = 1\nz = ${outer}\ninclude "b.conf"',
    "/conf/sub/b.conf": "deep = 2",
  };
  assertEquals(read('outer = o\nin { include "sub/a.conf" }\ninclude file("sub/b.conf")', { files }), {
    outer: "o",
    in: { x: "1", y: "1", z: "o", deep: "2" },
    deep: "2",
  });
});

Deno.test("HOCON: a missing include is a warning, and a missing required include is an error", () => {
  const hocon = readText('a = 1\ninclude "none.conf"');
  assertEquals(hocon.warnings, ["/conf/framework.conf:2: the included file /conf/none.conf does not exist"]);
  const error = syntaxError('a = 1\ninclude required("none.conf")');
  assertEquals([error.problems[0]?.line, error.code], [2, "config-syntax"]);
});

const bads: readonly (readonly [name: string, text: string, line: number, message: string])[] = [
  ["an opening brace without a closing one", "a = 1\nb {\n c = 2\n", 2, "is not closed"],
  ["a closing brace without an opening one", "a { b = 1 }\n}", 2, "} without a {"],
  ["a list that is not closed", "a = [1,\n2", 1, "is not closed"],
  ["a quote that is not closed", 'a = 1\nb = "hunter2', 2, "not closed"],
  ["a triple quote that is not closed", 'a = """hunter2', 1, "is not closed"],
  ["an invalid escape", 'a = "hunter2\\q"', 1, "invalid escape"],
  ["a special character without quotes", "a = 1\nb = hunter2*", 2, "needs double quotes"],
  ["a plus sign", "a = hunter2+x", 1, "needs double quotes"],
  ["a URL without quotes", "a = http://hunter2", 1, "needs double quotes"],
  ["a key without a value", "password hunter2\nb = 1", 1, "no value"],
  ["an empty value", "a = 1\nb =\n}", 3, "value is missing"],
  ["an empty part of a key", "a..b = 1", 1, "key is expected"],
  ["a reference that is not closed", "a = ${b", 1, "not closed"],
  ["a reference to nothing", "a = 1\nb = ${nothing}", 2, "${nothing} is not set"],
  ["a reference to itself", "a = ${a}", 1, "refers to itself"],
  ["a circle of references", "a = ${b}\nb = ${a}", 2, "refers to itself"],
  ["text next to a list", "a = hunter2 [1]", 1, "cannot be combined"],
  ["+= on a text", "a = 1\na += 2", 2, "+="],
  ["an include over the network", 'include url("http://x/y")', 1, "only files"],
  ["an include of itself", 'include "framework.conf"', 1, "include each other"],
  ["too many braces", "a {".repeat(100), 1, "nested deeper"],
  ["a file that is too large", "a".repeat(300_000), 1, "more than"],
  ["a long sequence of plus signs", `a = 1e+${"1+".repeat(1000)}`, 1, "needs double quotes"],
];

for (const [name, text, line, message] of bads) {
  Deno.test(`HOCON: ${name} is an error with its line and without the value`, () => {
    const error = syntaxError(text);
    assertEquals([error.code, error.problems[0]?.line], ["config-syntax", line]);
    assertStringIncludes(error.message, message);
    assertEquals(Deno.inspect(error).includes("hunter2"), false);
  });
}

Deno.test("HOCON: an expression after | is not executed", () => {
  const text = 'a = [1] | map { expr = "Deno.exit(3)" }';
  assertStringIncludes(syntaxError(text).message, "cannot be combined");
  assertEquals(read("a = x|y"), { a: "x|y" });
});

Deno.test("HOCON: configurations that grow exponentially or recurse deeply are refused", () => {
  const doubling = (first: string, next: (name: string) => string): string =>
    [`a0 = ${first}`, ...Array.from({ length: 60 }, (_, i) => `a${i + 1} = ${next(`\${a${i}}`)}`)].join("\n");
  for (
    const text of [
      doubling('"xx"', (name) => `${name}${name}`),
      doubling("[x]", (name) => `${name} ${name}`),
      doubling("{ x = 1 }", (name) => `{ l = ${name}, r = ${name} } { l = ${name}, r = ${name} }`),
      Array.from({ length: 5000 }, (_, i) => `a${i} = \${a${i + 1}}`).join("\n"),
    ]
  ) {
    syntaxError(text);
  }
});

Deno.test("HOCON: common notations give the same values as hocon-parser", async () => {
  const word = fc.stringMatching(/^[a-z]{1,4}$/).filter((text) => !["null", "true", "on"].includes(text));
  const { node } = fc.letrec<{ node: string; object: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.tuple(word, word).map((words) => words.join(" ")),
      word.map((text) => `"${text} #{}"`),
      fc.nat(999).map(String),
      fc.array(tie("node"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
      tie("object"),
    ),
    object: fc.array(fc.tuple(fc.oneof(word, fc.tuple(word, word).map((parts) => parts.join("."))), tie("node")), {
      maxLength: 4,
    }).map((fields) => `{ ${fields.map(([key, value]) => `${key} = ${value}`).join("\n")} }`),
  }));
  const root = fc.array(fc.tuple(word, node), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(root, async (fields) => {
      const text = fields.map(([key, value]) => `${key} = ${value}`).join("\n");
      const theirs = await parser({ text, strict: true, env: false });
      assertEquals(read(text), asTexts(theirs ?? {}));
    }),
    { numRuns: 300 },
  );
});

function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asTexts(inner)]));
  }
  return String(value);
}

function syntaxError(text: string): ConfigError {
  return assertThrows(() => read(text), ConfigError);
}

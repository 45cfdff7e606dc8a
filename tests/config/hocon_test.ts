// The HOCON that framework.conf may be written in. Not here: keys (load_test.ts).

import parser from "@pushcorn/hocon-parser";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { type Around, plain, readText } from "./support.ts";

function read(text: string, around: Around = {}): unknown {
  return plain(readText(text, around).root);
}

const goods: readonly (readonly [name: string, text: string, want: unknown])[] = [
  ["braces around all are optional", "{ a = 1 }", { a: "1" }],
  ["= and : and a brace mean the same", "a = 1\nb : 2\nc { d = 3 }", { a: "1", b: "2", c: { d: "3" } }],
  ["commas and line ends part keys, one too many does no harm", "a = 1, b = 2,\nc = [1, 2,\n3\n]", {
    a: "1",
    b: "2",
    c: ["1", "2", "3"],
  }],
  ["both kinds of comment end a line", "# x\na = 1 // y\nb = 2 # z", { a: "1", b: "2" }],
  ["words on a line are one text", "a = 2 minutes \nb =  x  y ", { a: "2 minutes", b: "x  y" }],
  ["numbers keep their spelling", "a = 007\nb = 1.50\nc = 12345678901234567890", {
    a: "007",
    b: "1.50",
    c: "12345678901234567890",
  }],
  ["quotes keep signs, escapes and blanks", 'a = " $x # {} \\u0041\\n"', { a: " $x # {} A\n" }],
  ["triple quotes keep lines and backslashes", 'a = """x\\y\n"z" """\nb = 1', { a: 'x\\y\n"z" ', b: "1" }],
  ["dotted keys are nested, quoted ones are not", 'a.b = 1\n"c.d" = 2', { a: { b: "1" }, "c.d": "2" }],
  ["objects merge, the later value wins", "a { b = 1, c = 2 }\na { b = 3 }\na.d = 4", {
    a: { b: "3", c: "2", d: "4" },
  }],
  ["a list replaces a list", "a = [1]\na = [2]", { a: ["2"] }],
  ["+= adds to a list, or begins one", "a += 1\na += 2\nb = [x]\nb += y", { a: ["1", "2"], b: ["x", "y"] }],
  ["null takes a value away", "a = 1\na = null\nb = null", {}],
  ["a reference sees the last value", "a = ${b} x\nb = 1\nb = 2", { a: "2 x", b: "2" }],
  ["an optional reference to nothing leaves the earlier value", "a = 1\na = ${?nothing}", { a: "1" }],
  ["a reference to itself means the earlier value", "p = [a]\np = ${p} [b]\np = ${p} [c]", { p: ["a", "b", "c"] }],
  ["an object is taken over and changed", "a { x = 1, y = 2 }\nb = ${a} { y = 3 }", {
    a: { x: "1", y: "2" },
    b: { x: "1", y: "3" },
  }],
  ["objects next to each other merge", "a = { x = 1 } { y = 2 }", { a: { x: "1", y: "2" } }],
  ["a reference into a reference is followed", "a = ${b.c}\nb = ${d}\nd { c = 1 }", {
    a: "1",
    b: { c: "1" },
    d: { c: "1" },
  }],
  ["__proto__ is a key like any other", "a { x = 1 }", { a: { x: "1" } }],
  ["a byte order mark does no harm", "\uFEFFa = 1\r\nb = 2\r\n", { a: "1", b: "2" }],
];

for (const [name, text, want] of goods) Deno.test(`HOCON: ${name}`, () => assertEquals(read(text), want));

Deno.test("HOCON: the environment comes after the file, and its values are never taken apart", () => {
  const env = { X: '"} evil = 1 {', Y: "from env" };
  assertEquals(read("a = ${X}\nb = ${?Y}\nY = from file\nc = ${?toString}", { env }), {
    a: '"} evil = 1 {',
    b: "from file",
    Y: "from file",
  });
});

Deno.test("HOCON: included files are found relative to the including one and resolve references at their own place first", () => {
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

Deno.test("HOCON: an include that is not there is a warning, a required one an error", () => {
  const hocon = readText('a = 1\ninclude "none.conf"');
  assertEquals(hocon.warnings, ["/conf/framework.conf:2: the included file /conf/none.conf does not exist"]);
  const error = syntaxError('a = 1\ninclude required("none.conf")');
  assertEquals([error.problems[0]?.line, error.code], [2, "config-syntax"]);
});

const bads: readonly (readonly [name: string, text: string, line: number, message: string])[] = [
  ["an unbalanced brace names the line that opens it", "a = 1\nb {\n c = 2\n", 2, "is not closed"],
  ["a brace too many", "a { b = 1 }\n}", 2, "} without a {"],
  ["an open list", "a = [1,\n2", 1, "is not closed"],
  ["an open quote", 'a = 1\nb = "hunter2', 2, "not closed"],
  ["an open triple quote", 'a = """hunter2', 1, "is not closed"],
  ["a bad escape", 'a = "hunter2\\q"', 1, "invalid escape"],
  ["a sign that needs quotes", "a = 1\nb = hunter2*", 2, "needs double quotes"],
  ["a plus sign", "a = hunter2+x", 1, "needs double quotes"],
  ["a URL without quotes", "a = http://hunter2", 1, "needs double quotes"],
  ["a key without a value", "password hunter2\nb = 1", 1, "no value"],
  ["an empty value", "a = 1\nb =\n}", 3, "value is missing"],
  ["an empty part of a key", "a..b = 1", 1, "key is expected"],
  ["a reference that is not closed", "a = ${b", 1, "not closed"],
  ["a reference to nothing", "a = 1\nb = ${nothing}", 2, "${nothing} is not set"],
  ["a reference to itself", "a = ${a}", 1, "refers to itself"],
  ["references in a circle", "a = ${b}\nb = ${a}", 2, "refers to itself"],
  ["text beside a list", "a = hunter2 [1]", 1, "cannot be combined"],
  ["+= on a text", "a = 1\na += 2", 2, "+="],
  ["an include over the network", 'include url("http://x/y")', 1, "only files"],
  ["an include of itself", 'include "framework.conf"', 1, "include each other"],
  ["too many braces", "a {".repeat(100), 1, "nested deeper"],
  ["a file that is none", "a".repeat(300_000), 1, "more than"],
  ["an endless run of plus signs", `a = 1e+${"1+".repeat(1000)}`, 1, "needs double quotes"],
];

for (const [name, text, line, message] of bads) {
  Deno.test(`HOCON: ${name} is an error with its line and without the value`, () => {
    const error = syntaxError(text);
    assertEquals([error.code, error.problems[0]?.line], ["config-syntax", line]);
    assertStringIncludes(error.message, message);
    assertEquals(Deno.inspect(error).includes("hunter2"), false);
  });
}

Deno.test("HOCON: text after a | is text: nothing in a configuration is ever executed", () => {
  const text = 'a = [1] | map { expr = "Deno.exit(3)" }';
  assertStringIncludes(syntaxError(text).message, "cannot be combined");
  assertEquals(read("a = x|y"), { a: "x|y" });
});

Deno.test("HOCON: configurations that multiply themselves end with an error, quickly", () => {
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

Deno.test("HOCON: what is written without oddities reads the same as by hocon-parser itself", async () => {
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

// References, `+=` and concatenated values, case by case as in the reference implementation (Typesafe Config); where
// that is wrong, as in the specification.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { type Around, plain, readText } from "./support.ts";

function values(text: string, around: Around = {}): unknown {
  return plain(readText(text, around).root);
}

const profile = "base { cpus = 1, mem = 512 }\n";

const read: readonly (readonly [name: string, text: string, want: unknown])[] = [
  // Looking forward
  ["a reference resolves to the last value of the file", "host = ${name}\nname = a\nname = b", {
    host: "b",
    name: "b",
  }],
  ["chained references are followed", "a = ${b}\nb = ${c.d}\nc.d = 8153", { a: "8153", b: "8153", c: { d: "8153" } }],
  ["a reference into a referenced object is followed", "a = ${b.d}\nb = ${c}\nc.d = 1", {
    a: "1",
    b: { d: "1" },
    c: { d: "1" },
  }],
  ["an object may refer to itself", "go { port = 1, again = ${go.port} }\ngo.port = 2", {
    go: { port: "2", again: "2" },
  }],
  ["an object in place of a text may refer to itself", "go = 1\ngo { port = 2, again = ${go.port} }", {
    go: { port: "2", again: "2" },
  }],
  ["objects may refer to each other", "a { x = ${b.y}, z = 1 }\na.z = 3\nb { w = ${a.z}, y = 2 }\nb.y = 4", {
    a: { x: "4", z: "3" },
    b: { w: "3", y: "4" },
  }],
  ["only values on the path of a reference are resolved", "first = ${a.b}\na { b = 1, again = ${first} }", {
    first: "1",
    a: { b: "1", again: "1" },
  }],
  [
    "only values on the path are resolved through a reference too",
    "first = ${a.b}\na = ${c}\nc { b = 1, again = ${first} }",
    {
      first: "1",
      a: { b: "1", again: "1" },
      c: { b: "1", again: "1" },
    },
  ],
  ["paths may contain quoted keys and blanks", '"a.b" = 1\n"c d".e = 2\nx = ${"a.b"}\ny = ${c d.e}', {
    "a.b": "1",
    "c d": { e: "2" },
    x: "1",
    y: "2",
  }],
  // Objects over references
  ["an object overrides fields of a referenced object", `${profile}linux = \${base}\nlinux.mem = 1024`, {
    base: { cpus: "1", mem: "512" },
    linux: { cpus: "1", mem: "1024" },
  }],
  [
    "a later text overrides a field of a referenced object",
    `${profile}linux = \${base}\nlinux.mem = 3\nx = \${linux.mem}`,
    {
      base: { cpus: "1", mem: "512" },
      linux: { cpus: "1", mem: "3" },
      x: "3",
    },
  ],
  ["a reference over an object merges with it", `${profile}linux { disk = 5, mem = 1 }\nlinux = \${base}`, {
    base: { cpus: "1", mem: "512" },
    linux: { cpus: "1", mem: "512", disk: "5" },
  }],
  ["a reference over a text replaces it", `${profile}linux = x\nlinux = \${base}`, {
    base: { cpus: "1", mem: "512" },
    linux: { cpus: "1", mem: "512" },
  }],
  [
    "two objects that extend the same reference may refer to each other",
    `${profile}a = \${base}\na { x = \${b.y}, z = \${b.w} }\nb = \${base}\nb { y = \${a.cpus}, w = 5 }`,
    {
      base: { cpus: "1", mem: "512" },
      a: { cpus: "1", mem: "512", x: "1", z: "5" },
      b: { cpus: "1", mem: "512", y: "1", w: "5" },
    },
  ],
  [
    "a referenced object resolves against the earlier value of the object",
    "a.b = 7\nbase { x = ${a.b}, b = 2 }\na = ${base}\ny = ${a.b}",
    {
      a: { b: "2", x: "7" },
      base: { b: "2", x: "7" },
      y: "2",
    },
  ],
  // Looking back
  ["a value may add to the earlier one", "path = a\npath = ${path}b\npath = ${path}c", { path: "abc" }],
  ["a list may add to the earlier one", "l = [1]\nl = ${l} [2]\nl = [0] ${l}", { l: ["0", "1", "2"] }],
  ["an object may add to the earlier one", "o { a = 1 }\no = ${o} { b = 2 }", { o: { a: "1", b: "2" } }],
  ["an earlier object may come last", "o { a = 3 }\no = { a = 2 } ${o}", { o: { a: "3" } }],
  ["a part of an earlier object may replace it", "a { b { c = 5 } }\na = ${a.b}\na { b = 2 }", {
    a: { b: "2", c: "5" },
  }],
  ["a reference in a field resolves to the final value", "a { b { c = 5 } }\na { x = ${a.b} }\na { b = 2 }", {
    a: { b: "2", x: "2" },
  }],
  ["a later text hides a reference to itself", "a = ${a}\na = 1", { a: "1" }],
  ["a later text hides a reference to nothing", "a = ${nothing}\na = 1", { a: "1" }],
  ["a later reference to a text hides a reference to nothing", "a = ${nothing}\na = ${b}\nb = 1", { a: "1", b: "1" }],
  ["a circular reference resolves to the earlier value of a key", "a = 1\nb = ${a}\na = ${b}", { a: "1", b: "1" }],
  ["each reference has one value", "a = 1\nb = ${a}x\na = ${b}", { a: "1x", b: "1x" }],
  ["two keys in a circle with earlier values get the same value", "a = 1\nb = 2\na = ${b}\nb = ${a}", {
    a: "1",
    b: "1",
  }],
  ["+= appends to a list of a referenced object", "d { l = [0] }\nc = ${d}\nc { l += 1, l += 2 }", {
    d: { l: ["0"] },
    c: { l: ["0", "1", "2"] },
  }],
  [
    "a list that refers to itself appends to a list of a referenced object",
    "d.l = []\nc = ${d}\nc { l = ${c.l} [1], l = ${c.l} [2] }",
    {
      d: { l: [] },
      c: { l: ["1", "2"] },
    },
  ],
  [
    "a list in a doubly referenced object can be appended to",
    "r.d.l = []\nq = ${r}\nq { d.l = [0], c = ${q.d}, c { l = ${q.c.l} [1], l = ${q.c.l} [2] } }",
    { r: { d: { l: [] } }, q: { d: { l: ["0"] }, c: { l: ["0", "1", "2"] } } },
  ],
  ["+= creates a list, also within a list", "a.b += 1\nc = [ { d += 1, d += 2 } ]", {
    a: { b: ["1"] },
    c: [{ d: ["1", "2"] }],
  }],
  ["+= adds an object as one item", "a += { b = 1 }\na += { b = 2 }", { a: [{ b: "1" }, { b: "2" }] }],
  ["+= appends to a referenced list", "x = [1]\ny = 2\na = ${x}\na += ${y}", { x: ["1"], y: "2", a: ["1", "2"] }],
  // References to nothing
  ["an optional reference to nothing keeps the earlier value", "a = 1\na = ${?nothing}\nb { c = 1 }\nb = ${?nothing}", {
    a: "1",
    b: { c: "1" },
  }],
  ["an optional reference to nothing creates no key and no item", "a = ${?nothing}\nb = ${?a}\nc = [1, ${?nothing}]", {
    c: ["1"],
  }],
  [
    "an optional reference to nothing is an empty text next to text",
    'a = x${?nothing}\nb = ${?nothing}${?nothing}\nc = ""${?nothing}',
    {
      a: "x",
      c: "",
    },
  ],
  [
    "blanks around an optional reference to nothing are kept",
    "a = ${?nothing} x\nb = x ${?nothing}\nc = ${?nothing} ${?nothing}",
    {
      a: " x",
      b: "x ",
      c: " ",
    },
  ],
  [
    "an optional reference to nothing is ignored next to a list or an object",
    "a = [1] ${?nothing} [2]\nb = ${?nothing} { c = 1 }",
    {
      a: ["1", "2"],
      b: { c: "1" },
    },
  ],
  ["a circle of optional references has no value", "a = ${?b}\nb = ${?c}\nc = ${?a}", {}],
  ["a circle of optional references next to text resolves to the text", "a = ${?b}x\nb = ${?a}", { a: "x", b: "x" }],
  ["one optional reference is enough to break a circle", "b.c = ${?a}\na = ${b}", { a: {}, b: {} }],
  ["an optional reference to itself is the earlier value, or nothing", "a = ${?a}x${?a}\nb = 1\nb = ${?b}x${?b}", {
    a: "x",
    b: "1x1",
  }],
  // Null
  ["a reference to null is null", "n = null\na = 1\na = ${n}\nb = ${?n}\nc = ${n}x", { c: "nullx" }],
  ["null next to an optional reference to nothing is null", "a = null${?nothing}", {}],
  ["null between two objects prevents their merge", "a { b = 1 }\na = null\na { c = 2 }", { a: { c: "2" } }],
  // Concatenated values
  ["blanks between words are kept", "a = x \t y\u00A0z\f1\u2003true ", { a: "x \t y\u00A0z\f1\u2003true" }],
  ["numbers keep their notation", "a = 1e+3\nb = 1.50 1E+3 x\nc = [1e+3]\n1e+3 = 1e5x\nd=-0.0", {
    a: "1e+3",
    b: "1.50 1E+3 x",
    c: ["1e+3"],
    "1e+3": "1e5x",
    d: "-0.0",
  }],
  [
    "blanks between lists and objects are ignored",
    "l = [1]\no { a = 1 }\nx = ${l} [2]  ${l}\ny = ${o} ${o} { b = 2 }",
    {
      l: ["1"],
      o: { a: "1" },
      x: ["1", "2", "1"],
      y: { a: "1", b: "2" },
    },
  ],
  [
    "a concatenation may continue after a list or object of several lines",
    "a = [1,\n2\n] [3]\nb = { c = 1\n} { d = 2 }",
    {
      a: ["1", "2", "3"],
      b: { c: "1", d: "2" },
    },
  ],
  [
    "in a list, line breaks separate items and blanks concatenate them",
    "a = [[1] [2]\n[3]]\nb = [{ c = 1 } { d = 2 }\n{}]",
    {
      a: [["1", "2"], ["3"]],
      b: [{ c: "1", d: "2" }, {}],
    },
  ],
  ["an object is appended to a list by its numeric keys in order", 'a = [x] { "10" = z, "2" = y, name = n }', {
    a: ["x", "y", "z"],
  }],
  ["one item of a list can be changed by its index", 'a { "0" = x, "1" = y }\na.1 = z\nb = ${a} []', {
    a: { "0": "x", "1": "z" },
    b: ["x", "z"],
  }],
  ["a list replaces an earlier object", 'a { "0" = x }\na = [y]\na += z', { a: ["y", "z"] }],
  // The environment
  [
    "the environment is used only for keys that the file does not set",
    "HOME = here\na = ${HOME}\nb = ${USER_NAME}\nc = ${?UNSET}",
    {
      HOME: "here",
      a: "here",
      b: "admin",
    },
  ],
  ["a key of the file is never looked up in the environment", "USER_NAME = ${?nothing}\na = ${?USER_NAME}", {}],
];

const env = { HOME: "/root", USER_NAME: "admin" };

for (const [name, text, want] of read) {
  Deno.test(`HOCON values: ${name}`, () => assertEquals(values(text, { env }), want));
}

const refused: readonly (readonly [name: string, text: string, line: number, message: string])[] = [
  ["a reference to itself", "x = 1\na = ${a}", 2, "refers to itself"],
  ["a reference to itself that the environment could resolve", "HOME = ${HOME}", 1, "refers to itself"],
  ["four keys in a circle", "a = ${b}\nb = ${c}\nc = ${d}\nd = ${a}", 4, "${a} refers to itself"],
  ["an optional reference into a circle of others", "a = ${?b}\nb = ${c}\nc = ${b}", 3, "refers to itself"],
  ["a list within itself", "a = 1\na = [${a}, 2]", 2, "refers to itself"],
  ["an object within itself", "a = 1\na { b = ${a} }", 2, "refers to itself"],
  ["an object over a reference to nothing", "a = ${nothing}\na { b = 1 }", 1, "${nothing} is not set"],
  ["a reference to an unset key of the file", "HOME = ${?nothing}\na = ${HOME}", 2, "${HOME} is not set"],
  ["a reference into a text", "a = 1\nb = ${a.c}", 2, "${a.c} is not set"],
  ["a concatenation that continues on the next line", "x = 1\na = ${x}\n[2]", 3, "a key is expected"],
  ["text next to a referenced list", "l = [1]\na = x ${l}", 2, "cannot be combined"],
  ["text next to an object that is replaced later", "a = x { b = 1 }\na = 2", 1, "cannot be combined"],
  ["text after an empty list", "a = [] x", 1, "cannot be combined"],
  ["quoted blanks between lists", 'l = [1]\na = ${l}" "${l}', 2, "cannot be combined"],
  ["null next to a list", "n = null\na = ${n} [1]", 2, "cannot be combined"],
  ["an empty object next to a list", "a = {} [1]", 1, "cannot be combined"],
  ["+= on a text", "a = x\na += 1", 2, "+="],
  ["+= on an object", "a { b = 1 }\na += 1", 2, "+="],
  ["+= on null", "a = null\na += 1", 2, "+="],
];

for (const [name, text, line, message] of refused) {
  Deno.test(`HOCON values: ${name} is an error with its line`, () => {
    const error = assertThrows(() => values(text, { env }), ConfigError);
    assertEquals([error.code, error.problems[0]?.line], ["config-syntax", line]);
    assertStringIncludes(error.message, message);
  });
}

Deno.test("HOCON values: references of an included file resolve relative to the include first, and to overridden values", () => {
  const files = { "/conf/a.conf": "x = 10\ny = ${x}\nz = ${outer}\nl += ${x}\nsub = ${x}${?missing}" };
  assertEquals(values('outer = o\nx = no\nin { include "a", x = 42 }', { files }), {
    outer: "o",
    x: "no",
    in: { x: "42", y: "42", z: "o", l: ["42"], sub: "42" },
  });
  const error = assertThrows(() => values('l = [ { include "a" } ]', { files }), ConfigError);
  assertEquals([error.problems[0]?.file, error.problems[0]?.line], ["/conf/a.conf", 2]);
  assertStringIncludes(error.message, "inside a list");
});

Deno.test("HOCON values: a value replaced within an include is replaced at the place of the include", () => {
  const files = {
    "/conf/a.json": '{ "o": { "x": 1 }, "p": { "x": 1 } }',
    "/conf/a.conf": "o = null\no { y = 2 }\np.z = 3",
  };
  assertEquals(values('include "a"\nq { o.w = 0, include "a" }', { files }), {
    o: { y: "2" },
    p: { x: "1", z: "3" },
    q: { o: { y: "2" }, p: { x: "1", z: "3" } },
  });
});

Deno.test("HOCON values: the contents of an include are merged with what precedes and follows it", () => {
  const files = { "/conf/a.conf": "o { x = a, y = a }\nt = a", "/conf/b.conf": "o.y = b" };
  assertEquals(values('o { x = 1, z = 1 }\nt = 1\ninclude "a"\ninclude "b"\no.z = 2', { files }), {
    o: { x: "a", y: "b", z: "2" },
    t: "a",
  });
});

Deno.test("HOCON values: 200 items can be appended to a list", () => {
  const items = Array.from({ length: 200 }, (_, index) => `${index}`);
  assertEquals(values(items.map((item) => `a += ${item}`).join("\n")), { a: items });
  assertEquals(values(`a = []\n${items.map((item) => `a = \${a} [${item}]`).join("\n")}`), { a: items });
});

Deno.test("HOCON values: null next to text and null in a list are warnings", () => {
  assertEquals(readText("n = null\na = x ${n}\nb = [1, null]").warnings, [
    "/conf/framework.conf:2: null next to other text is treated as a word",
    "/conf/framework.conf:3: a null in a list is left out",
  ]);
});

const example = { o: { a: "1", b: { c: "x y", d: ["1", "2"] } }, p: "x" };

const equals: readonly string[] = [
  '{"o":{"a":1,"b":{"c":"x y","d":[1,2]}},"p":"x"}',
  '{ "o" : { "a" : 1, "b" : { "c" : "x y", "d" : [ 1, 2 ] } }, "p" : "x" }',
  '"o" : { "a" : 1, "b" : { "c" : "x y", "d" : [1, 2] } },\n"p" : "x"\n',
  '{\n"o" = {\n"a" = 1\n"b" = {\n"c" = "x y"\n"d" = [\n1\n2\n]\n}\n}\n"p" = "x"\n}',
  "o { a : 1, b { c : x y, d : [1, 2,], }, }, p : x,",
  "o\n\n{ a = 1, b\n { c = x y\n, d = [1\n,\n2] } }\np\n=\nx",
  "o.a = 1\no.b.c = x y\no.b.d = [1, 2]\np = x",
  'o . "a" = 0\no.b.c = x y\no.b = { d = [1, 2] }\no . a = 1\np = x'.replaceAll(" . ", "."),
  "# all\no { // one\n a = 1 # two\n #b = 3\n b { ## c\n c // key\n = # value\n x y // end\n d = [1, # i\n 2 // j\n] } }\np = x#",
  'o { a = ${o.b.d-first}, b { c = ${p}" y", d = [${o.a}, 2], d-first = 1 } }\no.b.d-first = null\no.a = 1\np = x',
  'o = { a = 1 } { b { c = """x y""" } }\no.b.d += 1\no.b.d += 2\np = x',
  "o = ${q}\no.b.c = x y\nq { a = 1, b.d = [1] [2] }\nq = null\no { a = 1, b.d = [1, 2] }\np = x",
];

for (const text of equals) {
  Deno.test(`HOCON values: ${JSON.stringify(text)} is another notation of the example`, () => {
    assertEquals(values(text), example);
  });
}

Deno.test("HOCON values: a text in triple quotes ends at the last three of several quotes", () => {
  const text =
    'a = """x"""\nb = """x\ny"""\nc = """x\\ny"""\nd = """"x""""\ne = """x""""""\nf = """x""y"""\ng = """"""\nh = """ x """ z';
  assertEquals(values(text), {
    a: "x",
    b: "x\ny",
    c: "x\\ny",
    d: '"x"',
    e: 'x"""',
    f: 'x""y',
    g: "",
    h: " x  z",
  });
});

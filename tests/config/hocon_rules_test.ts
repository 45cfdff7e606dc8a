// Valid and invalid HOCON, in the cases that the reference implementation (Typesafe Config) decides, each also with
// different white space. Values: hocon_test.ts.

import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../src/config/config_error.ts";
import { load, loadKeys, plain, problemsOf, readText, revealed, withKeys } from "./support.ts";

function values(text: string, files: Readonly<Record<string, string>> = {}): unknown {
  return plain(readText(text, { files }).root);
}

const accepted: readonly (readonly [text: string, want: unknown])[] = [
  ["", {}],
  ["\n \n\n", {}],
  ["# only a remark\n// and another", {}],
  ["{}", {}],
  ["{} // the end", {}],
  ['{ "port" : 8153 }', { port: "8153" }],
  ['{ "port"\n : 8153 }', { port: "8153" }],
  ['{ "port" : # remark\n 8153 }', { port: "8153" }],
  ['{ "port" // remark\n : 8153 }', { port: "8153" }],
  ["port = (8153)", { port: "(8153)" }],
  ["{ two words { a : 1 } }", { "two words": { a: "1" } }],
  ["a : null x 42 y true 3.14 z", { a: "null x 42 y true 3.14 z" }],
  ['a."b c".d : 1', { a: { "b c": { d: "1" } } }],
  ["true : 1", { true: "1" }],
  ["/a/b : 1", { "/a/b": "1" }],
  ["a : [1, 2, ]", { a: ["1", "2"] }],
  ["a : [1\n\n , \n]", { a: ["1"] }],
  ["a : [1\n2\n3]", { a: ["1", "2", "3"] }],
  ["a : [1 # remark\n, 2]", { a: ["1", "2"] }],
  ["a : 1, b : 2,", { a: "1", b: "2" }],
  ["a : 1\n, b : 2", { a: "1", b: "2" }],
  ["a : [ / ]", { a: ["/"] }],
  ["a : [ 10x ]", { a: ["10x"] }],
  ["a : [ 1-e3, 1.0.0, 1.0., 10e3e3 ]", { a: ["1-e3", "1.0.0", "1.0.", "10e3e3"] }],
  ["a : [ 10e+3, -2.5E+10 ]", { a: ["10e+3", "-2.5E+10"] }],
  ["a : [ include ]", { a: ["include"] }],
  ["a : include", { a: "include" }],
  ["my include : 42", { "my include": "42" }],
  ["a : 8153//no longer 8154", { a: "8153" }],
  ['a : "x//y" // remark', { a: "x//y" }],
  ["a = []\na += b", { a: ["b"] }],
  ["{ a += 10 }", { a: ["10"] }],
  ['a : ${?no."th ing"}\nd : ${ b.c }\nb.c : 1', { b: { c: "1" }, d: "1" }],
  ["a = [10e+3],b=1E+5 x,c=-1.5e+2y", { a: ["10e+3"], b: "1E+5 x", c: "-1.5e+2y" }],
  ["|a = |b|c", { "|a": "|b|c" }],
  ["%a;b = c;d", { "%a;b": "c;d" }],
  ['a."".b = 1\n"" = 2\nc = ${""}', { a: { "": { b: "1" } }, "": "2", c: "2" }],
  ["includes = include\ninclude.a = 1", { includes: "include", include: { a: "1" } }],
  ['"include" = 1', { include: "1" }],
  ['a : include "x"', { a: "include x" }],
  ["1.2.3 = 4\n10.0foo = 5", { "1": { "2": { "3": "4" } }, "10": { "0foo": "5" } }],
  ["a = true5 nullx -x - 1-", { a: "true5 nullx -x - 1-" }],
  ['a = "\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041"', { a: '"\\/\b\f\n\r\tA' }],
  ["a = 1\r\nb = 2\r\n", { a: "1", b: "2" }],
  ["a = 1\n\uFEFFb = 2", { a: "1", b: "2" }],
];

/** Blanks of these belong to a key or a value. */
const isOneText = /two words|b c|my include|42 y|th ing|x\/\/|5 x|include "|nullx/;

const otherBlanks: readonly (readonly [name: string, change: (text: string) => string])[] = [
  ["blanks around it", (text) => ` ${text} `],
  ["em spaces", (text) => text.replaceAll(" ", "\u2003")],
  ["no-break spaces", (text) => text.replaceAll(" ", "\u00A0")],
  ["form feeds", (text) => text.replaceAll(" ", "\f")],
  ["carriage returns", (text) => text.replaceAll("\n", "\r\n")],
  ["a byte order mark", (text) => `\uFEFF${text}`],
];

for (const [text, want] of accepted) {
  Deno.test(`HOCON: ${JSON.stringify(text)} is accepted with any white space`, () => {
    assertEquals(values(text), want);
    for (const [name, change] of isOneText.test(text) ? [] : otherBlanks) {
      assertEquals(values(change(text)), want, name);
    }
  });
}

const refused: readonly string[] = [
  ...["{", "}", "a : [", "a : ]", ",", '"', "10", '"text"', "{}x", "{}{}", "{}true", "a : [] x : 1"],
  ...[
    "a : [,]",
    "a : [,,]",
    "a : [1,,2]",
    "a : [1,2,,]",
    "a : [,1]",
    "{ , }",
    "{ , a : 1 }",
    "{ a : 1 ,, }",
    "a : 1 ,, b : 2",
  ],
  ...[
    "{ 1,2 }",
    "{ a : }",
    "{ : 1 }",
    "a :",
    " : 1",
    "a : 1 }",
    "a : 1 [",
    "{ a }",
    "{ a , b }",
    "a=",
    "a = ",
    "a.b=",
    "{ a= }",
  ],
  ...["{ a : 1, b }", "{ a : [ }", "a : [ }]", "a : [ {]", "{ a : 1 b : 2 }", "{ one\n two : 1 }"],
  ...[
    "a : [:x]",
    "a : [x : y]",
    "a : [ = ]",
    "a : [ + ]",
    "a : [ ` ]",
    "a : [ ^ ]",
    "a : [ ? ]",
    "a : [ ! ]",
    "a : [ @ ]",
    "a : [ * ]",
  ],
  ...[
    "a : [ & ]",
    "a : [ \\ ]",
    "+=",
    "a : [ += ]",
    "+= 1",
    "1 +=",
    "a : 1e+3e",
    "a : x+1",
    'a : "one\ntwo"',
    'a : [ "open ]',
  ],
  ...[
    "a : ${",
    "a : $",
    "a : $ {b}",
    "a : ${}",
    "a : ${?}",
    "a : ${ ?b}",
    "a : ${${b}}",
    "a : ${a}",
    "a : ${b # }",
    "a : ${b // }",
  ],
  ...[
    "a : x + y",
    "a : 10+",
    "a : 1e+5.3",
    "a : -e+1",
    "a.b. : 1",
    ".a : 1",
    "a..b : 1",
    'a."". : 1',
    "{ { a : 1 } : b }",
  ],
  ...[
    "{ [ a ] : b }",
    'a : "x\\\'y"',
    'a : "\\u12"',
    'a : "\\q"',
    'a : "tab\tin it"',
    "a = 1\rb = 2",
    "a{}b=1",
    "a=[1]b=2",
  ],
  ...["a : [1]\nb : y${a}z", "a { c : 1 }\nb : y${a}z", "a : [ # remark ]", "a : [ // remark ]"],
  ...['include "b" : 1', "include b", "include : { a : 1 }", "include { a : 1 }", 'include "b" "c"'],
];

const refusedIncludes: readonly string[] = [
  ...[
    'include file ("b")',
    'include required ("b")',
    'include required(file("b")',
    'include file("b"',
    'include file("b"))',
  ],
  ...[
    'include "b")',
    'include("b")',
    "include file(b)",
    "include file(:b)",
    'include file("b" c)',
    'include file("b" "c")',
  ],
  ...[
    'include "b" a = 1',
    'include "b" include "c"',
    'include "b" {}',
    'include "http://h/b.conf"',
    'include url("http://h/b")',
  ],
  ...['include classpath("b")', "include ${b}", "include include", "include", "include\n", 'include {"b"}'],
];

for (const text of [...refused, ...refusedIncludes]) {
  Deno.test(`HOCON: ${JSON.stringify(text)} is refused with its line`, () => {
    const error = assertThrows(() => values(text), ConfigError);
    assertEquals([error.code, error.problems[0]?.line === undefined], ["config-syntax", false]);
  });
}

const files = { "/conf/b.conf": "x = conf\nonly.conf = 1", "/conf/b.json": '{ "x": "json", "only": { "json": 2 } }' };

const includes: readonly string[] = [
  ...[
    'include "b"',
    'include\n"b"',
    'include"b"',
    'include """b"""',
    'include # remark\n "b"',
    'include "b" // remark',
  ],
  ...['include required("b")', 'include required( "b" )', '{ include file("b"), }', 'include file( \n "b" \n )'],
  ...['include required(file("b"))', 'include required( file( "b" ) )', 'include\u00A0"b"\u00A0\n'],
];

for (const text of includes) {
  Deno.test(`HOCON: ${JSON.stringify(text)} includes b.json and b.conf, which overrides it`, () => {
    assertEquals(values(text, files), { x: "conf", only: { conf: "1", json: "2" } });
  });
}

Deno.test("HOCON: an include with an extension includes only that file, and one without also a file of exactly that name", () => {
  assertEquals(values('include "b.json"', files), { x: "json", only: { json: "2" } });
  assertEquals(values('include "b"', { "/conf/b": "x = bare" }), { x: "bare" });
  assertEquals(readText('include "c"', { files }).warnings, [
    "/conf/framework.conf:1: the included file /conf/c does not exist",
  ]);
});

Deno.test("a list may be written as an object with indexes as keys", () => {
  const { settings } = loadKeys(`
    go-agent.resources.1 = java
    go-agent.resources.0 = linux
    go-agent.volumes { "0" = "/cache:/cache", "10" = "/b:/b", "2" = "/a:/a" }
    poller.ignore { "0" = "nightly-*" }`);
  assertEquals(settings.poller.ignore, ["nightly-*"]);
  assertEquals(settings.profiles[0]?.gocdResources, ["linux", "java"]);
  assertEquals(settings.profiles[0]?.container.volumes.map((each) => each.containerPath), ["/cache", "/a", "/b"]);
  assertEquals(problemsOf(withKeys("go-agent.resources { x = 1 }")).code, "config-wrong-type");
});

Deno.test("numbers may have an exponent of either sign", () => {
  const [profile] = loadKeys("go-agent { cpus = 5e-1, mem = 1e+3 }").settings.profiles;
  assertEquals([profile?.mesosResources.cpusMilli, profile?.mesosResources.memMbMilli], [500, 1_000_000]);
});

Deno.test("unusual whitespace and invisible characters are reported with their line", () => {
  const { warnings } = readText("a = 1\nb =\u00A02\nc\u00A0= 3\nd = x\u200B");
  assertEquals(warnings, [
    "/conf/framework.conf:2: the character U+00A0 counts as white space",
    "/conf/framework.conf:4: there is an invisible character (U+200B); it is taken as part of the text",
  ]);
});

Deno.test("probable mistakes are warnings with their line", () => {
  const files = { "/conf/s.properties": "a=1", "/conf/t.properties": "a = 1", "/conf/t.conf": "b = 1" };
  const cases: readonly (readonly [text: string, warning: string])[] = [
    [
      "a = 1\npath = /srv//cache",
      "a comment starts in the middle of a word; put the value in double quotes if // belongs to it",
    ],
    [
      "a = 1\npassword = hunter#2",
      "a comment starts in the middle of a word; put the value in double quotes if # belongs to it",
    ],
    ['a = 1\ninclude "s.properties"', "/conf/s.properties is read as HOCON, not as a properties file"],
    ['a = 1\ninclude "t"', "/conf/t.properties is not read because it is not HOCON: write it as /conf/t.conf"],
    ['a = 1\nb = "x\u200By"', "there is an invisible character (U+200B); it is taken as part of the text"],
  ];
  for (const [text, warning] of cases) {
    assertEquals(readText(text, { files }).warnings, [`/conf/framework.conf:2: ${warning}`], text);
  }
  assertEquals(readText('a = "x"#y\nb = "//x" //y\nc = 1 # z').warnings, []);
});

Deno.test("keys that are not numbers are warnings in a list written by index", () => {
  const { settings, warnings } = loadKeys("go-agent.resources { 0 = linux, x = java }");
  assertEquals(settings.profiles[0]?.gocdResources, ["linux"]);
  assertEquals(warnings, [
    "/conf/framework.conf:5: go-agent.resources is a list: keys that are no numbers are left out",
  ]);
});

Deno.test("all candidate files of an include are listed, including missing ones", () => {
  assertEquals(readText('include "c"').files, [
    "/conf/framework.conf",
    "/conf/c.json",
    "/conf/c.conf",
    "/conf/c",
  ]);
});

Deno.test("a syntax error carries the warnings that precede it", () => {
  const error = problemsOf('include "secrets"\ngocd-mesos.go-server.password = ${password}');
  assertEquals([error.code, error.warnings.length], ["config-syntax", 1]);
});

Deno.test("a configuration problem carries the warnings of the file", () => {
  const error = problemsOf(withKeys('go-server.user-name = u\ninclude "secrets"'));
  assertEquals([error.problems[0]?.key, error.warnings.length], ["go-server.password", 1]);
});

Deno.test("a no-break space after a quoted password is not part of it", () => {
  const config = load(withKeys('go-server { user-name = u, password = "hunter2"\u00A0\n }'));
  assertEquals(revealed(config.gocd.credentials)["password"], "hunter2");
});

// The format of one log line, for any content.

import { assertEquals } from "@std/assert";
import fc, { anyCharacter } from "../support/properties.ts";
import { jsonLine, type LogEntry, printable, textCharactersMax, textLine } from "../../src/log/format.ts";
import { Secret } from "../../src/secret.ts";

const atMs = Date.UTC(2026, 10, 23, 0, 45, 5, 678);
const launched: LogEntry = {
  atMs,
  level: "info",
  code: "agent-launched",
  text: "launching 2 linux agents: 3 jobs waited in 6 polls",
  fields: { profile: "linux", count: 2 },
};

const lines: readonly (readonly [string, LogEntry, string])[] = [
  [
    "a note",
    launched,
    "2026-11-23T00:45:05Z INFO  agent-launched: launching 2 linux agents: 3 jobs waited in 6 polls",
  ],
  [
    "a note with a hint",
    { ...launched, level: "warning", code: "limit", text: "no more agents", hint: "raise scaling.max-agents" },
    "2026-11-23T00:45:05Z WARN  limit: no more agents (fix: raise scaling.max-agents)",
  ],
  [
    "a free message with fields",
    { atMs, level: "error", text: "stopped", fields: { why: "two words", code: 3, empty: "" } },
    '2026-11-23T00:45:05Z ERROR stopped why="two words" code=3 empty=""',
  ],
  [
    "a secret in the fields",
    {
      atMs,
      level: "debug",
      text: "logging in",
      fields: { password: new Secret("go-server.password", () => "s3cr3t") },
    },
    "2026-11-23T00:45:05Z DEBUG logging in password=***",
  ],
  [
    "a hostile job name",
    { ...launched, text: "job up/1/a\n2026-11-23T00:45:06Z ERROR forged\x1b[2J\x07\u202e\u009b31m" },
    "2026-11-23T00:45:05Z INFO  agent-launched: " +
    "job up/1/a\\n2026-11-23T00:45:06Z ERROR forged\\x1b[2J\\x07\\u202e\\x9b31m",
  ],
  [
    "an invalid time",
    { ...launched, atMs: NaN, text: "x" },
    "1970-01-01T00:00:00Z INFO  agent-launched: x",
  ],
];
for (const [what, entry, line] of lines) {
  Deno.test(`the text format writes ${what} in one line`, () => assertEquals(textLine(entry), line));
}

Deno.test("a JSON line contains time, level, code, message, hint and fields in this order", () => {
  assertEquals(
    jsonLine({ ...launched, hint: "nothing" }),
    '{"time":"2026-11-23T00:45:05.678Z","level":"info","code":"agent-launched",' +
      '"message":"launching 2 linux agents: 3 jobs waited in 6 polls","hint":"nothing",' +
      '"fields":{"profile":"linux","count":2}}',
  );
});

Deno.test("a JSON line redacts secrets and parses to the original text", () => {
  const text = "a\nb\x1b[0m\u2028\u202e\u009b";
  const line = jsonLine({ ...launched, text, fields: { key: new Secret("k", () => "s3cr3t") } });
  assertEquals(JSON.parse(line).message, text);
  assertEquals(JSON.parse(line).fields, { key: "***" });
  assertEquals(isClean(line), true);
});

Deno.test("a long text is truncated with the number of omitted characters", () => {
  assertEquals(printable("x".repeat(textCharactersMax + 7)), `${"x".repeat(textCharactersMax)}… (7 more characters)`);
});

Deno.test("for any text, a line contains no control characters, bidirectional controls or lone surrogates", () => {
  const anyText = fc.string({
    unit: fc.oneof(fc.string({ unit: anyCharacter, maxLength: 2 }), anyCodeUnit),
    maxLength: 50,
  });
  fc.assert(fc.property(anyText, anyText, (text, other) => {
    const entry: LogEntry = { ...launched, text, hint: other, fields: { [other]: text } };
    for (
      const line of [
        textLine(entry),
        textLine({ atMs, level: "info", text, fields: { [other]: text } }),
        jsonLine(entry),
      ]
    ) {
      assertEquals(isClean(line), true, JSON.stringify(line));
    }
  }));
});

const anyCodeUnit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));

function isClean(line: string): boolean {
  const forbidden = [[0, 0x1f], [0x7f, 0x9f], [0x2028, 0x2029], [0x202a, 0x202e], [0x2066, 0x2069]] as const;
  const codes = Array.from(line, (character) => character.codePointAt(0) ?? 0);
  return line.isWellFormed() && codes.every((code) => forbidden.every(([from, to]) => code < from || code > to));
}

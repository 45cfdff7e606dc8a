// Which entries the log writes, and how often.

import { assertEquals } from "@std/assert";
import type { NoteLine } from "../../src/core/words/note_line.ts";
import { createFloodGate, repeatAfterMs } from "../../src/log/flood_gate.ts";
import { createLog, type LogOptions } from "../../src/log/log.ts";

const nowMs = Date.UTC(2026, 10, 23, 0, 45, 5);
const lasting: NoteLine = {
  level: "warning",
  code: "gocd-unreachable",
  text: "no answer from the GoCD server",
  fields: {},
  onceKey: "poll",
};

function logInto(lines: string[], options: Partial<LogOptions> = {}): ReturnType<typeof createLog> {
  const write = (line: string): void => void lines.push(line);
  return createLog({ level: "info", format: "text", write, isTerminal: false, nowMs: () => nowMs, ...options });
}

Deno.test("a note is written as one line with its time, code and hint", () => {
  const lines: string[] = [];
  logInto(lines).note({ ...lasting, hint: "look at it" }, nowMs + 1000);
  assertEquals(lines, [
    "2026-11-23T00:45:06Z WARN  gocd-unreachable: no answer from the GoCD server (fix: look at it)",
  ]);
});

Deno.test("lines below the level are not written", () => {
  const lines: string[] = [];
  const log = logInto(lines, { level: "warning" });
  log.debug("one");
  log.info("two");
  log.warning("three");
  log.error("four", { code: 7 }, "try again");
  log.note({ ...lasting, level: "info" }, nowMs);
  assertEquals(lines, ["2026-11-23T00:45:05Z WARN  three", "2026-11-23T00:45:05Z ERROR four code=7 (fix: try again)"]);
});

const formats: readonly (readonly ["auto" | "text" | "json", boolean, boolean])[] = [
  ["auto", true, false],
  ["auto", false, true],
  ["text", false, false],
  ["json", true, true],
];
for (const [format, isTerminal, isJson] of formats) {
  Deno.test(`format ${format} ${isTerminal ? "on" : "off"} a terminal gives ${isJson ? "JSON" : "text"}`, () => {
    const lines: string[] = [];
    logInto(lines, { format, isTerminal }).info("hello");
    assertEquals(lines[0]?.startsWith("{"), isJson);
  });
}

Deno.test("two logs in one process are independent", () => {
  const [first, second]: [string[], string[]] = [[], []];
  const one = logInto(first);
  const other = logInto(second, { level: "debug" });
  one.info("for one");
  other.debug("for other");
  one.debug("for nobody");
  assertEquals([first.length, second.length], [1, 1]);
});

Deno.test("a lasting condition is written once, and every ten minutes with its count, even if its text changes", () => {
  const lines: string[] = [];
  const log = logInto(lines);
  for (let second = 0; second <= repeatAfterMs / 1000; second += 10) log.note(lasting, nowMs + second * 1000);
  log.note({ ...lasting, text: "no answer from the GoCD server for 11 min" }, nowMs + repeatAfterMs + 1);
  assertEquals(lines.map((line) => line.slice(line.indexOf(": ") + 2)), [
    "no answer from the GoCD server",
    "no answer from the GoCD server (still, 60 times)",
  ]);
});

Deno.test("notes without a once key, with another one or with another code are all written", () => {
  const { onceKey: _, ...plain } = lasting;
  const lines: string[] = [];
  const log = logInto(lines);
  for (const note of [plain, plain, lasting, { ...lasting, onceKey: "other" }, { ...lasting, code: "b" }]) {
    log.note(note, nowMs);
  }
  assertEquals(lines.length, 5);
});

Deno.test("a lasting condition is written again after the clock was set back", () => {
  const gate = createFloodGate();
  gate.pass(lasting, nowMs);
  assertEquals(gate.pass(lasting, nowMs - 1), "no answer from the GoCD server (still, 1 time)");
});

Deno.test("the flood gate forgets the oldest of too many conditions", () => {
  const gate = createFloodGate();
  for (let key = 0; key < 10_001; key++) gate.pass({ ...lasting, onceKey: String(key) }, nowMs);
  assertEquals(gate.pass({ ...lasting, onceKey: "0" }, nowMs), lasting.text, "the oldest is forgotten");
  assertEquals(gate.pass({ ...lasting, onceKey: "10000" }, nowMs), undefined, "the newest is not");
});

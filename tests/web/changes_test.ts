// The changes of a page that are sent: sufficient to produce the new page, and small.

import { assert, assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { changed, changesOf, piecesOf } from "../../src/web/changes.ts";

const pieces = fc.array(fc.constantFrom("<tr>", "<td>a", "<td>b", "<td>in 3 s", "<td>in 4 s", "<li>x"), {
  maxLength: 30,
});

Deno.test("the changes between any two pages result in the new page", () => {
  fc.assert(fc.property(pieces, pieces, (before, after) => {
    const changes = changesOf(before, after, "exact");
    assertEquals(changes === undefined ? before : changed(before, changes), after);
  }));
});

Deno.test("changes without time spans result in the new page except for time spans", () => {
  const bare = (all: readonly string[]): string[] => all.map((each) => each.replace(/\d+ s/, ""));
  fc.assert(fc.property(pieces, pieces, (before, after) => {
    const changes = changesOf(before, after, "but-spans");
    assertEquals(bare(changes === undefined ? before : changed(before, changes)), bare(after));
  }));
});

Deno.test("changes for a reader with unknown time spans result in exactly the new page", () => {
  const aged = (all: readonly string[]): string[] => all.map((each) => each.replace(/\d+ s/, "99 s"));
  fc.assert(fc.property(pieces, pieces, (before, after) => {
    const changes = changesOf(before, after, "unknown-spans");
    assertEquals(changes === undefined ? aged(before) : changed(aged(before), changes), after);
  }));
});

Deno.test("an equal page, or one that differs only in time spans, has no changes", () => {
  assertEquals(changesOf(["<td>in 3 s", "<td>b"], ["<td>in 3 s", "<td>b"], "exact"), undefined);
  assertEquals(changesOf(["<td>in 3 s", "<td>b"], ["<td>in 4 s", "<td>b"], "but-spans"), undefined);
  assertEquals(changesOf(["<td>in 3 s", "<td>b"], ["<td>in 4 s", "<td>b"], "exact"), ["<td>in 4 s", [1, 1]]);
  assertEquals(changesOf([], [], "exact"), undefined);
});

Deno.test("a new or moved row never shows the time span of another row", () => {
  const row = (name: string, span: string, word = "runs"): string =>
    `<tr data-key="${name}"><td>${name}</td><td>${word}</td><td>${span}</td></tr>`;
  const after = (first: readonly string[], next: readonly string[]): string => {
    const before = piecesOf(first.join(""));
    const changes = changesOf(before, piecesOf(next.join("")), "but-spans");
    return (changes === undefined ? before : changed(before, changes)).join("");
  };
  const [a, b] = [row("a", "for 40 s"), row("b", "for 3 s")];
  assertEquals(after([a], [b, a]), b + a, "inserted before it");
  assertEquals(after([a, b], [b, a]), b + a, "swapped");
  assertEquals(after([a, b], [row("b", "for 4 s"), row("a", "for 41 s")]), b + a, "swapped, each with its own span");
  assertEquals(
    after([a], [row("a", "for 40 s", "idles"), row("b", "for 5 s")]),
    row("a", "for 40 s", "idles") + row("b", "for 5 s"),
  );
});

Deno.test("agent-hours are not treated as time spans", () => {
  assertEquals(changesOf(["<td>0.05 h"], ["<td>0.16 h"], "but-spans"), ["<td>0.16 h"]);
  assertEquals(changesOf(["<td>all 0.05 h", "<td>0.05 h"], ["<td>0.16 h", "<td>0.05 h"], "but-spans"), ["<td>0.16 h", [
    1,
    1,
  ]]);
});

Deno.test("only the changed cell of a long table is sent, and moved rows are sent as references", () => {
  const row = (name: number, word = "waits"): string => `<tr data-key="${name}"><td>${name}</td><td>${word}</td></tr>`;
  const rows = Array.from({ length: 200 }, (_, index) => row(index));
  const before = piecesOf(rows.join(""));
  const size = (next: readonly string[]): number => {
    const changes = changesOf(before, piecesOf(next.join("")), "exact") ?? [];
    assertEquals(changed(before, changes).join(""), next.join(""));
    return JSON.stringify(changes).length;
  };
  assert(size(rows.with(77, row(77, "builds"))) < 60);
  assert(size(rows.slice(1)) < 40, "the first is gone");
  assert(size([...rows.slice(100), ...rows.slice(0, 100)]) < 60, "they have changed places");
});

Deno.test("markup is split before rows, cells and list items without loss", () => {
  const markup = `<section id="x"><h2>a</h2><ul><li>b</li><li>c</li></ul></section>`;
  assertEquals(piecesOf(markup), [`<section id="x"><h2>a</h2><ul>`, "<li>b</li>", "<li>c</li></ul></section>"]);
  assertEquals(piecesOf(""), []);
});

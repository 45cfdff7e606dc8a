// Bodies are read within limits, completely or in part.

import { assertEquals, assertRejects } from "@std/assert";
import { firstPart, wholeText } from "../../src/net/body.ts";

const bytes = new TextEncoder().encode("größe");

async function* pieces(...lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const length of lengths) {
    yield bytes.slice(from, from + length);
    from += length;
  }
}

async function* broken(before: string): AsyncGenerator<Uint8Array> {
  if (before !== "") yield new TextEncoder().encode(before);
  throw new Error("reset");
}

Deno.test("a character split across two chunks is decoded", async () => {
  assertEquals(await wholeText(pieces(3, 4), 100), "größe");
  assertEquals(await firstPart(pieces(3, 4), 100), "größe");
});

Deno.test("a body is read up to exactly its limit, and not beyond", async () => {
  assertEquals(await wholeText(pieces(7), 7), "größe");
  assertEquals(await wholeText(pieces(6, 1), 6), undefined);
});

Deno.test("a response without a body is an empty text", async () => {
  assertEquals([await wholeText(null, 1), await firstPart(null, 1)], ["", ""]);
});

Deno.test("the first part of a body ends at its limit or where the body breaks off", async () => {
  assertEquals(await firstPart(pieces(7), 2), "gr");
  assertEquals(await firstPart(broken("half"), 100), "half");
});

Deno.test("reading a body that breaks off fails, and reading its first part fails if nothing arrived", async () => {
  await assertRejects(() => wholeText(broken("half"), 100), Error, "reset");
  await assertRejects(() => firstPart(broken(""), 100), Error, "reset");
});

// Bodies are read within limits, and shown in full, in part or not at all.

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

Deno.test("a character that is cut by two chunks is read as one", async () => {
  assertEquals(await wholeText(pieces(3, 4), 100), "größe");
  assertEquals(await firstPart(pieces(3, 4), 100), "größe");
});

Deno.test("a body of more bytes than allowed is not read, one of exactly as many is", async () => {
  assertEquals(await wholeText(pieces(7), 7), "größe");
  assertEquals(await wholeText(pieces(6, 1), 6), undefined);
});

Deno.test("an answer without a body is an empty text", async () => {
  assertEquals([await wholeText(null, 1), await firstPart(null, 1)], ["", ""]);
});

Deno.test("the first part ends at its limit, and is enough where the rest never comes", async () => {
  assertEquals(await firstPart(pieces(7), 2), "gr");
  assertEquals(await firstPart(broken("half"), 100), "half");
});

Deno.test("a body that breaks off is reported, the first part of one where nothing has come", async () => {
  await assertRejects(() => wholeText(broken("half"), 100), Error, "reset");
  await assertRejects(() => firstPart(broken(""), 100), Error, "reset");
});

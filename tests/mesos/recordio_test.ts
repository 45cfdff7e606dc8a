// RecordIO in any chunks, and invalid bytes.

import { assertEquals, assertInstanceOf, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import { encodeRecord, recordBytesMax, RecordDecoder, RecordIoError } from "../../src/mesos/recordio.ts";
import { MesosError } from "../../src/mesos/api.ts";

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function texts(records: readonly Uint8Array[]): string[] {
  return records.map((record) => new TextDecoder().decode(record));
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("the length of a record is in bytes", () => {
  const decoder = new RecordDecoder();
  assertEquals(texts(decoder.push(bytes("6\n任务3\nabc"))), ["任务", "abc"]);
  decoder.finish();
});

Deno.test("several records in one chunk are decoded in order, and an incomplete one with the next chunk", () => {
  const decoder = new RecordDecoder();
  assertEquals(texts(decoder.push(bytes("1\na2\nbc1"))), ["a", "bc"]);
  assertEquals(texts(decoder.push(bytes("0\n01234"))), []);
  assertEquals(texts(decoder.push(bytes("567891\nz"))), ["0123456789", "z"]);
  decoder.finish();
});

Deno.test("empty records are decoded", () => {
  assertEquals(texts(new RecordDecoder().push(bytes("0\n0\n1\na"))), ["", "", "a"]);
});

Deno.test("records are decoded from any chunks", () => {
  fc.assert(fc.property(
    fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 40 }),
    (records, sizes) => {
      const stream = joined(records.map(encodeRecord));
      const decoder = new RecordDecoder();
      const got: Uint8Array[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        got.push(...decoder.push(stream.slice(at, at + size)));
        at += size;
      }
      decoder.finish();
      assertEquals(got.map((record) => [...record]), records.map((record) => [...record]));
    },
  ));
});

Deno.test("any bytes give an error or records with no more bytes than received", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
    const decoder = new RecordDecoder({ recordBytesMax: 1000 });
    try {
      const total = decoder.push(garbage).reduce((sum, record) => sum + record.length, 0);
      assertEquals(total <= garbage.length, true);
      decoder.finish();
    } catch (error) {
      assertInstanceOf(error, RecordIoError);
    }
  }));
});

const garbage: readonly (readonly [string, string])[] = [
  ["<html><body>", "got '<html><body>'"],
  ["HTTP/1.1 200 OK\r\n", "got 'HTTP/1.1 200 OK··'"],
  ["\n{}", "got '·{}'"],
  ["-1\n", "got '-1·'"],
  ["+5\nabcde", "got '+5·abcde'"],
  [" 5\nabcde", "got ' 5·abcde'"],
  ["5 \nabcde", "got ' ·abcde'"],
  ["5\r\nabcde", "got '··abcde'"],
  ["05\nabcde", "got '5·abcde'"],
  ["00\n", "got '0·'"],
  ["0x5\nabcde", "got 'x5·abcde'"],
  ["1.5\n", "got '.5·'"],
  ["٣\nabc", "got '··"],
  ["67108865\n", "the limit is 67108864"],
  ["999999999", "the limit is 67108864"],
  ["99999999999999999999999999", "the limit is 67108864"],
];

for (const [text, message] of garbage) {
  Deno.test(`a stream that starts with ${JSON.stringify(text)} is refused with the received text`, () => {
    const decoder = new RecordDecoder();
    const error = assertThrows(() => decoder.push(bytes(text)), RecordIoError);
    assertStringIncludes(error.message, message);
    assertInstanceOf(error, MesosError);
    assertEquals(error.reason, "stream-unreadable");
    assertEquals(error.code, "mesos-stream-unreadable");
    assertThrows(() => decoder.push(bytes("1\na")), RecordIoError, message);
    assertThrows(() => decoder.finish(), RecordIoError, message);
  });
}

Deno.test("a length above the limit is refused before its line feed", () => {
  const decoder = new RecordDecoder({ recordBytesMax: 100 });
  assertEquals(decoder.push(bytes("10")), []);
  assertThrows(() => decoder.push(bytes("1")), RecordIoError, "a record of 101 bytes or more was announced");
});

Deno.test("a record of exactly the limit is accepted", () => {
  assertEquals(recordBytesMax, 64 * 1024 * 1024);
  const decoder = new RecordDecoder();
  assertEquals(decoder.push(bytes(`${recordBytesMax}\n`)), []);
  const half = new Uint8Array(recordBytesMax / 2);
  assertEquals(decoder.push(half), []);
  assertEquals(decoder.push(half).map((record) => record.length), [recordBytesMax]);
});

const unfinished: readonly (readonly [string, string])[] = [
  ["1", "within the length of a record"],
  ["3\n", "after 0 of the 3 bytes of a record"],
  ["1\na3\nab", "after 2 of the 3 bytes of a record"],
];

for (const [text, message] of unfinished) {
  Deno.test(`a stream that ends after ${JSON.stringify(text)} is reported as truncated`, () => {
    const decoder = new RecordDecoder();
    decoder.push(bytes(text));
    assertThrows(() => decoder.finish(), RecordIoError, message);
  });
}

Deno.test("an empty stream and one that ends after a record are complete", () => {
  new RecordDecoder().finish();
  const decoder = new RecordDecoder();
  decoder.push(bytes("1\na"));
  decoder.push(new Uint8Array());
  decoder.finish();
});

Deno.test("a record of 8 MiB in chunks of 64 bytes is decoded without repeated copies", () => {
  // 8 MiB in chunks of 64 bytes: a reader that joins what it has with each chunk would copy half a terabyte here.
  const size = 8 * 1024 * 1024;
  const decoder = new RecordDecoder();
  decoder.push(bytes(`${size}\n`));
  const chunk = new Uint8Array(64).fill(7);
  let records: Uint8Array[] = [];
  for (let at = 0; at < size; at += chunk.length) records = decoder.push(chunk);
  assertEquals(records.map((record) => [record.length, record[0], record[size - 1]]), [[size, 7, 7]]);
});

// Streamed responses: their events, their number, and how they end, also on sockets.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { NoteView } from "../../src/core/view/view.ts";
import { createHandler, type Handler, type HandlerOptions } from "../../src/web/handler.ts";
import { startWebServer } from "../../src/web/server.ts";
import { assertFits } from "../support/api_schema.ts";
import { createManualTimer, type ManualTimer } from "../support/manual_timer.ts";
import { pictureOf } from "../support/picture.ts";
import { sampleMs, sampleView } from "../support/sample_view.ts";
import { until } from "../support/scaled_clock.ts";
import { sampleOptions } from "../support/web_options.ts";

const lookMs = 1_000;
const streamsMax = 50;

/** A program that decides something when the test says so. */
interface Deciding {
  readonly options: Partial<HandlerOptions>;
  readonly timer: ManualTimer;
  decide(text: string, level?: NoteView["level"]): void;
  /** Lets the followers look again. */
  look(times?: number): Promise<void>;
}

function deciding(): Deciding {
  const timer = createManualTimer();
  const notes: NoteView[] = [];
  let nowMs = sampleMs;
  let looks = 0;
  return {
    timer,
    options: {
      picture: () => pictureOf(sampleView, { notes: [...notes] }),
      nowMs: () => nowMs,
      setTimer: timer.setTimer,
    },
    decide: (text, level = "info") => void notes.push({ atMs: nowMs, level, code: "c", text }),
    look: async (times = 1) => {
      for (let done = 0; done < times; done++) {
        await timer.started(lookMs, ++looks);
        nowMs += lookMs;
        timer.fire(lookMs);
      }
    },
  };
}

async function follow(handler: Handler, query = "follow"): Promise<ReadableStreamDefaultReader<string>> {
  const answer = await handler(new Request(`http://localhost/api/v1/events?${query}`));
  assertEquals([answer.status, answer.headers.get("content-type")], [200, "application/x-ndjson"]);
  assert(answer.body !== null);
  const text = answer.body?.pipeThrough(new TextDecoderStream()) ?? new ReadableStream<string>();
  return text.getReader();
}

Deno.test("a follower gets the existing events and then each new one once", async () => {
  const program = deciding();
  program.decide("first");
  program.decide("second");
  const reader = await follow(createHandler(sampleOptions(program.options)));
  const lines: string[] = [];
  const next = async (): Promise<void> => {
    const { value = "" } = await reader.read();
    lines.push(...value.trimEnd().split("\n"));
  };
  await next();
  const third = next();
  await program.look();
  program.decide("third");
  await program.look();
  await third;
  program.decide("fourth\nof two lines");
  program.decide("fifth");
  const more = next();
  await program.look();
  await more;
  const events = lines.map((line) => JSON.parse(line));
  assertEquals(events.map(({ id }) => id), [1, 2, 3, 4, 5]);
  assertEquals(events.map(({ text }) => text), ["first", "second", "third", "fourth\nof two lines", "fifth"]);
  for (const event of events) assertFits("Event", event);
  await reader.cancel();
  assertEquals(program.timer.running(lookMs), 0, "it looks on after its client has left");
});

Deno.test("filters also apply to new events, and limit=0 omits the existing ones", async () => {
  const program = deciding();
  program.decide("before");
  const reader = await follow(createHandler(sampleOptions(program.options)), "follow=true&level=warning&limit=0");
  const reading = reader.read();
  await program.look();
  program.decide("small");
  await program.look();
  program.decide("large", "error");
  await program.look();
  assertEquals(JSON.parse((await reading).value ?? "").text, "large");
  await reader.cancel();
});

Deno.test("an empty line is sent if there is nothing new for 15 s", async () => {
  const program = deciding();
  const reader = await follow(createHandler(sampleOptions(program.options)));
  const reading = reader.read();
  await program.look(15);
  assertEquals((await reading).value, "\n");
  await reader.cancel();
});

Deno.test("the number of followers is limited, and HEAD and refused requests do not count", async () => {
  const program = deciding();
  program.decide("x");
  const handler = createHandler(sampleOptions(program.options));
  const ask = (method = "GET"): Promise<Response> =>
    handler(new Request("http://localhost/api/v1/events?follow", { method }));
  for (let asked = 0; asked < 2 * streamsMax; asked++) assertEquals((await ask("HEAD")).status, 200);
  const readers = [];
  for (let index = 0; index < streamsMax; index++) {
    const reader = await follow(handler);
    await reader.read();
    readers.push(reader);
  }
  for (let asked = 0; asked < 3; asked++) {
    const refused = await ask();
    assertEquals([refused.status, (await refused.json()).code], [503, "too-many-streams"]);
  }
  await readers.pop()?.cancel();
  readers.push(await follow(handler));
  await readers.at(-1)?.read();
  assertEquals((await ask()).status, 503);
  for (const reader of readers) await reader.cancel();
  assertEquals(program.timer.running(lookMs), 0);
});

Deno.test("an error of the picture ends the stream and frees its place", async () => {
  const program = deciding();
  program.decide("x");
  let fails = false;
  const picture = (): ReturnType<HandlerOptions["picture"]> => {
    if (fails) throw new Error("broken");
    return pictureOf(sampleView);
  };
  const errors: string[] = [];
  const onError = (error: unknown): void => void errors.push(String(error));
  const handler = createHandler(sampleOptions({ ...program.options, picture, onError }));
  for (let index = 0; index < 2 * streamsMax; index++) {
    fails = false;
    const answer = await handler(new Request("http://localhost/api/v1/events?follow"));
    assertEquals(answer.status, 200);
    fails = true;
    assertEquals(await answer.body?.getReader().read().then(() => "goes on", () => "ended"), "ended");
  }
  assertEquals(errors, Array(2 * streamsMax).fill("Error: broken"));
});

/** What a client on a socket has received so far. */
async function readUntil(conn: Deno.TcpConn, text: string): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(16_384);
  let all = "";
  while (!all.includes(text)) {
    const count = await conn.read(buffer);
    if (count === null) throw new Error(`closed after ${JSON.stringify(all)}`);
    all += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return all;
}

async function connect(url: string): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(url).port) });
  await conn.write(new TextEncoder().encode("GET /api/v1/events?follow HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  return conn;
}

Deno.test("a stream on a socket has no length, no time limit while idle, and ends with the client or the server", async () => {
  const program = deciding();
  program.decide("first");
  const limits = { requestMs: 60_000, responseMs: 30_000, connectionsMax: 100 };
  const server = startWebServer(sampleOptions(program.options), limits);
  try {
    const conn = await connect(server.url);
    const head = await readUntil(conn, "first");
    assertMatch(head, /^HTTP\/1\.1 200 OK\r\n/);
    assertStringIncludes(head, "content-type: application/x-ndjson");
    assert(!/content-length|transfer-encoding/i.test(head), head);
    await program.timer.started(lookMs);
    assertEquals(program.timer.running(limits.responseMs), 0, "a limit runs while nothing is written");
    program.decide("second");
    await program.look();
    await readUntil(conn, "second");
    await program.timer.started(lookMs, 2);
    conn.close();
    await until(() => program.timer.running(lookMs) === 0, () => "the stream goes on without its client");
    const other = await connect(server.url);
    await readUntil(other, "second");
    await server.close();
    assertEquals(await other.read(new Uint8Array(1)).catch(() => null), null);
    other.close();
    assertEquals(program.timer.running(lookMs), 0);
  } finally {
    await server.close();
  }
});

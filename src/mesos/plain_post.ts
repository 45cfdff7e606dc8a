// POSTs whose answer is "202 and nothing else", over kept connections of our own: fetch costs three times as much,
// which counts where a rack falls over and thousands of updates are to be acknowledged
// (tests/bench/mesos_rate_bench.ts). Not here: anything that is not exactly that; whoever calls asks again with fetch.

import type { Connect, PlainConnection } from "./tcp_connect.ts";
import type { SetTimer } from "./timer.ts";

/** One POST. */
export interface PlainPost {
  /** By name; what cannot stand in a header as it is makes the request one for fetch. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Ends it, and its connection. */
  readonly signal: AbortSignal;
}

/**
 * How it ended. `accepted`: 202 without a body. `unclear`: anything else, also where no connection could be made; it may
 * have been done or not, so only what may come twice is sent this way.
 */
export type PlainOutcome = "accepted" | "unclear";

/** Sends POSTs to one URL. */
export interface PlainPosts {
  /** Sends one over a connection that is free, or over a new one; never throws. */
  post(request: PlainPost): Promise<PlainOutcome>;
  /** Ends all connections. */
  close(): void;
}

/** An acknowledgement with all headers has about 600 bytes; what is larger gets its room. */
const questionBytes = 1_024;
/** The answer of a Mesos master has about 80 bytes. */
const answerBytesMax = 1_024;
const printable = /^[\x20-\x7e]*$/;

/**
 * A connection is there at once, since fetch has one to the same port. It need not be at the same address: of a name with
 * several only the first is tried here, so what cannot be had within this is left to fetch.
 */
export const connectMs = 1_000;
/** A connection that nobody needs for one to two of these is ended, before a firewall in between forgets it silently. */
export const idleMs = 30_000;

/** How connections are made. */
export interface PlainEdges {
  readonly connect: Connect;
  readonly setTimer: SetTimer;
}

/** Makes a sender for `url`, which is of `http:`; nothing is connected before the first POST. */
export function createPlainPosts(url: URL, edges: PlainEdges): PlainPosts {
  const address = { hostname: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || 80) };
  const firstLines = `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\n`;
  const pool = createPool(edges.setTimer);
  // A server that answers in another way is left to fetch from then on.
  let isPlain = true;
  return {
    async post({ headers, body, signal }): Promise<PlainOutcome> {
      const head = headOf(firstLines, headers, body.length);
      if (!isPlain || pool.isClosed() || signal.aborted || head === undefined) return "unclear";
      const line = pool.take() ?? createLine(address, edges);
      signal.addEventListener("abort", line.close, { once: true });
      const answer = await line.ask(head, body);
      signal.removeEventListener("abort", line.close);
      if (answer === "accepted") pool.giveBack(line);
      else line.close();
      if (answer === "other" && !signal.aborted) isPlain = false;
      return answer === "accepted" || answer === "accepted, the last" ? "accepted" : "unclear";
    },
    close: pool.close,
  };
}

/** Connections that wait to be used again, the one used last first. */
interface Pool {
  take(): Line | undefined;
  giveBack(line: Line): void;
  isClosed(): boolean;
  close(): void;
}

function createPool(setTimer: SetTimer): Pool {
  let free: Line[] = [];
  /** Given back since the last look. */
  const fresh = new Set<Line>();
  let isClosed = false;
  let stopLooking: (() => void) | undefined;
  const look = (): void => {
    for (const line of free) if (!fresh.has(line)) line.close();
    free = free.filter((line) => fresh.has(line));
    fresh.clear();
    stopLooking = free.length === 0 ? undefined : setTimer(look, idleMs);
  };
  return {
    take: () => free.pop(),
    giveBack(line): void {
      if (isClosed) return line.close();
      free.push(line);
      fresh.add(line);
      stopLooking ??= setTimer(look, idleMs);
    },
    isClosed: () => isClosed,
    close(): void {
      isClosed = true;
      stopLooking?.();
      for (const line of free.splice(0)) line.close();
    },
  };
}

function headOf(
  firstLines: string,
  headers: Readonly<Record<string, string>>,
  bodyBytes: number,
): string | undefined {
  let head = firstLines;
  for (const [name, value] of Object.entries(headers)) {
    if (!printable.test(value)) return undefined;
    head += `${name}: ${value}\r\n`;
  }
  return `${head}content-length: ${bodyBytes}\r\n\r\n`;
}

/** What came back: 202 alone; the same with word that the connection ends; nothing; something else, or no connection. */
type Answer = "accepted" | "accepted, the last" | "other" | "none";

interface Line {
  ask(head: string, body: Uint8Array): Promise<Answer>;
  close(): void;
}

function createLine(address: { readonly hostname: string; readonly port: number }, edges: PlainEdges): Line {
  let connection: PlainConnection | undefined;
  // Ends an attempt to connect as well: one that is only left to itself may live longer than the program's session.
  const ending = new AbortController();
  // Both are used again and again: one POST at a time goes over a connection.
  let question = new Uint8Array(questionBytes);
  const answer = new Uint8Array(answerBytesMax);
  const close = (): void => {
    if (!ending.signal.aborted) connection?.close();
    ending.abort();
  };
  const connected = async (): Promise<PlainConnection | undefined> => {
    const late = Promise.withResolvers<undefined>();
    const stop = edges.setTimer(() => {
      close();
      late.resolve(undefined);
    }, connectMs);
    const made = edges.connect({ ...address, signal: ending.signal }).then((made) => {
      if (ending.signal.aborted) {
        made.close();
        return undefined;
      }
      made.setNoDelay(true);
      // At once, so that `close` knows it whenever it comes.
      connection = made;
      return made;
    }).catch(() => undefined);
    const first = await Promise.race([made, late.promise]);
    stop();
    return ending.signal.aborted ? undefined : first;
  };
  return {
    close,
    async ask(head, body): Promise<Answer> {
      try {
        const line = connection ?? await connected();
        if (line === undefined) return "other";
        const length = head.length + body.length;
        if (length > question.length) question = new Uint8Array(length);
        // One byte for each character: headers are ASCII.
        encoder.encodeInto(head, question);
        question.set(body, head.length);
        await writeAll(line, question.subarray(0, length));
        return await readAnswer(line, answer);
      } catch {
        return "none";
      }
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function writeAll(connection: PlainConnection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function readAnswer(connection: PlainConnection, bytes: Uint8Array): Promise<Answer> {
  for (let filled = 0; filled < answerBytesMax;) {
    const count = await connection.read(bytes.subarray(filled));
    if (count === null) return "none";
    filled += count;
    const answer = decoder.decode(bytes.subarray(0, filled));
    if (answer.includes("\r\n\r\n")) return judged(answer);
  }
  return "other";
}

function judged(answer: string): Answer {
  const isAccepted = /^HTTP\/1\.1 202 /.test(answer) && answer.indexOf("\r\n\r\n") === answer.length - 4 &&
    /\r\ncontent-length: *0\r\n/i.test(answer) && !/\r\ntransfer-encoding:/i.test(answer);
  if (!isAccepted) return "other";
  return /\r\nconnection: *close\r\n/i.test(answer) ? "accepted, the last" : "accepted";
}

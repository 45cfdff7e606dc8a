// Decodes RecordIO: the length of each record in bytes as ASCII digits, a line feed, the record.

import { MesosError } from "./api.ts";

/** The largest record accepted: 64 MiB. The offers of a cluster of 10,000 agents take about 10 MiB. */
export const recordBytesMax = 64 * 1024 * 1024;

const lineFeed = 0x0a;
const zero = 0x30;
const nine = 0x39;

/**
 * The stream is not RecordIO, contains a record over the limit, or ended within a record: it cannot be read any
 * further.
 */
export class RecordIoError extends MesosError {
  /** `problem` says what was expected and what was received. */
  constructor(problem: string) {
    super(
      "stream-unreadable",
      `the event stream of the Mesos master is broken: ${problem}`,
      "if this repeats, look for a proxy between gocd-mesos and the master",
    );
    this.name = "RecordIoError";
  }
}

/** The options of a {@linkcode RecordDecoder}. */
interface RecordDecoderOptions {
  /** Longer records are an error; default {@linkcode recordBytesMax}. */
  readonly recordBytesMax?: number;
}

/**
 * Cuts a byte stream into records, wherever its chunks begin and end. Time and memory are linear in the bytes pushed.
 * Records of length zero are returned as they are (as in mesos 3rdparty/stout `recordio.hpp`).
 */
export class RecordDecoder {
  readonly #bytesMax: number;
  readonly #digitsMax: number;
  /** The length as read so far. */
  #length = 0;
  #digits = 0;
  /** The incomplete record, once its length is known. */
  #record: Uint8Array | undefined;
  #filled = 0;
  #failure: RecordIoError | undefined;

  /** Creates a decoder for one stream. */
  constructor(options: RecordDecoderOptions = {}) {
    this.#bytesMax = options.recordBytesMax ?? recordBytesMax;
    this.#digitsMax = String(this.#bytesMax).length;
  }

  /**
   * Takes the next bytes and returns the records that they complete. A record may be a view of `chunk`, so the chunk
   * must not be written to afterwards. Throws {@linkcode RecordIoError} at the first invalid byte, and from then on at
   * each call.
   */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#failure !== undefined) throw this.#failure;
    const records: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#record !== undefined) {
        at += this.#fill(this.#record, chunk, at, records);
        continue;
      }
      const byte = chunk[at] ?? 0;
      at++;
      if (byte !== lineFeed) {
        this.#readDigit(byte, chunk.subarray(at - 1));
        continue;
      }
      at += this.#startRecord(chunk, at, records);
    }
    return records;
  }

  /** The stream has ended: throws {@linkcode RecordIoError} if bytes of an unfinished record remain. */
  finish(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#record !== undefined) {
      this.#fail(`it ended after ${this.#filled} of the ${this.#record.length} bytes of a record`);
    }
    if (this.#digits > 0) this.#fail("it ended within the length of a record");
  }

  #readDigit(byte: number, rest: Uint8Array): void {
    if (byte < zero || byte > nine || (this.#digits === 1 && this.#length === 0)) {
      this.#fail(`expected the length of a record in digits, got ${excerpt(rest)}`);
    }
    this.#length = this.#length * 10 + (byte - zero);
    this.#digits++;
    if (this.#digits > this.#digitsMax || this.#length > this.#bytesMax) {
      this.#fail(`a record of ${this.#length} bytes or more was announced, the limit is ${this.#bytesMax}`);
    }
  }

  // Called after the line feed of a length; returns how many bytes of the record were consumed.
  #startRecord(chunk: Uint8Array, at: number, records: Uint8Array[]): number {
    if (this.#digits === 0) {
      this.#fail(`expected the length of a record in digits, got ${excerpt(chunk.subarray(at - 1))}`);
    }
    const length = this.#length;
    this.#length = 0;
    this.#digits = 0;
    if (at + length <= chunk.length) {
      records.push(chunk.subarray(at, at + length));
      return length;
    }
    this.#record = new Uint8Array(length);
    this.#filled = 0;
    return 0;
  }

  #fill(record: Uint8Array, chunk: Uint8Array, at: number, records: Uint8Array[]): number {
    const taken = chunk.subarray(at, at + record.length - this.#filled);
    record.set(taken, this.#filled);
    this.#filled += taken.length;
    if (this.#filled === record.length) {
      records.push(record);
      this.#record = undefined;
    }
    return taken.length;
  }

  #fail(problem: string): never {
    this.#failure = new RecordIoError(problem);
    this.#record = undefined;
    throw this.#failure;
  }
}

/** One record on the wire. */
export function encodeRecord(payload: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(`${payload.length}\n`);
  const record = new Uint8Array(head.length + payload.length);
  record.set(head);
  record.set(payload, head.length);
  return record;
}

// The first bytes as printable text, for the message.
function excerpt(bytes: Uint8Array): string {
  const text = [...bytes.subarray(0, 24)].map((byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·");
  return `'${text.join("")}'`;
}

// The recordings of a real Mesos master in tests/fixtures/mesos (see the README there).

import type { DecodedEvent } from "../../src/mesos/from_proto.ts";
import { decodeEvent, eventOfShape } from "../../src/mesos/from_proto.ts";
import type { WireRecord } from "../../src/mesos/proto/wire.ts";

const folder = new URL("../fixtures/mesos/", import.meta.url);

/** One HTTP call of a recording. */
export interface RecordedCall {
  readonly call: string;
  readonly request: WireRecord;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The names of the recorded streams, without `.stream`. */
export const streamNames: readonly string[] = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.endsWith(".stream")).map((name) => name.replace(/\.stream$/, "")).sort();

/** The names of the recorded sessions, without `.calls.jsonl`. */
export const callsNames: readonly string[] = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.endsWith(".calls.jsonl")).map((name) => name.replace(/\.calls\.jsonl$/, "")).sort();

/** The bytes of a SUBSCRIBE response, RecordIO. */
export function readStream(name: string): Uint8Array {
  return Deno.readFileSync(new URL(`${name}.stream`, folder));
}

/** The calls of a session, in order. */
export function readCalls(name: string): RecordedCall[] {
  const text = Deno.readTextFileSync(new URL(`${name}.calls.jsonl`, folder));
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** The event in one record of the named stream, JSON or protobuf. */
export function recordedEvent(name: string, record: Uint8Array): DecodedEvent {
  return name.includes("protobuf") ? decodeEvent(record) : eventOfShape(JSON.parse(new TextDecoder().decode(record)));
}

// Converts events and calls between bytes and plain objects in Mesos' JSON shape: enums as words, bytes as base64,
// 64-bit integers as numbers.

import type protobuf from "protobufjs";
import { messageType } from "./schema.ts";

/** A message in the format of Mesos JSON; unset fields are absent. */
export type WireRecord = Readonly<Record<string, unknown>>;

const toRecord: protobuf.IConversionOptions = { enums: String, longs: Number, bytes: String };

/** A `mesos.v1.scheduler.Call` as bytes. Unknown keys are left out; throws an `Error` for a wrong type. */
export function encodeCallRecord(call: WireRecord): Uint8Array {
  return encode("mesos.v1.scheduler.Call", call);
}

/** A `mesos.v1.scheduler.Call` from bytes; throws an `Error` if they are invalid. */
export function decodeCall(payload: Uint8Array): WireRecord {
  return decode("mesos.v1.scheduler.Call", payload);
}

/** A `mesos.v1.scheduler.Event` as bytes. Unknown keys are left out; throws an `Error` for a wrong type. */
export function encodeEvent(event: WireRecord): Uint8Array {
  return encode("mesos.v1.scheduler.Event", event);
}

/** A `mesos.v1.scheduler.Event` from bytes; throws an `Error` if they are invalid. */
export function decodeEventRecord(payload: Uint8Array): WireRecord {
  return decode("mesos.v1.scheduler.Event", payload);
}

function encode(name: string, record: WireRecord): Uint8Array {
  const type = messageType(name);
  return type.encode(type.fromObject(record)).finish();
}

function decode(name: string, payload: Uint8Array): WireRecord {
  const type = messageType(name);
  return type.toObject(type.decode(payload), toRecord);
}

// Events and calls of the simulated master as bytes, in JSON as printed by the real master and in protobuf.

import { decodeCall, encodeEvent } from "../../mesos/proto/wire.ts";
import { encodeRecord } from "../../mesos/recordio.ts";
import type { Plain } from "./json.ts";

const json = "application/json";

/** Fields that are doubles: they print with a fraction, `8.0`. */
const doubleFields: ReadonlySet<string> = new Set([
  "heartbeat_interval_seconds",
  "timestamp",
  "failover_timeout",
  "weight",
]);

function numberText(value: number, isDouble: boolean): string {
  if (!Number.isInteger(value)) return String(value);
  return isDouble ? `${value}.0` : BigInt(value).toString();
}

/** One value in the master's JSON: no spaces, doubles with a fraction, 64-bit integers as bare numbers. */
export function mesosJson(value: unknown, key = "", parent = ""): string {
  if (typeof value === "number") {
    return numberText(value, doubleFields.has(key) || (parent === "scalar" && key === "value"));
  }
  if (Array.isArray(value)) return `[${value.map((item) => mesosJson(item, key, parent)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${mesosJson(field, name, key)}`).join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

/** One event as a RecordIO record in the stream's media type. */
export function eventRecord(event: Plain, mediaType: string): Uint8Array {
  const payload = mediaType === json ? new TextEncoder().encode(mesosJson(event)) : encodeEvent(event);
  return encodeRecord(payload);
}

/** The call in a request body, or the master's error message. */
export function readCall(body: Uint8Array, mediaType: string): Plain | { readonly unreadable: string } {
  if (mediaType !== json) {
    try {
      return decodeCall(body);
    } catch {
      return { unreadable: "Failed to parse body into Call protobuf" };
    }
  }
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Plain;
    return { unreadable: "Failed to convert JSON into Call protobuf: Expecting a JSON object" };
  } catch (error) {
    return {
      unreadable: `Failed to parse body into JSON: syntax error: ${error instanceof Error ? error.message : error}`,
    };
  }
}

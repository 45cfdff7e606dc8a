// The Mesos v1 messages as protobufjs types.

import protobuf from "protobufjs";
import { schemaTexts } from "./schema_text.ts";

let loaded: protobuf.Root | undefined;
const types = new Map<string, protobuf.Type>();
const enums = new Map<string, Readonly<Record<number, string>>>();

/** A message type by its full name, e.g. `mesos.v1.scheduler.Event`; throws an `Error` for an unknown name. */
export function messageType(name: string): protobuf.Type {
  let type = types.get(name);
  if (type === undefined) {
    type = schema().lookupType(name);
    types.set(name, type);
  }
  return type;
}

/** The words of an enum by number, e.g. of `mesos.v1.TaskState`; throws an `Error` for an unknown name. */
export function enumWords(name: string): Readonly<Record<number, string>> {
  let words = enums.get(name);
  if (words === undefined) {
    words = schema().lookupEnum(name).valuesById;
    enums.set(name, words);
  }
  return words;
}

// Parsed at the first use (about 10 ms): commands that never talk to Mesos do not pay for it.
function schema(): protobuf.Root {
  if (loaded === undefined) {
    const root = new protobuf.Root();
    for (const lines of schemaTexts) protobuf.parse(lines.join("\n"), root, { keepCase: true });
    root.resolveAll();
    loaded = root;
  }
  return loaded;
}

// Compresses the picture of a moment, one part at a time: with 10,000 jobs it has megabytes, and nothing must be
// blocked for long.

import type { StatusView } from "../core/view/view.ts";
import { version } from "../version.ts";
import type { PackedSnapshot } from "./history.ts";

/** Number of rows of a list that are serialized at once: about 100 kB. */
const rowsMax = 500;

/** The compressed picture. `pause` yields in between. */
export async function packView(view: StatusView, pause: () => Promise<void>): Promise<PackedSnapshot> {
  const encoder = new TextEncoder();
  const texts = async function* (): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    for (const text of textsOf(view)) {
      yield encoder.encode(text);
      await pause();
    }
  };
  const packed = ReadableStream.from(texts()).pipeThrough(new CompressionStream("gzip"));
  return { atMs: view.atMs, version, gzip: await new Response(packed).bytes() };
}

/** The JSON text of a picture in parts. */
function* textsOf(view: StatusView): Generator<string> {
  let mark = "{";
  for (const [name, value] of Object.entries(view)) {
    if (value === undefined) continue;
    yield `${mark}${JSON.stringify(name)}:`;
    if (Array.isArray(value) && value.length > rowsMax) yield* listTexts(value);
    else yield JSON.stringify(value);
    mark = ",";
  }
  yield "}";
}

function* listTexts(list: readonly unknown[]): Generator<string> {
  for (let at = 0; at < list.length; at += rowsMax) {
    yield `${at === 0 ? "[" : ","}${JSON.stringify(list.slice(at, at + rowsMax)).slice(1, -1)}`;
  }
  yield "]";
}

// Reads response bodies within limits.

/** A body as a stream of chunks; nothing if the response has none. */
export type Body = AsyncIterable<Uint8Array> | null;

/** The whole body as text; `undefined` if it has more than `bytesMax` bytes. Throws if it is cut off. */
export async function wholeText(body: Body, bytesMax: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return undefined;
    parts.push(decoder.decode(chunk, { stream: true }));
  }
  return parts.join("") + decoder.decode();
}

/** The first part of a body as text, for messages. Throws if it is cut off before anything has arrived. */
export async function firstPart(body: Body, charactersMax: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const chunk of body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length >= charactersMax) break;
    }
  } catch (failure) {
    if (text === "") throw failure;
  }
  return text.slice(0, charactersMax);
}

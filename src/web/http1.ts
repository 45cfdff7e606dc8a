// HTTP/1.1 for the status page: one request, one response, then the connection is closed. Why not Deno.serve or
// node:http: docs/decisions/0086.

import { STATUS_CODES } from "node:http";
import { bodyBytesMax, tooLarge } from "./commands.ts";
import { type Refusal, refusalResponse } from "./responses.ts";

/** Maximum size of the request line and the headers, in bytes. */
const headBytesMax = 16 * 1024;

/** One side of a connection. */
export type HttpConnection = Pick<Deno.Conn, "read" | "write">;

/**
 * Reads a request with its body; nothing if the client ends it early. For an invalid or too large request it returns
 * the error response. Throws if the connection breaks.
 */
export async function readRequest(conn: HttpConnection): Promise<Request | Response | undefined> {
  const buffer = new Uint8Array(headBytesMax + bodyBytesMax);
  let length = 0;
  const readMore = async (): Promise<boolean> => {
    const count = await conn.read(buffer.subarray(length));
    length += count ?? 0;
    return count !== null;
  };
  let headBytes: number | undefined;
  for (let seen = 0; headBytes === undefined; headBytes = endOfHead(buffer.subarray(0, length), seen)) {
    if (length >= headBytesMax) return refusalResponse(headTooLarge);
    seen = length;
    if (!await readMore()) return undefined;
  }
  const head = parseHead(String.fromCharCode(...buffer.subarray(0, headBytes)));
  if ("code" in head) return refusalResponse(head);
  const endBytes = headBytes + head.bodyBytes;
  if (head.bodyBytes > bodyBytesMax || endBytes > buffer.length) return refusalResponse(tooLarge);
  if (length < endBytes && head.headers.has("expect")) await writeAll(conn, encode("HTTP/1.1 100 Continue\r\n\r\n"));
  while (length < endBytes) {
    if (!await readMore()) return undefined;
  }
  const { method, url, headers } = head;
  const hasBody = method !== "GET" && method !== "HEAD" && head.bodyBytes > 0;
  try {
    return new Request(url, { method, headers, ...(hasBody ? { body: buffer.slice(headBytes, endBytes) } : {}) });
  } catch {
    return refusalResponse(badRequest);
  }
}

/** Writes a response that is the last one of its connection. Throws if that breaks. */
export async function writeResponse(
  conn: HttpConnection,
  response: Response,
  { isHead, nowMs }: { readonly isHead: boolean; readonly nowMs: number },
): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  // How long the body of a GET would be is not known.
  const head = headOf(response, { nowMs, ...(isHead ? {} : { bodyBytes: body.length }) });
  // In one write, otherwise the second may wait for the acknowledgement of the first.
  const whole = new Uint8Array(head.length + body.length);
  whole.set(head);
  whole.set(body, head.length);
  await writeAll(conn, whole);
}

/** How the parts of a stream are written. */
export interface StreamWriting {
  readonly nowMs: number;
  /** Writes one part, for which there is a limit. */
  readonly timed: (write: () => Promise<void>) => Promise<void>;
}

/**
 * Writes a response as it comes, until it ends or the client closes its side: then the stream is cancelled. Throws if the
 * connection breaks.
 */
export async function writeStream(
  conn: HttpConnection,
  response: Response,
  { nowMs, timed }: StreamWriting,
): Promise<void> {
  const reader = response.body?.getReader();
  const ignored = new Uint8Array(1024);
  const untilGone = async (): Promise<void> => {
    while (await conn.read(ignored) !== null);
  };
  // Ends with the connection at the latest.
  untilGone().catch(() => {}).then(() => reader?.cancel()).catch(() => {});
  try {
    await timed(() => writeAll(conn, headOf(response, { nowMs })));
    for (;;) {
      const part = await reader?.read();
      if (part?.value === undefined) break;
      const { value } = part;
      await timed(() => writeAll(conn, value));
    }
  } catch (error) {
    await reader?.cancel();
    throw error;
  }
}

function headOf(
  response: Response,
  { nowMs, bodyBytes }: { readonly nowMs: number; readonly bodyBytes?: number },
): Uint8Array {
  const headers = new Headers(response.headers);
  headers.set("Connection", "close");
  headers.set("Date", new Date(nowMs).toUTCString());
  if (bodyBytes !== undefined) headers.set("Content-Length", String(bodyBytes));
  const lines = [
    `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ""}`,
    ...[...headers].map(([name, value]) => `${name}: ${value}`),
  ];
  return encode(`${lines.join("\r\n")}\r\n\r\n`);
}

interface Head {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly bodyBytes: number;
}

function parseHead(text: string): Head | Refusal {
  const [requestLine = "", ...lines] = text.split("\r\n").slice(0, -2);
  const [, method = "", target = "", minor] = /^([A-Z]+) (\S+) HTTP\/1\.([01])$/.exec(requestLine) ?? [];
  const headers = new Headers();
  try {
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, Math.max(0, colon)), line.slice(colon + 1));
    }
  } catch {
    return badRequest;
  }
  const host = headers.get("host") ?? (minor === "0" ? "localhost" : "");
  // The host is taken from the header; only the path of the URL is used.
  const url = target.startsWith("/") ? `http://localhost${target}` : target;
  const bodyBytes = headers.get("content-length") ?? "0";
  if (!URL.canParse(`http://${host}`) || !URL.canParse(url) || !/^\d{1,15}$/.test(bodyBytes)) return badRequest;
  if (headers.has("transfer-encoding")) return lengthNeeded;
  return { method, url, headers, bodyBytes: Number(bodyBytes) };
}

/** The end of the head, including its empty line; `seen` bytes were already searched. */
function endOfHead(bytes: Uint8Array, seen: number): number | undefined {
  for (let at = Math.max(3, seen); at < bytes.length; at++) {
    const isEnd = bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13;
    if (isEnd) return at < headBytesMax ? at + 1 : undefined;
  }
  return undefined;
}

async function writeAll(conn: HttpConnection, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const badRequest: Refusal = {
  status: 400,
  code: "bad-request",
  message: "the Host header, the URL or another part of the request is not valid",
  hint: "send a path and a Host header",
};

const headTooLarge: Refusal = {
  status: 431,
  code: "head-too-large",
  message: `the headers of the request have more than ${headBytesMax} bytes`,
  hint: "send less: cookies, for example, are not used here",
};

const lengthNeeded: Refusal = {
  status: 411,
  code: "length-needed",
  message: "a body must come with Content-Length",
  hint: "send the body as a whole instead of in chunks",
};

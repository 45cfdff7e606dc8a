// Connections of the status server on real sockets: requests and responses, and limits for slow, idle and many clients.
// Nothing here measures time: each test waits for the close that a limit causes.

import { assertEquals, assertMatch } from "@std/assert";
import { Secret } from "../../src/secret.ts";
import type { CommandAnswer } from "../../src/web/commands.ts";
import type { HandlerOptions } from "../../src/web/handler.ts";
import { type ConnectionLimits, startWebServer } from "../../src/web/server.ts";
import { pictureOf } from "../support/picture.ts";
import { largeView } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";

/** None of them is reached in a test that is not about it. */
const wide: ConnectionLimits = { requestMs: 60_000, responseMs: 60_000, connectionsMax: 100 };
const askHealth = "GET /health HTTP/1.1\r\nHost: localhost\r\n";

interface Served {
  connect(text?: string): Promise<Deno.TcpConn>;
  /** Sends this, and gives all that comes until the server closes. */
  exchange(text: string): Promise<string>;
}

async function withServer(
  limits: Partial<ConnectionLimits>,
  options: Partial<HandlerOptions>,
  act: (served: Served) => Promise<void>,
): Promise<void> {
  const server = startWebServer(sampleOptions(options), { ...wide, ...limits });
  const connect = async (text = ""): Promise<Deno.TcpConn> => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port) });
    await write(conn, text);
    return conn;
  };
  try {
    await act({ connect, exchange: async (text) => await toEnd(await connect(text)) });
  } finally {
    await server.close();
  }
}

async function write(conn: Deno.TcpConn, text: string): Promise<void> {
  for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) bytes = bytes.subarray(await conn.write(bytes));
}

/** All that comes until the other side closes, in whatever way; then this side is closed, too. */
async function toEnd(conn: Deno.TcpConn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(64 * 1024);
  let text = "";
  try {
    for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
      text += decoder.decode(buffer.subarray(0, count), { stream: true });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  } finally {
    conn.close();
  }
  return text;
}

const unfinished: readonly (readonly [string, string])[] = [
  ["sends nothing", ""],
  ["sends half a request line", "GET /hea"],
  ["never ends its headers", `${askHealth}X-A: b\r\n`],
  ["sends half a body", `POST /api/commands/drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"a`],
];
for (const [what, text] of unfinished) {
  Deno.test(`a connection whose client ${what} is closed`, async () => {
    await withServer({ requestMs: 20 }, {}, async ({ exchange }) => assertEquals(await exchange(text), ""));
  });
}

Deno.test("a connection is closed after one request, even with keep-alive", async () => {
  await withServer({}, {}, async ({ connect }) => {
    const conn = await connect(`${askHealth}Connection: keep-alive\r\n\r\n${askHealth}\r\n`);
    const answer = await toEnd(conn);
    assertMatch(answer, /^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*"healthy"/i);
    assertEquals(answer.match(/HTTP\/1\.1/g)?.length, 1);
  });
});

Deno.test("the connection of a client that does not read its response is closed", async () => {
  const picture = (): ReturnType<typeof pictureOf> => pictureOf(largeView(60_000, 10));
  await withServer({ responseMs: 300, requestMs: 1_500 }, { picture }, async ({ connect, exchange }) => {
    const slow = await connect("GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n");
    // Closed long after the other limit.
    assertEquals(await exchange(""), "");
    assertEquals((await toEnd(slow)).endsWith("}"), false);
  });
});

Deno.test("above the connection limit the longest waiting connection is closed", async () => {
  await withServer({ connectionsMax: 2 }, {}, async ({ connect, exchange }) => {
    const [first, second] = [await connect("GET /"), await connect("GET /")];
    assertMatch(await exchange(`${askHealth}\r\n`), /^HTTP\/1\.1 200 /);
    assertEquals(await toEnd(first), "");
    await write(second, "health HTTP/1.0\r\n\r\n");
    assertMatch(await toEnd(second), /^HTTP\/1\.1 200 /);
  });
});

Deno.test("above the connection limit a new connection is refused if all others are being served", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<CommandAnswer>();
  const commands = {
    tokens: [new Secret("http.admin-token", () => "t")],
    onCommand: (): Promise<CommandAnswer> => {
      asked.resolve();
      return answer.promise;
    },
  };
  await withServer({ connectionsMax: 1 }, { commands }, async ({ connect, exchange }) => {
    const head = "POST /api/commands/drain HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n\r\n";
    const busy = await connect(head);
    await asked.promise;
    assertEquals(await exchange(`${askHealth}\r\n`), "");
    answer.resolve({ kind: "accepted", message: "done" });
    assertMatch(await toEnd(busy), /^HTTP\/1\.1 202 [\s\S]*"done"/);
  });
});

Deno.test("a request sent byte by byte is answered", async () => {
  const commands = {
    tokens: [new Secret("http.admin-token", () => "t")],
    onCommand: (command: unknown): Promise<CommandAnswer> =>
      Promise.resolve({ kind: "accepted", message: JSON.stringify(command) }),
  };
  await withServer({}, { commands }, async ({ connect }) => {
    const conn = await connect();
    const body = '{"profile":"linux"}';
    const head = "POST /api/commands/freeze HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n";
    for (const character of `${head}Content-Length: ${body.length}\r\n\r\n${body}`) await write(conn, character);
    const answer = await toEnd(conn);
    assertMatch(answer, /^HTTP\/1\.1 202 /);
    assertMatch(answer, /\{\\"kind\\":\\"freeze\\",\\"profile\\":\\"linux\\"\}/);
  });
});

Deno.test("Expect: 100-continue is answered with 100 Continue", async () => {
  await withServer({}, {}, async ({ connect }) => {
    const conn = await connect(
      "POST /api/commands/drain HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
    );
    const buffer = new Uint8Array(100);
    const count = await conn.read(buffer) ?? 0;
    assertEquals(new TextDecoder().decode(buffer.subarray(0, count)), "HTTP/1.1 100 Continue\r\n\r\n");
    await write(conn, "{}");
    assertMatch(await toEnd(conn), /^HTTP\/1\.1 403 [\s\S]*commands-off/);
  });
});

const checks: readonly (readonly [string, string, RegExp])[] = [
  ["OPTIONS without Host, as sent by HAProxy", "OPTIONS /health HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 200 /],
  ["OPTIONS of the page", "OPTIONS / HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 200 [\s\S]*allow: GET, HEAD, OPTIONS/i],
  [
    "a trailing slash",
    "GET /health/ HTTP/1.1\r\nHost: balancer\r\n\r\n",
    /^HTTP\/1\.1 200 [\s\S]*\{"status":"healthy"/,
  ],
  ["HEAD, without a body", "HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n", /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/],
  ["an absolute URL", "GET http://localhost/health HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1\.1 200 /],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*bad-request/],
  ["two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", /^HTTP\/1\.1 40[03] /],
  ["a header without a colon", "GET / HTTP/1.1\r\nHost: localhost\r\nno\r\n\r\n", /^HTTP\/1\.1 400 /],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^HTTP\/1\.1 400 /],
  ["TRACE", "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1\.1 400 /],
  ["a chunked body", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", /^HTTP\/1\.1 411 /],
  ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", /^HTTP\/1\.1 400 /],
  ["large headers", `${askHealth}X: ${"y".repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  [
    "a large body",
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n${"x".repeat(50_000)}`,
    /^HTTP\/1\.1 413 [\s\S]*too-large/,
  ],
];
for (const [what, text, answer] of checks) {
  Deno.test(`${what} is answered with ${/ ([\d[\]]+)/.exec(answer.source)?.[1]}`, async () => {
    await withServer({}, {}, async ({ exchange }) => assertMatch(await exchange(text), answer));
  });
}

// Fuzz targets of the status server: every method, path, header and body, and bytes on its socket. Valid requests:
// tests/web.

import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "../support/properties.ts";
import { Secret } from "../../src/secret.ts";
import type { WebCommand } from "../../src/web/commands.ts";
import { createHandler, type Handler, type HandlerOptions } from "../../src/web/handler.ts";
import { startWebServer } from "../../src/web/server.ts";
import { sampleMs } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";
import { anyJson, anyWord, bait, fuzz } from "./support.ts";

/** A server, what it was told to do, and its clock. */
interface Target {
  readonly options: HandlerOptions;
  readonly given: WebCommand[];
  readonly errors: unknown[];
  nowMs: number;
}

function target(commands: "on" | "off" = "on"): Target {
  const given: WebCommand[] = [];
  const errors: unknown[] = [];
  const made: Target = {
    given,
    errors,
    nowMs: sampleMs,
    options: sampleOptions({
      advertise: "http://ci.example:8090",
      nowMs: () => made.nowMs,
      onError: (error) => void errors.push(error),
      ...(commands === "off" ? {} : {
        commands: {
          tokens: [new Secret("http.admin-token", () => bait)],
          onCommand: (command) => {
            given.push(command);
            return Promise.resolve({ kind: "accepted" as const, message: "done" });
          },
        },
      }),
    }),
  };
  return made;
}

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** What every answer has, whatever was asked. */
async function checkAnswer(response: Response): Promise<string> {
  const text = await response.text();
  assert([200, 202, 400, 401, 403, 404, 405, 409, 413, 429, 503].includes(response.status), `${response.status}`);
  assertEquals(response.headers.get("content-security-policy"), policy);
  assertEquals(response.headers.get("x-content-type-options"), "nosniff");
  assertEquals(response.headers.get("x-frame-options"), "DENY");
  assertEquals(response.headers.get("access-control-allow-origin"), null);
  assert(!text.includes(bait) && ![...response.headers].join().includes(bait));
  return text;
}

const commandPaths = ["drain", "freeze", "resume", "teardown"].map((name) => `/api/commands/${name}`);
const paths = [
  "/",
  "/fragment",
  "/api/status",
  "/api/v1/status",
  "/api/v1/jobs",
  "/api/v1/jobs/",
  "/api/v1/events",
  "/api/v1/openapi.json",
  "/metrics",
  "/health",
  "/assets/page.css",
  "/assets/page.js",
  "/assets/icon.svg",
  ...commandPaths,
];
const anyPath = fc.oneof(
  fc.constantFrom(...paths),
  fc.tuple(fc.constantFrom(...paths), anyWord).map(([path, word]) =>
    `${path}${encodeURIComponent(word.toWellFormed())}`
  ),
  fc.constantFrom(
    "//evil.example/",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/api/commands/__proto__",
    "/api/commands/constructor",
    "/api/commands/",
    "/api/commands/drain/",
    "/API/COMMANDS/DRAIN",
    "/assets/../api/commands/drain",
  ),
  fc.webPath(),
);
const anyQuery = fc.oneof(
  fc.constant(""),
  fc.webQueryParameters().map((query) => `?${query}`),
  fc.tuple(fc.constantFrom("rows", "verdict", "x"), anyWord).map(([name, word]) =>
    `?${name}=${encodeURIComponent(word.toWellFormed())}`
  ),
);
const ourHosts = ["localhost:8090", "127.0.0.1:8090", "[::1]:8090", "ci.example", "CI.example.:1"];
const hosts = fc.constantFrom(
  ...ourHosts,
  "evil.example",
  "localhost.evil.example",
  "evil.example:127.0.0.1",
  "127.0.0.1.evil.example",
  "",
  "a b",
  "user@localhost",
  "0x7f.1",
);
const origins = fc.constantFrom(
  undefined,
  "null",
  "http://evil.example",
  "http://localhost:8090",
  "https://ci.example",
  "http://localhost:8090@evil.example",
  "x",
);
const tokens = fc.constantFrom(
  undefined,
  `Bearer ${bait}`,
  `bearer  ${bait}`,
  `Bearer ${bait}x`,
  `Bearer ${bait.slice(1)}`,
  "Bearer",
  "Basic " + btoa(`x:${bait}`),
  bait,
  `Bearer ${"x".repeat(5_000)}`,
);
const bodies = fc.oneof(
  fc.constantFrom(
    "",
    "{}",
    "null",
    "[]",
    '{"profile":"linux"}',
    '{"mode":"now"}',
    '{"__proto__":{"mode":"now"}}',
    '{"profile":"../x"}',
    "x".repeat(5_000),
    "[".repeat(4_000),
    '{"mode":"now","mode":"drain"}',
  ),
  anyJson.map((value) => JSON.stringify(value) ?? ""),
  anyWord,
);

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly origin: string | undefined;
  readonly token: string | undefined;
  readonly body: string;
}

const anyAsked: fc.Arbitrary<Asked> = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"),
  path: anyPath,
  query: anyQuery,
  host: hosts,
  origin: origins,
  token: tokens,
  body: bodies,
});

function requestOf({ method, path, query, host, origin, token, body }: Asked): Request {
  return new Request(`http://localhost:8090${path}${query}`, {
    method,
    headers: {
      host,
      ...(origin === undefined ? {} : { origin }),
      ...(token === undefined ? {} : { authorization: token }),
    },
    ...(method === "GET" || method === "HEAD" ? {} : { body }),
  });
}

/** The one way in which something may be changed. */
function mayCommand({ method, host, origin, token, body }: Asked): boolean {
  const isOurs = ourHosts.includes(host) || host === "0x7f.1";
  const isSameSite = origin === undefined ||
    (URL.canParse(origin) && new URL(origin).host === new URL(`http://${host}`).host);
  return method === "POST" && isOurs && isSameSite && /^bearer +hunter2-bait$/i.test(token ?? "") &&
    body.length <= 4_096;
}

Deno.test("any request has a response with all headers, without a secret, and without a command unless it has the token", async () => {
  await fc.assert(
    fc.asyncProperty(anyAsked, fc.constantFrom("on" as const, "off" as const), async (asked, commands) => {
      const { options, given, errors } = target(commands);
      const response = await createHandler(options)(requestOf(asked), "10.0.0.1");
      const text = await checkAnswer(response);
      assertEquals(errors, []);
      if (given.length > 0) assert(commands === "on" && mayCommand(asked), JSON.stringify(asked));
      const isForeign = !(ourHosts.includes(asked.host) || asked.host === "0x7f.1");
      const { pathname } = new URL(requestOf(asked).url);
      if (isForeign && pathname !== "/health") {
        assertEquals(response.status, 403, "a page under a foreign name sees nothing");
      }
      const hasBody = asked.method !== "HEAD" && asked.method !== "OPTIONS";
      if (response.status >= 400 && response.status !== 503 && hasBody) {
        assertEquals(Object.keys(JSON.parse(text)), ["code", "message", "hint"]);
      }
    }),
    fuzz(2_500),
  );
});

Deno.test("commands with the token are executed", async () => {
  const { options, given } = target();
  for (const path of commandPaths) {
    const asked = {
      method: "POST",
      path,
      query: "",
      host: "localhost:8090",
      origin: undefined,
      token: `Bearer ${bait}`,
      body: "{}",
    };
    assertEquals((await createHandler(options)(requestOf(asked), "a")).status, 202);
  }
  assertEquals(given.map(({ kind }) => kind), ["drain", "freeze", "resume", "teardown"]);
});

Deno.test("only requests with wrong tokens are limited with 429", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyAsked, { minLength: 1, maxLength: 5 }), async (kinds) => {
      const made = target();
      const handler: Handler = createHandler(made.options);
      const ask = async (index: number, address: string): Promise<number> => {
        const asked = kinds[index % kinds.length];
        if (asked === undefined) return 0;
        const response = await handler(requestOf(asked), address);
        await checkAnswer(response);
        return response.status;
      };
      const statuses: number[] = [];
      const isGuess = kinds.map(({ path, token }) =>
        path !== "/health" && token !== undefined && !/^bearer +hunter2-bait$/i.test(token)
      );
      for (let index = 0; index < 120 * kinds.length; index++) statuses.push(await ask(index, "10.0.0.1"));
      // The limit passes ten at once, and none of a second of requests more.
      const limited = statuses.map((status, index) =>
        [isGuess[index % kinds.length] === true, status === 429] as const
      );
      assertEquals(limited.filter(([guess, refused]) => refused && !guess), []);
      assertEquals(limited.filter(([guess, refused]) => guess && !refused).length, isGuess.includes(true) ? 10 : 0);
      assert(await ask(0, "10.0.0.2") !== 429);
    }),
    fuzz(15),
  );
});

Deno.test("after ten wrong tokens the next wrong one is refused with 429, and the right one is accepted", async () => {
  const { options, given } = target();
  const handler = createHandler(options);
  const ask = (token: string): Promise<Response> =>
    handler(
      requestOf({
        method: "POST",
        path: "/api/commands/drain",
        query: "",
        host: "localhost:8090",
        origin: undefined,
        token,
        body: "",
      }),
      "a",
    );
  for (let tries = 0; tries < 10; tries++) assertEquals((await ask(`Bearer wrong${tries}`)).status, 401);
  assertEquals((await ask("Bearer wrong")).status, 429);
  assertEquals(given, []);
  assertEquals((await ask(`Bearer ${bait}`)).status, 202);
  assertEquals(given.length, 1);
});

/** Sends bytes and gives what comes back before the other side is silent for a while, or has hung up. */
async function exchange(port: number, bytes: Uint8Array): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const writer = connection.writable.getWriter();
  await writer.write(bytes).catch(() => {});
  // What is not closed by us is waited for: the end of the request is the end of what we say.
  await connection.closeWrite().catch(() => {});
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  for (let reads = 0; reads < 50; reads++) {
    const length = await connection.read(buffer).catch(() => null);
    if (length === null) break;
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  return text;
}

const requestLines = fc.oneof(
  fc.tuple(
    fc.constantFrom("GET", "POST", "CONNECT", "OPTIONS", "G\u0000T", ""),
    fc.oneof(
      fc.constantFrom(
        "/",
        "*",
        "//",
        "http://evil.example/",
        "evil.example:443",
        "/%",
        "/%ff%00",
        "/\u0001",
        `/${"x".repeat(70_000)}`,
      ),
      anyPath,
    ),
  )
    .map(([method, path]) => `${method} ${path} HTTP/1.1`),
  fc.constantFrom("GET / HTTP/1.0", "GET /", "PRI * HTTP/2.0", "\u0016\u0003\u0001"),
);
const headerLines = fc.array(
  fc.oneof(
    fc.constantFrom(
      "Host: localhost",
      "Host: a b",
      "Host:",
      "Host: localhost\r\nHost: evil",
      "Host: \u00ff",
      "Host: [",
      "Host: evil.example",
      "Transfer-Encoding: chunked",
      "Content-Length: -1",
      "Content-Length: 5\r\nContent-Length: 6",
      "Content-Length: 99999999999999999999",
      `X: ${"y".repeat(100_000)}`,
      `Authorization: Bearer ${bait}x`,
      "Expect: 100-continue",
      "Upgrade: websocket\r\nConnection: Upgrade",
      "Range: bytes=0-1",
    ),
    fc.stringMatching(/^[\x21-\x7e]{1,10}: [\x20-\x7e\x80-\xff]{0,20}$/),
  ),
  { maxLength: 4 },
);

Deno.test("garbage bytes on the socket have one of our responses or none, and the next request is served", async () => {
  const { options, given, errors } = target();
  let address = 0;
  const made = { ...options, nowMs: () => sampleMs + (address++) * 60_000 };
  const server = startWebServer(made);
  const port = Number(new URL(server.url).port);
  try {
    await fc.assert(
      fc.asyncProperty(requestLines, headerLines, bodies, async (line, headers, body) => {
        const text = `${[line, ...headers].join("\r\n")}\r\n\r\n${body}`;
        const answer = await exchange(port, new TextEncoder().encode(text.toWellFormed()));
        assert(
          !/^HTTP\/1\.[01] 5(?!03)/.test(answer),
          `${JSON.stringify(text.slice(0, 200))}: ${answer.slice(0, 300)}`,
        );
        assertEquals([given.length, errors], [0, []], JSON.stringify(text.slice(0, 200)));
        assert(answer === "" || /content-security-policy: default-src 'none'/i.test(answer), answer.slice(0, 300));
      }),
      fuzz(150),
    );
    assertMatch(await (await fetch(`${server.url}assets/icon.svg`)).text(), /^<svg/);
  } finally {
    await server.close();
  }
});

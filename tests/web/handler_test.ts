// The routes as a function from request to response, without a socket.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "../support/properties.ts";
import type { StatusView } from "../../src/core/view/view.ts";
import { Secret } from "../../src/secret.ts";
import type { CommandAnswer, WebCommand } from "../../src/web/commands.ts";
import { createHandler, type Handler, type HandlerOptions } from "../../src/web/handler.ts";
import { pictureOf } from "../support/picture.ts";
import { hostileName, largeView, sampleMs, sampleView } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";

const base = "http://localhost:8090";
const token = "s3cr3t-admin-token";

function handlerOf(more: Partial<HandlerOptions> = {}): Handler {
  return createHandler(sampleOptions({ listen: { host: "127.0.0.1", port: 8090 }, ...more }));
}

function commandsInto(given: WebCommand[], answer?: CommandAnswer): Partial<HandlerOptions> {
  return {
    commands: {
      tokens: [new Secret("http.admin-token", () => token)],
      onCommand: (command) => {
        given.push(command);
        return Promise.resolve(answer ?? { kind: "accepted", message: "done" });
      },
    },
  };
}

function post(path: string, body: BodyInit | null = null, headers: Record<string, string> = {}): Request {
  return new Request(base + path, {
    method: "POST",
    body,
    headers: { Authorization: `Bearer ${token}`, ...headers },
  });
}

const routes: readonly (readonly [string, string, RegExp])[] = [
  ["/", "text/html; charset=utf-8", /^<!DOCTYPE html>[\s\S]*Waiting jobs[\s\S]*<\/html>\n$/],
  [
    "/fragment",
    "text/html; charset=utf-8",
    /^<title>[^<]*<\/title>\s<main id="live" tabindex="-1" data-version="[^"]+">/,
  ],
  ["/api/status", "application/json; charset=utf-8", /^\{.*"frameworkName":"GoCD-Mesos".*"notes":\[/],
  ["/metrics", "text/plain; version=0.0.4; charset=utf-8", /^# HELP gocd_mesos_build_info/],
  ["/health", "application/json; charset=utf-8", /^\{"status":"healthy","reasons":\[\]\}$/],
  ["/health/live", "application/json; charset=utf-8", /^\{"status":"live","reasons":\[\]\}$/],
  ["/health/ready", "application/json; charset=utf-8", /^\{"status":"ready","reasons":\[\]\}$/],
  ["/health/leader", "application/json; charset=utf-8", /^\{"status":"leader","reasons":\[\]\}$/],
  ["/assets/page.css", "text/css; charset=utf-8", /prefers-color-scheme/],
  ["/assets/page.js", "text/javascript; charset=utf-8", /morphChildren/],
  ["/assets/actions.js", "text/javascript; charset=utf-8", /sessionStorage/],
  ["/assets/icon.svg", "image/svg+xml", /^<svg/],
];
for (const [path, contentType, body] of routes) {
  Deno.test(`${path} responds to GET, to HEAD and OPTIONS without a body, and refuses POST`, async () => {
    const handler = handlerOf();
    const response = await handler(new Request(base + path));
    assertEquals([response.status, response.headers.get("content-type")], [200, contentType]);
    assertMatch(await response.text(), body);
    for (const method of ["HEAD", "OPTIONS"]) {
      const head = await handler(new Request(base + path, { method }));
      assertEquals([head.status, head.headers.get("content-type"), await head.text()], [200, contentType, ""]);
      assertEquals(head.headers.get("allow"), method === "OPTIONS" ? "GET, HEAD, OPTIONS" : null);
    }
    const refused = await handler(new Request(base + path, { method: "POST" }));
    assertEquals([refused.status, refused.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
    await refused.body?.cancel();
  });
}

Deno.test("every response, including errors, has the security headers", async () => {
  const handler = handlerOf();
  const requests = [
    ...routes.map(([path]) => new Request(base + path)),
    new Request(`${base}/nothing`),
    new Request("http://evil.example.org/"),
    post("/api/commands/drain"),
  ];
  for (const request of requests) {
    const { headers, body } = await handler(request);
    await body?.cancel();
    const policy = headers.get("content-security-policy") ?? "";
    assertMatch(policy, /^default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'$/);
    assertEquals(/unsafe|\*|data:/.test(policy), false);
    assertEquals([headers.get("x-content-type-options"), headers.get("cache-control")], ["nosniff", "no-store"]);
  }
});

Deno.test("adjacent words on the page have a space between them", async () => {
  const page = await (await handlerOf()(new Request(base))).text();
  const words = page.replace(/<[^>]*>/g, "").replace(/\s+/g, " ");
  for (const part of ["2 limited", "so only 2 now (seen in 2 polls in a row)", "5 of 7 alive", "0 alive"]) {
    assertStringIncludes(words, part);
  }
});

Deno.test("an unknown path is not found, and a foreign Host is refused except for /health", async () => {
  const handler = handlerOf();
  assertEquals((await readJson(await handler(new Request(`${base}/etc/passwd`)))).status, 404);
  const foreign = await readJson(await handler(new Request("http://evil.example.org/api/status")));
  assertEquals([foreign.status, foreign.body.code], [403, "foreign-host"]);
  assertMatch(String(foreign.body.hint), /http\.advertise/);
  assertEquals((await readJson(await handler(new Request("http://evil.example.org/health")))).status, 200);
});

type Changes = Partial<Pick<StatusView, "gocd" | "mesos" | "movedMs" | "frozen" | "mode">>;

/** A server that has failed since so many ms. */
function failing(server: "gocd" | "mesos", state: "failing" | "down", forMs: number): Changes {
  const problem = { code: "c", message: "the connection was refused", hint: "h" };
  return { [server]: { ...sampleView[server], health: { state, sinceMs: sampleMs - forMs, problem } } };
}

const unpolled: Changes = {
  gocd: { health: { state: "unknown", sinceMs: 0 }, maintenance: "unknown", nextPollMs: 0, stale: false },
};
const gocdDown = "GoCD has been failing for 6 min: the connection was refused";
const mesosFails = "Mesos has been failing for 7 s: the connection was refused";
const healths: readonly (readonly [string, Changes, readonly [string, number][], readonly string[]])[] = [
  ["all is well", {}, [["healthy", 200], ["live", 200], ["ready", 200]], []],
  ["launching is frozen", { frozen: true, mode: "drain" }, [["healthy", 200], ["live", 200], ["ready", 200]], []],
  [
    "GoCD has failed for a few seconds",
    failing("gocd", "failing", 7_000),
    [["degraded", 200], ["live", 200], ["ready", 200]],
    ["GoCD has been failing for 7 s: the connection was refused"],
  ],
  [
    "GoCD is down",
    failing("gocd", "down", 360_000),
    [["unhealthy", 503], ["live", 200], ["not ready", 503]],
    [gocdDown],
  ],
  [
    "Mesos has failed for a few seconds",
    failing("mesos", "failing", 7_000),
    [["degraded", 200], ["live", 200], ["not ready", 503]],
    [mesosFails],
  ],
  [
    "both fail",
    { ...failing("gocd", "down", 360_000), ...failing("mesos", "failing", 7_000) },
    [["unhealthy", 503], ["live", 200], ["not ready", 503]],
    [gocdDown, mesosFails],
  ],
  ["GoCD was not polled yet", unpolled, [["healthy", 200], ["live", 200], ["not ready", 503]], []],
  [
    "the loop hangs",
    { movedMs: sampleMs - 61_000 },
    [["unhealthy", 503], ["stuck", 503], ["not ready", 503]],
    ["the scheduler has not handled an event for 61 s"],
  ],
];
for (const [what, changes, answers, reasons] of healths) {
  Deno.test(`the health endpoints respond correctly when ${what}`, async () => {
    const handler = handlerOf({ picture: () => pictureOf({ ...sampleView, ...changes }) });
    for (const [index, path] of ["/health", "/health/live", "/health/ready"].entries()) {
      for (const slash of ["", "/"]) {
        const url = `http://balancer.example.org${path}${slash}`;
        const { status, body } = await readJson(await handler(new Request(url)));
        assertEquals([String(body.status), status], answers[index]);
        if (path === "/health") assertEquals(body.reasons, reasons);
        assertEquals((body.reasons as string[]).length > 0, status === 503 || body.status === "degraded");
        for (const method of ["HEAD", "OPTIONS"]) {
          assertEquals((await handler(new Request(url, { method }))).status, status);
        }
      }
    }
  });
}

Deno.test("a trailing slash is ignored", async () => {
  const handler = handlerOf();
  for (const [path] of routes) {
    const answer = await handler(new Request(`${base}${path}/`));
    await answer.body?.cancel();
    assertEquals(answer.status, 200, path);
  }
});

Deno.test("an error while responding is passed to onError and not shown to the client", async () => {
  const errors: unknown[] = [];
  const failing = handlerOf({
    picture: () => {
      throw new Error(`secret of ${hostileName}`);
    },
    onError: (error) => errors.push(error),
  });
  const { status, body } = await readJson(await failing(new Request(`${base}/`)));
  assertEquals([status, body.code, errors.length], [500, "internal", 1]);
  assertEquals(JSON.stringify(body).includes("secret of"), false);
});

for (const path of ["/", "/metrics", "/api/status", "/health", "/nothing"]) {
  Deno.test(`${path} is not rate-limited`, async () => {
    const handler = handlerOf(commandsInto([]));
    for (let count = 0; count < 300; count++) {
      const { status, body } = await handler(new Request(base + path), "10.0.0.1");
      await body?.cancel();
      assertEquals(status, path === "/nothing" ? 404 : 200);
    }
  });
}

Deno.test("a client that guesses tokens does not block readers, health checks or the valid token", async () => {
  const given: WebCommand[] = [];
  for (const isPrivate of [false, true]) {
    const handler = handlerOf({ ...commandsInto(given), ...(isPrivate ? { isPrivate: true } : {}) });
    const ask = async (request: Request): Promise<number> => {
      const response = await handler(request, "127.0.0.1");
      await response.body?.cancel();
      return response.status;
    };
    let last = 0;
    for (let count = 0; count < 101; count++) last = await ask(post(drain, null, { Authorization: `Bearer ${count}` }));
    assertEquals(last, 429);
    for (let count = 0; count < 101; count++) {
      assertEquals(await ask(new Request(`${base}/health`)), 200);
      assertEquals(await ask(new Request(`${base}/health`, { headers: { Authorization: "Bearer x" } })), 200);
      assertEquals(await ask(post(drain)), 202);
      const headers = { Authorization: `Bearer ${token}` };
      assertEquals(await ask(new Request(`${base}/api/status`, { headers })), 200);
      assertEquals(await ask(new Request(`${base}/api/status`)), isPrivate ? 404 : 200);
    }
  }
});

const commands: readonly (readonly [string, string | null, WebCommand])[] = [
  ["drain", null, { kind: "drain" }],
  ["drain", "{}", { kind: "drain" }],
  ["drain", '{"profile":"linux"}', { kind: "drain-profile", profile: "linux" }],
  ["drain", '{"agent":"gocd-abc123-linux-1"}', { kind: "drain-agent", agent: "gocd-abc123-linux-1" }],
  ["freeze", "", { kind: "freeze" }],
  ["freeze", '{"profile":"linux"}', { kind: "freeze", profile: "linux" }],
  ["resume", '{"profile":"linux"}', { kind: "resume", profile: "linux" }],
  ["teardown", null, { kind: "teardown", mode: "drain" }],
  ["teardown", '{"mode":"now"}', { kind: "teardown", mode: "now" }],
];
for (const [name, body, command] of commands) {
  Deno.test(`POST ${name} with ${body} and the token executes ${JSON.stringify(command)}`, async () => {
    const given: WebCommand[] = [];
    const answer = await readJson(await handlerOf(commandsInto(given))(post(`/api/commands/${name}`, body)));
    assertEquals([answer.status, answer.body], [202, { kind: "accepted", message: "done" }]);
    assertEquals(given, [command]);
  });
}

const drain = "/api/commands/drain";
const refusals: readonly (readonly [string, () => Request, number, string])[] = [
  ["without a token", () => new Request(base + drain, { method: "POST" }), 401, "not-authorized"],
  ["with a wrong token", () => post(drain, null, { Authorization: "Bearer nope" }), 401, "not-authorized"],
  ["from a page of another site", () => post(drain, null, { Origin: "http://evil.org" }), 403, "foreign-origin"],
  ["from a sandboxed page", () => post(drain, null, { Origin: "null" }), 403, "foreign-origin"],
  [
    "by GET",
    () => new Request(base + drain, { headers: { Authorization: `Bearer ${token}` } }),
    405,
    "method-not-allowed",
  ],
  ["with a large body", () => post(drain, "x".repeat(5_000)), 413, "too-large"],
  ["with an endless streamed body", () => post(drain, endless()), 413, "too-large"],
  ["with a body that is not JSON", () => post(drain, "now!"), 400, "bad-command"],
  ["with an unknown field", () => post(drain, '{"force":true}'), 400, "bad-command"],
  ["with a profile and an agent", () => post(drain, '{"profile":"linux","agent":"a"}'), 400, "bad-command"],
  ["with a list as its body", () => post("/api/commands/freeze", "[]"), 400, "bad-command"],
  ["with an invalid profile name", () => post("/api/commands/freeze", '{"profile":"<b>"}'), 400, "bad-command"],
  ["with an unknown mode", () => post("/api/commands/teardown", '{"mode":"soon"}'), 400, "bad-command"],
  ["that does not exist", () => post("/api/commands/constructor"), 404, "not-found"],
  ["with a foreign Host", () => new Request(`http://evil.org${drain}`, { method: "POST" }), 403, "foreign-host"],
];
for (const [what, makeRequest, status, code] of refusals) {
  Deno.test(`a command ${what} is refused with ${status} and not executed`, async () => {
    const given: WebCommand[] = [];
    const answer = await readJson(await handlerOf(commandsInto(given))(makeRequest()));
    assertEquals([answer.status, answer.body.code, given], [status, code, []]);
    assertEquals(JSON.stringify(answer.body).includes(token), false);
  });
}

Deno.test("without http.admin-token commands are refused with a hint", async () => {
  const { status, body } = await readJson(await handlerOf()(post(drain)));
  assertEquals([status, body.code], [403, "commands-off"]);
  assertMatch(String(body.hint), /http\.admin-token/);
});

Deno.test("a rejected command is answered with its reason", async () => {
  const answer: CommandAnswer = {
    kind: "rejected",
    code: "profile-unknown",
    message: "no such profile",
    hint: "see the page",
  };
  const { status, body } = await readJson(await handlerOf(commandsInto([], answer))(post(drain)));
  assertEquals([status, body], [409, answer]);
});

Deno.test("after ten wrong tokens further ones from an address are rate-limited, and the right one is accepted", async () => {
  const given: WebCommand[] = [];
  let nowMs = sampleMs;
  const handler = handlerOf({ ...commandsInto(given), nowMs: () => nowMs });
  const ask = async (request: Request, address = "10.0.0.1"): Promise<number> =>
    (await readJson(await handler(request, address))).status;
  const guess = (count: number): Request => post(drain, null, { Authorization: `Bearer ${count}` });
  const statuses: number[] = [];
  for (let count = 0; count < 11; count++) statuses.push(await ask(guess(count)));
  assertEquals(statuses, [...new Array<number>(10).fill(401), 429]);
  assertEquals([await ask(post(drain)), await ask(post(drain), "10.0.0.2")], [202, 202]);
  nowMs += 15_000;
  assertEquals([await ask(guess(12)), await ask(guess(13)), await ask(post(drain))], [401, 429, 202]);
  assertEquals(given.length, 3);
});

Deno.test("hostile names are escaped on the page", async () => {
  for (const path of ["/", "/fragment", "/?verdict=unserved"]) {
    const text = await (await handlerOf()(new Request(base + path))).text();
    assertEquals([text.includes("<script>"), text.includes("<img src=x"), text.includes("<i>linux")], [
      false,
      false,
      false,
    ]);
    assertMatch(text, /&lt;script&gt;/);
  }
});

Deno.test("a page with 10,000 jobs and 1,000 instances is limited in size, with links to the rest", async () => {
  const handler = handlerOf({ picture: () => pictureOf(largeView(10_000, 1_000)) });
  const text = await (await handler(new Request(`${base}/`))).text();
  assertEquals(text.length < 620_000, true, `${text.length} characters`);
  assertMatch(text, /1–200 of 10,000 jobs<\/span> <a href="\/\?page=2#jobs"/);
  assertMatch(text, />800 more<\/a>/);
  const status = await readJson(await handler(new Request(`${base}/api/status`)));
  assertEquals(Array.isArray(status.body.jobs) && status.body.jobs.length, 10_000);
});

Deno.test("without a recent successful poll the page shows the backlog as unknown", async () => {
  const { lastPollMs: _, ...unread } = sampleView.gocd;
  const { health: _health, ...read } = sampleView.gocd;
  const problem = { code: "gocd-starting", message: "it is starting", hint: "" };
  const failing = { ...read, health: { state: "failing" as const, sinceMs: sampleView.atMs, problem } };
  for (
    const [gocd, words] of [
      [unread, /Not known: no poll of the GoCD server has succeeded/g],
      [{ ...sampleView.gocd, stale: true }, /the last poll of the GoCD server that succeeded, [^,]* ago, showed no/g],
      [failing, /the last poll of the GoCD server that succeeded, [^,]* ago, showed no waiting job/g],
    ] as const
  ) {
    const view = { ...sampleView, gocd, jobs: [], demand: [] };
    const text = await (await handlerOf({ picture: () => pictureOf(view) })(new Request(`${base}/`))).text();
    assertEquals(text.match(words)?.length, 3);
    assertMatch(text, /<p class="figure"><b>\?<\/b>/);
  }
  const old = await (await handlerOf({ picture: () => pictureOf({ ...sampleView, gocd: failing }) })(
    new Request(`${base}/`),
  )).text();
  assertMatch(old, /As of the last poll that succeeded, <time[^>]*>[^<]*<\/time> ago:\s+10 jobs, all accounted for/);
});

Deno.test("a filter shows only the jobs of its verdict and is marked as current", async () => {
  const text = await (await handlerOf()(new Request(`${base}/?verdict=unserved`))).text();
  assertEquals([text.includes("mobile/88/build/1/ios"), text.includes("shop/1204/test/1/integration")], [true, false]);
  assertMatch(text, /aria-current="true">unserved <b>2<\/b>/);
});

Deno.test("any request gets a response without an internal error", async () => {
  const handler = handlerOf(commandsInto([]));
  const anyPath = fc.oneof(
    fc.webPath(),
    fc.string().map((text) => `/${encodeURIComponent(text.toWellFormed())}`),
    fc.constantFrom(...routes.map(([path]) => path), drain),
  );
  const anyMethod = fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH");
  await fc.assert(
    fc.asyncProperty(anyPath, anyMethod, fc.webQueryParameters(), fc.string(), async (path, method, query, body) => {
      const init = method === "GET" || method === "HEAD" ? { method } : { method, body };
      const response = await handler(new Request(`${base}${path}?${query}`, init), path);
      await response.text();
      assertEquals([200, 401, 404, 405].includes(response.status), true, String(response.status));
    }),
  );
});

interface JsonAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function readJson(response: Response): Promise<JsonAnswer> {
  return { status: response.status, body: await response.json() };
}

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) });
}

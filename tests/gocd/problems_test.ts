// Responses of servers, proxies and login pages that fail a poll, and what an operator reads about them.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import type { Credentials } from "../../src/net/credentials.ts";
import { serverAt } from "../support/addresses.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { Secret } from "../../src/secret.ts";
import { connection, fakeGocd, json } from "./fake_gocd.ts";

const signal = new AbortController().signal;
const basic: Credentials = {
  kind: "basic",
  userName: "ci",
  password: new Secret("go-server.password", () => "hunter2!"),
};
const bearer: Credentials = { kind: "bearer", token: new Secret("go-server.access-token", () => "t0ken-value") };

function page(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers });
}
const html = "<!DOCTYPE html><html><title>Log in</title></html>";
const asHtml = { "content-type": "text/html; charset=utf-8" };

interface Case {
  readonly what: string;
  readonly answer: () => Response;
  readonly want: readonly [code: string, kind: string];
  /** Must stand in message or hint. */
  readonly says: string;
  readonly credentials?: Credentials;
}

const badCredentials = "Invalid credentials. Either your username and password are incorrect, or there is a problem.";
const disabled = "Basic authentication credentials are not required, since security has been disabled on this server.";

const cases: readonly Case[] = [
  {
    what: "a login page with 200",
    answer: () => page(200, html, asHtml),
    want: ["gocd-login-page", "unreadable"],
    says: "go-server.url",
  },
  {
    what: "a login page that claims to be XML or JSON",
    answer: () => page(200, html, { "content-type": "application/vnd.go.cd+json" }),
    want: ["gocd-login-page", "unreadable"],
    says: "page",
  },
  {
    what: "a login page in XHTML",
    answer: () =>
      page(200, `<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="x"><head><title>Log in</title></head></html>`, {
        "content-type": "application/xml",
      }),
    want: ["gocd-login-page", "unreadable"],
    says: "page",
  },
  {
    what: "a login page without a content type",
    answer: () => page(200, html),
    want: ["gocd-login-page", "unreadable"],
    says: "page",
  },
  {
    what: "a redirect to the login page",
    answer: () => page(302, "", { location: "http://gocd.test/go/auth/login?x=secret" }),
    want: ["gocd-login-page", "unreadable"],
    says: "/go/auth/login",
  },
  {
    what: "a redirect to another page",
    answer: () => page(301, "", { location: "https://gocd.test/go/api/version" }),
    want: ["gocd-redirected", "unreadable"],
    says: "https://gocd.test/go/api/version",
  },
  {
    what: "a wrong password",
    answer: () => json(401, { message: badCredentials }),
    want: ["gocd-bad-credentials", "refused"],
    says: "go-server.password",
    credentials: basic,
  },
  {
    what: "a wrong password on an old server, in HTML",
    answer: () => page(401, "<html><head><title>Error 401 Bad credentials</title></head></html>", asHtml),
    want: ["gocd-bad-credentials", "refused"],
    says: "go-server.password",
    credentials: basic,
  },
  {
    what: "a wrong password on a server of 16.x, with its own error page",
    answer: () => page(401, "<!DOCTYPE html><html><body><h1>401</h1>\n<h2>Unauthorized</h2></body></html>", asHtml),
    want: ["gocd-bad-credentials", "refused"],
    says: "go-server.password",
    credentials: basic,
  },
  {
    what: "a wrong password, reported by GoCD behind a proxy that adds its name",
    answer: () => json(401, { message: badCredentials }, { server: "nginx", via: "1.1 edge" }),
    want: ["gocd-bad-credentials", "refused"],
    says: "go-server.password",
    credentials: basic,
  },
  {
    what: "a login page of GoCD itself, as for a path without /go",
    answer: () => page(200, html, { ...asHtml, "x-ua-compatible": "chrome=1" }),
    want: ["gocd-login-page", "unreadable"],
    says: "it usually ends in /go",
  },
  {
    what: "a wrong token",
    answer: () => json(401, { message: "Invalid Personal Access Token." }),
    want: ["gocd-bad-token", "refused"],
    says: "go-server.access-token",
    credentials: bearer,
  },
  {
    what: "missing credentials",
    answer: () => json(401, { message: "You are not authenticated!" }),
    want: ["gocd-not-authenticated", "refused"],
    says: "go-server.user-name",
  },
  {
    what: "credentials removed by an intermediary",
    answer: () => json(401, { message: "You are not authenticated!" }),
    want: ["gocd-credentials-lost", "refused"],
    says: "the Authorization header",
    credentials: basic,
  },
  {
    what: "a login required by a proxy",
    answer: () => page(401, "401 Unauthorized", { "www-authenticate": 'Basic realm="traefik"' }),
    want: ["gocd-blocked", "refused"],
    says: "its own login",
    credentials: basic,
  },
  {
    what: "missing credentials reported in XML",
    answer: () =>
      page(401, "<access-denied>\n  <message>You are not authenticated!</message>\n</access-denied>", {
        "content-type": "application/xml",
      }),
    want: ["gocd-not-authenticated", "refused"],
    says: "You are not authenticated!",
  },
  {
    what: "credentials on a server without security",
    answer: () => json(401, { message: disabled }),
    want: ["gocd-credentials-not-wanted", "refused"],
    says: "remove go-server.user-name",
    credentials: basic,
  },
  {
    what: "too few rights up to 18.5",
    answer: () => json(401, { message: "You are not authorized to perform this action." }),
    want: ["gocd-forbidden", "refused"],
    says: "administrator",
    credentials: basic,
  },
  {
    what: "too few rights",
    answer: () => json(403, { message: "You are not authorized to access this resource!" }),
    want: ["gocd-forbidden", "refused"],
    says: "administrator",
    credentials: basic,
  },
  {
    what: "a wrong path",
    answer: () =>
      page(404, "The url you are trying to reach appears to be incorrect.", { "content-type": "text/plain" }),
    want: ["gocd-unknown-path", "missing"],
    says: "check host and port of go-server.url",
  },
  {
    what: "a 404 of another site",
    answer: () => page(404, html, asHtml),
    want: ["gocd-unknown-path", "missing"],
    says: "/go",
  },
  {
    what: "a 404 for a missing resource or missing rights",
    answer: () =>
      json(404, {
        message: "Either the resource you requested was not found, or you are not authorized to perform this action.",
      }),
    want: ["gocd-missing-or-forbidden", "missing"],
    says: "account",
  },
  { what: "a 406 to a GET", answer: () => page(406, ""), want: ["gocd-unknown-path", "missing"], says: "406" },
  {
    what: "a proxy that requires a login",
    answer: () => page(407, ""),
    want: ["gocd-proxy-refused", "refused"],
    says: "HTTP_PROXY",
  },
  {
    what: "a refused media type",
    answer: () => json(415, { message: "You must specify a 'Content-Type' of 'application/json'" }),
    want: ["gocd-media-type-refused", "refused"],
    says: "Content-Type",
  },
  {
    what: "a starting server, in JSON",
    answer: () => json(503, { message: "GoCD server is starting" }),
    want: ["gocd-starting", "starting"],
    says: "starting",
  },
  {
    what: "a starting server, in plain text",
    answer: () => page(503, "GoCD server is starting"),
    want: ["gocd-starting", "starting"],
    says: "starting",
  },
  {
    what: "a backup",
    answer: () =>
      page(503, "<message>Server is under maintenance mode, please try later.</message>", {
        "content-type": "application/xml",
      }),
    want: ["gocd-backup", "maintenance"],
    says: "being backed up",
  },
  {
    what: "maintenance",
    answer: () => json(503, { message: "Server is in maintenance mode, please try later." }),
    want: ["gocd-maintenance", "maintenance"],
    says: "maintenance mode",
  },
  {
    what: "a proxy whose server is unavailable",
    answer: () => page(503, html, asHtml),
    want: ["gocd-unavailable", "unreachable"],
    says: "503",
  },
  {
    what: "a bad gateway",
    answer: () => page(502, html, asHtml),
    want: ["gocd-server-error", "unreachable"],
    says: 'with the page "Log in"',
  },
  {
    what: "an internal server error",
    answer: () => json(500, { error: "Internal server error" }),
    want: ["gocd-server-error", "unreachable"],
    says: "Internal server error",
  },
  {
    what: "too many requests",
    answer: () => page(429, "slow down"),
    want: ["gocd-too-many-requests", "unreachable"],
    says: "poller.interval",
  },
  {
    what: "a teapot",
    answer: () => page(418, "short and stout"),
    want: ["gocd-refused", "refused"],
    says: "short and stout",
  },
];

Deno.test("the hint for a 404 mentions /go if the URL lacks it", async () => {
  const api = createHttpGocdApi({ ...connection, url: serverAt("http://gocd.test:8153") }, {
    fetch: () => Promise.resolve(page(404, "")),
    nowMs: () => 0,
  });
  const { hint } = await assertRejects(() => api.poll(signal), GocdError);
  assertEquals(hint, "check go-server.url: the base URL of GoCD usually ends in /go");
});

for (const { what, answer, want, says, credentials = connection.credentials } of cases) {
  for (const path of ["/api/feed/jobs/scheduled.xml", "/api/agents"]) {
    Deno.test(`${what} at ${path} fails the poll with one line and its code`, async () => {
      const fake = fakeGocd("26.1.0");
      fake.override = (request) => request.path === path ? answer() : undefined;
      const api = createHttpGocdApi({ ...connection, credentials }, { fetch: fake.fetch, nowMs: () => 0 });
      const { problem, message, hint } = await assertRejects(() => api.poll(signal), GocdError);
      assertEquals([problem.code, problem.kind], want);
      assertStringIncludes(message, `GET http://gocd.test:8153/go${path} answered `);
      assertStringIncludes(`${message} ${hint}`, says);
      assert(!/[\n<]|secret/.test(`${message}${hint}`), message);
    });
  }
}

Deno.test("an empty feed with content type text/html is refused", async () => {
  const fake = fakeGocd("26.1.0");
  fake.override = ({ path }) => path.endsWith("scheduled.xml") ? page(200, "<scheduledJobs/>", asHtml) : undefined;
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  assertEquals((await assertRejects(() => api.poll(signal), GocdError)).code, "gocd-login-page");
});

Deno.test("Retry-After is read as seconds or as a date, and limited to an hour", async () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  for (
    const [header, want] of [
      ["7", 7_000],
      ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
      ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
      ["999999", 3_600_000],
      ["soon", undefined],
    ] as const
  ) {
    const fake = fakeGocd("26.1.0");
    fake.override = () => page(503, "", { "retry-after": header });
    const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => now });
    assertEquals((await assertRejects(() => api.poll(signal), GocdError)).problem.retryAfterMs, want);
  }
});

Deno.test("our secrets are redacted in responses of the server or a proxy", async () => {
  for (const [credentials, secret] of [[basic, "hunter2!"], [bearer, "t0ken-value"]] as const) {
    const fake = fakeGocd("26.1.0");
    fake.override = (request) =>
      page(400, `your header ${request.headers.get("authorization")}, your secret ${secret}`, {
        "content-type": "text/plain",
      });
    const api = createHttpGocdApi({ ...connection, credentials }, { fetch: fake.fetch, nowMs: () => 0 });
    const { message } = await assertRejects(() => api.poll(signal), GocdError);
    assert(!message.includes(secret) && !message.includes(btoa(`ci:${secret}`)), message);
    assertStringIncludes(message, "***");
  }
});

Deno.test("a long message of the server in several lines becomes one short line", async () => {
  const fake = fakeGocd("26.1.0");
  fake.override = () => json(500, { message: `first\nsecond\u0007 ${"x".repeat(5000)}` });
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  const { message } = await assertRejects(() => api.poll(signal), GocdError);
  assertStringIncludes(message, "first second x");
  assert(message.length < 320);
});

Deno.test("only one request is in flight at a time, for all callers", async () => {
  const fake = fakeGocd("26.1.0");
  let inFlight = 0;
  let most = 0;
  const slow: typeof fetch = async (input, init) => {
    inFlight++;
    most = Math.max(most, inFlight);
    const response = await fake.fetch(input, init);
    await Promise.resolve();
    inFlight--;
    return response;
  };
  const api = createHttpGocdApi(connection, { fetch: slow, nowMs: () => 0 });
  await Promise.all([api.poll(signal), api.readAgents(signal), api.rights(signal), api.poll(signal)]);
  assertEquals(most, 1);
});

Deno.test("an aborted poll fails with a GocdError, and the next one succeeds", async () => {
  const fake = fakeGocd("26.1.0");
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  const error = await assertRejects(() => api.poll(AbortSignal.abort()), GocdError);
  assertEquals(error.problem.code, "gocd-aborted");
  await api.poll(signal);
});

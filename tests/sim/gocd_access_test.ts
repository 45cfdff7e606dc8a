// Access to the simulated GoCD server by release: logins, sessions, permissions, refusals.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { gocdEras } from "../../src/sim/gocd/versions.ts";
import { acceptOf, ask, basic, json, minute, run, server, users } from "./gocd_support.ts";

const newest = "application/vnd.go.cd+json";
const v = (number: number): string => `application/vnd.go.cd.v${number}+json`;

const logins: readonly (readonly [string, string, Record<string, string>, number, string])[] = [
  ["26.1.0", "no credentials", {}, 401, "You are not authenticated!"],
  ["26.1.0", "a wrong password", basic("root", "x"), 401, "Invalid credentials. Either your username"],
  ["26.1.0", "a right password", basic("root", "sesame"), 200, ""],
  [
    "26.1.0",
    "the scheme in lower case",
    { authorization: basic("root", "sesame")["authorization"]?.replace("B", "b") ?? "" },
    200,
    "",
  ],
  ["26.1.0", "a right token", { authorization: "Bearer tok-1" }, 200, ""],
  ["26.1.0", "a wrong token", { authorization: "Bearer nope" }, 401, "Invalid Personal Access Token."],
  [
    "19.1.0",
    "a token before tokens were introduced",
    { authorization: "Bearer tok-1" },
    401,
    "You are not authenticated!",
  ],
  ["18.5.0", "no credentials", {}, 401, "You are not authorized to access this resource!"],
  ["18.5.0", "a wrong password", basic("root", "x"), 401, "You are not authorized to access this resource!"],
];
for (const [version, what, headers, status, text] of logins) {
  Deno.test(`a login on ${version} with ${what} has status ${status}`, () => {
    const model = server(version, { security: users });
    const accept = version === "26.1.0" ? newest : v(4);
    const response = ask(model, "GET /go/api/agents", { accept, ...headers });
    assertEquals(response.status, status);
    assertStringIncludes(response.body, text);
    const isChallenged = status === 401 && what !== "a wrong token";
    assertEquals(response.headers["www-authenticate"], isChallenged ? 'Basic realm="GoCD"' : undefined);
  });
}

Deno.test("a server without security refuses credentials from 18.6, and ignores them before", () => {
  for (const [version, want] of [["18.5.0", 200], ["18.6.0", 401], ["26.1.0", 401]] as const) {
    const accept = version === "26.1.0" ? newest : v(4);
    const response = ask(server(version), "GET /go/api/agents", { accept, ...basic("a", "b") });
    assertEquals(response.status, want);
    if (want === 401) {
      assertStringIncludes(json(response).message, "credentials are not required, since security has been");
    }
    assertEquals(response.headers["www-authenticate"], undefined);
  }
  const bearer = ask(server("26.1.0"), "GET /go/api/agents", { accept: newest, authorization: "Bearer x" });
  assertEquals(bearer.status, 401);
  assertStringIncludes(bearer.body, "since security has been disabled on this server");
});

Deno.test("the body of a 401 is JSON or XML by Accept and path, and requests of scripts have no challenge", () => {
  const model = server("26.1.0", { security: users });
  const feed = "GET /go/api/feed/jobs/scheduled.xml";
  assertStringIncludes(ask(model, feed, { accept: "application/xml" }).body, "<access-denied>");
  assertStringIncludes(ask(model, feed).body, "<access-denied>");
  assertEquals(json(ask(model, feed, { accept: "application/json" })).message, "You are not authenticated!");
  const scripted = ask(model, feed, { "x-requested-with": "XMLHttpRequest" });
  assertEquals(scripted.headers["www-authenticate"], undefined);
});

Deno.test("before 18.6 the body of a 401 without a known versioned Accept is an HTML page", () => {
  assertStringIncludes(ask(server("18.5.0", { security: users }), "GET /go/api/jobs/scheduled.xml").body, "<html>");
  const old = server("15.2.0", { security: users });
  assertStringIncludes(ask(old, "GET /go/api/agents", { accept: v(2) }).body, "<html>");
  assertEquals(
    json(ask(old, "GET /go/api/agents", { accept: v(1) })).message,
    "You are not authorized to access this resource!",
  );
});

Deno.test("the old feed is for administrators only, up to 21.1", () => {
  for (
    const [version, guest, root] of [["18.5.0", 403, 200], ["20.8.0", 403, 200], ["21.1.0", 403, 404], [
      "22.1.0",
      404,
      404,
    ]] as const
  ) {
    const model = server(version, { security: users });
    assertEquals(ask(model, "GET /go/api/jobs/scheduled.xml", basic("guest", "guest")).status, guest);
    assertEquals(ask(model, "GET /go/api/jobs/scheduled.xml", basic("root", "sesame")).status, root);
  }
});

Deno.test("a user who is not an administrator can read agents but not change them (401 up to 18.5, then 403)", () => {
  for (const [version, want] of [["16.6.0", 401], ["18.5.0", 401], ["18.10.0", 403], ["26.1.0", 403]] as const) {
    const model = server(version, { security: users });
    model.addAgent({ uuid: "u", hostname: "h" });
    const accept = version === "18.5.0" ? v(4) : acceptOf(version);
    const headers = { accept, ...basic("guest", "guest") };
    assertEquals(ask(model, "GET /go/api/agents", headers).status, 200);
    const body = { "agent_config_state": "Disabled" };
    const refused = ask(model, "PATCH /go/api/agents/u", headers, body);
    assertEquals([refused.status, json(refused).message], [want, "You are not authorized to perform this action."]);
    assertEquals(ask(model, "DELETE /go/api/agents/u", headers).status, want);
    assertEquals(model.tally.changes, []);
  }
});

Deno.test("/api/version exists from 16.6, is public from 18.6, and refuses wrong credentials", () => {
  assertEquals(ask(server("15.2.0"), "GET /go/api/version", { accept: v(1) }).status, 404);
  for (const version of gocdEras.slice(1)) {
    const response = ask(server(version), "GET /go/api/version", { accept: v(1) });
    assertEquals([response.status, json(response).version], [200, version]);
  }
  assertEquals(ask(server("26.1.0"), "GET /go/api/version", { accept: newest }).status, 200);
  assertEquals(ask(server("26.1.0"), "GET /go/api/version").status, 404);
  assertEquals(ask(server("26.1.0"), "GET /go/api/version", { accept: v(2) }).status, 404);
  const secured = server("26.1.0", { security: users });
  assertEquals(ask(secured, "GET /go/api/version", { accept: v(1) }).status, 200);
  assertEquals(ask(secured, "GET /go/api/version", { accept: v(1), ...basic("root", "x") }).status, 401);
  assertEquals(ask(server("18.5.0", { security: users }), "GET /go/api/version", { accept: v(1) }).status, 401);
});

Deno.test("a session cookie keeps the login and the session until a pause of 6 minutes", () => {
  const model = server("26.1.0", { security: users });
  const first = ask(model, "GET /go/api/agents", { accept: newest, ...basic("root", "sesame") });
  const cookie = (first.headers["set-cookie"] ?? "").split(";")[0] ?? "";
  assertEquals(ask(model, "GET /go/api/agents", { accept: newest, cookie }).status, 200);
  assertEquals(model.tally.sessionsCreated, 1);
  run(model, 6 * minute);
  assertEquals(ask(model, "GET /go/api/agents", { accept: newest, cookie }).status, 401);
  assertEquals(model.tally.sessionsCreated, 2);
});

Deno.test("a session cookie is accepted with another password for half an hour, and with a wrong token never", () => {
  const model = server("26.1.0", { security: users });
  const first = ask(model, "GET /go/api/agents", { accept: newest, ...basic("root", "sesame") });
  const headers = { accept: newest, cookie: (first.headers["set-cookie"] ?? "").split(";")[0] ?? "" };
  const status = (who: Record<string, string>): number =>
    ask(model, "GET /go/api/agents", { ...headers, ...who }).status;
  assertEquals([status(basic("root", "changed")), status({ authorization: "Bearer no" })], [200, 401]);
  for (let minutes = 4; minutes < 30; minutes += 4) {
    run(model, 4 * minute);
    assertEquals(status(basic("root", "changed")), 200);
  }
  run(model, 4 * minute);
  assertEquals(status(basic("root", "changed")), 401);
});

Deno.test("a page redirects to the login page without a login, and the root to the pipelines with one", () => {
  const model = server("26.1.0", { security: users });
  const target = (line: string, who: Record<string, string>): unknown[] => {
    const { status, headers } = ask(model, line, who);
    return [status, headers["location"]];
  };
  assertEquals(target("GET /go", {}), [302, "/go/"]);
  for (const who of [{}, basic("root", "wrong")]) {
    assertEquals(target("GET /go/", who), [302, "http://test.host/go/auth/login"]);
  }
  assertEquals(target("GET /go/", basic("root", "sesame")), [302, "http://test.host/go/pipelines"]);
  assertStringIncludes(ask(model, "GET /go/auth/login").headers["content-type"] ?? "", "text/html");
});

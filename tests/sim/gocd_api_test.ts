// The HTTP answers of the simulated GoCD server by release: paths, Accept, login, rights, refusals.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { gocdEras } from "../../src/sim/gocd/versions.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { acceptOf, ask, basic, job, json, launch, minute, run, second, server, users } from "./gocd_support.ts";

const newest = "application/vnd.go.cd+json";
const v = (number: number): string => `application/vnd.go.cd.v${number}+json`;

function withAgent(version: string): SimGocd {
  const model = server(version, { environments: [{ name: "prod", origin: "gocd" }] });
  launch(model, "c1", { resources: "linux", environments: "prod,nowhere" });
  run(model, minute);
  return model;
}

const listAccepts: readonly (readonly [string, string, string | number])[] = [
  ["15.2.0", "", "legacy"],
  ["15.2.0", v(1), "v1"],
  ["15.2.0", v(2), 404],
  ["15.3.0", v(2), "v2"],
  ["16.6.0", v(1), "v1"],
  ["16.6.0", "application/json", "legacy"],
  ["16.6.0", v(3), 404],
  ["16.7.0", "", 404],
  ["16.7.0", v(1), 404],
  ["16.8.0", v(3), "v3"],
  ["16.10.0", v(4), "v4"],
  ["16.12.0", v(2), "v2"],
  ["17.1.0", v(2), 404],
  ["18.10.0", v(4), "v4"],
  ["18.10.0", newest, 404],
  ["18.11.0", v(4), "v4"],
  ["18.11.0", newest, 404],
  ["19.3.0", v(5), "v5"],
  ["19.8.0", v(4), "v4"],
  ["19.8.0", newest, "v5"],
  ["19.9.0", v(5), 404],
  ["19.9.0", newest, "v6"],
  ["20.8.0", v(6), 404],
  ["20.8.0", v(7), "v7"],
  ["26.1.0", newest, "v7"],
  ["26.1.0", v(7), "v7"],
  ["26.1.0", v(4), 404],
  ["26.1.0", "", 404],
  ["26.1.0", "*/*", 404],
  ["26.1.0", "application/json", 404],
  ["26.1.0", `${newest}, application/json`, 404],
  ["26.1.0", `${newest};q=0.9`, 404],
  ["26.1.0", v(12), 404],
];

function shapeOf(body: unknown): string {
  if (Array.isArray(body)) return "legacy";
  // deno-lint-ignore no-explicit-any
  const first = (body as any)._embedded.agents[0];
  if ("enabled" in first) return "v1";
  if ("agent_version" in first) return "v7";
  const names = JSON.stringify(first.environments);
  if (names.includes("unknown")) return "v6";
  return names.includes("origin") ? "v5" : "v2 to v4";
}

for (const [version, accept, want] of listAccepts) {
  Deno.test(`GET agents on ${version} with Accept "${accept}" gives ${want}`, () => {
    const response = ask(withAgent(version), "GET /go/api/agents", accept === "" ? {} : { accept });
    if (typeof want === "number") {
      assertEquals(response.status, want);
      return;
    }
    assertEquals(response.status, 200);
    const shape = shapeOf(json(response));
    assertEquals(want === "v2" || want === "v3" || want === "v4" ? "v2 to v4" : want, shape);
    if (accept.includes("vnd")) assertStringIncludes(response.headers["content-type"] ?? "", accept);
  });
}

Deno.test("an Accept that Spark does not know is answered as plain text, a known one not served by the container", () => {
  const model = withAgent("26.1.0");
  const unknown = ask(model, "GET /go/api/agents", { accept: "*/*" });
  assertEquals([unknown.headers["content-type"], unknown.body], [
    "text/plain",
    "The url you are trying to reach appears to be incorrect.",
  ]);
  assertStringIncludes(ask(model, "GET /go/api/agents", { accept: v(5) }).headers["content-type"] ?? "", "text/html");
});

const feedPaths: readonly (readonly [string, string, string, number])[] = [
  ["15.2.0", "/go/api/jobs/scheduled.xml", "", 200],
  ["19.8.0", "/go/api/jobs/scheduled.xml", v(1), 200],
  ["20.8.0", "/go/api/jobs/scheduled.xml", "", 200],
  ["20.9.0", "/go/api/jobs/scheduled.xml", "", 404],
  ["26.1.0", "/go/api/jobs/scheduled.xml", "", 404],
  ["19.8.0", "/go/api/feed/jobs/scheduled.xml", "application/xml", 404],
  ["20.1.0", "/go/api/feed/jobs/scheduled.xml", "application/xml", 200],
  ["26.1.0", "/go/api/feed/jobs/scheduled.xml", "", 200],
  ["26.1.0", "/go/api/feed/jobs/scheduled.xml", "*/*", 200],
  ["26.1.0", "/go/api/feed/jobs/scheduled.xml", newest, 404],
  ["26.1.0", "/go/api/feed/jobs/scheduled.xml", "application/json", 404],
  ["26.1.0", "/api/feed/jobs/scheduled.xml", "", 404],
];
for (const [version, path, accept, want] of feedPaths) {
  Deno.test(`GET ${path} on ${version} with Accept "${accept}" gives ${want}`, () => {
    assertEquals(ask(server(version), `GET ${path}`, accept === "" ? {} : { accept }).status, want);
  });
}

Deno.test("the feed lists Scheduled jobs only, oldest first, with id on the old path and without on the new", () => {
  for (
    const [version, path] of [["20.8.0", "/go/api/jobs/scheduled.xml"], ["20.8.0", "/go/api/feed/jobs/scheduled.xml"]]
  ) {
    const model = server(version ?? "");
    launch(model, "c1");
    job(model, "taken");
    run(model, 2 * minute);
    job(model, "b", { environment: "prod", gocdResources: ["x", "y|z"] });
    job(model, "a", { elasticProfile: "k8s" });
    const { body } = ask(model, `GET ${path}`);
    assertEquals([...body.matchAll(/<buildLocator>(.*?)</g)].map((match) => match[1]), [
      "b/1/stage/1/job",
      "a/1/stage/1/job",
    ]);
    assertEquals(body.includes(' id="'), path === "/go/api/jobs/scheduled.xml");
    assertEquals([...body.matchAll(/<resource><!\[CDATA\[(.*?)\]\]>/g)].map((match) => match[1]), ["x", "y|z"]);
    assertEquals(body.includes("k8s"), false);
  }
});

Deno.test("variables: secure ones are starred, control characters become references that XML forbids", () => {
  const model = server("26.1.0");
  const variables = [
    { name: "TOKEN", value: "hunter2", secure: true },
    { name: "COLOUR", value: " \u001b[1m <b> & \n more", secure: false },
  ];
  job(model, "p", { variables });
  const { body } = ask(model, "GET /go/api/feed/jobs/scheduled.xml");
  assertEquals(body.includes("hunter2"), false);
  assertStringIncludes(body, '<variable name="TOKEN">****</variable>');
  assertStringIncludes(body, '<variable name="COLOUR">&#27;[1m &lt;b&gt; &amp; more</variable>');
});

Deno.test("from 20.9 the feed leaves out pipelines that the user may not view, before it shows all", () => {
  for (const [version, want] of [["20.8.0", 2], ["20.9.0", 1]] as const) {
    const model = server(version, { security: users });
    job(model, "open");
    job(model, "hidden");
    const { body, status } = ask(model, "GET /go/api/feed/jobs/scheduled.xml", basic("guest", "guest"));
    assertEquals([status, body.split("<job ").length - 1], [200, want]);
  }
});

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
  ["19.1.0", "a token before tokens existed", { authorization: "Bearer tok-1" }, 401, "You are not authenticated!"],
  ["18.5.0", "no credentials", {}, 401, "You are not authorized to access this resource!"],
  ["18.5.0", "a wrong password", basic("root", "x"), 401, "You are not authorized to access this resource!"],
];
for (const [version, what, headers, status, text] of logins) {
  Deno.test(`login on ${version}: ${what} gives ${status}`, () => {
    const model = server(version, { security: users });
    const accept = version === "26.1.0" ? newest : v(4);
    const response = ask(model, "GET /go/api/agents", { accept, ...headers });
    assertEquals(response.status, status);
    assertStringIncludes(response.body, text);
    assertEquals(response.headers["www-authenticate"], status === 401 ? 'Basic realm="GoCD"' : undefined);
  });
}

Deno.test("a server without security refuses credentials from 18.6 on and ignores them before", () => {
  for (const [version, want] of [["18.5.0", 200], ["18.6.0", 401], ["26.1.0", 401]] as const) {
    const accept = version === "26.1.0" ? newest : v(4);
    const response = ask(server(version), "GET /go/api/agents", { accept, ...basic("a", "b") });
    assertEquals(response.status, want);
    if (want === 401) {
      assertStringIncludes(json(response).message, "credentials are not required, since security has been");
    }
  }
  const bearer = ask(server("26.1.0"), "GET /go/api/agents", { accept: newest, authorization: "Bearer x" });
  assertEquals(bearer.status, 401);
  assertStringIncludes(bearer.body, "since security has been disabled on this server");
});

Deno.test("the body of a refusal follows Accept: JSON, XML for XML or a .xml path, and no challenge for scripts", () => {
  const model = server("26.1.0", { security: users });
  const feed = "GET /go/api/feed/jobs/scheduled.xml";
  assertStringIncludes(ask(model, feed, { accept: "application/xml" }).body, "<access-denied>");
  assertStringIncludes(ask(model, feed).body, "<access-denied>");
  assertEquals(json(ask(model, feed, { accept: "application/json" })).message, "You are not authenticated!");
  const scripted = ask(model, feed, { "x-requested-with": "XMLHttpRequest" });
  assertEquals(scripted.headers["www-authenticate"], undefined);
});

Deno.test("before 18.6 a refusal without a versioned Accept is an HTML page; 15.2 knows v1 only", () => {
  assertStringIncludes(ask(server("18.5.0", { security: users }), "GET /go/api/jobs/scheduled.xml").body, "<html>");
  const old = server("15.2.0", { security: users });
  assertStringIncludes(ask(old, "GET /go/api/agents", { accept: v(2) }).body, "<html>");
  assertEquals(
    json(ask(old, "GET /go/api/agents", { accept: v(1) })).message,
    "You are not authorized to access this resource!",
  );
});

Deno.test("the old feed is for administrators, also where it is dead already", () => {
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

Deno.test("a user who is no administrator reads agents but changes none: 401 up to 18.5, 403 later", () => {
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

Deno.test("/api/version: from 16.6, with v1 (un-versioned from 19.8), open to anonymous from 18.6, not to wrong credentials", () => {
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

Deno.test("the session cookie keeps a login and one session; without it each request makes another", () => {
  const model = server("26.1.0", { security: users });
  const first = ask(model, "GET /go/api/agents", { accept: newest, ...basic("root", "sesame") });
  const cookie = (first.headers["set-cookie"] ?? "").split(";")[0] ?? "";
  assertEquals(ask(model, "GET /go/api/agents", { accept: newest, cookie }).status, 200);
  assertEquals(model.tally.sessionsCreated, 1);
  run(model, 6 * minute);
  assertEquals(ask(model, "GET /go/api/agents", { accept: newest, cookie }).status, 401);
  assertEquals(model.tally.sessionsCreated, 2);
});

Deno.test("maintenance mode: info in its own shape by release, 503 for changes, reads go on", () => {
  const model = server("26.1.0");
  const info = "GET /go/api/admin/maintenance_mode/info";
  assertEquals(json(ask(model, info, { accept: v(1) })).is_maintenance_mode, false);
  job(model, "p");
  model.setMaintenance(true, "boss");
  const on = json(ask(model, info, { accept: v(1) }));
  assertEquals([on.is_maintenance_mode, on.metadata.updated_by, on.metadata.updated_on], [
    true,
    "boss",
    "1970-01-01T00:00:00Z",
  ]);
  assertEquals(on.attributes.running_systems.scheduled_jobs.length, 1);
  assertEquals(ask(model, "GET /go/api/agents", { accept: newest }).status, 200);
  const refused = ask(model, "PATCH /go/api/agents/u", { accept: newest }, { agent_config_state: "Disabled" });
  assertEquals([refused.status, json(refused).message], [503, "Server is in maintenance mode, please try later."]);
  assertEquals(ask(model, "DELETE /go/api/agents/u", { accept: newest }).status, 503);
  const drain = server("18.12.0");
  drain.setMaintenance(true);
  const drainBody = json(ask(drain, "GET /go/api/admin/drain_mode/info", { accept: v(1) }));
  assertEquals([drainBody._embedded.is_drain_mode, drainBody._embedded.is_completely_drained], [true, true]);
  assertEquals(ask(drain, info, { accept: v(1) }).status, 404);
  assertEquals(ask(server("18.10.0"), info, { accept: v(1) }).status, 404);
});

Deno.test("maintenance info is for administrators", () => {
  const model = server("26.1.0", { security: users });
  const headers = { accept: v(1), ...basic("guest", "guest") };
  assertEquals(ask(model, "GET /go/api/admin/maintenance_mode/info", headers).status, 403);
});

Deno.test("a starting server answers 503 as JSON, text or HTML by Accept, and the login comes later", () => {
  const model = server("26.1.0", { security: users });
  model.restart(minute);
  const kinds = [["application/vnd.go.cd+json", "application/json"], ["application/xml", "text/plain"], [
    "",
    "text/html",
  ]];
  for (const [accept = "", type = ""] of kinds) {
    const response = ask(model, "GET /go/api/agents", accept === "" ? {} : { accept });
    assertEquals([response.status, response.headers["content-type"]], [503, type]);
    assertStringIncludes(response.body, "GoCD server is starting");
  }
  run(model, 61 * second);
  assertEquals(ask(model, "GET /go/api/agents", { accept: newest }).status, 401);
});

Deno.test("a backup answers 503 to everything, reads included: JSON, XML or HTML by what the request mentions", () => {
  const model = server("26.1.0", { security: users });
  model.setBackup(true);
  assertEquals(
    json(ask(model, "GET /go/api/agents", { accept: newest })).message,
    "Server is under maintenance mode, please try later.",
  );
  assertEquals(
    ask(model, "GET /go/api/feed/jobs/scheduled.xml").body,
    "<message>Server is under maintenance mode, please try later.</message>",
  );
  assertStringIncludes(ask(model, "GET /go/api/agents").body, "<html>");
  assertEquals(ask(model, "GET /go/api/v1/health").status, 200);
});

Deno.test("paths: the root redirects, a missing /go is a 404 page, /api/v1/health needs no login from 17.11", () => {
  const model = server("26.1.0", { security: users });
  assertEquals(ask(model, "GET /").status, 302);
  assertEquals(ask(model, "GET /api/agents", { accept: newest }).status, 404);
  assertEquals(json(ask(model, "GET /go/api/v1/health")).health, "OK");
  assertEquals(ask(server("16.6.0"), "GET /go/api/v1/health").status, 404);
  const moved = server("26.1.0", { contextPath: "/ci/gocd" });
  assertEquals(ask(moved, "GET /ci/gocd/api/agents", { accept: newest }).status, 200);
});

Deno.test("health messages: from 18.2; jobs unassigned for 5 minutes are named from 20.9; ETag is honoured", () => {
  assertEquals(ask(server("18.1.0"), "GET /go/api/server_health_messages", { accept: v(1) }).status, 404);
  for (const [version, want] of [["20.8.0", 0], ["20.9.0", 1]] as const) {
    const model = server(version);
    job(model, "up42");
    run(model, 4 * minute);
    assertEquals(json(ask(model, "GET /go/api/server_health_messages", { accept: v(1) })), []);
    run(model, 22 * minute);
    const response = ask(model, "GET /go/api/server_health_messages", { accept: v(1) });
    const messages = json(response);
    assertEquals(messages.length, want);
    if (want === 0) continue;
    assertEquals(messages[0].message, "Job 'up42/stage/job' is not responding");
    assertStringIncludes(messages[0].detail, "/go/tab/build/detail/up42/1/stage/1/job");
    assertStringIncludes(messages[0].detail, "has not been assigned an agent in the last 26 minute(s)");
    const again = { accept: v(1), "if-none-match": response.headers["etag"] ?? "" };
    assertEquals(ask(model, "GET /go/api/server_health_messages", again).status, 304);
  }
});

Deno.test("elastic usages name the jobs of a profile, from 19.1", () => {
  const model = server("19.8.0");
  job(model, "p", { elasticProfile: "k8s" });
  job(model, "q");
  const usages = json(ask(model, "GET /go/api/internal/elastic/profiles/k8s/usages", { accept: v(1) }));
  assertEquals(usages.map((usage: { pipeline_name: string }) => usage.pipeline_name), ["p"]);
  assertEquals(
    ask(server("18.10.0"), "GET /go/api/internal/elastic/profiles/k8s/usages", { accept: v(1) }).status,
    404,
  );
});

Deno.test("agents list v3 and v4 before 18.11 honour If-None-Match, later lists have no ETag", () => {
  const model = withAgent("18.10.0");
  const first = ask(model, "GET /go/api/agents", { accept: v(4) });
  assertEquals(
    ask(model, "GET /go/api/agents", { accept: v(4), "if-none-match": first.headers["etag"] ?? "" }).status,
    304,
  );
  assertEquals(ask(withAgent("18.11.0"), "GET /go/api/agents", { accept: v(4) }).headers["etag"], undefined);
});

Deno.test("build details are left out for a user who may not view the pipeline", () => {
  const model = server("26.1.0", { security: users });
  model.addAgent({ uuid: "u", hostname: "h" });
  job(model, "hidden", { durationMs: 10 * minute });
  run(model, minute);
  const shown = (who: Record<string, string>): boolean =>
    "build_details" in json(ask(model, "GET /go/api/agents/u", { accept: newest, ...who }));
  assertEquals([shown(basic("root", "sesame")), shown(basic("guest", "guest"))], [true, false]);
});

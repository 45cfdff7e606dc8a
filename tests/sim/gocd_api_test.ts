// The HTTP responses of the simulated GoCD server by release: paths, Accept, bodies. Access: gocd_access_test.ts.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { ask, basic, job, json, launch, minute, run, second, server, users } from "./gocd_support.ts";

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
  Deno.test(`GET agents on ${version} with Accept "${accept}" is answered with ${want}`, () => {
    const response = ask(withAgent(version), "GET /go/api/agents", accept === "" ? {} : { accept });
    if (typeof want === "number") {
      assertEquals(response.status, want);
      return;
    }
    assertEquals(response.status, 200);
    const shape = shapeOf(json(response));
    assertEquals(want === "v2" || want === "v3" || want === "v4" ? "v2 to v4" : want, shape);
    if (want !== "legacy") assertEquals(response.headers["content-type"], `${v(Number(want.slice(1)))};charset=utf-8`);
  });
}

Deno.test("an unknown path is a 404 with an HTML page, from 18.6 only for an Accept that allows one", () => {
  const kinds = [["18.5.0", newest, 1], ["18.5.0", "text/html", 1], ["18.6.0", newest, 0], [
    "18.6.0",
    "*/*",
    1,
  ]] as const;
  for (const [version, accept, pages] of kinds) {
    const { status, body } = ask(server(version), "GET /go/api/nope", { accept });
    assertEquals([status, body.split("<html>").length - 1], [404, pages]);
  }
});

Deno.test("every response has the header X-UA-Compatible from 18.12", () => {
  for (const [version, value] of [["18.11.0", undefined], ["18.12.0", "chrome=1"]] as const) {
    for (const path of ["/go/api/nope", "/go/api/version", "/elsewhere"]) {
      assertEquals(ask(server(version), `GET ${path}`).headers["x-ua-compatible"], value);
    }
  }
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
  Deno.test(`GET ${path} on ${version} with Accept "${accept}" is answered with ${want}`, () => {
    assertEquals(ask(server(version), `GET ${path}`, accept === "" ? {} : { accept }).status, want);
  });
}

Deno.test("the feed lists only Scheduled jobs, oldest first, with an id only on the old path", () => {
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

Deno.test("secure variables are masked, and control characters are character references that XML forbids", () => {
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

Deno.test("from 20.9 the feed omits pipelines that the user may not view", () => {
  for (const [version, want] of [["20.8.0", 2], ["20.9.0", 1]] as const) {
    const model = server(version, { security: users });
    job(model, "open");
    job(model, "hidden");
    const { body, status } = ask(model, "GET /go/api/feed/jobs/scheduled.xml", basic("guest", "guest"));
    assertEquals([status, body.split("<job ").length - 1], [200, want]);
  }
});

Deno.test("in maintenance mode changes are refused with 503, reads continue, and the info has the form of the release", () => {
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

Deno.test("a starting server responds 503 as JSON, text or HTML by Accept, before any login", () => {
  const model = server("26.1.0", { security: users });
  model.restart(minute);
  const kinds = [["application/vnd.go.cd+json", "application/json"], [
    "application/xml",
    "text/plain;charset=iso-8859-1",
  ], [
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

Deno.test("during a backup all requests but the health check are answered with 503, as JSON, XML or HTML", () => {
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

Deno.test("the root redirects, a path without the context path is a 404, and /api/v1/health needs no login", () => {
  const model = server("26.1.0", { security: users });
  assertEquals(ask(model, "GET /").status, 302);
  assertEquals(ask(model, "GET /api/agents", { accept: newest }).status, 404);
  assertEquals(json(ask(model, "GET /go/api/v1/health")).health, "OK");
  assertEquals(ask(server("16.6.0"), "GET /go/api/v1/health").status, 404);
  const moved = server("26.1.0", { contextPath: "/ci/gocd" });
  assertEquals(ask(moved, "GET /ci/gocd/api/agents", { accept: newest }).status, 200);
});

Deno.test("health messages exist from 18.2, name unassigned jobs from 20.9, and support ETag", () => {
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

Deno.test("elastic usages list the jobs of a profile, and do not exist in 18.10", () => {
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

Deno.test("elastic profiles are for administrators, and from 20.1 users can list them", () => {
  for (const [version, list, usages, unknown] of [["19.12.0", 403, 403, 404], ["20.1.0", 200, 403, 422]] as const) {
    const model = server(version, { security: users });
    job(model, "p", { elasticProfile: "k8s" });
    const status = (path: string, who: Record<string, string>): number =>
      ask(model, `GET /go/api/${path}`, { accept: newest, ...who }).status;
    const guest = basic("guest", "guest");
    assertEquals(status("elastic/profiles", guest), list);
    assertEquals(status("internal/elastic/profiles/k8s/usages", guest), usages);
    assertEquals(status("internal/elastic/profiles/nope/usages", basic("root", "sesame")), unknown);
  }
});

Deno.test("the feed has a deprecation header from 25.4", () => {
  for (const [version, value] of [["25.3.0", undefined], ["25.4.0", "v25.4.0"]] as const) {
    const { headers } = ask(server(version), "GET /go/api/feed/jobs/scheduled.xml");
    assertEquals(headers["x-gocd-api-deprecated-in"], value);
  }
});

Deno.test("the list of agents supports If-None-Match before 18.11, and has no ETag from 18.11", () => {
  const model = withAgent("18.10.0");
  const first = ask(model, "GET /go/api/agents", { accept: v(4) });
  assertEquals(
    ask(model, "GET /go/api/agents", { accept: v(4), "if-none-match": first.headers["etag"] ?? "" }).status,
    304,
  );
  assertEquals(ask(withAgent("18.11.0"), "GET /go/api/agents", { accept: v(4) }).headers["etag"], undefined);
});

Deno.test("build details are omitted for a user who may not view the pipeline", () => {
  const model = server("26.1.0", { security: users });
  model.addAgent({ uuid: "u", hostname: "h" });
  job(model, "hidden", { durationMs: 10 * minute });
  run(model, minute);
  const shown = (who: Record<string, string>): boolean =>
    "build_details" in json(ask(model, "GET /go/api/agents/u", { accept: newest, ...who }));
  assertEquals([shown(basic("root", "sesame")), shown(basic("guest", "guest"))], [true, false]);
});

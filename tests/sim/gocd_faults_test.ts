// Faults, restarts and upgrades of the simulated GoCD server.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { ask, job, json, launch, minute, run, second, server } from "./gocd_support.ts";
import type { SimFaultKind } from "../../src/sim/gocd/faults.ts";

const newest = { accept: "application/vnd.go.cd+json" };
const list = "GET /go/api/agents";

const plain: readonly (readonly [SimFaultKind, number, string, string])[] = [
  [{ kind: "refused" }, 0, "refused", ""],
  [{ kind: "starting" }, 503, "kept", "GoCD server is starting"],
  [{ kind: "backup" }, 503, "kept", "under maintenance mode"],
  [{ kind: "status", status: 504 }, 504, "kept", "status 504"],
  [{ kind: "login-page", style: "html-200" }, 200, "kept", "<!DOCTYPE html>"],
  [{ kind: "login-page", style: "redirect-302" }, 302, "kept", ""],
  [{ kind: "no-answer" }, 0, "cut", ""],
];
for (const [fault, status, connection, text] of plain) {
  Deno.test(`the fault ${JSON.stringify(fault)} affects only the given number of requests`, () => {
    const model = server("26.1.0");
    model.inject(fault, 2);
    for (let round = 0; round < 2; round++) {
      const response = ask(model, list, newest);
      assertEquals([response.status, response.connection], [status, connection]);
      assertStringIncludes(response.body, text);
    }
    assertEquals(ask(model, list, newest).status, 200);
  });
}

Deno.test("a fault for a path does not affect other paths", () => {
  const model = server("26.1.0");
  model.inject({ kind: "refused" }, 1, "scheduled.xml");
  assertEquals(ask(model, list, newest).status, 200);
  assertEquals(ask(model, "GET /go/api/feed/jobs/scheduled.xml").connection, "refused");
});

Deno.test("a truncated response has half the body, a cut one a cut connection, and a slow one a delay", () => {
  const model = server("26.1.0");
  const { body } = ask(model, list, newest);
  model.inject({ kind: "truncated" });
  const truncated = ask(model, list, newest);
  assertEquals([truncated.connection, truncated.body], ["kept", body.slice(0, Math.floor(body.length / 2))]);
  model.inject({ kind: "cut" });
  assertEquals(ask(model, list, newest).connection, "cut");
  model.inject({ kind: "slow", delayMs: 45_000 });
  assertEquals(ask(model, list, newest).delayMs, 45_000);
});

Deno.test("a change whose response is lost takes effect", () => {
  const model = server("26.1.0");
  model.addAgent({ uuid: "u", hostname: "h" });
  model.inject({ kind: "no-answer" });
  ask(model, "PATCH /go/api/agents/u", newest, { "agent_config_state": "Disabled" });
  assertEquals(model.agents()[0]?.configState, "Disabled");
});

Deno.test("a stale response has the agents and jobs of the time at which the fault was set", () => {
  const model = server("26.1.0");
  job(model, "early", { gocdResources: ["x"] });
  model.inject({ kind: "stale" }, 2);
  job(model, "late", { gocdResources: ["x"] });
  launch(model, "c1");
  run(model, minute);
  assertEquals(json(ask(model, list, newest))._embedded.agents, []);
  const { body } = ask(model, "GET /go/api/feed/jobs/scheduled.xml");
  assertEquals([body.includes("early"), body.includes("late")], [true, false]);
  assertEquals(json(ask(model, list, newest))._embedded.agents.length, 1);
});

Deno.test("an upgrade changes the paths and the API versions, and agents connect again", () => {
  const model = server("19.8.0");
  launch(model, "c1");
  run(model, minute);
  const old = { accept: "application/vnd.go.cd.v4+json" };
  assertEquals(ask(model, list, old).status, 200);
  assertEquals(ask(model, "GET /go/api/jobs/scheduled.xml").status, 200);
  model.upgrade("26.1.0", 60 * second);
  assertEquals(ask(model, list, old).status, 503);
  run(model, 70 * second);
  assertEquals(ask(model, list, old).status, 404);
  assertEquals(ask(model, "GET /go/api/jobs/scheduled.xml").status, 404);
  assertEquals(json(ask(model, list, newest))._embedded.agents[0].agent_state, "Idle");
});

Deno.test("a second restart during a start extends it", () => {
  const model = server("26.1.0");
  model.restart(30 * second);
  run(model, 20 * second);
  model.restart(30 * second);
  run(model, 20 * second);
  assertEquals(ask(model, list, newest).status, 503);
  run(model, 11 * second);
  assertEquals(ask(model, list, newest).status, 200);
});

Deno.test("a change of the security settings applies to the next request", () => {
  const model = server("26.1.0");
  assertEquals(ask(model, list, newest).status, 200);
  model.setSecurity({ kind: "on", users: [] });
  assertEquals(ask(model, list, newest).status, 401);
});

Deno.test("requests are counted by kind, responses by status, and the maximum at one time", () => {
  const model = server("26.1.0");
  const [one, two] = [model.beginRequest(), model.beginRequest()];
  one();
  one();
  two();
  ask(model, list, newest);
  ask(model, "GET /go/api/feed/jobs/scheduled.xml");
  ask(model, "DELETE /go/api/agents", newest, { uuids: ["x"] });
  assertEquals(Object.fromEntries(model.tally.requests), { "agents.list": 1, feed: 1, "agents.bulk-delete": 1 });
  assertEquals(Object.fromEntries(model.tally.statuses), { 200: 2, 404: 1 });
  assertEquals([model.tally.concurrentRequests, model.tally.concurrentRequestsMax], [0, 2]);
});

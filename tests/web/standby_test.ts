// The page, health and metrics of an instance that shares its state with others. Not here: the election (tests/store).

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { LeadershipView, StatusView } from "../../src/core/view/view.ts";
import { healthOf } from "../../src/web/health.ts";
import { metricsPage } from "../../src/web/metrics.ts";
import { pageQuery } from "../../src/web/page_query.ts";
import { statusPage } from "../../src/web/status_page.ts";
import { pictureOf } from "../support/picture.ts";
import { hostileName, sampleMs, sampleView } from "../support/sample_view.ts";

const hourMs = 3_600_000;

function shared(leadership: Omit<LeadershipView, "sinceMs">, sinceMs = sampleMs - hourMs): StatusView {
  const mesos = { ...sampleView.mesos, session: "connecting" as const, sinceMs };
  return { ...sampleView, mesos, gocd: { ...sampleView.gocd, stale: true }, leadership: { ...leadership, sinceMs } };
}

function tornDown(): StatusView {
  return { ...shared({ role: "leader" }), gocd: sampleView.gocd, tornDown: true };
}

const healths: readonly (readonly [string, StatusView, boolean])[] = [
  ["a standby that sees the leader", shared({ role: "standby", leader: "one" }), true],
  ["a standby that has not seen a leader yet", shared({ role: "standby" }, sampleMs), true],
  ["a standby that sees no leader for an hour", shared({ role: "standby" }), false],
  ["a leader that does not get to work", shared({ role: "leader" }), false],
  ["a leader that waits for the operator after a teardown", tornDown(), true],
];
for (const [what, view, isHealthy] of healths) {
  Deno.test(`${what} is ${isHealthy ? "healthy" : "not healthy"}`, () => {
    assertEquals(healthOf(view, sampleMs).isHealthy, isHealthy);
  });
}

function pageOf(view: StatusView): string {
  const query = pageQuery(new URLSearchParams());
  return statusPage({ view, health: healthOf(view, sampleMs), notes: [], query, version: "1" });
}

Deno.test("the page of a standby says who leads, whatever its name", () => {
  assertStringIncludes(pageOf(shared({ role: "standby", leader: "http://one:8090 (process 7)" })), "http://one:8090");
  assertStringIncludes(pageOf(shared({ role: "standby" })), "no leader is known");
  assert(!pageOf(shared({ role: "standby", leader: hostileName })).includes("<script>document.title"));
  assert(!pageOf(shared({ role: "leader" })).includes('id="standby"'));
  assert(!pageOf(sampleView).includes("Election"), "where there is only one instance nothing is said of it");
});

Deno.test("the page of a leader that waits after a teardown says how it goes on", () => {
  assertStringIncludes(pageOf(tornDown()), "Torn down: no framework is registered until gocd-mesos resume.");
  assert(!pageOf(shared({ role: "leader" })).includes("Torn down"));
});

Deno.test("the metrics count the leader, and nothing where there is only one instance", () => {
  const metrics = (view: StatusView): string => metricsPage(pictureOf(view), "1");
  assertStringIncludes(metrics(shared({ role: "leader" })), "gocd_mesos_leader 1\n");
  assertStringIncludes(metrics(shared({ role: "standby" })), "gocd_mesos_leader 0\n");
  assert(!metrics(sampleView).includes("gocd_mesos_leader"));
});

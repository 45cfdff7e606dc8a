// What the page shows of failures: the kinds of the last hour by profile and host, and the agent that is tried first.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { metricsPage } from "../../src/web/metrics.ts";
import { hostViews } from "../../src/web/api/documents.ts";
import type { StatusView } from "../../src/core/view/view.ts";
import { createHandler } from "../../src/web/handler.ts";
import { pictureOf } from "../support/picture.ts";
import { sampleMs, sampleView } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";

const failing: StatusView = {
  ...sampleView,
  failingHosts: [{ host: "rack9", recentFailures: { "lost-host": 2 } }],
  profiles: sampleView.profiles.map((profile) => ({
    ...profile,
    breaker: { state: "half-open", sinceMs: sampleMs, canary: "gocd-abc-canary-1" },
    recentFailures: { "pull": 3, "early-exit": 1 },
  })),
};

Deno.test("the page shows what has failed of each profile and on each host, and which agent is tried first", async () => {
  const handler = createHandler(sampleOptions({ picture: () => pictureOf(failing) }));
  const page = await (await handler(new Request("http://127.0.0.1:8090/"))).text();
  assertStringIncludes(page, "3 × image not pulled, 1 × ended before it registered");
  assertStringIncludes(page, "2 × lost by Mesos");
  assertStringIncludes(page, "gocd-abc-canary-1");
});

Deno.test("a host without agents of ours is listed while something has failed there", () => {
  const host = hostViews(failing).find((each) => each.host === "rack9");
  assertEquals(host, { host: "rack9", agents: 0, byState: {}, recentFailures: { "lost-host": 2 } });
});

Deno.test("metrics of failures have every kind of each profile, and hosts are only counted", () => {
  const lines = metricsPage(pictureOf(failing), "1").split("\n");
  assertEquals(lines.filter((line) => line.startsWith('gocd_mesos_recent_failures{profile="linux"')).length, 7);
  assertEquals(lines.includes('gocd_mesos_recent_failures{profile="linux",kind="pull"} 3'), true);
  assertEquals(lines.includes('gocd_mesos_failing_hosts{kind="lost-host"} 1'), true);
  assertEquals(lines.some((line) => line.startsWith("gocd_mesos_failing_hosts") && line.includes("rack9")), false);
});

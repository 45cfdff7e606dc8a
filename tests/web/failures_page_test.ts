// Failures on the page: by profile and host, errors, and the canary of a breaker.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { metricsPage } from "../../src/web/metrics.ts";
import { hostViews } from "../../src/web/api/documents.ts";
import type { StatusView } from "../../src/core/view/view.ts";
import { createHandler } from "../../src/web/handler.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import { drive, jobs, minute, offer, only } from "../support/core.ts";
import { pictureOf } from "../support/picture.ts";
import { sampleMs, sampleView } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";

const failing: StatusView = {
  ...sampleView,
  failingHosts: [{ host: "rack9", recentFailures: { "lost-host": 2 } }],
  profiles: sampleView.profiles.map((profile) => ({
    ...profile,
    breaker: { state: "half-open", sinceMs: sampleMs, canary: "gocd-abc-canary-1", failure: "pull: no such image" },
    recentFailures: { "pull": 3, "early-exit": 1 },
  })),
};

Deno.test("the page shows the failures of each profile and host, and the canary of a half-open breaker", async () => {
  const handler = createHandler(sampleOptions({ picture: () => pictureOf(failing) }));
  const page = await (await handler(new Request("http://127.0.0.1:8090/"))).text();
  assertStringIncludes(page, "3 × image not pulled, 1 × ended before it registered");
  assertStringIncludes(page, "2 × lost by Mesos");
  assertStringIncludes(page, "gocd-abc-canary-1");
});

/** The picture after some launches in a row have failed with this, while ten jobs wait. */
function failingFor(message: string, waves: number): StatusView {
  const world = drive();
  world.subscribe();
  for (let wave = 0; wave < waves; wave++) {
    world.wait(2 * minute);
    world.poll({ jobs: jobs(10) });
    world.offers(offer(`h${wave}`));
    for (const { launches } of only(world.taken(), "accept-offers")) {
      for (const { taskId } of launches) world.status(taskId, "TASK_FAILED", { message });
    }
  }
  if (waves > 1) world.wait(2 * minute);
  world.poll({ jobs: jobs(10) });
  return statusView(world.state, world.atMs);
}

for (const [what, waves, code] of [["waits", 1, "held-breaker"], ["is probed", 3, "held-probe"]] as const) {
  Deno.test(`the long error of a profile that ${what} is shown once with its problem and once with an ended agent`, async () => {
    const view = failingFor(`Failed to pull the image: ${"manifest unknown, ".repeat(9)}the very end`, waves);
    assertEquals(new Set(view.jobs.map(({ reasonCode }) => reasonCode)), new Set([code]));
    const handler = createHandler(sampleOptions({ picture: () => pictureOf(view, { notes: [] }) }));
    const page = await (await handler(new Request("http://127.0.0.1:8090/"))).text();
    const [, ended = ""] = /<details id="ended"([\s\S]*?)<\/table>/.exec(page) ?? [];
    assert(view.instances.length > 3, "each ended with it");
    assertEquals(page.split("the very end").length - 1, 2, "where the profile is, and where the first ended");
    assertEquals(ended.split("the very end").length - 1, 1);
    assertStringIncludes(page, (view.jobs[0]?.brief ?? "a brief reason").replace(/ at \S+Z$/, ""));
    assertMatch(page, / <a href="#problems">What to do<\/a>/, "the sentence and the link are words of their own");
  });
}

Deno.test("a host without agents of ours is listed if it has recent failures", () => {
  const host = hostViews(failing).find((each) => each.host === "rack9");
  assertEquals(host, { host: "rack9", agents: 0, byState: {}, recentFailures: { "lost-host": 2 } });
});

Deno.test("metrics of failures contain each kind by profile, and the number of hosts without their names", () => {
  const lines = metricsPage(pictureOf(failing), "1").split("\n");
  assertEquals(lines.filter((line) => line.startsWith('gocd_mesos_recent_failures{profile="linux"')).length, 7);
  assertEquals(lines.includes('gocd_mesos_recent_failures{profile="linux",kind="pull"} 3'), true);
  assertEquals(lines.includes('gocd_mesos_failing_hosts{kind="lost-host"} 1'), true);
  assertEquals(lines.some((line) => line.startsWith("gocd_mesos_failing_hosts") && line.includes("rack9")), false);
});

Deno.test("failures are shown by host and profile, on the card of the profile, and also while launching is frozen", async () => {
  const world = drive();
  world.subscribe();
  for (const host of ["h1", "h2"]) {
    world.wait(2 * minute);
    world.poll({ jobs: jobs(1) });
    world.offers(offer(host));
    for (const { launches } of only(world.taken(), "accept-offers")) {
      for (const { taskId } of launches) world.status(taskId, "TASK_FAILED", { message: "Failed to pull image" });
    }
  }
  const pageOf = async (view: StatusView): Promise<string> => {
    const handler = createHandler(sampleOptions({ picture: () => pictureOf(view, { notes: [] }) }));
    return await (await handler(new Request("http://127.0.0.1:8090/"))).text();
  };
  const view = statusView(world.state, world.atMs);
  const page = await pageOf(view);
  const [, hosts = ""] = /<section id="hosts"([\s\S]*?)<\/section>/.exec(page) ?? [];
  assertMatch(
    hosts,
    /<tr [^>]*data-key="h2"[\s\S]*?data-label="Failed in the last hour"[\s\S]*?profile <bdi>default<\/bdi>: 1 × image not pulled/,
  );
  const text = "launches failed on 2 of 2 hosts tried: probably the image or its settings, not a host";
  assertStringIncludes(page.split('id="profiles"')[1] ?? "", text);
  assertStringIncludes(view.problems.find(({ code }) => code === "profile-failing")?.message ?? "", text);
  world.send({ kind: "launching-frozen" });
  const frozen = await pageOf(statusView(world.state, world.atMs));
  assertMatch(
    frozen,
    /frozen by the operator; the last 2 launches failed; [^<]*<\/bdi> <a href="#problems">What to do</,
  );
  assertMatch(frozen, /badge bad">blocked<\/span> <bdi>the last 2 launches failed; no agent has registered since/);
});

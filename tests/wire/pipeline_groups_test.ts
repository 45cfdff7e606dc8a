// The whole program with pipeline groups: two teams share a limit by their weights, and one has its own agents.

import { assert, assertEquals } from "@std/assert";
import type { StatusView } from "../../src/core/view/view.ts";
import { startVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";

const second = 1_000;
const minute = 60 * second;

const more = `
  scaling { max-agents = 4, fair-share = pipeline-group, weights { team-a = 3 } }
  profiles {
    plain { resources = [linux] }
    mobile { resources = [mac], pipeline-groups = ["mobile-*"] }
  }
`;

function schedule({ gocd }: VirtualCluster, pipeline: string, group: string, gocdResource: string): void {
  for (let job = 0; job < 12; job++) {
    gocd.schedule({ pipeline, stage: "s", job: `j${job}`, gocdResources: [gocdResource], durationMs: 10 * minute });
  }
  gocd.setPipelineGroup(pipeline, group);
}

/** How many agents each profile has. */
function agentsOf({ instances }: StatusView): Record<string, number> {
  const living = instances.filter(({ state }) => state === "building" || state === "idle");
  return Object.fromEntries(
    [...Map.groupBy(living, ({ profile }) => profile)].map(([profile, all]) => [profile, all.length]),
  );
}

Deno.test("two pipeline groups share a limit of 4 agents 3 to 1, each with agents of its own profile", async () => {
  const cluster = await startVirtualCluster({
    hopMs: 5,
    mesosAgents: ["h1", "h2"].map((hostname) => ({ hostname, resources: { cpus: 8, mem: 16_384, disk: 10_000 } })),
    more,
  });
  try {
    schedule(cluster, "app", "Mobile-iOS", "mac");
    schedule(cluster, "shop", "team-a", "linux");
    schedule(cluster, "tool", "team-b", "mac");
    await cluster.pass(3 * minute);
    const view = cluster.framework.picture().view;
    assertEquals(agentsOf(view), { mobile: 1, plain: 3 });
    const groups = view.demand.map(({ pipelineGroup, profile }) => [pipelineGroup, profile ?? "none"].join(": "));
    assertEquals(groups.toSorted(), ["Mobile-iOS: mobile", "team-a: plain", "team-b: none"]);
    const lone = view.jobs.find(({ locator }) => locator.startsWith("tool/"));
    assertEquals([lone?.verdict, lone?.reasonCode], ["unserved", "no-profile-group"]);
    const held = view.jobs.find(({ locator, verdict }) => locator.startsWith("app/") && verdict === "needs-agent");
    assert(held?.reason.includes("shared by pipeline-group (scaling.fair-share)"), held?.reason);
    assertEquals(view.problems.filter(({ code }) => code.startsWith("gocd-group")), []);
  } finally {
    await cluster.stop();
  }
});

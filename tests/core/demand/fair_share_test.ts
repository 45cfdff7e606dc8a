// Fair shares where a limit binds: who is served next, and who gives places up.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdAgent, ScheduledJob } from "../../../src/core/gocd_records.ts";
import type { FairShare } from "../../../src/core/settings.ts";
import { building, drive, type Driver, gocdAgent, job, minute, offer, only, second } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const profiles = [
  aProfile({ name: "linux", gocdResources: ["linux"] }),
  aProfile({ name: "prod", gocdResources: ["linux"], environments: ["prod"] }),
];
const disabled = { configState: "Disabled" } as const;
const waiting = (count: number, environment?: string): ScheduledJob[] =>
  Array.from({ length: count }, (_, index) => {
    const name = `${environment ?? "plain"}${index}`;
    return job(name, { locator: `p/1/s/1/${name}`, ...(environment === undefined ? {} : { environment }) });
  });

function fleet(fairShare: FairShare | undefined, maxAgents: number): Driver {
  const world = drive({ profiles, scaling: { maxAgents, ...(fairShare === undefined ? {} : { fairShare }) } });
  world.subscribe();
  return world;
}

const launched = (world: Driver, host: string): Record<string, number> => {
  world.taken();
  world.wait(6 * second);
  world.offers(offer(host, { cpus: 100, mem: 1_000_000 }));
  const launches = only(world.taken(), "accept-offers").flatMap((each) => each.launches);
  return Object.fromEntries(
    [...Map.groupBy(launches, ({ profile }) => profile.name)].map(([name, all]) => [name, all.length]),
  );
};

Deno.test("at the overall limit, environments share; without fair-share the oldest jobs get everything", () => {
  const jobs = [...waiting(10), ...waiting(10, "prod")];
  const plain = fleet(undefined, 4);
  plain.poll({ jobs });
  assertEquals(launched(plain, "h1"), { linux: 4 });
  const fair = fleet({ by: "environment", weights: {} }, 4);
  fair.poll({ jobs });
  assertEquals(launched(fair, "h1"), { linux: 2, prod: 2 });
  assertStringIncludes(
    fair.verdict("prod9").reason,
    "limit reached: scaling.max-agents = 4, shared by environment (scaling.fair-share)",
  );
  const weighted = fleet({ by: "environment", weights: { prod: 3 } }, 4);
  weighted.poll({ jobs });
  assertEquals(launched(weighted, "h1"), { linux: 1, prod: 3 });
});

Deno.test("profiles share by their weights, and what one does not need goes to the other", () => {
  const world = drive({
    profiles: profiles.map((each) => each.name === "prod" ? { ...each, weight: 2 } : each),
    scaling: { maxAgents: 6, fairShare: { by: "profile", weights: {} } },
  });
  world.subscribe();
  world.poll({ jobs: [...waiting(10), ...waiting(1, "prod")] });
  assertEquals(launched(world, "h1"), { linux: 5, prod: 1 });
});

/** Two agents of `linux` that build, at a limit of two, and more jobs for them. */
function busy(fairShare: FairShare | undefined): { readonly world: Driver; readonly agents: readonly GocdAgent[] } {
  const world = fleet(fairShare, 2);
  world.poll({ jobs: waiting(2) });
  assertEquals(launched(world, "h1"), { linux: 2 });
  const ids = [...world.state.instances.keys()];
  for (const id of ids) world.status(id, "TASK_RUNNING");
  const agents = ids.map((id) => gocdAgent(id, building));
  world.poll({ jobs: waiting(4).slice(2), agents });
  world.wait(minute);
  world.taken();
  return { world, agents };
}

Deno.test("a sharer above its share gives up a slot after a build, so that none starves, but no more than that", () => {
  const jobs = [...waiting(5).slice(2), ...waiting(3, "prod")];
  const { world, agents } = busy({ by: "environment", weights: {} });
  world.poll({ jobs, agents });
  const asked = only(world.taken(), "disable-gocd-agents").flatMap((each) => each.agents);
  assertEquals(asked.length, 1);
  const [{ taskId = "" } = {}] = asked;
  const { reason } = world.instance(taskId) as { reason?: string };
  assertEquals(reason, "fair-share");
  // While it continues to build, nothing is killed and no other is removed.
  for (let round = 0; round < 20; round++) {
    world.wait(minute);
    world.poll({ jobs, agents: agents.map((each) => each.hostname === taskId ? { ...each, ...disabled } : each) });
  }
  assertEquals(world.taken().filter(({ kind }) => kind === "kill-task" || kind === "delete-gocd-agents"), []);
  assertEquals([...world.state.instances.values()].filter(({ state }) => state === "draining").length, 1);
});

Deno.test("without fair-share, or if other agents could take the jobs as well, no place is given up", () => {
  const { world, agents } = busy(undefined);
  world.poll({ jobs: [...waiting(5).slice(2), ...waiting(3, "prod")], agents });
  assertEquals(only(world.taken(), "disable-gocd-agents"), []);
  const same = busy({ by: "profile", weights: {} });
  same.world.poll({ jobs: waiting(9), agents: same.agents });
  assertEquals(only(same.world.taken(), "disable-gocd-agents"), []);
});

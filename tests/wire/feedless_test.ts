// The feed of scheduled jobs disappears while the whole program is running: no build is lost, no agent is killed, and
// it is reported once.

import { assert, assertEquals } from "@std/assert";
import { startVirtualCluster, type VirtualCluster } from "../support/virtual_cluster.ts";

const second = 1_000;
const minute = 60 * second;

const mesosAgents = Array.from({ length: 4 }, (_, index) => ({
  hostname: `h${index}`,
  ip: `10.0.0.${index}`,
  port: 5051,
  resources: { cpus: 4, mem: 8_192, disk: 10_000 },
}));

function schedule({ gocd }: VirtualCluster, pipeline: string, more: Record<string, unknown> = {}): string {
  return gocd.schedule({ pipeline, stage: "s", job: "j", gocdResources: ["linux"], durationMs: 10 * minute, ...more });
}

async function scene(more: string, act: (world: VirtualCluster) => Promise<void>): Promise<void> {
  const world = await startVirtualCluster({ mesosAgents, hopMs: 5, more });
  try {
    await act(world);
  } finally {
    await world.stop();
  }
}

async function untilBuilt(world: VirtualCluster, builds: number): Promise<void> {
  const endMs = world.nowMs() + 60 * minute;
  while (world.gocd.tally.buildsCompleted < builds) {
    assert(world.nowMs() < endMs, `${world.gocd.tally.buildsCompleted} of ${builds} builds are done`);
    await world.pass(minute);
  }
}

const told = ({ notes }: VirtualCluster, code: string): number => notes.filter((note) => note.code === code).length;
const profile = 'go-agent { resources = [linux], environments = "*" }';

Deno.test("if the feed disappears during operation, the JSON APIs are used, no build is lost, and one line reports it", async () => {
  await scene(profile, async (world) => {
    for (let pipeline = 0; pipeline < 3; pipeline++) schedule(world, `p${pipeline}`);
    await world.pass(3 * minute);
    assertEquals(world.gocd.jobs().filter(({ state }) => state === "Building").length, 3);
    schedule(world, "p3");
    world.gocd.setFeedGone(404);
    await world.pass(15 * second);
    schedule(world, "p4", { environment: "prod" });
    schedule(world, "p5", { gocdResources: ["windows"] });
    await untilBuilt(world, 5);
    assertEquals(told(world, "gocd-feed-gone"), 1);
    assertEquals(world.notes.filter(({ code }) => code === "gocd-unknown-path"), []);
    assertEquals(world.gocd.jobs().map(({ locator }) => locator), ["p5/1/s/1/j"]);
    const waiting = world.framework.engine.state.demand.jobs;
    assertEquals(waiting.map(({ reason }) => reason.kind), ["no-profile-resources"]);
    // Idle agents go as ever.
    await world.pass(30 * minute);
    assertEquals(world.framework.engine.state.instances.size, 0);
    const { buildsKilled, buildsRescheduled, buildsCancelled } = world.gocd.tally;
    assertEquals([buildsKilled.length, buildsRescheduled, buildsCancelled], [0, 0, 0]);
  });
});

Deno.test("an upgrade to a GoCD version without the feed loses no running build", async () => {
  await scene(profile, async (world) => {
    for (let pipeline = 0; pipeline < 3; pipeline++) schedule(world, `p${pipeline}`);
    await world.pass(3 * minute);
    const instances = [...world.framework.engine.state.instances.keys()];
    assertEquals(instances.length, 3);
    world.gocd.setFeedGone(404);
    world.gocd.setDashboardPending(true);
    world.gocd.upgrade("27.1.0", 40 * second);
    schedule(world, "p3");
    await world.pass(2 * minute);
    world.gocd.setDashboardPending(false);
    await world.pass(2 * minute);
    assertEquals(instances.filter((id) => !world.framework.engine.state.instances.has(id)), []);
    await untilBuilt(world, 4);
    assertEquals(told(world, "gocd-feed-gone"), 1);
    assertEquals(world.gocd.tally.buildsKilled, []);
  });
});

Deno.test("with poller.source = api the feed is never requested, and the jobs are built", async () => {
  await scene(`${profile}\npoller.source = api`, async (world) => {
    for (let pipeline = 0; pipeline < 3; pipeline++) schedule(world, `p${pipeline}`);
    await untilBuilt(world, 3);
    assertEquals(world.gocd.tally.requests.get("feed"), undefined);
    assertEquals(told(world, "gocd-feed-gone"), 0);
    assertEquals(world.gocd.tally.buildsKilled, []);
  });
});

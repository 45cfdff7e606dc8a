// The whole scheduler against the simulated servers on virtual time, once per era of GoCD: waves of demand come and go,
// and the servers themselves count the builds, kills and remaining agents.

import { assert, assertEquals } from "@std/assert";
import { gocdEras } from "../../src/sim/gocd/versions.ts";
import { type Cluster, clusterNames, startVirtualServers } from "../support/cluster.ts";
import { type RunningScheduler, startScheduler } from "../support/scheduler.ts";

/** A profile of each kind of registration: with the key, with everything a job asks for, and Pending by a wrong key. */
const configuration = `
  profiles {
    linux { resources = ["linux"], idle-timeout = 4 seconds }
    jvm { resources = ["linux", "java"], cpus = 2 }
    staging { resources = ["linux"], environments = ["staging"] }
    pending { resources = ["late"], env { AGENT_AUTO_REGISTER_KEY = "old", AGENT_KEY = "old" } }
  }
`;

const personsUuid = "11111111-2222-4333-8444-555555555555";
const mac = { gocdResources: ["mac"], durationMs: 30_000 };

interface Waves {
  readonly servable: readonly string[];
  readonly unserved: readonly string[];
}

type Job = readonly [name: string, gocdResources: readonly string[], environment?: string];

function schedule(cluster: Cluster, stage: string, jobs: readonly Job[]): readonly string[] {
  cluster.advance();
  return jobs.map(([job, gocdResources, environment]) =>
    cluster.gocd.schedule({
      pipeline: environment === undefined ? "app" : `app-${environment}`,
      stage,
      job,
      gocdResources,
      durationMs: 20_000,
      ...(environment === undefined ? {} : { environment }),
    })
  );
}

function builtOf(cluster: Cluster, locators: readonly string[]): number {
  cluster.advance();
  return locators.filter((locator) => cluster.gocd.tally.completedLocators.has(locator)).length;
}

function describe(cluster: Cluster, scheduler: RunningScheduler): string {
  const gocdAgents = cluster.gocd.agents().map((each) => `${each.hostname} ${each.configState} ${each.runtime}`);
  const waiting = cluster.gocd.jobs().map((job) => `${job.locator} ${job.state}`);
  return [...waiting, ...gocdAgents, ...scheduler.lines.slice(-25)].join("\n");
}

async function built(cluster: Cluster, scheduler: RunningScheduler, locators: readonly string[]): Promise<void> {
  await cluster.until(() => builtOf(cluster, locators) === locators.length, () => describe(cluster, scheduler));
}

/** One job after the other, so that agents are taken down and asked for again at the same time: the server's races. */
async function letTrickle(cluster: Cluster, count: number): Promise<readonly string[]> {
  const locators: string[] = [];
  for (let number = 1; number <= count; number++) {
    locators.push(...schedule(cluster, "trickle", [[`t${number}`, ["linux"]]]));
    await cluster.pass(4_000 + number * 1_500);
  }
  return locators;
}

async function playWaves(cluster: Cluster, scheduler: RunningScheduler): Promise<Waves> {
  cluster.gocd.addAgent({ uuid: personsUuid, hostname: "mac-mini", gocdResources: ["mac"] });
  const persons = cluster.gocd.schedule({ pipeline: "ios", stage: "build", job: "app", ...mac });
  const first = schedule(cluster, "one", [["a", ["linux"]], ["b", ["linux"]], ["c", ["linux", "java"]]]);
  const unserved = schedule(cluster, "one", [["w", ["windows"]], ["p", ["linux"], "production"]]);
  cluster.gocd.schedule({
    pipeline: "all",
    stage: "s",
    job: "sweep-runOnAll-1",
    gocdResources: ["linux"],
    durationMs: 5_000,
    runOnAll: personsUuid,
  });
  await built(cluster, scheduler, [...first, persons]);
  // Later it may be tried: no agent is alive that it could be pinned to.
  assertEquals(verdictsOf(scheduler).get("all/1/s/1/sweep-runOnAll-1"), "not-ours");
  const second = schedule(cluster, "two", [["d", ["linux"], "staging"], ["e", ["late"]], ["f", ["late"]]]);
  await built(cluster, scheduler, second);
  const trickle = await letTrickle(cluster, 14);
  await built(cluster, scheduler, trickle);
  const third = schedule(cluster, "three", [["g", ["linux"]], ["h", ["java"]], ["i", ["linux"], "staging"]]);
  await built(cluster, scheduler, third);
  return { servable: [...first, persons, ...second, ...trickle, ...third], unserved };
}

function verdictsOf({ framework }: RunningScheduler): ReadonlyMap<string, string> {
  return new Map(framework.engine.state.demand.jobs.map(({ locator, verdict }) => [locator, verdict]));
}

function judge(cluster: Cluster, scheduler: RunningScheduler, { unserved }: Waves): void {
  const { tally } = cluster.gocd;
  assertEquals(tally.buildsKilled, [], "no building agent is killed");
  assertEquals(tally.deletedWithWork, [], "no record is deleted under a build");
  assertEquals(cluster.gocd.agents().map((each) => each.hostname), ["mac-mini"], "our records are gone, others stay");
  assertEquals(tally.changes.filter((change) => change.uuid === personsUuid), [], "a person's agent is left alone");
  assertEquals([...cluster.launches.values()].filter((count) => count !== 1), [], "each task is launched once");
  assertEquals(cluster.mesos.view().tasks.filter((task) => task.isContainerUp), []);
  assert(cluster.mesos.view().mesosAgents.every((each) => each.isConserved), "resources are conserved");
  const verdicts = verdictsOf(scheduler);
  for (const locator of unserved) assertEquals(verdicts.get(locator), "unserved", locator);
  assertEquals(tally.concurrentRequestsMax, 1, "one request at a time");
  const secrets = scheduler.lines.filter((line) =>
    line.includes(clusterNames.password) || line.includes(clusterNames.key)
  );
  assertEquals(secrets, []);
}

for (const version of gocdEras) {
  Deno.test(`with GoCD ${version} three waves of jobs are built, no build is killed, and no agent of ours is left`, async () => {
    const cluster = startVirtualServers({ version });
    try {
      const scheduler = await startScheduler(cluster, configuration);
      try {
        const waves = await playWaves(cluster, scheduler);
        await cluster.until(() => {
          cluster.advance();
          return cluster.gocd.agents().length === 1 && cluster.running.size === 0 &&
            [...scheduler.framework.engine.state.instances.values()].every((each) => each.state === "gone");
        }, () => describe(cluster, scheduler));
        judge(cluster, scheduler, waves);
      } finally {
        assertEquals(await scheduler.stop(), { kind: "stopped" });
      }
      const { instances } = await scheduler.store.load();
      // The dead are remembered for ten minutes, so that a ghost of one is never let in.
      assertEquals(instances.filter((each) => each.state !== "gone"), []);
    } finally {
      await cluster.close();
    }
  });
}

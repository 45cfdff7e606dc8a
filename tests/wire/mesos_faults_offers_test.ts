// Resources that clusters withhold or that must not be used: reservations, quota, GPUs, constraints. Through the real
// client and engine, against the strict master.

import { assert, assertEquals } from "@std/assert";
import { verdictText } from "../../src/core/words/reasons.ts";
import type { Plain, SimMesosAgentSpec } from "../../src/sim/mesos/sim_mesos.ts";
import { assertNothingRefused, type Scene, withScene } from "../support/mesos_scene.ts";

const big = { cpus: 8, mem: 8_192, disk: 50_000 };
const small = { cpus: 0.1, mem: 64, disk: 100 };
const quickDown = "scaling.idle-timeout = 10 seconds";

function host(hostname: string, more: Partial<SimMesosAgentSpec> = {}): SimMesosAgentSpec {
  return { hostname, resources: big, ...more };
}

function hostsUsed({ scheduler }: Scene): string[] {
  return [...new Set([...scheduler.framework.engine.state.instances.values()].map((each) => each.host))].sort();
}

/** `TaskInfo.resources` of every launch. */
function launched({ wire }: Scene): Plain[] {
  return wire.of("ACCEPT").flatMap((call) => JSON.parse(JSON.stringify(call)).accept.operations)
    .flatMap((operation) => operation.launch.task_infos).flatMap((task) => task.resources);
}

async function built(scene: Scene, jobs: number): Promise<void> {
  await scene.until(() => scene.cluster.gocd.tally.completedLocators.size === jobs);
}

Deno.test("resources reserved for our role are used if reserved statically, dynamically or for a parent role", async () => {
  const mesosAgents = [
    host("static", { resources: small, reserved: [{ role: "eng/ci", resources: big }] }),
    host("by-request", {
      resources: small,
      reserved: [{ role: "eng/ci", type: "DYNAMIC", principal: "some-operator", resources: big }],
    }),
    host("above", { resources: small, reserved: [{ role: "eng", resources: big }] }),
    host("beside", { resources: small, reserved: [{ role: "eng/web", resources: big }] }),
  ];
  const more = `mesos.role = "eng/ci", go-agent { max-per-host = 1 }, ${quickDown}`;
  await withScene({ mesos: { mesosAgents }, more }, async (scene) => {
    for (const name of ["a", "b", "c", "d"]) scene.job(name, 20_000);
    await scene.until(() => hostsUsed(scene).length === 3);
    await built(scene, 4);
    assertEquals(hostsUsed(scene), ["above", "by-request", "static"]);
    const taken = launched(scene).filter(({ name }) => name !== "ports");
    assert(taken.every(({ reservations }) => reservations !== undefined), "reserved ones first, and named as such");
    assertEquals(new Set(taken.map((each) => Object(each)["allocation_info"].role)), new Set(["eng/ci"]));
    assertEquals(scene.cluster.mesos.counters.tasksErred, 0);
    assertNothingRefused(scene);
  });
});

Deno.test("labelled reservations of another framework of the role are not used, and the reason is reported", async () => {
  const labels = { "marathon_framework_id": "f-9", "marathon_task_id": "db" };
  const reserved = [{ role: "ci", type: "DYNAMIC" as const, principal: "marathon", labels, resources: big }];
  const mesosAgents = [host("theirs", { resources: { cpus: 0.5, mem: 8_192, disk: 1_000 }, reserved })];
  await withScene({ mesos: { mesosAgents }, more: `mesos.role = ci, ${quickDown}` }, async (scene) => {
    scene.job("j");
    await scene.until(() => scene.scheduler.notes.some(({ code }) => code === "no-fitting-offer"));
    const miss = scene.scheduler.notes.find(({ code }) => code === "no-fitting-offer")?.text ?? "";
    assert(miss.includes("short by 0.5 cpus on host theirs") && miss.includes("reserved there with labels"), miss);
    assertEquals(scene.wire.of("ACCEPT"), []);
    scene.cluster.mesos.addMesosAgent(host("free"), scene.cluster.clock.nowMs());
    await built(scene, 1);
    assertEquals(hostsUsed(scene), ["free"]);
    assertNothingRefused(scene);
  });
});

Deno.test("under a quota the allowed agents run, and the other jobs wait and show the reason", async () => {
  const mesos = { mesosAgents: [host("h1"), host("h2")], quotaLimits: { ci: { cpus: 2 } } };
  await withScene({ mesos, more: `mesos.role = ci, ${quickDown}` }, async (scene) => {
    const { cluster, scheduler, wire } = scene;
    for (const name of ["a", "b", "c", "d", "e"]) scene.job(name, 15 * 60_000);
    await scene.until(() => cluster.running.size === 2);
    const sinceMs = cluster.clock.nowMs();
    const before = { ...cluster.mesos.counters.calls };
    await scene.until(() => cluster.clock.nowMs() > sinceMs + 10 * 60_000);
    const since = (type: string): number => (cluster.mesos.counters.calls[type] ?? 0) - (before[type] ?? 0);
    assertEquals([cluster.running.size, cluster.launches.size], [2, 2], "as many as the quota allows, at all times");
    // Two without effect distinguish this from a lost call; then every ten minutes.
    assert(since("REVIVE") <= 3, `${since("REVIVE")} REVIVE in ten minutes of quota`);
    assertEquals([since("ACCEPT"), since("SUPPRESS"), since("KILL")], [0, 0, 0]);
    assert(since("DECLINE") <= 3, `${since("DECLINE")} DECLINE: the master offers nothing that is too little`);
    const told = scheduler.notes.filter(({ code }) => code === "no-offer");
    assertEquals(new Set(told.map(({ text }) => text)).size, 1, JSON.stringify(told));
    assert(told[0]?.text.includes("no offer to role ci") && told[0].hint?.includes("quota"), told[0]?.text);
    assertEquals(scheduler.lines.filter((line) => line.includes("no-offer")).length, 1, "one line");
    assertEquals(scheduler.notes.filter(({ level }) => level === "error"), []);
    const waiting = scheduler.framework.engine.state.demand.jobs.map((job) => `${job.verdict}: ${verdictText(job)}`);
    assertEquals(waiting.length, 3);
    assert(waiting.every((each) => /^needs-agent.* Mesos has made no offer to role ci/.test(each)), waiting[0]);
    cluster.mesos.setQuota("ci", { cpus: 8 }, cluster.clock.nowMs());
    await scene.until(() => cluster.running.size === 5);
    assert(wire.of("REVIVE").length <= 6);
    assertNothingRefused(scene);
  });
});

/** One of each kind that is not ours to take, in a size that would tempt. */
const untouchable: readonly Plain[] = [
  ...["cpus", "mem"].map((name) => ({ name, type: "SCALAR", scalar: { value: 9_000 }, revocable: {} })),
  {
    name: "disk",
    type: "SCALAR",
    scalar: { value: 9_000 },
    reservations: [{ type: "STATIC", role: "ci" }],
    disk: { persistence: { id: "v" }, volume: { "container_path": "v", mode: "RW" } },
    shared: {},
  },
  {
    name: "disk",
    type: "SCALAR",
    scalar: { value: 9_000 },
    disk: { source: { type: "MOUNT", mount: { root: "/m" } } },
  },
  { name: "licences", type: "SCALAR", scalar: { value: 9_000 } },
];

Deno.test("shared, revocable and separate disk resources are neither requested nor used", async () => {
  for (const offersSpecialToAll of [false, true]) {
    const mesosAgents = [
      host("short", { resources: { cpus: 0.5, mem: 500, disk: 500 }, special: untouchable }),
      host("enough", { resources: { cpus: 1, mem: 1_024, disk: 2_000 }, special: untouchable }),
    ];
    const more = `mesos.role = ci, go-agent.disk = 1 GB, ${quickDown}`;
    await withScene({ mesos: { mesosAgents, offersSpecialToAll }, more }, async (scene) => {
      for (const name of ["a", "b"]) scene.job(name, 20_000);
      await built(scene, 2);
      assertEquals(hostsUsed(scene), ["enough"], "what is short of plain resources stays short");
      const subscribe = JSON.stringify(scene.wire.of("SUBSCRIBE"));
      assert(!subscribe.includes("SHARED_RESOURCES") && !subscribe.includes("REVOCABLE_RESOURCES"), subscribe);
      const offered = JSON.stringify(scene.wire.events.filter(({ type }) => type === "OFFERS"));
      assertEquals([offered.includes('"revocable"'), offered.includes('"shared"')], Array(2).fill(offersSpecialToAll));
      const taken = launched(scene);
      assertEquals(new Set(taken.map(({ name }) => name)), new Set(["cpus", "mem", "disk"]));
      for (const each of taken) {
        for (const trait of ["revocable", "shared", "disk", "provider_id"]) assertEquals(each[trait], undefined);
      }
      assertEquals(scene.cluster.mesos.counters.tasksErred, 0, "the master finds each ACCEPT valid");
      assertNothingRefused(scene);
    });
  }
});

Deno.test("hosts with GPUs are used only by profiles that need GPUs, and only those request the capability", async () => {
  const mesosAgents = [host("gpu", { resources: { ...big, gpus: 2 } }), host("plain")];
  const capabilities = (scene: Scene): string => JSON.stringify(scene.wire.of("SUBSCRIBE"));
  await withScene({ mesos: { mesosAgents }, more: quickDown }, async (scene) => {
    scene.job("j");
    await built(scene, 1);
    assertEquals(hostsUsed(scene), ["plain"]);
    assert(!capabilities(scene).includes("GPU_RESOURCES"));
    assertEquals(scene.wire.events.some(({ event }) => JSON.stringify(event).includes('"gpu"')), false);
  });
  const more = `${quickDown}, profiles { gpu { resources = [cuda], gpus = 1 }, plain { resources = [java] } }`;
  await withScene({ mesos: { mesosAgents }, more }, async (scene) => {
    for (const gocdResources of [["java"], ["cuda"]]) {
      scene.cluster.gocd.schedule({ pipeline: "p", stage: "s", job: "j", gocdResources, durationMs: 60_000 });
    }
    await built(scene, 2);
    const where = [...scene.scheduler.framework.engine.state.instances.values()].map(({ profile, host }) =>
      `${profile} on ${host}`
    );
    assertEquals(where.sort(), ["gpu on gpu", "plain on plain"]);
    assert(capabilities(scene).includes("GPU_RESOURCES"));
    const gpus = launched(scene).filter(({ name }) => name === "gpus");
    assertEquals(gpus.map((each) => Object(each)["scalar"].value), [1]);
  });
});

Deno.test("attributes, host names, regions and zones determine the host, and are sent to the master as constraints", async () => {
  const mesosAgents = [
    host("wrong-rack", { attributes: [{ name: "rack", type: "TEXT", text: { value: "r1" } }] }),
    host("wrong-zone", {
      attributes: [{ name: "rack", type: "TEXT", text: { value: "r2" } }],
      domain: { region: "eu", zone: "a" },
    }),
    host("right", {
      attributes: [
        { name: "rack", type: "TEXT", text: { value: "r2" } },
        { name: "level", type: "SCALAR", scalar: { value: 3 } },
        { name: "slots", type: "RANGES", ranges: { range: [{ begin: 1, end: 5 }] } },
        { name: "tags", type: "SET", set: { item: ["ssd"] } },
      ],
      domain: { region: "eu", zone: "b" },
    }),
  ];
  const more = `${quickDown}, go-agent.constraints = [
    "rack == r2", "zone in [b, c]", "region =~ e.", "hostname != wrong", "level exists", "old not exists"
  ]`;
  await withScene({ mesos: { mesosAgents }, more }, async (scene) => {
    scene.job("j");
    await built(scene, 1);
    assertEquals(hostsUsed(scene), ["right"]);
    const subscribe = JSON.stringify(scene.wire.of("SUBSCRIBE")[0]);
    for (const part of ["offer_constraints", "min_allocatable_resources", '"REGION"', "text_matches"]) {
      assert(subscribe.includes(part), `${part} in ${subscribe}`);
    }
    const offers = scene.wire.events.filter(({ type }) => type === "OFFERS").map(({ event }) => JSON.stringify(event));
    assert(offers.length > 0 && offers.every((each) => !each.includes("wrong")), "the master keeps the others away");
  });
});

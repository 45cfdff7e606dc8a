// Tasks that Mesos or GoCD names and the store does not know: adopted, reported, and never launched under the same id
// again, whatever state was restored.

import { assertEquals } from "@std/assert";
import type { StoredState } from "../../../src/core/record.ts";
import {
  building,
  drive,
  type Driver,
  emptyStore,
  gocdAgent,
  jobs,
  kinds,
  lostContact,
  minute,
  offer,
  only,
  reconciled,
  second,
  theOne,
  withIdleAgent,
} from "../../support/core.ts";

Deno.test("a living task of ours that the store does not know is adopted, and learns from its record what it is", () => {
  const world = drive();
  world.subscribe();
  const taskId = "gocd-zzz999-default-7";
  const frame = world.status(taskId, "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h5" });
  assertEquals(kinds(frame.effects).includes("acknowledge-status"), false);
  world.poll({
    agents: [gocdAgent(taskId, { environments: [{ name: "prod", origin: "gocd" }], gocdResources: ["x"] })],
  });
  const adopted = world.instance(taskId);
  assertEquals([adopted.state, adopted.environment, adopted.gocdResources, adopted.mesosAgentId], [
    "registered",
    "prod",
    ["x"],
    "a-h5",
  ]);
});

Deno.test("to learn the host of an adopted agent, offers are requested until one names it, for a minute at most", () => {
  const taskId = "gocd-zzz999-default-7";
  const adopted = (): Driver => {
    const world = drive();
    world.subscribe();
    world.wait(10 * second);
    assertEquals(only(world.taken(), "suppress-offers").length, 1);
    world.status(taskId, "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h5" });
    assertEquals(world.instance(taskId).host, "a-h5");
    world.wait(2 * second);
    assertEquals(only(world.taken(), "revive-offers").length, 1);
    return world;
  };
  const named = adopted();
  named.offers(offer("h5"));
  assertEquals(named.instance(taskId).host, "h5");
  named.wait(2 * second);
  assertEquals(kinds(named.taken()).filter((kind) => kind !== "poll-gocd"), ["decline-offers", "suppress-offers"]);
  // The host has nothing left to offer.
  const nameless = adopted();
  nameless.wait(50 * second);
  assertEquals(only(nameless.taken(), "suppress-offers"), []);
  nameless.wait(10 * second);
  assertEquals(only(nameless.taken(), "suppress-offers").length, 1);
  nameless.wait(5 * minute);
  assertEquals(only(nameless.taken(), "revive-offers"), []);
});

Deno.test("an adopted task of no profile that exists is replaced as it falls idle", () => {
  const world = drive();
  world.status("gocd-zzz999-gone-profile-7", "TASK_RUNNING");
  assertEquals(world.instance("gocd-zzz999-gone-profile-7").retire, "profile-changed");
});

Deno.test("a foreign task that runs is reported, acknowledged and left alone; one that has ended is only acknowledged", () => {
  for (const [state, isReported] of [["TASK_RUNNING", true], ["TASK_FINISHED", false]] as const) {
    const world = drive();
    world.subscribe();
    world.taken();
    const frame = world.status("somebody-elses-task", state);
    assertEquals([frame.records, kinds(frame.effects)], [[], ["acknowledge-status"]]);
    assertEquals(frame.notes.some((note) => note.code === "task-foreign"), isReported);
  }
});

Deno.test("an outdated store never reuses an id that Mesos has reported, nor one near it", () => {
  const world = drive();
  world.subscribe();
  world.status("gocd-abc123-default-41", "TASK_FAILED");
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  assertEquals(theOne(world.taken(), "accept-offers").launches[0]?.taskId, "gocd-abc123-default-50000043");
});

/** Yesterday's copy: five numbers had been given. */
const yesterday: StoredState = {
  ...emptyStore,
  framework: { lineage: "abc123", nextTaskNumber: 5, frameworkId: "f-1" },
};

/** The questions to Mesos so far: `all`, or the task ids. */
const asked = (world: Driver): string[] =>
  only(world.taken(), "reconcile-tasks").map(({ tasks }) =>
    tasks.length === 0 ? "all" : tasks.map(({ taskId }) => taskId).join(" ")
  );

/** The task ids launched so far. */
const launched = (world: Driver): string[] =>
  only(world.taken(), "accept-offers").flatMap(({ launches }) => launches.map(({ taskId }) => taskId));

const fence = "gocd-abc123-fence-0";

Deno.test("a restored older state does not reuse the task id of a living agent of ours", () => {
  for (const hostname of ["gocd-abc123-default-5", "GoCD-abc123-default-5.ci.example.com"]) {
    for (const random of [0, 0.5, 0.999_999]) {
      const world = drive({ stored: yesterday, random: () => random });
      world.subscribe();
      world.poll({ jobs: jobs(1), agents: [gocdAgent(hostname, building)] });
      world.wait(6 * second);
      world.offers(offer("h1"));
      const [taskId = ""] = launched(world);
      assertEquals(Number(taskId.split("-").at(-1)) > 5, true, taskId);
    }
  }
});

Deno.test("a stranger's hostname that looks like ours with a higher number uses up no number", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1), agents: [gocdAgent("gocd-abc123-default-9007199254740991", { gocdResources: [] })] });
  world.offers(offer("h1"));
  assertEquals(launched(world), ["gocd-abc123-default-1"]);
});

Deno.test("two runs that continue with the same copy of a state launch under different numbers", () => {
  const ids = [0.2, 0.7].flatMap((random) => {
    const world = drive({ stored: yesterday, random: () => random });
    world.subscribe();
    world.poll({ jobs: jobs(2) });
    world.wait(6 * second);
    world.offers(offer("h1"));
    const pair = launched(world);
    const [one = 0, two = 0] = pair.map((taskId) => Number(taskId.split("-").at(-1)));
    assertEquals([pair.length, two - one], [2, 1], "the numbers jump once in a run");
    assertEquals(world.state.framework.nextTaskNumber, two + 1);
    return pair;
  });
  assertEquals(new Set(ids).size, 4);
  for (const taskId of ids) assertEquals(/^[a-z0-9-]{1,63}$/.test(taskId), true);
});

Deno.test("numbers also jump for a used state without a framework, and stop before they would lose precision", () => {
  for (const [nextTaskNumber, want] of [[5, 50_000_006], [2 ** 50 - 3, 2 ** 50 - 3]] as const) {
    const world = drive({ stored: { ...emptyStore, framework: { lineage: "abc123", nextTaskNumber } } });
    world.subscribe();
    world.poll({ jobs: jobs(1) });
    world.offers(offer("h1"));
    assertEquals(launched(world), [`gocd-abc123-default-${want}`]);
  }
});

Deno.test("a run that continues with a state immediately reconciles its tasks, all others, and the fence", () => {
  const { world: before } = withIdleAgent();
  const { framework, controls, instances } = before.state;
  const world = drive({ stored: { framework, controls, instances: [...instances.values()] } });
  world.subscribe();
  assertEquals(asked(world), ["gocd-abc123-default-1", "all", fence]);
  world.subscribe();
  assertEquals(asked(world), ["gocd-abc123-default-1", "all", fence], "nothing has been answered yet");
  world.status(fence, "TASK_UNKNOWN", reconciled);
  world.subscribe();
  assertEquals(asked(world), ["gocd-abc123-default-1"]);
  world.wait(9 * minute + 59 * second);
  assertEquals(asked(world).includes("all"), false);
  world.subscribe();
  world.wait(second);
  assertEquals(asked(world).includes("all"), true, "a new session does not put it off");
});

Deno.test("the first launch of a run waits until Mesos has reported all tasks, or five seconds", () => {
  for (const isAnswered of [true, false]) {
    const world = drive({ stored: yesterday });
    world.subscribe();
    world.poll({ jobs: jobs(1) });
    world.wait(second);
    world.taken();
    world.offers(offer("h1"));
    assertEquals(theOne(world.taken(), "decline-offers").refuseSeconds, 5);
    if (isAnswered) {
      const frame = world.status(fence, "TASK_UNKNOWN", reconciled);
      assertEquals([frame.records, kinds(frame.effects), world.state.instances.size], [[], [], 0]);
    } else {
      world.wait(3 * second);
      world.taken();
      world.offers(offer("h1"));
      assertEquals(launched(world), []);
      world.wait(second);
    }
    world.offers(offer("h1"));
    assertEquals(launched(world).length, 1);
  }
});

Deno.test("a new framework has nothing to wait for", () => {
  const world = drive({ stored: yesterday });
  world.send({ kind: "framework-error", error: "removed", message: "gone" });
  world.send({
    kind: "subscribed",
    frameworkId: "f-2",
    master: "mesos:5050",
    masterVersion: "1.11.0",
  });
  assertEquals(asked(world), []);
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  assertEquals(launched(world).length, 1);
});

Deno.test("an instance is on the Mesos agent that its updates name, and KILL and RECONCILE are sent there", () => {
  const { world, taskId } = withIdleAgent();
  const frame = world.status(taskId, "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h7" });
  assertEquals(frame.records.length, 1);
  assertEquals(world.instance(taskId).mesosAgentId, "a-h7");
  world.offers(offer("h7"));
  assertEquals(world.instance(taskId).host, "h7");
  world.subscribe();
  assertEquals(theOne(world.taken(), "reconcile-tasks").tasks, [{ taskId, mesosAgentId: "a-h7" }]);
  const before = world.instance(taskId);
  world.status(taskId, "TASK_GONE", { uuid: "", mesosAgentId: "a-h1" });
  assertEquals(world.instance(taskId), before, "where it was thought to be says nothing of where it is");
  world.wait(second);
  assertEquals(theOne(world.taken(), "reconcile-tasks").tasks, [{ taskId, mesosAgentId: "a-h7" }]);
});

for (
  const [what, shown, after, ends] of [
    ["silent", { ...lostContact }, 0, true],
    ["still heard", {}, 2, false],
    ["still heard after a quarter of an hour", {}, 16, true],
  ] as const
) {
  Deno.test(`a record of ours that is in neither the state nor Mesos, ${what}, is ${ends ? "cleaned up" : "left"}`, () => {
    const world = drive({ stored: yesterday });
    const taskId = "gocd-abc123-default-3";
    world.subscribe();
    world.read(gocdAgent(taskId, shown));
    assertEquals(world.state.instances.size, 0, "Mesos may yet name it");
    world.status(fence, "TASK_UNKNOWN", reconciled);
    world.read(gocdAgent(taskId, shown), gocdAgent("gocd-zzz999-default-3", lostContact));
    assertEquals([...world.state.instances.keys()], [taskId]);
    world.taken();
    world.wait(second);
    const asked = only(world.taken(), "reconcile-tasks").map(({ tasks }) => tasks);
    assertEquals(asked, what === "silent" ? [] : [[{ taskId }]]);
    world.status(taskId, "TASK_UNKNOWN", { uuid: "", reason: "REASON_RECONCILIATION", mesosAgentId: "" });
    world.wait(after * minute, 10 * second);
    const kinds: string[] = [];
    for (let look = 0; look < 5; look++) {
      const isOff = kinds.some((kind) => kind === "disable-gocd-agents");
      world.read(gocdAgent(taskId, { ...shown, ...(isOff ? { configState: "Disabled" } : {}) }));
      kinds.push(...world.taken().map(({ kind }) => kind).filter((kind) => /gocd-agents$/.test(kind)));
      world.skip(61 * second);
    }
    assertEquals([...new Set(kinds)].filter((kind) => kind !== "read-gocd-agents"), [
      ...(ends ? ["disable-gocd-agents", "delete-gocd-agents"] : []),
    ]);
  });
}

Deno.test("a record of ours that is not in the state, but whose task Mesos finds, is an agent again", () => {
  const world = drive({ stored: yesterday });
  const taskId = "gocd-abc123-default-3";
  const record = gocdAgent(taskId, { ...building, environments: [{ name: "prod", origin: "gocd" }] });
  world.subscribe();
  world.status(fence, "TASK_UNKNOWN", reconciled);
  world.poll({ agents: [record] });
  world.status(taskId, "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h4" });
  world.poll({ agents: [record] });
  const found = world.instance(taskId);
  assertEquals([found.state, found.mesosAgentId, found.gocdResources], ["registered", "a-h4", ["linux"]]);
  assertEquals(found.environment, "prod", "else jobs of no environment would seem to be for it");
});

/** A launch of a number that lives elsewhere. */
function duplicated(): { readonly world: Driver; readonly taskId: string } {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  const taskId = "gocd-abc123-default-1";
  const message = `Task has duplicate ID: ${taskId}`;
  world.taken();
  world.status(taskId, "TASK_ERROR", { uuid: "", reason: "REASON_TASK_INVALID", message });
  return { world, taskId };
}

Deno.test("a launch whose id is already in use is not a failure: the running task is adopted, and another is launched", () => {
  const { world, taskId } = duplicated();
  assertEquals(world.instance(taskId).state, "starting");
  assertEquals(world.state.breakers.profiles.size, 0);
  const told = world.noted().find(({ code }) => code === "task-id-lives");
  assertEquals([told?.level, told?.hint?.includes("image")], ["warning", false]);
  world.wait(second);
  assertEquals(theOne(world.taken(), "reconcile-tasks").tasks, [{ taskId }], "by its id alone");
  world.offers(offer("h1"));
  assertEquals(launched(world), ["gocd-abc123-default-2"]);
  world.status(taskId, "TASK_RUNNING", { ...reconciled, mesosAgentId: "a-h9" });
  assertEquals([world.instance(taskId).mesosAgentId, world.instance(taskId).host], ["a-h9", "a-h9"]);
  world.read(gocdAgent(taskId, { ...building, gocdResources: ["linux", "x"] }));
  const living = world.instance(taskId);
  assertEquals([living.state, living.gocdResources], ["registered", ["linux", "x"]]);
  assertEquals(kinds(world.taken()).filter((kind) => kind.includes("delete") || kind.includes("kill")), []);
});

Deno.test("a launch whose id was in use, and that is unknown to Mesos, has ended", () => {
  const { world, taskId } = duplicated();
  world.status(taskId, "TASK_UNKNOWN", reconciled);
  assertEquals(world.instance(taskId).state, "gone");
});

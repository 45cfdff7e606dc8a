// Tasks that Mesos names and the store does not know: adopted, reported, and never launched under the same id again.

import { assertEquals } from "@std/assert";
import { drive, gocdAgent, jobs, kinds, offer, reconciled, theOne } from "../support/core.ts";

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

Deno.test("an adopted task of no profile that exists is replaced as it falls idle", () => {
  const world = drive();
  world.status("gocd-zzz999-gone-profile-7", "TASK_RUNNING");
  assertEquals(world.instance("gocd-zzz999-gone-profile-7").retire, "profile-changed");
});

Deno.test("a foreign task is reported, acknowledged, and left alone; one that has ended is only acknowledged", () => {
  for (const [state, isReported] of [["TASK_RUNNING", true], ["TASK_FINISHED", false]] as const) {
    const world = drive();
    world.subscribe();
    world.taken();
    const frame = world.status("somebody-elses-task", state);
    assertEquals([frame.records, kinds(frame.effects)], [[], ["acknowledge-status"]]);
    assertEquals(frame.notes.some((note) => note.code === "task-foreign"), isReported);
  }
});

Deno.test("a store that is behind never gives an id again that Mesos has named", () => {
  const world = drive();
  world.subscribe();
  world.status("gocd-abc123-default-41", "TASK_FAILED");
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  assertEquals(theOne(world.taken(), "accept-offers").launches[0]?.taskId, "gocd-abc123-default-42");
});

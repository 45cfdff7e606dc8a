// A correction of a record that is lost is requested again: the profile is not at fault.

import { assertEquals } from "@std/assert";
import { drive, gocdAgent, jobs, offer, only, problem, second, theOne } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

Deno.test("a correction that was lost is requested again, and is no failure of the profile", () => {
  const world = drive({ profiles: [aProfile({ gocdResources: ["linux"], environments: ["prod"] })] });
  world.subscribe();
  world.poll({ jobs: jobs(1, { environment: "prod" }) });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_RUNNING");
  world.taken();
  const look = (): void => {
    world.wait(10 * second);
    world.read(gocdAgent(taskId));
  };
  for (let looks = 0; looks < 3; looks++) look();
  const call = theOne(world.taken(), "correct-gocd-agent");
  world.send({ kind: "gocd-call-failed", call, problem: problem() });
  for (let looks = 0; looks < 4; looks++) look();
  assertEquals(only(world.taken(), "correct-gocd-agent").length, 1);
  assertEquals(world.state.breakers.profiles.get("default")?.failures ?? 0, 0);
});

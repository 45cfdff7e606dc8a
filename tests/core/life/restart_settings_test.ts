// An agent of a changed profile that is drained while it builds, and whose profile is as before after a restart.

import { assertEquals } from "@std/assert";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { building, drive, type Driver, gocdAgent, jobs, minute, only, second, watch } from "../../support/core.ts";
import { anInstance } from "../instance_fixtures.ts";

const taskId = "gocd-abc123-default-1";

/** A run that finds an agent which was drained because its profile had changed; that has been taken back since. */
function restarted(): Driver {
  const draining: AgentInstance = anInstance(
    taskId,
    { state: "draining", uuid: `uuid-${taskId}`, reason: "profile-changed", step: { kind: "finishing" } },
    { retire: "profile-changed" },
  );
  const world = drive({
    stored: {
      framework: { frameworkId: "fw-1", lineage: "abc123", nextTaskNumber: 2 },
      controls: { frozen: false, frozenProfiles: [], mode: "run" },
      instances: [draining],
    },
  });
  world.subscribe();
  world.status(taskId, "TASK_RUNNING", { reason: "REASON_RECONCILIATION" });
  return world;
}

Deno.test("an agent that builds is enabled again if its profile is as before, even if that is seen by another run", () => {
  const world = restarted();
  const record = gocdAgent(taskId, { ...building, configState: "Disabled" });
  world.wait(second);
  world.poll({ jobs: jobs(0), agents: [record] });
  watch(world, minute, record);
  assertEquals(only(world.taken(), "enable-gocd-agent").length > 0, true);
});

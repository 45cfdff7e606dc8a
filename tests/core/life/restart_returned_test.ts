// An agent that Mesos has found again after we deleted its record, seen by another run: what one list of it proves.

import { assertEquals } from "@std/assert";
import { building, drive, gocdAgent, only, second, watch, zeroMs } from "../../support/core.ts";
import { anInstance } from "../instance_fixtures.ts";

Deno.test("after a restart, one list without a record is no proof that an agent that came back has none", () => {
  const taskId = "gocd-abc123-default-1";
  const returned = anInstance(
    taskId,
    {
      state: "registered",
      uuid: "before",
      activity: { kind: "unsure", sinceMs: zeroMs - 60_000, word: "unrecorded" },
    },
    { isDeleteAsked: true, isDeleted: true, createdMs: zeroMs - 3_600_000 },
  );
  const again = drive({
    stored: {
      framework: { frameworkId: "fw-1", lineage: "abc123", nextTaskNumber: 2 },
      controls: { frozen: false, frozenProfiles: [], mode: "run" },
      instances: [returned],
    },
  });
  again.subscribe();
  again.status(taskId, "TASK_RUNNING", { reason: "REASON_RECONCILIATION" });
  again.taken();
  const other = gocdAgent("other", { gocdResources: ["other"] });
  watch(again, 30 * second, other);
  assertEquals(only(again.taken(), "kill-task").length, 0);
  watch(again, 10 * second, gocdAgent(taskId, { ...building, uuid: "anew" }));
  assertEquals(again.instance(taskId).state, "registered");
});

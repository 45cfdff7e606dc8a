// The filter of an ACCEPT: what is left of its offers is not offered again for an hour, unless a REVIVE follows.

import { assertEquals } from "@std/assert";
import { drive, emptyStore, jobs, minute, offer, only, reconciled, second } from "../../support/core.ts";

Deno.test("a job that comes while the name of a host is sought gets what an ACCEPT has left, although its filter lasts an hour", () => {
  const framework = { ...emptyStore.framework, frameworkId: "f-1", nextTaskNumber: 9 };
  const world = drive({ stored: { ...emptyStore, framework } });
  world.subscribe();
  world.status("gocd-abc123-fence-0", "TASK_UNKNOWN", reconciled);
  world.poll({ jobs: jobs(1) });
  world.status("gocd-abc123-default-7", "TASK_STAGING", { ...reconciled, mesosAgentId: "a-h9" });
  world.offers(offer("h1"));
  assertEquals(only(world.taken(), "accept-offers").map(({ refuseSeconds }) => refuseSeconds), [3_600]);
  world.wait(10 * second);
  world.poll({ jobs: jobs(5) });
  world.wait(minute);
  assertEquals(only(world.taken(), "revive-offers").length > 0, true);
});

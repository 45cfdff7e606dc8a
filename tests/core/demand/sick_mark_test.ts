// A sick agent that must take no job at all.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { watchOvertaken } from "../../../src/core/demand/sick_agents.ts";
import type { RetireReason } from "../../../src/core/instance.ts";
import { gocdAgent, job, minute, zeroMs } from "../../support/core.ts";
import { aRegistered, draftAt } from "../instance_fixtures.ts";

Deno.test("an agent that is found sick stays one that must take no job", () => {
  const markAfter = (retire?: RetireReason): RetireReason | undefined => {
    const instance = aRegistered("t", "idle", retire === undefined ? {} : { retire });
    const agents = [gocdAgent("t")];
    const draft = draftAt(zeroMs + 10 * minute, [instance], { agents, idleSinceMs: new Map([["uuid-t", zeroMs]]) });
    const { buckets } = bucketJobs([job("a"), job("b")], draft.state.settings.poller, "insensitive");
    const seen = { firstSeenMs: zeroMs, bucketKey: buckets[0]?.key ?? "", order: 0, passedOver: 0, otherCauseCount: 0 };
    const locators = ["p/1/s/1/a", "p/1/s/1/b"];
    watchOvertaken(draft, {
      built: new Set(locators),
      before: new Map(locators.map((locator) => [locator, seen])),
      here: new Set(),
      buckets,
      idleSinceMs: draft.state.server.idleSinceMs,
      agents,
      rule: "insensitive",
    });
    return draft.instance("t")?.retire;
  };
  assertEquals([markAfter(), markAfter("profile-changed")], ["surplus", "surplus"]);
  assertEquals([markAfter("stop-sent"), markAfter("operator"), markAfter("maintenance")], [
    "stop-sent",
    "operator",
    "maintenance",
  ]);
});

// How holds of the running instance change a plan. The whole command: plan_test.ts.

import { assertEquals } from "@std/assert";
import { withHolds } from "../../src/cli/plan_beside.ts";
import type { PolledOnce } from "../../src/cli/poll_once.ts";
import type { BucketView, JobView, StatusView } from "../../src/core/view/view.ts";
import type { WantedAgents } from "../../src/core/state.ts";

const wanted = (profile: string, count: number, bucketKey = profile): WantedAgents =>
  ({ profile, count, bucketKey, gocdResources: [] }) as unknown as WantedAgents;
const jobOf = (profile: string, reasonCode: string, reason: string): JobView =>
  ({ profile, reasonCode, reason }) as unknown as JobView;
const bucketOf = (profile: string, count: number, key = profile): BucketView =>
  ({ profile, key, wanted: count, needsAgent: count, reason: "launched" }) as unknown as BucketView;
const pictureOf = (changes: Partial<StatusView>): StatusView =>
  ({ profiles: [], jobs: [], problems: [], demand: [], ...changes }) as unknown as StatusView;

const once: PolledOnce = {
  wanted: [wanted("a", 2), wanted("b", 1), wanted("a", 3, "a2")],
  view: pictureOf({
    jobs: [jobOf("a", "launching", "launched"), jobOf("a", "held-limit", "limit"), jobOf("b", "launching", "launched")],
    demand: [bucketOf("a", 2), bucketOf("b", 1), bucketOf("a", 3, "a2")],
  }),
};

/** What is launched for each bucket, and the reasons of the jobs. */
function planned(running: Partial<StatusView>): readonly (readonly string[])[] {
  const { wanted, view } = withHolds(once, pictureOf(running));
  return [
    wanted.map(({ bucketKey, count }) => `${bucketKey} ${count}`),
    view.demand.map(({ key, limitedTo, reason }) => `${key} ${limitedTo}: ${reason}`),
    view.jobs.map(({ reason }) => reason),
  ];
}

Deno.test("the plan is unchanged if the running instance holds back none of its profiles", () => {
  for (const jobs of [[], [jobOf("a", "held-limit", "limit"), jobOf("c", "held-breaker", "failed")]]) {
    assertEquals(withHolds(once, pictureOf({ jobs })), once);
  }
});

Deno.test("an open breaker of a profile holds back all its buckets, and a job at a limit keeps its reason", () => {
  const profiles = [{ name: "a", blocked: "no image" }] as unknown as StatusView["profiles"];
  const why = "the running instance holds it back: no image";
  assertEquals(planned({ profiles }), [
    ["a 0", "b 1", "a2 0"],
    [`a 0: ${why}`, "b undefined: launched", `a2 0: ${why}`],
    [why, "limit", "launched"],
  ]);
});

Deno.test("a stale server or missing session holds back every affected profile", () => {
  const why = "the running instance holds it back: no poll";
  const problems = [{ code: "held-stale", message: "no poll", hint: "" }];
  assertEquals(planned({ problems })[2], [why, "limit", why]);
  assertEquals(planned({ jobs: [jobOf("b", "held-no-session", "no poll")] })[0], ["a 2", "b 0", "a2 3"]);
});

Deno.test("the plan launches one agent of a profile that the running instance is probing", () => {
  const jobs = [jobOf("a", "held-probe", "one is tried first")];
  assertEquals(planned({ jobs })[0], ["a 1", "b 1", "a2 0"]);
});

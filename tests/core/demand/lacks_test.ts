// What unserved jobs lack, counted: each resource on its own, environments by the need as a whole.

import { assertEquals } from "@std/assert";
import { lacksOf } from "../../../src/core/demand/lacks.ts";
import type { Unserved } from "../../../src/core/demand/reason.ts";
import type { JobVerdict } from "../../../src/core/demand/verdict.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { zeroMs } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

let number = 0;
/** A job that is not served. */
function unserved(reason: Unserved, changes: Partial<JobVerdict> = {}): JobVerdict {
  const name = `j${number++}`;
  return { locator: name, name, gocdResources: [], verdict: "unserved", reason, firstSeenMs: zeroMs, ...changes };
}
const lacking = (...missing: readonly string[]): JobVerdict =>
  unserved({ kind: "no-profile-resources", nearest: "near", missing, lacksEnvironment: false, isElsewhere: false });
const elsewhere = (changes: Partial<JobVerdict>): JobVerdict =>
  unserved({ kind: "no-profile-environment", nearest: "near" }, changes);

/** `COUNT NAME`, with a star where another profile has it. */
function lacks(jobs: readonly JobVerdict[], ...profiles: readonly AgentProfile[]): string {
  return lacksOf(jobs, profiles).map((each) =>
    `${each.count} ${each.kind === "resource" ? `${each.name}${each.isElsewhere ? "*" : ""}` : "other"}`
  ).join();
}

Deno.test("each missing resource counts the jobs that ask for it, whatever the case, the most wanted first", () => {
  assertEquals(lacks([lacking("gpu"), lacking("arm", "x"), lacking("ARM")]), "2 arm,1 gpu,1 x");
  const [first] = lacksOf([lacking("gpu"), lacking("gpu")], []);
  assertEquals(first?.kind === "resource" ? [first.nearest, first.count] : [], ["near", 2]);
  assertEquals(lacks([{ ...lacking("gpu"), verdict: "needs-agent" }]), "");
});

Deno.test("it is reported which profile has the resource: by name, by a pattern, or because it takes any", () => {
  const jobs = [lacking("gpu"), lacking("jdk-17")];
  const having = (gocdResources: readonly string[] | "*"): string =>
    lacks(jobs, aProfile({}), aProfile({ gocdResources }));
  assertEquals(having(["GPU"]), "1 gpu*,1 jdk-17");
  assertEquals(having(["x", "JDK-*"]), "1 gpu,1 jdk-17*");
  assertEquals(lacks([lacking("gpgpu")], aProfile({ gocdResources: ["gpu"] })), "1 gpgpu", "a name is no pattern");
  assertEquals([having("*"), having(["linux"])], ["1 gpu*,1 jdk-17*", "1 gpu,1 jdk-17"]);
});

Deno.test("jobs that lack no resource are counted by all that they ask for", () => {
  const same = [elsewhere({ gocdResources: ["b", "A"] }), elsewhere({ gocdResources: ["a", "B"] })];
  assertEquals(lacks(same), "2 other");
  assertEquals(
    lacks([elsewhere({ environment: "x" }), elsewhere({ environment: "y" }), elsewhere({})]),
    [
      "1 other",
      "1 other",
      "1 other",
    ].join(),
  );
  const ofGroup = (pipelineGroup: string): JobVerdict => elsewhere({ pipelineGroup });
  assertEquals(lacks([ofGroup("Web"), ofGroup("app"), ofGroup("web")]), "2 other,1 other");
  assertEquals(
    lacks([elsewhere({ gocdResources: ["a", "bc"] }), elsewhere({ gocdResources: ["ab", "c"] })]),
    [
      "1 other",
      "1 other",
    ].join(),
  );
  assertEquals(lacks([unserved({ kind: "no-profile" }), elsewhere({})]), "1 other,1 other");
});

// Warnings of `check` about profiles whose agents GoCD could give jobs of other pipeline groups.

import { assertEquals } from "@std/assert";
import { groupsWarning, unknownGroups } from "../../src/cli/check_groups.ts";
import type { AgentProfile } from "../../src/core/settings.ts";
import { someSettings } from "../support/core.ts";
import { aProfile } from "../support/placement.ts";

const profile = (name: string, changes: Partial<AgentProfile> = {}): AgentProfile =>
  aProfile({ name, gocdResources: ["linux"], ...changes });
const plain = profile("plain");

/** Whether jobs without resources are served, and the profiles: who is warned of. */
function warned(profiles: readonly AgentProfile[], resourcelessJobs: "serve" | "ignore" = "ignore"): string {
  const { text = "" } = groupsWarning(someSettings({ profiles, poller: { resourcelessJobs } })) ?? {};
  return /agents of (.*) jobs of other groups$/.exec(text)?.[1] ?? text;
}

for (
  const [name, profiles, want] of [
    ["no profile is for a group", [plain, profile("other")], ""],
    ["the resources are the same", [plain, profile("mobile", { pipelineGroups: ["mobile"] })], "mobile"],
    ["a pattern matches a resource", [
      profile("plain", { gocdResources: ["lin*"] }),
      profile("mobile", { pipelineGroups: ["mobile"] }),
    ], "mobile"],
    ["all resources", [
      profile("plain", { gocdResources: "*" }),
      profile("mobile", { pipelineGroups: ["mobile"], gocdResources: ["mac"] }),
    ], "mobile"],
    ["a profile with its own resources", [
      plain,
      profile("mobile", { pipelineGroups: ["mobile"], gocdResources: ["mac"] }),
    ], ""],
    ["a profile with its own environment", [
      plain,
      profile("mobile", { pipelineGroups: ["mobile"], environments: ["m"] }),
    ], ""],
    ["environments by pattern", [
      profile("plain", { environments: ["m-*"] }),
      profile("mobile", { pipelineGroups: ["mobile"], environments: ["M-1"] }),
    ], "mobile"],
    ["there is no other profile", [profile("mobile", { pipelineGroups: ["mobile"] })], "mobile"],
    ["both profiles are for the same groups", [
      profile("one", { pipelineGroups: ["Mobile", "tv"] }),
      profile("two", { pipelineGroups: ["tv", "mobile"] }),
    ], ""],
    ["two groups", [profile("one", { pipelineGroups: ["a"] }), profile("two", { pipelineGroups: ["b"] })], "one, two"],
  ] as const
) {
  Deno.test(`check of pipeline groups: ${name}: ${want === "" ? "no warning" : `a warning about ${want}`}`, () => {
    assertEquals(warned(profiles), want);
  });
}

Deno.test("a profile with its own resources is warned about if jobs without resources are served", () => {
  const profiles = [plain, profile("mobile", { pipelineGroups: ["mobile"], gocdResources: ["mac"] })];
  assertEquals([warned(profiles, "serve"), warned(profiles, "ignore")], ["mobile", ""]);
});

Deno.test("the warning about pipeline groups recommends a separate environment or resources", () => {
  assertEquals(groupsWarning(someSettings({ profiles: [profile("mobile", { pipelineGroups: ["mobile"] })] })), {
    text:
      "GoCD hands out jobs by resources and environments, not by pipeline groups: it may give agents of mobile jobs of " +
      "other groups",
    hint:
      "for a strict separation give the profile its own environment, or resources that no other profile has and all " +
      "of its jobs require",
  });
});

Deno.test("check reports configured pipeline groups that the dashboard does not show, and suggests similar names", () => {
  const profiles = [plain, profile("mobile", { pipelineGroups: ["Mobile-iOS", "tv-*", "mobil-*", "team-q"] })];
  const weights = { "team-a": 2, "-": 2, "team-x": 3 };
  const settings = someSettings({ profiles, scaling: { fairShare: { by: "pipeline-group", weights } } });
  const shown = new Map([["app", "mobile-ios"], ["tv", "tv-1"], ["web", "team-a"]]);
  const account = "let the account of go-server view the pipelines of the group, if there is one";
  assertEquals(unknownGroups(settings, shown), [
    {
      text: 'profiles.mobile.pipeline-groups: the dashboard of GoCD shows no pipeline group "mobil-*"',
      hint: account,
    },
    {
      text: 'profiles.mobile.pipeline-groups: the dashboard of GoCD shows no pipeline group "team-q"',
      hint: `write "team-a" if that is meant; otherwise ${account}`,
    },
    {
      text: 'scaling.weights: the dashboard of GoCD shows no pipeline group "team-x"',
      hint: `write "team-a" if that is meant; otherwise ${account}`,
    },
  ]);
  assertEquals(unknownGroups(settings, undefined), [], "unknown groups are not reported");
  assertEquals(unknownGroups(someSettings({ profiles: [plain] }), shown), []);
});

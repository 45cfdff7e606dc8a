// The key `pipeline-groups` of a profile.

import { assertEquals } from "@std/assert";
import type { AgentProfile } from "../../src/core/settings.ts";
import { loadKeys, problemsOf, withKeys } from "./support.ts";

const profile = (keys: string): Partial<AgentProfile> => loadKeys(keys).settings.profiles[0] ?? {};

Deno.test("a profile serves all pipeline groups by default, or the names and patterns that it lists", () => {
  assertEquals(profile("").pipelineGroups, undefined);
  assertEquals(profile('go-agent.pipeline-groups = "*"').pipelineGroups, undefined);
  assertEquals(profile('go-agent.pipeline-groups = [team-a, "mobile-*"]').pipelineGroups, ["team-a", "mobile-*"]);
  assertEquals(profile("go-agent.pipeline-groups = team-a").pipelineGroups, ["team-a"]);
  const { profiles } = loadKeys("profiles { a {}, b { pipeline-groups = [ops] } }").settings;
  assertEquals(profiles.map(({ pipelineGroups }) => pipelineGroups), [undefined, ["ops"]]);
  assertEquals(profile("").hash, profile("go-agent.pipeline-groups = [ops]").hash, "no agent is replaced for it");
  for (const bad of ["[]", '["a b"]', '["*", a]', '[".a*"]']) {
    const { problems: [problem] } = problemsOf(withKeys(`go-agent.pipeline-groups = ${bad}`));
    assertEquals([problem?.code, problem?.key], ["config-bad-value", "go-agent.pipeline-groups"], bad);
  }
  const { problems: [none] } = problemsOf(withKeys("go-agent.pipeline-groups = []"));
  assertEquals(none?.hint, 'name a group: ["mobile"], or write "*"');
});

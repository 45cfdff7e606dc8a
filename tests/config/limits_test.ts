// The keys for limits of the whole framework.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { loadKeys, problemsOf, withKeys } from "./support.ts";

Deno.test("limits of the whole framework are off by default, and their values are checked", () => {
  const { scaling } = loadKeys("").settings;
  assertEquals([scaling.launchesPerMinute, scaling.maxCpuShare, scaling.cpuHoursPerDay, scaling.timeZone], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const { scaling: written } = loadKeys(`
    scaling { launches-per-minute = 30, max-cpu-share = 0.5, cpu-hours-per-day = 1e3, time-zone = Europe/Berlin }
  `).settings;
  assertEquals([written.launchesPerMinute, written.maxCpuShare, written.cpuHoursPerDay, written.timeZone], [
    30,
    0.5,
    1000,
    "Europe/Berlin",
  ]);
  for (const bad of ["launches-per-minute = 0", "max-cpu-share = 1.5", "cpu-hours-per-day = 0", "time-zone = Berlin"]) {
    assertEquals(problemsOf(withKeys(`scaling.${bad}`)).problems[0]?.key, `scaling.${bad.split(" ")[0]}`, bad);
  }
  const { hint, message } = problemsOf(withKeys("scaling.time-zone = Berlin")).problems[0] ?? {};
  assertStringIncludes(`${message}; ${hint}`, '"Berlin" is not a time zone; write a name of the IANA database');
});

Deno.test("fair shares are off by default, and their weights are checked", () => {
  assertEquals(loadKeys("").settings.scaling.fairShare, undefined);
  const shared = (keys: string): unknown => loadKeys(keys).settings.scaling.fairShare;
  assertEquals(shared("scaling.fair-share = profile"), { by: "profile", weights: {} });
  assertEquals(shared('scaling { fair-share = environment, weights { Prod = 3, "-" = 0.5 } }'), {
    by: "environment",
    weights: { prod: 3, "-": 0.5 },
  });
  assertEquals(shared("scaling { fair-share = pipeline-group, weights { Mobile = 3, team-b = 0.5 } }"), {
    by: "pipeline-group",
    weights: { mobile: 3, "team-b": 0.5 },
  });
  assertEquals(loadKeys("go-agent.weight = 2.5").settings.profiles[0]?.weight, 2.5);
  for (
    const [keys, code] of [
      ["fair-share = environment, weights { prod = 0 }", "config-bad-value"],
      ["fair-share = environment, weights { prod = much }", "config-bad-value"],
      ["fair-share = profile, weights { prod = 2 }", "config-conflict"],
      ["fair-share = pipeline", "config-bad-value"],
      ["fair-share = pipeline-group, weights { mobile = 0 }", "config-bad-value"],
    ] as const
  ) {
    const { problems: [problem] } = problemsOf(withKeys(`scaling { ${keys} }`));
    assertEquals([problem?.code, problem?.key.startsWith("scaling.")], [code, true], keys);
  }
});

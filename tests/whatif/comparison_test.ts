// The statements of docs/what-if.md about the comparison with other policies.

import { assertEquals } from "@std/assert";
import { loadConfig } from "../../src/config/load.ts";
import { builtInTraces } from "../../src/whatif/built_in.ts";
import { policies } from "../../src/whatif/policies/all.ts";
import { hoursOf } from "../../src/whatif/report.ts";
import { replay } from "../../src/whatif/replay.ts";
import { builtIn, surroundings } from "./support.ts";

const example = new URL("../../framework.conf.example", import.meta.url).pathname;
const { settings } = loadConfig(example, {});

Deno.test("on the built-in traces no policy has shorter waits for the same agent-hours as the recommended configuration, except as documented", () => {
  const better = builtInTraces.flatMap((name) => {
    const trace = builtIn(name);
    const around = { ...surroundings, hosts: 40 };
    const ours = replay(trace, { kind: "core", name: "recommended", settings }, around);
    return policies.flatMap((policy) => {
      const theirs = replay(trace, { kind: "policy", policy, settings }, around);
      const isBetter = theirs.wait.p95Ms < ours.wait.p95Ms && hoursOf(theirs) <= hoursOf(ours);
      return isBetter ? [`${name}: ${policy.name}`] : [];
    });
  });
  assertEquals(better, ["burst: buildkite-agent-scaler", "flapping: buildkite-agent-scaler"]);
});

// The cost of a replay. Target: the working day of 20,000 jobs in less than 10 s of CPU time. Run: deno bench -A
// tests/bench/whatif_bench.ts.

import { cpuUsage } from "node:process";
import { loadConfig } from "../../src/config/load.ts";
import { policies } from "../../src/whatif/policies/all.ts";
import { replay } from "../../src/whatif/replay.ts";
import { builtIn, surroundings } from "../whatif/support.ts";

const { settings } = loadConfig(new URL("../../framework.conf.example", import.meta.url).pathname, {});
const day = builtIn("day");
const dayMsMax = 10_000;

Deno.bench("a working day of 20,000 jobs, with the core", { n: 3, warmup: 1 }, (bench) => {
  bench.start();
  const before = cpuUsage();
  replay(day, { kind: "core", name: "recommended", settings }, surroundings);
  bench.end();
  const { user, system } = cpuUsage(before);
  const tookMs = Math.round((user + system) / 1_000);
  if (tookMs > dayMsMax) throw new Error(`the day took ${tookMs} ms of a processor, not less than ${dayMsMax}`);
});

for (const policy of policies) {
  Deno.bench(`the same with ${policy.name}`, { n: 3, warmup: 1 }, () => {
    replay(day, { kind: "policy", policy, settings }, surroundings);
  });
}

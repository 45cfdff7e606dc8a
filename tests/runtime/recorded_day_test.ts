// The demand recorded by a whole run of the program equals the demand on the server.

import { assert, assertEquals } from "@std/assert";
import { recorded } from "../../src/whatif/recorded.ts";
import { minute, second } from "../history/samples.ts";
import { playDay } from "../support/day.ts";
import { replay } from "../../src/whatif/replay.ts";
import { surroundings } from "../whatif/support.ts";
import { aProfile } from "../support/placement.ts";
import { someSettings } from "../support/core.ts";

Deno.test("the history of a simulated morning gives a trace of its jobs that can be replayed", async () => {
  const day = await playDay(3);
  const span = { fromMs: day.nowMs - 180 * minute, toMs: day.nowMs };
  const lives = day.recorder.reader.jobs(span, 10_000);
  assert(lives.length > 60, `${lives.length}`);
  assertEquals(lives.filter(({ by }) => by === "others").length, 0);
  const { trace, unseen } = recorded("morning", span, lives);
  assertEquals(trace.jobs.length, lives.length);
  assert(unseen <= lives.length / 10, `${unseen} of ${lives.length}`);
  for (const { buildMs } of trace.jobs) assert(buildMs >= 5 * second && buildMs < 20 * minute, `${buildMs}`);
  const settings = someSettings({ profiles: [aProfile({ gocdResources: "*" })] });
  const { unbuilt, unserved } = replay(trace, { kind: "core", name: "core", settings }, surroundings);
  assertEquals({ unbuilt, unserved }, { unbuilt: 0, unserved: 0 });
});

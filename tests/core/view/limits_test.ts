// The limits of `scaling` other than max-agents as shown to people: which are set, and their usage.

import { assertEquals } from "@std/assert";
import { usedLimits } from "../../../src/core/view/limits.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { drive, jobs, minute, offer, only, second } from "../../support/core.ts";

Deno.test("without a limit there is nothing to show", () => {
  const { state, atMs } = drive();
  assertEquals([usedLimits(state, atMs), statusView(state, atMs).usedLimits], [[], undefined]);
});

Deno.test("each limit that is set is shown with what is used of it: of the minute, of the cluster, of the day", () => {
  const world = drive({ scaling: { launchesPerMinute: 5, maxCpuShare: 0.5, cpuHoursPerDay: 10 } });
  world.subscribe();
  world.poll({ jobs: jobs(2) });
  world.offers(offer("h1", { cpus: 8, mem: 16_384 }));
  const launched = only(world.taken(), "accept-offers").flatMap(({ launches }) => launches);
  assertEquals(launched.length, 2);
  const used = (): readonly number[] => usedLimits(world.state, world.atMs).map((each) => each.used);
  const { usedLimits: shown = [] } = statusView(world.state, world.atMs);
  assertEquals(shown.map(({ key, limit, unit }) => `${key}: ${limit} ${unit}`), [
    "scaling.launches-per-minute: 5 launches",
    "scaling.cpu-hours-per-day: 10 cpu-hours",
    "scaling.max-cpu-share: 4 cpus",
  ]);
  assertEquals(used(), [2, 0, 2]);
  world.wait(59 * second);
  assertEquals(used()[0], 2);
  for (const { taskId } of launched) world.status(taskId, "TASK_RUNNING");
  world.wait(5 * minute, minute);
  assertEquals(used()[0], 0);
  assertEquals((used()[1] ?? 0) > 0.1, true);
});

// Which of the time that has passed counts.

import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import { countedMs, type Gap, standstillMs, watchedFrom, withGap } from "../../../src/core/session/watched.ts";
import {
  building,
  drive,
  gocdAgent,
  job,
  jobs,
  minute,
  offer,
  only,
  second,
  withIdleAgent,
} from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const counted:
  readonly (readonly [name: string, gaps: readonly (readonly [number, number])[], from: number, want: number])[] = [
    ["all of it where nothing is left out", [], 200, 800],
    ["only what comes after the beginning", [], 0, 900],
    ["what lies beside a gap", [[400, 500]], 200, 700],
    ["what lies behind a gap that has begun before", [[150, 300]], 200, 700],
    ["nothing of a gap that is not over", [[900, 1_500]], 200, 700],
    ["each gap once, although two overlap", [[400, 600], [500, 700]], 200, 500],
    ["nothing where it lies in one gap", [[150, 1_500]], 200, 0],
  ];
for (const [name, gaps, from, want] of counted) {
  Deno.test(`watched time: ${name}`, () => {
    const watched = gaps.reduce((all, [fromMs, toMs]) => withGap(all, { fromMs, toMs }), watchedFrom(100));
    assertEquals(countedMs(watched, from, 1_000), want);
  });
}

Deno.test("nothing counts while nothing is watched", () => {
  assertEquals(countedMs(undefined, 0, 1_000), 0);
});

Deno.test("more gaps than are remembered never make more time count", () => {
  const steps = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 50 })), { minLength: 490, maxLength: 700 });
  fc.assert(
    fc.property(steps, (lengths) => {
      const gaps: Gap[] = [];
      let atMs = 0;
      for (const [pauseMs, gapMs] of lengths) {
        gaps.push({ fromMs: atMs + pauseMs, toMs: atMs + pauseMs + gapMs });
        atMs += pauseMs + gapMs;
      }
      const watched = gaps.reduce(withGap, watchedFrom(0));
      const free = lengths.reduce((sum, [pauseMs]) => sum + pauseMs, 0);
      assert(watched.gaps.length <= 500);
      assert(countedMs(watched, 0, atMs) <= free);
      if (lengths.length <= 500) assertEquals(countedMs(watched, 0, atMs), free);
    }),
    { numRuns: 20 },
  );
});

Deno.test("a program that was suspended reports it once; punctual ticks are not reported", () => {
  const world = drive();
  world.subscribe();
  world.skip(standstillMs - second);
  world.wait(second);
  assertEquals(world.noted().filter(({ code }) => code === "program-stood-still"), []);
  world.skip(120 * minute);
  world.wait(3 * second);
  const [told, ...others] = world.noted().filter(({ code }) => code === "program-stood-still");
  assertEquals([told?.fields["stoodStillMs"], others.length], [120 * minute + second, 0]);
});

Deno.test("after the machine was suspended a timeout for what the server shows starts again, as after a restart", () => {
  const disabled = { configState: "Disabled" } as const;
  const { world, taskId } = withIdleAgent({
    profiles: [aProfile({ gocdResources: ["linux"], drainTimeoutMs: 60 * minute })],
  });
  world.send({ kind: "drain-requested" });
  world.poll({ agents: [gocdAgent(taskId, building)] });
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  for (let at = 0; at < 50; at++) {
    world.wait(minute);
    world.read(gocdAgent(taskId, { ...disabled, ...building }));
  }
  world.skip(5 * 60 * minute);
  world.wait(second);
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals(world.instance(taskId).state, "draining");
  world.wait(59 * minute, minute);
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals(world.instance(taskId).state, "draining");
  world.wait(minute);
  world.read(gocdAgent(taskId, { ...disabled, ...building }));
  assertEquals(world.instance(taskId).state, "killing");
});

Deno.test("an agent that is starting while its program is suspended has its whole register-timeout afterwards", () => {
  const world = drive({ profiles: [aProfile({ gocdResources: ["linux"], registerTimeoutMs: 5 * minute })] });
  world.subscribe();
  world.poll({ jobs: [job("a")] });
  world.wait(6 * second);
  world.offers(offer("h1"));
  const [taskId = ""] = [...world.state.instances.keys()];
  world.status(taskId, "TASK_RUNNING");
  const reads = (count: number): void => {
    for (let at = 0; at < count; at++) {
      world.wait(minute);
      world.read();
      world.wait(second);
    }
  };
  reads(4);
  // The server may have been in maintenance mode all the time; this cannot be known.
  world.skip(60 * minute);
  world.wait(second);
  world.read();
  reads(4);
  assertEquals(world.instance(taskId).state, "starting");
  reads(1);
  assertEquals(world.instance(taskId).state, "killing");
});

Deno.test("an agent that is idle before and after its program was suspended is not drained for the time between", () => {
  const { world, taskId } = withIdleAgent();
  world.skip(60 * minute);
  world.wait(second);
  world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals(world.instance(taskId).state, "registered");
  world.wait(10 * minute, minute);
  world.poll({ agents: [gocdAgent(taskId)] });
  assertEquals(world.instance(taskId).state, "draining");
});

Deno.test("a second idle list from after a suspension confirms nothing: the confirmation restarts", () => {
  const { world, taskId } = withIdleAgent();
  const disabled = gocdAgent(taskId, { configState: "Disabled" });
  world.send({ kind: "drain-requested" });
  world.poll({ agents: [gocdAgent(taskId)] });
  world.read(disabled);
  world.skip(60 * minute);
  world.wait(second);
  world.read(disabled);
  const instance = world.instance(taskId);
  assertEquals(instance.state === "draining" ? instance.step.kind : instance.state, "confirming");
  world.skip(20 * second);
  world.read(disabled);
  const later = world.instance(taskId);
  assertEquals(later.state === "draining" ? later.step.kind : later.state, "deleting");
});

Deno.test("an offer that comes right after a suspension launches nothing that was wanted long before", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  world.skip(60 * minute);
  world.offers(offer("h1"));
  assertEquals(only(world.taken(), "accept-offers"), []);
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  assertEquals(only(world.taken(), "accept-offers").length, 1);
});

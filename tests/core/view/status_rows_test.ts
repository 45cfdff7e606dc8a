// Rows of the picture that say why something is not used, and for how long. Not here: jobs (why_test.ts), health.

import { assertEquals } from "@std/assert";
import type { ScheduledJob } from "../../../src/core/gocd_records.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import { drive, job, minute, offer, second, zeroMs } from "../../support/core.ts";
import { mesosSays, stateOf } from "../instance_fixtures.ts";

Deno.test("an avoided host is shown with the reason and the end, and not after it", () => {
  const breaker = {
    failures: [{ atMs: zeroMs, profile: "default" }],
    lastFailure: mesosSays("no image"),
    avoid: { untilMs: zeroMs + 2 * minute, forMs: 2 * minute },
  };
  const state = stateOf([]);
  const avoiding = { ...state, breakers: { ...state.breakers, hosts: new Map([["h1", breaker]]) } };
  assertEquals(statusView(avoiding, zeroMs).avoidedHosts, [
    {
      host: "h1",
      untilMs: zeroMs + 2 * minute,
      profile: "default",
      reason: "after failures of profile default there: no image",
    },
  ]);
  assertEquals(statusView(avoiding, zeroMs + 2 * minute).avoidedHosts, []);
});

Deno.test("a host that failed with several profiles is avoided for all of them", () => {
  const breaker = {
    failures: [{ atMs: zeroMs, profile: "default" }, { atMs: zeroMs, profile: "other" }],
    lastFailure: mesosSays("no image"),
    avoid: { untilMs: zeroMs + minute, forMs: minute },
  };
  const state = stateOf([]);
  const avoiding = { ...state, breakers: { ...state.breakers, hosts: new Map([["h1", breaker]]) } };
  assertEquals(statusView(avoiding, zeroMs).avoidedHosts, [
    { host: "h1", untilMs: zeroMs + minute, reason: "after failures there: no image" },
  ]);
});

Deno.test("why a profile found no place is shown for ten minutes after the last offers, and since when it finds none", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: [job("j")] });
  world.offers(offer("h1", { cpus: 0.1 }));
  const seenMs = world.atMs;
  world.wait(second);
  world.offers(offer("h1", { cpus: 0.1 }));
  const [row] = statusView(world.state, world.atMs).unplaced ?? [];
  assertEquals([row?.profile, row?.sinceMs, row?.lastMs, row?.reason], [
    "default",
    seenMs,
    world.atMs,
    "largest offer short by 0.9 cpus on host h1",
  ]);
  assertEquals(statusView(world.state, world.atMs + 10 * minute - 1).unplaced?.length, 1);
  assertEquals(statusView(world.state, world.atMs + 10 * minute).unplaced, []);
});

Deno.test("the rows of demand are of the same state as the agents, also between launches or a command and the next tick", () => {
  const world = drive({ poller: { attempts: 0 } });
  world.subscribe();
  world.poll({ jobs: [job("j")] });
  const row = (): unknown => {
    const { demand, jobs: [waiting] } = statusView(world.state, world.atMs);
    return [demand[0]?.wanted, demand[0]?.coming, waiting?.reasonCode];
  };
  assertEquals(row(), [1, 0, "launching"]);
  world.send({ kind: "launching-frozen" });
  assertEquals(row(), [0, 0, "held-frozen"]);
  world.send({ kind: "launching-resumed" });
  assertEquals(row(), [1, 0, "launching"]);
  world.offers(offer("h1"));
  assertEquals(row(), [0, 1, "agent-coming"]);
});

Deno.test("a bucket is as old as its oldest job", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: [job("a")] });
  const firstMs = world.atMs;
  world.wait(minute);
  world.poll({ jobs: [job("b"), job("a")] });
  const [bucket] = statusView(world.state, world.atMs).demand;
  assertEquals([bucket?.waiting, bucket?.oldestMs], [2, firstMs]);
});

Deno.test("if pipeline groups are used, the bucket of each group is as old as its own oldest job", () => {
  const world = drive({ scaling: { fairShare: { by: "pipeline-group", weights: {} } } });
  world.subscribe();
  const groups = { web: "front", app: "back" };
  const of = (pipeline: string): ScheduledJob => job(pipeline, { locator: `${pipeline}/1/s/1/j` });
  world.poll({ jobs: [of("web")], groups });
  const firstMs = world.atMs;
  world.wait(minute);
  world.poll({ jobs: [of("web"), of("app")], groups });
  const { demand } = statusView(world.state, world.atMs);
  assertEquals(demand.map(({ pipelineGroup, oldestMs }) => [pipelineGroup, oldestMs]), [
    ["front", firstMs],
    ["back", world.atMs],
  ]);
});

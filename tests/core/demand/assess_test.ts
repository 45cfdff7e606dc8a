// What is made of one bucket: which agents are counted for its jobs, and which of them wait for another cause.

import { assertEquals } from "@std/assert";
import { assess, type BucketAssessment } from "../../../src/core/demand/assess.ts";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import type { InstancePhase } from "../../../src/core/instance.ts";
import type { SeenJob, State } from "../../../src/core/state.ts";
import { gocdAgent, jobs, lostContact, minute, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt, stateOf } from "../instance_fixtures.ts";

/**
 * The bucket of jobs `j0`, `j1`, … that have been seen since zeroMs, a while later; beside an agent idle since then.
 */
function bucketAfter(
  afterMs: number,
  memories: readonly Partial<SeenJob>[],
  server: Partial<State["server"]> = {},
  change: (state: State) => State = (state) => state,
): BucketAssessment | undefined {
  const { demand, settings } = stateOf([]);
  const backlog = bucketJobs(jobs(memories.length), settings.poller, "insensitive");
  const plain = { firstSeenMs: zeroMs, bucketKey: ";linux", order: 0, passedOver: 0, otherCauseCount: 0 };
  const seen = new Map(memories.map((memory, index) => [`p/1/s/1/j${index}`, { ...plain, ...memory }]));
  const atMs = zeroMs + afterMs;
  const idle = { agents: [gocdAgent("h")], idleSinceMs: new Map([["uuid-h", zeroMs]]), healthySinceMs: zeroMs };
  const { state } = draftAt(atMs, [], { ...idle, ...server }, { demand: { ...demand, backlog, seen } });
  return assess(change(state), atMs).buckets[0];
}

const left = (sinceMs: number, untilMs: number): Partial<SeenJob> => ({ otherCause: { sinceMs, untilMs } });
const first = "p/1/s/1/j0";

Deno.test("one retried job is enough to leave out agents that have been idle for half an hour", () => {
  const halfHour = 30 * minute;
  const until = (ms: number): Partial<SeenJob> => ({ ...left(zeroMs, zeroMs + ms), firstSeenMs: zeroMs + halfHour });
  const fresh = { firstSeenMs: zeroMs + halfHour };
  const idleNames = (afterMs: number, ...memories: readonly Partial<SeenJob>[]): unknown =>
    bucketAfter(afterMs, memories)?.idleNames;
  assertEquals(idleNames(halfHour, until(halfHour), fresh), []);
  assertEquals(idleNames(halfHour, fresh, until(halfHour)), []);
  assertEquals(idleNames(halfHour, until(halfHour + 1), fresh), ["h"], "it is not tried yet");
  assertEquals(idleNames(halfHour - 1, until(halfHour - 1), fresh), ["h"], "the agent is not idle for long enough");
});

Deno.test("a job that is passed over at the moment of its retry is passed over again", () => {
  const pastMs = zeroMs + 10 * minute;
  const newly = (untilMs: number, passed: Partial<SeenJob>): number | undefined =>
    bucketAfter(61 * minute, [{ ...left(pastMs, untilMs), ...passed }], { idleSinceMs: new Map() })?.newlyPassed.size;
  const zombie = { passedOver: 2 };
  assertEquals([newly(zeroMs + 61 * minute, zombie), newly(zeroMs + 61 * minute + 1, zombie)], [1, 0]);
  assertEquals(newly(zeroMs + 61 * minute, {}), 0, "nothing has passed it");
});

Deno.test("an earlier zombie waits until the same time, and reports how often it was passed over then", () => {
  const untilMs = zeroMs + 70 * minute;
  const memory = { otherCause: { sinceMs: zeroMs + 61 * minute, untilMs, passedOver: 7 }, passedOver: 1 };
  assertEquals(bucketAfter(62 * minute, [memory])?.otherCauses.get(first), {
    kind: "zombie",
    waitedMs: 62 * minute,
    limitMs: 60 * minute,
    passedOver: 7,
    untilMs,
  });
});

Deno.test("the last of the lost matching agents shows whether a job was left before or after its loss", () => {
  const leftMs = zeroMs + 10 * minute;
  const cause = (...lostMs: readonly number[]): string | undefined =>
    bucketAfter(20 * minute, [left(leftMs, zeroMs + 40 * minute)], {
      agents: lostMs.map((_, index) => gocdAgent(`h${index}`, lostContact)),
      lostSinceMs: new Map(lostMs.map((sinceMs, index) => [`uuid-h${index}`, sinceMs])),
    })?.otherCauses.get(first)?.kind;
  assertEquals([cause(leftMs - 1), cause(leftMs)], ["left-before", undefined]);
  assertEquals([cause(leftMs, zeroMs), cause(zeroMs, leftMs)], [undefined, undefined]);
  assertEquals(cause(zeroMs, leftMs - 1), "left-before");
});

Deno.test("an agent of ours that has died explains a job that it left, unless we stopped it or it never registered", () => {
  const leftMs = zeroMs + 10 * minute;
  const cause = (phase: Partial<InstancePhase>, gocdResources = ["linux"]): string | undefined => {
    const instance = anInstance("t", { state: "gone", sinceMs: leftMs, message: "", ...phase } as never, {
      gocdResources,
    });
    const withIt = (state: State): State => ({ ...state, instances: new Map([["t", instance]]) });
    return bucketAfter(20 * minute, [left(leftMs, zeroMs + 40 * minute)], { agents: [] }, withIt)?.otherCauses.get(
      first,
    )?.kind;
  };
  const exited = { cause: "exited", uuid: "u" } as const;
  assertEquals([cause(exited), cause({ ...exited, sinceMs: leftMs - 1 })], [undefined, "left-before"]);
  assertEquals([cause({ ...exited, cause: "stopped" }), cause({ cause: "exited" })], ["left-before", "left-before"]);
  assertEquals([cause({ state: "unreachable", uuid: "u" }), cause(exited, ["other"])], [undefined, "left-before"]);
});

Deno.test("jobs are judged although nothing is known of the server itself", () => {
  const withoutInfo = (state: State): State => {
    const { info: _, ...server } = state.server;
    return { ...state, server };
  };
  assertEquals(bucketAfter(minute, [{}], {}, withoutInfo)?.willBeTaken, 1);
});

Deno.test("a bucket reports how long the agent that takes none of its jobs has been idle", () => {
  assertEquals(bucketAfter(2 * minute, [{}, { firstSeenMs: zeroMs + minute }])?.otherCauses.get(first), {
    kind: "idle-unused",
    host: "h",
    idleMs: 2 * minute,
  });
});

// The memory of waiting jobs: what counts as passed over, how long a verdict lasts, and what restarts an idle clock.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { isZombie, markOtherCause, otherCauseUntilMs, trackIdle, trackJobs } from "../../../src/core/demand/demand.ts";
import type { ScheduledJob } from "../../../src/core/gocd_records.ts";
import type { SeenJob } from "../../../src/core/state.ts";
import {
  builtSince,
  newlyBuilding,
  takenOf,
  takenSince,
  type Takings,
  takingsOf,
  withoutTaken,
} from "../../../src/core/demand/taken_jobs.ts";
import { building, gocdAgent, job, minute, someSettings } from "../../support/core.ts";

const { poller } = someSettings();
const backlogOf = (...jobs: readonly ScheduledJob[]): ReturnType<typeof bucketJobs> =>
  bucketJobs(jobs, poller, "insensitive");
const seenJob = (changes: Partial<SeenJob> = {}): SeenJob => ({
  firstSeenMs: 0,
  bucketKey: ";linux",
  order: 0,
  passedOver: 0,
  otherCauseCount: 0,
  ...changes,
});
const nothing: Takings = { locators: new Set(), unnamed: [] };
const path = (name: string): string => `p/1/s/1/${name}`;

Deno.test("a job is a zombie from poller.zombie-after on, passed over twice", () => {
  const zombie = (passedOver: number, atMs: number): boolean => isZombie(seenJob({ passedOver }), poller, atMs);
  assertEquals([zombie(2, 60 * minute - 1), zombie(2, 60 * minute)], [false, true]);
  assertEquals([zombie(1, 60 * minute), zombie(3, 60 * minute)], [false, true]);
  const seenLater = seenJob({ passedOver: 2, firstSeenMs: 59 * minute });
  assertEquals(isZombie(seenLater, poller, 60 * minute), false, "its own age counts");
});

Deno.test("a verdict of another cause lasts half an hour, then twice as long each time, four hours at most", () => {
  const minutes = [0, 1, 2, 3, 4, 11, 2_000].map((otherCauseCount) =>
    (otherCauseUntilMs(seenJob({ otherCauseCount }), 7) - 7) / minute
  );
  assertEquals(minutes, [30, 60, 120, 240, 240, 240, 240]);
});

Deno.test("a job that was judged a zombie must be passed over again; one that an idle agent left waiting keeps its count", () => {
  const before = seenJob({ passedOver: 3, otherCauseCount: 1 });
  const zombie = { kind: "zombie", waitedMs: 1, limitMs: 1, passedOver: 3, untilMs: 1 } as const;
  const marked = markOtherCause(before, zombie, 5);
  assertEquals(marked, {
    ...before,
    passedOver: 0,
    otherCause: { sinceMs: 5, untilMs: 5 + 60 * minute, passedOver: 3 },
    otherCauseCount: 2,
  });
  const left = markOtherCause(before, { kind: "idle-unused", host: "h", idleMs: 1 }, 5);
  assertEquals([left.passedOver, left.otherCause], [3, { sinceMs: 5, untilMs: 5 + 60 * minute }]);
});

const three = [job("old"), job("mid"), job("new")];
const seenThree = new Map(three.map(({ locator }, order) => [locator, seenJob({ order })]));

/** How often each job of the next poll has been passed over. */
function passed(left: readonly ScheduledJob[], takings: Partial<Takings>): Record<string, number> {
  const news = { backlog: backlogOf(...left), previous: backlogOf(...three), takings: { ...nothing, ...takings } };
  const { seen } = trackJobs(seenThree, news, 9);
  return Object.fromEntries([...seen].map(([locator, { passedOver }]) => [locator.split("/").at(-1), passedOver]));
}

Deno.test("a run-on-all job that becomes ours is passed over only by newer jobs", () => {
  const jobs = [job("first"), job("pinned-runOnAll-1"), job("last")];
  const { locator } = job("pinned-runOnAll-1");
  const previous = backlogOf(...jobs);
  const before = trackJobs(new Map(), { backlog: previous, previous, takings: nothing }, 1).seen;
  const passedBy = (name: string): number | undefined => {
    const left = jobs.filter((each) => each.name !== name);
    const backlog = bucketJobs(left, poller, "insensitive", new Map([[locator, 9]]));
    const takings = { ...nothing, locators: new Set([job(name).locator]) };
    return trackJobs(before, { backlog, previous, takings }, 9).seen.get(locator)?.passedOver;
  };
  assertEquals([passedBy("first"), passedBy("last")], [0, 1]);
});

Deno.test("an older job is passed over only by a newer one that an agent took, not by one that was cancelled", () => {
  assertEquals(passed([job("old"), job("mid")], { locators: new Set([path("new")]) }), { old: 1, mid: 1 });
  assertEquals(passed([job("old"), job("new")], { locators: new Set([path("mid")]) }), { old: 1, new: 0 });
  assertEquals(passed([job("mid"), job("new")], { locators: new Set([path("old")]) }), { mid: 0, new: 0 });
  assertEquals(passed([job("old"), job("mid")], {}), { old: 0, mid: 0 });
});

Deno.test("if the server does not report builds, an agent that started one counts for the oldest job that left", () => {
  const agent = gocdAgent("a", building);
  assertEquals(passed([job("old")], { unnamed: [agent] }), { old: 1 });
  assertEquals(passed([job("new")], { unnamed: [agent] }), { new: 0 });
  assertEquals(passed([job("old")], { unnamed: [gocdAgent("a", { ...building, gocdResources: ["arm"] })] }), {
    old: 0,
  });
});

Deno.test("the time at which a job was first seen, its place in the feed, and its cause are remembered until its bucket moves", () => {
  const cause = { sinceMs: 1, untilMs: 2 };
  const before = new Map([
    [path("a"), seenJob({ firstSeenMs: 3, otherCause: cause, otherCauseCount: 1 })],
    [path("b"), seenJob({ firstSeenMs: 4, order: 1, otherCause: cause })],
  ]);
  const both = { backlog: backlogOf(job("new"), job("a"), job("b")), previous: backlogOf(job("a"), job("b")) };
  const kept = trackJobs(before, { ...both, takings: nothing }, 9);
  assertEquals(kept.seen.get(path("a")), seenJob({ firstSeenMs: 3, order: 1, otherCause: cause, otherCauseCount: 1 }));
  assertEquals(kept.seen.get(path("new")), seenJob({ firstSeenMs: 9 }));
  assertEquals([...kept.movingBuckets], []);
  const one = trackJobs(before, { backlog: backlogOf(job("a")), previous: both.previous, takings: nothing }, 9);
  assertEquals(one.seen.get(path("a")), seenJob({ firstSeenMs: 3, otherCauseCount: 1 }));
  assertEquals([[...one.movingBuckets], [...one.unexplained.keys()]], [[";linux"], [";linux"]]);
});

Deno.test("one job that waited for another cause and has left is enough to judge its bucket again", () => {
  const cause = { sinceMs: 1, untilMs: 2 };
  const before = new Map([
    [path("a"), seenJob({ otherCause: cause })],
    [path("b"), seenJob({ order: 1, otherCause: cause })],
    [path("c"), seenJob({ order: 2 })],
    [path("d"), seenJob({ order: 3 })],
    [path("other"), seenJob({ order: 4, bucketKey: ";arm", otherCause: cause })],
  ]);
  const other = job("other", { gocdResources: ["arm"] });
  const all = backlogOf(job("a"), job("b"), job("c"), job("d"), other);
  const causes = (...left: readonly string[]): string => {
    const backlog = withoutTaken(all, new Set(left.map(path)));
    const { seen } = trackJobs(before, { backlog, previous: all, takings: nothing }, 9);
    return [...seen].filter(([, { otherCause }]) => otherCause !== undefined).map(([key]) => key.slice(8)).join();
  };
  assertEquals([causes(), causes("c"), causes("c", "d")], ["a,b,other", "a,b,other", "a,b,other"]);
  assertEquals([causes("b"), causes("b", "c"), causes("other")], ["other", "other", "a,b"]);
});

Deno.test("a bucket also moves if it is known for only some of the jobs that left who took them", () => {
  const news = { backlog: backlogOf(job("old")), previous: backlogOf(...three) };
  const some = trackJobs(seenThree, { ...news, takings: { ...nothing, locators: new Set([path("new")]) } }, 9);
  assertEquals([...some.movingBuckets], [";linux"]);
  assertEquals(some.unexplained.get(";linux")?.map(({ locator }) => locator), [path("mid")]);
});

Deno.test("a bucket moves only while it is not known which agent took the job that left", () => {
  const news = { backlog: backlogOf(job("old"), job("mid")), previous: backlogOf(...three) };
  const known = trackJobs(seenThree, { ...news, takings: { ...nothing, locators: new Set([path("new")]) } }, 9);
  assertEquals([[...known.movingBuckets], [...known.unexplained]], [[], []]);
});

Deno.test("jobs that are not ours keep their age, and belong to no bucket when they leave the feed", () => {
  const elastic = job("e", { elasticProfile: "k8s" });
  const first = trackJobs(new Map(), { backlog: backlogOf(elastic), previous: backlogOf(), takings: nothing }, 5);
  assertEquals(first.seen.get(path("e")), seenJob({ firstSeenMs: 5, bucketKey: "" }));
  const again = trackJobs(first.seen, { backlog: backlogOf(elastic), previous: backlogOf(), takings: nothing }, 8);
  assertEquals(again.seen.get(path("e"))?.firstSeenMs, 5);
  const left = trackJobs(first.seen, { backlog: backlogOf(), previous: backlogOf(), takings: nothing }, 9);
  assertEquals([left.seen.size, left.movingBuckets.size], [0, 0]);
});

Deno.test("an idle clock starts when an agent is first seen idle, and restarts if the agent may have built", () => {
  const agents = [gocdAgent("a"), gocdAgent("b", { gocdResources: ["arm"] }), gocdAgent("busy", building)];
  const before = new Map([["uuid-a", 1], ["uuid-b", 2], ["uuid-busy", 3]]);
  const idle = (
    movingBuckets: readonly string[],
    jobs: readonly ScheduledJob[],
    earlier: readonly ScheduledJob[] = [],
  ) =>
    Object.fromEntries(trackIdle({
      before,
      agents: [...agents, gocdAgent("c")],
      backlog: backlogOf(...jobs),
      previousBacklog: backlogOf(...earlier),
      movingBuckets: new Set(movingBuckets),
    }, 9));
  assertEquals(idle([], [job("j")]), { "uuid-a": 1, "uuid-b": 2, "uuid-c": 9 });
  assertEquals(idle([";linux"], [job("j")]), { "uuid-a": 9, "uuid-b": 2, "uuid-c": 9 });
  assertEquals(idle([";linux"], [], [job("j")]), { "uuid-a": 9, "uuid-b": 2, "uuid-c": 9 });
  assertEquals(idle([";arm"], [job("j")]), { "uuid-a": 1, "uuid-b": 2, "uuid-c": 9 });
  const both = [job("j"), job("k", { gocdResources: ["x86"] })];
  assertEquals(idle([";linux", ";x86"], both), { "uuid-a": 9, "uuid-b": 2, "uuid-c": 9 });
});

Deno.test("a job was taken since the last list if its agent did not build it then", () => {
  const on = (hostname: string, buildLocator?: string): ReturnType<typeof gocdAgent> =>
    gocdAgent(hostname, { ...building, ...(buildLocator === undefined ? {} : { buildLocator }) });
  assertEquals([...takenSince([on("a", "x")], [on("a", "x"), on("b", "y"), on("c")])], ["y"]);
  assertEquals([...takenSince([on("a", "x")], [on("a", "z")])], ["z"]);
  assertEquals([...takenSince([], [gocdAgent("a", { buildLocator: "x" })])], []);
  assertEquals([...takenSince([on("a", "x")], [on("a")])], []);
  assertEquals([...builtSince([on("a", "x"), on("b"), gocdAgent("c", { buildLocator: "y" })], new Set(["o"]))], [
    "o",
    "x",
  ]);
  const before = new Set(["o"]);
  assertEquals(builtSince([gocdAgent("a")], before) === before, true);
});

Deno.test("an agent has started if it did not build before, or if it had started already and still builds", () => {
  const begun = (before: readonly ReturnType<typeof gocdAgent>[], earlier: readonly string[] = []): string[] => [
    ...newlyBuilding(before, [
      gocdAgent("a", building),
      gocdAgent("named", { ...building, buildLocator: "x" }),
      gocdAgent("idle"),
    ], new Set(earlier)),
  ];
  assertEquals(begun([gocdAgent("a")]), ["uuid-a"]);
  assertEquals(begun([]), ["uuid-a"]);
  assertEquals(begun([gocdAgent("a", building)]), []);
  assertEquals(begun([gocdAgent("a", building)], ["uuid-a", "uuid-idle"]), ["uuid-a"]);
  const takings = takingsOf({ agents: [], built: new Set(["o"]), begun: new Set() }, [gocdAgent("a", building)]);
  assertEquals([[...takings.locators], takings.unnamed.map(({ uuid }) => uuid)], [["o"], ["uuid-a"]]);
});

Deno.test("an agent that started explains the departure of one job, of a bucket that it can serve", () => {
  const departures = new Map([
    [";linux", [{ locator: path("b"), order: 2 }, { locator: path("a"), order: 1 }]],
    [";arm", [{ locator: path("c"), order: 0 }]],
    [";gone", [{ locator: path("d"), order: 3 }]],
  ]);
  const backlog = backlogOf(job("a"), job("b"), job("c", { gocdResources: ["arm"] }));
  const taken = (...agents: readonly ReturnType<typeof gocdAgent>[]): unknown =>
    [...takenOf(departures, { ...nothing, unnamed: agents }, backlog)].map((
      [key, list],
    ) => [key, list.map(({ locator }) => locator)]);
  assertEquals(taken(), []);
  assertEquals(taken(gocdAgent("1")), [[";linux", [path("a")]]]);
  assertEquals(taken(gocdAgent("1"), gocdAgent("2"), gocdAgent("3")), [[";linux", [path("a"), path("b")]]]);
  assertEquals(taken(gocdAgent("1", { gocdResources: ["arm"] })), [[";arm", [path("c")]]]);
  const named = { locators: new Set([path("a")]), unnamed: [gocdAgent("1")] };
  assertEquals(takenOf(departures, named, backlog).get(";linux")?.map(({ locator }) => locator), [
    path("a"),
    path("b"),
  ]);
});

Deno.test("removing the taken jobs from a backlog also removes empty buckets, foreign jobs and their places", () => {
  const whole = backlogOf(job("a"), job("b"), job("c", { gocdResources: ["arm"] }), job("e", { elasticProfile: "k" }));
  assertEquals(withoutTaken(whole, new Set(["other"])) === whole, true);
  const rest = withoutTaken(whole, new Set([path("a"), path("c"), path("e")]));
  assertEquals(rest.buckets.map(({ key, jobs }) => [key, jobs.map(({ name }) => name)]), [[";linux", ["b"]]]);
  assertEquals([rest.foreign, rest.order], [[], [path("b")]]);
  assertEquals(withoutTaken(whole, new Set([path("a")])).foreign.map(({ job: { name } }) => name), ["e"]);
});

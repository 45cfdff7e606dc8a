// Jobs that leave the feed untaken, at the limits. Stories are in untaken_test.ts.

import type { Reason } from "../../../src/core/demand/reason.ts";
import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent, ScheduledJob } from "../../../src/core/gocd_records.ts";
import { cancelsWaitingJobs, noneUntaken, type Untaken, watchUntaken } from "../../../src/core/demand/untaken.ts";
import type { JobVerdict } from "../../../src/core/demand/verdict.ts";
import {
  building,
  gocdAgent,
  job,
  linesOf,
  lostContact,
  minute,
  missing,
  serverInfo,
  someSettings,
  zeroMs,
} from "../../support/core.ts";
import { stateOf } from "../instance_fixtures.ts";

for (
  const [version, cancels] of [
    ["20.9.0", true],
    ["20.10.0", true],
    ["21.1.0", true],
    ["20.8.0", false],
    ["19.12.0", false],
    [undefined, false],
    ["26.1.0", true],
  ] as const
) {
  Deno.test(`GoCD ${version ?? "of no known version"} ${cancels ? "cancels" : "does not cancel"} jobs that wait too long`, () => {
    assertEquals(cancelsWaitingJobs(version), cancels);
  });
}

const { poller } = someSettings();
const verdict = (name: string, reason: Reason = { kind: "launching" }): JobVerdict => ({
  locator: `p/1/s/1/${name}`,
  name,
  gocdResources: ["linux"],
  verdict: "needs-agent",
  profile: "default",
  reason,
  firstSeenMs: zeroMs,
});

interface Left {
  readonly atMs?: number;
  readonly names?: readonly string[];
  readonly here?: readonly string[];
  readonly before?: readonly GocdAgent[];
  readonly now?: readonly GocdAgent[];
  readonly resources?: readonly string[];
  readonly reason?: Reason;
}

/** What is remembered and said after jobs have left that no build explains. */
function untakenAfter(
  untaken: Untaken,
  {
    atMs = zeroMs + minute,
    names = ["j"],
    here = [],
    before = [],
    now = [],
    resources = ["linux"],
    reason,
  }: Left,
): { untaken: Untaken; said: string[] } {
  const state = stateOf([]);
  const server = { ...state.server, info: serverInfo };
  const draft = new Draft({ ...state, server, demand: { ...state.demand, untaken } }, atMs, 0.5);
  const { buckets } = bucketJobs(names.map((name) => job(name, { gocdResources: resources })), poller, "insensitive");
  watchUntaken(draft, {
    unexplained: new Map(buckets.map(({ key, jobs }) => [key, jobs.map(({ locator }, order) => ({ locator, order }))])),
    buckets,
    verdicts: names.map((name) => verdict(name, reason)),
    firstSeenMs: () => zeroMs,
    before,
    now,
    rule: "insensitive",
    here: new Set(here.map((name) => `p/1/s/1/${name}`)),
  });
  return {
    untaken: draft.state.demand.untaken,
    said: linesOf(draft).map(({ text, hint }) => `${text} | ${hint}`),
  };
}

Deno.test("jobs that leave untaken are reported the second time within a day, with how long they waited", () => {
  const first = untakenAfter(noneUntaken, { names: ["a", "b"], atMs: zeroMs + 5 * minute });
  assertEquals([first.said, [...first.untaken.counts]], [[], [["launching", 2]]]);
  const day = 24 * 60 * minute;
  const again = (atMs: number): string[] => untakenAfter(first.untaken, { atMs }).said;
  assertEquals(again(zeroMs + 5 * minute + day), []);
  assertEquals(again(zeroMs + 5 * minute + day - 1), [
    "3 jobs (linux) were cancelled before an agent could take them, in 2 polls, the last one p/1/s/1/j: GoCD cancels a job " +
    "that waits longer than its job timeout, and they had waited for at least 5 min | what they last waited for: profile default: waiting for a Mesos offer",
  ]);
  assertEquals(untakenAfter(first.untaken, { here: ["a"] }).said, []);
});

Deno.test("what to change is reported by what the jobs last waited for", () => {
  const first = untakenAfter(noneUntaken, {}).untaken;
  const hint = (reason: Reason): string | undefined => untakenAfter(first, { reason }).said[0]?.split(" | ")[1];
  const sooner = "lower poller.interval or poller.attempts, or give the jobs a longer timeout in GoCD";
  assertEquals(hint({ kind: "agent-coming", names: [] }), `their agents do not start in time: ${sooner}`);
  assertEquals(
    hint({ kind: "held-attempts", polls: 1, attempts: 0 }),
    `an agent is launched for what was seen in more than 0 polls, one every 2 min, so only after 0 s to 2 min: ${sooner}`,
  );
});

/** What is remembered and said after `departed` of these buckets have left, where the version of the server is not known. */
function unknownServer(untaken: Untaken, jobs: readonly ScheduledJob[], departed: readonly string[]): Untaken {
  const { server: { info: _, ...server }, ...state } = stateOf([]);
  const draft = new Draft({ ...state, server, demand: { ...state.demand, untaken } }, zeroMs + minute, 0.5);
  const { buckets } = bucketJobs(jobs, poller, "insensitive");
  watchUntaken(draft, {
    unexplained: new Map(departed.map((key) => {
      const own = buckets.find((each) => each.key === key)?.jobs ?? [];
      return [key, own.map(({ locator }, order) => ({ locator, order }))];
    })),
    buckets,
    verdicts: jobs.map(({ name }) => verdict(name)),
    firstSeenMs: () => zeroMs,
    before: [],
    now: [gocdAgent("idle")],
    rule: "insensitive",
    here: new Set(),
  });
  assertEquals(linesOf(draft), []);
  return draft.state.demand.untaken;
}

const armed = job("armed", { gocdResources: ["arm"] });

Deno.test("which kind of jobs has left decides whether an agent could have taken them; nothing is reported an unknown server", () => {
  const first = unknownServer(noneUntaken, [job("j"), armed], [";linux", ";arm"]);
  assertEquals([...first.byBucket], [[";arm", {
    occasions: 1,
    jobs: 1,
    lastMs: zeroMs + minute,
    waitedMs: minute,
    locators: ["p/1/s/1/armed"],
  }]]);
  assertEquals(unknownServer(first, [armed], [";arm"]).byBucket.get(";arm")?.occasions, 2);
});

Deno.test("a thousand kinds of jobs are remembered, those that left last", () => {
  const old = { occasions: 1, jobs: 1, lastMs: zeroMs, waitedMs: 0, locators: [] };
  const keys = [";arm", ...Array.from({ length: 999 }, (_, index) => `k${index}`)];
  const full = { ...noneUntaken, byBucket: new Map(keys.map((key) => [key, old])) };
  const other = job("other", { gocdResources: ["gpu"] });
  const after = [...unknownServer(full, [armed, other], [";arm", ";gpu"]).byBucket.keys()];
  assertEquals([after.length, after[0], after.at(-2), after.at(-1)], [1_000, "k1", ";arm", ";gpu"]);
});

Deno.test("if one of the jobs requires no resources, an elastic agent may have taken it", () => {
  const blank = { ...job("blank"), gocdResources: [" "] };
  const plain = { ...job("plain"), gocdResources: [] };
  const { buckets } = bucketJobs([blank, plain], poller, "insensitive");
  const draft = new Draft(stateOf([]), zeroMs, 0.5);
  watchUntaken(draft, {
    unexplained: new Map(buckets.map(({ key, jobs }) => [key, jobs.map(({ locator }) => ({ locator, order: 0 }))])),
    buckets,
    verdicts: [verdict("blank"), verdict("plain")],
    firstSeenMs: () => zeroMs,
    before: [],
    now: [gocdAgent("plugin", { elastic: true })],
    rule: "insensitive",
    here: new Set(),
  });
  assertEquals([buckets.length, draft.state.demand.untaken.byBucket.size], [1, 0]);
});

Deno.test("the environment of jobs that were cancelled is reported", () => {
  const state = stateOf([]);
  const inProd = job("j", { environment: "Prod" });
  const { buckets } = bucketJobs([inProd], poller, "insensitive");
  const [{ key } = { key: "" }] = buckets;
  const untaken = {
    ...noneUntaken,
    byBucket: new Map([[key, { occasions: 1, jobs: 1, lastMs: zeroMs, waitedMs: 0, locators: [] }]]),
  };
  const now = { ...state, server: { ...state.server, info: serverInfo }, demand: { ...state.demand, untaken } };
  const draft = new Draft(now, zeroMs, 0.5);
  watchUntaken(draft, {
    unexplained: new Map([[key, [{ locator: inProd.locator, order: 0 }]]]),
    buckets,
    verdicts: [verdict("j")],
    firstSeenMs: () => zeroMs,
    before: [],
    now: [],
    rule: "insensitive",
    here: new Set(),
  });
  assertEquals(linesOf(draft).map(({ text }) => text.slice(0, 40)), ["2 jobs (linux in environment Prod) were "]);
});

Deno.test("fifty locators are remembered of a kind of jobs", () => {
  const names = Array.from({ length: 60 }, (_, index) => `j${index}`);
  const [bucket] = [...untakenAfter(noneUntaken, { names }).untaken.byBucket.values()];
  assertEquals([bucket?.locators.length, bucket?.locators[0], bucket?.jobs], [50, "p/1/s/1/j10", 60]);
});

const named = (hostname: string, buildLocator: string): GocdAgent => gocdAgent(hostname, { ...building, buildLocator });

for (
  const [name, left, counts] of [
    ["there was no agent", {}, true],
    ["an idle agent was there", { before: [gocdAgent("a")], now: [gocdAgent("a")] }, false],
    ["an idle agent of other resources was there", { now: [gocdAgent("a", { gocdResources: ["arm"] })] }, true],
    ["one was out of contact in both lists", {
      before: [gocdAgent("a", lostContact)],
      now: [gocdAgent("a", lostContact)],
    }, true],
    ["one was Missing in both lists", { before: [gocdAgent("a", missing)], now: [gocdAgent("a", missing)] }, true],
    ["one came back into contact", { before: [gocdAgent("a", lostContact)], now: [gocdAgent("a")] }, false],
    [
      "one was disabled meanwhile",
      { before: [gocdAgent("a")], now: [gocdAgent("a", { configState: "Disabled" })] },
      false,
    ],
    ["one was disabled in both", {
      before: [gocdAgent("a", { configState: "Disabled" })],
      now: [gocdAgent("a", { configState: "Disabled" })],
    }, true],
    ["one had the same build in both", { before: [named("a", "x")], now: [named("a", "x")] }, true],
    ["one had another build in each", { before: [named("a", "x")], now: [named("a", "y")] }, false],
    [
      "one built something untold in both",
      { before: [gocdAgent("a", building)], now: [gocdAgent("a", building)] },
      false,
    ],
    ["one has gone meanwhile", { before: [gocdAgent("a")] }, false],
    ["a plugin's agent was there", { now: [gocdAgent("a", { elastic: true })] }, true],
    ["a plugin's agent was there, and the jobs name no resources", {
      now: [gocdAgent("a", { elastic: true })],
      resources: [],
    }, false],
  ] as const satisfies readonly (readonly [string, Left, boolean])[]
) {
  Deno.test(`if ${name}, jobs that leave ${counts ? "were" : "may not have been"} left untaken`, () => {
    assertEquals(untakenAfter(noneUntaken, left).untaken.byBucket.size, counts ? 1 : 0);
  });
}

Deno.test("a thousand kinds of jobs that left untaken are remembered, and the oldest are dropped first", () => {
  const bucket = { occasions: 1, jobs: 1, lastMs: zeroMs, waitedMs: 0, locators: [] };
  const byBucket = new Map(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, bucket] as const));
  const after = untakenAfter({ byBucket, counts: new Map() }, {}).untaken.byBucket;
  assertEquals([after.size, after.has("k0"), after.has("k1")], [1_000, false, true]);
  const one = new Map([...byBucket].slice(1));
  assertEquals(untakenAfter({ byBucket: one, counts: new Map() }, {}).untaken.byBucket.size, 1_000);
});

Deno.test("a job that leaves without a verdict, or of a kind that did not wait before, is not an occasion", () => {
  const { buckets } = bucketJobs([job("j")], poller, "insensitive");
  const [{ key = "" } = {}] = buckets;
  const left = (changes: Partial<Parameters<typeof watchUntaken>[1]>): number => {
    const draft = new Draft(stateOf([]), zeroMs, 0.5);
    watchUntaken(draft, {
      unexplained: new Map([[key, [{ locator: "p/1/s/1/j", order: 0 }]]]),
      buckets,
      verdicts: [verdict("j")],
      firstSeenMs: () => zeroMs,
      before: [],
      now: [],
      rule: "insensitive",
      here: new Set(),
      ...changes,
    });
    const { byBucket, counts } = draft.state.demand.untaken;
    return byBucket.size + counts.size;
  };
  assertEquals([left({}), left({ verdicts: [] }), left({ buckets: [] })], [2, 0, 0]);
});

// Jobs of one poll: buckets, and what is set aside.

import { assertEquals } from "@std/assert";
import { bucketJobs, globExpression, jobPath } from "../../../src/core/demand/backlog.ts";
import type { ScheduledJob } from "../../../src/core/gocd_records.ts";
import type { PollerSettings } from "../../../src/core/settings.ts";
import { job, someSettings } from "../../support/core.ts";

const poller = (changes: Partial<PollerSettings> = {}): PollerSettings => someSettings({ poller: changes }).poller;

Deno.test("jobs with the same needs are one bucket, whatever the order and case, in the spelling of the oldest job", () => {
  const backlog = bucketJobs(
    [
      job("a", { gocdResources: ["Linux", "docker"], environment: "Prod" }),
      job("b", { gocdResources: ["docker", "linux"], environment: "prod" }),
      job("c", { gocdResources: [] }),
    ],
    poller(),
    "insensitive",
  );
  assertEquals(
    backlog.buckets.map(({ environment, gocdResources, jobs }) => [environment, gocdResources, jobs.length]),
    [
      ["Prod", ["Linux", "docker"], 2],
      [undefined, [], 1],
    ],
  );
});

Deno.test("the needs of a bucket are listed once and in order, whatever the order and repetitions in its oldest job", () => {
  const twisted = job("a", { gocdResources: ["docker", "Linux", "docker"] });
  const [bucket] = bucketJobs([twisted], poller(), "insensitive").buckets;
  assertEquals(bucket?.gocdResources, ["Linux", "docker"]);
  assertEquals(bucket?.requirement.gocdResources, ["docker", "linux"]);
});

Deno.test("names that are equal only when written without a space are different names", () => {
  const jobs = [job("a", { gocdResources: ["a", "bc"] }), job("b", { gocdResources: ["ab", "c"] })];
  assertEquals(bucketJobs(jobs, poller(), "insensitive").buckets.length, 2);
});

Deno.test("if the server is case-sensitive, another spelling is another bucket", () => {
  const jobs = [job("a", { gocdResources: ["Linux"] }), job("b", { gocdResources: ["linux"] })];
  assertEquals(bucketJobs(jobs, poller(), "sensitive").buckets.length, 2);
});

Deno.test("a job that the feed names twice is one job", () => {
  const backlog = bucketJobs([job("a"), job("a")], poller(), "insensitive");
  assertEquals([backlog.order.length, backlog.buckets[0]?.jobs.length], [1, 1]);
});

const foreign: readonly {
  readonly name: string;
  readonly job: ScheduledJob;
  readonly poller?: Partial<PollerSettings>;
  readonly code: string | undefined;
}[] = [
  { name: "a build of a run-on-all-agents job is not ours", job: job("test-runOnAll-12"), code: "run-on-all" },
  {
    name: "a name that only looks like one of run-on-all-agents is ours",
    job: job("runOnAll-12-more"),
    code: undefined,
  },
  {
    name: "a job with an elastic profile is not ours",
    job: job("e", { elasticProfile: "k8s" }),
    code: "elastic",
  },
  {
    name: "a job with unknown needs is not ours, instead of one without resources",
    job: job("u", { gocdResources: [], unknownNeeds: { why: "unread", cause: "answered 403" } }),
    code: "needs-unknown",
  },
  {
    name: "a job with unknown needs is still ignored if configured so",
    job: job("u", { gocdResources: [], unknownNeeds: { why: "unread", cause: "answered 403" } }),
    poller: { ignore: ["p"] },
    code: "ignored",
  },
  { name: "an ignored pipeline is not ours", job: job("j"), poller: { ignore: ["p"] }, code: "ignored" },
  { name: "an ignored stage is not ours", job: job("j"), poller: { ignore: ["p/s"] }, code: "ignored" },
  { name: "an ignored job is not ours", job: job("j"), poller: { ignore: ["p/*/j"] }, code: "ignored" },
  { name: "another pipeline is not ignored", job: job("j"), poller: { ignore: ["pp", "p/s/k"] }, code: undefined },
  {
    name: "a job without resources is ours unless configured otherwise",
    job: job("j", { gocdResources: [] }),
    code: undefined,
  },
  {
    name: "a job without resources is not ours if configured so",
    job: job("j", { gocdResources: [] }),
    poller: { resourcelessJobs: "ignore" },
    code: "resourceless-ignored",
  },
  {
    name: "a job with resources is ours although those without are not",
    job: job("j"),
    poller: { resourcelessJobs: "ignore" },
    code: undefined,
  },
];

for (const { name, job: given, poller: changes = {}, code } of foreign) {
  Deno.test(name, () => {
    assertEquals(bucketJobs([given], poller(changes), "insensitive").foreign[0]?.reason.kind, code);
  });
}

for (
  const [pattern, path, hits] of [
    ["build-*", "build-x/s/j", true],
    ["build-*", "a/build-x/j", false],
    ["*", "p/s/j", true],
    ["p/**", "p/s/j", true],
    ["**/deploy", "p/s/deploy", true],
    ["p/s/j.*", "p/s/jxx", false],
    ["(p", "(p/s/j", true],
  ] as const
) {
  Deno.test(`the pattern ${pattern} ${hits ? "means" : "does not mean"} ${path}`, () => {
    assertEquals(globExpression(pattern).test(path), hits);
  });
}

Deno.test("counters are not part of the path that patterns are matched with", () => {
  assertEquals([jobPath("p/12/s/3/j"), jobPath("odd")], ["p/s/j", "odd"]);
});

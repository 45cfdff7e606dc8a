// The readers for jobs without the feed, on recordings of a real GoCD 26.2 and on invalid bodies.

import { assertEquals, assertThrows } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import { readDashboard } from "../../src/gocd/dashboard.ts";
import { type JobNeeds, needsOf, readPipeline, readTemplate, withParameters } from "../../src/gocd/job_needs.ts";
import { readWaitingJobs } from "../../src/gocd/stage_instance.ts";
import { apiRecordings } from "../support/gocd_recordings.ts";

const text = (name: string): string => apiRecordings.find((each) => each.name === name)?.text ?? "";

Deno.test("the recorded dashboard is parsed into running stages, environments and groups", () => {
  const { running, environments, groups, isPersonal } = readDashboard(text("dashboard"), "GET");
  assertEquals(
    running.map(({ pipeline, counter, stage, stageCounter }) => [pipeline, counter, stage, stageCounter].join("/")),
    ["runall/2/st/1", "elastic/1/st/1", "long/14/st/1", "big/2/st/1"],
  );
  assertEquals(running[0]?.movedAt, 1795735723037);
  assertEquals([...environments], [["envjobs", "prod-EU"]]);
  const ofLab = ["envjobs", "runall", "multi", "elastic", "long", "big"];
  assertEquals([...groups], ofLab.map((pipeline) => [pipeline, "lab"]));
  assertEquals(isPersonal, false);
});

function recordedNeeds(recording: string, job: string): JobNeeds {
  const pipeline = readPipeline(text(recording), "GET");
  return needsOf({ pipeline, stages: pipeline.stages }, "st", job);
}

Deno.test("the recorded configurations are parsed into the resources and elastic profiles of their jobs", () => {
  const known = (gocdResources: readonly string[]): JobNeeds => ({ kind: "known", gocdResources });
  assertEquals(recordedNeeds("pipeline configuration", "Linux-Docker"), known(["Linux", "docker"]));
  assertEquals(recordedNeeds("pipeline configuration: run on all agents", "sweep-runOnAll-2"), known([]));
  assertEquals(recordedNeeds("pipeline configuration: elastic profile", "pod"), {
    kind: "known",
    gocdResources: [],
    elasticProfile: "small-pod",
  });
});

Deno.test("in the run of a stage only jobs in state Scheduled are waiting", () => {
  const run = text("run of a stage");
  assertEquals(readWaitingJobs(run, "GET"), []);
  const waiting = run.replace('"state":"Completed","result":"Passed","scheduled', '"state":"Scheduled","scheduled');
  assertEquals(readWaitingJobs(waiting, "GET"), [{ name: "shard-runInstance-1", scheduledMs: 1795739086903 }]);
});

const parameters = new Map([["OS", "linux"], ["EMPTY", ""], ["A-b.c", "x"]]);
for (
  const [given, want] of [
    ["plain", "plain"],
    ["#{OS}", "linux"],
    ["a-#{OS}-#{A-b.c}", "a-linux-x"],
    ["##{OS}", "#{OS}"],
    ["###{OS}", "#linux"],
    ["a##b", "a#b"],
    ["#{EMPTY}", ""],
    ["#{os}", undefined],
    ["#{OS", undefined],
    ["#OS", undefined],
    ["a#", undefined],
  ] as const
) {
  Deno.test(`${given} with its parameters becomes ${want ?? "unknown"}`, () => {
    assertEquals(withParameters(given, parameters), want);
  });
}

const stages = readTemplate(
  JSON.stringify({
    name: "t",
    stages: [{
      name: "Build",
      jobs: [
        { name: "unit", resources: ["linux"] },
        { name: "unit-runInstance-2", resources: ["exact"] },
        { name: "blank", resources: ["#{EMPTY}"] },
        { name: "none", resources: null, "elastic_profile_id": null },
        { name: "much", resources: Array.from({ length: 201 }, (_, index) => `r${index}`) },
      ],
    }],
  }),
  "GET",
);
for (
  const [job, want] of [
    ["unit", "linux"],
    ["UNIT-runInstance-1", "linux"],
    ["unit-runInstance-2", "exact"],
    ["unit-runOnAll-17", "linux"],
    ["none", ""],
    ["blank", "a resource or the elastic profile of build/blank cannot be worked out"],
    ["gone", "build/gone is no longer in its configuration"],
    ["much", "build/much has more than 200 resources"],
  ] as const
) {
  Deno.test(`the build ${job} has ${want === "" ? "no resources" : `the resources or the problem "${want}"`}`, () => {
    const needs = needsOf({ pipeline: { parameters, stages: new Map() }, stages }, "build", job);
    assertEquals(needs.kind === "known" ? needs.gocdResources.join() : needs.cause, want);
  });
}

const odd: readonly (readonly [what: string, read: (text: string, source: string) => unknown, text: string])[] = [
  ["a dashboard without pipelines", readDashboard, '{"_embedded":{"environments":[]}}'],
  ["a dashboard without environments", readDashboard, '{"_embedded":{"pipelines":[]}}'],
  ["a pipeline without a name", readDashboard, '{"_embedded":{"pipelines":[{}],"environments":[]}}'],
  [
    "a running stage without a counter",
    readDashboard,
    '{"_embedded":{"environments":[],"pipelines":[{"name":"p","_embedded":{"instances":[{"counter":1,"_embedded":{' +
    '"stages":[{"name":"s","status":"Building"}]}}]}}]}}',
  ],
  ["a run without jobs", readWaitingJobs, "{}"],
  ["a job without a state", readWaitingJobs, '{"jobs":[{"name":"a"}]}'],
  ["a template without stages", readTemplate, '{"name":"t"}'],
  ["a pipeline with neither stages nor template", readPipeline, '{"name":"p","template":null}'],
  ["a truncated response", readDashboard, '{"_embedded":{"pipe'],
];
for (const [what, read, body] of odd) {
  Deno.test(`${what} is an error`, () => {
    assertEquals(assertThrows(() => read(body, "GET"), GocdError).problem.kind, "unreadable");
  });
}

Deno.test("unreadable groups of a dashboard are left out", () => {
  const dashboard = (groups: unknown): string =>
    JSON.stringify({ _embedded: { environments: [], pipelines: [], pipeline_groups: groups } });
  const read = (groups: unknown): unknown => [...readDashboard(dashboard(groups), "GET").groups];
  const good = { name: "ops", pipelines: ["Deploy"] };
  assertEquals(read([good]), [["deploy", "ops"]]);
  assertEquals(read([{ pipelines: ["a"] }, { name: "x" }, { name: "y", pipelines: [1, null] }, 7, good]), [[
    "deploy",
    "ops",
  ]]);
  assertEquals([read("none"), read(undefined)], [[], []]);
});

Deno.test("a stage in an unknown state is read", () => {
  const stage = { name: "s", counter: "1", status: "Waiting" };
  const instance = { counter: 1, _embedded: { stages: [stage] } };
  const body = { _embedded: { environments: [], pipelines: [{ name: "p", _embedded: { instances: [instance] } }] } };
  assertEquals(readDashboard(JSON.stringify(body), "GET").running.length, 1);
});

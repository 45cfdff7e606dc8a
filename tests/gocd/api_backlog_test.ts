// Waiting jobs read without the feed, against the simulated servers: the same jobs with few requests and without
// guesses.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GocdError, type GocdPoll } from "../../src/gocd/api.ts";
import { requestsAimed, stagesMax } from "../../src/gocd/api_backlog.ts";
import { createPipelineConfigs, unreadAgainMs } from "../../src/gocd/pipeline_configs.ts";
import type { Requester } from "../../src/gocd/request.ts";
import { Secret } from "../../src/secret.ts";
import { seededRandom } from "../../src/sim/random.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import type { SimUser } from "../../src/sim/gocd/state.ts";
import { job, launch, minute, run, second, server } from "../sim/gocd_support.ts";
import { client, codes } from "./sim_client.ts";

const signal = new AbortController().signal;

const byLocator = ({ jobs }: GocdPoll): GocdPoll["jobs"] => jobs.toSorted((a, b) => a.locator < b.locator ? -1 : 1);

/** What the feed gives now. */
async function fed(model: SimGocd): Promise<GocdPoll> {
  return await client(model, { jobSource: "feed" }).api.poll(signal);
}

/** One thing that happens on a server with agents. Each job has one configuration that never changes. */
function happen(model: SimGocd, random: () => number, step: number): void {
  const number = (below: number): number => Math.floor(random() * below);
  const pipeline = number(12);
  const environment = pipeline % 3 === 0 ? { environment: `env-${pipeline % 2}` } : {};
  const what = number(10);
  if (what < 5) {
    const names = [["unit"], ["lint", "pack"], ["shard-runInstance-1", "shard-runInstance-2"]][number(3)] ?? [];
    const stage = `st${number(2)}`;
    const counter = 1 + step;
    const stageCounter = 1 + number(2);
    for (const name of names) {
      const kind = (pipeline + name.length) % 4;
      model.schedule({
        pipeline: `Pipe-${pipeline}.x`,
        counter,
        stage,
        stageCounter,
        job: name,
        gocdResources: kind === 0 ? [] : kind === 1 ? ["linux"] : ["Linux", "java 17|x"],
        durationMs: 1 + number(4) * minute,
        ...environment,
        ...(kind === 3 ? { elasticProfile: "pod" } : {}),
      });
    }
  } else if (what === 5) {
    const resources = ["", "linux", "linux,java 17|x"][number(3)] ?? "";
    launch(model, `agent-${step}`, { resources, environments: number(2) === 0 ? "env-0" : "" });
  } else if (what === 6) {
    const [first] = model.processes();
    if (first !== undefined) model.agentStopped(first.hostname, model.nowMs);
  } else if (what === 7) {
    const jobs = model.jobs();
    const one = jobs[number(jobs.length)];
    if (one !== undefined) model.cancelJob(one.locator);
  } else if (what === 8) {
    const uuid = model.agents()[0]?.uuid;
    if (uuid !== undefined) {
      job(model, "all", { counter: 1 + step, job: "sweep-runOnAll-1", gocdResources: ["linux"], runOnAll: uuid });
    }
  } else {
    run(model, number(8) * minute);
  }
}

for (const version of ["20.1.0", "20.9.0", "26.1.0"]) {
  Deno.test(`on GoCD ${version} the JSON APIs and the feed give the same jobs`, async () => {
    let most = 0;
    for (let seed = 1; seed <= 5; seed++) {
      const random = seededRandom(seed);
      const model = server(version);
      const { api } = client(model, { jobSource: "api" });
      for (let step = 0; step < 40; step++) {
        happen(model, random, step);
        run(model, Math.floor(random() * 30) * second);
        if (random() < 0.5) continue;
        const [want, got] = [await fed(model), await api.poll(signal)];
        assertEquals(byLocator(got), byLocator(want), `seed ${seed}, step ${step}`);
        const times = new Map(
          model.jobs().map(({ locator, scheduledMs }) => [decodeURIComponent(locator), scheduledMs]),
        );
        const ages = got.jobs.map(({ locator }) => times.get(locator) ?? 0);
        assertEquals(ages, ages.toSorted((a, b) => a - b), "oldest first");
        assertEquals(codes(got), codes(want));
        most = Math.max(most, got.jobs.length);
      }
    }
    assert(most > 10, `at most ${most} jobs waited at once`);
  });
}

Deno.test("with 1,000 pipelines and 50 running stages a poll after the first takes at most 60 requests", async () => {
  const model = server("26.1.0");
  for (let pipeline = 0; pipeline < 1_000; pipeline++) job(model, `p${pipeline}`, { durationMs: second });
  for (const { locator } of model.jobs()) model.cancelJob(locator);
  for (let pipeline = 0; pipeline < 50; pipeline++) job(model, `p${pipeline}`, { gocdResources: ["linux"] });
  const { api, take } = client(model, { jobSource: "api" });
  assertEquals((await api.poll(signal)).jobs.length, 50);
  const first = take();
  run(model, 15 * second);
  assertEquals((await api.poll(signal)).jobs.length, 50);
  const second_ = take();
  // Ten stages end and ten begin: their configuration is asked for again, and has not changed.
  for (const { locator } of model.jobs().slice(0, 10)) model.cancelJob(locator);
  for (let pipeline = 0; pipeline < 10; pipeline++) job(model, `p${pipeline}`, { gocdResources: ["linux"] });
  run(model, 15 * second);
  assertEquals((await api.poll(signal)).jobs.length, 50);
  const third = take();
  const of = (answers: readonly string[], start: string): number =>
    answers.filter((each) => each.startsWith(start)).length;
  assertEquals([first.length, of(first, "200 /api/stages/"), of(first, "200 /api/admin/pipelines/")], [105, 50, 50]);
  assertEquals([second_.length, of(second_, "200 /api/stages/"), of(second_, "304 /api/dashboard")], [54, 50, 1]);
  assertEquals([of(third, "200 /api/stages/"), of(third, "304 /api/admin/pipelines/")], [50, 10]);
});

Deno.test("stages without waiting jobs are read in turns, and a rescheduled job is found", async () => {
  const model = server("26.1.0");
  for (let index = 0; index < 200; index++) {
    launch(model, `agent-${index}`);
    job(model, `p${index}`, { durationMs: 60 * minute });
  }
  run(model, 5 * minute);
  assertEquals(model.jobs().filter(({ state }) => state === "Scheduled").length, 0);
  const { api, take } = client(model, { jobSource: "api" });
  await api.poll(signal);
  take();
  await api.poll(signal);
  assertEquals(take().filter((each) => each.includes("/api/stages/")).length, requestsAimed);
  model.agentStopped("agent-150", model.nowMs);
  run(model, 6 * minute);
  const lost = await fed(model);
  assertEquals(lost.jobs.length, 1);
  let polls = 1;
  while ((await api.poll(signal)).jobs.length === 0) polls++;
  assert(polls <= 200 / requestsAimed + 1, `found after ${polls} polls`);
});

Deno.test("running stages beyond the limit of one poll are read in the next poll", async () => {
  const model = server("26.1.0");
  for (let index = 0; index < stagesMax + 20; index++) {
    job(model, "shop", { job: `job-${index}`, stage: `st-${index}` });
  }
  const { api } = client(model, { jobSource: "api" });
  const first = await api.poll(signal);
  assertEquals([first.jobs.length, codes(first)], [stagesMax, ["gocd-stages-left"]]);
  const second = await api.poll(signal);
  assertEquals([second.jobs.length, codes(second)], [stagesMax + 20, []]);
});

const account = { userName: "viewer", password: new Secret("p", () => "pw") };
const viewer = (more: Partial<SimUser>): SimUser => ({ name: "viewer", password: "pw", admin: false, ...more });

async function asViewer(model: SimGocd, more: Partial<SimUser>): Promise<GocdPoll> {
  model.setSecurity({ kind: "on", users: [viewer(more)] });
  const { api } = client(model, { jobSource: "api", credentials: { kind: "basic", ...account } });
  return await api.poll(signal);
}

Deno.test("resources that the account may not read are unknown, and the job and a finding contain the cause", async () => {
  const model = server("26.1.0");
  job(model, "mine", { gocdResources: ["linux"], environment: "prod" });
  job(model, "theirs", { gocdResources: ["linux"] });
  job(model, "secret", { gocdResources: ["linux"] });
  const poll = await asViewer(model, { views: ["mine", "theirs"], administers: ["mine"] });
  assertEquals(poll.jobs, [
    { locator: "mine/1/stage/1/job", name: "job", environment: "prod", gocdResources: ["linux"] },
    {
      locator: "theirs/1/stage/1/job",
      name: "job",
      gocdResources: [],
      unknownNeeds: {
        why: "unread",
        cause: "GET http://gocd.test:8153/go/api/admin/pipelines/theirs answered 403: " +
          "You are not authorized to perform this action",
      },
    },
  ]);
  const finding = poll.findings.find(({ code }) => code === "gocd-needs-unknown");
  assertEquals(finding?.locators, ["theirs/1/stage/1/job"]);
  assertStringIncludes(finding?.message ?? "", "the resources of jobs of pipeline theirs are unknown: GET ");
  const rights = poll.findings.find(({ code }) => code === "gocd-too-few-rights");
  assertStringIncludes(rights?.message ?? "", "jobs of pipelines that it may not view are invisible");
});

Deno.test("newly granted rights are noticed after a minute", async () => {
  const model = server("26.1.0");
  job(model, "mine", { gocdResources: ["linux"] });
  model.setSecurity({ kind: "on", users: [viewer({})] });
  const { api, take } = client(model, { jobSource: "api", credentials: { kind: "basic", ...account } });
  const isUnknown = async (): Promise<boolean> => (await api.poll(signal)).jobs[0]?.unknownNeeds !== undefined;
  assert(await isUnknown());
  model.setSecurity({ kind: "on", users: [viewer({ administers: ["mine"] })] });
  take();
  assert(await isUnknown());
  assertEquals(take().filter((each) => each.includes("/api/admin/pipelines")), []);
  run(model, unreadAgainMs);
  assert(!await isUnknown());
});

const templated = {
  name: "shop",
  template: "build",
  parameters: { OS: "linux", POD: "small" },
  stages: [],
  origin: "config-repo",
} as const;
const template = {
  name: "build",
  stages: [{
    name: "stage",
    jobs: [
      { name: "job", gocdResources: ["#{OS}", "a##b"] },
      { name: "pod", elasticProfile: "#{POD}" },
      { name: "odd", gocdResources: ["#{GONE}"] },
    ],
  }],
};

Deno.test("parameters of the pipeline are substituted in jobs of a template", async () => {
  const model = server("26.1.0");
  model.configureTemplate(template);
  model.configurePipeline(templated);
  for (const name of ["job", "pod", "odd", "renamed"]) job(model, "shop", { counter: 1, job: name });
  const { api, take } = client(model, { jobSource: "api" });
  const jobs = new Map((await api.poll(signal)).jobs.map((each) => [each.name, each]));
  assertEquals(jobs.get("job")?.gocdResources, ["linux", "a#b"]);
  assertEquals([jobs.get("pod")?.elasticProfile, jobs.get("pod")?.gocdResources], ["small", []]);
  assertStringIncludes(jobs.get("odd")?.unknownNeeds?.cause ?? "", "stage/odd cannot be worked out");
  assertStringIncludes(
    jobs.get("renamed")?.unknownNeeds?.cause ?? "",
    "stage/renamed is no longer in its configuration",
  );
  assertEquals(take().filter((each) => each.includes("/api/admin/templates/")), ["200 /api/admin/templates/build"]);
});

Deno.test("the resources of a job are unknown if the account may not view its template", async () => {
  for (const [viewsTemplates, want] of [[[], true], [["build"], false]] as const) {
    const model = server("26.1.0");
    model.configureTemplate(template);
    model.configurePipeline(templated);
    job(model, "shop");
    const { jobs } = await asViewer(model, { administers: ["shop"], viewsTemplates });
    assertEquals(
      jobs[0]?.unknownNeeds?.cause.includes("/api/admin/templates/build answered 403"),
      want ? true : undefined,
    );
  }
});

Deno.test("a waiting job keeps the resources with which it was scheduled when the configuration changes", async () => {
  const model = server("26.1.0");
  job(model, "shop", { gocdResources: ["linux"] });
  const { api } = client(model, { jobSource: "api" });
  const resources = async (): Promise<unknown> => (await api.poll(signal)).jobs.map((each) => each.gocdResources);
  assertEquals(await resources(), [["linux"]]);
  job(model, "shop", { gocdResources: ["windows"] });
  assertEquals(await resources(), [["linux"], ["windows"]]);
  assertEquals((await fed(model)).jobs.map((each) => each.gocdResources), [["linux"], ["windows"]]);
});

Deno.test("a stage that is run again has the jobs of its latest run", async () => {
  const model = server("26.1.0");
  model.cancelJob(job(model, "shop", { counter: 3 }));
  job(model, "shop", { counter: 3, stageCounter: 2, job: "again" });
  const { jobs } = await client(model, { jobSource: "api" }).api.poll(signal);
  assertEquals(jobs.map(({ locator }) => locator), ["shop/3/stage/2/again"]);
});

Deno.test("a dashboard with personal views is reported as a finding", async () => {
  const model = server("26.1.0");
  job(model, "shown");
  job(model, "hidden");
  const poll = await asViewer(model, { administers: ["shown"], hides: ["hidden"] });
  assertEquals(poll.jobs.map(({ locator }) => locator), ["shown/1/stage/1/job"]);
  assert(codes(poll).includes("gocd-dashboard-personal"));
});

Deno.test("a failed request fails the poll, and the next poll is complete", async () => {
  const faults = [
    [{ kind: "status", status: 500 }, "/api/dashboard", "gocd-server-error"],
    [{ kind: "status", status: 500 }, "/api/stages/b/", "gocd-server-error"],
    [{ kind: "status", status: 503 }, "/api/admin/pipelines/b", "gocd-unavailable"],
    [{ kind: "truncated" }, "/api/dashboard", "gocd-not-json"],
    [{ kind: "truncated" }, "/api/stages/b/", "gocd-not-json"],
    [{ kind: "truncated" }, "/api/admin/pipelines/b", "gocd-not-json"],
    [{ kind: "no-answer" }, "/api/stages/b/", undefined],
    [{ kind: "login-page", style: "html-200" }, "/api/stages/b/", "gocd-login-page"],
  ] as const;
  for (const [fault, path, code] of faults) {
    const model = server("26.1.0");
    for (const pipeline of ["a", "b", "c"]) job(model, pipeline);
    const { api } = client(model, { jobSource: "api" });
    model.inject(fault, 1, path);
    const { problem } = await assertRejects(() => api.poll(signal), GocdError);
    if (code !== undefined) assertEquals(problem.code, code, path);
    assertEquals((await api.poll(signal)).jobs.length, 3, "and the next one is whole");
  }
});

Deno.test("a dashboard that is still being created is reported as a starting server", async () => {
  const model = server("26.1.0");
  model.setDashboardPending(true);
  const { problem } = await assertRejects(() => client(model, { jobSource: "api" }).api.poll(signal), GocdError);
  assertEquals([problem.code, problem.kind], ["gocd-starting", "starting"]);
});

Deno.test("a stage of the dashboard that the server does not find has no jobs and is reported as a finding", async () => {
  const model = server("26.1.0");
  job(model, "gone");
  job(model, "here");
  const { api } = client(model, { jobSource: "api" });
  model.inject({ kind: "status", status: 404 }, 1, "/api/stages/gone/");
  const poll = await api.poll(signal);
  assertEquals(poll.jobs.map(({ locator }) => locator), ["here/1/stage/1/job"]);
  assertEquals(codes(poll), ["gocd-stage-unread"]);
});

Deno.test("the configurations of 4,000 pipelines are requested again by their ETags in the next poll", async () => {
  let known = 0;
  const requester: Requester = {
    exchange: async (request, _signal, read) => {
      known += request.etag === undefined ? 0 : 1;
      const text = (): Promise<string> => Promise.resolve('{"stages":[]}');
      async function* chunks(): AsyncGenerator<Uint8Array> {}
      const isSame = request.etag !== undefined;
      return await read({ source: request.path, isSame, etag: request.path, chunks: chunks(), text });
    },
    findings: () => [],
    close: () => {},
  };
  const configs = createPipelineConfigs(requester, () => 0);
  for (const want of [0, 4_000]) {
    configs.begin();
    for (let index = 0; index < 4_000; index++) await configs.read(`p${index}`, signal);
    assertEquals([configs.requests, known], [4_000, want]);
  }
});

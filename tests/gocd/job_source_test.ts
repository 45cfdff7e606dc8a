// The source of waiting jobs: the feed while it exists, and the JSON APIs once the server reports that it does not.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import { feedAgainMs } from "../../src/gocd/job_source.ts";
import { job, run, second, server } from "../sim/gocd_support.ts";
import { client, codes } from "./sim_client.ts";

const signal = new AbortController().signal;

for (const status of [404, 410] as const) {
  Deno.test(`without the feed (${status}) jobs are read from the JSON APIs, and a finding reports this once`, async () => {
    const model = server("26.1.0");
    job(model, "shop", { gocdResources: ["linux"] });
    const { api, take } = client(model);
    const before = await api.poll(signal);
    assertEquals(codes(before), []);
    model.setFeedGone(status);
    job(model, "more");
    const after = await api.poll(signal);
    assertEquals(after.jobs.length, 2);
    assertEquals(codes(after), ["gocd-feed-gone"]);
    const feedsOfPoll = async (): Promise<number> => {
      take();
      const poll = await api.poll(signal);
      assertEquals([poll.jobs.length, codes(poll).includes("gocd-feed-gone")], [2, false], "it is told once");
      return take().filter((each) => each.includes("/feed/")).length;
    };
    assertEquals(await feedsOfPoll(), 0, "the feed is not asked for again");
    run(model, feedAgainMs);
    assertEquals(await feedsOfPoll(), 1, "until an hour later");
    assertEquals(await feedsOfPoll(), 0);
    run(model, feedAgainMs);
    model.setFeedGone(undefined);
    assertEquals([await feedsOfPoll(), await feedsOfPoll()], [1, 1], "and once it is there again, it is used");
  });
}

Deno.test("a failed feed request fails the poll, and the JSON APIs are not used", async () => {
  const faults = [
    { kind: "status", status: 500 },
    { kind: "status", status: 503 },
    { kind: "starting" },
    { kind: "truncated" },
    { kind: "no-answer" },
    { kind: "login-page", style: "html-200" },
    { kind: "login-page", style: "redirect-302" },
  ] as const;
  for (const fault of faults) {
    const model = server("26.1.0");
    job(model, "shop");
    const { api, take } = client(model);
    model.inject(fault, 1, "/api/feed/");
    await assertRejects(() => api.poll(signal), GocdError);
    assertEquals(take().filter((each) => each.includes("/api/dashboard")), []);
  }
});

Deno.test("a failed poll through the JSON APIs is not repeated", async () => {
  const model = server("26.1.0");
  model.setFeedGone(404);
  job(model, "shop");
  const { api, take } = client(model);
  await api.poll(signal);
  for (const path of ["/api/stages/", "/api/agents"]) {
    take();
    model.inject({ kind: "status", status: 500 }, 1, path);
    await assertRejects(() => api.poll(signal), GocdError);
    assertEquals(take().filter((each) => each.includes("/api/dashboard")).length, 1, path);
  }
});

Deno.test("the switch to the JSON APIs is reported by the first successful poll", async () => {
  const model = server("26.1.0");
  model.setFeedGone(404);
  const { api } = client(model);
  model.inject({ kind: "status", status: 500 }, 1, "/api/agents");
  await assertRejects(() => api.poll(signal), GocdError);
  assertEquals(codes(await api.poll(signal)), ["gocd-feed-gone"]);
  assertEquals(codes(await api.poll(signal)), []);
});

Deno.test("after an upgrade the feed is requested again immediately", async () => {
  const model = server("26.1.0");
  model.setFeedGone(404);
  const { api, take } = client(model);
  await api.poll(signal);
  model.setFeedGone(undefined);
  model.upgrade("26.2.0", second);
  await assertRejects(() => api.poll(signal), GocdError);
  run(model, second);
  take();
  await api.poll(signal);
  assertEquals(take().filter((each) => each.startsWith("200 /api/feed/")).length, 1);
});

Deno.test("if both the feed and the dashboard are missing, the error of the feed is reported", async () => {
  const model = server("26.1.0");
  model.setFeedGone(404);
  model.inject({ kind: "status", status: 404 }, 2, "/api/dashboard");
  const { problem } = await assertRejects(() => client(model).api.poll(signal), GocdError);
  assertEquals([problem.code, problem.kind], ["gocd-unknown-path", "missing"]);
  assertStringIncludes(problem.message, "/api/feed/jobs/scheduled.xml");
});

Deno.test("poller.source = feed fails without a feed, and api fails on an old server", async () => {
  const model = server("26.1.0");
  model.setFeedGone(404);
  const feed = await assertRejects(() => client(model, { jobSource: "feed" }).api.poll(signal), GocdError);
  assertEquals(feed.problem.code, "gocd-unknown-path");
  assertStringIncludes(feed.problem.hint, 'set poller.source = "auto"');
  const old = await assertRejects(() => client(server("19.8.0"), { jobSource: "api" }).api.poll(signal), GocdError);
  assertEquals(old.problem.code, "gocd-api-too-old");
  const { api, take } = client(server("26.1.0"), { jobSource: "api" });
  assertEquals(codes(await api.poll(signal)), [], "what was asked for is no finding");
  assertEquals(take().filter((each) => each.includes("/feed/")), []);
});

// The groups of the pipelines from the dashboard of the simulated servers: read rarely, and never the cause of a failed
// poll.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdPoll } from "../../src/gocd/api.ts";
import { groupsAgainMs, groupsFreshMs } from "../../src/gocd/pipeline_groups.ts";
import { Secret } from "../../src/secret.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { job, server } from "../sim/gocd_support.ts";
import { type Client, client } from "./sim_client.ts";

const signal = new AbortController().signal;
const questions = { pipelineGroups: true } as const;

function teams(version = "26.1.0"): SimGocd {
  const model = server(version);
  for (const [pipeline, group] of [["Web", "Team-A"], ["app", "mobile"]] as const) {
    job(model, pipeline, { gocdResources: ["linux"] });
    model.setPipelineGroup(pipeline, group);
  }
  return model;
}

const pass = (model: SimGocd, ms: number): void => model.advance(model.nowMs + ms);
/** Those about groups. */
const codes = ({ findings }: GocdPoll): readonly string[] =>
  findings.flatMap(({ code }) => code.startsWith("gocd-group") ? [code] : []);
const groupsOf = ({ pipelineGroups }: GocdPoll): unknown =>
  pipelineGroups === undefined ? undefined : Object.fromEntries(pipelineGroups);
/** How the dashboard answered. */
const dashboards = ({ take }: Client): readonly string[] =>
  take().flatMap((line) => line.endsWith("/api/dashboard") ? [line.slice(0, 3)] : []);

for (const version of ["20.1.0", "20.9.0", "26.1.0"]) {
  Deno.test(`on GoCD ${version} only a poll that requests pipeline groups returns them`, async () => {
    const asked = client(teams(version));
    assertEquals(groupsOf(await asked.api.poll(signal)), undefined);
    assertEquals(dashboards(asked), []);
    const poll = await asked.api.poll(signal, questions);
    assertEquals(groupsOf(poll), { web: "Team-A", app: "mobile" });
    assertEquals([codes(poll), dashboards(asked)], [[], ["200"]]);
  });
}

Deno.test("pipeline groups are requested again after some minutes, with their ETag", async () => {
  const model = teams();
  const asked = client(model);
  await asked.api.poll(signal, questions);
  pass(model, groupsFreshMs - 1);
  await asked.api.poll(signal, questions);
  assertEquals(dashboards(asked), ["200"]);
  pass(model, 1);
  assertEquals(groupsOf(await asked.api.poll(signal, questions)), { web: "Team-A", app: "mobile" });
  assertEquals(dashboards(asked), ["304"]);
  model.setPipelineGroup("web", "team-b");
  pass(model, groupsFreshMs);
  assertEquals(groupsOf(await asked.api.poll(signal, questions)), { web: "team-b", app: "mobile" });
  assertEquals(dashboards(asked), ["200"]);
});

Deno.test("a waiting job of an unknown pipeline causes an early request of the groups, at a limited rate", async () => {
  const model = teams();
  const asked = client(model);
  await asked.api.poll(signal, questions);
  job(model, "new", { gocdResources: ["linux"] });
  model.setPipelineGroup("new", "mobile");
  pass(model, groupsAgainMs - 1);
  assertEquals(codes(await asked.api.poll(signal, questions)), [], "nothing is told before it was looked for");
  assertEquals(dashboards(asked), ["200"]);
  pass(model, 1);
  assertEquals(groupsOf(await asked.api.poll(signal, questions)), { web: "Team-A", app: "mobile", new: "mobile" });
  assertEquals(dashboards(asked), ["200"]);
});

Deno.test("with the JSON APIs as job source a poll requests the dashboard once", async () => {
  const asked = client(teams(), { jobSource: "api" });
  assertEquals(groupsOf(await asked.api.poll(signal, questions)), { web: "Team-A", app: "mobile" });
  assertEquals(dashboards(asked), ["200"]);
  assertEquals(groupsOf(await asked.api.poll(signal, questions)), { web: "Team-A", app: "mobile" });
  assertEquals(dashboards(asked), ["304"]);
});

Deno.test("if the groups cannot be read, the poll succeeds with the last known ones and a finding", async () => {
  const model = teams();
  const asked = client(model);
  model.setDashboardPending(true);
  const first = await asked.api.poll(signal, questions);
  assertEquals([groupsOf(first), first.jobs.length, codes(first)], [undefined, 2, ["gocd-groups-unread"]]);
  assertStringIncludes(first.findings[0]?.hint ?? "", "all pipelines count as one unknown group");
  model.setDashboardPending(false);
  pass(model, groupsFreshMs);
  assertEquals(codes(await asked.api.poll(signal, questions)), []);
  pass(model, groupsFreshMs);
  model.inject({ kind: "status", status: 500 }, 1, "dashboard");
  const later = await asked.api.poll(signal, questions);
  assertEquals([groupsOf(later), later.jobs.length], [{ web: "Team-A", app: "mobile" }, 2]);
  assertEquals(codes(later), ["gocd-groups-unread"]);
  assertStringIncludes(
    later.findings.find(({ code }) => code === "gocd-groups-unread")?.hint ?? "",
    "the last known groups count",
  );
  asked.take();
  assertEquals(codes(await asked.api.poll(signal, questions)), ["gocd-groups-unread"], "it is no news");
  assertEquals(dashboards(asked), [], "and is not tried at each poll");
});

Deno.test("the unknown group of a pipeline hidden from the account's dashboard is reported with a hint", async () => {
  const user = { name: "bot", password: "sesame", token: "t", admin: true, hides: ["app"] };
  const model = server("26.1.0", { security: { kind: "on", users: [user] } });
  for (const pipeline of ["web", "app"]) job(model, pipeline, { gocdResources: ["linux"] });
  const credentials = { kind: "basic", userName: "bot", password: new Secret("test", () => "sesame") } as const;
  const poll = await client(model, { credentials }).api.poll(signal, questions);
  assertEquals([groupsOf(poll), poll.jobs.length], [{ web: "defaultGroup" }, 2]);
  const [finding, ...others] = poll.findings;
  assertEquals([finding?.code, finding?.subject, others.length], ["gocd-group-unknown", "app", 0]);
  assertEquals(finding?.message, "the group of pipeline app is unknown: the dashboard does not show it");
  assertStringIncludes(finding?.hint ?? "", "let the view Default of its dashboard show all pipelines");
});

Deno.test("groups are not requested from a server that is too old, which is reported as a finding", async () => {
  const asked = client(teams("19.12.0"));
  const poll = await asked.api.poll(signal, questions);
  assertEquals([groupsOf(poll), codes(poll), dashboards(asked)], [undefined, ["gocd-groups-unsupported"], []]);
});

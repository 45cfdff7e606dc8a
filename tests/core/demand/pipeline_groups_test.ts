// Pipeline groups: which jobs are of which, which profile serves them, and how a limit is shared between them.

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  groupOfInstances,
  groupOfJob,
  groupOfKey,
  groupTest,
  keyWithGroup,
  keyWithoutGroup,
  streakOf,
} from "../../../src/core/demand/pipeline_groups.ts";
import { profileChooser } from "../../../src/core/demand/profile_choice.ts";
import type { GocdAgent, ScheduledJob } from "../../../src/core/gocd_records.ts";
import type { AgentProfile, FairShare } from "../../../src/core/settings.ts";
import { building, drive, type Driver, gocdAgent, minute, offer, only, second } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const groups = { web: "Team-A", shop: "team-a", app: "mobile-ios", tv: "mobile-tv" };

/** So many jobs of a pipeline, named `PIPELINE0` and so on. */
const jobsOf = (pipeline: string, count: number, ...gocdResources: readonly string[]): ScheduledJob[] =>
  Array.from({ length: count }, (_, index) => {
    const name = `${pipeline}${index}`;
    const locator = `${pipeline}/1/s/1/${name}`;
    return { locator, name, gocdResources: gocdResources.length === 0 ? ["linux"] : gocdResources };
  });

function world(profiles: readonly AgentProfile[], fairShare?: FairShare, maxAgents = 50): Driver {
  const driver = drive({ profiles, scaling: { maxAgents, ...(fairShare === undefined ? {} : { fairShare }) } });
  driver.subscribe();
  return driver;
}

const plain = aProfile({ name: "plain", gocdResources: ["linux"] });
const byGroup: FairShare = { by: "pipeline-group", weights: {} };
/** Waiting jobs and wanted agents by group and profile. */
const rows = ({ state }: Driver): readonly (readonly unknown[])[] =>
  state.demand.buckets.map((each) => [each.pipelineGroup, each.profile, each.waiting, each.needsAgent]);
const verdictOf = ({ state }: Driver, locator: string): string =>
  state.demand.jobs.find((each) => each.locator === locator)?.verdict ?? "";

Deno.test("if groups do not matter, jobs with the same needs are one bucket, whatever their groups", () => {
  const driver = world([plain]);
  driver.poll({ jobs: [...jobsOf("web", 2), ...jobsOf("app", 1)], groups });
  assertEquals(rows(driver), [[undefined, "plain", 3, 3]]);
  assertEquals(driver.state.demand.jobs[0]?.pipelineGroup, undefined);
});

Deno.test("if groups matter, each has its own bucket, in the order of the oldest jobs, and case does not matter", () => {
  const driver = world([plain], byGroup);
  driver.poll({ jobs: [...jobsOf("app", 1), ...jobsOf("web", 2), ...jobsOf("shop", 3), ...jobsOf("app", 2)], groups });
  assertEquals(rows(driver), [["mobile-ios", "plain", 2, 2], ["Team-A", "plain", 5, 5]]);
  const keys = driver.state.demand.buckets.map(({ key }) => key);
  assertEquals(keys.map(groupOfKey), ["mobile-ios", "team-a"]);
  assertEquals(keys.map(keyWithoutGroup), [";linux", ";linux"]);
  assertEquals(driver.state.demand.jobs[0]?.pipelineGroup, "mobile-ios");
});

Deno.test("a pipeline whose group is unknown counts as one of an unknown group", () => {
  const driver = world([plain], byGroup);
  driver.poll({ jobs: [...jobsOf("web", 1), ...jobsOf("new", 2), ...jobsOf("other", 1)], groups });
  assertEquals(rows(driver), [["Team-A", "plain", 1, 1], ["", "plain", 3, 3]]);
  driver.poll({ jobs: jobsOf("web", 1) });
  assertEquals(rows(driver), [["Team-A", "plain", 1, 1]], "the last known groups count");
  const blind = world([plain], byGroup);
  blind.poll({ jobs: jobsOf("web", 1) });
  assertEquals(rows(blind), [["", "plain", 1, 1]], "and none holds no launch up");
});

Deno.test("the polls of jobs whose group becomes known only later count", () => {
  const settings = { profiles: [plain], poller: { attempts: 2 }, scaling: { fairShare: byGroup } };
  const driver = drive(settings);
  driver.subscribe();
  const jobs = jobsOf("web", 1);
  driver.poll({ jobs });
  driver.poll({ jobs });
  driver.poll({ jobs, groups });
  assertEquals(driver.state.demand.buckets.map((each) => [each.pipelineGroup, each.pollsInARow, each.wanted]), [
    ["Team-A", 3, 1],
  ]);
});

Deno.test("an idle agent counts for the oldest jobs that GoCD may give it, of whatever group", () => {
  const team = aProfile({ name: "team", gocdResources: ["linux"], pipelineGroups: ["team-a"] });
  const driver = world([plain, team]);
  const jobs = [...jobsOf("web", 1), ...jobsOf("app", 1), ...jobsOf("shop", 1), ...jobsOf("tv", 2)];
  driver.poll({ jobs, groups, agents: [gocdAgent("one"), gocdAgent("two")] });
  assertEquals(rows(driver), [
    ["Team-A", "team", 2, 1],
    ["mobile-ios", "plain", 1, 0],
    ["mobile-tv", "plain", 2, 2],
  ]);
  assertEquals(jobs.map(({ locator }) => verdictOf(driver, locator)), [
    "will-be-taken",
    "will-be-taken",
    "needs-agent",
    "needs-agent",
    "needs-agent",
  ]);
});

Deno.test("jobs with another cause stay with their group", () => {
  const driver = world([plain], byGroup);
  driver.poll({ jobs: [...jobsOf("web", 2), ...jobsOf("app", 1)], groups, server: { maintenance: "on" } });
  const counts = driver.state.demand.buckets.map((each) => [each.pipelineGroup, each.otherCause, each.needsAgent]);
  assertEquals(counts, [["Team-A", 2, 0], ["mobile-ios", 1, 0]]);
});

const chooser = profileChooser([
  aProfile({ name: "plain", gocdResources: ["linux"] }),
  aProfile({ name: "mobile", gocdResources: ["linux", "mac"], pipelineGroups: ["mobile-*"] }),
  aProfile({ name: "team", gocdResources: ["linux"], pipelineGroups: ["TEAM-A", "ops"], priority: -1 }),
  aProfile({ name: "any", gocdResources: "*", pipelineGroups: ["any", "ops"] }),
], "insensitive");

for (
  const [group, gocdResources, want] of [
    ["team-a", ["linux"], "team before plain (pipeline-group)"],
    ["Mobile-ios", ["linux"], "mobile before plain (pipeline-group)"],
    ["other", ["linux"], "plain"],
    ["", ["linux"], "plain"],
    [undefined, ["linux"], "plain before team (priority)"],
    ["ops", ["linux"], "team before any (surplus)"],
    ["ops", ["gpu"], "any"],
    ["mobile-tv", ["mac"], "mobile"],
    ["team-a", ["mac"], "mobile lacks its group"],
    ["", ["mac"], "mobile before any (surplus)"],
    ["", ["gpu", "mac"], "any"],
    ["other", ["mac", "gpu"], "any lacks its group"],
  ] as const
) {
  Deno.test(`jobs of group ${group ?? "any"} that ask for ${gocdResources}: ${want}`, () => {
    const choice = chooser.choose({ environment: "", gocdResources }, group);
    if (choice.kind === "no-profiles") throw new Error("there are profiles");
    const { name } = choice.profile;
    const text = choice.kind === "lacks"
      ? `${name} lacks ${choice.match.lacksGroup === true ? "its group" : choice.match.missingResources}`
      : choice.by === undefined
      ? name
      : `${name} before ${choice.by.over} (${choice.by.kind})`;
    assertEquals(text, want);
  });
}

const near = profileChooser([
  aProfile({ name: "team", gocdResources: ["linux"], pipelineGroups: ["a"] }),
  aProfile({ name: "java", gocdResources: ["java"] }),
  aProfile({ name: "prod", gocdResources: ["linux"], environments: ["prod"], pipelineGroups: ["a"] }),
  aProfile({ name: "stage", gocdResources: ["linux"], environments: ["stage"] }),
], "insensitive");

for (
  const [environment, gocdResources, group, want] of [
    ["", ["linux"], "b", { nearest: "team", lacksGroup: true, missing: [], lacksEnvironment: false }],
    ["", ["linux", "java"], "b", { nearest: "java", missing: ["linux"], lacksEnvironment: false }],
    ["", ["linux", "java"], "a", { nearest: "team", missing: ["java"], lacksEnvironment: false }],
    ["prod", ["linux"], "b", { nearest: "prod", lacksGroup: true, missing: [], lacksEnvironment: false }],
    ["qa", ["linux"], "b", { nearest: "stage", missing: [], lacksEnvironment: true }],
    ["prod", ["linux", "java"], "b", {
      nearest: "prod",
      lacksGroup: true,
      missing: ["java"],
      lacksEnvironment: false,
    }],
  ] as const
) {
  Deno.test(`nearest to ${gocdResources} in environment "${environment}" for group ${group}: ${want.nearest}`, () => {
    const choice = near.choose({ environment, gocdResources }, group);
    if (choice.kind !== "lacks") throw new Error("it is served");
    const { missingResources: missing, kind: _, ...match } = choice.match;
    assertEquals({ nearest: choice.profile.name, missing: [...missing], ...match }, {
      ...want,
      missing: [...want.missing],
    });
  });
}

Deno.test("the verdict on a job of a group that no profile serves names the key", () => {
  const driver = world([aProfile({ name: "mobile", gocdResources: ["linux"], pipelineGroups: ["mobile-*"] })]);
  const prod = { ...jobsOf("tv", 1, "gpu")[0], environment: "prod" } as ScheduledJob;
  driver.poll({ jobs: [...jobsOf("web", 1), ...jobsOf("new", 1), ...jobsOf("app", 1), prod], groups });
  const reason = (locator: string): string => {
    const found = driver.state.demand.jobs.find((each) => each.locator.startsWith(locator));
    assertEquals(found?.verdict, locator === "web" ? "unserved" : "needs-agent");
    return found === undefined ? "" : JSON.stringify(found.reason);
  };
  assertEquals(reason("web"), '{"kind":"no-profile-group","nearest":"mobile","pipelineGroup":"Team-A"}');
  // Its group is unknown, and any agent may get its job.
  reason("new");
  reason("app");
  const said = driver.noted().filter(({ code }) => code === "job-unserved").map(({ text }) => text).join("\n");
  assertStringIncludes(
    said,
    "no profile with linux serves pipeline group Team-A: add it to profiles.mobile.pipeline-groups (nearest is profile mobile)",
  );
});

Deno.test("whatever else is missing is reported together with the group", () => {
  const driver = world([
    aProfile({ name: "mobile", gocdResources: ["linux"], pipelineGroups: ["mobile-*"] }),
  ]);
  const inProd = { ...jobsOf("web", 1)[0], environment: "prod" } as ScheduledJob;
  driver.poll({ jobs: [inProd, ...jobsOf("shop", 1, "gpu")], groups });
  const said = driver.noted().map(({ text }) => text).join("\n");
  const nor = "; nor does profiles.mobile.pipeline-groups have pipeline group";
  assertStringIncludes(said, `add it to profiles.mobile.environments (nearest is profile mobile)${nor} Team-A`);
  assertStringIncludes(said, `no profile has resource gpu`);
  assertStringIncludes(said, `${nor} team-a`);
});

const launched = (driver: Driver, host: string): Record<string, number> => {
  driver.taken();
  driver.wait(6 * second);
  driver.offers(offer(host, { cpus: 100, mem: 1_000_000 }));
  const ids = only(driver.taken(), "accept-offers").flatMap((each) => each.launches).map(({ taskId }) => taskId);
  const keys = ids.map((id) => groupOfKey(driver.instance(id).bucketKey));
  return Object.fromEntries([...Map.groupBy(keys, (key) => key)].map(([key, all]) => [key, all.length]));
};

Deno.test("at a limit, pipeline groups, including unknown ones, share by their weights, and none starves", () => {
  const jobs = [...jobsOf("web", 20), ...jobsOf("app", 20)];
  const even = world([plain], byGroup, 4);
  even.poll({ jobs, groups });
  assertEquals(launched(even, "h1"), { "team-a": 2, "mobile-ios": 2 });
  const [held] = even.state.demand.jobs.filter(({ reason }) => reason.kind === "held-limit");
  assertEquals(held?.reason.kind === "held-limit" ? held.reason.sharedBy : "", "pipeline-group");
  const weighted = world([plain], { ...byGroup, weights: { "team-a": 3 } }, 4);
  weighted.poll({ jobs, groups });
  assertEquals(launched(weighted, "h1"), { "team-a": 3, "mobile-ios": 1 });
  const unknown = world([plain], { ...byGroup, weights: { "-": 3 } }, 4);
  unknown.poll({ jobs, groups: { web: "team-a" } });
  assertEquals(launched(unknown, "h1"), { "team-a": 1, "": 3 });
});

Deno.test("a group named like a property of every object has weight 1", () => {
  const driver = world([plain], byGroup, 4);
  driver.poll({ jobs: [...jobsOf("web", 9), ...jobsOf("app", 9)], groups: { web: "constructor", app: "toString" } });
  assertEquals(launched(driver, "h1"), { constructor: 2, tostring: 2 });
});

/** Two agents launched for jobs of `web` at a limit of two, that build what is given. */
function busy(...builds: readonly string[]): { readonly driver: Driver; readonly agents: readonly GocdAgent[] } {
  const profiles = [plain, aProfile({ name: "mac", gocdResources: ["mac"] })];
  const driver = world(profiles, byGroup, 2);
  driver.poll({ jobs: jobsOf("web", 2), groups });
  assertEquals(launched(driver, "h1"), { "team-a": 2 });
  const ids = [...driver.state.instances.keys()];
  for (const id of ids) driver.status(id, "TASK_RUNNING");
  const agents = ids.map((id, index) => {
    const buildLocator = builds[index];
    return gocdAgent(id, { ...building, ...(buildLocator === undefined ? {} : { buildLocator }) });
  });
  driver.poll({ agents, groups });
  driver.wait(minute);
  driver.taken();
  return { driver, agents };
}

Deno.test("an agent counts for the group whose job it builds, and gives up its place for another group", () => {
  const disabled = (builds: readonly string[], jobs: readonly ScheduledJob[]): number => {
    const { driver, agents } = busy(...builds);
    driver.poll({ jobs, agents, groups });
    return only(driver.taken(), "disable-gocd-agents").flatMap((each) => each.agents).length;
  };
  const ofWeb = ["web/1/s/1/web0", "web/1/s/1/web1"];
  assertEquals(disabled(ofWeb, jobsOf("app", 3, "mac")), 1, "team-a has two, mobile-ios none");
  assertEquals(disabled(ofWeb, jobsOf("shop", 3, "mac")), 0, "it is the same group");
  assertEquals(disabled(["app/1/s/1/a", "web/1/s/1/b"], jobsOf("app", 3, "mac")), 0, "each has one");
  assertEquals(disabled([], jobsOf("app", 3, "mac")), 1, "what is not told counts for whom it was launched for");
  assertEquals(disabled(ofWeb, jobsOf("app", 3)), 0, "who could do the jobs stays: GoCD gives it the oldest one");
});

Deno.test("an instance counts for the group of its build, otherwise for that of its bucket", () => {
  const { server } = stateOf([]);
  const agent = (uuid: string, buildLocator: string): GocdAgent => ({ ...gocdAgent("x", { buildLocator }), uuid });
  const tell = groupOfInstances({
    server: {
      ...server,
      agents: [agent("uuid-a", "web/1/s/1/j"), agent("uuid-b", "nobody/1/s/1/j"), agent("uuid-c", "web/1/s/1/j")],
      pipelineGroups: new Map(Object.entries(groups)),
    },
  });
  const bucketKey = keyWithGroup(";linux", "Mobile-TV");
  assertEquals([
    tell({ ...aRegistered("a", "building"), bucketKey }),
    tell({ ...aRegistered("b", "building"), bucketKey }),
    tell({ ...aRegistered("c", "idle"), bucketKey }),
    tell({ ...aRegistered("d", "building"), bucketKey: "warm plain" }),
  ], ["team-a", "mobile-tv", "mobile-tv", ""]);
});

Deno.test("the key of a bucket includes its group if groups matter", () => {
  const key = keyWithGroup("prod;linux", " Team-A ");
  assertEquals([keyWithoutGroup(key), groupOfKey(key)], ["prod;linux", "team-a"]);
  assertEquals([keyWithoutGroup("prod;linux"), groupOfKey("prod;linux"), groupOfKey(undefined)], [
    "prod;linux",
    "",
    "",
  ]);
});

Deno.test("the group of a job is that of its pipeline, whatever the case", () => {
  const known = new Map(Object.entries(groups));
  assertEquals([groupOfJob(known, "WEB/1/s/1/j"), groupOfJob(known, "web"), groupOfJob(known, "we/b")], [
    "Team-A",
    "Team-A",
    "",
  ]);
  assertEquals(groupOfJob(undefined, "web/1/s/1/j"), "");
});

for (
  const [names, group, is] of [
    [["ops"], "Ops", true],
    [[" OPS "], "ops", true],
    [["ops"], "op-ops", false],
    [["ops", "mobile-*"], "Mobile-tv", true],
    [["mobile-*"], "mobile", false],
    [["*"], "", true],
    [["mobile-*"], "", false],
    [[], "ops", false],
  ] as const
) {
  Deno.test(`group ${JSON.stringify(group)} is ${is ? "" : "not "}one of ${JSON.stringify(names)}`, () => {
    assertEquals(groupTest(names)(group), is);
  });
}

Deno.test("polls in a row are those of the bucket, else of its jobs while their group was unknown, or did not matter", () => {
  const key = keyWithGroup(";linux", "a");
  const [unknown, plainKey] = [keyWithGroup(";linux", ""), ";linux"];
  const of = (...all: readonly (readonly [string, number])[]): number => streakOf(new Map(all), { key });
  assertEquals([of([key, 1], [unknown, 2], [plainKey, 3]), of([unknown, 2], [plainKey, 3]), of([plainKey, 3]), of()], [
    1,
    2,
    3,
    0,
  ]);
  assertEquals(streakOf(new Map([[plainKey, 4]]), { key: plainKey }), 4);
});

Deno.test("an agent that waits or drains counts for the group that it was launched for", () => {
  const { server } = stateOf([]);
  const seen = { ...gocdAgent("x", { buildLocator: "web/1/s/1/j" }), uuid: "uuid-a" };
  const tell = groupOfInstances({
    server: { ...server, agents: [seen], pipelineGroups: new Map(Object.entries(groups)) },
  });
  const bucketKey = keyWithGroup(";linux", "ops");
  assertEquals([
    tell(anInstance("b", { state: "starting" }, { bucketKey })),
    tell(anInstance("c", { state: "launching" }, {})),
  ], ["ops", ""]);
});

// What a verdict contains in addition to its reason: agents out of use, in the wrong environment, what GoCD itself
// reports; and the words while the server cannot be read.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Finding } from "../../../src/core/event.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  job,
  linux,
  lostContact,
  minute,
  missing,
  pending,
  problem,
  serverInfo,
  withIdleAgent,
} from "../../support/core.ts";

const disabled: Partial<GocdAgent> = { configState: "Disabled" };
const inEnvironment = (name: string, origin: "gocd" | "unknown"): Partial<GocdAgent> => ({
  environments: [{ name, origin }],
});
const everything = { ...linux, gocdResources: "*", environments: "*" } as const;

/** The verdict on `a` beside these agents, without its main reason. */
function remarksBeside(agents: readonly GocdAgent[], change: Parameters<typeof job>[1] = {}): string[] {
  const world = drive({ profiles: [everything] });
  world.poll({ jobs: [job("a", change)], agents });
  const verdict = world.verdict("a");
  assertEquals(verdict.verdict, "needs-agent");
  for (const { text } of verdict.remarks ?? []) {
    assertStringIncludes(verdict.reason, `; ${text}`);
    assertStringIncludes(statusView(world.state, world.atMs).demand[0]?.reason ?? "", text);
  }
  return (verdict.remarks ?? []).map(({ code, text }) => `${code}: ${text}`);
}

const cases: readonly (readonly [
  name: string,
  agents: readonly GocdAgent[],
  remarks: readonly string[],
  change?: Parameters<typeof job>[1],
])[] = [
  ["all that match are out of use", [
    gocdAgent("h1", disabled),
    gocdAgent("h2", disabled),
    gocdAgent("h3", lostContact),
  ], ["agents-disabled: all 3 matching agents are unavailable: 2 disabled, 1 without contact"]],
  ["most of those that match are out of use in another way than the first", [
    gocdAgent("h1", lostContact),
    gocdAgent("h2", disabled),
    gocdAgent("h3", disabled),
  ], ["agents-disabled: all 3 matching agents are unavailable: 2 disabled, 1 without contact"]],
  ["one is lost", [gocdAgent("h1", lostContact)], ["agents-lost: the only matching agent is without contact"]],
  ["one is missing beside others that do not match", [
    gocdAgent("h1", missing),
    gocdAgent("h2", { ...building, gocdResources: ["windows"] }),
  ], ["agents-missing: the only matching agent is missing"]],
  ["a stranger waits to be enabled", [gocdAgent("h1", pending)], [
    "agents-pending: the only matching agent is pending",
  ], { gocdResources: [] }],
  ["one is alive and builds", [gocdAgent("h1", disabled), gocdAgent("h2", building)], []],
  ["an idle one elsewhere has only one of two resources", [gocdAgent("h1", inEnvironment("prod", "gocd"))], [], {
    gocdResources: ["linux", "docker"],
  }],
  ["an idle one is in an environment, and a building one before it is in another", [
    gocdAgent("h0", { ...building, ...inEnvironment("test", "gocd"), gocdResources: [] }),
    gocdAgent("h1", inEnvironment("prod", "gocd")),
  ], ["agent-in-environment: agent h1 is idle and has the resources, but is in prod and takes only jobs from there"]],
  ["an elastic one is disabled", [gocdAgent("h1", { ...disabled, elastic: true })], []],
  ["a word nobody knows", [gocdAgent("h1", { agentState: "Sleeping" })], []],
  ["an idle one is in an environment and the job in none", [gocdAgent("h1", inEnvironment("prod", "gocd"))], [
    "agent-in-environment: agent h1 is idle and has the resources, but is in prod and takes only jobs from there",
  ]],
  ["an idle one is in no environment and the job in one", [gocdAgent("h1")], [
    "agent-in-no-environment: agent h1 is idle and has the resources, but is in no environment",
  ], { environment: "prod" }],
  ["an idle one names an environment that does not exist", [gocdAgent("h1", inEnvironment("prdo", "unknown"))], [
    "agent-environment-unknown: agent h1 is idle and has the resources, but is in no environment (it names prdo, " +
    "which is not on the server)",
  ], { environment: "prod" }],
  [
    "an idle one in another environment is none of the job's business",
    [gocdAgent("h1", inEnvironment("test", "gocd"))],
    [],
    {
      environment: "prod",
    },
  ],
  [
    "an idle one elsewhere lacks a resource",
    [gocdAgent("h1", { ...inEnvironment("prod", "gocd"), gocdResources: [] })],
    [],
  ],
];

for (const [name, agents, remarks, change] of cases) {
  Deno.test(`a job that needs an agent reports remarks on other agents: ${name}`, () => {
    assertEquals(remarksBeside(agents, change), remarks);
  });
}

Deno.test("our own agents in another environment cause no remark", () => {
  const { world, taskId } = withIdleAgent({ profiles: [everything] });
  world.poll({ jobs: [job("a", { environment: "prod" })], agents: [gocdAgent(taskId)] });
  assertEquals(world.verdict("a").remarks, undefined);
});

Deno.test("a disabled agent of ours does not count as an unavailable agent of others", () => {
  const { world, taskId } = withIdleAgent({ profiles: [everything] });
  world.poll({ jobs: [job("a")], agents: [gocdAgent(taskId, disabled)] });
  assertEquals([world.verdict("a").verdict, world.verdict("a").remarks], ["needs-agent", undefined]);
});

Deno.test("beside an idle agent, no other one is called unavailable, even though it takes only one of two jobs", () => {
  const world = drive({ profiles: [everything] });
  world.poll({ jobs: [job("a"), job("b")], agents: [gocdAgent("h1"), gocdAgent("h2", disabled)] });
  assertEquals(world.state.demand.buckets.map(({ needsAgent, remarks }) => [needsAgent, remarks]), [[1, []]]);
});

Deno.test("jobs that an idle agent will take need no remark on others", () => {
  const world = drive({ profiles: [everything] });
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h1"), gocdAgent("h2", inEnvironment("prod", "gocd"))] });
  assertEquals(world.state.demand.buckets.map(({ willBeTaken, remarks }) => [willBeTaken, remarks]), [[1, []]]);
});

Deno.test("an agent in another environment is reported even if one of ours precedes it there", () => {
  const { world, taskId } = withIdleAgent({ profiles: [everything] });
  world.poll({ jobs: [job("a", { environment: "prod" })], agents: [gocdAgent(taskId), gocdAgent("h1")] });
  assertEquals(world.verdict("a").remarks?.map(({ text }) => text), [
    "agent h1 is idle and has the resources, but is in no environment",
  ]);
});

Deno.test("an unserved job reports agents that would have matched", () => {
  const world = drive();
  world.poll({
    jobs: [job("a", { gocdResources: ["gpu"] })],
    agents: [gocdAgent("h1", { ...disabled, gocdResources: ["gpu"] })],
  });
  assertEquals(world.verdict("a").reasonCode, "no-profile-resources");
  assertStringIncludes(world.verdict("a").reason, "; the only matching agent is disabled");
});

const unassigned = (name: string, minutes: number): Finding => ({
  code: "gocd-job-unassigned",
  message: `GoCD reports: Job 'p/s/${name}' is not responding`,
  hint: `Job p/s/${name} is currently running but it has not been assigned an agent in the last ${minutes} minute(s).`,
  locators: [`p/1/s/1/${name}`],
  forMin: minutes,
});

function polledWith(findings: readonly Finding[]): Driver {
  const world = drive({ profiles: [everything] });
  const jobs = [job("a"), job("b")];
  world.send({ kind: "gocd-polled", server: serverInfo, jobs, agents: [], findings });
  return world;
}

Deno.test("what GoCD itself reports about a job is in its reason", () => {
  const world = polledWith([unassigned("a", 7)]);
  assertStringIncludes(world.verdict("a").reason, "; GoCD itself reports it as unassigned for 7 min");
  assertEquals(world.verdict("b").remarks, undefined);
});

Deno.test("what GoCD reports about something else is in no job's reason", () => {
  const disk = { code: "gocd-disk-full", message: "GoCD reports: out of disk space", hint: "make room" };
  const world = polledWith([{ ...disk, locators: ["p/1/s/1/a"], forMin: 3 }]);
  assertEquals(world.verdict("a").remarks, undefined);
});

Deno.test("many reports on single jobs are one problem and one line in the log, a full disk is its own", () => {
  const disk = { code: "gocd-disk-full", message: "GoCD reports: out of disk space", hint: "make room" };
  const world = polledWith([unassigned("a", 7), disk, unassigned("b", 6)]);
  const told = statusView(world.state, world.atMs).problems.filter(({ code }) => code.startsWith("gocd-"));
  assertEquals(told.map(({ code, message }) => `${code} ${message}`), [
    "gocd-disk-full GoCD reports: out of disk space",
    "gocd-job-unassigned GoCD itself reports 2 jobs without an agent for more than 5 min, e.g. p/1/s/1/a",
  ]);
  const notes = world.noted().filter(({ code }) => code === "gocd-job-unassigned");
  assertEquals(notes.map(({ onceKey }) => onceKey), ["gocd-job-unassigned"]);
});

Deno.test("a job that is meant for agents other than ours is not called unassigned, in log or page", () => {
  const world = drive({ profiles: [everything], poller: { ignore: ["p/s/b"] } });
  const jobs = [job("a", { gocdResources: [], elasticProfile: "k8s" }), job("b")];
  const findings = [unassigned("a", 7), unassigned("b", 6)];
  world.send({ kind: "gocd-polled", server: serverInfo, jobs, agents: [], findings });
  assertEquals(world.verdict("a").verdict, "not-ours");
  assertEquals(world.verdict("b").verdict, "not-ours");
  const told = statusView(world.state, world.atMs).problems.map(({ code }) => code);
  assertEquals(told.filter((code) => code.startsWith("gocd-")), []);
  assertEquals(world.noted().filter(({ code }) => code === "gocd-job-unassigned"), []);
});

for (
  const [code, kind, words] of [
    ["gocd-starting", "starting", "the GoCD server is starting"],
    ["gocd-backup", "maintenance", "the GoCD server makes a backup"],
    ["gocd-maintenance", "maintenance", "the GoCD server is in maintenance mode"],
    ["gocd-timeout", "unreachable", "the GoCD server does not answer"],
    ["gocd-bad-credentials", "refused", "the GoCD server refuses our requests"],
    ["gocd-login-page", "unreadable", "the GoCD server cannot be read"],
    ["gocd-blocked", "refused", "something else answers in place of the GoCD server"],
    ["gocd-proxy-refused", "refused", "something else answers in place of the GoCD server"],
  ] as const
) {
  Deno.test(`while polls fail, verdicts say how old they are and why: ${code}`, () => {
    const world = polledWith([]);
    world.wait(3 * minute, minute);
    world.send({ kind: "gocd-poll-failed", problem: problem({ code, kind }) });
    const view = statusView(world.state, world.atMs);
    assertStringIncludes(view.jobs[0]?.reason ?? "", ` (as of 3 min ago: ${words})`);
    assertEquals(view.problems[0]?.code, code);
  });
}

Deno.test("GoCD 18.12 calls it drain mode", () => {
  const world = drive();
  world.poll({ jobs: [job("a")], server: { version: "18.12.0", maintenance: "on" } });
  assertEquals(world.verdict("a").reason, "the GoCD server is in drain mode and assigns no jobs");
});

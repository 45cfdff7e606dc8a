// What is reported about the GoCD server itself, in the log, remarks on jobs, and problems of the picture.

import { assertEquals } from "@std/assert";
import type { GocdAgent, GocdServerInfo } from "../../../src/core/gocd_records.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  building,
  drive,
  gocdAgent,
  job,
  jobs,
  linux,
  lostContact,
  missing,
  pending,
  problem,
  second,
} from "../../support/core.ts";

/** What the log says of a poll after this one. */
function polled(
  ...events: readonly { readonly jobs?: number; readonly agents?: number; readonly server?: Partial<GocdServerInfo> }[]
): string[] {
  const world = drive();
  let notes: string[] = [];
  for (const { jobs: count = 0, agents = 0, server = {} } of events) {
    world.noted();
    world.poll({
      jobs: jobs(count),
      agents: Array.from({ length: agents }, (_, index) => gocdAgent(`h${index}`, building)),
      server,
    });
    notes = world.noted().filter(({ code }) => code.startsWith("gocd-")).map(({ level, text }) => `${level}: ${text}`);
  }
  return notes;
}

Deno.test("a server is reported with its version, what waits and who is known, once for each version", () => {
  assertEquals(polled({}), ["info: GoCD server 26.1.0: 0 jobs wait, 0 agents are known"]);
  assertEquals(polled({ jobs: 1, agents: 1 }), ["info: GoCD server 26.1.0: 1 job waits, 1 agent is known"]);
  assertEquals(polled({ jobs: 2, agents: 2 }), ["info: GoCD server 26.1.0: 2 jobs wait, 2 agents are known"]);
  assertEquals(polled({}, {}), []);
  assertEquals(polled({}, { server: { version: "26.2.0" } }), [
    "info: GoCD server 26.2.0: 0 jobs wait, 0 agents are known",
  ]);
});

Deno.test("maintenance mode is reported when it starts and when it is over", () => {
  const on = { server: { maintenance: "on" } } as const;
  const begins = "warning: the GoCD server is in maintenance mode: nothing is launched or taken down until it ends";
  assertEquals([polled({}, on), polled({}, on, on), polled({}, on, {})], [[begins], [], [
    "info: maintenance mode is over",
  ]]);
  assertEquals(polled({}, on, { server: { maintenance: "unknown" } }), ["info: maintenance mode is over"]);
});

Deno.test("a server that answers again is reported with how often it failed", () => {
  const world = drive();
  const failed = (message: string): string[] => {
    world.noted();
    world.send({ kind: "gocd-poll-failed", problem: problem({ message }) });
    return world.noted().map(({ level, text }) => `${level}: ${text}`);
  };
  const passes = "no answer; nothing is decided until a poll succeeds";
  assertEquals([failed("feed: no answer"), failed("agents: no answer")], [
    [`error: feed: ${passes}`],
    [`error: agents: ${passes}`],
  ]);
  world.poll();
  assertEquals(world.noted()[0]?.text, "the GoCD server answers again after 2 failed reads");
  failed("feed: no answer");
  world.poll();
  assertEquals(world.noted()[0]?.text, "the GoCD server answers again after 1 failed read");
  for (const [kind, level] of [["starting", "warning"], ["maintenance", "warning"], ["refused", "error"]] as const) {
    world.send({ kind: "gocd-poll-failed", problem: problem({ kind, code: `gocd-${kind}` }) });
    assertEquals(world.noted()[0]?.level, level);
  }
});

Deno.test("a server has restarted once all enabled agents are Missing, until half of them are back", () => {
  const world = drive();
  const restarted = (...agents: readonly GocdAgent[]): boolean => {
    world.skip(second);
    world.poll({ agents });
    return world.state.server.restartedMs !== undefined;
  };
  const [a, b, c] = ["a", "b", "c"].map((name) => gocdAgent(name, missing)) as [GocdAgent, GocdAgent, GocdAgent];
  assertEquals([restarted(), restarted(a, b, gocdAgent("c"))], [false, false]);
  assertEquals(
    restarted(a, b, c, gocdAgent("off", { configState: "Disabled" }), gocdAgent("plugin", { elastic: true })),
    true,
  );
  const since = world.state.server.restartedMs;
  assertEquals([restarted(a, b, gocdAgent("c")), world.state.server.restartedMs === since], [true, true]);
  assertEquals(restarted(a, gocdAgent("b")), false);
});

/** The remarks next to the verdict of a job for linux. */
function remarks(...agents: readonly GocdAgent[]): string[] {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: [job("j")], agents });
  return (world.verdict("j").remarks ?? []).map(({ code, text }) => `${code}: ${text}`);
}

for (
  const [name, changes, text] of [
    ["disabled", { configState: "Disabled" }, "agents-disabled: the only matching agent is disabled"],
    ["lost", lostContact, "agents-lost: the only matching agent is without contact"],
    ["Missing", missing, "agents-missing: the only matching agent is missing"],
    ["Pending", { ...pending, gocdResources: ["linux"] }, "agents-pending: the only matching agent is pending"],
  ] as const
) {
  Deno.test(`that the only agent which matches is ${name} is a remark`, () => {
    assertEquals(remarks(gocdAgent("a", changes)), [text]);
  });
}

Deno.test("of several agents out of use the most frequent cause names the remark; one that is alive ends it", () => {
  const off = (name: string): GocdAgent => gocdAgent(name, { configState: "Disabled" });
  const lost = (name: string): GocdAgent => gocdAgent(name, lostContact);
  assertEquals(remarks(off("a"), lost("b"), lost("c")), [
    "agents-lost: all 3 matching agents are unavailable: 2 without contact, 1 disabled",
  ]);
  assertEquals(remarks(lost("a"), off("b"), off("c")), [
    "agents-disabled: all 3 matching agents are unavailable: 2 disabled, 1 without contact",
  ]);
  assertEquals(remarks(off("a"), gocdAgent("b", building)), []);
  assertEquals(remarks(gocdAgent("a", { configState: "Disabled", elastic: true })), []);
  assertEquals(remarks(gocdAgent("a", { configState: "Disabled", gocdResources: ["arm"] })), []);
  assertEquals(remarks(gocdAgent("a", { agentState: "Odd" })), []);
});

Deno.test("an idle agent in another environment is named, with the environments that count, and those that do not", () => {
  const inside = (...environments: GocdAgent["environments"]): string[] => remarks(gocdAgent("a", { environments }));
  assertEquals(inside({ name: "prod", origin: "gocd" }, { name: "ghost", origin: "unknown" }), [
    "agent-in-environment: agent a is idle and has the resources, but is in prod and takes only jobs from there",
  ]);
  const world = drive({ profiles: [{ ...linux, environments: "*" }] });
  world.subscribe();
  const told = (...environments: GocdAgent["environments"]): (string | undefined)[] => {
    world.poll({ jobs: [job("j", { environment: "prod" })], agents: [gocdAgent("a", { environments })] });
    return (world.verdict("j").remarks ?? []).map(({ code, text }) => `${code}: ${text}`);
  };
  assertEquals(told(), ["agent-in-no-environment: agent a is idle and has the resources, but is in no environment"]);
  assertEquals(told({ name: "ghost", origin: "unknown" }), [
    "agent-environment-unknown: agent a is idle and has the resources, but is in no environment (it names ghost, " +
    "which is not on the server)",
  ]);
});

Deno.test("problems of the picture: the server, the session, what holds launches back, and jobs that no profile serves", () => {
  const world = drive();
  const problems = (): string[] =>
    statusView(world.state, world.atMs).problems.map(({ code, message, hint }) => `${code}: ${message} | ${hint}`);
  // Nothing is wrong while the first answer is awaited, until it is late.
  assertEquals(problems(), []);
  world.wait(12 * second);
  assertEquals(problems().map((text) => text.slice(0, 12)), ["gocd-overdue", "mesos-overdu", "held-stale: "]);
  world.poll();
  assertEquals(problems().filter((text) => text.startsWith("held-stale")), []);
  world.subscribe();
  world.wait(6 * second);
  world.poll();
  assertEquals(problems(), []);
  world.poll({ jobs: [job("j", { gocdResources: ["gpu"] })] });
  const reason = "no profile has resource gpu";
  const hint = "add a profile with it, or add it to go-agent.resources if its image can build such jobs";
  assertEquals(problems(), [`jobs-unserved: 1 job is not served by any profile: ${reason} | ${hint}`]);
  world.poll({ jobs: [job("j", { gocdResources: ["gpu"] }), job("k", { gocdResources: ["gpu"] })] });
  assertEquals(problems(), [`jobs-unserved: 2 jobs are not served by any profile: ${reason} | ${hint}`]);
  world.poll();
  world.send({ kind: "framework-error", error: "failed-over", message: "m" });
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  assertEquals(problems(), [
    "gocd-unreachable: no answer | look",
    "mesos-superseded: not subscribed to Mesos: m | see the log",
  ]);
});

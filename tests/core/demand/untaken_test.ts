// Jobs that leave the feed although no agent could have taken them: detected, reported the second time, and counted.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdAgent, GocdServerInfo, ScheduledJob } from "../../../src/core/gocd_records.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  building,
  drive,
  type Driver,
  type DriverOptions,
  gocdAgent,
  job,
  lostContact,
  minute,
  pending,
} from "../../support/core.ts";

const slow: DriverOptions = { poller: { intervalMs: 2 * minute, attempts: 5 } };
const counts = (world: Driver): Readonly<Record<string, number>> =>
  statusView(world.state, world.atMs).leftUntaken ?? {};
const told = (world: Driver): (string | undefined)[] =>
  world.noted().flatMap(({ code, hint }) => code === "jobs-left-untaken" ? [hint] : []);

interface Visit {
  readonly agents?: readonly GocdAgent[];
  /** As shown when it has left. */
  readonly after?: readonly GocdAgent[];
  readonly server?: Partial<GocdServerInfo>;
}

/** A job waits for eight minutes and is gone. */
function comesAndGoes(
  world: Driver,
  waiting: ScheduledJob,
  { agents = [], after = agents, server = {} }: Visit = {},
): void {
  for (let polls = 0; polls < 4; polls++) {
    world.poll({ jobs: [waiting], agents, server });
    world.wait(2 * minute, minute);
  }
  world.poll({ agents: after, server });
}

Deno.test("jobs that leave before poller.attempts is reached are reported the second time, with the keys, and counted", () => {
  const world = drive(slow);
  comesAndGoes(world, job("a"));
  assertEquals([told(world), counts(world)], [[], { "held-attempts": 1 }]);
  world.wait(4 * minute, minute);
  comesAndGoes(world, job("b"));
  assertEquals(counts(world), { "held-attempts": 2 });
  const [note] = world.noted().filter(({ code }) => code === "jobs-left-untaken");
  assertEquals(note?.level, "warning");
  assertStringIncludes(note?.text ?? "", "2 jobs (linux) were cancelled before an agent could take them");
  assertStringIncludes(note?.text ?? "", "they had waited for at least 8 min");
  assertStringIncludes(note?.hint ?? "", "only after 10 min to 12 min: lower poller.interval or poller.attempts");
});

const others: readonly (readonly [string, Visit])[] = [
  ["of other resources", { agents: [gocdAgent("h", { gocdResources: ["java"] })] }],
  ["out of use", {
    agents: [
      gocdAgent("off", { configState: "Disabled" }),
      gocdAgent("lost", lostContact),
      gocdAgent("new", pending),
    ],
  }],
  ["with one build all the time", { agents: [gocdAgent("h", { ...building, buildLocator: "p/1/s/1/long" })] }],
  ["of a plugin", { agents: [gocdAgent("h", { elastic: true })] }],
];
for (const [what, visit] of others) {
  Deno.test(`agents ${what} cannot have taken them`, () => {
    const world = drive(slow);
    for (const name of ["a", "b"]) comesAndGoes(world, job(name), visit);
    assertEquals([told(world).length, Object.values(counts(world))], [1, [2]]);
  });
}

const takers: readonly (readonly [string, Visit])[] = [
  ["is idle", { agents: [gocdAgent("h")] }],
  ["builds something else since", {
    agents: [gocdAgent("h", { ...building, buildLocator: "p/1/s/1/x" })],
    after: [gocdAgent("h", { ...building, buildLocator: "p/1/s/1/y" })],
  }],
  ["builds, and the server does not tell what", { agents: [gocdAgent("h", building)] }],
  ["has come meanwhile", { agents: [], after: [gocdAgent("h")] }],
  ["was there, and is gone", { agents: [gocdAgent("h")], after: [] }],
  ["was enabled meanwhile", { agents: [gocdAgent("h", { configState: "Disabled" })], after: [gocdAgent("h")] }],
];
for (const [what, visit] of takers) {
  Deno.test(`an agent that ${what} may have built it between two polls: nothing is reported or counted`, () => {
    const world = drive(slow);
    for (const name of ["a", "b", "c"]) comesAndGoes(world, job(name), visit);
    assertEquals([told(world), counts(world)], [[], {}]);
  });
}

Deno.test("a job without resources may be a plugin's: with an elastic agent in the list nothing is concluded", () => {
  const world = drive({ ...slow, profiles: [] });
  const visit = { agents: [gocdAgent("h", { elastic: true, gocdResources: [] })] };
  for (const name of ["a", "b"]) comesAndGoes(world, job(name, { gocdResources: [] }), visit);
  assertEquals([told(world), counts(world)], [[], {}]);
});

Deno.test("all jobs of a stage that someone cancels are one occasion", () => {
  const world = drive(slow);
  world.poll({ jobs: [job("a"), job("b"), job("c")] });
  world.wait(2 * minute, minute);
  world.poll();
  assertEquals([told(world), counts(world)], [[], { "held-attempts": 3 }]);
});

Deno.test("two occasions more than a day apart, or of two kinds of jobs, are not reported", () => {
  const world = drive(slow);
  comesAndGoes(world, job("a"));
  comesAndGoes(world, job("x", { gocdResources: [] }));
  world.wait(24 * 60 * minute, 10 * minute);
  comesAndGoes(world, job("b"));
  assertEquals(told(world), []);
});

Deno.test("jobs that come back had not left: a list was incomplete for a moment, or rights were missing", () => {
  const world = drive(slow);
  comesAndGoes(world, job("a"));
  world.poll({ jobs: [job("a")] });
  world.poll({ agents: [gocdAgent("h", { ...building, buildLocator: job("a").locator })] });
  comesAndGoes(world, job("b"));
  assertEquals(told(world), []);
});

Deno.test("a server that cancels nothing automatically is not blamed for what users cancel", () => {
  for (const [version, count] of [["20.8.0", 0], ["20.9.0", 1], ["21.1.0", 1], ["unknown", 0]] as const) {
    const world = drive(slow);
    for (const name of ["a", "b"]) comesAndGoes(world, job(name), { server: { version } });
    assertEquals(told(world).length, count, version);
  }
});

Deno.test("any other reason that holds launches back is reported instead", () => {
  const world = drive({ scaling: { maxAgents: 0 } });
  world.subscribe();
  for (const name of ["a", "b"]) comesAndGoes(world, job(name));
  assertStringIncludes(told(world)[0] ?? "", "scaling.max-agents = 0");
});

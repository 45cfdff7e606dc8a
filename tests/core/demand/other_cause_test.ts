// Jobs that wait for something else than an agent: idle agents that are not used, zombies, and the memory of both.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { nextTryText } from "../../../src/core/words/phrases.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  job,
  lostContact,
  minute,
  problem,
  second,
  withIdleAgent,
} from "../../support/core.ts";

const verdictOf = (world: Driver, name: string): string =>
  `${world.verdict(name).verdict} ${world.verdict(name).reasonCode}`;

/** A GocdAgent that builds `p/1/s/1/NAME`. */
const builds = (hostname: string, name: string): GocdAgent =>
  gocdAgent(hostname, { ...building, buildLocator: `p/1/s/1/${name}` });

/** Nothing here has a session with Mesos. */
const needsAgent = "needs-agent held-no-session";

/** A job waits although a matching agent is idle, for so long that another cause is assumed. */
function passedOver(): Driver {
  const world = drive();
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  return world;
}

Deno.test("an idle matching agent that leaves a job waiting for longer than assign-grace shows another cause", () => {
  const world = drive();
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  world.wait(89 * second);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  assertEquals(verdictOf(world, "a"), "will-be-taken idle-agent");
  world.wait(second);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  assertEquals(verdictOf(world, "a"), "other-cause idle-unused");
  assertStringIncludes(world.verdict("a").reason, "agent h matches and has been idle for 90 s");
});

Deno.test("a job that waits for another cause keeps that verdict for half an hour, even if no idle agent is left", () => {
  const world = passedOver();
  world.wait(minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h", building)] });
  assertEquals(verdictOf(world, "a"), "other-cause left-before");
  world.wait(29 * minute, minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h", building)] });
  assertEquals(verdictOf(world, "a"), needsAgent);
});

Deno.test("a new job of the same kind is not assumed to wait for another cause", () => {
  const world = passedOver();
  world.poll({ jobs: [job("a"), job("b")], agents: [gocdAgent("h", building)] });
  assertEquals(verdictOf(world, "b"), needsAgent);
});

Deno.test("when a job leaves that waited for another cause, the others of its bucket are judged again", () => {
  const world = drive();
  const agents = [gocdAgent("h")];
  world.poll({ jobs: [job("a"), job("b")], agents });
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a"), job("b")], agents });
  assertEquals(verdictOf(world, "b"), "other-cause idle-unused");
  world.poll({ jobs: [job("b")], agents: [gocdAgent("h", building)] });
  assertEquals(verdictOf(world, "b"), needsAgent);
});

Deno.test("an agent's idle time starts again when jobs that it could take have left the feed", () => {
  const world = drive();
  const agents = [gocdAgent("h")];
  world.poll({ jobs: [job("a"), job("b")], agents });
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("b")], agents });
  assertEquals(verdictOf(world, "b"), "will-be-taken idle-agent");
});

Deno.test("an agent's idle time continues when only jobs have left that it could not take", () => {
  const world = drive();
  const agents = [gocdAgent("h")];
  const other = job("c", { gocdResources: ["windows"] });
  world.poll({ jobs: [other, job("b")], agents });
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("b")], agents });
  assertEquals(verdictOf(world, "b"), "other-cause idle-unused");
});

Deno.test("an agent that built between two polls is not assumed to have been idle all the time", () => {
  const world = drive();
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  world.wait(minute);
  world.read(gocdAgent("h", building));
  world.wait(minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  assertEquals(verdictOf(world, "a"), "will-be-taken idle-agent");
});

Deno.test("after maintenance, and after a time without answers, agents get their grace again", () => {
  for (const end of ["maintenance", "failure"] as const) {
    const world = drive();
    const poll = { jobs: [job("a")], agents: [gocdAgent("h")] };
    world.poll(poll);
    if (end === "maintenance") world.poll({ ...poll, server: { maintenance: "on" } });
    else world.send({ kind: "gocd-poll-failed", problem: problem() });
    world.wait(5 * minute, minute);
    world.poll(poll);
    assertEquals(verdictOf(world, "a"), "will-be-taken idle-agent");
    world.wait(90 * second);
    world.poll(poll);
    assertEquals(verdictOf(world, "a"), "other-cause idle-unused");
  }
});

Deno.test("an agent of ours on a lost host looks idle for a while, yet no job waits for it", () => {
  const { world, taskId } = withIdleAgent();
  world.status(taskId, "TASK_UNREACHABLE", { uuid: "" });
  for (let polls = 0; polls < 3; polls++) {
    world.poll({ jobs: [job("a")], agents: [gocdAgent(taskId)] });
    assertEquals(verdictOf(world, "a"), `needs-agent ${polls === 0 ? "launching" : "no-offer"}`);
    world.wait(2 * minute, minute);
  }
});

Deno.test("an agent that is lost after it left a job waiting was dead, so the job needs another one", () => {
  const world = passedOver();
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h", lostContact)] });
  assertEquals(verdictOf(world, "a"), needsAgent);
});

/** `old` waits for an hour while agents are seen with `b` and then with `c`. */
function zombie(): Driver {
  const world = drive();
  world.poll({ jobs: [job("old"), job("b"), job("c")] });
  world.wait(30 * minute, minute);
  world.poll({ jobs: [job("old"), job("c"), job("d")], agents: [builds("h", "b")] });
  world.wait(30 * minute, minute);
  world.poll({ jobs: [job("old"), job("d")], agents: [builds("h", "c")] });
  return world;
}

Deno.test("a job that waits long while newer ones of its bucket are taken is a zombie", () => {
  const world = zombie();
  assertEquals(verdictOf(world, "old"), "other-cause zombie");
  assertStringIncludes(world.verdict("old").reason, "newer jobs of the same kind were taken 2 times");
  assertStringIncludes(world.verdict("old").reason, nextTryText(world.atMs + 30 * minute));
  assertEquals(verdictOf(world, "d"), needsAgent);
});

Deno.test("a zombie is retried after half an hour, and must be passed over again to be one again", () => {
  const world = zombie();
  world.wait(29 * minute, minute);
  world.poll({ jobs: [job("old"), job("d")] });
  assertEquals(verdictOf(world, "old"), "other-cause zombie");
  world.wait(minute);
  world.poll({ jobs: [job("old"), job("d"), job("e")] });
  assertEquals(verdictOf(world, "old"), needsAgent);
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("old"), job("e"), job("f")], agents: [builds("h", "d")] });
  assertEquals(verdictOf(world, "old"), needsAgent);
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("old"), job("f")], agents: [builds("h", "e")] });
  assertEquals(verdictOf(world, "old"), "other-cause zombie");
  assertStringIncludes(world.verdict("old").reason, nextTryText(world.atMs + 60 * minute));
});

Deno.test("a job is not a zombie while newer ones like it are cancelled: an agent's build must explain their leaving", () => {
  const world = drive();
  world.poll({ jobs: [job("old"), job("b"), job("c")], agents: [gocdAgent("h", building)] });
  world.wait(30 * minute, minute);
  world.poll({ jobs: [job("old"), job("c")], agents: [gocdAgent("h", building)] });
  world.wait(30 * minute, minute);
  world.poll({ jobs: [job("old")], agents: [builds("other", "x")] });
  assertEquals(verdictOf(world, "old"), needsAgent);
});

Deno.test("a build that only a read between two polls has shown explains that its job has left", () => {
  const world = drive();
  world.poll({ jobs: [job("old"), job("b"), job("c")] });
  for (const name of ["b", "c"]) {
    world.wait(30 * minute, minute);
    world.read(builds("h", name));
    world.read(gocdAgent("h"));
    world.poll({ jobs: name === "b" ? [job("old"), job("c")] : [job("old")], agents: [gocdAgent("h", building)] });
  }
  assertEquals(verdictOf(world, "old"), "other-cause zombie");
});

Deno.test("if the server does not report what an agent builds, one that starts explains one job that it could take", () => {
  for (const [gocdResources, verdict] of [[["linux"], "other-cause zombie"], [["java"], needsAgent]] as const) {
    const world = drive();
    const builder = gocdAgent("h", { ...building, gocdResources });
    world.poll({ jobs: ["a", "old", "c", "d", "e"].map((name) => job(name)) });
    // Of two that have left at once, the older one was taken: `old` is not passed over.
    for (const left of [["old", "d", "e"], ["old", "e"], ["old"]]) {
      assertEquals(verdictOf(world, "old"), needsAgent);
      world.wait(30 * minute, minute);
      world.read(gocdAgent("h", { gocdResources }));
      world.poll({ jobs: left.map((name) => job(name)), agents: [builder] });
    }
    assertEquals(verdictOf(world, "old"), verdict);
  }
});

Deno.test("a job is not a zombie because older ones were taken, nor because others of another kind were", () => {
  const world = drive();
  const other = (name: string): ReturnType<typeof job> => job(name, { gocdResources: [] });
  world.poll({ jobs: [job("a"), job("b"), job("c"), other("x"), other("y")] });
  world.wait(30 * minute, minute);
  world.poll({ jobs: [job("b"), job("c"), other("y")] });
  world.wait(30 * minute, minute);
  world.poll({ jobs: [job("c")] });
  assertEquals(verdictOf(world, "c"), needsAgent);
});

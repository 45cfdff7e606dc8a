// A job that an idle agent left waiting because it was dead.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { drive, type Driver, gocdAgent, job, lostContact, minute, withIdleAgent } from "../../support/core.ts";

const verdictOf = (world: Driver, name: string): string =>
  `${world.verdict(name).verdict} ${world.verdict(name).reasonCode}`;

Deno.test("an agent of ours that left a job waiting was dead: the job needs another one, also once its record is disabled", () => {
  const { world, taskId } = withIdleAgent();
  const { settings } = world.state;
  world.send({ kind: "settings-changed", settings: { ...settings, poller: { ...settings.poller, attempts: 1 } } });
  const poll = (...agents: readonly GocdAgent[]): void => {
    world.poll({ jobs: [job("a")], agents });
  };
  // Its host is lost, which Mesos has not noticed yet.
  poll(gocdAgent(taskId));
  world.wait(2 * minute, minute);
  poll(gocdAgent(taskId));
  assertEquals(verdictOf(world, "a"), "other-cause idle-unused");
  world.status(taskId, "TASK_FAILED");
  world.wait(minute, minute);
  const seen: string[] = [];
  for (let polls = 0; polls < 5; polls++) {
    poll();
    seen.push(verdictOf(world, "a"));
    world.wait(2 * minute, minute);
  }
  assertEquals(seen.filter((each) => each.startsWith("other-cause")), []);
});

Deno.test("a job that needs another agent because the idle one was lost still does once that record is deleted", () => {
  const world = drive();
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h")] });
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h", lostContact)] });
  assertEquals(verdictOf(world, "a"), "needs-agent held-no-session");
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a")], agents: [gocdAgent("h", { ...lostContact, configState: "Disabled" })] });
  assertEquals(verdictOf(world, "a"), "needs-agent held-no-session");
  world.wait(2 * minute, minute);
  world.poll({ jobs: [job("a")], agents: [] });
  assertEquals(verdictOf(world, "a"), "needs-agent held-no-session");
});

// Two programs on one GoCD server that launch for the same jobs.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { drive, gocdAgent, job, jobs, pending } from "../../support/core.ts";

const other = "gocd-zzz999-default-7";

/** What is reported when this agent appears while a job waits that asks for linux. */
function told(agent: GocdAgent, waiting = jobs(1), isThereBefore = false): (string | undefined)[] {
  const world = drive();
  world.poll({ jobs: waiting, agents: isThereBefore ? [agent] : [] });
  world.read(agent);
  world.poll({ jobs: waiting, agents: [agent] });
  return world.noted().flatMap(({ code, text }) => code === "other-program" ? [text] : []);
}

Deno.test("an agent of another program that comes for the jobs that we launch for is reported, once", () => {
  const [text, ...more] = told(gocdAgent(other));
  assertEquals(more, []);
  assertStringIncludes(text ?? "", "another gocd-mesos, lineage zzz999, serves this GoCD server");
});

Deno.test("agents of our own lineage, of people, of a plugin, for other jobs, or that were there before are not reported", () => {
  const others: readonly GocdAgent[] = [
    gocdAgent("gocd-abc123-default-7"),
    gocdAgent("build-server-7"),
    gocdAgent(other, { elastic: true }),
    gocdAgent(other, pending),
    gocdAgent(other, { gocdResources: ["java"] }),
  ];
  for (const agent of others) assertEquals(told(agent), [], agent.hostname);
  assertEquals(told(gocdAgent(other), []), []);
  assertEquals(told(gocdAgent(other, { gocdResources: ["x"] }), [job("a", { gocdResources: ["x"] })]), []);
  assertEquals(told(gocdAgent(other), jobs(1), true), []);
});

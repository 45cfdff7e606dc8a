// Conditions that the log of the running program reports once, however long they last; and upgrades of the server under
// the running program.

import { assert, assertEquals } from "@std/assert";
import { createFloodGate } from "../../src/log/flood_gate.ts";
import { minute, second, zeroMs } from "../support/core.ts";
import { type Situation, situation } from "../support/situation.ts";
import { foreign } from "./arrange.ts";

/** Lines of the log with this code, as the program would write them. */
function logged({ notes }: Situation, code: string): string[] {
  const gate = createFloodGate();
  return notes.flatMap((note) => {
    const text = gate.pass(note, zeroMs);
    return text === undefined || note.code !== code ? [] : [text];
  });
}

for (
  const [version, code, text] of [
    [
      "18.10.0",
      "gocd-elastic-untold",
      "jobs of elastic profiles cannot be distinguished from jobs without resources: GoCD 18.10.0 does not report " +
      "which " +
      "jobs use a profile",
    ],
  ] as const
) {
  Deno.test(`the log reports once in an hour of polls: ${code}`, async () => {
    const its = situation({ version });
    its.schedule({ gocdResources: [], elasticProfile: "k8s" });
    await its.pass(60 * minute);
    assertEquals(logged(its, code), [text]);
  });
}

Deno.test("an empty queue because of missing permissions is reported once in the log", async () => {
  const its = situation({
    gocd: { security: { kind: "on", users: [{ name: "guest", password: "g", admin: false, views: [] }] } },
    login: ["guest", "g"],
  });
  its.schedule();
  await its.pass(10 * minute);
  assertEquals(its.world.state.demand.jobs, []);
  const [line, ...more] = logged(its, "gocd-too-few-rights");
  assert(line?.includes("jobs of pipelines that it may not view are missing from the feed"), line);
  assertEquals(more, []);
});

for (
  const [before, after] of [
    ["15.2.0", "16.6.0"],
    ["16.6.0", "18.10.0"],
    ["18.10.0", "19.8.0"],
    ["19.8.0", "20.8.0"],
    ["20.8.0", "26.1.0"],
    ["15.2.0", "26.1.0"],
    ["26.1.0", "18.10.0"],
  ] as const
) {
  Deno.test(`a server that is upgraded from ${before} to ${after} is read without a restart of the program`, async () => {
    const its = situation({ version: before });
    its.gocd.addAgent(foreign("box"));
    const first = its.schedule({ gocdResources: ["windows"] });
    await its.pass(minute);
    its.gocd.upgrade(after, 40 * second);
    await its.pass(2 * minute);
    const next = its.schedule({ gocdResources: ["windows"] });
    await its.pass(minute);
    const { server, demand } = its.world.state;
    assertEquals(server.info?.version, after < "16.6" ? "<16.6" : after);
    assertEquals(server.readFailure, undefined);
    assertEquals(demand.jobs.map(({ locator }) => locator), [first, next]);
    assertEquals(server.agents.map(({ hostname }) => hostname), ["box"]);
    const told = logged(its, "gocd-version").map((text) => /^GoCD server (\S+):/.exec(text)?.[1]);
    assertEquals(told, [before < "16.6" ? "<16.6" : before, after]);
  });
}

// What the time of agents is spent on, and how they end. The history that is kept of it: tests/history.

import { assertEquals } from "@std/assert";
import type { AgentInstance, DrainStep, EndCause, InstancePhase } from "../../../src/core/instance.ts";
import {
  badHosts,
  type InstanceLife,
  isDrainedUnseen,
  lifeKindOf,
  noDemand,
  sumOfSpent,
  waitingJobs,
} from "../../../src/core/view/history.ts";
import { zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered } from "../instance_fixtures.ts";

const of = (phase: Partial<InstancePhase> & Pick<InstancePhase, "state">): AgentInstance => anInstance("t", phase);
const draining = (step: DrainStep): AgentInstance => of({ state: "draining", uuid: "u", reason: "idle", step });
const ended = (cause: EndCause): AgentInstance => of({ state: "gone", cause, message: "" });
const unsure = { kind: "unsure", word: "Unknown", sinceMs: zeroMs } as const;

for (
  const [what, instance, kind] of [
    ["whose launch was accepted", of({ state: "launching" }), "starting"],
    ["that starts", of({ state: "starting" }), "starting"],
    ["that is idle", aRegistered("t", "idle"), "idle"],
    ["that builds", aRegistered("t", "building"), "busy"],
    ["in an unknown state", of({ state: "registered", uuid: "u", activity: unsure }), "other"],
    ["that finishes its job", draining({ kind: "finishing" }), "busy"],
    ["that is being disabled", draining({ kind: "disabling", askedMs: zeroMs }), "draining"],
    ["that is being killed", of({ state: "killing", cause: "drained" }), "draining"],
    ["that is unreachable", of({ state: "unreachable" }), "other"],
    ["that has ended", ended("stopped"), undefined],
  ] as const
) {
  Deno.test(`the time of an agent ${what} counts as ${kind ?? "nothing"}`, () => {
    assertEquals(lifeKindOf(instance), kind);
  });
}

Deno.test("the waiting jobs of a sample are those that need an agent of ours, unless the backlog was not known", () => {
  const agents = { atMs: zeroMs, starting: 9, idle: 9, building: 9, draining: 9, away: 9 };
  const demand = { needsAgent: 1, coming: 2, willBeTaken: 4, otherCause: 8, unserved: 16 };
  const others = { notOurs: 32, wanted: 64, oldestWaitMs: 128 };
  assertEquals([waitingJobs({ ...noDemand, ...agents, ...demand, ...others }), waitingJobs(agents)], [31, undefined]);
});

Deno.test("agent times are added up by activity", () => {
  const one = { busy: 1, idle: 2, starting: 3, draining: 4, other: 5 };
  assertEquals(sumOfSpent([one, { ...one, busy: 10 }]), { busy: 11, idle: 4, starting: 6, draining: 8, other: 10 });
  assertEquals(sumOfSpent([]), { busy: 0, idle: 0, starting: 0, draining: 0, other: 0 });
});

Deno.test("an agent was drained unseen if it drained at the last look and is stopped now", () => {
  const before = draining({ kind: "finishing" });
  assertEquals(
    [
      isDrainedUnseen(before, ended("stopped")),
      isDrainedUnseen(before, ended("lost")),
      isDrainedUnseen(before, before),
      isDrainedUnseen(aRegistered("t", "idle"), ended("stopped")),
      isDrainedUnseen(undefined, ended("stopped")),
    ],
    [true, false, false, false, false],
  );
});

Deno.test("hosts are listed by the number of agents that failed there; hosts without failures or without a name are not", () => {
  const life = (host: string, end: EndCause): InstanceLife => ({
    taskId: "t",
    profile: "linux",
    host,
    createdMs: zeroMs,
    end,
    spentMs: sumOfSpent([]),
    builds: 0,
  });
  const lives = [life("h1", "lost"), life("h2", "exited"), life("h2", "launch-failed"), life("h2", "stopped")];
  const listed = [{ host: "h2", failed: 2, ended: 3 }, { host: "h1", failed: 1, ended: 1 }];
  assertEquals(badHosts([...lives, life("h3", "stopped"), life("", "lost")], 5), listed);
  assertEquals(badHosts(lives, 1), listed.slice(0, 1));
});

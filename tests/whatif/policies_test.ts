// The policies of other autoscalers against the figures of their documentation.

import { assert, assertEquals } from "@std/assert";
import { actionsRunnerController, targetRunners } from "../../src/whatif/policies/actions_runner_controller.ts";
import { policies } from "../../src/whatif/policies/all.ts";
import { buildkiteAgentScaler, desiredCount } from "../../src/whatif/policies/buildkite.ts";
import { framework2015 } from "../../src/whatif/policies/framework_2015.ts";
import { gitlabRunner, requiredInstances } from "../../src/whatif/policies/gitlab_runner.ts";
import { gocdKubernetes } from "../../src/whatif/policies/gocd_kubernetes.ts";
import { kedaStrategies } from "../../src/whatif/policies/keda.ts";
import type { Decision, Seen, SeenAgent } from "../../src/whatif/policies/policy.ts";
import { minute } from "../support/core.ts";
import { aJob, aTrace, replayPolicy } from "./support.ts";

function seen(waiting: number, phases: readonly SeenAgent["phase"][] = [], changes: Partial<Seen> = {}): Seen {
  return {
    nowMs: 60 * minute,
    waiting: Array.from({ length: waiting }, (_, index) => ({ index })),
    agents: phases.map((phase, index) => ({ id: `a${index}`, phase, sinceMs: 59 * minute })),
    max: 100,
    ...changes,
  };
}

Deno.test("the framework of 2015 launches one agent at every sixth poll with jobs", () => {
  const run = framework2015.start();
  const polls = Array.from({ length: 13 }, () => run(seen(10)).launch);
  assertEquals(polls, [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0]);
  // Ten jobs take two hours: each agent twelve minutes of polls, the last one included.
  assertEquals(framework2015.everyMs * 6, 12 * minute);
});

Deno.test("the framework of 2015 treats a server that does not respond like one without jobs", () => {
  const run = framework2015.start();
  for (let poll = 0; poll < 5; poll++) run(seen(1));
  run(seen(1, [], { waiting: undefined }));
  assertEquals(run(seen(1)).launch, 0);
});

Deno.test("GoCD requests one pod per job, ten at once, and another after two minutes for jobs without one", () => {
  const run = gocdKubernetes.start();
  assertEquals(run(seen(12, [], { nowMs: 0 })).launch, 10);
  const pods = Array.from({ length: 10 }, () => "booting" as const);
  assertEquals(run(seen(12, pods, { nowMs: 5_000 })).launch, 0);
  assertEquals(run(seen(2, [], { nowMs: 125_000, waiting: [{ index: 10 }, { index: 11 }] })).launch, 2);
});

Deno.test("GoCD kills a pod whose agent has not registered for ten minutes", () => {
  const agents: readonly SeenAgent[] = [
    { id: "old", phase: "booting", sinceMs: 49 * minute },
    { id: "new", phase: "booting", sinceMs: 55 * minute },
  ];
  assertEquals(gocdKubernetes.start()(seen(0, [], { agents })).end, ["old"]);
});

for (
  const [jobs, running, perInstance, want] of [
    [0, 0, 1, 0],
    [10, 0, 1, 10],
    [10, 2, 4, 3],
    [1, 0, 4, 1],
    [200, 50, 1, 100],
  ] as const
) {
  Deno.test(`buildkite-agent-scaler wants ${want} instances for ${jobs} scheduled and ${running} running jobs, ${perInstance} per instance`, () => {
    assertEquals(desiredCount(seen(jobs, Array.from({ length: running }, () => "building")), perInstance), want);
  });
}

Deno.test("buildkite-agent-scaler counts starting agents, and removes agents that were idle for ten minutes", () => {
  const run = buildkiteAgentScaler.start();
  assertEquals(run(seen(5, ["booting", "booting", "idle"])).launch, 2);
  const agents: readonly SeenAgent[] = [{ id: "i", phase: "idle", sinceMs: 49 * minute }];
  assertEquals(run(seen(0, [], { agents })), { launch: 0, end: ["i"] });
});

for (
  const [min, max, assigned, want] of [[0, 5, 3, 3], [2, 5, 0, 2], [2, 5, 2, 4], [2, 5, 10, 5], [5, 10, 3, 8]] as const
) {
  Deno.test(`actions-runner-controller wants ${want} runners with minRunners ${min}, maxRunners ${max} and ${assigned} assigned jobs`, () => {
    assertEquals(targetRunners({ min, max, assigned }), want);
  });
}

Deno.test("actions-runner-controller counts runners that never register as capacity", () => {
  const run = actionsRunnerController.start();
  assertEquals(run(seen(3, ["booting", "booting", "booting"])), { launch: 0, end: [] });
});

Deno.test("GitLab Runner keeps instances in use and the idle count, and removes instances that were idle for longer than idle_time", () => {
  assertEquals(requiredInstances(seen(3, ["building", "building"]), 5), 10);
  assertEquals(requiredInstances(seen(100, ["building"]), 5), 100);
  const agents: readonly SeenAgent[] = [
    { id: "19", phase: "idle", sinceMs: 41 * minute },
    { id: "20", phase: "idle", sinceMs: 40 * minute },
  ];
  assertEquals(gitlabRunner.start()(seen(0, [], { agents })).end, ["20"]);
});

for (
  const [strategy, counts, want] of [
    ["default", { maxScale: 5, running: 2, pending: 0, max: 10 }, 3],
    ["default", { maxScale: 3, running: 3, pending: 0, max: 10 }, 0],
    ["accurate", { maxScale: 3, running: 2, pending: 2, max: 10 }, 1],
    ["accurate", { maxScale: 8, running: 5, pending: 0, max: 10 }, 5],
  ] as const
) {
  Deno.test(`KEDA's strategy ${strategy} with ${JSON.stringify(counts)} creates ${want}`, () => {
    assertEquals(kedaStrategies[strategy](counts), want);
  });
}

Deno.test("every policy names its source and its omissions, and respects the agent limit of the settings", () => {
  const jobs = Array.from({ length: 60 }, () => aJob(0, { buildMs: 30 * minute }));
  for (const policy of policies) {
    assert(policy.source.length > 20 && policy.leavesOut.length > 20, policy.name);
    const { samples } = replayPolicy(aTrace(jobs), policy);
    const most = Math.max(...samples.map(({ starting, idle, building }) => starting + idle + building));
    assert(most > 0 && most <= 50, `${policy.name}: ${most}`);
  }
});

Deno.test("without a response of the server no policy launches or removes an agent", () => {
  for (const policy of policies) {
    const run = policy.start();
    const decision: Decision = run(seen(0, ["building", "booting"], { waiting: undefined }));
    assertEquals(decision, { launch: 0, end: [] }, policy.name);
  }
});

// What is reported about jobs that no profile serves, one problem for each thing that is missing, and of those that a
// limit holds back.

import { assert, assertEquals } from "@std/assert";
import { statusView } from "../../../src/core/view/status_view.ts";
import type { Finding } from "../../../src/core/event.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { drive, job } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

type Asked = readonly (readonly [count: number, gocdResources: readonly string[], environment?: string])[];

function unservedProblems(profiles: AgentProfile[], asked: Asked): readonly Finding[] {
  const world = drive({ profiles });
  const jobs = asked.flatMap(([count, gocdResources, environment], kind) =>
    Array.from(
      { length: count },
      (_, index) => job(`j${kind}-${index}`, { gocdResources, ...(environment === undefined ? {} : { environment }) }),
    )
  );
  world.poll({ jobs });
  return statusView(world.state, world.atMs).problems.filter(({ code }) => code === "jobs-unserved");
}

const linux = aProfile({ name: "linux", gocdResources: ["linux"], environments: [] });
const orLinux = "or add it to profiles.linux.resources if its image can build such jobs";

Deno.test("each missing resource is one problem with the number of its jobs, that of most jobs first", () => {
  const problems = unservedProblems([linux], [[11, ["res18"]], [20, ["linux", "res3"]], [3, ["res3", "Res18"]], [2, [
    "linux",
  ]]]);
  assertEquals(problems.map(({ message, hint }) => [message, hint]), [
    ["23 jobs are not served by any profile: no profile has resource res3", `add a profile with it, ${orLinux}`],
    ["14 jobs are not served by any profile: no profile has resource res18", `add a profile with it, ${orLinux}`],
  ]);
});

Deno.test("a resource that another profile has is not said to be nowhere", () => {
  const windows = aProfile({ name: "windows", gocdResources: ["windows"], environments: [] });
  assertEquals(
    unservedProblems([linux, windows], [[1, ["linux", "windows"]]]).map(({ message }) => message),
    ["1 job is not served by any profile: no profile has resource windows together with everything else that it needs"],
  );
});

Deno.test("environments are distinguished, too", () => {
  const problems = unservedProblems([linux], [[1, ["linux"], "qa"], [2, ["linux"], "prod"]]);
  assertEquals(problems.map(({ message }) => message.replace(/:.*serves/, ":").replace(/: add.*/, "")), [
    "2 jobs are not served by any profile: environment prod",
    "1 job is not served by any profile: environment qa",
  ]);
});

Deno.test("of many missing resources the ten of most jobs are reported one by one", () => {
  const problems = unservedProblems([linux], Array.from({ length: 13 }, (_, index) => [13 - index, [`r${index}`]]));
  assertEquals(problems.length, 11);
  assert(problems[0]?.message.startsWith("13 jobs"));
  assertEquals(
    problems[10]?.message,
    "jobs are not served by any profile for 3 other reasons, among them resources r10, r11, r12",
  );
});

Deno.test("without any profile there is one problem for all jobs alike", () => {
  assertEquals(unservedProblems([], [[2, []]]).map(({ message }) => message), [
    "2 jobs are not served by any profile: no profile is configured",
  ]);
});

Deno.test("each limit that holds jobs back is one problem with the number of its jobs", () => {
  const profiles = [
    aProfile({ name: "linux", gocdResources: ["linux"], environments: [], maxAgents: 1 }),
    aProfile({ name: "any", gocdResources: ["java", "go"], environments: [] }),
  ];
  const world = drive({ profiles, scaling: { maxAgents: 4 }, poller: { attempts: 1 } });
  const jobs = ([[5, "linux"], [4, "java"], [3, "go"]] as const).flatMap(([count, resource]) =>
    Array.from({ length: count }, (_, index) => job(`${resource}-${index}`, { gocdResources: [resource] }))
  );
  const problems = (): unknown[] =>
    statusView(world.state, world.atMs).problems.map(({ code, message, hint }) => [code, message, hint]);
  world.poll({ jobs });
  assertEquals(problems(), [], "the jobs have not waited for long enough");
  world.poll({ jobs });
  const hint = "raise the limit if the cluster has room, or wait until an agent is idle";
  assertEquals(problems(), [
    ["held-limit", "4 jobs are held back: limit reached: profiles.linux.max-agents = 1", hint],
    ["held-limit", "4 jobs are held back: limit reached: scaling.max-agents = 4", hint],
  ]);
});

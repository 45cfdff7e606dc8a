// What the picture shows of agents, instances, profiles and reports, word for word. Not here: when each text is used.

import { mesosSays } from "../instance_fixtures.ts";
import { assertEquals } from "@std/assert";
import { activityOf, activityWord } from "../../../src/core/life/activity.ts";
import { foldFindings } from "../../../src/core/view/findings.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { isInContact } from "../../../src/core/demand/hung_build.ts";
import type { AgentInstance, InstancePhase } from "../../../src/core/instance.ts";
import { uuidOf } from "../../../src/core/life/phase.ts";
import { gocdAgentView, statusView } from "../../../src/core/view/status_view.ts";
import { drive, gocdAgent, linux, minute, second, zeroMs } from "../../support/core.ts";

for (
  const [agentState, buildState, word, kind] of [
    ["Idle", "Idle", "idle", "idle"],
    ["Building", "Idle", "building", "building"],
    ["Idle", "Building", "building", "building"],
    ["LostContact", "Building", "building", "building"],
    ["Idle", "Cancelled", "building", "building"],
    ["Idle", "Unknown", "Unknown", "unsure"],
    ["LostContact", "Unknown", "LostContact", "unsure"],
    ["Missing", "Idle", "Missing", "unsure"],
    ["Hibernating", "Idle", "Hibernating", "unsure"],
  ] as const
) {
  Deno.test(`an agent that is ${agentState} with build state ${buildState} counts as ${word}`, () => {
    const record = gocdAgent("h", { agentState, buildState });
    assertEquals(activityWord(record), word);
    assertEquals(
      activityOf(record, undefined, 7),
      kind === "unsure" ? { kind, sinceMs: 7, word } : { kind, sinceMs: 7 },
    );
  });
}

Deno.test("an activity keeps its clock while it stays the same, and restarts it with another state", () => {
  const lost = gocdAgent("h", { agentState: "LostContact" });
  const gone = gocdAgent("h", { agentState: "Missing" });
  const since = activityOf(lost, undefined, 1);
  assertEquals(activityOf(lost, since, 2).sinceMs, 1);
  assertEquals(activityOf(gone, since, 2).sinceMs, 2);
  const idle = activityOf(gocdAgent("h"), since, 3);
  assertEquals([idle.sinceMs, activityOf(gocdAgent("h"), idle, 4).sinceMs], [3, 3]);
});

for (
  const [changes, isHeard] of [
    [{}, true],
    [{ configState: "Disabled" }, true],
    [{ agentState: "Missing" }, true],
    [{ agentState: "LostContact" }, false],
    [{ configState: "Pending" }, false],
    [{ configState: "Disabled", agentState: "LostContact" }, true],
  ] as const satisfies readonly (readonly [Partial<GocdAgent>, boolean])[]
) {
  Deno.test(`the server ${isHeard ? "has" : "has no"} contact with an agent of ${JSON.stringify(changes)}`, () => {
    assertEquals(isInContact(gocdAgent("h", changes)), isHeard);
  });
}

for (
  const [changes, state] of [
    [{}, "idle"],
    [{ elastic: true, agentState: "Building" }, "elastic"],
    [{ configState: "Pending", agentState: "Unknown" }, "pending"],
    [{ agentState: "Building", buildState: "Building" }, "building"],
    [{ configState: "Disabled", agentState: "Building" }, "building"],
    [{ configState: "Disabled" }, "disabled"],
    [{ configState: "Disabled", agentState: "LostContact" }, "disabled"],
    [{ configState: "Odd" }, "unknown"],
    [{ agentState: "LostContact" }, "lost"],
    [{ agentState: "Missing" }, "missing"],
    [{ agentState: "Odd" }, "unknown"],
  ] as const
) {
  Deno.test(`the picture counts an agent of ${JSON.stringify(changes)} as ${state}`, () => {
    const view = gocdAgentView(gocdAgent("h", changes as Partial<GocdAgent>), "task-1");
    assertEquals([view.state, view.taskId], [state, "task-1"]);
  });
}

Deno.test("the picture of a stranger has no task, and only environments that count", () => {
  const environments = [{ name: "prod", origin: "gocd" }, { name: "ghost", origin: "unknown" }] as const;
  const view = gocdAgentView(gocdAgent("h", { environments }));
  assertEquals(["taskId" in view, view.environments], [false, ["prod"]]);
});

/** The picture of one instance in a phase, a minute after it began. */
function pictured(phase: InstancePhase, changes: Partial<AgentInstance> = {}): Record<string, unknown> {
  const instance = {
    taskId: "t",
    profile: "default",
    profileHash: "00000000",
    gocdResources: ["linux"],
    createdMs: zeroMs,
    mesosAgentId: "a",
    host: "h",
    launchReason: "2 jobs wait",
    ...changes,
    ...phase,
  } as AgentInstance;
  const { state } = drive();
  const view = statusView({ ...state, instances: new Map([["t", instance]]) }, zeroMs + minute).instances[0];
  return { ...view };
}

const at = { sinceMs: zeroMs };
const drained = { ...at, state: "draining", uuid: "u", reason: "idle" } as const;
const pictures: readonly (readonly [string, string, InstancePhase, Partial<AgentInstance>?])[] = [
  ["launching", "accepted an offer, waiting for Mesos (2 jobs wait)", { ...at, state: "launching" }],
  ["starting", "pulling the image, starting the container", { ...at, state: "starting" }],
  [
    "starting",
    "container running, not yet registered",
    { ...at, state: "starting", runningSinceMs: zeroMs + 30 * second },
  ],
  ["starting", "Pending on the GoCD server, being enabled", { ...at, state: "starting", pendingUuid: "u" }],
  [
    "starting",
    "not registered in time, but may be an agent under another name: left running",
    { ...at, state: "starting", runningSinceMs: zeroMs, held: true },
  ],
  ["idle", "drained at 2023-11-14T22:23:20Z if still idle", {
    ...at,
    state: "registered",
    uuid: "u",
    activity: { kind: "idle", sinceMs: zeroMs + 5 },
  }],
  [
    "building",
    "to be replaced (profile-changed)",
    { ...at, state: "registered", uuid: "u", activity: { kind: "building", sinceMs: zeroMs + 5 } },
    { retire: "profile-changed" },
  ],
  [
    "building",
    "removed once idle, as requested by an operator",
    { ...at, state: "registered", uuid: "u", activity: { kind: "building", sinceMs: zeroMs + 5 } },
    { retire: "operator" },
  ],
  [
    "unsure",
    "LostContact: left alone; to be replaced (surplus)",
    { ...at, state: "registered", uuid: "u", activity: { kind: "unsure", word: "LostContact", sinceMs: zeroMs + 5 } },
    { retire: "surplus" },
  ],
  ["draining", "not needed: being disabled", { ...drained, step: { kind: "disabling", askedMs: 0 } }],
  ["draining", "operator: being disabled", {
    ...drained,
    reason: "operator",
    step: { kind: "disabling", askedMs: 0 },
  }],
  ["draining", "not needed: disabled, finishing its job", { ...drained, step: { kind: "finishing" } }],
  ["draining", "not needed: disabled, removed at 1970-01-01T00:00:20Z if still idle", {
    ...drained,
    step: { kind: "confirming", firstIdleMs: 0 },
  }],
  ["draining", "not needed: being deleted from the GoCD server", {
    ...drained,
    step: { kind: "deleting", askedMs: 0 },
  }],
  ["draining", "not needed: being enabled again", { ...drained, step: { kind: "enabling", askedMs: 0 } }],
  ["draining", "not needed: no longer listed by the GoCD server", { ...drained, step: { kind: "absent", sinceMs: 0 } }],
  ["killing", "drain-timeout", { ...at, state: "killing", cause: "drain-timeout" }],
  ["unreachable", "Mesos has lost contact with its host", { ...at, state: "unreachable" }],
  [
    "unreachable",
    "Mesos has lost it (unknown task), but the GoCD server still has contact with it",
    { ...at, state: "unreachable", uuid: "u", lost: { ...at, message: "unknown task" } },
  ],
  ["gone", "lost: unknown task", { ...at, state: "gone", cause: "lost", message: "unknown task" }],
];

for (const [state, detail, phase, changes] of pictures) {
  Deno.test(`the picture shows for ${phase.state}: "${detail}"`, () => {
    const view = pictured(phase, changes);
    assertEquals([view["state"], view["detail"]], [state, detail]);
    assertEquals(view["sinceMs"], phase.state === "registered" ? zeroMs + 5 : zeroMs);
    assertEquals([view["taskId"], view["host"], view["gocdResources"], view["createdMs"]], [
      "t",
      "h",
      ["linux"],
      zeroMs,
    ]);
  });
}

Deno.test("an instance is shown with the uuid of its phase", () => {
  assertEquals("uuid" in pictured({ ...at, state: "launching" }), false);
  assertEquals(pictured({ ...at, state: "starting", pendingUuid: "p" })["uuid"], "p");
  assertEquals(pictured({ ...at, state: "killing", cause: "drained", uuid: "k" })["uuid"], "k");
  assertEquals(pictured({ ...at, state: "killing", cause: "drained" }, { environment: "prod" })["environment"], "prod");
  assertEquals(uuidOf({ ...at, state: "launching" } as AgentInstance), undefined);
});

Deno.test("a profile of the picture counts its agents by what they do, and is blocked only while its pause lasts", () => {
  const phases: readonly InstancePhase[] = [
    { ...at, state: "launching" },
    { ...at, state: "starting" },
    { ...at, state: "starting" },
    { ...at, state: "registered", uuid: "1", activity: { kind: "idle", sinceMs: 0 } },
    { ...at, state: "registered", uuid: "2", activity: { kind: "building", sinceMs: 0 } },
    { ...at, state: "registered", uuid: "3", activity: { kind: "unsure", sinceMs: 0, word: "Missing" } },
    { ...drained, step: { kind: "finishing" } },
    { ...at, state: "killing", cause: "drained" },
    { ...at, state: "unreachable" },
    { ...at, state: "gone", cause: "lost", message: "" },
  ];
  const { state } = drive({ profiles: [linux, { ...linux, name: "other", maxAgents: 7 }] });
  const instances = new Map(phases.map((phase, index) => [
    `t${index}`,
    { taskId: `t${index}`, profile: "default", gocdResources: [], ...phase } as unknown as AgentInstance,
  ]));
  const controls = { ...state.controls, frozenProfiles: ["other"] };
  const blockedAt = (atMs: number, failures = 2): unknown[] => {
    const profiles = new Map([["default", {
      failures,
      sinceMs: 0,
      lastFailureMs: 0,
      retryMs: zeroMs + minute,
      lastFailure: mesosSays("no image"),
    }]]);
    const breakers = { profiles, hosts: new Map() };
    const view = statusView({ ...state, instances, controls, breakers }, atMs);
    return [view.profiles[0]?.blocked, view.problems.filter(({ code }) => code === "profile-failing").length];
  };
  const [own, other] = statusView({ ...state, instances, controls }, zeroMs).profiles;
  assertEquals([own?.alive, own?.starting, own?.idle, own?.building, own?.draining], [8, 3, 1, 1, 2]);
  assertEquals([own?.image, own?.frozen, own?.maxAgents], ["gocd/gocd-agent", false, undefined]);
  assertEquals([other?.alive, other?.starting, other?.frozen, other?.maxAgents], [0, 0, true, 7]);
  assertEquals(blockedAt(zeroMs + minute - 1), [
    "the last 2 launches failed (no image); next try at 2023-11-14T22:14:20Z",
    1,
  ]);
  assertEquals(blockedAt(zeroMs + minute), [undefined, 1]);
  assertEquals(blockedAt(zeroMs, 0), [undefined, 1]);
});

Deno.test("the picture is stale once no poll was good for longer than poller.stale-after", () => {
  const world = drive();
  const isStale = (afterMs: number): boolean => statusView(world.state, zeroMs + afterMs).gocd.stale;
  assertEquals([isStale(10 * minute), isStale(10 * minute + 1)], [false, true]);
  world.subscribe();
  world.wait(minute);
  world.poll();
  assertEquals([isStale(11 * minute), isStale(11 * minute + 1)], [false, true]);
});

Deno.test("reports of GoCD about single jobs are combined into one, the others are kept", () => {
  const report = (...locators: readonly string[]): Parameters<typeof foldFindings>[0][number] => ({
    code: "gocd-job-unassigned",
    message: "m",
    hint: "h",
    locators,
  });
  const disk = { code: "gocd-disk-full", message: "full", hint: "free some" };
  assertEquals(foldFindings([disk], []), [disk]);
  assertEquals(foldFindings([{ ...disk, locators: ["p/1/s/1/a"] }], []), [{ ...disk, locators: ["p/1/s/1/a"] }]);
  assertEquals(foldFindings([{ code: "gocd-job-unassigned", message: "m", hint: "h" }, disk], []), [disk]);
  const one = foldFindings([report("p/1/s/1/a"), disk, report("p/1/s/1/a")], []);
  assertEquals(one.map(({ code }) => code), ["gocd-disk-full", "gocd-job-unassigned"]);
  assertEquals(
    one[1]?.message,
    "GoCD itself reports one job without an agent for more than 5 min, e.g. p/1/s/1/a",
  );
  const two = foldFindings([report("p/1/s/1/b"), report("p/1/s/1/a")], []);
  assertEquals(
    two[0]?.message,
    "GoCD itself reports 2 jobs without an agent for more than 5 min, e.g. p/1/s/1/b",
  );
  assertEquals(two[0]?.locators, ["p/1/s/1/b", "p/1/s/1/a"]);
  const foreign = [{ job: { locator: "p/1/s/1/b" } }];
  assertEquals(foldFindings([report("p/1/s/1/b"), report("p/1/s/1/a")], foreign)[0]?.locators, ["p/1/s/1/a"]);
  assertEquals(foldFindings([report("p/1/s/1/b"), disk], foreign), [disk]);
});

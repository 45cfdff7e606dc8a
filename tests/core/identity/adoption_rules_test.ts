// Task ids that are not on record, function by function: which numbers are skipped, and what is known of an instance
// that is adopted. Stories: adoption_test.ts.

import { assertEquals } from "@std/assert";
import {
  adopt,
  adoptRecords,
  advanceLiving,
  isDuplicate,
  nameHosts,
  skipUsedTaskId,
  trackMesosAgent,
} from "../../../src/core/identity/adoption.ts";
import { Draft } from "../../../src/core/draft.ts";
import {
  adoptUnknown,
  beforeLaunch,
  fenceId,
  inheritedOf,
  isFence,
  isLearning,
  learnHostnames,
  withoutFramework,
} from "../../../src/core/identity/lineage.ts";
import type { AgentInstance, InstanceIn } from "../../../src/core/instance.ts";
import { startReconciliation } from "../../../src/core/session/reconciliation.ts";
import type { State } from "../../../src/core/state.ts";
import { building, finished, gocdAgent, offer, pending, second, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, gocdSuspicion, stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + 7;
const lineage = "abc123";

function drafted(
  nextTaskNumber: number,
  { instances = [] as AgentInstance[], parts = {} as Partial<State>, random = 0.5 } = {},
): Draft {
  return new Draft(stateOf(instances, { framework: { lineage, nextTaskNumber }, ...parts }), atMs, random);
}

for (
  const [what, taskId, next] of [
    ["behind the next", "gocd-abc123-default-4", 5],
    ["the next", "gocd-abc123-default-5", 6],
    ["ahead", "gocd-abc123-default-8", 9],
    ["of another lineage", "gocd-zzz999-default-8", 5],
    ["of no agent of ours", "web-8", 5],
    ["the last that may be ours", `gocd-abc123-default-${2 ** 49 - 1}`, 2 ** 49],
    ["so large that few numbers would be left", `gocd-abc123-default-${2 ** 50 - 4}`, 5],
    ["the last of all", `gocd-abc123-default-${2 ** 50 - 1}`, 5],
    ["beyond all", `gocd-abc123-default-${2 ** 50}`, 5],
  ] as const
) {
  Deno.test(`after a used number that is ${what}, the next one is ${next}`, () => {
    const draft = drafted(5);
    skipUsedTaskId(draft, taskId);
    assertEquals([draft.state.framework, finished(draft).records.length], [
      { lineage, nextTaskNumber: next },
      next === 5 ? 0 : 1,
    ]);
  });
}

Deno.test("a number ahead of ours is from a newer copy of this state, so the numbers jump once more; one behind means nothing", () => {
  const jumps = (taskId: string, inherited: State["inherited"]): State["inherited"] => {
    const draft = drafted(5, { parts: { inherited } });
    skipUsedTaskId(draft, taskId);
    return draft.state.inherited;
  };
  const [ahead, behind] = ["gocd-abc123-default-8", "gocd-abc123-default-4"];
  assertEquals([jumps(ahead, "none"), jumps(behind, "none")], ["known", "none"]);
  assertEquals(jumps(ahead, "unknown"), "unknown", "Mesos has yet to tell what there is");
});

Deno.test("the names of all agents that the GoCD server lists use up their numbers", () => {
  const draft = drafted(5);
  const names = ["GOCD-abc123-default-7.ci.example.com", "gocd-abc123-default-6", "build-server"];
  learnHostnames(draft, names.map((name) => gocdAgent(name)));
  assertEquals(draft.state.framework.nextTaskNumber, 8);
});

for (
  const [nextTaskNumber, random, inherited, want] of [
    [5, 0, "known", 6],
    [5, 0.5, "known", 50_000_006],
    [5, 0.5, "unknown", 50_000_006],
    [5, 0.999_999_999, "known", 100_000_005],
    [5, 0.5, "none", 5],
    [2 ** 50 - 2, 0, "known", 2 ** 50 - 1],
    [2 ** 50 - 1, 0, "known", 2 ** 50 - 1],
  ] as const
) {
  Deno.test(`the first launch after number ${nextTaskNumber}, with the random number ${random}, is ${want} if what is inherited is ${inherited}`, () => {
    const draft = drafted(nextTaskNumber, { parts: { inherited }, random });
    assertEquals(beforeLaunch(draft).nextTaskNumber, want);
    assertEquals(draft.state.inherited, "none", "it jumps once");
  });
}

Deno.test("a run must find out what it inherits if its state has launched or registered anything", () => {
  const used = (nextTaskNumber: number, frameworkId?: string): State["inherited"] =>
    inheritedOf({ lineage, nextTaskNumber, ...(frameworkId === undefined ? {} : { frameworkId }) });
  assertEquals([used(1), used(2), used(1, "f"), used(2, "f")], ["none", "known", "unknown", "unknown"]);
});

Deno.test("a state that loses its framework still counts as used, and keeps all else", () => {
  const left = (nextTaskNumber: number): unknown =>
    withoutFramework({ lineage, nextTaskNumber, frameworkId: "f", registersAnew: true });
  assertEquals(
    [1, 2, 3].map(left),
    [2, 2, 3].map((number) => ({
      lineage,
      nextTaskNumber: number,
      registersAnew: true,
    })),
  );
});

Deno.test("a status of the fence ends the wait for the known tasks, any other does not", () => {
  const after = (taskId: string, inherited: State["inherited"]): unknown => {
    const draft = drafted(5, { parts: { inherited } });
    return [isFence(draft, taskId), draft.state.inherited];
  };
  const fence = "gocd-abc123-fence-0";
  assertEquals(fenceId({ lineage }), fence);
  assertEquals([after(fence, "unknown"), after(fence, "none"), after(fence, "known")], [
    [true, "known"],
    [true, "none"],
    [true, "known"],
  ]);
  assertEquals(after("gocd-abc123-default-0", "unknown"), [false, "unknown"]);
});

Deno.test("the fence is requested with a Mesos agent that does not exist, after all known tasks", () => {
  const draft = drafted(5, { parts: { inherited: "unknown" } });
  startReconciliation(draft);
  assertEquals(finished(draft).effects, [
    { kind: "reconcile-tasks", tasks: [] },
    { kind: "reconcile-tasks", tasks: [{ taskId: "gocd-abc123-fence-0", mesosAgentId: "fence" }] },
  ]);
});

Deno.test("launching waits for a session, and for its known tasks for five seconds", () => {
  const waits = (inherited: State["inherited"], afterMs: number, isCut = false): boolean => {
    const { session } = stateOf([]);
    const now = isCut ? { ...session, kind: "connecting" as const } : session;
    return isLearning(stateOf([], { inherited, session: now }), session.sinceMs + afterMs);
  };
  assertEquals([waits("unknown", 5 * second - 1), waits("unknown", 5 * second)], [true, false]);
  assertEquals([waits("unknown", 9 * second, true), waits("known", 0), waits("none", 0, true)], [true, false, false]);
});

const record = gocdAgent("gocd-abc123-default-3", {
  ...building,
  gocdResources: ["x"],
  environments: [{ name: "Prod", origin: "gocd" }],
});
const unknownRecord: AgentInstance = {
  taskId: "gocd-abc123-default-3",
  profile: "default",
  profileHash: "00000000",
  gocdResources: ["x"],
  environment: "Prod",
  createdMs: atMs,
  mesosAgentId: "",
  host: "?",
  launchReason: "adopted: the GoCD server knew it, the store did not",
  adopted: true,
  state: "unreachable",
  sinceMs: atMs,
  uuid: "uuid-gocd-abc123-default-3",
  mayHoldBuild: true,
  lost: { sinceMs: atMs, message: "only the GoCD server knows it" },
};

Deno.test("an agent known only to the GoCD server has only its record, and its host is unknown", () => {
  const draft = drafted(5);
  assertEquals(adoptRecords(draft, [record]), [unknownRecord.taskId]);
  assertEquals(draft.instance(unknownRecord.taskId), unknownRecord);
  const { notes } = finished(draft);
  assertEquals(notes.map(({ code, fields }) => [code, fields["taskId"], fields["uuid"]]), [
    ["record-adopted", unknownRecord.taskId, unknownRecord.uuid],
  ]);
  const bare = drafted(5);
  adoptRecords(bare, [gocdAgent("gocd-abc123-old-3", { environments: [{ name: "x", origin: "unknown" }] })]);
  const { environment: _, ...rest } = unknownRecord;
  assertEquals(bare.instance("gocd-abc123-old-3"), {
    ...rest,
    taskId: "gocd-abc123-old-3",
    profile: "old",
    profileHash: "",
    retire: "profile-changed",
    gocdResources: ["linux"],
    uuid: "uuid-gocd-abc123-old-3",
  } as AgentInstance);
});

for (
  const [what, changes] of [
    ["is a plugin's", { elastic: true }],
    ["is Pending", pending],
    ["is of another lineage", { hostname: "gocd-zzz999-default-3" }],
    ["is not called as ours are", { hostname: "build-3" }],
    ["is on record", { hostname: "gocd-abc123-default-1" }],
  ] as const
) {
  Deno.test(`an agent that the GoCD server lists and that ${what} is not adopted, those behind it are`, () => {
    const draft = drafted(5, { instances: [aRegistered("gocd-abc123-default-1", "idle")] });
    assertEquals(adoptRecords(draft, [{ ...record, ...changes }, gocdAgent("gocd-abc123-default-4")]), [
      "gocd-abc123-default-4",
    ]);
  });
}

Deno.test("records are adopted in a session whose cluster has reported all tasks, from a server that is certainly ours", () => {
  const adopted = (parts: Partial<State>, agents = [record]): unknown => {
    const draft = drafted(5, { parts: { inherited: "known", ...parts } });
    const before = draft.state.reconciliation;
    adoptUnknown(draft, agents);
    const { pending, nextExplicitMs } = draft.state.reconciliation;
    return draft.state.reconciliation === before ? "none" : [[...pending], nextExplicitMs];
  };
  const { session, brake, reconciliation } = stateOf([]);
  assertEquals(adopted({}), [[unknownRecord.taskId], atMs]);
  const asked = { ...reconciliation, pending: new Set(["other"]) };
  assertEquals(adopted({ reconciliation: asked }), [["other", unknownRecord.taskId], atMs]);
  assertEquals([adopted({}, []), adopted({ inherited: "unknown" })], ["none", "none"]);
  assertEquals(adopted({ session: { ...session, kind: "connecting" } }), "none");
  assertEquals(adopted({ brake: { ...brake, gocd: gocdSuspicion } }), "none");
});

for (
  const [meaning, more] of [["starting", {}], ["running", { runningSinceMs: atMs }], ["killing", {}]] as const
) {
  Deno.test(`of a task of ours that is ${meaning} and not on record its id and its Mesos agent are known`, () => {
    const draft = drafted(5);
    const status = { taskId: "gocd-zzz999-default-7", state: "TASK_X", message: "", mesosAgentId: "s" };
    const want: AgentInstance = {
      taskId: "gocd-zzz999-default-7",
      profile: "default",
      profileHash: "00000000",
      gocdResources: [],
      createdMs: atMs,
      mesosAgentId: "s",
      host: "s",
      launchReason: "adopted: Mesos knew it, the store did not",
      adopted: true,
      state: "starting",
      sinceMs: atMs,
      ...more,
    };
    assertEquals([adopt(draft, status, meaning), draft.instance(want.taskId)], [want, want]);
    const { notes } = finished(draft);
    assertEquals(notes.map(({ code, fields }) => [code, fields["taskId"], fields["profile"]]), [
      ["agent-adopted", want.taskId, "default"],
    ]);
  });
}

Deno.test("a task of ours without a Mesos agent is reported as a foreign one", () => {
  const draft = drafted(5);
  const taskId = "gocd-zzz999-default-7";
  assertEquals(adopt(draft, { taskId, state: "TASK_RUNNING", message: "" }, "running"), undefined);
  const { notes, records } = finished(draft);
  assertEquals([records, notes.map(({ code, onceKey }) => [code, onceKey])], [[], [
    ["task-foreign", `${taskId} TASK_RUNNING`],
  ]]);
});

Deno.test("only TASK_ERROR with the message of Mesos shows that a task id is already in use", () => {
  const says = (state: string, message: string): boolean => isDuplicate({ taskId: "t", state, message });
  assertEquals([says("TASK_ERROR", "Task has duplicate ID: t"), says("TASK_ERROR", "Task has an invalid ID")], [
    true,
    false,
  ]);
  assertEquals(says("TASK_FAILED", "Task has duplicate ID: t"), false);
});

Deno.test("of a launch whose id is already in use only the id and the profile are known", () => {
  const launching = anInstance("t", { state: "launching" }, { bucketKey: "k" });
  const draft = drafted(5, { instances: [launching] });
  advanceLiving(draft, launching as InstanceIn<"launching">);
  const want = anInstance("t", { state: "starting", sinceMs: atMs }, {
    bucketKey: "k",
    gocdResources: [],
    createdMs: atMs,
    mesosAgentId: "",
    host: "?",
    launchReason: "adopted: its id is already in use",
    adopted: true,
  });
  assertEquals(draft.instance("t"), want);
  const { notes } = finished(draft);
  assertEquals(notes.map(({ code, fields }) => [code, fields["taskId"], fields["profile"]]), [
    ["task-id-lives", "t", "default"],
  ]);
});

for (
  const [what, knownAs, named, want] of [
    ["names the same one", "s-1", "s-1", ["s-1", "h-1"]],
    ["names none", "s-1", undefined, ["s-1", "h-1"]],
    ["names an empty one", "s-1", "", ["s-1", "h-1"]],
    ["names one whose host is not known", "s-1", "s-9", ["s-9", "h-1"]],
    ["names one whose host another instance tells", "s-1", "s-3", ["s-3", "h-3"]],
    ["names one, and none was known", "", "s-9", ["s-9", "s-9"]],
    ["names one that another instance tells, and none was known", "", "s-3", ["s-3", "h-3"]],
  ] as const
) {
  Deno.test(`an instance is where its update says, if that ${what}`, () => {
    const instance = anInstance("t", { state: "starting" }, { mesosAgentId: knownAs, host: "h-1" });
    const others = [2, 3].map((number) =>
      anInstance(`o${number}`, { state: "starting" }, { mesosAgentId: `s-${number}`, host: `h-${number}` })
    );
    const draft = drafted(5, { instances: [instance, ...others] });
    const status = {
      taskId: "t",
      state: "TASK_RUNNING",
      message: "",
      ...(named === undefined ? {} : { mesosAgentId: named }),
    };
    const after = trackMesosAgent(draft, instance, status);
    assertEquals([after.mesosAgentId, after.host], [...want]);
    assertEquals([draft.instance("t"), finished(draft).records.length], [after, after === instance ? 0 : 1]);
  });
}

Deno.test("an offer names the hosts of instances that are there, and changes no other", () => {
  const there = anInstance("t", { state: "starting" }, { mesosAgentId: "a-h1", host: "a-h1" });
  const other = anInstance("o", { state: "starting" });
  const named = anInstance("n", { state: "starting" }, { mesosAgentId: "a-h1", host: "h1" });
  const draft = drafted(5, { instances: [other, there, named] });
  nameHosts(draft, [offer("h1"), offer("h2")]);
  assertEquals(finished(draft).records, [{ kind: "instance", instance: { ...there, host: "h1" } }]);
});

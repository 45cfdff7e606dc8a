// When the brake is put on and released, at its limits, and its text. Stories: brake_test.ts.

import { assertEquals } from "@std/assert";
import {
  acceptLoss,
  countedSince,
  judgeGocdList,
  judgeLosses,
  knowCluster,
  launchBrake,
} from "../../../src/core/life/brake.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, InstancePhase } from "../../../src/core/instance.ts";
import { uuidOf } from "../../../src/core/life/phase.ts";
import type { State } from "../../../src/core/state.ts";
import { gocdAgent, linesOf, serverInfo, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, gocdSuspicion, mesosSuspicion, stateOf } from "../instance_fixtures.ts";

const ours = (count: number): AgentInstance[] =>
  Array.from({ length: count }, (_, index) => aRegistered(`t${index}`, "idle"));
const listed = (from: number, to: number): GocdAgent[] =>
  Array.from({ length: to - from }, (_, index) => gocdAgent(`t${from + index}`));
const braked: State["brake"] = { isSameCluster: false, gocd: gocdSuspicion };

/** What a list says of the server, and whether the brake is on then. */
function judged(
  instances: readonly AgentInstance[],
  agents: readonly GocdAgent[],
  before: readonly GocdAgent[] = [],
  parts: Partial<State> = {},
): string[] {
  const state = stateOf(instances, parts);
  const appearedMs = new Map(instances.map((each) => [uuidOf(each) ?? "", zeroMs]));
  const draft = new Draft({ ...state, server: { ...state.server, appearedMs, judged: before } }, zeroMs + 7, 0.5);
  judgeGocdList(draft, agents);
  assertEquals(draft.state.demand.isStale || linesOf(draft).length === 0, true, "the plan is made anew");
  const { gocd, releasedMs } = draft.state.brake;
  return [
    gocd === undefined ? "off" : "on",
    ...(releasedMs === undefined ? [] : [`released ${releasedMs - zeroMs}`]),
    ...linesOf(draft).map(({ text }) => text),
  ];
}

const olderServer = (): Partial<State> => {
  const { server } = stateOf([]);
  return { server: { ...server, info: { ...serverInfo, version: "25.1.0" }, newestVersion: "26.1.0" } };
};

Deno.test("more than half of our agents, and three at least, must vanish from a list for the brake", () => {
  const isOn = (count: number, left: number): boolean => judged(ours(count), listed(0, left))[0] === "on";
  assertEquals([isOn(6, 3), isOn(7, 3), isOn(6, 2)], [false, true, true]);
  assertEquals([isOn(2, 0), isOn(3, 0), isOn(4, 1), isOn(5, 3)], [false, true, true, false]);
});

Deno.test("a list that lacks all of ours is another server's, if no list of this run has shown any of them", () => {
  const isOn = (known: readonly string[], agents: readonly GocdAgent[], instances = ours(2)): boolean => {
    const state = stateOf(instances);
    const appearedMs = new Map(known.map((uuid) => [uuid, zeroMs]));
    const draft = new Draft({ ...state, server: { ...state.server, appearedMs } }, zeroMs + 7, 0.5);
    judgeGocdList(draft, agents);
    return draft.state.brake.gocd !== undefined;
  };
  const other = [gocdAgent("other")];
  assertEquals([isOn([], []), isOn([], other), isOn(["uuid-other"], other)], [true, true, true]);
  assertEquals([isOn(["uuid-t1"], []), isOn([], listed(1, 2)), isOn([], [], [])], [false, false, false]);
});

Deno.test("with a server whose version went back, the loss of the only agent is enough, half of several are not", () => {
  assertEquals(judged(ours(1), [], [], olderServer())[0], "on");
  assertEquals(judged(ours(2), listed(0, 1), [], olderServer())[0], "off");
  assertEquals(judged(ours(3), listed(0, 1), [], olderServer())[0], "on");
});

Deno.test("if others are listed in place of our only agent, the list is from another server", () => {
  const [one, stranger] = [listed(0, 1), listed(7, 9)];
  const isOn = (agents: readonly GocdAgent[], before = one, instances = ours(1)): boolean =>
    judged(instances, agents, before)[0] === "on";
  assertEquals([isOn(stranger), isOn([]), isOn([...one, ...stranger])], [true, false, false]);
  // One of the last list is left, or ours was not on it, or is not missing.
  assertEquals(isOn([...listed(1, 2), ...stranger], listed(0, 2)), false);
  assertEquals(isOn(stranger, []), false);
  assertEquals(isOn(stranger, one, []), false);
  const lost = one.map((each): GocdAgent => ({ ...each, agentState: "LostContact" }));
  assertEquals(isOn(stranger, lost), false);
});

Deno.test("a list without any record of the previous one, whoever owns them, is from another server, if there were three", () => {
  const strangers = (count: number, changes: Partial<GocdAgent> = {}): GocdAgent[] =>
    Array.from({ length: count }, (_, index) => gocdAgent(`s${index}`, changes));
  const isOn = (before: readonly GocdAgent[], agents: readonly GocdAgent[] = []): boolean =>
    judged(ours(1), agents, [gocdAgent("t0"), ...before])[0] === "on";
  assertEquals([isOn(strangers(1)), isOn(strangers(2)), isOn(strangers(2), strangers(1))], [false, true, false]);
  assertEquals([isOn(strangers(2, { elastic: true })), isOn(strangers(2, { configState: "Pending" }))], [false, false]);
  const leaving = anInstance("s0", { state: "gone", cause: "stopped", message: "", uuid: "uuid-s0" });
  assertEquals(judged([...ours(1), leaving], [], [gocdAgent("t0"), ...strangers(2)])[0], "off");
});

Deno.test("deleted records of dead agents are no evidence, nor is anything while one record remains", () => {
  const starting = anInstance("t0", { state: "starting" });
  const strangers = (agentState: string): GocdAgent[] =>
    ["a", "b", "c"].map((name) => gocdAgent(name, { agentState, buildState: "Unknown" }));
  const isOn = (before: readonly GocdAgent[], agents: readonly GocdAgent[]): boolean =>
    judged([starting], agents, before)[0] === "on";
  const other = [gocdAgent("other")];
  assertEquals(["Idle", "LostContact", "Missing"].map((state) => isOn(strangers(state), other)), [true, false, false]);
  const dead = gocdAgent("dead", { agentState: "LostContact" });
  assertEquals(isOn([...strangers("Idle"), dead], [dead, ...other]), false);
});

Deno.test("a brake because of others' records ends once an agent of ours is listed, or none can be alive unlisted", () => {
  const vanished = { gocd: { ...gocdSuspicion, vanished: ["a", "b", "c"] }, isSameCluster: false };
  const starting = anInstance("s", { state: "starting" });
  const unreachable = anInstance("u", { state: "unreachable" });
  const after = (instances: readonly AgentInstance[], agents: readonly GocdAgent[]): string | undefined =>
    judged(instances, agents, [], { brake: vanished })[0];
  const other = gocdAgent("other");
  assertEquals([after([starting], [other]), after([unreachable], [other]), after([], [other])], ["on", "on", "off"]);
  assertEquals(after([{ ...unreachable, lossAccepted: true }], [other]), "off");
  const dead = anInstance("d", { state: "gone", cause: "lost", message: "" });
  const ending = anInstance("k", { state: "killing", cause: "drained" });
  assertEquals(after([dead, ending], [other]), "off");
  assertEquals(after([starting], [{ ...other, uuid: "b" }]), "off");
  const lost = anInstance("l", { state: "unreachable", uuid: "uuid-l" });
  assertEquals(
    [after([lost], [other]), after([lost], [gocdAgent("l")])],
    ["on", "off"],
    "Mesos has lost it, GoCD lists it",
  );
  assertEquals([after([starting, ...ours(1)], [other, ...listed(0, 1)]), after([starting, ...ours(1)], [other])], [
    "off",
    "on",
  ]);
});

Deno.test("an agent whose record we may have deleted ourselves is not missed", () => {
  const drained = ["a", "b", "c"].map((taskId) =>
    anInstance(taskId, {
      state: "draining",
      uuid: `uuid-${taskId}`,
      reason: "idle",
      step: { kind: "finishing" },
    })
  );
  const asked = (instances: readonly AgentInstance[]): AgentInstance[] =>
    instances.map((each) => ({ ...each, isDeleteAsked: true }));
  assertEquals([judged(drained, [])[0], judged(asked(drained), [])[0]], ["on", "off"]);
  assertEquals([judged(ours(3), [])[0], judged(asked(ours(3)), [])[0]], ["on", "off"], "given back by Mesos since");
  const doubted = ["x", "y", "z"].map((taskId) => lost(taskId, { uuid: `uuid-${taskId}` }));
  assertEquals([
    judged([...ours(1), ...doubted], [])[0],
    judged([...ours(1), ...asked(doubted)], [])[0],
  ], ["on", "off"]);
  assertEquals(judged(ours(3).map((each) => ({ ...each, lossAccepted: true as const })), [])[0], "off");
});

Deno.test("agents lost by Mesos count only if the server lacks one that Mesos still has, and only with a record", () => {
  const doubted = ["x", "y", "z"].map((taskId) => lost(taskId, { uuid: `uuid-${taskId}` }));
  assertEquals([judged([...ours(1), ...doubted], listed(0, 1))[0], judged([...ours(1), ...doubted], [])[0]], [
    "off",
    "on",
  ]);
  const { uuid: _, ...without } = { uuid: undefined, ...lost("x") };
  assertEquals(judged([...ours(2), without as AgentInstance], [])[0], "off");
});

Deno.test("as long as the version of the server is not read it has not gone back", () => {
  const { server } = stateOf([]);
  assertEquals(judged(ours(1), [], [], { server: { ...server, newestVersion: "26.1.0" } })[0], "off");
  assertEquals(judged(ours(1), [], [], { server: { ...server, info: serverInfo } })[0], "off");
});

Deno.test("the brake reports how many of how many, what is held back, and its end", () => {
  const held = "nothing is launched, and nothing is taken down until they are back";
  assertEquals(judged(ours(4), listed(0, 1)), [
    "on",
    `the GoCD server no longer lists 3 of our 4 agents: it may be another server, or have an older database; ${held}`,
  ]);
  assertEquals(judged(ours(1), [], [], olderServer()), [
    "on",
    "the GoCD server no longer lists 1 of our 1 agent, and its version is older than before: it may be another server, or have an " +
    `older database; ${held}`,
  ]);
  const parts = { brake: braked };
  assertEquals(judged(ours(8), listed(0, 5), [], parts), ["on"]);
  assertEquals(judged(ours(8), listed(0, 6), [], parts), [
    "off",
    "released 7",
    "the GoCD server lists our agents again: operation resumes",
  ]);
});

const lost = (taskId: string, changes: object = {}): AgentInstance =>
  anInstance(taskId, { state: "unreachable", uuid: "u", lost: { sinceMs: zeroMs, message: "m" }, ...changes });

/** What losses say of Mesos: `lostCount` in doubt beside `knownCount` that it knows. */
function losses(lostCount: number, knownCount: number, brake: State["brake"] = { isSameCluster: true }): string[] {
  const doubted = Array.from({ length: lostCount }, (_, index) => lost(`d${index}`));
  const draft = new Draft(stateOf([...doubted, ...ours(knownCount)], { brake }), zeroMs + 7, 0.5);
  judgeLosses(draft);
  return [draft.state.brake.mesos === undefined ? "off" : "on", ...linesOf(draft).map(({ text }) => text)];
}

Deno.test("more than half of our agents, and three at least, must be lost to Mesos for the brake", () => {
  const isOn = (lostCount: number, known: number): boolean => losses(lostCount, known)[0] === "on";
  assertEquals([isOn(3, 2), isOn(3, 3), isOn(4, 3), isOn(2, 0), isOn(3, 0)], [true, false, true, false, true]);
});

Deno.test("in our cluster the brake of Mesos lets launches continue, in another it does not", () => {
  const text =
    "Mesos has lost 3 of our 4 agents, but the GoCD server still has contact with them: it may be another cluster, or its master " +
    "has lost its registry;";
  assertEquals(losses(3, 1)[1], `${text} nothing is taken down until they are back`);
  assertEquals(
    losses(3, 1, { isSameCluster: false })[1],
    `${text} nothing is launched, and nothing is taken down until they are back`,
  );
  const mesos = mesosSuspicion;
  const state = stateOf([]);
  assertEquals(launchBrake({ ...state, brake: { isSameCluster: true, mesos } }), undefined);
  assertEquals(launchBrake({ ...state, brake: { isSameCluster: false, mesos } }), mesos);
  assertEquals(launchBrake({ ...state, brake: { ...braked, isSameCluster: true } }), gocdSuspicion);
});

Deno.test("the brake of Mesos is released once no more than a quarter is missing", () => {
  const on = { isSameCluster: true, mesos: mesosSuspicion };
  assertEquals(losses(2, 5, on), ["on"]);
  assertEquals(losses(2, 6, on), [
    "off",
    "Mesos knows our agents again, or the GoCD server has lost them as well: operation resumes",
  ]);
  const draft = new Draft(stateOf([], { brake: { ...on, gocd: gocdSuspicion } }), zeroMs, 0.5);
  judgeLosses(draft);
  assertEquals(linesOf(draft).map(({ code, fields }) => [code, fields]), [["brake-off", { server: "mesos" }]]);
  assertEquals(draft.state.brake, { isSameCluster: true, gocd: gocdSuspicion, releasedMs: zeroMs });
});

for (
  const [name, instance, counts] of [
    ["lost by Mesos", lost("x"), true],
    ["unreachable only", anInstance("x", { state: "unreachable", uuid: "u" }), false],
    ["known to the GoCD server alone", { ...lost("x"), mesosAgentId: "" }, false],
    ["accepted as lost", { ...lost("x"), lossAccepted: true }, false],
  ] as const
) {
  Deno.test(`an agent that is ${name} ${counts ? "counts" : "does not count"} for the brake of Mesos`, () => {
    const draft = new Draft(stateOf([lost("a"), lost("b"), instance as AgentInstance]), zeroMs, 0.5);
    judgeLosses(draft);
    assertEquals(draft.state.brake.mesos !== undefined, counts);
  });
}

Deno.test("draining agents are known to Mesos, dead ones count for nothing", () => {
  const others = ["a", "b", "c"].map((taskId) =>
    anInstance(taskId, { state: "draining", uuid: "u", reason: "idle", step: { kind: "finishing" } })
  );
  const three = ["x", "y", "z"].map((taskId) => lost(taskId));
  const isOn = (instances: readonly AgentInstance[]): boolean => {
    const draft = new Draft(stateOf(instances), zeroMs, 0.5);
    judgeLosses(draft);
    return draft.state.brake.mesos !== undefined;
  };
  assertEquals([isOn([...three, ...others]), isOn([...three, ...others.slice(1)])], [false, true]);
  const gone = others.map(({ taskId }) => anInstance(taskId, { state: "gone", cause: "lost", message: "" }));
  assertEquals(isOn([...three, ...gone]), true);
});

Deno.test("the cluster is ours once a Mesos agent of ours is reported", () => {
  const known = (instances: readonly AgentInstance[], ...ids: readonly string[]): boolean => {
    const draft = new Draft(stateOf(instances, { brake: { isSameCluster: false } }), zeroMs, 0.5);
    knowCluster(draft, ids);
    return draft.state.brake.isSameCluster;
  };
  assertEquals([known(ours(2), "s-t1"), known(ours(2), "s-other"), known(ours(2))], [true, false, false]);
  assertEquals(known([{ ...lost("x"), mesosAgentId: "" }], ""), false);
});

Deno.test("what was seen under the brake proves nothing: an absence counts from its release", () => {
  const since = (releasedMs?: number): number =>
    countedSince(
      stateOf([], { brake: { isSameCluster: true, ...(releasedMs === undefined ? {} : { releasedMs }) } }),
      50,
    );
  assertEquals([since(), since(40), since(60)], [50, 50, 60]);
});

Deno.test("the operator accepts the loss of the agents that caused the brake, and is told how many", () => {
  const accepted = (
    instances: readonly AgentInstance[],
    brake: State["brake"],
    agents: readonly GocdAgent[] = [],
  ): unknown => {
    const { server } = stateOf([]);
    const draft = new Draft(stateOf(instances, { brake, server: { ...server, agents } }), zeroMs, 0.5);
    acceptLoss(draft);
    const marked = [...draft.state.instances.values()].filter((each) => each.lossAccepted === true).map(({ taskId }) =>
      taskId
    );
    assertEquals([draft.state.brake.gocd, draft.state.brake.mesos], [undefined, undefined]);
    return [marked.join(), ...linesOf(draft).map(({ text }) => text)];
  };
  const goOn = "is accepted: launching and draining resume";
  const mesos = { isSameCluster: true, mesos: mesosSuspicion };
  assertEquals(accepted(ours(2), braked), ["t0,t1", `the loss of 2 agents ${goOn}`]);
  assertEquals(accepted(ours(2), braked, listed(0, 1)), ["t1", `the loss of 1 agent ${goOn}`]);
  assertEquals(accepted([...ours(1), lost("x")], mesos), ["x", `the loss of 1 agent ${goOn}`]);
  assertEquals(accepted([...ours(1), lost("x")], { isSameCluster: true }), [
    "",
    "no agents are missing whose loss could be accepted",
  ]);
});

Deno.test("an agent whose loss was accepted and that is listed again may vanish once more", () => {
  const back = ours(2).map((each) => ({ ...each, lossAccepted: true as const }));
  const draft = new Draft(stateOf(back), zeroMs, 0.5);
  judgeGocdList(draft, listed(0, 1));
  assertEquals([...draft.state.instances.values()].map(({ lossAccepted }) => lossAccepted), [undefined, true]);
});

Deno.test("an accepted loss is forgotten for agents in service and in a drain, not for those that are gone", () => {
  const uuid = "uuid-t0";
  const left = (phase: Partial<InstancePhase> & Pick<InstancePhase, "state">): boolean | undefined => {
    const draft = new Draft(stateOf([anInstance("t0", phase, { lossAccepted: true })]), zeroMs, 0.5);
    judgeGocdList(draft, listed(0, 1));
    return draft.instance("t0")?.lossAccepted;
  };
  const step = { kind: "finishing" } as const;
  assertEquals([
    left({ state: "draining", uuid, reason: "idle", step }),
    left({ state: "killing", uuid, cause: "drained" }),
    left({ state: "gone", uuid, cause: "lost", message: "" }),
    left({ state: "unreachable", uuid }),
  ], [undefined, true, true, true]);
});

Deno.test("the plan is renewed when a loss is accepted, although no agent was lost", () => {
  const state = stateOf([], { brake: braked });
  const draft = new Draft({ ...state, demand: { ...state.demand, isStale: false } }, zeroMs, 0.5);
  acceptLoss(draft);
  assertEquals([draft.state.demand.isStale, draft.state.brake], [true, { isSameCluster: false }]);
});

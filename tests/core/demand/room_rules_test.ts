// Which agents make room for which jobs, with their numbers; and which agents may be one that has not registered under
// its name. Limits of the rules; stories are in room_test.ts and recognition_test.ts.

import { idleText } from "../../../src/core/words/causes.ts";
import { assertEquals } from "@std/assert";
import type { Assessment } from "../../../src/core/demand/assess.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { HeldBack } from "../../../src/core/demand/gates.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, InstancePhase, Registered } from "../../../src/core/instance.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import { agentByAddress, hasOwnAddress, isAdopted, possibleAgents } from "../../../src/core/identity/recognition.ts";
import { idleOfNoUse, makeRoom, shortageOf, spareLeaving } from "../../../src/core/demand/room.ts";
import type { State } from "../../../src/core/state.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import {
  building,
  gocdAgent,
  linux,
  lostContact,
  minute,
  missing,
  offer,
  pending,
  second,
  serverInfo,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, aRegistered, launchReason, stateOf } from "../instance_fixtures.ts";

const held = (byProfile: number, byFramework: number, profile = "default"): HeldBack => ({
  profile,
  byProfile,
  byFramework,
});
const draining = (step: (InstancePhase & { state: "draining" })["step"]["kind"], profile = "default"): AgentInstance =>
  anInstance(`${step}-${profile}`, {
    state: "draining",
    uuid: "u",
    reason: "idle",
    step: { kind: step, askedMs: 0, sinceMs: 0, firstIdleMs: 0 } as never,
  }, { profile });
const killing = anInstance("k", { state: "killing", cause: "drained" });

for (
  const [name, leaving, byProfile, any] of [
    ["nobody is leaving", [], [["default", 2]], 3],
    ["one of the profile is being confirmed", [draining("confirming")], [["default", 1]], 3],
    ["one of the profile is being disabled", [draining("disabling")], [["default", 1]], 3],
    ["one of the profile is being killed", [killing], [["default", 1]], 3],
    ["one of the profile finishes its job", [draining("finishing")], [["default", 2]], 3],
    ["one of the profile is being enabled again", [draining("enabling")], [["default", 2]], 3],
    ["one of another profile is leaving", [draining("confirming", "other")], [["default", 2]], 2],
    ["three of the profile are leaving", [draining("confirming"), draining("deleting"), killing], [], 2],
  ] as const
) {
  Deno.test(`if ${name}, this many slots are missing: ${JSON.stringify(byProfile)} and any ${any}`, () => {
    const shortage = shortageOf(stateOf(leaving), [held(2, 1), held(0, 2, "other")]);
    assertEquals([[...shortage.byProfile], shortage.any], [byProfile as never, any]);
  });
}

Deno.test("slots for several kinds of jobs are added up, and none is missing if more agents leave than are held back", () => {
  const shortage = shortageOf(stateOf([]), [held(1, 0), held(2, 0)]);
  assertEquals([[...shortage.byProfile], shortage.any], [[["default", 3]], 0]);
  assertEquals(shortageOf(stateOf([draining("confirming"), killing]), [held(0, 1)]).any, 0);
});

Deno.test("of the leaving agents, only as many are spare as no older job waits for", () => {
  const spare = (leaving: readonly AgentInstance[], ...all: readonly HeldBack[]): number =>
    spareLeaving(stateOf(leaving), all, "default");
  const two = [draining("confirming"), draining("deleting")];
  assertEquals([spare(two), spare(two, held(1, 0)), spare(two, held(2, 0)), spare(two, held(3, 0))], [2, 1, 0, 0]);
  assertEquals([spare(two, held(0, 1)), spare(two, held(1, 0, "other")), spare(two, held(1, 1))], [1, 1, 0]);
  assertEquals([spare([...two, draining("confirming", "other")]), spare([draining("confirming", "other")])], [2, 0]);
});

const idleSince = (taskId: string, sinceMs: number, changes: object = {}): AgentInstance =>
  anInstance(taskId, { state: "registered", uuid: `u-${taskId}`, activity: { kind: "idle", sinceMs } }, changes);
const capacity = (
  kind: "idle" | "coming",
  ...ids: readonly [string, ...string[]]
): Assessment["capacity"][number] => ({
  kind,
  count: ids.length,
  names: ["one-name", ...ids.slice(1).map(() => "one-name")],
  uuids: kind === "idle" ? ids.map((id) => `u-${id}`) : [],
  capability: { environments: new Set(), gocdResources: new Set() },
});

Deno.test("idle agents that no job needs are useless, the longest idle first, by the surplus of their class", () => {
  const instances = [
    idleSince("b", 2),
    idleSince("a", 1),
    idleSince("c", 3),
    aRegistered("busy", "building"),
    idleSince("going", 0, { retire: "surplus" }),
  ];
  const useless = (used: readonly number[], ...classes: Assessment["capacity"]): string[] =>
    idleOfNoUse(stateOf(instances), { buckets: [], capacity: classes, used }).map(({ taskId }) => taskId);
  const all = capacity("idle", "a", "b", "c", "going", "busy");
  assertEquals([useless([0], all), useless([3], all), useless([5], all)], [["a", "b", "c"], ["a", "b"], []]);
  assertEquals(useless([0, 1], capacity("idle", "a", "c"), capacity("idle", "b")), ["a", "c"]);
  assertEquals(useless([0], capacity("coming", "a", "b", "c")), []);
});

const going = (state: State, holds: readonly HeldBack[], idle: readonly AgentInstance[], atMs = zeroMs): string[] =>
  makeRoom(state, { held: holds, idle: idle as Registered[] }, atMs).map(({ instance, why }) =>
    `${instance.taskId}: ${idleText(why)}`
  );

Deno.test("as many agents are removed as are held back: of the profile at its own limit, of any at the overall limit", () => {
  const idle = [idleSince("a", 1), idleSince("b", 2, { profile: "gpu" }), idleSince("c", 3)];
  const state = stateOf(idle);
  const own = "others wait for its place (max-agents of profile gpu)";
  const any = "others wait for its place (scaling.max-agents)";
  assertEquals(going(state, [held(1, 0, "gpu")], idle), [`b: ${own}`]);
  assertEquals(going(state, [held(0, 2)], idle), [`a: ${any}`, `b: ${any}`]);
  assertEquals(going(state, [held(1, 1, "gpu")], idle), [`b: ${own}`, `a: ${any}`]);
  assertEquals([going(state, [], idle), going(state, [held(2, 0, "none")], idle)], [[], []]);
});

/** Who goes so that one agent of the profile finds room, when no offer has fitted for a while. */
function forRoom({ missAgoMs = 0, lastedMs = 20 * second, minIdle = 0, count = 1 } = {}): string[] {
  const profile = { ...linux, minIdle };
  const idle = [
    idleSince("a", 1, { mesosAgentId: "s" }),
    idleSince("b", 2, { mesosAgentId: "s" }),
    idleSince("c", 3, { mesosAgentId: "s" }),
  ];
  const state = stateOf(idle, {}, { profiles: [profile] });
  const big = { ...profile, name: "big", mesosResources: { ...linux.mesosResources, cpusMilli: 2_000 } };
  const atMs = zeroMs + minute;
  const miss = { atMs: atMs - missAgoMs, sinceMs: atMs - missAgoMs - lastedMs, miss: {} };
  return going(
    {
      ...state,
      settings: { ...state.settings, profiles: [profile, big] },
      offers: {
        ...state.offers,
        nearestMiss: new Map([["big", miss]]),
        roles: new Map([["ci", { suppressed: true, repeated: false }]]),
        hosts: new Map([["s", offer("h", { mesosAgentId: "s", cpus: 0, mem: 0 })]]),
      },
      demand: {
        ...state.demand,
        wanted: [{ bucketKey: "k", profile: "big", gocdResources: [], count, reason: launchReason }],
      },
    },
    [],
    idle,
    atMs,
  ).map((text) => text.split(":")[0] ?? "");
}

Deno.test("if no offer has fitted for twenty seconds, and up to two minutes ago, as few agents as possible are removed to make room", () => {
  assertEquals([forRoom(), forRoom({ lastedMs: 20 * second - 1 })], [["a", "b"], []]);
  assertEquals([forRoom({ missAgoMs: 2 * minute - 1 }), forRoom({ missAgoMs: 2 * minute })], [["a", "b"], []]);
  assertEquals([forRoom({ minIdle: 1 }), forRoom({ minIdle: 3 }), forRoom({ count: 2 })], [["a", "b"], [], ["a", "b"]]);
});

const launched = anInstance(
  "t",
  { state: "starting", runningSinceMs: zeroMs },
  { createdMs: zeroMs + second, network: "BRIDGE", addresses: ["10.0.0.1"] } as never,
);

const disabledElsewhere = { configState: "Disabled", ipAddress: "10.0.0.9" } as const;

/** Whether an agent on the list may be the instance `t`, a while after both appeared. */
function mayBe(
  changes: Partial<GocdAgent>,
  {
    instance = launched,
    appearedMs = zeroMs + 2 * second,
    idleForMs = 0,
    others = [] as AgentInstance[],
    hostname = "stranger",
    healthyForMs = 5 * minute,
  } = {},
): boolean {
  const atMs = zeroMs + 5 * minute;
  const agent = gocdAgent(hostname, { uuid: "x", ...changes });
  const state = stateOf([instance, ...others]);
  const server = {
    ...state.server,
    info: serverInfo,
    agents: [agent],
    appearedMs: new Map([["x", appearedMs]]),
    idleSinceMs: new Map(agent.configState === "Enabled" ? [["x", atMs - idleForMs] as const] : []),
    disabledIdleSinceMs: new Map(agent.configState === "Disabled" ? [["x", atMs - idleForMs] as const] : []),
    healthySinceMs: atMs - healthyForMs,
    lostSinceMs: new Map(agent.agentState === "LostContact" ? [["x", zeroMs] as const] : []),
    serving: watchedFrom(zeroMs),
    reading: { requestedMs: atMs, readMs: atMs, tookMs: [0] },
  };
  return possibleAgents(new Draft({ ...state, server }, atMs, 0.5), instance).length === 1;
}

for (
  const [name, isPossible] of [
    ["one of the same resources that came after the launch", () => mayBe({})],
    ["one without resources and environments", () => mayBe({ gocdResources: [] })],
    ["one of other resources", () => !mayBe({ gocdResources: ["arm"] })],
    ["one that was there before the launch", () => !mayBe({}, { appearedMs: zeroMs + second - 1 })],
    ["one that came with the launch", () => mayBe({}, { appearedMs: zeroMs + second })],
    ["a plugin's", () => !mayBe({ elastic: true })],
    ["a Pending one", () => !mayBe({ ...pending, gocdResources: ["linux"] })],
    ["one long out of contact", () => !mayBe(lostContact)],
    ["another task of ours by name", () => !mayBe({}, { hostname: "gocd-abc123-default-9" })],
    [
      "one that an instance is known by",
      () =>
        !mayBe({}, {
          others: [
            aRegistered("o", "idle"),
            anInstance("p", { state: "registered", uuid: "x", activity: { kind: "idle", sinceMs: 0 } }),
          ],
        }),
    ],
    ["a stranger kept from the launch", () => !mayBe({}, { instance: { ...launched, strangers: ["x"] } })],
    [
      "one at the container's address, however long idle",
      () => mayBe({ ipAddress: "10.0.0.1" }, { idleForMs: 4 * minute }),
    ],
    ["one elsewhere, idle for just under a minute", () => mayBe({ ipAddress: "10.0.0.9" }, { idleForMs: minute - 1 })],
    ["one elsewhere, idle for a minute", () => !mayBe({ ipAddress: "10.0.0.9" }, { idleForMs: minute })],
    ["one elsewhere that builds", () => mayBe({ ipAddress: "10.0.0.9", ...building })],
    [
      "a disabled one elsewhere, idle for just under a minute",
      () => mayBe(disabledElsewhere, { idleForMs: minute - 1 }),
    ],
    ["a disabled one elsewhere, idle for a minute", () => !mayBe(disabledElsewhere, { idleForMs: minute })],
    [
      "a disabled one elsewhere, idle for a minute with a failed read between",
      () => mayBe(disabledElsewhere, { idleForMs: minute, healthyForMs: second }),
    ],
    ["one whose address is not known", () => mayBe({ ipAddress: "" }, { idleForMs: 4 * minute })],
    [
      "one elsewhere, of a container in the host's network",
      () => mayBe({ ipAddress: "10.0.0.9" }, { instance: { ...launched, network: "HOST" }, idleForMs: 4 * minute }),
    ],
  ] as const
) {
  Deno.test(`whether it is the agent of a container that has not registered: ${name}`, () =>
    assertEquals(isPossible(), true));
}

const inNetwork = { ...launched, network: "USER" as const };

/** The agent that an address proves, after it has been there for so long. */
function proven(
  changes: Partial<GocdAgent>,
  {
    instance = inNetwork as AgentInstance,
    forMs = 10 * second,
    others = [] as AgentInstance[],
    more = [] as GocdAgent[],
    enabledMs = 0,
    servingMs = 0,
  } = {},
): boolean {
  const atMs = zeroMs + 7 * minute;
  const agent = gocdAgent("odd", { uuid: "x", ipAddress: "10.0.0.1", ...changes });
  const state = stateOf([instance, ...others]);
  const appearedMs = new Map([["x", atMs - forMs]]);
  const server = {
    ...state.server,
    info: serverInfo,
    agents: [agent, ...more],
    appearedMs,
    disabledSinceMs: new Map(agent.configState === "Disabled" ? [["x", atMs - forMs + enabledMs] as const] : []),
    serving: watchedFrom(zeroMs),
    reading: { requestedMs: zeroMs + servingMs, readMs: zeroMs + servingMs, tookMs: [0] },
  };
  return agentByAddress(new Draft({ ...state, server }, atMs, 0.5), instance, indexGocdAgents(server.agents)) !==
    undefined;
}

Deno.test("a separate address proves an agent after ten seconds, if everything else fits and no other shares it", () => {
  assertEquals([proven({}), proven({}, { forMs: 10 * second - 1 })], [true, false]);
  for (const network of ["BRIDGE", "HOST"] as const) {
    assertEquals(proven({}, { instance: { ...inNetwork, network } }), false);
  }
  assertEquals([
    proven({ ipAddress: "10.0.0.2" }),
    proven({ configState: "Disabled" }),
    proven({ gocdResources: ["linux", "arm"] }),
    proven(lostContact),
    proven(missing),
    proven({ ...pending, gocdResources: ["linux"] }),
  ], [false, false, false, false, false, false]);
  assertEquals(proven({ configState: "Disabled" }, { enabledMs: 1 }), true, "it was Enabled before");
  assertEquals(proven(building), true);
  assertEquals(proven({}, { more: [gocdAgent("twin", { ipAddress: "10.0.0.1" })] }), false);
  assertEquals(proven({}, { others: [{ ...inNetwork, taskId: "u" }] }), false);
  assertEquals(proven({}, { others: [{ ...inNetwork, taskId: "u", addresses: ["10.0.0.7"] }] }), true);
  assertEquals(proven({}, { others: [aRegistered("u", "idle", { addresses: ["10.0.0.1"] })] }), true);
  const gone = anInstance("u", { state: "gone", cause: "lost", message: "" }, { addresses: ["10.0.0.1"] });
  assertEquals(proven({}, { others: [gone], servingMs: 400 * second }), true);
  assertEquals(proven({}, { others: [gone], servingMs: 400 * second - 1 }), false, "its silence is not seen yet");
  assertEquals(
    proven({ configState: "Disabled" }, { others: [gone], enabledMs: 1, servingMs: 400 * second }),
    false,
    "its silence is never seen",
  );
  assertEquals([hasOwnAddress(inNetwork), hasOwnAddress(launched)], [true, false]);
});

Deno.test("an instance is adopted if its launch is not known", () => {
  const plain = anInstance("t", { state: "starting" });
  assertEquals([isAdopted(plain), isAdopted({ ...plain, adopted: true })], [false, true]);
});

// What may take jobs without a launch: each kind of agent and instance, and each clock at its boundary.

import { assertEquals } from "@std/assert";
import { capacityOf, isComing, isFree, isNewcomer } from "../../../src/core/demand/capacity.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, InstancePhase, Registered } from "../../../src/core/instance.ts";
import { building, gocdAgent, lostContact, minute, pending, second, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

for (
  const [name, changes, isCapacity] of [
    ["enabled and idle", {}, true],
    ["building", building, false],
    ["idle, and its last build is not over", { buildState: "Building" }, false],
    ["disabled", { configState: "Disabled" }, false],
    ["pending", pending, false],
    ["out of contact", lostContact, false],
    ["a plugin's", { elastic: true }, false],
  ] as const satisfies readonly (readonly [string, Partial<GocdAgent>, boolean])[]
) {
  Deno.test(`an agent that is ${name} is ${isCapacity ? "" : "no "}capacity`, () => {
    assertEquals(isFree(gocdAgent("h", changes)), isCapacity);
  });
}

const unsure = (word: string, changes: Partial<AgentInstance> = {}): AgentInstance =>
  anInstance("t", { state: "registered", uuid: "u", activity: { kind: "unsure", word, sinceMs: zeroMs } }, changes);
const amiss = (kind: "idle" | "building"): AgentInstance =>
  ({ ...aRegistered("t", kind), gap: { sinceMs: zeroMs } }) as AgentInstance;
const draining = (step: (InstancePhase & { state: "draining" })["step"]): AgentInstance =>
  anInstance("t", { state: "draining", uuid: "u", reason: "idle", step });

const comings: readonly (readonly [string, AgentInstance, number, boolean])[] = [
  ["launching", anInstance("t", { state: "launching" }), 0, true],
  ["launching, but held back", anInstance("t", { state: "launching", held: true }), 0, false],
  ["starting", anInstance("t", { state: "starting" }), 0, true],
  ["starting, but held back", anInstance("t", { state: "starting", held: true }), 0, false],
  ["starting, but retired", anInstance("t", { state: "starting" }, { retire: "operator" }), 0, false],
  [
    "starting from the settings of before",
    anInstance("t", { state: "starting" }, { retire: "profile-changed" }),
    0,
    true,
  ],
  [
    "adopted from settings that nobody knows",
    anInstance("t", { state: "starting" }, { retire: "profile-changed", profileHash: "" }),
    0,
    false,
  ],
  ["registered and idle, which the list shows by itself", aRegistered("t", "idle"), 0, false],
  ["building", aRegistered("t", "building"), 0, false],
  ["Unknown for just under a minute", unsure("Unknown"), minute - 1, true],
  ["Unknown for a minute", unsure("Unknown"), minute, false],
  ["Missing for just under five minutes", unsure("Missing"), 5 * minute - 1, true],
  ["Missing for five minutes", unsure("Missing"), 5 * minute, false],
  ["out of contact", unsure("LostContact"), 0, false],
  [
    "Missing since it registered, from the settings of before",
    unsure("Missing", { retire: "profile-changed" }),
    0,
    true,
  ],
  [
    "Missing long after it registered, from the settings of before",
    anInstance("t", {
      state: "registered",
      uuid: "u",
      activity: { kind: "unsure", word: "Missing", sinceMs: zeroMs + minute },
    }, { retire: "profile-changed" }),
    minute,
    false,
  ],
  ["registered amiss and idle", amiss("idle"), 0, true],
  ["registered amiss and building", amiss("building"), 0, false],
  [
    "being enabled again with a build of before",
    { ...draining({ kind: "enabling", askedMs: zeroMs }), mayHoldBuild: true },
    0,
    false,
  ],
  [
    "being enabled again for just under two minutes",
    draining({ kind: "enabling", askedMs: zeroMs }),
    2 * minute - 1,
    true,
  ],
  ["being enabled again for two minutes", draining({ kind: "enabling", askedMs: zeroMs }), 2 * minute, false],
  ["being disabled", draining({ kind: "disabling", askedMs: zeroMs }), 0, false],
  ["unreachable", anInstance("t", { state: "unreachable" }), 0, false],
  ["gone", anInstance("t", { state: "gone", cause: "lost", message: "" }), 0, false],
  ["killing", anInstance("t", { state: "killing", cause: "drained" }), 0, false],
];

for (const [name, instance, afterMs, wanted] of comings) {
  Deno.test(`an instance that is ${name} is ${wanted ? "" : "not "}coming`, () => {
    assertEquals(isComing(instance, zeroMs + afterMs), wanted);
  });
}

Deno.test("an instance is a newcomer if it became idle at most a minute after it registered", () => {
  const idleSince = (afterMs: number): Registered =>
    anInstance("t", {
      state: "registered",
      uuid: "u",
      activity: { kind: "idle", sinceMs: zeroMs + afterMs },
    }) as Registered;
  assertEquals([isNewcomer(idleSince(minute - 1)), isNewcomer(idleSince(minute))], [true, false]);
  assertEquals(isNewcomer(aRegistered("t", "building") as Registered), false);
});

/** The classes of capacity: kind, names, resources and since when the first one is idle. */
function classes(
  instances: readonly AgentInstance[],
  agents: readonly GocdAgent[],
  { begun = [] as string[], idleSinceMs = {} as Record<string, number> } = {},
): unknown[] {
  const { server, ...state } = stateOf(instances);
  const now = { ...server, agents, begun: new Set(begun), idleSinceMs: new Map(Object.entries(idleSinceMs)) };
  return capacityOf({ ...state, server: now }, "insensitive", zeroMs).map((each) => [
    each.kind,
    each.count,
    each.names.join(),
    [...each.capability.gocdResources].join(),
    ...(each.idleSinceMs === undefined ? [] : [each.idleSinceMs]),
  ]);
}

Deno.test("equal agents form one class, idle ones before coming ones, and its idle time is that of the longest idle", () => {
  const agents = [
    gocdAgent("a"),
    gocdAgent("b", { gocdResources: ["Linux"] }),
    gocdAgent("c", { gocdResources: ["arm"] }),
  ];
  const idleSinceMs = { "uuid-a": zeroMs - 5, "uuid-b": zeroMs - 7 * second };
  assertEquals(classes([anInstance("t", { state: "starting" })], agents, { idleSinceMs }), [
    ["idle", 2, "a,b", "linux", zeroMs - 7 * second],
    ["idle", 1, "c", "arm"],
    ["coming", 1, "t", "linux"],
  ]);
});

Deno.test("agents form a class of their own after half an hour of idleness; those that are coming do not", () => {
  const { server, ...state } = stateOf([anInstance("t", { state: "starting" })]);
  const idleSinceMs = new Map([["uuid-a", zeroMs - 30 * minute], ["uuid-b", zeroMs - 30 * minute + 1]]);
  const now = { ...server, agents: ["a", "b", "unknown"].map((name) => gocdAgent(name)), idleSinceMs };
  const all = capacityOf({ ...state, server: now }, "insensitive", zeroMs);
  assertEquals(all.map(({ names, uuids, isStale }) => [names, uuids, isStale]), [
    [["a"], ["uuid-a"], true],
    [["b", "unknown"], ["uuid-b", "uuid-unknown"], undefined],
    [["t"], [], undefined],
  ]);
});

Deno.test("one that has started to build since the poll counts for the job that it has taken", () => {
  const agents = [gocdAgent("a", building), gocdAgent("b", building)];
  assertEquals(classes([], agents, { begun: ["uuid-b"] }), [["idle", 1, "b", "linux"]]);
});

for (
  const [name, instance, isCapacity] of [
    ["is launching", anInstance("a", { state: "launching" }), true],
    ["is starting", anInstance("a", { state: "starting" }), true],
    ["has registered", aRegistered("a", "idle"), true],
    ["has registered amiss, and counts as coming", { ...amiss("idle"), taskId: "a" }, false],
    ["is to be retired", aRegistered("a", "idle", { retire: "maintenance" }), true],
    [
      "is draining",
      anInstance("a", { state: "draining", uuid: "uuid-a", reason: "idle", step: { kind: "finishing" } }),
      false,
    ],
    ["is being killed", anInstance("a", { state: "killing", cause: "drained", uuid: "uuid-a" }), false],
    ["is on a lost host", anInstance("a", { state: "unreachable", uuid: "uuid-a" }), false],
    ["is gone, known by its name alone", anInstance("a", { state: "gone", cause: "lost", message: "" }), false],
    [
      "is gone, known by its uuid alone",
      anInstance("x", { state: "gone", cause: "lost", message: "", uuid: "uuid-a" }),
      false,
    ],
  ] as const
) {
  Deno.test(`an idle record whose instance ${name} is ${isCapacity ? "" : "no "}capacity`, () => {
    const idle = classes([instance], [gocdAgent("a")]).filter((each) => Array.isArray(each) && each[0] === "idle");
    assertEquals(idle.length, isCapacity ? 1 : 0);
  });
}

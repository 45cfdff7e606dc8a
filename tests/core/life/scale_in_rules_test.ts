// Which agents are drained, depending on what is kept, awaited and limited, condition by condition. Others:
// scale_in_test.ts. Stories: drain_test.ts, demand/room_test.ts, demand/fair_share_test.ts.

import { assertEquals } from "@std/assert";
import type { Assessment } from "../../../src/core/demand/assess.ts";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import type { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance, RetireReason } from "../../../src/core/instance.ts";
import { giveRoom, retireAgents, scaleIn } from "../../../src/core/life/scale_in.ts";
import type { AgentProfile, ScalingSettings } from "../../../src/core/settings.ts";
import type { State } from "../../../src/core/state.ts";
import { job, linux, minute, second, serverInfo, someSettings, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, stateOf } from "../instance_fixtures.ts";

const nowMs = zeroMs + 90 * minute;
const timeoutMs = 10 * minute;

interface Given {
  readonly profiles?: readonly AgentProfile[];
  readonly waiting?: number;
  readonly parts?: Partial<State>;
  readonly scaling?: Partial<ScalingSettings>;
  readonly server?: Partial<State["server"]>;
  readonly atMs?: number;
}

function draftOf(instances: readonly AgentInstance[], given: Given = {}): Draft {
  const { profiles = [linux], waiting = 0, parts = {}, scaling = {}, server = {}, atMs = nowMs } = given;
  const settings = someSettings({ profiles, scaling });
  const { demand } = stateOf([]);
  const jobs = Array.from({ length: waiting }, (_, index) => job(`j${index}`));
  const backlog = bucketJobs(jobs, settings.poller, "insensitive");
  return draftAt(atMs, instances, server, { settings, demand: { ...demand, backlog }, ...parts });
}

/** Task ids and reasons of those that are drained. */
function drained({ state }: Draft): string[] {
  return [...state.instances.values()].flatMap((each) =>
    each.state === "draining" ? [`${each.taskId} ${each.reason}`] : []
  );
}

function retired(instances: readonly AgentInstance[], given: Given = {}): string[] {
  const draft = draftOf(instances, given);
  assertEquals(retireAgents(draft, "poll"), drained(draft).length);
  return drained(draft);
}

const idle = (taskId: string, forMs: number, changes: Partial<AgentInstance> = {}): AgentInstance =>
  ({ ...aRegistered(taskId, "idle"), activity: { kind: "idle", sinceMs: nowMs - forMs }, ...changes }) as AgentInstance;
const unsure = (word: string, changes: Partial<AgentInstance> = {}): AgentInstance =>
  ({
    ...aRegistered("t", "idle"),
    activity: { kind: "unsure", word, sinceMs: nowMs - 60 * minute },
    ...changes,
  }) as AgentInstance;

Deno.test("all agents with their last job are drained at once, of others fifty per poll", () => {
  const many = (retire: RetireReason): AgentInstance[] =>
    Array.from({ length: 52 }, (_, index) => aRegistered(`t${index}`, "building", { retire }));
  assertEquals((["max-jobs", "max-lifetime", "operator"] as const).map((each) => retired(many(each)).length), [
    52,
    50,
    50,
  ]);
});

Deno.test("an agent whose profile changed while it was starting takes the job that it was launched for, another surplus one does not", () => {
  const came = { createdMs: nowMs - minute, sinceMs: nowMs - second };
  const goes = (retire: RetireReason, waiting = 1, changes: Partial<AgentInstance> = {}): boolean =>
    retired([idle("t", second, { ...came, retire, ...changes })], {
      waiting,
      parts: { settingsSinceMs: nowMs - 30 * second },
    }).length > 0;
  assertEquals([goes("profile-changed"), goes("surplus"), goes("profile-changed", 0)], [false, true, true]);
  assertEquals(goes("profile-changed", 1, { sinceMs: nowMs - 30 * second }), true, "it came before the change");
  const registeredFor = (ms: number): number =>
    retired([idle("t", ms, { ...came, retire: "profile-changed", sinceMs: nowMs - ms })], {
      waiting: 1,
      parts: { settingsSinceMs: zeroMs },
    }).length;
  assertEquals([registeredFor(90 * second), registeredFor(90 * second - 1)], [1, 0]);
});

const aging = { ...linux, maxLifetimeMs: 60 * minute };

for (
  const [what, instance, given, goes] of [
    ["is idle and has had its last job", idle("t", 0, { retire: "max-jobs" }), { waiting: 1 }, true],
    ["is idle and has had its last job, and is to be kept", idle("t", 0, { retire: "max-jobs" }), {
      profiles: [{ ...aging, minIdle: 1 }],
    }, true],
    ["is disabled by somebody", unsure("Disabled", { retire: "max-lifetime" }), { profiles: [aging] }, true],
    ["is out of contact", unsure("LostContact", { retire: "max-lifetime" }), { profiles: [aging] }, false],
    ["is old, and its profile is gone", idle("t", 0, { retire: "max-lifetime", profile: "former" }), {}, true],
    ["is old, and a job has just come for it", idle("t", 90 * second - 1, { retire: "max-lifetime" }), {
      profiles: [aging],
      waiting: 1,
    }, false],
    ["is old, and left a job waiting", idle("t", 90 * second, { retire: "max-lifetime" }), {
      profiles: [aging],
      waiting: 1,
    }, true],
    ["is old, and is to be kept", idle("t", 0, { retire: "max-lifetime", createdMs: nowMs - 80 * minute + 1 }), {
      profiles: [{ ...aging, minIdle: 1 }],
    }, false],
    [
      "is old, and its replacement has not come",
      idle("t", 0, { retire: "max-lifetime", createdMs: nowMs - 80 * minute }),
      {
        profiles: [{ ...aging, minIdle: 1 }],
      },
      true,
    ],
  ] as const
) {
  Deno.test(`a worn agent that ${what} ${goes ? "leaves" : "stays"}`, () => {
    assertEquals(retired([instance], given).length, goes ? 1 : 0);
  });
}

Deno.test("what builds, or is not seen, is not a replacement of an old agent that is to be kept", () => {
  const old = idle("t", 0, { retire: "max-lifetime", createdMs: nowMs - 70 * minute });
  const beside = (other: AgentInstance): number =>
    retired([old, other], { profiles: [{ ...aging, minIdle: 1 }] }).length;
  assertEquals([beside(idle("o", 0)), beside(aRegistered("o", "building"))], [1, 0]);
  assertEquals(beside({ ...unsure("LostContact"), taskId: "o" } as AgentInstance), 0);
  assertEquals(beside(anInstance("o", { state: "starting" })), 0);
});

const nothing = { buckets: [] } as unknown as Assessment;

function scaled(instances: readonly AgentInstance[], given: Given = {}, begun = 0): string[] {
  const draft = draftOf(instances, given);
  scaleIn(draft, nothing, begun);
  return drained(draft);
}

Deno.test("no agent is drained for idleness within twenty seconds of failed reads: the server may have restarted", () => {
  const failedUntil = (toMs: number): Given => ({
    server: { serving: { sinceMs: zeroMs, gaps: [{ fromMs: toMs - second, toMs }] } },
  });
  const long = idle("t", timeoutMs + minute);
  assertEquals(scaled([long], failedUntil(nowMs - 20 * second + 1)), []);
  assertEquals(scaled([long], failedUntil(nowMs - 20 * second)), ["t idle"]);
  assertEquals(scaled([unsure("Disabled")], failedUntil(nowMs)), ["t surplus"]);
  const surplus = { ...idle("t", minute), sinceMs: nowMs, retire: "surplus" } as AgentInstance;
  const neverRead = { server: { serving: undefined } } as unknown as Given;
  assertEquals([retired([surplus], failedUntil(nowMs)), retired([surplus], neverRead)], [[], ["t surplus"]]);
  // One second of the gap does not count.
  const longer = (ms: number): string[] =>
    scaled([idle("t", timeoutMs + 2 * minute + second + ms)], failedUntil(nowMs));
  assertEquals([longer(-1), longer(0)], [[], ["t idle"]], "if reads fail again and again");
  assertEquals(roomed([idle("a", 10 * second)], 1, failedUntil(nowMs)), ["a idle"], "another comes in its place");
});

Deno.test("agents that leave for another reason, or whose profile is gone, are not drained for idleness", () => {
  const long = idle("t", timeoutMs);
  assertEquals(scaled([long]), ["t idle"]);
  assertEquals(scaled([idle("t", timeoutMs - 1)]), []);
  assertEquals([scaled([{ ...long, retire: "surplus" }]), scaled([{ ...long, profile: "former" }])], [[], []]);
  assertEquals([scaled([unsure("Disabled")]), scaled([unsure("Missing")])], [["t surplus"], []]);
});

Deno.test("an agent that someone has disabled is neither kept nor removed", () => {
  const fleet = [
    { ...unsure("Disabled"), taskId: "off" } as AgentInstance,
    idle("a", timeoutMs + 1),
    idle("b", timeoutMs),
  ];
  assertEquals(scaled(fleet, { profiles: [{ ...linux, minIdle: 1 }] }), ["off surplus", "a idle"]);
  const { demand } = stateOf([]);
  const settings = someSettings({ profiles: [{ ...linux, keepPeakForMs: 60 * minute }] });
  const peaks = (agents: number): Given => ({
    profiles: settings.profiles,
    parts: { demand: { ...demand, peaks: new Map([["default", [{ lastMs: nowMs, agents }]]]) } },
  });
  assertEquals([0, 1, 2, 3].map((agents) => scaled(fleet, peaks(agents))), [
    ["off surplus", "a idle", "b idle"],
    ["off surplus", "a idle"],
    ["off surplus"],
    ["off surplus"],
  ]);
});

Deno.test("drains that have started in the same poll count for the fifty", () => {
  const many = Array.from({ length: 3 }, (_, index) => idle(`t${index}`, timeoutMs + index));
  assertEquals([47, 48, 50, 51].map((begun) => scaled(many, {}, begun).length), [3, 2, 0, 0]);
});

/** Who goes so that others can come: two of a profile and `any` are held back. */
function roomed(instances: readonly AgentInstance[], held: number, given: Given = {}, begun = 0): string[] {
  const draft = draftOf(instances, given);
  const uuids = instances.flatMap((each) =>
    each.state === "registered" && each.activity.kind === "idle" ? [each.uuid] : []
  );
  const capacity = [{ kind: "idle", count: uuids.length, uuids }];
  const requirement = { environment: "prod", gocdResources: ["linux"] };
  const count = giveRoom(draft, {
    held: held === 0 ? [] : [{ profile: "default", byProfile: held, byFramework: 0, sharer: "other", requirement }],
    assessment: { capacity, used: [] },
    demand: draft.state.demand,
  } as never, begun);
  assertEquals(count, drained(draft).length);
  return drained(draft);
}

Deno.test("idle agents make room for those that are held back, within the fifty of a poll", () => {
  const three = ["a", "b", "c"].map((taskId, index) => idle(taskId, 10 * second - index));
  assertEquals([0, 1, 2, 4].map((held) => roomed(three, held).length), [0, 1, 2, 3]);
  assertEquals([47, 48, 49, 50, 51].map((begun) => roomed(three, 3, {}, begun).length), [3, 2, 1, 0, 0]);
});

Deno.test("no room is made while a build hangs, without a session, or in maintenance mode", () => {
  const one = [idle("a", second)];
  const hung = anInstance("x", { state: "gone", cause: "lost", message: "", uuid: "uuid-x" }, { mayHoldBuild: true });
  assertEquals([roomed(one, 1), roomed([...one, hung], 1)], [["a idle"], []]);
  const { session } = stateOf([]);
  assertEquals(roomed(one, 1, { parts: { session: { ...session, kind: "connecting" } } }), []);
  assertEquals(roomed(one, 1, { server: { info: { ...serverInfo, maintenance: "on" } } }), []);
});

Deno.test("agents that build give their place up for the share of others, within the fifty of a poll", () => {
  const scaling: Partial<ScalingSettings> = { fairShare: { by: "environment", weights: {} } };
  const fleet = ["a", "b", "c", "d", "e", "f"].map((taskId) => aRegistered(taskId, "building"));
  const all = roomed(fleet, 3, { scaling });
  assertEquals([all.length > 1, all.every((each) => each.endsWith(" fair-share"))], [true, true]);
  assertEquals([49, 50, 51].map((begun) => roomed(fleet, 3, { scaling }, begun).length), [1, 0, 0]);
  const mixed = [...fleet, idle("i", second)];
  assertEquals([48, 49].map((begun) => roomed(mixed, 3, { scaling }, begun).length), [2, 1]);
});

// How jobs are counted and which mark gives way to which, function by function. Stories: worn_test.ts.

import { assertEquals } from "@std/assert";
import type { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, RetireReason } from "../../../src/core/instance.ts";
import { retireAgents } from "../../../src/core/life/scale_in.ts";
import { isLastJobNear, isWear, retireWorn, wearOf } from "../../../src/core/life/worn.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { building, drive, gocdAgent, linux, minute, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt } from "../instance_fixtures.ts";

const nowMs = zeroMs + minute;
const shown = (locator?: string): GocdAgent =>
  gocdAgent("t", { ...building, uuid: "uuid-t", ...(locator === undefined ? {} : { buildLocator: locator }) });

/** After a list that shows these. */
function judged(
  profiles: readonly AgentProfile[],
  instances: readonly AgentInstance[],
  agents: readonly GocdAgent[] = [],
): Draft {
  const { state } = drive({ profiles });
  const draft = draftAt(nowMs, instances, {}, { settings: state.settings });
  retireWorn(draft, agents);
  return draft;
}

const since = (sinceMs: number, kind: "building" | "idle" = "building"): Partial<AgentInstance> =>
  ({ activity: { kind, sinceMs } }) as never;
const registered = (
  changes: Partial<AgentInstance>,
): AgentInstance => ({ ...aRegistered("t", "building"), ...changes } as AgentInstance);

for (
  const [name, instance, agents, built] of [
    ["a first job is told", registered(since(0)), [shown("a")], { jobs: 1, locator: "a" }],
    ["a first job is not told", registered(since(0)), [shown()], { jobs: 1 }],
    ["the same job is told again", registered({ ...since(0), built: { jobs: 1, locator: "a" } }), [shown("a")], {
      jobs: 1,
      locator: "a",
    }],
    ["another job is told", registered({ ...since(0), built: { jobs: 1, locator: "a" } }), [shown("b")], {
      jobs: 2,
      locator: "b",
    }],
    ["it goes on with what is not told", registered({ ...since(0), built: { jobs: 1 } }), [shown()], { jobs: 1 }],
    ["it has begun just now with what is not told", registered({ ...since(nowMs), built: { jobs: 1 } }), [shown()], {
      jobs: 2,
    }],
    ["it is idle since now", registered({ ...since(nowMs, "idle"), built: { jobs: 1 } }), [shown()], { jobs: 1 }],
    ["its record is not listed", registered(since(0)), [], undefined],
    ["it is shown idle", registered(since(0)), [gocdAgent("t", { uuid: "uuid-t", buildLocator: "a" })], undefined],
  ] as const
) {
  Deno.test(`jobs are counted if ${name}`, () => {
    const draft = judged([{ ...linux, maxJobs: 9 }], [instance], agents);
    assertEquals(draft.instance("t")?.built, built);
  });
}

Deno.test("what an agent builds is remembered for its workspace, too, and for nothing else", () => {
  const of = (changes: Partial<AgentProfile>): unknown =>
    judged([{ ...linux, ...changes }], [registered(since(0))], [shown("a")]).instance("t")?.built;
  assertEquals([of({ keepsWorkspaces: true }), of({ maxLifetimeMs: 9 * minute }), of({})], [
    { jobs: 1, locator: "a" },
    undefined,
    undefined,
  ]);
  const other = { ...linux, name: "other", maxJobs: 1 };
  assertEquals(judged([linux, other], [registered(since(0))], [shown("a")]).instance("t")?.built, undefined);
  assertEquals(
    judged([other, linux], [registered({ ...since(0), profile: "other" })], [shown("a")]).instance("t")?.retire,
    "max-jobs",
  );
});

Deno.test("nothing is stored if nothing has changed", () => {
  const profiles = [{ ...linux, maxJobs: 2, maxLifetimeMs: 60 * minute }];
  const instance = registered({ ...since(0), built: { jobs: 1, locator: "a" } });
  assertEquals(judged(profiles, [instance], [shown("a")]).finish().records, []);
  assertEquals(judged(profiles, [anInstance("t", { state: "starting" })], [shown("a")]).finish().records, []);
  assertEquals(judged(profiles, [registered({ profile: "gone" })], [shown("a")]).finish().records, []);
});

for (
  const [retire, byJobs, byAge] of [
    [undefined, "max-jobs", "max-lifetime"],
    ["profile-changed", "max-jobs", "max-lifetime"],
    ["surplus", "max-jobs", "max-lifetime"],
    ["max-lifetime", "max-jobs", "max-lifetime"],
    ["max-jobs", "max-jobs", "max-jobs"],
    ["maintenance", "maintenance", "maintenance"],
    ["operator", "operator", "operator"],
  ] as const
) {
  Deno.test(`an agent that is marked ${retire ?? "nothing"} is marked ${byJobs} by its jobs, ${byAge} by its age`, () => {
    const marked = retire === undefined ? {} : { retire };
    const mark = (changes: Partial<AgentProfile>): unknown =>
      judged([{ ...linux, ...changes }], [registered({ ...since(0), built: { jobs: 1 }, ...marked })]).instance("t")
        ?.retire;
    assertEquals([mark({ maxJobs: 1 }), mark({ maxLifetimeMs: minute })], [byJobs, byAge]);
  });
}

Deno.test("only max-jobs and max-lifetime are wear", () => {
  const all: readonly (RetireReason | "idle" | undefined)[] = [
    "maintenance",
    "operator",
    "profile-changed",
    "surplus",
    "max-jobs",
    "max-lifetime",
    "idle",
    undefined,
  ];
  assertEquals(all.filter(isWear), ["max-jobs", "max-lifetime"]);
});

Deno.test("no job is the last of an agent without max-jobs", () => {
  const { state } = drive({ profiles: [{ ...linux, keepsWorkspaces: true }] });
  const instance = aRegistered("t", "idle", { built: { jobs: 99 } });
  assertEquals(instance.state === "registered" && isLastJobNear(state, instance), false);
});

Deno.test("an idle agent that is old and of a former profile waits for no replacement, which a limit might never allow", () => {
  const profile = { ...linux, minIdle: 1, maxLifetimeMs: minute };
  const states = [linux.hash, "former"].map((profileHash) => {
    const { state } = drive({ profiles: [profile], scaling: { maxAgents: 1 } });
    const old = aRegistered("t", "idle", { retire: "max-lifetime", profileHash });
    const draft = draftAt(nowMs + 5 * minute, [old], {}, { settings: state.settings });
    retireAgents(draft, "poll");
    return draft.instance("t")?.state;
  });
  assertEquals(states, ["registered", "draining"]);
});

Deno.test("an agent that is marked because of its age is stored once", () => {
  const old = registered({ ...since(0), retire: "max-lifetime" });
  assertEquals(judged([{ ...linux, maxLifetimeMs: minute }], [old]).finish().records, []);
});

Deno.test("the lifetime of an agent is exact to the millisecond, and varies by the number of its task", () => {
  const isOld = (number: number, ageMs: number): boolean =>
    wearOf(drive({ profiles: [{ ...linux, maxLifetimeMs: 1_000_000 }] }).state, {
      ...aRegistered(`gocd-abc123-default-${number}`, "idle"),
      createdMs: nowMs - ageMs,
    }, nowMs) !== undefined;
  // 1 and 2 times the golden ratio, without the whole part, of a tenth.
  for (
    const [number, endMs] of [[0, 1_000_000], [1, 938_197], [2, 976_394], [12, 958_360], [
      1_000_000,
      1_000_000,
    ]] as const
  ) {
    assertEquals([isOld(number, endMs - 1), isOld(number, endMs)], [false, true], `${number}`);
  }
});

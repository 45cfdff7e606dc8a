// An agent that Mesos has lost but the GoCD server is in contact with: what is remembered of it, and what ends the
// doubt, limit by limit. Stories: doubt_test.ts.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, EndCause, Gone, InstanceMarks, Unreachable } from "../../../src/core/instance.ts";
import {
  advanceDoubt,
  doubtLoss,
  heardRecord,
  isHeardAgain,
  isProof,
  mayComeBack,
} from "../../../src/core/life/doubt.ts";
import { failuresByHost } from "../../../src/core/life/failure_window.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import type { State } from "../../../src/core/state.ts";
import { building, gocdAgent, jobs, lostContact, minute, missing, pending, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, gocdSuspicion, mesosSuspicion, stateOf } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;

Deno.test("only an update with a uuid, which a Mesos agent has created, proves an end", () => {
  const proves = (changes: { uuid?: string }): boolean =>
    isProof({ taskId: "t", state: "TASK_LOST", message: "", ...changes });
  assertEquals([proves({ uuid: "u" }), proves({ uuid: "" }), proves({})], [true, false, false]);
});

const idle = aRegistered("t", "idle");
const heard = (agents: readonly GocdAgent[], instance: AgentInstance = idle): string | undefined =>
  heardRecord(draftAt(nowMs, [instance], { agents }), instance)?.uuid;

for (
  const [what, agents, want] of [
    ["its own", [gocdAgent("t")], "uuid-t"],
    ["its own, renamed, behind another", [gocdAgent("x"), gocdAgent("renamed", { uuid: "uuid-t" })], "uuid-t"],
    ["another of its name, which builds", [gocdAgent("t", { ...building, uuid: "anew" })], "anew"],
    ["its own, disabled", [gocdAgent("t", { configState: "Disabled" })], "uuid-t"],
    ["its own, silent", [gocdAgent("t", lostContact)], undefined],
    ["its own, Missing", [gocdAgent("t", missing)], undefined],
    ["its own, silent, and another of its name", [gocdAgent("t", lostContact), gocdAgent("t", { uuid: "b" })], "b"],
    ["its own, Pending", [gocdAgent("t", { configState: "Pending" })], undefined],
    ["a plugin's", [gocdAgent("t", { elastic: true })], undefined],
    ["another's", [gocdAgent("x")], undefined],
    ["none", [], undefined],
  ] as const
) {
  Deno.test(`the GoCD server ${want === undefined ? "has no contact with" : "has contact with"} an agent that it lists ${what}`, () => {
    assertEquals(heard(agents), want);
  });
}

Deno.test("before any list, and if it may be another server, any registered agent may be in contact", () => {
  const waiting = anInstance("t", { state: "starting" });
  const known = (instance: AgentInstance, isRead: boolean, parts: Partial<State>): string | undefined => {
    const { state } = draftAt(nowMs, [instance], { agents: [] }, parts);
    const { reading: _, ...unread } = state.server;
    return heardRecord(new Draft({ ...state, server: isRead ? state.server : unread }, nowMs, 0.5), instance)?.uuid;
  };
  const brake = { isSameCluster: true, gocd: gocdSuspicion };
  assertEquals([known(idle, true, {}), known(idle, false, {}), known(idle, true, { brake })], [
    undefined,
    "uuid-t",
    "uuid-t",
  ]);
  assertEquals([known(waiting, false, {}), known(waiting, true, { brake })], [undefined, undefined]);
});

/** What a loss makes of an instance for whose bucket a job waits. */
function lost(instance: AgentInstance): { after: AgentInstance | undefined; draft: Draft; losses: unknown } {
  const { settings, demand } = stateOf([]);
  const backlog = bucketJobs(jobs(1), settings.poller, "insensitive");
  const draft = draftAt(nowMs, [instance], { appearedMs: new Map([["u", zeroMs], ["uuid-t", zeroMs]]) }, {
    demand: { ...demand, backlog },
  });
  doubtLoss(draft, instance, "u", "m");
  const losses = Object.fromEntries(
    [...failuresByHost(draft.state, nowMs)].map(([host, { recentFailures }]) => [host, recentFailures]),
  );
  return { after: draft.instance("t"), draft, losses };
}

const bucketKey = ";linux";

Deno.test("an agent that Mesos has lost is in doubt from now on, is reconciled, and counts as lost with its host", () => {
  const { after, draft, losses } = lost({ ...idle, bucketKey });
  const doubt = { state: "unreachable", sinceMs: nowMs, uuid: "u", lost: { sinceMs: nowMs, message: "m" } } as const;
  assertEquals(after, anInstance("t", doubt, { bucketKey, formerUuids: ["uuid-t"] }));
  assertEquals(losses, { "h-t": { "lost-host": 1 } });
  assertEquals([...draft.state.reconciliation.pending], ["t"]);
  assertEquals(draft.state.demand.streaks.get(bucketKey), 1);
  assertEquals(draft.finish().notes, [{ kind: "agent-doubted", taskId: "t", host: "h-t", message: "m" }]);
});

Deno.test("one that was unreachable before is so since then, and was counted", () => {
  const { after, losses } = lost(anInstance("t", { state: "unreachable", sinceMs: zeroMs + 5, uuid: "u" }));
  const doubt = {
    state: "unreachable",
    sinceMs: zeroMs + 5,
    uuid: "u",
    lost: { sinceMs: nowMs, message: "m" },
  } as const;
  assertEquals([after, losses], [anInstance("t", doubt), {}]);
});

Deno.test("an agent in doubt is reconciled again, and nothing else happens", () => {
  const doubted = anInstance("t", { state: "unreachable", uuid: "u", lost: { sinceMs: zeroMs, message: "before" } });
  const { after, draft, losses } = lost({ ...doubted, bucketKey });
  assertEquals([after, losses, draft.state.demand.streaks.size], [{ ...doubted, bucketKey }, {}, 0]);
  const { records, notes, state } = draft.finish();
  assertEquals([records, notes, [...state.reconciliation.pending]], [[], [], ["t"]]);
});

Deno.test("the third of three that Mesos loses puts the brake on", () => {
  const [a, b, c] = ["a", "b", "c"].map((taskId) => aRegistered(taskId, "building"));
  if (a === undefined || b === undefined || c === undefined) throw new Error("three");
  const agents = ["a", "b", "c"].map((name) => gocdAgent(name));
  const draft = draftAt(nowMs, [a, b, c], { agents });
  const isOn = [a, b, c].map((instance) => {
    doubtLoss(draft, instance, `uuid-${instance.taskId}`, "m");
    return draft.state.brake.mesos !== undefined;
  });
  assertEquals(isOn, [false, false, true]);
});

const quarter = 15 * minute;

for (
  const [what, cause, marks, agoMs, want] of [
    ["was called lost without proof", "lost", { isUnproven: true }, quarter - 1, [true, true]],
    ["was called lost without proof a quarter of an hour ago", "lost", { isUnproven: true }, quarter, [false, false]],
    ["was called lost without proof and is accepted as lost", "lost", { isUnproven: true, lossAccepted: true }, 0, [
      false,
      false,
    ]],
    ["was seen to end", "lost", {}, 0, [false, false]],
    ["was dropped", "dropped", {}, quarter - 1, [true, false]],
    ["was dropped a quarter of an hour ago", "dropped", {}, quarter, [false, false]],
    ["was dropped and is accepted as lost", "dropped", { lossAccepted: true }, 0, [false, false]],
    ["has exited", "exited", {}, 0, [false, false]],
  ] as const
) {
  Deno.test(`a dead agent that ${what} ${want[0] ? "is" : "is not"} in doubt again if it is in contact`, () => {
    const { isUnproven, ...others } = { isUnproven: undefined, ...marks };
    const gone = anInstance("t", {
      state: "gone",
      sinceMs: nowMs - agoMs,
      cause: cause as EndCause,
      message: "",
      ...(isUnproven === undefined ? {} : { isUnproven }),
    }, others as Partial<InstanceMarks>) as Gone;
    const draft = draftAt(nowMs, [gone]);
    assertEquals([isHeardAgain(draft, gone, gocdAgent("t")), mayComeBack(draft, gone)], [...want]);
    assertEquals(isHeardAgain(draft, gone, gocdAgent("t", lostContact)), false);
  });
}

Deno.test("a loss that an earlier run saw counts from the start of this one", () => {
  const gone = anInstance("t", {
    state: "gone",
    sinceMs: zeroMs - 60 * minute,
    cause: "lost",
    message: "",
    isUnproven: true,
  });
  const may = (afterMs: number): boolean => mayComeBack(draftAt(zeroMs + afterMs, [gone]), gone as Gone);
  assertEquals([may(quarter - 1), may(quarter)], [true, false]);
});

const doubted = (
  sinceMs: number,
  marks: Partial<InstanceMarks> = {},
  uuid: string | undefined = "uuid-t",
): Unreachable =>
  anInstance("t", {
    state: "unreachable",
    sinceMs,
    ...(uuid === "" ? {} : { uuid }),
    lost: { sinceMs, message: "m" },
  }, marks) as Unreachable;

interface Doubt {
  readonly instance?: Unreachable;
  readonly agents?: readonly GocdAgent[];
  readonly server?: Partial<State["server"]>;
  readonly parts?: Partial<State>;
}

/** `open`, or how the doubt has ended. */
function judged({ instance = doubted(nowMs - minute), agents = [], server = {}, parts = {} }: Doubt): string {
  const draft = draftAt(nowMs, [instance], { agents, ...server }, parts);
  advanceDoubt(draft, instance, indexGocdAgents(agents));
  const after = draft.instance("t");
  const { notes } = draft.finish();
  if (after === instance) {
    assertEquals(notes, []);
    return "open";
  }
  assertEquals(notes, [{ kind: "agent-lost", taskId: "t", host: "h-t", message: "m" }]);
  if (after?.state !== "gone") return after?.state ?? "none";
  assertEquals([after.cause, after.message], ["lost", "m"]);
  return after.isUnproven === true ? "lost, unproven" : "lost";
}

const own = gocdAgent("t");
const lostSince = (forMs: number): Partial<State["server"]> => ({ lostSinceMs: new Map([["uuid-t", nowMs - forMs]]) });
const doubts: readonly (readonly [what: string, given: Doubt, want: string])[] = [
  ["is heard", { agents: [own] }, "open"],
  ["is heard under another name", { agents: [gocdAgent("x", { uuid: "uuid-t" })] }, "open"],
  ["is heard under its name alone", {
    instance: doubted(nowMs - minute, {}, ""),
    agents: [gocdAgent("t", { uuid: "anew" })],
  }, "open"],
  ["is heard under a second record", { agents: [gocdAgent("t", lostContact), gocdAgent("t", { uuid: "b" })] }, "open"],
  ["is not listed", {}, "lost, unproven"],
  [
    "has no record, and others are heard",
    { instance: doubted(nowMs - minute, {}, ""), agents: [gocdAgent("x")] },
    "lost, unproven",
  ],
  ["is silent", { agents: [gocdAgent("t", lostContact)] }, "lost, unproven"],
  ["is Pending", { agents: [gocdAgent("t", pending)] }, "lost, unproven"],
  ["is Missing", { agents: [gocdAgent("t", missing)], server: lostSince(5 * minute - 1) }, "open"],
  ["has been Missing for five minutes", {
    agents: [gocdAgent("t", missing)],
    server: lostSince(5 * minute),
  }, "lost, unproven"],
  [
    "has been lost for less than a quarter of an hour",
    { instance: doubted(nowMs - quarter + 1), agents: [own] },
    "open",
  ],
  ["has been lost for a quarter of an hour", { instance: doubted(nowMs - quarter), agents: [own] }, "lost"],
  ["has been lost for a quarter of an hour, under the brake", {
    instance: doubted(nowMs - quarter),
    agents: [own],
    parts: { brake: { isSameCluster: true, mesos: mesosSuspicion } },
  }, "open"],
  ["is accepted as lost", { instance: doubted(nowMs - minute, { lossAccepted: true }), agents: [own] }, "lost"],
  ["may be on another server", { parts: { brake: { isSameCluster: true, gocd: gocdSuspicion } } }, "open"],
  ["was lost in an earlier run", {
    instance: doubted(zeroMs - minute),
    agents: [own],
    parts: { watched: watchedFrom(nowMs - quarter + 1) },
  }, "open"],
  ["was lost a quarter of an hour of this run ago", {
    instance: doubted(zeroMs - minute),
    agents: [own],
    parts: { watched: watchedFrom(nowMs - quarter) },
  }, "lost"],
  ["was lost an hour ago, of which this program was suspended for nearly all", {
    instance: doubted(nowMs - 60 * minute),
    agents: [own],
    parts: {
      watched: { sinceMs: nowMs - 120 * minute, gaps: [{ fromMs: nowMs - 50 * minute, toMs: nowMs - 5 * minute + 1 }] },
    },
  }, "open"],
];
for (const [what, given, want] of doubts) {
  Deno.test(`an agent in doubt that ${what} is ${want} after a list`, () => assertEquals(judged(given), want));
}

Deno.test("an unreachable agent is not in doubt, and the jobs of a lost one wait no second time", () => {
  const unreachable = anInstance("t", { state: "unreachable", uuid: "uuid-t" }) as Unreachable;
  assertEquals(judged({ instance: unreachable }), "open");
  const { settings, demand } = stateOf([]);
  const backlog = bucketJobs(jobs(1), settings.poller, "insensitive");
  const instance = doubted(nowMs - minute, {});
  const draft = draftAt(nowMs, [{ ...instance, bucketKey }], {}, { demand: { ...demand, backlog } });
  advanceDoubt(draft, { ...instance, bucketKey }, indexGocdAgents([]));
  assertEquals(draft.state.demand.streaks.get(bucketKey), 1);
});

// The steps of a drain, by what one list shows, and what takes it back: condition by condition. Stories: drain_test.ts,
// drain_clocks_test.ts, drain_timeout_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { Draining, DrainStep, InstanceMarks, InstancePhase } from "../../../src/core/instance.ts";
import { advanceDrain, deleteRefused, reuse } from "../../../src/core/life/drain.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import type { State } from "../../../src/core/state.ts";
import {
  building,
  gocdAgent,
  lostContact,
  minute,
  missing,
  pending,
  problem,
  second,
  serverInfo,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, draftAt, gocdSuspicion, mesosSuspicion } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;

type Drain = Partial<InstancePhase & { readonly state: "draining" }>;

function drained(step: DrainStep, phase: Drain = {}, marks: Partial<InstanceMarks> = {}): Draining {
  const known = { state: "draining", uuid: "uuid-t", reason: "idle", step } as const;
  return anInstance("t", { ...known, ...phase }, marks) as Draining;
}

interface Look {
  readonly marks?: Partial<InstanceMarks>;
  readonly shown?: Partial<GocdAgent> | undefined;
  readonly isListed?: boolean;
  readonly server?: Partial<State["server"]>;
  readonly parts?: Partial<State>;
}

/** What the instance does after a list: its step or its state, and what has left. */
function after(instance: Draining, { shown = {}, isListed = true, server = {}, parts = {} }: Look): string {
  const draft = draftAt(nowMs, [instance], server, parts);
  advanceDrain(draft, instance, isListed ? gocdAgent("t", shown) : undefined);
  const now = draft.instance("t");
  const { records, effects } = draft.finish();
  const did = now?.state === "draining" ? now.step.kind : now?.state === "killing" ? now.cause : now?.state;
  return [did, ...(records.length === 0 ? ["as before"] : []), ...effects.map(({ kind }) => kind)].join(", ");
}

const off = { configState: "Disabled" } as const;
const disabling: DrainStep = { kind: "disabling", askedMs: nowMs - 30 * second };
const finishing: DrainStep = { kind: "finishing" };
const absent: DrainStep = { kind: "absent", sinceMs: nowMs - minute };
const confirming: DrainStep = { kind: "confirming", firstIdleMs: nowMs - 20 * second };
const deleting: DrainStep = { kind: "deleting", askedMs: nowMs - second, sinceMs: nowMs - minute };
const done = { isDeleteAsked: true, isDeleted: true } as const;
const justUnlisted: Look = {
  isListed: false,
  server: { unlisted: new Map([["uuid-t", { gocdAgent: gocdAgent("t", off), sinceMs: nowMs - 10 * minute + 1 }]]) },
};
const enabling: DrainStep = { kind: "enabling", askedMs: nowMs - second };
const idleSince = (ms: number): Partial<State["server"]> => ({
  disabledIdleSinceMs: new Map([["uuid-t", nowMs - ms]]),
  healthySinceMs: zeroMs,
});
const lostFor = (ms: number): Partial<State["server"]> => ({
  lostSinceMs: new Map([["uuid-t", nowMs - ms]]),
  healthySinceMs: zeroMs,
});

const looks: readonly (readonly [what: string, step: DrainStep, look: Look, want: string])[] = [
  ["an idle agent is seen disabled", disabling, { shown: off }, "confirming"],
  ["an agent that builds is seen disabled", disabling, { shown: { ...off, ...building } }, "finishing"],
  ["an agent still builds", finishing, { shown: { ...off, ...building } }, "finishing, as before"],
  ["an agent has finished", finishing, { shown: off }, "confirming"],
  ["a record is back", absent, { shown: off }, "confirming"],
  ["a record is back and builds", absent, { shown: { ...off, ...building } }, "finishing"],
  [
    "it has been idle for long enough",
    confirming,
    { shown: off, server: idleSince(20 * second) },
    "deleting, delete-gocd-agents",
  ],
  [
    "it has been idle for less",
    confirming,
    { shown: off, server: idleSince(20 * second - 1) },
    "confirming, as before",
  ],
  ["it was first seen idle less long ago", { kind: "confirming", firstIdleMs: nowMs - 20 * second + 1 }, {
    shown: off,
    server: idleSince(minute),
  }, "confirming, as before"],
  [
    "nobody knows since when it is idle",
    confirming,
    { shown: off, server: { healthySinceMs: zeroMs } },
    "confirming, as before",
  ],
  ["it builds after all", confirming, { shown: { ...off, ...building } }, "finishing"],
  ["it builds while it is to be deleted", deleting, { shown: { ...off, ...building } }, "finishing"],
  [
    "it has been silent for a minute",
    finishing,
    { shown: { ...off, ...lostContact }, server: lostFor(minute) },
    "confirming",
  ],
  [
    "it has been silent for less",
    finishing,
    { shown: { ...off, ...lostContact }, server: lostFor(minute - 1) },
    "finishing, as before",
  ],
  [
    "it has been Missing for five minutes",
    finishing,
    { shown: { ...off, ...missing }, server: lostFor(5 * minute) },
    "confirming",
  ],
  [
    "it has been Missing for less",
    finishing,
    { shown: { ...off, ...missing }, server: lostFor(5 * minute - 1) },
    "finishing, as before",
  ],
  ["it is silent, and its build is shown", finishing, {
    shown: { ...off, agentState: "LostContact", buildState: "Building" },
    server: lostFor(9 * minute),
  }, "finishing, as before"],
  [
    "silence has lasted for two looks",
    confirming,
    { shown: { ...off, ...lostContact }, server: lostFor(minute) },
    "deleting, delete-gocd-agents",
  ],
  ["its record is Pending", confirming, { shown: pending }, "absent"],
  ["its record is Pending and builds", confirming, { shown: { ...pending, ...building } }, "confirming, as before"],
  ["its record is not listed", confirming, { isListed: false }, "absent"],
  ["its record is still not listed", absent, { isListed: false }, "absent, as before"],
  ["its record has not been listed for ten minutes", { kind: "absent", sinceMs: nowMs - 10 * minute }, {
    isListed: false,
  }, "record-deleted, kill-task"],
  ["its record has not been listed for less", { kind: "absent", sinceMs: nowMs - 10 * minute + 1 }, {
    isListed: false,
  }, "absent, as before"],
  ["its record has not been listed since a brake was released", { kind: "absent", sinceMs: nowMs - 10 * minute }, {
    isListed: false,
    parts: { brake: { isSameCluster: true, releasedMs: nowMs - minute } },
  }, "absent, as before"],
  ["its record is gone after the DELETE", deleting, { isListed: false, marks: done }, "drained, kill-task"],
  ["its record is Pending in the first minutes of a run, thus deleted", deleting, {
    shown: pending,
    server: { serving: watchedFrom(nowMs - minute) },
  }, "drained, kill-task"],
  ["a list lacks its record without a response", deleting, justUnlisted, "deleting, as before"],
  [
    "lists lack its record without a response to the DELETE of an older version",
    { kind: "deleting", askedMs: nowMs - 30 * second },
    justUnlisted,
    "deleting, delete-gocd-agents",
  ],
  [
    "lists have lacked its record for thirty seconds without a response",
    { ...deleting, askedMs: nowMs - 30 * second },
    justUnlisted,
    "deleting, delete-gocd-agents",
  ],
  ["no list has shown its record in this run of twenty minutes", deleting, {
    isListed: false,
  }, "record-deleted, kill-task"],
  ["no list has shown its record since a brake was released", deleting, {
    isListed: false,
    parts: { brake: { isSameCluster: true, releasedMs: nowMs - minute } },
  }, "deleting, as before"],
  ["a list from before the DELETE lacks its record", deleting, {
    isListed: false,
    marks: done,
    server: { reading: { requestedMs: nowMs - second - 1, readMs: nowMs, tookMs: [0] } },
  }, "deleting, as before"],
  ["a list from the moment of the DELETE lacks its record", deleting, {
    isListed: false,
    marks: done,
    server: { reading: { requestedMs: nowMs - second, readMs: nowMs, tookMs: [0] } },
  }, "drained, kill-task"],
  ["an old list lacks its record", { kind: "deleting", askedMs: nowMs - minute }, {
    isListed: false,
    marks: done,
    server: { reading: { requestedMs: nowMs - 3_001, readMs: nowMs, tookMs: [0] } },
  }, "deleting, as before"],
  ["an old list has lacked its record for long", { kind: "absent", sinceMs: nowMs - 19 * minute }, {
    isListed: false,
    server: { reading: { requestedMs: nowMs - 3_001, readMs: nowMs, tookMs: [0] } },
  }, "absent, as before"],
  [
    "the DELETE has had no effect for thirty seconds",
    { ...deleting, askedMs: nowMs - 30 * second },
    { shown: off },
    "deleting, delete-gocd-agents",
  ],
  [
    "the DELETE has had no effect for less",
    { ...deleting, askedMs: nowMs - 30 * second + 1 },
    { shown: off },
    "deleting, as before",
  ],
  [
    "the DELETE has had no effect for five minutes",
    { ...deleting, sinceMs: nowMs - 5 * minute },
    { shown: off },
    "drained, kill-task",
  ],
  [
    "the DELETE has had no effect for a little less",
    { ...deleting, sinceMs: nowMs - 5 * minute + 1 },
    { shown: off },
    "deleting, as before",
  ],
  [
    "a DELETE of an older version has had no effect for five minutes",
    {
      kind: "deleting",
      askedMs: nowMs - 5 * minute,
    },
    { shown: off },
    "drained, kill-task",
  ],
  ["the DELETE has had no effect, by an old list", { ...deleting, sinceMs: nowMs - 6 * minute }, {
    shown: off,
    server: { reading: { requestedMs: nowMs - 3_001, readMs: nowMs, tookMs: [0] } },
  }, "deleting, as before"],
  ["the DISABLE has had no effect for thirty seconds", disabling, {}, "disabling, disable-gocd-agents"],
  [
    "the DISABLE has had no effect for less",
    { kind: "disabling", askedMs: nowMs - 30 * second + 1 },
    {},
    "disabling, as before",
  ],
  ["somebody has enabled it", finishing, {}, "registered"],
  ["somebody has enabled it while it is absent", absent, {}, "registered"],
  ["it is enabled again", enabling, {}, "registered"],
  [
    "it is not enabled yet",
    enabling,
    { shown: off, server: { lastRequestMs: new Map([["uuid-t", nowMs - second]]) } },
    "enabling, as before",
  ],
  [
    "it is not enabled after thirty seconds",
    { kind: "enabling", askedMs: nowMs - 30 * second },
    { shown: off },
    "enabling, as before, enable-gocd-agent",
  ],
  ["it is not enabled for two minutes", { kind: "enabling", askedMs: nowMs - 2 * minute }, { shown: off }, "finishing"],
  [
    "it is not enabled for less",
    { kind: "enabling", askedMs: nowMs - 2 * minute + 1 },
    { shown: off },
    "enabling, as before, enable-gocd-agent",
  ],
  ["it is in a state that nobody knows", confirming, { shown: { configState: "Archived" } }, "confirming, as before"],
  ["the server is in maintenance mode", finishing, {
    shown: off,
    server: { info: { ...serverInfo, maintenance: "on" } },
  }, "finishing, as before"],
  ["it may be another server", finishing, {
    shown: off,
    parts: { brake: { isSameCluster: true, gocd: gocdSuspicion } },
  }, "finishing, as before"],
  ["it may be another cluster", finishing, {
    shown: off,
    parts: { brake: { isSameCluster: true, mesos: mesosSuspicion } },
  }, "finishing, as before"],
];
for (const [what, step, look, want] of looks) {
  Deno.test(`a drain that is ${step.kind} results in "${want}" if ${what}`, () => {
    assertEquals(after(drained(step, {}, look.marks), look), want);
  });
}

Deno.test("a drain continues before it is known whether the server is in maintenance mode", () => {
  const instance = drained(disabling);
  const { state } = draftAt(nowMs, [instance]);
  const { info: _, ...server } = state.server;
  const draft = new Draft({ ...state, server }, nowMs, 0.5);
  advanceDrain(draft, instance, gocdAgent("t", off));
  assertEquals(draft.instance("t"), { ...instance, step: { kind: "confirming", firstIdleMs: nowMs } });
});

Deno.test("an agent that must be removed is not kept when someone enables it", () => {
  const draining: Partial<State> = { controls: { frozen: false, frozenProfiles: [], mode: "drain" } };
  assertEquals(after(drained(finishing, {}, { retire: "surplus" }), {}), "disabling, disable-gocd-agents");
  assertEquals(after(drained(finishing), { parts: draining }), "disabling, disable-gocd-agents");
  assertEquals(after(drained(deleting, {}, { retire: "surplus" }), {}), "disabling, disable-gocd-agents");
});

Deno.test("each step is stored with its times", () => {
  const put = (instance: Draining, shown: Partial<GocdAgent> | undefined, server = {}): unknown => {
    const draft = draftAt(nowMs, [instance], server);
    advanceDrain(draft, instance, shown === undefined ? undefined : gocdAgent("t", shown));
    return draft.instance("t");
  };
  assertEquals(put(drained(confirming), off, idleSince(minute)), {
    ...drained({ kind: "deleting", askedMs: nowMs, sinceMs: nowMs }),
    isDeleteAsked: true,
  });
  assertEquals(put(drained({ ...deleting, askedMs: nowMs - minute }), off), {
    ...drained({ kind: "deleting", askedMs: nowMs, sinceMs: nowMs - minute }),
    isDeleteAsked: true,
  });
  assertEquals(put(drained(confirming), undefined), drained({ kind: "absent", sinceMs: nowMs }));
  assertEquals(put(drained({ kind: "enabling", askedMs: zeroMs }), off), {
    ...drained(finishing),
    retire: "surplus",
  });
});

Deno.test("the request to enable an agent is repeated every thirty seconds", () => {
  const instance = drained({ kind: "enabling", askedMs: nowMs - 40 * second });
  const draft = draftAt(nowMs, [instance]);
  for (let look = 0; look < 2; look++) advanceDrain(draft, instance, gocdAgent("t", off));
  assertEquals(draft.finish().effects, [{ kind: "enable-gocd-agent", taskId: "t", uuid: "uuid-t" }]);
});

Deno.test("an agent that someone enables is reported as kept, and what it does", () => {
  const instance = drained(finishing);
  const draft = draftAt(nowMs, [instance]);
  advanceDrain(draft, instance, gocdAgent("t", building));
  assertEquals(draft.instance("t"), {
    ...anInstance("t", { state: "registered", uuid: "uuid-t", activity: { kind: "building", sinceMs: nowMs } }),
    sinceMs: nowMs,
  });
  assertEquals(draft.finish().notes, [{ kind: "drain-undone", taskId: "t", profile: "default" }]);
});

Deno.test("a KILL after a drain says whether the record is gone, and what keeps the server from deleting it", () => {
  const why = (step: DrainStep, isListed: boolean, server: Partial<State["server"]> = {}): readonly unknown[] => {
    const draft = draftAt(nowMs, [drained(step, {}, done)], server);
    advanceDrain(draft, drained(step, {}, done), isListed ? gocdAgent("t", off) : undefined);
    return draft.finish().notes.map((note) =>
      note.kind === "agent-killing"
        ? note.why
        : note.kind === "gocd-record-left"
        ? [note.forMs, note.problem]
        : note.kind
    );
  };
  const stuck: DrainStep = { kind: "deleting", askedMs: nowMs, sinceMs: nowMs - 5 * minute };
  const refusal = problem({ kind: "refused", code: "gocd-forbidden" });
  const writeFailure = { kind: "delete", problem: refusal, sinceMs: nowMs - minute, lastMs: nowMs } as const;
  assertEquals(why(deleting, false), [{ kind: "drained", isDeleted: true }]);
  assertEquals(why(absent, false), []);
  assertEquals(why(stuck, true), [{ kind: "drained", isDeleted: false }, [5 * minute, undefined]]);
  assertEquals(why(stuck, true, { writeFailure }), [{ kind: "drained", isDeleted: false }, [5 * minute, refusal]]);
  assertEquals(why({ kind: "absent", sinceMs: nowMs - 10 * minute }, false), [{ kind: "record-deleted" }]);
  const draft = draftAt(nowMs, [drained(stuck)]);
  advanceDrain(draft, drained(stuck), gocdAgent("t", off));
  const left = draft.finish().notes.find(({ kind }) => kind === "gocd-record-left");
  assertEquals(left !== undefined && "problem" in left, false);
});

Deno.test("an agent that is used again is enabled, and the request is remembered and reported", () => {
  const instance = drained(confirming);
  const draft = draftAt(nowMs, [instance], { disabledSinceMs: new Map([["uuid-t", zeroMs]]) });
  reuse(draft, instance);
  assertEquals(draft.instance("t"), drained({ kind: "enabling", askedMs: nowMs }));
  const { server } = draft.state;
  assertEquals([server.lastRequestMs.get("uuid-t"), server.disabledSinceMs.size], [nowMs, 0]);
  const { effects, notes } = draft.finish();
  assertEquals(effects, [{ kind: "enable-gocd-agent", taskId: "t", uuid: "uuid-t" }]);
  assertEquals(notes, [{ kind: "agent-reused", taskId: "t", profile: "default" }]);
});

Deno.test("after a refused DELETE the record is not expected to be gone", () => {
  const left = (instance: Parameters<typeof deleteRefused>[1]): unknown => {
    const draft = draftAt(nowMs, [instance]);
    deleteRefused(draft, instance);
    return draft.finish().records.map((each) => each.kind === "instance" ? each.instance : each);
  };
  const asked = { isDeleteAsked: true } as const;
  const gone = { state: "gone", cause: "exited", message: "" } as const;
  assertEquals(left(drained(deleting, {}, asked)), [drained(finishing)]);
  assertEquals(left(drained(confirming, {}, asked)), [drained(confirming)]);
  assertEquals(left(anInstance("t", gone, asked)), [anInstance("t", gone)]);
  assertEquals([left(anInstance("t", gone)), left(drained(confirming))], [[], []]);
});

// What a list means for an instance, condition by condition: which record it registers with, what is enabled, and what
// its activity leads to. Others: gocd_lists_test.ts. Stories: registering_test.ts, drain_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type {
  AgentActivity,
  AgentInstance,
  InstanceIdentity,
  InstanceMarks,
  InstancePhase,
} from "../../../src/core/instance.ts";
import { advanceInstances } from "../../../src/core/life/lifecycle_gocd.ts";
import type { State } from "../../../src/core/state.ts";
import {
  building,
  gocdAgent,
  lostContact,
  minute,
  missing,
  pending,
  second,
  serverInfo,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, gocdSuspicion, mesosSays } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;

function listed(
  instances: readonly AgentInstance[],
  agents: readonly GocdAgent[],
  server: Partial<State["server"]> = {},
  parts: Partial<State> = {},
): Draft {
  const draft = draftAt(nowMs, instances, { agents, ...server }, parts);
  advanceInstances(draft, agents);
  return draft;
}

const starting = (
  phase: Partial<InstancePhase & { readonly state: "starting" }> = {},
  changes: Partial<InstanceIdentity & InstanceMarks> = {},
): AgentInstance => anInstance("t", { state: "starting", runningSinceMs: nowMs - minute, ...phase }, changes);
const registered = (activity: AgentActivity, sinceMs = nowMs): AgentInstance =>
  anInstance("t", { state: "registered", sinceMs, uuid: "uuid-t", activity });
const failing = {
  profiles: new Map([["default", {
    failures: 3,
    sinceMs: zeroMs,
    lastFailureMs: zeroMs,
    retryMs: zeroMs,
    lastFailure: mesosSays("x"),
  }]]),
  hosts: new Map(),
};

Deno.test("an agent that registers is in service with what its record shows, and its profile and key work", () => {
  const draft = listed([starting({}, { createdMs: nowMs - 2 * minute })], [gocdAgent("t", building)], {}, {
    breakers: failing,
  });
  assertEquals(draft.instance("t"), {
    ...registered({ kind: "building", sinceMs: nowMs }),
    createdMs: nowMs - 2 * minute,
    mayHoldBuild: true,
  });
  assertEquals([draft.state.breakers.profiles.size, [...draft.state.server.keyOutcomes]], [0, [
    ["default", { kind: "accepted" }],
  ]]);
  assertEquals(draft.finish().notes.filter(({ kind }) => kind === "agent-registered"), [{
    kind: "agent-registered",
    taskId: "t",
    profile: "default",
    uuid: "uuid-t",
    afterMs: 2 * minute,
    isDisabled: false,
  }]);
});

Deno.test("an agent that registers disabled is unsure, and proves nothing about its key", () => {
  const draft = listed([starting()], [gocdAgent("t", { configState: "Disabled" })]);
  assertEquals(draft.instance("t"), registered({ kind: "unsure", sinceMs: nowMs, word: "Disabled" }));
  assertEquals(draft.state.server.keyOutcomes.size, 0);
  const enabled = listed([starting({ pendingUuid: "uuid-t" })], [gocdAgent("t")]);
  assertEquals(enabled.state.server.keyOutcomes.size, 0, "we have enabled it");
});

Deno.test("an agent that registers with less than it should is not a success of its profile", () => {
  const draft = listed([starting()], [gocdAgent("t", { gocdResources: [] })], {}, { breakers: failing });
  assertEquals([draft.state.breakers.profiles.size, draft.instance("t")], [
    1,
    { ...registered({ kind: "idle", sinceMs: nowMs }), gap: { sinceMs: nowMs } } as AgentInstance,
  ]);
});

Deno.test("the record of an adopted agent shows what it has, but not since when it exists", () => {
  const environments = [{ name: "Prod", origin: "gocd" }, { name: "test", origin: "gocd" }] as const;
  const after = (changes: Partial<GocdAgent>): Draft =>
    listed([starting({}, { adopted: true, gocdResources: [] })], [gocdAgent("t", changes)], {}, { breakers: failing });
  const draft = after({ gocdResources: ["x"], environments });
  const idle = registered({ kind: "idle", sinceMs: nowMs });
  assertEquals(draft.instance("t"), { ...idle, adopted: true, gocdResources: ["x"], environment: "Prod" });
  assertEquals(draft.state.breakers.profiles.size, 0);
  assertEquals(after({}).instance("t"), { ...idle, adopted: true });
  const note = draft.finish().notes.find(({ kind }) => kind === "agent-registered");
  assertEquals(note !== undefined && "afterMs" in note, false);
});

for (
  const [what, records, want] of [
    [
      "enabled before disabled",
      [gocdAgent("t", { uuid: "a", configState: "Disabled" }), gocdAgent("t", { uuid: "b" })],
      "b",
    ],
    ["disabled before Pending", [
      gocdAgent("t", { ...pending, uuid: "a" }),
      gocdAgent("t", { uuid: "b", configState: "Disabled" }),
    ], "b"],
    ["the one that is being enabled before one of its name", [
      gocdAgent("t", { uuid: "b" }),
      gocdAgent("renamed", { uuid: "p" }),
    ], "p"],
    ["none in a state that nobody knows", [gocdAgent("t", { uuid: "a", configState: "Archived" })], undefined],
    ["none of another name", [gocdAgent("x", { uuid: "a", gocdResources: ["arm"] })], undefined],
  ] as const
) {
  Deno.test(`of several records an agent registers with ${what}`, () => {
    const draft = listed([starting({ pendingUuid: "p" })], records);
    const now = draft.instance("t");
    assertEquals(now?.state === "registered" ? now.uuid : undefined, want);
    assertEquals(draft.finish().effects, []);
    const told = draft.finish().notes.filter(({ kind }) => kind === "duplicate-hostname");
    assertEquals(
      told,
      records.length < 2 ? [] : [
        { kind: "duplicate-hostname", taskId: "t", count: 2, onceKey: "t 2" },
      ],
    );
  });
}

const claim = gocdAgent("t", { ...pending, uuid: "p" });
const launching = anInstance("t", { state: "launching" });

for (
  const [what, before, want] of [
    ["a launch", launching, { state: "starting", sinceMs: nowMs, pendingUuid: "p" }],
    ["one that starts", anInstance("t", { state: "starting" }), {
      state: "starting",
      sinceMs: zeroMs,
      pendingUuid: "p",
    }],
    ["one that runs", starting(), {
      state: "starting",
      sinceMs: zeroMs,
      runningSinceMs: nowMs - minute,
      pendingUuid: "p",
    }],
  ] as const
) {
  Deno.test(`the Pending record of ${what} is enabled, and is its own from then on`, () => {
    const draft = listed([before], [claim]);
    assertEquals(draft.instance("t"), anInstance("t", want, { wasPending: true }));
    const { server } = draft.state;
    assertEquals([server.lastRequestMs.get("p"), server.enableRequestedMs.get("p")], [nowMs, nowMs]);
    const { effects, notes } = draft.finish();
    assertEquals(effects, [{
      kind: "enable-gocd-agent",
      taskId: "t",
      uuid: "p",
      registration: { hostname: "t", gocdResources: ["linux"] },
    }]);
    assertEquals(notes.map(({ kind }) => kind), ["agent-enabling"]);
  });
}

Deno.test("an agent whose Pending record was enabled registers without the mark of that", () => {
  const enabling = starting({ pendingUuid: "p" } as never, { wasPending: true });
  const now = listed([enabling], [{ ...claim, configState: "Enabled" }]).instance("t");
  assertEquals([now?.state, now?.wasPending], ["registered", undefined]);
});

Deno.test("a Pending record is enabled in the environment of its launch", () => {
  const [effect] = listed([starting({}, { environment: "prod" })], [claim]).finish().effects;
  assertEquals(effect?.kind === "enable-gocd-agent" ? effect.registration : undefined, {
    hostname: "t",
    gocdResources: ["linux"],
    environment: "prod",
  });
});

Deno.test("the request to enable a Pending record is repeated until the register-timeout", () => {
  const again = (runningForMs: number, askedAgoMs: number): unknown => {
    const instance = starting({ pendingUuid: "p", runningSinceMs: nowMs - runningForMs });
    const draft = listed([instance], [claim], { lastRequestMs: new Map([["p", nowMs - askedAgoMs]]) });
    const { effects, records, notes } = draft.finish();
    assertEquals([records, notes], [[], []]);
    return effects.length;
  };
  assertEquals([again(minute, 30 * second - 1), again(minute, 30 * second)], [0, 1]);
  assertEquals([again(10 * minute - 1, minute), again(10 * minute, minute)], [1, 0]);
});

Deno.test("a Pending record is enabled while maintenance is unknown, and not while it is on", () => {
  const { state } = draftAt(nowMs, [starting()]);
  const { info: _, ...server } = state.server;
  const draft = new Draft({ ...state, server }, nowMs, 0.5);
  advanceInstances(draft, [claim]);
  assertEquals(draft.finish().effects.length, 1);
  assertEquals(listed([starting()], [claim], { info: { ...serverInfo, maintenance: "on" } }).finish().effects, []);
});

const sharer = { ...starting(), sharedUuid: "uuid-o" };

Deno.test("an agent that lives under the record of another takes its place once that one has ended", () => {
  const after = (owner: AgentInstance | undefined): string | undefined =>
    listed(
      [...(owner === undefined ? [] : [owner]), sharer, anInstance("x", { state: "launching" })],
      [gocdAgent("o")],
    ).instance("t")?.state;
  const over = anInstance("o", { state: "gone", cause: "exited", message: "", uuid: "uuid-o" });
  assertEquals([after(aRegistered("o", "idle")), after(over), after(undefined)], [
    "starting",
    "registered",
    "registered",
  ]);
  assertEquals(listed([sharer], []).instance("t")?.sharedUuid, undefined, "that record is gone");
});

Deno.test("an unreachable agent whose record is known is reported by no address", () => {
  const own = { network: "USER", addresses: ["10.9.0.7"], createdMs: zeroMs + minute } as const;
  const after = (uuid: string | undefined): unknown => {
    const phase = { state: "unreachable", sinceMs: nowMs, ...(uuid === undefined ? {} : { uuid }) } as const;
    const now = listed([anInstance("t", phase, own)], [gocdAgent("x", { ipAddress: "10.9.0.7" })], {
      appearedMs: new Map([["uuid-x", zeroMs + 2 * minute]]),
    }).instance("t");
    return now?.state === "unreachable" ? now.uuid : now?.state;
  };
  assertEquals([after("u"), after(undefined)], ["u", "uuid-x"]);
});

const unsure = (word: string, sinceMs: number): AgentActivity => ({ kind: "unsure", sinceMs, word });
const off = { configState: "Disabled" } as const;

for (
  const [what, before, agents, want] of [
    ["is as before", { kind: "idle", sinceMs: zeroMs }, [gocdAgent("t")], { kind: "idle", sinceMs: zeroMs }],
    ["begins to build", { kind: "idle", sinceMs: zeroMs }, [gocdAgent("t", building)], {
      kind: "building",
      sinceMs: nowMs,
    }],
    ["is silent", { kind: "idle", sinceMs: zeroMs }, [gocdAgent("t", lostContact)], unsure("LostContact", nowMs)],
    [
      "is still silent",
      unsure("LostContact", zeroMs + 15 * minute),
      [gocdAgent("t", lostContact)],
      unsure("LostContact", zeroMs + 15 * minute),
    ],
    ["is Missing after a silence", unsure("LostContact", zeroMs), [gocdAgent("t", missing)], unsure("Missing", nowMs)],
    ["is absent", { kind: "building", sinceMs: zeroMs }, [], unsure("absent", nowMs)],
    ["is still absent", unsure("absent", zeroMs + 15 * minute), [], unsure("absent", zeroMs + 15 * minute)],
    ["is absent after a silence", unsure("LostContact", zeroMs), [], unsure("absent", nowMs)],
    ["is disabled", { kind: "idle", sinceMs: zeroMs }, [gocdAgent("t", off)], unsure("Disabled", nowMs)],
    ["is still disabled", unsure("Disabled", zeroMs), [gocdAgent("t", off)], unsure("Disabled", zeroMs)],
    ["is disabled and builds", { kind: "building", sinceMs: zeroMs }, [gocdAgent("t", { ...off, ...building })], {
      kind: "building",
      sinceMs: zeroMs,
    }],
    ["is Pending", { kind: "idle", sinceMs: zeroMs }, [gocdAgent("t", pending)], unsure("Pending", nowMs)],
    ["is not back yet", unsure("unrecorded", nowMs), [], unsure("unrecorded", nowMs)],
    ["is back", unsure("unrecorded", nowMs), [gocdAgent("t")], { kind: "idle", sinceMs: nowMs }],
  ] as readonly (readonly [string, AgentActivity, readonly GocdAgent[], AgentActivity])[]
) {
  Deno.test(`the activity of an agent in service that ${what} is ${want.kind === "unsure" ? want.word : want.kind}`, () => {
    const draft = listed([registered(before)], agents);
    const now = draft.instance("t");
    assertEquals(now?.state === "registered" ? now.activity : now?.state, want);
    const isChanged = JSON.stringify(before) !== JSON.stringify(want);
    const notes = draft.finish().notes.filter(({ kind }) => kind.startsWith("agent-"));
    const word = want.kind === "unsure" ? { word: want.word } : {};
    assertEquals(
      notes,
      isChanged ? [{ kind: `agent-${want.kind}`, taskId: "t", profile: "default", ...word } as never] : [],
    );
  });
}

/** What a silence that has lasted so long leads to. */
function silence(
  word: string,
  forMs: number,
  shown: Partial<GocdAgent> | undefined,
  parts: Partial<State> = {},
): string {
  const agents = shown === undefined ? [] : [gocdAgent("t", shown)];
  const draft = listed([registered(unsure(word, nowMs - forMs), zeroMs)], agents, {}, parts);
  const now = draft.instance("t");
  const failures = draft.state.breakers.profiles.get("default")?.failures ?? 0;
  const how = now?.state === "draining" ? now.reason : now?.state === "killing" ? now.cause : "";
  return `${now?.state} ${how} ${failures}`;
}

for (
  const [word, shown, enoughMs, want] of [
    ["absent", undefined, 10 * minute, "killing record-deleted 0"],
    ["Pending", pending, 10 * minute, "killing record-deleted 0"],
    ["LostContact", lostContact, 10 * minute, "draining surplus 1"],
    ["Missing", missing, 15 * minute, "draining surplus 0"],
  ] as const
) {
  Deno.test(`an agent that is ${word} is given up after ${enoughMs / minute} minutes`, () => {
    const before = "registered  0";
    assertEquals([silence(word, enoughMs - 1, shown), silence(word, enoughMs, shown)], [before, want]);
    assertEquals(silence(word, enoughMs, shown, { brake: { isSameCluster: true, gocd: gocdSuspicion } }), before);
    const released = { brake: { isSameCluster: true, releasedMs: nowMs - enoughMs + 1 } };
    assertEquals(silence(word, enoughMs, shown, released), before);
  });
}

Deno.test("no agent is killed because it is absent from an old list", () => {
  const reading = { requestedMs: nowMs - 3_001, readMs: nowMs, tookMs: [0] };
  const after = (requestedMs: number): string | undefined =>
    listed([registered(unsure("absent", zeroMs))], [], { reading: { ...reading, requestedMs } }).instance("t")?.state;
  assertEquals([after(nowMs - 3_001), after(nowMs - 3_000)], ["registered", "killing"]);
});

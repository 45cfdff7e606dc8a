// What is left of a frame that could not be stored, part by part. Stories are in unstored_test.ts.

import type { Note } from "../../src/core/note.ts";
import { assertEquals } from "@std/assert";
import { doubtLoss, heardRecord, isProof } from "../../src/core/life/doubt.ts";
import { Draft } from "../../src/core/draft.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import type { RoleOffers, State } from "../../src/core/state.ts";
import {
  doubtRecords,
  offersFates,
  serverFates,
  stateFates,
  undoing,
  withoutRecords,
} from "../../src/core/unstored.ts";
import { building, gocdAgent, linesOf, lostContact, minute, pending, zeroMs } from "../support/core.ts";
import { anInstance, aRegistered, gocdSuspicion, stateOf } from "./instance_fixtures.ts";

Deno.test("each part of the state, of the server and of the offers is learned, acted or stored", () => {
  for (const fates of [stateFates, serverFates, offersFates]) {
    for (const [part, fate] of Object.entries(fates)) {
      assertEquals(["learned", "acted", "stored"].includes(fate), true, part);
    }
  }
});

const repeated = [
  "subscribed",
  "heartbeat",
  "offers-received",
  "inverse-offers-received",
  "task-status-updated",
  "framework-torn-down",
  "gocd-polled",
  "gocd-agents-read",
  "gocd-poll-failed",
  "tick",
  "launching-frozen",
  "launching-resumed",
  "drain-requested",
  "profile-drain-requested",
  "agent-drain-requested",
  "canary-requested",
  "teardown-requested",
  "loss-accepted",
] as const;
const once = [
  "disconnected",
  "offer-rescinded",
  "inverse-offer-rescinded",
  "mesos-agent-failed",
  "executor-failed",
  "framework-error",
  "mesos-call-failed",
  "gocd-call-done",
  "gocd-call-failed",
  "sandbox-read",
  "settings-changed",
  "shutdown-started",
] as const;

/** What is left of a frame in which every part of the state has changed. */
function left(
  kind: Event["kind"],
  frame: { effects?: Effect[]; codes?: string[] } = {},
): ReturnType<typeof withoutRecords> & { readonly from: (part: string) => string } {
  const before = stateOf([]);
  const mark = <T extends object>(parts: T): T =>
    Object.fromEntries(
      Object.entries(parts).map(([key, value]) => [key, typeof value === "object" ? structuredClone(value) : value]),
    ) as T;
  const after = { ...mark(before), server: mark(before.server), offers: mark(before.offers) };
  const notes = (frame.codes ?? []).map((code) => ({ kind: code }) as Note);
  const status = { taskId: "t", state: "TASK_RUNNING", uuid: "of-the-update" };
  const call = { kind: "kill-task", taskId: "t", graceMs: 0 };
  const result = withoutRecords(before, { kind, status, call } as Event, {
    state: after,
    records: [],
    effects: frame.effects ?? [],
    notes,
  });
  const from = (part: string): string => {
    const [outer = "", inner] = part.split(".");
    const pick = (state: object): unknown => {
      const value = (state as Record<string, unknown>)[outer];
      return inner === undefined ? value : (value as Record<string, unknown>)[inner];
    };
    return pick(result.state) === pick(after) ? "after" : pick(result.state) === pick(before) ? "before" : "new";
  };
  return { ...result, from };
}

for (const kind of [...repeated, ...once]) {
  const isRepeated = repeated.includes(kind as never);
  Deno.test(`after an unstored ${kind} the memory of acts is ${isRepeated ? "as before" : "kept"}, what was learned is kept`, () => {
    const { from, state } = left(kind);
    for (
      const part of [
        "breakers",
        "reconciliation",
        "brake",
        "maintenanceRequestedMs",
        "session",
        "server.lastRequestMs",
        "server.enableRequestedMs",
        "server.keyOutcomes",
        "offers.nearestMiss",
      ]
    ) {
      assertEquals(from(part), isRepeated ? "before" : "after", part);
    }
    for (const part of ["settings", "server.agents", "server.findings", "server.idleSinceMs", "offers.undeclined"]) {
      assertEquals(from(part), "after", part);
    }
    for (const part of ["instances", "framework", "controls"]) assertEquals(from(part), "before", part);
    assertEquals(state.demand, { ...stateOf([]).demand, isStale: true });
  });
}

Deno.test("notes about what survives are reported, those about acts are not", () => {
  const told = [
    "bucket-changed",
    "demand-changed",
    "gocd-answers",
    "gocd-call-failed",
    "gocd-maintenance",
    "gocd-maintenance-over",
    "gocd-version",
    "mesos-call-failed",
    "program-stood-still",
    "settings-changed",
  ];
  assertEquals(
    left("tick", { codes: [...told, "agent-launched", "agent-killing"] }).notes.map(({ kind }) => kind),
    told,
  );
});

const refs = [{ taskId: "t", uuid: "u" }];
const survivors: readonly (readonly [Effect, readonly Effect[]])[] = [
  [{ kind: "poll-gocd" }, [{ kind: "poll-gocd" }]],
  [{ kind: "read-gocd-agents" }, [{ kind: "read-gocd-agents" }]],
  [{ kind: "step-down", message: "m" }, [{ kind: "step-down", message: "m" }]],
  [{ kind: "end-session", message: "m" }, [{ kind: "end-session", message: "m" }]],
  [{ kind: "end-session", message: "m", retryMs: 0 }, [{ kind: "end-session", message: "m", retryMs: 5_000 }]],
  [{ kind: "end-session", message: "m", retryMs: 60_000 }, [{ kind: "end-session", message: "m", retryMs: 60_000 }]],
  [{ kind: "decline-offers", offerIds: ["o"], refuseSeconds: 3_600 }, [{
    kind: "decline-offers",
    offerIds: ["o"],
    refuseSeconds: 5,
  }]],
  [{ kind: "decline-offers", offerIds: ["o"], refuseSeconds: 1 }, [{
    kind: "decline-offers",
    offerIds: ["o"],
    refuseSeconds: 1,
  }]],
  [
    { kind: "decline-inverse-offers", offerIds: ["o"], refuseSeconds: 60 },
    [{ kind: "decline-inverse-offers", offerIds: ["o"], refuseSeconds: 5 }],
  ],
  [
    { kind: "accept-offers", offerIds: ["o"], mesosAgentId: "s", launches: [], refuseSeconds: 60 },
    [{ kind: "decline-offers", offerIds: ["o"], refuseSeconds: 5 }],
  ],
  [
    { kind: "accept-inverse-offers", offerIds: ["o"], refuseSeconds: 60 },
    [{ kind: "decline-inverse-offers", offerIds: ["o"], refuseSeconds: 5 }],
  ],
  [{ kind: "suppress-offers", roles: ["ci"] }, []],
  [{ kind: "revive-offers", roles: ["ci"] }, []],
  [{ kind: "acknowledge-status", taskId: "t", mesosAgentId: "s", uuid: "u" }, []],
  [{ kind: "reconcile-tasks", tasks: [] }, []],
  [{ kind: "kill-task", taskId: "t", graceMs: 1 }, []],
  [{ kind: "teardown-framework" }, []],
  [{ kind: "enable-gocd-agent", taskId: "t", uuid: "u" }, []],
  [{ kind: "correct-gocd-agent", taskId: "t", uuid: "u", registration: { gocdResources: [] } }, []],
  [{ kind: "disable-gocd-agents", agents: refs }, []],
  [{ kind: "delete-gocd-agents", agents: refs }, []],
  [
    {
      kind: "read-sandbox",
      taskId: "t",
      profile: "default",
      host: "h",
      frameworkId: "f",
      address: { hostname: "h", port: 5_051 },
    },
    [],
  ],
  [{ kind: "exit", message: "m" }, []],
];

for (const [effect, leaves] of survivors) {
  Deno.test(`of ${JSON.stringify(effect)} without its record leaves ${leaves.length === 0 ? "nothing" : JSON.stringify(leaves[0])}`, () => {
    assertEquals(left("tick", { effects: [effect] }).effects, leaves);
  });
}

Deno.test("for roles only the time of offers is kept, and everything after an event that is not repeated", () => {
  const before = stateOf([]);
  const known = { suppressed: true, repeated: true, lastReviveMs: 1, lastOfferMs: 2 };
  const now = { suppressed: false, repeated: false };
  const state = (roles: State["offers"]["roles"]): State => ({ ...before, offers: { ...before.offers, roles } });
  const after = new Map<string, RoleOffers>([["a", { ...now, lastOfferMs: 5 }], ["b", { ...now, lastOfferMs: 6 }], [
    "c",
    now,
  ], ["d", now]]);
  const roles = (kind: Event["kind"]): unknown =>
    withoutRecords(state(new Map([["a", known], ["d", known]])), { kind } as Event, {
      state: state(after),
      records: [],
      effects: [],
      notes: [],
    }).state.offers.roles;
  assertEquals(
    roles("offers-received"),
    new Map([["a", { ...known, lastOfferMs: 5 }], ["d", known], ["b", { ...now, lastOfferMs: 6 }]]),
  );
  assertEquals(roles("mesos-agent-failed"), after);
});

Deno.test("a part that is there or not is kept as it was, or as it is", () => {
  const plain = stateOf([]);
  const full = { ...plain, tearDownRequestedMs: 7, server: { ...plain.server, failingSinceMs: 8 } };
  const parts = (before: State, after: State): unknown => {
    const frame = { state: after, records: [], effects: [], notes: [] };
    const { state } = withoutRecords(before, { kind: "tick" }, frame);
    return ["tearDownRequestedMs" in state, "failingSinceMs" in state.server];
  };
  assertEquals([parts(full, plain), parts(plain, full)], [[true, false], [false, true]]);
});

Deno.test("a framework id that cannot be stored ends the session", () => {
  assertEquals(left("subscribed").effects, [{
    kind: "end-session",
    message: "the framework id cannot be stored",
    retryMs: 5_000,
  }]);
});

Deno.test("only an update of the Mesos agent proves an end, which must be acknowledged", () => {
  const status = { taskId: "t", state: "TASK_LOST", message: "" };
  assertEquals([isProof(status), isProof({ ...status, uuid: "" }), isProof({ ...status, uuid: "q" })], [
    false,
    false,
    true,
  ]);
});

Deno.test("the record in contact is one with the instance's uuid or name, and not of a plugin", () => {
  const instance = aRegistered("t", "idle");
  const heard = (agents: readonly GocdAgent[] | undefined): string | undefined => {
    const state = stateOf([instance]);
    const reading = { requestedMs: zeroMs, readMs: zeroMs, tookMs: [0] };
    const server = agents === undefined ? state.server : { ...state.server, agents, reading };
    return heardRecord(new Draft({ ...state, server }, zeroMs, 0.5), instance)?.uuid;
  };
  assertEquals([heard(undefined), heard([])], ["uuid-t", undefined]);
  assertEquals([
    heard([gocdAgent("t")]),
    heard([gocdAgent("x", { uuid: "uuid-t" })]),
    heard([gocdAgent("t", { uuid: "other" })]),
  ], ["uuid-t", "uuid-t", "other"]);
  assertEquals([
    heard([gocdAgent("x")]),
    heard([gocdAgent("t", { elastic: true })]),
    heard([gocdAgent("t", lostContact)]),
  ], [undefined, undefined, undefined]);
  assertEquals(heard([gocdAgent("t", { ...pending, buildState: "Idle", agentState: "Idle" })]), undefined);
  assertEquals(heard([gocdAgent("t", { ...building, configState: "Pending" })]), undefined);
});

Deno.test("a list that may be from another server does not show which agents are in contact", () => {
  const instance = aRegistered("t", "idle");
  const state = stateOf([instance], {
    brake: { isSameCluster: false, gocd: gocdSuspicion },
  });
  const reading = { requestedMs: zeroMs, readMs: zeroMs, tookMs: [0] };
  const draft = new Draft({ ...state, server: { ...state.server, agents: [], reading } }, zeroMs, 0.5);
  assertEquals(heardRecord(draft, instance), { uuid: "uuid-t" });
});

Deno.test("an agent that is already in doubt stays so, keeps its clock, is not reported again, and is reconciled", () => {
  const doubted = (changes: object): unknown => {
    const instance = anInstance("t", { state: "unreachable", uuid: "u", ...changes });
    const draft = new Draft(stateOf([instance]), zeroMs + minute, 0.5);
    doubtLoss(draft, instance, "u", "second");
    const now = draft.state.instances.get("t");
    return [
      now?.sinceMs,
      now?.state === "unreachable" ? now.lost : undefined,
      draft.state.reconciliation.pending.has("t"),
      linesOf(draft).length,
    ];
  };
  const lost = { sinceMs: zeroMs + 1, message: "first" };
  assertEquals(doubted({ lost }), [zeroMs, lost, true, 0]);
  assertEquals(doubted({}), [zeroMs, { sinceMs: zeroMs + minute, message: "second" }, true, 1]);
});

Deno.test("the next commit restores what failed ones may have stored, each record once, as it is in memory", () => {
  const [kept, lost] = [aRegistered("kept", "idle"), aRegistered("lost", "idle")];
  const state = stateOf([kept]);
  const { framework, controls } = state;
  const cpuUse = { day: "2023-11-14", cpuMs: 1 };
  const failed = doubtRecords(new Map(), [
    { kind: "framework", framework: { ...framework, nextTaskNumber: 99 } },
    { kind: "controls", controls: { ...controls, frozen: true } },
    { kind: "instance", instance: lost },
    { kind: "instance-removed", taskId: "kept" },
    { kind: "suspicion", suspicion: gocdSuspicion },
    { kind: "cpu-use", cpuUse },
  ]);
  const again = doubtRecords(failed, [{ kind: "instance", instance: { ...lost, host: "other" } }]);
  assertEquals(undoing(again, state), [
    { kind: "framework", framework },
    { kind: "controls", controls },
    { kind: "instance-removed", taskId: "lost" },
    { kind: "instance", instance: kept },
    { kind: "suspicion" },
  ]);
  const used = { record: cpuUse, countedMs: zeroMs, storedMs: zeroMs };
  const braked = { ...state, brake: { ...state.brake, gocd: gocdSuspicion }, cpuUse: used };
  assertEquals(undoing(again, braked).slice(-2), [
    { kind: "suspicion", suspicion: gocdSuspicion },
    { kind: "cpu-use", cpuUse },
  ]);
});

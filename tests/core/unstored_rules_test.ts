// What is left of a frame that could not be stored, part by part; and jobs that leave the feed untaken, at the limits.
// Stories are in unstored_test.ts and untaken_test.ts.

import type { Reason } from "../../src/core/demand/reason.ts";
import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../src/core/demand/backlog.ts";
import { doubtLoss, heardRecord, isProof } from "../../src/core/life/doubt.ts";
import { Draft } from "../../src/core/draft.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import { offersFates, serverFates, stateFates, withoutRecords } from "../../src/core/unstored.ts";
import { cancelsWaitingJobs, noneUntaken, type Untaken, watchUntaken } from "../../src/core/demand/untaken.ts";
import type { JobVerdict } from "../../src/core/demand/verdict.ts";
import {
  building,
  gocdAgent,
  job,
  lostContact,
  minute,
  missing,
  pending,
  serverInfo,
  someSettings,
  zeroMs,
} from "../support/core.ts";
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
  const notes = (frame.codes ?? []).map((code) => ({ level: "info", code, text: "x", fields: {} }) as const);
  const result = withoutRecords(before, { kind } as Event, {
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
        "offers.nearestMiss",
      ]
    ) {
      assertEquals(from(part), isRepeated ? "before" : "after", part);
    }
    for (const part of ["settings", "server.agents", "server.findings", "server.idleSinceMs", "offers.undeclined"]) {
      assertEquals(from(part), "after", part);
    }
    for (const part of ["instances", "framework", "controls"]) assertEquals(from(part), "before", part);
    assertEquals(state.demand.isStale, true);
  });
}

Deno.test("notes about what survives are told, those about acts are not", () => {
  const told = [
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
    left("tick", { codes: [...told, "agent-launched", "agent-killing"] }).notes.map(({ code }) => code),
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
  [{ kind: "exit", message: "m" }, []],
];

for (const [effect, leaves] of survivors) {
  Deno.test(`of ${JSON.stringify(effect)} without its record leaves ${leaves.length === 0 ? "nothing" : JSON.stringify(leaves[0])}`, () => {
    assertEquals(left("tick", { effects: [effect] }).effects, leaves);
  });
}

Deno.test("a framework id that cannot be stored ends the session", () => {
  assertEquals(left("subscribed").effects, [{
    kind: "end-session",
    message: "the framework id cannot be stored",
    retryMs: 5_000,
  }]);
});

for (
  const [version, cancels] of [
    ["20.9.0", true],
    ["20.10.0", true],
    ["21.1.0", true],
    ["20.8.0", false],
    ["19.12.0", false],
    [undefined, false],
    ["26.1.0", true],
  ] as const
) {
  Deno.test(`GoCD ${version ?? "of no known version"} ${cancels ? "cancels" : "does not cancel"} jobs that wait too long`, () => {
    assertEquals(cancelsWaitingJobs(version), cancels);
  });
}

const { poller } = someSettings();
const verdict = (name: string, reason: Reason = { kind: "launching" }): JobVerdict => ({
  locator: `p/1/s/1/${name}`,
  name,
  gocdResources: ["linux"],
  verdict: "needs-agent",
  profile: "default",
  reason,
  firstSeenMs: zeroMs,
});

interface Left {
  readonly atMs?: number;
  readonly names?: readonly string[];
  readonly here?: readonly string[];
  readonly before?: readonly GocdAgent[];
  readonly now?: readonly GocdAgent[];
  readonly resources?: readonly string[];
  readonly reason?: Reason;
}

/** What is remembered and said after jobs have left that no build explains. */
function untakenAfter(
  untaken: Untaken,
  {
    atMs = zeroMs + minute,
    names = ["j"],
    here = [],
    before = [],
    now = [],
    resources = ["linux"],
    reason,
  }: Left,
): { untaken: Untaken; said: string[] } {
  const state = stateOf([]);
  const server = { ...state.server, info: serverInfo };
  const draft = new Draft({ ...state, server, demand: { ...state.demand, untaken } }, atMs, 0.5);
  const { buckets } = bucketJobs(names.map((name) => job(name, { gocdResources: resources })), poller, "insensitive");
  watchUntaken(draft, {
    unexplained: new Map(buckets.map(({ key, jobs }) => [key, jobs.map(({ locator }, order) => ({ locator, order }))])),
    buckets,
    verdicts: names.map((name) => verdict(name, reason)),
    firstSeenMs: () => zeroMs,
    before,
    now,
    rule: "insensitive",
    here: new Set(here.map((name) => `p/1/s/1/${name}`)),
  });
  return {
    untaken: draft.state.demand.untaken,
    said: draft.finish().notes.map(({ text, hint }) => `${text} | ${hint}`),
  };
}

Deno.test("jobs that leave untaken are told the second time within a day, with how long they waited", () => {
  const first = untakenAfter(noneUntaken, { names: ["a", "b"], atMs: zeroMs + 5 * minute });
  assertEquals([first.said, [...first.untaken.counts]], [[], [["launching", 2]]]);
  const day = 24 * 60 * minute;
  const again = (atMs: number): string[] => untakenAfter(first.untaken, { atMs }).said;
  assertEquals(again(zeroMs + 5 * minute + day), []);
  assertEquals(again(zeroMs + 5 * minute + day - 1), [
    "3 jobs (linux) were cancelled before an agent could take them, in 2 polls, the last one p/1/s/1/j: GoCD cancels a job " +
    "that waits longer than its job timeout, and they waited from 5 min on | what they last waited for: profile default: waiting for an offer of Mesos",
  ]);
  assertEquals(untakenAfter(first.untaken, { here: ["a"] }).said, []);
});

Deno.test("what to change is told by what the jobs last waited for", () => {
  const first = untakenAfter(noneUntaken, {}).untaken;
  const hint = (reason: Reason): string | undefined => untakenAfter(first, { reason }).said[0]?.split(" | ")[1];
  const sooner = "lower poller.interval or poller.attempts, or give the jobs a longer timeout in GoCD";
  assertEquals(hint({ kind: "agent-coming", names: [] }), `their agents do not come in time: ${sooner}`);
  assertEquals(
    hint({ kind: "held-attempts", polls: 1, attempts: 0 }),
    `an agent is launched for what was seen in more than 0 polls, one each 2 min, so only after 0 s to 2 min: ${sooner}`,
  );
});

Deno.test("fifty locators are remembered of a kind of jobs", () => {
  const names = Array.from({ length: 60 }, (_, index) => `j${index}`);
  const [bucket] = [...untakenAfter(noneUntaken, { names }).untaken.byBucket.values()];
  assertEquals([bucket?.locators.length, bucket?.locators[0], bucket?.jobs], [50, "p/1/s/1/j10", 60]);
});

const named = (hostname: string, buildLocator: string): GocdAgent => gocdAgent(hostname, { ...building, buildLocator });

for (
  const [name, left, counts] of [
    ["there was no agent", {}, true],
    ["an idle agent was there", { before: [gocdAgent("a")], now: [gocdAgent("a")] }, false],
    ["an idle agent of other resources was there", { now: [gocdAgent("a", { gocdResources: ["arm"] })] }, true],
    ["one was out of contact in both lists", {
      before: [gocdAgent("a", lostContact)],
      now: [gocdAgent("a", lostContact)],
    }, true],
    ["one was Missing in both lists", { before: [gocdAgent("a", missing)], now: [gocdAgent("a", missing)] }, true],
    ["one came back into contact", { before: [gocdAgent("a", lostContact)], now: [gocdAgent("a")] }, false],
    [
      "one was disabled meanwhile",
      { before: [gocdAgent("a")], now: [gocdAgent("a", { configState: "Disabled" })] },
      false,
    ],
    ["one was disabled in both", {
      before: [gocdAgent("a", { configState: "Disabled" })],
      now: [gocdAgent("a", { configState: "Disabled" })],
    }, true],
    ["one had the same build in both", { before: [named("a", "x")], now: [named("a", "x")] }, true],
    ["one had another build in each", { before: [named("a", "x")], now: [named("a", "y")] }, false],
    [
      "one built something untold in both",
      { before: [gocdAgent("a", building)], now: [gocdAgent("a", building)] },
      false,
    ],
    ["one has gone meanwhile", { before: [gocdAgent("a")] }, false],
    ["a plugin's agent was there", { now: [gocdAgent("a", { elastic: true })] }, true],
    ["a plugin's agent was there, and the jobs name no resources", {
      now: [gocdAgent("a", { elastic: true })],
      resources: [],
    }, false],
  ] as const satisfies readonly (readonly [string, Left, boolean])[]
) {
  Deno.test(`where ${name}, jobs that leave ${counts ? "were" : "may not have been"} left untaken`, () => {
    assertEquals(untakenAfter(noneUntaken, left).untaken.byBucket.size, counts ? 1 : 0);
  });
}

Deno.test("only an update of the Mesos agent proves an end, which must be acknowledged", () => {
  const status = { taskId: "t", state: "TASK_LOST", message: "" };
  assertEquals([isProof(status), isProof({ ...status, uuid: "" }), isProof({ ...status, uuid: "q" })], [
    false,
    false,
    true,
  ]);
});

Deno.test("the record that the server hears is one of the instance's uuid or name, in contact, and no plugin's", () => {
  const instance = aRegistered("t", "idle");
  const heard = (agents: readonly GocdAgent[] | undefined): string | undefined => {
    const state = stateOf([instance]);
    const reading = { askedMs: zeroMs, readMs: zeroMs, tookMs: [0] };
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

Deno.test("a list that is perhaps another server's says nothing of who is heard", () => {
  const instance = aRegistered("t", "idle");
  const state = stateOf([instance], {
    brake: { isSameCluster: false, gocd: gocdSuspicion },
  });
  const reading = { askedMs: zeroMs, readMs: zeroMs, tookMs: [0] };
  const draft = new Draft({ ...state, server: { ...state.server, agents: [], reading } }, zeroMs, 0.5);
  assertEquals(heardRecord(draft, instance), { uuid: "uuid-t" });
});

Deno.test("an agent that is in doubt already stays so with its clock and without another word, and is asked for", () => {
  const doubted = (changes: object): unknown => {
    const instance = anInstance("t", { state: "unreachable", uuid: "u", ...changes });
    const draft = new Draft(stateOf([instance]), zeroMs + minute, 0.5);
    doubtLoss(draft, instance, "u", "second");
    const now = draft.state.instances.get("t");
    return [
      now?.sinceMs,
      now?.state === "unreachable" ? now.lost : undefined,
      draft.state.reconciliation.pending.has("t"),
      draft.finish().notes.length,
    ];
  };
  const lost = { sinceMs: zeroMs + 1, message: "first" };
  assertEquals(doubted({ lost }), [zeroMs, lost, true, 0]);
  assertEquals(doubted({}), [zeroMs, { sinceMs: zeroMs + minute, message: "second" }, true, 1]);
});

Deno.test("of a thousand kinds of jobs it is remembered that they left untaken, the oldest go first", () => {
  const bucket = { occasions: 1, jobs: 1, lastMs: zeroMs, waitedMs: 0, locators: [] };
  const byBucket = new Map(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, bucket] as const));
  const after = untakenAfter({ byBucket, counts: new Map() }, {}).untaken.byBucket;
  assertEquals([after.size, after.has("k0"), after.has("k1")], [1_000, false, true]);
  const one = new Map([...byBucket].slice(1));
  assertEquals(untakenAfter({ byBucket: one, counts: new Map() }, {}).untaken.byBucket.size, 1_000);
});

Deno.test("a job that leaves without a verdict, or of a kind that did not wait before, is no occasion", () => {
  const { buckets } = bucketJobs([job("j")], poller, "insensitive");
  const [{ key = "" } = {}] = buckets;
  const left = (changes: Partial<Parameters<typeof watchUntaken>[1]>): number => {
    const draft = new Draft(stateOf([]), zeroMs, 0.5);
    watchUntaken(draft, {
      unexplained: new Map([[key, [{ locator: "p/1/s/1/j", order: 0 }]]]),
      buckets,
      verdicts: [verdict("j")],
      firstSeenMs: () => zeroMs,
      before: [],
      now: [],
      rule: "insensitive",
      here: new Set(),
      ...changes,
    });
    const { byBucket, counts } = draft.state.demand.untaken;
    return byBucket.size + counts.size;
  };
  assertEquals([left({}), left({ verdicts: [] }), left({ buckets: [] })], [2, 0, 0]);
});

// What each event leads to on its own: failed calls, renewed plans, tasks asked for, and the order of bulk
// changes. Each limit exactly; stories are in session_test.ts and plan_test.ts. Roles and declines:
// single_roles_test.ts.

import { orphansText } from "../../src/core/words/orphans.ts";
import { assertEquals } from "@std/assert";
import { adopt } from "../../src/core/identity/adoption.ts";
import { formerAgents, isUnregistered, type SeenFramework } from "../../src/core/identity/orphans.ts";
import { Draft } from "../../src/core/draft.ts";
import type { Effect, MesosEffect } from "../../src/core/effect.ts";
import type { AgentInstance, Registered, Unreachable } from "../../src/core/instance.ts";
import { keepIdentity, noteKeptIdentity } from "../../src/core/session/immutable_identity.ts";
import { replanIfDue } from "../../src/core/demand/replan.ts";
import { activityOnReturn, isPendingOnReturn, isReturning, isUnrecorded } from "../../src/core/life/returned.ts";
import { watchedFrom } from "../../src/core/session/watched.ts";
import { mesosCallFailed } from "../../src/core/session/session.ts";
import type { State } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import type { BucketDemand } from "../../src/core/demand/verdict.ts";
import {
  emptyStore,
  gocdAgent,
  linesOf,
  linux,
  lostContact,
  minute,
  missing,
  pending,
  second,
  serverInfo,
  someSettings,
  zeroMs,
} from "../support/core.ts";
import {
  aBucket,
  anInstance,
  aRegistered,
  formerFramework,
  launchReason,
  mesosSays,
  stateOf,
} from "./instance_fixtures.ts";

const wantedOne = { bucketKey: "k", profile: "default", gocdResources: [], count: 1, reason: launchReason };

/** The draft after a call failed. */
function failed(call: MesosEffect, outcome: "refused" | "unknown", instances: readonly AgentInstance[] = []): Draft {
  const draft = new Draft(stateOf(instances), zeroMs + 7, 0.5);
  mesosCallFailed(draft, { kind: "mesos-call-failed", call, outcome, message: "no" });
  return draft;
}

Deno.test("a failed call is repeated if its outcome is unknown; SUPPRESS and REVIVE also if they were refused", () => {
  const decline = { kind: "decline-offers", offerIds: ["o"], refuseSeconds: 5 } as const;
  assertEquals(
    [failed(decline, "unknown").state.offers.undeclined, failed(decline, "refused").state.offers.undeclined],
    [["o"], []],
  );
  for (const kind of ["accept-inverse-offers", "decline-inverse-offers"] as const) {
    const answer = { kind, offerIds: ["i"], refuseSeconds: 60 } as const;
    assertEquals([
      failed(answer, "unknown").state.offers.inverseUnanswered,
      failed(answer, "refused").state.offers.inverseUnanswered,
    ], [["i"], []]);
  }
  for (const kind of ["suppress-offers", "revive-offers"] as const) {
    for (const outcome of ["refused", "unknown"] as const) {
      assertEquals(failed({ kind, roles: ["ci"] }, outcome).state.offers.roles.get("ci"), {
        suppressed: false,
        repeated: false,
        lastReviveMs: zeroMs + 7,
        revivedMs: zeroMs + 7,
        longDeclineMs: zeroMs + 7,
        retryMs: zeroMs + 7 + 5 * second,
        ...(kind === "suppress-offers" && outcome === "unknown" ? { suppressLostMs: zeroMs + 7 } : {}),
      });
    }
  }
  const kill = failed({ kind: "kill-task", taskId: "t", graceMs: 1 }, "refused");
  assertEquals(linesOf(kill)[0]?.fields, { call: "kill-task", outcome: "refused", message: "no" });
});

Deno.test("a failed ACCEPT ends its launches if it was refused, otherwise reconciles them, and releases its offers", () => {
  const launching = anInstance("t", { state: "launching" });
  const running = anInstance("r", { state: "starting" });
  const launch = (taskId: string): never =>
    ({ taskId, profile: linux, gocdResources: [], resources: [], hostPorts: [] }) as never;
  const call = {
    kind: "accept-offers",
    offerIds: ["o"],
    mesosAgentId: "s",
    launches: [launch("t"), launch("r")],
    refuseSeconds: 5,
  } as const;
  const refused = failed(call, "refused", [launching, running]).state;
  assertEquals([refused.instances.get("t")?.state, refused.instances.get("r")?.state, [
    ...refused.reconciliation.pending,
  ]], ["gone", "starting", []]);
  assertEquals([refused.breakers.profiles.get("default")?.lastFailure, refused.offers.undeclined], [mesosSays("no"), [
    "o",
  ]]);
  const unknown = failed(call, "unknown", [launching, running]).state;
  assertEquals([unknown.instances.get("t")?.state, [...unknown.reconciliation.pending], unknown.offers.undeclined], [
    "launching",
    ["t"],
    ["o"],
  ]);
});

/** Whether the plan is renewed after this time. */
function replanned(
  afterMs: number,
  { buckets = [] as BucketDemand[], isStale = false, isWanted = false, retryMs = undefined as number | undefined } = {},
): boolean {
  const { demand, server, ...state } = stateOf([]);
  const profiles = new Map(
    retryMs === undefined
      ? []
      : [["default", { failures: 1, sinceMs: 0, lastFailureMs: 0, retryMs, lastFailure: mesosSays("x") }]],
  );
  const draft = new Draft(
    {
      ...state,
      server: { ...server, lastPollMs: zeroMs, info: serverInfo },
      breakers: { profiles, hosts: new Map() },
      demand: { ...demand, buckets, isStale, madeMs: zeroMs, wanted: isWanted ? [wantedOne] : [] },
    },
    zeroMs + afterMs,
    0.5,
  );
  replanIfDue(draft);
  return draft.state.demand.madeMs !== zeroMs;
}

Deno.test("a plan is made again when something has changed, and every ten seconds while jobs need more than is wanted", () => {
  assertEquals([replanned(1), replanned(1, { isStale: true })], [false, true]);
  const needy = { buckets: [aBucket("k", { wanted: 0 })] };
  assertEquals([replanned(10 * second - 1, needy), replanned(10 * second, needy)], [false, true]);
  assertEquals(replanned(minute, { buckets: [aBucket("k")] }), false);
  assertEquals([
    replanned(5, { ...needy, retryMs: zeroMs + 6 }),
    replanned(5, { ...needy, retryMs: zeroMs + 5 }),
    replanned(5, { ...needy, retryMs: zeroMs }),
  ], [false, true, false]);
  assertEquals([
    replanned(10 * minute, { isWanted: true }),
    replanned(10 * minute + 1, { isWanted: true }),
    replanned(10 * minute + 1),
  ], [false, true, false]);
});

Deno.test("the tasks of a lost Mesos agent or executor are reconciled; a rescinded offer changes nothing", () => {
  const instances = [
    anInstance("a", { state: "starting" }, { mesosAgentId: "s" }),
    anInstance("b", { state: "gone", cause: "lost", message: "" }, { mesosAgentId: "s" }),
    anInstance("c", { state: "starting" }),
  ];
  const pendingAfter = (
    event: Parameters<typeof step>[1]["event"],
  ): string[] => [...step(stateOf(instances), { atMs: zeroMs, random: 0.5, event }).state.reconciliation.pending];
  assertEquals(pendingAfter({ kind: "mesos-agent-failed", mesosAgentId: "s" }), ["a"]);
  const executor = (executorId: string): never =>
    ({ kind: "executor-failed", executorId, mesosAgentId: "s", status: 1 }) as never;
  assertEquals([pendingAfter(executor("c")), pendingAfter(executor("x"))], [["c"], []]);
  const rescinded = step(stateOf(instances), {
    atMs: zeroMs,
    random: 0.5,
    event: { kind: "offer-rescinded", offerId: "o" },
  });
  assertEquals([rescinded.notes, rescinded.records], [[], []]);
});

Deno.test("changes of records that a list calls for leave together: disabled first, then deleted, then enabled", () => {
  const gone = (taskId: string): AgentInstance =>
    anInstance(taskId, { state: "gone", cause: "exited", message: "", uuid: `uuid-${taskId}` });
  const frame = step(stateOf([gone("a"), gone("b"), gone("c"), gone("d")]), {
    atMs: zeroMs + second,
    random: 0.5,
    event: {
      kind: "gocd-agents-read",
      agents: [
        gocdAgent("a"),
        gocdAgent("b", { configState: "Disabled" }),
        gocdAgent("c"),
        gocdAgent("d", { configState: "Disabled" }),
      ],
    },
  });
  const changes = frame.effects.filter((
    effect,
  ): effect is Effect & { readonly agents: readonly { taskId: string }[] } => "agents" in effect);
  assertEquals(changes.map(({ kind, agents }) => `${kind} ${agents.map(({ taskId }) => taskId).join()}`), [
    "disable-gocd-agents a,c",
    "delete-gocd-agents b,d",
  ]);
});

Deno.test("an instance that comes back is unrecorded if we deleted its record, and is stopped only after a later list", () => {
  const reading = (requestedMs: number): State["server"]["reading"] => ({
    requestedMs,
    readMs: requestedMs,
    tookMs: [0],
  });
  const at = (afterMs: number, server: Partial<State["server"]>): Draft => {
    const state = stateOf([]);
    return new Draft({ ...state, server: { ...state.server, ...server } }, zeroMs + afterMs, 0.5);
  };
  const { activity: _, ...identity } = aRegistered("t", "idle") as Registered;
  const gone = { ...identity, state: "gone", cause: "lost", message: "" } as const;
  const word = (server: Partial<State["server"]>, isDeleted = true): unknown =>
    activityOnReturn(at(9, server), isDeleted ? { ...gone, isDeleteAsked: true, isDeleted } : gone);
  assertEquals(word({}), { kind: "unsure", sinceMs: zeroMs + 9, word: "unrecorded" });
  const lists = { reading: reading(zeroMs + 5) as NonNullable<State["server"]["reading"]> };
  assertEquals(word({ ...lists, agents: [gocdAgent("t")] }), {
    kind: "unsure",
    sinceMs: zeroMs + 9,
    word: "unrecorded",
  });
  assertEquals(word(lists, false), { kind: "unsure", sinceMs: zeroMs + 9, word: "returned" });
  assertEquals(word(lists), { kind: "unsure", sinceMs: zeroMs + 5, word: "unrecorded" });
  const former = { ...gone, isDeleteAsked: true, isDeleted: true, formerUuids: ["f"] } as const;
  const later = 11 * minute;
  const wordOf = (server: Partial<State["server"]>, afterMs: number): string => {
    const read = reading(zeroMs + afterMs) as NonNullable<State["server"]["reading"]>;
    const kept = { reading: read, serving: watchedFrom(zeroMs), ...server };
    const activity = activityOnReturn(at(afterMs, kept), former);
    return activity.kind === "unsure" ? activity.word : activity.kind;
  };
  assertEquals([wordOf({}, 9), wordOf({ agents: [gocdAgent("f", { uuid: "f" })] }, later), wordOf({}, later)], [
    "returned",
    "returned",
    "unrecorded",
  ], "another of its records may be hidden for ten minutes");
  const returned = { kind: "unsure", sinceMs: zeroMs + 5, word: "returned" } as const;
  const unrecorded = { ...returned, word: "unrecorded" } as const;
  assertEquals([
    isReturning(returned),
    isReturning(unrecorded),
    isReturning({ ...returned, word: "absent" }),
    isReturning({ kind: "idle", sinceMs: 0 }),
  ], [false, true, false, false]);
  const sure = (requestedMs: number, activity: Parameters<typeof isUnrecorded>[1] = unrecorded, ageMs = 0): boolean =>
    isUnrecorded(
      at(requestedMs + ageMs, { reading: reading(zeroMs + requestedMs) as never, serving: watchedFrom(zeroMs) }),
      activity,
    );
  assertEquals([sure(20_004), sure(20_005), sure(20_005, returned), sure(20_005, unrecorded, 3_001)], [
    false,
    true,
    false,
    false,
  ]);
  const lost = anInstance("t", { state: "unreachable", uuid: "uuid-t" }) as Unreachable;
  assertEquals(isPendingOnReturn(at(0, { agents: [gocdAgent("t"), gocdAgent("x", pending)] }), lost), false);
  assertEquals(
    [
      isPendingOnReturn(at(0, { agents: [] }), lost),
      isPendingOnReturn(at(0, { agents: [] }), { ...lost, wasPending: true }),
    ],
    [false, true],
    "no list of this run shows its record",
  );
  const others = { agents: [gocdAgent("x")], reading: { requestedMs: zeroMs, readMs: zeroMs + 1, tookMs: [] } };
  assertEquals(
    activityOnReturn(at(9, others), { ...aRegistered("t", "idle"), isDeleted: true }).sinceMs,
    zeroMs + 1,
  );
  assertEquals([
    isPendingOnReturn(at(0, { agents: [gocdAgent("t", pending)] }), lost),
    isPendingOnReturn(at(0, { agents: [gocdAgent("t")] }), { ...lost, wasPending: true }),
  ], [true, false]);
});

Deno.test("a running task of our framework is adopted by its id, a foreign one is reported, and for an ended one neither happens", () => {
  const adopted = (
    taskId: string,
    meaning: "running" | "starting" | "terminal" | "lost" | "unclear",
    mesosAgentId: string | undefined = "s",
  ): unknown => {
    const draft = new Draft(stateOf([]), zeroMs + 5, 0.5);
    const status = { taskId, state: "TASK_X", message: "", ...(mesosAgentId === undefined ? {} : { mesosAgentId }) };
    const instance = adopt(draft, status, meaning);
    return [
      instance?.profile,
      instance?.retire,
      instance?.state === "starting" ? instance.runningSinceMs : undefined,
      ...linesOf(draft).map(({ code }) => code),
    ];
  };
  assertEquals(adopted("gocd-abc123-default-1", "running"), ["default", undefined, zeroMs + 5, "agent-adopted"]);
  assertEquals(adopted("gocd-abc123-old-1", "starting"), ["old", "profile-changed", undefined, "agent-adopted"]);
  assertEquals(adopted("foreign", "running"), [undefined, undefined, undefined, "task-foreign"]);
  for (const meaning of ["terminal", "lost", "unclear"] as const) {
    assertEquals(adopted("foreign", meaning), [undefined, undefined, undefined]);
  }
});

Deno.test("the user and principal of a framework stay with its id, and a difference is reported", () => {
  const root = { user: "root", principal: "p" };
  const ci = { user: "ci" };
  const framework = { lineage: "abc123", nextTaskNumber: 1 };
  assertEquals(keepIdentity({ ...framework, ended: "m" }, "f", root), {
    ...framework,
    frameworkId: "f",
    registeredAs: root,
  });
  assertEquals(keepIdentity({ ...framework, frameworkId: "f", registeredAs: root }, "f", ci).registeredAs, root);
  assertEquals(keepIdentity({ ...framework, frameworkId: "old", registeredAs: root }, "f", ci).registeredAs, ci);
  assertEquals(keepIdentity({ ...framework, frameworkId: "f" }, "f", ci).registeredAs, ci);
  assertEquals(keepIdentity(framework, "f"), { ...framework, frameworkId: "f" });
  const said = (
    before: typeof root | typeof ci | undefined,
    now: typeof root | typeof ci | undefined,
  ): (string | undefined)[] => {
    const state = stateOf([]);
    const draft = new Draft(
      {
        ...state,
        framework: { ...framework, frameworkId: "f", ...(before === undefined ? {} : { registeredAs: before }) },
        settings: { ...state.settings, ...(now === undefined ? {} : { registersAs: now }) },
      },
      zeroMs,
      0.5,
    );
    noteKeptIdentity(draft);
    return linesOf(draft).map(({ text }) => text);
  };
  const changes = "mesos.user is 'root', not 'ci', mesos.principal is 'p', not none";
  assertEquals(said(root, ci), [`Mesos keeps for framework f the values it was first registered with: ${changes}`]);
  assertEquals([said(root, root), said(undefined, ci), said(root, undefined)], [[], [], []]);
});

Deno.test("an agent of an earlier life is one of a profile of ours and another lineage that talks", () => {
  const agents = [
    gocdAgent("gocd-zzz999-default-1.example.org"),
    gocdAgent("gocd-abc123-default-1"),
    gocdAgent("gocd-zzz999-other-1"),
    gocdAgent("gocd-zzz999-default-2", lostContact),
    gocdAgent("gocd-zzz999-default-3", missing),
    gocdAgent("plain"),
  ];
  assertEquals(formerAgents(someSettings(), "abc123", agents), ["gocd-zzz999-default-1.example.org"]);
  const unregistered = (changes: object): boolean =>
    isUnregistered({ framework: { ...emptyStore.framework, ...changes } });
  assertEquals([
    unregistered({}),
    unregistered({ frameworkId: "f" }),
    unregistered({ nextTaskNumber: 2 }),
    unregistered({ registersAnew: true }),
  ], [true, false, false, false]);
});

Deno.test("remains of an earlier life are reported with the applicable commands", () => {
  const said = (frameworks: readonly SeenFramework[], gocdAgents: readonly string[]): unknown => {
    const refusal = orphansText({ frameworks, gocdAgents }, { place: "/s", configPath: "c" });
    return refusal === undefined ? undefined : [refusal.message, refusal.hint];
  };
  const [head, tail] = [
    "the state /s is new, but agents like ours already exist:",
    "so no new framework is registered",
  ];
  const anew = "to leave all that alone and register a new framework: `gocd-mesos state register-anew c`";
  assertEquals(said([], []), undefined);
  assertEquals(said([{ ...formerFramework, taskIds: ["a"] }], []), [
    `${head} Mesos has framework f-1 of our name (disconnected) with 1 task like ours (a); ${tail}`,
    `if the state was lost, continue with that framework: \`gocd-mesos state adopt c\`; ${anew}`,
  ]);
  assertEquals(said([{ ...formerFramework, isConnected: true, taskIds: ["a", "b", "c"] }], ["h"]), [
    `${head} Mesos has framework f-1 of our name (connected) with 3 tasks like ours (a, b, c); the GoCD server has 1 living agent ` +
    `like ours (h); ${tail}`,
    `another gocd-mesos of this name is running: stop it, or give this one another mesos.name; ${anew}`,
  ]);
  const two = [{ ...formerFramework, isConnected: true }, {
    ...formerFramework,
    id: "f-2",
    taskIds: ["a", "b", "c", "d"],
  }];
  assertEquals(
    (said(two, []) as string[])[1],
    `if the state was lost, continue with that framework: \`gocd-mesos state adopt c f-2\`; ${anew}`,
  );
  assertEquals(
    (said(two, []) as string[])[0]?.endsWith(
      "(disconnected) with 4 tasks like ours (a, b, c, …); so no new framework is registered",
    ),
    true,
  );
  assertEquals(
    (said([], ["h", "i"]) as string[])[1],
    "if they belong to another gocd-mesos, give the profiles of this one other names; if their framework is gone from Mesos, stop and delete them; " +
      anew,
  );
});

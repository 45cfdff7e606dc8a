// Limits of single rules, each at its last moment and a millisecond before. Stories are in the tests of each subject.

import { assertEquals } from "@std/assert";
import { assess } from "../../../src/core/demand/assess.ts";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { mayComeBack } from "../../../src/core/life/doubt.ts";
import type { Draft } from "../../../src/core/draft.ts";
import { launchBudget, profileGate } from "../../../src/core/demand/gates.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, InstanceMarks } from "../../../src/core/instance.ts";
import { offersReceived } from "../../../src/core/placement/launching.ts";
import { watchClocks } from "../../../src/core/life/lifecycle_clock.ts";
import { advanceInstances } from "../../../src/core/life/lifecycle_gocd.ts";
import { taskStatusUpdated } from "../../../src/core/life/lifecycle_mesos.ts";
import { applySettings } from "../../../src/core/session/operator.ts";
import { failedReading } from "../../../src/core/session/reading.ts";
import { isOfferless } from "../../../src/core/placement/roles.ts";
import { isRoomless } from "../../../src/core/demand/room.ts";
import { watchOvertaken } from "../../../src/core/demand/sick_agents.ts";
import type { RoleOffers } from "../../../src/core/state.ts";
import { step } from "../../../src/core/step.ts";
import { reasonMeaning, reasonWords } from "../../../src/core/session/task_status.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import {
  drive,
  finished,
  gocdAgent,
  job,
  jobs,
  linesOf,
  linux,
  lostContact,
  minute,
  missing,
  offer,
  pending,
  second,
  someSettings,
  zeroMs,
} from "../../support/core.ts";
import {
  anInstance,
  aRegistered,
  draftAt,
  type DraftParts,
  launchReason,
  mesosSays,
  stateOf,
} from "../instance_fixtures.ts";

const hour = 60 * minute;

/** As {@linkcode draftAt}, so long after zeroMs. */
const at = (afterMs: number, ...rest: DraftParts): Draft => draftAt(zeroMs + afterMs, ...rest);

Deno.test("requests to the GoCD server are remembered for a minute", () => {
  const { state } = at(minute, [], {
    lastRequestMs: new Map([["old", zeroMs], ["young", zeroMs + 1]]),
  });
  const read = { kind: "gocd-agents-read", agents: [], agentsRequestedMs: zeroMs + minute } as const;
  const frame = step({ ...state, lastStepMs: zeroMs + minute }, { atMs: zeroMs + minute, random: 0.5, event: read });
  assertEquals([...frame.state.server.lastRequestMs.keys()], ["young"]);
});

Deno.test("a role is without offers a minute after the last offer, the REVIVE that ended a SUPPRESS, or SUBSCRIBED", () => {
  const isWithout = (role: Partial<RoleOffers>): boolean[] => {
    const { offers, session } = stateOf([]);
    const state = stateOf([], {
      session: { ...session, sinceMs: zeroMs },
      offers: { ...offers, roles: new Map([["ci", { suppressed: false, repeated: false, ...role }]]) },
    });
    return [minute - 1, minute, 2 * minute - 1, 2 * minute].map((ms) => isOfferless(state, "ci", zeroMs + ms));
  };
  const [early, late, never] = [[false, true, true, true], [false, false, false, true], [false, false, false, false]];
  assertEquals(isWithout({}), early);
  assertEquals(isWithout({ revivedMs: zeroMs + minute }), late);
  assertEquals(isWithout({ lastOfferMs: zeroMs + minute }), late);
  assertEquals(isWithout({ lastOfferMs: zeroMs + minute, revivedMs: zeroMs }), late);
  assertEquals(isWithout({ lastOfferMs: zeroMs, revivedMs: zeroMs + minute }), late);
  assertEquals(isWithout({ suppressed: true }), never);
  const lost = stateOf([], { session: { kind: "connecting", sinceMs: zeroMs } });
  assertEquals([isOfferless(stateOf([]), "new", zeroMs + minute), isOfferless(lost, "ci", zeroMs + minute)], [
    true,
    false,
  ]);
});

Deno.test("no room is left for a profile if a miss has lasted, or if its role is without offers; never without a session", () => {
  const isFull = (
    sessionKind: "subscribed" | "connecting",
    miss?: { readonly sinceMs: number; readonly atMs: number },
    offeredMs = 0,
  ): boolean => {
    const { offers, session } = stateOf([]);
    const state = stateOf([], {
      session: { ...session, kind: sessionKind },
      offers: {
        ...offers,
        roles: new Map([["ci", { suppressed: false, repeated: false, lastOfferMs: offeredMs }]]),
        nearestMiss: miss === undefined ? new Map() : new Map([["default", { ...miss, miss: {} }]]),
      },
    });
    return isRoomless(state, linux, zeroMs + 10 * minute);
  };
  const atMs = zeroMs + 10 * minute;
  const lasting = { sinceMs: atMs - 20 * second, atMs };
  assertEquals([isFull("subscribed", lasting, atMs), isFull("connecting", lasting, atMs)], [true, false]);
  assertEquals([isFull("subscribed", { ...lasting, sinceMs: lasting.sinceMs + 1 }, atMs)], [false]);
  assertEquals([isFull("subscribed", { sinceMs: zeroMs, atMs: atMs - 2 * minute + 1 }, atMs)], [true]);
  assertEquals([isFull("subscribed", { sinceMs: zeroMs, atMs: atMs - 2 * minute }, atMs)], [false]);
  assertEquals([isFull("subscribed", undefined, atMs), isFull("subscribed"), isFull("connecting")], [
    false,
    true,
    false,
  ]);
});

/** An idle agent while jobs waited until others took them: what is counted, and what is reported. */
function passedBy(
  {
    counted = 0,
    taken = 1,
    idleSinceMs = zeroMs,
    firstSeenMs = zeroMs,
    healthySinceMs = zeroMs,
    isHealthy = true,
    lastPollMs = zeroMs + 90 * second,
    instances = [] as AgentInstance[],
    agent = gocdAgent("h"),
    built = true,
    stays = false,
  } = {},
): { readonly jobs: number | undefined; readonly told: readonly string[]; readonly draft: Draft } {
  const before = { idleSinceMs, jobs: counted };
  const draft = at(2 * minute, instances, {
    lastPollMs,
    healthySinceMs,
    overtaken: counted === 0 ? new Map() : new Map([["uuid-h", before]]),
  });
  if (!isHealthy) failedReading(draft);
  const waiting = jobs(taken);
  const { buckets } = bucketJobs(waiting, someSettings().poller, "insensitive");
  const locators = waiting.map(({ locator }) => locator);
  const [{ key = "" } = {}] = buckets;
  watchOvertaken(draft, {
    built: new Set(built ? locators : []),
    here: new Set(stays ? locators : []),
    before: new Map(locators.map((locator) => [locator, { bucketKey: key, firstSeenMs } as never])),
    buckets,
    idleSinceMs: new Map([["uuid-h", idleSinceMs]]),
    agents: [agent],
    rule: "insensitive",
  });
  return {
    jobs: draft.state.server.overtaken.get("uuid-h")?.jobs,
    told: linesOf(draft).map(({ text, hint, onceKey }) => `${text} | ${hint} | ${onceKey}`),
    draft,
  };
}

Deno.test("a job has waited beside an idle agent once all that it needs was there for the server's grace, up to the last poll", () => {
  assertEquals(passedBy().jobs, 1);
  assertEquals(passedBy({ idleSinceMs: zeroMs + 1 }).jobs, undefined);
  assertEquals(passedBy({ firstSeenMs: zeroMs + 1 }).jobs, undefined);
  assertEquals(passedBy({ healthySinceMs: zeroMs + 1 }).jobs, undefined);
  assertEquals(passedBy({ isHealthy: false }).jobs, undefined);
  assertEquals(passedBy({ lastPollMs: zeroMs + 90 * second - 1 }).jobs, undefined);
  assertEquals([passedBy({ built: false }).jobs, passedBy({ stays: true }).jobs], [undefined, undefined]);
  assertEquals(passedBy({ agent: gocdAgent("h", { gocdResources: ["arm"] }) }).jobs, undefined);
});

Deno.test("that an agent is sick is reported with the second job that it lets pass, and not again with the third", () => {
  const said = (counted: number, taken: number): number => passedBy({ counted, taken }).told.length;
  assertEquals([said(0, 1), said(0, 2), said(0, 3), said(1, 1), said(1, 2), said(2, 1), said(3, 1)], [
    0,
    1,
    1,
    1,
    1,
    0,
    0,
  ]);
  assertEquals([passedBy({ counted: 1, taken: 2 }).jobs, passedBy({ counted: 2 }).jobs], [3, 3]);
});

Deno.test("a sick agent is reported with what to do, one of ours is replaced", () => {
  const sick = "agent h is idle and in contact, but takes no jobs: 2 jobs waited until other agents took them; it";
  assertEquals(passedBy({ counted: 1 }).told, [
    `${sick} is not counted | check the log of the agent h, or disable or restart it | uuid-h`,
  ]);
  const ours = passedBy({ counted: 1, instances: [aRegistered("other", "idle"), aRegistered("h", "idle")] });
  assertEquals(ours.told, [`${sick} is drained | check the log of the agent h | uuid-h`]);
  assertEquals([ours.draft.state.instances.get("h")?.retire, ours.draft.state.instances.get("other")?.retire], [
    "surplus",
    undefined,
  ]);
  const leaving = anInstance("h", { state: "draining", uuid: "uuid-h", reason: "idle", step: { kind: "finishing" } });
  assertEquals(passedBy({ counted: 1, instances: [leaving] }).draft.state.instances.get("h")?.retire, undefined);
});

Deno.test("each reason of Mesos means one thing", () => {
  const wordsOf = new Map<string, string[]>();
  for (const word of reasonWords) {
    const meaning = reasonMeaning(word);
    wordsOf.set(meaning, [...(wordsOf.get(meaning) ?? []), word.replace("REASON_", "")]);
  }
  assertEquals(Object.fromEntries([...wordsOf].map(([meaning, words]) => [meaning, words.sort().join(" ")])), {
    cluster: "AGENT_DISCONNECTED AGENT_DRAINING AGENT_REMOVED AGENT_REMOVED_BY_OPERATOR AGENT_REREGISTERED " +
      "AGENT_RESTARTED AGENT_UNKNOWN CONTAINER_PREEMPTED EXECUTOR_REREGISTRATION_TIMEOUT FRAMEWORK_REMOVED " +
      "MASTER_DISCONNECTED",
    host: "CONTAINER_UPDATE_FAILED GC_ERROR RESOURCES_UNKNOWN",
    offer: "INVALID_OFFERS",
    report: "RECONCILIATION TASK_CHECK_STATUS_UPDATED TASK_HEALTH_CHECK_STATUS_UPDATED",
    task: "COMMAND_EXECUTOR_FAILED CONTAINER_LAUNCH_FAILED CONTAINER_LIMITATION CONTAINER_LIMITATION_DISK " +
      "CONTAINER_LIMITATION_MEMORY EXECUTOR_REGISTRATION_TIMEOUT EXECUTOR_TERMINATED EXECUTOR_UNREGISTERED " +
      "INVALID_FRAMEWORKID IO_SWITCHBOARD_EXITED MAX_COMPLETION_TIME_REACHED TASK_GROUP_INVALID TASK_INVALID " +
      "TASK_KILLED_DURING_LAUNCH TASK_UNKNOWN",
    unauthorized: "TASK_GROUP_UNAUTHORIZED TASK_UNAUTHORIZED",
  });
});

Deno.test("an agent in an unknown configuration state is unavailable without a reason", () => {
  const remarks = (changes: Partial<GocdAgent>): unknown => {
    const world = drive();
    world.subscribe();
    world.poll({ jobs: [job("j")], agents: [gocdAgent("a", changes)] });
    return world.verdict("j").remarks;
  };
  assertEquals([remarks({ ...lostContact, configState: "Odd" }), remarks({ ...missing, configState: "Odd" })], [
    undefined,
    undefined,
  ]);
});

Deno.test("an agent without a record is stopped by a fresh list only", () => {
  const ended = (ageMs: number, changes: Partial<GocdAgent>[] = []): string | undefined => {
    const atMs = zeroMs + 10 * minute;
    const word = changes.length === 0 ? "absent" : "Pending";
    const instance = anInstance("t", {
      state: "registered",
      uuid: "uuid-t",
      activity: { kind: "unsure", sinceMs: zeroMs, word },
    });
    const draft = at(10 * minute, [instance], {
      reading: { requestedMs: atMs - ageMs, readMs: atMs, tookMs: [ageMs] },
    });
    advanceInstances(draft, changes.map((each) => gocdAgent("t", each)));
    return draft.state.instances.get("t")?.state;
  };
  assertEquals([ended(3 * second), ended(3 * second + 1)], ["killing", "registered"]);
  assertEquals([ended(3 * second, [pending]), ended(3 * second + 1, [pending])], ["killing", "registered"]);
});

Deno.test("Mesos may find a dead agent for a quarter of an hour, from its end or our start, unless its loss is proven or accepted", () => {
  const may = (afterMs: number, changes: object = { isUnproven: true }, startedMs = 0): boolean => {
    const gone = anInstance("t", { state: "gone", cause: "lost", message: "m", ...changes } as never) as
      & AgentInstance
      & { state: "gone" };
    return mayComeBack(at(afterMs, [gone], {}, { watched: watchedFrom(startedMs) }), gone);
  };
  const limit = 15 * minute;
  assertEquals([may(limit - 1), may(limit), may(limit, {}), may(0, {})], [true, false, false, false]);
  assertEquals([may(limit, { isUnproven: true }, zeroMs + 1), may(limit, { isUnproven: true }, zeroMs)], [true, false]);
  assertEquals(may(0, { isUnproven: true, lossAccepted: true }), false);
});

Deno.test("a container whose register-timeout has passed is held, not stopped, if the list is old or may contain its agent", () => {
  const after = (
    { ageMs = 0, agents = [] as GocdAgent[], marks = {} as Partial<InstanceMarks>, held = false } = {},
  ): unknown => {
    const isHeld = held ? { held: true } as const : {};
    const instance = anInstance("t", { state: "starting", runningSinceMs: zeroMs, ...isHeld }, marks);
    const atMs = zeroMs + 60 * minute;
    const reading = { requestedMs: atMs - ageMs, readMs: atMs, tookMs: [ageMs] };
    const draft = at(60 * minute, [instance], { agents, reading }, { watched: watchedFrom(zeroMs) });
    watchClocks(draft);
    const now = draft.state.instances.get("t");
    return [now?.state, now?.state === "starting" ? now.held : undefined, finished(draft).records.length];
  };
  const shared = { agents: [gocdAgent("other", { uuid: "u" })], marks: { sharedUuid: "u" } };
  assertEquals(after(), ["killing", undefined, 1]);
  assertEquals(after({ ageMs: 3 * second + 1 }), ["starting", undefined, 0]);
  assertEquals(after({ agents: [gocdAgent("t")] }), ["starting", undefined, 0]);
  assertEquals(after({ agents: [gocdAgent("t", pending)] }), ["killing", undefined, 1]);
  assertEquals([after(shared), after({ ...shared, held: true })], [["starting", true, 1], ["starting", true, 0]]);
});

Deno.test("a failing profile tries one agent at a time: one that is starting, or that lacks something, is the trial", () => {
  const allowed = (...instances: readonly AgentInstance[]): number => {
    const retried = {
      failures: 3,
      sinceMs: zeroMs,
      lastFailureMs: zeroMs,
      retryMs: zeroMs,
      lastFailure: mesosSays("x"),
    };
    const breakers = { profiles: new Map([["default", retried]]), hosts: new Map() };
    const { state, atMs } = at(minute, instances, {}, { breakers });
    const budget = launchBudget(state, atMs);
    return profileGate(state, { profile: linux, needs: 2, budget, registration: { gocdResources: ["linux"] } }, atMs)
      .allowed;
  };
  const lacking = { ...aRegistered("a", "idle"), gap: { sinceMs: zeroMs } } as AgentInstance;
  assertEquals([allowed(), allowed(aRegistered("a", "idle")), allowed(lacking)], [1, 1, 0]);
  const starting = anInstance("a", { state: "starting" });
  assertEquals([
    allowed(anInstance("a", { state: "launching" })),
    allowed(starting),
    allowed({ ...starting, held: true } as AgentInstance),
    allowed({ ...starting, profile: "other" }),
    allowed(anInstance("a", { state: "killing", cause: "drained" })),
  ], [0, 0, 1, 1, 1]);
});

Deno.test("offers are refused as without demand if the wanted profile no longer exists, or the count is zero", () => {
  const refused = (profile: string, count: number): unknown => {
    const { demand } = stateOf([]);
    const wanted = [{ bucketKey: "k", profile, gocdResources: [], count, reason: launchReason }];
    const draft = at(0, [], {}, { inherited: "none", demand: { ...demand, madeMs: zeroMs, isStale: false, wanted } });
    offersReceived(draft, [offer("h")]);
    return finished(draft).effects.flatMap((each) =>
      "refuseSeconds" in each ? [`${each.kind} ${each.refuseSeconds}`] : []
    );
  };
  assertEquals([refused("none", 1), refused("default", 0), refused("default", 1)], [
    ["decline-offers 3600"],
    ["decline-offers 3600"],
    ["accept-offers 3600"],
  ]);
});

/** What an update makes of an instance `t`. */
function updated(instance: AgentInstance, state: string, changes: object = {}): AgentInstance | undefined {
  const draft = at(minute, [instance]);
  taskStatusUpdated(draft, { taskId: "t", state, message: "m", mesosAgentId: "s-t", ...changes });
  return draft.state.instances.get("t");
}

Deno.test("an agent that Mesos reaches again is registered if its record is known, otherwise it has yet to register", () => {
  const unreachable = anInstance("t", { state: "unreachable" });
  assertEquals(updated(unreachable, "TASK_RUNNING")?.state, "starting");
  const known = updated({ ...unreachable, uuid: "u" } as AgentInstance, "TASK_RUNNING");
  assertEquals([known?.state, known?.state === "registered" ? known.uuid : ""], ["registered", "u"]);
});

Deno.test("once Docker was told to run its container, it may be running, although that is not reported", () => {
  const mayRun = (instance: AgentInstance, state: string): unknown => updated(instance, state)?.mayRun;
  const [launching, starting] = [anInstance("t", { state: "launching" }), anInstance("t", { state: "starting" })];
  assertEquals([mayRun(launching, "TASK_STAGING"), mayRun(launching, "TASK_STARTING")], [undefined, true]);
  assertEquals([mayRun(starting, "TASK_STAGING"), mayRun(starting, "TASK_STARTING")], [undefined, true]);
  const marked = { ...starting, mayRun: true } as const;
  assertEquals([mayRun(marked, "TASK_STARTING"), mayRun(marked, "TASK_STAGING")], [true, true]);
});

Deno.test("an end is unproven if only the master has lost a task, whether it was being stopped or not", () => {
  const isUnproven = (instance: AgentInstance, state: string, changes: object = {}): boolean | undefined => {
    const gone = updated(instance, state, changes);
    return gone?.state === "gone" ? gone.isUnproven === true : undefined;
  };
  const starting = anInstance("t", { state: "starting" });
  assertEquals([isUnproven(starting, "TASK_LOST"), isUnproven(starting, "TASK_LOST", { uuid: "q" })], [true, false]);
  assertEquals(isUnproven(starting, "TASK_LOST", { uuid: "" }), true);
  assertEquals([isUnproven(starting, "TASK_KILLED"), isUnproven(starting, "TASK_DROPPED")], [false, false]);
  const killing = anInstance("t", { state: "killing", cause: "drained" });
  const sent = { ...killing, lastKillMs: 1 };
  assertEquals([isUnproven(killing, "TASK_LOST"), isUnproven(sent, "TASK_LOST")], [true, true]);
  assertEquals(isUnproven(sent, "TASK_LOST", { uuid: "q" }), false);
});

Deno.test("an agent that finishes its job for a change of its profile is enabled again once the change is taken back", () => {
  const after = (changes: Partial<AgentInstance>): unknown => {
    const leaving = { state: "draining", uuid: "u", reason: "profile-changed", step: { kind: "finishing" } } as const;
    const draft = at(minute, [anInstance("t", leaving, { retire: "profile-changed", ...changes } as never)]);
    applySettings(draft);
    const now = draft.state.instances.get("t");
    return [now?.retire, now?.state === "draining" ? now.step.kind : undefined];
  };
  assertEquals([after({}), after({ profileHash: "other" })], [[undefined, "enabling"], [
    "profile-changed",
    "finishing",
  ]]);
});

Deno.test("an agent that has long been idle while a job waits counts for it until the job is tried without it", () => {
  const rest = (untilMs?: number): number | undefined => {
    const { demand, settings } = stateOf([]);
    const backlog = bucketJobs([job("j")], settings.poller, "insensitive");
    const [{ key = "" } = {}] = backlog.buckets;
    const otherCause = untilMs === undefined ? {} : { otherCause: { untilMs, kind: "idle-unused", sinceMs: zeroMs } };
    const seen = new Map([["p/1/s/1/j", { bucketKey: key, firstSeenMs: zeroMs, ...otherCause } as never]]);
    const draft = at(hour, [], { agents: [gocdAgent("a")], idleSinceMs: new Map([["uuid-a", zeroMs]]) }, {
      demand: { ...demand, backlog, seen },
    });
    return assess(draft.state, draft.atMs).buckets[0]?.rest;
  };
  assertEquals([rest(), rest(zeroMs + hour + 1), rest(zeroMs + hour)], [0, 0, 1]);
});

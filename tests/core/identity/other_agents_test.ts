// What a list of agents shows about agents other than the one considered: pins of run-on-all jobs, agents of another
// program, records that two share. Limits of the rules; stories are in run_on_all_test.ts, other_programs_test.ts and
// shared_guid_test.ts.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent, ScheduledJob } from "../../../src/core/gocd_records.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { noteOtherPrograms } from "../../../src/core/identity/other_programs.ts";
import { isRunOnAll, trackUnpinned, type Unpinned, unpinnedAt } from "../../../src/core/demand/run_on_all.ts";
import { isUsedByAnother, mayShare, sharedRecord, trackSharedGuids } from "../../../src/core/identity/shared_guid.ts";
import type { State } from "../../../src/core/state.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import {
  building,
  gocdAgent,
  job,
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
} from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const each = (number: number, changes: Partial<ScheduledJob> = {}): ScheduledJob =>
  job(`test-runOnAll-${number}`, changes);
const hour = 60 * minute;

Deno.test("a run-on-all job is one whose name ends as GoCD makes it", () => {
  const names = ["a-runOnAll-1", "a-runOnAll-23", "a-runOnAll-1b", "a-runOnAll-", "runOnAll-1", "a-runInstance-1"];
  assertEquals(names.map((name) => isRunOnAll({ name })), [true, true, false, false, false, false]);
});

Deno.test("a run-on-all job that an agent is seen with is remembered as unpinned, with the time", () => {
  const before: Unpinned = new Map([["x", 1]]);
  const seen = trackUnpinned(before, [
    gocdAgent("a", { ...building, buildLocator: each(1).locator }),
    gocdAgent("b", { ...building, buildLocator: "p/1/s/1/plain" }),
    gocdAgent("c"),
  ], 7);
  assertEquals([...seen], [["x", 1], [each(1).locator, 7]]);
  assertEquals(trackUnpinned(before, [gocdAgent("c")], 7), before);
});

/** Numbers of the run-on-all jobs that count as unpinned at a poll. */
function unpinned(
  jobs: readonly ScheduledJob[],
  {
    waitedMs = 10 * minute,
    agents = [] as GocdAgent[],
    before = new Map() as Unpinned,
    rule = "insensitive" as "insensitive" | "sensitive",
  } = {},
): string[] {
  const seen = new Map(
    jobs.map(({ locator }) => [locator, { bucketKey: "k", firstSeenMs: zeroMs + hour - waitedMs } as never]),
  );
  return [...unpinnedAt(before, { jobs, agents, rule, seen }, zeroMs + hour)].map(([locator, ms]) =>
    `${locator.split("-").at(-1)} ${ms - zeroMs}`
  );
}

Deno.test("of each kind of run-on-all jobs, one that has waited for ten minutes without a matching agent counts as unpinned", () => {
  const now = String(hour);
  assertEquals([unpinned([each(1)]), unpinned([each(1)], { waitedMs: 10 * minute - 1 })], [[`1 ${now}`], []]);
  assertEquals(unpinned([job("plain")]), []);
  assertEquals(unpinned([each(1), each(2), each(3, { gocdResources: ["java"] })]), [`1 ${now}`, `3 ${now}`]);
  assertEquals(unpinned([each(1), each(2, { gocdResources: ["LINUX"] })]), [`1 ${now}`]);
  assertEquals(unpinned([each(1), each(2, { gocdResources: ["LINUX"] })], { rule: "sensitive" }), [
    `1 ${now}`,
    `2 ${now}`,
  ]);
  for (const alive of [gocdAgent("h"), gocdAgent("h", building)]) {
    assertEquals(unpinned([each(1)], { agents: [alive] }), []);
  }
  const others: readonly Partial<GocdAgent>[] = [
    lostContact,
    missing,
    { ...pending, gocdResources: ["linux"], agentState: "Idle" },
    { configState: "Disabled" },
    { elastic: true },
    { gocdResources: ["java"] },
  ];
  for (const other of others) {
    assertEquals(unpinned([each(1)], { agents: [gocdAgent("h", other)] }), [`1 ${now}`], JSON.stringify(other));
  }
});

Deno.test("a run-on-all job that has lost its pin stays unpinned while it waits, and for an hour after it was last seen", () => {
  const lastSeen = (ms: number): Unpinned => new Map([[each(9).locator, zeroMs + ms]]);
  assertEquals([unpinned([], { before: lastSeen(1) }), unpinned([], { before: lastSeen(0) })], [["9 1"], []]);
  assertEquals(unpinned([each(9)], { waitedMs: 0, before: lastSeen(0) }), [`9 ${hour}`]);
  assertEquals(unpinned([each(9), each(8)], { before: lastSeen(1) }), [`9 ${hour}`], "one of its kind is served");
  const nothing: Unpinned = new Map();
  const jobs = [job("plain")];
  assertEquals(unpinnedAt(nothing, { jobs, agents: [], rule: "insensitive", seen: new Map() }, 0), nothing);
});

/** What is reported when these agents appear on a list, together with jobs that ask for linux. */
function others(
  agents: readonly GocdAgent[],
  {
    isRead = true,
    listed = [] as GocdAgent[],
    instances = [] as AgentInstance[],
    waiting = [job("a")],
    profiles = ["linux"],
  } = {},
): string[] {
  const state = stateOf(instances, {}, {
    profiles: profiles.map((name) => ({ ...linux, name, gocdResources: [name] })),
  });
  const reading = { requestedMs: zeroMs, readMs: zeroMs, tookMs: [0] };
  const server = { ...state.server, agents: listed, ...(isRead ? { reading } : {}) };
  const draft = new Draft({ ...state, server }, zeroMs, 0.5);
  const { buckets } = bucketJobs(waiting, someSettings().poller, "insensitive");
  noteOtherPrograms(draft, { agents, buckets, rule: "insensitive" });
  return linesOf(draft).map(({ onceKey, fields }) => `${onceKey} ${fields["hostname"]} ${fields["lineage"]}`);
}

Deno.test("each new agent named as ours, of another lineage, that fits what we launch for is reported, once a list is known", () => {
  const other = "gocd-zzz999-default-7";
  const told = `zzz999 ${other} zzz999`;
  assertEquals([others([gocdAgent(other)]), others([gocdAgent(other)], { isRead: false })], [[told], []]);
  assertEquals(others([gocdAgent(other.toUpperCase() + ".example.com")]), [told]);
  assertEquals(others([gocdAgent("x"), gocdAgent(other), gocdAgent("gocd-yyy888-p-1")]), [
    told,
    "yyy888 gocd-yyy888-p-1 yyy888",
  ]);
  assertEquals(others([gocdAgent(other)], { listed: [gocdAgent(other)] }), []);
  assertEquals(others([gocdAgent(other)], { listed: [gocdAgent("x")] }), [told]);
  assertEquals(others([gocdAgent(other)], { instances: [aRegistered(other, "idle")] }), []);
  assertEquals(others([gocdAgent("gocd-abc123-default-7")]), []);
  assertEquals(others([gocdAgent(other)], { waiting: [] }), []);
  for (const changes of [{ elastic: true }, { configState: "Disabled" }, { gocdResources: ["java"] }]) {
    assertEquals(others([gocdAgent(other, changes)]), [], JSON.stringify(changes));
  }
  assertEquals(others([gocdAgent(other)], { profiles: ["windows", "linux"] }), [told]);
  const both = gocdAgent(other, { gocdResources: ["gpu", "linux"] });
  assertEquals(others([both], { waiting: [job("a", { gocdResources: ["gpu"] })] }), []);
  assertEquals(others([both], { waiting: [job("a", { gocdResources: ["gpu"] }), job("b")] }), [told]);
});

Deno.test("of another program is reported for what it is there, in an environment, too", () => {
  const prod = [{ name: "prod", origin: "gocd" }] as const;
  const need = (waiting: ScheduledJob, environments: GocdAgent["environments"] = []): unknown => {
    const profiles = [{ ...linux, environments: ["prod"] }, linux];
    const state = stateOf([], {}, { profiles });
    const reading = { requestedMs: zeroMs, readMs: zeroMs, tookMs: [0] };
    const draft = new Draft({ ...state, server: { ...state.server, reading } }, zeroMs, 0.5);
    const { buckets } = bucketJobs([waiting], someSettings().poller, "insensitive");
    const agents = [gocdAgent("gocd-zzz999-default-7", { environments })];
    noteOtherPrograms(draft, { agents, buckets, rule: "insensitive" });
    return draft.finish().notes.map((note) => note.kind === "other-program" ? note.need : undefined);
  };
  assertEquals(need(job("a")), [{ gocdResources: ["linux"] }]);
  assertEquals(need(job("a", { environment: "prod" }), prod), [{ gocdResources: ["linux"], environment: "prod" }]);
});

const first = "gocd-abc123-default-1";
const other2 = "gocd-abc123-default-2";
const owner = aRegistered(first, "idle", { addresses: ["10.0.0.1"] });
const homeless = anInstance(other2, { state: "starting", runningSinceMs: zeroMs }, { addresses: ["10.0.0.2"] });

function shared(
  instances: readonly AgentInstance[],
  agents: readonly GocdAgent[],
  { server = {} as Partial<State["server"]> } = {},
): string[] {
  const state = stateOf(instances);
  const draft = new Draft({ ...state, server: { ...state.server, agents, ...server } }, zeroMs, 0.5);
  trackSharedGuids(draft, agents);
  return [
    ...[...draft.state.instances.values()].flatMap(({ taskId, sharedUuid }) =>
      sharedUuid === undefined ? [] : [`${taskId} ${sharedUuid}`]
    ),
    ...linesOf(draft).map(({ code, onceKey }) => `${code} ${onceKey}`),
  ];
}

Deno.test("two agents share a record if it shows the address of the one that has none, and not its owner's", () => {
  const at = (ipAddress: string): GocdAgent => gocdAgent(first, { ipAddress });
  const found = [`${other2} uuid-${first}`, `agent-guid-shared uuid-${first} ${other2}`];
  assertEquals(shared([owner, homeless], [at("10.0.0.2")]), found);
  assertEquals(
    shared([owner, { ...homeless, state: "launching" } as AgentInstance], [at("10.0.0.2")]),
    found,
  );
  const unheeded = anInstance(other2, { state: "killing", cause: "register-timeout" }, { addresses: ["10.0.0.2"] });
  assertEquals(shared([owner, unheeded], [at("10.0.0.2")]), found, "its KILL has not worked");
  for (const ipAddress of ["10.0.0.1", "10.0.0.3", ""]) assertEquals(shared([owner, homeless], [at(ipAddress)]), []);
  assertEquals(shared([owner, homeless], [gocdAgent(first)]), []);
  const without = (instance: AgentInstance): AgentInstance => {
    const { addresses: _, ...rest } = instance;
    return rest;
  };
  assertEquals(shared([without(owner), homeless], [at("10.0.0.2")]), []);
  assertEquals(shared([{ ...owner, addresses: [] }, homeless], [at("10.0.0.2")]), []);
  assertEquals(shared([owner, without(homeless)], [at("10.0.0.2")]), []);
  const bothHave = [{ ...owner, addresses: ["10.0.0.1", "10.0.0.2"] }, homeless];
  assertEquals(shared(bothHave, [at("10.0.0.2")]), []);
  assertEquals(shared([owner, { ...homeless, profile: "other" }], [at("10.0.0.2")]), []);
  const dead = anInstance(first, { state: "gone", cause: "lost", message: "", uuid: `uuid-${first}` }, {
    addresses: ["10.0.0.1"],
  });
  assertEquals(shared([dead, homeless], [at("10.0.0.2")]), []);
  const over = { state: "gone", cause: "exited", message: "" } as const;
  for (const [phase, want] of [[over, []], [{ state: "unreachable" }, found]] as const) {
    assertEquals(shared([owner, anInstance(other2, phase, { addresses: ["10.0.0.2"] })], [at("10.0.0.2")]), want);
  }
  const twice = [{ ...owner, addresses: ["10.0.0.1", "10.0.0.3"] }, {
    ...homeless,
    addresses: ["10.0.0.4", "10.0.0.2"],
  }];
  assertEquals(shared(twice, [at("10.0.0.2")]), found);
  const known = anInstance(other2, { state: "starting", pendingUuid: "p" }, { addresses: ["10.0.0.2"] });
  assertEquals(shared([owner, known], [at("10.0.0.2")]), [], "it has a record of its own");
});

Deno.test("two agents share a record if GoCD names both in its message on duplicate guids", () => {
  const said = (hostnames: readonly string[] | undefined, code = "gocd-duplicate-guid"): string[] => {
    const finding = { code, message: "m", hint: "", ...(hostnames === undefined ? {} : { hostnames }) };
    return shared([owner, homeless], [gocdAgent(first)], { server: { findings: [finding] } });
  };
  const both = [`${other2}.example.com`, "1.2.3.4", first];
  assertEquals([said(both).length, said(undefined)], [2, []]);
  assertEquals([said(both, "gocd-disk-full"), said([first, "x"]), said([other2, "x"]), said([])], [
    [],
    [],
    [],
    [],
  ]);
});

Deno.test("two instances count as sharing a record as long as it is listed and one has none, and that is reported once", () => {
  const sharer = { ...homeless, sharedUuid: "u" };
  const served = (forMs: number): Partial<State["server"]> => ({
    serving: watchedFrom(zeroMs),
    reading: { requestedMs: zeroMs + forMs, readMs: zeroMs + forMs, tookMs: [0] },
  });
  const kept = (instances: readonly AgentInstance[], agents: readonly GocdAgent[], forMs = 10 * minute): string[] =>
    shared(instances, agents, { server: served(forMs) });
  const u = gocdAgent("odd", { uuid: "u" });
  assertEquals([kept([owner, sharer], [u]), kept([owner], [u])], [[`${other2} u`], []]);
  assertEquals(kept([owner, sharer], [gocdAgent(first)], 10 * minute - 1), [`${other2} u`], "some lists may lack it");
  assertEquals(kept([owner, sharer], [gocdAgent(first)]), []);
  assertEquals(kept([owner, aRegistered(other2, "idle", { sharedUuid: "u" })], [u]), [], "it has its own");
});

Deno.test("a shared record may hide who builds until it is lost for so long that its build was given away", () => {
  const found = (
    {
      agents = [gocdAgent("x"), gocdAgent("odd", { uuid: "u" })],
      lostForMs = undefined as number | undefined,
      readForMs = hour,
      marks = { sharedUuid: "u" } as Partial<AgentInstance>,
    } = {},
  ): readonly [string | undefined, boolean] => {
    const state = stateOf([]);
    const atMs = zeroMs + hour;
    const server = {
      ...state.server,
      info: serverInfo,
      agents,
      serving: watchedFrom(atMs - readForMs),
      reading: { requestedMs: atMs, readMs: atMs, tookMs: [0] },
      lostSinceMs: lostForMs === undefined ? new Map<string, number>() : new Map([["u", atMs - lostForMs]]),
    };
    const draft = new Draft({ ...state, server }, atMs, 0.5);
    const instance = anInstance("t", { state: "starting" }, marks);
    return [sharedRecord(draft, instance)?.uuid, mayShare(draft, instance)];
  };
  assertEquals([found(), found({ marks: {} })], [["u", true], [undefined, false]]);
  const hidden = (readForMs: number): readonly [string | undefined, boolean] => found({ agents: [], readForMs });
  assertEquals([hidden(10 * minute - 1), hidden(10 * minute)], [[undefined, true], [undefined, false]]);
  const lost = [gocdAgent("odd", { uuid: "u", ...lostContact })];
  assertEquals([found({ agents: lost, lostForMs: minute - 1 }), found({ agents: lost, lostForMs: minute })], [
    ["u", true],
    [undefined, false],
  ]);
  const gone = [gocdAgent("odd", { uuid: "u", ...missing })];
  assertEquals([
    found({ agents: gone, lostForMs: 300 * second - 1 }),
    found({ agents: gone, lostForMs: 300 * second }),
  ], [["u", true], [undefined, false]]);
});

Deno.test("a record is used by another that lives, and is known by it or shares it", () => {
  const me = aRegistered("me", "idle");
  const isUsed = (other: AgentInstance, sharedUuid?: string): boolean =>
    isUsedByAnother(stateOf([me, sharedUuid === undefined ? other : { ...other, sharedUuid }]), me, "u");
  const known = anInstance("o", { state: "registered", uuid: "u", activity: { kind: "idle", sinceMs: 0 } });
  const dead = anInstance("o", { state: "gone", cause: "lost", message: "", uuid: "u" });
  const waiting = anInstance("o", { state: "starting" });
  assertEquals([isUsed(known), isUsed(dead), isUsed(waiting), isUsed(waiting, "u")], [
    true,
    false,
    false,
    true,
  ]);
  assertEquals([isUsed(waiting, "v"), isUsed(dead, "u")], [false, false]);
  assertEquals(isUsedByAnother(stateOf([known]), known, "u"), false);
});

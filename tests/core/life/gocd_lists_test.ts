// What a list of the GoCD server changes and reports: each state of a record, and what is answered to offers. Stories
// are in the tests of each subject; lines about the server are in gocd_server_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { Effect } from "../../../src/core/effect.ts";
import type { Event } from "../../../src/core/event.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import { isAnyHung, isRemembered, trackBuild, withPossibleBuild } from "../../../src/core/demand/hung_build.ts";
import type { AgentInstance, KillCause } from "../../../src/core/instance.ts";
import { advanceInstances } from "../../../src/core/life/lifecycle_gocd.ts";
import type { State } from "../../../src/core/state.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import {
  building,
  drive,
  type Driver,
  gocdAgent,
  jobs,
  linesOf,
  lostContact,
  minute,
  missing,
  offer,
  only,
  pending,
  problem,
  second,
  serverInfo,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

/** A state of a server that has been at work since zeroMs and was read at a moment. */
function shown(instances: readonly AgentInstance[], atMs: number, server: Partial<State["server"]> = {}): Draft {
  const state = stateOf(instances);
  const reading = { requestedMs: atMs, readMs: atMs, tookMs: [0] };
  const serving = watchedFrom(zeroMs);
  const now = { info: serverInfo, lastPollMs: atMs, reading, serving, healthySinceMs: zeroMs };
  return new Draft({ ...state, server: { ...state.server, ...now, ...server } }, atMs, 0.5);
}

const idle = aRegistered("t", "idle");

for (
  const [name, record, text] of [
    ["is gone", undefined, "warning: t is no longer listed by the GoCD server; it is left alone"],
    ["is Disabled", { configState: "Disabled" }, "warning: t was disabled by someone; it is left alone"],
    ["is Pending", pending, "warning: t is Pending again: someone has deleted its record; it is left alone"],
    [
      "is Missing",
      missing,
      "warning: t is Missing: the server has restarted and has not heard from it yet; it is left alone",
    ],
    ["is out of contact", lostContact, "warning: t has lost contact with the GoCD server; it is left alone"],
    ["is Sleeping", { agentState: "Sleeping" }, "warning: t is in the state Sleeping; it is left alone"],
    ["builds", building, "debug: t is building"],
    ["builds although it is Disabled", { ...building, configState: "Disabled" }, "debug: t is building"],
  ] as const satisfies readonly (readonly [string, Partial<GocdAgent> | undefined, string])[]
) {
  Deno.test(`that the record of an idle agent ${name} is reported once`, () => {
    const draft = shown([idle], zeroMs + minute);
    const agents = record === undefined ? [] : [gocdAgent("t", record)];
    advanceInstances(draft, agents);
    assertEquals(linesOf(draft).map((note) => `${note.level}: ${note.text}`), [text]);
    const again = new Draft(draft.state, zeroMs + 2 * minute, 0.5);
    advanceInstances(again, agents);
    assertEquals(linesOf(again), []);
  });
}

const unsure = (word: string): AgentInstance =>
  anInstance("t", { state: "registered", uuid: "uuid-t", activity: { kind: "unsure", word, sinceMs: zeroMs } });

for (
  const [word, record, enoughMs, state] of [
    ["absent", undefined, 10 * minute, "killing"],
    ["Pending", pending, 10 * minute, "killing"],
    ["LostContact", lostContact, 10 * minute, "draining"],
    ["Missing", missing, 15 * minute, "draining"],
  ] as const
) {
  Deno.test(`an agent that is ${word} for ${enoughMs / minute} minutes is ${state}, and not a millisecond before`, () => {
    const after = (ms: number): string | undefined => {
      const draft = shown([unsure(word)], zeroMs + ms);
      advanceInstances(draft, record === undefined ? [] : [gocdAgent("t", record)]);
      return draft.state.instances.get("t")?.state;
    };
    assertEquals([after(enoughMs - 1), after(enoughMs)], ["registered", state]);
  });
}

const starting = anInstance("t", { state: "starting", runningSinceMs: zeroMs });

for (
  const [name, record, text] of [
    ["Enabled", {}, "t has registered with the GoCD server after 60 s"],
    [
      "Disabled",
      { configState: "Disabled" },
      "t has registered with the GoCD server after 60 s, but someone has disabled it there",
    ],
  ] as const satisfies readonly (readonly [string, Partial<GocdAgent>, string])[]
) {
  Deno.test(`an agent whose record is ${name} has registered`, () => {
    const draft = shown([starting], zeroMs + minute);
    advanceInstances(draft, [gocdAgent("t", record)]);
    assertEquals(linesOf(draft).map((note) => note.text), [text]);
    const now = draft.state.instances.get("t");
    assertEquals(now?.state === "registered" ? now.activity.kind : "", name === "Enabled" ? "idle" : "unsure");
  });
}

Deno.test("of two records with its name the enabled one counts, then the disabled one, and that is reported", () => {
  const both = (first: Partial<GocdAgent>, other: Partial<GocdAgent>): unknown => {
    const draft = shown([starting], zeroMs + minute);
    advanceInstances(draft, [gocdAgent("t", { uuid: "one", ...first }), gocdAgent("t", { uuid: "two", ...other })]);
    const now = draft.state.instances.get("t");
    assertEquals(linesOf(draft)[0]?.text, "2 GoCD agents are named t; the enabled one is used");
    return now?.state === "registered" ? now.uuid : now?.state;
  };
  assertEquals(both({ configState: "Disabled" }, {}), "two");
  assertEquals(both({}, {}), "one");
  assertEquals(both(pending, { configState: "Disabled" }), "two");
});

Deno.test("the registration time of an adopted agent is unknown", () => {
  for (
    const [record, text] of [[{}, ""], [{ configState: "Disabled" }, ", but someone has disabled it there"]] as const
  ) {
    const draft = shown([{ ...starting, adopted: true }], zeroMs);
    advanceInstances(draft, [gocdAgent("t", record)]);
    assertEquals(linesOf(draft).map((note) => note.text), [`t is registered with the GoCD server${text}`]);
  }
});

Deno.test("an adopted agent learns from its record what it registered with", () => {
  const adopted = { ...starting, gocdResources: [], adopted: true as const };
  const environments = [{ name: "ghost", origin: "unknown" }, { name: "prod", origin: "gocd" }] as const;
  const draft = shown([adopted], zeroMs + minute);
  advanceInstances(draft, [gocdAgent("t", { gocdResources: ["arm"], environments })]);
  const now = draft.state.instances.get("t");
  assertEquals([now?.gocdResources, now?.environment], [["arm"], "prod"]);
});

const heldBy = (
  record: Partial<GocdAgent> | undefined,
  instance: AgentInstance,
  server: Partial<State["server"]> = {},
): boolean => {
  const draft = shown([instance], zeroMs + 10 * minute, server);
  const agents = record === undefined ? [] : [gocdAgent("t", record)];
  return trackBuild(draft, instance, indexGocdAgents(agents)).mayHoldBuild === true;
};
const holding = aRegistered("t", "building", { mayHoldBuild: true });
const gone = (changes = {}): AgentInstance =>
  anInstance("t", { state: "gone", cause: "lost", message: "", uuid: "uuid-t" }, changes);
const silent = (afterMs: number): Partial<State["server"]> => ({
  silentSinceMs: new Map([["uuid-t", zeroMs + 10 * minute - afterMs]]),
});
const heard = (afterMs: number): Partial<State["server"]> => ({ inContactSinceMs: zeroMs + 10 * minute - afterMs });

Deno.test("an agent may hold a build from when it builds until it is idle, or the server has given the build back", () => {
  assertEquals([heldBy(building, idle), heldBy({}, idle), heldBy(undefined, idle)], [true, false, false]);
  assertEquals([heldBy({}, holding), heldBy(missing, holding), heldBy(undefined, holding)], [false, true, true]);
  const dead = gone({ mayHoldBuild: true });
  assertEquals([
    heldBy({}, dead),
    heldBy({}, anInstance("t", { state: "unreachable", uuid: "uuid-t" }, { mayHoldBuild: true })),
  ], [true, true]);
  const lost = (afterMs: number): Partial<State["server"]> => ({ ...heard(9 * minute), ...silent(afterMs) });
  for (const record of [lostContact, undefined]) {
    const heardFor = (afterMs: number): boolean => heldBy(record, dead, { ...lost(9 * minute), ...heard(afterMs) });
    assertEquals([heardFor(minute - 1), heardFor(minute)], [true, false]);
    assertEquals([heldBy(record, dead, lost(minute - 1)), heldBy(record, dead, lost(minute))], [true, false]);
    assertEquals(heldBy(record, dead, heard(9 * minute)), true);
  }
  for (const record of [missing, { ...lostContact, configState: "Disabled" }, {}] as const) {
    assertEquals(heldBy(record, dead, lost(9 * minute)), true);
  }
  const slow = { ...lost(9 * minute), info: { ...serverInfo, slowRegistration: true } };
  assertEquals(
    [
      heldBy(lostContact, dead, { ...slow, ...heard(330 * second - 1) }),
      heldBy(lostContact, dead, { ...slow, ...heard(330 * second) }),
    ],
    [true, false],
  );
});

Deno.test("while a dead or unreachable agent may hold a build, it hangs until the server has checked", () => {
  const hung = (instance: AgentInstance, server = {}): boolean =>
    isAnyHung(shown([instance], zeroMs + 10 * minute, server).state);
  assertEquals([hung(gone({ mayHoldBuild: true })), hung(gone()), hung(holding)], [true, false, false]);
  assertEquals(hung(gone({ mayHoldBuild: true }), heard(9 * minute)), true);
  assertEquals(hung(gone({ mayHoldBuild: true }), { ...heard(minute), ...silent(minute) }), false);
  // One that Mesos does not reach, but that is in contact with the server, is not hung.
  const unreachable = (sinceMs: number): AgentInstance => ({
    ...anInstance("t", { state: "unreachable", uuid: "uuid-t" }, { mayHoldBuild: true }),
    sinceMs,
  });
  assertEquals(hung(unreachable(zeroMs)), true);
  assertEquals(hung(unreachable(zeroMs + 4 * minute + 1), heard(9 * minute)), true);
  assertEquals(hung(unreachable(zeroMs + 4 * minute), heard(9 * minute)), false);
  const remembered = (instance: AgentInstance, afterMs: number): boolean =>
    isRemembered(shown([], zeroMs + afterMs), instance);
  const day = 24 * 60 * minute;
  assertEquals([
    remembered(gone({ mayHoldBuild: true }), day - 1),
    remembered(gone({ mayHoldBuild: true }), day),
    remembered(gone(), 0),
  ], [true, false, false]);
});

Deno.test("an agent that is lost within twenty seconds of being idle, or missing from lists, may hold a build", () => {
  const since = new Map([["uuid-t", zeroMs]]);
  const lost = (afterMs: number, record: Partial<GocdAgent>, instance: AgentInstance = idle): boolean => {
    const gocdAgents = [gocdAgent("t", record)];
    const times = record.configState === "Disabled" ? { disabledIdleSinceMs: since } : { idleSinceMs: since };
    const draft = shown([instance], zeroMs + afterMs, { agents: gocdAgents, ...times });
    return withPossibleBuild(draft, instance).mayHoldBuild === true;
  };
  const off = { configState: "Disabled" };
  assertEquals([lost(20 * second - 1, {}), lost(20 * second, {})], [true, false]);
  assertEquals([lost(20 * second - 1, off), lost(20 * second, off)], [true, false]);
  assertEquals([lost(0, lostContact), lost(0, pending), lost(0, {}, starting)], [false, false, false]);
  const admitted = anInstance("t", { state: "starting", runningSinceMs: zeroMs, pendingUuid: "uuid-t" });
  assertEquals([lost(minute, pending, admitted), lost(minute, {}, admitted)], [true, false]);
  const killed = (cause: KillCause): AgentInstance =>
    anInstance("t", { state: "killing", sinceMs: zeroMs, uuid: "uuid-t", cause });
  assertEquals([lost(0, {}, killed("by-mesos")), lost(0, {}, killed("drained"))], [true, false]);
  const unlisted = (record: Partial<GocdAgent>): boolean => {
    const gone = new Map([["uuid-t", { gocdAgent: gocdAgent("t", record), sinceMs: zeroMs }]]);
    return withPossibleBuild(shown([idle], zeroMs + minute, { unlisted: gone }), idle).mayHoldBuild === true;
  };
  assertEquals([unlisted({}), unlisted(off), unlisted(lostContact)], [true, true, false]);
  const known = { appearedMs: new Map([["uuid-t", zeroMs]]) };
  assertEquals(withPossibleBuild(shown([idle], zeroMs + minute, known), idle), idle);
});

function calls(
  world: Driver,
  call: Effect,
  failure?: Partial<Parameters<typeof problem>[0]>,
): { said: string[]; effects: Effect[] } {
  world.noted();
  world.taken();
  world.send(
    (failure === undefined
      ? { kind: "gocd-call-done", call }
      : { kind: "gocd-call-failed", call, problem: problem(failure) }) as Event,
  );
  return { said: world.noted().map(({ level, text }) => `${level}: ${text}`), effects: world.taken() };
}

Deno.test("a failed change of records is reported by its kind; a refused bulk DELETE is repeated one by one", () => {
  const world = drive();
  world.poll();
  const one = { kind: "delete-gocd-agents", agents: [{ taskId: "t", uuid: "u" }] } as const;
  assertEquals(calls(world, one, { message: "refused", kind: "refused" }).said, [
    "warning: delete GoCD agents failed: refused",
  ]);
  assertEquals(calls(world, one, { message: "builds", kind: "conflict" }).said, [
    "info: delete GoCD agents failed: builds",
  ]);
  const two = { kind: "delete-gocd-agents", agents: [{ taskId: "t", uuid: "u" }, { taskId: "v", uuid: "w" }] } as const;
  const bulk = calls(world, two, { message: "builds", kind: "conflict" });
  assertEquals(bulk.said, []);
  assertEquals(
    bulk.effects.map((effect) => effect.kind === "delete-gocd-agents" ? effect.agents.map(({ uuid }) => uuid) : []),
    [["u"], ["w"]],
  );
});

Deno.test("after a change the list is read within two seconds, after a DELETE immediately", () => {
  const world = drive();
  world.poll();
  const next = (): number => world.state.server.nextAgentsMs - world.atMs;
  assertEquals(next(), 10 * second);
  calls(world, { kind: "disable-gocd-agents", agents: [] });
  assertEquals(next(), 2 * second);
  calls(world, { kind: "delete-gocd-agents", agents: [] });
  assertEquals(next(), 0);
  world.poll();
  calls(world, { kind: "disable-gocd-agents", agents: [] }, {});
  assertEquals(next(), 2 * second);
});

Deno.test("offers are declined for an hour if nothing is wanted, for five seconds if something did not fit", () => {
  const world = drive();
  world.subscribe();
  const refused = (...offers: readonly ReturnType<typeof offer>[]): unknown => {
    world.taken();
    world.offers(...offers);
    return world.taken().flatMap((effect) =>
      effect.kind === "accept-offers" || effect.kind === "decline-offers"
        ? [`${effect.kind} ${effect.refuseSeconds}`]
        : []
    );
  };
  assertEquals(refused(offer("a")), ["decline-offers 3600"]);
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  assertEquals(refused(offer("a", { cpus: 0.5 })), ["decline-offers 5"]);
  assertEquals(refused(offer("a"), offer("b", { cpus: 0.5 })), ["accept-offers 3600", "decline-offers 3600"]);
  world.poll({ jobs: jobs(9) });
  assertEquals(refused(offer("a", { cpus: 1 }), offer("b", { cpus: 0.5 })), ["accept-offers 5", "decline-offers 5"]);
  assertEquals(only(world.taken(), "accept-offers"), []);
});

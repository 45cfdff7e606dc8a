// Who may hold a build that hangs, each rule at its boundary. Stories are in hung_build_test.ts and
// unseen_builds_test.ts.

import { assertEquals } from "@std/assert";
import { launchBudget } from "../../../src/core/demand/gates.ts";
import {
  agentForHungBuilds,
  isAnyHung,
  trackBuild,
  trackFound,
  trackSilence,
  withPossibleBuild,
} from "../../../src/core/demand/hung_build.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { AgentActivity, AgentInstance, KillCause } from "../../../src/core/instance.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import { uuidOf } from "../../../src/core/life/phase.ts";
import type { ServerState } from "../../../src/core/state.ts";
import { building, gocdAgent, lostContact, minute, pending, second, serverInfo, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, stateOf } from "../instance_fixtures.ts";

const atMs = zeroMs + 20 * minute;
const gone = (changes: Partial<AgentInstance> = {}): AgentInstance =>
  anInstance("t", { state: "gone", cause: "lost", message: "", uuid: "uuid-t" }, changes);
const { uuid: _, ...goneUnknown } = gone() as AgentInstance & { readonly uuid: string };

Deno.test("silence is remembered by uuid from the first list that shows it, and forgotten at the first ping", () => {
  const unlisted = (forMs: number): Partial<ServerState> => ({
    unlisted: new Map([["uuid-c", { gocdAgent: gocdAgent("c"), sinceMs: atMs - forMs }]]),
  });
  const silentAfter = (
    before: readonly (readonly [string, number])[],
    agents: readonly GocdAgent[],
    server: Partial<ServerState> = {},
    marks: Partial<AgentInstance> = {},
  ): unknown => {
    const instances = [
      aRegistered("a", "idle"),
      aRegistered("b", "idle"),
      aRegistered("c", "idle", marks),
      anInstance("unknown", { state: "starting" }),
    ];
    const draft = draftAt(atMs, instances, { ...server, silentSinceMs: new Map(before) });
    trackSilence(draft, indexGocdAgents(agents));
    return [...draft.state.server.silentSinceMs];
  };
  const [a, b, c] = ["a", "b", "c"].map((name) => gocdAgent(name)) as [GocdAgent, GocdAgent, GocdAgent];
  const lostB = gocdAgent("b", lostContact);
  assertEquals(silentAfter([], [a, lostB, c]), [["uuid-b", atMs]]);
  assertEquals(silentAfter([["uuid-b", 7]], [a, lostB, c]), [["uuid-b", 7]]);
  assertEquals([silentAfter([["uuid-b", 7]], [a, b, c]), silentAfter([], [a, b, c])], [[], []]);
  const missingC = (forMs: number, marks: Partial<AgentInstance> = {}, before: readonly [string, number][] = []) =>
    silentAfter(before, [a, b], unlisted(forMs), marks);
  assertEquals(missingC(10 * minute - 1), [], "some lists may lack it");
  assertEquals(missingC(10 * minute), [["uuid-c", atMs]]);
  assertEquals(missingC(0, { isDeleted: true }), [["uuid-c", atMs]]);
  assertEquals(missingC(0, {}, [["uuid-c", 7]]), [["uuid-c", 7]], "it was silent when it was last listed");
});

/** Whether an instance, after this list, may hold a build. */
function holds(instance: AgentInstance, agents: readonly GocdAgent[], server: Partial<ServerState> = {}): boolean {
  const draft = draftAt(atMs, [instance], server);
  return trackBuild(draft, instance, indexGocdAgents(agents)).mayHoldBuild === true;
}

Deno.test("an agent that was known out of contact before this list holds nothing new, whatever was stored of it", () => {
  const before = { lostSinceMs: new Map([["uuid-t", atMs - second]]) };
  const isHeld = (
    activity: AgentActivity,
    configState = "Enabled",
    server: Partial<ServerState> = before,
  ): boolean => {
    const instance = anInstance("t", { state: "registered", uuid: "uuid-t", activity });
    return holds(instance, [gocdAgent("t", { ...lostContact, configState })], server);
  };
  const unsure = (word: string): AgentActivity => ({ kind: "unsure", sinceMs: zeroMs, word });
  const idle = { kind: "idle", sinceMs: zeroMs } as const;
  assertEquals([isHeld(unsure("LostContact")), isHeld(idle), isHeld(unsure("Missing"))], [false, true, true]);
  assertEquals(isHeld(idle, "Disabled"), false, "a person has disabled it meanwhile");
  const now = { lostSinceMs: new Map([["uuid-t", atMs]]) };
  assertEquals([isHeld(unsure("LostContact"), "Enabled", now), isHeld(idle, "Disabled", now)], [true, true]);
});

Deno.test("an agent that has ended, and lost contact just now, holds what no list has shown only if it is Enabled", () => {
  const server = { lostSinceMs: new Map([["uuid-t", atMs]]), healthySinceMs: atMs };
  const ended = (configState: string, since: Partial<ServerState> = server): boolean =>
    holds(gone(), [gocdAgent("t", { ...lostContact, configState })], since);
  assertEquals([ended("Enabled"), ended("Disabled")], [true, false]);
  assertEquals(ended("Enabled", { ...server, healthySinceMs: atMs - 1 }), false, "earlier lists have shown it");
});

Deno.test("an agent that was known before reads failed may have taken what no list has shown", () => {
  const lost = (healthySinceMs: number | undefined): boolean => {
    const alive = aRegistered("t", "idle");
    const server = { agents: [gocdAgent("t")], idleSinceMs: new Map([["uuid-t", zeroMs]]) };
    const draft = draftAt(atMs, [alive], { ...server, healthySinceMs } as Partial<ServerState>);
    return withPossibleBuild(draft, alive).mayHoldBuild === true;
  };
  assertEquals([lost(undefined), lost(zeroMs)], [true, false]);
});

Deno.test("a former record that still waits to be enabled holds no build; any other may hold one", () => {
  const anew = aRegistered("t", "idle", { mayHoldBuild: true });
  const former = (changes: Partial<GocdAgent>): boolean =>
    holds(anew, [gocdAgent("t"), gocdAgent("t", { uuid: "former", ...changes })]);
  assertEquals([former(pending), former(building), holds(anew, [gocdAgent("t")])], [false, true, false]);
});

Deno.test("a former record that is idle holds a build until it has shown so for longer than a dead one could", () => {
  const anew = aRegistered("t", "idle", { mayHoldBuild: true });
  const former = (server: Partial<ServerState>, changes: Partial<GocdAgent> = {}): boolean =>
    holds(anew, [gocdAgent("t"), gocdAgent("t", { uuid: "former", ...changes })], server);
  const idleFor = (ms: number): Partial<ServerState> => ({ idleSinceMs: new Map([["former", atMs - ms]]) });
  assertEquals([former({}), former(idleFor(400 * second - 1)), former(idleFor(400 * second))], [true, true, false]);
  const disabledIdle = { disabledIdleSinceMs: new Map([["former", atMs - 400 * second]]) };
  assertEquals(former(disabledIdle, { configState: "Disabled" }), false);
});

Deno.test("a former record out of contact holds a build until the server has checked, with an agent in contact", () => {
  const anew = aRegistered("t", "idle", { mayHoldBuild: true });
  const former = (server: Partial<ServerState>): boolean =>
    holds(anew, [gocdAgent("t"), gocdAgent("t", { uuid: "former", ...lostContact })], server);
  const lost = (ms: number): Partial<ServerState> => ({ lostSinceMs: new Map([["former", atMs - ms]]) });
  const long = { inContactSinceMs: zeroMs };
  assertEquals([former(long), former(lost(minute))], [true, true]);
  assertEquals([former({ ...lost(minute - 1), ...long }), former({ ...lost(minute), ...long })], [true, false]);
  assertEquals(former({ ...lost(minute), inContactSinceMs: atMs - minute + 1 }), true);
});

Deno.test("one whose end is not visible without its uuid holds its build until others have been in contact for long enough", () => {
  const server = (knownMs: number): Partial<ServerState> => ({ inContactSinceMs: knownMs });
  const dead = { ...goneUnknown, mayHoldBuild: true, sinceMs: zeroMs } as AgentInstance;
  const unreachable = { ...dead, state: "unreachable" } as AgentInstance;
  const killing = { ...dead, state: "killing", cause: "drained" } as AgentInstance;
  for (const instance of [dead, unreachable]) {
    assertEquals([holds(instance, [], server(atMs - minute)), holds(instance, [], server(atMs - minute + 1))], [
      false,
      true,
    ]);
  }
  assertEquals(holds(killing, [], server(zeroMs)), true, "it has not ended");
  assertEquals(holds({ ...gone({ mayHoldBuild: true }), sinceMs: zeroMs }, [], server(zeroMs)), true, "it is known");
});

/** What is remembered of an instance that is found in this moment, as it was before and as it is now. */
function found(
  before: Partial<AgentInstance>,
  now: AgentInstance,
  agents: readonly GocdAgent[],
  server: Partial<ServerState> = {},
): boolean | undefined {
  const draft = draftAt(atMs, [now], server);
  const earlier = { ...now, uuid: undefined, ...before } as AgentInstance;
  trackFound(draft, earlier, indexGocdAgents(agents));
  return draft.instance("t")?.mayHoldBuild;
}

Deno.test("the last job of an agent that is found dead is unknown, unless the agent was known for longer", () => {
  const appeared = (ms: number): Partial<ServerState> => ({ appearedMs: new Map([["uuid-t", ms]]) });
  const idle = [gocdAgent("t")];
  const dead = { ...gone(), sinceMs: zeroMs };
  assertEquals(found({}, dead, idle, appeared(zeroMs - 1)), true);
  const former = { uuid: "former" } as Partial<AgentInstance>;
  assertEquals(found(former, dead, idle, appeared(zeroMs)), true, "it appeared with the end");
  assertEquals([found(former, dead, idle, appeared(zeroMs - 1)), found(former, dead, idle)], [undefined, undefined]);
  assertEquals(found({ uuid: "uuid-t" } as Partial<AgentInstance>, dead, idle, appeared(zeroMs)), undefined);
  const unreachable = anInstance("t", { state: "unreachable", uuid: "uuid-t" });
  assertEquals(found({}, unreachable, idle), true);
});

Deno.test("one that is found alive holds only what this list shows", () => {
  const alive = aRegistered("t", "idle");
  const shows = (changes: Partial<GocdAgent>): unknown => found({}, alive, [gocdAgent("t", changes)]);
  assertEquals([shows({}), shows(building), shows({ buildState: "Unknown" })], [undefined, true, undefined]);
});

Deno.test("a build that the server has rescheduled by then is not held, and a forgotten agent holds nothing", () => {
  const checked = { silentSinceMs: new Map([["uuid-t", zeroMs]]), inContactSinceMs: zeroMs };
  assertEquals(found({}, gone(), [], checked), undefined);
  assertEquals(found({}, gone(), [], { silentSinceMs: new Map([["uuid-t", zeroMs]]) }), true);
  const draft = draftAt(atMs, []);
  trackFound(draft, goneUnknown as AgentInstance, indexGocdAgents([]));
  assertEquals([...draft.state.instances], []);
  assertEquals(uuidOf(goneUnknown as AgentInstance), undefined);
});

/** Whether an instance whose task is lost now may hold a build. */
function possible(instance: AgentInstance, record: Partial<GocdAgent>, idleForMs = 0): boolean {
  const sinceMs = new Map([["uuid-t", atMs - idleForMs]]);
  const server = { agents: [gocdAgent("t", record)], idleSinceMs: sinceMs, disabledIdleSinceMs: sinceMs };
  return withPossibleBuild(draftAt(atMs, [instance], server), instance).mayHoldBuild === true;
}

Deno.test("an idle agent that is lost while a build hangs may have been given that build", () => {
  const hung = { ...gone({ mayHoldBuild: true }), taskId: "hung", uuid: "uuid-hung" } as AgentInstance;
  const alive = aRegistered("t", "idle");
  const lost = (others: readonly AgentInstance[], silentMs: number): boolean => {
    const server = {
      agents: [gocdAgent("t")],
      appearedMs: new Map([["uuid-t", zeroMs]]),
      idleSinceMs: new Map([["uuid-t", zeroMs]]),
      silentSinceMs: new Map([["uuid-hung", silentMs]]),
      inContactSinceMs: zeroMs,
      healthySinceMs: zeroMs,
    };
    return withPossibleBuild(draftAt(atMs, [alive, ...others], server), alive).mayHoldBuild === true;
  };
  assertEquals([lost([hung], atMs - second), lost([], atMs)], [true, false]);
  assertEquals(lost([hung], zeroMs), false, "the server has rescheduled it, and a list has shown who has it");
});

Deno.test("an agent that is lost before the first list of a run may hold a build, unless it has no record or we ended it", () => {
  const lost = (instance: AgentInstance): boolean => {
    const draft = new Draft(stateOf([instance]), atMs, 0.5);
    return withPossibleBuild(draft, instance).mayHoldBuild === true;
  };
  const killed = (cause: KillCause): AgentInstance => anInstance("t", { state: "killing", uuid: "uuid-t", cause });
  assertEquals([lost(aRegistered("t", "idle")), lost(killed("by-mesos"))], [true, true]);
  assertEquals([lost(anInstance("t", { state: "starting" })), lost(killed("drained"))], [false, false]);
});

Deno.test("a lost agent may hold what it took in the last twenty seconds, unless we ended it", () => {
  const alive = aRegistered("t", "idle");
  assertEquals([possible(alive, {}, 20 * second - 1), possible(alive, {}, 20 * second)], [true, false]);
  const disabled = { configState: "Disabled" };
  assertEquals([possible(alive, disabled, 20 * second - 1), possible(alive, disabled, 20 * second)], [true, false]);
  assertEquals([possible(alive, { configState: "Odd" }), possible(alive, lostContact)], [false, false]);
  assertEquals([possible(gone(), {}), possible(goneUnknown as AgentInstance, {})], [false, false]);
  const killing = (cause: string): AgentInstance =>
    anInstance("t", { state: "killing", cause: cause as never, uuid: "uuid-t" });
  assertEquals([possible(killing("drained"), {}), possible(killing("by-mesos"), {})], [false, true]);
});

Deno.test("a lost agent that only one list has shown idle may hold a build, however long ago that was", () => {
  const lost = (requestedMs: number): boolean => {
    const alive = aRegistered("t", "idle");
    const reading = { requestedMs, readMs: requestedMs, tookMs: [0] };
    const server = { agents: [gocdAgent("t")], idleSinceMs: new Map([["uuid-t", zeroMs]]), reading };
    return withPossibleBuild(draftAt(zeroMs + 5 * minute, [alive], server), alive).mayHoldBuild === true;
  };
  assertEquals([lost(zeroMs), lost(zeroMs + 20 * second - 1), lost(zeroMs + 20 * second)], [true, true, false]);
});

Deno.test("one build that hangs is enough to keep others in contact", () => {
  const hung = { ...gone({ mayHoldBuild: true }), sinceMs: zeroMs };
  const state = (...instances: readonly AgentInstance[]): boolean => isAnyHung(draftAt(atMs, instances).state);
  const other = aRegistered("other", "idle", { mayHoldBuild: true });
  assertEquals([state(hung), state(hung, other), state(other, hung), state(other)], [true, true, true, false]);
  assertEquals([state(gone()), state({ ...hung, state: "unreachable" } as AgentInstance)], [false, true]);
});

Deno.test("for a hung build an agent is launched with the registration of the lost one, or of any profile if its own no longer exists", () => {
  const launched = (...instances: readonly AgentInstance[]): unknown => {
    const state = stateOf(instances);
    const now = { ...state, server: { ...state.server, info: serverInfo } };
    return agentForHungBuilds(now, { budget: launchBudget(now, atMs), isAnyWanted: false }, atMs);
  };
  const wanted = (taskId: string, where: object): unknown => [{
    bucketKey: "hung default",
    profile: "default",
    gocdResources: ["linux"],
    ...where,
    count: 1,
    reason: { kind: "hung-build", taskId },
  }];
  const former = { ...gone({ mayHoldBuild: true, profile: "former" }), taskId: "f" };
  assertEquals(launched(gone({ mayHoldBuild: true, environment: "prod" })), wanted("t", { environment: "prod" }));
  assertEquals(launched(former, gone({ mayHoldBuild: true })), wanted("t", {}));
  assertEquals([launched(former), launched(gone())], [wanted("f", {}), []]);
});

// When the GoCD server is asked next, function by function. Stories: call_rates_test.ts, slow_server_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import { afterFailure, afterPoll, agentsPauseMs, pollIfDue } from "../../../src/core/session/poll_schedule.ts";
import type { ServerState, State } from "../../../src/core/state.ts";
import { finished, gocdAgent, minute, problem, second, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const hour = 60 * minute;
const later = { nextPollMs: zeroMs + 24 * hour, nextAgentsMs: zeroMs };

/** What the server is asked at a moment. */
function asked(state: State, server: Partial<ServerState>, atMs = zeroMs): string[] {
  const draft = new Draft({ ...state, server: { ...state.server, ...server } }, atMs, 0.5);
  pollIfDue(draft);
  const kinds = finished(draft).effects.map(({ kind }) => kind);
  assertEquals(draft.state.server.askedMs, kinds.length === 0 ? server.askedMs : atMs);
  return kinds;
}

Deno.test("a poll leaves when its time has come, one question at a time, for ten minutes at most", () => {
  const state = stateOf([]);
  const due = { nextPollMs: zeroMs, nextAgentsMs: zeroMs };
  assertEquals([asked(state, due, zeroMs - 1), asked(state, due)], [[], ["poll-gocd"]]);
  const waiting = { ...due, askedMs: zeroMs };
  assertEquals(asked(state, waiting, zeroMs + 10 * minute - 1), []);
  assertEquals(asked(state, waiting, zeroMs + 10 * minute), ["poll-gocd"]);
  assertEquals(asked({ ...state, shuttingDown: true }, due), []);
});

const dead = (sinceMs: number): AgentInstance =>
  anInstance("t", { state: "gone", sinceMs, cause: "exited", message: "", uuid: "uuid-t" });

for (
  const [name, instance, isRead] of [
    ["is starting", anInstance("t", { state: "starting" }), true],
    [
      "is draining",
      anInstance("t", { state: "draining", uuid: "u", reason: "idle", step: { kind: "finishing" } }),
      true,
    ],
    ["is launching", anInstance("t", { state: "launching", offerId: "o" }), false],
    ["has registered", aRegistered("t", "idle"), false],
    ["waits for a look before its KILL", anInstance("t", { state: "killing", cause: "drained" }), true],
    ["is killed for its drain-timeout", anInstance("t", { state: "killing", cause: "drain-timeout" }), false],
    ["has died", dead(zeroMs), true],
    ["has died an hour ago", dead(zeroMs - hour), false],
    ["has died just under an hour ago", dead(zeroMs - hour + 1), true],
  ] as const
) {
  Deno.test(`while an agent ${name} the list is ${isRead ? "" : "not "}read between polls`, () => {
    const agents = [gocdAgent("t")];
    assertEquals(asked(stateOf([instance]), { ...later, agents }), isRead ? ["read-gocd-agents"] : []);
    assertEquals(asked(stateOf([instance]), { ...later, agents, nextAgentsMs: zeroMs + 1 }), []);
  });
}

Deno.test("for a dead agent the list is read only while a record of it is left that can be deleted", () => {
  const state = stateOf([dead(zeroMs)]);
  assertEquals(asked(state, { ...later, agents: [] }), []);
  assertEquals(asked(state, { ...later, agents: [gocdAgent("t", { configState: "Pending" })] }), []);
  assertEquals(asked(state, { ...later, agents: [gocdAgent("t", { configState: "Disabled" })] }), ["read-gocd-agents"]);
});

Deno.test("without a session no KILL waits for a look", () => {
  const killing = anInstance("t", { state: "killing", cause: "drained" });
  const { session, ...state } = stateOf([killing]);
  assertEquals(asked({ ...state, session: { ...session, kind: "connecting" } }, later), []);
});

const fast = { poller: { intervalMs: 10 * second, maxIntervalMs: 2 * minute } };

Deno.test("while nothing is scheduled polls come slower by half each time, up to poller.max-interval", () => {
  const state = stateOf([], {}, fast);
  const pause = (quietPolls: number): number =>
    afterPoll({ ...state, server: { ...state.server, quietPolls } }, zeroMs).nextPollMs - zeroMs;
  assertEquals([0, 1, 5, 6, 90].map(pause), [15_000, 22_500, 113_906.25, 120_000, 120_000]);
  assertEquals(afterPoll(state, zeroMs).quietPolls, 1);
  const busy = stateOf([anInstance("t", { state: "starting" })], {}, fast);
  const { nextPollMs, quietPolls } = afterPoll({ ...busy, server: { ...busy.server, quietPolls: 4 } }, zeroMs);
  assertEquals([nextPollMs - zeroMs, quietPolls], [10 * second, 0]);
  assertEquals(afterPoll(stateOf([dead(zeroMs)], {}, fast), zeroMs).quietPolls, 1);
});

Deno.test("a server rests for nine times as long as it took, up to the slowest rhythm", () => {
  const state = stateOf([anInstance("t", { state: "starting" })], {}, fast);
  const rests = (tookMs?: number): number[] => {
    const { nextPollMs, nextAgentsMs } = afterPoll(state, zeroMs, tookMs);
    return [nextPollMs - zeroMs, nextAgentsMs - zeroMs, agentsPauseMs(state, tookMs)];
  };
  assertEquals(rests(), [10 * second, 10 * second, 10 * second]);
  assertEquals(rests(1_000), [10 * second, 10 * second, 10 * second]);
  assertEquals(rests(2_000), [18 * second, 18 * second, 18 * second]);
  assertEquals(rests(60_000), [2 * minute, 2 * minute, 2 * minute]);
  assertEquals(agentsPauseMs(stateOf([], {}, { poller: { intervalMs: 3 * second } }), undefined), 3 * second);
});

Deno.test("after errors pauses double from five seconds to the slowest rhythm, with half of chance, and as the server asks", () => {
  const state = stateOf([]);
  const pause = (failuresInARow: number, random: number, retryAfterMs?: number): number => {
    const failed = { ...state, server: { ...state.server, failuresInARow } };
    const wish = problem(retryAfterMs === undefined ? {} : { retryAfterMs });
    const after = afterFailure(failed, wish, { atMs: zeroMs, random });
    assertEquals([after.nextAgentsMs, after.failuresInARow], [after.nextPollMs, failuresInARow + 1]);
    return (after.nextPollMs - zeroMs) / second;
  };
  assertEquals([0, 1, 2, 5, 99].map((failures) => pause(failures, 0.5)), [5, 10, 20, 120, 120]);
  assertEquals([pause(0, 0), pause(0, 0.9)], [2.5, 7]);
  assertEquals([pause(0, 0.5, 4 * second), pause(0, 0.5, 30 * second)], [5, 30]);
  const eager = stateOf([], {}, { poller: { intervalMs: second, maxIntervalMs: second } });
  assertEquals(afterFailure(eager, problem(), { atMs: zeroMs, random: 0.5 }).nextPollMs - zeroMs, second);
});

// When the GoCD server is asked next, function by function. Stories: call_rates_test.ts, slow_server_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance, Registered } from "../../../src/core/instance.ts";
import { afterFailure, afterPoll, agentsPauseMs, pollIfDue } from "../../../src/core/session/poll_schedule.ts";
import type { ReadFailure, ServerState, State } from "../../../src/core/state.ts";
import { finished, gocdAgent, linux, minute, problem, second, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, stateOf } from "../instance_fixtures.ts";

const hour = 60 * minute;
const later = { nextPollMs: zeroMs + 24 * hour, nextAgentsMs: zeroMs };

/** What the server is asked at a moment. */
function asked(state: State, server: Partial<ServerState>, atMs = zeroMs): string[] {
  const draft = new Draft({ ...state, server: { ...state.server, ...server } }, atMs, 0.5);
  pollIfDue(draft);
  const kinds = finished(draft).effects.map(({ kind }) => kind);
  assertEquals(draft.state.server.requestedMs, kinds.length === 0 ? server.requestedMs : atMs);
  return kinds;
}

Deno.test("a poll is sent when it is due, one request at a time, for ten minutes at most", () => {
  const state = stateOf([]);
  const due = { nextPollMs: zeroMs, nextAgentsMs: zeroMs };
  assertEquals([asked(state, due, zeroMs - 1), asked(state, due)], [[], ["poll-gocd"]]);
  const waiting = { ...due, requestedMs: zeroMs };
  assertEquals(asked(state, waiting, zeroMs + 10 * minute - 1), []);
  assertEquals(asked(state, waiting, zeroMs + 10 * minute), ["poll-gocd"]);
  assertEquals(asked({ ...state, shuttingDown: true }, due), []);
});

const registered = (phase: Partial<Registered>): AgentInstance =>
  anInstance("t", { state: "registered", uuid: "u", activity: { kind: "idle", sinceMs: zeroMs }, ...phase });
const unsure = (word: string): AgentInstance => registered({ activity: { kind: "unsure", word, sinceMs: zeroMs } });

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
    ["is launching", anInstance("t", { state: "launching" }), false],
    ["has registered", aRegistered("t", "idle"), false],
    ["waits for a look before its KILL", anInstance("t", { state: "killing", cause: "drained" }), true],
    ["is killed for its drain-timeout", anInstance("t", { state: "killing", cause: "drain-timeout" }), false],
    ["shows less on its record than it was launched with", registered({ gap: { sinceMs: 0 } }), true],
    ["is given back by Mesos without a record", unsure("unrecorded"), true],
    ["is given back by Mesos", unsure("returned"), false],
    ["has died", dead(zeroMs), true],
    ["has died an hour ago", dead(zeroMs - hour), false],
    ["has died just under an hour ago", dead(zeroMs - hour + 1), true],
  ] as const
) {
  Deno.test(`while an agent ${name} the list is ${isRead ? "" : "not "}read between polls`, () => {
    const agents = [gocdAgent("t")];
    assertEquals(asked(stateOf([instance]), { ...later, agents }), isRead ? ["read-gocd-agents"] : []);
    assertEquals(asked(stateOf([instance]), { ...later, agents, nextAgentsMs: zeroMs + 1 }), []);
    const beside = [aRegistered("v", "idle"), instance as AgentInstance, aRegistered("w", "building")];
    assertEquals(asked(stateOf(beside), { ...later, agents }).length, isRead ? 1 : 0);
  });
}

Deno.test("for a dead agent the list is read only while a record of it is left that can be deleted", () => {
  const state = stateOf([dead(zeroMs)]);
  assertEquals(asked(state, { ...later, agents: [] }), []);
  assertEquals(asked(state, { ...later, agents: [gocdAgent("t", { configState: "Pending" })] }), []);
  assertEquals(asked(state, { ...later, agents: [gocdAgent("t", { configState: "Disabled" })] }), ["read-gocd-agents"]);
});

Deno.test("while an agent may start the last of its max-jobs the list is read between polls", () => {
  const kept = (maxJobs: number, jobs = 0): number => {
    const options = { profiles: [{ ...linux, maxJobs }] };
    const instance = aRegistered("t", "idle", jobs === 0 ? {} : { built: { jobs } });
    return asked(stateOf([instance], {}, options), later).length;
  };
  assertEquals([kept(1), kept(2), kept(2, 1), kept(3, 1)], [1, 0, 1, 0]);
});

Deno.test("a poll asks about the environments in which idle agents are kept, if there are any", () => {
  const poll = (minIdle: number): unknown => {
    const profiles = [{ ...linux, minIdle, environments: ["qa", "prod"] }];
    const draft = new Draft(stateOf([], {}, { profiles }), zeroMs, 0.5);
    pollIfDue(draft);
    return finished(draft).effects;
  };
  assertEquals(poll(0), [{ kind: "poll-gocd" }]);
  assertEquals(poll(1), [{ kind: "poll-gocd", environments: ["qa"] }]);
});

Deno.test("the duration of a poll is kept if it was measured", () => {
  assertEquals(afterPoll(stateOf([]), zeroMs, 7).pollTookMs, 7);
  assertEquals("pollTookMs" in afterPoll(stateOf([]), zeroMs), false);
});

Deno.test("without a session no KILL waits for a fresh list", () => {
  const killing = anInstance("t", { state: "killing", cause: "drained" });
  const { session, ...state } = stateOf([killing]);
  assertEquals(asked({ ...state, session: { ...session, kind: "connecting" } }, later), []);
});

const fast = { poller: { intervalMs: 10 * second, maxIntervalMs: 2 * minute } };

Deno.test("while nothing is scheduled, each interval is half as long again, up to poller.max-interval", () => {
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

Deno.test("a server rests for nine times as long as it took, up to the longest interval", () => {
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

Deno.test("after errors, pauses double from five seconds to the longest interval, half of it random, or as the server requests", () => {
  const state = stateOf([]);
  const failure = (count: number, retryAfterMs?: number): ReadFailure => ({
    problem: problem(retryAfterMs === undefined ? {} : { retryAfterMs }),
    sinceMs: zeroMs,
    count,
  });
  const pause = (count: number, random: number, retryAfterMs?: number): number => {
    const after = afterFailure(state, failure(count, retryAfterMs), { atMs: zeroMs, random });
    assertEquals(after.nextAgentsMs, after.nextPollMs);
    return (after.nextPollMs - zeroMs) / second;
  };
  assertEquals([1, 2, 3, 6, 100].map((count) => pause(count, 0.5)), [5, 10, 20, 120, 120]);
  assertEquals([pause(1, 0), pause(1, 0.9)], [2.5, 7]);
  assertEquals([pause(1, 0.5, 4 * second), pause(1, 0.5, 30 * second)], [5, 30]);
  const eager = stateOf([], {}, { poller: { intervalMs: second, maxIntervalMs: second } });
  assertEquals(afterFailure(eager, failure(1), { atMs: zeroMs, random: 0.5 }).nextPollMs - zeroMs, second);
  const slow = stateOf([], {}, { poller: { intervalMs: 5 * minute, maxIntervalMs: minute } });
  assertEquals(afterFailure(slow, failure(10), { atMs: zeroMs, random: 0.5 }).nextPollMs - zeroMs, 5 * minute);
});

Deno.test("a poll requests pipeline groups only if they are used", () => {
  const draft = new Draft(stateOf([], {}, { profiles: [{ ...linux, pipelineGroups: ["web"] }] }), zeroMs, 0.5);
  pollIfDue(draft);
  assertEquals(finished(draft).effects, [{ kind: "poll-gocd", pipelineGroups: true }]);
});

// When Mesos is asked what has become of tasks, to the millisecond. Stories: session_test.ts.

import { assertEquals } from "@std/assert";
import { Draft } from "../../../src/core/draft.ts";
import type { Effect } from "../../../src/core/effect.ts";
import type { AgentInstance } from "../../../src/core/instance.ts";
import {
  askFor,
  implicitFailed,
  reconcile,
  startReconciliation,
  unansweredAtFirst,
} from "../../../src/core/session/reconciliation.ts";
import type { ReconciliationState, State } from "../../../src/core/state.ts";
import { drive, finished, minute, only, second, zeroMs } from "../../support/core.ts";

const instance = (taskId: string, changes: Partial<AgentInstance> = {}): AgentInstance => ({
  taskId,
  profile: "default",
  profileHash: "00000000",
  gocdResources: [],
  createdMs: zeroMs,
  mesosAgentId: `s-${taskId}`,
  host: "h",
  launchReason: "",
  state: "starting",
  sinceMs: zeroMs,
  ...changes,
} as AgentInstance);

/** A subscribed state with these instances. */
function stateWith(
  instances: readonly AgentInstance[],
  reconciliation: Partial<ReconciliationState> = {},
  changes: Partial<State> = {},
): State {
  const world = drive();
  world.subscribe();
  return {
    ...world.state,
    instances: new Map(instances.map((each) => [each.taskId, each])),
    reconciliation: { ...unansweredAtFirst([]), implicitRequestedMs: zeroMs, ...reconciliation },
    inherited: "known",
    ...changes,
  };
}

function questions(effects: readonly Effect[]): string[][] {
  return only(effects, "reconcile-tasks").map(({ tasks }) => tasks.map(({ taskId }) => taskId));
}

function asked(
  state: State,
  atMs: number,
  act: (draft: Draft) => void = reconcile,
): { said: string[][]; state: State } {
  const draft = new Draft(state, atMs, 0.5);
  act(draft);
  return { said: questions(finished(draft).effects), state: draft.state };
}

Deno.test("pending tasks are reconciled when due, and then after twice the pause, up to five minutes", () => {
  const single = { pending: new Set(["a"]), nextExplicitMs: zeroMs, implicitRequestedMs: zeroMs + 60 * minute };
  let state = stateWith([instance("a")], single);
  assertEquals(asked(state, zeroMs - 1).said, []);
  const pauses: number[] = [];
  for (let round = 0; round < 7; round++) {
    const dueMs = state.reconciliation.nextExplicitMs ?? 0;
    assertEquals(asked(state, dueMs - 1).said, []);
    const next = asked(state, dueMs);
    assertEquals(next.said, [["a"]]);
    pauses.push(((next.state.reconciliation.nextExplicitMs ?? 0) - dueMs) / second);
    state = next.state;
  }
  assertEquals(pauses, [15, 30, 60, 120, 240, 300, 300]);
});

Deno.test("only living instances are reconciled, and the others are forgotten", () => {
  const gone = instance("gone", { state: "gone", cause: "lost", message: "" });
  const state = stateWith([instance("a"), gone], { pending: new Set(["gone", "a", "never"]), nextExplicitMs: zeroMs });
  const { said, state: after } = asked(state, zeroMs);
  assertEquals([said, [...after.reconciliation.pending]], [[["a"]], ["a"]]);
  const idle = stateWith([gone], { pending: new Set(["gone"]), nextExplicitMs: zeroMs });
  assertEquals(asked(idle, zeroMs).said, []);
});

Deno.test("a RECONCILE has five hundred tasks at most", () => {
  const many = Array.from({ length: 501 }, (_, index) => instance(`t${index}`));
  const state = stateWith(many, { pending: new Set(many.map(({ taskId }) => taskId)), nextExplicitMs: zeroMs });
  assertEquals(asked(state, zeroMs).said.map((tasks) => tasks.length), [500, 1]);
  const whole = stateWith(many.slice(1), { pending: state.reconciliation.pending, nextExplicitMs: zeroMs });
  assertEquals(asked(whole, zeroMs).said.map((tasks) => tasks.length), [500]);
});

Deno.test("everything is reconciled every ten minutes, to the millisecond, and never without a session", () => {
  const state = stateWith([]);
  assertEquals(asked(state, zeroMs + 10 * minute - 1).said, []);
  const { said, state: after } = asked(state, zeroMs + 10 * minute);
  assertEquals([said, after.reconciliation.implicitRequestedMs], [[[]], zeroMs + 10 * minute]);
  const connecting = stateWith([], {}, { session: drive().state.session });
  assertEquals(asked(connecting, zeroMs + 10 * minute).said, []);
});

Deno.test("reconciling everything does not affect the reconciliation of single tasks", () => {
  const before = {
    pending: new Set(["a"]),
    nextExplicitMs: zeroMs + 60 * minute,
    explicitDelayMs: minute,
    implicitRequestedMs: zeroMs,
  };
  assertEquals(asked(stateWith([instance("a")], before), zeroMs + 10 * minute).state.reconciliation, {
    ...before,
    implicitRequestedMs: zeroMs + 10 * minute,
  });
});

Deno.test("a reconciliation of everything that may not have arrived needs a new fence, unless the tasks are known", () => {
  const rounds = (["unknown", "known", "none"] as const).map((inherited) =>
    asked(stateWith([], {}, { inherited }), zeroMs, implicitFailed).state.reconciliation.fenceRound
  );
  assertEquals(rounds, [1, undefined, undefined]);
});

Deno.test("a reconciliation of everything that may not have arrived is repeated after a minute", () => {
  const before = { pending: new Set<string>(), explicitDelayMs: minute, implicitRequestedMs: zeroMs };
  const failed = asked(stateWith([], before), zeroMs + 10 * second, implicitFailed).state;
  assertEquals(asked(failed, zeroMs + 70 * second - 1).said, []);
  assertEquals(asked(failed, zeroMs + 70 * second).said, [[]]);
});

Deno.test("a launch is reconciled after thirty seconds without a status, and not again within a minute", () => {
  const launching = instance("a", { state: "launching" });
  const state = stateWith([launching, instance("b")]);
  assertEquals(asked(state, zeroMs + 30 * second - 1).said, []);
  const { said, state: after } = asked(state, zeroMs + 30 * second);
  assertEquals([said, after.instances.get("a")?.lastReconcileMs], [[["a"]], zeroMs + 30 * second]);
  const answered = { ...after, reconciliation: { ...unansweredAtFirst([]), implicitRequestedMs: zeroMs } };
  assertEquals(asked(answered, zeroMs + 90 * second - 1).said, []);
  assertEquals(asked(answered, zeroMs + 90 * second).said, [["a"]]);
  const pending = stateWith([launching], { pending: new Set(["a"]), nextExplicitMs: zeroMs + minute });
  assertEquals(asked(pending, zeroMs + 40 * second).said, []);
});

Deno.test("one task can be reconciled immediately, which restarts the pause", () => {
  const state = stateWith([instance("a"), instance("b")], {
    pending: new Set(["b"]),
    explicitDelayMs: 5 * minute,
    nextExplicitMs: zeroMs + 5 * minute,
  });
  const { state: after } = asked(state, zeroMs, (draft) => askFor(draft, "a"));
  assertEquals([...after.reconciliation.pending], ["b", "a"]);
  assertEquals([after.reconciliation.nextExplicitMs, after.reconciliation.explicitDelayMs], [zeroMs, 15 * second]);
});

Deno.test("after SUBSCRIBED all tasks that may be alive are reconciled at once; a run that inherits reconciles everything as well", () => {
  const gone = instance("gone", { state: "gone", cause: "lost", message: "" });
  const known = asked(stateWith([instance("a"), gone]), zeroMs, startReconciliation);
  assertEquals([known.said, known.state.reconciliation.implicitRequestedMs], [[["a"]], zeroMs]);
  const kept = asked(stateWith([]), zeroMs + minute, startReconciliation);
  assertEquals(kept.state.reconciliation.implicitRequestedMs, zeroMs, "a new session does not put it off");
  const inherits = asked(stateWith([instance("a")], {}, { inherited: "unknown" }), zeroMs, startReconciliation);
  assertEquals(inherits.said.map((tasks) => tasks.length), [1, 0, 1]);
});

// The lines that operators read of their own commands, hosts in maintenance, drains and ends: each branch once,
// word for word. Not here: when they are said (the tests of each subject), the formats (tests/log).

import { assertEquals, fail } from "@std/assert";
import { noteDemand } from "../../../src/core/demand/demand_notes.ts";
import { Draft } from "../../../src/core/draft.ts";
import type { LaunchGate } from "../../../src/core/demand/reason.ts";
import type { OperatorEvent } from "../../../src/core/event.ts";
import { countFailure, countSuccess } from "../../../src/core/life/failures.ts";
import type { DrainReason, KillCause, Registered } from "../../../src/core/instance.ts";
import { noteSwitches } from "../../../src/core/session/operator.ts";
import { sideEffectText } from "../../../src/core/words/commands.ts";
import { end, startDrain, startKill, taskOf } from "../../../src/core/life/phase.ts";
import { cameAsPending, keyFindings, keyWorked } from "../../../src/core/identity/register_key.ts";
import type { State } from "../../../src/core/state.ts";
import type { BucketDemand, JobVerdict } from "../../../src/core/demand/verdict.ts";
import { drive, finished, linesOf, linux, minute, second, zeroMs } from "../../support/core.ts";
import { aBucket, anInstance, aRegistered, mesosSays, stateOf } from "../instance_fixtures.ts";

/** What an act says: level, code and text, with the hint where there is one. */
function said(state: State, act: (draft: Draft) => void, atMs = zeroMs): string[] {
  const draft = new Draft(state, atMs, 0.5);
  act(draft);
  return linesOf(draft).map(({ level, code, text, hint }) =>
    `${level} ${code}: ${text}${hint === undefined ? "" : ` | ${hint}`}`
  );
}

const wishes: readonly (readonly [OperatorEvent, Parameters<typeof sideEffectText>[0], string])[] = [
  [{ kind: "drain-requested" }, { mode: "teardown", frozen: false }, "; the teardown is cancelled"],
  [{ kind: "drain-requested" }, { mode: "run", frozen: false }, ""],
  [{ kind: "launching-frozen" }, { mode: "drain", frozen: true }, ""],
  [{ kind: "launching-resumed" }, { mode: "run", frozen: true }, ""],
  [{ kind: "launching-resumed" }, { mode: "drain", frozen: false }, "; the drain is cancelled"],
  [{ kind: "launching-resumed", profile: "p" }, { mode: "run", frozen: false }, ""],
  [
    { kind: "launching-resumed", profile: "p" },
    { mode: "run", frozen: true },
    ", but nothing is launched: all launching is frozen until a resume without a profile",
  ],
  [
    { kind: "launching-resumed", profile: "p" },
    { mode: "teardown", frozen: true },
    ", but nothing is launched: the teardown continues until a resume without a profile",
  ],
];

for (const [wish, controls, text] of wishes) {
  Deno.test(`beside ${JSON.stringify(wish)} in ${JSON.stringify(controls)} it says "${text}"`, () => {
    assertEquals(sideEffectText(controls, wish), text);
  });
}

Deno.test("switches of an earlier run are reported together, if there are any", () => {
  const switches = (controls: Partial<State["controls"]>): string[] => {
    const state = stateOf([]);
    return said({ ...state, controls: { ...state.controls, ...controls } }, noteSwitches)
      .map((text) => text.replace("warning switches-in-force: still in effect from earlier commands: ", ""));
  };
  const hint = " | `gocd-mesos resume FILE` ends it";
  assertEquals(switches({}), []);
  assertEquals(switches({ mode: "drain" }), [`draining, nothing is launched${hint}`]);
  assertEquals(switches({ mode: "teardown", frozen: true }), [
    `tearing down, the framework is removed once every agent is drained; all launching is frozen${hint}`,
  ]);
  assertEquals(switches({ frozenProfiles: ["a", "b"] }), [`launching of a, b is frozen${hint}`]);
});

/** What the driver says of wishes that change something. */
function wished(event: OperatorEvent, ...before: readonly OperatorEvent[]): string[] {
  const world = drive({ profiles: [linux, { ...linux, name: "gpu" }] });
  for (const each of before) world.send(each);
  world.noted();
  world.send(event);
  return world.noted().map(({ code, text }) => `${code}: ${text}`);
}

for (
  const [event, text] of [
    [{ kind: "launching-frozen" }, "operator: launching is frozen"],
    [{ kind: "launching-frozen", profile: "gpu" }, "operator: launching is frozen for profile gpu"],
    [{ kind: "launching-resumed" }, "operator: launching resumes"],
    [{ kind: "launching-resumed", profile: "gpu" }, "operator: launching resumes for profile gpu"],
    [{ kind: "drain-requested" }, "operator: draining: nothing is launched, each agent is removed once idle"],
    [
      { kind: "teardown-requested", mode: "drain" },
      "operator: tearing down: the framework is removed once every agent is drained",
    ],
    [{ kind: "teardown-requested", mode: "now" }, "operator: tearing down now: every agent is stopped"],
  ] as const satisfies readonly (readonly [OperatorEvent, string])[]
) {
  Deno.test(`the wish ${JSON.stringify(event)} is confirmed`, () => assertEquals(wished(event), [text]));
}

Deno.test("profiles are frozen and resumed one by one, all at once by a resume without a name", () => {
  const world = drive({ profiles: [linux, { ...linux, name: "gpu" }] });
  const frozen = (): unknown => [world.state.controls.frozen, world.state.controls.frozenProfiles.join()];
  for (const profile of ["gpu", "default", "gpu"]) world.send({ kind: "launching-frozen", profile });
  assertEquals(frozen(), [false, "gpu,default"]);
  world.send({ kind: "launching-resumed", profile: "gpu" });
  assertEquals(frozen(), [false, "default"]);
  world.send({ kind: "launching-frozen" });
  assertEquals(frozen(), [true, "default"]);
  world.send({ kind: "drain-requested" });
  world.send({ kind: "launching-resumed" });
  assertEquals([frozen(), world.state.controls.mode], [[false, ""], "run"]);
});

const registered = aRegistered("t", "idle") as Registered;

for (
  const [reason, text] of [
    ["idle", "it has been idle for 90 s and no waiting job needs it"],
    ["maintenance", "its Mesos agent is going into maintenance"],
    ["operator", "the operator asked for it"],
    ["profile-changed", "its profile has changed"],
    ["surplus", "it is no longer needed"],
    ["max-jobs", "it is running the last job of its max-jobs; it finishes that job and takes no other"],
    ["max-lifetime", "it has reached max-lifetime; it finishes its job, if it has one"],
  ] as const satisfies readonly (readonly [DrainReason, string])[]
) {
  Deno.test(`a drain for the reason ${reason} is reported`, () => {
    const draft = new Draft(stateOf([registered]), zeroMs + 90 * second, 0.5);
    startDrain(draft, registered, reason);
    const { notes, effects, state } = finished(draft);
    assertEquals(notes.map((note) => note.text), [`draining t: ${text}`]);
    assertEquals(notes[0]?.fields, { taskId: "t", profile: "default", reason, uuid: "uuid-t" });
    assertEquals(effects, [{ kind: "disable-gocd-agents", agents: [{ taskId: "t", uuid: "uuid-t" }] }]);
    const { activity: _, ...identity } = registered;
    const step = { kind: "disabling", askedMs: zeroMs + 90 * second } as const;
    assertEquals(state.instances.get("t"), {
      ...identity,
      state: "draining",
      sinceMs: zeroMs + 90 * second,
      reason,
      step,
    });
  });
}

for (
  const [cause, level, who] of [
    ["drained", "info", "stopping"],
    ["teardown", "info", "stopping"],
    ["by-mesos", "info", "Mesos stops"],
    ["drain-timeout", "warning", "stopping"],
    ["register-timeout", "warning", "stopping"],
    ["launch-timeout", "warning", "stopping"],
    ["pending-stuck", "warning", "stopping"],
    ["record-deleted", "warning", "stopping"],
  ] as const satisfies readonly (readonly [KillCause, string, string])[]
) {
  Deno.test(`a KILL for the cause ${cause} leaves, unless Mesos kills by itself, and is reported as ${level}`, () => {
    const draft = new Draft(stateOf([registered]), zeroMs + 5, 0.5);
    startKill(draft, { ...registered, lastKillMs: 3 }, cause, { kind: "by-mesos", message: "why" });
    const { notes, effects, state } = finished(draft);
    assertEquals(notes.map((note) => `${note.level}: ${note.text}`), [`${level}: ${who} t: why`]);
    assertEquals(notes[0]?.fields, { taskId: "t", profile: "default", cause, host: "h-t" });
    const kill = { kind: "kill-task", taskId: "t", mesosAgentId: "s-t", graceMs: 30_000 };
    assertEquals(effects, cause === "by-mesos" ? [] : [kill as never]);
    const { activity: _, ...identity } = registered;
    assertEquals(state.instances.get("t"), {
      ...identity,
      ...(cause === "by-mesos" ? {} : { lastKillMs: zeroMs + 5 }),
      state: "killing",
      sinceMs: zeroMs + 5,
      cause,
    });
  });
}

Deno.test("without a session a KILL is stored and not sent", () => {
  const draft = new Draft({ ...drive().state, instances: new Map([["t", registered]]) }, zeroMs, 0.5);
  startKill(draft, registered, "drained", { kind: "drained", isDeleted: true });
  assertEquals([finished(draft).effects, draft.state.instances.get("t")?.lastKillMs], [[], undefined]);
});

Deno.test("an ended instance keeps its identity, its uuid and a message of one line", () => {
  const draft = new Draft(stateOf([registered]), zeroMs + 5, 0.5);
  end(draft, registered, "exited", "two\nlines");
  const { activity: _, ...identity } = registered;
  assertEquals(draft.state.instances.get("t"), {
    ...identity,
    state: "gone",
    sinceMs: zeroMs + 5,
    cause: "exited",
    message: "two lines",
  });
  const bare = anInstance("u", { state: "launching" }, { mesosAgentId: "" });
  assertEquals([taskOf(bare), taskOf(registered)], [{ taskId: "u" }, { taskId: "t", mesosAgentId: "s-t" }]);
});

const fileHint = "to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>)";

/** A state whose profiles, with these keys, are all that there is. */
function withKeys(keys: Readonly<Record<string, string | undefined>>, given: State = stateOf([])): State {
  const [some] = given.settings.profiles;
  const profiles = Object.entries(keys).map(([name, registerKey]) => ({
    ...some ?? fail("no profile"),
    name,
    ...(registerKey === undefined ? {} : { registerKey }),
  }));
  return { ...given, settings: { ...given.settings, profiles } };
}

Deno.test("agents that register as Pending are reported by where the key of their profile is set", () => {
  const common = "go-agent.auto-register-key";
  const own = "profiles.b.env.AGENT_AUTO_REGISTER_KEY";
  const state = withKeys({ a: common, b: own, c: undefined });
  const told = (profile: string, given = state): string[] =>
    said(given, (draft) => cameAsPending(draft, { taskId: "t", profile }, "u"));
  const line = (level: string, why: string, hint = ""): string[] => [
    `${level} agent-enabling: t has registered as Pending (${why}); enabling it${hint}`,
  ];
  const ofA = ` | set ${common} ${fileHint}`;
  assertEquals(told("a"), line("warning", `the server does not accept ${common}`, ofA));
  assertEquals(
    told("b"),
    line("warning", `the server does not accept ${own}`, ` | set ${own} ${fileHint}, or remove it there`),
  );
  const server = { ...state.server, keyOutcomes: new Map([["a", { kind: "refused", sinceMs: 1 } as const]]) };
  assertEquals(told("a", { ...state, server }), line("info", `the server does not accept ${common}`, ofA));
  assertEquals(told("c"), line("info", "go-agent.auto-register-key is not set", ofA));
  assertEquals(told("gone"), line("info", "its profile is no longer configured"));
});

Deno.test("a key that was refused is a finding of its profiles from then until one of each has registered with it", () => {
  const draft = new Draft(withKeys({ a: "k", b: "k", c: "l", d: "l" }), zeroMs + 7, 0.5);
  const found = (): readonly string[] =>
    keyFindings(draft.state).map(({ code, subject, profiles, sinceMs }) =>
      `${code} ${subject}: ${profiles?.join()} since ${(sinceMs ?? 0) - zeroMs}`
    );
  assertEquals(found(), []);
  for (const profile of ["a", "c", "b"]) cameAsPending(draft, { taskId: "t", profile }, "u");
  assertEquals(found(), ["wrong-auto-register-key k: a,b since 7", "wrong-auto-register-key l: c since 7"]);
  for (const profile of ["a", "b", "d"]) keyWorked(draft, profile);
  assertEquals(found(), ["wrong-auto-register-key l: c since 7"]);
});

Deno.test("a key that the server accepts of one profile does not come through the image of another", () => {
  const draft = new Draft(withKeys({ a: "k", b: "k" }), zeroMs, 0.5);
  cameAsPending(draft, { taskId: "t", profile: "b" }, "u");
  const said = (): readonly string[] => keyFindings(draft.state).map(({ message, hint }) => `${message} | ${hint}`);
  assertEquals(said(), [
    "agents of profile b register as Pending and are enabled individually: the GoCD server does not know the key at k, or its " +
    `image does not pass it on | set k ${fileHint}, or remove it there`,
  ]);
  keyWorked(draft, "a");
  assertEquals(said(), [
    "agents of profile b register as Pending and are enabled individually: its image does not pass on the key at k, which the " +
    "GoCD server accepts from other agents | use an image that passes on AGENT_AUTO_REGISTER_KEY (or AGENT_KEY) to the agent",
  ]);
});

Deno.test("a profile is reported as failing at its third failure in a row, once, and as working again after it", () => {
  const draft = new Draft(stateOf([]), zeroMs, 0.5);
  const failed = (createdMs: number): string[] => {
    const next = new Draft(draft.state, createdMs + 1, 0.5);
    countFailure(next, anInstance("t", { state: "starting" }, { createdMs }), mesosSays("no image"));
    draft.set(next.state);
    return linesOf(next).filter(({ code }) => code === "profile-failing").map(({ text }) => text);
  };
  assertEquals([failed(zeroMs), failed(zeroMs + minute)], [[], []]);
  assertEquals(failed(zeroMs + 2 * minute), [
    "profile default: 3 launches failed in a row (no image); from now on one is tried at a time, the next in 40 s",
  ]);
  assertEquals(failed(zeroMs + 2 * minute), []);
  assertEquals(failed(zeroMs + 3 * minute), []);
  const worked = (failures: number): string[] => {
    const profiles = new Map([["default", {
      failures,
      sinceMs: 0,
      lastFailureMs: 0,
      retryMs: 0,
      lastFailure: mesosSays("x"),
    }]]);
    return said({ ...draft.state, breakers: { profiles, hosts: new Map() } }, (each) => countSuccess(each, registered));
  };
  assertEquals(worked(2), []);
  assertEquals(worked(3), ["info profile-recovered: profile default works again: t has registered"]);
});

/** What is reported about these buckets and jobs after those. */
function demanded(
  after: readonly BucketDemand[],
  before: readonly BucketDemand[] = [],
  jobs: readonly JobVerdict[] = [],
): string[] {
  const { demand, ...state } = stateOf([]);
  return said(
    { ...state, demand },
    (draft) => noteDemand(draft, { ...demand, buckets: before }, { ...demand, buckets: after, jobs }),
  );
}

Deno.test("the only kind of jobs is reported in full when its picture changes, in any of its numbers, and not else", () => {
  const one = aBucket(";linux");
  assertEquals(demanded([one]), [
    "info demand-changed: 1 job waits (linux) for profile default: 1 needs an agent",
    "debug bucket-changed: 1 job waits (linux) for profile default: 1 needs an agent",
  ]);
  assertEquals(demanded([one], [{ ...one, pollsInARow: 7, gate: { kind: "held-restarted" } }]), []);
  const numbers = ["waiting", "willBeTaken", "coming", "otherCause", "needsAgent", "unserved", "wanted", "limitedTo"];
  for (const name of numbers) assertEquals(demanded([{ ...one, [name]: 5 }], [one]).length, 2, name);
});

Deno.test("of several kinds of jobs the sums are reported in one line, and only when one of them changes", () => {
  const linux = aBucket("a", { waiting: 3, willBeTaken: 1, needsAgent: 2 });
  const { profile: _, ...gpu } = aBucket("b", { waiting: 5, needsAgent: 0, coming: 1, otherCause: 1, unserved: 3 });
  const [told, ...details] = demanded([linux, gpu]);
  assertEquals(
    told,
    "info demand-changed: 8 jobs wait, of 2 kinds: 1 will be taken by idle agents; 1 will be taken by agents on their " +
      "way; 1 waits for another reason; 2 need an agent; 3 unserved",
  );
  assertEquals(details.map((line) => line.split(":")[0]), ["debug bucket-changed", "debug bucket-changed"]);
  const swapped = [{ ...linux, waiting: 5 }, { ...gpu, waiting: 3 }];
  assertEquals(demanded(swapped, [linux, gpu]).map((line) => line.slice(0, 5)), ["debug", "debug"]);
  assertEquals(demanded([linux, { ...gpu, unserved: 4 }], [linux, gpu])[0]?.slice(0, 19), "info demand-changed");
});

Deno.test("what holds back launches of several kinds of jobs is reported once each, at most three of them", () => {
  const held = (key: string, gate: LaunchGate): BucketDemand => aBucket(key, { gate });
  const gates: LaunchGate[] = [
    { kind: "held-restarted" },
    { kind: "held-frozen" },
    { kind: "held-frozen" },
    { kind: "held-mode", mode: "drain" },
    { kind: "held-rate", perMinute: 10 },
  ];
  assertEquals(
    demanded(gates.map((gate, index) => held(`k${index}`, gate)))[0],
    "info demand-changed: 5 jobs wait, of 5 kinds: 5 need an agent; the GoCD server has just restarted and its agents " +
      "are not back yet; launching is frozen by the operator; draining: nothing is launched",
  );
});

Deno.test("of many kinds of jobs twenty are reported in detail; the end of all is reported once", () => {
  const many = Array.from({ length: 22 }, (_, index) => aBucket(`k${index}`));
  assertEquals(demanded(many).length, 21);
  assertEquals(demanded([], many), ["info demand-none: no job waits for an agent of ours"]);
  assertEquals(demanded([], []), []);
});

const verdict = (changes: Partial<JobVerdict>): JobVerdict => ({
  locator: "p/1/s/1/j",
  name: "j",
  gocdResources: ["gpu"],
  verdict: "unserved",
  reason: { kind: "no-profile" },
  firstSeenMs: 0,
  ...changes,
});

Deno.test("one job for each kind and cause is reported of those that cannot be served", () => {
  const told = (...jobs: readonly JobVerdict[]): string[] => demanded([], [], jobs);
  assertEquals(told(verdict({}), verdict({ locator: "p/2/s/1/j" })), [
    "warning job-unserved: no profile serves p/1/s/1/j (gpu): no profile is configured",
  ]);
  assertEquals(told(verdict({}), verdict({ environment: "prod", locator: "x" })).length, 2);
  const reason = { kind: "left-before", untilMs: zeroMs + 30 * second } as const;
  assertEquals(told(verdict({ verdict: "other-cause", reason })), [
    "warning job-other-cause: p/1/s/1/j waits, but not for an agent: an idle matching agent did not take it before, so another agent would not help; next try at 2023-11-14T22:13:50Z",
  ]);
  const off = { kind: "maintenance", mode: "maintenance mode" } as const;
  assertEquals(told(verdict({ verdict: "other-cause", reason: off })), []);
  assertEquals(told(verdict({ verdict: "needs-agent" }), verdict({ verdict: "not-ours" })), []);
  const many = Array.from({ length: 25 }, (_, index) => verdict({ gocdResources: [`r${index}`] }));
  assertEquals(told(...many).length, 20);
});

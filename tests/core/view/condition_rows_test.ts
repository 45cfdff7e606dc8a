// Each condition as a whole: its severity, code, text, hint and times. Which problems become which: condition_test.ts.

import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Note } from "../../../src/core/note.ts";
import { type Condition, conditionOf, conditionsOf } from "../../../src/core/view/condition.ts";
import { conditionEvents } from "../../../src/core/view/condition_event.ts";
import { withNote } from "../../../src/core/view/noted.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import type { JobView, StatusView } from "../../../src/core/view/view.ts";
import { drive, minute, zeroMs } from "../../support/core.ts";

const longMs = 30 * minute;
const atMs = zeroMs + 100 * minute;

/** A picture in which nothing is wrong, with these parts. */
function picture(changes: Partial<StatusView> = {}): StatusView {
  const world = drive();
  world.subscribe();
  world.poll();
  return { ...statusView(world.state, world.atMs), atMs, ...changes };
}

const now = (changes: Partial<StatusView>): readonly Condition[] => conditionsOf(picture(changes), longMs).now;

Deno.test("each event has its severity, the most severe first", () => {
  const told = { code: "c", text: "t", hint: "h" };
  assertEquals(conditionEvents.map((event) => `${conditionOf({ ...told, event }).severity} ${event}`), [
    "critical framework-removed",
    "critical credentials-refused",
    "critical stale-data",
    "critical writes-refused",
    "critical state-not-stored",
    "critical brake",
    "warning server-failing",
    "warning breaker",
    "warning jobs-unserved",
    "warning jobs-waiting",
    "warning limit-reached",
    "warning other",
    "info leader",
  ]);
  assertEquals(conditionOf({ ...told, event: "breaker", subject: "linux" }), {
    ...told,
    event: "breaker",
    severity: "warning",
    key: "breaker/linux",
  });
});

for (
  const [code, event] of [
    ["gocd-bad-credentials", "credentials-refused"],
    ["gocd-bad-secret", "credentials-refused"],
    ["gocd-bad-token", "credentials-refused"],
    ["gocd-credentials-lost", "credentials-refused"],
    ["gocd-credentials-not-wanted", "credentials-refused"],
    ["gocd-forbidden", "credentials-refused"],
    ["gocd-missing-or-forbidden", "credentials-refused"],
    ["gocd-not-authenticated", "credentials-refused"],
    ["gocd-secret-unreadable", "credentials-refused"],
    ["gocd-too-few-rights", "credentials-refused"],
    ["gocd-unreachable", "server-failing"],
    ["gocd-writes-refused", "writes-refused"],
  ] as const
) {
  Deno.test(`a GoCD server that fails with ${code} is reported as ${event}, and its problem is not reported again`, () => {
    const problem = { code, message: "m", hint: "h" };
    const { gocd } = picture();
    const health = { state: "failing", sinceMs: 7, problem } as const;
    const { key, ...rest } = conditionOf({ event, code, text: "m", hint: "h", sinceMs: 7 });
    assertEquals(now({ gocd: { ...gocd, health }, problems: [problem] }), [
      { ...rest, key: event === "writes-refused" ? key : `${event}/gocd` },
    ]);
  });
}

for (
  const [code, key] of [
    ["held-limit", "limit-reached"],
    ["held-share", "limit-reached"],
    ["held-cpu-hours", "limit-reached"],
    ["gocd-too-few-rights", "credentials-refused"],
    ["gocd-writes-refused", "writes-refused"],
    ["jobs-unserved", "jobs-unserved"],
    ["brake-on", "brake"],
    ["profile-failing", "breaker"],
    ["gocd-disk-full", "other/gocd-disk-full"],
    ["gocd-feed-gone", undefined],
    ["gocd-job-unassigned", undefined],
    ["held-no-session", undefined],
    ["held-brake", undefined],
    ["held-restarted", undefined],
  ] as const
) {
  Deno.test(`the problem ${code} is reported ${key === undefined ? "by no condition" : `as ${key}`}`, () => {
    const problems = [{ code, message: "m", hint: "h" }];
    assertEquals(now({ problems }).map((each) => each.key), key === undefined ? [] : [key]);
  });
}

Deno.test("a problem is reported with all that is known of it", () => {
  const problem = { code: "profile-failing", message: "m", hint: "h", detail: "d", profile: "linux", sinceMs: 7 };
  const { message: text, profile: _, ...facts } = problem;
  assertEquals(now({ problems: [problem] }), [
    { ...facts, text, event: "breaker", key: "breaker/linux", severity: "warning" },
  ]);
  const bare = { code: "odd", message: "m", hint: "h" };
  assertEquals(now({ problems: [bare, { ...bare, subject: "s", profile: "p" }] }), [
    { event: "other", key: "other/odd", severity: "warning", code: "odd", text: "m", hint: "h" },
    { event: "other", key: "other/odd/s", severity: "warning", code: "odd", text: "m", hint: "h" },
  ]);
});

Deno.test("data is reported as old since the last poll if the picture is marked as stale", () => {
  const { gocd } = picture();
  const problems = [{ code: "held-brake", message: "x", hint: "y" }, { code: "held-stale", message: "m", hint: "h" }];
  const told = {
    event: "stale-data",
    key: "stale-data",
    severity: "critical",
    code: "held-stale",
    text: "m",
    hint: "h",
  };
  assertEquals(now({ gocd: { ...gocd, stale: true }, problems }), [{ ...told, sinceMs: zeroMs } as Condition]);
  assertEquals([now({ problems }), now({ gocd: { ...gocd, stale: true } })], [[], []]);
});

Deno.test("the leader is reported at once, and a standby that sees no leader for five minutes reports that", () => {
  assertEquals(conditionsOf(picture({ leadership: { role: "leader", sinceMs: 7 } }), longMs), {
    now: [{
      event: "leader",
      key: "leader",
      severity: "info",
      code: "leading",
      text: "this instance leads, and runs framework GoCD-Mesos",
      hint: "",
      sinceMs: 7,
      isSudden: true,
    }],
    isBlind: false,
  });
  const standby = (forMs: number) =>
    conditionsOf(picture({ leadership: { role: "standby", sinceMs: atMs - forMs } }), longMs);
  assertEquals(standby(5 * minute), { now: [], isBlind: true });
  assertEquals(standby(5 * minute + 1), {
    now: [{
      event: "leader",
      key: "leader/none",
      severity: "info",
      code: "no-leader",
      text: "on standby, and no leader is known: is ZooKeeper (state.path) reachable?",
      hint: "",
      sinceMs: atMs - 5 * minute - 1,
      isSudden: true,
    }],
    isBlind: true,
  });
});

/** A job that has waited for so long. */
const waiting = (name: string, forMs: number, changes: Partial<JobView> = {}): JobView => ({
  locator: name,
  name,
  gocdResources: ["linux"],
  verdict: "needs-agent",
  reason: `of ${name}`,
  reasonCode: "no-offer",
  firstSeenMs: atMs - forMs,
  ...changes,
});

Deno.test("a job is reported once it has waited for longer than the limit, unless no agent of ours would take it", () => {
  const told = (...jobs: readonly JobView[]): readonly string[] => now({ jobs }).map(({ text }) => text);
  assertEquals([told(waiting("a", longMs)), told(waiting("a", longMs + 1))], [[], ["a has waited for 30 min: of a"]]);
  for (const verdict of ["unserved", "not-ours"] as const) {
    assertEquals(told(waiting("a", 2 * longMs, { verdict })), []);
  }
  for (const verdict of ["coming", "will-be-taken", "other-cause"] as const) {
    assertEquals(told(waiting("a", 2 * longMs, { verdict })).length, 1);
  }
});

Deno.test("jobs with the same needs are one long wait, whatever their order and case, by the one that waits longest", () => {
  const jobs = [
    waiting("a", 40 * minute, { gocdResources: ["linux", "docker"] }),
    waiting("b", 50 * minute, { gocdResources: ["Docker", "Linux"], reasonCode: "launching", nextAct: "wait" }),
    waiting("c", 45 * minute, { gocdResources: ["linux", "docker"] }),
    waiting("d", 60 * minute, { gocdResources: ["linux", "docker"], environment: "prod" }),
  ];
  assertEquals(now({ jobs }), [
    {
      event: "jobs-waiting",
      key: "jobs-waiting/docker, linux in environment prod",
      severity: "warning",
      code: "no-offer",
      text: "d has waited for 60 min: of d",
      hint: "",
      sinceMs: atMs - 60 * minute,
    },
    {
      event: "jobs-waiting",
      key: "jobs-waiting/docker, linux",
      severity: "warning",
      code: "launching",
      text: "3 jobs like b wait, the first for 50 min: of b",
      hint: "wait",
      sinceMs: atMs - 50 * minute,
    },
  ]);
});

Deno.test("of two conditions with one key the later one is reported", () => {
  const problems = ["one", "two"].map((message) => ({ code: "odd", message, hint: "" }));
  assertEquals(now({ problems }).map(({ text }) => text), ["two"]);
});

Deno.test("a condition from a note has its text, and is sudden only if a framework ends", () => {
  const told = (note: Note): readonly Condition[] => [...withNote(new Map(), note, 9).values()];
  assertEquals(told({ kind: "framework-failed-over" }), [{
    event: "framework-removed",
    key: "framework-removed",
    severity: "critical",
    code: "framework-failed-over",
    text: "another instance has taken over our framework id; this one steps down and leaves all agents to it",
    hint: "run one instance per framework id, or give each its own state",
    sinceMs: 9,
    isSudden: true,
  }]);
  assertEquals(told({ kind: "framework-replaced", frameworkId: "f", message: "m" }), [{
    event: "framework-removed",
    key: "framework-removed",
    severity: "critical",
    code: "framework-removed",
    text: "Mesos has removed framework f (m); no agent of ours is left, so a new one is registered",
    hint: "",
    sinceMs: 9,
    isSudden: true,
  }]);
  assertEquals(told({ kind: "mesos-failed", message: "401", code: "mesos-unauthorized", hint: "see the secret" }), [{
    event: "credentials-refused",
    key: "credentials-refused/mesos",
    severity: "critical",
    code: "mesos-unauthorized",
    text: "401; retried until it succeeds",
    hint: "see the secret",
    sinceMs: 9,
  }]);
});

Deno.test("a note that reports nothing new leaves what was noted as it is", () => {
  const refused: Note = { kind: "framework-refused", error: "unauthorized", message: "no" };
  const noted = withNote(withNote(new Map(), { kind: "store-failed", problem: "full" }, 1), refused, 2);
  assertEquals([...noted.keys()], ["state-not-stored", "credentials-refused/mesos"]);
  assertEquals(withNote(noted, refused, 3).get("credentials-refused/mesos")?.sinceMs, 2);
  assertStrictEquals(withNote(noted, { kind: "leading" }, 3), noted);
  const subscribed = withNote(noted, { kind: "subscribed", master: "m", frameworkId: "f", instances: 0 }, 3);
  assertEquals([...subscribed.keys()], ["state-not-stored"]);
  assertStrictEquals(
    withNote(subscribed, { kind: "subscribed", master: "m", frameworkId: "f", instances: 0 }, 4),
    subscribed,
  );
  assertEquals([...withNote(noted, { kind: "store-works" }, 3).keys()], ["credentials-refused/mesos"]);
});

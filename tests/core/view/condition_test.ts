// The conditions for webhooks, from the picture and from notes.

import { assertEquals, assertMatch } from "@std/assert";
import type { Finding } from "../../../src/core/event.ts";
import type { Note } from "../../../src/core/note.ts";
import { type Conditions, conditionsOf } from "../../../src/core/view/condition.ts";
import { conditionEvents } from "../../../src/core/view/condition_event.ts";
import { type Noted, withNote } from "../../../src/core/view/noted.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import type { StatusView } from "../../../src/core/view/view.ts";
import { drive, type Driver, gocdAgent, job, minute, offer, problem, second, serverInfo } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const longMs = 30 * minute;

const view = ({ state, atMs }: Driver): StatusView => statusView(state, atMs);
const keys = ({ now }: Conditions): readonly string[] => now.map(({ key, severity }) => `${severity} ${key}`);
const shown = (some: StatusView): readonly string[] => keys(conditionsOf(some, longMs));

/** A program that has polled and is subscribed. */
function running(): Driver {
  const world = drive();
  world.wait(second);
  world.send({ kind: "subscribed", frameworkId: "f-1", master: "mesos:5050" });
  world.poll();
  return world;
}

function withFindings(findings: readonly Finding[]): StatusView {
  const world = running();
  world.send({ kind: "gocd-polled", server: serverInfo, jobs: [], agents: [], findings });
  return view(world);
}

Deno.test("if nothing is wrong, nothing is reported, not even at the start", () => {
  assertEquals(shown(view(running())), []);
  assertEquals(shown(view(drive())), []);
});

Deno.test("a server that fails is one condition, and old data is another", () => {
  const world = running();
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  world.send({ kind: "disconnected", reason: "the connection was refused" });
  assertEquals(shown(view(world)), ["warning server-failing/gocd", "warning server-failing/mesos"]);
  world.wait(20 * minute);
  assertEquals(shown(view(world)).filter((each) => !each.endsWith("/mesos")), [
    "warning server-failing/gocd",
    "critical stale-data",
  ]);
  const [failing, , stale] = conditionsOf(view(world), longMs).now;
  assertEquals(failing?.code, problem().code);
  assertEquals(stale?.sinceMs, view(world).gocd.lastPollMs);
});

Deno.test("data that was never read has no time", () => {
  const world = drive();
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  world.wait(20 * minute);
  const stale = conditionsOf(view(world), longMs).now.find(({ event }) => event === "stale-data");
  assertEquals([stale?.code, stale?.sinceMs], ["held-stale", undefined]);
});

Deno.test("a server that rejects our identity is reported as such", () => {
  const world = running();
  world.send({ kind: "gocd-poll-failed", problem: { ...problem(), code: "gocd-bad-credentials" } });
  assertEquals(shown(view(world)), ["critical credentials-refused/gocd"]);
  const finding = { code: "gocd-too-few-rights", message: "no administrator", hint: "make it one" };
  assertEquals(shown(withFindings([finding])), ["critical credentials-refused"]);
});

Deno.test("each problem of the picture is a condition: by its kind, with what distinguishes it", () => {
  const findings: readonly Finding[] = [
    { code: "profile-failing", message: "linux fails", hint: "", profile: "linux" },
    { code: "brake-on", message: "gone", hint: "" },
    { code: "held-limit", message: "limit", hint: "" },
    { code: "held-limit", message: "limit", hint: "", profile: "linux" },
    { code: "jobs-unserved", message: "no", hint: "", subject: "resource x" },
    { code: "gocd-writes-refused", message: "no", hint: "" },
    { code: "gocd-disk-full", message: "full", hint: "", sinceMs: 1_000 },
    { code: "gocd-duplicate", message: "twice", hint: "", profile: "linux" },
    { code: "constructor", message: "odd", hint: "" },
  ];
  assertEquals(shown({ ...view(running()), problems: findings }), [
    "warning breaker/linux",
    "critical brake",
    "warning limit-reached",
    "warning limit-reached/linux",
    "warning jobs-unserved/resource x",
    "critical writes-refused",
    "warning other/gocd-disk-full",
    "warning other/gocd-duplicate/linux",
    "warning other/constructor",
  ]);
  const { now } = conditionsOf({ ...view(running()), problems: findings }, longMs);
  assertEquals(now.map(({ sinceMs }) => sinceMs).filter((sinceMs) => sinceMs !== undefined), [1_000]);
});

Deno.test("a breaker that lets one launch through is not closed before an agent has registered", () => {
  const world = drive({ poller: { attempts: 0 } });
  world.subscribe();
  world.poll({ jobs: [job("a")] });
  world.offers(offer("h1"));
  const [taskId = ""] = world.state.instances.keys();
  world.status(taskId, "TASK_FAILED", { reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "Failed to pull image" });
  const breakers = (): readonly string[] =>
    conditionsOf(view(world), longMs).now.filter(({ event }) => event === "breaker")
      .map(({ key, sinceMs }) => `${key} since ${sinceMs}`);
  const open = [`breaker/default since ${world.atMs}`];
  assertEquals(breakers(), open);
  world.wait(11 * second);
  assertEquals(breakers(), open);
  world.send({ kind: "launching-resumed", profile: "default" });
  assertEquals(breakers(), open);
  world.offers(offer("h2"));
  const next = [...world.state.instances.values()].find(({ state }) => state === "launching")?.taskId ?? "";
  world.status(next, "TASK_RUNNING");
  world.read(gocdAgent(next));
  assertEquals(breakers(), []);
});

Deno.test("what another condition already reports is not reported again", () => {
  const codes = ["held-no-session", "held-brake", "held-restarted", "gocd-job-unassigned", "held-stale"];
  const problems = codes.map((code) => ({ code, message: code, hint: "" }));
  assertEquals(shown({ ...view(running()), problems }), []);
});

Deno.test("refused writes are reported as such, although they are part of the server's health", () => {
  const base = view(running());
  const failing = { code: "gocd-writes-refused", message: "no agent could be deleted", hint: "see the rights" };
  const health = { state: "failing", sinceMs: base.atMs - minute, problem: failing } as const;
  assertEquals(shown({ ...base, gocd: { ...base.gocd, health }, problems: [failing] }), ["critical writes-refused"]);
});

Deno.test("jobs that no profile serves are reported once for each thing that is lacking", () => {
  const world = drive({ profiles: [aProfile({ gocdResources: ["linux"] })] });
  const of = (name: string, resource: string) => job(name, { gocdResources: [resource] });
  world.poll({ jobs: [of("a", "windows"), of("b", "Windows"), of("c", "mac")] });
  assertEquals(shown(view(world)).filter((each) => each.includes("unserved")), [
    "warning jobs-unserved/resource windows",
    "warning jobs-unserved/resource mac",
  ]);
});

Deno.test("jobs that wait for long are reported once for each kind, with the first of them and the reason", () => {
  const world = running();
  const jobs = [job("a"), job("b")];
  for (let passedMs = 0; passedMs <= longMs; passedMs += minute) {
    world.poll({ jobs });
    world.wait(minute);
  }
  world.poll({ jobs: [...jobs, job("c")] });
  const waiting = conditionsOf(view(world), longMs).now.filter(({ event }) => event === "jobs-waiting");
  assertEquals(waiting.map(({ key }) => key), ["jobs-waiting/linux"]);
  assertMatch(waiting[0]?.text ?? "", /^2 jobs like .*a wait, the first for 31 min: /);
  assertEquals(conditionsOf(view(world), 60 * minute).now.filter(({ event }) => event === "jobs-waiting"), []);
});

Deno.test("only so many kinds of waiting jobs are reported, those that wait longest", () => {
  const base = view(running());
  const jobs = Array.from({ length: 30 }, (_, index) => ({
    locator: `p/1/s/1/j${index}`,
    name: `j${index}`,
    gocdResources: [`r${index}`],
    verdict: "needs-agent" as const,
    reason: "no offer",
    reasonCode: "no-offer" as const,
    nextAct: "add a host",
    firstSeenMs: base.atMs - 60 * minute - index,
  }));
  const { now } = conditionsOf({ ...base, jobs }, longMs);
  assertEquals(now.length, 20);
  assertEquals(now[0]?.key, "jobs-waiting/r29");
  assertEquals([now[0]?.text, now[0]?.hint], ["p/1/s/1/j29 has waited for 60 min: no offer", "add a host"]);
});

Deno.test("a leader reports that it leads, and a standby reports only that there is no leader", () => {
  const base = view(running());
  const problems = [{ code: "x", message: "x", hint: "" }];
  const leads = { ...base, leadership: { role: "leader", sinceMs: base.startedMs } } as const;
  const { now: [leader], isBlind } = conditionsOf(leads, longMs);
  assertEquals([leader?.key, leader?.isSudden, isBlind], ["leader", true, false]);
  const standby = { ...base, problems, leadership: { role: "standby", sinceMs: base.atMs - 6 * minute } } as const;
  assertEquals(conditionsOf({ ...standby, leadership: { ...standby.leadership, leader: "b:1" } }, longMs), {
    now: [],
    isBlind: true,
  });
  assertEquals(shown(standby), ["info leader/none"]);
});

const removed: Note = { kind: "framework-removed", frameworkId: "f-1", instances: 1 };
const cases: readonly (readonly [note: Note, key: string | undefined])[] = [
  [removed, "critical framework-removed"],
  [{ kind: "framework-replaced", message: "torn down" }, "critical framework-removed"],
  [{ kind: "framework-failed-over" }, "critical framework-removed"],
  [{ kind: "framework-refused", error: "other", message: "no" }, "critical framework-removed"],
  [{ kind: "framework-refused", error: "unauthorized", message: "no" }, "critical credentials-refused/mesos"],
  [{ kind: "mesos-failed", message: "401", code: "mesos-unauthorized" }, "critical credentials-refused/mesos"],
  [{ kind: "mesos-failed", message: "gone", code: "mesos-unreachable" }, undefined],
  [{ kind: "store-failed", problem: "the disk is full", hint: "free it" }, "critical state-not-stored"],
  [{ kind: "leading" }, undefined],
];

const noted = (some: Noted): readonly string[] => [...some.values()].map(({ key, severity }) => `${severity} ${key}`);

for (const [note, key] of cases) {
  Deno.test(`the note ${JSON.stringify(note)} tells ${key ?? "nothing"}`, () => {
    assertEquals(noted(withNote(new Map(), note, 0)), key === undefined ? [] : [key]);
  });
}

Deno.test("a condition from notes lasts from the first of them until a note reports its end", () => {
  const full: Note = { kind: "store-failed", problem: "the disk is full" };
  const first = withNote(withNote(new Map(), full, 1_000), removed, 2_000);
  const again = withNote(first, full, 3_000);
  assertEquals(again.get("state-not-stored")?.sinceMs, 1_000);
  const subscribed = withNote(again, { kind: "subscribed", master: "m", frameworkId: "f", instances: 0 }, 4_000);
  assertEquals(noted(subscribed), ["critical state-not-stored"]);
  const none = withNote(subscribed, { kind: "store-works" }, 5_000);
  assertEquals(noted(none), []);
  assertEquals(withNote(none, { kind: "store-works" }, 6_000), none);
});

Deno.test("every event has its row in docs/webhooks.md with its severity", async () => {
  const docs = await Deno.readTextFile(new URL("../../../docs/webhooks.md", import.meta.url));
  for (const event of conditionEvents) assertMatch(docs, new RegExp(`\\| \`${event}\` +\\| \`\\w+\` `));
  const told = cases.flatMap(([, key]) => key ?? []).map((key) => key.split(/[ /]/));
  for (const [severity, event] of told) assertMatch(docs, new RegExp(`\\| \`${event}\` +\\| \`${severity}\` `));
});

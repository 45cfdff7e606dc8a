// Checks that every value of a frame is allowed by its type, and that texts for people are complete. The compiler
// checks the first; here it is also checked for mutants.

import { noteLine } from "../../src/core/words/notes.ts";
import { launchReasonText, verdictText } from "../../src/core/words/reasons.ts";
import { assert } from "@std/assert";
import type { Effect } from "../../src/core/effect.ts";
import type { Frame } from "../../src/core/frame.ts";
import type {
  AgentActivity,
  AgentInstance,
  DrainReason,
  DrainStep,
  EndCause,
  KillCause,
  RetireReason,
} from "../../src/core/instance.ts";
import type { Note, NoteLevel } from "../../src/core/note.ts";
import type { StateRecord } from "../../src/core/record.ts";
import type { SessionState, State } from "../../src/core/state.ts";
import type { JobVerdict } from "../../src/core/demand/verdict.ts";

/** All values of a type; the compiler checks completeness. */
type Words<Word extends string> = Readonly<Record<Word, true>>;

const levels: Words<NoteLevel> = { debug: true, info: true, warning: true, error: true };
const records: Words<StateRecord["kind"]> = {
  framework: true,
  controls: true,
  "cpu-use": true,
  suspicion: true,
  instance: true,
  "instance-removed": true,
};
const states: Words<AgentInstance["state"]> = {
  launching: true,
  starting: true,
  registered: true,
  draining: true,
  killing: true,
  unreachable: true,
  gone: true,
};
const activities: Words<AgentActivity["kind"]> = { idle: true, building: true, unsure: true };
const steps: Words<DrainStep["kind"]> = {
  disabling: true,
  finishing: true,
  confirming: true,
  deleting: true,
  absent: true,
  enabling: true,
};
const retires: Words<RetireReason> = {
  maintenance: true,
  operator: true,
  "profile-changed": true,
  surplus: true,
  "max-jobs": true,
  "max-lifetime": true,
  "fair-share": true,
  "stop-sent": true,
};
const drains: Words<DrainReason> = { idle: true, ...retires };
const kills: Words<KillCause> = {
  drained: true,
  "drain-timeout": true,
  "register-timeout": true,
  "launch-timeout": true,
  "pending-stuck": true,
  "record-deleted": true,
  "by-mesos": true,
  teardown: true,
};
const ends: Words<EndCause> = {
  stopped: true,
  dropped: true,
  "launch-failed": true,
  exited: true,
  "never-registered": true,
  lost: true,
};
const verdicts: Words<JobVerdict["verdict"]> = {
  "will-be-taken": true,
  coming: true,
  "needs-agent": true,
  "other-cause": true,
  unserved: true,
  "not-ours": true,
};
const sessions: Words<SessionState["kind"]> = { connecting: true, subscribed: true, superseded: true, ended: true };

/** Checks all values and texts of a frame and its state. */
export function assertWords({ state, records: stored, effects, notes }: Frame): void {
  for (const note of notes) assertNote(note);
  for (const effect of effects) assertEffect(effect);
  for (const record of stored) assertWord(records, record.kind);
  for (const instance of state.instances.values()) assertInstance(instance);
  assertState(state);
}

function assertWord(words: Readonly<Record<string, true>>, word: string): void {
  if (!Object.hasOwn(words, word)) throw new Error(`"${word}" is none of ${Object.keys(words).join(", ")}`);
}

function assertId(id: string): void {
  assert(typeof id === "string" && id !== "", "an empty id");
}

function assertIds(ids: readonly string[]): void {
  assert(ids.length > 0, "nothing is named");
  ids.forEach(assertId);
}

/** Text for people: not empty, not truncated, without undefined values. */
function assertText(text: string): void {
  const isWhole = text !== "" && text === text.trim() && !/undefined|\bNaN\b|\[object|Infinity/.test(text);
  if (!isWhole) throw new Error(`not a text for people: ${JSON.stringify(text)}`);
}

/** Codes of notes whose text is sufficient, in addition to findings of a poll (`gocd-…`). */
const fieldless: readonly string[] = [
  "demand-none",
  "environment-missing",
  "framework-failed-over",
  "framework-removed",
  "torn-down",
  "wrong-auto-register-key",
];

function assertCode(code: string): void {
  assert(/^[a-z]+(-[a-z0-9]+)*$/.test(code), `not a code: ${JSON.stringify(code)}`);
}

function assertNote(note: Note): void {
  const { level, code, text, hint, fields, onceKey } = noteLine(note, 0);
  assertWord(levels, level);
  assertCode(code);
  assertText(text);
  if (hint !== undefined) assertText(hint);
  assert(onceKey !== "", `${code} has an empty onceKey`);
  assert(
    Object.keys(fields).length > 0 || fieldless.includes(code) || code.startsWith("gocd-"),
    `${code} names nothing for machines`,
  );
  for (const [name, value] of Object.entries(fields)) {
    assert(/^[a-zA-Z]+$/.test(name) && ["string", "number", "boolean"].includes(typeof value), `${code}: ${name}`);
    assert(!Number.isNaN(value), `${code}: ${name}`);
  }
}

function assertEffect(effect: Effect): void {
  switch (effect.kind) {
    case "accept-offers":
      assertId(effect.mesosAgentId);
      assert(effect.refuseSeconds > 0 && effect.launches.length > 0);
      return assertIds(effect.offerIds);
    case "decline-offers":
    case "decline-inverse-offers":
      assert(effect.refuseSeconds > 0);
      return assertIds(effect.offerIds);
    case "accept-inverse-offers":
      assert(effect.refuseSeconds === undefined || effect.refuseSeconds > 0);
      return assertIds(effect.offerIds);
    case "suppress-offers":
    case "revive-offers":
      return assertIds(effect.roles);
    case "acknowledge-status":
      return assertIds([effect.taskId, effect.mesosAgentId, effect.uuid]);
    case "reconcile-tasks":
      return effect.tasks.forEach(({ taskId }) => assertId(taskId));
    case "kill-task":
      assert(effect.graceMs >= 0);
      return assertId(effect.taskId);
    case "poll-gocd":
      return assert(effect.environments === undefined || effect.environments.length > 0);
    case "enable-gocd-agent":
    case "correct-gocd-agent":
      return assertIds([effect.taskId, effect.uuid]);
    case "disable-gocd-agents":
    case "delete-gocd-agents":
      return assertIds(effect.agents.flatMap(({ taskId, uuid }) => [taskId, uuid]));
    case "read-sandbox":
      assert(effect.address.port > 0 && effect.address.hostname !== "");
      return assertIds([effect.taskId, effect.frameworkId]);
    case "step-down":
    case "end-session":
    case "exit":
      return assertText(effect.message);
    case "teardown-framework":
    case "read-gocd-agents":
      return;
    default:
      effect satisfies never;
      throw new Error(`an effect of no kind: ${JSON.stringify(effect)}`);
  }
}

function assertInstance(instance: AgentInstance): void {
  assertWord(states, instance.state);
  if (instance.retire !== undefined) assertWord(retires, instance.retire);
  assert(instance.gocdResources.every((name) => typeof name === "string") && instance.profile !== "");
  if (instance.state === "registered") assertWord(activities, instance.activity.kind);
  if (instance.state === "draining") {
    assertWord(steps, instance.step.kind);
    assertWord(drains, instance.reason);
  }
  if (instance.state === "killing") assertWord(kills, instance.cause);
  if (instance.state === "gone") assertWord(ends, instance.cause);
}

function assertState({ demand, session, server }: State): void {
  assertWord(sessions, session.kind);
  for (const job of demand.jobs) {
    assertWord(verdicts, job.verdict);
    assertCode(job.reason.kind);
    assertText(verdictText(job));
  }
  for (const { count, profile, reason, bucketKey } of demand.wanted) {
    assert(count > 0 && Number.isInteger(count), "wanted in part");
    assertIds([profile, bucketKey]);
    assertText(launchReasonText(reason));
  }
  for (const { code, message, hint } of server.findings) {
    assertCode(code);
    assertText(message);
    if (hint !== "") assertText(hint);
  }
}

// What is remembered and reported about a key. Stories: register_key_test.ts.

import { assertEquals } from "@std/assert";
import { cameAsPending, keyFindings, keyWorked } from "../../../src/core/identity/register_key.ts";
import type { Settings } from "../../../src/core/settings.ts";
import type { KeyOutcome } from "../../../src/core/state.ts";
import { gocdAgent, linux, pending, someSettings, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt } from "../instance_fixtures.ts";

const key = "go-agent.auto-register-key";
const nowMs = zeroMs + 7;
/** Profiles with these keys, by name; an empty one: without. */
function withKeys(keys: Readonly<Record<string, string>>): { settings: Settings } {
  const profiles = Object.entries(keys).map(([name, registerKey]) => ({
    ...linux,
    name,
    ...(registerKey === "" ? {} : { registerKey }),
  }));
  return { settings: someSettings({ profiles }) };
}

const refused = (sinceMs: number): KeyOutcome => ({ kind: "refused", sinceMs });
const outcomes = (of: Readonly<Record<string, KeyOutcome>>): { keyOutcomes: ReadonlyMap<string, KeyOutcome> } => ({
  keyOutcomes: new Map(Object.entries(of)),
});

for (
  const [what, before, isNews, sinceMs] of [
    ["nothing was known", {}, true, nowMs],
    ["another profile's was refused", { other: refused(5) }, true, nowMs],
    ["it had worked", { default: { kind: "accepted" } }, true, nowMs],
    ["it was refused before", { default: refused(5) }, false, 5],
  ] as const
) {
  Deno.test(`an agent that comes as Pending with a key is ${isNews ? "news" : "no news"} if ${what}`, () => {
    const draft = draftAt(nowMs, [], outcomes(before), withKeys({ other: "", default: key }));
    cameAsPending(draft, { taskId: "t", profile: "default" }, "u");
    const told = { kind: "refused", registerKey: key } as const;
    assertEquals(draft.finish().notes, [{ kind: "agent-enabling", taskId: "t", uuid: "u", key: told, isNews }]);
    assertEquals([...draft.state.server.keyOutcomes], Object.entries({ ...before, default: refused(sinceMs) }));
  });
}

for (const [profile, kind] of [["default", "unset"], ["former", "unclear"]] as const) {
  Deno.test(`that an agent of profile ${profile} comes as Pending says nothing of a key that is ${kind}`, () => {
    const draft = draftAt(nowMs, [], {}, withKeys({ other: key, default: "" }));
    const { server } = draft.state;
    cameAsPending(draft, { taskId: "t", profile }, "u");
    assertEquals(draft.finish().notes, [
      { kind: "agent-enabling", taskId: "t", uuid: "u", key: { kind }, isNews: false },
    ]);
    assertEquals(draft.state.server === server, true);
  });
}

Deno.test("a key that has worked is remembered once", () => {
  const draft = draftAt(nowMs, [], outcomes({ default: refused(5), other: refused(6) }));
  keyWorked(draft, "default");
  const { server } = draft.state;
  assertEquals([...server.keyOutcomes], [["default", { kind: "accepted" }], ["other", refused(6)]]);
  keyWorked(draft, "default");
  assertEquals(draft.state.server === server, true);
});

/** Codes and texts of messages to the operator. */
function findings(keys: Readonly<Record<string, string>>, of: Readonly<Record<string, KeyOutcome>>): string[] {
  return keyFindings(draftAt(nowMs, [], outcomes(of), withKeys(keys)).state).map(({ code, message }) =>
    `${code}: ${message}`
  );
}

Deno.test("a key that is refused is a finding for all its profiles, with the first time; others are none", () => {
  const { state } = draftAt(
    nowMs,
    [],
    outcomes({ b: refused(7_000), a: refused(5_000) }),
    withKeys({ a: key, b: key }),
  );
  const [finding, ...more] = keyFindings(state);
  assertEquals([finding?.code, finding?.profiles, more], ["wrong-auto-register-key", ["a", "b"], []]);
  const alone = keyFindings(draftAt(nowMs, [], outcomes({ a: refused(5_000) }), withKeys({ a: key })).state)[0];
  assertEquals([finding?.sinceMs, alone?.sinceMs], [5_000, 5_000]);
  assertEquals(findings({ a: key }, {}), []);
  assertEquals(findings({ a: key }, { a: { kind: "accepted" } }), []);
  assertEquals(findings({ a: "" }, { a: refused(5) }), []);
  assertEquals(findings({ a: key, b: "other.key" }, { a: refused(5), b: refused(5) }).length, 2);
  const both = findings({ a: key, b: key }, { a: refused(5), b: { kind: "accepted" } });
  assertEquals([both.length, both[0] === findings({ a: key }, { a: refused(5) })[0]], [1, false]);
});

Deno.test("Pending records that prove nothing are a finding, of the profiles of their instances", () => {
  const agents = ["t", "s"].map((name) => gocdAgent(name, { ...pending, proof: "missing" }));
  const waiting = ["t", "s"].map((taskId) => anInstance(taskId, { state: "starting" }, { profile: `of-${taskId}` }));
  const other = anInstance("x", { state: "starting" }, { profile: "of-x" });
  const told = (count: number): unknown =>
    keyFindings(draftAt(nowMs, [other, ...waiting.slice(0, count)], { agents }).state).map((
      { code, profiles, message },
    ) => [code, profiles, /named (.+?),/.exec(message)?.[1]]);
  const code = "pending-not-proven";
  assertEquals([told(0), told(1), told(2)], [
    [],
    [[code, ["of-t"], "t"]],
    [[code, ["of-t", "of-s"], "t (and 1 more)"]],
  ]);
});

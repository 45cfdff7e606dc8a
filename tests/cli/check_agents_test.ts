// Warnings of `check` about agents: ours that wait to be enabled, and no agent in contact.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { pendingWarning, silenceWarning } from "../../src/cli/check_agents.ts";
import { anInstance } from "../core/instance_fixtures.ts";
import { dockerNameOf, gocdAgent, lostContact, missing, ownPending, pending } from "../support/core.ts";

const ours = new Map(["t-1", "t-2"].map((taskId) => [
  taskId,
  anInstance(taskId, { state: "starting", sinceMs: 0 }, { needsProof: true, dockerName: dockerNameOf(taskId) }),
]));

function withKey(registerKey?: string): readonly { readonly name: string; readonly registerKey?: string }[] {
  const profile = ours.get("t-1")?.profile ?? "";
  return [{ name: profile, ...(registerKey === undefined ? {} : { registerKey }) }, {
    name: "other",
    registerKey: "k",
  }];
}

Deno.test("check concludes from a Pending agent of ours that the server does not accept the configured key", () => {
  const warning = pendingWarning([ownPending("t-1"), ownPending("t-2")], ours, withKey("go-agent.auto-register-key"));
  assertStringIncludes(warning?.text ?? "", "2 agents of ours are Pending, the first of them t-1");
  assertStringIncludes(warning?.text ?? "", "does not know the key at go-agent.auto-register-key");
  assertStringIncludes(warning?.hint ?? "", "agentAutoRegisterKey");
});

Deno.test("without a configured key, check reports that a Pending agent of ours will be enabled", () => {
  const warning = pendingWarning([ownPending("t-1")], ours, withKey());
  assertEquals(warning?.text, "t-1 is Pending: the running program will enable it");
});

Deno.test("check reports a Pending agent that is only named like ours as not ours if proof is required", () => {
  const warning = pendingWarning([ownPending("t-2"), gocdAgent("t-1", pending)], ours, withKey());
  assertStringIncludes(warning?.text ?? "", "a Pending GoCD agent is named t-1, but that name is public in Mesos");
  const old = new Map([["t-1", anInstance("t-1", { state: "starting", sinceMs: 0 })]]);
  assertStringIncludes(pendingWarning([gocdAgent("t-1", pending)], old, withKey())?.text ?? "", "will enable it");
});

Deno.test("check ignores Pending agents of others, and enabled agents of ours", () => {
  assertEquals(
    pendingWarning([gocdAgent("box", pending), gocdAgent("t-1")], ours, withKey("go-agent.auto-register-key")),
    undefined,
  );
});

Deno.test("check reports that no enabled agent is in contact, and names a restart of the server as a possible cause", () => {
  const warning = silenceWarning([gocdAgent("a", missing), gocdAgent("b", missing), gocdAgent("c", lostContact)]);
  assertEquals(warning?.text, "all 3 enabled agents are out of contact (2 missing, 1 lost)");
  assertStringIncludes(warning?.hint ?? "", "just restarted");
});

Deno.test("check does not mention a restart if agents are lost and none is missing", () => {
  const warning = silenceWarning([
    gocdAgent("a", lostContact),
    gocdAgent("b", { ...missing, configState: "Disabled" }),
  ]);
  assertEquals([warning?.text, warning?.hint], [
    "the only enabled agent is out of contact (1 lost)",
    "check their machines",
  ]);
});

Deno.test("check reports nothing if one agent is in contact or none is enabled", () => {
  assertEquals(silenceWarning([gocdAgent("a", missing), gocdAgent("b")]), undefined);
  assertEquals(silenceWarning([gocdAgent("a", pending)]), undefined);
});

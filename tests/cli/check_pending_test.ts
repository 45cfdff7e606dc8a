// What `check` says of agents of ours that wait to be enabled.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { pendingWarning } from "../../src/cli/check_pending.ts";
import { gocdAgent, pending } from "../support/core.ts";

const ours = new Set(["t-1", "t-2"]);

Deno.test("a Pending agent of ours beside a configured key shows that the server does not know the key", () => {
  const warning = pendingWarning([gocdAgent("t-1", pending), gocdAgent("t-2", pending)], ours, true);
  assertStringIncludes(warning?.text ?? "", "2 agents of ours are Pending, the first of them t-1");
  assertStringIncludes(warning?.text ?? "", "does not know go-agent.auto-register-key");
  assertStringIncludes(warning?.hint ?? "", "agentAutoRegisterKey");
});

Deno.test("without a key a Pending agent of ours is as it should be", () => {
  const warning = pendingWarning([gocdAgent("t-1", pending)], ours, false);
  assertEquals(warning?.text, "t-1 is Pending: the running program enables it");
});

Deno.test("Pending agents of others, and ours that are enabled, are no business of check", () => {
  assertEquals(pendingWarning([gocdAgent("box", pending), gocdAgent("t-1")], ours, true), undefined);
});

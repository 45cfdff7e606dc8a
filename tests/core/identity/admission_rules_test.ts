// Which instances wait beside Pending records that prove nothing, and what a key shows about one that appears too
// early. Which record is admitted at all: demand/registration_rules_test.ts.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { admissible, unproven } from "../../../src/core/identity/admission.ts";
import type { AgentInstance, InstancePhase, Waiting } from "../../../src/core/instance.ts";
import { gocdAgent, linux, pending, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, stateOf } from "../instance_fixtures.ts";

const starting = anInstance("t", { state: "starting" });
const claim = (uuid: string, changes: Partial<GocdAgent> = {}): GocdAgent =>
  gocdAgent("t", { ...pending, uuid, proof: "missing", ...changes });
const given = claim("given", { proof: "given" });

function told(agents: readonly GocdAgent[], instances: readonly AgentInstance[] = [starting]): readonly unknown[] {
  return [...unproven(draftAt(zeroMs, instances, { agents }).state)];
}

for (
  const [what, agents, count] of [
    ["one that proves nothing", [claim("a")], 1],
    ["two that prove nothing", [claim("a"), claim("b")], 2],
    ["one in front of a domain", [claim("a", { hostname: "T.ci.example.com" })], 1],
    ["none", [], 0],
    ["its own", [given], 0],
    ["its own and another", [given, claim("a")], 2],
    ["two that know its name", [given, { ...given, uuid: "copied" }], 2],
    ["an enabled one", [claim("a", { configState: "Enabled" })], 0],
    ["a plugin's", [claim("a", { elastic: true })], 0],
    ["one that needs no proof", [gocdAgent("t", pending)], 0],
    ["one of another name", [claim("a", { hostname: "other" })], 0],
  ] as const
) {
  Deno.test(`an instance that waits beside ${what} is ${count === 0 ? "not told" : `told with ${count}`}`, () => {
    assertEquals(told(agents), count === 0 ? [] : [["t", count]]);
  });
}

Deno.test("missing proof is only reported for an instance that waits for a record", () => {
  const gone: InstancePhase = { state: "gone", sinceMs: zeroMs, cause: "exited", message: "" };
  const launching: InstancePhase = { state: "launching", sinceMs: zeroMs };
  const beside = (instance: AgentInstance): number => told([claim("a")], [instance]).length;
  assertEquals([beside(anInstance("t", launching)), beside(starting)], [1, 1]);
  assertEquals(beside(anInstance("t", { state: "starting", pendingUuid: "b" })), 0, "one is being enabled");
  assertEquals([beside(anInstance("t", gone)), beside(aRegistered("t", "idle"))], [0, 0]);
});

Deno.test("each instance that waits while others claim its name is reported", () => {
  const other = anInstance("o", { state: "starting" });
  assertEquals(told([claim("a"), claim("b", { hostname: "o" }), claim("c")], [starting, other]), [["t", 2], ["o", 1]]);
});

Deno.test("the key of the instance's own profile counts, or none if that profile is no longer configured", () => {
  const state = stateOf([]);
  const early = anInstance("t", { state: "launching" }) as Waiting;
  const admitted = (withKey: string, profile: string): string | undefined => {
    const profiles = ["default", "other"].map((name) => ({
      ...linux,
      name,
      ...(name === withKey ? { registerKey: "go-agent.auto-register-key" } : {}),
    }));
    const settings = { ...state.settings, profiles };
    return admissible({ ...state, settings }, { ...early, profile }, [gocdAgent("t", { ...pending, uuid: "a" })])?.uuid;
  };
  assertEquals([admitted("default", "default"), admitted("other", "default"), admitted("default", "other")], [
    undefined,
    "a",
    "a",
  ]);
  assertEquals(admitted("default", "former"), "a");
});

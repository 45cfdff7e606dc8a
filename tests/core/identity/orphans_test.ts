// What a new state takes for agents of an earlier life, and what it takes for none of its business.

import { orphansText } from "../../../src/core/words/orphans.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  formerAgents,
  formerFrameworks,
  isUnregistered,
  type SeenFramework,
} from "../../../src/core/identity/orphans.ts";
import type { FrameworkRecord } from "../../../src/core/record.ts";
import { gocdAgent, someSettings } from "../../support/core.ts";

const settings = { ...someSettings(), registersAs: { user: "root", principal: "ci" } };
const [profile] = settings.profiles;
const role = profile?.role ?? "";
const slug = profile?.name ?? "";

const ours: SeenFramework = {
  id: "f-1",
  name: settings.frameworkName,
  registeredAs: { user: "root", principal: "ci" },
  roles: ["other", role],
  isConnected: false,
  taskIds: [`gocd-abc123-${slug}-1`, "nginx.1"],
};

const frameworks: readonly (readonly [what: string, change: Partial<SeenFramework>, isFound: boolean])[] = [
  ["one of our name, principal and role with a task of ours", {}, true],
  ["one that is connected", { isConnected: true }, true],
  ["one that another user registered", { registeredAs: { user: "you", principal: "ci" } }, true],
  ["another name", { name: "marathon" }, false],
  ["another principal", { registeredAs: { user: "root", principal: "you" } }, false],
  ["no principal", { registeredAs: { user: "root" } }, false],
  ["another role", { roles: ["other"] }, false],
  ["no tasks", { taskIds: [] }, false],
  ["tasks of something else", { taskIds: ["nginx.1", "gocd-1", "gocd-ABC123-x-1"] }, false],
];

for (const [what, change, isFound] of frameworks) {
  Deno.test(`a framework that is ${isFound ? "" : "not "}of an earlier life: ${what}`, () => {
    const found = formerFrameworks(settings, [{ ...ours, ...change }]);
    assertEquals(found.map((each) => each.taskIds), isFound ? [[`gocd-abc123-${slug}-1`]] : []);
  });
}

const agents: readonly (readonly [what: string, hostname: string, state: string, isFound: boolean])[] = [
  ["idle", `gocd-abc123-${slug}-7`, "Idle", true],
  ["with another way of writing", `GOCD-abc123-${slug}-7`, "Idle", true],
  ["of our own state", `gocd-own000-${slug}-7`, "Idle", false],
  ["of no profile of ours", "gocd-abc123-elsewhere-7", "Idle", false],
  ["of somebody else", "static-agent-1", "Idle", false],
  ["missing", `gocd-abc123-${slug}-7`, "Missing", false],
  ["lost", `gocd-abc123-${slug}-7`, "LostContact", false],
];

for (const [what, hostname, agentState, isFound] of agents) {
  Deno.test(`a GoCD agent that is ${isFound ? "" : "not "}of an earlier life: ${what}`, () => {
    const record = gocdAgent(hostname, { agentState, buildState: agentState });
    assertEquals(formerAgents(settings, "own000", [record]), isFound ? [hostname] : []);
  });
}

Deno.test("only a state that has never registered looks for an earlier life", () => {
  const fresh: FrameworkRecord = { lineage: "own000", nextTaskNumber: 1 };
  assertEquals(isUnregistered({ framework: fresh }), true);
  assertEquals(isUnregistered({ framework: { ...fresh, frameworkId: "f-1" } }), false);
  assertEquals(isUnregistered({ framework: { ...fresh, nextTaskNumber: 2 } }), false);
  assertEquals(isUnregistered({ framework: { ...fresh, registersAnew: true } }), false);
});

Deno.test("the message names what was seen and the applicable commands", () => {
  const words = (frameworks: readonly SeenFramework[], gocdAgents: readonly string[]): string => {
    const refusal = orphansText({ frameworks, gocdAgents }, { place: "state.db", configPath: "f.conf" });
    return refusal === undefined ? "" : `${refusal.message} | ${refusal.hint}`;
  };
  assertEquals(words([], []), "");
  assertStringIncludes(words([ours], []), "state adopt f.conf`; to leave all that alone");
  assertStringIncludes(words([{ ...ours, isConnected: true }, { ...ours, id: "f-2" }], []), "state adopt f.conf f-2`;");
  assertStringIncludes(words([{ ...ours, isConnected: true }], []), "give this one another mesos.name");
  assertStringIncludes(words([], ["a", "b", "c", "d"]), "4 living agents like ours (a, b, c, …)");
  assertStringIncludes(words([], ["a"]), "1 living agent like ours (a); so no new framework is registered | if they");
});

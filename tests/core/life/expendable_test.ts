// Which of several idle agents is removed first: by idleness, by host, by workspace.

import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import type { AgentInstance, Registered } from "../../../src/core/instance.ts";
import { pipelineOf } from "../../../src/core/demand/pipeline_groups.ts";
import { inOrderOfScaleIn } from "../../../src/core/life/expendable.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import { linux, someSettings, zeroMs } from "../../support/core.ts";
import { anInstance } from "../instance_fixtures.ts";

/** `NAME@HOST`, or `NAME@HOST:PIPELINE` of what it built last; the first is idle longest. */
function idle(texts: readonly string[], changes: Partial<AgentInstance> = {}): Registered[] {
  return texts.map((text, index) => {
    const [, name = "", host = "", pipeline] = /^([^@]+)@([^:]+)(?::(.+))?$/.exec(text) ?? [];
    const activity = { kind: "idle", sinceMs: zeroMs + index } as const;
    return anInstance(name, { state: "registered", uuid: name, activity }, {
      mesosAgentId: host,
      ...(pipeline === undefined ? {} : { built: { jobs: 1, locator: `${pipeline}/7/s/1/j` } }),
      ...changes,
    }) as Registered;
  });
}

const building = (name: string, host: string): AgentInstance =>
  anInstance(name, { state: "registered", uuid: name, activity: { kind: "building", sinceMs: zeroMs } }, {
    mesosAgentId: host,
  });

function order(
  changes: Partial<AgentProfile>,
  texts: readonly string[],
  others: readonly AgentInstance[] = [],
): string {
  const agents = idle(texts);
  const instances = new Map([...agents, ...others].map((each) => [each.taskId, each]));
  const settings = someSettings({ profiles: [{ ...linux, ...changes }] });
  return inOrderOfScaleIn({ settings, instances }, agents).map(({ taskId }) => taskId).join(" ");
}

const fleet = ["a@1", "b@2", "c@1", "d@2", "e@1", "f@3"];
for (
  const [name, changes, agents, others, wanted] of [
    ["without a policy the one idle longest goes first", {}, fleet, [], "a b c d e f"],
    ["pack empties the host with the fewest first", { scaleIn: "pack" }, fleet, [], "f b d a c e"],
    [
      "what builds counts for its host",
      { scaleIn: "pack" },
      fleet,
      [building("x", "3"), building("y", "3")],
      "b d a c e f",
    ],
    ["spread thins out the fullest first", { scaleIn: "spread" }, fleet, [], "a b c d e f"],
    ["spread leaves all alike", { scaleIn: "spread" }, ["a@1", "b@1", "c@1", "d@2", "e@3"], [], "a b c d e"],
    [
      "those with a cold workspace go first, then those beside which another has it warm",
      { keepsWorkspaces: true },
      ["a@1:web", "b@1:app", "c@1", "d@1:app", "e@1:lib", "f@1"],
      [],
      "c f b a d e",
    ],
    ["without a policy for workspaces what was built is nothing", { scaleIn: "pack" }, ["a@1:app", "b@1"], [], "a b"],
    ["workspaces alone leave hosts out of it", { keepsWorkspaces: true }, ["a@1", "b@2", "c@2"], [], "a b c"],
    [
      "among equal workspaces the host decides",
      { keepsWorkspaces: true, scaleIn: "pack" },
      ["a@1:app", "b@1:web", "c@1", "d@2:lib", "e@1", "f@2"],
      [],
      "f c e d a b",
    ],
  ] as const
) {
  Deno.test(`of idle agents: ${name}`, () => assertEquals(order(changes, agents, others), wanted));
}

Deno.test("the order is by idleness, whatever the input order, and dead agents do not count for a host", () => {
  const agents = idle(["a@1", "b@2"]);
  const dead = anInstance("x", { state: "gone", cause: "lost", message: "" }, { mesosAgentId: "1" });
  const settings = someSettings({ profiles: [{ ...linux, scaleIn: "pack" }] });
  const instances = new Map([...agents, dead].map((each) => [each.taskId, each]));
  const orders = [settings, someSettings()].map((each) =>
    inOrderOfScaleIn({ settings: each, instances }, agents.toReversed()).map(({ taskId }) => taskId).join(" ")
  );
  assertEquals(orders, ["a b", "a b"]);
});

Deno.test("a workspace is warm only in its environment", () => {
  const [one] = idle(["a@1:app"], { environment: "staging" });
  const [other] = idle(["b@1:app"]);
  const settings = someSettings({ profiles: [{ ...linux, keepsWorkspaces: true }] });
  const agents = [one, other].flatMap((each) => each ?? []);
  assertEquals(inOrderOfScaleIn({ settings, instances: new Map() }, agents).map(({ taskId }) => taskId), ["a", "b"]);
});

Deno.test("each profile orders its own agents, and leaves the turns of others as they are", () => {
  const own = idle(["a@1", "b@1", "c@2"]);
  const others = idle(["x@1", "y@1"], { profile: "other" });
  const agents = [own[0], others[0], own[1], others[1], own[2]].flatMap((each) => each ?? [])
    .map((each, index) => ({ ...each, activity: { kind: "idle" as const, sinceMs: zeroMs + index } }));
  const settings = someSettings({ profiles: [{ ...linux, scaleIn: "pack" }, { ...linux, name: "other" }] });
  const instances = new Map(agents.map((each) => [each.taskId, each]));
  assertEquals(inOrderOfScaleIn({ settings, instances }, agents).map(({ taskId }) => taskId), [
    "c",
    "x",
    "a",
    "y",
    "b",
  ]);
});

Deno.test("a pipeline is the first part of a locator", () => {
  assertEquals([pipelineOf("app/7/s/1/j"), pipelineOf("")], ["app", ""]);
});

const anyFleet = fc.array(
  fc.record({ host: fc.constantFrom("1", "2", "3", "4"), pipeline: fc.constantFrom("", ":app", ":web") }),
  { maxLength: 20 },
).map((all) => all.map(({ host, pipeline }, index) => `t${index}@${host}${pipeline}`));

Deno.test("whatever the policy, each agent is in the order once", () => {
  const anyPolicy = fc.record({
    scaleIn: fc.constantFrom(undefined, "pack" as const, "spread" as const),
    keepsWorkspaces: fc.constantFrom(undefined, true as const),
  });
  fc.assert(fc.property(anyPolicy, anyFleet, ({ scaleIn, keepsWorkspaces }, texts) => {
    const changes = {
      ...(scaleIn === undefined ? {} : { scaleIn }),
      ...(keepsWorkspaces === undefined ? {} : { keepsWorkspaces }),
    };
    const names = texts.map((text) => text.split("@")[0]);
    assertEquals(order(changes, texts).split(" ").sort(), [...names.length === 0 ? [""] : names].sort());
  }));
});

Deno.test("however many are removed, pack leaves as few hosts as possible, and spread does not increase the difference between hosts", () => {
  fc.assert(fc.property(anyFleet, fc.nat(20), (texts, count) => {
    const hostOf = new Map(texts.map((text) => [text.split("@")[0], text.split(/[@:]/)[1] ?? ""]));
    const left = (scaleIn: "pack" | "spread"): number[] => {
      const stays = order({ scaleIn }, texts).split(" ").slice(count).filter((name) => name !== "");
      const onHost = new Map<string, number>();
      for (const name of stays) onHost.set(hostOf.get(name) ?? "", (onHost.get(hostOf.get(name) ?? "") ?? 0) + 1);
      return [...onHost.values()];
    };
    const sizes = new Map<string, number>();
    for (const host of hostOf.values()) sizes.set(host, (sizes.get(host) ?? 0) + 1);
    const largestFirst = [...sizes.values()].sort((a, b) => b - a);
    let agents = Math.max(0, texts.length - count);
    let hosts = 0;
    for (const size of largestFirst) {
      if (agents <= 0) break;
      agents -= size;
      hosts++;
    }
    assertEquals(left("pack").length, hosts);
    // Thinned out, the fullest host has one more than another at most, unless that one never had more.
    const counts = left("spread");
    const most = Math.max(0, ...counts);
    assert(counts.reduce((sum, each) => sum + each, 0) === Math.max(0, texts.length - count));
    assert(
      [...sizes.values()].reduce((sum, size) => sum + Math.min(size, most - 1), 0) <= texts.length - count ||
        most === 0,
    );
  }));
});

// A record that lacks something: what is remembered at the first look, what is asked for, and what cannot help. When:
// demand/registration_rules_test.ts. Stories: misregistered_test.ts.

import { assertEquals } from "@std/assert";
import type { Draft } from "../../../src/core/draft.ts";
import type { GocdAgent, GocdAgentEnvironment } from "../../../src/core/gocd_records.ts";
import { noteGap, trackGap } from "../../../src/core/identity/misregistered.ts";
import type { InstancePhase, Registered } from "../../../src/core/instance.ts";
import { indexGocdAgents } from "../../../src/core/life/gocd_index.ts";
import { finished, gocdAgent, minute, zeroMs } from "../../support/core.ts";
import { anInstance, draftAt, mesosSays } from "../instance_fixtures.ts";

const nowMs = zeroMs + minute;
const activity = { kind: "idle", sinceMs: zeroMs } as const;
const launched = { gocdResources: ["linux", "docker"] };
const service: InstancePhase = { state: "registered", sinceMs: zeroMs, uuid: "uuid-t", activity };
const whole = anInstance("t", service, launched) as Registered;
const lacking = anInstance("t", { ...service, gap: { sinceMs: zeroMs } }, launched) as Registered;
const record = gocdAgent("t", { gocdResources: ["Linux"] });
const good = gocdAgent("t", { gocdResources: ["docker", "linux"] });

Deno.test("the missing parts of a record are remembered from the first list on", () => {
  const noted = (shown: GocdAgent): unknown => {
    const draft = draftAt(nowMs, [whole]);
    const after = noteGap(draft, whole, shown);
    const { records } = finished(draft);
    return [after, records.map((each) => each.kind === "instance" ? each.instance : each)];
  };
  const gapped = { ...whole, gap: { sinceMs: nowMs } };
  assertEquals([noted(record), noted(good)], [[gapped, [gapped]], [whole, []]]);
});

function looked(instance: Registered, agents: readonly GocdAgent[], parts = {}): { draft: Draft; after: Registered } {
  const profile = {
    failures: 2,
    sinceMs: zeroMs,
    lastFailureMs: zeroMs,
    retryMs: zeroMs,
    lastFailure: mesosSays("x"),
  };
  const breakers = { profiles: new Map([["default", profile]]), hosts: new Map() };
  const draft = draftAt(nowMs, [instance], { agents }, { breakers, ...parts });
  return { draft, after: trackGap(draft, instance, indexGocdAgents(agents)) };
}

Deno.test("the missing parts of a record are requested in addition to what it has, and the request is remembered", () => {
  const { draft, after } = looked({ ...lacking, environment: "prod" }, [record]);
  const asked = { ...lacking, environment: "prod", gap: { sinceMs: zeroMs, repairMs: nowMs } };
  assertEquals([after, draft.instance("t")], [asked, asked]);
  assertEquals(draft.state.server.lastRequestMs.get("uuid-t"), nowMs);
  const { effects, notes } = draft.finish();
  assertEquals(effects, [{
    kind: "correct-gocd-agent",
    taskId: "t",
    uuid: "uuid-t",
    registration: { gocdResources: ["Linux", "docker"], environment: "prod" },
  }]);
  assertEquals(notes, [{
    kind: "agent-corrected",
    taskId: "t",
    profile: "default",
    uuid: "uuid-t",
    gap: {
      kind: "misregistered",
      got: { gocdResources: ["Linux"] },
      wanted: { gocdResources: ["linux", "docker"], environment: "prod" },
    },
  }]);
});

Deno.test("a record that has become complete is a success of its profile; without a gap nothing is checked", () => {
  const { draft, after } = looked(lacking, [good]);
  assertEquals([after, draft.instance("t"), draft.state.breakers.profiles.size], [whole, whole, 0]);
  for (const [instance, agents] of [[whole, [record]], [lacking, []], [lacking, [gocdAgent("other")]]] as const) {
    const same = looked(instance, agents);
    assertEquals([same.after === instance, finished(same.draft).records, same.draft.state.breakers.profiles.size], [
      true,
      [],
      1,
    ]);
  }
});

Deno.test("a record is checked although it is unknown whether the server is in maintenance mode", () => {
  const { state } = draftAt(nowMs, [lacking]);
  const { info: _, ...server } = state.server;
  const draft = draftAt(nowMs, [lacking]);
  draft.set({ server: { ...server, agents: [good] } });
  assertEquals(trackGap(draft, lacking, indexGocdAgents([good])), whole);
});

const repo = (name: string): GocdAgentEnvironment => ({ name, origin: "config-repo" });
for (
  const [what, environment, own, others, want] of [
    ["nothing stands against it", "prod", [], [], undefined],
    ["it is wanted in none and is in one of a config repository", undefined, [repo("x")], [], {
      kind: "put-there",
      environment: "x",
    }],
    [
      "it is wanted in none and is in one of the configuration",
      undefined,
      [{ name: "x", origin: "gocd" }],
      [],
      undefined,
    ],
    ["it is in its environment, which comes from a config repository", "prod", [repo("PROD")], [], undefined],
    ["it is in another one only, and its own comes from a config repository", "prod", [{ name: "x", origin: "gocd" }], [
      repo("Prod"),
    ], { kind: "config-repo", environment: "prod" }],
    ["another one comes from a config repository", "prod", [], [repo("x")], undefined],
    ["its environment is known from another agent", "prod", [], [{ name: "prod", origin: "gocd" }], undefined],
    ["its environment does not exist", "prod", [{ name: "Prod", origin: "unknown" }], [repo("prod")], {
      kind: "unknown",
      environment: "prod",
    }],
  ] as const
) {
  Deno.test(`a record that lacks a resource ${want === undefined ? "is corrected" : "cannot be helped"} if ${what}`, () => {
    const { draft, after } = looked(
      environment === undefined ? lacking : { ...lacking, environment },
      [gocdAgent("t", { environments: own }), gocdAgent("other", { environments: others })],
    );
    const [note, ...more] = draft.finish().notes.filter(({ kind }) => kind !== "profile-failing");
    assertEquals(more, []);
    assertEquals(note?.kind, want === undefined ? "agent-corrected" : "agent-misregistered");
    assertEquals(note?.kind === "agent-misregistered" ? note.obstacle : undefined, want);
    assertEquals([after.retire, after.gap?.repairMs], want === undefined ? [undefined, nowMs] : ["surplus", undefined]);
  });
}

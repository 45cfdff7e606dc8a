// What a request for a host leads to, rule by rule. Stories are in maintenance_test.ts.

import { assertEquals } from "@std/assert";
import type { Draft } from "../../../src/core/draft.ts";
import type { AgentInstance, RetireReason } from "../../../src/core/instance.ts";
import type { Unavailability } from "../../../src/core/placement/offer.ts";
import {
  inverseAnswerLost,
  inverseOffersReceived,
  maintenanceRequestsOf,
  maintenanceTakenBack,
  watchMaintenance,
} from "../../../src/core/session/maintenance.ts";
import { finished, gocdAgent, linux, minute, offer, zeroMs } from "../../support/core.ts";
import { anInstance, aRegistered, draftAt, type DraftParts, stateOf } from "../instance_fixtures.ts";

const at = (...parts: DraftParts): Draft => draftAt(zeroMs + minute, ...parts);

/** An idle agent on the Mesos agent `s-TASKID`. */
const on = (taskId: string, changes: Partial<AgentInstance> = {}): AgentInstance =>
  aRegistered(taskId, "idle", { ...changes, profileHash: linux.hash });

function ask(draft: Draft, mesosAgentId: string, unavailability: Unavailability = { startMs: zeroMs }): void {
  inverseOffersReceived(draft, [{ id: "i", mesosAgentId, unavailability }]);
}

const requested = ({ state }: Draft): string[] =>
  [...state.maintenanceRequestedMs].map(([id, ms]) => `${id} ${ms - zeroMs}`);
const retired = ({ state }: Draft): unknown[] => [...state.instances.values()].map((each) => each.retire);

Deno.test("the maintenance requests of an earlier run are those for which its agents leave, and no others", () => {
  const instances = [on("a", { retire: "maintenance" }), on("b", { retire: "surplus" }), on("c")];
  assertEquals([...maintenanceRequestsOf(instances, 7)], [["s-a", 7]]);
});

Deno.test("only living agents on the requested host delay its maintenance", () => {
  const gone = anInstance("a", { state: "gone", cause: "exited", message: "" });
  for (const [instance, isFree] of [[on("a"), false], [on("b"), true], [gone, true]] as const) {
    const draft = at([instance]);
    ask(draft, "s-a");
    // It is accepted when it is repeated, if Mesos has reported no task there.
    assertEquals(finished(draft).effects, [
      ...(isFree ? [{ kind: "reconcile-tasks" as const, tasks: [] }] : []),
      { kind: "decline-inverse-offers", offerIds: ["i"], refuseSeconds: 60 },
    ]);
  }
});

Deno.test("a window without length that starts now is over, and is checked again after an hour", () => {
  const draft = at([on("a")]);
  ask(draft, "s-a", { startMs: draft.atMs, durationMs: 0 });
  assertEquals(finished(draft).effects, [{ kind: "decline-inverse-offers", offerIds: ["i"], refuseSeconds: 3_600 }]);
});

Deno.test("requests for one host are one line, those for the whole framework another", () => {
  const key = (mesosAgentId?: string): string | undefined => {
    const draft = at([on("a")]);
    const unavailability = { startMs: zeroMs };
    inverseOffersReceived(draft, [{
      id: "i",
      unavailability,
      ...(mesosAgentId === undefined ? {} : { mesosAgentId }),
    }]);
    return finished(draft).notes[0]?.onceKey;
  };
  assertEquals([key("s-a"), key()], [`s-a ${zeroMs}`, `all ${zeroMs}`]);
});

Deno.test("lost responses to inverse offers are collected, and sent again by the first tick in a session", () => {
  const draft = at([]);
  inverseAnswerLost(draft, ["a", "b"]);
  inverseAnswerLost(draft, ["b", "c"]);
  assertEquals(draft.state.offers.inverseUnanswered, ["a", "b", "c"]);
  const { state } = draft;
  const apart = at([], {}, { ...state, session: { ...state.session, kind: "connecting" } });
  watchMaintenance(apart);
  assertEquals([finished(apart).effects, apart.state.offers.inverseUnanswered], [[], ["a", "b", "c"]]);
  watchMaintenance(draft);
  assertEquals(finished(draft).effects, [
    { kind: "decline-inverse-offers", offerIds: ["a", "b", "c"], refuseSeconds: 60 },
  ]);
  assertEquals(draft.state.offers.inverseUnanswered, []);
});

Deno.test("a request is remembered with its time, together with those of other hosts, and withdrawn for its host only", () => {
  const draft = at([on("a"), on("b")], {}, { maintenanceRequestedMs: new Map([["s-b", zeroMs]]) });
  ask(draft, "s-a");
  assertEquals(requested(draft), ["s-b 0", "s-a 60000"]);
  maintenanceTakenBack(draft, [offer("h", { mesosAgentId: "s-c" })]);
  assertEquals(requested(draft), ["s-b 0", "s-a 60000"]);
  maintenanceTakenBack(draft, [offer("h", { mesosAgentId: "s-b" })]);
  assertEquals([requested(draft), retired(draft)], [["s-a 60000"], ["maintenance", undefined]]);
});

Deno.test("without a session no request grows old", () => {
  const parts = { maintenanceRequestedMs: new Map([["s-a", zeroMs]]) };
  const { session } = stateOf([]);
  for (const [kind, left] of [["connecting", 1], ["subscribed", 0]] as const) {
    const draft = draftAt(zeroMs + 24 * 60 * minute, [], {}, { ...parts, session: { ...session, kind } });
    watchMaintenance(draft);
    assertEquals(draft.state.maintenanceRequestedMs.size, left);
  }
});

Deno.test("from a request on, the drain-timeout may end the last job of a worn agent; that of others continues", () => {
  const draining = (retire?: RetireReason): AgentInstance =>
    anInstance("a", { state: "draining", uuid: "u", reason: "idle", step: { kind: "finishing" } }, {
      ...(retire === undefined ? {} : { retire }),
    });
  const since = (instance: AgentInstance): number | undefined => {
    const draft = at([instance], { disabledSinceMs: new Map([["u", zeroMs]]) });
    ask(draft, "s-a");
    const isKept = instance.retire === "surplus" || instance.retire === "operator";
    assertEquals(retired(draft), [isKept ? instance.retire : "maintenance"]);
    return draft.state.server.disabledSinceMs.get("u");
  };
  assertEquals([since(draining("max-jobs")), since(draining("max-lifetime"))], [undefined, undefined]);
  assertEquals([since(draining()), since(draining("operator")), since(draining("surplus"))], [zeroMs, zeroMs, zeroMs]);
  const registered = aRegistered("a", "idle", { retire: "max-jobs" });
  assertEquals(since({ ...registered, uuid: "u" } as AgentInstance), zeroMs);
});

Deno.test("agents that may stay lose their mark, unless their profile has changed, and are reported by host, the living ones", () => {
  const retire = "maintenance";
  const gone = anInstance("d", { state: "gone", cause: "exited", message: "" }, { retire });
  const instances = [
    on("a", { retire, mesosAgentId: "s", host: "h" }),
    on("b", { retire, mesosAgentId: "s", host: "h" }),
    { ...on("c", { retire, mesosAgentId: "t", host: "i" }), profileHash: "old" },
    { ...gone, mesosAgentId: "s", host: "h", profileHash: linux.hash },
    on("e", { retire: "operator", mesosAgentId: "s", host: "h" }),
  ];
  const draft = at(instances, { agents: [gocdAgent("a")] }, {
    maintenanceRequestedMs: new Map([["s", zeroMs], ["t", zeroMs]]),
  });
  maintenanceTakenBack(draft, ["s", "t"].map((mesosAgentId) => offer("h", { mesosAgentId })));
  assertEquals([requested(draft), retired(draft)], [[], [
    undefined,
    undefined,
    "profile-changed",
    undefined,
    "operator",
  ]]);
  assertEquals(finished(draft).notes.map(({ text }) => text), [
    "Mesos no longer asks to free host h; its 2 agents may stay",
    "Mesos no longer asks to free host i; its 1 agent may stay",
  ]);
});

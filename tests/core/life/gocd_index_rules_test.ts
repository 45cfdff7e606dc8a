// How records are looked up, and what is remembered of requests for them, to the millisecond.

import { assertEquals } from "@std/assert";
import {
  askToEnable,
  enablingAnswered,
  indexGocdAgents,
  isIdleTwice,
  isLostLongEnough,
  isRequested,
  markRequested,
  rescheduleLimitMs,
} from "../../../src/core/life/gocd_index.ts";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import { gocdAgent, lostContact, minute, missing, pending, second, serverInfo, zeroMs } from "../../support/core.ts";
import { draftAt } from "../instance_fixtures.ts";

const nowMs = zeroMs + 20 * minute;

Deno.test("records are found by uuid, and by the first label of their name unless anyone could have named them so", () => {
  const a = gocdAgent("a");
  const again = gocdAgent("A.example.com", { uuid: "again" });
  const claim = gocdAgent("c", { ...pending, proof: "missing" });
  const own = gocdAgent("d", { ...pending, proof: "given" });
  const { byUuid, byName } = indexGocdAgents([a, gocdAgent("e", { elastic: true }), again, claim, own]);
  assertEquals([...byUuid], [["uuid-a", a], ["again", again], ["uuid-c", claim], ["uuid-d", own]]);
  assertEquals([...byName], [["a", [a, again]], ["d", [own]]]);
});

Deno.test("a request is remembered with its record, an enabling also until its response arrives", () => {
  const draft = draftAt(nowMs, [], { lastRequestMs: new Map([["x", 5]]), enableRequestedMs: new Map([["x", 6]]) });
  const known = (): unknown => {
    const { lastRequestMs, enableRequestedMs } = draft.state.server;
    return [Object.fromEntries(lastRequestMs), Object.fromEntries(enableRequestedMs)];
  };
  markRequested(draft, "a");
  assertEquals(known(), [{ x: 5, a: nowMs }, { x: 6 }]);
  askToEnable(draft, "b");
  assertEquals(known(), [{ x: 5, a: nowMs, b: nowMs }, { x: 6, b: nowMs }]);
  enablingAnswered(draft, "c");
  assertEquals(known(), [{ x: 5, a: nowMs, b: nowMs }, { x: 6, b: nowMs }]);
  enablingAnswered(draft, "x");
  assertEquals(known(), [{ x: nowMs, a: nowMs, b: nowMs }, { b: nowMs }]);
});

Deno.test("a request waits thirty seconds for its effect, an enabling ten minutes for its answer", () => {
  const asked = (agoMs: number, enablingAgoMs: number): boolean =>
    isRequested(
      draftAt(nowMs, [], {
        lastRequestMs: new Map([["u", nowMs - agoMs]]),
        enableRequestedMs: new Map([["u", nowMs - enablingAgoMs]]),
      }),
      "u",
    );
  const long = 60 * minute;
  assertEquals([asked(30 * second - 1, long), asked(30 * second, long)], [true, false]);
  assertEquals([asked(long, 10 * minute - 1), asked(long, 10 * minute)], [true, false]);
  assertEquals(isRequested(draftAt(nowMs, []), "u"), false);
});

Deno.test("a record has been lost for long enough once the server has rescheduled its build, or sees none", () => {
  const isLost = (changes: Partial<GocdAgent>, forMs: number | undefined, slowRegistration = false): boolean =>
    isLostLongEnough(
      draftAt(nowMs, [], {
        info: { ...serverInfo, slowRegistration },
        lostSinceMs: new Map(forMs === undefined ? [] : [["uuid-a", nowMs - forMs]]),
      }),
      gocdAgent("a", changes),
    );
  assertEquals([isLost(lostContact, minute - 1), isLost(lostContact, minute)], [false, true]);
  assertEquals([isLost(lostContact, 330 * second - 1, true), isLost(lostContact, 330 * second, true)], [false, true]);
  assertEquals([isLost(missing, 300 * second - 1), isLost(missing, 300 * second)], [false, true]);
  assertEquals([isLost(missing, undefined), isLost(lostContact, undefined)], [false, false]);
  assertEquals([rescheduleLimitMs({}), rescheduleLimitMs({ info: serverInfo })], [minute, minute]);
});

Deno.test("a record has been idle twice when lists have shown it so for the confirmation of a drain", () => {
  const isTwice = (idleForMs: number | undefined): boolean =>
    isIdleTwice(
      draftAt(nowMs, [], {
        healthySinceMs: zeroMs,
        disabledIdleSinceMs: new Map(idleForMs === undefined ? [] : [["uuid-a", nowMs - idleForMs]]),
      }),
      gocdAgent("a"),
    );
  assertEquals([isTwice(20 * second - 1), isTwice(20 * second), isTwice(undefined)], [false, true, false]);
});

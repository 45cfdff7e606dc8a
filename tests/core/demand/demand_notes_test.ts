// Which jobs are reported individually: those that no profile serves and those that wait for another cause, each kind
// once.

import { assertEquals } from "@std/assert";
import { noteDemand } from "../../../src/core/demand/demand_notes.ts";
import type { OtherCause, Unserved } from "../../../src/core/demand/reason.ts";
import type { JobVerdict } from "../../../src/core/demand/verdict.ts";
import { Draft } from "../../../src/core/draft.ts";
import { linesOf, zeroMs } from "../../support/core.ts";
import { stateOf } from "../instance_fixtures.ts";

const lacking = (nearest: string): Unserved => ({
  kind: "no-profile-resources",
  nearest,
  missing: ["gpu"],
  lacksEnvironment: false,
  isElsewhere: false,
});
const unused = (host: string): OtherCause => ({ kind: "idle-unused", host, idleMs: 1 });

function aVerdict(name: string, reason: Unserved | OtherCause, changes: Partial<JobVerdict> = {}): JobVerdict {
  const verdict = reason.kind === "no-profile-resources" ? "unserved" : "other-cause";
  return { locator: name, name, gocdResources: ["gpu"], verdict, reason, firstSeenMs: zeroMs, ...changes };
}

/** The names of the reported jobs. */
function toldOf(...jobs: readonly JobVerdict[]): string {
  const state = stateOf([]);
  const draft = new Draft(state, zeroMs, 0.5);
  noteDemand(draft, state.demand, { ...state.demand, jobs });
  return linesOf(draft).map(({ fields }) => fields?.["locator"]).join();
}

Deno.test("jobs that no profile serves are reported once for each way in which they are not served", () => {
  assertEquals(toldOf(aVerdict("a", lacking("x")), aVerdict("b", lacking("x")), aVerdict("c", lacking("y"))), "a,c");
});

Deno.test("jobs that wait for another cause are reported once for each kind of cause, whatever its details", () => {
  assertEquals(toldOf(aVerdict("a", unused("h")), aVerdict("b", unused("i"))), "a");
  assertEquals(toldOf(aVerdict("a", unused("h")), aVerdict("b", { kind: "left-before", untilMs: 1 })), "a,b");
  assertEquals(toldOf(aVerdict("a", { kind: "maintenance", mode: "drain mode" })), "");
});

Deno.test("jobs of another environment, or of other resources, are reported on their own", () => {
  const of = (name: string, changes: Partial<JobVerdict>): JobVerdict => aVerdict(name, lacking("x"), changes);
  assertEquals(toldOf(of("a", {}), of("b", { environment: "prod" }), of("c", { environment: "qa" })), "a,b,c");
  assertEquals(toldOf(of("a", { gocdResources: ["a", "bc"] }), of("b", { gocdResources: ["ab", "c"] })), "a,b");
});

Deno.test("twenty jobs are reported on their own in one poll, and no more", () => {
  const many = Array.from({ length: 21 }, (_, index) => aVerdict(`j${index}`, lacking(`p${index}`)));
  assertEquals(toldOf(...many).split(",").length, 20);
});

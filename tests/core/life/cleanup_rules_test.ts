// What is done with the record of an agent that is over, by what it shows, and when it is forgotten. Stories:
// cleanup_test.ts.

import { assertEquals } from "@std/assert";
import type { GocdAgent } from "../../../src/core/gocd_records.ts";
import type { AgentInstance, EndCause, Gone, InstanceMarks, InstancePhase } from "../../../src/core/instance.ts";
import { cleanUp, reenableDeadRecord } from "../../../src/core/life/cleanup.ts";
import { indexGocdAgents, isJustUnlisted } from "../../../src/core/life/gocd_index.ts";
import { watchedFrom } from "../../../src/core/session/watched.ts";
import type { State } from "../../../src/core/state.ts";
import {
  building,
  gocdAgent,
  lostContact,
  minute,
  missing,
  pending,
  second,
  serverInfo,
  zeroMs,
} from "../../support/core.ts";
import { anInstance, draftAt, gocdSuspicion } from "../instance_fixtures.ts";

const nowMs = zeroMs + 60 * minute;

function dead(
  changes: Partial<InstancePhase & { readonly state: "gone" }> = {},
  marks: Partial<InstanceMarks> = {},
): Gone {
  const phase = { state: "gone", sinceMs: nowMs - 5 * minute, uuid: "uuid-t", cause: "exited", message: "m" } as const;
  return anInstance("t", { ...phase, ...changes }, marks) as Gone;
}

function unknownTo(gone: Gone): Gone {
  const { uuid: _, ...rest } = gone;
  return rest as Gone;
}

interface Look {
  readonly agents?: readonly GocdAgent[];
  readonly server?: Partial<State["server"]>;
  readonly parts?: Partial<State>;
  readonly others?: readonly AgentInstance[];
}

/** What leaves, and what becomes of the instance where it is changed. */
function cleaned(gone: Gone, { agents = [gocdAgent("t")], server = {}, parts = {}, others = [] }: Look = {}): string {
  const draft = draftAt(nowMs, [gone, ...others], { agents, ...server }, parts);
  cleanUp(draft, gone, indexGocdAgents(agents));
  const now = draft.instance("t");
  const { effects } = draft.finish();
  return [
    ...effects.map(({ kind }) => kind),
    ...(now === undefined ? ["forgotten"] : now.state === "gone" ? [] : [now.state]),
    ...(now?.isDeleteAsked === true ? ["asked"] : []),
  ].join(", ");
}

const off = { configState: "Disabled" } as const;
const lostFor = (ms: number): Look => ({ server: { lostSinceMs: new Map([["uuid-t", nowMs - ms]]) } });
const since = (ms: number): Gone => dead({ sinceMs: nowMs - ms });
const disable = "disable-gocd-agents";
const remove = "delete-gocd-agents, asked";

const looks: readonly (readonly [what: string, gone: Gone, look: Look, want: string])[] = [
  ["is enabled and idle", dead(), {}, disable],
  ["is enabled and builds", dead(), { agents: [gocdAgent("t", building)] }, ""],
  [
    "is enabled and has been silent for a minute",
    dead(),
    { agents: [gocdAgent("t", lostContact)], ...lostFor(minute) },
    disable,
  ],
  [
    "is enabled and has been silent for less",
    dead(),
    { agents: [gocdAgent("t", lostContact)], ...lostFor(minute - 1) },
    "",
  ],
  ["is enabled and Missing", dead(), { agents: [gocdAgent("t", missing)] }, disable],
  ["is disabled and idle", dead(), { agents: [gocdAgent("t", off)] }, remove],
  ["is disabled and seems to build", since(10 * minute - 1), { agents: [gocdAgent("t", { ...off, ...building })] }, ""],
  [
    "has seemed to build for ten minutes",
    since(10 * minute),
    { agents: [gocdAgent("t", { ...off, ...building })] },
    remove,
  ],
  ["is disabled and silent", dead(), { agents: [gocdAgent("t", { ...off, ...lostContact })] }, remove],
  ["is disabled and has been Missing for five minutes", dead(), {
    agents: [gocdAgent("t", { ...off, ...missing })],
    ...lostFor(5 * minute),
  }, remove],
  ["is disabled and has been Missing for less", dead(), {
    agents: [gocdAgent("t", { ...off, ...missing })],
    ...lostFor(5 * minute - 1),
  }, ""],
  ["is Pending", since(20 * minute), { agents: [gocdAgent("t", pending)] }, ""],
  ["is a plugin's", since(20 * minute), { agents: [gocdAgent("t", { elastic: true })] }, "forgotten"],
  ["goes by another name", dead(), { agents: [gocdAgent("renamed", { uuid: "uuid-t" })] }, disable],
  ["is not known, but another has its name", unknownTo(dead()), {}, disable],
  ["is not known, and none has its name", unknownTo(dead()), { agents: [gocdAgent("x")] }, ""],
  ["is used by another", dead(), { others: [anInstance("o", { state: "starting", pendingUuid: "uuid-t" })] }, ""],
  ["is another's now, and it is long over", since(20 * minute), {
    others: [anInstance("o", { state: "starting", pendingUuid: "uuid-t" })],
  }, "forgotten"],
  ["was asked for just now", dead(), { server: { lastRequestMs: new Map([["uuid-t", nowMs - 30 * second + 1]]) } }, ""],
  [
    "was asked for half a minute ago",
    dead(),
    { server: { lastRequestMs: new Map([["uuid-t", nowMs - 30 * second]]) } },
    disable,
  ],
  ["cannot be changed in maintenance mode", dead(), { server: { info: { ...serverInfo, maintenance: "on" } } }, ""],
  ["may be another server's", dead(), { parts: { brake: { isSameCluster: true, gocd: gocdSuspicion } } }, ""],
  ["is heard although Mesos has lost it", dead({ cause: "lost", isUnproven: true }), {}, "unreachable"],
];
for (const [what, gone, look, want] of looks) {
  Deno.test(`the record of an agent that has ended and ${what}: ${want === "" ? "nothing" : want}`, () => {
    assertEquals(cleaned(gone, look), want);
  });
}

for (const cause of ["lost", "dropped", "never-registered", "exited", "stopped", "launch-failed"] as const) {
  const mayLive = cause === "lost" || cause === "dropped" || cause === "never-registered";
  Deno.test(`the disabled record of an agent that has ended (${cause}) is deleted ${mayLive ? "after a second look" : "at once"}`, () => {
    const after = (idleMs: number): string =>
      cleaned(dead({ cause: cause as EndCause, sinceMs: nowMs - 20 * minute }), {
        agents: [gocdAgent("t", off)],
        server: { disabledIdleSinceMs: new Map([["uuid-t", nowMs - idleMs]]), healthySinceMs: zeroMs },
      });
    assertEquals([after(20 * second - 1), after(20 * second)], [mayLive ? "" : remove, remove]);
  });
}

Deno.test("the disabled record of an agent whose KILL was never sent is deleted after a second check", () => {
  const after = (idleMs: number): string =>
    cleaned(dead({ cause: "stopped", isUnproven: true, sinceMs: nowMs - 20 * minute }), {
      agents: [gocdAgent("t", off)],
      server: { disabledIdleSinceMs: new Map([["uuid-t", nowMs - idleMs]]), healthySinceMs: zeroMs },
    });
  assertEquals([after(20 * second - 1), after(20 * second)], ["", remove]);
});

Deno.test("a second check counts only if the first one showed the agent idle", () => {
  const gone = dead({ cause: "lost", sinceMs: nowMs - 20 * minute });
  assertEquals(cleaned(gone, { agents: [gocdAgent("t", off)], server: { healthySinceMs: zeroMs } }), "");
});

Deno.test("requests for records are repeated every half minute, and a DELETE is stored once", () => {
  const draft = draftAt(nowMs, [dead()]);
  cleanUp(draft, dead(), indexGocdAgents([gocdAgent("t")]));
  assertEquals(draft.state.server.lastRequestMs.get("uuid-t"), nowMs);
  const again = draftAt(nowMs, [dead()]);
  cleanUp(again, dead(), indexGocdAgents([gocdAgent("t", off)]));
  assertEquals(again.state.server.lastRequestMs.get("uuid-t"), nowMs);
  const asked = dead({}, { isDeleteAsked: true });
  const later = draftAt(nowMs, [asked]);
  cleanUp(later, asked, indexGocdAgents([gocdAgent("t", off)]));
  const { records, effects } = later.finish();
  assertEquals([records, effects], [[], [{ kind: "delete-gocd-agents", agents: [{ taskId: "t", uuid: "uuid-t" }] }]]);
});

Deno.test("a new record replaces the previous one, and its DELETE has not been requested", () => {
  const draft = draftAt(nowMs, [dead({}, { isDeleteAsked: true })]);
  cleanUp(draft, dead({}, { isDeleteAsked: true }), indexGocdAgents([gocdAgent("t", { ...building, uuid: "anew" })]));
  assertEquals(draft.instance("t"), dead({ uuid: "anew" }, { formerUuids: ["uuid-t"] }));
});

Deno.test("a new record that is deleted at once is put on record as deleted, as the previous one was", () => {
  const asked = dead({}, { isDeleteAsked: true });
  const draft = draftAt(nowMs, [asked]);
  cleanUp(draft, asked, indexGocdAgents([gocdAgent("t", { ...off, uuid: "anew" })]));
  assertEquals(draft.instance("t"), dead({ uuid: "anew" }, { isDeleteAsked: true, formerUuids: ["uuid-t"] }));
});

Deno.test("an ended instance is forgotten ten minutes later, if it holds no build and lists have lacked its record for as long", () => {
  const left = (gone: Gone, server: Partial<State["server"]> = {}): string => cleaned(gone, { agents: [], server });
  assertEquals([left(since(10 * minute - 1)), left(since(10 * minute))], ["", "forgotten"]);
  const held = dead({ sinceMs: nowMs - 20 * minute }, { mayHoldBuild: true });
  assertEquals(left(held), "");
  const day = 24 * 60 * minute;
  const heldFor = (ms: number, watchedForMs: number): string =>
    cleaned({ ...held, sinceMs: nowMs - ms }, { agents: [], parts: { watched: watchedFrom(nowMs - watchedForMs) } });
  assertEquals([heldFor(day - 1, day), heldFor(day, day)], ["", "forgotten"]);
  assertEquals([heldFor(day, 60 * minute - 1), heldFor(day, 60 * minute)], ["", "forgotten"], "the clock may be wrong");
  const lacking = (ms: number): Partial<State["server"]> => ({
    unlisted: new Map([["uuid-t", { gocdAgent: gocdAgent("t"), sinceMs: nowMs - ms }]]),
  });
  const old = since(20 * minute);
  assertEquals([left(old, lacking(10 * minute - 1)), left(old, lacking(10 * minute))], ["", "forgotten"]);
  assertEquals(left(unknownTo(old), lacking(0)), "forgotten");
});

Deno.test("a record that this run has never listed is not known to be gone for its first ten minutes", () => {
  const { server } = draftAt(nowMs, []).state;
  const at = (readMs: number, uuid: string | undefined = "u"): boolean =>
    isJustUnlisted(draftAt(readMs, [], {}).state, uuid);
  assertEquals([at(zeroMs + 10 * minute - 1), at(zeroMs + 10 * minute), server.unlisted.size], [true, false, 0]);
  assertEquals(isJustUnlisted(draftAt(zeroMs, []).state, undefined), false);
});

Deno.test("a dead agent whose silence must show is enabled under its known record", () => {
  const draft = draftAt(nowMs, [since(10 * minute)]);
  reenableDeadRecord(draft, since(10 * minute));
  assertEquals(draft.finish().effects, [{ kind: "enable-gocd-agent", taskId: "t", uuid: "uuid-t" }]);
});

Deno.test("an agent that is over keeps its former records in mind, except the one that counts now and a deleted one", () => {
  const former = (gone: Gone): unknown => {
    const agents = [gocdAgent("t", { uuid: "other" })];
    const draft = draftAt(nowMs, [gone], { agents });
    cleanUp(draft, gone, indexGocdAgents(agents));
    return draft.instance("t")?.formerUuids;
  };
  assertEquals([former(dead()), former(dead({}, { isDeleted: true }))], [["uuid-t"], undefined]);
  const two = { formerUuids: ["other", "older"] };
  assertEquals([former(dead({}, two)), former(unknownTo(dead({}, two)))], [["older", "uuid-t"], ["older"]]);
});

// Where instances are put, which offers are declined, and the reason if there is no place.
// The laws over random offers are in placement_laws_test.ts.

import { assertEquals } from "@std/assert";
import type { Offer } from "../../../src/core/placement/offer.ts";
import { place, type PlacementRequest, type PlacementResult } from "../../../src/core/placement/placement.ts";
import type { AgentProfile } from "../../../src/core/settings.ts";
import {
  aProfile,
  aRequest,
  avoidedFor,
  hostOffer,
  missOf,
  plainContainer,
  portRanges,
  scalar,
  wantedOf,
} from "../../support/placement.ts";

Deno.test("without anything wanted every offer is declined", () => {
  const result = place(aRequest({ offers: [hostOffer("b", {}), hostOffer("a", {})] }));
  assertEquals(result, { accepts: [], declines: ["o-a", "o-b"], unplaced: [] });
});

Deno.test("all wanted instances are placed at once, and the tasks hold exactly their pieces", () => {
  const result = place(aRequest({ offers: [hostOffer("a", {})], wanted: [wantedOf(2, aProfile({}))] }));
  const resources = [scalar("cpus", 1), scalar("mem", 1_024)];
  assertEquals(result.accepts, [{
    mesosAgentId: "a-a",
    host: "a",
    offerIds: ["o-a"],
    placements: [{ wantedIndex: 0, resources, hostPorts: [] }, { wantedIndex: 0, resources, hostPorts: [] }],
  }]);
  assertEquals(result.unplaced, []);
});

Deno.test("packing fills the fullest host before a larger one is opened", () => {
  const offers = [hostOffer("a", { cpus: 8, mem: 8_192 }), hostOffer("b", { cpus: 2, mem: 2_048 }), hostOffer("c", {})];
  assertEquals(hostCounts(place(aRequest({ offers, wanted: [wantedOf(5, aProfile({}))] }))), { b: 2, c: 3 });
});

Deno.test("packing prefers a host with agents of ours", () => {
  const offers = [hostOffer("a", { cpus: 2 }), hostOffer("b", { cpus: 4 })];
  const occupancy = new Map([["a-b", new Map([["other", 1]])]]);
  assertEquals(hostCounts(place(aRequest({ offers, occupancy, wanted: [wantedOf(1, aProfile({}))] }))), { b: 1 });
});

Deno.test("spreading goes to the host with the fewest of the profile, living and new ones counted", () => {
  const offers = [hostOffer("a", {}), hostOffer("b", {}), hostOffer("c", {})];
  const occupancy = new Map([["a-a", new Map([["default", 2]])], ["a-b", new Map([["other", 2]])]]);
  const profile = aProfile({ placement: "spread" });
  const placed = (count: number): Record<string, number> =>
    hostCounts(place(aRequest({ offers, occupancy, wanted: [wantedOf(count, profile)] })));
  assertEquals(placed(1), { c: 1 });
  assertEquals(placed(4), { b: 2, c: 2 });
  assertEquals(placed(7), { a: 1, b: 3, c: 3 });
});

Deno.test("max-per-host counts living instances and those of this round", () => {
  const profile = aProfile({ maxPerHost: 2 });
  const result = place(aRequest({
    offers: [hostOffer("a", {}), hostOffer("b", {})],
    occupancy: new Map([["a-a", new Map([["default", 1]])]]),
    wanted: [wantedOf(4, profile)],
  }));
  assertEquals(hostCounts(result), { a: 1, b: 2 });
  assertEquals(result.unplaced.map(({ wantedIndex, count }) => [wantedIndex, count]), [[0, 1]]);
  assertEquals(missOf(result), "2 offers refused: host has 2 of profile default, the most allowed (max-per-host)");
});

Deno.test("max-per-host counts over all roles and all buckets of a profile name", () => {
  const profile = aProfile({ maxPerHost: 1 });
  const offers = [hostOffer("a", {}), hostOffer("a", { id: "o-a-other", role: "other" })];
  const wanted = [wantedOf(1, profile), wantedOf(1, { ...profile, role: "other" }), wantedOf(1, { ...profile })];
  const result = place(aRequest({ offers, wanted }));
  assertEquals(result.accepts.map((accept) => accept.offerIds), [["o-a"]]);
  assertEquals(result.declines, ["o-a-other"]);
  assertEquals(result.unplaced.map((entry) => entry.wantedIndex), [1, 2]);
});

Deno.test("earlier entries get what they want first", () => {
  const offers = [hostOffer("a", { cpus: 2 })];
  const wanted = [wantedOf(1, aProfile({ name: "one" })), wantedOf(2, aProfile({ name: "two" }))];
  const result = place(aRequest({ offers, wanted }));
  assertEquals(result.accepts[0]?.placements.map((placed) => placed.wantedIndex), [0, 1]);
  assertEquals(result.unplaced.map(({ wantedIndex, count }) => ({ wantedIndex, count })), [{
    wantedIndex: 1,
    count: 1,
  }]);
});

Deno.test("several offers of one Mesos agent are combined, so that a task may span them", () => {
  const offers = [hostOffer("a", { id: "o-2", cpus: 0.5 }), hostOffer("a", { id: "o-1", cpus: 0.5, mem: 0 })];
  const result = place(aRequest({ offers, wanted: [wantedOf(1, aProfile({}))] }));
  assertEquals(result.accepts[0]?.offerIds, ["o-1", "o-2"]);
});

Deno.test("offers of different roles are never combined", () => {
  const offers = [hostOffer("a", { cpus: 0.5 }), hostOffer("a", { id: "o-other", role: "other", cpus: 4 })];
  const result = place(aRequest({ offers, wanted: [wantedOf(1, aProfile({}))] }));
  assertEquals(result.declines, ["o-a", "o-other"]);
  assertEquals(
    missOf(result),
    "largest offer short by 0.5 cpus on host a; 1 offer refused: role is other, not ci",
  );
});

Deno.test("an offer given twice counts once", () => {
  const offers = [hostOffer("a", { cpus: 1 }), hostOffer("a", { cpus: 1 })];
  const result = place(aRequest({ offers, wanted: [wantedOf(2, aProfile({}))] }));
  assertEquals(hostCounts(result), { a: 1 });
  assertEquals(result.accepts[0]?.offerIds, ["o-a"]);
});

Deno.test("a profile without GPUs takes none, and goes to a host with GPUs only when the others are full", () => {
  const offers = [hostOffer("a", { gpus: 2, cpus: 1 }), hostOffer("b", { cpus: 1 })];
  for (const placement of ["pack", "spread"] as const) {
    const profile = aProfile({ placement });
    assertEquals(hostCounts(place(aRequest({ offers, wanted: [wantedOf(1, profile)] }))), { b: 1 });
    const both = place(aRequest({ offers, wanted: [wantedOf(2, profile)] }));
    assertEquals(hostCounts(both), { a: 1, b: 1 });
    assertEquals(both.accepts[0]?.placements[0]?.resources.map((piece) => piece.name), ["cpus", "mem"]);
  }
});

Deno.test("a GPU profile takes GPUs", () => {
  const profile = aProfile({ mesosResources: { gpus: 1 } });
  const result = place(
    aRequest({ offers: [hostOffer("a", { gpus: 2 }), hostOffer("b", {})], wanted: [wantedOf(3, profile)] }),
  );
  assertEquals(hostCounts(result), { a: 2 });
  assertEquals(result.accepts[0]?.placements[0]?.resources.at(-1), scalar("gpus", 1));
  assertEquals(missOf(result), "largest offer short by 1 gpus on host a after 2 tasks placed there");
});

Deno.test("ports of tasks in one accept are disjoint, one for each port mapping", () => {
  const profile = aProfile({
    mesosResources: { portsCount: 7 },
    container: {
      ...plainContainer,
      portMappings: [{ containerPort: 80, protocol: "tcp" }, { containerPort: 81, protocol: "udp" }],
    },
  });
  const offers = [hostOffer("a", { ports: [{ begin: 10, end: 11 }, { begin: 20, end: 22 }] })];
  const result = place(aRequest({ offers, wanted: [wantedOf(3, profile)] }));
  assertEquals(result.accepts[0]?.placements.map((placed) => placed.hostPorts), [[10, 11], [20, 21]]);
  assertEquals(
    missOf(result),
    "largest offer short by 1 port on host a after 2 tasks placed there",
  );
  const without = aProfile({ mesosResources: { portsCount: 3 } });
  const ports = place(aRequest({ offers, wanted: [wantedOf(1, without)] })).accepts[0]?.placements[0];
  assertEquals(ports?.hostPorts, [10, 11, 20]);
  assertEquals(ports?.resources.at(-1), portRanges([{ begin: 10, end: 11 }, { begin: 20, end: 20 }]));
});

Deno.test("tasks in one accept are limited, and the rest waits with a reason", () => {
  const result = place(
    aRequest({ offers: [hostOffer("a", {})], wanted: [wantedOf(3, aProfile({}))], tasksPerAcceptMax: 2 }),
  );
  assertEquals(hostCounts(result), { a: 2 });
  assertEquals(
    missOf(result),
    "1 offer refused: 2 tasks are already launched there in this round",
  );
});

const nowMs = 1_000_000;
const leadMs = 600_000;
const windows: readonly (readonly [string, Offer["unavailability"], boolean])[] = [
  ["no window", undefined, true],
  ["a window that is open", { startMs: nowMs - 1, durationMs: 10 }, false],
  ["a window that opens right now", { startMs: nowMs, durationMs: 10 }, false],
  ["a window without end that has begun", { startMs: nowMs - 1 }, false],
  ["a window that has ended", { startMs: nowMs - 20, durationMs: 20 }, true],
  ["a window within the lead time", { startMs: nowMs + leadMs - 1 }, false],
  ["a window after the lead time", { startMs: nowMs + leadMs }, true],
];

for (const [name, unavailability, isUsed] of windows) {
  Deno.test(`a host with ${name} is ${isUsed ? "used" : "not used"}`, () => {
    const offers = [hostOffer("a", unavailability === undefined ? {} : { unavailability })];
    const result = place(
      aRequest({ nowMs, maintenanceLeadMs: leadMs, offers, wanted: [wantedOf(1, aProfile({}))] }),
    );
    assertEquals(result.accepts.length, isUsed ? 1 : 0);
    assertEquals(result.unplaced[0]?.miss.refused?.refusal.kind, isUsed ? undefined : "maintenance");
  });
}

Deno.test("an open window is respected even with no lead time", () => {
  const offers = [hostOffer("a", { unavailability: { startMs: nowMs } })];
  const result = place(aRequest({ nowMs, offers, wanted: [wantedOf(1, aProfile({}))] }));
  assertEquals(missOf(result), "1 offer refused: host is in maintenance");
});

Deno.test("a coming window is reported in minutes", () => {
  const offers = [hostOffer("a", { unavailability: { startMs: nowMs + 90_000 } })];
  const result = place(aRequest({ nowMs, maintenanceLeadMs: leadMs, offers, wanted: [wantedOf(1, aProfile({}))] }));
  assertEquals(missOf(result), "1 offer refused: maintenance starts in 2 min");
});

Deno.test("constraints can refer to the region and zone of an offer", () => {
  const offers = [hostOffer("a", { region: "eu", zone: "eu-1" }), hostOffer("b", { region: "eu", zone: "eu-2" })];
  const constraints = [
    { field: "region", operator: "equals", value: "eu" },
    { field: "zone", operator: "equals", value: "eu-2" },
  ] as const;
  assertEquals(hostCounts(place(aRequest({ offers, wanted: [wantedOf(1, aProfile({ constraints }))] }))), { b: 1 });
});

Deno.test("an avoided host is not used, and the reason is reported", () => {
  const result = place(aRequest({
    offers: [hostOffer("a", {})],
    avoidedHosts: new Map([["a", avoidedFor("no image")]]),
    wanted: [wantedOf(1, aProfile({}))],
  }));
  assertEquals(missOf(result), "1 offer refused: host is avoided for 2 min after failures there: no image");
});

Deno.test("a host that one profile avoids is used by the others", () => {
  const [ours, other] = [aProfile({ name: "ours" }), aProfile({ name: "other" })];
  const result = place(aRequest({
    offers: [hostOffer("a", {})],
    avoidedHosts: new Map([["a", avoidedFor("no image", "ours")]]),
    wanted: [wantedOf(1, ours), wantedOf(1, other)],
  }));
  assertEquals(result.unplaced.length, 1);
  assertEquals(
    missOf(result),
    "1 offer refused: host is avoided for 2 min after failures of profile ours there: no image",
  );
  assertEquals(hostCounts(result), { a: 1 });
});

Deno.test("only hosts that meet the constraints are used, and the others are counted by reason", () => {
  const rack = (hostname: string, text: string): Offer =>
    hostOffer(hostname, { cpus: 1, attributes: [{ name: "rack", kind: "text", text }] });
  const profile = aProfile({ constraints: [{ field: "rack", operator: "equals", value: "r1" }] });
  const offers = [rack("a", "r2"), rack("b", "r1"), rack("c", "r2"), rack("d", "r3")];
  const result = place(aRequest({ offers, wanted: [wantedOf(2, profile)] }));
  assertEquals(hostCounts(result), { b: 1 });
  assertEquals(result.unplaced.map(({ wantedIndex, count }) => [wantedIndex, count]), [[0, 1]]);
  assertEquals(
    missOf(result),
    "largest offer short by 1 cpus on host b after 1 task placed there; " +
      "2 offers refused: rack is r2, not r1, 1 more for other reasons",
  );
});

Deno.test("the nearest miss is the host that lacks the smallest share", () => {
  const profile = aProfile({ mesosResources: { cpusMilli: 2_000, memMbMilli: 1_024_000 } });
  const offers = [
    hostOffer("a", { cpus: 0.5, mem: 4_096 }),
    hostOffer("b", { mem: 768 }),
    hostOffer("c", { mem: 512 }),
  ];
  const result = place(aRequest({ offers, wanted: [wantedOf(1, profile)] }));
  assertEquals(missOf(result), "largest offer short by 256 MB of mem on host b");
});

Deno.test("a host that lacks several resources is reported with all of them", () => {
  const profile = aProfile({ mesosResources: { cpusMilli: 8_000, memMbMilli: 8_192_000, diskMbMilli: 100_500 } });
  const result = place(aRequest({ offers: [hostOffer("a", {})], wanted: [wantedOf(1, profile)] }));
  assertEquals(
    missOf(result),
    "largest offer short by 4 cpus, 4 GB of mem and 100.5 MB of disk on host a",
  );
});

Deno.test("without offers, the reason says so", () => {
  const result = place(aRequest({ wanted: [wantedOf(3, aProfile({}))] }));
  assertEquals(result.unplaced, [{ wantedIndex: 0, count: 3, miss: {} }]);
  assertEquals(missOf(result), "no offers available");
});

Deno.test("shared, revocable and disk-source resources are left alone", () => {
  const more = (["shared", "revocable", "disk-source"] as const).map((use) => scalar("cpus", 8, { use }));
  const result = place(aRequest({ offers: [hostOffer("a", { cpus: 0, more })], wanted: [wantedOf(1, aProfile({}))] }));
  assertEquals(missOf(result), "largest offer short by 1 cpus on host a");
});

Deno.test("a task takes reserved resources before unreserved ones and keeps them apart", () => {
  const reserved = { reservations: '[{"role":"ci","type":"DYNAMIC"}]' };
  const offers = [hostOffer("a", { cpus: 2, more: [scalar("cpus", 0.25, reserved)] })];
  const result = place(aRequest({ offers, wanted: [wantedOf(1, aProfile({}))] }));
  assertEquals(result.accepts[0]?.placements[0]?.resources, [
    scalar("cpus", 0.25, reserved),
    scalar("cpus", 0.75),
    scalar("mem", 1_024),
  ]);
});

Deno.test("two profiles that share hosts see each other's tasks", () => {
  const offers = [hostOffer("a", { cpus: 2, mem: 8_192 }), hostOffer("b", { cpus: 3, mem: 8_192 })];
  const one = aProfile({ name: "one" });
  const two = aProfile({ name: "two", placement: "spread" });
  const wanted: PlacementRequest["wanted"] = [one, two, one, two, one].map((profile: AgentProfile) =>
    wantedOf(1, profile)
  );
  const result = place(aRequest({ offers, wanted }));
  assertEquals(hostCounts(result), { a: 2, b: 3 });
  assertEquals(result.unplaced, []);
});

Deno.test("spreading among equals goes to the host with the most room", () => {
  const offers = [hostOffer("a", { cpus: 2 }), hostOffer("b", { cpus: 4 })];
  const profile = aProfile({ placement: "spread" });
  assertEquals(hostCounts(place(aRequest({ offers, wanted: [wantedOf(1, profile)] }))), { b: 1 });
});

Deno.test("a task on the offer of one role counts for the same Mesos agent's offer to another role", () => {
  const one = aProfile({ name: "one", placement: "spread" });
  const other = aProfile({ name: "other", placement: "spread", role: "other" });
  const offers = [
    ...["a", "b", "c"].map((host) => hostOffer(host, { cpus: 1 })),
    hostOffer("b", { id: "o-b-other", role: "other" }),
  ];
  const result = place(aRequest({ offers, wanted: [one, other, one, one].map((profile) => wantedOf(1, profile)) }));
  const places = result.accepts.flatMap(({ offerIds, placements }) =>
    placements.map(({ wantedIndex }) => `${wantedIndex} ${offerIds}`)
  );
  assertEquals(places.toSorted(), ["0 o-a", "1 o-b-other", "2 o-c", "3 o-b"]);
});

Deno.test("profiles that differ only in name or in constraints are not mixed up", () => {
  const profile = aProfile({ name: "one", maxPerHost: 1 });
  const named = place(aRequest({
    offers: [hostOffer("a", {})],
    wanted: [wantedOf(1, profile), wantedOf(1, { ...profile, name: "two" }), wantedOf(1, { ...profile })],
  }));
  assertEquals(hostCounts(named), { a: 2 });
  assertEquals(named.unplaced.map(({ wantedIndex }) => wantedIndex), [2]);
  const constrained = aProfile({ constraints: [{ field: "hostname", operator: "equals", value: "b" }] });
  const wanted = [wantedOf(1, aProfile({})), wantedOf(1, constrained)];
  assertEquals(hostCounts(place(aRequest({ offers: [hostOffer("a", {}), hostOffer("b", {})], wanted }))), {
    a: 1,
    b: 1,
  });
});

function hostCounts(result: PlacementResult): Record<string, number> {
  return Object.fromEntries(result.accepts.map((accept) => [accept.host, accept.placements.length]));
}

// In which order hosts are used, and how a refusal is reported: one rule, one deciding host each.
// Not here: stories (placement_test.ts), laws (placement_laws_test.ts).

import { assertEquals } from "@std/assert";
import type { Offer } from "../../../src/core/placement/offer.ts";
import { defaultTasksPerAcceptMax, place, type PlacementRequest } from "../../../src/core/placement/placement.ts";
import { shortfallsText } from "../../../src/core/words/placement.ts";
import { compareText } from "../../../src/core/placement/offer_resources.ts";
import {
  aProfile,
  aRequest,
  avoidedFor,
  hostOffer,
  type HostOfferChanges,
  missOf,
  type ProfileChanges,
  scalar,
  wantedOf,
} from "../../support/placement.ts";

/** The hosts in the order in which they are taken: each takes one. */
function order(offers: readonly Offer[], changes: ProfileChanges, request: Partial<PlacementRequest> = {}): string[] {
  const profile = aProfile({ ...changes, maxPerHost: 1 });
  const result = place(aRequest({ offers, wanted: offers.map(() => wantedOf(1, profile)), ...request }));
  return result.accepts
    .flatMap(({ host, placements }) => placements.map(({ wantedIndex }) => ({ host, wantedIndex })))
    .toSorted((one, other) => one.wantedIndex - other.wantedIndex)
    .map(({ host }) => host);
}

/** Forty hosts with 1 to 40 cpus to spare; neighbours by name are far apart. */
const manyHosts = Array.from({ length: 40 }, (_, index) => {
  const cpus = (index * 17) % 40 + 1;
  return hostOffer(`h${index}`, { cpus, mem: 2_048 });
});
const byCpus = manyHosts.toSorted((one, other) => cpusOf(one) - cpusOf(other)).map(({ hostname }) => hostname);

function cpusOf(offer: Offer): number {
  const value = offer.resources[0]?.value;
  return value?.kind === "scalar" ? value.milli : 0;
}

Deno.test("of many hosts packing takes the fullest next, spreading the emptiest", () => {
  assertEquals(order(manyHosts, { placement: "pack" }), byCpus);
  assertEquals(order(manyHosts, { placement: "spread" }), byCpus.toReversed());
});

Deno.test("of equal hosts the one that comes first by name is taken, then by Mesos agent, whatever the order of offers", () => {
  const twins = ["s2", "s1", "s3"].map((mesosAgentId) => hostOffer("twin", { id: `o-${mesosAgentId}`, mesosAgentId }));
  const offers = [hostOffer("z", {}), ...twins, hostOffer("b", {}), hostOffer("a", {})];
  assertEquals(place(aRequest({ offers })).declines, ["o-a", "o-b", "o-s1", "o-s2", "o-s3", "o-z"]);
  assertEquals(order([hostOffer("c", {}), hostOffer("a", {}), hostOffer("b", {})], {}), ["a", "b", "c"]);
  const names = ["c", "a", "b"].map((host, index) => hostOffer(host, { id: `o-${index}`, mesosAgentId: `s-${index}` }));
  assertEquals(place(aRequest({ offers: names })).declines, ["o-1", "o-2", "o-0"]);
  const masters = ["s3", "s1", "s2"].map((mesosAgentId, index) =>
    hostOffer("h", { id: `o-${index}`, mesosAgentId, role: `r${index}` })
  );
  assertEquals(place(aRequest({ offers: masters })).declines, ["o-1", "o-2", "o-0"]);
  const roles = ["r2", "r1", "r3"].map((role) => hostOffer("h", { id: `o-${role}`, role }));
  assertEquals(place(aRequest({ offers: roles })).declines, ["o-r1", "o-r2", "o-r3"]);
});

/** Two hosts, alike but for this; the needs of the profile; who is fuller. */
const fuller:
  readonly (readonly [string, HostOfferChanges, HostOfferChanges, ProfileChanges["mesosResources"], string])[] = [
    ["memory", { mem: 8_000 }, { mem: 4_000 }, {}, "b"],
    ["disk, where the profile needs some", { disk: 800 }, { disk: 400 }, { diskMbMilli: 1_000 }, "b"],
    ["GPUs, where the profile needs some", { gpus: 2 }, { gpus: 1 }, { gpus: 1 }, "b"],
    [
      "nothing but the order of names where disks differ that the profile does not need",
      { disk: 800 },
      { disk: 400 },
      {},
      "a",
    ],
    [
      "shares of the largest host, not amounts: half the cpus outweigh a tenth less memory",
      { cpus: 2, mem: 4_000 },
      { cpus: 4, mem: 3_600 },
      {},
      "a",
    ],
    [
      "shares of the largest host, the other way round",
      { cpus: 4, mem: 2_000 },
      { cpus: 3.6, mem: 4_000 },
      {},
      "a",
    ],
    ["shares of disk", { disk: 10, cpus: 4 }, { disk: 9, cpus: 8 }, { diskMbMilli: 1_000 }, "a"],
    ["shares of GPUs", { gpus: 10, cpus: 4 }, { gpus: 9, cpus: 8 }, { gpus: 1 }, "a"],
  ];

for (const [name, a, b, mesosResources = {}, first] of fuller) {
  Deno.test(`packing takes the fuller host first, by ${name}`, () => {
    const offers = [hostOffer("a", a), hostOffer("b", b)];
    assertEquals(order(offers, { mesosResources, placement: "pack" })[0], first);
  });
}

Deno.test("packing prefers hosts with our agents to hosts with the least left", () => {
  const offers = [hostOffer("a", { cpus: 1 }), hostOffer("b", { cpus: 8 })];
  const occupancy = new Map([["a-b", new Map([["other", 1]])]]);
  assertEquals(order(offers, { placement: "pack" }, { occupancy }), ["b", "a"]);
});

Deno.test("one accept starts a hundred tasks at most, and the hundredth is among them", () => {
  const offers = [hostOffer("a", { cpus: 200, mem: 1e6 })];
  const result = place(aRequest({ offers, wanted: [wantedOf(101, aProfile({}))] }));
  assertEquals(defaultTasksPerAcceptMax, 100);
  assertEquals(result.accepts[0]?.placements.length, 100);
  assertEquals(result.unplaced[0]?.count, 1);
});

Deno.test("an entry without demand is not reported as unplaced, whatever precedes it", () => {
  const wanted = [wantedOf(2, aProfile({})), wantedOf(0, aProfile({}))];
  const result = place(aRequest({ offers: [hostOffer("a", { cpus: 1 })], wanted }));
  assertEquals(result.unplaced.map(({ wantedIndex, count }) => [wantedIndex, count]), [[0, 1]]);
});

Deno.test("profiles that differ in max-per-host, placement or needs are not mixed up", () => {
  const one = aProfile({ maxPerHost: 1 });
  const { maxPerHost: _none, ...free } = one;
  const offers = [hostOffer("a", { cpus: 4 })];
  for (const second of [free, aProfile({ maxPerHost: 2 })]) {
    const result = place(aRequest({ offers, wanted: [wantedOf(2, one), wantedOf(1, second)] }));
    assertEquals(result.accepts[0]?.placements.map(({ wantedIndex }) => wantedIndex), [0, 1]);
  }
  const small = aProfile({ mesosResources: { cpusMilli: 500 } });
  const sizes = place(
    aRequest({
      offers,
      wanted: [wantedOf(9, aProfile({ mesosResources: { memMbMilli: 1_000 } })), wantedOf(1, small)],
    }),
  );
  assertEquals(sizes.unplaced.length, 2);
});

Deno.test("resources that another framework has reserved with labels are reported with the nearest miss, whichever offer contains them", () => {
  const labelled = scalar("cpus", 8, { use: "labelled" });
  const note =
    "largest offer short by 0.5 cpus on host a (not counted: resources reserved there with labels by another " +
    "framework)";
  const parts = [hostOffer("a", { id: "o-1", cpus: 0.5, more: [labelled] }), hostOffer("a", { id: "o-2", cpus: 0 })];
  const wanted = [wantedOf(1, aProfile({}))];
  assertEquals(missOf(place(aRequest({ offers: parts, wanted }))), note);
  const plain = [hostOffer("a", { id: "o-1", cpus: 0.5 }), hostOffer("a", { id: "o-2", cpus: 0 })];
  assertEquals(
    missOf(place(aRequest({ offers: plain, wanted }))),
    "largest offer short by 0.5 cpus on host a",
  );
});

Deno.test("of hosts that lack the same share the first by name is the nearest miss", () => {
  const offers = [hostOffer("b", { cpus: 0.5 }), hostOffer("a", { cpus: 0.5 })];
  const result = place(aRequest({ offers, wanted: [wantedOf(1, aProfile({}))] }));
  assertEquals(missOf(result), "largest offer short by 0.5 cpus on host a");
});

const avoided = (...reasons: readonly string[]): PlacementRequest["avoidedHosts"] =>
  new Map(reasons.map((reason, index) => [`h${index}`, avoidedFor(reason)]));

for (
  const [name, reasons, told] of [
    [
      "the most frequent",
      ["x", "y", "y"],
      "2 offers refused: host is avoided for 2 min after failures there: y, 1 more for other reasons",
    ],
    [
      "the most frequent, even if it comes first by name",
      ["y", "x", "x"],
      "2 offers refused: host is avoided for 2 min after failures there: x, 1 more for other reasons",
    ],
    [
      "of equally frequent ones the first by name",
      ["y", "x"],
      "1 offer refused: host is avoided for 2 min after failures there: x, 1 more for other reasons",
    ],
    [
      "of equally frequent ones the first by name, in whatever order",
      ["x", "y"],
      "1 offer refused: host is avoided for 2 min after failures there: x, 1 more for other reasons",
    ],
  ] as const
) {
  Deno.test(`of several reasons for refusals ${name} is reported`, () => {
    const offers = reasons.map((_, index) => hostOffer(`h${index}`, {}));
    const result = place(aRequest({ offers, avoidedHosts: avoided(...reasons), wanted: [wantedOf(1, aProfile({}))] }));
    assertEquals(missOf(result), told);
  });
}

const lack = (name: "cpus" | "mem" | "disk" | "gpus", missing: number, needed = 10_000) => ({
  name,
  needed,
  offered: needed - missing,
});

for (
  const [shortfalls, text] of [
    [[], "nothing"],
    [[lack("cpus", 500)], "0.5 cpus"],
    [[lack("cpus", 500), lack("gpus", 1_000)], "0.5 cpus and 1 gpus"],
    [[lack("mem", 1_000), lack("disk", 2_500), lack("gpus", 3_000)], "1 MB of mem, 2.5 MB of disk and 3 gpus"],
    [[{ name: "ports", needed: 3, offered: 2 }], "1 port"],
    [[{ name: "ports", needed: 3, offered: 1 }], "2 ports"],
  ] as const
) {
  Deno.test(`a shortage reads "${text}"`, () => assertEquals(shortfallsText(shortfalls), text));
}

Deno.test("texts are ordered by their code units, and equal ones are equal", () => {
  assertEquals([compareText("a", "b"), compareText("b", "a"), compareText("a", "a")], [-1, 1, 0]);
});

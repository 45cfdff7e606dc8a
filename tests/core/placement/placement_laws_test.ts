// The laws of placement over random offers and wishes: never over-use, answer every offer once, miss no place.

import { missText } from "../../../src/core/words/placement.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "../../support/properties.ts";
import type { Offer, OfferedResource } from "../../../src/core/placement/offer.ts";
import { amountOf, fits, poolOf } from "../../../src/core/placement/offer_resources.ts";
import { place, type PlacementRequest, type PlacementResult } from "../../../src/core/placement/placement.ts";
import { needOf } from "../../../src/core/placement/candidates.ts";
import { aProfile, aRequest, hostOffer, portRanges, scalar, wantedOf } from "../../support/placement.ts";

const role = fc.constantFrom("ci", "ci", "other");
const reservations = fc.constantFrom("[]", "[]", '[{"role":"ci"}]', '[{"role":"ci"},{"role":"ci/x"}]');
const use = fc.constantFrom(
  "usable" as const,
  "usable" as const,
  "usable" as const,
  "shared" as const,
  "revocable" as const,
);

const resource = fc.oneof(
  fc.record({
    name: fc.constantFrom("cpus", "mem", "disk", "gpus", "odd"),
    milli: fc.integer({ min: 0, max: 4_000 }),
    reservations,
    use,
  })
    .map(({ name, milli, ...rest }) => scalar(name, milli / 1000, rest)),
  fc.record({ begin: fc.integer({ min: 1, max: 30 }), length: fc.integer({ min: 0, max: 5 }), reservations, use })
    .map(({ begin, length, ...rest }) => portRanges([{ begin, end: begin + length }], rest)),
);

const offers = fc.array(
  fc.record({
    host: fc.constantFrom("h1", "h2", "h3", "h4"),
    role,
    rack: fc.constantFrom("r1", "r2"),
    resources: fc.array(resource, { maxLength: 8 }),
  }),
  { maxLength: 10 },
).map((list): readonly Offer[] =>
  list.map(({ host, role, rack, resources }, index) => ({
    ...hostOffer(host, { attributes: [{ name: "rack", kind: "text", text: rack }] }),
    id: `o-${index}`,
    role,
    resources: resources.map((one) => ({ ...one, role })),
  }))
);

const profile = fc.record({
  name: fc.constantFrom("p1", "p2", "p3"),
  role,
  placement: fc.constantFrom("pack" as const, "spread" as const),
  limit: fc.constantFrom(undefined, 1, 3),
  rack: fc.constantFrom(undefined, undefined, "r1"),
  mesosResources: fc.record({
    cpusMilli: fc.integer({ min: 1, max: 2_000 }),
    memMbMilli: fc.integer({ min: 0, max: 2_000 }),
    diskMbMilli: fc.constantFrom(0, 0, 500),
    gpus: fc.constantFrom(0, 0, 0, 1),
    portsCount: fc.constantFrom(0, 0, 1, 3),
  }),
}).map(({ limit, rack, ...rest }) =>
  aProfile({
    ...rest,
    ...(limit === undefined ? {} : { maxPerHost: limit }),
    constraints: rack === undefined ? [] : [{ field: "rack", operator: "equals", value: rack }],
  })
);

const request = fc.record({
  offers,
  wanted: fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), profile), { maxLength: 5 })
    .map((list) => list.map(([count, profile]) => wantedOf(count, profile))),
  occupancy: fc.constantFrom(new Map(), new Map([["a-h1", new Map([["p1", 1], ["p2", 2]])]])),
}).map(aRequest);

Deno.test("law: no task takes what was not offered, in amount, role or reservation, and no port twice", () => {
  fc.assert(fc.property(request, (request) => {
    const byId = new Map(request.offers.map((offer) => [offer.id, offer]));
    for (const accept of place(request).accepts) {
      const offered = accept.offerIds.flatMap((id) => byId.get(id)?.resources ?? []);
      const taken = accept.placements.flatMap((placed) => placed.resources);
      for (const [key, amount] of sums(taken)) assert(amount <= (sums(offered).get(key) ?? 0), key);
      for (const piece of taken) assert(piece.use === "usable" && amountOf(piece) > 0);
      const ports = accept.placements.flatMap((placed) => placed.hostPorts);
      assertEquals(new Set(ports).size, ports.length);
      assertEquals(portNumbers(taken), ports.toSorted((one, other) => one - other));
      for (const key of portKeys(taken)) assert(portKeys(offered).has(key), key);
    }
  }));
});

Deno.test("law: each task takes exactly what its profile needs, from offers of its role, on a host that it may use", () => {
  fc.assert(fc.property(request, (request) => {
    const roleOf = new Map(request.offers.map(({ id, role }) => [id, role]));
    for (const accept of place(request).accepts) {
      for (const placed of accept.placements) {
        const profile = request.wanted[placed.wantedIndex]?.profile ?? aProfile({});
        assertEquals(poolOf(placed.resources).totals, needOf(profile));
        assertEquals(placed.hostPorts.length, needOf(profile).ports);
        for (const id of accept.offerIds) assertEquals(roleOf.get(id), profile.role);
      }
    }
  }));
});

Deno.test("law: each offer is in exactly one accept or declined, and each accept is of one Mesos agent and role", () => {
  fc.assert(fc.property(request, (request) => {
    const { accepts, declines } = place(request);
    const answered = [...accepts.flatMap((accept) => accept.offerIds), ...declines];
    assertEquals(answered.toSorted(), request.offers.map((offer) => offer.id).toSorted());
    for (const accept of accepts) {
      assert(accept.placements.length > 0);
      const offers = request.offers.filter((one) => accept.offerIds.includes(one.id));
      for (const offer of offers) {
        assertEquals([offer.mesosAgentId, offer.role], [accept.mesosAgentId, offers[0]?.role]);
      }
    }
  }));
});

Deno.test("law: of each entry placed and unplaced together are what was wanted", () => {
  fc.assert(fc.property(request, (request) => {
    const result = place(request);
    for (const [index, { wanted }] of request.wanted.entries()) {
      const missing = result.unplaced.find((entry) => entry.wantedIndex === index);
      assertEquals(placedOf(result, index) + (missing?.count ?? 0), wanted.count);
      if (missing !== undefined) assert(missing.count > 0 && missText(missing.miss) !== "");
    }
  }));
});

Deno.test("law: the order of the offers and of their resources changes nothing", () => {
  fc.assert(fc.property(request, (request) => {
    const turned = request.offers.toReversed().map((offer) => ({ ...offer, resources: offer.resources.toReversed() }));
    // Offers of one host disagree about its rack here, and then the first by id counts, which turning does not change.
    assertEquals(place({ ...request, offers: turned }), place(request));
  }));
});

Deno.test("law: never more of a profile on a host than max-per-host", () => {
  fc.assert(fc.property(request, (request) => {
    const result = place(request);
    for (const { profile } of request.wanted) {
      const limit = profile.maxPerHost;
      if (limit === undefined) continue;
      for (const mesosAgentId of new Set(request.offers.map((offer) => offer.mesosAgentId))) {
        const placed = result.accepts.filter((accept) => accept.mesosAgentId === mesosAgentId)
          .flatMap((accept) => accept.placements)
          .filter(({ wantedIndex }) => request.wanted[wantedIndex]?.profile === profile).length;
        assert(placed === 0 || placed + (request.occupancy.get(mesosAgentId)?.get(profile.name) ?? 0) <= limit);
      }
    }
  }));
});

Deno.test("law: what is left unplaced fits on no host any more", () => {
  fc.assert(fc.property(request, (plain) => {
    const request = withoutLimits(plain);
    const result = place(request);
    const rests = restsOf(request, result);
    for (const { wantedIndex } of result.unplaced) {
      const profile = request.wanted[wantedIndex]?.profile ?? aProfile({});
      for (const rest of rests.filter(({ role }) => role === profile.role)) {
        assert(!fits(poolOf(rest.resources).totals, needOf(profile)), `entry ${wantedIndex} fits still`);
      }
    }
  }));
});

Deno.test("law: one profile gets as many instances as the hosts can hold, host by host", () => {
  fc.assert(fc.property(offers, profile, (offers, plain) => {
    const wanted = [wantedOf(1_000, plain)];
    const request = withoutLimits(aRequest({ offers, wanted, tasksPerAcceptMax: 10_000 }));
    const profile = request.wanted[0]?.profile ?? plain;
    const need = needOf(profile);
    const capacity = restsOf(request, { accepts: [], declines: [], unplaced: [] })
      .filter(({ role }) => role === profile.role)
      .map(({ resources }) => poolOf(resources).totals)
      .map((totals) =>
        Math.min(
          ...(["cpus", "mem", "disk", "gpus", "ports"] as const).filter((name) => need[name] > 0)
            .map((name) => Math.floor(totals[name] / need[name])),
        )
      );
    assertEquals(placedOf(place(request), 0), Math.min(1_000, capacity.reduce((sum, count) => sum + count, 0)));
  }));
});

function withoutLimits(request: PlacementRequest): PlacementRequest {
  const wanted = request.wanted.map(({ wanted, profile }) => {
    const { maxPerHost: _limit, ...free } = profile;
    return { wanted, profile: { ...free, constraints: [] } };
  });
  return { ...request, wanted };
}

/** What is left of each Mesos agent and role, computed apart from the code under test: amounts by piece, ports by number. */
function restsOf(
  request: PlacementRequest,
  result: PlacementResult,
): readonly { role: string; resources: readonly OfferedResource[] }[] {
  const groups = Map.groupBy(request.offers, (offer) => `${offer.mesosAgentId} ${offer.role}`);
  return [...groups.values()].map((group) => {
    const ids = new Set(group.map((offer) => offer.id));
    const accept = result.accepts.find((one) => one.offerIds.some((id) => ids.has(id)));
    const taken = accept?.placements.flatMap((placed) => placed.resources) ?? [];
    const offered = group.flatMap((offer) => offer.resources).filter((one) => one.use === "usable");
    const usedPorts = new Set(portNumbers(taken));
    const ports = [...new Set(portNumbers(offered))].filter((port) => !usedPorts.has(port));
    const scalars = ["cpus", "mem", "disk", "gpus"].map((name) =>
      scalar(name, (total(offered, name) - total(taken, name)) / 1000)
    );
    return {
      role: group[0]?.role ?? "",
      resources: [...scalars, portRanges(ports.map((port) => ({ begin: port, end: port })))],
    };
  });
}

function total(resources: readonly OfferedResource[], name: string): number {
  return resources.filter((one) => one.name === name).reduce((sum, one) => sum + amountOf(one), 0);
}

function sums(resources: readonly OfferedResource[]): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const one of resources) {
    const key = [one.name, one.role, one.reservations, one.use].join(" ");
    amounts.set(key, (amounts.get(key) ?? 0) + amountOf(one));
  }
  return amounts;
}

function portNumbers(resources: readonly OfferedResource[]): number[] {
  return resources.flatMap(({ value }) => value.kind === "ranges" ? value.ranges : [])
    .flatMap(({ begin, end }) => Array.from({ length: end - begin + 1 }, (_, index) => begin + index))
    .sort((one, other) => one - other);
}

function portKeys(resources: readonly OfferedResource[]): Set<string> {
  return new Set(
    resources.flatMap((one) => portNumbers([one]).map((port) => `${port} ${one.role} ${one.reservations}`)),
  );
}

function placedOf(result: PlacementResult, wantedIndex: number): number {
  return result.accepts.flatMap((accept) => accept.placements)
    .filter((placed) => placed.wantedIndex === wantedIndex).length;
}

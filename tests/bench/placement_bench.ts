// The cost of placement by offers and wanted instances. Run: deno task bench. Target: 1,000 offers × 500 wanted
// instances in less than 50 ms, linear in offers.

import { place, type PlacementRequest } from "../../src/core/placement/placement.ts";
import { aProfile, aWanted, hostOffer } from "../support/placement.ts";
import type { AgentProfile } from "../../src/core/settings.ts";

const offerCounts = [100, 1_000, 5_000];
const wantedCounts = [50, 500];

/** One bucket that wants all; and the dearer shape, a bucket for each instance, over ten profiles with constraints. */
const shapes: readonly { readonly name: string; readonly wanted: (count: number) => PlacementRequest["wanted"] }[] = [
  {
    name: "pack, one bucket",
    wanted: (count) => [{ wanted: aWanted({ count }), profile: aProfile({}) }],
  },
  {
    name: "spread, one bucket",
    wanted: (count) => [{ wanted: aWanted({ count }), profile: aProfile({ placement: "spread" }) }],
  },
  {
    name: "ten profiles, a bucket each instance",
    wanted: (count) => {
      const profiles = Array.from({ length: 10 }, (_, index) => manySided(index));
      return Array.from({ length: count }, (_, index) => {
        const profile = profiles[index % profiles.length] ?? aProfile({});
        return { wanted: aWanted({ count: 1, profile: profile.name }), profile };
      });
    },
  },
  {
    name: "nothing fits",
    wanted: (count) => {
      const profile = aProfile({ mesosResources: { cpusMilli: 64_000 } });
      return Array.from({ length: count }, () => ({ wanted: aWanted({ count: 1 }), profile }));
    },
  },
];

for (const shape of shapes) {
  for (const wantedCount of wantedCounts) {
    for (const offerCount of offerCounts) {
      const request: PlacementRequest = {
        nowMs: 0,
        offers: Array.from({ length: offerCount }, (_, index) => offerOf(index)),
        wanted: shape.wanted(wantedCount),
        occupancy: new Map(),
        avoidedHosts: new Map([["host-7", { forMs: 1, failure: { kind: "mesos", message: "x" } }]]),
        maintenanceLeadMs: 3_600_000,
      };
      Deno.bench(`${offerCount} offers × ${wantedCount} wanted`, { group: `placement: ${shape.name}` }, () => {
        place(request);
      });
    }
  }
}

function offerOf(index: number): PlacementRequest["offers"][number] {
  return hostOffer(`host-${index}`, {
    cpus: 1 + index % 8,
    mem: 1_024 * (1 + index % 16),
    disk: 20_000,
    ports: [{ begin: 31_000, end: 32_000 }],
    attributes: [{ name: "rack", kind: "text", text: `r${index % 4}` }],
  });
}

function manySided(index: number): AgentProfile {
  return aProfile({
    name: `profile-${index}`,
    placement: index % 2 === 0 ? "pack" : "spread",
    maxPerHost: 4,
    constraints: [{ field: "rack", operator: "matches", pattern: `r[${index % 4}-9]` }],
    mesosResources: { cpusMilli: 500, portsCount: 2 },
  });
}

// Fair shares: a sharer whose agents fit on no host keeps the slots of max-agents from others, and uses none.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { makePlan } from "../../../src/core/demand/plan.ts";
import { job, minute, serverInfo, zeroMs } from "../../support/core.ts";
import type { FairShare } from "../../../src/core/settings.ts";
import { aProfile } from "../../support/placement.ts";
import { aRegistered, stateOf } from "../instance_fixtures.ts";

const byProfile: FairShare = { by: "profile", weights: {} };
const linux = aProfile({ name: "linux", gocdResources: ["linux"] });

/** How many agents of linux are wanted, while as many are wanted of a profile with these cpus, which no offer fits. */
function wantedBeside(cpusMilli: number, fairShare?: FairShare): readonly number[] {
  const big = aProfile({
    name: "big",
    gocdResources: ["big"],
    mesosResources: { ...linux.mesosResources, cpusMilli },
  });
  const profiles = [big, linux];
  const builders = ["a", "b", "c"].map((id) => aRegistered(id, "building", { profile: "linux" }));
  const scaling = { maxAgents: 6, ...(fairShare === undefined ? {} : { fairShare }) };
  const state = stateOf(builders, {}, { profiles, scaling });
  const waiting = [
    ...["x", "y", "z"].map((name) => job(name, { gocdResources: ["big"] })),
    ...["k", "l", "m"].map((name) => job(name)),
  ];
  const atMs = zeroMs + 10 * minute;
  const plan = makePlan(
    {
      ...state,
      demand: { ...state.demand, backlog: bucketJobs(waiting, state.settings.poller, "insensitive") },
      server: { ...state.server, info: serverInfo, lastPollMs: atMs },
      offers: {
        ...state.offers,
        nearestMiss: new Map([["big", { sinceMs: zeroMs, atMs, miss: {} }]]),
        roles: new Map([["ci", { suppressed: false, repeated: false, lastOfferMs: atMs }]]),
      },
    },
    atMs,
    "poll",
  );
  return plan.demand.wanted.filter(({ profile }) => profile === "linux").map(({ count }) => count);
}

Deno.test("with and without fair shares, slots that an agent that fits on no host cannot use go to others", () => {
  assertEquals([wantedBeside(999_000), wantedBeside(999_000, byProfile)], [[3], [3]]);
});

Deno.test("a sharer with less keeps its slots if an agent of another could make room on its host", () => {
  const { cpusMilli } = linux.mesosResources;
  assertEquals([wantedBeside(cpusMilli), wantedBeside(cpusMilli, byProfile)], [[3], []]);
});

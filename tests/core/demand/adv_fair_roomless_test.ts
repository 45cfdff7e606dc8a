// Fair shares: a sharer whose agents fit on no host keeps the slots of max-agents from others, and uses none.

import { assertEquals } from "@std/assert";
import { bucketJobs } from "../../../src/core/demand/backlog.ts";
import { makePlan } from "../../../src/core/demand/plan.ts";
import { job, minute, serverInfo, zeroMs } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";
import { aRegistered, stateOf } from "../instance_fixtures.ts";

for (const fairShare of [undefined, { by: "profile", weights: {} } as const]) {
  Deno.test(`slots that an agent that fits on no host cannot use go to others, ${fairShare?.by ?? "without shares"}`, () => {
    const profiles = [
      aProfile({ name: "big", gocdResources: ["big"] }),
      aProfile({ name: "linux", gocdResources: ["linux"] }),
    ];
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
    const wanted = plan.demand.wanted.filter(({ profile }) => profile === "linux").map(({ count }) => count);
    assertEquals(wanted, [3]);
  });
}

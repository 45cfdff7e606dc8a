// The limits that are off until they are set: launches per minute, share of the cluster's cpus, cpu-hours per day.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "../../support/properties.ts";
import { isClamp, launchLimits } from "../../../src/core/demand/limit.ts";
import type { Offer } from "../../../src/core/placement/offer.ts";
import type { ScalingSettings } from "../../../src/core/settings.ts";
import { statusView } from "../../../src/core/view/status_view.ts";
import {
  drive,
  type Driver,
  emptyStore,
  gocdAgent,
  jobs,
  minute,
  offer,
  only,
  second,
  someSettings,
  zeroMs,
} from "../../support/core.ts";
import { aProfile, hostOffer } from "../../support/placement.ts";

const hour = 60 * minute;
const profiles = [aProfile({ gocdResources: ["linux"], mesosResources: { cpusMilli: 2_000, memMbMilli: 100 } })];

function world(scaling: Partial<ScalingSettings>, waiting: number, stored = emptyStore): Driver {
  const driver = drive({ profiles, scaling, stored });
  driver.subscribe();
  driver.poll({ jobs: jobs(waiting) });
  driver.wait(6 * second);
  return driver;
}

const launched = (driver: Driver, ...offers: readonly Offer[]): number => {
  driver.taken();
  driver.offers(...offers);
  return only(driver.taken(), "accept-offers").flatMap(({ launches }) => launches).length;
};

const room = (host: string, cpus = 100): Offer => offer(host, { cpus, mem: 100_000 });

Deno.test("no more agents are launched in a minute than launches-per-minute, and the verdict names the limit", () => {
  const driver = world({ launchesPerMinute: 2 }, 5);
  assertEquals(launched(driver, room("h1")), 2);
  driver.wait(30 * second);
  assertEquals(launched(driver, room("h2")), 0);
  assertEquals(driver.verdict("j4").reasonCode, "held-pace");
  assertStringIncludes(driver.verdict("j4").reason, "limit reached: scaling.launches-per-minute = 2");
  driver.wait(45 * second);
  assertEquals(launched(driver, room("h3")), 2);
});

Deno.test("a launch that a limit per minute holds back is planned at the moment when the minute is over", () => {
  const driver = world({ launchesPerMinute: 2 }, 5);
  assertEquals(launched(driver, room("h1")), 2);
  const wanted = (): number => driver.state.demand.wanted.reduce((sum, { count }) => sum + count, 0);
  driver.wait(51 * second, 51 * second);
  assertEquals(wanted(), 0);
  driver.wait(8 * second, 8 * second);
  assertEquals(wanted(), 0);
  driver.wait(second, second);
  assertEquals(wanted(), 2);
});

Deno.test("agents get their share of the cpus that Mesos has offered, including those that they use", () => {
  const driver = world({ maxCpuShare: 0.5 }, 10);
  assertEquals(launched(driver, room("h1", 8)), 2);
  driver.wait(6 * second);
  // 8 + 8 shown, 4 used: 4 left of the share of 8.
  assertEquals(launched(driver, room("h2", 8)), 2);
  driver.wait(6 * second);
  assertEquals(launched(driver, room("h1", 4)), 0);
  driver.wait(second);
  const { reason, reasonCode, nextAct } = driver.verdict("j9");
  assertEquals(reasonCode, "held-share");
  assertStringIncludes(reason, "scaling.max-cpu-share = 0.5, agents have 8 of 16 cpus");
  assertStringIncludes(nextAct ?? "", "raise scaling.max-cpu-share");
  const held = statusView(driver.state, driver.atMs).problems.find(({ code }) => code === "held-share");
  assertStringIncludes(held?.message ?? "", "6 jobs are held back");
  assert(driver.state.demand.wanted.length > 0, "offers must stay wanted, or nobody learns that the cluster has grown");
  driver.wait(6 * second);
  assertEquals(launched(driver, room("h3", 16)), 4);
});

Deno.test("without the key, nothing is remembered about hosts", () => {
  const driver = world({}, 10);
  assertEquals(launched(driver, room("h1", 8)), 4);
  assertEquals([driver.state.offers.capacity, driver.state.cpuUse], [undefined, undefined]);
});

Deno.test("agents never have more than their share, whatever hosts offer and in which order", () => {
  const offers = fc.array(
    fc.record({ host: fc.integer({ min: 1, max: 4 }), cpus: fc.integer({ min: 1, max: 30 }) }),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(offers, fc.constantFrom(0.1, 0.25, 0.5, 0.9, 1), (drawn, maxCpuShare) => {
      const driver = world({ maxCpuShare }, 40);
      const most = new Map<number, number>();
      let used = 0;
      for (const { host, cpus } of drawn) {
        const here = [...driver.state.instances.values()].filter((each) => each.host === `h${host}`).length * 2;
        most.set(host, Math.max(most.get(host) ?? 0, cpus + here));
        used += 2 * launched(driver, room(`h${host}`, cpus));
        const shown = [...most.values()].reduce((sum, each) => sum + each, 0);
        assert(used <= maxCpuShare * shown + 1e-9, `${used} of ${shown} cpus, share ${maxCpuShare}`);
        driver.wait(6 * second);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("limits let some agents through, a freeze and a pause none", () => {
  const limit = { kind: "held-limit", limit: 1, allowed: 0 } as const;
  assertEquals(
    [limit, { kind: "held-rate", perMinute: 1 } as const, { kind: "held-pace", key: "k", limit: 1 } as const].map(
      isClamp,
    ),
    [
      true,
      true,
      true,
    ],
  );
  assertEquals(
    [{ kind: "go" } as const, { kind: "held-frozen" } as const, { kind: "held-restarted" } as const].map(isClamp),
    [
      false,
      false,
      false,
    ],
  );
});

Deno.test("cpu-hours hold launches back from the moment at which those of the day are used up", () => {
  const state = drive({ profiles, scaling: { cpuHoursPerDay: 2 } }).state;
  const said = (cpuMs: number): unknown => {
    const record = { day: "2023-11-14", cpuMs };
    const [limit] = launchLimits({ ...state, cpuUse: { record, countedMs: zeroMs, storedMs: zeroMs } }, zeroMs);
    limit?.take(1);
    return limit === undefined ? undefined : [limit.room(profiles[0] ?? aProfile({})), limit.gate(0)];
  };
  const gate = { kind: "held-cpu-hours", usedHours: 2, limitHours: 2, timeZone: "UTC" };
  assertEquals([said(2 * hour - 1), said(2 * hour)], [[Infinity, { ...gate, usedHours: 2 - 1 / hour }], [0, gate]]);
});

Deno.test("once the cpu-hours of the day are used up nothing is launched until midnight, and it is reported before", () => {
  const driver = world({ cpuHoursPerDay: 1 }, 1);
  assertEquals(launched(driver, room("h1")), 1);
  const [id = ""] = driver.state.instances.keys();
  driver.status(id, "TASK_RUNNING");
  const agent = gocdAgent(id, { agentState: "Building", buildState: "Building" });
  const passes = (ms: number): void => {
    for (let left = ms; left > 0; left -= minute) {
      driver.poll({ agents: [agent], jobs: jobs(2).slice(1) });
      driver.wait(Math.min(left, minute));
    }
  };
  driver.noted();
  // 2 cpus: 1 cpu-hour in half an hour, 80 % of it in 24 minutes.
  passes(25 * minute);
  assertEquals(driver.noted().filter(({ code }) => code.startsWith("cpu-hours")).map(({ code }) => code), [
    "cpu-hours-low",
  ]);
  const problem = (): string | undefined =>
    statusView(driver.state, driver.atMs).problems.find(({ code }) => code.includes("cpu-hours"))?.code;
  assertEquals(problem(), "cpu-hours-low");
  passes(6 * minute);
  assertEquals(driver.noted().filter(({ code }) => code.startsWith("cpu-hours")).map(({ code }) => code), [
    "cpu-hours-used-up",
  ]);
  assertEquals(problem(), "held-cpu-hours");
  assertEquals(driver.verdict("j1").reasonCode, "held-cpu-hours");
  assertStringIncludes(driver.verdict("j1").reason, "of 1 (scaling.cpu-hours-per-day), per day in UTC");
  assertEquals(launched(driver, room("h2")), 0);
  // The minute zero of all tests is 22:13 UTC.
  passes(90 * minute);
  assertEquals(problem(), undefined);
  assertEquals(launched(driver, room("h3")), 1);
});

Deno.test("what is used is stored every minute, when it is used up and when the day ends, and a restart continues", () => {
  const stored: number[] = [];
  const driver = drive({
    profiles,
    scaling: { cpuHoursPerDay: 100, timeZone: "Europe/Berlin" },
    stored: { ...emptyStore, cpuUse: { day: "2023-11-14", cpuMs: 10 * hour } },
    onStep: ({ before, after }) => {
      if (before.cpuUse?.storedMs !== after.cpuUse?.storedMs) stored.push(after.cpuUse?.record.cpuMs ?? NaN);
    },
  });
  driver.subscribe();
  driver.poll({ jobs: jobs(1) });
  driver.wait(6 * second);
  driver.offers(room("h1"));
  driver.wait(10 * minute);
  assertEquals(stored.length, 10);
  assertEquals(Math.round((driver.state.cpuUse?.record.cpuMs ?? 0) / minute), 600 + 20);
  // Midnight in Berlin is 23:00 UTC.
  driver.wait(40 * minute);
  assertEquals(driver.state.cpuUse?.record.day, "2023-11-15");
  assert((driver.state.cpuUse?.record.cpuMs ?? Infinity) < hour, "the new day begins at nothing");
});

Deno.test("time without observation is not counted", () => {
  const driver = world({ cpuHoursPerDay: 100 }, 1);
  driver.offers(room("h1"));
  driver.wait(minute);
  const before = driver.state.cpuUse?.record.cpuMs ?? NaN;
  driver.skip(hour);
  driver.wait(minute);
  const minutes = ((driver.state.cpuUse?.record.cpuMs ?? NaN) - before) / minute;
  assertEquals(Math.round(minutes), 2);
});

Deno.test("a stored day ahead of the clock does not hold launches back until then", () => {
  const cpuUse = { day: "2031-01-01", cpuMs: 3 * hour };
  const driver = drive({ profiles, scaling: { cpuHoursPerDay: 5 }, stored: { ...emptyStore, cpuUse } });
  driver.wait(minute);
  assertEquals(driver.state.cpuUse?.record, { day: "2023-11-14", cpuMs: 3 * hour });
});

Deno.test("limits are combined: the lowest applies", () => {
  assertEquals(someSettings().scaling.launchesPerMinute, undefined);
  const driver = world({ launchesPerMinute: 5, maxAgents: 3 }, 9);
  assertEquals(driver.verdict("j8").reasonCode, "held-limit");
  assertEquals(launched(driver, hostOffer("h1", { cpus: 100, mem: 100_000 })), 3);
});

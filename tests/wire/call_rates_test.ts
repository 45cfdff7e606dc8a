// How often the program calls Mesos, as the simulated master counts: over a day without demand, under many offers and
// with changing demand, with its real clients on virtual time. Calls that the core requests:
// tests/core/call_rates_test.ts.

import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "../../src/sim/mesos/sim_mesos.ts";
import { startVirtualCluster, type VirtualCluster, type VirtualClusterOptions } from "../support/virtual_cluster.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const hopMs = 5;
/** How far apart allocation rounds are (Mesos' `--allocation_interval`). */
const roundMs = second;

/** Hosts for a few agents each. */
function hosts(count: number, from = 0): VirtualClusterOptions["mesosAgents"] {
  return Array.from({ length: count }, (_, index) => ({
    hostname: `h${from + index}`,
    ip: `10.0.${(from + index) >> 8}.${(from + index) & 255}`,
    port: 5051,
    resources: { cpus: 4, mem: 8_192, disk: 10_000 },
  }));
}

/** What the master has counted so far; calls by type. */
function counted({ mesos }: VirtualCluster): { calls: Record<string, number>; sent: number; declined: number } {
  const { calls, offersSent, offersDeclined } = mesos.counters;
  return { calls: { ...calls }, sent: offersSent, declined: offersDeclined };
}

/** Of one type of call. */
function since(before: ReturnType<typeof counted>, world: VirtualCluster, type: string): number {
  return (world.mesos.counters.calls[type] ?? 0) - (before.calls[type] ?? 0);
}

/** Each offer that the master ever sent was answered once, validly, and none is out. */
function assertAllAnsweredOnce({ mesos }: VirtualCluster): void {
  const { offersSent, offersAccepted, offersDeclined, offersRescinded, offersAnsweredInvalid, refused } =
    mesos.counters;
  assertEquals(mesos.view().offers, []);
  assertEquals(offersAnsweredInvalid, 0);
  assertEquals(offersAccepted + offersDeclined + offersRescinded, offersSent);
  assertEquals(refused, {});
}

/**
 * No offer waits for a second decision: it is answered after its way here, our decision, which takes no virtual time,
 * and the calls of that one decision, one after the other.
 */
function assertHeldForOneDecision({ mesos }: VirtualCluster, callsOfOneDecision: number): void {
  const { offerHeldMsMax } = mesos.counters;
  const longestMs = 2 * hopMs + (callsOfOneDecision - 1) * 2 * hopMs;
  assert(offerHeldMsMax <= longestMs, `an offer was held for ${offerHeldMsMax} ms, of at most ${longestMs} ms`);
}

function schedule({ gocd }: VirtualCluster, name: string, durationMs: number): void {
  gocd.schedule({ pipeline: "p", stage: "s", job: name, gocdResources: [], durationMs });
}

/** Idle, with nothing of the past left to do. */
async function untilIdle(world: VirtualCluster, limitMs: number): Promise<void> {
  const endMs = world.nowMs() + limitMs;
  while (world.framework.engine.state.instances.size > 0 || world.gocd.jobs().length > 0) {
    assert(world.nowMs() < endMs, `still at work: ${[...world.framework.engine.state.instances.keys()]}`);
    await world.pass(minute);
  }
}

Deno.test("a day without demand sends one SUPPRESS and no DECLINE, and later demand is served", async () => {
  const world = await startVirtualCluster({ mesosAgents: hosts(3), hopMs });
  try {
    await world.pass(minute);
    assertEquals(world.mesos.counters.calls["SUPPRESS"], 1);
    const morning = counted(world);
    const askedBefore = world.gocdRequests();
    await world.pass(24 * hour);
    assertEquals(since(morning, world, "SUPPRESS"), 0, "no more than one SUPPRESS");
    assertEquals(since(morning, world, "DECLINE"), 0, "no decline after it");
    assertEquals(since(morning, world, "REVIVE"), 0);
    assertEquals(counted(world).sent, morning.sent, "no offer after it");
    // One implicit reconciliation every ten minutes is all that Mesos receives.
    const { calls } = world.mesos.counters;
    assertEquals(Object.keys(calls).filter((type) => since(morning, world, type) > 0), ["RECONCILE"]);
    assert(since(morning, world, "RECONCILE") <= 24 * 6 + 1, JSON.stringify(calls));
    assert(world.gocdRequests() - askedBefore >= 24 * 30 * 2, "the GoCD server was looked at all the time");
    assertEquals(world.mesos.counters.subscriptions, 1);

    for (let job = 0; job < 5; job++) schedule(world, `j${job}`, 3 * minute);
    await untilIdle(world, 3 * hour);
    assertEquals(world.gocd.tally.buildsCompleted, 5);
    assert(since(morning, world, "REVIVE") >= 1);
    assert(Object.keys(world.mesos.counters.launches).length >= 5);

    const evening = counted(world);
    await world.pass(hour);
    for (const type of ["SUPPRESS", "DECLINE", "ACCEPT", "REVIVE"]) assertEquals(since(evening, world, type), 0, type);
    assertAllAnsweredOnce(world);
    assertHeldForOneDecision(world, 4);
  } finally {
    await world.stop();
  }
});

Deno.test("1,000 first offers without demand are suppressed within their allocation round", async () => {
  const world = await startVirtualCluster({ mesosAgents: hosts(1_000), hopMs });
  try {
    await world.pass(roundMs);
    const { offersSent, lastCallMs, lastOfferMs } = world.mesos.counters;
    assert(offersSent >= 1_000, `${offersSent} offers`);
    const suppressMs = lastCallMs?.["SUPPRESS"] ?? Infinity;
    assert(suppressMs - (lastOfferMs ?? 0) <= roundMs, "suppressed within one round");
    // A thousand more machines join each second: the storm goes on, but not for us.
    for (let from = 1_000; from < 6_000; from += 1_000) {
      for (const spec of hosts(1_000, from)) world.mesos.addMesosAgent(spec, world.nowMs());
      await world.pass(second);
    }
    await world.pass(hour);
    assertEquals(world.mesos.counters.offersSent, offersSent);
    assertEquals(world.mesos.counters.calls["SUPPRESS"], 1);
    assertAllAnsweredOnce(world);
    // SUPPRESS, and the DECLINE of them all.
    assertHeldForOneDecision(world, 2);
  } finally {
    await world.stop();
  }
});

Deno.test("1,000 unusable offers per second are each answered once, and suppressed after the last job", async () => {
  // Each machine is offered again in the round after the 5 s of its decline; the pattern is one that a master cannot
  // read.
  const world = await startVirtualCluster({
    mesosAgents: hosts(6_100),
    hopMs,
    more: `poller { interval = 5 seconds, attempts = 0, max-interval = 5 seconds }
      go-agent.constraints = ["hostname =~ (?:nowhere)"]`,
  });
  try {
    await world.pass(10 * second);
    schedule(world, "j", minute);
    await world.pass(12 * second);
    const before = counted(world);
    await world.pass(12 * second);
    const perSecond = (counted(world).sent - before.sent) / 12;
    assert(perSecond >= 1_000, `${perSecond} offers per second`);
    for (const job of world.gocd.jobs()) world.gocd.cancelJob(job.locator);
    const suppressed = world.mesos.counters.calls["SUPPRESS"] ?? 0;
    for (const endMs = world.nowMs() + 30 * second; world.mesos.counters.calls["SUPPRESS"] === suppressed;) {
      assert(world.nowMs() < endMs, "not suppressed, though nothing is wanted any more");
      await world.pass(10);
    }
    // The poll that shows it is the decision; the way of the call, and it is over, whatever the master had on its way.
    const { lastPollMs = 0 } = world.framework.engine.state.server;
    assert((world.mesos.counters.lastCallMs?.["SUPPRESS"] ?? Infinity) - lastPollMs <= roundMs);
    const { offersSent } = world.mesos.counters;
    await world.pass(hour);
    assertEquals(world.mesos.counters.offersSent, offersSent, "not an offer after SUPPRESS");
    assertAllAnsweredOnce(world);
    assertHeldForOneDecision(world, 2);
  } finally {
    await world.stop();
  }
});

Deno.test("an hour of changing demand has no two REVIVEs within 5 s, and holds no offer for longer than one decision", async () => {
  const world = await startVirtualCluster({
    mesosAgents: hosts(4),
    hopMs,
    more: `poller { interval = 1 second, attempts = 0, max-interval = 1 second }
      scaling { idle-timeout = 30 seconds, drain-confirm = 20 seconds, max-agents = 12 }`,
  });
  try {
    const random = seededRandom(5);
    await world.pass(minute);
    for (let at = 0, job = 0; at < hour;) {
      for (let more = Math.ceil(random() * 6); more > 0; more--) schedule(world, `j${job++}`, 5 * second);
      const restMs = Math.round(random() < 0.5 ? 1_500 + random() * 3_000 : random() * 4 * minute);
      at += restMs;
      await world.pass(restMs);
      // Half of what waits is taken back, so that demand ends before it is served.
      for (const each of world.gocd.jobs()) {
        if (each.state === "Scheduled" && random() < 0.5) world.gocd.cancelJob(each.locator);
      }
    }
    await untilIdle(world, 3 * hour);
    const { calls, reviveGapMsMin, doubleLaunches } = world.mesos.counters;
    assert((calls["REVIVE"] ?? 0) >= 30, JSON.stringify(calls));
    assert((reviveGapMsMin ?? Infinity) >= 5_000, `REVIVEs ${reviveGapMsMin} ms apart`);
    assert((calls["SUPPRESS"] ?? 0) <= (calls["REVIVE"] ?? 0) + 1, JSON.stringify(calls));
    assertEquals(doubleLaunches, 0);
    assertAllAnsweredOnce(world);
    // Four machines: an ACCEPT each, and one DECLINE.
    assertHeldForOneDecision(world, 5);
  } finally {
    await world.stop();
  }
});

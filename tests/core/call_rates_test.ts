// How often the core calls Mesos and the GoCD server, counted on virtual time.

import { assert, assertEquals } from "@std/assert";
import type { Effect } from "../../src/core/effect.ts";
import { drive, type Driver, gocdAgent, jobs, minute, offer, only, problem, second } from "../support/core.ts";
import { aProfile } from "../support/placement.ts";

const hour = 60 * minute;

/** Lets time pass and answers each question of the core at once with the same lists. */
function live(world: Driver, ms: number, show: Parameters<Driver["poll"]>[0] & object, everyMs = second): Effect[] {
  const all: Effect[] = [];
  const endMs = world.atMs + ms;
  while (world.atMs < endMs) {
    world.wait(everyMs, everyMs);
    const effects = world.taken();
    all.push(...effects);
    for (const { kind } of effects) {
      if (kind === "poll-gocd") world.poll(show);
      if (kind === "read-gocd-agents") world.read(...(show.agents ?? []));
    }
  }
  all.push(...world.taken());
  return all;
}

Deno.test("a day without demand: one SUPPRESS, no decline after it, no REVIVE, a poll every two minutes", () => {
  const world = drive();
  world.subscribe();
  world.offers(offer("h1"), offer("h2"));
  const effects = live(world, 24 * hour, { agents: [gocdAgent("h")] }, 2 * second);
  assertEquals(only(effects, "suppress-offers").length, 1);
  assertEquals(only(effects, "revive-offers").length, 0);
  const suppressAt = effects.findIndex((effect) => effect.kind === "suppress-offers");
  assertEquals(only(effects.slice(suppressAt + 2), "decline-offers"), []);
  const polls = only(effects, "poll-gocd").length;
  assert(polls >= 700 && polls <= 721, `${polls} polls`);
  assertEquals(only(effects, "read-gocd-agents"), []);
});

Deno.test("while nothing is scheduled, polls slow down to max-interval; the first job makes them fast again", () => {
  const world = drive({ poller: { intervalMs: 10 * second, maxIntervalMs: 2 * minute } });
  world.subscribe();
  const quiet = only(live(world, 6 * hour, {}), "poll-gocd").length;
  assert(quiet >= 175 && quiet <= 195, `${quiet} polls`);
  world.poll({ jobs: jobs(1) });
  assertEquals(world.state.server.nextPollMs - world.atMs, 10 * second);
});

Deno.test("a storm of unwanted offers is suppressed within one round, and each offer is declined once, for an hour", () => {
  const world = drive();
  world.subscribe();
  assertEquals(only(world.taken(), "suppress-offers").length, 1);
  for (let batch = 0; batch < 10; batch++) {
    world.offers(...Array.from({ length: 100 }, (_, index) => offer(`h${batch}-${index}`)));
    world.skip(100);
  }
  const effects = world.taken();
  const declined = only(effects, "decline-offers");
  assertEquals(declined.flatMap((each) => each.offerIds).length, 1_000);
  assertEquals([...new Set(declined.map((each) => each.refuseSeconds))], [3_600]);
  assertEquals(effects.length, 10);
});

Deno.test("SUPPRESS is sent in the step of SUBSCRIBED if nothing is wanted, and REVIVE in that of the poll", () => {
  const world = drive();
  assertEquals(only(world.subscribe().effects, "suppress-offers"), [{ kind: "suppress-offers", roles: ["ci"] }]);
  world.wait(second);
  assertEquals(only(world.poll({ jobs: jobs(1) }).effects, "revive-offers"), [{
    kind: "revive-offers",
    roles: ["ci"],
  }]);
});

Deno.test("a subscription with demand needs no REVIVE, because the allocator makes offers anyway", () => {
  const world = drive();
  world.poll({ jobs: jobs(1) });
  world.subscribe();
  world.wait(9 * second);
  assertEquals(only(world.taken(), "revive-offers"), []);
});

Deno.test("a REVIVE that brings no offers is repeated once, and then every ten minutes", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  const times: number[] = [];
  const startMs = world.atMs;
  assertEquals(only(world.taken(), "revive-offers").length, 1);
  for (let at = 0; at < 1_300; at++) {
    world.wait(second);
    if (at % 60 === 0) world.poll({ jobs: jobs(1) });
    if (only(world.taken(), "revive-offers").length > 0) times.push((world.atMs - startMs) / second);
  }
  assertEquals(times, [10, 610, 1210]);
});

Deno.test("a role that is offered nothing is reported as long as that lasts, however often REVIVE is repeated", () => {
  const world = drive();
  world.subscribe();
  world.wait(10 * minute);
  world.poll({ jobs: jobs(1) });
  const codes: string[] = [];
  for (let at = 0; at < 30; at++) {
    world.wait(minute);
    world.poll({ jobs: jobs(1) });
    codes.push(world.verdict("j0").reasonCode);
  }
  assert(only(world.taken(), "revive-offers").length >= 4);
  assertEquals(codes, Array(30).fill("no-offer"));
  world.offers(offer("h1", { mem: 64 }));
  world.wait(30 * second);
  world.poll({ jobs: jobs(1) });
  assertEquals(world.verdict("j0").reasonCode === "no-offer", false);
});

Deno.test("a lost REVIVE does not make a role look as if it had been offered nothing for long", () => {
  const world = drive();
  world.subscribe();
  world.wait(10 * minute);
  world.poll({ jobs: jobs(1) });
  const call = { kind: "revive-offers" as const, roles: ["ci"] };
  world.send({ kind: "mesos-call-failed", call, outcome: "unknown", message: "no answer" });
  world.wait(30 * second);
  world.poll({ jobs: jobs(1) });
  assertEquals(world.verdict("j0").reasonCode, "launching");
});

Deno.test("a REVIVE that brought offers is not repeated, even if none of them fits", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(second);
  world.offers(offer("h1", { mem: 64 }));
  world.taken();
  world.wait(5 * minute);
  assertEquals(only(world.taken(), "revive-offers"), []);
});

Deno.test("however fast demand changes, a role is not revived more often than every 5 s", () => {
  const world = drive();
  world.subscribe();
  const times: number[] = [];
  for (let at = 0; at < 300; at++) {
    world.poll({ jobs: jobs(at % 2) });
    world.wait(second);
    const revivedMs = world.state.offers.roles.get("ci")?.lastReviveMs;
    if (revivedMs !== undefined && revivedMs !== times.at(-1)) times.push(revivedMs);
  }
  assertEquals(only(world.taken(), "revive-offers").length, times.length);
  assert(times.length > 10);
  times.slice(1).forEach((atMs, index) => assert(atMs - (times[index] ?? 0) >= 5 * second, `${times}`));
});

Deno.test("after long declines the next demand causes a REVIVE, which ends their filters", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.offers(offer("h1"));
  world.wait(second);
  world.offers(offer("h2"));
  assertEquals(only(world.taken(), "decline-offers").map((each) => each.refuseSeconds), [3_600]);
  world.wait(5 * second);
  world.poll({ jobs: jobs(2) });
  assertEquals(only(world.taken(), "revive-offers").length, 1);
});

Deno.test("while something is still wanted, offers are refused for 5 s only, and so is the rest after an ACCEPT", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(6) });
  world.offers(offer("h1", { cpus: 2 }), offer("h2", { mem: 64 }));
  const effects = world.taken();
  assertEquals(only(effects, "accept-offers").map((each) => [each.launches.length, each.refuseSeconds]), [[2, 5]]);
  assertEquals(only(effects, "decline-offers").map((each) => each.refuseSeconds), [5]);
});

Deno.test("each role is suppressed and revived separately", () => {
  const world = drive({
    profiles: [aProfile({ gocdResources: ["linux"] }), aProfile({ name: "b", role: "qa", gocdResources: ["x"] })],
  });
  world.subscribe();
  assertEquals(only(world.taken(), "suppress-offers").map((each) => each.roles), [["ci", "qa"]]);
  world.poll({ jobs: jobs(1, { gocdResources: ["x"] }) });
  assertEquals(only(world.taken(), "revive-offers").map((each) => each.roles), [["qa"]]);
});

Deno.test("while the program shuts down, offers are declined and nothing else is requested", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.send({ kind: "shutdown-started" });
  world.taken();
  world.offers(offer("h1"));
  world.wait(5 * minute);
  assertEquals(world.taken().map((effect) => effect.kind), ["decline-offers"]);
});

Deno.test("a failing server is polled less and less often, with jitter, and no sooner than it requests", () => {
  for (const [random, least, most] of [[0, 6, 16], [0.5, 5, 12], [0.99, 4, 9]] as const) {
    const world = drive({ random: () => random });
    let polls = 0;
    for (let at = 0; at < 10 * 60; at++) {
      world.wait(second);
      if (only(world.taken(), "poll-gocd").length === 0) continue;
      polls++;
      world.send({ kind: "gocd-poll-failed", problem: problem() });
    }
    assert(polls >= least && polls <= most, `${polls} polls with ${random}`);
  }
  const world = drive();
  world.send({ kind: "gocd-poll-failed", problem: problem({ retryAfterMs: 7 * minute }) });
  world.wait(7 * minute - second);
  assertEquals(only(world.taken(), "poll-gocd"), []);
  world.wait(second);
  assertEquals(only(world.taken(), "poll-gocd").length, 1);
});

Deno.test("there is one request at a time; one without a response is cancelled after ten minutes", () => {
  const world = drive();
  world.wait(10 * minute);
  assertEquals(only(world.taken(), "poll-gocd").length, 1);
  world.wait(2 * second);
  assertEquals(only(world.taken(), "poll-gocd").length, 1);
});

Deno.test("a lasting problem is one line in the log, whichever request encounters it, until a poll succeeds", () => {
  const world = drive();
  const lines = (): Set<string> => new Set(world.noted().map((note) => note.onceKey ?? ""));
  for (const path of ["version", "version", "agents", "feed"]) {
    world.send({ kind: "gocd-poll-failed", problem: problem({ message: `GET /${path} answered 503` }) });
  }
  const first = lines();
  assertEquals(first.size, 1);
  world.read();
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  assertEquals(lines(), first, "agents that could be read in between do not end it");
  world.wait(second);
  world.poll();
  assertEquals(world.noted().filter((note) => note.code === "gocd-answers").length, 1);
  world.send({ kind: "gocd-poll-failed", problem: problem() });
  assertEquals([...lines()].filter((line) => first.has(line)), [], "the next outage is told anew");
});

Deno.test("a list that stays the same is noted once", () => {
  const world = drive({ scaling: { maxAgents: 2 } });
  world.poll({ jobs: jobs(3) });
  world.noted();
  for (let poll = 0; poll < 5; poll++) {
    world.wait(second);
    world.poll({ jobs: jobs(3) });
  }
  assertEquals(world.noted(), []);
});

// The log of recent offers.

import { assertEquals } from "@std/assert";
import { createOfferLog } from "../../src/runtime/offer_log.ts";
import { drive, minute, offer } from "../support/core.ts";

Deno.test("the offer log keeps the latest offer of each host and role for ten minutes, latest first", () => {
  const log = createOfferLog();
  const world = drive({ onStep: (step) => log.seen(step) });
  world.subscribe();
  world.offers(offer("h1", { cpus: 2, mem: 1_024 }), offer("h2"));
  world.skip(minute);
  world.offers(offer("h1", { cpus: 3, mem: 2_048 }));
  const shown = log.recent(world.atMs);
  assertEquals(shown.map(({ host }) => host), ["h1", "h2"]);
  assertEquals([shown[0]?.cpus, shown[0]?.mem, shown[0]?.isAccepted], [3, 2_048, false]);
  assertEquals(log.recent(world.atMs + 9.5 * minute).map(({ host }) => host), ["h1"]);
  assertEquals(log.recent(world.atMs + 10 * minute), []);
});

Deno.test("the offer log keeps at most 500 offers and 50 of one event", () => {
  const log = createOfferLog();
  const world = drive({ onStep: (step) => log.seen(step) });
  world.subscribe();
  for (let round = 0; round < 20; round++) {
    world.offers(...Array.from({ length: 60 }, (_, index) => offer(`h${round}-${index}`)));
  }
  const shown = log.recent(world.atMs);
  assertEquals([shown.length, shown[0]?.host, shown.at(-1)?.host], [500, "h19-49", "h10-0"]);
});

// The search for settings: the result keeps the limit, is not more expensive, and has the reported outcome.

import { assert, assertEquals } from "@std/assert";
import { hoursOf } from "../../src/whatif/report.ts";
import { suggest } from "../../src/whatif/suggest.ts";
import { minute, second } from "../support/core.ts";
import { aJob, aTrace, recommended, replayCore, surroundings } from "./support.ts";

/** A job every four minutes. */
const trace = aTrace(Array.from({ length: 15 }, (_, index) => aJob(index * 4 * minute)));

Deno.test("a search finds cheaper settings that keep the limit, and shows the changed keys", () => {
  const before = replayCore(trace);
  const found = suggest({ trace, settings: recommended, surroundings, p95MaxMs: 3 * minute });
  assert(found.isWithin);
  assert(found.outcome.wait.p95Ms <= 3 * minute);
  assert(hoursOf(found.outcome) < hoursOf(before));
  const { outcome } = found;
  const again = replayCore(trace, found.settings);
  assertEquals({ ...again, name: "" }, { ...outcome, name: "" });
  const was: Readonly<Record<string, string>> = {
    "poller.interval": "15 seconds",
    "poller.attempts": "1",
    "scaling.idle-timeout": "10 minutes",
    "go-agent.min-idle": "0",
    "go-agent.headroom": "0",
  };
  assert(found.changes.length > 0);
  for (const { key, before, after } of found.changes) {
    assertEquals(before, was[key]);
    assert(after !== before && /^(\d+( seconds| minutes)?|"\d+%")$/.test(after), after);
  }
});

Deno.test("a limit that no settings keep is reported, with settings that are not worse", () => {
  const short = aTrace([aJob(0), aJob(4 * minute), aJob(8 * minute)], { lengthMs: 12 * minute });
  const found = suggest({ trace: short, settings: recommended, surroundings, p95MaxMs: 1 });
  assertEquals(found.isWithin, false);
  assert(found.outcome.wait.p95Ms <= replayCore(short).wait.p95Ms);
});

Deno.test("the search proposes min-idle if the demand needs ready agents", () => {
  // Too far apart for the idle timeouts that are tried.
  const rare = aTrace([aJob(0), aJob(100 * minute)], { lengthMs: 110 * minute });
  const found = suggest({ trace: rare, settings: recommended, surroundings, p95MaxMs: 30 * second });
  // The first job comes before any agent can be there.
  assertEquals(found.changes.some(({ key }) => key === "go-agent.min-idle"), true);
});

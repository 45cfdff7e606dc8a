// Series of measurements: by their labels, and with a limit on their number.

import { assertEquals } from "@std/assert";
import { Meters } from "../../src/runtime/meters.ts";

Deno.test("each set of labels is a separate series", () => {
  const meters = new Meters();
  meters.total("offers", { answer: "accepted", reason: "fits" }, 2);
  meters.total("offers", { answer: "declined", reason: "unwanted" }, 1);
  meters.total("offers", { answer: "accepted", reason: "fits" }, 3);
  assertEquals(meters.totals().offers?.map(({ labels, value }) => [labels["answer"], value]), [
    ["accepted", 5],
    ["declined", 1],
  ]);
  meters.duration("job-wait", { profile: "a" }, 4_000);
  meters.duration("job-wait", { profile: "a" }, 5 * 3_600_000);
  const [{ snapshot } = { snapshot: undefined }] = meters.durations()["job-wait"];
  assertEquals(snapshot?.sumSeconds, 18_004);
  assertEquals([snapshot?.counts[1], snapshot?.counts.at(-1)], [1, 1]);
});

Deno.test("without measurements there are no series", () => {
  const meters = new Meters();
  for (const series of Object.values(meters.durations())) assertEquals(series.length, 0);
  assertEquals(meters.totals(), {});
});

Deno.test("measurements beyond a thousand series are added up in one series", () => {
  const meters = new Meters();
  for (let number = 0; number < 3_000; number++) {
    meters.total("builds-lost", { profile: `p${number}`, cause: "lost" }, 1);
  }
  const series = meters.totals()["builds-lost"];
  assertEquals(series?.length, 1_001);
  assertEquals(series?.at(-1), { labels: { profile: "other", cause: "other" }, value: 2_000 });
});

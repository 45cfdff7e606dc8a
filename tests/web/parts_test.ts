// Small parts of the web folder: texts, hosts, limits, histograms, queries.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatDuration } from "../../src/core/words/phrases.ts";
import { Secret } from "../../src/secret.ts";
import { isAuthorized, isOurHost, isOurOrigin } from "../../src/web/access.ts";
import { createHistogram } from "../../src/runtime/histogram.ts";
import { allJobs, moreHref, pageHref, pageQuery, rowsLimit } from "../../src/web/page_query.ts";
import { foldedSection, loggedSentence, sentence, until } from "../../src/web/pieces.ts";
import { createRateLimiter } from "../../src/web/rate_limit.ts";
import { spanText } from "../../src/web/wording.ts";

const spans: readonly (readonly [number, string])[] = [
  [-5_000, "0 s"],
  [NaN, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [215_000, "3 min 35 s"],
  [3_599_999, "59 min"],
  [3_600_000, "1 h"],
  [7_500_000, "2 h 5 min"],
  [90_000_000, "1 d 1 h"],
];
for (const [spanMs, text] of spans) {
  Deno.test(`a span of ${spanMs} ms is shown as ${text}`, () => assertEquals(spanText(spanMs), text));
}

Deno.test("only the time of the next try in a sentence is a countdown", () => {
  const { markup } = sentence("no image at 2026-11-28T12:00:00Z; next try at 2026-11-28T12:01:00Z");
  const time = "2026-11-28T12:01:00Z";
  assertEquals(
    markup,
    `<bdi>no image at 2026-11-28T12:00:00Z; next try <time datetime="${time}" title="${time}" data-until>at ${time}</time></bdi>`,
  );
});

const rules = { listen: { host: "build.example.org", port: 8090 }, advertise: "https://ci.example.org/mesos" };
const hosts: readonly (readonly [string, boolean])[] = [
  ["localhost", true],
  ["localhost:8090", true],
  ["LOCALHOST:1", true],
  ["127.0.0.1:8090", true],
  ["[::1]:8090", true],
  ["10.1.2.3", true],
  ["build.example.org:8090", true],
  ["ci.example.org", true],
  ["ci.example.org.", true],
  ["evil.example.org", false],
  ["localhost.evil.org", false],
  ["127.0.0.1.evil.org", false],
  ["evil.org@localhost", false],
  ["evil.org#localhost", false],
  ["evil.org\\localhost", false],
  ["evil.org/://localhost", false],
  ["a b", false],
  ["", false],
];
for (const [host, isOurs] of hosts) {
  Deno.test(`the Host ${JSON.stringify(host)} is ${isOurs ? "accepted" : "refused"}`, () => {
    assertEquals(isOurHost(host, rules), isOurs);
  });
}

Deno.test("the Host of an IPv6 listener is accepted, and a name without http.advertise is refused", () => {
  assertEquals(isOurHost("[fe80::1]:80", { listen: { host: "fe80::1", port: 80 } }), true);
  assertEquals(isOurHost("ci.example.org", { listen: { host: "0.0.0.0", port: 80 } }), false);
});

const origins: readonly (readonly [string | null, string, boolean])[] = [
  [null, "localhost:8090", true],
  ["http://localhost:8090", "localhost:8090", true],
  ["https://localhost:8090", "localhost:8090", true],
  ["http://localhost:9999", "localhost:8090", false],
  ["http://evil.example.org", "localhost:8090", false],
  ["null", "localhost:8090", false],
];
for (const [origin, host, isOurs] of origins) {
  Deno.test(`the Origin ${origin} at ${host} is ${isOurs ? "accepted" : "refused"}`, () => {
    assertEquals(isOurOrigin(origin, host), isOurs);
  });
}

const token = new Secret("http.admin-token", () => "s3cr3t-token");
const authorizations: readonly (readonly [string | null, boolean])[] = [
  [null, false],
  ["", false],
  ["Bearer s3cr3t-token", true],
  ["bearer  s3cr3t-token", true],
  ["Bearer s3cr3t-toke", false],
  ["Bearer s3cr3t-tokenx", false],
  ["Bearer ", false],
  ["Basic s3cr3t-token", false],
];
for (const [authorization, isGood] of authorizations) {
  Deno.test(`the Authorization ${JSON.stringify(authorization)} is ${isGood ? "accepted" : "refused"}`, async () => {
    assertEquals(await isAuthorized(authorization, token), isGood);
  });
}

Deno.test("an empty token authorizes no request", async () => {
  assertEquals(await isAuthorized("Bearer ", new Secret("http.admin-token", () => "")), false);
});

Deno.test("a rate limiter allows the burst and then its rate, separately for each key", () => {
  let nowMs = 0;
  const limiter = createRateLimiter({ perSecond: 2, burst: 3, nowMs: () => nowMs });
  const takeAll = (key: string): number => {
    let taken = 0;
    while (taken < 10 && limiter.take(key)) taken++;
    return taken;
  };
  assertEquals([takeAll("a"), takeAll("a"), takeAll("b")], [3, 0, 3]);
  nowMs = 1_000;
  assertEquals(takeAll("a"), 2);
  nowMs = -5_000;
  assertEquals(takeAll("a"), 0, "a clock set back gives nothing away");
});

Deno.test("a histogram counts each value in the first bucket whose bound is not below it", () => {
  const histogram = createHistogram([1, 5]);
  [0.5, 1, 1.1, 5, 7].forEach(histogram.observe);
  assertEquals(histogram.snapshot(), { boundsSeconds: [1, 5], counts: [2, 2, 1], sumSeconds: 14.6 });
});

const queries: readonly (readonly [string, ReturnType<typeof pageQuery>])[] = [
  ["", allJobs],
  ["verdict=unserved&rows=300", { ...allJobs, verdict: "unserved", rowsMax: 300 }],
  ["verdict=<script>&rows=-1&page=0", allJobs],
  ["rows=1e99", { ...allJobs, rowsMax: rowsLimit }],
  ["rows=1.5", allJobs],
  ["q=+Shop%2F&profile=&environment=a%26b&resource=c%2B%2B&page=7", {
    ...allJobs,
    text: "Shop/",
    environment: "a&b",
    resource: "c++",
    page: 7,
  }],
  [`q=${"x".repeat(300)}`, { ...allJobs, text: "x".repeat(255) }],
];
for (const [search, query] of queries) {
  Deno.test(`the query ?${search} is parsed as ${JSON.stringify(query)}`, () => {
    assertEquals(pageQuery(new URLSearchParams(search)), query);
    assertEquals(pageQuery(new URL(pageHref(query), "http://localhost").searchParams), query);
  });
}

Deno.test("hidden rows are linked with more rows, and finally as JSON", () => {
  assertEquals(moreHref(allJobs), "/?rows=2000");
  assertEquals(moreHref({ ...allJobs, rowsMax: rowsLimit, verdict: "coming" }), "/api/status");
});

Deno.test("a future time is shown as an absolute time with a countdown attribute", () => {
  const time = "2026-11-28T12:00:00Z";
  assertEquals(until(Date.parse(time)).markup, `<time datetime="${time}" title="${time}" data-until>at ${time}</time>`);
});

Deno.test("a folded section has a checkbox to show and hide it", () => {
  const { markup } = foldedSection("x", "Things", undefined, "body");
  const words = '<span class="when-shut">Show</span><span class="when-open">Hide</span>';
  assertStringIncludes(
    markup,
    `<input type="checkbox" autocomplete="off"> ${words}<span class="unseen"> Things</span>`,
  );
});

Deno.test("the page and the terminal show the same durations", () => {
  for (const ms of [-1, 999, 10_999, 59_999]) assertEquals(spanText(ms), formatDuration(ms));
});

Deno.test("a long decision is folded under its first 105 characters", () => {
  const [, summary = ""] = /<summary><bdi>([^<]*)<\/bdi>/.exec(loggedSentence("x".repeat(321)).markup) ?? [];
  assertEquals([summary.length, summary.endsWith("…")], [106, true]);
  assertEquals(loggedSentence("x".repeat(320)).markup.includes("<details"), false);
});

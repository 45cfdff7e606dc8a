// The sections of the page: summary, search, pages, links, lives, errors.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Finding } from "../../src/core/event.ts";
import type { JobView, StatusView } from "../../src/core/view/view.ts";
import { fatesOf } from "../../src/core/words/fates.ts";
import { actionsForAgent } from "../../src/web/actions.ts";
import { lifeLine } from "../../src/web/life_line.ts";
import { gocdAgentHref, jobHref, sandboxHref } from "../../src/web/links.ts";
import { pageQuery } from "../../src/web/page_query.ts";
import { sentence, withoutAges } from "../../src/web/pieces.ts";
import { statusPage } from "../../src/web/status_page.ts";
import { hostileName, largeView, sampleMs, sampleOffer, sampleView } from "../support/sample_view.ts";

const links = { gocdUrl: "https://gocd.example.org/go", mesosScheme: "http" } as const;

function pageOf(view: StatusView, search = ""): string {
  return statusPage({
    view,
    notes: [],
    query: pageQuery(new URLSearchParams(search)),
    links,
    version: "1",
    sandbox: "on",
  });
}

/** The locators in the table of jobs, in order. */
function jobsOn(page: string): string[] {
  const [, section = ""] = /<section id="jobs"([\s\S]*?)<\/section>/.exec(page) ?? [];
  return [...section.matchAll(/<tr role="row" data-key="([^"]*)"/g)].map(([, key = ""]) => key);
}

function like(job: Partial<JobView>): JobView {
  const [first] = sampleView.jobs;
  if (first === undefined) throw new Error("the sample has no job");
  return { ...first, ...job };
}

Deno.test("each waiting job is counted in exactly one clause of the summary", () => {
  const fates = fatesOf(sampleView.jobs);
  assertEquals(fates.reduce((sum, { count }) => sum + count, 0), sampleView.jobs.length);
  const text = pageOf(sampleView).replace(/<[^>]*>/g, "").replace(/\s+/g, " ");
  assertStringIncludes(text, `${sampleView.jobs.length} jobs, all accounted for: `);
  for (const { count, text: words } of fates) assertStringIncludes(text, `${count} ${words}`);
});

Deno.test("each clause of the summary links to as many jobs as it counts", () => {
  const of = (locator: string, reasonCode: JobView["reasonCode"], verdict: JobView["verdict"] = "needs-agent") =>
    like({ locator, verdict, reasonCode });
  const jobs = [
    of("a", "held-frozen"),
    of("b", "held-breaker"),
    of("c", "held-probe"),
    of("d", "launching"),
    of("e", "maintenance", "other-cause"),
    of("f", "held-maintenance"),
  ];
  const view = { ...sampleView, jobs };
  const [, account = ""] = /<p class="account">([\s\S]*?)<\/p>/.exec(pageOf(view)) ?? [];
  const links = [...account.matchAll(/href="\/\?([^#]*)#jobs">(\d+)/g)];
  assertEquals(
    links.map((
      [, search = "", count],
    ) => [jobsOn(pageOf(view, search.replaceAll("&amp;", "&"))).length, Number(count)]),
    [[2, 2], [1, 1], [1, 1], [1, 1], [1, 1]],
  );
});

Deno.test("the summary shows our longest waiting job", () => {
  const jobs = [
    like({ locator: "a/1/b/1/late", firstSeenMs: sampleMs - 1_000 }),
    like({ locator: "a/1/b/1/oldest", firstSeenMs: sampleMs - 3_600_000 }),
    like({ locator: "a/1/b/1/pinned", firstSeenMs: 0, verdict: "not-ours", reasonCode: "run-on-all" }),
  ];
  const [, oldest = ""] = /<p class="oldest">([\s\S]*?)<\/p>/.exec(pageOf({ ...sampleView, jobs })) ?? [];
  assertMatch(oldest.replace(/<[^>]*>/g, ""), /^Oldest wait: 1 h, a\/1\/b\/1\/oldest /);
});

Deno.test("a page without scripts reloads itself unless paused, with a link to pause or continue", () => {
  const [reloads, stopped] = [pageOf(sampleView, "q=shop"), pageOf(sampleView, "q=shop&pause=yes")];
  assertStringIncludes(reloads, 'http-equiv="refresh" content="5; url=/?q=shop"');
  assertStringIncludes(reloads, '<a href="/?q=shop&amp;pause=yes">Stop reloading</a>');
  assert(!stopped.includes("http-equiv"));
  assertStringIncludes(stopped, '<a href="/?q=shop">Continue reloading</a>');
});

Deno.test("ended agents are not counted in the agents by state", () => {
  const left = sampleView.instances.filter(({ state }) => state !== "gone");
  assert(left.length < sampleView.instances.length);
  const [, card = ""] = /data-key="glance-agents"([\s\S]*?)<\/section>/.exec(pageOf(sampleView)) ?? [];
  const [, legend = ""] = /<ul class="legend">([\s\S]*?)<\/ul>/.exec(card) ?? [];
  const counts = [...legend.matchAll(/<b>(\d+)<\/b>/g)].map(([, count]) => Number(count));
  assertEquals(counts.reduce((sum, count) => sum + count, 0), left.length);
});

const searched: readonly JobView[] = [
  like({ locator: "shop/1/build/1/compile", profile: "linux", environment: "build", gocdResources: ["Docker"] }),
  like({ locator: "shop/1/test/1/unit", profile: "windows", environment: "build", gocdResources: [] }),
  like({ locator: "Docs/2/test/1/links", profile: "linux", environment: "docs", gocdResources: ["docker", "x"] }),
];
const searches: readonly (readonly [string, readonly string[]])[] = [
  ["", ["shop/1/build/1/compile", "shop/1/test/1/unit", "Docs/2/test/1/links"]],
  ["q=TEST", ["shop/1/test/1/unit", "Docs/2/test/1/links"]],
  ["q=docs", ["Docs/2/test/1/links"]],
  ["profile=linux", ["shop/1/build/1/compile", "Docs/2/test/1/links"]],
  ["profile=linux&environment=build", ["shop/1/build/1/compile"]],
  ["resource=docker", ["shop/1/build/1/compile", "Docs/2/test/1/links"]],
  ["resource=docker&q=docs", ["Docs/2/test/1/links"]],
  ["q=.*", []],
];
for (const [search, found] of searches) {
  Deno.test(`the search ?${search} finds ${found.length} of three jobs`, () => {
    const page = pageOf({ ...sampleView, jobs: searched }, search);
    assertEquals(jobsOn(page), found);
    if (found.length === 0) assertStringIncludes(page, "No waiting job matches.");
  });
}

Deno.test("a search is kept in its form and in the links to verdicts and pages", () => {
  const view = largeView(1_000, 1);
  const page = pageOf(view, "q=shop&rows=100&page=3");
  assertEquals(jobsOn(page).length, 100);
  assertEquals(jobsOn(page)[0], "shop/200/test/1/job");
  assertStringIncludes(page, 'name="q" value="shop"');
  assertStringIncludes(page, 'href="/?q=shop&amp;rows=100&amp;page=4#jobs"');
  assertMatch(page, /href="\/\?q=shop&amp;verdict=[a-z-]+&amp;rows=100#jobs"/);
  assertEquals(jobsOn(pageOf(view, "page=99")).length, 200, "beyond the last page is the last page");
});

Deno.test("jobs of a verdict are sorted by their wait, longest first", () => {
  const jobs = [3, 1, 2].map((age) => like({ locator: `a/1/b/1/${age}`, firstSeenMs: sampleMs - age * 1_000 }));
  assertEquals(jobsOn(pageOf({ ...sampleView, jobs })), ["a/1/b/1/3", "a/1/b/1/2", "a/1/b/1/1"]);
});

Deno.test("buckets are sorted by their number of uncovered jobs", () => {
  const [bucket] = sampleView.demand;
  if (bucket === undefined) throw new Error("the sample has no bucket");
  const none = { willBeTaken: 0, coming: 0 };
  const demand = [
    { ...bucket, key: "served", waiting: 9, willBeTaken: 5, coming: 4 },
    { ...bucket, key: "young", ...none, waiting: 3, oldestMs: sampleMs - 1_000 },
    { ...bucket, key: "old", ...none, waiting: 3, oldestMs: sampleMs - 9_000 },
    { ...bucket, key: "most", ...none, waiting: 4 },
  ];
  const page = pageOf({ ...sampleView, demand });
  const [, section = ""] = /<section id="demand"([\s\S]*?)<\/section>/.exec(page) ?? [];
  const keys = [...section.matchAll(/<tr role="row" data-key="([^"]*)"/g)].map(([, key]) => key);
  assertEquals(keys, ["most", "old", "young", "served"]);
});

const locators: readonly (readonly [string, string | undefined])[] = [
  ["shop/12/test/1/unit-runInstance-3", "/tab/build/detail/shop/12/test/1/unit-runInstance-3"],
  [`a/1/b/1/"><script>`, "/tab/build/detail/a/1/b/1/%22%3E%3Cscript%3E"],
  ["a/1/b/1/x?y#z%2F", "/tab/build/detail/a/1/b/1/x%3Fy%23z%252F"],
  ["a/1/b/1/\ud800", "/tab/build/detail/a/1/b/1/%EF%BF%BD"],
  ["a/1/b/1", undefined],
  ["a/1/../1/x", undefined],
  ["a/1/b/1/c/d", undefined],
  [`a/1/b/1/${"x".repeat(10_000)}`, undefined],
];
for (const [locator, path] of locators) {
  Deno.test(`the link of the job ${locator.slice(0, 40)} is ${path}`, () => {
    assertEquals(jobHref(links, locator), path === undefined ? undefined : links.gocdUrl + path);
  });
}

Deno.test("an instance links to its GoCD agent, its Mesos sandbox and its job", () => {
  assertEquals(gocdAgentHref(links, "u/1"), "https://gocd.example.org/go/agents/u%2F1/job_run_history");
  const mesos = { ...sampleView.mesos, master: "m1:5050", frameworkId: "f-0001" };
  const on = { mesosAgentId: "abc-S1", taskId: "gocd-x-1" };
  assertEquals(
    sandboxHref(links, mesos, on),
    "http://m1:5050/#/agents/abc-S1/frameworks/f-0001/executors/gocd-x-1",
  );
  assertEquals(sandboxHref(links, mesos, { ...on, mesosAgentId: "" }), undefined);
  const page = pageOf(sampleView);
  const [builder] = sampleView.instances.filter(({ buildLocator }) => buildLocator !== undefined);
  assertEquals(builder?.state, "building");
  assertStringIncludes(page, `href="${jobHref(links, builder?.buildLocator ?? "")}"`);
  assertStringIncludes(page, `href="${gocdAgentHref(links, builder?.uuid ?? "")}"`);
});

Deno.test("a problem shows its duration and its hint, and a long error folded", () => {
  const detail = `docker said: ${"no such image ".repeat(50)}`;
  const problem: Finding = { code: "c", message: "it fails", hint: "mend it", detail, sinceMs: sampleMs - 720_000 };
  const page = pageOf({ ...sampleView, problems: [problem] });
  const [, section = ""] = /<section id="problems"([\s\S]*?)<\/section>/.exec(page) ?? [];
  assertMatch(section.replace(/<[^>]*>/g, "").replace(/\s+/g, " "), /it fails for 12 min c .*Fix: mend it/);
  assertMatch(section, /<details[^>]*>\s<summary><bdi>The whole error<\/bdi><\/summary>/);
  assertEquals(page.split(detail).length, 2);
});

Deno.test("each other limit is shown with its key, its usage and its unit", () => {
  const limit = { key: "scaling.cpu-hours-per-day", limit: 10, unit: "cpu-hours" } as const;
  const rowOf = (used: number): readonly string[] =>
    /<li data-key="scaling.cpu-hours-per-day" class="(\w+)"[\s\S]*?width="([\d.]+%)"[\s\S]*?<span>([^<]*)<\/span><\/li>/
      .exec(pageOf({ ...sampleView, usedLimits: [{ ...limit, used }] }))?.slice(1) ?? [];
  assertEquals(rowOf(7.5), ["free", "75%", "7.5 of 10 today"]);
  assertEquals(rowOf(12), ["full", "100%", "12 of 10 today"]);
  assertEquals(pageOf(sampleView).includes("Other limits"), false);
});

Deno.test("text between backticks is shown as escaped code, and a single backtick is kept", () => {
  assertEquals(
    sentence("`gocd-mesos why FILE <job>` tells more, `a & b` too").markup,
    "<bdi><code>gocd-mesos why FILE &lt;job&gt;</code> tells more, <code>a &amp; b</code> too</bdi>",
  );
  assertEquals(sentence("a ` b").markup, "<bdi>a &#96; b</bdi>");
  assertEquals(
    sentence("`<img src=x>`</code><b>`").markup,
    "<bdi><code>&lt;img src=x&gt;</code>&lt;/code&gt;&lt;b&gt;&#96;</bdi>",
  );
});

Deno.test("a life line shows states and unobserved time as shares, with a text", () => {
  const life = [{ state: "starting", sinceMs: 60_000 }, { state: "idle", sinceMs: 90_000 }] as const;
  const { markup } = lifeLine(life, { createdMs: 0, atMs: 100_000, endedMs: 120_000 });
  assertMatch(markup, /<title>not watched for 1 min, starting for 30 s, idle for 30 s<\/title>/);
  assertMatch(markup, /viewBox="0 0 120 8"/);
  assertMatch(markup, /class="not-watched" +x="0" width="60"/);
  assertMatch(markup, /class="starting" +x="60" width="30"/);
  assertMatch(markup, /class="idle" +x="90" width="30"/);
});

Deno.test("the markup of a continuing life is the same until its state changes", () => {
  const life = [{ state: "idle", sinceMs: 5_000 }] as const;
  const bar = (atMs: number, endedMs?: number): string =>
    lifeLine(life, { createdMs: 5_000, atMs, ...(endedMs === undefined ? {} : { endedMs }) }).markup;
  assertMatch(bar(65_000), /viewBox="0 0 60 8"[^]* width="60"/);
  assertMatch(bar(245_000), /viewBox="0 0 240 8"[^]* width="240"/);
  assertEquals(withoutAges(bar(65_000)), withoutAges(bar(245_000)));
  assertEquals(withoutAges(bar(0, 65_000)), bar(0, 65_000), "an end stays as it is");
});

Deno.test("a life with many states is drawn completely, and its text lists the last states", () => {
  const life = Array.from({ length: 30 }, (_, index) => ({
    state: index % 2 === 0 ? "idle" as const : "building" as const,
    sinceMs: index * 60_000,
  }));
  const { markup } = lifeLine(life, { createdMs: 0, atMs: 40 * 60_000 });
  assertMatch(markup, /<title>…, idle for 1 min, (?:\w+ for 1 min, ){6}building since [^<]*<\/title>/);
  assertEquals(markup.split("<rect").length, 31);
});

Deno.test("a name of 10,000 characters is truncated", () => {
  const jobs = [like({ locator: `a/1/b/1/${hostileName}${"y".repeat(10_000)}`, reason: "z".repeat(10_000) })];
  const page = pageOf({ ...sampleView, jobs, problems: [] });
  const bare = pageOf({ ...sampleView, jobs: [], problems: [] });
  assert(page.length - bare.length < 9_000, `${page.length - bare.length} characters`);
});

Deno.test("avoided hosts are listed first, with reason and end", () => {
  const page = pageOf(sampleView);
  const [, hosts = ""] = /<section id="hosts"([\s\S]*?)<\/section>/.exec(page) ?? [];
  const [first = ""] = /<tr role="row" data-key="[^"]*"/.exec(hosts) ?? [];
  const [avoided] = sampleView.avoidedHosts;
  assertStringIncludes(first, avoided?.host ?? "none is avoided");
  assertMatch(
    hosts.replace(/<[^>]*>/g, " ").replace(/\s+/g, " "),
    /avoided by profile windows used again at \d{4}-\S+Z .*pull access denied/,
  );
});

Deno.test("a freeze or drain is shown on each profile, and a drain replaces the banner of a freeze", () => {
  const badges = (view: StatusView): number =>
    [...pageOf(view).matchAll(/<\/h3><span class="badge warning">(frozen|draining)</g)].length;
  const drained = { ...sampleView, frozen: true, mode: "drain" } as const;
  assertEquals([badges({ ...sampleView, frozen: true }), badges(drained)], Array(2).fill(sampleView.profiles.length));
  assertEquals([pageOf(drained).includes("Launching is frozen"), pageOf(drained).includes("Draining: ")], [
    false,
    true,
  ]);
});

Deno.test("an agent with a requested drain has no drain button", () => {
  const [first] = sampleView.instances.filter(({ state }) => state === "idle");
  if (first === undefined) throw new Error("the sample has no idle agent");
  assertEquals(actionsForAgent(first)?.markup.includes("Drain"), true);
  assertEquals(actionsForAgent({ ...first, drainRequested: true }), undefined);
});

Deno.test("unplaced agents are shown with profile, start and reason", () => {
  const unplaced = [{
    profile: "big",
    sinceMs: sampleMs - 120_000,
    lastMs: sampleMs - 5_000,
    reason: "short by 4 cpus",
  }];
  const text = pageOf({ ...sampleView, unplaced }).replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  assertMatch(text, /Offers that were not used big for 2 min , last 5 s ago: short by 4 cpus/);
});

Deno.test("the latest offer of each host is shown with its outcome", () => {
  const page = pageOf({
    ...sampleView,
    offers: [
      sampleOffer,
      { ...sampleOffer, host: "h2", mesosAgentId: "S2", isAccepted: true, answer: "2 agents launched" },
    ],
  });
  const text = page.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  assertMatch(text, /Offers of the last minutes 2 hosts/);
  assertMatch(text, /h1 ci 5 s ago 0\.5 512 MB 10 GB not used profile big is short by 3\.5 cpus/);
  assertMatch(text, /h2 ci 5 s ago .* used 2 agents launched/);
});

Deno.test("the page shows permissions and configuration, each key with its source", () => {
  const setup = {
    rights: { net: ["mesos:5050"], env: [] },
    entries: [{ key: "scaling.max-agents", value: "7", from: "framework.conf:12" }, {
      key: "log.level",
      value: "info",
    }],
  };
  const view = sampleView;
  const query = pageQuery(new URLSearchParams());
  const page = statusPage({ view, notes: [], query, links, setup, version: "1", sandbox: "off" });
  const [, section = ""] = /<section id="setup"([\s\S]*?)<\/section>/.exec(page) ?? [];
  const text = section.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  assertMatch(text, /sandbox off, 1 key set/);
  assertMatch(text, /not limited to them .*Hosts mesos:5050/);
  assertMatch(text, /scaling\.max-agents 7 framework\.conf:12 log\.level info default/);
  assert(!pageOf(view).includes('id="setup"'));
});

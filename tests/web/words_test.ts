// Texts of the page that an operator must understand without documentation: times of the log, pairs of terms, buttons.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { NoteView, StatusView } from "../../src/core/view/view.ts";
import { actionsForAll, actionsForProfile } from "../../src/web/actions.ts";
import { pageQuery } from "../../src/web/page_query.ts";
import { pageCss } from "../../src/web/assets/embedded.ts";
import { isShown, spentText } from "../../src/web/split_bar.ts";
import { verdictKinds, verdictWords } from "../../src/core/words/verdicts.ts";
import { statusPage } from "../../src/web/status_page.ts";
import { sampleMs, sampleView } from "../support/sample_view.ts";

const links = { gocdUrl: "https://gocd.example.org/go", mesosScheme: "http" } as const;

function pageOf(view: StatusView, search = "", notes: readonly NoteView[] = []): string {
  const query = pageQuery(new URLSearchParams(search));
  return statusPage({ view, notes, query, links, version: "1", sandbox: "on", offersCommands: true });
}

function first<Item>([item]: readonly Item[]): Item {
  if (item === undefined) throw new Error("the sample has none");
  return item;
}

/** The text of a section, without markup. */
function textOf(page: string, id: string): string {
  const [, section = ""] = new RegExp(`<section id="${id}"([\\s\\S]*?)</section>`).exec(page) ?? [];
  return section.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
}

Deno.test("the next try in a log entry is a fixed time, and in a problem a countdown", () => {
  const text = "profile arm: 2 launches failed in a row; next try at 2023-11-14T22:15:38Z, see `framework.conf`";
  const page = pageOf(
    { ...sampleView, problems: [{ code: "profile-failing", message: text, hint: "" }] },
    "",
    [{ atMs: sampleMs, level: "warning", code: "profile-paused", text }],
  );
  const [problems = "", log = ""] = page.split('id="notes"');
  assertMatch(problems, /data-until>at 2023-11-14T22:15:38Z</);
  assertEquals(log.includes("data-until"), false);
  assertStringIncludes(log, "next try at 2023-11-14T22:15:38Z, see <code>framework.conf</code>");
});

Deno.test("the removal of an agent is a countdown", () => {
  const detail = "drained at 2023-11-14T22:15:38Z if still idle";
  const page = pageOf({ ...sampleView, instances: sampleView.instances.map((each) => ({ ...each, detail })) });
  assertMatch(page, /drained <time [^>]*data-until>at 2023-11-14T22:15:38Z<\/time> if still idle/);
});

Deno.test("while all launching is frozen, profiles have no freeze and retry buttons", () => {
  const profile = first(sampleView.profiles);
  const commandsOf = (given: Partial<typeof profile>, all: Pick<StatusView, "mode" | "frozen">): readonly string[] =>
    [...actionsForProfile({ ...profile, ...given }, all).markup.matchAll(/data-command="([a-z]+)"/g)]
      .map(([, command = ""]) => command);
  const runs = { mode: "run", frozen: false } as const;
  assertEquals(commandsOf({ blocked: "it fails", frozen: false, alive: 0 }, runs), ["resume", "freeze"]);
  assertEquals(commandsOf({ blocked: "it fails", frozen: false, alive: 0 }, { ...runs, frozen: true }), []);
  assertEquals(commandsOf({ frozen: false, alive: 1 }, { ...runs, mode: "drain" }), ["drain"]);
  assertEquals(commandsOf({ frozen: true, alive: 0 }, { ...runs, frozen: true }), ["resume"]);
});

Deno.test("the button to drain all agents is shown only while there are agents", () => {
  const offers = (view: StatusView): boolean => actionsForAll(view).markup.includes('data-command="drain"');
  assertEquals([offers(sampleView), offers({ ...sampleView, instances: [] })], [true, false]);
});

Deno.test("the filter of verdicts shows how many of all jobs a search has found", () => {
  const count = sampleView.jobs.length;
  assertStringIncludes(textOf(pageOf(sampleView), "jobs"), ` all ${count} `);
  assertStringIncludes(textOf(pageOf(sampleView, "q=publish"), "jobs"), ` found 1 of ${count} `);
});

Deno.test("a row of the demand shows the number of polls once", () => {
  const bucket = first(sampleView.demand);
  const { brief: _, ...plain } = bucket;
  const rowOf = (reason: string): string =>
    textOf(pageOf({ ...sampleView, demand: [{ ...plain, reason, pollsInARow: 127 }] }), "demand");
  assertStringIncludes(rowOf("waiting for a Mesos offer"), "waiting for a Mesos offer (seen in 127 polls in a row)");
  assertEquals(rowOf("seen in 127 polls in a row, launched after more than 200").includes("(seen"), false);
});

Deno.test("the heading of the profiles shows how many are blocked", () => {
  const profiles = sampleView.profiles.map(({ blocked: _, ...profile }, index) =>
    index === 0 ? { ...profile, blocked: "the last launch failed" } : profile
  );
  assertStringIncludes(textOf(pageOf({ ...sampleView, profiles }), "profiles"), "3 profiles, 1 blocked");
});

Deno.test("the page shows why offers are suppressed", () => {
  const page = pageOf({ ...sampleView, mesos: { ...sampleView.mesos, offers: "suppressed" } });
  assertStringIncludes(page, "suppressed (no agent to launch now)");
});

Deno.test("a paused page shows its time", () => {
  assertStringIncludes(
    pageOf(sampleView, "pause=yes"),
    `as of <time>${new Date(sampleMs).toISOString().slice(0, 19)}Z<`,
  );
  assertEquals(pageOf(sampleView).includes("as of <time>"), false);
});

Deno.test("durations that would be shown as zero hours are left out", () => {
  assertEquals([0, 17_000, 18_000].map(isShown), [false, false, true]);
  const spent = { busy: 3_600_000, idle: 9_000, starting: 0, draining: 0, other: 0 };
  assertEquals(spentText(spent), "1.0 h building");
});

Deno.test("columns with unclear labels are explained in their titles and in a folded list", () => {
  const page = pageOf(sampleView);
  const [, section = ""] = /<section id="demand"([\s\S]*?)<\/section>/.exec(page) ?? [];
  const titles = [...section.matchAll(/<th [^>]*title="([^"]*)">([^<]*)</g)].map(([, title, label]) => [label, title]);
  const entries = [...section.matchAll(/<dt>([^<]*)<\/dt>\s*<dd>([^<]*)<\/dd>/g)].map((
    [, label, means],
  ) => [label, means]);
  assertEquals(titles.map(([label]) => label).filter((label) => ["Bucket", "Taken", "Coming"].includes(label ?? "")), [
    "Bucket",
    "Taken",
    "Coming",
  ]);
  assertEquals(entries, titles);
  assertStringIncludes(section, "<summary>What the columns mean</summary>");
});

Deno.test("the card of a limit shows the number of jobs that it holds back, if any", () => {
  const cardsOf = (heldByLimits: StatusView["heldByLimits"] = []): string =>
    pageOf({ ...sampleView, heldByLimits }).split('id="demand"')[0] ?? "";
  assertEquals(cardsOf().includes("holds "), false);
  const full = cardsOf([{ profile: "linux", jobs: 1 }, { jobs: 2 }]);
  assertMatch(full, /of 7<\/span>\s*<span class="held">holds 1 job back/);
  assertStringIncludes(full, "(scaling.max-agents), holds 2 jobs back");
});

Deno.test("the bar of waiting jobs and the badge of a job have a colour for each verdict", () => {
  for (const kind of verdictKinds) {
    const { tone } = verdictWords[kind];
    assertMatch(pageCss, new RegExp(`^\\.bar \\.${tone}[ ,]`, "m"));
    assertMatch(pageCss, new RegExp(`^\\.badge\\.${tone}[ ,]`, "m"));
  }
});

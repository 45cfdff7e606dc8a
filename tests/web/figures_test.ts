// Related figures of the page agree and show what they cover.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Spent } from "../../src/core/view/history.ts";
import type { InstanceView, JobView, StatusView } from "../../src/core/view/view.ts";
import { openHistory } from "../../src/history/history.ts";
import { createHandler } from "../../src/web/handler.ts";
import { pageQuery } from "../../src/web/page_query.ts";
import { statusPage } from "../../src/web/status_page.ts";
import { sharesText } from "../../src/web/split_bar.ts";
import { aBatch, aLife, aSample, beginMs, hour, limits, minute } from "../history/samples.ts";
import { pictureOf } from "../support/picture.ts";
import { sampleView } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";

const links = { gocdUrl: "https://gocd.example.org/go", mesosScheme: "http" } as const;

function pageOf(view: StatusView): string {
  const query = pageQuery(new URLSearchParams());
  return statusPage({ view, notes: [], query, links, version: "1", sandbox: "on", offersCommands: true });
}

function first<Item>([item]: readonly Item[]): Item {
  if (item === undefined) throw new Error("the sample has none");
  return item;
}

/** The page with a history of an hour and 20 minutes, in which a short-lived profile cost next to nothing. */
async function pageWithHistory(search: string): Promise<string> {
  const nowMs = beginMs + hour + 20 * minute;
  const spent = (idle: number): Spent => ({ starting: 0, idle, busy: 0, draining: 0, other: 0 });
  const history = openHistory(undefined, limits);
  try {
    history.write(aBatch({
      samples: Array.from({ length: 80 }, (_, index) => aSample(beginMs + index * minute, { idle: 1 })),
      lives: [aLife("t-1", { end: "launch-failed", host: "h9", endedMs: nowMs - 30 * minute })],
      hours: ["a", "b", "c"].map((profile) => ({ hourMs: beginMs, profile, spentMs: spent(0.004 * hour) })).concat([
        { hourMs: beginMs, profile: "linux", spentMs: spent(hour / 2) },
        { hourMs: beginMs, profile: "jvm", spentMs: spent(hour / 4) },
      ]),
    }));
    const view = { ...sampleView, atMs: nowMs };
    const handler = createHandler(sampleOptions({ picture: () => pictureOf(view), nowMs: () => nowMs, history }));
    return await (await handler(new Request(`http://localhost/${search}`))).text();
  } finally {
    history.close();
  }
}

Deno.test("the agent-hours of the day are equal below the trend and in the history, although tiny profiles are not listed", async () => {
  const page = await pageWithHistory("");
  assertStringIncludes(page, "<b>0.76 agent-hours</b>");
  const [, table = ""] = page.split("Agent-hours by profile");
  assertMatch(table, /<b>all<\/b>[^]*?<b>0\.76 h<\/b>/);
  assert(!table.includes('data-key="a"'), "0.00 h says nothing");
});

Deno.test("failures by host show their period, and a trend with long steps shows its end", async () => {
  const [day, quarter] = [await pageWithHistory("?range=24h"), await pageWithHistory("?range=15min")];
  assertStringIncludes(day, "exited or were lost in the last 24 h, by host");
  assertMatch(day, /class="until">until \S+Z, in steps of 5 min</);
  assert(!quarter.includes('class="until"'), "its last step is over a moment ago");
});

Deno.test("a share below one percent is shown as <1 %", () => {
  const spent = { starting: hour / 10, idle: 0, busy: 34 * hour, draining: 0, other: 0 };
  assertEquals(sharesText(spent), "34.0 h building (100 %), 0.10 h starting (<1 %)");
});

Deno.test("unreachable agents are shown separately from the number that the limit counts", () => {
  const cardOf = (states: readonly InstanceView["state"][]): string => {
    const instances = states.map((state, index) => ({ ...first(sampleView.instances), taskId: `t-${index}`, state }));
    return pageOf({ ...sampleView, instances }).split('id="trend"')[0] ?? "";
  };
  assertStringIncludes(cardOf(["idle", "unreachable", "unreachable"]), ", and 2 unreachable, which no limit counts");
  assert(!cardOf(["idle"]).includes(", which no limit counts"));
});

Deno.test("the page shows that there are no problems only if the instance leads and is healthy", () => {
  const calm = { ...sampleView, problems: [] };
  assertStringIncludes(pageOf(calm), "No problems.");
  assert(!pageOf(sampleView).includes("No problems."));
  const { atMs } = calm;
  const standby = { ...calm, leadership: { role: "standby" as const, sinceMs: atMs, leader: "other" } };
  assert(!pageOf(standby).includes("No problems."));
  const problem = { code: "gocd-unreachable", message: "no answer", hint: "" };
  const down = { ...calm.gocd, health: { state: "down" as const, sinceMs: atMs, problem } };
  assert(!pageOf({ ...calm, gocd: down }).includes("No problems."));
});

Deno.test("a job links to the problem with the hint for its reason", () => {
  const { brief: _, ...plain } = first(sampleView.jobs);
  const problem = { code: "held-limit", message: "a limit", hint: "raise it" };
  const leads = (reasonCode: JobView["reasonCode"]): boolean =>
    pageOf({ ...sampleView, jobs: [{ ...plain, reasonCode }], problems: [problem] }).includes("What to do");
  assertEquals([leads("held-limit"), leads("held-attempts")], [true, false]);
});

Deno.test("equal states of a GoCD agent are shown once", () => {
  const agent = { ...first(sampleView.gocdAgents), configState: "Enabled", agentState: "Idle" };
  const cellOf = (buildState: string): boolean =>
    pageOf({ ...sampleView, gocdAgents: [{ ...agent, buildState }] }).includes("<bdi>Enabled, Idle</bdi>");
  assertEquals([cellOf("Idle"), cellOf("Building")], [true, false]);
});

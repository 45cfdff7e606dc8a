// Lists of the page: ended instances are shown once, long lists are shortened on a narrow screen, names may break.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { FinishedView, StatusView } from "../../src/core/view/view.ts";
import type { HistoryShown } from "../../src/web/history_page.ts";
import { html } from "../../src/web/html.ts";
import { jobName } from "../../src/web/pieces.ts";
import { endedList } from "../../src/web/sections_ended.ts";
import { neededText } from "../../src/web/sections_glance.ts";
import { table } from "../../src/web/table.ts";
import { aLife, minute } from "../history/samples.ts";
import { sampleMs, sampleView } from "../support/sample_view.ts";

const links = { gocdUrl: "https://gocd.example.org/go", mesosScheme: "http" } as const;

function plain(markup: string): string {
  return markup.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
}

/** What the history has of those that ended. */
function historyOf(ended: HistoryShown["ended"], endedCount = ended.length): HistoryShown {
  const trend = { fromMs: 0, toMs: 1, stepMs: 1, samples: [], marks: [] };
  const place = { kind: "memory" } as const;
  return { kind: "shown", query: {}, range: "6h", place, trend, costs: [], ended, endedCount, badHosts: [] };
}

const watched: FinishedView = {
  ...{ taskId: "t-1", profile: "linux", host: "h1", mesosAgentId: "S1" },
  ...{ createdMs: sampleMs - 10 * minute, endedMs: sampleMs - minute, end: "stopped: idle" },
  life: [{ state: "idle", sinceMs: sampleMs - 10 * minute }],
};
const view: StatusView = { ...sampleView, instances: [], finished: [watched] };

/** The cells of each row, as text. */
function rowsOf(markup: string): readonly string[] {
  return [...markup.matchAll(/<tr role="row" data-key[\s\S]*?<\/tr>/g)].map(([row]) => plain(row));
}

Deno.test("an ended instance is shown once if it is in this run, in the history or in both", () => {
  const lives = [
    aLife("t-1", { endedMs: watched.endedMs, registeredMs: undefined as never, builds: 4 }),
    aLife("t-0", {
      createdMs: sampleMs - 60 * minute,
      registeredMs: sampleMs - 59 * minute,
      endedMs: sampleMs - 30 * minute,
    }),
  ];
  const rows = rowsOf(endedList(view, links, historyOf(lives))?.markup ?? "");
  assertEquals(rows.length, 2);
  assertMatch(rows[0] ?? "", /^1 min ago t-1 .* 9 min .* never 4 stopped: no longer needed$/);
  assertMatch(rows[1] ?? "", /^30 min ago t-0 linux h1 30 min .* 1 min 3 stopped: /);
  assertEquals(rowsOf(endedList(view, links, undefined)?.markup ?? "").length, 1);
  assertEquals(endedList({ ...view, finished: [] }, links, historyOf([])), undefined);
});

Deno.test("a full list of ended instances is labelled as the last ones, and unknown values are explained", () => {
  const lives = Array.from({ length: 60 }, (_, index) => aLife(`t-${index}`));
  assertMatch(
    plain(endedList({ ...view, finished: [] }, links, historyOf(lives))?.markup ?? ""),
    /^Ended lately the last 50 /,
  );
  const dashOf = (history: HistoryShown | undefined): string => plain(endedList(view, links, history)?.markup ?? "");
  assertMatch(dashOf(undefined), /– – stopped: idle .*–: no history is kept$/);
  assertMatch(dashOf(historyOf([])), /– – stopped: idle .*–: not in the history yet, or no longer$/);
  assert(!dashOf(historyOf([aLife("t-1")])).includes("–"));
});

Deno.test("a long error is folded under Docker's message and complete when unfolded", () => {
  const message = `Failed to run 'docker run ${"-e A=B ".repeat(200)}': exited; stderr='pull access denied for x'`;
  const [, fold = ""] = /(<details class="long"[\s\S]*?<\/details>)/.exec(
    endedList({ ...view, finished: [{ ...watched, end: `launch-failed: ${message}` }] }, links, undefined)?.markup ??
      "",
  ) ?? [];
  assertEquals(plain(fold.replaceAll("&#39;", "'")), `pull access denied for x launch-failed: ${message}`);
});

Deno.test("an instance that was killed before a restart shows the reason from the history", () => {
  const unseen = { ...watched, end: "stopped: removed by gocd-mesos" };
  const life = aLife("t-1", { end: "stopped", kill: "drained", message: "Container exited with status 143" });
  const { markup = "" } = endedList({ ...view, finished: [unseen] }, links, historyOf([life])) ?? {};
  assertMatch(rowsOf(markup)[0] ?? "", / stopped: no longer needed$/);
});

Deno.test("if more instances have ended than are shown, their number and period are shown", () => {
  const { markup = "" } = endedList(view, links, historyOf([aLife("t-0")], 712)) ?? {};
  assertMatch(plain(markup), /^Ended lately 2 instances .* the last 2, of 712 in 6 h; all are in the JSON API$/);
});

for (
  const [needed, wanted, text] of [
    [0, 0, "no agents needed"],
    [1, 0, "1 agent needed, none to launch now"],
    [5, 2, "5 agents needed, 2 to launch now"],
    [2, 2, "2 agents needed, all to launch now"],
  ] as const
) {
  Deno.test(`if ${needed} agents are needed and ${wanted} may be launched, the page shows: ${text}`, () => {
    const [bucket] = sampleView.demand;
    if (bucket === undefined) throw new Error("the sample has no bucket");
    assertEquals(neededText({ ...sampleView, demand: [{ ...bucket, needsAgent: needed, wanted }] }), text);
  });
}

Deno.test("a list of more than four rows has a checkbox to show all rows", () => {
  const listOf = (count: number): string => {
    const rows = Array.from({ length: count }, (_, index) => ({ key: `${index}`, cells: [html`x`] }));
    return table({ caption: "Things", columns: [{ label: "A", kind: "text" }], rows, empty: "" }).markup;
  };
  assertMatch(
    listOf(5),
    /<\/table>\s*<label[^>]*><input type="checkbox"[^>]*> <span class="when-shut">Show all 5<\/span><span class="when-open">Show the first 4<\/span><span\s+class="unseen"> of Things<\/span><\/label>/,
  );
  assert(!listOf(4).includes("checkbox"));
});

Deno.test("the name of a job may break after each slash", () => {
  const { markup } = jobName("shop/7/build/1/<b>", links);
  assertEquals(markup.split("/<wbr>").length, 5);
  assertEquals(markup.replace(/<[^>]*>/g, ""), "shop/7/build/1/&lt;b&gt;");
});

// The history on the status page: the trend of some hours; what it cost, finished agents, and the way to any moment.

import type { InstanceLife } from "../core/view/history.ts";
import { hoursText, lifeEndText } from "../core/words/history.ts";
import { trendFigure } from "./charts.ts";
import {
  type HistoryPage,
  type HistoryShown,
  type HostFailures,
  type Spent,
  sumOfCosts,
  totalMs,
} from "./history_page.ts";
import { historyHref, type HistoryRange, historyRanges } from "./history_query.ts";
import { type Html, html } from "./html.ts";
import type { PageQuery } from "./page_query.ts";
import { badge, section, untrustedText } from "./pieces.ts";
import { type Column, firstOf, table } from "./table.ts";
import { countText, spanText, timeText } from "./wording.ts";

/** Profiles whose costs are shown. */
const profilesMax = 20;

/** The trend of some hours; nothing where no history is kept. */
export function trendSection(page: HistoryPage | undefined, query: PageQuery): Html | undefined {
  if (page === undefined || page.kind === "unreadable") return undefined;
  return section("trend", "Trend", rangeFilter(page, query), trend(page, query));
}

/** What it cost, who has ended, and the way to any moment; nothing where no history is kept. */
export function historySection(page: HistoryPage | undefined, query: PageQuery): Html | undefined {
  if (page === undefined) return undefined;
  const body = page.kind === "unreadable"
    ? html`<p class="empty">${page.message}. ${page.hint}.</p>`
    : html`${costs(page)}${badHostsList(page.badHosts)}${endedList(page)}${momentForm(page, query)}`;
  return section("history", "History", undefined, body);
}

function rangeFilter({ range: shown, query: history }: HistoryShown, query: PageQuery): Html {
  const links = (Object.keys(historyRanges) as HistoryRange[]).map((range) => {
    const current = range === shown ? html`aria-current="true"` : undefined;
    return html`<a href="${historyHref(query, { ...history, range })}#trend" data-key="range-${range}" ${current}>${
      historyRanges[range].label
    }</a>`;
  });
  return html`<nav class="filter" aria-label="Length of the trend">${links}</nav>`;
}

function trend({ trend: drawn, query: history }: HistoryShown, query: PageQuery): Html {
  if (drawn.samples.length === 0) return html`<p class="empty">Nothing was recorded in this time.</p>`;
  return trendFigure("drawing", { ...drawn, hrefAt: (atMs) => historyHref(query, { ...history, atMs }) });
}

const costColumns: readonly Column[] = [
  { label: "Profile", kind: "text" },
  { label: "Today (UTC)", kind: "number" },
  { label: "24 h", kind: "number" },
  { label: "7 days", kind: "number" },
  { label: "Building", kind: "number" },
  { label: "Idle", kind: "number" },
  { label: "Spent on", kind: "roomy" },
];

/** Agent-hours by profile. */
function costs({ costs: all, query }: HistoryShown): Html {
  const { shown, hidden } = firstOf(all, profilesMax);
  const sum = all.length > 1 ? [{ ...sumOfCosts(all), profile: undefined }] : [];
  const rows = [...sum, ...shown].map(({ profile, today, lastDay, lastWeek }) => ({
    key: profile ?? "*",
    cells: [
      profile === undefined ? html`<b>all</b>` : untrustedText(profile),
      hours(today),
      hours(lastDay),
      hours(lastWeek),
      share(lastWeek.busy, lastWeek),
      share(lastWeek.idle, lastWeek),
      splitBar(lastWeek),
    ],
  }));
  return html`
    <h3>Agent-hours${query.atMs === undefined ? "" : " as of now"}</h3>
    ${table({
      caption: "Agent-hours by profile, and what agents did in 7 days",
      columns: costColumns,
      rows,
      empty: "No agent has run yet.",
    })}
    ${hidden === 0 ? undefined : html`<p class="more">${countText(hidden, "more profile")}, all in the JSON API</p>`}
  `;
}

function share(part: number, spent: Spent): Html {
  return html`${Math.round(100 * part / Math.max(1, totalMs(spent)))} %`;
}

function hours(spent: Spent): Html {
  const total = totalMs(spent);
  return total === 0 ? html`<span class="zero">0</span>` : html`${hoursText(total)} h`;
}

const splitWords = { busy: "building", idle: "idle", starting: "starting", other: "otherwise" } as const;

/** What time was spent on, as a bar that says it, too. */
function splitBar(spent: Spent): Html {
  const total = Math.max(1, totalMs(spent));
  let from = 0;
  const kinds = ["busy", "idle", "starting", "other"] as const;
  const bars = kinds.map((kind) => {
    const at = from;
    from += spent[kind];
    return html`
      <rect class="${kind}" x="${percent(at, total)}" width="${percent(spent[kind], total)}" height="8" />
    `;
  });
  const words = kinds.filter((kind) => spent[kind] > 0)
    .map((kind) => `${hoursText(spent[kind])} h ${splitWords[kind]}`).join(", ");
  return html`<svg class="split" role="img" aria-label="${words}" height="8"><title>${words}</title>${bars}</svg>`;
}

function percent(part: number, whole: number): string {
  return `${Math.round((part / whole) * 1_000) / 10}%`;
}

const endedColumns: readonly Column[] = [
  { label: "Ended (UTC)", kind: "text" },
  { label: "Instance", kind: "wide" },
  { label: "Profile", kind: "text" },
  { label: "Host", kind: "roomy" },
  { label: "Lived", kind: "number" },
  { label: "Registered after", kind: "number" },
  { label: "Builds", kind: "number" },
  { label: "Time", kind: "roomy" },
  { label: "How it ended", kind: "wide" },
];

/** Where agents failed: a host that stands out is worth a look. */
function badHostsList(hosts: readonly HostFailures[]): Html | undefined {
  if (hosts.length === 0) return undefined;
  const items = hosts.map(({ host, failed, ended }) =>
    html`<li data-key="${host}"><b>${failed}</b> of ${ended} on ${untrustedText(host)}</li>`
  );
  return html`
    <div class="bad-hosts" data-key="bad-hosts">
      <h3>Agents that failed, were lost or ended by themselves, by host</h3>
      <ul>${items}</ul>
    </div>
  `;
}

function endedList({ ended, endedCount }: HistoryShown): Html | undefined {
  if (endedCount === 0) return undefined;
  const rows = ended.map((life) => ({ key: life.taskId, cells: lifeCells(life) }));
  const body = table({ caption: "Instances that have ended", columns: endedColumns, rows, empty: "" });
  const more = endedCount > ended.length
    ? html`<p class="more">the last ${ended.length} of ${endedCount}; all are in the JSON API</p>`
    : undefined;
  return html`
    <details data-key="finished">
      <summary><h3>Finished agents</h3> <span class="aside">${endedCount}</span></summary>
      ${body}${more}
    </details>
  `;
}

function lifeCells(life: InstanceLife): Html[] {
  const { taskId, profile, host, createdMs, endedMs = createdMs, end, spentMs, builds } = life;
  const tone = end === "stopped" ? "quiet" : end === "unseen" || end === "dropped" ? "waiting" : "bad";
  return [
    html`<time datetime="${timeText(endedMs)}">${timeText(endedMs)}</time>`,
    html`<code>${untrustedText(taskId)}</code>`,
    untrustedText(profile),
    untrustedText(host),
    html`${spanText(endedMs - createdMs)}`,
    registeredCell(life),
    html`${builds}`,
    splitBar(spentMs),
    html`${badge(end ?? "unseen", tone)} ${untrustedText(lifeEndText(life))}`,
  ];
}

function registeredCell({ createdMs, registeredMs, adopted }: InstanceLife): Html {
  if (registeredMs === undefined) return html`<span class="quiet">never</span>`;
  return adopted === true ? html`<span class="quiet">adopted</span>` : html`${spanText(registeredMs - createdMs)}`;
}

/** Asks for a moment; `at` is what the page shows now. */
function momentForm({ query: { atMs, ...history }, span, place }: HistoryShown, query: PageQuery): Html {
  const kept = span === undefined ? "nothing yet" : `since ${timeText(span.fromMs)}`;
  const where = place.kind === "memory" ? ", in memory only" : "";
  const others = [...new URL(historyHref(query, history), "http://x").searchParams]
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  return html`
    <form class="moment" method="get" action="/" data-key="moment">
      ${others}
      <label><span>What did it know at (UTC)</span><input name="at" required placeholder="14:05" value="${atMs ===
          undefined
        ? ""
        : timeText(atMs)}" autocomplete="off"></label>
      <button>Show</button>
      <span class="quiet">14:05, 2026-11-27 14:05, 2h ago; kept ${kept}${where}</span>
    </form>
  `;
}

/** The pages of moments, where a history is kept. */
export function hrefsOf(page: HistoryPage | undefined, query: PageQuery): ((atMs: number) => string) | undefined {
  if (page === undefined || page.kind === "unreadable") return undefined;
  return (atMs) => historyHref(query, { ...page.query, atMs });
}

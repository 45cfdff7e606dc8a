// The history on the status page: the trend of some hours; costs, bad hosts, and links to any moment.

import type { Spent } from "../core/view/history.ts";
import { hoursText } from "../core/words/history.ts";
import { trendFigure } from "./charts.ts";
import type { StatusView } from "../core/view/view.ts";
import { counted, timeText } from "../core/words/phrases.ts";
import { type HistoryPage, type HistoryShown, sumOfCosts, totalMs } from "./history_page.ts";
import { historyHref, type HistoryRange, historyRanges } from "./history_query.ts";
import { type Html, html } from "./html.ts";
import type { PageLinks } from "./links.ts";
import type { PageQuery } from "./page_query.ts";
import { foldedSection, section, untrustedText } from "./pieces.ts";
import { isShown, sharesText, spentText, splitBar, splitLegend } from "./split_bar.ts";
import { builtSearch } from "./sections_built.ts";
import { type Column, firstOf, table } from "./table.ts";
import { spanText } from "./wording.ts";

const minuteMs = 60_000;
/** Maximum number of profiles whose costs are shown. */
const profilesMax = 20;

/** The trend of some hours; nothing if no history is kept. */
export function trendSection(page: HistoryPage | undefined, query: PageQuery): Html | undefined {
  if (page === undefined || page.kind === "unreadable") return undefined;
  return section("trend", "Trend", rangeFilter(page, query), trend(page, query));
}

/** Costs, where agents failed, and links to any moment; nothing if no history is kept. */
export function historySection(
  page: HistoryPage | undefined,
  query: PageQuery,
  { view, links }: { readonly view: StatusView; readonly links: PageLinks },
): Html | undefined {
  if (page === undefined) return undefined;
  const body = page.kind === "unreadable"
    ? html`<p class="empty">${page.message}. ${page.hint}.</p>`
    : html`${costs(page)}${badHostsList(page)}${builtSearch(page, query, { agents: view.gocdAgents, links })}${
      momentForm(page, query)
    }`;
  return foldedSection("history", "History", undefined, body);
}

function rangeFilter({ range: shown, query: history, trend: { toMs } }: HistoryShown, query: PageQuery): Html {
  const links = (Object.keys(historyRanges) as HistoryRange[]).map((range) => {
    const current = range === shown ? html`aria-current="true"` : undefined;
    return html`<a href="${historyHref(query, { ...history, range })}#trend" data-key="range-${range}" ${current}>${
      historyRanges[range].label
    }</a>`;
  });
  // The step that is not over is not drawn, and may be half an hour long.
  const { stepMs } = historyRanges[shown];
  const until = history.atMs === undefined && stepMs > minuteMs
    ? html`<span class="until">until ${timeText(toMs)}, in steps of ${spanText(stepMs)}</span>`
    : undefined;
  return html`<nav class="filter" aria-label="Length of the trend">${links}${until}</nav>`;
}

function trend(page: HistoryShown, query: PageQuery): Html {
  const { trend: drawn, query: history } = page;
  if (drawn.samples.length === 0) return html`<p class="empty">Nothing was recorded in this time.</p>`;
  const figure = trendFigure("drawing", { ...drawn, hrefAt: (atMs) => historyHref(query, { ...history, atMs }) });
  return html`${figure}${costOfDay(page)}`;
}

/** The cost of the day at a glance; by profile it is in the history. */
function costOfDay(page: HistoryShown): Html | undefined {
  const { today } = sumOfCosts(page.costs);
  if (!isShown(totalMs(today))) return undefined;
  const spent = spentText(today);
  const details = spent === "" ? "" : `, ${spent}`;
  return html`
    <p class="cost quiet">${dayText(page)}: <b>${hoursText(totalMs(today))} agent-hours</b>${details}</p>
  `;
}

const costColumns = (day: string): readonly Column[] => [
  { label: "Profile", kind: "text" },
  { label: day, kind: "roomy" },
  { label: "24 h", kind: "number" },
  { label: "7 days", kind: "roomy" },
];

/** Agent-hours by profile. */
function costs(page: HistoryShown): Html {
  const all = page.costs.filter(({ lastWeek }) => isShown(totalMs(lastWeek)));
  const { shown, hidden } = firstOf(all, profilesMax);
  const sum = all.length > 1 ? [{ ...sumOfCosts(page.costs), profile: undefined }] : [];
  const rows = [...sum, ...shown].map(({ profile, today, lastDay, lastWeek }) => ({
    key: profile ?? "*",
    cells: [
      profile === undefined ? html`<b>all</b>` : untrustedText(profile),
      spentCell(today),
      hours(lastDay),
      spentCell(lastWeek),
    ],
  }));
  const { atMs } = page.query;
  return html`
    <h3>Agent-hours${atMs === undefined ? "" : ` until ${timeText(atMs)}`}</h3>
    ${all.length === 0 ? undefined : splitLegend()}
    ${table({
      caption: "Agent-hours by profile, and what they were spent on",
      columns: costColumns(dayText(page)),
      rows,
      empty: "No agent has run yet.",
    })}
    ${hidden === 0 ? undefined : html`<p class="more">${counted(hidden, "more profile")}, all in the JSON API</p>`}
    ${atMs === undefined || all.length === 0 ? undefined : aboutText}
  `;
}

const aboutText = html`<p class="more">Agent time is kept by the hour: what was spent in the hour of this moment is
  estimated from the samples until then.</p>`;

/** What a figure of the day covers. */
function dayText({ query: { atMs } }: HistoryShown): string {
  return atMs === undefined ? "Today (UTC)" : "That day until then (UTC, about)";
}

function spentCell(spent: Spent): Html {
  if (!isShown(totalMs(spent))) return hours(spent);
  return html`<b>${hours(spent)}</b> ${splitBar(spent)} <span class="quiet">${sharesText(spent)}</span>`;
}

function hours(spent: Spent): Html {
  const total = totalMs(spent);
  return !isShown(total) ? html`<span class="zero">0</span>` : html`${hoursText(total)} h`;
}

/** Where agents failed: a host that stands out should be checked. */
function badHostsList({ badHosts, range, query: { atMs } }: HistoryShown): Html | undefined {
  if (badHosts.length === 0) return undefined;
  const { label } = historyRanges[range];
  const items = badHosts.map(({ host, failed, ended }) =>
    html`<li data-key="${host}"><b>${failed}</b> of ${ended} on ${untrustedText(host)}</li>`
  );
  return html`
    <div class="bad-hosts" data-key="bad-hosts">
      <h3>Agents that failed, never registered, exited or were lost${atMs === undefined
        ? ` in the last ${label}`
        : ` in the ${label} until then`}, by host</h3>
      <ul>${items}</ul>
    </div>
  `;
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
      <label><span>What was known at (UTC)</span><input name="at" required placeholder="14:05" value="${atMs ===
          undefined
        ? ""
        : timeText(atMs)}" autocomplete="off"></label>
      <button>Show</button>
      <span class="quiet">14:05, 2026-11-27 14:05, 2h ago; kept ${kept}${where}</span>
    </form>
  `;
}

/** The pages of moments, if a history is kept. */
export function hrefsOf(page: HistoryPage | undefined, query: PageQuery): ((atMs: number) => string) | undefined {
  if (page === undefined || page.kind === "unreadable") return undefined;
  return (atMs) => historyHref(query, { ...page.query, atMs });
}

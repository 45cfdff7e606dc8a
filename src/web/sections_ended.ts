// Our instances that have ended: those that this run has watched, and before them those of the history, in one list.

import type { InstanceLife } from "../core/view/history.ts";
import { shortened } from "../core/text.ts";
import type { FinishedView, StatusView } from "../core/view/view.ts";
import { tellingPart } from "../core/words/causes.ts";
import { codedEndText } from "../core/words/history.ts";
import { counted, numberText } from "../core/words/phrases.ts";
import type { HistoryPage } from "./history_page.ts";
import { historyRanges } from "./history_query.ts";
import { type Html, html } from "./html.ts";
import { mesosAgentHref, type PageLinks, sandboxHref } from "./links.ts";
import { lifeLine } from "./life_line.ts";
import { age, folded, hostName, places, sentence, untrustedText } from "./pieces.ts";
import { splitBar } from "./split_bar.ts";
import { type Column, table } from "./table.ts";
import { spanText } from "./wording.ts";

/** Ended instances shown at most. */
const endedMax = 50;
/** An end up to this length is shown as a whole, and again. */
const shortEnd = 90;

const endedColumns: readonly Column[] = [
  { label: "Ended", kind: "number" },
  { label: "Instance", kind: "wide" },
  { label: "Profile", kind: "text" },
  { label: "Host", kind: "text" },
  { label: "Life", kind: "drawn", means: "its whole life, and as a bar what part of it was spent in each state" },
  { label: "Registered after", kind: "number", means: "from its launch until GoCD could use it" },
  { label: "Builds", kind: "number", means: "jobs that it was seen to start" },
  { label: "How it ended", kind: "wide", means: "the kind of its end, and what Mesos or this program says about it" },
];

/** What is known of an instance that has ended; at least one of both. */
interface Ended {
  readonly taskId: string;
  readonly profile: string;
  readonly host: string;
  readonly createdMs: number;
  readonly endedMs: number;
  readonly end: string;
  readonly watched?: FinishedView;
  readonly life?: InstanceLife;
}

/** The last instances that have ended, each once; collapsed at first. Nothing if none has ended. */
export function endedList(view: StatusView, links: PageLinks, history: HistoryPage | undefined): Html | undefined {
  const kept = history?.kind === "shown" ? history : undefined;
  const ended = endedLately(view, kept?.ended ?? []);
  if (ended.length === 0) return undefined;
  const rows = ended.map((each, index) => ({
    key: each.taskId,
    cells: [...endedCells(each, view, links), endCell(ended, index)],
  }));
  const more = kept === undefined || kept.endedCount <= rows.length ? undefined : html`
    <p class="more">the last ${rows.length}, of ${numberText(kept.endedCount)} in ${historyRanges[kept.range]
      .label}; all are in the JSON API</p>
  `;
  return html`
    <details id="ended" data-key="ended">
      <summary><h3>Ended lately</h3> <span class="aside">${rows.length === endedMax
        ? `the last ${endedMax}`
        : counted(rows.length, "instance")}</span></summary>
      ${table({
        caption: "Instances that have ended",
        columns: endedColumns,
        rows,
        empty: "",
      })}${ended.every(({ life }) => life !== undefined) ? undefined : unkept(kept)}${more}
    </details>
  `;
}

/** A broken image ends many agents in the same way: a long error is shown once, folded. */
function endCell(ended: readonly Ended[], index: number): Html {
  const { end = "", taskId } = ended[index] ?? {};
  if (end.length <= shortEnd) return sentence(end);
  const first = ended.find((each) => each.end === end)?.taskId;
  if (first !== taskId) return html`<span class="quiet">the same as ${untrustedText(first ?? "")}</span>`;
  return folded(shortened(tellingPart(end), shortEnd), end);
}

/** Those that were observed, those whose records on the GoCD server are still to be removed, and earlier ones. */
function endedLately({ instances, finished = [] }: StatusView, lives: readonly InstanceLife[]): readonly Ended[] {
  const unwatched = instances.filter(({ state }) => state === "gone").map((
    { life = [], sinceMs, detail, ...instance },
  ) => ({ ...instance, endedMs: sinceMs, end: detail, life: life.filter(({ state }) => state !== "gone") }));
  const lifeOf = new Map(lives.map((life) => [life.taskId, life]));
  const all = new Map<string, Ended>();
  for (const watched of [...finished, ...unwatched]) {
    const { taskId, profile, host, createdMs, endedMs } = watched;
    const life = lifeOf.get(taskId);
    // Only the history knows of a kill that was sent before a restart.
    const end = life?.kill === undefined ? watched.end : codedEndText(life);
    const known = { taskId, profile, host, createdMs, endedMs, end, watched };
    if (!all.has(taskId)) all.set(taskId, { ...known, ...(life === undefined ? {} : { life }) });
  }
  for (const life of lives) {
    const { taskId, profile, host, createdMs, endedMs = createdMs } = life;
    const known = { taskId, profile, host, createdMs, endedMs, end: codedEndText(life), life };
    if (!all.has(taskId)) all.set(taskId, known);
  }
  return [...all.values()].sort((one, other) => other.endedMs - one.endedMs).slice(0, endedMax);
}

function endedCells(ended: Ended, { atMs, mesos }: StatusView, links: PageLinks): readonly Html[] {
  const { taskId, profile, host, createdMs, endedMs, watched, life } = ended;
  const mesosAgentId = watched?.mesosAgentId ?? "";
  const bar = watched === undefined
    ? life === undefined ? undefined : splitBar(life.spentMs)
    : lifeLine(watched.life, { createdMs, atMs, endedMs });
  return [
    html`${age(endedMs, atMs)} ago`,
    html`<code class="name">${untrustedText(taskId)}</code>${
      places(taskId, { sandbox: sandboxHref(links, mesos, { mesosAgentId, taskId }) })
    }`,
    untrustedText(profile),
    hostName(mesosAgentHref(links, mesos, mesosAgentId), host),
    html`${spanText(endedMs - createdMs)} ${bar}`,
    life === undefined ? notKept : registeredCell(life),
    life === undefined ? notKept : html`${life.builds}`,
  ];
}

/** What a dash means; the history has an end only a moment later, and not for ever. */
function unkept(kept: object | undefined): Html {
  const why = kept === undefined ? "no history is kept" : "not in the history yet, or no longer";
  return html`<p class="more dash">–: ${why}</p>`;
}

const notKept = html`<span class="zero" title="not in the history">–</span>`;

function registeredCell({ createdMs, registeredMs, adopted }: InstanceLife): Html {
  if (registeredMs === undefined) return html`<span class="quiet">never</span>`;
  return adopted === true ? html`<span class="quiet">adopted</span>` : html`${spanText(registeredMs - createdMs)}`;
}

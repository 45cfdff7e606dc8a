// The page sections about the agents on the GoCD server, and about recent decisions.

import { timeText } from "../core/words/phrases.ts";
import type { GocdAgentView, NoteView, StatusView } from "../core/view/view.ts";
import { type Html, html } from "./html.ts";
import { gocdAgentHref, type PageLinks } from "./links.ts";
import { moreHref, type PageQuery } from "./page_query.ts";
import {
  badge,
  distinctKeys,
  foldedSection,
  linkTo,
  loggedSentence,
  needs,
  type Tone,
  untrustedText,
} from "./pieces.ts";
import { type Column, firstOf, table } from "./table.ts";

const agentTones: Readonly<Record<string, Tone>> = {
  idle: "good",
  building: "busy",
  pending: "waiting",
  disabled: "quiet",
  elastic: "quiet",
  lost: "bad",
  missing: "bad",
};

const agentColumns: readonly Column[] = [
  {
    label: "State",
    kind: "text",
    means:
      "idle, building, pending (not enabled yet), disabled, elastic (of a plugin), lost (out of contact) or missing",
  },
  { label: "Hostname", kind: "wide" },
  { label: "Resources", kind: "roomy" },
  { label: "Ours", kind: "text", means: "whether this program launched it" },
  {
    label: "On the server",
    kind: "text",
    means: "its configuration, its state and its build state as GoCD reports them; equal ones once",
  },
  { label: "UUID", kind: "text" },
];

/** Every agent on the GoCD server, ours or not; collapsed at first. */
export function gocdAgentsSection(view: StatusView, query: PageQuery, links: PageLinks): Html {
  const { shown, hidden } = firstOf(view.gocdAgents, query.rowsMax);
  const ours = view.gocdAgents.filter(({ taskId }) => taskId !== undefined).length;
  const body = table({
    caption: "Agents on the GoCD server",
    columns: agentColumns,
    rows: shown.map((agent) => ({ key: agent.uuid, cells: agentCells(agent, links) })),
    more: { hidden, href: moreHref(query) },
    empty: "The GoCD server has no agent.",
  });
  return html`
    <section id="agents" data-key="agents" aria-labelledby="agents-title">
      <details>
    <summary><h2 id="agents-title">Agents on the GoCD server</h2> <span class="aside">${view.gocdAgents
      .length}, ${ours} of them ours</span></summary>
    ${body}
      </details>
    </section>
  `;
}

function agentCells(agent: GocdAgentView, links: PageLinks): Html[] {
  return [
    badge(agent.state, agentTones[agent.state] ?? "quiet"),
    untrustedText(agent.hostname),
    needs(agent.environments, agent.gocdResources),
    agent.taskId === undefined ? html`<span class="quiet">no</span>` : html`yes`,
    untrustedText([...new Set([agent.configState, agent.agentState, agent.buildState])].join(", ")),
    html`<code>${linkTo(gocdAgentHref(links, agent.uuid), untrustedText(agent.uuid))}</code>`,
  ];
}

const noteTones: Readonly<Record<NoteView["level"], Tone>> = {
  debug: "quiet",
  info: "quiet",
  warning: "warning",
  error: "bad",
};

/** Recent decisions, newest first; `hrefAt`: the page of a moment. */
export function notesSection(notes: readonly NoteView[], query: PageQuery, hrefAt?: (atMs: number) => string): Html {
  const { shown, hidden } = firstOf(notes.toReversed(), query.rowsMax);
  // Keys are counted from the oldest, so that a row keeps its own when others come.
  const keys = distinctKeys(shown.toReversed().map(({ atMs, code }) => `${atMs} ${code}`)).toReversed();
  const items = shown.map(({ atMs, level, code, text }, index) =>
    html`
      <li
        data-key="${keys[index]}">${noteTime(
          atMs,
          minuteOf(atMs) === minuteOf(shown[index - 1]?.atMs ?? 0) ? undefined : hrefAt,
        )} ${level === "info" || level === "debug" ? undefined : badge(level, noteTones[level])} ${loggedSentence(
          text,
        )} <code class="quiet">${code}</code></li>
    `
  );
  return foldedSection(
    "notes",
    "Recent decisions",
    undefined,
    items.length === 0
      ? html`<p class="empty">Nothing was decided yet.</p>`
      : html`<ol class="notes" tabindex="0" aria-label="Recent decisions, newest first">${items}</ol>${
        hidden === 0 ? undefined : html`<p class="more">${hidden} more</p>`
      }`,
  );
}

/** A picture is kept each minute: one link to each is enough, and saves keyboard users hundreds of stops. */
function minuteOf(atMs: number): number {
  return Math.floor(atMs / 60_000);
}

function noteTime(atMs: number, hrefAt: ((atMs: number) => string) | undefined): Html {
  const time = html`<time datetime="${timeText(atMs)}">${timeText(atMs)}</time>`;
  // A URL has whole seconds, and the decision is part of that moment.
  return hrefAt === undefined ? time : html`<a href="${hrefAt(Math.ceil(atMs / 1_000) * 1_000)}">${time}</a>`;
}

// The status page: one document that works without scripts and is kept up to date if they run.

import { timeText } from "../core/words/phrases.ts";
import { healthOf } from "../core/view/health.ts";
import type { NoteView, StatusView } from "../core/view/view.ts";
import { actionDialog } from "./actions.ts";
import type { HistoryPage } from "./history_page.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import type { PageLinks } from "./links.ts";
import { piecesOf } from "./changes.ts";
import { type LivePage, versionOf, versionText } from "./live.ts";
import { pageHref, type PageQuery } from "./page_query.ts";
import type { Past } from "./past.ts";
import { age, moment, untrustedText, withoutAges } from "./pieces.ts";
import { gocdAgentsSection, notesSection } from "./sections_agents.ts";
import { demandSection, problemsSection } from "./sections_demand.ts";
import { agentsCard, jobsCard } from "./sections_glance.ts";
import { historySection, hrefsOf, trendSection } from "./sections_history.ts";
import { hostsSection } from "./sections_hosts.ts";
import { type Setup, setupSection } from "./sections_setup.ts";
import { instancesSection } from "./sections_instances.ts";
import { jobsSection } from "./sections_jobs.ts";
import { profilesSection } from "./sections_profiles.ts";
import { gocdCard, healthBanner, mesosCard, modeBanner, standbyBanner } from "./sections_servers.ts";

/** What a page is made from. */
export interface PageInput {
  readonly view: StatusView;
  /** Recent decisions, oldest first. */
  readonly notes: readonly NoteView[];
  readonly query: PageQuery;
  readonly links: PageLinks;
  /** Version of the program. */
  readonly version: string;
  /** How far the rights of the program are limited. */
  readonly sandbox: "on" | "partial" | "off";
  /** Absent: it is not shown. */
  readonly setup?: Setup;
  /** Whether there are buttons for commands. */
  readonly offersCommands?: boolean;
  /** Absent: none is kept. */
  readonly history?: HistoryPage;
  /** The page shows the past; the banner shows which moment, or why not. */
  readonly past?: Past;
}

/** Called with the rendered page: a stream of events may continue from it. */
export type OnLivePage = (page: LivePage) => void;

/** The whole document. */
export function statusPage(input: PageInput, onLivePage: OnLivePage = () => {}): string {
  const { view, query } = input;
  const page = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${pageTitle(input)}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="/assets/page.css">
        ${isPast(input) ? undefined : liveHead(query)}
      </head>
      <body>
        <a class="skip" href="#live">Skip to the status</a>
        <header class="top">
          <h1><img src="/assets/icon.svg" alt="" width="28" height="28"> gocd-mesos <span class="quiet">${untrustedText(
            view.mesos.frameworkName,
          )}</span></h1>
          <div class="refresh"><span id="paused-at" role="status"></span> <button type="button" id="pause" hidden aria-pressed="false">Pause updates</button>${isPast(
              input,
            )
            ? undefined
            : reloading(query, view)}</div>
        </header>
        <p id="connection" role="status" hidden></p>
        <p id="news" role="status" class="unseen"></p>
        ${offersCommands(input) ? withoutScripts : undefined}
        <p id="done" role="status"></p>
        ${pageMain(input, onLivePage)}
        <footer>gocd-mesos ${input
          .version} · sandbox: ${input
          .sandbox} · <a href="/api/status">JSON</a> · <a href="/metrics">metrics</a> · <a href="/health">health</a></footer>
        ${offersCommands(input) ? actionDialog() : undefined}
      </body>
    </html>
  `;
  return `${page.markup}\n`;
}

/** There are no commands for the past, or on a standby. */
function offersCommands(input: PageInput): boolean {
  return input.offersCommands === true && !isPast(input) && input.view.leadership?.role !== "standby";
}

/** The past does not change. */
function isPast({ past }: PageInput): boolean {
  return past?.shown !== undefined;
}

function liveHead(query: PageQuery): Html {
  const reload = html`
    <noscript><meta http-equiv="refresh" content="5; url=${pageHref(query)}"></noscript>
  `;
  return html`<script src="/assets/page.js" defer></script>${query.pause === undefined ? reload : undefined}`;
}

/** Without scripts: the next reload closes what was opened, so a reader must be able to stop it. */
function reloading({ pause, ...query }: PageQuery, { atMs }: StatusView): Html {
  return html`<noscript>${
    pause === undefined
      ? html`<a href="${pageHref({ ...query, pause: "yes" })}">Stop reloading</a>`
      : html`as of <time>${timeText(atMs)}</time> <a href="${pageHref(query)}">Continue reloading</a>`
  }</noscript>`;
}

const withoutScripts = html`<noscript><p class="quiet">Freeze, Resume and Drain need scripts here; the commands of
  gocd-mesos do the same.</p></noscript>`;

/** What a refresh replaces: the contents of the main part, and the title. */
export function statusFragment(input: PageInput, onLivePage: OnLivePage = () => {}): string {
  return html`
    <title>${pageTitle(input)}</title>
    ${pageMain(input, onLivePage)}
  `.markup;
}

/** The page for readers who have it already: its parts without the texts of ages. */
export function livePage(input: PageInput): LivePage {
  return livePageOf(input, pageParts(input));
}

function livePageOf(input: PageInput, pageParts: readonly PagePart[]): LivePage {
  const parts = new Map(pageParts.map(({ id, content }) => [id, withoutAges(content.markup)]));
  return { atMs: input.view.atMs, title: pageTitle(input), parts, version: versionOf(parts) };
}

function pageTitle({ view }: PageInput): string {
  const problemCount = view.problems.length + (healthOf(view).isHealthy ? 0 : 1);
  return `${problemCount === 0 ? "" : `(${problemCount}) `}${view.mesos.frameworkName} – gocd-mesos`;
}

/** One part of the page, which is updated separately. */
interface PagePart {
  readonly id: string;
  readonly content: Html;
}

/** The parts from top to bottom; each is there on every page, even if it is empty. */
function pageParts(input: PageInput): readonly PagePart[] {
  const { view, notes, query, links, setup, history, past } = input;
  const canCommand = offersCommands(input);
  const parts: readonly (readonly [string, HtmlValue])[] = [
    ["banners", html`${past?.banner}${standbyBanner(view)}${modeBanner(view)}${healthBanner(healthOf(view))}`],
    ["problems", problemsSection(view, links)],
    [
      "servers",
      html`
        <div id="servers" data-key="servers" class="servers">
          ${jobsCard(view, links, isPast(input) ? "Waiting then" : "Waiting now")}${agentsCard(
            view,
            canCommand,
          )}${mesosCard(view)}${gocdCard(view.gocd, view.atMs)}
        </div>
      `,
    ],
    ["trend", trendSection(history, query)],
    ["demand", demandSection(view, query)],
    ["jobs", jobsSection(view, query, links)],
    ["instances", instancesSection(view, query, { links, canCommand, history })],
    ["profiles", profilesSection(view, query, canCommand)],
    ["hosts", hostsSection(view, query, links)],
    ["agents", gocdAgentsSection(view, query, links)],
    ["history", historySection(history, query, { view, links })],
    ["notes", notesSection(notes, query, hrefsOf(history, query))],
    ["setup", setup === undefined || isPast(input) ? undefined : setupSection(setup, input.sandbox)],
    ["made", made(view)],
  ];
  return parts.map(([id, content]) => ({ id, content: html`${content}` }));
}

function made(view: StatusView): Html {
  return html`
    <p class="quiet made">Picture of ${moment(view.atMs)}; running for ${age(
      view.startedMs,
      view.atMs,
    )}</p>
  `;
}

/** The parts say of how many pieces they are, so that a reader who takes one apart can tell that it got the same. */
function pageMain(input: PageInput, onLivePage: OnLivePage): Html {
  const parts = pageParts(input);
  const page = livePageOf(input, parts);
  if (!isPast(input)) onLivePage(page);
  const contents = parts.map(({ id, content }) =>
    html`<div class="part" data-key="part-${id}" data-part="${id}" data-pieces="${
      piecesOf(content.markup).length
    }">${content}</div>`
  );
  return html`<main id="live" tabindex="-1" data-version="${versionText(page.version)}">${contents}</main>`;
}

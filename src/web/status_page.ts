// The status page: one document that works without scripts and refreshes its main part when they run.

import { healthOf } from "../core/view/health.ts";
import type { GocdView, Health, NoteView, ServerHealth, StatusView } from "../core/view/view.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { pageHref, type PageQuery } from "./page_query.ts";
import { age, badge, type Tone, untrustedText } from "./pieces.ts";
import { gocdAgentsSection, instancesSection, notesSection, profilesSection } from "./sections_agents.ts";
import { demandSection, isBacklogKnown, jobsSection, problemsSection } from "./sections_demand.ts";
import { spanText, timeText } from "./wording.ts";

/** What a page is made from. */
export interface PageInput {
  readonly view: StatusView;
  /** Recent decisions, oldest first. */
  readonly notes: readonly NoteView[];
  readonly query: PageQuery;
  /** Version of the program. */
  readonly version: string;
  /** How far the rights of the program are limited. */
  readonly sandbox: "on" | "partial" | "off";
}

/** The whole document. */
export function statusPage(input: PageInput): string {
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
        <script src="/assets/page.js" defer></script>
        <noscript><meta http-equiv="refresh" content="5; url=${pageHref(query)}"></noscript>
      </head>
      <body>
        <a class="skip" href="#live">Skip to the status</a>
        <header class="top">
          <h1><img src="/assets/icon.svg" alt="" width="28" height="28"> gocd-mesos <span class="quiet">${untrustedText(
            view.mesos.frameworkName,
          )}</span></h1>
          <div class="refresh"><button type="button" id="pause" hidden aria-pressed="false">Pause</button></div>
        </header>
        <p id="connection" role="status" hidden></p>
        <main id="live" tabindex="-1">${pageMain(input)}</main>
        <footer>gocd-mesos ${input
          .version} · sandbox: ${input
          .sandbox} · <a href="/api/status">JSON</a> · <a href="/metrics">metrics</a> · <a href="/health">health</a></footer>
      </body>
    </html>
  `;
  return `${page.markup}\n`;
}

/** What a refresh replaces: the contents of the main part, and the title. */
export function statusFragment(input: PageInput): string {
  return html`
    <title>${pageTitle(input)}</title>
    <main id="live">${pageMain(input)}</main>
  `.markup;
}

function pageTitle({ view }: PageInput): string {
  const problemCount = view.problems.length + (healthOf(view).isHealthy ? 0 : 1);
  return `${problemCount === 0 ? "" : `(${problemCount}) `}${view.mesos.frameworkName} – gocd-mesos`;
}

function pageMain({ view, notes, query }: PageInput): Html {
  return html`${standbyBanner(view)}${modeBanner(view)}
<div id="servers" data-key="servers" class="servers">${mesosCard(view)}${gocdCard(view.gocd, view.atMs)}${
    numbers(view)
  }</div>
${healthBanner(healthOf(view))}
${problemsSection(view)}
${demandSection(view, query)}
${jobsSection(view, query)}
${instancesSection(view, query)}
${profilesSection(view, query)}
${gocdAgentsSection(view, query)}
${notesSection(notes, query)}
<p class="quiet made" data-key="made">Picture of <time>${timeText(view.atMs)}</time>; running for ${
    spanText(view.atMs - view.startedMs)
  }</p>`;
}

/** The operator's switches in one line; nothing in normal operation. */
function modeBanner(view: StatusView): Html | undefined {
  const words = [
    ...(view.mode === "drain" ? ["Draining: no agent is launched, and each is removed once idle."] : []),
    ...(view.mode === "teardown" ? ["Tearing down: the framework is removed once its agents are gone."] : []),
    ...(view.tornDown === true ? ["Torn down: no framework is registered until gocd-mesos resume."] : []),
    ...(view.frozen ? ["Launching is frozen: running agents continue, none is added."] : []),
  ];
  return words.length === 0 ? undefined : html`<p id="mode" data-key="mode" class="banner">${words.join(" ")}</p>`;
}

/** Which instance to look at, if this one is on standby. */
function standbyBanner({ leadership, atMs }: StatusView): Html | undefined {
  if (leadership?.role !== "standby") return undefined;
  const { leader } = leadership;
  const who = leader === undefined ? html`no leader is known` : html`${untrustedText(leader)} leads`;
  return html`
    <p id="standby" data-key="standby" class="banner">
      This instance is on standby: ${who} (for ${age(leadership.sinceMs, atMs)}). It does nothing until it is elected.
    </p>
  `;
}

function healthBanner(health: Health): Html | undefined {
  if (health.isHealthy) return undefined;
  const reasons = health.reasons.map((reason) => html`<li>${untrustedText(reason)}</li>`);
  return html`
    <div id="health" data-key="health" class="unhealthy">
      <h2>Not healthy</h2>
      <ul>${reasons}</ul>
    </div>
  `;
}

function mesosCard({ mesos, atMs, leadership }: StatusView): Html {
  return card("mesos", "Mesos", healthBadge(mesos.health, { unknown: "not connected yet", fine: "subscribed" }), [
    ...healthRows(mesos.health, atMs),
    ["Master", mesos.master === undefined ? html`<span class="quiet">unknown</span>` : untrustedText(mesos.master)],
    ["Version", mesos.masterVersion === undefined ? undefined : untrustedText(mesos.masterVersion)],
    ["Offers", html`${mesos.offers}`],
    [
      "Framework",
      mesos.frameworkId === undefined
        ? html`<span class="quiet">none yet</span>`
        : html`<code>${untrustedText(mesos.frameworkId)}</code>`,
    ],
    ["Election", leadership === undefined ? undefined : html`${leadership.role}`],
  ]);
}

function gocdCard(gocd: GocdView, atMs: number): Html {
  const isMaintained = gocd.health.state === "fine" && gocd.maintenance === "on";
  const state = isMaintained
    ? badge("maintenance", "warning")
    : healthBadge(gocd.health, { unknown: "not polled yet", fine: "answering" });
  return card("gocd", "GoCD", state, [
    ...healthRows(gocd.health, atMs),
    [
      "Last poll",
      gocd.lastPollMs === undefined ? html`<span class="quiet">none</span>` : html`${age(gocd.lastPollMs, atMs)} ago`,
    ],
    ["Next poll", gocd.nextPollMs <= atMs ? html`now` : html`in ${spanText(gocd.nextPollMs - atMs)}`],
    ["Version", gocd.version === undefined ? html`<span class="quiet">unknown</span>` : untrustedText(gocd.version)],
    ["Maintenance", html`${gocd.maintenance}`],
  ]);
}

const healthTones: Readonly<Record<ServerHealth["state"], Tone>> = {
  unknown: "waiting",
  fine: "good",
  failing: "warning",
  down: "bad",
};

function healthBadge({ state }: ServerHealth, words: Readonly<Record<"unknown" | "fine", string>>): Html {
  return badge(state === "unknown" || state === "fine" ? words[state] : state, healthTones[state]);
}

function healthRows(health: ServerHealth, atMs: number): readonly CardRow[] {
  const { state, sinceMs } = health;
  const since = age(sinceMs, atMs);
  if (state === "fine" || state === "unknown") return [["Since", since]];
  return [["Failing for", since], ["Reason", untrustedText(health.problem.message)]];
}

type CardRow = readonly [string, HtmlValue];

function card(key: string, title: string, state: Html, rows: readonly CardRow[]): Html {
  return html`
    <section class="card" data-key="${key}" aria-labelledby="${key}-title">
      <header><h2 id="${key}-title">${title}</h2>${state}</header>
      ${terms(rows)}
    </section>
  `;
}

/** Names with their values; rows without a value are omitted. */
function terms(rows: readonly CardRow[]): Html {
  const lines = rows.filter(([, value]) => value !== undefined).map(([name, value]) =>
    html`
      <div data-key="${name}">
        <dt>${name}</dt>
        <dd>${value}</dd>
      </div>
    `
  );
  return html`
    <dl>${lines}</dl>
  `;
}

function numbers(view: StatusView): Html {
  const inState = (state: string): number => view.instances.filter((instance) => instance.state === state).length;
  const isKnown = isBacklogKnown(view) || view.jobs.length > 0;
  const shown: readonly CardRow[] = [
    ["waiting jobs", isKnown ? view.jobs.length : "?"],
    ["need agents", !isKnown ? "?" : view.jobs.filter(({ verdict }) => verdict === "needs-agent").length],
    ["to launch", view.demand.reduce((sum, { wanted }) => sum + wanted, 0)],
    ["starting", inState("launching") + inState("starting")],
    ["building", inState("building")],
    ["idle", inState("idle")],
  ];
  return html`
    <section class="card numbers" data-key="numbers" aria-label="In numbers">
      ${terms(shown)}
    </section>
  `;
}

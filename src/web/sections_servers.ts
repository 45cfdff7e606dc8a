// The two servers on the status page, and the banners above everything.

import type { GocdView, Health, ServerHealth, StatusView } from "../core/view/view.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { age, badge, sentence, type Tone, until, untrustedText } from "./pieces.ts";

/** The operator's switches in one line; nothing in normal operation. */
export function modeBanner(view: StatusView): Html | undefined {
  const words = [
    ...(view.mode === "drain" ? ["Draining: no agent is launched, and each is removed once idle."] : []),
    ...(view.mode === "teardown" ? ["Tearing down: the framework is removed once its agents are gone."] : []),
    ...(view.tornDown === true ? ["Torn down: no framework is registered until gocd-mesos resume."] : []),
    ...(view.frozen && view.mode === "run" ? ["Launching is frozen: running agents continue, none is added."] : []),
  ];
  return words.length === 0 ? undefined : html`<p id="mode" data-key="mode" class="banner">${words.join(" ")}</p>`;
}

/** Which instance to see, if this one is on standby. */
export function standbyBanner({ leadership, atMs }: StatusView): Html | undefined {
  if (leadership?.role !== "standby") return undefined;
  const { leader } = leadership;
  const who = leader === undefined ? html`no leader is known` : html`${untrustedText(leader)} leads`;
  return html`
    <p id="standby" data-key="standby" class="banner">
      This instance is on standby: ${who} (for ${age(leadership.sinceMs, atMs)}). It does nothing until it is elected.
    </p>
  `;
}

/** Why `/health` reports that it is not healthy; nothing while it is. */
export function healthBanner(health: Health): Html | undefined {
  if (health.isHealthy) return undefined;
  const reasons = health.reasons.map((reason) => html`<li>${untrustedText(reason)}</li>`);
  return html`
    <div id="health" data-key="health" class="unhealthy">
      <h2>Not healthy</h2>
      <ul>${reasons}</ul>
    </div>
  `;
}

/** The card of the Mesos master. */
export function mesosCard({ mesos, atMs, leadership }: StatusView): Html {
  return card("mesos", "Mesos", healthBadge(mesos.health, { unknown: "not connected yet", fine: "subscribed" }), [
    ...healthRows(mesos.health, atMs),
    ["Master", mesos.master === undefined ? html`<span class="quiet">unknown</span>` : untrustedText(mesos.master)],
    ["Version", mesos.masterVersion === undefined ? undefined : untrustedText(mesos.masterVersion)],
    ["Offers", html`${mesos.offers}${mesos.offers === "suppressed" ? " (no agent to launch now)" : ""}`],
    [
      "Framework",
      mesos.frameworkId === undefined
        ? html`<span class="quiet">none yet</span>`
        : html`<code>${untrustedText(mesos.frameworkId)}</code>`,
    ],
    ["Election", leadership === undefined ? undefined : html`${leadership.role}`],
  ]);
}

/** The card of the GoCD server. */
export function gocdCard(gocd: GocdView, atMs: number): Html {
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
    ["Next poll", until(gocd.nextPollMs)],
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
  if (state === "fine" || state === "unknown") return [["Since", html`${since} ago`]];
  return [["Failing for", since], ["Reason", sentence(health.problem.message)]];
}

type CardRow = readonly [string, HtmlValue];

/** A card with a heading and names with their values; rows without a value are omitted. */
function card(key: string, title: string, state: Html, rows: readonly CardRow[]): Html {
  const lines = rows.filter(([, value]) => value !== undefined).map(([name, value]) =>
    html`
      <div data-key="${name}">
        <dt>${name}</dt>
        <dd>${value}</dd>
      </div>
    `
  );
  return html`
    <section class="card" data-key="${key}" aria-labelledby="${key}-title">
      <header><h2 id="${key}-title">${title}</h2>${state}</header>
      <dl>${lines}</dl>
    </section>
  `;
}

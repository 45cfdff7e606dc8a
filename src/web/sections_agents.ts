// The page sections about what exists: instances, profiles, GoCD agents, recent decisions.

import type { GocdAgentView, InstanceView, NoteView, ProfileView, StatusView } from "../core/view/view.ts";
import { type Html, html } from "./html.ts";
import { moreHref, type PageQuery } from "./page_query.ts";
import { age, badge, needs, section, type Tone, untrustedText } from "./pieces.ts";
import { type Column, firstOf, table } from "./table.ts";
import { countText, spanText, timeText } from "./wording.ts";

const instanceTones: Readonly<Record<string, Tone>> = {
  launching: "waiting",
  starting: "waiting",
  idle: "good",
  building: "busy",
  draining: "warning",
  killing: "warning",
  unreachable: "bad",
  unsure: "bad",
};

const instanceColumns: readonly Column[] = [
  { label: "State", kind: "text" },
  { label: "For", kind: "number" },
  { label: "Instance", kind: "wide" },
  { label: "Profile", kind: "text" },
  { label: "Serves", kind: "roomy" },
  { label: "Host", kind: "roomy" },
  { label: "Age", kind: "number" },
  { label: "What it waits for", kind: "wide" },
];

/** Each of our instances with its state and age. */
export function instancesSection(view: StatusView, query: PageQuery): Html {
  const { shown, hidden } = firstOf(view.instances, query.rowsMax);
  return section(
    "instances",
    "Our instances",
    html`${countText(view.instances.length, "instance")}`,
    table({
      caption: "Instances launched by this framework",
      columns: instanceColumns,
      rows: shown.map((instance) => ({ key: instance.taskId, cells: instanceCells(instance, view.atMs) })),
      hidden,
      moreHref: moreHref(query),
      empty: "No instance is running.",
    }),
  );
}

function instanceCells(instance: InstanceView, atMs: number): Html[] {
  const environments = instance.environment === undefined ? [] : [instance.environment];
  return [
    badge(instance.state, instanceTones[instance.state] ?? "quiet"),
    age(instance.sinceMs, atMs),
    html`<code>${untrustedText(instance.taskId)}</code>`,
    untrustedText(instance.profile),
    needs(environments, instance.gocdResources),
    untrustedText(instance.host),
    age(instance.createdMs, atMs),
    untrustedText(instance.detail),
  ];
}

/** The profiles with their numbers and limits, and the avoided hosts. */
export function profilesSection(view: StatusView, query: PageQuery): Html {
  const { shown, hidden } = firstOf(view.profiles, query.rowsMax);
  const cards = shown.map((profile) => profileCard(profile));
  const avoided = firstOf(view.avoidedHosts, query.rowsMax);
  const hosts = avoided.shown.map(({ host, untilMs, reason }) =>
    html`<li data-key="${host}">${untrustedText(host)}: ${untrustedText(reason)} <span class="quiet">(used again in ${
      spanText(untilMs - view.atMs)
    })</span></li>`
  );
  return section(
    "profiles",
    "Profiles",
    undefined,
    html`<ul class="cards">${cards}</ul>${hidden === 0 ? undefined : html`<p class="more">${hidden} more</p>`}${
      hosts.length === 0 ? undefined : html`
        <h3>Hosts avoided for now</h3>
        <ul class="hosts">${hosts}</ul>
      `
    }`,
  );
}

function profileCard(profile: ProfileView): Html {
  const limit = profile.maxAgents === undefined ? undefined : html`
    <span class="quiet">of ${profile.maxAgents}</span>
  `;
  const state = profile.frozen ? badge("frozen", "warning") : undefined;
  return html`<li data-key="${profile.name}" class="card">
<header><h3>${
    untrustedText(profile.name)
  }</h3>${state}<p class="alive"><b>${profile.alive}</b> ${limit} <span class="quiet">alive</span></p></header>
<p class="image"><code>${untrustedText(profile.image)}</code></p>
${capacityBar(profile)}
${
    profile.blocked === undefined
      ? undefined
      : html`<p class="blocked">${badge("blocked", "bad")} ${untrustedText(profile.blocked)}</p>`
  }</li>`;
}

/** Building, idle, starting and draining agents as a bar, with a legend. */
function capacityBar(profile: ProfileView): Html {
  const parts = [
    ["building", profile.building],
    ["idle", profile.idle],
    ["starting", profile.starting],
    ["draining", profile.draining],
  ] as const;
  const used = parts.reduce((sum, [, count]) => sum + count, 0);
  const whole = Math.max(profile.maxAgents ?? 0, used, 1);
  let start = 0;
  const bars = parts.map(([name, count]) => {
    const bar = html`
      <rect class="${name}" x="${percent(start, whole)}" width="${percent(count, whole)}" height="8" />
    `;
    start += count;
    return bar;
  });
  const words = parts.map(([name, count]) => html`<li class="${name}"><b>${count}</b> ${name}</li>`);
  return html`
    <svg class="bar" aria-hidden="true" height="8">${bars}</svg>
    <ul class="legend">${words}</ul>
  `;
}

function percent(part: number, whole: number): string {
  return `${Math.round((part / whole) * 10_000) / 100}%`;
}

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
  { label: "State", kind: "text" },
  { label: "Hostname", kind: "wide" },
  { label: "Resources", kind: "roomy" },
  { label: "Ours", kind: "text" },
  { label: "On the server", kind: "text" },
  { label: "UUID", kind: "text" },
];

/** Every agent that the GoCD server knows, ours or not; collapsed at first. */
export function gocdAgentsSection(view: StatusView, query: PageQuery): Html {
  const { shown, hidden } = firstOf(view.gocdAgents, query.rowsMax);
  const ours = view.gocdAgents.filter(({ taskId }) => taskId !== undefined).length;
  const body = table({
    caption: "Agents on the GoCD server",
    columns: agentColumns,
    rows: shown.map((agent) => ({ key: agent.uuid, cells: agentCells(agent) })),
    hidden,
    moreHref: moreHref(query),
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

function agentCells(agent: GocdAgentView): Html[] {
  return [
    badge(agent.state, agentTones[agent.state] ?? "quiet"),
    untrustedText(agent.hostname),
    needs(agent.environments, agent.gocdResources),
    agent.taskId === undefined ? html`<span class="quiet">no</span>` : html`yes`,
    untrustedText(`${agent.configState}, ${agent.agentState}, ${agent.buildState}`),
    html`<code>${untrustedText(agent.uuid)}</code>`,
  ];
}

const noteTones: Readonly<Record<NoteView["level"], Tone>> = {
  debug: "quiet",
  info: "quiet",
  warning: "warning",
  error: "bad",
};

/** Recent decisions, newest first. */
export function notesSection(notes: readonly NoteView[], query: PageQuery): Html {
  const { shown, hidden } = firstOf(notes.toReversed(), query.rowsMax);
  const items = shown.map(({ atMs, level, code, text }) =>
    html`
      <li
        data-key="${atMs} ${code} ${text}"><time datetime="${timeText(atMs)}">${timeText(
          atMs,
        )}</time> ${level === "info" || level === "debug"
          ? undefined
          : badge(level, noteTones[level])} <span>${untrustedText(
            text,
          )}</span> <code class="quiet">${code}</code></li>
    `
  );
  return section(
    "notes",
    "Recent decisions",
    undefined,
    items.length === 0
      ? html`<p class="empty">Nothing was decided yet.</p>`
      : html`<ol class="notes">${items}</ol>${hidden === 0 ? undefined : html`<p class="more">${hidden} more</p>`}`,
  );
}

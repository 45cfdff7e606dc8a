// The page sections about problems, and about the needs of each bucket of jobs.

import type { Finding } from "../core/event.ts";
import { healthOf } from "../core/view/health.ts";
import type { BucketView, StatusView } from "../core/view/view.ts";
import { counted, groupName } from "../core/words/phrases.ts";
import { type Html, html } from "./html.ts";
import type { PageLinks } from "./links.ts";
import { moreHref, type PageQuery } from "./page_query.ts";
import { age, badge, distinctKeys, folded, jobName, needs, section, sentence, untrustedText } from "./pieces.ts";
import { neededText, noJobsText } from "./sections_glance.ts";
import { type Column, firstOf, table } from "./table.ts";

const problemsMax = 50;

/** Current problems: since when, and what to do about them. */
export function problemsSection(view: StatusView, links: PageLinks): Html | undefined {
  const { problems, atMs } = view;
  if (problems.length === 0) return isAllWell(view) ? html`<p class="calm">No problems.</p>` : undefined;
  const { shown, hidden } = firstOf(problems, problemsMax);
  const keys = distinctKeys(shown.map(({ code, profile = "" }) => `${code} ${profile}`.trim()));
  const items = shown.map((problem, index) => problemItem(problem, { key: keys[index] ?? "", atMs, links }));
  return html`
    <section id="problems" data-key="problems" aria-labelledby="problems-title">
      <h2 id="problems-title">${counted(problems.length, "problem")}</h2>
      <ul>${items}</ul>${hidden === 0 ? undefined : html`<p class="more">${hidden} more</p>`}
    </section>
  `;
}

/** A standby does not know, and an unhealthy instance has a banner of its own. */
function isAllWell(view: StatusView): boolean {
  return view.leadership?.role !== "standby" && healthOf(view).isHealthy;
}

/** The error of a profile is in the middle of its sentence, and all of it may be 200 characters and what stderr ends with. */
const messageCharactersMax = 600;

function problemItem(
  { code, message, hint, detail, locators, sinceMs }: Finding,
  { key, atMs, links }: { readonly key: string; readonly atMs: number; readonly links: PageLinks },
): Html {
  const since = sinceMs === undefined ? undefined : html`
    <span class="since">for ${age(sinceMs, atMs)}</span>
  `;
  return html`<li data-key="${key}"><div class="problem"><strong>${
    sentence(message, messageCharactersMax)
  }</strong> ${since} <code>${code}</code></div>
${detail === undefined ? undefined : folded("The whole error", detail)}${
    hint === "" ? undefined : html`<div class="hint"><span>Fix:</span> ${sentence(hint)}</div>`
  }${locators === undefined ? undefined : jobList(locators, links)}</li>`;
}

function jobList(locators: readonly string[], links: PageLinks): Html {
  const locatorsMax = 5;
  const { shown, hidden } = firstOf(locators, locatorsMax);
  const names = shown.map((locator) => html`<li>${jobName(locator, links)}</li>`);
  return html`<ul class="locators">${names}${hidden === 0 ? undefined : html`<li>and ${hidden} more</li>`}</ul>`;
}

const demandColumns: readonly Column[] = [
  {
    label: "Bucket",
    kind: "roomy",
    means:
      "the jobs with the same environment (shaded) and the same GoCD resources: any of them can be built by the same agents",
  },
  { label: "Profile", kind: "text", means: "the profile of the configuration whose agents serve them" },
  { label: "Waiting", kind: "number", means: "jobs that wait for an agent" },
  { label: "Longest", kind: "number", means: "how long the first of them has waited" },
  { label: "Taken", kind: "number", means: "of the waiting jobs, those that an idle agent will take" },
  { label: "Coming", kind: "number", means: "of the waiting jobs, those for which an agent is already starting" },
  { label: "Other cause", kind: "number", means: "of the waiting jobs, those that another agent would not help" },
  { label: "Agents needed", kind: "number", means: "agents that the remaining jobs need: one for each" },
  {
    label: "To launch now",
    kind: "number",
    means:
      "how many of these are launched as soon as Mesos offers fit; limits, pauses and switches may hold back the others",
  },
  {
    label: "Why",
    kind: "wide",
    means:
      "what happens to the jobs, and what holds back agents that are needed; in how many polls of the GoCD server in a row they were needed",
  },
];

/** The needs and supply of each bucket of jobs, sorted by the number of jobs without a starting agent. */
export function demandSection(view: StatusView, query: PageQuery): Html {
  const { shown, hidden } = firstOf(view.demand.toSorted(compareBuckets), query.rowsMax);
  return section(
    "demand",
    "Demand",
    neededText(view),
    table({
      caption: "Demand per environment and set of GoCD resources",
      columns: demandColumns,
      rows: shown.map((bucket) => ({ key: bucket.key, cells: demandCells(bucket, view.atMs) })),
      more: { hidden, href: moreHref(query) },
      empty: noJobsText(view, "No job is waiting for an agent."),
    }),
  );
}

function compareBuckets(one: BucketView, other: BucketView): number {
  return unmet(other) - unmet(one) || other.waiting - one.waiting ||
    (one.oldestMs ?? Infinity) - (other.oldestMs ?? Infinity) || (one.key < other.key ? -1 : 1);
}

/** Jobs without a starting agent. */
function unmet({ waiting, willBeTaken, coming }: BucketView): number {
  return waiting - willBeTaken - coming;
}

function demandCells(bucket: BucketView, atMs: number): Html[] {
  const limited = bucket.limitedTo === undefined ? undefined : html`
    ${badge("limited", "warning")}
  `;
  const why = bucket.brief ?? bucket.reason;
  const polls = bucket.pollsInARow === 0 || /\bpolls? in a row\b/.test(why) ? undefined : html`
    <span class="quiet">(seen in ${counted(bucket.pollsInARow, "poll")} in a row)</span>
  `;
  return [
    html`${needs(bucket.environment === undefined ? [] : [bucket.environment], bucket.gocdResources)}${
      groupText(bucket)
    }`,
    bucket.profile === undefined ? html`<span class="quiet">none</span>` : untrustedText(bucket.profile),
    count(bucket.waiting),
    bucket.oldestMs === undefined ? count(0) : age(bucket.oldestMs, atMs),
    count(bucket.willBeTaken),
    count(bucket.coming),
    count(bucket.otherCause),
    count(bucket.needsAgent),
    html`${count(bucket.wanted)} ${limited}`,
    html`${sentence(why)} ${polls}`,
  ];
}

function groupText({ pipelineGroup }: BucketView): Html | undefined {
  if (pipelineGroup === undefined) return undefined;
  return html`<span class="quiet">of ${untrustedText(groupName(pipelineGroup))}</span>`;
}

function count(value: number): Html {
  return value === 0 ? html`<span class="zero">0</span>` : html`${value}`;
}

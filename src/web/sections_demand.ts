// The page sections about what is needed: problems, demand per bucket, waiting jobs.

import type { VerdictKind } from "../core/demand/verdict.ts";
import type { BucketView, JobView, StatusView } from "../core/view/view.ts";
import { verdictKinds, verdictWords } from "../core/words/verdicts.ts";
import { type Html, html } from "./html.ts";
import { moreHref, pageHref, type PageQuery } from "./page_query.ts";
import { age, badge, distinctKeys, needs, section, type Tone, untrustedText } from "./pieces.ts";
import { type Column, firstOf, table } from "./table.ts";
import { countText } from "./wording.ts";

const verdictTones: Readonly<Record<VerdictKind, Tone>> = {
  "needs-agent": "busy",
  unserved: "bad",
  "other-cause": "warning",
  coming: "waiting",
  "will-be-taken": "good",
  "not-ours": "quiet",
};

/** Current problems, with what to do about them; empty if there are none. */
export function problemsSection(view: StatusView): Html {
  const problemsMax = 50;
  const { shown, hidden } = firstOf(view.problems, problemsMax);
  const keys = distinctKeys(shown.map(({ code }) => code));
  const items = shown.map(({ code, message, hint, locators }, index) =>
    html`<li data-key="${keys[index]}"><p><strong>${message}</strong> <code>${code}</code></p>
<p class="hint"><span>Fix:</span> ${hint}</p>${locators === undefined ? undefined : jobList(locators)}</li>`
  );
  return html`
    <div id="problems" data-key="problems" role="region" aria-label="Problems"
      aria-live="polite">${items.length === 0 ? undefined : html`
        <h2>${countText(view.problems.length, "problem")}</h2>
        <ul>${items}</ul>
      `}${hidden === 0 ? undefined : html`<p class="more">${hidden} more</p>`}</div>
  `;
}

function jobList(locators: readonly string[]): Html {
  const locatorsMax = 5;
  const { shown, hidden } = firstOf(locators, locatorsMax);
  const names = shown.map((locator) => html`<li><code><bdi>${locator}</bdi></code></li>`);
  return html`<ul class="locators">${names}${hidden === 0 ? undefined : html`<li>and ${hidden} more</li>`}</ul>`;
}

const demandColumns: readonly Column[] = [
  { label: "Bucket", kind: "roomy" },
  { label: "Profile", kind: "text" },
  { label: "Waiting", kind: "number" },
  { label: "Taken", kind: "number" },
  { label: "Coming", kind: "number" },
  { label: "Other cause", kind: "number" },
  { label: "Need agents", kind: "number" },
  { label: "To launch", kind: "number" },
  { label: "Why", kind: "wide" },
];

/** What each bucket of jobs asks for and gets. */
export function demandSection(view: StatusView, query: PageQuery): Html {
  const { shown, hidden } = firstOf(view.demand, query.rowsMax);
  const wanted = view.demand.reduce((sum, bucket) => sum + bucket.wanted, 0);
  return section(
    "demand",
    "Demand",
    wanted === 0 ? undefined : html`${countText(wanted, "agent")} to launch`,
    table({
      caption: "Demand per environment and set of GoCD resources",
      columns: demandColumns,
      rows: shown.map((bucket) => ({ key: bucket.key, cells: demandCells(bucket) })),
      hidden,
      moreHref: moreHref(query),
      empty: isBacklogKnown(view) ? "No job is waiting for an agent." : backlogUnknown,
    }),
  );
}

function demandCells(bucket: BucketView): Html[] {
  const limited = bucket.limitedTo === undefined ? undefined : html`
    ${badge(`limit ${bucket.limitedTo}`, "warning")}
  `;
  const polls = bucket.pollsInARow === 0 ? undefined : html`
    <span class="quiet">(${countText(bucket.pollsInARow, "poll")} in a row)</span>
  `;
  return [
    needs(listOf(bucket.environment), bucket.gocdResources),
    bucket.profile === undefined ? html`<span class="quiet">none</span>` : untrustedText(bucket.profile),
    count(bucket.waiting),
    count(bucket.willBeTaken),
    count(bucket.coming),
    count(bucket.otherCause),
    count(bucket.needsAgent),
    html`${count(bucket.wanted)} ${limited}`,
    html`${untrustedText(bucket.reason)} ${polls}`,
  ];
}

const jobColumns: readonly Column[] = [
  { label: "Verdict", kind: "text" },
  { label: "Job", kind: "wide" },
  { label: "Asks for", kind: "roomy" },
  { label: "Profile", kind: "text" },
  { label: "Waiting", kind: "number" },
  { label: "Why", kind: "wide" },
];

/** Every waiting job with its verdict, most urgent verdict first. */
export function jobsSection(view: StatusView, query: PageQuery): Html {
  const jobs = orderedJobs(view.jobs, query.verdict);
  const { shown, hidden } = firstOf(jobs, query.rowsMax);
  const keys = distinctKeys(shown.map(({ locator }) => locator));
  return section(
    "jobs",
    "Waiting jobs",
    verdictFilter(view.jobs, query),
    table({
      caption: "Waiting jobs with their verdicts",
      columns: jobColumns,
      rows: shown.map((job, index) => ({ key: keys[index] ?? "", cells: jobCells(job, view.atMs) })),
      hidden,
      moreHref: moreHref(query),
      empty: emptyJobs(view, query),
    }),
  );
}

const backlogUnknown = "Not known: no poll of the GoCD server has succeeded.";

/** An empty list means that nothing waits only if the server was read. */
export function isBacklogKnown({ gocd }: StatusView): boolean {
  return gocd.lastPollMs !== undefined && !gocd.stale;
}

function emptyJobs(view: StatusView, query: PageQuery): string {
  if (!isBacklogKnown(view)) return backlogUnknown;
  return query.verdict === undefined ? "The GoCD server lists no waiting jobs." : "No job has this verdict.";
}

function orderedJobs(jobs: readonly JobView[], verdict: VerdictKind | undefined): readonly JobView[] {
  if (verdict !== undefined) return jobs.filter((job) => job.verdict === verdict);
  return verdictKinds.flatMap((kind) => jobs.filter((job) => job.verdict === kind));
}

function verdictFilter(jobs: readonly JobView[], query: PageQuery): Html | undefined {
  if (jobs.length === 0) return undefined;
  const counts = new Map<VerdictKind, number>();
  for (const { verdict } of jobs) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const { verdict: _, ...anyVerdict } = query;
  const all = filterLink("all", { query: anyVerdict, count: jobs.length, isCurrent: query.verdict === undefined });
  const links = verdictKinds.filter((kind) => counts.has(kind) || kind === query.verdict)
    .map((kind) =>
      filterLink(verdictWords[kind].label, {
        query: { ...query, verdict: kind },
        count: counts.get(kind) ?? 0,
        isCurrent: kind === query.verdict,
      })
    );
  return html`<nav class="filter" aria-label="Jobs by verdict">${all}${links}</nav>`;
}

interface FilterLink {
  readonly query: PageQuery;
  readonly count: number;
  readonly isCurrent: boolean;
}

function filterLink(label: string, { query, count, isCurrent }: FilterLink): Html {
  const current = isCurrent
    ? html`
      aria-current="true"
    `
    : undefined;
  return html`
    <a href="${pageHref(query)}#jobs" data-key="filter-${label}" ${current}>${label} <b>${count}</b></a>
  `;
}

function jobCells(job: JobView, atMs: number): Html[] {
  return [
    badge(verdictWords[job.verdict].label, verdictTones[job.verdict]),
    html`<code>${untrustedText(job.locator)}</code>`,
    needs(listOf(job.environment), job.gocdResources),
    job.profile === undefined ? html`<span class="quiet">none</span>` : untrustedText(job.profile),
    age(job.firstSeenMs, atMs),
    untrustedText(job.reason),
  ];
}

function listOf(environment: string | undefined): readonly string[] {
  return environment === undefined ? [] : [environment];
}

function count(value: number): Html {
  return value === 0 ? html`<span class="zero">0</span>` : html`${value}`;
}

// The waiting jobs on the status page: searched, filtered, page by page.

import type { VerdictKind } from "../core/demand/verdict.ts";
import type { JobView, StatusView } from "../core/view/view.ts";
import { fateText } from "../core/words/acts.ts";
import { fatesOf } from "../core/words/fates.ts";
import { verdictKinds, verdictWords } from "../core/words/verdicts.ts";
import { counted, numberText } from "../core/words/phrases.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import type { PageLinks } from "./links.ts";
import { allJobs, pageHref, type PageQuery } from "./page_query.ts";
import { age, badge, distinctKeys, jobName, needs, section, sentence, untrustedText } from "./pieces.ts";
import { noJobsText } from "./sections_glance.ts";
import { type Column, table } from "./table.ts";

const jobColumns: readonly Column[] = [
  {
    label: "Verdict",
    kind: "text",
    means: `what becomes of the job: ${
      verdictKinds.map((kind) => `${verdictWords[kind].label} (${verdictWords[kind].meaning})`).join(", ")
    }`,
  },
  { label: "Job", kind: "wide" },
  { label: "Asks for", kind: "roomy", means: "its environment (shaded) and its GoCD resources" },
  { label: "Profile", kind: "text", means: "the profile whose agents serve it" },
  { label: "Waiting", kind: "number", means: "since this program first saw it waiting" },
  { label: "Why", kind: "wide", means: "what happens next, or what is missing" },
];

/** The requested waiting jobs with their verdicts; most urgent verdict first, then oldest first. */
export function jobsSection(view: StatusView, query: PageQuery, links: PageLinks): Html {
  const found = view.jobs.filter((job) => isFound(job, query));
  const jobs = ordered(found.filter(({ verdict }) => query.verdict === undefined || verdict === query.verdict));
  const pages = Math.max(1, Math.ceil(jobs.length / query.rowsMax));
  const page = Math.min(query.page, pages);
  const first = (page - 1) * query.rowsMax;
  const shown = jobs.slice(first, first + query.rowsMax);
  const keys = distinctKeys(shown.map(({ locator }) => locator));
  return section(
    "jobs",
    "Waiting jobs",
    verdictFilter(found, view.jobs.length, query),
    html`${searchForm(view, query)}${
      table({
        caption: "Waiting jobs with their verdicts",
        columns: jobColumns,
        rows: shown.map((job, index) => ({ key: keys[index] ?? "", cells: jobCells(job, view, links) })),
        empty: emptyText(view),
      })
    }${pager({ query, page, pages, first, shownCount: shown.length, count: jobs.length })}`,
  );
}

/** Whether a job is asked for, whatever its verdict. */
function isFound(job: JobView, { text, reason, profile, environment, resource }: PageQuery): boolean {
  return (reason === undefined || fateText(job.reasonCode) === fateText(reason)) &&
    (text === undefined || job.locator.toLowerCase().includes(text.toLowerCase())) &&
    (profile === undefined || job.profile === profile) &&
    (environment === undefined || job.environment === environment) &&
    (resource === undefined || job.gocdResources.some((name) => name.toLowerCase() === resource.toLowerCase()));
}

function ordered(jobs: readonly JobView[]): readonly JobView[] {
  const byVerdict = Map.groupBy(jobs, ({ verdict }) => verdict);
  return verdictKinds.flatMap((kind) =>
    (byVerdict.get(kind) ?? []).toSorted((one, other) => one.firstSeenMs - other.firstSeenMs)
  );
}

function emptyText(view: StatusView): HtmlValue {
  return view.jobs.length > 0 ? "No waiting job matches." : noJobsText(view, "The GoCD server lists no waiting jobs.");
}

function jobCells(job: JobView, { atMs, problems }: StatusView, links: PageLinks): HtmlValue[] {
  const isTold = job.brief !== undefined || problems.some(({ code }) => code === job.reasonCode);
  return [
    badge(verdictWords[job.verdict].label, verdictWords[job.verdict].tone),
    jobName(job.locator, links),
    needs(job.environment === undefined ? [] : [job.environment], job.gocdResources),
    profileCell(job),
    age(job.firstSeenMs, atMs),
    html`${sentence(job.brief ?? job.reason)} ${isTold ? toProblems : undefined}`,
  ];
}

/** What all such jobs wait for, and what to do about it, is shown once, above. */
const toProblems = html`
  <a href="#problems">What to do</a>
`;

/** The reason for this profile is shown as its tooltip. */
function profileCell({ profile, profileReason }: JobView): HtmlValue {
  if (profile === undefined) return html`<span class="quiet">none</span>`;
  if (profileReason === undefined) return untrustedText(profile);
  return html`<span title="${profileReason}">${untrustedText(profile)}</span>`;
}

function verdictFilter(found: readonly JobView[], jobsCount: number, query: PageQuery): Html | undefined {
  if (found.length === 0 && query.verdict === undefined) return undefined;
  const counts = new Map<VerdictKind, number>();
  for (const { verdict } of found) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const { verdict: _, ...anyVerdict } = { ...query, page: 1 };
  const isAll = found.length === jobsCount;
  const all = filterLink(isAll ? "all" : "found", {
    query: anyVerdict,
    count: isAll ? numberText(found.length) : `${numberText(found.length)} of ${numberText(jobsCount)}`,
    isCurrent: query.verdict === undefined,
  });
  const links = verdictKinds.filter((kind) => counts.has(kind) || kind === query.verdict)
    .map((kind) =>
      filterLink(verdictWords[kind].label, {
        query: { ...anyVerdict, verdict: kind },
        count: numberText(counts.get(kind) ?? 0),
        isCurrent: kind === query.verdict,
      })
    );
  return html`<nav class="filter" aria-label="Jobs by verdict">${all}${links}</nav>`;
}

interface FilterLink {
  readonly query: PageQuery;
  readonly count: string;
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

/** Maximum number of options of a list. */
const optionsMax = 200;

/** A plain form: it works without the script of the page. */
function searchForm(view: StatusView, query: PageQuery): Html | undefined {
  const isAll = query.text === undefined && query.profile === undefined && query.environment === undefined &&
    query.resource === undefined && query.verdict === undefined && query.reason === undefined;
  if (view.jobs.length === 0 && isAll) return undefined;
  const environments = view.jobs.flatMap(({ environment }) => environment === undefined ? [] : [environment]);
  const resources = view.jobs.flatMap(({ gocdResources }) => gocdResources);
  const verdict = query.verdict === undefined ? undefined : html`
    <input type="hidden" name="verdict" value="${query.verdict}">
  `;
  const rows = query.rowsMax === allJobs.rowsMax ? undefined : html`
    <input type="hidden" name="rows" value="${query.rowsMax}">
  `;
  return html`
    <form class="search" method="get" action="/#jobs" role="search" aria-label="Search the jobs" data-key="search">
      <label><span>Job</span> <input type="search" name="q" value="${query.text ??
        ""}" maxlength="255" placeholder="pipeline, stage or job" autocomplete="off"></label>
      ${choice("Outcome", "reason", outcomes(view, query.reason))}
      ${choice("Profile", "profile", { names: view.profiles.map(({ name }) => name), chosen: query.profile })}
      ${choice("Environment", "environment", { names: environments, chosen: query.environment })}
      ${choice("Resource", "resource", { names: resources, chosen: query.resource })}
      ${verdict}${rows}<button type="submit">Search</button>${isAll
        ? undefined
        : html`<a href="/#jobs" data-key="clear">Show all</a>`}
    </form>
  `;
}

interface Choices {
  readonly names: readonly string[];
  readonly chosen: string | undefined;
  /** What is shown for a name; absent: the name. */
  readonly labelOf?: (name: string) => string;
}

/** The outcomes of the jobs, by the code of one of the reasons of each. */
function outcomes({ jobs }: StatusView, reason: string | undefined): Choices {
  const names = [...new Map(fatesOf(jobs).map((fate) => [fate.text, fate.reasonCode])).values()];
  const chosen = names.find((code) => fateText(code) === fateText(reason ?? "")) ?? reason;
  return { names, chosen, labelOf: (code) => fateText(code) ?? code };
}

function choice(label: string, name: string, { names, chosen, labelOf = (each) => each }: Choices): Html {
  const known = [...new Set(names)].sort().slice(0, optionsMax);
  const all = chosen === undefined || known.includes(chosen) ? known : [chosen, ...known];
  const options = distinctKeys(all).map((key, index) => {
    const value = all[index] ?? "";
    const selected = value === chosen
      ? html`
        selected
      `
      : undefined;
    return html`<option value="${value}" data-key="${key}" ${selected}>${untrustedOption(labelOf(value))}</option>`;
  });
  return html`
    <label><span>${label}</span> <select name="${name}"><option value="" data-key="">any</option>${options}</select></label>
  `;
}

/** An option holds text only. */
function untrustedOption(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

interface Pager {
  readonly query: PageQuery;
  readonly page: number;
  readonly pages: number;
  readonly first: number;
  readonly shownCount: number;
  readonly count: number;
}

function pager({ query, page, pages, first, shownCount, count }: Pager): Html | undefined {
  if (pages === 1) return undefined;
  const linkOf = (label: string, to: number): Html =>
    to < 1 || to > pages || to === page
      ? html`<span class="quiet" data-key="page-${label}">${label}</span>`
      : html`<a href="${pageHref({ ...query, page: to })}#jobs" data-key="page-${label}">${label}</a>`;
  return html`
    <nav class="pager" aria-label="Pages of waiting jobs"
      data-key="pager">${linkOf("First", 1)} ${linkOf(
        "Previous",
        page - 1,
      )} <span>${first + 1}–${first + shownCount} of ${counted(count, "job")}</span> ${linkOf(
        "Next",
        page + 1,
      )} ${linkOf("Last", pages)}</nav>
  `;
}

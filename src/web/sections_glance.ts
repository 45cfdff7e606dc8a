// The page at a glance: whether all waiting jobs are accounted for, our agents by state, the limits.

import type { InstanceView, StatusView } from "../core/view/view.ts";
import { fatesOf } from "../core/words/fates.ts";
import { writesRefusedCode } from "../core/words/problems.ts";
import { verdictKinds, verdictWords } from "../core/words/verdicts.ts";
import { counted, numberText } from "../core/words/phrases.ts";
import { actionsForAll } from "./actions.ts";
import { type BarPart, legend, percent, stackedBar } from "./bars.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { jobHref, type PageLinks } from "./links.ts";
import { allJobs, pageHref } from "./page_query.ts";
import { age, linkTo, untrustedText } from "./pieces.ts";

/** An empty list means that nothing waits only if the server was read, and the last poll has not failed. */
function isBacklogKnown({ gocd: { lastPollMs, stale, health } }: StatusView): boolean {
  return lastPollMs !== undefined && !stale && !("problem" in health && health.problem.code !== writesRefusedCode);
}

/** What is shown in place of waiting jobs if the last list has none, or if there is no list. */
export function noJobsText(view: StatusView, whenKnown: string): HtmlValue {
  const { gocd: { lastPollMs }, atMs } = view;
  if (lastPollMs === undefined) return "Not known: no poll of the GoCD server has succeeded.";
  if (isBacklogKnown(view)) return whenKnown;
  return html`Not known: the last poll of the GoCD server that succeeded, ${
    age(lastPollMs, atMs)
  } ago, showed no waiting job.`;
}

/** The card of the waiting jobs: their number and outcomes, and the longest wait. */
export function jobsCard(view: StatusView, links: PageLinks, title = "Waiting now"): Html {
  const isKnown = view.jobs.length > 0 || isBacklogKnown(view);
  const parts = verdictKinds.map((kind) => ({
    name: verdictWords[kind].label,
    tone: verdictWords[kind].tone,
    count: view.jobs.filter(({ verdict }) => verdict === kind).length,
  })).filter(({ count }) => count > 0);
  return html`
    <section class="card glance" data-key="glance-jobs" aria-labelledby="glance-jobs-title">
      <header><h2 id="glance-jobs-title">${title}</h2></header>
      <p class="figure"><b>${isKnown
        ? numberText(view.jobs.length)
        : "?"}</b> <span class="quiet">${view.jobs.length === 1 ? "job" : "jobs"}${isKnown
        ? `; ${neededText(view)}`
        : undefined}</span></p>
      ${stackedBar(parts, 0)}
      <p class="account">${account(view)}</p>
      ${oldestWait(view, links)}
    </section>
  `;
}

/**
 * How many agents the jobs need, and how many of them may be launched now; why not the others is shown with each
 * bucket.
 */
export function neededText({ demand }: StatusView): string {
  const needed = demand.reduce((sum, bucket) => sum + bucket.needsAgent, 0);
  const wanted = demand.reduce((sum, bucket) => sum + bucket.wanted, 0);
  const launched = needed === 0
    ? ""
    : `, ${wanted === needed ? "all" : wanted === 0 ? "none" : numberText(wanted)} to launch now`;
  return `${needed === 0 ? "no" : numberText(needed)} ${needed === 1 ? "agent" : "agents"} needed${launched}`;
}

/** One sentence with the outcomes of all waiting jobs. */
function account(view: StatusView): Html {
  const { jobs, gocd: { lastPollMs }, atMs } = view;
  if (jobs.length === 0) return html`${noJobsText(view, "No job is waiting for an agent.")}`;
  const fates = fatesOf(jobs);
  const clauses = fates.map(({ verdict, reasonCode: reason, count, text }, index) =>
    html`${index === 0 ? "" : ", "}<a href="${pageHref({ ...allJobs, verdict, reason })}#jobs">${
      numberText(count)
    } ${text}</a>`
  );
  const old = lastPollMs === undefined || isBacklogKnown(view) ? undefined : html`
    As of the last poll that succeeded, ${age(lastPollMs, atMs)} ago:
  `;
  return html`${old} ${counted(jobs.length, "job")}, all accounted for: ${clauses}.`;
}

function oldestWait({ jobs, atMs }: StatusView, links: PageLinks): Html | undefined {
  const ours = jobs.filter(({ verdict }) => verdict !== "not-ours");
  const [first, ...rest] = ours;
  if (first === undefined) return undefined;
  const oldest = rest.reduce((before, job) => job.firstSeenMs < before.firstSeenMs ? job : before, first);
  const name = linkTo(jobHref(links, oldest.locator), untrustedText(oldest.locator));
  return html`
    <p class="oldest">Oldest wait: <b>${age(oldest.firstSeenMs, atMs)}</b>, ${name} <span class="quiet">(${verdictWords[
      oldest.verdict
    ].label})</span></p>
  `;
}

/** Display names of instance states; some are combined. */
export const agentWords: Readonly<Record<Exclude<InstanceView["state"], "gone">, string>> = {
  launching: "starting",
  starting: "starting",
  idle: "idle",
  building: "building",
  draining: "draining",
  killing: "draining",
  unreachable: "unreachable",
  unsure: "without contact",
};

const agentOrder = ["building", "idle", "starting", "draining", "unreachable", "without contact"];

/** The card of our agents: how many are in which state, and how full the limits are; with buttons for all of them. */
export function agentsCard(view: StatusView, canCommand: boolean): Html {
  const counts = new Map<string, number>();
  for (const { state } of view.instances) {
    if (state !== "gone") counts.set(agentWords[state], (counts.get(agentWords[state]) ?? 0) + 1);
  }
  const parts = agentOrder.map((name): BarPart => ({ name, count: counts.get(name) ?? 0 }))
    .filter(({ name, count }, index) => count > 0 || index < 4 || name === "");
  const alive = view.profiles.reduce((sum, profile) => sum + profile.alive, 0);
  return html`
    <section class="card glance" data-key="glance-agents" aria-labelledby="glance-agents-title">
      <header><h2 id="glance-agents-title">Our agents</h2></header>
      <p class="figure"><b>${numberText(alive)}</b> <span class="quiet">of ${numberText(
        view
          .maxAgents,
      )} (scaling.max-agents)${heldBy(view) === 0 ? "" : `, ${heldText(heldBy(view))}`}${uncountedText(
        counts.get(agentWords.unreachable),
      )}</span></p>
      ${stackedBar(parts, view.maxAgents)}
      ${legend(parts)}
      ${limits(view)}
      ${canCommand ? actionsForAll(view) : undefined}
    </section>
  `;
}

/** Unreachable agents are replaced if they are needed, and count for no limit. */
function uncountedText(unreachable = 0): string {
  return unreachable === 0 ? "" : `, and ${unreachable} unreachable, which no limit counts`;
}

/** Limits shown at most. */
const limitsMax = 8;

/** How full the limits other than that of all agents are. */
function limits(view: StatusView): Html {
  return html`${limitsOfProfiles(view)}${otherLimits(view)}`;
}

interface LimitRow {
  /** The row is one with that of this key, when the page refreshes itself. */
  readonly key: string;
  readonly name: Html;
  readonly used: number;
  readonly limit: number;
  readonly text: string;
  /** What it holds back. */
  readonly held?: string;
}

function limitRow({ key, name, used, limit, text, held = "" }: LimitRow): Html {
  return html`
    <li data-key="${key}" class="${used >= limit ? "full" : "free"}"><span>${name}</span><svg
      class="bar" aria-hidden="true" height="8"><rect x="0" width="${percent(
        Math.min(used, limit),
        Math.max(limit, 0.001),
      )}" height="8" /></svg><span>${text}</span>${held === ""
        ? undefined
        : html`<span class="held">${held}</span>`}</li>
  `;
}

/** When what counts against a limit was used, by its unit; other units: now. */
const limitSpans: ReadonlyMap<string, string> = new Map([["launches", "a minute"], ["cpu-hours", "today"]]);

function otherLimits({ usedLimits = [] }: StatusView): Html | undefined {
  if (usedLimits.length === 0) return undefined;
  const rows = usedLimits.map(({ key, used, limit, unit }) =>
    limitRow({
      key,
      name: html`<span title="${key}">${unit}</span>`,
      used,
      limit,
      text: `${used} of ${limit} ${limitSpans.get(unit) ?? "now"}`,
    })
  );
  return html`
    <h3 class="quiet">Other limits</h3>
    <ul class="limits">${rows}</ul>
  `;
}

/** The jobs that the limit of a profile holds back, or that of all agents. */
function heldBy({ heldByLimits = [] }: StatusView, profile?: string): number {
  return heldByLimits.find((each) => each.profile === profile)?.jobs ?? 0;
}

/** How many jobs a limit holds back. */
function heldText(count = 0): string {
  return count === 0 ? "" : `holds ${counted(count, "job")} back`;
}

/** The fullest first. */
function limitsOfProfiles(view: StatusView): Html | undefined {
  const limited = view.profiles.flatMap(({ name, alive, maxAgents }) =>
    maxAgents === undefined ? [] : [{ name, alive, maxAgents }]
  ).sort((a, b) => b.alive / Math.max(1, b.maxAgents) - a.alive / Math.max(1, a.maxAgents));
  if (limited.length === 0) return undefined;
  const rows = limited.slice(0, limitsMax).map(({ name, alive, maxAgents }) =>
    limitRow({
      key: name,
      name: untrustedText(name),
      used: alive,
      limit: maxAgents,
      text: `${numberText(alive)} of ${numberText(maxAgents)}`,
      held: heldText(heldBy(view, name)),
    })
  );
  const hidden = limited.length - rows.length;
  return html`
    <h3 class="quiet">Limits of the profiles</h3>
    <ul class="limits">${rows}</ul>${hidden > 0 ? html`<p class="more">${hidden} more</p>` : undefined}
  `;
}

// Who built a job, or is building it: a search by name.

import type { NamedJobLife } from "../core/view/history.ts";
import type { GocdAgentView } from "../core/view/view.ts";
import { buildTimeText } from "../core/words/history.ts";
import { formatDuration, timeText } from "../core/words/phrases.ts";
import type { HistoryShown } from "./history_page.ts";
import { type Html, html } from "./html.ts";
import { gocdAgentHref, type PageLinks } from "./links.ts";
import { pageHref, type PageQuery } from "./page_query.ts";
import { badge, jobName, linkTo, untrustedText } from "./pieces.ts";
import { type Column, table } from "./table.ts";

const columns: readonly Column[] = [
  { label: "Job", kind: "wide" },
  { label: "Agent", kind: "wide" },
  { label: "Began", kind: "text" },
  { label: "Waited", kind: "number", means: "from when it was first seen waiting until an agent was seen with it" },
  { label: "Built for", kind: "number", means: "how long an agent had it, as far as the lists of agents show" },
];

/** Where the agents and the jobs are. */
export interface BuiltPlaces {
  readonly agents: readonly GocdAgentView[];
  readonly links: PageLinks;
}

/** The search, and what it has found. */
export function builtSearch({ built }: HistoryShown, query: PageQuery, places: BuiltPlaces): Html {
  const { built: part, ...rest } = query;
  const others = [...new URL(pageHref(rest), "http://x").searchParams]
    .map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  const rows = (built ?? []).map((job) => ({ key: `${job.locator} ${job.atMs}`, cells: cellsOf(job, places) }));
  return html`
    <form class="built" method="get" action="/#history" data-key="built">
      ${others}
      <label><span>Who built the job</span><input name="built" required placeholder="pipeline/12" value="${part ??
        ""}" autocomplete="off"></label>
      <button>Search</button>
      <span class="quiet">a part of pipeline/counter/stage/counter/job</span>
    </form>
    ${built === undefined
      ? undefined
      : table({ caption: "Who built it", columns, rows, empty: "No build of such a job has been seen." })}
  `;
}

function cellsOf(job: NamedJobLife, { agents, links }: BuiltPlaces): readonly Html[] {
  const { locator, agent, by, atMs, beganMs, isBuilding, isDirect } = job;
  const buildTime = buildTimeText(job);
  const none = html`<span class="zero">–</span>`;
  return [
    jobName(locator, links),
    agent === undefined
      ? html`<span class="quiet">none was seen</span>`
      : html`${linkTo(agentHref(agent, agents, links), untrustedText(agent))}${by === "others" ? " (not ours)" : ""}`,
    beganMs === undefined ? none : html`<time datetime="${timeText(beganMs)}">${timeText(beganMs)}</time>`,
    beganMs === undefined || isDirect === true ? none : html`${formatDuration(beganMs - atMs)}`,
    isBuilding === true ? badge("building", "busy") : buildTime === undefined ? none : html`${buildTime}`,
  ];
}

/** The page of an agent, if the server has exactly one of this name now. */
function agentHref(name: string, agents: readonly GocdAgentView[], links: PageLinks): string | undefined {
  const [only, ...others] = agents.filter(({ hostname }) => hostname === name);
  return only === undefined || others.length > 0 ? undefined : gocdAgentHref(links, only.uuid);
}

// Our instances on the status page: what each does, where, and since when.

import type { FinishedView, InstanceView, StatusView } from "../core/view/view.ts";
import { actionsForAgent } from "./actions.ts";
import { type Html, html } from "./html.ts";
import { gocdAgentHref, jobHref, mesosAgentHref, type PageLinks, sandboxHref } from "./links.ts";
import { lifeLine } from "./life_line.ts";
import { moreHref, type PageQuery } from "./page_query.ts";
import { age, badge, linkTo, needs, section, sentence, type Tone, untrustedText } from "./pieces.ts";
import { type Column, firstOf, table } from "./table.ts";
import { countText, spanText } from "./wording.ts";

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
  { label: "Instance", kind: "wide" },
  { label: "Serves", kind: "roomy" },
  { label: "Host", kind: "roomy" },
  { label: "Life", kind: "roomy" },
  { label: "What it does", kind: "wide" },
];

/** Each of our instances with its state, its job, and where it is found in GoCD and in Mesos; ended ones apart. */
export function instancesSection(
  view: StatusView,
  query: PageQuery,
  { links, canCommand }: { readonly links: PageLinks; readonly canCommand: boolean },
): Html {
  const alive = view.instances.filter(({ state }) => state !== "gone");
  const { shown, hidden } = firstOf(alive, query.rowsMax);
  return section(
    "instances",
    "Our instances",
    html`${countText(alive.length, "instance")}`,
    html`${
      table({
        caption: "Instances launched by this framework",
        columns: instanceColumns,
        rows: shown.map((instance) => ({
          key: instance.taskId,
          cells: instanceCells(instance, view, { links, canCommand }),
        })),
        more: { hidden, href: moreHref(query) },
        empty: "No instance is running.",
      })
    }${endedList(view, links)}`,
  );
}

const endedColumns: readonly Column[] = [
  { label: "Ended", kind: "number" },
  { label: "Instance", kind: "wide" },
  { label: "Profile", kind: "text" },
  { label: "Host", kind: "roomy" },
  { label: "Life", kind: "roomy" },
  { label: "How it ended", kind: "wide" },
];

/** The last instances that have ended; collapsed at first. */
function endedList(view: StatusView, links: PageLinks): Html | undefined {
  const ended = endedLately(view);
  if (ended.length === 0) return undefined;
  const { atMs, mesos } = view;
  // A fault of an image ends one agent after the other in the same way.
  const isAsAbove = (index: number): boolean =>
    (ended[index]?.end.length ?? 0) > shortEnd && ended[index]?.end === ended[index - 1]?.end;
  const rows = ended.map(({ taskId, profile, host, mesosAgentId, createdMs, endedMs, end, life }, index) => ({
    key: taskId,
    cells: [
      html`${age(endedMs, atMs)} ago`,
      html`<code>${untrustedText(taskId)}</code>${
        places(taskId, { sandbox: sandboxHref(links, mesos, { mesosAgentId, taskId }) })
      }`,
      untrustedText(profile),
      linkTo(mesosAgentHref(links, mesos, mesosAgentId), untrustedText(host)),
      html`${spanText(endedMs - createdMs)} ${lifeLine(life, { createdMs, atMs, endedMs })}`,
      isAsAbove(index) ? html`<span class="quiet">the same as above</span>` : sentence(end),
    ],
  }));
  return html`
    <details id="ended" data-key="ended">
      <summary><h3>Ended lately</h3> <span class="aside">${countText(ended.length, "instance")}</span></summary>
      ${table({ caption: "Instances that have ended", columns: endedColumns, rows, empty: "" })}
    </details>
  `;
}

/** Those that somebody has watched, and those whose records on the GoCD server are still to be removed. */
function endedLately({ instances, finished = [] }: StatusView): readonly FinishedView[] {
  const watched = new Set(finished.map(({ taskId }) => taskId));
  const unwatched = instances.filter(({ state, taskId }) => state === "gone" && !watched.has(taskId)).map((
    { life = [], sinceMs, detail, ...instance },
  ) => ({ ...instance, endedMs: sinceMs, end: detail, life: life.filter(({ state }) => state !== "gone") }));
  return [...finished, ...unwatched].sort((one, other) => other.endedMs - one.endedMs).slice(0, endedMax);
}

/** An end up to this length is shown again. */
const shortEnd = 60;

/** Ended instances shown at most. */
const endedMax = 50;

function instanceCells(
  instance: InstanceView,
  { atMs, mesos }: StatusView,
  { links, canCommand }: { readonly links: PageLinks; readonly canCommand: boolean },
): Html[] {
  const { taskId, uuid, host, mesosAgentId } = instance;
  const gocd = uuid === undefined ? undefined : gocdAgentHref(links, uuid);
  const elsewhere = places(taskId, { gocd, sandbox: sandboxHref(links, mesos, instance) });
  return [
    html`${badge(instance.state, instanceTones[instance.state] ?? "quiet")} <span class="for">${
      age(instance.sinceMs, atMs)
    }</span>`,
    html`<code>${untrustedText(taskId)}</code>${elsewhere}`,
    html`${untrustedText(instance.profile)} ${
      needs(instance.environment === undefined ? [] : [instance.environment], instance.gocdResources)
    }`,
    linkTo(mesosAgentHref(links, mesos, mesosAgentId), untrustedText(host)),
    html`${age(instance.createdMs, atMs)} ${lifeLine(instance.life ?? [], { createdMs: instance.createdMs, atMs })}`,
    html`${doing(instance, links)}${canCommand ? actionsForAgent(instance) : undefined}`,
  ];
}

/** Links to an instance elsewhere. */
function places(
  taskId: string,
  { gocd, sandbox }: { readonly gocd?: string | undefined; readonly sandbox: string | undefined },
): Html | undefined {
  const of = html`<span class="unseen"> of ${taskId}</span>`;
  const all = [
    ...(gocd === undefined ? [] : [
      linkTo(gocd, html`GoCD${of}`),
      html`
      `,
    ]),
    ...(sandbox === undefined ? [] : [linkTo(sandbox, html`Sandbox${of}`)]),
  ];
  return all.length === 0 ? undefined : html`<div class="places">${all}</div>`;
}

/** The job that it builds, and what it waits for. */
function doing({ buildLocator, detail }: InstanceView, links: PageLinks): Html {
  const job = buildLocator === undefined ? undefined : html`
    <code>${linkTo(jobHref(links, buildLocator), untrustedText(buildLocator))}</code>
  `;
  return html`${job} ${sentence(detail)}`;
}

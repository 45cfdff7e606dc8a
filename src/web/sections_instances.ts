// Our instances on the status page: what each does, where, and since when.

import type { InstanceView, StatusView } from "../core/view/view.ts";
import { counted } from "../core/words/phrases.ts";
import { actionsForAgent } from "./actions.ts";
import type { HistoryPage } from "./history_page.ts";
import { type Html, html } from "./html.ts";
import { gocdAgentHref, mesosAgentHref, type PageLinks, sandboxHref } from "./links.ts";
import { lifeLine } from "./life_line.ts";
import { moreHref, type PageQuery } from "./page_query.ts";
import { age, badge, hostName, jobName, needs, places, section, sentence, type Tone, untrustedText } from "./pieces.ts";
import { endedList } from "./sections_ended.ts";
import { type Column, firstOf, table } from "./table.ts";

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
  {
    label: "State",
    kind: "text",
    means:
      "launching (Mesos was asked), starting (not yet registered with GoCD), idle, building, draining (takes no more jobs), killing (is being stopped), unreachable (for Mesos), unsure (GoCD does not say that it is in contact)",
  },
  { label: "Instance", kind: "wide", means: "its task in Mesos, which is also its hostname in GoCD" },
  { label: "Serves", kind: "roomy", means: "its profile, environment (shaded) and GoCD resources" },
  { label: "Host", kind: "roomy", means: "the Mesos agent that it runs on" },
  {
    label: "Life",
    kind: "drawn",
    means: "its age, and as a bar what part of it was spent in each state; grey: before this program watched it",
  },
  { label: "What it does", kind: "wide", means: "its job, or what it waits for" },
];

/** Each of our instances with its state, its job, and its links in GoCD and in Mesos; ended ones separately. */
export function instancesSection(
  view: StatusView,
  query: PageQuery,
  { links, canCommand, history }: {
    readonly links: PageLinks;
    readonly canCommand: boolean;
    readonly history: HistoryPage | undefined;
  },
): Html {
  const alive = view.instances.filter(({ state }) => state !== "gone");
  const { shown, hidden } = firstOf(alive, query.rowsMax);
  return section(
    "instances",
    "Our instances",
    html`${counted(alive.length, "instance")}`,
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
    }${endedList(view, links, history)}`,
  );
}

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
    html`<code class="name">${untrustedText(taskId)}</code>${elsewhere}`,
    html`${untrustedText(instance.profile)} ${
      needs(instance.environment === undefined ? [] : [instance.environment], instance.gocdResources)
    }`,
    hostName(mesosAgentHref(links, mesos, mesosAgentId), host),
    html`${age(instance.createdMs, atMs)} ${lifeLine(instance.life ?? [], { createdMs: instance.createdMs, atMs })}`,
    html`${doing(instance, links)}${canCommand ? actionsForAgent(instance) : undefined}`,
  ];
}

/** The job that it builds, and what it waits for. */
function doing({ buildLocator, detail }: InstanceView, links: PageLinks): Html {
  const job = buildLocator === undefined ? undefined : jobName(buildLocator, links);
  return html`${job} ${sentence(detail)}`;
}

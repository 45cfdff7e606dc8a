// The hosts on the status page: where our instances run, which hosts are avoided, and why offers were not used.

import type { FailingHostView, OfferView, StatusView } from "../core/view/view.ts";
import { failureCountsText } from "../core/words/failures.ts";
import { counted, memoryText } from "../core/words/phrases.ts";
import { type HostView, hostViews } from "./api/documents.ts";
import { type BarPart, legend, stackedBar } from "./bars.ts";
import { type Html, html, type HtmlValue } from "./html.ts";
import { mesosAgentHref, type PageLinks } from "./links.ts";
import { moreHref, type PageQuery } from "./page_query.ts";
import { age, badge, foldedSection, hostName, sentence, until, untrustedText } from "./pieces.ts";
import { agentWords } from "./sections_glance.ts";
import { type Column, firstOf, table } from "./table.ts";

const hostColumns: readonly Column[] = [
  { label: "Host", kind: "roomy" },
  { label: "Agents", kind: "number", means: "agents of this program on the host" },
  { label: "What they do", kind: "wide" },
  {
    label: "Avoided",
    kind: "wide",
    means: "whether no agent is launched there for a while, by which profiles, until when and why",
  },
  {
    label: "Failed in the last hour",
    kind: "wide",
    means:
      "agents of each profile that failed on this host; a profile that fails on every host has a problem of its own",
  },
];

/** Each host with agents of ours, or that is avoided, worst first; and why offers were not used. */
export function hostsSection(view: StatusView, query: PageQuery, links: PageLinks): Html {
  const hosts = hostViews(view);
  const { shown, hidden } = firstOf(hosts, query.rowsMax);
  const failures = new Map(view.failingHosts.map((failing) => [failing.host, failing]));
  const ids = new Map(view.instances.map(({ host, mesosAgentId }) => [host, mesosAgentId]));
  return foldedSection(
    "hosts",
    "Hosts",
    html`${counted(hosts.length, "host")}${
      view.avoidedHosts.length === 0 ? "" : `, ${view.avoidedHosts.length} avoided for now`
    }`,
    html`${
      table({
        caption: "Hosts with agents of ours",
        columns: hostColumns,
        rows: shown.map((host) => ({
          key: host.host,
          cells: [
            ...hostCells(host, mesosAgentHref(links, view.mesos, ids.get(host.host) ?? "")),
            failuresCell(failures.get(host.host)),
          ],
        })),
        more: { hidden, href: moreHref(query) },
        empty: "No agent of ours runs anywhere.",
      })
    }${unplacedList(view)}${offersList(view, query, links)}`,
  );
}

function hostCells(
  { host, agents, byState, avoided }: HostView,
  href: string | undefined,
): HtmlValue[] {
  const counts = new Map<string, number>();
  for (const [state, count] of Object.entries(byState)) {
    const word = agentWords[state as keyof typeof agentWords];
    counts.set(word, (counts.get(word) ?? 0) + count);
  }
  const parts = [...counts].map(([name, count]): BarPart => ({ name, count }));
  return [
    hostName(href, host),
    agents,
    parts.length === 0 ? html`<span class="quiet">nothing</span>` : html`${stackedBar(parts, 0)}${legend(parts)}`,
    html`${
      avoided === undefined
        ? html`<span class="zero">no</span>`
        : html`${
          avoided.profile === undefined
            ? badge("avoided", "bad")
            : badge(`avoided by profile ${avoided.profile}`, "warning")
        } <span class="quiet">used again ${until(avoided.untilMs)}</span> ${sentence(avoided.reason)}`
    }`,
  ];
}

/** What has failed on a host, with the profiles. */
function failuresCell(failing: FailingHostView | undefined): Html {
  if (failing === undefined) return html`<span class="zero">nothing</span>`;
  const { recentFailures, byProfile } = failing;
  if (byProfile === undefined) return html`${failureCountsText(recentFailures)}`;
  const items = Object.entries(byProfile).map(([profile, counts]) =>
    html`<li data-key="${profile}">profile ${untrustedText(profile)}: ${failureCountsText(counts)}</li>`
  );
  return html`<ul>${items}</ul>`;
}

const offerColumns: readonly Column[] = [
  { label: "Host", kind: "roomy" },
  { label: "Role", kind: "text" },
  { label: "Last offered", kind: "number", means: "when Mesos last offered resources of the host to this role" },
  { label: "CPUs", kind: "number", means: "how many cpus were offered" },
  { label: "Memory", kind: "number" },
  { label: "Disk", kind: "number" },
  { label: "What became of it", kind: "wide", means: "whether an agent was launched with the offer, and if not, why" },
];

/** The latest offer of each host, and how it was answered; collapsed at first. */
function offersList(view: StatusView, query: PageQuery, links: PageLinks): Html | undefined {
  const { offers = [], atMs, mesos } = view;
  if (offers.length === 0) return undefined;
  const { shown, hidden } = firstOf(offers, query.rowsMax);
  const rows = shown.map((offer) => ({
    key: `${offer.mesosAgentId} ${offer.role}`,
    cells: offerCells(offer, atMs, mesosAgentHref(links, mesos, offer.mesosAgentId)),
  }));
  const caption = "The latest offer of each host";
  return html`
    <details id="offers" data-key="offers">
      <summary><h3>Offers of the last minutes</h3> <span class="aside">${counted(
        offers.length,
        "host",
      )}</span></summary>
      ${table({ caption, columns: offerColumns, rows, more: { hidden, href: moreHref(query) }, empty: "" })}
    </details>
  `;
}

function offerCells(offer: OfferView, atMs: number, href: string | undefined): HtmlValue[] {
  return [
    hostName(href, offer.host),
    untrustedText(offer.role),
    html`${age(offer.atMs, atMs)} ago`,
    offer.cpus,
    memoryText(offer.mem),
    memoryText(offer.disk),
    html`${offer.isAccepted ? badge("used", "good") : badge("not used", "quiet")} ${sentence(offer.answer)}`,
  ];
}

/** Why profiles could not be placed on the offers. */
function unplacedList({ unplaced = [], atMs }: StatusView): Html | undefined {
  if (unplaced.length === 0) return undefined;
  const items = unplaced.map(({ profile, sinceMs, lastMs, reason }) =>
    html`
      <li data-key="${profile}"><b>${untrustedText(profile)}</b> for ${age(sinceMs, atMs)}, last ${age(
        lastMs,
        atMs,
      )} ago: ${sentence(reason)}</li>
    `
  );
  return html`
    <h3>Offers that were not used</h3>
    <ul class="unplaced">${items}</ul>
  `;
}

// The profiles on the status page, with their numbers and limits.

import type { ProfileView, StatusView } from "../core/view/view.ts";
import { canaryText, launchHostsText, recentFailuresText } from "../core/words/failures.ts";
import { counted } from "../core/words/phrases.ts";
import { actionsForProfile } from "./actions.ts";
import { type BarPart, legend, stackedBar } from "./bars.ts";
import { type Html, html } from "./html.ts";
import type { PageQuery } from "./page_query.ts";
import { badge, foldedSection, sentence, untrustedText } from "./pieces.ts";
import { firstOf, showAll } from "./table.ts";

/** The profiles with their numbers and limits. */
export function profilesSection(view: StatusView, query: PageQuery, canCommand: boolean): Html {
  const { shown, hidden } = firstOf(view.profiles, query.rowsMax);
  const cards = shown.map((profile) => profileCard(profile, view, canCommand));
  return foldedSection(
    "profiles",
    "Profiles",
    summaryText(view.profiles),
    html`<ul class="cards">${cards}</ul>${showAll("Profiles", shown.length)}${
      hidden === 0 ? undefined : html`<p class="more">${hidden} more</p>`
    }`,
  );
}

/** How many there are, and how many of them fail; a narrow screen shows no more at first. */
function summaryText(profiles: readonly ProfileView[]): string {
  const blocked = profiles.filter((profile) => profile.blocked !== undefined).length;
  return `${counted(profiles.length, "profile")}${blocked === 0 ? "" : `, ${blocked} blocked`}`;
}

/** What the operator has asked for, of all profiles or of this one. */
function stateBadge(profile: ProfileView, { mode, frozen }: StatusView): Html | undefined {
  if (mode !== "run") return badge(mode === "drain" ? "draining" : "tearing down", "warning");
  return frozen || profile.frozen ? badge("frozen", "warning") : undefined;
}

function profileCard(profile: ProfileView, view: StatusView, canCommand: boolean): Html {
  const limit = profile.maxAgents === undefined ? undefined : html`
    <span class="quiet">of ${profile.maxAgents}</span>
  `;
  return html`<li data-key="${profile.name}" class="card">
<header><h3>${untrustedText(profile.name)}</h3>${
    stateBadge(profile, view)
  }<p class="alive"><b>${profile.alive}</b> ${limit} <span class="quiet">alive</span></p></header>
<p class="image"><code>${untrustedText(profile.image)}</code></p>
${capacity(profile)}
${
    profile.kept === undefined
      ? undefined
      : html`<p class="quiet kept">keeps ${untrustedText(profile.kept.join("; "))}</p>`
  }${
    profile.blocked === undefined
      ? undefined
      : html`<div class="blocked">${badge("blocked", "bad")} ${sentence(profile.brief ?? profile.blocked)}</div>`
  }${
    profile.breaker?.state === "half-open"
      ? html`<div class="blocked">${badge("canary", "warning")} ${sentence(canaryText(profile.breaker))}</div>`
      : undefined
  }${recentFailures(profile.recentFailures)}${
    profile.launchHosts === undefined
      ? undefined
      : html`<p class="quiet failures">${sentence(launchHostsText(profile.launchHosts))}</p>`
  }${canCommand ? actionsForProfile(profile, view) : undefined}</li>`;
}

/** What has failed of a profile in the last hour. */
function recentFailures(counts: ProfileView["recentFailures"]): Html | undefined {
  const text = recentFailuresText(counts);
  return text === undefined ? undefined : html`<p class="quiet failures">${sentence(text)}</p>`;
}

function capacity(profile: ProfileView): Html {
  const parts: readonly BarPart[] = [
    { name: "building", count: profile.building },
    { name: "idle", count: profile.idle },
    { name: "starting", count: profile.starting },
    { name: "draining", count: profile.draining },
  ];
  return html`${stackedBar(parts, profile.maxAgents ?? 0)}${legend(parts)}`;
}

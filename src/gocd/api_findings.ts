// Findings about a backlog that was read without the feed, mainly where it is incomplete.

import type { Finding } from "../core/event.ts";
import type { UnknownNeeds } from "../core/gocd_records.ts";
import { oneLine } from "../core/text.ts";
import { jobsMax } from "./scheduled_jobs.ts";

/** A waiting job with unknown needs. */
export interface Untold {
  readonly pipeline: string;
  readonly locator: string;
  readonly needs: UnknownNeeds;
}

/** What one read has missed. */
export interface Missed {
  readonly untold: readonly Untold[];
  /** Runs of stages that were not shown, and why. */
  readonly refused: readonly { readonly run: string; readonly cause: string }[];
  /** Runs that no poll has had time for yet. */
  readonly unreadStages: number;
  /** Waiting jobs beyond all limits. */
  readonly leftOut: number;
  readonly isPersonal: boolean;
}

/** Maximum number of listed findings of one kind. */
const shownMax = 20;
const nameLengthMax = 100;

/** The findings of one read. */
export function apiFindings({ untold, refused, unreadStages, leftOut, isPersonal }: Missed): readonly Finding[] {
  const byPipeline = new Map<string, { readonly first: Untold; readonly locators: string[] }>();
  for (const each of untold) {
    const pipeline = `${oneLine(each.pipeline, nameLengthMax)} ${each.needs.why}`;
    const same = byPipeline.get(pipeline);
    if (same === undefined) byPipeline.set(pipeline, { first: each, locators: [each.locator] });
    else if (same.locators.length < shownMax) same.locators.push(each.locator);
  }
  return [
    ...[...byPipeline].slice(0, shownMax).map(([subject, { first: { pipeline, needs }, locators }]): Finding => ({
      code: "gocd-needs-unknown",
      message: `the resources of jobs of pipeline ${oneLine(pipeline, nameLengthMax)} are unknown: ${needs.cause}`,
      hint: needs.why === "unconfigured" ? unconfiguredHint : unreadHint,
      locators,
      subject,
    })),
    ...refused.slice(0, shownMax).map(({ run, cause }): Finding => ({
      code: "gocd-stage-unread",
      message: `the dashboard lists a running stage that the server does not show: ${cause}`,
      hint: "check what the account may view; its jobs do not count until then",
      subject: oneLine(run, nameLengthMax),
    })),
    ...(unreadStages === 0 ? [] : [{
      code: "gocd-stages-left",
      message: "more stages run than one poll reads: the others follow in the next polls",
      hint: "nothing to do, unless it persists",
    }]),
    ...(leftOut === 0 ? [] : [{
      code: "gocd-feed-left-out",
      message: `${leftOut} waiting jobs are left out: only the oldest ${jobsMax} are considered`,
      hint: "the others follow as these are built; cancel the stages of jobs that are no longer needed",
    }]),
    ...(isPersonal ? [personal] : []),
  ];
}

const unreadHint =
  "make the account an administrator of GoCD, or of the pipeline's group with a view of its template; " +
  "until then nothing is launched for these jobs";
const unconfiguredHint = "cancel the stage of these jobs, or run it again; until then nothing is launched for them";

const personal: Finding = {
  code: "gocd-dashboard-personal",
  message:
    "the GoCD account seems to have changed its dashboard: jobs of pipelines that its default view hides would not " +
    "be seen",
  hint: "log in as the account of go-server, and let the view Default of its dashboard show all pipelines",
};

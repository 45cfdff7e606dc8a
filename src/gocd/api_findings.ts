// What people should know of a backlog that was read without the feed: above all where it shows less.

import type { Finding } from "../core/event.ts";
import type { UnknownNeeds } from "../core/gocd_records.ts";
import { oneLine } from "../core/text.ts";
import { jobsMax } from "./scheduled_jobs.ts";

/** A waiting job of which it is not known what it needs. */
export interface Untold {
  readonly pipeline: string;
  readonly locator: string;
  readonly needs: UnknownNeeds;
}

/** What one reading has missed. */
export interface Missed {
  readonly untold: readonly Untold[];
  /** Why runs of stages were not shown. */
  readonly refused: readonly string[];
  /** Runs that no poll had time for yet. */
  readonly unreadStages: number;
  /** Waiting jobs beyond all limits. */
  readonly leftOut: number;
  readonly isPersonal: boolean;
}

/** Findings of one kind that are listed. */
const shownMax = 20;
const nameLengthMax = 100;

/** The findings of one reading. */
export function apiFindings({ untold, refused, unreadStages, leftOut, isPersonal }: Missed): readonly Finding[] {
  const byCause = new Map<string, Untold[]>();
  for (const each of untold) {
    const pipeline = oneLine(each.pipeline, nameLengthMax);
    const cause = `the resources of jobs of pipeline ${pipeline} are unknown: ${each.needs.cause}`;
    const same = byCause.get(cause);
    if (same === undefined) byCause.set(cause, [each]);
    else same.push(each);
  }
  return [
    ...[...byCause].slice(0, shownMax).map(([message, jobs]): Finding => ({
      code: "gocd-needs-unknown",
      message,
      hint: jobs[0]?.needs.why === "unconfigured" ? unconfiguredHint : unreadHint,
      locators: jobs.slice(0, shownMax).map(({ locator }) => locator),
    })),
    ...refused.slice(0, shownMax).map((message): Finding => ({
      code: "gocd-stage-unread",
      message: `the dashboard lists a running stage that the server does not show: ${message}`,
      hint: "check what the account may view; its jobs do not count until then",
    })),
    ...(unreadStages === 0 ? [] : [{
      code: "gocd-stages-left",
      message: "more stages run than one poll reads: the others follow in the next polls",
      hint: "nothing to do, unless it persists",
    }]),
    ...(leftOut === 0 ? [] : [{
      code: "gocd-feed-left-out",
      message: `${leftOut} waiting jobs are left out: only the oldest ${jobsMax} are looked at`,
      hint: "the others follow as these are built; cancel the stages of jobs that nobody needs any more",
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

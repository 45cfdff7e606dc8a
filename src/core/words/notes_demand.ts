// Texts of notes about waiting jobs and offers, which are created in demand/ and placement/.

import type { DemandNotes, PlacementNotes } from "../note.ts";
import type { BucketDemand, JobVerdict } from "../demand/verdict.ts";
import { offerlessHint } from "./acts.ts";
import { failureText } from "./causes.ts";
import { briefGateText, gateText } from "./gates.ts";
import type { NoteWords } from "./note_line.ts";
import { counted, describeNeed, formatDuration } from "./phrases.ts";
import { missText } from "./placement.ts";
import { scheduleText, scheduleValues } from "./upkeep.ts";
import { briefBucketText, bucketText, launchReasonText, offerlessText, totalsText, verdictText } from "./reasons.ts";

/** Waiting jobs. */
export const demandNotes: NoteWords<keyof DemandNotes> = {
  "demand-changed": ({ totals, kinds, only, gates }) => {
    const { waiting, needsAgent, wanted } = totals;
    const held = gates.map((gate) => `; ${briefGateText(gate) ?? gateText(gate)}`).join("");
    return {
      level: "info",
      text: only === undefined
        ? `${jobsWait(waiting)}, of ${kinds} kinds: ${totalsText(totals)}${held}`
        : bucketLine(only),
      fields: { waiting, needsAgent, wanted },
    };
  },
  "bucket-changed": ({ bucket }) => {
    const { waiting, needsAgent, wanted } = bucket;
    return { level: "debug", text: bucketLine(bucket), fields: { waiting, needsAgent, wanted } };
  },
  "schedule-in-force": ({ profile, schedule, forMs }) => ({
    level: "info",
    text: `profile ${profile} keeps ${scheduleValues(schedule)}${
      forMs === undefined ? "" : ` for ${formatDuration(forMs)}`
    }, by the schedule ${scheduleText(schedule)}`,
    fields: { profile },
  }),
  "schedule-over": ({ profile, schedule }) => ({
    level: "info",
    text: `the schedule of profile ${profile} ${scheduleText(schedule)} is over`,
    fields: { profile },
  }),
  "demand-none": () => ({ level: "info", text: "no job waits for an agent of ours", fields: {} }),
  "job-unserved": ({ job }) => ({
    level: "warning",
    text: `no profile serves ${job.locator} (${describeNeed(job.gocdResources, job.environment, job.pipelineGroup)}): ${
      verdictText(job)
    }`,
    fields: { locator: job.locator, reasonCode: job.reason.kind },
  }),
  "job-other-cause": ({ job }) => ({
    level: "warning",
    text: `${job.locator} waits, but not for an agent: ${verdictText(job)}`,
    fields: { locator: job.locator, reasonCode: job.reason.kind },
  }),
  "jobs-left-untaken": ({ jobs, polls, need, waitedMs, last, attempts, intervalMs }) => ({
    level: "warning",
    text:
      `${jobs} jobs (${
        describeNeed(need.gocdResources, need.environment)
      }) were cancelled before an agent could take them, in ${polls} polls, the last one ${last.locator}: GoCD cancels a ` +
      `job that waits longer than its job timeout, and they had waited for at least ${formatDuration(waitedMs)}`,
    hint: untakenHint(last, { attempts, intervalMs }),
    fields: { jobs, polls, reasonCode: last.reason.kind },
  }),
  "agent-sick": ({ uuid, hostname, jobs, isOurs }) => ({
    level: "warning",
    text: `agent ${hostname} is idle and in contact, but takes no jobs: ${jobs} jobs waited until other agents ` +
      `took them; it ${isOurs ? "is drained" : "is not counted"}`,
    hint: `check the log of the agent ${hostname}${isOurs ? "" : ", or disable or restart it"}`,
    fields: { uuid, hostname },
  }),
};

function bucketLine(bucket: BucketDemand): string {
  const { gocdResources, environment, pipelineGroup, profile } = bucket;
  const who = profile === undefined ? "" : ` for profile ${profile}`;
  const need = describeNeed(gocdResources, environment, pipelineGroup);
  return `${jobsWait(bucket.waiting)} (${need})${who}: ${briefBucketText(bucket) ?? bucketText(bucket)}`;
}

function jobsWait(count: number): string {
  return counted(count, "job waits", "jobs wait");
}

function untakenHint(
  last: JobVerdict,
  { attempts, intervalMs }: { readonly attempts: number; readonly intervalMs: number },
): string {
  const sooner = "lower poller.interval or poller.attempts, or give the jobs a longer timeout in GoCD";
  if (last.reason.kind === "held-attempts") {
    return `an agent is launched for what was seen in more than ${attempts} polls, one every ${
      formatDuration(intervalMs)
    }, so only after ${formatDuration(attempts * intervalMs)} to ${
      formatDuration((attempts + 1) * intervalMs)
    }: ${sooner}`;
  }
  if (last.reason.kind === "agent-coming") return `their agents do not start in time: ${sooner}`;
  return `what they last waited for: ${verdictText(last)}`;
}

/** Offers and hosts. */
export const placementNotes: NoteWords<keyof PlacementNotes> = {
  "agent-launched": ({ taskId, profile, host, gocdResources, environment, why }) => ({
    level: "info",
    text: `launching ${taskId} on ${host} (${describeNeed(gocdResources, environment)}): ${launchReasonText(why)}`,
    fields: { taskId, profile, host },
  }),
  "no-fitting-offer": ({ profile, miss }) => ({
    level: "info",
    text: `no Mesos offer fits profile ${profile}: ${missText(miss)}`,
    fields: { profile },
  }),
  "host-avoided": ({ host, profile, forMs, failures, failure }) => ({
    level: "warning",
    text: `host ${host} is avoided${profile === undefined ? "" : ` by profile ${profile}`} for ${
      formatDuration(forMs)
    }: ${failures} agents failed there (${failureText(failure)})`,
    fields: { host },
  }),
  "no-offer": ({ role, profile }) => ({
    level: "warning",
    text: `${offerlessText(role)}, and profile ${profile} has agents to launch`,
    hint: offerlessHint,
    fields: { role, profile },
  }),
  "roles-ignored": ({ masterVersion, roles }) => {
    const [first = "*", ...others] = roles;
    const rest = others.length === 0 ? "" : `, and ${others.join(", ")} gets none`;
    return {
      level: "warning",
      text: `Mesos ${masterVersion} does not support frameworks with several roles (1.2 and later do): ` +
        `role ${first} gets the offers of role *, without reserved resources${rest}`,
      hint: 'write mesos.role = "*", or upgrade Mesos',
      fields: { roles: roles.join(",") },
    };
  },
};

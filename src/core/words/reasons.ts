// Texts of reasons, remarks and the needs of a bucket. They are decided in demand/; what to do is in acts.ts.

import type { LaunchReason, NotOurs, OtherCause, Reason, Remark, UnavailableKind, Unserved } from "../demand/reason.ts";
import type { BucketDemand, JobVerdict, VerdictTotal } from "../demand/verdict.ts";
import type { GocdProblem } from "../event.ts";
import { bySchedule } from "./upkeep.ts";
import { briefGateText, gateText } from "./gates.ts";
import { counted, describeNeed, formatDuration, groupName, listNames, nextTryText, profileKey } from "./phrases.ts";
import { missText } from "./placement.ts";

/** The reason of a verdict and its remarks, as one sentence. */
export function verdictText(job: JobVerdict): string {
  return withRemarks(reasonText(job), job.remarks);
}

/** The same without the long error of its profile; `undefined`: it has none. */
export function briefVerdictText({ reason, profile, remarks }: JobVerdict): string | undefined {
  if (reason.kind !== "held-breaker" && reason.kind !== "held-probe") return undefined;
  return withRemarks(`profile ${profile}: ${briefGateText(reason)}`, remarks);
}

/** A sentence followed by remarks. */
function withRemarks(text: string, remarks: readonly Remark[] = []): string {
  return [text, ...remarks.map(remarkText)].join("; ");
}

/** What the reason of a job is about. */
type JudgedJob = Pick<JobVerdict, "reason" | "profile" | "gocdResources" | "environment">;

/** The reason of a verdict, as one sentence. */
function reasonText(job: JudgedJob): string {
  const { reason } = job;
  switch (reason.kind) {
    case "run-on-all":
    case "elastic":
    case "needs-unknown":
    case "ignored":
    case "resourceless-ignored":
      return notOursText(reason);
    case "no-profile":
    case "no-profile-resources":
    case "no-profile-environment":
    case "no-profile-group":
      return unservedText(reason, job);
    case "maintenance":
    case "idle-unused":
    case "left-before":
    case "zombie":
      return otherCauseText(reason);
    case "idle-agent":
      return `an idle agent can take it: ${listNames(reason.names)}`;
    case "agent-coming":
      return reason.names.length === 1
        ? `an agent is on its way: ${listNames(reason.names)}`
        : `agents are on their way: ${listNames(reason.names)}`;
    case "held-frozen":
      // It names the profile.
      return reason.profile === undefined ? `profile ${job.profile}: ${gateText(reason)}` : gateText(reason);
    default:
      return `profile ${job.profile}: ${launchText(reason)}`;
  }
}

/** What happens next with a job that needs an agent. */
type LaunchStep = Exclude<Reason, NotOurs | Unserved | OtherCause | { readonly kind: "idle-agent" | "agent-coming" }>;

function launchText(reason: LaunchStep): string {
  switch (reason.kind) {
    case "enabling-again":
      return "a drained agent is enabled again";
    case "no-fitting-offer":
      return `no Mesos offer fits: ${missText(reason.miss)}`;
    case "no-offer":
      return offerlessText(reason.role);
    case "launching":
      return "waiting for a Mesos offer";
    default:
      return gateText(reason);
  }
}

/** What `plan` and `why` say about a job after a single poll. */
export function onceDueText({ profile }: Pick<JobVerdict, "profile">, attempts: number): string {
  return `profile ${profile}: launched ${dueText(attempts)}`;
}

/** When agents are launched for lasting demand. */
export function dueText(attempts: number): string {
  return attempts === 0 ? "at once" : `once seen in more than ${counted(attempts, "poll")} in a row (poller.attempts)`;
}

function notOursText(reason: NotOurs): string {
  switch (reason.kind) {
    case "run-on-all":
      return "runs on all agents: it is pinned to one agent that exists, and no other can take it; cancel it if that " +
        "agent is gone";
    case "elastic":
      return `has the elastic profile ${reason.elasticProfile}: an elastic agent plugin serves it`;
    case "needs-unknown":
      return `its resources are unknown, and no agent is launched on a guess: ${reason.cause}`;
    case "ignored":
      return `excluded by poller.ignore "${reason.pattern}"`;
    case "resourceless-ignored":
      return 'has no resources, and poller.resourceless-jobs is "ignore"';
  }
}

/** One sentence on why launching would not help. */
function otherCauseText(cause: OtherCause): string {
  switch (cause.kind) {
    case "maintenance":
      return `the GoCD server is in ${cause.mode} and assigns no jobs`;
    case "idle-unused":
      return `agent ${cause.host} matches and has been idle for ${
        formatDuration(cause.idleMs)
      }, but the server does not give it ` +
        "the job, so another agent would not help: look for an elastic profile, a removed pipeline, or messages from GoCD";
    case "left-before":
      return "an idle matching agent did not take it before, so another agent would not help; " +
        nextTryText(cause.untilMs);
    case "zombie":
      return `has waited for ${formatDuration(cause.waitedMs)} (poller.zombie-after = ${
        formatDuration(cause.limitMs)
      }) ` +
        `while newer jobs of the same kind were taken ${cause.passedOver} times; cancel its stage if the pipeline or job ` +
        `no longer exists; ${nextTryText(cause.untilMs)}`;
  }
}

/** Why no profile serves a job, and which key would change it. */
function unservedText(
  reason: Unserved,
  { gocdResources, environment }: Pick<JobVerdict, "gocdResources" | "environment">,
): string {
  if (reason.kind === "no-profile") return "no profile is configured";
  const key = profileKey(reason.nearest);
  const nearest = `(nearest is profile ${reason.nearest})`;
  if (reason.kind === "no-profile-group") return ungroupedText(reason, gocdResources);
  if (reason.pipelineGroup !== undefined) {
    const { pipelineGroup, ...rest } = reason;
    const other = unservedText(rest, { gocdResources, ...(environment === undefined ? {} : { environment }) });
    return `${other}; nor does ${key}.pipeline-groups have ${groupName(pipelineGroup)}`;
  }
  const isNone = environment === undefined;
  const environmentAct = isNone ? "environments = []" : `${environment} to ${key}.environments`;
  if (reason.kind === "no-profile-environment") {
    const who = gocdResources.length === 0 ? "no profile" : `no profile with ${gocdResources.join(", ")}`;
    return isNone
      ? `${who} takes jobs that are in no environment: add a profile with ${environmentAct} ${nearest}`
      : `${who} serves environment ${environment}: add it to ${key}.environments ${nearest}`;
  }
  const { missing, lacksEnvironment, isElsewhere } = reason;
  const them = missing.length > 1 ? "them" : "it";
  const others = isElsewhere ? gocdResources.filter((name) => !missing.includes(name)) : [];
  const beside = others.length === 0 ? "" : ` in addition to ${others.join(", ")}`;
  const resources = `resource${missing.length > 1 ? "s" : ""} ${missing.join(", ")}${beside}`;
  const where = isNone ? "in no environment" : `in environment ${environment}`;
  if (!lacksEnvironment) {
    return `no profile has ${resources}${isElsewhere ? ` ${where}` : ""}: ${addResourcesText(them, reason.nearest)}`;
  }
  return isNone
    ? `no profile has ${resources} ${where}: add a profile with ${them} and ${environmentAct} ${nearest}`
    : `no profile has ${resources} ${where}: add a profile with ${them} and environment ${environment}, or add ` +
      `${them} to ${key}.resources and ${environmentAct} ${ifItsImageCan}`;
}

function ungroupedText(
  { nearest, pipelineGroup }: Unserved & { readonly kind: "no-profile-group" },
  gocdResources: readonly string[],
): string {
  const key = `${profileKey(nearest)}.pipeline-groups`;
  const who = gocdResources.length === 0 ? "no profile" : `no profile with ${gocdResources.join(", ")}`;
  return `${who} serves ${groupName(pipelineGroup)}: add it to ${key} (nearest is profile ${nearest})`;
}

const ifItsImageCan = "if its image can build such jobs";

/** How to provide resources without sending jobs to agents that cannot build them; `them` is it or them. */
export function addResourcesText(them: string, nearest: string): string {
  return `add a profile with ${them}, or add ${them} to ${profileKey(nearest)}.resources ${ifItsImageCan}`;
}

/** Mesos offers nothing to a role. */
export function offerlessText(role: string): string {
  return `Mesos has made no offer to role ${role} for over a minute`;
}

const unavailableWords: Readonly<Record<UnavailableKind, string>> = {
  "agents-disabled": "disabled",
  "agents-lost": "without contact",
  "agents-missing": "missing",
  "agents-pending": "pending",
};

/** A remark, as a clause. */
export function remarkText(remark: Remark): string {
  switch (remark.kind) {
    case "agents-disabled":
    case "agents-lost":
    case "agents-missing":
    case "agents-pending": {
      const { counts } = remark;
      const total = counts.reduce((sum, { count }) => sum + count, 0);
      if (total === 1) return `the only matching agent is ${unavailableWords[remark.kind]}`;
      const parts = counts.map(({ kind, count }) => `${count} ${unavailableWords[kind]}`);
      return `all ${total} matching agents are unavailable: ${parts.join(", ")}`;
    }
    case "agent-in-environment": {
      const names = remark.environments.join(", ");
      return `agent ${remark.host} is idle and has the resources, but is in ${names} and takes only jobs from there`;
    }
    case "agent-in-no-environment":
      return `agent ${remark.host} is idle and has the resources, but is in no environment`;
    case "agent-environment-unknown":
      return `agent ${remark.host} is idle and has the resources, but is in no environment (it names ${
        remark.environments.join(", ")
      }, which is not on the server)`;
    case "gocd-job-unassigned":
      return `GoCD itself reports it as unassigned${remark.forMin === undefined ? "" : ` for ${remark.forMin} min`}`;
  }
}

/** What a bucket of jobs gets and lacks, as one sentence. */
export function bucketText(bucket: BucketDemand): string {
  return withGate(bucket, gateText(bucket.gate));
}

/** The same without the long error of its profile; `undefined`: it has none. */
export function briefBucketText(bucket: BucketDemand): string | undefined {
  const brief = briefGateText(bucket.gate);
  return brief === undefined ? undefined : withGate(bucket, brief);
}

function withGate(bucket: BucketDemand, gate: string): string {
  return [totalsText(bucket), gate, ...bucket.remarks.map(remarkText)].filter((part) => part !== "").join("; ");
}

/** By total, in the order of the clause. */
const totalTexts: Readonly<Record<VerdictTotal, (count: number) => string>> = {
  willBeTaken: (count) => `${count} will be taken by idle agents`,
  coming: (count) => `${count} will be taken by agents on their way`,
  otherCause: (count) => `${count} wait${count === 1 ? "s" : ""} for another reason`,
  needsAgent: (count) => `${count} need${count === 1 ? "s" : ""} an agent`,
  unserved: (count) => `${count} unserved`,
};

/** How many jobs will be taken, need an agent etc., as a clause. */
export function totalsText(totals: Readonly<Record<VerdictTotal, number>>): string {
  const names = Object.keys(totalTexts) as VerdictTotal[];
  return names.filter((name) => totals[name] > 0).map((name) => totalTexts[name](totals[name])).join("; ");
}

/** Why agents are launched, as a clause. */
export function launchReasonText(reason: LaunchReason): string {
  switch (reason.kind) {
    case "jobs": {
      const coming = reason.coming === 0 ? "" : `, ${reason.coming} coming`;
      return `${counted(reason.jobs, "job")} (${
        describeNeed(reason.gocdResources, reason.environment, reason.pipelineGroup)
      }) waited in ${counted(reason.polls, "poll")}${coming}`;
    }
    case "min-idle":
      return `min-idle = ${reason.minIdle}${bySchedule(reason.schedule)}, ${reason.ready} ready`;
    case "headroom":
      return `headroom: ${reason.headroom} idle beside ${reason.busy} busy${
        bySchedule(reason.schedule)
      }, ${reason.ready} ready`;
    case "canary":
      return "the operator wants to see whether its profile works";
    case "hung-build":
      return `${reason.taskId} is lost with a build, which the GoCD server assigns to another agent only while some ` +
        "agent is in contact";
  }
}

const silentText = "the GoCD server does not answer";

/** What keeps the GoCD server from responding, as a clause, apart from its message. Absent: it is just silent. */
export function serverProblemText(problem?: Pick<GocdProblem, "code" | "kind">): string {
  if (problem === undefined) return silentText;
  if (problem.code === "gocd-backup") return "the GoCD server makes a backup";
  if (problem.code === "gocd-blocked" || problem.code === "gocd-proxy-refused") {
    return "something else answers in place of the GoCD server";
  }
  switch (problem.kind) {
    case "starting":
      return "the GoCD server is starting";
    case "maintenance":
      return "the GoCD server is in maintenance mode";
    case "unreachable":
      return silentText;
    case "refused":
      return "the GoCD server refuses our requests";
    case "conflict":
    case "missing":
    case "unreadable":
      return "the GoCD server cannot be read";
  }
}

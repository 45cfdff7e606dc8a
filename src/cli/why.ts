// `gocd-mesos why`: the full explanation for one waiting job, from the running instance if there is one, otherwise from
// a poll of its own.

import { describeNeed, formatDuration } from "../core/words/phrases.ts";
import type { Finding } from "../core/event.ts";
import type { BucketView, JobView, StatusView } from "../core/view/view.ts";
import { OperatorError } from "../errors.ts";
import { readRunningStatus } from "../runtime/control_client.ts";
import type { Command } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile, loadNeeded, warnOfFlaws } from "./load.ts";
import { pollOnce } from "./poll_once.ts";
import { nextAct } from "./report.ts";
import { printable } from "./table.ts";

/** Jobs explained at once at most. */
const jobsMax = 20;

/** The command. */
export const whyCommand: Command = {
  name: "why",
  summary: "why one job waits: its verdict, step by step",
  help: `Usage: gocd-mesos why path/to/framework.conf LOCATOR-OR-JOB-NAME

Explains one waiting job, step by step: what it asks for, which profile serves it, which agents could take it, what holds
a launch back, and what to do. The running instance is asked where there is one; otherwise the GoCD server is polled once.
The job is named by its locator (pipeline/counter/stage/counter/job), its name, or a part of either.

Examples:
  gocd-mesos why framework.conf shop/412/build/1/unit-tests
  gocd-mesos why framework.conf unit-tests`,
  booleans: [],
  strings: [],
  operandsMin: 2,
  operandsMax: 2,
  operandsText: "a configuration file and a job",
  run: async ({ operands }, io) => {
    const [path = "", wanted = ""] = operands;
    const view = await readView(path, io);
    const jobs = findJobs(view, wanted);
    if (jobs.length === 0) throw new JobNotWaitingError(wanted, view.jobs.length);
    for (const job of jobs.slice(0, jobsMax)) {
      for (const line of explainJob(job, view)) io.out(printable(line));
    }
    if (jobs.length > jobsMax) io.out(`and ${jobs.length - jobsMax} more jobs match`);
    return 0;
  },
};

async function readView(path: string, io: CliIo): Promise<StatusView> {
  const part = loadNeeded(path, io);
  const running = await readRunningStatus(part.config);
  if (running !== undefined) {
    warnOfFlaws(part, io);
    io.out("from the running instance");
    return running;
  }
  const config = loadConfigFile(path, io);
  io.out("no running instance: from one poll of the GoCD server");
  return (await pollOnce(config)).view;
}

/** No job of that name is waiting. */
class JobNotWaitingError extends OperatorError {
  /** `count`: jobs that are waiting. */
  constructor(wanted: string, count: number) {
    super(`no waiting job matches "${wanted}" (${count} job${count === 1 ? " waits" : "s wait"})`, {
      code: "job-not-waiting",
      kind: "usage",
      hint:
        "it may have been assigned or cancelled already, or its pipeline is paused or not visible to the account; " +
        "`gocd-mesos plan` lists all waiting jobs",
    });
    this.name = "JobNotWaitingError";
  }
}

/** Jobs by exact locator, else by exact name, else by a part of either. */
export function findJobs(view: StatusView, wanted: string): readonly JobView[] {
  const exact = view.jobs.filter((job) => job.locator === wanted);
  if (exact.length > 0) return exact;
  const named = view.jobs.filter((job) => job.name === wanted);
  if (named.length > 0) return named;
  const folded = wanted.toLowerCase();
  return view.jobs.filter((job) => job.locator.toLowerCase().includes(folded));
}

/** The funnel of one job, one line per step, without repetition. */
export function explainJob(job: JobView, view: StatusView): string[] {
  const lines = [
    "",
    job.locator,
    `  waits      since ${new Date(job.firstSeenMs).toISOString()} (${
      formatDuration(view.atMs - job.firstSeenMs)
    }, as far as known)`,
    `  asks for   ${describeNeed(job.gocdResources, job.environment)}`,
    `  verdict    ${job.verdict}`,
    `  because    ${job.reason}`,
    ...(job.nextAct === undefined ? [] : [`  to do      ${job.nextAct}`]),
  ];
  if (job.verdict === "not-ours") return lines;
  const bucket = view.demand.find((each) =>
    (each.environment ?? "").toLowerCase() === (job.environment ?? "").toLowerCase() &&
    folded(each.gocdResources) === folded(job.gocdResources)
  );
  if (bucket !== undefined && bucket.waiting > 1) lines.push(`  alike      ${alikeText(bucket)}`);
  lines.push(...profileLines(job, view), ...agentLines(job, view));
  for (const problem of view.problems.filter((each) => !isSaid(each, job))) {
    lines.push(`  problem    ${problem.message}${problem.hint === "" ? "" : ` (${nextAct(problem.hint)})`}`);
  }
  return lines;
}

/** `3 such jobs wait: 1 for an agent that is starting, 2 for one that must be launched`. */
function alikeText({ waiting, willBeTaken, coming, otherCause, needsAgent }: BucketView): string {
  const unserved = waiting - willBeTaken - coming - otherCause - needsAgent;
  const parts = ([
    [willBeTaken, "for an idle agent to take them", "for an idle agent to take it"],
    [coming, "for agents that are starting", "for an agent that is starting"],
    [otherCause, "for another cause", "for another cause"],
    [needsAgent, "for agents that must be launched", "for an agent that must be launched"],
    [unserved, "in vain", "in vain"],
  ] as const).filter(([count]) => count > 0).map(([count, many, one]) => `${count} ${count === 1 ? one : many}`);
  return `${waiting} such jobs wait: ${parts.join(", ")}`;
}

/** Whether a problem is already mentioned in the job's own lines, or is one of other jobs only. */
function isSaid({ code, profile }: Finding, job: JobView): boolean {
  const isOfOthers = code === "jobs-unserved" || code === "held-limit";
  if (isOfOthers || code === job.reasonCode || code === `held-${job.reasonCode}`) return true;
  if (code === "gocd-job-unassigned") return job.remarks?.some((remark) => remark.code === code) === true;
  const isOfProfile = code === "profile-failing" && profile === job.profile;
  return isOfProfile && isBlocked(job) || code.startsWith("mesos-") && job.reasonCode === "held-no-session";
}

function isBlocked({ reasonCode }: JobView): boolean {
  return reasonCode === "held-breaker" || reasonCode === "held-probe";
}

function profileLines(job: JobView, view: StatusView): string[] {
  const profile = view.profiles.find((each) => each.name === job.profile);
  if (profile === undefined) return [];
  const max = profile.maxAgents === undefined ? "" : ` of at most ${profile.maxAgents}`;
  const parts = (["starting", "idle", "building", "draining"] as const)
    .flatMap((state) => profile[state] === 0 ? [] : [`${profile[state]} ${state}`]);
  const alive = profile.alive === 0 ? `none${max} alive` : `${profile.alive} alive${max}`;
  const states = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  return [
    `  profile    ${profile.name}: ${alive}${states}${profile.frozen ? ", frozen" : ""}`,
    ...(profile.blocked === undefined || isBlocked(job) ? [] : [`             ${profile.blocked}`]),
  ];
}

function agentLines(job: JobView, view: StatusView): string[] {
  const wanted = new Set(job.gocdResources.map((name) => name.toLowerCase()));
  const able = view.gocdAgents.filter((each) => {
    const has = new Set(each.gocdResources.map((name) => name.toLowerCase()));
    return [...wanted].every((name) => has.has(name));
  });
  const environment = (job.environment ?? "").toLowerCase();
  const inside = able.filter((each) =>
    environment === ""
      ? each.environments.length === 0
      : each.environments.some((name) => name.toLowerCase() === environment)
  );
  const counts = new Map<string, number>();
  for (const each of inside) counts.set(each.state, (counts.get(each.state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  if (view.gocdAgents.length === 0) return ["  agents     none known to the GoCD server"];
  return [
    `  agents     ${view.gocdAgents.length} known, ${able.length} with the resources, ${inside.length} of them ` +
    `${environment === "" ? "in no environment" : `in ${job.environment}`}${states === "" ? "" : `: ${states}`}`,
  ];
}

function folded(names: readonly string[]): string {
  return [...new Set(names.map((name) => name.toLowerCase()))].sort().join(",");
}

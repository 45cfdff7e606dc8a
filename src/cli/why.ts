// `gocd-mesos why`: the full explanation for one waiting job, from the running instance if there is one, otherwise from
// its own poll.

import { counted, describeJobNeed, formatDuration } from "../core/words/phrases.ts";
import { canaryText, launchHostsText, recentFailuresText } from "../core/words/failures.ts";
import type { BucketView, JobView, ProfileView, StatusView } from "../core/view/view.ts";
import { type AgentCounts, saysBlocked, whyView } from "../core/view/why.ts";
import { OperatorError } from "../errors.ts";
import { readRunningStatus } from "../runtime/control_client.ts";
import type { Command } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile, loadNeeded, refuseSwapped, warnOfFlaws } from "./load.ts";
import { pollOnce } from "./poll_once.ts";
import { nextAct } from "./report.ts";
import { writeJson } from "./instance.ts";
import { printable, table } from "./table.ts";

/** Maximum number of explained jobs; of more, only the names are printed. */
const explainedMax = 3;
/** Maximum number of printed names. */
const namedMax = 20;

/** The command. */
export const whyCommand: Command = {
  name: "why",
  summary: "why one job waits: its verdict, step by step",
  help: `Usage: gocd-mesos why [--json] path/to/framework.conf LOCATOR-OR-JOB-NAME

Explains one waiting job, step by step: what it asks for, which profile serves it, which agents could take it, what
holds a launch back, and what to do. The running instance is asked if there is one; otherwise the GoCD server is polled
once. The job is named by its locator (pipeline/counter/stage/counter/job), its name, or a part of either; if more than
${explainedMax} jobs match, they are only listed.

Options:
  --json    one JSON object, each job as from /api/v1/jobs/LOCATOR

Examples:
  gocd-mesos why framework.conf shop/412/build/1/unit-tests
  gocd-mesos why framework.conf unit-tests`,
  booleans: ["json"],
  strings: [],
  operands: { min: 2, max: 2, text: "a configuration file and a job" },
  run: async ({ operands, flags }, io) => {
    const [path = "", wanted = ""] = operands;
    refuseSwapped("why", operands, io);
    const isJson = flags["json"] === true;
    const { view, from } = await readView(path, io);
    if (!isJson) {
      io.out(
        from === "instance" ? "from the running instance" : "no running instance: from one poll of the GoCD server",
      );
    }
    const jobs = findJobs(view, wanted);
    if (jobs.length === 0) throw notWaiting(wanted, view.jobs.length);
    if (isJson) {
      writeJson({ from, atMs: view.atMs, jobs: jobs.map((job) => whyView(job, view)) }, io);
      return 0;
    }
    if (jobs.length > explainedMax) {
      listJobs(jobs, { path, wanted }, io);
      return 0;
    }
    for (const job of jobs) {
      for (const line of explainJob(job, view)) io.out(printable(line));
    }
    return 0;
  },
};

/** Which jobs a vague word means, and how to name one of them. */
function listJobs(
  jobs: readonly JobView[],
  { path, wanted }: { readonly path: string; readonly wanted: string },
  io: CliIo,
): void {
  io.out(`\n${jobs.length} waiting jobs match "${wanted}":`);
  const rows = jobs.slice(0, namedMax).map(({ locator, verdict, reason }) => [locator, verdict, reason]);
  io.out(table(["JOB", "VERDICT", "REASON"], rows, io.size().columns));
  if (jobs.length > namedMax) {
    io.out(`  and ${jobs.length - namedMax} more (\`gocd-mesos plan --jobs ${path}\` lists all)`);
  }
  io.out(`name one of them: \`gocd-mesos why ${path} ${jobs[0]?.locator ?? ""}\``);
}

interface Source {
  readonly view: StatusView;
  /** The source. */
  readonly from: "instance" | "poll";
}

async function readView(path: string, io: CliIo): Promise<Source> {
  const part = loadNeeded(path, io);
  const running = await readRunningStatus(part.config);
  if (running !== undefined) {
    warnOfFlaws(part, io);
    return { view: running, from: "instance" };
  }
  return { view: (await pollOnce(loadConfigFile(path, io))).view, from: "poll" };
}

/** No job of that name is waiting; `count`: jobs that are. */
function notWaiting(wanted: string, count: number): OperatorError {
  return new OperatorError(`no waiting job matches "${wanted}" (${counted(count, "job waits", "jobs wait")})`, {
    code: "job-not-waiting",
    kind: "usage",
    hint: "it may have been assigned or cancelled already, or its pipeline is paused or not visible to the account; " +
      "`gocd-mesos plan` lists all waiting jobs, and `gocd-mesos history --job` tells who built one",
  });
}

/** Jobs by exact locator, otherwise by exact name, otherwise by a part of either. */
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
  const why = whyView(job, view);
  const lines = [
    "",
    job.locator,
    `  waits      since ${new Date(job.firstSeenMs).toISOString()} (${
      formatDuration(view.atMs - job.firstSeenMs)
    }, as far as known)`,
    `  asks for   ${describeJobNeed(job)}`,
    `  verdict    ${job.verdict}`,
    `  because    ${job.reason}`,
    ...(job.profileReason === undefined ? [] : [`  chosen     profile ${job.profile}: ${job.profileReason}`]),
    ...(job.nextAct === undefined ? [] : [`  to do      ${job.nextAct}`]),
  ];
  const { bucket, profile, agents, problems } = why;
  if (bucket !== undefined && bucket.waiting > 1) lines.push(`  alike      ${alikeText(bucket)}`);
  const isBlockTold = saysBlocked(job) || problems.some(({ code }) => code === "profile-failing");
  if (profile !== undefined) lines.push(...profileLines(profile, isBlockTold));
  if (agents !== undefined) lines.push(agentsLine(agents, job));
  for (const { message, hint } of problems) {
    lines.push(`  problem    ${message}${hint === "" ? "" : ` (${nextAct(hint)})`}`);
  }
  return lines;
}

/** `3 such jobs wait: 1 for an agent that is starting, 2 for one that must be launched`. */
function alikeText({ waiting, willBeTaken, coming, otherCause, needsAgent }: BucketView): string {
  const unserved = waiting - willBeTaken - coming - otherCause - needsAgent;
  const parts = ([
    [willBeTaken, "for an idle agent to take them", "for an idle agent to take it"],
    [coming, "for agents that are starting", "for an agent that is starting"],
    [otherCause, "for another reason", "for another reason"],
    [needsAgent, "for agents that must be launched", "for an agent that must be launched"],
    [unserved, "that no profile serves", "that no profile serves"],
  ] as const).filter(([count]) => count > 0).map(([count, many, one]) => `${count} ${count === 1 ? one : many}`);
  return `${waiting} such jobs wait: ${parts.join(", ")}`;
}

/** `isBlockTold`: another line shows why the profile launches nothing. */
function profileLines(profile: ProfileView, isBlockTold: boolean): string[] {
  const max = profile.maxAgents === undefined ? "" : ` of at most ${profile.maxAgents}`;
  const parts = (["starting", "idle", "building", "draining"] as const)
    .flatMap((state) => profile[state] === 0 ? [] : [`${profile[state]} ${state}`]);
  const alive = profile.alive === 0 ? `none${max} alive` : `${profile.alive} alive${max}`;
  const states = parts.length === 0 ? "" : ` (${parts.join(", ")})`;
  const recent = recentFailuresText(profile.recentFailures);
  return [
    `  profile    ${profile.name}: ${alive}${states}${profile.frozen ? ", frozen" : ""}`,
    ...(profile.blocked === undefined || isBlockTold ? [] : [`             ${profile.blocked}`]),
    ...(profile.breaker?.state === "half-open" && (!isBlockTold || profile.breaker.canary !== undefined)
      ? [`             ${canaryText(profile.breaker)}`]
      : []),
    ...(recent === undefined ? [] : [`             ${recent}`]),
    ...(profile.launchHosts === undefined ? [] : [`             ${launchHostsText(profile.launchHosts)}`]),
  ];
}

function agentsLine({ known, able, matching, byState }: AgentCounts, { environment = "" }: JobView): string {
  if (known === 0) return "  agents     none known to the GoCD server";
  if (able === 0) return `  agents     ${known} known to the GoCD server, none with the resources`;
  const states = Object.entries(byState).map(([state, count]) => `${count} ${state}`).join(", ");
  return `  agents     ${known} known, ${able} with the resources, ${matching} of them ` +
    `${environment === "" ? "in no environment" : `in ${environment}`}${states === "" ? "" : `: ${states}`}`;
}

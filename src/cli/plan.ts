// `gocd-mesos plan`: one poll of the GoCD server, nothing launched. Prints tables, or one JSON object whose shape other
// programs rely on.

import type { Config } from "../config/config.ts";
import { ConfigError, problemText } from "../config/config_error.ts";
import { totalOfVerdict } from "../core/demand/verdict.ts";
import { groupOf } from "../core/demand/verdicts.ts";
import type { Finding } from "../core/event.ts";
import { counted, describeJobNeed, describeNeed } from "../core/words/phrases.ts";
import type { WantedAgents } from "../core/state.ts";
import type { BucketView, StatusView } from "../core/view/view.ts";
import { launchReasonText, totalsText } from "../core/words/reasons.ts";
import { serverUrlText } from "../net/addresses.ts";
import { OperatorError } from "../errors.ts";
import { type Command, oneFile } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile } from "./load.ts";
import { besideRunning, type PlanBeside } from "./plan_beside.ts";
import { pollOnce } from "./poll_once.ts";
import { nextAct } from "./report.ts";
import { printable, printableJson, table } from "./table.ts";

/** The command. */
export const planCommand: Command = {
  name: "plan",
  summary: "one poll of GoCD: what waits, with verdicts, and what would be launched",
  help: `Usage: gocd-mesos plan [--jobs | --json] path/to/framework.conf

Polls the GoCD server once and prints each kind of waiting job with its outcome and the reason, every GoCD agent, what
would be launched once the demand has lasted long enough (poller.attempts), and the totals. Nothing is launched,
enabled or stopped. The state file is read if there is one, so that agents that are already starting count. If an
instance runs with it, launches that it holds back (failing launches, a server that does not answer) are left out, with
the reason.

Options:
  --jobs    every waiting job with its verdict and reason, instead of each kind of job
  --json    one JSON object with all of it on standard output; if the poll fails it has "problems", and the exit code is
            not 0

Examples:
  gocd-mesos plan framework.conf
  gocd-mesos plan --jobs framework.conf | grep unserved
  gocd-mesos plan --json framework.conf | jq '.jobs[] | select(.verdict == "unserved")'`,
  booleans: ["jobs", "json"],
  strings: [],
  operands: oneFile,
  run: async ({ operands, flags }, io) => {
    const path = operands[0] ?? "";
    if (flags["json"] !== true) {
      const config = loadConfigFile(path, io);
      const plan = await besideRunning(await pollOnce(config), config);
      printPlan(plan, { config, withJobs: flags["jobs"] === true }, io);
      return 0;
    }
    let url = "";
    try {
      const config = loadConfigFile(path, io);
      url = serverUrlText(config.gocd.url);
      const { once: { view } } = await besideRunning(await pollOnce(config), config);
      io.out(printableJson(JSON.stringify(planJson(view, url), null, 2)));
      return 0;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      // Without the lists: empty ones would look like "nothing to do".
      io.out(printableJson(JSON.stringify({ server: { url }, problems: problemsOf(error) }, null, 2)));
      throw error;
    }
  },
};

function problemsOf(error: OperatorError): Finding[] {
  const { code, message, hint } = error;
  if (!(error instanceof ConfigError)) return [{ code, message, hint }];
  return error.problems.map((problem) => ({ code: problem.code, message: problemText(problem), hint: problem.hint }));
}

/** The object of `plan --json`. */
function planJson(view: StatusView, url: string): Record<string, unknown> {
  return {
    server: { url, version: view.gocd.version ?? null, maintenance: view.gocd.maintenance },
    jobs: view.jobs.map((job) => ({
      locator: job.locator,
      name: job.name,
      environment: job.environment ?? null,
      gocdResources: job.gocdResources,
      ...groupOf(job),
      verdict: job.verdict,
      profile: job.profile ?? null,
      reason: job.reason,
    })),
    gocdAgents: view.gocdAgents.map(({ taskId: _, ...gocdAgent }) => gocdAgent),
    demand: view.demand.map((bucket) => ({
      environment: bucket.environment ?? null,
      gocdResources: bucket.gocdResources,
      ...groupOf(bucket),
      profile: bucket.profile ?? null,
      waiting: bucket.waiting,
      willBeTaken: bucket.willBeTaken,
      coming: bucket.coming,
      otherCause: bucket.otherCause,
      needsAgent: bucket.needsAgent,
      limitedTo: bucket.limitedTo ?? null,
      reason: bucket.reason,
    })),
    problems: view.problems,
  };
}

function printPlan(
  { once: { view, wanted }, pid }: PlanBeside,
  { config, withJobs }: { readonly config: Config; readonly withJobs: boolean },
  io: CliIo,
): void {
  const { columns } = io.size();
  io.out(
    `GoCD server ${serverUrlText(config.gocd.url)}, version ${printable(view.gocd.version ?? "unknown")}${
      view.gocd.maintenance === "on" ? ", in maintenance mode" : ""
    }`,
  );
  if (pid !== undefined) io.out(`An instance runs (process ${pid}): what it holds back is not launched`);
  io.out("");
  io.out(counted(view.jobs.length, "job waits", "jobs wait"));
  if (view.jobs.length > 0) io.out(withJobs ? jobsTable(view, columns) : kindsTable(view, columns));
  io.out("");
  io.out(counted(view.gocdAgents.length, "GoCD agent"));
  if (view.gocdAgents.length > 0) {
    io.out(table(
      ["HOSTNAME", "STATE", "RESOURCES", "ENVIRONMENTS", "UUID"],
      view.gocdAgents.map((each) => [
        each.hostname,
        each.state,
        each.gocdResources.join(", "),
        each.environments.join(", "),
        each.uuid,
      ]),
      columns,
    ));
  }
  io.out("");
  io.out("What would be launched");
  const launches = launchLines(wanted, view.demand);
  if (launches.length === 0) io.out("  nothing");
  for (const line of launches) io.out(`  ${printable(line)}`);
  if (view.problems.length > 0) io.out("");
  for (const problem of view.problems) {
    io.out(`! ${printable(problem.message)}`);
    if (problem.hint !== "") io.out(`  ${printable(nextAct(problem.hint))}`);
  }
  io.out("");
  io.out(totalsLine(view, wanted));
}

function jobsTable({ jobs }: StatusView, columns: number): string {
  return table(
    ["JOB", "NEEDS", "VERDICT", "REASON"],
    jobs.map((job) => [job.locator, describeJobNeed(job), job.verdict, job.reason]),
    columns,
  );
}

/** The kinds of jobs that our agents could take, most frequent first; then the others by their reason. */
export function kindsTable({ demand, jobs }: StatusView, columns: number): string {
  const kinds = demand.toSorted((a, b) => b.waiting - a.waiting).map((bucket) => [
    String(bucket.waiting),
    describeNeed(bucket.gocdResources, bucket.environment, bucket.pipelineGroup),
    bucket.profile ?? "none",
    bucket.reason,
  ]);
  const others = Map.groupBy(jobs.filter(({ verdict }) => verdict === "not-ours"), ({ reason }) => reason);
  const otherKinds = [...others].map(([reason, { length }]) => [String(length), "", "", `not ours: ${reason}`]);
  return table(["JOBS", "NEED", "PROFILE", "WHAT BECOMES OF THEM"], [...kinds, ...otherKinds], columns);
}

/** All jobs by their verdicts, and how many agents would be launched, in one line. */
export function totalsLine({ jobs }: StatusView, wanted: readonly WantedAgents[]): string {
  const totals = { needsAgent: 0, coming: 0, willBeTaken: 0, otherCause: 0, unserved: 0 };
  let notOurs = 0;
  for (const { verdict } of jobs) {
    if (verdict === "not-ours") notOurs++;
    else totals[totalOfVerdict[verdict]]++;
  }
  const parts = [counted(jobs.length, "job"), totalsText(totals), notOurs === 0 ? "" : `${notOurs} not ours`];
  const agents = wanted.reduce((sum, each) => sum + each.count, 0);
  return `Total: ${parts.filter((part) => part !== "").join("; ")}; ${counted(agents, "agent")} would be launched`;
}

function launchLines(wanted: readonly WantedAgents[], demand: readonly BucketView[]): string[] {
  const buckets = new Map(demand.map((bucket) => [bucket.key, bucket]));
  const launched = wanted.filter((each) => each.count > 0).map((each) => {
    const bucket = buckets.get(each.bucketKey);
    const need = describeNeed(bucket?.gocdResources ?? each.gocdResources, each.environment, bucket?.pipelineGroup);
    return `${each.count} of profile ${each.profile} for ${need}: ${bucket?.reason ?? launchReasonText(each.reason)}`;
  });
  const held = demand.filter((bucket) => bucket.needsAgent > 0 && bucket.wanted === 0)
    .map((bucket) =>
      `none for ${describeNeed(bucket.gocdResources, bucket.environment, bucket.pipelineGroup)}: ${bucket.reason}`
    );
  return [...launched, ...held].map(printable);
}

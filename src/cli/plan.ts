// `gocd-mesos plan`: one poll of the GoCD server, nothing launched. Not here: the verdicts (core/plan.ts).
// Prints tables, or one JSON object whose shape other programs rely on.

import type { Config } from "../config/config.ts";
import type { Finding } from "../core/event.ts";
import type { StoredState } from "../core/record.ts";
import { initialState, step } from "../core/step.ts";
import { statusView } from "../core/status_view.ts";
import type { StatusView } from "../core/view.ts";
import type { BucketDemand } from "../core/verdict.ts";
import { describeNeed } from "../core/reason.ts";
import { exitCodes, OperatorError } from "../errors.ts";
import { realClock } from "../runtime/clock.ts";
import { openGocd } from "../runtime/ports.ts";
import { readStoredState } from "../runtime/stored_state.ts";
import type { Command } from "./command.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile } from "./load.ts";
import { table } from "./table.ts";

/** The command. */
export const planCommand: Command = {
  name: "plan",
  summary: "one poll of GoCD: every waiting job with its verdict, and what would be launched",
  help: `Usage: gocd-mesos plan [--json] path/to/framework.conf

Polls the GoCD server once and prints every waiting job with its verdict and reason, every GoCD agent, and what would be
launched. Nothing is launched, enabled or stopped. The state file is read, if there is one, so that agents which are
already coming count.

Options:
  --json    one JSON object on standard output; where the poll fails it has "problems", and the exit code is not 0

Examples:
  gocd-mesos plan framework.conf
  gocd-mesos plan --json framework.conf | jq '.jobs[] | select(.verdict == "unserved")'`,
  booleans: ["json"],
  strings: [],
  operandsMin: 1,
  operandsMax: 1,
  operandsText: "one configuration file",
  run: async ({ operands, flags }, io) => {
    const path = operands[0] ?? "";
    if (flags["json"] !== true) {
      const config = loadConfigFile(path, io);
      printPlan(await pollOnce(config), config, io);
      return 0;
    }
    let url = "";
    try {
      const config = loadConfigFile(path, io);
      url = config.gocd.url;
      io.out(JSON.stringify(planJson(await pollOnce(config), url), null, 2));
      return 0;
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      const problem = { code: error.code, message: error.message, hint: error.hint };
      io.out(JSON.stringify({ server: { url }, problems: [problem] }, null, 2));
      io.err(`gocd-mesos: ${error.message}`);
      return exitCodes[error.kind];
    }
  },
};

/** One poll, judged as the running program would. */
export async function pollOnce(config: Config): Promise<StatusView> {
  const gocd = openGocd(config, realClock);
  const poll = await gocd.poll(AbortSignal.timeout(config.gocd.timeoutMs * 4 + 10_000)).finally(() => gocd.close());
  const atMs = realClock.nowMs();
  const state = initialState(storedOf(config), config.settings, atMs);
  const { state: polled } = step(state, { atMs, random: 0.5, event: { kind: "gocd-polled", ...poll } });
  return statusView(polled, atMs);
}

function storedOf(config: Config): StoredState {
  return readStoredState(config) ?? {
    framework: { lineage: "none00", nextTaskNumber: 1 },
    instances: [],
    controls: { frozen: false, frozenProfiles: [], mode: "run" },
  };
}

/** The object of `plan --json`. */
export function planJson(view: StatusView, url: string): Record<string, unknown> {
  return {
    server: { url, version: view.gocd.version ?? null, maintenance: view.gocd.maintenance },
    jobs: view.jobs.map((job) => ({
      locator: job.locator,
      name: job.name,
      environment: job.environment ?? null,
      gocdResources: job.gocdResources,
      verdict: job.verdict,
      profile: job.profile ?? null,
      reason: job.reason,
    })),
    gocdAgents: view.gocdAgents.map(({ taskId: _, ...gocdAgent }) => gocdAgent),
    demand: view.demand.map((bucket) => ({
      environment: bucket.environment ?? null,
      gocdResources: bucket.gocdResources,
      profile: bucket.profile ?? null,
      waiting: bucket.waiting,
      willBeTaken: bucket.willBeTaken,
      coming: bucket.coming,
      otherCause: bucket.otherCause,
      needsAgent: bucket.needsAgent,
      limitedTo: bucket.limitedTo ?? null,
      reason: bucket.reason,
    })),
    problems: planProblems(view),
  };
}

/** Problems of the servers; that one poll has no Mesos session is none. */
function planProblems(view: StatusView): Finding[] {
  return view.problems.filter((problem) => !problem.code.startsWith("mesos-"));
}

function printPlan(view: StatusView, config: Config, io: CliIo): void {
  const { columns } = io.size();
  io.out(
    `GoCD server ${config.gocd.url}, version ${view.gocd.version ?? "unknown"}${
      view.gocd.maintenance === "on" ? ", in maintenance mode" : ""
    }`,
  );
  io.out("");
  io.out(`${view.jobs.length} job${view.jobs.length === 1 ? "" : "s"} wait${view.jobs.length === 1 ? "s" : ""}`);
  if (view.jobs.length > 0) {
    io.out(table(
      ["JOB", "NEEDS", "VERDICT", "REASON"],
      view.jobs.map((job) => [job.locator, describeNeed(job.gocdResources, job.environment), job.verdict, job.reason]),
      columns,
    ));
  }
  io.out("");
  io.out(`${view.gocdAgents.length} GoCD agent${view.gocdAgents.length === 1 ? "" : "s"}`);
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
  const launches = view.demand.map(launchLine).filter((line) => line !== undefined);
  if (launches.length === 0) io.out("  nothing");
  for (const line of launches) io.out(`  ${line}`);
  const problems = planProblems(view);
  if (problems.length > 0) io.out("");
  for (const problem of problems) {
    io.out(`! ${problem.message}`);
    if (problem.hint !== "") io.out(`  to do: ${problem.hint}`);
  }
}

function launchLine(bucket: BucketDemand): string | undefined {
  if (bucket.needsAgent === 0) return undefined;
  return `${bucket.needsAgent} of profile ${bucket.profile ?? "?"} for ${
    describeNeed(bucket.gocdResources, bucket.environment)
  }: ${bucket.reason}`;
}

// Runs `gocd-mesos record`: jobs of the history, page by page, or what polls of the GoCD server show.

import { bucketJobs } from "../core/demand/backlog.ts";
import { wantsGroups } from "../core/demand/pipeline_groups.ts";
import type { TimeSpan } from "../core/view/history.ts";
import { counted, formatDuration } from "../core/words/phrases.ts";
import { messageOf, OperatorError } from "../errors.ts";
import type { JobLife } from "../core/view/history.ts";
import { JobBook } from "../history/jobs.ts";
import { openHistoryForReading } from "../history/reader.ts";
import { readApi } from "../runtime/control_client.ts";
import { openGocd } from "../runtime/ports.ts";
import { historyPath } from "../runtime/rights.ts";
import type { HistoryJobsDocument } from "../web/api/history.ts";
import { recorded, unseenBuildMs } from "../whatif/recorded.ts";
import { formatTrace } from "../whatif/trace.ts";
import type { CliIo } from "./io.ts";
import { loadConfigFile, loadNeeded } from "./load.ts";
import { printable } from "./table.ts";
import { UsageError } from "./usage.ts";

/** What to record. */
export type RecordOptions =
  | { readonly kind: "past"; readonly path: string; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: "watch"; readonly path: string; readonly forMs: number };

/** Maximum number of jobs in one response. */
const pageMax = 10_000;

/** Runs it. Throws OperatorErrors. */
export async function runRecord(options: RecordOptions, io: CliIo): Promise<number> {
  const { name, span, jobs } = options.kind === "past" ? await past(options, io) : await watch(options, io);
  const { trace, others, unseen } = recorded(name, span, jobs);
  // Resources and environments are external names.
  io.out(formatTrace(trace).trimEnd());
  const left = others === 0 ? "" : `; ${counted(others, "job")} of agents that are not ours left out`;
  const short = unseen === 0
    ? ""
    : `; ${counted(unseen, "build")} without a complete observation counted as ${formatDuration(unseenBuildMs)}`;
  io.err(printable(
    `gocd-mesos: ${counted(trace.jobs.length, "job")} in ${formatDuration(span.toMs - span.fromMs)}${left}${short}`,
  ));
  return 0;
}

interface Found {
  readonly name: string;
  readonly span: TimeSpan;
  readonly jobs: readonly JobLife[];
}

type Page = (span: TimeSpan) => Promise<readonly JobLife[]>;

async function past({ path, fromMs, toMs }: RecordOptions & { readonly kind: "past" }, io: CliIo): Promise<Found> {
  const { config } = loadNeeded(path, io, { keys: /^history(\..*)?$/ });
  const { settings: { frameworkName: name } } = config;
  const asked = { fromMs, toMs };
  if (config.history.keepMs === 0) {
    throw new UsageError(`${config.path}: no history is kept (history.keep = 0)`, "use --for to watch the GoCD server");
  }
  if (await readApi(config, "history?limit=0&step=86400") !== undefined) {
    const page: Page = async (span) => {
      const query = new URLSearchParams({
        from: String(span.fromMs),
        to: String(span.toMs),
        limit: String(pageMax),
      });
      return (await readApi(config, `history/jobs?${query}`) as HistoryJobsDocument).jobs;
    };
    return { name, ...await allOf(asked, page) };
  }
  const file = historyPath(config);
  if (file === undefined) {
    throw new UsageError(
      "no instance runs here, and its history was in memory",
      "set history.path to keep it in a file, or use --for to watch the GoCD server",
    );
  }
  const history = openHistoryForReading(file);
  try {
    return { name, ...await allOf(asked, (span) => Promise.resolve(history.jobs(span, pageMax))) };
  } finally {
    history.close();
  }
}

/** All pages; a full page is followed by one that starts where it ends. */
async function allOf(span: TimeSpan, page: Page): Promise<Pick<Found, "span" | "jobs">> {
  const jobs: JobLife[] = [];
  for (let { fromMs } = span; fromMs < span.toMs;) {
    const found = await page({ fromMs, toMs: span.toMs });
    const last = found.at(-1);
    if (last === undefined || found.length < pageMax) {
      jobs.push(...found);
      break;
    }
    // Jobs of its last moment are returned again, unless they fill the whole page.
    const nextMs = Math.max(last.atMs, fromMs + 1);
    jobs.push(...found.filter(({ atMs }) => atMs < nextMs));
    fromMs = nextMs;
  }
  return { span, jobs };
}

/**
 * Polls until the time is up or it is interrupted. A failed poll is reported, and the next one follows. Jobs count
 * regardless of the agent that builds them: there may be no agents of ours yet.
 */
async function watch({ path, forMs }: RecordOptions & { readonly kind: "watch" }, io: CliIo): Promise<Found> {
  const config = loadConfigFile(path, io);
  const { machine } = io;
  const stop = new AbortController();
  const silent = [io.onSignal("SIGINT", () => stop.abort()), io.onSignal("SIGTERM", () => stop.abort())];
  const gocd = openGocd(config, machine);
  const questions = wantsGroups(config.settings) ? { pipelineGroups: true } as const : {};
  const book = new JobBook();
  const fromMs = machine.nowMs();
  try {
    while (!stop.signal.aborted && machine.nowMs() - fromMs < forMs) {
      try {
        const { jobs, agents, pipelineGroups, server: { resourceCase } } = await gocd.poll(stop.signal, questions);
        const backlog = bucketJobs(jobs, config.settings.poller, resourceCase);
        const seen = { backlog, agents, pipelineGroups, firstSeenMs: () => undefined, isOurs: () => true };
        book.look(seen, machine.nowMs());
      } catch (error) {
        if (stop.signal.aborted) break;
        // If access is refused at first, it will be refused for hours.
        if (!(error instanceof OperatorError) || error.kind === "refused") throw error;
        io.err(printable(`gocd-mesos: ${messageOf(error)}`));
      }
      const leftMs = fromMs + forMs - machine.nowMs();
      await machine.sleep(Math.max(0, Math.min(config.settings.poller.intervalMs, leftMs)), stop.signal);
    }
  } finally {
    for (const end of silent) end();
    gocd.close();
  }
  return {
    name: config.settings.frameworkName,
    span: { fromMs, toMs: Math.max(fromMs + 1, machine.nowMs()) },
    jobs: book.everything(),
  };
}

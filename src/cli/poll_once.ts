// One poll of the GoCD server, evaluated as the running program would. Nothing is launched, enabled or stored.

import { windowsAt } from "../config/cron.ts";
import type { Config } from "../config/config.ts";
import { environmentsInQuestion } from "../core/demand/environments.ts";
import { wantsGroups } from "../core/demand/pipeline_groups.ts";
import type { StoredState } from "../core/record.ts";
import type { WantedAgents } from "../core/state.ts";
import { statusView } from "../core/view/status_view.ts";
import { initialState, step } from "../core/step.ts";
import type { BucketView, JobView, StatusView } from "../core/view/view.ts";
import { dueText, onceDueText } from "../core/words/reasons.ts";
import { realClock } from "../runtime/clock.ts";
import { openGocd, stateOf } from "../runtime/ports.ts";
import { gocdLimit, withinLimit } from "./time_limit.ts";

/** The result of one poll. */
export interface PolledOnce {
  readonly view: StatusView;
  /** What would be launched. */
  readonly wanted: readonly WantedAgents[];
}

/** Polls once. Throws an OperatorError if the poll fails or the state file cannot be read. */
export async function pollOnce(config: Config): Promise<PolledOnce> {
  const gocd = openGocd(config, realClock);
  const questions = {
    environments: environmentsInQuestion(config.settings),
    ...(wantsGroups(config.settings) ? { pipelineGroups: true } as const : {}),
  };
  const poll = await withinLimit(gocdLimit(config), (signal) => gocd.poll(signal, questions))
    .finally(() => gocd.close());
  const atMs = realClock.nowMs();
  const { poller } = config.settings;
  // One poll cannot show that demand lasts: it is evaluated as if it did, so that limits and other gates are visible.
  const settings = { ...config.settings, poller: { ...poller, attempts: 0 } };
  const fresh = initialState(await storedOf(config), settings, atMs);
  // One poll cannot show whether Mesos has offers.
  const windows = new Map(windowsAt(settings, atMs).map((each) => [each.profile, each]));
  const state = { ...fresh, windows, session: { ...fresh.session, kind: "subscribed" as const } };
  const { state: polled } = step(state, { atMs, random: 0.5, event: { kind: "gocd-polled", ...poll } });
  const view = statusView(polled, atMs);
  return {
    view: {
      ...view,
      jobs: view.jobs.map((job) => worded(job, poller.attempts)),
      demand: view.demand.map((bucket) => wordedDemand(bucket, poller.attempts)),
      problems: view.problems.filter((problem) => !problem.code.startsWith("mesos-")),
    },
    wanted: polled.demand.wanted,
  };
}

async function storedOf(config: Config): Promise<StoredState> {
  return await stateOf(config).read() ?? {
    framework: { lineage: "none00", nextTaskNumber: 1 },
    instances: [],
    controls: { frozen: false, frozenProfiles: [], mode: "run" },
  };
}

/** One poll cannot show whether an offer will arrive. */
function worded(job: JobView, attempts: number): JobView {
  if (job.reasonCode !== "launching") return job;
  const remarks = (job.remarks ?? []).map(({ text }) => text);
  return { ...job, reason: [onceDueText(job, attempts), ...remarks].join("; ") };
}

function wordedDemand(bucket: BucketView, attempts: number): BucketView {
  return bucket.wanted === 0 ? bucket : { ...bucket, reason: `${bucket.reason}; launched ${dueText(attempts)}` };
}

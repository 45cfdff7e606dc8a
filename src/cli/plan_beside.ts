// What the instance that runs here holds back: a plan alone knows neither its failures nor its servers.

import type { Config } from "../config/config.ts";
import type { StatusView } from "../core/view/view.ts";
import { OperatorError } from "../errors.ts";
import { readRunning } from "../runtime/control_client.ts";
import type { PolledOnce } from "./poll_once.ts";

/**
 * The plan, and the process of the instance whose restrictions it includes; absent: none runs here, or it is on
 * standby.
 */
export interface PlanBeside {
  readonly once: PolledOnce;
  readonly pid?: number;
}

/** Includes what the running instance holds back; if it does not answer, that is a problem of the plan. */
export async function besideRunning(once: PolledOnce, config: Config): Promise<PlanBeside> {
  try {
    const running = await readRunning(config);
    if (running === undefined || running.view.leadership?.role === "standby") return { once };
    return { once: withHolds(once, running.view), pid: running.pid };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    const { code, message, hint } = error;
    const problem = { code, message: `${message}: what it holds back is not known`, hint };
    return { once: { ...once, view: { ...once.view, problems: [...once.view.problems, problem] } } };
  }
}

/** How many agents of a profile the running instance may launch, and why not more. */
interface Hold {
  readonly room: 0 | 1;
  readonly why: string;
}

/** These hold back a profile, or all of them, completely; the plan itself knows limits and switches, from the state. */
const whole: ReadonlySet<string> = new Set([
  ...["held-breaker", "held-frozen", "held-mode", "held-stale", "held-maintenance", "held-restarted", "held-brake"],
  "held-no-session",
]);

/** The plan as an instance with this picture would carry it out. */
export function withHolds(once: PolledOnce, running: StatusView): PolledOnce {
  const held = new Map(
    [...new Set(once.wanted.map(({ profile }) => profile))].flatMap((profile) => {
      const hold = holdOf(profile, running);
      return hold === undefined ? [] : [[profile, hold] as const];
    }),
  );
  if (held.size === 0) return once;
  const room = new Map<string, number>([...held].map(([profile, hold]) => [profile, hold.room]));
  const wanted = once.wanted.map((each) => {
    const left = room.get(each.profile) ?? Infinity;
    const count = Math.min(each.count, left);
    room.set(each.profile, left - count);
    return { ...each, count };
  });
  const counts = new Map(wanted.map(({ bucketKey, count }) => [bucketKey, count]));
  const { view } = once;
  return {
    wanted,
    view: {
      ...view,
      demand: view.demand.map((bucket) => {
        const hold = bucket.profile === undefined ? undefined : held.get(bucket.profile);
        if (hold === undefined || bucket.wanted === 0) return bucket;
        const count = counts.get(bucket.key) ?? 0;
        return { ...bucket, wanted: count, limitedTo: count, reason: hold.why };
      }),
      jobs: view.jobs.map((job) => {
        const hold = job.profile === undefined ? undefined : held.get(job.profile);
        return hold === undefined || job.reasonCode !== "launching" ? job : { ...job, reason: hold.why };
      }),
      problems: [
        ...view.problems,
        ...running.problems.filter(({ code, profile = "" }) => code === "profile-failing" && held.has(profile)),
      ],
    },
  };
}

function holdOf(profile: string, { profiles, jobs, problems }: StatusView): Hold | undefined {
  const blocked = profiles.find(({ name }) => name === profile)?.blocked;
  const ofJob = jobs.find((job) => job.profile === profile && whole.has(job.reasonCode));
  const why = blocked ?? problems.find(({ code }) => whole.has(code))?.message ?? ofJob?.reason;
  if (why !== undefined) return { room: 0, why: `the running instance holds it back: ${why}` };
  const probed = jobs.find((job) => job.profile === profile && job.reasonCode === "held-probe");
  if (probed === undefined) return undefined;
  return { room: 1, why: `the running instance launches one at a time: ${probed.reason}` };
}

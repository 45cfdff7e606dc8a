// `doctor --canary`: makes the running instance launch one agent of a profile, and reports each step until it is
// removed again. The instance owns the agent from its launch to its end, so nothing is left behind, whatever happens to
// this command.

import type { Config } from "../config/config.ts";
import type { AgentProfile } from "../core/settings.ts";
import type { InstanceView, StatusView } from "../core/view/view.ts";
import { formatDuration } from "../core/words/phrases.ts";
import { OperatorError } from "../errors.ts";
import { readRunningStatus, sendCommand } from "../runtime/control_client.ts";
import type { CliIo } from "./io.ts";
import type { Report } from "./report.ts";
import { UsageError } from "./usage.ts";

/** Interval of polls of the instance. */
const lookMs = 1_000;
/**
 * In addition to the timeouts of the profile, which end an agent that does not register: time for offers, and for its
 * removal.
 */
const spareMs = 12 * 60_000;

/** The selected profile. Throws {@linkcode UsageError}. */
export function canaryProfile(
  { settings: { profiles } }: Config,
  named: unknown,
): AgentProfile {
  const names = profiles.map(({ name }) => name).join(", ");
  const [only, ...more] = profiles;
  if (typeof named !== "string" && only !== undefined && more.length === 0) return only;
  if (typeof named !== "string") throw new UsageError("--canary needs --profile", `name one of: ${names}`);
  const found = profiles.find(({ name }) => name === named);
  if (found === undefined) throw new UsageError(`there is no profile ${named}`, `name one of: ${names}`);
  return found;
}

/** Launches one, and reports each step in a row; returns whether a signal has ended the wait. */
export async function doctorCanary(
  config: Config,
  profile: AgentProfile,
  { report, io }: { readonly report: Report; readonly io: CliIo },
): Promise<boolean> {
  const before = await readRunningStatus(config);
  if (before === undefined) {
    report.fail(
      "canary",
      failure(
        "no instance runs here: the running one launches the canary",
        "start it first, with `gocd-mesos freeze FILE` before that if no other agent should be launched; a freeze does " +
          "not prevent a canary",
      ),
    );
    return false;
  }
  await sendCommand(config, "canary", { profile: profile.name });
  const stop = new AbortController();
  const releases = (["SIGINT", "SIGTERM"] as const).map((name) => io.onSignal(name, () => stop.abort()));
  try {
    return await follow(config, { profile, before, report, io }, stop.signal);
  } finally {
    releases.forEach((release) => release());
  }
}

interface Followed {
  readonly profile: AgentProfile;
  readonly before: StatusView;
  readonly report: Report;
  readonly io: CliIo;
}

/** What was seen of it so far. */
interface Seen {
  taskId: string | undefined;
  isRunning: boolean;
  isRegistered: boolean;
  /** Its GoCD record has been seen. */
  uuid: string | undefined;
}

async function follow(config: Config, of: Followed, signal: AbortSignal): Promise<boolean> {
  const { profile, before, report, io: { machine } } = of;
  const startMs = machine.nowMs();
  const limitMs = config.settings.scaling.launchTimeoutMs + profile.registerTimeoutMs + spareMs;
  const seen: Seen = { taskId: undefined, isRunning: false, isRegistered: false, uuid: undefined };
  const known = new Set(before.instances.map(({ taskId }) => taskId));
  while (true) {
    const view = await readRunningStatus(config);
    const tookMs = machine.nowMs() - startMs;
    if (view === undefined) {
      const hint = "start it again: it completes what it started";
      report.fail("canary", failure(`the instance has ended${leftText(seen)}`, hint));
      return false;
    }
    if (look(view, { ...of, known, seen, tookMs })) return false;
    const isOver = tookMs >= limitMs;
    if (signal.aborted || isOver) {
      const why = isOver ? `not done within ${formatDuration(limitMs)}` : "no longer waiting";
      report.fail("canary", failure(`${why}${leftText(seen)}`, "nothing to do: the instance removes it"));
      return signal.aborted;
    }
    await machine.sleep(lookMs, signal);
  }
}

interface Look extends Followed {
  readonly known: ReadonlySet<string>;
  readonly seen: Seen;
  readonly tookMs: number;
}

/** Reports what is new; returns whether it has ended. */
function look(view: StatusView, { profile, report, known, seen, tookMs }: Look): boolean {
  const after = `after ${formatDuration(tookMs)}`;
  const canary = seen.taskId === undefined
    ? view.instances.find((each) => each.canary === true && each.profile === profile.name && !known.has(each.taskId))
    : view.instances.find(({ taskId }) => taskId === seen.taskId);
  if (canary !== undefined && seen.taskId === undefined) {
    seen.taskId = canary.taskId;
    report.ok("launch", `${canary.taskId} is launched on ${canary.host} ${after}`);
  }
  if (seen.taskId === undefined) return false;
  const { taskId } = seen;
  const state = canary?.state ?? "gone";
  if (!seen.isRunning && (isRegistered(state) || canary !== undefined && hasRun(canary))) {
    seen.isRunning = true;
    report.ok("pull", `image ${profile.container.image} is available, and its container runs, ${after}`);
  }
  seen.uuid = canary?.uuid ?? seen.uuid;
  if (!seen.isRegistered && isRegistered(state)) {
    seen.isRegistered = true;
    report.ok("key", `it has registered with the GoCD server and is enabled ${after}`);
  }
  if (state !== "gone") return false;
  if (!seen.isRegistered) {
    const end = canary?.detail ?? view.finished?.find((each) => each.taskId === taskId)?.end ?? "its end was not seen";
    const problem = view.problems.find(({ code, profile: name }) =>
      code === "profile-failing" && name === profile.name
    );
    const hint = problem?.hint ?? "see the log";
    report.fail("canary", failure(`${taskId} ended before it registered: ${end}`, hint));
    return true;
  }
  if (view.gocdAgents.some((each) => each.taskId === taskId || each.uuid === seen.uuid)) return false;
  report.ok("removed", `its container is stopped and its record is deleted ${after}`);
  return true;
}

function isRegistered(state: InstanceView["state"]): boolean {
  return state === "idle" || state === "building" || state === "draining" || state === "unsure";
}

function hasRun({ life = [] }: InstanceView): boolean {
  return life.some(({ state }) => state === "registering");
}

function leftText({ taskId }: Seen): string {
  return taskId === undefined
    ? "; nothing is launched yet, nor will be after 10 minutes"
    : `; ${taskId} still exists, and is removed once it is idle`;
}

function failure(message: string, hint: string): OperatorError {
  return new OperatorError(message, { code: "canary-failed", kind: "refused", hint });
}

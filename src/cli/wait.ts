// `--wait` of `drain` and `teardown`: follows the running instance until it is done.

import type { PartialConfig } from "../config/load.ts";
import { parseDuration } from "../config/values.ts";
import type { StoredState } from "../core/record.ts";
import type { InstanceView, StatusView } from "../core/view/view.ts";
import { counted, formatDuration } from "../core/words/phrases.ts";
import { OperatorError } from "../errors.ts";
import { readRunningStatus } from "../runtime/control_client.ts";
import { stateOf } from "../runtime/ports.ts";
import type { CommandArguments } from "./command.ts";
import type { CliIo } from "./io.ts";
import { requireState } from "./load.ts";
import { interruptedCode } from "./start.ts";
import { UsageError } from "./usage.ts";

/** Exit code if `--timeout` has passed, that of timeout(1). */
export const timeoutCode = 124;

/** The lines of a help text about waiting. */
export const waitHelp =
  `  --wait            return once it is done; a line is printed whenever the number of agents changes
  --timeout TIME    with --wait: wait no longer than that (30m, 2 hours)`;

/** The exit codes of waiting, for a help text. */
export const waitCodesHelp = `Exit codes of --wait (a ${timeoutCode} or 130 ends only the waiting):
  0  done                         3  no instance runs (any more); the next start continues
  4  cancelled by a resume      ${timeoutCode}  not done within --timeout      130  ended by a signal`;

/** How long to wait, from the command line. */
export interface WaitOptions {
  /** Absent: without limit. */
  readonly limitMs?: number;
}

/** The values of `--wait` and `--timeout`; nothing without waiting. Throws {@linkcode UsageError}. */
export function waitOptions(flags: CommandArguments["flags"]): WaitOptions | undefined {
  const { wait, timeout } = flags;
  if (typeof timeout !== "string") return wait === true ? {} : undefined;
  if (wait !== true) throw new UsageError("--timeout is for --wait", `write --wait --timeout ${timeout}`);
  const limit = parseDuration(timeout);
  if (!limit.ok) throw new UsageError(`--timeout: ${limit.message}`, limit.hint);
  if (limit.value <= 0) throw new UsageError("--timeout must be longer than 0", "write for example --timeout 30m");
  return { limitMs: limit.value };
}

/** What is followed. */
export interface Awaited {
  readonly part: PartialConfig;
  readonly what: "drain" | "teardown";
  /** Only of this profile, or only this agent; absent, or empty: all. */
  readonly of?: Whom;
  readonly options: WaitOptions;
}

/** Whose end is awaited. */
export interface Whom {
  readonly profile?: string;
  /** Task id. */
  readonly agent?: string;
}

/** Interval of polls of the instance. */
const lookMs = 1_000;

/** Follows the running instance and returns the exit code. Throws an OperatorError if it will never finish. */
export async function waitUntilDone({ part, what, of = {}, options }: Awaited, io: CliIo): Promise<number> {
  const { machine } = io;
  const startMs = machine.nowMs();
  const limitMs = options.limitMs ?? Infinity;
  const signalled = new AbortController();
  const releases = (["SIGINT", "SIGTERM"] as const).map((name) => io.onSignal(name, () => signalled.abort()));
  // A hanging instance must not delay a signal.
  const aborted = new Promise<undefined>((resolve) =>
    signalled.signal.addEventListener("abort", () => resolve(undefined))
  );
  let told = "";
  let former: StatusView | undefined;
  try {
    while (true) {
      const seen = await Promise.race([look(part, { what, of }, former), aborted]);
      const tookMs = machine.nowMs() - startMs;
      if (seen?.isDone === true) {
        io.out(`${seen.text} (after ${formatDuration(tookMs)})`);
        return 0;
      }
      if (seen !== undefined && seen.text !== told) io.out(seen.text);
      told = seen?.text ?? told;
      former ??= seen?.view;
      const isOver = tookMs >= limitMs;
      if (isOver || signalled.signal.aborted) {
        const why = isOver ? `not done within ${formatDuration(limitMs)}` : "no longer waiting";
        io.err(`gocd-mesos: ${why}; the ${what} goes on, and \`gocd-mesos resume\` cancels it`);
        return isOver ? timeoutCode : interruptedCode;
      }
      await machine.sleep(Math.min(lookMs, limitMs - tookMs), signalled.signal);
    }
  } finally {
    releases.forEach((release) => release());
  }
}

interface Look {
  readonly view?: StatusView;
  readonly text: string;
  readonly isDone: boolean;
}

/** What is awaited. */
interface Goal {
  readonly what: Awaited["what"];
  readonly of: Whom;
}

async function look(part: PartialConfig, goal: Goal, former: StatusView | undefined): Promise<Look> {
  try {
    const view = await readRunningStatus(part.config);
    return view === undefined ? await lookAtState(part, goal) : lookAtView(view, goal, former);
  } catch (error) {
    if (!(error instanceof OperatorError) || error.kind !== "unreachable" || error.code !== "control-failed") {
      throw error;
    }
    return { text: error.message, isDone: false };
  }
}

/** If something has restarted the program, its framework is no longer the one to tear down. */
function lookAtView(view: StatusView, { what, of }: Goal, former: StatusView | undefined): Look {
  const before = former?.mesos.frameworkId;
  const isGone = view.tornDown === true || before !== undefined && view.mesos.frameworkId !== before;
  if (what === "teardown" && isGone) return { view, text: doneTexts.teardown, isDone: true };
  const cancelled = cancelledText(view, { what, of });
  if (cancelled !== undefined) {
    throw notDone(`the ${what} was cancelled: ${cancelled}`, "repeat the command", "refused");
  }
  const left = view.instances.filter((each) => each.state !== "gone" && isMeant(each, of));
  if (left.length > 0) return { view, text: leftText(left, view), isDone: false };
  return what === "drain" ? { view, text: drainedText(of), isDone: true } : {
    view,
    text: "no agent is left; the framework is removed once their records on the GoCD server are deleted",
    isDone: false,
  };
}

function isMeant({ taskId, profile }: { readonly taskId: string; readonly profile: string }, of: Whom): boolean {
  return (of.profile ?? profile) === profile && (of.agent ?? taskId) === taskId;
}

/** The drain of a single agent cannot be cancelled; that of a profile or of all is, by a resume. */
function cancelledText(view: StatusView, { what, of }: Goal): string | undefined {
  if (of.agent !== undefined) return undefined;
  if (of.profile === undefined) return view.mode === what ? undefined : `the instance is in mode ${view.mode}`;
  const isFrozen = view.frozen || view.mode !== "run" ||
    view.profiles.some(({ name, frozen }) => name === of.profile && frozen);
  return isFrozen ? undefined : `profile ${of.profile} is launched again`;
}

function drainedText({ profile, agent }: Whom): string {
  if (agent !== undefined) return `drained: ${agent} is gone`;
  return profile === undefined ? doneTexts.drain : `drained: no agent of profile ${profile} is left`;
}

const doneTexts = { drain: "drained: no agent is left", teardown: "torn down: the framework is removed" } as const;

/** The instance has ended: checks what is left. */
async function lookAtState(part: PartialConfig, { what, of }: Goal): Promise<Look> {
  requireState(part);
  const stored = await stateOf(part.config).read();
  if (stored === undefined || isDoneIn(stored, { what, of })) {
    return { text: what === "drain" ? drainedText(of) : doneTexts[what], isDone: true };
  }
  throw notDone(`no instance runs here, and the ${what} is not done`, "start it again: it continues", "unreachable");
}

function isDoneIn({ framework, instances }: StoredState, { what, of }: Goal): boolean {
  if (what === "teardown") return framework.frameworkId === undefined && instances.length === 0;
  return instances.every((each) => each.state === "gone" || !isMeant(each, of));
}

function notDone(message: string, hint: string, kind: "refused" | "unreachable"): OperatorError {
  return new OperatorError(message, { code: "not-done", kind, hint });
}

/** `3 agents are left: 1 building, 2 stopping`. */
function leftText(left: readonly InstanceView[], { gocdAgents }: StatusView): string {
  const building = new Set(gocdAgents.flatMap(({ state, taskId }) => state === "building" ? taskId ?? [] : []));
  const counts = new Map<string, number>();
  for (const { state, taskId } of left) {
    const word = building.has(taskId) ? "building" : words[state];
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const parts = [...counts].sort(([a], [b]) => a < b ? -1 : 1).map(([word, count]) => `${count} ${word}`);
  return `${counted(left.length, "agent is", "agents are")} left: ${parts.join(", ")}`;
}

const words: Readonly<Record<InstanceView["state"], string>> = {
  launching: "starting",
  starting: "starting",
  idle: "idle",
  building: "building",
  draining: "stopping",
  killing: "stopping",
  unreachable: "unreachable",
  unsure: "unsure",
  gone: "gone",
};

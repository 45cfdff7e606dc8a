// When the GoCD server is polled next: one request at a time, faster while agents change, slower while nothing is
// scheduled, backoff on errors.

import type { Draft } from "../draft.ts";
import { environmentsInQuestion } from "../demand/environments.ts";
import type { GocdProblem } from "../event.ts";
import { wantsGroups } from "../demand/pipeline_groups.ts";
import { answerMaxMs } from "../life/gocd_clocks.ts";
import { waitsForLook } from "../life/lifecycle_clock.ts";
import { uuidOf } from "../life/phase.ts";
import { isReturning } from "../life/returned.ts";
import { isLastJobNear } from "../life/worn.ts";
import type { Registered } from "../instance.ts";
import type { ServerState, State } from "../state.ts";

/** Between two reads of the agents while instances change. */
const agentsReadMs = 10_000;
/** After a call that changed a record, its effect is looked for this soon. */
export const lookAgainMs = 2_000;
/** First pause after an error. */
const retryFirstMs = 5_000;
const quietGrowth = 1.5;
/** After an answer, this many times its duration is left to the server. */
const restFactor = 9;
/** A record of the dead that cannot be deleted for this long is looked at only by the ordinary polls. */
const cleanUpMaxMs = 3_600_000;

/** Asks the server what is due, if anything. Called at every tick. */
export function pollIfDue(draft: Draft): void {
  const { server } = draft.state;
  const { atMs } = draft;
  if (draft.state.shuttingDown) return;
  const { askedMs = -Infinity } = server;
  if (atMs - askedMs < answerMaxMs) return;
  if (atMs >= server.nextPollMs) {
    draft.set({ server: { ...server, askedMs: atMs } });
    const environments = environmentsInQuestion(draft.state.settings);
    draft.effect({
      kind: "poll-gocd",
      ...(environments.length === 0 ? {} : { environments }),
      ...(wantsGroups(draft.state.settings) ? { pipelineGroups: true } : {}),
    });
  } else if (atMs >= server.nextAgentsMs && isAnyChanging(draft)) {
    draft.set({ server: { ...server, askedMs: atMs } });
    draft.effect({ kind: "read-gocd-agents" });
  }
}

/** Whether the next reads of the agents will carry an instance on. */
function isAnyChanging(draft: Draft): boolean {
  const { state, atMs } = draft;
  const instances = [...state.instances.values()];
  if (instances.some((instance) => instance.state === "starting" || instance.state === "draining")) return true;
  const isWatched = (each: Registered): boolean =>
    each.gap !== undefined || isReturning(each.activity) || isLastJobNear(state, each);
  if (instances.some((each) => each.state === "registered" && isWatched(each))) return true;
  // A KILL that waits for a look at the list, and for nothing else.
  if (instances.some((each) => each.state === "killing" && waitsForLook(draft, each))) return true;
  const leaving = new Set(
    instances.filter(({ state, sinceMs }) => state === "gone" && atMs - sinceMs < cleanUpMaxMs).map(uuidOf),
  );
  return state.server.agents.some(({ uuid, configState }) => leaving.has(uuid) && configState !== "Pending");
}

/**
 * The shortest pause after an answer that took so long: a slow server is not kept busy by us for more than about a
 * tenth of its time. At most `poller.max-interval`.
 */
function restMs(state: State, tookMs: number | undefined): number {
  const { intervalMs, maxIntervalMs } = state.settings.poller;
  return Math.min((tookMs ?? 0) * restFactor, Math.max(intervalMs, maxIntervalMs));
}

/** The pause between two reads of the agents alone. */
export function agentsPauseMs(state: State, tookMs: number | undefined): number {
  return Math.max(Math.min(agentsReadMs, state.settings.poller.intervalMs), restMs(state, tookMs));
}

/** The times of the next questions after a good full poll that took `tookMs`. */
export function afterPoll(
  state: State,
  atMs: number,
  tookMs?: number,
): Pick<ServerState, "nextPollMs" | "nextAgentsMs" | "quietPolls" | "pollTookMs"> {
  const { intervalMs, maxIntervalMs } = state.settings.poller;
  const isQuiet = state.demand.backlog.buckets.length === 0 &&
    ![...state.instances.values()].some((instance) => instance.state !== "gone");
  const quietPolls = isQuiet ? state.server.quietPolls + 1 : 0;
  const slowMs = Math.max(intervalMs, Math.min(intervalMs * quietGrowth ** quietPolls, maxIntervalMs));
  return {
    quietPolls,
    nextPollMs: atMs + Math.max(isQuiet ? slowMs : intervalMs, restMs(state, tookMs)),
    nextAgentsMs: atMs + agentsPauseMs(state, tookMs),
    ...(tookMs === undefined ? {} : { pollTookMs: tookMs }),
  };
}

/** The times of the next questions after an error: exponential backoff with jitter, and no sooner than the server asks. */
export function afterFailure(
  state: State,
  problem: GocdProblem,
  { atMs, random }: { readonly atMs: number; readonly random: number },
): Pick<ServerState, "nextPollMs" | "nextAgentsMs" | "failuresInARow"> {
  const { intervalMs, maxIntervalMs } = state.settings.poller;
  const failuresInARow = state.server.failuresInARow + 1;
  const firstMs = Math.min(intervalMs, retryFirstMs);
  const pauseMs = Math.min(firstMs * 2 ** (failuresInARow - 1), Math.max(intervalMs, maxIntervalMs));
  const waitMs = Math.max(Math.round(pauseMs * (0.5 + random)), problem.retryAfterMs ?? 0);
  return { failuresInARow, nextPollMs: atMs + waitMs, nextAgentsMs: atMs + waitMs };
}

// Decides when the GoCD server is polled next: one request at a time, more often while agents change, less often while
// nothing is scheduled, backoff on errors.

import type { Draft } from "../draft.ts";
import { environmentsInQuestion } from "../demand/environments.ts";
import { wantsGroups } from "../demand/pipeline_groups.ts";
import { answerMaxMs } from "../life/gocd_clocks.ts";
import { waitsForLook } from "../life/lifecycle_clock.ts";
import { uuidOf } from "../life/phase.ts";
import { isReturning } from "../life/returned.ts";
import { isLastJobNear } from "../life/worn.ts";
import type { Registered } from "../instance.ts";
import type { ReadFailure, ServerState, State } from "../state.ts";

/** Interval between two reads of the agents while instances change. */
const agentsReadMs = 10_000;
/** Delay until the effect of a changed record is read. */
export const lookAgainMs = 2_000;
/** First pause after an error. */
const retryFirstMs = 5_000;
const quietGrowth = 1.5;
/** Pause after a response, as a multiple of its duration. */
const restFactor = 9;
/** A record of a dead agent that cannot be deleted for this long is only checked by regular polls. */
const cleanUpMaxMs = 3_600_000;

/** Sends the due request to the server, if any. Called at every tick. */
export function pollIfDue(draft: Draft): void {
  const { server } = draft.state;
  const { atMs } = draft;
  if (draft.state.shuttingDown) return;
  const { requestedMs = -Infinity } = server;
  if (atMs - requestedMs < answerMaxMs) return;
  if (atMs >= server.nextPollMs) {
    draft.patch("server", { requestedMs: atMs });
    const environments = environmentsInQuestion(draft.state.settings);
    draft.effect({
      kind: "poll-gocd",
      ...(environments.length === 0 ? {} : { environments }),
      ...(wantsGroups(draft.state.settings) ? { pipelineGroups: true } : {}),
    });
  } else if (atMs >= server.nextAgentsMs && isAnyChanging(draft)) {
    draft.patch("server", { requestedMs: atMs });
    draft.effect({ kind: "read-gocd-agents" });
  }
}

/** Whether the next reads of the agents will advance an instance. */
function isAnyChanging(draft: Draft): boolean {
  const { state, atMs } = draft;
  const instances = [...state.instances.values()];
  if (instances.some((instance) => instance.state === "starting" || instance.state === "draining")) return true;
  const isWatched = (each: Registered): boolean =>
    each.gap !== undefined || isReturning(each.activity) || isLastJobNear(state, each);
  if (instances.some((each) => each.state === "registered" && isWatched(each))) return true;
  // A KILL that only waits for a fresh list.
  if (instances.some((each) => each.state === "killing" && waitsForLook(draft, each))) return true;
  const leaving = new Set(
    instances.filter(({ state, sinceMs }) => state === "gone" && atMs - sinceMs < cleanUpMaxMs).map(uuidOf),
  );
  return state.server.agents.some(({ uuid, configState }) => leaving.has(uuid) && configState !== "Pending");
}

/**
 * The minimum pause after a response that took this long: we use no more than about a tenth of a slow server's time. At
 * most `poller.max-interval`.
 */
function restMs(state: State, tookMs: number | undefined): number {
  const { intervalMs, maxIntervalMs } = state.settings.poller;
  return Math.min((tookMs ?? 0) * restFactor, Math.max(intervalMs, maxIntervalMs));
}

/** The pause between two reads of the agents alone. */
export function agentsPauseMs(state: State, tookMs: number | undefined): number {
  return Math.max(Math.min(agentsReadMs, state.settings.poller.intervalMs), restMs(state, tookMs));
}

/** The times of the next requests after a successful full poll that took `tookMs`. */
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

/** The times of the next requests after an error: exponential backoff with jitter, and no sooner than `Retry-After`. */
export function afterFailure(
  state: State,
  { problem, count }: ReadFailure,
  { atMs, random }: { readonly atMs: number; readonly random: number },
): Pick<ServerState, "nextPollMs" | "nextAgentsMs"> {
  const { intervalMs, maxIntervalMs } = state.settings.poller;
  const firstMs = Math.min(intervalMs, retryFirstMs);
  const pauseMs = Math.min(firstMs * 2 ** (count - 1), Math.max(intervalMs, maxIntervalMs));
  const waitMs = Math.max(Math.round(pauseMs * (0.5 + random)), problem.retryAfterMs ?? 0);
  return { nextPollMs: atMs + waitMs, nextAgentsMs: atMs + waitMs };
}

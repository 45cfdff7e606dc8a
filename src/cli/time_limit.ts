// The time that a command spends on one server, over all its requests.

import type { Config } from "../config/config.ts";
import { formatDuration } from "../core/words/phrases.ts";
import { OperatorError } from "../errors.ts";

/** In addition to the limit of each request. */
const serverMarginMs = 30_000;

/** Requests of one command to one server. */
const requestsMax = 6;

/** The limit of all requests of a command to the GoCD server. */
export function gocdLimit(config: Pick<Config, "gocd">): TimeLimit {
  const hint = "check why GoCD is slow, or raise go-server.timeout";
  return { who: "the GoCD server", limitMs: requestsLimitMs(config), hint };
}

/** The limit of all requests of a command to the Mesos masters. */
export function mesosLimit(config: Pick<Config, "gocd">): TimeLimit {
  const hint = "check mesos-master, and that the masters are not overloaded";
  return { who: "the Mesos masters", limitMs: requestsLimitMs(config), hint };
}

/** Milliseconds for all requests to one server. */
export function requestsLimitMs({ gocd }: Pick<Config, "gocd">): number {
  return gocd.timeoutMs * requestsMax + serverMarginMs;
}

/** What is limited. */
export interface TimeLimit {
  /** As in "did not answer": `the GoCD server`. */
  readonly who: string;
  readonly limitMs: number;
  /** The operator's next step. */
  readonly hint: string;
}

/** A server answered each request in time, but not all of them together. */
export class TimeLimitError extends OperatorError {
  /** `cause`: the request in flight. */
  constructor({ who, limitMs, hint }: TimeLimit, cause: unknown) {
    super(`${who} did not answer all requests within ${formatDuration(limitMs)}`, {
      code: "time-limit",
      kind: "unreachable",
      hint,
      cause,
    });
    this.name = "TimeLimitError";
  }
}

/**
 * Runs an action within a limit. Throws {@linkcode TimeLimitError} if it is exceeded, otherwise what `act` throws.
 */
export async function withinLimit<T>(limit: TimeLimit, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(limit.limitMs);
  try {
    return await act(signal);
  } catch (error) {
    throw signal.aborted ? new TimeLimitError(limit, error) : error;
  }
}

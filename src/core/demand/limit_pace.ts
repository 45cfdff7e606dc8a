// `scaling.launches-per-minute`: spares registries, hosts and the GoCD server a wave of starts.

import type { LaunchLimit } from "./limit.ts";
import type { State } from "../state.ts";

const minuteMs = 60_000;

/** The limit on launches per minute, with those of the last minute counted; absent: there is none. */
export function paceLimit(state: State, atMs: number): LaunchLimit | undefined {
  const { launchesPerMinute: perMinute } = state.settings.scaling;
  if (perMinute === undefined) return undefined;
  let left = perMinute - launchedInMinute(state, atMs);
  return {
    room: () => left,
    take: (count) => left -= count,
    gate: () => ({ kind: "held-pace", perMinute }),
  };
}

/** How many agents were launched in the last minute, by this run of the program. */
export function launchedInMinute({ offers }: Pick<State, "offers">, atMs: number): number {
  return offers.launchTimesMs.filter((launchedMs) => atMs - launchedMs < minuteMs).length;
}

// `scaling.launches-per-minute`: protects registries, hosts and the GoCD server from a wave of starts.

import type { AgentInstance } from "../instance.ts";
import type { LaunchLimit } from "./limit.ts";
import type { State } from "../state.ts";

/** A launch counts for this long towards the limits per minute. */
export const paceMs = 60_000;

/** The limit on launches per minute, with those of the last minute counted; absent: there is none. */
export function paceLimit(state: State, atMs: number): LaunchLimit | undefined {
  const { launchesPerMinute: perMinute } = state.settings.scaling;
  if (perMinute === undefined) return undefined;
  const key = "scaling.launches-per-minute";
  const used = launchedInMinute(state, atMs);
  let left = perMinute - used;
  return {
    usage: { key, used, limit: perMinute, unit: "launches" },
    room: () => left,
    take: (count) => left -= count,
    gate: () => ({ kind: "held-pace", key, limit: perMinute }),
  };
}

/** When the instances of an earlier run were launched, if that still counts; dropped ones never started. */
export function launchTimesOf(instances: Iterable<AgentInstance>, atMs: number): readonly number[] {
  return [...instances].filter((instance) =>
    atMs - instance.createdMs < paceMs && instance.adopted !== true &&
    !(instance.state === "gone" && instance.cause === "dropped")
  ).map(({ createdMs }) => createdMs);
}

/** How many agents were launched in the last minute. */
export function launchedInMinute({ offers }: Pick<State, "offers">, atMs: number): number {
  return offers.launchTimesMs.filter((launchedMs) => atMs - launchedMs < paceMs).length;
}

// The maximum delay that each mild fault may cause, in ms, for the law of progress: the longest time until the retry
// that overcomes the fault, according to the settings.

import type { GocdEffect, MesosEffect } from "../../src/core/effect.ts";
import type { WorldFault } from "./faults.ts";
import type { World } from "./world_state.ts";

const second = 1_000;
const minute = 60_000;

/** The longest poll interval. */
function longestMs({ settings: { poller } }: World): number {
  return Math.max(poller.intervalMs, poller.maxIntervalMs);
}

/** The pause of a profile after its nth consecutive failure: 10 s, doubled, at most 10 min, and a quarter of jitter. */
function pauseMs({ program }: World): number {
  const failures = [...program?.state.breakers.profiles.values() ?? []].map((each) => each.failures);
  return 1.25 * Math.min(10 * second * 2 ** Math.max(0, ...failures), 10 * minute);
}

function registerMs({ settings: { profiles } }: World): number {
  return Math.max(...profiles.map((profile) => profile.registerTimeoutMs));
}

/** An agent that never registers: register-timeout, the list that proves it, the pause of its profile, a new start. */
export function costOfMuteAgent(world: World): number {
  return registerMs(world) + 2 * longestMs(world) + pauseMs(world) + 2 * minute;
}

/** An agent that exits: the pause of its profile, and a new start. */
export function costOfExit(world: World): number {
  return pauseMs(world) + 2 * minute;
}

/** A request to GoCD without a response: 30 s, then the backoff of reads, or the repetition of a change and a list. */
export function costOfLostRequest(world: World, kind: GocdEffect["kind"]): number {
  const isRead = kind === "poll-gocd" || kind === "read-gocd-agents";
  if (!isRead) return 2 * minute + costOfSlowRequest(world, 0);
  const backoffMs = Math.min(5 * second * 2 ** Math.min(world.watch.shown.failures, 20), longestMs(world));
  return 30 * second + 1.5 * backoffMs + 20 * second;
}

/** A slow response, and the pause after it. */
export function costOfSlowRequest(world: World, tookMs: number): number {
  return tookMs + Math.min(9 * tookMs, longestMs(world)) + 12 * second;
}

/** A call to Mesos without effect or response: 10 s until that is known, and its repetition. */
export function costOfLostCall(world: World, kind: MesosEffect["kind"]): number {
  // Requests that are not repeated immediately are repeated with growing pauses of at most five minutes.
  if (kind === "reconcile-tasks") return 6 * minute;
  if (kind === "accept-offers") return 2 * minute + costOfExit(world);
  // If the answer to an offer was late or lost, it stays outstanding until the next tick, plus a filter of 5 s.
  return minute;
}

/** A session has ended. */
export const costOfSessionEndMs: number = 30 * second;

/** The possible cost of Mesos faults since the last check. */
export function costOfStrikes(world: World, paid: Map<string, number>): number {
  let costMs = 0;
  for (const [kind, count] of world.mesos.strikes) {
    const fresh = count - (paid.get(kind) ?? 0);
    if (fresh === 0) continue;
    paid.set(kind, count);
    costMs += fresh * costOfStrike(world, kind);
  }
  return costMs;
}

function costOfStrike(world: World, kind: string): number {
  switch (kind) {
    // The master has the task in TASK_STAGING, so that only launch-timeout ends it.
    case "launchLost":
      return world.settings.scaling.launchTimeoutMs + costOfExit(world) + 2 * longestMs(world);
    case "callLost":
    case "answerLost":
    case "callDelayed":
      return 6 * minute;
    case "updateLost":
      return 2 * minute;
    case "killLost":
      return minute;
    default:
      return 30 * second;
  }
}

/** The possible cost of a start of the program: jobs are seen for the first time, and in `attempts` more polls. */
export function costOfStart({ settings: { poller } }: World): number {
  return (poller.attempts + 2) * (poller.intervalMs + 20 * second) + 2 * minute;
}

/** The possible cost of a one-time fault. */
export function costOfFault(world: World, fault: WorldFault): number {
  const startMs = costOfStart(world);
  switch (fault.kind) {
    case "stall-streams":
      return fault.forMs + startMs;
    case "fail-master":
      return fault.electionMs + fault.recoveryMs + startMs;
    // Five pings of 15 s, then its tasks are unreachable, and agents are launched for jobs that counted on them.
    case "lose-host":
      return 75 * second + startMs;
    case "exit-container":
      return costOfExit(world);
    case "gocd-outage":
      return fault.forMs + 1.5 * longestMs(world) + 30 * second;
    // All agents are Missing until their next ping; nothing is launched for two minutes.
    case "restart-gocd":
      return fault.startupMs + 2 * minute + 1.5 * longestMs(world) + startMs;
    // They occur later, at a point of the program, and cost then (world_program.ts).
    case "crash":
    case "fail-over":
      return 0;
    case "stop":
      return fault.downMs + startMs;
    default:
      return startMs;
  }
}

// What each mild fault may cost at most, in ms for everybody, for the law of progress: the longest time the program
// waits before the retry that overcomes the fault, by its settings.

import type { GocdEffect, MesosEffect } from "../../src/core/effect.ts";
import type { WorldFault } from "./faults.ts";
import type { World } from "./world_state.ts";

const second = 1_000;
const minute = 60_000;

/** The slowest rhythm of the polls. */
function longestMs({ settings: { poller } }: World): number {
  return Math.max(poller.intervalMs, poller.maxIntervalMs);
}

/** A profile pauses after its nth failure in a row: 10 s, doubled, at most 10 min, and a quarter of jitter. */
function pauseMs({ program }: World): number {
  const failures = [...program?.state.breakers.profiles.values() ?? []].map((each) => each.failures);
  return 1.25 * Math.min(10 * second * 2 ** Math.max(0, ...failures), 10 * minute);
}

function registerMs({ settings: { profiles } }: World): number {
  return Math.max(...profiles.map((profile) => profile.registerTimeoutMs));
}

/** An agent that will never register: register-timeout, the list that proves it, the pause of its profile, a new start. */
export function costOfMuteAgent(world: World): number {
  return registerMs(world) + 2 * longestMs(world) + pauseMs(world) + 2 * minute;
}

/** An agent that ends by itself: the pause of its profile, and a new start. */
export function costOfExit(world: World): number {
  return pauseMs(world) + 2 * minute;
}

/** A request to GoCD without an answer: 30 s, then the backoff of reads, or the repeat of a change and a list. */
export function costOfLostRequest(world: World, kind: GocdEffect["kind"]): number {
  const isRead = kind === "poll-gocd" || kind === "read-gocd-agents";
  if (!isRead) return 2 * minute + costOfSlowRequest(world, 0);
  const backoffMs = Math.min(5 * second * 2 ** Math.min(world.watch.shown.failures, 20), longestMs(world));
  return 30 * second + 1.5 * backoffMs + 20 * second;
}

/** A slow answer, and the rest that the server gets after it. */
export function costOfSlowRequest(world: World, tookMs: number): number {
  return tookMs + Math.min(9 * tookMs, longestMs(world)) + 12 * second;
}

/** A call to Mesos without an effect or an answer: 10 s until that is known, and its repeat. */
export function costOfLostCall(world: World, kind: MesosEffect["kind"]): number {
  // What was not asked for again at once is asked for with growing pauses, of five minutes at most.
  if (kind === "reconcile-tasks") return 6 * minute;
  if (kind === "accept-offers") return 2 * minute + costOfExit(world);
  // An answer to an offer that came late or not at all keeps it out until the next tick, and a filter of 5 s.
  return minute;
}

/** A session has ended. */
export const costOfSessionEndMs: number = 30 * second;

/** What Mesos' own faults since the last look may cost. */
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
    // The master knows the task as TASK_STAGING, so that only launch-timeout ends it.
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

/** What a start of the program may cost: jobs are seen for the first time, and in `attempts` more polls. */
export function costOfStart({ settings: { poller } }: World): number {
  return (poller.attempts + 2) * (poller.intervalMs + 20 * second) + 2 * minute;
}

/** What a fault that happens once may cost. */
export function costOfFault(world: World, fault: WorldFault): number {
  const startMs = costOfStart(world);
  switch (fault.kind) {
    case "stall-streams":
      return fault.forMs + startMs;
    case "fail-master":
      return fault.electionMs + fault.recoveryMs + startMs;
    // Five pings of 15 s, then its tasks are called unreachable, and jobs that counted on them are launched for.
    case "lose-host":
      return 75 * second + startMs;
    case "exit-container":
      return costOfExit(world);
    case "gocd-outage":
      return fault.forMs + 1.5 * longestMs(world) + 30 * second;
    // All agents are Missing until their next ping; nothing is launched for two minutes.
    case "restart-gocd":
      return fault.startupMs + 2 * minute + 1.5 * longestMs(world) + startMs;
    // They strike later, at a point of the program, and cost then (world_program.ts).
    case "crash":
    case "fail-over":
      return 0;
    case "stop":
      return fault.downMs + startMs;
    default:
      return startMs;
  }
}

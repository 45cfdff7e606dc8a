// The faults of mild weather, as in a healthy installation: a few percent of requests fail or are slow, a stream
// breaks, a container fails, the program restarts now and then.

import type { FaultPlan, FaultsFor, PlannedFault, WorldFault } from "./faults.ts";
import { promptLists, type RequestKind, requestKinds, type RequestOdds } from "./faults_calls.ts";
import type { Dice } from "./scenario_dice.ts";

const second = 1_000;
const minute = 60_000;

/** Mean interval between two faults of the kinds below. */
const betweenMs = 12 * minute;

/** One kind each; frequent ones are listed more than once. */
const makers: readonly ((draw: Dice, hostMax: number) => WorldFault)[] = [
  () => ({ kind: "cut-streams" }),
  () => ({ kind: "cut-streams" }),
  (draw) => ({ kind: "stall-streams", forMs: draw.between(1, 20) * second }),
  (draw) => ({ kind: "fail-master", electionMs: draw.pick([1_000, 9_700]), recoveryMs: 500 }),
  () => ({ kind: "rescind-offers" }),
  (draw, hostMax) => ({
    kind: "lose-host",
    host: draw.between(0, hostMax),
    how: draw.pick(["silent", "down"]),
    forMs: draw.between(5, 240) * second,
    containers: "alive",
  }),
  () => ({ kind: "exit-container" }),
  (draw) => ({
    kind: "gocd-outage",
    how: draw.pick(["refused", "no-answer", "login-page", "error-500", "truncated"]),
    forMs: draw.between(1, 30) * second,
  }),
  (draw) => ({ kind: "restart-gocd", startupMs: draw.between(10, 60) * second }),
  (draw) => ({
    kind: "crash",
    points: draw.between(1, 40),
    downMs: draw.pick([500, 5_000, 20_000]),
    byNewer: draw.chance(0.2),
  }),
  (draw) => ({ kind: "stop", downMs: draw.pick([500, 5_000]) }),
  () => ({ kind: "change-settings" }),
  (draw) => ({ kind: "change-limits", maxAgents: draw.between(2, 10), minIdle: draw.between(0, 2) }),
];

/** Draws the faults of a mild day. */
export function planMildFaults(draw: Dice, { activeMs, hostsCount }: FaultsFor): FaultPlan {
  const odds = (most: number): number => draw.chance(0.5) ? draw.random() * most : 0;
  const count = Math.min(40, Math.floor(draw.random() * 2 * activeMs / betweenMs));
  const events = Array.from({ length: count }, (): PlannedFault => ({
    afterMs: Math.floor(draw.random() * activeMs),
    fault: draw.pick(makers)(draw, hostsCount - 1),
  }));
  return {
    mesos: {
      updateLost: odds(0.05),
      updateDuplicated: odds(0.05),
      updateDelayed: odds(0.05),
      eventDelayMsMax: draw.pick([1_000, 5_000]),
      callLost: odds(0.03),
      answerLost: odds(0.03),
      callDelayed: odds(0.03),
      callDelayMsMax: draw.pick([500, 5_000]),
      killLost: odds(0.05),
      launchLost: odds(0.03),
      rescind: odds(0.05),
    },
    gocd: { failed: odds(0.04), answerLost: odds(0.02), slow: odds(0.05), slowMsMax: draw.pick([2_000, 10_000]) },
    containers: { neverRegisters: odds(0.04), exits: odds(0.03), registersTwice: 0, slowBoot: 0 },
    networkDelayMsMax: draw.pick([5, 50, 500]),
    requests: drawMildRequests(draw),
    lists: promptLists,
    events: events.sort((a, b) => a.afterMs - b.afterMs),
  };
}

/** In some seeds one kind of request has more faults than the others, to exercise its repetition. */
function drawMildRequests(draw: Dice): ReadonlyMap<RequestKind, RequestOdds> {
  if (draw.chance(0.4)) return new Map();
  const odds = (): number => draw.chance(0.5) ? draw.random() * 0.12 : 0;
  const one = (): RequestOdds => ({ lost: odds(), answerLost: odds(), late: odds(), twice: odds(), slowBack: odds() });
  return new Map([[draw.pick(requestKinds), one()]]);
}

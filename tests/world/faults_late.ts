// Faults that were added later: only some seeds have them, from separate random draws, so that the others are unchanged.

import type { FaultPlan, PlannedFault } from "./faults.ts";
import { type Dice, dice } from "./scenario_dice.ts";
import { seededRandom } from "../../src/sim/random.ts";

const minute = 60_000;
/** Of the seeds with this remainder, Docker hangs on a machine now and then. */
const [oneInHung, restsOfHung] = [23, [16, 18]] as const;

/** Of those with this one, an older configuration of the GoCD server is restored. */
const restOfRestored = 6;

/** The same plan, with the later kinds that a stormy seed has. */
export function withLateFaults(seed: number, plan: FaultPlan, activeMs: number, hostsCount: number): FaultPlan {
  if (seed % oneInHung === restOfRestored) return withRestored(dice(seededRandom(seed ^ 0x4e57)), plan, activeMs);
  if (!restsOfHung.some((rest) => seed % oneInHung === rest)) return plan;
  const draw = dice(seededRandom(seed ^ 0xd0c4));
  const more = Array.from({ length: draw.pick([1, 1, 2, 4]) }, () => hangs(draw, activeMs, hostsCount));
  return { ...plan, events: [...plan.events, ...more].sort((a, b) => a.afterMs - b.afterMs) };
}

function hangs(draw: Dice, activeMs: number, hostsCount: number): PlannedFault {
  const forMs = draw.pick([draw.between(10, 90), draw.between(90, 900), draw.between(900, 3_600)]) * 1_000;
  const host = draw.between(0, hostsCount - 1);
  return {
    afterMs: Math.floor(draw.random() * Math.max(activeMs - minute, 1)),
    fault: { kind: "hang-docker", host, forMs },
  };
}

function withRestored(draw: Dice, plan: FaultPlan, activeMs: number): FaultPlan {
  const more = Array.from({ length: draw.pick([1, 1, 2]) }, (): PlannedFault => ({
    afterMs: Math.floor((0.2 + 0.8 * draw.random()) * activeMs),
    fault: { kind: "restore-gocd", agoMs: draw.between(1, 15) * minute, startupMs: draw.between(1, 90) * 1_000 },
  }));
  return { ...plan, events: [...plan.events, ...more].sort((a, b) => a.afterMs - b.afterMs) };
}

/** Of the mild seeds with one of these remainders, machines restart now and then, or are away for long. */
const restsOfReboots = [6, 16, 18];

/** The same plan, with the later kinds that a mild seed has. */
export function withLateMildFaults(seed: number, plan: FaultPlan, activeMs: number, hostsCount: number): FaultPlan {
  if (!restsOfReboots.some((rest) => seed % oneInHung === rest)) return plan;
  const draw = dice(seededRandom(seed ^ 0x4eb0));
  const more = Array.from({ length: draw.pick([1, 1, 2, 4]) }, (): PlannedFault => ({
    afterMs: Math.floor(draw.random() * activeMs),
    fault: {
      kind: "lose-host",
      host: draw.between(0, hostsCount - 1),
      how: draw.pick(["silent", "down"]),
      forMs: draw.pick([draw.between(5, 90), draw.between(90, 2_400)]) * 1_000,
      containers: "gone",
    },
  }));
  return { ...plan, events: [...plan.events, ...more].sort((a, b) => a.afterMs - b.afterMs) };
}

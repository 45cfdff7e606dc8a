// Optional upkeep settings of scenarios: replacing agents, keeping them idle, and choosing which to remove. They use
// separate random draws, and only some seeds have them, so that the other scenarios are unchanged.

import type { AgentProfile, Schedule, Settings } from "../../src/core/settings.ts";
import type { Dice } from "./scenario_dice.ts";

const minute = 60_000;
/** One seed in this many has such policies. */
const oneInUpkeep = 5;

/** Whether a seed has policies of upkeep. */
export function isOfUpkeep(seed: number): boolean {
  return seed % oneInUpkeep === 3;
}

/** The same settings with some policies. */
export function withUpkeep(draw: Dice, settings: Settings): Settings {
  const profiles = settings.profiles.map((profile): AgentProfile => ({
    ...profile,
    ...drawWear(draw),
    ...drawIdle(draw, profile),
    ...drawOrder(draw),
    ...(draw.chance(0.4) ? { schedules: drawSchedules(draw) } : {}),
  }));
  return { ...settings, profiles };
}

function drawIdle(draw: Dice, { environments }: AgentProfile): Pick<AgentProfile, "minIdleOf" | "headroom"> {
  const served = environments === "*" ? ["", "prod"] : environments.length === 0 ? [""] : ["prod"];
  const headrooms = [
    { kind: "count", agents: 1 },
    { kind: "count", agents: 2 },
    { kind: "share", percent: 25 },
    { kind: "share", percent: 150 },
  ] as const;
  return {
    ...(draw.chance(0.2) ? { minIdleOf: Object.fromEntries(served.map((name) => [name, draw.between(0, 2)])) } : {}),
    ...(draw.chance(0.4) ? { headroom: draw.pick(headrooms) } : {}),
  };
}

/** Windows of some minutes of each hour. */
function drawSchedules(draw: Dice): readonly Schedule[] {
  return Array.from({ length: draw.between(1, 2) }, (): Schedule => ({
    from: `${draw.between(0, 59)} * * * *`,
    to: `${draw.between(0, 59)} * * * *`,
    timeZone: "UTC",
    ...(draw.chance(0.7) ? { minIdle: draw.between(0, 3) } : { headroom: { kind: "share", percent: 100 } }),
    ...(draw.chance(0.2) ? { idleTimeoutMs: draw.pick([1, 10]) * minute } : {}),
  }));
}

function drawOrder(draw: Dice): Pick<AgentProfile, "scaleIn" | "keepsWorkspaces" | "keepPeakForMs"> {
  return {
    ...(draw.chance(0.5) ? { scaleIn: draw.pick(["pack", "spread"] as const) } : {}),
    ...(draw.chance(0.3) ? { keepsWorkspaces: true } : {}),
    ...(draw.chance(0.5) ? { keepPeakForMs: draw.pick([5, 10, 20]) * minute } : {}),
  };
}

function drawWear(draw: Dice): Pick<AgentProfile, "maxJobs" | "maxLifetimeMs"> {
  return {
    ...(draw.chance(0.5) ? { maxJobs: draw.pick([1, 1, 1, 2, 3]) } : {}),
    ...(draw.chance(0.3) ? { maxLifetimeMs: draw.pick([10, 15, 30]) * minute } : {}),
  };
}

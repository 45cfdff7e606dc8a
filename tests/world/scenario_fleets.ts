// Optional fleet settings of scenarios: priorities, patterns, shares and rates. They use separate random draws, and
// only some seeds have them, so that the other scenarios are unchanged.

import type { AgentProfile, FairShare, ScalingSettings, Settings } from "../../src/core/settings.ts";
import type { Dice } from "./scenario_dice.ts";

/** One seed in this many has policies. */
const oneInFleets = 7;

/** Whether a seed has policies. */
export function isOfFleets(seed: number): boolean {
  return seed % oneInFleets === 0;
}

/** The same settings with some policies. */
export function withFleets(draw: Dice, settings: Settings): Settings {
  const profiles = settings.profiles.map((profile): AgentProfile => withPatterns(draw, profile));
  const twins = draw.chance(0.3) ? [twinOf(draw, profiles)] : [];
  return {
    ...settings,
    profiles: [...profiles, ...twins.flat()],
    scaling: { ...settings.scaling, ...drawLimits(draw) },
  };
}

function drawLimits(draw: Dice): Partial<ScalingSettings> {
  return {
    ...(draw.chance(0.3) ? { launchesPerMinute: draw.pick([1, 3, 10]) } : {}),
    ...(draw.chance(0.25) ? { maxCpuShare: draw.pick([0.05, 0.1, 0.2, 0.5, 1]) } : {}),
    ...(draw.chance(0.3) ? { fairShare: drawShare(draw) } : {}),
    ...(draw.chance(0.25) ? { cpuHoursPerDay: draw.pick([0.02, 0.2, 2]), timeZone: draw.pick(zones) } : {}),
  };
}

function drawShare(draw: Dice): FairShare {
  const by = draw.pick(["profile", "environment"] as const);
  return { by, weights: by === "environment" && draw.chance(0.5) ? { prod: draw.pick([0.5, 2, 3]) } : {} };
}

/** Runs begin at 22:13:20 UTC: midnight in Berlin comes 47 min later. */
const zones = ["UTC", "Asia/Kolkata", "Europe/Berlin", "Europe/Berlin"];

/** Resources and environments by pattern: the profile serves the same jobs or more. */
function withPatterns(draw: Dice, profile: AgentProfile): AgentProfile {
  const { gocdResources, environments } = profile;
  const blur = (name: string): string => draw.chance(0.5) ? `${name.slice(0, 2)}*` : name;
  return {
    ...profile,
    ...(draw.chance(0.5) ? { priority: draw.between(-2, 2) } : {}),
    ...(draw.chance(0.3) ? { weight: draw.pick([0.5, 2, 3]) } : {}),
    gocdResources: gocdResources === "*" || draw.chance(0.5) ? gocdResources : gocdResources.map(blur),
    environments: environments === "*" || profile.minIdle > 0 ? environments : environments.map(blur),
  };
}

/** Another profile that serves the same jobs. */
function twinOf(draw: Dice, profiles: readonly AgentProfile[]): readonly AgentProfile[] {
  const twin = draw.pick(profiles);
  return [{ ...twin, name: "twin", hash: "00000002", minIdle: 0, priority: draw.between(-2, 2) }];
}

// Settings of fleets that not every scenario has: priorities, patterns, shares and rates. They have dice of their own, and
// only some seeds have them, so that the others go on telling their stories.

import type { AgentProfile, Settings } from "../../src/core/settings.ts";
import type { Dice } from "./scenario_dice.ts";

/** One seed in so many has policies. */
const oneInFleets = 7;

/** Whether a seed has policies. */
export function isOfFleets(seed: number): boolean {
  return seed % oneInFleets === 0;
}

/** The same settings with some policies. */
export function withFleets(draw: Dice, settings: Settings): Settings {
  const profiles = settings.profiles.map((profile): AgentProfile => withPatterns(draw, profile));
  const twins = draw.chance(0.3) ? [twinOf(draw, profiles)] : [];
  return { ...settings, profiles: [...profiles, ...twins.flat()] };
}

/** Resources and environments by pattern: what the profile serves stays, or grows. */
function withPatterns(draw: Dice, profile: AgentProfile): AgentProfile {
  const { gocdResources, environments } = profile;
  const blur = (name: string): string => draw.chance(0.5) ? `${name.slice(0, 2)}*` : name;
  return {
    ...profile,
    ...(draw.chance(0.5) ? { priority: draw.between(-2, 2) } : {}),
    gocdResources: gocdResources === "*" || draw.chance(0.5) ? gocdResources : gocdResources.map(blur),
    environments: environments === "*" || profile.minIdle > 0 ? environments : environments.map(blur),
  };
}

/** Another profile that serves the same. */
function twinOf(draw: Dice, profiles: readonly AgentProfile[]): readonly AgentProfile[] {
  const twin = draw.pick(profiles);
  return [{ ...twin, name: "twin", hash: "00000002", minIdle: 0, priority: draw.between(-2, 2) }];
}

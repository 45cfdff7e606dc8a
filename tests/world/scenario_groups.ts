// Optional pipeline groups of scenarios: the group of each pipeline, profiles for some of them, and shares between
// them. They use separate random draws, and only some seeds have them, so that the other scenarios are unchanged.

import type { AgentProfile, Settings } from "../../src/core/settings.ts";
import { type Dice, dice } from "./scenario_dice.ts";
import { seededRandom } from "../../src/sim/random.ts";

/** One seed in this many has groups. */
const oneInGroups = 17;

/** Whether a seed has groups. */
export function isOfGroups(seed: number): boolean {
  return seed % oneInGroups === 12;
}

/** Groups of the server, and undefined: the dashboard does not show the pipeline to the account. */
const groups = ["team-a", "Team-B", "mobile-ios", "mobile-tv", undefined] as const;

/** The group of a pipeline. */
export function groupOfPipeline(seed: number, pipeline: string): string | undefined {
  let hash = seed >>> 0;
  for (const char of pipeline) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return groups[hash % groups.length];
}

/** The same settings with shares between groups, with profiles for some of them, or both. */
export function withGroups(seed: number, settings: Settings): Settings {
  const draw = dice(seededRandom(seed ^ 0x96005));
  const isShared = draw.chance(0.6);
  const weights = draw.chance(0.5) ? { "team-a": draw.pick([0.5, 2, 3]), "-": draw.pick([0.5, 2]) } : {};
  const { profiles, scaling } = settings;
  return {
    ...settings,
    profiles: isShared && draw.chance(0.3) ? profiles : [...profiles, teamOf(draw, profiles)],
    scaling: {
      ...scaling,
      ...(isShared ? { fairShare: { by: "pipeline-group" as const, weights } } : {}),
      ...(draw.chance(0.5) ? { maxAgents: Math.min(scaling.maxAgents, draw.between(2, 6)) } : {}),
    },
  };
}

/** Another profile that serves the same jobs, but only for some groups: one profile for all jobs remains. */
function teamOf(draw: Dice, profiles: readonly AgentProfile[]): AgentProfile {
  const pipelineGroups = draw.pick([["team-a"], ["mobile-*"], ["TEAM-*", "mobile-tv"], ["*-b"], ["nobody"]]);
  return { ...draw.pick(profiles), name: "team", hash: "00000003", minIdle: 0, pipelineGroups };
}

// Optional clusters that are full: machines for a few agents, many long builds in no environment, and a few jobs of
// another one, with shares between them. Only some seeds have them, so that the other scenarios are unchanged.

import type { AgentProfile, Settings } from "../../src/core/settings.ts";
import type { SimMesosAgentSpec } from "../../src/sim/mesos/options.ts";
import { type Dice, dice } from "./scenario_dice.ts";
import type { ScenarioJob } from "./scenario_jobs.ts";
import { withoutMinIdle } from "./scenario_settings.ts";
import type { Scenario } from "./scenario.ts";
import { seededRandom } from "../../src/sim/random.ts";

/** One seed in this many is tight. */
const oneInTight = 41;

/** Whether a seed has a full cluster. */
export function isOfTight(seed: number): boolean {
  return seed % oneInTight === 2;
}

/** The same scenario in a full cluster, or with a small share of a large one. */
export function inTight(scenario: Scenario): Scenario {
  const draw = dice(seededRandom(scenario.seed ^ 0x7167));
  const { settings: drawn } = scenario;
  const profiles = drawn.profiles.map((profile) => plain(profile));
  const { maxCpuShare: _, cpuHoursPerDay: __, ...scaling } = drawn.scaling;
  const isShare = draw.chance(0.3);
  const settings: Settings = {
    ...drawn,
    profiles,
    scaling: {
      ...scaling,
      maxAgents: 50,
      fairShare: { by: "environment", weights: draw.chance(0.4) ? { prod: draw.pick([0.5, 2, 3]) } : {} },
      ...(isShare ? { maxCpuShare: draw.pick([0.1, 0.2]) } : {}),
    },
  };
  return {
    ...scenario,
    settings,
    lastSettings: withoutMinIdle(settings),
    hosts: isShare ? scenario.hosts : scenario.hosts.map((host) => small(draw, host, profiles)),
    jobs: [...scenario.jobs, ...crowd(draw, scenario)].sort((a, b) => a.afterMs - b.afterMs),
  };
}

/** Serves both environments, without a limit of its own. */
function plain({ maxAgents: _, maxPerHost: __, ...profile }: AgentProfile): AgentProfile {
  return { ...profile, environments: "*" };
}

/** The same machine with room for one to three agents. */
function small(draw: Dice, host: SimMesosAgentSpec, profiles: readonly AgentProfile[]): SimMesosAgentSpec {
  const count = draw.between(1, 3);
  const most = (of: (profile: AgentProfile) => number): number => Math.max(...profiles.map(of)) / 1_000;
  const { reserved: _, ...others } = host;
  return {
    ...others,
    resources: {
      ...host.resources,
      cpus: count * most(({ mesosResources }) => mesosResources.cpusMilli),
      mem: count * most(({ mesosResources }) => mesosResources.memMbMilli),
    },
  };
}

function crowd(draw: Dice, { activeMs }: Scenario): readonly ScenarioJob[] {
  const jobs = (count: number, environment: string | undefined, fromMs: number): readonly ScenarioJob[] =>
    Array.from({ length: count }, (_, index) => {
      const name = `t${environment ?? ""}${index}`;
      const request = { stage: "build", job: name, gocdResources: ["linux"], durationMs: draw.pick([60_000, 400_000]) };
      const pipeline = `p-${environment ?? "none"}-${name}`;
      return {
        afterMs: Math.min(activeMs - 1, fromMs + draw.between(0, 60_000)),
        request: environment === undefined ? { ...request, pipeline } : { ...request, pipeline, environment },
        isOrdinary: true,
      };
    });
  return [...jobs(draw.between(6, 14), undefined, 0), ...jobs(draw.between(1, 4), "prod", Math.floor(activeMs / 3))];
}

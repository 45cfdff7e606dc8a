// The scenario of a seed: a cluster, a GoCD server, foreign agents, jobs, settings and faults, all drawn from the seed.

import type { Settings } from "../../src/core/settings.ts";
import type { FaultPlan } from "./faults.ts";
import { planMildFaults } from "./faults_mild.ts";
import { gatherFaults, planFaults, repeatOneKind } from "./faults.ts";
import { withLateFaults, withLateMildFaults } from "./faults_late.ts";
import { drawListTimes, drawRequestFaults, noRequestFaults, promptLists } from "./faults_calls.ts";
import { type Dice, dice } from "./scenario_dice.ts";
import { drawJobs, type ScenarioJob, withTimeouts, withUnpinned } from "./scenario_jobs.ts";
import { type AgentNames, drawNames, inNetwork, isNamelessName, namedByDocker, plainNames } from "./scenario_names.ts";
import { drawSettings, varySettings, withoutMinIdle } from "./scenario_settings.ts";
import { isOfFleets, withFleets } from "./scenario_fleets.ts";
import { isOfGroups, withGroups } from "./scenario_groups.ts";
import { inTight, isOfTight } from "./scenario_tight.ts";
import { isOfUpkeep, withUpkeep } from "./scenario_upkeep.ts";
import type { SimJobRequest } from "../../src/sim/gocd/work.ts";
import type { SimMesosAgentSpec } from "../../src/sim/mesos/options.ts";
import { seededRandom } from "../../src/sim/random.ts";
import type { SimForeignAgent } from "../../src/sim/gocd/sim_gocd.ts";
import { gocdEras, gocdRules } from "../../src/sim/gocd/versions.ts";

/** A scenario, complete except for the random draws of the models. */
export interface Scenario {
  /** The seed. */
  readonly seed: number;
  /** The level of faults. */
  readonly weather: Weather;
  /** Active from the start. */
  readonly settings: Settings;
  /** Active after the faults, with `minIdle` 0, so that everything ends. */
  readonly lastSettings: Settings;
  /** The version of the GoCD server. */
  readonly gocdVersion: string;
  /** Whether security is enabled; then we are an administrator, unless a fault revokes that. */
  readonly isSecured: boolean;
  /** The auto-register key of our containers; the server's is `right`. */
  readonly autoRegisterKey: "right" | "wrong" | "";
  /** Masters of the cluster. */
  readonly mastersCount: number;
  /** Its machines. */
  readonly hosts: readonly SimMesosAgentSpec[];
  /** The names of our agents. */
  readonly names: AgentNames;
  /** Foreign agents. */
  readonly foreigners: readonly SimForeignAgent[];
  /** The jobs, ordered by time. */
  readonly jobs: readonly ScenarioJob[];
  /** Jobs and faults occur in this first part; then everything is repaired. */
  readonly activeMs: number;
  /** Interval of ticks while something changes. */
  readonly tickMs: number;
  /** The faults. */
  readonly faults: FaultPlan;
}

/**
 * The level of faults: none; those of a healthy installation on a normal day, with a law of progress; or everything at
 * once, where only safety and the final state are checked.
 */
export type Weather = "calm" | "mild" | "stormy";

/** The default weather of a seed: every third is mild. */
export function weatherOf(seed: number): Weather {
  return seed % 3 === 2 ? "mild" : "stormy";
}

/** The start time of every run, ms since the epoch. */
export const startMs = 1_700_000_000_000;
const minute = 60_000;
/** One scenario in this many is large: many machines, large waves of jobs, room for many agents. */
const oneInBusy = 50;
/** In one scenario in this many several faults occur at the same time. */
const oneInCoincident = 8;
/** In one scenario in this many one kind of fault is repeated many times. */
const oneInRepeating = 20;

/** Draws the scenario of a seed. */
export function makeScenario(seed: number, weather: Weather = weatherOf(seed)): Scenario {
  const scenario = inGroups(withSandboxes(drawScenario(seed, weather)));
  const made = weather === "mild" ? makeMild(dice(seededRandom(seed ^ 0x311d)), scenario) : scenario;
  return isOfTight(seed) ? inTight(made) : made;
}

/**
 * One seed in four may read the output of failed containers; derived without a random draw, so that the others are
 * unchanged.
 */
function withSandboxes(scenario: Scenario): Scenario {
  const { seed, settings, lastSettings } = scenario;
  if (seed % 4 !== 1) return scenario;
  const reads = { readsSandboxes: true as const };
  return { ...scenario, settings: { ...settings, ...reads }, lastSettings: { ...lastSettings, ...reads } };
}

function inGroups(scenario: Scenario): Scenario {
  const { seed } = scenario;
  if (!isOfGroups(seed)) return scenario;
  const settings = withGroups(seed, scenario.settings);
  return { ...scenario, settings, lastSettings: withoutMinIdle(settings) };
}

/** Jobs that block others permanently do not occur in mild weather, and some mild days are long with many jobs. */
function makeMild(draw: Dice, scenario: Scenario): Scenario {
  const { seed, gocdVersion, foreigners } = scenario;
  const isDay = draw.chance(0.02);
  const activeMs = isDay ? 24 * 60 * minute : draw.pick([scenario.activeMs, scenario.activeMs, 90 * minute]);
  const spans = Math.ceil(activeMs / (60 * minute));
  const spanMs = activeMs / spans;
  const jobs = Array.from(
    { length: spans },
    (_, span): ScenarioJob[] =>
      drawJobs(draw, { gocdVersion, foreigners, activeMs: spanMs, isBusy: scenario.hosts.length > 9 }).flatMap((job) =>
        job.request.obstacle === "stale-materials" ? [] : [{
          ...job,
          afterMs: job.afterMs + span * spanMs,
          request: inSpan(span, job.request),
        }]
      ),
  ).flat();
  const planned = planMildFaults(dice(seededRandom(seed ^ 0x5eed)), {
    activeMs,
    hostsCount: scenario.hosts.length,
    weather: "mild",
    requests: noRequestFaults,
  });
  const faults = withLateMildFaults(seed, planned, activeMs, scenario.hosts.length);
  // Indistinguishable agents do not occur in mild weather either.
  const names = isNamelessName(scenario.names) ? { ...scenario.names, naming: "task" as const } : scenario.names;
  return { ...scenario, names, activeMs, jobs, faults };
}

/** Names are unique in a run: the world uses them to find out what was built. */
function inSpan(span: number, request: SimJobRequest): SimJobRequest {
  const { pipeline } = request;
  return {
    ...request,
    pipeline: pipeline === "ignored" ? pipeline : `${pipeline}-${span}`,
    job: `s${span}${request.job}`,
  };
}

function drawScenario(seed: number, weather: Weather): Scenario {
  const draw = dice(seededRandom(seed));
  const gocdVersion = draw.pick(gocdEras);
  const activeMs = draw.between(10, 50) * minute;
  const isBusy = weather !== "calm" && seed % oneInBusy === 0;
  // Later additions use separate random draws, so that the scenarios of known seeds are unchanged.
  const more = dice(seededRandom(seed ^ 0xadded));
  const varied = varySettings(more, drawSettings(draw), isBusy);
  const fleets = isOfFleets(seed) ? inFleets(seed, varied) : varied;
  const { settings, lastSettings } = isOfUpkeep(seed) ? kept(seed, fleets) : fleets;
  const hosts = drawHosts(draw, settings, isBusy ? more.between(10, 25) : 0);
  // The API of 15.2 cannot add a Pending agent to an environment: there the key is right.
  const isKeyRight = gocdVersion === "15.2.0" || !draw.chance(0.2);
  const base = {
    seed,
    weather,
    settings,
    lastSettings,
    gocdVersion,
    isSecured: draw.chance(0.5),
    autoRegisterKey: isKeyRight ? "right" as const : draw.pick(["wrong", ""] as const),
    mastersCount: draw.pick([1, 2, 3]),
    hosts,
    foreigners: drawForeigners(draw, gocdVersion),
    activeMs,
    tickMs: draw.pick([500, 1_000, 2_000]),
  };
  const jobs = drawJobs(draw, { gocdVersion, activeMs, foreigners: base.foreigners, isBusy });
  // The faults use separate random draws: the same scenario can be run without them.
  const faultsFor = {
    activeMs,
    hostsCount: hosts.length,
    weather,
    requests: weather === "calm" ? noRequestFaults : drawRequestFaults(dice(seededRandom(seed ^ 0xca11))),
  };
  const drawn = planFaults(dice(seededRandom(seed ^ 0x5eed)), faultsFor);
  const plan = seed % oneInCoincident === 4 ? gatherFaults(dice(seededRandom(seed ^ 0xc01c)), drawn) : drawn;
  const repeatsOneKind = weather === "stormy" && seed % oneInRepeating === 9;
  const lists = weather !== "stormy" ? promptLists : drawListTimes(dice(seededRandom(seed ^ 0x1157)));
  const known = repeatsOneKind ? repeatOneKind(more, plan, faultsFor) : plan;
  const late = weather === "stormy" ? withLateFaults(seed, known, activeMs, hosts.length) : known;
  const faults = { ...late, lists };
  const rareDraws = dice(seededRandom(seed ^ 0xa11));
  const withOdd = withTimeouts(rareDraws, withUnpinned(rareDraws, jobs));
  const story = { ...base, names: plainNames, jobs: withOdd, faults };
  return withNames(story, drawNames(dice(seededRandom(seed ^ 0x1d))));
}

function inFleets(seed: number, varied: ReturnType<typeof varySettings>): ReturnType<typeof varySettings> {
  const settings = withFleets(dice(seededRandom(seed ^ 0xf1ee)), varied.settings);
  return { settings, lastSettings: withoutMinIdle(settings) };
}

function kept(seed: number, varied: ReturnType<typeof varySettings>): ReturnType<typeof varySettings> {
  const settings = withUpkeep(dice(seededRandom(seed ^ 0xcee9)), varied.settings);
  return { settings, lastSettings: withoutMinIdle(settings) };
}

/** The same scenario with other agent names. An agent that can only be enabled by its key must have the right one. */
export function withNames(scenario: Scenario, names: AgentNames): Scenario {
  const isNamed = !isNamelessName(names);
  const autoRegisterKey = isNamed ? scenario.autoRegisterKey : "right";
  const placed = (settings: Settings): Settings => {
    const networked = inNetwork(settings, names);
    return autoRegisterKey === "right" ? networked : namedByDocker(networked);
  };
  return {
    ...scenario,
    names,
    settings: placed(scenario.settings),
    lastSettings: placed(scenario.lastSettings),
    autoRegisterKey,
    faults: isNamed ? scenario.faults : withoutNewUuids(scenario.faults),
  };
}

/**
 * A second record of an unnamed agent could not be identified. Neither could one that a slow list first shows when its
 * container has ended and its address was reused.
 */
function withoutNewUuids(faults: FaultPlan): FaultPlan {
  return {
    ...faults,
    lists: promptLists,
    containers: { ...faults.containers, registersTwice: 0 },
    events: faults.events.filter(({ fault }) => fault.kind !== "restart-agent-process"),
  };
}

/** Every machine fits one instance of each profile. */
function drawHosts(draw: Dice, settings: Settings, hostsMin: number): SimMesosAgentSpec[] {
  const roles = [...new Set(settings.profiles.map((profile) => profile.role))].filter((role) => role !== "*");
  return Array.from({ length: Math.max(draw.between(1, 4), hostsMin) }, (_, index) => {
    const reserved = roles.flatMap((role) =>
      draw.chance(0.2) ? [{ role, resources: { cpus: draw.between(1, 4), mem: 4_096 } }] : []
    );
    return {
      hostname: `host${index + 1}`,
      ip: `10.0.0.${index + 1}`,
      port: 5051,
      resources: { cpus: draw.between(4, 12), mem: draw.between(8, 24) * 1_024, disk: 100_000 },
      ...(reserved.length === 0 ? {} : { reserved }),
      attributes: [{ name: "rack", type: "TEXT", text: { value: `r${index % 2}` } }],
    };
  });
}

function drawForeigners(draw: Dice, gocdVersion: string): SimForeignAgent[] {
  const count = draw.pick([0, 0, 1, 2, 3]);
  return Array.from({ length: count }, (_, index): SimForeignAgent => {
    const isElastic = gocdRules(gocdVersion).elastic && draw.chance(0.2);
    return {
      uuid: `foreign-${index}`,
      hostname: `build-server-${index}`,
      gocdResources: isElastic ? [] : draw.some(["linux", "java", "docker"]),
      environments: draw.chance(0.3) ? ["prod"] : [],
      configState: draw.chance(0.2) ? "Disabled" : "Enabled",
      hasProcess: draw.chance(0.85),
      ...(isElastic ? { elastic: { agentId: `e-${index}`, pluginId: "elastic.plugin" } } : {}),
    };
  });
}

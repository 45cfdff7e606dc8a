// Settings and profiles of a scenario.

import type { AgentProfile, Settings } from "../../src/core/settings.ts";
import { plainContainer } from "../support/placement.ts";
import type { Dice } from "./scenario_dice.ts";

const minute = 60_000;

/** Draws the settings that every scenario has. */
export function drawSettings(draw: Dice): Settings {
  const kinds = draw.pick([["all"], ["linux"], ["linux", "java"], ["linux", "java", "prod"], ["any"]] as const);
  const role = draw.pick(["*", "ci", "ci"]);
  const profiles = kinds.map((kind) => drawProfile(draw, kind, role));
  return {
    frameworkName: "GoCD-Mesos",
    profiles,
    poller: {
      intervalMs: draw.pick([10_000, 20_000, 30_000, 60_000, 120_000]),
      attempts: draw.pick([0, 0, 0, 1, 2]),
      maxIntervalMs: 120_000,
      staleAfterMs: draw.pick([5, 10]) * minute,
      assignGraceMs: 90_000,
      zombieAfterMs: 60 * minute,
      ignore: ["ignored"],
      resourcelessJobs: "serve",
    },
    scaling: {
      maxAgents: draw.pick([1, 2, 3, 5, 8, 50]),
      launchTimeoutMs: draw.pick([5, 10]) * minute,
      drainConfirmMs: 20_000,
      slowServerLaunchesPerMinute: draw.pick([1, 3, 10]),
      maintenanceLeadMs: 60 * minute,
    },
  };
}

/** Adds optional settings: profiles with several roles, drains with a timeout, room for many agents. */
export function varySettings(
  draw: Dice,
  drawn: Settings,
  isBusy: boolean,
): { readonly settings: Settings; readonly lastSettings: Settings } {
  const isOfManyRoles = draw.chance(0.2);
  const profiles = drawn.profiles.map((drawnProfile): AgentProfile => {
    const { maxAgents, ...profile } = drawnProfile;
    const role = isOfManyRoles ? draw.pick(["*", "ci", "ops"]) : profile.role;
    const drainTimeoutMs = draw.chance(0.05) ? draw.pick([1, 5]) * minute : undefined;
    return {
      ...profile,
      role,
      ...(maxAgents === undefined ? {} : { maxAgents: isBusy ? maxAgents * 10 : maxAgents }),
      ...(drainTimeoutMs === undefined ? {} : { drainTimeoutMs }),
    };
  });
  const scaling = isBusy
    ? { ...drawn.scaling, maxAgents: draw.pick([20, 60, 200]), slowServerLaunchesPerMinute: 10 }
    : drawn.scaling;
  // Jobs wait for up to 50 minutes and more, so that zombies and false zombies can occur.
  const poller = { ...drawn.poller, zombieAfterMs: draw.pick([3, 10, 60]) * minute };
  const settings = { ...drawn, profiles, scaling, poller };
  return { settings, lastSettings: withoutMinIdle(settings) };
}

/** The same, without idle agents and daily limits: in the end everything must be built and removed. */
export function withoutMinIdle(settings: Settings): Settings {
  const { maxCpuShare: _, cpuHoursPerDay: __, timeZone: ___, ...scaling } = settings.scaling;
  const profiles = settings.profiles.map(({ minIdleOf: _, schedules: __, keepPeakForMs: ___, ...profile }) => ({
    ...profile,
    minIdle: 0,
  }));
  return { ...settings, scaling, profiles };
}

const gocdResourcesOf: Readonly<Record<string, readonly string[] | "*">> = {
  all: ["linux", "java"],
  linux: ["linux"],
  java: ["linux", "java"],
  prod: ["linux"],
  any: "*",
};
const environmentsOf: Readonly<Record<string, readonly string[] | "*">> = { prod: ["prod"], all: "*", any: "*" };

function drawProfile(draw: Dice, kind: string, role: string): AgentProfile {
  return {
    name: kind === "all" ? "default" : kind,
    hash: "00000001",
    gocdResources: gocdResourcesOf[kind] ?? [],
    environments: environmentsOf[kind] ?? [],
    mesosResources: {
      cpusMilli: draw.pick([500, 1_000, 2_000]),
      memMbMilli: draw.pick([512_000, 1_024_000, 2_048_000]),
      diskMbMilli: draw.chance(0.2) ? 1_000_000 : 0,
      gpus: 0,
      portsCount: draw.chance(0.2) ? 1 : 0,
    },
    role,
    constraints: [],
    placement: draw.pick(["pack", "spread"]),
    ...(draw.chance(0.2) ? { maxPerHost: draw.between(1, 3) } : {}),
    ...(draw.chance(0.3) ? { maxAgents: draw.between(1, 4) } : {}),
    minIdle: draw.chance(0.15) ? 1 : 0,
    idleTimeoutMs: draw.pick([30_000, 60_000, 2 * minute, 5 * minute]),
    registerTimeoutMs: draw.pick([3, 5, 10]) * minute,
    container: drawContainer(draw, kind),
  };
}

function drawContainer(draw: Dice, kind: string): AgentProfile["container"] {
  return {
    ...plainContainer,
    type: draw.chance(0.8) ? "DOCKER" : "MESOS",
    image: `gocd/agent-${kind}:v1`,
    forcePull: draw.chance(0.1),
    network: { mode: draw.chance(0.8) ? "BRIDGE" : "HOST" },
    killGraceMs: draw.pick([0, 2_000, 30_000]),
  };
}

// The jobs of a scenario: waves of jobs of all kinds.

import type { AgentProfile, Settings } from "../../src/core/settings.ts";
import type { SimJobRequest } from "../../src/sim/gocd/work.ts";
import { gocdRules } from "../../src/sim/gocd/versions.ts";
import type { Dice } from "./scenario_dice.ts";
import type { SimForeignAgent } from "../../src/sim/gocd/sim_gocd.ts";

/** A job and when it is scheduled. */
export interface ScenarioJob {
  /** After the start. */
  readonly afterMs: number;
  /** As passed to the server. */
  readonly request: SimJobRequest;
  /** Whether it is a kind of job that our agents can build. */
  readonly isOrdinary: boolean;
}

/** The input for drawing jobs. */
export interface JobsFor {
  /** Elastic jobs depend on the version. */
  readonly gocdVersion: string;
  /** Jobs are scheduled within this time. */
  readonly activeMs: number;
  /** Run-on-all jobs are pinned to one of these. */
  readonly foreigners: readonly SimForeignAgent[];
  /** Whether waves are large. */
  readonly isBusy: boolean;
}

/** Draws waves of jobs. */
export function drawJobs(draw: Dice, about: JobsFor): ScenarioJob[] {
  const jobs: ScenarioJob[] = [];
  const waves = draw.between(1, 4);
  for (let wave = 0; wave < waves; wave++) {
    const afterMs = wave === 0 ? draw.between(0, 60_000) : Math.floor(draw.random() * about.activeMs);
    const size = draw.pick([1, 1, 2, 3, 5, 9]) * (about.isBusy ? 15 : 1);
    const shape = drawShape(draw);
    for (let index = 0; index < size; index++) {
      const own = draw.chance(0.7) ? shape : drawShape(draw);
      const at = Math.min(afterMs + (draw.chance(0.7) ? 0 : draw.between(0, 60_000)), about.activeMs - 1);
      jobs.push(drawJob(draw, about, { ...own, afterMs: at, name: `w${wave}j${index}` }));
    }
  }
  return jobs.sort((a, b) => a.afterMs - b.afterMs);
}

/** Some jobs have the name of a run-on-all job, but no pin (any more): any agent may take them. */
export function withUnpinned(draw: Dice, jobs: readonly ScenarioJob[]): readonly ScenarioJob[] {
  if (!draw.chance(0.3)) return jobs;
  return jobs.map((job) => {
    const isOne = job.isOrdinary && draw.chance(0.2);
    return isOne ? { ...job, request: { ...job.request, job: `${job.request.job}-runOnAll-1` } } : job;
  });
}

/** In some scenarios the server (20.9 and later) cancels jobs that are not taken in time. */
export function withTimeouts(draw: Dice, jobs: readonly ScenarioJob[]): readonly ScenarioJob[] {
  if (!draw.chance(0.15)) return jobs;
  return jobs.map((job) =>
    draw.chance(0.5) ? job : { ...job, request: { ...job.request, timeoutMs: draw.between(1, 8) * 60_000 } }
  );
}

interface Shape {
  readonly gocdResources: readonly string[];
  readonly environment: string | undefined;
}

function drawShape(draw: Dice): Shape {
  return {
    gocdResources: draw.pick([[], ["linux"], ["linux"], ["Linux"], ["java"], ["linux", "java"]]),
    environment: draw.chance(0.25) ? "prod" : undefined,
  };
}

function drawJob(
  draw: Dice,
  { gocdVersion, foreigners }: JobsFor,
  shape: Shape & { readonly afterMs: number; readonly name: string },
): ScenarioJob {
  const { gocdResources, environment, afterMs, name } = shape;
  const durationMs = draw.pick([5_000, 20_000, 60_000, 120_000, 400_000]);
  const base = { pipeline: `p-${environment ?? "none"}-${name}`, stage: "build", job: name, gocdResources, durationMs };
  const inEnvironment = environment === undefined ? base : { ...base, environment };
  const odd = draw.random();
  const request = odd < 0.03
    ? { ...inEnvironment, obstacle: draw.pick(["zombie", "stale-materials"] as const) }
    : odd < 0.05
    ? { ...inEnvironment, gocdResources: ["windows"] }
    : odd < 0.07
    ? { ...base, pipeline: "ignored", job: name }
    : odd < 0.09 && foreigners[0] !== undefined
    ? { ...base, job: `${name}-runOnAll-1`, runOnAll: foreigners[0].uuid }
    : odd < 0.11 && gocdRules(gocdVersion).elastic
    ? { ...base, elasticProfile: "elastic" }
    : inEnvironment;
  return { afterMs, request, isOrdinary: odd >= 0.11 };
}

/** The server's own rule, reimplemented, to check the core's matching independently. */
export function isServable(
  settings: Settings,
  gocdVersion: string,
  { gocdResources, environment }: SimJobRequest,
): boolean {
  const spell = (word: string): string =>
    gocdRules(gocdVersion).resourceCase === "insensitive" ? word.toLowerCase() : word;
  return settings.profiles.some((profile: AgentProfile) =>
    gocdResources.every((asked) => isNamed(profile.gocdResources, spell(asked))) &&
    (profile.environments === "*" ||
      (environment === undefined ? profile.environments.length === 0 : isNamed(profile.environments, environment)))
  );
}

/** Whether a name is among these, or matches one of their patterns. */
function isNamed(names: readonly string[] | "*", name: string): boolean {
  return names === "*" || names.some((each) => expressionOf(each).test(name));
}

/** Cached: they are needed for each waiting job. */
const expressions = new Map<string, RegExp>();

function expressionOf(pattern: string): RegExp {
  const made = expressions.get(pattern) ?? new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
  expressions.set(pattern, made);
  return made;
}

// Decides how many agents each bucket gets: the oldest job's bucket first (plan.ts defines the order), or by fair share
// (fair_share.ts).

import type { Registration } from "../life/causes.ts";
import type { BucketAssessment } from "./assess.ts";
import { type HeldBack, type LaunchBudget, profileGate } from "./gates.ts";
import type { LaunchGate } from "./reason.ts";
import { type ReusableInstance, reusedFor } from "./reusable.ts";
import type { AgentProfile } from "../settings.ts";
import type { State, WantedAgents } from "../state.ts";
import { environmentOf } from "./matching.ts";
import { groupOf } from "./verdicts.ts";

/** The demand of a bucket. */
export interface Ask {
  readonly assessed: BucketAssessment;
  /** Agents that its jobs need. */
  readonly needs: number;
  /** Consecutive polls with this demand. */
  readonly polls: number;
}

/** The input of the decisions. */
export interface Decisions {
  readonly state: State;
  readonly atMs: number;
  /** In the order in which they are served. */
  readonly asks: readonly Ask[];
  /** What holds all launches back. */
  readonly gate: LaunchGate;
  readonly budget: LaunchBudget;
  /** Draining instances that could be enabled again. */
  readonly leaving: readonly ReusableInstance[];
  /** During a freeze nothing is launched, but existing agents are used. */
  readonly mayReuse: boolean;
  /** The registration of agents for a bucket. */
  readonly registrationOf: (
    profile: AgentProfile,
    assessed: BucketAssessment,
  ) => Registration;
}

/** The decision for one bucket. */
export interface Decision {
  readonly gate: LaunchGate;
  readonly wanted: number;
  readonly entry?: WantedAgents;
  readonly held?: HeldBack;
}

/** A demand with its decision. */
export interface DecidedAsk extends Decision {
  readonly ask: Ask;
}

/** The decision for all buckets. */
export interface Decided {
  /** In the order of the demands. */
  readonly decided: readonly DecidedAsk[];
  readonly wanted: readonly WantedAgents[];
  readonly held: readonly HeldBack[];
  /** Task ids of draining instances to enable again. */
  readonly reuse: readonly string[];
}

/** Each bucket gets as many agents as possible before the next one. */
export function oneAfterTheOther(all: Decisions): Decided {
  const decided: DecidedAsk[] = [];
  const wanted: WantedAgents[] = [];
  const held: HeldBack[] = [];
  const reuse: string[] = [];
  for (const ask of all.asks) {
    const { assessed, needs } = ask;
    const { state, leaving } = all;
    const again = all.mayReuse ? reusedFor(state, { assessed, needs, leaving, taken: reuse, held }) : [];
    reuse.push(...again);
    const decision = decide(all, ask, needs - again.length);
    if (decision.entry !== undefined) wanted.push(decision.entry);
    if (decision.held !== undefined) held.push(decision.held);
    decided.push({ ask, ...decision });
  }
  return { decided, wanted, held, reuse };
}

/**
 * How many of a bucket's missing agents may be launched now, and what holds the others back. They are deducted from the
 * budget.
 */
export function decide(all: Decisions, { assessed, polls }: Ask, needs: number): Decision {
  const { state, atMs, gate, budget } = all;
  if (assessed.choice.kind !== "serves" || needs <= 0) return { gate: { kind: "go" }, wanted: 0 };
  const { profile } = assessed.choice;
  const { bucket } = assessed;
  if (gate.kind !== "go") return { gate, wanted: 0 };
  const attempts = state.settings.poller.attempts;
  if (polls <= attempts) return { gate: { kind: "held-attempts", polls, attempts }, wanted: 0 };
  const registration = all.registrationOf(profile, assessed);
  const clamp = profileGate(state, { profile, needs, budget, registration }, atMs);
  const count = Math.min(needs, clamp.allowed);
  const held = clamp.held === undefined ? {} : { held: clamp.held };
  if (count <= 0) return { gate: clamp.gate, wanted: 0, ...held };
  budget.take(profile.name, count);
  return {
    gate: clamp.gate,
    wanted: count,
    ...held,
    entry: {
      bucketKey: bucket.key,
      profile: profile.name,
      ...registration,
      count,
      reason: {
        kind: "jobs",
        jobs: bucket.jobs.length,
        gocdResources: bucket.gocdResources,
        ...environmentOf(bucket),
        ...groupOf(bucket),
        polls,
        coming: assessed.coming,
      },
    },
  };
}

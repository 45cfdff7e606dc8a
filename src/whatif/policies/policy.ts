// The interface of the published policies of other autoscalers, through which all of them see the same world.

/** A published policy. */
export interface Policy {
  /** For the table. */
  readonly name: string;
  /** Where its formula and its defaults are documented. */
  readonly source: string;
  /** What is not modelled, in a few words. */
  readonly leavesOut: string;
  /** How often it runs, ms. */
  readonly everyMs: number;
  /** Its agents end after one job. */
  readonly isSingleUse: boolean;
  /** Starts a run of it for one profile. */
  readonly start: () => PolicyRun;
}

/** A running policy, with its state. */
export type PolicyRun = (seen: Seen) => Decision;

/** What a policy sees: its own queue and its own agents. */
export interface Seen {
  /** Ms since the beginning. */
  readonly nowMs: number;
  /** Waiting jobs that its agents could take, by index; undefined: the CI server does not respond. */
  readonly waiting: readonly WaitingJob[] | undefined;
  /** Its agents that have not ended. */
  readonly agents: readonly SeenAgent[];
  /** Maximum number of its agents. */
  readonly max: number;
}

/** A waiting job; later jobs have a larger index. */
export interface WaitingJob {
  readonly index: number;
}

/** One of its agents. */
export interface SeenAgent {
  readonly id: string;
  readonly phase: "booting" | "idle" | "building";
  /** Since when it is in this phase, ms. */
  readonly sinceMs: number;
}

/** What it decides. */
export interface Decision {
  /** Number of agents to launch; those beyond the limits are dropped. */
  readonly launch: number;
  /** Ids of the agents to end. */
  readonly end: readonly string[];
}

/** The decision to do nothing. */
export const nothing: Decision = { launch: 0, end: [] };

/** Ids of the agents that have been idle for this long. */
export function idleFor({ agents, nowMs }: Seen, forMs: number): readonly string[] {
  return agents.filter(({ phase, sinceMs }) => phase === "idle" && nowMs - sinceMs >= forMs).map(({ id }) => id);
}

/** Ids of the agents that have not registered within this time. */
export function unregisteredFor({ agents, nowMs }: Seen, forMs: number): readonly string[] {
  return agents.filter(({ phase, sinceMs }) => phase === "booting" && nowMs - sinceMs >= forMs).map(({ id }) => id);
}

/** How many agents are in one of these phases. */
export function countOf({ agents }: Seen, ...phases: readonly SeenAgent["phase"][]): number {
  return agents.filter(({ phase }) => phases.includes(phase)).length;
}

// The interface of a published policy of another autoscaler. All see the same world through it.

/** A published policy. */
export interface Policy {
  /** For the table. */
  readonly name: string;
  /** Where its formula and its defaults are written. */
  readonly source: string;
  /** What is not modelled, in a few words. */
  readonly leavesOut: string;
  /** How often it runs, ms. */
  readonly everyMs: number;
  /** Its agents end after one job. */
  readonly isSingleUse: boolean;
  /** Begins for one kind of agents. */
  readonly start: () => PolicyRun;
}

/** A policy that runs, with its memory. */
export type PolicyRun = (seen: Seen) => Decision;

/** What it sees: its own queue and its own agents. */
export interface Seen {
  /** Ms since the beginning. */
  readonly nowMs: number;
  /** Waiting jobs that its agents could take, in the order of their numbers; undefined: the CI server does not answer. */
  readonly waiting: readonly WaitingJob[] | undefined;
  /** Its agents that have not ended. */
  readonly agents: readonly SeenAgent[];
  /** How many it may have at most. */
  readonly max: number;
}

/** A job that waits; a later one has a larger number. */
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

/** What it does now. */
export interface Decision {
  /** Number to launch; beyond the limits they are dropped. */
  readonly launch: number;
  /** Ids of those that are ended. */
  readonly end: readonly string[];
}

/** Nothing. */
export const nothing: Decision = { launch: 0, end: [] };

/** Those that are idle for longer than this. */
export function idleFor({ agents, nowMs }: Seen, forMs: number): readonly string[] {
  return agents.filter(({ phase, sinceMs }) => phase === "idle" && nowMs - sinceMs >= forMs).map(({ id }) => id);
}

/** Those that have not registered for longer than this. */
export function unregisteredFor({ agents, nowMs }: Seen, forMs: number): readonly string[] {
  return agents.filter(({ phase, sinceMs }) => phase === "booting" && nowMs - sinceMs >= forMs).map(({ id }) => id);
}

/** How many are in a phase. */
export function countOf({ agents }: Seen, ...phases: readonly SeenAgent["phase"][]): number {
  return agents.filter(({ phase }) => phases.includes(phase)).length;
}

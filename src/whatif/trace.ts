// The trace of demand: which jobs needed agents, when and for how long, as JSON lines. It contains no names of
// pipelines and no variables. The format is described in docs/what-if.md.

/** The version of the format. */
export const traceVersion = 1;

/** One job as it was scheduled. Times in ms since the beginning of the trace. */
export interface TraceJob {
  readonly atMs: number;
  /** The GoCD resources that it requires. */
  readonly resources: readonly string[];
  /** Environment of its pipeline; absent: none. */
  readonly environment?: string;
  /** The group of its pipeline; absent: unknown. */
  readonly group?: string;
  /** How long its agent is busy. */
  readonly buildMs: number;
}

/** An outage of the GoCD server. */
export interface TraceOutage {
  readonly atMs: number;
  readonly forMs: number;
}

/** Recorded or hypothetical demand for agents. */
export interface Trace {
  /** A name for display. */
  readonly name: string;
  /** When it began, ms since the epoch. */
  readonly startMs: number;
  /** How long it lasted. */
  readonly lengthMs: number;
  /** Share of all containers whose agent never registers, from 0 to 1. */
  readonly neverRegister: number;
  /** In the order of their times. */
  readonly jobs: readonly TraceJob[];
  readonly outages: readonly TraceOutage[];
}

/** A time as it is written: seconds, to the millisecond. */
export function seconds(ms: number): number {
  return Math.round(ms) / 1_000;
}

/** The text of a trace. */
export function formatTrace(trace: Trace): string {
  const { name, startMs, lengthMs, neverRegister } = trace;
  const head = {
    trace: traceVersion,
    name,
    start: new Date(startMs).toISOString(),
    seconds: seconds(lengthMs),
    ...(neverRegister === 0 ? {} : { neverRegister }),
  };
  const outages = trace.outages.map(({ atMs, forMs }) => ({ down: seconds(atMs), for: seconds(forMs) }));
  const jobs = trace.jobs.map(({ atMs, resources, environment, group, buildMs }) => ({
    at: seconds(atMs),
    ...(resources.length === 0 ? {} : { resources }),
    ...(environment === undefined ? {} : { environment }),
    ...(group === undefined ? {} : { group }),
    build: seconds(buildMs),
  }));
  return [head, ...outages, ...jobs].map((line) => `${JSON.stringify(line)}\n`).join("");
}

// The jobs of a stage run (GoCD StageInstanceControllerV2 and V3, 19.12 to 26.2). Its responses have no ETag.

import { contentError } from "./content_problems.ts";
import { at, parseJson } from "./json.ts";
import { textLengthMax } from "./scheduled_jobs.ts";

/** A job of a stage that waits for an agent. */
export interface WaitingJob {
  readonly name: string;
  /** When it became Scheduled, in ms; a rescheduled one does so again. */
  readonly scheduledMs: number;
}

/** The jobs of a stage in state Scheduled, in its order, each name once. Throws {@linkcode GocdError} (`unreadable`). */
export function readWaitingJobs(text: string, source: string): readonly WaitingJob[] {
  const jobs = at(parseJson(text, source), "jobs");
  const other = contentError(source, { kind: "other-shape", expected: "a run of a stage with its jobs" });
  if (!Array.isArray(jobs)) throw other;
  const waiting = jobs.flatMap((job: unknown): readonly WaitingJob[] => {
    const [name, state, scheduled] = ["name", "state", "scheduled_date"].map((key) => at(job, key));
    // An unreadable job might be waiting.
    if (typeof name !== "string" || name === "" || name.length > textLengthMax || typeof state !== "string") {
      throw other;
    }
    if (state !== "Scheduled") return [];
    return [{ name, scheduledMs: typeof scheduled === "number" ? scheduled : Infinity }];
  });
  return [...new Map(waiting.map((job) => [job.name, job])).values()];
}

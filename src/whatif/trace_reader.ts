// Reads a trace. Errors are reported with their line.

import { OperatorError } from "../errors.ts";
import { quote } from "../quote.ts";
import { type Trace, type TraceJob, type TraceOutage, traceVersion } from "./trace.ts";

/** The limits of a trace: a larger one would take minutes to replay. */
const jobsMax = 1_000_000;
const secondsMax = 366 * 86_400;

/** Reads the text of a trace; `path` is for messages. Throws {@linkcode OperatorError} that names file and line. */
export function parseTrace(text: string, path: string): Trace {
  const lines = text.split("\n").map((line, index) => ({ line, place: `${path}:${index + 1}` }))
    .filter(({ line }) => line.trim() !== "");
  const [first, ...rest] = lines;
  if (first === undefined) throw flaw(path, "the trace is empty", "record one with `gocd-mesos record`");
  const head = headOf(first.line, first.place);
  const jobs: TraceJob[] = [];
  const outages: TraceOutage[] = [];
  if (rest.length > jobsMax) throw flaw(path, `more than ${jobsMax} lines`, "record a shorter period");
  for (const { line, place } of rest) {
    const fields = objectOf(line, place);
    const isJob = "at" in fields;
    refuseUnknown(fields, isJob ? ["at", "resources", "environment", "group", "build"] : ["down", "for"], place);
    const atMs = msOf(fields, isJob ? "at" : "down", place);
    if (atMs > head.lengthMs) {
      throw flaw(place, `${atMs / 1_000} is beyond the end of the trace at ${head.lengthMs / 1_000}`, secondsHint);
    }
    if (isJob) jobs.push({ atMs, ...needsOf(fields, place), buildMs: msOf(fields, "build", place) });
    else outages.push({ atMs, forMs: msOf(fields, "for", place) });
  }
  return { ...head, jobs: jobs.sort((a, b) => a.atMs - b.atMs), outages: outages.sort((a, b) => a.atMs - b.atMs) };
}

const secondsHint = "times are in seconds since the beginning of the trace";

type Fields = Readonly<Record<string, unknown>>;

function headOf(line: string, place: string): Omit<Trace, "jobs" | "outages"> {
  const fields = objectOf(line, place);
  if (fields["trace"] === undefined) {
    throw flaw(place, "this is not a trace of demand", 'its first line is {"trace":1,…}: see docs/what-if.md');
  }
  if (fields["trace"] !== traceVersion) {
    throw flaw(
      place,
      `format ${shown(fields["trace"])} is unknown; this program supports ${traceVersion}`,
      "use the gocd-mesos that wrote it, or a newer one",
    );
  }
  refuseUnknown(fields, ["trace", "name", "start", "seconds", "neverRegister"], place);
  const { name = "trace", start, neverRegister = 0 } = fields;
  if (typeof name !== "string") throw flaw(place, `name: ${shown(name)} is not a string`, "write it in quotes");
  const startMs = typeof start === "string" ? Date.parse(start) : NaN;
  if (Number.isNaN(startMs)) {
    throw flaw(place, `start: ${shown(start)} is not a time`, 'write it as "2026-11-02T00:00:00.000Z"');
  }
  if (typeof neverRegister !== "number" || !(neverRegister >= 0 && neverRegister <= 1)) {
    throw flaw(place, `neverRegister: ${shown(neverRegister)} is not a share`, "write a number from 0 to 1");
  }
  return { name, startMs, lengthMs: msOf(fields, "seconds", place), neverRegister };
}

function needsOf(fields: Fields, place: string): Omit<TraceJob, "atMs" | "buildMs"> {
  const { resources = [] } = fields;
  if (!Array.isArray(resources) || !resources.every((each) => typeof each === "string")) {
    throw flaw(place, `resources: ${shown(resources)} is not a list of names`, 'write it as ["linux","java"]');
  }
  return { resources, ...nameOf(fields, "environment", place), ...nameOf(fields, "group", place) };
}

function nameOf(
  fields: Fields,
  key: "environment" | "group",
  place: string,
): { readonly [Key in typeof key]?: string } {
  const name = fields[key];
  if (name === undefined) return {};
  if (typeof name === "string") return { [key]: name };
  throw flaw(place, `${key}: ${shown(name)} is not a name`, "omit it if there is none");
}

function objectOf(line: string, place: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw flaw(place, "this is not JSON", "each line is one JSON object: see docs/what-if.md");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw flaw(place, "this is not a JSON object", "each line is one JSON object: see docs/what-if.md");
}

function msOf(fields: Fields, key: string, place: string): number {
  const value = fields[key];
  if (typeof value === "number" && value >= 0 && value <= secondsMax) return Math.round(value * 1_000);
  const what = value === undefined ? `${key} is missing` : `${key}: ${shown(value)} is not a time in seconds`;
  throw flaw(place, what, secondsHint);
}

function refuseUnknown(fields: Fields, known: readonly string[], place: string): void {
  const unknown = Object.keys(fields).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw flaw(place, `${quote(unknown)} is unknown`, `known keys are: ${known.join(", ")}`);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : quote(JSON.stringify(value));
}

function flaw(place: string, message: string, hint: string): OperatorError {
  return new OperatorError(`${place}: ${message}`, { code: "trace-invalid", kind: "usage", hint });
}

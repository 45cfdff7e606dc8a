// Reads the limits of the whole framework that are off until they are written.

import { isTimeZone } from "./cron.ts";
import type { FairShare, ScalingSettings } from "../core/settings.ts";
import { mapAt } from "./container_values.ts";
import { addProblem, find, integerAt, numberAt, type Reader, textAt, wordAt } from "./reader.ts";
import { parseNumber, quote } from "./values.ts";

const weightMax = 1_000;

/** The limits that are written. */
export function readLimits(
  reader: Reader,
): Pick<ScalingSettings, "launchesPerMinute" | "maxCpuShare" | "cpuHoursPerDay" | "timeZone" | "fairShare"> {
  const launchesPerMinute = integerAt(reader, "scaling.launches-per-minute");
  const maxCpuShare = numberAt(reader, "scaling.max-cpu-share");
  const cpuHoursPerDay = numberAt(reader, "scaling.cpu-hours-per-day");
  const timeZone = readTimeZone(reader);
  const fairShare = readFairShare(reader);
  return {
    ...(launchesPerMinute === undefined ? {} : { launchesPerMinute }),
    ...(maxCpuShare === undefined ? {} : { maxCpuShare }),
    ...(cpuHoursPerDay === undefined ? {} : { cpuHoursPerDay }),
    ...(timeZone === "UTC" ? {} : { timeZone }),
    ...(fairShare === undefined ? {} : { fairShare }),
  };
}

function readFairShare(reader: Reader): FairShare | undefined {
  const by = wordAt(reader, "scaling.fair-share");
  const key = "scaling.weights";
  const found = find(reader, key);
  const weights: Record<string, number> = {};
  for (const [name, text] of Object.entries(mapAt(reader, key))) {
    const parsed = parseNumber(text);
    if (parsed.ok && parsed.value > 0 && parsed.value <= weightMax) {
      weights[name.toLowerCase()] = parsed.value;
    } else if (found !== undefined) {
      const message = `${quote(text)} is not a weight, of ${quote(name)}`;
      const hint = `write a number above 0, at most ${weightMax}: { prod = 3 }`;
      addProblem(reader, found, { code: "config-bad-value", message, hint });
    }
  }
  const isByName = by === "environment" || by === "pipeline-group";
  if (found !== undefined && !isByName && Object.keys(weights).length > 0) {
    const message = "these weights are of environments or pipeline groups, and fair-share is not between them";
    const hint = 'write fair-share = "environment" or "pipeline-group", or weight in each profile';
    addProblem(reader, found, { code: "config-conflict", message, hint });
  }
  return by === "profile" || isByName ? { by, weights } : undefined;
}

function readTimeZone(reader: Reader): string {
  const key = "scaling.time-zone";
  const timeZone = textAt(reader, key) ?? "UTC";
  const found = find(reader, key);
  if (found === undefined || isTimeZone(timeZone)) return timeZone;
  const message = `${quote(timeZone)} is not a time zone`;
  const hint = 'write a name of the IANA database such as "Europe/Berlin", or "UTC"';
  addProblem(reader, found, { code: "config-bad-value", message, hint });
  return "UTC";
}

// Schedules: when a cron expression matches in a time zone, and which windows are open. The core has no calendar and
// gets the result with each tick.

import { Cron } from "croner";
import type { OpenWindow } from "../core/demand/windows.ts";
import type { AgentProfile, Schedule, Settings } from "../core/settings.ts";
import { type Parsed, quote } from "./values.ts";

/**
 * A cron expression of five fields that matches at some time, as written. A time in the hour that is skipped at a
 * change to summer time matches at its end; a time in an hour that occurs twice matches once, the first time, unless
 * the expression means each hour.
 */
export function parseCron(text: string, timeZone: string): Parsed<string> {
  const hint = 'write five fields: minute, hour, day of the month, month, day of the week, e.g. "0 7 * * mon-fri"';
  const fields = text.trim().split(/\s+/).length;
  if (fields !== 5 && !text.startsWith("@")) {
    const has = fields === 1 ? "it has one field" : `it has ${fields} fields`;
    return { ok: false, message: `${quote(text)} is not a cron expression: ${has}`, hint };
  }
  try {
    if (cron(text, timeZone).nextRun() !== null) return { ok: true, value: text };
    return { ok: false, message: `${quote(text)} never matches`, hint };
  } catch (error) {
    const shown = quote(text);
    // The library repeats parts of the text: its message is used only if the text may be shown.
    const why = error instanceof Error && shown === `"${text}"`
      ? `: ${error.message.replace(/^CronPattern: /, "")}`
      : "";
    return { ok: false, message: `${shown} is not a cron expression${why}`, hint };
  }
}

/** Whether this is the name of a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** The windows that are open at this moment: of each profile the last one in its list, if any is open. */
export function windowsAt({ profiles }: Pick<Settings, "profiles">, atMs: number): readonly OpenWindow[] {
  return profiles.flatMap((profile) => openOf(profile, atMs) ?? []);
}

/** Windows are recomputed after this long at the latest. */
const keptMsMax = 3_600_000;

/**
 * Returns the open windows of the moment; they are recomputed when an expression has matched or the settings have
 * changed, and are the same object in between. `undefined`: no profile has a schedule.
 */
export function windowReader(): (settings: Settings, atMs: number) => readonly OpenWindow[] | undefined {
  let last:
    | {
      readonly settings: Settings;
      readonly windows: readonly OpenWindow[];
      readonly fromMs: number;
      readonly untilMs: number;
    }
    | undefined;
  return (settings, atMs) => {
    if (!settings.profiles.some(({ schedules }) => schedules !== undefined)) return undefined;
    if (last?.settings !== settings || atMs < last.fromMs || atMs >= last.untilMs) {
      const untilMs = Math.min(nextMatchMs(settings, atMs), atMs + keptMsMax);
      last = { settings, windows: windowsAt(settings, atMs), fromMs: atMs, untilMs };
    }
    return last.windows;
  };
}

/** When the next expression of any schedule matches; Infinity: none does. */
function nextMatchMs({ profiles }: Settings, atMs: number): number {
  const schedules = profiles.flatMap((profile) => profile.schedules ?? []);
  const next = schedules.flatMap(({ from, to, timeZone }) =>
    [from, to].map((expression) => cron(expression, timeZone).nextRun(new Date(atMs))?.getTime() ?? Infinity)
  );
  return Math.min(...next);
}

function openOf({ name, schedules = [] }: AgentProfile, atMs: number): OpenWindow | undefined {
  for (const schedule of schedules.toReversed()) {
    const sinceMs = lastMs(schedule.from, schedule, atMs);
    const overMs = lastMs(schedule.to, schedule, atMs);
    if (sinceMs === undefined || overMs !== undefined && overMs > sinceMs) continue;
    const untilMs = cron(schedule.to, schedule.timeZone).nextRun(new Date(atMs))?.getTime();
    return { profile: name, schedule, sinceMs, ...(untilMs === undefined ? {} : { untilMs }) };
  }
  return undefined;
}

/** The last match up to this moment, this one included. */
function lastMs(expression: string, { timeZone }: Schedule, atMs: number): number | undefined {
  return cron(expression, timeZone).previousRuns(1, new Date(atMs + 1))[0]?.getTime();
}

function cron(expression: string, timezone: string): Cron {
  return new Cron(expression, { timezone, paused: true, mode: "5-part" });
}

// Parses a moment of the past as people write it. For the history itself see history.ts.

const dayMs = 86_400_000;
const units = { s: 1_000, m: 60_000, h: 3_600_000, d: dayMs };
/** `3 minutes ago`, `3 min`, `3m`, `-3m`: a unit is known by its first letter. */
const agoForm = /^-?(\d+(?:\.\d+)?) ?(s|sec|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)( ago)?$/i;

/**
 * The moment described by a text, ms since the epoch: a time of the last 24 hours (`14:05`, UTC), a date with a time
 * (UTC unless a zone is given), or how long ago (`3 minutes ago`, `-2h`). Nothing if it is not valid.
 */
export function parseMoment(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim();
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?Z?$/.exec(trimmed);
  if (clock !== null) return timeOfDay(clock.slice(1).map((part) => Number(part ?? 0)), nowMs);
  const [, count, unit] = agoForm.exec(trimmed.toLowerCase()) ?? [];
  const ago = Object.entries(units).find(([letter]) => unit?.startsWith(letter));
  if (ago !== undefined) return nowMs - Number(count) * ago[1];
  const date = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?(Z|[+-]\d{2}:?\d{2})?)?$/.exec(trimmed);
  if (date === null) return undefined;
  const [, day = "", time = "00:00", zone = "Z"] = date;
  const atMs = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(atMs) ? undefined : atMs;
}

function timeOfDay([hours = 0, minutes = 0, seconds = 0]: readonly number[], nowMs: number): number | undefined {
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const atMs = Math.floor(nowMs / dayMs) * dayMs + ((hours * 60 + minutes) * 60 + seconds) * 1_000;
  return atMs <= nowMs ? atMs : atMs - dayMs;
}

// Days of a time zone. Pure: the same moment and zone are always the same day.

const formats = new Map<string, Intl.DateTimeFormat>();

/** The day of a moment in a time zone (a name of the IANA database), as `2026-11-28`. Throws RangeError for no such zone. */
export function dayAt(atMs: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
    formats.set(timeZone, format);
  }
  return format.format(atMs);
}

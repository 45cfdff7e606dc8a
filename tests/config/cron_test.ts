// Schedules: open windows, time zones, and changes of daylight saving time.

import { assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { isTimeZone, parseCron, windowReader, windowsAt } from "../../src/config/cron.ts";
import type { Schedule, Settings } from "../../src/core/settings.ts";
import { linux, someSettings } from "../support/core.ts";

const at = (text: string): number => Date.parse(text);

function settingsWith(...schedules: readonly Partial<Schedule>[]): Settings {
  return someSettings({
    profiles: [{
      ...linux,
      schedules: schedules.map((each) => ({
        from: "0 7 * * mon-fri",
        to: "0 19 * * mon-fri",
        timeZone: "Europe/Berlin",
        minIdle: 5,
        ...each,
      })),
    }],
  });
}

/** `SINCE to UNTIL` of the open window, or none. */
function open(settings: Settings, text: string): string {
  const [window] = windowsAt(settings, at(text));
  if (window === undefined) return "none";
  const { sinceMs, untilMs } = window;
  return `${shown(sinceMs)} to ${untilMs === undefined ? "ever" : shown(untilMs)}`;
}

const shown = (ms: number): string => new Date(ms).toISOString().slice(0, 16);

const office = settingsWith({});
for (
  const [moment, wanted] of [
    // Winter: 7:00 is 6:00 UTC.
    ["2026-01-14T05:59:59.999Z", "none"],
    ["2026-01-14T06:00:00Z", "2026-01-14T06:00 to 2026-01-14T18:00"],
    ["2026-01-14T17:59:59.999Z", "2026-01-14T06:00 to 2026-01-14T18:00"],
    ["2026-01-14T18:00:00Z", "none"],
    ["2026-01-17T12:00:00Z", "none"],
    // Summer: 5:00 UTC.
    ["2026-07-15T04:59:00Z", "none"],
    ["2026-07-15T05:00:00Z", "2026-07-15T05:00 to 2026-07-15T17:00"],
    // The Friday before the change to summer time, and the Monday after it.
    ["2026-03-27T17:30:00Z", "2026-03-27T06:00 to 2026-03-27T18:00"],
    ["2026-03-30T05:00:00Z", "2026-03-30T05:00 to 2026-03-30T17:00"],
    // The same in autumn.
    ["2026-10-23T16:59:00Z", "2026-10-23T05:00 to 2026-10-23T17:00"],
    ["2026-10-26T05:59:00Z", "none"],
    ["2026-10-26T06:00:00Z", "2026-10-26T06:00 to 2026-10-26T18:00"],
  ] as const
) {
  Deno.test(`weekdays 7:00 to 19:00 in Berlin at ${moment}: ${wanted}`, () =>
    assertEquals(open(office, moment), wanted));
}

Deno.test("a schedule that starts in the hour skipped by summer time starts at the end of that hour", () => {
  const night = settingsWith({ from: "30 2 * * *", to: "0 4 * * *" });
  assertEquals([open(night, "2026-03-29T00:59:00Z"), open(night, "2026-03-29T01:00:00Z")], [
    "none",
    "2026-03-29T01:00 to 2026-03-29T02:00",
  ]);
});

Deno.test("a schedule that starts in the hour that occurs twice starts the first time, and lasts an hour longer", () => {
  const night = settingsWith({ from: "30 2 * * *", to: "0 4 * * *" });
  const wanted = "2026-10-25T00:30 to 2026-10-25T03:00";
  const moments = ["2026-10-25T00:29:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T03:00:00Z"];
  assertEquals(moments.map((moment) => open(night, moment)), ["none", wanted, wanted, "none"]);
});

Deno.test("a window that spans both changes of a weekend stays open", () => {
  const weekend = settingsWith({ from: "0 20 * * fri", to: "0 6 * * mon" });
  assertEquals(open(weekend, "2026-03-29T01:00:00Z"), "2026-03-27T19:00 to 2026-03-30T04:00");
  assertEquals(open(weekend, "2026-10-25T01:00:00Z"), "2026-10-23T18:00 to 2026-10-26T05:00");
});

Deno.test("a window that starts each day and ends on Fridays is open from Saturday to Friday", () => {
  const week = settingsWith({ from: "0 7 * * *", to: "0 19 * * fri" });
  assertEquals([
    open(week, "2026-01-16T17:59:00Z"),
    open(week, "2026-01-16T18:00:00Z"),
    open(week, "2026-01-17T03:00:00Z"),
  ], [
    "2026-01-16T06:00 to 2026-01-16T18:00",
    "none",
    "none",
  ]);
});

Deno.test("the last open window of the list applies", () => {
  const settings = settingsWith({ minIdle: 5 }, { from: "0 9 * * *", to: "0 11 * * *", minIdle: 9 }, {
    from: "0 0 1 1 *",
    to: "0 0 2 1 *",
    minIdle: 1,
  });
  const idle = (text: string): unknown => windowsAt(settings, at(text))[0]?.schedule.minIdle;
  assertEquals([
    idle("2026-01-14T07:30:00Z"),
    idle("2026-01-14T08:30:00Z"),
    idle("2026-01-14T10:30:00Z"),
    idle("2026-01-14T20:30:00Z"),
  ], [5, 9, 5, undefined]);
});

Deno.test("each profile has its own windows, and a profile without schedules has none", () => {
  const [profile] = office.profiles;
  const profiles = [linux, { ...profile ?? linux, name: "a" }, { ...profile ?? linux, name: "b" }];
  const names = windowsAt({ profiles }, at("2026-01-14T12:00:00Z")).map((each) => each.profile);
  assertEquals(names, ["a", "b"]);
});

Deno.test("windows are computed again at each cron match, every hour and with new settings, and never without schedules", () => {
  const read = windowReader();
  const evening = at("2026-01-14T17:30:00Z");
  const minutes = (count: number): number => evening + count * 60_000;
  assertEquals(read(someSettings(), evening), undefined);
  const first = read(office, evening);
  assertEquals([first?.length, read(office, minutes(30) - 1) === first], [1, true]);
  const over = read(office, minutes(30));
  const same = [read(office, minutes(90) - 1), read(office, minutes(90)), read(settingsWith({}), minutes(90))];
  assertEquals([over, ...same.map((each) => each === over)], [[], true, false, false]);
  assertEquals(read(office, evening)?.length, 1, "a clock that was set back");
});

Deno.test("cached windows equal the windows computed at each moment, also across changes of daylight saving time", () => {
  const expression = fc.constantFrom(
    "*/7 * * * *",
    "30 2 * * *",
    "0 3 * * *",
    "0 * * * *",
    "15 1-4 * * sun",
    "0 0 1 * *",
  );
  const change = fc.constantFrom("2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z", "2026-03-08T04:00:00Z");
  const timeZone = fc.constantFrom("Europe/Berlin", "America/New_York", "UTC");
  fc.assert(
    fc.property(expression, expression, timeZone, change, (from, to, timeZone, change) => {
      const settings = settingsWith({ from, to, timeZone }, { from: to, to: from, timeZone });
      const read = windowReader();
      for (let minute = 0; minute < 480; minute += 5) {
        const ms = at(change) + minute * 60_000 + 1;
        assertEquals(read(settings, ms), windowsAt(settings, ms));
      }
    }),
    { numRuns: 8 },
  );
});

Deno.test("a window between two minutes of the hour is open exactly then", () => {
  fc.assert(
    fc.property(fc.nat(59), fc.nat(59), fc.nat(100_000_000), (from, to, minute) => {
      fc.pre(from !== to);
      const ms = minute * 60_000;
      const settings = settingsWith({ from: `${from} * * * *`, to: `${to} * * * *`, timeZone: "UTC" });
      const isIn = (minute - from + 60) % 60 < (to - from + 60) % 60;
      assertEquals(windowsAt(settings, ms).length, isIn ? 1 : 0);
    }),
    { numRuns: 60 },
  );
});

for (
  const [text, wanted] of [
    ["0 7 * * mon-fri", true],
    ["*/5 * * * *", true],
    ["0 0 29 2 *", true],
    ["0 0 31 2 *", '"0 0 31 2 *" never matches'],
    ["61 * * * *", '"61 * * * *" is not a cron expression: Invalid value for minute: 61'],
    ["@daily", true],
    ["@hunter2", '"***@hunter2" is not a cron expression'],
    ["7:00", '"7:00" is not a cron expression: it has one field'],
    ["2027-01-01T00:00", '"2027-01-01T00:00" is not a cron expression: it has one field'],
    ["0 0 7 * * *", '"0 0 7 * * *" is not a cron expression: it has 6 fields'],
    ["u:hunter2@h * * * *", '"***@h * * * *" is not a cron expression'],
    [`${"1,".repeat(90)}61 * * * *`, `"${"1,".repeat(28)}1..." is not a cron expression`],
    ["0 7 * * ".repeat(100), `"${"0 7 * * ".repeat(8).slice(0, 57)}..." is not a cron expression: it has 400 fields`],
  ] as const
) {
  Deno.test(`the cron expression ${text.slice(0, 60)} is ${wanted === true ? "accepted" : "refused"}`, () => {
    const parsed = parseCron(text, "Europe/Berlin");
    assertEquals(parsed.ok || parsed.message, wanted);
  });
}

Deno.test("IANA names are time zones, and other words are not", () => {
  assertEquals(["Europe/Berlin", "UTC", "America/New_York", "Europe/Berln", "MESZ", ""].map(isTimeZone), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

// Moments as people name them.

import { assertEquals } from "@std/assert";
import { parseMoment } from "../../../src/core/view/moment.ts";

const nowMs = Date.UTC(2026, 10, 27, 14, 30);

const named: readonly (readonly [string, string])[] = [
  ["14:05", "2026-11-27T14:05:00Z"],
  [" 9:00 ", "2026-11-27T09:00:00Z"],
  ["14:30", "2026-11-27T14:30:00Z"],
  ["14:31", "2026-11-26T14:31:00Z"],
  ["14:05:09Z", "2026-11-27T14:05:09Z"],
  ["2026-11-25", "2026-11-25T00:00:00Z"],
  ["2026-11-25 23:59", "2026-11-25T23:59:00Z"],
  ["2026-11-25T23:59:30Z", "2026-11-25T23:59:30Z"],
  ["2026-11-25T23:59:30.500Z", "2026-11-25T23:59:30.500Z"],
  ["2026-11-25T14:05+01:00", "2026-11-25T13:05:00Z"],
  ["2026-11-25 14:05 -0230", "2026-11-25T16:35:00Z"],
  ["2h ago", "2026-11-27T12:30:00Z"],
  ["-90min", "2026-11-27T13:00:00Z"],
  ["1.5 h ago", "2026-11-27T13:00:00Z"],
  ["30 s", "2026-11-27T14:29:30Z"],
  ["2d", "2026-11-25T14:30:00Z"],
  ["2 m", "2026-11-27T14:28:00Z"],
  ["1.25h", "2026-11-27T13:15:00Z"],
  ["3 minutes ago", "2026-11-27T14:27:00Z"],
  ["3 min ago", "2026-11-27T14:27:00Z"],
  ["3m ago", "2026-11-27T14:27:00Z"],
  ["1 minute ago", "2026-11-27T14:29:00Z"],
  ["5 mins", "2026-11-27T14:25:00Z"],
  ["1 hour ago", "2026-11-27T13:30:00Z"],
  ["2 hrs ago", "2026-11-27T12:30:00Z"],
  ["30 seconds ago", "2026-11-27T14:29:30Z"],
  ["30 sec", "2026-11-27T14:29:30Z"],
  ["2 Days ago", "2026-11-25T14:30:00Z"],
  ["23:59:59", "2026-11-26T23:59:59Z"],
];
for (const [text, time] of named) {
  Deno.test(`at half past two, "${text}" is ${time}`, () => assertEquals(parseMoment(text, nowMs), Date.parse(time)));
}

for (
  const text of [
    "",
    "now",
    "24:00",
    "12:60",
    "12:00:60",
    "2026-13-01",
    "2026-11-25T25:00",
    "5 years ago",
    "5 months ago",
    "5 minutesago",
    "h",
    "1e3",
    "14:05x",
    "x2h",
    "2h agox",
    "x2026-11-25",
    "2026-11-25x",
  ]
) {
  Deno.test(`"${text}" names no moment`, () => assertEquals(parseMoment(text, nowMs), undefined));
}

// The history on the status page: the trend, agent-hours, finished agents, and pages of past moments.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type History, openHistory, type PackedSnapshot } from "../../src/history/history.ts";
import { HistoryError } from "../../src/history/error.ts";
import { packView } from "../../src/history/snapshot.ts";
import { createHandler } from "../../src/web/handler.ts";
import { costsOf } from "../../src/web/history_page.ts";
import { aBatch, aJob, aLife, aNote, aSample, beginMs, day, hour, limits, minute, second } from "../history/samples.ts";
import type { Spent } from "../../src/core/view/history.ts";
import { allJobs } from "../../src/web/page_query.ts";
import { historyHref } from "../../src/web/history_query.ts";
import { pictureOf } from "../support/picture.ts";
import { sampleNotes, sampleView } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";

const nowMs = beginMs + 6 * hour;

/** A history of six hours with a picture two hours before their end. */
async function kept(idleMs = hour / 2, busyMs = 3 * hour / 2): Promise<History> {
  const history = openHistory(undefined, limits);
  const old = { ...sampleView, atMs: beginMs + 4 * hour, jobs: [], mode: "drain" as const };
  const samples = Array.from(
    { length: 6 * 60 },
    (_, index) => aSample(beginMs + index * minute, { building: 3, idle: 1 }),
  );
  history.write(aBatch({
    samples,
    notes: [aNote(beginMs + 3 * hour, "told before", "warning"), aNote(beginMs + 5 * hour, "told after")],
    lives: [
      aLife("t-2", { host: "h9", adopted: true }),
      aLife("t-1", { end: "launch-failed", message: "<b>no image</b>", endedMs: beginMs + hour }),
    ],
    hours: [{
      hourMs: beginMs,
      profile: "linux",
      spentMs: { starting: 0, idle: idleMs, busy: busyMs, draining: 0, other: 0 },
    }],
    snapshots: [await packView(old, () => Promise.resolve())],
  }));
  return history;
}

async function pageOf(path: string, history?: History): Promise<string> {
  const handler = createHandler(sampleOptions({
    picture: () => pictureOf({ ...sampleView, atMs: nowMs }, { notes: sampleNotes }),
    nowMs: () => nowMs,
    ...(history === undefined ? {} : { history }),
  }));
  return await (await handler(new Request(`http://localhost${path}`))).text();
}

Deno.test("the agent-hours of the first minute are not divided by activity", async () => {
  using history = closing(await kept(15 * second, 15 * second));
  assertStringIncludes(await pageOf("/?range=6h", history), "<b>0.01 agent-hours</b></p>");
});

Deno.test("the page shows trend, agent-hours, finished agents and a form for past moments", async () => {
  using history = closing(await kept());
  const page = await pageOf("/?range=6h", history);
  for (
    const part of [
      'id="trend"',
      "In the last step, rounded up: 3 building, 1 idle; no job waits.",
      "1 warning or error",
      "2.0 h",
      "1.5 h building (75 %), 0.50 h idle (25 %)",
      '<li class="other">out of contact</li>',
      "launch-failed",
      '<p class="cost quiet">Today (UTC): <b>2.0 agent-hours</b>, 1.5 h building, 0.50 h idle</p>',
      '<span class="quiet">adopted</span>',
      "<b>1</b> of 1 on <bdi>h1</bdi>",
      "&lt;b&gt;no image&lt;/b&gt;",
      `<input name="at" required`,
      "kept since 2026-11-27T12:00:00Z, in memory only",
    ]
  ) {
    assertStringIncludes(page, part);
  }
});

function closing(history: History): History & Disposable {
  return Object.assign(history, { [Symbol.dispose]: () => history.close() });
}

Deno.test("the range of the trend is selected by a link and kept by every other link", async () => {
  using history = closing(await kept());
  const page = await pageOf("/?range=1h&verdict=unserved", history);
  assertStringIncludes(page, `from 2026-11-27T16:59:15Z to 2026-11-27T17:59:15Z`);
  assertStringIncludes(page, `href="/?range=24h&amp;verdict=unserved#trend"`);
  assertStringIncludes(page, `range=1h&amp;verdict=coming`);
  assertStringIncludes(await pageOf("/?range=nonsense", history), `from 2026-11-27T16:59:15Z`);
  history.limit({ ...limits, keepMs: 30 * minute });
  for (let round = 0; round < 9; round++) history.prune(nowMs);
  assertStringIncludes(await pageOf("/", history), `from 2026-11-27T16:59:15Z`);
});

Deno.test("the trend shows the last hour by default", async () => {
  for (const minutes of [1, 14, 16, 59, 61, 600]) {
    using history = closing(openHistory(undefined, limits));
    history.write(aBatch({ samples: [aSample(nowMs - minutes * minute, {}), aSample(nowMs, {})] }));
    const [, current] = /data-key="range-[^"]*" aria-current="true">([^<]*)</.exec(await pageOf("/", history)) ?? [];
    assertEquals(current?.trim(), "1 h", `after ${minutes} min`);
  }
});

Deno.test("the page of a past moment shows its picture, labels it as past and does not reload", async () => {
  using history = closing(await kept());
  const page = await pageOf("/?at=16:01", history);
  assertStringIncludes(page, "This is the past: what the program knew at <time>2026-11-27T16:00:00Z</time>, 2 h");
  assertStringIncludes(page, "ago, the last picture that is kept before 2026-11-27T16:01:00Z.");
  assertStringIncludes(page, `<a href="/">Back to now</a>`);
  assertStringIncludes(page, `<a href="/?at=2026-11-27T16%3A00%3A00Z">A minute earlier</a>`);
  assertStringIncludes(page, `<a href="/?at=2026-11-27T16%3A02%3A00Z">A minute later</a>`);
  assertStringIncludes(page, "That day until then (UTC, about): <b>2.0 agent-hours</b>");
  assertMatch(page, /what was spent in the hour of this moment is\s+estimated/);
  assertStringIncludes(page, "Waiting then");
  assertStringIncludes(page, "Draining: no agent is launched");
  assertStringIncludes(page, "told before");
  assertEquals([page.includes("told after"), page.includes("page.js"), page.includes("http-equiv")], [
    false,
    false,
    false,
  ]);
  assertStringIncludes(page, "to 2026-11-27T16:00:00Z");
  const later = await pageOf("/?at=2026-11-27T17:30Z", history);
  assertStringIncludes(later, "there is none between it and 2026-11-27T17:30:00Z");
  assertEquals(later.includes("told after"), false);
  const earlier = await pageOf("/?at=2026-11-27T15:59:50Z", history);
  assertStringIncludes(earlier, "ago, the first picture that is kept from 2026-11-27T15:59:50Z on.");
});

Deno.test("a moment in the future is refused, with a tolerance for clock skew", async () => {
  using history = closing(await kept());
  const at = (ms: number): string => new Date(nowMs + ms).toISOString();
  const future = await pageOf(`/?at=${at(2 * minute)}`, history);
  assertStringIncludes(future, "is in the future. This is the present.");
  assertEquals((await pageOf(`/?at=${at(30_000)}`, history)).includes("in the future"), false);
});

/** Pictures of these moments. */
function picturesAt(...times: readonly number[]): Promise<readonly PackedSnapshot[]> {
  return Promise.all(times.map((atMs) => packView({ ...sampleView, atMs }, () => Promise.resolve())));
}

Deno.test("everything on the page of a past moment is as of its picture, which may precede the requested moment", async () => {
  using history = closing(openHistory(undefined, limits));
  const thenMs = beginMs + 10 * minute;
  const spentMs = { busy: hour, idle: 0, starting: 0, draining: 0, other: 0 };
  history.write(aBatch({
    samples: Array.from({ length: 240 }, (_, index) => aSample(beginMs + index * 15 * second, { building: 1 })),
    notes: [aNote(thenMs - second, "told before"), aNote(thenMs + 20 * second, "told between", "warning")],
    lives: [
      aLife("t-before", { endedMs: thenMs, end: "lost", host: "h-before" }),
      aLife("t-between", { endedMs: thenMs + 20 * second, end: "lost", host: "h-between" }),
    ],
    hours: [{ hourMs: beginMs, profile: "linux", spentMs }],
    snapshots: await picturesAt(thenMs),
  }));
  const page = await pageOf("/?at=12:10:40&range=1h", history);
  for (
    const part of [
      "what the program knew at <time>2026-11-27T12:10:00Z</time>",
      "Everything on this page is as of then.",
      "to 2026-11-27T12:10:00Z",
      "told before",
      "t-before",
      "<bdi>h-before</bdi>",
      "That day until then (UTC, about): <b>0.17 agent-hours</b>",
    ]
  ) {
    assertStringIncludes(page, part);
  }
  assertEquals([..."told between,t-between,h-between".split(",")].filter((part) => page.includes(part)), []);
});

Deno.test("agents that ended before the range of the trend are shown with their data of the history", async () => {
  using history = closing(openHistory(undefined, limits));
  const before = Array.from({ length: 40 }, (_, index) => aLife(`t-${index}`, { endedMs: beginMs + index * minute }));
  history.write(aBatch({ lives: before, samples: [aSample(nowMs - minute)] }));
  const finished = before.map(({ taskId, profile, host, createdMs, endedMs = 0 }) => ({
    ...{ taskId, profile, host, createdMs, endedMs, mesosAgentId: "", end: "stopped", life: [] },
  }));
  const picture = pictureOf({ ...sampleView, atMs: nowMs, finished, instances: [] });
  const handler = createHandler(sampleOptions({ picture: () => picture, nowMs: () => nowMs, history }));
  const page = await (await handler(new Request("http://localhost/?range=15min"))).text();
  assertEquals([page.includes("t-39"), page.includes("not in the history")], [true, false]);
});

Deno.test("the agent that built a job is found by a part of the job's name, as of the moment of the page", async () => {
  using history = closing(openHistory(undefined, limits));
  const job = { ...aJob(beginMs), buildMs: hour };
  history.write(aBatch({
    jobs: [job, { ...job, atMs: beginMs + hour, beganMs: beginMs + hour, agent: "t-late", locator: "<b>/1/s/1/unit" }],
    samples: [aSample(nowMs)],
    snapshots: await picturesAt(beginMs + 59 * minute, beginMs + 90 * minute),
  }));
  const page = await pageOf("/?built=UNIT&range=1h", history);
  for (const part of ["<bdi>t-1</bdi>", "<bdi>t-late</bdi>", "&lt;b&gt;/1/s/1/unit", 'value="UNIT"', "built=UNIT"]) {
    assertStringIncludes(page, part);
  }
  const href = (path: string): string => `<a href="http://gocd.example.org:8153/go/${path}" rel="noreferrer noopener">`;
  assertStringIncludes(page, href(`tab/build/detail/${job.locator}`));
  const past = await pageOf("/?built=unit&at=13:30", history);
  assertEquals([past.includes("<bdi>t-1</bdi>"), past.includes("t-late")], [true, true]);
  assertMatch(past, /t-late<(?:(?!<tr)[\s\S])*badge busy">building</, "it was being built then");
  assertEquals((await pageOf("/?built=unit&at=12:59", history)).includes("t-late"), false);
  assertStringIncludes(await pageOf("/?built=other", history), "No build of such a job has been seen.");
});

Deno.test("the picture nearest to the requested moment is shown, even if it is later", async () => {
  using history = closing(openHistory(undefined, limits));
  const pack = async (atMs: number): Promise<void> =>
    history.write(aBatch({ snapshots: [await packView({ ...sampleView, atMs }, () => Promise.resolve())] }));
  await pack(beginMs);
  await pack(beginMs + minute);
  const shownAt = async (ms: number): Promise<string | undefined> => {
    const at = encodeURIComponent(new Date(beginMs + ms).toISOString());
    return /what the program knew at <time>([^<]*)</.exec(await pageOf(`/?at=${at}`, history))?.[1];
  };
  const [early, late] = [beginMs, beginMs + minute].map((ms) => new Date(ms).toISOString().replace(".000", ""));
  assertEquals(await Promise.all([0, 29, 31, 60, 75].map((seconds) => shownAt(seconds * second))), [
    early,
    early,
    late,
    late,
    late,
  ]);
});

for (
  const [at, why] of [
    ["quarter past", "&quot;quarter past&quot; is not a time. Write 14:05"],
    ["2026-11-27T11:00Z", "No picture of 2026-11-27T11:00:00Z or before is kept."],
  ] as const
) {
  Deno.test(`if there is no page of "${at}", the present is shown with the reason`, async () => {
    using history = closing(await kept());
    const page = await pageOf(`/?at=${encodeURIComponent(at)}`, history);
    assertStringIncludes(page, why);
    assertStringIncludes(page, "page.js");
    assertEquals(page.includes("Draining: no agent"), false);
  });
}

Deno.test("a picture that this version cannot show is reported on the page", async () => {
  using history = closing(await kept());
  const { instances: _, ...strange } = sampleView;
  const snapshot = await packView(
    { ...strange, atMs: beginMs + 5 * hour } as typeof sampleView,
    () => Promise.resolve(),
  );
  history.write(aBatch({ snapshots: [{ ...snapshot, version: "99" }] }));
  assertStringIncludes(await pageOf("/?at=17:00", history), "was made by another version");
});

Deno.test("a decision links to the page of its moment, which contains it", async () => {
  using history = closing(await kept());
  const { atMs } = sampleNotes.at(-1) ?? { atMs: 0 };
  const page = await pageOf("/", history);
  const href = `/?at=${new Date(atMs).toISOString().replace(/(:00)?\.\d+Z$/, "Z").replaceAll(":", "%3A")}`;
  assertStringIncludes(page, `<a href="${href}"><time datetime=`);
  history.write(aBatch({
    notes: [aNote(beginMs + 5 * hour + 250, "in the middle of a second")],
    snapshots: await picturesAt(beginMs + 5 * hour - 5 * second, beginMs + 5 * hour + 14 * second),
  }));
  const asked = historyHref(allJobs, { atMs: Math.ceil((beginMs + 5 * hour + 250) / second) * second });
  assertStringIncludes(await pageOf(asked, history), "in the middle of a second");
});

Deno.test("without a history the page has no trend, and a request for a moment is answered with the reason", async () => {
  const page = await pageOf("/");
  assertEquals([page.includes('id="trend"'), page.includes('id="history"')], [false, false]);
  assertStringIncludes(await pageOf("/?at=14:05"), "No history is kept (history.keep).");
});

Deno.test("a history that cannot be read is reported, and the rest of the page is complete", async () => {
  const history = await kept();
  history.close();
  const failing = { ...history, span: () => fail(), nextSnapshotMs: () => fail() };
  const page = await pageOf("/", failing);
  assertStringIncludes(page, "the disk is gone");
  assert(page.includes('id="instances"') && !page.includes('id="trend"'));
  assertStringIncludes(await pageOf("/?at=14:05", failing), "The history cannot be read: the disk is gone.");
});

function fail(): never {
  throw new HistoryError("history-failed", "the disk is gone");
}

Deno.test("agent-hours are added up for today in UTC, the last 24 hours and all hours, highest first", () => {
  const spent = (busy: number): Spent => (
    { starting: 0, idle: second, busy, draining: 0, other: 0 }
  );
  const hours = [
    { hourMs: beginMs - 3 * day, profile: "a", spentMs: spent(hour) },
    { hourMs: beginMs - 13 * hour, profile: "a", spentMs: spent(hour) },
    { hourMs: beginMs, profile: "a", spentMs: spent(hour) },
    { hourMs: beginMs, profile: "b", spentMs: spent(9 * hour) },
  ];
  assertEquals(
    costsOf(hours, beginMs + hour).map(({ profile, today, lastDay, lastWeek }) => [
      profile,
      ...[today, lastDay, lastWeek].map(({ busy, idle }) => `${busy / hour} ${idle / second}`),
    ]),
    [["b", "9 1", "9 1", "9 1"], ["a", "1 1", "2 2", "3 3"]],
  );
});

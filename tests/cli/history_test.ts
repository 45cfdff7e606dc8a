// `history`: its output for a period, a moment and a job, from the running instance or from a file.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { realClock } from "../../src/runtime/clock.ts";
import { type History, openHistory } from "../../src/history/history.ts";
import { packView } from "../../src/history/snapshot.ts";
import {
  aBatch,
  aLife,
  aNote,
  aSample,
  beginMs,
  hour,
  limits,
  minute,
  second,
  unreadSample,
} from "../history/samples.ts";
import { pictureOf } from "../support/picture.ts";
import { sampleMs, sampleView } from "../support/sample_view.ts";
import { withInstance } from "./instance.ts";
import { type Around, assertRefused, assertTranscript, confFolder, runLine, type Written } from "./support.ts";

const text =
  `gocd-mesos { mesos-master = "m:5050", go-server { host = g, port = 8153 }, go-agent.docker-image = "a:1" }`;
const nowMs = beginMs + 6 * hour;
const at = (atMs: number, columns = 110): Around => ({ columns, machine: { ...realClock, nowMs: () => atMs } });

const found = { adopted: true, registeredMs: beginMs } as const;

const unit = "shop/7/b/1/unit";

/** Six hours: jobs arrive at the start, agents follow, the fourth hour is not recorded. */
async function fill(history: History): Promise<void> {
  const samples = Array.from({ length: 6 * 60 }, (_, index) => {
    const agents = Math.max(0, Math.min(8, Math.floor(index / 10), 30 - Math.floor(index / 10)));
    return aSample(beginMs + index * minute, {
      needsAgent: Math.max(0, 12 - Math.floor(index / 8)),
      wanted: index < 60 ? 3 : 0,
      building: agents,
      idle: agents > 4 ? 0.5 : 1,
      oldestWaitMs: index < 90 ? index * minute : 0,
    });
  }).filter(({ atMs }) => atMs < beginMs + 3 * hour || atMs >= beginMs + 4 * hour);
  const spentMs = { starting: hour / 4, idle: hour, busy: 2 * hour, draining: hour / 2, other: 0 };
  history.write(aBatch({
    samples,
    notes: [
      aNote(beginMs, "launching t-1 on h1"),
      aNote(beginMs + hour, "host h2\u001b[2J is avoided by all", "warning"),
      aNote(beginMs + 2 * hour, "the disk is full", "error"),
    ],
    lives: [
      aLife("t-1"),
      // For agents found running the registration time is unknown.
      aLife("t-2", { ...found, end: "launch-failed", host: "h2", endedMs: beginMs + 2 * hour, builds: 0 }),
      aLife("t-3", { ...found, endedMs: beginMs + 3 * hour }),
    ],
    hours: [
      { hourMs: beginMs, profile: "linux", spentMs },
      { hourMs: beginMs + hour, profile: "linux", spentMs },
      { hourMs: beginMs, profile: "mac", spentMs: { ...spentMs, busy: 0 } },
    ],
    jobs: [
      {
        atMs: beginMs,
        resources: [],
        beganMs: beginMs + minute,
        buildMs: hour,
        by: "ours",
        locator: unit,
        agent: "t-1",
      },
      { atMs: beginMs, resources: [], beganMs: beginMs, by: "others", locator: "shop/8/b/1/e2e", agent: "static" },
      { atMs: beginMs + hour, resources: [], by: "unseen", locator: "shop/9/b/1/unit" },
    ],
    snapshots: [await packView({ ...sampleView, problems: [] }, () => Promise.resolve())],
  }));
}

/** Calls with a configuration with a history next to it, and no instance. */
async function withFile(act: (conf: string, path: string) => Promise<void>, conf = text): Promise<void> {
  const folder = confFolder(conf);
  const path = `${folder.path}/gocd-mesos.db-history`;
  try {
    const history = openHistory(path, limits);
    await fill(history);
    history.close();
    await act(folder.conf, path);
  } finally {
    folder.remove();
  }
}

function transcript(name: string, args: string, written: Written, path: string): void {
  const shown = `$ gocd-mesos history ${args}framework.conf\n${written.out}`;
  assertTranscript(name, shown, [[path, "gocd-mesos.db-history"]]);
}

Deno.test("without a running instance, history shows periods and past pictures from the file", async () => {
  await withFile(async (conf, path) => {
    transcript("history", "", await runLine(["history", conf], at(nowMs)), path);
    transcript("history-narrow", "--since 2h ", await runLine(["history", "--since", "2h", conf], at(nowMs, 72)), path);
    const past = await runLine(["history", "--at", "1min ago", conf], at(sampleMs + 2 * minute));
    transcript("history-at", "--at '1min ago' ", past, path);
    const empty = await runLine(["history", "--until", "2026-11-01", conf], at(nowMs));
    assertStringIncludes(empty.out, "nothing was recorded in this time; what is kept: 2026-11-27T12:00:00Z to");
  });
});

Deno.test("history --job shows which agent built a job, from the file or from the running instance", async () => {
  await withFile(async (conf, path) => {
    transcript("history-job", "--job shop ", await runLine(["history", "--job", "shop", conf], at(nowMs)), path);
    const none = await runLine(["history", "--job", "web", "--since", "2h", conf], at(nowMs));
    assertStringIncludes(none.out, "no build of such a job has been seen since 2026-11-27T16:00:00Z");
  });
  const history = openHistory(undefined, limits);
  await fill(history);
  await withInstance(async ({ conf, start }) => {
    await start(() => pictureOf(sampleView), history);
    const asked = ["history", "--job", unit.toUpperCase(), "--json", conf];
    const { jobs } = JSON.parse((await runLine(asked, at(nowMs))).out);
    assertEquals(jobs.map(({ agent }: Record<string, unknown>) => agent), ["t-1"]);
  });
  history.close();
});

Deno.test("history shows ? for the jobs waiting in a period without successful polls, with a note that they are unknown", async () => {
  const folder = confFolder(text);
  try {
    const history = openHistory(`${folder.path}/gocd-mesos.db-history`, limits);
    const unread = Array.from({ length: 5 }, (_, index) => unreadSample(nowMs - (5 - index) * minute, { idle: 1 }));
    const lineOf = async (): Promise<string | undefined> => {
      const { out } = await runLine(["history", "--since", "10min", folder.conf], at(nowMs));
      return out.split("\n").find((line) => line.startsWith("  jobs waiting"))?.replaceAll(/ {2,}/g, "  ").trim();
    };
    history.write(aBatch({ samples: unread }));
    assertMatch(await lineOf() ?? "", /^jobs waiting {2}·[^?]*\?[·?]*[^?]* {2}not known$/);
    history.write(aBatch({ samples: [aSample(nowMs - 6 * minute, { needsAgent: 2 })] }));
    assertMatch(await lineOf() ?? "", /█.*\?.* {2}most 2 at 17:54, now not known$/);
    history.write(aBatch({ samples: [aSample(nowMs - 6 * minute)] }));
    assertMatch(await lineOf() ?? "", / {2}none where known$/);
    history.close();
  } finally {
    folder.remove();
  }
});

Deno.test("if a period starts within an hour, its agent-hours show the start of that hour", async () => {
  await withFile(async (conf) => {
    const titleOf = async (since: string): Promise<string | undefined> => {
      const { out } = await runLine(["history", "--since", since, conf], at(nowMs));
      return /^ *(AGENT-HOURS.*?) {2}/m.exec(out)?.[1];
    };
    assertEquals(await titleOf("12:00"), "AGENT-HOURS");
    assertEquals(await titleOf("12:20"), "AGENT-HOURS FROM 12:00");
    assertEquals(await titleOf("2026-11-25 07:30"), "AGENT-HOURS FROM 11-25 07:00");
  });
});

Deno.test("history reads from the running instance, and --json prints the response of its API", async () => {
  const history = openHistory(undefined, limits);
  await fill(history);
  try {
    await withInstance(async ({ conf, start }) => {
      await start(() => pictureOf(sampleView), history);
      const shown = await runLine(["history", conf], at(nowMs));
      assertStringIncludes(shown.out, "(6 h), from the running instance, which keeps it in memory\n");
      assertStringIncludes(shown.out, "3 agents ended: 2 stopped, 1 launch-failed; 6 builds");
      const { samples, decisions, stepMs } = JSON.parse((await runLine(["history", "--json", conf], at(nowMs))).out);
      assertEquals([samples.length, decisions.length, stepMs], [240, 3, 75 * second]);
      const past = await runLine(["history", "--at", "1min ago", "--json", conf], at(sampleMs + 2 * minute));
      assertEquals(JSON.parse(past.out).status.atMs, sampleMs);
      const early = await runLine(["history", "--at", "2020-01-01", conf], at(sampleMs));
      assertRefused(early, 2, /^gocd-mesos: no picture of 2020-01-01T00:00:00Z or before is kept$/m);
      assertStringIncludes(early.err, "ask for a time after 2026-11-27T12:00:00Z");
    });
  } finally {
    history.close();
  }
});

const refused: readonly (readonly [args: readonly string[], code: number, message: RegExp, more?: string])[] = [
  [["--at", "noon"], 2, /--at: "noon" is not a time/],
  [["--at", "14:05", "--since", "2h"], 2, /--at is one moment/],
  [["--at", "14:05", "--job", "x"], 2, /--at is one moment, --job covers a period/],
  [["--since", "1h", "--until", "2h"], 2, /--since is not before --until/],
  [["--at", "2020-01-01"], 2, /no picture of 2020-01-01T00:00:00Z or before is kept in/],
  [[], 6, /there is no history file .*past\.db/, "history.path = past.db"],
  [[], 2, /no history is kept \(history\.keep = 0\)/, "history.keep = 0"],
  [[], 2, /its history was in memory/, 'state = "zk://z:2181/x"'],
];
for (const [args, code, message, more = ""] of refused) {
  Deno.test(`history ${[...args, more].join(" ")} is refused with ${code}`, async () => {
    const conf = text.replace("{", `{ ${more}${more === "" ? "" : ","} `);
    await withFile(
      async (path) => assertRefused(await runLine(["history", ...args, path], at(nowMs)), code, message),
      conf,
    );
  });
}

Deno.test("history reports a damaged file with a hint", async () => {
  await withFile(async (conf, path) => {
    Deno.writeTextFileSync(path, "no database at all".repeat(second));
    assertRefused(await runLine(["history", conf], at(nowMs)), 6, /file is not a database/);
  });
});

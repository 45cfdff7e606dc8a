// `status`, `agents`, `events` and `why --json`: their output for a running instance, and the end of --watch and
// --follow.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc, { anyCharacter } from "../support/properties.ts";
import { runCli } from "../../src/cli/cli.ts";
import { textWidth } from "../../src/cli/text.ts";
import type { CliIo } from "../../src/cli/io.ts";
import { statusLines } from "../../src/cli/status_lines.ts";
import { unprintable } from "../../src/core/text.ts";
import type { Picture } from "../../src/core/view/picture.ts";
import type { NoteView, StatusView } from "../../src/core/view/view.ts";
import { realClock } from "../../src/runtime/clock.ts";
import { type StatusSummary, statusSummary } from "../../src/web/api/documents.ts";
import { pictureOf } from "../support/picture.ts";
import { hostileName, sampleMs, sampleNotes, sampleView } from "../support/sample_view.ts";
import { until } from "../support/scaled_clock.ts";
import { withInstance } from "./instance.ts";
import { assertRefused, assertTranscript, type FakeTerminal, fakeTerminal, runLine } from "./support.ts";

const facts = { version: "0.1.0", sandbox: "on" } as const;
const minute = 60_000;
const sample = pictureOf(sampleView, { notes: sampleNotes });

const down = { state: "down" as const, sinceMs: sampleMs - 6 * minute };
const problem = { code: "c", message: "the connection was refused", hint: "check go-server.url" };
const troubled: StatusView = {
  ...sampleView,
  gocd: { ...sampleView.gocd, health: { ...down, problem }, stale: true, maintenance: "on" },
  mesos: { ...sampleView.mesos, session: "connecting", reason: "no leader", health: { ...down, problem } },
  mode: "drain",
  frozen: true,
  problems: [{ ...problem, sinceMs: sampleMs - 6 * minute }],
  avoidedHosts: [
    {
      host: "rack1",
      untilMs: sampleMs + 8 * minute,
      reason: "after failures there: no space left on device",
    },
    ...[2, 3, 4, 5, 6, 7].map((rack) => ({ host: `rack${rack}`, untilMs: sampleMs, reason: "for 1 min" })),
  ],
};
const standby: StatusView = {
  ...sampleView,
  problems: [],
  leadership: { role: "standby", leader: "http://one:8090", sinceMs: sampleMs - minute },
};
const summaryOf = (view: StatusView): StatusSummary => statusSummary(pictureOf(view), facts);

for (
  const [name, view, columns] of [
    ["wide", sampleView, 160],
    ["narrow", sampleView, 72],
    ["troubled", troubled, 100],
    ["standby", standby, 100],
  ] as const
) {
  Deno.test(`status summarizes the instance: ${name}`, () => {
    const lines = statusLines(summaryOf(view), { columns, hasColour: false });
    assertTranscript(`status-${name}`, `$ gocd-mesos status framework.conf\n${lines.join("\n")}\n`, []);
  });
}

Deno.test("status prints no line wider than the terminal and no control sequences for any names", () => {
  const names = fc.oneof(fc.constant(hostileName), fc.constant("構建".repeat(40)), fc.string({ unit: anyCharacter }));
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 200 }), names, (columns, name) => {
      const [job] = sampleView.jobs;
      if (job === undefined) throw new Error("the sample has no job");
      const view: StatusView = {
        ...troubled,
        jobs: [{ ...job, locator: name, reason: name }],
        problems: [{ code: name, message: `${name} ${name}`, hint: name }],
        avoidedHosts: [{ host: name, untilMs: 0, reason: name }],
        leadership: { role: "leader", sinceMs: 0 },
      };
      for (const line of statusLines(summaryOf(view), { columns, hasColour: false })) {
        assert(textWidth(line) <= columns, `${textWidth(line)} > ${columns}: ${line}`);
        assertEquals(line.match(unprintable), null);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("status shows configured limits other than those on agents, and colours a reached one as a warning", () => {
  const limit = { key: "scaling.launches-per-minute", limit: 30, unit: "launches" } as const;
  const lines = (used: number): string =>
    statusLines(summaryOf({ ...sampleView, usedLimits: [{ ...limit, used }] }), { columns: 200, hasColour: true })
      .join("\n");
  assertStringIncludes(lines(12), "scaling.launches-per-minute 12 of 30 launches");
  assertEquals([12, 30].map((used) => lines(used).includes("mscaling.launches")), [false, true]);
});

Deno.test("status, agents, events and why print the data of the running instance as JSON with --json", () =>
  withInstance(async ({ conf, start }) => {
    await start(() => sample);
    const json = async (...args: readonly string[]): Promise<ReturnType<typeof JSON.parse>> => {
      const { code, out, err } = await runLine([...args, "--json"]);
      assertEquals([code, err], [0, ""]);
      for (const line of out.split("\n")) assertEquals(line.match(unprintable), null);
      return JSON.parse(out);
    };
    assertEquals(await json("status", conf), JSON.parse(JSON.stringify(summaryOf(sampleView))));
    const living = sampleView.instances.filter(({ state }) => state !== "gone");
    assertEquals((await json("agents", conf)).agents, JSON.parse(JSON.stringify(living)));
    assertEquals((await json("agents", "--all", conf)).agents.length, sampleView.instances.length);
    const why = await json("why", conf, "msi");
    assertEquals([why.from, why.jobs[0].job.name, why.jobs[0].profile.name], ["instance", "msi", "windows"]);
    const events = (await runLine(["events", "--json", conf])).out.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assertEquals(events.map(({ text }: NoteView) => text), sampleNotes.map(({ text }) => text));
  }));

Deno.test("agents shows Docker's error for a failed launch without the command line of Docker", () =>
  withInstance(async ({ conf, start }) => {
    const message = `Failed to run 'docker -H unix:///var/run/docker.sock pull ${
      "x".repeat(200)
    }': stderr='no such image'`;
    const [first] = sampleView.instances;
    if (first === undefined) throw new Error("the sample has no instance");
    const gone = { ...first, state: "gone" as const, detail: `launch-failed: ${message}` };
    await start(() => pictureOf({ ...sampleView, instances: [gone] }));
    const { out } = await runLine(["agents", "--all", conf], { columns: 400 });
    assertMatch(out, / {2}no such image$/m);
  }));

Deno.test("agents prints a table and events prints lines, both with filters", () =>
  withInstance(async ({ conf, start }) => {
    await start(() => sample);
    let text = "";
    for (
      const args of [
        ["agents"],
        ["agents", "--state", "building"],
        ["agents", "--profile", "deploy"],
        ["events", "--level", "warning", "--lines", "3"],
        ["events", "--code", "agent-launched", "--lines", "2"],
        ["events", "--lines", "0"],
      ]
    ) {
      const { code, all } = await runLine([...args, conf], { columns: 180 });
      assertEquals(code, 0);
      text += `$ gocd-mesos ${args.join(" ")} framework.conf\n${all}\n`;
    }
    assertTranscript("agents-events", text, []);
  }));

Deno.test("without a running instance, status, agents and events fail with one line and a hint", () =>
  withInstance(async ({ conf, start, end }) => {
    const refused = async (): Promise<void> => {
      for (const args of [["status"], ["status", "--watch"], ["agents"], ["events"], ["events", "--follow"]]) {
        assertRefused(await runLine([...args, conf]), 3, /no instance is running here with this configuration$/);
      }
    };
    await refused();
    await start(() => sample);
    await end();
    await refused();
  }));

Deno.test("status reports a standby, and agents is refused with the address of the leader", () =>
  withInstance(async ({ conf, start }) => {
    await start(() => pictureOf(standby));
    const { code, out } = await runLine(["status", conf]);
    assertEquals(code, 0);
    assertStringIncludes(out, "on standby for 60 s; http://one:8090 leads");
    assertRefused(await runLine(["agents", conf]), 4, /on standby; http:\/\/one:8090 leads/);
  }));

Deno.test("agents and events refuse invalid filters before any request", async () => {
  for (
    const [args, message] of [
      [["agents", "--state", "sleeping"], /there is no state "sleeping"/],
      [["events", "--level", "debug"], /there is no level "debug"/],
      [["events", "--lines", "many"], /--lines: "many" is not a number/],
      [["events", "--lines", "1001"], /--lines: "1001" is not a number/],
    ] as const
  ) {
    assertRefused(await runLine([...args, "/none/framework.conf"]), 2, message);
  }
});

/** A terminal whose pauses last until the test looks again. */
interface Watching {
  readonly terminal: FakeTerminal;
  readonly io: CliIo;
  /** Raw output, in the order of its coming. */
  readonly drawn: string[];
  /** Waits for the pause, and ends it. */
  look(): Promise<void>;
}

function watching(isTerminal: boolean, env: Readonly<Record<string, string>> = {}): Watching {
  const drawn: string[] = [];
  let pauses: (() => void)[] = [];
  const sleep = (_: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      pauses.push(resolve);
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  const terminal = fakeTerminal({ env, columns: 100, machine: { ...realClock, sleep } });
  const io: CliIo = {
    ...terminal.io,
    isTerminal,
    draw: (text) => {
      drawn.push(text);
      terminal.io.draw(text);
    },
  };
  return {
    terminal,
    io,
    drawn,
    look: async () => {
      await until(() => pauses.length > 0, () => "it does not pause");
      const [wake] = pauses;
      pauses = [];
      wake?.();
    },
  };
}

const enter = "\x1b[?1049h";
const leave = "\x1b[?1049l";

Deno.test("status --watch redraws the screen on a terminal, survives a restart of the instance, and restores the terminal on Ctrl-C", () =>
  withInstance(async ({ conf, start, end }) => {
    let view = sampleView;
    await start(() => pictureOf(view));
    const { io, terminal, drawn, look } = watching(true);
    const ending = runCli(["status", "--watch", conf], io);
    await look();
    assertStringIncludes(drawn.join(""), enter);
    assertStringIncludes(drawn.join(""), "\x1b[1mgocd-mesos 0.1.0");
    view = { ...sampleView, frozen: true };
    await until(() => drawn.at(-1)?.includes("run, frozen") === true, () => drawn.at(-1) ?? "");
    await end();
    await look();
    await until(() => drawn.at(-1)?.includes("no instance is running here") === true, () => drawn.at(-1) ?? "");
    await start(() => pictureOf(view));
    await look();
    await until(() => drawn.at(-1)?.includes("run, frozen") === true, () => drawn.at(-1) ?? "");
    for (const each of drawn) assert((each.match(/\r\n/g) ?? []).length < 40, "more lines than the screen has");
    terminal.signal("SIGINT");
    assertEquals(await ending, 130);
    assert(drawn.at(-1)?.includes(leave));
    assertEquals([...terminal.listening], []);
  }));

Deno.test("after Ctrl-Z status --watch restores the terminal and continues with lines", () =>
  withInstance(async ({ conf, start }) => {
    let picture = sample;
    await start(() => picture);
    const { io, terminal, drawn, look } = watching(true, { NO_COLOR: "1" });
    const ending = runCli(["status", "--watch", conf], io);
    await look();
    assert(!drawn.join("").includes("\x1b[1m"), "NO_COLOR is not heeded");
    terminal.signal("SIGTSTP");
    assert(drawn.at(-1)?.includes(leave));
    const { length } = drawn;
    assert(!terminal.listening.has("SIGTSTP"), "the next Ctrl-Z must suspend");
    picture = pictureOf({ ...sampleView, frozen: true });
    await look();
    await until(() => terminal.written(0).out.includes(" run, frozen; GoCD fine"), () => terminal.written(0).out);
    assertEquals(drawn.length, length);
    terminal.signal("SIGTERM");
    assertEquals(await ending, 130);
  }));

Deno.test("without a terminal status --watch prints a line for each change, and --watch --json an object for each picture", () =>
  withInstance(async ({ conf, start }) => {
    let view = sampleView;
    await start(() => pictureOf(view));
    for (const more of [[], ["--json"]]) {
      view = sampleView;
      const { io, terminal, drawn, look } = watching(false);
      const ending = runCli(["status", "--watch", ...more, conf], io);
      await look();
      view = { ...sampleView, atMs: sampleView.atMs + minute };
      await look();
      view = { ...sampleView, mode: "drain" };
      await look();
      await until(() => terminal.written(0).out.includes("drain"), () => terminal.written(0).out);
      terminal.signal("SIGINT");
      assertEquals(await ending, 130);
      const lines = terminal.written(0).out.trimEnd().split("\n");
      if (more.length === 0) {
        assertEquals(lines.length, 2, lines.join("\n"));
        assertMatch(
          lines[0] ?? "",
          /^\d{4}-\S+Z run; GoCD fine, Mesos fine; \d+ jobs wait: .*; \d+ agents: .*; \d+ problems: /,
        );
      } else {
        assert(lines.length >= 3);
        for (const line of lines) assertEquals(JSON.parse(line).version, "0.1.0");
      }
      assertEquals(drawn, []);
    }
  }));

Deno.test("events --follow prints each event once, even across a restart of the instance", () =>
  withInstance(async ({ conf, start, end }) => {
    const note = (text: string): NoteView => ({ atMs: sampleMs, level: "info", code: "c", text });
    let notes = Array.from({ length: 12 }, (_, index) => note(`old ${index + 1}`));
    const pictureNow = (startedMs = sampleView.startedMs): Picture =>
      pictureOf({ ...sampleView, startedMs }, { notes });
    await start(() => pictureNow());
    const { io, terminal, look } = watching(false);
    const ending = runCli(["events", "--follow", conf], io);
    const told = (): string[] => terminal.written(0).out.trimEnd().split("\n").map((line) => line.replace(/^.*: /, ""));
    const has = (text: string): Promise<void> => until(() => told().at(-1) === text, () => told().join("\n"));
    await has("old 12");
    assertEquals(told().length, 10, "the last ten");
    notes = [...notes, note("new 1"), note("new 2")];
    await look();
    await has("new 2");
    await end();
    await look();
    await until(() => terminal.written(0).err.includes("retrying"), () => terminal.written(0).err);
    notes = [note("after 1"), note("after 2")];
    await start(() => pictureNow(sampleMs));
    await look();
    await has("after 2");
    assertEquals(told().slice(-4), ["new 1", "new 2", "after 1", "after 2"]);
    assertEquals(terminal.written(0).err.trimEnd().split("\n").length, 1);
    terminal.signal("SIGINT");
    assertEquals(await ending, 130);
  }));

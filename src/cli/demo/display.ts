// What a demo shows while it runs: a table on a terminal, log lines elsewhere.

import type { Note, NoteOf } from "../../core/note.ts";
import type { NoteView, StatusView } from "../../core/view/view.ts";
import { noteLine } from "../../core/words/notes.ts";
import { createFloodGate } from "../../log/flood_gate.ts";
import { createLog } from "../../log/log.ts";
import type { DemoFacts, DemoJobFact } from "../../sim/demo/facts.ts";
import { demoNames } from "../../sim/demo/scenario.ts";
import { version } from "../../version.ts";
import { demoFrame, type DemoPicture } from "./frame.ts";
import { openScreen, type Screen } from "./screen.ts";
import { cutText, safeText, secondsText, shortError } from "../text.ts";
import type { CliIo } from "../io.ts";

/** The servers of a demo, for the headline. */
export type DemoServers = Pick<DemoPicture, "gocd" | "mesos" | "pageUrl" | "confPath">;

/** A display. */
export interface DemoDisplay {
  /** Called once everything is connected. */
  begin(servers: DemoServers): void;
  /** A note of the scheduler. */
  note(note: Note, atMs: number): void;
  /** An event in the simulated world. */
  story(text: string, atMs: number): void;
  /** A job was assigned or built. */
  job(job: Readonly<DemoJobFact>, what: "assigned" | "built"): void;
  /** The current state. */
  show(moment: {
    readonly atMs: number;
    readonly facts: DemoFacts;
    readonly view: StatusView;
    readonly phase: string;
  }): void;
  /** Whether it is a table now. */
  isTable(): boolean;
  /** Restores the terminal, and continues with log lines; may be called again. */
  close(): void;
  /** Why launches failed, each reason once. */
  failures(): readonly string[];
  /** How many notes had this code. */
  count(code: string): number;
}

/** Number of notes kept for the picture. */
const historyMax = 100;
/** Maximum length of a reason in the summary. */
const reasonMax = 140;
/** Maximum number of different reasons of failed launches that are kept. */
const failuresMax = 10;

/** Creates the display of one demo. */
export function createDemoDisplay(
  io: CliIo,
  options: { readonly startedMs: number; readonly isTable: boolean; readonly nowMs: () => number },
): DemoDisplay {
  const gate = createFloodGate();
  const history: NoteView[] = [];
  const tally = createTally();
  const hasColour = (io.env["NO_COLOR"] ?? "") === "";
  let screen: Screen | undefined;
  let servers: DemoServers | undefined;
  let { isTable } = options;
  // To standard output: the lines are the result of the demo.
  const log = createLog({ level: "info", format: "text", write: io.out, isTerminal: true, nowMs: options.nowMs });
  const tell = (text: string, atMs: number): void => log.note({ level: "info", code: "demo", text, fields: {} }, atMs);
  const remember = (note: NoteView): void => {
    history.push(note);
    if (history.length > historyMax) history.shift();
  };

  return {
    begin: (begun) => {
      servers = begun;
      if (isTable) screen = openScreen(io);
      else announce(log.info, begun);
    },
    note: (note, atMs) => {
      const line = noteLine(note, atMs);
      tally.add(note, line.code);
      // The director freezes launching at the end.
      if (note.kind === "operator") return;
      if (!isTable) return log.note(line, atMs);
      const text = line.level === "debug" ? undefined : gate.pass(line, atMs);
      if (text !== undefined) remember({ atMs, level: line.level, code: line.code, text });
    },
    story: (text, atMs) => {
      if (isTable) remember({ atMs, level: "info", code: "demo", text: `== ${text}` });
      else tell(text, atMs);
    },
    job: (job, what) => {
      if (!isTable && what === "built") tell(...builtText(job));
    },
    show: ({ atMs, facts, view, phase }) => {
      if (screen === undefined || servers === undefined) return;
      const { startedMs } = options;
      const { columns, rows } = io.size();
      // The last column stays free: clearing the rest of a full line would erase its last character.
      const window = { columns: columns - 1, rows, hasColour };
      screen.draw(
        demoFrame({ ...servers, elapsedMs: atMs - startedMs, startedMs, phase, view, facts, history }, window),
      );
    },
    isTable: () => isTable,
    close: () => {
      screen?.close();
      isTable = false;
    },
    ...tally,
  };
}

/** What the summary reports about all notes. */
function createTally(): Pick<DemoDisplay, "failures" | "count"> & { add(note: Note, code: string): void } {
  const failures = new Set<string>();
  const counts = new Map<string, number>();
  return {
    add: (note, code) => {
      counts.set(code, (counts.get(code) ?? 0) + 1);
      if (note.kind === "launch-failed" && failures.size < failuresMax) failures.add(failureText(note));
    },
    failures: () => [...failures],
    count: (code) => counts.get(code) ?? 0,
  };
}

function builtText(job: Readonly<DemoJobFact>): readonly [text: string, builtMs: number] {
  const { locator, scheduledMs, assignedMs = scheduledMs, builtMs = assignedMs, builder = "an agent" } = job;
  const took = secondsText(builtMs - assignedMs);
  return [`${locator} was built by ${builder} in ${took}; it waited ${secondsText(assignedMs - scheduledMs)}`, builtMs];
}

function announce(info: (text: string) => void, { gocd, mesos, pageUrl, confPath }: DemoServers): void {
  info(
    `gocd-mesos ${version} demo: simulated GoCD ${gocd.version} at ${gocd.url}, simulated Mesos ${mesos.version} at ` +
      mesos.master,
  );
  if (pageUrl !== undefined) {
    info(`status page on ${pageUrl}`);
    info(`its buttons require the token: ${demoNames.adminToken}`);
  }
  info(`for other commands use its file: gocd-mesos status ${confPath}`);
}

/** Without the task id, so that all attempts of a profile have one reason. */
function failureText({ profile, message }: NoteOf<"launch-failed">): string {
  const reason = cutText(shortError(safeText(message)), reasonMax).replace(/[\s,;'"(]+[^\s]*…$/, " …");
  return `profile ${profile}: ${reason}`;
}

// The log of the program: LogTape behind a small interface.

import { configureSync, getConfig, getLogger, type LogRecord } from "@logtape/logtape";
import type { NoteLevel } from "../core/note.ts";
import type { NoteLine } from "../core/words/note_line.ts";
import { createFloodGate } from "./flood_gate.ts";
import { jsonLine, type LogEntry, type LogFields, textLine } from "./format.ts";

/** What a log needs. */
export interface LogOptions {
  /** The lowest level that is written. */
  readonly level: NoteLevel;
  /** `auto`: text on a terminal, JSON lines otherwise. */
  readonly format: "text" | "json" | "auto";
  /** Takes one line without its newline. */
  readonly write: (line: string) => void;
  /** Whether `write` leads to a terminal. */
  readonly isTerminal: boolean;
  /** The time for messages that carry none, ms since the epoch. */
  readonly nowMs: () => number;
}

/** One line per decision, no secret, no flood. */
export interface Log {
  /** Whether its lines are for people; JSON otherwise. */
  readonly isText: boolean;
  /** Writes a note of the core, unless it repeats a lasting condition. */
  note(note: NoteLine, atMs: number): void;
  /** Details for debugging. */
  debug(text: string, fields?: LogFields, hint?: string): void;
  /** What the program does. */
  info(text: string, fields?: LogFields, hint?: string): void;
  /** What needs attention. */
  warning(text: string, fields?: LogFields, hint?: string): void;
  /** What fails. */
  error(text: string, fields?: LogFields, hint?: string): void;
  /** What ends the program, or one of its parts, with its stable code. */
  end(code: string, text: string, hint?: string): void;
}

const rootCategory = "gocd-mesos";
let logsMade = 0;

/** Creates a log with its own LogTape category, so that several logs in one process stay separate. */
export function createLog(options: LogOptions): Log {
  const isText = options.format === "text" || (options.format === "auto" && options.isTerminal);
  const toLine = isText ? textLine : jsonLine;
  const logger = getLogger(
    addCategory(options.level, (record) => {
      const { entry } = record.properties;
      if (isEntry(entry)) options.write(toLine(entry));
    }),
  );
  const gate = createFloodGate();

  const write = (entry: LogEntry): void => {
    // The sink formats the entry itself: LogTape's own message stays empty, so that nothing is formatted twice.
    const { level, atMs } = entry;
    logger.emit({ level, timestamp: atMs, message: [], rawMessage: "", properties: { entry } });
  };

  const free = (level: NoteLevel) => (text: string, fields: LogFields = {}, hint?: string): void => {
    if (!logger.isEnabledFor(level)) return;
    write({ atMs: options.nowMs(), level, text, fields, ...(hint === undefined ? {} : { hint }) });
  };

  return {
    isText,
    note(note: NoteLine, atMs: number): void {
      if (!logger.isEnabledFor(note.level)) return;
      const text = gate.pass(note, atMs);
      if (text === undefined) return;
      const { level, code, fields, hint } = note;
      write({ atMs, level, code, text, fields, ...(hint === undefined ? {} : { hint }) });
    },
    debug: free("debug"),
    info: free("info"),
    warning: free("warning"),
    error: free("error"),
    end: (code, text, hint) =>
      write({ atMs: options.nowMs(), level: "error", code, text, fields: {}, ...(hint === undefined ? {} : { hint }) }),
  };
}

/** Adds a category with its sink to the LogTape configuration of this process. */
function addCategory(lowestLevel: NoteLevel, sink: (record: LogRecord) => void): readonly [string, string] {
  logsMade++;
  const name = `log-${logsMade}`;
  const category = [rootCategory, name] as const;
  const current = getConfig();
  configureSync({
    reset: true,
    sinks: { ...current?.sinks, [name]: sink },
    loggers: [
      // LogTape logs about itself to the console unless its own category has a sink.
      ...(current?.loggers ?? [{ category: ["logtape", "meta"], sinks: [] }]),
      { category: [...category], sinks: [name], lowestLevel },
    ],
  });
  return category;
}

function isEntry(value: unknown): value is LogEntry {
  return typeof value === "object" && value !== null && "atMs" in value && "text" in value;
}

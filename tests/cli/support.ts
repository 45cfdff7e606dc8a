// A terminal that keeps what is written, the command line in this process, and transcripts compared with files.

import { assertEquals } from "@std/assert";
import { runCli } from "../../src/cli/cli.ts";
import { type CliIo, writeFile } from "../../src/cli/io.ts";
import { realClock } from "../../src/runtime/clock.ts";
import type { Machine } from "../../src/runtime/machine.ts";

const fixtures = new URL("../fixtures/cli/", import.meta.url);

/** What a command has written. */
export interface Written {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Both, in order, as on a terminal. */
  readonly all: string;
}

/** The surroundings of a command. */
export interface Around {
  readonly env?: Readonly<Record<string, string>>;
  /** What a user types; absent: there is no terminal. */
  readonly answer?: string;
  /** The same, one for each question, which then stand in the transcript; a secret is not shown. */
  readonly answers?: readonly string[];
  readonly columns?: number;
  /** Whether its terminal has been closed. */
  readonly hasHungUp?: boolean;
  /** The machine's own by default. */
  readonly machine?: Machine;
}

/** A terminal that keeps everything. */
export interface FakeTerminal {
  readonly io: CliIo;
  readonly questions: string[];
  written(code: number): Written;
  /** Sends a signal to the command. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGTSTP"): void;
  /** Signals that are listened to. */
  readonly listening: ReadonlySet<string>;
  /** The code that the process was ended with at once. */
  exited(): number | undefined;
}

/** Makes a terminal; files are read from the disk. */
export function fakeTerminal(around: Around = {}): FakeTerminal {
  const texts: { readonly to: "out" | "err" | "terminal"; readonly text: string }[] = [];
  const answers = [...around.answers ?? []];
  const answered = (question: string, show: (answer: string) => string): string | undefined => {
    questions.push(question);
    if (around.answers === undefined) return around.answer;
    const answer = answers.shift();
    texts.push({ to: "terminal", text: `${question} ${answer === undefined ? "^D" : show(answer)}\n` });
    return answer;
  };
  const handlers = new Map<string, () => void>();
  const questions: string[] = [];
  let exited: number | undefined;
  const io: CliIo = {
    out: (line) => void texts.push({ to: "out", text: `${line}\n` }),
    draw: (text) => void texts.push({ to: "out", text }),
    err: (line) => void texts.push({ to: "err", text: `${line}\n` }),
    isTerminal: false,
    isErrTerminal: true,
    hasHungUp: () => around.hasHungUp ?? false,
    size: () => ({ columns: around.columns ?? 160, rows: 40 }),
    env: around.env ?? {},
    readFile: (path) => Deno.readTextFileSync(path),
    onSignal: (signal, handler) => {
      handlers.set(signal, handler);
      return () => void handlers.delete(signal);
    },
    exitNow: (code) => void (exited = code),
    ask: (question) => answered(question, (answer) => answer),
    askSecret: (question) => answered(question, () => ""),
    isInTerminal: around.answer !== undefined || around.answers !== undefined,
    writeFile,
    machine: around.machine ?? realClock,
  };
  const textOf = (to?: "out" | "err"): string =>
    texts.filter((each) => to === undefined || each.to === to).map((each) => each.text).join("");
  return {
    io,
    questions,
    written: (code) => ({ code, out: textOf("out"), err: textOf("err"), all: textOf() }),
    signal: (name) => handlers.get(name)?.(),
    get listening() {
      return new Set(handlers.keys());
    },
    exited: () => exited,
  };
}

/** Runs a command line in this process. */
export async function runLine(args: readonly string[], around: Around = {}): Promise<Written> {
  const terminal = fakeTerminal(around);
  return terminal.written(await runCli(args, terminal.io));
}

/** Asserts that a command line is refused with exactly one line that fits, one act, and the exit code. */
export function assertRefused(written: Written, code: number, message: RegExp): void {
  const lines = written.err.trimEnd().split("\n");
  assertEquals(written.code, code, written.all);
  assertEquals(lines.length, 2, written.err);
  assertEquals(/^gocd-mesos: \S/.test(lines[0] ?? "") && message.test(lines[0] ?? ""), true, written.err);
  assertEquals(/^ {2}(to do: \S|nothing to do)/.test(lines[1] ?? ""), true, written.err);
  assertEquals(/^\s+at |file:\/\//m.test(written.err), false, written.err);
}

/** A folder with a configuration file of this text. */
export function confFolder(text: string): { readonly path: string; readonly conf: string; remove(): void } {
  const path = Deno.makeTempDirSync({ prefix: "gocd-mesos-cli-" });
  const conf = `${path}/framework.conf`;
  Deno.writeTextFileSync(conf, text);
  return { path, conf, remove: () => Deno.removeSync(path, { recursive: true }) };
}

/**
 * Compares a transcript with tests/fixtures/cli/NAME.txt, with each of `hidden` replaced. GOLDEN=write rewrites the
 * file: review it.
 */
export function assertTranscript(
  name: string,
  text: string,
  hidden: readonly (readonly [string | RegExp, string])[],
): void {
  const shown = hidden.reduce((rest, [from, to]) => rest.replaceAll(from, to), text)
    .replaceAll(/\(\d+ ms\)/g, "(N ms)")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
  const file = new URL(`${name}.txt`, fixtures);
  if (Deno.env.get("GOLDEN") === "write") Deno.writeTextFileSync(file, shown);
  assertEquals(shown, Deno.readTextFileSync(file));
}

/** Whether the machine has this program. */
export function has(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

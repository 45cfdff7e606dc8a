// The real program: `main.ts start` as a child process on a cluster's scaled time, for behaviour that needs a process,
// or `gocd-mesos start` in this process on virtual time.

import { runCli } from "../../src/cli/cli.ts";
import type { CliIo } from "../../src/cli/io.ts";
import { fakeTerminal } from "../cli/support.ts";
import type { SocketCluster, VirtualServers } from "./cluster.ts";
import { sleepReal, until } from "./scaled_clock.ts";

const root = new URL("../../", import.meta.url).pathname;

/** A folder with a configuration, in which the program can be started repeatedly. */
export interface ProgramFolder {
  readonly path: string;
  /** Starts `main.ts start framework.conf` with this configuration. */
  start(configText: string): Program;
  remove(): void;
}

/** A running child. */
export interface Program {
  /** Lines of standard error so far. */
  readonly lines: readonly string[];
  readonly pid: number;
  signal(name: Deno.Signal): void;
  /** Exit code or name of the signal, after the process and its output have ended. */
  ended(): Promise<number | string>;
  /** Kills it and waits for its end. */
  end(): Promise<void>;
  /** Waits for a line that contains `text`, from line `from` on; returns the number of the line after it. */
  line(text: string, from?: number): Promise<number>;
}

/** Creates a temporary folder; the programs run in this process, with the clock and network of `cluster`. */
export function virtualProgramFolder(cluster: VirtualServers): ProgramFolder {
  const path = Deno.makeTempDirSync({ prefix: "gocd-mesos-wire-" });
  return {
    path,
    start: (configText) => {
      Deno.writeTextFileSync(`${path}/framework.conf`, configText);
      return startHere(`${path}/framework.conf`, cluster);
    },
    remove: () => Deno.removeSync(path, { recursive: true }),
  };
}

/** A terminal whose commands use the clock and network of `cluster`. */
export function terminalOn(cluster: VirtualServers): ReturnType<typeof fakeTerminal> {
  const { edges, network } = cluster;
  const { clock, setTimer, deadline } = edges;
  const { fetch } = network;
  const portProbe = cluster.portProbe();
  return fakeTerminal({ machine: { ...clock, setTimer, deadline, fetch, portProbe } });
}

function startHere(conf: string, cluster: VirtualServers): Program {
  const terminal = terminalOn(cluster);
  const lines: string[] = [];
  const io: CliIo = { ...terminal.io, isErrTerminal: false, err: (line) => void lines.push(...line.split("\n")) };
  let isOver = false;
  const ending = runCli(["start", conf], io).finally(() => isOver = true);
  return {
    lines,
    pid: Deno.pid,
    signal: (name) => {
      if (name === "SIGTERM" || name === "SIGINT" || name === "SIGHUP") return terminal.signal(name);
      throw new TypeError(`${name} would end this process`);
    },
    end: async () => {
      if (!isOver) terminal.signal("SIGTERM");
      await cluster.during(ending);
    },
    ended: () => cluster.during(ending),
    line: (text, from = 0) =>
      lineAt({ lines, isOver: () => isOver }, { text, from }, (isSo, describe) => cluster.until(isSo, describe)),
  };
}

/** Creates a temporary folder; the children use the clock of `cluster`. */
export function programFolder(cluster: Pick<SocketCluster, "scale">): ProgramFolder {
  const path = Deno.makeTempDirSync({ prefix: "gocd-mesos-wire-" });
  return {
    path,
    start: (configText) => {
      Deno.writeTextFileSync(`${path}/framework.conf`, configText);
      return startProgram(path, cluster);
    },
    remove: () => Deno.removeSync(path, { recursive: true }),
  };
}

function startProgram(folder: string, { scale }: Pick<SocketCluster, "scale">): Program {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-prompt",
      "--quiet",
      `--config=${root}deno.json`,
      `--preload=${root}tests/support/fast_time.ts`,
      `${root}main.ts`,
      "start",
      `${folder}/framework.conf`,
    ],
    env: { GOCD_MESOS_TEST_TIME: `${scale.speed} ${scale.startMs}`, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  return programOf(child);
}

/** A program that a test has started itself, with piped standard error. */
export function programOf(child: Deno.ChildProcess): Program {
  const lines: string[] = [];
  let isOver = false;
  const reading = readLines(child.stderr, lines).finally(() => isOver = true);
  const ended = async (): Promise<number | string> => {
    const status = await child.status;
    await reading;
    return status.signal ?? status.code;
  };
  return {
    lines,
    pid: child.pid,
    signal: (name) => child.kill(name),
    ended,
    end: async () => {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await ended();
      await sleepReal(0);
    },
    line: (text, from = 0) => lineAt({ lines, isOver: () => isOver }, { text, from }, until),
  };
}

async function lineAt(
  { lines, isOver }: { readonly lines: readonly string[]; readonly isOver: () => boolean },
  { text, from }: { readonly text: string; readonly from: number },
  wait: (isSo: () => boolean, describe: () => string) => Promise<void>,
): Promise<number> {
  const find = (): number => lines.findIndex((line, index) => index >= from && line.includes(text));
  const describe = (): string => `no line with '${text}' in:\n${lines.slice(from).join("\n")}`;
  await wait(() => find() >= 0 || isOver(), describe);
  if (find() < 0) throw new Error(`the program has ended with ${describe()}`);
  return find() + 1;
}

async function readLines(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  }
  if (rest !== "") lines.push(rest);
}

/** Kills a program. */
export async function endProgram(program: Program): Promise<void> {
  await program.end();
}

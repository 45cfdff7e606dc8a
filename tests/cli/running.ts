// `gocd-mesos start` in this process, on a terminal that keeps what is written.

import { runCli } from "../../src/cli/cli.ts";
import { until } from "../support/scaled_clock.ts";
import { type Around, type FakeTerminal, fakeTerminal } from "./support.ts";

/** A program that runs. */
export interface Running {
  readonly terminal: FakeTerminal;
  /** The exit code, once it has ended. */
  readonly ended: Promise<number>;
  /** What it has logged so far. */
  log(): string;
  /** Waits for a text in the log, behind the first `from` characters; gives where it ends. */
  logged(text: string, from?: number): Promise<number>;
  /** Stops it, if it still runs, and gives its exit code. */
  stop(): Promise<number>;
}

/** Starts `gocd-mesos CONF` and waits until it listens to signals. */
export async function startRunning(conf: string, around: Around = {}): Promise<Running> {
  const terminal = fakeTerminal(around);
  let code: number | undefined;
  const ended = runCli([conf], terminal.io).then((value) => code = value);
  const log = (): string => terminal.written(0).err;
  await until(() => code !== undefined || terminal.listening.has("SIGHUP"), log);
  return {
    terminal,
    ended,
    log,
    logged: async (text, from = 0) => {
      await until(() => log().includes(text, from), () => `no '${text}' in the log:\n${log().slice(from)}`);
      return log().indexOf(text, from) + text.length;
    },
    stop: async () => {
      if (code === undefined) terminal.signal("SIGTERM");
      return await ended;
    },
  };
}

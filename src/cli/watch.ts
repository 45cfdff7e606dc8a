// `--watch` and `--follow`: polls repeatedly until a signal ends it, and restores the terminal.

import { endOf } from "./report.ts";
import { OperatorError } from "../errors.ts";
import type { CliIo } from "./io.ts";
import { openScreen, type Screen } from "./demo/screen.ts";
import { interruptedCode } from "./start.ts";

/** What is polled repeatedly. */
export interface Watched<Seen> {
  /** Throws an OperatorError if there is no data now. */
  readonly look: () => Promise<Seen>;
  /** Poll interval, ms. */
  readonly everyMs: number;
  /** Called with the data. */
  readonly show: (seen: Seen) => void;
  /** Called once when there is no data any more, with the reason. */
  readonly lost: (why: string) => void;
}

/**
 * Polls until SIGINT or SIGTERM, and returns the exit code for it. Throws if the first poll fails; later ones are
 * repeated, because the instance may only be restarting.
 */
export async function watch<Seen>({ look, everyMs, show, lost }: Watched<Seen>, io: CliIo): Promise<number> {
  const stop = new AbortController();
  const { signal } = stop;
  const stopped = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  const releases = (["SIGINT", "SIGTERM"] as const).map((name) => io.onSignal(name, () => stop.abort()));
  let hasSeen = false;
  let isLost = false;
  try {
    while (!signal.aborted) {
      try {
        // A hanging instance must not delay a signal.
        const seen = await Promise.race([look(), stopped]);
        if (seen === undefined) break;
        hasSeen = true;
        isLost = false;
        show(seen);
      } catch (error) {
        if (!hasSeen || !(error instanceof OperatorError)) throw error;
        if (!isLost) lost(endOf(error).text);
        isLost = true;
      }
      await io.machine.sleep(everyMs, signal);
    }
    return interruptedCode;
  } finally {
    releases.forEach((release) => release());
  }
}

/** A screen that Ctrl-Z closes. */
export interface WatchScreen extends Screen {
  /** Whether it is open. */
  readonly isOpen: () => boolean;
}

/**
 * Opens a screen; on Ctrl-Z it closes, and lines follow: the next Ctrl-Z suspends the program, with the terminal
 * restored.
 */
export function openWatchScreen(io: CliIo): WatchScreen {
  const screen = openScreen(io);
  let isOpen = true;
  const close = (): void => {
    isOpen = false;
    release();
    screen.close();
  };
  const release = io.onSignal("SIGTSTP", () => {
    close();
    io.out("the screen is closed, and lines follow; Ctrl-Z again suspends this command, Ctrl-C ends it");
  });
  return { draw: (lines) => screen.draw(lines), close, isOpen: () => isOpen };
}

// Redraws frames in place on a terminal.

import type { CliIo } from "../io.ts";

/** A terminal window of our own, until it is closed. */
export interface Screen {
  /** Puts these lines in place of the last ones. */
  draw(lines: readonly string[]): void;
  /** Gives the window back as it was. */
  close(): void;
}

const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const leave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/** Terminals that know these marks show everything between them at once. */
const begin = "\x1b[?2026h";
const end = "\x1b[?2026l";

/** Opens the alternate screen, so that what stood in the terminal comes back afterwards. */
export function openScreen(io: Pick<CliIo, "draw">): Screen {
  let last = "";
  let isOpen = true;
  io.draw(enter);
  return {
    draw: (lines) => {
      if (!isOpen) return;
      // Each line is written over the old one and cleared to its end: nothing is ever blank in between.
      const text = `${begin}\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J${end}`;
      if (text === last) return;
      last = text;
      io.draw(text);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      io.draw(leave);
    },
  };
}

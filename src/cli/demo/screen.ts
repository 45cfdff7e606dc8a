// Redraws frames in place on a terminal.

import type { CliIo } from "../io.ts";

/** The terminal's alternate screen, until it is closed. */
export interface Screen {
  /** Replaces the lines shown last. */
  draw(lines: readonly string[]): void;
  /** Restores the terminal. */
  close(): void;
}

const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const leave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/** Terminals that support these sequences show everything between them at once. */
const begin = "\x1b[?2026h";
const end = "\x1b[?2026l";

/** Opens the alternate screen, so that the terminal's contents are restored afterwards. */
export function openScreen(io: Pick<CliIo, "draw">): Screen {
  let last = "";
  let isOpen = true;
  io.draw(enter);
  return {
    draw: (lines) => {
      if (!isOpen) return;
      // Each line overwrites the old one and is cleared to its end, so nothing flickers.
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

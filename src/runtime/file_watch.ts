// Detects changed files. Polls every few seconds instead of asking the system, and so notices replaced files (editors,
// ConfigMaps) on every file system.

import type { Clock } from "./clock.ts";

/** Time between two checks. */
const lookMs = 5_000;

/** What to watch. */
export interface FileWatch {
  /** Called at each check: another configuration may use other files. */
  readonly paths: () => readonly string[];
  /**
   * Called once the files have changed and then stayed the same for one check, so that they are completely written.
   */
  readonly onChange: () => void;
  readonly clock: Clock;
}

/** Watches until the signal is aborted. */
export async function watchFiles({ paths, onChange, clock }: FileWatch, signal: AbortSignal): Promise<void> {
  let known = pictureOf(paths());
  let last = known;
  while (!signal.aborted) {
    await clock.sleep(lookMs, signal);
    if (signal.aborted) return;
    const now = pictureOf(paths());
    if (now !== known && now === last) {
      onChange();
      // A reload may have changed the list of files.
      known = pictureOf(paths());
      last = known;
    } else {
      last = now;
    }
  }
}

function pictureOf(paths: readonly string[]): string {
  return paths.map((path) => `${path} ${stateOf(path)}`).join("\n");
}

function stateOf(path: string): string {
  try {
    const { mtime, size, ino } = Deno.statSync(path);
    return `${mtime?.getTime()} ${size} ${ino}`;
  } catch {
    return "cannot be read";
  }
}

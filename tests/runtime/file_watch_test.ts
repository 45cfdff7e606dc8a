// Watching files, on a clock that the test advances.

import { assertEquals } from "@std/assert";
import type { Clock } from "../../src/runtime/clock.ts";
import { watchFiles } from "../../src/runtime/file_watch.ts";

/** A clock whose sleeps end when the test says so. */
function stepClock(): Clock & { look(): Promise<void> } {
  let wake: () => void = () => {};
  let sleeping: () => void = () => {};
  let asleep = new Promise<void>((resolve) => sleeping = resolve);
  return {
    nowMs: () => 0,
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        wake = resolve;
        signal.addEventListener("abort", () => resolve(), { once: true });
        sleeping();
      }),
    look: async () => {
      await asleep;
      asleep = new Promise((resolve) => sleeping = resolve);
      wake();
      await asleep;
    },
  };
}

async function whileWatching(
  act: (file: { readonly path: string; look(): Promise<void>; changes(): number }) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/framework.conf`;
  Deno.writeTextFileSync(path, "a");
  const clock = stepClock();
  const stop = new AbortController();
  let changes = 0;
  const watching = watchFiles({ paths: () => [path], onChange: () => void changes++, clock }, stop.signal);
  try {
    await act({ path, look: clock.look, changes: () => changes });
  } finally {
    stop.abort();
    await watching;
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("an unchanged file is not reported", () =>
  whileWatching(async ({ look, changes }) => {
    for (let looks = 0; looks < 5; looks++) await look();
    assertEquals(changes(), 0);
  }));

Deno.test("a change is reported once, at the first check at which the file is stable", () =>
  whileWatching(async ({ path, look, changes }) => {
    Deno.writeTextFileSync(path, "ab");
    await look();
    assertEquals(changes(), 0);
    await look();
    await look();
    await look();
    assertEquals(changes(), 1);
  }));

Deno.test("a file that is still being written is not reported", () =>
  whileWatching(async ({ path, look, changes }) => {
    for (let length = 2; length < 6; length++) {
      Deno.writeTextFileSync(path, "x".repeat(length));
      await look();
    }
    assertEquals(changes(), 0);
    await look();
    assertEquals(changes(), 1);
  }));

Deno.test("a replaced, removed or restored file is reported", () =>
  whileWatching(async ({ path, look, changes }) => {
    Deno.writeTextFileSync(`${path}.new`, "b");
    Deno.renameSync(`${path}.new`, path);
    await look();
    await look();
    assertEquals(changes(), 1);
    Deno.removeSync(path);
    await look();
    await look();
    assertEquals(changes(), 2);
    Deno.writeTextFileSync(path, "c");
    await look();
    await look();
    assertEquals(changes(), 3);
  }));

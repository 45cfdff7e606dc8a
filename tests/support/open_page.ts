// A real browser with the status page open. The tests are ignored if /usr/bin/chromium (Debian package chromium) is not
// installed.

import { type Browser, chromium, type Page } from "playwright-core";
import type { NoteView, StatusView } from "../../src/core/view/view.ts";
import type { HandlerOptions } from "../../src/web/handler.ts";
import { realTimer, type SetTimer } from "../../src/net/timer.ts";
import { startWebServer, type WebServer } from "../../src/web/server.ts";
import { lookMs } from "../../src/web/streams.ts";
import { pictureOf } from "./picture.ts";
import { sampleNotes, sampleView } from "./sample_view.ts";
import { sampleOptions } from "./web_options.ts";

const chromiumPath = "/usr/bin/chromium";
const chromiumFlags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Whether a browser is installed. */
export const isInstalled = ((): boolean => {
  try {
    return Deno.statSync(chromiumPath).isFile;
  } catch {
    return false;
  }
})();

/** A browser without a page. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
}

/** The data of the page; tests change it while the page is open. */
export interface Shown {
  view: StatusView;
  notes: readonly NoteView[];
}

/** A page, its server and the messages of the browser. */
export interface OpenPage {
  readonly page: Page;
  readonly shown: Shown;
  readonly server: WebServer;
  /** All problems reported by the browser: errors, refused scripts, failed requests. */
  readonly complaints: string[];
  /** Resolves when the page shows at least the current data. */
  readonly updated: () => Promise<void>;
  /** Requested addresses. */
  readonly asked: string[];
}

/** A step with an open page, and the sentence that it proves. */
export type PageStep = readonly [string, (open: OpenPage) => Promise<void>];

/**
 * Runs the steps one after the other, each with its own server. They share one page, because a new one takes longer
 * than most steps; nothing is kept between origins.
 */
export async function takeSteps(
  context: Deno.TestContext,
  steps: readonly PageStep[],
  more: (shown: Shown) => Partial<HandlerOptions> = () => ({}),
): Promise<void> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const updated = await watchMessages(page);
    for (const [sentence, body] of steps) await context.step(sentence, () => takeStep({ page, updated }, body, more));
  } finally {
    await browser.close();
  }
}

async function takeStep(
  { page, updated }: Pick<OpenPage, "page" | "updated">,
  body: PageStep[1],
  more: (shown: Shown) => Partial<HandlerOptions>,
): Promise<void> {
  const shown: Shown = { view: sampleView, notes: sampleNotes };
  const server = startWebServer({ ...optionsOf(shown, 0), ...more(shown) });
  const complaints: string[] = [];
  const asked: string[] = [];
  await page.setViewportSize({ width: 1300, height: 800 });
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("dialog", (dialog) => complaints.push(`dialog ${dialog.message()}`));
  page.on("request", (request) => asked.push(request.url()));
  try {
    await page.goto(server.url);
    await body({ page, shown, server, complaints, asked, updated });
  } finally {
    await page.unrouteAll();
    await page.goto("about:blank");
    page.removeAllListeners();
    await server.close();
  }
}

/**
 * Waits for three messages to the page: the first may already have been in transit, the second has been handled when
 * the third arrives.
 */
async function watchMessages(page: Page): Promise<() => Promise<void>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const waiting = new Set<{ left: number; readonly resolve: () => void }>();
  session.on("Network.eventSourceMessageReceived", () => {
    for (const each of waiting) {
      if (--each.left > 0) continue;
      waiting.delete(each);
      each.resolve();
    }
  });
  return () => new Promise((resolve) => waiting.add({ left: 3, resolve }));
}

/** A stream checks for changes ten times as often, to keep tests fast. */
const eagerTimer: SetTimer = (act, ms) => realTimer(act, ms === lookMs ? ms / 10 : ms);

/** Options of a server with this data. */
export function optionsOf(shown: Shown, port: number): HandlerOptions {
  return sampleOptions({
    listen: { host: "127.0.0.1", port },
    picture: () => pictureOf(shown.view, { notes: shown.notes }),
    nowMs: () => Date.now(),
    setTimer: eagerTimer,
  });
}

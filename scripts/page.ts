// The status page in a real browser, for people: `deno run -A scripts/page.ts pictures` writes docs/images/page-*.png out of
// a day on virtual time, `figures` measures a page of 10,000 jobs and 1,000 agents.

import { type Browser, chromium } from "playwright-core";
import type { Picture } from "../src/core/view/picture.ts";
import type { HandlerOptions } from "../src/web/handler.ts";
import { startWebServer } from "../src/web/server.ts";
import { playDay } from "../tests/support/day.ts";
import { pictureOf } from "../tests/support/picture.ts";
import { largeView } from "../tests/support/sample_view.ts";
import { sampleOptions } from "../tests/support/web_options.ts";

const launch = { executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] };
const images = new URL("../docs/images/", import.meta.url).pathname;
/** When an image is missing: a busy morning with something wrong. */
const hours = 9.9;

/** `last`: the section that a picture ends with. */
const looks = [
  { name: "light", colorScheme: "light", width: 1280, last: "#demand" },
  { name: "dark", colorScheme: "dark", width: 1280, last: "#demand" },
  { name: "phone", colorScheme: "light", width: 390, last: "#trend" },
] as const;
/** Below that section, pixels. */
const marginBelow = 16;

async function withBrowser(
  options: Partial<HandlerOptions>,
  body: (browser: Browser, url: string) => Promise<void>,
): Promise<void> {
  const server = startWebServer(sampleOptions(options));
  const browser = await chromium.launch(launch);
  try {
    await body(browser, server.url);
  } finally {
    await browser.close();
    await server.close();
  }
}

async function pictures(): Promise<void> {
  const { picture, recorder, nowMs } = await playDay(hours);
  const options = {
    offersCommands: true,
    picture: () => picture,
    nowMs: () => nowMs,
    history: recorder.reader,
  } as const;
  await withBrowser(options, async (browser, url) => {
    for (const { name, colorScheme, width, last } of looks) {
      const viewport = { width, height: 900 };
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
      const page = await context.newPage();
      await page.goto(url);
      await page.evaluate("document.fonts.ready");
      const { y = 0, height = 0 } = await page.locator(last).boundingBox() ?? {};
      const clip = { x: 0, y: 0, width, height: Math.ceil(y + height) + marginBelow };
      await page.screenshot({ path: `${images}page-${name}.png`, fullPage: true, clip });
      await context.close();
    }
  });
  recorder.close();
}

/** Runs in the page: what took long, and when something was seen first. */
const watchTasks = `
  globalThis.tasksMs = [];
  new PerformanceObserver((list) => tasksMs.push(...list.getEntries().map(({ duration }) => duration)))
    .observe({ type: "longtask", buffered: true });`;
const watchedMs = 21_000;

async function figures(): Promise<void> {
  const view = largeView(10_000, 1_000);
  const [job, ...jobs] = view.jobs;
  let looked = 0;
  const pictureNow = (): Picture => {
    const atMs = view.atMs + 1_000 * looked++;
    if (job === undefined) throw new Error("the view has no job");
    return pictureOf({ ...view, atMs, jobs: [{ ...job, brief: `look ${looked}` }, ...jobs] });
  };
  await withBrowser({ picture: pictureNow, nowMs: () => Date.now() }, async (browser, url) => {
    const page = await (await browser.newContext()).newPage();
    const session = await page.context().newCDPSession(page);
    await session.send("Network.enable");
    const sizes: number[] = [];
    session.on("Network.eventSourceMessageReceived", ({ data }) => sizes.push(data.length));
    await page.addInitScript(watchTasks);
    await page.goto(url);
    await page.waitForTimeout(watchedMs);
    const [paint, tasks] = await page.evaluate(
      `[performance.getEntriesByName("first-contentful-paint")[0]?.startTime, tasksMs]`,
    ) as [number, number[]];
    const [first = 0, ...more] = sizes;
    told(`first paint                       ${Math.round(paint)} ms`);
    told(`tasks over 50 ms                  ${tasks.map(Math.round).join(", ") || "none"} ms`);
    told(`first message                     ${first} bytes`);
    told(`${more.length} messages of one change each   at most ${Math.max(...more)} bytes`);
  });
}

const [what] = Deno.args;
if (what === "pictures") await pictures();
else if (what === "figures") await figures();
else told("usage: deno run -A scripts/page.ts pictures | figures");

function told(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

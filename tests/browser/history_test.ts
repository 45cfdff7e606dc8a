// The history on the status page in a real browser: half a day of a simulated installation, its trend, its costs, and
// the page of an earlier time. Ignored if /usr/bin/chromium (Debian package chromium) is not installed. With
// SCREENSHOTS=write it writes the pictures of docs/images from a whole day.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { startWebServer } from "../../src/web/server.ts";
import { playDay } from "../support/day.ts";
import { isInstalled, launchBrowser } from "../support/open_page.ts";
import { sampleOptions } from "../support/web_options.ts";

const isWriting = Deno.env.get("SCREENSHOTS") === "write";
const faintTexts = Deno.readTextFileSync(new URL("./faint_texts.js", import.meta.url));

/** Read as code of the page, which this program is not. */
const isTooWide = "document.documentElement.scrollWidth > innerWidth";

Deno.test({ name: "the history is shown in a browser", ignore: !isInstalled, fn: inBrowser });

async function inBrowser(context: Deno.TestContext): Promise<void> {
  const day = await playDay(isWriting ? 24 : 4);
  const { recorder, picture, nowMs } = day;
  const server = startWebServer(
    sampleOptions({ picture: () => picture, nowMs: () => nowMs, history: recorder.reader }),
  );
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    for (const [sentence, body] of steps) {
      await context.step(sentence, async () => {
        await page.setViewportSize({ width: 1200, height: 900 });
        await page.goto(`${server.url}?range=6h`);
        await body(page);
        assertEquals(complaints.splice(0), []);
      });
    }
    if (isWriting) await writePictures(browser, server.url);
  } finally {
    await browser.close();
    await server.close();
    recorder.close();
  }
}

const steps: readonly (readonly [string, (page: Page) => Promise<void>])[] = [
  ["the trend shows agents, jobs and the oldest wait over the same time", draws],
  ["a column of the trend links to the page of its time, and that page links back", travels],
  ["a typed time opens the page of that time", takesMoment],
  ["the history is readable in light and dark mode, and fits a narrow screen", isReadable],
];

async function draws(page: Page): Promise<void> {
  const drawing = page.locator("svg.drawing");
  for (const name of ["layer building", "layer idle", "line jobs", "line wait"]) {
    const box = await drawing.locator(`path.${name.replace(" ", ".")}`).first().boundingBox();
    assert((box?.width ?? 0) > 100 && (box?.height ?? 0) > 10, `${name}: ${JSON.stringify(box)}`);
  }
  const right = await page.locator("svg.columns").boundingBox().then((box) => (box?.x ?? 0) + (box?.width ?? 0));
  const words = await drawing.locator("text.tick[dx]").evaluateAll((texts) =>
    texts.map((text) => text.getBoundingClientRect().left)
  );
  assert(
    words.length > 0 && words.every((left) => left >= right),
    `the drawing ends at ${right}, words begin at ${words}`,
  );
  assertMatch(await drawing.locator("desc").textContent() ?? "", /Most agents: \d+ at 20/);
  const outside = await page.evaluate(isTooWide);
  assertEquals(outside, false);
}

async function travels(page: Page): Promise<void> {
  await page.locator("svg.columns a").nth(50).click();
  await page.waitForURL(/at=/);
  assertMatch(await page.innerText(".banner.past"), /^This is the past: what the program knew at 20/);
  assertEquals(await page.locator("#pause:visible").count(), 0);
  await page.click(".banner.past a");
  await page.waitForURL((url) => !url.search.includes("at="));
  assertEquals(await page.locator(".banner.past").count(), 0);
}

async function takesMoment(page: Page): Promise<void> {
  await page.fill(".moment input[name=at]", "2h ago");
  await page.click(".moment button");
  await page.waitForURL(/at=2h/);
  assertMatch(await page.innerText(".banner.past"), /, 2 h( \d+ min)? ago/);
  await page.fill(".moment input[name=at]", "tea time");
  await page.click(".moment button");
  await page.waitForURL(/at=tea/);
  assertMatch(await page.innerText(".banner.past"), /"tea time" is not a time/);
}

async function isReadable(page: Page): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    assertEquals(await page.evaluate(`(${faintTexts.slice(faintTexts.indexOf("function"))})()`), [], colorScheme);
  }
  await page.setViewportSize({ width: 360, height: 800 });
  assertEquals(await page.evaluate(isTooWide), false);
}

/** Writes the pictures of the documentation. */
async function writePictures(browser: Browser, url: string): Promise<void> {
  for (
    const [name, width, colorScheme] of [
      ["trend-light", 1200, "light"],
      ["trend-dark", 1200, "dark"],
      ["trend-phone", 390, "light"],
    ] as const
  ) {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.goto(`${url}?range=24h`);
    const path = new URL(`../../docs/images/${name}.png`, import.meta.url).pathname;
    const { x, y, ...size } = await page.locator("#trend").boundingBox() ?? { x: 0, y: 0, width, height: 900 };
    const clip = { x: 0, y: y - x, width, height: size.height + 2 * x };
    await page.screenshot({ path, fullPage: true, clip });
    await page.close();
  }
}

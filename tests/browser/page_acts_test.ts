// Commands on the status page in a real browser, and its accessibility (axe-core).

import { assert, assertEquals, assertMatch } from "@std/assert";
import axe from "axe-core";
import type { StatusView } from "../../src/core/view/view.ts";
import { Secret } from "../../src/secret.ts";
import type { CommandAnswer, WebCommand } from "../../src/web/commands.ts";
import type { HandlerOptions } from "../../src/web/handler.ts";
import { isInstalled, type OpenPage, type PageStep, type Shown, takeSteps } from "../support/open_page.ts";
import { hostileName, sampleView } from "../support/sample_view.ts";

const token = "s3cr3t-admin-token";
/** Only ends a hang. */
const waitMsMax = 120_000;
/** What the page has sent, in the order of the steps. */
const given: WebCommand[] = [];
let answer: CommandAnswer = { kind: "accepted", message: "as you wish" };

function withCommands(shown: Shown): Partial<HandlerOptions> {
  given.length = 0;
  answer = { kind: "accepted", message: "as you wish" };
  return {
    offersCommands: true,
    commands: {
      tokens: [new Secret("http.admin-token", () => token)],
      onCommand: (command) => {
        given.push(command);
        if (command.kind === "freeze" && command.profile === undefined) shown.view = { ...shown.view, frozen: true };
        return Promise.resolve(answer);
      },
    },
  };
}

const steps: readonly PageStep[] = [
  ["Freeze with the right token freezes launching, and its result is shown", freezes],
  ["no command is executed without the token, with a wrong one, or after Cancel", sendsNothing],
  ["Try again for a failing profile works by keyboard alone, and a rejected command shows its reason", triesAgain],
  ["axe-core has no finding in light and dark mode, wide and narrow, with problems and without", hasNoFindings],
  ["the skip link leads to the content, and the headings are in order", hasHeadings],
];

Deno.test({
  name: "the status page executes commands in a browser, and is accessible",
  ignore: !isInstalled,
  fn: (context) => takeSteps(context, steps, withCommands),
});

/** Remembers what the banner of the mode said when the result of the command appeared. */
const watchDone = `new MutationObserver(() => {
  window.modeAtDone ??= document.getElementById("mode")?.textContent ?? "none";
}).observe(document.getElementById("done"), { childList: true })`;

async function freezes({ page, complaints }: OpenPage): Promise<void> {
  await page.evaluate(watchDone);
  await page.locator("#servers").getByRole("button", { name: "Freeze" }).click();
  const dialog = page.getByRole("dialog");
  assertMatch(await dialog.innerText(), /No more agents are launched/);
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
  await page.getByText("Done: as you wish").waitFor({ timeout: waitMsMax });
  assertEquals(given, [{ kind: "freeze" }]);
  assertMatch(String(await page.evaluate("window.modeAtDone")), /Launching is frozen/, "its effect is shown before");
  await page.evaluate("scrollTo(0, document.body.scrollHeight)");
  const top = Number(await page.evaluate(`document.getElementById("done").getBoundingClientRect().top`));
  assert(top >= 0 && top < 800, "in sight wherever the button is");
  await page.locator("#mode").getByText("Launching is frozen").waitFor({ timeout: waitMsMax });
  await page.locator("#servers button:focus", { hasText: "Resume" }).waitFor({ timeout: waitMsMax });
  await page.locator("#servers").getByRole("button", { name: "Resume" }).click();
  assertEquals(await page.locator("#ask-token").inputValue(), token, "this tab remembers it");
  await dialog.getByRole("button", { name: "Resume" }).click();
  await dialog.waitFor({ state: "hidden", timeout: waitMsMax });
  assertEquals(given.at(-1), { kind: "resume" });
  assertEquals(complaints, []);
}

async function sendsNothing({ page }: OpenPage): Promise<void> {
  await page.locator("#servers").getByRole("button", { name: "Drain" }).click();
  const dialog = page.getByRole("dialog");
  await page.keyboard.press("Enter");
  assert(await dialog.isVisible());
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("Wrong admin token").waitFor({ timeout: waitMsMax });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assertEquals(await dialog.isVisible(), false);
  assertEquals(given, []);
  assertEquals(await page.evaluate("sessionStorage.length"), 0);
}

async function triesAgain({ page }: OpenPage): Promise<void> {
  answer = { kind: "rejected", code: "not-done", message: "the state cannot be stored", hint: "see the log" };
  await page.locator("#profiles").getByRole("button", { name: "Try again profile windows" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
  await page.getByText("Refused: the state cannot be stored. see the log").waitFor({ timeout: waitMsMax });
  assertEquals(given, [{ kind: "resume", profile: "windows" }]);
  await page.keyboard.press("Escape");
  assertEquals(await page.getByRole("dialog").isVisible(), false);
  assertMatch(String(await page.evaluate("document.activeElement.textContent")), /Try again/);
}

/** Pictures that look different. */
const views: readonly StatusView[] = [
  sampleView,
  { ...sampleView, problems: [], jobs: [], demand: [], instances: [], gocdAgents: [] },
  {
    ...sampleView,
    frozen: true,
    mode: "drain",
    problems: [{ code: "x", message: hostileName.repeat(100), hint: hostileName, detail: "x".repeat(5_000) }],
    mesos: {
      ...sampleView.mesos,
      health: { state: "down", sinceMs: 0, problem: { code: "c", message: "no route to host", hint: "h" } },
    },
  },
];

/**
 * Unfolds everything. What is out of sight is not laid out, and axe-core would measure it where it is not: here it is
 * laid out, too.
 */
const shownWhole = `{
  for (const each of document.querySelectorAll("details")) each.open = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("[data-part] { content-visibility: visible !important }");
  document.adoptedStyleSheets = [sheet];
}`;

async function hasNoFindings({ page, shown }: OpenPage): Promise<void> {
  for (const view of views) {
    shown.view = view;
    await page.reload();
    await page.evaluate(shownWhole);
    await page.evaluate(axe.source);
    for (const [colorScheme, width] of [["light", 1300], ["dark", 1300], ["light", 390]] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      const found = await page.evaluate(
        `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
          .then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))]))`,
      );
      assertEquals(found, [], `${colorScheme}, ${width} wide`);
    }
  }
}

async function hasHeadings({ page }: OpenPage): Promise<void> {
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assertEquals(await page.evaluate("document.activeElement.id"), "live");
  const levels = await page.locator("h1, h2, h3").evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])));
  assertEquals(levels[0], 1);
  assert(levels.every((level, index) => index === 0 || level - (levels[index - 1] ?? 0) <= 1), levels.join());
}

// The status page in a real browser: it renders, updates itself, runs no foreign script and shows a lost connection.
// Ignored if /usr/bin/chromium (Debian package chromium) is not installed.

import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { startWebServer } from "../../src/web/server.ts";
import { isInstalled, type OpenPage, optionsOf, type PageStep, takeSteps } from "../support/open_page.ts";
import { hostileName, largeView, sampleMs, sampleNotes, sampleView } from "../support/sample_view.ts";

const faintTexts = Deno.readTextFileSync(new URL("./faint_texts.js", import.meta.url));
const alive = sampleView.instances.filter(({ state }) => state !== "gone");
const aliveRows = "#instances > table tbody tr";
/** Only ends a hang. */
const refreshMsMax = 120_000;

Deno.test({
  name: "the status page is shown in a browser",
  ignore: !isInstalled,
  fn: (context) => takeSteps(context, steps),
});

const steps: readonly PageStep[] = [
  [
    "the page shows all sections, runs no script of a job's name, and complies with its Content-Security-Policy",
    showsEverything,
  ],
  ["hostile names are shown as text", showsNamesAsText],
  ["an update keeps the scroll position, the focus and open sections", refreshesInPlace],
  ["updates contain only changes to the loaded document, or all of it if a script has changed the document", goesOn],
  ["the bars of living instances grow with the time", growsLives],
  [
    "a failing server is shown in amber and one that is down in red, with the duration and the reason",
    showsFailingServers,
  ],
  ["a lost connection is shown until it is restored", tellsLostConnection],
  ["a paused page is not updated", pauses],
  ["without a stream of events the page polls", fallsBack],
  ["new problems and the end of all problems are announced to screen readers", tellsNews],
  ["a search finds jobs, and an update keeps the text in the search field", searches],
  ["two hundred of ten thousand jobs are shown, and jobs are filtered by verdict", staysUsable],
  ["all focusable elements have names, and all texts are readable in light and dark mode", isAccessible],
  ["the page fits screens of any width", fitsScreens],
  ["long names are wrapped and cut nothing off", wrapsNames],
  ["lists are folded on a narrow screen, and unfolded ones stay unfolded after an update", foldsOnNarrowScreen],
];

async function showsEverything({ page, complaints, asked, updated }: OpenPage): Promise<void> {
  const problems = sampleView.problems.length;
  assert((await page.title()).startsWith(`(${problems}) GoCD-Mesos`), await page.title());
  const text = await page.innerText("body");
  for (
    const part of [
      "subscribed",
      "26.1.0",
      `${problems} problems`,
      "Fix:",
      "needs agent",
      "unserved",
      "limited",
      "blocked",
    ]
  ) {
    assertEquals(text.includes(part), true, part);
  }
  assertEquals(await page.locator("#jobs tbody tr").count(), sampleView.jobs.length);
  assertEquals(await page.locator(aliveRows).count(), alive.length);
  assertEquals(await page.locator("#notes li").count(), sampleNotes.length);
  assertEquals(await page.locator("#agents details[open]").count(), 0);
  await updated();
  assertEquals(await page.locator("main script, main img").count(), 0);
  assertEquals(asked.filter((address) => address.endsWith("/x")), []);
  assertEquals(complaints, []);
}

/** Names that want to be more than names: each is shown, none does anything. */
const names: readonly string[] = [
  hostileName,
  `<svg onload=alert(1)>`,
  `</td></table></main><script>alert(1)</script>`,
  `' onmouseover='alert(1)`,
  `javascript:alert(1)`,
  `&lt;b&gt;not bold&amp;`,
  `<style>body{display:none}</style>`,
  `<meta http-equiv=refresh content="0;url=/x"><base href=//evil.example/>`,
  `<form action=/api/commands/drain method=post><button id=pause>`,
  `\u001b[2Jcleared\u009b31m`,
  `${"x".repeat(300)}`,
];

async function showsNamesAsText({ page, shown, complaints, asked, updated }: OpenPage): Promise<void> {
  const [first] = sampleView.jobs;
  if (first === undefined) throw new Error("the sample has no job");
  const jobs = names.map((name, index) => ({
    ...first,
    locator: `evil/${index}/stage/1/${name}`,
    name,
    environment: name,
    gocdResources: [name],
    reason: `because of ${name}`,
  }));
  shown.view = {
    ...sampleView,
    jobs,
    problems: [{ code: "x", message: names.join(), hint: names.join(), locators: names }],
  };
  shown.notes = names.map((text) => ({ atMs: sampleMs, level: "warning" as const, code: "x", text }));
  await page.getByText("evil/10/stage").first().waitFor({ timeout: refreshMsMax });
  await page.reload();
  await updated();
  const rows = await page.locator("#jobs tbody tr").allTextContents();
  assertEquals(rows.length, names.length);
  for (const [index, name] of names.entries()) {
    // deno-lint-ignore no-control-regex
    const visible = name.replace(/[\u0000-\u001f\u007f-\u009f\u202e]/g, "\ufffd");
    assertEquals(rows[index]?.includes(visible), true, `${visible} is not in ${rows[index]}`);
  }
  const made =
    "main script, main style, main svg:not(.bar, .life), main form:not(.search), main meta, main base, main img, main [onmouseover], main a[href^=javascript]";
  assertEquals(await page.locator(made).evaluateAll((elements) => elements.map((element) => element.outerHTML)), []);
  assertEquals(await page.locator("#pause").count(), 1);
  assertEquals(
    asked.filter((address) => new URL(address).pathname === "/x" || !address.startsWith(new URL(page.url()).origin)),
    [],
  );
  assertEquals(complaints, []);
}

async function refreshesInPlace({ page, shown, complaints }: OpenPage): Promise<void> {
  await page.locator("#agents > details > summary").click();
  await page.evaluate("scrollTo(0, 700)");
  const placeOf = async (): Promise<number> =>
    Number(await page.evaluate('document.querySelector("#instances").getBoundingClientRect().top'));
  const before = await placeOf();
  shown.view = {
    ...sampleView,
    atMs: sampleMs + 60_000,
    problems: [],
    instances: alive.slice(1).toReversed(),
    mesos: { ...sampleView.mesos, session: "connecting", sinceMs: sampleMs, reason: "the master went away" },
  };
  shown.notes = [...sampleNotes, { atMs: sampleMs, level: "info", code: "fresh", text: "a fresh decision" }];
  await page.getByText("a fresh decision").waitFor({ timeout: refreshMsMax });
  assertEquals(await page.locator("#problems").count(), 0);
  assertEquals(await page.title(), "GoCD-Mesos – gocd-mesos");
  assertEquals(await page.locator(aliveRows).count(), alive.length - 1);
  const last = page.locator(aliveRows).last();
  assertMatch(await last.innerText(), new RegExp(shown.view.instances.at(-1)?.taskId ?? "?"));
  assertEquals(await page.locator("#agents details[open]").count(), 1);
  assertEquals(await page.evaluate("document.activeElement.tagName"), "SUMMARY");
  const taskIds = await page.locator(aliveRows).evaluateAll((rows) => rows.map((row) => row.getAttribute("data-key")));
  assertEquals(taskIds, shown.view.instances.map(({ taskId }) => taskId));
  // The problems above are gone: what is in view stays in its place all the same.
  assertAlmostEquals(await placeOf(), before, 2);
  assertEquals(complaints, []);
}

async function goesOn({ page, shown, updated, complaints }: OpenPage): Promise<void> {
  const large = { ...largeView(10_000, 1_000), atMs: sampleMs };
  shown.view = large;
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let messages: string[] = [];
  session.on("Network.eventSourceMessageReceived", ({ data }) => messages.push(data));
  await page.goto(`${new URL(page.url()).origin}/?rows=100`);
  // The first document may still be of the picture before.
  await page.getByText("10,000", { exact: true }).first().waitFor({ timeout: refreshMsMax });
  messages = [];
  await page.reload();
  await updated();
  const isLong = (data: string): boolean => data.length >= 2_000 || data.includes('"whole":true');
  assertEquals(messages.filter(isLong), [], "nothing but what depends on the time");
  const change = async (brief: string): Promise<void> => {
    messages = [];
    const [job, ...jobs] = large.jobs;
    if (job === undefined) throw new Error("the view is empty");
    shown.view = { ...large, jobs: [{ ...job, brief }, ...jobs] };
    await page.locator("#jobs tbody tr").first().getByText(brief).waitFor({ timeout: refreshMsMax });
    assertEquals(await page.locator("#jobs tbody tr").count(), 100);
  };
  await change("the first change");
  assert(messages.every((data) => data.length < 2_000), "only the change");
  await page.reload();
  await updated();
  await page.evaluate(
    `document.querySelector("#jobs p, #jobs table").insertAdjacentHTML("beforebegin", "<p>other</p>")`,
  );
  await change("another change");
  assert(messages.some((data) => data.includes('"whole":true')), "all of it");
  assertEquals(await page.getByText("other", { exact: true }).count(), 0);
  await session.detach();
  assertEquals(complaints, []);
}

async function growsLives({ page, shown, complaints }: OpenPage): Promise<void> {
  const [instance] = alive;
  if (instance === undefined) throw new Error("the sample has no instance");
  const createdMs = sampleMs - 100_000;
  const life = [{ state: "starting", sinceMs: createdMs }, { state: "idle", sinceMs: createdMs + 10_000 }] as const;
  shown.view = { ...sampleView, instances: [{ ...instance, createdMs, life }] };
  const bar = (whole: number, width: number): Promise<void> =>
    page.locator(`svg.life[viewBox="0 0 ${whole} 8"] rect[x="10"][width="${width}"]`).waitFor({
      state: "attached",
      timeout: refreshMsMax,
    });
  await bar(100, 90);
  shown.view = { ...shown.view, atMs: sampleMs + 60_000 };
  await bar(160, 150);
  assertEquals(complaints, []);
}

async function showsFailingServers({ page, shown, complaints }: OpenPage): Promise<void> {
  const { gocd, mesos } = sampleView;
  const problem = { code: "c", message: "the connection was refused", hint: "h" };
  shown.view = {
    ...sampleView,
    gocd: { ...gocd, health: { state: "failing", sinceMs: sampleMs - 12_000, problem } },
    mesos: { ...mesos, session: "connecting", health: { state: "down", sinceMs: sampleMs - 360_000, problem } },
  };
  await page.locator(".unhealthy").waitFor({ timeout: refreshMsMax });
  const badges = await page.evaluate(
    `[...document.querySelectorAll("#servers .badge")].map((each) => each.textContent + " " + getComputedStyle(each).color)`,
  );
  const colorOf = async (name: string): Promise<string> => {
    const hex = await page.evaluate(`getComputedStyle(document.documentElement).getPropertyValue("--${name}")`);
    const parts = String(hex).match(/[0-9a-f]{2}/g) ?? [];
    return `rgb(${parts.map((part) => parseInt(part, 16)).join(", ")})`;
  };
  assertEquals(badges, [`down ${await colorOf("bad")}`, `failing ${await colorOf("warning")}`]);
  const cards = await page.locator("#servers").innerText();
  assertMatch(cards, /Failing for\s+6 min\s+Reason\s+the connection was refused/);
  assertMatch(cards, /Failing for\s+12 s\s+Reason\s+the connection was refused/);
  await isAccessible({ page });
  assertEquals(complaints, []);
}

async function tellsLostConnection({ page, server, shown }: OpenPage): Promise<void> {
  assertEquals(await page.locator("#connection").isVisible(), false);
  await server.close();
  await page.getByText("Connection lost").waitFor({ timeout: refreshMsMax });
  const again = startWebServer(optionsOf(shown, Number(new URL(server.url).port)));
  await page.locator("#connection").waitFor({ state: "hidden", timeout: refreshMsMax });
  await again.close();
}

async function pauses({ page, shown, updated, asked }: OpenPage): Promise<void> {
  await updated();
  await page.getByRole("button", { name: "Pause" }).click();
  const before = asked.length;
  shown.view = { ...sampleView, frozen: true };
  // Requests in the meantime get this response.
  await page.evaluate(`new Promise((resolve) => {
    const other = new EventSource("/events");
    let messages = 0;
    for (const kind of ["tick", "update"]) other.addEventListener(kind, () => {
      if (++messages < 3) return;
      other.close();
      resolve();
    });
  })`);
  assertEquals(asked.length, before + 1);
  assertEquals(await page.locator("#mode").count(), 0);
  assertMatch(await page.locator("#paused-at").innerText(), /^as of \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  await page.getByRole("button", { name: "Paused: continue" }).click();
  await page.locator("#mode").getByText("Launching is frozen").waitFor({ timeout: refreshMsMax });
}

async function fallsBack({ page, shown, asked }: OpenPage): Promise<void> {
  await page.route("**/events*", (route) => route.fulfill({ status: 503, body: "{}" }));
  await page.reload();
  shown.view = { ...sampleView, frozen: true };
  await page.locator("#mode").getByText("Launching is frozen").waitFor({ timeout: refreshMsMax });
  assert(asked.some((address) => new URL(address).pathname === "/fragment"));
  assertEquals(await page.locator("#connection").isVisible(), false);
}

async function tellsNews({ page, shown, updated }: OpenPage): Promise<void> {
  await updated();
  const news = page.locator("#news");
  assertEquals(await news.textContent(), "", "what was there when the page was opened is no news");
  const problem = { code: "new-one", message: "a host has caught fire", hint: "call somebody" };
  shown.view = { ...sampleView, problems: [...sampleView.problems, problem] };
  await page.getByText("call somebody").waitFor({ timeout: refreshMsMax });
  await page.locator("#news", { hasText: "New: a host has caught fire" }).waitFor({ state: "attached" });
  shown.view = { ...sampleView, problems: [] };
  await page.locator("#news", { hasText: "No problem any more" }).waitFor({ state: "attached", timeout: refreshMsMax });
}

async function searches({ page, updated }: OpenPage): Promise<void> {
  await page.getByLabel("Job", { exact: true }).fill("TEST/1/unit-runInstance-7");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/q=TEST/);
  const rows = page.locator("#jobs tbody tr");
  assertEquals(await rows.count(), 1);
  // What is being typed stays, whatever is updated.
  await page.getByLabel("Job", { exact: true }).fill("half a na");
  await updated();
  assertEquals(await page.getByLabel("Job", { exact: true }).inputValue(), "half a na");
  assertEquals(await rows.count(), 1);
  await page.getByRole("link", { name: "Show all" }).click();
  await page.waitForURL((url) => !url.search.includes("q="));
  assertEquals(await rows.count(), sampleView.jobs.length);
}

async function staysUsable({ page, shown, updated }: OpenPage): Promise<void> {
  shown.view = largeView(10_000, 1_000);
  await page.getByText("1–200 of 10,000 jobs").waitFor({ timeout: refreshMsMax });
  assertEquals(await page.locator("#jobs tbody tr").count(), 200);
  shown.view = sampleView;
  await page.getByRole("link", { name: "unserved 2" }).click({ timeout: refreshMsMax });
  await page.waitForURL(/verdict=unserved/);
  assertEquals(await page.locator("#jobs tbody tr").count(), 2);
  await updated();
  assertEquals(await page.locator("#jobs tbody tr").count(), 2, "a refresh keeps the filter");
}

async function isAccessible({ page }: Pick<OpenPage, "page">): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    assertEquals(await page.evaluate(`(${faintTexts.slice(faintTexts.indexOf("function"))})()`), [], colorScheme);
  }
  const unnamed = await page.locator("a, button, summary, table, nav, section").evaluateAll((elements) =>
    elements.filter((element) =>
      (element.textContent ?? "").trim() === "" && element.getAttribute("aria-label") === null
    ).map((element) => element.outerHTML.slice(0, 80))
  );
  assertEquals(unnamed, []);
  assertEquals(await page.locator("th:not([scope])").count(), 0);
}

async function fitsScreens({ page, complaints }: OpenPage): Promise<void> {
  await page.locator("#agents > details > summary").click();
  for (const width of [1280, 1025, 1024, 740, 360]) {
    await page.setViewportSize({ width, height: 740 });
    assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
  }
  assertMatch(await page.locator("#jobs tbody tr").first().textContent() ?? "", /needs agent/);
  assertEquals(complaints, []);
}

async function wrapsNames({ page, shown, updated }: OpenPage): Promise<void> {
  const buildLocator = "web-shop-deploy/118/staging/1/deploy-the-shop-to-the-region-eu";
  const taskId = "gocd-mesos-jvm-with-a-long-name-9f2c41d0-118";
  const serving = { environment: "staging", gocdResources: ["linux", "docker", "java"] };
  const instances = alive.map((each, index) => ({
    ...each,
    ...serving,
    taskId: `${taskId}${index}`,
    host: `rack1-node${index}.cluster.example.org`,
    state: "building" as const,
    buildLocator,
  }));
  const finished = (sampleView.finished ?? []).map((each, index) => ({ ...each, taskId: `${taskId}${index}-ended` }));
  const jobs = sampleView.jobs.map((each) => ({ ...each, ...serving, locator: buildLocator }));
  shown.view = { ...sampleView, jobs, instances, finished };
  await updated();
  await page.reload();
  await page.evaluate(`document.querySelectorAll("details").forEach((each) => each.open = true)`);
  for (const width of [1600, 1500, 1400, 1300, 1281, 1280, 1200, 1100, 1025, 1024, 360]) {
    await page.setViewportSize({ width, height: 740 });
    const cut = `[...document.querySelectorAll("section")].filter((each) => each.scrollWidth > each.clientWidth)
      .map((each) => [each.id, each.scrollWidth, each.clientWidth].join(" "))`;
    assertEquals(await page.evaluate(cut), [], `${width} wide`);
  }
}

async function foldsOnNarrowScreen({ page, shown, complaints, updated }: OpenPage): Promise<void> {
  assertEquals(await page.locator("label.all:visible, label.fold:visible").count(), 0, "wide");
  await page.setViewportSize({ width: 360, height: 740 });
  const rows = page.locator("#jobs tbody tr:visible");
  assertEquals(await rows.count(), 4);
  assertEquals(await page.locator("#hosts table:visible").count(), 0);
  const foldIn = `(selector) => getComputedStyle(document.querySelector(selector)).listStyleType`;
  const signs = (): Promise<unknown> =>
    page.evaluate(`["#agents summary", "#jobs label.all", "#hosts label.fold"].map(${foldIn})`);
  assertEquals(await signs(), ["disclosure-closed", "disclosure-closed", "disclosure-closed"], "one kind of folds");
  assertEquals(await page.evaluate(`getComputedStyle(document.querySelector("#hosts .fold input")).opacity`), "0");
  await page.locator("#jobs label.all").click();
  await page.locator("#hosts label.fold input").focus();
  await page.keyboard.press("Space");
  assertEquals(await signs(), ["disclosure-closed", "disclosure-open", "disclosure-open"]);
  assertEquals(await rows.count(), sampleView.jobs.length);
  shown.view = { ...sampleView, jobs: sampleView.jobs.slice(1), frozen: true };
  await updated();
  await page.locator("#mode").waitFor({ timeout: refreshMsMax });
  assertEquals(await rows.count(), sampleView.jobs.length - 1);
  assertEquals(await page.locator("#hosts > table:visible").count(), 1);
  assertEquals(complaints, []);
}

// Everything that an operator reads about one job in a situation: `why`, the log, the metrics, compared with a file and
// with the page, which must show the same.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { explainJob, findJobs } from "../../src/cli/why.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import { createFloodGate } from "../../src/log/flood_gate.ts";
import { textLine } from "../../src/log/format.ts";
import { metricsPage } from "../../src/web/metrics.ts";
import { allJobs } from "../../src/web/page_query.ts";
import { statusPage } from "../../src/web/status_page.ts";
import { pictureOf } from "./picture.ts";
import type { Situation } from "./situation.ts";
import { zeroMs } from "./core.ts";

const fixtures = new URL("../fixtures/transcripts/", import.meta.url);
const logLinesMax = 8;

/** The transcript of a situation about one job. */
export function transcriptOf(title: string, locator: string, { world, notes }: Situation): string {
  const view = statusView(world.state, world.atMs);
  const [job] = findJobs(view, locator);
  if (job === undefined) throw new Error(`${locator} does not wait`);
  return [
    `# ${title}`,
    "",
    `$ gocd-mesos why framework.conf ${locator}`,
    ...explainJob(job, view),
    "",
    "# log",
    ...logOf(notes),
    "",
    "# metrics",
    ...metricsOf(view),
    "",
  ].join("\n").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
}

/** What an operator reads in a situation without a job: log, problems of the page, metrics. */
export function diagnosisOf(title: string, { world, notes }: Situation): string {
  const view = statusView(world.state, world.atMs);
  const page = pageOf(view);
  for (const { message } of view.problems) assertStringIncludes(page, message);
  return [
    `# ${title}`,
    "",
    "# log",
    ...logOf(notes),
    "",
    "# problems on the page",
    ...view.problems.map(({ message, hint }) => hint === "" ? message : `${message} (to do: ${hint})`),
    "",
    "# metrics",
    ...metricsOf(view),
    "",
  ].join("\n").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
}

function logOf(notes: Situation["notes"]): string[] {
  const gate = createFloodGate();
  const lines = notes.filter(({ level }) => level !== "debug").flatMap((note) => {
    const text = gate.pass(note, zeroMs);
    return text === undefined ? [] : [textLine({ ...note, text, atMs: zeroMs }).replace(/^\S+ /, "")];
  });
  return lines.length <= logLinesMax ? lines : ["…", ...lines.slice(-logLinesMax)];
}

/** The metrics of causes and problems with values above zero. */
export function metricsOf(view: ReturnType<typeof statusView>): string[] {
  const text = metricsPage(pictureOf(view), "0");
  return text.split("\n").filter((line) =>
    /^gocd_mesos_(waiting_jobs|job_remarks|problems|gocd_maintenance|profile_blocked)\b.* [1-9]/.test(line) ||
    /^gocd_mesos_server_state\{.*"(failing|down)"\} 1/.test(line)
  );
}

/** The text of the status page. */
export function pageOf(view: ReturnType<typeof statusView>): string {
  const page = statusPage({
    view,
    notes: [],
    query: { ...allJobs, rowsMax: 100 },
    links: { gocdUrl: "http://gocd.example.org/go", mesosScheme: "http" },
    sandbox: "on",
    version: "0",
  });
  return page.replaceAll(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll(
    "&quot;",
    '"',
  )
    .replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}

/** Asserts that the page shows the reason of a job, word for word. */
export function assertOnPage(locator: string, { world }: Situation): void {
  const view = statusView(world.state, world.atMs);
  const [job] = findJobs(view, locator);
  assertStringIncludes(pageOf(view), job?.brief ?? job?.reason ?? "no such job");
}

/** Compares a transcript with tests/fixtures/transcripts/NAME.txt. GOLDEN=write rewrites the file: review it. */
export function assertTranscript(name: string, text: string): void {
  const file = new URL(`${name}.txt`, fixtures);
  if (Deno.env.get("GOLDEN") === "write") Deno.writeTextFileSync(file, text);
  assertEquals(text, Deno.readTextFileSync(file));
}

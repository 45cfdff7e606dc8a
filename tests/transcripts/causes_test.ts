// Each cause for which a job waits, as reported by the running program: verdict, log, page and metric. The files are
// for readers: tests/fixtures/transcripts/.

import { assertEquals } from "@std/assert";
import { situation } from "../support/situation.ts";
import { assertOnPage, assertTranscript, transcriptOf } from "../support/transcript.ts";
import { demandCauses } from "./demand_causes.ts";
import { heldCauses } from "./held_causes.ts";
import { pendingCauses } from "./pending_causes.ts";

const causes = [...demandCauses, ...heldCauses, ...pendingCauses];

for (const { name, title, options, arrange, verdict, launches = false } of causes) {
  Deno.test(`why, log, page and metric show the cause: ${title}`, async () => {
    const its = situation(options);
    const locator = await arrange(its);
    const job = its.world.state.demand.jobs.find((each) => each.locator === locator);
    assertEquals(`${job?.verdict} ${job?.reason.kind}`, verdict);
    assertEquals(its.world.state.demand.wanted.length > 0, launches);
    assertOnPage(locator, its);
    assertTranscript(name, transcriptOf(title, locator, its));
  });
}

Deno.test("every transcript file belongs to a test", () => {
  const files = [...Deno.readDirSync(new URL("../fixtures/transcripts/", import.meta.url))].map((each) => each.name);
  assertEquals(files.sort(), causes.map(({ name }) => `${name}.txt`).sort());
});

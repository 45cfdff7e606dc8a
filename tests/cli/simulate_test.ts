// `simulate`: its output for configurations, policies and suggestions, and the errors of invalid input.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { formatTrace } from "../../src/whatif/trace.ts";
import { aJob, aTrace } from "../whatif/support.ts";
import { assertRefused, assertTranscript, confFolder, runLine } from "./support.ts";

const text = `gocd-mesos { mesos-master = "m:5050", go-server.host = g, go-agent.docker-image = "a:1"
  go-server { user-name = u, password-file = nowhere }
  poller { interval = 15 seconds, attempts = 1, max-interval = 1 minute } }`;
const minute = 60_000;

interface Files {
  readonly conf: string;
  readonly slow: string;
  readonly trace: string;
  readonly folder: string;
}

/** A folder with two configurations and a trace of twenty jobs. */
async function withFiles(act: (files: Files) => Promise<void>): Promise<void> {
  const folder = confFolder(text);
  try {
    const slow = `${folder.path}/slow.conf`;
    Deno.writeTextFileSync(slow, text.replace("attempts = 1", "attempts = 5"));
    const jobs = Array.from({ length: 20 }, (_, index) => aJob(index * 2 * minute, { buildMs: 5 * minute }));
    const trace = `${folder.path}/monday.jsonl`;
    Deno.writeTextFileSync(trace, formatTrace(aTrace([...jobs, aJob(0, { resources: ["mac"] })])));
    await act({ conf: folder.conf, slow, trace, folder: folder.path });
  } finally {
    folder.remove();
  }
}

Deno.test("simulate --peers compares two configurations with the policies of other autoscalers", async () => {
  await withFiles(async ({ conf, slow, trace, folder }) => {
    const line = ["simulate", trace, "--config", conf, "--config", slow, "--peers"];
    const { code, out, err } = await runLine(line);
    assertEquals([code, err], [0, ""]);
    assertTranscript("simulate", out, [[folder, "."]]);
  });
});

Deno.test("simulate --json prints the outcomes of each configuration, and --svg draws them", async () => {
  await withFiles(async ({ conf, slow, trace, folder }) => {
    const svg = `${folder}/monday.svg`;
    const { out } = await runLine(["simulate", trace, "--config", conf, "--config", slow, "--json", "--svg", svg]);
    const { trace: played, outcomes } = JSON.parse(out) as {
      trace: { jobs: number };
      outcomes: { name: string; waitSeconds: { p95: number }; agentHours: { all: number }; unserved: number }[];
    };
    assertEquals(played.jobs, 21);
    assertEquals(outcomes.map(({ name, unserved }) => [name, unserved]), [[conf, 1], [slow, 1]]);
    assert((outcomes[1]?.waitSeconds.p95 ?? 0) >= (outcomes[0]?.waitSeconds.p95 ?? Infinity));
    const drawn = Deno.readTextFileSync(svg);
    assertStringIncludes(drawn, "slow.conf");
    assertEquals(drawn.match(/class="head"/g)?.length, 2);
  });
});

Deno.test("simulate --suggest prints the cheapest setting that keeps the waits within --p95", async () => {
  await withFiles(async ({ conf, trace }) => {
    const { code, out } = await runLine(["simulate", trace, "--config", conf, "--suggest", "--p95", "3m"]);
    assertEquals(code, 0);
    assertStringIncludes(out, `suggested for ${conf}`);
    assert(
      /The cheapest one that keeps 95 % of the waits within 3 min \(\d+ replays\):\n {2}[a-z.-]+ = \S/.test(out),
      out,
    );
  });
});

Deno.test("simulate without a configuration uses the recommended example", async () => {
  await withFiles(async ({ trace }) => {
    const { out } = await runLine(["simulate", trace]);
    assertStringIncludes(out, "recommended example");
  });
});

Deno.test("simulate refuses invalid traces, configurations and options with a message and a hint", async () => {
  await withFiles(async ({ conf, trace, folder }) => {
    Deno.writeTextFileSync(`${folder}/bad.jsonl`, '{"trace":1,"start":"2026-01-05T00:00:00Z","seconds":9}\n{"at":1}\n');
    Deno.writeTextFileSync(`${folder}/bad.conf`, text.replace("15 seconds", "15 parsecs"));
    const refused = async (line: readonly string[], message: RegExp): Promise<void> =>
      assertRefused(await runLine(["simulate", ...line]), 2, message);
    await refused([`${folder}/bad.jsonl`], /bad\.jsonl:2: build is missing/);
    await refused([`${folder}/none.jsonl`], /there is no trace .*none\.jsonl/);
    await refused([trace, "--config", `${folder}/bad.conf`], /bad\.conf.*parsecs/);
    await refused([trace, "--config", conf, "--p95", "1m"], /--p95 is the limit of --suggest/);
    await refused([trace, "--boot", "45"], /--boot: .*unit/);
    await refused([trace, "--hosts", "0"], /--hosts: 0 is not between 1 and 10000/);
    await refused(["all", "--svg", "x.svg"], /--svg draws one trace/);
    await refused([trace, "--config"], /--config needs a value/);
  });
});

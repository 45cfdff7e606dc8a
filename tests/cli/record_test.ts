// `record`: traces of a history, of a running instance and of an observed server, all without names.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { JobLife } from "../../src/core/view/history.ts";
import { type History, openHistory } from "../../src/history/history.ts";
import { realClock } from "../../src/runtime/clock.ts";
import { parseTrace } from "../../src/whatif/trace_reader.ts";
import { aBatch, beginMs, hour, limits, minute, second } from "../history/samples.ts";
import { startVirtualServers } from "../support/cluster.ts";
import { pictureOf } from "../support/picture.ts";
import { sampleView } from "../support/sample_view.ts";
import { withInstance } from "./instance.ts";
import { type Around, assertRefused, confFolder, runLine } from "./support.ts";

const text = `gocd-mesos { mesos-master = "m:5050", go-server.host = g, go-agent.docker-image = "a:1" }`;
const at = (atMs: number): Around => ({ machine: { ...realClock, nowMs: () => atMs } });
const linux = ["linux"];

const lives: readonly JobLife[] = [
  { atMs: beginMs, resources: linux, beganMs: beginMs + minute, buildMs: 2 * minute, by: "ours" },
  { atMs: beginMs + second, resources: linux, beganMs: beginMs + minute, buildMs: minute, by: "others" },
  { atMs: beginMs + minute, resources: [], environment: "prod", group: "team-a", by: "unseen" },
  { atMs: beginMs + 3 * hour, resources: linux, beganMs: beginMs + 3 * hour, buildMs: minute, by: "ours" },
];

const expected = [
  { atMs: 0, resources: linux, buildMs: 2 * minute },
  { atMs: minute, resources: [], environment: "prod", group: "team-a", buildMs: 5 * second },
];

function filled(path?: string): History {
  const history = openHistory(path, limits);
  history.write(aBatch({ jobs: lives.map((life) => ({ ...life, locator: "secret/1/s/1/j" })) }));
  return history;
}

const line = (conf: string): string[] => ["record", "--since", "2026-11-27 12:00", "--until", "2026-11-27 14:00", conf];

Deno.test("without a running instance, record reads the history file and reports incomplete observations", async () => {
  const folder = confFolder(text);
  try {
    filled(`${folder.path}/gocd-mesos.db-history`).close();
    const { code, out, err } = await runLine(line(folder.conf), at(beginMs + 2 * hour));
    assertEquals(code, 0);
    assertEquals(out.includes("secret"), false);
    const { jobs, startMs, lengthMs } = parseTrace(out, "t");
    assertEquals({ jobs, startMs, lengthMs }, { jobs: expected, startMs: beginMs, lengthMs: 2 * hour });
    assertEquals(
      err,
      "gocd-mesos: 2 jobs in 2 h; 1 job of agents that are not ours left out; " +
        "1 build without a complete observation counted as 5 s\n",
    );
  } finally {
    folder.remove();
  }
});

Deno.test("record reads all pages of the history from the running instance", async () => {
  const history = filled();
  // More than one page, many at one moment.
  const many = Array.from({ length: 25_000 }, (_, index): JobLife => ({
    atMs: beginMs + Math.floor(index / 4_000) * minute,
    resources: linux,
    by: "ours",
    buildMs: hour + index,
  }));
  try {
    await withInstance(async ({ conf, start }) => {
      await start(() => pictureOf(sampleView), history);
      const first = await runLine(line(conf), at(beginMs + 2 * hour));
      assertEquals(parseTrace(first.out, "t").jobs, expected);
      history.write(aBatch({ jobs: many.map((life) => ({ ...life, locator: "p/1/s/1/j" })) }));
      const { out } = await runLine(line(conf), at(beginMs + 2 * hour));
      const { jobs } = parseTrace(out, "t");
      assertEquals(jobs.length, many.length + expected.length);
      assertEquals(new Set(jobs.map(({ buildMs }) => buildMs)).size, many.length + expected.length);
    });
  } finally {
    history.close();
  }
});

Deno.test("record --for observes jobs with resources, group and build duration, and records no other names or variables", async () => {
  const cluster = startVirtualServers();
  const folder = confFolder(cluster.configText("scaling.fair-share = pipeline-group"));
  try {
    const { clock, fetch, deadline } = cluster.edges;
    const machine = { ...realClock, ...clock, deadline, ...(fetch === undefined ? {} : { fetch }) };
    cluster.gocd.addAgent({ uuid: "u", hostname: "static-1", gocdResources: ["linux"] });
    const watching = runLine(["record", "--for", "20 minutes", folder.conf], { machine });
    const schedule = (job: string, durationMs: number): void =>
      void cluster.gocd.schedule({
        pipeline: "secret-pipeline",
        stage: "s",
        job,
        gocdResources: ["linux"],
        variables: [{ name: "TOKEN", value: "hunter2", secure: false }],
        durationMs,
      });
    cluster.gocd.setPipelineGroup("secret-pipeline", "Team A");
    await cluster.pass(minute);
    schedule("one", 3 * minute);
    schedule("two", minute);
    await cluster.pass(18 * minute);
    const { code, out } = await cluster.during(watching);
    assertEquals(code, 0);
    const { jobs, lengthMs } = parseTrace(out, "t");
    assert(Math.abs(lengthMs - 20 * minute) < 5 * second);
    assertEquals(jobs.map(({ resources, group }) => [resources, group]), [[linux, "Team A"], [linux, "Team A"]]);
    for (const [index, want] of [3 * minute, minute].entries()) {
      const took = jobs[index]?.buildMs ?? 0;
      assert(took >= want && took < want + 20 * second, `${took} of ${want}`);
    }
    assertEquals(/secret|pipeline|TOKEN|hunter2|static/.test(out), false);
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("record refuses contradictory and invalid options, and a missing history", async () => {
  const folder = confFolder(text);
  try {
    const { conf } = folder;
    assertRefused(await runLine(["record", conf, "--for", "8h", "--since", "1h"]), 2, /--for is in the future/);
    assertRefused(await runLine(["record", conf, "--for", "8"]), 2, /--for: .*unit/);
    assertRefused(await runLine(["record", conf, "--since", "soon"]), 2, /--since: "soon" is not a time/);
    assertRefused(
      await runLine(["record", conf, "--since", "1h", "--until", "2h"]),
      2,
      /--since is not before --until/,
    );
    assertRefused(await runLine(["record", conf]), 6, /there is no history file/);
    Deno.writeTextFileSync(conf, text.replace("}", ", history.keep = 0 }"));
    const off = await runLine(["record", conf]);
    assertRefused(off, 2, /no history is kept/);
    assertStringIncludes(off.err, "--for");
  } finally {
    folder.remove();
  }
});

// `gocd-mesos why`: one transcript for each cause that a single poll can show.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { explainJob, findJobs } from "../../src/cli/why.ts";
import type { JobView } from "../../src/core/view/view.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { sampleView } from "../support/sample_view.ts";
import { assertRefused, assertTranscript, confFolder, runLine } from "./support.ts";

/** The explanation of a job of the sample, in which launches of profile windows fail. */
function explained(wanted: string, changes: Partial<JobView> = {}): string {
  const [job] = findJobs(sampleView, wanted);
  if (job === undefined) throw new Error(`the sample has no job ${wanted}`);
  const { brief, ...rest } = job;
  const own = changes.reason === undefined && brief !== undefined ? { brief } : {};
  return explainJob({ ...rest, ...own, ...changes }, sampleView).join("\n");
}

Deno.test("why reports failing launches once for a job of their profile, and not for other jobs", () => {
  assert(sampleView.problems.some(({ code, profile }) => code === "profile-failing" && profile === "windows"));
  assertEquals(explained("msi").split("pull access denied").length, 2);
  assertEquals(explained("msi", { reasonCode: "held-frozen", reason: "frozen" }).split("pull access denied").length, 2);
  assertEquals(explained("publish").includes("pull access denied"), false);
});

const personsUuid = "11111111-0000-4000-8000-000000000001";

const causes: readonly (readonly [
  name: string,
  arrange: (cluster: Cluster) => void,
  more?: string,
  job?: string,
])[] = [
  ["needs-agent", ({ gocd }) => schedule(gocd, {})],
  ["several", ({ gocd }) => [1, 2, 3].forEach(() => schedule(gocd, {}))],
  ["unserved-resource", ({ gocd }) => schedule(gocd, { gocdResources: ["windows"] })],
  ["unserved-environment", ({ gocd }) => schedule(gocd, { environment: "prod" })],
  ["will-be-taken", ({ gocd }) => {
    gocd.addAgent({ uuid: personsUuid, hostname: "box" });
    schedule(gocd, {});
  }],
  ["run-on-all", ({ gocd }) => {
    gocd.addAgent({ uuid: personsUuid, hostname: "box" });
    schedule(gocd, { job: "unit-runOnAll-1", runOnAll: personsUuid });
  }],
  ["ignored", ({ gocd }) => schedule(gocd, {}), 'poller.ignore = ["shop"]'],
  ["maintenance", ({ gocd }) => {
    schedule(gocd, {});
    gocd.setMaintenance(true);
  }],
  ["feed-gone", ({ gocd }) => {
    gocd.setFeedGone(404);
    schedule(gocd, { gocdResources: ["windows"], environment: "prod" });
  }],
  ["unknown-needs", ({ gocd }) => {
    gocd.configurePipeline({ name: "shop", stages: [{ name: "build", jobs: [{ name: "other" }] }] });
    schedule(gocd, { gocdResources: ["linux"] });
  }, "poller.source = api"],
  ["all-disabled", ({ gocd }) => {
    gocd.addAgent({ uuid: personsUuid, hostname: "box", configState: "Disabled" });
    schedule(gocd, {});
  }],
  ["other-environment", ({ gocd }) => {
    gocd.addAgent({ uuid: personsUuid, hostname: "box", environments: ["prod"] });
    schedule(gocd, {});
  }, "profiles { other { environments = [prod] } }"],
  ["limit", ({ gocd }) => [1, 2, 3].forEach(() => schedule(gocd, {})), "scaling.max-agents = 1", "shop/3/build/1"],
];

function schedule(
  gocd: Cluster["gocd"],
  extra: Partial<Parameters<Cluster["gocd"]["schedule"]>[0]>,
): void {
  gocd.schedule({ pipeline: "shop", stage: "build", job: "unit", gocdResources: [], durationMs: 600_000, ...extra });
}

for (const [name, arrange, more, job = "shop/1/build/1"] of causes) {
  Deno.test(`why explains why a job waits: ${name}`, async () => {
    const cluster = startCluster({ speed: 1, gocd: { environments: [{ name: "prod", origin: "gocd" }] } });
    const folder = confFolder(cluster.configText(more ?? ""));
    try {
      arrange(cluster);
      const { code, all } = await runLine(["why", folder.conf, job]);
      assertEquals(code, 0);
      assertTranscript(`why-${name}`, `$ gocd-mesos why framework.conf ${job}\n${all}`, []);
    } finally {
      folder.remove();
      await cluster.close();
    }
  });
}

Deno.test("why reports that no waiting job matches, and the number of waiting jobs", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  try {
    schedule(cluster.gocd, {});
    assertRefused(await runLine(["why", folder.conf, "nobody"]), 2, /no waiting job matches "nobody" \(1 job waits\)/);
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("why finds a job by its name, by a part of its locator, and by the locator itself", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText());
  try {
    schedule(cluster.gocd, {});
    schedule(cluster.gocd, { job: "unit-slow" });
    for (const [word, count] of [["unit", 1], ["SHOP/", 2], ["shop/2/build/1/unit-slow", 1], ["slow", 1]] as const) {
      const { out } = await runLine(["why", folder.conf, word]);
      assertEquals(out.split("\n").filter((line) => /^shop\//.test(line)).length, count, out);
    }
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("why lists the first jobs that match a vague word, and explains how to name one", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText("scaling.max-agents = 2"));
  try {
    for (let count = 0; count < 22; count++) schedule(cluster.gocd, {});
    const { code, all } = await runLine(["why", folder.conf, "unit"]);
    assertEquals(code, 0);
    assertTranscript("why-vague", `$ gocd-mesos why framework.conf unit\n${all}`, [[folder.conf, "framework.conf"]]);
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("why reports a job given before the file, with the right order", async () => {
  const folder = confFolder("gocd-mesos {}");
  try {
    const written = await runLine(["why", "shop/1/build/1/unit", folder.conf]);
    assertRefused(written, 2, /the configuration file comes first/);
    assertStringIncludes(written.err, `write \`gocd-mesos why ${folder.conf} shop/1/build/1/unit\``);
    // Both may be files, or none.
    assertRefused(await runLine(["why", "a.conf", "b.conf"]), 2, /a\.conf: cannot read the configuration/);
  } finally {
    folder.remove();
  }
});

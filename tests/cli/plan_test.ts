// `gocd-mesos plan` and `plan --json` against the simulated GoCD server: the shape that other programs rely on, and the
// errors of failed polls.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import * as v from "valibot";
import { type Cluster, clusterNames, startCluster } from "../support/cluster.ts";
import { startRunning } from "./running.ts";
import { assertRefused, assertTranscript, confFolder, runLine, type Written } from "./support.ts";

const profiles = `
  scaling.max-agents = 3
  profiles { plain {}, linux { resources = [linux, docker], max-agents = 2 }, prod { environments = [prod] } }`;

/** A server with a job of every kind, and people's agents. */
function busyCluster(): Cluster {
  const cluster = startCluster({ speed: 1, gocd: { environments: [{ name: "prod", origin: "gocd" }] } });
  const { gocd } = cluster;
  const job = (pipeline: string, gocdResources: readonly string[], environment?: string): void =>
    void gocd.schedule({
      pipeline,
      stage: "build",
      job: "unit",
      gocdResources,
      durationMs: 600_000,
      ...(environment === undefined ? {} : { environment }),
    });
  job("shop", []);
  for (const name of ["api", "web", "cron"]) job(name, ["Linux"]);
  job("pay", [], "prod");
  job("legacy", ["windows"]);
  job("stage", [], "staging");
  gocd.addAgent({ uuid: "0000-1", hostname: "old-box", configState: "Disabled", gocdResources: ["linux"] });
  return cluster;
}

async function plan(cluster: Cluster, args: readonly string[], more = profiles): Promise<Written> {
  const folder = confFolder(cluster.configText(more));
  try {
    return await runLine(["plan", ...args, folder.conf]);
  } finally {
    folder.remove();
  }
}

const texts = v.array(v.string());
const nullableText = v.nullable(v.string());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const problem = v.strictObject({
  code: v.string(),
  message: v.string(),
  hint: v.string(),
  detail: v.optional(v.string()),
  locators: v.optional(texts),
  profile: v.optional(v.string()),
  profiles: v.optional(texts),
  sinceMs: v.optional(count),
  subject: v.optional(v.string()),
});
const planShape = v.strictObject({
  server: v.strictObject({ url: v.string(), version: nullableText, maintenance: v.picklist(["on", "off", "unknown"]) }),
  jobs: v.array(v.strictObject({
    locator: v.string(),
    name: v.string(),
    environment: nullableText,
    gocdResources: texts,
    verdict: v.picklist(["not-ours", "unserved", "will-be-taken", "coming", "other-cause", "needs-agent"]),
    profile: nullableText,
    reason: v.pipe(v.string(), v.minLength(5)),
  })),
  gocdAgents: v.array(v.strictObject({
    uuid: v.string(),
    hostname: v.string(),
    configState: v.string(),
    agentState: v.string(),
    buildState: v.string(),
    gocdResources: texts,
    environments: texts,
    elastic: v.boolean(),
    state: v.string(),
  })),
  demand: v.array(v.strictObject({
    environment: nullableText,
    gocdResources: texts,
    profile: nullableText,
    waiting: count,
    willBeTaken: count,
    coming: count,
    otherCause: count,
    needsAgent: count,
    limitedTo: v.nullable(count),
    reason: v.string(),
  })),
  problems: v.array(problem),
});

Deno.test("plan --json prints exactly one object of the documented shape", async () => {
  const cluster = busyCluster();
  try {
    const { code, out, err } = await plan(cluster, ["--json"]);
    const read = v.parse(planShape, JSON.parse(out));
    assertEquals(code, 0);
    assertEquals(err, "");
    assertEquals(read.server, { url: cluster.gocdHttp.url, version: "26.1.0", maintenance: "off" });
    assertEquals(
      read.jobs.map((job) => [job.locator.split("/")[0], job.verdict, job.profile]).sort(),
      [
        ["api", "needs-agent", "linux"],
        ["cron", "needs-agent", "linux"],
        ["legacy", "unserved", null],
        ["pay", "needs-agent", "prod"],
        ["shop", "needs-agent", "plain"],
        ["stage", "unserved", null],
        ["web", "needs-agent", "linux"],
      ],
    );
    assertEquals(read.gocdAgents.map((each) => [each.hostname, each.configState, each.state]), [
      ["old-box", "Disabled", "disabled"],
    ]);
    const linux = read.demand.find((bucket) => bucket.profile === "linux");
    assertEquals([linux?.waiting, linux?.needsAgent, linux?.limitedTo], [3, 3, 2]);
    assert(!out.includes(clusterNames.password) && !out.includes(clusterNames.key));
  } finally {
    await cluster.close();
  }
});

Deno.test("plan prints jobs and demand as a readable report", async () => {
  const cluster = busyCluster();
  try {
    for (const [name, args] of [["plan", []], ["plan_jobs", ["--jobs"]]] as const) {
      const { code, all } = await plan(cluster, args);
      assertEquals(code, 0);
      assertTranscript(name, `$ ${["gocd-mesos plan", ...args, "framework.conf"].join(" ")}\n${all}`, [[
        String(cluster.gocdHttp.port),
        "8153",
      ]]);
    }
  } finally {
    await cluster.close();
  }
});

Deno.test("the tables of plan fit a narrow terminal", async () => {
  const cluster = busyCluster();
  const folder = confFolder(cluster.configText(profiles));
  try {
    for (const args of [[], ["--jobs"]]) {
      const { out } = await runLine(["plan", ...args, folder.conf], { columns: 90 });
      const table = out.split("GoCD agent")[0]?.split("\n").slice(3).filter((line) => line !== "") ?? [];
      assert(table.length >= 6 && table.every((line) => [...line].length <= 90), out);
    }
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("plan shows why jobs are not ours, and counts them separately", async () => {
  const cluster = busyCluster();
  try {
    const { out } = await plan(cluster, [], `${profiles}\npoller.ignore = ["legacy/*", "cron/*"]`);
    assertStringIncludes(out, 'not ours: excluded by poller.ignore "legacy/*"');
    assertStringIncludes(out, "\nTotal: 7 jobs; 4 need an agent; 1 unserved; 2 not ours; 3 agents would be launched\n");
  } finally {
    await cluster.close();
  }
});

Deno.test("plan --json prints empty lists for an empty server", async () => {
  const cluster = startCluster({ speed: 1 });
  try {
    const read = v.parse(planShape, JSON.parse((await plan(cluster, ["--json"], "")).out));
    assertEquals([read.jobs, read.gocdAgents, read.demand, read.problems], [[], [], [], []]);
  } finally {
    await cluster.close();
  }
});

const failures: readonly (readonly [name: string, code: number, arm: (cluster: Cluster) => void | Promise<void>])[] = [
  ["a refused connection", 3, (cluster) => cluster.gocdHttp.pause()],
  ["a login page", 3, ({ gocd }) => gocd.inject({ kind: "login-page", style: "html-200" }, 100)],
  [
    "a login page in place of the feed only",
    3,
    ({ gocd }) => gocd.inject({ kind: "login-page", style: "html-200" }, 100, "scheduled"),
  ],
  ["a truncated feed", 3, ({ gocd }) => gocd.inject({ kind: "truncated" }, 100, "scheduled")],
  ["a truncated list of agents", 3, ({ gocd }) => gocd.inject({ kind: "truncated" }, 100, "api/agents")],
  ["a server that is starting", 3, ({ gocd }) => gocd.restart(3_600_000)],
  ["a 500", 3, ({ gocd }) => gocd.inject({ kind: "status", status: 500 }, 100)],
  ["a refusal", 4, ({ gocd }) => gocd.setSecurity({ kind: "on", users: [] })],
];

for (const [name, code, arm] of failures) {
  Deno.test(`a failed poll is an error and never an empty plan: ${name}`, async () => {
    const cluster = busyCluster();
    try {
      await arm(cluster);
      const json = await plan(cluster, ["--json"]);
      const read = v.parse(
        v.strictObject({
          server: v.strictObject({ url: v.string() }),
          problems: v.pipe(v.array(problem), v.minLength(1)),
        }),
        JSON.parse(json.out),
      );
      assertEquals(read.server.url, cluster.gocdHttp.url);
      assertRefused(json, code, /http/);
      const text = await plan(cluster, []);
      assertRefused(text, code, /http/);
      assertEquals(text.out, "");
    } finally {
      await cluster.close();
    }
  });
}

Deno.test("plan --json lists every problem of an invalid file", async () => {
  const folder = confFolder("gocd-mesos { poller.attempts = many, log.level = loud }");
  try {
    const { code, out } = await runLine(["plan", "--json", folder.conf]);
    const { problems } = JSON.parse(out) as { problems: { message: string }[] };
    assertEquals(code, 2);
    assert(problems.length >= 2, out);
    assertStringIncludes(problems.map((each) => each.message).join("\n"), "poller.attempts");
  } finally {
    folder.remove();
  }
});

Deno.test("plan --json passes unknown agent states through as text", async () => {
  const cluster = busyCluster();
  cluster.gocd.addAgent({ uuid: "0000-2", hostname: "new-box" });
  const proxy = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
    const url = new URL(request.url);
    const answer = await fetch(`http://127.0.0.1:${cluster.gocdHttp.port}${url.pathname}${url.search}`, {
      headers: request.headers,
      redirect: "manual",
    });
    const text = await answer.text();
    return new Response(text.replaceAll(/"(agent_state|build_state)": ?"Idle"/g, '"$1":"Dreaming"'), {
      status: answer.status,
      headers: { "content-type": answer.headers.get("content-type") ?? "" },
    });
  });
  try {
    const folder = confFolder(
      cluster.configText(profiles).replaceAll(String(cluster.gocdHttp.port), String(proxy.addr.port)),
    );
    const { code, out } = await runLine(["plan", "--json", folder.conf]);
    folder.remove();
    const read = v.parse(planShape, JSON.parse(out));
    assertEquals(code, 0);
    const strange = read.gocdAgents.find((each) => each.uuid === "0000-2");
    assertEquals([strange?.agentState, strange?.buildState, strange?.state], ["Dreaming", "Dreaming", "unknown"]);
  } finally {
    await proxy.shutdown();
    await cluster.close();
  }
});

Deno.test("plan reports that no min-idle agents are launched for an environment missing on the server", async () => {
  const cluster = startCluster({ speed: 1 });
  try {
    const { out, code } = await plan(cluster, [], "profiles { warm { environments = [prdo], min-idle = 1 } }");
    assertEquals(code, 0);
    assertStringIncludes(out, "What would be launched\n  nothing\n");
    assertStringIncludes(
      out,
      '! environment "prdo" of profile "warm" is not on the GoCD server: its min-idle agents are not launched\n' +
        "  to do: create the environment in GoCD, or correct profiles.warm.environments\n",
    );
  } finally {
    await cluster.close();
  }
});

Deno.test("plan launches no profile that the running instance holds back, and shows the reason", async () => {
  const cluster = startCluster({ speed: 1 });
  cluster.mesos.setImage("agent:none", "everywhere");
  const folder = confFolder(cluster.configText(`
    poller { interval = 1 second, attempts = 0 }
    profiles { bad { resources = [a], docker-image = "agent:none" }, fine { resources = [b] } }
  `));
  const schedule = (gocdResources: readonly string[]): void =>
    void cluster.gocd.schedule({ pipeline: "shop", stage: "build", job: "unit", gocdResources, durationMs: 600_000 });
  try {
    schedule(["a"]);
    const running = await startRunning(folder.conf);
    try {
      await running.logged("pull access denied");
      schedule(["b"]);
      const { out, code } = await runLine(["plan", "--jobs", folder.conf]);
      assertEquals(code, 0);
      assertMatch(out, /^An instance runs \(process \d+\): what it holds back is not launched$/m);
      assertMatch(out, /^ {2}none for a: the running instance holds it back: the last launch failed /m);
      assertMatch(out, /^! profile bad: the last launch failed/m);
      const read = v.parse(planShape, JSON.parse((await runLine(["plan", "--json", folder.conf])).out));
      const held = "the running instance holds it back: the last launch failed";
      assertStringIncludes(read.jobs.find(({ profile }) => profile === "bad")?.reason ?? "", held);
      assertEquals(read.demand.find(({ profile }) => profile === "bad")?.limitedTo, 0);
    } finally {
      await running.stop();
    }
    assertStringIncludes((await runLine(["plan", folder.conf])).out, "1 of profile bad for a: ");
  } finally {
    folder.remove();
    await cluster.close();
  }
});

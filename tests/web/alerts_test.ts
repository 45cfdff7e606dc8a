// The alert rules and the dashboard of docs/run: they are valid and use only metrics of the program, and each alert
// fires exactly when it should.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "@std/yaml";
import { initialState } from "../../src/core/step.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import type { LeadershipView, ServerHealth, StatusView } from "../../src/core/view/view.ts";
import { writesRefusedCode } from "../../src/core/words/problems.ts";
import { metricsPage } from "../../src/web/metrics.ts";
import { drive, emptyStore, minute, someSettings } from "../support/core.ts";
import { pictureOf, someMeasures } from "../support/picture.ts";
import { promtool, promtoolPackage, runPromtool } from "../support/promtool.ts";
import { sampleView } from "../support/sample_view.ts";

const root = new URL("../../", import.meta.url).pathname;
const rulesPath = `${root}docs/run/alerts.yaml`;
const casesPath = `${root}tests/fixtures/monitoring/alerts_test.yaml`;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A unit test as promtool reads it. */
interface Case {
  readonly "promql_expr_test": readonly {
    readonly expr: string;
    readonly "exp_samples": readonly { readonly labels: string }[];
  }[];
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const { groups } = parse(Deno.readTextFileSync(rulesPath)) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const { tests: cases } = parse(Deno.readTextFileSync(casesPath)) as { tests: Case[] };
const guide = Deno.readTextFileSync(`${root}docs/monitoring.md`);
const dashboardText = Deno.readTextFileSync(`${root}docs/run/grafana.json`);
const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(dashboardText);
const queries = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ name: title, expr })));

/** For each unit test of an alert, what it has fired for at each time. */
function firedIn(alert: string): readonly (readonly string[])[] {
  const asked = `ALERTS{alertname="${alert}",alertstate="firing"}`;
  return cases.map((each) => each["promql_expr_test"].filter(({ expr }) => expr === asked))
    .filter((checks) => checks.length > 0)
    .map((checks) => checks.flatMap((check) => check["exp_samples"].map((sample) => sample.labels)));
}

for (const { alert, labels, annotations, for: delay } of rules) {
  Deno.test(`${alert} has a severity, a description, documentation, and a unit test in which it fires and one in which it does not`, () => {
    assertMatch(labels["severity"] ?? "", /^(critical|warning)$/);
    assertMatch(delay, /^\d+[mh]$/);
    const { summary = "", description = "", ["page_url"]: pageUrl = "" } = annotations;
    assert(summary !== "" && description.length > 80);
    assert(guide.includes(`\`${alert}\``), "docs/monitoring.md does not name it");
    const fired = firedIn(alert).flat();
    assert(fired.length > 0, "no case in which it fires");
    assert(firedIn(alert).some((labels) => labels.length === 0), "no case in which it does not fire");
    // What the texts refer to are labels that it has when it fires.
    for (const [, label = ""] of Object.values(annotations).join(" ").matchAll(/\$labels\.(\w+)/g)) {
      for (const labels of fired) assertMatch(labels, new RegExp(`\\b${label}="`));
    }
    // Where one instance is meant, its page is linked.
    for (const labels of fired) assertEquals(/\binstance="/.test(labels), pageUrl !== "");
  });
}

const remarked = sampleView.jobs.map((job) => ({ ...job, remarks: [{ code: "agents-lost" as const, text: "" }] }));
const leadership = { role: "leader", sinceMs: sampleView.startedMs } as const;
const leaderText = metricsPage(
  pictureOf({ ...sampleView, jobs: remarked, leftUntaken: { "held-attempts": 2 }, leadership }, {
    notesByCode: { "agent-launched": 3 },
    mesosCalls: { ACCEPT: 4 },
    ...someMeasures(),
  }),
  "0.1.0",
);
const told = new Map<string, Set<string>>([["up", new Set()]]);
for (const [, name = "", labels = ""] of leaderText.matchAll(/^(\w+)(\{.*\})? \S+$/gm)) {
  const names = told.get(name) ?? new Set();
  for (const [, label = ""] of labels.matchAll(/(\w+)="/g)) names.add(label);
  told.set(name, names);
}
const coreText = [...filesUnder(`${root}src/core`)].join("");

function* filesUnder(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* filesUnder(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield Deno.readTextFileSync(`${folder}/${name}`);
  }
}

for (const { name, expr } of [...rules.map(({ alert, expr }) => ({ name: alert, expr })), ...queries]) {
  Deno.test(`"${name}" uses only metrics, labels and values of the program: ${expr}`, () => {
    const selectors = [...expr.matchAll(/\b(up|gocd_mesos_\w+|process_\w+)(?:\{([^}]*)\})?/g)];
    assert(selectors.length > 0);
    for (const [, metric = "", matchers = ""] of selectors) {
      const labels = told.get(metric);
      if (labels === undefined) throw new Error(`there is no ${metric}`);
      for (const [, label = "", values = ""] of matchers.matchAll(/(\w+)[!=~]+"([^"]*)"/g)) {
        if (label === "job") continue;
        assert(labels.has(label), `${metric} has no label ${label}`);
        for (const value of values.split("|").filter((each) => !each.endsWith(".*"))) {
          const isWord = coreText.includes(`"${value}"`) || new RegExp(`\\b${value}: `).test(coreText);
          assert(isWord, `${label} is never ${value}`);
        }
      }
    }
  });
}

Deno.test("docs/monitoring.md lists exactly the metrics of the program with their labels", () => {
  const families = [...leaderText.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = "", kind = ""]) => ({
    name,
    kind,
  }));
  const rows = new Map([...guide.matchAll(/^\| `((?:gocd_mesos|process)_\w+)(?:\{([\w,]+)\})?` /gm)]
    .map(([, name = "", labels = ""]) => [name, labels]));
  assertEquals([...rows.keys()].toSorted(), families.map(({ name }) => name).toSorted());
  for (const { name, kind } of families) {
    const labels = told.get(kind === "histogram" ? `${name}_bucket` : name) ?? new Set();
    assertEquals([...labels].filter((label) => label !== "le").join(","), rows.get(name), name);
  }
});

Deno.test("docs/monitoring.md lists each state of an agent in the metrics", () => {
  const [paragraph = ""] = /The states of `gocd_mesos_agent_instances`[\s\S]*?\n\n/.exec(guide) ?? [];
  for (const name of ["agent_instances", "agent_seconds_total"]) {
    const states = leaderText.matchAll(new RegExp(`^gocd_mesos_${name}\\{.*state="(\\w+)"`, "gm"));
    const words = new Set([...states].map(([, state]) => state));
    assert(words.size >= 5, name);
    assertEquals([...words].filter((word) => !paragraph.includes(`\`${word}\``)), [], name);
  }
});

Deno.test("the dashboard has a panel for each topic, each with a description", () => {
  const titles = panels.map(({ title }) => title);
  const topics = ["Waiting jobs by verdict", "Agents by state", "Longest wait by verdict", "State of the servers"];
  for (
    const topic of [...topics, "Decisions", "Limits: jobs held back", "How long jobs waited", "Agent-hours per hour"]
  ) {
    assert(titles.includes(topic), topic);
  }
  assertEquals(panels.filter(({ description }) => description === ""), []);
  assertEquals(new Set(panels.map(({ id }) => id)).size, panels.length);
});

Deno.test("panels of the dashboard do not overlap", () => {
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + index % w} ${y + Math.floor(index / w)}`)
  );
  assertEquals(new Set(cells).size, cells.length);
  assert(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
});

Deno.test("the dashboard names no specific data source, scrape job or host", () => {
  const sources = [...dashboardText.matchAll(/"datasource": \{[^}]*"uid": "([^"]*)"/g)].map(([, uid]) => uid);
  assert(sources.length > panels.length);
  assertEquals(new Set(sources), new Set(["${datasource}"]));
  assertEquals([...dashboardText.matchAll(/"uid": "([^"]*)"/g)].length, sources.length + 1);
  assertEquals(dashboardText.match(/:\/\/|localhost|\binstance=|\b\d+\.\d+\.\d+\.\d+\b|:\d{4}\b/g), null);
  for (const { name, expr } of queries) assert(!/job="(?!\$job")/.test(expr), name);
  for (const { name, expr } of queries) assert(expr.includes("$job"), name);
});

const needsPromtool = { ignore: promtool === undefined };

Deno.test({
  name: `promtool accepts the alert rules (${promtoolPackage})`,
  ...needsPromtool,
  fn: async () => {
    const [code, said] = await runPromtool(["check", "rules", rulesPath]);
    assertEquals([code, said.includes(`SUCCESS: ${rules.length} rules found`)], [0, true], said);
  },
});

Deno.test({
  name: `the unit tests of the alert rules pass in promtool (${promtoolPackage})`,
  ...needsPromtool,
  fn: async () => {
    const [code, said] = await runPromtool(["test", "rules", casesPath]);
    assertEquals(code, 0, said);
  },
});

Deno.test({
  name: `promtool accepts each query of the dashboard (${promtoolPackage})`,
  ...needsPromtool,
  fn: async () => {
    const recorded = queries.map(({ expr }, index) => ({
      record: `panel:query:${index}`,
      expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$job", "gocd-mesos"),
    }));
    await withFile({ groups: [{ name: "dashboard", rules: recorded }] }, async (path) => {
      const [code, said] = await runPromtool(["check", "rules", path]);
      assertEquals([code, said.includes(`SUCCESS: ${queries.length} rules found`)], [0, true], said);
    });
  },
});

/** A file with this for promtool, which reads JSON as YAML. */
async function withFile(content: unknown, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/file.json`, JSON.stringify(content));
    await use(`${folder}/file.json`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function quietView(): StatusView {
  const world = drive();
  world.subscribe();
  world.poll();
  return statusView(world.state, world.atMs);
}

const quiet = quietView();
const { atMs } = quiet;

function standby(leadership: Omit<LeadershipView, "role" | "sinceMs">): StatusView {
  const view = statusView(initialState(emptyStore, someSettings(), atMs), atMs);
  return { ...view, problems: [], leadership: { role: "standby", sinceMs: atMs - 30 * minute, ...leadership } };
}

const leading: StatusView = { ...quiet, leadership: { role: "leader", sinceMs: atMs } };
const problem = { code: "gocd-unreachable", message: "the connection was refused", hint: "" };
const refused = { ...problem, code: writesRefusedCode };
const down: ServerHealth = { state: "down", sinceMs: atMs - 10 * minute, problem };

/** Instances of one scrape job as they are for hours, and the alerts that fire then. */
const situations: readonly (readonly [string, readonly StatusView[], readonly string[]])[] = [
  ["a quiet cluster", [quiet], []],
  ["a leader with a standby", [leading, standby({ leader: "one" })], []],
  ["two on standby", [standby({}), standby({})], ["GocdMesosNoLeader"]],
  ["two leaders", [leading, leading], ["GocdMesosTwoLeaders"]],
  ["GoCD down", [{ ...quiet, gocd: { ...quiet.gocd, health: down } }], ["GocdMesosGocdDown"]],
  ["Mesos down, with a standby", [
    { ...leading, mesos: { ...quiet.mesos, health: down } },
    standby({ leader: "one" }),
  ], ["GocdMesosMesosDown"]],
  ["a GoCD server that refuses changes for a long time", [{
    ...quiet,
    gocd: { ...quiet.gocd, health: { ...down, problem: refused } },
    problems: [refused],
  }], ["GocdMesosWritesRefused"]],
  ["a loop that hangs", [{ ...quiet, movedMs: atMs - 2 * minute }], ["GocdMesosNotLive", "GocdMesosNotReady"]],
  ["the sample cluster", [sampleView], [
    "GocdMesosAgentsUnreachable",
    "GocdMesosJobsStuck",
    "GocdMesosJobsUnserved",
    "GocdMesosLimitReached",
    "GocdMesosProfileFailing",
  ]],
];

Deno.test({
  name: `with the program's metrics of each situation exactly the expected alerts fire (${promtoolPackage})`,
  ...needsPromtool,
  fn: async () => {
    const tests = situations.map(([name, views, alerts]) => ({
      name,
      interval: "1m",
      "input_series": views.flatMap((view, index) => seriesOf(view, `host-${index}:8090`)),
      "promql_expr_test": [{
        expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": "1h",
        "exp_samples": alerts.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
      }],
    }));
    await withFile({ "rule_files": [rulesPath], "evaluation_interval": "1m", tests }, async (path) => {
      const [code, said] = await runPromtool(["test", "rules", path]);
      assertEquals(code, 0, said);
    });
  },
});

/** What Prometheus has of an instance that stays as it is for more than an hour. */
function seriesOf(view: StatusView, instance: string): readonly { readonly series: string; readonly values: string }[] {
  const lines = [...metricsPage(pictureOf(view), "0.1.0").matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)];
  const scraped = `job="gocd-mesos",instance="${instance}"`;
  return [
    { series: `up{${scraped}}`, values: "1x70" },
    ...lines.map(([, name = "", labels = "", value = ""]) => ({
      series: `${name}{${labels === "" ? "" : `${labels},`}${scraped}}`,
      values: `${value}x70`,
    })),
  ];
}

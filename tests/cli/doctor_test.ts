// `gocd-mesos doctor` against the simulated servers: its findings in addition to those of `check`.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { skewMs } from "../../src/cli/doctor_clocks.ts";
import { doctorKey, oddKey } from "../../src/cli/doctor_gocd.ts";
import { misspellings } from "../../src/cli/doctor_spelling.ts";
import { rowReport } from "../../src/cli/report.ts";
import type { Config } from "../../src/config/config.ts";
import type { StatusView } from "../../src/core/view/view.ts";
import { wrongKeyFinding } from "../../src/core/words/findings.ts";
import { realClock } from "../../src/runtime/clock.ts";
import { Secret } from "../../src/secret.ts";
import { startGocdHttp } from "../../src/sim/http/gocd.ts";
import { type Cluster, clusterNames, type ClusterOptions, startCluster } from "../support/cluster.ts";
import { freePort } from "../support/free_port.ts";
import { startRunning } from "./running.ts";
import { assertTranscript, confFolder, runLine, type Written } from "./support.ts";

const day = 24 * 60 * 60_000;
const user = { name: clusterNames.userName, password: clusterNames.password };
const small = { cpus: 2, mem: 1_024, disk: 10_000 };

interface Affairs {
  readonly name: string;
  readonly code: number;
  readonly options?: ClusterOptions;
  /** Of framework.conf, behind the connections. */
  readonly more?: string;
  readonly before?: (cluster: Cluster) => void;
  /** How far the local clock is off. */
  readonly offMs?: number;
}

const affairs: readonly Affairs[] = [
  { name: "fine", code: 0 },
  { name: "old-gocd", code: 0, options: { version: "16.1.0" } },
  {
    name: "viewer",
    code: 4,
    options: { gocd: { security: { kind: "on", users: [{ ...user, admin: false, views: ["shop"] }] } } },
  },
  {
    name: "names",
    code: 0,
    more: 'profiles { win { resources = [windows, java11], environments = [prdo] }, any { resources = "*" } }',
    options: { gocd: { environments: [{ name: "prod", origin: "gocd" }] } },
    before: ({ gocd }) => {
      schedule(gocd, { gocdResources: ["windws"] });
      schedule(gocd, { gocdResources: ["java8"], environment: "prod" });
    },
  },
  { name: "clock-here", code: 0, offMs: 90_000 },
  {
    name: "no-fit",
    code: 4,
    options: { mesos: { mesosAgents: [{ hostname: "h1", resources: small }] } },
    more:
      'go-agent { mem = 4 GB, constraints = ["rack == r1"] }, profiles { big { constraints = [] }, racked { mem = 512 MB } }',
  },
  {
    name: "reserved",
    code: 0,
    options: {
      mesos: {
        mesosAgents: [
          { hostname: "h1", resources: small, reserved: [{ role: "ci", resources: { cpus: 4, mem: 8_192 } }] },
          { hostname: "h2", resources: small },
        ],
      },
    },
    more: "mesos.role = ci, go-agent.mem = 4 GB",
  },
  {
    name: "quota",
    code: 4,
    options: { mesos: { quotaLimits: { ci: { cpus: 0.5, mem: 10_000 } }, weights: { ci: 2.5 } } },
    more: "mesos.role = ci, go-agent { cpus = 1, mem = 1 GB }",
  },
  { name: "forbidden", code: 0, options: { mesos: { operatorApi: "forbidden" } } },
  { name: "no-agents", code: 3, options: { mesos: { mesosAgents: [] } } },
  { name: "odd-key", code: 0, more: 'go-agent.auto-register-key = "CHANGE_ME"' },
];

function schedule(gocd: Cluster["gocd"], changes: Partial<Parameters<Cluster["gocd"]["schedule"]>[0]>): void {
  gocd.schedule({ pipeline: "shop", stage: "build", job: "unit", gocdResources: [], durationMs: 600_000, ...changes });
}

async function doctor(
  confText: string,
  { offMs = 0, args = [] }: { readonly offMs?: number; readonly args?: readonly string[] } = {},
): Promise<Written & { readonly folder: string }> {
  const folder = confFolder(confText);
  try {
    const machine = { ...realClock, nowMs: () => realClock.nowMs() + offMs };
    return { ...await runLine(["doctor", ...args, folder.conf], { machine }), folder: folder.path };
  } finally {
    folder.remove();
  }
}

/** Without the rows of `check`, which has its own transcripts. */
function further(all: string): string {
  const rows = all.split(/\n(?=\S|$)/);
  const own = /^(ok|warn|FAIL) +(names|key|role|fit|clock|tls|page|rights +changes)|^\d+ ok/;
  return rows.filter((row) => own.test(row)).join("\n");
}

for (const { name, code, options, more, before, offMs } of affairs) {
  Deno.test(`doctor reports its findings: ${name}`, async () => {
    const cluster = startCluster({ speed: 1, ...options });
    try {
      before?.(cluster);
      const written = await doctor(cluster.configText(more ?? ""), offMs === undefined ? {} : { offMs });
      assertTranscript(
        `doctor-${name}`,
        `$ gocd-mesos doctor framework.conf\n${further(written.all)}\nexit code ${written.code}\n`,
        [[`${written.folder}/`, ""], [String(cluster.gocdHttp.port), "8153"], [
          /local clock is \d+ s/g,
          "local clock is N s",
        ]],
      );
      assertEquals(written.code, code, written.all);
      assert(!/s3cret-pw|right-key|CHANGE_ME/.test(written.all), "a secret is shown");
    } finally {
      await cluster.close();
    }
  });
}

Deno.test("doctor warns if a profile fits a Mesos agent that currently has no room", async () => {
  const cluster = startCluster({
    speed: 1,
    mesos: { mesosAgents: [{ hostname: "h1", resources: { cpus: 2, mem: 4_096, disk: 10_000 } }] },
  });
  const folder = confFolder(
    cluster.configText("go-agent { cpus = 1, mem = 3 GB }, poller { interval = 1 second, attempts = 0 }"),
  );
  try {
    schedule(cluster.gocd, {});
    const running = await startRunning(folder.conf);
    try {
      await cluster.until(() => cluster.running.size === 1, () => running.log());
      const written = await runLine(["doctor", folder.conf]);
      assertMatch(
        written.out,
        /^warn {2}fit {5}profile default fits 1 of 1 Mesos agent, but there is no room now: largest offer short by 2 GB of mem on host h1$/m,
      );
      assertMatch(written.out, /^ok {4}role {4}\*: weight 1, 1 framework, no quota$/m);
      assertEquals(written.code, 0, written.all);
    } finally {
      await running.stop();
    }
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("doctor and check report exactly the auto-register key that the server has refused to the running instance", async () => {
  const cluster = startCluster({ speed: 1, bootDelayMs: 100 });
  const old = "env { AGENT_AUTO_REGISTER_KEY = old-key-1 }";
  const folder = confFolder(cluster.configText(`
    poller { interval = 1 second, attempts = 0 }
    profiles { old { resources = [a], ${old} }, fine { resources = [b] } }
  `));
  try {
    schedule(cluster.gocd, { gocdResources: ["a"] });
    const running = await startRunning(folder.conf);
    try {
      await running.logged("has registered as Pending");
      const told =
        /^warn {2}key {5}agents of profile old register as Pending .* profiles\.old\.env\.AGENT_AUTO_REGISTER_KEY/m;
      const doctored = await runLine(["doctor", folder.conf]);
      assertMatch(doctored.out, told);
      assertMatch(doctored.out, /^ok {4}key {5}go-agent\.auto-register-key is set/m);
      assertMatch((await runLine(["check", folder.conf])).out, told);
    } finally {
      await running.stop();
    }
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("doctor does not report a key as ok if the server has refused it", () => {
  const rows: string[] = [];
  const report = rowReport(({ level, text }) => void rows.push(`${level} ${text}`));
  const gocd = {
    autoRegisterKey: new Secret("go-agent.auto-register-key", () => "0123456789abcdef"),
  } as Config["gocd"];
  const refused = (registerKey: string): StatusView => {
    const finding = wrongKeyFinding({ registerKey, profiles: ["p"], sinceMs: 0, isAccepted: false });
    return { problems: [finding] } as unknown as StatusView;
  };
  doctorKey({ gocd }, report, refused("go-agent.auto-register-key"));
  assertEquals(rows, []);
  doctorKey({ gocd }, report, refused("profiles.p.env.AGENT_KEY"));
  doctorKey({ gocd }, report);
  const ok = "ok go-agent.auto-register-key is set; whether the server accepts it is known once an agent registers";
  assertEquals(rows, [ok, ok]);
});

Deno.test("doctor changes nothing on the GoCD server and registers no framework with Mesos", async () => {
  const asked: string[] = [];
  const cluster = startCluster({ speed: 1, onRequest: (what) => void asked.push(what) });
  try {
    cluster.gocd.addAgent({ uuid: "11111111-0000-4000-8000-000000000001", hostname: "box" });
    await doctor(cluster.configText());
    assertEquals(asked.filter((what) => /^(POST|PUT|DELETE|PATCH)/.test(what) && !what.startsWith("POST /api/v1")), [
      "PATCH /go/api/agents",
    ]);
    assertEquals(cluster.gocd.agents().map(({ configState }) => configState), ["Enabled"]);
    assertEquals(cluster.mesos.view().frameworks, []);
  } finally {
    await cluster.close();
  }
});

Deno.test("doctor --json prints the rows and the exit code as JSON", async () => {
  const cluster = startCluster({ speed: 1, mesos: { mesosAgents: [] } });
  try {
    const { code, out } = await doctor(cluster.configText(), { args: ["--json"] });
    const { rows, exitCode } = JSON.parse(out);
    assertEquals([code, exitCode], [3, 3]);
    const failed = rows.filter(({ level }: { level: string }) => level === "failure");
    assertEquals(failed.map(({ what }: { what: string }) => what), ["fit"]);
    for (const row of rows) assertEquals(Object.keys(row), ["level", "what", "text", "hint"]);
  } finally {
    await cluster.close();
  }
  const refused = await doctor("gocd-mesos { poler = 1 }", { args: ["--json"] });
  assertEquals(refused.code, 2);
  assert(JSON.parse(refused.out).rows.every(({ what }: { what: string }) => what === "config"));
});

Deno.test("with several failures, the exit code is that of the failure to fix first", async () => {
  const cluster = startCluster({
    speed: 1,
    gocd: { security: { kind: "on", users: [{ ...user, admin: false, views: [] }] } },
    mesos: { mesosAgents: [] },
  });
  try {
    const busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const listen = `http.listen = "127.0.0.1:${busy.addr.port}"`;
    try {
      assertEquals((await doctor(cluster.configText(listen))).code, 2, "the port in use");
    } finally {
      busy.close();
    }
    assertEquals((await doctor(cluster.configText())).code, 4, "the rights");
  } finally {
    await cluster.close();
  }
});

const fixture = (file: string): string => Deno.readTextFileSync(new URL(`../fixtures/gocd/${file}`, import.meta.url));
/** Of the certificate in the fixtures. */
const expiresMs = Date.UTC(2126, 9, 30, 1, 41, 16);
for (
  const [what, leftMs, row, code] of [
    [
      "is valid for more than 30 days",
      31 * day,
      /^ok {4}tls {5}the certificate of 127\.0\.0\.1:\d+ is valid until 2126-10-30$/m,
      0,
    ],
    [
      "expires within 30 days",
      29 * day + 1_000,
      /^warn {2}tls .* expires on 2126-10-30, in 29 d\n +to do: renew it$/m,
      0,
    ],
    ["has expired", -day, /^FAIL {2}tls .* expired on 2126-10-30\n +to do: renew it$/m, 4],
  ] as const
) {
  Deno.test(`doctor shows a certificate that ${what}`, async () => {
    const cluster = startCluster({ speed: 1 });
    const tls = startGocdHttp(cluster.gocd, {
      port: 0,
      nowMs: cluster.clock.nowMs,
      tls: { cert: fixture("server.pem"), key: fixture("server-key.pem") },
    });
    const folder = confFolder(
      cluster.configText('go-server.ca-file = "ca.pem"').replaceAll(cluster.gocdHttp.url, tls.url),
    );
    try {
      Deno.writeTextFileSync(`${folder.path}/ca.pem`, fixture("ca.pem"));
      const machine = { ...realClock, nowMs: () => expiresMs - leftMs };
      const written = await runLine(["doctor", folder.conf], { machine });
      assertMatch(written.all, row);
      assertEquals(written.code, code, written.all);
    } finally {
      folder.remove();
      await tls.close();
      await cluster.close();
    }
  });
}

Deno.test("doctor requests the page where Mesos links to it", async () => {
  const cluster = startCluster({ speed: 1 });
  const [port, silent] = [freePort(), freePort()];
  const textWith = (advertise: string): string =>
    cluster.configText(`http { listen = "127.0.0.1:${port}", advertise = "${advertise}" }`);
  const folder = confFolder(textWith(`127.0.0.1:${port}`));
  try {
    const page = async (): Promise<string> =>
      /^\w+ +page .*$/m.exec((await runLine(["doctor", folder.conf])).out)?.[0] ?? "no row";
    assertMatch(await page(), /^ok {4}page .*not tried, because no instance runs here$/);
    const running = await startRunning(folder.conf);
    try {
      await running.logged("subscribed");
      assertMatch(await page(), /^ok {4}page .*: reachable from this machine$/);
      Deno.writeTextFileSync(folder.conf, textWith(`127.0.0.1:${silent}`));
      assertMatch(await page(), /^warn {2}page .*: not reachable from this machine: /);
      Deno.writeTextFileSync(folder.conf, textWith(cluster.gocdHttp.url.replace("http://", "").replace("/go", "")));
      assertMatch(await page(), /^warn {2}page .*: something else answers there \(status \d+\)$/);
    } finally {
      await running.stop();
    }
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("doctor reports only names that are similar to an unmatched name of the other side", () => {
  const near = (
    configured: readonly string[],
    wanted: readonly string[],
    others: readonly string[] = [],
  ): readonly (readonly [string, string])[] =>
    misspellings("resource", {
      configured: [{ key: "k", names: configured }],
      wanted: [{ locator: "l", names: wanted }],
      others,
    }).map(({ name, near }) => [name, near]);
  assertEquals(near(["windows"], ["windws"]), [["windows", "windws"]]);
  assertEquals(near(["windows", "linux"], ["windws", "windows"]), [["windws", "windows"]]);
  assertEquals(near(["windws"], [], ["windows"]), [["windws", "windows"]]);
  assertEquals(near(["Windows"], ["windows"]), []);
  assertEquals(near(["java8"], ["java11"]), []);
  assertEquals(near(["linux"], ["docker"]), []);
  assertEquals(near(["x"], ["y"]), []);
});

Deno.test("placeholders, quoted, short and multi-word keys are reported as suspicious, and real keys are not", () => {
  for (
    const key of [
      "right key",
      "key\nmore",
      '"0123456789"',
      "<the key>",
      "${KEY}",
      "random_UUID_key",
      "xxxxxxxxxx",
      "short",
    ]
  ) {
    assert(oddKey(key) !== undefined, key);
  }
  for (const key of ["b9c1a1a2-4e1e-4f0e-8f0e-1d8d0f3f6a01", "0123456789abcdef", "s3cr3t-auto-register"]) {
    assertEquals(oddKey(key), undefined, key);
  }
});

Deno.test("the reported clock skew excludes rounding and the duration of the request", () => {
  const seen = (clockMs: number): number => skewMs({ who: "", clockMs, askedMs: 10_000, answeredMs: 12_000 });
  assertEquals([9_000, 10_000, 12_000].map(seen), [0, 0, 0]);
  assertEquals([13_000, 72_000].map(seen), [1_000, 60_000]);
  assertEquals([8_000, 0].map(seen), [-1_000, -9_000]);
});

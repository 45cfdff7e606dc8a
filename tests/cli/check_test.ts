// `gocd-mesos check` against the simulated servers: one transcript for each situation.

import { assert, assertEquals } from "@std/assert";
import { startGocdHttp } from "../../src/sim/http/gocd.ts";
import { type Cluster, clusterNames, type ClusterOptions, startCluster } from "../support/cluster.ts";
import { assertTranscript, confFolder, runLine, type Written } from "./support.ts";

interface Affairs {
  readonly name: string;
  readonly code: number;
  readonly options?: ClusterOptions;
  /** Of framework.conf, behind the connections. */
  readonly more?: string;
  /** Something that happens before. */
  readonly before?: (cluster: Cluster, folder: string) => void | Promise<void>;
}

const user = { name: clusterNames.userName, password: clusterNames.password };

const affairs: readonly Affairs[] = [
  { name: "fine", code: 0 },
  { name: "fine-15.2", code: 0, options: { version: "15.2.0" } },
  { name: "wrong-password", code: 4, more: 'go-server.password = "guess"' },
  { name: "no-security", code: 4, options: { gocd: { security: { kind: "off" } } } },
  {
    name: "non-admin",
    code: 4,
    options: { gocd: { security: { kind: "on", users: [{ ...user, admin: false }] } } },
  },
  {
    name: "login-page",
    code: 3,
    before: (cluster) => cluster.gocd.inject({ kind: "login-page", style: "html-200" }, 100),
  },
  {
    name: "single-sign-on",
    code: 3,
    before: (cluster) => cluster.gocd.inject({ kind: "login-page", style: "redirect-302" }, 100),
  },
  { name: "refused-connections", code: 3, before: (cluster) => cluster.close() },
  { name: "starting", code: 3, before: (cluster) => cluster.gocd.restart(3_600_000) },
  { name: "backup", code: 3, before: (cluster) => cluster.gocd.setBackup(true) },
  { name: "maintenance", code: 0, before: (cluster) => cluster.gocd.setMaintenance(true) },
  ...["16.6.0", "18.10.0", "20.8.0"].map((version): Affairs => ({
    name: `non-admin-${version.replace(/\.0$/, "")}`,
    code: 4,
    options: { version, gocd: { security: { kind: "on", users: [{ ...user, admin: false }] } } },
  })),
  {
    name: "drain-mode",
    code: 0,
    options: { version: "18.12.0" },
    before: (cluster) => cluster.gocd.setMaintenance(true),
  },
  { name: "newer-version", code: 0, options: { version: "27.3.0" } },
  {
    name: "feed-gone",
    code: 0,
    before: ({ gocd }) => {
      gocd.setFeedGone(404);
      schedule(gocd, {});
    },
  },
  {
    name: "elastic-untold",
    code: 0,
    options: { version: "18.10.0" },
    before: ({ gocd }) => schedule(gocd, { gocdResources: [], elasticProfile: "k8s-large" }),
  },
  {
    name: "server-reports",
    code: 0,
    before: ({ gocd }) =>
      gocd.setHealthMessages([{
        message: "GoCD Server has run out of artifacts disk space. Scheduling has been stopped",
        detail: "Free <b>some</b> space.",
        level: "ERROR",
        atMs: 0,
      }]),
  },
  {
    name: "empty-by-rights",
    code: 4,
    options: { gocd: { security: { kind: "on", users: [{ ...user, admin: false, views: [] }] } } },
    before: ({ gocd }) => schedule(gocd, {}),
  },
  {
    name: "missing-environment",
    code: 0,
    options: { gocd: { environments: [{ name: "qa", origin: "gocd" }] } },
    more: "profiles { warm { environments = [prdo, QA], min-idle = 1 }, jobs { environments = [stage, qa] } }",
  },
  {
    name: "mesos-wrong-secret",
    code: 4,
    options: { mesos: { credentials: [{ principal: "scaler", secret: "right" }] } },
    more: 'mesos { principal = "scaler", secret = "wrong" }',
  },
  {
    name: "mesos-wants-login",
    code: 4,
    options: { mesos: { credentials: [{ principal: "scaler", secret: "right" }] } },
  },
  {
    name: "bad-file",
    code: 2,
    more: 'poler.interval = 5 seconds, poller.attempts = many, go-agent.mem = "2 turnips"',
  },
  {
    name: "damaged-state",
    code: 6,
    before: (_, folder) => Deno.writeTextFileSync(`${folder}/gocd-mesos.db`, "this is no database at all, but text"),
  },
];

function schedule(gocd: Cluster["gocd"], changes: Partial<Parameters<Cluster["gocd"]["schedule"]>[0]>): void {
  gocd.schedule({ pipeline: "shop", stage: "build", job: "unit", gocdResources: [], durationMs: 600_000, ...changes });
}

type Checked = Written & { readonly folder: string };

async function check(confText: string, prepare: (folder: string) => void | Promise<void>): Promise<Checked> {
  const folder = confFolder(confText);
  try {
    await prepare(folder.path);
    return { ...await runLine(["check", folder.conf]), folder: folder.path };
  } finally {
    folder.remove();
  }
}

function hidden(cluster: Cluster, folder: string): readonly (readonly [string, string])[] {
  return [
    [`${folder}/`, ""],
    [String(cluster.gocdHttp.port), "8153"],
    [String(cluster.mesosHttp.port), "5050"],
  ];
}

for (const { name, code, options, more, before } of affairs) {
  Deno.test(`check reports its findings: ${name}`, async () => {
    const cluster = startCluster({ speed: 1, ...options });
    try {
      const written = await check(cluster.configText(more ?? ""), (folder) => before?.(cluster, folder));
      assertTranscript(
        `check-${name}`,
        `$ gocd-mesos check framework.conf\n${written.all}exit code ${written.code}\n`,
        hidden(cluster, written.folder),
      );
      assertEquals(written.code, code);
      assert(!/s3cret-pw|right-key|guess|"?wrong"?$/m.test(written.all), "a secret is shown");
    } finally {
      await cluster.close();
    }
  });
}

Deno.test("check --json prints the rows and the exit code as JSON", async () => {
  const cluster = startCluster({ speed: 1 });
  const folder = confFolder(cluster.configText("go-server.password = wrong"));
  try {
    const { code, out, err } = await runLine(["check", "--json", folder.conf]);
    const { rows, exitCode } = JSON.parse(out) as { rows: Record<string, string>[]; exitCode: number };
    assertEquals([code, exitCode, err], [4, 4, ""]);
    assertEquals(rows.filter(({ level }) => level === "failure").map(({ what }) => what), ["gocd"]);
    assert(rows.some(({ level, what }) => level === "ok" && what === "mesos"));
  } finally {
    folder.remove();
    await cluster.close();
  }
});

Deno.test("check distinguishes a master from other servers", async () => {
  const cluster = startCluster({ speed: 1 });
  try {
    const text = cluster.configText().replace(String(cluster.mesosHttp.port), String(cluster.gocdHttp.port));
    const written = await check(text, () => {});
    assertTranscript(
      "check-no-master",
      `$ gocd-mesos check framework.conf\n${written.all}exit code ${written.code}\n`,
      hidden(cluster, written.folder),
    );
    assertEquals(written.code, 3);
  } finally {
    await cluster.close();
  }
});

for (const [name, more, code] of [["tls-unknown", "", 3], ["tls-known", 'go-server.ca-file = "ca.pem"', 0]] as const) {
  Deno.test(`check shows why TLS fails or that it works: ${name}`, async () => {
    const cluster = startCluster({ speed: 1 });
    const fixture = (file: string): string =>
      Deno.readTextFileSync(new URL(`../fixtures/gocd/${file}`, import.meta.url));
    const tls = startGocdHttp(cluster.gocd, {
      port: 0,
      nowMs: cluster.clock.nowMs,
      tls: { cert: fixture("server.pem"), key: fixture("server-key.pem") },
    });
    try {
      const written = await check(
        cluster.configText(more).replaceAll(cluster.gocdHttp.url, tls.url),
        (folder) => Deno.writeTextFileSync(`${folder}/ca.pem`, fixture("ca.pem")),
      );
      assertTranscript(
        `check-${name}`,
        `$ gocd-mesos check framework.conf\n${written.all}exit code ${written.code}\n`,
        [...hidden(cluster, written.folder), [String(tls.port), "8154"]],
      );
      assertEquals(written.code, code);
    } finally {
      await tls.close();
      await cluster.close();
    }
  });
}

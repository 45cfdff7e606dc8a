// Reads all of ../shared/gocd-samples where it lies, next to the project: ignored where that folder is missing.

import { assert, assertEquals } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import { type AgentsReading, readGocdAgents } from "../../src/gocd/agents.ts";
import { readHealthMessages } from "../../src/gocd/health.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { readMaintenance } from "../../src/gocd/maintenance.ts";
import { readScheduledJobsText } from "../../src/gocd/scheduled_jobs.ts";
import type { AgentsShape } from "../../src/gocd/versions.ts";
import { Secret } from "../../src/secret.ts";
import { connection, fakeGocd } from "./fake_gocd.ts";

const folder = new URL("../../../shared/gocd-samples/", import.meta.url);
const isMissing = (() => {
  try {
    return !Deno.statSync(folder).isDirectory;
  } catch {
    return true;
  }
})();
/** Why a test is left out. */
const reason = isMissing ? " (ignored: ../shared/gocd-samples is not there)" : "";
const used = new Set<string>();

function sampleTest(
  files: readonly string[],
  what: string,
  act: (text: string, file: string) => void | Promise<void>,
): void {
  for (const file of files) {
    used.add(file);
    Deno.test({
      name: `sample ${file} ${what}${reason}`,
      ignore: isMissing,
      fn: async () => await act(await Deno.readTextFile(new URL(file, folder)), file),
    });
  }
}

const envAndResources = [
  { locator: "pipeline/1/stage/1/job-1", name: "job-1", environment: "envName", gocdResources: ["foo", "bar"] },
  { locator: "pipeline/1/stage/1/job-2", name: "job-2", gocdResources: ["foo", "bar"] },
];
const two = [1, 2].map((n) => ({
  locator: `mypipeline/5/defaultStage/1/job${n}`,
  name: `job${n}`,
  gocdResources: [] as string[],
}));

for (
  const [files, want] of [
    [["15.2.0-jobs-scheduled-compact.xml", "15.2.0-jobs-scheduled-env-resources.xml"], envAndResources],
    [["15.2.0-jobs-scheduled.xml", "20.6.0-feed-jobs-scheduled-docs.xml"], two],
    [["26.1.0-feed-jobs-scheduled.xml"], envAndResources.slice(0, 1)],
    [["15.2.0-jobs-scheduled-empty.xml", "26.1.0-feed-jobs-scheduled-empty.xml"], []],
  ] as const
) {
  sampleTest(files, "is read as a feed", (text) => {
    assertEquals(readScheduledJobsText(text), { jobs: [...want], findings: [] });
  });
}

function summary({ agents }: AgentsReading): readonly string[] {
  return agents.map(({ uuid, configState, agentState, buildState, environments, elastic }) =>
    [
      uuid.slice(0, 14),
      `${configState}/${agentState}/${buildState}`,
      environments.map(({ name, origin }) => `${name}:${origin}`).join(" "),
      ...(elastic ? ["elastic"] : []),
    ].join(" | ")
  );
}

const plain = ["adb9540a-b954- | Enabled/Idle/Idle | perf:unstated UAT:unstated"];
const withOrigin = ["adb9540a-b954- | Enabled/Idle/Idle | perf:gocd UAT:config-repo"];
const withUnknown = ["adb9540a-b954- | Enabled/Idle/Idle | perf:gocd UAT:config-repo test:unknown"];

for (
  const [file, shape, want] of [
    ["15.2.0-agents-legacy.json", "legacy", [
      "uuid3 | Enabled/Idle/Idle | foo:unstated",
      "4166839d-0000- | Disabled/Idle/Idle | AnotherEnv:unstated",
    ]],
    ["15.2.0-agents-v1.json", "v1", plain],
    ["15.3.0-agents-v2.json", "v2-v3", plain],
    ["16.8.0-agents-v3.json", "v2-v3", plain],
    ["17.12.0-agents-v4.json", "v4", plain],
    ["19.3.0-agents-v5.json", "v5-v7", withOrigin],
    ["19.9.0-agents-v6.json", "v5-v7", withUnknown],
    ["20.5.0-agents-v7.json", "v5-v7", withUnknown],
    ["26.1.0-agents-v7-empty.json", "v5-v7", []],
    ["26.1.0-agents-v7.json", "v5-v7", [
      "some-uuid | Enabled/Idle/Idle | dev:config-repo load_test:gocd non-existent-env:unknown uat:gocd",
      "uuid-building | Enabled/Building/Building | ",
      "uuid-cancelled | Enabled/Building/Cancelled | ",
      "uuid-lost | Enabled/LostContact/Unknown | ",
      "uuid-missing | Enabled/Missing/Unknown | ",
      "uuid-pending | Pending/Unknown/Unknown | ",
      "uuid-disabled | Disabled/Idle/Idle | ",
      "uuid-elastic | Enabled/Idle/Idle |  | elastic",
    ]],
  ] as readonly (readonly [string, AgentsShape, readonly string[]])[]
) {
  sampleTest([file], `is read as a list of agents (${shape})`, (text) => {
    const reading = readGocdAgents(text, shape);
    assertEquals(summary(reading), want);
    assertEquals(reading.findings, []);
  });
}

// One agent by itself, as PATCH and GET of one record answer: read here as a list of one.
for (
  const [file, want] of [
    ["17.12.0-agent-show-v4-building.json", "Enabled/Building/Building"],
    ["20.5.0-agent-show-v7-building.json", "Enabled/Building/Building"],
    ["20.5.0-agent-patch-v7.json", "Enabled/Idle/Idle"],
  ] as const
) {
  sampleTest([file], "is read as one agent", (text) => {
    const [agent] = readGocdAgents(`{"_embedded":{"agents":[${text}]}}`, "v5-v7").agents;
    assertEquals(`${agent?.configState}/${agent?.agentState}/${agent?.buildState}`, want);
  });
}

for (
  const [file, want] of [
    ["18.12.0-drain-mode-info.json", "on"],
    ["25.4.0-maintenance-mode-info-docs.json", "on"],
    ["26.1.0-maintenance-mode-info-off.json", "off"],
    ["26.1.0-maintenance-mode-info-on.json", "on"],
  ] as const
) {
  sampleTest([file], `says that maintenance is ${want}`, (text) => assertEquals(readMaintenance(text, "GET /x"), want));
}

for (
  const [file, want] of [
    ["25.4.0-server-health-messages.json", ["gocd-job-silent Security-Checks/847/test/1/dependency-check"]],
    ["26.1.0-server-health-messages.json", ["gocd-job-unassigned up42/7/stage/1/job", "gocd-disk-full "]],
  ] as const
) {
  sampleTest([file], "is read as health messages, without its HTML", (text) => {
    const findings = readHealthMessages(text, "GET /x");
    assertEquals(findings.map(({ code, locators }) => `${code} ${locators?.join() ?? ""}`), [...want]);
    assert(findings.every(({ message, hint }) => !/[<>\n]/.test(message + hint)));
  });
}

sampleTest(["16.6.0-version.json", "26.1.0-version.json"], "tells the version", async (text, file) => {
  const version = file.slice(0, 6);
  const fake = fakeGocd(version);
  fake.override = ({ path }) => path === "/api/version" ? new Response(text) : undefined;
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  assertEquals((await api.poll(new AbortController().signal)).server.version, version);
});

/** Refusals: file, status, what asked, code. */
const refusals: readonly (readonly [file: string, status: number, asked: "read" | "write" | "feed", code: string])[] = [
  ["15.2.0-agents-delete-406-partial.json", 406, "write", "gocd-agent-busy"],
  ["15.2.0-not-admin-401.json", 401, "write", "gocd-forbidden"],
  ["15.2.0-notfound-or-unauthorized-404.json", 404, "read", "gocd-missing-or-forbidden"],
  ["17.1.0-agent-delete-406.json", 406, "write", "gocd-agent-busy"],
  ["18.5.0-api-401.json", 401, "read", "gocd-bad-credentials"],
  ["26.1.0-agent-delete-422.json", 422, "write", "gocd-agent-busy"],
  ["26.1.0-agents-bulk-delete-422.json", 422, "write", "gocd-agent-busy"],
  ["26.1.0-agent-notfound-404.json", 404, "write", ""],
  ["26.1.0-agent-patch-noop-400.json", 400, "write", "gocd-bad-request"],
  ["26.1.0-agent-patch-pending-400.json", 400, "write", "gocd-agent-pending"],
  ["26.1.0-api-401-anonymous.json", 401, "read", "gocd-bad-credentials"],
  ["26.1.0-api-401-bad-credentials.json", 401, "read", "gocd-bad-credentials"],
  ["26.1.0-api-401-bad-token.json", 401, "read", "gocd-bad-credentials"],
  ["26.1.0-api-401-security-disabled.json", 401, "read", "gocd-credentials-not-wanted"],
  ["26.1.0-api-403.json", 403, "read", "gocd-forbidden"],
  ["26.1.0-backup-503.json", 503, "read", "gocd-backup"],
  ["26.1.0-backup-503.xml", 503, "feed", "gocd-backup"],
  ["26.1.0-confirm-missing-400.json", 400, "write", "gocd-bad-request"],
  ["26.1.0-content-type-415.json", 415, "write", "gocd-media-type-refused"],
  ["26.1.0-feed-401.xml", 401, "feed", "gocd-bad-credentials"],
  ["26.1.0-maintenance-503.json", 503, "write", "gocd-maintenance"],
  ["26.1.0-starting-503.json", 503, "read", "gocd-starting"],
  ["26.1.0-starting-503.txt", 503, "feed", "gocd-starting"],
  ["26.1.0-unsupported-accept-404.txt", 404, "read", "gocd-unknown-path"],
];

function typeOf(file: string): string {
  return file.endsWith(".xml") ? "application/xml" : file.endsWith(".txt") ? "text/plain" : "application/json";
}

for (const [file, status, asked, code] of refusals) {
  sampleTest([file], `with ${status} to a ${asked} is ${code === "" ? "as good as done" : code}`, async (text) => {
    const signal = new AbortController().signal;
    const fake = fakeGocd("26.1.0");
    fake.override = ({ method, path }) =>
      (asked === "write"
          ? method !== "GET"
          : path === (asked === "feed" ? "/api/feed/jobs/scheduled.xml" : "/api/agents"))
        ? new Response(text, { status, headers: { "content-type": typeOf(file) } })
        : undefined;
    const credentials = { kind: "basic", userName: "ci", password: new Secret("p", () => "pw") } as const;
    const api = createHttpGocdApi({ ...connection, credentials }, { fetch: fake.fetch, nowMs: () => 0 });
    const act = asked === "write" ? api.deleteAgents(["uuid2"], signal) : api.poll(signal);
    const error = await act.then(() => undefined, (failure: unknown) => failure);
    assertEquals(error instanceof GocdError ? error.code : "", code);
  });
}

sampleTest(
  ["15.2.0-agent-delete-v1.json", "20.5.0-agents-bulk-delete-v7.json", "20.5.0-agents-bulk-patch-v7.json"],
  "is a success",
  async (text) => {
    const fake = fakeGocd("26.1.0");
    fake.override = ({ method }) => method === "GET" ? undefined : new Response(text);
    const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
    await api.deleteAgents(["a", "b"], new AbortController().signal);
  },
);

Deno.test({
  name: `every sample is read by a test, but those of APIs that are not used${reason}`,
  ignore: isMissing,
  fn: () => {
    const notUsed = [
      "15.2.0-enable-agent-200.txt", // POST …/enable, the legacy way
      "25.4.0-agent-job-run-history.json",
      "25.4.0-dashboard.json",
      "25.4.0-job-instance.json",
      "index.md",
    ];
    const there = [...Deno.readDirSync(folder)].map((entry) => entry.name);
    assertEquals(there.filter((file) => !used.has(file) && !notUsed.includes(file)).sort(), []);
  },
});

// What no sample is: whatever is not a feed or a list must be refused by both readers.
sampleTest(
  [
    "15.2.0-enable-agent-200.txt",
    "25.4.0-dashboard.json",
    "25.4.0-job-instance.json",
    "25.4.0-agent-job-run-history.json",
  ],
  "is neither a feed nor a list of agents",
  (text) => {
    for (const read of [() => readScheduledJobsText(text), () => readGocdAgents(text, "v5-v7")]) {
      try {
        read();
      } catch (error) {
        assert(error instanceof GocdError);
        continue;
      }
      throw new Error("it was read");
    }
  },
);

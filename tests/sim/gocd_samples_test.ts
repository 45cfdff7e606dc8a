// The simulated GoCD server against payloads of real releases (../shared/gocd-samples; not part of the repository):
// the same keys and kinds of values, the same texts.

import { assertEquals } from "@std/assert";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import type { SimResponse } from "../../src/sim/gocd/http_message.ts";
import { ask, basic, job, json, launch, minute, run, server, users } from "./gocd_support.ts";

const folder = new URL("../../../shared/gocd-samples/", import.meta.url);
const isThere = ((): boolean => {
  try {
    return Deno.statSync(folder).isDirectory;
  } catch {
    return false;
  }
})();

/** Registers a test that needs a sample; ignored where the folder ../shared/gocd-samples is missing. */
function sampleTest(file: string, test: (text: string) => void): void {
  Deno.test({
    name: `sample ${file}${isThere ? "" : " (ignored: ../shared/gocd-samples is missing)"}`,
    ignore: !isThere,
    fn: () => test(Deno.readTextFileSync(new URL(file, folder))),
  });
}

/** Keys and kinds of values; lists by their distinct elements. */
function skeleton(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((element) => JSON.stringify(skeleton(element))))].sort();
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).sort().map(([name, inner]) => [name, skeleton(inner)]));
}

const v = (number: number): { accept: string } => ({ accept: `application/vnd.go.cd.v${number}+json` });
const newest = { accept: "application/vnd.go.cd+json" };

/** A server with an idle agent of the kind that the samples show. */
function installation(version: string): SimGocd {
  const model = server(version, {
    environments: [{ name: "perf", origin: "gocd" }, { name: "UAT", origin: "config-repo" }],
  });
  model.addAgent({
    uuid: "idle",
    hostname: "agent01.example.com",
    gocdResources: ["java", "linux", "firefox"],
    environments: version >= "19.9" ? ["perf", "UAT", "test"] : ["perf", "UAT"],
  });
  return model;
}

const lists: readonly (readonly [string, string, Record<string, string>])[] = [
  ["15.2.0-agents-v1.json", "15.2.0", v(1)],
  ["15.3.0-agents-v2.json", "15.3.0", v(2)],
  ["16.8.0-agents-v3.json", "16.8.0", v(3)],
  ["17.12.0-agents-v4.json", "17.12.0", v(4)],
  ["19.3.0-agents-v5.json", "19.3.0", v(5)],
  ["19.9.0-agents-v6.json", "19.9.0", v(6)],
  ["20.5.0-agents-v7.json", "20.5.0", v(7)],
];
for (const [file, version, headers] of lists) {
  sampleTest(file, (text) => {
    const ours = json(ask(installation(version), "GET /go/api/agents", headers));
    assertEquals(skeleton(ours), skeleton(JSON.parse(text)));
  });
}

sampleTest("15.2.0-agents-legacy.json", (text) => {
  const [sample, disabled] = JSON.parse(text);
  const model = installation("15.2.0");
  model.addAgent({ uuid: "off", hostname: "off", configState: "Disabled", hasProcess: false });
  const [idle, off] = json(ask(model, "GET /go/api/agents"));
  assertEquals(skeleton(idle), skeleton(sample));
  assertEquals(Object.keys(off).sort(), Object.keys(disabled).sort());
  assertEquals([off.status, off.build_locator, off.free_space], [
    disabled.status,
    disabled.build_locator,
    disabled.free_space,
  ]);
});

for (
  const [file, version, headers] of [
    ["17.12.0-agent-show-v4-building.json", "17.12.0", v(4)],
    ["20.5.0-agent-show-v7-building.json", "20.5.0", v(7)],
  ] as const
) {
  sampleTest(file, (text) => {
    const model = server(version, {
      environments: [{ name: "perf", origin: "gocd" }, { name: "UAT", origin: "config-repo" }],
    });
    model.addAgent({ uuid: "u", hostname: "h", gocdResources: ["java"], environments: ["perf", "UAT"] });
    job(model, "up42", { stage: "up42_stage", job: "up42_job", environment: "perf", durationMs: 10 * minute });
    run(model, minute);
    const ours = json(ask(model, "GET /go/api/agents/u", headers));
    const sample = JSON.parse(text);
    assertEquals(skeleton(ours), skeleton(sample));
    assertEquals([ours.agent_state, ours.build_state], [sample.agent_state, sample.build_state]);
    assertEquals(ours.build_details.job_name, sample.build_details.job_name);
  });
}

sampleTest("26.1.0-agents-v7.json", (text) => {
  const samples = JSON.parse(text)._embedded.agents;
  const model = server("26.1.0", {
    environments: [
      { name: "dev", origin: "config-repo" },
      { name: "load_test", origin: "gocd" },
      { name: "uat", origin: "gocd" },
    ],
  });
  const gocdResources = ["firefox", "linux"];
  const environments = ["uat", "dev", "load_test", "non-existent-env"];
  model.addAgent({ uuid: "some-uuid", hostname: "idle", gocdResources, environments });
  model.addAgent({ uuid: "uuid-missing", hostname: "missing", gocdResources, hasProcess: false });
  model.addAgent({ uuid: "uuid-elastic", hostname: "elastic", elastic: { agentId: "e", pluginId: "cd.go.docker" } });
  model.addAgent({ uuid: "uuid-building", hostname: "building", gocdResources: [...gocdResources, "b"] });
  model.addAgent({ uuid: "uuid-lost", hostname: "lost", gocdResources: [...gocdResources, "l"] });
  model.addAgent({ uuid: "uuid-cancelled", hostname: "cancelled", gocdResources: [...gocdResources, "c"] });
  job(model, "pb", { gocdResources: ["b"], durationMs: 60 * minute });
  job(model, "pl", { gocdResources: ["l"], durationMs: 60 * minute });
  const cancelled = job(model, "pc", { gocdResources: ["c"], durationMs: 60 * minute });
  launch(model, "p", { key: "guess", uuid: "uuid-pending" });
  run(model, minute);
  model.cancelJob(cancelled, true);
  model.agentStopped("lost", model.nowMs);
  run(model, 4.5 * minute);
  model.addAgent({ uuid: "uuid-missing", hostname: "missing", gocdResources, hasProcess: false });
  run(model, 45_000);
  model.addAgent({ uuid: "uuid-disabled", hostname: "disabled", gocdResources, configState: "Disabled" });
  const ours = new Map<string, Record<string, unknown>>(
    json(ask(model, "GET /go/api/agents", v(7)))._embedded.agents.map((one: { uuid: string }) => [one.uuid, one]),
  );
  const stateWords = (
    one: Record<string, unknown>,
  ): unknown => [one["agent_config_state"], one["agent_state"], one["build_state"]];
  assertEquals([...ours.keys()].sort(), samples.map(({ uuid }: { uuid: string }) => uuid).sort());
  for (const sample of samples) {
    const one = ours.get(sample.uuid) ?? {};
    assertEquals(stateWords(one), stateWords(sample), sample.uuid);
    assertEquals(Object.keys(one).sort(), Object.keys(sample).sort(), sample.uuid);
    assertEquals(skeleton(one["environments"]), skeleton(sample.environments), sample.uuid);
    assertEquals(typeof one["free_space"], typeof sample.free_space, sample.uuid);
  }
});

sampleTest("26.1.0-agents-v7-empty.json", (text) => {
  assertEquals(json(ask(server("26.1.0"), "GET /go/api/agents", v(7))), JSON.parse(text));
});

const off = { "agent_config_state": "Disabled" };
type Story = () => SimResponse;
const refused = (line: string, headers: Record<string, string>, body?: unknown): Story => () => {
  const model = server("26.1.0");
  model.addAgent({ uuid: "u1", hostname: "h1" });
  model.addAgent({ uuid: "u2", hostname: "h2" });
  launch(model, "p", { key: "guess", uuid: "uuid-pending" });
  run(model, minute);
  return ask(model, line, headers, body);
};
const secured = (headers: Record<string, string>, line = "GET /go/api/agents"): Story => () =>
  ask(server("26.1.0", { security: users }), line, { ...(line.endsWith("xml") ? {} : newest), ...headers });

const texts: readonly (readonly [string, number, Story])[] = [
  ["15.2.0-agent-delete-v1.json", 200, () => {
    const model = server("15.2.0");
    model.addAgent({ uuid: "u", hostname: "h", configState: "Disabled" });
    return ask(model, "DELETE /go/api/agents/u", v(1));
  }],
  ["15.2.0-agents-delete-406-partial.json", 406, () => {
    const model = server("15.2.0");
    model.addAgent({ uuid: "u", hostname: "h" });
    return ask(model, "DELETE /go/api/agents/u", v(1));
  }],
  ["15.2.0-enable-agent-200.txt", 200, () => {
    const model = server("15.2.0");
    model.addAgent({ uuid: "u", hostname: "h" });
    return ask(model, "POST /go/api/agents/u/enable");
  }],
  ["15.2.0-not-admin-401.json", 401, () => {
    const model = server("15.2.0", { security: users });
    model.addAgent({ uuid: "u", hostname: "h" });
    return ask(model, "PATCH /go/api/agents/u", { ...v(1), ...basic("guest", "guest") }, { enabled: true });
  }],
  ["15.2.0-notfound-or-unauthorized-404.json", 404, () => ask(server("15.2.0"), "GET /go/api/agents/u", v(1))],
  ["17.1.0-agent-delete-406.json", 406, () => {
    const model = server("17.1.0");
    model.addAgent({ uuid: "u", hostname: "h" });
    return ask(model, "DELETE /go/api/agents/u", v(4));
  }],
  ["18.5.0-api-401.json", 401, () => ask(server("18.5.0", { security: users }), "GET /go/api/agents", v(4))],
  ["20.5.0-agents-bulk-delete-v7.json", 200, () => {
    const model = server("20.5.0");
    for (const uuid of ["a", "b"]) model.addAgent({ uuid, hostname: uuid, configState: "Disabled" });
    return ask(model, "DELETE /go/api/agents", v(7), { uuids: ["a", "b"] });
  }],
  ["20.5.0-agents-bulk-patch-v7.json", 200, () => {
    const model = server("20.5.0");
    const uuids = ["adb9540a-b954-4571-9d9b-2f330739d4da", "adb528b2-b954-1234-9d9b-b27ag4h568e1"];
    for (const uuid of uuids) model.addAgent({ uuid, hostname: uuid });
    return ask(model, "PATCH /go/api/agents", v(7), { uuids, ...off });
  }],
  ["26.1.0-agent-delete-422.json", 422, refused("DELETE /go/api/agents/u1", newest)],
  ["26.1.0-agents-bulk-delete-422.json", 422, refused("DELETE /go/api/agents", newest, { uuids: ["u1", "u2"] })],
  ["26.1.0-agent-notfound-404.json", 404, refused("GET /go/api/agents/uuid2", newest)],
  ["26.1.0-agent-patch-noop-400.json", 400, refused("PATCH /go/api/agents/u1", newest, {})],
  ["26.1.0-agent-patch-pending-400.json", 400, refused("PATCH /go/api/agents/uuid-pending", newest, { hostname: "x" })],
  ["26.1.0-confirm-missing-400.json", 400, refused("POST /go/api/agents/u1/kill_running_tasks", newest)],
  [
    "26.1.0-content-type-415.json",
    415,
    refused("PATCH /go/api/agents/u1", { ...newest, "content-type": "text/plain" }, off),
  ],
  ["26.1.0-unsupported-accept-404.txt", 404, refused("GET /go/api/agents", { accept: "application/json" })],
  ["26.1.0-api-401-anonymous.json", 401, secured({})],
  ["26.1.0-api-401-bad-credentials.json", 401, secured(basic("root", "no"))],
  ["26.1.0-api-401-bad-token.json", 401, secured({ authorization: "Bearer no" })],
  [
    "26.1.0-api-401-security-disabled.json",
    401,
    () => ask(server("26.1.0"), "GET /go/api/agents", { ...newest, ...basic("a", "b") }),
  ],
  ["26.1.0-feed-401.xml", 401, secured({}, "GET /go/api/feed/jobs/scheduled.xml")],
  [
    "26.1.0-api-403.json",
    403,
    () =>
      ask(server("20.8.0", { security: users }), "GET /go/api/jobs/scheduled.xml", {
        ...basic("guest", "guest"),
        accept: "application/json",
      }),
  ],
  ["26.1.0-backup-503.json", 503, () => inBackup(newest)],
  ["26.1.0-backup-503.xml", 503, () => inBackup({})],
  ["26.1.0-maintenance-503.json", 503, () => {
    const model = server("26.1.0");
    model.setMaintenance(true);
    return ask(model, "DELETE /go/api/agents/u", newest);
  }],
  ["26.1.0-starting-503.json", 503, () => whileStarting(newest)],
  ["26.1.0-starting-503.txt", 503, () => whileStarting({ accept: "*/*" })],
  [
    "26.1.0-maintenance-mode-info-off.json",
    200,
    () => ask(server("26.1.0"), "GET /go/api/admin/maintenance_mode/info", v(1)),
  ],
  ["26.1.0-version.json", 200, () => ask(server("26.1.0"), "GET /go/api/version", v(1))],
  ["26.1.0-feed-jobs-scheduled-empty.xml", 200, () => ask(server("26.1.0"), "GET /go/api/feed/jobs/scheduled.xml")],
  ["15.2.0-jobs-scheduled-empty.xml", 200, () => ask(server("15.2.0"), "GET /go/api/jobs/scheduled.xml")],
];
function inBackup(headers: Record<string, string>): SimResponse {
  const model = server("26.1.0");
  model.setBackup(true);
  return ask(model, "GET /go/api/feed/jobs/scheduled.xml", headers);
}
function whileStarting(headers: Record<string, string>): SimResponse {
  const model = server("26.1.0");
  model.restart(minute);
  return ask(model, "GET /go/api/agents", headers);
}
for (const [file, status, story] of texts) {
  sampleTest(file, (text) => {
    const response = story();
    assertEquals(response.status, status);
    if (file.endsWith(".json")) assertEquals(json(response), JSON.parse(text));
    else assertEquals(response.body.trim(), text.trim());
  });
}

sampleTest("16.6.0-version.json", (text) => {
  const ours = json(ask(server("16.6.0"), "GET /go/api/version", v(1)));
  assertEquals(skeleton(ours), skeleton(JSON.parse(text)));
});

sampleTest("26.1.0-maintenance-mode-info-on.json", (text) => {
  const model = server("26.1.0");
  model.addAgent({ uuid: "u", hostname: "h" });
  job(model, "p", { durationMs: 60 * minute });
  run(model, minute);
  job(model, "q");
  model.setMaintenance(true);
  const sample = JSON.parse(text);
  sample.attributes.running_systems.material_update_in_progress = [];
  const ours = json(ask(model, "GET /go/api/admin/maintenance_mode/info", v(1)));
  assertEquals(skeleton(ours), skeleton(sample));
});

sampleTest("18.12.0-drain-mode-info.json", (text) => {
  const model = server("18.12.0");
  job(model, "q");
  model.setMaintenance(true);
  assertEquals(skeleton(json(ask(model, "GET /go/api/admin/drain_mode/info", v(1)))), skeleton(JSON.parse(text)));
});

sampleTest("26.1.0-server-health-messages.json", (text) => {
  const model = server("26.1.0");
  job(model, "up42", { counter: 7 });
  run(model, 26 * minute);
  const [sample] = JSON.parse(text);
  const [ours] = json(ask(model, "GET /go/api/server_health_messages", v(1)));
  assertEquals({ ...ours, time: sample.time }, sample);
});

/** Markup without the whitespace between elements. */
function packed(xml: string): string {
  return xml.replace(/>\s+</g, "><").replace(/\s+/g, " ").trim();
}

const sampleJob = {
  job: "job-1",
  counter: 1,
  environment: "envName",
  gocdResources: ["foo", "bar"],
  variables: [
    { name: "some_var", value: "blah", secure: false },
    { name: "secureVariable", value: "x", secure: true },
  ],
};

sampleTest("26.1.0-feed-jobs-scheduled.xml", (text) => {
  const model = server("26.1.0");
  job(model, "pipeline", sampleJob);
  const { body } = ask(model, "GET /go/api/feed/jobs/scheduled.xml");
  assertEquals(packed(body).replaceAll("http://test.host/go", "https://go-server/go"), packed(text));
});

for (const file of ["15.2.0-jobs-scheduled-compact.xml", "15.2.0-jobs-scheduled-env-resources.xml"]) {
  sampleTest(file, (text) => {
    const model = server("15.2.0");
    job(model, "pipeline", sampleJob);
    const { body } = ask(model, "GET /go/api/jobs/scheduled.xml", { host: "baseurl" });
    const first = (xml: string): string => /<job .*?<\/job>/.exec(packed(xml))?.[0] ?? "";
    assertEquals(first(body).replace('id="1"', 'id="10"'), first(text));
  });
}

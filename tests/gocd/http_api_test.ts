// The client against servers of all releases: requests, changes of the version, findings.

import { assertEquals, assertRejects } from "@std/assert";
import { GocdError, type GocdPoll } from "../../src/gocd/api.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../../src/gocd/http_api.ts";
import { connection, type FakeGocd, fakeGocd, json, releaseOf } from "./fake_gocd.ts";

const signal = new AbortController().signal;

function apiOf(fake: FakeGocd, nowMs = (): number => 0): HttpGocdApi {
  return createHttpGocdApi(connection, { fetch: fake.fetch, nowMs });
}

const releases = [
  ..."15.2 15.3 16.1 16.5 16.6 16.7 16.8 16.9 16.10 16.12 17.1 17.9 17.12 18.1 18.2 18.5 18.6 18.10 18.11 18.12".split(
    " ",
  ),
  ..."19.1 19.2 19.3 19.7 19.8 19.9 20.1 20.5 20.7 20.8 20.9 20.10 21.3 22.3 23.1 24.1 25.4 26.1".split(" "),
].map((release) => `${release}.0`);

for (const version of releases) {
  const release = releaseOf(version);

  Deno.test(`a poll of GoCD ${version} reads version, maintenance mode, jobs and agents`, async () => {
    const fake = fakeGocd(version, [
      { uuid: "u1", config: "Enabled", state: "Idle" },
      { uuid: "u2", config: "Disabled", state: "Building" },
    ]);
    const poll: GocdPoll = await apiOf(fake).poll(signal);
    const origin = release >= 1903 ? "gocd" : "unstated";
    assertEquals(poll.jobs, [{
      locator: "p/5/s/1/compile",
      name: "compile",
      environment: "prod",
      gocdResources: ["linux"],
    }]);
    assertEquals(poll.agents, [
      {
        uuid: "u1",
        hostname: "u1",
        configState: "Enabled",
        agentState: "Idle",
        buildState: "Idle",
        gocdResources: ["linux"],
        environments: [{ name: "prod", origin }],
        elastic: false,
        ipAddress: "10.0.0.1",
      },
      {
        uuid: "u2",
        hostname: "u2",
        configState: "Disabled",
        agentState: "Building",
        buildState: "Building",
        gocdResources: ["linux"],
        environments: [{ name: "prod", origin }],
        elastic: false,
        ipAddress: "10.0.0.1",
        // It is in the un-versioned list, which is only requested from 15.2.
        ...(release < 1503 ? { buildLocator: "p/1/s/1/j" } : {}),
      },
    ]);
    assertEquals(poll.server, {
      version: release < 1606 ? "<16.6" : version,
      resourceCase: release >= 1909 && release <= 2009 ? "sensitive" : "insensitive",
      slowRegistration: release <= 1908,
      maintenance: "off",
    });
    assertEquals(poll.findings, []);
  });

  Deno.test(`on GoCD ${version} elastic agents are ${release >= 1608 ? "" : "not "}recognized`, async () => {
    const fake = fakeGocd(version, [{ uuid: "e1", config: "Enabled", state: "Idle", elastic: true }]);
    const poll = await apiOf(fake).poll(signal);
    assertEquals(poll.agents.map((agent) => agent.elastic), [release >= 1608]);
  });

  Deno.test(`on GoCD ${version} agents are enabled, disabled and deleted with the requests of its API`, async () => {
    const fake = fakeGocd(version, [
      { uuid: "a", config: "Pending", state: "Unknown" },
      { uuid: "b", config: "Enabled", state: "Idle" },
      { uuid: "c", config: "Enabled", state: "Idle" },
    ]);
    const api = apiOf(fake);
    await api.enableAgent("a", { hostname: "t-1", gocdResources: ["linux"], environment: "prod" }, signal);
    const enabling = fake.seen.at(-1);
    assertEquals(fake.agents.map((agent) => agent.config), ["Enabled", "Enabled", "Enabled"]);
    assertEquals(
      enabling?.body,
      release === 1502
        ? { enabled: true, hostname: "t-1", resources: ["linux"] }
        : { agent_config_state: "Enabled", hostname: "t-1", resources: ["linux"], environments: ["prod"] },
    );
    assertEquals(enabling?.headers.get("content-type"), "application/json");
    assertEquals(enabling?.headers.get("confirm"), "true");
    assertEquals(enabling?.headers.get("x-gocd-confirm"), "true");

    let before = fake.seen.length;
    await api.disableAgents(["a", "b", "c"], signal);
    assertEquals(fake.agents.map((agent) => agent.config), ["Disabled", "Disabled", "Disabled"]);
    assertEquals(writes(fake, before), release >= 1607 ? 1 : 3, "bulk from 16.7 on");

    before = fake.seen.length;
    await api.deleteAgents(["a", "b", "gone", "c"], signal);
    assertEquals(fake.agents, []);
    assertEquals(writes(fake, before), release >= 1607 ? 5 : 4, "an unknown uuid makes it one by one");
  });

  Deno.test(`on GoCD ${version} the rights of the account are determined by GET requests only`, async () => {
    const fake = fakeGocd(version);
    const api = apiOf(fake);
    assertEquals((await api.rights(signal)).admin, "yes");
    fake.override = (request) =>
      /maintenance_mode|drain_mode|jobs\/scheduled/.test(request.path)
        ? release < 1806
          ? json(401, { message: "You are not authorized to perform this action." })
          : json(403, { message: "You are not authorized to access this resource!" })
        : undefined;
    assertEquals((await api.rights(signal)).admin, "no");
    assertEquals(fake.seen.every((request) => request.method === "GET"), true);
  });
}

function writes(fake: FakeGocd, from: number): number {
  return fake.seen.slice(from).filter((request) => request.method !== "GET").length;
}

Deno.test("a newer release is named only in errors that its changes may explain", async () => {
  for (const version of ["26.2.0", "27.3.0"]) {
    const fake = fakeGocd("26.1.0");
    fake.override = (request) => request.path === "/api/version" ? json(200, { version }) : undefined;
    const api = apiOf(fake);
    const poll = await api.poll(signal);
    assertEquals([poll.server.version, poll.findings], [version, []]);
    const named = `GoCD ${version} is newer than 26.2, the newest release that this gocd-mesos supports`;
    for (
      const [answer, isOurs] of [
        [json(200, { agents: [] }), true],
        [new Response("", { status: 404 }), true],
        [new Response("<html>", { headers: { "content-type": "text/html" } }), false],
        [json(401, { message: "You are not authenticated!" }), false],
        [json(500, { message: "oops" }), false],
      ] as const
    ) {
      const before = fake.override;
      fake.override = (request) => request.path === "/api/agents" ? answer : before(request);
      const { hint } = await assertRejects(() => api.poll(signal), GocdError);
      assertEquals(hint.startsWith(named), isOurs && version === "27.3.0", hint);
      fake.override = before;
    }
  }
});

Deno.test("an unsupported version is treated like the nearest supported one and reported as a finding", async () => {
  for (const [told, shown] of [["nightly", "unknown"], ["", "unknown"], ["14.1.0", "14.1.0"]]) {
    const fake = fakeGocd(told === "14.1.0" ? "15.2.0" : "26.1.0");
    fake.override = (request) => request.path === "/api/version" ? json(200, { version: told }) : undefined;
    const poll = await apiOf(fake).poll(signal);
    assertEquals(poll.server.version, shown);
    assertEquals(poll.findings.map((finding) => finding.code), ["gocd-version-unsupported"]);
  }
});

Deno.test("the version is requested once, and again after ten minutes", async () => {
  let nowMs = 0;
  const fake = fakeGocd("26.1.0");
  const api = apiOf(fake, () => nowMs);
  const asked = (): number => fake.seen.filter((request) => request.path === "/api/version").length;
  await api.poll(signal);
  nowMs += 9 * 60 * 1000;
  await api.poll(signal);
  assertEquals(asked(), 1);
  nowMs += 60 * 1000;
  await api.poll(signal);
  assertEquals(asked(), 2);
});

for (
  const [before, after] of [["16.5.0", "26.1.0"], ["17.12.0", "19.9.0"], ["20.8.0", "20.9.0"], ["15.2.0", "16.10.0"], [
    "26.1.0",
    "18.1.0",
  ]] as const
) {
  Deno.test(`the first poll after a change from GoCD ${before} to ${after} is complete`, async () => {
    const fake = fakeGocd(before, [{ uuid: "u1", config: "Enabled", state: "Idle" }]);
    const api = apiOf(fake);
    await api.poll(signal);
    fake.version = after;
    const poll = await api.poll(signal);
    // The requests for 20.8 and 20.9 are the same: only the next check of the version shows the change.
    assertEquals(poll.server.version, before === "20.8.0" ? before : after);
    assertEquals([poll.jobs.length, poll.agents.length], [1, 1]);
  });
}

Deno.test("the version is requested again after a failed poll", async () => {
  const fake = fakeGocd("20.8.0");
  const api = apiOf(fake);
  await api.poll(signal);
  fake.override = () => json(503, { message: "GoCD server is starting" });
  await assertRejects(() => api.poll(signal), GocdError, "is starting");
  fake.override = () => undefined;
  fake.version = "20.9.0";
  assertEquals((await api.poll(signal)).server.version, "20.9.0");
});

Deno.test("an old server without a version API is probed only once", async () => {
  const fake = fakeGocd("15.2.0");
  const api = apiOf(fake);
  await api.poll(signal);
  const before = fake.seen.length;
  await api.poll(signal);
  assertEquals(fake.seen.slice(before).map((request) => `${request.path} ${request.accept}`), [
    "/api/jobs/scheduled.xml application/xml",
    "/api/agents application/vnd.go.cd.v1+json",
  ]);
});

Deno.test("a new server whose version API is missing is polled, and reported as a finding", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "u1", config: "Enabled", state: "Idle" }]);
  fake.override = (request) => request.path === "/api/version" ? new Response("", { status: 404 }) : undefined;
  const api = apiOf(fake);
  const poll = await api.poll(signal);
  assertEquals(poll.server.version, "unknown");
  assertEquals(poll.findings.map((finding) => finding.code), ["gocd-version-unknown"]);
  assertEquals((await api.poll(signal)).server.maintenance, "off");
});

Deno.test("on GoCD 15.2 without the unversioned list the activity of a disabled agent is unknown", async () => {
  const fake = fakeGocd("15.2.0", [{ uuid: "u1", config: "Disabled", state: "Idle" }]);
  fake.override = (request) => request.accept === "application/json" ? new Response("", { status: 404 }) : undefined;
  const [agent] = (await apiOf(fake).poll(signal)).agents;
  assertEquals([agent?.configState, agent?.agentState], ["Disabled", "Unknown"]);
});

Deno.test("on GoCD 15.2 the next poll reports that an environment could not be set", async () => {
  const fake = fakeGocd("15.2.0", [{ uuid: "a", config: "Pending", state: "Unknown" }]);
  const api = apiOf(fake);
  await api.enableAgent("a", { gocdResources: [], environment: "prod" }, signal);
  assertEquals((await api.poll(signal)).findings.map((finding) => finding.code), ["gocd-environment-not-set"]);
});

for (const [version, part] of [["19.1.0", "maintenance mode"], ["20.9.0", "missing from the feed"]] as const) {
  Deno.test(`on GoCD ${version} each poll reports the missing rights of the account: ${part}`, async () => {
    const fake = fakeGocd(version);
    fake.override = (request) =>
      request.path.includes("maintenance_mode") ? json(403, { message: "You are not authorized" }) : undefined;
    const api = apiOf(fake);
    for (let round = 0; round < 2; round++) {
      const poll = await api.poll(signal);
      assertEquals(poll.server.maintenance, "unknown");
      const [finding] = poll.findings;
      assertEquals(finding?.code, "gocd-too-few-rights");
      assertEquals(finding?.message.includes(part), true);
    }
  });
}

Deno.test("maintenance mode is unknown if its API is missing", async () => {
  const fake = fakeGocd("26.1.0");
  fake.override = (request) =>
    request.path.includes("maintenance_mode") ? json(404, { message: "not here" }) : undefined;
  assertEquals((await apiOf(fake).poll(signal)).server.maintenance, "unknown");
});

for (const part of ["/api/version", "maintenance_mode", "scheduled.xml", "/api/agents"]) {
  Deno.test(`a poll fails if ${part} fails`, async () => {
    const fake = fakeGocd("26.1.0");
    fake.override = (request) => request.path.includes(part) ? new Response("oops", { status: 500 }) : undefined;
    const error = await assertRejects(() => apiOf(fake).poll(signal), GocdError);
    assertEquals(error.problem.code, "gocd-server-error");
  });
}

Deno.test("unreadable health messages are a finding and do not fail the poll", async () => {
  const fake = fakeGocd("26.1.0");
  fake.override = (request) => request.path.includes("health") ? new Response("oops", { status: 500 }) : undefined;
  assertEquals((await apiOf(fake).poll(signal)).findings.map((finding) => finding.code), ["gocd-health-unread"]);
});

Deno.test("unchanged health messages are requested with their ETag, and their findings are kept", async () => {
  const fake = fakeGocd("26.1.0");
  const asked: (string | null)[] = [];
  let message = "one";
  fake.override = ({ path, headers }) => {
    if (!path.includes("health")) return undefined;
    asked.push(headers.get("if-none-match"));
    const etag = `"${message}"`;
    return headers.get("if-none-match") === etag
      ? new Response(null, { status: 304, headers: { etag } })
      : json(200, [{ message: `[${message}] has duplicate unique identifier`, detail: "", level: "ERROR" }], { etag });
  };
  const api = apiOf(fake);
  const told = async (): Promise<string | undefined> => (await api.poll(signal)).findings[0]?.message;
  const says = (name: string): string => `GoCD reports: [${name}] has duplicate unique identifier`;
  assertEquals([await told(), await told()], [says("one"), says("one")]);
  message = "two";
  assertEquals([await told(), await told()], [says("two"), says("two")]);
  assertEquals(asked, [null, '"one"', '"one"', '"two"']);
  fake.override = ({ path }) => path.includes("health") ? new Response("oops", { status: 500 }) : undefined;
  assertEquals((await api.poll(signal)).findings[0]?.code, "gocd-health-unread");
});

Deno.test("health messages without an ETag are read completely in each poll", async () => {
  const fake = fakeGocd("26.1.0");
  const asked: (string | null)[] = [];
  fake.override = ({ path, headers }) => {
    if (!path.includes("health")) return undefined;
    asked.push(headers.get("if-none-match"));
    return json(200, [{ message: `n${asked.length} has run out of disk space`, detail: "", level: "ERROR" }]);
  };
  const api = apiOf(fake);
  await api.poll(signal);
  assertEquals((await api.poll(signal)).findings[0]?.message, "GoCD reports: n2 has run out of disk space");
  assertEquals(asked, [null, null]);
});

Deno.test("an unexpected 304 fails the poll", async () => {
  for (const part of ["scheduled.xml", "/api/agents"]) {
    const fake = fakeGocd("26.1.0");
    fake.override = ({ path }) => path.includes(part) ? new Response(null, { status: 304 }) : undefined;
    await assertRejects(() => apiOf(fake).poll(signal), GocdError);
  }
});

Deno.test("elastic agents are never changed", async () => {
  const fake = fakeGocd("26.1.0", [{ uuid: "e1", config: "Enabled", state: "Idle", elastic: true }]);
  const api = apiOf(fake);
  await api.readAgents(signal);
  const before = fake.seen.length;
  for (
    const act of [
      () => api.enableAgent("e1", undefined, signal),
      () => api.disableAgents(["e1"], signal),
      () => api.deleteAgents(["e1"], signal),
    ]
  ) {
    await assertRejects(act, GocdError, "elastic");
  }
  assertEquals(fake.seen.length, before);
});

for (
  const [since, removal, want] of [
    ["27.1.0", undefined, [" is deprecated since GoCD 27.1.0"]],
    ["v27.1.0", "v28.1.0", [" is deprecated since GoCD v27.1.0 and will be removed in v28.1.0"]],
    // As GoCD 26.2 says of its feed.
    ["v25.4.0", "v25.1.0", []],
    ["v25.4.0", "without replacement", []],
  ] as const
) {
  Deno.test(`a deprecation since ${since} with removal in ${removal ?? "no release"} is ${want.length > 0 ? "" : "not "}reported`, async () => {
    const fake = fakeGocd("26.1.0");
    const headers = {
      "x-gocd-api-deprecated-in": since,
      ...(removal === undefined ? {} : { "x-gocd-api-removal-in": removal }),
    };
    fake.override = ({ path }) =>
      path === "/api/agents" ? json(200, { _embedded: { agents: [] } }, headers) : undefined;
    const { findings } = await apiOf(fake).poll(signal);
    assertEquals(
      findings.map(({ message }) => message),
      want.map((text) => `GET http://gocd.test:8153/go/api/agents${text}`),
    );
  });
}

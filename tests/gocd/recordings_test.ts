// How the client parses each recorded response of a real GoCD server.

import { assert, assertEquals } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import type { Credentials } from "../../src/net/credentials.ts";
import { readGocdAgents } from "../../src/gocd/agents.ts";
import { readHealthMessages } from "../../src/gocd/health.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../../src/gocd/http_api.ts";
import { readMaintenance } from "../../src/gocd/maintenance.ts";
import { readScheduledJobsText } from "../../src/gocd/scheduled_jobs.ts";
import { Secret } from "../../src/secret.ts";
import { type RecordedAnswer, recordedResponse, recordingsInUse } from "../support/gocd_recordings.ts";
import { connection, type FakeGocd, fakeGocd } from "./fake_gocd.ts";

const signal = new AbortController().signal;
const { recorded, unused } = recordingsInUse();

/** A client of a server that gives recordings for what they were the answers to, on a server of today otherwise. */
function replay(...names: readonly string[]): { readonly api: HttpGocdApi; readonly fake: FakeGocd } {
  const answers = names.map(recorded);
  const fake = fakeGocd("26.1.0");
  fake.override = ({ method, path }) => {
    const found = answers.find(({ request }) => request === `${method} ${path}`);
    return found === undefined ? undefined : recordedResponse(found);
  };
  const credentials = credentialsFor(answers);
  return { api: createHttpGocdApi({ ...connection, credentials }, { fetch: fake.fetch, nowMs: () => 0 }), fake };
}

/** Those with which the first of the answers was given. */
function credentialsFor([first]: readonly RecordedAnswer[]): Credentials {
  if (first?.name.includes("no credentials")) return { kind: "none" };
  return first?.name.includes("token")
    ? { kind: "bearer", token: new Secret("t", () => "token") }
    : { kind: "basic", userName: "ci", password: new Secret("p", () => "pw") };
}

for (
  const [name, want] of [
    ["feed: environments, resources, several instances, no empty elements", [
      { locator: "resjobs/1/st/1/Linux-Docker", name: "Linux-Docker", gocdResources: ["Linux", "docker"] },
      { locator: "envjobs/1/st/1/deploy", name: "deploy", environment: "prod-EU", gocdResources: ["linux"] },
      { locator: "elastic/1/st/1/pod", name: "pod", gocdResources: [] },
      {
        locator: "odd.Pipe_1-x/1/st.age-1/1/-we.ird..-Job_1",
        name: "-we.ird..-Job_1",
        gocdResources: ["Java 17|x.y-z"],
      },
      { locator: "multi/1/st/1/shard-runInstance-2", name: "shard-runInstance-2", gocdResources: [] },
    ]],
    ["feed: run on all agents", [
      { locator: "runall/1/st/1/sweep-runOnAll-1", name: "sweep-runOnAll-1", gocdResources: [] },
      { locator: "runall/1/st/1/sweep-runOnAll-2", name: "sweep-runOnAll-2", gocdResources: [] },
    ]],
    ["feed: a secure variable", [
      {
        locator: "odd.Pipe_1-x/5/st.age-1/1/-we.ird..-Job_1",
        name: "-we.ird..-Job_1",
        gocdResources: ["Java 17|x.y-z"],
      },
    ]],
  ] as const
) {
  Deno.test(`the recording '${name}' is parsed as a feed`, () => {
    const reading = readScheduledJobsText(recorded(name).text);
    assertEquals(reading.findings, []);
    assertEquals(reading.jobs, want.map((job) => ({ ...job, gocdResources: [...job.gocdResources] })));
  });
}

/** What the reader makes of each agent, in a line. */
function agentLines(text: string): readonly string[] {
  const { agents, findings } = readGocdAgents(text, "v5-v7");
  assertEquals(findings, []);
  return agents.map((agent) =>
    [
      agent.hostname,
      `${agent.configState}/${agent.agentState}/${agent.buildState}`,
      agent.gocdResources.join(","),
      agent.environments.map(({ name, origin }) => `${name}:${origin}`).join(" "),
      agent.buildLocator ?? "",
    ].join(" | ")
  );
}

for (
  const [name, want] of [
    ["agents: Pending, and Enabled with resources and environments", [
      "solo-p | Pending/Idle/Idle |  |  | ",
      "auto-host-a | Enabled/Idle/Idle | Linux,java 17,linux | nowhere:unknown prod-EU:gocd | ",
    ]],
    ["agents: Building", [
      "gocd-0y3bdw-default-39 | Enabled/Building/Building | linux | prod-EU:gocd | envjobs/8/st/1/deploy",
    ]],
    ["agents: LostContact with a build", [
      "gocd-0y3bdw-default-41 | Enabled/LostContact/Unknown | linux |  | long/2/st/1/slow",
    ]],
    ["agents: none", []],
  ] as const
) {
  Deno.test(`the recording '${name}' is parsed as a list of agents`, () => {
    assertEquals(agentLines(recorded(name).text), [...want]);
  });
}

Deno.test("the recorded response to a PATCH is parsed as one agent", () => {
  const { text } = recorded("agent: Disabled and Missing");
  assertEquals(agentLines(`{"_embedded":{"agents":[${text}]}}`), [
    "auto-host-a | Disabled/Missing/Unknown | Linux,java 17,linux | nowhere:unknown prod-EU:gocd | ",
  ]);
});

for (const [name, want] of [["maintenance: on", "on"], ["maintenance: off", "off"]] as const) {
  Deno.test(`the recording '${name}' is parsed as maintenance mode`, () => {
    assertEquals(readMaintenance(recorded(name).text, "GET /x"), want);
  });
}

Deno.test("the recorded health messages, which are about triggers and plugins, are not reported", () => {
  const { text } = recorded("health messages");
  assertEquals((JSON.parse(text) as unknown[]).length, 2);
  assertEquals(readHealthMessages(text, "GET /x"), []);
});

Deno.test("a poll of the recordings returns version, missing environments and jobs of elastic profiles", async () => {
  const { api } = replay(
    "version",
    "feed: environments, resources, several instances, no empty elements",
    "agents: Building",
    "maintenance: off",
    "health messages",
    "environments",
    "elastic profiles",
    "elastic usages",
  );
  const poll = await api.poll(signal, { environments: ["prod-eu", "prod-US"] });
  assertEquals(poll.server.version, "26.2.0");
  assertEquals(poll.missingEnvironments, ["prod-US"]);
  assertEquals(poll.jobs.flatMap(({ name, elasticProfile }) => elasticProfile === undefined ? [] : [name]), ["pod"]);
  assertEquals(poll.agents.map(({ hostname }) => hostname), ["gocd-0y3bdw-default-39"]);
});

/** Names of refusals to a poll, and the code that the operator sees. */
const refusedPolls: readonly (readonly [name: string, code: string])[] = [
  ["agents: no credentials", "gocd-not-authenticated"],
  ["agents: wrong password", "gocd-bad-credentials"],
  ["agents: wrong token", "gocd-bad-token"],
  ["agents: revoked token", "gocd-bad-token"],
  ["agents: an Accept of an older release", "gocd-unknown-path"],
  ["agents: the server is starting", "gocd-starting"],
  ["agents: during a backup", "gocd-backup"],
  ["feed: no credentials", "gocd-not-authenticated"],
  ["feed: wrong password", "gocd-bad-credentials"],
  ["feed: the server is starting", "gocd-starting"],
  ["feed: during a backup", "gocd-backup"],
];
for (const [name, code] of refusedPolls) {
  Deno.test(`the recording '${name}' fails a poll with ${code}`, async () => {
    assertEquals(await codeOf(replay(name).api.poll(signal)), code);
  });
}

/** Names of answers to a change, and the code that the operator sees; none: it is as good as done. */
const changes: readonly (readonly [name: string, code: string | undefined])[] = [
  ["delete an agent", undefined],
  ["delete an enabled agent", "gocd-agent-busy"],
  ["delete an agent that is not there", undefined],
  ["delete an agent without the right", "gocd-forbidden"],
  ["delete several, one enabled", "gocd-agent-busy"],
  ["delete several, one not there", "gocd-agent-busy"],
  ["delete several of none", "gocd-bad-request"],
  ["deletion during maintenance", "gocd-maintenance"],
  ["change nothing of an agent", "gocd-bad-request"],
  ["change a Pending agent without enabling it", "gocd-agent-pending"],
  ["change an agent to a wrong resource", "gocd-invalid"],
  ["change an agent without the right", "gocd-forbidden"],
  ["change during maintenance", "gocd-maintenance"],
  ["disable several", undefined],
  ["enable several", undefined],
  ["change several that are not there", undefined],
  ["change several of none", "gocd-invalid"],
  ["change nothing of several", "gocd-bad-request"],
];
for (const [name, code] of changes) {
  Deno.test(`the recording '${name}' is ${code ?? "a success"}`, async () => {
    const answer = recorded(name);
    const { api, fake } = replay();
    fake.override = ({ method }) => method === "GET" ? undefined : recordedResponse(answer);
    const isDeletion = answer.request.startsWith("DELETE");
    const act = isDeletion ? api.deleteAgents(["nope"], signal) : api.disableAgents(["nope"], signal);
    assertEquals(await codeOf(act), code);
  });
}

async function codeOf(act: Promise<unknown>): Promise<string | undefined> {
  try {
    await act;
    return undefined;
  } catch (error) {
    if (!(error instanceof GocdError)) throw error;
    return error.problem.code;
  }
}

Deno.test("messages and other lists are refused as a feed and as a list of agents", () => {
  for (
    const name of ["environments", "elastic usages", "health messages", "version", "show an agent that is not there"]
  ) {
    for (const read of [readScheduledJobsText, (text: string) => readGocdAgents(text, "v5-v7")]) {
      let failure: unknown;
      try {
        read(recorded(name).text);
      } catch (error) {
        failure = error;
      }
      assert(failure instanceof GocdError, name);
    }
  }
});

Deno.test("each recording is used by a test", () => {
  // What the client never asks of such a server.
  const others = [
    "feed: the path of older releases",
    "maintenance: not for this user",
    "change an agent to an unknown state",
  ];
  assertEquals(unused().filter((name) => !others.includes(name)), []);
});

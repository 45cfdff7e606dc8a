// The simulated GoCD server against the recorded responses of a real one: the same status, texts, keys and types of
// values. And the fields of agents in the documentation of older releases.

import { assertEquals } from "@std/assert";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import type { SimResponse } from "../../src/sim/gocd/http_message.ts";
import { recordingsInUse } from "../support/gocd_recordings.ts";
import { ask, basic, job, json, launch, minute, run, server, users } from "./gocd_support.ts";

const { recorded, unused } = recordingsInUse();
const version = "26.1.0";

/** Keys and kinds of values; lists by their distinct elements. Versions of agents are texts, or null before they told them. */
function skeleton(value: unknown, key = ""): unknown {
  if (/^agent_(bootstrapper_)?version$/.test(key)) return "version";
  // The simulated environments have a variable each.
  if (key === "environment_variables") return "variables";
  if (Array.isArray(value)) return [...new Set(value.map((element) => JSON.stringify(skeleton(element))))].sort();
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).sort().map(([name, inner]) => [name, skeleton(inner, name)]));
}

/** Markup without the blanks between elements, and without the address of its server. */
function packed(xml: string): string {
  return xml.replace(/>\s+</g, "><").replace(/http:\/\/[^/"]+/g, "").trim();
}

/** What the recorded request gets from the simulated server. */
function answerOf(name: string, model: SimGocd, credentials: Record<string, string> = {}): SimResponse {
  const { request, accept, sent } = recorded(name);
  const headers = { ...(accept === undefined ? {} : { accept }), ...credentials };
  return ask(model, request.replace(" /", " /go/"), headers, sent);
}

const known = "e046d51a-05ff-4907-936a-61baa6bd8781";
const pending = "e57ca2c5-8c7a-4490-b444-07d27cf289a2";
const environments = [{ name: "prod-EU", origin: "gocd" }] as const;

/** A server with the agents that the recorded requests name. */
function withAgents(configState: "Enabled" | "Disabled" = "Enabled"): SimGocd {
  const model = server(version, { environments });
  const gocdResources = ["Linux", "java 17", "linux"];
  model.addAgent({ uuid: known, hostname: "a", configState, gocdResources, environments: ["nowhere", "prod-EU"] });
  launch(model, "p", { key: "guess", uuid: pending });
  run(model, minute);
  return model;
}

/** A server with one agent that builds. */
function withBuild(): SimGocd {
  const model = server(version, { environments });
  model.addAgent({ uuid: "u", hostname: "h", gocdResources: ["linux"], environments: ["prod-EU"] });
  job(model, "long", { environment: "prod-EU", durationMs: 60 * minute });
  run(model, minute);
  return model;
}

/** A server whose agent was lost with its build. */
function withLostBuild(): SimGocd {
  const model = server(version);
  model.addAgent({ uuid: "u", hostname: "h", gocdResources: ["linux"] });
  job(model, "long", { durationMs: 60 * minute });
  run(model, minute);
  model.agentStopped("h", model.nowMs);
  run(model, 5.5 * minute);
  return model;
}

const secured = (): SimGocd => server(version, { security: users });

function changed(change: (model: SimGocd) => void, model = server(version)): SimGocd {
  change(model);
  return model;
}

type Case = readonly [name: string, model: () => SimGocd, credentials?: Record<string, string>];

const sameTexts: readonly Case[] = [
  ["agents: no credentials", secured],
  ["agents: wrong password", secured, basic("root", "no")],
  ["agents: wrong token", secured, { authorization: "Bearer no" }],
  ["agents: the server is starting", () => changed((model) => model.restart(minute))],
  ["agents: during a backup", () => changed((model) => model.setBackup(true))],
  ["feed: no credentials", secured],
  ["feed: wrong password", secured, basic("root", "no")],
  ["feed: the server is starting", () => changed((model) => model.restart(minute))],
  ["feed: during a backup", () => changed((model) => model.setBackup(true))],
  ["change during maintenance", () => changed((model) => model.setMaintenance(true))],
  ["deletion during maintenance", () => changed((model) => model.setMaintenance(true))],
  ["show an agent that is not there", withAgents],
  ["delete an agent", () => withAgents("Disabled")],
  ["delete an enabled agent", withAgents],
  ["delete an agent that is not there", withAgents],
  ["delete several, one enabled", withAgents],
  ["delete several, one not there", withAgents],
  ["delete several of none", withAgents],
  ["change nothing of an agent", withAgents],
  ["change a Pending agent without enabling it", withAgents],
  ["change an agent to an unknown state", withAgents],
  ["disable several", () => withAgents("Disabled")],
  ["enable several", () => withAgents("Disabled")],
  ["change several that are not there", withAgents],
  ["change several of none", withAgents],
  ["change nothing of several", withAgents],
  ["delete an agent without the right", secured, basic("guest", "guest")],
  ["change an agent without the right", secured, basic("guest", "guest")],
  ["agents: an Accept of an older release", () => server(version)],
  ["feed: the path of older releases", () => server(version)],
  ["maintenance: not for this user", secured, basic("guest", "guest")],
];
for (const [name, model, credentials] of sameTexts) {
  Deno.test(`the response of the simulated server to '${name}' has the recorded text`, () => {
    const real = recorded(name);
    const ours = answerOf(name, model(), credentials);
    assertEquals([ours.status, ours.headers["content-type"]], [real.status, real.type]);
    const isJson = real.text.startsWith("{");
    assertEquals(isJson ? json(ours) : packed(ours.body), isJson ? JSON.parse(real.text) : packed(real.text));
  });
}

const sameShapes: readonly Case[] = [
  ["version", () => server(version)],
  ["agents: Pending, and Enabled with resources and environments", withAgents],
  ["agents: Building", withBuild],
  ["agents: LostContact with a build", withLostBuild],
  ["agents: none", () => server(version)],
  ["agent: Disabled and Missing", withAgents],
  ["change an agent to a wrong resource", withAgents],
  ["maintenance: off", () => server(version)],
  ["maintenance: on", () =>
    changed((model) => {
      job(model, "waits", { gocdResources: ["none"] });
      model.setMaintenance(true);
    }, withBuild())],
  ["environments", () => changed((model) => void job(model, "envjobs", { environment: "prod-EU" }), withAgents())],
  ["elastic profiles", () => changed((model) => void job(model, "elastic", { elasticProfile: "small-pod" }))],
  ["elastic usages", () => changed((model) => void job(model, "elastic", { elasticProfile: "small-pod" }))],
];
for (const [name, model] of sameShapes) {
  Deno.test(`the response of the simulated server to '${name}' has the recorded keys and types`, () => {
    const real = recorded(name);
    const ours = answerOf(name, model());
    assertEquals([ours.status, ours.headers["content-type"]], [real.status, real.type]);
    assertEquals(skeleton(json(ours)), skeleton(JSON.parse(real.text)));
  });
}

const stage = { stage: "st" };
const variables = [{ name: "MSG", value: `a <b> & "c" Ünï 😀`, secure: false }];
const secret = [{ name: "EXTRA", value: "x", secure: false }, { name: "SEC", value: "hunter2", secure: true }];
const feeds: readonly (readonly [name: string, fill: (model: SimGocd) => void])[] = [
  ["feed: environments, resources, several instances, no empty elements", (model) => {
    job(model, "resjobs", { ...stage, job: "Linux-Docker", gocdResources: ["Linux", "docker"] });
    job(model, "envjobs", { ...stage, job: "deploy", environment: "prod-EU", gocdResources: ["linux"] });
    job(model, "elastic", { ...stage, job: "pod", elasticProfile: "small-pod" });
    const odd = { stage: "st.age-1", job: "-we.ird..-Job_1", gocdResources: ["Java 17|x.y-z"], variables };
    job(model, "odd.Pipe_1-x", odd);
    const shard = [{ name: "GO_JOB_RUN_INDEX", value: "2" }, { name: "GO_JOB_RUN_COUNT", value: "3" }];
    job(model, "multi", { ...stage, job: "shard-runInstance-2", variables: shard });
  }],
  ["feed: run on all agents", (model) => {
    for (const number of [1, 2]) job(model, "runall", { ...stage, counter: 1, job: `sweep-runOnAll-${number}` });
  }],
  ["feed: a secure variable", (model) => {
    const odd = { stage: "st.age-1", job: "-we.ird..-Job_1", gocdResources: ["Java 17|x.y-z"] };
    job(model, "odd.Pipe_1-x", { ...odd, counter: 5, variables: [...secret, ...variables] });
  }],
];
for (const [name, fill] of feeds) {
  Deno.test(`the simulated server writes '${name}' like the recorded one`, () => {
    const ours = answerOf(name, changed(fill));
    assertEquals(packed(ours.body), packed(recorded(name).text));
  });
}

Deno.test("every recording but two is compared with the simulated server", () => {
  // It says other things of its own jobs, and takes no token back.
  assertEquals(unused(), ["agents: revoked token", "health messages"]);
});

const first = "uuid hostname ip_address sandbox operating_system free_space resources environments";
const ofV2 = `${first} agent_config_state agent_state build_state`;

/** The fields of an idle agent by release and version of the API, as api.gocd.org/RELEASE/#agents shows them. */
const fields: readonly (readonly [release: string, api: number, fields: string])[] = [
  ["15.2.0", 1, `${first} enabled status`],
  ["15.3.0", 2, ofV2],
  ["16.8.0", 3, ofV2],
  ["17.12.0", 4, ofV2],
  ["19.3.0", 5, ofV2],
  ["19.9.0", 6, ofV2],
  ["20.5.0", 7, `${ofV2} agent_version agent_bootstrapper_version`],
];
for (const [release, api, names] of fields) {
  Deno.test(`an idle agent of ${release} has the fields of version ${api} of the API`, () => {
    const model = server(release, { environments });
    model.addAgent({ uuid: "u", hostname: "h", gocdResources: ["linux"], environments: ["prod-EU"] });
    const accept = `application/vnd.go.cd.v${api}+json`;
    const [idle] = json(ask(model, "GET /go/api/agents", { accept }))._embedded.agents;
    assertEquals(Object.keys(idle).sort(), ["_links", ...names.split(" ")].sort());
  });
}

Deno.test("an agent in the unversioned list of 15.2 has the fields of that release", () => {
  const model = server("15.2.0");
  model.addAgent({ uuid: "u", hostname: "h" });
  const [idle] = json(ask(model, "GET /go/api/agents"));
  const names = "uuid agent_name ip_address sandbox status build_locator os free_space resources environments";
  assertEquals(Object.keys(idle).sort(), names.split(" ").sort());
});

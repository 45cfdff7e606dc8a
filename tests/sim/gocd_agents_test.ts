// Agents of the simulated GoCD server: registration, silence, deletion.

import { assertEquals, assertThrows } from "@std/assert";
import { gocdEras, gocdRules } from "../../src/sim/gocd/versions.ts";
import {
  hasRecord,
  job,
  key,
  launch,
  minute,
  patch,
  record,
  remove,
  run,
  runUntil,
  second,
  server,
} from "./gocd_support.ts";

Deno.test("an agent with the right key is Enabled with its resources, environments and hostname", () => {
  const model = server("26.1.0", { environments: [{ name: "prod", origin: "gocd" }] });
  launch(model, "c1", { resources: "linux, docker", environments: "prod,nowhere" });
  run(model, 39 * second);
  assertEquals(model.agents(), []);
  run(model, 2 * second);
  const { configState, hostname, gocdResources, environments } = record(model, "c1");
  assertEquals({ configState, hostname, gocdResources, environments }, {
    configState: "Enabled",
    hostname: "shown-c1",
    gocdResources: ["linux", "docker"],
    environments: ["prod", "nowhere"],
  });
  assertEquals(model.tally.registrations, 1);
});

Deno.test("up to 19.8 a registration drops unknown environments and saves the configuration", () => {
  const model = server("19.8.0", { environments: [{ name: "prod", origin: "gocd" }] });
  launch(model, "c1", { environments: "prod,nowhere" });
  run(model, minute);
  assertEquals(record(model, "c1").environments, ["prod"]);
  assertEquals(model.tally.configSaves, 1);
});

for (const wrong of ["", "guess"]) {
  Deno.test(`an agent with the key "${wrong}" is Pending with the container's hostname and without resources`, () => {
    const model = server("26.1.0");
    launch(model, "c1", { key: wrong, resources: "linux", environments: "prod" });
    run(model, minute);
    const { configState, hostname, gocdResources, environments, runtime } = record(model, "c1");
    assertEquals({ configState, hostname, gocdResources, environments, runtime }, {
      configState: "Pending",
      hostname: "c1",
      gocdResources: [],
      environments: [],
      runtime: "Unknown",
    });
  });
}

Deno.test("a new agent is Idle before its first contact, and a Pending one only if its connection is local", () => {
  for (const version of gocdEras) {
    const model = server(version, { clocks: { bootDelayMs: 0 } });
    const agent = (hostname: string, theKey: string, peerAddress: string): void => {
      const env = { GO_SERVER_URL: "http://gocd:8153/go", AGENT_AUTO_REGISTER_KEY: theKey };
      model.agentStarted({ hostname, uuid: hostname, nowMs: model.nowMs, peerAddress, env });
    };
    agent("ours", key, "10.0.0.1");
    agent("local", "guess", "127.0.0.1");
    agent("remote", "guess", "10.0.0.1");
    model.advance(model.nowMs);
    assertEquals(model.agents().map(({ runtime }) => runtime), ["Idle", "Idle", "Unknown"]);
  }
});

Deno.test("a server without an auto-register key enables no agent automatically", () => {
  const model = server("26.1.0", { autoRegisterKey: "" });
  launch(model, "c1", { key: "" });
  run(model, minute);
  assertEquals(record(model, "c1").configState, "Pending");
});

Deno.test("a Pending agent that an administrator enables builds jobs", () => {
  const model = server("26.1.0");
  launch(model, "c1", { key: "guess" });
  run(model, minute);
  assertEquals(patch(model, "c1", { agent_config_state: "Enabled", resources: ["linux"] }).status, 200);
  job(model, "p", { gocdResources: ["linux"] });
  run(model, 2 * minute);
  assertEquals(model.tally.buildsCompleted, 1);
});

Deno.test("a Pending agent is removed after 300 s without contact", () => {
  const model = server("26.1.0");
  launch(model, "c1", { key: "guess" });
  run(model, minute);
  model.agentStopped("c1", model.nowMs);
  run(model, 290 * second);
  assertEquals(hasRecord(model, "c1"), true);
  run(model, 20 * second);
  assertEquals(hasRecord(model, "c1"), false);
});

Deno.test("an agent with an invalid resource name is refused", () => {
  const model = server("26.1.0");
  launch(model, "c1", { resources: "c++" });
  run(model, 2 * minute);
  assertEquals(model.agents(), []);
  assertEquals(model.tally.registrationsRefused > 10, true);
});

Deno.test("from 16.4 at most 100 agents are Pending", () => {
  for (const [version, want] of [["16.3.0", 103], ["16.6.0", 100]] as const) {
    const model = server(version);
    for (let index = 0; index < 103; index++) launch(model, `c${index}`, { key: "guess" });
    run(model, minute);
    assertEquals(model.agents().length, want);
  }
});

Deno.test("an agent registers after maintenance mode, not during it", () => {
  const model = server("26.1.0");
  model.setMaintenance(true);
  launch(model, "c1");
  run(model, 2 * minute);
  assertEquals(model.agents(), []);
  model.setMaintenance(false);
  run(model, 6 * second);
  assertEquals(record(model, "c1").configState, "Enabled");
});

Deno.test("releases before 18.12 have no maintenance mode", () => {
  assertThrows(() => server("18.10.0").setMaintenance(true), RangeError);
});

Deno.test("a container without the address of the server never registers", () => {
  const model = server("26.1.0", { agentAddresses: ["gocd:8153"] });
  launch(model, "c1", { env: { GO_SERVER_URL: "http://gocd:8153" } });
  launch(model, "c2", { env: { GO_SERVER_URL: "http://elsewhere:8153/go" } });
  launch(model, "c3");
  run(model, 2 * minute);
  assertEquals(model.agents().map(({ uuid }) => uuid), ["uuid-of-c3"]);
});

const families = [
  ["modern", {
    GO_SERVER_URL: "http://gocd:8153/go",
    AGENT_AUTO_REGISTER_KEY: key,
    AGENT_AUTO_REGISTER_RESOURCES: "a,b",
  }],
  ["travix-2015", { GO_SERVER: "gocd", AGENT_KEY: key, AGENT_RESOURCES: "a,b" }],
  ["travix-2017", { GO_SERVER_URL: "http://gocd:8153/go", AGENT_KEY: key, AGENT_RESOURCES: "a,b" }],
  ["gocd-2016", { GO_SERVER: "gocd", AGENT_KEY: key, AGENT_RESOURCES: "a,b" }],
] as const;
for (const [era] of families) {
  for (const [other, otherEnv] of families) {
    Deno.test(`an image of the family ${era} with the variables of ${other} uses only those that it knows`, () => {
      const model = server("26.1.0", { agentAddresses: ["gocd:8153"] });
      model.agentStarted({ hostname: "c1", uuid: "u", nowMs: 0, era, env: otherEnv });
      run(model, minute);
      const shown = model.agents().map(({ configState, gocdResources }) => [configState, ...gocdResources].join(" "));
      const knowsServer = era.startsWith("travix-2015") || era === "gocd-2016"
        ? "GO_SERVER" in otherEnv
        : "GO_SERVER_URL" in otherEnv;
      const knowsKey = era === "modern" ? "AGENT_AUTO_REGISTER_KEY" in otherEnv : "AGENT_KEY" in otherEnv;
      assertEquals(shown, !knowsServer ? [] : [knowsKey ? "Enabled a b" : "Pending"]);
    });
  }
}

Deno.test("a silent agent is LostContact after 300 s, and Idle again after its next ping", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  run(model, minute);
  model.agentStopped("c1", model.nowMs);
  run(model, 290 * second);
  assertEquals(record(model, "c1").runtime, "Idle");
  run(model, 20 * second);
  assertEquals(record(model, "c1").runtime, "LostContact");
  launch(model, "c1");
  run(model, minute);
  assertEquals(record(model, "c1").runtime, "Idle");
});

for (const [version, want] of [["17.8.0", "Idle"], ["17.9.0", "LostContact"]] as const) {
  Deno.test(`on ${version} a disabled agent that becomes silent is ${want}`, () => {
    const model = server(version);
    launch(model, "c1");
    run(model, minute);
    assertEquals(patch(model, "c1", { agent_config_state: "Disabled" }).status, 200);
    model.agentStopped("c1", model.nowMs);
    run(model, 10 * minute);
    assertEquals(record(model, "c1").runtime, want);
  });
}

Deno.test("after a restart agents are Missing until their next ping, and Pending ones are removed until they register again", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  launch(model, "c2", { key: "guess" });
  run(model, minute);
  model.restart(30 * second);
  run(model, 29 * second);
  assertEquals(record(model, "c1").runtime, "Missing");
  assertEquals(hasRecord(model, "c2"), false);
  run(model, 7 * second);
  assertEquals(record(model, "c1").runtime, "Idle");
  assertEquals(record(model, "c2").configState, "Pending");
});

for (const [version, want] of [["18.6.0", "Missing"], ["18.7.0", "LostContact"]] as const) {
  Deno.test(`on ${version} an agent that ended during a restart is ${want}`, () => {
    const model = server(version);
    launch(model, "c1");
    run(model, minute);
    model.agentStopped("c1", model.nowMs);
    model.restart(30 * second);
    run(model, 20 * minute);
    assertEquals(record(model, "c1").runtime, want);
  });
}

Deno.test("up to 20.1 a live agent whose record was deleted registers again as Pending with the same uuid", () => {
  const model = server("20.1.0");
  launch(model, "c1");
  run(model, minute);
  patch(model, "c1", { agent_config_state: "Disabled" });
  assertEquals(remove(model, "c1").status, 200);
  run(model, 6 * second);
  assertEquals(record(model, "c1").configState, "Pending");
  assertEquals(record(model, "c1").hostname, "c1");
  assertEquals(model.tally.ghosts, 1);
  model.agentStopped("c1", model.nowMs);
  run(model, 310 * second);
  assertEquals(model.agents(), []);
});

Deno.test("from 20.2 a live agent whose record was deleted is refused", () => {
  const model = server("20.2.0");
  launch(model, "c1");
  run(model, minute);
  patch(model, "c1", { agent_config_state: "Disabled" });
  assertEquals(remove(model, "c1").status, 200);
  run(model, 10 * minute);
  assertEquals(model.agents(), []);
  assertEquals(model.tally.ghosts, 0);
});

Deno.test("of two processes with one uuid the second one is refused, with a health message", () => {
  const model = server("26.1.0");
  launch(model, "c1", { uuid: "same" });
  run(model, minute);
  launch(model, "c2", { uuid: "same" });
  run(model, minute);
  assertEquals(model.agents().length, 1);
  const messages = JSON.parse(
    model.handle({
      method: "GET",
      path: "/go/api/server_health_messages",
      headers: { accept: "application/vnd.go.cd.v1+json" },
      body: "",
    }, model.nowMs).body,
  );
  assertEquals(messages[0].message.includes("duplicate unique identifier"), true);
});

Deno.test("a cancelled build that hangs keeps its agent Cancelled until its tasks are killed", () => {
  const model = server("26.1.0");
  launch(model, "c1");
  const locator = job(model, "p", { durationMs: 60 * minute });
  runUntil(model, () => model.jobs()[0]?.state === "Building");
  run(model, 6 * second);
  assertEquals(model.cancelJob(locator, true), true);
  run(model, 20 * minute);
  assertEquals(record(model, "c1").runtime, "Cancelled");
  patch(model, "c1", { agent_config_state: "Disabled" });
  assertEquals(remove(model, "c1").status, 422);
  const kill = { method: "POST", path: "/go/api/agents/uuid-of-c1/kill_running_tasks", body: "" };
  const headers = { accept: "application/vnd.go.cd.v7+json", "x-gocd-confirm": "true" };
  assertEquals(model.handle({ ...kill, headers: { accept: headers.accept } }, model.nowMs).status, 400);
  assertEquals(model.handle({ ...kill, headers }, model.nowMs).status, 202);
  assertEquals(model.handle({ ...kill, headers }, model.nowMs).status, 409);
  run(model, 11 * second);
  assertEquals(record(model, "c1").runtime, "Idle");
  assertEquals(model.handle({ ...kill, headers }, model.nowMs).status, 409);
  assertEquals(remove(model, "c1").status, 200);
});

Deno.test("malformed versions and versions outside the range are refused", () => {
  for (const version of ["14.4.0", "26", "x", "26.1.0-1"]) assertThrows(() => gocdRules(version), RangeError);
});

Deno.test("a new agent first has the address of its connection and no environments", () => {
  const model = server("26.1.0", { environments: [{ name: "prod", origin: "gocd" }] });
  model.agentStarted({
    hostname: "c1",
    uuid: "uuid-of-c1",
    nowMs: 0,
    bootDelayMs: 0,
    ownName: "c1.ci.example.com",
    ipAddress: "172.17.0.9",
    peerAddress: "10.0.0.1",
    environmentsLateMs: 6 * second,
    env: {
      GO_SERVER_URL: "http://gocd:8153/go",
      AGENT_AUTO_REGISTER_KEY: key,
      AGENT_AUTO_REGISTER_ENVIRONMENTS: "prod",
      AGENT_AUTO_REGISTER_HOSTNAME: "shown",
    },
  });
  const shown = (): unknown[] => {
    const { hostname, ipAddress, environments } = record(model, "c1");
    return [hostname, ipAddress, environments];
  };
  run(model, 0);
  assertEquals(shown(), ["c1.ci.example.com", "10.0.0.1", []]);
  run(model, 5 * second);
  assertEquals(shown(), ["c1.ci.example.com", "172.17.0.9", []]);
  run(model, second);
  assertEquals(shown(), ["c1.ci.example.com", "172.17.0.9", ["prod"]]);
});

// Tasks of the simulated master: launch, pull, kill, updates and acknowledgements, invalid tasks.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { dockerOptionsProblem } from "../../src/sim/mesos/docker_options.ts";
import { at, listAt, type Plain } from "../../src/sim/mesos/json.ts";
import {
  acceptOffer,
  ack,
  dockerTask,
  idOf,
  offersIn,
  pass,
  passAcknowledging,
  send,
  statusesIn,
  subscribeCall,
  subscribed,
  take,
  type TestClient,
} from "./mesos_client.ts";

const oneAgent = { mesosAgents: [{ hostname: "h1", resources: { cpus: 4, mem: 4096, disk: 1000 } }] };

function states(events: readonly Plain[]): readonly unknown[] {
  return statusesIn(events).map((status) => status["state"]);
}

/** A client whose task runs and is acknowledged. */
function withTask(change: Plain = {}, options = {}): readonly [TestClient, string] {
  const [client, offers] = subscribed({ ...oneAgent, ...options });
  const mesosAgentId = idOf(offers[0], "agent_id");
  acceptOffer(client, offers, [dockerTask("t", mesosAgentId, change)]);
  passAcknowledging(client, 5000);
  return [client, mesosAgentId];
}

function kill(client: TestClient, taskId: string, parts: Plain = {}): void {
  send(client, "KILL", { kill: { "task_id": { value: taskId }, ...parts } });
}

Deno.test("a Docker task pulls its image, starts and runs, with its name, image and environment", () => {
  const [client, offers] = subscribed(oneAgent);
  const container = {
    type: "DOCKER",
    docker: { image: "i:1", network: "BRIDGE", parameters: [{ key: "hostname", value: "agent-1" }] },
  };
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"), { container })]);
  pass(client, 2900);
  assertEquals(states(take(client)), [], "the pull takes 3 s");
  assertEquals(states(passAcknowledging(client, 1000)), ["TASK_STARTING", "TASK_RUNNING"]);
  const started = client.containers[0];
  if (started?.kind !== "started") throw new Error("the container did not start");
  assertEquals([started.taskId, started.host, started.hostname, started.image], ["t", "h1", "agent-1", "i:1"]);
  assertEquals(started.env["GO_SERVER_URL"], "http://go/go");
  assertEquals(started.env["MESOS_ALLOCATION_ROLE"], "gocd");
});

Deno.test("a present image is pulled again only if forced", () => {
  const [client] = withTask();
  const start = (id: string, force: boolean): number => {
    passAcknowledging(client, 3000);
    const offers = client.model.view().offers;
    const docker = { image: "gocd/gocd-agent-alpine:v1", network: "HOST", "force_pull_image": force };
    const offer = { id: { value: offers[0]?.id } };
    acceptOffer(client, [offer], [
      dockerTask(id, offers[0]?.mesosAgentId ?? "", { container: { type: "DOCKER", docker } }),
    ]);
    const fromMs = client.nowMs;
    pass(client, 10_000);
    return (client.containers.at(-1)?.atMs ?? 0) - fromMs;
  };
  assert(start("u", false) < 1000);
  assert(start("v", true) > 3000);
});

Deno.test("a failed pull on any or on one host is TASK_FAILED with the message of Docker", () => {
  const [client, offers] = subscribed({ ...oneAgent, missingImages: ["gocd/gocd-agent-alpine:v1"] });
  const mesosAgentId = idOf(offers[0], "agent_id");
  acceptOffer(client, offers, [dockerTask("t", mesosAgentId)]);
  const [status] = statusesIn(passAcknowledging(client, 5000));
  assertEquals([status?.["state"], status?.["reason"]], ["TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED"]);
  assertStringIncludes(String(status?.["message"]), "pull access denied for gocd/gocd-agent-alpine");
  assertEquals(client.containers, []);
  client.model.setImage("gocd/gocd-agent-alpine:v1", ["another"]);
  const out = client.model.view().offers.slice(0, 1).map((offer) => ({ id: { value: offer.id } }));
  acceptOffer(client, out, [dockerTask("u", mesosAgentId)]);
  assertEquals(states(passAcknowledging(client, 5000)).at(-1), "TASK_RUNNING");
});

const docker = { image: "i", network: "BRIDGE" };
const ports = { name: "ports", type: "RANGES", ranges: { range: [{ begin: 31_000, end: 31_001 }] } };
const mapped = (port: number): Plain => ({ ...docker, "port_mappings": [{ "host_port": port, "container_port": 80 }] });
const volume = (driver: string): Plain => ({
  "container_path": "/c",
  mode: "RW",
  source: { type: "DOCKER_VOLUME", "docker_volume": { driver, name: "v" } },
});
const options: readonly (readonly [string, Plain, string | undefined])[] = [
  ["a port of the task", { container: { type: "DOCKER", docker: mapped(31_001) }, resources: [ports] }, undefined],
  ["another port", { container: { type: "DOCKER", docker: mapped(80) }, resources: [ports] }, "not included"],
  ["a port of no resource", { container: { type: "DOCKER", docker: mapped(80) } }, "require port resources"],
  ["a port on the host's network", {
    container: { type: "DOCKER", docker: { ...mapped(31_001), network: "HOST" } },
    resources: [ports],
  }, "only supported for bridge"],
  ["one driver twice", { container: { type: "DOCKER", docker, volumes: [volume("a"), volume("a")] } }, undefined],
  ["two drivers", { container: { type: "DOCKER", docker, volumes: [volume("a"), volume("b")] } }, "one volume driver"],
  ["a network without a name", { container: { type: "DOCKER", docker: { ...docker, network: "USER" } } }, "No network"],
  ["a shell without a command", { container: { type: "DOCKER", docker }, command: {} }, "no command value"],
  ["another containerizer", { container: { type: "MESOS" }, command: {} }, undefined],
];

for (const [name, info, want] of options) {
  Deno.test(`the Docker options of a task with ${name} are ${want === undefined ? "valid" : `refused: ${want}`}`, () => {
    const problem = dockerOptionsProblem({ command: { shell: false }, ...info });
    if (want === undefined) assertEquals(problem, undefined);
    else assert(problem?.includes(want), problem);
  });
}

Deno.test("a hostname with host network is TASK_FAILED", () => {
  const container = { type: "DOCKER", hostname: "x", docker: { image: "i", network: "HOST" } };
  const [client, offers] = subscribed(oneAgent);
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"), { container })]);
  const statuses = statusesIn(passAcknowledging(client, 5000));
  assertEquals(statuses.map((status) => status["state"]), ["TASK_STARTING", "TASK_FAILED"]);
  assertEquals(
    statuses[1]?.["message"],
    "Failed to create docker run options: Unable to set hostname with host network mode",
  );
});

for (const [status, state] of [[0, "TASK_FINISHED"], [3, "TASK_FAILED"]] as const) {
  Deno.test(`a container that exits with ${status} results in ${state}`, () => {
    const [client] = withTask();
    assert(client.model.exitContainer("t", status, client.nowMs));
    const last = statusesIn(passAcknowledging(client, 100)).at(-1);
    assertEquals([last?.["state"], last?.["message"]], [state, `Container exited with status ${status}`]);
    assertEquals(client.model.exitContainer("t", 0, client.nowMs), false);
  });
}

Deno.test("KILL causes TASK_KILLING, then TASK_KILLED with status 143 within the grace period and 137 after it", () => {
  for (const [stopMs, status, how] of [[500, 143, "stopped"], [60_000, 137, "killed"]] as const) {
    const [client] = withTask({}, { timing: { stopMs } });
    kill(client, "t");
    const statuses = statusesIn(passAcknowledging(client, 3000));
    assertEquals(statuses.map((each) => each["state"]), ["TASK_KILLING", "TASK_KILLED"]);
    assertEquals(statuses[1]?.["message"], `Container exited with status ${status}`);
    const stopped = client.containers.at(-1);
    assertEquals(stopped?.kind === "stopped" ? stopped.how : "", how);
  }
});

Deno.test("without TASK_KILLING_STATE there is no TASK_KILLING, and the kill policy of the call overrides that of the task", () => {
  const capabilities = [{ type: "MULTI_ROLE" }, { type: "PARTITION_AWARE" }];
  const [client, offers] = subscribed({ ...oneAgent, timing: { stopMs: 20_000 } }, subscribeCall({ capabilities }));
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"))]);
  passAcknowledging(client, 5000);
  const fromMs = client.nowMs;
  kill(client, "t", { "kill_policy": { "grace_period": { nanoseconds: 10e9 } } });
  assertEquals(states(passAcknowledging(client, 15_000)), ["TASK_KILLED"]);
  assertEquals(Math.round(((client.containers.at(-1)?.atMs ?? 0) - fromMs) / 1000), 10);
});

Deno.test("KILL during the pull ends a task before it starts", () => {
  const [client, offers] = subscribed(oneAgent);
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"))]);
  pass(client, 100);
  kill(client, "t");
  const [status] = statusesIn(passAcknowledging(client, 5000));
  assertEquals([status?.["state"], status?.["message"]], ["TASK_KILLED", "Killed before delivery to the executor"]);
  assertEquals(client.containers, []);
});

Deno.test("KILL of an unknown task causes TASK_UNKNOWN, of an ended one TASK_GONE, and on the wrong Mesos agent no update", () => {
  const [client, mesosAgentId] = withTask();
  kill(client, "nope");
  kill(client, "t", { "agent_id": { value: "another" } });
  pass(client, 1000);
  assertEquals(states(take(client)), ["TASK_UNKNOWN"]);
  client.model.exitContainer("t", 0, client.nowMs);
  passAcknowledging(client, 1000);
  kill(client, "t", { "agent_id": { value: mesosAgentId } });
  pass(client, 1000);
  const [gone] = statusesIn(take(client));
  assertEquals([gone?.["state"], gone?.["message"]], ["TASK_GONE", "Reconciliation: Task is unknown to the agent"]);
  assertEquals(gone?.["uuid"], undefined, "made by the master");
});

Deno.test("without PARTITION_AWARE an unknown task is TASK_LOST", () => {
  const [client] = subscribed(oneAgent, subscribeCall({ capabilities: [{ type: "MULTI_ROLE" }] }));
  kill(client, "nope");
  pass(client, 100);
  assertEquals(states(take(client)), ["TASK_LOST"]);
});

Deno.test("an unacknowledged update is repeated after 10, 20 and 40 s with its uuid, and delays the next ones", () => {
  const [client, offers] = subscribed(oneAgent);
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"))]);
  const seen: (readonly [number, Plain])[] = [];
  for (let second = 0; second < 80; second++) {
    pass(client, 1000);
    for (const status of statusesIn(take(client))) seen.push([second, status]);
  }
  const times = seen.map(([second]) => second - (seen[0]?.[0] ?? 0));
  assertEquals(times, [0, 10, 30, 70]);
  assertEquals(new Set(seen.map(([, status]) => status["uuid"])).size, 1);
  assertEquals(new Set(seen.map(([, status]) => status["state"])), new Set(["TASK_STARTING"]));
  ack(client, seen[0]?.[1] ?? {});
  pass(client, 10);
  assertEquals(states(take(client)), ["TASK_RUNNING"], "the held one follows at once");
  assertEquals(client.model.counters.updatesRepeated, 3);
});

Deno.test("updates are repeated at least every 10 minutes until they are acknowledged", () => {
  const [client, offers] = subscribed(oneAgent);
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"))]);
  pass(client, 3 * 3600_000);
  const before = client.model.counters.updatesRepeated;
  pass(client, 3600_000);
  assertEquals(client.model.counters.updatesRepeated - before, 6);
  passAcknowledging(client, 700_000, 1000);
  const settled = client.model.counters.updatesRepeated;
  pass(client, 3600_000);
  assertEquals(client.model.counters.updatesRepeated, settled);
});

Deno.test("a wrong, a foreign and a second acknowledgement have no effect and are counted", () => {
  const [client, offers] = subscribed(oneAgent);
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"))]);
  pass(client, 4000);
  const [starting] = statusesIn(take(client));
  ack(client, { ...starting, uuid: "aTJPAY+/QGG1pw2e09GaXQ==" });
  ack(client, { ...starting, "task_id": { value: "other" } });
  pass(client, 100);
  assertEquals(states(take(client)), []);
  ack(client, starting ?? {});
  ack(client, starting ?? {});
  assertEquals(client.model.counters.acknowledgementsUnexpected, 3);
  assertEquals(client.model.counters.updatesAcknowledged, 1);
});

Deno.test("a task is known until its terminal update is acknowledged", () => {
  const [client, mesosAgentId] = withTask();
  client.model.exitContainer("t", 3, client.nowMs);
  pass(client, 100);
  const [failed] = statusesIn(take(client));
  const ask = { tasks: [{ "task_id": { value: "t" }, "agent_id": { value: mesosAgentId } }] };
  send(client, "RECONCILE", { reconcile: ask });
  pass(client, 10);
  assertEquals(states(take(client)), ["TASK_FAILED"]);
  ack(client, failed ?? {});
  send(client, "RECONCILE", { reconcile: ask });
  pass(client, 10);
  assertEquals(states(take(client)), ["TASK_GONE"]);
});

const two = (id: string, mesosAgentId: string): Plain => dockerTask(id, mesosAgentId);
const wrongTasks: readonly (readonly [string, Plain, string])[] = [
  [
    "more than the offer has",
    { resources: [{ name: "cpus", type: "SCALAR", scalar: { value: 9 }, "allocation_info": { role: "gocd" } }] },
    "Total resources cpus(allocated: gocd):9 required by task and its executor is more than available " +
    "ports(allocated: gocd):[31000-32000]; cpus(allocated: gocd):4; mem(allocated: gocd):4096; disk(allocated: gocd):1000",
  ],
  [
    "no allocation role",
    { resources: [{ name: "cpus", type: "SCALAR", scalar: { value: 1 } }] },
    "Total resources cpus:1 required by task and its executor is more than available ",
  ],
  [
    "a reservation that the offer lacks",
    {
      resources: [{
        name: "cpus",
        type: "SCALAR",
        scalar: { value: 1 },
        "allocation_info": { role: "gocd" },
        reservations: [{ type: "STATIC", role: "gocd" }],
      }],
    },
    "Total resources cpus(allocated: gocd)(reservations: [(STATIC,gocd)]):1 required",
  ],
  ["no resources", { resources: [] }, "Task uses no resources"],
  ["a slash in its id", { "task_id": { value: "a/b" } }, "'a/b' contains invalid characters"],
  ["another Mesos agent", { "agent_id": { value: "S9" } }, "Task uses invalid agent S9 while agent"],
  [
    "neither command nor executor",
    { command: undefined },
    "Task should have at least one (but not both) of CommandInfo",
  ],
  ["a docker parameter 'name'", {
    container: { type: "DOCKER", docker: { image: "i", parameters: [{ key: "name", value: "x" }] } },
  }, "Task's `ContainerInfo` is invalid: Parameter in DockerInfo must not be 'name'"],
  [
    "a variable without value",
    { command: { environment: { variables: [{ name: "X", type: "VALUE" }] } } },
    "Task's `CommandInfo` is invalid: Environment variable 'X' of type 'VALUE' must have a value set",
  ],
  [
    "a negative grace",
    { "kill_policy": { "grace_period": { nanoseconds: -1 } } },
    "Task's 'kill_policy.grace_period' must be non-negative",
  ],
];

for (const [name, change, message] of wrongTasks) {
  Deno.test(`a task with ${name} is TASK_ERROR, and the others of the same ACCEPT are launched`, () => {
    const [client, offers] = subscribed(oneAgent);
    const mesosAgentId = idOf(offers[0], "agent_id");
    const wrong = Object.fromEntries(
      Object.entries({ ...dockerTask("wrong", mesosAgentId), ...change }).filter(([, v]) => v !== undefined),
    );
    acceptOffer(client, offers, [wrong, two("right", mesosAgentId)]);
    const statuses = statusesIn(passAcknowledging(client, 5000));
    assertEquals(statuses[0]?.["state"], "TASK_ERROR");
    assertEquals(statuses[0]?.["reason"], "REASON_TASK_INVALID");
    assertStringIncludes(String(statuses[0]?.["message"]), message);
    assertEquals(statuses[0]?.["uuid"], undefined);
    assertEquals(statuses.at(-1)?.["state"], "TASK_RUNNING");
    assertEquals(idOf(statuses.at(-1), "task_id"), "right");
  });
}

Deno.test("a task id in use is refused as a duplicate, and counted as a double launch", () => {
  const [client, mesosAgentId] = withTask();
  pass(client, 3000);
  const offers = offersIn(take(client));
  const again = offers.length > 0 ? offers : client.model.view().offers.map((offer) => ({ id: { value: offer.id } }));
  acceptOffer(client, again, [dockerTask("t", mesosAgentId)]);
  pass(client, 10);
  assertEquals(statusesIn(take(client)).map((status) => status["message"]), ["Task has duplicate ID: t"]);
  assertEquals([client.model.counters.doubleLaunches, client.model.counters.launches["t"]], [1, 2]);
});

Deno.test("an ACCEPT with offers of two Mesos agents, a used offer, a duplicate offer or no offer is TASK_DROPPED with the reason", () => {
  const [client, offers] = subscribed();
  const mesosAgentId = idOf(offers[0], "agent_id");
  const message = (): unknown => {
    pass(client, 10);
    const [status] = statusesIn(take(client));
    assertEquals([status?.["state"], status?.["reason"]], ["TASK_DROPPED", "REASON_INVALID_OFFERS"]);
    return status?.["message"];
  };
  acceptOffer(client, [offers[0] ?? {}, offers[0] ?? {}], [dockerTask("a", mesosAgentId)]);
  assertEquals(message(), `Task launched with invalid offers: Duplicate offer ${idOf(offers[0])} in offer list`);
  acceptOffer(client, offers.slice(0, 1), [dockerTask("b", mesosAgentId)]);
  assertEquals(message(), `Task launched with invalid offers: Offer ${idOf(offers[0])} is no longer valid`);
  acceptOffer(client, [], [dockerTask("c", mesosAgentId)]);
  assertEquals(message(), "Task launched with invalid offers: No offers specified");
  send(client, "REVIVE");
  pass(client, 1500);
  const fresh = [...offers.slice(1), ...offersIn(take(client))];
  acceptOffer(client, fresh, [dockerTask("d", mesosAgentId)]);
  assertStringIncludes(String(message()), "Aggregated offers must belong to one single agent.");
  assertEquals(client.model.counters.tasksDropped, 4);
});

Deno.test("two offers of one Mesos agent can be used together, and the unused part is offered after the filter", () => {
  const mesosAgents = [{
    hostname: "h",
    resources: { cpus: 2, mem: 64 },
    reserved: [{ role: "gocd", resources: { cpus: 2 } }],
  }];
  const [client, offers] = subscribed({ mesosAgents });
  const part = (value: number, reservations: readonly Plain[]): Plain => ({
    name: "cpus",
    type: "SCALAR",
    scalar: { value },
    "allocation_info": { role: "gocd" },
    ...(reservations.length === 0 ? {} : { reservations }),
  });
  const resources = [part(2, [{ type: "STATIC", role: "gocd" }]), part(1, [])];
  acceptOffer(client, offers, [dockerTask("t", idOf(offers[0], "agent_id"), { resources })], 2);
  passAcknowledging(client, 1500);
  const [rest] = offersIn(passAcknowledging(client, 2000));
  assertEquals(listAt(rest, "resources").map((each) => [each["name"], at(each, "scalar", "value")]), [
    ["ports", undefined],
    ["cpus", 1],
    ["mem", 64],
  ]);
});

Deno.test("LAUNCH_GROUP needs an executor with disk", () => {
  const [client, offers] = subscribed(oneAgent);
  const mesosAgentId = idOf(offers[0], "agent_id");
  const executor = {
    type: "DEFAULT",
    "executor_id": { value: "e" },
    resources: [["cpus", 0.1], ["mem", 32]].map(([name, value]) => ({ name, type: "SCALAR", scalar: { value } })),
  };
  const group = { executor, "task_group": { tasks: [dockerTask("t", mesosAgentId)] } };
  const operations = [{ type: "LAUNCH_GROUP", "launch_group": group }];
  send(client, "ACCEPT", { accept: { "offer_ids": offers.map((offer) => offer["id"]), operations } });
  pass(client, 10);
  const [status] = statusesIn(take(client));
  assertEquals([status?.["reason"], status?.["message"]], ["REASON_TASK_GROUP_INVALID", "Executor 'e' uses no disk"]);
});

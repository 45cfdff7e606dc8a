// Mesos agents of the simulated master: loss and return, draining, maintenance, failover of the master.

import { assert, assertEquals } from "@std/assert";
import { at, type Plain, textAt } from "../../src/sim/mesos/json.ts";
import {
  acceptOffer,
  dockerTask,
  idOf,
  offersIn,
  pass,
  passAcknowledging,
  send,
  statusesIn,
  subscribe,
  subscribeCall,
  subscribed,
  take,
  type TestClient,
} from "./mesos_client.ts";

const startMs = 1_795_344_000_000;

/** Two agents, a task running on the first of the offers; the second offer is out. */
function withTask(options = {}): readonly [TestClient, string] {
  const [client, offers] = subscribed({ startMs, ...options });
  const mesosAgentId = idOf(offers[0], "agent_id");
  acceptOffer(client, offers.slice(0, 1), [dockerTask("t", mesosAgentId)]);
  passAcknowledging(client, 5000);
  return [client, mesosAgentId];
}

function kinds(events: readonly Plain[]): readonly unknown[] {
  return events.filter((event) => event["type"] !== "HEARTBEAT").map((event) =>
    textAt(event, "update", "status", "state") ?? event["type"]
  );
}

function reconcile(client: TestClient, mesosAgentId?: string, taskId = "t"): readonly (readonly unknown[])[] {
  const task = {
    "task_id": { value: taskId },
    ...(mesosAgentId === undefined ? {} : { "agent_id": { value: mesosAgentId } }),
  };
  send(client, "RECONCILE", { reconcile: { tasks: [task] } });
  pass(client, 10);
  return statusesIn(take(client)).map((status) => [status["state"], status["message"]]);
}

Deno.test("a silent Mesos agent is unreachable after 75 s, with TASK_UNREACHABLE, RESCIND and FAILURE", () => {
  const [client, mesosAgentId] = withTask();
  client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
  pass(client, 74_000);
  assertEquals(kinds(take(client)), []);
  pass(client, 1100);
  const events = take(client);
  assertEquals(kinds(events), ["TASK_UNREACHABLE", "RESCIND", "FAILURE"]);
  const [status] = statusesIn(events);
  assertEquals([status?.["message"], status?.["reason"]], ["health check timed out", "REASON_AGENT_REMOVED"]);
  assertEquals(status?.["uuid"], undefined);
  assert(typeof at(status, "unreachable_time", "nanoseconds") === "number");
  assertEquals(events.at(-1), { type: "FAILURE", failure: { "agent_id": { value: mesosAgentId } } });
  assertEquals(client.containers.length, 1, "the container lives on");
});

Deno.test("the reconciliation of an unreachable task returns TASK_UNREACHABLE only with its agent_id", () => {
  const [client, mesosAgentId] = withTask();
  client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
  pass(client, 76_000);
  take(client);
  assertEquals(reconcile(client), [["TASK_UNKNOWN", "Reconciliation: Task is unknown"]]);
  assertEquals(reconcile(client, mesosAgentId), [["TASK_UNREACHABLE", "Reconciliation: Task is unreachable"]]);
});

Deno.test("a Mesos agent that returns causes TASK_RUNNING from the master and an offer", () => {
  const [client, mesosAgentId] = withTask();
  client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
  pass(client, 80_000);
  take(client);
  client.model.returnMesosAgent(mesosAgentId, "alive", client.nowMs);
  pass(client, 100);
  const events = take(client);
  assertEquals(kinds(events), ["TASK_RUNNING", "OFFERS"]);
  const [status] = statusesIn(events);
  assertEquals([status?.["message"], status?.["reason"]], [
    "Unreachable agent re-reregistered",
    "REASON_AGENT_REREGISTERED",
  ]);
  assertEquals([status?.["uuid"], status?.["source"]], [undefined, "SOURCE_MASTER"]);
});

Deno.test("a task whose container has ended when its Mesos agent returns is TASK_FAILED, from the master and from the agent", () => {
  const [client, mesosAgentId] = withTask();
  client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
  pass(client, 80_000);
  take(client);
  client.model.returnMesosAgent(mesosAgentId, "gone", client.nowMs);
  const statuses = statusesIn(passAcknowledging(client, 1000));
  assertEquals(statuses.map((status) => [status["state"], status["uuid"] !== undefined]), [
    ["TASK_FAILED", false],
    ["TASK_FAILED", true],
  ]);
  assertEquals(statuses[0]?.["message"], "Unreachable agent re-reregistered");
  const stopped = client.containers.at(-1);
  assertEquals(stopped?.kind === "stopped" ? stopped.how : "", "lost");
});

Deno.test("a Mesos agent whose process restarts within 75 s loses its offers at once and keeps its task", () => {
  const [client, mesosAgentId] = withTask();
  client.model.stopMesosAgent(mesosAgentId, client.nowMs);
  pass(client, 100);
  assertEquals(kinds(take(client)), ["RESCIND"]);
  pass(client, 20_000);
  client.model.returnMesosAgent(mesosAgentId, "alive", client.nowMs);
  pass(client, 100);
  assertEquals(kinds(take(client)), ["OFFERS"]);
  pass(client, 100_000);
  assertEquals(client.model.view().tasks.map((task) => task.state), ["TASK_RUNNING"]);
});

Deno.test("updates of a silent Mesos agent are sent when it returns", () => {
  const [client, mesosAgentId] = withTask();
  client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
  client.model.exitContainer("t", 1, client.nowMs);
  pass(client, 20_000);
  assertEquals(kinds(take(client)), []);
  client.model.returnMesosAgent(mesosAgentId, "alive", client.nowMs);
  assertEquals(kinds(passAcknowledging(client, 100)).filter((kind) => kind !== "OFFERS"), ["TASK_FAILED"]);
});

Deno.test("a launch that never reached its Mesos agent is TASK_DROPPED when the agent registers again", () => {
  const [client, offers] = subscribed({ faults: { launchLost: 1 } });
  const mesosAgentId = idOf(offers[0], "agent_id");
  acceptOffer(client, offers.slice(0, 1), [dockerTask("t", mesosAgentId)]);
  pass(client, 60_000);
  assertEquals(reconcile(client, mesosAgentId), [["TASK_STAGING", "Reconciliation: Latest task state"]]);
  client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
  client.model.returnMesosAgent(mesosAgentId, "alive", client.nowMs + 1000);
  client.nowMs += 1000;
  const [status] = statusesIn(passAcknowledging(client, 100));
  assertEquals([status?.["state"], status?.["source"]], ["TASK_DROPPED", "SOURCE_AGENT"]);
});

Deno.test("a Mesos agent that unregisters causes TASK_LOST even for a partition-aware framework", () => {
  const [client, mesosAgentId] = withTask();
  client.model.unregisterMesosAgent(mesosAgentId, client.nowMs);
  pass(client, 100);
  const events = take(client);
  assertEquals(kinds(events), ["TASK_LOST", "RESCIND", "FAILURE"]);
  assertEquals(statusesIn(events)[0]?.["message"], "Agent 127.0.0.1 removed: the agent unregistered");
  assertEquals(client.containers.at(-1)?.kind, "stopped");
  assertEquals(reconcile(client, mesosAgentId), [["TASK_UNKNOWN", "Reconciliation: Task is unknown"]]);
});

Deno.test("a wiped host returns with a new agent id, and the tasks of the old one are lost", () => {
  const [client, mesosAgentId] = withTask();
  const newId = client.model.wipeMesosAgent(mesosAgentId, client.nowMs);
  pass(client, 100);
  const events = take(client);
  assertEquals(kinds(events), ["TASK_LOST", "RESCIND", "FAILURE", "OFFERS"]);
  assertEquals(idOf(offersIn(events)[0], "agent_id"), newId);
  assert(newId !== mesosAgentId);
});

Deno.test("a host that is wiped while unreachable never returns with its old agent id", () => {
  const [client, mesosAgentId] = withTask();
  client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
  pass(client, 100_000);
  client.model.wipeMesosAgent(mesosAgentId, client.nowMs);
  client.model.returnMesosAgent(mesosAgentId, "alive", client.nowMs);
  const standing = client.model.view().mesosAgents.map((each) => [each.id === mesosAgentId, each.standing]);
  assertEquals(standing.slice(-2), [[true, "unreachable"], [false, "registered"]]);
});

Deno.test("a Mesos agent that is marked as gone causes TASK_GONE_BY_OPERATOR", () => {
  const [client, mesosAgentId] = withTask();
  client.model.markMesosAgentGone(mesosAgentId, client.nowMs);
  pass(client, 100);
  assertEquals(kinds(take(client)), ["TASK_GONE_BY_OPERATOR", "RESCIND", "FAILURE"]);
  assertEquals(reconcile(client, mesosAgentId), [["TASK_GONE_BY_OPERATOR", "Reconciliation: Task is gone"]]);
});

Deno.test("DRAIN_AGENT kills the tasks with its reason, and the agent is not offered until reactivated", () => {
  const [client, mesosAgentId] = withTask();
  client.model.drainMesosAgent(mesosAgentId, client.nowMs);
  const events = passAcknowledging(client, 30_000);
  assertEquals(kinds(events), ["RESCIND", "TASK_KILLING", "TASK_KILLED"]);
  assertEquals(statusesIn(events).at(-1)?.["reason"], "REASON_AGENT_DRAINING");
  client.model.reactivateMesosAgent(mesosAgentId, client.nowMs);
  assertEquals(kinds(passAcknowledging(client, 2000)), ["OFFERS"]);
});

Deno.test("maintenance repeats the offers with the window, and sends inverse offers for hosts in use", () => {
  const [client, mesosAgentId] = withTask();
  const window = { startMs: client.nowMs + 600_000, durationMs: 3600_000 };
  client.model.setMaintenance(client.model.view().mesosAgents.map((agent) => agent.id), window, client.nowMs);
  pass(client, 100);
  const events = take(client);
  assertEquals(kinds(events).slice(0, 2), ["RESCIND", "RESCIND"]);
  assertEquals(events.filter((event) => event["type"] === "INVERSE_OFFERS").length, 1, "only where something runs");
  const inverse = at(
    events.find((event) => event["type"] === "INVERSE_OFFERS"),
    "inverse_offers",
    "inverse_offers",
  ) as Plain[];
  assertEquals(idOf(inverse[0], "agent_id"), mesosAgentId);
  const unavailability = {
    start: { nanoseconds: window.startMs * 1e6 },
    duration: { nanoseconds: window.durationMs * 1e6 },
  };
  assertEquals(inverse[0]?.["unavailability"], unavailability);
  assertEquals(offersIn(events).map((offer) => offer["unavailability"]), [unavailability, unavailability]);
  const answer = { "inverse_offer_ids": [inverse[0]?.["id"]], filters: { "refuse_seconds": 3 } };
  const askedAgain = (): boolean => {
    const seen = take(client).flatMap((event) =>
      at(event, "inverse_offers", "inverse_offers") as Plain[] | undefined ?? []
    );
    return seen.some((each) => idOf(each, "agent_id") === mesosAgentId);
  };
  send(client, "DECLINE_INVERSE_OFFERS", { "decline_inverse_offers": answer });
  pass(client, 2500);
  assertEquals(askedAgain(), false);
  pass(client, 2000);
  assertEquals(askedAgain(), true);
  client.model.setMaintenance([mesosAgentId], undefined, client.nowMs);
  pass(client, 10);
  const after = take(client);
  assertEquals(kinds(after), ["RESCIND", "RESCIND_INVERSE_OFFER", "OFFERS"]);
  assertEquals(offersIn(after)[0]?.["unavailability"], undefined);
});

Deno.test("a Mesos agent that joins is offered at once", () => {
  const [client] = subscribed();
  const id = client.model.addMesosAgent({ hostname: "new", resources: { cpus: 1, mem: 64 } }, client.nowMs);
  pass(client, 10);
  assertEquals(offersIn(take(client)).map((offer) => idOf(offer, "agent_id")), [id]);
});

const masters = [5050, 5150, 5250].map((port) => ({ hostname: "127.0.0.1", port }));

Deno.test("after a master failover a task is reconciled only once its Mesos agent has registered again", () => {
  const [client, mesosAgentId] = withTask({ masters, timing: { mesosAgentReregisterMs: 20_000 } });
  client.model.failMaster({}, client.nowMs);
  pass(client, 9000);
  assert(client.isEnded, "the stream is cut");
  assertEquals(client.model.leader(), undefined);
  pass(client, 1300);
  assertEquals(client.model.leader(), 1);
  take(client);
  subscribe(client, subscribeCall({}, client.frameworkId), 10);
  assertEquals(reconcile(client, mesosAgentId), [], "not re-registered: no answer");
  assertEquals(reconcile(client), [], "some agents are not: no answer without agent_id either");
  pass(client, 25_000);
  assertEquals(statusesIn(take(client)), [], "agents that come back to a new master make it tell nothing");
  assertEquals(reconcile(client, mesosAgentId), [["TASK_RUNNING", "Reconciliation: Latest task state"]]);
  send(client, "RECONCILE", { reconcile: { tasks: [] } });
  pass(client, 10);
  assertEquals(kinds(take(client)), ["TASK_RUNNING"]);
  assertEquals(client.model.view().mesosAgents.every((agent) => agent.isConserved), true);
});

Deno.test("a framework that returns after its Mesos agents has its tasks, and their resources are not offered", () => {
  const [client] = withTask({ masters, timing: { mesosAgentReregisterMs: 1000 } });
  client.model.failMaster({ electionMs: 1000 }, client.nowMs);
  pass(client, 5000);
  take(client);
  subscribe(client, subscribeCall({}, client.frameworkId));
  const cpus = offersIn(take(client)).flatMap((offer) => at(offer, "resources") as Plain[])
    .filter((resource) => resource["name"] === "cpus").map((resource) => at(resource, "scalar", "value"));
  assertEquals(cpus.toSorted(), [7, 8]);
  send(client, "RECONCILE", { reconcile: { tasks: [] } });
  pass(client, 10);
  assertEquals(kinds(take(client)), ["TASK_RUNNING"]);
});

Deno.test("a Mesos agent that does not register with the new master is unreachable after the reregister timeout", () => {
  const [client, mesosAgentId] = withTask({ masters });
  client.model.silenceMesosAgent(mesosAgentId, client.nowMs);
  client.model.failMaster({ electionMs: 1000 }, client.nowMs);
  pass(client, 2000);
  subscribe(client, subscribeCall({}, client.frameworkId));
  pass(client, 500_000);
  assertEquals(reconcile(client, mesosAgentId), []);
  pass(client, 110_000);
  const failures = take(client).filter((event) => event["type"] === "FAILURE");
  assertEquals(failures, [{ type: "FAILURE", failure: { "agent_id": { value: mesosAgentId } } }]);
  assertEquals(reconcile(client, mesosAgentId), [["TASK_UNREACHABLE", "Reconciliation: Task is unreachable"]]);
});

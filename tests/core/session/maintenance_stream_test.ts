// A maintenance window that is cancelled while the stream of the same leader breaks again and again.

import { assertEquals } from "@std/assert";
import { building, type Driver, gocdAgent, linux, minute, only, second, withIdleAgent } from "../../support/core.ts";

/** SUBSCRIBED by this run of a master, which also reports the agent as running. */
function subscribe(world: Driver, masterId: string, taskId: string): void {
  world.send({ kind: "subscribed", frameworkId: "f-1", master: "mesos:5050", masterId });
  world.status(taskId, "TASK_RUNNING", { uuid: "", reason: "REASON_RECONCILIATION" });
}

/** An agent builds on `h1`, for which Mesos asks once; the stream breaks every ten minutes. What became of it. */
function after(
  minutes: number,
  masterOf: (at: number) => string,
): { readonly kills: number; readonly retire: unknown } {
  const { world, taskId } = withIdleAgent({ profiles: [{ ...linux, drainTimeoutMs: 60 * minute }] });
  subscribe(world, masterOf(0), taskId);
  const unavailability = { startMs: world.atMs + 30 * minute, durationMs: 30 * minute };
  world.send({ kind: "inverse-offers-received", offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability }] });
  world.poll({ agents: [gocdAgent(taskId, building)] });
  let isEnabled = false;
  for (let at = 1; at <= minutes; at++) {
    if (at % 10 === 0) {
      world.send({ kind: "disconnected", reason: "cut" });
      world.wait(second);
      subscribe(world, masterOf(at), taskId);
    }
    world.wait(minute);
    isEnabled ||= world.state.instances.get(taskId)?.retire === undefined;
    world.poll({ agents: [gocdAgent(taskId, { ...building, configState: isEnabled ? "Enabled" : "Disabled" })] });
  }
  const { retire } = world.instance(taskId);
  return { kills: only(world.taken(), "kill-task").length, retire };
}

Deno.test("a cancelled window is noticed although the stream breaks again and again, so that no drain-timeout ends a build", () => {
  assertEquals(after(120, () => "m-1"), { kills: 0, retire: undefined });
});

Deno.test("each new leader gets the time that its Mesos agents have to reregister", () => {
  assertEquals(after(40, (at) => `m-${at}`), { kills: 0, retire: "maintenance" });
});

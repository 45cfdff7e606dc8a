// A KILL whose commit takes long: the list of agents that it rests on is old by then.

import { assertEquals } from "@std/assert";
import type { Effect } from "../../src/core/effect.ts";
import { Engine } from "../../src/runtime/engine.ts";
import type { Store } from "../../src/store/store.ts";
import { jobs, minute, offer, only, second, serverInfo, someSettings, subscribedEvent } from "../support/core.ts";
import { createMemoryDisk, openMemoryStore } from "../support/memory_store.ts";
import { virtualClock } from "../support/virtual_clock.ts";

const listed = { server: serverInfo, jobs: jobs(1), agents: [], findings: [] } as const;

/** The KILLs of an agent that has not registered in time, if storing the first of them takes so long. */
async function kills(commitMs: number): Promise<{ readonly first: number; readonly later: number }> {
  const clock = virtualClock();
  const effects: Effect[] = [];
  const store = openMemoryStore(createMemoryDisk(), { newLineage: () => "abc123" });
  const slow: Store = {
    ...store,
    commit: async (records) => {
      const isKill = records.some((each) => each.kind === "instance" && each.instance.state === "killing");
      if (isKill) await clock.pass(commitMs);
      await store.commit(records);
    },
  };
  const engine = await Engine.create({
    store: slow,
    settings: someSettings(),
    clock,
    random: () => 0.5,
    perform: (effect) => void effects.push(effect),
    tell: () => {},
  });
  await engine.handle(subscribedEvent);
  await engine.handle({ kind: "gocd-polled", ...listed });
  await engine.handle({ kind: "offers-received", offers: [offer("h1")] });
  const [taskId = ""] = engine.state.instances.keys();
  const running = { taskId, state: "TASK_RUNNING", message: "", mesosAgentId: "agent-h1" };
  await engine.handle({ kind: "task-status-updated", status: running });
  const isKilling = (): boolean => engine.state.instances.get(taskId)?.state === "killing";
  const look = async (): Promise<void> => {
    await clock.pass(second);
    await engine.handle({ kind: "gocd-agents-read", agents: [], agentsRequestedMs: clock.nowMs() });
    await engine.handle({ kind: "tick" });
  };
  for (const endMs = clock.nowMs() + 12 * minute; clock.nowMs() < endMs && !isKilling();) await look();
  const first = only(effects, "kill-task").length;
  for (let looks = 0; looks < 12; looks++) await look();
  return { first, later: only(effects, "kill-task").length - first };
}

Deno.test("a KILL whose commit takes long is not sent, but decided again with a new list", async () => {
  assertEquals([(await kills(second)).first, (await kills(minute)).first], [1, 0]);
  assertEquals((await kills(minute)).later > 0, true);
});

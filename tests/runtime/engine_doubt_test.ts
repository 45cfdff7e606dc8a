// A commit that is carried out although its response is lost: memory and store are the same again after the next one.

import { assertEquals } from "@std/assert";
import type { StoredState } from "../../src/core/record.ts";
import { Engine } from "../../src/runtime/engine.ts";
import { StoreError } from "../../src/store/store_error.ts";
import { jobs, offer, serverInfo, someSettings, subscribedEvent } from "../support/core.ts";
import { createMemoryDisk, openMemoryStore } from "../support/memory_store.ts";
import { type VirtualClock, virtualClock } from "../support/virtual_clock.ts";

const polled = { kind: "gocd-polled", server: serverInfo, jobs: jobs(2), agents: [], findings: [] } as const;

interface Bench {
  readonly engine: Engine;
  readonly clock: VirtualClock;
  /** Whether responses to commits are lost. */
  readonly lost: { is: boolean };
  readonly stored: () => Promise<StoredState>;
}

async function bench(): Promise<Bench> {
  const disk = createMemoryDisk();
  const lost = { error: new StoreError("state-unreachable", { message: "no answer", hint: "look" }), is: false };
  const options = {
    newLineage: () => "abc123",
    failure: (act: "load" | "commit") =>
      act === "commit" && lost.is ? { error: lost.error, outcome: "all-stored" as const } : undefined,
  };
  const clock = virtualClock();
  const engine = await Engine.create({
    store: openMemoryStore(disk, options),
    settings: someSettings(),
    clock,
    random: () => 0.5,
    perform: () => {},
    tell: () => {},
  });
  const stored = async (): Promise<StoredState> => {
    disk.isLocked = false;
    return await openMemoryStore(disk, { newLineage: () => "abc123" }).load();
  };
  return { engine, clock, lost, stored };
}

Deno.test("a command that was reported as failed does not take effect after a restart", async () => {
  const { engine, clock, lost, stored } = await bench();
  await engine.handle(subscribedEvent);
  lost.is = true;
  await engine.handle({ kind: "teardown-requested", mode: "drain" });
  lost.is = false;
  assertEquals([engine.state.controls.mode, (await stored()).controls.mode], ["run", "teardown"]);
  await engine.handle({ kind: "tick" });
  assertEquals((await stored()).controls.mode, "teardown", "not at every tick: an attempt may take long");
  await clock.pass(10_000);
  await engine.handle({ kind: "tick" });
  assertEquals((await stored()).controls.mode, "run");
});

Deno.test("a launch and a removal that only the store knows are undone with the next commit", async () => {
  const { engine, lost, stored } = await bench();
  for (const event of [subscribedEvent, polled] as const) await engine.handle(event);
  lost.is = true;
  await engine.handle({ kind: "offers-received", offers: [offer("h1")] });
  lost.is = false;
  assertEquals([(await stored()).instances.length, engine.state.instances.size], [2, 0]);
  await engine.handle({ kind: "launching-frozen" });
  const { framework, controls, instances } = await stored();
  assertEquals([framework, controls.frozen, instances], [engine.state.framework, true, []]);
});

Deno.test("a command that was reported as failed does not take effect after a regular stop, however soon that is", async () => {
  const { engine, lost, stored } = await bench();
  await engine.handle(subscribedEvent);
  lost.is = true;
  await engine.handle({ kind: "teardown-requested", mode: "now" });
  lost.is = false;
  assertEquals((await stored()).controls.tearsDownNow, true);
  await engine.run(AbortSignal.abort());
  const { mode, tearsDownNow } = (await stored()).controls;
  assertEquals([mode, tearsDownNow], ["run", undefined]);
});

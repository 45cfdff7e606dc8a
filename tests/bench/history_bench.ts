// The cost of the history: one minute of it at 1,000 agents and 10,000 waiting jobs, and the snapshot of that minute,
// which is packed in pauses. Target: together less than 600 ms, one percent of a core. Run: deno bench -A
// tests/bench/history_bench.ts.

import type { AgentInstance } from "../../src/core/instance.ts";
import type { State } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { statusView } from "../../src/core/view/status_view.ts";
import { openHistory } from "../../src/history/history.ts";
import { packView } from "../../src/history/snapshot.ts";
import { Recorder } from "../../src/runtime/recorder.ts";
import { aRegistered, stateOf } from "../core/instance_fixtures.ts";
import { aNote, limits, minute, second } from "../history/samples.ts";
import { serverInfo, zeroMs } from "../support/core.ts";

const agents = 1_000;
const jobs = Array.from({ length: 10_000 }, (_, index) => ({
  locator: `pipeline-${index}/12/stage/1/job`,
  name: "job",
  gocdResources: ["linux", `r${index % 50}`],
}));

const instances = Array.from({ length: agents }, (_, index) => aRegistered(`t-${index}`, "building"));
const event = { kind: "gocd-polled", server: serverInfo, jobs, agents: [], findings: [] } as const;
const polled = step(stateOf(instances), { atMs: zeroMs + second, random: 0.5, event }).state;

/** The state after so many agents have taken or ended a job. */
function changed(state: State, atMs: number, count: number): State {
  const now = new Map(state.instances);
  for (let index = 0; index < count; index++) {
    const taskId = `t-${(Math.floor(atMs / second) * count + index) % agents}`;
    const before = now.get(taskId);
    const kind = before?.state === "registered" && before.activity.kind === "idle" ? "building" : "idle";
    const instance: AgentInstance = {
      ...aRegistered(taskId, kind),
      state: "registered",
      sinceMs: zeroMs,
      uuid: `uuid-${taskId}`,
      activity: { kind, sinceMs: atMs },
    };
    now.set(taskId, instance);
  }
  return { ...state, instances: now };
}

const path = Deno.makeTempFileSync({ prefix: "gocd-mesos-history-", suffix: ".db" });
globalThis.addEventListener("unload", () => {
  for (const end of ["", "-wal", "-shm"]) Deno.removeSync(`${path}${end}`);
});
Deno.removeSync(path);

let nowMs = zeroMs + minute;
let state = polled;
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const recorder = new Recorder(openHistory(path, limits), { nowMs: () => nowMs, sleep: turn });

Deno.bench("a minute: 60 looks with 5 changes each, 4 samples, 120 notes, a picture begun", async () => {
  for (let passed = 0; passed < 60; passed++) {
    nowMs += second;
    state = changed(state, nowMs, 5);
    for (const text of ["one", "two"]) recorder.told(aNote(nowMs, text));
    recorder.look({ state, view: () => statusView(state, nowMs), tell: () => {} });
  }
  await turn();
});

Deno.bench("of it the picture, made and packed", async () => {
  await packView(statusView(state, nowMs), turn);
});

Deno.bench("of it the picture, made only", () => {
  statusView(state, nowMs);
});

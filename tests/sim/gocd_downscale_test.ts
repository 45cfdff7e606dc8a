// The races of the simulated GoCD server: the removal of an agent after one Idle read harms builds, and after two reads
// 20 s apart it does not.

import { assertEquals } from "@std/assert";
import { seededRandom } from "../../src/sim/random.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { acceptOf, ask, job, json, launch, minute, patch, remove, run, second, server } from "./gocd_support.ts";

const seedCount = 60;

/** Takes the agent down while a job may arrive; returns how many builds or records with work were harmed. */
function takeDown(version: string, seed: number, idleReads: number): number {
  const random = seededRandom(seed);
  const model = server(version, { random });
  launch(model, "c1");
  run(model, minute + Math.floor(random() * 10 * second));
  job(model, "p", { durationMs: 30 * second + Math.floor(random() * minute) });
  run(model, Math.floor(random() * 30 * second));
  assertEquals(patch(model, "c1", { "agent_config_state": "Disabled" }).status, 200);
  let idle = 0;
  for (let read = 0; read < 50 && idle < idleReads; read++) {
    if (read > 0) run(model, 20 * second);
    idle = isIdle(model) ? idle + 1 : 0;
  }
  assertEquals(idle, idleReads);
  if (remove(model, "c1").status === 200) model.agentStopped("c1", model.nowMs);
  return model.tally.deletedWithWork.length + model.tally.buildsKilled.length;
}

function isIdle(model: SimGocd): boolean {
  const version = model.version >= "18.11" ? "26.1.0" : "18.10.0";
  const shown = json(ask(model, "GET /go/api/agents/uuid-of-c1", { accept: acceptOf(version) }));
  return shown.agent_config_state === "Disabled" && shown.agent_state === "Idle" && shown.build_state === "Idle";
}

for (const version of ["18.10.0", "19.8.0", "20.8.0", "26.1.0"]) {
  Deno.test(`on ${version} a deletion after one Idle read harms builds, and after two reads 20 s apart it does not`, () => {
    const harm = (idleReads: number): number => {
      let sum = 0;
      for (let seed = 1; seed <= seedCount; seed++) sum += takeDown(version, seed, idleReads);
      return sum;
    };
    assertEquals(harm(1) > 0, true);
    assertEquals(harm(2), 0);
  });
}

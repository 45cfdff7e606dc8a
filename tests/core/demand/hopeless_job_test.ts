// A job that no agent can ever be launched for: the idle agents of others are not removed for it after every build.

import { assertEquals } from "@std/assert";
import type { ScalingSettings } from "../../../src/core/settings.ts";
import { building, drive, type Driver, gocdAgent, job, offer, second } from "../../support/core.ts";
import { aProfile } from "../../support/placement.ts";

const small = aProfile({ name: "small", gocdResources: ["small"] });

/** The records of our agents, as the server would list them. */
function ours(world: Driver): ReturnType<typeof gocdAgent>[] {
  return [...world.state.instances.values()].flatMap((each) => {
    if (each.state === "gone" || each.state === "killing" || each.isDeleteAsked === true) return [];
    const changes = each.state === "draining" ? { configState: "Disabled" } : {};
    return [gocdAgent(each.taskId, { gocdResources: ["small"], ...changes })];
  });
}

/** Both servers do what is requested at once. Returns the number of launches. */
function obeyed(world: Driver): number {
  let launches = 0;
  for (const effect of world.taken()) {
    if (effect.kind === "delete-gocd-agents") world.send({ kind: "gocd-call-done", call: effect });
    if (effect.kind === "kill-task") world.status(effect.taskId, "TASK_KILLED");
    if (effect.kind !== "accept-offers") continue;
    for (const { taskId } of effect.launches) world.status(taskId, "TASK_RUNNING");
    launches += effect.launches.length;
  }
  return launches;
}

/** In two hours: every five minutes a small job comes, which an idle agent builds for a minute. The launches. */
function launchesBeside(cpus: number, scaling: Partial<ScalingSettings>): number {
  const big = aProfile({ name: "big", gocdResources: ["big"], mesosResources: { cpusMilli: cpus * 1_000 } });
  const world = drive({ profiles: [small, big], scaling });
  world.subscribe();
  let launches = 0;
  for (let at = 0; at < 120; at++) {
    for (let each = 0; each < 6; each++) {
      world.wait(10 * second);
      world.offers(offer("h1", { cpus: 4 - ours(world).length }));
      launches += obeyed(world);
    }
    const agents = ours(world);
    const isTaken = agents.some((each) => each.configState === "Enabled");
    const isDue = at % 5 === 0;
    const shown = isDue && isTaken ? agents.map((each) => ({ ...each, ...building })) : agents;
    const waiting = isDue && !isTaken ? [job(`small${at}`, { gocdResources: ["small"] })] : [];
    world.poll({ jobs: [job("big", { gocdResources: ["big"] }), ...waiting], agents: shown });
    for (let each = 0; each < 3; each++) {
      world.offers(offer("h1", { cpus: 4 - ours(world).length }));
      launches += obeyed(world);
      world.wait(5 * second);
    }
    for (let each = 0; each < 3; each++) {
      world.wait(3 * second);
      world.read(...shown.filter(({ hostname }) => world.state.instances.get(hostname)?.isDeleteAsked !== true));
      launches += obeyed(world);
    }
  }
  return launches;
}

Deno.test("a job that needs more than the whole share of cpus removes no idle agents", () => {
  assertEquals(launchesBeside(3, { maxCpuShare: 0.5 }), 1);
});

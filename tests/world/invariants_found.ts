// The law that nothing is forgotten while the program runs: what Mesos knows and runs becomes known to the program
// within the interval of implicit reconciliation; and a host is given free for maintenance only without agents of ours.

import type { Event } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import { demand } from "./violation.ts";
import { suspendedMs, type World } from "./world_state.ts";

/** The memory of this law during one subscription. */
export interface FoundWatch {
  /** The subscription, and since when it has lasted (true time). */
  sessionMs: number | undefined;
  /** By task id: since when its container runs although the program takes it for ended or unreachable. */
  readonly unknownMs: Map<string, number>;
}

/** The initial memory. */
export function newFoundWatch(): FoundWatch {
  return { sessionMs: undefined, unknownMs: new Map() };
}

/** Three rounds of implicit reconciliation while faults are on, one afterwards, and some delay. */
const [stormyMs, healedMs] = [35 * 60_000, 13 * 60_000];

/** At each tick. */
export function checkFound(world: World): void {
  const { watch, program, nowMs } = world;
  const { found } = watch;
  if (found.sessionMs !== watch.pace.sessionMs || watch.shown.hinderedMs === nowMs) found.unknownMs.clear();
  found.sessionMs = watch.pace.sessionMs;
  if (
    program === undefined || suspendedMs(world) > 0 || found.sessionMs === undefined ||
    world.disk.failure !== undefined || world.isElsewhere
  ) {
    return found.unknownMs.clear();
  }
  const { frameworkId } = program.state.framework;
  const instances = program.state.instances;
  const unknown = [...watch.containers].filter(([taskId]) => {
    const instance = instances.get(taskId);
    return instance === undefined || instance.state === "gone" || instance.state === "unreachable";
  });
  if (unknown.length === 0) return found.unknownMs.clear();
  const { mesosAgents, tasks } = world.mesos.view();
  const well = new Set(
    mesosAgents.filter(({ standing, link }) => standing === "registered" && link === "connected").map(({ id }) => id),
  );
  const running = new Set(
    tasks.filter((task) => task.frameworkId === frameworkId && well.has(task.mesosAgentId) && task.isContainerUp)
      .map(({ taskId }) => taskId),
  );
  const now = new Set(unknown.map(([taskId]) => taskId).filter((taskId) => running.has(taskId)));
  for (const taskId of [...found.unknownMs.keys()]) {
    if (!now.has(taskId)) found.unknownMs.delete(taskId);
  }
  for (const taskId of now) {
    const sinceMs = found.unknownMs.get(taskId) ?? nowMs;
    found.unknownMs.set(taskId, sinceMs);
    demand(
      nowMs - sinceMs <= (world.isHealed ? healedMs : stormyMs),
      "forgotten",
      () =>
        `${taskId} runs and Mesos knows it, but it is ${instances.get(taskId)?.state ?? "unknown"} for ${
          nowMs - sinceMs
        } ms`,
    );
  }
}

/** After each step: no host is given free while containers of ours run there that the program can know. */
export function checkGivenFree(world: World, { effects }: Frame, event: Event): void {
  if (event.kind !== "inverse-offers-received") return;
  const accepted = new Set(effects.flatMap((each) => each.kind === "accept-inverse-offers" ? each.offerIds : []));
  for (const { id, mesosAgentId } of event.offers) {
    if (!accepted.has(id)) continue;
    const here = [...world.watch.containers].filter(([taskId, container]) =>
      container.mesosAgentId === mesosAgentId && !world.watch.forgotten.has(taskId) && !isRetired(world, taskId)
    );
    demand(
      here.length === 0,
      "given-free",
      () => `${mesosAgentId} is given free, where ${here.map(([taskId]) => taskId).join(" ")} runs`,
    );
  }
}

/** Whether its record was deleted, so that its agent gets no work any more. */
function isRetired({ gocd, watch: { ourUuids } }: World, taskId: string): boolean {
  const isOwn = ({ uuid }: { readonly uuid: string }): boolean => ourUuids.get(uuid) === taskId;
  return gocd.tally.changes.some((each) => each.kind === "delete" && isOwn(each)) &&
    !gocd.agents().some((each) => each.configState !== "Pending" && isOwn(each));
}

// Facts about a demo from the simulated servers, so that its summary is independent of the scheduler.

import { isTerminal } from "../mesos/updates.ts";
import type { SimGocd } from "../gocd/sim_gocd.ts";
import type { SimMesos } from "../mesos/sim_mesos.ts";
import type { DemoFate } from "./scenario.ts";

/** A job as the simulated GoCD server has seen it. Times in ms, to about a tenth of a second. */
export interface DemoJobFact {
  /** pipeline/counter/stage/stageCounter/name */
  readonly locator: string;
  /** Its expected outcome. */
  readonly fate: DemoFate;
  /** When it was scheduled. */
  readonly scheduledMs: number;
  /** When an agent got it. */
  assignedMs?: number;
  /** When it was built. */
  builtMs?: number;
  /** The hostname of the agent that got it. */
  builder?: string;
}

/** The counters of the servers at one moment. */
export interface DemoFacts {
  /** All jobs that were scheduled, oldest first. */
  readonly jobs: readonly Readonly<DemoJobFact>[];
  /** Tasks that the master has launched. */
  readonly launched: number;
  /** Containers that have run. */
  readonly started: number;
  /** Containers that have ended. */
  readonly stopped: number;
  /** Launches that ended without a running container. */
  readonly failedLaunches: number;
  /** Builds that lost their agent, by a kill or by the deletion of its record. */
  readonly buildsKilled: number;
  /** Launches of the same task id twice. */
  readonly doubleLaunches: number;
  /** Records of launched agents that were enabled after they had registered as Pending. */
  readonly pendingEnabled: number;
  /** Changes of records that do not belong to us. */
  readonly strangersTouched: number;
  /** Task ids that have not ended. */
  readonly tasksLeft: readonly string[];
  /** Hostnames of GocdAgents that were launched and still have a record. */
  readonly gocdAgentsLeft: readonly string[];
  /** What each agent is building now: hostname → locator. */
  readonly building: ReadonlyMap<string, string>;
}

/** Combines the counters of both models. */
export function factsOf(
  models: { readonly gocd: SimGocd; readonly mesos: SimMesos },
  seen: {
    readonly jobs: readonly Readonly<DemoJobFact>[];
    readonly started: ReadonlySet<string>;
    readonly stopped: ReadonlySet<string>;
  },
): DemoFacts {
  const { gocd, mesos } = models;
  const { counters } = mesos;
  const launches = Object.keys(counters.launches);
  const ours = new Set(launches);
  const tasksLeft = mesos.view().tasks.filter((task) => task.isContainerUp || !isTerminal(task.state))
    .map((task) => task.taskId);
  const left = new Set(tasksLeft);
  const isOurs = (hostname: string): boolean => ours.has(hostname);
  return {
    jobs: seen.jobs,
    launched: launches.length,
    started: seen.started.size,
    stopped: seen.stopped.size,
    failedLaunches: launches.filter((taskId) => !seen.started.has(taskId) && !left.has(taskId)).length,
    buildsKilled: gocd.tally.buildsKilled.length + gocd.tally.deletedWithWork.length,
    doubleLaunches: counters.doubleLaunches,
    pendingEnabled: firstEnables(gocd, isOurs),
    strangersTouched: gocd.tally.changes.filter((change) => !isOurs(change.hostname)).length,
    tasksLeft,
    gocdAgentsLeft: gocd.agents().map((each) => each.hostname).filter(isOurs),
    building: new Map(
      gocd.processes().flatMap(({ hostname, building }) => building === undefined ? [] : [[hostname, building]]),
    ),
  };
}

/** An enable without an earlier enable or disable is for a Pending record. */
function firstEnables(gocd: SimGocd, isOurs: (hostname: string) => boolean): number {
  const changed = new Set<string>();
  let count = 0;
  for (const { uuid, hostname, kind } of gocd.tally.changes) {
    if (kind === "enable" && !changed.has(uuid) && isOurs(hostname)) count++;
    if (kind !== "update") changed.add(uuid);
  }
  return count;
}

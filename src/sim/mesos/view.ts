// A snapshot of the simulated cluster for tests and the demo.

import { allocatedTo, type Bag, contains, minus, plus } from "./amounts.ts";
import type { Plain } from "./json.ts";
import type { SimHost, SimWorld } from "./state.ts";

/** A Mesos agent at this moment. */
export interface SimHostView {
  readonly id: string;
  readonly hostname: string;
  /** The master's view of it. */
  readonly standing: "registered" | "recovered" | "unreachable" | "unknown" | "removed" | "gone";
  /** Whether its messages reach the master. */
  readonly link: "connected" | "silent" | "down";
  /** Task ids of running containers. */
  readonly containers: readonly string[];
  /** Available, offered and used add up to the total, without duplicates. */
  readonly isConserved: boolean;
}

/** A task at this moment, as its agent knows it. */
export interface SimTaskView {
  readonly taskId: string;
  readonly frameworkId: string;
  readonly mesosAgentId: string;
  /** Latest state created by the agent. */
  readonly state: string;
  /** Whether its container is running. */
  readonly isContainerUp: boolean;
  /** Updates that wait for their acknowledgement. */
  readonly unacknowledged: number;
  /** As launched. */
  readonly info: Plain;
}

/** The cluster at this moment. */
export interface SimMesosView {
  /** The virtual time, ms. */
  readonly nowMs: number;
  /** All agents so far, in order of joining. */
  readonly mesosAgents: readonly SimHostView[];
  /** The tasks, by id. */
  readonly tasks: readonly SimTaskView[];
  /** Outstanding offers, oldest first. */
  readonly offers: readonly { readonly id: string; readonly mesosAgentId: string }[];
  /** The frameworks that the leader knows. */
  readonly frameworks: readonly {
    readonly id: string;
    readonly isConnected: boolean;
    readonly suppressed: readonly string[];
    readonly info: Plain;
  }[];
  /** Ids of frameworks that were torn down or timed out. */
  readonly removedFrameworks: readonly string[];
}

function isConserved(world: SimWorld, host: SimHost): boolean {
  if (host.standing !== "registered") return true;
  const tasks = new Set([...host.runs.values()].map((run) => run.task));
  for (const framework of world.frameworks.values()) {
    for (const task of framework.tasks.values()) {
      if (task.mesosAgentId === host.id) tasks.add(task);
    }
  }
  let left: Bag = host.total;
  const parts = [
    host.available,
    ...[...world.offers.values()].filter((offer) => offer.mesosAgentId === host.id).map((offer) => offer.bag),
    ...[...tasks].filter((task) => !task.isReleased).map((task) => task.bag),
  ];
  for (const part of parts.map((bag) => allocatedTo(bag, ""))) {
    const whole = plus([], part);
    if (!contains(left, whole)) return false;
    left = minus(left, whole);
  }
  return left.length === 0;
}

/** The view of a world. */
export function viewOf(world: SimWorld): SimMesosView {
  const hosts = [...world.hosts.values()];
  return {
    nowMs: world.nowMs,
    mesosAgents: hosts.map((host) => ({
      id: host.id,
      hostname: host.spec.hostname,
      standing: host.standing,
      link: host.link,
      containers: [...host.runs.values()].filter((run) => run.isContainerUp).map((run) => run.task.taskId),
      isConserved: isConserved(world, host),
    })),
    tasks: hosts.flatMap((host) =>
      [...host.runs.values()].map((run) => ({
        taskId: run.task.taskId,
        frameworkId: run.task.frameworkId,
        mesosAgentId: host.id,
        state: run.state,
        isContainerUp: run.isContainerUp,
        unacknowledged: run.updates.length,
        info: run.task.info,
      }))
    ),
    offers: [...world.offers.values()].map(({ id, mesosAgentId }) => ({ id, mesosAgentId })),
    frameworks: [...world.frameworks.values()].map((framework) => ({
      id: framework.id,
      isConnected: framework.subscription !== undefined,
      suppressed: [...framework.suppressed],
      info: framework.info,
    })),
    removedFrameworks: [...world.completed],
  };
}

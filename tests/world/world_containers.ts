// Couples the two models: a container that Mesos starts is an agent process for GoCD, with its own faults.

import { gocdRules } from "../../src/sim/gocd/versions.ts";
import { checkContainerEnd } from "./invariants_builds.ts";
import { costOfExit, costOfMuteAgent } from "./invariants_costs.ts";
import { charge } from "./invariants_progress.ts";
import { ownNameOf } from "./scenario_names.ts";
import type { SimContainerEvent } from "../../src/sim/mesos/sim_mesos.ts";
import { after, trace, type World } from "./world_state.ts";

/** Handles a change of a container of ours. */
export function containerChanged(world: World, event: SimContainerEvent): void {
  if (event.kind === "started") return started(world, event);
  trace(world, () => `mesos   container ${event.taskId} has ended (${event.how})`);
  world.gocd.agentStopped(event.taskId, world.nowMs);
  world.watch.containers.delete(event.taskId);
  checkContainerEnd(world, event);
}

type Started = SimContainerEvent & { readonly kind: "started" };

function started(world: World, event: Started): void {
  const { dice } = world;
  const odds = world.isHealed
    ? { neverRegisters: 0, exits: 0, registersTwice: 0, slowBoot: 0 }
    : world.scenario.faults.containers;
  const { taskId } = event;
  const isMute = dice.chance(odds.neverRegisters);
  const bootDelayMs = dice.chance(odds.slowBoot) ? dice.between(60_000, 400_000) : dice.between(3_000, 40_000);
  trace(
    world,
    () =>
      `mesos   container ${taskId} runs on ${event.host} (${event.ipAddress})${isMute ? ", its agent stays dumb" : ""}`,
  );
  const { mesosAgentId, env, ipAddress, hostname } = event;
  world.watch.containers.set(taskId, { mesosAgentId, env, ipAddress, hostname, isMute });
  world.clocks.runningMs.set(taskId, world.nowMs);
  startAgentProcess(world, taskId, { bootDelayMs, uuid: undefined });
  if (world.nowMs < world.weather.namesClaimedUntilMs) claimName(world, taskId);
  if (isMute) charge(world, costOfMuteAgent(world));
  if (dice.chance(odds.exits)) {
    after(world, dice.between(1_000, 600_000), () => {
      if (world.mesos.exitContainer(taskId, 1, world.nowMs)) charge(world, costOfExit(world));
    });
  }
  if (dice.chance(odds.registersTwice)) {
    after(world, dice.between(20_000, 600_000), () => restartAgentProcess(world, taskId));
  }
}

/** An attacker's agent with a task id from the master's state; it keeps trying. */
function claimName(world: World, taskId: string): void {
  const hostname = `stranger-${taskId}`;
  trace(world, () => `gocd    a stranger calls itself ${taskId}`);
  const env = { "GO_SERVER_URL": "http://gocd:8153/go" };
  world.gocd.agentStarted({
    hostname,
    containerName: taskId,
    env,
    uuid: hostname,
    bootDelayMs: 1_000,
    nowMs: world.nowMs,
  });
  after(world, claimMs, () => world.gocd.agentStopped(hostname, world.nowMs));
}

/** Longer than an agent may take to register. */
const claimMs = 900_000;

/**
 * The agent in a container restarts with another uuid; its container keeps running. With a server up to 17.8 it keeps
 * its uuid, like agents with a guid.txt: otherwise the disabled record of a dead process could not be identified.
 */
export function restartAgentProcess(world: World, taskId: string): void {
  if (!world.watch.containers.has(taskId)) return;
  trace(world, () => `agent   the process in ${taskId} starts anew`);
  const known = gocdRules(world.gocd.version).disabledAgentsRefreshed
    ? undefined
    : world.gocd.processes().find((process) => process.hostname === taskId)?.uuid;
  const bootDelayMs = world.dice.between(3_000, 20_000);
  startAgentProcess(world, taskId, { bootDelayMs, uuid: known });
  if (known !== undefined) world.watch.hasHiddenBuild = true;
  // With its old uuid it is merely silent for a while, and work assigned before still waits for it.
  const isCut = world.watch.cuts.get(taskId)?.untilMs === Infinity;
  if (known !== undefined && !isCut) {
    world.watch.cuts.set(taskId, { fromMs: world.nowMs, untilMs: world.nowMs + bootDelayMs });
  }
  // Its build is lost through its own fault.
  world.watch.killsSeen = world.gocd.tally.buildsKilled.length;
}

function startAgentProcess(
  world: World,
  taskId: string,
  start: { readonly bootDelayMs: number; readonly uuid: string | undefined },
): void {
  const container = world.watch.containers.get(taskId);
  if (container === undefined) return;
  const uuid = start.uuid ?? `agent-${world.watch.ourUuids.size}-${world.dice.between(0, 999_999)}`;
  world.watch.ourUuids.set(uuid, taskId);
  const { naming, halfMade } = world.scenario.names;
  const { nameDice } = world;
  const ownName = ownNameOf(taskId, naming, nameDice);
  // Seen on GoCD 26.2; when agents were part of the configuration, environments were set immediately.
  const isHalfMade = gocdRules(world.gocd.version).agentsInDatabase && nameDice.chance(halfMade);
  world.gocd.agentStarted({
    containerName: naming === "full" ? `${container.hostname}.ci.example.com` : ownName ?? container.hostname,
    ...(ownName === undefined ? {} : { ownName }),
    ipAddress: container.ipAddress,
    // Docker's bridge hides a container behind its host.
    peerAddress: container.ipAddress.startsWith("172.17.") ? "10.0.0.250" : container.ipAddress,
    environmentsLateMs: isHalfMade ? nameDice.between(300, 9_000) : 0,
    // Even if the container has its host's name: the model identifies processes by it.
    hostname: taskId,
    env: container.isMute ? { ...container.env, "GO_SERVER_URL": "" } : container.env,
    uuid,
    bootDelayMs: start.bootDelayMs,
    nowMs: world.nowMs,
  });
}

// Applies the faults of a scenario to the models, the disk and the program, and repairs everything at the end.

import type { Event } from "../../src/core/event.ts";
import { holdsTakingDown } from "../../src/core/life/brake.ts";
import type { WorldFault } from "./faults.ts";
import { actOnGocd, healGocd } from "./faults_gocd.ts";
import { actOnServer, healServers } from "./faults_servers.ts";
import { deleteByHand } from "./gocd_port.ts";
import { charge, chargeFault, startClocksAnew } from "./invariants_progress.ts";
import { noFaults } from "../../src/sim/mesos/options.ts";
import { startMs } from "./scenario.ts";
import { isUntold } from "./untold.ts";
import type { SimHostView } from "../../src/sim/mesos/sim_mesos.ts";
import { restartAgentProcess } from "./world_containers.ts";
import { restart, stopProgram } from "./world_program.ts";
import { after, suspendedMs, trace, type World } from "./world_state.ts";

/** Applies one fault now. */
export function act(world: World, fault: WorldFault): void {
  if (world.isHealed) return;
  trace(world, () => `FAULT   ${JSON.stringify(fault)}`);
  chargeFault(world, fault);
  switch (fault.kind) {
    case "cut-streams":
      return world.mesos.cutStreams(world.nowMs);
    case "stall-streams":
      return world.mesos.stallStreams(fault.forMs, world.nowMs);
    case "fail-master":
      if (world.mesos.leader() === undefined) return;
      return world.mesos.failMaster({
        electionMs: fault.electionMs,
        recoveryMs: fault.recoveryMs,
        backMs: fault.electionMs + 30_000,
      }, world.nowMs);
    case "remove-framework":
      return removeFramework(world);
    case "rescind-offers":
      return world.mesos.rescindOffers(world.nowMs);
    case "lose-host":
    case "wipe-host":
    case "remove-host":
    case "drain-host":
    case "announce-maintenance":
    case "lose-images":
    case "hang-docker":
      return actOnHost(world, fault);
    case "exit-container":
    case "restart-agent-process":
      return actOnContainer(world, fault);
    case "break-store":
      world.disk.failure = fault.how;
      return after(world, fault.forMs, () => void (world.disk.failure = undefined));
    case "fail-commits":
      for (let index = 1; index <= fault.count; index++) {
        world.disk.failing.set(world.disk.commits + fault.after + index, fault.how);
      }
      return;
    case "crash":
      world.crash ??= {
        atPoint: world.points + fault.points,
        downMs: fault.downMs,
        byNewer: fault.byNewer,
        isFault: true,
      };
      return;
    case "fail-over":
      world.crash ??= {
        atPoint: world.points + fault.points,
        downMs: fault.afterMs,
        byNewer: false,
        isFault: true,
        standby: fault,
      };
      return;
    case "stop":
      return stopInOrder(world, fault.downMs);
    case "suspend":
      return suspend(world, fault.forMs);
    case "jump-clock":
      world.nextClockAheadMs += fault.byMs;
      return;
    case "change-settings":
    case "change-limits":
    case "freeze":
    case "drain":
    case "tear-down":
      return actAsOperator(world, fault);
    case "restore-state":
    case "gocd-partial":
    case "gocd-other":
    case "mesos-other":
    case "empty-registry":
      return actOnServer(world, fault);
    default:
      return actOnGocd(world, fault);
  }
}

/** The machine is suspended; what arrives in the meantime is available when it resumes. */
function suspend(world: World, forMs: number): void {
  if (world.program === undefined) return;
  world.suspendedUntilMs = Math.max(world.suspendedUntilMs, world.nowMs + forMs);
}

/** Like SIGTERM: requests in progress may still finish, then the program has ended. */
function stopInOrder(world: World, downMs: number): void {
  const { program } = world;
  if (program === undefined) return;
  program.handle({ kind: "shutdown-started" });
  after(world, 1_000, () => {
    if (world.program === program) stopProgram(world);
  });
  after(world, 1_000 + downMs, () => restart(world));
}

function removeFramework(world: World): void {
  const id = world.mesos.view().frameworks[0]?.id;
  if (id === undefined) return;
  const launched = [...world.watch.launched];
  for (const taskId of launched) world.watch.excused.add(taskId);
  world.mesos.removeFramework(id, world.nowMs);
  // If a Mesos agent does not receive it, and then a master has forgotten it, only people can find that container.
  after(world, 60_000, () => {
    for (const taskId of launched) {
      if (world.watch.containers.has(taskId)) world.watch.forgotten.add(taskId);
    }
  });
}

type HostFault = Extract<
  WorldFault,
  {
    readonly kind:
      | "lose-host"
      | "wipe-host"
      | "remove-host"
      | "drain-host"
      | "announce-maintenance"
      | "lose-images"
      | "hang-docker";
  }
>;

/** The Mesos agent that now runs on the machine with this number. */
function mesosAgentOn(world: World, host: number): SimHostView | undefined {
  const hostname = world.scenario.hosts[host]?.hostname;
  return world.mesos.view().mesosAgents.filter((each) => each.hostname === hostname).at(-1);
}

function isThere(found: SimHostView | undefined): found is SimHostView {
  return found !== undefined && found.standing !== "removed" && found.standing !== "gone";
}

function actOnHost(world: World, fault: HostFault): void {
  if (fault.kind === "lose-images") return loseImages(world, fault);
  const found = mesosAgentOn(world, fault.host);
  if (!isThere(found)) return;
  const { id } = found;
  switch (fault.kind) {
    case "lose-host":
      if (found.link !== "connected") return;
      if (fault.how === "silent") world.mesos.silenceMesosAgent(id, world.nowMs);
      else world.mesos.stopMesosAgent(id, world.nowMs);
      return after(world, fault.forMs, () => bringBack(world, id, fault.containers));
    case "wipe-host":
      world.mesos.wipeMesosAgent(id, world.nowMs);
      return;
    case "remove-host": {
      if (fault.how === "gone") world.mesos.markMesosAgentGone(id, world.nowMs);
      else world.mesos.unregisterMesosAgent(id, world.nowMs);
      const spec = world.scenario.hosts[fault.host];
      return after(world, fault.forMs, () => {
        if (spec !== undefined) world.mesos.addMesosAgent(spec, world.nowMs);
      });
    }
    case "drain-host":
      world.mesos.drainMesosAgent(id, world.nowMs);
      return after(world, fault.forMs, () => world.mesos.reactivateMesosAgent(id, world.nowMs));
    case "hang-docker": {
      // It is repaired at the end of the faults.
      const forMs = Math.min(fault.forMs, startMs + world.scenario.activeMs - world.nowMs);
      if (forMs <= 0) return;
      world.watch.hungMs.set(id, { fromMs: world.nowMs, untilMs: world.nowMs + forMs });
      return world.mesos.hangDocker(id, forMs, world.nowMs);
    }
    case "announce-maintenance":
      world.mesos.setMaintenance([id], { startMs: world.nowMs + fault.inMs, durationMs: fault.forMs }, world.nowMs);
      return after(world, fault.inMs + fault.forMs, () => world.mesos.setMaintenance([id], undefined, world.nowMs));
    default:
      fault satisfies never;
  }
}

function bringBack(world: World, id: string, containers: "alive" | "gone"): void {
  const { mesosAgents } = world.mesos.view();
  const found = mesosAgents.find((each) => each.id === id);
  // Another Mesos agent is running on the machine: it was wiped.
  if (mesosAgents.findLast((each) => each.hostname === found?.hostname) !== found) return;
  if (!isThere(found) || found.link === "connected") return;
  trace(world, () => `mesos   agent ${id} is back, its containers ${containers}`);
  world.mesos.returnMesosAgent(id, containers, world.nowMs);
}

function loseImages(world: World, fault: HostFault & { readonly kind: "lose-images" }): void {
  const where = fault.host === "everywhere" ? undefined : mesosAgentOn(world, fault.host)?.id;
  const set = (missing: "everywhere" | "nowhere" | readonly string[]): void => {
    for (const { container } of world.scenario.settings.profiles) world.mesos.setImage(container.image, missing);
  };
  set(where === undefined ? "everywhere" : [where]);
  after(world, fault.forMs, () => set("nowhere"));
}

function actOnContainer(world: World, { kind }: { readonly kind: "exit-container" | "restart-agent-process" }): void {
  const running = [...world.watch.containers.keys()];
  if (running.length === 0) return;
  const taskId = world.dice.pick(running);
  if (kind === "exit-container") world.mesos.exitContainer(taskId, 1, world.nowMs);
  else restartAgentProcess(world, taskId);
}

function actAsOperator(
  world: World,
  fault: Extract<
    WorldFault,
    { readonly kind: "change-settings" | "change-limits" | "freeze" | "drain" | "tear-down" }
  >,
): void {
  // A suspended machine accepts no commands.
  if (suspendedMs(world) > 0) return;
  const tell = world.program?.handle ?? ((): void => {});
  startClocksAnew(world);
  switch (fault.kind) {
    case "change-settings":
      world.settings = {
        ...world.settings,
        profiles: world.settings.profiles.map((profile) => ({ ...profile, hash: profile.hash + "1" })),
      };
      return tell({ kind: "settings-changed", settings: world.settings });
    case "change-limits":
      world.settings = {
        ...world.settings,
        profiles: world.settings.profiles.map((profile) => ({ ...profile, minIdle: fault.minIdle })),
        scaling: { ...world.settings.scaling, maxAgents: fault.maxAgents },
      };
      tell({ kind: "settings-changed", settings: world.settings });
      // After a change of limits the operator launches a canary; derived without a random draw, too.
      if (world.scenario.seed % 5 === 3) tryCanaries(world, tell);
      return;
    case "freeze":
      tell({ kind: "launching-frozen" });
      return after(world, fault.forMs, () => world.program?.handle({ kind: "launching-resumed" }));
    case "drain":
      // Derived without a random draw, so that the rest of the seed's scenario is unchanged.
      if (world.scenario.seed % 4 === 2) {
        for (const { name } of world.settings.profiles) tell({ kind: "profile-drain-requested", profile: name });
      } else {
        tell({ kind: "drain-requested" });
      }
      return after(world, fault.forMs, () => world.program?.handle({ kind: "launching-resumed" }));
    case "tear-down":
      if (world.program === undefined) return;
      for (const taskId of fault.mode === "now" ? world.watch.launched : []) {
        world.watch.excused.add(taskId);
        world.watch.tornDown.add(taskId);
      }
      return tell({ kind: "teardown-requested", mode: fault.mode });
    default:
      fault satisfies never;
  }
}

/** One canary of each profile. */
function tryCanaries({ settings }: World, tell: (event: Event) => void): void {
  for (const { name } of settings.profiles) tell({ kind: "canary-requested", profile: name });
}

/** Interval at which people clean up what the program cannot. */
const operatorVisitMs = 900_000;

/**
 * People remove what the program cannot: agents whose cancelled build hangs, and remainders of stored agents after the
 * framework was forgotten.
 */
function cancelUnbuildable(world: World): void {
  after(world, operatorVisitMs, () => cancelUnbuildable(world));
  acceptLoss(world);
  for (const { uuid, hangs } of world.gocd.processes()) {
    const taskId = world.watch.ourUuids.get(uuid);
    if (taskId !== undefined && hangs) world.mesos.exitContainer(taskId, 1, world.nowMs);
  }
  // The program reports containers that it does not stop (agent-not-told-apart).
  for (const instance of world.program?.state.instances.values() ?? []) {
    const isHeld = "held" in instance && instance.held === true;
    if (isHeld) world.mesos.exitContainer(instance.taskId, 1, world.nowMs);
  }
  for (const taskId of world.watch.forgotten) world.mesos.exitContainer(taskId, 1, world.nowMs);
  for (const { uuid } of world.gocd.agents()) {
    const taskId = world.watch.ourUuids.get(uuid);
    if (taskId === undefined || world.watch.containers.has(taskId)) continue;
    // The program cannot identify the owner of records with other names either.
    if (isUntold(world, uuid) || world.watch.forgotten.has(taskId)) deleteByHand(world, uuid);
  }
}

/**
 * The program removes nothing until a person confirms that vanished agents are lost: a person checks, and confirms it
 * if true.
 */
function acceptLoss({ program, watch }: World): void {
  if (program === undefined || !holdsTakingDown(program.state)) return;
  const isAnyAlive = [...program.state.instances.values()].some(({ taskId, state }) =>
    state === "unreachable" && watch.containers.has(taskId)
  );
  if (!isAnyAlive) program.handle({ kind: "loss-accepted" });
}

/** Faults are over: everything is repaired, the operator has resumed, the program is running. */
export function heal(world: World): void {
  const leftMs = suspendedMs(world);
  if (leftMs > 0) return after(world, leftMs + 1, () => heal(world));
  trace(world, () => "HEALED  no faults from here on");
  startClocksAnew(world);
  charge(world, 120_000);
  world.mesos.setFaults(noFaults);
  for (const { container } of world.scenario.settings.profiles) world.mesos.setImage(container.image, "nowhere");
  for (const found of world.mesos.view().mesosAgents) {
    if (!isThere(found)) continue;
    world.mesos.reactivateMesosAgent(found.id, world.nowMs);
    world.mesos.setMaintenance([found.id], undefined, world.nowMs);
    bringBack(world, found.id, "alive");
  }
  for (const [host, spec] of world.scenario.hosts.entries()) {
    if (!isThere(mesosAgentOn(world, host))) world.mesos.addMesosAgent(spec, world.nowMs);
  }
  healServers(world);
  healGocd(world);
  cancelUnbuildable(world);
  world.disk.failure = undefined;
  world.disk.failing.clear();
  if (world.crash?.isFault === true) world.crash = undefined;
  world.isHealed = true;
  world.watch.healedMs = world.nowMs;
  const { lastSettings } = world.scenario;
  world.settings = {
    ...lastSettings,
    profiles: lastSettings.profiles.map((profile, index) => ({
      ...profile,
      hash: world.settings.profiles[index]?.hash ?? profile.hash,
    })),
  };
  const resume = (): void => {
    restart(world);
    world.program?.handle({ kind: "settings-changed", settings: world.settings });
    world.program?.handle({ kind: "launching-resumed" });
  };
  if (world.program === undefined) after(world, 60_000, resume);
  else resume();
}

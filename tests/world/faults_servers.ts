// Faults in which a server is not what it was: an older state is restored, lists lack records, another GoCD server or
// Mesos cluster responds, a master has an empty registry.

import type { GocdAgent } from "../../src/core/gocd_records.ts";
import type { WorldFault } from "./faults.ts";
import { noteRestore } from "./invariants_servers.ts";
import { createSimMesos } from "../../src/sim/mesos/sim_mesos.ts";
import { seededRandom } from "../../src/sim/random.ts";
import { restart, stopProgram } from "./world_program.ts";
import { after, trace, type World } from "./world_state.ts";

/** A fault of this kind. */
export type ServerFault = Extract<
  WorldFault,
  { readonly kind: "restore-state" | "gocd-partial" | "gocd-other" | "mesos-other" | "empty-registry" }
>;

/** How many agents must vanish before the program can detect another server (core/life/brake.ts). */
const knowableMin = 3;
/**
 * With fewer it cannot distinguish data of the other server from its own server's, e.g. that a build was rescheduled,
 * or that no agent has registered: then the fault is only brief.
 */
const unknowableMsMax = 45_000;

/** Applies one now. */
export function actOnServer(world: World, fault: ServerFault): void {
  switch (fault.kind) {
    case "restore-state":
      return restoreState(world, fault);
    case "gocd-partial": {
      const uuids = world.gocd.agents().map(({ uuid }) => uuid).filter(() => world.requestDice.chance(fault.share));
      world.weather.hidden = new Set(uuids);
      return after(world, fault.forMs, () => void (world.weather.hidden = undefined));
    }
    case "gocd-other":
      world.weather.otherGocd = strangers;
      return after(world, knowable(world, fault.forMs), () => void (world.weather.otherGocd = undefined));
    case "mesos-other":
      return otherCluster(world, fault.forMs);
    case "empty-registry":
      if (world.mesos.leader() === undefined) return;
      return world.mesos.failMaster({
        electionMs: fault.electionMs,
        recoveryMs: 500,
        backMs: fault.electionMs + 30_000,
        registry: "lost",
        reregisterMs: fault.reregisterMs,
      }, world.nowMs);
    default:
      fault satisfies never;
  }
}

/** Faults are over. */
export function healServers(world: World): void {
  world.weather.hidden = undefined;
  world.weather.otherGocd = undefined;
  if (world.isElsewhere) backToOurs(world);
}

/** Another server shows none of our agents; if there are few, this must be brief. */
function knowable(world: World, forMs: number): number {
  const ours = [...world.program?.state.instances.values() ?? []].filter(({ state }) =>
    state === "registered" || state === "draining"
  );
  return ours.length >= 2 * knowableMin ? forMs : Math.min(forMs, unknowableMsMax);
}

const strangers: readonly GocdAgent[] = ["one", "two"].map((name) => ({
  uuid: `other-${name}`,
  hostname: `other-${name}`,
  configState: "Enabled",
  agentState: "Idle",
  buildState: "Idle",
  gocdResources: ["somewhere-else"],
  environments: [],
  elastic: false,
}));

/** The program dies, and its state is replaced with an older copy. */
function restoreState(world: World, { agoMs, downMs }: ServerFault & { readonly kind: "restore-state" }): void {
  stopProgram(world);
  const frameworkId = frameworkOnDisk(world);
  if (world.disk.restore(world.nowMs - agoMs)) {
    world.watch.limits.isRestored = true;
    trace(world, () => "disk    an older state is restored");
    // Tasks of a framework that the copy does not know must be found by people.
    if (frameworkOnDisk(world) !== frameworkId) {
      for (const id of world.watch.launched) world.watch.forgotten.add(id);
    }
    noteRestore(world);
    // An instance that was being killed is checked again, if the copy knows it.
    for (const looks of world.watch.looksAtKill.values()) {
      for (const look of looks) look.isOver = true;
    }
  }
  after(world, downMs, () => restart(world));
}

function frameworkOnDisk({ disk }: World): string | undefined {
  return disk.load().framework.frameworkId;
}

/** Our masters are unreachable; an empty cluster responds instead. */
function otherCluster(world: World, forMs: number): void {
  if (world.isElsewhere) return;
  world.mesos.cutStreams(world.nowMs);
  world.otherMesos ??= createSimMesos({
    random: seededRandom(world.scenario.seed ^ 0x07e4),
    startMs: world.nowMs,
    mesosAgents: [],
    masters: [{ hostname: "elsewhere", port: 5050 }],
  });
  world.isElsewhere = true;
  after(world, forMs, () => backToOurs(world));
}

function backToOurs(world: World): void {
  if (!world.isElsewhere) return;
  trace(world, () => "mesos   our own cluster answers again");
  world.isElsewhere = false;
  world.otherMesos?.cutStreams(world.nowMs);
}

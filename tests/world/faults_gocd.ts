// The faults of the GoCD server, its proxy, and manual changes on it.

import type { WorldFault } from "./faults.ts";
import { seenWithoutRights } from "./gocd_lists.ts";
import { changeByHand, ourAccount } from "./gocd_port.ts";
import { noteOpenness } from "./invariants_clocks.ts";
import type { SimGocdAgent } from "../../src/sim/gocd/state.ts";
import { gocdEras, gocdRules, gocdVersionNumber } from "../../src/sim/gocd/versions.ts";
import { uuidOf } from "../../src/core/life/phase.ts";
import { isNamelessName } from "./scenario_names.ts";
import { after, trace, type World } from "./world_state.ts";

/** A fault of the GoCD server. */
export type GocdFault = Extract<
  WorldFault,
  {
    readonly kind:
      | "cut-agents"
      | "cut-foreigner"
      | "claim-names"
      | "restart-gocd"
      | "upgrade-gocd"
      | "restore-gocd"
      | "gocd-maintenance"
      | "gocd-backup"
      | "gocd-outage"
      | "gocd-stale"
      | "gocd-rights"
      | "meddle"
      | "cancel-job";
  }
>;

/** Applies one fault of the GoCD server now. */
export function actOnGocd(world: World, fault: GocdFault): void {
  const { gocd, weather } = world;
  gocd.advance(world.nowMs);
  switch (fault.kind) {
    case "cut-agents":
      return cutAgents(world, fault);
    case "cut-foreigner":
      return cutForeigner(world, fault.forMs);
    case "claim-names":
      weather.namesClaimedUntilMs = world.nowMs + fault.forMs;
      return;
    case "restart-gocd":
      return restartGocd(world, fault.startupMs);
    case "upgrade-gocd": {
      const next = gocdEras.find((era) => gocdVersionNumber(era) > gocdVersionNumber(gocd.version));
      if (next === undefined) return;
      gocd.upgrade(next, fault.startupMs);
      return isStarting(world, fault.startupMs);
    }
    case "restore-gocd":
      return restoreGocd(world, fault);
    case "gocd-maintenance":
      if (gocdRules(gocd.version).pause === "none") return;
      setMaintenance(world, true);
      return after(world, fault.forMs, () => setMaintenance(world, false));
    case "gocd-backup":
      setBackup(world, true);
      return after(world, fault.forMs, () => setBackup(world, false));
    case "gocd-outage":
      weather.outage = fault.how;
      return after(world, fault.forMs, () => void (weather.outage = undefined));
    case "gocd-stale":
      weather.stale = {
        jobs: gocd.jobs().map((job) => ({ ...job })),
        agents: gocd.agents().map((record) => ({ ...record })),
      };
      return after(world, fault.forMs, () => void (weather.stale = undefined));
    case "gocd-rights":
      if (!world.scenario.isSecured) return;
      setRights(world, false);
      return after(world, fault.forMs, () => setRights(world, true));
    case "meddle":
      return meddle(world, fault.how);
    case "cancel-job": {
      const jobs = gocd.jobs();
      if (jobs.length === 0) return;
      const { locator } = world.dice.pick(jobs);
      world.watch.cancelled.add(locator);
      gocd.cancelJob(locator, fault.hangs);
      return;
    }
    default:
      fault satisfies never;
  }
}

function cutAgents(world: World, { share, forMs }: GocdFault & { readonly kind: "cut-agents" }): void {
  const fromMs = world.nowMs;
  for (const taskId of world.watch.containers.keys()) {
    if (!world.requestDice.chance(share) || world.watch.cuts.get(taskId)?.untilMs === Infinity) continue;
    trace(world, () => `net     ${taskId} does not reach the GoCD server for ${forMs / 1000} s`);
    world.gocd.setCutOff(taskId, true);
    world.watch.cuts.set(taskId, { fromMs, untilMs: Infinity });
    after(world, forMs, () => healCut(world, taskId));
  }
}

function cutForeigner(world: World, forMs: number): void {
  const { foreigners } = world.scenario;
  if (foreigners.length === 0) return;
  const { hostname } = world.dice.pick(foreigners);
  world.gocd.setCutOff(hostname, true);
  after(world, forMs, () => {
    world.gocd.advance(world.nowMs);
    world.gocd.setCutOff(hostname, false);
  });
}

function healCut(world: World, taskId: string): void {
  const cut = world.watch.cuts.get(taskId);
  if (cut?.untilMs !== Infinity) return;
  world.gocd.advance(world.nowMs);
  world.gocd.setCutOff(taskId, false);
  world.watch.cuts.set(taskId, { ...cut, untilMs: world.nowMs });
}

function restartGocd(world: World, startupMs: number): void {
  world.gocd.restart(startupMs);
  isStarting(world, startupMs);
}

/** Copies of the records by the world that they are of, at most one a minute. */
const copies = new WeakMap<World, { readonly atMs: number; readonly agents: readonly SimGocdAgent[] }[]>();

/** Called as time advances. */
export function keepAgentCopy(world: World): void {
  if (!world.scenario.faults.events.some(({ fault }) => fault.kind === "restore-gocd")) return;
  const kept = copies.get(world) ?? [];
  if (world.nowMs - (kept.at(-1)?.atMs ?? -Infinity) < 60_000) return;
  copies.set(world, [...kept, { atMs: world.nowMs, agents: world.gocd.agents().map((record) => ({ ...record })) }]);
}

function restoreGocd(world: World, { agoMs, startupMs }: GocdFault & { readonly kind: "restore-gocd" }): void {
  const { gocd, watch } = world;
  const copy = copies.get(world)?.findLast(({ atMs }) => atMs <= world.nowMs - agoMs);
  if (copy === undefined || gocdRules(gocd.version).agentsInDatabase) return;
  const before = new Map(gocd.agents().map((record) => [record.uuid, record.configState]));
  gocd.restoreConfig(copy.agents, startupMs);
  const left = new Map(gocd.agents().map((record) => [record.uuid, record.configState]));
  const known = new Set(
    [...world.disk.load().instances.values()].flatMap((each) => [uuidOf(each), ...each.formerUuids ?? []]),
  );
  for (const uuid of left.keys()) {
    // It was deleted, and the program has forgotten its instance: without its name nobody can tell whose it is.
    if (!before.has(uuid) && !known.has(uuid)) watch.learnt.delete(uuid);
  }
  for (const uuid of before.keys()) {
    if (!left.has(uuid)) watch.givenUp.add(uuid);
  }
  for (const [uuid, configState] of left) {
    if (configState === "Enabled" && before.get(uuid) !== "Enabled") watch.enabledByHand.set(uuid, world.nowMs);
  }
  watch.servers.rewoundMs = world.nowMs;
  isStarting(world, startupMs);
}

function isStarting(world: World, startupMs: number): void {
  noteOpenness(world);
  world.weather.gocdStartsUntilMs = world.nowMs + startupMs;
  world.weather.isGocdInMaintenance = false;
  world.weather.isGocdInBackup = false;
}

function setMaintenance(world: World, isOn: boolean): void {
  world.gocd.advance(world.nowMs);
  if (gocdRules(world.gocd.version).pause === "none") return;
  world.gocd.setMaintenance(isOn);
  if (!isOn) world.watch.maintenanceEndMs = world.nowMs;
  noteOpenness(world);
  world.weather.isGocdInMaintenance = isOn;
  noteOpenness(world);
}

function setBackup(world: World, isOn: boolean): void {
  world.gocd.advance(world.nowMs);
  world.gocd.setBackup(isOn);
  noteOpenness(world);
  world.weather.isGocdInBackup = isOn;
  noteOpenness(world);
}

/** Grants or revokes the administrator role of our account. */
export function setRights(world: World, isAdmin: boolean): void {
  world.weather.hasRights = isAdmin;
  world.gocd.setSecurity({
    kind: "on",
    users: [{ ...ourAccount, admin: isAdmin, ...(isAdmin ? {} : { views: [seenWithoutRights] }) }],
  });
}

/** Somebody changes our records manually. */
function meddle(world: World, how: "disable" | "enable"): void {
  const ours = world.gocd.agents().filter((record) =>
    world.watch.ourUuids.has(record.uuid) && record.configState === (how === "disable" ? "Enabled" : "Disabled")
  );
  if (ours.length === 0) return;
  const { uuid } = world.dice.pick(ours);
  if (how === "enable") world.watch.enabledByHand.set(uuid, world.nowMs);
  changeByHand(world, uuid, how);
}

/** People add an agent that can take no job of ours: with an agent in contact the server reschedules hung builds. */
export function addOpsAgent({ gocd }: World): void {
  if (gocd.agents().some(({ uuid }) => uuid === "foreign-ops")) return;
  gocd.addEnvironment({ name: "ops", origin: "gocd" });
  gocd.addAgent({ uuid: "foreign-ops", hostname: "ops", environments: ["ops"] });
}

/** The server is healthy again; jobs that can never be built are cancelled. */
export function healGocd(world: World): void {
  const { gocd, weather } = world;
  gocd.advance(world.nowMs);
  weather.outage = undefined;
  weather.stale = undefined;
  weather.namesClaimedUntilMs = 0;
  for (const taskId of world.watch.cuts.keys()) healCut(world, taskId);
  setBackup(world, false);
  setMaintenance(world, false);
  if (world.scenario.isSecured) setRights(world, true);
  // Without any agent in contact the server never reschedules a build whose agent has died (GoCD
  // ScheduleService.rescheduleHungJobs). The program launches one for the builds that it remembers; only after a
  // removal of the framework, a teardown "now" or a forgotten framework it remembers none. It also does not know builds
  // of a process that has restarted with its old uuid, as agents do on old servers (the record shows the new process),
  // of an agent whose network to the server is cut, or of one that ends before it was identified by its address.
  const { excused, tornDown, forgotten, hasHiddenBuild, cuts } = world.watch;
  const isUntold = isNamelessName(world.scenario.names);
  if (isUntold || hasHiddenBuild || cuts.size > 0 || excused.size + tornDown.size + forgotten.size > 0) {
    addOpsAgent(world);
  }
  for (const job of gocd.jobs()) {
    const isUnbuildable = job.obstacle !== undefined || job.elasticProfile !== undefined ||
      job.pinnedUuid !== undefined;
    if (isUnbuildable) gocd.cancelJob(job.locator);
  }
}

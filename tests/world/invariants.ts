// The laws of every simulated run: after each step, for each effect, for each container that ends, and at the end.
// Checked against the models and the disk wherever possible.

import type { Effect, GocdAgentRef } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { AgentInstance } from "../../src/core/instance.ts";
import type { StoredState } from "../../src/core/record.ts";
import type { State } from "../../src/core/state.ts";
import { trackPressed } from "./invariants_clocks.ts";
import { noteKilling, rememberLook } from "./invariants_builds.ts";
import { checkDrains, checkNothingLies } from "./invariants_drain.ts";
import { checkDoubles, checkStarving } from "./invariants_demand.ts";
import { checkEnabledAgain, checkWear, checkWindows } from "./invariants_fleet.ts";
import { checkGivenFree } from "./invariants_found.ts";
import { checkGroups } from "./invariants_groups.ts";
import { checkBreakers, checkLaunches, trackLaunches } from "./invariants_launch.ts";
import { checkLimitsOfLaunch, checkUseReload, trackUse } from "./invariants_limits.ts";
import { checkShares } from "./invariants_shares.ts";
import { checkPace, trackPace } from "./invariants_pace.ts";
import { checkVerdicts, shownBy } from "./invariants_verdicts.ts";
import { checkLivingRecords, noteSuspicion, trackServers } from "./invariants_servers.ts";
import { isSame, isSameBut } from "./same.ts";
import { demand, Violation } from "./violation.ts";
import { type Program, programMs, type World } from "./world_state.ts";

/** After a step whose records are stored, before its effects are performed. */
export function checkStep(
  world: World,
  program: Program,
  step: { readonly frame: Frame; readonly event: Event; readonly before: State },
): void {
  world.watch.steps++;
  const { frame, event } = step;
  checkLimits(frame);
  checkOffers(frame, event);
  checkAcknowledged(frame, event);
  if (frame.records.length > 0) checkReadBack(world, frame);
  checkMemory(world, frame, event);
  noteKilling(world, frame);
  trackPressed(world, frame.state);
  checkMisregistered(world, frame);
  for (const record of frame.records) {
    if (record.kind === "instance" && "uuid" in record.instance && record.instance.uuid !== undefined) {
      const { learnt } = world.watch;
      if (!learnt.has(record.instance.uuid)) learnt.set(record.instance.uuid, world.nowMs);
    }
  }
  checkGivenFree(world, frame, event);
  trackServers(world, frame, event);
  trackPace(world, frame);
  checkDoubles(world, frame);
  trackLaunches(world, step.before, frame);
  trackUse(world, step.before, frame, event);
  checkWear(world, frame, event);
  if (event.kind === "tick") checkWindows(frame.state, programMs(world));
  if (event.kind === "gocd-polled") checkStarving(world, step.before, frame);
  if (event.kind === "gocd-polled") checkShares(world, step.before, frame);
  if (event.kind === "gocd-polled" || event.kind === "gocd-agents-read") checkNothingLies(world, frame);
  world.watch.feed = shownBy(event, world.watch.feed);
  if (event.kind === "gocd-polled" || event.kind === "gocd-poll-failed") checkVerdicts(world, program, event);
  if (event.kind === "gocd-polled") checkBreakers(program.state);
}

/** The operator's settings are active, and what is remembered as requested was sent, whatever the disk did. */
function checkMemory(world: World, { state, effects }: Frame, event: Event): void {
  if (event.kind === "tick") {
    demand(
      state.settings === world.settings,
      "settings",
      () => "another configuration is in force than the operator's",
    );
  }
  for (const effect of effects) {
    if (effect.kind !== "enable-gocd-agent") continue;
    const askedMs = state.server.enableRequestedMs.get(effect.uuid);
    if (askedMs !== undefined) world.watch.enablingSentMs.set(effect.uuid, askedMs);
  }
  for (const [uuid, askedMs] of state.server.enableRequestedMs) {
    demand(
      world.watch.enablingSentMs.get(uuid) === askedMs,
      "unsent",
      () => `the enabling of ${uuid} is taken for sent, but was not`,
    );
  }
}

/**
 * Registrations are checked for persistent errors: an agent reported as misregistered really lacks its environment or a
 * resource.
 */
function checkMisregistered(world: World, { notes, state }: Frame): void {
  for (const note of notes) {
    if (note.kind !== "agent-misregistered") continue;
    const instance = state.instances.get(note.taskId);
    const uuid = instance?.state === "registered" ? instance.uuid : undefined;
    const record = world.gocd.agents().find((each) => each.uuid === uuid);
    if (instance === undefined || record === undefined) continue;
    const { environment, gocdResources } = instance;
    const isRight =
      (environment === undefined ? record.environments.length === 0 : record.environments.includes(environment)) &&
      gocdResources.every((name) => record.gocdResources.includes(name));
    demand(
      !isRight,
      "misregistered",
      () => `${instance.taskId} is called misregistered, but its record has all it should`,
    );
  }
}

/** A launch never exceeds a limit. */
function checkLimits({ state, effects }: Frame): void {
  const launched = effects.flatMap((effect) => effect.kind === "accept-offers" ? effect.launches : []);
  if (launched.length === 0) return;
  const alive = [...state.instances.values()].filter(isAlive);
  const { maxAgents } = state.settings.scaling;
  demand(
    alive.length <= maxAgents,
    "limit",
    () => `${alive.length} instances live, scaling.max-agents is ${maxAgents}`,
  );
  for (const { profile } of launched) {
    const own = alive.filter((instance) => instance.profile === profile.name).length;
    const limit = state.settings.profiles.find((each) => each.name === profile.name)?.maxAgents ?? Infinity;
    demand(own <= limit, "limit", () => `${own} instances of ${profile.name} live, its max-agents is ${limit}`);
  }
  // A canary ignores a freeze.
  const isOfCanaries = launched.every(({ taskId }) => state.instances.get(taskId)?.bucketKey?.startsWith("canary "));
  const isOn = state.controls.mode === "run" && (!state.controls.frozen || isOfCanaries);
  demand(isOn, "switches", () => "launched although switched off");
}

function isAlive(instance: AgentInstance): boolean {
  return instance.state !== "gone" && instance.state !== "unreachable";
}

/** Every offer of an event is in exactly one answer of its step. */
function checkOffers({ effects }: Frame, event: Event): void {
  if (event.kind !== "offers-received" && event.kind !== "inverse-offers-received") return;
  const isInverse = event.kind === "inverse-offers-received";
  const answered = effects.flatMap((effect) => {
    const answersInverse = effect.kind === "accept-inverse-offers" || effect.kind === "decline-inverse-offers";
    const answers = effect.kind === "accept-offers" || effect.kind === "decline-offers";
    return (isInverse ? answersInverse : answers) && "offerIds" in effect ? effect.offerIds : [];
  });
  const offered = event.offers.map((offer) => offer.id);
  demand(
    isSame([...answered].sort(), [...offered].sort()),
    "offers",
    () => `offered ${offered.join(" ")}, answered ${answered.join(" ")}`,
  );
}

/** An update with a uuid is acknowledged in its step, once. */
function checkAcknowledged({ effects }: Frame, event: Event): void {
  const acknowledged = effects.flatMap((effect) => effect.kind === "acknowledge-status" ? [effect.uuid] : []);
  const wanted = event.kind === "task-status-updated" && event.status.uuid !== undefined ? [event.status.uuid] : [];
  demand(
    isSame(acknowledged, wanted),
    "acknowledge",
    () => `wanted ${wanted.join(" ")}, acknowledged ${acknowledged.join(" ")}`,
  );
}

/** Records that were just stored read back as the core's state. */
function checkReadBack(world: World, frame: Frame): void {
  for (const record of frame.records) {
    if (record.kind !== "instance" && record.kind !== "instance-removed") continue;
    const taskId = record.kind === "instance" ? record.instance.taskId : record.taskId;
    checkInstance(taskId, frame.state.instances.get(taskId), readInstance(world, taskId));
  }
}

function readInstance(world: World, taskId: string): AgentInstance | undefined {
  try {
    return world.disk.instance(taskId);
  } catch (error) {
    throw new Violation("reload", error instanceof Error ? error.message : String(error));
  }
}

function checkInstance(taskId: string, believed: AgentInstance | undefined, stored: AgentInstance | undefined): void {
  demand(
    believed === undefined || stored === undefined ? believed === stored : isSameBut(believed, stored, unstored),
    "reload",
    () => `${taskId} is ${JSON.stringify(believed)} but reads back as ${JSON.stringify(stored)}`,
  );
}

/** Clocks are not stored at each change; the last one is written by the disk (sim_disk.ts). */
const unstored: ReadonlySet<string> = new Set(["lastKillMs", "lastReconcileMs", "fieldOfANewerVersion"]);

/**
 * At a start: no field of a newer version has been lost. A stored launch is one of ours, whether it was sent or not:
 * its run may have ended before (or was told that the record was not stored), and only Mesos knows.
 */
export function checkReload(world: World, stored: StoredState): void {
  checkUseReload(world, stored);
  noteSuspicion(world, stored);
  for (const { taskId, state } of stored.instances) {
    if (state === "launching") world.watch.launched.add(taskId);
  }
  const lost = world.disk.forgottenFuture();
  demand(lost.length === 0, "newer-fields", () => `records have lost fields of a newer version: ${lost.join(" ")}`);
  demand(
    new Set(stored.instances.map((each) => each.taskId)).size === stored.instances.length,
    "reload",
    () => "a task id is on record twice",
  );
}

/** The content of the disk equals the program's state: checked periodically, and at the end. */
export function checkWholeState(world: World, program: Program): void {
  const stored = world.disk.taskIds().sort();
  const believed = [...program.state.instances.keys()].sort();
  if (world.disk.isAhead) return;
  demand(isSame(stored, believed), "reload", () => `on disk: ${stored.join(" ")}; believed: ${believed.join(" ")}`);
  for (const taskId of stored) checkInstance(taskId, program.state.instances.get(taskId), readInstance(world, taskId));
}

/** When an effect is performed, the records of its step are on disk. */
export function checkStored(world: World, frame: Frame, effect: Effect): void {
  if (frame.records.length === 0) return;
  demand(
    world.disk.holds(frame.records),
    "save-before-act",
    () => `${effect.kind} leaves before its records are stored`,
  );
}

/** A frame and the state before its step. */
export interface Made {
  readonly frame: Frame;
  readonly before: State;
}

/** What an effect must never do. */
export function checkEffect(world: World, { frame, before }: Made, effect: Effect): void {
  checkPace(world, frame, effect);
  switch (effect.kind) {
    case "accept-offers":
      for (const { taskId } of effect.launches) {
        demand(!world.watch.launched.has(taskId), "task-id-unique", () => `${taskId} is launched a second time`);
        demand(/^[a-z0-9-]{1,63}$/.test(taskId), "task-id-unique", () => `${taskId} is no host name`);
        world.watch.launched.add(taskId);
      }
      checkLaunches(world, frame, effect);
      checkGroups(world, frame, effect);
      return checkLimitsOfLaunch(world, frame, effect.launches.map(({ taskId }) => taskId));
    case "kill-task":
      demand(world.watch.launched.has(effect.taskId), "foreign", () => `${effect.taskId} is killed but not ours`);
      return rememberLook(world, frame, effect.taskId);
    case "enable-gocd-agent":
      checkEnable(world, frame, effect);
      if (effect.registration === undefined) checkEnabledAgain(world, frame, effect.taskId);
      return checkDrains(world, before, frame, effect);
    case "correct-gocd-agent":
      return demandOurs(world, effect.kind, effect);
    case "disable-gocd-agents":
    case "delete-gocd-agents":
      for (const ref of effect.agents) demandOurs(world, effect.kind, ref);
      if (effect.kind === "delete-gocd-agents") checkLivingRecords(world, frame, effect);
      return checkDrains(world, before, frame, effect);
    case "read-sandbox":
      return demand(
        frame.state.settings.readsSandboxes === true && world.watch.launched.has(effect.taskId),
        "sandbox",
        () => `the sandbox of ${effect.taskId} is read although it is not ours, or nothing is to be read`,
      );
    default:
      return;
  }
}

/** Only records of its own container are changed for an instance, regardless of the agent's name. */
function demandOurs(world: World, act: string, { uuid, taskId }: GocdAgentRef): void {
  demand(
    world.watch.ourUuids.get(uuid) === taskId || isMistaken(world, { uuid, taskId }),
    "foreign",
    () => `${act}: ${uuid} is not of ${taskId}`,
  );
}

/**
 * The record of a dead agent that had no name of its own and the address that the container has now, which lists have
 * lacked until after the launch: while it looks alive, for 300 s, nobody can tell it from the agent of that container;
 * afterwards it counts as a former record of the agent that is there.
 */
function isMistaken({ watch, gocd, program }: World, { uuid, taskId }: GocdAgentRef): boolean {
  const record = gocd.agents().find((each) => each.uuid === uuid);
  const isAlive = gocd.processes().some((process) => process.uuid === uuid);
  const isTold = [...watch.ourUuids].some(([each, id]) => id === taskId && watch.learnt.has(each));
  const addresses = program?.state.instances.get(taskId)?.addresses ?? [];
  return record !== undefined && !isAlive && isTold && addresses.includes(record.ipAddress);
}

function checkEnable(world: World, frame: Frame, effect: Effect & { readonly kind: "enable-gocd-agent" }): void {
  const instance = frame.state.instances.get(effect.taskId);
  const isLiving = instance !== undefined && instance.state !== "gone" && instance.state !== "killing";
  demand(
    isLiving || effect.registration === undefined,
    "enable",
    () => `${effect.taskId} is enabled but is ${instance?.state ?? "unknown"}`,
  );
  demandOurs(world, effect.kind, effect);
}

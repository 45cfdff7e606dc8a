// The program in the world: the production step on virtual time, records stored before effects are performed, and the
// points in between at which it can die.

import { noteLine } from "../../src/core/words/notes.ts";
import type { Effect, SandboxEffect } from "../../src/core/effect.ts";
import type { SandboxAnswer } from "../../src/core/life/sandbox.ts";
import type { Event } from "../../src/core/event.ts";
import type { Frame } from "../../src/core/frame.ts";
import type { StateRecord } from "../../src/core/record.ts";
import { withoutFramework } from "../../src/core/identity/lineage.ts";
import { initialState, step } from "../../src/core/step.ts";
import { doubtRecords, undoEveryMs, undoing, withoutRecords } from "../../src/core/unstored.ts";
import { noOutage } from "../../src/runtime/outage.ts";
import { addOpsAgent } from "./faults_gocd.ts";
import { performGocd } from "./gocd_port.ts";
import { checkEffect, checkReload, checkStep, checkStored, type Made } from "./invariants.ts";
import { noteProgramStart, noteStep } from "./invariants_clocks.ts";
import { costOfStart } from "./invariants_costs.ts";
import { newFleetWatch } from "./invariants_fleet.ts";
import { newLaunchWatch } from "./invariants_launch.ts";
import { newPace } from "./invariants_pace.ts";
import { charge } from "./invariants_progress.ts";
import { noteHindered, noteShown, noteStart } from "./invariants_shown.ts";
import { shownBy } from "./invariants_verdicts.ts";
import { endSession, performMesos, subscribe } from "./mesos_port.ts";
import { mutateEvent, mutateFrame, mutateRest, mutateState } from "./world_bugs.ts";
import {
  after,
  afterIn,
  forgetElsewhere,
  type Program,
  programMs,
  suspendedMs,
  trace,
  type World,
} from "./world_state.ts";
import { describeEffect, describeEvent } from "./world_trace.ts";

/** Starts the program with the content of its disk. */
export function startProgram(world: World): void {
  const stored = world.disk.load();
  const onRecord = new Set(stored.instances.map(({ taskId }) => taskId));
  const isSameClock = world.clockAheadMs === world.nextClockAheadMs;
  world.clockAheadMs = world.nextClockAheadMs;
  world.watch.feed = undefined;
  world.watch.servers.everShown.clear();
  noteStart(world.watch.shown, world.nowMs);
  noteProgramStart(world);
  world.watch.pace = newPace(stored.instances, world.nowMs);
  world.watch.launches = newLaunchWatch(world.watch.launches, isSameClock ? onRecord : undefined);
  world.watch.fleet = newFleetWatch();
  // After an immediate teardown, people have to clean up the records of agents.
  const forgotten = stored.framework.frameworkId === undefined ? world.watch.tornDown : [];
  for (const taskId of forgotten) world.watch.forgotten.add(taskId);
  trace(world, () => `program starts with ${stored.instances.length} instances on record`);
  const program: Program = {
    state: initialState(stored, world.settings, programMs(world)),
    inDoubt: new Map(),
    undoMs: 0,
    gocdQueue: [],
    isGocdBusy: false,
    mesosQueue: [],
    isMesosBusy: false,
    link: undefined,
    outage: noOutage,
    pauseMs: undefined,
    handle: (event) => handle(world, program, event),
  };
  world.program = program;
  checkReload(world, stored);
  subscribe(world, program);
}

/** The program ends immediately; what it had sent is in transit, everything else is lost. */
export function stopProgram(world: World, streamMs: number = world.scenario.faults.networkDelayMsMax + 1): void {
  const { program } = world;
  if (program === undefined) return;
  world.program = undefined;
  const { link } = program;
  if (link === undefined) return;
  after(world, streamMs, () => link.mesos.disconnect(link.subscriptionId, world.nowMs));
}

/** One event: step, store, perform, like runtime/engine.ts. */
function handle(world: World, program: Program, event: Event): void {
  if (world.program !== program) return;
  const leftMs = suspendedMs(world);
  if (leftMs > 0) return afterIn(world, program, leftMs, () => handle(world, program, event));
  noteStep(world);
  if (event.kind !== "tick") {
    trace(world, () => `event   ${describeEvent(event)}`);
    if (crashesHere(world, "before the event is handled")) return;
  }
  noteShown(world.watch.shown, event, world.nowMs);
  const before = program.state;
  const frame = makeFrame(world, program, event);
  for (const note of frame.notes) {
    const { level, code, text } = noteLine(note, world.nowMs);
    if (level !== "debug") trace(world, () => `note    ${level} ${code}: ${text}`);
  }
  if (world.bug === "acknowledge-before-store") {
    for (const effect of frame.effects) {
      if (effect.kind === "acknowledge-status") act(world, program, { frame, before }, effect);
    }
  }
  if (event.kind === "tick" && program.inDoubt.size > 0 && world.nowMs >= program.undoMs) commit(world, program, []);
  if (frame.records.length > 0) {
    if (crashesHere(world, "before the records are stored")) return;
    if (!commit(world, program, frame.records)) return storeFailed(world, program, { frame, event });
    if (crashesHere(world, "after the records are stored")) return;
  }
  program.state = frame.state;
  if (event.kind === "launching-resumed" && event.profile === undefined) world.clocks.resumedMs = world.nowMs;
  checkStep(world, program, { frame, event, before });
  for (const effect of frame.effects) {
    if (world.bug === "acknowledge-before-store" && effect.kind === "acknowledge-status") continue;
    act(world, program, { frame, before }, effect);
    if (crashesHere(world, `after ${effect.kind}`)) return;
    if (world.program !== program) return;
  }
}

/** Stores records, after what undoes earlier failed commits; false if that fails. */
function commit(world: World, program: Program, records: readonly StateRecord[]): boolean {
  const isStored = world.disk.commit([...undoing(program.inDoubt, program.state), ...records]);
  program.inDoubt = isStored ? new Map() : doubtRecords(program.inDoubt, records);
  if (!isStored) program.undoMs = world.nowMs + undoEveryMs;
  return isStored;
}

function makeFrame(world: World, program: Program, event: Event): Frame {
  const before = program.state;
  const atMs = programMs(world);
  const mutated = mutateState(world.bug, before, { atMs, event });
  const timed = { atMs, random: world.dice.random(), event: mutateEvent(world.bug, event, mutated) };
  return mutateFrame(world.bug, step(mutated, timed), { before, event });
}

/** The part of a frame that remains if it could not be stored. */
function storeFailed(world: World, program: Program, { frame, event }: { frame: Frame; event: Event }): void {
  trace(world, () => "store   the commit failed: nothing of it happens");
  world.watch.failedCommits++;
  noteHindered(world.watch.shown, world.nowMs);
  world.watch.feed = shownBy(event, world.watch.feed);
  const before = program.state;
  const { state, effects } = withoutRecords(before, event, frame);
  program.state = mutateRest(world.bug, state, { before, frame });
  for (const effect of effects) {
    if (world.program !== program) return;
    trace(world, () => `effect  ${describeEffect(effect)}`);
    perform(world, program, effect);
  }
}

function act(world: World, program: Program, made: Made, effect: Effect): void {
  trace(world, () => `effect  ${describeEffect(effect)}`);
  checkStored(world, made.frame, effect);
  checkEffect(world, made, effect);
  perform(world, program, effect);
}

function perform(world: World, program: Program, effect: Effect): void {
  switch (effect.kind) {
    case "poll-gocd":
    case "read-gocd-agents":
    case "enable-gocd-agent":
    case "correct-gocd-agent":
    case "disable-gocd-agents":
    case "delete-gocd-agents":
      return performGocd(world, program, effect);
    case "read-sandbox":
      return readSandbox(world, program, effect);
    case "end-session":
      if (effect.retryMs === undefined) return refused(world);
      program.pauseMs = effect.retryMs;
      return endSession(world, program);
    case "step-down":
    case "exit":
      trace(world, () => `program ends by itself: ${effect.message}`);
      // With the framework, builds of agents that died before and that the server has yet to reschedule are forgotten,
      // too.
      if (effect.kind === "exit" && isAnyAssigned(world)) {
        world.watch.hasHiddenBuild = true;
        if (world.isHealed) addOpsAgent(world);
      }
      forgetElsewhere(world);
      stopProgram(world);
      return after(world, 60_000, () => restart(world));
    default:
      return performMesos(world, program, effect);
  }
}

/**
 * A Mesos agent responds, refuses, or never responds, and nothing may depend on it. Derived from the task, so that the
 * rest of the seed's scenario is unchanged.
 */
function readSandbox(world: World, program: Program, request: SandboxEffect): void {
  const draw = [...request.taskId].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  const answers: readonly (SandboxAnswer | undefined)[] = [
    { kind: "read", text: "a\nb" },
    { kind: "read", text: "" },
    { kind: "not-allowed", host: request.host },
    { kind: "failed", message: "no answer" },
    undefined,
  ];
  const answer = answers[draw % answers.length];
  if (answer === undefined) return;
  afterIn(world, program, (draw % 7) * 1_000, () => handle(world, program, { kind: "sandbox-read", request, answer }));
}

/** Whether the server attributes a build to one of our agents. */
function isAnyAssigned({ gocd, watch }: World): boolean {
  return gocd.jobs().some(({ gocdAgentUuid }) => gocdAgentUuid !== undefined && watch.ourUuids.has(gocdAgentUuid));
}

/**
 * The framework is gone but agents are stored: a person checks, forgets the framework like cli/state.ts, and restarts
 * the program.
 */
function refused(world: World): void {
  trace(world, () => "program ends: a person must forget the framework");
  stopProgram(world);
  const { startedMs } = world.clocks;
  after(world, 300_000, () => {
    // Started again meanwhile, by a person or with another state: that run tells whether this is still necessary.
    if (world.program !== undefined || world.clocks.startedMs !== startedMs) return;
    const { framework, instances } = world.disk.load();
    const { lineage, nextTaskNumber } = framework;
    world.disk.failure = undefined;
    world.disk.commit([
      { kind: "framework", framework: withoutFramework({ lineage, nextTaskNumber }) },
      { kind: "suspicion" },
      ...instances.map(({ taskId }) => ({ kind: "instance-removed" as const, taskId })),
    ]);
    for (const { taskId } of instances) world.watch.forgotten.add(taskId);
    trace(world, () => `person  forgets the framework and ${instances.length} agents`);
    restart(world);
  });
}

/** Starts it unless it is running. */
export function restart(world: World): void {
  if (world.program === undefined) startProgram(world);
}

/** Counts a point at which the program can die, and ends it if this is the selected one. */
function crashesHere(world: World, where: string): boolean {
  world.points++;
  const { crash } = world;
  if (crash === undefined || world.points !== crash.atPoint) return false;
  const { standby } = crash;
  trace(
    world,
    () =>
      `${standby === undefined ? "CRASH  " : "FAILOVER"} at point ${world.points}, ${where}; back in ${
        crash.downMs / 1000
      } s`,
  );
  world.crash = undefined;
  world.watch.crashes++;
  charge(world, crash.downMs + costOfStart(world));
  stopProgram(world, standby?.streamMs);
  after(world, crash.downMs, () => {
    if (world.program !== undefined) return;
    world.nextClockAheadMs += standby?.skewMs ?? 0;
    if (crash.byNewer) world.disk.writeFromTheFuture();
    startProgram(world);
  });
  return true;
}

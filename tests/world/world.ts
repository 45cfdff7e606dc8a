// One simulated run: a seed's scenario on virtual time with the production step and the two models, checking every law;
// then faults stop, and everything must finish.

import { isRunOnAll } from "../../src/core/demand/run_on_all.ts";
import { windowReader } from "../../src/config/cron.ts";
import { act, heal } from "./faults_act.ts";
import { keepAgentCopy, setRights } from "./faults_gocd.ts";
import { virtualTimers } from "../../src/sim/timers.ts";
import { gocdRules } from "../../src/sim/gocd/versions.ts";
import { checkWholeState } from "./invariants.ts";
import { newClockWatch, noteOpenness } from "./invariants_clocks.ts";
import { newWatch } from "./invariants_watch.ts";
import { checkGocd } from "./invariants_builds.ts";
import { checkZombies } from "./invariants_demand.ts";
import { checkFound } from "./invariants_found.ts";
import { checkPaceAtTick, isRightlyHeld } from "./invariants_pace.ts";
import { checkProgress } from "./invariants_progress.ts";
import { deliver, watchSilence } from "./mesos_port.ts";
import { seededRandom } from "../../src/sim/random.ts";
import { type Scenario, startMs } from "./scenario.ts";
import { groupOfPipeline } from "./scenario_groups.ts";
import { isNameless } from "./scenario_names.ts";
import { isUntold } from "./untold.ts";
import { isServable } from "./scenario_jobs.ts";
import { dice } from "./scenario_dice.ts";
import { createSimDisk, type SimDiskFailure } from "./sim_disk.ts";
import { createSimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { createSimMesos } from "../../src/sim/mesos/sim_mesos.ts";
import { Violation } from "./violation.ts";
import type { PlantedBug } from "./world_bugs.ts";
import { containerChanged } from "./world_containers.ts";
import { startProgram } from "./world_program.ts";
import { after, type Program, programMs, suspendedMs, trace, type World } from "./world_state.ts";

/** How to run a scenario. */
export interface PlayOptions {
  /** Gets one line per event. */
  readonly trace?: (line: string) => void;
  /** A planted bug that the laws must catch. */
  readonly bug?: PlantedBug;
  /** The program dies at exactly this point (from 1), and restarts five seconds later. */
  readonly crashAtPoint?: number;
  /** Exactly this commit fails (from 1). */
  readonly failingCommit?: { readonly number: number; readonly how: SimDiskFailure };
}

/** The result of a run. */
export interface Outcome {
  /** The seed, to replay it. */
  readonly seed: number;
  /** The broken law and the details; absent: none. */
  readonly violation?: { readonly law: string; readonly message: string; readonly afterMs: number };
  /** Virtual time. */
  readonly lastedMs: number;
  /** Steps of the core. */
  readonly steps: number;
  /** Number of points at which the program could have died. */
  readonly points: number;
  /** Tasks launched. */
  readonly launches: number;
  /** Builds completed. */
  readonly builds: number;
  /** Deaths of the program. */
  readonly crashes: number;
  /** Commits, including failed ones. */
  readonly commits: number;
}

/** After the faults a job must be built within this time of the last one: one agent may have to build all. */
const buildPatienceMs = 3 * 3_600_000;
/** An agent on a machine that never returns is given up after a day; then its build is rescheduled. */
const patienceMs = 36 * 3_600_000;
/** Interval of ticks while nothing changes. */
const idleTickMs = 10_000;
/** Maximum number of turns of the loop; more means that time does not advance. */
const turnsMax = 3_000_000;

/** Runs a scenario to its end. Never throws for a broken law. */
export function play(scenario: Scenario, options: PlayOptions = {}): Outcome {
  const world = makeWorld(scenario, options);
  const { failingCommit } = options;
  if (failingCommit !== undefined) world.disk.failing.set(failingCommit.number, failingCommit.how);
  const violation = broken(world, () => run(world));
  if (violation !== undefined) trace(world, () => `BROKEN  ${violation.law}: ${violation.message}`);
  return {
    seed: scenario.seed,
    ...(violation === undefined ? {} : { violation }),
    lastedMs: world.nowMs - startMs,
    steps: world.watch.steps,
    points: world.points,
    launches: world.watch.launched.size,
    builds: world.gocd.tally.buildsCompleted,
    crashes: world.watch.crashes,
    commits: world.disk.commits,
  };
}

function broken(world: World, act: () => void): Outcome["violation"] {
  try {
    act();
    return undefined;
  } catch (error) {
    const afterMs = world.nowMs - startMs;
    if (error instanceof Violation) return { law: error.law, message: error.message, afterMs };
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    return { law: "throws", message, afterMs };
  }
}

function makeWorld(scenario: Scenario, { trace, bug, crashAtPoint }: PlayOptions): World {
  const { seed, hosts, mastersCount, gocdVersion } = scenario;
  const lineage = [...(seed >>> 0).toString(36).padStart(6, "0")].slice(-6).join("");
  return {
    scenario,
    dice: dice(seededRandom(seed ^ 0xd1ce)),
    requestDice: dice(seededRandom(seed ^ 0xfa7e)),
    nameDice: dice(seededRandom(seed ^ 0xa11a5)),
    nowMs: startMs,
    clockAheadMs: 0,
    nextClockAheadMs: 0,
    suspendedUntilMs: startMs,
    agenda: virtualTimers(),
    gocd: createSimGocd({
      version: gocdVersion,
      nowMs: startMs,
      random: seededRandom(seed ^ 0x60cd),
      autoRegisterKey: "right",
      environments: [{ name: "prod", origin: "gocd" }],
    }),
    mesos: createSimMesos({
      random: seededRandom(seed ^ 0x3e505),
      startMs,
      mesosAgents: hosts,
      masters: Array.from({ length: mastersCount }, (_, index) => ({ hostname: `master${index + 1}`, port: 5050 })),
      faults: scenario.faults.mesos,
    }),
    otherMesos: undefined,
    isElsewhere: false,
    disk: createSimDisk(lineage),
    program: undefined,
    settings: scenario.settings,
    isHealed: false,
    weather: {
      outage: undefined,
      stale: undefined,
      hidden: undefined,
      otherGocd: undefined,
      namesClaimedUntilMs: 0,
      isGocdInMaintenance: false,
      isGocdInBackup: false,
      gocdStartsUntilMs: 0,
      hasRights: true,
    },
    points: 0,
    crash: crashAtPoint === undefined
      ? undefined
      : { atPoint: crashAtPoint, downMs: 5_000, byNewer: false, isFault: false },
    bug,
    clocks: newClockWatch(startMs),
    watch: newWatch(startMs),
    trace,
  };
}

function run(world: World): void {
  const { scenario } = world;
  trace(world, () => `scenario ${JSON.stringify({ ...scenario, lastSettings: undefined })}`);
  if (scenario.isSecured) setRights(world, true);
  for (const foreigner of scenario.foreigners) world.gocd.addAgent(foreigner);
  for (const { afterMs, request } of scenario.jobs) {
    after(world, afterMs, () => {
      world.gocd.advance(world.nowMs);
      const locator = world.gocd.schedule(request);
      const group = groupOfPipeline(scenario.seed, request.pipeline);
      if (group !== undefined) world.gocd.setPipelineGroup(request.pipeline, group);
      trace(world, () => `gocd    scheduled ${locator} (${request.gocdResources.join(",")})`);
    });
  }
  for (const { afterMs, fault } of scenario.faults.events) after(world, afterMs, () => act(world, fault));
  after(world, scenario.activeMs, () => heal(world));
  startProgram(world);
  let lastTickMs = world.nowMs;
  for (let turn = 0; turn < turnsMax; turn++) {
    const tickMs = lastTickMs + tickGap(world);
    world.nowMs = Math.max(world.nowMs, Math.min(tickMs, world.agenda.nextMs() ?? Infinity, mesosDueMs(world)));
    settleMesos(world);
    for (let due = world.agenda.take(world.nowMs); due !== undefined; due = world.agenda.take(world.nowMs)) due.run();
    settleMesos(world);
    if (world.nowMs < tickMs) continue;
    lastTickMs = world.nowMs;
    if (tick(world)) return;
  }
  throw new Violation("standstill", `virtual time stands still at ${world.nowMs - startMs} ms`);
}

function mesosDueMs(world: World): number {
  return Math.min(world.mesos.nextDueMs() ?? Infinity, world.otherMesos?.nextDueMs() ?? Infinity);
}

function settleMesos(world: World): void {
  const { containers, deliveries } = world.mesos.advance(world.nowMs);
  for (const event of containers) containerChanged(world, event);
  for (const delivery of deliveries) deliver(world, world.mesos, delivery);
  const { otherMesos } = world;
  if (otherMesos === undefined) return;
  for (const delivery of otherMesos.advance(world.nowMs).deliveries) deliver(world, otherMesos, delivery);
}

/** Ticks are frequent while something changes, otherwise they jump to the next poll. */
function tickGap(world: World): number {
  const { program, scenario } = world;
  if (program === undefined) return idleTickMs;
  if (isBusy(program)) return scenario.tickMs;
  const toPollMs = program.state.server.nextPollMs - programMs(world);
  return Math.max(scenario.tickMs, Math.min(idleTickMs, toPollMs));
}

function isBusy({ state }: Program): boolean {
  if (state.demand.wanted.length > 0 || state.reconciliation.pending.size > 0 || state.demand.isStale) return true;
  if (state.offers.undeclined.length > 0) return true;
  for (const { state: phase } of state.instances.values()) {
    if (phase === "launching" || phase === "starting" || phase === "draining" || phase === "killing") return true;
  }
  return false;
}

/** Shared by all worlds: it only caches the last result. */
const windowsNow = windowReader();

/** One tick of the program and of the checks; true once everything is done. */
function tick(world: World): boolean {
  const { program } = world;
  noteOpenness(world);
  checkGocd(world);
  world.disk.keepCopy(world.nowMs);
  keepAgentCopy(world);
  if (program !== undefined && suspendedMs(world) === 0) {
    watchSilence(world, program);
    const windows = windowsNow(program.state.settings, programMs(world));
    program.handle({ kind: "tick", ...(windows === undefined ? {} : { windows }) });
    checkPaceAtTick(world, program);
    if (world.program === program) checkZombies(world, program);
  }
  checkFound(world);
  checkProgress(world);
  if (!world.isHealed) return false;
  if (isNameless(world.scenario.names)) return isOverForNameless(world);
  const left = whatIsLeft(world);
  if (left === undefined) {
    if (world.program !== undefined) checkWholeState(world, world.program);
    return true;
  }
  const waitedMs = world.nowMs - startMs - world.scenario.activeMs;
  const isAnyLost = isAnyUnreachable(world);
  const completed = world.gocd.tally.completedLocators.size;
  if (isAnyLost || completed > world.watch.completed) world.watch.lastMovedMs = world.nowMs;
  world.watch.completed = completed;
  const isBuildLate = world.nowMs - world.watch.lastMovedMs > buildPatienceMs && waitedMs > buildPatienceMs;
  if (!isBuildLate && waitedMs <= patienceMs) return false;
  if (isAnyHeld(world)) return true;
  throw new Violation("liveness", left());
}

/** Whether an instance is on a Mesos agent that never returns, because its machine was wiped while it was away. */
function isAnyUnreachable({ program, mesos }: World): boolean {
  const lost = [...program?.state.instances.values() ?? []].filter(({ state }) => state === "unreachable");
  if (lost.length === 0) return false;
  const away = new Set(mesos.view().mesosAgents.flatMap(({ id, standing }) => standing === "unreachable" ? [id] : []));
  return lost.some(({ mesosAgentId }) => away.has(mesosAgentId));
}

/**
 * An instance that is correctly left running counts towards the limits, and jobs may wait because of it: this was
 * reported to the operator.
 */
function isAnyHeld(world: World): boolean {
  const instances = [...world.program?.state.instances.values() ?? []];
  return instances.some((instance) => isRightlyHeld(world, instances, instance));
}

/**
 * Agents that cannot be distinguished from foreign ones are never removed: their containers keep running and count
 * towards the limits. For some more hours it is checked that they are not killed, and that foreign agents are not
 * changed.
 */
const namelessMs = 4 * 3_600_000;

function isOverForNameless(world: World): boolean {
  const { program, nowMs, scenario } = world;
  return program !== undefined && nowMs - startMs - scenario.activeMs >= namelessMs;
}

/** What still has to be done, if anything. */
function whatIsLeft(world: World): (() => string) | undefined {
  const { watch, gocd } = world;
  if (world.program === undefined) return () => "the program is down";
  const onDisk = world.disk.taskIds();
  const instances = world.program.state.instances;
  if (onDisk.length > 0 && !world.disk.isAhead) {
    return () => `on record: ${onDisk.map((id) => JSON.stringify(instances.get(id))).join(" ")}; ${jobsLeft(world)}`;
  }
  if (instances.size > 0) return () => `believed: ${[...instances.keys()].join(" ")}`;
  const containers = [...watch.containers.keys()].filter((taskId) => !watch.forgotten.has(taskId));
  if (containers.length > 0) return () => `containers run: ${containers.join(" ")}`;
  const records = gocd.agents().filter(({ uuid }) => {
    const taskId = watch.ourUuids.get(uuid);
    return taskId !== undefined && !watch.forgotten.has(taskId) && !isUntold(world, uuid);
  });
  if (records.length > 0) {
    return () => `GoCD has records: ${records.map((each) => `${each.hostname} ${each.configState} ${each.runtime}`)}`;
  }
  const unbuilt = unbuiltJobs(world);
  if (unbuilt.length > 0) return () => jobsLeft(world);
  return undefined;
}

/**
 * A build that the server itself never reschedules: its agent has ended, and its silence is not detected, because the
 * record is Missing since a restart (up to GoCD 18.6) or was disabled by someone (up to 17.8). The program makes the
 * server reschedule such a build by deleting the record of its instance (cleanup.ts), but this record has no known
 * owner: the container ended before lists had shown the agent at its address for ten seconds.
 */
function isStuckUntold(world: World, uuid: string | undefined): boolean {
  const record = world.gocd.agents().find((each) => each.uuid === uuid);
  if (record === undefined || !isUntold(world, record.uuid)) return false;
  const isEnded = !world.gocd.processes().some((process) => process.uuid === record.uuid);
  const { missingBecomesLost, disabledAgentsRefreshed } = gocdRules(world.gocd.version);
  const isSilenceSeen = record.configState === "Disabled"
    ? disabledAgentsRefreshed
    : record.runtime !== "Missing" || missingBecomesLost;
  return isEnded && !isSilenceSeen;
}

function unbuiltJobs(world: World): string[] {
  const { completedLocators } = world.gocd.tally;
  const servable = new Set(
    world.scenario.jobs.flatMap(({ isOrdinary, request }) =>
      // A run-on-all job is also ours once it has lost its pin.
      (isOrdinary || request.runOnAll !== undefined) && isServable(world.settings, world.gocd.version, request)
        ? [request.job]
        : []
    ),
  );
  return world.gocd.jobs()
    .filter((job) => servable.has(job.name) && job.pinnedUuid === undefined && !completedLocators.has(job.locator))
    .filter((job) => !isStuckUntold(world, job.gocdAgentUuid))
    .filter((job) => !(isRunOnAll(job) && isAnyForeignBusy(world)))
    .map((job) => `${job.locator} ${job.state}`);
}

/** The feed does not show to which agent a job is pinned: one that builds for hours may take it afterwards. */
function isAnyForeignBusy({ gocd, watch }: World): boolean {
  return gocd.agents().some(({ uuid, configState, runtime }) =>
    !watch.ourUuids.has(uuid) && configState === "Enabled" && runtime === "Building"
  );
}

function jobsLeft(world: World): string {
  const verdicts =
    world.program?.state.demand.jobs.map((job) => `${job.locator}: ${job.verdict}, ${job.reason.kind}`) ?? [];
  return `not built: ${unbuiltJobs(world).join(", ")}; verdicts: ${verdicts.join("; ")}`;
}

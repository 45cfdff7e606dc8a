// Jobs on the simulated server: scheduling, the list in memory, assignment, rescheduling, completion.

import { firstMatchingJob } from "./assignment.ts";
import { configureJob } from "./configuration.ts";
import { enterRun } from "./stage_runs.ts";
import type { GocdWorld, SimGocdAgent, SimJob, SimObstacle, SimVariable } from "./state.ts";
import type { KilledBuild } from "./tally.ts";

/** A job to schedule. */
export interface SimJobRequest {
  readonly pipeline: string;
  /** Default: the pipeline's next. */
  readonly counter?: number;
  readonly stage: string;
  /** Default 1. */
  readonly stageCounter?: number;
  readonly job: string;
  /** Adds the pipeline to this environment (created if missing). Kept for its later jobs. */
  readonly environment?: string;
  /** Ignored for an elastic job: it has none. */
  readonly gocdResources: readonly string[];
  /** Time in state Building. */
  readonly durationMs: number;
  /** Makes it a job of this elastic agent profile, which no static agent takes. */
  readonly elasticProfile?: string;
  /** The uuid of the agent it is pinned to (a run-on-all job: name it `<job>-runOnAll-<n>`). */
  readonly runOnAll?: string;
  /** Shown by the feed. */
  readonly variables?: readonly SimVariable[];
  /** Makes it a job that stays Scheduled for a reason other than agents. */
  readonly obstacle?: SimObstacle;
  /** Cancelled by servers from 20.9 on if unassigned for this long. */
  readonly timeoutMs?: number;
}

/** Schedules a job; returns its locator. Throws RangeError if the same locator has not ended yet. */
export function scheduleJob(world: GocdWorld, request: SimJobRequest): string {
  if (request.environment !== undefined) {
    world.pipelineEnvironments.set(request.pipeline, request.environment);
    const key = request.environment.toLowerCase();
    if (!world.environments.has(key)) world.environments.set(key, { name: request.environment, origin: "gocd" });
  }
  const counter = request.counter ?? (world.pipelineCounters.get(request.pipeline) ?? 0) + 1;
  world.pipelineCounters.set(request.pipeline, Math.max(counter, world.pipelineCounters.get(request.pipeline) ?? 0));
  const stageCounter = request.stageCounter ?? 1;
  const locator = [request.pipeline, counter, request.stage, stageCounter, request.job].map((part) =>
    encodeURIComponent(part)
  ).join("/");
  for (const job of world.jobs.values()) {
    if (job.locator === locator) throw new RangeError(`a build of this locator has not ended: ${locator}`);
  }
  configureJob(world, request);
  addJob(world, {
    pipeline: request.pipeline,
    counter,
    stage: request.stage,
    stageCounter,
    name: request.job,
    locator,
    gocdResources: request.elasticProfile === undefined ? [...request.gocdResources] : [],
    variables: request.variables ?? [],
    durationMs: request.durationMs,
    ...(request.elasticProfile === undefined ? {} : { elasticProfile: request.elasticProfile }),
    ...(request.runOnAll === undefined ? {} : { pinnedUuid: request.runOnAll }),
    ...(request.obstacle === undefined ? {} : { obstacle: request.obstacle }),
    ...(request.timeoutMs === undefined ? {} : { timeoutMs: request.timeoutMs }),
  });
  return locator;
}

function addJob(
  world: GocdWorld,
  job: Omit<SimJob, "id" | "firstId" | "scheduledMs" | "state" | "gocdAgentUuid"> & { readonly firstId?: number },
): void {
  const id = world.nextJobId++;
  const added: SimJob = { firstId: id, ...job, id, scheduledMs: world.nowMs, state: "Scheduled" };
  world.jobs.set(id, added);
  enterRun(world, added);
}

/** Scheduled jobs, oldest first (ids are increasing). */
export function scheduledJobs(world: GocdWorld): readonly SimJob[] {
  return [...world.jobs.values()].filter((job) => job.state === "Scheduled");
}

/** Reads the scheduled list into memory; not in maintenance or drain mode (GoCD BuildAssignmentService). */
export function reloadScheduledList(world: GocdWorld): void {
  if (world.life !== "running" || world.maintenance !== undefined) return;
  for (const job of world.jobs.values()) {
    // A build with stale materials is assigned and dropped again at the reload (StaleMaterialsOnBuildCause).
    if (job.obstacle === "stale-materials" && job.state === "Assigned") dropAssignment(world, job);
  }
  world.loaded = scheduledJobs(world).map((job) => job.id);
}

function dropAssignment(world: GocdWorld, job: SimJob): void {
  if (job.gocdAgentUuid !== undefined) world.assignments.delete(job.gocdAgentUuid);
  job.state = "Scheduled";
  world.active.delete(job);
  delete job.gocdAgentUuid;
}

/**
 * The asynchronous response to a request for work: the agent fetches it with its next request (GoCD WorkAssignments).
 */
export function assignWork(world: GocdWorld, uuid: string): void {
  const gocdAgent = world.agents.get(uuid);
  if (world.life !== "running" || gocdAgent === undefined || gocdAgent.configState !== "Enabled") return;
  if (world.assignments.has(uuid)) return;
  for (const job of activeJobsOf(world, uuid)) putBack(world, job);
  const job = firstMatchingJob(world, gocdAgent);
  if (job === undefined) return;
  job.state = "Assigned";
  job.assignedMs = world.nowMs;
  const { id, locator, pipeline, gocdResources } = job;
  world.tally.assigned.push({ id, locator, pipeline, gocdResources });
  world.active.add(job);
  job.gocdAgentUuid = uuid;
  world.loaded = world.loaded.filter((id) => id !== job.id);
  if (job.obstacle === undefined) world.assignments.set(uuid, job.id);
  if (gocdAgent.runtime !== "Cancelled") gocdAgent.runtime = "Building";
  gocdAgent.buildLocator = job.locator;
}

/** Work assigned earlier, for an agent that asks; removed from the server's memory. Disabled agents also get it. */
export function fetchWork(world: GocdWorld, uuid: string): SimJob | undefined {
  const id = world.assignments.get(uuid);
  if (id === undefined) return undefined;
  world.assignments.delete(uuid);
  const job = world.jobs.get(id);
  return job !== undefined && job.state === "Assigned" && job.gocdAgentUuid === uuid ? job : undefined;
}

/** Builds recorded as running on this uuid. */
function activeJobsOf(world: GocdWorld, uuid: string): readonly SimJob[] {
  return [...world.active].filter((job) => job.gocdAgentUuid === uuid);
}

function endJob(world: GocdWorld, job: SimJob): void {
  world.jobs.delete(job.id);
  world.active.delete(job);
}

/**
 * Marks a build Rescheduled: a copy appears under the same locator with a new id, unpinned (JobInstance.reschedule).
 */
function putBack(world: GocdWorld, job: SimJob): void {
  endJob(world, job);
  if (job.gocdAgentUuid !== undefined && world.assignments.get(job.gocdAgentUuid) === job.id) {
    world.assignments.delete(job.gocdAgentUuid);
  }
  world.tally.buildsRescheduled++;
  const { id: _id, scheduledMs: _scheduledMs, state: _state, gocdAgentUuid: _uuid, pinnedUuid: _pin, ...others } = job;
  const { assignedMs: _assignedMs, ...rest } = others;
  addJob(world, rest);
}

/** Reschedules builds of agents that are not registered, or LostContact (GoCD ScheduleService.rescheduleHungJobs). */
export function rescheduleHungJobs(world: GocdWorld): void {
  if (world.life !== "running") return;
  const live = new Set<string>();
  for (const gocdAgent of world.agents.values()) {
    if (isLive(gocdAgent)) live.add(gocdAgent.uuid);
  }
  if (live.size === 0) return;
  for (const job of [...world.active]) {
    if (!live.has(job.gocdAgentUuid ?? "")) putBack(world, job);
  }
}

/** Disabled hides LostContact here, so a disabled agent always counts as in contact; so does a Missing one. */
function isLive(gocdAgent: SimGocdAgent): boolean {
  if (gocdAgent.configState === "Pending") return false;
  return gocdAgent.configState === "Disabled" || gocdAgent.runtime !== "LostContact";
}

/** Cancels jobs that stay unassigned beyond their timeout (GoCD 20.9 ConsoleActivityMonitor). */
export function cancelOverdueJobs(world: GocdWorld): void {
  if (world.life !== "running" || !world.rules.watchesUnassignedJobs) return;
  for (const job of scheduledJobs(world)) {
    if (job.timeoutMs === undefined || world.nowMs - job.scheduledMs < job.timeoutMs) continue;
    world.jobs.delete(job.id);
    world.tally.buildsCancelled++;
  }
}

/** An agent's report on its build; false where the server no longer counts the build as this agent's. */
export function reportJob(
  world: GocdWorld,
  jobId: number,
  uuid: string,
  state: SimJob["state"] | "Completed",
): boolean {
  const job = world.jobs.get(jobId);
  const isOurs = job !== undefined && job.gocdAgentUuid === uuid && world.agents.has(uuid);
  if (state !== "Completed") {
    if (isOurs) job.state = state;
    return isOurs;
  }
  if (!isOurs) {
    world.tally.staleCompletions++;
    return false;
  }
  endJob(world, job);
  world.tally.buildsCompleted++;
  world.tally.completedLocators.add(job.locator);
  return true;
}

/**
 * Cancels a build like cancelling its stage; its agent shows Building/Cancelled until it has cleaned up (never if
 * `hangs`).
 */
export function cancelJob(world: GocdWorld, locator: string, hangs: boolean): boolean {
  const job = [...world.jobs.values()].find((candidate) => candidate.locator === locator);
  if (job === undefined) return false;
  endJob(world, job);
  world.tally.buildsCancelled++;
  const uuid = job.gocdAgentUuid;
  if (uuid === undefined) return true;
  world.assignments.delete(uuid);
  const gocdAgent = world.agents.get(uuid);
  if (gocdAgent !== undefined) gocdAgent.runtime = "Cancelled";
  for (const process of world.processes.values()) {
    if (process.uuid === uuid && process.work?.jobId === job.id) process.work.hangs = hangs;
  }
  return true;
}

/**
 * The builds that would be lost if this agent were stopped or its record deleted now. Already lost are work that the
 * server lost in a restart before the agent fetched it, and a build whose process has restarted.
 */
export function buildsAtStake(world: GocdWorld, uuid: string, hostname: string): readonly KilledBuild[] {
  const process = [...world.processes.values()].find((each) => each.uuid === uuid);
  return activeJobsOf(world, uuid).flatMap((job) => {
    const isLost = process !== undefined && process.work?.jobId !== job.id && world.assignments.get(uuid) !== job.id;
    if (job.state === "Scheduled" || isLost) return [];
    return [{
      atMs: world.nowMs,
      sinceMs: job.assignedMs ?? world.nowMs,
      locator: job.locator,
      state: job.state,
      uuid,
      hostname,
    }];
  });
}

/** Whether the server counts a build as this agent's. */
export function isStillOurs(world: GocdWorld, jobId: number, uuid: string): boolean {
  return world.jobs.get(jobId)?.gocdAgentUuid === uuid;
}

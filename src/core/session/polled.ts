// Processes polls of the GoCD server. An error is never treated as an empty list: a failed poll only changes timers.

import { activityWord } from "../life/activity.ts";
import { type Backlog, bucketJobs } from "../demand/backlog.ts";
import { reenableDeadRecord } from "../life/cleanup.ts";
import { trackIdle, trackJobs } from "../demand/demand.ts";
import { deleteDone, deleteRefused } from "../life/drain.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgentRef, GocdEffect } from "../effect.ts";
import { isOlderVersion, judgeGocdList } from "../life/brake.ts";
import { environmentFindings } from "../demand/environments.ts";
import type { EventOf, GocdProblem } from "../event.ts";
import { foldFindings } from "../view/findings.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { enablingAnswered, lastListed } from "../life/gocd_index.ts";
import { inContactSince } from "../demand/hung_build.ts";
import { advanceInstances } from "../life/lifecycle_gocd.ts";
import { adoptUnknown, learnHostnames } from "../identity/lineage.ts";
import { uuidOf } from "../life/phase.ts";
import { correctionLost } from "../identity/misregistered.ts";
import { noteOtherPrograms } from "../identity/other_programs.ts";
import { trackPeaks } from "../demand/peaks.ts";
import { makePlan } from "../demand/plan.ts";
import { noteDemand } from "../demand/demand_notes.ts";
import { maintenanceMode } from "../demand/reason.ts";
import { appearedSince, unlistedSince } from "../identity/recognition.ts";
import { failedReading, goodReading, notServing } from "./reading.ts";
import { writeDone, writeFailed } from "./write_failure.ts";
import { replanIfDue, reuseAll } from "../demand/replan.ts";
import { afterFailure, afterPoll, agentsPauseMs, lookAgainMs } from "./poll_schedule.ts";
import { noteOfferless } from "../placement/roles.ts";
import { trackUnpinned, unpinnedAt } from "../demand/run_on_all.ts";
import { giveRoom, retireAgents, scaleIn } from "../life/scale_in.ts";
import { watchOvertaken } from "../demand/sick_agents.ts";
import type { DemandState, ServerState } from "../state.ts";
import { watchUntaken } from "../demand/untaken.ts";
import { retireWorn } from "../life/worn.ts";
import { builtSince, newlyBuilding, takenSince, takingsOf, withoutTaken } from "../demand/taken_jobs.ts";

/** A change was refused for what it contains, or because the server cannot save it (gocd/problems.ts). */
const invalidCode = "gocd-invalid";

/** A successful full poll. */
export function gocdPolled(draft: Draft, event: EventOf<"gocd-polled">): void {
  const { atMs } = draft;
  polledWell(draft);
  const { demand: before } = draft.state;
  // The list of agents is read after the feed.
  const { resourceCase: rule } = event.server;
  const unpinned = unpinnedAt(before.unpinned, { ...event, rule, seen: before.seen }, atMs);
  const backlog = withoutTaken(
    bucketJobs(event.jobs, draft.state.settings.poller, rule, unpinned),
    takenSince(draft.state.server.agents, event.agents),
  );
  const takings = takingsOf(draft.state.server, event.agents);
  const { seen, movingBuckets, unexplained } = trackJobs(
    before.seen,
    { backlog, previous: before.backlog, takings },
    atMs,
  );
  const idleSinceMs = trackIdle({
    before: draft.state.server.idleSinceMs,
    agents: event.agents,
    backlog,
    movingBuckets,
    previousBacklog: before.backlog,
  }, atMs);
  noteServer(draft, event, backlog);
  const here = new Set(backlog.order);
  const { buckets } = before.backlog;
  noteOtherPrograms(draft, { agents: event.agents, buckets: backlog.buckets, rule });
  watchOvertaken(draft, { buckets, before: before.seen, here, built: takings.locators, ...event, idleSinceMs, rule });
  watchUntaken(draft, {
    unexplained,
    buckets,
    verdicts: before.jobs,
    firstSeenMs: (locator) => before.seen.get(locator)?.firstSeenMs,
    before: draft.state.server.agents,
    now: event.agents,
    rule,
    here,
  });
  const { missingEnvironments: _, ...server } = readAgents(draft.state.server, event.agents, atMs);
  draft.set({
    server: {
      ...server,
      info: event.server,
      newestVersion: newest(server.newestVersion, event.server.version),
      findings: event.findings,
      built: new Set(),
      begun: new Set(),
      ...lookedUp(event),
      idleSinceMs,
      lastPollMs: atMs,
    },
    demand: { ...draft.state.demand, backlog, seen, unpinned },
  });
  goodReading(draft, event.agentsRequestedMs, event.server);
  for (const finding of environmentFindings(draft.state)) {
    draft.note({ kind: "gocd-finding", finding, onceKey: finding.message });
  }
  actOnPoll(draft, event, before);
}

function lookedUp(
  { missingEnvironments, pipelineGroups }: EventOf<"gocd-polled">,
): Pick<ServerState, "missingEnvironments" | "pipelineGroups"> {
  return {
    ...(missingEnvironments === undefined ? {} : { missingEnvironments }),
    ...(pipelineGroups === undefined ? {} : { pipelineGroups }),
  };
}

/** The consequences of a poll: records are checked, instances advanced, drains and launches decided. */
function actOnPoll(draft: Draft, event: EventOf<"gocd-polled">, before: DemandState): void {
  learnHostnames(draft, event.agents);
  judgeGocdList(draft, event.agents);
  adoptUnknown(draft, event.agents);
  advanceInstances(draft, event.agents);
  retireWorn(draft, event.agents);
  trackPeaks(draft);
  const retired = retireAgents(draft, "poll");
  const plan = makePlan(draft.state, draft.atMs, "poll");
  noteDemand(draft, before, plan.demand);
  draft.set({ demand: plan.demand });
  noteOfferless(draft);
  reuseAll(draft, plan.reuse);
  scaleIn(draft, plan.assessment, retired + giveRoom(draft, plan, retired));
  draft.patch("server", afterPoll(draft.state, draft.atMs, event.tookMs));
}

function newest(before: string | undefined, now: string): string {
  return before !== undefined && isOlderVersion(now, before) ? before : now;
}

/** A read of the agents between two polls: instances are advanced, and jobs that an agent has taken no longer wait. */
export function gocdAgentsRead(draft: Draft, event: EventOf<"gocd-agents-read">): void {
  const { atMs } = draft;
  const { server, demand } = draft.state;
  const backlog = withoutTaken(demand.backlog, takenSince(server.agents, event.agents));
  const { buckets, resourceCase: rule } = demand.backlog;
  noteOtherPrograms(draft, { agents: event.agents, buckets, rule });
  const idleSinceMs = trackIdle({
    before: server.idleSinceMs,
    agents: event.agents,
    backlog: demand.backlog,
    movingBuckets: new Set(),
    previousBacklog: demand.backlog,
  }, atMs);
  draft.set({
    server: {
      ...readAgents(draft.state.server, event.agents, atMs),
      idleSinceMs,
      built: builtSince(event.agents, server.built),
      begun: newlyBuilding(server.agents, event.agents, server.begun),
      nextAgentsMs: atMs + agentsPauseMs(draft.state, event.tookMs),
    },
    demand: { ...demand, backlog, unpinned: trackUnpinned(demand.unpinned, event.agents, atMs) },
  });
  goodReading(draft, event.agentsRequestedMs, server.info);
  learnHostnames(draft, event.agents);
  judgeGocdList(draft, event.agents);
  adoptUnknown(draft, event.agents);
  advanceInstances(draft, event.agents);
  retireWorn(draft, event.agents);
  trackPeaks(draft);
  retireAgents(draft, "read");
  draft.markPlanStale();
  if (backlog !== demand.backlog) replanIfDue(draft);
}

/** A failed poll: no decisions in this round. */
export function gocdPollFailed(draft: Draft, event: EventOf<"gocd-poll-failed">): void {
  const { requestedMs = draft.atMs, readFailure: before } = draft.state.server;
  failedReading(draft);
  const { problem } = event;
  const readFailure = { problem, sinceMs: before?.sinceMs ?? requestedMs, count: (before?.count ?? 0) + 1 };
  draft.patch("server", { ...afterFailure(draft.state, readFailure, draft), readFailure });
  noteProblem(draft, problem);
}

/** A change of records succeeded; after a DELETE only the next list is needed before the KILL of a drain. */
export function gocdCallDone(draft: Draft, call: GocdEffect): void {
  lookAgain(draft, call.kind === "delete-gocd-agents" ? 0 : lookAgainMs);
  writeDone(draft, call);
  if (call.kind === "enable-gocd-agent") enablingAnswered(draft, call.uuid);
  if (call.kind === "delete-gocd-agents") { for (const each of call.agents) deleteDone(draft, each); }
}

/** A change of records failed; it is repeated automatically, unless the server rejects it permanently. */
export function gocdCallFailed(draft: Draft, event: EventOf<"gocd-call-failed">): void {
  const { call, problem } = event;
  lookAgain(draft, lookAgainMs);
  writeFailed(draft, call, problem);
  if (call.kind === "enable-gocd-agent") enablingAnswered(draft, call.uuid);
  if (call.kind === "correct-gocd-agent" && isTemporary(problem)) correctionLost(draft, call.taskId);
  if (problem.kind === "maintenance" && draft.state.server.info !== undefined) {
    draft.patch("server", { info: { ...draft.state.server.info, maintenance: "on" } });
    notServing(draft);
    draft.markPlanStale();
  }
  if (call.kind === "delete-gocd-agents" && problem.kind === "conflict") {
    // A bulk DELETE is all or nothing: request each individually, to find out which one is building.
    if (call.agents.length > 1) {
      for (const each of call.agents) draft.effect({ kind: "delete-gocd-agents", agents: [each] });
      return;
    }
    // Another reason, such as a configuration that cannot be saved: it is not building, and after a while it is stopped.
    if (problem.code !== invalidCode) refused(draft, call.agents);
  }
  draft.note({ kind: "gocd-call-failed", call: call.kind, problem, onceKey: `${call.kind} ${problem.code}` });
}

/** The agents of refused DELETEs are building, or enabled. */
function refused(draft: Draft, agents: readonly GocdAgentRef[]): void {
  for (const { taskId, uuid } of agents) {
    const instance = draft.instance(taskId);
    // Not one of its former records, which a teardown deletes, too.
    if (instance === undefined || uuidOf(instance) !== uuid) continue;
    deleteRefused(draft, instance);
    if (instance.state === "gone") reenableDeadRecord(draft, instance);
  }
}

/** Whether the server did not process a request, as far as known, and may process the next one. */
function isTemporary({ kind }: GocdProblem): boolean {
  return kind === "unreachable" || kind === "maintenance" || kind === "starting";
}

function lookAgain(draft: Draft, pauseMs: number): void {
  const { server } = draft.state;
  const nextAgentsMs = Math.min(server.nextAgentsMs, draft.atMs + pauseMs);
  if (nextAgentsMs !== server.nextAgentsMs) draft.patch("server", { nextAgentsMs });
}

/**
 * A failure has ended once a full poll succeeds; a single successful request proves little, because a broken feed may
 * persist.
 */
function polledWell(draft: Draft): void {
  const { readFailure, ...server } = draft.state.server;
  if (readFailure === undefined) return;
  draft.note({ kind: "gocd-answers", failures: readFailure.count });
  draft.set({ server });
}

function readAgents(before: ServerState, agents: readonly GocdAgent[], atMs: number): ServerState {
  const stateBefore = new Map(before.agents.map(({ uuid, agentState }) => [uuid, agentState]));
  const lostSinceMs = new Map<string, number>();
  const disabledSinceMs = new Map<string, number>();
  const disabledIdleSinceMs = new Map<string, number>();
  for (const gocdAgent of agents) {
    const { uuid, agentState, configState } = gocdAgent;
    if (configState === "Disabled") {
      disabledSinceMs.set(uuid, before.disabledSinceMs.get(uuid) ?? atMs);
      const isIdle = activityWord(gocdAgent) === "idle";
      if (isIdle) disabledIdleSinceMs.set(uuid, before.disabledIdleSinceMs.get(uuid) ?? atMs);
    }
    if (agentState !== "LostContact" && agentState !== "Missing") continue;
    // Missing after a restart of the server starts a new silence: the server does not remember the previous one.
    lostSinceMs.set(uuid, stateBefore.get(uuid) === agentState ? before.lostSinceMs.get(uuid) ?? atMs : atMs);
  }
  const { restartedMs: restartedBefore, inContactSinceMs: _, ...server } = before;
  const wasMissing = (uuid: string): boolean => lastListed(before, uuid)?.agentState === "Missing";
  const restartedMs = restartOf(restartedBefore, { agents, wasMissing }, atMs);
  return {
    ...server,
    agents,
    appearedMs: appearedSince(before.appearedMs, agents, atMs),
    unlisted: unlistedSince(before, agents, atMs),
    lostSinceMs,
    disabledIdleSinceMs,
    disabledSinceMs,
    ...inContactSince(before, agents, atMs),
    lastRequestMs: new Map([...before.lastRequestMs].filter(([, requestedMs]) => atMs - requestedMs < 60_000)),
    ...(restartedMs === undefined ? {} : { restartedMs }),
  };
}

/**
 * A restarted server shows all agents as Missing at first; this ends when most are back. A dead agent may stay Missing
 * since an earlier restart, up to 18.6 permanently: if it is the only one left, that shows no other restart.
 */
function restartOf(
  before: number | undefined,
  { agents, wasMissing }: {
    readonly agents: readonly GocdAgent[];
    readonly wasMissing: (uuid: string) => boolean;
  },
  atMs: number,
): number | undefined {
  const known = agents.filter((each) => !each.elastic && each.configState === "Enabled");
  const missing = known.filter((each) => each.agentState === "Missing");
  const isSo = before === undefined
    ? missing.length === known.length && !missing.every(({ uuid }) => wasMissing(uuid))
    : missing.length * 2 > known.length;
  return known.length > 0 && isSo ? before ?? atMs : undefined;
}

function noteServer(draft: Draft, event: EventOf<"gocd-polled">, { foreign }: Backlog): void {
  const before = draft.state.server.info;
  const mode = maintenanceMode(event.server.version);
  if (before?.version !== event.server.version) {
    draft.note({
      kind: "gocd-version",
      version: event.server.version,
      jobs: event.jobs.length,
      agents: event.agents.length,
    });
  }
  if (event.server.maintenance === "on" && before?.maintenance !== "on") {
    draft.note({ kind: "gocd-maintenance", mode });
  } else if (before?.maintenance === "on" && event.server.maintenance !== "on") {
    draft.note({ kind: "gocd-maintenance-over", mode });
  }
  for (const finding of foldFindings(event.findings, foreign)) {
    // The affected jobs change at each poll.
    const onceKey = finding.code === "gocd-job-unassigned" ? finding.code : finding.message;
    draft.note({ kind: "gocd-finding", finding, onceKey });
  }
}

function noteProblem(draft: Draft, problem: GocdProblem): void {
  const { server, startedMs } = draft.state;
  // A new outage is logged again.
  draft.note({ kind: "gocd-problem", problem, onceKey: `${problem.code} ${server.lastPollMs ?? startedMs}` });
}

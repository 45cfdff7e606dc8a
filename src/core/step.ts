// The only switch over events: one event in, one frame out. Pure: the same state, event, time and random number give
// the same frame.
//
// event → (life cycles) → plan, if something changed → suppress or revive → frame: records, then effects

import { emptyBacklog } from "./demand/backlog.ts";
import { judgeLosses, knowCluster, restoredBrake } from "./life/brake.ts";
import { countCpuHours } from "./life/cpu_hours.ts";
import { Draft } from "./draft.ts";
import type { Effect, GocdAgentRef } from "./effect.ts";
import type { Event, TimedEvent } from "./event.ts";
import type { Frame } from "./frame.ts";
import type { AgentInstance } from "./instance.ts";
import { offersReceived } from "./placement/launching.ts";
import { underOwnNames } from "./identity/hostnames.ts";
import { inheritedOf } from "./identity/lineage.ts";
import { watchClocks } from "./life/lifecycle_clock.ts";
import { taskStatusUpdated } from "./life/lifecycle_mesos.ts";
import {
  inverseOffersReceived,
  maintenanceRequestsOf,
  maintenanceTakenBack,
  watchMaintenance,
} from "./session/maintenance.ts";
import { applySettings, executeCommand, finishTeardown, retireChanged, tornDown } from "./session/operator.ts";
import { gocdAgentsRead, gocdCallDone, gocdCallFailed, gocdPolled, gocdPollFailed } from "./session/polled.ts";
import { askFor, reconcile, unansweredAtFirst } from "./session/reconciliation.ts";
import type { StoredState } from "./record.ts";
import { replanIfDue } from "./demand/replan.ts";
import { notInFuture } from "./life/restored.ts";
import { sandboxRead } from "./life/sandbox.ts";
import { pollIfDue } from "./session/poll_schedule.ts";
import { adjustRoles } from "./placement/roles.ts";
import {
  declineLeftOvers,
  disconnected,
  frameworkError,
  heard,
  mesosCallFailed,
  subscribed,
} from "./session/session.ts";
import type { Settings } from "./settings.ts";
import type { OffersState, State } from "./state.ts";
import { launchTimesOf } from "./demand/limit_pace.ts";
import { noneUntaken } from "./demand/untaken.ts";
import { windowsTold } from "./demand/windows.ts";
import { noticeStandstill, watchedFrom } from "./session/watched.ts";

/** No step has run yet. */
const noOffers: OffersState = {
  roles: new Map(),
  nearestMiss: new Map(),
  hosts: new Map(),
  launchTimesMs: [],
  undeclined: [],
  inverseUnanswered: [],
};

/** The instances at the start of the program, marked for removal if their profiles have changed. */
function storedInstances(stored: StoredState, settings: Settings, atMs: number): Map<string, AgentInstance> {
  const instances = new Map(stored.instances.map((instance) => [instance.taskId, notInFuture(instance, atMs)]));
  for (const instance of retireChanged(instances.values(), settings)) {
    // The first tick takes it back, and enables it again if it is building (`applySettings`).
    const isToBeTakenBack = instance.state === "draining" && instance.retire === undefined;
    if (!isToBeTakenBack) instances.set(instance.taskId, instance);
  }
  return instances;
}

/** The state at the start of the program, from the content of the store. */
export function initialState(stored: StoredState, settings: Settings, atMs: number): State {
  const instances = storedInstances(stored, settings, atMs);
  return {
    settings,
    startedMs: atMs,
    settingsSinceMs: atMs,
    lastStepMs: atMs,
    watched: watchedFrom(atMs),
    framework: stored.framework,
    controls: stored.controls,
    ...(stored.cpuUse === undefined ? {} : { cpuUse: { record: stored.cpuUse, countedMs: atMs, storedMs: atMs } }),
    instances,
    session: { kind: "connecting", sinceMs: atMs, reason: "starting" },
    server: {
      nextPollMs: atMs,
      nextAgentsMs: atMs,
      quietPolls: 0,
      findings: [],
      agents: [],
      judged: [],
      built: new Set(),
      begun: new Set(),
      keyOutcomes: new Map(),
      idleSinceMs: new Map(),
      overtaken: new Map(),
      appearedMs: new Map(),
      unlisted: new Map(),
      disabledIdleSinceMs: new Map(),
      lostSinceMs: new Map(),
      silentSinceMs: new Map(),
      disabledSinceMs: new Map(),
      enableRequestedMs: new Map(),
      lastRequestMs: new Map(),
    },
    windows: new Map(),
    demand: {
      backlog: emptyBacklog,
      isStale: false,
      seen: new Map(),
      unpinned: new Map(),
      untaken: noneUntaken,
      streaks: new Map(),
      jobs: [],
      buckets: [],
      wanted: [],
    },
    offers: { ...noOffers, launchTimesMs: launchTimesOf(instances.values(), atMs) },
    maintenanceRequestedMs: maintenanceRequestsOf(instances.values(), atMs),
    breakers: { profiles: new Map(), hosts: new Map() },
    failureWindow: new Map(),
    canaries: new Map(),
    reconciliation: unansweredAtFirst(instances.keys()),
    brake: restoredBrake(stored.suspicion, atMs),
    inherited: inheritedOf(stored.framework),
    shuttingDown: false,
  };
}

/** Processes one event. Never throws, whatever the event contains. */
export function step(state: State, { atMs, random, event }: TimedEvent): Frame {
  const draft = new Draft(state, atMs, random);
  noticeStandstill(draft);
  apply(draft, event);
  adjustRoles(draft);
  const frame = draft.finish();
  const isRead = event.kind === "gocd-polled" || event.kind === "gocd-agents-read";
  return isRead ? { ...frame, effects: inBulk(frame.effects) } : frame;
}

function apply(draft: Draft, event: Event): void {
  switch (event.kind) {
    case "subscribed":
      return subscribed(draft, event);
    case "disconnected":
      return disconnected(draft, event);
    case "heartbeat":
      return heard(draft);
    case "offers-received":
      knowCluster(draft, event.offers.map(({ mesosAgentId }) => mesosAgentId));
      maintenanceTakenBack(draft, event.offers);
      return offersReceived(draft, event.offers);
    case "offer-rescinded":
    case "inverse-offer-rescinded":
      // Offers are answered in the step that receives them: a rescind comes too late, and its tasks are reported as
      // dropped.
      return;
    case "inverse-offers-received":
      return inverseOffersReceived(draft, event.offers);
    case "task-status-updated":
      return taskStatusUpdated(draft, event.status);
    case "mesos-agent-failed":
      for (const instance of draft.state.instances.values()) {
        if (instance.mesosAgentId === event.mesosAgentId && instance.state !== "gone") askFor(draft, instance.taskId);
      }
      return;
    case "executor-failed":
      if (draft.instance(event.executorId) !== undefined) askFor(draft, event.executorId);
      return;
    case "framework-error":
      return frameworkError(draft, event);
    case "framework-torn-down":
      return tornDown(draft);
    case "mesos-call-failed":
      return mesosCallFailed(draft, event);
    case "gocd-polled":
      return gocdPolled(draft, { ...event, agents: underOwnNames(draft.state, event.agents) });
    case "gocd-agents-read":
      return gocdAgentsRead(draft, { ...event, agents: underOwnNames(draft.state, event.agents) });
    case "gocd-poll-failed":
      return gocdPollFailed(draft, event);
    case "gocd-call-done":
      return gocdCallDone(draft, event.call);
    case "gocd-call-failed":
      return gocdCallFailed(draft, event);
    case "sandbox-read":
      return sandboxRead(draft, event);
    case "tick":
      windowsTold(draft, event.windows);
      return tick(draft);
    default:
      return executeCommand(draft, event);
  }
}

function tick(draft: Draft): void {
  applySettings(draft);
  judgeLosses(draft);
  countCpuHours(draft);
  watchClocks(draft);
  watchMaintenance(draft);
  replanIfDue(draft);
  reconcile(draft);
  declineLeftOvers(draft);
  finishTeardown(draft);
  pollIfDue(draft);
}

/**
 * Changes of records are combined into as few calls as possible: last in the frame, after all Mesos calls. Enabling
 * comes after disabling: an instance that is drained and then found useful in the same step ends up enabled.
 */
function inBulk(effects: readonly Effect[]): readonly Effect[] {
  const disable: GocdAgentRef[] = [];
  const remove: GocdAgentRef[] = [];
  const enable: Effect[] = [];
  const rest: Effect[] = [];
  for (const effect of effects) {
    if (effect.kind === "disable-gocd-agents") disable.push(...effect.agents);
    else if (effect.kind === "delete-gocd-agents") remove.push(...effect.agents);
    else if (effect.kind === "enable-gocd-agent") enable.push(effect);
    else rest.push(effect);
  }
  return [
    ...rest,
    ...(disable.length === 0 ? [] : [{ kind: "disable-gocd-agents" as const, agents: disable }]),
    ...(remove.length === 0 ? [] : [{ kind: "delete-gocd-agents" as const, agents: remove }]),
    ...enable,
  ];
}

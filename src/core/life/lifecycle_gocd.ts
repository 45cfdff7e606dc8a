// Updates our instances from the list of GocdAgents.

import { admissible, unproven } from "../identity/admission.ts";
import { activityOf, activityWord } from "./activity.ts";
import { countedSince, holdsTakingDown } from "./brake.ts";
import { cleanUp } from "./cleanup.ts";
import { advanceDoubt } from "./doubt.ts";
import { advanceDrain } from "./drain.ts";
import type { Draft } from "../draft.ts";
import { countFailure, countSuccess } from "./failures.ts";
import { absentMs, connectionTimeoutMs, lostContactMs } from "./gocd_clocks.ts";
import type { GocdAgent } from "../gocd_records.ts";
import {
  type AgentActivity,
  type AgentInstance,
  inPhase,
  type Killing,
  type Registered,
  type Unreachable,
  type Waiting,
} from "../instance.ts";
import { askToEnable, type GocdAgentIndex, indexGocdAgents, isRequested } from "./gocd_index.ts";
import { trackBuild, trackFound, trackSilence } from "../demand/hung_build.ts";
import { isRegisterTimeOver } from "./lifecycle_clock.ts";
import { matchingEnvironments, registrationOf } from "../demand/matching.ts";
import { noteGap, trackGap } from "../identity/misregistered.ts";
import { notDeleted, register, startDrain, startKill, underRecord, uuidOf } from "./phase.ts";
import { isFresh, shownForMs } from "../session/reading.ts";
import { cameAsPending, keyWorked } from "../identity/register_key.ts";
import { agentByAddress, isAdopted, isJustThere } from "../identity/recognition.ts";
import { advanceRecord } from "../identity/reregistered.ts";
import { isBack, isReturning, isUnrecorded } from "./returned.ts";
import { sharedRecord, trackSharedGuids } from "../identity/shared_guid.ts";

/** Advances every instance based on its record. */
export function advanceInstances(draft: Draft, agents: readonly GocdAgent[]): void {
  const index = indexGocdAgents(agents);
  trackSharedGuids(draft, agents);
  trackSilence(draft, index);
  for (const known of [...draft.state.instances.values()]) {
    const instance = trackBuild(draft, advanceRecord(draft, known, index), index);
    switch (instance.state) {
      case "launching":
      case "starting":
        advanceRegistration(draft, instance, index);
        break;
      case "registered":
        advanceRegistered(draft, trackGap(draft, instance, index), index.byUuid.get(instance.uuid));
        break;
      case "draining":
        if (!isJustThere(draft, instance)) advanceDrain(draft, instance, index.byUuid.get(instance.uuid));
        break;
      case "gone":
        cleanUp(draft, instance, index);
        break;
      case "unreachable":
        advanceDoubt(draft, learnAgent(draft, instance, index), index);
        break;
      default:
        instance satisfies Killing;
    }
    trackFound(draft, instance, index);
  }
  for (const [taskId, count] of unproven(draft.state)) {
    draft.note({ kind: "pending-not-proven", taskId, count, onceKey: `${taskId} ${count}` });
  }
}

function advanceRegistration(draft: Draft, instance: Waiting, index: GocdAgentIndex): void {
  const found = recordsOf(draft, instance, index);
  if (found.length > 1) {
    draft.note({
      kind: "duplicate-hostname",
      taskId: instance.taskId,
      count: found.length,
      onceKey: `${instance.taskId} ${found.length}`,
    });
  }
  const own = found.find((each) => each.configState === "Enabled") ??
    found.find((each) => each.configState === "Disabled");
  if (own !== undefined) return registered(draft, instance, own);
  const pending = admissible(draft.state, instance, found.filter((each) => each.configState === "Pending"));
  if (pending !== undefined) enablePending(draft, instance, pending);
}

/** By uuid if known, otherwise by name or by address. */
function recordsOf(draft: Draft, instance: Waiting, index: GocdAgentIndex): readonly GocdAgent[] {
  const named = index.byName.get(instance.taskId) ?? [];
  const known = index.byUuid.get(uuidOf(instance));
  if (known !== undefined && !named.includes(known)) return [known, ...named];
  if (named.length > 0) return named;
  return [agentByAddress(draft, instance, index) ?? inherited(draft, instance)].filter((each) => each !== undefined);
}

/**
 * The record of an instance that Mesos cannot reach, stored so that it is known when the instance is found again: its
 * address identifies it, or its name, if its process has registered anew after we deleted its former record.
 */
function learnAgent(draft: Draft, instance: Unreachable, index: GocdAgentIndex): Unreachable {
  const found = instance.uuid === undefined
    ? agentByAddress(draft, instance, index)
    : instance.isDeleted === true
    ? index.byName.get(instance.taskId)?.find(({ configState }) => configState !== "Pending")
    : undefined;
  if (found === undefined || found.uuid === instance.uuid) return instance;
  const known = { ...underRecord(instance, found.uuid), uuid: found.uuid };
  draft.put(known);
  return known;
}

/** The record of an instance that is gone, if this instance has shared it all the time. */
function inherited(draft: Draft, instance: Waiting): GocdAgent | undefined {
  const record = sharedRecord(draft, instance);
  const isLeft = [...draft.state.instances.values()].every((each) =>
    each.state === "gone" || uuidOf(each) !== record?.uuid
  );
  return isLeft ? record : undefined;
}

function registered(draft: Draft, instance: Waiting, gocdAgent: GocdAgent): void {
  const [environment] = matchingEnvironments(gocdAgent);
  const { gocdResources } = gocdAgent;
  const known: AgentInstance = isAdopted(instance)
    ? { ...instance, ...registrationOf({ gocdResources, environment }) }
    : instance;
  const wasPending = uuidOf(instance) !== undefined;
  if (!wasPending && gocdAgent.configState === "Enabled") keyWorked(draft, instance.profile);
  const isDisabled = gocdAgent.configState === "Disabled";
  const activity: AgentActivity = isDisabled
    ? { kind: "unsure", sinceMs: draft.atMs, word: "Disabled" }
    : activityOf(gocdAgent, undefined, draft.atMs);
  const now = noteGap(draft, register(draft, known, gocdAgent.uuid, activity), gocdAgent);
  if (now.gap === undefined) countSuccess(draft, instance);
  draft.note({
    kind: "agent-registered",
    taskId: instance.taskId,
    profile: instance.profile,
    uuid: gocdAgent.uuid,
    ...(isAdopted(instance) ? {} : { afterMs: draft.atMs - instance.createdMs }),
    isDisabled,
  });
}

/** The only place where a Pending record is enabled. */
function enablePending(draft: Draft, instance: Waiting, gocdAgent: GocdAgent): void {
  if (draft.state.server.info?.maintenance === "on") return;
  const isNew = uuidOf(instance) !== gocdAgent.uuid;
  // Its time is over: it is stopped as soon as the last enable request is answered.
  if (!isNew && (isRequested(draft, gocdAgent.uuid) || isRegisterTimeOver(draft, instance))) return;
  if (isNew) {
    draft.put(inPhase({ ...instance, wasPending: true }, {
      state: "starting",
      sinceMs: instance.state === "starting" ? instance.sinceMs : draft.atMs,
      ...(instance.state === "starting" && instance.runningSinceMs !== undefined
        ? { runningSinceMs: instance.runningSinceMs }
        : {}),
      pendingUuid: gocdAgent.uuid,
    }));
    cameAsPending(draft, instance, gocdAgent.uuid);
  }
  askToEnable(draft, gocdAgent.uuid);
  draft.effect({
    kind: "enable-gocd-agent",
    taskId: instance.taskId,
    uuid: gocdAgent.uuid,
    registration: { hostname: instance.taskId, ...registrationOf(instance) },
  });
}

function advanceRegistered(draft: Draft, instance: Registered, gocdAgent: GocdAgent | undefined): void {
  const activity = activityNow(instance.activity, gocdAgent, draft.atMs);
  const isChanged = activity.kind !== instance.activity.kind || activity.sinceMs !== instance.activity.sinceMs;
  const known = gocdAgent?.configState === "Enabled" ? notDeleted(instance) : instance;
  const now: Registered = isChanged ? { ...known, activity } : known;
  if (now !== instance) draft.put(now);
  if (isChanged) noteActivity(draft, instance, activity);
  if (activity.kind !== "unsure" || holdsTakingDown(draft.state)) return;
  if (isUnrecorded(draft, activity)) {
    return startKill(draft, now, "record-deleted", { kind: "returned-without-record" });
  }
  // It was being removed when Mesos lost it, or since: it would only take a place until its idle-timeout.
  if (isBack(instance.activity) && activity.word === "Disabled") return startDrain(draft, now, "surplus");
  const forMs = shownForMs(draft.state, countedSince(draft.state, activity.sinceMs));
  // Pending: deleted while its agent was still in contact. Neither can be given work.
  if ((activity.word === "absent" || activity.word === "Pending") && forMs >= absentMs) {
    if (isFresh(draft)) startKill(draft, now, "record-deleted", { kind: "record-deleted" });
  } else if (activity.word === "LostContact" && forMs >= lostContactMs) {
    countFailure(draft, now, { kind: "lost-contact" });
    startDrain(draft, now, "surplus");
  } else if (activity.word === "Missing" && forMs >= connectionTimeoutMs + lostContactMs) {
    startDrain(draft, now, "surplus");
  }
}

function activityNow(before: AgentActivity, gocdAgent: GocdAgent | undefined, atMs: number): AgentActivity {
  if (gocdAgent === undefined) return isReturning(before) ? before : sameWord("absent", before, atMs);
  const isShown = gocdAgent.configState === "Enabled" || activityWord(gocdAgent) === "building";
  return isShown ? activityOf(gocdAgent, before, atMs) : sameWord(gocdAgent.configState, before, atMs);
}

function sameWord(word: string, before: AgentActivity, atMs: number): AgentActivity {
  return before.kind === "unsure" && before.word === word ? before : { kind: "unsure", sinceMs: atMs, word };
}

function noteActivity(draft: Draft, { taskId, profile }: Registered, activity: AgentActivity): void {
  draft.note(
    activity.kind === "unsure"
      ? { kind: "agent-unsure", taskId, profile, word: activity.word }
      : { kind: `agent-${activity.kind}`, taskId, profile },
  );
}

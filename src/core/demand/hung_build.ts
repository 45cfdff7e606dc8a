// Builds whose agent died while no other agent was left: GoCD does not reschedule them until some agent is registered
// and in contact (ScheduleService.rescheduleHungJobs), so one is launched. They are not in the feed.

import { activityWord } from "../life/activity.ts";
import type { Draft } from "../draft.ts";
import { isMissing } from "./environments.ts";
import { type LaunchBudget, profileGate } from "./gates.ts";
import { connectionTimeoutMs, settledMs, surelyAliveMs } from "../life/gocd_clocks.ts";
import type { GocdAgent } from "../gocd_records.ts";
import {
  type GocdAgentIndex,
  isJustUnlisted,
  lastListed,
  rescheduleLimitMs,
  unlistedRecords,
} from "../life/gocd_index.ts";
import { isNamed } from "../identity/hostnames.ts";
import { type AgentInstance, isWaiting } from "../instance.ts";
import { canTake, capabilityFor, registrationOf } from "./matching.ts";
import { namesOf } from "./patterns.ts";
import type { Registration } from "../life/causes.ts";
import { uuidOf } from "../life/phase.ts";
import { lacksResources } from "./room.ts";
import type { AgentProfile } from "../settings.ts";
import { profileOf } from "../profile_of.ts";
import { agentsAsOfMs, shownForMs } from "../session/reading.ts";
import { isGivenUp } from "../session/watched.ts";
import type { ServerState, State, WantedAgents } from "../state.ts";

/**
 * Whether the server treats this agent as in contact: this includes Missing and Disabled agents, even a Disabled one in
 * LostContact (GoCD ScheduleService.rescheduleHungJobs).
 */
export function isInContact({ configState, agentState }: GocdAgent): boolean {
  return configState === "Disabled" || configState === "Enabled" && agentState !== "LostContact";
}

/**
 * Since when lists have shown that the agent of an instance is not in contact, by uuid. A record that is merely missing
 * from some lists may be that of an agent in contact.
 */
export function trackSilence(draft: Draft, { byUuid }: GocdAgentIndex): void {
  const { instances, server } = draft.state;
  const silent = [...instances.values()].flatMap((instance) => {
    const uuid = uuidOf(instance);
    if (uuid === undefined) return [];
    const sinceMs = server.silentSinceMs.get(uuid);
    const gocdAgent = byUuid.get(uuid);
    const isSilent = gocdAgent === undefined
      ? sinceMs !== undefined || isDeleted(draft.state, instance)
      : !isInContact(gocdAgent);
    return isSilent ? [[uuid, sinceMs ?? draft.atMs] as const] : [];
  });
  draft.patch("server", { silentSinceMs: new Map(silent) });
}

/** Whether its record, which is missing from the list, does not exist any more. */
function isDeleted(state: State, instance: AgentInstance): boolean {
  return instance.isDeleted === true || !isJustUnlisted(state, uuidOf(instance));
}

/** Updates `mayHoldBuild` from a list; returns the updated instance. */
export function trackBuild(draft: Draft, instance: AgentInstance, index: GocdAgentIndex): AgentInstance {
  const uuid = uuidOf(instance);
  const gocdAgent = uuid === undefined ? undefined : index.byUuid.get(uuid);
  const word = gocdAgent === undefined ? undefined : activityWord(gocdAgent);
  const wasHeld = instance.mayHoldBuild === true;
  // The record of a dead agent shows Idle if the build was assigned between its last two pings (GoCD
  // AgentInstance.update).
  const isFree = word === "idle" && instance.state !== "gone" && instance.state !== "unreachable";
  // No list has shown what a running agent has taken since its last contact: the server has restarted, or has just lost
  // contact with it.
  const isUnseen = (word === "Missing" || isJustLost(draft, instance, gocdAgent)) &&
    isInQuestion(draft, instance, gocdAgent);
  const isHeld = word === "building" || isUnseen || isJustUnregistered(instance, gocdAgent) ||
    wasHeld &&
      (mayHoldFormer(draft, instance, index) || !isFree && !isGivenBack(draft, instance, gocdAgent));
  if (isHeld === wasHeld) return instance;
  const { mayHoldBuild: _, ...others } = instance;
  const changed: AgentInstance = isHeld ? { ...others, mayHoldBuild: true } : others;
  draft.put(changed);
  return changed;
}

/**
 * Whether this list is the first on which a record is LostContact, or the first of these that can be stored. It stays so
 * while the build waits for an agent in contact, even across restarts of the server, after which the record shows no
 * build.
 */
function isJustLost(
  { state: { server }, atMs }: Draft,
  instance: AgentInstance,
  gocdAgent: GocdAgent | undefined,
): boolean {
  if (gocdAgent?.agentState !== "LostContact") return false;
  if (server.lostSinceMs.get(gocdAgent.uuid) === atMs) return true;
  if (instance.state !== "registered" || gocdAgent.configState !== "Enabled") return false;
  const { word } = { word: undefined, ...instance.activity };
  return word !== "LostContact";
}

/**
 * Whether its record is Pending again, for the first time: an older configuration of the server lacks it, but not what
 * it has taken since the last list.
 */
function isJustUnregistered(instance: AgentInstance, gocdAgent: GocdAgent | undefined): boolean {
  if (instance.state !== "registered" || gocdAgent?.configState !== "Pending") return false;
  const { word } = { word: undefined, ...instance.activity };
  return word !== "Pending";
}

/** Lists have shown what a dead agent had when it ended, unless this is the first one after an outage or a restart. */
function isInQuestion(
  { state: { server }, atMs }: Draft,
  { state }: AgentInstance,
  gocdAgent: GocdAgent | undefined,
): boolean {
  return state !== "gone" || gocdAgent?.configState === "Enabled" && server.healthySinceMs === atMs;
}

/** Its process has restarted under another uuid, and the server has not yet rescheduled the build of the former one. */
function mayHoldFormer({ state: { server } }: Draft, instance: AgentInstance, { byName }: GocdAgentIndex): boolean {
  const uuid = uuidOf(instance);
  const hidden = unlistedRecords(server).filter((each) => isNamed(each, instance.taskId));
  return [...byName.get(instance.taskId) ?? [], ...hidden].some((record) => {
    if (record.uuid === uuid || record.configState === "Pending") return false;
    if (activityWord(record) === "idle") return !isSurelyIdle(server, record);
    return isInContact(record) || !hasCheckedSince(server, server.lostSinceMs.get(record.uuid) ?? Infinity);
  });
}

/** Shown as Idle for longer than a dead agent could be. */
function isSurelyIdle(server: ServerState, { uuid }: GocdAgent): boolean {
  const sinceMs = server.idleSinceMs.get(uuid) ?? server.disabledIdleSinceMs.get(uuid);
  return shownForMs({ server }, sinceMs ?? Infinity) >= surelyAliveMs;
}

/** The instance when its process appears under another uuid, marked with what the former one may have taken. */
export function withFormerBuild(draft: Draft, instance: AgentInstance, index: GocdAgentIndex): AgentInstance {
  return withPossibleBuild(draft, trackBuild(draft, instance, index));
}

/**
 * The instance when its agent has just been found: this list is the first that shows what it builds, and perhaps the
 * last. For an agent that is found dead, what it took before is unknown; so is what a former process of it took.
 */
export function trackFound(draft: Draft, before: AgentInstance, index: GocdAgentIndex): void {
  const instance = draft.instance(before.taskId);
  if (instance === undefined) return;
  const uuid = uuidOf(instance);
  if (uuid === undefined || uuid === uuidOf(before)) return;
  const isDead = instance.state === "gone" || instance.state === "unreachable";
  const isFirst = uuidOf(before) === undefined;
  const isUnseen = isFirst || (draft.state.server.appearedMs.get(uuid) ?? 0) >= instance.sinceMs;
  // An adopted instance may be found with the record of a former process.
  const mayHold = isDead && isUnseen || isFirst && mayHoldFormer(draft, instance, index);
  const found: AgentInstance = mayHold ? { ...instance, mayHoldBuild: true } : instance;
  draft.put(found);
  trackBuild(draft, found, index);
}

/** The instance when its task is lost, marked with what it may have taken since lists showed it free. */
export function withPossibleBuild(draft: Draft, instance: AgentInstance): AgentInstance {
  return mayHaveTaken(draft, instance) ? { ...instance, mayHoldBuild: true } : instance;
}

/**
 * It may have a job that it could take since the last list, or shortly before, when an agent still shows Idle. A list
 * that lacks it proves nothing; a Pending record of ours is about to be enabled.
 */
function mayHaveTaken({ state, atMs }: Draft, instance: AgentInstance): boolean {
  const { demand, server } = state;
  const isOurDoing = instance.state === "killing" && instance.cause !== "by-mesos";
  const uuid = instance.state === "gone" || isOurDoing ? undefined : uuidOf(instance);
  if (uuid === undefined) return false;
  const record = lastListed(server, uuid);
  // What an agent has taken is unknown as long as no list of this run has shown it, and after a failed read.
  if (record === undefined) return !server.appearedMs.has(uuid);
  if (server.healthySinceMs === undefined) return true;
  if (record.agentState === "LostContact") return false;
  // Since the last list it may have taken a job, too.
  const isUnsettled = (sinceMs: number): boolean => agentsAsOfMs(server) - sinceMs < settledMs;
  switch (record.configState) {
    case "Pending":
      return instance.state === "starting";
    case "Disabled":
      // Before its deletion was requested, lists have shown it idle for long enough.
      return instance.isDeleteAsked !== true && isUnsettled(server.disabledIdleSinceMs.get(record.uuid) ?? atMs);
    case "Enabled": {
      const capability = capabilityFor(instance, demand.backlog.resourceCase);
      return isUnsettled(server.idleSinceMs.get(record.uuid) ?? atMs) ||
        demand.backlog.buckets.some(({ requirement }) => canTake(capability, requirement)) ||
        // The server may have rescheduled a hung build meanwhile, and given it to this agent.
        isAnyHung(state);
    }
  }
  return false;
}

/** The server has had time to detect the silence of this agent, with another agent in contact. */
function isGivenBack({ state }: Draft, instance: AgentInstance, gocdAgent: GocdAgent | undefined): boolean {
  return (gocdAgent === undefined || !isInContact(gocdAgent)) && hasChecked(state, instance);
}

/**
 * Since the server detected the silence of this agent, some agent has been in contact for so long that the server has
 * rescheduled its build; it reschedules nothing as long as the record is Missing or Disabled, whatever other agents are
 * in contact. A build of an agent that only Mesos cannot reach is not hung while the server is in contact with it.
 */
function hasChecked({ server }: Pick<State, "server">, instance: AgentInstance): boolean {
  const uuid = uuidOf(instance);
  // If an agent ended without a known record, no list can show its silence.
  const isEnded = instance.state === "unreachable" || instance.state === "gone" && uuid === undefined;
  const heardMs = isEnded ? instance.sinceMs + connectionTimeoutMs : Infinity;
  return hasCheckedSince(server, server.silentSinceMs.get(uuid ?? "") ?? heardMs);
}

function hasCheckedSince(server: ServerState, knownMs: number): boolean {
  const sinceMs = Math.max(server.inContactSinceMs ?? Infinity, knownMs);
  return shownForMs({ server }, sinceMs) >= rescheduleLimitMs(server);
}

/** Whether the server has yet to detect the silence of an agent that may have a build: agents in contact must stay. */
export function isAnyHung({ instances, server }: State): boolean {
  return [...instances.values()].some((instance) =>
    instance.mayHoldBuild === true && (instance.state === "gone" || instance.state === "unreachable") &&
    !hasChecked({ server }, instance)
  );
}

/** Whether a dead instance is still needed because its build may be hung. */
export function isRemembered(draft: Draft, { mayHoldBuild, sinceMs }: AgentInstance): boolean {
  return mayHoldBuild === true && !isGivenUp(draft, sinceMs);
}

/** Since when every list has shown an agent in contact, including this one. */
export function inContactSince(
  before: ServerState,
  agents: readonly GocdAgent[],
  atMs: number,
): Pick<ServerState, "inContactSinceMs"> {
  return agents.some(isInContact) ? { inContactSinceMs: before.inContactSinceMs ?? atMs } : {};
}

/**
 * One agent for hung builds, unless one is starting anyway or `isAnyWanted`. Of their profile, if that can be launched:
 * the server reschedules a build whatever agent is in contact.
 */
export function agentForHungBuilds(
  state: State,
  { budget, isAnyWanted }: { readonly budget: LaunchBudget; readonly isAnyWanted: boolean },
  atMs: number,
): readonly WantedAgents[] {
  if (isAnyWanted || state.server.agents.some(isInContact)) return [];
  const instances = [...state.instances.values()];
  if (instances.some(isWaiting)) return [];
  const hung = instances.filter((each) => each.mayHoldBuild);
  const [first] = hung;
  if (first === undefined) return [];
  const open = [...hung, ...state.settings.profiles.map((profile) => anyAgent(state, profile, first))]
    .filter(({ profile: name, ...registration }) => {
      const profile = profileOf(state.settings, name);
      return profile !== undefined && profileGate(state, { profile, needs: 1, budget, registration }, atMs).allowed > 0;
    });
  const chosen = open.find(({ profile }) => !lacksResources(state, profile, atMs)) ?? open[0];
  if (chosen === undefined) return [];
  const { taskId, profile } = chosen;
  return [{
    bucketKey: `hung ${profile}`,
    profile,
    ...registrationOf(chosen),
    count: 1,
    reason: { kind: "hung-build", taskId },
  }];
}

/** The registration of an agent of this profile that is launched for the build of this instance. */
function anyAgent(
  state: State,
  profile: AgentProfile,
  { taskId }: AgentInstance,
): Registration & Pick<AgentInstance, "taskId" | "profile"> {
  const environment = namesOf(profile.environments).find((each) => !isMissing(state, each));
  return {
    taskId,
    profile: profile.name,
    ...registrationOf({ gocdResources: namesOf(profile.gocdResources), environment }),
  };
}

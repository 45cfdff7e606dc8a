// Decides which record on the GoCD server belongs to which of our containers, with all the evidence in one place:
//
//   uuid            once known it counts, even if the hostname changes
//   name            the first label of the hostname is Docker's name for the container or, if the record was enabled,
//                   the task id: proof. For a Pending record the task id is no proof (admission.ts)
//   address         of a container with its own network, plus matching registration and order of events: proof once
//                   it has persisted; anything less is only a possibility
//   possibility     an agent that appeared after the launch and has no other explanation: blocks a KILL, nothing more

import { activityWord, isHeard } from "../life/activity.ts";
import { parseTaskId } from "./task_id.ts";
import { isOlderVersion } from "../life/brake.ts";
import type { Registration } from "../life/causes.ts";
import type { Draft } from "../draft.ts";
import { type GocdAgentIndex, isIdleTwice, isLostLongEnough, unlistedRecords } from "../life/gocd_index.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import type { AgentInstance } from "../instance.ts";
import { capabilityFor, capabilityKey, capabilityOf } from "../demand/matching.ts";
import { absentMs, newRecordMs, surelyAliveMs } from "../life/gocd_clocks.ts";
import { nameOf } from "./hostnames.ts";
import { uuidOf } from "../life/phase.ts";
import { shownForMs } from "../session/reading.ts";
import type { ServerState, State } from "../state.ts";

/**
 * Uuids that are remembered beyond twice the length of the list, so that records missing from one list do not look new
 * later.
 */
const rememberedMin = 1_000;

/** Since when each record has existed, by uuid: the time of the first list that showed it. */
export function appearedSince(
  before: ServerState["appearedMs"],
  agents: readonly GocdAgent[],
  atMs: number,
): ServerState["appearedMs"] {
  const added = agents.filter(({ uuid }) => !before.has(uuid));
  if (added.length === 0) return before;
  const all = new Map([...before, ...added.map(({ uuid }) => [uuid, atMs] as const)]);
  if (all.size <= agents.length * 2 + rememberedMin) return all;
  const listed = new Set(agents.map(({ uuid }) => uuid));
  return new Map([...all].filter(([uuid]) => listed.has(uuid)));
}

/**
 * Records that are missing from this list, and those missing for less than ten minutes of the server's operational
 * time.
 */
export function unlistedSince(
  before: ServerState,
  agents: readonly GocdAgent[],
  atMs: number,
): ServerState["unlisted"] {
  const listed = new Set(agents.map(({ uuid }) => uuid));
  const gone = before.agents.filter(({ uuid }) => !listed.has(uuid));
  if (gone.length === 0 && before.unlisted.size === 0) return before.unlisted;
  const kept = [...before.unlisted].filter(([uuid, { sinceMs }]) =>
    !listed.has(uuid) && shownForMs({ server: before }, sinceMs) < absentMs
  );
  return new Map([...kept, ...gone.map((gocdAgent) => [gocdAgent.uuid, { gocdAgent, sinceMs: atMs }] as const)]);
}

/**
 * The agent of an instance, other than its known one, that has not registered under its name, if its address proves it:
 * the container is in a network with individual addresses, and only one record has that address, the registration it
 * was launched with, and the right age, and is in contact. Addresses of Docker's bridge are the same on every host, and
 * those of a host are shared by everything on it: they prove nothing.
 */
export function agentByAddress(
  draft: Draft,
  instance: AgentInstance,
  { byAddress }: Pick<GocdAgentIndex, "byAddress">,
): GocdAgent | undefined {
  const { state, atMs } = draft;
  const { taskId, addresses } = instance;
  if (addresses === undefined || !hasOwnAddress(instance) || isUnconfirmed(state, instance)) return undefined;
  const own = uuidOf(instance);
  const explained = explainedOf(state, instance);
  const there = [...new Set(addresses)].flatMap((address) => byAddress.get(address) ?? []).filter((each) =>
    each.uuid !== own && !explained.has(each.uuid) && !isLostLongEnough(draft, each) &&
    !isFrozen(draft, instance, each)
  );
  const [only, another] = there;
  // A silent record may belong to a dead container whose address was reused: the running one may not have registered
  // yet.
  if (only === undefined || another !== undefined || !wasInService(state, only) || !isHeard(only)) return undefined;
  const isShared = [...state.instances.values()].some((other) =>
    mayBeOf(state, other, only) && (isAtSame(other, { taskId, addresses }) || mayHaveEndedAt(state, other, taskId))
  );
  if (isShared) return undefined;
  const sinceMs = state.server.appearedMs.get(only.uuid) ?? atMs;
  // While Mesos cannot reach its host, its container may end unnoticed, and its address may be reused.
  const isLate = instance.state === "unreachable" && sinceMs > instance.sinceMs;
  // The order of events is part of the proof; an adopted instance was launched at an unknown time before its adoption.
  if (isAdopted(instance) && sinceMs < instance.createdMs) return undefined;
  if (isLate || !isSame(state, instance, only) || atMs - sinceMs < newRecordMs) return undefined;
  return isPossible(draft, instance, only, explained) ? only : undefined;
}

/**
 * Whether another record at its own address is so new that nobody knows yet whether its agent, which may be building,
 * runs in this container.
 */
export function isJustThere(draft: Draft, instance: AgentInstance): boolean {
  const { state: { server }, atMs } = draft;
  const { addresses = [] } = instance;
  if (!hasOwnAddress(instance)) return false;
  const isNew = ({ uuid, ipAddress }: GocdAgent): boolean =>
    addresses.some((address) => address === ipAddress) && uuid !== uuidOf(instance) &&
    atMs - (server.appearedMs.get(uuid) ?? -Infinity) < newRecordMs;
  return server.agents.some((each) =>
    isNew(each) && isPossible(draft, instance, each, explainedOf(draft.state, instance))
  );
}

/**
 * Its address was stored by an earlier run. Until Mesos reports in this run that it is running, its container may have
 * ended, and its address may have been reused.
 */
function isUnconfirmed(state: State, { taskId, state: phase, createdMs }: AgentInstance): boolean {
  return createdMs <= state.startedMs && (phase === "unreachable" || state.reconciliation.pending.has(taskId));
}

/**
 * GoCD detects the silence of a disabled agent from this version on (`AgentInstance.refresh`); before, it looks alive
 * forever.
 */
const seesDisabled = "17.9.0";

/**
 * A record that existed before the launch does not prove who has its address now: its agent may have been dead for
 * years.
 */
function isFrozen(draft: Draft, instance: AgentInstance, { uuid, configState }: GocdAgent): boolean {
  const version = draft.state.server.info?.version;
  // The oldest releases do not report theirs: `<16.6`.
  return configState === "Disabled" && version !== undefined &&
    isOlderVersion(version.replace("<", ""), seesDisabled) &&
    wasThereBefore(draft, instance, uuid);
}

function isAtSame(
  other: AgentInstance,
  { taskId, addresses }: { readonly taskId: string; readonly addresses: readonly string[] },
): boolean {
  return other.taskId !== taskId && addresses.some((address) => other.addresses?.includes(address) === true);
}

/**
 * Whether another instance may have run at any address: Mesos has lost it, or it was stopped, before its address was
 * reported. What has failed to launch, or was dropped, has never had one.
 */
function mayHaveEndedAt(state: State, other: AgentInstance, taskId: string): boolean {
  if (other.taskId === taskId || other.addresses !== undefined) return false;
  if (other.network !== undefined && !hasOwnAddress(other)) return false;
  if (other.state === "unreachable") return shownForMs(state, other.sinceMs) < surelyAliveMs;
  return other.state === "gone" && other.cause !== "dropped" && other.cause !== "launch-failed";
}

/**
 * Whether a record in contact may belong to another instance with its address. An instance whose agent is known
 * explains only that record. A container that ended before its agent was known leaves a record that seems alive until
 * the server detects its silence; up to GoCD 17.8 it never does for a disabled agent.
 */
function mayBeOf(state: State, other: AgentInstance, { configState }: GocdAgent): boolean {
  if (uuidOf(other) !== undefined) return false;
  return other.state !== "gone" || configState === "Disabled" || shownForMs(state, other.sinceMs) < surelyAliveMs;
}

/** Enabled, or seen Enabled before somebody disabled it. A record that was always Disabled may belong to anyone. */
function wasInService({ server }: State, { uuid, configState }: GocdAgent): boolean {
  if (configState !== "Disabled") return configState === "Enabled";
  const appearedMs = server.appearedMs.get(uuid);
  const disabledMs = server.disabledSinceMs.get(uuid);
  return appearedMs !== undefined && disabledMs !== undefined && appearedMs < disabledMs;
}

function isSame(state: State, instance: AgentInstance, gocdAgent: GocdAgent): boolean {
  const rule = ruleOf(state);
  return capabilityKey(capabilityOf(gocdAgent, rule)) === capabilityKey(capabilityFor(instance, rule));
}

/**
 * Agents on the server that may be running in the instance's container under another name. If there is one, a KILL
 * might end its build.
 */
export function possibleAgents(draft: Draft, instance: AgentInstance): readonly GocdAgent[] {
  const explained = explainedOf(draft.state, instance);
  const { server } = draft.state;
  // An agent that was out of contact is not building.
  const hidden = unlistedRecords(server).filter(({ agentState }) =>
    agentState !== "LostContact" && agentState !== "Missing"
  );
  return [...server.agents, ...hidden].filter((gocdAgent) =>
    isPossible(draft, instance, gocdAgent, explained) && !isElsewhere(draft, instance, gocdAgent) &&
    !isInAnother(draft, instance, gocdAgent) &&
    (isRunning(instance) || !isLongFree(draft, gocdAgent))
  );
}

/** Uuids that belong to other instances. */
function explainedOf({ instances }: State, { taskId }: AgentInstance): ReadonlySet<string> {
  const uuids = new Set<string>();
  for (const other of instances.values()) {
    const uuid = other.taskId === taskId ? undefined : uuidOf(other);
    if (uuid !== undefined) uuids.add(uuid);
  }
  return uuids;
}

function isPossible(
  draft: Draft,
  instance: AgentInstance,
  gocdAgent: GocdAgent,
  explained: ReadonlySet<string>,
): boolean {
  const { elastic, configState, uuid } = gocdAgent;
  if (elastic || configState === "Pending" || explained.has(uuid)) return false;
  // A task id is the name of one agent; another installation of this program names its agents in the same way.
  const name = nameOf(gocdAgent);
  if (name !== instance.taskId && parseTaskId(name) !== undefined) return false;
  if (wasThereBefore(draft, instance, uuid) || isLostLongEnough(draft, gocdAgent)) return false;
  return isAdopted(instance) || !isUnlike(instance, gocdAgent, ruleOf(draft.state));
}

/** How the server compares resource names. */
export function ruleOf({ server }: Pick<State, "server">): ResourceCase {
  return server.info?.resourceCase ?? "insensitive";
}

/** Maximum number of agents stored with an instance. */
const strangersMax = 100;

/** Uuids of known agents, listed or recently listed, that could be mistaken for one launched with this; absent: too many. */
export function strangersTo(state: State, launched: Registration): readonly string[] | undefined {
  const known = [...state.server.agents, ...unlistedRecords(state.server)];
  const alike = known.filter((each) =>
    !each.elastic && parseTaskId(nameOf(each)) === undefined && !isUnlike(launched, each, ruleOf(state))
  );
  return alike.length > strangersMax ? undefined : alike.map(({ uuid }) => uuid);
}

/**
 * For an instance launched in an earlier run only the stored agents are known. The launch time of an adopted one is
 * unknown: its agent may have been listed before Mesos reported it.
 */
function wasThereBefore({ state, atMs }: Draft, instance: AgentInstance, uuid: string): boolean {
  if (isAdopted(instance)) return false;
  const { createdMs, strangers } = instance;
  if (strangers?.includes(uuid) === true) return true;
  const appearedMs = state.server.appearedMs.get(uuid) ?? atMs;
  return createdMs > state.startedMs && appearedMs < createdMs;
}

/** It has resources or environments, and none of them is among those that the instance was launched with. */
function isUnlike(launched: Registration, gocdAgent: GocdAgent, rule: ResourceCase): boolean {
  const wanted = capabilityFor(launched, rule);
  const got = capabilityOf(gocdAgent, rule);
  if (got.gocdResources.size === 0 && got.environments.size === 0) return false;
  return wanted.gocdResources.isDisjointFrom(got.gocdResources) && wanted.environments.isDisjointFrom(got.environments);
}

/** The registration of an adopted instance is only known from its record. */
export function isAdopted({ adopted }: AgentInstance): boolean {
  return adopted === true;
}

/**
 * Its address is stable and differs from that of the container, and it has been idle for as long: it has no build of
 * ours. A building agent is never excluded by its address, which may differ because of a tunnel or a second network. A
 * disabled agent may still fetch work assigned before: it must be as surely idle as before a DELETE.
 */
function isElsewhere(draft: Draft, instance: AgentInstance, gocdAgent: GocdAgent): boolean {
  const { atMs, state: { server: { idleSinceMs, disabledIdleSinceMs } } } = draft;
  const { uuid, ipAddress, configState } = gocdAgent;
  const addresses = instance.addresses ?? [];
  if (addresses.length === 0 || ipAddress === undefined || ipAddress === "" || addresses.includes(ipAddress)) {
    return false;
  }
  if (instance.network !== "BRIDGE" && instance.network !== "USER") return false;
  if (configState === "Disabled") {
    return atMs - (disabledIdleSinceMs.get(uuid) ?? atMs) >= elsewhereMs && isIdleTwice(draft, gocdAgent);
  }
  return atMs - (idleSinceMs.get(uuid) ?? atMs) >= elsewhereMs;
}

/**
 * It has the network address of another container of ours that was running when it appeared, and Mesos has reported the
 * address of this container: it runs in the other one, even if its name never proves that. A new record may still show
 * the address of a proxy.
 */
function isInAnother({ state, atMs }: Draft, instance: AgentInstance, { uuid, ipAddress }: GocdAgent): boolean {
  const { addresses = [] } = instance;
  const isIts = (address: string): boolean => address === ipAddress;
  if (!hasOwnAddress(instance) || addresses.length === 0 || addresses.some(isIts)) return false;
  const appearedMs = state.server.appearedMs.get(uuid) ?? atMs;
  if (atMs - appearedMs < newRecordMs || isUnconfirmed(state, instance)) return false;
  return [...state.instances.values()].some((other) =>
    hasOwnAddress(other) && other.addresses?.some(isIts) === true && other.createdMs <= appearedMs &&
    (other.state !== "gone" || other.sinceMs >= appearedMs)
  );
}

/** An agent pings every 5 s, and shows Idle for up to 10 s after a job was assigned to it. */
const elsewhereMs = 60_000;

/** Whether its container is running according to Mesos, or may be. */
function isRunning(instance: AgentInstance): boolean {
  return instance.state === "starting" && (instance.runningSinceMs !== undefined || instance.mayRun === true);
}

/** An idle agent does not block anything as long as the image is pulled. */
function isLongFree({ state, atMs }: Draft, gocdAgent: GocdAgent): boolean {
  if (gocdAgent.configState === "Disabled") return activityWord(gocdAgent) !== "building";
  return atMs - (state.server.idleSinceMs.get(gocdAgent.uuid) ?? atMs) >= elsewhereMs;
}

/** Whether its network gives each container its own address. */
export function hasOwnAddress({ network }: AgentInstance): boolean {
  return network === "USER";
}

// Which record on the GoCD server belongs to which of our containers, with all the evidence in one place:
//
//   uuid            once known it counts, whatever becomes of the hostname
//   name            the first label of the hostname is Docker's name for the container, or of a record that somebody has
//                   admitted the task id: proof. Of a Pending one the task id is not (admission.ts)
//   address         of a container with its own network, plus matching registration and order of events: proof once
//                   it has persisted; anything less is only a possibility
//   possibility     an agent that appeared after the launch and has no other explanation: blocks a KILL, nothing more

import { activityWord, isHeard } from "../life/activity.ts";
import { parseTaskId } from "./task_id.ts";
import { isOlderVersion } from "../life/brake.ts";
import type { Draft } from "../draft.ts";
import { isIdleTwice, isLostLongEnough } from "../life/gocd_index.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import type { AgentInstance } from "../instance.ts";
import { capabilityFor, capabilityKey, capabilityOf } from "../demand/matching.ts";
import { absentMs, newRecordMs, surelyAliveMs } from "../life/gocd_clocks.ts";
import { nameOf } from "./hostnames.ts";
import { uuidOf } from "../life/phase.ts";
import { shownForMs } from "../session/reading.ts";
import type { ServerState, State } from "../state.ts";

/** Uuids remembered beyond twice the list, so that a list without some records makes none of them look new. */
const rememberedMin = 1_000;

/** Since when each record has been there, by uuid: the time of the first list that showed it. */
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

/** Records that this list lacks, and those that lists have lacked for less than ten minutes of the server's work. */
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
 * The agent of an instance that has not registered under its name, where its address proves it: the container is in a
 * network that gives it an address of its own, and only one record has that address, the registration it was launched
 * with, and the right age, and is in contact. The addresses of Docker's bridge repeat on every host, and those of a host
 * are shared by all that runs there: they prove nothing.
 */
export function agentByAddress(draft: Draft, instance: AgentInstance): GocdAgent | undefined {
  const { state, atMs } = draft;
  const { taskId, addresses } = instance;
  if (addresses === undefined || !hasOwnAddress(instance) || isUnconfirmed(state, instance)) return undefined;
  const explained = explainedOf(state, instance);
  const there = state.server.agents.filter((each) =>
    addresses.some((address) => address === each.ipAddress) && !explained.has(each.uuid) &&
    !isLostLongEnough(draft, each) &&
    !isFrozen(draft, instance, each)
  );
  const [only, another] = there;
  // A silent record may be a dead container's, whose address was given again: the living one may still be to register.
  if (only === undefined || another !== undefined || !wasInService(state, only) || !isHeard(only)) return undefined;
  const isShared = [...state.instances.values()].some((other) =>
    mayBeOf(state, other, only) && isAtSame(other, { taskId, addresses })
  );
  if (isShared) return undefined;
  const sinceMs = state.server.appearedMs.get(only.uuid) ?? atMs;
  // While Mesos does not reach its host, its container may end unseen, and its address be given again.
  const isLate = instance.state === "unreachable" && sinceMs > instance.sinceMs;
  // The order in time is proof; an adopted instance was launched at an unknown time before it was adopted.
  if (isAdopted(instance) && sinceMs < instance.createdMs) return undefined;
  if (isLate || !isSame(state, instance, only) || atMs - sinceMs < newRecordMs) return undefined;
  return isPossible(draft, instance, only, explained) ? only : undefined;
}

/**
 * An earlier run has stored its address. Until Mesos says in this one that it lives, its container may have ended since,
 * and its address be another's.
 */
function isUnconfirmed(state: State, { taskId, state: phase, createdMs }: AgentInstance): boolean {
  return createdMs <= state.startedMs && (phase === "unreachable" || state.reconciliation.pending.has(taskId));
}

/** GoCD sees the silence of a disabled agent from here on (`AgentInstance.refresh`); before, it looks alive for ever. */
const seesDisabled = "17.9.0";

/** One that was there before the launch, and says nothing of who has its address now: it may have been dead for years. */
function isFrozen(draft: Draft, instance: AgentInstance, { uuid, configState }: GocdAgent): boolean {
  const version = draft.state.server.info?.version;
  return configState === "Disabled" && version !== undefined && isOlderVersion(version, seesDisabled) &&
    wasThereBefore(draft, instance, uuid);
}

function isAtSame(
  other: AgentInstance,
  { taskId, addresses }: { readonly taskId: string; readonly addresses: readonly string[] },
): boolean {
  return other.taskId !== taskId && addresses.some((address) => other.addresses?.includes(address) === true);
}

/**
 * Whether a record in contact may be that of another instance with its address. One whose agent is known explains only
 * that one. A container that ended before its agent was known leaves a record that seems to live until the server sees its
 * silence; that of a disabled agent is never seen up to GoCD 17.8.
 */
function mayBeOf(state: State, other: AgentInstance, { configState }: GocdAgent): boolean {
  if (uuidOf(other) !== undefined) return false;
  return other.state !== "gone" || configState === "Disabled" || shownForMs(state, other.sinceMs) < surelyAliveMs;
}

/** Enabled, or seen so before somebody disabled it. One that was Disabled all the time may be anybody's. */
function wasInService({ server }: State, { uuid, configState }: GocdAgent): boolean {
  if (configState !== "Disabled") return configState === "Enabled";
  return (server.appearedMs.get(uuid) ?? Infinity) < (server.disabledSinceMs.get(uuid) ?? -Infinity);
}

function isSame(state: State, instance: AgentInstance, gocdAgent: GocdAgent): boolean {
  const rule = ruleOf(state);
  return capabilityKey(capabilityOf(gocdAgent, rule)) === capabilityKey(capabilityFor(instance, rule));
}

/**
 * Agents on the server that may run in the instance's container under another name. While there is one, a KILL might end
 * its build.
 */
export function possibleAgents(draft: Draft, instance: AgentInstance): readonly GocdAgent[] {
  const explained = explainedOf(draft.state, instance);
  const { agents, unlisted } = draft.state.server;
  // What was out of contact builds nothing.
  const hidden = [...unlisted.values()].map(({ gocdAgent }) => gocdAgent).filter(({ agentState }) =>
    agentState !== "LostContact" && agentState !== "Missing"
  );
  return [...agents, ...hidden].filter((gocdAgent) =>
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
  // A task id is the name of one agent; another program of this kind names its agents in the same way.
  const name = nameOf(gocdAgent);
  if (name !== instance.taskId && parseTaskId(name) !== undefined) return false;
  if (wasThereBefore(draft, instance, uuid) || isLostLongEnough(draft, gocdAgent)) return false;
  return isAdopted(instance) || !isUnlike(instance, gocdAgent, ruleOf(draft.state));
}

/** How the server compares names of resources. */
export function ruleOf({ server }: Pick<State, "server">): ResourceCase {
  return server.info?.resourceCase ?? "insensitive";
}

/** What a container is launched with. */
export type Registration = Pick<AgentInstance, "gocdResources" | "environment">;

/** Agents kept with an instance at most. */
const strangersMax = 100;

/** Uuids of the agents on the list of now that could be taken for one launched with this; absent: too many to keep. */
export function strangersTo(state: State, launched: Registration): readonly string[] | undefined {
  const alike = state.server.agents.filter((each) =>
    !each.elastic && parseTaskId(nameOf(each)) === undefined && !isUnlike(launched, each, ruleOf(state))
  );
  return alike.length > strangersMax ? undefined : alike.map(({ uuid }) => uuid);
}

/**
 * Of an instance launched in an earlier run only what it was stored with is known. When an adopted one was launched is not
 * known at all: its agent may have been on the list before Mesos named it.
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

/** What an adopted instance was launched with is learnt from its record only. */
export function isAdopted({ adopted }: AgentInstance): boolean {
  return adopted === true;
}

/**
 * Its address has lasted and is not that of the container, and it has been idle for as long: no build of ours is there.
 * One that builds is never excluded by its address, which may be seen through a tunnel or a second network. One that is
 * disabled may yet fetch what it was given before: it must be as surely idle as before a DELETE.
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
 * It shows the address that a network gave another container of ours, which ran when it appeared, and Mesos has told this
 * container's own: it runs in the other one, though nobody may ever know that by name. A new record may still show the
 * address of whoever the connection came from.
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

/** An agent pings every 5 s, and shows Idle for up to 10 s beside a job that it has been given. */
const elsewhereMs = 60_000;

/** Whether Mesos has said that its container runs. */
function isRunning(instance: AgentInstance): boolean {
  return instance.state === "starting" && instance.runningSinceMs !== undefined;
}

/** An agent without work holds nothing up that Mesos does not even take for running. */
function isLongFree({ state, atMs }: Draft, gocdAgent: GocdAgent): boolean {
  if (gocdAgent.configState === "Disabled") return activityWord(gocdAgent) !== "building";
  return atMs - (state.server.idleSinceMs.get(gocdAgent.uuid) ?? atMs) >= elsewhereMs;
}

/** Whether its network gives each container an address of its own. */
export function hasOwnAddress({ network }: AgentInstance): boolean {
  return network === "USER";
}

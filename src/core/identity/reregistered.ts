// Handles an agent whose process restarted and registered under another uuid: which of its records counts.

import { activityOf, activityWord } from "../life/activity.ts";
import { withFormerBuild } from "../demand/hung_build.ts";
import type { Draft } from "../draft.ts";
import { surelyAliveMs } from "../life/gocd_clocks.ts";
import type { GocdAgent } from "../gocd_records.ts";
import type { GocdAgentIndex } from "../life/gocd_index.ts";
import { isNamed } from "./hostnames.ts";
import type { AgentInstance } from "../instance.ts";
import { register, uuidOf } from "../life/phase.ts";
import { noteGap } from "./misregistered.ts";
import { agentByAddress, isAdopted } from "./recognition.ts";
import { shownForMs } from "../session/reading.ts";

/** The instance with the record that counts; unchanged if it still has that record. */
export function advanceRecord(draft: Draft, instance: AgentInstance, index: GocdAgentIndex): AgentInstance {
  const next = nextRecord(draft, instance, index);
  if (next === undefined) return instance;
  const known = withFormerBuild(draft, instance, index);
  const registered = register(
    draft,
    instance.state === "killing" ? afterKill(known) : known,
    next.uuid,
    activityOf(next, undefined, draft.atMs),
  );
  const { taskId, profile, createdMs } = instance;
  draft.note(
    uuidOf(instance) !== undefined ? { kind: "agent-registered-anew", taskId, uuid: next.uuid } : {
      kind: "agent-registered",
      taskId,
      profile,
      uuid: next.uuid,
      ...(isAdopted(instance) ? {} : { afterMs: draft.atMs - createdMs }),
      isDisabled: next.configState === "Disabled",
    },
  );
  return next.configState !== "Enabled" || isAdopted(instance) ? registered : noteGap(draft, registered, next);
}

/** Taken back after all: a KILL that was sent may still reach its container, so it must not get work until then. */
export function afterKill<Instance extends AgentInstance>(instance: Instance): Instance {
  return instance.lastKillMs === undefined ? instance : { ...instance, retire: "stop-sent" };
}

function nextRecord(draft: Draft, instance: AgentInstance, index: GocdAgentIndex): GocdAgent | undefined {
  const records = [...index.byName.get(instance.taskId) ?? [], ...byAddress(draft, instance, index)];
  switch (instance.state) {
    case "registered":
    case "draining": {
      const own = index.byUuid.get(instance.uuid);
      const others = records.filter((each) => each.uuid !== instance.uuid);
      const replacement = replacementRecord(draft, own, others);
      if (replacement !== undefined || instance.state === "registered") return replacement;
      // Our record can get no more work; before a KILL the same must be true for every record of the instance.
      return own !== undefined && activityWord(own) === "building" ? undefined : others.find(mayGetWork);
    }
    case "killing": {
      // The KILL has had no effect so far: the agent is running and may get work, possibly under its old uuid, whatever
      // hostname that shows.
      const own = index.byUuid.get(instance.uuid);
      const all = own === undefined || records.includes(own) ? records : [own, ...records];
      return instance.cause === "drain-timeout" || instance.cause === "by-mesos" || instance.cause === "teardown"
        ? undefined
        : all.find((each) => mayGetWork(each) || isBuildingDisabled(each));
    }
  }
  return undefined;
}

/**
 * The record of an agent without our name that has started again under another one. An agent with our name keeps it, and
 * its address may be that of an agent of others: networks of Docker that span no hosts have the same ones on each.
 */
function byAddress(draft: Draft, instance: AgentInstance, index: GocdAgentIndex): readonly GocdAgent[] {
  const uuid = uuidOf(instance);
  if (uuid === undefined) return [];
  const own = index.byUuid.get(uuid) ?? draft.state.server.unlisted.get(uuid)?.gocdAgent;
  if (own === undefined || isNamed(own, instance.taskId)) return [];
  const found = agentByAddress(draft, instance, index);
  return found === undefined ? [] : [found];
}

/** The record in contact, if it is certainly not the instance's own: an old one may look idle for another 300 s. */
function replacementRecord(
  draft: Draft,
  own: GocdAgent | undefined,
  others: readonly GocdAgent[],
): GocdAgent | undefined {
  if (own !== undefined && activityWord(own) === "building") {
    // Up to 17.8 a disabled agent that died while building seems to build forever.
    return own.configState === "Enabled" ? undefined : others.find((each) => isSurelyAlive(draft, each));
  }
  if (own !== undefined && isSurelyAlive(draft, own)) return undefined;
  const isIdle = own !== undefined && activityWord(own) === "idle";
  return others.find((each) => activityWord(each) === "building") ??
    (isIdle ? undefined : others.find((each) => each.configState === "Enabled" && activityWord(each) === "idle"));
}

function isSurelyAlive({ state }: Draft, { uuid }: GocdAgent): boolean {
  return shownForMs(state, state.server.idleSinceMs.get(uuid) ?? Infinity) >= surelyAliveMs;
}

/** It got work before somebody disabled it. */
function isBuildingDisabled(gocdAgent: GocdAgent): boolean {
  return gocdAgent.configState === "Disabled" && activityWord(gocdAgent) === "building";
}

/** Enabled, and in contact as far as known. */
function mayGetWork(gocdAgent: GocdAgent): boolean {
  const word = activityWord(gocdAgent);
  return gocdAgent.configState === "Enabled" && word !== "LostContact" && word !== "Missing";
}

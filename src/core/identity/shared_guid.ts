// Detects a guid baked into an image (config/guid.txt), so that several running agents share one record: the server
// accepts the last one to register and refuses the others. Nothing is killed or deleted because of it.

import type { Draft } from "../draft.ts";
import { isJustUnlisted, isLostLongEnough, lastListed } from "../life/gocd_index.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { isCalled } from "./hostnames.ts";
import type { AgentInstance } from "../instance.ts";
import { uuidOf } from "../life/phase.ts";
import type { State } from "../state.ts";

/** Code of the finding for GoCD's own message about it (AgentService.bombIfAgentHasDuplicateCookie). */
export const duplicateGuidCode = "gocd-duplicate-guid";

/**
 * Tracks which record an agent without its own record shares. This is stored, and kept until one of the two is gone, or
 * has its own record: GoCD reports it only while an agent is being refused.
 */
export function trackSharedGuids(draft: Draft, agents: readonly GocdAgent[]): void {
  const instances = [...draft.state.instances.values()];
  const owners = new Map(instances.map((each) => [uuidOf(each), each]));
  for (const instance of instances) {
    const { sharedUuid: before, ...rest } = instance;
    const uuid = isHomeless(instance)
      ? keptUuid(draft.state, before) ?? newlyShared(draft, instance, { agents, owners })
      : undefined;
    if (uuid !== before) draft.put(uuid === undefined ? rest : { ...rest, sharedUuid: uuid });
  }
}

/** Whether its agent may be running, and has no record. */
function isHomeless(instance: AgentInstance): boolean {
  return instance.state !== "gone" && uuidOf(instance) === undefined;
}

/** A record remains shared until it has been missing from the lists for long enough not to exist. */
function keptUuid(state: State, uuid: string | undefined): string | undefined {
  return lastListed(state.server, uuid) !== undefined || isJustUnlisted(state, uuid) ? uuid : undefined;
}

/** The record of another instance that it turns out to share. */
function newlyShared(draft: Draft, instance: AgentInstance, { agents, owners }: Records): string | undefined {
  for (const record of agents) {
    const owner = owners.get(record.uuid);
    if (owner === undefined || !isShared(draft, { owner, record }, instance)) continue;
    noteShared(draft, { owner, instance, uuid: record.uuid });
    return record.uuid;
  }
  return undefined;
}

/** The records of the server and their owners. */
interface Records {
  readonly agents: readonly GocdAgent[];
  readonly owners: ReadonlyMap<string | undefined, AgentInstance>;
}

/** GoCD names both, or the owner's record shows the address of the other's container and not its own. */
function isShared(
  { state }: Draft,
  { owner, record }: { readonly owner: AgentInstance; readonly record: GocdAgent },
  instance: AgentInstance,
): boolean {
  if (owner.state === "gone" || owner.profile !== instance.profile) return false;
  const isNamed = state.server.findings.some(({ code, hostnames }) => {
    if (code !== duplicateGuidCode) return false;
    return [owner, instance].every((each) => hostnames?.some((hostname) => isCalled(each, hostname)) === true);
  });
  if (isNamed) return true;
  const isShown = (address: string): boolean => address === record.ipAddress;
  const { addresses: own = [] } = owner;
  return own.length > 0 && !own.some(isShown) && instance.addresses?.some(isShown) === true;
}

function noteShared(
  draft: Draft,
  { owner, instance, uuid }: {
    readonly owner: AgentInstance;
    readonly instance: AgentInstance;
    readonly uuid: string;
  },
): void {
  draft.note({
    kind: "agent-guid-shared",
    taskId: instance.taskId,
    owner: owner.taskId,
    profile: instance.profile,
    uuid,
    onceKey: `${uuid} ${instance.taskId}`,
  });
}

/** The record under which an instance without one of its own may be building, if a list of this run has shown it. */
export function sharedRecord(draft: Draft, { sharedUuid }: AgentInstance): GocdAgent | undefined {
  const record = lastListed(draft.state.server, sharedUuid);
  return record === undefined || isLostLongEnough(draft, record) ? undefined : record;
}

/** Whether it may be building under the record of another, although lists may lack that record. */
export function mayShare(draft: Draft, instance: AgentInstance): boolean {
  const { server } = draft.state;
  const isHidden = lastListed(server, instance.sharedUuid) === undefined;
  return isHidden ? isJustUnlisted(draft.state, instance.sharedUuid) : sharedRecord(draft, instance) !== undefined;
}

/**
 * Whether another running instance uses, or may use, a record: it is not cleaned up with the instance that it was known
 * for.
 */
export function isUsedByAnother({ instances }: State, { taskId }: AgentInstance, uuid: string): boolean {
  return [...instances.values()].some((other) =>
    other.taskId !== taskId && other.state !== "gone" && (uuidOf(other) === uuid || other.sharedUuid === uuid)
  );
}

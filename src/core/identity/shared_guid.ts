// Detects a guid baked into an image (config/guid.txt), which gives several living agents one record: the server serves
// the last to register and refuses the others. Nothing is killed or deleted because of it.

import type { Draft } from "../draft.ts";
import { isLostLongEnough } from "../life/gocd_index.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { isCalled } from "./hostnames.ts";
import type { AgentInstance } from "../instance.ts";
import { uuidOf } from "../life/phase.ts";
import type { State } from "../state.ts";

/** Code of the finding that GoCD's own message about it becomes (AgentService.bombIfAgentHasDuplicateCookie). */
export const duplicateGuidCode = "gocd-duplicate-guid";

/**
 * Keeps by task id whose record an agent without a record of its own lives under. It stays so until one of the two is gone,
 * or has its own: GoCD says it only while somebody is refused.
 */
export function trackSharedGuids(draft: Draft, agents: readonly GocdAgent[]): void {
  const { instances, server } = draft.state;
  const homeless = [...instances.values()].filter((each) =>
    (each.state === "launching" || each.state === "starting" || each.state === "killing") && uuidOf(each) === undefined
  );
  if (homeless.length === 0) {
    if (server.sharedUuids.size > 0) draft.set({ server: { ...server, sharedUuids: new Map() } });
    return;
  }
  const listed = new Map(agents.map((each) => [each.uuid, each]));
  const owners = [...instances.values()].filter((each) => listed.has(uuidOf(each) ?? ""));
  const sharedUuids = new Map<string, string>();
  for (const instance of homeless) {
    const before = server.sharedUuids.get(instance.taskId);
    if (before !== undefined && listed.has(before)) {
      sharedUuids.set(instance.taskId, before);
      continue;
    }
    const owner = owners.find((each) => isShared(draft, each, instance, listed));
    const uuid = owner === undefined ? undefined : uuidOf(owner);
    if (owner === undefined || uuid === undefined) continue;
    sharedUuids.set(instance.taskId, uuid);
    noteShared(draft, { owner, instance, uuid });
  }
  draft.set({ server: { ...draft.state.server, sharedUuids } });
}

/** GoCD names both, or the owner's record shows the address of the other's container and not its own. */
function isShared(
  { state }: Draft,
  owner: AgentInstance,
  instance: AgentInstance,
  listed: ReadonlyMap<string, GocdAgent>,
): boolean {
  if (owner.state === "gone" || owner.profile !== instance.profile) return false;
  const isNamed = state.server.findings.some(({ code, hostnames = [] }) => {
    if (code !== duplicateGuidCode) return false;
    return [owner, instance].every((each) => hostnames.some((hostname) => isCalled(each, hostname)));
  });
  if (isNamed) return true;
  const shown = listed.get(uuidOf(owner) ?? "")?.ipAddress ?? "";
  const { addresses: own = [] } = owner;
  return shown !== "" && own.length > 0 && !own.includes(shown) && (instance.addresses ?? []).includes(shown);
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

/** The record under which an instance without one of its own may be building. */
export function sharedRecord(draft: Draft, { taskId }: AgentInstance): GocdAgent | undefined {
  const uuid = draft.state.server.sharedUuids.get(taskId);
  const record = uuid === undefined ? undefined : draft.state.server.agents.find((each) => each.uuid === uuid);
  return record === undefined || isLostLongEnough(draft, record) ? undefined : record;
}

/** Whether another living instance is, or may be, behind a record: it is not cleaned up with the one that it was known for. */
export function isUsedByAnother({ instances, server }: State, { taskId }: AgentInstance, uuid: string): boolean {
  return [...instances.values()].some((other) =>
    other.taskId !== taskId && other.state !== "gone" &&
    (uuidOf(other) === uuid || server.sharedUuids.get(other.taskId) === uuid)
  );
}

// Adopts tasks of ours that Mesos reports and the store does not contain.

import { environmentOf, matchingEnvironments } from "../demand/matching.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent } from "../gocd_records.ts";
import { nameOf } from "./hostnames.ts";
import { type AgentInstance, inPhase, type InstanceIn } from "../instance.ts";
import type { Offer } from "../placement/offer.ts";
import { parseTaskId, slug, taskNumberMax } from "./task_id.ts";
import { adoptedText, onlyGocdKnows } from "../words/stored.ts";
import type { State } from "../state.ts";
import { isOver, type TaskMeaning, type TaskStatus } from "../session/task_status.ts";

/** Our numbers stay below this: ten million runs, each with the longest jump, take less than half. */
const ownNumberMax = taskNumberMax / 2;

/**
 * A state restored from a copy is behind the ids in use: an id that Mesos or GoCD shows is never reused. It may not be the
 * last one that the newer copy used, so the numbers jump again at the next launch.
 */
export function skipUsedTaskId(draft: Draft, taskId: string): void {
  const { framework } = draft.state;
  const parsed = parseTaskId(taskId);
  if (parsed === undefined || parsed.lineage !== framework.lineage || parsed.number < framework.nextTaskNumber) return;
  // Not one of our numbers: anyone can choose an agent's name, but must not use up the numbers.
  if (parsed.number >= ownNumberMax) return;
  draft.setFramework({ ...framework, nextTaskNumber: parsed.number + 1 });
  if (draft.state.inherited === "none") draft.set({ inherited: "known" });
}

/**
 * A running task of our framework that is not in the store (a lost or older store) becomes an instance again if its id
 * is one of ours; its registration is taken from its GocdAgent. Other tasks are reported, never killed.
 */
export function adopt(draft: Draft, status: TaskStatus, meaning: TaskMeaning): AgentInstance | undefined {
  if (isOver(meaning) || meaning === "unclear") return undefined;
  const parsed = parseTaskId(status.taskId);
  if (parsed === undefined || status.mesosAgentId === undefined) {
    draft.note({
      kind: "task-foreign",
      taskId: status.taskId,
      state: status.state,
      onceKey: `${status.taskId} ${status.state}`,
    });
    return undefined;
  }
  const instance: AgentInstance = {
    taskId: status.taskId,
    ...profileBySlug(draft, parsed.profileSlug),
    gocdResources: [],
    createdMs: draft.atMs,
    mesosAgentId: status.mesosAgentId,
    host: status.mesosAgentId,
    launchReason: adoptedText("mesos"),
    adopted: true,
    state: "starting",
    sinceMs: draft.atMs,
    ...(meaning === "running" ? { runningSinceMs: draft.atMs } : {}),
  };
  draft.put(instance);
  draft.note({ kind: "agent-adopted", taskId: status.taskId, profile: instance.profile });
  return instance;
}

function profileBySlug(
  draft: Draft,
  profileSlug: string,
): Pick<AgentInstance, "profile" | "profileHash" | "retire"> {
  const profile = draft.state.settings.profiles.find((each) => slug(each.name) === profileSlug);
  return profile === undefined
    ? { profile: profileSlug, profileHash: "", retire: "profile-changed" }
    : { profile: profile.name, profileHash: profile.hash };
}

/**
 * Records of our agents that neither the store nor Mesos knows, e.g. after an older state was restored or a framework
 * was forgotten: the GoCD server keeps such a record forever, with its build. They are in doubt (life/doubt.ts): they
 * are reconciled with Mesos, and after silence on the GoCD server, or after 15 minutes, they count as dead and are
 * cleaned up. Returns their task ids.
 */
export function adoptRecords(draft: Draft, agents: readonly GocdAgent[]): readonly string[] {
  const taskIds: string[] = [];
  for (const gocdAgent of agents) {
    const { uuid } = gocdAgent;
    const taskId = nameOf(gocdAgent);
    const profileSlug = unknownSlug(draft.state, gocdAgent);
    if (profileSlug === undefined) continue;
    const [environment] = matchingEnvironments(gocdAgent);
    draft.put({
      taskId,
      ...profileBySlug(draft, profileSlug),
      gocdResources: gocdAgent.gocdResources,
      ...environmentOf({ environment }),
      createdMs: draft.atMs,
      mesosAgentId: "",
      host: "?",
      launchReason: adoptedText("gocd"),
      adopted: true,
      state: "unreachable",
      sinceMs: draft.atMs,
      uuid,
      // No list of this state has shown what it built, and whether that was rescheduled.
      mayHoldBuild: true,
      lost: { sinceMs: draft.atMs, message: onlyGocdKnows },
    });
    taskIds.push(taskId);
    draft.note({ kind: "record-adopted", taskId, uuid });
  }
  return taskIds;
}

/** Whether the last list has records of our agents that are still to be adopted. */
export function isAnyUnknownListed(state: State): boolean {
  return state.server.agents.some((gocdAgent) => unknownSlug(state, gocdAgent) !== undefined);
}

/** The profile in the name of a record of ours that the state does not contain; absent: it is none. */
function unknownSlug({ framework, instances }: State, gocdAgent: GocdAgent): string | undefined {
  if (gocdAgent.elastic || gocdAgent.configState === "Pending") return undefined;
  const taskId = nameOf(gocdAgent);
  const parsed = parseTaskId(taskId);
  return parsed?.lineage === framework.lineage && !instances.has(taskId) ? parsed.profileSlug : undefined;
}

/**
 * Whether the master has refused a launch because its id is in use: "Task has duplicate ID"
 * (src/master/validation.cpp).
 */
export function isDuplicate({ state, message }: TaskStatus): boolean {
  return state === "TASK_ERROR" && /duplicate id/i.test(message);
}

/**
 * A launch whose id turns out to be in use (an older state was restored): the instance follows the running task from
 * here on. Its host and registration are not known yet.
 */
export function advanceLiving(draft: Draft, instance: InstanceIn<"launching">): void {
  draft.put({
    ...inPhase(instance, { state: "starting", sinceMs: draft.atMs }),
    gocdResources: [],
    createdMs: draft.atMs,
    mesosAgentId: "",
    host: "?",
    launchReason: adoptedText("duplicate"),
    adopted: true,
  });
  draft.note({ kind: "task-id-lives", taskId: instance.taskId, profile: instance.profile });
}

/** The instance with the Mesos agent from its status update; KILL and RECONCILE with another one have no effect. */
export function trackMesosAgent(draft: Draft, instance: AgentInstance, status: TaskStatus): AgentInstance {
  const { mesosAgentId = "" } = status;
  if (mesosAgentId === "" || mesosAgentId === instance.mesosAgentId) return instance;
  const neighbour = [...draft.state.instances.values()].find((each) => each.mesosAgentId === mesosAgentId);
  const host = neighbour?.host ?? (instance.mesosAgentId === "" ? mesosAgentId : instance.host);
  const moved: AgentInstance = { ...instance, mesosAgentId, host };
  draft.put(moved);
  return moved;
}

/** Offers contain the hostnames of Mesos agents; status updates only contain their ids. */
export function nameHosts(draft: Draft, offers: readonly Offer[]): void {
  const names = new Map(offers.map(({ mesosAgentId, hostname }) => [mesosAgentId, hostname]));
  for (const instance of [...draft.state.instances.values()]) {
    const host = names.get(instance.mesosAgentId);
    if (host !== undefined && host !== instance.host) draft.put({ ...instance, host });
  }
}

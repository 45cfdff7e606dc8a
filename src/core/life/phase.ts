// Moves an instance from one phase to another. Not here: when (the lifecycle_* files).

import type { Draft } from "../draft.ts";
import type {
  AgentActivity,
  AgentInstance,
  DrainReason,
  EndCause,
  InstanceIdentity,
  KillCause,
  Registered,
} from "../instance.ts";
import { clocksOf } from "../profile_of.ts";
import { formatDuration } from "../words/reason.ts";

/** How long messages of others may be in our notes and records. */
const messageCharsMax = 300;

/** The part of an instance that never changes with its phase. */
export function identityOf(instance: AgentInstance): InstanceIdentity {
  return {
    taskId: instance.taskId,
    profile: instance.profile,
    profileHash: instance.profileHash,
    ...(instance.environment === undefined ? {} : { environment: instance.environment }),
    gocdResources: instance.gocdResources,
    createdMs: instance.createdMs,
    mesosAgentId: instance.mesosAgentId,
    host: instance.host,
    launchReason: instance.launchReason,
    ...(instance.bucketKey === undefined ? {} : { bucketKey: instance.bucketKey }),
    ...(instance.lastKillMs === undefined ? {} : { lastKillMs: instance.lastKillMs }),
    ...(instance.lastReconcileMs === undefined ? {} : { lastReconcileMs: instance.lastReconcileMs }),
    ...(instance.strangers === undefined ? {} : { strangers: instance.strangers }),
    ...(instance.network === undefined ? {} : { network: instance.network }),
    ...(instance.addresses === undefined ? {} : { addresses: instance.addresses }),
    ...(instance.retire === undefined ? {} : { retire: instance.retire }),
    ...(instance.mayHoldBuild === undefined ? {} : { mayHoldBuild: instance.mayHoldBuild }),
    ...(instance.isDeleteAsked === undefined ? {} : { isDeleteAsked: instance.isDeleteAsked }),
    ...(instance.lossAccepted === undefined ? {} : { lossAccepted: instance.lossAccepted }),
  };
}

/** The uuid of its GocdAgent, where it is known. */
export function uuidOf(instance: AgentInstance): string | undefined {
  switch (instance.state) {
    case "launching":
      return undefined;
    case "starting":
      return instance.pendingUuid;
    default:
      return instance.uuid;
  }
}

/** One line of somebody else's text, short enough to keep. */
export function oneLine(text: string): string {
  // deno-lint-ignore no-control-regex
  const line = text.replaceAll(/[\s\u0000-\u001f\u007f]+/g, " ").trim();
  return line.length > messageCharsMax ? `${line.slice(0, messageCharsMax - 1)}…` : line;
}

/** The GoCD server shows this record of it, which is no longer to be deleted. */
export function register(draft: Draft, instance: AgentInstance, uuid: string, activity: AgentActivity): void {
  const { strangers: _, isDeleteAsked: __, ...identity } = identityOf(instance);
  draft.put({ ...identity, state: "registered", sinceMs: draft.atMs, uuid, activity });
}

/** Takes a registered instance out of service: DISABLE leaves, the rest follows by reading. */
export function startDrain(
  draft: Draft,
  instance: Registered,
  reason: DrainReason,
  whyIdle = "nothing waits that it could take",
): void {
  draft.put({
    ...identityOf(instance),
    state: "draining",
    sinceMs: draft.atMs,
    uuid: instance.uuid,
    reason,
    step: { kind: "disabling", askedMs: draft.atMs },
  });
  draft.effect({ kind: "disable-gocd-agents", agents: [{ taskId: instance.taskId, uuid: instance.uuid }] });
  const why = reason === "idle"
    ? `it has been idle for ${formatDuration(draft.atMs - instance.activity.sinceMs)} and ${whyIdle}`
    : drainWords[reason];
  draft.note({
    level: "info",
    code: "agent-draining",
    text: `draining ${instance.taskId}: ${why}`,
    fields: { taskId: instance.taskId, profile: instance.profile, reason, uuid: instance.uuid },
  });
}

const drainWords: Readonly<Record<Exclude<DrainReason, "idle">, string>> = {
  maintenance: "its Mesos agent goes into maintenance",
  operator: "the operator asked for it",
  "profile-changed": "its profile has changed",
  surplus: "it is not needed any more",
};

const killHints: Readonly<Partial<Record<KillCause, string>>> = {
  "register-timeout":
    "look at the agent's log in its sandbox: whether it reaches go-server.agent-url, and whether the " +
    "server takes its auto-register key",
  "pending-stuck": "give go-agent.auto-register-key the server's agentAutoRegisterKey, or make the account of " +
    "go-server.user-name an administrator, who may enable agents",
};

/** Sends KILL, and goes on sending it until Mesos says terminal (by core/life/lifecycle_clock.ts). */
export function startKill(draft: Draft, instance: AgentInstance, cause: KillCause, why: string): void {
  const uuid = uuidOf(instance);
  const isOurs = cause !== "by-mesos";
  const canSend = isOurs && draft.state.session.kind === "subscribed";
  const { lastKillMs: _, ...identity } = identityOf(instance);
  draft.put({
    ...identity,
    ...(canSend ? { lastKillMs: draft.atMs } : {}),
    state: "killing",
    sinceMs: draft.atMs,
    ...(uuid === undefined ? {} : { uuid }),
    cause,
  });
  if (canSend) sendKill(draft, instance);
  const hint = killHints[cause];
  draft.note({
    level: cause === "drained" || cause === "teardown" || cause === "by-mesos" ? "info" : "warning",
    code: "agent-killing",
    text: `${isOurs ? "stopping" : "Mesos stops"} ${instance.taskId}: ${why}`,
    ...(hint === undefined ? {} : { hint }),
    fields: { taskId: instance.taskId, profile: instance.profile, cause, host: instance.host },
  });
}

/** Its task as calls name it; the master finds one whose Mesos agent is not known by its id alone. */
export function taskOf({ taskId, mesosAgentId }: AgentInstance): { taskId: string; mesosAgentId?: string } {
  return mesosAgentId === "" ? { taskId } : { taskId, mesosAgentId };
}

/** Puts KILL on its way with the profile's grace. */
export function sendKill(draft: Draft, instance: AgentInstance): void {
  draft.effect({
    kind: "kill-task",
    ...taskOf(instance),
    graceMs: clocksOf(draft.state.settings, instance.profile).killGraceMs,
  });
}

/** It is over as far as Mesos knows, and the GoCD server does not hear it. */
export function endUnproven(draft: Draft, instance: AgentInstance, cause: EndCause, message: string): void {
  end(draft, instance, cause, message);
  const gone = draft.instance(instance.taskId);
  if (gone?.state === "gone") draft.put({ ...gone, isUnproven: true });
}

/** The task is over; its record on the GoCD server is cleaned up from here on. */
export function end(draft: Draft, instance: AgentInstance, cause: EndCause, message: string): void {
  const uuid = uuidOf(instance);
  draft.put({
    ...identityOf(instance),
    state: "gone",
    sinceMs: draft.atMs,
    ...(uuid === undefined ? {} : { uuid }),
    cause,
    message: oneLine(message),
  });
}

// Converts the core's Mesos effects into calls of the scheduler API, in bytes.

import type { MesosEffect, TaskLaunch } from "../core/effect.ts";
import type { FrameworkIdentity } from "./api.ts";
import { frameworkInfo } from "./framework_info.ts";
import { offerConstraintsRecord } from "./offer_constraints.ts";
import { encodeCallRecord, type WireRecord } from "./proto/wire.ts";
import { killPolicy, taskInfo } from "./task_info.ts";

/** The environment variables of one launch, in addition to the operator's `env`; files already read. */
export type EnvironmentOf = (launch: TaskLaunch) => Readonly<Record<string, string>>;

/** SUBSCRIBE; with `frameworkId` to re-subscribe, which Mesos expects in two places. */
export function encodeSubscribe(identity: FrameworkIdentity, frameworkId: string | undefined): Uint8Array {
  return encodeCallRecord({
    type: "SUBSCRIBE",
    ...(frameworkId === undefined ? {} : { framework_id: { value: frameworkId } }),
    subscribe: {
      framework_info: frameworkInfo(identity, frameworkId),
      ...(identity.offerConstraints === undefined ? {} : { offer_constraints: offerConstraintsRecord(identity) }),
    },
  });
}

/** Any other call. Throws what `environmentOf` throws, and an `Error` for resources that no task can have. */
export function encodeCall(call: MesosEffect, frameworkId: string, environmentOf: EnvironmentOf): Uint8Array {
  return encodeCallRecord({ framework_id: { value: frameworkId }, ...callRecord(call, environmentOf) });
}

function callRecord(call: MesosEffect, environmentOf: EnvironmentOf): WireRecord {
  switch (call.kind) {
    case "accept-offers":
      return { type: "ACCEPT", accept: acceptRecord(call, environmentOf) };
    case "decline-offers":
      return { type: "DECLINE", decline: { offer_ids: call.offerIds.map(id), filters: filters(call.refuseSeconds) } };
    case "suppress-offers":
      return { type: "SUPPRESS", suppress: { roles: [...call.roles] } };
    case "revive-offers":
      return { type: "REVIVE", revive: { roles: [...call.roles] } };
    case "acknowledge-status":
      return {
        type: "ACKNOWLEDGE",
        acknowledge: { agent_id: id(call.mesosAgentId), task_id: id(call.taskId), uuid: call.uuid },
      };
    case "reconcile-tasks":
      return { type: "RECONCILE", reconcile: { tasks: call.tasks.map(taskOnAgent) } };
    case "kill-task":
      return { type: "KILL", kill: { ...taskOnAgent(call), kill_policy: killPolicy(call.graceMs) } };
    case "accept-inverse-offers":
      return {
        type: "ACCEPT_INVERSE_OFFERS",
        accept_inverse_offers: {
          inverse_offer_ids: call.offerIds.map(id),
          ...(call.refuseSeconds === undefined ? {} : { filters: filters(call.refuseSeconds) }),
        },
      };
    case "decline-inverse-offers":
      return {
        type: "DECLINE_INVERSE_OFFERS",
        decline_inverse_offers: { inverse_offer_ids: call.offerIds.map(id), filters: filters(call.refuseSeconds) },
      };
    case "teardown-framework":
      return { type: "TEARDOWN" };
    default:
      return call satisfies never;
  }
}

function acceptRecord(
  call: Extract<MesosEffect, { readonly kind: "accept-offers" }>,
  environmentOf: EnvironmentOf,
): WireRecord {
  const tasks = call.launches.map((launch) =>
    taskInfo(launch, { mesosAgentId: call.mesosAgentId, environment: environmentOf(launch) })
  );
  return {
    offer_ids: call.offerIds.map(id),
    operations: [{ type: "LAUNCH", launch: { task_infos: tasks } }],
    filters: filters(call.refuseSeconds),
  };
}

function id(value: string): WireRecord {
  return { value };
}

function filters(refuseSeconds: number): WireRecord {
  return { refuse_seconds: refuseSeconds };
}

function taskOnAgent(task: { readonly taskId: string; readonly mesosAgentId?: string }): WireRecord {
  return {
    task_id: id(task.taskId),
    ...(task.mesosAgentId === undefined ? {} : { agent_id: id(task.mesosAgentId) }),
  };
}

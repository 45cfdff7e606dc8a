// One request to a master, from the first check to its effect.

import { accept, decline } from "./accept.ts";
import { armAllocation, filterMs } from "./allocator.ts";
import {
  acceptedType,
  authenticate,
  callRefusal,
  formRefusal,
  frameworkOf,
  mastersRefusal,
  noAnswer,
  refusal,
  type SimMesosAnswer,
  type SimMesosRequest,
  subscribeRefusal,
  typeRefusal,
} from "./gate.ts";
import { at, listAt, type Plain, plainOf, textAt, wordsAt } from "./json.ts";
import { kill, reconcile } from "./reconcile.ts";
import { detach, removeFramework, subscribe, updateFramework } from "./subscribe.ts";
import { acknowledge } from "./updates.ts";
import { happens, type SimFramework, type SimWorld } from "./state.ts";

const accepted: SimMesosAnswer = { status: 202, headers: { "content-length": "0" }, body: "" };

/** Handles one request immediately, later, or loses it, depending on the faults. */
export function answer(world: SimWorld, request: SimMesosRequest): SimMesosAnswer {
  const fate = fateOf(world);
  if (fate === "lost") return noAnswer;
  const result = judge(world, request, fate === "delayed");
  const type = textAt(request.call, "type") ?? request.method;
  if (result.status >= 300 || result.status === 0) {
    const key = `${type} ${result.status} ${result.body}`;
    world.counters.refused[key] = (world.counters.refused[key] ?? 0) + 1;
  } else {
    countCall(world, type);
  }
  if (fate !== "answer-lost") return result;
  const subscription = world.subscriptions.get(result.subscriptionId ?? -1);
  if (subscription !== undefined) detach(world, subscription);
  return noAnswer;
}

function countCall({ counters, nowMs }: SimWorld, type: string): void {
  counters.calls[type] = (counters.calls[type] ?? 0) + 1;
  const lastMs = counters.lastCallMs?.[type];
  if (type === "REVIVE" && lastMs !== undefined) {
    counters.reviveGapMsMin = Math.min(counters.reviveGapMsMin ?? Infinity, nowMs - lastMs);
  }
  counters.lastCallMs ??= {};
  counters.lastCallMs[type] = nowMs;
}

function fateOf(world: SimWorld): "lost" | "answer-lost" | "delayed" | "fine" {
  const scripted = world.callFates.shift();
  if (scripted !== undefined) return scripted;
  if (happens(world, "callLost")) return "lost";
  if (happens(world, "answerLost")) return "answer-lost";
  return happens(world, "callDelayed") ? "delayed" : "fine";
}

function judge(world: SimWorld, request: SimMesosRequest, isDelayed: boolean): SimMesosAnswer {
  const index = request.master ?? world.leader ?? 0;
  if (world.masters[index]?.isUp !== true) return noAnswer;
  const principal = authenticate(world, request.headers);
  if (typeof principal === "object") return principal;
  const early = mastersRefusal(world, index, request.path ?? "/api/v1/scheduler") ?? typeRefusal(request) ??
    formRefusal(request) ??
    callRefusal(plainOf(request.call), principal);
  if (early !== undefined) return early;
  const call = plainOf(request.call);
  if (textAt(call, "type") === "SUBSCRIBE") return startStream(world, request, principal);
  const framework = frameworkOf(world, request, principal);
  if (!("tasks" in framework)) return framework;
  if (!isDelayed) return carryOut(world, framework, call);
  const delayMs = Math.ceil(world.random() * world.faults.callDelayMsMax);
  world.timers.plan(world.nowMs + delayMs, () => {
    if (world.frameworks.get(framework.id) === framework && framework.subscription !== undefined) {
      carryOut(world, framework, call);
    }
  });
  return accepted;
}

function startStream(world: SimWorld, request: SimMesosRequest, principal: string | undefined): SimMesosAnswer {
  const refused = subscribeRefusal(request.headers);
  if (refused !== undefined) return refused;
  const subscription = subscribe(world, plainOf(request.call), principal);
  return {
    status: 200,
    headers: {
      "content-type": acceptedType(request.headers) ?? "application/json",
      "mesos-stream-id": subscription.streamId,
    },
    body: "",
    subscriptionId: subscription.id,
  };
}

function carryOut(world: SimWorld, framework: SimFramework, call: Plain): SimMesosAnswer {
  const part = (name: string): Plain => plainOf(at(call, name));
  switch (textAt(call, "type")) {
    case "TEARDOWN":
      removeFramework(world, framework);
      return accepted;
    case "ACCEPT":
      accept(world, framework, part("accept"));
      return accepted;
    case "DECLINE":
      decline(world, framework, part("decline"));
      return accepted;
    case "ACCEPT_INVERSE_OFFERS":
      answerInverse(world, framework, part("accept_inverse_offers"));
      return accepted;
    case "DECLINE_INVERSE_OFFERS":
      answerInverse(world, framework, part("decline_inverse_offers"));
      return accepted;
    case "REVIVE":
      setSuppressed(world, framework, wordsAt(call, "revive", "roles"), "revive");
      return accepted;
    case "SUPPRESS":
      setSuppressed(world, framework, wordsAt(call, "suppress", "roles"), "suppress");
      return accepted;
    case "KILL":
      kill(world, framework, part("kill"));
      return accepted;
    case "ACKNOWLEDGE":
      acknowledge(world, framework, part("acknowledge"));
      return accepted;
    case "RECONCILE":
      reconcile(world, framework, part("reconcile"));
      return accepted;
    case "UPDATE_FRAMEWORK": {
      const problem = updateFramework(world, framework, part("update_framework"));
      return problem === undefined
        ? { status: 200, headers: { "content-length": "0" }, body: "" }
        : refusal(400, problem);
    }
    case "SHUTDOWN":
    case "MESSAGE":
    case "REQUEST":
      return accepted;
    default:
      return refusal(501, "501 Not Implemented.");
  }
}

/**
 * REVIVE and SUPPRESS: no roles means all; if a role is not one of the framework's, the master drops the whole call.
 * REVIVE clears filters.
 */
function setSuppressed(
  world: SimWorld,
  framework: SimFramework,
  roles: readonly string[],
  how: "revive" | "suppress",
): void {
  if (roles.some((role) => !framework.roles.has(role))) return;
  for (const role of roles.length === 0 ? framework.roles : roles) {
    if (how === "suppress") {
      framework.suppressed.add(role);
    } else {
      framework.suppressed.delete(role);
      framework.filters.delete(role);
    }
  }
  if (how === "suppress") return;
  framework.inverseFilters.clear();
  armAllocation(world, world.timing.hopMs);
}

function answerInverse(world: SimWorld, framework: SimFramework, call: Plain): void {
  const holdMs = filterMs(world, plainOf(at(call, "filters")));
  for (const id of listAt(call, "inverse_offer_ids")) {
    const inverse = world.inverseOffers.get(textAt(id, "value") ?? "");
    if (inverse?.frameworkId !== framework.id) continue;
    world.inverseOffers.delete(inverse.id);
    framework.inverseFilters.set(inverse.mesosAgentId, world.nowMs + holdMs);
  }
  armAllocation(world, world.timing.allocationMs);
}

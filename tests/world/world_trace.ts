// One line per event of a simulated run, for people who replay a seed.

import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";

/** An event in one line. */
export function describeEvent(event: Event): string {
  switch (event.kind) {
    case "offers-received":
      return `offers ${event.offers.map((offer) => `${shortId(offer.id)}@${offer.hostname}`).join(" ")}`;
    case "task-status-updated": {
      const { taskId, state, reason, source, uuid } = event.status;
      return `status ${taskId} ${state} ${reason ?? ""} ${source ?? ""}${uuid === undefined ? "" : " +uuid"}`;
    }
    case "gocd-polled":
      return `polled ${
        event.jobs.map(({ locator }) => locator.split("/").at(-1)).join(" ")
      }, maintenance ${event.server.maintenance}; agents ${describeAgents(event)}`;
    case "gocd-agents-read":
      return `agents ${describeAgents(event)}`;
    case "gocd-poll-failed":
      return `poll failed: ${event.problem.code}`;
    case "gocd-call-done":
      return `done: ${describeEffect(event.call)}`;
    case "gocd-call-failed":
      return `failed (${event.problem.code}): ${describeEffect(event.call)}`;
    case "mesos-call-failed":
      return `failed (${event.outcome}: ${event.message}): ${describeEffect(event.call)}`;
    case "subscribed":
      return `subscribed as ${shortId(event.frameworkId)}`;
    case "disconnected":
      return `disconnected: ${event.reason}`;
    case "framework-error":
      return `framework error ${event.error}: ${event.message}`;
    case "offer-rescinded":
    case "inverse-offer-rescinded":
      return `${event.kind} ${shortId(event.offerId)}`;
    case "mesos-agent-failed":
      return `mesos-agent-failed ${shortId(event.mesosAgentId)}`;
    default:
      return event.kind;
  }
}

function describeAgents(event: Extract<Event, { readonly kind: "gocd-polled" | "gocd-agents-read" }>): string {
  return event.agents.map((each) =>
    `${each.hostname}(${each.uuid.slice(0, 12)}):${each.configState}/${each.agentState}/${each.buildState}${
      each.buildLocator === undefined ? "" : ` ${each.buildLocator.split("/").at(-1)}`
    }`
  ).join(" ");
}

/** An effect in one line. */
export function describeEffect(effect: Effect): string {
  switch (effect.kind) {
    case "accept-offers":
      return `accept ${effect.offerIds.map(shortId).join(" ")}: launch ${
        effect.launches.map((launch) => launch.taskId).join(" ")
      }, refuse ${effect.refuseSeconds} s`;
    case "decline-offers":
      return `decline ${effect.offerIds.map(shortId).join(" ")} for ${effect.refuseSeconds} s`;
    case "accept-inverse-offers":
    case "decline-inverse-offers":
      return `${effect.kind} ${effect.offerIds.map(shortId).join(" ")}`;
    case "suppress-offers":
    case "revive-offers":
      return `${effect.kind} ${effect.roles.join(" ")}`;
    case "acknowledge-status":
      return `acknowledge ${effect.taskId}`;
    case "reconcile-tasks":
      return `reconcile ${effect.tasks.length === 0 ? "all" : effect.tasks.map((task) => task.taskId).join(" ")}`;
    case "kill-task":
      return `kill ${effect.taskId}`;
    case "enable-gocd-agent":
      return `enable ${effect.taskId} (${effect.uuid})${effect.registration === undefined ? "" : " with registration"}`;
    case "correct-gocd-agent":
      return `correct ${effect.taskId} (${effect.uuid})`;
    case "disable-gocd-agents":
      return `disable ${effect.agents.map((each) => `${each.taskId} (${each.uuid})`).join(" ")}`;
    case "delete-gocd-agents":
      return `delete ${effect.agents.map((each) => `${each.taskId} (${each.uuid})`).join(" ")}`;
    default:
      return effect.kind;
  }
}

/** The end of a long id. */
function shortId(id: string): string {
  return id.slice(-8);
}

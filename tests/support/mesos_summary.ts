// A short but unique line for each event of a recording.

import type { Offer, OfferedResource, ResourceValue } from "../../src/core/placement/offer.ts";
import type { TaskStatus } from "../../src/core/session/task_status.ts";
import type { DecodedEvent } from "../../src/mesos/from_proto.ts";

/** The event in one line; long ids are shortened to their distinct part (`O3`, `S0`). */
export function summary(event: DecodedEvent): string {
  switch (event.kind) {
    case "subscribed":
      return `subscribed ${shortId(event.frameworkId)} to ${event.masterVersion} at ${event.master}`;
    case "offers-received":
      return `offers ${event.offers.map(offerLine).join("; ")}`;
    case "offer-rescinded":
    case "inverse-offer-rescinded":
      return `${event.kind} ${shortId(event.offerId)}`;
    case "inverse-offers-received":
      return `inverse offers ${
        event.offers.map((offer) => `${shortId(offer.id)}@${shortId(offer.mesosAgentId ?? "")}`).join("; ")
      }`;
    case "task-status-updated":
      return statusLine(event.status);
    case "mesos-agent-failed":
      return `agent failed ${shortId(event.mesosAgentId)}`;
    case "framework-error":
      return `${event.error}: ${event.message}`;
    default:
      return event.kind;
  }
}

function shortId(id: string): string {
  return id.split("-").at(-1) ?? id;
}

function offerLine(offer: Offer): string {
  const attributes = offer.attributes.map((attribute) => {
    const value = attribute.kind === "text"
      ? attribute.text
      : attribute.kind === "scalar"
      ? attribute.scalar
      : attribute.kind === "ranges"
      ? attribute.ranges.map(({ begin, end }) => `${begin}-${end}`)
      : `{${attribute.items.join(",")}}`;
    return `${attribute.name}=${value}`;
  });
  const window = offer.unavailability === undefined ? [] : ["in maintenance"];
  return [
    `${shortId(offer.id)}@${shortId(offer.mesosAgentId)}`,
    ...offer.resources.map(resourceText),
    ...attributes,
    ...window,
  ].join(" ");
}

function resourceText(resource: OfferedResource): string {
  const reserved = resource.reservations === "[]" ? "" : "!";
  return `${resource.name}${reserved}:${valueText(resource.value)}${resource.use === "usable" ? "" : resource.use}`;
}

function valueText(value: ResourceValue): string {
  switch (value.kind) {
    case "scalar":
      return String(value.milli / 1000);
    case "ranges":
      return value.ranges.map(({ begin, end }) => `${begin}-${end}`).join(",");
    case "set":
      return value.items.join(",");
    default:
      return value satisfies never;
  }
}

function statusLine(status: TaskStatus): string {
  const words = [
    shortId(status.taskId),
    status.state.replace("TASK_", ""),
    (status.source ?? "").replace("SOURCE_", "").toLowerCase(),
    (status.reason ?? "").replace("REASON_", ""),
    status.mesosAgentId === undefined ? "" : shortId(status.mesosAgentId),
    status.uuid === undefined ? "no-uuid" : "uuid",
  ];
  return words.filter((word) => word !== "").join(" ");
}

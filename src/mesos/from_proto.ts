// Converts events of the scheduler API into the core's types.

import { messageOf } from "../errors.ts";
import { shortened } from "../core/text.ts";
import type { EventOf, FrameworkErrorKind, MesosEvent } from "../core/event.ts";
import type { InverseOffer, MesosAgentAddress, Offer, Unavailability } from "../core/placement/offer.ts";
import type { TaskStatus } from "../core/session/task_status.ts";
import { MesosError } from "./api.ts";
import type {
  AddressShape,
  BytesShape,
  ContainerStatusShape,
  EventShape,
  InverseOfferShape,
  OfferShape,
  SubscribedShape,
  TaskStatusShape,
  UnavailabilityShape,
} from "./proto/shapes.ts";
import protobuf from "protobufjs";
import * as v from "valibot";
import { messageType } from "./proto/schema.ts";
import { enumWord, int64, isSet, mesosAttribute, offeredResource } from "./resources.ts";

/** An ignored event, of a known type (MESSAGE, …) or an unknown one; `type` is its name in Mesos. */
export interface UnknownEvent {
  /** The tag. */
  readonly kind: "unknown-event";
  /** A value of `Event.Type`; `UNKNOWN` if our schema lacks it. */
  readonly type: string;
}

/** The content of one record of the stream. */
export type DecodedEvent = MesosEvent | UnknownEvent;

/** The default if the master sends none (mesos `DEFAULT_HEARTBEAT_INTERVAL`). */
export const heartbeatIntervalDefaultMs = 15_000;
// Bounds of the heartbeat interval: a broken or malicious master must neither end the stream immediately nor disable
// the check.
const heartbeatIntervalMsMin = 1_000;
const heartbeatIntervalMsMax = 10 * 60_000;

// Messages of an executor or the master; containerizers put whole command lines into them.
const messageCharactersMax = 4_000;

// A container has a few addresses, the longest of which are IPv6.
const addressesMax = 8;
const addressCharactersMax = 64;

// `docker inspect` of one container, without limit on its variables and labels.
const inspectionMax = 1_000_000;
const dockerNameDigits = 12;
const inspection = v.looseTuple([v.looseObject({
  Id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  Config: v.optional(v.looseObject({ Hostname: v.optional(v.string()) })),
})]);

// In protobuf, a state of a future Mesos is a number without a name, which the core treats as unclear.
const unrecognizedState = "TASK_STATE_UNRECOGNIZED";

/**
 * The event in one record. `fallbackRole` is the role of offers that do not name one (masters before 1.2 support only
 * one role per framework). Throws {@linkcode MesosError} `stream-unreadable` if the record is not an event.
 */
export function decodeEvent(payload: Uint8Array, fallbackRole = "*"): DecodedEvent {
  return eventOfShape(decodeShape(payload), fallbackRole);
}

/** The event in a decoded message, or in an object parsed from Mesos' JSON; otherwise as {@linkcode decodeEvent}. */
export function eventOfShape(shape: EventShape, fallbackRole = "*"): DecodedEvent {
  const type = eventType(shape);
  switch (type) {
    case "SUBSCRIBED":
      return subscribedEvent(needed(shape.subscribed, type));
    case "HEARTBEAT":
      return { kind: "heartbeat" };
    case "OFFERS":
      return {
        kind: "offers-received",
        offers: (needed(shape.offers, type).offers ?? []).map((offer) => offerOf(offer, fallbackRole)),
      };
    case "RESCIND":
      return { kind: "offer-rescinded", offerId: needed(shape.rescind, type).offer_id.value };
    case "INVERSE_OFFERS":
      return {
        kind: "inverse-offers-received",
        offers: (needed(shape.inverse_offers, type).inverse_offers ?? []).map(inverseOfferOf),
      };
    case "RESCIND_INVERSE_OFFER":
      return {
        kind: "inverse-offer-rescinded",
        offerId: needed(shape.rescind_inverse_offer, type).inverse_offer_id.value,
      };
    case "UPDATE":
      return { kind: "task-status-updated", status: taskStatusOf(needed(shape.update, type).status) };
    case "FAILURE":
      return failureEvent(needed(shape.failure, type));
    case "ERROR": {
      const message = shortened(needed(shape.error, type).message, messageCharactersMax);
      return { kind: "framework-error", error: frameworkErrorKind(message), message };
    }
    default:
      return { kind: "unknown-event", type };
  }
}

/**
 * The kind of an ERROR event, derived from its text (apache/mesos src/master/master.cpp: `refuseSubscription`,
 * `failoverFramework`, `checkSubscribeAuthorization`; src/master/validation.cpp: `framework::validate`,
 * `validateUpdate`).
 */
export function frameworkErrorKind(message: string): FrameworkErrorKind {
  for (const [kind, pattern] of errorTexts) {
    if (pattern.test(message)) return kind;
  }
  return "other";
}

// The first match counts. "Not authorized to … role" must not be taken for a message about FrameworkInfo.
const errorTexts: readonly (readonly [FrameworkErrorKind, RegExp])[] = [
  ["failed-over", /failed over/i],
  // A false match here would forget the framework id.
  ["removed", /^framework (\S+ )?((has been|was|is) )?(removed|completed)\b|^completed framework/i],
  ["unauthorized", /not authorized|authorization|unauthori[sz]ed|authenticat/i],
  [
    "bad-framework-info",
    /FrameworkInfo|failover_timeout|\broles?\b|root_submissions|principal is not allowed|offer.(constraints|filters)/i,
  ],
];

function decodeShape(payload: Uint8Array): EventShape {
  try {
    return messageType("mesos.v1.scheduler.Event").decode(payload) as unknown as EventShape;
  } catch (error) {
    const reason = messageOf(error);
    throw broken(`a record of ${payload.length} bytes is not a scheduler event (${reason})`, error);
  }
}

function broken(problem: string, cause?: unknown): MesosError {
  return new MesosError(
    "stream-unreadable",
    `the event stream of the Mesos master is broken: ${problem}`,
    "check that mesos-master names the master of a Mesos 1.x cluster",
    cause,
  );
}

function eventType(shape: EventShape): string {
  return enumWord("mesos.v1.scheduler.Event.Type", shape.type ?? "UNKNOWN");
}

function needed<Value>(value: Value, type: string): NonNullable<Value> {
  if (!isSet(value)) throw broken(`an event of type ${type} came without its content`);
  return value;
}

function subscribedEvent(subscribed: SubscribedShape): EventOf<"subscribed"> {
  const master = subscribed.master_info;
  const host = master?.address?.hostname || master?.address?.ip || master?.hostname || "";
  const port = master?.address?.port ?? master?.port ?? 5050;
  return {
    kind: "subscribed",
    frameworkId: subscribed.framework_id.value,
    ...(master?.version ? { masterVersion: master.version } : {}),
    ...(master?.id ? { masterId: master.id } : {}),
    master: host === "" ? "" : `${host}:${port}`,
    heartbeatMs: heartbeatMsOf(subscribed.heartbeat_interval_seconds),
  };
}

function heartbeatMsOf(seconds: number | null | undefined): number {
  if (!seconds) return heartbeatIntervalDefaultMs;
  return Math.min(Math.max(Math.round(seconds * 1000), heartbeatIntervalMsMin), heartbeatIntervalMsMax);
}

function offerOf(offer: OfferShape, fallbackRole: string): Offer {
  const role = offer.allocation_info?.role || fallbackRole;
  const domain = offer.domain?.fault_domain;
  return {
    id: offer.id.value,
    mesosAgentId: offer.agent_id.value,
    hostname: offer.hostname,
    role,
    resources: (offer.resources ?? []).map((resource) => offeredResource(resource, role)),
    attributes: (offer.attributes ?? []).map(mesosAttribute),
    ...(isSet(domain) ? { region: domain.region.name, zone: domain.zone.name } : {}),
    ...(isSet(offer.unavailability) ? { unavailability: unavailabilityOf(offer.unavailability) } : {}),
    ...(isSet(offer.url?.address) ? { agentAddress: agentAddressOf(offer.url.address, offer.hostname) } : {}),
  };
}

function agentAddressOf({ hostname, ip, port }: AddressShape, byOffer: string): MesosAgentAddress {
  const name = isSet(hostname) && hostname !== "" ? hostname : byOffer;
  return { hostname: name, ...(isSet(ip) && ip !== "" ? { ip } : {}), port };
}

function inverseOfferOf(offer: InverseOfferShape): InverseOffer {
  return {
    id: offer.id.value,
    ...(isSet(offer.agent_id) ? { mesosAgentId: offer.agent_id.value } : {}),
    unavailability: unavailabilityOf(offer.unavailability),
  };
}

function unavailabilityOf(window: UnavailabilityShape): Unavailability {
  return {
    startMs: Math.round(int64(window.start.nanoseconds) / 1e6),
    ...(isSet(window.duration) ? { durationMs: Math.round(int64(window.duration.nanoseconds) / 1e6) } : {}),
  };
}

// Set one by one instead of by spreading: this runs for each of up to thousands of updates in a row (tests/bench).
function taskStatusOf(status: TaskStatusShape): TaskStatus {
  const told: { -readonly [Key in keyof TaskStatus]: TaskStatus[Key] } = {
    taskId: status.task_id.value,
    state: hasOwn(status, "state") ? enumWord("mesos.v1.TaskState", status.state) : unrecognizedState,
    message: shortened(status.message ?? "", messageCharactersMax),
  };
  if (hasOwn(status, "reason")) told.reason = enumWord("mesos.v1.TaskStatus.Reason", status.reason);
  if (hasOwn(status, "source")) told.source = enumWord("mesos.v1.TaskStatus.Source", status.source);
  if (isSet(status.agent_id)) told.mesosAgentId = status.agent_id.value;
  const uuid = base64(status.uuid ?? "");
  if (uuid !== "") told.uuid = uuid;
  if (isSet(status.container_status)) {
    const ipAddresses = ipAddressesOf(status.container_status);
    if (ipAddresses.length > 0) told.ipAddresses = ipAddresses;
  }
  if (told.state === "TASK_RUNNING") {
    const dockerName = dockerNameOf(status.data ?? "");
    if (dockerName !== undefined) told.dockerName = dockerName;
  }
  return told;
}

/**
 * The name that Docker has chosen for the container, the first digits of its id: the executor sends the output of
 * `docker inspect` in `data` (apache/mesos src/docker/executor.cpp), and the master does not keep it
 * (`Master::updateTask`).
 */
function dockerNameOf(data: BytesShape): string | undefined {
  if (data.length === 0 || data.length > inspectionMax) return undefined;
  try {
    const bytes = typeof data === "string" ? Uint8Array.from(atob(data), (each) => each.charCodeAt(0)) : data;
    const [container] = v.parse(inspection, JSON.parse(new TextDecoder().decode(bytes)));
    const name = container.Id.slice(0, dockerNameDigits);
    return (container.Config?.Hostname ?? name) === name ? name : undefined;
  } catch {
    // Data of another executor.
    return undefined;
  }
}

function ipAddressesOf(status: ContainerStatusShape): readonly string[] {
  const addresses = (status.network_infos ?? []).flatMap((network) =>
    (network.ip_addresses ?? []).map((each) => each.ip_address ?? "")
  );
  return addresses.filter((address) => address !== "" && address.length <= addressCharactersMax).slice(0, addressesMax);
}

function failureEvent(failure: NonNullable<EventShape["failure"]>): DecodedEvent {
  const { agent_id: agentId, executor_id: executorId } = failure;
  if (!isSet(agentId)) return { kind: "unknown-event", type: "FAILURE" };
  if (!isSet(executorId)) return { kind: "mesos-agent-failed", mesosAgentId: agentId.value };
  return {
    kind: "executor-failed",
    mesosAgentId: agentId.value,
    executorId: executorId.value,
    ...(hasOwn(failure, "status") ? { status: failure.status ?? 0 } : {}),
  };
}

// Numbers that are not set read as 0 in a decoded message, and 0 is a word of these enums: only its own fields count.
function hasOwn<Key extends string>(
  message: { readonly [key in Key]?: unknown },
  key: Key,
): message is { readonly [key in Key]: string | number } {
  return Object.hasOwn(message, key) && isSet(message[key]);
}

function base64(bytes: BytesShape): string {
  return typeof bytes === "string" ? bytes : protobuf.util.base64.encode(bytes, 0, bytes.length);
}

// Converts a `Resource` of mesos.proto to and from the core's OfferedResource, without loss.

import { fromMilli, toMilli } from "../core/placement/mesos_resources.ts";
import type { MesosAttribute, NumberRange, OfferedResource, ResourceValue } from "../core/placement/offer.ts";
import type {
  EnumShape,
  Int64Shape,
  LabelsShape,
  RangesShape,
  ReservationShape,
  ResourceShape,
  ValueShape,
} from "./proto/shapes.ts";
import { enumWords } from "./proto/schema.ts";
import type { WireRecord } from "./proto/wire.ts";

/** The name of an enum value; a name is kept. (Numbers that the schema lacks never get here: not set.) */
export function enumWord(name: string, value: EnumShape): string {
  return typeof value === "string" ? value : enumWords(name)[value] ?? String(value);
}

/** A 64-bit integer as a number; beyond 2^53 rounded to the nearest. */
export function int64(value: Int64Shape): number {
  return typeof value === "number" ? value : value.toNumber();
}

/** The resource in the core's types; `offerRole` is used if the resource has no allocation. */
export function offeredResource(resource: ResourceShape, offerRole: string): OfferedResource {
  return {
    name: resource.name,
    value: resourceValue(resource),
    role: resource.allocation_info?.role || offerRole,
    reservations: reservationsText(resource),
    use: resourceUse(resource),
  };
}

/**
 * The same resource for a TaskInfo. Throws an `Error` unless it is `usable`, because what makes another one special
 * (the disk's source, …) is not kept.
 */
export function wireResource(resource: OfferedResource): WireRecord {
  if (resource.use !== "usable") {
    throw new Error(`a ${resource.use} resource '${resource.name}' cannot be given to a task`);
  }
  return {
    name: resource.name,
    ...wireValue(resource.value),
    allocation_info: { role: resource.role },
    ...reservationsOf(resource.reservations),
  };
}

/** An attribute of a Mesos agent; one without a known value is an empty text. */
export function mesosAttribute(attribute: ValueShape & { readonly name: string }): MesosAttribute {
  const { name, scalar, ranges, set, text } = attribute;
  if (isSet(scalar)) return { name, kind: "scalar", scalar: scalar.value };
  if (isSet(ranges)) return { name, kind: "ranges", ranges: numberRanges(ranges) };
  if (isSet(set)) return { name, kind: "set", items: [...set.item ?? []] };
  return { name, kind: "text", text: text?.value ?? "" };
}

/** Whether a field of a message is set. */
export function isSet<Value>(value: Value): value is NonNullable<Value> {
  return value !== undefined && value !== null;
}

function resourceValue(value: ValueShape): ResourceValue {
  if (isSet(value.ranges)) return { kind: "ranges", ranges: numberRanges(value.ranges) };
  if (isSet(value.set)) return { kind: "set", items: [...value.set.item ?? []] };
  return { kind: "scalar", milli: amountMilli(value.scalar?.value ?? 0) };
}

// Mesos itself never offers negative amounts or NaN; they count as zero.
function amountMilli(value: number): number {
  const milli = toMilli(value);
  return Number.isSafeInteger(milli) && milli > 0 ? milli : 0;
}

function numberRanges(ranges: RangesShape): NumberRange[] {
  return (ranges.range ?? []).map((range) => ({ begin: int64(range.begin), end: int64(range.end) }))
    .filter(({ begin, end }) => begin >= 0 && begin <= end);
}

function wireValue(value: ResourceValue): WireRecord {
  switch (value.kind) {
    case "scalar":
      return { type: "SCALAR", scalar: { value: fromMilli(value.milli) } };
    case "ranges":
      return { type: "RANGES", ranges: { range: value.ranges.map(({ begin, end }) => ({ begin, end })) } };
    case "set":
      return { type: "SET", set: { item: [...value.items] } };
    default:
      return value satisfies never;
  }
}

function resourceUse(resource: ResourceShape): OfferedResource["use"] {
  if (isSet(resource.shared)) return "shared";
  if (isSet(resource.revocable)) return "revocable";
  if (isSet(resource.disk) || isSet(resource.provider_id)) return "disk-source";
  const stack = [...resource.reservations ?? [], ...(isSet(resource.reservation) ? [resource.reservation] : [])];
  return stack.some(isLabelled) ? "labelled" : "usable";
}

// Labels are how frameworks recognize their own reservations (mesos.proto ReservationInfo.labels); an operator who
// reserves for a role with /reserve sets none, whatever the principal.
function isLabelled(reservation: ReservationShape): boolean {
  return isSet(reservation.labels) && (reservation.labels.labels ?? []).length > 0;
}

// A list is the stack of RESERVATION_REFINEMENT; an object is the older form, `role` and perhaps `reservation`.
function reservationsText(resource: ResourceShape): string {
  const stack = resource.reservations ?? [];
  if (stack.length > 0) return JSON.stringify(stack.map(plainReservation));
  if (!resource.role || resource.role === "*") return "[]";
  const { reservation } = resource;
  return JSON.stringify({
    role: resource.role,
    ...(isSet(reservation) ? { reservation: plainReservation(reservation) } : {}),
  });
}

function reservationsOf(text: string): WireRecord {
  const reservations: unknown = JSON.parse(text);
  return Array.isArray(reservations)
    ? { ...(reservations.length > 0 ? { reservations } : {}) }
    : reservations as WireRecord;
}

// Always with the same order of keys, so that equal stacks are equal texts.
function plainReservation(reservation: ReservationShape): WireRecord {
  const { type, role, principal, labels } = reservation;
  return {
    ...(type ? { type: enumWord("mesos.v1.Resource.ReservationInfo.Type", type) } : {}),
    ...(role ? { role } : {}),
    ...(principal ? { principal } : {}),
    ...(isSet(labels) ? { labels: { labels: plainLabels(labels) } } : {}),
  };
}

function plainLabels(labels: LabelsShape): WireRecord[] {
  return (labels.labels ?? []).map(({ key, value }) => ({ key, ...(value ? { value } : {}) }));
}

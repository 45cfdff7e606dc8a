// Exact arithmetic on offered resources: pools them, compares them with a need, takes the resources of a task from
// them.

import type { MesosResources } from "./mesos_resources.ts";
import type { NumberRange, OfferedResource } from "./offer.ts";

/** The resources that a task of ours can take, in the order in which its parts are listed. */
const resourceNames: readonly ResourceName[] = ["cpus", "mem", "disk", "gpus", "ports"];

/** Name of a Mesos resource that placement supports; custom resources are never used. */
export type ResourceName = "cpus" | "mem" | "disk" | "gpus" | "ports";

/** Amounts by name: whole thousandths (mem and disk of MB), for `ports` a plain count. */
export type ResourceQuantities = Readonly<Record<ResourceName, number>>;

/** A part of the offered resources that may be used, with a valid amount. */
export interface UsablePiece extends OfferedResource {
  readonly name: ResourceName;
}

/**
 * Offered resources of one host and role, added up. Parts with different reservations are kept separate, because Mesos
 * can only subtract resources with equal role and reservations; for each name, reserved parts come before unreserved
 * ones.
 */
export interface ResourcePool {
  /** Sorted by name, reserved before unreserved, reservations; ports are disjoint. */
  readonly pieces: readonly UsablePiece[];
  /** Sums over all parts. */
  readonly totals: ResourceQuantities;
}

/** The resources of one task, and the remaining pool. */
export interface TakenResources {
  /** In the order of the pool. */
  readonly resources: readonly OfferedResource[];
  /** The ports among them, ascending. */
  readonly hostPorts: readonly number[];
  readonly rest: ResourcePool;
}

/** A resource that is insufficient in a pool. */
export interface Shortfall {
  readonly name: ResourceName;
  /** In the units of {@link ResourceQuantities}. */
  readonly needed: number;
  /** In the units of {@link ResourceQuantities}; less than needed. */
  readonly offered: number;
}

/** A need in the units of a pool. Fractions of a thousandth are rounded up, amounts below zero count as zero. */
export function quantitiesOf(need: MesosResources): ResourceQuantities {
  return {
    cpus: wholeAmount(need.cpusMilli),
    mem: wholeAmount(need.memMbMilli),
    disk: wholeAmount(need.diskMbMilli),
    gpus: wholeAmount(need.gpus * 1000),
    ports: wholeAmount(need.portsCount),
  };
}

/**
 * Adds up the usable resources of one host and role. Excluded: shared, revocable and disk-source resources, unknown
 * names, malformed amounts; a port listed twice counts once.
 */
export function poolOf(resources: readonly OfferedResource[]): ResourcePool {
  const merged = new Map<string, UsablePiece>();
  for (const resource of resources) {
    const piece = usablePiece(resource);
    if (piece === undefined) continue;
    const key = `${piece.name}\n${piece.role}\n${piece.reservations}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? piece : addPieces(before, piece));
  }
  return poolOfPieces(withoutRepeatedPorts([...merged.values()].sort(comparePieces)));
}

/** Whether a need fits into these totals. */
export function fits(totals: ResourceQuantities, need: ResourceQuantities): boolean {
  return need.cpus <= totals.cpus && need.mem <= totals.mem && need.disk <= totals.disk &&
    need.gpus <= totals.gpus && need.ports <= totals.ports;
}

/** Every insufficient resource, in the order of {@link resourceNames}; empty if the need fits. */
export function shortfalls(totals: ResourceQuantities, need: ResourceQuantities): readonly Shortfall[] {
  return resourceNames
    .filter((name) => need[name] > totals[name])
    .map((name) => ({ name, needed: need[name], offered: totals[name] }));
}

/**
 * Takes the resources of one task out of a pool: reserved ones first, the lowest ports first. An amount of zero adds no
 * part. `undefined` if the need does not fit.
 */
export function takeResources(pool: ResourcePool, need: ResourceQuantities): TakenResources | undefined {
  if (!fits(pool.totals, need)) return undefined;
  const missing: Record<ResourceName, number> = { ...need };
  const taken: UsablePiece[] = [];
  const rest: UsablePiece[] = [];
  for (const piece of pool.pieces) {
    const amount = Math.min(missing[piece.name], amountOf(piece));
    if (amount === 0) {
      rest.push(piece);
      continue;
    }
    missing[piece.name] -= amount;
    const cut = cutPiece(piece, amount);
    taken.push(cut.taken);
    if (cut.rest !== undefined) rest.push(cut.rest);
  }
  return { resources: taken, hostPorts: portsOf(taken), rest: { pieces: rest, totals: subtract(pool.totals, need) } };
}

/** The amount of a part in the units of {@link ResourceQuantities}; zero for a set. */
export function amountOf(resource: OfferedResource): number {
  const value = resource.value;
  switch (value.kind) {
    case "scalar":
      return value.milli;
    case "ranges":
      return countInRanges(value.ranges);
    case "set":
      return 0;
  }
}

/** Number of integers in disjoint ranges. */
export function countInRanges(ranges: readonly NumberRange[]): number {
  return ranges.reduce((sum, range) => sum + range.end - range.begin + 1, 0);
}

/** Sorted, disjoint ranges with the same integers; ranges that are empty or not integral are dropped. */
export function normalizeRanges(ranges: readonly NumberRange[]): readonly NumberRange[] {
  const sound = ranges.filter((range) =>
    Number.isSafeInteger(range.begin) && Number.isSafeInteger(range.end) && range.begin >= 0 && range.begin <= range.end
  );
  const merged: NumberRange[] = [];
  for (const range of [...sound].sort((one, other) => one.begin - other.begin)) {
    const last = merged.at(-1);
    if (last === undefined || range.begin > last.end + 1) merged.push(range);
    else merged[merged.length - 1] = { begin: last.begin, end: Math.max(last.end, range.end) };
  }
  return merged;
}

/** The integers of `ranges` that are not in `removed`; both normalized, and so is the result. */
export function subtractRanges(
  ranges: readonly NumberRange[],
  removed: readonly NumberRange[],
): readonly NumberRange[] {
  const rest: NumberRange[] = [];
  for (const range of ranges) {
    let begin = range.begin;
    for (const hole of removed) {
      if (hole.end < begin || hole.begin > range.end) continue;
      if (hole.begin > begin) rest.push({ begin, end: hole.begin - 1 });
      begin = hole.end + 1;
    }
    if (begin <= range.end) rest.push({ begin, end: range.end });
  }
  return rest;
}

function wholeAmount(amount: number): number {
  return Math.max(0, Math.ceil(amount));
}

function usablePiece(resource: OfferedResource): UsablePiece | undefined {
  const { name, value } = resource;
  if (resource.use !== "usable") return undefined;
  switch (name) {
    case "cpus":
    case "mem":
    case "disk":
    case "gpus":
      if (value.kind !== "scalar" || !Number.isSafeInteger(value.milli) || value.milli <= 0) return undefined;
      return { ...resource, name };
    case "ports": {
      if (value.kind !== "ranges") return undefined;
      return { ...resource, name, value: { kind: "ranges", ranges: normalizeRanges(value.ranges) } };
    }
    default:
      return undefined;
  }
}

/** Both parts have the same name, so they are of the same kind. */
function addPieces(one: UsablePiece, other: UsablePiece): UsablePiece {
  if (one.value.kind === "scalar" && other.value.kind === "scalar") {
    return { ...one, value: { kind: "scalar", milli: one.value.milli + other.value.milli } };
  }
  const ranges = normalizeRanges([...rangesOf(one), ...rangesOf(other)]);
  return { ...one, value: { kind: "ranges", ranges } };
}

function comparePieces(one: UsablePiece, other: UsablePiece): number {
  return resourceNames.indexOf(one.name) - resourceNames.indexOf(other.name) ||
    Number(isUnreserved(one)) - Number(isUnreserved(other)) ||
    compareText(one.role, other.role) || compareText(one.reservations, other.reservations);
}

function isUnreserved(resource: OfferedResource): boolean {
  return resource.reservations === "[]";
}

/** The order of two texts by their code units, the same on every machine. */
export function compareText(one: string, other: string): number {
  return Number(one > other) - Number(one < other);
}

/** A master never offers one port twice; if one did, the second must not be given to another task. */
function withoutRepeatedPorts(pieces: readonly UsablePiece[]): readonly UsablePiece[] {
  let seen: readonly NumberRange[] = [];
  const kept: UsablePiece[] = [];
  for (const piece of pieces) {
    if (piece.name !== "ports") {
      kept.push(piece);
      continue;
    }
    const ranges = subtractRanges(rangesOf(piece), seen);
    seen = normalizeRanges([...seen, ...ranges]);
    if (ranges.length > 0) kept.push({ ...piece, value: { kind: "ranges", ranges } });
  }
  return kept;
}

function poolOfPieces(pieces: readonly UsablePiece[]): ResourcePool {
  const totals: Record<ResourceName, number> = { cpus: 0, mem: 0, disk: 0, gpus: 0, ports: 0 };
  for (const piece of pieces) totals[piece.name] += amountOf(piece);
  return { pieces, totals };
}

function subtract(totals: ResourceQuantities, need: ResourceQuantities): ResourceQuantities {
  return {
    cpus: totals.cpus - need.cpus,
    mem: totals.mem - need.mem,
    disk: totals.disk - need.disk,
    gpus: totals.gpus - need.gpus,
    ports: totals.ports - need.ports,
  };
}

/** `amount` is above zero and at most that of the part. */
function cutPiece(piece: UsablePiece, amount: number): { taken: UsablePiece; rest?: UsablePiece } {
  if (amount === amountOf(piece)) return { taken: piece };
  if (piece.value.kind === "scalar") {
    return {
      taken: { ...piece, value: { kind: "scalar", milli: amount } },
      rest: { ...piece, value: { kind: "scalar", milli: piece.value.milli - amount } },
    };
  }
  const ranges = rangesOf(piece);
  const lowest = lowestOf(ranges, amount);
  return {
    taken: { ...piece, value: { kind: "ranges", ranges: lowest } },
    rest: { ...piece, value: { kind: "ranges", ranges: subtractRanges(ranges, lowest) } },
  };
}

function lowestOf(ranges: readonly NumberRange[], count: number): readonly NumberRange[] {
  const lowest: NumberRange[] = [];
  let missing = count;
  for (const range of ranges) {
    if (missing === 0) break;
    const end = Math.min(range.end, range.begin + missing - 1);
    lowest.push({ begin: range.begin, end });
    missing -= end - range.begin + 1;
  }
  return lowest;
}

function portsOf(pieces: readonly UsablePiece[]): readonly number[] {
  const ports: number[] = [];
  for (const piece of pieces) {
    for (const range of rangesOf(piece)) {
      for (let port = range.begin; port <= range.end; port++) ports.push(port);
    }
  }
  return ports.sort((one, other) => one - other);
}

function rangesOf(piece: UsablePiece): readonly NumberRange[] {
  return piece.value.kind === "ranges" ? piece.value.ranges : [];
}

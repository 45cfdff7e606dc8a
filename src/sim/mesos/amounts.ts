// Sums of Mesos resources: scalars in thousandths, ranges, sets, separate by role and reservation.

import { at, compact, listAt, numberAt, type Plain, textAt, wordsAt } from "./json.ts";

/** An amount: scalar in thousandths, inclusive ranges in ascending order, or strings. */
export type Amount =
  | { readonly kind: "scalar"; readonly milli: number }
  | { readonly kind: "ranges"; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: "set"; readonly items: readonly string[] };

/** One kind of resource under one allocation and one stack of reservations. */
export interface Portion {
  /** The name of the resource. */
  readonly name: string;
  /** `allocation_info.role`; empty while it is unallocated. */
  readonly role: string;
  /** The reservations as JSON text, `[]` for none. */
  readonly reservations: string;
  /**
   * Its special properties, as JSON text of the fields `disk`, `shared`, `revocable` and `provider_id`; absent: none.
   */
  readonly traits?: string;
  readonly amount: Amount;
}

/** A bag of resources: at most one portion per name, role and reservation, none empty. */
export type Bag = readonly Portion[];

function sameKind(a: Portion, b: Portion): boolean {
  return a.name === b.name && a.role === b.role && a.reservations === b.reservations && a.traits === b.traits &&
    a.amount.kind === b.amount.kind;
}

type Ranges = readonly (readonly [number, number])[];

function joinRanges(ranges: Ranges): Ranges {
  const sorted = [...ranges].filter(([begin, end]) => begin <= end).sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [begin, end] of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && begin <= last[1] + 1) last[1] = Math.max(last[1], end);
    else joined.push([begin, end]);
  }
  return joined;
}

function cutRanges(from: Ranges, cuts: Ranges): Ranges {
  let left: Ranges = from;
  for (const [begin, end] of cuts) {
    left = left.flatMap(([b, e]): Ranges =>
      end < b || begin > e ? [[b, e]] : joinRanges([[b, begin - 1], [end + 1, e]])
    );
  }
  return left;
}

function isEmpty(amount: Amount): boolean {
  if (amount.kind === "scalar") return amount.milli <= 0;
  return amount.kind === "ranges" ? amount.ranges.length === 0 : amount.items.length === 0;
}

function addAmounts(a: Amount, b: Amount): Amount {
  if (a.kind === "scalar" && b.kind === "scalar") return { kind: "scalar", milli: a.milli + b.milli };
  if (a.kind === "ranges" && b.kind === "ranges") {
    return { kind: "ranges", ranges: joinRanges([...a.ranges, ...b.ranges]) };
  }
  if (a.kind === "set" && b.kind === "set") return { kind: "set", items: [...new Set([...a.items, ...b.items])] };
  return a;
}

function cutAmounts(a: Amount, b: Amount): Amount {
  if (a.kind === "scalar" && b.kind === "scalar") return { kind: "scalar", milli: a.milli - b.milli };
  if (a.kind === "ranges" && b.kind === "ranges") return { kind: "ranges", ranges: cutRanges(a.ranges, b.ranges) };
  if (a.kind === "set" && b.kind === "set") {
    const gone = new Set(b.items);
    return { kind: "set", items: a.items.filter((item) => !gone.has(item)) };
  }
  return a;
}

function covers(a: Amount, b: Amount): boolean {
  if (a.kind === "scalar" && b.kind === "scalar") return a.milli >= b.milli;
  if (a.kind === "ranges" && b.kind === "ranges") return cutRanges(b.ranges, a.ranges).length === 0;
  if (a.kind === "set" && b.kind === "set") return b.items.every((item) => a.items.includes(item));
  return false;
}

/** The sum of both bags. */
export function plus(a: Bag, b: Bag): Bag {
  const sum: Portion[] = [...a];
  for (const portion of b) {
    const index = sum.findIndex((each) => sameKind(each, portion));
    const found = sum[index];
    if (found === undefined) sum.push(portion);
    else sum[index] = { ...found, amount: addAmounts(found.amount, portion.amount) };
  }
  return sum.filter((portion) => !isEmpty(portion.amount));
}

/** `a` without `b`; meaningful only where `a` contains `b`. */
export function minus(a: Bag, b: Bag): Bag {
  const rest: Portion[] = [...a];
  for (const portion of b) {
    const index = rest.findIndex((each) => sameKind(each, portion));
    const found = rest[index];
    if (found !== undefined) rest[index] = { ...found, amount: cutAmounts(found.amount, portion.amount) };
  }
  return rest.filter((portion) => !isEmpty(portion.amount));
}

/** Whether all of `b` is in `a`, reservation by reservation and role by role. */
export function contains(a: Bag, b: Bag): boolean {
  return b.every((portion) => {
    const found = a.find((each) => sameKind(each, portion));
    return found !== undefined && covers(found.amount, portion.amount);
  });
}

/** The same resources allocated to `role` (empty: unallocated). */
export function allocatedTo(bag: Bag, role: string): Bag {
  return bag.map((portion) => ({ ...portion, role }));
}

/** The sum of a scalar over all reservations, in thousandths. */
export function scalarOf(bag: Bag, name: string): number {
  return bag.reduce(
    (sum, portion) => portion.name === name && portion.amount.kind === "scalar" ? sum + portion.amount.milli : sum,
    0,
  );
}

function amountOf(resource: Plain): Amount | undefined {
  switch (textAt(resource, "type") ?? (at(resource, "scalar") ? "SCALAR" : "")) {
    case "SCALAR": {
      const value = numberAt(resource, "scalar", "value");
      return value === undefined ? undefined : { kind: "scalar", milli: Math.round(value * 1000) };
    }
    case "RANGES": {
      const ranges = listAt(resource, "ranges", "range");
      const pairs = ranges.map((
        range,
      ): [number, number] => [numberAt(range, "begin") ?? 0, numberAt(range, "end") ?? 0]);
      return { kind: "ranges", ranges: joinRanges(pairs) };
    }
    case "SET":
      return { kind: "set", items: wordsAt(resource, "set", "item") };
    default:
      return undefined;
  }
}

function reservationsOf(resource: Plain): string {
  const stack = listAt(resource, "reservations");
  if (stack.length > 0) return JSON.stringify(stack.map(inOneOrder));
  const role = textAt(resource, "role") ?? "*";
  return role === "*" ? "[]" : JSON.stringify([{ type: at(resource, "reservation") ? "DYNAMIC" : "STATIC", role }]);
}

/** The order of fields differs between JSON and protobuf; equal reservations must give equal strings. */
function inOneOrder({ type, role, ...rest }: Plain): Plain {
  return { type, role, ...rest };
}

function specialOf({ disk, shared, revocable, provider_id: provider }: Plain): { readonly traits?: string } {
  const traits = compact({ disk, shared, revocable, "provider_id": provider });
  return Object.keys(traits).length === 0 ? {} : { traits: JSON.stringify(traits) };
}

/** The special properties of a portion; `{}` for none. */
export function traitsOf({ traits }: Portion): Plain {
  return traits === undefined ? {} : JSON.parse(traits) as Plain;
}

/** Reads a list of `Resource` in either format of reservations; returns the error message if it is invalid. */
export function readBag(resources: readonly Plain[]): Bag | string {
  let bag: Bag = [];
  for (const resource of resources) {
    const name = textAt(resource, "name") ?? "";
    if (name === "") return "Empty resource name";
    const amount = amountOf(resource);
    if (amount === undefined) return `Invalid resource '${name}': no value of its type`;
    if (amount.kind === "scalar" && amount.milli < 0) return `Invalid scalar resource: value < 0`;
    if (name === "gpus" && amount.kind === "scalar" && amount.milli % 1000 !== 0) {
      return "The 'gpus' resource must be an unsigned integer";
    }
    const role = textAt(resource, "allocation_info", "role") ?? "";
    bag = plus(bag, [{ name, role, reservations: reservationsOf(resource), ...specialOf(resource), amount }]);
  }
  return bag;
}

function amountJson(amount: Amount): Plain {
  switch (amount.kind) {
    case "scalar":
      return { type: "SCALAR", scalar: { value: amount.milli / 1000 } };
    case "ranges":
      return { type: "RANGES", ranges: { range: amount.ranges.map(([begin, end]) => ({ begin, end })) } };
    case "set":
      return { type: "SET", set: { item: amount.items } };
    default:
      return amount satisfies never;
  }
}

/** As `Resource` messages; without RESERVATION_REFINEMENT (`refined` false) the old `role` field is used. */
export function bagJson(bag: Bag, refined: boolean): readonly Plain[] {
  return bag.map((portion) => {
    const stack = JSON.parse(portion.reservations) as { role: string }[];
    const base = { name: portion.name, ...amountJson(portion.amount), ...traitsOf(portion) };
    const allocation = portion.role === "" ? {} : { "allocation_info": { role: portion.role } };
    if (!refined) return { ...base, role: stack.at(-1)?.role ?? "*", ...allocation };
    return stack.length === 0 ? { ...base, ...allocation } : { ...base, ...allocation, reservations: stack };
  });
}

function amountText(amount: Amount): string {
  switch (amount.kind) {
    case "scalar":
      return String(amount.milli / 1000);
    case "ranges":
      return `[${amount.ranges.map(([begin, end]) => `${begin}-${end}`).join(", ")}]`;
    case "set":
      return `{${amount.items.join(", ")}}`;
    default:
      return amount satisfies never;
  }
}

/** As printed in messages of the master: `cpus(allocated: gocd):1; mem(allocated: gocd):512`. */
export function bagText(bag: Bag): string {
  if (bag.length === 0) return "{}";
  return bag.map((portion) => {
    const stack = JSON.parse(portion.reservations) as { role: string; type: string }[];
    const reserved = stack.length === 0
      ? ""
      : `(reservations: [${stack.map((r) => `(${r.type},${r.role})`).join(",")}])`;
    const { disk, shared, revocable } = traitsOf(portion);
    const special = `${disk ? "[disk]" : ""}${revocable ? "{REV}" : ""}${shared ? "<SHARED>" : ""}`;
    return `${portion.name}${special}${portion.role === "" ? "" : `(allocated: ${portion.role})`}${reserved}:${
      amountText(portion.amount)
    }`;
  }).join("; ");
}

/** The role that the resource is reserved for, or undefined for unreserved. */
export function reservedRole(portion: Portion): string | undefined {
  if (portion.reservations === "[]") return undefined;
  return (JSON.parse(portion.reservations) as { role: string }[]).at(-1)?.role;
}

/** Whether it has stacked reservations. */
export function isRefined(portion: Portion): boolean {
  return (JSON.parse(portion.reservations) as unknown[]).length > 1;
}

// Whether a Mesos agent meets the constraints of a profile, and if not, why.

import { shortened } from "../text.ts";
import type { MesosAttribute, NumberRange } from "./offer.ts";
import type { PlacementConstraint } from "../settings.ts";

/** The part of an offer that constraints use. */
export interface ConstrainedHost {
  readonly hostname: string;
  /** Region of its fault domain, if any. */
  readonly region?: string;
  /** Zone of its fault domain, if any. */
  readonly zone?: string;
  readonly attributes: readonly MesosAttribute[];
}

/** A compiled constraint, for use with many hosts. */
export interface CompiledConstraint {
  readonly constraint: PlacementConstraint;
  readonly isMet: (host: ConstrainedHost) => boolean;
}

/**
 * Where the field of a constraint is looked up: with a leading `@` only in the agent itself, otherwise also in its
 * attributes.
 */
export type FieldSource =
  | { readonly kind: "hostname" }
  /** The fault domain; if `orAttribute` is given and the agent has no fault domain, the attribute with that name. */
  | { readonly kind: "region" | "zone"; readonly orAttribute?: string }
  | { readonly kind: "attribute"; readonly name: string };

/** Longest value shown in a reason. */
const shownCharactersMax = 80;

/** Compiles the constraints of a profile. A constraint with an invalid regular expression is never met. */
export function compileConstraints(constraints: readonly PlacementConstraint[]): readonly CompiledConstraint[] {
  return constraints.map((constraint) => {
    const source = fieldSource(constraint.field);
    const test = valueTest(constraint);
    return { constraint, isMet: (host) => test(valueOf(host, source)) };
  });
}

/** The first constraint that the host does not meet; `undefined` if it meets all. */
export function unmetConstraint(
  host: ConstrainedHost,
  constraints: readonly CompiledConstraint[],
): PlacementConstraint | undefined {
  return constraints.find((compiled) => !compiled.isMet(host))?.constraint;
}

/** The value of the constraint's field on the host, as truncated text; absent: it has none. */
export function shownValue(host: ConstrainedHost, { field }: PlacementConstraint): string | undefined {
  const value = valueOf(host, fieldSource(field));
  return value === undefined ? undefined : shortText(textForms(value).join(","));
}

/** Where the value of a constraint's field comes from. Same names as in Marathon: `@hostname`, `@region`, `@zone`. */
export function fieldSource(field: string): FieldSource {
  switch (field) {
    case "hostname":
    case "@hostname":
      return { kind: "hostname" };
    case "@region":
      return { kind: "region" };
    case "@zone":
      return { kind: "zone" };
    case "region":
    case "zone":
      return { kind: field, orAttribute: field };
    default:
      return { kind: "attribute", name: field };
  }
}

/** A pattern that must match the whole text; `undefined` if it is not a valid regular expression. */
export function compilePattern(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    return undefined;
  }
}

type FieldTest = (value: MesosAttribute | undefined) => boolean;

/**
 * The value of the field on this host, a field of the agent itself as text; of several attributes with the same name
 * the first, as in Mesos.
 */
function valueOf(host: ConstrainedHost, source: FieldSource): MesosAttribute | undefined {
  switch (source.kind) {
    case "hostname":
      return { name: "hostname", kind: "text", text: host.hostname };
    case "region":
    case "zone": {
      const text = source.kind === "region" ? host.region : host.zone;
      if (text !== undefined) return { name: source.kind, kind: "text", text };
      return host.attributes.find((attribute) => attribute.name === source.orAttribute);
    }
    case "attribute":
      return host.attributes.find((attribute) => attribute.name === source.name);
  }
}

function valueTest(constraint: PlacementConstraint): FieldTest {
  switch (constraint.operator) {
    case "equals":
      return (value) => value !== undefined && equalsText(value, constraint.value);
    case "not-equals":
      return (value) => value === undefined || !equalsText(value, constraint.value);
    case "in":
      return (value) => value !== undefined && constraint.values.some((text) => equalsText(value, text));
    case "not-in":
      return (value) => value === undefined || !constraint.values.some((text) => equalsText(value, text));
    case "matches":
    case "not-matches":
      return patternTest(constraint.operator, compilePattern(constraint.pattern));
    case "exists":
      return (value) => value !== undefined;
    case "not-exists":
      return (value) => value === undefined;
  }
}

function patternTest(operator: "matches" | "not-matches", pattern: RegExp | undefined): FieldTest {
  if (pattern === undefined) return () => false;
  return operator === "matches"
    ? (value) => value !== undefined && textForms(value).some((text) => pattern.test(text))
    : (value) => value === undefined || !textForms(value).some((text) => pattern.test(text));
}

/**
 * Text: equal text. Scalar: equal number in thousandths. Ranges: contains the number or range. Set: contains the
 * member.
 */
function equalsText(value: MesosAttribute, wanted: string): boolean {
  switch (value.kind) {
    case "text":
      return value.text === wanted;
    case "scalar":
      return isNumeral(wanted) && Math.round(Number(wanted) * 1000) === Math.round(value.scalar * 1000);
    case "ranges": {
      const range = parseRange(wanted);
      return range !== undefined && value.ranges.some((one) => one.begin <= range.begin && range.end <= one.end);
    }
    case "set":
      return value.items.includes(wanted);
  }
}

function isNumeral(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text.trim());
}

/** `31000`, `31000-31010` or, as Mesos writes it, `[31000-31010]`. */
function parseRange(text: string): NumberRange | undefined {
  const match = /^\[?(\d+)(?:-(\d+))?\]?$/.exec(text.trim());
  if (match === null) return undefined;
  const begin = Number(match[1]);
  const end = match[2] === undefined ? begin : Number(match[2]);
  return begin <= end ? { begin, end } : undefined;
}

/** The texts that a pattern is matched against: one, or each member of a set. */
function textForms(value: MesosAttribute): readonly string[] {
  switch (value.kind) {
    case "text":
      return [value.text];
    case "scalar":
      return [String(value.scalar)];
    case "ranges":
      return [`[${value.ranges.map((range) => `${range.begin}-${range.end}`).join(", ")}]`];
    case "set":
      return value.items;
  }
}

/** A value short enough to be shown. */
export function shortText(text: string): string {
  return shortened(text, shownCharactersMax);
}

// Offers of Mesos agents as the core sees them.

/** One `Resource` of an offer (mesos.proto `Resource`), reduced to what placement and launches need. */
export interface OfferedResource {
  /** `cpus`, `mem`, `disk`, `gpus`, `ports` or an operator's own name. */
  readonly name: string;
  /** The amount. Scalars in thousandths; ranges inclusive. */
  readonly value: ResourceValue;
  /** `allocation_info.role`: the role it was offered to; a launched task must repeat it (mesos.proto, Resource). */
  readonly role: string;
  /** The stack of reservations as opaque JSON text, `[]` for unreserved; two resources can be added only if these are equal. */
  readonly reservations: string;
  /**
   * `usable`, or why it must not be used for an agent (shared, revocable, a persistent volume or a mount disk, or
   * dynamically reserved with labels and therefore owned by another framework).
   */
  readonly use: "usable" | "shared" | "revocable" | "disk-source" | "labelled";
}

/** The value of a Mesos resource: a scalar in thousandths, ranges of whole numbers (inclusive), or a set of strings. */
export type ResourceValue =
  | { readonly kind: "scalar"; readonly milli: number }
  | { readonly kind: "ranges"; readonly ranges: readonly NumberRange[] }
  | { readonly kind: "set"; readonly items: readonly string[] };

/** Integers from `begin` to `end`, inclusive. */
export interface NumberRange {
  readonly begin: number;
  readonly end: number;
}

/** An attribute of a Mesos agent (mesos.proto `Attribute`): text, scalar (plain double), ranges or set. */
export type MesosAttribute =
  | { readonly name: string; readonly kind: "text"; readonly text: string }
  | { readonly name: string; readonly kind: "scalar"; readonly scalar: number }
  | { readonly name: string; readonly kind: "ranges"; readonly ranges: readonly NumberRange[] }
  | { readonly name: string; readonly kind: "set"; readonly items: readonly string[] };

/** A maintenance window of a Mesos agent (mesos.proto `Unavailability`), in ms since the epoch. */
export interface Unavailability {
  readonly startMs: number;
  /** Absent: indefinite. */
  readonly durationMs?: number;
}

/** One offer of one Mesos agent to one of our roles. */
export interface Offer {
  readonly id: string;
  readonly mesosAgentId: string;
  readonly hostname: string;
  /** `allocation_info.role`. */
  readonly role: string;
  readonly resources: readonly OfferedResource[];
  readonly attributes: readonly MesosAttribute[];
  /** `domain.fault_domain.region.name`, if the agent has one. */
  readonly region?: string;
  /** `domain.fault_domain.zone.name`, if the agent has one. */
  readonly zone?: string;
  /** The agent's next maintenance window. */
  readonly unavailability?: Unavailability;
  /** The address of the agent itself (mesos.proto `Offer.url`); absent: not given. */
  readonly agentAddress?: MesosAgentAddress;
}

/** The address of a Mesos agent: its name, and its IP address if given. */
export interface MesosAgentAddress {
  readonly hostname: string;
  readonly ip?: string;
  readonly port: number;
}

/** The master requests resources back (mesos.proto `InverseOffer`): maintenance of the agent is scheduled. */
export interface InverseOffer {
  readonly id: string;
  /** Absent if the request is for the whole framework. */
  readonly mesosAgentId?: string;
  readonly unavailability: Unavailability;
}

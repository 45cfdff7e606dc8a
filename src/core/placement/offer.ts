// Offers of Mesos agents as the core sees them.

/** One `Resource` of an offer (mesos.proto `Resource`), reduced to what placement needs and what a launch gives back. */
export interface OfferedResource {
  /** `cpus`, `mem`, `disk`, `gpus`, `ports` or an operator's own name. */
  readonly name: string;
  /** The amount. Scalars in thousandths; ranges inclusive. */
  readonly value: ResourceValue;
  /** `allocation_info.role`: the role this was offered to; a launched task must repeat it (mesos.proto, Resource). */
  readonly role: string;
  /** The stack of reservations as opaque JSON text, `[]` for unreserved; two resources can be added only if these are equal. */
  readonly reservations: string;
  /**
   * Why this must not be used for an agent (shared, revocable, a persistent volume or a mount disk, reserved dynamically
   * with labels and so another framework's own), or `usable`.
   */
  readonly use: "usable" | "shared" | "revocable" | "disk-source" | "labelled";
}

/** The value of a Mesos resource: a scalar in thousandths, ranges of whole numbers (inclusive), or a set of words. */
export type ResourceValue =
  | { readonly kind: "scalar"; readonly milli: number }
  | { readonly kind: "ranges"; readonly ranges: readonly NumberRange[] }
  | { readonly kind: "set"; readonly items: readonly string[] };

/** Whole numbers from `begin` to `end`, both included. */
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
  /** Absent: for ever. */
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
  /** `domain.fault_domain.region.name`, where the agent has one. */
  readonly region?: string;
  /** `domain.fault_domain.zone.name`, where the agent has one. */
  readonly zone?: string;
  /** The agent's next maintenance window. */
  readonly unavailability?: Unavailability;
  /** Where the agent itself listens (mesos.proto `Offer.url`); absent: not told. */
  readonly agentAddress?: MesosAgentAddress;
}

/** Where a Mesos agent listens: under its name, and under its IP address where that is told. */
export interface MesosAgentAddress {
  readonly hostname: string;
  readonly ip?: string;
  readonly port: number;
}

/** The master asks for resources back (mesos.proto `InverseOffer`): the agent will be taken down. */
export interface InverseOffer {
  readonly id: string;
  /** Absent where the master asks the whole framework. */
  readonly mesosAgentId?: string;
  readonly unavailability: Unavailability;
}

// The durable data.

import type { AgentInstance } from "./instance.ts";

/** One change of the durable state. A frame's records are stored in one transaction. */
export type StateRecord =
  | { readonly kind: "framework"; readonly framework: FrameworkRecord }
  | { readonly kind: "instance"; readonly instance: AgentInstance }
  | { readonly kind: "instance-removed"; readonly taskId: string }
  | { readonly kind: "controls"; readonly controls: ControlsRecord }
  | { readonly kind: "cpu-use"; readonly cpuUse: CpuUse }
  /** Absent: there is none any more. */
  | { readonly kind: "suspicion"; readonly suspicion?: GocdSuspicion };

/** Our identity in Mesos. */
export interface FrameworkRecord {
  /** Absent until the first SUBSCRIBED. */
  readonly frameworkId?: string;
  /**
   * Six characters `[a-z0-9]`, generated randomly with the store; part of every task id, so that a new store never
   * repeats one.
   */
  readonly lineage: string;
  /** The number of the next task id. Stored with each launch. */
  readonly nextTaskNumber: number;
  /** Set once TEARDOWN has been sent or Mesos reports that the framework was removed. */
  readonly ended?: string;
  /** The FrameworkInfo fields that the framework id was created with; absent: not known. */
  readonly registeredAs?: RegisteredAs;
  /**
   * The operator has allowed this state to register although agents of another state exist; absent: it looks for them
   * first.
   */
  readonly registersAnew?: true;
}

/** Fields of FrameworkInfo that Mesos never changes under a framework id. */
export interface RegisteredAs {
  readonly user: string;
  /** Absent: none. */
  readonly principal?: string;
}

/** Switches set by operators, which survive a restart. */
export interface ControlsRecord {
  /** Launching is frozen as a whole. */
  readonly frozen: boolean;
  readonly frozenProfiles: readonly string[];
  readonly mode: "run" | "drain" | "teardown";
  /** In the mode `teardown`: TEARDOWN without a drain, as soon as there is a session. */
  readonly tearsDownNow?: true;
  /**
   * A teardown has completed, and no framework was registered since. If several instances share the state, none
   * registers one until the operator resumes.
   */
  readonly tornDown?: true;
}

/** Cpu-hours of agents on a day; kept if `scaling.cpu-hours-per-day` is set. */
export interface CpuUse {
  /** `2026-11-28`, in the time zone of the configuration. */
  readonly day: string;
  /** Cpus times milliseconds. */
  readonly cpuMs: number;
}

/** Evidence that the GoCD server is another one, or has lost its data: it lists too few of our agents. */
export interface GocdSuspicion {
  readonly kind: "gocd-unlisted";
  readonly sinceMs: number;
  /** Our agents that it does not list; 0: it lists none of the agents of its last list, of any owner. */
  readonly missing: number;
  /** Our agents that it should list. */
  readonly of: number;
  /** Its version has gone back. */
  readonly isOlder: boolean;
  /** Uuids of the last list, if all of them have vanished; 200 at most. */
  readonly vanished?: readonly string[];
}

/** Everything that a store loads at the start. */
export interface StoredState {
  readonly framework: FrameworkRecord;
  readonly instances: readonly AgentInstance[];
  readonly controls: ControlsRecord;
  /** Absent: not counted yet. */
  readonly cpuUse?: CpuUse;
  /** Absent: none. */
  readonly suspicion?: GocdSuspicion;
}

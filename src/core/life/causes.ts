// Why launches failed and why tasks are killed, as data.

/** Why a launch failed, or the GoCD server lost an agent. */
export type Failure =
  /** The message of Mesos or of the container runtime. */
  | { readonly kind: "mesos"; readonly message: string }
  /** Its container was not running this long after the launch. */
  | { readonly kind: "not-running"; readonly afterMs: number }
  | { readonly kind: "not-registered"; readonly afterMs: number }
  /** Its record stayed Pending and could not be enabled. */
  | { readonly kind: "pending"; readonly afterMs: number }
  /** The GoCD server has lost contact with it. */
  | { readonly kind: "lost-contact" }
  | Misregistered;

/** Its record lacks something that it was launched with. */
export interface Misregistered {
  readonly kind: "misregistered";
  readonly got: Registration;
  readonly wanted: Registration;
}

/** The registration of an agent. */
export interface Registration {
  readonly gocdResources: readonly string[];
  readonly environment?: string;
}

/** Why a task is stopped. */
export type KillReason =
  | Extract<Failure, { readonly kind: "not-running" | "not-registered" | "pending" }>
  /** Mesos has not reported the launch. */
  | { readonly kind: "launch-silent"; readonly forMs: number }
  /** Drained; `isDeleted`: and its record is gone. */
  | { readonly kind: "drained"; readonly isDeleted: boolean }
  | { readonly kind: "drain-timeout"; readonly afterMs: number }
  /** Somebody has deleted its record. */
  | { readonly kind: "record-deleted" }
  /** Mesos has reported it as running again, but its record is gone. */
  | { readonly kind: "returned-without-record" }
  /** Mesos kills it; without a message if Mesos gives none. */
  | { readonly kind: "by-mesos"; readonly message: string };

/** Why an idle agent is removed. */
export type IdleReason =
  | { readonly kind: "unneeded" }
  /** Others wait because of this limit; `profile` absent: the global limit. */
  | { readonly kind: "limit"; readonly profile?: string }
  /** Others wait because of `scaling.max-cpu-share`. */
  | { readonly kind: "share" }
  /** No offer fits others. */
  | { readonly kind: "room" };

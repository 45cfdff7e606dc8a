// Why launches failed and why tasks are killed, as data.

/** Why a launch came to nothing, or an agent was lost to the GoCD server. */
export type Failure =
  /** In the words of Mesos, or of what it runs. */
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
  readonly got: Registered;
  readonly wanted: Registered;
}

/** What an agent is registered with. */
export interface Registered {
  readonly gocdResources: readonly string[];
  readonly environment?: string;
}

/** Why a task is stopped. */
export type KillReason =
  | Extract<Failure, { readonly kind: "not-running" | "not-registered" | "pending" }>
  /** Mesos has said nothing of the launch. */
  | { readonly kind: "launch-silent"; readonly forMs: number }
  /** Drained; `isDeleted`: and its record is gone. */
  | { readonly kind: "drained"; readonly isDeleted: boolean }
  | { readonly kind: "drain-timeout"; readonly afterMs: number }
  /** Somebody has deleted its record. */
  | { readonly kind: "record-deleted" }
  /** Mesos has given it back, but its record is gone. */
  | { readonly kind: "returned-without-record" }
  /** Mesos does it; without a message where it tells none. */
  | { readonly kind: "by-mesos"; readonly message: string };

/** Why an idle agent goes. */
export type IdleReason =
  | { readonly kind: "unneeded" }
  /** Others wait at this limit; `profile` absent: at the limit of all. */
  | { readonly kind: "limit"; readonly profile?: string }
  /** Others wait at `scaling.max-cpu-share`. */
  | { readonly kind: "share" }
  /** Others find no offer that fits. */
  | { readonly kind: "room" };

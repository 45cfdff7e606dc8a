// The interface to a Mesos master.

import type { SeenFramework } from "../core/identity/orphans.ts";
import type { MesosEffect, SandboxEffect } from "../core/effect.ts";
import type { MesosEvent } from "../core/event.ts";
import type { SandboxAnswer } from "../core/life/sandbox.ts";
import type { OfferConstraintGroup } from "../core/placement/offer_needs.ts";
import { type ErrorKind, OperatorError } from "../errors.ts";
import type { Masters } from "../net/addresses.ts";
import type { AllowedHost } from "../net/allowed_hosts.ts";
import type { Credentials } from "../net/credentials.ts";

/** How to connect to the master. */
export interface MesosConnection {
  /** `mesos-master`. */
  readonly masters: Masters;
  /** Hosts that a redirect or ZooKeeper may name; empty: the hosts of `masters`, and with zk:// any. */
  readonly allowedHosts: readonly AllowedHost[];
  readonly credentials: Credentials;
  /** PEM text of additional certificate authorities. */
  readonly caCerts: readonly string[];
}

/** FrameworkInfo of mesos.proto, without the id. */
export interface FrameworkIdentity {
  readonly name: string;
  /** May be empty: the agent then decides (mesos.proto, FrameworkInfo.user). */
  readonly user: string;
  readonly roles: readonly string[];
  readonly principal?: string;
  readonly hostname?: string;
  readonly webuiUrl?: string;
  readonly failoverTimeoutMs: number;
  /** Values of `FrameworkInfo.Capability.Type`. */
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** The smallest useful offers, per role (`FrameworkInfo.offer_filters`, Mesos 1.8+); scalars as doubles. */
  readonly minAllocatable: readonly { readonly role: string; readonly quantities: Readonly<Record<string, number>> }[];
  /** Which agents' offers are useful, per role (`SUBSCRIBE.offer_constraints`, Mesos 1.11+); absent: not sent. */
  readonly offerConstraints?: readonly { readonly role: string; readonly groups: readonly OfferConstraintGroup[] }[];
}

/** One subscription, from SUBSCRIBE to the end of the stream. */
export interface MesosSession {
  /** The leader that answered, `host:port`. */
  readonly master: string;
  /**
   * All events in order, decoded as they arrive; the reader never waits for a call. Ends by throwing
   * {@linkcode MesosError} when the stream breaks, is silent for five heartbeats, or contains garbage.
   */
  readonly events: AsyncIterable<MesosEvent>;
  /** How many events have arrived and wait to be consumed; absent: unknown. */
  readonly waiting?: () => number;
  /**
   * Sends one call and returns when the master has answered 202; throws {@linkcode MesosError}. Order of calls is kept.
   */
  send(call: MesosEffect, signal: AbortSignal): Promise<void>;
  /** Ends the subscription immediately. */
  close(): void;
}

/** A Mesos cluster. */
export interface MesosApi {
  /** Finds the leader and subscribes; throws {@linkcode MesosError}. One attempt only: the supervisor retries. */
  subscribe(
    identity: FrameworkIdentity,
    frameworkId: string | undefined,
    signal: AbortSignal,
  ): Promise<MesosSession>;
  /** For `check`: the leader and its version, without subscribing. */
  probe(signal: AbortSignal): Promise<{ readonly leader: string; readonly version: string }>;
  /**
   * The frameworks of this name on the leading master that are not completed; `undefined` if it denies access.
   * Throws {@linkcode MesosError} if there is no leader.
   */
  frameworksNamed(name: string, signal: AbortSignal): Promise<readonly SeenFramework[] | undefined>;
  /** The end of a container's stderr, from its Mesos agent; errors are part of the result. Absent: not possible. */
  readonly readStderr?: (request: SandboxEffect, signal: AbortSignal) => Promise<SandboxAnswer>;
}

/** Why a session could not be started or has ended. */
export type MesosErrorReason =
  | "unreachable"
  | "not-a-master"
  | "no-leader"
  | "redirect-refused"
  | "unauthorized"
  | "refused"
  | "silent"
  | "stream-broken"
  | "stream-unreadable"
  | "call-unknown"
  | "call-void"
  | "call-refused";

const errorKinds: Readonly<Record<MesosErrorReason, ErrorKind>> = {
  "unreachable": "unreachable",
  "not-a-master": "unreachable",
  "no-leader": "unreachable",
  "redirect-refused": "usage",
  "unauthorized": "refused",
  "refused": "refused",
  "silent": "unreachable",
  "stream-broken": "unreachable",
  "stream-unreadable": "unreachable",
  "call-unknown": "unreachable",
  "call-void": "unreachable",
  "call-refused": "refused",
};

/** A failure of the session or of one call, with the reason as a literal. */
export class MesosError extends OperatorError {
  /** Why. */
  readonly reason: MesosErrorReason;

  /** `message` names the host and the response. */
  constructor(reason: MesosErrorReason, message: string, hint: string, cause?: unknown) {
    super(message, { code: `mesos-${reason}`, kind: errorKinds[reason], hint, cause });
    this.name = "MesosError";
    this.reason = reason;
  }
}

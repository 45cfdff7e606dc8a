// A session with the ZooKeeper that holds the state; errors refer to state.path.

import type { ZookeeperAddress } from "../net/addresses.ts";
import {
  openZookeeperSession,
  type Sleep,
  type ZookeeperProblem,
  type ZookeeperSession,
} from "../zookeeper/session.ts";
import { StoreError, type StoreErrorCode } from "./store_error.ts";

/** Time as an interface. */
export interface ZookeeperClock {
  /** Ms since some moment, including the time that the process or the machine was stopped. */
  elapsedMs(): number;
  /** See {@linkcode Sleep}. */
  readonly sleep: Sleep;
}

/** The place of the state, and how to connect. */
export interface StateZookeeperOptions extends ZookeeperAddress {
  /** The requested timeout; the server may grant another (2 to 20 of its ticks). */
  readonly sessionTimeoutMs: number;
  /** For timeouts and pauses. */
  readonly clock: ZookeeperClock;
}

/** Opens a session that throws {@linkcode StoreError}: `state-unreachable` when the outcome is unknown. */
export function openStateSession(options: StateZookeeperOptions, signal: AbortSignal): Promise<ZookeeperSession> {
  const { servers, auth, sessionTimeoutMs, clock } = options;
  const login = auth === undefined ? {} : { auth };
  return openZookeeperSession({ servers, ...login, sessionTimeoutMs, sleep: clock.sleep, errorOf }, signal);
}

/** The error of a former leader or candidate. */
export function lockLost(message: string): StoreError {
  return errorOf("expired", message);
}

const unreachableHint = "check the hosts in state.path (zk://…), and that ZooKeeper is running and has a quorum";

const words: Readonly<Record<ZookeeperProblem, readonly [code: StoreErrorCode, hint: string]>> = {
  "unreachable": ["state-unreachable", unreachableHint],
  "not-permitted": ["state-unreachable", "start it again, so that state.path decides what is permitted"],
  "aborted": ["state-unreachable", "nothing to do"],
  "unauthorized": [
    "state-unwritable",
    "check user and password in state.path: zk://user:password@host:2181/gocd-mesos",
  ],
  "expired": ["state-lock-lost", "nothing to do: this instance is on standby and joins the next election"],
  "closed": ["state-closed", "this is a bug in gocd-mesos: please report it"],
};

function errorOf(problem: ZookeeperProblem, message: string, cause?: unknown): StoreError {
  const [code, hint] = words[problem];
  return new StoreError(code, { message, hint, cause });
}

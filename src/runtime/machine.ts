// The program's dependencies on its machine: time and the network.

import type { PortProbe } from "../mesos/port_probe.ts";
import type { SetTimer } from "../net/timer.ts";
import type { Clock } from "./clock.ts";

/** A clock, and what belongs to it if time and network are virtual. */
export interface Machine extends Clock {
  /** Connects to both servers; Deno's fetch by default. */
  readonly fetch?: typeof fetch;
  /** For timeouts; the machine's timer by default. */
  readonly setTimer?: SetTimer;
  /** A signal that is aborted after this many ms; AbortSignal.timeout by default. */
  readonly deadline?: (ms: number) => AbortSignal;
  /** Whether a port accepts connections; checked with a socket by default. */
  readonly portProbe?: PortProbe;
}

// What the program takes from its machine, as a port: time and the network.

import type { PortProbe } from "../mesos/port_probe.ts";
import type { SetTimer } from "../net/timer.ts";
import type { Clock } from "./clock.ts";

/** A clock, and what goes with it where time and network are not those of the machine. */
export interface Machine extends Clock {
  /** Reaches both servers; Deno's own by default. */
  readonly fetch?: typeof fetch;
  /** For limits of time; the machine's timer by default. */
  readonly setTimer?: SetTimer;
  /** A signal that is aborted after so many ms; Deno's own by default. */
  readonly deadline?: (ms: number) => AbortSignal;
  /** Whether a port takes a connection at all; asked of sockets by default. */
  readonly look?: PortProbe;
}

// The ports of a leader with a lease: every call first checks by the clock that the lease is valid, so a process that
// was suspended sends nothing when it resumes. Calls in flight are aborted when the lease ends.

import { type GocdApi, GocdError, gocdThrough } from "../gocd/api.ts";
import { type MesosApi, MesosError, type MesosSession } from "../mesos/api.ts";
import type { Clock } from "./clock.ts";

/** How long this instance leads. */
export interface Lease {
  /** Whether it is certain to lead now. */
  readonly isHeld: () => boolean;
  /** The remaining lease without another confirmation, ms; a brief loss of the connection does not end it. */
  readonly heldForMs: () => number;
  readonly sleep: Clock["sleep"];
}

/** Maximum interval between two checks of the clock during a call: the machine may have been suspended. */
const lookMsMax = 250;
/** A lost connection to ZooKeeper is usually restored within this time; a call to GoCD waits this long for it. */
const reconnectMs = 5_000;

const notSent = "not sent, because ZooKeeper has not recently confirmed that this instance leads";
const brokenOff = "aborted, because ZooKeeper no longer confirms that this instance leads";
const hint = "nothing to do: it continues after the next confirmation, or another instance takes over; see the log";

/** The GoCD server while we lead; otherwise its calls throw GocdError `not-leading`. */
export function leasedGocd(gocd: GocdApi, lease: Lease): GocdApi {
  const notLeading = (message: string): GocdError =>
    new GocdError({ code: "not-leading", kind: "unreachable", message, hint });
  return gocdThrough(async (signal, call) => {
    if (!await isHeldSoon(lease, signal)) throw notLeading(notSent);
    const ask = (held: AbortSignal): ReturnType<typeof call> => call(gocd, held);
    return await whileHeld(lease, signal, { ask, error: () => notLeading(brokenOff) });
  });
}

/** The Mesos cluster while we lead; otherwise nothing is subscribed or sent. An existing session stays open. */
export function leasedMesos(mesos: MesosApi, lease: Lease): MesosApi {
  const unreachable = (message: string): MesosError => new MesosError("unreachable", message, hint);
  return {
    // A SUBSCRIBE would take the framework away from the current leader.
    subscribe: async (identity, frameworkId, signal) => {
      if (!lease.isHeld()) throw unreachable(notSent);
      const session = await whileHeld(lease, signal, {
        ask: async (held) => {
          const begun = await mesos.subscribe(identity, frameworkId, held);
          if (held.aborted) begun.close();
          return begun;
        },
        error: () => unreachable(brokenOff),
      });
      if (lease.isHeld()) return leasedSession(session, lease);
      session.close();
      throw unreachable(brokenOff);
    },
    probe: (signal) => mesos.probe(signal),
    frameworksNamed: async (name, signal) => {
      if (!lease.isHeld()) throw unreachable(notSent);
      return await mesos.frameworksNamed(name, signal);
    },
    // Reads are harmless, whichever instance leads.
    ...(mesos.readStderr === undefined ? {} : { readStderr: mesos.readStderr }),
  };
}

function leasedSession(session: MesosSession, lease: Lease): MesosSession {
  return {
    master: session.master,
    events: session.events,
    ...(session.waiting === undefined ? {} : { waiting: session.waiting }),
    send: async (call, signal) => {
      if (!lease.isHeld()) throw new MesosError("call-void", notSent, hint);
      await whileHeld(lease, signal, {
        ask: (held) => session.send(call, held),
        error: () => new MesosError("call-unknown", brokenOff, hint),
      });
    },
    close: () => session.close(),
  };
}

/**
 * Whether this instance certainly leads, immediately or as soon as a briefly lost connection is restored: no other
 * instance leads in the meantime, and nothing is wrong with the server. Calls to Mesos do not wait, because their order
 * matters.
 */
async function isHeldSoon({ isHeld, heldForMs, sleep }: Lease, signal: AbortSignal): Promise<boolean> {
  for (let waitedMs = 0; !isHeld(); waitedMs += lookMsMax) {
    if (signal.aborted || waitedMs >= reconnectMs || heldForMs() <= 0) return false;
    await sleep(lookMsMax, signal);
  }
  return true;
}

type Ask<Answer> = (signal: AbortSignal) => Promise<Answer>;

/**
 * Creates a call with a signal that is aborted when the lease ends; throws `error()` then, even if the port ignores it.
 */
async function whileHeld<Answer>(
  lease: Lease,
  signal: AbortSignal,
  { ask, error }: { readonly ask: Ask<Answer>; readonly error: () => Error },
): Promise<Answer> {
  const done = new AbortController();
  const over = new AbortController();
  const ended = leaseEnd(lease, done.signal).then((): Answer | Promise<never> => {
    // If the call ended first, it is no longer awaited.
    if (done.signal.aborted) return new Promise<never>(() => {});
    over.abort(error());
    throw over.signal.reason;
  });
  try {
    return await Promise.race([ask(AbortSignal.any([signal, over.signal])), ended]);
  } catch (cause) {
    throw over.signal.aborted ? over.signal.reason : cause;
  } finally {
    done.abort();
  }
}

/** Resolves when the lease has ended, or the signal is aborted. */
async function leaseEnd({ heldForMs, sleep }: Lease, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const leftMs = heldForMs();
    if (leftMs <= 0) return;
    await sleep(Math.min(leftMs, lookMsMax), signal);
  }
}

// Whether a port accepts connections at all. A busy master may need many seconds to respond, but its kernel accepts at
// once; a host that does not is down, or its packets are dropped.

import { connect } from "node:net";
import { MesosError } from "./api.ts";
import { addressUrl, hostPortText, type HttpAddress } from "../net/addresses.ts";
import { isDirect } from "../net/proxies.ts";
import type { SetTimer } from "../net/timer.ts";

/** For a connection; a lost SYN is resent after 1 s (RFC 6298). */
export const connectionMs = 1_800;
/** Timeout for a host that was silent before: a running one responds immediately, and the next attempt follows soon. */
export const silentHostMs = 400;
/** How often such a host gets the full time anyway, in case the network is that slow. */
const fullProbeEveryMs = 30_000;
/** A name not resolved by then is left to fetch: a slow name server proves nothing about the host. */
const lookupMs = 1_000;
/** Of a name's addresses, each is tried for this part of the time before the next. */
const addressPart = 3;
const addressesMax = 8;
/** Maximum number of remembered hosts; an ensemble has three or five. */
const silentHostsMax = 64;

/**
 * An error if the host accepts no connection; `undefined` if it does, refuses, or it is unknown. Never throws.
 */
export type PortProbe = (address: HttpAddress, signals: readonly AbortSignal[]) => Promise<MesosError | undefined>;

/** A connection attempt; `close` ends it in any case. */
export interface Attempt {
  /** Ends it, established or not. */
  close(): void;
}

/** The callbacks of an attempt. */
export interface AttemptEvents {
  /** The name was resolved; not called for addresses. */
  readonly onAddress: () => void;
  /** Connected, refused, not permitted, no such name: anything except a timeout. */
  readonly onEnd: () => void;
}

/** Starts to connect; tries the next address of a name after `perAddressMs`. */
export type BeginConnect = (address: HttpAddress, perAddressMs: number, events: AttemptEvents) => Attempt;

/** What a probe needs. */
export interface PortProbeOptions {
  /** Time limits. */
  readonly setTimer: SetTimer;
  /** Wall clock in ms since the epoch. */
  readonly nowMs: () => number;
  /** {@linkcode beginConnect} by default. */
  readonly begin?: BeginConnect;
  /** Whether fetch reaches this host without a proxy; by default according to the environment. */
  readonly isDirect?: (address: HttpAddress) => boolean;
}

/** Creates a probe, which remembers silent hosts. */
export function createPortProbe(options: PortProbeOptions): PortProbe {
  const direct = options.isDirect ?? isDirect;
  /** When each was last given the full time. */
  const silent = new Map<string, number>();
  return async (address, signals) => {
    if (!direct(address) || signals.some(({ aborted }) => aborted)) return undefined;
    const host = hostPortText(address);
    const fullAtMs = silent.get(host);
    const sinceMs = fullAtMs === undefined ? undefined : options.nowMs() - fullAtMs;
    // A clock that was set back counts as long ago.
    const isShort = sinceMs !== undefined && sinceMs >= 0 && sinceMs < fullProbeEveryMs;
    const limitMs = isShort ? silentHostMs : connectionMs;
    const outcome = await probeOnce(options, { address, limitMs, signals });
    if (outcome !== "silent") {
      if (outcome === "heard") silent.delete(host);
      return undefined;
    }
    if (!isShort) {
      if (silent.size >= silentHostsMax) silent.clear();
      silent.set(host, options.nowMs());
    }
    return new MesosError(
      "unreachable",
      `Mesos master ${addressUrl(address)}: no connection was accepted within ${limitMs / 1000} s`,
      "check that this machine is switched on, and check firewalls in between, which may drop packets",
    );
  };
}

interface ProbeAttempt {
  readonly address: HttpAddress;
  readonly limitMs: number;
  readonly signals: readonly AbortSignal[];
}

type Outcome = "heard" | "silent" | "unknown";

function probeOnce({ setTimer, begin = beginConnect }: PortProbeOptions, attempt: ProbeAttempt): Promise<Outcome> {
  const { address, limitMs, signals } = attempt;
  const perAddressMs = Math.round(limitMs / addressPart);
  return new Promise((resolve) => {
    let addresses = 0;
    const end = (outcome: Outcome): void => {
      stopClock();
      for (const signal of signals) signal.removeEventListener("abort", giveUp);
      // Called during its creation, when it is not there yet.
      queueMicrotask(() => attempt?.close());
      resolve(outcome);
    };
    const giveUp = (): void => end("unknown");
    let stopClock = (): void => {};
    // In two parts: a program that was busy or suspended first reads what has arrived in the meantime.
    const startClock = (ms: number, outcome: Outcome): void => {
      stopClock();
      stopClock = setTimer(() => {
        stopClock = setTimer(() => end(outcome), ms / 2);
      }, ms / 2);
    };
    if (isAddress(address.host)) startClock(limitMs, "silent");
    else startClock(lookupMs, "unknown");
    for (const signal of signals) signal.addEventListener("abort", giveUp, { once: true });
    const attempt: Attempt | undefined = begin(address, perAddressMs, {
      onAddress(): void {
        addresses++;
        if (addresses > addressesMax) return end("unknown");
        startClock(limitMs + (addresses - 1) * perAddressMs, "silent");
      },
      onEnd: () => end("heard"),
    });
  });
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(host);
}

/**
 * With `node:net`, which reports when a name is resolved, tries all of its addresses, and requests Deno's permission
 * for the name; `Deno.connect` never does the first, and the second only since 2.9.
 */
export function beginConnect(address: HttpAddress, perAddressMs: number, events: AttemptEvents): Attempt {
  const socket = connect({
    host: address.host,
    port: address.port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: perAddressMs,
  });
  socket.on("lookup", (error) => {
    if (error === null || error === undefined) events.onAddress();
  });
  socket.on("connect", events.onEnd);
  socket.on("error", events.onEnd);
  return { close: () => void socket.destroy() };
}

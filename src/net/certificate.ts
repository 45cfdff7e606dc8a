// Reads the expiry of a server's certificate, without checking whether it is trusted.

import { connect } from "node:tls";
import { isIP } from "node:net";
import type { HostPort } from "./addresses.ts";
import type { SetTimer } from "./timer.ts";

/** The server and the timeout. */
export interface CertificateLook extends HostPort {
  readonly setTimer: SetTimer;
  readonly limitMs: number;
}

/**
 * When the certificate of a server expires, ms since the epoch; nothing if this runtime does not report it. Throws if
 * the connection cannot be made.
 */
export function certificateEndMs({ host, port, setTimer, limitMs }: CertificateLook): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  // Only the certificate is read: nothing is sent, and nothing received is trusted.
  const named = isIP(host) === 0 ? { servername: host } : {};
  const socket = connect({ host, port, rejectUnauthorized: false, ...named });
  const stop = setTimer(() => socket.destroy(new Error(`no TLS handshake within ${limitMs / 1000} s`)), limitMs);
  socket.once("secureConnect", () => {
    const endMs = Date.parse(socket.getPeerCertificate()?.valid_to ?? "");
    resolve(Number.isNaN(endMs) ? undefined : endMs);
    socket.destroy();
  });
  socket.once("error", reject);
  return promise.finally(() => {
    stop();
    socket.destroy();
  });
}

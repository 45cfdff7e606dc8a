// Until when a server's certificate is valid, seen from outside: whether it is trusted is up to whoever connects.

import { connect } from "node:tls";
import { isIP } from "node:net";
import type { HostPort } from "./addresses.ts";
import type { SetTimer } from "./timer.ts";

/** What is looked at, and for how long. */
export interface CertificateLook extends HostPort {
  readonly setTimer: SetTimer;
  readonly limitMs: number;
}

/**
 * When the certificate that a server shows expires, ms since the epoch; nothing if this runtime does not tell. Throws if
 * the connection cannot be made.
 */
export function certificateEndMs({ host, port, setTimer, limitMs }: CertificateLook): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  // The certificate is only looked at: nothing is sent, and nothing received is believed.
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

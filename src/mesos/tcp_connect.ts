// A connection to a host that can be given up without losing it. Not here: what is said over it.

/** A connection as `Deno.connect` gives it. */
export type PlainConnection = Pick<Deno.TcpConn, "read" | "write" | "close" | "setNoDelay">;

/** Makes a connection. The signal ends an attempt (Deno 2.4 knows none: it ends by itself). */
export type Connect = (
  address: { readonly hostname: string; readonly port: number; readonly signal: AbortSignal },
) => Promise<PlainConnection>;

/**
 * `Deno.connect`, but an attempt that succeeds while its signal is aborted gives the connection all the same, for the
 * caller to close. Deno 2.9 throws then, after it has made the connection, which nobody can close any more: on a busy
 * machine each attempt given up could leave a socket open for good.
 */
export const tcpConnect: Connect = ({ hostname, port, signal }): Promise<PlainConnection> => {
  if (signal.aborted) return Promise.reject(signal.reason);
  const attempt = new AbortController();
  // What Deno asks at the end, when all that an abort can still do is to lose the connection.
  attempt.signal.throwIfAborted = (): void => {};
  const giveUp = (): void => attempt.abort();
  signal.addEventListener("abort", giveUp, { once: true });
  return Deno.connect({ hostname, port, signal: attempt.signal })
    .finally(() => signal.removeEventListener("abort", giveUp));
};

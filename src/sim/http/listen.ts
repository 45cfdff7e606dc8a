// How the HTTP front ends of the simulated servers get their requests: from sockets, or from the virtual network of a
// test.

/** Where a server listens. */
export interface ListenAddress {
  readonly hostname: string;
  /** 0 picks a free port. */
  readonly port: number;
}

/** A listening server. */
export interface HttpListener {
  /** The given or selected port. */
  readonly port: number;
  /** Accepts no more requests; resolves when those in progress are finished. */
  shutdown(): Promise<void>;
}

/** Starts listening. Throws if the address is in use. */
export type Listen = (address: ListenAddress, serve: (request: Request) => Promise<Response>) => HttpListener;

/** Listens on a socket; with PEM texts it is https. */
export function socketListen(tls: { readonly cert: string; readonly key: string } | undefined): Listen {
  return (address, serve) => {
    const options = {
      ...address,
      onListen: (): void => {},
      onError: (): Response => new Response("500 Internal Server Error.", { status: 500 }),
    };
    const server: Deno.HttpServer<Deno.NetAddr> = tls === undefined
      ? Deno.serve(options, serve)
      : Deno.serve({ ...options, cert: tls.cert, key: tls.key }, serve);
    return { port: server.addr.port, shutdown: () => server.shutdown() };
  };
}

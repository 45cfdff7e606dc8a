// Forwards TCP connections on loopback and can block everything, like a network that drops all packets.

/** A running proxy. */
export interface HeldProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** From now on nothing is forwarded, not even the end of a connection. */
  hold(): void;
  /** Forwards everything that was blocked. */
  release(): void;
  /** Closes all current connections; new ones are accepted. */
  drop(): void;
}

/** Starts a proxy to a port of loopback. */
export function startProxy(port: number): HeldProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  let gate: PromiseWithResolvers<void> | undefined;
  const pump = async (from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> => {
    const buffer = new Uint8Array(65_536);
    try {
      for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
        await gate?.promise;
        await to.write(buffer.slice(0, length));
      }
      await gate?.promise;
    } catch {
      // One side is gone.
    }
    closeAll([from, to]);
  };
  const closeAll = (connections: Iterable<Deno.TcpConn>): void => {
    for (const connection of connections) {
      if (open.delete(connection)) connection.close();
    }
  };
  const serve = async (): Promise<void> => {
    for await (const inner of listener) {
      try {
        const outer = await Deno.connect({ hostname: "127.0.0.1", port });
        open.add(inner).add(outer);
        void pump(inner, outer);
        void pump(outer, inner);
      } catch {
        inner.close();
      }
    }
  };
  const serving = serve();
  return {
    address: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    hold(): void {
      gate ??= Promise.withResolvers<void>();
    },
    release(): void {
      gate?.resolve();
      gate = undefined;
    },
    drop: () => closeAll([...open]),
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      gate?.resolve();
      closeAll([...open]);
      await serving;
    },
  };
}

/** Forwards connections, but only half of the server's next response, then closes the connection. */
export function startHalvingProxy(port: number): AsyncDisposable & { readonly address: string; halveNext(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let isHalving = false;
  const pipe = async (inner: Deno.TcpConn): Promise<void> => {
    const outer = await Deno.connect({ hostname: "127.0.0.1", port });
    const up = inner.readable.pipeTo(outer.writable).catch(() => {});
    const writer = inner.writable.getWriter();
    for await (const chunk of outer.readable) {
      await writer.write(isHalving ? chunk.slice(0, chunk.length / 2) : chunk);
      if (!isHalving) continue;
      isHalving = false;
      break;
    }
    inner.close();
    await up;
  };
  const piping: Promise<void>[] = [];
  const serving = (async () => {
    for await (const inner of listener) piping.push(pipe(inner).catch(() => {}));
  })();
  return {
    address: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    halveNext: () => void (isHalving = true),
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      await serving;
      await Promise.all(piping);
    },
  };
}

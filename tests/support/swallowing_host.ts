// A loopback port that drops packets, like a machine that is switched off: nothing is accepted or refused. Linux drops
// each SYN to a listener with a full backlog.

import { connect, type Socket } from "node:net";

/** Such a port. */
export interface SwallowingHost extends Disposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
}

/** Only works on Linux. */
export const canSwallow = Deno.build.os === "linux";
const connectionsMax = 700;
/** A connection to loopback takes less, unless the backlog is full. */
const takenMs = 300;
const triesMax = 100;

/** Starts one, on a free port or on this one. */
export async function startSwallowingHost(port = 0): Promise<SwallowingHost> {
  const listener = await listenAt(port);
  const at = (listener.addr as Deno.NetAddr).port;
  const taken: Socket[] = [];
  for (let isFull = false; !isFull;) {
    if (taken.length > connectionsMax) throw new Error("the queue of connections does not get full");
    const connection = await connected(at);
    if (connection === undefined) isFull = true;
    else taken.push(connection);
  }
  return {
    address: `127.0.0.1:${at}`,
    port: at,
    [Symbol.dispose](): void {
      for (const connection of taken) connection.destroy();
      listener.close();
    },
  };
}

function connected(port: number): Promise<Socket | undefined> {
  const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
  const socket = connect({ host: "127.0.0.1", port });
  const giveUp = (): void => {
    socket.destroy();
    resolve(undefined);
  };
  const limit = setTimeout(giveUp, takenMs);
  socket.on("error", giveUp);
  socket.on("connect", () => {
    clearTimeout(limit);
    resolve(socket);
  });
  return promise;
}

// The previous listener may still be closing.
async function listenAt(port: number): Promise<Deno.TcpListener> {
  const options: Deno.TcpListenOptions & { tcpBacklog: number } = { hostname: "127.0.0.1", port, tcpBacklog: 1 };
  for (let tries = 1;; tries++) {
    try {
      return Deno.listen(options);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || tries === triesMax) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

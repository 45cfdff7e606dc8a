// The listener of the status page.

import { OperatorError } from "../errors.ts";
import { createHandler, type HandlerOptions } from "./handler.ts";

/** A running listener. */
export interface WebServer {
  /** Where it can be reached, e.g. `http://127.0.0.1:8090/`. */
  readonly url: string;
  /** Stops listening, ends all connections and returns when that is done. */
  close(): Promise<void>;
}

/**
 * Starts listening at `options.listen` (port 0 takes any free one). Throws {@linkcode OperatorError} of kind `usage`,
 * naming `http.listen`, if it cannot.
 */
export function startWebServer(options: HandlerOptions): WebServer {
  const { listen } = options;
  const handler = createHandler(options);
  const stop = new AbortController();
  try {
    const server = Deno.serve({
      hostname: listen.host,
      port: listen.port,
      signal: stop.signal,
      onListen: () => {},
    }, (request, { remoteAddr }) => handler(request, "hostname" in remoteAddr ? remoteAddr.hostname : ""));
    return {
      url: `http://${reachableName(listen.host)}:${server.addr.port}/`,
      close: async (): Promise<void> => {
        stop.abort();
        await server.finished;
      },
    };
  } catch (cause) {
    throw listenError(listen, cause);
  }
}

/** Throws what {@linkcode startWebServer} would where nothing can listen at this address now. */
export function probeListen(listen: HandlerOptions["listen"]): void {
  try {
    Deno.listen({ hostname: listen.host, port: listen.port }).close();
  } catch (cause) {
    throw listenError(listen, cause);
  }
}

/** On this machine, a listener on all interfaces is reached by its loopback address. */
function reachableName(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  if (host === "::") return "[::1]";
  return host.includes(":") ? `[${host}]` : host;
}

function listenError({ host, port }: HandlerOptions["listen"], cause: unknown): OperatorError {
  const place = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const [code, hint] = listenTrouble(cause);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OperatorError(`cannot listen on http.listen = "${place}": ${reason}`, {
    code,
    kind: "usage",
    hint,
    cause,
  });
}

function listenTrouble(cause: unknown): readonly [string, string] {
  if (cause instanceof Deno.errors.AddrInUse) {
    return ["http-port-in-use", "set http.listen to a free port, or stop the program that uses it"];
  }
  if (cause instanceof Deno.errors.AddrNotAvailable) {
    return ["http-address-unknown", "set http.listen to an address of this machine, e.g. 127.0.0.1:8090"];
  }
  if (cause instanceof Deno.errors.NotCapable) {
    return ["http-not-permitted", "start with 'deno task start', which permits exactly the address of http.listen"];
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    return ["http-not-permitted", "set http.listen to a port from 1024 on, or allow the user to listen on lower ones"];
  }
  return ["http-listen-failed", 'set http.listen to another address, or to "off"'];
}

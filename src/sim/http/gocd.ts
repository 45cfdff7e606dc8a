// The HTTP front end of the simulated GoCD server.

import { type HttpListener, type Listen, socketListen } from "./listen.ts";
import type { SimRequest, SimResponse } from "../gocd/http_message.ts";
import type { SimGocd } from "../gocd/sim_gocd.ts";

/** Where and how to listen. */
export interface GocdHttpOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly hostname?: string;
  /** The model's time in ms. */
  readonly nowMs: () => number;
  /** Waits for slow responses; without it they are immediate. */
  readonly sleep?: (delayMs: number) => Promise<void>;
  /** Sockets by default. */
  readonly listen?: Listen;
  /** PEM texts; enables https. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** A listening server. */
export interface GocdHttp {
  /** Base URL with the context path: `http://127.0.0.1:port/go`. */
  readonly url: string;
  /** The given or selected port. */
  readonly port: number;
  /** Stops listening: connections are refused until `resume`. */
  pause(): Promise<void>;
  /** Listens again on the same port. */
  resume(): void;
  /** Stops listening and waits for requests in progress. */
  close(): Promise<void>;
}

/** Serves the model over HTTP; every request advances it first. */
export function startGocdHttp(model: SimGocd, options: GocdHttpOptions): GocdHttp {
  const hostname = options.hostname ?? "127.0.0.1";
  const open = options.listen ?? socketListen(options.tls);
  const listen = (port: number): HttpListener => open({ hostname, port }, (request) => serve(model, options, request));
  let server: HttpListener | undefined = listen(options.port);
  const { port } = server;
  const pause = async (): Promise<void> => {
    const stopped = server;
    server = undefined;
    await stopped?.shutdown();
  };
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${hostname}:${port}${model.contextPath}`,
    port,
    pause,
    resume(): void {
      server ??= listen(port);
    },
    close: pause,
  };
}

async function serve(model: SimGocd, options: GocdHttpOptions, request: Request): Promise<Response> {
  const end = model.beginRequest();
  try {
    const simRequest = await readRequest(request);
    if (simRequest === undefined) return new Response("request body too large", { status: 413 });
    const response = model.handle(simRequest, options.nowMs());
    if (response.delayMs > 0) await options.sleep?.(response.delayMs);
    return toResponse(request, response);
  } finally {
    end();
  }
}

/** Maximum body size; a larger request is a mistake of the caller. */
const bodyBytesMax = 1_000_000;

async function readRequest(request: Request): Promise<SimRequest | undefined> {
  const url = new URL(request.url);
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers) headers[name] = value;
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > bodyBytesMax) return undefined;
  return { method: request.method, path: url.pathname + url.search, headers, body: new TextDecoder().decode(bytes) };
}

function toResponse(request: Request, response: SimResponse): Response {
  if (response.connection !== "kept") return brokenResponse(response);
  const hasBody = request.method !== "HEAD" && response.status !== 304 && response.status !== 204;
  // As bytes: a string would get a content type even if the response has none.
  const body = hasBody ? new TextEncoder().encode(response.body) : null;
  return new Response(body, { status: response.status, headers: { ...response.headers } });
}

/** A response that announces one byte more than it sends: the connection is closed before the end. */
function brokenResponse(response: SimResponse): Response {
  const sent = new TextEncoder().encode(response.body);
  const body = new ReadableStream<Uint8Array>({
    start(controller): void {
      if (sent.length > 0) controller.enqueue(sent);
      controller.close();
    },
  });
  const headers = { ...response.headers, "content-length": String(sent.length + 1) };
  return new Response(body, { status: response.status === 0 ? 200 : response.status, headers });
}
